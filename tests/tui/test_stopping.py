"""The chord, the modes and the way back: what must work in every corner of the console."""

from __future__ import annotations

import msgspec
import pytest

from midas.domain.command import CancelOrder, Kill, Resume, SetMode, Stop
from midas.domain.mode import KillLevel, KillOutcome
from tests.fakes import snapshots
from tests.tui.conftest import Console
from tui.screens.dialogs import ModeStrip, ResumeDialog, Riskier
from tui.screens.halted import HaltPanel
from tui.screens.page import Help

CHORDS = ("ctrl+backslash", "f12", "ctrl+4")
NAMED = {"ctrl+backslash": "Ctrl+\\", "f12": "F12", "ctrl+4": "Ctrl+4"}


@pytest.mark.parametrize("chord", CHORDS)
async def test_every_chord_halts_and_opens_the_panel(console: Console, chord: str) -> None:
    async with console() as bench:
        await bench.press(chord)
        assert bench.kills == [f"console test, {NAMED[chord]}"]
        assert bench.levels == ["halt"]
        assert isinstance(bench.app.screen, HaltPanel)
        assert bench.shows("HALT SENT")


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ((), "the trade screen"),
        (("question_mark",), "the help page"),
        (("m",), "the mode strip"),
        (("ctrl+p",), "the palette and its input"),
        (("z",), "a zoomed pane"),
        (("space",), "a frozen display"),
    ],
)
async def test_the_chord_works_in(console: Console, keys: tuple[str, ...], where: str) -> None:
    async with console() as bench:
        await bench.press(*keys)
        await bench.press("ctrl+backslash")
        assert len(bench.kills) == 1, where
        assert isinstance(bench.app.screen, HaltPanel), where


async def test_the_chord_works_while_typing_a_reason(console: Console) -> None:
    async with console(snapshots.in_mode("PAUSE")) as bench:
        await bench.press("f5", "w", "h", "y")
        assert isinstance(bench.app.screen, Riskier)
        await bench.press("ctrl+backslash")
        assert len(bench.kills) == 1
        assert bench.link.commands == []


async def test_a_held_chord_sends_once_and_a_later_one_again(console: Console) -> None:
    async with console() as bench:
        await bench.press("ctrl+backslash", "ctrl+backslash", "ctrl+backslash")
        assert len(bench.kills) == 1
        bench.later(1)
        await bench.press("ctrl+backslash")
        assert len(bench.kills) == 2


async def test_a_dead_kill_socket_falls_back_to_the_link_and_says_so(console: Console) -> None:
    async with console() as bench:
        bench.outcome = KillOutcome(True, False, "no engine answers on kill.sock")
        await bench.press("ctrl+backslash")
        assert bench.link.commands == [Kill("halt", "Ctrl+\\ on the console")]
        assert bench.shows("no engine answers on kill.sock")
        assert bench.shows("latched on disk")
        await bench.beat()
        assert len(bench.link.commands) == 1


