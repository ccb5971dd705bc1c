"""All that midas knows, as data; `state` folds events into it, `inheritance` hands it on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from midas.domain.carry import InferredCarried
from midas.domain.instrument import Instrument
from midas.domain.opinion import Reducing, Regime
from midas.state.alerts import Alerts
from midas.state.breakers import Breakers
from midas.state.breaks import Breaks
from midas.state.budgets import Budgets
from midas.state.calibration import Calibration
from midas.state.closes import HorizonCloses
from midas.state.control import Control
from midas.state.daytrades import DayTrades
from midas.state.ledger import Ledger
from midas.state.market import InstrumentMarket
from midas.state.orders import Orders
from midas.state.sizes import Sizes
from midas.state.stops import Stops
from midas.state.tail import TailRecord
from midas.state.valuation import Valuation


class Known:
    """What one session knows of markets, orders, money and its own doings."""

    def __init__(
        self, instruments: Sequence[Instrument], quote: str, bar_spread: float | None = None
    ) -> None:
        """`bar_spread`: between bid and ask, of the price, where bars are all that is known of a market."""
        self.quote = quote  # the account's currency: what equity, limits and results are told in
        self.instruments = {i.id: i for i in instruments}
        self.markets = {i.id: InstrumentMarket(i, bar_spread) for i in instruments}
        self.orders = Orders()
        self.sizes = Sizes()
        self.ledger = Ledger()
        self.control = Control()
        self.alerts = Alerts(self.instruments)
        self.halted: dict[str, str] = {}  # instrument -> why the venue takes no orders in it
        self.relisted: dict[str, Instrument] = {}  # whose rules changed while this session ran
        self.regimes: dict[str, Regime] = {}
        self.session = self.account = self.environment = ""
        self.now = 0  # wall time of the newest event
        self.started_at = 0
        self.recovering = True
        self.closing = False
        self.feed_up = self.user_up = False
        self.user_up_at = 0
        self.user_down_at = 0  # since when the user stream is down; 0: it is up
        self.feed_age = 0
        self.gaps = self.resyncs = self.refused_messages = self.market_events = 0
        self.intents = 0
        self.amending: set[str] = set()  # orders in whose place another is to stand
        self.closes_asked: dict[tuple[str, str], str] = {}  # positions that a person closes, and who
        self.tickets: dict[str, str] = {}  # a person's acts, with the newest order that each became
        self.reducing: dict[tuple[str, str], Reducing] = {}  # by strategy and instrument
        self.equity_peak = self.opening_equity = 0.0
        self.budgets = Budgets()
        self.signals = self.executed = 0  # that strategies made, and of them those that became targets
        self.counted = (0, 0)  # the same, as far as the journal knows
        self.breakers = Breakers()
        self.stops = Stops()
        self.calibration = Calibration()
        self.closes = HorizonCloses()
        self.tail = TailRecord()
        self.day_trades = DayTrades()
        self.reconciled = False
        self.reconciled_at = 0
        self.clean_at = 0  # the last pass that found both sides equal
        self.clean_as_of = 0  # the same by the venue's time
        self.passes = 0
        self.differences: tuple[str, ...] = ()
        self.undecided: tuple[str, ...] = ()  # of the last pass: what differed and moved meanwhile
        self.adjusted_at: dict[str, int] = {}  # by asset: when something was booked that is no fill
        self.breaks = Breaks()
        self.inferred: dict[str, InferredCarried] = {}  # by client id, until the real fill comes
        self.adjustments: dict[str, Decimal] = {}  # by instrument: what no fill explains, accepted or dust
        self.stale: dict[str, str] = {}  # instrument -> why its market data can't be decided on
        self.stale_since: dict[str, int] = {}
        self.stream_doubt = 0  # since when the user stream may have missed something; 0: it hasn't
        self.valuation = Valuation(self.markets, quote)
        self.derived: dict[str, object] = {}  # what others have worked out of all this and may lose

    def still_reducing(self) -> tuple[Reducing, ...]:
        """Of what was to be worked down that which isn't there yet."""
        return tuple(
            to for key, to in self.reducing.items() if self.ledger.sleeve(*key).quantity > to.quantity
        )
