"""The trading floor: matching, orders, accounts and their rules. Pure and synchronous."""
