"""A person's own hand on orders and positions; nothing here sends without a review or a y."""

from __future__ import annotations

from midas.domain.command import CancelOrder
from tui.core import Core
from tui.entry import Entry
from tui.present import desk as present_desk
from tui.screens.dialogs import Confirm


class Ordering(Core):
    """Acts on what the cursor stands on."""

    def entries(self) -> list[Entry]:
        """What a hand can do."""
        return [
            *super().entries(),
            Entry("cancel", "cancel the chosen working order", lambda _: self.action_cancel(), key="c"),
        ]

    def action_cancel(self) -> None:
        """Cancel the chosen working order, after y."""
        client_id = self.stage.chosen("order")
        snapshot = self.newest
        order = next((o for o in snapshot.orders if o.client_id == client_id), None) if snapshot else None
        if order is None:
            self.say("no working order is chosen: Tab to the orders, then j or k", False)
            return
        self.push_screen(
            Confirm(f"Cancel {order.short_id}?", present_desk.described(order)),
            lambda yes: self.console_desk.send(CancelOrder(order.client_id), self.answered) if yes else None,
        )
