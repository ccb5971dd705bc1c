"""The leak harness finds what is planted, each kind by the test meant for it, and accuses nobody else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from midas.backtest.assumptions import Assumptions
from midas.cli import main
from midas.cli.research import accused
from midas.domain.time import DAY, MINUTE, SECOND
from midas.research.leak_evidence import criterion, loaded_strategies, subjects, verdicts
from midas.research.leaks.market import Floats, Market, leaning, random_walk
from midas.research.leaks.planted import planted
from midas.research.leaks.probes import Cut, Feature, complaints, knowing
from midas.research.leaks.shipped import shipped
from midas.research.leaks.strategies import FREE, Overheard, played
from midas.settings import Settings, load_settings
from midas.statistics.validation import Rows, Split
from midas.workspace import find_workspace

WALK, TRADED = random_walk(360, 1), random_walk(1_500, 1, split=False)
MEANT = {
    "1": "T1 T2", "3": "T1 T2", "5": "purged", "7": "T4 T6", "9": "T1 T2", "10": "T1 T2", "11": "T1 T2",
    "12": "T1", "16": "frozen", "18": "frozen",
}  # fmt: skip


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(find_workspace(Path.cwd(), os.environ), None)


@pytest.mark.parametrize("subject", planted(), ids=lambda each: each.name)
def test_a_planted_leak_is_caught_by_the_tests_that_are_meant_for_it(subject: Feature) -> None:
    number = subject.name.partition(" ")[0]
    found = {
        words.partition(" ")[0].rstrip(":")
        for words in complaints(subject, TRADED if number == "7" else WALK, 1)
    }
    assert set(MEANT[number].split()) <= found


QUICK = {"ADX", "order flow", "calibrator Platt", "walk forward", "purged folds"}


@pytest.mark.parametrize("subject", [s for s in shipped() if s.name in QUICK], ids=lambda each: each.name)
def test_what_is_shipped_isntaccused(subject: Feature) -> None:
    assert not list(complaints(subject, WALK, 1))


def test_the_other_tests_see_what_truncation_does_not() -> None:
    moves = np.append(np.diff(np.log(WALK.close)), 0.0)
    peeking = Feature(
        "peeks", lambda market: moves[: len(market)].reshape(-1, 1)
    )  # from a file, not from the frame
    found = list(complaints(peeking, WALK, 1))
    assert len(found) == 1 and found[0].startswith("T3 column 0 foretells")


def test_what_knows_the_future_from_elsewhere_is_heard_also_where_it_speaks_rarely_or_of_sizes() -> None:
    moves = np.append(np.diff(np.log(WALK.close)), 0.0)
    for said, what in ((moves > 1.5e-3, "next move"), (np.abs(moves), "size of the next move")):
        column = np.asarray(said, np.float64)
        peeking = Feature("peeks", lambda market, column=column: column[: len(market)].reshape(-1, 1))  # type: ignore[misc]
        (found,) = complaints(peeking, WALK, 1)
        assert found.startswith(f"T3 column 0 foretells the {what} of")


def test_a_price_that_knows_of_the_split_one_bar_ahead_is_caught() -> None:
    def adjusted(market: Market) -> Floats:
        split = np.append(market.close[1:] < 0.6 * market.open[1:], False)
        return np.asarray(np.where(split, 0.5, 1.0) * market.close).reshape(-1, 1)

    assert {words[:2] for words in complaints(Feature("adjusted", adjusted), WALK, 1)} == {"T1", "T2"}


def test_the_last_bar_of_a_day_that_knows_the_first_one_of_the_next_is_caught() -> None:
    def tomorrow(market: Market) -> Floats:
        days = (market.time - MINUTE) // DAY
        last = np.append(days[1:] > days[:-1], False)
        after = np.append(market.close[1:], market.close[-1])
        return np.where(last, after, market.close).reshape(-1, 1)

    assert {words[:2] for words in complaints(Feature("tomorrow", tomorrow), WALK, 1)} == {"T1", "T2"}


def test_folds_that_are_purged_by_the_label_of_their_last_row_alone_are_caught() -> None:
    def hasty(ends: Rows) -> list[Split]:
        rows = np.arange(len(ends))
        parts = np.array_split(rows, 5)
        return [Split(rows[(ends < p[0]) | (rows > ends[p[-1]])], p) for p in parts]

    (found,) = complaints(Cut("hasty", hasty), WALK, 1)
    assert found.startswith("purged: ")


def test_what_said_nothing_is_not_called_clean() -> None:
    mute = Feature("mute", lambda market: np.full((len(market), 2), np.nan))
    speaks = next(each for each in shipped() if each.name == "SMA")
    found = verdicts([(mute, False), (speaks, False)], lambda _: None)
    assert [each.silent for each in found] == [True, False]
    assert "said nothing: not judged" in accused(found[0]) and accused(found[1]).endswith("clean")


def test_nobody_may_know_more_than_the_oracle_of_a_market_that_leans() -> None:
    market = leaning(600, 1)
    moves = np.diff(np.log(market.close), prepend=np.log(market.open[0]))
    peek = 0.5 * moves + np.append(moves[1:], 0.0)
    oracle, knows = (Feature("", lambda _, said=said: said.reshape(-1, 1)) for said in (moves, peek))  # type: ignore[misc]
    assert not list(knowing(oracle, market))
    (said,) = knowing(knows, market)
    assert said.startswith("T5 column 0 foretells moves better than the oracle")


def test_strategies_and_the_venue_really_speak_and_trade_under_the_harness(settings: Settings) -> None:
    made = {subject.name: subject for subject, bad in subjects(settings) if not bad}
    assert {"strategy trend-following", "strategy book-imbalance", "fills of a back-test"} <= set(made)
    trend = made["strategy trend-following"].run(random_walk(500, 2))  # type: ignore[union-attr]
    assert np.isfinite(trend[:, 0]).sum() > 200 and set(trend[np.isfinite(trend[:, 0]), 0]) == {0.0, 1.0}
    book = made["strategy book-imbalance"].run(random_walk(500, 2))  # type: ignore[union-attr]
    assert np.isfinite(book[:, 0]).any()
    earned = made["fills of a back-test"].earned(TRADED, 0)  # type: ignore[union-attr]
    assert np.count_nonzero(earned) > 300


def test_bars_that_are_heard_late_are_decided_on_alike_and_never_early(settings: Settings) -> None:
    """T8: what is late changes when something is decided, not what."""
    market = random_walk(420, 3)
    (loaded,) = [each for each in loaded_strategies(settings) if each.name == "trend-following"]
    said = []
    for delay in (0, 3 * SECOND):
        overheard = Overheard(loaded.make())
        given = Assumptions(costs=FREE, feed_latency=delay)
        played(settings, overheard, market, given, name=loaded.name)
        said.append(overheard.said)
    assert said[0] == said[1] and len(said[0]) > 100


@pytest.mark.long
def test_ten_of_ten_are_caught_and_nothing_shipped_isaccused(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["research", "leak-evidence", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["criteria"]["I1"]
    assert told["pass"] and told["value"]["caught"] == 10 and told["value"]["false_positives"] == 0


def test_one_missed_leak_or_one_false_accusation_fails_the_criterion() -> None:
    named = verdicts([(each, True) for each in planted() if each.name[:2] != "7 "], lambda _: None)
    assert not criterion(named).passed
    assert [each.found for each in verdicts([(planted()[4], False)], lambda _: None)] != [()]
