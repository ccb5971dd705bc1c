"""What people and markets might do next, by a seed: mostly sensible, sometimes just past a rule."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

from msgspec.structs import replace

from midas.domain.order import Side, TimeInForce
from midas.domain.time import MILLISECOND, MINUTE, SECOND
from midas.venues.sim.floor.lists import ListAsk
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Ask, Kind, Order
from tests.venues.sim.pitch import FEES, FIRST_TICK, OPENING, SYMBOLS
from tests.venues.sim.two_exchanges import TwoExchanges

NAMES, PAIRS = tuple(FEES), tuple(SYMBOLS)
CLIENT_IDS = ("", "", "", "", "", "one", "two")
STOPS = (Kind.STOP_LOSS, Kind.STOP_LOSS_LIMIT, Kind.TAKE_PROFIT, Kind.TAKE_PROFIT_LIMIT)


class RandomTrading:
    """One turn of one person or market."""

    def __init__(self, two: TwoExchanges, rng: Random) -> None:
        self._two = two
        self._rng = rng
        self._symbol = PAIRS[rng.random() < 0.25]

    def turn(self) -> None:
        """Do something."""
        two, rng = self._two, self._rng
        two.now += SECOND
        two.time += rng.choice((1, 1, 1, 1, 5)) * MILLISECOND if rng.random() < 0.97 else 2 * MINUTE
        acts: dict[Callable[[], None], int] = {
            self._order: 38,
            self._list: 15,
            self._cancel: 7,
            self._amend: 10,
            self._replace: 4,
            self._depth: 11,
            self._quote: 7,
            self._print: 15,
            self._flow: 6,
            self._halt: 1,
        }
        rng.choices(list(acts), list(acts.values()))[0]()

    def _order(self) -> None:
        self._two.place(self._rng.choice(NAMES), self._ask())

    def _ask(self) -> Ask:
        ask = self._rng.choices((self._limit, self._market, self._by_value, self._stop), (50, 12, 6, 32))[0]()
        if self._rng.random() < 0.04:
            return self._broken(ask)
        return ask

    def _broken(self, ask: Ask) -> Ask:
        """An order that is off the grid somewhere."""
        tick, lot = SYMBOLS[self._symbol]
        changes: list[dict[str, Decimal | int]] = []
        if ask.price is not None:
            changes += [{"price": ask.price + tick / 2}, {"price": ask.price * 3}]
        if ask.quantity is not None:
            changes += [{"quantity": ask.quantity + lot / 2}, {"quantity": lot}, {"quantity": 46 * lot}]
        if ask.trailing_delta is not None:
            changes = [{"trailing_delta": 49}, {"trailing_delta": 401}]
        return replace(ask, **self._rng.choice(changes)) if changes else ask

    def _limit(self) -> Ask:
        rng = self._rng
        kind = Kind.LIMIT if rng.random() < 0.75 else Kind.LIMIT_MAKER
        force = rng.choices(tuple(TimeInForce), (6, 1, 1))[0] if kind is Kind.LIMIT else TimeInForce.GTC
        iceberg = None
        if force is TimeInForce.GTC and rng.random() < 0.25:
            iceberg = SYMBOLS[self._symbol][1] * rng.randint(2, 9)
        ask = self._plain(kind, self._side())
        return replace(ask, price=self._price(), time_in_force=force, iceberg=iceberg)

    def _market(self) -> Ask:
        return self._plain(Kind.MARKET, self._side())

    def _by_value(self) -> Ask:
        ask = self._plain(Kind.MARKET, self._side())
        return replace(ask, quantity=None, quote_quantity=Decimal(self._rng.randint(19, 400)))

    def _stop(self) -> Ask:
        return self._waiting(self._rng.choice(STOPS), self._side())

    def _waiting(self, kind: Kind, side: Side, near: int | None = None) -> Ask:
        """A stop; `near` is where its price should be about."""
        rng = self._rng
        delta = rng.choice((None, None, None, 60, 120, 250))
        rises = (side is Side.BUY) == kind.stops
        here = self._last() if near is None else near
        stop = here + (1 if rises else -1) * rng.randint(0 if near is None else 1, 4)
        tick = SYMBOLS[self._symbol][0]
        ask = replace(
            self._plain(kind, side),
            stop_price=None if delta and rng.random() < 0.5 else tick * stop,
            trailing_delta=delta,
        )
        if not kind.priced:
            return ask
        force = rng.choices(tuple(TimeInForce), (6, 1, 1))[0]
        iceberg = 3 * SYMBOLS[self._symbol][1] if force is TimeInForce.GTC and rng.random() < 0.1 else None
        price = tick * (stop + rng.randint(-3, 3))
        return replace(ask, price=price, time_in_force=force, iceberg=iceberg)

    def _plain(self, kind: Kind, side: Side) -> Ask:
        rng = self._rng
        return Ask(
            symbol=self._symbol,
            side=side,
            type=kind,
            quantity=SYMBOLS[self._symbol][1] * rng.choice((2, 3, 4, 5, 6, 8, 10, 13, 20, 30)),
            self_trade=rng.choices(tuple(SelfTrade), (10, 10, 40, 10, 15))[0],
            client_id=rng.choice(CLIENT_IDS),
        )

    def _list(self) -> None:
        rng = self._rng
        working = None
        if rng.random() < 0.5:
            working = self._limit()
            if working.type is Kind.LIMIT and rng.random() < 0.5:  # it trades at once, and starts the rest
                crossing = self._last() + 3 * working.side.sign
                working = replace(working, price=SYMBOLS[self._symbol][0] * crossing)
        pair = working is None or rng.random() < 0.6
        legs = self._pair() if pair else (self._ask_with_quantity(),)
        name = rng.choice(("", "", "", "list"))
        ask = ListAsk(symbol=self._symbol, legs=legs, working=working, client_id=name)
        self._two.place_list(rng.choice(NAMES), ask)

    def _ask_with_quantity(self) -> Ask:
        ask = self._ask()
        return ask if ask.quantity is not None else self._limit()

    def _pair(self) -> tuple[Ask, Ask]:
        """The leg above and the leg below; now and then the wrong way round."""
        rng, side, here = self._rng, self._side(), self._last()
        tick = SYMBOLS[self._symbol][0]
        stop = self._waiting(rng.choice((Kind.STOP_LOSS, Kind.STOP_LOSS_LIMIT)), side, here)
        if rng.random() < 0.05:
            stop = self._waiting(rng.choice((Kind.TAKE_PROFIT, Kind.TAKE_PROFIT_LIMIT)), side, here)
        gain_kind = rng.choice((Kind.LIMIT_MAKER, Kind.LIMIT_MAKER, Kind.TAKE_PROFIT, Kind.TAKE_PROFIT_LIMIT))
        if gain_kind is Kind.LIMIT_MAKER:
            price = tick * (here - side.sign * rng.randint(1, 4))
            gain = replace(self._plain(gain_kind, side), price=price)
        else:
            gain = self._waiting(gain_kind, side, here)
        gain = replace(gain, quantity=stop.quantity)
        pair = (stop, gain) if side is Side.BUY else (gain, stop)
        spoiled = rng.random()
        if spoiled < 0.06:
            return pair[1], pair[0]
        if spoiled < 0.1:
            return pair[0], replace(self._limit(), side=side, quantity=stop.quantity)
        return pair

    def _cancel(self) -> None:
        order = self._some_order()
        if order is not None:
            self._two.cancel(order.order_id)

    def _amend(self) -> None:
        order, rng = self._some_order(), self._rng
        if (dented := self._dented()) and rng.random() < 0.5:
            order = dented
        if order is None:
            return
        lot = SYMBOLS[order.symbol][1]
        quantity = order.quantity + lot * rng.choice((-9, -6, -4, -3, -2, -1, -1, -1, 0, 1))
        if rng.random() < 0.1:
            quantity -= lot / 2
        if quantity > 0:
            name = order.client_id if rng.random() < 0.8 else rng.choice(("one", "two"))
            self._two.amend(order.order_id, quantity, name)

    def _dented(self) -> Order | None:
        """A leg of a pair whose other leg lost lots to an order of its own account."""
        exchange = self._two.ours
        legs = [o for o in exchange.open.values() if o.list_id > 0 and not o.prevented]
        pairs = (exchange.registry.lists[leg.list_id].legs for leg in legs)
        dents = [any(exchange.orders[number].prevented for number in pair) for pair in pairs]
        return next((leg for leg, dent in zip(legs, dents, strict=True) if dent), None)

    def _replace(self) -> None:
        order = self._some_order()
        if order is not None:
            self._two.replace(order.order_id, self._ask_with_quantity(), stop=self._rng.random() < 0.5)

    def _some_order(self) -> Order | None:
        """An open order, now and then a closed one."""
        exchange, rng = self._two.ours, self._rng
        orders = list(exchange.open.values() if rng.random() < 0.9 else exchange.orders.values())
        return rng.choice(orders) if orders else None

    def _depth(self) -> None:
        rng, two = self._rng, self._two
        here = self._last()
        spread = rng.choice((0, 0, 0, 1))
        bids = [(here - spread - step, rng.choice((0, 3, 8, 15))) for step in rng.sample(range(4), 2)]
        asks = [(here + 1 + spread + step, rng.choice((0, 3, 8, 15))) for step in rng.sample(range(4), 2)]
        # The market doesn't stand across itself: what was there on the wrong side is gone.
        bids += [(tick, 0) for tick in range(here - spread + 1, here + 8)]
        asks += [(tick, 0) for tick in range(here - 8, here + 1 + spread)]
        two.depth(self._symbol, self._number(), bids, asks)

    def _quote(self) -> None:
        rng, here = self._rng, self._last()
        bid = here - rng.choice((0, 0, 1, 2)) + rng.choice((0, 0, 0, 1))
        ask = bid + rng.choice((1, 1, 2, 3))
        lots = (3, 5, 8, 12)
        self._two.quote(self._symbol, self._number(), (bid, rng.choice(lots)), (ask, rng.choice(lots)))

    def _number(self) -> int:
        """The next update id, now and then an old one."""
        two = self._two
        two.update += self._rng.choice((1, 1, 1, 1, 2))
        return two.update - (self._rng.randint(1, 3) if self._rng.random() < 0.15 else 0)

    def _print(self) -> None:
        rng = self._rng
        tick = self._last() + rng.choice((-2, -1, -1, 0, 0, 0, 1, 1, 2))
        self._two.print(self._symbol, tick, rng.choice((1, 3, 5, 9, 20)), rng.random() < 0.5)

    def _flow(self) -> None:
        """A deposit, or a withdrawal: some, too much, or everything that is free."""
        rng = self._rng
        name, asset = rng.choice(NAMES), rng.choice(tuple(OPENING))
        buys = [order for order in self._two.ours.open.values() if order.side is Side.BUY and order.stop]
        if buys and rng.random() < 0.5:  # a stop may cost more than it set aside
            name, asset = rng.choice(buys).account, "USDT"
        free = self._two.account(name).balance(asset).free
        amounts = (OPENING[asset] / 4, OPENING[asset] / 2, -free, -free, -free / 2, -free * 2)
        amount = rng.choice(amounts).quantize(Decimal("1e-8"))
        if amount:
            self._two.flow(name, asset, amount)

    def _halt(self) -> None:
        self._two.halt(self._symbol, self._rng.random() < 0.8)

    def _side(self) -> Side:
        return self._rng.choice((Side.BUY, Side.SELL))

    def _last(self) -> int:
        """The last price, led back where it strayed."""
        last = self._two.plain.desks[self._symbol].last
        return max(FIRST_TICK - 4, min(FIRST_TICK + 4, last))

    def _price(self) -> Decimal:
        return SYMBOLS[self._symbol][0] * (self._last() + self._rng.randint(-4, 4))
