"""The fold of all events. `apply` is the only place where what midas knows about trading changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from midas.domain.carry import Carried, InferredCarried
from midas.domain.decision import (
    Adjusted,
    AmendmentMoved,
    Anomaly,
    CloseMoved,
    Decision,
    FillBooked,
    LossesAccepted,
    Noted,
    StopMoved,
)
from midas.domain.event import (
    AccountReported,
    BalancesSeen,
    CandlesRead,
    ComponentReported,
    OrderFilled,
    Remarked,
    RulesRead,
    SessionOpened,
    Source,
)
from midas.domain.instrument import Instrument
from midas.domain.market import (
    Bar,
    BookDelta,
    BookLost,
    BookSnapshot,
    FeedStatus,
    MessageRefused,
    Quote,
    Trade,
)
from midas.domain.money import ZERO
from midas.domain.opinion import Reducing, Target
from midas.domain.order import CloseReason, Fill, OrderIntent, Purpose, Side
from midas.domain.time import clock_text
from midas.state import reconcile
from midas.state.control import SCOPES
from midas.state.inheritance import handed_on, inherit
from midas.state.known import Known
from midas.state.ledger import RELEASE_STEP, Sleeve
from midas.state.listing import relisted
from midas.state.order import Order
from midas.state.order_events import order_handlers

DRAWDOWN_STOP = "drawdown_stop"  # the loss stop that is measured from the highest equity
EXTERNAL = "external"  # the sleeve of trades that no order of ours explains
MANUAL = "manual"  # the sleeve of what a person orders
BY_HAND = (MANUAL, EXTERNAL)  # sleeves that no strategy works: what they hold is a person's to reduce


def _part(fill: Fill, quantity: Decimal, fee: Decimal) -> Fill:
    return msgspec.structs.replace(fill, quantity=quantity, fee=fee)


class State(Known):
    """What is known, and what each event makes of it; owned by the engine."""

    def __init__(
        self, instruments: Sequence[Instrument], quote: str, bar_spread: float | None = None
    ) -> None:
        """As of `Known`."""
        super().__init__(instruments, quote, bar_spread)
        self._apply: dict[type, Callable[[Any], list[Decision]]] = {
            FeedStatus: self._feed_status,
            MessageRefused: self._message_refused,
            **order_handlers(self, EXTERNAL),
            BalancesSeen: self._balances_seen,
            AccountReported: self._account_reported,
            SessionOpened: partial(inherit, self),
            ComponentReported: self._component,
            CandlesRead: self._candles,
            Remarked: self._remarked,
            RulesRead: partial(relisted, self),
        }

    # money as evidence

    def equity(self) -> float:
        """Value of all balances in the account's currency; NaN while a traded asset held has no price."""
        amounts = self.ledger.amounts
        total = amounts.get(self.quote, 0.0)
        for asset, legs in self.valuation.routes.items():  # as `Valuation.value`: asked for too often
            if worth := amounts.get(asset):
                for market, inverse in legs:
                    worth = worth / market.mark if inverse else worth * market.mark
                total += worth
        return total

    @property
    def cash(self) -> float:
        """Held of the account's currency."""
        return self.ledger.amounts.get(self.quote, 0.0)

    @property
    def drawdown(self) -> float:
        """Fraction below the peak of equity, positive; NaN while equity isn't known."""
        return max(1.0 - self.equity() / self.equity_peak, 0.0) if self.equity_peak > 0 else 0.0

    def free_base(self, strategy: str, instrument: str, without: str = "") -> Decimal:
        """What a sleeve may still offer: less its own sell orders, and never more than the account has.

        `without`: an order that is closed before what is asked for could be sent.
        """
        free = self.ledger.sleeve(strategy, instrument).quantity
        total = self.ledger.balances.get(self.instruments[instrument].base, ZERO)
        if not (self.orders.open or self.orders.foreign):
            return max(ZERO, min(free, total))
        own = (o for o in self.orders.working(strategy, instrument) if o.intent.client_id != without)
        free -= sum((o.reserved for o in own if o.intent.side is Side.SELL), ZERO)
        return max(ZERO, min(free, total - self.orders.leaves(instrument, Side.SELL, without)))

    def scopes(self, strategy: str, instrument: str) -> tuple[str, ...]:
        """Every gate that this sleeve stands behind."""
        return (*SCOPES, instrument.rpartition(".")[2], instrument, strategy)

    def sleeves(self) -> Iterator[Sleeve]:
        """Those in this session's instruments; what else the ledger keeps is carried through untouched."""
        return (s for s in self.ledger.sleeves.values() if s.instrument in self.instruments)

    # the fold

    def apply(self, event: object) -> list[Decision]:
        """Fold one recorded event; market events have their own, shorter way below."""
        handler = self._apply.get(type(event))
        return handler(event) if handler else []

    def on_quote(self, event: Quote) -> None:
        """The touch moved."""
        self.markets[event.instrument].on_quote(event)

    def on_trade(self, event: Trade) -> None:
        """A print."""
        self.markets[event.instrument].on_trade(event)

    def on_delta(self, event: BookDelta) -> bool:
        """Levels changed; False where the book isn't valid."""
        return self.markets[event.instrument].on_delta(event)

    def on_snapshot(self, event: BookSnapshot) -> list[Decision]:
        """The book is whole again."""
        self.markets[event.instrument].on_snapshot(event)
        self.resyncs += 1
        return [
            Noted(
                "FEED", "info", f"{self._name(event.instrument)} book synchronised at update {event.last_id}"
            )
        ]

    def on_lost(self, event: BookLost) -> list[Decision]:
        """The book is hidden."""
        self.markets[event.instrument].on_lost(event)
        self.gaps += 1
        return [Noted("FEED", "warn", f"{self._name(event.instrument)} book hidden: {event.reason}")]

    def on_bar(self, event: Bar) -> bool:
        """A candle closed."""
        self.closes.on_bar(event)
        return self.markets[event.instrument].on_bar(event)

    def plan(self, intent: OrderIntent) -> Order:
        """An intent of this very step enters the state, so that its exposure is reserved at once."""
        self.intents += 1
        if intent.purpose is not Purpose.STOP:
            self.sizes.plan(intent)  # a stop's size is its position's, and comes again with each rise
        if intent.ticket:
            self.tickets[intent.ticket] = intent.client_id
        return self.orders.plan(intent)

    def book_fill(self, event: OrderFilled) -> list[Decision]:
        """A fill enters orders, ledger and sleeve once, whatever brought it here."""
        fill = event.fill
        if self.ledger.knows(event.instrument, fill.trade_id):
            return [*self.orders.repeated(event.client_id, fill)]
        order = self.orders.get(event.client_id)
        if order is None:
            detail = f"trade {fill.trade_id} waits for the next full pass"
            return [self.orders.strange("unknown_order", event.client_id, detail)]
        intent = order.intent
        replaced = self.replace_inferred(event.client_id, fill)
        changes = list[Decision](self.orders.filled(event.client_id, fill, event.at))
        whose, pair = (intent.strategy, intent.purpose), self.instruments[event.instrument]
        booked = self._booked(intent.client_id, whose, intent.side, fill, pair)
        return [*replaced, booked, *changes]

    def book_inferred(self, order: Order, fill: Fill, at: int) -> list[Decision]:
        """Book what only a balance tells about an order that the venue forgot; the real fill replaces it."""
        intent = order.intent
        made_up = InferredCarried(intent.strategy, intent.instrument, intent.side, fill)
        self.inferred[intent.client_id] = made_up
        detail = f"INFERRED from the balances: {intent.side.value} {fill.quantity} @ {fill.price}"
        made = OrderFilled(intent.client_id, order.venue_id, intent.instrument, fill, at, Source.QUERY)
        return [Anomaly("inferred_fill", intent.client_id, detail), *self.book_fill(made)]

    def replace_inferred(self, client_id: str, real: Fill) -> list[Decision]:
        """The venue tells what was only inferred: what was booked of it is taken back first.

        Where the order itself is forgotten by now, the real fill is booked here, too.
        """
        guess = self.inferred.get(client_id)
        if guess is None or real.trade_id < 0:
            return []
        del self.inferred[client_id]
        instrument, made = self.instruments[guess.instrument], guess.fill
        other = Side.SELL if guess.side is Side.BUY else Side.BUY
        back = msgspec.structs.replace(made, fee=-made.fee)
        self.ledger.book(guess.strategy, other, back, instrument)
        order = self.orders.get(client_id)
        if order is None:
            self.ledger.book(guess.strategy, guess.side, real, instrument)
        else:
            self.orders.take_back(order, made)
        detail = f"trade {real.trade_id} is the fill that was inferred: {made.quantity} @ {made.price}"
        return [Anomaly("inferred_replaced", client_id, detail)]

    def book_adjustment(self, made: Adjusted) -> None:
        """What no fill explains enters the ledger: a flow, dust, or a difference that a person accepted."""
        if made.strategy:
            pair = self.instruments[made.instrument]
            self.ledger.hand_over(made.strategy, EXTERNAL, made.position, made.price, pair, made.at)
            return
        self.ledger.adjust(made.asset, made.amount)
        self.adjusted_at[made.asset] = made.at
        if made.instrument and made.position:
            side = Side.BUY if made.position > ZERO else Side.SELL
            fill = Fill(
                trade_id=-made.at, price=made.price, quantity=abs(made.position), fee=ZERO, fee_asset="",
                maker=True, time=made.at,
            )  # fmt: skip
            self.ledger.move(EXTERNAL, side, fill, self.instruments[made.instrument])
            total = self.adjustments.get(made.instrument, ZERO) + made.position
            self.adjustments[made.instrument] = total
        if made.kind == "accepted":
            self.breaks.accept(made.name, (made.here, made.venue))
            if made.client_id in self.orders.open:
                filled = self.orders.open[made.client_id].filled
                self.orders.closed_by_venue(made.client_id, CloseReason.CANCELED, filled, made.at)

    def scale_equity(self, before: float) -> None:
        """Money came or went that no trade made: peaks and day count as if it had always been (or not) here.

        Where equity isn't known, they begin anew once it is.
        """
        after = self.equity()
        known = before > 0.0 and after > 0.0
        factor = after / before if known else 0.0
        self.equity_peak *= factor
        self.budgets.scale(factor)
        if self.opening_equity:
            self.opening_equity = self.opening_equity + after - before if known else 0.0

    def book_guards(self, instrument: Instrument, side: Side, fill: Fill) -> list[Decision]:
        """What the guard sold was the strategies': each sleeve gives what it holds, in the ledger's order."""
        held = [
            s for s in self.ledger.sleeves.values() if s.instrument == instrument.id and s.quantity > ZERO
        ]
        self.day_trades.fill(instrument.id, side, fill.time)
        left, fee, taken, words = fill.quantity, fill.fee, fill, list[str]()
        for sleeve in held if side is Side.SELL else ():
            part = min(left, sleeve.quantity)
            if not part:
                break
            share = fee if part == left else (fill.fee * part / fill.quantity).quantize(RELEASE_STEP)
            self.ledger.book(sleeve.strategy, side, _part(taken, part, share), instrument)
            words.append(f"{part} of {sleeve.strategy}")
            # The trade is known by its first part; the others carry no id of the venue's.
            left, fee, taken = left - part, fee - share, msgspec.structs.replace(taken, trade_id=-1)
        if left:
            self.ledger.book(EXTERNAL, side, _part(taken, left, fee), instrument)
        text = f"the guard: {side.value} {fill.quantity} {instrument.name} @ {fill.price}, {', '.join(words)}"
        return [Anomaly("guard_trade", str(fill.trade_id), text)]

    def book_late(self, client_id: str, instrument: Instrument, side: Side, fill: Fill) -> list[Decision]:
        """A fill of an order that closed long ago, or in another session, is still its strategy's."""
        owner = self.orders.owners[client_id]
        closed = f"its order closed at {clock_text(owner.closed_at)} UTC"
        told = (
            f"trade {fill.trade_id}: {side.value} {fill.quantity} {instrument.name} @ {fill.price}, {closed}"
        )
        booked = self._booked(client_id, (owner.strategy, owner.purpose), side, fill, instrument)
        return [booked, self.orders.strange("late_fill", client_id, told)]

    def book_external(self, instrument: Instrument, side: Side, fill: Fill) -> list[Decision]:
        """A trade on this account that isn't ours: the position follows it all the same."""
        self.day_trades.fill(instrument.id, side, fill.time)
        realised = self.ledger.book(EXTERNAL, side, fill, instrument)
        detail = f"{side.value} {fill.quantity} {instrument.name} @ {fill.price}, realised {realised}"
        return [Anomaly("external_trade", str(fill.trade_id), detail)]

    def carried(self) -> Carried:
        """What the next session on this account inherits."""
        return handed_on(self)

    def reduce(self, to: Reducing) -> None:
        """A position is to be worked down: whatever ends the session, the next one goes on with it."""
        self.reducing[to.strategy, to.instrument] = to

    def approved(self, target: Target) -> None:
        """Another target takes the place of a reduction."""
        self.reducing.pop((target.strategy, target.instrument), None)

    def accept_losses(self, made: LossesAccepted) -> None:
        """Measured from the old peak or opening, what a person has accepted would stop us again at once."""
        if DRAWDOWN_STOP in made.names:
            self.equity_peak = made.equity
        self.budgets.begin_anew(made.equity, made.names)

    def move_stop(self, moved: StopMoved) -> None:
        """A stop was set, rose or ended; the first level of a round trip says what it risks."""
        self.stops.moved(moved)
        if moved.stop is not None and moved.stop.level:
            self.ledger.stopped(moved.strategy, moved.instrument, moved.stop.level)

    def move_amendment(self, moved: AmendmentMoved) -> None:
        """Remember which orders are to be replaced: a session that ends before must be able to say so."""
        (self.amending.add if moved.waits else self.amending.discard)(moved.client_id)

    def move_close(self, moved: CloseMoved) -> None:
        """Remember which positions a person closes: after a crash the next session goes on with it."""
        if moved.waits:
            self.closes_asked[moved.strategy, moved.instrument] = moved.by
        else:
            self.closes_asked.pop((moved.strategy, moved.instrument), None)

    # one handler an event

    def _feed_status(self, event: FeedStatus) -> list[Decision]:
        if event.stream == "user":
            self.user_up = event.connected
            if event.connected:
                self.user_up_at, self.user_down_at = event.at, 0
            else:
                self.user_down_at = self.user_down_at or event.at
                self.stream_doubt = self.stream_doubt or event.at
        else:
            self.feed_up = event.connected
        word = "connected" if event.connected else "lost"
        detail = f": {event.detail}" if event.detail else ""
        return [
            Noted(
                "FEED",
                "info" if event.connected else "warn",
                f"{event.venue} {event.stream} stream {word}{detail}",
            )
        ]

    def _message_refused(self, event: MessageRefused) -> list[Decision]:
        self.refused_messages += 1
        return [Noted("FEED", "warn", f"{event.venue} {event.stream} message refused: {event.reason}")]

    def _component(self, event: ComponentReported) -> list[Decision]:
        self.breakers.hear(event.component, event.ok, event.detail, event.at)
        return []

    def _candles(self, event: CandlesRead) -> list[Decision]:
        self.closes.on_candles(event)
        return []

    def _remarked(self, event: Remarked) -> list[Decision]:
        return [Noted("SESSION", event.severity, event.text)]

    def _balances_seen(self, event: BalancesSeen) -> list[Decision]:
        return []  # evidence for a person; the ledger follows fills, and full passes compare both

    def _account_reported(self, event: AccountReported) -> list[Decision]:
        return reconcile.fold(self, event)

    def _booked(
        self, client_id: str, whose: tuple[str, Purpose], side: Side, fill: Fill, instrument: Instrument
    ) -> FillBooked:
        strategy, purpose = whose
        self.day_trades.fill(instrument.id, side, fill.time)
        realised = self.ledger.book(strategy, side, fill, instrument)
        return FillBooked(
            client_id, strategy, instrument.id, side, purpose, fill.price, fill.quantity, fill.fee,
            fill.fee_asset, fill.maker, realised, self.ledger.sleeve(strategy, instrument.id).quantity,
            fill.trade_id, self.markets[instrument.id].time,
        )  # fmt: skip

    def _name(self, instrument: str) -> str:
        return self.instruments[instrument].name
