"""Value at risk and expected shortfall by three methods, and what the forecasts were worth so far."""

from __future__ import annotations

from math import isfinite

from midas.state.views.tail import TailView
from tui.present import numbers
from tui.present.gauge import gauge, shade_of
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, detail, width_of
from tui.present.masking import secret
from tui.present.picture import Picture, Spot

NAME = 22
WIDE = 74  # columns from which on there is room for words
LIGHTS = {"green": ("●", "good"), "yellow": ("◐", "warn"), "red": ("✗", "alarm")}
Z2_REFUTED = 0.7  # Acerbi and Szekely: about 5 % of right forecasts look worse
REFUTED = 0.05  # a p-value below it: the record contradicts the forecast
WAITING = "not looked at yet: the engine computes it once a minute, the first time within a minute"


def pane(picture: Picture, spot: Spot) -> Sheet:
    """A block a horizon: what may be lost, by which method, and how often that was exceeded."""
    known = picture.snapshot.tail
    title: Line = [Piece("tail risk", "title")]
    if not known:
        return Sheet(title, centred(WAITING, spot.width, spot.height))
    wide = spot.width >= 62
    rows: list[Line] = []
    hidden = 0
    for number, view in enumerate(known):
        block = _block(picture, view, spot.width, wide)
        parts = _parts(picture, view, spot.width) if spot.height >= 12 * len(known) else []
        gap: list[Line] = [[]] if rows and spot.height > len(rows) + len(block) else []
        if number and len(rows) + len(gap) + len(block) > spot.height:
            hidden += 1
            continue
        rows += gap + block + parts
    note: Line = [Piece(f"{numbers.share(known[0].level)} sure", "dim")]
    foot: Line = [Piece(f"{hidden} more horizon{'s' if hidden > 1 else ''}: z", "dim")] if hidden else []
    return Sheet(title, rows, note, foot)


def _block(picture: Picture, view: TailView, width: int, wide: bool) -> list[Line]:
    age = numbers.span(picture.age_of(view.computed_at)) if view.computed_at else "never"
    head: Line = [Piece(f"over {clean(view.name)}", "strong"), Piece(f"  looked at {age} ago", "dim")]
    if view.reason and not isfinite(view.value_at_risk):
        rows = [head, *_lacking(view, width), *detail(f"not known: {view.reason}", width, "dim")]
        return [*rows, _record(view, width)] if view.record.count else rows
    currency = clean(picture.snapshot.money.currency)
    labels = f"{'':<{NAME}}{'VaR':>7} {'ES':>7}" + (
        f"{'VaR ' + currency:>13}{'ES ' + currency:>12}" if wide else ""
    )
    rows = [head, [Piece(labels, "faint")]]
    first = _method(
        clip(view.method or "filtered historical", NAME - 2),
        view.value_at_risk,
        view.expected_shortfall,
        "▸ ",
    )
    if wide:
        first += [
            secret(f"{numbers.money(view.value_money):>13}"),
            secret(f"{numbers.money(view.shortfall_money):>12}"),
        ]
    rows.append(first)
    cornish = _method("Cornish-Fisher", view.cornish_var, view.cornish_es)
    why = f"  {clean(view.cornish_reason)}" if view.cornish_reason else ""
    beside = len(why) <= width - width_of(cornish)
    rows.append([*cornish, Piece(why if beside else "", "faint")])
    rows += [] if beside else detail(view.cornish_reason, width, "faint", "    ")
    rows.append(_method("parametric (normal)", view.normal_var, view.normal_es))
    rows += _lacking(view, width) or _bounds(view, width)
    rows.append(_record(view, width))
    if wide or not view.record.count:
        rows += _judged(view, width)
    return rows


def _method(name: str, var: float, shortfall: float, mark: str = "  ") -> Line:
    """The one that decides has the mark."""
    ink = "strong" if mark.strip() else "text"
    return [
        Piece(mark, "cursor"), Piece(f"{name:<{NAME - 2}}", ink),
        Piece(f"{numbers.near(var, 2):>7} {numbers.near(shortfall, 2):>7}", ink),
    ]  # fmt: skip


