"""The first and the last line: nothing is cut, nothing jumps, everything has its word."""

from __future__ import annotations

import re

import msgspec
import pytest

from midas.domain.time import SECOND
from midas.state.snapshot import Snapshot
from midas.state.views.log import AlarmView
from midas.state.views.mode import GateView
from tests.fakes.snapshots import alarmed, halted, in_mode, normal
from tui.options import Options
from tui.present.banner import second_line
from tui.present.headline import first_line
from tui.present.picture import Picture
from tui.present.status import Notice, Pace, keys_line, notice_line, status_line
from tui.present.tabs import tabs_line

MODES = ["NORMAL", "DEFENSIVE", "OBSERVATION", "PAUSE", "EMERGENCY"]


def line(snapshot: Snapshot, width: int, options: Options = Options()) -> str:  # noqa: B008
    return "".join(p.text for p in first_line(Picture(snapshot, 0, 0, True, 0, options=options), width))


def earning(pnl: float, latency: float, snapshot: Snapshot | None = None) -> Snapshot:
    made = snapshot or normal()
    return msgspec.structs.replace(
        made,
        money=msgspec.structs.replace(made.money, pnl=pnl),
        health=msgspec.structs.replace(made.health, feed_latency_ms=latency),
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("environment", ["SIM", "LIVE"])
def test_no_cell_is_cut_at_any_width(mode: str, environment: str) -> None:
    snapshot = msgspec.structs.replace(in_mode(mode), environment=environment, market="btcusdt-2024.jsonl")
    for pnl in (0.0, -123_456.78):
        for width in range(80, 201):
            shown = line(earning(pnl, 48.0, snapshot), width)
            assert len(shown) == width
            assert shown.startswith(f" {environment}  REPLAY")
            assert shown.endswith(" HALT ^\\ ")
            assert f" {mode} " in shown
            cells = shown.removesuffix(" HALT ^\\ ").rstrip().split("│")
            assert re.fullmatch(r".*(\d\S*|\d+ms *|●|[▲▼·]\S*\s*)", cells[-1].strip()), cells[-1]


@pytest.mark.parametrize("width", [80, 100, 120, 160, 200])
@pytest.mark.parametrize("mode", MODES)
def test_the_feed_is_named_and_grey_once_the_engine_is_silent(mode: str, width: int) -> None:
    snapshot = in_mode(mode)
    assert re.search(r"feed ?● ?\d+ms", line(snapshot, width))
    silent = first_line(Picture(snapshot, 0, 4 * SECOND, True, 0), width)
    assert re.search(r"feed ?○ ?old 4s", "".join(p.text for p in silent))
    assert {p.ink for p in silent if "○" in p.text or "old" in p.text} == {"faint"}


@pytest.mark.parametrize("width", [80, 100, 120, 160, 200])
def test_cells_stay_where_they_are_when_numbers_change(width: int) -> None:
    edges = {
        tuple(i for i, letter in enumerate(line(earning(pnl, ms), width)) if letter == "│")
        for pnl, ms in ((0.0, 3.0), (-9.5, 48.0), (12.0, 480.0), (-1_034.2, 12.0))
    }
    assert len(edges) == 1


def test_a_recording_is_named_as_such() -> None:
    for market, named in (("", False), ("synthetic", False), ("calm.toml", False), ("day.jsonl", True)):
        shown = line(msgspec.structs.replace(normal(), market=market), 200)
        assert ("REPLAY day.jsonl" in shown) == named
        assert shown.startswith(" SIM ")


def test_a_warming_regime_counts_its_bars() -> None:
    view = normal().instruments[1]
    snapshot = msgspec.structs.replace(normal(), instruments=(view,))
    assert "warming 143/200" in line(snapshot, 200)


@pytest.mark.parametrize(
    ("pnl", "told"), [(0.16, "+0.16"), (-1234.5, "-1,234"), (48.2, "+48.2"), (-54321.0, "-54,321")]
)
def test_a_small_result_is_told_where_it_is_narrow(pnl: float, told: str) -> None:
    drawn = [line(earning(pnl, 1.0), width) for width in range(60, 81)]
    results = {found[1] for text in drawn if (found := re.search(r"P&L *(\S+?) *│", text))}
    assert told in results and results <= {told, f"{pnl:+,.2f}"}


def test_private_hides_the_result_but_not_the_market() -> None:
    shown = line(earning(32.99, 12.0), 160, Options(private=True))
    assert "32.99" not in shown
    assert "•••" in shown
    assert f"{normal().instruments[0].last:.1f}" in shown
    assert len(shown) == 160


def test_a_halt_leaves_equity_and_agreement_on_the_screen() -> None:
    names = [("1", "Trade"), ("4", "Orders"), ("5", "Risk"), ("8", "Log"), ("9", "System")]
    for made, author in ((halted(), False), (alarmed(), True)):
        text = "".join(p.text for p in tabs_line(Picture(made, 0, 0, True, 0), names, "1", 120))
        assert len(text) == 120
        assert f"equity {made.money.equity:,.2f} USDT ✓" in text
        assert (made.mode.set_by in text) == author


def test_a_halt_that_has_no_room_for_what_it_means_tells_what_releases_it() -> None:
    told = {
        width: "".join(p.text for p in second_line(Picture(halted(), 0, 0, True, 0), width))
        for width in (80, 120)
    }
    assert "no new risk can be opened · R resume" in told[120]
    assert "…" not in told[80] and "R resume" in told[80]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_last_line_keeps_its_facts_whatever_they_say(width: int) -> None:
    def names(seconds: int, loop: float, sequence: int) -> list[str]:
        made = normal()
        health = msgspec.structs.replace(
            made.health, started_at=made.built_at - seconds * 10**9, loop_p99_ms=loop
        )
        shown = msgspec.structs.replace(made, health=health, sequence=sequence)
        text = "".join(p.text for p in status_line(Picture(shown, 0, 0, True, 0), Pace(8.0, 0), width))
        assert len(text) == width
        return re.findall(r"midas|session|engine loop p99|up|speed|screen|risk profile|event", text)

    assert names(9, 1.9, 99) == names(359_999, 1_234.0, 123_456_789)


def test_skipped_frames_are_counted_in_good_grammar() -> None:
    for frames, words in ((1, "slow terminal: 1 frame skipped"), (2, "2 frames skipped")):
        text = "".join(p.text for p in status_line(Picture(normal(), 0, 0, True, 0), Pace(8.0, frames), 120))
        assert words in text


def test_a_notice_is_marked_by_the_engine_s_word_alone() -> None:
    for accepted, mark in ((True, "✓"), (False, "✗"), (None, "·")):
        text = "".join(p.text for p in notice_line(Notice("a sentence", accepted), 40))
        assert text.startswith(f" {mark} a sentence")


@pytest.mark.parametrize("width", [80, 100, 200])
def test_commands_detach_and_help_are_always_offered(width: int) -> None:
    many = [(chr(97 + n), "something") for n in range(20)]
    shown = keys_line([*many, (":", "commands"), ("^Q", "detach"), ("?", "help")], width)
    text = "".join(p.text for p in shown)
    assert len(text) == width
    for part in (": commands", "^Q detach", "? help", "a something"):
        assert part in text


@pytest.mark.parametrize("width", [80, 120])
def test_a_break_calls_our_order_as_the_lists_do_and_tells_what_helps(width: int) -> None:
    text = "no new risk in ETH-USDT: account differs: order md-5yi2z5ooutmizym36ovpfvlo is open here alone"
    alarms = (AlarmView("break", "error", text, "r shows both sides", 0, False),)
    drawn = "".join(
        p.text
        for p in second_line(Picture(msgspec.structs.replace(normal(), alarms=alarms), 0, 0, True, 0), width)
    )
    assert "order fvlo is open" in drawn or width == 80
    assert "md-" not in drawn and (width == 80 or "r shows both sides" in drawn)


@pytest.mark.parametrize(
    ("width", "helps"), [(120, "tells what opens it"), (160, "midas resume WHY --strategy")]
)
def test_a_gate_that_a_person_closed_says_what_opens_it(width: int, helps: str) -> None:
    reason = "killed (all) by root, console pts/0: palette"
    opens = "`midas resume WHY --strategy trend-following`"
    shut = msgspec.structs.replace(
        normal(), alarms=(), gates=(GateView("trend-following", reason, 0, opens),)
    )
    assert helps in "".join(p.text for p in second_line(Picture(shut, 0, 0, True, 0), width))
