"""The benchmark: our gateway beside a bare relay and the peers that are installed, all in one run on one machine.

    python -m tests.bench               the table, the bars and a JSON file of everything measured
    python -m tests.bench.peers install LiteLLM's proxy and Portkey's gateway, each in an environment of its own

docs/guides/benchmark.md says what is measured, how, and what the figures do not show.
"""
