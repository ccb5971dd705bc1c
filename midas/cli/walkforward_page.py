"""The page of a walk forward: what was chosen when, what came of it, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan
from statistics import median

from midas.backtest.forward import Found
from midas.cli.data_page import length, moment
from midas.domain.time import DAY

WIDTH = 80
NARROW = 0.5  # of an efficiency: a warning


def page(strategy: str, instruments: Sequence[str], found: Found) -> list[str]:
    """For a terminal of 80 columns."""
    unit, annual = length(found.step), "annual" if found.step == DAY else "not annualised"
    shown = len("2020-01-31") if found.step == DAY else len("2020-01-31 12:00")
    lines = [
        f"{strategy} on {', '.join(instruments)}: {len(found.configurations)} combinations, "
        f"{len(found.windows)} windows",
        f"periods of {unit}; judged on what nobody had seen when choosing", "",
        f"{'judged':{shown + 2}}{'until':{shown + 2}}{'Sharpe before':>13}{'after':>8}{'return':>9}  chosen",
    ]  # fmt: skip
    for window in found.windows:
        first, last = (found.begins + place * found.step for place in window.test)
        chosen = " ".join(f"{name}={value}" for name, value in window.chosen.items()) or "as configured"
        begins, ends = (f"{moment(at)[:shown]:{shown + 2}}" for at in (first, last))
        lines.append(
            f"{begins}{ends}{_number(window.before):>13}{_number(window.after):>8}{window.earned:>9.2%}  "
            f"{chosen}"
        )
    low = min(found.paths, default=nan)
    weak = " (weak)" if found.efficiency < NARROW else ""
    lines += [
        "", _row("return", f"{found.total:+.2%}", f"of {found.periods} periods out of sample"),
        _row(f"Sharpe, {annual}", _number(found.sharpe), "out of sample, all windows in a row"),
        _row("efficiency", _number(found.efficiency), f"of the Sharpe ratio in sample{weak}"),
        _row("with hindsight", _number(found.hindsight), "the best one there, chosen afterwards"),
        _row("combinatorial", _number(median(found.paths) if found.paths else nan),
             f"median of {len(found.paths)} purged paths, lowest {_number(low)}"),
        _row("overfitting (PBO)", _share(found.overfitting),
             "chance that the chosen one is below average"),
        _row("", _share(found.loss), "chance that it loses money out of sample"),
        _row("Sharpe kept (slope)", _number(found.slope), "out of sample, of each 1.00 more in sample"),
        _row("after all trials", _share(found.deflated),
             f"P(no luck), {found.trials} trial{'s' if found.trials > 1 else ''} counted (DSR)"),
    ]  # fmt: skip
    return [line.rstrip()[:WIDTH] for line in lines]


def _row(name: str, value: str, more: str) -> str:
    return f"{name:24}{value:>9}  {more}"


def _number(value: float) -> str:
    return f"{value:.2f}" if isfinite(value) else "-"


def _share(value: float) -> str:
    return f"{value:.0%}" if isfinite(value) else "-"
