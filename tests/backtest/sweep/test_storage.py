"""What a crash leaves of a sweep: whole trials, and nothing that looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from midas.backtest.sweep.storage import TRIALS, Store, leaderboard, names, read
from midas.backtest.sweep.trial import DONE, FAILED, Trial
from midas.errors import AlreadyRunning, StoreError
from tests.backtest.sweep.stage import plan

made = st.builds(
    Trial, number=st.integers(0, 30), parameters=st.dictionaries(st.text(max_size=5), st.integers()),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False), state=st.sampled_from([DONE, FAILED]),
    reason=st.text(max_size=9), fills=st.integers(0, 9), equity=st.floats(0, 1e9),
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    trials=st.lists(made, max_size=6, unique_by=lambda t: t.number),
    cut=st.integers(0, 2_000),
    junk=st.binary(max_size=8),
)
def test_wherever_a_file_is_cut_the_whole_trials_before_stay(
    tmp_path_factory: pytest.TempPathFactory, trials: list[Trial], cut: int, junk: bytes
) -> None:
    folder = tmp_path_factory.mktemp("sweep")
    store = Store(folder, plan())
    for trial in trials:
        store.add([trial])
    store.close()
    body = (folder / TRIALS).read_bytes()
    (folder / TRIALS).write_bytes(body[:cut] + (junk if cut < len(body) else b""))
    again = Store(folder, plan())
    kept = list(again.trials.values())
    assert kept == trials[: len(kept)]
    assert len(kept) >= body[:cut].count(b"\n")
    missing = trials[len(kept) :]
    again.add(missing)
    again.close()
    assert list(read(folder)[1].values()) == trials


def test_a_byte_that_turned_ends_what_is_believed(tmp_path: Path) -> None:
    store = Store(tmp_path, plan())
    store.add([Trial(number=n, parameters={}) for n in range(3)])
    store.close()
    body = bytearray((tmp_path / TRIALS).read_bytes())
    body[len(body) // 2] ^= 1
    (tmp_path / TRIALS).write_bytes(body)
    again = Store(tmp_path, plan())
    assert list(again.trials) == [0]
    again.close()


def test_two_processes_dont_make_the_same_sweep(tmp_path: Path) -> None:
    store = Store(tmp_path, plan())
    with pytest.raises(AlreadyRunning, match="runs already"):
        Store(tmp_path, plan())
    store.close()
    Store(tmp_path, plan(), fresh=True).close()


def test_anybody_reads_the_leaderboard_of_a_running_sweep(tmp_path: Path) -> None:
    store = Store(tmp_path / "sweeps" / "a", plan())
    store.add(
        [
            Trial(number=0, parameters={}, value=1.0), Trial(number=1, parameters={}, value=2.0),
            Trial(number=2, parameters={}, state=FAILED), Trial(number=3, parameters={}, value=None),
        ]
    )  # fmt: skip
    assert [t.number for t in leaderboard(tmp_path / "sweeps" / "a")][:2] == [1, 0]
    assert names(tmp_path) == ["a"]
    store.close()
    with pytest.raises(StoreError, match="no sweep"):
        leaderboard(tmp_path)
