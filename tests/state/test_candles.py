"""Candles that are made where somebody looks are those that a plain deque would hold."""

from __future__ import annotations

import random
from collections import deque

import pytest

from midas.domain.market import Bar
from midas.domain.time import MINUTE
from midas.state.candles import Candles

MOST = 10


def bar(number: int) -> Bar:
    return Bar("a", number * MINUTE, number * MINUTE, MINUTE, 1.0, 1.0, 1.0, float(number), 1.0, 0)


class Some:
    """Counts how many it was asked to make."""

    asked = 0

    def __init__(self, first: int, count: int) -> None:
        self._first, self._count = first, count
        self.last = bar(first + count - 1)

    def __len__(self) -> int:
        return self._count

    def made(self, most: int) -> list[Bar]:
        numbers = range(self._first, self._first + self._count)[-most:]
        Some.asked += len(numbers)
        return [bar(n) for n in numbers]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_in_it_holds_the_newest(seed: int) -> None:
    dice, number = random.Random(seed), 0
    plain, candles = deque[Bar](maxlen=MOST), Candles(deque([bar(0)], maxlen=MOST))
    plain.append(bar(0))
    for _ in range(200):
        count = dice.choice((1, 1, 2, 5, MOST, 3 * MOST))
        if dice.random() < 0.5:
            some = Some(number + 1, count)
            candles.extend(some)
            plain.extend(some.made(count))
        else:
            count = 1
            candles.append(bar(number + 1))
            plain.append(bar(number + 1))
        number += count
        assert candles[-1] == plain[-1] and len(candles) == len(plain)
        if dice.random() < 0.3:
            assert list(candles) == list(plain) and list(reversed(candles)) == list(reversed(plain))
        if dice.random() < 0.3:
            assert candles[-2:] == list(plain)[-2:] and candles[0] == plain[0]


def test_nothing_is_made_of_what_nobody_looks_at() -> None:
    candles, before = Candles(deque(maxlen=MOST)), Some.asked
    for number in range(1, 1_000, 5):
        candles.extend(Some(number, 5))
        assert candles[-1].close == number + 4
    assert Some.asked == before
    assert [each.close for each in candles] == [float(n) for n in range(991, 1_001)]
