"""One symbol's book, slow and plain: everything trades one lot at a time, whoever is first in line now.

The outside market is what the venue displays less what our orders took of it. Its lots and ours stand in
one line at each price; an order knows how many outside lots are before it (`ahead`), and how many of them
left the display without a trade that would explain it (`credit`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

BUY, SELL = "BUY", "SELL"
Levels = list[tuple[int, int]]  # tick, lots


@dataclass
class Standing:
    """An order in line at its price. An iceberg shows `slice` lots at a time."""

    order: int
    account: str
    side: str
    tick: int
    left: int
    shown: int
    slice: int
    ahead: int
    credit: int = 0


@dataclass
class Step:
    """Lots of one order that traded or were prevented with one other, or with the market outside (0)."""

    order: int
    other: int
    tick: int
    lots: int
    maker: bool = False
    prevented: bool = False
    ended: bool = False


@dataclass
class Taker:
    """An order that comes to take: up to `lots`, or until `budget` ticks times lots are spent."""

    order: int
    account: str
    side: str
    limit: int | None
    lots: int | None
    budget: int | None
    mode: str
    met: int = 0
    spent: int = 0

    def wants(self, tick: int) -> int:
        """How many more lots it wants at `tick`."""
        if self.budget is not None:
            return max(0, (self.budget - self.spent) // tick)
        assert self.lots is not None
        return self.lots - self.met


def beats(side: str, tick: int, other: int) -> bool:
    """Whether an order of `side` at `tick` comes before one at `other`."""
    return tick > other if side == BUY else tick < other


def opposite(side: str) -> str:
    """The other side."""
    return SELL if side == BUY else BUY


@dataclass
class PlainBook:
    """The line at every price of both sides."""

    number: int = 0
    depth: dict[str, dict[int, int]] = field(default_factory=lambda: {BUY: {}, SELL: {}})
    touch: tuple[int, dict[str, tuple[int, int]]] | None = None
    taken: dict[tuple[str, int], int] = field(default_factory=dict)
    line: list[Standing] = field(default_factory=list)  # both sides, first come first

    def start(self, number: int, bids: Levels, asks: Levels) -> None:
        """The whole outside book."""
        self.number, self.touch = number, None
        self.depth = {BUY: dict(bids), SELL: dict(asks)}

    def displayed(self, side: str, tick: int) -> int:
        """Lots that the market shows; a newer best quote hides what would be better than it."""
        if self.touch is not None:
            best, lots = self.touch[1][side]
            if tick == best:
                return lots
            if beats(side, tick, best):
                return 0
        return self.depth[side].get(tick, 0)

    def available(self, side: str, tick: int) -> int:
        """Lots that the market shows and that our orders have not taken."""
        return max(0, self.displayed(side, tick) - self.taken.get((side, tick), 0))

    def ticks(self, side: str) -> list[int]:
        """Prices of a side with anything to take, the best first."""
        outside = set(self.depth[side]) | ({self.touch[1][side][0]} if self.touch else set())
        ours = {one.tick for one in self.line if one.side == side}
        there = {tick for tick in outside if self.available(side, tick)} | ours
        return sorted(there, reverse=side == BUY)

    def queue(self, side: str, tick: int) -> list[Standing]:
        """Our orders at a price, first come first."""
        return [one for one in self.line if (one.side, one.tick) == (side, tick)]

    def find(self, order: int) -> Standing | None:
        """Where an order stands."""
        return next((one for one in self.line if one.order == order), None)

    def changed(self, number: int, bids: Levels, asks: Levels, trading: bool = True) -> list[Step]:
        """The market shows other lots at some levels; 0 removes one. An old message says nothing."""
        if number <= self.number:
            return []
        before = self._taken_levels()
        self.number = number
        for side, levels in ((BUY, bids), (SELL, asks)):
            for tick, lots in levels:
                self.depth[side][tick] = lots
        if self.touch is not None and self.touch[0] <= number:
            self.touch = None
        steps = self._moved(before, trading)
        for one in self.line:
            one.credit = 0
        return steps

    def quoted(
        self, number: int, bid: tuple[int, int], ask: tuple[int, int], trading: bool = True
    ) -> list[Step]:
        """The market shows another best bid and ask."""
        if number <= self.number:
            return []
        before = self._taken_levels()
        self.touch = (number, {BUY: bid, SELL: ask})
        return self._moved(before, trading)

    def printed(self, tick: int, lots: int, buyer_is_maker: bool) -> list[Step]:
        """A trade outside would have met our better prices, then the line at its own."""
        side, steps, passed = BUY if buyer_is_maker else SELL, list[Step](), dict[int, int]()
        for _ in range(lots):
            first = next((one for one in self._by_price(side) if not beats(side, tick, one.tick)), None)
            if first is None:
                break
            waits = first.tick == tick and first.ahead + first.credit > 0
            if not waits:
                at_own = passed.get(first.order, 0) if first.tick == tick else 0
                self._fill(first, first.tick, 0, steps, at_own)
                continue
            for one in self.queue(side, tick):
                if one.credit > 0:
                    one.credit -= 1
                else:
                    one.ahead = max(0, one.ahead - 1)
                    passed[one.order] = passed.get(one.order, 0) + 1
        return steps

    def take(self, taker: Taker) -> list[Step]:
        """Trade with whoever is first, until the taker has enough or nothing is left within its limit."""
        steps: list[Step] = []
        other = opposite(taker.side)
        while ticks := self.ticks(other):
            tick = ticks[0]
            outside_limit = taker.limit is not None and beats(taker.side, tick, taker.limit)
            if outside_limit or taker.wants(tick) == 0:
                self._spent(taker, steps)
                break
            queue = self.queue(other, tick)
            if queue and queue[0].ahead == 0:
                if self._meet(taker, queue[0], steps):
                    break
            else:
                self._take_outside(other, tick)
                _add(steps, Step(taker.order, 0, tick, 1))
                taker.met, taker.spent = taker.met + 1, taker.spent + tick
            if taker.budget is not None and taker.wants(tick) == 0:
                self._spent(taker, steps)
                break  # even if the next price would be lower
        return steps

    def _spent(self, taker: Taker, steps: list[Step]) -> None:
        """The order has what its budget pays for: its last lots end it."""
        mine = [step for step in steps if step.order == taker.order]
        if taker.budget is not None and mine:
            mine[-1].ended = True

    def would_take(self, taker: Taker) -> tuple[int, int]:
        """Lots that `taker` would get now, and their ticks times lots."""
        rehearsal = replace(taker)
        copy = PlainBook(
            self.number, self.depth, self.touch, dict(self.taken), [replace(s) for s in self.line]
        )
        copy.take(rehearsal)
        return rehearsal.met, rehearsal.spent

    def crosses(self, side: str, tick: int) -> bool:
        """Whether an order at `tick` would meet anything."""
        ticks = self.ticks(opposite(side))
        return bool(ticks) and not beats(side, ticks[0], tick)

    def rest(self, taker: Taker, lots: int, slice: int) -> None:
        """Stand at the end of the line."""
        assert taker.limit is not None
        ahead = self.available(taker.side, taker.limit)
        shown = min(lots, slice or lots)
        self.line.append(
            Standing(taker.order, taker.account, taker.side, taker.limit, lots, shown, slice, ahead)
        )

    def leave(self, order: int) -> None:
        """Leave the line."""
        self.line = [one for one in self.line if one.order != order]

    def shrink(self, order: int, lots: int) -> None:
        """Stand for fewer lots at the same place; those that nobody sees go first."""
        one = self.find(order)
        if one is not None:
            one.left -= lots
            one.shown = min(one.shown, one.left)

    def _by_price(self, side: str) -> list[Standing]:
        """Our orders of a side, the best price first, first come first at each."""
        ours = [one for one in self.line if one.side == side]
        return sorted(ours, key=lambda one: -one.tick if side == BUY else one.tick)

    def _meet(self, taker: Taker, maker: Standing, steps: list[Step]) -> bool:
        """One lot with one of our orders; whether this is the end of the taker."""
        own = maker.account == taker.account
        if own and taker.mode not in ("NONE", "DECREMENT"):
            if taker.mode != "EXPIRE_MAKER":
                lots = taker.wants(maker.tick)
                steps.append(Step(taker.order, maker.order, maker.tick, lots, prevented=True, ended=True))
            if taker.mode != "EXPIRE_TAKER":
                steps.append(
                    Step(maker.order, taker.order, maker.tick, maker.left, True, prevented=True, ended=True)
                )
                self.leave(maker.order)
            return taker.mode != "EXPIRE_MAKER"
        prevented = own and taker.mode == "DECREMENT"
        _add(steps, Step(taker.order, maker.order, maker.tick, 1, prevented=prevented))
        taker.met, taker.spent = taker.met + 1, taker.spent + maker.tick
        self._fill(maker, maker.tick, taker.order, steps, prevented=prevented)
        for step in steps[-3:] if prevented else ():
            over = maker.left == 0 if step.maker else taker.wants(maker.tick) == 0
            if {step.order, step.other} == {taker.order, maker.order}:
                step.ended = over
        return False

    def _fill(
        self,
        one: Standing,
        tick: int,
        other: int,
        steps: list[Step],
        passed: int = 0,
        prevented: bool = False,
    ) -> None:
        """One lot of an order in line; a slice that is used up makes the next one come up at the end."""
        _add(steps, Step(one.order, other, tick, 1, maker=True, prevented=prevented))
        one.left, one.shown = one.left - 1, one.shown - 1
        if one.left == 0:
            self.leave(one.order)
        elif one.shown == 0:
            self.leave(one.order)
            self.line.append(one)
            one.shown = min(one.slice, one.left)
            one.ahead = max(0, self.available(one.side, one.tick) - passed)
            one.credit = 0
            steps.append(Step(0, 0, 0, 0))  # another slice is another trade

    def _take_outside(self, side: str, tick: int) -> None:
        self.taken[side, tick] = self.taken.get((side, tick), 0) + 1
        for one in self.queue(side, tick):
            one.ahead = max(0, one.ahead - 1)

    def _taken_levels(self) -> dict[tuple[str, int], int]:
        return {level: self.displayed(*level) for level in self.taken}

    def _moved(self, before: dict[tuple[str, int], int], trading: bool) -> list[Step]:
        """What we took counts until the market shows another size there; crossed orders fill, unless the
        symbol is halted."""
        for level, lots in before.items():
            if self.displayed(*level) != lots:
                del self.taken[level]
        for one in self.line:
            gone = one.ahead - self.available(one.side, one.tick)
            if gone > 0:
                one.credit, one.ahead = one.credit + gone, one.ahead - gone
        return self._crossed(BUY) + self._crossed(SELL) if trading else []

    def _crossed(self, side: str) -> list[Step]:
        """Orders whose price the other side has reached fill at their own price, with what it shows."""
        steps: list[Step] = []
        other = opposite(side)
        while first := next(iter(self._by_price(side)), None):
            shown = set(self.depth[other]) | ({self.touch[1][other][0]} if self.touch else set())
            there = [tick for tick in shown if self.available(other, tick)]
            reached = [tick for tick in there if not beats(side, tick, first.tick)]
            if not reached:
                break
            best = min(reached) if side == BUY else max(reached)
            self.taken[other, best] = self.taken.get((other, best), 0) + 1
            self._fill(first, first.tick, -best, steps)
        return steps


def _add(steps: list[Step], step: Step) -> None:
    """One more lot; where the last trade was with the same other, it is the same trade."""
    back = 2 if step.other > 0 and not step.maker else 1  # a taker's half stands before the maker's
    last = steps[-back] if len(steps) >= back else None
    if last is not None and (last.order, last.other, last.tick) == (step.order, step.other, step.tick):
        last.lots += step.lots
    else:
        steps.append(step)
