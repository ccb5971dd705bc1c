"""The REST door: `/api/v3/*`."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from aiohttp import web

from midas.venues.sim import signing
from midas.venues.sim.accounts import Account
from midas.venues.sim.gateway import Endpoint, Gateway
from midas.venues.sim.params import Params
from midas.venues.sim.refusal import Refusal

_ENCODE = msgspec.json.Encoder().encode


class Rest:
    """Serves the gateway's endpoints over HTTP."""

    def __init__(self, gateway: Gateway, touched: Callable[[], None]) -> None:
        self._gateway = gateway
        self._touched = touched

    def routes(self) -> list[web.RouteDef]:
        """One route for all endpoints, one for the retired listen keys."""
        return [
            web.route("*", "/api/v3/userDataStream", self._retired),
            web.route("*", "/api/v3/{path:.+}", self._handle),
        ]

    async def _handle(self, request: web.Request) -> web.Response:
        self._touched()
        endpoint = self._gateway.by_path.get(f"{request.method} {request.match_info['path']}")
        if endpoint is None:
            return web.Response(
                status=404, text="<html><body>Not found</body></html>", content_type="text/html"
            )
        account: Account | None = None
        try:
            query, body = request.rel_url.raw_query_string, (await request.read()).decode("utf-8", "replace")
            params = Params.of_query(query, body)
            weight = self._gateway.spend(endpoint, params)
            if endpoint.private is not None:
                account = self._gateway.known(request.headers.get("X-MBX-APIKEY"))
                signing.check_request(account, query, body)
                self._gateway.check_time(params)
            result = await self._gateway.answer(endpoint, account, params, weight)
        except Refusal as refusal:
            return self._refused(refusal)
        return self._answered(endpoint, account, result)

    def _answered(self, endpoint: Endpoint, account: Account | None, result: object) -> web.Response:
        headers = self._weights()
        if endpoint.places and account is not None:
            recent, today = self._gateway.private.order_count(account).counts(self._gateway.wall())
            headers |= {"X-MBX-ORDER-COUNT-10S": str(recent), "X-MBX-ORDER-COUNT-1D": str(today)}
        return web.Response(body=_ENCODE(result), content_type="application/json", headers=headers)

    def _refused(self, refusal: Refusal) -> web.Response:
        headers = self._weights()
        if refusal.retry_after is not None:
            headers["Retry-After"] = str(refusal.retry_after)
        return web.Response(
            body=_ENCODE(refusal.body()),
            status=refusal.status,
            content_type="application/json",
            headers=headers,
        )

    def _weights(self) -> dict[str, str]:
        used = str(self._gateway.weight.used)
        return {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}

    async def _retired(self, request: web.Request) -> web.Response:
        """Listen keys are gone from the venue."""
        return web.Response(status=410, text="")
