"""Every number of R7: where it is set, what the source says, and the test that meets it at its edge."""

from __future__ import annotations

from typing import NamedTuple


class Number(NamedTuple):
    """One number of the requirements, as a setting."""

    requirement: str
    path: str  # of the setting
    value: float  # its default, also in the shipped configuration
    source: str  # in the source's words; empty: the source leaves it open
    bad: tuple[str, ...]  # values that are refused
    tried: str  # the test at, just under and just over it, below tests/
    why: str = ""  # where the default isn't what the source says


SHARE = ("-0.01", "1.01", "lots", "nan")
ABOVE_0 = ("0", "-1", "soon", "inf")
COUNT = ("0", "-1", "2.5", "many")
RATIO = ("-11", "11", "good", "nan")
FROM_0 = ("-1", "soon", "inf")

LIMIT = "scenarios/test_limit_edges.py::test_a_limit_passes_up_to_its_edge_and_refuses_one_lot_beyond"
PAIR = (
    "scenarios/test_limit_edges.py::"
    "test_two_positions_are_one_from_just_above_the_correlation_that_is_allowed"
)
STOP = "scenarios/test_losses.py::test_a_stop_fires_one_tick_past_its_threshold_and_closes_everything"
CAREFUL = (
    "scenarios/test_losses.py::test_defensive_begins_one_tick_past_its_threshold_and_halves_what_is_held"
)
RELEASE = (
    "scenarios/test_losses.py::test_defensive_ends_below_four_fifths_of_its_threshold_and_after_five_minutes"
)
DWELL = "scenarios/test_losses.py::test_defensive_lasts_five_minutes_even_where_its_cause_has_gone"
SHARPE = (
    "scenarios/test_days.py::"
    "test_thirty_days_below_a_sharpe_ratio_of_a_half_make_defensive_and_a_better_stretch_ends_it"
)
SILENCE = "scenarios/test_failures.py::test_a_stop_for_silence_fires_past_its_threshold_and_not_at_it"
BREAKER = "scenarios/test_breakers.py::test_a_breaker_opens_past_its_patience_and_not_at_it"
CONFIDENCE = "scenarios/test_losses.py::test_defensive_executes_only_signals_of_seventy_percent_and_more"
HALF = "scenarios/test_breakers.py::test_without_sentiment_everybody_trades_at_half_the_size"

OPEN = "the source states no such limit; position and sector hold there"
ONE_CLASS = "an account of coins alone: they are the whole of it, but for the cash limit"

_BALANCED = {
    "position_max": (0.20, "20 %", ""), "sector_max": (0.40, "40 %", ""),
    "correlation_max": (0.70, "0.7", ""), "usd_max": (0.50, "50 %", ""), "crypto_max": (0.15, "15 %", ""),
    "cash_min": (0.10, "10 %", ""),
    "cluster_max": (0.20, "smaller", "a cluster has what one position may have"),
    "currency_max": (0.50, "", "another currency has what dollars may have"),
    "strategy_max": (0.40, "", "a strategy has what a sector may have"),
    "venue_max": (1.0, "", OPEN), "share_max": (1.0, "", OPEN), "etf_max": (1.0, "", OPEN),
    "forex_max": (1.0, "", OPEN), "bond_max": (1.0, "", OPEN), "commodity_max": (1.0, "", OPEN),
}  # fmt: skip
_CRYPTO = {
    "position_max": (0.20, "20 %", ""), "correlation_max": (0.70, "0.7", ""), "cash_min": (0.10, "10 %", ""),
    "sector_max": (0.90, "40 %", ONE_CLASS),
    "crypto_max": (0.90, "15 %, configurable upwards for a crypto-only account", ONE_CLASS),
    "strategy_max": (0.90, "", ONE_CLASS),
    "cluster_max": (0.40, "smaller", "coins move together: two full positions"),
    "usd_max": (1.0, "50 %", "USDT is cash there, and nothing else is dollars"),
    "currency_max": (1.0, "", "nothing else is held"), "venue_max": (1.0, "", "there is one venue"),
    "share_max": (0.0, "", "not held"), "etf_max": (0.0, "", "not held"),
    "forex_max": (0.0, "", "not held"), "bond_max": (0.0, "", "not held"),
    "commodity_max": (0.0, "", "not held"),
}  # fmt: skip


def _profile(name: str, figures: dict[str, tuple[float, str, str]]) -> list[Number]:
    return [
        Number(
            "R7.1", f"risk.profiles.{name}.{field}", value, source, SHARE,
            PAIR if field == "correlation_max" else LIMIT, why,
        )
        for field, (value, source, why) in figures.items()
    ]  # fmt: skip


def _rows(requirement: str, table: str, *rows: tuple[str, float, str, tuple[str, ...], str]) -> list[Number]:
    return [Number(requirement, f"risk.{table}{name}", *rest) for name, *rest in rows]  # type: ignore[arg-type]


