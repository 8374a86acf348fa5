"""`Notification` and `Reply`: a message of the platform, and the answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Generic, TypeVar

import orjson

from ..errors import ConfigurationError
from ..http.value import Value, frozen, value

R_co = TypeVar("R_co", covariant=True)

XML_PREFIX = "v2/"
"""The prefix of APIv2's event types, some of which would else equal those of APIv3."""

_JSON = "application/json; charset=utf-8"
_XML = "text/xml; charset=utf-8"
_SUCCESS = b'{"code":"SUCCESS","message":"OK"}'


@value
class Notification(Value, Generic[R_co]):
    """A notification that was verified and decrypted. Its repr shows nothing of the resource.

    https://pay.weixin.qq.com/doc/v3/merchant/4012071382

    Attributes:
        id: the notification's own number. An APIv2 notification without one gets a digest of its content.
        event_type: such as `TRANSACTION.SUCCESS`. APIv2's are those of the catalogue after `v2/`, such as
            `v2/transaction-success` and `v2/refund-processed`.
        create_time: when it was made, as the platform writes it: mostly RFC 3339; empty where it doesn't say.
        resource_type: `encrypt-resource`; empty for APIv2.
        original_type: what kind of resource it is, such as `transaction`; None where the platform doesn't say.
        summary: a short text for people.
        resource: the decrypted resource; for APIv2 the fields of the message, or of its decrypted part.
        raw: the envelope as it came. In an APIv2 refund notice only `req_info` is protected, the rest of it isn't.
    """

    id: str
    event_type: str
    create_time: str = ""
    resource_type: str = ""
    original_type: str | None = None
    summary: str = ""
    resource: R_co = field(repr=False)
    raw: Mapping[str, Any] = field(repr=False)


@frozen(kw_only=True)
class Reply:
    """The reply to a notification: put these three into your framework's response.

    Attributes:
        status: HTTP status; after anything but 2xx the platform sends the notification again.
        headers: HTTP headers.
        body: the content.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    def __init__(self, *, status: int = 200, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        put = object.__setattr__
        put(self, "status", status)
        put(self, "headers", {} if headers is None else headers)
        put(self, "body", body)

    @property
    def ok(self) -> bool:
        """Whether it tells the platform that the notification was accepted."""
        return 200 <= self.status < 300

    @classmethod
    def success(cls, fields: Mapping[str, Any] | None = None, *, xml: bool = False) -> Reply:
        """The reply to a notification that was handled.

        Args:
            fields: business data, where the platform asks for it.
            xml: whether to answer an APIv2 notification.

        Raises:
            ConfigurationError: `fields` can't be written.
        """
        if xml:
            texts = {name: str(value) for name, value in (fields or {}).items()}
            return _xml(200, {"return_code": "SUCCESS", "return_msg": "OK", **texts})
        if not fields:
            return Reply(headers={"Content-Type": _JSON}, body=_SUCCESS)
        return _json(200, {"code": "SUCCESS", "message": "OK", **fields})

    @classmethod
    def failure(cls, message: str, *, status: int = 500, xml: bool = False) -> Reply:
        """The reply to a notification that was refused, or could not be handled: the platform sends it again later.

        Args:
            message: a short text that tells a stranger nothing.
            status: 4xx or 5xx.
            xml: whether to answer an APIv2 notification.
        """
        if xml:
            return _xml(status, {"return_code": "FAIL", "return_msg": message})
        return _json(status, {"code": "FAIL", "message": message})


def _json(status: int, fields: Mapping[str, Any]) -> Reply:
    try:
        body = orjson.dumps(dict(fields))
    except (TypeError, ValueError) as error:
        raise ConfigurationError("reply", f"it can't be written as JSON ({error})", "Give plain JSON values") from None
    return Reply(status=status, headers={"Content-Type": _JSON}, body=body)


def _xml(status: int, fields: Mapping[str, str]) -> Reply:
    from ..wire import v2

    return Reply(status=status, headers={"Content-Type": _XML}, body=v2.build(fields))
