"""Cancels for the kill listener's thread: one blocking connection of its own, no event loop.

It must work while the engine's loop is busy or stuck, so it shares nothing with it: own socket, own signing,
next to no Python between the command and the socket.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from midas.domain.time import MILLISECOND
from midas.errors import ConfigInvalid, OutcomeUnknown, Unreachable

RECV_WINDOW_MS = 3000
TIMEOUT_S = 3.0

_CODE = re.compile(rb'"code"\s*:\s*(-?\d+)')


class EmergencyCanceller:
    """Used by one thread only. `cancel` may be repeated: the venue cancels an order once."""

    def __init__(
        self,
        rest_url: str,
        api_key: str,
        api_secret: str,
        now: Callable[[], int],
        offset_ms: Callable[[], float],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`rest_url` as in Endpoints; `offset_ms` reads the latest offset to the venue's time."""
        parts = urlsplit(rest_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigInvalid(f"venue URL rest is {rest_url!r}; expected http://host[:port]/api")
        connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = connect(parts.hostname, parts.port, timeout=timeout_s)
        self._path = f"{parts.path}/v3/"
        self._headers = {"X-MBX-APIKEY": api_key}
        self._key = hmac.new(api_secret.encode(), digestmod=hashlib.sha256)
        self._now = now
        self._offset_ms = offset_ms
        self.retry_after_s = 0  # what the newest answer asked for

    def ping(self) -> bool:
        """Open the connection, or keep it warm; whether the venue answered."""
        try:
            return self._request("GET", f"{self._path}ping", resend=True)[0] == 200
        except (Unreachable, OutcomeUnknown):
            return False

    def cancel(self, symbol: str, client_id: str) -> tuple[int, int]:
        """HTTP status and the venue's code (0 for none): (200, 0) cancelled, (400, -2011) nothing open.

        Raises Unreachable where no connection stands, OutcomeUnknown where no answer came.
        """
        return self._signed("order", f"origClientOrderId={client_id}&symbol={symbol}")

    def cancel_all(self, symbol: str) -> tuple[int, int]:
        """Cancel every order of `symbol` on the account, whosever it is; as `cancel`."""
        return self._signed("openOrders", f"symbol={symbol}")

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._connection.close()

    def signed(self, path: str, query: str) -> str:
        """The target of a request that only we can make, as of now."""
        timestamp = self._now() // MILLISECOND + int(self._offset_ms())
        query = f"{query}&recvWindow={RECV_WINDOW_MS}&timestamp={timestamp}".lstrip("&")
        signature = self._key.copy()
        signature.update(query.encode())
        return f"{self._path}{path}?{query}&signature={signature.hexdigest()}"

    def public(self, path: str) -> str:
        """The target of a request that anybody may make."""
        return f"{self._path}{path}"

    def _signed(self, path: str, query: str) -> tuple[int, int]:
        return self._request("DELETE", self.signed(path, query), True)

    def _request(self, method: str, target: str, resend: bool) -> tuple[int, int]:
        status, body = self.exchange(method, target, resend)
        code = _CODE.search(body) if status >= 400 else None
        return status, int(code[1]) if code else 0

    def exchange(self, method: str, target: str, resend: bool) -> tuple[int, bytes]:
        """Status and body; `resend`: once more where a connection that was kept has been cut.

        Raises Unreachable, OutcomeUnknown.
        """
        try:
            if self._connection.sock is None:
                self._connection.connect()
                resend = False
        except OSError as error:
            raise Unreachable(f"the venue can't be reached ({type(error).__name__})") from None
        try:
            self._connection.request(method, target, headers=self._headers)
            response = self._connection.getresponse()
            asked = response.getheader("Retry-After", "")
            self.retry_after_s = int(asked) if asked.isdecimal() else 0
            return response.status, response.read()
        except (http.client.HTTPException, OSError) as error:
            self._connection.close()
            if resend:  # the venue may have closed the kept-alive connection since it was last used
                return self.exchange(method, target, resend=False)
            raise OutcomeUnknown(f"no answer from the venue ({type(error).__name__})") from None
