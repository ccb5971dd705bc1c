"""The leak harness: planted leaks that must be found, and everything shipped, in which none may be."""
