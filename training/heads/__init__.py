"""Synthetic heads: rendered people, every factor known, with the flow between two renders."""
