"""Checks of keys and certificates: of each one, then whether they belong together."""

from __future__ import annotations

import re
import stat
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ...credentials.platform_keys import PlatformKey, load_platform_keys
from ...crypto import keys, serials
from ...crypto.api_keys import load_apiv2_key, load_apiv3_key
from ...crypto.asymmetric import PrivateKey, PublicKey
from ...errors import ConfigurationError
from ..checks import Check, failed
from ..settings import Settings

_PUBLIC_KEY_ID = re.compile(serials.PUBLIC_KEY_PREFIX + r"\d+", re.ASCII)
_CERTIFICATE_FILE = "apiclient_cert.pem"
# The forms in which `openssl x509 -serial` and other programs write a serial.
_SERIAL_IN = re.compile(r"(?:serial\w*\s*[=:]\s*|0x)[\"']?([0-9A-F]{40})(?![0-9A-F])", re.IGNORECASE)
_CUT_SERIAL = re.compile(r"(?=.*[A-F])[0-9A-F]{16,39}", re.IGNORECASE)
_MCHID = re.compile(r"1[0-9]{9}|[0-9]{8,10}", re.ASCII)
_SOON = timedelta(days=60)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def checks(settings: Settings, now: datetime) -> Iterator[Check]:
    """All checks of keys, one by one.

    Args:
        settings: with the keys.
        now: aware.
    """
    yield from _brand(settings)
    yield from _permissions(settings)
    if settings.is_of_brand_alone:
        return
    yield _mchid(settings)
    key, private = _private_key(settings)
    yield private
    yield from _merchant_certificate(settings, key, now)
    yield from _platform_keys(settings, key, now)
    yield from _api_keys(settings)


def together(settings: Settings) -> Check:
    """Whether a client accepts all of the settings."""
    name = "all of it together"
    try:
        settings.client()
    except ConfigurationError as error:
        return failed(name, error)
    return Check(name=name, result="ok", found="a client can be made of it")


def _brand(settings: Settings) -> Iterator[Check]:
    try:
        brand = settings.brand()
    except ConfigurationError as error:
        yield failed("brand", error)
        return
    if brand is not None:
        yield Check(name="brand", result="ok", found=f"{brand.brand_id}, with the keys that it signs and verifies with")


def _mchid(settings: Settings) -> Check:
    try:
        mchid = settings.require("mchid")
    except ConfigurationError as error:
        return failed("merchant number", error)
    if _MCHID.fullmatch(mchid):
        return Check(name="merchant number", result="ok", found=mchid)
    if mchid.startswith("wx"):
        found, remedy = "it is an appid", "Give the merchant number, ten digits, from the merchant portal"
    else:
        found = f"{len(mchid)} characters that are no merchant number"
        remedy = "Give the ten digits that the merchant portal shows under the account's name"
    return Check(name="merchant number", result="wrong", found=found, causes=(remedy,))


def _private_key(settings: Settings) -> tuple[PrivateKey | None, Check]:
    try:
        key = settings.load_private_key()
    except ConfigurationError as error:
        return None, failed("private key", error)
    return key, Check(name="private key", result="ok", found=_described(key.public_key()))


def _permissions(settings: Settings) -> Iterator[Check]:
    for name in ("private_key", "apiv3_key", "apiv2_key", "brand_private_key"):
        path = Path(settings.get(name) or "")
        if sys.platform == "win32" or "\n" in str(path) or not _is_file(path):
            continue
        if path.stat().st_mode & _OTHERS:
            found = f"others on this machine may read {path}"
            yield Check(name=f"{name} file", result="warning", found=found, causes=(f"chmod 600 {path}",))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # the text of a key is no path, and too long for one
        return False


