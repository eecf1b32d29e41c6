"""Bringing prompts in from elsewhere."""
