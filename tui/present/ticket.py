"""The order ticket: its fields, what the engine says the order would do, and which key does what."""

from __future__ import annotations

from math import isfinite
from typing import Literal, NamedTuple

from midas.domain.command import Review
from midas.domain.verdict import apart
from midas.state.views.market import InstrumentView
from tui.form import SIDES, SLEEVES, TYPES, Form, complaints, portions, view_of
from tui.present import numbers, what_if
from tui.present.lines import Line, Piece, Sheet, clip, spread
from tui.present.picture import Picture, Spot

Stage = Literal["edit", "asking", "review", "sending"]
WORDS = {"BUY": "▲ BUY", "SELL": "▼ SELL", "LIMIT": "LIMIT", "LIMIT_MAKER": "POST ONLY", "MARKET": "MARKET"}
LABELS = {"strategy": "sleeve"}
LABEL = 14  # cells before the values


class Moment(NamedTuple):
    """Where the ticket stands between the first key and the order."""

    stage: Stage
    title: str
    waited: int = 0  # ns since the engine was asked, or since it answered
    review: Review | None = None
    told: str = ""  # the engine's sentence
    refused: bool = False
    live: bool = False  # whether y would send
    old: bool = False  # the review says nothing about the present market any more
    tried: bool = False  # the form was handed in: empty fields are faults by now
    unmeant: bool = False  # the size is unusually large, and nobody has said yet that it is meant


def sheet(picture: Picture, spot: Spot, form: Form, moment: Moment) -> Sheet:
    """Fields above, the engine's word below."""
    view = view_of(form, picture.snapshot)
    ink = "up" if form.side == "BUY" else "down"
    title: Line = [Piece(f"{moment.title} ", "title"), Piece(f"{WORDS[form.side]} ", ink)]
    title.append(Piece(picture.named(form.instrument), "strong"))
    rows: list[Line] = [[]]
    if form.fields:
        rows += [_field(picture, form, moment, name, spot.width) for name in _shown(form)]
        rows.append([])
    rows += _below(picture, form, moment, spot.width, spot.height - len(rows))
    return Sheet(title, rows, _market(view), _keys(form, moment))


def _shown(form: Form) -> list[str]:
    """The fields on the sheet: what can't be changed is shown too, so that the order stands there whole."""
    return ["side", "instrument", "type", "quantity", "price", "strategy"]


def _market(view: InstrumentView | None) -> Line:
    if view is None:
        return []
    bid, ask = (numbers.fixed(price, view.price_decimals) for price in (view.bid, view.ask))
    return [Piece("bid ", "dim"), Piece(bid, "up"), Piece("  ask ", "dim"), Piece(ask, "down")]


def _field(picture: Picture, form: Form, moment: Moment, name: str, width: int) -> Line:
    here = moment.stage == "edit" and form.field == name
    line: Line = [
        Piece(" ▶ " if here else "   ", "cursor"),
        Piece(f"{LABELS.get(name, name):<{LABEL - 3}}", "strong" if here else "dim"),
        *_value(picture, form, moment, name),
    ]
    hint = _hint(picture, form, moment, name) if name in form.fields else Piece("")
    used = sum(len(piece.text) for piece in line)
    if not hint.text:
        return line
    return spread(line, [hint._replace(text=clip(hint.text, max(0, width - used - 2))), Piece(" ")], width)


def _value(picture: Picture, form: Form, moment: Moment, name: str) -> Line:
    if name not in form.open:
        told = name in form.fields or form.order
        return [Piece(" "), Piece(_fixed(picture, form, name), "text" if told else "dim")]
    match name:
        case "side":
            return _choices(SIDES, form.side)
        case "type":
            return _choices(TYPES, form.type)
        case "strategy":
            return _choices(SLEEVES, form.strategy)
        case "instrument":
            known = [view.id for view in picture.snapshot.instruments]
            if len(known) > 3:
                return [Piece(picture.named(form.instrument), "strong"), Piece(f"  of {len(known)}", "dim")]
            return _choices(known, form.instrument, {i: picture.named(i) for i in known})
    text = form.quantity if name == "quantity" else form.price
    here = moment.stage == "edit" and form.field == name
    if here and form.fresh and text:
        value = [Piece(text, "tab", "tab")]
    else:
        value = [Piece(text, "strong"), *([Piece("▏", "cursor")] if here else [])]
    return [Piece(" "), *value, Piece(f" {_unit(picture, form, name)}", "dim")]


