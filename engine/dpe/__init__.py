"""The DPE family: portraits driven by a driving picture's expression code and pose code."""