def _merchant_certificate(settings: Settings, key: PrivateKey | None, now: datetime) -> Iterator[Check]:
    """The merchant's certificate proves which serial is which key's; where it isn't set, it may lie beside the key."""
    source = settings.get("merchant_cert")
    beside = (
        Path(settings.get("private_key") or "").with_name(_CERTIFICATE_FILE) if settings.get("private_key") else None
    )
    if source is None and beside is not None and _is_file(beside):
        source = str(beside)
    try:
        serial = settings.require("serial")
    except ConfigurationError as error:
        yield failed("serial", error)
        return
    if source is None:
        yield _serial_alone(serial)
        return
    try:
        certificate = keys.load_certificate(source, argument="merchant_cert", password=settings.get("mchid") or "")
    except ConfigurationError as error:
        yield failed("merchant certificate", error)
        return
    yield from _certificate_checks(certificate, serial, key, settings.get("mchid") or "", now)


def _serial_alone(serial: str) -> Check:
    canonical = serials.canonical(serial)
    if serials.is_certificate_serial(serial):
        found = f"{canonical}; no {_CERTIFICATE_FILE} proves that it is the key's"
        return Check(name="serial", result="ok", found=found)
    if serial.isdecimal() and len(serial) > len("1" * 40):
        remedy = f"In hexadecimal it is {serials.from_number(int(serial))}"
        return Check(name="serial", result="wrong", found="it is written in decimal", causes=(remedy,))
    if canonical.startswith(serials.PUBLIC_KEY_PREFIX):
        found = "it is the identifier of a WeChat Pay public key, which belongs in public_key_id"
    elif (part := _SERIAL_IN.search(serial)) is not None:
        causes = (f"Set it to {part[1].upper()}",)
        return Check(name="serial", result="wrong", found="it has other text around it", causes=causes)
    elif _CUT_SERIAL.fullmatch(serial):
        found = f"it has {len(serial)} hexadecimal digits of 40, so it was cut off or is another number"
    elif serial.isdecimal():
        found = "it is a number such as the merchant's, no serial"
    else:
        found = f"{len(canonical)} characters that are not 40 hexadecimal digits"
    remedy = f"Give the serial of the merchant certificate: openssl x509 -in {_CERTIFICATE_FILE} -noout -serial"
    return Check(name="serial", result="wrong", found=found, causes=(remedy,))


def _certificate_checks(
    certificate: x509.Certificate, serial: str, key: PrivateKey | None, mchid: str, now: datetime
) -> Iterator[Check]:
    own = serials.from_number(certificate.serial_number)
    if serials.key(own) == serials.key(serial):
        yield Check(name="serial", result="ok", found=f"{own}, as the merchant certificate says")
    else:
        causes = (
            f"Set serial to {own}, or give the certificate and the key that belong to {serials.canonical(serial)[:40]}",
        )
        yield Check(name="serial", result="wrong", found=f"the merchant certificate's serial is {own}", causes=causes)
    if key is not None:
        public, _ = keys.load_public_key(certificate, argument="merchant_cert")
        if public == key.public_key():
            yield Check(name="key and certificate", result="ok", found="they belong together")
        else:
            found = "the private key is not the merchant certificate's: the platform will refuse its signatures"
            causes = ("Give the key and the certificate that were made together",)
            yield Check(name="key and certificate", result="wrong", found=found, causes=causes)
    subject = certificate.subject.rfc4514_string()
    others = re.findall(r"(?<!\d)1\d{9}(?!\d)", subject)
    if mchid and others and mchid not in others:
        causes = (f"Give that merchant's number, or the certificate of {mchid}",)
        yield Check(name="merchant certificate", result="wrong", found=f"it is merchant {others[0]}'s", causes=causes)
    yield _expiry("merchant certificate", certificate.not_valid_before_utc, certificate.not_valid_after_utc, now)


def _expiry(name: str, begin: datetime, end: datetime, now: datetime) -> Check:
    if begin <= now <= end - _SOON:
        return Check(name=name, result="ok", found=f"valid to {end:%Y-%m-%d}")
    if now < begin:
        found = f"it is valid from {begin:%Y-%m-%d} only: is this machine's date right?"
    else:
        found = f"it {'expired' if now > end else 'expires'} on {end:%Y-%m-%d}"
    remedy = "Make a new one in the merchant portal under API security; the old and the new one work side by side"
    if name != "merchant certificate":
        remedy = "Run `wechatpay-chain certificates download --to FOLDER`, or switch to the WeChat Pay public key"
    return Check(name=name, result="warning" if begin <= now <= end else "wrong", found=found, causes=(remedy,))


