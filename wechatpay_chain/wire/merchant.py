"""The `Authorization` header of a merchant, by the kind of his key."""

from __future__ import annotations

from ..crypto.asymmetric import Algorithm
from . import v3


def header_of(algorithm: Algorithm) -> type[v3.Authorization]:
    """What writes and reads it. That of SM2 is loaded by who needs it."""
    if algorithm == "RSA":
        return v3.Authorization
    from . import sm

    return sm.Authorization
