"""Fewer bytes for the same picture: colours are only sent where they change.

Textual ends every run of text with a reset and starts the next one with all its colours, some 40 bytes
a run. Most neighbours share the background, so saying only what differs halves a frame.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_MOVE = re.compile(r"(?:\x1b\[[0-9;]*H)+")  # moving draws nothing, so it needs no pen
_COLOUR_LENGTH = {"2": 5, "5": 3}  # parameters of a truecolor and of a palette colour, introducer included


class Pen(NamedTuple):
    """What the terminal draws with: attributes other than colour, foreground, background."""

    attributes: str = ""
    front: str = ""
    back: str = ""


PLAIN = Pen()


def squeeze(data: str) -> str:
    """`data` with the colour changes a terminal needs and no others; it ends as plain as it began."""
    parts = _SGR.split(data)
    if len(parts) < 4:
        return data
    written: list[str] = [parts[0]]
    held = wanted = PLAIN
    for place in range(1, len(parts), 2):
        wanted = after(wanted, parts[place])
        text = parts[place + 1]
        if text:
            if wanted != held and not _MOVE.fullmatch(text):
                written.append(change(held, wanted))
                held = wanted
            written.append(text)
    if held != wanted:
        written.append(change(held, wanted))
    return "".join(written)


@lru_cache(maxsize=4096)
def after(pen: Pen, parameters: str) -> Pen:
    """The pen after a sequence; what it doesn't mention stays."""
    codes = parameters.split(";") if parameters else ["0"]
    place = 0
    while place < len(codes):
        code = codes[place]
        if code in ("38", "48") and place + 1 < len(codes):
            length = _COLOUR_LENGTH.get(codes[place + 1], 2)
            colour = ";".join(codes[place : place + length])
            pen = pen._replace(front=colour) if code == "38" else pen._replace(back=colour)
            place += length
            continue
        pen = _coded(pen, code)
        place += 1
    return pen


def _coded(pen: Pen, code: str) -> Pen:
    number = int(code or "0")
    if number == 0:
        return PLAIN
    if 30 <= number <= 37 or 90 <= number <= 97:
        return pen._replace(front=code)
    if 40 <= number <= 47 or 100 <= number <= 107:
        return pen._replace(back=code)
    if number == 39:
        return pen._replace(front="")
    if number == 49:
        return pen._replace(back="")
    return pen._replace(attributes=f"{pen.attributes};{code}" if pen.attributes else code)


@lru_cache(maxsize=4096)
def change(held: Pen, wanted: Pen) -> str:
    """From one pen to another: what only came is added, where something went all is said anew."""
    lost = (held.front and not wanted.front) or (held.back and not wanted.back)
    if lost or wanted.attributes != held.attributes:
        said = [code for code in wanted if code]
        return f"\x1b[{';'.join(['0', *said])}m" if said else "\x1b[0m"
    said = [new for old, new in zip(held[1:], wanted[1:], strict=True) if new != old]
    return f"\x1b[{';'.join(said)}m"
