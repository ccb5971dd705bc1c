"""Random lives of a desk's orders, checked at every step. `python -m tests.risk.sequences --count 10000`.

What risk admits is summed up here once more, in another way: what the risk manager doesn't see, it can't have
limited. I6: nothing is admitted that could, with everything open and in doubt, end beyond a limit; and no
step but an admission or a price adds exposure. I7: no entry passes a closed gate, mode, latch or doubt.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from decimal import Decimal
from time import perf_counter
from typing import NamedTuple

import msgspec

from midas.agents.risk_manager import RiskManager
from midas.domain.event import OrderFilled, Source
from midas.domain.instrument import Instrument
from midas.domain.limits import Asset, Assets
from midas.domain.market import Bar
from midas.domain.mode import Mode
from midas.domain.money import ZERO, floor_to, from_float
from midas.domain.order import CloseReason, OrderIntent, OrderType, Purpose, Side, TimeInForce
from midas.domain.time import SECOND
from midas.domain.verdict import Approved
from midas.risk.correlation import correlation
from midas.risk.exposure import standing
from midas.state.order import Order
from midas.state.state import State
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, START, desk, fill, intent, pair, quote, report, target

EURO, SAP = pair("EUR"), pair("SAP", "EUR")
TRADED = (BTC, ETH, EURO, SAP)
FIRST = {BTC: 100.0, ETH: 10.0, EURO: 1.1, SAP: 50.0}
WHO = ("one", "two", "three", "manual")
SLACK = 1e-6
WARM = 60  # bars
HELD_BELOW, SOLD_BELOW = Decimal("0.98"), Decimal("0.97")
COLLAR = Decimal("0.002")
LISTED = Assets(
    "cash",
    {"BTC": Asset("crypto", "coins"), "ETH": Asset("crypto", "coins"), "SAP": Asset("share", "software")},
)
BASE = msgspec.structs.replace(
    LIMITS, position_max=0.2, sector_max=0.35, crypto_max=0.3, share_max=0.15, forex_max=0.25,
    currency_max=0.3, venue_max=0.6, strategy_max=0.3, cluster_max=0.25, cash_min=0.2, order_rate_max=1_000,
    order_notional_max=1_800.0, order_quantity_max={"BTC": 15.0}, assets=LISTED,
)  # fmt: skip
KINDS = (
    "enter", "enter", "enter", "enter", "order", "order", "order", "order", "fill", "fill",
    "part", "cancel", "doubt", "sent", "reject", "exit", "price", "bar", "gate", "mode", "latch",
    "limits", "foreign", "stop", "stop", "trigger",
)  # fmt: skip


class Move(NamedTuple):
    """One thing that happens: what, to whom, and how large; the numbers mean what the kind makes of them."""

    kind: str
    who: int
    what: int
    size: int  # 0 to 999


class Broken(Exception):
    """An invariant doesn't hold."""


