"""The immutable picture of the engine that every door sees (console, CLI, later REST and the rest).

Numbers here are for eyes: floats, already derived. Nothing downstream multiplies two of them. Times
named `*_at` are wall nanoseconds, times named `*_time` market nanoseconds; ages are computed against
`built_at` of the snapshot that carries them.

What comes by the hundred and holds only plain values is not tracked by the garbage collector (`gc=False`).
"""

from __future__ import annotations

import math

import msgspec


class ModeView(msgspec.Struct, frozen=True):
    """The mode, and everything a person must know about how it came to be."""

    mode: str  # NORMAL, DEFENSIVE, OBSERVATION, PAUSE, EMERGENCY
    set_by: str  # "operator console (tty)", "trigger drawdown", "start"
    cause: str
    since_at: int
    ends_when: str  # what would end it
    defensive_exposure: float = 0.5  # what DEFENSIVE leaves of every size
    defensive_confidence: float = 0.7  # and of the signals: those at least so sure
    earliest_at: int = 0  # before which it doesn't end by itself; 0: it doesn't, or may at once


class KillChoiceView(msgspec.Struct, frozen=True):
    """What one kill level would do now, and what it would cost; the engine's own estimate."""

    level: str  # all, flatten, disconnect
    cancels: int  # orders
    closes: int  # positions
    cost: float  # quote currency: spread, depth and fees against the mid; 0 where nothing is sold
    cost_bps: float
    leaves: str  # what would remain, in words: "0.50 BTC unprotected", "nothing of ours"


class KillView(msgspec.Struct, frozen=True):
    """The kill latch and the truthful report of the last kill."""

    latched: bool
    level: str = ""
    by: str = ""
    reason: str = ""
    tripped_at: int = 0
    report: tuple[str, ...] = ()  # "+0.051s  a91f CANCELED", oldest first
    unacked: tuple[str, ...] = ()  # short ids of orders that were cancelled and not yet answered for
    residual: str = ""  # what is still open after a flatten, in words; empty: nothing, or not asked
    choices: tuple[KillChoiceView, ...] = ()
    halt_cancels: int = 0  # orders that `halt` would cancel: the entries; at the same moment as `choices`


class GateView(msgspec.Struct, frozen=True):
    """A closed gate: narrower than a mode (instrument, strategy or venue)."""

    scope: str
    reason: str
    since_at: int
    opens: str = ""  # the command by which a person lets it open again; empty: it opens by itself


class LevelView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One price level as drawn: own quantity is ours resting there."""

    price: float
    size: float
    cumulative: float
    own: float = 0.0
    average: float = float("nan")  # price of all that rests from the touch to here
    slip_bps: float = float("nan")  # that average against the mid; positive is worse
    ahead: float = float(
        "nan"
    )  # at most this stands before our last order here; NaN where none of ours works


class LadderView(msgspec.Struct, frozen=True):
    """The book in steps of several ticks, best first: bids rounded down, asks up."""

    ticks: int  # to one level
    bids: tuple[LevelView, ...]
    asks: tuple[LevelView, ...]


class WalkView(msgspec.Struct, frozen=True):
    """Closing what we hold of an instrument, at once, through the visible book."""

    side: str  # SELL or BUY
    quantity: float
    average: float
    slip_bps: float  # against the mid; positive is worse; fees not counted
    covered: bool  # the visible book is deep enough


class BookView(msgspec.Struct, frozen=True):
    """The visible order book, best first on both sides."""

    valid: bool
    reason: str  # why it is not shown, where it is not
    bids: tuple[LevelView, ...]
    asks: tuple[LevelView, ...]
    spread: float
    spread_bps: float
    imbalance: float  # (bid - ask) / (bid + ask) over the best five levels
    microprice: float
    changed_at: int
    coarse: tuple[LadderView, ...] = ()
    closing: WalkView | None = None  # None where we hold nothing


class TradeView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One print of the tape."""

    time: int
    price: float
    quantity: float
    aggressor: str  # BUY or SELL


