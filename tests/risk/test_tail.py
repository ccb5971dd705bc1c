"""Tail risk of the present positions: what is known, what is missing, who contributes, and the limits."""

from __future__ import annotations

import math
import random

import msgspec
import pytest

from midas.domain.event import CandlesRead
from midas.domain.limits import KINDS, Asset, Assets
from midas.domain.tail import TailRules
from midas.domain.time import DAY, HOUR, MINUTE
from midas.risk.further import Entry
from midas.risk.sample import aligned
from midas.risk.tail import TailDesk, at_risk, held, span, stress_class, with_currencies, zone
from midas.state.state import State
from midas.statistics.portfolio_risk import Marginal
from midas.statistics.stress import SCENARIOS
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, START, desk, hold, pair, quote

RULES = TailRules(horizons=(HOUR,))
ASSETS = LIMITS.assets
PRICES = 300


def candles(instrument: str, count: int = PRICES, seed: int = 1, **changes: object) -> CandlesRead:
    """Closes of a random walk, one an hour."""
    dice, price, closes = random.Random(seed), 100.0, []
    for number in range(count):
        closes.append(((number + 1) * HOUR, price))
        price *= math.exp(dice.gauss(0.0, 0.01))
    return CandlesRead(instrument, HOUR, tuple(closes), START, **changes)  # type: ignore[arg-type]


def stand(
    rules: TailRules = RULES, btc: str = "10", eth: str = "20", count: int = PRICES
) -> tuple[TailDesk, State]:
    """An account of 10,000, in which both trade at 100."""
    state = desk(BTC, ETH, cash=str(10_000 - 100 * (float(btc) + float(eth))), BTC=btc, ETH=eth)
    state.on_quote(quote("99.99", "100.01", ETH))
    state.closes.follow(state.instruments, rules.horizons, rules.history + 1)
    state.apply(candles(BTC.id, count, 1))
    state.apply(candles(ETH.id, count, 2))
    return TailDesk(rules, state.closes), state


def test_what_is_held_counts_as_a_share_of_equity_also_what_was_there_before_us() -> None:
    _, state = stand()
    assert held(state, ASSETS, state.equity()) == pytest.approx({BTC.id: 0.1, ETH.id: 0.2})
    hold(state, "1")
    assert held(state, ASSETS, state.equity())[BTC.id] == pytest.approx(0.11)


def test_the_three_methods_stand_beside_each_other_and_components_make_the_whole() -> None:
    tail, state = stand()
    figures = tail.figures(HOUR, tail.held(state, ASSETS))
    risk = figures.filtered
    assert 0.0 < risk.value_at_risk < risk.expected_shortfall < 0.03
    assert figures.normal.value_at_risk == pytest.approx(0.0037, rel=0.3)
    assert figures.cornish_fisher.known
    parts = [part.expected_shortfall for part in figures.components]
    assert len(parts) == 2
    assert math.fsum(parts) == pytest.approx(risk.expected_shortfall, rel=1e-12)


@pytest.mark.parametrize(("prices", "known"), [(120, False), (121, True), (122, True)])
def test_five_scenarios_beyond_the_level_are_needed_and_what_is_missing_is_said(
    prices: int, known: bool
) -> None:
    tail, state = stand(count=prices)
    risk = tail.figures(HOUR, tail.held(state, ASSETS)).filtered
    assert risk.known is known
    if not known:
        assert risk.reason.startswith(
            "insufficient data: 99 of 100 scenarios of 1 h (BTC-USDT has 119 of 120 bars"
        )


def test_a_flat_account_risks_nothing_whatever_is_known() -> None:
    tail, state = stand(btc="0", eth="0", count=0)
    figures = tail.figures(HOUR, tail.held(state, ASSETS))
    assert (figures.filtered.value_at_risk, figures.filtered.expected_shortfall) == (0.0, 0.0)
    assert figures.components == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trouble": "HTTP 503"}, "the venue told no candles: HTTP 503"),
        ({"made_up": 500}, "500 candles of the venue are made up"),
    ],
)
def test_why_the_venue_told_nothing_stands_in_the_sentence(changes: dict[str, object], words: str) -> None:
    tail, state = stand(count=0)
    state.apply(msgspec.structs.replace(candles(BTC.id, 0), **changes))
    assert words in tail.figures(HOUR, tail.held(state, ASSETS)).filtered.reason


def test_a_hole_makes_no_return_and_a_period_that_one_lacks_is_nobodys() -> None:
    one = {HOUR: 100.0, 2 * HOUR: 110.0, 3 * HOUR: 99.0, 5 * HOUR: 50.0}
    other = {2 * HOUR: 1.0, 3 * HOUR: 2.0, 5 * HOUR: 3.0}
    assert aligned({"a": one, "b": other}, HOUR) == {"a": [pytest.approx(-0.1)], "b": [1.0]}
    assert aligned({}, HOUR) == {}


def test_a_ticket_sees_the_tail_before_and_after_and_a_sale_takes_from_it() -> None:
    tail, state = stand()
    bought, sold = (tail.what_if(BTC.id, size, state, ASSETS) for size in (5.0, -10.0))
    assert isinstance(bought, Marginal)
    assert isinstance(sold, Marginal)
    assert bought.expected_shortfall > 0.0 > sold.expected_shortfall
    assert bought.before == sold.before
    young, state = stand(count=5)
    assert "insufficient data" in str(young.what_if(BTC.id, 5.0, state, ASSETS))


def entry(weight: float) -> Entry:
    return Entry(BTC.id, {BTC.id: weight, ETH.id: 0.2}, {BTC.id: 0.1, ETH.id: 0.2})


