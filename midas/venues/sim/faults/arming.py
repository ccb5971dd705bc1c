"""One hook made ready: what a person or a script asked for, checked against the table."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec

from midas.errors import ConfigInvalid
from midas.venues.sim.faults.hooks import ACTS, BY_NAME, LASTS, WAITS, Hook, Parameter, Value

COUNT_MAX = 1_000_000
SECONDS_MAX = 86_400
_LISTING = "midas sim --help lists them"
_TIMES = ("after_s", "at_s", "for_s", "every_s")
_QUANTITY = re.compile(r"\d{1,12}(\.\d{1,8})?", re.ASCII)


class Target(NamedTuple):
    """What is about to happen, as filters see it; empty where it has no such side."""

    symbol: str = ""
    stream: str = ""
    paths: tuple[str, ...] = ()  # "POST order" and "order.place"
    account: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A hook with its parameters, times and filters."""

    hook: str
    values: dict[str, Value]
    count: int = 1  # 0: until disarmed
    after_s: float = 0.0  # from now
    at_s: float | None = None  # instead: market seconds after the market's start
    for_s: float = 0.0  # 0: until disarmed or used up
    every_s: float = 1.0  # between two times that a hook acts
    symbol: str = ""
    stream: str = ""
    path: str = ""
    account: str = ""

    @property
    def kind(self) -> str:
        """Whether it waits, acts or lasts."""
        return BY_NAME[self.hook].kind

    def matches(self, target: Target) -> bool:
        """Whether `target` passes every filter. Patterns: `POST *`, `btcusdt@depth*`."""
        return (
            _fits(self.symbol, target.symbol)
            and _fits(self.stream, target.stream)
            and _fits(self.account, target.account)
            and (not self.path or any(_fits(self.path, path) for path in target.paths))
        )

    def has(self, wanted: Mapping[str, Value]) -> bool:
        """Whether the parameters are as `wanted`; `all` sockets are any."""
        return all(
            self.values[name] == value or (name == "sockets" and self.values[name] == "all")
            for name, value in wanted.items()
        )

    def text(self, name: str) -> str:
        """A parameter that is a word."""
        value = self.values[name]
        assert isinstance(value, str)
        return value

    def number(self, name: str) -> float:
        """A parameter that is a number."""
        value = self.values[name]
        assert isinstance(value, int | float)
        return value

    def whole(self, name: str) -> int:
        """A parameter that is a whole number."""
        value = self.values[name]
        assert isinstance(value, int)
        return value

    def flag(self, name: str) -> bool:
        """A parameter that is yes or no."""
        return self.values[name] is True

    def sizes(self, name: str) -> list[Decimal]:
        """A parameter that is a list of quantities."""
        value = self.values[name]
        assert isinstance(value, tuple)
        return [Decimal(text) for text in value]


class Armed(msgspec.Struct):
    """An order under way."""

    id: int
    order: Order
    active: bool = False
    fired: int = 0


def parse(fields: Mapping[str, object]) -> Order:
    """Check what was asked for. Raises ConfigInvalid with one sentence."""
    hook = _hook(fields.get("hook"))
    known = {parameter.name: parameter for parameter in hook.parameters}
    common = _common(hook)
    for name in fields:
        if name != "hook" and name not in known and name not in common:
            takes = ", ".join([*known, *common])
            raise ConfigInvalid(f"{hook.name} takes no {name!r}; it takes {takes}")
    values = {name: _value(hook, row, fields.get(name, row.default)) for name, row in known.items()}
    if "after_s" in fields and "at_s" in fields:
        raise ConfigInvalid(f"{hook.name} begins after_s from now or at_s of the market; give one of them")
    if hook.name == "partial_fills" and not values["sizes"]:
        raise ConfigInvalid('partial_fills needs sizes, such as ["0.0004", "0.0006"]')
    given: dict[str, object] = {name: _text(name, fields[name]) for name in hook.targets if name in fields}
    given |= {name: _seconds(name, fields[name]) for name in _TIMES if name in fields}
    count = _count(hook, fields.get("count", 0 if hook.kind == LASTS else 1))
    return msgspec.structs.replace(Order(hook=hook.name, values=values, count=count), **given)


def _common(hook: Hook) -> list[str]:
    """What may be given besides the hook's own parameters."""
    names = ["after_s", "at_s"]
    names += {WAITS: ["count", "for_s"], ACTS: ["count", "every_s"], LASTS: ["for_s"]}[hook.kind]
    return [*names, *hook.targets]


def _hook(name: object) -> Hook:
    if not isinstance(name, str):
        raise ConfigInvalid(f'a hook has a name, such as {{"hook": "freeze"}}, not {name!r}')
    if name not in BY_NAME:
        raise ConfigInvalid(f"no hook is named {name!r}; {nearest(name, BY_NAME, _LISTING)}")
    return BY_NAME[name]


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """What of `known` somebody may have meant who wrote `name`; `otherwise` where nothing is near."""
    spelt = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), spelt, n=1, cutoff=0.6)
    return f"did you mean {spelt[close[0]]}?" if close else otherwise


def _count(hook: Hook, value: object) -> int:
    lowest = 1 if hook.kind == ACTS else 0
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= COUNT_MAX:
        raise ConfigInvalid(f"count of {hook.name} is a whole number from {lowest}, not {value!r}")
    return value


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= SECONDS_MAX:
        raise ConfigInvalid(f"{name} is a number of seconds from 0 to {SECONDS_MAX:g}, not {value!r}")
    return float(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigInvalid(f"{name} is a text, not {value!r}")
    return value


def _value(hook: Hook, row: Parameter, value: object) -> Value:
    """`value` as the table wants it: its default has the type."""
    wrong = ConfigInvalid(f"{row.name} of {hook.name} is {_expected(row)}, not {value!r}")
    default = row.default
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or not all(_quantity(item) for item in value):
            raise wrong
        return tuple(str(item) for item in value)
    if isinstance(default, bool) or isinstance(value, bool):
        if type(default) is not type(value):
            raise wrong
        return bool(value)
    if isinstance(default, str):
        if not isinstance(value, str) or (row.choices and value not in row.choices):
            raise wrong
        return value
    if not isinstance(value, int if isinstance(default, int) else int | float):
        raise wrong
    if not any(lowest <= value <= highest for lowest, highest in _bounds(row)):
        raise wrong
    return value


def _bounds(row: Parameter) -> tuple[tuple[int, int], ...]:
    """Between which a number lies."""
    return row.bounds or ((0, SECONDS_MAX),)


def _expected(row: Parameter) -> str:
    if row.choices:
        return f"one of {', '.join(row.choices)}"
    names = {bool: "true or false", str: "a text", tuple: 'a list of quantities such as ["0.0004", "0.0006"]'}
    if (name := names.get(type(row.default))) is not None:
        return name
    number = "a whole number" if isinstance(row.default, int) else "a number"
    of = " of seconds" if row.unit == "s" else ""
    return number + of + " or".join(f" from {lowest} to {highest}" for lowest, highest in _bounds(row))


def _quantity(item: object) -> bool:
    return isinstance(item, str) and _QUANTITY.fullmatch(item) is not None and Decimal(item) > 0


def _fits(pattern: str, text: str) -> bool:
    return not pattern or fnmatchcase(text, pattern)
