"""What a report says: which figures, in which order, in which words. Pages only set it.

Every term stands beside plain words, so that a trader needs no glossary.
"""

from __future__ import annotations

from typing import NamedTuple

from midas.domain.time import DAY
from midas.reports import endings, words
from midas.reports.sheet import NO_REGIME, Benchmark, Costs, Fall, Growth, Measure, Sheet
from midas.statistics.conventions import LEAST_HIT_RATE
from midas.statistics.targets import ASPIRATION, ASPIRATION_TEXT

SURE = 0.95
YEAR_TOLD = 0.5  # years of record: a shorter one is told in days
LATE = 0.05  # of the run: who could act no sooner is compared from then on, too
DATA_SHORT = 150  # letters about the data of several instruments: two rows of a first page
REASONS = 3  # of each kind of signal, the most frequent
OUTCOMES = {
    "acted": "an order went out",
    "held": "nothing to do",
    "muted": "it may open nothing in such a market",
    "refused": "a limit said no",
    "frozen": "it is being stopped",
}
YEARS_MAX = 50.0  # of record that a figure asks: beyond it the number says nothing


class Row(NamedTuple):
    """One line: a name, its values (this run, and the benchmark where it has one), and what to know."""

    name: str
    values: tuple[str, ...]
    note: str = ""
    meaning: str = ""  # plain words, where there is room for them
    tone: str = ""  # "good", "bad" or neither: of the first value


