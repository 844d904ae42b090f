"""The refusals of a server that has no room: for the moment, or until somebody leaves."""

from engine.errors import UnderstudyError


class BusyError(UnderstudyError):
    """There is no room at this moment; trying again soon will do."""

    retry_after_s = 2


class FullError(BusyError):
    """There is no room for one more until somebody leaves."""

    retry_after_s = 10
