from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.errors import ConfigInvalid
from midas.settings import Settings, explain, load_settings
from midas.settings.risk import DEFAULT_PROFILES
from midas.workspace import template

BASE = """
environment = "SIM"
[exchange]
speed = 2.0
[strategies.trend-following]
weight = 0.5
[strategies.trend-following.parameters]
fast = 20
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A workspace with a small config.toml."""
    (tmp_path / "config.toml").write_text(BASE)
    return tmp_path


def _origin(settings: Settings, key: str) -> str:
    return next(row.origin for row in explain(settings) if row.key == key)


def test_each_source_wins_over_the_weaker_ones_and_is_remembered(desk: Path) -> None:
    (desk / "config.testing.toml").write_text("[exchange]\nspeed = 3.0\n")
    (desk / ".env").write_text("MIDAS_EXCHANGE__SPEED=4\nOTHER=ignored\n")
    variables = {"MIDAS_EXCHANGE__SPEED": "5"}
    typed = {"exchange.speed": 6.0}

    def speed(**sources: object) -> tuple[float, str]:
        settings = load_settings(desk, **({"environ": {}} | sources))  # type: ignore[arg-type]
        return settings.exchange.speed, _origin(settings, "exchange.speed")

    assert speed(profile="testing", environ=variables, overrides=typed) == (6.0, "command line")
    assert speed(profile="testing", environ=variables) == (5.0, "MIDAS_EXCHANGE__SPEED")
    assert speed(profile="testing") == (4.0, ".env MIDAS_EXCHANGE__SPEED")
    (desk / ".env").unlink()
    assert speed(profile="testing") == (3.0, "config.testing.toml")
    assert speed() == (2.0, "config.toml")
    (desk / "config.toml").write_text("")
    assert speed() == (1.0, "default")


