"""The REST doors: `/api/v3/*` and the wallet's `/sapi/*`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from aiohttp import web

from midas.venues.sim.doors import signing
from midas.venues.sim.doors.endpoints import WALLET, Endpoint
from midas.venues.sim.doors.gateway import Gateway
from midas.venues.sim.doors.params import Params
from midas.venues.sim.faults.request_faults import Unanswered
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.refusal import Refusal

_ENCODE = msgspec.json.Encoder().encode
_NOT_FOUND = "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>"
_NOT_ALLOWED = "<html><body><h1>405 Method Not Allowed</h1></body></html>"


class Rest:
    """Serves the gateway's endpoints over HTTP."""

    def __init__(self, gateway: Gateway, touched: Callable[[], None]) -> None:
        self._gateway = gateway
        self._touched = touched

    def routes(self) -> list[web.RouteDef]:
        """The retired listen keys, one route for all endpoints of each root, and nothing for the rest."""
        return [
            web.route("*", "/api/v3/userDataStream", self._retired),
            web.route("*", "/api/v3/{place:.+}", self._handle),
            web.route("*", "/{place:sapi/.+}", self._handle),
            web.route("*", "/{place:.*}", self._unknown),
        ]

    async def _handle(self, request: web.Request) -> web.Response:
        self._touched()
        endpoint = self._gateway.by_path.get(f"{request.method} {request.match_info['place']}")
        if endpoint is None:
            return await self._unknown(request)
        try:
            return await self._answered(endpoint, request)
        except Refusal as refusal:
            return refused(refusal, self._gateway.told_weight(endpoint.wallet))
        except Unanswered as lost:
            return await _cut(request, lost)

    async def _answered(self, endpoint: Endpoint, request: web.Request) -> web.Response:
        query = request.rel_url.raw_query_string
        body = await _body(request)
        params = Params.of_query(query, body)
        weight = self._gateway.spend(endpoint, params)
        account: Account | None = None
        if endpoint.private is not None:
            account = self._gateway.known(request.headers.get("X-MBX-APIKEY"))
            signing.check_request(account, query, body)
            self._gateway.check_time(params)
        result = await self._gateway.answer(endpoint, account, params, weight)
        headers = self._gateway.told_weight(endpoint.wallet)
        if endpoint.places and account is not None:
            recent, today = self._gateway.counts.of(account).counts(self._gateway.wall())
            headers |= {"X-MBX-ORDER-COUNT-10S": str(recent), "X-MBX-ORDER-COUNT-1D": str(today)}
        return web.Response(body=_ENCODE(result), content_type="application/json", headers=headers)

    async def _unknown(self, request: web.Request) -> web.Response:
        place = request.match_info["place"]
        headers = self._gateway.told_weight(place.startswith(WALLET))
        methods = self._gateway.methods(place)
        if not methods:
            return web.Response(status=404, text=_NOT_FOUND, content_type="text/html", headers=headers)
        headers["Allow"] = ", ".join(methods)
        return web.Response(status=405, text=_NOT_ALLOWED, content_type="text/html", headers=headers)

    async def _retired(self, request: web.Request) -> web.Response:
        """Listen keys are gone from the venue."""
        return web.Response(status=410, text="", headers=self._gateway.told_weight(False))


async def _body(request: web.Request) -> str:
    """What was sent after the headers; refuses what can't be read, and too much."""
    try:
        return (await request.read()).decode("utf-8", "surrogateescape")
    except web.RequestPayloadError:
        raise Refusal(-1130, "Data sent in the body of the request is not valid.") from None
    except web.HTTPRequestEntityTooLarge:
        raise Refusal(-1101, "Too many parameters sent for this endpoint.", 413) from None


async def _cut(request: web.Request, lost: Unanswered) -> web.Response:
    """No reply: the connection ends, perhaps after a while."""
    await asyncio.sleep(lost.hang_s)
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def refused(refusal: Refusal, headers: dict[str, str]) -> web.Response:
    """A refusal as HTTP."""
    if refusal.page:
        page = refusal.page
        return web.Response(text=page, status=refusal.status, content_type="text/html", headers=headers)
    if refusal.retry_after is not None:
        headers = headers | {"Retry-After": str(refusal.retry_after)}
    return web.Response(
        body=_ENCODE(refusal.body()), status=refusal.status, content_type="application/json", headers=headers
    )
