"""How much the venue lets us ask, and what we hold back so that a cancel always has room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

import msgspec

from midas.domain.time import DAY, MINUTE, SECOND, iso
from midas.errors import RateLimited

_ORDERS_CODE = -1015
_KEY_SILENCE = MINUTE  # after the venue refused our key; then one request finds out whether it still does
_SILENCE_DEFAULT = 10 * SECOND  # a 429 without Retry-After


class Priority(Enum):
    """What a request is for: the share of the weight limit that it may use up."""

    AUDIT = 0.80  # can wait for the next minute
    RECONCILE = 0.90
    ORDER = 0.95
    CANCEL = 1.00  # the rest is its reserve


_SHARES = {priority: priority.value for priority in Priority}  # a look into an Enum costs more


class Limits(msgspec.Struct, frozen=True):
    """The limits that `exchangeInfo` states."""

    weight_minute: int = 6000
    orders_10s: int = 100
    orders_day: int = 200_000


class Weights:
    """A breaker fed by response headers. Raises RateLimited before a request that shouldn't leave."""

    def __init__(
        self, now: Callable[[], int], limits: Limits | None = None, elapsed: Callable[[], int] | None = None
    ) -> None:
        """`now`: our wall clock, which may be set; `elapsed` never is. Both in nanoseconds."""
        self._now = now
        self._elapsed = elapsed or now
        self.limits = limits or Limits()
        self._weight = _Counter(MINUTE)
        self._orders_10s = _Counter(10 * SECOND)
        self._orders_day = _Counter(DAY)
        self._counters = (
            ("X-MBX-USED-WEIGHT-1M", self._weight),
            ("X-MBX-ORDER-COUNT-10S", self._orders_10s),
            ("X-MBX-ORDER-COUNT-1D", self._orders_day),
        )
        # By the clock that nobody sets: an hour's correction would keep us silent for an hour.
        self._silent_until = 0
        self._orders_until = 0
        self._key_until = 0  # 0: nothing is known against our key

    @property
    def used(self) -> int:
        """Weight used in this minute, as far as the venue has told us."""
        return self._weight.value(self._now())

    @property
    def retry_at(self) -> int:
        """When the venue will listen again, wall nanoseconds; 0 where it does now."""
        until = max(self._silent_until, self._key_until)
        return self._wall(until) if until > self._elapsed() else 0

    def admit(self, priority: Priority, *, signed: bool = True) -> None:
        """Pass, or raise RateLimited with the moment from which a request of `priority` may leave."""
        now = self._now()
        if signed:
            self.admit_key()
        if self._elapsed() < self._silent_until:
            raise _held("the venue asked for silence", self._wall(self._silent_until))
        if self._weight.value(now) >= _SHARES[priority] * self.limits.weight_minute:
            raise _held(
                f"{self._weight.value(now)} of {self.limits.weight_minute} request weight is used, "
                f"the rest is kept for what matters more than {priority.name.lower()}",
                self._weight.ends(now),
            )
        if priority is Priority.ORDER:
            self._admit_order(now)

    def admit_key(self) -> None:
        """Pass, or raise RateLimited: of all that is signed one request a minute asks a refused key again."""
        elapsed = self._elapsed()
        if elapsed < self._key_until:
            raise _held("the venue refuses our API key", self._wall(self._key_until))
        if self._key_until:
            self._key_until = elapsed + _KEY_SILENCE

    def refuse_key(self) -> bool:
        """The venue refused our key: nothing signed leaves for a minute. Whether that is news."""
        news = not self._key_until
        self._key_until = self._elapsed() + _KEY_SILENCE
        return news

    def accept_key(self) -> None:
        """The venue took our key."""
        self._key_until = 0

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn from the headers of any answer."""
        for name, counter in self._counters:
            if (told := headers.get(name, "")).isdecimal():
                counter.put(int(told), self._now())

    def refuse(self, headers: Mapping[str, str], code: int) -> int:
        """Open the breaker after a 429 or 418; returns the wall moment until which it stays open."""
        until = self._elapsed() + _retry_after(headers)
        if code == _ORDERS_CODE:
            self._orders_until = max(self._orders_until, until)
        else:
            self._silent_until = max(self._silent_until, until)
        return self._wall(until)

    def _wall(self, elapsed: int) -> int:
        return self._now() + elapsed - self._elapsed()

    def _admit_order(self, now: int) -> None:
        if self._elapsed() < self._orders_until:
            raise _held("too many new orders", self._wall(self._orders_until))
        for counter, limit in (
            (self._orders_10s, self.limits.orders_10s),
            (self._orders_day, self.limits.orders_day),
        ):
            if counter.value(now) >= limit:
                raise _held(f"{limit} new orders are used", counter.ends(now))


class _Counter:
    """A number that the venue counts within fixed windows of wall time."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._index = -1
        self._count = 0

    def put(self, count: int, now: int) -> None:
        self._index, self._count = now // self._window, count

    def value(self, now: int) -> int:
        return self._count if now // self._window == self._index else 0

    def ends(self, now: int) -> int:
        return (now // self._window + 1) * self._window


def _retry_after(headers: Mapping[str, str]) -> int:
    try:
        return max(1, int(headers["Retry-After"])) * SECOND
    except (KeyError, ValueError):
        return _SILENCE_DEFAULT


def _held(why: str, until: int) -> RateLimited:
    return RateLimited(f"held back: {why}; next try at {iso(until)}", until)
