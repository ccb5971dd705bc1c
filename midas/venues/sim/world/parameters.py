"""A synthetic world as a typed file: its assets, the layers that move them, and what is planted in them.

A world is read from TOML. It begins from a preset, `preset = "medium"` where the file names none, and says
only what is different; a table of its own laid over the preset's, a list in place of it.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.time import DAY, SECOND
from midas.errors import ConfigInvalid
from midas.venues.sim.levels.scale import ATOM
from midas.venues.sim.world.macro import MacroParameters
from midas.venues.sim.world.micro import MicroParameters
from midas.venues.sim.world.sentences import refusal

PRESETS = ("easy", "medium", "hard")
MEDIUM = "medium"
SLICE_SECONDS = 0.1
PRICE_TICKS = 2_000, 5_000_000  # the book needs room below, and steps that a person can see
UNITS_MAX = 1_000_000_000  # of a price or an order: more isn't a number that a book can count
LOTS_MAX = 1_000_000_000  # of a mean order
STEP_TICKS_MAX = 20.0  # by which the fundamental may move in a second: no book follows faster
_SYMBOL = re.compile(r"^[A-Z0-9]{4,20}$")


def _ask(holds: bool, name: str, expected: str, got: object) -> None:
    if not holds:
        raise ValueError(f"{name}: expected {expected}, got {got}")


class Asset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instrument of the world."""

    symbol: str
    base: str
    quote: str = "USDT"
    tick_size: Decimal
    lot_size: Decimal
    price: Decimal  # at the start
    order_size: Decimal  # mean of an order, in base units
    daily_volatility: float  # standard deviation of the log price over 24 hours of market time

    def __post_init__(self) -> None:
        """Refuse what no book can hold."""
        _ask(bool(_SYMBOL.match(self.symbol)), "symbol", "4 to 20 capital letters or digits", self.symbol)
        _ask(
            self.symbol == self.base + self.quote,
            "symbol",
            f"base and quote, {self.base}{self.quote}",
            self.symbol,
        )
        for name in ("tick_size", "lot_size", "price", "order_size"):
            step = getattr(self, name)
            _ask(
                step.is_finite() and 0 < step <= UNITS_MAX and step % ATOM == 0,
                name,
                f"a multiple of {ATOM:f} above 0, at most {UNITS_MAX:,}",
                step,
            )
        _ask(
            self.price % self.tick_size == 0, "price", f"a multiple of tick_size {self.tick_size}", self.price
        )
        low, high = PRICE_TICKS
        _ask(
            low <= self.price_ticks <= high,
            "price",
            f"{low * self.tick_size} to {high * self.tick_size}, {low} to {high} ticks",
            self.price,
        )
        _ask(self.order_lots >= 10, "order_size", f"at least ten lots, {10 * self.lot_size}", self.order_size)
        most_lots = LOTS_MAX * self.lot_size
        _ask(self.order_lots <= LOTS_MAX, "order_size", f"at most {most_lots:f}", self.order_size)
        most = STEP_TICKS_MAX / self.price_ticks * math.sqrt(DAY / SECOND)
        _ask(
            0 < self.daily_volatility <= most,
            "daily_volatility",
            f"a number above 0, at most {most:.3g} (20 ticks in a second; a coarser tick_size allows more)",
            self.daily_volatility,
        )

    @property
    def price_ticks(self) -> int:
        """The opening price in ticks."""
        return int(self.price / self.tick_size)

    @property
    def order_lots(self) -> float:
        """The mean order in lots."""
        return float(self.order_size / self.lot_size)

    def instrument(self) -> Instrument:
        """What the exchange lists."""
        return Instrument(
            venue="binance",
            symbol=self.symbol,
            base=self.base,
            quote=self.quote,
            tick_size=self.tick_size,
            lot_size=self.lot_size,
            quantity_min=self.lot_size,
            quantity_max=max(Decimal(9_000), self.lot_size * 90_000_000),
            notional_min=Decimal(5),
        )


