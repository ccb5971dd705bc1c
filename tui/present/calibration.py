"""Whether chances that strategies state come true: a reliability diagram in characters, and two triggers."""

from __future__ import annotations

from math import isfinite

from midas.state.views.calibration import CalibrationPanel, CalibrationView, CostsView, ReliabilityView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, detail, shortest, width_of
from tui.present.picture import Picture, Spot

STATES = {
    "calibrated": ("●", "good"),
    "degraded": ("✗", "alarm"),
    "insufficient data": ("◔", "dim"),
}
SHORT = {"insufficient data": "too few"}
UNSTATED = (
    "no strategy here states a chance of winning, so there is nothing to compare; one that does "
    "(calibrated = True in its file) has a row here from its first decided signal on"
)
DIAGRAM = 8  # rows at least, axis included
AXIS = 4


def keys(picture: Picture, _height: int) -> list[str]:
    """The rows the cursor can stand on."""
    return [key_of(view) for view in picture.snapshot.calibration.rows]


def key_of(view: CalibrationView) -> str:
    """A strategy, by all of its signals or by those that were acted on."""
    return f"calibration:{view.strategy}.{view.acted}"


def pane(picture: Picture, spot: Spot) -> Sheet:
    """A row a strategy; of the chosen one (else the desk) both triggers, the scores and the diagram."""
    panel = picture.snapshot.calibration
    title: Line = [Piece("calibration", "title"), Piece(f" {panel.window_days} d", "dim")]
    waiting: Line = [Piece(f"{panel.pending} not decided", "dim")] if panel.pending else []
    if not panel.rows:
        told = _costs(picture.snapshot.costs, spot.width)
        return Sheet(title, [*centred(_waits(panel), spot.width, spot.height - len(told)), *told], waiting)
    chosen = next((view for view in panel.rows if key_of(view) == spot.selected), panel.rows[0])
    rows = _list(picture, panel, chosen, spot)
    rows += _triggers(panel, chosen, spot.width)
    rows.append(_scores(chosen, spot.width))
    rows += _costs(picture.snapshot.costs, spot.width)
    left = spot.height - len(rows)
    if left >= DIAGRAM and chosen.points:
        rows += diagram(chosen, min(spot.width, 64), min(left, 18))
    elif left >= 1 and chosen.points:
        rows.append([Piece("the diagram: z", "dim")])
    foot: Line = [Piece("j/k choose", "dim")] if spot.focused and len(panel.rows) > 1 else []
    return Sheet(title, rows, waiting, foot)


def _waits(panel: CalibrationPanel) -> str:
    """What an empty table waits for."""
    if panel.pending:
        verb = "s wait" if panel.pending > 1 else " waits"
        return (
            f"{panel.pending} stated chance{verb} for the outcome, which is known when the period that the "
            "signal named is over; the table begins with the first one"
        )
    if panel.stating:
        return f"waits for the first signal of {clean(', '.join(panel.stating))}, and then for its outcome"
    return UNSTATED


def _list(picture: Picture, panel: CalibrationPanel, chosen: CalibrationView, spot: Spot) -> list[Line]:
    room = max(1, min(len(panel.rows), spot.height - 5 if spot.height < 14 else spot.height - 5 - DIAGRAM))
    rows: list[Line] = []
    for index in spot.rows(keys(picture, 0), room):
        view = panel.rows[index]
        shape, ink = STATES.get(view.status, ("?", "alarm"))
        here = view is chosen
        name = view.strategy or "all strategies"
        which = "acted on" if view.acted else "every signal"
        line: Line = [
            Piece(
                "▶ " if here and spot.selected else f"{shape} ", "cursor" if here and spot.selected else ink
            ),
            Piece(f"{clip(clean(name), 15):<16}", "strong" if here else "text"),
            Piece(f"{which:<13}", "dim"),
            Piece(SHORT.get(view.status, view.status) if spot.width < 50 else clean(view.status), ink),
        ]
        rows.append(line)
    return rows


