"""How the person at this console wants to see things; never more than looks."""

from __future__ import annotations

from typing import NamedTuple

SEVERITIES = ("all", "warn", "error")


class Options(NamedTuple):
    """Settings of the panes; presenters read them from the picture."""

    bars: int = 1  # base bars to one candle
    zoom: int = 1  # columns of the chart a candle takes
    group: int = 1  # ticks to one level of the book
    depth: int = 50  # levels of the book shown at most, a side
    severity: str = "all"  # of the log: all, warn, error
    needle: str = ""  # of the log: only lines that hold it
    private: bool = False  # amounts of money and quantities are masked
    run: str = ""  # the back-test that reports are about; empty: the newest
    marked: tuple[str, ...] = ()  # back-tests to compare, at most two
    sheet_chart: int = 0  # which of its instruments the chart of a back-test shows
