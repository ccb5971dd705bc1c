"""Keys that the person has moved (`[console.keys]` of the configuration): checked, then worn."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from midas.errors import UsageError
from tui.keys import Row, rows

# How Textual names what people write otherwise.
_NAMES = {
    "[": "left_square_bracket", "]": "right_square_bracket", "{": "left_curly_bracket",
    "}": "right_curly_bracket", ".": "full_stop", ":": "colon", "/": "slash", "?": "question_mark",
    "!": "exclamation_mark", "&": "ampersand", "-": "minus", "=": "equals_sign", "+": "plus",
    "_": "underscore",
    ",": "comma", ";": "semicolon", "'": "apostrophe", "\\": "backslash",
}  # fmt: skip
FIXED = ("halt",)  # the chord stays where everybody knows it


class Keymap:
    """Which key each action has now. Raises UsageError for an unknown action, a taken key or the chord."""

    def __init__(self, moved: Mapping[str, str] | None = None) -> None:
        self._moved: dict[str, str] = {}
        self._held = {key: row.id for row in rows() if row.action for key in row.keys.split(",")}
        for name, key in (moved or {}).items():
            self._move(name, ",".join(_NAMES.get(part.strip(), part.strip()) for part in _parts(key)))

    @property
    def textual(self) -> dict[str, str]:
        """For `App.set_keymap`."""
        return dict(self._moved)

    def shown(self, row: Row) -> str:
        """How the key of a row is written on the screen."""
        if not row.action:  # a hint for several keys
            apart = "/" if "/" in row.shown else " "
            return apart.join(self.worn(part) for part in row.shown.split(apart))
        moved = self._moved.get(row.id)
        if moved is None:
            return row.shown
        back = {name: sign for sign, name in _NAMES.items()}
        return " ".join(back.get(key, key.replace("ctrl+", "^")) for key in moved.split(","))

    def takes(self, key: str) -> bool:
        """Whether some action has this key, by Textual's name of it."""
        return key in self._held

    def worn(self, written: str) -> str:
        """The key that texts call `written`, as it is written now."""
        row = next((r for r in rows() if r.action and not r.panes and r.shown == written), None)
        return self.shown(row) if row is not None else written

    def _move(self, name: str, keys: str) -> None:
        known = {row.id for row in rows() if row.action}
        if name in FIXED:
            raise UsageError(f"console.keys.{name}: the kill chord can't be moved; leave this line out")
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise UsageError(
                f"console.keys: there is no action {name!r}{hint} (the page behind ? names them)"
            )
        if not keys:
            raise UsageError(f'console.keys.{name}: expected a key such as "ctrl+t" or "Z", got nothing')
        for key in keys.split(","):
            holder = self._held.get(key)
            if holder is not None and holder != name:
                raise UsageError(
                    f"console.keys.{name}: {key!r} is already the key of {holder}; move that one first"
                )
        self._held = {key: holder for key, holder in self._held.items() if holder != name}
        self._held |= dict.fromkeys(keys.split(","), name)
        self._moved[name] = keys


def _parts(key: str) -> list[str]:
    """One key or several behind commas; a comma alone is a key."""
    return [key] if key == "," else [part for part in key.split(",") if part.strip()]
