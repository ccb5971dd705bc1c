"""The immutable picture of the engine that every door sees (console, CLI, later REST and the rest).

Numbers here are for eyes: floats, already derived. Nothing downstream multiplies two of them. Times
named `*_at` are wall nanoseconds, times named `*_time` market nanoseconds; ages are computed against
`built_at` of the snapshot that carries them.

What comes by the hundred and holds only plain values is not tracked by the garbage collector (`gc=False`).
"""

from __future__ import annotations

import msgspec

from midas.state.views.account import AccountView, CountsView, KpisView
from midas.state.views.calibration import CalibrationPanel, CostsView
from midas.state.views.health import HealthView
from midas.state.views.log import AlarmView, AlertView, EventView
from midas.state.views.market import InstrumentView
from midas.state.views.mode import GateView, KillView, ModeChangeView, ModeView
from midas.state.views.orders import ClosedOrderView, FillView, OrderView, PositionView, StopView
from midas.state.views.reconciliation import ReconciliationView
from midas.state.views.risk import (
    BranchView,
    BreakerView,
    ControlsView,
    CorrelationView,
    ExposureView,
    LimitView,
    RegulationView,
    TriggerView,
)
from midas.state.views.signals import SignalView, StrategyView
from midas.state.views.tail import StressView, TailView


class Snapshot(msgspec.Struct, frozen=True):
    """The whole picture, at most ten a second."""

    sequence: int
    built_at: int
    session: str
    environment: str
    venue: str
    account: str
    version: str
    profile: str
    speed: float
    recovering: bool
    mode: ModeView
    kill: KillView
    gates: tuple[GateView, ...]
    instruments: tuple[InstrumentView, ...]
    signals: tuple[SignalView, ...]  # newest first
    limits: tuple[LimitView, ...]
    next_to_bind: str  # name of the limit with the least room
    positions: tuple[PositionView, ...]
    orders: tuple[OrderView, ...]
    events: tuple[EventView, ...]  # newest first
    strategies: tuple[StrategyView, ...]
    money: AccountView
    health: HealthView
    counts: CountsView
    closed: tuple[ClosedOrderView, ...] = ()  # newest first
    fills: tuple[FillView, ...] = ()  # newest first
    alerts: tuple[AlertView, ...] = ()
    alarms: tuple[AlarmView, ...] = ()  # gravest first
    modes: tuple[ModeChangeView, ...] = ()  # newest first
    market: str = ""  # of an embedded exchange: "synthetic" or a file's name; empty at a real venue
    exposures: tuple[ExposureView, ...] = ()  # instruments, then strategies
    triggers: tuple[TriggerView, ...] = ()  # in the order in which they fire
    breakers: tuple[BreakerView, ...] = ()
    tree: tuple[BranchView, ...] = ()  # of the exposure, each branch before what it holds
    correlations: CorrelationView = CorrelationView()
    controls: ControlsView = ControlsView()
    calibration: CalibrationPanel = CalibrationPanel()
    limits_off: tuple[str, ...] = ()  # titles of limits that this profile sets so wide that they can't bind
    foreign: tuple[OrderView, ...] = ()  # open orders on the account that aren't ours
    reconciliation: ReconciliationView = ReconciliationView()
    stops: tuple[StopView, ...] = ()  # of every open position, the most naked first
    naked_memory: float = 0.0  # quote currency whose stop exists only in the engine: gone if it dies
    naked_bare: float = 0.0  # quote currency without any stop
    open_risk: float = 0.0  # quote currency lost if every stop is hit
    kpis: KpisView = KpisView()
    costs: CostsView = CostsView()
    tail: tuple[TailView, ...] = ()  # a horizon each, the main one first
    stress: tuple[StressView, ...] = ()
    regulation: RegulationView = RegulationView()
