"""Stylised facts: what a market must look like to be worth trading against."""
