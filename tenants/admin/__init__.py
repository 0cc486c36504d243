"""Importing this registers the admin's classes."""

from tenants.admin import allotments, keys, organizations, people

__all__ = ["allotments", "keys", "organizations", "people"]
