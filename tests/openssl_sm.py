"""What the openssl program makes of SM2: keys in all their forms, signatures, ciphertexts, certificates."""

from __future__ import annotations

import subprocess
from pathlib import Path

USER_ID = ("-sigopt", "distid:1234567812345678")


def openssl(*arguments: str | Path, stdin: bytes = b"") -> bytes:
    """What the program writes to its standard output."""
    return subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, check=True).stdout


def make_key(folder: Path) -> Path:
    """A fresh private key, PEM in PKCS#8."""
    path = folder / "sm2_key.pem"
    openssl("genpkey", "-algorithm", "SM2", "-out", path)
    return path


def public_of(private_key: Path) -> bytes:
    """Its public key, PEM."""
    return openssl("pkey", "-in", private_key, "-pubout")


def make_certificate(private_key: Path, *, serial: str, days: int = 390) -> bytes:
    """A certificate of it, signed with SM2 and SM3 by itself, PEM."""
    return openssl(
        *("req", "-x509", "-new", "-key", private_key, "-sm3", *USER_ID, "-days", days.__str__()),
        *("-subj", "/C=CN/O=Tenpay.com/CN=Tenpay.com sign", "-set_serial", f"0x{serial}"),
    )


def sign(private_key: Path, message: bytes) -> bytes:
    """The signature of a message, DER."""
    return openssl("dgst", "-sm3", "-sign", private_key, *USER_ID, stdin=message)


def verifies(public_key: Path, message: bytes, signature: Path) -> bool:
    """Whether the program finds that a signature fits."""
    arguments = ("openssl", "dgst", "-sm3", "-verify", public_key, "-signature", signature, *USER_ID)
    return subprocess.run(arguments, input=message, capture_output=True, check=False).returncode == 0


def encrypt(public_key: Path, plaintext: bytes) -> bytes:
    """The ciphertext of a plaintext, DER."""
    return openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", public_key, stdin=plaintext)


def decrypt(private_key: Path, ciphertext: bytes) -> bytes:
    """The plaintext of a ciphertext."""
    return openssl("pkeyutl", "-decrypt", "-inkey", private_key, stdin=ciphertext)
