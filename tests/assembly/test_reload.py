from __future__ import annotations

from pathlib import Path

import pytest

from midas.assembly.config import currency_of, engine_config
from midas.assembly.reload import TABLES, reread
from midas.domain.command import Reload
from midas.domain.limits import Asset
from midas.engine.config import EngineConfig
from midas.errors import ConfigInvalid
from midas.settings import load_settings
from tests.fakes.nouns import BTC, ETH, pair

CONFIG = """
[strategies.trend-following]
weight = 0.5
[risk]
limits = "crypto-only"
[risk.orders]
rate_max = {rate}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(CONFIG.format(rate=20))
    return tmp_path


def test_the_files_are_read_whole_and_only_limits_are_taken(workspace: Path) -> None:
    def load() -> object:
        return load_settings(workspace, environ={})

    running = engine_config(load_settings(workspace, environ={}), (BTC, ETH))
    (workspace / "config.toml").write_text(CONFIG.format(rate=7).replace("0.5", "0.4"))
    read = reread(Reload(confirmed=True, problem="of a door"), load, running, 1.0)  # type: ignore[arg-type]
    assert read.confirmed
    assert read.problem == ""
    assert read.limits is not None
    assert read.limits.order_rate_max == 7
    assert read.elsewhere == ("strategies",)


def test_rules_that_a_running_engine_keeps_are_named(workspace: Path) -> None:
    def load() -> object:
        return load_settings(workspace, environ={})

    running = engine_config(load_settings(workspace, environ={}), (BTC, ETH))
    more = """
[risk.tail]
es_max = 0.1
level = 0.96
[risk.regulation]
account = "margin"
[risk.stops]
percent = 0.05
[risk.triggers]
drawdown_stop = 0.2
"""
    (workspace / "config.toml").write_text(CONFIG.format(rate=7) + more)
    read = reread(Reload(), load, running, 1.0)  # type: ignore[arg-type]
    assert read.elsewhere == ("risk.triggers", "risk.stops", "risk.tail", "risk.regulation")


def test_whatever_decides_is_taken_or_named() -> None:
    taken = {"limits"}
    derived = {"instruments", "book_stale", "bar_stale"}  # of the venue, and of speed and period
    tried = {"bar_spread", "studies_all", "years"}  # of back-tests alone
    assert TABLES.keys() == set(EngineConfig.__struct_fields__) - taken - derived - tried


def test_files_that_are_wrong_are_told_in_their_own_sentence(workspace: Path) -> None:
    running = engine_config(load_settings(workspace, environ={}), (BTC, ETH))
    (workspace / "config.toml").write_text(CONFIG.format(rate=0))
    read = reread(Reload(), lambda: load_settings(workspace, environ={}), running, 1.0)
    assert read.limits is None
    assert read.problem == ("config.toml: risk.orders.rate_max: expected greater than or equal to 1, got 0")


def test_the_limits_of_an_engine_are_those_of_its_profile(workspace: Path) -> None:
    settings = load_settings(workspace, environ={"MIDAS_RISK__LIMITS": "balanced"})
    limits = engine_config(settings, (BTC, ETH)).limits
    assert (limits.profile, limits.cluster_max, limits.strategy_max) == ("balanced", 0.20, 0.40)
    assert limits.assets.listed == {"BTC": Asset("crypto", "crypto"), "ETH": Asset("crypto", "crypto")}


def test_pairs_in_several_currencies_need_one_said_and_a_way_to_it(workspace: Path) -> None:
    settings = load_settings(workspace, environ={})
    euro, sap = pair("EUR"), pair("SAP", "EUR")
    with pytest.raises(ConfigInvalid, match=r"quoted in USDT, EUR: set trading\.currency"):
        currency_of(settings, (BTC, sap))
    told = load_settings(workspace, environ={"MIDAS_TRADING__CURRENCY": "USDT"})
    with pytest.raises(
        ConfigInvalid, match="SAPEUR is quoted in EUR, and no traded pair converts that into USDT"
    ):
        currency_of(told, (BTC, sap))
    assert currency_of(told, (BTC, euro, sap)) == "USDT"
    assert currency_of(settings, (BTC, ETH)) == "USDT"


def test_limits_on_tail_risk_are_taken_with_the_others(workspace: Path) -> None:
    running = engine_config(load_settings(workspace, environ={}), (BTC, ETH))
    (workspace / "config.toml").write_text(CONFIG.format(rate=7) + "[risk.tail]\nes_max = 0.1\n")
    read = reread(Reload(), lambda: load_settings(workspace, environ={}), running, 1.0)
    assert read.elsewhere == ()
    assert read.tail is not None
    assert read.tail.es_max == 0.1
