"""What grows while people come and go."""
