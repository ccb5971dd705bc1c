"""What a sweep may choose from, as it is typed: `fast=5..54`, `weight=0.1..0.9:0.1`, `mode=a,b,c`."""

from __future__ import annotations

import operator
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import prod

import msgspec

from midas.errors import UsageError

Value = int | float | str | bool
Parameters = dict[str, Value]

GRID_MAX = 1_000_000  # combinations: more would take days, and mean nothing
_EXAMPLE = "such as fast=5..54, slow=20..200:10, weight=0.1..0.9:0.1 or mode=a,b"
_RULE = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*(\w+)\s*")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter: listed `values`, or where there are none anything from `low` to `high`."""

    name: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0

    def drawn(self, chance: random.Random) -> Value:
        """One of them."""
        return chance.choice(self.values) if self.values else chance.uniform(self.low, self.high)


class Rule(msgspec.Struct, frozen=True):
    """A comparison of two parameters that has to hold, `fast < slow`."""

    left: str
    sign: str
    right: str

    def holds(self, parameters: Mapping[str, Value]) -> bool:
        """Whether it does."""
        return _COMPARE[self.sign](float(parameters[self.left]), float(parameters[self.right]))


def axis(text: str) -> Axis:
    """From what was typed after --set. Raises UsageError."""
    name, equals, body = (part.strip() for part in text.partition("="))
    if not (equals and name and body):
        raise UsageError(f"--set {text!r}: expected NAME=VALUES, {_EXAMPLE}")
    if ".." not in body:
        return Axis(name=name, values=tuple(_value(each.strip()) for each in body.split(",")))
    low_text, _, rest = body.partition("..")
    high_text, colon, step_text = rest.partition(":")
    numbers = [_value(each.strip()) for each in (low_text, high_text, *([step_text] if colon else []))]
    if any(isinstance(n, str | bool) for n in numbers) or float(numbers[0]) > float(numbers[1]):
        raise UsageError(f"--set {text!r}: expected numbers LOW..HIGH or LOW..HIGH:STEP, {_EXAMPLE}")
    low, high = numbers[:2]
    if not colon and not (isinstance(low, int) and isinstance(high, int)):
        return Axis(name=name, low=float(low), high=float(high))
    step = numbers[2] if colon else 1
    if not float(step) > 0.0:
        raise UsageError(f"--set {text!r}: expected a step above 0")
    if (float(high) - float(low)) / float(step) >= GRID_MAX:
        raise UsageError(f"--set {text!r}: more than {GRID_MAX:,} values; a wider step has fewer")
    return Axis(name=name, values=_stepped(low, high, step))


def rule(text: str, axes: Sequence[Axis]) -> Rule:
    """From what was typed after --where. Raises UsageError."""
    found, names = _RULE.fullmatch(text), [each.name for each in axes]
    if found is None or found[1] not in names or found[3] not in names:
        raise UsageError(f"--where {text!r}: expected two of {', '.join(names)} compared, such as fast<slow")
    return Rule(found[1], found[2], found[3])


def grid(axes: Sequence[Axis], rules: Sequence[Rule] = ()) -> list[Parameters]:
    """Every combination, the last axis turning fastest. Raises UsageError."""
    for each in axes:
        if not each.values:
            raise UsageError(f"--set {each.name}: a grid needs a step, as in {each.name}=0.1..0.9:0.1")
    if (size := prod(len(each.values) for each in axes)) > GRID_MAX:
        raise UsageError(f"the grid has {size:,} combinations, at most {GRID_MAX:,}; wider steps have fewer")
    names = [each.name for each in axes]
    every = (dict(zip(names, values, strict=True)) for values in product(*(each.values for each in axes)))
    return _some([each for each in every if all(r.holds(each) for r in rules)])


def drawn(axes: Sequence[Axis], rules: Sequence[Rule], count: int, seed: int) -> list[Parameters]:
    """So many at random, none twice; fewer where there are no more. Raises UsageError."""
    chance, found = random.Random(seed), dict[bytes, Parameters]()
    for _ in range(count * 50):
        if len(found) == count:
            break
        one = {each.name: each.drawn(chance) for each in axes}
        if all(r.holds(one) for r in rules):
            found.setdefault(msgspec.json.encode(one), one)
    return _some(list(found.values()))


def _some(found: list[Parameters]) -> list[Parameters]:
    if not found:
        raise UsageError("no combination is left: --where rules all of them out")
    return found


def _stepped(low: Value, high: Value, step: Value) -> tuple[Value, ...]:
    if isinstance(low, int) and isinstance(step, int):
        return tuple(range(low, int(high) + 1, step))
    count = int((float(high) - float(low)) / float(step) + 1e-9) + 1
    return tuple(_listed(float(low), float(step), count))


def _listed(low: float, step: float, count: int) -> Iterator[float]:
    for place in range(count):
        yield round(low + step * place, 12)  # 0.3, not 0.30000000000000004


def _value(text: str) -> Value:
    try:
        decoded = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return decoded if isinstance(decoded, int | float | bool) else text
