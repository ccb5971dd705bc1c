"""Where random sequences are played: two symbols with tight rules, three accounts with little money."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.time import MINUTE, SECOND
from midas.venues.sim.floor.desk import TRADING, Desk
from midas.venues.sim.floor.filters import Filters, Rules
from midas.venues.sim.floor.matcher import Matcher, SelfTrade
from midas.venues.sim.floor.triggers import Triggers
from midas.venues.sim.source.market import Listing
from tests.venues.sim.plain_book import Levels
from tests.venues.sim.plain_rules import PlainRules

START = 1_000 * SECOND
FIRST_TICK = 100
BIDS: Levels = [(100, 8), (99, 8), (97, 12)]
ASKS: Levels = [(101, 8), (102, 8), (104, 12)]
ALL = tuple(SelfTrade)
MODES = {"BTCUSDT": ALL, "ETHUSDT": ALL[:-1]}
OPENING = {"USDT": Decimal(900), "BTC": Decimal(6), "ETH": Decimal("0.7")}
FEES = {  # maker, taker
    "anna": (Decimal("0.0001"), Decimal("0.0004")),
    "bert": (Decimal("0.00123456"), Decimal("0.00076543")),
    "cleo": (Decimal("-0.00005"), Decimal("0.00031")),
}
SYMBOLS = {"BTCUSDT": (Decimal(1), Decimal("0.1")), "ETHUSDT": (Decimal(5), Decimal("0.013"))}
MARKET_MAX = Decimal("2.5")
RULES = Rules(
    price_max=Decimal(530),
    market_quantity_max=MARKET_MAX,
    notional_max=Decimal(320),
    multiplier_up=Decimal("1.07"),
    multiplier_down=Decimal("0.94"),
    trailing_min=50,
    trailing_max=400,
    iceberg_parts_max=8,
    orders_max=5,
    algos_max=3,
    lists_max=2,
    amends_max=2,
    icebergs_max=1,
    position_max=Decimal(9),
)
NOTIONAL_MIN = Decimal(20)


def _instrument(symbol: str) -> Instrument:
    tick, lot = SYMBOLS[symbol]
    return Instrument(
        venue="binance",
        symbol=symbol,
        base=symbol[:3],
        quote="USDT",
        tick_size=tick,
        lot_size=lot,
        quantity_min=2 * lot,
        quantity_max=45 * lot,
        notional_min=NOTIONAL_MIN,
    )


def plain_rules(symbol: str) -> PlainRules:
    """The same rules for the reference."""
    tick, lot = SYMBOLS[symbol]
    return PlainRules(
        symbol=symbol,
        base=symbol[:3],
        quote="USDT",
        tick=tick,
        lot=lot,
        quantity_min=2 * lot,
        quantity_max=45 * lot,
        notional_min=NOTIONAL_MIN,
        notional_max=RULES.notional_max,
        price_max=RULES.price_max,
        market_quantity_max=MARKET_MAX,
        percent_up=RULES.multiplier_up,
        percent_down=RULES.multiplier_down,
        trailing=(RULES.trailing_min, RULES.trailing_max),
        iceberg_parts_max=RULES.iceberg_parts_max,
        orders_max=RULES.orders_max,
        algos_max=RULES.algos_max,
        lists_max=RULES.lists_max,
        amends_max=RULES.amends_max,
        icebergs_max=1,
        position_max=Decimal(9),
        modes=tuple(mode.name for mode in MODES[symbol]),
    )


class Pitch:
    """Two desks for many sequences, one after the other: candles are slow to make, the rest is made anew."""

    def __init__(self) -> None:
        listings = [
            Listing(
                instrument=_instrument(symbol),
                last_id=1,
                bids=BIDS,
                asks=ASKS,
                first_tick=FIRST_TICK,
                first_trade_id=1,
                volatility=1e-4,
                volume=1.0,
            )
            for symbol in SYMBOLS
        ]
        self.desks = [Desk(listing, START, 0, 1) for listing in listings]
        for desk in self.desks:
            rules = msgspec.structs.replace(RULES, self_trades=MODES[desk.symbol])
            desk.filters = Filters(desk.instrument, rules)

    def clear(self) -> int:
        """Forget what the last sequence left; the time it is now, with no print in the minutes before."""
        time = max(desk.time for desk in self.desks) + 10 * MINUTE
        for desk in self.desks:
            desk.advance(time)
            desk.matcher = Matcher()
            desk.matcher.snapshot(1, BIDS, ASKS)
            desk.triggers = Triggers(FIRST_TICK)
            desk.last_tick, desk.status = FIRST_TICK, TRADING
        return time
