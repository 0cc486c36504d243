"""Probes: models asked again and again, as applications ask them, to notice what is no longer what was approved."""
