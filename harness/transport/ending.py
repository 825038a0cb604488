"""What is raised where a file ends before what it holds does."""


class EndsEarlyError(ValueError):
    """A file ends early: what stands before its end is whole."""
