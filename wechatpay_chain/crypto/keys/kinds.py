"""What a block holds, for errors that say what was found in place of a key or a certificate."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from . import bundles, sm2
from .armour import Block
from .public import certificate_in, kind_of_sm2, public_key


def kind_of(block: Block, password: str | None = None) -> str:
    """What a block holds: "a certificate", "a PKCS#12 bundle". With a `password`, also what a bundle lacks."""
    if sm2.is_named_in(block.der) and (of_sm2 := kind_of_sm2(block)) is not None:
        return of_sm2
    if certificate_in(block) is not None:
        return "a certificate"
    if block.label is not None:
        return _kind_of_label(block, block.label.strip().lower())
    for load, kind in ((load_der_public_key, "a public key"), (_load_private_key, "a private key")):
        try:
            load(block.der)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        return kind
    if bundles.is_bundle(block.der):
        return "a PKCS#12 bundle" if password is None else _kind_of_bundle(block.der, password)
    return "something that is neither a key nor a certificate"


def _kind_of_label(block: Block, label: str) -> str:
    is_public_key = label.endswith("public key")
    if label.endswith("certificate") or (is_public_key and public_key(block, "") is None):
        return f"a damaged {label}"
    return f"{'an' if label[:1] in 'aeiou' else 'a'} {label}"


def _kind_of_bundle(der: bytes, password: str) -> str:
    key, certificate = bundles.opened(der, password)
    if key is None and certificate is None:
        return "a PKCS#12 bundle that is damaged, or has another password than the merchant number,"
    return f"a PKCS#12 bundle that holds a {'certificate' if key is None else 'private key'} alone"


def _load_private_key(der: bytes) -> object:
    return load_der_private_key(der, password=None)
