"""The filters of a symbol: what `exchangeInfo` states and what an order must pass."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO
from midas.domain.order import Side
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Ask, Kind
from midas.venues.sim.floor.refusal import Refusal, engine_refusal, filtered

AVERAGE_MINUTES = 5
MARKET_SHARE = 90  # LOT_SIZE's largest quantity is so many times MARKET_LOT_SIZE's: 9,000 and 100 for BTC
Row = dict[str, object]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of the filters that don't belong to the instrument. None: the symbol has no such filter."""

    price_max: Decimal = Decimal(1_000_000)
    market_quantity_max: Decimal | None = None  # None: a share of LOT_SIZE's
    notional_max: Decimal = Decimal(9_000_000)
    multiplier_up: Decimal = Decimal(5)  # of PERCENT_PRICE_BY_SIDE, both sides
    multiplier_down: Decimal = Decimal("0.2")
    trailing_min: int = 10  # basis points, above and below the market
    trailing_max: int = 2_000
    iceberg_parts_max: int = 100
    orders_max: int = 200
    algos_max: int = 5
    lists_max: int = 20
    amends_max: int = 10
    icebergs_max: int | None = None
    position_max: Decimal | None = None
    min_notional: Decimal | None = None  # MIN_NOTIONAL of older symbols, beside NOTIONAL
    percent_price: tuple[Decimal, Decimal] | None = None  # PERCENT_PRICE of older symbols: up, down
    self_trades: tuple[SelfTrade, ...] = (
        SelfTrade.EXPIRE_TAKER,
        SelfTrade.EXPIRE_MAKER,
        SelfTrade.EXPIRE_BOTH,
        SelfTrade.DECREMENT,
    )


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a new order adds to: the symbol's price, and what the account has open there."""

    average: Decimal  # mean price of the last minutes
    last: Decimal
    orders: int = 0
    algos: int = 0
    icebergs: int = 0
    position: Decimal = ZERO  # base asset, free and locked, and what open orders buy

    def with_another(self, ask: Ask) -> Standing:
        """As it would be with `ask` open too."""
        bought = ask.quantity or ZERO if ask.side is Side.BUY else ZERO
        return Standing(
            average=self.average,
            last=self.last,
            orders=self.orders + 1,
            algos=self.algos + ask.type.waits,
            icebergs=self.icebergs + (ask.iceberg is not None),
            position=self.position + bought,
        )


