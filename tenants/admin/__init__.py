"""Importing this registers the admin's classes."""

from tenants.admin import allotments, identity_providers, keys, organizations, people

__all__ = ["allotments", "identity_providers", "keys", "organizations", "people"]
