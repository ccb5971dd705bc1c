"""Order-book imbalance scalper: buys at the bid while depth, microprice and trade flow agree, leaves soon.

Three pieces of evidence must point the same way on several book updates in a row: the volume of the best
levels, the microprice against the mid, and the sign of recent trades. Going out takes less than going in,
an entry that isn't filled soon is withdrawn, and after each round it rests: a book flickers, positions
shouldn't.
All times are market time.
"""

from __future__ import annotations

from enum import Enum
from math import isfinite
from typing import Annotated, ClassVar

import msgspec

from midas.api import SECOND, Briefing, Contribution, Family, Hears, MarketView, Opinion, Reading, Urgency

Share = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
Seconds = Annotated[float, msgspec.Meta(gt=0.0, le=3600.0)]


class BookParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence lies between -1 (sellers) and +1 (buyers)."""

    levels: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    imbalance_enter: Share = 0.35
    imbalance_leave: Annotated[float, msgspec.Meta(gt=-1.0, lt=1.0)] = -0.5
    edge_enter: Share = 0.2  # microprice - mid, in half spreads
    flow_enter: Share = 0.1
    confirm: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5  # updates in a row; one comes every 100 ms
    patience_s: Seconds = 15.0  # for an entry to be filled
    hold_min_s: Seconds = 3.0
    hold_max_s: Seconds = 45.0
    rest_s: Seconds = 5.0
    adverse_bps: Annotated[float, msgspec.Meta(gt=0.0, le=1000.0)] = 4.0  # below the entry price

    def __post_init__(self) -> None:
        """Refuse thresholds in the wrong order: they would enter and leave on every update."""
        if self.imbalance_leave >= self.imbalance_enter:
            raise ValueError("expected imbalance_leave < imbalance_enter")
        if self.hold_min_s >= self.hold_max_s:
            raise ValueError("expected hold_min_s < hold_max_s")


class Stage(Enum):
    """Where one round stands."""

    IDLE = "IDLE"
    ENTERING = "ENTERING"
    HOLDING = "HOLDING"
    LEAVING = "LEAVING"
    RESTING = "RESTING"


class Round:
    """What the strategy remembers of one instrument."""

    __slots__ = ("since", "stage", "streak")

    def __init__(self) -> None:
        self.stage = Stage.IDLE
        self.since = 0
        self.streak = 0  # updates in a row that speak for the next stage

    def move(self, stage: Stage, time: int) -> None:
        """Begin the next stage."""
        self.stage, self.since, self.streak = stage, time, 0


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """What book and tape say now."""

    imbalance: float
    edge: float  # microprice - mid, in half spreads
    flow: float
    spread_bps: float


class BookImbalance:
    """One instance for all instruments; each has its own round."""

    name: ClassVar[str] = "book-imbalance"
    family: ClassVar[Family] = Family.SCALPING
    hears: ClassVar[str] = Hears.BOOK
    trades_unknown: ClassVar[bool] = True  # its evidence is the book; what UNKNOWN does is halve its size
    Parameters: ClassVar[type[msgspec.Struct]] = BookParameters

    def __init__(self, parameters: BookParameters) -> None:
        self._parameters = parameters
        self._rounds: dict[str, Round] = {}
        self._stages = {
            Stage.IDLE: self._idle,
            Stage.ENTERING: self._entering,
            Stage.HOLDING: self._holding,
            Stage.LEAVING: self._leaving,
            Stage.RESTING: self._resting,
        }

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """An opinion where a round begins or ends, None in between and without a book."""
        evidence = self._evidence(market)
        if evidence is None:
            return None
        place = self._rounds.get(market.instrument.id)
        if place is None:
            place = self._rounds[market.instrument.id] = Round()
        return self._stages[place.stage](place, evidence, market, briefing)

    def _evidence(self, market: MarketView) -> Evidence | None:
        half_spread = 0.5 * (market.ask_price - market.bid_price)
        if not (market.book_valid and half_spread > 0.0):
            return None
        edge = (market.microprice() - market.mid) / half_spread
        imbalance = market.imbalance(self._parameters.levels)
        if not isfinite(edge + imbalance + market.flow):
            return None
        return Evidence(
            imbalance, min(max(edge, -1.0), 1.0), market.flow, 2.0 * half_spread / market.mid * 1e4
        )

    def _idle(
        self, place: Round, evidence: Evidence, market: MarketView, briefing: Briefing
    ) -> Opinion | None:
        p = self._parameters
        if briefing.position > 0.0:  # left over from before a restart
            place.move(Stage.HOLDING, market.time)
            return None
        agree = (
            evidence.imbalance >= p.imbalance_enter
            and evidence.edge >= p.edge_enter
            and evidence.flow >= p.flow_enter
        )
        place.streak = place.streak + 1 if agree else 0
        if place.streak < p.confirm:
            return None
        place.move(Stage.ENTERING, market.time)
        return self._opinion(1.0, evidence, "depth, microprice and flow agree")

    def _entering(
        self, place: Round, evidence: Evidence, market: MarketView, briefing: Briefing
    ) -> Opinion | None:
        if briefing.position > 0.0:
            place.move(Stage.HOLDING, market.time)
            return None
        if market.time - place.since > self._parameters.patience_s * SECOND:
            return self._leave(place, evidence, market, "the entry led to no position in time")
        return self._reversed(place, evidence, market)

    def _holding(
        self, place: Round, evidence: Evidence, market: MarketView, briefing: Briefing
    ) -> Opinion | None:
        p, held = self._parameters, market.time - place.since
        if briefing.position <= 0.0:  # closed by someone else
            place.move(Stage.RESTING, market.time)
            return None
        if market.mid < briefing.average_price * (1.0 - p.adverse_bps / 1e4):
            return self._leave(place, evidence, market, "adverse move", Urgency.AGGRESSIVE)
        if held > p.hold_max_s * SECOND:
            return self._leave(place, evidence, market, "horizon reached")
        return self._reversed(place, evidence, market) if held > p.hold_min_s * SECOND else None

    def _leaving(
        self, place: Round, evidence: Evidence, market: MarketView, briefing: Briefing
    ) -> Opinion | None:
        """Until the position is gone; what an entry bought after it was given up is sold too."""
        if briefing.position > 0.0 and market.time - place.since > self._parameters.rest_s * SECOND:
            return self._leave(place, evidence, market, "still held", Urgency.AGGRESSIVE)
        if briefing.position <= 0.0 and market.time - place.since > SECOND:
            place.move(Stage.RESTING, market.time)
        return None

    def _resting(
        self, place: Round, evidence: Evidence, market: MarketView, briefing: Briefing
    ) -> Opinion | None:
        if market.time - place.since > self._parameters.rest_s * SECOND:
            place.move(Stage.IDLE, market.time)
        return None

    def _reversed(self, place: Round, evidence: Evidence, market: MarketView) -> Opinion | None:
        """Leave once the imbalance has turned on several updates in a row."""
        turned = evidence.imbalance <= self._parameters.imbalance_leave
        place.streak = place.streak + 1 if turned else 0
        if place.streak < self._parameters.confirm:
            return None
        return self._leave(place, evidence, market, "the imbalance has turned")

    def _leave(
        self,
        place: Round,
        evidence: Evidence,
        market: MarketView,
        reason: str,
        urgency: Urgency = Urgency.PASSIVE,
    ) -> Opinion:
        place.move(Stage.LEAVING, market.time)
        return self._opinion(0.0, evidence, reason, urgency)

    def _opinion(
        self, direction: float, evidence: Evidence, reason: str, urgency: Urgency = Urgency.PASSIVE
    ) -> Opinion:
        e = evidence
        strength = (e.imbalance + e.edge + e.flow) / 3.0
        return Opinion(
            direction=direction,
            confidence=min(max(strength, 0.0), 1.0) if direction else 1.0,
            contributions=(
                Contribution("imbalance", e.imbalance / 3.0),
                Contribution("microprice", e.edge / 3.0),
                Contribution("flow", e.flow / 3.0),
            ),
            horizon_ns=int(self._parameters.hold_max_s * SECOND),
            urgency=urgency,
            reason=reason,
            inputs=(
                Reading("imbalance", e.imbalance),
                Reading("microprice edge", e.edge),
                Reading("flow", e.flow),
                Reading("spread bp", e.spread_bps),
            ),
        )
