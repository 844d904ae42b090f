"""What can go wrong for reasons outside the program; every message ends with what to do.

A wrong call is a `ValueError` or `TypeError`. An ordinary event (no face, a late frame) is a return
value. These are for the rest: the user's files and the user's machine. The command line prints the
message alone, without a traceback.
"""


class UnderstudyError(Exception):
    """Base of all errors that a user can act on; the message says how."""


class InputError(UnderstudyError):
    """A file or setting given by the user cannot be used: no face in it, out of range."""


class OutputError(UnderstudyError):
    """The result cannot be written: it exists already, the disk is full, the folder is missing."""


class BundleError(UnderstudyError):
    """A model bundle or checkpoint is incomplete, damaged, foreign or of another version."""


class MachineError(UnderstudyError):
    """The machine lacks something that was asked for by name: a package, a device, a model file."""


class TrainingError(UnderstudyError):
    """A training cannot go on as it is: its numbers are no longer finite."""
