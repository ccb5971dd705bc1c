"""The model venue: the core of the embedded exchange, with Binance's endpoints, weights and events.

Its list of our trades is the oracle of every world. A small market of a few levels moves on it, fills what
rests and tells the feeds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from midas.costs import FeeSchedule
from midas.domain.instrument import Instrument
from midas.domain.order import Side
from midas.simulation.clock import EPOCH, TrueClock
from midas.simulation.network import Asked, Line
from midas.venues.binance.client import Reply
from midas.venues.sim.doors.gateway import Gateway
from midas.venues.sim.doors.ordercounts import OrderCounts
from midas.venues.sim.doors.params import Params
from midas.venues.sim.doors.userstream import UserStreams
from midas.venues.sim.floor.accounts import API_KEY, Account, AccountSpec
from midas.venues.sim.floor.charts import Charts
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.klines import Candle, flat
from midas.venues.sim.floor.orders import Deal, Order
from midas.venues.sim.floor.refusal import Refusal
from midas.venues.sim.source.market import BestQuote, DepthChange, Listing, MarketEvent, Print

_ENCODE = msgspec.json.Encoder().encode
CASH = Decimal(10_000)
FEES = FeeSchedule(Decimal("0.0001"), Decimal("0.0004"))
FIRST_TICK = 100_000
LEVELS = 4
SHIFT = 3  # ticks that the market moves at most at once
LOTS = 400  # of one level at most


def instrument(base: str) -> Instrument:
    """A pair at about 1000 USDT, in steps of a cent and a thousandth."""
    return Instrument(
        venue="binance", symbol=f"{base}USDT", base=base, quote="USDT", tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"), quantity_min=Decimal("0.001"), quantity_max=Decimal(9_000),
        notional_min=Decimal(5),
    )  # fmt: skip


PAIRS = (instrument("BTC"), instrument("ETH"))


class Book:
    """One instrument's market outside: a few levels around a price that walks."""

    def __init__(self, of: Instrument, chance: random.Random) -> None:
        self.instrument = of
        self._chance = chance
        self._bid = FIRST_TICK
        self.bids, self.asks = self._levels()
        self.last_id = 1
        self._trade_id = 1

    def listing(self) -> Listing:
        """How it begins."""
        return Listing(
            instrument=self.instrument, last_id=self.last_id, bids=list(self.bids.items()),
            asks=list(self.asks.items()), first_tick=self._bid, first_trade_id=self._trade_id,
            volatility=1e-4, volume=1.0,
        )  # fmt: skip

    def moved(self, time: int) -> list[MarketEvent]:
        """The next move: the book, its touch, and now and then a trade that sweeps a little."""
        chance, symbol = self._chance, self.instrument.symbol
        self._bid = max(FIRST_TICK // 2, self._bid + chance.randint(-SHIFT, SHIFT))
        bids, asks = self._levels()
        gone_bids = [(tick, 0) for tick in self.bids if tick not in bids]
        gone_asks = [(tick, 0) for tick in self.asks if tick not in asks]
        self.bids, self.asks = bids, asks
        first, self.last_id = self.last_id + 1, self.last_id + 2
        depth = DepthChange(
            symbol, time, time, first, self.last_id, [*gone_bids, *bids.items()], [*gone_asks, *asks.items()]
        )  # fmt: skip
        events: list[MarketEvent] = [depth]
        if chance.random() < 0.5:
            sold = chance.random() < 0.5
            tick = self._bid if sold else self._bid + 1
            self._trade_id += 1
            events.append(Print(symbol, time, time, self._trade_id, tick, chance.randint(1, LOTS), sold))
        return events

    def touch(self, time: int) -> BestQuote:
        """Best bid and ask."""
        bid, ask = self._bid, self._bid + 1
        return BestQuote(
            self.instrument.symbol, time, time, self.last_id, (bid, self.bids[bid]), (ask, self.asks[ask])
        )

    def _levels(self) -> tuple[dict[int, int], dict[int, int]]:
        number = self._chance.random
        bids = {self._bid - i: 1 + int(number() * LOTS) for i in range(LEVELS)}
        asks = {self._bid + 1 + i: 1 + int(number() * LOTS) for i in range(LEVELS)}
        return bids, asks


class Venue:
    """One exchange with one account."""

    def __init__(self, clock: TrueClock, chance: random.Random, pairs: tuple[Instrument, ...]) -> None:
        self._clock = clock
        self._chance = chance
        self.pairs = pairs
        self.books = {pair.symbol: Book(pair, chance) for pair in pairs}
        desks = [Desk(book.listing(), EPOCH, 0, 1, NoCharts()) for book in self.books.values()]
        balances = {"USDT": CASH} | {pair.base: Decimal(0) for pair in pairs}
        self.account = Account.opened(1, AccountSpec(balances=balances))
        self.users = UserStreams(clock.now)
        counts = OrderCounts(self.users)
        self.exchange = Exchange(desks, [self.account], FEES, counts)
        self._counts = counts
        self._gateway = Gateway(self.exchange, clock.now, 0.0, counts)
        self.feeds: list[Line] = []
        self.ended = False
        self._names: dict[int, str] = {}  # under which an order was sent that bears another one since

    def now(self) -> int:
        """The venue's wall time, nanoseconds."""
        return self._clock.now()

    @property
    def deals(self) -> list[Deal]:
        """Every trade of ours: the oracle."""
        return self.exchange.deals[self.account.name]

    @property
    def open_orders(self) -> list[Order]:
        """What rests of ours."""
        return self.exchange.open_orders(self.account)

    def name(self, order: Order) -> str:
        """Under which it was sent, whatever an amendment has called it since."""
        return self._names.get(order.order_id, order.client_id)

    def find(self, symbol: str, client_id: str) -> Order | None:
        """An order of ours, by the name under which it was sent."""
        number = next((number for number, name in self._names.items() if name == client_id), None)
        return self.exchange.find(self.account, symbol, number, None if number else client_id)

    def amend(self, order: Order, quantity: Decimal, client_id: str) -> None:
        """Somebody makes it smaller, which names it anew. Raises Refusal."""
        name = self.name(order)
        self.exchange.amend(self.account, order, quantity, client_id, self._clock.now())
        self._names[order.order_id] = name

    def serve(self, asked: Asked) -> Reply:
        """Answer one request as the REST door does, without its bytes."""
        gateway = self._gateway
        endpoint = gateway.by_path[asked.place]
        params = Params(asked.parameters)
        try:
            weight = gateway.spend(endpoint, params)
            account = None
            if endpoint.private is not None:
                account = gateway.known(asked.key)
                gateway.check_time(params)
            result = _finished(gateway.answer(endpoint, account, params, weight))
        except Refusal as refusal:
            headers = gateway.told_weight(False)
            if refusal.retry_after is not None:
                headers["Retry-After"] = str(refusal.retry_after)
            return Reply(refusal.status, headers, _ENCODE(refusal.body()))
        headers = gateway.told_weight(False)
        if endpoint.places:
            recent, today = self._counts.of(self.account).counts(self._clock.now())
            headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1D"] = str(recent), str(today)
        return Reply(200, headers, _ENCODE(result))

    def move(self, symbol: str) -> None:
        """The market of one pair moves, fills what it meets, and the feeds are told."""
        now = self._clock.now()
        book = self.books[symbol]
        events = book.moved(now)
        for event in events:
            self.exchange.market(event, now)
        told = (*events, book.touch(now))
        self.feeds = [line for line in self.feeds if line.open]
        for line in self.feeds:
            line.send(told)

    def fill_first(self, cancel: Asked, chance: random.Random) -> bool:
        """Before this cancel is served, its order trades, in part or whole; whether there was one."""
        name = cancel.parameters["origClientOrderId"]
        order = next((o for o in self.open_orders if o.client_id == name), None)
        if order is None:
            return False
        lot = self.exchange.desks[order.symbol].instrument.lot_size
        lots = chance.randint(1, max(1, int(order.left / lot)))
        self.exchange.fill(order, lot * lots, self._clock.now())
        return True

    def by_hand(self, chance: random.Random) -> None:
        """Somebody uses the venue's web page: cancels one of our orders, or places one of his own."""
        if self.open_orders and chance.random() < 0.5:
            order = chance.choice(self.open_orders)
            self.exchange.cancel(order, self._clock.now(), "web_cancel")
            return
        pair = chance.choice(self.pairs)
        book = self.books[pair.symbol]
        parameters = {
            "symbol": pair.symbol, "side": Side.BUY.value, "type": "LIMIT", "timeInForce": "GTC",
            "quantity": "0.010", "price": str(pair.price(min(book.bids))),
            "newClientOrderId": f"web_{chance.getrandbits(40):010x}",
            "timestamp": str(self._clock.now() // 1_000_000),
        }  # fmt: skip
        self.serve(Asked("POST order", parameters, API_KEY))

    def halt(self, symbol: str, status: str) -> None:
        """The symbol is HALTed, or TRADING again."""
        self.exchange.desks[symbol].status = status


def drive(venue: Venue, later: Callable[..., None], chance: random.Random, gap_s: float) -> None:
    """Let each pair's market move about every `gap_s` virtual seconds, until the venue has ended."""

    def go(symbol: str) -> None:
        if not venue.ended:
            venue.move(symbol)
            later(chance.expovariate(1 / gap_s), go, symbol)

    for pair in venue.pairs:
        later(chance.expovariate(1 / gap_s), go, pair.symbol)


def _finished(work: Coroutine[Any, Any, object]) -> object:
    """What a coroutine returns that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("a request of the model venue waited for something")


class NoCharts(Charts):
    """Candles that nobody asks for: making those before the beginning costs more than a whole life."""

    def __init__(self) -> None:
        pass

    def add(self, event: Print) -> None:
        """Not kept."""

    def advance(self, time: int) -> Iterator[tuple[str, Candle]]:
        """Nothing closes."""
        return iter(())

    def window(self, start: int, tick: int) -> Candle:
        """Flat at the last price."""
        return flat(start, start, tick)
