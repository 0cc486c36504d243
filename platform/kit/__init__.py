"""The shared kernel: no tables, no app imported. Everything else may import it."""
