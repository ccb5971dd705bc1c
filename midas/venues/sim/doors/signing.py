"""Who sent a request, and whether it is theirs: API key, signature, time window."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import unquote, urlencode

from midas.domain.time import MICROSECOND
from midas.venues.sim.doors.params import Params
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.refusal import Refusal, missing

WINDOW = r"^([0-9]{1,5})(\.[0-9]{1,3})?$"
WINDOW_DEFAULT = Decimal(5_000)  # milliseconds, like the two below
WINDOW_MAX = 60_000
AHEAD_MAX = 1_000  # that a client's clock may run ahead
MICROSECONDS_ABOVE = 10**15

_LONG = re.compile(r"[0-9]{6,20}(\.[0-9]{1,3})?")  # more than its legal range holds is only too much

# What percent-encoding leaves: since January 2026 the venue refuses signatures over anything else.
_ENCODED = re.compile(r"[A-Za-z0-9\-._~*!'()+%=&]*")


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
    (query, in_query), (body, in_body) = _without_signature(query), _without_signature(body)
    signature, text = in_query or in_body, query + body
    if not signature:
        raise missing("signature")
    raw = text.encode("utf-8", "surrogateescape")
    if _ENCODED.fullmatch(text) is None or not account.key.verifies(raw, unquote(signature)):
        raise _forged()


def check_message(account: Account, params: Params) -> None:
    """Verify a WebSocket request: its parameters sorted by name, encoded or not."""
    values = dict(params.items())
    signature = values.pop("signature", "")
    if not signature:
        raise missing("signature")
    ordered = sorted(values.items())
    texts = "&".join(f"{name}={value}" for name, value in ordered), urlencode(ordered, errors="replace")
    # Clients disagree on the encoding of the text that they sign, and the venue takes both.
    if not any(account.key.verifies(text.encode("utf-8", "replace"), signature) for text in texts):
        raise _forged()


def check_time(params: Params, now: int) -> None:
    """Refuse a timestamp outside of the receive window at wall time `now`."""
    sent = params.integer("timestamp")
    if sent is None:
        raise missing("timestamp")
    window = _window(params)
    if sent < MICROSECONDS_ABOVE:
        sent *= 1_000
    age = now // MICROSECOND - sent
    if age <= -AHEAD_MAX * 1_000:
        raise Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if age > window * 1_000:
        raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def _window(params: Params) -> Decimal:
    too_long = _LONG.fullmatch(params.get("recvWindow") or "") is not None
    text = str(WINDOW_MAX + 1) if too_long else params.optional("recvWindow", WINDOW)
    window = WINDOW_DEFAULT if text is None else Decimal(text)
    if window > WINDOW_MAX:
        raise Refusal(-1131, f"recvWindow must be less than {WINDOW_MAX}.")
    return window


def _without_signature(text: str) -> tuple[str, str]:
    """`text` without its signature parameter, and that parameter's value."""
    pieces = text.split("&") if text else []
    kept = [piece for piece in pieces if not piece.startswith("signature=")]
    found = [piece for piece in pieces if piece.startswith("signature=")]
    return "&".join(kept), found[0].partition("=")[2] if found else ""


def _forged() -> Refusal:
    return Refusal(-1022, "Signature for this request is not valid.")
