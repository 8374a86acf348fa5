"""Which platform keys are believed, and which is preferred."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wechatpay_chain import SignatureError
from wechatpay_chain.credentials.platform_keys import PlatformKeys, load_platform_keys
from wechatpay_chain.emulator import KeyPair


def keys_of(*pairs: KeyPair, **options: Any) -> PlatformKeys:
    """A snapshot of these keys."""
    return load_platform_keys({pair.serial: pair.public_pem for pair in pairs}, **options)


def preferred(keys: PlatformKeys) -> str | None:
    """The serial that requests would name."""
    return keys.preferred.serial if keys.preferred else None


def test_preference() -> None:
    """Of both kinds the public key is asked for, unless the merchant prefers certificates; of these the newest."""
    old, new = KeyPair.certified(datetime.now(UTC) - timedelta(days=30)), KeyPair.certified()
    public = KeyPair.wechatpay()
    assert preferred(keys_of(old, new, public)) == public.serial
    assert preferred(keys_of(old, new, public, prefer="certificate")) == new.serial
    assert preferred(keys_of(old, new)) == new.serial
    assert preferred(keys_of(public, prefer="certificate")) == public.serial
    assert preferred(PlatformKeys(())) is None


def test_a_certificate_before_its_time_is_not_preferred() -> None:
    """A certificate that is listed before it is valid is believed later, not asked for now."""
    old = KeyPair.certified()
    coming = KeyPair.certified(datetime.now(UTC) + timedelta(days=3))
    keys = tuple(keys_of(old, coming))
    assert preferred(PlatformKeys(keys, now=datetime.now(UTC))) == old.serial
    with pytest.raises(SignatureError, match="is valid from"):
        PlatformKeys(keys).verifying_key(coming.serial, time.time())
