"""What the exchange answers when it says no: the venue's number, its words and the HTTP status."""

from __future__ import annotations

from midas.errors import Rejected


class Refusal(Rejected):
    """One refused request; nothing of it was executed."""

    def __init__(
        self,
        code: int,
        text: str,
        status: int = 400,
        *,
        retry_after: int | None = None,
        data: dict[str, object] | None = None,
        page: str = "",
    ) -> None:
        super().__init__(text, code)
        self.text = text
        self.status = status
        self.retry_after = retry_after  # seconds
        self.data = data
        self.page = page  # HTML that REST sends in place of JSON

    def body(self) -> dict[str, object]:
        """The JSON object that a client reads."""
        answer: dict[str, object] = {"code": self.code, "msg": self.text}
        return answer if self.data is None else answer | {"data": self.data}


def missing(name: str) -> Refusal:
    """A mandatory parameter is absent or empty."""
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def unread(name: str) -> Refusal:
    """A parameter has no place in this request."""
    return Refusal(-1106, f"Parameter '{name}' sent when not required.")


def illegal(name: str, legal: str) -> Refusal:
    """A parameter holds characters outside of its legal range."""
    return Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def filtered(name: str) -> Refusal:
    """An order fails one of the symbol's filters."""
    return Refusal(-1013, f"Filter failure: {name}")


def engine_refusal(text: str) -> Refusal:
    """The matching engine doesn't take the order."""
    return Refusal(-2010, text)


def insufficient() -> Refusal:
    """The account can't pay for the order."""
    return engine_refusal("Account has insufficient balance for requested action.")


UNKNOWN_SYMBOL = "Invalid symbol."


def unknown_symbol() -> Refusal:
    """No such symbol is listed."""
    return Refusal(-1121, UNKNOWN_SYMBOL)


def unknown_cancel() -> Refusal:
    """A cancel names no open order."""
    return Refusal(-2011, "Unknown order sent.")


def unknown_order() -> Refusal:
    """A query names no order."""
    return Refusal(-2013, "Order does not exist.")


def archived() -> Refusal:
    """A query names an order that was forgotten."""
    return Refusal(
        -2026,
        "Order was canceled or expired with no executed qty over 90 days ago and has been archived.",
    )


def unknown_list() -> Refusal:
    """A query names no order list."""
    return Refusal(-2018, "Order list does not exist.")
