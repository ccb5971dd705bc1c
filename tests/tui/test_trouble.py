"""The second line when the picture stands still: who has ended, who hangs, and what helps."""

from __future__ import annotations

import msgspec
import pytest

from midas.domain.time import SECOND
from midas.runtime.whereabouts import Whereabouts
from midas.state.snapshot import Snapshot
from midas.state.views.log import AlarmView
from midas.state.views.mode import GateView
from tests.fakes import snapshots
from tests.fakes.snapshots import NOW
from tests.tui.conftest import Console
from tui.present import banner
from tui.present.lines import width_of
from tui.present.picture import Picture

LIVES = Whereabouts(engine=123, up=True, exchange=9)
GONE = Whereabouts(ended_at=NOW - 12 * SECOND, ended="exit 1: the journal is full", exchange=9)


def second(
    where: Whereabouts | None, age: float = 0.1, connected: bool = True, width: int = 160,
    snapshot: Snapshot | None = None,
) -> str:  # fmt: skip
    picture = Picture(
        snapshot or snapshots.normal(), 0, int(age * SECOND), connected, 0, where=where, now=NOW
    )
    line = banner.second_line(picture, width)
    assert width_of(line) == width
    return "".join(piece.text for piece in line).rstrip()


def test_an_engine_that_ended_is_told_with_its_last_word_and_the_way_on() -> None:
    said = second(GONE, 12.0, connected=False)
    assert "ENGINE ENDED 12s ago (exit 1: the journal is full)" in said
    assert "S starts it again" in said


def test_the_end_is_told_before_the_link_has_noticed() -> None:
    assert "ENGINE ENDED" in second(GONE, 0.2, connected=True)


def test_one_that_a_supervisor_restarts_says_when() -> None:
    assert "starts again in 2.0s · S at once" in second(GONE._replace(next_at=NOW + 2 * SECOND), 3.0)
    assert "it is starting again" in second(GONE._replace(next_at=NOW), 3.0)


def test_one_that_crashes_too_often_is_left_to_the_person() -> None:
    assert "crashed too often" in second(GONE._replace(gave_up=True), 3.0)


def test_one_that_was_stopped_is_no_alarm() -> None:
    stopped = Whereabouts(ended_at=NOW - SECOND, ended="asked to stop", wanted=True)
    picture = Picture(snapshots.normal(), 0, SECOND, False, 0, where=stopped, now=NOW)
    [*pieces] = banner.second_line(picture, 120)
    assert "ENGINE STOPPED 1.0s ago (asked to stop)" in pieces[0].text
    assert pieces[0].ink == "warn_bar"


def test_a_start_and_its_failure_are_told() -> None:
    assert "STARTING THE ENGINE" in second(GONE._replace(starting=True), 3.0)
    assert "can't start: port 1 is in use" in second(GONE._replace(failed="port 1 is in use"), 3.0)


def test_a_hung_engine_is_named_with_its_process() -> None:
    said = second(LIVES, 4.2)
    assert "ENGINE SILENT 4.2s: process 123 lives" in said
    assert "midas kill latches · kill -9 123 ends it" in said


def test_a_latch_that_the_hung_engine_cannot_tell_of_is_told_from_the_disk() -> None:
    said = second(LIVES._replace(latched="flatten", latched_by="ann"), 4.2)
    assert "HALTED on the disk (flatten) · kill -9 123 ends it" in said


def test_a_lost_link_to_a_living_engine_counts_up() -> None:
    assert "LINK LOST 3.0s: process 123 lives · reconnecting" in second(LIVES, 3.0, connected=False)


def test_an_engine_of_other_code_is_no_lost_link_and_says_how_to_see_it() -> None:
    picture = Picture(snapshots.normal(), 0, 3 * SECOND, False, 0, where=LIVES, now=NOW, apart=True)
    said = "".join(piece.text for piece in banner.second_line(picture, 160))
    assert "ANOTHER VERSION OF MIDAS RUNS" in said
    assert "^Q, then midas attach · ^\\ halts all the same" in said
    assert "LINK LOST" not in said


def test_an_engine_on_its_way_is_no_alarm() -> None:
    assert "ENGINE STARTING: process 123" in second(LIVES._replace(up=False), 3.0, connected=False)


@pytest.mark.parametrize(("by_hand", "helps"), [(False, "the engine starts it again"), (True, "`midas sim`")])
def test_an_exchange_that_ended_under_a_living_engine_is_told(by_hand: bool, helps: str) -> None:
    said = second(LIVES._replace(exchange=0, exchange_by_hand=by_hand))
    assert "EXCHANGE ENDED" in said
    assert helps in said


def test_outside_of_the_simulation_there_is_no_exchange_to_miss() -> None:
    live = msgspec.structs.replace(snapshots.normal(), environment="LIVE")
    assert "EXCHANGE" not in second(LIVES._replace(exchange=0), snapshot=live)


