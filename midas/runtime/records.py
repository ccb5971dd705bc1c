"""What the bytes in journal and tape mean: the header, events, audits and seals of a session."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from pathlib import Path

import msgspec

from midas.domain.carry import AlertCarried
from midas.domain.event import Market, Recorded
from midas.engine.config import EngineConfig

HEADER = "header"
EVENT = "event"
AUDIT = "audit"
SEALED = "tape.sealed"
PRUNED = "tape.pruned"
MARKS = "marks"
FAILURE = "failure"

# What can influence a decision; doors and stores can change without touching a replay.
CORE = (
    "errors.py", "domain", "ports", "state", "costs.py", "statistics", "analysis", "execution",
    "portfolio", "risk", "agents", "engine",
)  # fmt: skip
WHOLE = (".",)  # a trial hangs on more: settings, the back-test and whatever these two come to import
_PACKAGE = Path(__file__).resolve().parent.parent


FORMAT = 1  # of what the bytes of a record mean


class Stamp(msgspec.Struct, frozen=True):
    """What every header says of itself, whatever else it holds."""

    version: str
    format: int = 1


class Header(msgspec.Struct, frozen=True):
    """Record 0: everything besides the events that a replay needs, and what it is checked against."""

    session: str
    started_at: int
    version: str
    code_hash: str
    config_hash: str
    config: EngineConfig
    venue: str
    account: str
    environment: str
    profile: str
    speed: float
    format: int = 1  # of the records; a header that lacks it is of the first


class Marks(msgspec.Struct, frozen=True):
    """What a restart has to know and no event tells: it follows from prices, which the tape may give up."""

    equity_peak: float
    day: int
    day_equity: float
    floor: str  # the mode that a human last chose
    alerts: tuple[AlertCarried, ...] = ()  # what fires them is on the tape alone
    alert_last: int = 0
    week: int = 0
    week_equity: float = 0.0
    month: int = 0
    month_equity: float = 0.0
    day_made: float = 1.0  # until the day's loss was accepted


encode_event = msgspec.json.Encoder().encode
encode_market = msgspec.msgpack.Encoder().encode
encode_header = msgspec.json.Encoder().encode
encode_marks = msgspec.json.Encoder().encode
decode_event = msgspec.json.Decoder(Recorded).decode
decode_market = msgspec.msgpack.Decoder(Market).decode
decode_stamp = msgspec.json.Decoder(Stamp).decode
decode_header = msgspec.json.Decoder(Header).decode
decode_marks = msgspec.json.Decoder(Marks).decode


def computed_by() -> str:
    """The interpreter and the libraries whose rounding a decision may hang on."""
    import numba  # loaded by whoever decides; whoever reads a journal can do without
    import numpy

    return f"Python {platform.python_version()}, numpy {numpy.__version__}, numba {numba.__version__}"


def code_hash(plugins: list[Path], parts: Sequence[str] = CORE, package: Path = _PACKAGE) -> str:
    """Hash of all that decides: core and strategies by name and content, and what computes their numbers.

    `parts`: of `package`, files or folders.
    """
    digest = hashlib.sha256(f"{computed_by()}\0".encode())
    for part in parts:
        root = package / part
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for path in plugins:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
