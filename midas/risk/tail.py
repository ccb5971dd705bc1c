"""VaR and ES of the positions as they are now, over scenarios of what their instruments did (R7.4).

A scenario is one past period of a horizon, all instruments at once, each return scaled to its instrument's
volatility now (filtered historical simulation). All figures are fractions of equity, positive for a loss.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from math import exp, fsum, inf, isfinite, lgamma, log, nan, sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.domain.limits import STABLECOINS, Assets
from midas.domain.money import floor_to, from_float
from midas.domain.tail import TailRules
from midas.domain.time import DAY, HOUR, MINUTE
from midas.domain.verdict import Breach
from midas.risk.exposure import holdings
from midas.risk.further import Entry
from midas.risk.rows import FINE, TOLERANCE, brief
from midas.risk.sample import Sample, tail_alone
from midas.state.closes import HorizonCloses
from midas.state.state import State
from midas.statistics.conventions import LEAST_VOLATILITY, deviation
from midas.statistics.filtered_historical import METHOD, WARM_UP
from midas.statistics.parametric import cornish_fisher, normal
from midas.statistics.portfolio_risk import (
    Component,
    Marginal,
    components,
    marginal,
)
from midas.statistics.stress import OTHER, SCENARIOS, Stressed, stressed
from midas.statistics.value_at_risk import TailRisk, least_returns, order, unknown

Floats = NDArray[np.float64]
TINY = 1e-15  # of equity
GUESSES = 7  # at the largest size that fits, by secants: never above it, two hundredths below at worst
LIT = 2.5  # exceptions expected
GREEN, RED = 0.95, 0.9999  # Basel's zones: how likely so few exceptions are, where the forecast is right


class Held(msgspec.Struct, frozen=True):
    """What was at risk at one moment."""

    at: int  # wall time
    equity: float
    weights: Mapping[str, float]  # by instrument: fractions of equity
    assets: Assets


class TailFigures(msgspec.Struct, frozen=True):
    """Everything about one horizon at one moment."""

    horizon: int
    at: int  # wall time
    equity: float
    weights: Mapping[str, float]
    filtered: TailRisk  # what counts
    cornish_fisher: TailRisk
    normal: TailRisk
    components: tuple[Component, ...]  # they sum to the filtered ES
    scenarios: int
    needed: int


class TailDesk:
    """Keeps the scenarios of the sets of instruments that were asked for, until a new price comes."""

    def __init__(self, rules: TailRules, closes: HorizonCloses) -> None:
        self.rules = rules
        self._closes = closes
        self._samples: dict[tuple[int, tuple[str, ...]], Sample] = {}  # in whatever order they were asked for
        self._volatilities: dict[str, float] = {}
        self._version = closes.version
        self._limits: list[tuple[str, float]] = []
        self._lowest = 0.0
        self._least = least_returns(rules.level)
        self.allow(rules.var_max, rules.es_max)

    def allow(self, var_max: float, es_max: float) -> None:
        """Take other limits, fractions of equity; 0: none."""
        self.rules = msgspec.structs.replace(self.rules, var_max=var_max, es_max=es_max)
        self._limits = [(name, most) for name, most in (("VaR", var_max), ("ES", es_max)) if most > 0.0]
        self._lowest = min((maximum for _, maximum in self._limits), default=0.0)

    @property
    def needed(self) -> int:
        """Returns of one horizon before anything is said; those that only warm the filter included."""
        return least_returns(self.rules.level) + WARM_UP

    def held(self, state: State, assets: Assets) -> Held:
        """What is held now, to be measured at once or where somebody looks."""
        equity = state.equity()
        return Held(state.now, equity, at_risk(state, assets, equity), assets)

    def risk(self, horizon: int, held: Held) -> TailRisk:
        """What counts: filtered historical simulation."""
        if len(held.weights) == 1:  # nearly always with few instruments
            ((name, weight),) = held.weights.items()
            if 0.0 < weight < inf:
                series = self._closes.series(name, horizon)
                alone = tail_alone(series, weight, self.rules.level, self._least)
                if alone is not None:
                    return alone
        sample = self._sample(horizon, held.weights)
        if sample.count < self._least and held.weights:
            return unknown(METHOD, self.lacking(horizon, held.weights))
        return sample.risk(held.weights)

    def figures(self, horizon: int, held: Held) -> TailFigures:
        """Everything about what is held."""
        weights, level = held.weights, self.rules.level
        sample = self._sample(horizon, weights)
        lacking = self.lacking(horizon, weights)
        if lacking:
            expanded, plain_normal = (unknown(name, lacking) for name in ("Cornish-Fisher", "normal"))
            parts = [Component(name, nan) for name in sorted(weights)]
        else:
            made = _portfolio(weights, sample.returns)
            nothing = TailRisk(0.0, 0.0, "nothing is held")
            expanded = cornish_fisher(made, level) if weights else nothing
            plain_normal = normal(made, level) if weights else nothing
            parts = components(weights, sample.scenarios, level)
        return TailFigures(
            horizon, held.at, held.equity, weights, self.risk(horizon, held), expanded, plain_normal,
            tuple(parts), sample.count, least_returns(level),
        )  # fmt: skip

    def what_if(self, instrument: str, quantity: float, state: State, assets: Assets) -> Marginal | str:
        """The tail without and with a trade (negative: a sale) over the main horizon, or why nobody knows."""
        equity, one = state.equity(), state.instruments[instrument]
        value = state.valuation.value(quantity * state.markets[instrument].mark, one.quote)
        if not equity > 0.0 or not isfinite(value):
            return "something held or ordered has no price"
        change = with_currencies({instrument: value / equity}, state)
        horizon, weights = self.rules.horizons[0], at_risk(state, assets, equity)
        names = {**weights, **change}
        if lacking := self.lacking(horizon, names):
            return lacking
        sample = self._sample(horizon, names)
        return marginal(weights, change, sample.scenarios, self.rules.level)

    def breach(self, entry: Entry, state: State) -> Breach | None:
        """Which limit an entry would break; an `EntryLimit`.

        Asked for every entry where a limit is set. ES is subadditive and never below VaR: where the sum of
        what each position risks alone fits, nothing has to be computed.
        """
        if not self._limits:
            return None
        horizon, weights = self.rules.horizons[0], with_currencies(entry.weights, state)
        names = tuple([name for name, weight in weights.items() if weight])
        if not names:
            return None
        sample = self._sample(horizon, names)
        if sample.count < self._least:
            return self._unknown(self.lacking(horizon, names))
        alone = sample.alone(names, weights)
        if alone <= self._lowest:
            return None
        if alone != alone:
            return self._unknown("a position has no value")
        losses = sample.losses(weights)
        shortfall = measured("ES", losses, self.rules.level)
        if shortfall <= self._lowest + TOLERANCE:
            return None
        for title, maximum in self._limits:
            value = shortfall if title == "ES" else measured(title, losses, self.rules.level)
            if value > maximum + TOLERANCE:
                fits = self._fitting(title, maximum, losses, sample, entry, state)
                return Breach(title, value, maximum, _sentence(title, value, maximum, horizon), fits)
        return None

    def _unknown(self, why: str) -> Breach:
        title, maximum = self._limits[0]
        return Breach(title, 0.0, maximum, f"{title} isn't known: {why}")

    def stress(self, held: Held, state: State) -> tuple[Stressed, ...]:
        """What is held, in every scenario."""
        weights = held.weights
        classes = {name: stress_class(held.assets, one.base) for name, one in state.instruments.items()}
        self._renew()
        for name in weights:
            if name not in self._volatilities:
                self._volatilities[name] = self._daily_volatility(name)
        volatility = {name: self._volatilities[name] for name in weights}
        return tuple(stressed(scenario, weights, classes, volatility) for scenario in SCENARIOS)

    def lacking(self, horizon: int, names: Collection[str]) -> str:
        """What is missing before something can be said of these instruments; empty where nothing is."""
        if not names:
            return ""
        have = self._sample(horizon, names).count
        needed = least_returns(self.rules.level)
        if have >= needed:
            return ""
        worst = min(sorted(names), key=lambda name: len(self._closes.of(name, horizon)))
        text = f"insufficient data: {have} of {needed} scenarios of {span(horizon)}"
        bars = self.bars(worst, horizon)
        text += f" ({worst.partition('.')[0]} has {bars} of {self.needed} bars, {WARM_UP} to warm the filter"
        if trouble := self._closes.troubles.get((worst, horizon), ""):
            text += f"; the venue told no candles: {trouble}"
        elif made_up := self._closes.made_up.get((worst, horizon), 0):
            text += f"; {made_up} candles of the venue are made up and don't count"
        return f"{text})"

    def bars(self, name: str, horizon: int) -> int:
        """Returns that an instrument has of a horizon; `needed` of them are enough."""
        return max(len(self._closes.of(name, horizon)) - 1, 0)

    def _sample(self, horizon: int, names: Iterable[str]) -> Sample:
        self._renew()
        key = horizon, tuple(names)
        sample = self._samples.get(key)
        if sample is None:
            ordered = horizon, tuple(sorted(key[1]))
            sample = self._samples.get(ordered) or Sample(ordered[1], self._closes, horizon, self.rules.level)
            self._samples[key] = self._samples[ordered] = sample
        return sample

    def _renew(self) -> None:
        """Another price is another sample."""
        if self._version != self._closes.version:
            self._version = self._closes.version
            self._samples.clear()
            self._volatilities.clear()

    def _daily_volatility(self, name: str) -> float:
        """By the longest horizon that has enough returns, scaled to a day; NaN where none has."""
        for horizon in sorted(self.rules.horizons, reverse=True):
            returns = Sample((name,), self._closes, horizon, self.rules.level).returns[name]
            if len(returns) >= LEAST_VOLATILITY:
                return deviation(returns) * sqrt(DAY / horizon)
        return nan

    def _fitting(
        self, title: str, maximum: float, losses: Floats, sample: Sample, entry: Entry, state: State
    ) -> Decimal | None:
        """How much more of the instrument would fit, in whole lots; None where nobody can say."""
        instrument = state.instruments[entry.instrument]
        unit = state.valuation.value(state.markets[instrument.id].mark, instrument.quote)
        asked = entry.weights[instrument.id] - entry.base.get(instrument.id, 0.0)
        if not unit > 0.0 or not asked > 0.0:
            return None
        base = sample.losses(with_currencies(entry.base, state))
        part = self._part(title, maximum, base, losses - base)
        return floor_to(from_float(part * asked * state.equity() / unit, FINE), instrument.lot_size)

    def _part(self, title: str, maximum: float, base: Floats, step: Floats) -> float:
        """How much of a step fits, which doesn't as a whole; every loss is linear in it.

        Between a part that fits and one that doesn't, by the Illinois rule: the end that stays counts half.
        """
        low, high = 0.0, 1.0
        room, over = (maximum - measured(title, losses, self.rules.level) for losses in (base, base + step))
        if room <= 0.0:
            return 0.0
        for _ in range(GUESSES):
            part = low + (high - low) * room / (room - over)
            left = maximum - measured(title, base + part * step, self.rules.level)
            if left >= 0.0:
                low, room, over = part, max(left, TINY), over / 2.0
            else:
                high, over, room = part, left, room / 2.0
        return low


def held(state: State, assets: Assets, equity: float) -> dict[str, float]:
    """What is held of each instrument, a fraction of equity; what was on the account before us counts."""
    ledger, weights = state.ledger, dict[str, float]()
    nothing = not any(map(ledger.balances.get, state.valuation.pairs))
    if nothing and not any(sleeve.quantity for sleeve in ledger.sleeves.values()):
        return weights  # whatever the prices are
    for name, weight, value in holdings(state, assets, equity):
        dust = abs(weight) < state.instruments[name].lot * abs(value) * (1 - TOLERANCE)
        if weight and not dust:
            weights[name] = weight
    return weights


def at_risk(state: State, assets: Assets, equity: float) -> Mapping[str, float]:
    """What is held, and the pairs that turn its currencies into the account's: they move its value, too."""
    return with_currencies(held(state, assets, equity), state)


