"""How often panes pull and how many colours they have, by what the line to the terminal carries."""

from __future__ import annotations

from typing import NamedTuple

CALM_S = 60  # without a dropped frame, before an automatic choice rises again
DROPS_MAX = 2  # frames in one second that the terminal may miss: it was busy, it isn't slow


class Profile(NamedTuple):
    """What one kind of line is given."""

    name: str
    quick: int  # pulls a second of panes that pull more often than the others (the book); 0: it stands still
    common: int  # pulls a second of the others, at most
    hz: float  # pictures a second from the engine
    deep: bool = True  # all colours; else 256

    def rate(self, own: int, common: int) -> int:
        """Pulls a second of a pane whose own rate is `own`."""
        return min(own, self.quick if own > common else self.common)


LAN = Profile("lan", quick=8, common=4, hz=8.0)
SLOW = Profile("slow", quick=2, common=1, hz=2.0, deep=False)
PROFILES = {profile.name: profile for profile in (LAN, SLOW)}
CHOICES = ("lan", "slow", "auto")


def unwatched(profile: Profile) -> Profile:
    """While another window has the keyboard: once a second, and over a slow line the banner alone."""
    still = not profile.deep
    return profile._replace(quick=0 if still else 1, common=0 if still else 1, hz=2.0)


class Automatic:
    """Lowers the profile when frames are dropped, and raises it after a calm minute."""

    def __init__(self) -> None:
        self.profile = LAN
        self._dropped = 0
        self._calm = 0

    def second(self, dropped: int) -> bool:
        """One more second, `dropped` frames since the start; whether the profile changed."""
        fresh, self._dropped = dropped - self._dropped, dropped
        self._calm = 0 if fresh else self._calm + 1
        if self.profile is LAN and fresh > DROPS_MAX:
            self.profile = SLOW
            return True
        if self.profile is SLOW and self._calm >= CALM_S:
            self.profile = LAN
            return True
        return False