def test_tables_of_several_sources_are_merged_key_by_key(desk: Path) -> None:
    variables = {"MIDAS_STRATEGIES__TREND_FOLLOWING__PARAMETERS__SLOW": "50"}
    trend = load_settings(desk, environ=variables).strategies["trend-following"]
    assert (trend.weight, trend.parameters) == (0.5, {"fast": 20, "slow": "50"})


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"MIDAS_RISK__LIMTS": "x"},
            r"^MIDAS_RISK__LIMTS: risk\.limts: unknown key; did you mean risk\.limits\?$",
        ),
        ({"MIDAS_RSK__LIMITS": "x"}, r"^MIDAS_RSK__LIMITS: rsk: unknown key; did you mean risk\?$"),
        ({"MIDAS_FOO": "x"}, r"^MIDAS_FOO: foo: unknown key; known there: console, environment"),
        (
            {"MIDAS_RISK__TRIGGERS__DRAWDOWN_STOP": "lots"},
            r"^MIDAS_RISK__TRIGGERS__DRAWDOWN_STOP: risk\.triggers\.drawdown_stop: expected a valid number",
        ),
        ({"MIDAS_EXCHANGE__SPEED": "nan"}, r"exchange\.speed: expected "),
        (
            {"MIDAS_TRADING__INSTRUMENTS": "BTCUSDT"},
            r'^MIDAS_TRADING__INSTRUMENTS: expected JSON such as \["BTCUSDT"\]',
        ),
        ({"MIDAS_ENVIRONMENT": "PROD"}, r"^MIDAS_ENVIRONMENT: environment: expected 'BACKTEST', 'SIM'"),
        (
            {"MIDAS_PROFILE": "testing"},
            r"^profile 'testing': .*config\.testing\.toml is missing; profiles here: none$",
        ),
        ({"MIDAS_VENUE__REST_URL": "ftp://x"}, r"^MIDAS_VENUE__REST_URL: venue\.rest_url: "),
    ],
)
def test_a_bad_variable_is_one_sentence_with_its_name(
    desk: Path, variables: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigInvalid, match=sentence) as caught:
        load_settings(desk, environ=variables)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[risk\nx = 1", r"config\.toml: not valid TOML: .*line 1"),
        ("a = 1\nb = = 2", r"config\.toml: not valid TOML: .*line 2"),
        (
            "[exchange]\nsped = 2",
            r"^config\.toml: exchange\.sped: unknown key; did you mean exchange\.speed\?$",
        ),
        ("[runtime]\ndrawdown_stop = 0.1", r"unknown key; did you mean risk\.triggers\.drawdown_stop\?$"),
        ("[exchange]\nspeed = -1", r"^config\.toml: exchange\.speed: expected greater than 0, got -1$"),
        ("risk = 3", r"^config\.toml: risk: expected a table, got 3$"),
        (
            '[risk]\nlimits = "loose"',
            r"risk: limits = 'loose' names no table \[risk\.profiles\.\*\]; there are: balanced, crypto",
        ),
        (
            "[risk.profiles.own]\nposition_max = 0.1",
            r"risk\.profiles\.own\.sector_max: is missing \(13 more after it\)",
        ),
        (
            "[risk.triggers]\ndrawdown_stop = 0.01",
            r"risk\.triggers: drawdown_defensive = 0\.1 must not lie above drawdown_stop = 0\.01$",
        ),
        (
            "[risk.triggers]\ndrawdown_stop = 0",
            r"drawdown_stop: 0 would fire at the first tick down: set a share of .* 1 to leave it out$",
        ),
        (
            "[risk.triggers]\ndaily_loss_stop = 3",
            r"got 3; it is a share, not percent: did you mean 0\.03\?$",
        ),
        (
            "[risk.stops]\npercent = 2",
            r"percent: expected less than 1, got 2; it is a share, not percent: did you mean 0\.02\?$",
        ),
        (
            '[risk.triggers]\ntime_zone = "Mars/Olympus"',
            r"risk\.triggers\.time_zone: no time zone is called 'Mars/Olympus';",
        ),
        (
            "[risk]\norder_rate_max = 3\n[risk.profiles.own]\nposition_max = 0.1",
            r"^config\.toml: risk\.order_rate_max: it is risk\.orders\.rate_max now",
        ),
        (
            '[risk.sectors]\nBTC = "crypto"',
            r"risk\.sectors: each asset stands in \[risk\.assets\] now: BTC = ",
        ),
        ('[risk]\nlimits = "source"', r"limits = 'source': the general numbers are called 'balanced' now"),
        (
            '[risk.assets]\nBTC = {class = "coin", sector = "x"}',
            r"risk\.assets\.BTC\.class: expected 'crypto'",
        ),
        ('[risk.assets]\nBTC = {kind = "crypto", sector = "x"}', r"risk\.assets\.BTC\.class: is missing"),
        ("[risk.profiles.balanced]\ncluster_max = 0.1", r"cluster_max must not lie below position_max"),
        (
            "[risk.orders]\nfat_finger_multiple = 0.5",
            r"fat_finger_multiple: expected greater than or equal to 1",
        ),
        ("[regime]\nadx_leave = 30", r"regime: adx_leave must not lie above adx_enter"),
        ('[trading]\ninstruments = ["btc/usdt"]', r"trading\.instruments\.0: "),
        ('[trading]\ninstruments = ["BTCUSDT", "BTCUSDT"]', r"must name each instrument once"),
        (
            '[strategies.x]\ninstruments = ["XRPUSDT"]',
            r"strategies\.x\.instruments: XRPUSDT is not in trading",
        ),
        (
            "[strategies.x.parameters]\na = [1]",
            r"strategies\.x\.parameters: a must be a number, a text, true or false",
        ),
        (
            '[venue]\napi_key = "hush"',
            r"venue\.api_key is a secret: put it into \.env as MIDAS_VENUE__API_KEY",
        ),
    ],
)
def test_a_bad_file_is_one_sentence_with_file_key_and_expectation(
    desk: Path, text: str, sentence: str
) -> None:
    (desk / "config.toml").write_text(text)
    with pytest.raises(ConfigInvalid, match=sentence) as caught:
        load_settings(desk, environ={})
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_folder_without_config_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigInvalid, match=r"config\.toml is missing: start in a workspace, or make one with `midas init"
    ):
        load_settings(tmp_path, environ={})


