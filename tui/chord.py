"""The kill chord as terminals send it: Ctrl+backslash, F12 and Ctrl+4, in every encoding we know of."""

from __future__ import annotations

import re

CHORD_NAMES = {"ctrl+backslash": "Ctrl+\\", "f12": "F12", "ctrl+4": "Ctrl+4"}  # as people write them
CHORD_KEYS = frozenset(CHORD_NAMES)
QUIT, F12 = "\x1c", "\x1b[24~"
_CTRL = 4  # in a kitty report's modifiers, which count from one
_RELEASE = "3"
# Backslash, bar, 4 and dollar: where a layout reports the shifted sign, the hand still meant the chord.
_SIGNS = "92|124|52|36"
# kitty's reports, with their optional alternate keys, event type and text, which Textual's parser can't
# all read (it raises on some); and xterm's modifyOtherKeys.
_KITTY = re.compile(rf"\x1b\[(?:{_SIGNS})(?::[\d:]*)?;(\d+)(?::(\d))?(?:;[\d:]*)?u")
_XTERM = re.compile(rf"\x1b\[27;(\d+);(?:{_SIGNS})~")
_F12 = re.compile(r"\x1b\[24;\d+(?::(\d))?~")


def plain(text: str) -> str:
    """`text` with every encoding of a chord replaced by its simplest one, and its releases left out."""
    if "\x1b[" not in text:
        return text
    text = _KITTY.sub(_quit, text)
    text = _XTERM.sub(_quit, text)
    return _F12.sub(lambda found: "" if found[1] == _RELEASE else F12, text)


def alone(text: str) -> bool:
    """Whether this read, made plain, is one chord and nothing else."""
    return text in (QUIT, F12)


def _quit(found: re.Match[str]) -> str:
    if not (int(found[1]) - 1) & _CTRL:
        return found[0]
    return "" if found.re is _KITTY and found[2] == _RELEASE else QUIT
