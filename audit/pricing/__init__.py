"""What usage costs: pure arithmetic, the same before a call, after it, on a bill and when history is rated again.

quantities.py   what was used, in disjoint parts
schedule.py     what a deployment charges: rates by service tier and length of the input
charge.py       both together: what it cost, line by line, and what it can cost at most

It is here, below everything that spends or shows, because a price that one room computes and another repeats is two
prices.
"""
