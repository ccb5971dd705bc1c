"""The numbers of the macro layer, each with its unit and where it is from, and the law that they make.

Where no paper is named the number is a choice, tuned so that the stylised facts lie in their bands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import IntEnum

import msgspec
import numpy as np

from midas.errors import ConfigInvalid
from midas.venues.sim.world import paths

Five = tuple[float, float, float, float, float]  # one number a regime


class Regime(IntEnum):
    """The label of a day; in every five numbers of `MacroParameters` they stand in this order."""

    BULL = 0
    BEAR = 1
    RANGE = 2
    HIGH_VOLATILITY = 3
    CRISIS = 4


class MacroParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them are checked as they are set; a bad one raises ConfigInvalid with its name."""

    # Time. A day is whatever takes `steps_per_day` steps; all other times are counted in such days.
    steps_per_day: int = 390  # minutes of a session of US stocks
    days_per_year: float = 252.0  # trading days; 365 for a market that never closes

    # Regimes: a semi-Markov chain over days (Hamilton 1989).
    durations: Five = (120.0, 60.0, 80.0, 25.0, 15.0)  # mean days
    duration_stages: int = 1  # 1: geometric durations, a Markov chain; more: less irregular ones
    transitions: tuple[Five, Five, Five, Five, Five] = (
        (0.0, 0.15, 0.55, 0.28, 0.02),
        (0.25, 0.0, 0.30, 0.35, 0.10),
        (0.60, 0.20, 0.0, 0.19, 0.01),
        (0.35, 0.25, 0.30, 0.0, 0.10),
        (0.15, 0.35, 0.05, 0.45, 0.0),
    )  # where a regime leads to, by probability
    drift: Five = (0.30, -0.50, 0.0, 0.0, -1.5)  # log return a year, of an asset as volatile as the index
    volatility: Five = (0.12, 0.20, 0.11, 0.28, 0.48)  # of the index, a year
    correlation: Five = (0.25, 0.45, 0.20, 0.50, 0.85)  # between any two assets' shocks
    level_half_life: float = 0.5  # days in which volatility covers half the way to a new regime's
    reversion_days: float = 2.0  # in a range, deviations fade over this time; 780 minutes of 390 a day

    # Common log-volatility: several time scales stand in for rough, long-memory volatility
    # (Corsi 2009; Gatheral, Jaisson & Rosenbaum 2018).
    factor_half_lives: tuple[float, ...] = (20 / 390, 1.0, 10.0, 80.0)  # days
    # Standard deviations of the logarithm. 0.40 at 80 days carries the memory of sizes to lags 81-120; with
    # more at 1 and 10 days the tails grow too heavy.
    factor_weights: tuple[float, ...] = (0.15, 0.15, 0.10, 0.40)
    leverage: float = -0.7  # correlation of a factor's shock with the common return shock (Black 1976)
    own_half_life: float = 20.0  # days, of each asset's own log-volatility
    own_weight: float = 0.25  # standard deviation of the logarithm

    # The day: floor + x^2 over x from -1 to 1, and a bump at the open; scaled to mean square 1
    # (Wood, McInish & Ord 1985; Admati & Pfleiderer 1988).
    shape_floor: float = 0.75
    opening_bump: float = 0.8
    opening_share: float = 0.02  # of the day

    shock_degrees: float = 6.0  # of freedom of the Student-t shocks (Bollerslev 1987)

    # Jumps (Merton 1976) and the news that tell of them; sizes in daily volatilities of the moment.
    jumps_per_day: float = 1 / 60  # an asset's own
    market_jumps_per_day: float = 1 / 200
    crisis_factor: float = 2.0  # market jumps in a crisis, against other times
    excitation: float = (
        0.03  # market jumps a day that a market jump adds (Ait-Sahalia, Cacho-Diaz & Laeven 2015)
    )
    excitation_half_life: float = 1.0  # days
    jump_floor: float = 0.5
    jump_mean: float = 0.8  # of the exponential part
    jump_cap: float = 2.5  # of the exponential part
    jump_scale: float = 1.0
    market_down_probability: float = 0.55
    own_lift: float = 0.5  # standard deviations of own log-volatility that an own jump adds
    factor_lifts: tuple[float, ...] = (0.0, 0.6, 0.2, 0.0)  # of the common factors, by a market jump
    headline_delay_steps: float = 5.0  # mean of the exponential time from jump to headline
    decoys_per_headline: float = 1.0  # headlines with no effect, against true ones outside crises

    def __post_init__(self) -> None:
        """Refuse what can't be a world."""
        for name, allowed, expected in _RULES:
            if not allowed(getattr(self, name)):
                raise ConfigInvalid(f"macro.{name}: expected {expected}, got {getattr(self, name)}")
        scales = len(self.factor_half_lives)
        for name in ("factor_weights", "factor_lifts"):
            if len(getattr(self, name)) != scales:
                raise ConfigInvalid(
                    f"macro.{name}: expected {scales} numbers, one for each of factor_half_lives, "
                    f"got {len(getattr(self, name))}"
                )
        if self.excitation * self.excitation_half_life >= math.log(2.0):
            raise ConfigInvalid(
                "macro.excitation: expected below ln 2 / excitation_half_life, "
                f"{math.log(2.0) / self.excitation_half_life:.3g}, or jumps breed jumps without end; "
                f"got {self.excitation:g}"
            )
        if self.reversion_days * self.steps_per_day < 1.0:
            raise ConfigInvalid(
                f"macro.reversion_days: expected at least one step, {1 / self.steps_per_day:.3g} days, "
                f"got {self.reversion_days:g}"
            )
        if min(self.durations) < self.duration_stages:
            raise ConfigInvalid(
                f"macro.duration_stages: expected at most the shortest of durations, "
                f"{min(self.durations):g} days, got {self.duration_stages}"
            )

    def shares(self) -> paths.Floats:
        """The share of days in each regime in the long run."""
        chain = np.array(self.transitions)
        visits = np.linalg.lstsq(
            np.vstack([chain.T - np.eye(len(Regime)), np.ones(len(Regime))]),
            np.append(np.zeros(len(Regime)), 1.0),
            rcond=None,
        )[0]
        days = np.maximum(visits, 0.0) * np.array(self.durations)
        return np.asarray(days / days.sum(), np.float64)

    def law(self, daily_volatility: paths.Floats) -> paths.Law:
        """The same, per step, for assets of these long-run daily volatilities."""
        steps, year = self.steps_per_day, math.sqrt(self.days_per_year)
        volatility = np.array(self.volatility)
        index = math.sqrt(float(self.shares() @ volatility**2))
        own_decay = _decay(self.own_half_life * steps)
        return paths.Law(
            activity=self.shape(),
            scale=daily_volatility / index,
            drift=np.array(self.drift) / (year * steps),
            level=np.log(volatility),
            correlation=np.array(self.correlation),
            durations=np.array(self.durations) / self.duration_stages,
            transitions=np.cumsum(self.transitions, axis=1),
            shares=np.cumsum(self.shares()),
            factor_decay=np.array([_decay(days * steps) for days in self.factor_half_lives]),
            factor_weight=np.array(self.factor_weights),
            factor_lift=np.array(self.factor_lifts),
            stages=self.duration_stages,
            level_pull=1.0 - _decay(self.level_half_life * steps),
            common_offset=-sum(map(_excess, self.factor_weights, self._raised())),
            own_decay=own_decay,
            own_weight=self.own_weight,
            own_lift=self.own_lift,
            own_offset=-_excess(self.own_weight, self._own_raised()),
            leverage=self.leverage,
            degrees=self.shock_degrees,
            reversion=1.0 / (self.reversion_days * steps),
            jump_rate=self.jumps_per_day * daily_volatility.size,
            market_jump_rate=self.market_jumps_per_day,
            crisis_factor=self.crisis_factor,
            excitation=self.excitation,
            excitation_decay=_decay(self.excitation_half_life * steps),
            decoy_ratio=self.decoys_per_headline,
            size=np.array((self.jump_floor, self.jump_mean, self.jump_cap, self.jump_scale)),
            down_probability=self.market_down_probability,
            delay=self.headline_delay_steps,
        )

    def shape(self) -> paths.Floats:
        """The activity of each step of a day, of mean square 1."""
        share = (np.arange(self.steps_per_day) + 0.5) / self.steps_per_day
        shape = self.shape_floor + (2.0 * share - 1.0) ** 2 + self.opening_bump * (share < self.opening_share)
        return np.asarray(shape / math.sqrt(float(np.mean(shape**2))), np.float64)

    def _raised(self) -> list[float]:
        """How far market jumps hold each common factor up in the mean."""
        return [
            self.market_jumps_per_day * lift * days / math.log(2.0)
            for lift, days in zip(self.factor_lifts, self.factor_half_lives, strict=True)
        ]

    def _own_raised(self) -> float:
        return self.jumps_per_day * self.own_lift * self.own_half_life / math.log(2.0)


