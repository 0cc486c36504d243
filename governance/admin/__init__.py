"""Importing this registers the admin's classes."""

from governance.admin import approvals, deployments, models, providers, routes

__all__ = ["approvals", "deployments", "models", "providers", "routes"]
