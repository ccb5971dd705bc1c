"""Whether trading costs more than it should: realised against expected, order by order.

An alert needs two things at once: the median of the last twenty ratios above 2, and a CUSUM of their
logarithms over ln 1.5 above 4. Either alone would fire too often or too late; with log-normal noise of
deviation 0.8 both together are silent for thousands of orders, and see a true ratio of 3 within twenty.
"""

from __future__ import annotations

from math import log
from statistics import median

import msgspec

LAST = 20  # orders whose median counts
LEAST = 10  # before anything is said
TOO_MUCH = 2.0  # times what was expected
SLACK = 1.5  # a ratio that is still no reason to look
ALARMING = 4.0  # of the CUSUM
SMALLEST, LARGEST = 0.05, 20.0  # of a ratio: one fill says no more than that


class CostWatch(msgspec.Struct, frozen=True):
    """What the last orders cost."""

    ratios: tuple[float, ...] = ()  # newest last
    cusum: float = 0.0
    orders: int = 0
    expected: float = 0.0  # sum of all, in money or basis points as they were given
    realised: float = 0.0

    @property
    def middle(self) -> float:
        """The median ratio of the last orders; 1 before there is one."""
        return median(self.ratios) if self.ratios else 1.0

    @property
    def alert(self) -> bool:
        """Whether orders consistently cost more than twice what was expected."""
        return len(self.ratios) >= LEAST and self.middle > TOO_MUCH and self.cusum > ALARMING

    def add(self, realised: float, expected: float, floor: float) -> CostWatch:
        """One more order; `floor` is the least that can be expected of one: half a tick, in the same unit."""
        assert floor > 0.0, f"expected a floor above 0, got {floor}"
        least = max(expected, floor)
        ratio = min(max(realised / least, SMALLEST), LARGEST)
        return CostWatch(
            (*self.ratios[-(LAST - 1) :], ratio), max(0.0, self.cusum + log(ratio) - log(SLACK)),
            self.orders + 1, self.expected + least, self.realised + realised,
        )  # fmt: skip
