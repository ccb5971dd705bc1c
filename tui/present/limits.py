"""The limits of screen 5: which binds next, how much of each is used, what is left, what happens then."""

from __future__ import annotations

from midas.state.views.market import InstrumentView
from midas.state.views.risk import LimitView
from tui.present import numbers
from tui.present.gauge import binding, gauge, shade_of, shown_used
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, detail, wrapped
from tui.present.masking import concealed, secret
from tui.present.picture import Picture, Spot
from tui.present.table import Column, fitting, heading, row

ROOMY = 6  # rows more than limits from which on the first sentence may take all that it needs
STEPS = 100  # limits whose use is the same to the percent keep the engine's order

# By the engine's names; one that the console doesn't know is shown by its own words.
MEANINGS = {
    "position": "the largest holding of one instrument, as if every entry order filled",
    "sector": "the largest sector, as if every entry order filled",
    "crypto": "all crypto together, as if every entry order filled",
    "usd": "all US dollars together, as if every entry order filled",
    "cash": "the quote currency left once every entry order is paid",
    "rate": "orders sent in the last 10 s",
    "VaR": "the loss that one period in twenty exceeds (at level 95 %), of what is held with the new entry",
    "ES": "the mean of the losses beyond the VaR, of what is held with the new entry",
    "drawdown": "the loss from the highest equity",
    "day": "the loss since the day began (UTC)",
}
ACTIONS = {
    "reject": "orders beyond it refused, exits not",
    "reject new": "new positions refused, closing goes on",
    "closing only": "only orders that close are allowed",
    "flatten": "every position is closed, no new risk",
}


def ordered(picture: Picture) -> list[LimitView]:
    """What binds first, then the next to bind, then the fuller ones.

    Those that are as full to the percent stay in the engine's order: rows that jump can't be watched.
    """
    known, following = picture.snapshot.limits, picture.snapshot.next_to_bind

    def place(limit: LimitView) -> tuple[bool, bool, int]:
        return not limit.binding, limit.name != following, -round(min(limit.used, 9.0) * STEPS)

    return sorted(known, key=place)


def keys(picture: Picture, _height: int) -> list[str]:
    """The limits the cursor can stand on."""
    return [f"limit:{limit.name}" for limit in ordered(picture)]


def table(picture: Picture, spot: Spot) -> Sheet:
    """What binds next in a sentence, then a row a limit; below, all about the chosen one."""
    title: Line = [Piece("limits", "title"), Piece(f" · {clean(picture.snapshot.profile)}", "dim")]
    if not picture.snapshot.limits:
        return Sheet(title, centred("no limit reported yet", spot.width, spot.height))
    known = ordered(picture)
    roomy = spot.height >= len(known) + ROOMY
    spare = spot.height - len(known) - 1  # rows that heading and limits leave
    rows = [*_sentence(picture, spot.width, max(1, spare)), *([[]] if roomy else [])]
    below = _below(picture, spot, spot.height - len(rows) - 1 - len(known))
    columns = fitting(_columns(picture, spot.width), spot.width - 2)
    rows.append([Piece("  "), *heading(columns)])
    room = max(1, spot.height - len(rows) - len(below))
    seen = spot.rows(keys(picture, 0), room)
    rows += [[_mark(picture, known[index], spot), *row(columns, known[index])] for index in seen]
    if (off := picture.snapshot.limits_off) and spot.height > len(rows) + len(below):
        rows.append([Piece(clip(f"  off in this profile: {', '.join(off)}", spot.width), "faint")])
    foot: Line = [Piece("j/k choose  Enter: what binds", "dim")] if spot.focused else []
    if hidden := len(known) - len(seen):
        foot = [Piece(f"{hidden} more: {'j' if spot.focused else 'z'}  ", "warn"), *foot]
    return Sheet(title, rows + below, binding(known), foot)


def explained(picture: Picture, limit: LimitView) -> list[str]:
    """What it measures, how much of it is used, what is left, what happens when it binds."""
    said = [_headline(picture, limit), _room(picture, limit), f"When it binds: {action(limit)}."]
    if limit.name in MEANINGS:
        said.append(f"Measured: {MEANINGS[limit.name]}.")
    return said


def whole(picture: Picture, limit: LimitView, width: int) -> list[Line]:
    """The same on a page of its own, with the gauge."""
    ink = "alarm" if limit.binding else shade_of(limit.used)
    rows: list[Line] = [[Piece(bar(limit, min(width, 60)), ink)], []]
    for sentence in explained(picture, limit):
        rows += detail(sentence, width, "text", "")
    return rows


def action(limit: LimitView) -> str:
    """What the engine does when the limit binds."""
    if unknown(limit) and limit.binding:
        return "every entry is refused until it is known, exits not"
    if limit.name == "rate":
        return "refused until 10 s have passed"
    return ACTIONS.get(limit.action, limit.action)


def figure(limit: LimitView, value: float) -> str:
    """`24.6%`, `3/10s`: a value in the limit's own unit."""
    if limit.unit == "%":
        return numbers.exact(value) if value == limit.maximum else numbers.near(value)
    return f"{numbers.brief(value)}{limit.unit}"


def unknown(limit: LimitView) -> bool:
    """Whether nobody can say how much of it is used."""
    return limit.room != limit.room


