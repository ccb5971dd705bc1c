"""What pydantic found wrong, as one sentence that a person can act on."""

from __future__ import annotations

import difflib
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from midas.errors import ConfigInvalid
from midas.settings.layers import KeyPath, Layer, leaves
from midas.settings.model import Settings
from midas.settings.risk import MOVED
from midas.settings.stops import StopSettings


def config_invalid(error: ValidationError, layers: list[Layer]) -> ConfigInvalid:
    """The first thing wrong: where it stands, which key, what was expected, the nearest valid key."""
    found = error.errors(include_url=False)
    first = next((e for e in found if _path(e) in MOVED), found[0])
    path = _path(first)
    head = f"{_where(path, layers)}: " + (f"{'.'.join(path)}: " if path else "")
    more = f" ({len(found) - 1} more after it)" if len(found) > 1 else ""
    return ConfigInvalid(head + _complaint(first, path) + more)


def _complaint(first: ErrorDetails, path: KeyPath) -> str:
    match first["type"]:
        case "extra_forbidden" if path in MOVED:
            return MOVED[path]
        case "extra_forbidden":
            return f"unknown key{_nearest(path)}"
        case "missing":
            return "is missing"
        case "value_error":
            return first["msg"].removeprefix("Value error, ")
        case "too_short":
            return f"expected at least {first['ctx']['min_length']}, got {_count(first)}"
        case "too_long":
            return f"expected at most {first['ctx']['max_length']}, got {_count(first)}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"expected a table, got {first['input']!r}"
    expected = first["msg"].replace("Input should be ", "expected ").split(", unable")[0]
    return f"{expected}, got {first['input']!r}{_percent(first)}"


def _count(first: ErrorDetails) -> str:
    """How many there are, and which: "none", "5: 1, 3, 5, 15, 30"."""
    given = list(first["input"])
    return f"{len(given)}: {', '.join(map(str, given))}" if given else "none"


def _percent(first: ErrorDetails) -> str:
    """A hint for who wrote percent where shares are counted: 20 for 0.20."""
    given, most = first["input"], first.get("ctx", {})
    try:
        share = float(given) / 100
    except (TypeError, ValueError):
        return ""
    if 1 not in (most.get("le"), most.get("lt")) or not 0.01 < share <= 1:
        return ""
    return f"; it is a share, not percent: did you mean {share:g}?"


def _path(error: ErrorDetails) -> KeyPath:
    return tuple(str(part) for part in error["loc"])


def _where(path: KeyPath, layers: list[Layer]) -> str:
    """The strongest source that speaks of `path` or of what is below it."""
    for layer in reversed(layers):
        for leaf, _ in leaves(layer.values):
            shared = min(len(leaf), len(path))
            if path and leaf[:shared] == path[:shared]:
                return layer.origin(leaf)
    return "configuration"


def _nearest(path: KeyPath) -> str:
    """A hint: the closest key of the same table, or the table where a key of that name belongs."""
    close = difflib.get_close_matches(path[-1], _keys_of(path[:-1]), n=1, cutoff=0.6)
    if close:
        return f"; did you mean {'.'.join((*path[:-1], close[0]))}?"
    elsewhere = [dotted for dotted in _all_keys(Settings) if dotted.endswith("." + path[-1])]
    if elsewhere:
        return f"; did you mean {elsewhere[0]}?"
    return f"; known there: {', '.join(_keys_of(path[:-1]))}"


def _keys_of(path: KeyPath) -> list[str]:
    annotation: Any = Settings
    for key in path:
        if _is_model(annotation):
            annotation = next(f.annotation for n, f in annotation.model_fields.items() if key in (n, f.alias))
        elif get_origin(annotation) is dict:
            annotation = get_args(annotation)[1]
    if path[:1] == ("strategies",) and path[2:] == ("stops",):
        annotation = StopSettings  # which each strategy may have of its own
    return sorted(f.alias or n for n, f in annotation.model_fields.items()) if _is_model(annotation) else []


def _all_keys(model: type[BaseModel], above: str = "") -> list[str]:
    keys: list[str] = []
    for name, field in model.model_fields.items():
        keys.append(above + name)
        if _is_model(field.annotation):
            keys += _all_keys(field.annotation, f"{above}{name}.")  # type: ignore[arg-type]
    return keys


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