NUMBERS: list[Number] = [
    *_profile("balanced", _BALANCED),
    *_profile("crypto-only", _CRYPTO),
    *_rows(
        "R7.1", "",
        ("forced_sale_over", 0.05, "", SHARE,
         "risk/test_oversize.py::"
         "test_nothing_is_sold_up_to_a_twentieth_beyond_a_limit_and_then_down_to_it"),
    ),
    *_rows(
        "R7.1", "orders.",
        ("rate_max", 20, "", COUNT, "risk/test_limits.py::test_the_order_rate_counts_this_order_too"),
        ("notional_max", 2500, "", ABOVE_0,
         "risk/test_limits.py::test_one_order_is_worth_no_more_than_allowed"),
        ("collar_bps", 50, "", (*ABOVE_0, "2001"),
         "risk/test_limits.py::test_a_buy_pays_at_most_the_collar_beyond_the_mid"),
        ("duplicate_seconds", 5, "", FROM_0,
         "risk/test_limits.py::test_the_same_order_is_not_sent_again_before_the_first_is_answered"),
        ("repeats_max", 30, "", COUNT,
         "engine/test_throttle.py::test_more_executed_orders_than_allowed_close_the_gate_of_the_strategy"),
        ("repeats_seconds", 60, "", ABOVE_0,
         "engine/test_throttle.py::test_what_lies_longer_ago_than_the_window_no_longer_counts"),
        ("fat_finger_multiple", 10, "", ("0.9", "big"),
         "engine/test_manual.py::"
         "test_an_order_of_many_times_the_days_median_has_its_size_confirmed_too"),
        ("fat_finger_share", 0.10, "", SHARE,
         "engine/test_manual.py::"
         "test_an_order_that_is_a_large_share_of_equity_has_its_size_confirmed_too"),
    ),
    *_rows(
        "R7.6", "triggers.",
        ("drawdown_defensive", 0.10, "10 %", (*SHARE, "0.16"), CAREFUL),
        ("weekly_loss_defensive", 0.03, "3 %", (*SHARE, "0.06"), CAREFUL),
        ("sharpe_defensive", 0.5, "0.5", (*RATIO, "0.7"), SHARPE),
        ("sharpe_days", 30, "30 days", ("19", "401", "30.5"),
         "scenarios/test_days.py::test_twenty_nine_days_say_nothing_about_it"),
        ("release", 0.8, "", ("0", "1.1", "soon"), RELEASE),
        ("sharpe_release", 0.6, "", (*RATIO, "0.4"),
         "risk/test_triggers.py::"
         "test_a_thirty_day_sharpe_ratio_below_a_half_fires_and_ends_above_six_tenths"),
        ("dwell_minutes", 5, "", FROM_0, DWELL),
    ),
    *_rows(
        "R7.7", "triggers.",
        ("drawdown_stop", 0.15, "15 %", (*SHARE, "0.09"), STOP),
        ("daily_loss_stop", 0.03, "3 %", (*SHARE, "0.06"), STOP),
        ("weekly_loss_stop", 0.05, "5 %", (*SHARE, "0.09"), STOP),
        ("monthly_loss_stop", 0.08, "8 %", (*SHARE, "0.04"), STOP),
        ("feed_failed_stop_minutes", 60, "1 h", ABOVE_0, SILENCE),
        ("broker_gone_stop_minutes", 30, "30 min", ABOVE_0, SILENCE),
    ),
    *_rows(
        "R7.9", "breakers.",
        ("price_feed_minutes", 5, "5 min", ABOVE_0, BREAKER),
        ("news_minutes", 60, "1 h", ABOVE_0, BREAKER),
        ("broker_minutes", 2, "2 min", ABOVE_0, BREAKER),
        ("broker_escalates_minutes", 5, "escalate", FROM_0,
         "scenarios/test_breakers.py::"
         "test_a_broker_that_stays_away_makes_observation_after_five_more_minutes_and_ends_it_by_itself"),
        ("models_minutes", 1, "", ABOVE_0, BREAKER),
        ("sentiment_minutes", 60, "", ABOVE_0, BREAKER),
        ("clock_offset_ms_max", 1000, "", ABOVE_0,
         "runtime/test_runner.py::"
         "test_a_clock_more_than_a_second_off_the_venues_is_told_once_and_again_when_it_is_right"),
        ("probe_seconds", 30, "", FROM_0,
         "scenarios/test_breakers.py::test_a_breaker_closes_only_after_thirty_seconds_of_work"),
        ("caution_exposure", 0.5, "more conservative", SHARE, HALF),
    ),
    *_rows(
        "R7.10", "triggers.",
        ("defensive_exposure", 0.5, "50 % exposure", SHARE, CAREFUL),
        ("defensive_confidence", 0.7, "high confidence only", SHARE, CONFIDENCE),
    ),
]  # fmt: skip