def _fixed(picture: Picture, form: Form, name: str) -> str:
    """A field that can't be changed, or means nothing for this order."""
    if name == "price" and form.type == "MARKET":
        return "what the book gives, within the collar"
    if name == "strategy" and form.side == "BUY":
        return f"{form.strategy} (orders by hand)" if not form.order else form.strategy
    if name == "instrument":
        return picture.named(form.instrument)
    value = str(getattr(form, name))
    return WORDS.get(value, value)


def _unit(picture: Picture, form: Form, name: str) -> str:
    view = view_of(form, picture.snapshot)
    if view is None:
        return ""
    return view.base if name == "quantity" else view.quote


def _choices(values: tuple[str, ...] | list[str], chosen: str, words: dict[str, str] | None = None) -> Line:
    line: Line = []
    for value in values:
        word = (words or WORDS).get(value, value)
        here = value == chosen
        line += [Piece(f" {word} ", "tab" if here else "dim", "tab" if here else ""), Piece(" ")]
    return line


def _hint(picture: Picture, form: Form, moment: Moment, name: str) -> Piece:
    """One sentence at the field: what is wrong with it, else what can be done."""
    here = moment.stage == "edit" and form.field == name
    if here and form.note:
        return Piece(form.note, "warn")
    wrong = complaints(form, picture.snapshot).get(name, "")
    if wrong and (moment.tried or (not here and wrong != "still empty")):
        return Piece(wrong, "warn")
    if not here:
        return Piece("")
    if name == "quantity" and not form.order:
        return Piece(_most(picture, form), "dim")
    if name in ("quantity", "price"):
        return Piece(f"↑↓ one {'lot' if name == 'quantity' else 'tick'}, Shift ten", "dim")
    return Piece("←→ choose", "dim")


def _most(picture: Picture, form: Form) -> str:
    found = portions(form, picture.snapshot)
    view = view_of(form, picture.snapshot)
    if view is None or not found:
        return ""
    most = numbers.fitted(found[-1], view.quantity_decimals, 10)
    return f"% quarters of {most} you can {form.side.lower()}"


def _below(picture: Picture, form: Form, moment: Moment, width: int, room: int) -> list[Line]:
    seconds = numbers.duration(moment.waited)
    if moment.stage == "asking":
        return [_rule("review", width), [Piece(f" asking the engine what it would do .. {seconds}", "dim")]]
    if moment.stage == "sending":
        return [
            _rule("sent", width), [Piece(f" waiting for the engine's answer .. {seconds}", "strong")],
            [Piece(" Esc leaves; the answer is then told at the foot of the screen", "dim")],
        ]  # fmt: skip
    if moment.stage == "review" and moment.review is not None:
        return _reviewed(picture, form, moment, moment.review, width, room)
    if moment.told:
        word, text, ink = ("refused", f"✗ {moment.told}", "alarm")
        if not moment.refused:
            word, text, ink = "the engine says", moment.told, "strong"
        return [_rule(word, width), *_wrapped(text, width, ink)[: room - 1]]
    if not form.fields:
        return [_rule("review", width)]
    return [
        _rule("review", width),
        [Piece(" F2 asks the engine what this order would do; nothing is sent yet", "dim")],
    ]


def _rule(word: str, width: int) -> Line:
    return [
        Piece(" ── ", "edge"),
        Piece(f"{word} ", "title"),
        Piece("─" * max(0, width - len(word) - 6), "edge"),
    ]


def _reviewed(
    picture: Picture, form: Form, moment: Moment, review: Review, width: int, room: int
) -> list[Line]:
    breaches = review.breaches or ((moment.told,) if moment.refused else ())
    said, fits = apart(breaches)
    against = [("strong", f"→ {fits}")] if fits else []
    against += [("alarm", f"✗ {text}") for text in said]
    against += [("warn", f"! {text}") for text in review.warnings]
    age = numbers.duration(moment.waited)
    title = f"review · {age} old" + (": too old to send, ask again" if moment.old else "")
    head = _rule("the engine would refuse this" if breaches else title, width)
    rows = [head, *_effects(picture, form, review)]
    if not form.fields and not breaches:
        against.append(("dim", moment.told))  # the engine's own words on what closing means
    told = [line for ink, text in against for line in _wrapped(text, width, ink)]
    rows += _changes(review, _base(picture, form), width, room - len(rows) - len(told))
    left = room - len(rows)
    if len(told) > left:
        told = [
            *told[: left - 1],
            [Piece(f" +{len(told) - left + 1} more: a taller window shows them", "warn")],
        ]
    return rows + told


