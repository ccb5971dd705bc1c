"""What the second step needs: a letter alone, then the chord alone, neither too soon nor too late."""

from __future__ import annotations

import pytest

from midas.domain.mode import KillLevel, KillOutcome
from midas.domain.time import MILLISECOND, SECOND
from midas.state.views.mode import KillView
from tui.arming import ARMED_FOR, ROLLED, TOO_SOON, Arming
from tui.halter import REPEAT, Halter

FLATTEN = KillLevel.FLATTEN
START = 100 * SECOND
DONE = KillOutcome(True, True, "latched")


@pytest.fixture
def arming() -> Arming:
    """The panel is open since half a second; `f` was typed and has armed."""
    arming = Arming()
    arming.heard("f", True, START)
    assert arming.arm(FLATTEN, "f", START - SECOND // 2, START + MILLISECOND)
    return arming


def test_the_chord_after_the_letter_fires_its_level(arming: Arming) -> None:
    assert arming.take(True, START + TOO_SOON) is FLATTEN
    assert arming.take(True, START + TOO_SOON + SECOND) is None


def test_a_chord_that_follows_at_once_fires_nothing_and_neither_do_its_repeats(arming: Arming) -> None:
    at = START + TOO_SOON - 1
    assert arming.take(True, at) is None
    assert "too soon" in arming.said
    for repeat in range(1, 100):
        assert arming.take(True, at + repeat * 33 * MILLISECOND) is None


def test_a_chord_in_the_same_read_as_another_key_fires_nothing(arming: Arming) -> None:
    assert arming.take(False, START + SECOND) is None


def test_five_seconds_later_nothing_is_armed(arming: Arming) -> None:
    assert arming.left(START + ARMED_FOR - 1) == (FLATTEN, 1, 1 / ARMED_FOR)
    assert arming.left(START + ARMED_FOR)[0] is None
    assert arming.take(True, START + ARMED_FOR + 1) is None


def test_the_time_runs_out_also_where_nobody_draws(arming: Arming) -> None:
    assert arming.take(True, START + ARMED_FOR + 1) is None
    assert "five seconds" in arming.said


@pytest.mark.parametrize("key", ["enter", "j", "x", "escape", "paste"])
def test_any_key_in_between_disarms(arming: Arming, key: str) -> None:
    arming.heard(key, True, START + SECOND)
    assert arming.take(True, START + 2 * SECOND) is None


def test_esc_tells_once_that_it_has_disarmed(arming: Arming) -> None:
    arming.heard("escape", True, START + SECOND)
    assert (arming.esc(), arming.esc()) == (True, False)
    arming.heard("escape", True, START + 2 * SECOND)
    assert not arming.esc()


def test_esc_after_the_time_has_run_out_closes() -> None:
    arming = Arming()
    arming.heard("f", True, START)
    arming.arm(FLATTEN, "f", START - SECOND, START)
    arming.left(START + ARMED_FOR)
    arming.heard("escape", True, START + ARMED_FOR + SECOND)
    assert not arming.esc()


def test_a_letter_arms_only_as_the_newest_key_typed_alone_in_the_open_panel() -> None:
    arming, opened = Arming(), START - SECOND
    arming.heard("f", False, START)
    assert not arming.arm(FLATTEN, "f", opened, START)
    arming.heard("f", True, START + SECOND)
    arming.heard("j", True, START + 2 * SECOND)
    assert not arming.arm(FLATTEN, "f", opened, START + 2 * SECOND)
    arming.heard("f", True, START + 3 * SECOND)
    assert not arming.arm(FLATTEN, "f", START + 4 * SECOND, START + 4 * SECOND), "the panel was not open yet"
    arming.take(True, START + 5 * SECOND)
    assert not arming.arm(FLATTEN, "f", opened, START + 5 * SECOND), "the chord came before the loop did"
    arming.heard("f", True, START + 6 * SECOND)
    assert not arming.arm(FLATTEN, "f", opened, START + 12 * SECOND), "the loop stood still for too long"


def test_the_last_letter_of_a_word_arms_nothing() -> None:
    arming = Arming()
    for place, letter in enumerate("off"):
        arming.heard(letter, True, START + place * (ROLLED - 1))
    assert arming.arm(FLATTEN, "f", START - SECOND, START + SECOND), "a held letter is one letter"
    arming.heard("e", True, START + SECOND)
    arming.heard("f", True, START + SECOND + ROLLED - 1)
    assert not arming.arm(FLATTEN, "f", START - SECOND, START + 2 * SECOND)


class Switch:
    """A halter whose time stands still, and what it pulled."""

    def __init__(self, outcome: KillOutcome = DONE) -> None:
        self.now = START
        self.outcome = outcome
        self.pulled: list[tuple[str, str]] = []
        self.halter = Halter(self._pull, lambda: self.now, lambda: self.now, "ops")

    def _pull(self, level: str, by: str) -> KillOutcome:
        self.pulled.append((level, by))
        return self.outcome

    def hold(self, key: str, seconds: float, first: float = 0.5) -> None:
        """A held key: once, after a while again, then thirty times a second."""
        self.halter.key(key, True)
        end = self.now + int(seconds * SECOND)
        self.now += int(first * SECOND)
        while self.now < end:
            self.halter.key(key, True)
            self.now += 33 * MILLISECOND


def test_a_held_chord_halts_and_never_does_more() -> None:
    switch = Switch()
    switch.hold("ctrl+backslash", 30)
    assert {level for level, _ in switch.pulled} == {"halt"}
    assert len(switch.pulled) <= 2


def test_a_chord_held_after_a_letter_that_came_too_soon_fires_nothing() -> None:
    switch = Switch()
    switch.halter.key("f", True)
    assert switch.halter.arm(FLATTEN, "f", START - SECOND)
    switch.now += 100 * MILLISECOND
    switch.hold("f12", 10)
    assert {level for level, _ in switch.pulled} == {"halt"}


def test_a_chord_within_the_repeat_time_still_fires_what_is_armed() -> None:
    switch = Switch()
    switch.halter.key("f12", True)
    switch.halter.key("f", True)
    switch.halter.arm(FLATTEN, "f", START - SECOND)
    switch.now += REPEAT
    switch.halter.key("f12", True)
    assert [level for level, _ in switch.pulled] == ["halt", "flatten"]


def test_emergency_chooses_to_flatten_and_only_a_later_chord_fires_it() -> None:
    switch = Switch()
    switch.halter.key("f9", True)
    switch.halter.choose(FLATTEN)
    assert switch.pulled == []
    switch.now += SECOND
    switch.halter.key("f12", True)
    assert switch.pulled == [("flatten", "ops, F12")]


def test_emergency_that_the_loop_hears_after_a_chord_chooses_nothing() -> None:
    switch = Switch()
    switch.halter.key("f9", True)
    switch.halter.key("f12", True)
    switch.halter.choose(FLATTEN)
    switch.hold("f12", 3)
    assert {level for level, _ in switch.pulled} == {"halt"}


def test_a_pull_is_pending_until_the_engine_has_latched_its_level() -> None:
    switch = Switch()
    switch.halter.pull(FLATTEN, "palette")
    switch.halter.settle(KillView(True, "halt", tripped_at=START))
    assert switch.halter.pending is not None
    switch.halter.settle(KillView(True, "flatten", tripped_at=START))
    assert switch.halter.pending is None


def test_a_pull_that_was_released_between_two_pictures_is_not_pending_for_ever() -> None:
    switch = Switch()
    switch.halter.pull(KillLevel.HALT, "SIGQUIT")
    switch.halter.settle(KillView(False, tripped_at=START - SECOND))
    assert switch.halter.pending is not None
    switch.halter.settle(KillView(False, tripped_at=START + MILLISECOND))
    assert switch.halter.pending is None


def test_what_the_kill_socket_does_not_answer_is_told_once() -> None:
    switch = Switch(KillOutcome(True, False, "nobody answers"))
    switch.halter.pull(KillLevel.HALT, "SIGQUIT")
    assert [pull.how for pull in switch.halter.unanswered()] == ["SIGQUIT"]
    assert switch.halter.unanswered() == []
