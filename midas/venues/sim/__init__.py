"""The embedded exchange: one matcher, a market to trade on, and Binance's wire protocol in front."""
