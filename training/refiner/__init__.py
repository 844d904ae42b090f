"""The refiner of the rig: its samples, its losses, its runs."""
