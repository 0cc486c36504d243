"""What the last 30 days cost, and where less would do: what the second part of the operations page tells.

used.py      the sums that all of it is worked out from
mix.py       which models do how much of the work
cache.py     what the providers' prompt caches saved
gpu.py       what each team had of the GPUs of one's own
idle.py      keys that nobody calls with
cheaper.py   models that would have cost less

Figures of money that nobody paid (saved, cheaper) are worked out at the prices in force now, with `audit.pricing`.
"""
