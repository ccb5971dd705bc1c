"""The control port: a second HTTP address on this machine that makes the exchange misbehave.

GET /hooks, /armed, /log; POST /arm, /fire, /disarm with JSON; and what its owner adds. Not part of any venue.
/arm takes times and a count; /fire is /arm at once and for one time, whatever times and count it is given.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

import msgspec
from aiohttp import web

from midas.domain.unreadable import UNREADABLE
from midas.errors import ConfigInvalid
from midas.venues.sim.faults.arming import Armed, parse
from midas.venues.sim.faults.faults import Faults
from midas.venues.sim.faults.hooks import HOOKS, Hook
from midas.venues.sim.faults.port import Port

HOST = "127.0.0.1"
JSON = "application/json"

_ENCODE = msgspec.json.Encoder().encode
_Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """Serves the control port of one exchange."""

    def __init__(self, faults: Faults, touched: Callable[[], None]) -> None:
        self._faults = faults
        self._touched = touched
        self._runner: web.AppRunner | None = None

    async def open(self, number: int, more: Iterable[web.RouteDef] = ()) -> str:
        """Listen, for `more` too; the address. Raises AlreadyRunning where the port is taken."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/hooks", self._hooks),
                web.get("/armed", self._armed),
                web.get("/log", self._log),
                web.post("/arm", self._arm),
                web.post("/fire", self._fire),
                web.post("/disarm", self._disarm),
                *more,
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        port = Port(self._runner, HOST, number)
        await port.open()
        return f"http://{HOST}:{port.number}"

    async def close(self) -> None:
        """Stop listening; what is armed is taken back."""
        self._faults.disarm_all()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Answer) -> web.StreamResponse:
        """A web page must not reach this, by a name of its own either; errors are one sentence."""
        self._touched()
        host = request.headers.get("Host", HOST).partition(":")[0]
        if "Origin" in request.headers or host not in (HOST, "localhost"):
            return _said(403, "the control port is not for web pages")
        try:
            return await handler(request)
        except ConfigInvalid as error:
            return _said(400, str(error))
        except web.HTTPException as error:
            places = "GET /hooks, /armed, /log, /accounts; POST /arm, /fire, /disarm, /deposit, /withdraw"
            return _said(error.status, f"{request.method} {request.path} is not here; there are {places}")

    async def _hooks(self, request: web.Request) -> web.Response:
        return _json([_described(hook) for hook in HOOKS])

    async def _armed(self, request: web.Request) -> web.Response:
        return _json([_shown(armed) for armed in self._faults.armed()])

    async def _log(self, request: web.Request) -> web.Response:
        return _json([msgspec.structs.asdict(firing) for firing in self._faults.log])

    async def _arm(self, request: web.Request) -> web.Response:
        return _json(_shown(self._faults.arm(parse(await _fields(request)))))

    async def _fire(self, request: web.Request) -> web.Response:
        return _json(_shown(self._faults.fire(parse(await _fields(request)))))

    async def _disarm(self, request: web.Request) -> web.Response:
        fields = await _fields(request)
        number, name = fields.get("id"), fields.get("hook")
        if fields == {"all": True}:
            self._faults.disarm_all()
        elif isinstance(number, int) and not isinstance(number, bool) and len(fields) == 1:
            self._faults.disarm(number)
        elif isinstance(name, str) and len(fields) == 1:
            self._faults.disarm_named(name)
        else:
            raise ConfigInvalid('disarm takes {"id": 3}, {"hook": "freeze"} or {"all": true}')
        return await self._armed(request)


async def _fields(request: web.Request) -> Mapping[str, object]:
    if request.content_type != JSON:
        raise ConfigInvalid(f"the content type is {request.content_type}; expected {JSON}")
    try:
        return msgspec.json.decode(await request.read(), type=dict[str, object])
    except UNREADABLE as error:
        raise ConfigInvalid(f"the body is no JSON object: {error}") from None


def _described(hook: Hook) -> dict[str, object]:
    return hook._asdict() | {"parameters": [row._asdict() for row in hook.parameters]}


def _shown(armed: Armed) -> dict[str, object]:
    order = armed.order
    times = {name: getattr(order, name) for name in ("count", "after_s", "at_s", "for_s", "every_s")}
    targets = {name: getattr(order, name) for name in ("symbol", "stream", "path", "account")}
    state = {"id": armed.id, "hook": order.hook, "active": armed.active, "fired": armed.fired}
    return state | times | targets | order.values


def _json(content: object) -> web.Response:
    return web.Response(body=_ENCODE(content), content_type=JSON)


def _said(status: int, sentence: str) -> web.Response:
    return web.Response(status=status, body=_ENCODE({"error": sentence}), content_type=JSON)
