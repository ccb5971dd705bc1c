"""`make keys`: writes the table of keys, which the bindings are made of too, into the user guide."""

from __future__ import annotations

from pathlib import Path

from tui.present.keys_page import markdown

GUIDE = Path(__file__).parent.parent / "docs" / "USER_GUIDE.md"
BEGIN, END = "<!-- keys: begin -->", "<!-- keys: end -->"


def renewed(guide: str) -> str:
    """The guide with the table as it is now."""
    before, _, rest = guide.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{markdown()}{END}{after}"


if __name__ == "__main__":
    GUIDE.write_text(renewed(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
    print(GUIDE)
