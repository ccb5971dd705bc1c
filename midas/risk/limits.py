"""The hard limits of R7.1 and the checks of orders: what has a size is a row, the rest functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from midas.domain.instrument import Instrument
from midas.domain.limits import DOLLAR, Assets, Limits
from midas.domain.money import ZERO
from midas.domain.order import OrderIntent, Phase, Purpose, Side
from midas.domain.time import SECOND
from midas.domain.verdict import Breach
from midas.risk.chart import Bound, Chart
from midas.risk.correlation import Correlations
from midas.risk.exposure import Added, Exposure, added, standing
from midas.risk.rows import TOLERANCE, Row, breach, brief, failing, fitting, largest
from midas.state.order import Order
from midas.state.state import State

__all__ = ["RATE_WINDOW", "TOLERANCE", "Assets", "Limits", "cluster", "exposure_rows", "order_rows", "sized"]

RATE_WINDOW = 10 * SECOND
# Asked of every open order: a look into an Enum costs more than the comparison.
BUY, SELL, ENTRY, WORKING = Side.BUY, Side.SELL, Purpose.ENTRY, Phase.WORKING


def exposure_rows(
    limits: Limits, state: State, now: Exposure, one: Added, correlations: Correlations
) -> list[Row]:
    """Every limit of exposure that buying one instrument for one strategy runs into, as it stands now.

    Those that allow all of equity can't bind: a spot account doesn't hold more. The cluster comes last.
    """
    name = one.instrument.id
    place, key = now.chart.places[name], (name, one.strategy)
    cash = Row("cash", "cash", now.cash, one.cost if place.paid else 0.0, limits.cash_min, True)
    known = now.looked.get(key)
    if known is None or known[0] is not limits or place.same_kind:
        groups = _groups(limits, now, one)
        held = groups[0].before  # of the asset itself
        known = now.looked[key] = limits, groups, _together(limits, state, now, one, held, correlations)
    return [*known[1], cash, *known[2]]


def _groups(limits: Limits, now: Exposure, one: Added) -> list[Row]:
    """The limit of the asset comes first."""
    value, share, chart, name = one.value, now.share, now.chart, one.instrument.id
    known = chart.bounds.get(name)
    if known is None or known[0] is not limits:
        known = chart.bounds[name] = limits, tuple(_bounds(limits, chart, one.instrument))
    rows = [
        Row(limit, name, share(group), max(0.0, value - one.cost) if paid_alike else value, maximum)
        for limit, name, group, maximum, paid_alike in known[1]
    ]
    if limits.strategy_max < 1.0:
        rows.append(Row("strategy", one.strategy, now.strategy(one.strategy), value, limits.strategy_max))
    return rows


def _bounds(limits: Limits, chart: Chart, instrument: Instrument) -> Iterator[Bound]:
    """The limits over everything that an instrument counts in, but its strategy."""
    place, group = chart.places[instrument.id], chart.group
    kind, sector, currency, venue = place.kind, place.sector, place.currency, instrument.venue
    yield Bound("position", instrument.name, group("asset", instrument.base), limits.position_max, False)
    yield Bound("sector", sector, group("sector", sector), limits.sector_max, False)
    if kind != "cash":
        yield Bound(kind, kind, group("kind", kind), limits.kind_max(kind), place.same_kind)
    if currency == DOLLAR and limits.usd_max < 1.0:
        yield Bound("usd", "US dollars", group("currency", DOLLAR), limits.usd_max, False)
    if currency and place.foreign and limits.currency_max < 1.0:
        yield Bound("currency", currency, group("currency", currency), limits.currency_max, False)
    if limits.venue_max < 1.0:
        yield Bound("venue", venue, group("venue", venue), limits.venue_max, False)


def _together(
    limits: Limits, state: State, now: Exposure, one: Added, held: float, correlations: Correlations
) -> tuple[Row, ...]:
    """What is held of the asset and of all that moves with it."""
    name, chart, share = one.instrument.id, now.chart, held
    found = cluster(limits, state, now, name, correlations)
    if not found:
        return ()
    for other in found:
        share += now.shares[chart.at[other]]
    key = (name, *found)
    subject = chart.subjects.get(key)
    if subject is None:
        base, *others = (chart.bases[each] for each in key)
        subject = f"{base} together with {', '.join(others)}, which moves with it,"
        chart.subjects[key] = subject
    return (Row("correlation", subject, share, one.value, limits.cluster_max),)


def cluster(
    limits: Limits, state: State, now: Exposure, name: str, correlations: Correlations
) -> dict[str, float]:
    """What is held or being bought and moves with this instrument, with its correlation.

    A spot account is only ever long, so that a negative correlation is a hedge and no breach.
    """
    if limits.cluster_max >= 1.0 or limits.correlation_max >= 1.0:
        return {}
    shares, equity = now.shares, now.equity
    found: dict[str, float] = {}
    for place, other, dust in now.chart.others[name]:
        share = shares[place]
        if not share > 0.0 or share * equity < dust:
            continue  # nothing, or dust
        value = correlations.between(state, name, other)
        if value > limits.correlation_max:
            found[other] = value
    return found


def order_rows(limits: Limits, state: State, now: Exposure, one: Added, price: float | None) -> list[Row]:
    """What limits one order of its size alone, and the money that it needs; no `price`: any."""
    instrument, quote = one.instrument, one.instrument.quote
    price = one.price if price is None else price
    free = now.balance(quote)
    if free is None:
        free = float(state.ledger.balances.get(quote, ZERO)) - _offered(state, quote)
    notional = state.valuation.value(price, quote)
    rows = [
        Row("order notional", "order of", 0.0, notional, limits.order_notional_max, money=state.quote),
        Row("funds", "needed:", now.reserved.get(quote, 0.0), price, free, money=quote),
    ]
    most = limits.order_quantity_max.get(instrument.base)
    if most is not None:
        rows.append(Row("order quantity", "order of", 0.0, 1.0, most, money=instrument.base))
    return rows


def sized(
    limits: Limits, intent: OrderIntent, state: State, correlations: Correlations
) -> tuple[Breach, ...]:
    """Every sized limit that a buy would break, open beside everything else, and what would fit."""
    now = standing(state, limits.assets, intent.replaces)
    price = float(intent.price) if intent.price is not None else None
    one = added(state, now, intent.instrument, intent.strategy, price)
    rows = order_rows(limits, state, now, one, price)
    rows += exposure_rows(limits, state, now, one, correlations)
    return breaches(rows, intent.quantity, one) if failing(rows, float(intent.quantity)) else ()


def breaches(
    rows: Sequence[Row], quantity: Decimal, one: Added, already: Decimal = ZERO, what: str = ""
) -> tuple[Breach, ...]:
    """Those rows that say no to a quantity, of which `already` is counted, and what all of them let pass."""
    more = max(0.0, float(quantity - already))
    found = failing(rows, more)
    if not found:
        return ()
    instrument = one.instrument
    fits = largest(rows, instrument.lot_size, quantity, already)
    return tuple(fitting(breach(row, more), fits, instrument.base, what) for row in found)


# What has no size.


def order_rate(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """Orders planned in the last 10 s of wall time, this one included."""
    rate = state.orders.rate(state.now, RATE_WINDOW) + 1
    if rate <= limits.order_rate_max:
        return None
    sentence = f"{rate} orders in 10 s, at most {limits.order_rate_max}"
    return Breach("order rate", rate, limits.order_rate_max, sentence)


def duplicate(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """The same order, asked for again while nobody has answered the first."""
    for order in state.orders.open.values():
        if order.phase is WORKING and not order.unknown_since:
            continue  # answered
        age = intent.created_at - order.intent.created_at
        if 0 <= age < limits.duplicate_window and _same(order.intent, intent):
            seconds = limits.duplicate_window / SECOND
            short = order.intent.client_id[-4:]
            sentence = f"the same order {short} was sent {age / SECOND:.1f} s ago and isn't answered: "
            return Breach("duplicate", age / SECOND, seconds, f"{sentence}again after {seconds:g} s")
    return None


def self_trade(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """An order never meets another one of ours; what is in doubt holds nobody in a position."""
    met = next(meets(intent, state), None) if state.orders.open else None
    if met is None:
        return None
    other = met.intent
    sentence = f"it would meet our own order {other.client_id[-4:]} of {other.strategy}"
    return Breach("self-trade", 1.0, 0.0, sentence)


def meets(intent: OrderIntent, state: State) -> Iterator[Order]:
    """Orders of ours on the other side that this one would trade with."""
    for order in state.orders.open.values():
        other = order.intent
        if other.side is intent.side or other.instrument != intent.instrument:
            continue
        if order.dormant or other.client_id == intent.replaces:
            continue
        if order.unknown and intent.purpose is not ENTRY:
            continue
        unlimited = intent.price is None or other.price is None
        if unlimited or _reaches(intent, other):
            yield order


def price_collar(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """No order may pay more than the collar beyond the mid: fat fingers and broken feeds stop here.

    An exit is compared with the price that it hits: a wide spread is when one wants to get out.
    """
    market, selling = state.markets[intent.instrument], intent.side is SELL
    reference = market.bid_price if selling and intent.purpose is not ENTRY else market.mid
    if not reference > 0.0:
        return Breach("price collar", 0.0, limits.price_collar_bps, "no price to compare with")
    if intent.price is None:
        return None
    beyond = (float(intent.price) / reference - 1.0) * 1e4
    beyond = -beyond if selling else beyond
    if beyond <= limits.price_collar_bps + TOLERANCE:
        return None
    over = f"at most {limits.price_collar_bps:g}: {brief(beyond - limits.price_collar_bps)} over"
    sentence = f"price {intent.price} is {beyond:.1f} bp beyond the market, {over}"
    return Breach("price collar", beyond, limits.price_collar_bps, sentence)


def holding(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """A sell can't exceed what its sleeve has and no other order offers."""
    if intent.side is BUY:
        return None
    free = state.free_base(intent.strategy, intent.instrument, intent.replaces)
    needed = intent.quantity
    if needed <= free:
        return None
    return Breach("holding", float(needed), float(free), f"selling {needed} of {free} held")


OrderCheck = Callable[[Limits, OrderIntent, State], Breach | None]
ENTRY_CHECKS: tuple[OrderCheck, ...] = (order_rate, duplicate, self_trade, price_collar, holding)
EXIT_CHECKS: tuple[OrderCheck, ...] = (
    self_trade, price_collar, holding,
)  # fmt: skip  # nothing else may keep us in a position
STOP_CHECKS: tuple[OrderCheck, ...] = (holding,)  # it rests far from the market, with a collar of its own


def _reaches(one: OrderIntent, other: OrderIntent) -> bool:
    assert one.price is not None and other.price is not None
    return (one.price - other.price) * one.side.sign >= 0


def _same(one: OrderIntent, other: OrderIntent) -> bool:
    return (one.strategy, one.instrument, one.side, one.quantity, one.price) == (
        other.strategy, other.instrument, other.side, other.quantity, other.price,
    )  # fmt: skip


def _offered(state: State, asset: str) -> float:
    """What sell orders may take of an asset that pays for others, too."""
    if asset == state.quote or asset in state.valuation.quotes:
        return 0.0
    selling = (o for o in state.orders.open.values() if o.intent.side is SELL)
    return sum(float(o.reserved) for o in selling if state.instruments[o.intent.instrument].base == asset)
