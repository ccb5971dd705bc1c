"""What every pane shows, in a sentence or two: for the help page."""

from __future__ import annotations

from collections.abc import Iterable

# What stands in the title of a pane, where that isn't its name.
TITLES = {
    "desk": "positions · working",
    "orders": "working",
    "book2": "the other book",
    "log": "events",
    "stops": "latch and gates",
    "changes": "mode changes",
    "refused": "last refused signal",
    "equity": "loss budgets · equity",
    "covers": "stops · naked if we die",
    "breakers": "circuit breakers",
    "controls": "order controls",
    "tail": "tail risk",
    "alerts": "price alerts",
    "console": "this console",
    "summary": "position · risk",
    "growth": "equity",
    "months": "months and falls",
    "entries": "entries and exits",
    "versus": "compare",
    "curves": "equity of both",
    "leaders": "sweep",
}
PANES = {
    "chart": "Candles of the chosen instrument with our entries, exits and average price; below them volume "
    "and what kind of market the rules saw. Grey candles are synthetic history that no market printed.",
    "book": "What rests at each price, summed from the touch outwards, our own orders beside it. "
    "The cursor sums up to its level. A book with a gap is hidden until it is whole again.",
    "book2": "The other instrument's order book.",
    "tape": "What was traded, newest on top, in market time; the arrow is the side that took.",
    "signals": "What each strategy wanted, how surely, what became of it and why.",
    "desk": "Positions by strategy, and below them the orders that work at the venue.",
    "risk": "Every limit with its worst case now: positions plus all that may still fill. The one that binds "
    "next is marked.",
    "events": "What happened, newest on top: fills, orders, risk, modes, the feed.",
    "account": "What we own, what it is worth, and what became of it.",
    "machine": "How engine, feed and strategies do.",
    "limits": "What binds next, then every limit with what is used, what is allowed and the room left; a "
    "solid bar and ! mark one that binds. Values are the worst case: positions plus all that may still fill. "
    "Enter says what happens when one binds.",
    "refused": "Why a limit said no: which one, how far beyond it, the largest size that would have passed. "
    "‖ tells what has refused everything since, such as a paused strategy. "
    "Enter shows what the strategy saw.",
    "equity": "What the account is worth, a point a second, and the losses at which the engine acts by "
    "itself: lost, would be lost if every stop were hit, left.",
    "covers": "Where the stop of every open position stands, and how much of what is held nothing at the "
    "venue would close if the engine died now.",
    "exposure": "What is held, each branch over what it holds, and as if every entry order filled; then by "
    "strategy. NO DMS: the venue has no dead-man's switch, so orders stand there until they are cancelled.",
    "correlation": "How the instruments move together, not shrunk, as the limit is judged: ! above the "
    "limit, shades by strength.",
    "triggers": "Every loss and failure that changes the mode by itself, how near it is, and what ends it.",
    "breakers": "Every component that can fail: whether its breaker is closed, open or half-open, since "
    "when, why, what is degraded, and when it is trusted again.",
    "controls": "What limits a single order, and strategies that the throttle stopped, with how they go on. "
    "By hand: an order so large is asked about once more (a fat finger is a slip of the keyboard).",
    "tail": "Value at risk and expected shortfall by three methods, and what such forecasts were worth: "
    "losses beyond them against as many as were to be expected. Three chances say whether that is luck: of "
    "so many losses (Kupiec), of losses in a row (Christoffersen), of both; below .05 the forecast is "
    "refuted. Z2 (Acerbi-Szekely) compares ES with the losses beyond VaR: 0 is right, above it ES is low.",
    "stress": "What crises would take from what is held now.",
    "calibration": "Whether stated chances come true: the rule as written and the one that decides, the "
    "scores, and the diagram, where an honest forecaster lies on the diagonal.",
    "stops": "The kill latch, closed gates with their reasons, and what each level of stopping would do now.",
    "modes": "What each mode allows; the present one is marked, with who set it, why, and what ends it.",
    "changes": "Every change of the mode in this session, newest on top.",
    "log": "What happened, newest on top. & shows only what is grave enough, / only what holds a text. A "
    "cursor holds the list still; f follows again.",
    "alarms": "What is abnormal right now, gravest first, and what to do about it. A marks it as seen; it "
    "leaves by itself once it no longer holds.",
    "alerts": "Prices that people want to hear of. An alert fires once and stays until it is dropped.",
    "streams": "Every stream of the venue, how old its last message is, and from which age on it is stale. "
    "NO DMS: the venue has no dead-man's switch, so orders stand there until somebody cancels them.",
    "latency": "How long things took, as bars from fast to slow: the height is the logarithm of the count.",
    "reconciliation": "Whether what is shown is true: the passes over the account, and whatever isn't the "
    "same here and at the venue. What two passes in a row show stands and closes its own gates; a reviews "
    "what accepting it would change, r asks for a pass at once.",
    "rates": "How much happens a second, what was lost or refused, and how much of the venue's request "
    "allowance is used.",
    "processes": "The processes of this desk.",
    "console": "How this console does: frames, bytes to the terminal, age of what it shows.",
    "session": "What runs here, in which version, since when, and how much it has recorded.",
    "summary": "Position, limits and how to stop, where the screen is small.",
    "working": "The orders that work at the venue.",
    "runs": "Every back-test that was kept, newest on top; the other panes here are about the one under "
    "the cursor. x marks two of them to compare.",
    "report": "The chosen back-test in figures: beside it buying and holding, what trading cost, and what "
    "may be luck. j and k go through all of them, Enter says what one means.",
    "growth": "What the account was worth during the back-test, and how far it lay below its peak.",
    "months": "The return of each month, and the deepest falls with how long they lasted.",
    "entries": "Prices of the back-test with its entries and exits; < and > show another instrument.",
    "trades": "Every closed trade of the back-test, newest on top, after its costs.",
    "versus": "Two marked back-tests: what was made differently, and what came of it.",
    "curves": "The equity of two marked back-tests.",
    "leaders": "The trials of the newest sweep, the best on top, while it runs as well. The best of many "
    "looks good by luck: a report of it counts them all.",
}


def titled(panes: Iterable[str]) -> list[str]:
    """The titles that people see of these panes, each once."""
    return list(dict.fromkeys(TITLES.get(pane, pane) for pane in panes))
