"""Painting the calibration monitor: computed anew after a look that found something new, never per frame."""

from __future__ import annotations

from math import nan

import numpy as np

from midas.agents.strategy_manager import StrategyManager
from midas.domain.calibration import Decided, Gap, Monitor
from midas.state.calibration import DESK
from midas.state.state import State
from midas.state.views.calibration import CalibrationPanel, CalibrationView, ReliabilityView
from midas.statistics.calibration import brier, diagram, equal_mass, null_band, reliability
from midas.statistics.calibration_monitor import naive, status

ECE_LEAST = 200  # outcomes: of fewer, a calibrated forecaster shows one of .09 by chance
DRAWS = 200  # of the calibrated forecaster that an ECE is compared with
OUTCOMES_A_FRAME = 1_000  # drawn at a time: ten milliseconds, and the rest in the next frames
SEED = 9  # the same outcomes show the same band


class CalibrationPainter:
    """Draws nothing that decides: the figures that do are the calibrator's."""

    def __init__(self, state: State, strategies: StrategyManager) -> None:
        self._state = state
        self._stating = tuple(name for name, each in strategies.enrolled.items() if each.calibrated)
        self._rows: dict[tuple[str, bool], CalibrationView] = {}
        self._of: object = None  # the figures that they are drawn for
        self._missing: list[tuple[str, bool]] = []  # rows that are still of the figures before

    def panel(self) -> CalibrationPanel:
        """As of the calibrator's last look; what waits is counted now."""
        now = self._state.calibration
        if now.gaps is not self._of:
            self._of = now.gaps
            self._missing = sorted(now.gaps, key=_order, reverse=True)
            self._rows = {key: row for key, row in self._rows.items() if key in now.gaps}
        worked = 0
        while self._missing and worked < OUTCOMES_A_FRAME:
            key = self._missing.pop()
            self._rows[key] = self._row(*key)
            worked += self._rows[key].count
        rules, rows = now.rules, sorted(self._rows, key=_order)
        return CalibrationPanel(
            tuple(self._rows[key] for key in rows), now.pending, now.voided, rules.window_days, rules.gap,
            rules.effective_min, rules.z_trigger, rules.z_release, rules.release_days,
            self._stating,
        )  # fmt: skip

    def _row(self, strategy: str, acted: bool) -> CalibrationView:
        now = self._state.calibration
        gap, monitor = now.gap(strategy, acted), Monitor()
        if acted:
            monitor = now.monitors.get(strategy, monitor)
        outcomes = self._outcomes(strategy, acted, gap)
        stated, won = [each.forecast for each in outcomes], [each.won for each in outcomes]
        bins = equal_mass(stated)
        ece = mean = high = nan
        if len(outcomes) >= ECE_LEAST:
            ece = reliability(stated, won, bins).ece
            band = null_band(stated, ece, bins, np.random.default_rng(SEED), DRAWS)
            mean, high = band.mean, band.high
        return CalibrationView(
            strategy, acted, gap.count, gap.effective, gap.hits / gap.count if gap.count else nan,
            gap.expected / gap.count if gap.count else nan, gap.difference, gap.z,
            status(monitor, gap, now.rules).value, monitor.calm_days, naive(gap, now.rules),
            brier(stated, won), ece, mean, high,
            tuple(
                ReliabilityView(p.count, p.forecast, p.hit_rate, p.low, p.high)
                for p in diagram(stated, won, bins)
            ),
        )  # fmt: skip

    def _outcomes(self, strategy: str, acted: bool, gap: Gap) -> list[Decided]:
        """Those that the figures are of: the newest, as many as were counted."""
        now = self._state.calibration
        known = [*now.acted] if acted else [*now.acted, *now.others]
        ours = [each for each in known if strategy in (DESK, each.strategy)]
        ours.sort(key=lambda each: each.day)
        return ours[-gap.count :] if gap.count else []


def _order(key: tuple[str, bool]) -> tuple[str, bool]:
    """The desk first; what was acted on before everything."""
    strategy, acted = key
    return strategy, not acted
