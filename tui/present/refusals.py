"""Why the last signals were refused: which limit, how far beyond it, and what would have fitted."""

from __future__ import annotations

from midas.domain.time import clock_text
from midas.domain.verdict import apart, once
from midas.state.views.signals import BreachView, SignalView
from tui.present import numbers, why
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, detail, shortest, width_of
from tui.present.masking import secrets
from tui.present.picture import Picture, Spot

REFUSED = "refused"
# Somebody, or something, has stopped it: no limit judged it; in few words.
CLOSED = {"gate": "a closed gate", "mode": "by the mode", "kill latch": "halted"}


def refused(picture: Picture) -> list[SignalView]:
    """Those that a limit said no to, newest first; then those that nothing judged, as all is closed there."""
    known = [signal for signal in picture.snapshot.signals if signal.outcome == REFUSED]
    return sorted(known, key=shut)


def shut(signal: SignalView) -> bool:
    """Whether it was refused unseen: a pause, a closed gate or a mode refuses whatever comes."""
    return bool(signal.breaches) and all(breach.limit in CLOSED for breach in signal.breaches)


def keys(picture: Picture, _height: int) -> list[str]:
    """The refusals the cursor can stand on."""
    return [key_of(signal) for signal in refused(picture)]


def key_of(signal: SignalView) -> str:
    """Two strategies may be refused on one event."""
    return f"refusal:{signal.sequence}.{signal.strategy}.{signal.instrument}"


def found(picture: Picture, key: str) -> SignalView | None:
    """The refusal under the cursor."""
    return next((signal for signal in refused(picture) if key_of(signal) == key), None)


def pane(picture: Picture, spot: Spot) -> Sheet:
    """The newest one (or the chosen) whole; below it the older ones, a row each."""
    known = refused(picture)
    title: Line = [Piece("last refused signal", "title")]
    seen = len(picture.snapshot.signals)
    if not known:
        return Sheet(title, centred(_none(seen), spot.width, spot.height))
    keyed = keys(picture, 0)
    chosen = found(picture, str(spot.selected)) or known[0]
    rows = [*_closed(picture, chosen, spot.width), *_whole(picture, chosen, spot.width)]
    room = spot.height - len(rows) - 1
    if room > 0:
        rows.append([Piece("before that" if chosen is known[0] else "all of them", "faint")])
        others = known if chosen is not known[0] else known[1:]
        rows += [
            _row(picture, signal, spot.width, key_of(signal) == spot.selected) for signal in others[:room]
        ]
    elif len(rows) > spot.height:
        rows = [*rows[: spot.height - 1], [Piece("  Enter or z: all of it", "dim")]]
    note: Line = [Piece(f"{len(known)} of the last {seen} signals", "dim")]
    foot: Line = [Piece("j/k choose  Enter: why it wanted that", "dim")] if spot.focused else []
    held = spot.selected in keyed
    return Sheet([Piece("refused signal", "title")] if held else title, rows, note, foot)


def _closed(picture: Picture, chosen: SignalView, width: int) -> list[Line]:
    """What refuses everything since, with how many signals that met."""
    met: dict[str, int] = {}
    for signal in refused(picture):
        if shut(signal) and not shut(chosen) and signal.at >= chosen.at:
            told = signal.breaches[0].sentence
            met[told] = met.get(told, 0) + 1
    rows = [detail(f"‖ {told} ({count} since)", width, "warn", "") for told, count in met.items()]
    return secrets([line for each in rows for line in each])


def _none(seen: int) -> str:
    if not seen:
        return "no signal yet, so none was refused; a refusal says here which limit, and what would fit"
    return f"none of the last {seen} signals was refused; a refusal says here which limit, and what would fit"


def _head(picture: Picture, signal: SignalView, width: int) -> Line:
    age = numbers.span(picture.age_of(signal.at))
    side = why.side(signal)
    line: Line = [
        Piece(f"{clock_text(signal.at)} ", "dim"),
        Piece(f"{clean(signal.strategy)} ", "strong"),
        Piece(f"{numbers.arrow(signal.direction)} {side} ", numbers.trend_ink(signal.direction)),
        Piece(picture.named(signal.instrument), "strong"),
    ]
    aside = f"  {numbers.probability(signal.confidence)} sure, {age} ago"
    return [*line, Piece(aside, "dim")] if width_of(line) + len(aside) <= width else line


def _whole(picture: Picture, signal: SignalView, width: int) -> list[Line]:
    rows = [_head(picture, signal, width)]
    if not signal.breaches:
        return rows + secrets(detail(f"✗ {signal.detail or 'no reason was recorded'}", width, "warn", ""))
    sentences, fits = apart(once(_sentence(picture, breach) for breach in signal.breaches))
    rows += secrets(detail(f"→ {fits}", width, "strong", "")) if fits else []
    for sentence in sentences:
        rows += secrets(detail(f"✗ {sentence}", width, "warn", ""))
    return rows


def _sentence(picture: Picture, breach: BreachView) -> str:
    """The engine's own words, with the limit's name where they don't begin with it."""
    limit = next((one for one in picture.snapshot.limits if one.name == breach.limit), None)
    name = limit.title if limit is not None else breach.limit
    told = clean(breach.sentence)
    return told if told.startswith(name) else f"{clean(name)}: {told}"


def _row(picture: Picture, signal: SignalView, width: int, here: bool) -> Line:
    line: Line = [
        Piece("▶" if here else " ", "cursor"),
        Piece(f"{clock_text(signal.at)[:8]} ", "dim"),
        Piece(f"{clip(signal.strategy, 16)} {picture.named(signal.instrument).partition('-')[0]} ", "text"),
    ]
    said = _briefly(picture, signal.breaches[0]) if signal.breaches else (signal.detail,)
    return [*line, *secrets([[Piece(shortest(said, max(4, width - width_of(line))), "warn")]])[0]]


def _briefly(picture: Picture, breach: BreachView) -> tuple[str, ...]:
    """The sentence; without what would have fitted; then figures alone, where they are shares of equity."""
    told = _sentence(picture, breach)
    known = next((one for one in picture.snapshot.limits if one.name == breach.limit), None)
    if breach.limit in CLOSED:
        why = clean(breach.sentence)
        return told, why, why.partition(": ")[2] or why, CLOSED[breach.limit]
    if not breach.value or not breach.maximum:
        return told, told.partition(";")[0]
    if known is None or known.unit != "%":
        name = known.title if known is not None else clean(breach.limit)
        figures = f"{numbers.brief(breach.value)} of {numbers.brief(breach.maximum)}"
        return told, told.partition(";")[0], f"{name} {figures}"
    now, most, least = numbers.near(breach.value), numbers.exact(breach.maximum), known.floor
    return (
        told, told.partition(";")[0], f"{known.title} {now}, {'at least' if least else 'at most'} {most}",
        f"{known.title} {now.rstrip('%')}{'≥' if least else '/'}{most}",
        f"{known.title.partition(' ')[0]} {now.rstrip('%')}{'≥' if least else '/'}{most}",
        f"{known.title.partition(' ')[0]} {now.rstrip('%')}{'≥' if least else '/'}{most.replace('.0%', '%')}",
    )  # fmt: skip