class BarView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One candle of the chart."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    synthetic: bool


class MarkView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One of our fills on the chart."""

    time: int  # market time
    price: float
    quantity: float
    side: str
    purpose: str
    strategy: str


class RegimeChangeView(msgspec.Struct, frozen=True, gc=False):
    """One change of the regime."""

    time: int  # market time
    before: str  # label
    after: str
    source: str  # rule, hold


class RegimeView(msgspec.Struct, frozen=True):
    """What kind of market the rules see, why, and since when."""

    label: str  # TREND_UP, TREND_DOWN, RANGE, HIGH_VOLATILITY, CRISIS, UNKNOWN
    short: str
    source: str  # rule, hold, warming
    since_time: int
    adx: float
    price_over_sma: float  # close / SMA200 - 1
    stress: float  # 20 is normal for this asset
    atr_ratio: float
    bars_seen: int
    bars_needed: int
    synthetic_bars: int
    size_factor: float
    history: tuple[str, ...]  # short labels, oldest first, one a bar
    previous: str
    longs: bool = True  # new long positions may be opened
    speak: tuple[str, ...] = ()  # strategies that may open a position in it
    rest: tuple[str, ...] = ()  # strategies that may not
    changes: tuple[RegimeChangeView, ...] = ()  # newest first
    barred: str = ""  # why nothing may be opened here whatever the regime: then nobody is in `speak`


class InstrumentView(msgspec.Struct, frozen=True):
    """Everything about one instrument that a screen draws."""

    id: str
    name: str
    base: str
    quote: str
    tick_size: float
    price_decimals: int
    quantity_decimals: int
    bid: float
    ask: float
    last: float
    last_side: str
    change: float  # fraction since the session's first price
    market_time: int
    updated_at: int
    book: BookView
    tape: tuple[TradeView, ...]  # newest first
    bars: tuple[BarView, ...]  # oldest first
    bar_period: int
    marks: tuple[MarkView, ...]
    regime: RegimeView
    lot_size: float = 0.0
    # 25, 50, 75 and 100 % of what cash and limits let a person buy now, base currency, in whole lots
    buyable: tuple[float, ...] = ()
    slow_bars: tuple[BarView, ...] = ()  # oldest first, the last one running; they reach further back
    slow_factor: int = 15  # base bars to a slow one
    held_average: float = math.nan  # paid for a unit of all that the strategies hold; NaN: flat, or dust


class ContributionView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One term of a signal's explanation."""

    name: str
    value: float


class BreachView(msgspec.Struct, frozen=True, gc=False):
    """A limit that said no to a signal."""

    limit: str
    value: float
    maximum: float
    sentence: str


class SizeStepView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one step of sizing left of a position; the last one's weight is what was asked for."""

    name: str  # "share of equity", "volatility", ...
    factor: float  # 0 to 1
    weight: float  # share of equity after it
    why: str


class SignalView(msgspec.Struct, frozen=True):
    """A signal with its reasons and what became of it."""

    sequence: int
    time: int
    at: int
    strategy: str
    instrument: str
    direction: float
    confidence: float
    outcome: str  # acted, refused, held, muted, frozen
    detail: str
    why: tuple[ContributionView, ...]
    inputs: tuple[ContributionView, ...] = ()  # what the strategy looked at
    reason: str = ""  # the strategy's own words
    breaches: tuple[BreachView, ...] = ()  # of a refused one
    orders: tuple[str, ...] = ()  # what it led to: "a91f BUY 0.0082 @ 61775.5 LIMIT_MAKER", oldest first
    steps: tuple[SizeStepView, ...] = ()  # of its size, in their order; none where none was computed
    probability: float | None = None  # of winning, where the strategy states it


