"""The limits of screen 5: how much of each is used, what is left, and what happens when one binds."""

from __future__ import annotations

from midas.state.snapshot import InstrumentView, LimitView
from tui.present import numbers
from tui.present.gauge import binding, gauge, shade_of, shown_used
from tui.present.lines import Line, Piece, Sheet, centred, clip, detail
from tui.present.masking import concealed, secret
from tui.present.picture import Picture, Spot
from tui.present.table import Column, fitting, heading, row

# By the engine's names; one that the console doesn't know is shown by its own words.
MEANINGS = {
    "position": "the largest holding of one instrument, as if every entry order filled",
    "sector": "the largest sector, as if every entry order filled",
    "crypto": "all crypto together, as if every entry order filled",
    "usd": "all US dollars together, as if every entry order filled",
    "cash": "the quote currency left once every entry order is paid",
    "rate": "orders sent in the last 10 s",
    "drawdown": "the loss from the highest equity",
    "day": "the loss since the day began (UTC)",
}
ACTIONS = {
    "reject": "orders beyond it refused, exits not",
    "reject new": "new positions refused, closing goes on",
    "closing only": "only orders that close are allowed",
    "flatten": "every position is closed, no new risk",
}


def keys(picture: Picture, _height: int) -> list[str]:
    """The limits the cursor can stand on."""
    return [f"limit:{limit.name}" for limit in picture.snapshot.limits]


def table(picture: Picture, spot: Spot) -> Sheet:
    """A row a limit in the engine's order; below, the chosen one (else the next to bind) in sentences."""
    known = picture.snapshot.limits
    title: Line = [Piece("limits", "title")]
    if not known:
        return Sheet(title, centred("no limit reported yet", spot.width, spot.height))
    chosen = chosen_limit(picture, spot)
    below = _below(picture, chosen, spot)
    room = max(1, spot.height - 1 - len(below))
    columns = fitting(_columns(picture, spot.width), spot.width - 2)
    rows: list[Line] = [[Piece("  "), *heading(columns)]]
    for index in spot.rows(keys(picture, 0), room):
        limit = known[index]
        rows.append([_mark(picture, limit, spot), *row(columns, limit)])
    if off := picture.snapshot.limits_off:
        told = Piece(clip(f"  off in this profile: {', '.join(off)}", spot.width), "faint")
        rows += [[told]] if spot.height > len(rows) + len(below) else []
    foot: Line = [Piece("j/k choose  Enter: what binds", "dim")] if spot.focused else []
    return Sheet(title, rows + below, binding(picture.snapshot.limits), foot)


def chosen_limit(picture: Picture, spot: Spot) -> LimitView:
    """The one under the cursor, else the one that binds next."""
    known = picture.snapshot.limits
    by_key = {f"limit:{limit.name}": limit for limit in known}
    if spot.selected in by_key:
        return by_key[str(spot.selected)]
    return next((limit for limit in known if limit.name == picture.snapshot.next_to_bind), known[0])


def explained(picture: Picture, limit: LimitView) -> list[str]:
    """What it measures, how much of it is used, what is left, what happens when it binds."""
    said = [_headline(picture, limit), _room(picture, limit), f"When it binds: {action(limit)}."]
    if limit.name in MEANINGS:
        said.append(f"Measured: {MEANINGS[limit.name]}.")
    return said


def whole(picture: Picture, limit: LimitView, width: int) -> list[Line]:
    """The same on a page of its own, with the gauge."""
    ink = "alarm" if limit.binding else shade_of(limit.used)
    rows: list[Line] = [[Piece(gauge(shown_used(limit), min(width, 60)), ink)], []]
    for sentence in explained(picture, limit):
        rows += detail(sentence, width, "text", "")
    return rows


def action(limit: LimitView) -> str:
    """What the engine does when the limit binds."""
    if limit.name == "rate":
        return "refused until 10 s have passed"
    return ACTIONS.get(limit.action, limit.action)


def figure(limit: LimitView, value: float) -> str:
    """`24.6%`, `3/10s`: a value in the limit's own unit."""
    if limit.unit == "%":
        return numbers.share(value, 1)
    return f"{numbers.brief(value)}{limit.unit}"


