"""`req_info`, the part of a refund notice that is encrypted with the APIv2 key.

https://pay.weixin.qq.com/doc/v2/merchant/4011940955
"""

from __future__ import annotations

from ...crypto import ecb
from ...crypto.concealed import Concealed
from ...errors import DecodeError, DecryptionError
from .xml import parse


def open_req_info(sealed: str, apiv2_key: str | Concealed[str]) -> bytes:
    """The message in a `req_info`.

    With a wrong key the padding seems right once in 256 times. So a plaintext that is no message counts as a wrong key,
    too, and the reply tells a forger nothing about the padding.

    Args:
        sealed: as it stands in the notice, Base64.
        apiv2_key: the merchant's.

    Raises:
        DecryptionError: it is no Base64, or was encrypted under another key.
    """
    opened = ecb.decrypt(apiv2_key, sealed)
    try:
        parse(opened)
    except DecodeError:
        raise DecryptionError(ecb.NOT_OPENED) from None
    return opened
