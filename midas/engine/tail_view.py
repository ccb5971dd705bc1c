"""Tail risk as the doors see it, made anew where the engine computed it anew."""

from __future__ import annotations

from math import nan

from midas.agents.tail_watch import TailWatch
from midas.domain.tail import TailOutcome, TailRules
from midas.risk.tail import TailFigures, span, zone
from midas.state.snapshot import StressView, TailPartView, TailRecordView, TailView
from midas.state.state import State
from midas.statistics.exceptions import acerbi_szekely, christoffersen, kupiec
from midas.statistics.stress import SCENARIOS, Stressed

_SCENARIOS = {scenario.name: scenario for scenario in SCENARIOS}


class TailPainter:
    """Keeps the newest views: at most one computation of theirs for one of the engine's."""

    def __init__(self, watch: TailWatch, state: State) -> None:
        self._watch = watch
        self._state = state
        self._of: object = None
        self.tail: tuple[TailView, ...] = ()
        self.stress: tuple[StressView, ...] = ()

    def paint(self) -> None:
        """Look whether there is something new."""
        if self._watch.figures is self._of:
            return
        self._of = self._watch.figures
        rules, record = self._watch.desk.rules, self._state.tail
        self.tail = tuple(
            _view(figures, rules, record_of(record.outcomes(horizon), rules.level), main=not number)
            for number, (horizon, figures) in enumerate(self._watch.figures.items())
        )
        equity = next((figures.equity for figures in self._watch.figures.values()), nan)
        self.stress = tuple(_stress(each, equity) for each in self._watch.stress(self._state))


def record_of(outcomes: tuple[TailOutcome, ...], level: float) -> TailRecordView:
    """How the forecasts of one horizon did."""
    if not outcomes:
        return TailRecordView()
    hits, share = [outcome.exception for outcome in outcomes], 1.0 - level
    count, exceptions = len(hits), sum(hits)
    tested = christoffersen(hits, share)
    z2 = acerbi_szekely(
        [o.loss for o in outcomes], [o.value_at_risk for o in outcomes],
        [o.expected_shortfall for o in outcomes], level,
    )  # fmt: skip
    return TailRecordView(
        count, exceptions, count * share, kupiec(exceptions, count, share).p_value,
        tested.independence.p_value, tested.coverage.p_value, z2, zone(exceptions, count, share),
    )  # fmt: skip


def _view(figures: TailFigures, rules: TailRules, record: TailRecordView, *, main: bool) -> TailView:
    risk, expanded, plain, equity = figures.filtered, figures.cornish_fisher, figures.normal, figures.equity
    parts = [TailPartView(c.name, figures.weights[c.name], c.expected_shortfall) for c in figures.components]
    parts.sort(key=lambda part: (-part.expected_shortfall, part.instrument))
    return TailView(
        figures.horizon, span(figures.horizon), rules.level, figures.at, risk.value_at_risk,
        risk.expected_shortfall, risk.method, risk.reason, risk.value_at_risk * equity,
        risk.expected_shortfall * equity, expanded.value_at_risk, expanded.expected_shortfall,
        expanded.reason, plain.value_at_risk, plain.expected_shortfall, figures.scenarios, figures.needed,
        tuple(parts), record, rules.var_max if main and rules.var_max else nan,
        rules.es_max if main and rules.es_max else nan,
    )  # fmt: skip


def _stress(stressed: Stressed, equity: float) -> StressView:
    scenario = _SCENARIOS[stressed.scenario]
    hits = tuple((hit.instrument, hit.loss) for hit in stressed.hits)
    return StressView(
        scenario.name, scenario.title, scenario.horizon, stressed.loss, stressed.loss * equity, hits,
        stressed.reason, scenario.source,
    )  # fmt: skip
