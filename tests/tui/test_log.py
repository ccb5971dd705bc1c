"""Screen 8: alarms, price alerts, and a log that can be filtered, held and taken along."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Input

from midas.domain.command import Acknowledge, AddAlert, DropAlert
from midas.domain.time import SECOND
from midas.state.snapshot import Snapshot
from midas.state.views.log import EventView
from tests.fakes import snapshots
from tests.fakes.snapshots import BTC, ETH, NOW, normal
from tests.tui.conftest import Bench, Console
from tui.asked import asked
from tui.options import Options
from tui.present import alerts, events
from tui.present.lines import Sheet, frame
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale
from tui.present.viewport import Viewport
from tui.screens.foot import AlertDialog, FilterLine
from tui.screens.page import Page

SIZES = [(80, 24), (120, 40), (200, 60)]
replace = msgspec.structs.replace
REASONS = "trend-following refused: worst case 83 % would pass 80 %; cash would be 4 %; rate 20 of 20"


def picture(snapshot: Snapshot, options: Options | None = None) -> Picture:
    return Picture(snapshot, 0, 0, True, 0, options=options or Options())


def spot(width: int, height: int, selected: str | None = None) -> Spot:
    return Spot(width, height, PowerScale(), True, selected)


def body(sheet: Sheet) -> str:
    return "\n".join("".join(piece.text for piece in row) for row in sheet.rows)


def many(count: int, newest: int = 1_000) -> Snapshot:
    """Two events to a step, newest first."""
    numbered = ((newest - i // 2, 2 * newest - i) for i in range(count))
    made = tuple(EventView(step, NOW + i * SECOND, "ORDER", "info", f"event {i}") for step, i in numbered)
    return replace(normal(), events=made)


@pytest.mark.parametrize("size", SIZES)
async def test_alarms_alerts_and_events_stand_side_by_side(console: Console, size: tuple[int, int]) -> None:
    async with console(snapshots.alarmed(), size=size) as bench:
        await bench.press("8")
        assert bench.focus == "log"
        for text in (
            "ETH-USDT: no new risk",
            "→ it opens by itself",
            "▲ 62022.3",
            "FIRED",
            "● tail",
            "REGIME",
        ):
            assert bench.shows(text), text
        assert {len(row) for row in bench.screen()} == {size[0]}


async def test_without_an_alarm_the_pane_says_that_all_is_well(console: Console) -> None:
    async with console() as bench:
        await bench.press("8")
        assert bench.shows("nothing abnormal holds now")


def test_two_events_of_one_step_are_two_rows_with_keys_of_their_own() -> None:
    keys = events.keys(picture(many(40)), 0)
    assert len(set(keys)) == 40
    assert keys[:3] == ["event:1000.0", "event:1000.1", "event:999.0"]


def test_keys_stay_with_their_events_when_newer_ones_arrive() -> None:
    before = events.entries(picture(many(20)))
    after = {entry.key: entry.event for entry in events.entries(picture(many(26, newest=1_003)))}
    assert all(after[entry.key].text == entry.event.text for entry in before)


async def test_j_walks_through_every_event_even_of_one_step(console: Console) -> None:
    async with console(many(12)) as bench:
        await bench.press("8")
        seen = []
        for _ in range(12):
            await bench.press("j")
            seen.append(bench.app.stage.panes["log"].selected)
        assert len(set(seen)) == 12


async def test_a_cursor_holds_the_list_still_and_follow_lets_it_go(console: Console) -> None:
    async with console(many(100)) as bench:
        await bench.press("8", "j", "j")
        held = rows_of(bench)
        bench.link.snapshot = many(100, newest=1_002)
        await bench.beat()
        assert rows_of(bench) == held
        assert bench.shows("○ held, 4 newer")
        await bench.press("f")
        assert bench.shows("● tail")
        assert bench.shows("event 2004")
        await bench.press("f")
        assert bench.shows("○ held")


def rows_of(bench: Bench) -> list[str]:
    """The rows of the log with an event in them."""
    return [row for row in bench.screen() if "ORDER   info  event" in row]


def test_a_viewport_moves_only_when_the_cursor_leaves_it() -> None:
    view = Viewport()
    keys = list(range(100))
    assert view.rows(keys, None, 10) == range(10)
    assert view.rows(keys, 4, 10) == range(10)
    assert view.rows(keys, 12, 10) == range(3, 13)
    assert view.rows(keys, 5, 10) == range(3, 13)
    assert view.rows([-2, -1, *keys], 5, 10) == range(5, 15)  # two arrived above: the same rows
    assert view.rows(keys, None, 10) == range(10)
    assert view.rows(keys[:4], 3, 10) == range(4)


@pytest.mark.parametrize(("presses", "left"), [(1, 3), (2, 0), (3, 9)])
async def test_severity_goes_round(console: Console, presses: int, left: int) -> None:
    async with console() as bench:
        await bench.press("8", *["ampersand"] * presses)
        picture = bench.app.console_desk.picture()
        assert picture is not None
        assert len(events.shown(picture)) == left
        assert bench.shows("errors only") is (presses == 2)
        assert bench.shows("passes the filter") is (left == 0)
        assert bench.shows("of 9 shown") is (presses < 3)
        assert bench.shows("● tail")


def test_an_unknown_severity_is_never_hidden() -> None:
    odd = EventView(1, NOW, "KILL", "fatal", "something new")
    assert events.passes(odd, Options(severity="error"))


async def test_the_filter_acts_while_it_is_typed_and_escape_clears_it(console: Console) -> None:
    async with console() as bench:
        await bench.press("8", "slash", "r", "e", "s", "y", "n", "c")
        assert isinstance(bench.app.screen, FilterLine)
        assert bench.app.options.needle == "resync"
        await bench.press("enter")
        assert not isinstance(bench.app.screen, FilterLine)
        assert bench.shows("depth gap of 312 updates")
        assert not bench.shows("session opened")
        assert bench.shows("/resync")
        await bench.press("slash", "escape")
        assert bench.app.options.needle == ""
        assert bench.shows("session opened")


async def test_the_chord_works_in_the_filter_line(console: Console) -> None:
    async with console() as bench:
        await bench.press("8", "slash", "x", "ctrl+backslash")
        assert bench.kills


def test_a_long_refusal_shows_its_essential_and_the_rest_in_the_detail() -> None:
    event = EventView(7, NOW, "RISK", "warn", REASONS)
    snapshot = replace(normal(), events=(event, *normal().events))
    row = body(events.log(picture(snapshot), spot(100, 12))).splitlines()[0]
    assert "worst case 83 % would pass 80 % (+2 more)" in row
    chosen = body(events.log(picture(snapshot), spot(60, 14, "event:7.0")))
    assert "rate 20 of 20" in chosen
    short = body(events.log(picture(snapshot), spot(40, 6, "event:7.0")))
    assert "… Enter: all" in short


async def test_enter_shows_the_whole_event_wrapped(console: Console) -> None:
    snapshot = normal()
    event = EventView(118_300, NOW, "RISK", "warn", REASONS)
    async with console(replace(snapshot, events=(event, *snapshot.events)), size=(80, 24)) as bench:
        await bench.press("8", "enter")
        assert isinstance(bench.app.screen, Page)
        for text in ("step 118300", "cash would be 4 %", "rate 20 of 20"):
            assert bench.shows(text), text


async def test_the_log_is_written_to_a_private_file_and_its_path_said(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with console() as bench:
        await bench.press("8", "ampersand", "E")
        (path,) = tmp_path.glob("midas-log-*.csv")
        assert bench.shows("3 events written to")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        rows = list(csv.DictReader(path.open()))
        assert [row["kind"] for row in rows] == ["MODE", "WARN", "RISK"]


async def test_an_alarm_is_acknowledged_by_name_or_all_at_once(console: Console) -> None:
    async with console(snapshots.alarmed()) as bench:
        await bench.press("8", "A")
        assert bench.link.commands[-1] == Acknowledge("")
        bench.app.stage.panes["alarms"].focus()
        await bench.press("j", "j", "A")
        assert bench.link.commands[-1] == Acknowledge("strategy:book-imbalance")


async def test_nothing_is_sent_where_nothing_waits(console: Console) -> None:
    seen = tuple(replace(alert, acknowledged=True) for alert in normal().alerts)
    async with console(replace(normal(), alerts=seen)) as bench:
        await bench.press("8", "A")
        assert not bench.link.commands
        assert bench.shows("nothing waits to be acknowledged")


@pytest.mark.parametrize("key", ["d", "delete"])
async def test_the_chosen_alert_is_dropped(console: Console, key: str) -> None:
    async with console() as bench:
        await bench.press("8")
        bench.app.stage.panes["alerts"].focus()
        await bench.press(key)
        assert bench.shows("no price alert is chosen")
        await bench.press("j", "j", key)
        assert bench.link.commands == [DropAlert(2)]


async def test_an_alert_takes_the_price_under_the_books_cursor(console: Console) -> None:
    async with console() as bench:
        await bench.press("j", "j", "exclamation_mark")
        assert isinstance(bench.app.screen, AlertDialog)
        level = bench.snapshot.instruments[0].book.bids[1]
        assert bench.app.screen.query_one(Input).value == f"{level.price:.1f}"
        await bench.press("enter")
        assert bench.link.commands == [AddAlert(BTC, f"{level.price:.1f}")]


async def test_a_line_that_is_no_alert_stays_open_and_says_why(console: Console) -> None:
    async with console() as bench:
        await bench.press("8", "exclamation_mark", "x", "enter")
        assert isinstance(bench.app.screen, AlertDialog)
        assert bench.shows("x is no price")
        await bench.press("escape")
        assert not bench.link.commands


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("62500", AddAlert(BTC, "62500")),
        ("62,500.5", AddAlert(BTC, "62500.5")),
        ("ETH 2400", AddAlert(ETH, "2400")),
        ("eth-usdt>2900", AddAlert(ETH, "2900")),
        ("BTC < 60000", AddAlert(BTC, "60000")),
        ("BTC > 60000", "BTC-USDT is at"),
        ("XRP 3", "no instrument is called XRP"),
        ("nan", "nan is no price"),
        ("-3", "-3 is no price"),
        ("", "write [SYMBOL]"),
        ("BTC 1 2", "write [SYMBOL]"),
    ],
)
def test_an_alert_as_a_person_writes_it(line: str, expected: AddAlert | str) -> None:
    found = asked(line, normal(), BTC)
    assert found == expected or (isinstance(found, str) and found.startswith(str(expected)))


def test_an_alert_says_how_far_away_it_is_until_it_has_fired() -> None:
    text = body(alerts.alerts(picture(normal()), spot(80, 8)))
    rows = {row.split()[0]: row for row in text.splitlines()[1:]}
    assert "+0.40%" in rows["1"] and "armed" in rows["1"]
    assert "-0.50%" in rows["2"] and "▼" in rows["2"]
    assert "FIRED 61s" in rows["3"] and "%" not in rows["3"]


def test_an_acknowledged_alarm_stays_and_is_marked() -> None:
    snapshot = snapshots.alarmed()
    seen = replace(snapshot, alarms=tuple(replace(a, acknowledged=True) for a in snapshot.alarms))
    sheet = alerts.alarms(picture(seen), spot(60, 10))
    assert body(sheet).count("✓") == 2
    assert "all seen" in "".join(piece.text for piece in sheet.note)


def test_a_single_alarm_too_long_for_its_row_stands_whole_below_where_there_is_room() -> None:
    first = replace(
        snapshots.alarmed().alarms[0], text="the engine's loop was held up for 2.6 s in the last minute",
        advice="the machine was busy, or the process was stopped; if it returns, see what else runs here",
    )  # fmt: skip
    sheet = alerts.alarms(picture(replace(snapshots.alarmed(), alarms=(first,))), spot(35, 7))
    told = " ".join(" ".join(body(sheet).split("\n")[1:]).split())
    assert first.text in told and f"→ {first.advice}" in told


async def test_the_tab_counts_what_nobody_has_seen(console: Console) -> None:
    async with console(snapshots.alarmed()) as bench:
        assert "8 Log !2" in bench.screen()[2]


def test_a_note_that_has_no_room_is_told_in_fewer_words_not_left_out() -> None:
    warned = tuple(replace(event, severity="warn") for event in snapshots.normal().events)
    shown = picture(replace(snapshots.normal(), events=warned))
    for width, told in ((70, f"{len(warned)} of the last {len(warned)} need a look"), (46, "need a look")):
        sheet = events.log(shown, spot(width, 8))
        edge = "".join(piece.text for piece in frame(sheet, width + 2, 10, False)[0])
        assert told in edge and "● tail" in edge