SIZES = "statistics/test_sizing.py::"
DOUBT = "agents/test_calibrator.py::"
STOPS = "engine/test_stops.py::"
TAIL = "risk/test_tail.py::"
RULES = "risk/test_regulation.py::"
GOAL = "statistics/test_kpis.py::test_a_goal_must_be_passed_and_an_optimum_reached"

# Numbers whose tables other parts bring; each is tried as soon as its setting is there.
COMING: list[Number] = [
    *_rows(
        "R7.2", "",
        ("volatility_target_annual", 0.20, "", ABOVE_0,
         "portfolio/test_sizing.py::test_a_volatility_twice_the_target_halves_the_size"),
        ("volatility_floor_annual", 0.05, "", ABOVE_0,
         "portfolio/test_sizing.py::test_a_quiet_market_is_not_taken_for_a_safe_one"),
        ("rebalance_band", 0.10, "", SHARE,
         "agents/test_portfolio_manager.py::test_what_is_within_the_band_is_left_alone"),
    ),
    *_rows(
        "R7.2", "sizing.",
        ("kelly_fraction", 0.25, "fractional Kelly", (*ABOVE_0, "0.26"),
         SIZES + "test_a_quarter_of_kelly_stops_at_the_hard_limit"),
        ("chance_quantile", 0.25, "", (*ABOVE_0, "0.51"),
         SIZES + "test_a_chance_of_few_outcomes_counts_as_less"),
        ("edge_margin", 0.0005, "", FROM_0, SIZES + "test_an_edge_must_be_larger_than_the_margin"),
        ("volatility_target_annual", 0.20, "", ABOVE_0,
         SIZES + "test_a_volatility_twice_the_target_halves_a_share"),
        ("volatility_floor_annual", 0.05, "", ABOVE_0,
         SIZES + "test_a_volatility_target_may_lever_up_to_its_cap_and_to_its_floor"),
        ("drawdown_max", 0.15, "", (*SHARE, "0"),
         SIZES + "test_the_throttle_closes_as_the_drawdown_deepens"),
        ("calibration_factor", 0.5, "sizing halved", SHARE,
         SIZES + "test_chances_in_doubt_halve_once_not_on_top_of_the_mode"),
        ("trades_min", 30, "", COUNT, SIZES + "test_own_trades_count_from_thirty_on"),
        ("trades_floor", 0.25, "", SHARE, SIZES + "test_own_trades_may_end_a_strategy"),
        ("rebalance_band", 0.10, "", SHARE,
         SIZES + "test_only_a_change_outside_the_band_is_worth_its_cost"),
    ),
    *_rows(
        "R7.3", "stops.",
        ("percent", 0.02, "", ("-0.01", "1", "far"),
         STOPS + "test_without_a_resident_stop_it_is_held_in_memory_and_sold_when_its_price_comes"),
        ("atr", 0, "", FROM_0, STOPS + "test_atr_counts_where_it_is_nearer"),
        ("trail_percent", 0.03, "", ("-0.01", "1", "far"),
         STOPS + "test_a_trailing_stop_rises_with_the_best_price_and_never_falls"),
        ("trail_atr", 0, "", FROM_0, STOPS + "test_atr_counts_where_it_is_nearer"),
        ("break_even_r", 1, "", FROM_0, STOPS + "test_after_a_gain_of_one_r_nobody_loses_on_it"),
        ("time_minutes", 0, "", FROM_0,
         STOPS + "test_a_position_that_gains_nothing_in_its_time_is_sold"),
        ("time_gain", 0, "", (*FROM_0, "0.1"), STOPS + "test_a_position_that_has_gained_keeps_its_time"),
        ("collar_bps", 50, "", (*FROM_0, "2001"),
         "execution/test_stops.py::test_a_price_between_two_ticks_is_rounded_towards_the_market_"
         "and_its_limit_away_from_it"),
        ("step_bps", 5, "", FROM_0,
         "execution/test_stops.py::test_a_rise_smaller_than_the_step_isnt_worth_a_cancel"),
        ("pace_seconds", 5, "", FROM_0,
         STOPS + "test_a_trailing_stop_rises_with_the_best_price_and_never_falls"),
        ("chase_seconds", 2, "", FROM_0,
         STOPS + "test_a_stop_that_the_market_jumped_over_is_withdrawn_and_sold_at_the_touch"),
    ),
    *_rows(
        "R7.4", "tail.",
        ("level", 0.95, "", ("0.89", "1"),
         TAIL + "test_five_scenarios_beyond_the_level_are_needed_and_what_is_missing_is_said"),
        ("history_returns", 500, "", ("119", "1001", "2.5"),
         TAIL + "test_five_scenarios_beyond_the_level_are_needed_and_what_is_missing_is_said"),
        ("every_seconds", 60, "", ("59", "soon"),
         "agents/test_tail_watch.py::test_figures_are_computed_once_a_minute_whatever_happens_in_between"),
        ("var_max", 0.0, "", SHARE, TAIL + "test_a_limit_binds_just_above_it_and_not_at_it"),
        ("es_max", 0.0, "", SHARE, TAIL + "test_a_limit_binds_just_above_it_and_not_at_it"),
    ),
    *_rows(
        "R7.5", "calibration.",
        ("window_days", 30, "rolling 30 days", (*COUNT, "401"),
         DOUBT + "test_outcomes_older_than_the_window_are_forgotten"),
        ("gap", 0.15, "15 %", SHARE, DOUBT + "test_a_hit_rate_more_than_fifteen_points_below_is_doubted"),
        ("effective_min", 30, "", ("1", "few"), DOUBT + "test_thirty_effective_outcomes_are_needed"),
        ("z_trigger", -2.5, "", ("0", "-11"),
         DOUBT + "test_misses_that_chance_hardly_explains_are_doubted"),
        ("z_release", -1.0, "until it recovers", ("-2.6", "11"),
         DOUBT + "test_the_release_lies_at_minus_one"),
        ("release_days", 5, "until it recovers", COUNT,
         DOUBT + "test_a_day_below_the_release_begins_the_count_anew"),
    ),
    *_rows(
        "R7.11", "regulation.",
        ("day_trades_max", 3, "<= 3", ("-1", "2.5", "1001"),
         RULES + "test_a_purchase_that_may_become_the_fourth_day_trade_is_refused"),
        ("day_trade_business_days", 5, "a week", (*COUNT, "31"),
         RULES + "test_a_day_trade_leaves_the_window_after_five_business_days"),
        ("day_trade_equity_usd_min", 25_000, "25k USD", FROM_0,
         RULES + "test_from_25000_dollars_on_day_trades_are_free"),
    ),
    *_rows(
        "R7.11", "regulation.leverage_max.",
        *((name, most, "ESMA", ("0.9", "1001", "high"), RULES + "test_the_table_is_esmas")
          for name, most in (
              ("forex_major", 30), ("forex", 20), ("gold", 20), ("index_major", 20), ("commodity", 10),
              ("index", 10), ("share", 5), ("etf", 5), ("bond", 5), ("other", 5), ("crypto", 2),
          )),
    ),
    *_rows(
        "R7.12", "kpis.",
        ("sharpe_min", 0.8, "> 0.8", (*RATIO, "1.6"), GOAL),
        ("sharpe_optimum", 1.5, "1.5", (*RATIO, "0.7"), GOAL),
        ("drawdown_max", 0.15, "< 15 %", (*SHARE, "0.09"), GOAL),
        ("drawdown_optimum", 0.10, "10 %", (*SHARE, "0.16"), GOAL),
        ("cagr_min", 0.08, "> 8 %", ("-1", "101", "0.16"), GOAL),
        ("cagr_optimum", 0.15, "15 %", ("-1", "101", "0.07"), GOAL),
        ("win_rate_min", 0.45, "> 45 %", (*SHARE, "0.56"), GOAL),
        ("win_rate_optimum", 0.55, "55 %", (*SHARE, "0.44"), GOAL),
        ("profit_factor_min", 1.3, "> 1.3", FROM_0, GOAL),
        ("recovery_factor_min", 2.0, "> 2", FROM_0, GOAL),
    ),
]  # fmt: skip
# The tables of `COMING` that aren't here yet, or no longer.
COMES = ("risk.sizing.", "risk.stops.", "risk.tail.", "risk.calibration.", "risk.regulation.", "risk.kpis.")
MOVES = ("risk.volatility_target_annual", "risk.volatility_floor_annual", "risk.rebalance_band")

# What the reference of quantitative methods corrects: both, and why.
CORRECTED = [
    Number(
        "R4.1", "regime.correlation_min", 0.5, "correlations -> 1", RATIO,
        "analysis/test_regime.py::"
        "test_a_panic_without_correlation_among_its_class_is_high_volatility",
        "the highest 20-day average correlation of twenty US stocks in 28 years was .83: 1 never comes",
    ),
]  # fmt: skip

# Keys of [risk] that are no numbers of R7.
NO_NUMBERS = {
    "risk.limits", "risk.stablecoin_counts_as", "risk.triggers.time_zone", "risk.stops.enabled",
    "risk.stops.resident", "risk.stops.by_hand", "risk.tail.horizons_minutes", "risk.regulation.account",
    "risk.regulation.pattern_day_trader", "risk.regulation.day_trade_time_zone",
    "risk.regulation.leverage_limited",
}  # fmt: skip
NO_NUMBERS_BELOW = ("risk.assets.", "risk.orders.quantity_max")
