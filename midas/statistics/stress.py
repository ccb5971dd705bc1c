"""Stress scenarios: what a portfolio would lose in days that its own history may not hold.

A scenario moves each asset class by one simple return. Where nobody can say which side suffers (foreign
exchange) the shock goes against the position, whichever way it stands. Figures that are recalled from the
literature say "about"; where a class didn't exist or has no one price, the number is a choice and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum, isfinite, nan

import msgspec

from midas.statistics.parametric import normal_factors

OTHER = "other"  # a class that nobody mapped
ALPHA = 0.99  # of the scenario of correlations


class Shock(msgspec.Struct, frozen=True):
    """The move of one asset class, a simple return over the scenario, and why this number."""

    move: float
    why: str
    adverse: bool = False  # against the position, long or short


class Scenario(msgspec.Struct, frozen=True):
    """One stress; without shocks every position loses its own bad day at once, and no hedge holds."""

    name: str
    title: str
    horizon: str
    shocks: Mapping[str, Shock]
    source: str


class Hit(msgspec.Struct, frozen=True):
    """What one position loses, a fraction of equity; below 0 it gains."""

    instrument: str
    loss: float


class Stressed(msgspec.Struct, frozen=True):
    """What the portfolio loses, a fraction of equity; NaN where `reason` says why."""

    scenario: str
    loss: float
    hits: tuple[Hit, ...]  # the worst first
    reason: str = ""


_CHOICE = "a choice"
SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "2008-10",
        "October 2008, after Lehman",
        "one month, 2008-09-30 to 2008-10-31",
        {
            "share": Shock(-0.169, "S&P 500 1166.36 to 968.75"),
            "etf": Shock(-0.169, "a broad index, as shares"),
            "bond": Shock(-0.05, "investment-grade corporates about -5 %; governments held"),
            "commodity": Shock(-0.32, "WTI 100.70 to 68.10; gold about -17 %"),
            "forex": Shock(-0.10, "EUR/USD about 1.41 to 1.27, JPY the other way", adverse=True),
            "crypto": Shock(-0.50, "a choice: none existed; three times shares, as in 2020-03"),
            "stablecoin": Shock(-0.03, "a choice: the Reserve Primary money fund broke the buck at .97"),
            OTHER: Shock(-0.50, "a choice: the worst of the others", adverse=True),
        },
        "closes of the S&P 500 and WTI; the others recalled from the literature",
    ),
    Scenario(
        "2020-03",
        "The pandemic crash of 2020",
        "23 trading days, 2020-02-19 to 2020-03-23",
        {
            "share": Shock(-0.339, "S&P 500 3386.15 to 2237.40"),
            "etf": Shock(-0.339, "a broad index, as shares"),
            "bond": Shock(-0.12, "corporate bond funds about -20 % at the low, mixed ones about -6 %"),
            "commodity": Shock(-0.56, "WTI about 53 to 23; gold about -12 % at the low"),
            "forex": Shock(-0.08, "EUR/USD about -6 %, AUD and NOK more", adverse=True),
            "crypto": Shock(-0.50, "BTC 9,593.79 to 4,800.00 on 2020-03-12; -61 % at the low a day later"),
            "stablecoin": Shock(-0.03, "a choice: thin books while everybody fled"),
            OTHER: Shock(-0.56, "a choice: the worst of the others", adverse=True),
        },
        "closes of the S&P 500 and of BTC at Binance; the others recalled from the literature",
    ),
    Scenario(
        "flash-crash",
        "The flash crash of 2010-05-06, with stops filled at the low",
        "minutes",
        {
            "share": Shock(-0.09, "S&P 500 1165.87 (eve) to 1065.79; the Dow about -9 %"),
            "etf": Shock(-0.20, "most of the trades broken at -60 % or worse were ETFs; a choice for one"),
            "bond": Shock(-0.02, _CHOICE),
            "commodity": Shock(-0.04, "WTI -3.5 % that day"),
            "forex": Shock(-0.04, "USD/JPY about -4 % that day; EUR/CHF 2015-01-15 was worse", adverse=True),
            "crypto": Shock(-0.25, "a choice: single venues fell by 80 % and more for seconds (2017, 2021)"),
            "stablecoin": Shock(-0.05, "a choice: a hole in one venue's book"),
            OTHER: Shock(-0.25, "a choice: the worst of the others", adverse=True),
        },
        "CFTC & SEC 2010, Findings regarding the market events of May 6, 2010",
    ),
    Scenario(
        "crypto-40",
        "A day on which crypto loses 40 %",
        "one day",
        {
            "share": Shock(-0.05, "a choice: 2020-03-12 had both, S&P 500 -9.5 %; most such days none"),
            "etf": Shock(-0.05, "as shares"),
            "bond": Shock(-0.01, _CHOICE),
            "commodity": Shock(-0.05, _CHOICE),
            "forex": Shock(-0.02, _CHOICE, adverse=True),
            "crypto": Shock(-0.40, "BTC 7,934.58 to 4,800.00 on 2020-03-12, the worst day since 2013"),
            "stablecoin": Shock(-0.10, "USDC about .88 on 2023-03-11"),
            OTHER: Shock(-0.40, "a choice: the worst of the others", adverse=True),
        },
        "requirement R7.4; closes of BTC at Binance, the others recalled from the literature",
    ),
    Scenario(
        "correlations-1",
        "All correlations go to 1",
        "one day",
        {},
        "every position loses its ES at 99 % of a normal day (2.665 deviations), long and short alike: "
        "correlations rise in crises (Longin & Solnik 2001) and hedges fail by their basis",
    ),
)


def stressed(
    scenario: Scenario,
    weights: Mapping[str, float],
    classes: Mapping[str, str],
    volatility: Mapping[str, float],
) -> Stressed:
    """The loss of these weights (fractions of equity, negative where short) in a scenario.

    `classes` maps instruments to the keys of `shocks` (what isn't mapped is OTHER), `volatility` to the
    daily deviation, needed only where a scenario has no shocks. An unknown figure makes the loss NaN.
    """
    hits = [
        Hit(name, _loss(scenario, weight, classes.get(name, OTHER), volatility.get(name, nan)))
        for name, weight in sorted(weights.items())
        if weight
    ]
    missing = [hit.instrument for hit in hits if not isfinite(hit.loss)]
    if missing:
        return Stressed(scenario.name, nan, tuple(hits), f"{missing[0]} has no value or no volatility")
    hits.sort(key=lambda hit: (-hit.loss, hit.instrument))
    return Stressed(scenario.name, fsum(hit.loss for hit in hits), tuple(hits))


def _loss(scenario: Scenario, weight: float, asset_class: str, volatility: float) -> float:
    if not scenario.shocks:
        return abs(weight) * volatility * normal_factors(ALPHA)[1]
    shock = scenario.shocks.get(asset_class, scenario.shocks[OTHER])
    return abs(weight * shock.move) if shock.adverse else -weight * shock.move
