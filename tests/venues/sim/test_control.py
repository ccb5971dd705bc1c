"""The control port: what it lists, what it takes, what it refuses, and scripts of hooks."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from midas.errors import ConfigInvalid
from midas.venues.sim.faults import plan
from midas.venues.sim.faults.arming import Target, parse
from midas.venues.sim.faults.faults import Faults as Registry
from midas.venues.sim.faults.hooks import ACTS, HOOKS, LASTS, WAITS
from tests.fakes.binance_stub import until
from tests.fakes.faults import BadRequest, Faults
from tests.fakes.faulty import SYMBOL, client, faults, place, venue
from tests.fakes.shows import SHOWN
from tests.venues.sim import (
    test_faults_market,
    test_faults_midas,
    test_faults_requests,
    test_faults_sockets,
    test_faults_user,
)
from tests.venues.sim.conftest import Opens, Venue

__all__ = ["client", "faults", "venue"]

SHOWING = (test_faults_market, test_faults_midas, test_faults_requests, test_faults_sockets, test_faults_user)


JSON = {"Content-Type": "application/json"}


async def limited(client: AsyncClient) -> bool:
    """Whether the venue answers 429 just now."""
    try:
        await client.get_server_time()
    except BinanceAPIException as error:
        return bool(error.status_code == 429)
    return False


def test_every_hook_has_a_test_that_shows_its_client_reaction() -> None:
    assert {hook.name for hook in HOOKS} == set(SHOWN)
    defined = {f"{module.__name__.rpartition('.')[2]}.{name}" for module in SHOWING for name in vars(module)}
    assert {test for tests in SHOWN.values() for test in tests} <= defined


def test_every_hook_is_described_in_one_line_with_units_and_its_reaction() -> None:
    for hook in HOOKS:
        assert hook.kind in (WAITS, ACTS, LASTS)
        assert hook.sentence[0].islower()
        assert hook.sentence[-1] not in ".;"
        assert "\n" not in hook.sentence + hook.reaction
        assert hook.reaction
        for row in hook.parameters:
            assert row.sentence
            assert row.name.endswith({"s": "_s", "ms": "_ms"}.get(row.unit, ""))
            assert not row.choices or row.default in row.choices


def test_help_names_every_hook_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from midas.cli.parser import build_parser\n"
        "try: build_parser().parse_args(['sim', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'aiohttp', 'msgspec', 'numpy', 'numba', 'asyncio'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"
    for hook in HOOKS:
        assert f"  {hook.name} " in shown
        assert hook.sentence in shown
    assert "--control PORT" in shown
    assert "--plan FILE" in shown


async def test_the_port_lists_every_hook_with_parameters_and_reaction(faults: Faults) -> None:
    rows = {row["name"]: row for row in await faults.hooks()}
    assert list(rows) == [hook.name for hook in HOOKS]
    (row,) = rows["answer_429"]["parameters"]
    assert (row["name"], row["default"], row["unit"]) == ("retry_after_s", 1, "s")
    assert "DDoSProtection" in rows["answer_429"]["reaction"]
    assert rows["freeze"]["kind"] == LASTS


async def test_a_hook_does_its_work_as_often_as_it_was_asked_to(faults: Faults, client: AsyncClient) -> None:
    number = await faults.arm("answer_429", count=2)
    (row,) = await faults.armed()
    assert (row["id"], row["count"], row["fired"], row["active"]) == (number, 2, 0, True)
    assert [await limited(client) for _ in range(4)] == [True, True, False, False]
    assert await faults.armed() == []
    log = await faults.log()
    assert [(row["armed"], row["hook"]) for row in log] == [(number, "answer_429")] * 2
    assert log[0]["target"][2] == ["GET time", "time"]


async def test_a_hook_begins_later_and_ends_by_itself(faults: Faults, client: AsyncClient) -> None:
    await faults.arm("answer_429", count=0, after_s=0.6, for_s=0.6)
    assert not await limited(client)
    async with asyncio.timeout(30):
        while not await limited(client):
            await asyncio.sleep(0.01)
        while await limited(client):
            await asyncio.sleep(0.01)
    assert await faults.armed() == []


async def test_hooks_are_taken_back_one_by_one_or_all_at_once(faults: Faults, client: AsyncClient) -> None:
    first = await faults.arm("answer_429", count=0)
    await faults.arm("answer_500", count=0, path="GET depth")
    await faults.disarm(first)
    assert [row["hook"] for row in await faults.armed()] == ["answer_500"]
    assert not await limited(client)
    await faults.arm("halt_symbol", after_s=60.0)
    await faults.disarm()
    assert await faults.armed() == []
    with pytest.raises(BadRequest, match=f"400: nothing armed has the id {first}"):
        await faults.disarm(first)


async def test_what_lasts_ends_with_the_last_hook_that_asks_for_it(
    faults: Faults, client: AsyncClient
) -> None:
    first = await faults.arm("halt_symbol", symbol=SYMBOL)
    second = await faults.arm("halt_symbol")
    await faults.disarm(first)
    assert (await client.get_symbol_info(SYMBOL))["status"] == "BREAK"
    await faults.disarm(second)
    assert (await client.get_symbol_info(SYMBOL))["status"] == "TRADING"


async def test_firing_means_once_and_now(faults: Faults, client: AsyncClient) -> None:
    await faults.fire("answer_429", count=5, after_s=60)
    assert [await limited(client) for _ in range(2)] == [True, False]


async def test_filters_leave_everything_else_alone(faults: Faults, client: AsyncClient, venue: Venue) -> None:
    await faults.arm("answer_429", count=0, path="GET depth")
    await faults.arm("reject_order", count=0, path="POST orderList/*")
    await faults.arm("reject_order", count=0, account="second")
    assert not await limited(client)
    assert (await place(client, "free-1"))["status"] == "NEW"
    assert await faults.log() == []
    await faults.arm("reject_order", symbol=SYMBOL, account="default")
    with pytest.raises(BinanceAPIException, match="not permitted"):
        await place(client, "hit-1")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"hook": "explode"}, "no hook is named 'explode'; midas sim --help lists them"),
        ({"hook": "frezee"}, "no hook is named 'frezee'; did you mean freeze?"),
        ({}, 'a hook has a name, such as {"hook": "freeze"}, not None'),
        (
            {"hook": "slow", "after_s": 1, "at_s": 2},
            "slow begins after_s from now or at_s of the market; give",
        ),
        (
            {"hook": "freeze", "count": 2},
            "freeze takes no 'count'; it takes sockets, then, after_s, at_s",
        ),
        (
            {"hook": "answer_429", "retry_after": 1},
            "answer_429 takes no 'retry_after'; it takes retry_",
        ),
        (
            {"hook": "answer_429", "retry_after_s": -1},
            "retry_after_s of answer_429 is a whole number of seconds",
        ),
        ({"hook": "answer_429", "count": "2"}, "count of answer_429 is a whole number from 0, not '2'"),
        ({"hook": "drop_sockets", "count": 0}, "count of drop_sockets is a whole number from 1, not 0"),
        ({"hook": "drop_sockets", "sockets": "mine"}, "sockets of drop_sockets is one of market, user, all"),
        (
            {"hook": "drop_sockets", "code": 1.5},
            "code of drop_sockets is a whole number from 1000 to 1003 or",
        ),
        ({"hook": "drop_sockets", "code": True}, "code of drop_sockets is a whole number from 1000"),
        ({"hook": "drop_sockets", "code": 5}, "code of drop_sockets is a whole number from 1000"),
        ({"hook": "drop_sockets", "code": 1005}, "code of drop_sockets is a whole number from 1000"),
        ({"hook": "drop_sockets", "code": 10**400}, "code of drop_sockets is a whole number from 1000"),
        (
            {"hook": "reject_order", "status": 200},
            "status of reject_order is a whole number from 400 to 599, ",
        ),
        (
            {"hook": "reject_order", "code": 0},
            "code of reject_order is a whole number from -99999 to -1, not 0",
        ),
        (
            {"hook": "shift_server_time", "shift_ms": 10**12},
            "shift_ms of shift_server_time is a whole number from -259200000 to 259200000, not",
        ),
        (
            {"hook": "slow", "delay_s": float("nan")},
            "delay_s of slow is a number of seconds from 0 to 86400,",
        ),
        (
            {"hook": "slow", "delay_s": 1e99},
            "delay_s of slow is a number of seconds from 0 to 86400, not 1e+99",
        ),
        ({"hook": "answer_504", "executed": 1}, "executed of answer_504 is true or false, not 1"),
        ({"hook": "slow", "delay_s": "1"}, "delay_s of slow is a number of seconds from 0 to 86400, not '1'"),
        ({"hook": "slow", "after_s": -1}, "after_s is a number of seconds from 0 to 86400, not -1"),
        ({"hook": "halt_symbol", "symbol": 5}, "symbol is a text, not 5"),
        ({"hook": "partial_fills"}, 'partial_fills needs sizes, such as ["0.0004", "0.0006"]'),
        ({"hook": "partial_fills", "sizes": ["0"]}, "sizes of partial_fills is a list of quantities such as"),
        ({"hook": "partial_fills", "sizes": [1]}, "sizes of partial_fills is a list of quantities such as"),
        *(
            (
                {"hook": "partial_fills", "sizes": [size]},
                "sizes of partial_fills is a list of quantities such as",
            )
            for size in ("1e400000", "1e12", "NaN", "-1", "1" * 13, "0.000000001", "", "0.0")
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_with_one_sentence(
    fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigInvalid) as refusal:
        parse(fields)
    assert str(refusal.value).startswith(sentence)


async def test_bad_requests_are_400_with_a_sentence_and_web_pages_are_turned_away(venue: Venue) -> None:
    url, session = venue.run.control, venue.session
    cases: list[tuple[str, str, dict[str, Any], int, str]] = [
        ("POST", "/arm", {"json": {"hook": "explode"}}, 400, "no hook is named 'explode'"),
        ("POST", "/arm", {"json": [1]}, 400, "the body is no JSON object"),
        ("POST", "/fire", {"data": b"{", "headers": JSON}, 400, "the body is no JSON object"),
        ("POST", "/fire", {"data": b'{"a":' * 9_999, "headers": JSON}, 400, "the body is no JSON object"),
        ("POST", "/arm", {"data": "hook=freeze"}, 400, "the content type is text/plain"),
        ("POST", "/disarm", {"json": {}}, 400, "disarm takes"),
        ("POST", "/disarm", {"json": {"id": True}}, 400, "disarm takes"),
        ("GET", "/arm", {}, 405, "GET /arm is not here; there are GET /hooks"),
        ("GET", "/", {}, 404, "GET / is not here"),
        ("GET", "/hooks", {"headers": {"Origin": "http://evil.example"}}, 403, "not for web pages"),
    ]  # fmt: skip
    strange = ("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "")
    cases += [("GET", "/armed", {"headers": {"Host": host}}, 403, "not for web pages") for host in strange]
    for method, path, request, status, sentence in cases:
        async with session.request(method, url + path, **request) as answer:
            said = await answer.json()
            assert (answer.status, list(said)) == (status, ["error"])
            assert sentence in said["error"]


async def test_the_control_port_answers_to_this_machines_names(venue: Venue) -> None:
    for host in ("127.0.0.1:1", "localhost", "localhost:8080"):
        async with venue.session.get(f"{venue.run.control}/armed", headers={"Host": host}) as answer:
            assert (answer.status, await answer.json()) == (200, [])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"hook": "halt_symbol", "symbol": "BTCUSD"},
            "no symbol of this exchange fits 'BTCUSD'; did you mean ",
        ),
        (
            {"hook": "halt_symbol", "symbol": "btcusdt"},
            "no symbol of this exchange fits 'btcusdt'; did you mean ",
        ),
        ({"hook": "slow", "for_s": 1, "symbol": "X*"}, "slow takes no 'symbol'"),
        (
            {"hook": "reject_order", "account": "zoe"},
            "no account of this exchange fits 'zoe'; known are default, ",
        ),
        (
            {"hook": "answer_500", "path": "GET deth"},
            "no path of this exchange fits 'GET deth'; did you mean GET ",
        ),
        ({"hook": "skip_update_ids", "stream": "ethusdt@*"}, "no stream of this exchange fits 'ethusdt'; "),
        (
            {"hook": "partial_fills", "sizes": ["0.0004", "0.000005"]},
            "sizes of partial_fills: 0.000005 isn't a whole number of lots of BTCUSDT, which are 0.00001",
        ),
    ],
)
async def test_a_hook_that_could_never_work_is_refused(
    faults: Faults, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadRequest) as refusal:
        await faults.arm(**fields)
    assert str(refusal.value).startswith(f"400: {sentence}")
    with pytest.raises(BadRequest):
        await faults.fire(**fields)
    assert await faults.armed() == []


async def test_without_the_option_there_is_no_control_port(open_venue: Opens) -> None:
    venue = await open_venue()
    assert venue.run.control == ""
    async with venue.session.post(f"{venue.http}/arm", json={"hook": "freeze"}) as answer:
        assert answer.status == 404


async def test_the_control_port_is_on_this_machine_only(venue: Venue) -> None:
    assert venue.run.control.startswith("http://127.0.0.1:")
    assert venue.run.control != venue.http


async def test_a_plan_runs_from_the_markets_start_at_the_markets_pace(
    open_venue: Opens, tmp_path: Path
) -> None:
    path = tmp_path / "plan.jsonl"
    rows = [
        {"at_s": 0, "hook": "answer_429", "path": "GET time", "count": 1},
        {"at_s": 2.0, "hook": "halt_symbol", "symbol": SYMBOL},
        {"at_s": 4_000, "hook": "drop_sockets"},
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    venue = await open_venue(plan=path, control=0, speed=10.0)
    client, faults = await venue.client(), Faults(venue.session, venue.run.control)
    assert not await limited(client)
    assert [row["active"] for row in await faults.armed()] == [False, False, False]
    async with venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@trade"):
        async with asyncio.timeout(30):
            while not await limited(client):
                await asyncio.sleep(0.01)
        assert [row["hook"] for row in await faults.armed()] == ["halt_symbol", "drop_sockets"]
        async with asyncio.timeout(30):
            while (await client.get_symbol_info(SYMBOL))["status"] == "TRADING":
                await asyncio.sleep(0.02)
    log = await faults.log()
    assert [row["hook"] for row in log] == ["answer_429", "halt_symbol"]
    assert log[1]["at"] - log[0]["at"] > 100_000_000, "two seconds of the market, ten times as fast"


def test_a_word_all_means_any_only_for_sockets() -> None:
    sockets = parse({"hook": "freeze"})
    assert sockets.has({"sockets": "market"})
    assert sockets.has({"sockets": "user"})
    named = parse({"hook": "partial_fills", "sizes": ["1"], "client_id": "all"})
    assert named.has({"client_id": "all"})
    assert not named.has({"client_id": "rest-1"})


async def test_all_hooks_of_a_name_are_taken_back_together(faults: Faults, venue: Venue) -> None:
    await faults.arm("answer_429", count=0)
    await faults.arm("answer_429", path="GET depth")
    await faults.arm("answer_500", path="GET depth")
    url = f"{venue.run.control}/disarm"
    async with venue.session.post(url, json={"hook": "answer_429"}) as answer:
        assert [row["hook"] for row in await answer.json()] == ["answer_500"]
    async with venue.session.post(url, json={"hook": "answer_429"}) as answer:
        assert (await answer.json())["error"] == "no answer_429 is armed; it may have been used up"


def test_a_plan_may_count_from_when_the_exchange_listens(tmp_path: Path) -> None:
    path = tmp_path / "plan.jsonl"
    path.write_text('{"hook": "slow", "after_s": 3}\n{"hook": "slow"}\n')
    first, second = plan.read(path)
    assert (first.after_s, first.at_s) == (3.0, None)
    assert (second.after_s, second.at_s) == (0.0, 0.0)


def test_a_plan_may_be_written_in_toml(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('[[hooks]]\nat_s = 2.5\nhook = "drop_sockets"\ncode = 1006\n\n[[hooks]]\nhook = "slow"\n')
    first, second = plan.read(path)
    assert (first.hook, first.at_s, first.whole("code")) == ("drop_sockets", 2.5, 1006)
    assert (second.hook, second.at_s) == ("slow", 0.0)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("p.jsonl", '{"hook": "slow"}\n{"hook": "sloww"}', r"p\.jsonl, line 2: no hook is named 'sloww'"),
        ("p.jsonl", "{", r"p\.jsonl, line 1: no JSON"),
        ("p.jsonl", "[]", r"p\.jsonl, line 1: expected an object"),
        ("p.toml", "hooks = 3", r"p\.toml: expected tables \[\[hooks\]\]"),
        ("p.toml", "=", r"p\.toml: no TOML"),
        (
            "p.toml",
            '[[hook]]\nhook = "slow"',
            r"p\.toml: unknown key 'hook'; a plan has tables \[\[hooks\]\]",
        ),
        ("p.toml", "", r"p\.toml has no hooks; expected lines of JSON"),
        ("p.jsonl", "\n\n", r"p\.jsonl has no hooks; expected lines of JSON"),
        pytest.param(
            "p.jsonl", "[" * 100_000, r"line 1: nothing that a hook takes is so long or so", id="deep"
        ),
        pytest.param(
            "p.jsonl", "1" * 5_000, r"line 1: nothing that a hook takes is so long or so", id="long"
        ),
        pytest.param("p.toml", "a = " + "[" * 100_000, r"p\.toml: no TOML", id="deep TOML"),
        pytest.param("p.toml", "a = " + "1" * 5_000, r"p\.toml: no TOML", id="long TOML"),
        ("p.jsonl", '{"hook": "slow", "after_s": 1, "at_s": 1}', r"p\.jsonl, line 1: slow begins after_s"),
        ("p.toml", '[[hooks]]\nhook = "slow"\nfast = 1', r"p\.toml, hook 1: slow takes no 'fast'"),
    ],
)
def test_a_plan_that_cannot_be_meant_names_its_line(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigInvalid, match=sentence):
        plan.read(path)
    with pytest.raises(ConfigInvalid, match="can't be read"):
        plan.read(tmp_path / "absent")


async def test_with_nothing_armed_a_seam_is_false_and_hooks_are_found_oldest_first() -> None:
    registry = Registry(lambda: 0)
    assert not registry
    first = registry.arm(parse({"hook": "answer_429", "path": "GET *"}))
    second = registry.arm(parse({"hook": "answer_429"}))
    assert registry
    asked = Target(paths=("GET depth", "depth"))
    assert registry.find("answer_429", asked) is first
    assert registry.find("answer_429", Target(paths=("POST order",))) is second
    assert registry.take("answer_429", asked) is first.order
    assert registry.take("answer_429", asked) is second.order
    assert registry.take("answer_429", asked) is None
    assert not registry
    assert [firing.armed for firing in registry.log] == [first.id, second.id]


async def test_what_acts_repeatedly_waits_between_two_times() -> None:
    registry = Registry(lambda: 0)
    seen: list[int] = []
    registry.on("drop_sockets", lambda armed: seen.append(armed.fired))
    registry.arm(parse({"hook": "drop_sockets", "count": 3, "every_s": 0.01}))
    assert seen == [0]
    await until(lambda: len(seen) == 3)
    assert registry.armed() == []
