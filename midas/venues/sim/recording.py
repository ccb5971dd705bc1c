"""A recorded Binance stream as a market source.

The file is read twice and never held: once before the start, to refuse what can't be replayed and to
learn where the market stands, and once while the market runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.time import MILLISECOND, SECOND
from midas.errors import MalformedMessage, RecordingInvalid, StoreDamaged
from midas.venues.recording import read_recording
from midas.venues.sim.market import BestQuote, DepthChange, Listing, MarketEvent, Print
from midas.venues.sim.outside import Level
from midas.venues.sim.scale import WIRE, Scale, wire_text, wire_units

LATENESS = 250 * MILLISECOND  # the recorded trades come up to 205 ms after later-stamped depth
QUOTES = ("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USD", "EUR", "BTC", "ETH", "BNB")
KNOWN: dict[str, tuple[str, str]] = {"BTCUSDT": ("0.01", "0.00001"), "ETHUSDT": ("0.01", "0.0001")}
NOTIONAL_MIN = Decimal(5)
QUANTITY_MAX = Decimal(9_000)
ONE_BP = 1e-4

Pairs = list[tuple[str, str]]


class _Line(msgspec.Struct, rename={"last_update_id": "lastUpdateId"}):
    """One message: of a stream, or a naked depth snapshot."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    last_update_id: int = 0
    bids: Pairs = []
    asks: Pairs = []


class _Kind(msgspec.Struct):
    """The field that tells messages apart; spot's bookTicker has none."""

    e: str = "bookTicker"


class _Depth(msgspec.Struct):
    """A depthUpdate; `pu` only on futures."""

    E: int
    s: str
    U: int
    u: int
    b: Pairs
    a: Pairs
    pu: int | None = None


class _Quote(msgspec.Struct):
    """A bookTicker; `e` and `E` only on futures."""

    u: int
    s: str
    b: str
    B: str
    a: str
    A: str
    e: str = ""
    E: int = 0


class _Trade(msgspec.Struct):
    """A trade, or an aggTrade where `a` is given instead of `t`."""

    E: int
    s: str
    p: str
    q: str
    T: int
    m: bool
    t: int = 0
    a: int = 0
    M: bool | None = None


_LINE = msgspec.json.Decoder(_Line)
_KIND = msgspec.json.Decoder(_Kind)
_DEPTH = msgspec.json.Decoder(_Depth)
_QUOTE = msgspec.json.Decoder(_Quote)
_TRADE = msgspec.json.Decoder(_Trade)

_Message = _Line | _Depth | _Quote | _Trade
_ENCODE = msgspec.json.Encoder().encode


def _messages(path: Path) -> Iterator[tuple[int, int, _Message, bytes]]:
    """Line number, local stamp, decoded message and its payload, for every message that a market needs."""
    for number, (stamp, raw) in enumerate(read_recording(path), 1):
        try:
            line = _LINE.decode(raw)
            if not line.stream:
                if not line.last_update_id:
                    raise RecordingInvalid(
                        f"{path}:{number}: expected a stream message or a depth snapshot, got neither"
                    )
                yield number, stamp, line, b""
                continue
            payload = bytes(line.data)
            kind = _KIND.decode(payload).e
            if kind == "depthUpdate":
                yield number, stamp, _DEPTH.decode(payload), payload
            elif kind == "bookTicker":
                yield number, stamp, _QUOTE.decode(payload), payload
            elif kind in ("trade", "aggTrade"):
                yield number, stamp, _TRADE.decode(payload), payload
        except (msgspec.DecodeError, MalformedMessage) as error:
            raise RecordingInvalid(
                f"{path}:{number}: not a message of a recorded Binance stream ({error})"
            ) from error


