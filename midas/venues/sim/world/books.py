"""The book of one asset of a world, as its seed opens it."""

from __future__ import annotations

import math

import numpy as np

from midas.domain.time import DAY, SECOND
from midas.venues.sim.world.micro import Micro, MicroParameters
from midas.venues.sim.world.parameters import Asset, World


def suited(world: World, asset: Asset) -> MicroParameters:
    """The world's order flow, believing in the asset's volatility at the opening."""
    return world.micro.suited(asset.price_ticks * asset.daily_volatility * math.sqrt(SECOND / DAY))


def opened(world: World, seed: int, place: int) -> Micro:
    """The book of the asset at `place`."""
    asset = world.assets[place]
    chance = np.random.SeedSequence((seed, place)).generate_state(1, np.uint64)
    return Micro(suited(world, asset), int(chance[0]) >> 1, asset.price_ticks, asset.order_lots)
