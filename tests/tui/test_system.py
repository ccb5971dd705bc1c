"""Screen 9: streams, latencies, rates, processes, the console itself and the session."""

from __future__ import annotations

import math

import msgspec
import pytest

from midas.domain.time import SECOND
from midas.runtime.whereabouts import Whereabouts
from midas.state.snapshot import Snapshot
from midas.state.views.health import HealthView, HistogramView, StreamView
from tests.fakes.snapshots import NOW, normal, starting
from tests.tui.conftest import Console
from tui.present import latency, system
from tui.present.lines import Sheet
from tui.present.pace import Pace
from tui.present.picture import Picture, Spot
from tui.present.scale import PowerScale

SIZES = [(80, 24), (120, 40), (200, 60)]
replace = msgspec.structs.replace


def picture(snapshot: Snapshot, link_age: int = 0, connected: bool = True) -> Picture:
    return Picture(snapshot, 0, link_age, connected, 0)


def ailing(**changes: object) -> Picture:
    """The ordinary picture with a machine that is less well."""
    return picture(replace(normal(), health=replace(normal().health, **changes)))


def spot(width: int, height: int) -> Spot:
    return Spot(width, height, PowerScale())


def body(sheet: Sheet) -> str:
    return "\n".join("".join(piece.text for piece in row) for row in sheet.rows)


@pytest.mark.parametrize("size", SIZES)
async def test_the_machine_on_one_page(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        await bench.press("9")
        assert bench.focus == "streams"
        for text in (
            "depth ETH-USDT",
            "7 of 7 live",
            "barrier",
            "p99 1.9ms",
            "214 of 6,000/min",
            "143 MB",
            "✓ CLEAN",
            "NO DMS",
        ):
            assert bench.shows(text), text
        assert {len(row) for row in bench.screen()} == {size[0]}
        assert not any("nan" in row.lower().replace("binance", "") for row in bench.screen())


def test_a_silent_stream_and_one_that_is_down_have_marks_and_words() -> None:
    rows = (
        StreamView("trades BTC-USDT", True, 12_000.0, 10_000.0),
        StreamView("depth BTC-USDT", False, 400.0, 10_000.0),
        StreamView("user data", True, math.nan, 0.0),
    )
    sheet = system.streams(ailing(streams=rows), spot(58, 8))
    silent, down, user = body(sheet).splitlines()
    assert silent.startswith("◐") and "SILENT" in silent and "12s old" in silent
    assert down.startswith("○") and "DOWN" in down
    assert user.startswith("●") and "speaks when something happens" in user
    assert "1 of 3 live" in "".join(piece.text for piece in sheet.note)


def test_no_stream_is_called_live_while_the_engine_says_nothing() -> None:
    shown = system.streams(picture(normal(), link_age=11 * SECOND), spot(58, 8))
    text = body(shown)
    assert "unknown: no picture for 11s" in text
    assert "●" not in text
    assert "live" not in text + "".join(p.text for p in shown.note)
    assert "◐ silent" in body(system.console(picture(normal(), link_age=11 * SECOND), spot(58, 8)))


def test_what_is_abnormal_comes_first_where_not_all_streams_fit() -> None:
    streams = normal().health.streams
    broken = (*streams[:-2], replace(streams[-2], connected=False), streams[-1])
    text = body(system.streams(ailing(streams=broken), spot(38, 4)))
    assert text.startswith("○ klines ETH-USDT")
    assert "+4 more" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"inbox_depth": 5_000}, "the engine is BEHIND the market"),
        ({"refused_messages": 2}, "not understood, not used"),
        ({"orders_unknown": 1}, "no definite answer"),
        ({"clock_offset_ms": -900.0}, "DIFFERS: requests may be refused"),
        ({"troubles": {"tape": "disk full"}}, "disk full"),
    ],
)
def test_what_is_abnormal_is_said_in_words(changes: dict[str, object], words: str) -> None:
    assert words in body(system.rates(ailing(**changes), spot(64, 14)))
    assert words not in body(system.rates(picture(normal()), spot(64, 14)))


def test_a_book_that_is_not_whole_is_named() -> None:
    text = body(system.rates(picture(starting()), spot(64, 14)))
    assert "NO BOOK of BTC-USDT, ETH-USDT" in text
    assert "every book is whole" in body(system.rates(picture(normal()), spot(64, 14)))


def test_what_is_abnormal_is_kept_where_room_is_short() -> None:
    assert "unknown" in body(system.rates(ailing(orders_unknown=2), spot(38, 4)))


def test_the_request_weight_is_a_share_of_its_limit() -> None:
    full = body(system.rates(ailing(weight_used=6_000), spot(58, 14)))
    assert "▓▓▓▓" in full and "6,000 of 6,000/min" in full
    narrow = body(system.rates(ailing(weight_used=5_999), spot(38, 4))).splitlines()[-1]
    assert narrow.endswith("5,999 of 6,000/min") and len(narrow) <= 38
    assert "not limited" in body(system.rates(ailing(weight_limit=0), spot(58, 14)))


