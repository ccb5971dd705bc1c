"""What an order would do, before anybody sends it: from our own book, limits and cost model."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import isfinite, nan

import msgspec

from midas.agents.risk_manager import RiskManager
from midas.costs import CostModel
from midas.domain.command import Review
from midas.domain.mode import Mode
from midas.domain.money import from_float, plain
from midas.domain.order import OrderIntent, OrderType, Purpose, Side, TimeInForce
from midas.domain.verdict import once
from midas.engine.what_if import moves
from midas.execution.walk import NOTHING_TAKEN, Taken, ahead, take
from midas.risk.exposure import worst_case
from midas.risk.fat_finger import unusually_large
from midas.risk.tail import TailDesk
from midas.state.market import InstrumentMarket
from midas.state.state import State
from midas.statistics.portfolio_risk import Marginal

SHARE_WARNS = 0.25  # of the best five levels: such an order moves the price
DISTANCE_WARNS = 0.01  # from the mid: more is a slip of the keyboard, or a long wait


class Reviewer:
    """Reviews orders that aren't sent yet; changes nothing."""

    def __init__(self, state: State, risk: RiskManager, costs: CostModel, tail: TailDesk) -> None:
        self._state = state
        self._risk = risk
        self._costs = costs
        self._tail = tail

    def order(self, intent: OrderIntent, against: tuple[str, ...] = ()) -> Review:
        """The whole review of one order; `against` is what its sender knows against it already."""
        state = self._state
        market = state.markets[intent.instrument]
        objections = once(b.sentence for b in self._risk.objections(intent, state))
        would_take = take(market, intent.side, intent.quantity, intent.price)
        posted = intent.type is OrderType.LIMIT_MAKER
        crossing = (_crossing(intent, market),) if posted and would_take.quantity else ()
        taken = NOTHING_TAKEN if posted else would_take
        breaches = tuple(dict.fromkeys((*against, *crossing, *objections)))
        large = unusually_large(self._risk.limits, intent, state)
        warnings = (*((large,) if large else ()), *self._warnings(intent, market, taken))
        review = self._figures(intent, market, taken, breaches, warnings)
        return msgspec.structs.replace(review, large=large) if large else review

    def sale(self, intent: OrderIntent, warnings: tuple[str, ...] = ()) -> Review:
        """As `order`, for the closing of a position: it reduces, so no limit is asked."""
        market = self._state.markets[intent.instrument]
        taken = take(market, intent.side, intent.quantity)
        said = (*warnings, *_book_warnings(market, taken))
        return self._figures(intent, market, taken, (), said)

    def _figures(
        self, intent: OrderIntent, market: InstrumentMarket, taken: Taken,
        breaches: tuple[str, ...], warnings: tuple[str, ...],
    ) -> Review:  # fmt: skip
        quantity, limit = float(intent.quantity), float(intent.price or 0)
        at_once = intent.time_in_force is TimeInForce.IOC
        rests = 0.0 if at_once else max(0.0, quantity - taken.quantity)
        price = (taken.average or limit) if at_once else limit
        fees = self._costs.fees
        paid = taken.quantity * taken.average * fees.bps(False) + rests * limit * fees.bps(True)
        slippage = (taken.average / market.book_mid - 1.0) * 1e4 * intent.side.sign if taken.quantity else 0.0
        before = ahead(market, intent.side, intent.price) if rests and intent.price is not None else 0.0
        tail = self._tail.what_if(
            intent.instrument, intent.side.sign * quantity, self._state, self._risk.limits.assets
        )
        review = Review(
            intent.side.value, quantity, price, _known(quantity * price), _known(paid / 1e4),
            _known(slippage), taken.quantity, before, _known(self._share(intent)), breaches, warnings,
            moves=moves(self._state, self._risk.limits, self._risk.correlations, intent),
        )  # fmt: skip
        return _with_tail(review, tail, self._tail.rules.horizons[0])

    def _share(self, intent: OrderIntent) -> float:
        """The instrument's worst case after this order, as a fraction of equity."""
        state, assets = self._state, self._risk.limits.assets
        if intent.side is Side.BUY:
            return worst_case(state, assets, order=intent).by_instrument[intent.instrument]
        now = worst_case(state, assets)
        sold = float(intent.quantity) * state.markets[intent.instrument].mark
        return max(0.0, now.by_instrument[intent.instrument] - (sold / now.equity if now.equity else nan))

    def _warnings(self, intent: OrderIntent, market: InstrumentMarket, taken: Taken) -> Iterator[str]:
        state, quantity = self._state, float(intent.quantity)
        yield from _book_warnings(market, taken)
        if intent.time_in_force is TimeInForce.IOC:
            if taken.quantity < quantity:
                some = _lots(taken, market)
                yield f"only {some} of it would trade within the price collar; the rest expires"
        elif taken.quantity:
            some = "all" if taken.quantity >= quantity else _lots(taken, market)
            yield f"{some} of it would trade at once"
        if intent.price is not None and intent.time_in_force is not TimeInForce.IOC:
            distance = abs(float(intent.price) / market.mid - 1.0)
            if distance > DISTANCE_WARNS:
                yield f"the price is {distance:.1%} from the mid"
        if intent.purpose is Purpose.ENTRY:
            if state.control.mode is Mode.DEFENSIVE:
                yield "mode DEFENSIVE halves what strategies want, not what a person orders"
            if correlated := self._risk.correlated(intent.instrument, state):
                yield correlated
        if not isfinite(state.equity()):
            yield "equity isn't known: something held has no price"


def _lots(taken: Taken, market: InstrumentMarket) -> str:
    instrument = market.instrument
    return f"{plain(from_float(taken.quantity, instrument.lot_size))} {instrument.base}"


def _with_tail(review: Review, tail: Marginal | str, horizon: int) -> Review:
    if isinstance(tail, str):
        return msgspec.structs.replace(review, tail_unknown=tail)
    before, after = tail.before, tail.after
    return msgspec.structs.replace(
        review, horizon=horizon,
        var_before=_known(before.value_at_risk), var_after=_known(after.value_at_risk),
        es_before=_known(before.expected_shortfall), es_after=_known(after.expected_shortfall),
    )  # fmt: skip


def _book_warnings(market: InstrumentMarket, taken: Taken) -> Iterator[str]:
    if not market.book_valid:
        yield f"the book isn't valid ({market.book.reason or 'not seen yet'}): estimated at the best price"
    elif taken.share >= SHARE_WARNS:
        yield f"takes {taken.share:.0%} of the book's best 5 levels"


def _crossing(intent: OrderIntent, market: InstrumentMarket) -> str:
    instrument = market.instrument
    best = instrument.price(market.ask if intent.side is Side.BUY else market.bid)
    what = "the best ask" if intent.side is Side.BUY else "the best bid"
    price = plain(intent.price or Decimal(0))
    return f"a post-only {intent.side.value.lower()} at {price} would trade at once: {what} is {plain(best)}"


def _known(value: float) -> float:
    """A figure that the journal can keep."""
    return value if isfinite(value) else 0.0
