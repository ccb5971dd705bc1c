"""Workspace: one file, one strategy."""
