"""One hook made ready: what a person or a script asked for, checked against the table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import NamedTuple

import msgspec

from midas.errors import ConfigInvalid
from midas.venues.sim.faults.hooks import ACTS, BY_NAME, LASTS, WAITS, Hook, Parameter, Value

COUNT_MAX = 1_000_000
SECONDS_MAX = 86_400.0
_TIMES = ("after_s", "at_s", "for_s", "every_s")


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
        """Whether the parameters are as `wanted`; `all` is any."""
        return all(self.values[name] in (value, "all") for name, value in wanted.items())

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
    if not isinstance(name, str) or name not in BY_NAME:
        raise ConfigInvalid(f"no hook is named {name!r}; the hooks are {', '.join(BY_NAME)}")
    return BY_NAME[name]


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
    if not isinstance(value, int if isinstance(default, int) else int | float) or not math.isfinite(value):
        raise wrong
    if row.unit == "s" and not 0 <= value <= SECONDS_MAX:
        raise wrong
    return value


def _expected(row: Parameter) -> str:
    if row.choices:
        return f"one of {', '.join(row.choices)}"
    if row.unit == "s":
        return "a number of seconds from 0"
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return names.get(type(row.default), 'a list of quantities such as ["0.0004", "0.0006"]')


def _quantity(item: object) -> bool:
    try:
        return isinstance(item, str) and Decimal(item).is_finite() and Decimal(item) > 0
    except InvalidOperation:
        return False


def _fits(pattern: str, text: str) -> bool:
    return not pattern or fnmatchcase(text, pattern)
