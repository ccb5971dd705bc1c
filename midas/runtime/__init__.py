"""The asynchronous shell around the engine: it records, steps, performs effects and talks to doors."""
