"""Whether what is shown is true: the full passes over the account, and what differs at the venue."""

from __future__ import annotations

from midas.state.snapshot import Snapshot
from midas.state.views.reconciliation import DifferenceView, ReconciliationView, VenueView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, clean, clip, detail, spread, width_of
from tui.present.masking import concealed, masked, secret
from tui.present.picture import LINK_STALE_NS, Key, Picture, Spot
from tui.present.table import Column, fitting, heading, row
from tui.present.words import account_badge, difference_badge

NO_SWITCH = "NO DMS"
MORE = " … Enter: all"
LEAST = 12  # cells for what either side says
MEANINGS = {
    "CLEAN": "orders, balances and trades are equal here and at the venue",
    "RECOVERING": "the account is being read and compared: nothing is sent before both sides agree",
    "STREAM_RECONCILING": "the user stream was down: what happened meanwhile is fetched, and nothing "
    "new is opened until both sides agree",
    "DIFFERS": "the next pass tells whether it is a difference or was only a moment",
    "BREAK": "a difference stands: it is shown, and closes its own gates only",
}


def pane(picture: Picture, spot: Spot) -> Sheet:
    """The state of each venue, the passes, every difference, and the evidence of the chosen one."""
    view = picture.snapshot.reconciliation
    rows = _venues(picture, spot.width)
    chosen = found(picture, spot.selected) or next(iter(view.differences), None)
    if chosen is None:
        rows += detail(_meaning(view), spot.width, "text", "  ")
        return Sheet([Piece("reconciliation", "title")], rows, _note(picture), _foot(spot, None))
    room, count = spot.height - len(rows), len(view.differences)
    headed = room > 4
    seen = min(count, max(1, room // 2 - headed))
    rows += _table(picture, spot, seen, headed)
    rows += _short(picture, chosen, spot.width, spot.height - len(rows))
    more: Line = [Piece(f"+{count - seen} more ", "warn")] if count > seen else []
    return Sheet([Piece("reconciliation", "title")], rows, [*more, *_note(picture)], _foot(spot, chosen))


def keys(picture: Picture, _height: int) -> list[str]:
    """The differences the cursor can stand on."""
    return [key_of(difference) for difference in picture.snapshot.reconciliation.differences]


def key_of(difference: DifferenceView) -> str:
    """`difference:NAME`."""
    return f"difference:{difference.name}"


def found(picture: Picture, key: Key | None) -> DifferenceView | None:
    """The difference that a cursor key names."""
    known = picture.snapshot.reconciliation.differences
    return next((difference for difference in known if key_of(difference) == key), None)


def agreement(picture: Picture) -> Piece | None:
    """The honest word of the banner where the account isn't known to be equal; None where it is."""
    snapshot = picture.snapshot
    money, view = snapshot.money, snapshot.reconciliation
    if picture.link_age > LINK_STALE_NS:
        return Piece("○ not known now ", "faint")
    state = view.state if view.venues else ""  # before the first pass no venue has been told of
    if state == "STREAM_RECONCILING":
        return Piece("↻ stream reconciling … ", "warn")
    if state == "BREAK":
        return Piece("✗ BREAK: NOT RECONCILED ", "alarm")
    if state == "DIFFERS":
        return Piece("≠ account differs ", "warn")
    if snapshot.recovering or state == "RECOVERING" or not (money.reconciled or money.reconciled_at):
        return Piece("reconciling … ", "dim")
    return None if money.reconciled else Piece("✗ NOT RECONCILED ", "alarm")


def switchless(snapshot: Snapshot) -> list[str]:
    """Venues where our orders stand until somebody cancels them, if nobody here speaks any more."""
    return [venue.name for venue in snapshot.reconciliation.venues if venue.dead_man == NO_SWITCH]


def page(picture: Picture, difference: DifferenceView, width: int) -> list[Line]:
    """The evidence on a page of its own, which doesn't mask by itself."""
    told = evidence(picture, difference, width)
    return [masked(line) for line in told] if picture.options.private else told


def evidence(picture: Picture, difference: DifferenceView, width: int) -> list[Line]:
    """What is known of a difference, in sentences, and what can be done."""
    both = f"{difference.subject}: {difference.here} here, {difference.venue} at the venue"
    rows = concealed(detail(both, width, "strong"))
    rows += concealed(detail(difference.evidence, width)) if difference.evidence else []
    rows += detail(_closing(picture, difference), width, "warn" if difference.state == "standing" else "dim")
    return rows + detail(_helps(difference), width, "dim")


def _short(picture: Picture, difference: DifferenceView, width: int, room: int) -> list[Line]:
    """Below its row: what it does, then what is known of it; what has no room is a key away."""
    ink = "warn" if difference.state == "standing" else "dim"
    rows = detail(_closing(picture, difference), width, ink)
    rows += concealed(detail(difference.evidence, width)) if difference.evidence else []
    rows += detail(_helps(difference), width, "dim")
    if len(rows) > room > 0:
        last = rows[room - 1][-1]
        rows[room - 1] = [last._replace(text=f"{last.text[: width - len(MORE)].rstrip()}{MORE}")]
    return rows[: max(0, room)]


def _closing(picture: Picture, difference: DifferenceView) -> str:
    gates = ", ".join(picture.named(gate) if "." in gate else gate for gate in difference.closes)
    if difference.state == "accepted":
        return "a person has accepted it: it closes nothing any more"
    if difference.state == "standing":
        return f"no new risk while it stands: {gates}" if gates else "it closes no gate"
    return f"if the next pass shows it too, no new risk: {gates}" if gates else "it would close no gate"


def _helps(difference: DifferenceView) -> str:
    if difference.state == "standing":
        return "→ a reviews what accepting it would change; r asks for a pass at once"
    if difference.state == "accepted":
        return "→ it leaves with the first pass that finds both sides equal, or returns if it changes"
    return "→ r asks for the next pass at once"


def _meaning(view: ReconciliationView) -> str:
    if not view.pass_at and view.state == "CLEAN":
        return "no pass has been made yet"
    return MEANINGS.get(view.state, view.state)


def _venues(picture: Picture, width: int) -> list[Line]:
    """A row a venue; where there is one, the passes stand in the same."""
    view = picture.snapshot.reconciliation
    told = _passes(picture, view)
    if len(view.venues) == 1:
        venue = view.venues[0]
        left, wide, right = _venue(venue), _switch(venue, True), _switch(venue, False)
        room = width - width_of(left) - 3
        right = wide if len(" · ".join(told)) + width_of(wide) <= room else right
        while len(told) > 1 and len(" · ".join(told)) + width_of(right) > room:
            told.pop()
        return [spread([*left, Piece(f"  {' · '.join(told)}", "text")], right, width)]
    rows: list[Line] = [[Piece(clip("  " + " · ".join(told), width))]]
    return rows + [spread(_venue(venue), _switch(venue, width >= 60), width) for venue in view.venues]


def _venue(venue: VenueView) -> Line:
    badge = account_badge(venue.state)
    return [Piece(f"{badge.shape} {badge.word} ", badge.ink), Piece(clean(venue.name), "strong")]


def _switch(venue: VenueView, wide: bool) -> Line:
    if venue.dead_man != NO_SWITCH:
        return [Piece(f"{clean(venue.dead_man)} ", "dim")]
    words = ": our orders stand there until somebody cancels them " if wide else " "
    return [Piece(NO_SWITCH, "warn"), Piece(words, "dim")]


def _passes(picture: Picture, view: ReconciliationView) -> list[str]:
    """What is most telling comes first."""
    if view.clean_at:
        told = [f"last clean pass {numbers.duration(picture.age_of(view.clean_at))} ago"]
    else:
        told = ["no clean pass yet"]
    if view.running:
        told.append("a pass is running")
    elif view.next_at:
        left = max(0, view.next_at - picture.snapshot.built_at - picture.link_age)
        told.append(f"next within {numbers.duration(left)}" if left else "next is due")
    if view.pass_at and view.pass_at != view.clean_at:
        told.append(f"last pass {numbers.duration(picture.age_of(view.pass_at))} ago")
    return [*told, f"{view.passes:,} passes"]


def _table(picture: Picture, spot: Spot, room: int, headed: bool) -> list[Line]:
    known = picture.snapshot.reconciliation.differences
    columns = fitting(_columns(picture, spot.width), spot.width - 1)
    names = keys(picture, 0)
    rows: list[Line] = [[Piece(" "), *heading(columns)]] if headed else []
    for index in spot.rows(names, room):
        here = names[index] == spot.selected
        rows.append([Piece("▶" if here else " ", "cursor"), *row(columns, known[index])])
    return rows


def _columns(picture: Picture, width: int) -> list[Column[DifferenceView]]:
    side = min(28, max(LEAST, (width - 42) // 2))

    def state(difference: DifferenceView) -> Piece:
        badge = difference_badge(difference.state)
        return Piece(f"{badge.shape} {badge.word}", badge.ink)

    def age(difference: DifferenceView) -> str:
        return numbers.duration(picture.age_of(difference.since_at))

    return [
        Column("state", 10, 0, state, left=True),
        Column("what", 12, 1, lambda d: Piece(d.subject, "strong"), left=True),
        Column("here", side, 0, lambda d: secret(d.here)),
        Column("at the venue", side, 0, lambda d: secret(d.venue)),
        Column("since", 6, 2, lambda d: Piece(age(d), "dim")),
        Column("seen", 5, 3, lambda d: Piece(f"{d.seen}x", "dim")),
    ]


def _note(picture: Picture) -> Line:
    view = picture.snapshot.reconciliation
    badge = account_badge(view.state)
    standing = sum(d.state == "standing" for d in view.differences)
    count: Line = [Piece(f"{standing} to accept ", "alarm")] if standing else []
    return [*count, Piece(f"{badge.shape} {badge.word}", badge.ink)]


def _foot(spot: Spot, chosen: DifferenceView | None) -> Line:
    if not spot.focused:
        return [Piece("r: is it true?", "faint")]
    if chosen is None:
        return [Piece("r pass now", "dim")]
    accept = "a review, accept  " if chosen.state == "standing" else ""
    return [Piece(f"j/k choose  {accept}Enter whole  r pass now", "dim")]
