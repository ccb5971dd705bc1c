"""A person's close that a kill ended: nothing goes on with it, and nothing at all before a person resumes."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.domain.carry import CloseCarried
from midas.domain.command import ClosePosition, Kill, Resume, SetMode
from midas.domain.decision import Noted, OrderPlanned
from midas.domain.event import LatchTripped, SessionClosing
from midas.domain.mode import Mode
from midas.domain.order import Side
from midas.domain.triggers import TriggerRules
from tests.engine.scene import of
from tests.fakes.desk import BTC
from tests.scenarios.stage import HELD, Stage

QUIET = msgspec.structs.replace(
    TriggerRules(), drawdown_stop=1.0, daily_loss_stop=1.0, weekly_loss_stop=1.0, monthly_loss_stop=1.0,
    drawdown_defensive=1.0, weekly_loss_defensive=1.0,
)  # fmt: skip
LEVELS = ["all", "flatten"]


def close(stage: Stage) -> None:
    """A person closes the strategy's position, which the venue doesn't take yet."""
    stage.venue.refusing = "no orders now"
    assert stage.desk.command(ClosePosition(BTC.name, stage.puppet.name, True)).accepted
    stage.tick()


def kill(stage: Stage) -> None:
    """The whole desk, every order; then the venue takes orders again."""
    stage.desk.feed(LatchTripped("all", "ann", "enough", stage.now))
    stage.venue.refusing = ""


def careful(stage: Stage) -> None:
    stage.desk.command(SetMode("DEFENSIVE", "a nervous day"))


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("defensive", ["before the close", "during the close"])
def test_a_close_that_a_kill_ended_while_the_desk_is_defensive_leaves_the_half_that_defensive_wants(
    defensive: str, restarts: bool
) -> None:
    stage = Stage(triggers=QUIET)
    if defensive == "before the close":
        stage.venue.refusing = "no orders now"
        careful(stage)
    close(stage)
    if defensive == "during the close":
        careful(stage)
    stage.tick(2)
    kill(stage)
    stage.tick(20)
    assert stage.position == HELD, "a kill beats everything: not even what reduces leaves"
    if restarts:
        stage.restart().tick(20)
        assert stage.position == HELD
    review = stage.resume()
    assert f"goes on: {stage.puppet.name} {BTC.name} down to {HELD / 2} (mode DEFENSIVE)" in review
    stage.tick(30)
    assert stage.position == HELD / 2, "what the mode had begun is done, what the person had begun is over"
    stage.restart().tick(30)
    assert stage.position == HELD / 2
    assert stage.journaled().reducing == ()


@pytest.mark.parametrize("restarts", [False, True])
def test_a_close_that_a_kill_ended_in_a_normal_desk_is_not_gone_on_with(restarts: bool) -> None:
    stage = Stage(triggers=QUIET)
    close(stage)
    kill(stage)
    stage.tick(5)
    if restarts:
        stage.restart().tick(5)
    assert "goes on" not in stage.resume()
    stage.tick(30)
    assert stage.position == HELD


def test_a_close_that_went_through_leaves_nothing_to_work_down() -> None:
    stage = Stage(triggers=QUIET)
    close(stage)
    careful(stage)
    stage.venue.refusing = ""
    stage.tick(30)
    assert stage.position == 0
    assert stage.journaled().reducing == ()


def test_a_kill_of_the_strategy_alone_ends_its_close_as_well() -> None:
    stage = Stage(triggers=QUIET)
    close(stage)
    name = stage.puppet.name
    assert stage.desk.command(Kill("all", "enough", scope="strategy", name=name)).accepted
    stage.venue.refusing = ""
    stage.tick(10)
    assert stage.position == HELD
    for confirmed in (False, True):
        answer = stage.desk.command(Resume("looked at it", confirmed, scope="strategy", name=name))
        assert answer.accepted
    stage.tick(30)
    assert stage.position == HELD
    assert stage.mode() is Mode.NORMAL
    assert stage.desk.command(ClosePosition(BTC.name, name, True)).accepted, "asked anew it is done"
    stage.tick(30)
    assert stage.position == Decimal(0)


@pytest.mark.parametrize("closes", [False, True])
def test_what_a_flatten_of_one_strategy_sold_beyond_what_defensive_wanted_is_never_bought_back(
    closes: bool,
) -> None:
    stage = Stage(triggers=QUIET)
    name = stage.puppet.name
    stage.venue.refusing = "no orders now"
    if closes:
        assert stage.desk.command(ClosePosition(BTC.name, name, True)).accepted
        stage.tick()
    careful(stage)
    stage.tick(2)
    stage.venue.refusing = ""
    stage.desk.command(Kill("flatten", "enough", scope="strategy", name=name))
    stage.tick(30)
    assert stage.position == 0
    before = len(stage.desk.audits)
    for confirmed in (False, True):
        stage.desk.command(Resume("looked at it", confirmed, scope="strategy", name=name))
    stage.tick(60)
    planned = [d for a in stage.desk.audits[before:] for d in a.decisions if isinstance(d, OrderPlanned)]
    assert stage.position == 0
    assert not [each for each in planned if each.intent.side is Side.BUY]


def test_a_close_that_a_crash_cuts_off_is_gone_on_with_by_the_next_session() -> None:
    stage = Stage(triggers=QUIET)
    close(stage)
    assert [c.strategy for c in stage.journaled().closing] == [stage.puppet.name]
    stage.venue.refusing = ""
    stage.restart()
    (told,) = [n.text for n in of(Noted, stage.desk.audits) if "still being closed" in n.text]
    assert told == f"{stage.puppet.name} {BTC.name} is still being closed, as test asked for"
    stage.tick(10)
    assert not stage.position
    assert stage.journaled().closing == ()


def test_a_close_in_an_instrument_that_is_traded_no_more_keeps_no_session_from_starting() -> None:
    stage = Stage(triggers=QUIET)
    left = stage.journaled()
    gone = CloseCarried(stage.puppet.name, "DOGE-USDT.binance", "ann")
    dust = msgspec.structs.replace(left.sleeves[0], instrument=gone.instrument)
    left = msgspec.structs.replace(left, closing=(gone,), sleeves=(*left.sleeves, dust))
    stage.desk.open(stage.now, left, session="session-2")
    assert stage.state.closes_asked == {}


def test_a_close_ends_with_a_session_that_is_ended_on_purpose() -> None:
    stage = Stage(triggers=QUIET)
    close(stage)
    stage.desk.feed(SessionClosing(stage.now, "a person"))
    stage.tick(5)
    stage.venue.refusing = ""
    stage.restart().tick(30)
    assert stage.position == HELD


@pytest.mark.parametrize("level", LEVELS)
def test_a_kill_before_the_next_start_ends_a_close_too(level: str) -> None:
    stage = Stage(triggers=QUIET)
    close(stage)
    stage.restart(latch=level)
    assert stage.journaled().closing == ()