class Filters(msgspec.Struct, frozen=True):
    """The rules of one instrument."""

    instrument: Instrument
    rules: Rules = Rules()

    @property
    def market_quantity_max(self) -> Decimal:
        """How much an order without a price may ask for: whole lots."""
        if self.rules.market_quantity_max is not None:
            return self.rules.market_quantity_max
        lot, largest = self.instrument.lot_size, self.instrument.quantity_max
        return max(largest / MARKET_SHARE // lot * lot, self.instrument.quantity_min)

    def check(self, ask: Ask, standing: Standing) -> None:
        """Refuse `ask` where it breaks a rule."""
        if ask.self_trade not in self.rules.self_trades:
            raise Refusal(-1013, "This symbol does not allow the specified self-trade prevention mode.")
        for price in (ask.price, ask.stop_price):
            if price is not None:
                self._tick(price)
        if ask.price is not None:
            self._collar(ask.price, ask.side, standing.average)
        if ask.quantity is not None:
            self._quantity(ask.quantity, ask)
        if ask.iceberg is not None:
            self._iceberg(ask, standing)
        delta = ask.trailing_delta
        if delta is not None and not self.rules.trailing_min <= delta <= self.rules.trailing_max:
            raise filtered("TRAILING_DELTA")
        self._notional(ask, _value(ask, ask.quantity, standing.average))
        self._counts(ask, standing)

    def check_amended(self, ask: Ask, quantity: Decimal, average: Decimal) -> None:
        """Refuse to reduce `ask` to `quantity` where the smaller order would break a rule."""
        self._quantity(quantity, ask)
        self._notional(ask, _value(ask, quantity, average))

    def check_lists(self, open_lists: int) -> None:
        """Refuse one more list where `open_lists` are enough."""
        if open_lists >= self.rules.lists_max:
            raise filtered("MAX_NUM_ORDER_LISTS")

    def described(self) -> list[Row]:
        """The filters as `exchangeInfo` lists them."""
        return [*self._sizes(), *self._prices(), *self._numbers()]

    def _sizes(self) -> list[Row]:
        instrument, rules = self.instrument, self.rules
        rows = [
            _row("PRICE_FILTER", min=instrument.tick_size, max=rules.price_max, step=instrument.tick_size),
            _row(
                "LOT_SIZE",
                min=instrument.quantity_min,
                max=instrument.quantity_max,
                step=instrument.lot_size,
            ),
            {"filterType": "ICEBERG_PARTS", "limit": rules.iceberg_parts_max},
            _row("MARKET_LOT_SIZE", min=ZERO, max=self.market_quantity_max, step=ZERO),
        ]
        return rows

    def _prices(self) -> list[Row]:
        rules, up, down = self.rules, str(self.rules.multiplier_up), str(self.rules.multiplier_down)
        rows: list[Row] = [
            {
                "filterType": "TRAILING_DELTA",
                "minTrailingAboveDelta": rules.trailing_min,
                "maxTrailingAboveDelta": rules.trailing_max,
                "minTrailingBelowDelta": rules.trailing_min,
                "maxTrailingBelowDelta": rules.trailing_max,
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": up,
                "bidMultiplierDown": down,
                "askMultiplierUp": up,
                "askMultiplierDown": down,
                "avgPriceMins": AVERAGE_MINUTES,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": f"{self.instrument.notional_min:.8f}",
                "applyMinToMarket": True,
                "maxNotional": f"{rules.notional_max:.8f}",
                "applyMaxToMarket": False,
                "avgPriceMins": AVERAGE_MINUTES,
            },
        ]
        return rows + self._older()

    def _older(self) -> list[Row]:
        """Filters that only symbols listed long ago have."""
        rules, rows = self.rules, list[Row]()
        if rules.min_notional is not None:
            rows.append(
                {
                    "filterType": "MIN_NOTIONAL",
                    "minNotional": f"{rules.min_notional:.8f}",
                    "applyToMarket": True,
                    "avgPriceMins": AVERAGE_MINUTES,
                }
            )
        if rules.percent_price is not None:
            up, down = rules.percent_price
            rows.append(
                {
                    "filterType": "PERCENT_PRICE",
                    "multiplierUp": str(up),
                    "multiplierDown": str(down),
                    "avgPriceMins": AVERAGE_MINUTES,
                }
            )
        return rows

    def _numbers(self) -> list[Row]:
        rules = self.rules
        rows: list[Row] = [
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": rules.orders_max},
            {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": rules.lists_max},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": rules.algos_max},
            {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": rules.amends_max},
        ]
        if rules.icebergs_max is not None:
            rows.append({"filterType": "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": rules.icebergs_max})
        if rules.position_max is not None:
            rows.append({"filterType": "MAX_POSITION", "maxPosition": f"{rules.position_max:.8f}"})
        return rows

    def _tick(self, price: Decimal) -> None:
        tick = self.instrument.tick_size
        if not tick <= price <= self.rules.price_max or price % tick != 0:
            raise filtered("PRICE_FILTER")

    def _collar(self, price: Decimal, side: Side, average: Decimal) -> None:
        """The price may not lie far from the market; both sides have the same bounds here."""
        rules = self.rules
        if not average * rules.multiplier_down <= price <= average * rules.multiplier_up:
            raise filtered("PERCENT_PRICE_BY_SIDE")
        if rules.percent_price is not None:
            up, down = rules.percent_price
            if not average * down <= price <= average * up:
                raise filtered("PERCENT_PRICE")

    def _quantity(self, quantity: Decimal, ask: Ask) -> None:
        self._lots(quantity)
        if not ask.type.priced and quantity > self.market_quantity_max:
            raise filtered("MARKET_LOT_SIZE")

    def _lots(self, quantity: Decimal) -> None:
        instrument = self.instrument
        if not instrument.quantity_min <= quantity <= instrument.quantity_max:
            raise filtered("LOT_SIZE")
        if quantity % instrument.lot_size != 0:
            raise filtered("LOT_SIZE")

    def _iceberg(self, ask: Ask, standing: Standing) -> None:
        assert ask.iceberg is not None and ask.quantity is not None
        self._lots(ask.iceberg)
        if ask.iceberg > ask.quantity:
            raise engine_refusal("IcebergQty exceeds QTY.")
        parts = (ask.quantity / ask.iceberg).to_integral_value(ROUND_CEILING)
        if parts > self.rules.iceberg_parts_max:
            raise filtered("ICEBERG_PARTS")
        if self.rules.icebergs_max is not None and standing.icebergs >= self.rules.icebergs_max:
            raise filtered("MAX_NUM_ICEBERG_ORDERS")

    def _notional(self, ask: Ask, value: Decimal) -> None:
        rules = self.rules
        if value < self.instrument.notional_min:
            raise filtered("NOTIONAL")
        if ask.type is not Kind.MARKET and value > rules.notional_max:
            raise filtered("NOTIONAL")
        if rules.min_notional is not None and value < rules.min_notional:
            raise filtered("MIN_NOTIONAL")

    def _counts(self, ask: Ask, standing: Standing) -> None:
        rules = self.rules
        if ask.type is not Kind.MARKET and standing.orders >= rules.orders_max:
            raise filtered("MAX_NUM_ORDERS")
        if ask.type.waits and standing.algos >= rules.algos_max:
            raise filtered("MAX_NUM_ALGO_ORDERS")
        if rules.position_max is not None and ask.side is Side.BUY:
            bought = ask.quantity
            if bought is None:
                bought = _value(ask, None, standing.average) / standing.average
            if standing.position + bought > rules.position_max:
                raise filtered("MAX_POSITION")


def _value(ask: Ask, quantity: Decimal | None, average: Decimal) -> Decimal:
    """What the order is worth; a market order at the mean price of the last minutes."""
    if quantity is None:
        assert ask.quote_quantity is not None
        return ask.quote_quantity
    return quantity * (average if ask.price is None else ask.price)


def _row(name: str, *, min: Decimal, max: Decimal, step: Decimal) -> Row:
    """A filter of a range and its steps."""
    noun, step_name = ("Price", "tickSize") if name == "PRICE_FILTER" else ("Qty", "stepSize")
    return {
        "filterType": name,
        f"min{noun}": f"{min:.8f}",
        f"max{noun}": f"{max:.8f}",
        step_name: f"{step:.8f}",
    }
