"""Deterministic simulation: the real engine on virtual time, against a model venue, a network and a disk.

One seed is one world; read `world` first. Nothing here touches a clock, a socket, a thread or a file.
"""
