"""The fundamental prices between the macro layer's steps, in slices of 100 ms.

A step's return is bridged over its slices, so that their moves add up to it; a jump falls into one slice.
What chance decides within a step depends on the seed and the step's number alone.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.domain.time import SECOND
from midas.venues.sim.world.climate import Regime
from midas.venues.sim.world.macro import Macro, MacroPath, News
from midas.venues.sim.world.parameters import World
from midas.venues.sim.world.truth import Jump, PlantedSignal, RegimeChange, Tell, Told

_SALT = 16_021  # keeps these streams of chance apart from those of the layers

Floats = NDArray[np.float64]


class Slice(msgspec.Struct, frozen=True):
    """What a slice brings."""

    moves: list[float]  # ticks, by asset
    activity: float


class Progress(msgspec.Struct, frozen=True):
    """Everything that the next slice depends on."""

    macro: bytes
    step: int
    regime: int
    activity: float
    logs: list[float]
    signals: list[float]
    moves: list[list[float]]  # of the slices left in this step


class Fundamentals:
    """The path of every asset's fundamental price."""

    def __init__(self, world: World, seed: int, start: int, tell: Tell) -> None:
        self._world = world
        self._seed = seed
        self._start = start
        self.tell = tell
        names = [asset.base for asset in world.assets]
        self._macro = Macro(world.macro, world.day_volatility, seed, names)
        self._opening = np.array([float(asset.price_ticks) for asset in world.assets])
        self._step = 0
        self._regime = -1
        self._activity = 1.0
        self._logs = np.zeros(len(names))
        self._signals = np.random.default_rng((seed, _SALT)).normal(size=len(names))
        self._moves: list[list[float]] = []
        self._volatility = np.zeros(len(names))

    def volatility(self) -> list[float]:
        """Each asset's standard deviation of the log price over one second, as the next slice has it."""
        if not self._moves:
            self._advance()
        found: list[float] = self._volatility.tolist()
        return found

    def slice(self) -> Slice:
        """The next slice."""
        if not self._moves:
            self._advance()
        return Slice(self._moves.pop(0), self._activity)

    def save(self) -> Progress:
        """Where the path stands."""
        return Progress(
            macro=self._macro.save(),
            step=self._step,
            regime=self._regime,
            activity=self._activity,
            logs=self._logs.tolist(),
            signals=self._signals.tolist(),
            moves=list(self._moves),
        )

    def restore(self, progress: Progress) -> None:
        """Go on where `save` stood."""
        self._macro.load(progress.macro)
        self._step, self._regime, self._activity = progress.step, progress.regime, progress.activity
        self._logs, self._signals = np.array(progress.logs), np.array(progress.signals)
        self._moves = [list(moves) for moves in progress.moves]

    def _advance(self) -> None:
        """One macro step, cut into slices."""
        rng = np.random.default_rng((self._seed, _SALT, self._step))
        time = self._start + round(self._step * self._world.step_seconds * SECOND)
        path = self._macro.run(1)
        self._enter(int(path.regime[0]), time)
        self._activity = float(path.activity[0])
        self._volatility = path.volatility[0] / math.sqrt(self._world.step_seconds)
        planted = self._plant(rng, path.volatility[0], time)
        jumps, slot = self._jumps(path), int(rng.integers(self._world.slices))
        smooth = path.returns[0] - jumps
        steps = _bridge(rng, smooth + planted, path.volatility[0], self._world.slices)
        steps[slot] += jumps
        self._report(path.news, jumps, time, slot)
        self._walk(steps)
        self._step += 1

    def _walk(self, steps: Floats) -> None:
        """Log returns of slices as moves in ticks."""
        logs = np.vstack((self._logs, self._logs + np.cumsum(steps, axis=0)))
        self._logs = logs[-1]
        self._moves = np.diff(self._opening * np.exp(logs), axis=0).tolist()

    def _enter(self, regime: int, time: int) -> None:
        if regime != self._regime:
            self._regime = regime
            self.tell(RegimeChange(time, Regime(regime).name))

    def _plant(self, rng: np.random.Generator, volatility: Floats, time: int) -> Floats:
        """What the planted signals add to this step; then they go on."""
        planted, signals = self._world.planted, self._signals
        noisy = signals + planted.noise * rng.normal(size=len(signals))
        feature = noisy / math.hypot(1.0, planted.noise)
        keep = planted.persistence
        self._signals = keep * signals + math.sqrt(1.0 - keep * keep) * rng.normal(size=len(signals))
        if planted.correlation:
            self.tell(PlantedSignal(time, signals.tolist(), feature.tolist()))
        return planted.strength * volatility * signals

    def _jumps(self, path: MacroPath) -> Floats:
        """The part of the step's returns that is a jump, by asset."""
        jumps = np.zeros(len(self._logs))
        daily = path.volatility[0] / path.activity[0] * math.sqrt(self._world.macro.steps_per_day)
        for news in path.news:
            if not news.decoy:
                struck = slice(None) if news.asset < 0 else slice(news.asset, news.asset + 1)
                jumps[struck] += news.sign * news.strength * daily[struck]
        return jumps

    def _report(self, told: list[News], jumps: Floats, time: int, slot: int) -> None:
        symbols = [asset.symbol for asset in self._world.assets]
        moment = time + slot * (SECOND // 10)
        for symbol, jump in zip(symbols, jumps.tolist(), strict=True):
            if jump:
                self.tell(Jump(moment, symbol, jump))
        for news in told:
            self.tell(
                Told(
                    time=time + round(news.delay_steps * self._world.step_seconds * SECOND),
                    happened=time,
                    symbol="" if news.asset < 0 else symbols[news.asset],
                    sign=news.sign,
                    strength=news.strength,
                    headline=news.headline,
                    decoy=news.decoy,
                )
            )


def _bridge(rng: np.random.Generator, total: Floats, volatility: Floats, count: int) -> Floats:
    """`count` random moves that add up to `total`, as rough as `volatility` says."""
    noise = rng.normal(size=(count, len(total))) * (volatility / math.sqrt(count))
    bridged: Floats = noise - noise.mean(axis=0) + total / count
    return bridged
