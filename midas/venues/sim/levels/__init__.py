"""Price levels in whole ticks and lots, and how they are written."""
