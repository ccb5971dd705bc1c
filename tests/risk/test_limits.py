from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from midas.agents.risk_manager import RiskManager
from midas.domain.market import Bar, Trade
from midas.domain.mode import Mode
from midas.domain.opinion import Target
from midas.domain.order import OrderIntent, Purpose
from midas.domain.time import SECOND
from midas.domain.verdict import Approved, Refused
from midas.risk.exposure import Classes
from midas.risk.limits import Limits
from midas.state.state import State
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, START, desk, hold, intent, pair, quote, report, selling, target


def limits(**changes: object) -> Limits:
    """Nothing binds but what a test names."""
    open_ = {
        "position_max": 1.0, "sector_max": 1.0, "crypto_max": 1.0, "usd_max": 1.0, "cash_min": 0.0,
        "order_notional_max": 1e9, "order_rate_max": 1_000, "classes": Classes("cash", {}),
    }  # fmt: skip
    return msgspec.structs.replace(LIMITS, **{**open_, **changes})


def breaches(state: State, asked: Target, **changes: object) -> list[str]:
    verdict = RiskManager(limits(**changes)).review(asked, state)
    return [b.limit for b in verdict.breaches] if isinstance(verdict, Refused) else []


def blocked(state: State, planned: OrderIntent, **changes: object) -> str:
    breach = RiskManager(limits(**changes)).admit(planned, state)
    return breach.limit if breach else ""


CRYPTO = Classes("cash", {"BTC": "crypto", "ETH": "crypto"})


@pytest.mark.parametrize(
    ("limit", "changes"),
    [
        ("position", {"position_max": 0.2}),
        ("sector", {"sector_max": 0.2, "classes": CRYPTO}),
        ("crypto", {"crypto_max": 0.2}),
        ("cash", {"cash_min": 0.8}),
    ],
)
def test_each_limit_passes_at_its_edge_and_refuses_one_lot_beyond(
    limit: str, changes: dict[str, object]
) -> None:
    state = desk()  # 10,000 USDT, the mid at 100: 20 BTC are a fifth
    assert breaches(state, target("20"), **changes) == []
    assert breaches(state, target("20.00001"), **changes) == [limit]


def test_a_refusal_names_every_limit_that_breaks() -> None:
    assert breaches(desk(), target("50"), position_max=0.2, crypto_max=0.3, cash_min=0.6) == [
        "position",
        "crypto",
        "cash",
    ]


def test_a_full_sector_does_not_stop_another() -> None:
    state = desk(BTC, ETH)
    state.on_quote(quote("9.99", "10.01", ETH))
    hold(state, "50")
    asked = target("10", instrument=ETH.id)
    assert breaches(state, asked, sector_max=0.4) == []
    assert breaches(state, asked, sector_max=0.4, classes=CRYPTO) == ["sector"]


def test_only_new_dollars_break_the_dollar_limit() -> None:
    everything_usd = Classes("usd", {})
    assert breaches(desk(), target("20"), usd_max=0.5, classes=everything_usd) == []
    usdc = pair("USDC", "BTC")
    state = desk(usdc, cash="100", quote_asset="BTC")
    asked = target("0.49", instrument=usdc.id)
    assert breaches(state, asked, usd_max=0.5, classes=everything_usd) == []
    more = target("0.51", instrument=usdc.id)
    assert breaches(state, more, usd_max=0.5, classes=everything_usd) == ["usd"]


def test_cash_in_a_stablecoin_is_crypto_where_the_settings_say_so() -> None:
    assert breaches(desk(), target("1"), crypto_max=0.9) == []
    assert breaches(desk(), target("1"), crypto_max=0.9, classes=Classes("crypto", {})) == ["crypto"]


def test_what_can_not_be_valued_is_refused() -> None:
    state = desk(BTC, ETH, ETH="1")
    assert {"position", "crypto", "cash"} <= set(breaches(state, target("1")))


def test_a_breach_that_can_not_be_valued_says_so_in_a_number_that_travels() -> None:
    verdict = RiskManager(limits()).review(target("1"), desk(BTC, ETH, ETH="1"))
    assert isinstance(verdict, Refused)
    for breach in verdict.breaches:
        assert breach.value == breach.value
        assert "has no price" in breach.sentence