def _platform_keys(settings: Settings, key: PrivateKey | None, now: datetime) -> Iterator[Check]:
    try:
        certs = settings.platform_keys()
    except ConfigurationError as error:
        yield failed("platform keys", error)
        return
    if not certs:
        yield _no_platform_key(settings)
    for name, source in certs.items():
        try:
            (loaded,) = load_platform_keys({name: source}, merchant_serial=settings.get("serial") or "")
        except ConfigurationError as error:
            yield failed(f"platform key {name[:60]}", error)
            continue
        yield _platform_key(loaded, settings, key)
        if loaded.not_before is not None and loaded.not_after is not None:
            yield _expiry(f"platform certificate {loaded.serial}", loaded.not_before, loaded.not_after, now)


def _no_platform_key(settings: Settings) -> Check:
    if settings.get("apiv3_key"):
        found = "none is set: the platform's certificates will be downloaded, which new merchants don't have"
        causes = ("Set public_key and public_key_id from the merchant portal under API security",)
        return Check(name="platform keys", result="warning", found=found, causes=causes)
    causes = ("Set public_key_id and public_key: both are in the merchant portal under API security",)
    return Check(name="platform keys", result="wrong", found="none is set, so no answer can be verified", causes=causes)


def _platform_key(loaded: PlatformKey, settings: Settings, key: PrivateKey | None) -> Check:
    name = f"platform key {loaded.serial}"
    if key is not None and loaded.public_key == key.public_key():
        found = "it is the merchant's own key or certificate, given in the platform's place"
        causes = ("Give pub_key.pem, which the merchant portal offers under API security",)
        return Check(name=name, result="wrong", found=found, causes=causes)
    if serials.key(loaded.serial) == serials.key(settings.get("serial") or ""):
        found = "it bears the merchant certificate's serial: the merchant's certificate was given as the platform's"
        causes = ("Give pub_key.pem, which the merchant portal offers under API security",)
        return Check(name=name, result="wrong", found=found, causes=causes)
    owner, mchid = serials.merchant_of(loaded.serial), settings.get("mchid")
    if owner is not None and mchid and owner != mchid:
        causes = (f"Give the public key and its identifier of merchant {mchid}",)
        found = f"its name says that it is the key of merchant {owner}"
        return Check(name=name, result="warning", found=found, causes=causes)
    if not loaded.is_certificate and not _PUBLIC_KEY_ID.fullmatch(loaded.serial):
        found = "what follows PUB_KEY_ID_ in its name isn't digits alone, so the platform will not know it"
        causes = ("Copy the identifier from the merchant portal under API security",)
        return Check(name=name, result="wrong", found=found, causes=causes)
    kind = "certificate" if loaded.is_certificate else "public key"
    return Check(name=name, result="ok", found=f"a {kind}, {_described(loaded.public_key)}")


def _described(key: PublicKey) -> str:
    return f"RSA, {key.key_size} bits" if isinstance(key, RSAPublicKey) else "SM2"


def _api_keys(settings: Settings) -> Iterator[Check]:
    apiv3_key, apiv2_key = settings.get("apiv3_key"), settings.get("apiv2_key")
    try:
        load_apiv3_key(apiv3_key)
    except ConfigurationError as error:
        yield failed("APIv3 key", error)
    else:
        found = "32 bytes; only a notification or a certificate proves that it is the right one"
        none = "none is set: notifications can't be read, and certificates can't be downloaded"
        yield Check(name="APIv3 key", result="ok" if apiv3_key else "skipped", found=found if apiv3_key else none)
    try:
        load_apiv2_key(apiv2_key)
    except ConfigurationError as error:
        yield failed("APIv2 key", error)
    else:
        if apiv2_key and apiv2_key == apiv3_key:
            found = "it is the same text as the APIv3 key: one of them may have been copied to the wrong place"
            yield Check(name="APIv2 key", result="warning", found=found, causes=("The portal has a setting for each",))
        elif apiv2_key:
            yield Check(name="APIv2 key", result="ok", found="32 characters")
