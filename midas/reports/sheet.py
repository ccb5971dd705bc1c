"""The tear sheet of one run as it is kept: plain values, read without any of the code that made them.

Fractions are fractions (0.12 is 12 %), money is in the account's currency, times are nanoseconds UTC of the
market. What isn't known is None with a reason, never 0.
"""

from __future__ import annotations

from typing import Any

import msgspec

VERSION = 1
NO_REGIME, NO_SIGNAL = "regime unknown", "no signal yet"  # why a strategy couldn't act
ENDLESS = "no losses"  # the reason of a profit factor that has no end


class Measure(msgspec.Struct, frozen=True):
    """A figure with the number of observations behind it, or None and why."""

    value: float | None = None
    count: int = 0
    reason: str = "not measured"

    @property
    def known(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


class Interval(msgspec.Struct, frozen=True):
    """Where the true value lies with 95 % confidence."""

    low: float
    high: float


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """What a series of daily returns was worth; every ratio annual, drawdowns negative."""

    total: Measure = Measure()
    cagr: Measure = Measure()
    volatility: Measure = Measure()
    sharpe: Measure = Measure()
    sortino: Measure = Measure()
    max_drawdown: Measure = Measure()
    calmar: Measure = Measure()
    recovery_factor: Measure = Measure()
    profit_factor: Measure = Measure()  # of days
    win_rate: Measure = Measure()  # of days
    ulcer: Measure = Measure()
    skewness: Measure = Measure()
    kurtosis: Measure = Measure()


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """How far the Sharpe ratio can be trusted; chances 0 to 1."""

    sharpe: Interval | None = None
    cagr: Interval | None = None
    win_rate: Interval | None = None  # of trades
    adjusted: Measure = Measure()  # Sharpe, annualised with Lo's factor
    dependent: Measure = Measure()  # p-value of "days don't hang together"; below 0.05 they do
    positive: float | None = None  # P(true Sharpe > 0)
    goal: float | None = None  # P(true Sharpe > the goal)
    goal_sharpe: float = 0.8
    deflated: float | None = None  # P(true Sharpe > the best of as many lucky trials)
    trials: int = 1  # configurations ever tried on these data, this one among them
    years: float = 0.0  # of record
    years_needed: float | None = None  # until `positive` would be 95 %
    overfitting: float | None = None  # PBO, of the sweep that this run was chosen from


class Trading(msgspec.Struct, frozen=True, kw_only=True):
    """What the closed trades say; a trade is a round trip from flat to flat, after all its costs."""

    closed: int = 0
    won: int = 0
    even: int = 0  # that made nothing and lost nothing
    open: int = 0  # positions that the end of the data left open
    fills: int = 0
    makers: int = 0  # of the fills
    after_gaps: int = 0  # of the fills: at the first opening after a hole in the data
    profit_factor: Measure = Measure()
    win_rate: Measure = Measure()
    payoff: Measure = Measure()
    expectancy: Measure = Measure()
    quality: Measure = Measure()
    best: float | None = None
    worst: float | None = None
    wins_in_row: int = 0
    losses_in_row: int = 0
    held_median: int = 0  # nanoseconds of market time
    ended: dict[str, int] = {}  # by what ended them: words of `endings`


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What trading took, and of what; `spread` and `impact` are inside of the prices paid."""

    fees: float = 0.0
    spread: float = 0.0
    impact: float = 0.0
    funding: float = 0.0  # paid; negative where it was earned
    traded: float = 0.0  # notional of all fills
    compared: int = 0  # fills that took, whose cost beyond the market's price the model foretells
    expected_bps: float = 0.0  # of their notional, by the cost model
    realised_bps: float = 0.0  # what they paid

    @property
    def beyond(self) -> float:
        """Spread and impact as a share of all that was bought and sold."""
        return (self.spread + self.impact) / self.traded if self.traded else 0.0

    @property
    def total(self) -> float:
        """All of it together."""
        return self.fees + self.spread + self.impact + self.funding


class Benchmark(msgspec.Struct, frozen=True, kw_only=True):
    """Buying everything at the first close, one taker's fee paid, and keeping it."""

    growth: Growth
    worst: float = 0.0  # the deepest fall, of every bar's close
    beta: Measure = Measure()  # how far the strategy moves with it
    correlation: Measure = Measure()


class Twin(msgspec.Struct, frozen=True, kw_only=True):
    """As many trades of the same lengths, begun at random: what the timing was worth."""

    runs: int
    median: float  # total return
    low: float  # of 90 % of them
    high: float
    beaten: float  # share of them that this run was better than


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """From when on the strategy could open a position, and what was made since then."""

    at: int  # 0: never
    bars: int  # of the run before it
    reason: str  # what was missing until then
    needed: int = 0  # bars that fill the windows of the regime's rules
    own: float | None = None  # the strategy's return since then
    held: float | None = None  # that of buying and holding


class Month(msgspec.Struct, frozen=True):
    """The return of one calendar month, UTC."""

    year: int
    month: int
    result: float


class Fall(msgspec.Struct, frozen=True):
    """A drawdown: from a peak to the day that reached it again."""

    depth: float  # negative
    peak_at: int
    trough_at: int
    recovered_at: int  # 0: not yet

    def days(self, until: int) -> float:
        """How long it lasted, or has lasted at `until`."""
        return ((self.recovered_at or until) - self.peak_at) / 86_400e9


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Thinned out to be drawn: of each part its last value, and the deepest drawdown in it."""

    time: tuple[int, ...] = ()
    equity: tuple[float, ...] = ()
    drawdown: tuple[float, ...] = ()  # 0 or negative
    held: tuple[float, ...] = ()  # equity of the benchmark
    exposure: tuple[float, ...] = ()  # mean of what is held over equity


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A value at a time."""

    time: int
    value: float


class Bin(msgspec.Struct, frozen=True, array_like=True):
    """How many trades made between `low` and `high`, as returns on what was put in."""

    low: float
    high: float
    count: int


class Candle(msgspec.Struct, frozen=True, array_like=True):
    """Prices of one part of the data; `time` is its close."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class Trade(msgspec.Struct, frozen=True, array_like=True):
    """One closed trade."""

    instrument: str
    strategy: str
    long: bool
    opened_at: int
    closed_at: int
    quantity: float  # the most that was held
    entry: float  # mean price
    exit: float
    profit: float
    result: float  # of what was put in
    fees: float
    ended: str = ""  # by what: a word of `endings`
    funding: float = 0.0  # negative where it was paid


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """The prices of one instrument, to draw entries and exits on."""

    instrument: str
    name: str
    period: int  # nanoseconds of one candle
    decimals: int
    candles: tuple[Candle, ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy, instrument or regime brought."""

    kind: str  # "strategy", "instrument", "regime"
    name: str
    profit: float
    trades: int = 0
    fees: float = 0.0
    time: float = 0.0  # share of the bars, of a regime


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The data of one instrument, and what tells them from others."""

    instrument: str
    file: str
    rows: int
    period: int
    begins: int
    ends: int
    digest: str
    remark: str = ""  # what is in it that one should know


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run tells."""

    version: int = VERSION
    id: str = ""
    made_at: int = 0  # wall time
    kind: str = "backtest"
    strategy: str
    parameters: dict[str, Any]
    instruments: tuple[str, ...]
    currency: str
    data: tuple[Source, ...] = ()
    assumptions: dict[str, Any] = {}
    begins: int
    ends: int
    bars: int
    seconds: float  # of stepping, by the clock on the wall
    interrupted: bool = False
    digest: str = ""  # of all that was decided: equal where two runs did the same
    cash: float  # that it began with
    equity: float  # at the end
    growth: Growth
    worst: float = 0.0  # the deepest fall, of every bar's close; `growth` has that of daily closes
    evidence: Evidence = Evidence()
    trading: Trading = Trading()
    costs: Costs = Costs()
    exposed: float = 0.0  # share of the bars with a position
    benchmark: Benchmark | None = None
    twin: Twin | None = None
    ready: Readiness | None = None
    months: tuple[Month, ...] = ()
    falls: tuple[Fall, ...] = ()  # the deepest, deepest first, and the longest
    curve: Curve = Curve()
    rolling: tuple[Point, ...] = ()  # Sharpe ratio of the days before
    rolling_days: int = 0
    bins: tuple[Bin, ...] = ()
    charts: tuple[Chart, ...] = ()
    trades: tuple[Trade, ...] = ()  # the newest; the table has all
    parts: tuple[Part, ...] = ()
    signals: dict[str, int] = {}  # by what became of them
    why: dict[str, dict[str, int]] = {}  # of those that led to nothing: outcome, reason, how many
    refusals: dict[str, int] = {}  # by the limit that said no
    told: tuple[tuple[int, str], ...] = ()  # modes that changed, warnings


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of runs says of one of them."""

    id: str
    made_at: int
    kind: str
    strategy: str
    parameters: dict[str, Any]
    instruments: tuple[str, ...]
    period: int
    begins: int
    ends: int
    bars: int
    total: float | None
    sharpe: float | None
    worst: float
    closed: int
    interrupted: bool


def head_of(sheet: Sheet) -> Head:
    """The line of a run in a list."""
    return Head(
        id=sheet.id, made_at=sheet.made_at, kind=sheet.kind, strategy=sheet.strategy,
        parameters=sheet.parameters, instruments=sheet.instruments,
        period=min((source.period for source in sheet.data), default=0), begins=sheet.begins, ends=sheet.ends,
        bars=sheet.bars, total=sheet.growth.total.value, sharpe=sheet.growth.sharpe.value,
        worst=sheet.worst, closed=sheet.trading.closed,
        interrupted=sheet.interrupted,
    )  # fmt: skip