def test_secrets_come_from_variables_and_are_shown_as_dots(desk: Path) -> None:
    settings = load_settings(desk, environ={"MIDAS_VENUE__API_KEY": "abc", "MIDAS_VENUE__API_SECRET": "xyz"})
    assert settings.venue.api_key.get_secret_value() == "abc"
    shown = {row.key: row.value for row in explain(settings)}
    assert set(shown["venue.api_key"]) == {"*"}
    assert "xyz" not in repr(settings) + str(explain(settings))


def test_a_secret_in_the_wrong_place_is_not_repeated(desk: Path) -> None:
    (desk / ".env").write_text("MIDAS_VENUE__API_SECRE=hush\n")
    with pytest.raises(ConfigInvalid, match=r"did you mean venue\.api_secret") as caught:
        load_settings(desk, environ={})
    assert "hush" not in str(caught.value)


def test_settings_are_frozen_at_every_level(desk: Path) -> None:
    settings = load_settings(desk, environ={})
    with pytest.raises(ValueError, match="frozen"):
        settings.profile = "x"
    with pytest.raises(ValueError, match="frozen"):
        settings.risk.limits = "x"


def test_relative_paths_mean_relative_to_the_workspace(desk: Path) -> None:
    (desk / "config.toml").write_text('[exchange]\nmarket = "tapes/a.jsonl"\n')
    settings = load_settings(desk, environ={"MIDAS_HOME": "elsewhere"})
    assert settings.exchange.market == str(desk / "tapes" / "a.jsonl")
    assert settings.home == desk / "elsewhere"
    assert load_settings(desk, environ={}).home == desk / "data" / "store"


def test_asset_names_survive_the_lower_case_of_variables(desk: Path) -> None:
    balances = load_settings(desk, environ={"MIDAS_EXCHANGE__BALANCES__BTC": "0.5"}).exchange.balances
    assert balances == {"BTC": Decimal("0.5")}


def test_each_asset_of_the_map_is_shown_by_its_own_words_and_reached_by_variables() -> None:
    settings = load_settings(template(), environ={"MIDAS_RISK__ASSETS__BTC__SECTOR": "store of value"})
    assert settings.risk.assets["BTC"].sector == "store of value"
    shown = {row.key: (row.value, row.origin) for row in explain(settings)}
    assert shown["risk.assets.BTC.class"] == ("crypto", "config.toml")
    assert shown["risk.assets.BTC.sector"] == ("store of value", "MIDAS_RISK__ASSETS__BTC__SECTOR")
    assert shown["risk.orders.quantity_max.BTC"] == ("10", "config.toml")


def test_the_shipped_workspace_loads_and_states_both_limit_profiles() -> None:
    settings = load_settings(template(), environ={})
    assert settings.risk.limits == "crypto-only"
    general = settings.risk.profiles["balanced"]
    stated = (general.position_max, general.sector_max, general.correlation_max, general.usd_max)
    assert (*stated, general.crypto_max, general.cash_min) == (0.20, 0.40, 0.70, 0.50, 0.15, 0.10)
    for name, stated_by_default in DEFAULT_PROFILES.items():
        assert settings.risk.profiles[name].model_dump() == stated_by_default
    assert all(
        row.origin != "default" for row in explain(settings) if row.key.startswith("risk.") and row.value
    )


@given(
    st.dictionaries(
        st.text("ABCDEFGH_", min_size=1), st.text(st.characters(exclude_characters="\0")), max_size=3
    )
)
def test_whatever_a_variable_holds_the_answer_is_settings_or_one_sentence(values: dict[str, str]) -> None:
    try:
        load_settings(template(), environ={f"MIDAS_{key}": value for key, value in values.items()})
    except ConfigInvalid as error:
        assert str(error)  # noqa: PT017
    else:
        assert not values or set(values) <= {"HOME"}


STOPS = "[risk.stops]\n"


