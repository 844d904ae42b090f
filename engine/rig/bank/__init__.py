"""A portrait's own mouths, lids and brows of other frames, pasted where a motion asks for them."""
