"""What is held: by venue, class, sector and instrument, each branch over what it holds; then by strategy."""

from __future__ import annotations

from math import isfinite, nan

import msgspec

from midas.state.views.risk import BranchView, ExposureView
from tui.present import numbers
from tui.present.gauge import drawn, gauge, shade_of
from tui.present.lines import Line, Piece, Sheet, centred, clean, spread
from tui.present.masking import secret
from tui.present.picture import Picture, Spot
from tui.present.reconciliation import NO_SWITCH, switchless
from tui.present.table import Column, fitting, heading, row

ROOT = "all"
PLAIN = 64  # columns from which on an abbreviation is spelled out


def table(picture: Picture, spot: Spot) -> Sheet:
    """The tree, the strategies, and the cash under them."""
    money = picture.snapshot.money
    branches = _branches(picture)
    title: Line = [Piece("exposure ", "title"), Piece(money.currency, "dim")]
    if not branches:
        nothing = "nothing is held and nothing asked for; the tree begins with the first order"
        return Sheet(title, centred(nothing, spot.width, spot.height))
    strategies = _strategies(picture)
    columns = fitting(_columns(picture, spot.width), spot.width)
    rows: list[Line] = [heading(columns), *(row(columns, branch) for branch in branches)]
    if strategies:
        roomy = spot.height >= len(rows) + len(strategies) + 4
        rows += [[]] if roomy else []
        if spot.height >= len(rows) + len(strategies) + 2:
            rows.append([Piece("by strategy", "faint")])
        else:  # without that heading each says it
            strategies = [msgspec.structs.replace(each, name=f"by {each.name}") for each in strategies]
        rows += [row(columns, branch) for branch in strategies]
    if len(rows) > spot.height:
        more = len(rows) - spot.height + 1
        rows = [*rows[: spot.height - 1], [Piece(f" +{more} more: z", "dim")]]
    cash = [Piece("cash ", "dim"), secret(f"{numbers.money(money.cash)} {money.currency}")]
    foot: Line = [Piece("worst: as if every entry order filled", "dim")] if spot.width >= 44 else []
    if spot.height > len(rows):
        rows += [[]] * (spot.height - len(rows) - 1)
        rows.append(spread(cash, [secret(f"equity {numbers.money(money.equity)}", "dim")], spot.width))
    bare = switchless(picture.snapshot)
    plainly = " (no dead-man's switch)" if spot.width >= PLAIN else ""
    note: Line = [Piece(f"{NO_SWITCH}{plainly} at {clean(', '.join(bare))}", "dim")] if bare else []
    return Sheet(title, rows, note, foot)


def _branches(picture: Picture) -> list[BranchView]:
    """The engine's tree; of an engine without one, its instruments."""
    if picture.snapshot.tree:
        tree = list(picture.snapshot.tree)
        return tree if len(tree) > 1 else []
    return [_flat(view) for view in picture.snapshot.exposures if view.scope == "instrument"]


def _strategies(picture: Picture) -> list[BranchView]:
    return [_flat(view) for view in picture.snapshot.exposures if view.scope == "strategy"]


def _flat(view: ExposureView) -> BranchView:
    return BranchView(
        1, view.scope, view.name, abs(view.value), view.value, view.working, view.worst, view.maximum
    )


def _columns(picture: Picture, width: int) -> list[Column[BranchView]]:
    cells = 8 if width < 70 else 14
    hedged = any(branch.net != branch.gross for branch in picture.snapshot.tree)

    def used(branch: BranchView) -> Piece:
        share = branch.worst / branch.maximum if branch.maximum > 0.0 else nan
        if not isfinite(share):
            return Piece("")
        return Piece(
            "█" * cells if share >= 1.0 else gauge(drawn(branch.worst, share), cells), shade_of(share)
        )

    def name(branch: BranchView) -> Piece:
        told = picture.named(branch.name) if branch.scope == "instrument" else clean(branch.name)
        if branch.scope == ROOT:
            return Piece("everything", "strong")
        steps = "  " * (branch.depth - 1)
        leaf = branch.scope in ("instrument", "strategy")
        return Piece(f"{steps}{told}", "strong" if leaf else "text")

    def worst(branch: BranchView) -> Piece:
        over = branch.worst >= branch.maximum
        return Piece(f"{'!' if over else ''}{numbers.near(branch.worst)}", "alarm" if over else "text")

    def limit(branch: BranchView) -> str:
        if not isfinite(branch.maximum):
            return ""
        return numbers.share(branch.maximum) if branch.maximum >= 0.01 else numbers.exact(branch.maximum)

    net = Column[BranchView]("net", 10, 4 if hedged else 6, lambda b: secret(numbers.signed(b.net), "dim"))
    return [
        Column("venue/class/sector", 18, 1, name, left=True),
        Column("gross", 10, 0, lambda b: secret(numbers.money(b.gross))),
        net,
        Column("entries", 9, 3, lambda b: secret(numbers.money(b.entries), "dim")),
        Column("worst", 7, 0, worst),
        Column("limit", 5, 2, lambda b: Piece(limit(b), "dim")),
        Column("of limit", cells, 5, used, left=True),
    ]
