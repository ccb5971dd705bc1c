"""The order book as a ladder: price, size, sum to here, our own orders, and bars as shading."""

from __future__ import annotations

from math import isfinite

from midas.state.views.market import BookView, InstrumentView, LevelView
from tui.present import numbers
from tui.present.grouping import DEPTHS
from tui.present.levels import Drawn, doubted, drawn
from tui.present.lines import Line, Piece, Sheet, centred, shade, spread, width_of
from tui.present.masking import secret
from tui.present.picture import Picture, Spot
from tui.present.scale import cells

BROAD = 40  # cells that the columns take at most
ROOMY = 78  # inner width from which on each level says what reaching it costs
TALL = 16  # inner height from which on two lines stand below the levels


def depth(height: int) -> int:
    """How many levels of each side a pane of that inner height has room for."""
    return max(1, (height - _overhead(height) + _headless(height)) // 2)


def _overhead(height: int) -> int:
    """Heading, the line between the sides, and what stands below the levels."""
    return 3 if height < TALL else 4


def _headless(height: int) -> int:
    """1 where giving up the heading buys one more level on each side of a low pane."""
    return int(height < 14 and (height - _overhead(height)) % 2 == 1)


def ladder(picture: Picture, view: InstrumentView | None, spot: Spot) -> Sheet:
    """The book of one instrument; where it can't be trusted, the reason instead of numbers."""
    if view is None:
        return Sheet([Piece("book", "title")], centred("no instrument yet", spot.width, spot.height))
    title: Line = [Piece("book ", "title"), Piece(view.name, "strong")]
    note = _note(picture, view, spot.width - width_of(title) - 6)
    book = view.book
    if not book.valid:
        reason = f"no book: {book.reason or 'waiting for a snapshot'}"
        return Sheet(title, centred(reason, spot.width, spot.height, "warn"), note)
    shown, room = drawn(view, picture.options, spot.selected), depth(spot.height)
    top = _top(shown, room)
    seen = range(top, top + 2 * room + 1)
    sizes = [level.size for place in seen if (level := _level(shown, place)) is not None]
    full = spot.scale.fit(max((size for size in sizes if isfinite(size)), default=0.0))
    rows: list[Line] = [] if _headless(spot.height) else [_heading(spot.width)]
    printed = picture.printed
    last = printed if printed is not None and printed.id == view.id else view
    doubts = doubted(picture, view, shown)
    for place in seen:
        level = _level(shown, place)
        if place == 0:
            rows.append(_middle(last, spot.width))
        else:
            unknown = level is not None and ("BUY" if place > 0 else "SELL", level.price) in doubts
            rows.append(_row(view, spot, full, place, level, place == shown.place, unknown) if level else [])
    below = _below(view, spot, shown)
    rows += [[]] * (spot.height - len(below) - len(rows))
    if 0 not in seen:
        note = _away(top, spot.width - width_of(title) - 6)
    return Sheet(title, rows + below, note, _foot(view, book, spot.width))


def _top(shown: Drawn, room: int) -> int:
    """The uppermost place that is seen: the touch in the middle, unless the cursor is further out."""
    place = shown.place
    return place if place < -room else max(-room, place - 2 * room)


def _level(shown: Drawn, place: int) -> LevelView | None:
    levels = shown.bids if place > 0 else shown.asks
    return levels[abs(place) - 1] if 0 < abs(place) <= len(levels) else None


def _away(top: int, room: int) -> Line:
    """Which way the touch is, where the cursor has gone too far to see it."""
    arrow = "▾" if top < 0 else "▴"
    forms = (f"{arrow} touch out of sight: . returns", f"{arrow} touch: .")
    return [Piece(next((form for form in forms if len(form) <= room), ""), "warn")]


def _note(picture: Picture, view: InstrumentView, room: int) -> Line:
    """The step between two levels, and how many are shown at most, as far as the edge has room."""
    group, limit = picture.options.group, picture.options.depth
    step = numbers.fixed(view.tick_size * group, view.price_decimals)
    tick = Piece(f"tick {step}", "dim") if group == 1 else Piece(f"step {step}", "strong")
    several = [Piece(step, "strong"), Piece(f" = {group} ticks", "dim")] if group > 1 else [tick]
    deep = Piece(f", {limit} deep", "dim")
    forms = [[*several, deep], [tick, deep], [tick]] if limit < DEPTHS[-1] else [several, [tick]]
    return next((form for form in forms if width_of(form) <= room), [])


def _columns(width: int) -> tuple[int, int, int, int]:
    """Widths of sum, size, price and own for an inner width."""
    own = 9 if width >= 36 else 7
    rest = width - own - 1
    price = min(11, max(9, rest // 3))
    size = max(8, (rest - price + 1) // 2)
    return rest - price - size, size, price, own


def _heading(width: int) -> Line:
    total, size, price, own = _columns(BROAD if width >= ROOMY else width)
    names = f"{'cum':>{total}}{'size':>{size}}{'price':>{price}}│{'own':<{own}}"
    if width >= ROOMY:
        names += f"{'queue':>10}{'avg to here':>13}{'slip':>9}"
    return [Piece(names, "faint")]


def _row(
    view: InstrumentView, spot: Spot, full: float, place: int, level: LevelView, here: bool, unknown: bool
) -> Line:  # fmt: skip
    total, size, price, own = _columns(BROAD if spot.width >= ROOMY else spot.width)
    ink = "up" if place > 0 else "down"
    held = ""
    if level.own:
        letter = "B" if place > 0 else "S"
        mark = "?" if unknown else " "
        held = f"{letter}{mark}{numbers.held(level.own, view.quantity_decimals, own - 2)}"
    summed = numbers.fitted(level.cumulative, min(view.quantity_decimals, 3), total - 1)
    line = [
        Piece("▶", "cursor") if here else Piece(" ", "dim"),
        Piece(f"{summed:>{total - 1}}", "dim"),
        Piece(f"{numbers.fitted(level.size, view.quantity_decimals, size - 1):>{size}}", "text"),
        Piece(f"{numbers.fixed(level.price, view.price_decimals):>{price}}", "strong" if here else ink),
        Piece("│", "edge"),
        secret(f"{held:<{own}}", "doubt" if unknown else "own"),
    ]
    ground = "bar_bid" if place > 0 else "bar_ask"
    if spot.width < ROOMY:
        return shade(line, cells(level.size, full, spot.width), ground)
    queue = f"≤{numbers.fitted(level.ahead, view.quantity_decimals, 8)}" if isfinite(level.ahead) else ""
    average = numbers.fixed(level.average, view.price_decimals + 1)
    line += [
        Piece(f"{queue:>10}", "own"),
        Piece(f"{average:>13}"),
        Piece(f"{_points(level.slip_bps):>9}", "dim"),
    ]
    left = spot.width - width_of(line)
    return [*line, *shade([Piece(" " * left)], cells(level.size, full, max(1, left - 2)), ground)]


def _middle(view: InstrumentView, width: int) -> Line:
    last = numbers.fixed(view.last, view.price_decimals)
    way = 1 if view.last_side == "BUY" else -1 if view.last_side == "SELL" else 0
    printed = ""
    if view.tape:
        printed = f" last {numbers.fitted(view.tape[0].quantity, view.quantity_decimals, 8)} "
    left: Line = [
        Piece("── ", "edge"),
        Piece(f"{last} {numbers.arrow(way)}", numbers.trend_ink(way)),
        Piece(" ", "edge"),
    ]
    taken = sum(len(p.text) for p in left) + len(printed) + 2
    return [*left, Piece("─" * max(1, width - taken), "edge"), Piece(printed, "dim"), Piece("──", "edge")]


def _below(view: InstrumentView, spot: Spot, shown: Drawn) -> list[Line]:
    """The level of the cursor and what taking everything up to it costs; else microprice and our way out."""
    level, tall = shown.level, spot.height >= TALL
    if level is None:
        lines = [_touch(view, spot)]
        return [*lines, _closing(view, spot.width)] if tall else lines
    price = numbers.fixed(level.price, view.price_decimals)
    if shown.outside:
        known = len(shown.bids if shown.place > 0 else shown.asks) - 1
        said: list[Line] = [[Piece(f"▶{price}", "strong"), Piece(f" outside the {known} levels", "warn")]]
        return [*said, []] if tall else said
    if not isfinite(level.size):
        said = [[Piece(f"▶{price}", "strong"), Piece(" ours, beyond the known book", "own")]]
        return [*said, []] if tall else said
    total = numbers.fitted(level.cumulative, view.quantity_decimals, 9)
    here: Line = [
        Piece(f"▶{price}", "strong"),
        Piece(" to here ", "dim"),
        Piece(f"{total} {view.base}", "strong"),
    ]
    average = numbers.fixed(level.average, view.price_decimals)
    cost: Line = [Piece(" avg ", "dim"), Piece(average), Piece(f" slip {_points(level.slip_bps)}", "text")]
    if level.own:
        queue = numbers.fitted(level.ahead, view.quantity_decimals, 8)
        cost.append(Piece(f" queue ≤{queue}" if isfinite(level.ahead) else " queue ?", "own"))
    if tall:
        return [here, cost]
    return [[*here, Piece(f" {_points(level.slip_bps)}", "dim")]]


def _touch(view: InstrumentView, spot: Spot) -> Line:
    micro = numbers.fixed(view.book.microprice, view.price_decimals + 1)
    hint = Piece("j/k level " if spot.focused and spot.selected is None else "", "faint")
    return spread([Piece(" micro ", "dim"), Piece(micro)], [hint], spot.width)


def _closing(view: InstrumentView, width: int) -> Line:
    """What our whole holding would fetch now."""
    walk = view.book.closing
    if walk is None:
        return [Piece(f" we hold no {view.base}", "faint")]
    quantity = numbers.held(walk.quantity, view.quantity_decimals, 8)
    line: Line = [
        secret(f" {walk.side.lower()} our {quantity}", "dim"),
        Piece(f" @{numbers.fixed(walk.average, view.price_decimals)}"),
        Piece(f" slip {_points(walk.slip_bps)}", "dim")
        if width >= 40
        else Piece(f" {_points(walk.slip_bps)}", "dim"),
    ]
    return line if walk.covered else [*line, Piece(" book too thin", "warn")]


def _points(slip: float) -> str:
    return f"{numbers.fixed(slip, 2 if abs(slip) < 1 else 1)}bp" if isfinite(slip) else numbers.ABSENT


def _foot(view: InstrumentView, book: BookView, width: int) -> Line:
    lean = "bid" if book.imbalance > 0 else "ask" if book.imbalance < 0 else "even"
    lean = f" {lean}" if width >= 40 else ""
    return [
        Piece("spread ", "dim"),
        Piece(numbers.fixed(book.spread, view.price_decimals)),
        Piece(f" ({numbers.fixed(book.spread_bps, 2)}bp)", "dim"),
        Piece("  imb ", "dim"),
        Piece(
            f"{numbers.arrow(book.imbalance)}{numbers.signed(book.imbalance)}{lean}",
            numbers.trend_ink(book.imbalance),
        ),
    ]
