"""Limits, exposure and breakers: what may not happen, whatever a strategy wants."""
