"""Tail risk as the doors see it, made anew where the engine computed it anew."""

from __future__ import annotations

from math import nan

import msgspec

from midas.agents.tail_watch import TailWatch
from midas.domain.tail import TailOutcome, TailRules
from midas.risk.tail import TailFigures, span, zone
from midas.state.state import State
from midas.state.views.tail import StressView, TailPartView, TailRecordView, TailView
from midas.statistics.exceptions import acerbi_szekely, christoffersen, kupiec
from midas.statistics.stress import SCENARIOS, Stressed

_SCENARIOS = {scenario.name: scenario for scenario in SCENARIOS}


class TailPainter:
    """Keeps the newest views: at most one computation of theirs for one of the engine's."""

    def __init__(self, watch: TailWatch, state: State) -> None:
        self._watch = watch
        self._state = state
        self._of: tuple[object, TailRules] | None = None
        self.tail: tuple[TailView, ...] = ()
        self.stress: tuple[StressView, ...] = ()

    def paint(self) -> None:
        """Look whether there is something new."""
        rules, record = self._watch.desk.rules, self._state.tail
        if self._of is not None and self._watch.figures is self._of[0] and rules is self._of[1]:
            return
        self._of = self._watch.figures, rules
        views = [
            _view(figures, rules, record_of(record.outcomes(horizon), rules.level))
            for horizon, figures in self._watch.figures.items()
        ]
        self.tail = (self._limited(views[0], rules), *views[1:]) if views else ()
        equity = next((figures.equity for figures in self._watch.figures.values()), nan)
        self.stress = tuple(_stress(each, equity) for each in self._watch.stress(self._state))

    def _limited(self, view: TailView, rules: TailRules) -> TailView:
        """The main horizon with its limits, and which entries they refuse because nothing can be computed."""
        lacking, refuses = self._unknown(view, rules) if rules.limits else ("", False)
        return msgspec.structs.replace(
            view, var_max=rules.var_max or nan, es_max=rules.es_max or nan, lacking=lacking, refuses=refuses
        )

    def _unknown(self, view: TailView, rules: TailRules) -> tuple[str, bool]:
        """What lacks the most bars; and whether no entry at all can be judged."""
        desk, horizon = self._watch.desk, view.horizon_ns
        held = tuple(part.instrument for part in view.parts)
        lacking = [name for name in self._state.instruments if desk.lacking(horizon, {*held, name})]
        if not lacking:
            return "", False
        fewest = min(dict.fromkeys((*held, *lacking)), key=lambda name: desk.bars(name, horizon))
        bars, name = desk.bars(fewest, horizon), fewest.partition(".")[0]
        told = f"{name} has {bars} of {desk.needed} bars of {span(horizon)}"
        if bars >= desk.needed:
            told = f"too few bars of {span(horizon)} of all instruments together"
        return told, len(lacking) == len(self._state.instruments)


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


def _view(figures: TailFigures, rules: TailRules, record: TailRecordView) -> TailView:
    risk, expanded, plain, equity = figures.filtered, figures.cornish_fisher, figures.normal, figures.equity
    parts = [TailPartView(c.name, figures.weights[c.name], c.expected_shortfall) for c in figures.components]
    parts.sort(key=lambda part: (-part.expected_shortfall, part.instrument))
    return TailView(
        figures.horizon, span(figures.horizon), rules.level, figures.at, risk.value_at_risk,
        risk.expected_shortfall, risk.method, risk.reason, risk.value_at_risk * equity,
        risk.expected_shortfall * equity, expanded.value_at_risk, expanded.expected_shortfall,
        expanded.reason, plain.value_at_risk, plain.expected_shortfall, figures.scenarios, figures.needed,
        tuple(parts), record,
    )  # fmt: skip


def _stress(stressed: Stressed, equity: float) -> StressView:
    scenario = _SCENARIOS[stressed.scenario]
    hits = tuple((hit.instrument, hit.loss) for hit in stressed.hits)
    return StressView(
        scenario.name, scenario.title, scenario.horizon, stressed.loss, stressed.loss * equity, hits,
        stressed.reason, scenario.source,
    )  # fmt: skip
