"""How much a client may ask: request weight a minute, orders a second and a day, bans."""

from __future__ import annotations

from collections import deque

from midas.domain.time import DAY, MILLISECOND, MINUTE, SECOND
from midas.venues.sim.refusal import Refusal

WEIGHT_MAX = 6_000
ORDERS_10S_MAX = 100
ORDERS_DAY_MAX = 200_000
PATIENCE = 20  # requests after a 429 until the ban
BAN_FIRST = 2 * MINUTE
BAN_LONGEST = 3 * DAY


class RequestWeight:
    """Weight used in the running minute by everyone on this machine: one address."""

    def __init__(self) -> None:
        self.used = 0
        self._minute = 0
        self._refused = 0
        self._ban_until = 0
        self._ban = BAN_FIRST

    def spend(self, weight: int, now: int) -> None:
        """Count a request at wall time `now`; refuses it where the minute is used up."""
        if now < self._ban_until:
            raise self._banned(now)
        if now // MINUTE != self._minute:
            self._minute, self.used, self._refused = now // MINUTE, 0, 0
        self.used += weight
        if self.used > WEIGHT_MAX:
            self._refuse(now)

    def refund(self, weight: int) -> None:
        """Give back the weight of an order that was accepted."""
        self.used = max(0, self.used - weight)

    def _refuse(self, now: int) -> None:
        self._refused += 1
        if self._refused > PATIENCE:
            self._ban_until = now + self._ban
            self._ban = min(BAN_LONGEST, 2 * self._ban)
            raise self._banned(now)
        text = (
            f"Too much request weight used; current limit is {WEIGHT_MAX} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        )
        raise Refusal(-1003, text, 429, retry_after=(MINUTE - now % MINUTE) // SECOND + 1)

    def _banned(self, now: int) -> Refusal:
        until = self._ban_until // MILLISECOND
        text = (
            f"Way too much request weight used; IP banned until {until}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return Refusal(-1003, text, 418, retry_after=(self._ban_until - now) // SECOND + 1)


class OrderCount:
    """New orders of one account in the last ten seconds and today."""

    def __init__(self) -> None:
        self._recent: deque[int] = deque()
        self._day = 0
        self._today = 0

    def counts(self, now: int) -> tuple[int, int]:
        """Orders in the last ten seconds and in the running UTC day."""
        while self._recent and self._recent[0] <= now - 10 * SECOND:
            self._recent.popleft()
        if now // DAY != self._day:
            self._day, self._today = now // DAY, 0
        return len(self._recent), self._today

    def check(self, now: int) -> None:
        """Refuse one order too many."""
        recent, today = self.counts(now)
        if recent >= ORDERS_10S_MAX:
            text = f"Too many new orders; current limit is {ORDERS_10S_MAX} orders per 10 SECOND."
            wait = (self._recent[0] + 10 * SECOND - now) // SECOND + 1
            raise Refusal(-1015, text, 429, retry_after=wait)
        if today >= ORDERS_DAY_MAX:
            text = f"Too many new orders; current limit is {ORDERS_DAY_MAX} orders per 1 DAY."
            raise Refusal(-1015, text, 429, retry_after=(DAY - now % DAY) // SECOND + 1)

    def add(self, now: int) -> None:
        """One more order was accepted."""
        self.counts(now)
        self._recent.append(now)
        self._today += 1


def described() -> list[dict[str, object]]:
    """The limits as `exchangeInfo` lists them."""
    rows: tuple[tuple[str, str, int, int], ...] = (
        ("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_MAX),
        ("ORDERS", "SECOND", 10, ORDERS_10S_MAX),
        ("ORDERS", "DAY", 1, ORDERS_DAY_MAX),
        ("RAW_REQUESTS", "MINUTE", 5, 300_000),
    )
    return [
        {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}
        for kind, interval, count, limit in rows
    ]
