"""What a complete run must show, whatever market it ran on."""

from __future__ import annotations

from typing import Any

import pytest

from midas.cli import main
from midas.domain.decision import FillBooked, OrderPlanned, Reconciled, TargetRefused
from tests.e2e.desk import ProcessDesk, decisions, last_line


def check_trading(desk: ProcessDesk, outcome: dict[str, Any]) -> None:
    """It traded and was refused, each with its reason in the journal, and ended equal to the venue."""
    [session] = desk.sessions()
    made = decisions(session)
    assert outcome["session"] == session.name
    assert outcome["environment"] == "SIM"
    assert outcome["orders"] == sum(isinstance(one, OrderPlanned) for one in made) > 0
    assert outcome["fills"] == sum(isinstance(one, FillBooked) for one in made) > 0
    refused = [one for one in made if isinstance(one, TargetRefused)]
    assert outcome["refusals"] == len(refused) > 0
    assert all(breach.limit and breach.sentence for one in refused for breach in one.breaches)
    assert all(one.breaches for one in refused)
    assert outcome["reconciled"] is True
    assert [one for one in made if isinstance(one, Reconciled)][-1].equal


def check_replay(
    desk: ProcessDesk,
    outcome: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its record decides the same again, to the last audit and to the last digit of equity."""
    monkeypatch.setenv("MIDAS_HOME", str(desk.home))
    monkeypatch.chdir(desk.workspace)
    assert main(["replay", "last", "--verify", "--json"]) == 0
    facts = last_line(capsys.readouterr().out)
    assert facts["complete"]
    assert facts["identical"] == facts["audits"] > 0
    assert facts["events"] == outcome["sequence"]
    assert facts["equity"] == outcome["equity"]
