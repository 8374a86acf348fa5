"""APIv3 in SM mode, for merchants whose key is of SM2: the same text is signed, under another word.

How answers and notifications are verified, `wire.v3.verify` knows for both kinds of keys.
"""

from .signature import SCHEME, Authorization

__all__ = ["SCHEME", "Authorization"]