def oldest_held(picture: Picture) -> InstrumentView | None:
    """The instrument of our positions that was silent for longest: values are as old as it is."""
    held = {position.instrument for position in picture.snapshot.positions if position.quantity}
    views = [view for view in picture.snapshot.instruments if view.id in held]
    return min(views, key=lambda view: view.updated_at, default=None)


def _sentence(picture: Picture, width: int, room: int) -> list[Line]:
    """What binds, else what binds next, with what is left of it and, where `room` has rows, what it does."""
    first = ordered(picture)[0]
    told = _headline(picture, first)
    if not (first.binding and unknown(first)):
        told = f"{told}; {_short(first)}"
    longer = f"{told}; {'' if first.binding else 'then '}{action(first)}"
    told = longer if len(wrapped(longer, width - 2)) <= room else told
    ink = "alarm" if first.binding else "strong"
    words = wrapped(told, width - 2)
    words = words if len(words) <= room else [clip(told, width - 2)]
    lead = "! " if first.binding else "▸ "
    marks = [Piece(lead, "alarm" if first.binding else "cursor"), *[Piece("  ")] * (len(words) - 1)]
    return [[mark, Piece(text, ink)] for mark, text in zip(marks, words, strict=True)]


def _short(limit: LimitView) -> str:
    """What is left of it, or how far it is over, in a few words."""
    if limit.over > 0.0:
        return f"{figure(limit, limit.over)} over"
    return "no room known" if unknown(limit) else f"room {figure(limit, limit.room)}"


def _below(picture: Picture, spot: Spot, spare: int) -> list[Line]:
    """All about the limit under the cursor, as far as there is room."""
    by_key = {f"limit:{limit.name}": limit for limit in picture.snapshot.limits}
    chosen = by_key.get(str(spot.selected))
    if chosen is None or spare < 2:
        return []
    rows: list[Line] = []
    for sentence in explained(picture, chosen):
        told = detail(sentence, spot.width, "dim")
        told = concealed(told) if sentence.startswith("Room") else told
        rows += told if len(rows) + len(told) <= spare else []
    return [[], *rows] if spare > len(rows) else rows[:spare]


def _headline(picture: Picture, limit: LimitView) -> str:
    name = limit.title + (f" ({limit.detail})" if limit.detail and not limit.floor else "")
    if limit.room != limit.room:
        verb = " BINDS" if limit.binding else ""
        return f"{limit.title}{verb}: not known yet, {limit.detail or 'nothing was measured'}"
    bound = "at least" if limit.floor else "at most"
    now = f"{figure(limit, limit.value)}, {bound} {figure(limit, limit.maximum)}"
    if limit.binding:
        return f"{name} BINDS: {now}"
    lead = "next to bind: " if limit.name == picture.snapshot.next_to_bind else ""
    return f"{lead}{name} {now}"


def _room(picture: Picture, limit: LimitView) -> str:
    if limit.room != limit.room:
        return f"Room: {'none while it' if limit.binding else 'it'} isn't known."
    money = ""
    if limit.room_money == limit.room_money:
        money = f" = {numbers.money(limit.room_money)} {picture.snapshot.money.currency}"
    return f"Room: {figure(limit, limit.room)}{money}; {numbers.share(limit.used)} is used."


def bar(limit: LimitView, width: int) -> str:
    """How much of it is used; one that binds is solid: a shape, not a colour alone."""
    return "█" * width if limit.binding else gauge(shown_used(limit), width)


def _mark(picture: Picture, limit: LimitView, spot: Spot) -> Piece:
    if spot.selected == f"limit:{limit.name}":
        return Piece("▶ ", "cursor")
    if limit.binding:
        return Piece("! ", "alarm")
    return Piece("▸ " if limit.name == picture.snapshot.next_to_bind else "  ", "cursor")


def _columns(picture: Picture, width: int) -> list[Column[LimitView]]:
    cells = 6 if width < 60 else 12
    currency = picture.snapshot.money.currency

    def ink(limit: LimitView) -> str:
        return "alarm" if limit.binding else shade_of(limit.used)

    def known(limit: LimitView, text: str) -> str:
        return text if limit.room == limit.room else numbers.ABSENT

    def bound(limit: LimitView) -> str:
        return f"{'≥' if limit.floor else ''}{figure(limit, limit.maximum)}"

    def left(limit: LimitView) -> str:
        if limit.over > 0.0:
            return f"over {figure(limit, limit.over)}"
        if unknown(limit):
            return "not known" if limit.binding else numbers.ABSENT
        return "none" if limit.binding else figure(limit, limit.room)

    return [
        Column("limit", 11, 0, lambda x: Piece(x.title, "alarm" if x.binding else "strong"), left=True),
        Column("used", cells, 3, lambda x: Piece(bar(x, cells), ink(x)), left=True),
        Column("now", 6, 0, lambda x: Piece(known(x, figure(x, x.value)))),
        Column("limit at", 8, 0, lambda x: Piece(bound(x), "dim")),
        Column("room", 10, 0, lambda x: Piece(left(x), ink(x))),
        Column(f"room {currency[:6]}", 11, 4, lambda x: secret(numbers.money(x.room_money))),
        Column("when it binds", 38, 5, lambda x: Piece(action(x), "dim"), left=True),
    ]
