"""The order controls: what limits a single order, and which strategies the throttle has stopped."""

from __future__ import annotations

from midas.domain.time import SECOND
from midas.state.views.risk import ControlsView
from tui.present import numbers
from tui.present.gauge import gauge, shade_of
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, detail, shortest
from tui.present.masking import secret
from tui.present.picture import Picture, Spot

NAME = 10


def pane(picture: Picture, spot: Spot) -> Sheet:
    """What is stopped first, with the way out; then every control with its number."""
    view = picture.snapshot.controls
    title: Line = [Piece("order controls", "title")]
    if not view.rate_max:
        return Sheet(title, centred("the engine has told no order control yet", spot.width, spot.height))
    rows = _stopped(picture, view, spot.width)
    rows += [_rate(view, spot.width)]
    rows += [_row(name, text, spot.width) for name, text in _numbers(picture, view, spot.width)]
    note: Line = [Piece(f"■ {len(view.stopped)} stopped", "alarm")] if view.stopped else []
    foot: Line = [] if view.stopped or spot.height >= len(rows) else [Piece("more: z", "dim")]
    return Sheet(title, rows, note or [Piece("nobody is throttled", "dim")], foot)


def _stopped(picture: Picture, view: ControlsView, width: int) -> list[Line]:
    rows: list[Line] = []
    for name in view.stopped:
        gate = next((gate for gate in picture.snapshot.gates if gate.scope == name), None)
        why = f": {gate.reason}" if gate is not None else ""
        rows += detail(f"■ {clean(name)} {why.removeprefix(': ')}".rstrip(), width, "alarm", "")
        rows += detail(f"→ : then  strategy {clean(name)} resume WHY", width, "strong")
    return rows


def _rate(view: ControlsView, width: int) -> Line:
    used = view.rate / view.rate_max
    figures = f" {view.rate} of {view.rate_max} in 10 s"
    bar = max(3, min(12, width - NAME - len(figures) - 1))
    return [
        Piece(f"{'rate':<{NAME}}", "dim"), Piece(gauge(used, bar), shade_of(used)), Piece(figures),
    ]  # fmt: skip


def _numbers(picture: Picture, view: ControlsView, width: int) -> list[tuple[str, str]]:
    """Name and words, fewer of them where the pane is narrow."""
    currency, off, wide = clean(picture.snapshot.money.currency), "off", width >= 50
    large = [f"{numbers.exact(view.large_share, 0)} of equity"] if view.large_share else []
    large += [f"{view.large_multiple:g}x the median"] if view.large_multiple else []
    throttle = f"{view.repeats_max} alike in {view.repeats_ns / SECOND:g} s"
    again = f"again after {view.duplicate_ns / SECOND:g} s"
    return [
        ("throttle", throttle + (", then it stops" if wide else "") if view.repeats_max else off),
        ("largest", shortest(_largest(view, currency), width - NAME)),
        ("collar", f"{view.collar_bps:g} bp beyond the market"),
        ("the same", again + (" without an answer" if wide else "") if view.duplicate_ns else off),
        ("by hand", f"sure? from {' or '.join(large if wide else large[:1])}" if large else off),
    ]


def _largest(view: ControlsView, currency: str) -> tuple[str, ...]:
    """The most of one order: money, and of the assets that have a limit of their own."""
    money = f"{numbers.stated(view.notional_max)} {currency}"
    assets = [f"{numbers.stated(most)} {clean(asset)}" for asset, most in view.quantity_max]
    every = ", ".join([money, *assets])
    return f"{every} an order", every, f"{money}, {len(assets)} assets less", money


def _row(name: str, text: str, width: int) -> Line:
    ink = "faint" if text == "off" else "text"
    told = clip(text, width - NAME)
    return [Piece(f"{name:<{NAME}}", "dim"), secret(told, ink) if name == "largest" else Piece(told, ink)]
