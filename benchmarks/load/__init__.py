"""How many people a machine carries at once."""
