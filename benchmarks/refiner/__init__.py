"""Is the refiner better than the rig alone? What decides whether it ships."""
