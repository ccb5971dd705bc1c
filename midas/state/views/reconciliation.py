"""How the account here compares with the account at its venue."""

from __future__ import annotations

import msgspec


class DifferenceView(msgspec.Struct, frozen=True):
    """Something that isn't the same here and at the venue, and what is known of it."""

    name: str  # what `midas reconcile accept` takes: "BTC", "order:md-...", "trades:BTCUSDT.binance"
    subject: str  # for a person: "BTC", "order a91f", "trades in BTC-USDT"
    here: str
    venue: str
    since_at: int
    seen: int  # passes in a row
    state: str  # watching (one pass), standing (its gate is closed), accepted
    evidence: str  # a sentence: which passes, and what was tried
    closes: tuple[str, ...] = ()  # the gates that it closes while it stands


class VenueView(msgspec.Struct, frozen=True):
    """How one venue's account compares, and what it does where nobody speaks to it."""

    name: str
    state: str  # CLEAN, RECOVERING, STREAM_RECONCILING, DIFFERS, BREAK
    dead_man: str = "NO DMS"  # the venue's dead-man's switch; "NO DMS": orders stand until somebody cancels


class ReconciliationView(msgspec.Struct, frozen=True):
    """What the full passes over the account found. Times are wall time, 0: never."""

    state: str = "RECOVERING"  # the gravest of all venues
    clean_at: int = 0  # the last pass that found both sides equal
    pass_at: int = 0  # the last pass
    passes: int = 0  # of this session
    running: bool = False  # one was asked for and has not come
    next_at: int = 0  # when the next one is due at the latest
    differences: tuple[DifferenceView, ...] = ()  # those that stand first
    venues: tuple[VenueView, ...] = ()
    unknown: int = 0  # orders whose fate isn't known
    unknown_since: int = 0  # of the oldest of them; 0: none
    undecided: tuple[str, ...] = ()  # differed in the last pass and moved meanwhile: looked at again
