"""From an approved target to orders: prices, patience, slices."""
