"""Faces that no tracker was made for, drawn here: how they are doubted, put right, and moved."""
