"""A rich, self-consistent, deterministic snapshot: two instruments, two strategies, every kind of row."""

# ruff: noqa: E501  the rows read as tables
from __future__ import annotations

import math
import random

import msgspec

from midas.domain.time import MILLISECOND, SECOND
from midas.state.snapshot import Snapshot
from midas.state.views.account import AccountView, BalanceView, CountsView
from midas.state.views.calibration import CalibrationPanel
from midas.state.views.log import EventView
from midas.state.views.market import (
    BarView,
    BookView,
    InstrumentView,
    LadderView,
    LevelView,
    MarkView,
    RegimeChangeView,
    RegimeView,
    TradeView,
    WalkView,
)
from midas.state.views.mode import GateView, KillChoiceView, KillView, ModeView
from midas.state.views.orders import ClosedOrderView, OrderView, PositionView
from midas.state.views.reconciliation import DifferenceView
from midas.state.views.signals import ContributionView, SignalView, StrategyView
from tests.fakes import hand, risk_views, standing, truth

NOW = 1_763_705_000 * SECOND  # wall
MARKET = 1_723_104_311 * SECOND  # market: the recording's own day
BTC, ETH = "BTC-USDT.binance", "ETH-USDT.binance"
OPENING = 10_000.0
FILLS = ((58, "BUY", "ENTRY"), (69, "SELL", "EXIT"), (80, "BUY", "ENTRY"))  # bar, side, purpose
SHORT = {
    "TREND_UP": "Trending Bull", "TREND_DOWN": "Trending Bear", "RANGE": "Range-bound",
    "HIGH_VOLATILITY": "High Volatility", "CRISIS": "Crisis", "UNKNOWN": "Unknown",
}  # fmt: skip


