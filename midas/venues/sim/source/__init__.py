"""Where a market comes from: recordings, candles, or the synthetic world."""
