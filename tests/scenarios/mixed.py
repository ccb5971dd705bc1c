"""A whole engine on an account of several asset classes: shares, an ETF, bonds, gold, coins and euros.

Worth 100,000 dollars, of which 60,000 lie as cash. Everything costs 50, a euro 1.25; one lot is worth a
nickel, so that every limit is met exactly, just missed and just passed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from midas.domain.command import Answer, ClosePosition, PlaceOrder
from midas.domain.instrument import Instrument
from midas.domain.limits import Asset, Assets, Limits
from midas.domain.market import Bar
from midas.domain.order import OrderIntent
from midas.domain.time import SECOND
from midas.ports.strategy import Strategy
from midas.state.state import MANUAL, State
from tests.fakes.desk import Desk, config
from tests.fakes.nouns import intent, pair
from tests.fakes.scripted_market import NOON, ScriptedMarket
from tests.fakes.venue import FakeVenue

EQUITY = Decimal(100_000)
LOT = Decimal("0.001")
# (2n + 1) / 2 ticks make a mid of 50 and of 1.25 without a remainder.
RULES = {"tick_size": Decimal("0.032"), "lot_size": LOT, "quantity_min": LOT, "quantity_max": Decimal(10**6)}
EURO_RULES = {**RULES, "tick_size": Decimal("0.004")}
FIFTY, EURO_RATE = 1_562, 312

APPLE, INDEX, BOND, GOLD, COIN = (pair(base, "USD", **RULES) for base in ("AAPL", "SPY", "BND", "XAU", "BTC"))
EURO = pair("EUR", "USD", **EURO_RULES)
SAP = pair("SAP", "EUR", **RULES)  # a share in euros
ABROAD = pair("MSFT", "EUR", **RULES)  # a share of dollars that is bought with euros
ALL = (APPLE, INDEX, BOND, GOLD, COIN, EURO, SAP, ABROAD)
BALANCES = {
    "USD": "60000", "AAPL": "200", "SPY": "100", "BND": "160", "XAU": "100", "BTC": "40", "EUR": "8000",
}  # fmt: skip
LISTED = {
    "AAPL": Asset("share", "technology"), "SAP": Asset("share", "technology"),
    "MSFT": Asset("share", "software", "USD"), "SPY": Asset("etf", "broad"), "BND": Asset("bond", "rates"),
    "XAU": Asset("commodity", "metals"), "BTC": Asset("crypto", "coins"),
}  # fmt: skip
ASSETS = Assets("cash", LISTED)


class Mixed:
    """The desk of that account; a person orders, strategies may."""

    def __init__(
        self, limits: Limits, strategies: Iterable[Strategy] = (), balances: dict[str, str] = BALANCES
    ) -> None:
        speakers = list(strategies)
        made = config(speakers, ALL, limits=limits, weight=1.0)
        settings = msgspec.structs.replace(made, quote="USD")
        venue = FakeVenue(ALL, {asset: Decimal(held) for asset, held in balances.items()})
        self.desk = Desk(speakers, settings=settings, venue=venue)
        self.markets = {
            i.id: ScriptedMarket(i, EURO_RATE if i is EURO else FIFTY, NOON) for i in ALL
        }  # fmt: skip
        self._tickets = itertools.count(1)
        self.desk.open(NOON)
        for market in self.markets.values():
            market.now = self.desk.now
            for event in market.begin():
                self.desk.feed(event)
        self.tick()

    def tick(self, seconds: int = 1) -> None:
        """Time passes."""
        for _ in range(seconds):
            self.desk.tick(self.desk.now + SECOND)

    def pulse(self, *alike: Instrument, bars: int = 90) -> None:
        """Bars that go up and down together; the second instrument steps aside now and then."""
        first = self.desk.now
        for n in range(bars):
            for place, instrument in enumerate(alike):
                close = 50.0 + n % 5 + (place if n % 7 == 0 else 0)
                time = first + (n + 1) * SECOND
                self.desk.feed(Bar(instrument.id, time, time, SECOND, close, close, close, close, 1.0, 1))
        self.tick()

    def order(self, instrument: Instrument, quantity: Decimal, *, confirmed: bool = False) -> Answer:
        """A person's limit order at the best bid: it rests, and is worth what the mid says."""
        market = self.markets[instrument.id]
        price = str(market.bid * instrument.tick_size)
        ticket = f"t{next(self._tickets)}"
        return self.desk.command(
            PlaceOrder(ticket, instrument.name, "BUY", "LIMIT", str(quantity), price, MANUAL, confirmed, True)
        )

    def close(self, instrument: Instrument) -> Answer:
        """A person closes what they bought of it."""
        return self.desk.command(ClosePosition(instrument.name, MANUAL, True))

    def intent(self, instrument: Instrument, quantity: Decimal) -> OrderIntent:
        """The order that `order` makes, for those who only look at it."""
        price = self.markets[instrument.id].bid * instrument.tick_size
        return intent(
            "md-asked", instrument=instrument.id, quantity=quantity, price=price, strategy=MANUAL,
            created_at=self.desk.now,
        )  # fmt: skip

    def objections(self, instrument: Instrument, quantity: Decimal) -> list[str]:
        """The names of all limits that the engine's own risk manager holds against such an order."""
        manager = self.desk.engine.orchestrator.risk
        return [b.limit for b in manager.objections(self.intent(instrument, quantity), self.state)]

    @property
    def state(self) -> State:
        """What the engine knows."""
        return self.desk.state
