"""A run is kept whole or not at all, and found again by part of its name."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import msgspec
import pytest

from midas.domain.time import SECOND
from midas.errors import RunUnknown, SchemaNewer, StoreError
from midas.reports import archive
from midas.reports.tables import copied, writer
from tests.reports.conftest import Made


def test_a_kept_run_is_read_back_and_stands_on_top_of_the_list(run: Made, tmp_path: Path) -> None:
    older = archive.keep(tmp_path, run.sheet)
    newer = archive.keep(tmp_path, msgspec.structs.replace(run.sheet, made_at=run.sheet.made_at + SECOND))
    assert [head.id for head in archive.heads(tmp_path)] == [newer.id, older.id]
    assert archive.sheet(tmp_path, "last") == newer and archive.sheet(tmp_path, older.id) == older
    assert archive.heads(tmp_path)[0].closed == run.sheet.trading.closed


def test_two_runs_of_one_second_have_two_names(run: Made, tmp_path: Path) -> None:
    names = [archive.keep(tmp_path, run.sheet).id for _ in range(3)]
    assert len(set(names)) == 3 and names == sorted(names)


def test_a_write_that_fails_leaves_nothing(run: Made, tmp_path: Path) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match=r"can't be kept in .*No space left"):
        archive.keep(tmp_path, run.sheet, full)
    assert list((tmp_path / "runs").iterdir()) == []


def test_what_a_killed_writer_left_is_no_run_and_goes(run: Made, tmp_path: Path) -> None:
    half = tmp_path / "runs" / ".half.1"
    half.mkdir(parents=True)
    assert archive.names(tmp_path) == []
    os.utime(half, (1, 1))
    archive.keep(tmp_path, run.sheet)
    assert not half.exists() and len(archive.names(tmp_path)) == 1


def test_a_part_of_a_name_is_enough_where_only_one_run_has_it(run: Made, tmp_path: Path) -> None:
    with pytest.raises(RunUnknown, match=r"no run has been kept .*midas backtest STRATEGY"):
        archive.found(tmp_path, "last")
    first = archive.keep(tmp_path, run.sheet).id
    second = archive.keep(tmp_path, msgspec.structs.replace(run.sheet, digest="ffff")).id
    assert archive.found(tmp_path, second[-5:-1]) == second  # neither beginning nor end
    assert archive.found(tmp_path, "fff") == second and archive.found(tmp_path, first) == first
    with pytest.raises(RunUnknown, match="2 runs are called"):
        archive.found(tmp_path, first[:6])
    with pytest.raises(RunUnknown, match="there is no run 'x'"):
        archive.found(tmp_path, "x")


def test_a_report_of_another_midas_is_named_not_guessed(run: Made, tmp_path: Path) -> None:
    name = archive.keep(tmp_path, run.sheet).id
    (tmp_path / "runs" / name / "report.json").write_text('{"strategy": 3}')
    with pytest.raises(SchemaNewer, match=f"run {name} isn't what this midas keeps"):
        archive.sheet(tmp_path, "last")


def test_tables_hold_every_bar_fill_and_trade(run: Made, tmp_path: Path) -> None:
    kept = archive.keep(tmp_path, run.sheet, writer(run.outcome, run.trades))
    folder = archive.folder_of(tmp_path, kept.id)
    counts = {
        name: duckdb.execute(f"SELECT count(*) FROM '{folder / name}.parquet'").fetchall()[0][0]
        for name in ("equity", "fills", "trades")
    }
    assert counts == {"equity": run.outcome.bars, "fills": len(run.outcome.fills), "trades": len(run.trades)}
    made = copied(folder, tmp_path / "out", "csv")
    assert [file.name for file in made] == ["equity.csv", "fills.csv", "trades.csv"]
    assert len(made[2].read_text().splitlines()) == 1 + len(run.trades)
