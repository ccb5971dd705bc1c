"""An order as a line of the palette: `0.25 BTC @65003 post`."""

from __future__ import annotations

from midas.state.snapshot import Snapshot
from midas.state.views.market import InstrumentView
from tui.form import Form, complaints
from tui.naming import instrument_named


def written(form: Form, line: str, snapshot: Snapshot) -> Form | str:
    """The form with what the line says, or what is wrong with the line. No price means a market order."""
    words = line.replace("@", " @").split()
    price = next((word[1:] for word in words if word.startswith("@")), "")
    post = "post" in words
    rest = [word for word in words if word != "post" and not word.startswith("@")]
    if not rest or len(rest) > 2:
        return "write QUANTITY SYMBOL [@PRICE] [post]"
    view = instrument_named(rest[1], snapshot) if len(rest) == 2 else _shown(form, snapshot)
    if view is None:
        return f"no instrument is called {rest[-1]!r}"
    if post and not price:
        return "post needs a price: @PRICE"
    kind = "LIMIT_MAKER" if post else "LIMIT" if price else "MARKET"
    full = form._replace(instrument=view.id, type=kind, quantity=rest[0], price=price)
    wrong = complaints(full, snapshot)
    return next((f"{field}: {sentence}" for field, sentence in wrong.items()), full)


def _shown(form: Form, snapshot: Snapshot) -> InstrumentView | None:
    return next((view for view in snapshot.instruments if view.id == form.instrument), None)
