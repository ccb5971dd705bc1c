"""How large a position may be: a start that each step, in this order, can only reduce.

A strategy that states chance, gain and loss starts with the full Kelly stake of its bet; any other with its
share of equity. Every step says its factor and why, so that a screen can explain a size. Shares of equity
and of price are floats, volatilities annual; what leaves is an exact quantity in whole lots, rounded towards
zero. What isn't known makes a size of zero and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import fsum, inf, isfinite, nan

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, floor_to, from_float
from midas.domain.sizing import SizeStep, Stage
from midas.statistics.kelly import CAUTION, cautious_probability, kelly, shrinkage
from midas.statistics.track import TrackRecord

__all__ = ["Bet", "Circumstances", "Portion", "SizeStep", "Sized", "SizingPolicy", "Stage", "size"]

RISK_LEAST = 1e-6  # of price: a stop nearer than that is no stop, and the stake would have no bound
_TOLD = 0.995  # a step that leaves more isn't worth a word
_EXACT = Decimal("1e-15")  # finer than any weight: takes a float's digits over before rounding down


class SizingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of sizing."""

    fraction: float = 0.25  # of Kelly: halving the capital becomes a chance of 1 in 128 instead of 1 in 2
    caution: float = CAUTION
    margin: float = 0.0005  # of price: the edge must be larger than the cost by it
    volatility_target: float = 0.20
    volatility_floor: float = 0.05  # below it a quiet market would be taken for a safe one
    drawdown_max: float = 0.15  # at which nothing is held any more
    defensive: float = 0.5  # factor while the calibration monitor doubts the chances
    band: float = 0.10  # a change of less than this share of the weight isn't worth its cost
    trades_min: int = 30  # effective, before a chance or a strategy's own trades count as known
    trades_floor: float = 0.25  # what own trades without an edge leave: enough to show a better one


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """What every size depends on, wherever it starts."""

    direction: int  # 1 or -1
    share: float = inf  # of equity, that the strategy may hold at most; of a portion: where it starts
    confidence: float = 1.0  # and strength of the direction
    volatility: float
    regimes: tuple[tuple[float, float], ...] = ()  # filtered probability and multiplier of each
    calibrated: bool = True
    mode: float = 1.0  # what the mode and open breakers leave
    drawdown: float = 0.0  # positive
    room: Decimal | None = None  # base units that the hard limits let it hold; None: the review refuses
    equity: Decimal  # in quote currency
    price: Decimal


class Portion(Circumstances, frozen=True, kw_only=True):
    """A size that starts with the strategy's share of equity."""

    record: TrackRecord | None = None  # of its own trades


class Bet(Circumstances, frozen=True, kw_only=True):
    """A size that starts with a chance. `gain`, `loss` and `cost` are fractions of price."""

    probability: float  # of the gain, calibrated
    gain: float  # at the target
    loss: float  # at the stop, gap included
    cost: float  # of the round trip
    outcomes: float = inf  # effective, that the probability was estimated from
    sharpe: float = nan  # annual, of the strategy; only read where `years` is finite
    years: float = inf  # of the record behind it

    @property
    def won(self) -> float:
        """Of price, after costs."""
        return self.gain - self.cost

    @property
    def lost(self) -> float:
        """Of price, with costs."""
        return self.loss + self.cost

    @property
    def edge(self) -> float:
        """Expected result after costs, of price."""
        return self.probability * self.won - (1.0 - self.probability) * self.lost


class Sized(msgspec.Struct, frozen=True):
    """A desired position, and every step on the way to it."""

    quantity: Decimal  # base units, negative: short
    full: float  # share of equity that it started with
    steps: tuple[SizeStep, ...]

    @property
    def binding(self) -> SizeStep:
        """The step that took most: the first that left nothing, or the smallest factor but Kelly's own."""
        optional = (step for step in self.steps if step.stage is not Stage.FRACTION)
        return min(optional, key=lambda step: step.factor)

    @property
    def why(self) -> str:
        """The start and every step that took something, in one line."""
        taken = [f" x {s.stage.value} {s.factor:.2f}" for s in self.steps if s.factor < _TOLD]
        return f"{self.full:.1%} of equity{''.join(taken)}"


def volatility_weight(volatility: float, target: float, floor: float, cap: float = 1.0) -> float:
    """clip(target / max(sigma, floor), 0, cap) (Moreira & Muir 2017); 0 where sigma isn't known."""
    if not isfinite(volatility) or volatility < 0.0:
        return 0.0
    return min(max(target / max(volatility, floor), 0.0), cap)


def outside_band(held: float, wanted: float, band: float) -> bool:
    """Whether |change| > band * |wanted|, so worth its cost; to flat and through zero it always is."""
    if held == wanted:
        return False
    return held * wanted <= 0.0 or abs(wanted - held) > band * abs(wanted)


