"""A film's edit: the expression of a face in a clip changes, and nothing else."""