@pytest.mark.parametrize(
    ("key", "value", "ok"),
    [
        ("percent", 0.0, True), ("percent", -0.001, False), ("percent", 0.999, True), ("percent", 1.0, False),
        ("atr", 1000, True), ("atr", 1000.1, False), ("trail_percent", 0.999, True),
        ("trail_percent", 1, False),
        ("trail_atr", 1000, True), ("trail_atr", 1001, False), ("break_even_r", 100, True),
        ("break_even_r", 100.1, False), ("time_minutes", 525_600, True), ("time_minutes", 525_601, False),
        ("collar_bps", 2000, True), ("collar_bps", 2001, False), ("step_bps", 1000, True),
        ("step_bps", 1001, False), ("pace_seconds", 3600, True), ("pace_seconds", 3601, False),
        ("chase_seconds", 60, True), ("chase_seconds", 60.1, False), ("chase_seconds", -0.1, False),
    ],
)  # fmt: skip
def test_each_number_of_a_stop_has_its_bounds(desk: Path, key: str, value: float, ok: bool) -> None:
    atr = "atr = 1\n" if key == "percent" else ""
    (desk / "config.toml").write_text(f"{BASE}\n{STOPS}{atr}{key} = {value}\n")
    if ok:
        assert getattr(load_settings(desk, environ={}).risk.stops, key) == value
    else:
        with pytest.raises(ConfigInvalid, match=f"risk.stops.{key}: expected"):
            load_settings(desk, environ={})


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("percent = 0\ntrail_percent = 0\n", "no position would have a stop: set percent, atr"),
        (
            "percent = 0\n",
            "break_even_r = 1 counts first risks.*set one of them above 0, or break",
        ),
        ("time_gain = 0.01\n", "time_gain is reached within time_minutes: set both, or neither"),
    ],
)
def test_stops_that_make_no_sense_are_one_sentence(desk: Path, lines: str, said: str) -> None:
    (desk / "config.toml").write_text(f"{BASE}\n{STOPS}{lines}")
    with pytest.raises(ConfigInvalid, match=said):
        load_settings(desk, environ={})


def test_a_strategy_has_stops_of_its_own_where_it_says_so(desk: Path) -> None:
    own = "[strategies.trend-following.stops]\npercent = 0.01\ntime_minutes = 30\n"
    (desk / "config.toml").write_text(f"{BASE}\n{own}{STOPS}trail_atr = 3\n")
    settings = load_settings(desk, environ={})
    stops = settings.risk.stops.changed(settings.strategies["trend-following"].stops)
    assert (stops.percent, stops.time_minutes, stops.trail_atr) == (0.01, 30.0, 3.0)
    assert settings.risk.stops.percent == 0.02


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("percnt = 0.01", r"\.percnt: unknown key; did you mean strategies.trend-following.stops.percent\?"),
        ("percent = 2.0", r"\.percent: expected less than 1, got 2.0; it is a share.* did you mean 0.02\?"),
        ("time_gain = 0.5", ": time_gain is reached within time_minutes"),
        ('percent = "x"', r"\.percent: expected a valid number, got 'x'"),
    ],
)
def test_a_strategys_bad_stop_is_named_with_its_file(desk: Path, line: str, said: str) -> None:
    (desk / "config.toml").write_text(f"{BASE}\n[strategies.trend-following.stops]\n{line}\n")
    with pytest.raises(ConfigInvalid, match=r"^config\.toml: strategies\.trend-following\.stops" + said):
        load_settings(desk, environ={})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[risk.kpis]\nsharpe_min = 2.0", r"risk\.kpis: sharpe_min must not lie above sharpe_optimum"),
        ("[risk.kpis]\ndrawdown_max = 0.05", r"risk\.kpis: drawdown_optimum must not lie above drawdown_max"),
        (
            "[risk.tail]\nhorizons_minutes = []",
            r"horizons_minutes: expected at least 1, got none$",
        ),
        (
            "[risk.tail]\nhorizons_minutes = [1, 3, 5, 15, 30]",
            r"horizons_minutes: expected at most 4, got 5: 1, 3, 5, 15, 30$",
        ),
        ("[risk.tail]\nhorizons_minutes = [7]", r"no venue has candles of 7 minutes; there are 1, 3, 5"),
        ("[risk.tail]\nhorizons_minutes = [60, 60]", r"horizons_minutes: each horizon once"),
        ("[risk.tail]\nlevel = 0.99", r"history_returns = 500 can't tell the level 0\.99: at least 520"),
        ("[risk.tail]\nvar_max = 0.05\nes_max = 0.04", r"es_max must not lie below var_max"),
        (
            "[trading]\nbar_seconds = 300\n[risk.tail]\nhorizons_minutes = [1]",
            r"1 minutes are no multiple of",
        ),
        ('[risk.regulation]\nday_trade_time_zone = "Wall/Street"', r"no time zone is called 'Wall/Street'"),
        ("[risk.regulation.leverage_max]\nbeans = 3", r"beans is no asset class of the table"),
        ("[risk.regulation.leverage_max]\ncrypto = 0.5", r"leverage_max\.crypto: expected greater than"),
    ],
)
def test_bad_numbers_of_figures_and_rules_are_one_sentence(desk: Path, text: str, sentence: str) -> None:
    (desk / "config.toml").write_text(text)
    with pytest.raises(ConfigInvalid, match=sentence) as caught:
        load_settings(desk, environ={})
    assert "\n" not in str(caught.value)