class Play:
    """One desk and its life."""

    def __init__(self, manager: type[RiskManager] = RiskManager) -> None:
        self.state = desk(*TRADED, EUR="500")
        self.risk = manager(BASE)
        self.prices = dict(FIRST)
        self.admitted = self.blocked = 0
        self._orders = self._trades = self._bars = 0
        for instrument in TRADED:
            self._quote(instrument)
        for n in range(WARM):
            self._bar(n % 7)

    def move(self, move: Move) -> None:
        """One step, and every check on it. Raises Broken."""
        self.state.now += SECOND // 4
        before = self._values()
        getattr(self, f"_{move.kind}")(move)
        if move.kind in (
            "fill",
            "part",
            "cancel",
            "doubt",
            "sent",
            "reject",
            "gate",
            "mode",
            "latch",
            "bar",
            "trigger",
        ):
            for name, value in self._values().items():
                if value > before[name] + 1e-6:
                    raise Broken(f"I6: {move.kind} lets {name} grow from {before[name]} to {value}")
        now = standing(self.state, LISTED)
        del self.state.derived["exposure"]
        anew = standing(self.state, LISTED)
        if (now.shares, now.cash, now.reserved) != (anew.shares, anew.cash, anew.reserved):
            raise Broken(f"I6: {move.kind} isn't seen: {now.shares} are remembered, there are {anew.shares}")

    # what happens

    def _enter(self, move: Move) -> None:
        """A strategy's target, reviewed; its order, if approved."""
        instrument, strategy = TRADED[move.what % 4], WHO[move.who % 3]
        if self.state.orders.working(strategy, instrument.id):
            return
        wanted = self._quantity(instrument, move.size)
        held = self.state.ledger.sleeve(strategy, instrument.id).quantity
        verdict = self.risk.review(target(wanted, strategy=strategy, instrument=instrument.id), self.state)
        if isinstance(verdict, Approved) and verdict.target.quantity > held:
            quantity = floor_to(verdict.target.quantity - held, instrument.lot_size)
            self._ask(move, instrument, strategy, quantity)

    def _order(self, move: Move) -> None:
        """Somebody asks for an order without any review."""
        instrument = TRADED[move.what % 4]
        self._ask(move, instrument, WHO[move.who % 4], self._quantity(instrument, move.size))

    def _exit(self, move: Move) -> None:
        instrument, strategy = TRADED[move.what % 4], WHO[move.who % 4]
        free = floor_to(self.state.free_base(strategy, instrument.id), instrument.lot_size)
        if free > ZERO:
            bid = instrument.price(self.state.markets[instrument.id].bid)
            asked = self._intent(instrument, strategy, free, bid, Side.SELL, Purpose.EXIT)
            if self.risk.admit(asked, self.state) is None:
                self.state.plan(asked)

    def _stop(self, move: Move) -> None:
        """The position gets its stop, which nothing that bounds entries may keep away."""
        instrument, strategy = TRADED[move.what % 4], WHO[move.who % 4]
        free = floor_to(self.state.free_base(strategy, instrument.id), instrument.lot_size)
        if free <= ZERO:
            return
        bid = instrument.price(self.state.markets[instrument.id].bid)
        level, limit = (floor_to(bid * part, instrument.tick_size) for part in (HELD_BELOW, SOLD_BELOW))
        asked = self._intent(instrument, strategy, free, limit, Side.SELL, Purpose.STOP)
        asked = msgspec.structs.replace(asked, type=OrderType.STOP_LOSS_LIMIT, stop_price=level)
        if breach := self.risk.admit(asked, self.state):
            raise Broken(f"a stop is kept away: {breach.sentence}")
        self.state.plan(asked)
        self.state.orders.accepted(asked.client_id, "v", self.state.now, untriggered=True)

    def _trigger(self, move: Move) -> None:
        if (order := self._chosen(move)) and order.protects:
            self.state.orders.triggered(order.intent.client_id, self.state.now)

    def _fill(self, move: Move) -> None:
        self._trade(move, Decimal(1))

    def _part(self, move: Move) -> None:
        self._trade(move, Decimal(move.size + 1) / 1001)

    def _cancel(self, move: Move) -> None:
        if order := self._chosen(move):
            orders = self.state.orders
            orders.closed_by_venue(order.intent.client_id, CloseReason.CANCELED, order.filled, self.state.now)

    def _doubt(self, move: Move) -> None:
        if order := self._chosen(move):
            self.state.orders.uncertain(order.intent.client_id, "timeout", self.state.now)

    def _sent(self, move: Move) -> None:
        if order := self._chosen(move):
            self.state.orders.sent(order.intent.client_id, self.state.now, self.state.now + SECOND)

    def _reject(self, move: Move) -> None:
        if order := self._chosen(move):
            self.state.orders.rejected(order.intent.client_id, "no", self.state.now)

    def _price(self, move: Move) -> None:
        instrument = TRADED[move.what % 4]
        change = 1.0 + (move.size - 499.5) / 5_000
        self.prices[instrument] = min(max(self.prices[instrument] * change, FIRST[instrument] / 4), 400.0)
        self._quote(instrument)

    def _bar(self, move: Move | int) -> None:
        """Coins move together, the others each for themselves."""
        step = move if isinstance(move, int) else move.size % 7
        self._bars += 1
        for n, instrument in enumerate(TRADED):
            part = step if n < 2 else (step * (n + 2) + self._bars) % 5
            close = FIRST[instrument] * (1.0 + part / 100)
            at = self._bars * SECOND
            self.state.on_bar(Bar(instrument.id, at, START, SECOND, close, close, close, close, 1.0, 1))

    def _gate(self, move: Move) -> None:
        scope = ("venue", BTC.id, "one", "account")[move.what % 4]
        control = self.state.control
        if scope in control.gates:
            control.open_gate(scope)
        elif move.size % 3 == 0:
            control.close_gate(scope, "silence", self.state.now)

    def _mode(self, move: Move) -> None:
        mode = (*[Mode.NORMAL] * 5, Mode.DEFENSIVE, Mode.OBSERVATION, Mode.PAUSE)[move.size % 8]
        self.state.control.set_mode(mode, "test", "", "", self.state.now)

    def _latch(self, move: Move) -> None:
        control = self.state.control
        if control.latched:
            control.release(self.state.now)
        elif move.size % 8 == 0:
            control.trip("halt", "test", "", self.state.now)

    def _limits(self, move: Move) -> None:
        """Somebody reloads: everything by the same factor, down or up again."""
        factor = 0.6 + move.size / 1_000
        names = (
            "position_max", "sector_max", "crypto_max", "share_max", "forex_max", "currency_max", "venue_max",
            "strategy_max", "cluster_max",
        )  # fmt: skip
        self.risk.limits = msgspec.structs.replace(BASE, **{n: getattr(BASE, n) * factor for n in names})

    def _foreign(self, move: Move) -> None:
        """Somebody else's order stands on the account, or no longer."""
        reports = (report("web-1", quantity=Decimal(move.size) / 200),) if move.size % 2 else ()
        self.state.orders.found_foreign(reports)

    # how

    def _ask(self, move: Move, instrument: Instrument, strategy: str, quantity: Decimal) -> None:
        market = self.state.markets[instrument.id]
        # Below, at or a little beyond the ask.
        price = from_float(market.mid, instrument.tick_size) * (1 + (move.size % 3 - 1) * COLLAR)
        price = floor_to(price, instrument.tick_size)
        if quantity <= ZERO:
            return
        asked = self._intent(instrument, strategy, quantity, price, Side.BUY, Purpose.ENTRY)
        breach = self.risk.admit(asked, self.state)
        if breach is not None:
            self.blocked += 1
            return
        if why := self._closed(asked):
            raise Broken(f"I7: an entry passes although {why}")
        self.state.plan(asked)
        self.admitted += 1
        if why := beyond(self, asked):
            raise Broken(f"I6: {why}")

    def _intent(
        self,
        instrument: Instrument,
        strategy: str,
        quantity: Decimal,
        price: Decimal,
        side: Side,
        purpose: Purpose,
    ) -> OrderIntent:
        self._orders += 1
        return intent(
            f"md-{self._orders}", instrument=instrument.id, strategy=strategy, quantity=quantity, price=price,
            side=side, purpose=purpose, created_at=self.state.now, type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
        )  # fmt: skip

    def _trade(self, move: Move, part: Decimal) -> None:
        order = self._chosen(move)
        if order is None:
            return
        traded = self.state.instruments[order.intent.instrument]
        quantity = min(order.leaves, max(floor_to(order.leaves * part, traded.lot_size), traded.lot_size))
        if quantity <= ZERO:
            return
        self._trades += 1
        made = fill(self._trades, quantity, order.intent.price or "1", fee_asset=traded.quote)
        client_id = order.intent.client_id
        self.state.book_fill(OrderFilled(client_id, "v", traded.id, made, self.state.now, Source.STREAM))

    def _chosen(self, move: Move) -> Order | None:
        known = list(self.state.orders.open.values())
        return known[move.what % len(known)] if known else None

    def _quantity(self, instrument: Instrument, size: int) -> Decimal:
        """Up to three tenths of a fresh account."""
        value = size / 1_000 * 3_000 / self.prices[instrument]
        return floor_to(from_float(value, instrument.lot_size), instrument.lot_size)

    def _quote(self, instrument: Instrument) -> None:
        mid, tick = self.prices[instrument], instrument.tick_size
        low = floor_to(from_float(mid, tick), tick)
        self.state.on_quote(quote(str(low), str(low + tick), instrument, self.state.now))

    # the checks

    def _closed(self, asked: OrderIntent) -> str:
        state, control = self.state, self.state.control
        if control.latched:
            return "the latch is set"
        if control.mode not in (Mode.NORMAL, Mode.DEFENSIVE):
            return f"the mode is {control.mode.value}"
        scopes = {"venue", "account", asked.instrument, asked.strategy} & control.gates.keys()
        if scopes:
            return f"{scopes} is closed"
        doubtful = [o for o in state.orders.open.values() if o.unknown]
        return (
            "an order is in doubt" if any(o.intent.instrument == asked.instrument for o in doubtful) else ""
        )

    def _values(self) -> dict[str, float]:
        """What could come to be held of each instrument, at its mark."""
        state = self.state
        return {i.id: float(units(state, i)) * state.markets[i.id].mark for i in TRADED}