class Market:
    """A seeded walk of one instrument, advanced a step at a time."""

    def __init__(self, seed: int, price: float, tick: float, decimals: int, size: float) -> None:
        self._rng = random.Random(seed)
        self.first = price
        self.tick, self.decimals, self.size = tick, decimals, size
        self.last, self.side = price, "BUY"
        self.bars: list[BarView] = []
        self.tape: list[TradeView] = []
        self.time = MARKET - 90 * SECOND
        self._sizes = ([0.0] * 25, [0.0] * 25)
        for _ in range(90):
            self.bar()
        self.fills = [
            (self.bars[i].time - SECOND // 2, self.bars[i], side, purpose) for i, side, purpose in FILLS
        ]
        self._second: list[float] = [self.last]
        self._dealt = 0.0
        self.deal(50)
        for sizes in self._sizes:
            sizes[:] = [self._size() for _ in sizes]

    def bar(self) -> None:
        """One closed second."""
        rng = self._rng
        opened = self.last
        drift = math.sin(len(self.bars) / 14) * 0.6
        path = [opened]
        for _ in range(6):
            path.append(self._round(path[-1] * (1 + (rng.gauss(drift, 2.2)) * 1e-5)))
        self.time += SECOND
        self.last = path[-1]
        self.bars.append(
            BarView(
                self.time,
                opened,
                max(path),
                min(path),
                path[-1],
                abs(rng.gauss(3, 2)) * self.size + 0.1,
                False,
            )
        )
        self.bars = self.bars[-90:]

    def close(self) -> None:
        """The bar of the trades since the last one."""
        path = self._second
        self.time += SECOND
        bar = BarView(self.time, path[0], max(path), min(path), path[-1], round(self._dealt, 5), False)
        self.bars = [*self.bars[-89:], bar]
        self._second, self._dealt = [self.last], 0.0

    def deal(self, count: int = 1) -> None:
        """`count` prints at the touch."""
        rng = self._rng
        for _ in range(count):
            bought = rng.random() < 0.52
            self.side = "BUY" if bought else "SELL"
            price = self._round(self.last + (self.tick if bought else -self.tick) * rng.randrange(0, 3))
            quantity = round(abs(rng.expovariate(4)) * self.size + 0.0002, 5)
            stamp = self.time + len(self.tape) % 50 * 20 * MILLISECOND
            self.tape.insert(0, TradeView(stamp, price, quantity, self.side))
            self.last = price
            self._second.append(price)
            self._dealt += quantity
        self.tape = self.tape[:50]

    def book(self, own: dict[float, float]) -> BookView:
        """Twenty-five levels a side around the last price."""
        rng = self._rng
        bid = self._round(self.last - (self.tick if self.side == "BUY" else 0))
        ask = self._round(bid + self.tick)
        sides: list[list[LevelView]] = []
        for start, step, sizes in ((bid, -1, self._sizes[0]), (ask, 1, self._sizes[1])):
            for place in rng.sample(range(25), 3):
                sizes[place] = self._size()
            total = worth = 0.0
            levels = []
            for place in range(25):
                price = self._round(start + step * place * self.tick)
                mine = own.get(price, 0.0)
                size = round(sizes[place] + mine, 5)
                total, worth = total + size, worth + size * price
                slip = (worth / total / (bid + self.tick / 2) - 1) * step * 1e4
                ahead = round(sizes[place] * 0.6, 5) if mine else math.nan
                levels.append(LevelView(price, size, round(total, 5), mine, worth / total, slip, ahead))
            sides.append(levels)
        bids, asks = sides
        near, far = bids[4].cumulative, asks[4].cumulative
        micro = (bid * asks[0].size + ask * bids[0].size) / (asks[0].size + bids[0].size)
        return BookView(
            True,
            "",
            tuple(bids),
            tuple(asks),
            ask - bid,
            (ask - bid) / bid * 1e4,
            (near - far) / (near + far),
            micro,
            NOW,
            (LadderView(10, coarse(bids, 10 * self.tick, -1), coarse(asks, 10 * self.tick, 1)),),
            WalkView(
                "SELL",
                0.0432 if self.decimals == 1 else 0.621,
                bid,
                (bid / (bid + self.tick / 2) - 1) * -1e4,
                True,
            ),
        )

    def _size(self) -> float:
        return round(abs(self._rng.gauss(0.9, 0.8)) * self.size + 0.01 * self.size, 5)

    def _round(self, price: float) -> float:
        return round(round(price / self.tick) * self.tick, self.decimals)


def coarse(levels: list[LevelView], step: float, sign: int) -> tuple[LevelView, ...]:
    """The levels in steps of that much: bids rounded down, asks up."""
    places: dict[float, list[LevelView]] = {}
    for level in levels:
        place = sign * math.ceil(sign * level.price / step - 1e-6) * step
        places.setdefault(round(place, 5), []).append(level)
    return tuple(
        LevelView(
            place, sum(one.size for one in there), there[-1].cumulative, sum(one.own for one in there),
            there[-1].average, there[-1].slip_bps,
        )
        for place, there in places.items()
    )  # fmt: skip


class Desk:
    """Builds snapshots of a small trading day; `step` moves it on by an eighth of a second."""

    def __init__(self) -> None:
        self.btc = Market(7, 61_772.0, 0.1, 1, 1.0)
        self.eth = Market(11, 2_412.6, 0.01, 2, 12.0)
        self.sequence = 118_244
        self.now = NOW
        self.mode = ModeView("NORMAL", "operator console", "regime agrees again", NOW - 1_080 * SECOND, "")
        self.kill = KillView(False, choices=standing.choices())
        self.modes = standing.mode_changes(NOW)
        self.watch = standing.Watch(NOW, self.prices)
        self.hand = hand.Hand()
        self.books = truth.Books(NOW)
        self._step = 0

    @property
    def prices(self) -> dict[str, float]:
        """The last ones."""
        return {BTC: self.btc.last, ETH: self.eth.last}

    def step(self) -> None:
        """An eighth of a second of market."""
        self._step += 1
        self.now += SECOND // 8
        self.sequence += 37
        for market in (self.btc, self.eth):
            market.deal(2)
            if self._step % 8 == 0:
                market.close()

    def build(self) -> Snapshot:
        """The picture now."""
        btc, eth = self._instruments()
        positions = self._positions()
        unrealised = sum(p.unrealised for p in positions)
        realised, fees = 38.16, 4.87
        pnl = unrealised + realised - fees
        equity = OPENING + pnl
        crypto = sum(p.value for p in positions)
        exposures = standing.exposures(positions, self._orders(), equity)
        limits = standing.limits(exposures, equity)
        return Snapshot(
            sequence=self.sequence, built_at=self.now, session="20251121-0603-a7", environment="SIM", venue="binance",
            account="sim-4f2a", version="0.1.0", profile="crypto-only", speed=5.0, recovering=False,
            mode=self.mode, kill=self._kill(), gates=(), instruments=(btc, eth), signals=self._signals(), limits=limits,
            next_to_bind=max(limits, key=lambda limit: limit.used).name, positions=positions, orders=self._orders(),
            events=self._events(), strategies=self._strategies(),
            money=AccountView(
                "USDT", equity, OPENING, equity - crypto, pnl, pnl / OPENING, pnl, 0.0061, 0.10, fees,
                (
                    BalanceView("USDT", equity - crypto, equity - crypto),
                    BalanceView("BTC", positions[0].quantity, positions[0].value),
                    BalanceView("ETH", positions[1].quantity, positions[1].value),
                ),
                True, self.now - 12 * SECOND, "", standing.curve(equity),
            ),
            health=standing.health(self.now, NOW - 2_530 * SECOND),
            counts=CountsView(3_137_200, 12_650.0, 12_650, 214, 61, 44, 17, 0, {"trend-following": 12, "book-imbalance": 32}),
            alerts=self.watch.alerts(self.now, self.prices), modes=self.modes, exposures=exposures,
            limits_off=("US dollar",), triggers=standing.triggers(equity), closed=self._closed(), fills=hand.fills(self._history()), alarms=self.watch.alarms,
            reconciliation=self.books.view(self.now), tree=risk_views.tree(exposures),
            correlations=risk_views.correlations(), controls=risk_views.controls(), breakers=risk_views.breakers(),
            stops=risk_views.stops(self.btc.last, self.eth.last), naked_memory=0.621 * self.eth.last, open_risk=71.4,
            tail=risk_views.tail(self.now, equity), stress=risk_views.stress(equity), calibration=risk_views.calibration(),
        )  # fmt: skip

    def _instruments(self) -> tuple[InstrumentView, InstrumentView]:
        orders = self._orders()
        return (
            self._instrument(BTC, "BTC", self.btc, orders, _regime("TREND_UP", 12_650)),
            self._instrument(ETH, "ETH", self.eth, orders, _warming()),
        )

    def _instrument(
        self, key: str, base: str, market: Market, orders: tuple[OrderView, ...], regime: RegimeView
    ) -> InstrumentView:
        own = {o.price: o.quantity - o.filled for o in orders if o.instrument == key}
        book = market.book(own)
        marks = self._marks(market, 0.004 if base == "BTC" else 0.09)
        return InstrumentView(
            key, f"{base}-USDT", base, "USDT", market.tick, market.decimals, 5 if base == "BTC" else 4,
            book.bids[0].price, book.asks[0].price, market.last, market.side, market.last / market.first - 1,
            market.time, self.now - 120 * MILLISECOND, book, tuple(market.tape), tuple(market.bars), SECOND,
            marks, regime, 10**-5 if base == "BTC" else 10**-4, (0.005, 0.01, 0.015, 0.02) if base == "BTC" else (0.1, 0.2, 0.3, 0.4),
            held_average=self._average(key),
        )  # fmt: skip

    def _average(self, key: str) -> float:
        held = [p for p in self._positions() if p.instrument == key and p.quantity]
        quantity = sum(p.quantity for p in held)
        return sum(p.quantity * p.average_price for p in held) / quantity if quantity else math.nan

    def _marks(self, market: Market, size: float) -> tuple[MarkView, ...]:
        return tuple(
            MarkView(time, bar.low if side == "BUY" else bar.high, size, side, purpose, "trend-following")
            for time, bar, side, purpose in market.fills
        )

    def _positions(self) -> tuple[PositionView, ...]:
        rows = (
            (BTC, "trend-following", 0.04120, self.btc, self.btc.fills[-1][1].low, 31.40, 1.62),
            (ETH, "book-imbalance", 0.6210, self.eth, self.eth.fills[-1][1].low, 6.76, 3.25),
            (BTC, "manual", 0.00200, self.btc, self.btc.fills[0][1].low, 0.0, 0.12),
        )
        return tuple(
            hand.with_portions(PositionView(
                key, strategy, quantity, average, market.last, quantity * market.last,
                (market.last - average) * quantity, market.last / average - 1, realised, fees, NOW - 480 * SECOND,
            ))
            for key, strategy, quantity, market, average, realised, fees in rows if (key, strategy) not in self.hand.flat
        )  # fmt: skip

    def _kill(self) -> KillView:
        entries = sum(order.purpose == "ENTRY" for order in self._orders())
        return msgspec.structs.replace(self.kill, halt_cancels=entries)

    def _orders(self) -> tuple[OrderView, ...]:
        below = self.btc.bars[-1].close
        orders = (
            OrderView("m-a91f", "a91f", BTC, "trend-following", "BUY", "LIMIT_MAKER", round(below - 0.4, 1), 0.00820, 0.0,
                      "OPEN", "ENTRY", self.now - 12 * SECOND, "add to trend", hand.ACKED),
            OrderView("m-b002", "b002", BTC, "trend-following", "SELL", "LIMIT_MAKER", round(below + 0.7, 1), 0.04120, 0.01,
                      "PARTIAL", "EXIT", self.now - 4 * SECOND, "take profit", (*hand.ACKED, "+0.812s  PARTIAL 0.01000 of 0.04120")),
            OrderView("m-c7e4", "c7e4", ETH, "book-imbalance", "SELL", "LIMIT", round(self.eth.bars[-1].close + 0.03, 2), 0.6210,
                      0.0, "OPEN", "EXIT", self.now - 2 * SECOND, "imbalance gone", hand.ACKED),
            OrderView("m-d018", "d018", BTC, "manual", "BUY", "LIMIT", round(below - 1.2, 1), 0.00200,
                      0.0, "OPEN", "ENTRY", self.now - 95 * SECOND, "asked for by console", hand.ACKED, True),
        )  # fmt: skip
        working = self.books.orders(self.hand.orders(orders), self.now)
        return tuple(o for o in working if o.purpose != "ENTRY") if self.kill.latched else working

    def _history(self) -> list[ClosedOrderView]:
        return hand.closed_orders(NOW, BTC, ETH, self.btc.fills[-1][1].low, self.eth.fills[-1][1].low)

    def _closed(self) -> tuple[ClosedOrderView, ...]:
        return (*self.hand.closed, *self._history())

    def _signals(self) -> tuple[SignalView, ...]:
        rows = (
            (3, BTC, "trend-following", 1.0, 0.74, "acted", "buy 0.00820", (("slope", 0.41), ("ADX", 0.22), ("volume", 0.15), ("stress", -0.04))),
            (9, ETH, "book-imbalance", 1.0, 0.58, "refused", "worst case 83 % would pass 80 %", (("imbalance", 0.44), ("microprice", 0.18), ("spread", -0.04))),
            (21, BTC, "book-imbalance", -1.0, 0.52, "muted", "Trending Bull mutes shorts", (("imbalance", -0.39), ("microprice", -0.13))),
            (44, BTC, "trend-following", 1.0, 0.61, "acted", "buy 0.02060", (("slope", 0.33), ("ADX", 0.21), ("volume", 0.07))),
            (52, ETH, "book-imbalance", -1.0, 0.35, "held", "below 0.40", (("imbalance", -0.25), ("microprice", -0.10))),
            (71, BTC, "trend-following", 0.0, 0.80, "acted", "sell 0.02060", (("slope", -0.52), ("ADX", -0.28))),
            (95, ETH, "book-imbalance", 1.0, 0.47, "refused", "11 orders in 10 s, at most 10", (("imbalance", 0.47),)),
        )  # fmt: skip
        return tuple(
            SignalView(
                118_200 - back, MARKET - back * SECOND, NOW - back * SECOND, strategy, key, direction, confidence,
                outcome, detail, tuple(ContributionView(n, v) for n, v in why),
                breaches=risk_views.BREACHES.get(back, ()),
            )
            for back, key, strategy, direction, confidence, outcome, detail, why in rows
        )  # fmt: skip

    def _events(self) -> tuple[EventView, ...]:
        rows = (
            (4, "ORDER", "info", "b002 partly filled 0.01000, 38 ms"),
            (9, "RISK", "warn", "book-imbalance ETH refused: worst case 83 % would pass 80 %"),
            (12, "ORDER", "info", "a91f POST BUY 0.00820 BTC @ touch accepted in 41 ms"),
            (44, "FILL", "info", f"BUY 0.02060 BTC @{self.btc.fills[-1][1].low:.1f} fee 0.0000206 BTC maker"),
            (118, "WARN", "warn", "depth gap of 312 updates on BTC-USDT: resync took 88 ms"),
            (640, "REGIME", "info", "BTC-USDT Range-bound -> Trending Bull: ADX 31.2, 0.42 % over SMA200"),
            (1_080, "MODE", "info", "DEFENSIVE -> NORMAL by operator console: regime agrees again"),
            (1_300, "MODE", "warn", "NORMAL -> DEFENSIVE by trigger drawdown: 1.1 % in 60 s"),
            (2_530, "SESSION", "info", "session opened, 0 orders adopted, account reconciled"),
        )
        return tuple(
            EventView(118_240 - i, NOW - back * SECOND, kind, severity, text)
            for i, (back, kind, severity, text) in enumerate(rows)
        )

    def _strategies(self) -> tuple[StrategyView, ...]:
        frozen = self.kill.latched
        return (
            StrategyView(
                "trend-following", "frozen" if frozen else "running", "", 12, 31.40, NOW - 3 * SECOND
            ),
            StrategyView("book-imbalance", "frozen" if frozen else "running", "", 32, 6.76, NOW - 9 * SECOND),
        )


def _regime(label: str, seen: int) -> RegimeView:
    history = (
        [SHORT["RANGE"]] * 34
        + [SHORT["HIGH_VOLATILITY"]] * 6
        + [SHORT["RANGE"]] * 18
        + [SHORT["TREND_UP"]] * 32
    )
    return RegimeView(
        label, SHORT[label], "rule", MARKET - 32 * SECOND, 31.2, 0.0042, 21.3, 1.18, seen, 200, 0, 1.0, tuple(history),
        SHORT["RANGE"], True, ("trend-following", "book-imbalance"), (),
        (
            RegimeChangeView(MARKET - 32 * SECOND, "RANGE", label, "rule"),
            RegimeChangeView(MARKET - 50 * SECOND, "HIGH_VOLATILITY", "RANGE", "hold"),
            RegimeChangeView(MARKET - 56 * SECOND, "RANGE", "HIGH_VOLATILITY", "rule"),
        ),
    )  # fmt: skip


def _warming() -> RegimeView:
    nan = math.nan
    return RegimeView(
        "UNKNOWN", SHORT["UNKNOWN"], "warming", MARKET - 90 * SECOND, nan, nan, nan, nan, 143, 200, 120, 0.0,
        (SHORT["UNKNOWN"],) * 90, "", True, ("book-imbalance",), ("trend-following",),
    )  # fmt: skip


def normal() -> Snapshot:
    """The ordinary picture."""
    return Desk().build()


def in_mode(mode: str, by: str = "trigger drawdown", cause: str = "1.1 % in 60 s") -> Snapshot:
    """The ordinary picture in another mode."""
    ends = "drawdown below 0.5 % for 5 min" if mode == "DEFENSIVE" else ""
    return msgspec.structs.replace(normal(), mode=ModeView(mode, by, cause, NOW - 75 * SECOND, ends))


def halted() -> Snapshot:
    """After a kill at level halt."""
    desk = Desk()
    desk.kill = halt_view()
    desk.mode = ModeView("PAUSE", "console tty", "kill halt", NOW - 3 * SECOND, "resume, in two steps")
    return desk.build()


def halt_view(at: int = NOW - 3 * SECOND, by: str = "console tty", level: str = "halt") -> KillView:
    """A tripped latch with its report, and what the further levels would do."""
    report = (
        f"+0.000s  {level.upper()} latched on disk",
        "+0.004s  strategies frozen 2 of 2",
        "+0.051s  a91f CANCELED, acknowledged in 47 ms",
        "+0.052s  b002 and c7e4 kept: they only reduce",
    )
    choices = (
        KillChoiceView("all", 2, 0, 0.0, 0.0, "0.04120 BTC and 0.6210 ETH unprotected"),
        KillChoiceView("flatten", 2, 2, 6.12, 13.4, "nothing of ours"),
        KillChoiceView("disconnect", 2, 2, 6.12, 13.4, "nothing of ours, no session"),
    )
    return KillView(True, level, by, "kill chord", at, report, choices=choices)


def flattened() -> Snapshot:
    """After a flatten that left something: an order without an answer, and a rest."""
    desk = Desk()
    kill = halt_view(level="flatten", by="ops on the console (pts/3), chord f12")
    report = (
        *kill.report,
        "+3.120s  FLATTEN latched by ops on the console (pts/3), chord f12",
        "+3.190s  SELL 0.04120 BTC-USDT filled at 61,790.1, 2.1 bp below the mid at the trip",
        "+3.210s  d11a cancel sent, no answer for 1.4 s",
    )
    desk.kill = msgspec.structs.replace(
        kill, report=report, unacked=("d11a",), residual="0.6210 ETH is still held: its sale was refused"
    )
    desk.mode = ModeView("EMERGENCY", kill.by, "kill flatten", NOW - 3 * SECOND, "resume, in two steps")
    return desk.build()


def alarmed() -> Snapshot:
    """Two alarms hold."""
    return msgspec.structs.replace(normal(), alarms=standing.alarms(NOW))


def account(state: str, *differences: DifferenceView) -> Snapshot:
    """The ordinary picture with the account in that state."""
    return msgspec.structs.replace(normal(), reconciliation=truth.told(state, NOW, *differences))


def broken() -> Snapshot:
    """A balance differs for good, an order may."""
    return account("BREAK", truth.difference(NOW - 64 * SECOND), truth.lost_order(NOW - 12 * SECOND))


def shared() -> Snapshot:
    """Somebody else has an order on the account, too."""
    snapshot = normal()
    theirs = msgspec.structs.replace(
        snapshot.orders[0], client_id="web-77f3", short_id="77f3", strategy="external", status="EXTERNAL",
        purpose="external", reason="placed by somebody else on this account", life=(), amendable=False,
    )  # fmt: skip
    return msgspec.structs.replace(snapshot, foreign=(theirs,))


def doubtful() -> Snapshot:
    """Two orders are UNKNOWN, for 41 and for 7 seconds."""
    snapshot, since = normal(), {"m-a91f": 41, "m-c7e4": 7}
    orders = tuple(
        truth.doubted(o, NOW - since[o.client_id] * SECOND) if o.client_id in since else o
        for o in snapshot.orders
    )
    return msgspec.structs.replace(snapshot, orders=orders)


def stale() -> Snapshot:
    """The feed went silent nine seconds ago."""
    snapshot = normal()
    old = tuple(msgspec.structs.replace(v, updated_at=NOW - 9 * SECOND) for v in snapshot.instruments)
    health = msgspec.structs.replace(snapshot.health, feed_age_ms=9_000.0, feed_connected=False)
    gate = GateView("BTC-USDT.binance", "feed silent for 9.0 s", NOW - 4 * SECOND)
    return msgspec.structs.replace(snapshot, instruments=old, health=health, gates=(gate,))


def starting() -> Snapshot:
    """Connected, but nothing has been seen yet: no bar, no book, no signal, no position."""
    snapshot = normal()
    nan = math.nan
    empty = tuple(
        msgspec.structs.replace(
            v, bid=nan, ask=nan, last=nan, last_side="", change=nan, tape=(), bars=(), marks=(),
            book=BookView(False, "waiting for the first snapshot", (), (), nan, nan, nan, nan, NOW), regime=_warming(),
        )
        for v in snapshot.instruments
    )  # fmt: skip
    warming = tuple(
        msgspec.structs.replace(s, state="warming", fills=0, realised=0.0) for s in snapshot.strategies
    )
    return msgspec.structs.replace(
        snapshot,
        instruments=empty,
        signals=(),
        positions=(),
        orders=(),
        events=snapshot.events[-1:],
        strategies=warming,
    )


def troubled() -> Snapshot:
    """A limit is over, a strategy throttled, the broker gone, a stop missing; little is known of the tail."""
    snapshot = normal()
    over = {"value": 0.612, "used": 1.02, "room": 0.0, "room_money": 0.0, "binding": True, "over": 0.012}
    limits = tuple(
        msgspec.structs.replace(row, **over) if row.name == "crypto" else row for row in snapshot.limits
    )
    tree = tuple(msgspec.structs.replace(b, worst=0.612) if b.depth < 4 else b for b in snapshot.tree)
    stops = (
        msgspec.structs.replace(
            snapshot.stops[0], kind="none", level=math.nan, distance=math.nan, risk=math.nan
        ),
        *snapshot.stops[1:],
    )
    reason = "stopped by the throttle: 31 times BUY ETH-USDT in 60 s, at most 30"
    gate = GateView("book-imbalance", reason, NOW - 95 * SECOND, "midas strategy book-imbalance resume")
    controls = msgspec.structs.replace(risk_views.controls(), stopped=("book-imbalance",), rate=18)
    return msgspec.structs.replace(
        snapshot, limits=limits, next_to_bind="crypto", tree=tree, stops=stops, gates=(gate,), controls=controls,
        naked_memory=0.0, naked_bare=snapshot.naked_memory, open_risk=260.0,
        breakers=risk_views.tripped(NOW), correlations=risk_views.matrix(12), tail=risk_views.untold(NOW),
        stress=(), calibration=CalibrationPanel(),
    )  # fmt: skip
