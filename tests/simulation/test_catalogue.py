"""The catalogue of faults: each has its row, and every test and kind of fault that it names exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from midas.simulation.plan import KINDS

TESTS = Path(__file__).resolve().parents[1]
ROW = re.compile(r"^\| (F\d\d) \| (.+?) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
KIND = re.compile(r"`sim:([\w.]+)`")


def rows() -> list[tuple[str, str]]:
    text = (TESTS / "sim" / "README.md").read_text()
    return [(number, shown) for number, _, shown in ROW.findall(text)]


@cache
def source(name: str) -> str:
    return (TESTS / name).read_text()


def test_every_fault_has_its_row() -> None:
    assert [number for number, _ in rows()] == [f"F{n:02}" for n in range(1, 61)]


@pytest.mark.parametrize(("number", "shown"), rows(), ids=[number for number, _ in rows()])
def test_what_a_row_names_exists(number: str, shown: str) -> None:
    tests, kinds = TEST.findall(shown), KIND.findall(shown)
    assert tests or kinds or "later: " in shown
    assert not set(kinds) - set(KINDS)
    missing = [f"{file}::{name}" for file, name in tests if f"def {name}(" not in source(file)]
    assert not missing


def test_every_kind_of_fault_that_worlds_draw_shows_something() -> None:
    shown = {kind for _, text in rows() for kind in KIND.findall(text)}
    assert shown == set(KINDS)
