"""What an engine is built of: plain, recordable values, which a session's header holds for a replay."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import msgspec

from midas.agents.guardian import FEED_STALE
from midas.analysis.regime import RegimeRules
from midas.costs import CostModel
from midas.domain.breakers import BreakerRules
from midas.domain.calibration import CalibrationRules
from midas.domain.instrument import Instrument
from midas.domain.limits import Limits
from midas.domain.regulation import RegulationRules
from midas.domain.stops import NO_STOPS, StopRules
from midas.domain.tail import TailRules
from midas.domain.triggers import TriggerRules
from midas.engine.freshness import BOOK_STALE
from midas.execution.worker import ExecutionRules
from midas.statistics.sizing import SizingPolicy


class StrategyConfig(msgspec.Struct, frozen=True):
    """One enabled strategy: its file, its share of equity, its instruments and parameters."""

    file: str
    weight: float
    instruments: tuple[str, ...]  # instrument ids
    parameters: dict[str, float | int | str | bool]
    stops: StopRules | None = None  # None: those of all
    units: Decimal | None = None  # base units that it always holds, whatever its weight; None: sizing decides


class EngineConfig(msgspec.Struct, frozen=True):
    """Everything that can influence a decision, besides events and code."""

    instruments: tuple[Instrument, ...]
    quote: str
    period: int  # of bars, nanoseconds
    audit_every: int  # wall nanoseconds between full passes over the account
    regime: RegimeRules
    limits: Limits
    sizing: SizingPolicy
    execution: ExecutionRules
    strategies: tuple[StrategyConfig, ...]
    feed_stale: int = FEED_STALE  # wall nanoseconds of silence that close the venue's gate
    costs: CostModel = CostModel()
    book_stale: int = BOOK_STALE  # wall nanoseconds after which an instrument isn't decided on; 0: never
    bar_stale: int = 0  # the same, of its candles
    triggers: TriggerRules = TriggerRules()
    breakers: BreakerRules = BreakerRules()
    stops: StopRules = NO_STOPS
    tail: TailRules = TailRules()
    regulation: RegulationRules = RegulationRules()
    calibration: CalibrationRules = CalibrationRules()
    bar_spread: float | None = None  # no quotes come: a close is the touch, so far apart; None: quotes come
    studies_all: bool = True  # the analyst reads bars also where nobody would hear what he says
    years: dict[str, int] = {}  # by instrument: nanoseconds of trading in one; else 365 days

    def digest(self) -> str:
        """The config hash of a session."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()
