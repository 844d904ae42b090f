"""What runs a bundle's graphs, behind one protocol."""
