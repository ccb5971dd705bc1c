"""How the venue writes things down: JSON of orders, markets and tickers."""
