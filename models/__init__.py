"""Workspace: one file, one model that learns."""
