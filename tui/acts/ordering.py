"""A person's own orders: written in a ticket, reviewed by the engine, sent by y."""

from __future__ import annotations

from functools import partial

from midas.domain.command import AmendOrder, ClosePosition, Command, PlaceOrder
from midas.state.snapshot import Snapshot
from midas.state.views.orders import OrderView, PositionView
from tui.acts.withdrawing import Withdrawing
from tui.entry import Entry
from tui.form import Form, stepped, touch
from tui.screens.ticket import Act, Ticket
from tui.typed import written

NEW = ("side", "instrument", "type", "quantity", "price", "strategy")
REVIEWED = "an order, reviewed first"
USAGE = "QUANTITY SYMBOL [@PRICE] [post]"


class Ordering(Withdrawing):
    """Nothing here sends: a `Ticket` does, and only after its review."""

    def entries(self) -> list[Entry]:
        """What a hand can ask for."""
        return [
            *super().entries(),
            Entry("buy", REVIEWED, partial(self.write, "BUY"), USAGE, "b", also=("order buy",)),
            Entry("sell", REVIEWED, partial(self.write, "SELL"), USAGE, "s", also=("order sell",)),
            Entry("amend", "another price or quantity", self._amend, "[ID]", "a", self.order_ids),
            Entry("close", "a position, reviewed first", self._close, "[SYMBOL [STRATEGY]]", "x", self._held),
        ]

    def action_ticket(self, side: str) -> None:
        """A new order: at the price under the book's cursor, else at the touch of its own side."""
        picture = self.console_desk.picture()
        view = picture.instrument if picture is not None else None
        if picture is None or view is None:
            self.say("the engine has not told anything yet")
            return
        price = self.pointed(picture) or touch(view, side)
        sleeve = self._sleeve(side, view.id)
        self._place(Form(NEW, "quantity", side, view.id, price=price, strategy=sleeve))

    def action_amend(self) -> None:
        """The chosen order in a ticket; a strategy's own are the strategy's to change."""
        self._amend("")

    def action_grab(self, steps: int) -> None:
        """Take our order at the level along: its amendment, a tick on, for F2 and y."""
        orders = self.orders_at_level()
        if orders:
            self._amend_order(orders[0], steps)

    def action_close(self) -> None:
        """Close the chosen position: its review, then y."""
        self._close("")

    def write(self, side: str, line: str) -> str | None:
        """`0.25 BTC @65003 post` as a ticket, reviewed at once; returns what is wrong with the line."""
        picture = self.console_desk.truth()
        if picture is None:
            return "the engine has not told anything yet"
        form = written(Form(NEW, "quantity", side, picture.instrument_id), line, picture.snapshot)
        if isinstance(form, str):
            return form
        self._place(form._replace(strategy=self._sleeve(side, form.instrument)), ask=True)
        return None

    def _place(self, form: Form, ask: bool = False) -> None:
        name = self._ticket_name()

        def order(form: Form, confirmed: bool) -> Command:
            price = "" if form.type == "MARKET" else form.price
            return PlaceOrder(
                name, form.instrument, form.side, form.type, form.quantity, price, form.strategy, confirmed
            )

        self._show(Act("order", order, self.answered), form, ask)

    def _amend(self, named: str) -> str | None:
        order = self.order_named(named)
        if order is None:
            return self.no_order(named)
        self._amend_order(order)
        return None

    def _amend_order(self, order: OrderView, steps: int = 0) -> None:
        snapshot, name = self.newest, self._ticket_name()
        if not order.amendable or snapshot is None:
            whose = f"{order.strategy}'s, which prices it itself"
            if order.purpose == "STOP":
                whose = "a stop, and moves as [risk.stops] says"
            self.say(f"{order.short_id} is {whose}; c cancels it")
            return

        def amend(form: Form, confirmed: bool) -> Command:
            return AmendOrder(name, order.client_id, form.quantity, form.price, confirmed)

        form = _form_of(order, snapshot)
        self._show(
            Act(f"amend {order.short_id}", amend, self.answered),
            stepped(form, steps, snapshot) if steps else form,
        )

    def _close(self, named: str) -> str | None:
        named = " ".join(
            named.replace("--strategy ", " ").split()
        )  # as the shell and the engine's advice spell it
        position = self._position(named)
        if position is None:
            if named:
                there = ", ".join(self._held()) or "none"
                return f"no single open position is called {named!r}; there is {there}"
            self.say("no position is chosen: Tab to the positions, then j or k")
            return None
        side = "SELL" if position.quantity > 0 else "BUY"
        form = Form((), "", side, position.instrument, "MARKET", strategy=position.strategy)

        def close(_form: Form, confirmed: bool) -> Command:
            return ClosePosition(position.instrument, position.strategy, confirmed)

        self._show(Act(f"close {position.strategy}", close, self.answered), form, ask=True)
        return None

    def _show(self, act: Act, form: Form, ask: bool = False) -> None:
        if not isinstance(self.screen, Ticket):
            self.push_screen(Ticket(self.inks, self.console_desk, act, form, ask))

    def _ticket_name(self) -> str:
        """One name for all that is sent from one ticket: it is ordered once, however often it is sent."""
        return f"t{self.console_desk.now():x}"

    def _sleeve(self, side: str, instrument: str) -> str:
        """What is sold by hand: our own, or, where only that is held, what was there before us."""
        positions = self.newest.positions if self.newest is not None else ()
        held = {p.strategy for p in positions if p.instrument == instrument and p.quantity}
        return "external" if side == "SELL" and "external" in held and "manual" not in held else "manual"

    def _position(self, named: str) -> PositionView | None:
        """The only position of a symbol (and strategy), or the chosen one."""
        held = _held(self.newest)
        if not named:
            chosen = self.stage.chosen("position")
            return next((p for p in held if f"{p.instrument}|{p.strategy}" == chosen), None)
        found = [p for p in held if _called(p).lower().startswith(named.lower())]
        return found[0] if len(found) == 1 else None

    def _held(self) -> list[str]:
        return [_called(position) for position in _held(self.newest)]


def _held(snapshot: Snapshot | None) -> list[PositionView]:
    held = snapshot.positions if snapshot is not None else ()
    return [p for p in held if p.quantity and (p.gone > 0 or not p.dust)]


def _called(position: PositionView) -> str:
    return f"{position.instrument.partition('.')[0]} {position.strategy}"


def _form_of(order: OrderView, snapshot: Snapshot) -> Form:
    """An order as it works now, price and quantity to be changed."""
    view = next((v for v in snapshot.instruments if v.id == order.instrument), None)
    digits, decimals = (view.quantity_decimals, view.price_decimals) if view is not None else (8, 8)
    quantity, price = f"{order.quantity:.{digits}f}", f"{order.price:.{decimals}f}"
    return Form(
        ("quantity", "price"), "price", order.side, order.instrument, order.type, quantity, price,
        order.strategy, order.short_id,
    )  # fmt: skip
