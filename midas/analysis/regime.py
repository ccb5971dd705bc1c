"""The five-rule regime (R4.1) with hysteresis; the rules forecast risk, not direction.

The rules don't partition the market: on about four days of ten none is true, on one of ten more than one
is. So they have a priority (Crisis > High Volatility > Bear > Bull > Range), each threshold has a
lower one to leave by, and where no rule is true the last regime holds (quant reference, 10.1).
"""

from __future__ import annotations

from math import isfinite

import msgspec

from midas.analysis.features import Features
from midas.domain.opinion import Family, Regime, RegimeLabel, RegimeSource


class RegimeRules(msgspec.Struct, frozen=True, kw_only=True):
    """Every threshold. A level is entered above `*_enter` and left below `*_leave`."""

    adx_enter: float = 25.0
    adx_leave: float = 20.0
    stress_enter: float = 25.0  # on the scale of the VIX
    stress_leave: float = 22.0
    crisis_enter: float = 35.0
    crisis_leave: float = 30.0
    atr_enter: float = 2.0  # times the normal ATR
    atr_leave: float = 1.75
    correlation_min: float = 0.5  # of a crisis, where a correlation is known: "-> 1" never happens
    dwell_min: int = 3  # bars before a calmer regime may follow; a riskier one follows at once


class RegimePolicy(msgspec.Struct, frozen=True):
    """What a regime allows: a factor on every size, and which strategies speak."""

    size_factor: float
    families: frozenset[Family]
    longs: bool = True  # new long positions may be opened


EVERY_FAMILY = frozenset(Family)

# R4.1 names no regime for scalping: it lives within the spread, so only a crisis stops it. UNKNOWN
# has the sizes of mode DEFENSIVE; whether a strategy trades in it at all is its own declaration.
POLICIES: dict[RegimeLabel, RegimePolicy] = {
    RegimeLabel.TREND_UP: RegimePolicy(
        1.0, frozenset({Family.TREND_FOLLOWING, Family.MOMENTUM, Family.SCALPING, Family.HEDGE})
    ),
    RegimeLabel.TREND_DOWN: RegimePolicy(
        1.0,
        frozenset({Family.TREND_FOLLOWING, Family.MOMENTUM, Family.SCALPING, Family.HEDGE}),
        longs=False,
    ),
    RegimeLabel.RANGE: RegimePolicy(
        1.0, frozenset({Family.MEAN_REVERSION, Family.PAIRS, Family.SCALPING, Family.HEDGE})
    ),
    RegimeLabel.HIGH_VOLATILITY: RegimePolicy(0.5, EVERY_FAMILY),
    RegimeLabel.CRISIS: RegimePolicy(0.0, frozenset({Family.HEDGE}), longs=False),
    RegimeLabel.UNKNOWN: RegimePolicy(0.5, EVERY_FAMILY),
}

_RISKY = (RegimeLabel.CRISIS, RegimeLabel.HIGH_VOLATILITY)


class RegimeDetector:
    """The regime of one (instrument, period), told bar by bar."""

    def __init__(self, rules: RegimeRules | None = None) -> None:
        self._rules = rules or RegimeRules()
        self._label = RegimeLabel.UNKNOWN
        self._since = 0
        self._bars_held = 0
        self._trending = False
        self._stressed = False
        self._stretched = False
        self._panicking = False

    def update(
        self, features: Features, vix: float | None = None, correlation: float | None = None
    ) -> Regime:
        """The regime as of the bar of `features`.

        Without a `vix` the stress is the instrument's own volatility against its trailing median.
        `correlation` is the average pairwise one of its asset class, where that is known.
        """
        stress = own_stress(features) if vix is None else vix
        if self._since == 0:
            self._since = features.time
        source: RegimeSource = "warming"
        if features.warm:
            self._latch(features, stress)
            source = self._decide(self._rule(features, correlation), features.time)
        return self._regime(features, stress, source)

    def _latch(self, features: Features, stress: float) -> None:
        rules = self._rules
        self._trending = latched(self._trending, features.adx14, rules.adx_enter, rules.adx_leave)
        self._stressed = latched(self._stressed, stress, rules.stress_enter, rules.stress_leave)
        self._panicking = latched(self._panicking, stress, rules.crisis_enter, rules.crisis_leave)
        self._stretched = latched(self._stretched, features.atr_ratio, rules.atr_enter, rules.atr_leave)

    def _rule(self, features: Features, correlation: float | None) -> RegimeLabel | None:
        """The label of the first rule that is true."""
        calm = features.rv20 <= features.rv20_median
        if self._panicking and (correlation is None or correlation > self._rules.correlation_min):
            return RegimeLabel.CRISIS
        if self._stressed or self._panicking or self._stretched:
            return RegimeLabel.HIGH_VOLATILITY
        if self._trending and features.close < features.sma200 and not calm:
            return RegimeLabel.TREND_DOWN
        if self._trending and features.close > features.sma200 and calm:
            return RegimeLabel.TREND_UP
        if features.adx14 < self._rules.adx_leave and calm:
            return RegimeLabel.RANGE
        return None

    def _decide(self, rule: RegimeLabel | None, time: int) -> RegimeSource:
        """Move to the rule's label unless it must wait; the source of the label that stands now."""
        self._bars_held += 1
        if rule is None:
            return "hold"
        if rule is self._label:
            return "rule"
        if not self._may_leave_for(rule):
            return "hold"
        self._label, self._since, self._bars_held = rule, time, 0
        return "rule"

    def _may_leave_for(self, rule: RegimeLabel) -> bool:
        """Going riskier is immediate, as is leaving UNKNOWN; all else waits for the dwell."""
        if self._label is RegimeLabel.UNKNOWN or rule is RegimeLabel.CRISIS:
            return True
        if rule is RegimeLabel.HIGH_VOLATILITY and self._label not in _RISKY:
            return True
        return self._bars_held >= self._rules.dwell_min

    def _regime(self, features: Features, stress: float, source: RegimeSource) -> Regime:
        return Regime(
            label=self._label,
            source=source,
            since=self._since,
            adx=features.adx14,
            price_over_sma=features.price_over_sma,
            stress=stress,
            atr_ratio=features.atr_ratio,
            bars_seen=features.bars_seen,
            bars_needed=features.bars_needed,
        )


def own_stress(features: Features) -> float:
    """Stress without a VIX: 20 x RV20 / its trailing 252-bar median, so that 20 is normal here."""
    return 20.0 * features.volatility_ratio


def latched(held: bool, value: float, enter: float, leave: float) -> bool:
    """A switch with hysteresis: on above `enter`, off below `leave`, in between as it was."""
    assert isfinite(value), f"expected a finite level, got {value}"
    return value >= leave if held else value > enter