class Block(NamedTuple):
    """Lines that belong together; `heads` names the columns of values."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]


def heading(sheet: Sheet) -> str:
    """`trend-following on BTC-USDT`."""
    names = sheet.instruments
    some = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"{sheet.strategy} on {some}"


def setting(sheet: Sheet) -> str:
    """Of what it was made: dates, candles, parameters."""
    candles = words.period(min((source.period for source in sheet.data), default=0))
    span = f"{words.minute(sheet.begins)} to {words.minute(sheet.ends)} UTC"
    if sheet.ends - sheet.begins >= 3 * DAY:
        span = f"{words.day(sheet.begins)} to {words.day(sheet.ends - 1)}"
    ticks = bool(sheet.assumptions.get("of_ticks"))
    events = (
        words.counted(sheet.bars, "tick") if ticks else f"{words.counted(sheet.bars, 'bar')} of {candles}"
    )
    return f"{span}, {events}, {_parameters(sheet)}"


def verdict(sheet: Sheet) -> str:
    """One sentence or two: against doing nothing but buying, and against luck."""
    said = [f"It {_made(sheet.growth.total.value)}{_against(sheet)}."]
    it = sheet.evidence
    chance = it.deflated if it.deflated is not None else it.positive
    if not sheet.trading.closed and not sheet.trading.open:
        said = [_idle(sheet)]
    elif chance is None:
        said.append("The record is too short to tell skill from luck.")
    elif chance >= SURE:
        said.append(f"Luck is an unlikely reason ({words.chance(1.0 - chance)}).")
    elif (sheet.growth.total.value or 0.0) > 0.0:
        said.append("Luck can't be ruled out as the reason.")
    if (sheet.growth.cagr.value or 0.0) >= ASPIRATION:
        said.append(ASPIRATION_TEXT)
    return " ".join(said)


def first_page(sheet: Sheet) -> list[Block]:
    """Result beside the benchmark, what trading cost, and how much of it may be luck."""
    return [_result(sheet), _trades_and_costs(sheet), _luck(sheet)]


def further(sheet: Sheet) -> list[Block]:
    """Every other figure."""
    return [_returns(sheet), _trades(sheet)]


def _result(sheet: Sheet) -> Block:
    own, other, it = sheet.growth, sheet.benchmark, sheet.evidence
    rows = (
        Row("made", _pair(own.total, other, "total", words.percent),
            f"{_short(sheet.cash)} became {_short(sheet.equity)} {sheet.currency}",
            "after costs, at the last close", _tone(own.total)),
        Row("a year (CAGR)", _pair(own.cagr, other, "cagr", words.percent),
            _sure(words.between(it.cagr, 1, parts=True)) or words.why(own.cagr),
            "growth a year; 95 %: where the truth is", _tone(own.cagr)),
        Row("worst fall (drawdown)",
            (words.percent(sheet.worst), words.percent(other.worst) if other else words.ABSENT),
            _under_water(sheet), "from a peak to the lowest close later"),
        Row("Sharpe ratio", _pair(own.sharpe, other, "sharpe", words.number),
            _sure(words.between(it.sharpe)) or words.why(own.sharpe, 30),
            "return for the swing taken: 1 is good", _tone(own.sharpe)),
        Row("in the market", (words.share(sheet.exposed, 1), "100.0%" if other else words.ABSENT),
            "of the bars", "share of the bars with a position"),
    )  # fmt: skip
    return Block("result", ("strategy", "buy & hold"), (rows[0], *_since(sheet), *rows[1:]))


def _since(sheet: Sheet) -> tuple[Row, ...]:
    """The same from the day on which it could first act, where that was late."""
    ready, span = sheet.ready, sheet.ends - sheet.begins
    if ready is None or not ready.at or ready.at - sheet.begins < LATE * span:
        return ()
    return (Row(
        f"since {words.moment(ready.at, span)}", (words.percent(ready.own), words.percent(ready.held)),
        f"before: {ready.reason}", "when it could first open a position",
    ),)  # fmt: skip


def _trades_and_costs(sheet: Sheet) -> Block:
    it, costs = sheet.trading, sheet.costs
    lost = it.closed - it.won - it.even
    even = f", {it.even:,} even" if it.even else ""
    still = f", {it.open} still open" if it.open else ""
    gaps = f", {words.counted(it.after_gaps, 'fill')} after holes" if it.after_gaps else ""
    ended = endings.told(it.ended)
    parts = (("fees", costs.fees), ("spread", costs.spread), ("impact", costs.impact))
    paid = [f"{name} {_short(amount)}" for name, amount in parts]
    paid += [f"funding {_short(costs.funding)}"] if costs.funding else []
    return Block("trades and costs", (), (
        Row("closed trades", (f"{it.closed:,}",), f"{it.won:,} won, {lost:,} lost{even}{still}{gaps}",
            "a trade is from flat to flat"),
        *([Row("", (), f"ended by: {ended}")] if ended else []),
        Row("profit factor", (words.factor(it.profit_factor),), words.why(it.profit_factor, LEAST_HIT_RATE),
            "what winners made over what losers lost: above 1.3 is the goal"),
        Row("paid in costs", (words.money(costs.total),), ", ".join(paid),
            f"{sheet.currency}, inside of every figure here"),
    ))  # fmt: skip


def _traded(sheet: Sheet) -> Row:
    costs, without = sheet.costs, sheet.growth.total.value
    if without is not None and sheet.cash:
        without += costs.total / sheet.cash
    bps = f"{costs.total / costs.traded * 1e4:.1f} bps of it paid; " if costs.traded else ""
    return Row("bought and sold", (_short(costs.traded),), f"{bps}without costs: {words.percent(without)}",
               f"{sheet.currency}; the result with what was paid added back")  # fmt: skip


def _luck(sheet: Sheet) -> Block:
    it, twin = sheet.evidence, sheet.twin
    trials = f"{words.counted(it.trials, 'trial')} on these data counted"
    if it.positive is not None and it.deflated is None:
        trials = words.too_few(it.trials)
    rows = [
        Row("skill above 0 (PSR)", (words.chance(it.positive),),
            _record(sheet) if it.positive is not None else words.why(sheet.growth.sharpe, 30),
            "chance that the edge is real: probabilistic Sharpe ratio", _surely(it.positive)),
        Row("after all trials (DSR)", (words.chance(it.deflated),),
            trials, "deflated Sharpe ratio: the best of many tries looks good by luck", _surely(it.deflated)),
    ]  # fmt: skip
    if it.overfitting is not None:
        rows.append(Row("overfitted (PBO)", (words.chance(it.overfitting),),
                        "chance that the choice was luck",
                        "probability of back-test overfitting over the sweep"))  # fmt: skip
    if twin is not None:
        rows.append(Row("random entries", (words.percent(twin.median),),
                        f"beaten: {words.share(twin.beaten)} of {twin.runs:,} such runs",
                        f"as many trades begun at random made {words.percent(twin.low)} to "
                        f"{words.percent(twin.high)}", _surely(twin.beaten)))  # fmt: skip
    return Block("skill or luck", (), tuple(rows))


def _returns(sheet: Sheet) -> Block:
    own, other, it = sheet.growth, sheet.benchmark, sheet.evidence
    rows = [
        Row("swing (volatility)", _pair(own.volatility, other, "volatility", words.share),
            words.why(own.volatility), "how far a year's return swings around its mean"),
        Row("Sortino ratio", _pair(own.sortino, other, "sortino", words.number), words.why(own.sortino, 30),
            "return for the falls taken"),
        Row("Calmar ratio", _pair(own.calmar, other, "calmar", words.number), words.why(own.calmar),
            "growth a year over the worst fall, of three years"),
        Row("recovery factor", _pair(own.recovery_factor, other, "recovery_factor", words.number),
            words.why(own.recovery_factor, 20), "everything made over the worst fall"),
        Row("ulcer index", _pair(own.ulcer, other, "ulcer", lambda v: words.share(v, 1)),
            words.why(own.ulcer, 20), "how deep and long it was below its peaks"),
        Row("days won", _pair(own.win_rate, other, "win_rate", words.share), words.why(own.win_rate, 30),
            "of the days on which something changed"),
        Row("profit factor, days", _pair(own.profit_factor, other, "profit_factor", words.number),
            words.why(own.profit_factor, 30), "of days, not of trades"),
        Row("skewness", _pair(own.skewness, other, "skewness", words.number), words.why(own.skewness, 60),
            "below 0: bad days are larger than good ones"),
        Row("kurtosis", _pair(own.kurtosis, other, "kurtosis", words.number), words.why(own.kurtosis, 60),
            "3 is normal; more: rare days decide"),
    ]  # fmt: skip
    if it.dependent.value is not None and it.dependent.value < 0.05:
        rows.insert(0, Row("Sharpe, adjusted", (words.number(it.adjusted.value), words.ABSENT),
                           f"days hang together (p {it.dependent.value:.2g})",
                           "annualised by Lo's factor"))  # fmt: skip
    if other is not None:
        rows.append(Row("beta", (words.number(other.beta.value), "1.00"), words.why(other.beta, 40),
                        "how far it moves when the benchmark moves by 1"))  # fmt: skip
        rows.append(Row("correlation", (words.number(other.correlation.value), "1.00"),
                        words.why(other.correlation, 40),
                        "how closely it moves with the benchmark"))  # fmt: skip
    rows.append(Row("Sharpe above goal", (words.chance(it.goal),), f"the goal is {it.goal_sharpe:g}",
                    "chance that the true ratio passes it"))  # fmt: skip
    return Block("more about returns", ("strategy", "buy & hold"), tuple(rows))


def _trades(sheet: Sheet) -> Block:
    it, evidence = sheet.trading, sheet.evidence
    rows = (
        Row("won", (words.share(it.win_rate.value),),
            _sure(words.between(evidence.win_rate, 0, parts=True)) or words.why(it.win_rate, LEAST_HIT_RATE),
            "share of the closed trades"),
        Row("mean trade", (words.signed(it.expectancy.value),),
            words.why(it.expectancy, 20) or sheet.currency, "after its costs", _tone(it.expectancy)),
        Row("win over loss (payoff)", (words.number(it.payoff.value),), words.why(it.payoff, LEAST_HIT_RATE),
            "the mean win over the mean loss"),
        Row("system quality (SQN)", (words.number(it.quality.value),), words.why(it.quality, LEAST_HIT_RATE),
            "how steadily trades win: above 2 is good"),
        Row("best, worst trade", (words.signed(it.best), words.signed(it.worst)), sheet.currency),
        Row("longest row", (f"{it.wins_in_row} won", f"{it.losses_in_row} lost"), "one after the other"),
        Row("held, median", (words.length(it.held_median) if it.closed else words.ABSENT,), "",
            "half of the trades were shorter"),
        Row("fills", (f"{it.fills:,}",), f"{it.makers:,} of them rested (maker)"),
        _traded(sheet),
    )  # fmt: skip
    return Block("more about trades", (), rows + _foretold(sheet.costs))


def _foretold(costs: Costs) -> tuple[Row, ...]:
    """What the cost model expected of the fills that took, against what they paid."""
    if not costs.compared:
        return ()
    values = (f"{costs.expected_bps:.2f}", f"{costs.realised_bps:.2f}")
    return (Row("expected, paid (bps)", values, f"beyond the price, {words.counted(costs.compared, 'fill')}",
                "fills that took: spread and impact by the cost model, and in fact"),)  # fmt: skip


def assumed(sheet: Sheet) -> list[str]:
    """What the run took for granted, in short sentences."""
    given = sheet.assumptions
    if not given:
        return []
    maker, taker = _fees(sheet)
    impact = (
        f"our own orders move the price (square-root law{_times(sheet)})"
        if given.get("impact")
        else "no impact"
    )
    latency = float(given.get("order_latency", 0)) / 1e6
    late = f"; the market is heard of {_late(sheet)} late" if _late(sheet) else ""
    away = f"orders and answers take {latency:g} ms each way{late}"
    paid = f"fees {maker:g} bps resting, {taker:g} bps taking{_funding(sheet)}"
    if given.get("of_ticks"):
        return [
            f"{paid}; quotes, prints and books as they were recorded",
            f"{away}; our place in a queue: {given.get('queue')}",
        ]
    return [
        f"{paid}; spread {given.get('spread_bps', 0.0):g} bps; {impact}",
        f"{away}; at most {float(given.get('volume_share', 0)):.0%} of a bar's volume is ours",
        "an order that takes trades at the next opening, one that rests once the price has gone through it",
        f"buy & hold puts {'equal parts of all' if len(sheet.data) > 1 else 'all'} the money in at the first "
        "close, pays fee and spread of taking once, no impact, and keeps it",
    ]  # fmt: skip


def assumed_short(sheet: Sheet) -> str:
    """The same in one line, for a first page."""
    given = sheet.assumptions
    if not given:
        return ""
    maker, taker = _fees(sheet)
    latency = float(given.get("order_latency", 0)) / 1e6
    away = f"{latency:g} ms away" + (f", heard {_late(sheet)} late" if _late(sheet) else "")
    paid = f"assumed: fees {maker:g} / {taker:g} bps{_funding(sheet)}"
    if given.get("of_ticks"):
        return f"{paid}, recorded quotes, {away}, queue {given.get('queue')}"
    impact = f"impact{_times(sheet)}" if given.get("impact") else "no impact"
    return (
        f"{paid}, spread {given.get('spread_bps', 0.0):g} bps, {impact}, {away}, "
        f"{float(given.get('volume_share', 0)):.0%} of volume"
    )


def _fees(sheet: Sheet) -> tuple[float, float]:
    """Maker's and taker's, basis points."""
    fees = (sheet.assumptions.get("costs") or {}).get("fees") or {}
    return float(fees.get("maker", 0.0)) * 1e4, float(fees.get("taker", 0.0)) * 1e4


def _late(sheet: Sheet) -> str:
    """How long after it happened the market is heard of; empty where at once."""
    feed = float(sheet.assumptions.get("feed_latency", 0)) / 1e6
    return f"{feed:g} ms" if feed else ""


def _times(sheet: Sheet) -> str:
    """How much larger than the law, where it is."""
    scale = float((sheet.assumptions.get("costs") or {}).get("impact", 1.0))
    return "" if scale == 1.0 else f" x{scale:g}"


def _funding(sheet: Sheet) -> str:
    rate = float(sheet.assumptions.get("funding", 0.0))
    every = float(sheet.assumptions.get("funding_every", 0.0))
    return f", funding {rate * 1e4:g} bps every {words.length(every)}" if rate else ""


def _parameters(sheet: Sheet) -> str:
    given = ", ".join(f"{name} {value}" for name, value in sheet.parameters.items())
    return given or "no parameter set"


def _made(total: float | None) -> str:
    if total is None:
        return "made nothing that can be told"
    return f"made {words.percent(total)}" if total >= 0.0 else f"lost {words.share(-total, 1)}"


def _against(sheet: Sheet) -> str:
    other, own = sheet.benchmark, sheet.growth.total.value
    if other is None or own is None or other.growth.total.value is None:
        return ""
    held = other.growth.total.value
    beside = f" while buying and holding {_made(held)}"
    if own <= held and sheet.worst > 0.5 * other.worst:
        return (
            f"{beside}; its worst fall was {words.percent(sheet.worst)} against {words.percent(other.worst)}"
        )
    return beside


def _pair(own: Measure, other: Benchmark | None, name: str, text: object) -> tuple[str, str]:
    assert callable(text)
    beside: Growth | None = other.growth if other is not None else None
    return text(own.value), text(getattr(beside, name).value) if beside is not None else words.ABSENT


def _record(sheet: Sheet) -> str:
    """How much longer a record luck would have to be ruled out with."""
    it = sheet.evidence
    if it.years_needed is None:
        record = f"{it.years:.1f} years" if it.years >= YEAR_TOLD else words.length(it.years * 365 * DAY)
        return f"no edge seen in {record}"
    takes = f"{it.years_needed:.1f} years" if it.years_needed < YEARS_MAX else f"over {YEARS_MAX:.0f} years"
    return f"95 % would take {takes}, it has {it.years:.1f}"


def data_short(sheet: Sheet) -> str:
    """What is in the data that one should know: of several instruments what all have in common once."""
    remarks = [source.remark for source in sheet.data if source.remark]
    if len(remarks) <= 1:
        return "".join(remarks)
    said = {name.removeprefix("data "): items.split(", ") for name, _, items in
            (remark.partition(": ") for remark in remarks)}  # fmt: skip
    common = [each for each in next(iter(said.values())) if all(each in items for items in said.values())]
    own = {name: [each for each in items if each not in common] for name, items in said.items()}
    parts = [f"{name} {', '.join(items)}" for name, items in own.items() if items]
    parts += [f"all {', '.join(common)}"] if common else []
    text = f"data: {'; '.join(parts)}"
    if len(text) <= DATA_SHORT:
        return text
    return f"data: the end of the whole report has remarks on {len(remarks)} instruments"


def readiness(sheet: Sheet) -> str:
    """From when on it could act, and why not before; empty where that was at once."""
    ready = sheet.ready
    if ready is None or not ready.bars:
        return ""
    needed = f"; the windows of its rules need {ready.needed:,} bars, then one rule has to hold"
    why = f"{ready.reason}{needed if ready.needed else ''}"
    if not ready.at:
        return f"It could never act: {why}."
    when = words.moment(ready.at, sheet.ends - sheet.begins)
    return f"It could act from {when} on, after {words.counted(ready.bars, 'bar')}: until then {why}."


def signals(sheet: Sheet) -> list[str]:
    """What became of them, and what each of these words means."""
    if not sheet.signals:
        return []
    total = words.counted(sum(sheet.signals.values()), "signal")
    said = [f"{total}, made whenever what it wants changes: {_outcomes(sheet)}"]
    for outcome in sorted(sheet.signals):
        reasons = [f"{reason} ({count:,})" for reason, count in sheet.why.get(outcome, {}).items()]
        because = f": {', '.join(reasons[:REASONS])}" if reasons else ""
        said.append(f"{outcome} - {OUTCOMES.get(outcome, 'not acted on')}{because}")
    return said


def refusals(sheet: Sheet) -> str:
    """Which limits said no, how often; empty where none did."""
    refused = [f"{limit} {count:,}" for limit, count in sorted(sheet.refusals.items())]
    return f"refused by the limits of [risk]: {', '.join(refused)}" if refused else ""


def _outcomes(sheet: Sheet) -> str:
    return ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(sheet.signals.items()))


def _idle(sheet: Sheet) -> str:
    """Why nothing was traded, as far as signals and limits tell."""
    if not sheet.signals:
        ready = sheet.ready
        if ready is not None and ready.reason == NO_REGIME:
            return (
                f"It never traded: the regime stayed unknown for all {words.counted(ready.bars, 'bar')}, "
                "since the windows of its rules need more, and the strategy waits for it."
            )
        return "It never traded: the strategy made no signal."
    if sheet.refusals:
        limit = max(sheet.refusals, key=lambda name: sheet.refusals[name])
        because = (
            f"; the limit `{limit}` refused {sheet.refusals[limit]:,} times: a smaller `weight` in "
            f"[strategies.{sheet.strategy}], or --units, asks for less"
        )
    else:
        most = max(sheet.signals, key=lambda outcome: sheet.signals[outcome])
        because = f": {next(iter(sheet.why[most]))}" if sheet.why.get(most) else ""
    return f"It never traded: of its signals {_outcomes(sheet)}{because}."


def _short(amount: float) -> str:
    """`3.67`, `12,346`."""
    return words.number(amount, 2 if abs(amount) < 1_000 else 0)


def _sure(interval: str) -> str:
    return f"95 %: {interval}" if interval else ""


def _under_water(sheet: Sheet) -> str:
    if not sheet.falls:
        return "it never fell"
    longest = max(sheet.falls, key=lambda fall: _lasted(fall, sheet.ends))
    still = "" if longest.recovered_at else " so far"
    lasted = words.length(_lasted(longest, sheet.ends))
    return f"below peak {lasted}{still or ' at most'}"


def _lasted(fall: Fall, ends: int) -> int:
    return (fall.recovered_at or ends) - fall.peak_at


def _tone(measure: Measure) -> str:
    return "" if measure.value is None or measure.value == 0.0 else "good" if measure.value > 0.0 else "bad"


def _surely(chance: float | None) -> str:
    return "good" if chance is not None and chance >= SURE else ""
