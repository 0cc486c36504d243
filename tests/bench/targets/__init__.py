"""What can be measured, one module per target; each has `target(...) -> Target`."""
