"""What an answer to an order means: table C of the order notes, as pure functions.

Only a documented "no" is a no. Whatever could have been executed is Unknown, and stays so until
evidence settles it.
"""

from __future__ import annotations

import aiohttp
import msgspec

DUPLICATE_TEXT = "Duplicate order sent"
ORDER_ABSENT = -2013  # a look-up that found nothing
KEY_REFUSED = frozenset({-2014, -2015})
CLOCK_REFUSED = -1021

_UNDECIDED = frozenset({-1000, -1001, -1006, -1007})
_RATE = frozenset({-1003, -1015})
_DUPLICATE = -4116
_REJECTED_BY_ENGINE = -2010


class Accepted(msgspec.Struct, frozen=True):
    """2xx: the venue has done it."""


class Rejected(msgspec.Struct, frozen=True):
    """A definite no: nothing was executed and nothing will be."""

    code: int
    reason: str


class RateLimited(msgspec.Struct, frozen=True):
    """Refused before the engine saw it; the breaker opens until `Retry-After` has passed."""

    code: int
    reason: str


class Exists(msgspec.Struct, frozen=True):
    """The venue already knows this client id: evidence that an order exists, never a refusal."""

    code: int
    reason: str


class Unknown(msgspec.Struct, frozen=True):
    """It may or may not have been executed."""

    cause: str


class NeverLeft(msgspec.Struct, frozen=True):
    """Not one byte of it was given to the transport."""

    cause: str


Answer = Accepted | Rejected | RateLimited | Exists | Unknown
Silence = NeverLeft | Unknown

# All that a transport may throw at us in place of an answer.
TRANSPORT_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)


class _Refusal(msgspec.Struct):
    code: int
    msg: str = ""


def refusal(body: bytes) -> tuple[int, str]:
    """Code and text of an error body; code 0 where it isn't the venue's (a proxy's page, a torn body)."""
    try:
        error = msgspec.json.decode(body, type=_Refusal)
    except msgspec.DecodeError:
        return 0, ""
    return error.code, error.msg


def meaning(status: int, code: int, reason: str) -> Answer:
    """What an HTTP answer with this status, code and text says about the order."""
    if 200 <= status < 300:
        return Accepted()
    if status in (418, 429):
        return RateLimited(code, reason or f"HTTP {status}")
    if not 400 <= status < 500 or status == 409 or code >= 0 or code in _UNDECIDED:
        return Unknown(_describe(status, code, reason))
    if code in _RATE:
        return RateLimited(code, reason)
    if code == _DUPLICATE or (code == _REJECTED_BY_ENGINE and DUPLICATE_TEXT in reason):
        return Exists(code, reason)
    return Rejected(code, reason)


def silence(error: BaseException, handed_over: bool) -> Silence:
    """What a transport error says; only its class is told, its text could carry a signed URL."""
    name = type(error).__name__
    if handed_over:
        return Unknown(f"no answer ({name})")
    return NeverLeft(f"no connection to the venue ({name})")


def _describe(status: int, code: int, reason: str) -> str:
    text = f"HTTP {status}"
    if code:
        text += f" code {code}"
    return f"{text}: {reason}" if reason else text
