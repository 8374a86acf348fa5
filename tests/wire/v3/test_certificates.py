"""Sealed platform certificates: the APIv3 key seals other things too, and none of them passes for one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from wechatpay_chain.crypto import aead
from wechatpay_chain.errors import DecodeError, DecryptionError, TrustError
from wechatpay_chain.notifications import sealed
from wechatpay_chain.wire.v3 import certificates

KEY = b"k" * 32
NONCE = "0123456789ab"


@pytest.fixture(scope="session")
def pem(merchant_key: RSAPrivateKey) -> str:
    """A certificate that anyone could have made."""
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, merchant_key.public_key(), 16**39)
    validity = builder.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(9))
    return validity.sign(merchant_key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def told(plaintext: str, purpose: str | None = "certificate") -> certificates.SealedCertificate:
    """An answer's part with this sealed in it."""
    part: dict[str, Any] = {
        "algorithm": certificates.ALGORITHM,
        "nonce": NONCE,
        "ciphertext": aead.encrypt(KEY, NONCE.encode(), plaintext.encode(), (purpose or "").encode()),
    }
    if purpose is not None:
        part["associated_data"] = purpose
    answer = {"data": [{"serial_no": "A" * 40, "encrypt_certificate": part}]}
    return certificates.parse(orjson.dumps(answer))[0]


@pytest.mark.parametrize("shape", ["{}", "{}\n", "\r\n{}\r\n"])
def test_a_certificate_opens(pem: str, shape: str) -> None:
    """One PEM block that was sealed as a certificate is one, with line ends around it too."""
    assert told(shape.format(pem)).open(KEY).strip() == pem.strip().encode()


def test_a_certificate_with_other_line_ends_opens(pem: str) -> None:
    """Line ends of another system make no other certificate."""
    assert told(pem.replace("\n", "\r\n")).open(KEY)


@pytest.mark.parametrize("purpose", ["transaction", "", None, "Certificate", "certificate "])
def test_a05_another_purpose_is_no_certificate(pem: str, purpose: str | None) -> None:
    """What was sealed for something else, such as a notification's resource, is no certificate."""
    with pytest.raises(DecodeError):
        told(pem, purpose).open(KEY)


@pytest.mark.parametrize("shape", ['{{"complaint_detail": "{}"}}', "x{}", "{0}{0}", "{}x", ""])
def test_a05_a_text_with_a_certificate_in_it_is_none(pem: str, shape: str) -> None:
    """A certificate is one PEM block and nothing else: nothing that a stranger could have had written around it."""
    with pytest.raises(DecodeError):
        told(shape.format(pem)).open(KEY)


def test_a05_a_purpose_that_is_put_on_afterwards_opens_nothing(pem: str) -> None:
    """Calling another ciphertext a certificate doesn't make it one: the purpose is authenticated."""
    part = dict(told(pem, "transaction").sealed["encrypt_certificate"]) | {"associated_data": "certificate"}
    renamed = certificates.SealedCertificate("A" * 40, {"encrypt_certificate": part})
    with pytest.raises(TrustError):
        renamed.open(KEY)


def test_a05_a_certificate_is_no_resource() -> None:
    """Nor does the other way lead anywhere: a notification never brings what was sealed as a certificate."""
    ciphertext = aead.encrypt(KEY, NONCE.encode(), b'{"trade_state":"SUCCESS"}', b"certificate")
    with pytest.raises(DecryptionError, match="sealed certificate"):
        sealed.open_resource(
            KEY,
            algorithm=certificates.ALGORITHM,
            nonce=NONCE,
            ciphertext=ciphertext,
            associated_data="certificate",
        )
