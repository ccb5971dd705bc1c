"""What the guard does by its own session: cancel, close, verify, and tell the truth when it could not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from midas.domain.mode import KillLevel
from midas.domain.money import ZERO
from midas.domain.time import SECOND
from midas.errors import OutcomeUnknown, Rejected, StoreDamaged, Unreachable
from midas.runtime.takeover import TRIES, Holding, Report, Resting, Sale, Takeover
from tests.fakes.desk import BTC

D = Decimal
BUY = Resting("BTCUSDT", "md-buy1", "BUY", D("0.2"))
SELL = Resting("BTCUSDT", "md-sell", "SELL", D("0.1"))
THEIRS = Resting("BTCUSDT", "web-1", "BUY", D(1))


class Account:
    """A venue in memory that may refuse, hang, fill in parts, and trade for somebody else meanwhile."""

    dead_after = 13 * SECOND

    def __init__(self, held: str = "0", *orders: Resting) -> None:
        self.held = D(held)
        self.orders = list(orders)
        self.sold: list[Decimal] = []
        self.canceled: list[str] = []
        self.part = D(1)  # of each sale that fills
        self.meanwhile: Callable[[], None] = lambda: None
        self.fails: list[Exception] = []  # of the next sales
        self.silent = 0  # reads that bring nothing
        self.known: dict[str, Sale] = {}
        self.now = 0

    def set_clock(self) -> None:
        """Well."""

    def open_orders(self) -> list[Resting]:
        """All."""
        self._answer()
        return list(self.orders)

    def balances(self) -> dict[str, Decimal]:
        """Of the base asset."""
        self._answer()
        return {"BTC": self.held}

    def bid(self, symbol: str) -> Decimal:
        """Steady."""
        return D(60_000)

    def cancel(self, symbol: str, client_id: str) -> tuple[int, int]:
        """One."""
        self.canceled.append(client_id)
        known = [o for o in self.orders if o.client_id == client_id]
        self.orders = [o for o in self.orders if o.client_id != client_id]
        return (200, 0) if known else (400, -2011)

    def cancel_all(self, symbol: str) -> tuple[int, int]:
        """Of the symbol."""
        self.canceled.append(f"all {symbol}")
        self.orders = [o for o in self.orders if o.symbol != symbol]
        return 200, 0

    def sell(self, symbol: str, quantity: Decimal, price: Decimal, client_id: str) -> Sale:
        """At once, or what `fails` says."""
        assert price == D("59700.00")
        if self.fails and isinstance(error := self.fails.pop(0), Rejected):
            raise error
        sale = Sale(BTC.quantity(int(quantity * self.part / BTC.lot_size)), "EXPIRED")
        self.held -= sale.filled
        self.sold.append(sale.filled)
        self.known[client_id] = sale
        self.meanwhile()
        if "error" in locals():
            raise error
        return sale

    def find(self, symbol: str, client_id: str) -> Sale | None:
        """What is known of it."""
        return self.known.get(client_id)

    def _answer(self) -> None:
        if self.silent:
            self.silent -= 1
            raise Unreachable("the venue can't be reached")


def act(
    account: Account, level: str = "flatten", at_most: str = "1", foreign: str = "0",
    alone: Callable[[], str] = lambda: "",
) -> Report:  # fmt: skip
    def sleep(seconds: float) -> None:
        account.now += int(seconds * SECOND)

    held = [Holding(BTC, D(foreign), D(at_most))]
    takeover = Takeover(account, lambda: held, alone, lambda: account.now, sleep)
    return takeover.run(Report(0, level, "test"), KillLevel(level))


def test_orders_go_positions_are_closed_and_the_venue_is_read_twice() -> None:
    account = Account("0.5", BUY, SELL)
    report = act(account)
    assert report.verified
    assert account.canceled == ["all BTCUSDT"]
    assert account.sold == [D("0.5")]
    assert report.lines[-1].endswith("verified at the venue: no open order, no position, read 2 times")


def test_orders_of_somebody_else_stay() -> None:
    account = Account("0", BUY, SELL, THEIRS)
    assert act(account).verified
    assert account.canceled == ["md-buy1", "md-sell"]
    assert account.orders == [THEIRS]


def test_at_halt_only_what_increases_risk_goes_and_nothing_is_sold() -> None:
    account = Account("0.5", BUY, SELL)
    assert act(account, "halt").verified
    assert account.orders == [SELL]
    assert account.sold == []


def test_at_all_every_order_goes_and_nothing_is_sold() -> None:
    account = Account("0.5", BUY, SELL)
    assert act(account, "all").verified
    assert (account.orders, account.sold) == ([], [])


def test_partial_fills_are_gone_on_with() -> None:
    account = Account("0.5")
    account.part = D("0.5")
    report = act(account)
    assert report.verified
    assert sum(account.sold) > D("0.4999")


def test_what_was_held_before_us_is_never_sold() -> None:
    account = Account("2.5")
    assert act(account, foreign="2", at_most="0.7").verified
    assert account.held == D(2)


def test_a_deposit_is_not_taken_for_a_position() -> None:
    account = Account("3")
    assert act(account, at_most="0.5").verified
    assert account.sold == [D("0.5")]


def test_an_external_sale_in_the_middle_turns_no_position_over() -> None:
    account = Account("0.5")
    account.part = D("0.5")
    account.meanwhile = lambda: setattr(account, "held", ZERO)
    assert act(account).verified
    assert account.sold == [D("0.25")]


def test_a_sale_without_an_answer_is_looked_up_and_never_repeated_blind() -> None:
    account = Account("0.5")
    account.fails = [OutcomeUnknown("no answer")]
    report = act(account)
    assert report.verified
    assert account.sold == [D("0.5")]
    assert any("UNKNOWN" in line for line in report.lines)


def test_a_sale_that_never_arrived_is_repeated_only_once_it_cannot_arrive_any_more() -> None:
    account = Account("0.5")
    sell = account.sell

    def lost(symbol: str, quantity: Decimal, price: Decimal, client_id: str) -> Sale:
        account.sell = sell  # type: ignore[method-assign]
        raise OutcomeUnknown("no answer")

    account.sell = lost  # type: ignore[method-assign]
    report = act(account)
    assert account.now > account.dead_after
    assert account.sold == [D("0.5")]
    assert any("never arrived" in line for line in report.lines)


def test_refusals_have_an_end_and_what_is_left_is_said() -> None:
    account = Account("0.5")
    account.fails = [Rejected("Market is closed.", -1013)] * TRIES
    report = act(account)
    assert not report.verified
    assert report.left == ["0.5 BTC-USDT"]
    assert any("refused (-1013): Market is closed." in line for line in report.lines)
    assert report.lines[-1].endswith("NOT verified: 0.5 BTC-USDT")


def test_a_venue_that_is_silent_for_a_while_is_asked_again() -> None:
    account = Account("0.5", BUY)
    account.silent = 7
    assert act(account).verified


def test_a_venue_that_stays_silent_is_not_called_flat() -> None:
    account = Account("0.5", BUY)
    account.silent = 10_000
    report = act(account)
    assert not report.verified
    assert report.left == ["could not verify: the venue can't be reached"]


def test_a_journal_that_cannot_be_read_keeps_no_cancel_back() -> None:
    account = Account("0.5", BUY)

    def unreadable() -> list[Holding]:
        raise StoreDamaged("journal.db is missing", "journal.db", 0)

    takeover = Takeover(account, unreadable, lambda: "", lambda: 0, lambda _: None)
    report = takeover.run(Report(0, "flatten", "test"), KillLevel.FLATTEN)
    assert account.orders == []
    assert not report.verified
    assert "positions: unknown" in report.left[0]


def test_dust_is_named_and_left() -> None:
    report = act(Account("0.00001"))
    assert report.verified
    assert any("0.00001 BTC-USDT is dust" in line for line in report.lines)


@pytest.mark.parametrize("after", range(6))
def test_an_engine_that_starts_in_the_middle_has_its_account_back(after: int) -> None:
    asked = iter(range(100))
    report = act(Account("0.5", BUY), alone=lambda: "engine 7 has started" if next(asked) >= after else "")
    assert report.broken_off == "engine 7 has started"
    assert not report.verified
