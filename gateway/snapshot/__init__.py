"""What this worker decides by: frozen entries in memory, and the keeper that holds them up to date."""
