"""What every test gets: no way off this machine, a home of its own, reference data where it exists."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.guard import stay_on_this_machine

# The same examples at every run, on any machine: what fails has to fail again. New ones are looked for on
# purpose, with `pytest --hypothesis-profile=search`. A busy machine is no failure: no example has a deadline.
settings.register_profile(
    "same", derandomize=True, max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", deadline=None)
settings.load_profile("same")

_REPOSITORY = Path(__file__).resolve().parent.parent
_DRAWN = ("snapshots", "tui")  # folders below tests/
_LARGEST = ("200x60", "size2")
_COLOURLESS = ("test_dialogue_without_colour", "test_state_without_colour")  # screens and halts stay
_GARBAGE = (100_000, 10, 50)  # as `gc.set_threshold` takes it; a back-test takes it for seldom enough
_homes = count()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collected tests stay to the end: looking through them for garbage took a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*_GARBAGE)
        gc.enable()


def pytest_unconfigure() -> None:
    """What was set aside may be tidied up now: some libraries complain at the end of what they can't free."""
    gc.unfreeze()


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Screens are drawn at all sizes and without colour; `make test-long` does so with all that is drawn."""
    for item in items:
        drawn = item.path.parent.name in _DRAWN and item.path.stem != "test_cells_screens"
        test, _, case = item.name.partition("[")
        if drawn and (test in _COLOURLESS or any(size in case for size in _LARGEST)):
            item.add_marker(pytest.mark.long)


@pytest.fixture(autouse=True, scope="session")
def _no_way_off_this_machine() -> Iterator[None]:
    """Any connect to a non-loopback address raises, whichever library asks for it."""
    with pytest.MonkeyPatch.context() as patch:
        stay_on_this_machine(patch.setattr)
        yield


@pytest.fixture(autouse=True)
def _own_home(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Settings come from the test alone: no MIDAS_ variable of the caller, and a home of its own.

    It lies in the test's folder where it has one; a folder for each test took longer than many a test.
    """
    for name in [name for name in os.environ if name.startswith("MIDAS_")]:
        if name != "MIDAS_REFERENCE_DATA":
            monkeypatch.delenv(name)
    if "tmp_path" in request.fixturenames:
        home = request.getfixturevalue("tmp_path") / "home"
    else:
        home = tmp_path_factory.getbasetemp() / f"home-{next(_homes)}"
    monkeypatch.setenv("MIDAS_HOME", str(home))


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of recorded and historical data that some tests compare with; they skip without it."""
    named = os.environ.get("MIDAS_REFERENCE_DATA", "../shared")
    folder = (_REPOSITORY / named).resolve()
    if not (folder / "data").is_dir():
        pytest.skip(f"no reference data: MIDAS_REFERENCE_DATA={named} has no folder 'data'")
    return folder


@pytest.fixture(scope="session")
def recorded_stream(reference_data: Path) -> Path:
    """The recorded BTCUSDT spot stream of the reference data."""
    found = sorted((reference_data / "data").glob("binance-spot-btcusdt-*.jsonl.gz"))
    if not found:
        pytest.skip(f"no reference data: {reference_data / 'data'} holds no recorded BTCUSDT stream")
    return found[0]
