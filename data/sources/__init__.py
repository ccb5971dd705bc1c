"""Workspace: one file, one source of history, news or fundamentals."""
