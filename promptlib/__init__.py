"""Prompts as immutable, typed, versioned values."""
