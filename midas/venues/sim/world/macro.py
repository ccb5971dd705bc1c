"""The macro layer: regimes, volatility, news and correlated returns of M assets, with their labels known.

Per step of 1 / `steps_per_day` days, asset i returns

    drift(S) dt + sigma_i U sqrt(dt) (sqrt(rho_S) z + sqrt(1 - rho_S) z_i) + jumps,

with sigma_i = scale_i exp(m + sum a_k Y_k + a X_i), where S is the regime, m follows its volatility, Y and X
are unit Ornstein-Uhlenbeck processes, U is the shape of the day and z, z_i are Student-t shocks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from midas.errors import ConfigInvalid
from midas.venues.sim.world import paths
from midas.venues.sim.world.climate import MacroParameters
from midas.venues.sim.world.news import News, written

__all__ = ["Macro", "MacroParameters", "MacroPath", "News"]

_BLOCK: Final = 4_096  # steps a kernel call; bounds the rows kept for news


class MacroPath(msgspec.Struct, frozen=True):
    """What happened in the steps just run, one row a step."""

    regime: paths.Labels
    returns: paths.Floats  # [steps, assets], log returns of the fundamental price, jumps included
    volatility: paths.Floats  # [steps, assets], standard deviation of the log return, jumps excluded
    activity: paths.Floats  # the day's shape, of mean square 1
    news: list[News]


class Macro:
    """The world above the books. The same seed gives the same path, however it is cut into runs."""

    def __init__(
        self,
        parameters: MacroParameters,
        daily_volatility: Sequence[float],
        seed: int,
        names: Sequence[str] = (),
    ) -> None:
        """`daily_volatility`: each asset's long-run deviation of a day's log return, jumps excluded."""
        scale = _checked(daily_volatility)
        self._names = [f"asset {i + 1}" for i in range(scale.size)] if not names else list(names)
        if len(self._names) != scale.size:
            raise ConfigInvalid(f"macro: expected {scale.size} names, one an asset, got {len(self._names)}")
        self._law = parameters.law(scale)
        self._state = _opening(parameters, scale.size, seed)
        described = msgspec.json.encode((parameters, scale.tolist()))
        self._digest = hashlib.sha256(described).digest()

    def run(self, steps: int) -> MacroPath:
        """Go on for `steps` steps."""
        assets = self._law.scale.size
        path = paths.Path(
            np.empty(steps, np.int8),
            np.empty((steps, assets)),
            np.empty((steps, assets)),
            np.empty(steps),
            np.empty((_BLOCK, paths.NEWS_COLUMNS)),
        )
        news: list[News] = []
        for start in range(0, steps, _BLOCK):
            piece = path.block(start, start + _BLOCK)
            told = int(paths.advance(self._state, self._law, piece))
            news += [written(row, self._names) for row in path.news[:told].tolist()]
        return MacroPath(path.regime, path.returns, path.volatility, path.activity, news)

    def save(self) -> bytes:
        """Everything that the next step depends on."""
        return self._digest + b"".join(part.tobytes() for part in self._state)

    def load(self, state: bytes) -> None:
        """Go on exactly where `save` stood; the parameters and assets must be the same."""
        expected = len(self._digest) + sum(part.nbytes for part in self._state)
        if state[: len(self._digest)] != self._digest or len(state) != expected:
            raise ConfigInvalid(
                "the saved world was made with other parameters, other assets or another version: "
                "start a new one, or restore its parameters"
            )
        place = len(self._digest)
        for part in self._state:
            loaded = np.frombuffer(state, part.dtype, part.size, place)
            part[:] = loaded.reshape(part.shape)
            place += part.nbytes


def _checked(daily_volatility: Sequence[float]) -> paths.Floats:
    scale = np.array(daily_volatility, np.float64)
    if scale.ndim != 1 or not scale.size or not np.all((scale > 0) & (scale < 1)):
        raise ConfigInvalid(
            "daily_volatility: expected one number above 0 and below 1 for each asset, "
            f"got {list(daily_volatility)}"
        )
    return scale


def _opening(parameters: MacroParameters, assets: int, seed: int) -> paths.State:
    """Common chance, news and each asset have streams of their own: adding one changes no other's shocks."""
    if not 0 <= seed < 1 << 63:
        raise ConfigInvalid(f"seed: expected a whole number from 0 to 2^63 - 1, got {seed}")
    children = np.random.SeedSequence(seed).spawn(paths.FIRST_ASSET + assets)
    return paths.State(
        streams=np.array([child.generate_state(1, np.uint64) for child in children]),
        clock=np.array([0, 0, -1, 0], np.int64),
        common=np.zeros(2),
        factors=np.zeros(len(parameters.factor_weights)),
        own=np.zeros(assets),
        deviation=np.zeros(assets),
    )
