"""APIv2: flat XML messages, their parameters, their `sign` by MD5 or HMAC-SHA256, and refusals."""

from .ambiguity import check_notice, check_shown, sign_shown
from .req_info import open_req_info
from .signature import SignType, certificate_message, sign, signed_text, verify, workwx_sign
from .xml import BLANKS, build, is_xml, parse

__all__ = [
    "BLANKS",
    "SignType",
    "build",
    "certificate_message",
    "check_notice",
    "check_shown",
    "is_xml",
    "open_req_info",
    "parse",
    "sign",
    "sign_shown",
    "signed_text",
    "verify",
    "workwx_sign",
]