class Planted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signal that foretells the next macro step's return: an AR(1) of variance 1, one for each asset."""

    correlation: float = 0.0  # of the feature with the return that follows it: the information coefficient
    half_life_steps: float = 10.0
    noise: float = 1.0  # standard deviation that the feature adds to the signal's 1

    def __post_init__(self) -> None:
        """Refuse a signal that would leave nothing to chance."""
        half_life = self.half_life_steps
        _ask(0.01 <= half_life <= 1e6, "half_life_steps", "steps from 0.01 to 1,000,000", half_life)
        _ask(0 <= self.noise <= 100, "noise", "a number from 0 to 100", self.noise)
        _ask(0 <= self.correlation < 1, "correlation", "a number from 0 and below 1", self.correlation)
        most = 0.9 / math.hypot(1.0, self.noise)
        _ask(
            self.correlation <= most,
            "correlation",
            f"at most {most:.3g} under a noise of {self.noise:g}",
            self.correlation,
        )

    @property
    def strength(self) -> float:
        """What one unit of signal adds to the return, in standard deviations of the return without it."""
        share = self.correlation * math.hypot(1.0, self.noise)
        return share / math.sqrt(1.0 - share * share)

    @property
    def persistence(self) -> float:
        """The AR(1) coefficient."""
        return float(0.5 ** (1.0 / self.half_life_steps))


class World(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that makes a synthetic market, but for its seed."""

    preset: str  # what the file began from
    step_seconds: float  # market time of one macro step; `macro.steps_per_day` of them are a day of the world
    assets: tuple[Asset, ...]
    macro: MacroParameters = MacroParameters()
    micro: MicroParameters = MicroParameters()
    planted: Planted = Planted()

    def __post_init__(self) -> None:
        """Refuse what doesn't fit together."""
        slices = self.step_seconds / SLICE_SECONDS
        whole = 1 <= slices <= 36_000 and abs(slices - round(slices)) < 1e-6
        _ask(whole, "step_seconds", "a multiple of 0.1 from 0.1 to 3600", self.step_seconds)
        symbols = [asset.symbol for asset in self.assets]
        _ask(0 < len(symbols) <= 50, "assets", "1 to 50 of them", len(symbols))
        _ask(len(set(symbols)) == len(symbols), "assets", "each symbol once", ", ".join(symbols))

    @property
    def slices(self) -> int:
        """Slices of 100 ms in a macro step."""
        return round(self.step_seconds / SLICE_SECONDS)

    @property
    def day_volatility(self) -> list[float]:
        """Each asset's standard deviation over one day of the world."""
        share = self.macro.steps_per_day * self.step_seconds / (DAY / SECOND)
        return [asset.daily_volatility * math.sqrt(share) for asset in self.assets]

    @property
    def hash(self) -> str:
        """Of every parameter: equal hashes and equal seeds are equal markets."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]


def preset_world(name: str) -> World:
    """One of PRESETS. Raises ConfigInvalid for any other name."""
    return _world(_preset(name, "preset"), f"preset {name}")


def load_world(path: Path) -> World:
    """The world of a TOML file. Raises ConfigInvalid: file, key, what was expected and how to mend it."""
    try:
        own = tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigInvalid(
            f"{path}: can't be read ({error.strerror}); name a world file that exists"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path}: isn't TOML: {error}") from None
    base = _preset(own.get("preset", MEDIUM), f"{path}: preset")
    return _world(_over(base, own), str(path))


def _preset(name: object, where: str) -> dict[str, Any]:
    if name not in PRESETS:
        raise ConfigInvalid(f"{where}: expected one of {', '.join(PRESETS)}, got {name!r}")
    text = files("midas.venues.sim.world.presets").joinpath(f"{name}.toml").read_text()
    found = tomllib.loads(text)
    below = found.get("preset", name)
    whole = found if below == name else _over(_preset(below, where), found)
    return whole | {"preset": name}


def _over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """`own` laid over `base`, table by table."""
    merged = dict(base)
    for key, value in own.items():
        below = base.get(key)
        merged[key] = _over(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _world(values: dict[str, Any], where: str) -> World:
    try:
        return msgspec.convert(values, World)
    except (msgspec.ValidationError, ConfigInvalid) as error:
        raise ConfigInvalid(f"{where}: {refusal(str(error), World)}") from None
