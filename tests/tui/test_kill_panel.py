"""The kill panel in every stage: what it says, what it arms, what it never does."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from midas.domain.command import Kill
from midas.domain.mode import KillOutcome
from midas.domain.time import SECOND
from midas.runtime.whereabouts import Whereabouts
from midas.state.snapshot import Snapshot
from midas.state.views.mode import KillView
from tests.fakes import snapshots
from tests.tui.conftest import Bench, Console
from tui.screens.dialogs import ResumeDialog, Riskier
from tui.screens.halted import HaltPanel

SIZES = [(80, 24), (120, 40), (200, 60)]


def with_kill(snapshot: Snapshot, kill: KillView) -> Snapshot:
    return msgspec.structs.replace(snapshot, kill=kill)


def panel(bench: Bench) -> HaltPanel:
    assert isinstance(bench.app.screen, HaltPanel)
    return bench.app.screen


async def arm(bench: Bench, letter: str = "f") -> None:
    """A halted desk, its panel open, and the letter typed half a second ago."""
    bench.later(1)
    await bench.press(letter)
    bench.later(0.5)
    panel(bench).follow()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("letter", "level"), [("a", "all"), ("f", "flatten"), ("x", "disconnect")])
async def test_a_letter_arms_and_the_chord_fires(
    console: Console, size: tuple[int, int], letter: str, level: str
) -> None:
    async with console(snapshots.halted(), size=size) as bench:
        await arm(bench, letter)
        assert bench.shows(f"▶{letter}")
        assert bench.shows("4.5 s")
        assert bench.levels == []
        await bench.press("ctrl+backslash")
        assert bench.levels == [level]


async def test_the_panel_says_what_each_level_would_do(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        for text in (
            "cancels 2, closes 2",
            "costs about 6.12 USDT (13.4 bp)",
            "leaves 0.04120 BTC and 0.6210 ETH unprotected",
            "leaves nothing of ours",
            "a letter arms it for 5 s",
        ):
            assert bench.shows(text), text


async def test_it_disarms_after_five_seconds(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        await arm(bench)
        bench.later(4.6)
        await bench.beat()
        panel(bench).follow()
        assert bench.shows("five seconds without the chord")
        await bench.press("ctrl+backslash")
        assert bench.levels == ["halt"]


async def test_esc_disarms_first_and_closes_then(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        await arm(bench)
        await bench.press("escape")
        assert isinstance(bench.app.screen, HaltPanel)
        assert bench.shows("nothing is armed")
        await bench.press("escape")
        assert not isinstance(bench.app.screen, HaltPanel)
        assert bench.levels == []


@pytest.mark.parametrize("key", ["enter", "space", "j", "y", "z", "1"])
async def test_any_other_key_disarms_and_fires_nothing(console: Console, key: str) -> None:
    async with console(snapshots.halted()) as bench:
        await arm(bench)
        await bench.press(key)
        bench.later(0.5)
        await bench.press("ctrl+backslash")
        assert set(bench.levels) == {"halt"}
        assert bench.link.commands == []


async def test_enter_alone_does_nothing(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        await bench.press("enter", "enter", "enter")
        assert (bench.levels, bench.link.commands) == ([], [])
        assert isinstance(bench.app.screen, HaltPanel)


async def test_a_letter_typed_before_the_panel_was_open_arms_nothing(console: Console) -> None:
    async with console() as bench:
        await bench.press("f")
        bench.later(1)
        await bench.press("ctrl+backslash")
        bench.later(1)
        await bench.press("ctrl+backslash")
        assert set(bench.levels) == {"halt"}


async def test_a_letter_arms_nothing_before_anything_is_halted(console: Console) -> None:
    async with console() as bench:
        await bench.press("K")
        bench.later(1)
        await bench.press("f")
        assert bench.shows("which halts; then a letter")
        bench.later(1)
        await bench.press("ctrl+backslash")
        assert bench.levels == ["halt"]


async def test_without_a_picture_nothing_is_claimed_and_the_latch_on_the_disk_is_told(
    console: Console,
) -> None:
    async with console(empty=True) as bench:
        await bench.press("K")
        assert bench.shows("no word of the engine")
        assert not bench.shows("not halted")
        latched = Whereabouts(engine=4711, up=True, latched="all", latched_by="ann")
        bench.app.console_desk.watchdog = FakeWatchdog(latched)
        panel(bench).follow()
        assert bench.shows("HALTED on the disk level all by ann")


async def test_a_closed_panel_is_disarmed(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        await arm(bench)
        bench.app.pop_screen()
        await bench.beat()
        await bench.press("ctrl+backslash")
        assert bench.levels == ["halt"]


@pytest.mark.parametrize("keys", [("f9",), ("m", "e")])
async def test_emergency_halts_and_chooses_to_flatten(console: Console, keys: tuple[str, ...]) -> None:
    async with console() as bench:
        await bench.press(*keys)
        assert bench.levels == ["halt"]
        assert bench.shows("armed: FLATTEN")
        bench.later(0.5)
        await bench.press("f12")
        assert bench.levels == ["halt", "flatten"]


async def test_what_emergency_chose_lapses_like_a_letter(console: Console) -> None:
    async with console() as bench:
        await bench.press("f9")
        bench.later(5.1)
        await bench.press("f12")
        assert bench.levels == ["halt", "halt"]


async def test_an_unconfirmed_halt_says_what_is_known_and_what_to_do(console: Console) -> None:
    async with console() as bench:
        bench.outcome = KillOutcome(True, False, "the engine did not answer: its orders may still rest")
        await bench.press("ctrl+backslash")
        bench.later(3.2)
        panel(bench).follow()
        for text in (
            "HALT SENT",
            "latched on disk",
            "the engine has not confirmed (3.2s)",
            "its orders may still rest",
            "midas kill --level halt",
        ):
            assert bench.shows(text), text


async def test_an_unconfirmed_halt_of_a_hung_engine_names_its_process_and_the_guard(console: Console) -> None:
    async with console() as bench:
        hung = Whereabouts(engine=4711, up=True, guard=7, guard_level="flatten", guard_patience_s=60.0)
        bench.app.console_desk.watchdog = FakeWatchdog(hung)
        bench.outcome = KillOutcome(True, False, "halt latched on disk; the engine did not answer")
        await bench.press("ctrl+backslash")
        bench.later(3.2)
        panel(bench).follow()
        assert bench.shows("the guard does flatten after 60s")
        assert bench.shows("kill -9 4711 ends")
        assert not bench.shows("in another shell")


@pytest.mark.parametrize("size", SIZES)
async def test_an_older_report_never_stands_under_a_halt_that_nobody_confirmed(
    console: Console, size: tuple[int, int]
) -> None:
    old = msgspec.structs.replace(
        snapshots.halt_view(),
        latched=False,
        report=("+0.039s  flat, verified at the venue", "released by ops"),
    )
    async with console(with_kill(snapshots.normal(), old), size=size) as bench:
        await bench.press("K")
        assert bench.shows("report of the last halt, 06:03:17: released")
        bench.outcome = KillOutcome(
            True,
            False,
            "halt latched on disk; the engine did not answer: its orders may still rest at the venue",
        )
        await bench.press("ctrl+backslash")
        panel(bench).follow()
        for text in ("flat, verified", "released by", "E export"):
            assert not bench.shows(text), text
        assert "its orders may still rest at the venue" in told(bench)
        assert "midas kill --level halt in another shell" in told(bench)
        await bench.press("E")
        assert bench.shows("no report of this halt")


async def test_dust_is_one_line_and_no_quantity_is_rounded_up(console: Console) -> None:
    first, second, *_ = snapshots.normal().positions
    held = (
        msgspec.structs.replace(first, quantity=0.019998),
        msgspec.structs.replace(second, quantity=0.00000841, value=0.51, dust=True),
    )
    async with console(msgspec.structs.replace(snapshots.halted(), positions=held)) as bench:
        assert bench.shows("LONG 0.01999 BTC-USDT")
        assert bench.shows("dust, too little to sell: 0.00000841 ETH-USDT = 0.51 USDT")


def told(bench: Bench) -> str:
    """What the panel says, its sentences put together again."""
    rows = (max(line.split("┃"), key=len) for line in bench.screen())
    return " ".join(" ".join(rows).split())


async def test_a_halt_that_is_nowhere_in_force_says_so(console: Console) -> None:
    async with console() as bench:
        bench.outcome = KillOutcome(False, False, "the disk is full")
        await bench.press("ctrl+backslash")
        assert bench.shows("NOT LATCHED on disk")
        assert bench.shows("the disk is full")
        assert bench.link.commands == [Kill("halt", "Ctrl+\\ on the console")]


async def test_the_second_step_falls_back_to_the_link_too(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        bench.outcome = KillOutcome(True, False, "no engine answers")
        await arm(bench)
        await bench.press("ctrl+backslash")
        assert bench.link.commands == [Kill("flatten", "Ctrl+\\ on the console")]
        assert bench.shows("flatten latched on disk")


async def test_a_lost_engine_and_a_silent_one_are_told_apart(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        bench.link.age = 4 * SECOND
        bench.app.console_desk.watchdog = FakeWatchdog(Whereabouts(engine=4711, up=True))
        panel(bench).follow()
        assert bench.shows("ENGINE SILENT 4.0s: process 4711 lives: the figures below are that old")
        assert bench.shows("the latch on the disk binds it")
        bench.link.connected = False
        panel(bench).follow()
        assert bench.shows("LINK LOST 4.0s")
        bench.app.console_desk.watchdog = FakeWatchdog(Whereabouts(ended_at=bench.now - 9 * SECOND))
        panel(bench).follow()
        assert bench.shows("ENGINE ENDED 9.0s ago: the figures below are that old")
        assert bench.shows("S starts it again")


class FakeWatchdog:
    """Sees what it was told."""

    def __init__(self, seen: Whereabouts) -> None:
        self._seen = seen

    def look(self) -> Whereabouts:
        return self._seen

    def start(self) -> None:
        raise AssertionError("nobody asked for a start")


@pytest.mark.parametrize("size", SIZES)
async def test_the_report_of_a_flatten_names_what_is_unanswered_and_what_is_left(
    console: Console, size: tuple[int, int]
) -> None:
    async with console(snapshots.flattened(), size=size) as bench:
        assert isinstance(bench.app.screen, HaltPanel)
        for text in ("ops on the console (pts/3)", "no answer yet: d11a", "residual: 0.6210 ETH"):
            assert bench.shows(text), text


async def test_a_long_report_scrolls(console: Console) -> None:
    kill = snapshots.halt_view()
    kill = msgspec.structs.replace(kill, report=tuple(f"+{n:03d}.000s  line {n}." for n in range(60)))
    async with console(with_kill(snapshots.halted(), kill), size=(80, 24)) as bench:
        assert bench.shows("line 59.")
        assert bench.shows("lines above: k")
        await bench.press(*["k"] * 70)
        assert bench.shows("line 0.")
        assert bench.shows("lines below: j")
        await bench.press(*["j"] * 70)
        assert bench.shows("line 59.")


async def test_the_report_is_exported_to_a_private_file(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with console(snapshots.flattened(), size=(200, 60)) as bench:
        await bench.press("E")
        await bench.press("E")
        first, second = sorted(tmp_path.iterdir(), key=lambda path: len(path.name))
        assert first.name == "midas-kill-20251121T060320Z.txt"
        assert second.name == "midas-kill-20251121T060320Z-2.txt"
        assert bench.shows(second.name)
        text = first.read_text()
        assert stat.S_IMODE(first.stat().st_mode) == 0o600
        for part in ("FLATTEN latched by ops", "not answered yet: d11a", "residual: 0.6210 ETH", "positions"):
            assert part in text, part


async def test_a_halt_leaves_no_dialogue_behind(console: Console) -> None:
    async with console(snapshots.in_mode("PAUSE")) as bench:
        await bench.press("f5", "w", "h", "y")
        assert isinstance(bench.app.screen, Riskier)
        await bench.press("ctrl+backslash")
        assert [type(screen) for screen in bench.app.screen_stack[1:]] == [HaltPanel]
        await bench.press("escape")
        assert len(bench.app.screen_stack) == 1


async def test_a_dialogue_over_the_panel_gives_way_to_it(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        bench.app.action_help()
        await bench.beat()
        bench.later(1)
        await bench.press("f12")
        assert [type(screen) for screen in bench.app.screen_stack[1:]] == [HaltPanel]


async def test_typing_a_reason_to_resume_arms_nothing(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        await bench.press("R")
        assert isinstance(bench.app.screen, ResumeDialog)
        bench.later(1)
        await bench.press("f")
        bench.later(1)
        await bench.press("ctrl+backslash")
        assert bench.levels == ["halt"]
        assert isinstance(bench.app.screen, HaltPanel)


async def test_a_higher_level_by_another_door_opens_the_panel_again(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        await bench.press("escape")
        bench.link.snapshot = with_kill(bench.snapshot, snapshots.halt_view(by="trigger", level="flatten"))
        await bench.beat()
        assert isinstance(bench.app.screen, HaltPanel)
        assert bench.shows("level flatten")


async def test_the_panes_behind_the_panel_go_on(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        bench.link.snapshot = msgspec.structs.replace(
            snapshots.halted(), money=msgspec.structs.replace(bench.snapshot.money, pnl=987.65)
        )
        await bench.beat()
        await bench.pilot.pause(0.2)
        assert isinstance(bench.app.screen, HaltPanel)
        assert any("+987.65" in line for line in visible(bench))


def visible(bench: Bench) -> list[str]:
    """Every row of the terminal, the screens behind included."""
    screen = bench.app.screen
    strips = screen._compositor.render_strips(bench.app.size)
    return [strip.text for strip in strips]