def test_bars_show_whatever_was_counted() -> None:
    view = HistogramView("loop", (1.0, 2.0, 4.0), (1, 100_000, 0, 3), 1.0, 2.0, 9.0)
    (row,) = latency.bars(view, 16, 1)
    assert [row[i] == " " for i in (0, 4, 8, 12)] == [False, False, True, False]
    assert row[4] == "█"


def test_a_slow_latency_says_so() -> None:
    slow = tuple(replace(h, p99_ms=900.0) if h.name == "ack" else h for h in normal().health.histograms)
    sheet = latency.histograms(ailing(histograms=slow), spot(72, 24))
    assert "SLOW venue" in body(sheet)
    assert "1 SLOW" in "".join(piece.text for piece in sheet.note)


def test_without_measurements_there_are_words_and_dashes() -> None:
    nan = math.nan
    empty = tuple(
        HistogramView(h.name, h.edges_ms, (0,) * 16, nan, nan, nan) for h in normal().health.histograms
    )
    text = body(latency.histograms(ailing(histograms=empty), spot(58, 16)))
    assert text.count("no measurement in the last minute") == 4
    assert "nan" not in text


def test_a_machine_that_was_not_looked_at_yet_has_words() -> None:
    bare = HealthView(
        False, False, 0.0, math.nan, math.nan, math.nan, math.nan, 0, 0.0, 0, 0, 0, 0, 0, 0, 0, 0
    )
    shown = picture(replace(normal(), health=bare))
    for draw in (system.streams, latency.histograms, system.rates, system.processes, system.console):
        assert "nan" not in body(draw(shown, spot(58, 12)))
    assert "no stream was opened yet" in body(system.streams(shown, spot(58, 12)))
    assert "not known yet" in body(system.rates(shown, spot(58, 12)))


def test_a_busy_process_is_named() -> None:
    processes = tuple(
        replace(p, cpu_percent=97.0) if p.name == "engine" else p for p in normal().health.processes
    )
    assert "! engine uses most of a core" in body(system.processes(ailing(processes=processes), spot(58, 6)))


GUARDED = Whereabouts(engine=9, up=True, guard=4_712, guard_level="flatten", guard_patience_s=20.0)


def test_the_guard_tells_how_far_it_would_go_and_how_it_finds_the_engine() -> None:
    def note(where: Whereabouts | None, width: int = 58) -> str:
        shown = picture(normal())._replace(where=where, now=NOW)
        return "".join(piece.text for piece in system.processes(shown, spot(width, 6)).note)

    assert note(GUARDED._replace(guard_sees="well")) == "guard: flatten after 20s, engine well"
    assert note(GUARDED._replace(guard_sees="silent")).endswith("engine silent")
    assert note(GUARDED._replace(guard_sees="well"), 36) == "guard: flatten 20s"
    assert note(Whereabouts(engine=9)) == "no guard"
    assert note(None) == ""


@pytest.mark.parametrize("height", [2, 3, 4, 6])
def test_what_the_guard_had_to_do_is_told_whatever_the_room(height: int) -> None:
    acted = GUARDED._replace(guard_acted_at=NOW - 75 * SECOND, guard_outcome="2 orders cancelled, flat")
    shown = picture(normal())._replace(where=acted, now=NOW)
    rows = body(system.processes(shown, spot(58, height))).splitlines()
    assert len(rows) <= height
    assert rows[-1].startswith("! the guard acted 75s ago") and "flat" in rows[-1]


def test_the_console_tells_of_itself() -> None:
    well = picture(normal())._replace(pace=Pace(6.0, 0, 12_300.0, "lan"))
    text = body(system.console(well, spot(58, 8)))
    assert "6 fps, 12.3kB/s" in text
    slow = picture(normal(), 3 * SECOND, False)._replace(pace=Pace(1.0, 240, 900.0, "slow"))
    text = body(system.console(slow, spot(58, 8)))
    for words in ("○ LOST", "the engine trades on", "3.0s old", "terminal reads too slowly"):
        assert words in text


def test_bars_have_a_scale_and_their_counts() -> None:
    drawn = body(latency.histograms(picture(normal()), spot(90, 52))).splitlines()
    assert drawn[1].startswith(" 4.0k ")
    assert {"1", "10", "100", "1.0k"} <= {row[:6].strip() for row in drawn[1:11]}
    assert "500  4.0k 500" in drawn[10]
    assert all(len(row) <= 90 for row in drawn)


def test_where_bars_have_one_row_their_sum_is_told() -> None:
    assert body(latency.histograms(picture(normal()), spot(36, 8))).splitlines()[1].endswith("5.4k")


def test_facts_that_do_not_fit_are_counted() -> None:
    rows = body(system.session(picture(normal()), spot(58, 11))).splitlines()
    assert rows[-1].strip() == "+3 more: z shows them"
    assert len(rows) == 11


def test_a_supervisor_is_seen_where_there_is_no_room_for_a_heading() -> None:
    processes = (*normal().health.processes, replace(normal().health.processes[0], name="supervisor"))
    for height, heading in ((3, False), (4, True)):
        text = body(system.processes(ailing(processes=processes), spot(36, height)))
        assert "supervisor" in text
        assert ("process " in text) is heading
        assert len(text.splitlines()) <= height
