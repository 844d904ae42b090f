"""Synthetic heads, losses, trainers and evaluation."""