@pytest.mark.parametrize("name", ["var_max", "es_max"])
@pytest.mark.parametrize(("beyond", "refused"), [(-1e-6, True), (0.0, False), (1e-6, False)])
def test_a_limit_binds_just_above_it_and_not_at_it(name: str, beyond: float, refused: bool) -> None:
    tail, state = stand()
    value, es = (
        tail.figures(HOUR, tail.held(state, ASSETS)).filtered.value_at_risk,
        tail.figures(HOUR, tail.held(state, ASSETS)).filtered.expected_shortfall,
    )
    limit = (value if name == "var_max" else es) + beyond
    bounded = TailDesk(TailRules(horizons=(HOUR,), **{name: limit}), state.closes)  # type: ignore[arg-type]
    assert (bounded.breach(entry(0.1), state) is not None) is refused


def test_a_refusal_says_which_limit_how_far_over_and_what_would_fit() -> None:
    tail, state = stand()
    limit = tail.figures(HOUR, tail.held(state, ASSETS)).filtered.expected_shortfall * 1.2
    bounded = TailDesk(TailRules(horizons=(HOUR,), es_max=limit), state.closes)
    breach = bounded.breach(entry(0.4), state)
    assert breach is not None
    assert (breach.limit, breach.maximum) == ("ES", limit)
    assert breach.sentence.startswith("ES over 1 h would be ")
    assert breach.sentence.endswith("% over")
    assert ": 0% over" not in breach.sentence
    assert breach.fits is not None
    fits = float(breach.fits)
    assert 0.0 < fits < 30.0
    assert bounded.breach(entry(0.1 + fits / 100), state) is None
    assert bounded.breach(entry(0.1 + (fits + 0.05) / 100), state) is not None


def test_a_limit_that_cannot_be_evaluated_refuses() -> None:
    tail, state = stand(TailRules(horizons=(HOUR,), var_max=0.5), count=50)
    breach = tail.breach(entry(0.2), state)
    assert breach is not None
    assert breach.sentence.startswith("VaR isn't known: insufficient data")


def test_without_a_limit_nothing_is_refused_and_nothing_computed() -> None:
    assert not RULES.limits
    tail, state = stand(count=0)
    assert tail.breach(entry(0.9), state) is None


def test_stress_takes_the_asset_class_of_each_position() -> None:
    tail, state = stand()
    found = {each.scenario: each for each in tail.stress(tail.held(state, ASSETS), state)}
    assert found["crypto-40"].loss == pytest.approx(0.3 * 0.4)
    assert found["correlations-1"].loss > 0.0
    unlisted = tail.stress(tail.held(state, Assets()), state)
    assert {e.scenario: e.loss for e in unlisted}["2020-03"] == pytest.approx(0.3 * 0.56)


def test_a_share_in_euros_risks_its_price_and_the_euro() -> None:
    euro, share = pair("EUR"), pair("SAP", "EUR")
    state = desk(euro, share, cash="8000", EUR="0", SAP="10")
    state.on_quote(quote("1.99", "2.01", euro))
    state.on_quote(quote("99.99", "100.01", share))
    assert held(state, ASSETS, state.equity()) == pytest.approx({share.id: 0.2}, rel=1e-3)
    assert at_risk(state, ASSETS, state.equity()) == pytest.approx({share.id: 0.2, euro.id: 0.2}, rel=1e-3)
    assert with_currencies({euro.id: 0.1, share.id: 0.2}, state)[euro.id] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("base", "listed", "named"),
    [
        ("BTC", {"BTC": Asset("crypto", "x")}, "crypto"), ("SAP", {"SAP": Asset("share", "x")}, "share"),
        ("EUR", {}, "forex"), ("USDC", {}, "stablecoin"), ("USDC", {"USDC": Asset("crypto", "x")}, "crypto"),
        ("GUSD", {"GUSD": Asset("cash", "cash")}, "stablecoin"), ("XYZ", {}, "other"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("counts", ["cash", "usd", "crypto"])
def test_the_scenarios_class_is_that_of_the_limits(
    base: str, listed: dict[str, Asset], named: str, counts: str
) -> None:
    assert stress_class(Assets(counts, listed), base) == named


def test_every_class_of_the_limits_has_its_shock() -> None:
    classes = {stress_class(Assets(listed={"X": Asset(kind, kind)}), "X") for kind in KINDS}
    assert all(classes <= set(scenario.shocks) for scenario in SCENARIOS if scenario.shocks)


def test_the_fast_measure_is_the_order_statistic_of_the_figures() -> None:
    tail, state = stand()
    weights = held(state, ASSETS, state.equity())
    risk = tail.figures(HOUR, tail.held(state, ASSETS)).filtered
    for title, value in (("VaR", risk.value_at_risk), ("ES", risk.expected_shortfall)):
        limit = {"var_max" if title == "VaR" else "es_max": value / 2}
        found = TailDesk(TailRules(horizons=(HOUR,), **limit), state.closes).breach(  # type: ignore[arg-type]
            Entry(BTC.id, weights, {}, ASSETS), state
        )
        assert found is not None
        assert found.limit == title
        assert found.value == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("exceptions", "light"), [(4, "green"), (5, "yellow"), (9, "yellow"), (10, "red")])
def test_the_traffic_light_is_basels_at_99_percent_over_250(exceptions: int, light: str) -> None:
    assert zone(exceptions, 250, 0.01) == light


@pytest.mark.parametrize(("count", "light"), [(49, ""), (50, "green")])
def test_a_short_record_has_no_colour(count: int, light: str) -> None:
    assert zone(0, count, 0.05) == light


def test_spans_are_told_in_their_largest_unit() -> None:
    assert [span(h) for h in (DAY, 4 * HOUR, 15 * MINUTE)] == ["1 d", "4 h", "15 min"]
