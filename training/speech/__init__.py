"""Teaches the listener visemes: speech of two synthesisers, whose phoneme times are exact."""
