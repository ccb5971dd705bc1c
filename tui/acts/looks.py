"""How the console looks: theme, palette of up and down, help, repaint."""

from __future__ import annotations

from tui.core import Core
from tui.screens.dialogs import Help
from tui.theme import PALETTES, THEMES, Inks


class Looks(Core):
    """Never touches the engine."""

    def action_help(self) -> None:
        """All keys."""
        self.push_screen(Help())

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
        self.inks = inks
        theme = inks.textual()
        self.register_theme(theme)
        self.theme = theme.name
        self.stage.dye(inks)