class LimitView(msgspec.Struct, frozen=True):
    """One risk limit as a gauge."""

    name: str
    title: str
    value: float
    maximum: float
    used: float  # 0..1 and beyond
    unit: str  # "%" (values are fractions), "/10s", "bp", ...
    action: str  # what happens when it binds
    binding: bool  # also where it isn't known and so refuses; `room` is NaN then
    detail: str = ""
    room: float = math.nan  # what is left before it binds, in the unit of `value`
    room_money: float = math.nan  # the same in quote currency, where the limit is a share of equity
    floor: bool = False  # `maximum` is the least allowed: it binds from above
    over: float = 0.0  # how far `value` is beyond `maximum` already, in the unit of `value`


class ExposureView(msgspec.Struct, frozen=True):
    """How much of one kind of thing is held, and would be if every entry order filled."""

    scope: str  # instrument, strategy
    name: str  # an instrument's id or a strategy's name
    value: float  # held, quote currency
    share: float  # held, fraction of equity
    working: float  # what our buy orders may still add, quote currency
    worst: float  # both, fraction of equity
    maximum: float = math.nan  # share allowed; NaN where nothing limits it


class BranchView(msgspec.Struct, frozen=True, gc=False):
    """One branch of the exposure tree: all, venue, class, sector, instrument, each below what holds it."""

    depth: int  # 0: everything
    scope: str  # all, venue, class, sector, instrument
    name: str
    gross: float  # what is held, account currency, long and short added up; NaN: no price yet
    net: float  # long less short; a spot account is only ever long
    entries: float  # what our buy orders may still add, account currency
    worst: float  # as if every entry order filled, fraction of equity
    maximum: float = math.nan  # share allowed; NaN where nothing limits it


class CorrelationView(msgspec.Struct, frozen=True):
    """How the instruments move together, raw (shrinking hides a breach): what the limit is judged by."""

    names: tuple[str, ...] = ()
    rows: tuple[tuple[float, ...], ...] = ()  # -1 to 1, a row a name; NaN: not known yet
    held: tuple[bool, ...] = ()  # whether we hold or buy it
    maximum: float = math.nan  # above it two positions count as one; NaN: no such limit
    more: int = 0  # instruments that aren't in it
    bars: int = 0  # that the least known of them has seen
    needed: int = 0  # until every cell is known


class ControlsView(msgspec.Struct, frozen=True):
    """What limits a single order, whoever asks for it; 0: no such limit."""

    rate: int = 0  # orders in the last 10 s
    rate_max: int = 0
    notional_max: float = 0.0  # account currency
    collar_bps: float = 0.0  # beyond the market
    duplicate_ns: int = 0  # in which an unanswered order isn't asked for again
    repeats_max: int = 0  # executed orders of one strategy, instrument and side, in `repeats_ns`
    repeats_ns: int = 0
    large_share: float = 0.0  # of equity: a person's larger order has to be meant
    large_multiple: float = 0.0  # of the day's median order: as above
    stopped: tuple[str, ...] = ()  # strategies that the throttle switched off; a person lets them go on
    quantity_max: tuple[tuple[str, float], ...] = ()  # asset and most of it in one order, by name


class TriggerView(msgspec.Struct, frozen=True):
    """A loss or a failure at which the engine acts by itself; a loss is a level of equity, too."""

    name: str  # drawdown_stop, day_stop, week_stop, month_stop, sharpe_defensive, feed_failed, ...
    title: str  # "drawdown"
    value: float  # now, in `unit`; NaN: not known yet
    maximum: float  # at which it fires
    equity: float  # at which it fires, account currency; NaN: it is no loss
    room: float  # equity that may be lost before it fires; NaN: it is no loss
    action: str  # what it does, in words
    unit: str = "%"  # fraction; "" a ratio; "min" minutes
    active: bool = False  # it holds the mode DEFENSIVE
    ends: str = ""  # what would end it
    below: bool = False  # fires below `maximum`


