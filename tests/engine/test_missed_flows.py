"""Deposits that nobody heard of, where the venue's list of them doesn't come at first."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.decision import Adjusted
from midas.domain.event import AccountReported, FlowSeen
from midas.engine.effect import TakeAccount
from tests.engine.scene import Scene, of


def asked(scene: Scene) -> int:
    return sum(e == TakeAccount("flows") for a in scene.desk.audits for e in a.effects)


def test_a_list_that_did_not_come_is_asked_for_at_the_next_pass(scene: Scene) -> None:
    venue = scene.desk.venue
    account, tries = venue.account, list[str]()
    deposit = FlowSeen("USDT", Decimal(500), scene.desk.now, scene.desk.now)

    def listing(purpose: str, unsettled: list[str], now: int) -> AccountReported:
        seen = account(purpose, unsettled, now)
        if purpose == "flows":
            tries.append(purpose)
        return msgspec.structs.replace(seen, flows=(deposit,) if purpose == "flows" else None)

    venue.account = listing  # type: ignore[method-assign, assignment]
    venue.balances["USDT"] += 500
    scene.tick(31)
    venue.deaf = True  # from here on no pass is answered
    scene.desk.feed(account("audit", [], scene.desk.now + 1))
    assert asked(scene) == 1
    scene.tick(15)
    venue.deaf = False
    scene.tick(60)
    assert (asked(scene), tries) == (2, ["flows"])
    assert [m.amount for m in of(Adjusted, scene.desk.audits)] == [Decimal(500)]
    assert scene.desk.state.control.gates == {}
