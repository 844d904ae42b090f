"""File to file: a portrait and a driving clip or recording in, a clip out."""
