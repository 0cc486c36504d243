"""A whole installation, broken under traffic in every way its operator could meet, and then asked for its books.

`python -m tests.chaos [--seed N] [--faults N]`; what it does and how to read it is in `docs/guides/faults.md`.
"""
