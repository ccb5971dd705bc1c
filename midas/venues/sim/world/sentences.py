"""What is wrong with a world file, as a sentence that a person can act on."""

from __future__ import annotations

import difflib
import re
from typing import Any, get_args, get_origin

import msgspec

_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`")
_MISSING = re.compile(r"Object missing required field `(.*?)`")
_PLACE = re.compile(r"^(.*?)(?: - at `\$\.?(.*?)`)?$", re.DOTALL)
_TYPES = {
    "float": "a number", "int": "a whole number", "str": "a text in quotes", "array": "a list",
    "object": "a table", "decimal": 'a decimal number in quotes, as "0.01"', "bool": "true or false",
}  # fmt: skip


def refusal(complaint: str, model: type[msgspec.Struct]) -> str:
    """msgspec's or our own complaint about a `model`: the key, what was expected, the nearest valid key."""
    match = _PLACE.match(complaint)
    assert match is not None
    said, place = match[1], match[2] or ""
    unknown, missing = _UNKNOWN.match(said), _MISSING.match(said)
    if unknown:
        return f"{_dotted(place, unknown[1])}: unknown key{_nearest(unknown[1], place, model)}"
    if missing:
        return f"{_dotted(place, missing[1])}: is missing"
    if said == "Invalid decimal string":
        return f"{place}: expected {_TYPES['decimal']}"
    if said.startswith("Expected "):
        return f"{place}: {_typed(said)}"
    return _dotted(place, said)


def _typed(said: str) -> str:
    """`Expected `float`, got `str`` in plain words."""
    words = re.sub(r"`(.*?)`", lambda found: _TYPES.get(found[1].split(" |")[0], found[1]), said)
    return words[0].lower() + words[1:]


def _dotted(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _nearest(key: str, place: str, model: type[msgspec.Struct]) -> str:
    known = _keys(place, model)
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else f"; known there: {', '.join(known)}"


def _keys(place: str, model: type[msgspec.Struct]) -> list[str]:
    """The fields of the table at `place`, a path such as `assets[2]`."""
    found: Any = model
    for name in re.sub(r"\[.*?\]", "", place).split("."):
        if not name:
            continue
        found = next(field.type for field in msgspec.structs.fields(found) if field.name == name)
        if get_origin(found) is tuple:
            found = get_args(found)[0]
    return [field.encode_name for field in msgspec.structs.fields(found)]
