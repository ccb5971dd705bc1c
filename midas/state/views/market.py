"""An instrument as the engine sees it: book, trades, candles, regime."""

from __future__ import annotations

import math

import msgspec


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