def test_an_open_order_without_a_price_counts_as_unknown_not_as_nothing() -> None:
    state = desk(BTC, ETH)
    state.plan(intent("md-eth", instrument=ETH.id, strategy="other"))
    assert "crypto" in breaches(state, target("1"))


def test_without_a_price_nothing_is_opened() -> None:
    state = desk()
    state.on_quote(quote("99", "0"))
    assert breaches(state, target("1")) == ["market"]


def test_a_spot_account_can_not_go_short() -> None:
    assert breaches(desk(), target("-1")) == ["short"]


def tight(state: State) -> None:
    """Everything that may keep new risk away."""
    state.control.trip("halt", "test", "", START)
    state.control.set_mode(Mode.PAUSE, "test", "", "", START)
    state.control.close_gate("venue", "silence", START)
    state.plan(intent("md-lost", strategy="other"))
    state.orders.uncertain("md-lost", "timeout", START)


def test_nothing_but_a_missing_price_keeps_a_reduction_away() -> None:
    state = desk()
    hold(state, "90")
    tight(state)
    asked = target("80", confidence=0.0)
    assert isinstance(RiskManager(limits(position_max=0.1, cash_min=0.9)).review(asked, state), Approved)
    state.on_quote(quote("90", "0"))  # one-sided, as in a fall
    assert breaches(state, asked) == ["market"]
    state.on_trade(Trade(BTC.id, START, START, 9_000, 1, True, 1))
    assert breaches(state, asked) == []


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda s: s.control.trip("halt", "test", "", START), "kill latch"),
        (lambda s: s.control.set_mode(Mode.OBSERVATION, "t", "", "", START), "mode"),
        (lambda s: s.control.set_mode(Mode.DEFENSIVE, "t", "", "", START), "confidence"),
        (lambda s: s.control.close_gate("venue", "silence", START), "gate"),
        (lambda s: s.control.close_gate("account", "differs", START), "gate"),
        (lambda s: s.control.close_gate(BTC.id, "gap", START), "gate"),
        (lambda s: s.control.close_gate("s", "muted", START), "gate"),
        (
            lambda s: s.plan(intent("md-9", strategy="o")) and s.orders.uncertain("md-9", "?", START),
            "unknown order",
        ),
    ],
)
def test_new_risk_waits_until_nothing_stands_against_it(
    prepare: Callable[[State], object], reason: str
) -> None:
    state = desk()
    prepare(state)
    assert breaches(state, target("1", confidence=0.69)) == [reason]
    expected = "" if reason == "confidence" else reason
    assert blocked(state, intent()) == expected


def test_a_gate_elsewhere_is_no_reason() -> None:
    state = desk(BTC, ETH)
    state.control.close_gate(ETH.id, "gap", START)
    assert breaches(state, target("1")) == []


def test_the_order_rate_counts_this_order_too() -> None:
    state = desk()
    for n in range(3):
        state.plan(intent(f"md-{n}", quantity=Decimal("0.1")))
    assert blocked(state, intent("md-9"), order_rate_max=4) == ""
    assert blocked(state, intent("md-9"), order_rate_max=3) == "order rate"
    state.now += 10 * SECOND
    assert blocked(state, intent("md-9"), order_rate_max=3) == ""


def test_one_order_is_worth_no_more_than_allowed() -> None:
    assert blocked(desk(), intent(), order_notional_max=100.0) == ""
    assert blocked(desk(), intent(quantity=Decimal("1.00001")), order_notional_max=100.0) == "order notional"


@pytest.mark.parametrize(("price", "limit"), [("100.5", ""), ("100.51", "price collar"), ("50", "")])
def test_a_buy_pays_at_most_the_collar_beyond_the_mid(price: str, limit: str) -> None:
    assert blocked(desk(), intent(price=Decimal(price)), price_collar_bps=50.0) == limit


