"""Pure functions of returns, trades and forecasts: performance, luck, sizing, tail risk, KPIs."""
