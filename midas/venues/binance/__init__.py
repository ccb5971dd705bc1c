"""Binance Spot: market data, orders, account."""
