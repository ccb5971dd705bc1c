"""Alarms and price alerts: set, dropped, acknowledged. None of it trades."""

from __future__ import annotations

from midas.domain.command import Acknowledge, DropAlert
from tui.asked import USAGE, asked
from tui.core import Core
from tui.entry import Entry
from tui.screens.foot import AlertDialog


class Alerting(Core):
    """Acts on what the cursor stands on, else on all."""

    def entries(self) -> list[Entry]:
        """By name."""
        return [
            *super().entries(),
            Entry("alert", "tell me when the price gets there", self.alert, USAGE, "!"),
            Entry(
                "acknowledge",
                "the chosen alarm or alert, else all",
                self._acknowledge,
                key="A",
            ),
        ]

    def action_alert(self) -> None:
        """A new alert: at the price under the book's cursor, else typed."""
        picture = self.console_desk.truth()
        view = picture.instrument if picture is not None else None
        if picture is None or view is None:
            self.say("the engine has not told anything yet")
            return
        price = self.pointed(picture)
        last = f"{view.last:.{view.price_decimals}f}" if view.last == view.last else "unknown"
        text = f"{view.name}, last {last}. Fires once when a trade reaches the price; trades nothing."
        self.push_screen(AlertDialog(text, price, self._problem), self._set)

    def alert(self, line: str) -> str | None:
        """`BTC > 66000` as an alert; returns what is wrong with the line."""
        if not line:
            self.action_alert()
            return None
        problem = self._problem(line)
        if not problem:
            self._set(line)
        return problem or None

    def action_drop_alert(self) -> None:
        """Forget the chosen alert."""
        chosen = self.stage.chosen("alert")
        if chosen:
            self.console_desk.send(DropAlert(int(chosen)), self.answered)
        else:
            self.say("no price alert is chosen: j or k among the alerts of screen 8")

    def action_acknowledge(self) -> None:
        """The alarm or alert under the cursor of the pane with the keyboard, else all of them."""
        snapshot = self.newest
        if snapshot is None:
            return
        pane = self.stage.active
        key = pane.selected if pane is not None else None
        known = {f"alarm:{alarm.name}": alarm.name for alarm in snapshot.alarms}
        known |= {f"alert:{alert.id}": f"alert:{alert.id}" for alert in snapshot.alerts}
        unseen = [alarm for alarm in snapshot.alarms if not alarm.acknowledged]
        fired = [alert for alert in snapshot.alerts if alert.fired_at and not alert.acknowledged]
        if not unseen and not fired:
            self.say("nothing waits to be acknowledged")
        else:
            self.console_desk.send(Acknowledge(known.get(str(key), "")), self.answered)

    def _acknowledge(self, _rest: str) -> None:
        self.action_acknowledge()

    def _problem(self, line: str) -> str:
        picture = self.console_desk.truth()
        if picture is None:
            return "the engine has not told anything yet"
        command = asked(line, picture.snapshot, picture.instrument_id)
        return command if isinstance(command, str) else ""

    def _set(self, line: str | None) -> None:
        picture = self.console_desk.truth()
        if line is None or picture is None:
            return
        command = asked(line, picture.snapshot, picture.instrument_id)
        if isinstance(command, str):
            self.say(command)
        else:
            self.console_desk.send(command, self.answered)
