"""Which run the reports are about, and what stands there while there is none."""

from __future__ import annotations

from midas.reports.sheet import Head, Sheet
from tui.present.lines import Line, Piece, centred
from tui.present.lines import Sheet as Paper
from tui.present.picture import Picture, Spot

FIRST = "no back-test has been kept yet; one is made in another terminal:"
COMMAND = "midas backtest trend-following --data FILE"
NONE = "nothing stands here before the first back-test"


def key_of(run: str) -> str:
    """What the cursor stands on."""
    return f"run:{run}"


def heads(picture: Picture) -> tuple[Head, ...]:
    """All kept runs, newest first."""
    return picture.shelf.heads if picture.shelf is not None else ()


def chosen(picture: Picture) -> str:
    """The run under the cursor of the list; the newest where none is chosen."""
    known = [head.id for head in heads(picture)]
    asked = picture.options.run
    return asked if asked in known else known[0] if known else ""


def marked(picture: Picture) -> list[str]:
    """Those to compare, at most two, in the order of the list's age."""
    known = [head.id for head in heads(picture)]
    return [run for run in picture.options.marked if run in known]


def opened(picture: Picture) -> Sheet | None:
    """The sheet of the chosen run, once it was read."""
    return picture.shelf.sheets.get(chosen(picture)) if picture.shelf is not None else None


def first(spot: Spot) -> list[Line]:
    """How the first run is made, where there is none."""
    rows = [*centred(FIRST, spot.width, spot.height - 2), []]
    wide = max(0, (spot.width - len(COMMAND)) // 2)
    return [*rows, [Piece(" " * wide), Piece(COMMAND, "strong")]]


def missing(picture: Picture, spot: Spot, title: str) -> Paper:
    """In place of what a sheet would show."""
    heading: Line = [Piece(title, "title")]
    run = chosen(picture)
    if picture.shelf is None or not picture.shelf.looked:
        return Paper(heading, centred("looking for runs", spot.width, spot.height, "faint"))
    if not run:
        return Paper(heading, centred(NONE, spot.width, spot.height, "faint"))
    trouble = picture.shelf.troubles.get(run)
    said = trouble or f"reading run {run}"
    return Paper(heading, centred(said, spot.width, spot.height, "warn" if trouble else "faint"))
