"""What a command leads to: the sentence that its door is told, and everything that is to happen."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from midas.agents.execution_agent import Step
from midas.domain.command import Review
from midas.domain.decision import Decision
from midas.engine.effect import Effect


class Asked(msgspec.Struct, frozen=True):
    """Who asks, and the sequence of the asking: what a command means besides its words."""

    actor: str
    sequence: int


class Reply(msgspec.Struct):
    """`steps` are orders and cancels: they pass the last check as everybody else's do."""

    accepted: bool
    message: str
    review: Review | None = None
    decisions: list[Decision] = []
    effects: list[Effect] = []
    steps: Iterable[Step] = ()
    asks: bool = False  # not accepted for want of a confirmation alone
    look: bool = False  # a full pass is to be taken now
    closing: str = ""  # the session ends, and why
