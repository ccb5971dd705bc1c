"""What an answer to an order means, as one table.

Only a documented "no" is a no. Whatever could have been executed is Unknown, and stays so until
evidence settles it. What has no status is told by `silence`, and an accepted order whose answer can't be
read by whoever reads it: both are Unknown, too.
"""

from __future__ import annotations

from collections.abc import Container

import msgspec

from midas.domain.unreadable import UNREADABLE

ORDER_ABSENT = -2013  # a look-up that found nothing
KEY_REFUSED = frozenset({-2014, -2015})
CLOCK_REFUSED = -1021


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


DONE = Accepted()
Answer = Accepted | Rejected | RateLimited | Exists | Unknown
Silence = NeverLeft | Unknown


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table: answers of these statuses and codes, and what they say."""

    about: str
    statuses: Container[int] | None = None  # any
    codes: Container[int] | None = None  # any
    text: str = ""  # which the venue's sentence has to contain
    says: type[Answer]

    def fits(self, status: int, code: int, reason: str) -> bool:
        """Whether it speaks of this answer."""
        return (
            (self.statuses is None or status in self.statuses)
            and (self.codes is None or code in self.codes)
            and self.text in reason
        )


class _AllBut:
    """Every number but those."""

    def __init__(self, but: Container[int]) -> None:
        self._but = but

    def __contains__(self, number: object) -> bool:
        return number not in self._but


# The first line that fits counts.
TABLE: tuple[Row, ...] = (
    Row(about="done", statuses=range(200, 300), says=Accepted),
    Row(about="asked too often, refused before the engine", statuses=(418, 429), says=RateLimited),
    Row(about="a server in trouble, a redirect", statuses=_AllBut(range(400, 500)), says=Unknown),
    Row(about="half of a cancel-and-new", statuses=(409,), says=Unknown),
    Row(about="a body that isn't the venue's", codes=_AllBut(range(-100_000, 0)), says=Unknown),
    Row(about="it doesn't know itself", codes=(-1000, -1001, -1006, -1007), says=Unknown),
    Row(about="asked too often", codes=(-1003, -1015), says=RateLimited),
    Row(about="this client id is there", codes=(-4116,), says=Exists),
    Row(about="this client id is there", codes=(-2010,), text="Duplicate order sent", says=Exists),
    Row(about="signed at the wrong time, or wrongly", codes=(-1021, -1022), says=Rejected),
    Row(about="the key may not", codes=(-2014, -2015), says=Rejected),
    Row(about="refused by the engine", codes=(-2010, -2019), says=Rejected),
    Row(about="against the rules of the symbol", codes=(-1013, -1111, -1121), says=Rejected),
    Row(about="any other request of ours that the venue calls wrong", says=Rejected),
)

# To a cancel: the order isn't where we think it is. Any other refusal leaves it working.
GONE = frozenset({-2011, -2013, -2026})
STAYS_TEXT = "cancel restrictions"  # the one sentence of -2011 that says that it is still there


RULES = frozenset({-1013, -1111, -1121})  # a filter, too many decimals, no such symbol
CLOSED_TEXT = "Market is closed"  # the one sentence of -2010 that speaks of the symbol


class _Refusal(msgspec.Struct):
    code: int
    msg: str = ""


def refusal(body: bytes) -> tuple[int, str]:
    """Code and text of an error body; code 0 where it isn't the venue's (a proxy's page, a torn body)."""
    try:
        error = msgspec.json.decode(body, type=_Refusal)
    except UNREADABLE:
        return 0, ""
    return error.code, error.msg


def meaning(status: int, code: int, reason: str) -> Answer:
    """What an HTTP answer with this status, code and text says about the order."""
    row = next(row for row in TABLE if row.fits(status, code, reason))
    if row.says is Accepted:
        return DONE
    if row.says is Unknown:
        return Unknown(_describe(status, code, reason))
    if row.says is RateLimited:
        return RateLimited(code, reason or f"HTTP {status}")
    return Exists(code, reason) if row.says is Exists else Rejected(code, reason)


def gone(code: int, reason: str) -> bool:
    """Whether a refused cancel says that the order isn't there; never a reason to believe it."""
    return code in GONE and STAYS_TEXT not in reason


def against_rules(code: int, reason: str) -> bool:
    """Whether an order was refused for what the venue states about its symbol."""
    return code in RULES or CLOSED_TEXT in reason


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
