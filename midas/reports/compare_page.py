"""The comparison on a terminal."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain
from textwrap import wrap

from midas.reports import told, words
from midas.reports.compare import compared
from midas.reports.page import BLOCKS, NARROW
from midas.reports.sheet import Sheet

NAME, VALUE = 24, 18
ROWS = 3  # of each curve
KEPT = "\N{NO-BREAK SPACE}"  # inside of `1,440 of 1m`


def page(first: Sheet, second: Sheet, width: int = NARROW) -> list[str]:
    """What differs, both columns of figures, and both curves on one scale."""
    edge = max(width, NARROW) - 1
    found = compared(first, second)
    rows = [f"A  {first.id}  {told.heading(first)}", f"B  {second.id}  {told.heading(second)}", ""]
    if not found.made:
        same = "and decided the same" if first.digest == second.digest else "but not with the same decisions"
        rows += [f"both were made the same way, {same}", ""]
    else:
        rows.append(f"{'made differently':{NAME}}{'A':>{VALUE}}  B")
        for each in found.made:
            if len(each.first) <= VALUE:
                rows.append(f"{each.name:{NAME}}{each.first:>{VALUE}}  {each.second}")
            else:
                rows += [f"{each.name:{NAME}}A  {each.first}", f"{'':{NAME}}B  {each.second}"]
        rows.append("")
    if found.other_data:
        rows += ["the data differ: these figures answer two questions", ""]
    rows.append(f"{'':{NAME}}{'A':>{VALUE}}{'B':>{VALUE}}{'B less A':>{VALUE}}")
    rows += [f"{p.name:{NAME}}{p.first:>{VALUE}}{p.second:>{VALUE}}{p.apart:>{VALUE}}" for p in found.figures]
    if any(words.ABSENT in (p.first, p.second) for p in found.figures):
        rows += ["", "-: too few days or trades to tell; the report of that run says which"]
    whole = chain.from_iterable(_fitting(row, edge) for row in rows)
    return [row.rstrip() for row in (*whole, "", *curves(first, second, edge))]


def _fitting(row: str, width: int) -> list[str]:
    """What is too long goes on below itself."""
    if len(row) <= width:
        return [row]
    bound = re.sub(r"(?<=\S) of (?=\S)", f"{KEPT}of{KEPT}", row)
    lines = wrap(bound, width, subsequent_indent=" " * (NAME + 3), break_on_hyphens=False)
    return [line.replace(KEPT, " ") for line in lines]


def curves(first: Sheet, second: Sheet, width: int) -> Iterator[str]:
    """What one unit of money became, both on one scale of growth and of time."""
    begin, end = min(first.begins, second.begins), max(first.ends, second.ends)
    columns = width - 14
    both = [_at(sheet, begin, end, columns) for sheet in (first, second)]
    known = [value for values in both for value in values if value is not None]
    if not known or end <= begin:
        return
    low, high = min(known), max(known)
    yield "growth of both on one scale"
    for name, sheet, values in zip("AB", (first, second), both, strict=True):
        tall = [
            0 if v is None else 1 + round((v - low) / (high - low) * (ROWS * 8 - 1)) if high > low else 4
            for v in values
        ]
        made = sheet.equity / sheet.cash - 1.0 if sheet.cash > 0.0 else 0.0
        for row in range(ROWS):
            floor = (ROWS - 1 - row) * 8
            label = f"  {words.percent(made):>9}" if row == ROWS - 1 else ""
            bars = "".join(BLOCKS[min(8, max(0, size - floor))] for size in tall)
            yield f"{name if row == ROWS - 1 else ' '} {bars}{label}"
    span = end - begin
    left, right = words.moment(begin, span), words.moment(end - 1, span)
    yield f"  {left}{right:>{columns - len(left)}}"


def _at(sheet: Sheet, begin: int, end: int, columns: int) -> list[float | None]:
    """Growth at each column; None before the run begins and after it ends."""
    found: list[float | None] = []
    for place in range(columns):
        at = begin + (end - begin) * (place + 1) // columns
        index = bisect_right(sheet.curve.time, at) - 1
        inside = sheet.begins < at <= sheet.ends
        equity = sheet.curve.equity[index] if index >= 0 else sheet.cash
        found.append(equity / sheet.cash if inside and sheet.cash > 0.0 else None)
    return found
