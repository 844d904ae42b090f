"""CUDA kernels, each with a slow twin that a person can read."""
