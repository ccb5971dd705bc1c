"""A hook is for what its exchange has; a plan that isn't names its hook before anything is opened."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from midas.errors import ConfigInvalid
from midas.venues.sim.config import ExchangeConfig
from midas.venues.sim.faults.arming import parse
from midas.venues.sim.faults.reach import Reach
from midas.venues.sim.server import ExchangeServer, serve

LOTS = {"BTCUSDT": Decimal("0.00001"), "XRPUSDT": Decimal("0.1")}


def test_sizes_are_whole_lots_of_every_symbol_that_is_meant() -> None:
    reach = Reach(LOTS, ["default"])
    fields = {"hook": "partial_fills", "sizes": ["0.0004", "1"]}
    reach.check(parse(fields | {"symbol": "BTC*"}))
    with pytest.raises(
        ConfigInvalid, match=r"0.0004 isn't a whole number of lots of XRPUSDT, which are 0\.1"
    ):
        reach.check(parse(fields))


@pytest.mark.parametrize("stream", ["btcusdt@depth*", "*@trade", "!miniTicker@arr", "*depth*", "xrp*@*"])
def test_a_stream_of_any_symbol_may_be_meant(stream: str) -> None:
    order = parse({"hook": "malformed_message", "stream": stream})
    assert order.stream == stream
    Reach(LOTS, ["default"]).check(order)


def test_requests_are_checked_once_they_are_known() -> None:
    reach, order = Reach(LOTS, ["default"]), parse({"hook": "answer_500", "path": "POST ordre"})
    reach.check(order)
    reach.paths = ["POST order", "order.place"]
    with pytest.raises(
        ConfigInvalid, match="no path of this exchange fits 'POST ordre'; did you mean POST order"
    ):
        reach.check(order)


def test_a_plan_for_another_exchange_is_refused_before_its_state_is_made(tmp_path: Path) -> None:
    plan, state = tmp_path / "plan.jsonl", tmp_path / "state.db"
    plan.write_text('{"hook": "freeze"}\n{"hook": "halt_symbol", "symbol": "BTCUSDC"}\n')
    config = ExchangeConfig(plan=plan, state=state)
    with pytest.raises(ConfigInvalid, match=r"plan.jsonl, hook 2: no symbol of .* did you mean BTCUSDT\?"):
        ExchangeServer(config, lambda: 0)
    assert not state.exists()


async def test_a_plan_for_requests_that_nobody_can_make_names_its_hook(tmp_path: Path) -> None:
    plan = tmp_path / "plan.jsonl"
    plan.write_text(
        '{"hook": "answer_500", "path": "POST *"}\n{"hook": "reject_order", "path": "POST ordr"}\n'
    )
    with pytest.raises(ConfigInvalid, match=r"plan.jsonl, hook 2: no path .* did you mean POST order\?"):
        await serve(ExchangeConfig(plan=plan))
