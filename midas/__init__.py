"""midas: an autonomous, event-driven trading engine with a terminal console on top."""

__version__ = "0.1.0"
