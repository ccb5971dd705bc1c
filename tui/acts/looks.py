"""How the console looks: theme, palette of up and down, help, repaint."""

from __future__ import annotations

from functools import partial

from tui.acts.pacing import Pacing
from tui.entry import Entry
from tui.naming import instrument_named
from tui.screens.page import Help
from tui.theme import PALETTES, THEMES, Inks
from tui.views.table import VIEWS, screens
from tui.views.view import View

SIDES = {
    "western": "up green, down red",
    "eastern": "up red, down green",
    "cvd": "up blue, down orange: safe for colour-blind eyes",
    "mono": "no colour at all: shapes and words alone",
}


class Looks(Pacing):
    """Never touches the engine."""

    def entries(self) -> list[Entry]:
        """Colours and pages."""
        return [
            *super().entries(),
            *(
                Entry(f"screen {v.name.lower()}", "show it", partial(self._screen, v.number), key=v.number)
                for v in screens()
            ),
            *(
                Entry(
                    f"{v.name.lower()} {v.section.lower()}",
                    "that section",
                    partial(self._section, v),
                    key=v.number,
                )
                for v in VIEWS
                if v.section
            ),
            Entry("symbol", "the instrument of every pane", self._symbol, "SYMBOL", "h/l", self.symbols),
            *(Entry(f"palette {p}", SIDES[p], partial(self._palette, p), key="P") for p in PALETTES),
            *(Entry(f"theme {t}", "colours of the screen", partial(self._theme, t), key="t") for t in THEMES),
            Entry("keys", "every key", lambda _: self.action_help(), key="?", also=("help",)),
            Entry("repaint", "send the whole screen again", lambda _: self.action_repaint(), key="^L"),
        ]

    def _screen(self, number: str, _rest: str) -> None:
        self.stage.action_screen(number)

    def _section(self, view: View, _rest: str) -> None:
        self.stage.show(view)

    def _symbol(self, rest: str) -> str | None:
        snapshot = self.newest
        view = instrument_named(rest, snapshot) if snapshot is not None else None
        if snapshot is None or view is None:
            return f"no instrument is called {rest}; there are {', '.join(self.symbols())}"
        self.stage.action_symbol(snapshot.instruments.index(view) - self.console_desk.chosen)
        return None

    def _palette(self, palette: str, _rest: str) -> None:
        self.wear(Inks(self.inks.theme, palette))

    def _theme(self, theme: str, _rest: str) -> None:
        self.wear(Inks(theme, self.inks.palette))

    def action_help(self) -> None:
        """All keys, those of the pane with the keyboard first."""
        if not isinstance(self.screen, Help):
            pane = self.stage.active
            self.push_screen(Help(pane.id or "" if pane is not None else "", self.inks, self.keymap))

    def action_theme(self) -> None:
        """Dark or light."""
        self.wear(Inks(THEMES[(THEMES.index(self.inks.theme) + 1) % len(THEMES)], self.inks.palette))

    def action_sides(self) -> None:
        """The next palette of up and down."""
        self.wear(Inks(self.inks.theme, PALETTES[(PALETTES.index(self.inks.palette) + 1) % len(PALETTES)]))
        self.say(f"up and down: {self.inks.palette}")

    def action_repaint(self) -> None:
        """Send the whole screen again."""
        self.refresh()

    def action_help_quit(self) -> None:
        """Ctrl+C copies or does nothing; it never ends anything."""
        self.say("Ctrl+Q leaves the console (the engine trades on); Ctrl+\\ halts")

    def wear(self, inks: Inks) -> None:
        """Take a theme and palette, in our panes and in Textual's own widgets."""
        self.inks = inks = Inks(inks.theme, inks.palette, self.profile.deep)
        theme = inks.textual()
        self.register_theme(theme)
        self.theme = theme.name
        self.stage.dye(inks)
