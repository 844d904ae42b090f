"""One person on camera: what `live` and `serve` both run, whatever the pictures come from."""
