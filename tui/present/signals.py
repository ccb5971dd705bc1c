"""Signals: who wants what, how surely, why, and what became of it."""

from __future__ import annotations

from midas.domain.time import clock_text
from midas.state.views.signals import SignalView
from tui.present import numbers
from tui.present.gauge import gauge
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, width_of
from tui.present.masking import secret
from tui.present.picture import Picture, Spot
from tui.present.since import since, tail
from tui.present.viewport import Key
from tui.present.words import outcome_badge

EXPLAINED = 2  # lines that explain the chosen signal
ROOMY = 46  # inner width from which on its strategy has its whole name there


def keys(picture: Picture, _height: int) -> list[str]:
    """The signals the cursor can stand on, newest first."""
    return [_key(signal) for signal in picture.snapshot.signals]


def found(picture: Picture, key: Key | None) -> SignalView | None:
    """The signal that the cursor stands on; without a cursor the newest."""
    signals = picture.snapshot.signals
    if key is None:
        return signals[0] if signals else None
    return next((signal for signal in signals if _key(signal) == key), None)


def feed(picture: Picture, spot: Spot) -> Sheet:
    """A row a signal; below, the reasons and the outcome of the chosen (else the newest) one."""
    signals = picture.snapshot.signals
    title: Line = [Piece("signals", "title")]
    note: Line = [Piece(f"{picture.snapshot.counts.signals} so far", "dim")]
    if not signals:
        return Sheet(title, centred(_silence(picture), spot.width, spot.height), note)
    room = max(1, spot.height - EXPLAINED)
    known = keys(picture, spot.height)
    seen, held = spot.rows(known, room), spot.selected in known
    rows = [_row(picture, signals[i], spot, known[i] == spot.selected) for i in seen]
    if len(rows) < room:
        rows.append(tail(picture, spot.width))
    rows += [[]] * (room - len(rows))
    chosen = found(picture, spot.selected) or signals[0]
    rows += [_why(picture, chosen, spot.width), _outcome(chosen, spot.width)]
    if held:
        note = [Piece("○ held" + (f" · {seen.start} newer" if seen.start else ""), "warn")]
    foot: Line = (
        [Piece("Enter why  i inputs" + ("  . newest" if held else ""), "dim")] if spot.focused else []
    )
    return Sheet(title, rows, note, foot)


def _key(signal: SignalView) -> str:
    """Two strategies may speak on one event."""
    return f"signal:{signal.sequence}.{signal.strategy}.{signal.instrument}"


def _silence(picture: Picture) -> str:
    warming = [s.name for s in picture.snapshot.strategies if s.state == "warming"]
    return (
        f"no signal yet; warming up: {', '.join(warming)}" if warming else f"no signal yet; {since(picture)}"
    )


def _row(picture: Picture, signal: SignalView, spot: Spot, here: bool) -> Line:
    badge = outcome_badge(signal.outcome)
    name = picture.named(signal.instrument).partition("-")[0]
    side = "LONG" if signal.direction > 0 else "SHRT" if signal.direction < 0 else "FLAT"
    wide = spot.width >= 50
    author = 15 if spot.width >= 46 else 10
    line = [
        Piece("▶" if here else " ", "cursor"),
        Piece(f"{clock_text(signal.at)[: 8 if wide else 5]} ", "dim"),
        Piece(f"{clip(signal.strategy, author):<{author}} ", "strong" if here else "text"),
        Piece(f"{name[:4]:<4}", "dim") if wide else Piece(""),
        Piece(
            f"{numbers.arrow(signal.direction)}{side if wide else ''} ", numbers.trend_ink(signal.direction)
        ),
        Piece(f"{numbers.probability(signal.confidence):>3} ", "text"),
    ]
    left = spot.width - sum(len(p.text) for p in line)
    if left >= 30:
        line.append(Piece(f"{gauge(signal.confidence, 8)} ", "gauge"))
        left -= 9
    brief = f"{badge.shape} {badge.word}"
    verdict = _verdict(signal) if left >= len(brief) + 12 else brief
    line.append(secret(clip(verdict, left), badge.ink))
    return line


def _verdict(signal: SignalView) -> str:
    badge = outcome_badge(signal.outcome)
    return f"{badge.shape} {badge.word}" + (f": {signal.detail}" if signal.detail else "")


def _why(picture: Picture, signal: SignalView, width: int) -> Line:
    name = picture.named(signal.instrument).partition("-")[0]
    whose = clip(signal.strategy, width // 3 if width >= ROOMY else 8)
    line: Line = [Piece(" why ", "dim"), Piece(f"{whose} {name} ", "text")]
    line.append(Piece(f"{numbers.probability(signal.confidence)} ", "dim"))
    left = width - width_of(line)
    for reason in sorted(signal.why, key=lambda reason: -abs(reason.value)):
        text = f"{numbers.signed(reason.value)} {clean(reason.name)}  "
        if len(text) - 2 > left:
            break
        line.append(Piece(text, numbers.trend_ink(reason.value)))
        left -= len(text)
    if not signal.why:
        line.append(Piece("no contribution was recorded", "dim"))
    return line


def _outcome(signal: SignalView, width: int) -> Line:
    badge = outcome_badge(signal.outcome)
    text = _verdict(signal)
    if signal.orders:
        text += f" · {signal.orders[-1]}"
    return [Piece(" → ", "dim"), secret(clip(text, width - 3), badge.ink)]
