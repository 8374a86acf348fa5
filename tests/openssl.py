"""What the openssl program computes: a second opinion on every signature."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import Certificate


def md5(text: str) -> str:
    """MD5 in capitals."""
    return _run("dgst", "-md5", "-r", text=text).split()[0].decode().upper()


def hmac_sha256(key: str, text: str) -> str:
    """HMAC-SHA256 in capitals."""
    return _run("dgst", "-sha256", "-hmac", key, "-r", text=text).split()[0].decode().upper()


def signature(key: RSAPrivateKey, text: str) -> str:
    """The RSA signature (PKCS#1 v1.5, SHA-256) in Base64."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "key.pem")
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return base64.b64encode(_run("dgst", "-sha256", "-sign", str(file), text=text)).decode()


def bundle(key: RSAPrivateKey, certificate: Certificate) -> bytes:
    """A PKCS#12 bundle with an empty password."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    return _run("pkcs12", "-export", "-passout", "pass:", text=pem.decode())


def _run(*arguments: str, text: str) -> bytes:
    return subprocess.run(["openssl", *arguments], input=text.encode(), capture_output=True, check=True).stdout
