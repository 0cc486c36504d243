"""Statements of months: closing them, and the documents that are made of them."""
