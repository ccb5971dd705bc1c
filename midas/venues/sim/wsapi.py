"""The WebSocket API: requests with an id, answers with the same id, user data on the same socket."""

from __future__ import annotations

import asyncio

import msgspec

from midas.domain.time import MILLISECOND, SECOND
from midas.venues.sim import signing
from midas.venues.sim.accounts import Account
from midas.venues.sim.gateway import Endpoint, Gateway
from midas.venues.sim.limits import WEIGHT_MAX
from midas.venues.sim.params import Params
from midas.venues.sim.refusal import Refusal
from midas.venues.sim.streams import Client
from midas.venues.sim.userstream import UserStreams

CONNECT_WEIGHT = 2

_ENCODE = msgspec.json.Encoder().encode
Answer = dict[str, object]


class Call(msgspec.Struct):
    """One request."""

    method: str
    id: int | str | None = None
    params: dict[str, object] = {}


class WsApi:
    """Serves the gateway's endpoints and the user stream over a WebSocket."""

    def __init__(self, gateway: Gateway, users: UserStreams) -> None:
        self._gateway = gateway
        self._users = users
        self._running: dict[Client, set[asyncio.Task[None]]] = {}

    def opened(self, client: Client) -> None:
        """A connection came."""
        self._running[client] = set()
        self._gateway.weight.used += CONNECT_WEIGHT

    def closed(self, client: Client) -> None:
        """A connection went; what it had asked for still runs, as on the venue."""
        self._users.leave(client)
        self._running.pop(client, None)

    def received(self, client: Client, text: str) -> bool:
        """One message; trading requests run beside each other."""
        try:
            call = msgspec.json.decode(text, type=Call)
        except msgspec.DecodeError as error:
            refusal = Refusal(-1135, f"Invalid JSON Request. {error}")
            client.send_now(_ENCODE(self._refused(None, refusal)))
            return True
        task = asyncio.create_task(self._run(client, call))
        self._running[client].add(task)
        task.add_done_callback(self._running[client].discard)
        return True

    async def _run(self, client: Client, call: Call) -> None:
        wanted_limits = call.params.get("returnRateLimits", True) is not False
        params = Params.of_json(call.params)
        try:
            result = await self._result(client, call.method.removeprefix("v3/"), params)
            answer: Answer = {"id": call.id, "status": 200, "result": result}
        except Refusal as refusal:
            answer = self._refused(call.id, refusal)
        if wanted_limits:
            answer["rateLimits"] = [self._weight()]
        client.send_now(_ENCODE(answer))

    async def _result(self, client: Client, method: str, params: Params) -> object:
        if method == "userDataStream.subscribe.signature":
            self._gateway.weight.spend(2, self._gateway.wall())
            return {"subscriptionId": self._users.subscribe(client, self._signed(params))}
        if method == "userDataStream.unsubscribe":
            self._gateway.weight.spend(2, self._gateway.wall())
            self._users.unsubscribe(client, params.integer("subscriptionId"))
            return {}
        endpoint: Endpoint | None = self._gateway.by_method.get(method)
        if endpoint is None:
            raise Refusal(-1000, f"Invalid method '{method}'.")
        weight = self._gateway.spend(endpoint, params)
        account = self._signed(params) if endpoint.private is not None else None
        return await self._gateway.answer(endpoint, account, params, weight)

    def _signed(self, params: Params) -> Account:
        account = self._gateway.known(params.optional("apiKey"))
        signing.check_message(account, params)
        self._gateway.check_time(params)
        return account

    def _refused(self, number: int | str | None, refusal: Refusal) -> Answer:
        error: Answer = refusal.body()
        if refusal.retry_after is not None:
            now = self._gateway.wall()
            until = (now + refusal.retry_after * SECOND) // MILLISECOND
            error["data"] = {"serverTime": now // MILLISECOND, "retryAfter": until}
        return {"id": number, "status": refusal.status, "error": error}

    def _weight(self) -> Answer:
        return {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": WEIGHT_MAX,
            "count": self._gateway.weight.used,
        }
