"""The loops of the compiled path. Exact IEEE order: a price here has the bits that the venue's has."""

from __future__ import annotations

from math import ceil, floor, inf, sqrt

import numpy as np
from numpy.typing import NDArray

from midas.state.kernel import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint64]  # of eight flags, a byte each

# Why an order with a candle isn't certain to fill at once and whole.
GAP, VOLUME, LATE, SMALL, COLLAR, WIDE = 1, 2, 3, 4, 5, 6
# What the engine could have done in a trial that the arrays don't.
CASH, SHARE, NOTIONAL, DRIFT, DRAWDOWN, DAY_LOSS, WEEK_LOSS, MONTH_LOSS, SHARPE = 1, 2, 3, 4, 5, 6, 7, 8, 9

EDGE = 1e-6  # ticks: what floats may be off by, of prices below TICKS_MAX ticks
TICKS_MAX = 1e9
SLACK = 1.0 + 1e-9  # of money: what sums of floats may be off by
NEARLY = 1e-6  # as `backtest.venue.NEARLY`
YEAR = 365.0  # of the guardian's Sharpe ratio
NOBODY, FLAGS, BYTE, SHIFT = np.uint64(0), np.uint64(0x0101010101010101), np.uint64(0xFF), np.uint64(8)
NO_SPREAD = 1e-11  # above that of `statistics.conventions`: what is so even is in doubt


@kernel
def _touch(close: float, tick: float, half: float) -> tuple[float, float]:
    """Bid and ask after a candle in ticks, as `InstrumentMarket` takes them from its close."""
    ticks = close / tick
    if half == 0.0:
        rounded = np.rint(ticks)
        return rounded, rounded
    return float(floor(ticks - ticks * half)), float(ceil(ticks + ticks * half))


@kernel
def limits(
    close: Floats, rules: tuple[float, float, float, float, float, float], mark: Floats, offered: Floats,
    orders: tuple[Floats, Floats, Codes, Codes],
) -> None:  # fmt: skip
    """The mid after each candle, and what an order decided after it surely takes, in the next one's place.

    `rules`: tick, half of the spread, collar beyond the touch, collar of risk (fractions), the least ticks
    that are no dust, and how wide a spread may be. `orders`: as `paid` takes them.
    """
    tick, half, take, collar, least, wide = rules
    surely, deepest, buyable, sellable = orders
    for i in range(len(close)):
        bid, ask = _touch(close[i], tick, half)
        mid = (bid + ask) * 0.5
        mark[i] = mid * tick
        if i + 1 == len(close):
            break
        # The limit is rounded half-even to a tick; the one to buy with is kept within the collar of risk.
        up, most = ask * (1.0 + take), mid * (1.0 + collar)
        down = bid * (1.0 - take)
        surely[i + 1] = min(ceil(up - 0.5 - EDGE), floor(most - EDGE))
        highest = min(floor(up + 0.5 + EDGE), floor(most + EDGE))
        deepest[i + 1] = max(floor(down + 0.5 + EDGE), 1.0)
        offered[i + 1] = max(highest, mid) * tick * SLACK
        doubt = 0
        if bid <= least:
            doubt = SMALL
        if ask - bid > wide * mid or ask > TICKS_MAX:
            doubt = WIDE
        buyable[i + 1] = doubt
        lowest = max(ceil(down - 0.5 - EDGE), 1.0)
        if doubt == 0 and (1.0 - lowest / bid) > collar - 1e-12:
            doubt = COLLAR
        sellable[i + 1] = doubt


