from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.agents.risk_manager import RiskManager
from midas.domain.limits import Asset, Assets, Limits
from midas.domain.market import Bar, Trade
from midas.domain.mode import Mode
from midas.domain.money import floor_to
from midas.domain.opinion import Target
from midas.domain.order import OrderIntent, Purpose
from midas.domain.time import SECOND
from midas.domain.verdict import Approved, Breach, Refused
from midas.state.state import State
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, START, desk, hold, intent, pair, quote, report, selling, target


def limits(**changes: object) -> Limits:
    """Nothing binds but what a test names."""
    open_ = {
        "position_max": 1.0, "sector_max": 1.0, "crypto_max": 1.0, "usd_max": 1.0, "cash_min": 0.0,
        "order_notional_max": 1e9, "order_rate_max": 1_000, "assets": Assets(), "cluster_max": 1.0,
        "strategy_max": 1.0,
    }  # fmt: skip
    return msgspec.structs.replace(LIMITS, **{**open_, **changes})


def breaches(state: State, asked: Target, **changes: object) -> list[str]:
    verdict = RiskManager(limits(**changes)).review(asked, state)
    return [b.limit for b in verdict.breaches] if isinstance(verdict, Refused) else []


def blocked(state: State, planned: OrderIntent, **changes: object) -> str:
    breach = RiskManager(limits(**changes)).admit(planned, state)
    return breach.limit if breach else ""


CRYPTO = LIMITS.assets