def _base(picture: Picture, form: Form) -> what_if.Unit:
    view = view_of(form, picture.snapshot)
    return what_if.Unit(view.base, view.quantity_decimals) if view is not None else what_if.MONEY


def _changes(review: Review, base: what_if.Unit, width: int, room: int) -> list[Line]:
    """What it does to the limits and to the tail risk, as far as there is room."""
    told = what_if.tail(review, width - LABEL - 2)
    rows = what_if.limits(review, width - LABEL - 2, room - bool(told), base)
    facts = [_fact("" if place else "limits", line) for place, line in enumerate(rows)]
    return facts + ([_fact("tail risk", told)] if told and room > 0 else [])


def _effects(picture: Picture, form: Form, review: Review) -> list[Line]:
    view = view_of(form, picture.snapshot)
    digits, decimals = (view.quantity_decimals, view.price_decimals) if view else (5, 2)
    base, quote = (view.base, view.quote) if view else ("", "")
    quantity, price = numbers.fixed(review.quantity, digits), numbers.fixed(review.price, decimals)
    if review.booked:
        value = f"{quantity} {base} @ {price} = {numbers.telling(review.notional)} {quote}"
        return [_fact("book", [Piece(value, "strong")])]
    what: Line = [
        Piece(f"{review.side} {quantity} {base} @ {price}", "strong"),
        Piece(f" = {numbers.telling(review.notional)} {quote}", "strong"),
        Piece(f"   fee {numbers.telling(review.fee)} {quote}", "text"),
    ]
    if review.takes > 0:
        slip = numbers.fixed(review.slippage_bps, 1) if isfinite(review.slippage_bps) else numbers.ABSENT
        takes: Line = [
            Piece(f"{numbers.fixed(review.takes, digits)} {base}, slippage {slip} bp against the mid")
        ]
    else:
        takes = [Piece("nothing: it rests in the book")]
    rows = [_fact("order", what), _fact("at once", takes)]
    if form.type != "MARKET" and review.takes < review.quantity:
        ahead = f"{numbers.fixed(review.ahead, digits)} {base} rest" if review.ahead else "nothing rests"
        rows.append(_fact("queue", [Piece(f"{ahead} before it at its price")]))
    share = numbers.near(review.equity_share)
    rows.append(_fact("afterwards", [Piece(f"the position is {share} of equity")]))
    return rows


def _fact(name: str, told: Line) -> Line:
    return [Piece(f"   {name:<{LABEL - 2}}", "dim"), *told]


def _wrapped(text: str, width: int, ink: str) -> list[Line]:
    rows: list[str] = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if len(longer) > width - 4 and rows[-1]:
            rows.append(word)
        else:
            rows[-1] = longer
    return [[Piece(f"   {clip(row, width - 4)}", ink)] for row in rows]


def _keys(form: Form, moment: Moment) -> Line:
    match moment.stage:
        case "edit" if not form.fields:
            keys = [("F2", "ask again"), ("Esc", "leave")]
        case "edit":
            steps = ("↑↓", "step, Shift ten")
            keys = [("Tab", "field"), steps, ("^U", "clear"), ("F2", "review"), ("Esc", "leave")]
        case "asking":
            keys = [("Esc", "back")]
        case "sending":
            keys = [("Esc", "leave")]
        case _ if moment.old or moment.refused or (moment.review is not None and moment.review.breaches):
            keys = [("n Esc", "back"), ("F2", "ask again")]
        case _ if moment.unmeant:
            keys = [("y", "so LARGE" if moment.live else "so large (wait..)"), ("n Esc", "back")]
        case _:
            keys = [("y", "SEND" if moment.live else "send (wait..)"), ("n Esc", "back"), ("F2", "ask again")]
    line: Line = []
    for key, word in keys:
        line += [Piece(key, "key"), Piece(f" {word}  ", "strong" if word == "SEND" else "dim")]
    return [*line[:-1], line[-1]._replace(text=line[-1].text.rstrip())]
