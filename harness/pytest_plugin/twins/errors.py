"""What goes wrong between a test and a twin; pytest shows it in place of a traceback of ours."""


class TwinError(RuntimeError):
    """A twin does not do what a test needs."""


class TwinUsageError(TwinError):
    """A test asked a twin for what does not exist."""
