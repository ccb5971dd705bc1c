"""How much a client may ask: weight and requests, connections, bans.

All intervals are the clock's, as on the venue: a minute's count is zero again when the next minute starts.
"""

from __future__ import annotations

from midas.domain.time import DAY, MILLISECOND, MINUTE, SECOND
from midas.venues.sim.floor.refusal import Refusal

WEIGHT_MAX = 6_000
WALLET_WEIGHT_MAX = 12_000  # of the sapi calls, counted apart
REQUESTS_MAX = 300_000  # in five minutes
CONNECTIONS_MAX = 300  # in five minutes
ORDERS_10S_MAX = 100
ORDERS_DAY_MAX = 200_000
PATIENCE = 20  # requests after a 429 until the ban
BAN_FIRST = 2 * MINUTE
BAN_LONGEST = 3 * DAY


class Interval:
    """A count that starts at zero with every interval of the clock."""

    def __init__(self, length: int, most: int) -> None:
        self._length = length
        self._place = 0
        self.most = most
        self.used = 0

    def at(self, now: int) -> int:
        """The count at wall time `now`."""
        if now // self._length != self._place:
            self._place, self.used = now // self._length, 0
        return self.used

    def add(self, amount: int, now: int) -> bool:
        """Count `amount` (never below zero); True where that is more than allowed."""
        self.used = max(0, self.at(now) + amount)
        return self.used > self.most

    def wait(self, now: int) -> int:
        """Seconds until the next interval."""
        return (self._length - now % self._length) // SECOND + 1


class RequestWeight:
    """Requests of everyone on this machine, which is one address: weight a minute, number in five."""

    def __init__(self, most: int = WEIGHT_MAX) -> None:
        self.most = most
        self._weight = Interval(MINUTE, most)
        self._requests = Interval(5 * MINUTE, REQUESTS_MAX)
        self._refused = Interval(MINUTE, PATIENCE)
        self._ban_until = 0
        self._ban = BAN_FIRST

    @property
    def used(self) -> int:
        """Weight counted since the minute of the last request began."""
        return self._weight.used

    def check(self, now: int) -> None:
        """Refuse a banned client."""
        if now < self._ban_until:
            raise self._banned(now)

    def spend(self, weight: int, now: int) -> None:
        """Count a request at wall time `now`; refuses it where an interval is used up."""
        self.check(now)
        too_many = self._requests.add(1, now)
        if self._weight.add(weight, now):
            raise self._refusal("request weight", "1 MINUTE", self._weight, now)
        if too_many:
            raise self._refusal("requests", "5 MINUTE", self._requests, now)

    def connected(self, weight: int, now: int) -> None:
        """Count a connection, which is refused earlier or not at all."""
        self._weight.add(weight, now)

    def refund(self, weight: int) -> None:
        """Give back the weight of an order that was accepted."""
        self._weight.used = max(0, self._weight.used - weight)

    def _refusal(self, what: str, period: str, interval: Interval, now: int) -> Refusal:
        if self._refused.add(1, now):
            self._ban_until = now + self._ban
            self._ban = min(BAN_LONGEST, 2 * self._ban)
            return self._banned(now)
        used = "much request weight used" if interval is self._weight else "many requests"
        text = (
            f"Too {used}; current limit is {interval.most} {what} per {period}. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        return Refusal(-1003, text, 429, retry_after=interval.wait(now))

    def _banned(self, now: int) -> Refusal:
        until = self._ban_until // MILLISECOND
        text = (
            f"Way too much request weight used; IP banned until {until}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return Refusal(-1003, text, 418, retry_after=(self._ban_until - now) // SECOND + 1)


class Connections:
    """New sockets of this machine in five minutes."""

    def __init__(self) -> None:
        self._opened = Interval(5 * MINUTE, CONNECTIONS_MAX)

    def open(self, now: int) -> None:
        """Count one more; refuses one too many."""
        if self._opened.add(1, now):
            text = f"Too many connections; current limit is {CONNECTIONS_MAX} connections per 5 MINUTE."
            raise Refusal(-1003, text, 429, retry_after=self._opened.wait(now))


def described(weight_max: int = WEIGHT_MAX) -> list[dict[str, object]]:
    """The limits as `exchangeInfo` lists them."""
    rows: tuple[tuple[str, str, int, int], ...] = (
        ("REQUEST_WEIGHT", "MINUTE", 1, weight_max),
        ("ORDERS", "SECOND", 10, ORDERS_10S_MAX),
        ("ORDERS", "DAY", 1, ORDERS_DAY_MAX),
        ("RAW_REQUESTS", "MINUTE", 5, REQUESTS_MAX),
    )
    return [
        {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}
        for kind, interval, count, limit in rows
    ]
