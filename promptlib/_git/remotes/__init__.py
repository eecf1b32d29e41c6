"""Fetching from other repositories and pushing to them."""
