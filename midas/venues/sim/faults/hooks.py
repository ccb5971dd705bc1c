"""Every way in which the exchange can be made to misbehave: names, parameters, and what clients then do.

Plain data, cheap to import: `midas sim --help`, the control port and the tests read this one table.
"""

from __future__ import annotations

from typing import NamedTuple

WAITS, ACTS, LASTS = "waits", "acts", "lasts"
"""A hook waits for the next things that match it, acts when it is due, or lasts for a while."""

Value = float | int | str | bool | tuple[str, ...]


class Parameter(NamedTuple):
    """One number, word or list that a hook takes. Its default tells its type."""

    name: str
    default: Value
    unit: str
    sentence: str
    choices: tuple[str, ...] = ()
    bounds: tuple[tuple[int, int], ...] = ()  # of a number that isn't in seconds: inside one of these


class Hook(NamedTuple):
    """One kind of misbehaviour."""

    name: str
    kind: str  # WAITS, ACTS or LASTS
    sentence: str
    reaction: str  # what the documented clients do then
    targets: tuple[str, ...] = ()  # what may narrow it: symbol, stream, path, account
    parameters: tuple[Parameter, ...] = ()


_REQUEST = ("path", "symbol", "account")
_STREAM = ("stream", "symbol")
_EVENT = ("account", "symbol")
_SOCKETS = Parameter(
    "sockets", "all", "", "whose: market streams, the WebSocket API with its user data, or both",
    ("market", "user", "all"),
)  # fmt: skip
_WORD = Parameter("event", "executionReport", "", "which user events, by their name `e`")
_RETRY = Parameter("retry_after_s", 1, "s", "the Retry-After header")
_MANNER = Parameter(
    "manner", "reset", "", "cut the connection at once, or leave it open and silent", ("reset", "hang")
)
_HANG = Parameter("hang_s", 30.0, "s", "how long a hanging connection stays open")
_CODE = Parameter(
    "code", 1001, "", "the close code; 1006 cuts the connection without one",
    bounds=((1000, 1003), (1006, 1014), (3000, 4999)),
)  # fmt: skip
_SHIFT = Parameter(
    "shift_ms", -30_000, "ms", "how far; negative: the server's clock is behind",
    bounds=((-259_200_000, 259_200_000),),
)  # fmt: skip
_GAP = Parameter("gap_s", 0.05, "s", "how long the later one waits")

