"""The one cost model: strategies, sizing, routing, labels and the exchange all charge the same.

Expected cost of an order against the mid at decision time, in basis points of its notional:

    fee + spread_fraction * spread * (1 + 0.5 v) + Y * sigma_day * sqrt(Q / V_day)

`v` is the volatility now over its normal (1 is normal). Where `spread` is the one quoted now it has widened
with v by itself, and calibration finds a smaller weight than 0.5. The last term is the square-root law
(Torre 1997; Almgren et al. 2005), charged in full at any size: a threshold invites splitting just below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from math import fsum, log, nan, sqrt

import msgspec

from midas.domain.market import Bar
from midas.domain.time import DAY

BPS = 10_000.0
VOLATILITY_MAX = 5.0  # clip of v: past it the estimate of v is broken rather than the market


class FeeSchedule(msgspec.Struct, frozen=True):
    """A venue's fees as fractions of what changes hands, exact; a rebate is negative."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")

    def fee(self, amount: Decimal, maker: bool) -> Decimal:
        """The exact fee of one fill over `amount`, in the same asset."""
        return amount * (self.maker if maker else self.taker)

    def bps(self, maker: bool) -> float:
        """The fee as evidence, in basis points."""
        return float(self.maker if maker else self.taker) * BPS


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """The market that an order would meet."""

    spread_bps: float  # quoted, of the mid
    volatility_ratio: float = 1.0  # now over its own median
    volatility_day: float | None = None  # deviation of a day's return; None: impact isn't charged
    volume_day: float | None = None  # base units


class Cost(msgspec.Struct, frozen=True):
    """An expected cost by its parts, in basis points; negative is earned."""

    fee_bps: float
    spread_bps: float
    impact_bps: float

    @property
    def total_bps(self) -> float:
        """All parts together."""
        return self.fee_bps + self.spread_bps + self.impact_bps


class CostModel(msgspec.Struct, frozen=True, kw_only=True):
    """What trading costs here. The fractions and `impact` are calibrated on our own fills."""

    fees: FeeSchedule = FeeSchedule()
    taker_fraction: float = 0.5  # against the mid a marketable order pays half the quoted spread
    maker_fraction: float = 0.0  # -0.5 would be the whole half-spread earned, with no adverse selection
    volatility_weight: float = 0.5  # of v; documented for a mean spread
    impact: float = 1.0  # Y of the square-root law, 0.5 to 1 in the literature

    def expected(self, quantity: float, maker: bool, conditions: Conditions) -> Cost:
        """The cost of trading `quantity` base units now; NaN parts where the market isn't known."""
        assert quantity >= 0.0, f"expected a quantity without sign, got {quantity}"
        fraction = self.maker_fraction if maker else self.taker_fraction
        return Cost(
            self.fees.bps(maker),
            fraction
            * spread_cost_bps(conditions.spread_bps, conditions.volatility_ratio, self.volatility_weight),
            0.0 if maker else self._impact_bps(quantity, conditions),
        )

    def expected_bps(self, quantity: float, maker: bool, conditions: Conditions) -> float:
        """The total of `expected`."""
        return self.expected(quantity, maker, conditions).total_bps

    def round_trip_bps(self, quantity: float, maker_entry: bool, conditions: Conditions) -> float:
        """Into a position and out of it again as a taker, the way out that is always open."""
        entry = self.expected_bps(quantity, maker_entry, conditions)
        return entry + self.expected_bps(quantity, False, conditions)

    def _impact_bps(self, quantity: float, conditions: Conditions) -> float:
        if conditions.volume_day is None or conditions.volatility_day is None:
            return 0.0
        if quantity == 0.0:
            return 0.0
        if conditions.volume_day <= 0.0:
            return float("inf")  # nobody to trade with
        return impact_bps(conditions.volatility_day, quantity / conditions.volume_day, self.impact)


def spread_cost_bps(spread_bps: float, volatility_ratio: float, weight: float = 0.5) -> float:
    """The documented slippage S (1 + 0.5 v) of a whole spread, v clipped to [0, 5]."""
    if volatility_ratio != volatility_ratio:
        return nan
    return spread_bps * (1.0 + weight * min(max(volatility_ratio, 0.0), VOLATILITY_MAX))


def impact_bps(volatility_day: float, participation: float, coefficient: float = 1.0) -> float:
    """Square-root impact Y * sigma_day * sqrt(Q / V_day), in basis points."""
    return coefficient * volatility_day * sqrt(participation) * BPS


def of_day(bars: Sequence[Bar]) -> tuple[float, float]:
    """A day's volatility (deviation of log returns) and volume (base units), from bars of one length."""
    assert len(bars) > 1, f"expected at least two bars, got {len(bars)}"
    days = DAY / bars[-1].period
    moves = [log(after.close / before.close) for before, after in pairwise(bars)]
    volatility = sqrt(fsum(move * move for move in moves) / len(moves) * days)
    return volatility, fsum(bar.volume for bar in bars) / len(bars) * days


class Execution(msgspec.Struct, frozen=True):
    """One fill as the measurement of cost needs it."""

    price: float
    quantity: float


def shortfall_bps(executions: list[Execution], wanted: float, sign: int, arrival: float, end: float) -> float:
    """Implementation shortfall without fees (Perold 1988) of an order for `wanted` base units.

    `sign` is +1 for a buy, `arrival` the mid at decision time, `end` the price that the unfilled rest
    is charged with.
    """
    assert wanted > 0.0, f"expected a wanted quantity, got {wanted}"
    assert arrival > 0.0, f"expected an arrival price, got {arrival}"
    paid = sum(e.quantity * (e.price - arrival) for e in executions)
    unfilled = wanted - sum(e.quantity for e in executions)
    return sign * (paid + unfilled * (end - arrival)) / (wanted * arrival) * BPS