async def test_the_panel_shows_the_engines_report_and_esc_keeps_the_halt(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        assert isinstance(bench.app.screen, HaltPanel)
        for text in (
            "HALTED",
            "strategies frozen 2 of 2",
            "b002 and c7e4 kept",
            "LONG 0.04120 BTC-USDT",
            "2 exit",
        ):
            assert bench.shows(text), text
        await bench.press("escape")
        assert not isinstance(bench.app.screen, HaltPanel)
        assert bench.shows("■ HALTED")
        assert bench.link.commands == []
        await bench.press("K")
        assert isinstance(bench.app.screen, HaltPanel)


@pytest.mark.parametrize(("key", "mode"), [("f6", "DEFENSIVE"), ("f7", "OBSERVATION"), ("f8", "PAUSE")])
async def test_going_safer_is_immediate(console: Console, key: str, mode: str) -> None:
    async with console() as bench:
        await bench.press(key)
        assert bench.link.commands == [SetMode(mode)]
        assert bench.shows("✓ done: SetMode")


async def test_going_safer_by_letter(console: Console) -> None:
    async with console() as bench:
        await bench.press("m")
        assert isinstance(bench.app.screen, ModeStrip)
        await bench.press("d")
        assert bench.link.commands == [SetMode("DEFENSIVE")]


async def test_emergency_is_a_halt_at_once(console: Console) -> None:
    async with console() as bench:
        await bench.press("f9")
        assert len(bench.kills) == 1
        assert isinstance(bench.app.screen, HaltPanel)


async def test_going_riskier_needs_a_reason_and_then_y(console: Console) -> None:
    async with console(snapshots.in_mode("PAUSE")) as bench:
        await bench.press("f5")
        await bench.press("enter", "y")
        assert bench.link.commands == []
        await bench.press("backspace", *"calm", "enter", "enter")
        assert bench.link.commands == []
        bench.later(1)
        await bench.press("y")
        assert bench.link.commands == [SetMode("NORMAL", "calm", confirmed=True)]


async def test_a_halt_says_at_once_that_no_mode_leads_out_of_it(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        await bench.press("f5")
        assert isinstance(bench.app.screen, HaltPanel) and bench.shows("R releases it")
        assert bench.link.commands == []


async def test_going_riskier_can_be_left(console: Console) -> None:
    async with console(snapshots.in_mode("PAUSE")) as bench:
        await bench.press("f6", *"calm", "enter", "escape", "y")
        assert bench.link.commands == []


async def test_the_same_mode_sends_nothing(console: Console) -> None:
    async with console() as bench:
        await bench.press("f5")
        assert bench.link.commands == []
        assert bench.shows("already")


async def test_resume_takes_a_reason_a_review_and_the_typed_word(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        bench.link.reply = lambda c: (True, "Open: LONG 0.04120 BTC\nReconciled: yes")
        await bench.press("R")
        assert isinstance(bench.app.screen, ResumeDialog)
        await bench.press(*"checked", "enter")
        assert bench.link.commands == [Resume("checked")]
        assert bench.shows("Reconciled: yes")
        await bench.press(*"yes", "enter")
        assert bench.link.commands == [Resume("checked")]
        await bench.press("backspace", "backspace", "backspace", *"resume", "enter")
        assert bench.link.commands == [Resume("checked"), Resume("checked", confirmed=True)]
        assert not isinstance(bench.app.screen, ResumeDialog)


async def test_a_refused_resume_shows_why(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        bench.link.reply = lambda c: (False, "one order has no definite answer yet")
        await bench.press("R", *"checked", "enter")
        assert bench.shows("one order has no definite answer yet")
        await bench.press(*"resume", "enter")
        assert bench.link.commands == [Resume("checked")]


async def test_every_refusal_is_shown_with_its_reason(console: Console) -> None:
    async with console() as bench:
        bench.link.reply = lambda c: (False, "DEFENSIVE is held by trigger drawdown")
        await bench.press("f6")
        assert bench.shows("✗ DEFENSIVE is held by trigger drawdown")


async def test_cancel_asks_for_y_and_names_the_order(console: Console) -> None:
    async with console() as bench:
        bench.app.stage.panes["desk"].focus()
        await bench.press("G", "k", "c")
        assert bench.shows("Cancel b002?")
        await bench.press("y")
        assert bench.link.commands == []  # at once, as a paste would: it doesn't count
        bench.later(1)
        await bench.press("y")
        assert bench.link.commands == [CancelOrder("m-b002")]


async def test_cancel_without_a_chosen_order_sends_nothing(console: Console) -> None:
    async with console() as bench:
        await bench.press("c")
        assert bench.shows("no working order is chosen")
        await bench.press("y")
        assert bench.link.commands == []


async def test_stop_and_flatten_need_their_word_typed(console: Console) -> None:
    async with console() as bench:
        bench.app.ask_kill("flatten")
        await bench.press(*"yes", "enter")
        assert bench.link.commands == []
        await bench.press("backspace", "backspace", "backspace", *"flatten", "enter")
        assert bench.levels == ["flatten"]
        await bench.press("escape")
        bench.app.ask_stop()
        await bench.press(*"stop", "enter")
        assert bench.link.commands[-1] == Stop("from the console")


async def test_detach_stops_nothing(console: Console) -> None:
    async with console() as bench:
        await bench.press("ctrl+q")
        assert bench.app.return_value == 0
        assert bench.link.commands == []
        assert bench.link.closed


async def test_help_lists_every_key(console: Console) -> None:
    async with console() as bench:
        await bench.press("question_mark")
        assert isinstance(bench.app.screen, Help)
        for text in ("HALT now", "EMERGENCY"):
            assert bench.shows(text), text
        await bench.press("space")
        assert bench.shows("next pane")


async def test_a_halt_by_another_door_opens_the_panel(console: Console) -> None:
    async with console() as bench:
        bench.link.snapshot = msgspec.structs.replace(
            bench.snapshot, kill=snapshots.halt_view(by="midas kill")
        )
        await bench.beat()
        assert isinstance(bench.app.screen, HaltPanel)
        assert bench.shows("midas kill")


async def test_a_halt_that_the_loop_did_not_hear_of_opens_the_panel(console: Console) -> None:
    async with console(snapshots.halted()) as bench:
        await bench.press("escape", "m")
        bench.app.halter.pull(KillLevel.HALT, "SIGQUIT")
        await bench.beat()
        assert isinstance(bench.app.screen, HaltPanel)
