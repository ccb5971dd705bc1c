"""What a person reads of the comparison with the venue."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from midas.cli import main
from midas.cli.reconcile import lines, none_came
from midas.domain.time import SECOND
from midas.state.views.reconciliation import DifferenceView, ReconciliationView, VenueView
from tests.fakes import snapshots

NOW = 1_700_000_000 * SECOND
BTC = DifferenceView(
    "BTC", "BTC", "1", "0.4", NOW - 60 * SECOND, 2, "standing", "seen in 2 passes", ("BTCUSDT.binance",)
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in, and its home."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def told(view: ReconciliationView) -> str:
    return "\n".join(lines(view, NOW))


def test_an_equal_account_says_since_when_and_that_nothing_guards_the_orders() -> None:
    venue = VenueView("binance", "CLEAN", "NO DMS")
    view = ReconciliationView("CLEAN", NOW - 5 * SECOND, NOW - 5 * SECOND, 7, venues=(venue,))
    assert told(view).splitlines() == [
        "account     CLEAN; the last pass that found both sides equal: 5.0 s ago, at 22:13:15 UTC",
        "venue       binance CLEAN, NO DMS",
        "differences none",
    ]


def test_a_difference_comes_with_its_evidence_its_gate_and_the_way_out() -> None:
    said = told(
        ReconciliationView("BREAK", 0, NOW, 9, differences=(BTC,), unknown=2, unknown_since=NOW - SECOND)
    )
    assert "equal: never" in said
    assert "BTC: 1 here, 0.4 at the venue (standing, closes BTCUSDT)" in said
    assert "seen in 2 passes" in said
    assert "midas reconcile accept NAME" in said
    assert "2 orders, the oldest for 1 s" in said


def test_a_pass_that_does_not_come_is_told_with_the_reason_that_the_engine_knows() -> None:
    health, view = snapshots.normal().health, snapshots.normal().reconciliation
    refused = msgspec.structs.replace(health, passes_failed=3, pass_trouble="HTTP 503: overloaded")
    assert none_came(msgspec.structs.replace(snapshots.normal(), health=refused)).startswith(
        "the account can't be compared: HTTP 503: overloaded; the engine goes on asking"
    )
    moving = msgspec.structs.replace(view, undecided=("BTC",))
    assert "moved between the passes" in none_came(
        msgspec.structs.replace(snapshots.normal(), reconciliation=moving)
    )
    assert "the venue is silent" in none_came(snapshots.normal())


def test_without_an_engine_there_is_nobody_to_ask(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconcile"]) == 2
    assert "no engine runs" in capsys.readouterr().err
    assert main(["reconcile", "accept", "BTC"]) == 2


@pytest.mark.parametrize("words", [["accept"], ["explain", "BTC"]])
def test_other_words_are_bad_input(home: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconcile", *words]) == 2
    assert "midas reconcile accept NAME" in capsys.readouterr().err
