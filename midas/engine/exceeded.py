"""Which limits are exceeded by what is held or still ordered, each by its name, and what is done about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from midas.agents.flattening import sellable
from midas.agents.risk_manager import RiskManager
from midas.risk.exposure import standing
from midas.risk.oversize import Bound, Sale, bounds, sales
from midas.risk.rows import brief
from midas.state.state import State
from midas.state.views.risk import LimitView

FLOWS = ("rate", "day trades")  # a rate is over again in seconds, and nothing is held because of it
GROUPED = ("position", "sector", "strategy", "venue", "crypto", "share", "etf", "forex", "bond", "commodity")


def exceeded(rows: Iterable[LimitView], risk: RiskManager, state: State) -> tuple[str, str]:
    """(every limit that is exceeded and how far, what is done about it); both empty where none is.

    A loss budget isn't among them: it acts by itself.
    """
    over = [r for r in rows if r.over > 0.0 and r.action != "flatten" and r.name not in FLOWS]
    if not over:
        return "", ""
    return "; ".join(_told(over, risk, state)), _done(risk, state)


def _told(over: list[LimitView], risk: RiskManager, state: State) -> Iterator[str]:
    """A gauge is that of the largest of its kind; here each of them is named."""
    now = standing(state, risk.limits.assets)
    yield from (_bound(bound) for bound in bounds(risk.limits, now, 1.0))
    for row in over:
        if row.name in GROUPED:
            continue
        whose = f" ({row.detail})" if row.detail and not row.floor else ""
        least = "at least" if row.floor else "at most"
        by = f"{_share(row.over)} {'short' if row.floor else 'over'}"
        yield f"{row.title}{whose} {_share(row.value)}, {least} {_share(row.maximum)}: {by}"


def _bound(bound: Bound) -> str:
    by = _share(bound.share - bound.maximum)
    return f"{bound.subject} {_share(bound.share)}, at most {_share(bound.maximum)}: {by} over"


def _done(risk: RiskManager, state: State) -> str:
    """What `Downsizer` does: past a margin it sells strategies' parts, and never a person's."""
    control = state.control
    if control.permissions.flattens:
        return "the kill closes all that is held, and nothing more is opened"
    if control.latched:
        return "nothing is sold for it until the kill latch is released, and nothing more is opened"
    if state.closing:
        return "nothing is sold for it any more: the session is closing"
    margin = f"{risk.limits.forced_sale_over * 100:.4g}%"
    sold = [
        f"{s.strategy} {state.instruments[s.instrument].name}"
        for s in sales(risk.limits, state)
        if _sells(s, state)
    ]
    if sold:
        return (
            f"nothing more is opened; what is more than {margin} past its limit is sold down to it "
            f"({', '.join(sold)}), yours never"
        )
    return (
        f"nothing is sold for it (strategies' parts only from {margin} past a limit on, yours never), "
        "and nothing more is opened; exits go on"
    )


def _sells(sale: Sale, state: State) -> bool:
    """Whether it may leave now, and the venue would take what is too much; dust stays."""
    if state.control.holds_back(*state.scopes(sale.strategy, sale.instrument)):
        return False
    sleeve = state.ledger.sleeve(sale.strategy, sale.instrument)
    return bool(sellable(state, sleeve, sleeve.quantity - sale.quantity))


def _share(share: float) -> str:
    percent = share * 100
    return f"{percent:.1f}%" if percent >= 0.1 or not percent else f"{brief(percent)}%"