@kernel
def paid(
    time: Ints, opened: Floats, close: Floats, volume: Floats,
    rules: tuple[int, int, int, float, float, float, float, float],
    orders: tuple[Floats, Floats, Codes, Codes],
) -> None:  # fmt: skip
    """Ticks that taking costs in each candle, as `BarVenue` charges them, in the place of the limit that an
    order surely had.

    `orders`: ticks and doubts, of those that buy and of those that sell. `rules`: period, latency of orders
    and of answers (ns); tick, lot, share of volume, lots, cost beyond.
    """
    period, order, answer, tick, lot, share, lots, beyond = rules
    buying, selling, buyable, sellable = orders
    for i in range(1, len(time)):
        opens = time[i] - period
        arrives = time[i - 1] + order
        after = arrives - opens
        price = opened[i]
        if after > 0:
            price = opened[i] + (close[i] - opened[i]) * float(after) / float(period)
        ticks = price / tick
        up, down = ticks, ticks
        if beyond != 0.0:
            up, down = ticks * (1.0 + beyond), ticks * (1.0 - beyond)
        most, least = buying[i], selling[i]
        buying[i] = ceil(up - NEARLY)
        selling[i] = max(1.0, floor(down + NEARLY))
        if buying[i] > most:
            buyable[i] = GAP
        if selling[i] < least:
            sellable[i] = GAP
        if not floor(volume[i] * share / lot) >= lots:
            buyable[i] = VOLUME
            sellable[i] = VOLUME
        if arrives >= time[i] or max(arrives, opens) + answer > time[i]:
            buyable[i] = LATE
            sellable[i] = LATE


@kernel
def changes(wanted: Words, places: NDArray[np.int64], counts: Ints) -> None:
    """Fill a row of `places` for each column of `wanted` with the candles that an order of it meets.

    `wanted`: flags by candle, eight columns of them a word, so that one comparison passes over eight that
    stay; before the first candle nothing is. `counts`: how many there are of each, 0 before.
    """
    last = len(wanted) - 1
    for word in range(wanted.shape[1]):
        before = NOBODY
        for i in range(last):
            now = wanted[i, word] & FLAGS
            if now != before:
                differs, before = now ^ before, now
                for k in range(8 * word, 8 * word + 8):
                    if differs & BYTE:
                        places[k, counts[k]] = i + 1
                        counts[k] += 1
                    differs >>= SHIFT


@kernel
def paying(
    places: Ints, buying: Floats, selling: Floats, buyable: Codes, sellable: Codes, ticks: Floats
) -> int:  # fmt: skip
    """Fill `ticks` with what orders at `places` pay, in turn purchase and sale: which is in doubt, or -1."""
    for k in range(len(places)):
        i = places[k]
        if (buyable[i] if k % 2 == 0 else sellable[i]) != 0:
            return k
        ticks[k] = buying[i] if k % 2 == 0 else selling[i]
    return -1


@kernel
def extremes(mark: Floats, days: Ints) -> tuple[Floats, Floats]:
    """The lowest and the highest mark before the first of `days`, and from each of them to the next."""
    lows, highs = np.full(len(days) + 1, inf), np.full(len(days) + 1, -inf)
    d = 0
    for i in range(len(mark)):
        if d < len(days) and days[d] == i:
            d += 1
        lows[d] = min(lows[d], mark[i])
        highs[d] = max(highs[d], mark[i])
    return lows, highs


@kernel
def bounds(
    places: Ints, ticks: Floats, mark: Floats, offered: Floats, days: Ints, numbers: Ints,
    reach: tuple[Floats, Floats], rules: tuple[float, float, float, float, Floats],
) -> tuple[int, int]:  # fmt: skip
    """What could have stopped, shrunk or refused something: (which, near which place); 0: nothing could.

    `reach`: `extremes`, then as much is held to have been possible at any time of a day; empty: the candles
    themselves are looked at. `rules`: cash, units, what a tick of all units is worth, fee rate, and: share of
    equity when bought and later, cash left, notional, equity kept of peak, day, week and month, the least
    Sharpe ratio and its days.
    """
    cash, units, worth, rate, caps = rules
    lows, highs = reach
    held, peak, k, d, i = 0.0, cash, 0, 0, 0
    opening = np.array([cash, cash, cash])  # of day, week and month
    lowest = opening.copy()
    returns, whole = np.empty(len(days) + 1), 0
    while i < len(mark):
        if k < len(places) and places[k] == i:
            value = ticks[k] * worth
            if held == 0.0:
                found = _refused(cash, units * offered[i], units * mark[i - 1], caps)
                if found != 0:
                    return found, i
                cash, held = cash - value - value * rate, units
            else:
                cash, held = cash + value - value * rate, 0.0
            k += 1
        if d < len(days) and days[d] == i:
            equity = cash + held * mark[i]
            if numbers[d + 1, 0] - numbers[d, 0] == 1:
                returns[whole] = equity / opening[0] - 1.0
                whole += 1
            found = _lost(opening, lowest, caps)
            if found != 0:
                return found, i
            _begin(numbers[d], numbers[d + 1], equity, opening, lowest)
            d += 1
        end = places[k] if k < len(places) else len(mark)
        if d < len(days) and days[d] < end:
            end = days[d]
        if len(lows):
            peak, found = _possible(lows[d], highs[d], cash, held, peak, lowest, caps)
        else:
            peak, found = _followed(mark[i:end], cash, held, peak, lowest, caps)
        if found != 0:
            return found, i
        i = end
    found = _lost(opening, lowest, caps)
    if found == 0 and _poor(returns[:whole], caps[8], int(caps[9])):
        found = SHARPE
    return found, i - 1


