"""What a person has typed into an order ticket: every key gives a new form, and nothing here is sent."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from midas.state.snapshot import Snapshot
from midas.state.views.market import InstrumentView

SIDES = ("BUY", "SELL")
TYPES = ("LIMIT", "LIMIT_MAKER", "MARKET")
SLEEVES = ("manual", "external")  # a strategy's position is closed as a whole, not sold by hand
PORTIONS = (25, 50, 75, 100)
LETTERS = {
    "side": {"b": "BUY", "s": "SELL"},
    "type": {"l": "LIMIT", "p": "LIMIT_MAKER", "m": "MARKET"},
    "strategy": {"m": "manual", "e": "external"},
}
CHOSEN = ("side", "instrument", "type", "strategy")
LONGEST = 18  # characters of a number
CHOOSE = "←→ choose"


class Form(NamedTuple):
    """An order as far as it is written; `fields` are those that may be changed, in Tab's order."""

    fields: tuple[str, ...]
    field: str  # where the keyboard is
    side: str
    instrument: str  # its id
    type: str = "LIMIT"
    quantity: str = ""
    price: str = ""
    strategy: str = "manual"
    order: str = ""  # short id of the order that is amended
    fresh: bool = True  # the next digit replaces the number instead of lengthening it
    note: str = ""  # what was wrong with the last key

    @property
    def open(self) -> list[str]:
        """The fields that mean something now."""
        closed = {"price"} if self.type == "MARKET" else set()
        closed |= {"strategy"} if self.side == "BUY" else set()
        return [name for name in self.fields if name not in closed]


def view_of(form: Form, snapshot: Snapshot) -> InstrumentView | None:
    """The instrument of the form."""
    return next((view for view in snapshot.instruments if view.id == form.instrument), None)


def moved(form: Form, steps: int) -> Form:
    """The next or previous field."""
    names = form.open
    if not names:
        return form
    place = names.index(form.field) if form.field in names else 0
    return form._replace(field=names[(place + steps) % len(names)], fresh=True, note="")


def typed(form: Form, character: str, snapshot: Snapshot) -> Form:
    """One printable key."""
    if form.field in LETTERS:
        choice = LETTERS[form.field].get(character.lower())
        return _chosen(form, choice, snapshot) if choice else form._replace(note=CHOOSE)
    if form.field not in ("quantity", "price"):
        return form._replace(note=CHOOSE)
    if character == "%":
        if form.field == "price":
            return form._replace(note="% is for the quantity: a share of what is possible")
        return portioned(form, snapshot)
    character = "." if character == "," else character
    if character not in "0123456789.":
        return form._replace(note="only digits and a point")
    text = character if form.fresh else getattr(form, form.field) + character
    if text.count(".") > 1 or len(text) > LONGEST:
        return form._replace(note="only digits and one point")
    return _written(form, text)


def pasted(form: Form, text: str) -> Form:
    """A paste is taken as a whole number into a number field, or not at all."""
    number = text.strip().replace(",", "")
    if form.field not in ("quantity", "price") or not _number(number) or len(number) > LONGEST:
        return form._replace(note="a paste must be a number, in a number field")
    return _written(form, number)


def erased(form: Form) -> Form:
    """Backspace: the last character, or the whole of a number that wasn't begun here."""
    if form.field not in ("quantity", "price"):
        return form
    return _written(form, "" if form.fresh else getattr(form, form.field)[:-1])


def cleared(form: Form) -> Form:
    """Ctrl+U: the whole number away."""
    return _written(form, "") if form.field in ("quantity", "price") else form


def stepped(form: Form, steps: int, snapshot: Snapshot) -> Form:
    """One or ten ticks or lots; among choices, the next one."""
    if form.field == "side":
        return _chosen(form, _next(SIDES, form.side, steps), snapshot)
    if form.field == "type":
        return _chosen(form, _next(TYPES, form.type, steps), snapshot)
    if form.field == "strategy":
        return _chosen(form, _next(SLEEVES, form.strategy, steps), snapshot)
    if form.field == "instrument":
        known = tuple(view.id for view in snapshot.instruments)
        return _chosen(form, _next(known, form.instrument, steps), snapshot) if known else form
    view = view_of(form, snapshot)
    if view is None:
        return form
    step, digits = _lot(view) if form.field == "quantity" else _tick(view)
    change = step if abs(steps) == 1 else step.scaleb(1)
    text = getattr(form, form.field)
    if not text and form.field == "price":
        return _written(form, touch(view, form.side))
    value = _number(text) or Decimal(0)
    value = value + change if steps > 0 else value - change
    return _written(form, f"{max(value, step):.{digits}f}", fresh=True)


