"""A sweep as one HTML file: its best trials, how the objective lies over two parameters, and every trial.

Nothing is loaded and nothing runs; the colours are those of the reader's machine, light or dark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from midas.backtest.sweep.space import Value
from midas.backtest.sweep.trial import COMPILED, DONE, PRUNED, STEPPED, Plan, Trial
from midas.reports.html import STYLE
from midas.reports.svg import WIDTH, drawing, line
from midas.reports.words import counted

SHOWN = 20  # rows of the table
LINES = 600  # trials drawn, spread evenly over all ranks
CELLS = 60  # of a heat map's side
NUMBERED = 16  # columns up to which there is room for numbers in it
PALE = 0.1  # of the value: a smaller difference is drawn paler
NAMES = {
    "sharpe": "Sharpe ratio", "sortino": "Sortino ratio", "calmar": "Calmar ratio", "return": "return",
    "drawdown": "largest fall",
}  # fmt: skip
PATHS = {COMPILED: "over arrays", STEPPED: "candle by candle"}
TALL = 360
_OWN_STYLE = """
.line { fill: none; stroke: var(--own); stroke-width: 1; }
.best { fill: none; stroke: var(--up); stroke-width: 2.4; }
.axis { stroke: var(--line); stroke-width: 1; }
text { fill: var(--dim); font-size: 11px; }
table.heat { width: auto; }
table.heat td { min-width: 22px; height: 22px; }
td.plain { text-align: left; }
table.heat td.top { outline: 2px solid var(--text); outline-offset: -2px; }
"""


def document(plan: Plan, trials: Sequence[Trial], overfitting: float | None = None) -> str:
    """All of it; `trials` the best first, `overfitting` their PBO."""
    title = escape(f"{plan.strategy}: sweep")
    body = "".join(_body(plan, trials, overfitting))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE.read_text()}{_OWN_STYLE}</style></head>\n<body><main>{body}</main></body></html>\n"
    )


def left_out(trials: Sequence[Trial]) -> str:
    """What PBO says nothing of: trials that didn't see all days."""
    pruned = sum(trial.state == PRUNED for trial in trials)
    return f" It leaves out {counted(pruned, 'trial')} given up early." if pruned else ""


def _body(plan: Plan, trials: Sequence[Trial], overfitting: float | None) -> Iterator[str]:
    chance = (
        f" In {overfitting:.0%} of all ways to halve the days what is best on one half is below the middle "
        f"on the other (PBO); pure luck gives about 50%.{left_out(trials)}"
        if overfitting is not None
        else ""
    )
    told = [trial for trial in trials if trial.state == DONE and trial.value is not None]
    yield (
        f"<header><h1>{escape(plan.strategy)}: sweep</h1>"
        f"<p>{counted(len(trials), 'trial')} by {escape(plan.method)}, "
        f"the best by {NAMES[plan.objective]} of daily closes after all costs; seed {plan.seed}, "
        f"sweep {plan.id}</p><p class='verdict'>The best of {len(trials):,} is partly luck: judge it on "
        f"candles that it was not chosen on, and by how its neighbours do.{chance}</p></header>"
    )
    yield _section("The best trials", "after all costs", _table(plan, trials))
    axes = [each.name for each in plan.axes]
    if told and len(axes) >= 2:
        best = _best(axes, told)
        low, high = min(best.values()), max(best.values())
        note = (
            f"the best {NAMES[plan.objective]} of each pair, from {low:.2f} (red) to {high:.2f} (green, "
            "framed); pale where the difference is small; a broad green field means more than one cell"
        )
        yield _section(f"{escape(axes[1])} over {escape(axes[0])}", note, _heat(best))
    if told and axes:
        note = f"a line for each trial; the darker, the better its {NAMES[plan.objective]}; the best is green"
        yield _section("All trials", note, _parallel(plan, axes, told))


def _section(title: str, note: str, body: str) -> str:
    return f'<section><h2>{title}</h2><p>{note}</p><div class="scroll">{body}</div></section>'


def _table(plan: Plan, trials: Sequence[Trial]) -> str:
    names = list(trials[0].parameters) if trials else []
    heads = ["", *names, NAMES[plan.objective], "return", "largest fall", "fills", "made", ""]
    cells = "".join(f"<th>{escape(head)}</th>" for head in heads)
    rows = []
    for place, trial in enumerate(trials[:SHOWN], 1):
        values = [
            str(place), *(str(trial.parameters[name]) for name in names), _number(trial.value),
            _share(trial.total_return), _share(trial.fall), f"{trial.fills:,}", PATHS[trial.path],
            trial.reason,
        ]  # fmt: skip
        rows.append("<tr>" + "".join(f'<td class="plain">{escape(value)}</td>' for value in values) + "</tr>")
    return f"<table><tr>{cells}</tr>{''.join(rows)}</table>"


