"""The filters of a symbol: what `exchangeInfo` states and what an order must pass."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO
from midas.domain.order import OrderType, Side
from midas.venues.sim.orders import Ask
from midas.venues.sim.refusal import filtered

PRICE_MAX = Decimal(1_000_000)
MARKET_QUANTITY_MAX = Decimal(100)
NOTIONAL_MAX = Decimal(9_000_000)
MULTIPLIER_UP = Decimal(5)
MULTIPLIER_DOWN = Decimal("0.2")
OPEN_ORDERS_MAX = 200
AVERAGE_MINUTES = 5


class Filters(msgspec.Struct, frozen=True):
    """The rules of one instrument."""

    instrument: Instrument

    def check(self, ask: Ask, average: Decimal, open_orders: int) -> None:
        """Refuse `ask` where it breaks a rule; `average` is the recent mean price."""
        if ask.price is not None:
            self._price(ask.price, ask.side, average)
        if ask.quantity is not None:
            self._quantity(ask.quantity, ask.type)
        value = ask.quote_quantity
        if value is None:
            assert ask.quantity is not None
            value = ask.quantity * (average if ask.price is None else ask.price)
        if value < self.instrument.notional_min:
            raise filtered("NOTIONAL")
        if ask.type is not OrderType.MARKET and value > NOTIONAL_MAX:
            raise filtered("NOTIONAL")
        if ask.type is not OrderType.MARKET and open_orders >= OPEN_ORDERS_MAX:
            raise filtered("MAX_NUM_ORDERS")

    def described(self) -> list[dict[str, object]]:
        """The filters as `exchangeInfo` lists them."""
        instrument = self.instrument
        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": f"{instrument.tick_size:.8f}",
                "maxPrice": f"{PRICE_MAX:.8f}",
                "tickSize": f"{instrument.tick_size:.8f}",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": f"{instrument.quantity_min:.8f}",
                "maxQty": f"{instrument.quantity_max:.8f}",
                "stepSize": f"{instrument.lot_size:.8f}",
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": f"{ZERO:.8f}",
                "maxQty": f"{MARKET_QUANTITY_MAX:.8f}",
                "stepSize": f"{ZERO:.8f}",
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": str(MULTIPLIER_UP),
                "bidMultiplierDown": str(MULTIPLIER_DOWN),
                "askMultiplierUp": str(MULTIPLIER_UP),
                "askMultiplierDown": str(MULTIPLIER_DOWN),
                "avgPriceMins": AVERAGE_MINUTES,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": f"{instrument.notional_min:.8f}",
                "applyMinToMarket": True,
                "maxNotional": f"{NOTIONAL_MAX:.8f}",
                "applyMaxToMarket": False,
                "avgPriceMins": AVERAGE_MINUTES,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": OPEN_ORDERS_MAX},
        ]

    def _price(self, price: Decimal, side: Side, average: Decimal) -> None:
        tick = self.instrument.tick_size
        if not tick <= price <= PRICE_MAX or price % tick != 0:
            raise filtered("PRICE_FILTER")
        if not average * MULTIPLIER_DOWN <= price <= average * MULTIPLIER_UP:
            raise filtered("PERCENT_PRICE_BY_SIDE")

    def _quantity(self, quantity: Decimal, type: OrderType) -> None:
        instrument = self.instrument
        if not instrument.quantity_min <= quantity <= instrument.quantity_max:
            raise filtered("LOT_SIZE")
        if quantity % instrument.lot_size != 0:
            raise filtered("LOT_SIZE")
        if type is OrderType.MARKET and quantity > MARKET_QUANTITY_MAX:
            raise filtered("MARKET_LOT_SIZE")
