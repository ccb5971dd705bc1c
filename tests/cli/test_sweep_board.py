"""The console's look at a sweep: the best trials of the newest one, as far as it is."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from midas.backtest.sweep.space import axis
from midas.backtest.sweep.storage import FOLDER, Store
from midas.backtest.sweep.trial import Plan, Trial
from midas.cli.sweep_board import SweepBoard

PLAN = Plan(strategy="trend", data="d", setting="s", axes=(axis("span=1,2,3"),))


def trial(number: int, value: float | None) -> Trial:
    return Trial(number=number, parameters={"span": number}, value=value, total_return=0.1, fills=4)


def test_the_best_trials_stand_on_top_while_the_sweep_goes_on(tmp_path: Path) -> None:
    board = SweepBoard()
    assert board.newest(tmp_path) is None
    with closing(Store(tmp_path / FOLDER / PLAN.id, PLAN)) as store:
        store.add([trial(0, 0.5), trial(1, 1.5)])
        seen = board.newest(tmp_path)
        assert seen is not None and seen.running
        assert (seen.done, seen.of, seen.objective) == (2, 3, "sharpe")
        assert [place.number for place in seen.places] == [1, 0]
        store.add([trial(2, None)])
    ended = board.newest(tmp_path)
    assert ended is not None and ended.done == 3 and not ended.running
    assert ended.places[-1].value is None


def test_a_sweep_that_begins_anew_is_read_anew(tmp_path: Path) -> None:
    board, folder = SweepBoard(), tmp_path / FOLDER / PLAN.id
    with closing(Store(folder, PLAN)) as store:
        store.add([trial(0, 0.5), trial(1, 1.5)])
        assert board.newest(tmp_path) is not None
    with closing(Store(folder, PLAN, fresh=True)) as store:
        store.add([trial(2, 0.25)])
        seen = board.newest(tmp_path)
        assert seen is not None and [place.number for place in seen.places] == [2]
    with closing(Store(folder, PLAN, fresh=True)) as store:
        store.add([trial(1, 1.0)] * 5)  # longer than what was read, and no line begins where it ended
        board.newest(tmp_path)
        seen = board.newest(tmp_path)
        assert seen is not None and (seen.done, seen.running) == (1, True)
        assert {place.number for place in seen.places} == {1}


def test_a_folder_that_holds_no_sweep_is_none(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER / "broken"
    folder.mkdir(parents=True)
    (folder / "trials.jsonl").write_bytes(b"?")
    (folder / "plan.json").write_bytes(b"?")
    assert SweepBoard().newest(tmp_path) is None
