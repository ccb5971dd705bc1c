"""Where the size of a signal starts: at the bet that it states, or at the share of its strategy."""

from __future__ import annotations

from math import floor, isfinite

import msgspec

from midas.costs import BPS, Conditions, CostModel
from midas.domain.opinion import Signal, Urgency
from midas.state.state import State
from midas.statistics.sizing import Bet, Circumstances, Portion, SizingPolicy
from midas.statistics.track import TrackRecord, track_record

TRIPS_COUNTED = 250  # the newest: what a strategy could do a year ago says little of today
_CHANCES = 1000  # chances count in thousandths, rounded down: what so few values look up is kept


class Sizing:
    """Keeps each strategy's track record until it trades again."""

    def __init__(self, policy: SizingPolicy, costs: CostModel) -> None:
        self.policy = policy
        self._costs = costs
        self._records: dict[str, tuple[object, TrackRecord]] = {}

    def of(self, signal: Signal, it: Circumstances, state: State) -> Bet | Portion:
        """Where the size starts: at the bet that the signal states, else at the strategy's share."""
        common = msgspec.structs.asdict(it)
        if signal.gain is None or signal.loss is None or signal.probability is None:
            common.update(room=None, confidence=it.confidence * signal.confidence)
            return Portion(**common, record=self.record(signal.strategy, state))
        known = max(state.calibration.effective(signal.strategy), self.policy.trades_min)
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
            kept = self._records[strategy] = trips, track_record(trips[-TRIPS_COUNTED:], self.policy.caution)
        return kept[1]

    def _cost(self, signal: Signal, state: State) -> float:
        """Of the round trip, of price: in as the signal asks, out as a taker, the way that is always open."""
        market = state.markets[signal.instrument]
        spread = (market.ask_price - market.bid_price) / market.mid * BPS
        maker = signal.urgency is Urgency.PASSIVE
        cost = self._costs.round_trip_bps(0.0, maker, Conditions(spread_bps=spread)) / BPS
        return cost if isfinite(cost) else 1.0
