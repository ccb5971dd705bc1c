"""What every table of the configuration has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]  # of equity, unless the name says of what


class Section(BaseModel):
    """One table of the configuration: frozen, and an unknown key is an error."""

    # Defaults too: a 25 that stays an int is written as 25 and read as 25.0, and no session replays on it.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)
