"""Sound in, a mouth's movement out: NumPy only, a few milliseconds of sound at a time."""
