"""Writes notifications as they are sent: encrypted and signed, in JSON or, for APIv2, in XML.

https://pay.weixin.qq.com/doc/v3/merchant/4012071382
https://pay.weixin.qq.com/doc/v2/merchant/4011935221 (APIv2: payment), 4011940955 (APIv2: refund)
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import orjson

from ...catalogue import Event, events, find_events
from ...catalogue.records import Fields
from ...crypto import aead, asymmetric, ecb
from ...errors import ConfigurationError
from ...wire import v2, v3
from ...wire.sealing import FieldTree, field_tree, seal
from ...wire.signature_types import OF_BRAND, OF_MERCHANT, SEALED_WITH
from ..faults import Flaw
from ..misbehaviour import STALE, forged_xml, probe
from ..platform.keys import KeyPair
from ..platform.times import rfc3339
from ..world.announcements import Announcement
from ..world.merchants import Merchant
from .kinds import APIV2_PREFIX

_NONCE_SIZE = 12
_ENCRYPTED_FOR_MERCHANT = "rsa:merchant"
_REFUND = "refund-processed"
# The plaintext fields of a refund notice of APIv2; all others are encrypted.
_OPEN_FIELDS = ("return_code", "return_msg", "appid", "mch_id", "sub_mch_id", "sub_appid", "nonce_str")


@dataclass(frozen=True, slots=True)
class Message:
    """A notification as it is sent: `webhook.open(*message)`.

    Attributes:
        headers: HTTP headers.
        body: the content.
    """

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def __iter__(self) -> Iterator[Any]:
        """Headers and body."""
        return iter((self.headers, self.body))


def write(announcement: Announcement, merchant: Merchant, key: KeyPair) -> bytes:
    """The body of a notification, encrypted for its merchant.

    Args:
        announcement: its content.
        merchant: the merchant that decrypts it.
        key: the platform's, which will sign it; its algorithm also sets that of the encryption.
    """
    if announcement.protocol == "v2":
        return _xml(announcement, merchant)
    marked = _marked(announcement.event_type, announcement.original_type)
    encrypt = partial(asymmetric.encrypt, merchant.key.private_key.public_key())
    sealed = seal(announcement.resource, marked, lambda text, _pointer: encrypt(text), "resource")
    algorithm = SEALED_WITH[OF_MERCHANT[key.algorithm]]
    resource = _resource(orjson.dumps(sealed), announcement.original_type, merchant.apiv3_key, algorithm)
    return orjson.dumps(
        {
            "id": announcement.number,
            "create_time": rfc3339(announcement.made),
            "resource_type": "encrypt-resource",
            "event_type": announcement.event_type,
            "summary": announcement.summary,
            "resource": {"original_type": announcement.original_type, **resource},
        }
    )


def sign(body: bytes, key: KeyPair, now: float, *, flaw: Flaw | None = None, brand: bool = False) -> Message:
    """Sign a body with the platform's key, and add a flaw if one is wanted.

    A body of APIv2 carries its signature inside already.

    Args:
        body: as `write` gives it.
        key: the platform's key.
        now: when it is signed, the real Unix time in seconds.
        flaw: what is wrong with it.
        brand: whether it is for a brand.

    Raises:
        ConfigurationError: a message of APIv2 can't have that flaw.
    """
    common = {"Request-ID": f"08{secrets.token_hex(20).upper()}-0", "User-Agent": "Mozilla/4.0"}
    if v2.is_xml(body):
        return Message({**common, "Content-Type": "text/xml"}, _flawed_xml(body, flaw))
    timestamp, nonce = str(int(now - (STALE if flaw == "stale" else 0))), v3.make_nonce()
    made = asymmetric.sign(key.private_key, v3.answer_message(timestamp, nonce, body))
    signature = base64.b64encode(made).decode("ascii")
    headers = {
        **common,
        "Content-Type": "application/json; charset=utf-8",
        v3.TIMESTAMP_HEADER: timestamp,
        v3.NONCE_HEADER: nonce,
        v3.SERIAL_HEADER: key.serial,
        v3.SIGNATURE_TYPE_HEADER: (OF_BRAND if brand else OF_MERCHANT)[key.algorithm],
        v3.SIGNATURE_HEADER: probe(signature) if flaw == "probe" else signature,
    }
    if flaw == "unsigned":
        del headers[v3.SIGNATURE_HEADER]
    return Message(headers, _altered(body) if flaw == "altered" else body)


def _altered(body: bytes) -> bytes:
    """The body with the last letter of its number changed: still well-formed, but not what was signed."""
    envelope = orjson.loads(body)
    envelope["id"] = envelope["id"][:-1] + ("1" if envelope["id"][-1] == "0" else "0")
    return orjson.dumps(envelope)


def _resource(
    plaintext: bytes, associated_data: str, apiv3_key: str, algorithm: str = aead.AES_256_GCM
) -> dict[str, str]:
    nonce = v3.make_nonce()[:_NONCE_SIZE]
    key = apiv3_key.encode()
    ciphertext = aead.encrypt(key, nonce.encode(), plaintext, associated_data.encode(), algorithm=algorithm)
    return {"algorithm": algorithm, "ciphertext": ciphertext, "associated_data": associated_data, "nonce": nonce}


def _xml(announcement: Announcement, merchant: Merchant) -> bytes:
    wrapping = {"mch_id": merchant.mchid, "nonce_str": v3.make_nonce()}
    fields = {**wrapping, **{name: str(value) for name, value in announcement.resource.items()}}
    if announcement.event_type == _REFUND:
        told = {name: fields.pop(name) for name in _OPEN_FIELDS if name in fields}
        sealed = ecb.encrypt(merchant.apiv2_key, v2.build(fields, "root"))
        return v2.build({"return_code": "SUCCESS", **told, "req_info": sealed})
    event = _apiv2_events().get(announcement.event_type)
    if event is not None and event.event_types:
        resource = _resource(orjson.dumps(announcement.resource), "", merchant.apiv3_key)
        enveloped = {
            **wrapping,
            "appid": fields.get("appid", "wx2421b1c4370ec43b"),
            "event_id": announcement.number,
            "event_create_time": rfc3339(announcement.made),
            "event_type": event.event_types[0],
            "event_algorithm": resource["algorithm"],
            "event_nonce": resource["nonce"],
            "event_associated_data": resource["associated_data"],
            "event_ciphertext": resource["ciphertext"],
            "algorithm": "HMAC-SHA256",
        }
        return v2.build({**enveloped, "sign": v2.sign(enveloped, merchant.apiv2_key, "HMAC-SHA256")})
    sign_type: v2.SignType = "HMAC-SHA256" if fields.get("sign_type") == "HMAC-SHA256" else "MD5"
    return v2.build({**fields, "sign": v2.sign(fields, merchant.apiv2_key, sign_type)})


def _flawed_xml(body: bytes, flaw: Flaw | None) -> bytes:
    if flaw is None:
        return body
    if flaw == "stale":
        raise ConfigurationError("flaw", "notifications of APIv2 carry no timestamp", "Give another flaw")
    return forged_xml(body, flaw)


@cache
def _apiv2_events() -> Mapping[str, Event]:
    return {event.id: event for event in events() if event.generation == "v2"}


@cache
def _marked(event_type: str, original_type: str) -> FieldTree:
    known = (event for event in find_events(event_type, original_type or None) if event.generation == "v3")
    return field_tree(path for event in known for path in _secret_paths(event.fields))


def _secret_paths(fields: Fields, parent: str = "") -> Iterator[str]:
    for name, facts in fields.items():
        if facts.get("enc") == _ENCRYPTED_FOR_MERCHANT:
            yield parent + name
        yield from _secret_paths(facts.get("fields", {}), f"{parent}{name}.")


def event_type_of(announcement: Announcement) -> str:
    """The event type of an announcement, as `Notification.event_type` has it: with `v2/` before it for APIv2."""
    return (APIV2_PREFIX if announcement.protocol == "v2" else "") + announcement.event_type
