"""How much to hold: sizing, allocation, attribution."""
