"""What `exchangeInfo` tells of a symbol."""

from __future__ import annotations

from collections.abc import Iterable

from midas.venues.sim.doors.params import Params, texts
from midas.venues.sim.floor.desk import TRADING, Desk
from midas.venues.sim.floor.orders import Kind
from midas.venues.sim.floor.refusal import Refusal
from midas.venues.sim.wire.reports import SELF_TRADE, Json

PERMISSION = "SPOT"
_STATUSES = (TRADING, "HALT", "BREAK")


def described(desk: Desk) -> Json:
    """One line of `symbols`."""
    instrument = desk.instrument
    return {
        "symbol": desk.symbol,
        "status": desk.status,
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": [kind.value for kind in Kind],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": desk.filters.described(),
        "permissions": [],
        "permissionSets": [[PERMISSION]],
        "defaultSelfTradePreventionMode": SELF_TRADE,
        "allowedSelfTradePreventionModes": [mode.value for mode in desk.filters.rules.self_trades],
    }


def wanted(params: Params, desks: Iterable[Desk]) -> list[Desk]:
    """The desks that `permissions` and `symbolStatus` leave of `desks`: all are spot."""
    permissions, status = params.optional("permissions"), params.optional("symbolStatus")
    by_name = params.optional("symbol") is not None or params.optional("symbols") is not None
    if by_name and (permissions is not None or status is not None):
        raise Refusal(-1128, "Combination of optional parameters invalid.")
    if status is not None and status not in _STATUSES:
        raise Refusal(-1122, "Invalid symbolStatus.")
    if PERMISSION not in _permissions(permissions):
        return []
    return [desk for desk in desks if status in (None, desk.status)]


def _permissions(text: str | None) -> list[str]:
    """One name, or a JSON list of them."""
    if text is None:
        return [PERMISSION]
    if not text.startswith("["):
        return [text]
    names = texts(text)
    if names is None:
        raise Refusal(-1130, "Data sent for parameter 'permissions' is not valid.")
    return names
