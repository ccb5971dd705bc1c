"""The regime under the chart: one glyph a bar, the evidence, and how far the windows have filled."""

from __future__ import annotations

from midas.domain.time import clock_text
from midas.state.views.market import InstrumentView, RegimeChangeView, RegimeView
from tui.present import numbers
from tui.present.bars import Candles
from tui.present.gauge import gauge
from tui.present.lines import Line, Piece, clean, clip, fit, width_of
from tui.present.picture import Picture
from tui.present.words import regime_badge

SOURCES = {"rule": "by rule", "hold": "held: no rule is true", "warming": "warming"}


def block(
    picture: Picture, view: InstrumentView, shown: Candles, columns: int, height: int, width: int
) -> list[Line]:
    """`height` lines: the strip alone, or with its heading, evidence, consequence and last changes."""
    strip = _strip(view, shown, columns)
    if height < 4:
        return [strip]
    rows = [_heading(width), strip, _verdict(view, width), _evidence(view.regime, width)]
    if height >= 5:
        rows.append(_consequence(view.regime, width))
    elif view.regime.barred:  # that nothing may be opened before what was measured
        rows[-1] = _consequence(view.regime, width)
    changes = view.regime.changes[: max(0, height - len(rows))]
    rows += [_change(change, width) for change in changes]
    return rows + [[] for _ in range(height - len(rows))]


def _heading(width: int) -> Line:
    return fit([Piece("── ", "edge"), Piece("regime ", "title"), Piece("─" * width, "edge")], width)


def _strip(view: InstrumentView, shown: Candles, columns: int) -> Line:
    """A shape a candle, in the same columns."""
    labels = _by_candle(view, shown)
    cells = [Piece(" ")] * columns
    for label, place in zip(labels, shown.places, strict=True):
        badge = regime_badge(label)
        cells[place] = Piece(badge.shape if label else " ", badge.ink)
    line: Line = []
    for cell in cells:
        if line and (line[-1].ink == cell.ink or cell.text == " "):
            line[-1] = Piece(line[-1].text + cell.text, line[-1].ink)
        else:
            line.append(cell)
    return [*line, Piece(" regime", "faint")]


def _by_candle(view: InstrumentView, shown: Candles) -> list[str]:
    """What held at the close of each candle; empty where nobody knows any more."""
    history, changes = view.regime.history, view.regime.changes
    if shown.span == view.bar_period:
        return ["" for _ in range(len(shown.bars) - len(history))] + list(history[-len(shown.bars) :])
    labels = []
    for bar in shown.bars:
        after = next((c.after for c in changes if c.time <= bar.time), "")
        labels.append(after or (changes[-1].before if changes else view.regime.label))
    return labels


def _verdict(view: InstrumentView, width: int) -> Line:
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
    held = numbers.span(max(0, view.market_time - regime.since_time))
    since = clock_text(regime.since_time)
    line: Line = [Piece(f"{badge.shape} {clean(regime.short)}", badge.ink)]
    was = [Piece(f", was {regime_badge(regime.previous).name}", "dim")] if regime.previous else []
    source = Piece(f" {SOURCES.get(regime.source, clean(regime.source))}")
    for more in ([Piece(f" since {since}", "dim")], [Piece(f" ({held})", "dim")], [source], was):
        if width_of([*line, *more]) <= width:
            line += more
    return line


def _evidence(regime: RegimeView, width: int) -> Line:
    facts = (
        ("ADX", numbers.fixed(regime.adx, 1)),
        ("vs SMA200", numbers.percent(regime.price_over_sma)),
        ("stress", numbers.fixed(regime.stress, 1)),
        ("ATR×", numbers.fixed(regime.atr_ratio, 2)),
    )
    line: Line = []
    for name, value in facts:
        if width_of(line) + len(name) + len(value) + 1 <= width:
            line += [Piece(f"{name} ", "dim"), Piece(f"{value}  ")]
    return line


def _consequence(regime: RegimeView, width: int) -> Line:
    """What the regime does to sizes, and whom it lets open positions."""
    line: Line = [Piece("sizes ", "dim"), Piece(f"×{numbers.fixed(regime.size_factor, 2)}")]
    if regime.barred:
        return [Piece("opens nothing: ", "warn"), Piece(clip(clean(regime.barred), max(0, width - 15)))]
    if not regime.longs:
        line.append(Piece(" no new longs", "warn"))
    if regime.speak:
        line += [Piece(" opens ", "dim"), Piece(clean(", ".join(regime.speak)))]
    if regime.rest:
        line += [Piece(" rests ", "dim"), Piece(clean(", ".join(regime.rest)), "dim")]
    if width_of(line) <= width:
        return line
    opens = Piece(f" opens {clean(', '.join(regime.speak)) or 'nothing'}")
    rests = Piece(f", {len(regime.rest)} rest" if regime.rest else "", "dim")
    total = len(regime.speak) + len(regime.rest)
    brief = Piece(f" opens {len(regime.speak)} of {total} strategies")
    forms = ([*line[:2], opens, rests], [*line[:2], opens], [opens, rests], [opens], [*line[:2], brief])
    return next((form for form in forms if width_of(form) <= width), [brief])


def _change(change: RegimeChangeView, width: int) -> Line:
    before, after = regime_badge(change.before), regime_badge(change.after)
    return [
        Piece(f"{clock_text(change.time)} ", "dim"),
        Piece(f"{before.name} → ", "dim"),
        Piece(f"{after.shape} {after.name}", after.ink),
        Piece(f" {SOURCES.get(change.source, clean(change.source))}" if width >= 50 else "", "dim"),
    ]
