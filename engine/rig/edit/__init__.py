"""A film's face with another expression: read against its rest, planned, retouched."""
