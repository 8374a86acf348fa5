"""What an engine raises when it can't compute at all, for want of memory for instance."""


class EngineError(Exception):
    """A function of an engine failed."""
