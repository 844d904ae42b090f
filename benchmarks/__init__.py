"""Latency and quality, measured; results carry machine and command."""
