"""Everything that a call or a notification can raise.

    WeChatPayError
    ├── ConfigurationError (also a ValueError)   the caller: an argument or a key is wrong, nothing was sent
    ├── TransportError                           the network: no complete answer came
    │   ├── ConnectionFailed (also a ConnectionError)
    │   └── TimedOut (also a TimeoutError)
    ├── TrustError                               an answer or a notification that must not be believed
    │   ├── SignatureError
    │   │   └── SignatureProbe
    │   ├── DecryptionError
    │   └── DecodeError
    └── APIError                                 the platform: a refusal
        ├── Pending          2xx   accepted, not yet done
        ├── BadRequest       400
        ├── Unauthorized     401
        ├── Forbidden        403
        ├── NotFound         404
        ├── RateLimited      429
        └── ServerError      5xx

A misspelt keyword of a verb, or a missing placeholder, is Python's own `TypeError`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

Outcome = Literal["not_sent", "rejected", "unknown"]
"""What is known of a call's effect: nothing left this machine; the platform refused it; or it may have taken effect."""

_ADVICE_READ = "Nothing was changed by it: it can be repeated as it is."
_ADVICE_WRITE = (
    "Its outcome is unknown, it may have taken effect: query it, or repeat it with the same number and the same "
    "content; never with a new number."
)


Certainty = Literal["proven", "likely", "possible"]
"""How sure a cause is: a test proved it, there are signs of it, or nothing rules it out."""

# The blanks of Chinese texts, which Python doesn't count as printable.
_BLANKS = "\u00a0\u3000"

_CODE = re.compile("[A-Z][A-Z0-9_]{0,63}")
# "An int" and "an SSLContext", whose S is spoken as a letter; but "a Secret" and "a UUID".
_SPOKEN_VOWEL = re.compile(r"[AEIOaeio]|[FHLMNRSX][A-Z]")

_LEADS: Mapping[Certainty, str] = {"proven": "", "likely": "probably ", "possible": "perhaps "}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something went wrong, as far as it can be told from what was found; `diagnosis` finds them.

    Attributes:
        name: names the kind of cause, for programs: `body-reordered`, `clock-skewed`.
        text: what happened, as a clause. It holds no secret.
        remedy: what to do.
        certainty: how sure it is.
    """

    name: str
    text: str
    remedy: str
    certainty: Certainty

    def __str__(self) -> str:
        return f"{_LEADS[self.certainty]}{self.text}. {self.remedy}"


@dataclass(frozen=True, slots=True)
class RequestLine:
    """The part of a request that is safe to show: its method and its path template, without any value."""

    method: str
    template: str

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


def printable(text: str) -> str:
    r"""A text with everything escaped that could control a terminal or forge a line of a log: a line feed is `\n`."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in _BLANKS else character.encode("unicode_escape").decode()
        for character in text
    )