def portioned(form: Form, snapshot: Snapshot) -> Form:
    """`%`: the share that was typed before it, else the next quarter of what can be bought or sold."""
    found = portions(form, snapshot)
    view = view_of(form, snapshot)
    if view is None or len(found) != len(PORTIONS):
        return form._replace(note="no figure: there is no price yet")
    if not found[-1] > 0:
        why = "buy: cash or a limit is used up" if form.side == "BUY" else f"sell: {form.strategy} holds none"
        return form._replace(note=f"nothing to {why}")
    wanted = {str(p): p for p in PORTIONS}.get("" if form.fresh else form.quantity)
    texts = [f"{value:.{view.quantity_decimals}f}" for value in found]
    if wanted is not None:
        place = PORTIONS.index(wanted)
    elif form.fresh or not form.quantity:
        place = (texts.index(form.quantity) + 1) % len(texts) if form.quantity in texts else 0
    else:
        return form._replace(note="25, 50, 75 or 100 before the %")
    return _written(form, texts[place], fresh=True)


def portions(form: Form, snapshot: Snapshot) -> tuple[float, ...]:
    """25, 50, 75 and 100 % of what can be bought, or sold from the sleeve; the engine's figures."""
    if form.side == "BUY":
        view = view_of(form, snapshot)
        return view.buyable if view is not None else ()
    held = (p for p in snapshot.positions if (p.instrument, p.strategy) == (form.instrument, form.strategy))
    return next((p.sellable for p in held), (0.0,) * len(PORTIONS))


def touch(view: InstrumentView, side: str) -> str:
    """The best price of the own side, where an order rests; empty without a book."""
    price = view.bid if side == "BUY" else view.ask
    return f"{price:.{view.price_decimals}f}" if price > 0 else ""


def complaints(form: Form, snapshot: Snapshot) -> dict[str, str]:
    """What is wrong with each field, one sentence each; empty where the engine may be asked."""
    view = view_of(form, snapshot)
    if view is None:
        return {"instrument": "the engine doesn't trade it"}
    found = {"quantity": _wrong(form.quantity, _lot(view), f"{view.base} comes in lots of")}
    if form.type != "MARKET":
        found["price"] = _wrong(form.price, _tick(view), "prices are multiples of")
    return {field: sentence for field, sentence in found.items() if sentence}


def _wrong(text: str, step: tuple[Decimal, int], rule: str) -> str:
    if not text:
        return "still empty"
    value = _number(text)
    if value is None:
        return "not a number"
    if value <= 0:
        return "must be above zero"
    return f"{rule} {step[0]:f}" if value % step[0] else ""


def _chosen(form: Form, choice: str, snapshot: Snapshot) -> Form:
    """Another choice; what hangs on it follows: a price of another instrument or side means nothing."""
    changed = form._replace(**{form.field: choice}, note="")  # type: ignore[arg-type]  # all choices are text
    if form.field in ("instrument", "side") and (view := view_of(changed, snapshot)) is not None:
        changed = changed._replace(price=touch(view, changed.side))
    if form.field == "instrument" and choice != form.instrument:
        changed = changed._replace(quantity="")
    return changed


def _written(form: Form, text: str, fresh: bool = False) -> Form:
    if form.field == "quantity":
        return form._replace(quantity=text, fresh=fresh, note="")
    return form._replace(price=text, fresh=fresh, note="")


def _next(choices: tuple[str, ...], present: str, steps: int) -> str:
    place = choices.index(present) if present in choices else 0
    return choices[(place + (1 if steps > 0 else -1)) % len(choices)]


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _tick(view: InstrumentView) -> tuple[Decimal, int]:
    return Decimal(f"{view.tick_size:.{view.price_decimals}f}"), view.price_decimals


def _lot(view: InstrumentView) -> tuple[Decimal, int]:
    return Decimal(f"{view.lot_size:.{view.quantity_decimals}f}"), view.quantity_decimals
