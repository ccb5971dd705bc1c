"""One signal in full: its reasons as signed bars, what it looked at, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from midas.domain.time import clock_text
from midas.state.views.risk import LimitView
from midas.state.views.signals import BreachView, ContributionView, SignalView
from tui.present import numbers
from tui.present.gauge import gauge
from tui.present.lines import Line, Piece, clean, clip, detail
from tui.present.masking import secret, secrets
from tui.present.picture import Picture
from tui.present.words import outcome_badge

BAR = 12  # cells on each side of zero
NAME = 18


def whole(picture: Picture, signal: SignalView, inputs_first: bool, width: int) -> list[Line]:
    """The page of one signal."""
    parts = [_reasons(signal, width), _inputs(signal, width)]
    if inputs_first:
        parts.reverse()
    sized = [*_size(signal, width), []] if signal.steps else []
    return [*_head(picture, signal), [], *_fate(picture, signal, width), [], *sized, *parts[0], [], *parts[1]]


def heading(picture: Picture, signal: SignalView) -> str:
    """`trend-following BTC-USDT`."""
    return f"{clean(signal.strategy)} {picture.named(signal.instrument)}"


def side(signal: SignalView) -> str:
    """What the strategy wants to be."""
    return "LONG" if signal.direction > 0 else "SHORT" if signal.direction < 0 else "FLAT"


def _head(picture: Picture, signal: SignalView) -> list[Line]:
    ink = numbers.trend_ink(signal.direction)
    lines: list[Line] = [
        [
            Piece("wants      ", "dim"),
            Piece(
                f"{numbers.arrow(signal.direction)} {side(signal)} {picture.named(signal.instrument)}", ink
            ),
        ],
        [
            Piece("confidence ", "dim"),
            Piece(f"{numbers.probability(signal.confidence)} ", "strong"),
            Piece(gauge(signal.confidence, 20), "gauge"),
        ],
        *_stated(signal),
        [
            Piece("said       ", "dim"),
            Piece(f"{clock_text(signal.at)} UTC", "text"),
            Piece(f", on the market of {clock_text(signal.time)} · event {signal.sequence}", "dim"),
        ],
    ]
    if signal.reason:
        lines.append([Piece("in words   ", "dim"), Piece(clean(signal.reason))])
    return lines


def _stated(signal: SignalView) -> list[Line]:
    """The chance that the strategy is held to, where it states one."""
    if signal.probability is None:
        return []
    return [[Piece("chance     ", "dim"), Piece(numbers.probability(signal.probability), "strong")]]


def _fate(picture: Picture, signal: SignalView, width: int) -> list[Line]:
    badge = outcome_badge(signal.outcome)
    lines: list[Line] = [[Piece("What became of it", "title")]]
    lines.append(
        [Piece(f"  {badge.shape} {badge.word}: ", badge.ink), Piece(_MEANING.get(signal.outcome, ""), "dim")]
    )
    if signal.detail and not signal.breaches:
        lines += secrets(detail(signal.detail, width, indent="    "))
    for breach in signal.breaches:
        lines += _breach(picture, breach, width)
    lines += [[Piece("    order ", "dim"), secret(clean(order))] for order in signal.orders]
    if signal.outcome == "acted" and not signal.orders:
        lines.append([Piece("    no order of it yet: nothing had to be traded, or it still waits", "dim")])
    return lines


_MEANING = {
    "acted": "risk agreed, the position is worked to it",
    "refused": "a limit said no; nothing was sent",
    "held": "nothing had to be done",
    "muted": "the regime lets this strategy open nothing",
    "frozen": "the mode allows no new risk",
}


def _breach(picture: Picture, breach: BreachView, width: int) -> list[Line]:
    limit = next((one for one in picture.snapshot.limits if one.name == breach.limit), None)
    name = limit.title if limit is not None else breach.limit
    lines: list[Line] = [
        [
            Piece("    limit ", "dim"),
            Piece(clean(name), "strong"),
            Piece(f"  {_amount(breach.value, limit)} of {_amount(breach.maximum, limit)}", "warn"),
        ]
    ]
    return lines + secrets(detail(breach.sentence, width, indent="    "))


def _amount(value: float, limit: LimitView | None) -> str:
    if limit is not None and limit.unit == "%":
        return numbers.share(value, 1)
    return numbers.brief(value)


def _size(signal: SignalView, width: int) -> list[Line]:
    """Every step from where the size started to what was asked for."""
    lines: list[Line] = [[Piece("Why this size", "title"), Piece("  each step can only reduce", "dim")]]
    for step in signal.steps:
        ink = "dim" if step.factor >= 1.0 else "warn" if step.factor <= 0.0 else "strong"
        lines.append(
            [
                Piece(f"  {clip(step.name, NAME):<{NAME}} "),
                Piece(f"x {step.factor:.2f} ", ink),
                Piece(f"{numbers.share(step.weight, 1):>7}  ", ink),
                secret(clip(clean(step.why), max(12, width - NAME - 20)), "dim"),
            ]
        )
    return lines


def _reasons(signal: SignalView, width: int) -> list[Line]:
    lines: list[Line] = [
        [Piece("Why", "title"), Piece("  each term pushes down (left) or up (right)", "dim")]
    ]
    if not signal.why:
        return [*lines, [Piece("  the strategy recorded no term", "dim")]]
    largest = max(abs(term.value) for term in signal.why) or 1.0
    bar = min(BAR, max(4, (width - NAME - 12) // 2))
    ordered = sorted(signal.why, key=lambda term: -abs(term.value))
    return lines + [_signed(term, largest, bar) for term in ordered]


def _signed(term: ContributionView, largest: float, bar: int) -> Line:
    length = max(1, round(abs(term.value) / largest * bar)) if term.value else 0
    ink = numbers.trend_ink(term.value)
    left = "█" * length if term.value < 0 else ""
    right = "█" * length if term.value > 0 else ""
    return [
        Piece(f"  {clip(term.name, NAME):<{NAME}} "),
        Piece(f"{numbers.signed(term.value, 3):>7} ", ink),
        Piece(f"{left:>{bar}}", ink),
        Piece("│", "edge"),
        Piece(f"{right:<{bar}}", ink),
    ]


def _inputs(signal: SignalView, width: int) -> list[Line]:
    lines: list[Line] = [[Piece("What it looked at", "title")]]
    if not signal.inputs:
        return [*lines, [Piece("  the strategy recorded no input", "dim")]]
    across = 2 if width >= 64 else 1
    return lines + [_pairs(signal.inputs[at : at + across]) for at in range(0, len(signal.inputs), across)]


def _pairs(inputs: Sequence[ContributionView]) -> Line:
    line: Line = []
    for one in inputs:
        line += [Piece(f"  {clip(one.name, NAME):<{NAME}} ", "dim"), Piece(f"{one.value:>10.5g}")]
    return line
