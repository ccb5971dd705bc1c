"""What can happen to user events between the exchange and the sockets: doubled, swapped, held, spoilt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from midas.venues.sim.faults.arming import Armed, Target
from midas.venues.sim.faults.faults import Faults
from midas.venues.sim.faults.spoil import spoilt
from midas.venues.sim.wire.reports import Json

Event = Json | msgspec.Raw
Deliver = Callable[[str, Event], None]


class _Waiting(NamedTuple):
    """The first of two events that are to change places."""

    event: Json
    deliver: Deliver
    timer: asyncio.TimerHandle


class UserFaults:
    """Every user event passes here where anything is armed."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._first: dict[tuple[int, str], _Waiting] = {}  # by hook and account
        self._news: dict[tuple[str, object], tuple[Json, Deliver]] = {}  # NEW reports that wait for a fill
        self._held: dict[str, list[tuple[Json, Deliver]]] = {}  # by account: until its reply has left
        faults.on("reorder_events", lambda armed: None, self._pass_all)

    def __bool__(self) -> bool:
        return bool(self._faults) or bool(self._held)

    def event(self, account: str, event: Json, deliver: Deliver) -> None:
        """Hand `event` on to `deliver`: now, later, twice or spoilt."""
        target = Target(symbol=str(event.get("s", "")), account=account)
        if account in self._held:
            self._held[account].append((event, deliver))
        elif self._waits_for_fill(target, event, deliver) or self._swapped(target, event, deliver):
            return
        else:
            self._deliver(target, event, deliver)

    def hold(self, account: str) -> None:
        """Keep the account's events back until `release`."""
        self._held.setdefault(account, [])

    def release(self, account: str) -> None:
        """Let go of what was held, in order."""
        for event, deliver in self._held.pop(account, []):
            self.event(account, event, deliver)

    def _deliver(self, target: Target, event: Json, deliver: Deliver) -> None:
        if (order := self._faults.take("malformed_message", target, sockets="user")) is not None:
            wrong = spoilt(msgspec.json.encode(event), order.text("field"))
            deliver(target.account, msgspec.Raw(wrong))
            return
        deliver(target.account, event)
        if self._faults.take("duplicate_event", target, event=str(event["e"])) is not None:
            deliver(target.account, event)

    def _swapped(self, target: Target, event: Json, deliver: Deliver) -> bool:
        """Whether `event` waits for the next one, or was delivered before the one that waited."""
        armed = self._faults.find("reorder_events", target, event=str(event["e"]))
        if armed is None:
            return False
        key = armed.id, target.account
        if key not in self._first:
            wait = armed.order.number("within_s")
            timer = asyncio.get_running_loop().call_later(wait, self._pass_first, key)
            self._first[key] = _Waiting(event, deliver, timer)
            return True
        deliver(target.account, event)
        self._pass_first(key)
        self._faults.used(armed, target)
        return True

    def _pass_first(self, key: tuple[int, str]) -> None:
        """The one that waited need wait no more."""
        waiting = self._first.pop(key)
        waiting.timer.cancel()
        waiting.deliver(key[1], waiting.event)

    def _pass_all(self, armed: Armed) -> None:
        """The hook ended: nothing waits for it any more."""
        for key in [key for key in self._first if key[0] == armed.id]:
            self._pass_first(key)

    def _waits_for_fill(self, target: Target, event: Json, deliver: Deliver) -> bool:
        """Whether `event` is a NEW report that must come after its order's first fill."""
        if event["e"] != "executionReport":
            return False
        key = target.account, event["i"]
        waiting = self._news.pop(key, None)
        if waiting is not None:
            deliver(target.account, event)
            waiting[1](target.account, waiting[0])
            return True
        armed = self._faults.find("fill_before_ack", target)
        if armed is None or event["x"] != "NEW":
            return False
        self._news[key] = event, deliver
        asyncio.get_running_loop().call_later(armed.order.number("gap_s"), self._pass_new, key)
        return True

    def _pass_new(self, key: tuple[str, object]) -> None:
        """No fill came in time."""
        if (waiting := self._news.pop(key, None)) is not None:
            event, deliver = waiting
            deliver(key[0], event)
