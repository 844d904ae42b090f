"""What the driver does: a face read, compared with its neutral, the head's movement checked."""
