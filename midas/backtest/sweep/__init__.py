"""Sweeps: one strategy on the same candles with many parameters, each trial kept and counted."""
