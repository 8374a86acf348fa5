"""The brand's scheme: what is signed, what is believed, and how."""

from .signature import SCHEME, Authorization, verify

__all__ = ["SCHEME", "Authorization", "verify"]
