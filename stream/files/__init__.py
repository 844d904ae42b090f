"""What is read from and written to disk: clips, their sound, motion files, places for results."""