SIZING = {
    "kelly_fraction": (0.25, 0.26), "chance_quantile": (0.5, 0.51), "edge_margin": (0.0, -0.001),
    "volatility_target_annual": (5, 5.1), "volatility_floor_annual": (5, 0), "drawdown_max": (1, 0),
    "calibration_factor": (0, 1.1), "trades_min": (1, 0), "trades_floor": (1, 1.1),
    "rebalance_band": (1, -0.1),
}  # fmt: skip
CALIBRATION = {
    "window_days": (1, 0), "gap": (1, 1.1), "effective_min": (2, 1), "z_trigger": (-10, 0),
    "z_release": (10, 11), "release_days": (1, 0),
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "key", "good", "bad"),
    [("sizing", key, *pair) for key, pair in SIZING.items()]
    + [("calibration", key, *pair) for key, pair in CALIBRATION.items()],
)
def test_each_number_of_sizing_and_calibration_has_its_bounds(
    desk: Path, table: str, key: str, good: float, bad: float
) -> None:
    name = f"risk.{table}.{key}"
    settings = load_settings(desk, overrides={name: good}, environ={})
    assert _origin(settings, name) == "command line"
    with pytest.raises(ConfigInvalid, match=f"risk.{table}.{key}: expected"):
        load_settings(desk, overrides={name: bad}, environ={})


def test_a_doubt_must_end_after_it_began(desk: Path) -> None:
    with pytest.raises(ConfigInvalid, match="z_release must lie above z_trigger"):
        load_settings(desk, overrides={"risk.calibration.z_release": -2.5}, environ={})


@pytest.mark.parametrize("key", ["volatility_target_annual", "volatility_floor_annual", "rebalance_band"])
def test_a_setting_that_moved_is_refused_with_its_new_place(desk: Path, key: str) -> None:
    (desk / "config.toml").write_text(f"{BASE}[risk]\n{key} = 0.1\nwrong = 1\n")
    with pytest.raises(ConfigInvalid) as refused:
        load_settings(desk, environ={})
    assert str(refused.value).startswith(f"config.toml: risk.{key}: it is risk.sizing.{key} now")


def test_the_shipped_file_states_what_the_defaults_say(tmp_path: Path) -> None:
    shipped = load_settings(template(), environ={})
    for section in (shipped.risk.sizing, shipped.risk.calibration):
        assert section == type(section)()
        for key in type(section).model_fields:
            table = "sizing" if section is shipped.risk.sizing else "calibration"
            assert _origin(shipped, f"risk.{table}.{key}") == "config.toml"
