"""What outlives the process: the vault, and what is written there."""
