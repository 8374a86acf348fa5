"""`verify`: checks a saved answer or notification step by step, and gives the cause of a failure."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import orjson

from ...credentials.platform_keys import PlatformKeys, load_platform_keys, own_key_found
from ...crypto import aead, serials
from ...crypto.api_keys import load_apiv2_key, load_apiv3_key
from ...errors import Cause, ConfigurationError, SignatureError, SignatureProbe, TrustError, WeChatPayError, printable
from ...notifications import saved
from ...wire import v2, v3
from ..checks import Check, exit_of_checks, failed, show
from ..inputs import read_bytes
from ..settings import Settings, add_settings

_LOG_ESCAPE = re.compile(rb"\\x([0-9A-Fa-f]{2})")


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `verify`."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="what `curl -i` or `listen --save` wrote; - for stdin")
    parser.add_argument("--headers", metavar="FILE", help="the headers alone: lines, JSON, a log of nginx")
    parser.add_argument("--body", metavar="FILE", help="the body alone, byte for byte")
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="when it came: Unix time, RFC 3339, or `signed` to leave its age aside; now by default",
    )
    parser.add_argument("--json", action="store_true", help="print the checks as JSON")
    add_settings(parser)
    parser.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    settings = Settings.read(options)
    message = _message(options)
    subject = _Subject(settings, message, _moment(options.at, message))
    return exit_of_checks(show(subject.checks(), json=options.json))


class _Subject:
    """A message and the checks of it.

    Args:
        settings: with the keys.
        message: that was saved.
        now: Unix time in seconds at which it is judged.
    """

    def __init__(self, settings: Settings, message: saved.Saved, now: float) -> None:
        self._settings = settings
        self._message = message
        self._now = now
        self._unescaped: bytes | None = None

    def checks(self) -> Iterator[Check]:
        """All checks, one by one."""
        body = self._message.body
        if v2.is_xml(body) and not v3.is_signed(self._message.headers):
            yield from self._apiv2(body)
            return
        yield from self._signature()
        yield from self._content(self._unescaped or body)

    def _signature(self) -> Iterator[Check]:
        keys: PlatformKeys
        try:
            keys = self._platform_keys()
        except ConfigurationError as error:
            yield failed("platform keys", error)
            return
        names = ", ".join(key.serial for key in keys)
        yield Check(name="platform keys", result="ok", found=names)
        headers, body = self._message.headers, self._message.body
        try:
            v3.verify(headers, body, keys, self._now)
        except SignatureProbe as probe:
            yield Check(name="signature", result="wrong", found=probe.message, causes=("Refuse it, as any wrong one.",))
        except SignatureError as error:
            yield self._escaped(keys) or self._unsigned_refusal() or failed("signature", error)
        else:
            yield Check(name="signature", result="ok", found=f"made by {headers.get(v3.SERIAL_HEADER)}")

    def _unsigned_refusal(self) -> Check | None:
        """The check of a refusal without a signature: not all are signed, so it need not have been removed."""
        status = self._message.status
        if status is None or status < HTTPStatus.BAD_REQUEST or v3.is_signed(self._message.headers):
            return None
        try:
            told: object = orjson.loads(self._message.body)
        except orjson.JSONDecodeError:
            told = None
        members = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
        said = printable(f"{status} {members.get('code', '')} {members.get('message', '')}".strip())
        causes = ["WeChat Pay doesn't sign every refusal. Read what it says, and look up what became of the call"]
        if members.get("code") == "SIGN_ERROR":
            causes.append(
                "detail.sign_information has the text that was verified; `wechatpay-chain doctor` tries the key"
            )
        found = f"it has none, being a refusal: {said}"
        return Check(name="signature", result="wrong", found=found, causes=tuple(causes))

    def _escaped(self, keys: PlatformKeys) -> Check | None:
        """The cause if the body was copied from a log that had escaped it."""
        body = self._message.body
        plain = _LOG_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), body)
        if plain == body:
            return None
        try:
            v3.verify(self._message.headers, plain, keys, self._now)
        except SignatureError:
            return None
        self._unescaped = plain
        found = "the body is escaped as nginx writes it into its log; the bytes that came are signed rightly"
        return Check(
            name="signature", result="warning", found=found, causes=("Log with escape=none, or keep the file.",)
        )

    def _platform_keys(self) -> PlatformKeys:
        certs = self._settings.platform_keys()
        if not certs:
            self._settings.require("public_key_id")
        own = self._settings.get("serial") or ""
        for serial in certs:
            if own and serials.key(serial) == serials.key(own):
                raise own_key_found(f"certs[{serial!r}]")
        return load_platform_keys(certs, merchant_serial=own)

    def _content(self, body: bytes) -> Iterator[Check]:
        try:
            members: object = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            if body:
                yield Check(name="content", result="wrong", found=f"it is no JSON ({error})")
            return
        envelope = cast("dict[str, Any]", members if isinstance(members, dict) else {})
        sealed: object = envelope.get("resource")
        if isinstance(sealed, dict) and "ciphertext" in sealed:
            yield self._sealed(cast("Mapping[str, Any]", sealed), envelope)

    def _sealed(self, sealed: Mapping[str, Any], envelope: Mapping[str, Any]) -> Check:
        text = {name: str(sealed.get(name) or "") for name in ("nonce", "ciphertext", "associated_data")}
        try:
            apiv3_key = load_apiv3_key(self._settings.require("apiv3_key")) or b""
        except ConfigurationError as error:
            return failed("resource", error)
        algorithm = str(sealed.get("algorithm") or aead.AES_256_GCM)
        arguments = (text["nonce"].encode(), text["ciphertext"], text["associated_data"].encode())
        opens = partial(_opens, arguments=arguments, algorithm=algorithm)
        try:
            orjson.loads(aead.decrypt(apiv3_key, *arguments, algorithm=algorithm))
        except TrustError as error:
            return failed("resource", error.because(*self._other_keys(opens)))
        except orjson.JSONDecodeError:
            return Check(name="resource", result="wrong", found="it opens, and what is in it is no JSON")
        kind = f"{envelope.get('event_type')}, {sealed.get('original_type') or 'no original_type'}"
        return Check(name="resource", result="ok", found=f"the APIv3 key opens it: {kind}")

    def _other_keys(self, opens: Callable[[bytes], bool]) -> Iterator[Cause]:
        """The cause if another profile's key, or a key of another kind, decrypts what the APIv3 key doesn't."""
        for name, key in self._settings.other_keys():
            if len(key.encode()) == aead.KEY_SIZE and opens(key.encode()):
                text = f"{name} opens it, so the keys were mixed up"
                yield Cause("apiv3-key-mixed-up", text, f"Set apiv3_key to what {name} holds", "proven")

    def _apiv2(self, body: bytes) -> Iterator[Check]:
        try:
            fields = v2.parse(body)
            apiv2_key = load_apiv2_key(self._settings.require("apiv2_key")) or ""
        except WeChatPayError as error:
            yield failed("APIv2 message", error)
            return
        if sealed := fields.get("req_info"):
            try:
                v2.open_req_info(sealed, apiv2_key)
            except TrustError as error:
                yield failed("req_info", error.because(*self._other_apiv2_keys(lambda key: _opens_ecb(key, sealed))))
                return
            yield Check(
                name="req_info", result="ok", found="the APIv2 key opens it; the rest of a refund notice is unsigned"
            )
            return
        try:
            v2.verify(fields, apiv2_key)
        except SignatureError as error:
            yield failed("sign", error.because(*self._other_apiv2_keys(lambda key: _fits_v2(key, fields))))
            return
        yield Check(name="sign", result="ok", found="made with the APIv2 key")

    def _other_apiv2_keys(self, fits: Callable[[str], bool]) -> Iterator[Cause]:
        for name, key in self._settings.other_keys("apiv2_key"):
            if fits(key):
                text = f"{name} fits it, so the keys were mixed up"
                yield Cause("apiv2-key-mixed-up", text, f"Set apiv2_key to what {name} holds", "proven")


def _opens(key: bytes, *, arguments: tuple[bytes, str, bytes], algorithm: str) -> bool:
    try:
        aead.decrypt(key, *arguments, algorithm=algorithm)
    except TrustError:
        return False
    return True


def _opens_ecb(key: str, sealed: str) -> bool:
    try:
        v2.open_req_info(sealed, key)
    except TrustError:
        return False
    return True


def _fits_v2(key: str, fields: Mapping[str, str]) -> bool:
    try:
        v2.verify(fields, key)
    except SignatureError:
        return False
    return True


def _message(options: argparse.Namespace) -> saved.Saved:
    if options.file is not None and options.headers is None and options.body is None:
        return saved.parse(read_bytes(options.file, "FILE"))
    if options.headers is None or options.body is None or options.file is not None:
        raise ConfigurationError("FILE", "nothing, or too much, was given", "Give FILE alone, or --headers and --body")
    headers = saved.parse_headers(read_bytes(options.headers, "--headers").decode("utf-8", "replace"))
    return saved.Saved(headers=headers, body=read_bytes(options.body, "--body"))


def _moment(given: str | None, message: saved.Saved) -> float:
    if given is None:
        return time.time() if message.received is None else message.received
    text = message.headers.get(v3.TIMESTAMP_HEADER, "") if given == "signed" else given
    try:
        return float(text) if text.replace(".", "", 1).isdecimal() else datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise ConfigurationError("--at", f"{text[:40]!r} is no time", "Give Unix time, RFC 3339, or `signed`") from None
