"""Pure functions of the market: indicators, features, regime, order flow."""
