"""APIv3: what is signed, and how an answer's signature is checked.

https://pay.weixin.qq.com/doc/v3/merchant/4012365336 (requests)
https://pay.weixin.qq.com/doc/v3/merchant/4012365349 (answers and notifications)
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

from ...crypto import asymmetric
from ...crypto.asymmetric import PublicKey
from ...errors import Cause, SignatureError, SignatureProbe
from ...http.headers import Headers
from .. import signature_types
from ..signature_types import SignatureTypes

MAX_AGE = 300
"""Seconds that a signature's timestamp may be before or after our clock."""

NONCE_HEADER = "Wechatpay-Nonce"
SERIAL_HEADER = "Wechatpay-Serial"
SIGNATURE_HEADER = "Wechatpay-Signature"
SIGNATURE_TYPE_HEADER = "Wechatpay-Signature-Type"
TIMESTAMP_HEADER = "Wechatpay-Timestamp"
STATEMENT_HEADER = "Wechatpay-Statement-Sha1"

SIGNED_HEADERS = (TIMESTAMP_HEADER, NONCE_HEADER, SERIAL_HEADER, SIGNATURE_HEADER)
_READ = (*SIGNED_HEADERS, SIGNATURE_TYPE_HEADER)
_PROBE = "WECHATPAY/SIGNTEST/"
_LONGEST_TIMESTAMP = 12
# One client may have the keys of many merchants; a diagnosis tries only the first ones.
_MOST_KEYS = 16
_SHA1 = re.compile(r"[0-9a-fA-F]{40}", re.ASCII)


def make_nonce() -> str:
    """32 random hexadecimal digits."""
    return os.urandom(16).hex().upper()


