"""The error of an engine that can't compute, for lack of memory for instance."""


class EngineError(Exception):
    """A function of an engine failed."""