def oldest_held(picture: Picture) -> InstrumentView | None:
    """The instrument of our positions that was silent for longest: values are as old as it is."""
    held = {position.instrument for position in picture.snapshot.positions if position.quantity}
    views = [view for view in picture.snapshot.instruments if view.id in held]
    return min(views, key=lambda view: view.updated_at, default=None)


def _below(picture: Picture, limit: LimitView, spot: Spot) -> list[Line]:
    spare = spot.height - 1 - len(picture.snapshot.limits)
    if spare < 2:
        left = f"{limit.title}, room {figure(limit, limit.room)}" if limit.room == limit.room else limit.title
        word = "binds: " if limit.binding else "next: " if limit.name == picture.snapshot.next_to_bind else ""
        return [[Piece("▸ ", "cursor"), Piece(clip(f"{word}{left}", spot.width - 2), "strong")]]
    head, *rest = explained(picture, limit)
    ink = "alarm" if limit.binding else "strong"
    lead = Piece("! ", "alarm") if limit.binding else Piece("▸ ", "cursor")
    first, *more = detail(head, spot.width - 2, ink, "")
    rows = [[lead, *first], *([Piece("  "), *line] for line in more)]
    for sentence in rest:
        told = detail(sentence, spot.width, "dim")
        told = concealed(told) if sentence.startswith("Room") else told
        rows += told if len(rows) + len(told) <= spare else []
    return [[], *rows] if spare > len(rows) else rows[:spare]


def _headline(picture: Picture, limit: LimitView) -> str:
    name = limit.title + (f" ({limit.detail})" if limit.detail and not limit.floor else "")
    if limit.room != limit.room:
        return f"{name}: not known yet, {limit.detail or 'nothing was measured'}"
    bound = "at least" if limit.floor else "at most"
    now = f"{figure(limit, limit.value)}, {bound} {figure(limit, limit.maximum)}"
    if limit.binding:
        return f"{name} BINDS: {now}"
    lead = "next to bind: " if limit.name == picture.snapshot.next_to_bind else ""
    return f"{lead}{name} {now}"


def _room(picture: Picture, limit: LimitView) -> str:
    if limit.room != limit.room:
        return "Room: not known before the first price."
    money = ""
    if limit.room_money == limit.room_money:
        money = f" = {numbers.money(limit.room_money)} {picture.snapshot.money.currency}"
    return f"Room: {figure(limit, limit.room)}{money}; {numbers.share(limit.used)} is used."


def _mark(picture: Picture, limit: LimitView, spot: Spot) -> Piece:
    if spot.selected == f"limit:{limit.name}":
        return Piece("▶ ", "cursor")
    if limit.binding:
        return Piece("! ", "alarm")
    return Piece("▸ " if limit.name == picture.snapshot.next_to_bind else "  ", "cursor")


def _columns(picture: Picture, width: int) -> list[Column[LimitView]]:
    bar = 6 if width < 60 else 12
    currency = picture.snapshot.money.currency

    def ink(limit: LimitView) -> str:
        return "alarm" if limit.binding else shade_of(limit.used)

    def known(limit: LimitView, text: str) -> str:
        return text if limit.room == limit.room else numbers.ABSENT

    def bound(limit: LimitView) -> str:
        return f"{'≥' if limit.floor else ''}{figure(limit, limit.maximum)}"

    return [
        Column("limit", 9, 0, lambda x: Piece(x.title, "alarm" if x.binding else "strong"), left=True),
        Column("used", bar, 3, lambda x: Piece(gauge(shown_used(x), bar), ink(x)), left=True),
        Column("now", 6, 0, lambda x: Piece(known(x, figure(x, x.value)))),
        Column("limit at", 8, 0, lambda x: Piece(bound(x), "dim")),
        Column("room", 6, 0, lambda x: Piece(known(x, figure(x, x.room)), ink(x))),
        Column(f"room {currency[:6]}", 11, 4, lambda x: secret(numbers.money(x.room_money))),
        Column("when it binds", 38, 5, lambda x: Piece(action(x), "dim"), left=True),
    ]
