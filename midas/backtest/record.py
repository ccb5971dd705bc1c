"""What the engine said in a back-test: each audit as the journal would keep it, and the fills in them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from midas.domain.decision import (
    FillBooked,
    ModeChanged,
    Noted,
    OrderBlocked,
    OrderPlanned,
    RegimeChanged,
    SignalMade,
    TargetRefused,
)
from midas.domain.opinion import RegimeLabel
from midas.domain.order import OrderIntent, Purpose
from midas.engine.audit import Audit, encode

ENTRY = Purpose.ENTRY  # asked of every order: a look into an Enum costs more than the comparison
_NUMBER = re.compile(r"\d[\d,.]*")


class Remark(msgspec.Struct, frozen=True, gc=False):
    """A line for a person: a mode that changed, a strategy that failed."""

    at: int
    text: str


class Sight(msgspec.Struct, frozen=True, gc=False):
    """The rules saw another regime."""

    at: int
    instrument: str
    label: RegimeLabel
    needed: int = 0  # bars until every window of the rules is full


class Charge(msgspec.Struct, frozen=True):
    """Funding of one position; negative where it was paid."""

    strategy: str
    instrument: str
    time: int
    amount: Decimal


class Record:
    """Encoded at once: a list of objects would be looked through by the garbage collector again and again."""

    def __init__(self, keep: bool = True) -> None:
        """`keep` the bytes of every audit, not only their count and their hash."""
        self.fills: list[FillBooked] = []
        self.told: list[Remark] = []
        self.regimes: list[Sight] = []
        self.charges: list[Charge] = []  # funding, in the order in which it fell due
        self.audits: list[bytes] = []
        self.count = 0
        self.signals: Counter[str] = Counter()  # by outcome
        self.refusals: Counter[str] = Counter()  # by limit
        self.why: Counter[tuple[str, str]] = Counter()  # signals that led to nothing: by outcome and reason
        self.spoke_at = 0  # the first signal
        self.exits: dict[str, OrderIntent] = {}  # orders that only reduce, by their id
        self._keep = keep
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, audit: Audit, filled_at: int = 0) -> None:
        """One more. `filled_at`: when the venue filled; the engine dates a fill by the bar it heard last."""
        body = encode(audit)
        self.count += 1
        self._hash.update(body)
        if self._keep:
            self.audits.append(body)
        for decision in audit.decisions:
            if type(decision) is FillBooked:
                self.fills.append(replace(decision, market_time=filled_at) if filled_at else decision)
            elif type(decision) is OrderPlanned:
                intent = decision.intent
                if intent.purpose is not ENTRY:
                    self.exits[intent.client_id] = intent
            elif type(decision) is SignalMade:
                self._signalled(audit.at, decision)
            elif type(decision) in _OTHERS:
                self._other(audit.at, decision)

    @property
    def digest(self) -> str:
        """Of all audits in their order: equal where two runs decided the same."""
        return self._hash.hexdigest()

    def _other(self, at: int, decision: object) -> None:
        match decision:
            case TargetRefused():
                self.refusals.update(breach.limit for breach in decision.breaches)
            case OrderBlocked():
                self.refusals[decision.breach.limit] += 1
            case ModeChanged():
                words = f"mode {decision.before} to {decision.after} by {decision.by}: {decision.cause}"
                self.told.append(Remark(at, words))
            case RegimeChanged():
                regime = decision.regime
                self.regimes.append(Sight(at, decision.instrument, regime.label, regime.bars_needed))
            case Noted() if decision.severity != "info":
                self.told.append(Remark(at, decision.text))

    def _signalled(self, at: int, made: SignalMade) -> None:
        self.spoke_at = self.spoke_at or at
        self.signals[made.outcome] += 1
        if made.outcome not in ("acted", "refused"):  # what refused is counted by limit
            self.why[made.outcome, _NUMBER.sub("..", re.split("[:;]", made.detail)[0]).strip()] += 1


_OTHERS = frozenset({TargetRefused, OrderBlocked, ModeChanged, RegimeChanged, Noted})
