"""Headlines: what the news of a step say, in words whose tone can be read, and decoys that mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from midas.venues.sim.world import paths


class News(msgspec.Struct, frozen=True):
    """One headline with its truth. A decoy's sign and strength are what it claims; no price moved for it."""

    step: int  # in which the price jumped
    asset: int  # -1: the whole market
    sign: int  # -1 or 1
    strength: float  # in daily volatilities of the moment
    delay_steps: int  # from the jump to the headline
    headline: str
    decoy: bool


_STRONG: Final = 1.5  # daily volatilities from which the words are loud

# By sign and loudness; `{name}` is the asset.
_TRUE: dict[tuple[int, bool], tuple[str, ...]] = {
    (1, False): (
        "{name} gains after solid quarterly figures",
        "{name} wins a partner for its new service",
        "{name} raises its outlook slightly",
        "Regulator clears {name} to go ahead",
        "{name} reports growing demand",
    ),
    (1, True): (
        "{name} soars on record results",
        "{name} surges as landmark approval is granted",
        "Buyers rush into {name} after breakthrough deal",
        "{name} jumps: takeover offer at a high premium",
        "{name} rallies strongly after a stunning beat",
    ),
    (-1, False): (
        "{name} slips after weak quarterly figures",
        "{name} loses a partner to a rival",
        "{name} lowers its outlook slightly",
        "Regulator opens a question about {name}",
        "{name} reports slowing demand",
    ),
    (-1, True): (
        "{name} plunges after fraud is uncovered",
        "{name} crashes as operations are halted",
        "Panic selling in {name} after a security breach",
        "{name} collapses: auditor resigns",
        "{name} tumbles on a disastrous loss",
    ),
}
_TRUE_MARKET: dict[tuple[int, bool], tuple[str, ...]] = {
    (1, False): ("Markets rise as inflation eases", "Stocks and coins gain on a calmer outlook"),
    (1, True): ("Markets soar after a surprise rate cut", "Relief rally: crisis talks end in an agreement"),
    (-1, False): ("Markets fall as inflation picks up", "Investors turn cautious on growth fears"),
    (-1, True): ("Markets plunge after a surprise rate rise", "Sell-off everywhere as a large lender fails"),
}
_DECOY: dict[int, tuple[str, ...]] = {
    1: (
        "Opinion: why {name} could gain next year",
        "Rumour: {name} may be in talks, sources say",
        "Analyst repeats positive view of {name}",
        "{name} to present at a conference next week",
        "Forum crowd bets on a rally in {name}",
    ),
    -1: (
        "Opinion: why {name} could fall next year",
        "Rumour: {name} may face delays, sources say",
        "Analyst repeats negative view of {name}",
        "{name} moves its annual meeting",
        "Forum crowd fears a slump in {name}",
    ),
}


def written(row: Sequence[float], names: Sequence[str]) -> News:
    """A kernel's row of news in words."""
    sign, strength = int(row[paths.SIGN]), row[paths.STRENGTH]
    asset, decoy = int(row[paths.ASSET]), bool(row[paths.DECOY])
    name = "the market" if asset == paths.MARKET else names[asset]
    templates = _templates(sign, strength >= _STRONG, decoy, market=asset == paths.MARKET)
    headline = templates[int(row[paths.WORDS] * len(templates))].format(name=name)
    return News(
        step=int(row[paths.AT]),
        asset=asset,
        sign=sign,
        strength=strength,
        delay_steps=int(row[paths.DELAY]),
        headline=headline[0].upper() + headline[1:],
        decoy=decoy,
    )


def _templates(sign: int, loud: bool, decoy: bool, *, market: bool) -> tuple[str, ...]:
    if decoy:
        return _DECOY[sign]
    return (_TRUE_MARKET if market else _TRUE)[sign, loud]
