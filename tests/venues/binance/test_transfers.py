"""Deposits and withdrawals as the venue lists them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest

from midas.domain.event import FlowSeen
from midas.domain.time import DAY, MILLISECOND, SECOND
from midas.errors import RateLimited, Unreachable
from midas.venues.binance.client import Reply
from midas.venues.binance.rest import Rest
from midas.venues.binance.transfers import flows
from midas.venues.binance.weights import Priority
from midas.venues.binance.wire import Wire

NOW = 1_795_248_017 * SECOND
DEPOSIT = {"coin": "USDT", "amount": "500.5", "status": 1, "insertTime": NOW // MILLISECOND, "txId": "0x1"}
WITHDRAWAL = {
    "coin": "BTC", "amount": "0.3", "transactionFee": "0.0002", "status": 6,
    "applyTime": "2026-11-21 08:00:17",
}  # fmt: skip


class Lists:
    """A session that lists flows, or refuses to."""

    def __init__(self, deposits: Any, withdrawals: Any, status: int = 200) -> None:
        self._answers = deposits, withdrawals
        self._status = status
        self.asked: list[dict[str, Any]] = []

    def observe(self, observer: Callable[[Reply], None]) -> None:
        """Nobody looks on."""

    async def get_deposit_history(self, **parameters: Any) -> Reply:
        """The first list."""
        self.asked.append(parameters)
        return Reply(self._status, {}, msgspec.json.encode(self._answers[0]))

    async def get_withdraw_history(self, **parameters: Any) -> Reply:
        """The second."""
        return Reply(self._status, {}, msgspec.json.encode(self._answers[1]))


async def told(lists: Lists) -> tuple[FlowSeen, ...] | None:
    return await flows(Rest(cast(Wire, lists), lambda: NOW), Priority.RECONCILE)


async def test_what_came_and_what_went_with_its_fee() -> None:
    lists = Lists([DEPOSIT], [WITHDRAWAL])
    assert await told(lists) == (
        FlowSeen("USDT", Decimal("500.5"), NOW, NOW),
        FlowSeen("BTC", Decimal("-0.3002"), NOW, NOW),
    )
    assert lists.asked == [{"startTime": str((NOW - 7 * DAY) // MILLISECOND)}]


async def test_what_is_pending_or_failed_moved_nothing() -> None:
    pending = [DEPOSIT | {"status": 0}]
    failed = [WITHDRAWAL | {"status": status} for status in (1, 3, 5)]
    assert await told(Lists(pending, failed)) == ()


async def test_a_list_that_cannot_be_had_or_read_is_no_list() -> None:
    assert await told(Lists({"code": -2015, "msg": "Invalid API-key"}, [], status=401)) is None
    assert await told(Lists([{"coin": "USDT"}], [])) is None
    assert await told(Lists([], [WITHDRAWAL | {"applyTime": "yesterday"}])) is None


@pytest.mark.parametrize(("status", "error"), [(503, Unreachable), (429, RateLimited)])
async def test_a_list_that_got_no_answer_is_asked_for_again(status: int, error: type[Exception]) -> None:
    lists = Lists({"code": -1000, "msg": "busy"}, [], status=status)
    with pytest.raises(error):
        await told(lists)
