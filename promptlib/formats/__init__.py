"""Bringing prompts in from elsewhere, and taking them there."""
