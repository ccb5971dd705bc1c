"""A snapshot in parts: each field of it and of each instrument encoded by itself, and sent where it changed.

Most of a snapshot is what it was an eighth of a second ago: decoding all of it eight times a second cost a
console a fifth of its time. A new line begins with every part, so nothing has to be remembered across lines.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any, get_type_hints

import msgspec

from midas.state.snapshot import Snapshot
from midas.state.views.market import InstrumentView

Parts = dict[str, msgspec.Raw]

INSTRUMENTS = "instruments"
COMMON_HZ = 4.0  # of everything that isn't quick
# What a person must see at once, and the levels of the books. All else moves together, four times a second,
# so that no two numbers of one picture contradict each other.
QUICK = frozenset({"sequence", "built_at", "recovering", "mode", "kill", "gates", "orders", "alarms", "book"})
# Once this changes, so has nearly all: a picture of which only the quick half knew would contradict itself.
TURNS = "recovering"

_BUILDING = threading.Lock()

_encode = msgspec.msgpack.Encoder().encode
_FIELDS = tuple(name for name in Snapshot.__struct_fields__ if name != INSTRUMENTS)


class Cutter:
    """Cuts one snapshot after another; what is the same object as before isn't encoded again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[object, bytes]] = {}

    def cut(self, snapshot: Snapshot) -> dict[str, bytes]:
        """Every part of `snapshot` under its name; those of an instrument are named `ID/field`."""
        parts = {name: self._part(name, getattr(snapshot, name)) for name in _FIELDS}
        parts[INSTRUMENTS] = _encode([view.id for view in snapshot.instruments])
        for view in snapshot.instruments:
            prefix = f"{view.id}/"
            for name in InstrumentView.__struct_fields__:
                parts[prefix + name] = self._part(prefix + name, getattr(view, name))
        return parts

    def _part(self, name: str, value: object) -> bytes:
        known = self._known.get(name)
        if known is None or known[0] is not value:
            known = self._known[name] = value, _encode(value)
        return known[1]


def is_quick(name: str) -> bool:
    """Whether this part is sent at every turn."""
    return name.rpartition("/")[2] in QUICK


class Sent:
    """What one client has been sent; says what it lacks."""

    def __init__(self) -> None:
        self._parts: dict[str, bytes] = {}

    def lacking(self, parts: dict[str, bytes], *, quick: bool) -> Parts:
        """Those of `parts` that the client doesn't have, from now on taken as sent."""
        quick = quick and self._parts.get(TURNS) == parts[TURNS]
        fresh = {
            name: part
            for name, part in parts.items()
            if self._parts.get(name) != part and (not quick or is_quick(name))
        }
        self._parts.update(fresh)
        return {name: msgspec.Raw(part) for name, part in fresh.items()}


class Jigsaw:
    """The parts that one line brought so far, put together."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}  # as the decoders hand them out
        self._views: dict[str, InstrumentView] = {}

    @property
    def begun(self) -> bool:
        """Whether this line has brought anything."""
        return bool(self._values)

    def add(self, parts: Parts) -> Snapshot:
        """The picture with these parts replaced. Raises ValidationError where one is missing or wrong."""
        touched = set()
        for name, part in parts.items():
            instrument, _, field = name.rpartition("/")
            decoder = _decoders(InstrumentView if instrument else Snapshot).get(field)
            if decoder is None:
                continue  # of a newer engine
            self._values[name] = decoder.decode(part)
            touched.add(instrument)
        try:
            return self._joined(touched)
        except (KeyError, TypeError) as error:
            raise msgspec.ValidationError(f"the engine's picture lacks something: {error}") from None

    def _joined(self, touched: set[str]) -> Snapshot:
        ids: list[str] = self._values[INSTRUMENTS]
        for instrument in ids:
            if instrument in touched or instrument not in self._views:
                self._views[instrument] = InstrumentView(**self._fields(InstrumentView, f"{instrument}/"))
        views = tuple(self._views[instrument] for instrument in ids)
        return Snapshot(**self._fields(Snapshot, "") | {INSTRUMENTS: views})

    def _fields(self, of: type[msgspec.Struct], prefix: str) -> dict[str, Any]:
        values = self._values
        return {name: values[key] for name in of.__struct_fields__ if (key := f"{prefix}{name}") in values}


def _decoders(of: type[msgspec.Struct]) -> dict[str, msgspec.msgpack.Decoder[Any]]:
    """One for each field. msgspec looks a struct up while another thread still does and then decodes by a
    half-known one, which ends the process: whoever comes second waits.
    """
    with _BUILDING:
        return _built(of)


@cache
def _built(of: type[msgspec.Struct]) -> dict[str, msgspec.msgpack.Decoder[Any]]:
    hints = get_type_hints(of) | ({INSTRUMENTS: list[str]} if of is Snapshot else {})
    return {name: msgspec.msgpack.Decoder(hints[name]) for name in of.__struct_fields__}