def regime_factor(regimes: Sequence[tuple[float, float]]) -> float:
    """The multipliers (0 to 1) weighted by the filtered probabilities: no jump where the likeliest changes.

    1 of no regimes at all; NaN in, NaN out.
    """
    if not regimes:
        return 1.0
    assert not fsum(chance for chance, _ in regimes) > 1.0 + 1e-9, f"probabilities above 1: {regimes}"
    return min(fsum(chance * min(max(factor, 0.0), 1.0) for chance, factor in regimes), 1.0)


def drawdown_throttle(drawdown: float, worst: float) -> float:
    """max(0, 1 - DD / DDmax), both positive; 0 where the drawdown isn't known."""
    assert worst > 0.0, f"expected a positive largest drawdown, got {worst}"
    return min(max(1.0 - drawdown / worst, 0.0), 1.0) if drawdown == drawdown else 0.0


def whole_lots(budget: Decimal, price: Decimal, instrument: Instrument) -> Decimal:
    """The most whole lots that cost no more than `budget` and that the venue takes in one order."""
    assert price > ZERO, f"expected a positive price, got {price}"
    if not budget > ZERO:
        return ZERO
    quantity = floor_to(min(budget / price, instrument.quantity_max), instrument.lot_size)
    # The quotient is rounded at its 28th digit, which may be up.
    return quantity - instrument.lot_size if quantity * price > budget else quantity


def tradable(quantity: Decimal, price: Decimal, instrument: Instrument) -> bool:
    """Whether the venue takes an order this small."""
    return quantity >= instrument.quantity_least and (quantity * price >= instrument.notional_min)


def full_kelly(bet: Bet) -> float:
    """The share of equity to hold that puts Kelly's fraction at risk; 0 without edge, stop or number."""
    known = isfinite(bet.probability + bet.won + bet.lost)
    if not known or bet.won <= 0.0 or bet.lost < RISK_LEAST:
        return 0.0
    return kelly(bet.probability, bet.won / bet.lost) / bet.lost


def size(it: Bet | Portion, policy: SizingPolicy, instrument: Instrument) -> Sized:
    """The position to hold, in whole lots; zero where any step leaves nothing."""
    assert it.direction in (1, -1), f"expected a direction of 1 or -1, got {it.direction}"
    assert 0.0 < policy.fraction <= 1.0, f"expected a fraction of Kelly up to 1, got {policy.fraction}"
    if isinstance(it, Bet):
        full = full_kelly(it)
        own = _of_a_bet(it, policy, full)
    else:
        full = it.share
        own = _of_a_share(it, policy)
    steps: list[SizeStep] = []
    weight = full
    for stage, factor, why in (*own, *_of_both(it, policy)):
        weight *= factor
        steps.append(SizeStep(stage, factor, weight, why))
    if it.room is not None:
        room, why = _share_of_room(it, it.room)
        held = min(weight, room)
        steps.append(SizeStep(Stage.LIMITS, _ratio(held, weight) if room else 0.0, held, why))
    return _in_lots(it, full, weight, steps, instrument)


def _in_lots(
    it: Circumstances, full: float, weight: float, steps: list[SizeStep], instrument: Instrument
) -> Sized:
    """What the venue takes of it; `weight` is what was wanted before the limits, which are exact."""
    quantity, held = ZERO, steps[-1].weight
    if held > 0.0 and it.equity > ZERO:
        quantity = whole_lots(it.equity * from_float(weight, _EXACT), it.price, instrument)
        if it.room is not None:
            quantity = min(quantity, floor_to(it.room, instrument.lot_size))
        steps.append(_rounded(it, held, quantity))
        if not tradable(quantity, it.price, instrument):
            smallest = f"the venue takes no order below {instrument.notional_min} {instrument.quote}"
            steps.append(SizeStep(Stage.MINIMUM, 0.0, 0.0, smallest))
            quantity = ZERO
    return Sized(quantity * it.direction, full, tuple(steps))


Factor = tuple[Stage, float, str]


def _of_a_bet(bet: Bet, policy: SizingPolicy, full: float) -> list[Factor]:
    """From full Kelly to a stake that an estimate deserves, never above the strategy's share."""
    edge = float(full > 0.0 and bet.edge > policy.margin)
    factors = [
        (Stage.EDGE, edge, f"edge {bet.edge:.3%} after costs, {policy.margin:.3%} needed"),
        (Stage.FRACTION, policy.fraction, f"{policy.fraction:.0%} of full Kelly"),
        _chance(bet, policy, full),
        _record(bet),
    ]
    if bet.share == inf:
        return factors
    left = full
    for _, factor, _ in factors:
        left *= factor
    return [*factors, (Stage.SHARE, _ratio(bet.share, left), f"its share is {bet.share:.1%} of equity")]