def _triggers(panel: CalibrationPanel, view: CalibrationView, width: int) -> list[Line]:
    """The rule as written and the one that decides, side by side."""
    gap = numbers.signed(view.gap * 100, 1) if isfinite(view.gap) else numbers.ABSENT
    outcomes = f"{view.count} outcomes, worth {numbers.fixed(view.effective, 0)} independent"
    if width >= 74:
        outcomes += f": said {numbers.share(view.stated)}, came {numbers.share(view.hit_rate)}"
    naive: Line = [
        Piece("naive rule ", "dim"),
        Piece("fires  " if view.naive else "quiet  ", "warn" if view.naive else "text"),
        Piece(f"gap {gap} of {panel.gap_max * 100:g}" + ("; decides nothing" if width >= 60 else ""), "dim"),
    ]
    fires = view.status == "degraded"
    z = numbers.signed(view.z) if isfinite(view.z) else numbers.ABSENT
    short = "" if view.effective >= panel.effective_min else f", from {panel.effective_min:g} on"
    ours: Line = [
        Piece("corrected  ", "strong"),
        Piece("FIRES  " if fires else "quiet  ", "alarm" if fires else "text"),
        Piece(f"z {z} of {panel.z_trigger:g}{short}" + ("; decides" if width >= 60 else ""), "dim"),
    ]
    rows: list[Line] = [[Piece(clip(outcomes, width), "text")], naive, ours]
    if fires:
        told = f"ends with z above {panel.z_release:g} on {panel.release_days} days, {view.calm_days} so far"
        rows += detail(told, width, "warn", "            ")
    return rows


def _scores(view: CalibrationView, width: int) -> Line:
    line: Line = [Piece("Brier ", "dim"), Piece(numbers.fixed(view.brier, 3), "text"), Piece("  ECE ", "dim")]
    if not isfinite(view.ece):
        return [*line, Piece("from 200 outcomes on", "dim")]
    beyond = view.ece > view.ece_high
    line.append(Piece(numbers.fixed(view.ece, 3), "warn" if beyond else "text"))
    told = f" {'! ' if beyond else ''}(chance: {numbers.fixed(view.ece_high, 3)})"
    return [*line, Piece(clip(told, max(8, width - width_of(line))), "warn" if beyond else "dim")]


def _costs(view: CostsView, width: int) -> list[Line]:
    """What orders that took cost beyond the mid against what was expected; nothing before the first one."""
    if not view.orders:
        return []
    told = f"expected {numbers.fixed(view.expected, 1)}, paid {numbers.fixed(view.realised, 1)} bps"
    more = f", median x{numbers.fixed(view.ratio, 1)} of {view.orders} orders"
    if len("costs ") + len(told) + len(more) <= width:
        told += more
    ink = "alarm" if view.alert else "text"
    return [[Piece("costs ", "dim"), Piece(clip(f"{'! ' if view.alert else ''}{told}", width - 6), ink)]]


def diagram(view: CalibrationView, width: int, height: int) -> list[Line]:
    """Stated chance to the right, what came true upwards: on the diagonal it is honest.

    `●` a tenth of the outcomes, `│` where it may lie by chance, `·` the diagonal.
    """
    rows, columns = height - 2, width - AXIS - 1
    cells = [[" "] * columns for _ in range(rows)]
    inks = [["faint"] * columns for _ in range(rows)]
    for x in range(columns):
        y = _place(x / max(1, columns - 1), rows)
        cells[y][x] = "·"
    for point in view.points:
        _plot(point, cells, inks)
    drawn: list[Line] = []
    for y in range(rows):
        label = {0: "1.0", rows - 1: "0", (rows - 1) // 2: ".5"}.get(y, "")
        drawn.append([Piece(f"{label:>3} ", "faint"), Piece("│", "edge"), *_run(cells[y], inks[y])])
    drawn.append([Piece("    └" + "─" * columns, "edge")])
    legends = (
        "stated chance → · · honest  ● came true  │ by chance",
        "said →  · · honest  ● came  │ chance",
        "said",
    )
    drawn.append([Piece(f"    0 {shortest(legends, width - 10)}", "faint"), Piece("")])
    return drawn


def _place(share: float, rows: int) -> int:
    return rows - 1 - round(min(max(share, 0.0), 1.0) * (rows - 1))


def _plot(point: ReliabilityView, cells: list[list[str]], inks: list[list[str]]) -> None:
    rows, columns = len(cells), len(cells[0])
    x = round(min(max(point.stated, 0.0), 1.0) * (columns - 1))
    honest = point.low <= point.stated <= point.high
    ink = "good" if honest else "alarm"
    for y in range(_place(point.high, rows), _place(point.low, rows) + 1):
        cells[y][x], inks[y][x] = "│", ink
    y = _place(point.came, rows)
    cells[y][x], inks[y][x] = "●" if honest else "✗", ink


def _run(cells: list[str], inks: list[str]) -> Line:
    """Neighbours of one ink as one piece."""
    line: Line = []
    for text, ink in zip(cells, inks, strict=True):
        if line and line[-1].ink == ink:
            line[-1] = line[-1]._replace(text=line[-1].text + text)
        else:
            line.append(Piece(text, ink))
    return line
