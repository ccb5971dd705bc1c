"""The figures of the chosen run, in the words of its report; the cursor walks through all of them."""

from __future__ import annotations

from midas.reports import sheet as kept
from midas.reports import told
from midas.reports.told import Block, Row
from tui.present.lines import Line, Piece, Sheet, clip, detail, width_of, wrapped
from tui.present.picture import Picture, Spot
from tui.present.shelf import missing, opened

NAME, VALUE = 22, 9
BELOW = ":note"  # after the key of a figure: its note, on a line of its own
BESIDE = 10  # columns beside the figures, below which a note is left out
INKS = {"good": "up", "bad": "down"}


def figure_keys(picture: Picture, _height: int) -> list[str]:
    """A key a figure."""
    sheet = opened(picture)
    return [_key(row) for block in _blocks(sheet) for row in block.rows] if sheet is not None else []


def pane(picture: Picture, spot: Spot) -> Sheet:
    """What was run, the verdict, and as many figures as there is room for."""
    sheet = opened(picture)
    if sheet is None:
        return missing(picture, spot, "report")
    rows: list[Line] = [[Piece(line, "dim")] for line in wrapped(told.setting(sheet), spot.width)]
    rows += [[Piece(line)] for line in wrapped(told.verdict(sheet), spot.width)]
    drawn = [(_key(row), _row(row, spot.width)) for block in _blocks(sheet) for row in block.rows]
    lines = [(f"{key}{BELOW * more}", line) for key, each in drawn for more, line in enumerate(each)]
    roomy = spot.height >= len(rows) + len(lines) // 2
    room = max(1, spot.height - len(rows) - 1)
    keys = [key for key, _ in lines]
    rows.append(_heads(spot.width))
    below = f"{spot.selected}{BELOW}"
    for index in (spot._replace(selected=below) if below in keys else spot).rows(keys, room):
        key, line = lines[index]
        here = spot.focused and key == spot.selected
        rows.append([Piece("▶" if here else " ", "cursor"), *line])
    title: Line = [Piece("report ", "title"), Piece(told.heading(sheet), "strong")]
    foot: Line = [Piece("j/k all figures  Enter what one means", "dim")] if spot.focused and not roomy else []
    return Sheet(title, rows, [Piece(sheet.id, "dim")], foot)


def meaning(picture: Picture, key: str) -> tuple[str, list[str]] | None:
    """The title and sentences of one figure's page."""
    sheet = opened(picture)
    if sheet is None:
        return None
    for block in _blocks(sheet):
        for row in block.rows:
            if _key(row) == key and row.values:
                beside = [f"{head}: {value}" for head, value in zip(block.heads, row.values, strict=False)]
                return row.name, [*(beside or [", ".join(row.values)]), row.note, row.meaning]
    return None


def meaning_lines(sentences: list[str], width: int) -> list[Line]:
    """The page, for a width."""
    return [line for sentence in sentences if sentence for line in detail(sentence, width)]


def _blocks(sheet: kept.Sheet) -> list[Block]:
    return [*told.first_page(sheet), *told.further(sheet)]


def _key(row: Row) -> str:
    return f"figure:{row.name or row.note}"


def _heads(width: int) -> Line:
    names = f" {'':{NAME}}{'strategy':>{VALUE}}{'buy&hold':>{VALUE + 1}}"
    return [Piece(clip(names, width), "faint")]


def _row(row: Row, width: int) -> list[Line]:
    """A figure; its note below it, where it has no room beside it."""
    line: Line = [Piece(f"{row.name:{NAME}}", "dim")]
    if not row.values:
        return [[Piece(clip(f"  {row.note}", max(1, width - 1)), "dim")]]
    line.append(Piece(f"{row.values[0]:>{VALUE}}", INKS.get(row.tone, "strong")))
    if len(row.values) > 1:
        line.append(Piece(f"{row.values[1]:>{VALUE + 1}}", "text"))
    left = width - 1 - width_of(line)
    if left <= BESIDE:
        return [line]
    note = Piece(row.note, "dim")
    beside = next((gap for gap in (2, 1) if gap + width_of([note]) <= left), 0)
    if beside:
        return [[*line, Piece(" " * beside), note]]
    return [line, [Piece(clip(f"    {row.note}", width - 1), "dim")]]
