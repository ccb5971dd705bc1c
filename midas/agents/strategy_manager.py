"""The strategy manager: who may speak in which regime, and what is worth repeating."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal, getcontext, setcontext
from math import isfinite, nan
from numbers import Real
from typing import TypeVar

import msgspec

from midas.analysis.regime import POLICIES
from midas.domain.opinion import (
    Contribution,
    Forecast,
    Opinion,
    Reading,
    Regime,
    RegimeLabel,
    Signal,
    Urgency,
)
from midas.domain.time import SECOND
from midas.ports.strategy import Briefing, Columns, Strategy
from midas.state.ledger import Sleeve
from midas.state.market import InstrumentMarket
from midas.state.state import State

REPEAT_AFTER = 10 * SECOND  # market time before the same refused or muted opinion is offered again
CONFIDENCE_STEP = 0.2  # a smaller change of confidence isn't news
UNKNOWN = RegimeLabel.UNKNOWN
UNSTUDIED = Regime(label=UNKNOWN, source="warming", since=0)
NOTHING_HELD = None, Briefing(UNSTUDIED, None, 0.0, nan, nan)
Term = TypeVar("Term", Contribution, Reading)


class Enrolled(msgspec.Struct):
    """A strategy of the workspace and how it fares; its counters are a fold of the audits."""

    strategy: Strategy
    weight: float
    instruments: frozenset[str]
    failed: str = ""
    signals: int = 0
    needs: frozenset[str] = frozenset()  # components that it can't do without: "news", "models"
    calibrated: bool = False  # its confidence is the chance of being right
    unaided: bool = False  # it decides from prices alone
    units: Decimal | None = None  # base units that it always holds; None: sizing decides
    name: str = ""  # of the strategy
    listen: Callable[[Columns], int] | None = None  # it hears many candles in one call; see `ports.strategy`

    def __post_init__(self) -> None:
        """Its name is asked for at every bar."""
        self.name = self.strategy.name
        self.listen = getattr(self.strategy, "listen", None)


class Spoken(msgspec.Struct):
    """The last signal of one strategy on one instrument, and what became of it."""

    signal: Signal
    outcome: str


class StrategyManager:
    """Asks the strategies that hear an event, and decides which opinions become signals."""

    def __init__(self, enrolled: Sequence[Enrolled]) -> None:
        self.enrolled = {e.strategy.name: e for e in enrolled}
        self._hearing = {
            hears: tuple(e for e in enrolled if e.strategy.hears == hears)
            for hears in ("bar", "book", "tick")
        }
        self._listening: dict[tuple[str, str], list[Enrolled]] = {}
        self._unaided: dict[tuple[str, str], tuple[Decimal | None, Briefing]] = {}
        self.spoken: dict[tuple[str, str], Spoken] = {}
        self.context = Context()  # a plugin's precision or traps may not become the ledger's

    @property
    def hears_ticks(self) -> bool:
        """Whether anybody wants every quote and print."""
        return bool(self._hearing["tick"])

    def listeners(self, hears: str, instrument: str) -> list[Enrolled]:
        """Who is asked on this kind of event of this instrument."""
        known = self._listening.get((hears, instrument))
        if known is None:
            known = [e for e in self._hearing[hears] if instrument in e.instruments and not e.failed]
            self._listening[hears, instrument] = known
        return known

    def ask(
        self, enrolled: Enrolled, market: InstrumentMarket, state: State, forecast: Forecast | None, rv: float
    ) -> Opinion | None:
        """One strategy's opinion. A plugin that raises is switched off, never the engine."""
        briefing = self.briefing(enrolled, market.id, state, forecast, rv)
        ours = getcontext()
        setcontext(self.context)
        try:
            opinion = enrolled.strategy.signal(market, briefing)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the seam around a plugin: its bug becomes a decision
            self.raised(enrolled, error)
            return None
        finally:
            setcontext(ours)
        return opinion if opinion is None else self.usable(enrolled, opinion)

    def briefing(
        self, enrolled: Enrolled, instrument: str, state: State, forecast: Forecast | None, rv: float
    ) -> Briefing:
        """What a strategy is told beside the market."""
        key = enrolled.name, instrument
        sleeve = state.ledger.sleeves.get(key)
        if enrolled.unaided:
            cost, briefing = self._unaided.get(key, NOTHING_HELD)
            if sleeve is not None and sleeve.cost is not cost:
                briefing = self._briefed(key, sleeve)
            return briefing
        regime, (held, average) = _regime(state, instrument), _position(sleeve)
        return Briefing(regime, forecast, held, average, rv)

    def listened(self, enrolled: Enrolled, bars: Columns, count: int) -> int:
        """How many of these `count` it heard in silence; 0 where it failed and is switched off."""
        assert enrolled.listen is not None, f"{enrolled.name} doesn't listen"
        try:
            heard = enrolled.listen(bars)
            if type(heard) is int and 0 <= heard <= count:
                return heard
            raise ValueError(f"`listen` answered {heard!r}, expected 0 to {count}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the seam around a plugin, as in `ask`
            self.raised(enrolled, error)
            return 0

    def usable(self, enrolled: Enrolled, opinion: Opinion) -> Opinion | None:
        """The opinion, unless it says what can't be: then the strategy is switched off."""
        if why := _refusal(opinion, enrolled.calibrated):
            self._switch_off(enrolled, why)
            return None
        return opinion

    def raised(self, enrolled: Enrolled, error: BaseException) -> None:
        """A plugin's bug switches it off."""
        self._switch_off(enrolled, f"{type(error).__name__}: {error}")

    def _switch_off(self, enrolled: Enrolled, why: str) -> None:
        """Until the next start."""
        enrolled.failed = why
        self._listening.clear()

    def _briefed(self, key: tuple[str, str], sleeve: Sleeve) -> Briefing:
        """It changes only with the position, whose cost is another object after every fill."""
        briefing = Briefing(UNSTUDIED, None, *_position(sleeve), nan)
        self._unaided[key] = sleeve.cost, briefing
        return briefing

    def signal(
        self, enrolled: Enrolled, opinion: Opinion, market: InstrumentMarket, sequence: int, state: State
    ) -> Signal | None:
        """The opinion as a signal, or None where it says nothing that wasn't said before.

        A plugin whose answer the journal couldn't keep is switched off.
        """
        last = self.spoken.get((enrolled.strategy.name, market.instrument.id))
        if last is not None and not _news(last, opinion, market.time):
            if not _nothing_to_sell(last, opinion, market.time):
                return None
            if state.ledger.sleeve(enrolled.strategy.name, market.instrument.id).quantity <= 0:
                return None
        try:
            signal = _written(enrolled, opinion, market, sequence)
        except (TypeError, ValueError, AttributeError, ArithmeticError, msgspec.MsgspecError) as error:
            self._switch_off(enrolled, f"its answer can't be written down: {error}")
            return None
        enrolled.signals += 1
        return signal

    def remember(self, signal: Signal, outcome: str) -> None:
        """What became of a signal."""
        self.spoken[signal.strategy, signal.instrument] = Spoken(signal, outcome)

    def let_go(self, strategy: str, instrument: str) -> None:
        """An entry was given up: the same opinion may be offered again."""
        spoken = self.spoken.get((strategy, instrument))
        if spoken is not None and spoken.outcome == "acted":
            spoken.outcome = "held"

    def muted(self, enrolled: Enrolled, signal: Signal, state: State) -> str:
        """Why this strategy may not open risk in the present regime; empty where it may."""
        if signal.direction <= 0.0:
            return ""
        if (breaker := state.breakers.lacking(enrolled.needs)) is not None:
            return f"it needs {breaker.component.value}: {breaker.reason}"
        regime = UNSTUDIED if enrolled.unaided else _regime(state, signal.instrument)
        return _resting(enrolled.strategy, regime)

    def speaking(self, instrument: str, regime: Regime) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of those on this instrument that may open risk in this regime, and of those that may not."""
        there = [e for e in self.enrolled.values() if instrument in e.instruments]
        resting = {e.strategy.name for e in there if _resting(e.strategy, UNSTUDIED if e.unaided else regime)}
        names = [e.strategy.name for e in there]
        return tuple(n for n in names if n not in resting), tuple(n for n in names if n in resting)


def _resting(strategy: Strategy, regime: Regime) -> str:
    """Why it may not open risk in this regime; empty where it may."""
    policy = POLICIES[regime.label]
    if regime.label is UNKNOWN and not strategy.trades_unknown:
        return f"regime UNKNOWN: {regime.bars_seen} of {regime.bars_needed} bars"
    if strategy.family not in policy.families:
        return f"{strategy.family.value.lower().replace('_', ' ')} rests in {regime.label.short}"
    if not policy.longs and strategy.family.value != "SCALPING":
        return f"no new longs in {regime.label.short}"
    return ""


def _position(sleeve: Sleeve | None) -> tuple[float, float]:
    """Of a sleeve, with its average price; NaN when flat."""
    if sleeve is None or not sleeve.quantity:
        return 0.0, nan
    return float(sleeve.quantity), float(sleeve.average_price) if sleeve.quantity > 0 else nan


def _regime(state: State, instrument: str) -> Regime:
    return state.regimes.get(instrument, UNSTUDIED)


def _refusal(opinion: object, calibrated: bool) -> str:
    """Why an answer can't be used; empty where it can."""
    if not isinstance(opinion, Opinion):
        return f"answered {type(opinion).__name__}, expected an Opinion or None"
    if not _sane(opinion):
        return f"answered direction {opinion.direction} with confidence {opinion.confidence}"
    return _fault(opinion, calibrated)


def _sane(opinion: Opinion) -> bool:
    direction, confidence = opinion.direction, opinion.confidence
    plain = type(direction) is float and type(confidence) is float  # else to be asked, which takes long
    if not plain and not (isinstance(direction, Real) and isinstance(confidence, Real)):
        return False
    finite = isfinite(direction) and isfinite(confidence)
    return finite and -1.0 <= direction <= 1.0 and 0.0 <= confidence <= 1.0


def _fault(opinion: Opinion, calibrated: bool) -> str:
    """What is wrong with the bet that an opinion states; empty where nothing is."""
    chance, gain, loss = opinion.probability, opinion.gain, opinion.loss
    stated = chance is not None or (calibrated and opinion.direction != 0.0)
    if chance is not None and not (isinstance(chance, Real) and 0.0 <= chance <= 1.0):
        return f"answered a probability of {chance}, expected 0 to 1"
    if (gain is None) is not (loss is None):
        return "answered one of gain and loss, expected both or neither"
    if gain is not None and not stated:
        return "answered gain and loss without the probability of the gain"
    for name, value in (("gain", gain), ("loss", loss)):
        if value is not None and not (isinstance(value, Real) and 0.0 < value < 1.0):
            return f"answered a {name} of {value}, expected a fraction of price between 0 and 1"
    if stated and not opinion.horizon_ns > 0:
        return "answered a chance without a horizon: nobody could say when it is decided"
    return ""


def _written(enrolled: Enrolled, opinion: Opinion, market: InstrumentMarket, sequence: int) -> Signal:
    """As the journal will read it: numpy's numbers become plain ones, another type raises."""
    chance = opinion.probability
    if chance is None and enrolled.calibrated and opinion.direction:
        chance = opinion.confidence
    signal = Signal(
        strategy=enrolled.strategy.name, instrument=market.instrument.id, direction=opinion.direction,
        confidence=opinion.confidence, contributions=_finite(opinion.contributions),
        horizon_ns=opinion.horizon_ns, urgency=opinion.urgency, reason=opinion.reason,
        inputs=_finite(opinion.inputs), probability=chance, gain=opinion.gain, loss=opinion.loss,
        time=market.time, sequence=sequence,
    )  # fmt: skip
    if _plain(signal):
        return signal
    return msgspec.json.decode(msgspec.json.encode(signal, enc_hook=float), type=Signal)


def _plain(signal: Signal) -> bool:
    """Whether the journal reads it as it is: nothing in it but Python's own numbers and plain letters."""
    if signal.contributions or signal.inputs or signal.probability is not None or signal.gain is not None:
        return False
    if type(signal.direction) is not float or type(signal.confidence) is not float:
        return False
    if type(signal.horizon_ns) is not int or type(signal.urgency) is not Urgency:
        return False
    return type(signal.reason) is str and signal.reason.isascii() and abs(signal.horizon_ns) < 1 << 63


def _finite(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """JSON knows no NaN: one in the journal would keep the next session from reading its orders."""
    if type(terms) is tuple and not terms:
        return terms
    return tuple([term for term in terms if isfinite(term.value)])


def _news(last: Spoken, opinion: Opinion, time: int) -> bool:
    before = last.signal
    if _sign(before.direction) != _sign(opinion.direction) or before.urgency is not opinion.urgency:
        return True
    if last.outcome != "acted":
        # "held" on the way out means that there is nothing to sell; a refused exit is asked for again.
        again = opinion.direction > 0.0 or last.outcome == "refused"
        return again and time - before.time >= REPEAT_AFTER
    return opinion.confidence - before.confidence >= CONFIDENCE_STEP


def _nothing_to_sell(last: Spoken, opinion: Opinion, time: int) -> bool:
    """It wanted out some time ago and held nothing; an entry may have filled since."""
    return last.outcome == "held" and opinion.direction <= 0.0 and time - last.signal.time >= REPEAT_AFTER


def _sign(direction: float) -> int:
    return (direction > 0.0) - (direction < 0.0)
