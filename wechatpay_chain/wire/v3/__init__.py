"""APIv3: what a signature covers, and how the signatures of answers and notifications are verified."""

from .signature import (
    MAX_AGE,
    NONCE_HEADER,
    SERIAL_HEADER,
    SIGNATURE_HEADER,
    SIGNATURE_TYPE_HEADER,
    SIGNED_HEADERS,
    STATEMENT_HEADER,
    TIMESTAMP_HEADER,
    answer_message,
    is_signed,
    make_nonce,
    request_message,
    sealed_with,
    statement_body,
    verify,
)

__all__ = [
    "MAX_AGE",
    "NONCE_HEADER",
    "SERIAL_HEADER",
    "SIGNATURE_HEADER",
    "SIGNATURE_TYPE_HEADER",
    "SIGNED_HEADERS",
    "STATEMENT_HEADER",
    "TIMESTAMP_HEADER",
    "answer_message",
    "is_signed",
    "make_nonce",
    "request_message",
    "sealed_with",
    "statement_body",
    "verify",
]
