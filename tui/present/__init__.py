"""Snapshot to text and colours: pure functions, tested without a terminal."""
