"""The cast, thin: who speaks when, each over the pure functions of its own layer."""