def units(state: State, instrument: Instrument) -> Decimal:
    """Everything held of an instrument, and everything of it that may still be bought."""
    position = sum((s.quantity for s in state.sleeves() if s.instrument == instrument.id), ZERO)
    held = max(position, state.ledger.balances.get(instrument.base, ZERO))
    for order in state.orders.open.values():
        if order.intent.instrument == instrument.id and order.intent.side is Side.BUY:
            held += order.intent.quantity - order.filled
    if instrument is EURO:
        held += Decimal(repr(incoming(state)))
    for other in state.orders.foreign.values():
        if other.instrument == instrument.id and other.side is Side.BUY:
            held += other.quantity - other.filled
    return held


def incoming(state: State) -> float:
    """Euros that sales of shares may bring."""
    mark = state.markets[SAP.id].mark
    selling = [
        o for o in state.orders.open.values() if o.intent.side is Side.SELL and o.intent.instrument == SAP.id
    ]
    return sum(float(o.intent.quantity - o.filled) * max(float(o.intent.price or 0), mark) for o in selling)


def beyond(play: Play, asked: OrderIntent) -> str:
    """The first limit that the worst case breaks once `asked` is open; empty: none."""
    state, limits = play.state, play.risk.limits
    euro = state.markets[EURO.id].mark
    rates = {i: euro if i is SAP else 1.0 for i in TRADED}
    balances = {asset: float(amount) for asset, amount in state.ledger.balances.items()}
    equity = balances["USDT"] + sum(
        balances.get(i.base, 0.0) * state.markets[i.id].mark * rates[i] for i in TRADED
    )
    worth = {i: float(units(state, i)) * state.markets[i.id].mark * rates[i] / equity for i in TRADED}
    wanted = next(i for i in TRADED if i.id == asked.instrument)
    coins = worth[BTC] + worth[ETH]
    spent, due = {"USDT": 0.0, "EUR": 0.0}, 0.0
    for order in state.orders.open.values():
        if order.intent.side is Side.BUY:
            traded, price = state.instruments[order.intent.instrument], float(order.intent.price or 0)
            left = float(order.intent.quantity - order.filled)
            spent[traded.quote] += left * max(price, state.markets[traded.id].mark)
            due += left * price if traded is SAP else 0.0
    for other in state.orders.foreign.values():
        spent["USDT"] += float(other.quantity - other.filled) * max(
            float(other.price), state.markets[BTC.id].mark
        )
    rows = [(f"position {wanted.base}", worth[wanted], limits.position_max)]
    if wanted in (BTC, ETH):
        rows += [("sector coins", coins, limits.sector_max), ("crypto", coins, limits.crypto_max)]
        if correlation(state, BTC.id, ETH.id) > limits.correlation_max and min(worth[BTC], worth[ETH]) > 1e-3:
            rows.append(("cluster", coins, limits.cluster_max))
    if wanted is SAP:
        rows.append(("shares", worth[SAP], limits.share_max))
    if wanted is EURO:
        paid = (spent["EUR"] + incoming(state)) * euro / equity
        rows += [("forex", worth[EURO], limits.forex_max)]
        rows += [("currency EUR", worth[EURO] + worth[SAP] - paid, limits.currency_max)]
    rows += [
        ("venue", sum(worth.values()), limits.venue_max),
        (
            f"strategy {asked.strategy}",
            _of_strategy(play, asked.strategy, rates) / equity,
            limits.strategy_max,
        ),
        ("cash", limits.cash_min, (balances["USDT"] - spent["USDT"]) / equity),
        ("euros", due if wanted is SAP else 0.0, max(0.0, balances.get("EUR", 0.0))),
        ("one order", _notional(asked, rates[wanted]), limits.order_notional_max),
        (
            "BTC of one order",
            float(asked.quantity) if wanted is BTC else 0.0,
            limits.order_quantity_max["BTC"],
        ),
    ]
    for name, value, most in rows:
        if value > most + SLACK:
            return f"{name} may come to {value:.6f}, allowed is {most:.6f}"
    return ""


