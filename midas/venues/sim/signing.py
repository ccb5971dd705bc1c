"""Who sent a request, and whether it is theirs: API key, HMAC signature, time window."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlencode

from midas.domain.time import MICROSECOND, MILLISECOND
from midas.venues.sim.accounts import Account
from midas.venues.sim.params import Params
from midas.venues.sim.refusal import Refusal, illegal, missing

WINDOW_DEFAULT = 5_000
WINDOW_MAX = 60_000
AHEAD_MAX = 1_000  # milliseconds that a client's clock may run ahead
MICROSECONDS_ABOVE = 10**15


def known(accounts: Mapping[str, Account], key: str | None) -> Account:
    """The account of an API key."""
    if not key:
        raise Refusal(-2014, "API-key format invalid.", 401)
    account = accounts.get(key)
    if account is None:
        raise Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    return account


def check_request(account: Account, query: str, body: str) -> None:
    """Verify a REST request over its bytes as they were transmitted."""
    parts = [_without_signature(text) for text in (query, body)]
    signature = parts[0][1] or parts[1][1]
    if not signature:
        raise missing("signature")
    _verify(account, parts[0][0] + parts[1][0], signature)


def check_message(account: Account, params: Params) -> None:
    """Verify a WebSocket request: its parameters sorted by name, encoded or not."""
    values = dict(params.items())
    signature = values.pop("signature", "")
    if not signature:
        raise missing("signature")
    ordered = sorted(values.items())
    plain = "&".join(f"{name}={value}" for name, value in ordered)
    if _signed(account, plain) != signature.lower():
        _verify(account, urlencode(ordered), signature)


def check_time(params: Params, now: int) -> None:
    """Refuse a timestamp outside of the receive window at wall time `now`."""
    sent = params.integer("timestamp")
    if sent is None:
        raise missing("timestamp")
    server = now // MILLISECOND
    if sent > MICROSECONDS_ABOVE:
        sent = sent * MICROSECOND // MILLISECOND
    text = params.optional("recvWindow")
    window = WINDOW_DEFAULT if text is None else _window(text)
    if sent >= server + AHEAD_MAX:
        raise Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if server - sent > window:
        raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def _window(text: str) -> float:
    try:
        window = float(text)
    except ValueError:
        raise illegal("recvWindow", r"^([0-9]{1,5})(\.[0-9]{1,3})?$") from None
    if not 0 <= window <= WINDOW_MAX:
        raise Refusal(-1131, "recvWindow must be less than 60000.")
    return window


def _without_signature(text: str) -> tuple[str, str]:
    """`text` without its signature parameter, and that parameter's value."""
    pieces = text.split("&") if text else []
    kept = [piece for piece in pieces if not piece.startswith("signature=")]
    found = [piece for piece in pieces if piece.startswith("signature=")]
    return "&".join(kept), found[0].partition("=")[2] if found else ""


def _signed(account: Account, text: str) -> str:
    return hmac.new(account.api_secret, text.encode(), sha256).hexdigest()


def _verify(account: Account, text: str, signature: str) -> None:
    if not hmac.compare_digest(_signed(account, text).encode(), signature.lower().encode()):
        raise Refusal(-1022, "Signature for this request is not valid.")
