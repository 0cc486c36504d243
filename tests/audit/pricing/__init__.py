"""Prices: what usage costs."""
