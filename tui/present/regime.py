"""The regime under the chart: one glyph a bar, the evidence, and how far the windows have filled."""

from __future__ import annotations

from midas.domain.time import clock_text
from midas.state.snapshot import InstrumentView, RegimeView
from tui.present import numbers
from tui.present.gauge import gauge
from tui.present.lines import Line, Piece, clean, fit, width_of
from tui.present.picture import Picture
from tui.present.words import regime_badge


def block(
    picture: Picture, view: InstrumentView, columns: int, step: int, height: int, width: int
) -> list[Line]:
    """`height` lines: the strip alone, or with its heading, evidence and consequence."""
    strip = _strip(view.regime, columns, step)
    if height < 4:
        return [strip]
    heading = _heading(width)
    rows = [heading, strip, _verdict(picture, view, width), _evidence(view.regime)]
    return rows if height < 5 else [*rows, _consequence(picture, view.regime)]


def _heading(width: int) -> Line:
    return fit([Piece("── ", "edge"), Piece("regime ", "title"), Piece("─" * width, "edge")], width)


def _strip(regime: RegimeView, columns: int, step: int) -> Line:
    shown = regime.history[-(columns // step) :]
    line: Line = [Piece(" " * (columns - len(shown) * step))]
    for name in shown:
        badge = regime_badge(name)
        glyph = badge.shape + " " * (step - 1)
        if line[-1].ink == badge.ink and line[-1].text.strip():
            line[-1] = Piece(line[-1].text + glyph, badge.ink)
        else:
            line.append(Piece(glyph, badge.ink))
    return [*line, Piece(" ▲▼─≈!·", "faint")]


def _verdict(picture: Picture, view: InstrumentView, width: int) -> Line:
    regime = view.regime
    badge = regime_badge(regime.label)
    if regime.source == "warming":
        seen = min(1.0, regime.bars_seen / max(1, regime.bars_needed))
        made = f", {regime.synthetic_bars} synthetic" if regime.synthetic_bars else ""
        bar = Piece(gauge(seen, 16 if width >= 60 else 8), "warn")
        return [
            Piece("· warming up ", "warn"),
            bar,
            Piece(f" {regime.bars_seen}/{regime.bars_needed} bars{made}"),
        ]
    held = numbers.duration(max(0, view.market_time - regime.since_time))
    since = f" since {clock_text(regime.since_time)} ({held})"
    line: Line = [
        Piece(f"{badge.shape} {clean(regime.short)}", badge.ink),
        Piece(f" by {regime.source}"),
        Piece(since, "dim"),
    ]
    was = f", was {clean(regime.previous)}"
    if regime.previous and width_of(line) + len(was) <= width:
        line.append(Piece(was, "dim"))
    return line


def _evidence(regime: RegimeView) -> Line:
    facts = (
        ("ADX", numbers.fixed(regime.adx, 1)),
        ("vs SMA200", numbers.percent(regime.price_over_sma)),
        ("stress", numbers.fixed(regime.stress, 1)),
        ("ATR×", numbers.fixed(regime.atr_ratio, 2)),
    )
    line: Line = []
    for name, value in facts:
        line += [Piece(f"{name} ", "dim"), Piece(f"{value}  ")]
    return line


def _consequence(picture: Picture, regime: RegimeView) -> Line:
    running = sum(strategy.state == "running" for strategy in picture.snapshot.strategies)
    line: Line = [Piece("size ", "dim"), Piece(f"×{numbers.fixed(regime.size_factor, 2)}  ")]
    line += [Piece("strat ", "dim"), Piece(f"{running}/{len(picture.snapshot.strategies)} on  ")]
    if regime.source != "warming":
        made = f", {regime.synthetic_bars} synthetic" if regime.synthetic_bars else " seen"
        line.append(Piece(f"{regime.bars_seen} bars{made}", "dim"))
    return line