class ReliabilityView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One point of a reliability diagram: a tenth of the outcomes, from the lowest chances up."""

    count: int
    stated: float  # mean chance
    came: float  # hit rate
    low: float  # Wilson's 95 % interval of the hit rate
    high: float


class CostsView(msgspec.Struct, frozen=True):
    """What orders that took have cost this session, beyond the mid and without fees, in basis points."""

    orders: int = 0
    expected: float = float("nan")  # mean, by the cost model
    realised: float = float("nan")  # mean
    ratio: float = 1.0  # median of the last twenty
    alert: bool = False  # consistently more than twice what was expected


class CalibrationView(msgspec.Struct, frozen=True):
    """Stated chances against what happened, of one strategy or of all. NaN: nothing to say yet."""

    strategy: str  # "": the desk
    acted: bool  # of signals that were acted on, which decide; False: of every signal
    count: int
    effective: float  # independent outcomes that they are worth
    hit_rate: float
    stated: float  # mean chance
    gap: float  # hit rate less mean chance
    z: float
    status: str  # "insufficient data", "calibrated", "degraded"
    calm_days: int  # of those that end a degraded one
    naive: bool  # R7.5 as it is written would fire; decides nothing
    brier: float
    ece: float  # NaN below 200 outcomes: it would be chance
    ece_mean: float  # of a perfectly calibrated forecaster of the same chances
    ece_high: float  # its 95th percentile: a higher `ece` is no chance
    points: tuple[ReliabilityView, ...] = ()


class CalibrationPanel(msgspec.Struct, frozen=True):
    """The calibration monitor (R7.5), by its look of the last minute."""

    rows: tuple[CalibrationView, ...] = ()  # the desk first; none where no strategy states its chances
    pending: int = 0  # signals whose outcome isn't due
    voided: int = 0  # in this session: market data were missing when it mattered
    window_days: int = 30
    gap_max: float = 0.15
    effective_min: float = 30.0
    z_trigger: float = -2.5
    z_release: float = -1.0
    release_days: int = 5
    stating: tuple[str, ...] = ()  # strategies that state chances


class BreakerView(msgspec.Struct, frozen=True):
    """One circuit breaker."""

    component: str  # "price feed", "broker", ...
    phase: str  # closed, open, half-open
    since_at: int  # 0: closed since the start
    reason: str
    effect: str  # what an open one does
    used: bool  # False: nothing here depends on the component yet
    opened: int  # how often in this session
    patience_ns: int  # silence or failure that opens it; 0: at once
    probe_ns: int = 0  # how long it has to work before it is trusted again
    trusted_at: int = 0  # when a half-open one closes if it goes on working; 0: it isn't half-open


class StopView(msgspec.Struct, frozen=True):
    """What closes one open position, and where that stands."""

    strategy: str
    instrument: str
    quantity: float  # whole lots
    entry: float
    level: float  # NaN: none yet
    kind: str  # protective, trailing, break-even, none
    distance: float  # from the mark down to it, as a fraction
    resident: float  # of the quantity, what a stop at the venue sells
    naked: float  # quote currency that nothing at the venue protects
    risk: float  # quote currency lost from the mark if it is hit
    trouble: str  # why it isn't at the venue; empty: it is, or shouldn't be


class PositionView(msgspec.Struct, frozen=True):
    """One strategy's position in one instrument (a `strategy` of "all" is the sum)."""

    instrument: str
    strategy: str
    quantity: float
    average_price: float
    mark: float
    value: float  # quote currency
    unrealised: float
    unrealised_pct: float
    realised: float  # this session, fees included; all rows make `AccountView.realised`
    fees: float  # this session
    opened_at: int  # of what is held now; 0 where that is nothing, or dust
    dust: bool = False  # too little for the venue to take an order of it: left over, not a position
    sellable: tuple[float, ...] = ()  # 25, 50, 75 and 100 % of what no order offers yet, in whole lots
    whole: float = 0.0  # `quantity` in whole lots, rounded towards zero: what closing it would trade
    realised_ever: float = 0.0  # since the account's first session