@kernel
def _lost(opening: Floats, lowest: Floats, caps: Floats) -> int:
    """Whether a day, week or month could have lost too much since it began."""
    for span in range(3):
        if lowest[span] < opening[span] * caps[5 + span]:
            return DAY_LOSS + span
    return 0


@kernel
def _begin(before: Ints, number: Ints, equity: float, opening: Floats, lowest: Floats) -> None:
    """Another day, and with it perhaps another week and month."""
    for span in range(3):
        if number[span] != before[span]:
            opening[span] = lowest[span] = equity


@kernel
def _refused(cash: float, cost: float, value: float, caps: Floats) -> int:
    """What could refuse a purchase that costs and is worth so much."""
    if cost > cash * (1.0 - caps[2]):
        return CASH
    if value > caps[0] * cash:
        return SHARE
    return NOTIONAL if cost > caps[3] else 0


@kernel
def _possible(
    least: float, most: float, cash: float, held: float, peak: float, lowest: Floats, caps: Floats
) -> tuple[float, int]:
    """As `_followed`, had every mark between the two come at any time."""
    low, high = cash + held * least, cash + held * most
    for span in range(3):
        if low < lowest[span]:
            lowest[span] = low
    if high > peak:
        peak = high
    if low < peak * caps[4]:
        return peak, DRAWDOWN
    return peak, DRIFT if held * most > high * caps[1] else 0


@kernel
def _followed(
    mark: Floats, cash: float, held: float, peak: float, lowest: Floats, caps: Floats
) -> tuple[float, int]:
    """The highest equity ever, and what could have come of these marks; `lowest` follows them down."""
    low, deep, heavy = inf, False, False
    for price in mark:
        value = held * price
        equity = cash + value
        if equity > peak:
            peak = equity
        if equity < low:
            low = equity
        deep |= equity < peak * caps[4]
        heavy |= value > equity * caps[1]
    for span in range(3):
        if low < lowest[span]:
            lowest[span] = low
    if deep:
        return peak, DRAWDOWN
    return peak, DRIFT if heavy else 0


@kernel
def _poor(returns: Floats, least: float, days: int) -> bool:
    """Whether the Sharpe ratio of any `days` whole days in a row could be below `least`."""
    if least < -1e6:
        return False
    for end in range(days, len(returns) + 1):
        mean = 0.0
        for j in range(end - days, end):
            mean += returns[j]
        mean /= days
        squares = 0.0
        for j in range(end - days, end):
            squares += (returns[j] - mean) ** 2
        spread = sqrt(squares / (days - 1))
        if spread == 0.0:
            continue
        if spread < NO_SPREAD or mean / spread * sqrt(YEAR) < least + 1e-6 * (1.0 + abs(least)):
            return True
    return False


@kernel
def equities(
    places: Ints, ticks: Floats, close: Floats, at: Ints,
    money: tuple[float, float, float, float, float, float], found: Floats, held: Flags,
) -> None:  # fmt: skip
    """Equity at the closes `at`, ascending, to the bit of `outcome.curve`.

    `money`: cash, units; a tick of all units as two whole numbers, the second a divisor; its fee likewise.
    """
    cash, units, worth, over, fee, fees_over = money
    spent, position, k = 0.0, 0.0, 0
    for n in range(len(at)):
        place = at[n]
        while k < len(places) and places[k] <= place:
            sign = 1.0 if k % 2 == 0 else -1.0
            spent += ticks[k] * worth / over * sign + ticks[k] * fee / fees_over
            position += units * sign
            k += 1
        found[n] = cash + (position * close[place] - spent)
        held[n] = position > 0.0
