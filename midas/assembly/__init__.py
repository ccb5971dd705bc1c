"""Putting the system together: settings end here, below are plain values.

The table of environments is `access`: SIM trades on the exchange process of this machine, DEMO and LIVE
on the addresses of the configuration. Nothing below asks which one it is.
"""
