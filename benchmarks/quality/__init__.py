"""Quality of what a model draws, by the papers' measures and by those that they could not take."""
