"""The palette: every command by name."""

from __future__ import annotations

from tui.core import Core
from tui.entry import found
from tui.screens.palette import Palette

HISTORY = 3  # lines that worked, which an empty palette offers again


class Commanding(Core):
    """Runs a typed line; one that can't be run comes back with what was wrong."""

    _history: tuple[str, ...] = ()

    def action_palette(self, line: str = "", problem: str = "") -> None:
        """Open it, once."""
        if not isinstance(self.screen, Palette):
            entries = [entry._replace(key=self.keymap.worn(entry.key)) for entry in self.entries()]
            self.push_screen(Palette(entries, self.inks, self._history, line, problem), self.run_line)

    def run_line(self, line: str | None) -> None:
        """Do what the line says."""
        if not line:
            return
        named = found(self.entries(), line)
        if named is None:
            self.action_palette(line, f"nothing is called {line!r}")
            return
        entry, rest = named
        problem = f"{entry.verb} needs {entry.usage}" if entry.asks and not rest else entry.run(rest)
        if problem:
            self.action_palette(line, problem)
            return
        kept = [old for old in self._history if old != line]
        self._history = (line, *kept)[:HISTORY]