def _lacking(view: TailView, width: int) -> list[Line]:
    """Limits that can't be computed, and what they do meanwhile."""
    if not view.lacking:
        return []
    limits = (("VaR", view.var_max), ("ES", view.es_max))
    names = " and ".join(f"{name} {numbers.exact(most)}" for name, most in limits if isfinite(most))
    whose = "every entry" if view.refuses else "an entry there"
    told = f"! limit {names}: {whose} is refused until it is known: {view.lacking}"
    return detail(told, width, "alarm" if view.refuses else "warn", "")


def _bounds(view: TailView, width: int) -> list[Line]:
    rows: list[Line] = []
    for name, value, most in (
        ("VaR", view.value_at_risk, view.var_max),
        ("ES", view.expected_shortfall, view.es_max),
    ):
        if isfinite(most) and most > 0.0:
            used = value / most
            bar = "█" * 12 if used >= 1.0 else gauge(used, 12)
            over = "! " if used >= 1.0 else "  "
            rows.append(
                [
                    Piece(f"{over}{name} limit ", shade_of(used)),
                    Piece(bar, shade_of(used)),
                    Piece(f" {numbers.near(value, 2)} of {numbers.exact(most, 2)}"),
                ]
            )
    return rows if width >= 40 else []


def _record(view: TailView, width: int) -> Line:
    """How often the loss was beyond the VaR, and what two tests say of that."""
    record = view.record
    if not record.count:
        told = f"  track record: none yet, a forecast is settled after {clean(view.name)}"
        return [Piece(clip(told, width), "dim")]
    shape, ink = LIGHTS.get(record.light, ("○", "dim"))
    light = record.light or "too short for a verdict"
    line: Line = [
        Piece(f"  {shape} ", ink),
        Piece(f"{record.exceptions} of {record.count} beyond it", "strong"),
        Piece(f", {numbers.fixed(record.expected, 1)} expected", "text"),
        Piece(f": {light}", ink),
    ]
    return line


def _judged(view: TailView, width: int) -> list[Line]:
    """What the tests say: a p-value near 0 contradicts the forecast."""
    record = view.record
    if not record.count:
        return []
    said = [("Kupiec", record.kupiec), ("Christoffersen", record.independence), ("both", record.coverage)]
    refutes = " REFUTED" if width >= WIDE else " ✗"
    line: Line = [Piece("    p-values: ", "dim")]
    for name, value in said:
        refuted = isfinite(value) and value < REFUTED
        told = f"{numbers.probability(value)}{refutes if refuted else ''}"
        line += [Piece(f"{name} ", "dim"), Piece(f"{told}  ", "alarm" if refuted else "text")]
    rows = [line]
    if isfinite(record.z2):
        bad = record.z2 > Z2_REFUTED
        told = f"{numbers.signed(record.z2)}{refutes if bad else ''}"
        shortfall: Line = [Piece("ES: ", "dim"), Piece(told, "alarm" if bad else "text")]
        if width_of(line) + width_of(shortfall) <= width:
            return [[*line, *shortfall]]
        rows.append(
            [
                Piece("    Z2 (Acerbi-Szekely) of the ", "dim"),
                *shortfall,
                Piece(" (0 is right)", "faint"),
            ]
        )
    return rows


def _parts(picture: Picture, view: TailView, width: int) -> list[Line]:
    """Which positions the shortfall is made of."""
    if not any(isfinite(part.expected_shortfall) for part in view.parts):
        return []
    rows: list[Line] = [[Piece("    what the shortfall is made of", "faint")]]
    largest = max(abs(part.expected_shortfall) for part in view.parts) or 1.0
    for part in view.parts[:6]:
        share = part.expected_shortfall / largest
        word = " hedges" if part.expected_shortfall < 0.0 else ""
        shortfall = numbers.near(part.expected_shortfall, 2)
        rows.append(
            [
                Piece(f"    {clip(picture.named(part.instrument), 12):<13}"),
                Piece(gauge(abs(share), 12), "gauge"),
                Piece(f" {shortfall}{word}"),
                Piece(f"  held {numbers.near(part.weight)}", "dim"),
            ]
        )
    return rows
