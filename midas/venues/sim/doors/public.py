"""What anybody may ask: the market's data."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from midas.domain.time import DAY, MILLISECOND, MINUTE
from midas.venues.sim.doors import limits, listing
from midas.venues.sim.doors.params import Params
from midas.venues.sim.doors.periods import clock_offset, window_minutes
from midas.venues.sim.floor import klines
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.klines import Candle
from midas.venues.sim.floor.refusal import Refusal, missing
from midas.venues.sim.source.market import Print
from midas.venues.sim.wire import messages, tickers
from midas.venues.sim.wire.reports import Json

Describe = Callable[[Desk, Candle], Json]


class Public:
    """Answers about the market. Server time is wall time; everything else is market time."""

    def __init__(
        self, exchange: Exchange, wall: Callable[[], int], weight_max: int = limits.WEIGHT_MAX
    ) -> None:
        self._exchange = exchange
        self._wall = wall
        self._weight_max = weight_max

    def ping(self, params: Params) -> object:
        """Nothing, quickly."""
        return {}

    def time(self, params: Params) -> object:
        """The server's wall time."""
        return {"serverTime": self._wall() // MILLISECOND}

    def exchange_info(self, params: Params) -> object:
        """Symbols, filters, limits."""
        desks = listing.wanted(params, self._desks(params))
        return {
            "timezone": "UTC",
            "serverTime": self._wall() // MILLISECOND,
            "rateLimits": limits.described(self._weight_max),
            "exchangeFilters": [],
            "symbols": [listing.described(desk) for desk in desks],
        }

    def depth(self, params: Params) -> object:
        """The book as of the last depth message sent."""
        return messages.depth_answer(self._desk(params), params.limit(100, 5_000))

    def trades(self, params: Params) -> object:
        """The latest trades, oldest first."""
        desk, limit = self._desk(params), params.limit(500, 1_000)
        return [_trade(desk, event) for event in desk.tape.trades[-limit:]]

    def historical_trades(self, params: Params) -> object:
        """Trades from an id on, or the latest ones."""
        first = params.integer("fromId")
        if first is None:
            return self.trades(params)
        desk, limit = self._desk(params), params.limit(500, 1_000)
        return [_trade(desk, event) for event in desk.tape.trades_from(first, limit)]

    def aggregate_trades(self, params: Params) -> object:
        """What takers traded: from an id on, between two times, or the latest."""
        desk, limit = self._desk(params), params.limit(500, 1_000)
        first, (start, end) = params.integer("fromId"), _times(params)
        if first is not None:
            if start is not None or end is not None:
                raise Refusal(-1128, "Combination of optional parameters invalid.")
            found = desk.tape.aggregates_from(first, limit)
        else:
            every = desk.tape.aggregates
            low = 0 if start is None else bisect_left(every, start, key=lambda row: row.time)
            high = len(every) if end is None else bisect_right(every, end, key=lambda row: row.time)
            found = every[low:high][:limit] if start is not None else every[low:high][-limit:]
        return [messages.aggregate(desk, row, MILLISECOND) for row in found]

    def candles(self, params: Params) -> object:
        """Candles, oldest first, the open one last."""
        desk = self._desk(params)
        interval = params.text("interval")
        if interval not in klines.KLINES:
            raise Refusal(-1120, "Invalid interval.")
        limit, (start, end) = params.limit(500, 1_000), _times(params)
        every = desk.charts.candles(interval, clock_offset(params))
        low = 0 if start is None else bisect_left(every, start, key=lambda row: row.start)
        high = len(every) if end is None else bisect_right(every, end, key=lambda row: row.start)
        found = every[low:high][:limit] if start is not None else every[low:high][-limit:]
        return [klines.row(candle, desk.scale) for candle in found]

    def average_price(self, params: Params) -> object:
        """The mean price of the last five minutes."""
        desk = self._desk(params)
        trades = desk.tape.trades
        last = trades[-1].time if trades else desk.time
        return {"mins": 5, "price": f"{desk.average():.8f}", "closeTime": last // MILLISECOND}

    def ticker_day(self, params: Params) -> object:
        """The last 24 hours."""
        describe = _form(params, tickers.daily)
        return self._one_or_all(params, lambda desk: describe(desk, tickers.day(desk)))

    def ticker_trading_day(self, params: Params) -> object:
        """Since midnight of the clock that the client names."""
        describe, offset = _form(params, tickers.rolling), clock_offset(params)

        def today(desk: Desk) -> Json:
            return describe(desk, desk.since((desk.time + offset) // DAY * DAY - offset))

        return self._one_or_all(_named(params), today)

    def ticker_window(self, params: Params) -> object:
        """The last minutes, hours or days."""
        describe, minutes = _form(params, tickers.rolling), window_minutes(params)
        return self._one_or_all(
            _named(params), lambda desk: describe(desk, desk.since(desk.time - minutes * MINUTE))
        )

    def ticker_price(self, params: Params) -> object:
        """Last prices."""
        return self._one_or_all(
            params, lambda desk: {"symbol": desk.symbol, "price": desk.scale.price(desk.last_tick)}
        )

    def ticker_book(self, params: Params) -> object:
        """Best bids and asks."""
        return self._one_or_all(params, _book_ticker)

    def _desk(self, params: Params) -> Desk:
        return self._exchange.desk(params.symbol())

    def _desks(self, params: Params) -> list[Desk]:
        if params.optional("symbol") is not None and params.optional("symbols") is not None:
            raise Refusal(-1128, "Combination of optional parameters invalid.")
        names = params.symbols()
        if names is None:
            return list(self._exchange.desks.values())
        if len(set(names)) < len(names):
            raise Refusal(-1151, "Symbol is present multiple times in the list.")
        return [self._exchange.desk(name) for name in names]

    def _one_or_all(self, params: Params, describe: Callable[[Desk], Json]) -> object:
        answers = [describe(desk) for desk in self._desks(params)]
        return answers[0] if params.optional("symbol") is not None else answers


def _named(params: Params) -> Params:
    """The parameters, where they name a symbol or several."""
    if params.optional("symbol") is None and params.optional("symbols") is None:
        raise missing("symbol")
    return params


def _form(params: Params, full: Describe) -> Describe:
    """How a ticker is told: FULL or MINI."""
    kind = params.optional("type") or "FULL"
    if kind not in ("FULL", "MINI"):
        raise Refusal(-1139, "Invalid ticker type.")
    return full if kind == "FULL" else tickers.mini


def _times(params: Params) -> tuple[int | None, int | None]:
    """`startTime` and `endTime` in nanoseconds; the end is the last one of its millisecond."""
    start, end = params.integer("startTime"), params.integer("endTime")
    return (
        None if start is None else start * MILLISECOND,
        None if end is None else (end + 1) * MILLISECOND - 1,
    )


def _book_ticker(desk: Desk) -> Json:
    bid, bid_lots, ask, ask_lots = messages.quote(desk)
    return {"symbol": desk.symbol, "bidPrice": bid, "bidQty": bid_lots, "askPrice": ask, "askQty": ask_lots}


def _trade(desk: Desk, event: Print) -> Json:
    return {
        "id": event.trade_id,
        "price": desk.scale.price(event.tick),
        "qty": desk.scale.quantity(event.lots),
        "quoteQty": desk.scale.notional(event.tick * event.lots),
        "time": event.time // MILLISECOND,
        "isBuyerMaker": event.buyer_is_maker,
        "isBestMatch": True,
    }