def _decay(half_life: float) -> float:
    return float(0.5 ** (1.0 / half_life))


def _excess(weight: float, raised: float) -> float:
    """What a factor adds to the logarithm of the root mean square."""
    return weight * weight + weight * raised


_Rule = tuple[str, Callable[[object], bool], str]


def _each(test: Callable[[float], bool]) -> Callable[[object], bool]:
    """For one number or several; NaN and infinity never pass."""

    def allowed(value: object) -> bool:
        numbers = value if isinstance(value, Sequence) else (value,)
        return bool(numbers) and all(
            isinstance(number, int | float) and math.isfinite(number) and test(number) for number in numbers
        )

    return allowed


def _five(test: Callable[[float], bool]) -> Callable[[object], bool]:
    def allowed(value: object) -> bool:
        return isinstance(value, Sequence) and len(value) == len(Regime) and _each(test)(value)

    return allowed


def _chain(value: object) -> bool:
    """Five rows, none of which leads back to itself at once."""
    if not isinstance(value, Sequence) or len(value) != len(Regime):
        return False
    return all(
        _five(lambda share: 0.0 <= share <= 1.0)(row) and row[place] == 0.0 and abs(sum(row) - 1.0) < 1e-9
        for place, row in enumerate(value)
    )


def _whole(least: int, most: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and least <= value <= most


def _between(low: float, high: float) -> Callable[[object], bool]:
    return _each(lambda value: low <= value <= high)


_SHARE = _between(0, 1)
_DAYS = _between(1e-4, 1e6), "days from 0.0001 to 1,000,000"
_A_DAY = _between(0, 100), "a number from 0 to 100"
_SIZE = _between(0, 100), "a number from 0 to 100"
_RULES: tuple[_Rule, ...] = (
    ("steps_per_day", _whole(2, 1_000_000), "a whole number from 2 to 1,000,000"),
    ("days_per_year", _between(1, 10_000), "a number from 1 to 10,000"),
    ("durations", _five(lambda days: 1 <= days <= 1e6), "five numbers of days, each from 1 to 1,000,000"),
    ("duration_stages", _whole(1, 100), "a whole number from 1 to 100"),
    ("transitions", _chain, "five rows of five probabilities that add up to 1, with 0 on the diagonal"),
    ("drift", _five(lambda drift: abs(drift) <= 100), "five numbers from -100 to 100 a year"),
    ("volatility", _five(lambda volatility: 0 < volatility <= 10), "five numbers above 0, at most 10 a year"),
    ("correlation", _five(lambda correlation: 0 <= correlation <= 1), "five numbers from 0 to 1"),
    ("level_half_life", *_DAYS),
    ("reversion_days", _between(1e-4, 1e12), "days from 0.0001 to 1e12"),
    ("factor_half_lives", _DAYS[0], "at least one number of days, each from 0.0001 to 1,000,000"),
    ("factor_weights", _each(lambda weight: 0 <= weight <= 2), "numbers from 0 to 2"),
    ("leverage", _each(lambda leverage: -1 <= leverage <= 1), "a number from -1 to 1"),
    ("own_half_life", *_DAYS),
    ("own_weight", _each(lambda weight: 0 <= weight <= 2), "a number from 0 to 2"),
    ("shape_floor", _between(0.001, 1_000), "a number from 0.001 to 1,000"),
    ("opening_bump", _between(0, 1_000), "a number from 0 to 1,000"),
    ("opening_share", _SHARE, "a share from 0 to 1"),
    ("shock_degrees", _each(lambda degrees: 2 < degrees <= 1e6), "a number above 2, at most 1,000,000"),
    ("jumps_per_day", *_A_DAY),
    ("market_jumps_per_day", *_A_DAY),
    ("crisis_factor", *_A_DAY),
    ("excitation", *_A_DAY),
    ("excitation_half_life", *_DAYS),
    ("jump_floor", *_SIZE),
    ("jump_mean", *_SIZE),
    ("jump_cap", *_SIZE),
    ("jump_scale", *_SIZE),
    ("market_down_probability", _SHARE, "a share from 0 to 1"),
    ("own_lift", _each(lambda lift: abs(lift) <= 10), "a number from -10 to 10"),
    ("factor_lifts", _each(lambda lift: abs(lift) <= 10), "numbers from -10 to 10"),
    ("headline_delay_steps", _between(0, 1e6), "a number from 0 to 1,000,000"),
    ("decoys_per_headline", *_A_DAY),
)