HOOKS: tuple[Hook, ...] = (
    Hook(
        "drop_sockets",
        ACTS,
        "close every WebSocket, with code 1001 or, without a close frame, 1006",
        "python-binance: market sockets reconnect after two error messages, user sockets never resubscribe; "
        "ccxt.pro: NetworkError, the next watch resubscribes",
        (),
        (_CODE, _SOCKETS),
    ),
    Hook(
        "refuse_connections",
        LASTS,
        "close the port: new connections are refused",
        "REST: cannot connect, so nothing was sent; sockets retry with growing waits",
        (),
        (Parameter("cut", False, "", "cut everything that is connected, too"),),
    ),
    Hook(
        "skip_update_ids",
        WAITS,
        "keep a depth diff back, so that update ids jump",
        "python-binance's depth cache fetches a snapshot; ccxt.pro: ChecksumError, then a snapshot",
        _STREAM,
    ),
    Hook(
        "corrupt_book",
        WAITS,
        "tell a wrong level in a depth diff whose ids are right",
        "no client notices a wrong quantity until it compares with a snapshot; a crossed book shows itself",
        _STREAM,
        (
            Parameter(
                "how",
                "quantity",
                "",
                "ten times a level's quantity, or a bid above the best ask",
                ("quantity", "cross"),
            ),
        ),
    ),
    Hook(
        "malformed_message",
        WAITS,
        "send a stream message that is cut in half, or lacks a field",
        "python-binance ends its read loop with an error message; midas refuses the message and goes on",
        ("stream", "symbol", "account"),
        (
            Parameter("sockets", "market", "", "whose message", ("market", "user")),
            Parameter("field", "", "", "the field to leave out; empty: half of the message"),
        ),
    ),
    Hook(
        "lose_request",
        WAITS,
        "lose a trading request before it is executed",
        "no answer: execution unknown; a query then says -2013, the order never existed",
        _REQUEST,
        (_MANNER, _HANG),
    ),
    Hook(
        "lose_reply",
        WAITS,
        "execute a trading request and lose its reply",
        "no answer: execution unknown; a query by client id then finds the order",
        _REQUEST,
        (_MANNER, _HANG),
    ),
    Hook(
        "delay_reply",
        WAITS,
        "execute a trading request and answer late",
        "a client that waits less long sees a time-out: execution unknown",
        _REQUEST,
        (Parameter("delay_s", 1.0, "s", "how late"),),
    ),
    Hook(
        "answer_429",
        WAITS,
        "answer HTTP 429 with Retry-After: too much request weight",
        "ccxt: DDoSProtection; neither library waits for Retry-After",
        _REQUEST,
        (_RETRY,),
    ),
    Hook(
        "answer_418",
        WAITS,
        "answer HTTP 418 with Retry-After: the address is banned",
        "ccxt: DDoSProtection; whoever goes on is banned for longer",
        _REQUEST,
        (_RETRY,),
    ),
    Hook(
        "answer_403",
        WAITS,
        "answer HTTP 403 with a page of HTML: the firewall",
        "python-binance: an API exception with code 0, since the body is no JSON",
        _REQUEST,
    ),
    Hook(
        "answer_500",
        WAITS,
        "answer HTTP 500, code -1000, without executing",
        "execution unknown: query before anything is sent again",
        _REQUEST,
    ),
    Hook(
        "answer_503",
        WAITS,
        "answer HTTP 503, code -1008: overloaded",
        "a 5xx: treated as execution unknown although the venue did nothing",
        _REQUEST,
    ),
    Hook(
        "answer_504",
        WAITS,
        "answer HTTP 504, code -1007, to a trading request: execution unknown",
        "the order may exist: query it by its client id",
        _REQUEST,
        (Parameter("executed", True, "", "whether the order was executed all the same"),),
    ),
    Hook(
        "reject_order",
        WAITS,
        "refuse a new order with a chosen code and text",
        "a definite no: the order never existed",
        _REQUEST,
        (
            Parameter("code", -2010, "", "the venue's code", bounds=((-99_999, -1),)),
            Parameter("text", "This symbol is not permitted for this account.", "", "the venue's text"),
            Parameter("status", 400, "", "the HTTP status", bounds=((400, 599),)),
        ),
    ),
    Hook(
        "unknown_order",
        LASTS,
        "answer -2013 to queries of orders that exist: the venue's propagation gap",
        "a single -2013 right after an order proves nothing; ask again later",
        ("symbol", "account"),
    ),
    Hook(
        "halt_symbol",
        LASTS,
        "halt a symbol: its status in exchangeInfo, and -2010 `Market is closed.` to new orders",
        "a definite no; cancels still work; ccxt lists the market as inactive",
        ("symbol",),
        (Parameter("status", "BREAK", "", "the status to show", ("BREAK", "HALT", "END_OF_DAY")),),
    ),
    Hook(
        "shift_server_time",
        LASTS,
        "shift the server's wall clock",
        "-1021 until the client measures the offset anew",
        (),
        (_SHIFT,),
    ),
    Hook(
        "partial_fills",
        WAITS,
        "fill an order in chosen sizes: the next that takes, or one that rests",
        "one TRADE report per size; the rest of the order lives on or expires as usual",
        ("symbol", "account"),
        (
            Parameter("sizes", (), "base", 'quantities, in order: ["0.0004", "0.0006"]'),
            Parameter("client_id", "", "", "only this order; one that rests is filled at once"),
        ),
    ),
    Hook(
        "fill_before_ack",
        WAITS,
        "deliver the fill of a new order before its NEW report and before the reply",
        "ccxt.pro and midas take the fill as it comes; never wait for an intermediate state",
        _EVENT,
        (_GAP,),
    ),
    Hook(
        "reply_first",
        WAITS,
        "send the reply of a trading request first, and its user events after it",
        "the same orders and balances either way: nothing may depend on which comes first",
        _REQUEST,
        (_GAP,),
    ),
    Hook(
        "duplicate_event",
        WAITS,
        "send a user event twice",
        "trade ids and execution ids are counted once",
        _EVENT,
        (_WORD,),
    ),
    Hook(
        "reorder_events",
        WAITS,
        "swap two user events that follow each other",
        "an order's state never goes back to an earlier one",
        _EVENT,
        (_WORD, Parameter("within_s", 1.0, "s", "how long the first one waits for a second")),
    ),
    Hook(
        "expire_user_subscription",
        ACTS,
        "end the user data subscriptions with eventStreamTerminated; the sockets stay open",
        "python-binance hands the event over; ccxt.pro's watch_orders is not woken; nothing arrives after it",
        ("account",),
    ),
    Hook(
        "server_shutdown",
        ACTS,
        "announce serverShutdown, then cut with code 1001",
        "python-binance hands the notice over; ccxt.pro ignores it; then as after a drop",
        (),
        (Parameter("cut_after_s", 10.0, "s", "from the notice to the cut"), _SOCKETS),
    ),
    Hook(
        "freeze",
        LASTS,
        "keep sockets open and silent, for `for_s` or until disarmed: no data, no pings, no pongs",
        "python-binance notices by its own ping after 40 s, ccxt.pro after minutes: watch the ages yourself",
        (),
        (
            _SOCKETS,
            Parameter("then", "lose", "", "what becomes of the data meanwhile", ("lose", "deliver")),
        ),
    ),
    Hook(
        "slow",
        LASTS,
        "delay everything that leaves on sockets, in order",
        "data are old when they arrive: only event times against a clock show it",
        (),
        (Parameter("delay_s", 0.5, "s", "how much later"), _SOCKETS),
    ),
)

BY_NAME = {hook.name: hook for hook in HOOKS}


def listed() -> str:
    """One line a hook, for `midas sim --help`."""
    longest = max(len(hook.name) for hook in HOOKS)
    return "".join(f"  {hook.name:<{longest}}  {hook.sentence}\n" for hook in HOOKS)
