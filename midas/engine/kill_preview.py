"""What each kill level would do right now, by our own book: how much is cancelled and sold, and its cost."""

from __future__ import annotations

from decimal import Decimal

from midas.agents.flattening import sellable
from midas.costs import BPS, FeeSchedule
from midas.domain.mode import KillLevel
from midas.domain.money import ZERO, plain
from midas.domain.order import Purpose
from midas.state.ledger import Sleeve
from midas.state.market import InstrumentMarket
from midas.state.state import State
from midas.state.views.mode import KillChoiceView

REACH = 200  # bids that are walked; what lies deeper is counted at the last of them
NOTHING = "nothing of ours"


def choices(state: State, taker_rate: float | None) -> tuple[KillChoiceView, ...]:
    """One row for each level above `halt`; `taker_rate` is the fee as last charged, None: not known yet."""
    rate = float(FeeSchedule().taker) if taker_rate is None else taker_rate
    orders = sum(o.intent.purpose is not Purpose.FLATTEN for o in state.orders.open.values())
    held = [s for s in state.sleeves() if s.quantity > ZERO]
    sold = [s for s in held if sellable(state, s, s.quantity)]
    cost, value = _cost(state, sold, rate)
    bps = cost / value * BPS if value else 0.0
    dust = [s for s in held if s not in sold]
    left = f"dust of {_names(state, dust)}, too little to sell" if dust else NOTHING
    open_still = f"{positions(state, sold)} without an exit order"
    kept = f"{open_still}; {left}" if sold and dust else open_still if sold else left
    alone = f"{left}, and no connection to the venue"
    return (
        KillChoiceView(KillLevel.ALL.value, orders, 0, 0.0, 0.0, kept),
        KillChoiceView(KillLevel.FLATTEN.value, orders, len(sold), cost, bps, left),
        KillChoiceView(KillLevel.DISCONNECT.value, orders, len(sold), cost, bps, alone),
    )


def positions(state: State, sleeves: list[Sleeve]) -> str:
    """`0.50 BTC-USDT of momo, 0.1 ETH-USDT of obi`."""
    return ", ".join(
        f"{plain(s.quantity)} {state.instruments[s.instrument].name} of {s.strategy}" for s in sleeves
    )


def _names(state: State, sleeves: list[Sleeve]) -> str:
    return ", ".join(sorted({state.instruments[s.instrument].name for s in sleeves}))


def residual(state: State) -> list[Sleeve]:
    """The positions that the venue would still let us sell."""
    return [s for s in state.sleeves() if s.quantity > ZERO and sellable(state, s, s.quantity)]


def _cost(state: State, sold: list[Sleeve], rate: float) -> tuple[float, float]:
    """(cost against the mid, value at the mid) of selling all of these at once; NaN without a price."""
    amounts: dict[str, Decimal] = {}
    for sleeve in sold:
        amounts[sleeve.instrument] = amounts.get(sleeve.instrument, ZERO) + sleeve.quantity
    cost = value = 0.0
    for instrument, amount in amounts.items():
        market = state.markets[instrument]
        worth = float(amount) * market.mark
        proceeds = _proceeds(market, float(amount))
        cost += worth - proceeds + proceeds * rate
        value += worth
    return cost, value


def _proceeds(market: InstrumentMarket, amount: float) -> float:
    """What the bids would pay for `amount`; a book that is hidden pays the best bid, else the last price."""
    price = market.bid_price if market.bid_lots else market.mark
    left, paid = amount, 0.0
    if market.book.valid:
        bids, _ = market.book.top(REACH)
        lot = market.instrument.lot
        for tick, lots in bids.tolist():
            price = tick * market.tick
            taken = min(left, lots * lot)
            paid += taken * price
            left -= taken
            if left <= 0.0:
                break
    return paid + left * price
