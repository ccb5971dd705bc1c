"""Taking rows along: the one under the cursor to the clipboard, all of a pane to a file."""

from __future__ import annotations

from functools import partial

from tui.core import Core
from tui.entry import Entry
from tui.export import named
from tui.present import life, rows

TABLES = ("positions", "orders", "closed", "fills", "signals", "tape", "book", "chart", "reconciliation")


class Taking(Core):
    """Reads the picture; touches neither the engine nor the screen."""

    def entries(self) -> list[Entry]:
        """By name."""
        return [
            *super().entries(),
            Entry("export", "rows as CSV", self._export, "TABLE", "E", lambda: TABLES),
            Entry("copy", "the row under the cursor", lambda _: self.action_copy(), key="^C"),
        ]

    def action_copy(self) -> None:
        """The row under the cursor of the pane with the keyboard, tabs between its cells."""
        pane, picture = self.stage.active, self.console_desk.picture()
        blocks = rows.behind(picture, pane.id or "") if pane is not None and picture is not None else []
        chosen = pane.selected if pane is not None else None
        found = next((cells for block in blocks for key, cells in block.rows if key == chosen), None)
        if found is None:
            self.say("no row is chosen: j and k move the cursor; ^Q leaves the console")
            return
        self.copy_to_clipboard("\t".join(found))
        self.say("the row was sent to your terminal's clipboard (OSC 52)")

    def action_export_table(self) -> None:
        """All rows of the pane with the keyboard, into a file only for this person."""
        pane = self.stage.active
        self._export(pane.id or "" if pane is not None else "")

    def action_life(self) -> None:
        """A page with every step of the chosen order."""
        pane, picture = self.stage.active, self.console_desk.picture()
        order = life.chosen(picture, pane.selected) if pane is not None and picture is not None else None
        if order is None or picture is None:
            self.say("no order is chosen: j and k move the cursor")
            return
        self.read(f"order {order.short_id}", partial(life.page, picture, order))

    def _export(self, table: str) -> str | None:
        picture = self.console_desk.picture()
        blocks = rows.behind(picture, table.strip()) if picture is not None else []
        if picture is None or not blocks:
            self.say(f"there is nothing to export in {table or 'this pane'}")
            return None
        try:
            path = self.save(named(table.strip(), picture.snapshot.built_at, "csv"), rows.as_csv(blocks))
        except OSError as error:
            self.say(f"not written: {error}")
            return None
        self.say(f"{sum(len(block.rows) for block in blocks)} rows written to {path}")
        return None
