"""The halt panel: what was stopped, by whom, what is still open, and how to go on."""

from __future__ import annotations

from midas.domain.time import clock_text
from midas.state.snapshot import Snapshot
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, clip
from tui.present.picture import Picture, Spot


def panel(picture: Picture, spot: Spot, pressed: str) -> Sheet:
    """The engine's own word once it has latched; until then only that the halt was sent."""
    snapshot = picture.snapshot
    rows: list[Line] = [_authority(snapshot, spot.width), [], *_exposure(picture, spot.width), []]
    rows.append([Piece(" Strategies  ", "dim"), Piece(_strategies(snapshot))])
    if snapshot.kill.latched:
        rows += [
            [],
            [Piece(" ── ", "edge"), Piece("report ", "title"), Piece("─" * (spot.width - 12), "edge")],
        ]
        room = spot.height - len(rows) - 3
        report = snapshot.kill.report[-room:] if room > 0 else ()
        rows += [
            [Piece(f" {clip(line, spot.width - 2)}", "alarm" if "unack" in line.lower() else "text")]
            for line in report
        ]
        rows += [[]] * max(0, spot.height - len(rows) - 2)
        rows.append(
            [Piece(" R", "key"), Piece(" resume: a review first, then you type the word resume", "dim")]
        )
        rows.append([Piece(" Stopping goes further with  midas kill --level all|flatten|disconnect", "dim")])
        title = _latched_title(snapshot)
    else:
        title = [Piece("HALT SENT ", "alarm"), Piece(f"{pressed}: waiting for the engine's word", "strong")]
        rows += [
            [],
            [Piece(" Not confirmed yet. If this stays: midas kill, or kill -QUIT the engine.", "warn")],
        ]
    return Sheet(title, rows, [], [Piece("Esc close this, HALT stays", "dim")], "alarm")


def _latched_title(snapshot: Snapshot) -> Line:
    kill = snapshot.kill
    at = f"{clock_text(kill.tripped_at)}.{kill.tripped_at // 1_000_000 % 1000:03d}"
    return [
        Piece(f"HALTED {at} ", "alarm"),
        Piece(f"level {kill.level}: no new risk can be opened", "strong"),
    ]


def _authority(snapshot: Snapshot, width: int) -> Line:
    if not snapshot.kill.latched:
        return []
    reason = f": {snapshot.kill.reason}" if snapshot.kill.reason else ""
    return [Piece(" By          ", "dim"), Piece(clip(f"{snapshot.kill.by}{reason}", width - 14))]


def _exposure(picture: Picture, width: int) -> list[Line]:
    snapshot = picture.snapshot
    rows: list[Line] = []
    for position in [p for p in snapshot.positions if p.quantity][:4]:
        view = picture.view(position.instrument)
        quantity = numbers.fitted(abs(position.quantity), view.quantity_decimals if view else 5, 10)
        side = "LONG" if position.quantity > 0 else "SHORT"
        value = f"{numbers.money(position.value)} {snapshot.money.currency}"
        text = f"{side} {quantity} {picture.named(position.instrument)} ({position.strategy}) = {value}"
        rows.append(
            [
                Piece(" Exposure    " if not rows else " " * 13, "dim"),
                Piece(clip(text, width - 28), "strong"),
                Piece(
                    f"  uP&L {numbers.signed(position.unrealised)}", numbers.trend_ink(position.unrealised)
                ),
            ]
        )
    if not rows:
        rows.append([Piece(" Exposure    ", "dim"), Piece("none: every position is flat", "strong")])
    by_purpose: dict[str, int] = {}
    for order in snapshot.orders:
        by_purpose[order.purpose.lower()] = by_purpose.get(order.purpose.lower(), 0) + 1
    working = ", ".join(f"{count} {purpose}" for purpose, count in sorted(by_purpose.items())) or "none"
    rows.append([Piece(" Working     ", "dim"), Piece(working, "strong")])
    unknown = snapshot.health.orders_unknown
    if unknown:
        rows.append(
            [Piece(" Unknown     ", "dim"), Piece(f"{unknown} orders without a definite answer", "alarm")]
        )
    return rows


def _strategies(snapshot: Snapshot) -> str:
    return "  ".join(f"{s.name} {s.state.upper()}" for s in snapshot.strategies) or "none loaded"
