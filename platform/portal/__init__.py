"""The composition root: it imports every app, nobody imports it."""