def type_of(value: object) -> str:
    """What a value is, for an error that doesn't show it: "an int", "a dict", "None", "the class Renewal"."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__.strip("_")
    return f"{'an' if _SPOKEN_VOWEL.match(name) else 'a'} {name}"


class WeChatPayError(Exception):
    """The root of every error of this package.

    Attributes:
        message: what happened, and where there is one, the remedy.
        request: method and path template of the call; None outside of a call.
        request_id: the platform's `Request-ID` of the answer, to be quoted to its support.
        attempts: how many times the request was handed to the transport.
        outcome: `"not_sent"`, `"rejected"` or `"unknown"`; None outside of a call.
        causes: why it may have happened, the surest first.
    """

    def __init__(self, message: str) -> None:
        message = printable(message)
        super().__init__(message)
        self.message = message
        self.causes: tuple[Cause, ...] = ()
        self.request: RequestLine | None = None
        self.request_id: str | None = None
        self.attempts = 0
        self.outcome: Outcome | None = None

    def __str__(self) -> str:
        text = f"{self.request}: {self.message}" if self.request else self.message
        if self.causes:
            text += f": {self.causes[0]}"
        if self.request_id:
            text += f" [Request-ID {self.request_id}]"
        if self.outcome == "unknown" and self.request:
            text = f"{text.rstrip('.')}. {_ADVICE_READ if self.request.method == 'GET' else _ADVICE_WRITE}"
        return printable(text)

    @property
    def brief(self) -> str:
        """A text for any log: the kind of error and its causes, nothing that was sent or received."""
        causes = f" ({', '.join(cause.name for cause in self.causes)})" if self.causes else ""
        return f"{type(self).__name__}{causes}"

    def because(self, *causes: Cause | None) -> Self:
        """Set the causes, and return the error itself; its text names the surest one."""
        self.causes = tuple(sorted(filter(None, causes), key=_by_certainty))
        return self


def _by_certainty(cause: Cause) -> int:
    return list(_LEADS).index(cause.certainty)


class ConfigurationError(WeChatPayError, ValueError):
    """An argument, a key or a path is wrong; nothing was sent.

    Args:
        argument: the name of the argument, with the place inside it (`json/payer/openid`).
        found: what was found there, never the value of a secret.
        remedy: what to do.
    """

    def __init__(self, argument: str, found: str, remedy: str) -> None:
        super().__init__(f"{argument}: {found}. {remedy}")
        # Exception.__reduce__ calls the class with these again.
        self.args = (argument, found, remedy)
        self.argument = argument
        self.found = found
        self.remedy = remedy
        self.outcome = "not_sent"


class WeChatPayWarning(UserWarning):
    """Something works but should be changed, such as a call of a deprecated operation."""


class TransportError(WeChatPayError):
    """No complete answer came. `outcome` says whether the request can have reached the platform."""

    @property
    def brief(self) -> str:
        """The kind of error and what went wrong with the network."""
        return f"{type(self).__name__}: {self.message}"


class ConnectionFailed(TransportError, ConnectionError):
    """The connection could not be made, or broke before the answer was complete."""


class TimedOut(TransportError, TimeoutError):
    """The time given to the call ran out."""


class TrustError(WeChatPayError):
    """An answer or a notification that must not be believed.

    Attributes:
        status: HTTP status of the answer; None for a notification.
        headers: headers of the answer.
        content: raw bytes of the answer. They are unverified: for diagnosis only.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.status: int | None = None
        self.headers: Mapping[str, str] | None = None
        self.content: bytes | None = None


class SignatureError(TrustError):
    """The signature is missing, stale, made by an unknown key, or wrong."""


class SignatureProbe(SignatureError):
    """A wrong signature that WeChat Pay sends on purpose (`WECHATPAY/SIGNTEST/...`) to see that it is refused."""


class DecryptionError(TrustError):
    """Something encrypted for the merchant cannot be decrypted: a wrong key, or foreign ciphertext."""


class DecodeError(TrustError):
    """The content is not the JSON or XML that it claims to be."""


class APIError(WeChatPayError):
    """The platform refused the call.

    Attributes:
        status: HTTP status.
        code: the platform's error code (`ORDER_NOT_EXIST`); empty when the body held none.
        reason: the platform's own text, for people; it may change, so don't branch on it.
        detail: the platform's `detail`, of any shape; None when absent.
        headers: headers of the answer.
        content: raw body of the answer.
        verified: whether the answer carried a signature that holds. The platform doesn't sign every refusal.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        reason: str = "",
        detail: Any = None,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        verified: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.reason = reason
        self.detail = detail
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.content = content
        self.verified = verified

    @property
    def brief(self) -> str:
        """The kind of error, the status and the platform's code."""
        return " ".join(filter(None, (type(self).__name__, str(self.status), loggable_code(self.code))))

    def has_code(self, *codes: str) -> bool:
        """Whether the code is one of these, whatever its spelling: `SYSTEM_ERROR` and `SYSTEMERROR` are one."""
        return plain_code(self.code) in map(plain_code, codes)


def plain_code(code: str) -> str:
    """An error code without the underscores, in which the platform's products and years differ."""
    return code.replace("_", "").upper()


def loggable_code(code: str) -> str:
    """An error code, if it is written as the platform writes them; empty for any other text.

    A gateway may put a text of its own there: a number that is new each time, or a person's.
    """
    return code if _CODE.fullmatch(code) else ""


class Pending(APIError):
    """The platform accepted the call and has not finished it, such as a payer typing a password: query it."""


class BadRequest(APIError):
    """Status 400: a parameter, or the state of the order, doesn't allow it."""


class Unauthorized(APIError):
    """Status 401: the platform could not verify the request's signature."""


class Forbidden(APIError):
    """Status 403: no permission, not enough balance, or a business rule."""


class NotFound(APIError):
    """Status 404: no such order or resource, or no such path."""


class RateLimited(APIError):
    """Status 429: too many requests."""


class ServerError(APIError):
    """Status 5xx: the platform failed; the call may have taken effect all the same."""
