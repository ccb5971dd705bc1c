"""Signals with what became of them, regimes with their changes, candles that reach back."""

from __future__ import annotations

from midas.domain.command import SetMode, SetStrategy
from midas.domain.decision import SignalMade, TargetRefused
from midas.domain.opinion import Signal
from midas.domain.time import SECOND
from midas.domain.verdict import Breach
from midas.engine.audit import Audit
from midas.engine.candles import SLOW, CandlePainter
from midas.engine.voices import SignalLog
from midas.state.snapshot import Snapshot
from tests.engine.scene import Scene
from tests.fakes.desk import BTC
from tests.fakes.nouns import target
from tests.fakes.strategy import Puppet, long


def picture(scene: Scene) -> Snapshot:
    return scene.desk.painter.snapshot(scene.desk.now, scene.desk.health)


def test_an_acted_signal_names_the_order_that_it_led_to(scene: Scene) -> None:
    scene.say(long())
    shown = picture(scene)
    newest = shown.signals[0]
    assert newest.outcome == "acted"
    (order,) = newest.orders
    assert order.startswith(f"{shown.orders[0].short_id} BUY ")


def test_a_refused_signal_names_the_limit_its_value_and_its_maximum() -> None:
    scene = Scene(position_max=0.001)
    scene.say(long())
    newest = picture(scene).signals[0]
    assert newest.outcome == "refused"
    breach = next(b for b in newest.breaches if b.limit == "position")
    assert breach.value > breach.maximum == 0.001
    assert breach.sentence in newest.detail


def test_the_regime_says_whom_it_lets_open_positions(scene: Scene) -> None:
    regime = picture(scene).instruments[0].regime
    assert scene.puppet.name in (*regime.speak, *regime.rest)
    assert not set(regime.speak) & set(regime.rest)


def test_nobody_is_said_to_open_positions_where_mode_or_latch_let_nobody(scene: Scene) -> None:
    scene.desk.command(SetMode("PAUSE"))
    regime = picture(scene).instruments[0].regime
    assert (regime.barred, regime.speak) == ("mode PAUSE", ())
    assert scene.puppet.name in regime.rest


def test_a_paused_strategy_is_not_said_to_open_positions(scene: Scene) -> None:
    scene.desk.command(SetStrategy(scene.puppet.name, running=False))
    regime = picture(scene).instruments[0].regime
    assert (regime.barred, regime.speak, regime.rest) == ("", (), (scene.puppet.name,))


def test_slow_candles_hold_what_their_base_bars_held() -> None:
    scene = Scene(Puppet())
    painter, market = CandlePainter(), next(iter(scene.desk.state.markets.values()))
    for _ in range(SLOW * 2):
        scene.bar()
        base, slow = painter.bars(market, SECOND)
    last = [bar for bar in base if slow[-1].time - SLOW * SECOND < bar.time <= slow[-1].time]
    assert slow[-1].open == last[0].open
    assert slow[-1].close == last[-1].close == base[-1].close
    assert slow[-1].high == max(bar.high for bar in last)
    assert abs(slow[-1].volume - sum(bar.volume for bar in last)) < 1e-9
    assert painter.bars(market, SECOND)[0] == base


def test_the_last_refusal_by_a_limit_outlives_any_number_of_a_paused_strategy() -> None:
    log = SignalLog()
    for sequence in range(1, 300):
        gate = sequence > 3
        breach = Breach("gate" if gate else "position", 1.0, 0.0, "closed" if gate else "too much")
        signal = Signal(
            strategy="s", instrument=BTC.id, direction=1.0, confidence=0.5, time=sequence, sequence=sequence
        )
        made = SignalMade(signal, "refused", "")
        refused = TargetRefused(target("1", instrument=BTC.id), (breach,))
        log.observe(Audit(sequence, "bar", sequence, (made, refused), ()))
    kept = [view for view in log.views if view.breaches[0].limit == "position"]
    assert [view.sequence for view in kept] == [3, 2, 1]
    assert [view.sequence for view in log.views] == sorted((v.sequence for v in log.views), reverse=True)
