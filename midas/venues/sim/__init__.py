"""The embedded exchange: one matcher, a market to trade on, Binance's wire protocol in front.

`server.serve` runs it as a process. Back-test and paper trading use the same `exchange.Exchange`
and `desk.Desk` in process: they feed it market events, place orders and listen.
"""
