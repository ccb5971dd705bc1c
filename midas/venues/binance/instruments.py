"""What Binance lists: `exchangeInfo` turned into instruments, and the limits it states."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from midas.domain.event import RulesRead
from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, exact
from midas.errors import ConfigInvalid, MalformedMessage, Rejected
from midas.venues.binance.rest import Rest
from midas.venues.binance.weights import Limits, Priority
from midas.venues.task import insist

VENUE = "binance"
TRADING = "TRADING"
SYMBOL_ABSENT = -1121


class RateLimit(msgspec.Struct, frozen=True, rename="camel"):
    """One of the venue's limits."""

    rate_limit_type: str
    interval: str
    interval_num: int
    limit: int


class Listed(msgspec.Struct, frozen=True, rename="camel"):
    """One symbol as the venue lists it."""

    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    filters: tuple[dict[str, Any], ...]


class ExchangeInfo(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to `exchangeInfo`, as far as it concerns us."""

    symbols: tuple[Listed, ...]
    rate_limits: tuple[RateLimit, ...] = ()


async def load(rest: Rest, symbols: Sequence[str]) -> list[Instrument]:
    """The instruments of `symbols`, in that order; sets the session's rate limits on the way.

    Raises ConfigInvalid for a symbol that isn't listed or doesn't trade.
    """
    return choose((await _info(rest)).symbols, symbols)


async def read(rest: Rest, symbols: Sequence[str]) -> list[RulesRead]:
    """As `load`, also of those that are listed and don't trade: a desk starts all the same."""
    listed = (await _info(rest)).symbols
    statuses = {line.symbol: "" if line.status == TRADING else line.status for line in listed}
    chosen = choose(listed, symbols, resting=True)
    return [RulesRead(i.id, statuses[i.symbol], i, rest.now()) for i in chosen]


async def listed(rest: Rest, resting: bool = False) -> tuple[str, ...]:
    """Every symbol that trades, in the venue's order; sets the session's rate limits on the way.

    `resting`: also those that don't trade now.
    """
    return tuple(line.symbol for line in (await _info(rest)).symbols if resting or line.status == TRADING)


async def rules(rest: Rest, instrument: str, symbol: str) -> RulesRead:
    """What the venue states about one instrument now. Raises VenueError."""
    ask = partial(rest.client.get_exchange_info, symbol=symbol)
    try:
        info = await rest.ask(ask, ExchangeInfo, Priority.RECONCILE, signed=False)
    except Rejected as error:
        if error.code != SYMBOL_ABSENT:
            raise
        return RulesRead(instrument, "not listed", None, rest.now())
    line = next((line for line in info.symbols if line.symbol == symbol), None)
    if line is None:
        return RulesRead(instrument, "not listed", None, rest.now())
    status = "" if line.status == TRADING else line.status
    return RulesRead(instrument, status, _instrument(line), rest.now())


async def _info(rest: Rest) -> ExchangeInfo:
    info = await insist(
        lambda: rest.ask(rest.client.get_exchange_info, ExchangeInfo, Priority.RECONCILE, signed=False),
        lambda: 0.5,
    )
    rest.weights.limits = limits(info.rate_limits)
    return info


def choose(listed: Sequence[Listed], symbols: Sequence[str], resting: bool = False) -> list[Instrument]:
    """The instruments of `symbols`; `BTC-USDT` and `btcusdt` mean BTCUSDT. Raises ConfigInvalid.

    `resting`: also those that don't trade now.
    """
    by_symbol = {line.symbol: line for line in listed}
    return [_instrument(_pick(by_symbol, symbol, resting)) for symbol in symbols]


def limits(stated: Sequence[RateLimit]) -> Limits:
    """The limits that the breaker knows; what the venue doesn't state keeps its documented value."""
    found = {(limit.rate_limit_type, limit.interval, limit.interval_num): limit.limit for limit in stated}
    usual = Limits()
    return Limits(
        weight_minute=found.get(("REQUEST_WEIGHT", "MINUTE", 1), usual.weight_minute),
        orders_10s=found.get(("ORDERS", "SECOND", 10), usual.orders_10s),
        orders_day=found.get(("ORDERS", "DAY", 1), usual.orders_day),
    )


def _pick(by_symbol: dict[str, Listed], wanted: str, resting: bool) -> Listed:
    symbol = wanted.replace("-", "").replace("/", "").upper()
    line = by_symbol.get(symbol)
    if line is None:
        near = difflib.get_close_matches(symbol, by_symbol, n=3, cutoff=0.5)
        hint = (
            f"did you mean {' or '.join(near)}?" if near else f"it lists {', '.join(sorted(by_symbol)[:5])}"
        )
        raise ConfigInvalid(f"Binance doesn't list the symbol {wanted!r}; {hint}")
    if line.status != TRADING and not resting:
        raise ConfigInvalid(f"{symbol} doesn't trade on Binance now (status {line.status}); leave it out")
    return line


def _instrument(line: Listed) -> Instrument:
    filters = {str(f.get("filterType")): f for f in line.filters}
    notional = "NOTIONAL" if "NOTIONAL" in filters else "MIN_NOTIONAL"
    instrument = Instrument(
        venue=VENUE,
        symbol=line.symbol,
        base=line.base_asset,
        quote=line.quote_asset,
        tick_size=_number(line, filters, "PRICE_FILTER", "tickSize"),
        lot_size=_number(line, filters, "LOT_SIZE", "stepSize"),
        quantity_min=_number(line, filters, "LOT_SIZE", "minQty"),
        quantity_max=_number(line, filters, "LOT_SIZE", "maxQty"),
        notional_min=_number(line, filters, notional, "minNotional"),
    )
    if instrument.tick_size <= ZERO or instrument.lot_size <= ZERO:
        raise MalformedMessage(f"{line.symbol}: expected a tick and a lot size above 0")
    return instrument


def _number(line: Listed, filters: dict[str, dict[str, Any]], name: str, field: str) -> Decimal:
    value = filters.get(name, {}).get(field)
    if not isinstance(value, str):
        raise MalformedMessage(f"{line.symbol}: filter {name} states no {field}")
    return exact(value)
