"""What anybody may ask: the market's data."""

from __future__ import annotations

from collections.abc import Callable

from midas.domain.time import MILLISECOND
from midas.venues.sim import broadcast, klines, limits
from midas.venues.sim.desk import Desk
from midas.venues.sim.exchange import Exchange
from midas.venues.sim.market import Print
from midas.venues.sim.params import Params
from midas.venues.sim.refusal import Refusal
from midas.venues.sim.reports import SELF_TRADE, Json


class Public:
    """Answers about the market. Server time is wall time; everything else is market time."""

    def __init__(self, exchange: Exchange, wall: Callable[[], int]) -> None:
        self._exchange = exchange
        self._wall = wall

    def ping(self, params: Params) -> object:
        """Nothing, quickly."""
        return {}

    def time(self, params: Params) -> object:
        """The server's wall time."""
        return {"serverTime": self._wall() // MILLISECOND}

    def exchange_info(self, params: Params) -> object:
        """Symbols, filters, limits."""
        return {
            "timezone": "UTC",
            "serverTime": self._wall() // MILLISECOND,
            "rateLimits": limits.described(),
            "exchangeFilters": [],
            "symbols": [_symbol(desk) for desk in self._desks(params)],
        }

    def depth(self, params: Params) -> object:
        """The book as of the last depth message sent."""
        return broadcast.depth_answer(self._desk(params), params.limit(100, 5_000))

    def trades(self, params: Params) -> object:
        """The latest trades, oldest first."""
        desk = self._desk(params)
        return [_trade(desk, event) for event in list(desk.trades)[-params.limit(500, 1_000) :]]

    def aggregate_trades(self, params: Params) -> object:
        """The latest trades as aggregates of one."""
        desk, limit = self._desk(params), params.limit(500, 1_000)
        first, start, end = params.integer("fromId"), params.integer("startTime"), params.integer("endTime")
        events = [
            event
            for event in desk.trades
            if (first is None or event.trade_id >= first)
            and (start is None or event.time >= start * MILLISECOND)
            and (end is None or event.time <= end * MILLISECOND)
        ]
        chosen = events[-limit:] if first is None and start is None else events[:limit]
        return [broadcast.aggregate(desk, event) for event in chosen]

    def candles(self, params: Params) -> object:
        """Candles, oldest first, the open one last."""
        desk = self._desk(params)
        interval = params.text("interval")
        if interval not in desk.series:
            raise Refusal(-1120, "Invalid interval.")
        limit = params.limit(500, 1_000)
        start, end = params.integer("startTime"), params.integer("endTime")
        candles = [
            candle
            for candle in desk.candles(interval)
            if (start is None or candle.start >= start * MILLISECOND)
            and (end is None or candle.start <= end * MILLISECOND)
        ]
        chosen = candles[-limit:] if start is None else candles[:limit]
        return [klines.row(candle, desk.scale) for candle in chosen]

    def average_price(self, params: Params) -> object:
        """The mean price of the last five minutes."""
        desk = self._desk(params)
        return {"mins": 5, "price": f"{desk.average():.8f}", "closeTime": desk.time // MILLISECOND}

    def ticker_day(self, params: Params) -> object:
        """The last 24 hours."""
        return self._one_or_all(params, broadcast.ticker_answer)

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
        names = params.symbols()
        if names is None:
            return list(self._exchange.desks.values())
        return [self._exchange.desk(name) for name in names]

    def _one_or_all(self, params: Params, describe: Callable[[Desk], Json]) -> object:
        answers = [describe(desk) for desk in self._desks(params)]
        return answers[0] if params.optional("symbol") is not None else answers


def _book_ticker(desk: Desk) -> Json:
    bid, bid_lots, ask, ask_lots = broadcast.quote(desk)
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


def _symbol(desk: Desk) -> Json:
    instrument = desk.instrument
    return {
        "symbol": desk.symbol,
        "status": "TRADING",
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": desk.filters.described(),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": SELF_TRADE,
        "allowedSelfTradePreventionModes": [SELF_TRADE],
    }
