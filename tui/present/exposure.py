"""What is held, by instrument and by strategy, and what our entry orders may still add to it."""

from __future__ import annotations

from math import isfinite

from midas.state.snapshot import ExposureView
from tui.present import numbers
from tui.present.gauge import gauge, shade_of
from tui.present.lines import Line, Piece, Sheet, centred, clean, spread
from tui.present.masking import secret
from tui.present.picture import Picture, Spot
from tui.present.reconciliation import NO_SWITCH, switchless
from tui.present.table import Column, fitting, heading, row

_GROUPS = (("instrument", "by instrument"), ("strategy", "by strategy"))


def table(picture: Picture, spot: Spot) -> Sheet:
    """Two groups of rows; the cash under them."""
    known = picture.snapshot.exposures
    money = picture.snapshot.money
    title: Line = [Piece("exposure ", "title"), Piece(money.currency, "dim")]
    if not known:
        return Sheet(title, centred("nothing is held and nothing asked for", spot.width, spot.height))
    rows: list[Line] = []
    columns = fitting(_columns(picture, spot.width), spot.width)
    for scope, words in _GROUPS:
        members = [view for view in known if view.scope == scope]
        if not members:
            continue
        named = [columns[0]._replace(heading=words), *columns[1:]]
        rows += [[]] if rows and spot.height > len(known) + 3 else []
        # Where room is short a strategy's name tells by itself what it is.
        rows += [heading(named)] if not rows or spot.height >= len(known) + 2 else []
        rows += [row(columns, view) for view in members]
    if len(rows) > spot.height:
        more = len(rows) - spot.height + 1
        rows = [*rows[: spot.height - 1], [Piece(f" +{more} more: z", "dim")]]
    if spot.height > len(rows) + 1:
        rows += _naked(picture)
    cash = [Piece("cash ", "dim"), secret(f"{numbers.money(money.cash)} {money.currency}")]
    foot: Line = [Piece("worst: as if every entry order filled", "dim")] if spot.width >= 60 else []
    if spot.height > len(rows):
        rows += [[]] * (spot.height - len(rows) - 1)
        rows.append(spread(cash, [secret(f"equity {numbers.money(money.equity)}", "dim")], spot.width))
    bare = switchless(picture.snapshot)
    note: Line = [Piece(f"{NO_SWITCH} at {clean(', '.join(bare))}", "dim")] if bare else []
    return Sheet(title, rows, note, foot)


def _naked(picture: Picture) -> list[Line]:
    """What nothing at the venue would close if the engine died; no line where that is nothing."""
    memory, bare = picture.snapshot.naked_memory, picture.snapshot.naked_bare
    if not memory and not bare:
        return []
    line: Line = [
        Piece("naked if we die ", "warn"), secret(numbers.money(memory)), Piece(" stop in memory, ", "dim"),
        secret(numbers.money(bare)), Piece(" without a stop", "dim"),
    ]  # fmt: skip
    return [line]


def _columns(picture: Picture, width: int) -> list[Column[ExposureView]]:
    bar = 8 if width < 70 else 14

    def used(view: ExposureView) -> Piece:
        if not isfinite(view.maximum) or not isfinite(view.worst) or view.maximum <= 0:
            return Piece("")
        share = view.worst / view.maximum
        return Piece(gauge(share, bar), shade_of(share))

    def name(view: ExposureView) -> str:
        return picture.named(view.name) if view.scope == "instrument" else view.name

    def limit(view: ExposureView) -> str:
        return numbers.share(view.maximum, 1) if isfinite(view.maximum) else ""

    return [
        Column("", 15, 1, lambda v: Piece(name(v), "strong"), left=True),
        Column("held", 10, 0, lambda v: secret(numbers.money(v.value))),
        Column("share", 6, 0, lambda v: Piece(numbers.share(v.share, 1))),
        Column("entries", 9, 3, lambda v: secret(numbers.money(v.working), "dim")),
        Column("worst", 6, 2, lambda v: Piece(numbers.share(v.worst, 1))),
        Column("limit", 6, 5, lambda v: Piece(limit(v), "dim")),
        Column("of limit", bar, 4, used, left=True),
    ]
