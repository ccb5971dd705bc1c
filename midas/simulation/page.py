"""The venue's web page in somebody's hands: what is done there to our account, and the desk isn't asked."""

from __future__ import annotations

import random
from contextlib import suppress
from decimal import Decimal

from midas.errors import ConfigInvalid
from midas.simulation.network import Asked
from midas.simulation.venue import Venue
from midas.venues.sim.floor.accounts import API_KEY
from midas.venues.sim.floor.refusal import Refusal

CASH_MAX = 500  # of one deposit or withdrawal
LEAST = 6  # lots that the venue takes
LOTS = (10, 200)  # of an order
BEYOND = 50  # ticks past what stands there: it trades at once
AWAY = 60  # ticks at most, where it rests


class Page:
    """One person's clicks; each says whether there was anything to click on."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    def amend(self, chance: random.Random) -> bool:
        """An open order becomes smaller, keeps its place, and bears the page's name from then on."""
        venue = self._venue
        lots = {pair.symbol: pair.lot_size for pair in venue.pairs}
        found = [order for order in venue.open_orders if order.left > 2 * lots[order.symbol]]
        if not found:
            return False
        order = chance.choice(found)
        lot = lots[order.symbol]
        quantity = order.quantity - lot * chance.randint(1, max(1, int(order.left / lot) - 1))
        with suppress(Refusal):
            venue.amend(order, quantity, _name(chance))
            return True
        return False

    def trade(self, how: str, chance: random.Random) -> bool:
        """`sell` or `buy` at once, or `rest` to be sold later: of what is there, whosever it is."""
        venue = self._venue
        pair = chance.choice(venue.pairs)
        book, wanted = venue.books[pair.symbol], pair.lot_size * chance.randint(*LOTS)
        free = venue.account.balance(pair.base).free
        quantity = wanted if how == "buy" else pair.quantity(int(min(free, wanted) / pair.lot_size))
        if quantity < LEAST * pair.lot_size:
            return False
        ticks = {
            "sell": min(book.bids) - BEYOND, "buy": max(book.asks) + BEYOND,
            "rest": max(book.asks) + chance.randint(0, AWAY),
        }[how]  # fmt: skip
        parameters = {
            "symbol": pair.symbol, "side": "BUY" if how == "buy" else "SELL", "type": "LIMIT",
            "timeInForce": "GTC" if how == "rest" else "IOC", "quantity": str(quantity),
            "price": str(pair.price(ticks)), "newClientOrderId": _name(chance),
            "timestamp": str(venue.now() // 1_000_000),
        }  # fmt: skip
        return venue.serve(Asked("POST order", parameters, API_KEY)).status == 200

    def move(self, how: str, chance: random.Random) -> bool:
        """A `deposit` or a `withdrawal` of cash, or a `deposit.coin`."""
        venue, wallet = self._venue, self._venue.exchange.wallet
        cash, now = Decimal(chance.randint(1, CASH_MAX)), venue.now()
        with suppress(ConfigInvalid):  # more than is free
            match how:
                case "deposit":
                    wallet.deposit(venue.account, "USDT", cash, now)
                case "withdrawal":
                    wallet.withdraw(venue.account, "USDT", cash, now)
                case _:
                    coin = chance.choice(venue.pairs).base
                    wallet.deposit(venue.account, coin, Decimal(chance.randint(1, 90_000)) / 100_000, now)
            return True
        return False


def _name(chance: random.Random) -> str:
    return f"web_{chance.getrandbits(40):010x}"