class OrderView(msgspec.Struct, frozen=True):
    """A working order."""

    client_id: str
    short_id: str
    instrument: str
    strategy: str
    side: str
    type: str
    price: float
    quantity: float
    filled: float
    status: str  # UNKNOWN, PENDING_CANCEL, PENDING_REPLACE, PARTIAL, OPEN, INFLIGHT, QUEUED
    purpose: str
    created_at: int
    reason: str
    life: tuple[str, ...] = ()  # "+0.041s  WORKING (answer)", oldest first
    amendable: bool = False  # a person's own order
    unknown_since: int = 0  # wall time from which on its fate isn't known; 0: it is
    unknown_cause: str = ""


EXTERNAL = "EXTERNAL"  # the status of an order that isn't ours


class ClosedOrderView(msgspec.Struct, frozen=True):
    """An order of this session that is over."""

    client_id: str
    short_id: str
    instrument: str
    strategy: str
    side: str
    type: str
    price: float
    quantity: float
    filled: float
    average_price: float  # NaN without fills
    status: str  # FILLED, CANCELED, EXPIRED, REJECTED, NEVER_SENT
    purpose: str
    reason: str
    created_at: int
    closed_at: int
    ack_ms: float  # from the first byte to the venue's word; NaN where it never left
    life: tuple[str, ...] = ()
    ending: str = ""  # why it ended so, in words: who cancelled it, what the venue had against it


class FillView(msgspec.Struct, frozen=True, gc=False):
    """One execution of ours."""

    at: int
    instrument: str
    strategy: str
    side: str
    price: float
    quantity: float
    fee: float
    fee_asset: str
    maker: bool
    realised: float
    short_id: str


class AlertView(msgspec.Struct, frozen=True):
    """A price alert that a person set."""

    id: int
    instrument: str
    price: float
    above: bool  # fires when the price rises to it; else when it falls to it
    set_by: str
    set_at: int
    fired_at: int  # 0: waiting
    acknowledged: bool
    last: float = math.nan  # the price now
    distance: float = math.nan  # how far the price has to go, as a fraction of it, signed


class AlarmView(msgspec.Struct, frozen=True):
    """Something abnormal that holds right now: few, each with what to do (ISA-18.2)."""

    name: str  # stable: "gate:account", "feed", "latch", "strategy:trend-following"
    severity: str  # warn, error
    text: str
    advice: str
    since_at: int
    acknowledged: bool


class ModeChangeView(msgspec.Struct, frozen=True):
    """One change of the mode."""

    at: int
    before: str
    after: str
    by: str
    cause: str


