from __future__ import annotations

import math
import os
import resource
from itertools import takewhile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from midas.domain.time import SECOND
from midas.errors import ConfigInvalid, StoreDamaged, StoreFull
from midas.venues.sim.source.market import BestQuote
from midas.venues.sim.source.markets import open_market
from midas.venues.sim.source.synthetic import START, Synthetic
from midas.venues.sim.world.fundamentals import Fundamentals
from midas.venues.sim.world.macro import Macro
from midas.venues.sim.world.parameters import Planted, World, preset_world
from midas.venues.sim.world.truth import (
    Fact,
    Jump,
    PlantedSignal,
    RegimeChange,
    Told,
    TruePrice,
    TruthFile,
    TruthHeader,
    read_truth,
)

HARD = preset_world("hard")
QUICK = msgspec.structs.replace(HARD, macro=msgspec.structs.replace(HARD.macro, steps_per_day=20))


def path_of(world: World, seed: int, steps: int) -> tuple[np.ndarray, list[Fact]]:
    """Moves in ticks of every slice, and what was told."""
    facts: list[Fact] = []
    fundamentals = Fundamentals(world, seed, START, facts.append)
    return np.array([fundamentals.slice().moves for _ in range(steps * world.slices)]), facts


def test_the_moves_of_a_steps_slices_add_up_to_the_macro_return() -> None:
    world = msgspec.structs.replace(QUICK, planted=Planted())
    moves, _ = path_of(world, 7, 500)
    opening = np.array([asset.price_ticks for asset in world.assets])
    prices = opening + np.cumsum(moves, axis=0)[world.slices - 1 :: world.slices]
    returns = Macro(world.macro, world.day_volatility, 7).run(500).returns
    assert np.allclose(prices, opening * np.exp(np.cumsum(returns, axis=0)), rtol=1e-9, atol=1e-6)


def test_slices_are_as_rough_as_the_macro_volatility_says() -> None:
    world = msgspec.structs.replace(
        QUICK,
        planted=Planted(),
        macro=msgspec.structs.replace(QUICK.macro, jumps_per_day=0.0, market_jumps_per_day=0.0),
    )
    moves, _ = path_of(world, 3, 2_000)
    volatility = Macro(world.macro, world.day_volatility, 3).run(2_000).volatility
    price = world.assets[0].price_ticks + np.cumsum(moves[:, 0]) - moves[:, 0]
    scaled = moves[:, 0] / price / np.repeat(volatility[:, 0] / math.sqrt(world.slices), world.slices)
    assert scaled.std() == pytest.approx(1.0, abs=0.05)


def test_a_jump_falls_into_one_slice_and_its_headline_tells_its_sign() -> None:
    moves, facts = path_of(QUICK, 5, 2_000)
    symbols = [asset.symbol for asset in QUICK.assets]
    jumps = [fact for fact in facts if isinstance(fact, Jump)]
    told = [fact for fact in facts if isinstance(fact, Told)]
    assert len(jumps) > 20
    for jump in jumps:
        row, column = (jump.time - START) // (SECOND // 10), symbols.index(jump.symbol)
        price = QUICK.assets[column].price_ticks + moves[:row, column].sum()
        assert moves[row, column] == pytest.approx(price * math.expm1(jump.log_return), rel=0.5)
    true = [news for news in told if not news.decoy]
    assert {news.happened // SECOND for news in true} == {jump.time // SECOND for jump in jumps}
    assert all(news.time >= news.happened for news in told)
    assert any(news.decoy for news in told)


def test_the_feature_foretells_the_next_return_as_well_as_it_was_asked_to() -> None:
    world = msgspec.structs.replace(
        QUICK,
        planted=Planted(correlation=0.3, half_life_steps=2.0, noise=0.5),
        macro=msgspec.structs.replace(QUICK.macro, jumps_per_day=0.0, market_jumps_per_day=0.0),
    )
    moves, facts = path_of(world, 11, 4_000)
    features = np.array([fact.feature for fact in facts if isinstance(fact, PlantedSignal)])
    volatility = Macro(world.macro, world.day_volatility, 11).run(4_000).volatility
    steps = moves.reshape(4_000, world.slices, -1).sum(axis=1) / volatility
    found = [np.corrcoef(features[:, i], steps[:, i])[0, 1] for i in range(len(world.assets))]
    assert np.mean(found) == pytest.approx(0.3, abs=0.03)


def test_a_market_tells_its_truth_and_the_file_reads_back(tmp_path: Path) -> None:
    path, seconds = tmp_path / "truth.jsonl", 20
    file = TruthFile(path)
    source = Synthetic(QUICK, 9, file.tell)
    assert not path.exists(), "nothing is written before the exchange listens"
    file.open()
    events = list(takewhile(lambda event: event.at <= START + seconds * SECOND, source.events()))
    file.close()
    header, *facts = read_truth(path)
    assert isinstance(header, TruthHeader)
    assert (header.seed, header.preset, header.parameters) == (9, "hard", QUICK.hash)
    assert path.stat().st_mode & 0o777 == 0o600
    prices = [fact for fact in facts if isinstance(fact, TruePrice)]
    assert [price.time for price in prices[:3]] == [START + number * SECOND for number in (1, 2, 3)]
    assert isinstance(next(fact for fact in facts if isinstance(fact, RegimeChange)), RegimeChange)
    quotes = [event for event in events if isinstance(event, BestQuote) and event.symbol == "BTCUSDT"]
    middle = (quotes[-1].bid[0] + quotes[-1].ask[0]) / 2
    assert middle == pytest.approx(prices[-1].fundamental[0] + prices[-1].impact[0], abs=20)


def test_truth_told_or_not_the_market_is_the_same() -> None:
    def bids(source: Synthetic) -> list[object]:
        return [event for event, _ in zip(source.events(), range(2_000), strict=False)]

    heard: list[Fact] = []
    assert bids(Synthetic(HARD, 4)) == bids(Synthetic(HARD, 4, heard.append))
    assert heard


def test_a_truth_that_cannot_be_written_or_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="name another file"):
        TruthFile(tmp_path / "absent" / "truth.jsonl")
    path = tmp_path / "truth.jsonl"
    path.write_bytes(b'{"fact":"regime","time":1,"regime":"BULL"}\n{"fact":"x"}\n')
    with pytest.raises(StoreDamaged, match=r"truth.jsonl:2: not a line"):
        list(read_truth(path))
    path.write_bytes(b'{"fact":"regime","time":1,"regime":"BULL"}\n{"fact":"reg')
    assert list(read_truth(path)) == [RegimeChange(1, "BULL")]


