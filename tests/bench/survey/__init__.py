"""A closer look at our gateway alone: every path, from one connection to 256, streams, workers.

python -m tests.bench.survey [--quick] [--only PART …]
"""
