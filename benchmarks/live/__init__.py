"""The real server in a process of its own, and people who come to it from another."""
