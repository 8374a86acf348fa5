"""The `sign` of APIv2's messages, made and checked.

https://pay.weixin.qq.com/doc/v2/merchant/4011985891
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from ...crypto import digest
from ...crypto.concealed import Concealed, reveal
from ...errors import ConfigurationError, SignatureError

SignType = Literal["MD5", "HMAC-SHA256"]


_SIGN_TYPES: dict[int, SignType] = {32: "MD5", 64: "HMAC-SHA256"}


def signed_text(fields: Mapping[str, str]) -> str:
    """The text that the `sign` of a message covers, without the key: all non-empty fields but `sign`, sorted by name.

    Different fields may give the same text, because a value may hold `&` and `=`.
    """
    return "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if value and name != "sign")


def sign(fields: Mapping[str, str], apiv2_key: str | Concealed[str], sign_type: SignType = "MD5") -> str:
    """The `sign` of a message.

    Raises:
        ConfigurationError: the key is empty; anyone could sign with it.
    """
    if not reveal(apiv2_key):
        raise ConfigurationError("apiv2_key", "it is empty", "Give the 32 characters set in the merchant portal")
    text = signed_text(fields)
    if sign_type == "MD5":
        return digest.md5(_with_key(text, apiv2_key))
    return digest.hmac_sha256(reveal(apiv2_key).encode(), _with_key(text, apiv2_key))


def _with_key(text: str, apiv2_key: str | Concealed[str]) -> bytes:
    return f"{text}&key={reveal(apiv2_key)}".removeprefix("&").encode("utf-8", "surrogatepass")


def workwx_sign(fields: Mapping[str, str], names: Iterable[str], secret: str) -> str:
    """WeCom's own signature of a red packet or a transfer; `sign` covers it like any other field.

    https://developer.work.weixin.qq.com/document/path/90281

    Args:
        fields: the parameters.
        names: those that it covers.
        secret: of WeCom's payment application (企业支付), not the APIv2 key.
    """
    pairs = [f"{name}={fields[name]}" for name in sorted(names) if fields.get(name)]
    return digest.md5("&".join([*pairs, f"secret={secret}"]).encode("utf-8", "surrogatepass"))


def certificate_message(serial: str, timestamp: str) -> bytes:
    """What `cert_sign` covers, a signature by the private key of the merchant certificate.

    https://pay.weixin.qq.com/doc/v2/merchant/4011987792

    Args:
        serial: the parameter `cert_serialno`, the merchant certificate's.
        timestamp: the parameter `timestamp`, Unix time in seconds.

    Raises:
        ConfigurationError: one of them holds something else than digits or letters.
    """
    if not (serial.isascii() and serial.isalnum() and timestamp.isascii() and timestamp.isdecimal()):
        raise ConfigurationError(
            "xml", "cert_serialno or timestamp is no number", "Leave both out: the client fills them in"
        )
    return f"cert_serialno={serial}&timestamp={timestamp}".encode("ascii")


def verify(fields: Mapping[str, str], apiv2_key: str | Concealed[str]) -> None:
    """Check the `sign` of a message. Its length says by which algorithm it was made.

    Raises:
        SignatureError: it is missing, of an unknown length, or wrong.
        ConfigurationError: the key is empty.
    """
    theirs = fields.get("sign", "")
    if not theirs:
        raise SignatureError("it is not signed: sign is missing. Don't believe it")
    sign_type = _SIGN_TYPES.get(len(theirs))
    if sign_type is None:
        raise SignatureError("its sign is neither MD5 nor HMAC-SHA256")
    if fields.get("sign_type") not in {None, "", sign_type}:
        raise SignatureError("its sign is not of the kind that sign_type names")
    if not digest.equal(sign(fields, apiv2_key, sign_type), theirs):
        raise SignatureError(
            "the sign does not fit the content: it is forged or was changed, or apiv2_key is not the merchant's"
        )