class EventView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line of the event pane."""

    sequence: int
    at: int
    kind: str  # FILL, ORDER, RISK, MODE, REGIME, FEED, WARN, KILL, SESSION
    severity: str  # info, warn, error
    text: str


class StrategyView(msgspec.Struct, frozen=True):
    """A strategy of the workspace and how it does."""

    name: str
    state: str  # running, warming, muted, paused, frozen, failed
    detail: str
    fills: int  # this session
    realised: float  # this session, fees included
    last_signal_at: int
    paused: bool = False  # by a person: no new risk


class BalanceView(msgspec.Struct, frozen=True):
    """What we own of one asset, by our own ledger."""

    asset: str
    total: float
    value: float  # quote currency


class AccountView(msgspec.Struct, frozen=True):
    """Equity and what became of it."""

    currency: str
    equity: float
    opening_equity: float
    cash: float
    pnl: float  # since the session began
    pnl_pct: float
    pnl_day: float
    drawdown: float  # fraction below the peak, positive
    drawdown_max: float  # the limit
    fees: float  # this session
    balances: tuple[BalanceView, ...]
    reconciled: bool
    reconciled_at: int
    reconcile_detail: str
    curve: tuple[float, ...] = ()  # equity, one a second of wall time, oldest first, at most 300
    realised: float = 0.0  # this session, fees included, by every sleeve: also by those flat by now or dust
    realised_ever: float = 0.0  # since the account's first session


class StreamView(msgspec.Struct, frozen=True):
    """One stream of the venue."""

    name: str
    connected: bool
    age_ms: float  # since its last message
    stale_ms: float  # from which age on it counts as stale


class ProcessView(msgspec.Struct, frozen=True):
    """One process of this desk as the engine sees it."""

    name: str  # engine, exchange
    pid: int
    cpu_percent: float
    rss_mb: float
    started_at: int


class HistogramView(msgspec.Struct, frozen=True):
    """How often a latency fell below each edge (and not below the one before); the last is open."""

    name: str  # loop, barrier, feed, ack
    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]  # one more than edges
    p50_ms: float
    p99_ms: float
    max_ms: float


class HealthView(msgspec.Struct, frozen=True):
    """How the machine does; latencies in milliseconds."""

    feed_connected: bool
    user_stream_connected: bool
    feed_age_ms: float
    feed_latency_ms: float
    clock_offset_ms: float
    loop_p99_ms: float
    barrier_p99_ms: float
    inbox_depth: int
    events_per_second: float
    conflated: int
    gaps: int
    resyncs: int
    refused_messages: int
    weight_used: int
    weight_limit: int
    orders_unknown: int
    started_at: int
    streams: tuple[StreamView, ...] = ()
    processes: tuple[ProcessView, ...] = ()
    histograms: tuple[HistogramView, ...] = ()
    journal_records: int = 0
    tape_events: int = 0
    clients: int = 0  # of the link
    troubles: dict[str, str] = {}  # what keeps journal or tape from being written, by their names
    passes_failed: int = 0  # over the account, one after the other; 0: the last one came
    pass_trouble: str = ""  # why the last of them did


class CountsView(msgspec.Struct, frozen=True):
    """Totals of the session; the last line of a headless run."""

    market_events: int
    market_seconds: float
    bars: int
    signals: int
    orders: int
    fills: int
    refusals: int
    anomalies: int
    fills_by_strategy: dict[str, int]


class DifferenceView(msgspec.Struct, frozen=True):
    """Something that isn't the same here and at the venue, and what is known of it."""

    name: str  # what `midas reconcile accept` takes: "BTC", "order:md-...", "trades:BTCUSDT.binance"
    subject: str  # for a person: "BTC", "order a91f", "trades in BTC-USDT"
    here: str
    venue: str
    since_at: int
    seen: int  # passes in a row
    state: str  # watching (one pass), standing (its gate is closed), accepted
    evidence: str  # a sentence: which passes, and what was tried
    closes: tuple[str, ...] = ()  # the gates that it closes while it stands


class VenueView(msgspec.Struct, frozen=True):
    """How one venue's account compares, and what it does where nobody speaks to it."""

    name: str
    state: str  # CLEAN, RECOVERING, STREAM_RECONCILING, DIFFERS, BREAK
    dead_man: str = "NO DMS"  # the venue's dead-man's switch; "NO DMS": orders stand until somebody cancels


class ReconciliationView(msgspec.Struct, frozen=True):
    """What the full passes over the account found. Times are wall time, 0: never."""

    state: str = "RECOVERING"  # the gravest of all venues
    clean_at: int = 0  # the last pass that found both sides equal
    pass_at: int = 0  # the last pass
    passes: int = 0  # of this session
    running: bool = False  # one was asked for and has not come
    next_at: int = 0  # when the next one is due at the latest
    differences: tuple[DifferenceView, ...] = ()  # those that stand first
    venues: tuple[VenueView, ...] = ()
    unknown: int = 0  # orders whose fate isn't known
    unknown_since: int = 0  # of the oldest of them; 0: none
    undecided: tuple[str, ...] = ()  # differed in the last pass and moved meanwhile: looked at again