def _of_a_share(it: Portion, policy: SizingPolicy) -> list[Factor]:
    """What confidence and its own trades leave of a strategy's share."""
    return [
        (Stage.SHARE, 1.0 if it.share > 0.0 else 0.0, f"its share is {it.share:.1%} of equity"),
        (Stage.CONFIDENCE, _part(it.confidence), f"confidence {it.confidence:.2f}"),
        _trades(it, policy),
    ]


def _of_both(it: Circumstances, policy: SizingPolicy) -> list[Factor]:
    """What the market, the desk and the account leave."""
    scale = volatility_weight(it.volatility, policy.volatility_target, policy.volatility_floor)
    known = isfinite(it.volatility)
    told = f"volatility {it.volatility:.0%}, target {policy.volatility_target:.0%}"
    regime = _known(regime_factor(it.regimes))
    return [
        (Stage.VOLATILITY, scale, told if known else "volatility is not known yet"),
        (Stage.REGIME, regime, "by the chance of each regime" if regime else "the regime allows no position"),
        _trust(it, policy),
        (Stage.MODE, _part(it.mode), f"mode and breakers leave {it.mode:.0%}"),
        (
            Stage.DRAWDOWN,
            drawdown_throttle(it.drawdown, policy.drawdown_max),
            f"drawdown {it.drawdown:.1%} of {policy.drawdown_max:.0%}",
        ),
    ]


def _trust(it: Circumstances, policy: SizingPolicy) -> Factor:
    """Halved once while the chances don't come true: what the mode halves already isn't halved again."""
    if it.calibrated:
        return Stage.CALIBRATION, 1.0, "chances hold"
    factor = _ratio(policy.defensive, it.mode)
    return Stage.CALIBRATION, factor, "chances are in doubt" + (", as the mode says" if factor == 1.0 else "")


def _trades(it: Portion, policy: SizingPolicy) -> Factor:
    """What Kelly makes of the strategy's own round trips, where there are enough of them."""
    record = it.record
    if record is None or record.effective < policy.trades_min:
        seen = record.effective if record is not None else 0.0
        return Stage.TRADES, 1.0, f"insufficient data: {seen:.0f} of {policy.trades_min} trades of its own"
    told = f"{record.wins} of {record.count} won, counts as {record.cautious:.1%}"
    factor = _ratio(policy.fraction * record.full, it.share)
    if factor < policy.trades_floor:
        return Stage.TRADES, policy.trades_floor, f"{told}: no edge that carries more"
    return Stage.TRADES, factor, told


def _chance(bet: Bet, policy: SizingPolicy, full: float) -> tuple[Stage, float, str]:
    """What Kelly loses where the chance is only an estimate: its lower quantile counts instead."""
    if full <= 0.0:
        return Stage.CHANCE, 1.0, "no stake to doubt"
    cautious = cautious_probability(bet.probability, bet.outcomes, policy.caution)
    lower = full_kelly(msgspec.structs.replace(bet, probability=cautious))
    return Stage.CHANCE, _ratio(lower, full), f"chance {bet.probability:.1%} counts as {cautious:.1%}"


def _record(bet: Bet) -> tuple[Stage, float, str]:
    """What a Sharpe ratio of a short record is worth."""
    if bet.years == inf:
        return Stage.RECORD, 1.0, "no record to doubt"
    factor = shrinkage(max(bet.sharpe, 0.0), bet.years) if bet.years > 0.0 else 0.0
    return Stage.RECORD, _known(factor), f"Sharpe {bet.sharpe:.2f} over {bet.years:.1f} years"


def _share_of_room(it: Circumstances, room: Decimal) -> tuple[float, str]:
    """The share of equity that the limits let it hold; nothing of nothing."""
    if not it.equity > ZERO:
        return 0.0, "there is no equity"
    share = float(max(room, ZERO) * it.price / it.equity)
    return share, f"the limits leave {share:.2%} of equity"


def _rounded(bet: Circumstances, weight: float, quantity: Decimal) -> SizeStep:
    """The step that rounding down to whole lots was."""
    factor = min(float(quantity * bet.price / bet.equity) / weight, 1.0)
    return SizeStep(Stage.LOTS, factor, weight * factor, f"{quantity} are whole lots")


def _ratio(part: float, whole: float) -> float:
    """part / whole within 0 to 1; 1 of nothing, which no step reduced."""
    return min(part / whole, 1.0) if whole > 0.0 else 1.0


def _part(value: float) -> float:
    """`value` within 0 to 1; 0 where it is NaN."""
    return min(value, 1.0) if value > 0.0 else 0.0


def _known(factor: float) -> float:
    """`factor`, or 0 where it is NaN."""
    return factor if factor == factor else 0.0