@pytest.mark.parametrize(
    ("limit", "changes"),
    [
        ("position", {"position_max": 0.2}),
        ("sector", {"sector_max": 0.2, "assets": CRYPTO}),
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
    assert breaches(state, asked, sector_max=0.4, assets=CRYPTO) == ["sector"]


def test_only_new_dollars_break_the_dollar_limit() -> None:
    everything_usd = Assets("usd")
    assert breaches(desk(), target("20"), usd_max=0.5, assets=everything_usd) == []
    usdc = pair("USDC", "BTC")
    state = desk(usdc, cash="100", quote_asset="BTC")
    asked = target("0.49", instrument=usdc.id)
    assert breaches(state, asked, usd_max=0.5, assets=everything_usd) == []
    more = target("0.51", instrument=usdc.id)
    assert breaches(state, more, usd_max=0.5, assets=everything_usd) == ["usd"]


def test_cash_in_a_stablecoin_is_crypto_where_the_settings_say_so() -> None:
    assert breaches(desk(), target("1"), crypto_max=0.9) == []
    assert breaches(desk(), target("1"), crypto_max=0.9, assets=Assets("crypto")) == ["crypto"]


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


def correlated(mirrored: bool, held: str = "0") -> State:
    """3 % of equity in ETH, which moves as BTC does; the clusters end at 10 %."""
    state = desk(BTC, ETH)
    state.on_quote(quote("9.99", "10.01", ETH))
    hold(state, "30", "10", "other", ETH)
    if held != "0":
        hold(state, held)
    pulse(state, mirrored)
    return state


def test_a_position_that_moves_with_another_is_cut_to_what_their_cluster_leaves() -> None:
    state = correlated(mirrored=False)
    verdict = RiskManager(limits(cluster_max=0.1)).review(target("20"), state)
    assert isinstance(verdict, Approved)
    assert verdict.target.quantity == Decimal(7)
    assert "cut to 7: 1.00 correlated with ETH-USDT" in verdict.target.reason
    assert breaches(state, target("7"), cluster_max=0.1) == []
    planned = intent("md-9", quantity=Decimal(7))
    assert blocked(state, planned, cluster_max=0.1) == ""
    more = msgspec.structs.replace(planned, quantity=Decimal("7.00001"))
    assert blocked(state, more, cluster_max=0.1) == "correlation"


def test_a_full_cluster_says_so_instead_of_selling_or_doing_nothing() -> None:
    state = correlated(mirrored=False, held="7")
    verdict = RiskManager(limits(cluster_max=0.1)).review(target("20"), state)
    assert isinstance(verdict, Refused)
    assert [b.limit for b in verdict.breaches] == ["correlation"]
    assert verdict.breaches[0].sentence == (
        "BTC together with ETH, which moves with it, would be 23.0% of equity, at most 10%: 13% over; "
        "at most 7 BTC in all fits"
    )


def test_a_hedge_is_no_cluster() -> None:
    assert breaches(correlated(mirrored=True), target("20"), cluster_max=0.1) == []


def test_what_is_only_being_bought_counts_in_the_cluster_too() -> None:
    state = desk(BTC, ETH)
    state.on_quote(quote("99.99", "100.01", ETH))
    pulse(state, mirrored=False)
    state.plan(intent("md-eth", instrument=ETH.id, strategy="other", quantity=Decimal(9)))
    assert blocked(state, intent(quantity=Decimal(1)), cluster_max=0.1) == ""
    assert blocked(state, intent(quantity=Decimal("1.001")), cluster_max=0.1) == "correlation"


SHARES = Assets("cash", {"BTC": Asset("share", "technology"), "ETH": Asset("etf", "index")})


@pytest.mark.parametrize("kind", ["crypto", "share", "etf", "forex", "bond", "commodity"])
def test_each_class_of_assets_has_its_own_limit(kind: str) -> None:
    listed = Assets("cash", {"BTC": Asset(kind, "some")})
    changes: dict[str, object] = {"assets": listed, f"{kind}_max": 0.2, "currency_max": 1.0}
    assert breaches(desk(), target("20"), **changes) == []
    assert breaches(desk(), target("20.00001"), **changes) == [kind]
    assert breaches(desk(), target("1"), **{**changes, f"{kind}_max": 0.0}) == [kind]


def test_a_class_counts_only_its_own() -> None:
    state = desk(BTC, ETH)
    state.on_quote(quote("99.99", "100.01", ETH))
    hold(state, "20", instrument=ETH)
    assert breaches(state, target("20"), share_max=0.2, etf_max=0.2, assets=SHARES) == []


@pytest.mark.parametrize("limit", ["venue", "strategy"])
def test_venue_and_strategy_pass_at_their_edge_and_refuse_one_lot_beyond(limit: str) -> None:
    state = desk(BTC, ETH)
    state.on_quote(quote("99.99", "100.01", ETH))
    hold(state, "10", instrument=ETH)
    changes: dict[str, object] = {f"{limit}_max": 0.2}
    assert breaches(state, target("10"), **changes) == []
    assert breaches(state, target("10.00001"), **changes) == [limit]
    assert blocked(state, intent(quantity=Decimal("10.00001")), **changes) == limit
    other = target("11", strategy="other")
    assert breaches(state, other, **changes) == ([limit] if limit == "venue" else [])


def test_a_foreign_currency_has_its_limit_and_dollars_two() -> None:
    euro, sap, apple = pair("EUR"), pair("SAP", "EUR"), pair("AAPL", "USD")
    dollar = pair("USD")
    listed = Assets("cash", {"SAP": Asset("share", "technology"), "AAPL": Asset("share", "technology")})
    state = desk(euro, sap, dollar, apple, USD="5000", EUR="1000", cash="9000")
    state.on_quote(quote("1.99", "2.01", euro))
    state.on_quote(quote("99.99", "100.01", sap))
    state.on_quote(quote("0.49", "0.51", dollar))
    state.on_quote(quote("49.99", "50.01", apple))
    assert state.equity() == pytest.approx(9000 + 2000 + 2500)
    changes: dict[str, object] = {
        "assets": listed, "currency_max": 0.2, "usd_max": 0.2, "forex_max": 1.0, "share_max": 1.0,
    }  # fmt: skip
    edge = target("350", instrument=euro.id)  # 2000 + 700 are a fifth
    assert breaches(state, edge, **changes) == []
    assert breaches(state, target("350.1", instrument=euro.id), **changes) == ["currency"]
    assert breaches(state, target("401", instrument=dollar.id), **changes) == ["usd", "currency"]
    paid_in_euro = target("5", instrument=sap.id)  # neither more euros nor fewer
    assert breaches(state, paid_in_euro, **changes) == []


def test_a_refusal_says_how_far_over_and_what_would_fit() -> None:
    verdict = RiskManager(limits(position_max=0.2)).review(target("23.1"), desk())
    assert isinstance(verdict, Refused)
    (breach,) = verdict.breaches
    assert breach.sentence == (
        "BTC-USDT would be 23.1% of equity, at most 20%: 3.1% over; at most 20 BTC in all fits"
    )
    assert breach.fits == Decimal(20)
    order = RiskManager(limits(cash_min=0.95)).admit(intent(quantity=Decimal(6)), desk())
    assert order is not None
    assert order.sentence == "cash would be 94.0%, at least 95%: 1% short; at most 5 BTC fits"


def test_where_nothing_more_fits_the_refusal_says_that() -> None:
    state = desk()
    hold(state, "21")
    verdict = RiskManager(limits(position_max=0.2)).review(target("22"), state)
    assert isinstance(verdict, Refused)
    assert verdict.breaches[0].sentence.endswith("2% over; nothing more fits")
    assert verdict.breaches[0].fits == 0


@settings(deadline=None, max_examples=150)
@given(
    st.decimals("0.00001", "500", places=5), st.decimals("0", "60", places=5),
    st.decimals("0", "40", places=5),
    st.floats(0.01, 0.9), st.floats(0.01, 0.9), st.floats(0.0, 0.9), st.integers(100, 5_000_000),
)  # fmt: skip
def test_the_size_that_is_said_to_fit_passes_and_one_lot_more_does_not(
    asked: Decimal, held: Decimal, buying: Decimal, position: float, crypto: float, cash: float, cents: int
) -> None:
    state = desk()
    price = Decimal(cents) / 100
    state.on_quote(quote(str(price), str(price + Decimal("0.01"))))
    hold(state, str(held), str(price))
    if buying:
        state.plan(intent("md-1", strategy="other", quantity=buying, price=price))
    risk = RiskManager(limits(position_max=position, crypto_max=crypto, cash_min=cash, price_collar_bps=2000))
    lot = BTC.lot_size

    def order(quantity: Decimal) -> Breach | None:
        return risk.admit(intent("md-2", quantity=quantity, price=price), state)

    def goal(quantity: Decimal) -> bool:
        return isinstance(risk.review(target(quantity), state), Approved)

    breach = order(asked)
    if breach is not None and breach.fits is not None:
        assert not breach.fits or order(breach.fits) is None
        assert order(breach.fits + lot) is not None
    verdict = risk.review(target(asked), state)
    if isinstance(verdict, Refused) and verdict.breaches[0].fits is not None:
        fits = verdict.breaches[0].fits
        assert fits < asked
        assert not fits or goal(fits)
        assert not goal(max(fits, floor_to(held, lot)) + lot)


def test_the_same_order_is_not_sent_again_before_the_first_is_answered() -> None:
    state = desk()
    first = intent("md-1", strategy="manual")
    state.plan(first)
    window: dict[str, object] = {"duplicate_window": 5 * SECOND}

    def again(after: int, **changes: object) -> str:
        state.now = START + after
        twin = msgspec.structs.replace(first, client_id="md-2", created_at=state.now, **changes)
        return blocked(state, twin, **window)

    assert again(5 * SECOND - 1) == "duplicate"
    assert again(5 * SECOND) == ""
    assert again(0, quantity=Decimal(2)) == ""
    assert again(0, price=Decimal("99.98")) == ""
    assert again(0, strategy="s") == ""
    state.orders.sent("md-1", START, START)
    assert again(SECOND) == "duplicate"
    state.orders.accepted("md-1", "v", START + SECOND)
    assert again(SECOND) == "", "answered: another one is another one"


def test_an_order_never_meets_another_one_of_ours() -> None:
    state = desk()
    hold(state, "5", strategy="other")
    state.plan(selling("md-rest", strategy="other", price=Decimal(100)))
    assert blocked(state, intent("md-2", price=Decimal("99.99"))) == ""
    assert blocked(state, intent("md-2", price=Decimal(100))) == "self-trade"
    state.orders.uncertain("md-rest", "timeout", START)
    sale = selling("md-3", strategy="other", price=Decimal("99.99"))
    assert blocked(state, sale) == ""


def test_an_exit_waits_for_an_entry_that_it_would_meet_but_not_for_one_in_doubt() -> None:
    state = desk()
    hold(state, "5", strategy="other")
    state.plan(intent("md-buy", price=Decimal(100)))
    sale = selling("md-3", strategy="other", price=Decimal("99.99"))
    assert blocked(state, sale) == "self-trade"
    state.orders.uncertain("md-buy", "timeout", START)
    assert blocked(state, sale) == ""


def test_one_order_has_at_most_the_quantity_allowed_for_its_asset() -> None:
    most: dict[str, object] = {"order_quantity_max": {"BTC": 2.0}}
    assert blocked(desk(), intent(quantity=Decimal(2)), **most) == ""
    assert blocked(desk(), intent(quantity=Decimal("2.00001")), **most) == "order quantity"


def test_an_approval_carries_the_most_that_its_orders_may_pay() -> None:
    verdict = RiskManager(limits(price_collar_bps=100.0)).review(target("1"), desk())
    assert isinstance(verdict, Approved)
    assert verdict.price_most == 101.0
