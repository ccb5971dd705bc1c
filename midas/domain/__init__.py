"""The nouns: frozen values without I/O that every other layer speaks in."""
