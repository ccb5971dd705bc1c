"""What old and invented crises would take from what is held now."""

from __future__ import annotations

from math import inf, isfinite

from midas.state.views.tail import StressView
from tui.present import numbers
from tui.present.gauge import gauge
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, detail, shortest
from tui.present.masking import secret
from tui.present.picture import Picture, Spot
from tui.present.tail import WAITING

FULL = 0.30  # of equity: as long a bar as there is
SHORT = {  # titles where room is short
    "2008-10": "October 2008",
    "2020-03": "March 2020",
    "flash-crash": "flash crash of 2010",
    "crypto-40": "crypto -40 % in a day",
    "correlations-1": "correlations to 1",
}
GRAVE = 0.10  # of equity: the loss at which everything is closed


def keys(picture: Picture, _height: int) -> list[str]:
    """The scenarios the cursor can stand on."""
    return [key_of(view) for view in ordered(picture)]


def ordered(picture: Picture) -> list[StressView]:
    """The worst on top, what isn't known last."""
    return sorted(picture.snapshot.stress, key=lambda view: -view.loss if isfinite(view.loss) else inf)


def key_of(view: StressView) -> str:
    """A scenario's own name."""
    return f"stress:{view.name}"


def pane(picture: Picture, spot: Spot) -> Sheet:
    """A row a scenario, the worst on top; below, what the chosen one hits."""
    known = ordered(picture)
    title: Line = [Piece("stress", "title")]
    if not known:
        return Sheet(title, centred(WAITING, spot.width, spot.height))
    chosen = next((view for view in known if key_of(view) == spot.selected), None)
    below = _whole(picture, chosen, spot.width) if chosen is not None else []
    below = below[: max(0, spot.height - 2)]
    order = spot.rows(keys(picture, 0), max(1, spot.height - len(below)))
    rows = [_row(known[index], spot.width, known[index] is chosen) for index in order]
    foot: Line = [Piece("j/k choose: what it hits", "dim")] if spot.focused else []
    if len(order) < len(known):
        foot = [Piece(f"{len(known) - len(order)} more: {'j' if spot.focused else 'z'}  ", "dim"), *foot]
    return Sheet(title, rows + below, [Piece("of equity", "dim")], foot)


def _row(view: StressView, width: int, here: bool) -> Line:
    known = isfinite(view.loss)
    ink = "alarm" if known and view.loss >= GRAVE else "text"
    figure = f"{'-' if known and view.loss > 0 else ''}{numbers.near(view.loss)}"
    line: Line = [Piece("▶" if here else "!" if ink == "alarm" else " ", "cursor" if here else ink)]
    money = f"{numbers.signed(-view.money, 0):>10}" if width >= 46 and known else ""
    bar = 10 if width >= 60 else 0
    name = max(8, width - 9 - len(money) - (bar + 1 if bar else 0))
    title = shortest((clean(view.title), SHORT.get(view.name, clean(view.title))), name - 1)
    line.append(Piece(f"{title:<{name}}", "strong" if here else "text"))
    if bar:
        line += [
            Piece(gauge(view.loss / FULL, bar) if known else " " * bar, ink if ink == "alarm" else "gauge"),
            Piece(" "),
        ]
    line.append(Piece(f"{figure if known else 'unknown':>7}", ink if known else "dim"))
    return [*line, secret(money, "dim")]


def _whole(picture: Picture, view: StressView, width: int) -> list[Line]:
    rows = detail(f"{view.title} ({view.horizon})", width, "strong", "")
    if view.reason:
        rows += detail(f"not known: {view.reason}", width, "dim")
    whole = " of equity" if width >= 34 else ""
    for instrument, loss in view.hits[:5]:
        rows.append(
            [
                Piece(f"  {clip(picture.named(instrument), 12):<13}"),
                Piece(f"{numbers.near(loss, 2):>7}{whole}", "dim"),
            ]
        )
    return (
        rows + detail(f"after {clean(view.source)}" if view.source else "", width, "faint")
        if view.source
        else rows
    )
