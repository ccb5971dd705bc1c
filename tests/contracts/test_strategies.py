"""What every file in `strategies/` must pass, whoever wrote it."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from itertools import pairwise, product
from math import inf, isfinite, nan
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.agents.technical import TechnicalAnalyst
from midas.domain.event import Event
from midas.domain.instrument import Instrument
from midas.domain.market import Bar, BookDelta, BookLost, BookSnapshot, Quote, Trade
from midas.domain.opinion import Forecast, Opinion, Regime, RegimeLabel, Urgency
from midas.domain.time import SECOND
from midas.errors import WorkspaceInvalid
from midas.ports.strategy import Briefing, Hears, Strategy
from midas.state.market import InstrumentMarket
from midas.workspace import LoadedStrategy, load_strategies
from tests.fakes.desk import BTC, REGIME
from tests.fakes.scripted_market import NOON, ScriptedMarket

WORKSPACE = Path(__file__).resolve().parents[2]
NAMES = sorted(file.stem.replace("_", "-") for file in (WORKSPACE / "strategies").glob("[!_]*.py"))
LOADED = {name: load_strategies(WORKSPACE, {name: {}})[0] for name in NAMES}
ALLOWED = {"__future__", "collections", "enum", "math", "midas.api", "msgspec", "numpy", "typing"}

Spoken = list[Opinion | None]


@pytest.fixture(params=NAMES)
def loaded(request: pytest.FixtureRequest) -> LoadedStrategy:
    """Each strategy of the workspace in turn, with its default parameters."""
    return LOADED[request.param]


class View(msgspec.Struct, frozen=True):
    """A market that shows whatever a test wants, nonsense included."""

    time: int = NOON
    book_valid: bool = True
    bid_price: float = nan
    ask_price: float = nan
    mid: float = nan
    flow: float = nan
    lean: float = nan
    micro: float = nan
    instrument: Instrument = BTC
    bars: tuple[Bar, ...] = ()

    def imbalance(self, levels: int) -> float:
        """The same at any depth."""
        return self.lean

    def microprice(self) -> float:
        """As told."""
        return self.micro


class Filled:
    """A desk that fills every opinion at once, at the mid: what a strategy is told about its own position."""

    def __init__(self) -> None:
        self.position = 0.0
        self.average = nan

    def follow(self, opinion: Opinion | None, mid: float) -> None:
        """Hold what the opinion asks for."""
        if opinion is None or (opinion.direction > 0.0) == (self.position > 0.0):
            return
        self.position = 0.01 if opinion.direction > 0.0 else 0.0
        self.average = mid if self.position else nan


def hear(strategy: Strategy, events: Iterable[Event]) -> Spoken:
    """Everything that `strategy` answers while the market does `events`."""
    market = InstrumentMarket(BTC)
    analyst = TechnicalAnalyst(BTC.id, SECOND, REGIME)
    desk, spoken = Filled(), Spoken()
    regime, forecast, volatility = unknown_regime(), None, nan
    for event in events:
        heard = ""
        if isinstance(event, Bar):
            market.on_bar(event)
            features, regime, forecast = analyst.study(event)
            volatility, heard = features.rv20, Hears.BAR
        elif isinstance(event, BookDelta):
            heard = Hears.BOOK if market.on_delta(event) else ""
        elif isinstance(event, BookSnapshot):
            market.on_snapshot(event)
        elif isinstance(event, BookLost):
            market.on_lost(event)
        elif isinstance(event, Quote):
            market.on_quote(event)
        elif isinstance(event, Trade):
            market.on_trade(event)
        if heard == strategy.hears and isfinite(market.mid):
            opinion = strategy.signal(
                market, Briefing(regime, forecast, desk.position, desk.average, volatility)
            )
            desk.follow(opinion, market.mid)
            spoken.append(opinion)
    return spoken


def market_of(seed: int, seconds: int = 180) -> list[Event]:
    """A warm history and some minutes of a market that leans now this way, now that."""
    scripted = ScriptedMarket()
    return [*scripted.history(), *scripted.walk(seconds, seed)]


def unknown_regime() -> Regime:
    """Before there is evidence."""
    return Regime(label=RegimeLabel.UNKNOWN, source="warming", since=NOON)


def sane(opinion: Opinion | None) -> bool:
    """Whether an answer stays within its bounds; None always does."""
    return opinion is None or (
        -1.0 <= opinion.direction <= 1.0
        and 0.0 <= opinion.confidence <= 1.0
        and all(c.name and isfinite(c.value) for c in opinion.contributions)
        and opinion.horizon_ns >= 0
        and isinstance(opinion.urgency, Urgency)
    )


def test_there_are_strategies_to_test() -> None:
    assert {"trend-following", "book-imbalance"} <= set(NAMES)


def test_it_is_named_after_its_file(loaded: LoadedStrategy) -> None:
    assert loaded.type.name == loaded.name
    assert loaded.type.hears in (Hears.BAR, Hears.BOOK)


def test_it_sees_nothing_of_midas_but_the_api(loaded: LoadedStrategy) -> None:
    tree = ast.parse(loaded.file.read_text())
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else []
        )
    }  # fmt: skip
    assert imported <= ALLOWED, f"a strategy has no clock, no chance and no I/O: {imported - ALLOWED}"


def test_two_instances_give_the_same_opinions(loaded: LoadedStrategy) -> None:
    events = market_of(seed=3)
    first, second = hear(loaded.make(), events), hear(loaded.make(), events)
    assert len(first) > 100
    assert first == second


@pytest.mark.parametrize("cut", [0.35, 0.7, 0.9])
def test_what_comes_later_changes_nothing_that_was_said(loaded: LoadedStrategy, cut: float) -> None:
    events = market_of(seed=4)
    whole = hear(loaded.make(), events)
    past = events[: int(len(events) * cut)]
    known = hear(loaded.make(), past)
    assert 0 < len(known) < len(whole)
    assert whole[: len(known)] == known


def test_another_future_changes_nothing_that_was_said(loaded: LoadedStrategy) -> None:
    scripted, other = ScriptedMarket(), ScriptedMarket()
    past = [*scripted.history(), *scripted.walk(60, seed=5)]
    assert past == [*other.history(), *other.walk(60, seed=5)]
    rising = [e for _ in range(100) for e in (*scripted.move(40, 300_000, 10_000), scripted.trade())]
    falling = [e for _ in range(100) for e in (*other.move(-40, 10_000, 300_000), other.trade(sold=True))]
    known = hear(loaded.make(), past)
    assert hear(loaded.make(), [*past, *rising, scripted.bar()])[: len(known)] == known
    assert hear(loaded.make(), [*past, *falling, other.bar()])[: len(known)] == known


def test_it_goes_in_and_comes_out_again(loaded: LoadedStrategy) -> None:
    directions = [o.direction for seed in range(6) for o in hear(loaded.make(), market_of(seed)) if o]
    assert any(d > 0.0 for d in directions), "it never wanted to hold anything"
    first_in = next(i for i, d in enumerate(directions) if d > 0.0)
    assert any(d == 0.0 for d in directions[first_in:]), "it never wanted out"


def test_it_does_not_flip_with_every_event(loaded: LoadedStrategy) -> None:
    for seed in range(4):
        spoken = [o.direction for o in hear(loaded.make(), market_of(seed, seconds=120)) if o]
        flips = sum(before != after for before, after in pairwise(spoken))
        assert flips <= 60, f"{flips} changes of mind in 120 s"


@pytest.mark.parametrize("seed", range(4))
def test_its_opinions_stay_within_bounds(loaded: LoadedStrategy, seed: int) -> None:
    assert all(sane(opinion) for opinion in hear(loaded.make(), market_of(seed)))


@pytest.mark.parametrize("label", list(RegimeLabel))
def test_a_market_that_shows_nothing_leads_to_no_position(loaded: LoadedStrategy, label: RegimeLabel) -> None:
    strategy = loaded.make()
    briefing = Briefing(Regime(label=label, source="rule", since=NOON), None, 0.0, nan, nan)
    for step in range(50):
        opinion = strategy.signal(View(time=NOON + step * SECOND, book_valid=False), briefing)
        assert opinion is None or opinion.direction == 0.0


def test_a_hidden_book_is_survived_in_the_middle_of_a_session(loaded: LoadedStrategy) -> None:
    scripted = ScriptedMarket()
    before = [*scripted.history(), *scripted.walk(40, seed=6)]
    gone: list[Event] = [BookLost(BTC.id, scripted.now, "gap"), scripted.bar(), scripted.trade()]
    after = list(scripted.walk(40, seed=7))
    spoken = hear(loaded.make(), [*before, *gone, *after])
    assert len(spoken) > len(hear(loaded.make(), before))
    assert all(sane(opinion) for opinion in spoken)


numbers = st.floats(allow_nan=True, allow_infinity=True)
chances = st.one_of(st.floats(0.0, 1.0), st.sampled_from([nan, inf, -inf]))
views = st.builds(
    View,
    time=st.integers(NOON, NOON + 600 * SECOND),
    book_valid=st.booleans(),
    bid_price=numbers,
    ask_price=numbers,
    mid=numbers,
    flow=numbers,
    lean=numbers,
    micro=numbers,
)
forecasts = st.one_of(
    st.none(),
    st.builds(
        Forecast,
        instrument=st.just(BTC.id),
        source=st.just("technical"),
        horizon_ns=st.just(30 * SECOND),
        expected_return=numbers,
        probability=chances,
        time=st.just(NOON),
    ),
)
briefings = st.builds(
    Briefing,
    regime=st.builds(
        Regime, label=st.sampled_from(RegimeLabel), source=st.just("rule"), since=st.just(NOON), adx=numbers
    ),
    forecast=forecasts,
    position=st.sampled_from([0.0, 0.5]),
    average_price=numbers,
    volatility=numbers,
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, deadline=None)
@given(seen=st.lists(st.tuples(views, briefings), min_size=1, max_size=12))
def test_whatever_it_is_shown_it_answers_within_bounds(name: str, seen: list[tuple[View, Briefing]]) -> None:
    strategy = LOADED[name].make()
    for view, briefing in seen:
        assert sane(strategy.signal(view, briefing))


def number_fields(loaded: LoadedStrategy) -> list[str]:
    """Its parameters that are numbers."""
    return [
        field
        for field in loaded.type.Parameters.__struct_fields__
        if type(getattr(loaded.parameters, field)) in (int, float)
    ]


def test_every_number_among_its_parameters_has_bounds(loaded: LoadedStrategy) -> None:
    assert number_fields(loaded), "no parameter at all: what can a person tune?"
    for field, value in product(number_fields(loaded), (nan, inf, -inf, 10**15, -(10**15), "many")):
        with pytest.raises(WorkspaceInvalid, match=field):
            load_strategies(WORKSPACE, {loaded.name: {field: value}})


def test_an_unknown_parameter_is_refused_by_name(loaded: LoadedStrategy) -> None:
    with pytest.raises(WorkspaceInvalid, match=r"speeed = 1: no such parameter"):
        load_strategies(WORKSPACE, {loaded.name: {"speeed": 1}})


@pytest.mark.parametrize(
    ("name", "parameters", "sentence"),
    [
        ("trend-following", {"enter": 0.01, "leave": 0.02}, "leave <= leave_against < enter"),
        ("book-imbalance", {"imbalance_leave": 0.9}, "imbalance_leave < imbalance_enter"),
        ("book-imbalance", {"hold_min_s": 60.0}, "hold_min_s < hold_max_s"),
    ],
)
def test_thresholds_in_the_wrong_order_are_refused(
    name: str, parameters: dict[str, float], sentence: str
) -> None:
    with pytest.raises(WorkspaceInvalid, match=sentence):
        load_strategies(WORKSPACE, {name: parameters})