def _best(axes: Sequence[str], told: Sequence[Trial]) -> dict[tuple[Value, Value], float]:
    """Of each pair of the first two parameters."""
    best: dict[tuple[Value, Value], float] = {}
    for trial in told:
        pair = trial.parameters[axes[0]], trial.parameters[axes[1]]
        best[pair] = max(best.get(pair, float("-inf")), trial.value or 0.0)
    return best


def _heat(best: dict[tuple[Value, Value], float]) -> str:
    columns, rows = (_some(sorted({pair[n] for pair in best}, key=_order)) for n in (0, 1))
    low, high = min(best.values()), max(best.values())
    lines = ["<tr><th></th>" + "".join(f"<th>{escape(str(c))}</th>" for c in columns) + "</tr>"]
    for row in reversed(rows):
        cells = "".join(
            _cell(best.get((column, row)), low, high, f"{column}, {row}", len(columns) <= NUMBERED)
            for column in columns
        )
        lines.append(f"<tr><th>{escape(str(row))}</th>{cells}</tr>")
    return f'<table class="heat">{"".join(lines)}</table>'


def _cell(value: float | None, low: float, high: float, name: str, numbered: bool) -> str:
    """Its colour tells differences as far as they matter: of a tenth of the value at least."""
    if value is None:
        return "<td></td>"
    half = max((high - low) / 2, PALE * max(abs(low), abs(high)), 1e-12)
    share = (value - (low + high) / 2) / half
    side, strength = ("up", share) if share >= 0.0 else ("down", -share)
    kind = ' class="top"' if value == high else ""
    words = escape(f"{name}: {value:.4f}")
    colour = f"rgba(var(--heat-{side}), {0.06 + 0.6 * strength:.2f})"
    said = f"{value:.2f}" if numbered else ""
    return f'<td{kind} title="{words}" style="background: {colour}">{said}</td>'


def _parallel(plan: Plan, axes: Sequence[str], told: Sequence[Trial]) -> str:
    """One upright for each parameter and one for the objective, a stroke through all for each trial."""
    found = _spread(told)
    columns = [[trial.parameters[name] for trial in found] for name in axes]
    columns.append([trial.value or 0.0 for trial in found])
    places = [_places(column) for column in columns]
    step = (WIDTH - 120) / max(len(columns) - 1, 1)
    body, count = [], len(found)
    for rank in range(count - 1, -1, -1):  # the best on top
        points = [(60 + step * n, TALL - 30 - (TALL - 60) * place[rank]) for n, place in enumerate(places)]
        stroke = line(points, "best" if rank == 0 else "line")
        faint = 1.0 if rank == 0 else 0.16 + 0.5 * (1.0 - rank / count) ** 3
        body.append(f'<g opacity="{faint:.2f}">{stroke}</g>')
    for n, name in enumerate([*axes, NAMES[plan.objective]]):
        x, ends = 60 + step * n, _ends(columns[n])
        body.append(f'<path class="axis" d="M{x:.1f} 30V{TALL - 30}"/>')
        for y, text in ((14, name), (26, ends[1]), (TALL - 14, ends[0])):
            body.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{escape(text)}</text>')
    return drawing("".join(body), TALL, "every trial by its parameters and its objective")


def _spread(told: Sequence[Trial]) -> list[Trial]:
    """So many that a page stays small: the best, and others at even steps down to the worst."""
    step = max(1.0, len(told) / LINES)
    return [told[int(n * step)] for n in range(min(len(told), LINES))]


def _places(column: Sequence[Value]) -> list[float]:
    """Each value from 0 to 1; words stand in their order at even steps."""
    if any(isinstance(value, str | bool) for value in column):
        words = sorted(set(column), key=_order)
        return [words.index(value) / max(len(words) - 1, 1) for value in column]
    numbers = [float(value) for value in column]
    low, high = min(numbers), max(numbers)
    return [(number - low) / (high - low) if high > low else 0.5 for number in numbers]


def _ends(column: Sequence[Value]) -> tuple[str, str]:
    ordered = sorted(set(column), key=_order)
    return _short(ordered[0]), _short(ordered[-1])


def _short(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _order(value: Value) -> tuple[bool, float, str]:
    word = isinstance(value, str)
    return word, 0.0 if word else float(value), str(value)


def _some(values: list[Value]) -> list[Value]:
    """All of them, or as many as a heat map has room for."""
    step = max(1.0, len(values) / CELLS)
    return [values[int(n * step)] for n in range(min(len(values), CELLS))]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2%}"
