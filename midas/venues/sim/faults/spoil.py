"""Messages made wrong: cut in half, without a field, or with a level that isn't so."""

from __future__ import annotations

from decimal import Decimal

import msgspec

_TIMES = 10  # what a wrong quantity is multiplied by


class _Diff(msgspec.Struct, rename={"bids": "b", "asks": "a"}):
    """The levels of a depth diff."""

    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


def spoilt(payload: bytes, field: str) -> bytes:
    """`payload` without `field`, or half of it where no field is named."""
    if not field:
        return payload[: len(payload) // 2]
    message = msgspec.json.decode(payload)
    if isinstance(message, dict):
        message.pop(field, None)
    return msgspec.json.encode(message)


def changeable(payload: bytes) -> bool:
    """Whether a depth diff names a level that holds something."""
    diff = msgspec.json.decode(payload, type=_Diff)
    return any(Decimal(lots) for _, lots in (*diff.bids, *diff.asks))


def corrupted(payload: bytes, best_ask: str, how: str) -> bytes:
    """A depth diff with a wrong level: a quantity too large, or a bid at twice the best ask."""
    diff = msgspec.json.decode(payload, type=_Diff)
    message: dict[str, object] = msgspec.json.decode(payload, type=dict[str, object])
    if how == "cross":
        message["b"] = [*diff.bids, (f"{Decimal(best_ask) * 2:.8f}", "1.00000000")]
    else:
        message["b"], message["a"] = _enlarged(diff)
    return msgspec.json.encode(message)


def _enlarged(diff: _Diff) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Both sides, the first level that holds something too large."""
    levels = [*diff.bids, *diff.asks]
    at = next(index for index, (_, lots) in enumerate(levels) if Decimal(lots))
    price, lots = levels[at]
    levels[at] = price, f"{Decimal(lots) * _TIMES:.8f}"
    return levels[: len(diff.bids)], levels[len(diff.bids) :]