def request_message(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """The bytes that a request's signature covers: five lines, each ended by a line feed."""
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def answer_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """The bytes that the signature of an answer or a notification covers: three lines, each ended by a line feed."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def sealed_with(headers: Mapping[str, str]) -> str:
    """The algorithm that a notification's resource is encrypted with, by the signature type, which was checked."""
    return signature_types.SEALED_WITH[headers.get(SIGNATURE_TYPE_HEADER, signature_types.RSA)]


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether any of the signature headers is there. `headers` must ignore the case of names."""
    return any(name in headers for name in SIGNED_HEADERS)


class VerifyingKeys(Protocol):
    """The platform's keys that signatures are verified with."""

    def verifying_key(self, serial: str, now: float) -> PublicKey | None:
        """The key of a serial, None for an unknown one.

        Raises:
            SignatureError: it must not be used at this Unix time.
        """
        ...

    def by_name(self) -> Mapping[str, PublicKey]:
        """All keys by their names, to find out why a signature doesn't fit."""
        ...


def verify(
    headers: Mapping[str, str],
    body: bytes,
    keys: VerifyingKeys,
    now: float,
    *,
    accepted: SignatureTypes = signature_types.OF_MERCHANT,
) -> None:
    """Check the signature of an answer or a notification.

    Args:
        headers: its headers, looked up in any case.
        body: its raw bytes, or what is signed in their place.
        keys: the platform's.
        now: Unix time in seconds.
        accepted: the signature types that are believed, by the algorithm of the key; a message that names none is of
            the type of RSA.

    Raises:
        SignatureProbe: a wrong signature sent on purpose.
        SignatureError: a header is missing, the timestamp is more than 300 s away, the serial is unknown, or the
            signature or its type does not fit; with what was found out of its causes.
    """
    timestamp, nonce, serial, signature, signature_type = _signing(headers)
    if not (timestamp and nonce and serial and signature):
        missing = [name for name in SIGNED_HEADERS if not headers.get(name)]
        from ...diagnosis import answer
        from ...diagnosis import headers as of_headers

        error = SignatureError(f"it is not signed: {', '.join(missing)} missing. Don't believe it")
        raise error.because(of_headers.renamed(headers, missing), *answer.unsigned(headers, body))
    if signature_type is None:
        signature_type = accepted["RSA"]
    if signature_type not in accepted.values():
        error = SignatureError(
            f"its signature type is not {' or '.join(accepted.values())}, but {signature_type[:40]!r}"
        )
        raise error.because(_cause_of_other_type(signature_type))
    seconds = _seconds(timestamp)
    if seconds is None:
        signed = _Signed(timestamp, nonce, serial, signature, body)
        error = SignatureError(f"{TIMESTAMP_HEADER} is not a number of seconds")
        raise error.because(*signed.causes_in_headers(keys.by_name()))
    if abs(seconds - now) > MAX_AGE:
        raise _far_off(seconds - now, now, headers)
    if not (nonce.isascii() and nonce.isprintable()) or " " in nonce:
        signed = _Signed(timestamp, nonce, serial, signature, body)
        error = SignatureError(f"{NONCE_HEADER} holds blanks or control characters")
        raise error.because(*signed.causes_in_headers(keys.by_name()))
    if signature.startswith(_PROBE):
        raise SignatureProbe(
            f"its signature begins with {_PROBE}: WeChat Pay sent a wrong signature on purpose, to see that it is "
            "refused. Nothing is broken; the right one is sent again"
        )
    key = keys.verifying_key(serial, now)
    if key is None:
        signed = _Signed(timestamp, nonce, serial, signature, body)
        error = SignatureError(f"it is signed with the unknown key {serial[:64]!r}")
        raise error.because(*signed.causes_of_unknown(keys.by_name()))
    expected = accepted.get(asymmetric.algorithm_of(key))
    if signature_type != expected:
        # Each key verifies its own algorithm alone: else whoever breaks one algorithm could forge messages of both.
        raise SignatureError(f"its signature type is not {expected}, which the key {serial[:64]!r} signs")
    try:
        asymmetric.verify(key, answer_message(timestamp, nonce, body), signature)
    except SignatureError as error:
        signed = _Signed(timestamp, nonce, serial, signature, body)
        raise error.because(*signed.causes_of_misfit(key, keys.by_name())) from None


def _signing(headers: Mapping[str, str]) -> Iterable[str | None]:
    get = headers.get
    if type(headers) is dict:
        # A notification's headers, one by one: `map` takes as long as decryption here (`python -m benchmarks.webhook`).
        return (
            get(TIMESTAMP_HEADER),
            get(NONCE_HEADER),
            get(SERIAL_HEADER),
            get(SIGNATURE_HEADER),
            get(SIGNATURE_TYPE_HEADER),
        )
    return headers.several(_READ) if isinstance(headers, Headers) else map(get, _READ)


class _Signed(NamedTuple):
    """A message whose signature is wrong, to find out why."""

    timestamp: str
    nonce: str
    serial: str
    signature: str
    body: bytes

    def fits(self, key: PublicKey) -> bool:
        try:
            asymmetric.verify(key, answer_message(self.timestamp, self.nonce, self.body), self.signature)
        except (SignatureError, UnicodeEncodeError):  # aiohttp turns bytes that aren't UTF-8 into surrogates
            return False
        return True

    def causes_in_headers(self, keys: Mapping[str, PublicKey]) -> tuple[Cause, ...]:
        from ...diagnosis import headers as of_headers

        def fits(values: of_headers.Values) -> bool:
            changed = self._replace(**values._asdict())
            return any(changed.fits(key) for key in [*keys.values()][:_MOST_KEYS])

        return of_headers.altered(of_headers.Values(*self[:-1]), fits)

    def causes_of_unknown(self, keys: Mapping[str, PublicKey]) -> tuple[Cause | None, ...]:
        from ...diagnosis import signature as of_signature

        serial = self.serial[:64]
        found = self.causes_in_headers(keys) or (of_signature.other_key(serial, keys, self.fits),)
        return found if any(found) else of_signature.unknown_name(serial, tuple(keys))

    def causes_of_misfit(self, key: PublicKey, keys: Mapping[str, PublicKey]) -> tuple[Cause | None, ...]:
        from ...diagnosis import body as of_body
        from ...diagnosis import signature as of_signature

        found = self.causes_in_headers(keys)
        if not any(cause.certainty == "proven" for cause in found):
            found += of_body.causes(self.body, lambda body: self._replace(body=body).fits(key))
        if any(cause.certainty == "proven" for cause in found):
            return found
        return (*found, of_signature.other_key(self.serial, keys, self.fits), of_signature.same_name(self.serial))


def statement_body(headers: Mapping[str, str], content: bytes | None) -> bytes:
    """The text that is signed in place of an overseas statement: its SHA-1, as the header has it.

    Args:
        headers: of the answer.
        content: of the answer, to be compared with the digest; None for a stream, which is compared when it is read.

    Raises:
        SignatureError: the header is missing, or the content has another digest.
    """
    stated = headers.get(STATEMENT_HEADER, "")
    # SHA-1 is the platform's choice; the signature over the digest is RSA with SHA-256.
    if not _SHA1.fullmatch(stated) or (
        content is not None and hashlib.sha1(content, usedforsecurity=False).hexdigest() != stated.lower()
    ):
        raise SignatureError(f"the content is not the one that {STATEMENT_HEADER} names")
    return f'{{"sha1":"{stated}"}}'.encode()


def _cause_of_other_type(signature_type: str) -> Cause | None:
    """The cause where a signature's type is that of another scheme; None where it is of no scheme."""
    from ...diagnosis import signature as of_signature

    if signature_type not in signature_types.SEALED_WITH:
        return None
    return of_signature.for_another("brand" if signature_type == signature_types.BRAND else "merchant")


def _far_off(ahead: float, now: float, headers: Mapping[str, str]) -> SignatureError:
    from ...diagnosis import signature as of_signature
    from ...http.dates import unix_time

    direction = "ahead of" if ahead > 0 else "behind"
    error = SignatureError(
        f"its timestamp is {abs(ahead):.0f} s {direction} this machine's clock, more than {MAX_AGE} s"
    )
    date = unix_time(headers.get("Date", ""))
    return error.because(of_signature.clock(ahead, None if date is None else date - now))


# Answers of one second have the same timestamp.
@lru_cache(maxsize=8)
def _seconds(timestamp: str) -> int | None:
    is_number = timestamp.isdecimal() and timestamp.isascii() and len(timestamp) <= _LONGEST_TIMESTAMP
    return int(timestamp) if is_number else None
