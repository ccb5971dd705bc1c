"""The record of one step: what happened, what was decided and why, what is to be done."""

from __future__ import annotations

import msgspec

from midas.domain.decision import Decision
from midas.engine.effect import Effect


class Audit(msgspec.Struct, frozen=True):
    """Made only where somebody spoke; two runs of the same events give byte-equal audits."""

    sequence: int
    event: str
    at: int  # wall time of the event
    decisions: tuple[Decision, ...]
    effects: tuple[Effect, ...]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Audit)


class _Decided(msgspec.Struct, frozen=True):
    """An audit without the rest."""

    decisions: tuple[Decision, ...]


_decided = msgspec.json.Decoder(_Decided)


def encode(audit: Audit) -> bytes:
    """The bytes that the journal keeps and a replay compares."""
    return _encoder.encode(audit)


def decode(body: bytes) -> Audit:
    """The audit that `encode` wrote."""
    return _decoder.decode(body)


def decisions_in(body: bytes) -> tuple[Decision, ...]:
    """Those of the audit that `encode` wrote; nothing else of it is looked at."""
    return _decided.decode(body).decisions
