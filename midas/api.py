"""The one import a plugin needs: everything that a strategy, a model or a source may use of midas."""

from __future__ import annotations

from midas.domain.instrument import Instrument
from midas.domain.market import Bar, Quote, Trade
from midas.domain.opinion import (
    Contribution,
    Family,
    Forecast,
    Opinion,
    Reading,
    Regime,
    RegimeLabel,
    Urgency,
)
from midas.domain.time import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from midas.ports.strategy import Briefing, Columns, Hears, Listening, MarketView, Strategy, Vectorised

__all__ = [
    "DAY",
    "HOUR",
    "MILLISECOND",
    "MINUTE",
    "SECOND",
    "Bar",
    "Briefing",
    "Columns",
    "Contribution",
    "Family",
    "Forecast",
    "Hears",
    "Instrument",
    "Listening",
    "MarketView",
    "Opinion",
    "Quote",
    "Reading",
    "Regime",
    "RegimeLabel",
    "Strategy",
    "Trade",
    "Urgency",
    "Vectorised",
]
