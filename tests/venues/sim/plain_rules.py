"""What the reference exchange refuses by a symbol's filters and by the shape of an OCO."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from midas.venues.sim.floor.orders import Ask


class PlainRefusal(Exception):
    """The exchange says no."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass
class View:
    """What an account has open at a symbol, and the symbol's mean price."""

    average: Decimal
    orders: int
    algos: int
    icebergs: int
    position: Decimal


@dataclass(kw_only=True)
class PlainRules:
    """Numbers of one symbol's filters."""

    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    quantity_min: Decimal
    quantity_max: Decimal
    notional_min: Decimal
    notional_max: Decimal
    price_max: Decimal
    market_quantity_max: Decimal
    percent_up: Decimal
    percent_down: Decimal
    trailing: tuple[int, int]
    iceberg_parts_max: int
    orders_max: int
    algos_max: int
    lists_max: int
    amends_max: int
    icebergs_max: int
    position_max: Decimal
    modes: tuple[str, ...]

    def lots(self, quantity: Decimal) -> int:
        """Whole lots."""
        return int(quantity / self.lot)

    def check(self, ask: Ask, view: View) -> None:
        """Refuse an order that breaks a filter; A.2.2, in the order of exchangeInfo."""
        if ask.self_trade.name not in self.modes:
            raise PlainRefusal(-1013, "This symbol does not allow the specified self-trade prevention mode.")
        for price in (ask.price, ask.stop_price):
            if price is not None and not (self.tick <= price <= self.price_max and price % self.tick == 0):
                raise _filter("PRICE_FILTER")
        if ask.price is not None:
            low, high = view.average * self.percent_down, view.average * self.percent_up
            if not low <= ask.price <= high:
                raise _filter("PERCENT_PRICE_BY_SIDE")
        if ask.quantity is not None:
            self._check_quantity(ask, ask.quantity)
        if ask.iceberg is not None:
            self._check_iceberg(ask, ask.iceberg, view)
        low_delta, high_delta = self.trailing
        if ask.trailing_delta is not None and not low_delta <= ask.trailing_delta <= high_delta:
            raise _filter("TRAILING_DELTA")
        self._check_notional(ask, ask.quantity, view.average)
        self._check_counts(ask, view)

    def check_amended(self, ask: Ask, quantity: Decimal, average: Decimal) -> None:
        """Refuse an order that would be too small or no whole number of lots."""
        self._check_quantity(ask, quantity)
        self._check_notional(ask, quantity, average)

    def check_lists(self, lists: int) -> None:
        """Refuse one list too many."""
        if lists >= self.lists_max:
            raise _filter("MAX_NUM_ORDER_LISTS")

    def check_pair(self, above: Ask, below: Ask, last: Decimal | None) -> None:
        """A.4.5: what stands above and below, and their prices around the market's."""
        sells = above.side.name == "SELL"
        names = (above.type.name, below.type.name)
        if any(name in ("LIMIT", "MARKET") for name in names):
            raise PlainRefusal(-1158, "Order type not supported in OCO.")
        if names == ("LIMIT_MAKER", "LIMIT_MAKER"):
            raise PlainRefusal(-1168, "At least one OCO order must be contingent.")
        gain, stop = (above, below) if sells else (below, above)
        if stop.type.name == "LIMIT_MAKER":
            text = "sell OCO must be above" if sells else "buy OCO must be below"
            raise PlainRefusal(-1166 if sells else -1165, f"A limit order in a {text}.")
        if gain.type.name.startswith("STOP"):
            text = "sell OCO must be below" if sells else "buy OCO must be above"
            raise PlainRefusal(-1196 if not sells else -1197, f"A stop loss order in a {text}.")
        if stop.type.name.startswith("TAKE"):
            text = "sell OCO must be above" if sells else "buy OCO must be below"
            raise PlainRefusal(-1198 if not sells else -1199, f"A take profit order in a {text}.")
        gain_price = gain.price if gain.price is not None else gain.stop_price
        prices = [p for p in (gain_price, last, stop.stop_price) if p is not None]
        if sorted(set(prices), reverse=sells) != prices:
            raise PlainRefusal(-2010, "The relationship of the prices for the orders is not correct.")

    def _check_quantity(self, ask: Ask, quantity: Decimal) -> None:
        self._check_lots(quantity)
        if ask.price is None and quantity > self.market_quantity_max:
            raise _filter("MARKET_LOT_SIZE")

    def _check_lots(self, quantity: Decimal) -> None:
        if not self.quantity_min <= quantity <= self.quantity_max or quantity % self.lot != 0:
            raise _filter("LOT_SIZE")

    def _check_iceberg(self, ask: Ask, slice: Decimal, view: View) -> None:
        self._check_lots(slice)
        assert ask.quantity is not None
        if slice > ask.quantity:
            raise PlainRefusal(-2010, "IcebergQty exceeds QTY.")
        if (ask.quantity / slice).to_integral_value(ROUND_CEILING) > self.iceberg_parts_max:
            raise _filter("ICEBERG_PARTS")
        if view.icebergs >= self.icebergs_max:
            raise _filter("MAX_NUM_ICEBERG_ORDERS")

    def _check_notional(self, ask: Ask, quantity: Decimal | None, average: Decimal) -> None:
        """A market order is worth its quantity at the mean price, and may be worth more than the maximum."""
        if quantity is None:
            assert ask.quote_quantity is not None
            value = ask.quote_quantity
        else:
            value = quantity * (ask.price if ask.price is not None else average)
        if value < self.notional_min or (value > self.notional_max and ask.type.name != "MARKET"):
            raise _filter("NOTIONAL")

    def _check_counts(self, ask: Ask, view: View) -> None:
        if ask.type.name != "MARKET" and view.orders >= self.orders_max:
            raise _filter("MAX_NUM_ORDERS")
        if ask.type.name.startswith(("STOP", "TAKE")) and view.algos >= self.algos_max:
            raise _filter("MAX_NUM_ALGO_ORDERS")
        if ask.side.name == "BUY":
            bought = ask.quantity
            if bought is None:
                assert ask.quote_quantity is not None
                bought = ask.quote_quantity / view.average
            if view.position + bought > self.position_max:
                raise _filter("MAX_POSITION")


def _filter(name: str) -> PlainRefusal:
    return PlainRefusal(-1013, f"Filter failure: {name}")
