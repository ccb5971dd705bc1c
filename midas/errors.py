"""Every error midas names, as one tree.

MidasError
|-- UsageError                 the person can mend it: one sentence, exit code 2
|   |-- ConfigInvalid          config file, profile, environment variable or argument
|   |-- WorkspaceInvalid       a strategy, model or source file that can't be loaded
|   |-- RecordingInvalid       a market recording that can't be read or replayed
|   |-- AlreadyRunning         a second engine on the same home, or a port in use
|   |-- NotRunning             a command for an engine that isn't there
|   |-- SessionUnknown         no session of that name
|   |-- RepairNeeded           a journal that can't be continued before a person has seen it
|   |-- OrderInvalid           an order as no venue takes it; the sentence says the nearest that one does
|   `-- NotLoopback            environment SIM with an address outside this machine
|-- LookAhead                data of after the clock were asked for: a test of the past that knows its future
|-- ProcessEnded               an exchange or engine that midas started ended at its start
|-- ConsoleFailed              a bug of ours in the console; the engine trades on
|-- EngineFailed               a bug of ours, or a journal that takes no more; a halt is latched
|-- VenueError                 what a venue does to us
|   |-- MalformedMessage       bytes that are not what the venue documents
|   |-- RateLimited            429, 418: wait until `retry_at`
|   |-- Rejected               a definite "no" with the venue's code
|   |-- OutcomeUnknown         the request may or may not have been executed
|   |-- Unreachable            no connection, or it broke before anything was sent
|   |-- SendRefused            our own gate closed before the first byte; nothing was sent
|   `-- SentTwice              a bug of ours: an intent is sent once, its second send is refused
|-- StoreError
|   |-- StoreDamaged           names the file and the last good sequence
|   |-- StoreFull              no space, or the disk refuses writes
|   `-- SchemaNewer            written by a newer midas
|-- ReplayError
|   |-- CodeDiffers            the session was recorded by other code
|   |-- ConfigDiffers          the session ran under another configuration
|   `-- AuditDiffers           the same inputs decided something else
`-- LinkError
    |-- LinkClosed             the engine went away
    |   `-- LinkSilent         it took the connection and said nothing; nothing was asked of it
    |-- LinkRefused            engine and client are of different code
    `-- CommandRefused         the engine understood and said no
"""

from __future__ import annotations


class MidasError(Exception):
    """The root: `str(error)` is one sentence for a person."""

    exit_code = 1


class UsageError(MidasError):
    """Something the person at the keyboard can mend."""

    exit_code = 2


class ConfigInvalid(UsageError):
    """A configuration file, variable or argument with an unknown key or an impossible value."""


class WorkspaceInvalid(UsageError):
    """A workspace file (strategy, model, source) that is missing, doesn't import or lacks its class."""


class ParameterInvalid(WorkspaceInvalid):
    """A strategy's parameter that isn't one, or can't be what it was given; `key` "": several together,
    which `value` tells."""

    def __init__(self, key: str, value: object, sentence: str, where: str = "") -> None:
        said = [where, f"{key} = {value!r}" if key else str(value), sentence]
        super().__init__(": ".join(filter(None, said)))
        self.key, self.value, self.sentence, self.where = key, value, sentence, where

    def __reduce__(self) -> tuple[type[ParameterInvalid], tuple[str, object, str, str]]:
        """It may have to come from another process."""
        return type(self), (self.key, self.value, self.sentence, self.where)


class CombinationRefused(WorkspaceInvalid):
    """Parameters that are each what they should be, and together make no sense to their strategy."""


class RecordingInvalid(UsageError):
    """A market recording that can't be read, or holds no snapshot to start from."""


class AlreadyRunning(UsageError):
    """Another engine owns this home, or another process owns the port."""


class NotRunning(UsageError):
    """There is no engine to talk to."""


class SessionUnknown(UsageError):
    """No recorded session has that name."""


class RunUnknown(UsageError):
    """No back-test that was kept has that name."""


class RepairNeeded(UsageError):
    """A damaged journal: `midas repair` goes on from its last good record and the venue."""


class OrderInvalid(UsageError):
    """An order that can't be: a word, a price or a quantity that no venue takes."""


class NotLoopback(UsageError):
    """Environment SIM resolved to an address outside this machine."""


class LookAhead(MidasError):
    """Something asked for data of after its clock: what it would say was made with the future."""


class ProcessEnded(MidasError):
    """A process of ours ended while it was waited for; its last sentence is this one."""


class ConsoleFailed(MidasError):
    """The console can't go on drawing; the engine doesn't notice."""


class EngineFailed(MidasError):
    """The engine can't go on; what it could still do for safety is in the sentence."""


class VenueError(MidasError):
    """What a venue, or the way to it, does to us."""


class MalformedMessage(VenueError):
    """Bytes from a venue that are not what its documents promise."""


class RateLimited(VenueError):
    """The venue asks for silence until `retry_at` (wall nanoseconds, UTC)."""

    def __init__(self, sentence: str, retry_at: int) -> None:
        super().__init__(sentence)
        self.retry_at = retry_at


class Rejected(VenueError):
    """A definite refusal: nothing was executed."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


class OutcomeUnknown(VenueError):
    """The request left and no definite answer came: it may or may not have been executed."""


class Unreachable(VenueError):
    """The venue can't be reached; nothing was sent."""


class SendRefused(VenueError):
    """Our own gate closed before the first byte; nothing was sent."""


class SentTwice(VenueError):
    """An intent came to its broker a second time; nothing was sent for it."""


class StoreError(MidasError):
    """What a disk does to us."""


class StoreDamaged(StoreError):
    """A journal, write-ahead log, head or tape segment that isn't what was written."""

    def __init__(self, sentence: str, file: str, last_good: int) -> None:
        super().__init__(sentence)
        self.file = file
        self.last_good = last_good


class StoreFull(StoreError):
    """The disk takes no more: no intent is durable, so nothing may be sent."""


class SchemaNewer(StoreError):
    """The store was written by a newer midas; it is left untouched."""

    exit_code = 2  # whoever starts it again gets the same answer


class ReplayError(MidasError):
    """A replay that can't vouch for the session."""


class CodeDiffers(ReplayError):
    """The session was recorded by other code than this."""

    exit_code = 3


class ConfigDiffers(ReplayError):
    """The session ran under another configuration than the workspace has now."""

    exit_code = 4


class AuditDiffers(ReplayError):
    """The same inputs led to another decision than the recorded one."""


class LinkError(MidasError):
    """The connection between a door (console, command) and the engine."""


class LinkClosed(LinkError):
    """The engine closed the connection or died."""


class LinkSilent(LinkClosed):
    """An engine that says nothing took the connection: nothing was asked of it."""


class LinkRefused(LinkError):
    """Engine and client are of different code: they would misunderstand each other."""

    exit_code = 2


class CommandRefused(LinkError):
    """The engine understood the command and refused it, with its reason."""

    exit_code = 5
