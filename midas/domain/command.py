"""What a door may ask of the engine. Every door sends the same commands and gets the same answers."""

from __future__ import annotations

import msgspec


class SetMode(msgspec.Struct, frozen=True, tag="mode"):
    """Change the mode; going riskier needs a reason and `confirmed`."""

    mode: str
    reason: str = ""
    confirmed: bool = False


class Kill(msgspec.Struct, frozen=True, tag="kill"):
    """Stop, at one of the four levels: halt, all, flatten, disconnect."""

    level: str = "halt"
    reason: str = ""


class Resume(msgspec.Struct, frozen=True, tag="resume"):
    """Release the kill latch: the first call returns the review, the second, confirmed, releases."""

    reason: str
    confirmed: bool = False


class CancelOrder(msgspec.Struct, frozen=True, tag="cancel"):
    """Withdraw one of our working orders."""

    client_id: str


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """End the engine process cleanly."""

    reason: str = ""


Command = SetMode | Kill | Resume | CancelOrder | Stop


class Answer(msgspec.Struct, frozen=True):
    """The engine's answer to a command."""

    id: str
    accepted: bool
    message: str
    sequence: int