def with_currencies(weights: Mapping[str, float], state: State) -> Mapping[str, float]:
    """Each weight also on the pairs between its price and the account's currency."""
    if not state.valuation.foreign:
        return weights
    found = dict(weights)
    for name, weight in weights.items():
        quote = state.instruments[name].quote
        if not weight or quote == state.quote:
            continue
        for market, inverse in state.valuation.routes.get(quote, ()):
            pair = market.instrument.id
            found[pair] = found.get(pair, 0.0) + (-weight if inverse else weight)
    return found


def stress_class(assets: Assets, base: str) -> str:
    """The class of an asset as the scenarios call it; what nobody listed takes the worst of them."""
    kind = assets.kind(base)
    if kind == "cash" or (base in STABLECOINS and base not in assets.listed):
        return "stablecoin"
    return kind if base in assets.listed or kind == "forex" else OTHER


def measured(title: str, losses: Floats, level: float) -> float:
    """`VaR` or `ES` of equally likely losses: as `value_at_risk.tail`, in a tenth of the time."""
    place = order(len(losses), level) - 1
    split = losses.copy()
    split.partition(place)  # what `np.partition` does, without its wrapper
    at = float(split[place])
    if title == "VaR":
        return at
    return at + fsum((split[place + 1 :] - at).tolist()) / len(losses) / (1.0 - level)


