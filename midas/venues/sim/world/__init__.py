"""The synthetic world: what moves the market of the embedded exchange, and the truth about it."""
