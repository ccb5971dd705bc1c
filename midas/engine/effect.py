"""What the engine asks the world to do. The runner performs effects; their results come back as events."""

from __future__ import annotations

import msgspec

from midas.domain.order import OrderIntent


class SubmitOrder(msgspec.Struct, frozen=True, tag="submit"):
    """Make the intent durable, then send it once."""

    intent: OrderIntent


class WithdrawOrder(msgspec.Struct, frozen=True, tag="withdraw"):
    """Ask the venue for a cancel; never waits for the disk."""

    client_id: str
    instrument: str
    reason: str


class TakeAccount(msgspec.Struct, frozen=True, tag="account"):
    """Take a full pass over the account; comes back as AccountReported."""

    purpose: str  # start, audit, unknown, stop


class ResyncBook(msgspec.Struct, frozen=True, tag="resync"):
    """The book became impossible here (crossed): have the feed fetch a fresh snapshot."""

    instrument: str


class ReadRules(msgspec.Struct, frozen=True, tag="rules"):
    """Ask what the venue states about an instrument now; comes back as RulesRead."""

    instrument: str


class TripLatch(msgspec.Struct, frozen=True, tag="trip"):
    """An automatic trigger: put the latch on disk; comes back as LatchTripped."""

    level: str
    by: str
    reason: str


class ReleaseLatch(msgspec.Struct, frozen=True, tag="release"):
    """A person confirmed the resume."""

    by: str
    reason: str


class Disconnect(msgspec.Struct, frozen=True, tag="disconnect"):
    """Close the venue sessions: the last step of kill level `disconnect`."""

    reason: str


class StopRuntime(msgspec.Struct, frozen=True, tag="stop"):
    """Everything is settled: the process may end."""

    reason: str


Effect = (
    SubmitOrder
    | WithdrawOrder
    | TakeAccount
    | ResyncBook
    | ReadRules
    | TripLatch
    | ReleaseLatch
    | Disconnect
    | StopRuntime
)
