"""What hooks do by themselves: to sockets, to the port, to the clock, to symbols and resting orders."""

from __future__ import annotations

from midas.domain.money import ZERO
from midas.domain.time import MILLISECOND
from midas.venues.sim.doors.sockets import GOING_AWAY, Sockets
from midas.venues.sim.doors.userstream import UserStreams
from midas.venues.sim.faults.arming import Armed, Target
from midas.venues.sim.faults.clock import ServerClock
from midas.venues.sim.faults.faults import Faults
from midas.venues.sim.faults.fill_faults import FillFaults
from midas.venues.sim.faults.port import Port
from midas.venues.sim.floor.desk import TRADING
from midas.venues.sim.floor.exchange import Exchange


class SocketActs:
    """Cuts, notices and ended subscriptions."""

    def __init__(self, faults: Faults, sockets: Sockets, users: UserStreams) -> None:
        self._faults = faults
        self._sockets = sockets
        self._users = users
        faults.on("drop_sockets", self._drop)
        faults.on("server_shutdown", self._shut_down)
        faults.on("expire_user_subscription", self._expire)

    def _drop(self, armed: Armed) -> None:
        self._sockets.close(armed.order.text("sockets"), armed.order.whole("code"))

    def _shut_down(self, armed: Armed) -> None:
        order = armed.order
        self._sockets.announce_shutdown(order.text("sockets"))
        self._faults.later(
            order.number("cut_after_s"), lambda: self._sockets.close(order.text("sockets"), GOING_AWAY)
        )

    def _expire(self, armed: Armed) -> None:
        self._users.expire(armed.order.account)


class PortActs:
    """Refused connections."""

    def __init__(self, faults: Faults, port: Port) -> None:
        self._faults = faults
        self._port = port
        faults.on("refuse_connections", self._refuse, self._admit)

    def _refuse(self, armed: Armed) -> None:
        self._port.refuse(armed.order.flag("cut"))

    def _admit(self, armed: Armed) -> None:
        if self._faults.find("refuse_connections", Target()) is None:
            self._port.admit()


class ClockActs:
    """A server clock that is wrong."""

    def __init__(self, faults: Faults, clock: ServerClock) -> None:
        self._clock = clock
        faults.on("shift_server_time", self._shift, self._shift_back)

    def _shift(self, armed: Armed) -> None:
        self._clock.shift(armed.order.whole("shift_ms") * MILLISECOND)

    def _shift_back(self, armed: Armed) -> None:
        self._clock.shift(-armed.order.whole("shift_ms") * MILLISECOND)


class DeskActs:
    """Halted symbols, and fills in chosen sizes."""

    def __init__(self, faults: Faults, exchange: Exchange, fills: FillFaults, clock: ServerClock) -> None:
        self._faults = faults
        self._exchange = exchange
        self._clock = clock
        faults.on("halt_symbol", self._halt, self._resume)
        faults.on("partial_fills", self._fill, fills.forget)
        exchange.cut_fills(fills)

    def _halt(self, armed: Armed) -> None:
        for symbol, desk in self._exchange.desks.items():
            if armed.order.matches(Target(symbol=symbol)):
                desk.status = armed.order.text("status")

    def _resume(self, armed: Armed) -> None:
        for symbol, desk in self._exchange.desks.items():
            target = Target(symbol=symbol)
            if armed.order.matches(target) and self._faults.find("halt_symbol", target) is None:
                desk.status = TRADING

    def _fill(self, armed: Armed) -> None:
        """Fill a named order that rests already; any other is filled in these sizes when it trades."""
        for order in list(self._exchange.open.values()):
            target = Target(symbol=order.symbol, account=order.account)
            if armed.order.matches(target) and armed.order.text("client_id") == order.client_id:
                sizes = armed.order.sizes("sizes")
                self._exchange.fill(order, min(sum(sizes, ZERO), order.left), self._clock())
                self._exchange.settled()
                if not armed.fired:
                    self._faults.used(armed, target)
                return
