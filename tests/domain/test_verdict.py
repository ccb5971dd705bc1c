"""What risk says, for a person."""

from __future__ import annotations

from midas.domain.verdict import once


def test_what_several_sentences_end_with_is_said_by_the_last_of_them_alone() -> None:
    fits = "; at most 0.1 BTC fits"
    assert once([f"too large{fits}", "no price", f"too much crypto{fits}"]) == (
        "too large", "no price", f"too much crypto{fits}",
    )  # fmt: skip
    assert once([f"too large{fits}", "too much; nothing more fits"]) == (
        f"too large{fits}", "too much; nothing more fits",
    )  # fmt: skip
    assert once([]) == ()
