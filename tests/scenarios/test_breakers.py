"""Each circuit breaker of R7.9 through the whole engine: when it opens, what it takes, how it closes."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import pytest

from midas.domain.breakers import Component, Phase
from midas.domain.command import PlaceOrder, SetMode
from midas.domain.decision import SignalMade, TargetApproved
from midas.domain.mode import Mode
from midas.domain.opinion import Urgency
from midas.domain.time import HOUR, MINUTE, SECOND
from midas.engine.audit import Audit
from midas.state.state import MANUAL
from tests.engine.scene import of
from tests.fakes.desk import BTC
from tests.fakes.strategy import Puppet, flat, long
from tests.scenarios.stage import HELD, Stage, changes, tripped

PATIENCE = {
    Component.PRICES: 5 * MINUTE, Component.BROKER: 2 * MINUTE, Component.JOURNAL: 0, Component.CLOCK: 0,
    Component.NEWS: HOUR, Component.MODELS: MINUTE, Component.SENTIMENT: HOUR,
}  # fmt: skip
SPEAKERS = (Component.CLOCK, Component.NEWS, Component.MODELS, Component.SENTIMENT)
BARRED = (Component.PRICES, Component.BROKER, Component.JOURNAL, Component.CLOCK)
FULL = "no space left on the disk"
PROBE = 30 * SECOND


class Reader(Puppet):
    """A strategy that trades on news."""

    name: ClassVar[str] = "reader"
    needs: ClassVar[tuple[str, ...]] = ("news", "models")


class Trouble:
    """One component that fails from the beginning of the scene on, until it is mended."""

    def __init__(self, component: Component, stage: Stage | None = None) -> None:
        self.component = component
        self.stage = stage or Stage()
        self.failing = True
        if component is Component.BROKER:
            self.stage.broker(up=False)
        elif component in SPEAKERS:
            self.stage.tell(component.value, True)
            self.stage.tell(component.value, False, "it fails")
        self.since = self.stage.heard_at if component is Component.PRICES else self.stage.now

    def until(self, after: int) -> list[Audit]:
        """To so long after it began to fail."""
        quiet = self.failing and self.component is Component.PRICES
        full = FULL if self.failing and self.component is Component.JOURNAL else ""
        return self.stage.until(self.since + after, quiet=quiet, journal=full)

    def broken(self) -> Trouble:
        """The first look past its patience, and one more where there is none."""
        self.until(PATIENCE[self.component] + SECOND)
        if self.component is Component.JOURNAL:
            self.until(2 * SECOND)
        assert self.phase() is Phase.OPEN
        return self

    def mend(self) -> None:
        """It works again."""
        self.failing = False
        if self.component is Component.BROKER:
            self.stage.broker(up=True)
        elif self.component in SPEAKERS:
            self.stage.tell(self.component.value, True)

    def healed(self, seconds: int) -> None:
        """So many seconds of work, and the component speaks in each."""
        for _ in range(seconds):
            if self.component in SPEAKERS:
                self.stage.tell(self.component.value, True)
            self.stage.tick()

    def phase(self) -> Phase:
        """Where its breaker stands."""
        return self.stage.state.breakers.all[self.component].phase


def buys(stage: Stage, ticket: str) -> str:
    """What a person is told who buys now; empty where it is done."""
    asked = PlaceOrder(ticket, BTC.name, "BUY", "LIMIT", "0.001", "59000.00", MANUAL, True)
    answer = stage.desk.command(asked)
    return "" if answer.accepted else answer.message


@pytest.mark.parametrize("component", [c for c in Component if PATIENCE[c]])
def test_a_breaker_opens_past_its_patience_and_not_at_it(component: Component) -> None:
    trouble = Trouble(component)
    trouble.until(PATIENCE[component] - SECOND)
    trouble.until(PATIENCE[component])
    assert trouble.phase() is Phase.CLOSED
    trouble.until(PATIENCE[component] + SECOND)
    assert trouble.phase() is Phase.OPEN, "in one event"
    assert f"breaker:{component.value}" in trouble.stage.alarms


@pytest.mark.parametrize("component", [Component.NEWS, Component.SENTIMENT])
def test_a_source_that_says_nothing_is_as_one_that_fails(component: Component) -> None:
    stage = Stage()
    stage.tell(component.value, True)
    spoke, breaker = stage.now, stage.state.breakers.all[component]
    stage.until(spoke + HOUR)
    assert breaker.phase is Phase.CLOSED
    stage.until(spoke + HOUR + SECOND)
    assert (breaker.phase, breaker.reason) == (Phase.OPEN, "silent for 60 min")


def test_a_disk_that_takes_nothing_holds_entries_back_in_the_same_event_and_is_told_at_once() -> None:
    stage = Stage()
    stage.tick(journal=FULL)
    assert FULL in buys(stage, "t1")
    stage.tick(journal=FULL)
    assert stage.state.breakers.all[Component.JOURNAL].phase is Phase.OPEN
    stage.desk.health = msgspec.structs.replace(stage.desk.health, troubles={"journal": FULL})
    assert "store:journal" in stage.alarms


def test_a_clock_that_is_off_holds_entries_back_within_a_second() -> None:
    stage = Stage()
    stage.tell("clock", False, "our clock is +1200 ms off the venue's")
    stage.tick()
    assert "our clock is +1200 ms off" in buys(stage, "t1")
    assert "breaker:clock" in stage.alarms


@pytest.mark.parametrize("component", BARRED)
def test_an_open_breaker_lets_nothing_be_opened_and_positions_be_closed(component: Component) -> None:
    trouble = Trouble(component, Stage(warm=True)).broken()
    stage = trouble.stage
    assert buys(stage, "t1")
    assert not stage.state.orders.open
    stage.say(flat(Urgency.AGGRESSIVE))
    stage.tick(2, quiet=component is Component.PRICES, journal=FULL if component is Component.JOURNAL else "")
    assert stage.position == 0


@pytest.mark.parametrize("component", BARRED)
def test_what_rests_is_withdrawn_when_it_opens(component: Component) -> None:
    stage = Stage()
    assert not buys(stage, "t1")
    assert stage.state.orders.open
    Trouble(component, stage).broken()
    assert not stage.state.orders.open


@pytest.mark.parametrize("component", list(Component))
def test_a_breaker_closes_only_after_thirty_seconds_of_work(component: Component) -> None:
    trouble = Trouble(component).broken()
    trouble.mend()
    trouble.healed(4)
    assert trouble.phase() is Phase.HALF_OPEN
    assert component is Component.JOURNAL or f"breaker:{component.value}" in trouble.stage.alarms
    began = trouble.stage.state.breakers.all[component].since
    trouble.healed((began + PROBE - trouble.stage.now) // SECOND - 1)
    assert trouble.phase() is Phase.HALF_OPEN
    assert component not in BARRED or buys(trouble.stage, "t1")
    trouble.healed(1)
    assert trouble.phase() is Phase.CLOSED
    assert not buys(trouble.stage, "t2")
    assert f"breaker:{component.value}" not in trouble.stage.alarms


@pytest.mark.parametrize("component", list(Component))
def test_a_failure_on_probation_opens_it_again_at_once(component: Component) -> None:
    trouble = Trouble(component).broken()
    trouble.mend()
    trouble.healed(20)
    assert trouble.phase() is Phase.HALF_OPEN
    again = Trouble(component, trouble.stage)
    again.until(11 * SECOND)
    again.until(12 * SECOND)
    assert again.phase() is Phase.OPEN
    assert trouble.stage.state.breakers.all[component].opened == 1, "the same failure"


def test_a_component_that_flaps_holds_its_breaker_all_the_time() -> None:
    trouble = Trouble(Component.CLOCK).broken()
    for _ in range(20):
        trouble.mend()
        trouble.healed(20)
        trouble.stage.tell("clock", False, "off again")
        trouble.stage.tick(5)
        assert trouble.phase() is Phase.OPEN
    assert trouble.stage.state.breakers.all[Component.CLOCK].opened == 1


def test_a_broker_that_stays_away_makes_observation_after_five_more_minutes_and_ends_it_by_itself() -> None:
    trouble = Trouble(Component.BROKER).broken()
    stage, opened = trouble.stage, trouble.stage.now
    stage.until(opened + 5 * MINUTE - SECOND)
    assert stage.mode() is Mode.NORMAL
    assert changes(stage.until(opened + 5 * MINUTE)) == ["OBSERVATION"]
    assert "mode" in stage.alarms
    assert stage.position == HELD, "nothing is sold for it"
    trouble.mend()
    trouble.healed(25)
    assert stage.mode() is Mode.OBSERVATION
    trouble.healed(15)
    assert stage.mode() is Mode.NORMAL


def test_observation_of_a_lost_broker_ends_after_a_restart_that_found_it_again() -> None:
    stage = Trouble(Component.BROKER).broken().stage
    stage.until(stage.now + 5 * MINUTE)
    assert stage.mode() is Mode.OBSERVATION
    stage.restart().tick(2)
    assert (stage.mode(), stage.state.reconciled) == (Mode.NORMAL, True), "the start has compared the account"


def test_observation_of_a_lost_broker_never_ends_past_what_a_person_chose() -> None:
    trouble = Trouble(Component.BROKER).broken()
    stage = trouble.stage
    stage.until(stage.now + 5 * MINUTE)
    stage.desk.command(SetMode("PAUSE", "I look myself"))
    trouble.mend()
    trouble.healed(60)
    assert stage.mode() is Mode.PAUSE


@pytest.mark.parametrize("restarted", [False, True])
def test_observation_that_a_person_asks_for_too_ends_by_that_person_alone(restarted: bool) -> None:
    trouble = Trouble(Component.BROKER).broken()
    stage = trouble.stage
    stage.until(stage.now + 5 * MINUTE)
    answer = stage.desk.command(SetMode("OBSERVATION", "I want to look first"))
    assert answer.message == "already OBSERVATION; from here on only a person ends it"
    if restarted:
        stage.restart()
    trouble.mend()
    trouble.healed(60)
    assert stage.mode() is Mode.OBSERVATION


def test_after_observation_the_mode_that_a_person_had_chosen_is_back_and_stays() -> None:
    stage = Stage()
    stage.desk.command(SetMode("DEFENSIVE", "a nervous day"))
    trouble = Trouble(Component.BROKER, stage).broken()
    stage.until(stage.now + 5 * MINUTE)
    assert stage.mode() is Mode.OBSERVATION
    trouble.mend()
    trouble.healed(40)
    assert stage.mode() is Mode.DEFENSIVE
    stage.until(stage.now + HOUR)
    assert stage.mode() is Mode.DEFENSIVE


def test_a_broker_that_stays_away_for_half_an_hour_ends_in_a_flatten() -> None:
    stage = Trouble(Component.BROKER).broken().stage
    while not stage.state.control.latched:
        audits = stage.until(stage.now + MINUTE)
    assert tripped(audits)[0].reason.startswith("no user stream for 3")
    assert stage.mode() is Mode.EMERGENCY


@pytest.mark.parametrize("component", [Component.NEWS, Component.MODELS])
def test_without_news_or_models_those_rest_that_need_them_and_the_others_trade(component: Component) -> None:
    outcomes = {}
    for puppet in (Reader(), Puppet()):
        stage = Stage(puppet=puppet, warm=True)
        Trouble(component, stage).broken()
        (made,) = of(SignalMade, stage.say(long(urgency=Urgency.AGGRESSIVE)))
        outcomes[puppet.name] = made.outcome, made.detail.partition(":")[0]
        stage.say(flat(Urgency.AGGRESSIVE))
        stage.tick(2)
        assert stage.position == 0, "exits go on"
    assert outcomes["reader"] == ("muted", f"it needs {component.value}")
    assert outcomes["puppet"][0] == "acted"


def test_without_sentiment_everybody_trades_at_half_the_size() -> None:
    wanted = {}
    for failing in (False, True):
        stage = Stage(warm=True)
        stage.say(flat(Urgency.AGGRESSIVE))
        stage.tick(2)
        if failing:
            Trouble(Component.SENTIMENT, stage).broken()
        (approved,) = of(TargetApproved, stage.say(long(urgency=Urgency.AGGRESSIVE)))
        wanted[failing] = float(approved.target.quantity)
    assert wanted[True] == pytest.approx(wanted[False] / 2, rel=1e-3)
