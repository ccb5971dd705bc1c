"""One connection to the WebSocket API: who it speaks for, since when, and what it wants to hear."""

from __future__ import annotations

from midas.domain.time import MILLISECOND
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.refusal import Refusal


class Session:
    """The state of a connection."""

    def __init__(self, now: int, tells_limits: bool) -> None:
        self.connected_at = now
        self.tells_limits = tells_limits
        self.account: Account | None = None
        self.listens_for: Account | None = None  # whose events the session itself asked for
        self._authorized_at = 0

    def log_on(self, account: Account, now: int) -> None:
        """From now on requests need neither key nor signature. Only some kinds of keys may do this."""
        if not account.key.may_log_on:
            raise Refusal(-4056, "HMAC_SHA256 API key is not supported.")
        self.account, self._authorized_at = account, now

    def log_out(self) -> None:
        """Forget the key."""
        self.account = self.listens_for = None

    def described(self, now: int, listens: bool) -> dict[str, object]:
        """The session as the venue tells it."""
        account = self.account
        return {
            "apiKey": None if account is None else account.api_key,
            "authorizedSince": None if account is None else self._authorized_at // MILLISECOND,
            "connectedSince": self.connected_at // MILLISECOND,
            "returnRateLimits": self.tells_limits,
            "serverTime": now // MILLISECOND,
            "userDataStream": listens,
        }