class KpiView(msgspec.Struct, frozen=True):
    """One key figure against its goal; NaN where a number isn't known or there is none."""

    name: str  # "Sharpe, 6 months", "max drawdown", ...
    value: float
    goal: float
    optimum: float
    low: float  # of the 95 % interval
    high: float
    verdict: str  # not known, missed, met, optimal, no goal
    certain: bool  # the whole interval says the same of the goal
    unit: str  # "%": fractions; "": a ratio
    below: bool  # the smaller the better
    count: int  # observations
    reason: str = ""  # why it isn't known


class SkillView(msgspec.Struct, frozen=True):
    """How much of the record's Sharpe ratio isn't luck; chances 0 to 1."""

    positive: float = math.nan  # that the true Sharpe ratio is above 0
    goal: float = math.nan  # that it is above the goal
    deflated: float = math.nan  # that it is above the best that luck gives as many trials
    trials: int = 1
    years: float = 0.0  # of record
    years_needed: float = math.nan  # until `positive` would be 95 %
    reason: str = ""  # why they aren't known


class KpisView(msgspec.Struct, frozen=True):
    """The key figures of the account since its first session."""

    computed_at: int = 0  # 0: not yet
    rows: tuple[KpiView, ...] = ()
    skill: SkillView = SkillView()
    days: int = 0
    trips: int = 0  # positions of strategies that were opened and closed again
    signals: int = 0  # generated
    executed: int = 0  # of them


class TailPartView(msgspec.Struct, frozen=True, array_like=True):
    """What one position adds to the expected shortfall."""

    instrument: str
    weight: float  # fraction of equity
    expected_shortfall: float  # fraction of equity; all of them make the whole; below 0 it hedges


class TailRecordView(msgspec.Struct, frozen=True):
    """What the forecasts of one horizon were worth; NaN until there is one."""

    count: int = 0
    exceptions: int = 0  # losses beyond the VaR
    expected: float = 0.0  # exceptions, where the forecast is right
    kupiec: float = math.nan  # p-value: are they as many as said? Below 0.05 the forecast is refuted
    independence: float = math.nan  # p-value (Christoffersen): do they come alone?
    coverage: float = math.nan  # p-value of both together
    z2: float = math.nan  # Acerbi & Szekely of the ES: 0 where it is right, above about 0.7 refuted
    light: str = ""  # green, yellow, red; empty while the record is too short for one


class TailView(msgspec.Struct, frozen=True):
    """VaR and ES of what is held, over one horizon; fractions of equity, NaN where `reason` says why."""

    horizon_ns: int
    name: str  # "1 d"
    level: float
    computed_at: int
    value_at_risk: float
    expected_shortfall: float
    method: str
    reason: str
    value_money: float  # VaR in account currency
    shortfall_money: float
    cornish_var: float
    cornish_es: float
    cornish_reason: str  # why it is unknown, or another method stands in
    normal_var: float
    normal_es: float
    scenarios: int
    needed: int
    parts: tuple[TailPartView, ...]  # the largest first
    record: TailRecordView
    var_max: float = math.nan  # NaN: no limit
    es_max: float = math.nan
    lacking: str = ""  # why those limits can't be held against an entry, which is refused then
    refuses: bool = False  # that holds for every entry, not for some instruments alone


class StressView(msgspec.Struct, frozen=True):
    """What a scenario would take from what is held."""

    name: str
    title: str
    horizon: str
    loss: float  # fraction of equity; NaN where `reason` says why
    money: float  # account currency
    hits: tuple[tuple[str, float], ...]  # instrument, fraction of equity; the worst first
    reason: str
    source: str


class RegulationView(msgspec.Struct, frozen=True):
    """What regulators' rules leave; on a spot account there is nothing to count."""

    margin: bool = False
    day_trades_counted: bool = False
    day_trades: int = 0  # in the window
    day_trades_waiting: int = 0  # instruments bought today, or being bought: each may become one
    day_trades_max: int = 0
    day_trades_free: bool = False  # equity is above the threshold
    margin_used: float = math.nan  # initial margin of what is held, fraction of equity; NaN: not limited
    leverage: tuple[tuple[str, float], ...] = ()  # the table: class, times equity


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
