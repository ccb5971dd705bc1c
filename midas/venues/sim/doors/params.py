"""Parameters of a request, parsed once and refused in the venue's words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from midas.domain.money import decimals
from midas.domain.time import DAY, MILLISECOND
from midas.domain.unreadable import UNREADABLE
from midas.venues.sim.floor.refusal import Refusal, illegal, missing

NUMBER = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER = r"^[0-9]{1,20}$"
INTEGER_MAX = 2**63 - 1  # which is also what a file can keep
SYMBOL = r"^[A-Z0-9-_.]{1,20}$"
CLIENT_ID = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
PRECISION = 8

_E = TypeVar("_E", bound=Enum)
_T = TypeVar("_T")


class Params:
    """Names and texts as they were sent."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @classmethod
    def of_query(cls, query: str, body: str) -> Params:
        """From a query string and a form body; the query wins on duplicates."""
        pairs = dict(parse_qsl(body, keep_blank_values=True))
        pairs.update(parse_qsl(query, keep_blank_values=True))
        return cls(pairs)

    @classmethod
    def of_json(cls, values: Mapping[str, object]) -> Params:
        """From the `params` object of a WebSocket request."""
        return cls({name: rendered(value) for name, value in values.items() if value is not None})

    def items(self) -> list[tuple[str, str]]:
        """All names and texts."""
        return list(self._values.items())

    def has(self, name: str) -> bool:
        """Whether `name` was sent, be it empty."""
        return name in self._values

    def get(self, name: str) -> str | None:
        """The text of `name` whatever it is, or None."""
        return self._values.get(name)

    def optional(self, name: str, legal: str | None = None) -> str | None:
        """The text of `name`; None where it wasn't sent. Refuses an empty or illegal one."""
        text = self._values.get(name)
        if text is None:
            return None
        if text == "":
            raise Refusal(-1105, f"Parameter '{name}' was empty.")
        if legal is not None and _pattern(legal).fullmatch(text) is None:
            raise illegal(name, legal)
        return text

    def text(self, name: str, legal: str | None = None) -> str:
        """The text of a mandatory parameter."""
        if not self._values.get(name):
            raise missing(name)
        text = self.optional(name, legal)
        assert text is not None
        return text

    def symbol(self) -> str:
        """The mandatory symbol."""
        return self.text("symbol", SYMBOL)

    def integer(self, name: str) -> int | None:
        """A whole number that fits into eight bytes, or None."""
        text = self.optional(name, INTEGER)
        if text is not None and int(text) > INTEGER_MAX:
            raise illegal(name, INTEGER)
        return None if text is None else int(text)

    def limit(self, default: int, largest: int) -> int:
        """The `limit` parameter within its bounds."""
        limit = self.integer("limit")
        if limit is None:
            return default
        if limit < 1:
            raise Refusal(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(limit, largest)

    def page(self, items: list[_T], newest: bool) -> list[_T]:
        """The `limit` newest or oldest of `items`."""
        limit = self.limit(500, 1_000)
        return items[-limit:] if newest else items[:limit]

    def span(self) -> tuple[int, int]:
        """`startTime` and `endTime` in nanoseconds; at most a day apart where both are given."""
        start, end = self.integer("startTime"), self.integer("endTime")
        if start is not None and end is not None and (end - start) * MILLISECOND > DAY:
            raise Refusal(-1127, "More than 24 hours between startTime and endTime.")
        first = 0 if start is None else start * MILLISECOND
        return first, (2**63 if end is None else (end + 1) * MILLISECOND - 1)

    def truth(self, name: str) -> bool:
        """Whether a yes was sent."""
        return (self.optional(name) or "").lower() == "true"

    def decimal(self, name: str) -> Decimal | None:
        """An exact positive number with at most eight decimals, or None."""
        text = self.optional(name, NUMBER)
        if text is None:
            return None
        value = Decimal(text)
        if decimals(value) > PRECISION:
            raise Refusal(-1111, f"Parameter '{name}' has too much precision.")
        return value

    def amount(self, name: str) -> Decimal | None:
        """A number above zero, or None."""
        value = self.decimal(name)
        if value == 0:
            raise Refusal(-1013, f"Invalid {name}.")
        return value

    def choice(self, name: str, kind: type[_E], code: int, text: str) -> _E:
        """A mandatory word of an enumeration."""
        word = self.text(name)
        try:
            return kind(word)
        except ValueError:
            raise Refusal(code, text) from None

    def symbols(self) -> list[str] | None:
        """`symbol` or the JSON list `symbols`; None where neither was sent."""
        if "symbol" in self._values:
            return [self.symbol()]
        text = self.optional("symbols")
        if text is None:
            return None
        names = texts(text)
        if names is None:
            raise illegal("symbols", r'^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\]$')
        return names


def texts(text: str) -> list[str] | None:
    """A JSON list of texts; None for whatever else `text` is."""
    try:
        found = msgspec.json.decode(text, type=list[str])
    except UNREADABLE:
        return None
    return found


def rendered(value: object) -> str:
    """A JSON value as the text that signatures are made of."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


@cache
def _pattern(legal: str) -> re.Pattern[str]:
    return re.compile(legal)
