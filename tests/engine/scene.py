"""A warm desk with one strategy on strings: the stage of the engine's tests."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import msgspec

from midas.domain.carry import Carried
from midas.domain.decision import (
    Decision,
    Noted,
)
from midas.domain.event import MARKET_EVENTS
from midas.domain.opinion import Opinion
from midas.domain.time import SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.audit import Audit, encode
from midas.runtime.records import AUDIT, EVENT, HEADER, Header, encode_event, encode_header
from midas.runtime.replay import Row, fold_ledger
from tests.fakes.desk import BTC, LIMITS, TRIGGERS, Desk, config, decisions
from tests.fakes.scripted_market import ScriptedMarket
from tests.fakes.strategy import Puppet, long

Kind = TypeVar("Kind", bound=Decision)


class Scene:
    """A warm desk with one strategy that does what it is told, and its market."""

    def __init__(
        self, puppet: Puppet | None = None, *, triggers: TriggerRules = TRIGGERS, **settings: object
    ) -> None:
        self.puppet = puppet or Puppet()
        self.market = ScriptedMarket()
        limits = msgspec.structs.replace(LIMITS, **settings) if settings else LIMITS
        self.desk = Desk(
            [self.puppet], settings=config([self.puppet], limits=limits, weight=0.15, triggers=triggers)
        )
        for bar in self.market.history():
            self.desk.feed(bar)
        self.desk.open(self.market.now)
        self.market.now = self.desk.now
        self.desk.play(self.market.begin())

    def bar(self) -> list[Audit]:
        """The next candle closes."""
        return self.desk.feed(self.market.bar())

    def say(self, opinion: Opinion) -> list[Audit]:
        """The strategy changes its mind; the next bar asks it."""
        self.puppet.opinion = opinion
        return self.bar()

    def tick(self, seconds: int = 1) -> list[Audit]:
        """Wall time passes while the market stands still."""
        known = len(self.desk.audits)
        for _ in range(seconds):
            self.market.now += SECOND
            self.desk.tick(self.market.now)
        return self.desk.audits[known:]

    def hold(self) -> Scene:
        """Hold a position: a passive entry that a falling market fills."""
        self.say(long())
        for event in self.market.move(-5):
            self.desk.feed(event)
        assert self.position > 0
        return self

    def notes(self, text: str) -> list[str]:
        """The lines of the session so far that hold `text`."""
        return [d.text for d in decisions(self.desk.audits) if isinstance(d, Noted) and text in d.text]

    @property
    def position(self) -> Decimal:
        """What the strategy holds."""
        return self.desk.state.ledger.sleeve(self.puppet.name, BTC.id).quantity


def of(kind: type[Kind], audits: list[Audit]) -> list[Kind]:
    """The decisions of one kind."""
    return [d for d in decisions(audits) if isinstance(d, kind)]


def folded(desk: Desk) -> Carried:
    """What a restart reads of the journal alone."""
    header = Header(
        "session-1",
        1,
        "0",
        "code",
        desk.settings.digest(),
        desk.settings,
        "binance",
        "account-1",
        "SIM",
        "",
        1.0,
    )
    audits = {audit.sequence: audit for audit in desk.audits}
    rows = [Row(0, HEADER, encode_header(header))]
    for sequence, event in enumerate(desk.fed, 1):
        if type(event) not in MARKET_EVENTS:
            rows.append(Row(sequence, EVENT, encode_event(event)))
        if sequence in audits:
            rows.append(Row(sequence, AUDIT, encode(audits[sequence])))
    return fold_ledger(header, rows[1:])
