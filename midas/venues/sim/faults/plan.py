"""A script of hooks: JSON lines or TOML, times in seconds of the market after its start."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from midas.errors import ConfigInvalid
from midas.venues.sim.faults.arming import Order, parse
from midas.venues.sim.faults.reach import Reach

Row = dict[str, object]
_WANTED = 'lines of JSON such as {"at_s": 2, "hook": "freeze"}, or tables [[hooks]] in a file *.toml'


def read(path: Path) -> list[Order]:
    """The hooks of a plan, in the file's order. Raises ConfigInvalid that names the file and the line.

    A line of JSON: `{"at_s": 2.5, "hook": "drop_sockets", "code": 1006}`. In TOML the same stands in
    tables `[[hooks]]`. `after_s` in place of `at_s` counts from when the exchange listens.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise ConfigInvalid(f"the plan {path} can't be read: {why}") from None
    rows = _of_toml(path, text) if path.suffix == ".toml" else _of_lines(path, text)
    orders: list[Order] = []
    for place, row in rows:
        try:
            orders.append(parse(row if "after_s" in row else {"at_s": 0.0} | row))
        except ConfigInvalid as error:
            raise ConfigInvalid(f"{place}: {error}") from None
    if not orders:
        raise ConfigInvalid(f"{path} has no hooks; expected {_WANTED}")
    return orders


def check(path: Path, orders: list[Order], reach: Reach) -> None:
    """Raises ConfigInvalid for a plan with a hook that this exchange has no use for."""
    for number, order in enumerate(orders, 1):
        try:
            reach.check(order)
        except ConfigInvalid as error:
            raise ConfigInvalid(f"{path}, hook {number}: {error}") from None


def _of_lines(path: Path, text: str) -> list[tuple[str, Row]]:
    rows: list[tuple[str, Row]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigInvalid(f"{place}: no JSON ({error.msg}); expected one object a line") from None
        except (RecursionError, ValueError):  # ValueError: a number of thousands of digits
            raise ConfigInvalid(f"{place}: nothing that a hook takes is so long or so deep") from None
        if not isinstance(row, dict):
            raise ConfigInvalid(f'{place}: expected an object such as {{"at_s": 2, "hook": "freeze"}}')
        rows.append((place, row))
    return rows


def _of_toml(path: Path, text: str) -> list[tuple[str, Row]]:
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigInvalid(f"{path}: no TOML ({error})") from None
    for name in content:
        if name != "hooks":
            raise ConfigInvalid(f"{path}: unknown key {name!r}; a plan has tables [[hooks]] and nothing else")
    tables = content.get("hooks", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigInvalid(f"{path}: expected tables [[hooks]]")
    return [(f"{path}, hook {number}", table) for number, table in enumerate(tables, 1)]