def zone(exceptions: int, count: int, probability: float) -> str:
    """Basel's traffic light for any level and length; at 99 % over 250 it is 0-4, 5-9, from 10 on.

    Empty while fewer exceptions are expected than those 2.5: so short a record is no reason for a colour.
    """
    if count * probability < LIT - TOLERANCE:
        return ""
    so_few = fsum(_chance(x, count, probability) for x in range(exceptions + 1))
    return "green" if so_few < GREEN else "yellow" if so_few < RED else "red"


def span(horizon: int) -> str:
    """`1 d`, `4 h`, `15 min`."""
    for unit, name in ((DAY, "d"), (HOUR, "h")):
        if horizon % unit == 0:
            return f"{horizon // unit} {name}"
    return f"{horizon / MINUTE:g} min"


def _chance(exceptions: int, count: int, probability: float) -> float:
    ways = lgamma(count + 1) - lgamma(exceptions + 1) - lgamma(count - exceptions + 1)
    return exp(ways + exceptions * log(probability) + (count - exceptions) * log(1.0 - probability))


def _portfolio(weights: Mapping[str, float], returns: Mapping[str, list[float]]) -> list[float]:
    """What these weights would have made in each period, as it was."""
    columns = [[weight * value for value in returns[name]] for name, weight in sorted(weights.items())]
    return [fsum(row) for row in zip(*columns, strict=True)]


def _sentence(title: str, value: float, maximum: float, horizon: int) -> str:
    digits = next((d for d in (2, 3, 4) if round(value * 100, d) != round(maximum * 100, d)), 6)
    over = f"{title} over {span(horizon)} would be {value:.{digits}%} of equity, at most {maximum * 100:.4g}%"
    return f"{over}: {brief((value - maximum) * 100)}% over"
