"""Requests for orders and order lists, parsed once and refused in the venue's words."""

from __future__ import annotations

from decimal import Decimal

from midas.domain.order import Side, TimeInForce
from midas.venues.sim.doors.params import CLIENT_ID, Params
from midas.venues.sim.floor.lists import ListAsk
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Ask, Kind
from midas.venues.sim.floor.refusal import Refusal, engine_refusal, missing, unread

STRATEGY_TYPE_MIN = 1_000_000
WORKING_KINDS = (Kind.LIMIT, Kind.LIMIT_MAKER)


def ask(params: Params) -> Ask:
    """The order that a request describes."""
    return _Leg(params, "").ask(params.choice("side", Side, -1117, "Invalid side."))


def oco(params: Params) -> ListAsk:
    """Two legs of which one ends the other."""
    side = params.choice("side", Side, -1117, "Invalid side.")
    legs = _pair(params, "", side, "quantity")
    return ListAsk(symbol=params.symbol(), legs=legs, client_id=_list_id(params))


def oto(params: Params) -> ListAsk:
    """A working order that starts another one."""
    side = params.choice("pendingSide", Side, -1117, "Invalid side.")
    pending = _Leg(params, "pending").ask(side)
    return _started(params, (pending,))


def otoco(params: Params) -> ListAsk:
    """A working order that starts two legs of which one ends the other."""
    side = params.choice("pendingSide", Side, -1117, "Invalid side.")
    return _started(params, _pair(params, "pending", side, "pendingQuantity"))


def _started(params: Params, legs: tuple[Ask, ...]) -> ListAsk:
    side = params.choice("workingSide", Side, -1117, "Invalid side.")
    working = _Leg(params, "working").ask(side)
    if working.type not in WORKING_KINDS:
        raise Refusal(-1116, "Invalid orderType.")
    return ListAsk(symbol=params.symbol(), legs=legs, working=working, client_id=_list_id(params))


def _pair(params: Params, prefix: str, side: Side, quantity: str) -> tuple[Ask, Ask]:
    """The leg above and the leg below."""
    above, below = ("pendingAbove", "pendingBelow") if prefix else ("above", "below")
    return _Leg(params, above, quantity).ask(side), _Leg(params, below, quantity).ask(side)


def _list_id(params: Params) -> str:
    return params.optional("listClientOrderId", CLIENT_ID) or ""


class _Leg:
    """One order among the parameters of a request: `price` is `abovePrice` where the prefix is `above`."""

    def __init__(self, params: Params, prefix: str, quantity: str = "") -> None:
        self._params = params
        self._prefix = prefix
        self._quantity_name = quantity or self._name("quantity")

    def ask(self, side: Side) -> Ask:
        """The order."""
        params = self._params
        kind = params.choice(self._name("type"), Kind, -1116, "Invalid orderType.")
        quantity, quote_quantity = self._quantities(kind)
        self._refuse_pegs()
        made = Ask(
            symbol=params.symbol(),
            side=side,
            type=kind,
            time_in_force=self._time_in_force(kind),
            quantity=quantity,
            quote_quantity=quote_quantity,
            price=self._required("price", kind.priced),
            stop_price=self._stop_price(kind),
            trailing_delta=self._trailing_delta(kind),
            iceberg=params.amount(self._name("icebergQty")),
            self_trade=self._self_trade(),
            strategy_id=params.integer(self._name("strategyId")),
            strategy_type=self._strategy_type(),
            client_id=self._client_id(),
        )
        self._check_iceberg(made)
        return made

    def _name(self, field: str) -> str:
        return self._prefix + field[0].upper() + field[1:] if self._prefix else field

    def _required(self, field: str, wanted: bool) -> Decimal | None:
        """An amount that must be there, or must not."""
        name = self._name(field)
        value = self._params.amount(name)
        if wanted and value is None:
            raise missing(name)
        if not wanted and value is not None:
            raise unread(name)
        return value

    def _quantities(self, kind: Kind) -> tuple[Decimal | None, Decimal | None]:
        quantity = self._params.amount(self._quantity_name)
        quote = None if self._prefix else self._params.amount("quoteOrderQty")
        if quote is not None and kind is not Kind.MARKET:
            raise unread("quoteOrderQty")
        if quantity is None and quote is None:
            raise missing(self._quantity_name)
        if quantity is not None and quote is not None:
            raise Refusal(-1128, "Combination of optional parameters invalid.")
        return quantity, quote

    def _time_in_force(self, kind: Kind) -> TimeInForce:
        name = self._name("timeInForce")
        if kind.forced:
            return self._params.choice(name, TimeInForce, -1115, "Invalid timeInForce.")
        if self._params.optional(name) is not None:
            raise unread(name)
        return TimeInForce.GTC

    def _stop_price(self, kind: Kind) -> Decimal | None:
        price, delta = self._name("stopPrice"), self._name("trailingDelta")
        value = self._params.amount(price)
        if value is not None and not kind.waits:
            raise unread(price)
        if value is None and kind.waits and self._params.optional(delta) is None:
            raise Refusal(-1102, f"Param '{price}' or '{delta}' must be sent, but both were empty/null!")
        return value

    def _trailing_delta(self, kind: Kind) -> int | None:
        name = self._name("trailingDelta")
        delta = self._params.integer(name)
        if delta is not None and not kind.waits:
            raise unread(name)
        return delta

    def _check_iceberg(self, made: Ask) -> None:
        if made.iceberg is None:
            return
        if not made.type.priced:
            raise unread(self._name("icebergQty"))
        if made.time_in_force is not TimeInForce.GTC:
            raise Refusal(
                -1160,
                f"Parameter '{self._name('icebergQty')}' is not supported if "
                f"'{self._name('timeInForce')}' is not GTC.",
            )

    def _self_trade(self) -> SelfTrade:
        if self._params.optional("selfTradePreventionMode") is None:
            return SelfTrade.EXPIRE_MAKER
        text = "This symbol does not allow the specified self-trade prevention mode."
        return self._params.choice("selfTradePreventionMode", SelfTrade, -1013, text)

    def _strategy_type(self) -> int | None:
        kind = self._params.integer(self._name("strategyType"))
        if kind is not None and kind < STRATEGY_TYPE_MIN:
            raise Refusal(-1134, "`strategyType` was less than 1000000.")
        return kind

    def _client_id(self) -> str:
        name = self._name("clientOrderId") if self._prefix else "newClientOrderId"
        return self._params.optional(name, CLIENT_ID) or ""

    def _refuse_pegs(self) -> None:
        for field in ("pegPriceType", "pegOffsetType", "pegOffsetValue"):
            if self._params.optional(self._name(field)) is not None:
                raise engine_refusal("Pegged orders are not supported for this symbol.")
