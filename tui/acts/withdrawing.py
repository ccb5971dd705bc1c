"""Taking orders back; each asks for y and names what would go."""

from __future__ import annotations

from collections.abc import Sequence

from midas.domain.command import CancelEntries, CancelOrder
from midas.state.views.orders import OrderView
from tui.core import Core
from tui.entry import Entry
from tui.present.levels import own_at
from tui.present.orders import described
from tui.screens.dialogs import Confirm

NAMED_MAX = 8  # orders that a question lists


class Withdrawing(Core):
    """Acts on the chosen order, on a level of the book, or on all entries of the shown instrument."""

    def entries(self) -> list[Entry]:
        """What can be taken back."""
        return [
            *super().entries(),
            Entry("cancel all-entries", "withdraw what would open new risk", self._cancel_entries, key="C"),
            Entry("cancel", "the chosen order, or one by its id", self._cancel, "[ID]", "c", self.order_ids),
        ]

    def action_cancel(self) -> None:
        """Cancel the chosen working order, after y."""
        self._cancel("")

    def action_cancel_entries(self) -> None:
        """Withdraw every entry of the shown instrument, after y."""
        self._cancel_entries("")

    def action_cancel_level(self) -> None:
        """Withdraw our orders at the level under the book's cursor, after y."""
        orders = self.orders_at_level()
        if orders:
            self._ask_cancel(orders)

    def orders_at_level(self) -> list[OrderView]:
        """Our orders at the level under the book's cursor; where there is none, that is said."""
        picture, pane = self.console_desk.picture(), self.stage.panes["book"]
        orders = own_at(picture, pane.selected) if picture is not None else []
        if not orders:
            self.say("none of our orders rests at that level: j and k move the cursor")
        return orders

    def order_named(self, named: str) -> OrderView | None:
        """The working order of that id, or the chosen one."""
        snapshot = self.newest
        wanted = named or self.stage.chosen("order")
        orders = snapshot.orders if snapshot is not None else ()
        return next((o for o in orders if wanted and wanted in (o.client_id, o.short_id)), None)

    def no_order(self, named: str) -> str | None:
        """Say that there is no such order; for the palette, as its answer."""
        if named:
            return f"no working order is called {named!r}"
        if self.newest is not None and any(
            self.stage.chosen("order") == order.client_id for order in self.newest.foreign
        ):
            self.say("that order isn't ours: it is cancelled where it was placed")
            return None
        self.say("no working order is chosen: Tab to the orders, then j or k")
        return None

    def order_ids(self) -> list[str]:
        """The short ids of what works now."""
        snapshot = self.newest
        return [order.short_id for order in snapshot.orders] if snapshot is not None else []

    def _cancel(self, named: str) -> str | None:
        order = self.order_named(named)
        if order is None:
            return self.no_order(named)
        self._ask_cancel([order])
        return None

    def _ask_cancel(self, orders: Sequence[OrderView]) -> None:
        picture = self.console_desk.truth()
        ids = [order.client_id for order in orders]

        def answer(yes: bool | None) -> None:
            for client_id in ids if yes else ():
                self.console_desk.send(CancelOrder(client_id), self.answered)

        title = f"Cancel {', '.join(order.short_id for order in orders)}?"
        if picture is not None:
            self.push_screen(
                Confirm(title, "\n".join(described(picture, o) for o in orders), self.console_desk.now),
                answer,
            )

    def _cancel_entries(self, _rest: str) -> None:
        picture = self.console_desk.truth()
        view = picture.instrument if picture is not None else None
        if picture is None or view is None:
            self.say("the engine has not told anything yet")
            return
        orders = [o for o in picture.snapshot.orders if o.instrument == view.id and o.purpose == "ENTRY"]
        if not orders:
            self.say(f"no entry of {view.name} is working; exits and stops are not touched by this")
            return
        text = "\n".join(described(picture, order) for order in orders[:NAMED_MAX])
        more = f"\n+{len(orders) - NAMED_MAX} more" if len(orders) > NAMED_MAX else ""
        plural = "entry" if len(orders) == 1 else "entries"
        self.push_screen(
            Confirm(
                f"Cancel {len(orders)} {plural} of {view.name}?",
                f"{text}{more}\nExits and stops stay.",
                self.console_desk.now,
            ),
            lambda yes: self.console_desk.send(CancelEntries(view.id), self.answered) if yes else None,
        )
