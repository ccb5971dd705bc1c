"""Workspace: where data comes from (`sources`) and where midas writes (`store`, ignored by git)."""
