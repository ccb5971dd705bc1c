"""Risk limits as gauges, and which of them binds next."""

from __future__ import annotations

from math import isfinite

from midas.state.views.orders import PositionView
from midas.state.views.risk import LimitView
from tui.present import numbers
from tui.present.gauge import binding, gauge, shade_of, shown_used
from tui.present.lines import Line, Piece, Sheet, centred, clip
from tui.present.masking import secret
from tui.present.picture import Picture, Spot

TALL = 11  # rows from which on the next limit says what it will do

# The engine's words for what a limit does, short.
THEN = {
    "reject": "refuses more",
    "reject new": "refuses new positions",
    "closing only": "lets only close",
    "flatten": "closes everything",
}


def limits(picture: Picture, spot: Spot) -> Sheet:
    """All limits, each with its gauge, and the one with the least room in words."""
    rows = gauges(picture, spot.width, spot.height)
    return Sheet(_title(picture), rows, binding(picture.snapshot.limits), _hidden(picture, rows))


def summary(picture: Picture, spot: Spot) -> Sheet:
    """What we hold of the shown instrument over the limits (80 columns)."""
    rows = held(picture, spot.width)
    rows += gauges(picture, spot.width, spot.height - len(rows))
    title: Line = [Piece("position", "title"), Piece(" · ", "dim"), *_title(picture)]
    return Sheet(title, rows, binding(picture.snapshot.limits), _hidden(picture, rows))


def held(picture: Picture, width: int) -> list[Line]:
    """One line a position, newest knowledge only."""
    every = [p for p in picture.snapshot.positions if p.quantity and not p.gone]
    positions = [p for p in every if not p.dust]
    if not positions:
        dust = ", only dust" if every else ""
        return [[Piece(f"flat: no position{dust}", "dim")]]
    shown = positions[:2] if len(positions) <= 2 else positions[:1]
    rows = [_held_row(picture, position, width) for position in shown]
    if len(positions) > len(shown):
        total = numbers.signed(sum(p.unrealised for p in positions))
        more = Piece(f"+{len(positions) - len(shown)} more, all uP&L ", "dim")
        rows.append([more, secret(total, "dim")])
    return rows


def gauges(picture: Picture, width: int, height: int) -> list[Line]:
    """A row a limit in the engine's order (jumping rows can't be watched), the next to bind among them."""
    known = picture.snapshot.limits
    if not known:
        return centred("no limit reported yet", width, height)
    words = _next(picture, width, height) if height >= 5 else []
    room = max(1, height - len(words))
    shown = list(known[:room])
    if len(known) > room:
        shown = list(known[: room - 1])
        shown.append(
            next((limit for limit in known[room - 1 :] if _is_next(picture, limit)), known[room - 1])
        )
    value = max(len(figures(limit)) for limit in shown)
    rows: list[Line] = [_row(picture, limit, width, value) for limit in shown]
    rows += [[]] * (room - len(rows))
    return rows + words


def _hidden(picture: Picture, rows: list[Line]) -> Line:
    """How many limits have no row, in the lower edge; screen 5 has them all."""
    named = {piece.text.strip() for row in rows for piece in row}
    more = sum(clip(limit.title, len(limit.title)) not in named for limit in picture.snapshot.limits)
    return [Piece(f"+{more} more: 5", "dim")] if more else []


def _held_row(picture: Picture, position: PositionView, width: int) -> Line:
    view = picture.view(position.instrument)
    decimals, places = (view.price_decimals, view.quantity_decimals) if view else (2, 4)
    name = picture.named(position.instrument).partition("-")[0]
    line = [
        Piece(f"{name:<4}{numbers.arrow(position.quantity)}", numbers.trend_ink(position.quantity)),
        secret(numbers.held(abs(position.quantity), places, 7), "strong"),
        Piece(f" @{numbers.fixed(position.average_price, decimals)} ", "dim"),
    ]
    room = width - sum(len(p.text) for p in line)
    result = numbers.signed(position.unrealised)
    return [*line, secret(f"{result:>{max(room, 0)}}", numbers.trend_ink(position.unrealised))]


def _title(picture: Picture) -> Line:
    return [Piece("risk", "title")]


def _row(picture: Picture, limit: LimitView, width: int, figure: int) -> Line:
    ink = "alarm" if limit.binding else shade_of(limit.used)
    value = f"{figures(limit):>{figure}}"
    longest = max(len(known.title) for known in picture.snapshot.limits)
    name = min(longest + 1, width - figure - 5)
    room = max(3, width - name - figure - 2)
    mark = "!" if limit.binding else "▸" if _is_next(picture, limit) else " "
    return [
        Piece(mark, ink if limit.binding else "cursor"),
        Piece(f"{clip(limit.title, name - 1):<{name}}", "strong" if limit.binding else "text"),
        Piece(gauge(shown_used(limit), room), ink),
        Piece(f" {value}", ink if limit.used >= 0.8 else "text"),
    ]


def figures(limit: LimitView) -> str:
    """`31/40%`, `52≥10%`, `6/100`: what is used and what is allowed (or the least), in the limit's unit."""
    if limit.unit == "%":
        value = "?" if limit.binding and not isfinite(limit.room) else _percent(limit.value)
        return f"{value}{'≥' if limit.floor else '/'}{_percent(limit.maximum)}%"
    return f"{numbers.brief(limit.value)}/{numbers.brief(limit.maximum)}"


def _percent(fraction: float) -> str:
    text = numbers.fixed(fraction * 100, 0) if abs(fraction) >= 0.1 else numbers.near(fraction).rstrip("%")
    return text.removesuffix(".0")


def _is_next(picture: Picture, limit: LimitView) -> bool:
    return limit.name == picture.snapshot.next_to_bind


def _next(picture: Picture, width: int, height: int) -> list[Line]:
    """The limit with the least room: whose it is, how much is left, what it will do."""
    limit = next((one for one in picture.snapshot.limits if _is_next(picture, one)), None)
    if limit is None:
        return []
    unknown = limit.binding and not isfinite(limit.room)
    named = f"{limit.title} {'not known' if unknown else numbers.share(limit.used)}"
    verb = "BINDS: " if limit.binding else "binds next: "
    if len(verb) + len(named) >= width:
        verb = "next: "
    rows: list[Line] = [
        [
            Piece("▸", "cursor"),
            Piece(verb, "alarm" if limit.binding else "dim"),
            Piece(clip(named, width - 1 - len(verb)), "strong"),
        ]
    ]
    left = _left(picture, limit)
    whose = f" ({limit.detail})" if limit.detail else ""
    if left:
        fits = len(left) + len(whose) <= width - 7
        rows.append([Piece("  room ", "dim"), secret(clip(left + whose if fits else left, width - 7))])
    elif whose:
        rows.append([Piece(f"  {clip(limit.detail, width - 2)}", "dim")])
    if height >= TALL:
        rows.append([Piece("  then ", "dim"), Piece(clip(THEN.get(limit.action, limit.action), width - 7))])
    return rows


def _left(picture: Picture, limit: LimitView) -> str:
    """What is left before it binds."""
    if isfinite(limit.room_money):
        return f"{numbers.telling(limit.room_money, 0)} {picture.snapshot.money.currency}"
    if isfinite(limit.room):
        return _percent(limit.room) + "%" if limit.unit == "%" else numbers.brief(limit.room)
    return ""
