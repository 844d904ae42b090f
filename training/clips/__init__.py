"""Training data for strategies that learn from pairs: filmed clips, rendered heads, and mixes."""
