"""How large a position may be: a full Kelly stake that each step, in this order, can only reduce.

Every step says its factor and why, so that a screen can explain a size. Shares of equity and of price are
floats, volatilities annual; what leaves is an exact quantity in whole lots, rounded towards zero. What
isn't known makes a size of zero and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from math import fsum, inf, isfinite, nan

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, floor_to, from_float
from midas.statistics.kelly import CAUTION, cautious_probability, kelly, shrinkage

RISK_LEAST = 1e-6  # of price: a stop nearer than that is no stop, and the stake would have no bound
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


class Bet(msgspec.Struct, frozen=True, kw_only=True):
    """What one size is computed from. `gain`, `loss` and `cost` are fractions of price."""

    direction: int  # 1 or -1
    probability: float  # of the gain, calibrated
    gain: float  # at the target
    loss: float  # at the stop, gap included
    cost: float  # of the round trip
    outcomes: float = inf  # effective, that the probability was estimated from
    sharpe: float = nan  # annual, of the strategy; only read where `years` is finite
    years: float = inf  # of the record behind it
    volatility: float
    regimes: tuple[tuple[float, float], ...] = ()  # filtered probability and multiplier of each
    calibrated: bool = True
    drawdown: float = 0.0  # positive
    room: float  # share of equity that the hard limits leave
    equity: Decimal  # in quote currency
    price: Decimal

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


class Stage(Enum):
    """The steps of sizing, in their order."""

    EDGE = "edge"
    FRACTION = "fraction of Kelly"
    CHANCE = "uncertain chance"
    RECORD = "short record"
    VOLATILITY = "volatility"
    REGIME = "regime"
    CALIBRATION = "calibration"
    DRAWDOWN = "drawdown"
    LIMITS = "hard limits"
    LOTS = "whole lots"
    MINIMUM = "smallest order"


class Step(msgspec.Struct, frozen=True):
    """What one step did: `weight`, the share of equity after it, is the one before times `factor`."""

    stage: Stage
    factor: float  # 0 to 1
    weight: float
    why: str


class Sized(msgspec.Struct, frozen=True):
    """A desired position, and every step on the way to it."""

    quantity: Decimal  # base units, negative: short
    full: float  # share of equity that full Kelly would hold
    steps: tuple[Step, ...]

    @property
    def binding(self) -> Step:
        """The step that took most: the first that left nothing, or the smallest factor but Kelly's own."""
        optional = (step for step in self.steps if step.stage is not Stage.FRACTION)
        return min(optional, key=lambda step: step.factor)


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
    return quantity >= max(instrument.quantity_min, instrument.lot_size) and (
        quantity * price >= instrument.notional_min
    )


def full_kelly(bet: Bet) -> float:
    """The share of equity to hold that puts Kelly's fraction at risk; 0 without edge, stop or number."""
    known = isfinite(bet.probability + bet.won + bet.lost)
    if not known or bet.won <= 0.0 or bet.lost < RISK_LEAST:
        return 0.0
    return kelly(bet.probability, bet.won / bet.lost) / bet.lost


def size(bet: Bet, policy: SizingPolicy, instrument: Instrument) -> Sized:
    """The position to hold, in whole lots; zero where any step leaves nothing."""
    assert bet.direction in (1, -1), f"expected a direction of 1 or -1, got {bet.direction}"
    assert 0.0 < policy.fraction <= 1.0, f"expected a fraction of Kelly up to 1, got {policy.fraction}"
    full = full_kelly(bet)
    steps: list[Step] = []
    weight = full
    for stage, factor, why in _factors(bet, policy, full):
        weight *= factor
        steps.append(Step(stage, factor, weight, why))
    room, why = _room(bet)
    held = min(weight, room)
    steps.append(Step(Stage.LIMITS, _ratio(held, weight) if room else 0.0, held, why))
    quantity = ZERO
    if held > 0.0:
        quantity = whole_lots(bet.equity * _exact(held, room), bet.price, instrument)
        steps.append(_rounded(bet, held, quantity))
        if not tradable(quantity, bet.price, instrument):
            smallest = f"the venue takes no order below {instrument.notional_min} {instrument.quote}"
            steps.append(Step(Stage.MINIMUM, 0.0, 0.0, smallest))
            quantity = ZERO
    return Sized(quantity * bet.direction, full, tuple(steps))


def _factors(bet: Bet, policy: SizingPolicy, full: float) -> list[tuple[Stage, float, str]]:
    """Everything between full Kelly and the hard limits, in order."""
    edge = float(full > 0.0 and bet.edge > policy.margin)
    scale = volatility_weight(bet.volatility, policy.volatility_target, policy.volatility_floor)
    trust = 1.0 if bet.calibrated else policy.defensive
    return [
        (Stage.EDGE, edge, f"edge {bet.edge:.3%} after costs, {policy.margin:.3%} needed"),
        (Stage.FRACTION, policy.fraction, f"{policy.fraction:.0%} of full Kelly"),
        _chance(bet, policy, full),
        _record(bet),
        (Stage.VOLATILITY, scale, f"volatility {bet.volatility:.0%}, target {policy.volatility_target:.0%}"),
        (Stage.REGIME, _known(regime_factor(bet.regimes)), "multipliers by the chance of each regime"),
        (Stage.CALIBRATION, trust, "chances hold" if bet.calibrated else "chances are in doubt"),
        (
            Stage.DRAWDOWN,
            drawdown_throttle(bet.drawdown, policy.drawdown_max),
            f"drawdown {bet.drawdown:.1%} of {policy.drawdown_max:.0%}",
        ),
    ]


def _chance(bet: Bet, policy: SizingPolicy, full: float) -> tuple[Stage, float, str]:
    """What Kelly loses where the chance is only an estimate: its lower quantile counts instead."""
    cautious = cautious_probability(bet.probability, bet.outcomes, policy.caution)
    lower = full_kelly(msgspec.structs.replace(bet, probability=cautious))
    return Stage.CHANCE, _ratio(lower, full), f"chance {bet.probability:.1%} counts as {cautious:.1%}"


def _record(bet: Bet) -> tuple[Stage, float, str]:
    """What a Sharpe ratio of a short record is worth."""
    if bet.years == inf:
        return Stage.RECORD, 1.0, "no record to doubt"
    factor = shrinkage(max(bet.sharpe, 0.0), bet.years) if bet.years > 0.0 else 0.0
    return Stage.RECORD, _known(factor), f"Sharpe {bet.sharpe:.2f} over {bet.years:.1f} years"


def _room(bet: Bet) -> tuple[float, str]:
    """The share of equity that may be held; nothing of nothing, and nothing where it isn't known."""
    if not bet.equity > ZERO:
        return 0.0, "there is no equity"
    room = bet.room if bet.room > 0.0 else 0.0
    return room, f"the limits leave {room:.2%} of equity"


def _rounded(bet: Bet, weight: float, quantity: Decimal) -> Step:
    """The step that rounding down to whole lots was."""
    factor = min(float(quantity * bet.price / bet.equity) / weight, 1.0)
    return Step(Stage.LOTS, factor, weight * factor, f"{quantity} are whole lots")


def _exact(weight: float, room: float) -> Decimal:
    """`weight` as an exact share of equity, never above `room` as it is written."""
    return min(from_float(weight, _EXACT), Decimal(repr(room)))


def _ratio(part: float, whole: float) -> float:
    """part / whole within 0 to 1; 1 of nothing, which no step reduced."""
    return min(part / whole, 1.0) if whole > 0.0 else 1.0


def _known(factor: float) -> float:
    """`factor`, or 0 where it is NaN."""
    return factor if factor == factor else 0.0
