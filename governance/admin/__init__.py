"""Importing this registers the admin's classes."""

from governance.admin import approvals, deployments, models, prices, providers, reviews, routes, systems, use_cases

__all__ = ["approvals", "deployments", "models", "prices", "providers", "reviews", "routes", "systems", "use_cases"]
