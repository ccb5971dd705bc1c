"""Domain nouns with defaults, for tests that care about one or two of their fields."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from midas.domain.carry import Carried
from midas.domain.event import AccountReported, SessionOpened
from midas.domain.instrument import Instrument
from midas.domain.market import Quote
from midas.domain.opinion import Target, Urgency
from midas.domain.order import (
    BalanceReport,
    CloseReason,
    Fill,
    OrderIntent,
    OrderReport,
    OrderType,
    Purpose,
    Side,
    TimeInForce,
    TradeReport,
)
from midas.domain.time import SECOND
from midas.domain.trips import Trip
from midas.state.state import State

START = 1_000 * SECOND


def pair(base: str, quote: str = "USDT", **changes: Any) -> Instrument:
    """A spot pair on `binance` with the rules of BTCUSDT."""
    fields = {
        "tick_size": Decimal("0.01"), "lot_size": Decimal("0.00001"), "quantity_min": Decimal("0.00001"),
        "quantity_max": Decimal(9000), "notional_min": Decimal(5),
    }  # fmt: skip
    return Instrument(venue="binance", symbol=base + quote, base=base, quote=quote, **{**fields, **changes})


BTC, ETH = pair("BTC"), pair("ETH")


def intent(client_id: str = "md-1", **changes: Any) -> OrderIntent:
    """Buy 1 BTC at 100, passively, for strategy `s`."""
    fields: dict[str, Any] = {
        "instrument": BTC.id, "strategy": "s", "side": Side.BUY, "type": OrderType.LIMIT_MAKER,
        "time_in_force": None, "quantity": Decimal(1), "price": Decimal(100), "purpose": Purpose.ENTRY,
        "decision": 1, "mode": "NORMAL", "regime": "RANGE", "market_time": 1, "created_at": START,
        "reason": "test",
    }  # fmt: skip
    fields.update(changes)
    return OrderIntent(client_id=client_id, **fields)


def selling(client_id: str = "md-2", **changes: Any) -> OrderIntent:
    """Sell 1 BTC at 100 at once."""
    fields: dict[str, Any] = {
        "side": Side.SELL, "type": OrderType.LIMIT, "time_in_force": TimeInForce.IOC, "purpose": Purpose.EXIT,
    }  # fmt: skip
    return intent(client_id, **{**fields, **changes})


def fill(
    trade_id: int = 1, quantity: str | Decimal = "1", price: str | Decimal = "100", **changes: Any
) -> Fill:
    """An execution without a fee."""
    fields: dict[str, Any] = {"fee": Decimal(0), "fee_asset": "USDT", "maker": True, "time": START, **changes}
    return Fill(trade_id=trade_id, price=Decimal(price), quantity=Decimal(quantity), **fields)


def trip(profit: str | Decimal = "1", place: int = 0, **changes: Any) -> Trip:
    """A round trip of strategy "s" that made `profit` of 100 paid; `place` orders many."""
    fields: dict[str, Any] = {
        "strategy": "s", "instrument": BTC.id, "opened_at": START + place, "closed_at": START + place + 1,
        "quantity": Decimal(1), "paid": Decimal(100), "gross": Decimal(profit), "costs": Decimal(0),
    }  # fmt: skip
    fields.update(changes)
    return Trip(**fields)


def report(client_id: str = "md-1", **changes: Any) -> OrderReport:
    """The venue's word on `intent()`: open, nothing filled."""
    fields: dict[str, Any] = {
        "venue_id": f"v-{client_id}", "instrument": BTC.id, "side": Side.BUY, "type": OrderType.LIMIT_MAKER,
        "price": Decimal(100), "quantity": Decimal(1), "filled": Decimal(0), "open": True,
        "close_reason": None, "time": START,
    }  # fmt: skip
    fields.update(changes)
    return OrderReport(client_id=client_id, **fields)


def canceled(client_id: str = "md-1", filled: str = "0") -> OrderReport:
    """The venue's word on a cancelled `intent()`."""
    return report(client_id, filled=Decimal(filled), open=False, close_reason=CloseReason.CANCELED)


def trade(
    made: Fill, client_id: str = "md-1", side: Side = Side.BUY, instrument: str = BTC.id
) -> TradeReport:
    """A line of the venue's trade list."""
    return TradeReport(
        instrument=instrument, venue_id=f"v-{client_id}", client_id=client_id, side=side, fill=made
    )


def account(at: int, balances: dict[str, str], **changes: Any) -> AccountReported:
    """A pass over an account; asked and answered at `at`."""
    fields: dict[str, Any] = {
        "as_of": at, "purpose": "audit", "open_orders": (), "queried": (), "absent": (), "trades": (),
        **changes,
    }  # fmt: skip
    totals = tuple(BalanceReport(asset, Decimal(amount), Decimal(0)) for asset, amount in balances.items())
    return AccountReported(at=at, balances=totals, **fields)


def target(quantity: str | Decimal = "0.1", **changes: Any) -> Target:
    """Strategy `s` should hold this much BTC."""
    fields: dict[str, Any] = {
        "strategy": "s", "instrument": BTC.id, "urgency": Urgency.PASSIVE, "reference_price": 100.0,
        "confidence": 1.0, "reason": "test", "time": 1, **changes,
    }  # fmt: skip
    return Target(quantity=Decimal(quantity), **fields)


def quote(bid: str, ask: str, instrument: Instrument = BTC, at: int = START) -> Quote:
    """A touch of one unit on each side; a price of 0 is an empty side."""
    bid_ticks, ask_ticks = (int(Decimal(p) / instrument.tick_size) for p in (bid, ask))
    return Quote(
        instrument.id, at, at, bid_ticks, 1000 * bool(bid_ticks), ask_ticks, 1000 * bool(ask_ticks), 1
    )


def desk(*instruments: Instrument, cash: str = "10000", quote_asset: str = "USDT", **balances: str) -> State:
    """A state whose account is known; the first instrument trades at 99.99 to 100.01."""
    instruments = instruments or (BTC,)
    state = State(instruments, quote_asset)
    state.apply(SessionOpened("session", START, "account", "SIM", "", Carried()))
    state.ledger.open(account(START, {quote_asset: cash, **balances}).balances)
    state.ledger.first_sight(state.instruments)
    state.now, state.recovering, state.user_up = START, False, True
    state.on_quote(quote("99.99", "100.01", instruments[0]))
    return state


def hold(
    state: State, quantity: str, price: str = "100", strategy: str = "s", instrument: Instrument = BTC
) -> None:
    """Let a sleeve buy without a fee."""
    taken = len(state.ledger.trades(instrument.id))
    state.ledger.book(strategy, Side.BUY, fill(1_000_000 + taken, quantity, price), instrument)
