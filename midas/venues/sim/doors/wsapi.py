"""The WebSocket API: requests with an id, answers with the same id, user data on the same socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from midas.domain.time import MILLISECOND, SECOND
from midas.domain.unreadable import UNREADABLE
from midas.venues.sim.doors import signing
from midas.venues.sim.doors.endpoints import Endpoint
from midas.venues.sim.doors.gateway import Gateway
from midas.venues.sim.doors.limits import Connections, described
from midas.venues.sim.doors.params import Params
from midas.venues.sim.doors.session import Session
from midas.venues.sim.doors.streams import Client
from midas.venues.sim.doors.userstream import UserStreams
from midas.venues.sim.faults.request_faults import Unanswered
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.refusal import Refusal

PATH = "/ws-api/v3"
CONNECT_WEIGHT = 2
SESSION_WEIGHT = 2

_ENCODE = msgspec.json.Encoder().encode
_UNFORESEEN = "An unknown error occurred while processing the request."
_NULL = msgspec.Raw(b"null")
Answer = dict[str, object]


class Call(msgspec.Struct):
    """One request as it came; its id is echoed, whatever it is."""

    method: object = None
    id: msgspec.Raw = _NULL
    params: object = None


class Request:
    """One request that is being answered."""

    def __init__(self, client: Client, session: Session, method: str, params: Params) -> None:
        self.client = client
        self.session = session
        self.method = method
        self.params = params
        self.places_for: Account | None = None  # whose order count it touches


class WsApi:
    """Serves the gateway's endpoints and the user stream over a WebSocket."""

    def __init__(self, gateway: Gateway, users: UserStreams) -> None:
        self._gateway = gateway
        self._users = users
        self._sessions: dict[Client, Session] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._connections = {True: Connections(), False: Connections()}
        self._own: dict[str, Callable[[Request], object]] = {
            "session.logon": self._log_on,
            "session.status": self._status,
            "session.logout": self._log_out,
            "session.subscriptions": self._subscriptions,
            "userDataStream.subscribe": self._subscribe,
            "userDataStream.subscribe.signature": self._subscribe_signed,
            "userDataStream.unsubscribe": self._unsubscribe,
        }

    def admit(self, path: str) -> None:
        """Count a connection to `path` before it is made; refuses a banned or too eager client."""
        now, here = self._gateway.steady(), path == PATH
        if here:
            self._gateway.weight.check(now)
        self._connections[here].open(now)

    def opened(self, client: Client, tells_limits: bool = True) -> None:
        """A connection came."""
        self._sessions[client] = Session(self._gateway.wall(), tells_limits)
        self._gateway.weight.connected(CONNECT_WEIGHT, self._gateway.steady())

    def closed(self, client: Client) -> None:
        """A connection went; what it had asked for still runs, as on the venue."""
        self._users.leave(client)
        self._sessions.pop(client, None)

    def received(self, client: Client, text: str) -> bool:
        """One message; trading requests run beside each other."""
        try:
            call = msgspec.json.decode(text, type=Call)
        except UNREADABLE:
            client.send_now(_ENCODE(self._refused(_NULL, self._charged("Invalid JSON Request"))))
            return True
        task = asyncio.create_task(self._run(client, self._sessions[client], call))
        self._running.add(task)
        task.add_done_callback(partial(self._ran, client, call))
        return True

    def told_weight(self) -> dict[str, str]:
        """The headers of a reply to who gets no connection."""
        return self._gateway.told_weight(wallet=False)

    def _ran(self, client: Client, call: Call, task: asyncio.Task[None]) -> None:
        """A request is over; one that failed is answered and reported: it is our mistake, or the disk's."""
        self._running.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        client.send_now(_ENCODE(self._refused(call.id, Refusal(-1000, _UNFORESEEN, 500))))
        context = {"message": "a request of the WebSocket API failed", "exception": error, "task": task}
        task.get_loop().call_exception_handler(context)

    def _charged(self, text: str) -> Refusal:
        """The refusal of what is no request, which costs as much as the smallest one."""
        try:
            self._gateway.weight.spend(1, self._gateway.steady())
        except Refusal as refusal:
            return refusal
        return Refusal(-1135, text)

    async def _run(self, client: Client, session: Session, call: Call) -> None:
        request: Request | None = None
        try:
            request = self._request(client, session, call)
            answer: Answer = {"id": call.id, "status": 200, "result": await self._result(request)}
        except Refusal as refusal:
            answer = self._refused(call.id, refusal)
        except Unanswered as lost:
            await asyncio.sleep(lost.hang_s)
            client.drop()
            return
        if _tells_limits(session, call):
            answer["rateLimits"] = self._limits(request)
        client.send_now(_ENCODE(answer))

    def _request(self, client: Client, session: Session, call: Call) -> Request:
        """The parts of a call, or a refusal of what is malformed."""
        if not isinstance(call.method, str):
            raise self._charged("Invalid 'method' in JSON request; expected a string.")
        if call.params is not None and not isinstance(call.params, dict):
            raise self._charged("Invalid 'params' in JSON request; expected an object.")
        try:
            params = Params.of_json(call.params or {})
        except (ValueError, RecursionError):  # nested deeper than a text can be made of it
            raise self._charged("Invalid JSON Request") from None
        return Request(client, session, call.method.removeprefix("v3/"), params)

    async def _result(self, request: Request) -> object:
        if (own := self._own.get(request.method)) is not None:
            self._gateway.weight.spend(SESSION_WEIGHT, self._gateway.steady())
            return own(request)
        endpoint: Endpoint | None = self._gateway.by_method.get(request.method)
        if endpoint is None:
            self._gateway.weight.spend(1, self._gateway.steady())
            raise Refusal(-1020, "This operation is not supported.")
        weight = self._gateway.spend(endpoint, request.params)
        account = self._signed(request) if endpoint.private is not None else None
        request.places_for = account if endpoint.places else None
        return await self._gateway.answer(endpoint, account, request.params, weight)

    def _signed(self, request: Request) -> Account:
        """Whose request it is: the session's where it brings no key of its own."""
        params, account = request.params, request.session.account
        if account is None or params.has("apiKey") or params.has("signature"):
            account = self._gateway.known(params.get("apiKey"))
            signing.check_message(account, params)
        self._gateway.check_time(params)
        return account

    def _log_on(self, request: Request) -> object:
        now = self._gateway.wall()
        account = self._gateway.known(request.params.get("apiKey"))
        signing.check_message(account, request.params)
        self._gateway.check_time(request.params)
        request.session.log_on(account, now)
        return self._status(request)

    def _log_out(self, request: Request) -> object:
        # Subscriptions that were made with a signature of their own go on.
        if request.session.listens_for is not None:
            self._users.log_out(request.client, request.session.listens_for)
        request.session.log_out()
        return self._status(request)

    def _status(self, request: Request) -> object:
        listens = bool(self._users.subscriptions(request.client))
        return request.session.described(self._gateway.wall(), listens)

    def _subscriptions(self, request: Request) -> object:
        return [{"subscriptionId": number} for number in self._users.subscriptions(request.client)]

    def _subscribe(self, request: Request) -> object:
        self._check_there(request)
        account = request.session.account
        if account is None:
            raise Refusal(-1002, "You are not authorized to execute this request.", 401)
        number = self._users.subscribe(request.client, account)
        request.session.listens_for = account
        return {"subscriptionId": number}

    def _check_there(self, request: Request) -> None:
        """Nobody listens for a client that left while its request waited."""
        if request.client not in self._sessions:
            raise Refusal(-1001, "Internal error; unable to process your request. Please try again.")

    def _subscribe_signed(self, request: Request) -> object:
        self._check_there(request)
        return {"subscriptionId": self._users.subscribe(request.client, self._signed(request))}

    def _unsubscribe(self, request: Request) -> object:
        self._users.unsubscribe(request.client, request.params.integer("subscriptionId"))
        return {}

    def _refused(self, number: msgspec.Raw, refusal: Refusal) -> Answer:
        error: Answer = refusal.body()
        if refusal.retry_after is not None:
            now = self._gateway.wall()
            until = (now + refusal.retry_after * SECOND) // MILLISECOND
            error["data"] = {"serverTime": now // MILLISECOND, "retryAfter": until}
        return {"id": number, "status": refusal.status, "error": error}

    def _limits(self, request: Request | None) -> list[dict[str, object]]:
        weight = described(self._gateway.weight.most)[0] | {"count": self._gateway.weight.used}
        if request is None or request.places_for is None:
            return [weight]
        return [*self._gateway.counts.of(request.places_for).rates(self._gateway.wall()), weight]


def _tells_limits(session: Session, call: Call) -> bool:
    wanted = call.params.get("returnRateLimits") if isinstance(call.params, dict) else None
    return session.tells_limits if wanted is None else wanted not in (False, "false")
