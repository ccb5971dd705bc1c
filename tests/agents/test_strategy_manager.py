from __future__ import annotations

from decimal import Decimal, getcontext
from typing import ClassVar

import msgspec
import pytest

from midas.agents.strategy_manager import REPEAT_AFTER, Enrolled, StrategyManager
from midas.domain.opinion import (
    Contribution,
    Family,
    Opinion,
    Reading,
    Regime,
    RegimeLabel,
    Signal,
    Urgency,
)
from midas.domain.time import SECOND
from midas.ports.strategy import Briefing, Hears, MarketView
from midas.state.state import State
from tests.fakes.nouns import BTC, START, desk, hold, quote


class Parrot:
    """Says what it is told to say."""

    name: ClassVar[str] = "parrot"
    family: ClassVar[Family] = Family.TREND_FOLLOWING
    hears: ClassVar[str] = Hears.BAR
    trades_unknown: ClassVar[bool] = False
    Parameters: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    def __init__(self, parameters: msgspec.Struct | None = None) -> None:
        self.opinion: Opinion | None = None
        self.briefed: Briefing | None = None

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        self.briefed = briefing
        getcontext().prec = 3
        if self.opinion is not None and self.opinion.reason == "crash":
            raise ZeroDivisionError("by zero")
        return self.opinion


class Stage:
    """One parrot before one market."""

    def __init__(self) -> None:
        self.state = desk()
        self.parrot = Parrot()
        self.enrolled = Enrolled(self.parrot, 0.5, frozenset({BTC.id}))
        self.manager = StrategyManager([self.enrolled])

    def say(self, direction: float, confidence: float = 0.5, **more: object) -> Opinion | None:
        self.parrot.opinion = Opinion(direction=direction, confidence=confidence, **more)  # type: ignore[arg-type]
        return self.manager.ask(self.enrolled, self.state.markets[BTC.id], self.state, None, 0.01)

    def signal(self, direction: float, confidence: float = 0.5, **more: object) -> Signal | None:
        opinion = self.say(direction, confidence, **more)
        assert opinion is not None
        return self.manager.signal(self.enrolled, opinion, self.state.markets[BTC.id], 1, self.state)

    def heard(self, direction: float, outcome: str, confidence: float = 0.5) -> None:
        signal = self.signal(direction, confidence)
        assert signal is not None
        self.manager.remember(signal, outcome)

    def wait(self, duration: int) -> None:
        self.state.on_quote(quote("99.99", "100.01", at=self.state.markets[BTC.id].time + duration))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_strategy_is_briefed_about_its_own_sleeve(stage: Stage) -> None:
    hold(stage.state, "2", "90", "parrot")
    hold(stage.state, "5", "10", "other")
    stage.say(1.0)
    assert stage.parrot.briefed is not None
    assert (stage.parrot.briefed.position, stage.parrot.briefed.average_price) == (2.0, 90.0)


@pytest.mark.parametrize(
    ("direction", "confidence", "reason"),
    [(1.0, 0.5, "crash"), (1.1, 0.5, ""), (1.0, -0.1, ""), (float("nan"), 0.5, ""), (1.0, float("inf"), "")],
)
def test_a_strategy_that_raises_or_talks_nonsense_is_switched_off(
    stage: Stage, direction: float, confidence: float, reason: str
) -> None:
    assert stage.say(direction, confidence, reason=reason) is None
    assert stage.enrolled.failed
    assert stage.manager.listeners("bar", BTC.id) == []


@pytest.mark.parametrize("answer", ["buy", 1.0, SystemExit(3)])
def test_a_strategy_that_answers_no_opinion_or_leaves_is_switched_off(stage: Stage, answer: object) -> None:
    def signal(market: object, briefing: object) -> object:
        if isinstance(answer, SystemExit):
            raise answer
        return answer

    vars(stage.parrot)["signal"] = signal
    assert stage.say(1.0) is None
    assert stage.enrolled.failed
    assert stage.manager.listeners("bar", BTC.id) == []


def test_who_hears_bars_of_an_instrument_is_asked_on_those_alone(stage: Stage) -> None:
    assert stage.manager.listeners("bar", BTC.id) == [stage.enrolled]
    assert stage.manager.listeners("book", BTC.id) == []
    assert stage.manager.listeners("bar", "ETH-USDT.binance") == []


