"""The exchange misbehaving on demand: hooks, what arms them, and where they bite."""