class _Survey:
    """What the first reading learns."""

    def __init__(self) -> None:
        self.symbols: set[str] = set()
        self.snapshot: _Line | None = None
        self.snapshots = 0
        self.diffs = 0
        self.start = 0
        self.first_stamp = 0
        self.last_stamp = 0
        self.first_trade: _Trade | None = None
        self.futures = False
        self.whole_trades = False
        self.price_step = 0
        self.lot_step = 0
        self.volume = 0.0
        self._squares = 0.0
        self._second = (0, 0.0)

    def see(self, stamp: int, message: _Message) -> None:
        """One more message."""
        self.first_stamp = self.first_stamp or stamp
        self.last_stamp = stamp
        if isinstance(message, _Line):
            self.snapshots += 1
            if self.snapshot is None:
                self.snapshot = message
            self._steps(message.bids[:50] + message.asks[:50])
            return
        self.symbols.add(message.s)
        if isinstance(message, _Depth):
            self.diffs += 1
            _check_numbers(text for level in message.b + message.a for text in level)
            self.futures = self.futures or message.pu is not None
        elif isinstance(message, _Quote):
            _check_numbers((message.b, message.B, message.a, message.A))
        else:
            self._trade(message)
        if message.E and not isinstance(message, _Quote):
            self.start = self.start or message.E * MILLISECOND

    def volatility(self) -> float:
        """Standard deviation of the log price over one second."""
        seconds = max(1.0, (self.last_stamp - self.first_stamp) / SECOND)
        return math.sqrt(self._squares / seconds) or ONE_BP

    def volume_rate(self) -> float:
        """Base units a second."""
        return self.volume / max(1.0, (self.last_stamp - self.first_stamp) / SECOND)

    def _trade(self, trade: _Trade) -> None:
        self.first_trade = self.first_trade or trade
        self.whole_trades = self.whole_trades or not trade.a
        self._steps([(trade.p, trade.q)])
        price = float(trade.p)
        self.volume += float(trade.q)
        second, last = self._second
        if second < trade.T // 1000:
            if second:
                self._squares += math.log(price / last) ** 2
            self._second = (trade.T // 1000, price)

    def _steps(self, levels: Pairs) -> None:
        for price, quantity in levels:
            self.price_step = math.gcd(self.price_step, wire_units(price))
            self.lot_step = math.gcd(self.lot_step, wire_units(quantity))


def _check_numbers(texts: Iterable[str]) -> None:
    """Raise MalformedMessage for the first text that is no price or quantity."""
    for text in texts:
        wire_units(text)


def _survey(path: Path) -> tuple[_Survey, _Line, _Trade]:
    survey = _Survey()
    for number, stamp, message, _ in _messages(path):
        try:
            survey.see(stamp, message)
        except (MalformedMessage, ValueError, ZeroDivisionError) as error:
            raise RecordingInvalid(f"{path}:{number}: {error}") from error
    if survey.diffs == 0:
        raise RecordingInvalid(f"{path}: no depthUpdate in it; record <symbol>@depth@100ms with it")
    if survey.snapshot is None:
        raise RecordingInvalid(
            f"{path}: no depth snapshot in it; record one REST depth answer among the diffs"
        )
    if len(survey.symbols) > 1:
        names = ", ".join(sorted(survey.symbols))
        raise RecordingInvalid(f"{path}: holds {names}; a recording holds one symbol, split it")
    if survey.first_trade is None:
        raise RecordingInvalid(f"{path}: no trade in it; record <symbol>@trade or @aggTrade with it")
    return survey, survey.snapshot, survey.first_trade


class Recording:
    """The market of one recorded file."""

    lateness = LATENESS

    def __init__(self, path: Path) -> None:
        self._path = path
        self._survey, snapshot, first_trade = _survey(path)
        self.name = str(path)
        self._handed_out = 0
        self.start = self._survey.start
        self._instrument = _instrument(next(iter(self._survey.symbols)), self._survey)
        self._scale = Scale.of(self._instrument)
        self._spot = not self._survey.futures
        self._listing = Listing(
            instrument=self._instrument,
            last_id=snapshot.last_update_id,
            bids=self._levels(snapshot.bids),
            asks=self._levels(snapshot.asks),
            first_tick=self._scale.ticks(first_trade.p),
            first_trade_id=first_trade.t or first_trade.a,
            volatility=self._survey.volatility(),
            volume=self._survey.volume_rate(),
        )

    def listings(self) -> list[Listing]:
        """The one instrument."""
        return [self._listing]

    def events(self) -> Iterator[MarketEvent]:
        """The messages in file order; market time never runs backwards between them."""
        for event in islice(self._events(), self._handed_out, None):
            self._handed_out += 1
            yield event

    def save(self) -> bytes:
        """How many events were handed out."""
        return msgspec.json.encode(self._handed_out)

    def restore(self, state: bytes) -> None:
        """Skip what was handed out before."""
        try:
            self._handed_out = msgspec.json.decode(state, type=int)
        except msgspec.DecodeError as error:
            raise StoreDamaged(
                f"the place in {self.name} can't be read: {error}; start it anew", file=self.name, last_good=0
            ) from None

    def _events(self) -> Iterator[MarketEvent]:
        time, last_id = self.start, 0
        for _, stamp, message, payload in _messages(self._path):
            if isinstance(message, _Depth):
                time = max(time, message.E * MILLISECOND)
                yield self._depth(stamp, time, message, payload, last_id)
                last_id = message.u
            elif isinstance(message, _Quote):
                yield self._quote(stamp, time, message, payload)
            elif isinstance(message, _Trade) and not (message.a and self._survey.whole_trades):
                yield self._trade(stamp, message, payload)

    def _levels(self, pairs: Pairs) -> list[Level]:
        ticks, lots = self._scale.ticks, self._scale.lots
        return [(ticks(price), lots(quantity)) for price, quantity in pairs]

    def _depth(self, stamp: int, time: int, message: _Depth, payload: bytes, last_id: int) -> DepthChange:
        first = message.U
        if not self._spot:
            # Futures ids leave holes and chain by `pu`; spot clients expect U = previous u + 1.
            first = last_id + 1 if message.pu == last_id and last_id else message.U
            payload = _ENCODE(
                {
                    "e": "depthUpdate",
                    "E": message.E,
                    "s": self._instrument.symbol,
                    "U": first,
                    "u": message.u,
                    "b": _eight(message.b),
                    "a": _eight(message.a),
                }
            )
        bids, asks = self._levels(message.b), self._levels(message.a)
        return DepthChange(self._instrument.symbol, stamp, time, first, message.u, bids, asks, payload)

    def _quote(self, stamp: int, time: int, message: _Quote, payload: bytes) -> BestQuote:
        ticks, lots = self._scale.ticks, self._scale.lots
        if message.e:
            sides = [wire_text(wire_units(text)) for text in (message.b, message.B, message.a, message.A)]
            keys = ("b", "B", "a", "A")
            payload = _ENCODE(
                {"u": message.u, "s": self._instrument.symbol, **dict(zip(keys, sides, strict=True))}
            )
        bid = ticks(message.b), lots(message.B)
        ask = ticks(message.a), lots(message.A)
        return BestQuote(self._instrument.symbol, stamp, time, message.u, bid, ask, payload)

    def _trade(self, stamp: int, message: _Trade, payload: bytes) -> Print:
        trade_id = message.t or message.a
        if message.M is None or message.a:
            payload = _ENCODE(
                {
                    "e": "trade",
                    "E": message.E,
                    "s": self._instrument.symbol,
                    "t": trade_id,
                    "p": wire_text(wire_units(message.p)),
                    "q": wire_text(wire_units(message.q)),
                    "T": message.T,
                    "m": message.m,
                    "M": True,
                }
            )
        tick, lots = self._scale.ticks(message.p), self._scale.lots(message.q)
        time = message.T * MILLISECOND
        return Print(self._instrument.symbol, stamp, time, trade_id, tick, lots, message.m, payload)


def _eight(pairs: Pairs) -> list[tuple[str, str]]:
    return [(wire_text(wire_units(price)), wire_text(wire_units(quantity))) for price, quantity in pairs]


def _instrument(symbol: str, survey: _Survey) -> Instrument:
    name = symbol.partition("_")[0]  # BTCUSD_PERP
    quote = next((quote for quote in QUOTES if name.endswith(quote)), name[-3:])
    if symbol in KNOWN and survey.futures is False:
        tick, lot = (Decimal(text) for text in KNOWN[symbol])
    else:
        tick, lot = (_power_of_ten(step) for step in (survey.price_step, survey.lot_step))
    return Instrument(
        venue="binance",
        symbol=symbol,
        base=name[: -len(quote)],
        quote=quote,
        tick_size=tick,
        lot_size=lot,
        quantity_min=lot,
        quantity_max=max(QUANTITY_MAX, lot * 1_000_000),
        notional_min=NOTIONAL_MIN,
    )


def _power_of_ten(step: int) -> Decimal:
    """The largest power of ten that divides `step`, as a decimal."""
    power = 1
    while step and step % (power * 10) == 0:
        power *= 10
    return Decimal(power) / WIRE
