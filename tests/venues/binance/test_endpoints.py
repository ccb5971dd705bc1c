"""No order and no key ever reaches a host that the configuration doesn't name."""

from __future__ import annotations

import pytest
from binance import BinanceSocketManager
from binance.base_client import BaseClient

from midas.errors import ConfigInvalid, NotLoopback
from midas.venues.binance.client import BinanceClient, Sockets
from midas.venues.binance.endpoints import Endpoints, check_schemes, is_loopback, refuse_non_loopback
from tests.fakes.binance_bench import Stand

HERE = Endpoints.at("http://127.0.0.1:8080/", "ws://127.0.0.1:8081/")


def test_one_address_gives_all_four() -> None:
    assert (
        Endpoints(
            "http://127.0.0.1:8080/api",
            "http://127.0.0.1:8080/sapi",
            "ws://127.0.0.1:8081/ws-api/v3",
            "ws://127.0.0.1:8081",
        )
        == HERE
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "[::1]"])
def test_this_machine_passes(host: str) -> None:
    endpoints = Endpoints.at(f"http://{host}:1", f"ws://{host}:1")
    refuse_non_loopback(endpoints)
    assert all(is_loopback(url) for url in endpoints.urls)


@pytest.mark.parametrize(
    "url", ["ws://192.0.2.1:9443", "ws://10.0.0.1", "ws://0.0.0.0:1", "ws://[2001:db8::1]:1"]
)
def test_another_machine_is_refused_by_its_url(url: str) -> None:
    with pytest.raises(NotLoopback) as caught:
        refuse_non_loopback(Endpoints(HERE.rest, HERE.sapi, HERE.ws_api, url))
    assert url in str(caught.value)


@pytest.mark.parametrize("url", ["ws://no-such-host.invalid", "ws://", ""])
def test_an_address_that_cannot_be_resolved_is_refused(url: str) -> None:
    with pytest.raises(NotLoopback):
        refuse_non_loopback(Endpoints(HERE.rest, HERE.sapi, HERE.ws_api, url))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/api", "127.0.0.1:80", "ws://127.0.0.1", "http://"])
def test_an_address_of_another_protocol_is_a_mistake_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigInvalid, match="rest"):
        check_schemes(Endpoints(url, HERE.sapi, HERE.ws_api, HERE.streams))


def test_loopback_is_told_without_a_resolver() -> None:
    assert is_loopback("ws://localhost:1")
    assert not is_loopback("wss://stream.example.com")


async def test_every_address_of_the_library_is_ours_or_leads_nowhere() -> None:
    client = BinanceClient(HERE, "k", "s")
    sockets = Sockets(client)
    urls = {name: getattr(client, name) for name in dir(BaseClient) if name.endswith("_URL")}
    urls |= {name: getattr(sockets, name) for name in dir(BinanceSocketManager) if name.endswith("_URL")}
    urls["ws_api"], urls["ws_future"] = client.ws_api._url, client.ws_future._url
    await client.close_connection()
    assert len(urls) > 25
    ours = {f"{url}/" for url in HERE.urls} | set(HERE.urls)
    strangers = {n: u for n, u in urls.items() if u not in ours and "127.0.0.1:0/" not in u}
    assert strangers == {}


async def test_the_library_itself_is_left_as_it_was() -> None:
    before = BaseClient.API_URL
    client = BinanceClient(HERE, "k", "s")
    await client.close_connection()
    assert before == BaseClient.API_URL
    assert "127.0.0.1" not in before


async def test_a_dead_proxy_of_the_environment_does_not_matter_here(
    bench: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    await bench.broker.start()
    assert bench.broker.stream.ready.is_set()
