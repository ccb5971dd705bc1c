"""Reading the log: severity, filter, follow, the whole of a line, a copy in a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import partial

from midas.domain.time import iso
from tui.core import Core
from tui.entry import Entry
from tui.export import named
from tui.options import SEVERITIES
from tui.present import alerts, events, limits, modes, reconciliation, refusals, why
from tui.present.lines import Line
from tui.present.picture import Picture
from tui.screens.foot import FilterLine


class Reading(Core):
    """Changes what is seen, never what is done."""

    def entries(self) -> list[Entry]:
        """By name."""
        return [
            *super().entries(),
            Entry("filter", "only events that hold a text; empty: all", self._filter, "[TEXT]", "/"),
            Entry("export log", "the shown events as CSV", lambda _: self.action_export_log(), key="E"),
        ]

    def action_severity(self) -> None:
        """All, warnings and errors, errors."""
        place = SEVERITIES.index(self.options.severity) + 1
        self.see(self.options._replace(severity=SEVERITIES[place % len(SEVERITIES)]))
        shown = self.options.severity
        self.say(f"events: {events.FILTERS[shown] or 'all of them'}; & changes it")

    def action_filter(self) -> None:
        """A line at the foot that filters as it is typed."""
        if not isinstance(self.screen, FilterLine):
            self.push_screen(FilterLine(self.options.needle, lambda text: self._filter(text)))

    def action_follow(self) -> None:
        """Follow the newest event, or hold the list where it is."""
        pane = self.stage.active
        if pane is None:
            return
        if pane.selected is None:
            pane.jump(last=False)
        else:
            pane.release()

    def action_explain(self) -> None:
        """A page with all that is known of what the cursor stands on."""
        pane, picture = self.stage.active, self.console_desk.picture()
        if pane is None or picture is None:
            return
        if pane.selected is None:
            pane.move(1)
        found = _explained(picture, pane.id or "", str(pane.selected))
        if found is not None:
            self.read(*found)

    def action_export_log(self) -> None:
        """The events that pass the filters, into a file only for this person."""
        picture = self.console_desk.truth()
        if picture is None:
            self.say("the engine has not told anything yet")
            return
        rows = [entry.event for entry in events.shown(picture)]
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(("time", "sequence", "kind", "severity", "text"))
        for event in reversed(rows):
            writer.writerow((iso(event.at), event.sequence, event.kind, event.severity, event.text))
        try:
            path = self.save(named("log", picture.snapshot.built_at, "csv"), text.getvalue())
        except OSError as error:
            self.say(f"not written: {error}")
            return
        self.say(f"{len(rows)} events written to {path}")

    def _filter(self, needle: str) -> None:
        self.see(self.options._replace(needle=needle.strip()))


Pages = Callable[[int], list[Line]]  # for the width there is


def _explained(picture: Picture, pane: str, key: str) -> tuple[str, Pages] | None:
    """The title and the lines of the page."""
    name = key.partition(":")[2]
    if pane == "limits":
        limit = next((each for each in picture.snapshot.limits if each.name == name), None)
        return (limit.title, partial(limits.whole, picture, limit)) if limit else None
    if pane == "refused":
        signal = refusals.found(picture, key)
        if signal is None:
            return None
        return why.heading(picture, signal), partial(why.whole, picture, signal, False)
    if pane == "alarms":
        alarm = next((each for each in picture.snapshot.alarms if each.name == name), None)
        return ("alarm", partial(alerts.alarm_whole, picture, alarm)) if alarm else None
    if pane == "reconciliation":
        difference = reconciliation.found(picture, key)
        if difference is None:
            return None
        return f"difference: {difference.subject}", partial(reconciliation.page, picture, difference)
    if pane == "changes":
        change = next((c for c in picture.snapshot.modes if f"{c.at}.{c.after}" == name), None)
        return ("mode change", partial(modes.whole, picture, change)) if change else None
    event = events.found(picture, key)
    return ("event", partial(events.whole, event)) if event else None
