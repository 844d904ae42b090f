"""Heads of the portrait's own, learned from rendered people: see learn.py."""