def test_an_unaided_strategy_hears_of_no_regime_and_none_mutes_it(stage: Stage) -> None:
    stage.state.regimes[BTC.id] = Regime(label=RegimeLabel.RANGE, source="rule", since=START)
    made = stage.signal(1.0)
    assert made is not None and "rests in" in stage.manager.muted(stage.enrolled, made, stage.state)
    stage.parrot.trades_unknown = True  # type: ignore[misc]
    stage.enrolled.unaided = True
    assert stage.manager.muted(stage.enrolled, made, stage.state) == ""
    for quantity in ("2", "3"):  # of one briefing none is left over when the position changes
        hold(stage.state, quantity, "90", "parrot")
        stage.say(1.0)
        briefed = stage.parrot.briefed
        assert briefed is not None and briefed.regime.label is RegimeLabel.UNKNOWN
        assert briefed.position == float(stage.state.ledger.sleeve("parrot", BTC.id).quantity)


def test_what_was_acted_on_is_news_only_when_it_changes(stage: Stage) -> None:
    stage.heard(1.0, "acted")
    stage.wait(100 * SECOND)
    assert stage.signal(1.0, 0.6) is None
    assert stage.signal(1.0, 0.71) is not None
    assert stage.signal(0.0) is not None
    assert stage.signal(1.0, urgency=Urgency.AGGRESSIVE) is not None


@pytest.mark.parametrize(
    ("direction", "outcome", "again"),
    [
        (1.0, "refused", True),
        (1.0, "muted", True),
        (1.0, "held", True),
        (0.0, "refused", True),
        (0.0, "held", False),
    ],
)
def test_what_was_not_acted_on_is_offered_again_after_a_while(
    stage: Stage, direction: float, outcome: str, again: bool
) -> None:
    stage.heard(direction, outcome)
    stage.wait(REPEAT_AFTER - 1)
    assert stage.signal(direction) is None
    stage.wait(1)
    assert (stage.signal(direction) is not None) is again


def test_an_exit_that_found_nothing_to_sell_is_offered_again_once_something_is_held(stage: Stage) -> None:
    stage.heard(0.0, "held")
    hold(stage.state, "0.01", "90", "parrot")
    stage.wait(REPEAT_AFTER - 1)
    assert stage.signal(0.0) is None
    stage.wait(1)
    assert stage.signal(0.0) is not None


def regime(state: State, label: RegimeLabel) -> None:
    state.regimes[BTC.id] = Regime(label=label, source="rule", since=START, bars_seen=3, bars_needed=200)


@pytest.mark.parametrize(
    ("label", "speaks"),
    [
        (RegimeLabel.TREND_UP, True),
        (RegimeLabel.HIGH_VOLATILITY, True),
        (RegimeLabel.TREND_DOWN, False),
        (RegimeLabel.RANGE, False),
        (RegimeLabel.CRISIS, False),
        (RegimeLabel.UNKNOWN, False),
    ],
)
def test_a_regime_decides_who_may_open_risk_and_never_who_may_leave(
    stage: Stage, label: RegimeLabel, speaks: bool
) -> None:
    regime(stage.state, label)
    entering, leaving = stage.signal(1.0), stage.signal(0.0)
    assert entering is not None
    assert leaving is not None
    assert (stage.manager.muted(stage.enrolled, entering, stage.state) == "") is speaks
    assert stage.manager.muted(stage.enrolled, leaving, stage.state) == ""


@pytest.mark.parametrize("reason", ["", "crash"])
def test_a_strategys_precision_is_its_own(stage: Stage, reason: str) -> None:
    stage.say(1.0, reason=reason)
    assert Decimal("1.23456789") * 1 == Decimal("1.23456789")


def test_asking_leaves_no_trace_in_the_ledger(stage: Stage) -> None:
    stage.say(1.0)
    assert stage.state.ledger.sleeves == {}


def test_what_a_strategy_looked_at_travels_with_its_signal_but_no_figure_that_json_cannot_keep() -> None:
    readings = (Reading("flow", 0.3), Reading("average", float("nan")), Reading("adx", float("inf")))
    signal = Stage().signal(1.0, inputs=readings, contributions=(Contribution("flow", float("nan")),))
    assert signal is not None
    assert signal.inputs == (Reading("flow", 0.3),)
    assert signal.contributions == ()
