"""An order as the venue of a back-test has it, in ticks and lots."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.costs import FeeSchedule
from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, units
from midas.domain.order import Fill, OrderIntent, OrderReport, OrderType, Side, TimeInForce


class Resting(msgspec.Struct):
    """An order on its way or at the venue."""

    intent: OrderIntent
    instrument: Instrument
    number: int
    arrives_at: int
    lots: int  # that haven't traded
    limit: int  # ticks; 0: whatever the market asks
    trigger: int  # ticks that wake a stop; 0: awake
    buying: bool
    filled: Decimal = Decimal(0)
    accepted: bool = False
    seen: int = 0  # time of the newest bar that it was compared with
    cancel_at: int = 0  # when a cancel arrives; 0: none is out
    woke: int = 0  # time of the bar that woke its stop

    @property
    def venue_id(self) -> str:
        """As the venue calls it."""
        return str(self.number)

    @property
    def rests(self) -> bool:
        """False: what can't trade at once is over."""
        intent = self.intent
        return intent.type is not OrderType.MARKET and intent.time_in_force not in _AT_ONCE

    def fill(
        self, trade_id: int, ticks: int, lots: int, fees: FeeSchedule, balances: dict[str, Decimal], *,
        at: int, maker: bool,
    ) -> Fill:  # fmt: skip
        """So many lots of it trade at this price: order and balances move, and the fill tells of it."""
        instrument, sign = self.instrument, self.intent.side.sign
        price, quantity = instrument.price(ticks), instrument.quantity(lots)
        fee = fees.fee(price * quantity, maker)
        self.lots -= lots
        self.filled += quantity
        balances[instrument.base] = balances.get(instrument.base, ZERO) + quantity * sign
        balances[instrument.quote] = balances.get(instrument.quote, ZERO) - price * quantity * sign - fee
        return Fill(
            trade_id=trade_id, price=price, quantity=quantity, fee=fee, fee_asset=instrument.quote,
            maker=maker, time=at,
        )  # fmt: skip

    def undo(self, fill: Fill, balances: dict[str, Decimal]) -> None:
        """Take from `balances` what this fill brought, for who hasn't heard of it."""
        instrument, sign = self.instrument, self.intent.side.sign
        balances[instrument.base] -= fill.quantity * sign
        balances[instrument.quote] += fill.price * fill.quantity * sign + fill.fee

    def report(self, at: int, unheard: Decimal = ZERO) -> OrderReport:
        """As a list of open orders tells it, so much of it less as nobody has heard of."""
        intent = self.intent
        return OrderReport(
            client_id=intent.client_id, venue_id=self.venue_id, instrument=intent.instrument,
            side=intent.side, type=intent.type, price=intent.price or Decimal(0), quantity=intent.quantity,
            filled=self.filled - unheard, open=True, close_reason=None, time=at, untriggered=self.trigger > 0,
        )  # fmt: skip


_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)


def resting(intent: OrderIntent, instrument: Instrument, number: int, arrives_at: int) -> Resting:
    """The order that `intent` asks for. Raises MalformedMessage off the instrument's grid."""
    tick, lot = instrument.tick_size, instrument.lot_size
    return Resting(
        intent=intent, instrument=instrument, number=number, arrives_at=arrives_at,
        lots=units(intent.quantity, lot), limit=0 if intent.price is None else units(intent.price, tick),
        trigger=0 if intent.stop_price is None else units(intent.stop_price, tick),
        buying=intent.side is Side.BUY,
    )  # fmt: skip
