"""From a signal to the circumstances that its size is computed from, as `statistics.sizing` wants them."""

from __future__ import annotations

from decimal import Decimal
from math import floor, isfinite

import msgspec

from midas.analysis.regime import POLICIES
from midas.costs import BPS, Conditions, CostModel
from midas.domain.money import from_float
from midas.domain.opinion import RegimeLabel, Signal, Urgency
from midas.state.state import State
from midas.statistics.sizing import Bet, Circumstances, Portion, SizingPolicy
from midas.statistics.track import TrackRecord, track_record

_EXACT = Decimal("1e-12")  # finer than any tick or cent
_CHANCES = 1000  # chances count in thousandths, rounded down: what so few values look up is kept


class Sizing:
    """Reads what a size depends on; keeps each strategy's track record until it trades again."""

    def __init__(self, policy: SizingPolicy, costs: CostModel) -> None:
        self.policy = policy
        self._costs = costs
        self._records: dict[str, tuple[object, TrackRecord]] = {}

    def of(self, signal: Signal, share: float, volatility: float, room: float, state: State) -> Bet | Portion:
        """`volatility` is annual; `room`, a share of equity, is read only where the signal states its bet."""
        control, regime = state.control, state.regimes.get(signal.instrument)
        market, now = state.markets[signal.instrument], state.calibration
        bet = signal.gain is not None and signal.loss is not None and signal.probability is not None
        strength = min(abs(signal.direction), 1.0)
        common = msgspec.structs.asdict(
            Circumstances(
                direction=1 if signal.direction > 0.0 else -1, share=share, volatility=volatility,
                confidence=strength if bet else strength * signal.confidence,
                regimes=((1.0, POLICIES[regime.label if regime else RegimeLabel.UNKNOWN].size_factor),),
                calibrated=not now.doubted(signal.strategy),
                # Risk refuses where the mode allows nothing.
                mode=(control.permissions.exposure or 1.0) * state.breakers.factor,
                drawdown=state.drawdown, equity=from_float(state.equity(), _EXACT),
                price=from_float(market.mid, _EXACT),
            )
        )  # fmt: skip
        if signal.gain is None or signal.loss is None or signal.probability is None:
            return Portion(**common, record=self.record(signal.strategy, state))
        known = max(now.effective(signal.strategy), self.policy.trades_min)
        common.update(room=room)
        return Bet(
            **common, probability=floor(signal.probability * _CHANCES) / _CHANCES, gain=signal.gain,
            loss=signal.loss, cost=self._cost(signal, state), outcomes=float(int(known)),
        )  # fmt: skip

    def record(self, strategy: str, state: State) -> TrackRecord | None:
        """What the strategy's own closed round trips say; None before the first."""
        trips = state.ledger.trips.get(strategy)
        if not trips:
            return None
        kept = self._records.get(strategy)
        if kept is None or kept[0] is not trips:
            kept = self._records[strategy] = trips, track_record(trips, self.policy.caution)
        return kept[1]

    def _cost(self, signal: Signal, state: State) -> float:
        """Of the round trip, of price: in as the signal asks, out as a taker, the way that is always open."""
        market = state.markets[signal.instrument]
        spread = (market.ask_price - market.bid_price) / market.mid * BPS
        maker = signal.urgency is Urgency.PASSIVE
        cost = self._costs.round_trip_bps(0.0, maker, Conditions(spread_bps=spread)) / BPS
        return cost if isfinite(cost) else 1.0
