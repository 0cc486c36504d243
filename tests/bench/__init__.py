"""The benchmark: our gateway beside a bare relay and the peers that are installed, all in one run on one machine.

    python -m tests.bench               the table, the bars and a JSON file of everything measured
    python -m tests.bench.propagation   how soon every worker stops serving what was suspended or revoked
    python -m tests.bench.peers         installs LiteLLM's proxy and Portkey's gateway, each in its own environment

docs/guides/benchmark.md says what is measured, how, and what the figures do not show.
"""

import sys
from pathlib import Path

# `platform/` is a source root, so it joins the path here, as it does in `manage.py`.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "platform"))
