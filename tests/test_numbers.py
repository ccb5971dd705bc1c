"""Every number of R7 is a setting: with the source's value, validated, shown, and tried at its edge."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from pathlib import Path

import pytest

from midas.cli import main
from midas.errors import ConfigInvalid
from midas.settings import Settings, explain, load_settings
from midas.workspace import template
from tests.numbers import COMES, COMING, CORRECTED, MOVES, NO_NUMBERS, NO_NUMBERS_BELOW, NUMBERS, Number

TESTS = Path(__file__).resolve().parent


@cache
def shipped() -> Settings:
    """What `midas init` writes."""
    return load_settings(template(), environ={})


@cache
def shown() -> dict[str, str]:
    """Every effective value of the shipped configuration, as doctor has it."""
    return {row.key: row.value for row in explain(shipped())}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The defaults alone."""
    workspace = tmp_path_factory.mktemp("bare")
    (workspace / "config.toml").write_text("")
    return {row.key: row.value for row in explain(load_settings(workspace, environ={}))}


HERE: list[Number] = [*NUMBERS, *(row for row in COMING if row.path in shown()), *CORRECTED]
IDS = [row.path for row in HERE]


def test_every_number_of_the_risk_settings_is_in_the_table_and_every_row_is_a_setting() -> None:
    keys = {key for key in shown() if key.startswith("risk.") and not key.startswith(NO_NUMBERS_BELOW)}
    rows = {row.path for row in HERE}
    assert keys - rows == NO_NUMBERS & keys
    assert rows <= set(shown())
    waiting = {row.path for row in COMING} - rows
    assert all(path.startswith(COMES) or path in MOVES for path in waiting)
    assert len(IDS) == len(set(IDS))


@pytest.mark.parametrize("row", HERE, ids=IDS)
def test_a_number_has_the_sources_value_by_default_and_where_it_is_shipped(
    row: Number, bare: dict[str, str]
) -> None:
    assert float(bare[row.path]) == row.value
    assert float(shown()[row.path]) == row.value
    figures = [float(text) for text in re.findall(r"\d+\.?\d*", row.source.replace("->", ""))]
    said = {row.value, row.value * 100, row.value / 60, row.value / 1000}
    agrees = not figures or any(math.isclose(one, value) for one in figures for value in said)
    assert agrees or row.why, "where it isn't what the source says, the table says why"


@pytest.mark.parametrize(("row", "value"), [(row, value) for row in HERE for value in row.bad])
def test_a_bad_value_is_refused_in_one_sentence(row: Number, value: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    with pytest.raises(ConfigInvalid) as refused:
        load_settings(tmp_path, environ={}, overrides={row.path: value})
    sentence = str(refused.value)
    table = row.path.rpartition(".")[0]
    assert sentence.startswith("command line: ")
    assert row.path in sentence or (table in sentence and row.path.rpartition(".")[2] in sentence)
    assert "\n" not in sentence
    assert "Error" not in sentence
    assert re.search(r"expected |must not|must lie|no |can't|set ", sentence)


def test_doctor_shows_every_number_with_its_value_and_origin(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("[risk.triggers]\ndaily_loss_stop = 0.02\n")
    monkeypatch.chdir(tmp_path)
    main(["doctor", "--json"])
    told = {row["key"]: row for row in json.loads(capsys.readouterr().out)["settings"]}
    for row in HERE:
        assert row.path in told
        if row.path != "risk.triggers.daily_loss_stop":
            assert (float(told[row.path]["value"]), told[row.path]["origin"]) == (row.value, "default")
    assert told["risk.triggers.daily_loss_stop"]["value"] == "0.02"
    assert told["risk.triggers.daily_loss_stop"]["origin"] == "config.toml"


@pytest.mark.parametrize("row", HERE, ids=IDS)
def test_a_number_names_the_test_at_its_edge(row: Number) -> None:
    file, _, name = row.tried.partition("::")
    assert f"def {name}(" in (TESTS / file).read_text()