def test_what_holds_stays_and_what_helps_goes_where_there_is_little_room() -> None:
    said = second(LIVES, 4.2, width=60)
    assert said.startswith(" ENGINE SILENT 4.2s: process 123 lives")
    assert "old" not in said


def test_a_silent_engine_that_is_guarded_says_what_the_guard_will_do() -> None:
    guarded = LIVES._replace(guard=7, guard_level="halt", guard_patience_s=20.0)
    assert "the guard does halt after 20s" in second(guarded, 5.0)
    assert "the guard" not in second(LIVES, 5.0)


def test_a_start_reconciles_calmly_and_a_real_difference_is_an_alarm() -> None:
    normal = snapshots.normal()
    money = msgspec.structs.replace(normal.money, reconciled=False)
    starting = msgspec.structs.replace(normal, money=money, recovering=True)
    assert "NOT RECONCILED" not in second(LIVES, snapshot=starting)
    assert "reconciling" in second(LIVES, snapshot=starting)
    assert "NOT RECONCILED" in second(LIVES, snapshot=msgspec.structs.replace(normal, money=money))


def test_an_alarm_that_nobody_has_seen_comes_with_what_to_do() -> None:
    alarm = AlarmView("feed", "error", "the market stream is down", "check network and venue", 1, False)
    shown = msgspec.structs.replace(snapshots.normal(), alarms=(alarm,))
    assert "the market stream is down · check network and venue" in second(LIVES, snapshot=shown)
    seen = msgspec.structs.replace(shown, alarms=(msgspec.structs.replace(alarm, acknowledged=True),))
    assert "market stream" not in second(LIVES, snapshot=seen)


def test_a_gate_that_somebody_closed_is_named() -> None:
    shown = msgspec.structs.replace(
        snapshots.normal(),
        alarms=(),
        gates=(GateView("binance", "killed (all) by ops", NOW, "midas resume"),),
    )
    assert "gate closed binance: killed (all) by ops · midas resume reviews it" in second(
        LIVES, snapshot=shown
    )


def test_before_the_first_picture_the_end_of_the_engine_is_told_too() -> None:
    def waiting(where: Whereabouts | None, waited: float) -> str:
        return "".join(piece.text for piece in banner.waiting_line(120, int(waited * SECOND), where, NOW))

    assert "first picture, process 123 (0.4s)" in waiting(LIVES, 0.4)
    assert "ENGINE SILENT 4.0s" in waiting(LIVES, 4.0)
    assert "ENGINE ENDED 12s ago" in waiting(GONE, 0.4)


class Watch:
    """What lives is what a test says; a start is noted."""

    def __init__(self, where: Whereabouts) -> None:
        self.where = where
        self.starts = 0

    def look(self) -> Whereabouts:
        """At once."""
        return self.where

    def start(self) -> None:
        """Noted."""
        self.starts += 1


async def test_a_key_starts_an_engine_that_ended_and_never_a_second_one(console: Console) -> None:
    async with console() as bench:
        watch = bench.app.console_desk.watchdog = Watch(LIVES)
        await bench.press("S")
        assert watch.starts == 0
        assert bench.shows("the engine runs, process 123")
        watch.where = GONE
        await bench.press("S")
        assert watch.starts == 1
        await bench.press("colon", *"start", "enter")
        assert watch.starts == 2


async def test_without_anybody_who_can_start_one_the_key_says_so(console: Console) -> None:
    async with console() as bench:
        await bench.press("S")
        assert bench.shows("`midas` in a shell does")


@pytest.mark.parametrize("width", [80, 120])
def test_a_mode_of_a_trigger_says_what_ends_it_however_narrow_it_is(width: int) -> None:
    def told(cause: str) -> str:
        alarm = AlarmView(
            "mode", "warn", f"DEFENSIVE set by trigger: {cause}", "ends when: drawdown below 8.0%", NOW, False
        )
        return second(
            LIVES, width=width, snapshot=msgspec.structs.replace(snapshots.normal(), alarms=(alarm,))
        )

    short = told("drawdown 10.02% above 10.0%")
    assert "drawdown 10.02% above 10.0%" in short
    assert "ends when: drawdown below 8.0%" in short
    long = told("drawdown 10.02% above 10.0%; week's loss 3.1% above 3.0%; stated chances don't come true")
    assert "DEFENSIVE" in long
    assert "ends when: drawdown below 8.0%" in long


def test_once_its_alarm_is_seen_such_a_mode_still_says_what_ends_it_at_80_columns() -> None:
    view = msgspec.structs.replace(
        snapshots.in_mode("DEFENSIVE", "trigger", "drawdown 0.02% above 0.01%").mode,
        ends_when="drawdown below 0.008%", earliest_at=NOW + SECOND,
    )  # fmt: skip
    snapshot = msgspec.structs.replace(snapshots.normal(), mode=view)
    assert "ends: drawdown below 0.008%" in second(LIVES, width=80, snapshot=snapshot)
