"""What a first reading of a recording learns, before the market starts.

The diffs of a symbol make runs: within one each continues the one before. A run can be replayed where a
snapshot lies inside it. The first run that can is where the symbol's book begins; what belongs to a run
without a snapshot is left out, except its trades.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal

from midas.domain.instrument import Instrument
from midas.domain.time import MILLISECOND, SECOND
from midas.errors import MalformedMessage, RecordingInvalid
from midas.venues.sim.levels.scale import WIRE, wire_units
from midas.venues.sim.source.recorded import Depth, Listed, Pairs, Quote, Recorded, Snapshot, Trade

ONE_BP = 1e-4
VOLATILITY_MAX = 2e-4  # 6 % a day: the made-up years before the start would leave all bounds with more
REPEATED = 10_000  # milliseconds: older update ids are repeats of this age at most, else another market
MEASURED = 50  # levels of a snapshot's side that steps are measured by
ACCELERATED = 1.5  # market time against the recorder's clock: above, the exchange ran faster than the wall

QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "BTC", "ETH", "BNB")
KNOWN: dict[str, tuple[str, str]] = {"BTCUSDT": ("0.01", "0.00001"), "ETHUSDT": ("0.01", "0.0001")}
NOTIONAL_MIN = Decimal(5)
QUANTITY_MAX = Decimal(9_000)


class Run:
    """Diffs that continue each other, and a snapshot that they join."""

    def __init__(self, first: Depth, place: str) -> None:
        self.first_id = first.U
        self.last_id = first.u
        self.place = place
        self.snapshot: Snapshot | None = None

    def joins(self, snapshot: Snapshot) -> bool:
        """Whether the diffs continue `snapshot`."""
        return self.first_id - 1 <= snapshot.last_id <= self.last_id


class SymbolSurvey:
    """One symbol of the recording."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.runs: list[Run] = []
        self.waiting: list[Snapshot] = []  # newer than the diffs seen so far, or before all of them
        self.listed: Instrument | None = None
        self.first_trade: Trade | None = None
        self.futures = False
        self.whole_trades = False  # not only aggregates
        self.volume = 0.0
        self._price_step = self._lot_step = 0
        self._squares = 0.0
        self._second = (0, 0.0)
        self._time = 0

    def on_depth(self, depth: Depth, place: str) -> None:
        """One more diff."""
        self.futures = self.futures or depth.pu is not None
        self._measure(depth.b)
        self._measure(depth.a)
        run = self.runs[-1] if self.runs else None
        if run is not None and depth.u <= run.last_id:
            if self._time - REPEATED > depth.E:
                raise MalformedMessage(
                    f"the update ids of {self.symbol} begin again; a recording holds one market: split it"
                )
            return
        if run is None or not depth.continues(run.last_id):
            run = Run(depth, place)
            self.runs.append(run)
        run.last_id, self._time = depth.u, depth.E
        if run.snapshot is None:
            self._join(run)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """A snapshot of this symbol; kept only while a run may need it."""
        if self.runs and self.runs[-1].snapshot is not None and snapshot.last_id <= self.runs[-1].last_id:
            return
        self.waiting = [*self.waiting[-8:], snapshot]
        if self.runs and self.runs[-1].snapshot is None:
            self._join(self.runs[-1])

    def on_trade(self, trade: Trade) -> None:
        """One more trade."""
        self.first_trade = self.first_trade or trade
        self.whole_trades = self.whole_trades or not trade.a
        self._measure([(trade.p, trade.q)])
        price = float(trade.p)
        self.volume += float(trade.q)
        second, last = self._second
        if second < trade.T // 1000:
            if second:
                self._squares += math.log(price / last) ** 2
            self._second = (trade.T // 1000, price)

    def volatility(self, seconds: float) -> float:
        """Standard deviation of the log price over one second."""
        return min(VOLATILITY_MAX, math.sqrt(self._squares / seconds) or ONE_BP)

    def instrument(self) -> Instrument:
        """As the venue listed it, else as coarse as the recorded numbers allow."""
        if self.listed is not None:
            return self.listed
        name = self.symbol.partition("_")[0]  # BTCUSD_PERP
        quote = next((quote for quote in QUOTES if name.endswith(quote)), name[-3:])
        if self.symbol in KNOWN and not self.futures:
            tick, lot = (Decimal(text) for text in KNOWN[self.symbol])
        else:
            tick, lot = _power_of_ten(self._price_step), _power_of_ten(self._lot_step)
        return Instrument(
            venue="binance",
            symbol=self.symbol,
            base=name[: -len(quote)],
            quote=quote,
            tick_size=tick,
            lot_size=lot,
            quantity_min=lot,
            quantity_max=max(QUANTITY_MAX, lot * 1_000_000),
            notional_min=NOTIONAL_MIN,
        )

    def unusable(self) -> str:
        """Why its book can't be replayed; empty where it can."""
        if not self.runs:
            return f"no depthUpdate of {self.symbol} in it; record {self.symbol.lower()}@depth@100ms with it"
        if all(run.snapshot is None for run in self.runs):
            return (
                f"no depth snapshot of {self.symbol} in it that its diffs continue; record one REST depth "
                "answer among the diffs"
            )
        return ""

    def _join(self, run: Run) -> None:
        run.snapshot = next((snapshot for snapshot in self.waiting if run.joins(snapshot)), None)
        if run.snapshot is not None:
            self.waiting = []
            bids, asks = run.snapshot.levels()
            self._measure(bids[:MEASURED] + asks[:MEASURED])

    def _measure(self, levels: Pairs) -> None:
        """Check that these are numbers; where nobody told the steps, take them from what was printed."""
        if self.listed is not None or (self.symbol in KNOWN and not self.futures):
            for price, quantity in levels:
                wire_units(price)
                wire_units(quantity)
            return
        for price, quantity in levels:
            self._price_step = math.gcd(self._price_step, wire_units(price))
            self._lot_step = math.gcd(self._lot_step, wire_units(quantity))


class Survey:
    """The whole recording."""

    def __init__(self, name: str) -> None:
        self.symbols: dict[str, SymbolSurvey] = {}
        self.start = 0
        self.last_time = 0
        self.messages = 0
        self._name = name
        self._naked: list[Snapshot] = []
        self._listed: list[str] = []
        self._first_ns = self._last_ns = 0

    @property
    def seconds(self) -> float:
        """How long the market ran, in its own time."""
        return max(1.0, (self.last_time - self.start) / SECOND)

    @property
    def accelerated(self) -> bool:
        """Whether the market ran faster than the recorder's clock, whose stamps then tell no pace."""
        return self.last_time - self.start > ACCELERATED * (self._last_ns - self._first_ns)

    def see(self, recorded: Recorded) -> None:
        """One more message. Raises RecordingInvalid that names its place."""
        try:
            self._see(recorded)
        except (MalformedMessage, ValueError, ZeroDivisionError) as error:
            raise RecordingInvalid(f"{recorded.place}: {error}") from error

    def finish(self, say: Callable[[str], None]) -> None:
        """All was read: refuse what can't be replayed, say what will be left out."""
        if not self.symbols or not any(symbol.runs for symbol in self.symbols.values()):
            raise RecordingInvalid(f"{self._name}: no depthUpdate in it; record <symbol>@depth@100ms with it")
        for naked in self._naked:
            self._only_symbol().on_snapshot(naked)
        if not any(symbol.first_trade for symbol in self.symbols.values()):
            raise RecordingInvalid(
                f"{self._name}: no trade in it; record <symbol>@trade or @aggTrade with it"
            )
        unusable = {name: why for name, symbol in self.symbols.items() if (why := symbol.unusable())}
        if len(unusable) == len(self.symbols):
            raise RecordingInvalid(f"{self._name}: {'; '.join(unusable.values())}")
        for name, why in unusable.items():
            say(f"{self._name}: {why}; {name} is left out")
            del self.symbols[name]
        order = list(dict.fromkeys([*self._listed, *self.symbols]))
        self.symbols = {name: self.symbols[name] for name in order if name in self.symbols}
        for name, symbol in self.symbols.items():
            for place in (run.place for run in symbol.runs if run.snapshot is None):
                say(
                    f"{place}: diffs of {name} are missing before this line and no later snapshot joins what "
                    "follows; its book stands still until one does"
                )

    def _see(self, recorded: Recorded) -> None:
        message = recorded.message
        self.messages += 1
        self._first_ns = self._first_ns or recorded.ns
        self._last_ns = recorded.ns
        if isinstance(message, Snapshot):
            self._snapshot(message)
            return
        if isinstance(message, Listed):
            name = message.instrument.symbol
            self.symbols.setdefault(name, SymbolSurvey(name)).listed = message.instrument
            self._listed.append(name)
            return
        symbol = self.symbols.setdefault(message.s, SymbolSurvey(message.s))
        if isinstance(message, Depth):
            symbol.on_depth(message, recorded.place)
        elif isinstance(message, Quote):
            check_numbers((message.b, message.B, message.a, message.A))
        else:
            symbol.on_trade(message)
        if not isinstance(message, Quote):
            self.start = self.start or message.E * MILLISECOND
            self.last_time = max(self.last_time, message.E * MILLISECOND)

    def _snapshot(self, snapshot: Snapshot) -> None:
        if snapshot.symbol:
            self.symbols.setdefault(snapshot.symbol, SymbolSurvey(snapshot.symbol)).on_snapshot(snapshot)
        elif len(self.symbols) == 1 and next(iter(self.symbols.values())).runs:
            self._only_symbol().on_snapshot(snapshot)
            self._naked.append(snapshot)
        else:
            self._naked.append(snapshot)

    def _only_symbol(self) -> SymbolSurvey:
        if len(self.symbols) > 1:
            names = ", ".join(sorted(self.symbols))
            raise RecordingInvalid(
                f"{self._name}: holds {names}, and a depth snapshot that doesn't say of which symbol it is; "
                "record with `midas record`, or split the file"
            )
        return next(iter(self.symbols.values()))


def check_numbers(texts: Iterable[str]) -> None:
    """Raise MalformedMessage for the first text that is no price or quantity."""
    for text in texts:
        wire_units(text)


def _power_of_ten(step: int) -> Decimal:
    """The largest power of ten that divides `step`, as a decimal."""
    power = 1
    while step and step % (power * 10) == 0:
        power *= 10
    return Decimal(power) / WIRE