def test_a_market_that_goes_on_adds_to_its_truth_and_tells_nothing_twice(tmp_path: Path) -> None:
    path, whole = tmp_path / "truth.jsonl", tmp_path / "whole.jsonl"
    uninterrupted, first = TruthFile(whole), TruthFile(path)
    uninterrupted.open()
    first.open()
    market = Synthetic(QUICK, 9, uninterrupted.tell)
    told = list(takewhile(lambda event: event.at <= START + 20 * SECOND, market.events()))
    before, saved = Synthetic(QUICK, 9, first.tell), b""
    for event in takewhile(lambda event: event.at <= START + 12 * SECOND, before.events()):
        saved = saved or (before.save() if event.at > START + 8 * SECOND else b"")
    first.close()
    with path.open("ab") as file:
        file.write(b'{"fact":"pri')  # what a crash leaves
    again = TruthFile(path, goes_on=True)
    again.open()
    after = Synthetic(QUICK, 9, again.tell)
    after.restore(saved)
    list(takewhile(lambda event: event.at <= START + 20 * SECOND, after.events()))
    again.close()
    uninterrupted.close()
    assert told
    assert list(read_truth(path)) == list(read_truth(whole))


def test_a_truth_file_of_another_market_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    first = TruthFile(path)
    first.open()
    Synthetic(QUICK, 9, first.tell)
    first.close()
    content = path.read_bytes()
    with pytest.raises(ConfigInvalid, match="holds the truth about an earlier market"):
        TruthFile(path)
    with pytest.raises(ConfigInvalid, match="holds the truth about another market"):
        Synthetic(QUICK, 10, TruthFile(path, goes_on=True).tell)
    assert path.read_bytes() == content


def test_a_full_disk_stops_the_truth_and_not_the_market(tmp_path: Path) -> None:
    path, before = tmp_path / "truth.jsonl", resource.getrlimit(resource.RLIMIT_FSIZE)
    file = TruthFile(path)
    file.open()
    for time in range(5):
        file.tell(RegimeChange(time, "BULL"))
    assert file.failure is None
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, before[1]))
        file.tell(RegimeChange(5, "BEAR"))
        file.tell(RegimeChange(6, "BEAR"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    file.tell(RegimeChange(7, "BEAR"))
    file.close()
    assert isinstance(file.failure, StoreFull)
    assert str(file.failure).endswith("make room on the disk")
    assert not path.read_bytes().endswith(b"\n"), "a part fitted in"
    assert list(read_truth(path)) == [RegimeChange(time, "BULL") for time in range(5)]


def test_the_truth_is_written_to_a_regular_file_only(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path(os.devnull)):
        with pytest.raises(ConfigInvalid, match="it is no regular file"):
            TruthFile(path)


def test_nobody_knows_the_truth_about_a_recording() -> None:
    with pytest.raises(ConfigInvalid, match="leave --truth out"):
        open_market("recorded.jsonl", 1, tell=list[Fact]().append)
