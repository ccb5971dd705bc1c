"""The order book as a ladder: price, size, sum to here, our own orders, and bars as shading."""

from __future__ import annotations

from midas.state.snapshot import BookView, InstrumentView, LevelView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred, on, shade, spread
from tui.present.picture import Picture, Spot
from tui.present.scale import cells

OVERHEAD = 3  # heading, the line between the sides, the line of the cursor


def depth(height: int) -> int:
    """How many levels of each side a pane of that inner height shows."""
    return max(1, (height - OVERHEAD + _headless(height)) // 2)


def _headless(height: int) -> int:
    """1 where giving up the heading buys one more level on each side of a low pane."""
    return int(height < 14 and (height - OVERHEAD) % 2 == 1)


def levels(picture: Picture, height: int) -> list[int]:
    """Where the cursor can stand, top to bottom: -n is the nth ask, +n the nth bid."""
    view = picture.instrument
    if view is None:
        return []
    shown = depth(height)
    asks, bids = min(shown, len(view.book.asks)), min(shown, len(view.book.bids))
    return [*range(-asks, 0), *range(1, bids + 1)]


def ladder(view: InstrumentView | None, spot: Spot, printed: InstrumentView | None = None) -> Sheet:
    """The book of one instrument; where it can't be trusted, the reason instead of numbers.

    `printed` is where the last trade is taken from, if it was looked at earlier than the levels.
    """
    if view is None:
        return Sheet([Piece("book", "title")], centred("no instrument yet", spot.width, spot.height))
    title: Line = [Piece("book ", "title"), Piece(view.name, "strong")]
    note: Line = [Piece(f"tick {numbers.fixed(view.tick_size, view.price_decimals)}", "dim")]
    book = view.book
    if not book.valid:
        reason = f"no book: {book.reason or 'waiting for a snapshot'}"
        return Sheet(title, centred(reason, spot.width, spot.height, "warn"), note)
    shown = depth(spot.height)
    asks, bids = book.asks[:shown], book.bids[:shown]
    full = spot.scale.fit(max((level.size for level in (*asks, *bids)), default=0.0))
    rows: list[Line] = [] if _headless(spot.height) else [_heading(spot.width)]
    rows += [[]] * (shown - len(asks))
    rows += [_row(view, spot, full, -place, asks[place - 1]) for place in range(len(asks), 0, -1)]
    rows.append(_middle(printed or view, spot.width))
    rows += [_row(view, spot, full, place, level) for place, level in enumerate(bids, 1)]
    rows += [[]] * (spot.height - 1 - len(rows))
    rows.append(_cursor(view, spot))
    return Sheet(title, rows, note, _foot(view, book, spot.width))


def _columns(width: int) -> tuple[int, int, int, int]:
    """Widths of sum, size, price and own for an inner width."""
    own = 9 if width >= 36 else 7
    rest = width - own - 1
    price = min(11, max(9, rest // 3))
    size = max(8, (rest - price + 1) // 2)
    return rest - price - size, size, price, own


def _heading(width: int) -> Line:
    total, size, price, own = _columns(width)
    return [Piece(f"{'cum':>{total}}{'size':>{size}}{'price':>{price}}│{'own':<{own}}", "faint")]


def _row(view: InstrumentView, spot: Spot, full: float, place: int, level: LevelView) -> Line:
    total, size, price, own = _columns(spot.width)
    here = spot.selected == place
    side = "up" if place > 0 else "down"
    held = ""
    if level.own:
        letter = "B" if place > 0 else "S"
        held = f"{letter} {numbers.fitted(level.own, view.quantity_decimals, own - 2)}"
    summed = numbers.fitted(level.cumulative, min(view.quantity_decimals, 3), total - 1)
    line = [
        Piece("▶", "cursor") if here else Piece(" ", "dim"),
        Piece(f"{summed:>{total - 1}}", "dim"),
        Piece(f"{numbers.fitted(level.size, view.quantity_decimals, size - 1):>{size}}", "text"),
        Piece(f"{numbers.fixed(level.price, view.price_decimals):>{price}}", "strong" if here else side),
        Piece("│", "edge"),
        Piece(f"{held:<{own}}", "own"),
    ]
    ground = "bar_bid" if place > 0 else "bar_ask"
    return shade(line, cells(level.size, full, spot.width), ground)


def _middle(view: InstrumentView, width: int) -> Line:
    last = numbers.fixed(view.last, view.price_decimals)
    side = 1 if view.last_side == "BUY" else -1 if view.last_side == "SELL" else 0
    printed = ""
    if view.tape:
        printed = f" last {numbers.fitted(view.tape[0].quantity, view.quantity_decimals, 8)} "
    left: Line = [
        Piece("── ", "edge"),
        Piece(f"{last} {numbers.arrow(side)}", numbers.trend_ink(side)),
        Piece(" ", "edge"),
    ]
    taken = sum(len(p.text) for p in left) + len(printed) + 2
    return [*left, Piece("─" * max(1, width - taken), "edge"), Piece(printed, "dim"), Piece("──", "edge")]


def _cursor(view: InstrumentView, spot: Spot) -> Line:
    place = spot.selected
    sides = view.book.bids if isinstance(place, int) and place > 0 else view.book.asks
    if not isinstance(place, int) or abs(place) > len(sides):
        micro = numbers.fixed(view.book.microprice, view.price_decimals + 1)
        return spread(
            [Piece(" micro ", "dim"), Piece(micro)],
            [Piece("j/k cursor " if spot.focused else "", "faint")],
            spot.width,
        )
    level = sides[abs(place) - 1]
    price = numbers.fixed(level.price, view.price_decimals)
    total = numbers.fitted(level.cumulative, view.quantity_decimals, 9)
    return on(
        [Piece(f"▶{price}", "strong"), Piece("  to here ", "dim"), Piece(f"{total} {view.base}", "strong")],
        "",
    )


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
