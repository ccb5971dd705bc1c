"""The table of reference values: what a row names exists, and its numbers stand in its tests."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import msgspec
import pytest

from midas.reports.html import document
from midas.reports.page import whole
from midas.reports.sheet import Evidence, Growth, Measure, Trading
from tests.backtest.stage import walk
from tests.reports.conftest import made

TESTS = Path(__file__).resolve().parents[1]
TABLE = TESTS / "statistics" / "README.md"
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
FIELD = re.compile(r"`([\w.]+)`([^`|]*)")


def rows() -> list[list[str]]:
    """The cells of each row, without heads."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] != "what"]


ROWS = rows()


@cache
def module(file: str) -> ast.Module:
    """A file of tests."""
    return ast.parse((TESTS / file).read_text())


@cache
def numbers(file: str, name: str) -> frozenset[float]:
    """Every number in a test, its parameters and the constants of its module; empty where there is none."""
    functions = [
        node for node in module(file).body if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    constants = [node for node in module(file).body if isinstance(node, ast.Assign)]
    found: set[float] = set()
    for node in (*functions, *(constants if functions else ())):
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, int | float):
                found.add(float(part.value))
    return frozenset(found)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_tests_of_a_row_exist_and_hold_its_numbers(row: list[str]) -> None:
    tests = TEST.findall(row[2])
    assert tests or row[2].startswith("not built: ")
    missing = [
        f"{file}::{name}"
        for file, name in tests
        if not any(isinstance(node, ast.FunctionDef) and node.name == name for node in module(file).body)
    ]
    assert not missing
    held = frozenset().union(*(numbers(*test) for test in tests))
    said = [number.strip() for number in row[1].split(",") if number.strip()]
    assert [number for number in said if abs(float(number)) not in held] == []


def test_a_tear_sheet_keeps_and_shows_every_figure_of_the_table() -> None:
    run = made(walk(400)).sheet
    hanging = msgspec.structs.replace(run.evidence, overfitting=0.43, dependent=Measure(0.01, 400, ""))
    sheet = msgspec.structs.replace(run, evidence=hanging)
    pages = "\n".join(whole(sheet, 120)), document(sheet)
    fields = [
        (field, label.strip()) for row in ROWS if len(row) > 3 for field, label in FIELD.findall(row[3])
    ]
    assert len(fields) > 25
    for field, label in fields:
        part: object = sheet
        for name in field.split("."):
            part = getattr(part, name)
        for page in pages:
            assert label in page, f"{field} is told as {label!r}"


def test_a_tear_sheet_has_no_figure_that_the_table_leaves_out() -> None:
    fields = {field for row in ROWS if len(row) > 3 for field, _ in FIELD.findall(row[3])}
    measures = {
        f"{part}.{each.name}"
        for part, kind in (("growth", Growth), ("evidence", Evidence), ("trading", Trading))
        for each in msgspec.structs.fields(kind)
        if each.type is Measure
    }
    assert measures <= fields