def test_an_exit_is_measured_against_the_price_that_it_hits() -> None:
    state = desk()
    hold(state, "1")
    state.on_quote(quote("90", "110"))
    assert blocked(state, selling(price=Decimal("89.9")), price_collar_bps=50.0) == ""
    assert blocked(state, selling(price=Decimal("89")), price_collar_bps=50.0) == "price collar"
    assert blocked(state, intent(price=Decimal("100.9")), price_collar_bps=50.0) == "price collar"


def test_an_exit_is_held_up_by_neither_rate_nor_size_nor_mode() -> None:
    state = desk()
    hold(state, "50")
    tight(state)
    sale = selling(quantity=Decimal(50), price=Decimal("99.95"))
    assert blocked(state, sale, order_rate_max=0, order_notional_max=1.0) == ""


def test_a_sale_takes_no_more_than_its_sleeve_has_free() -> None:
    state = desk()
    hold(state, "1")
    hold(state, "1", strategy="other")
    assert blocked(state, selling(quantity=Decimal("1.00001"), price=Decimal("99.99"))) == "holding"
    state.plan(selling("md-2", quantity=Decimal("0.6")))
    assert blocked(state, selling("md-3", quantity=Decimal("0.5"), price=Decimal("99.99"))) == "holding"


def test_a_buy_needs_quote_currency_that_no_other_order_reserved() -> None:
    state = desk(cash="1000")
    state.plan(intent("md-1", quantity=Decimal(6)))
    assert blocked(state, intent("md-2", quantity=Decimal(4))) == ""
    assert blocked(state, intent("md-2", quantity=Decimal("4.00001"))) == "funds"


def test_a_flatten_answers_to_no_limit() -> None:
    state = desk()
    tight(state)
    assert blocked(state, selling(purpose=Purpose.FLATTEN, price=Decimal(1)), order_rate_max=0) == ""


def test_two_approved_targets_can_not_both_be_bought_beyond_the_limit() -> None:
    state = desk()
    assert breaches(state, target("15"), position_max=0.2) == []
    assert breaches(state, target("15", strategy="other"), position_max=0.2) == []
    state.plan(intent("md-1", quantity=Decimal(15)))
    assert blocked(state, intent("md-2", strategy="other", quantity=Decimal(5)), position_max=0.2) == ""
    over = intent("md-2", strategy="other", quantity=Decimal("5.00001"))
    assert blocked(state, over, position_max=0.2) == "position"


def test_orders_of_others_on_the_account_take_their_share() -> None:
    state = desk()
    state.orders.found_foreign((report("web-1", quantity=Decimal(15)),))
    assert breaches(state, target("5"), position_max=0.2) == []
    assert breaches(state, target("6"), position_max=0.2) == ["position"]


def pulse(state: State, mirrored: bool) -> None:
    """Sixty bars of two instruments, moving together or against each other."""
    for n in range(60):
        up = 100.0 + (n % 5)
        for instrument, close in ((BTC, up), (ETH, 204.0 - up if mirrored else up)):
            bar = Bar(instrument.id, (n + 1) * SECOND, START, SECOND, close, close, close, close, 1.0, 1)
            state.on_bar(bar)


@pytest.mark.parametrize(("mirrored", "held", "expected"), [
    (False, "0", "10"), (False, "7", "10"), (True, "0", "20"), (False, "15", "15"),
])  # fmt: skip
def test_a_position_that_moves_with_another_is_taken_at_half_but_never_sold_for_it(
    mirrored: bool, held: str, expected: str
) -> None:
    state = desk(BTC, ETH)
    state.on_quote(quote("9.99", "10.01", ETH))
    hold(state, "1", "10", "other", ETH)
    if held != "0":
        hold(state, held)
    pulse(state, mirrored)
    verdict = RiskManager(limits()).review(target("20"), state)
    assert isinstance(verdict, Approved)
    assert verdict.target.quantity == Decimal(expected)
    assert ("halved" in verdict.target.reason) is not mirrored


def test_an_approval_carries_the_band_for_its_orders() -> None:
    verdict = RiskManager(limits(price_collar_bps=100.0)).review(target("1"), desk())
    assert isinstance(verdict, Approved)
    assert (verdict.price_low, verdict.price_high) == (Decimal(99), Decimal(101))
