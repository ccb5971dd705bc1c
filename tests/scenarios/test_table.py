"""docs/RISK.md against the code: every trigger and breaker has its row, its number, and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from midas.domain.breakers import Component
from midas.domain.triggers import TriggerRules
from midas.risk.triggers import readings
from midas.settings import explain, load_settings
from midas.workspace import template
from tests.fakes.nouns import desk

TESTS = Path(__file__).resolve().parents[1]
TEXT = (TESTS.parent / "docs" / "RISK.md").read_text()
ROW = re.compile(r"^\| `([\w: ]+)` \| (.+?) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
SETTING = re.compile(r"`(risk\.[\w.]+)` = (-?[\d.]+)")
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
# What acts by itself and is neither a reading nor a breaker.
OTHERS = {
    "many orders in doubt", "an order in doubt", "overfill", "unrecoverable error", "throttle",
}  # fmt: skip


def test_every_trigger_and_breaker_that_the_code_knows_has_its_row() -> None:
    triggers = {reading.name for reading in readings(desk(), TriggerRules())}
    breakers = {f"breaker:{component.value}" for component in Component}
    assert {name for name, *_ in ROW.findall(TEXT)} == triggers | breakers | OTHERS


@pytest.mark.parametrize(("name", "fires", "shown"), [(r[0], r[1], r[4]) for r in ROW.findall(TEXT)])
def test_a_row_tells_the_number_that_is_set_and_names_tests(name: str, fires: str, shown: str) -> None:
    settings = {row.key: row.value for row in explain(load_settings(template(), environ={}))}
    numbers = SETTING.findall(fires)
    assert numbers or name in (*OTHERS, "breaker:journal")
    for path, value in numbers:
        assert float(settings[path]) == float(value)
    assert TEST.findall(shown)


def test_every_test_that_the_page_names_exists() -> None:
    named = set(TEST.findall(TEXT))
    assert len(named) > 30
    assert not [f"{file}::{test}" for file, test in named if f"def {test}(" not in (TESTS / file).read_text()]


def test_every_scenario_of_modes_and_breakers_is_named_on_the_page() -> None:
    """What isn't in the table is found by nobody."""
    named = {test for _, test in TEST.findall(TEXT)}
    unnamed = set()
    for file in ("test_losses.py", "test_failures.py", "test_breakers.py", "test_days.py"):
        source = (TESTS / "scenarios" / file).read_text()
        unnamed |= set(re.findall(r"^def (test_\w+)\(", source, re.MULTILINE)) - named
    assert unnamed == {
        "test_the_account_is_worth_ten_thousand_and_loses_what_it_is_told",
        "test_defensive_executes_only_signals_of_seventy_percent_and_more",
    }
