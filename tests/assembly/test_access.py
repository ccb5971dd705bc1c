"""How an account is reached, and where a home's sockets lie."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from midas.assembly.access import Access, access, account_lock, continues, identified, simulated, sockets
from midas.assembly.config import check_strategies, engine_config
from midas.domain.time import SECOND
from midas.errors import AlreadyRunning, ConfigInvalid, NotLoopback, WorkspaceInvalid
from midas.settings import Settings, load_settings
from midas.venues.binance.endpoints import Endpoints
from tests.fakes.nouns import BTC, ETH

REPOSITORY = Path(__file__).resolve().parents[2]
DEMO = """environment = "DEMO"
[venue]
rest_url = "https://api.example/api"
sapi_url = "https://api.example/sapi"
ws_api_url = "wss://ws.example/ws-api/v3"
stream_url = "wss://stream.example"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config.toml").write_text("")
    return load_settings(tmp_path)


def test_the_simulated_venue_is_refused_outside_this_machine() -> None:
    with pytest.raises(NotLoopback):
        simulated("http://10.0.0.1:1", "ws://127.0.0.1:1", "a" * 32, ("key", "secret"), 1.0)


def test_an_exchange_instance_is_an_account_of_its_own() -> None:
    reach = simulated("http://127.0.0.1:1", "ws://127.0.0.1:1", "0123456789abcdef", ("key", "secret"), 5.0)
    assert (reach.account, reach.speed, reach.leave_unlisted) == ("sim-0123456789ab", 5.0, True)
    assert "secret" not in repr(reach)


def test_a_demo_account_without_addresses_or_keys_names_all_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('environment = "DEMO"\n')
    with pytest.raises(ConfigInvalid) as error:
        access(load_settings(tmp_path))
    for missing in ("venue.rest_url", "venue.stream_url", "MIDAS_VENUE__API_KEY"):
        assert missing in str(error.value)


def test_a_demo_account_is_reached_where_the_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(DEMO)
    monkeypatch.setenv("MIDAS_VENUE__API_KEY", "key")
    monkeypatch.setenv("MIDAS_VENUE__API_SECRET", "secret")
    reach = access(load_settings(tmp_path))
    assert reach.account == "demo-binance"
    assert reach.endpoints.rest == "https://api.example/api"


def test_an_environment_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('environment = "PAPER"\n')
    with pytest.raises(ConfigInvalid, match="PAPER isn't one of this version"):
        access(load_settings(tmp_path))


def test_sockets_lie_in_the_home() -> None:
    assert sockets(Path("/h")) == (Path("/h/link.sock"), Path("/h/kill.sock"))


def test_sockets_of_a_home_with_a_long_path_lie_in_a_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    long, other = Path("/" + "h" * 100), Path("/" + "i" * 100)
    link, kill = sockets(long)
    assert link.parent == kill.parent != sockets(other)[0].parent
    assert link.parent.stat().st_mode & 0o777 == 0o700
    link.parent.chmod(0o755)
    with pytest.raises(ConfigInvalid, match="isn't a private folder of yours"):
        sockets(long)


def test_settings_become_the_values_that_decide(settings: Settings) -> None:
    config = engine_config(settings, (BTC, ETH))
    assert config.feed_stale == int(settings.runtime.feed_stale_seconds * SECOND)
    assert config.audit_every == int(settings.runtime.reconcile_seconds * SECOND)
    assert config.limits.position_max == settings.risk.active.position_max
    assert config.digest() == engine_config(settings, (BTC, ETH)).digest()
    assert config.digest() != engine_config(settings, (BTC,)).digest()


def test_strategies_are_checked_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[strategies.nothing-there]\n")
    with pytest.raises(WorkspaceInvalid, match=r"nothing_there\.py is missing"):
        check_strategies(load_settings(tmp_path))
    check_strategies(load_settings(REPOSITORY))


def test_no_strategy_may_be_called_what_a_persons_orders_are(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[strategies.mine]\n")
    source = (REPOSITORY / "strategies" / "trend_following.py").read_text()
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text(source.replace('"trend-following"', '"manual"'))
    with pytest.raises(WorkspaceInvalid, match="'manual' is what a person's own orders are called"):
        check_strategies(load_settings(tmp_path))


def test_no_strategy_may_be_called_as_a_gate_is(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[strategies.mine]\n")
    source = (REPOSITORY / "strategies" / "trend_following.py").read_text()
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text(source.replace('"trend-following"', '"venue"'))
    with pytest.raises(WorkspaceInvalid, match="'venue' is what a gate is called"):
        check_strategies(load_settings(tmp_path))


def test_the_embedded_exchanges_fees_are_what_reviews_count_with(settings: Settings) -> None:
    fees = engine_config(settings, (BTC,)).costs.fees
    assert (fees.maker, fees.taker) == (settings.exchange.maker_fee, settings.exchange.taker_fee)


def reached(instance: str, key: str) -> Access:
    return simulated("http://127.0.0.1:1", "ws://127.0.0.1:1", instance, (key, "secret"), 1.0)


def test_two_homes_share_a_lock_exactly_where_they_trade_the_same_account(tmp_path: Path) -> None:
    folder, ours = tmp_path / "accounts", reached("a" * 12, "key")
    with account_lock(ours, tmp_path / "one", folder):
        with pytest.raises(AlreadyRunning, match="account sim-aaaaaaaaaaaa already"):
            account_lock(ours, tmp_path / "two", folder).acquire()
        for other in (reached("b" * 12, "key"), reached("a" * 12, "other")):
            with account_lock(other, tmp_path / "two", folder):
                pass
    with account_lock(ours, tmp_path / "two", folder):
        pass
    assert not [path for path in folder.iterdir() if "key" in path.read_text()]


def test_a_folder_of_somebody_else_is_not_trusted_with_the_locks(tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    folder.mkdir(mode=0o755)
    with pytest.raises(ConfigInvalid, match="isn't a private folder of yours; remove it"):
        account_lock(reached("a" * 12, "key"), tmp_path, folder)
    folder.rmdir()
    folder.write_text("")
    with pytest.raises(ConfigInvalid):
        account_lock(reached("a" * 12, "key"), tmp_path, folder)


def test_an_account_is_named_by_what_the_venue_says_and_its_name_tells_nothing() -> None:
    endpoints = Endpoints.at("http://h", "ws://h")
    reach = Access(endpoints, "live-binance", "the-key", "the-secret", told_by_venue=True)
    mine, theirs = identified(reach, 700_001), identified(reach, 700_002)
    renewed = identified(Access(endpoints, "live-binance", "new-key", "s", told_by_venue=True), 700_001)
    unnumbered = identified(reach, 0)
    assert mine.account == renewed.account
    assert len({mine.account, theirs.account, unnumbered.account, "live-binance"}) == 4
    for named in (mine, unnumbered):
        prefix, _, mark = named.account.rpartition("-")
        assert (prefix, len(mark)) == ("live-binance", 12)
        assert not any(told in named.account for told in ("700001", "the-key", "the-secret"))
    assert identified(mine, 5) == mine


def test_a_session_that_does_not_say_whose_it_is_may_be_any_accounts() -> None:
    assert continues("live-binance", "live-binance-0123456789ab")
    assert continues("live-binance-0123456789ab", "live-binance-0123456789ab")
    assert not continues("live-binance-ba9876543210", "live-binance-0123456789ab")
    assert not continues("demo-binance", "live-binance-0123456789ab")
    assert not continues("sim-abc", "sim-def")