def _notional(asked: OrderIntent, rate: float) -> float:
    return float(asked.quantity) * float(asked.price or 0) * rate


def _of_strategy(play: Play, strategy: str, rates: dict[Instrument, float]) -> float:
    state, value = play.state, 0.0
    for instrument in TRADED:
        mark = state.markets[instrument.id].mark * rates[instrument]
        value += float(state.ledger.sleeve(strategy, instrument.id).quantity) * mark
        for order in state.orders.working(strategy, instrument.id):
            if order.intent.side is Side.BUY:
                value += float(order.intent.quantity - order.filled) * mark
    return value


def drawn(seed: int, length: int = 60) -> list[Move]:
    """The moves of one seed."""
    chance = random.Random(seed)
    return [
        Move(chance.choice(KINDS), chance.randrange(4), chance.randrange(12), chance.randrange(1_000))
        for _ in range(length)
    ]


def played(moves: list[Move], manager: type[RiskManager] = RiskManager) -> Play:
    """A life, to its end. Raises Broken."""
    play = Play(manager)
    for move in moves:
        play.move(move)
    return play


def main() -> int:
    """Play many seeds; the last line is JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="seed")
    args = parser.parse_args()
    began, admitted, blocked, broken = perf_counter(), 0, 0, list[str]()
    for seed in range(args.first, args.first + args.count):
        try:
            play = played(drawn(seed))
        except Broken as error:
            broken.append(f"seed {seed}: {error}")
            print(broken[-1], file=sys.stderr)
            continue
        admitted, blocked = admitted + play.admitted, blocked + play.blocked
    seconds = round(perf_counter() - began, 1)
    told = {
        "sequences": args.count,
        "admitted": admitted,
        "blocked": blocked,
        "broken": broken[:10],
        "s": seconds,
    }
    print(json.dumps(told))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
