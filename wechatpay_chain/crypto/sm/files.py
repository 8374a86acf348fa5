"""The forms that keys of SM2 come in: PKCS#8, plain and encrypted; SEC 1; PKCS#12; public keys and certificates.

All are DER; the armour around them is taken off in `crypto.keys.armour`.
https://pay.weixin.qq.com/docs/partner/development/shangmi/key-and-certificate.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from .. import der
from ..der import Element
from . import curve, sm2
from .engines import knows_the_answers, libcryptos
from .keys import EC_KEY, SM2_CURVE, SM2PrivateKey, SM2PublicKey, check_secret

_PBES2 = bytes.fromhex("2a864886f70d01050d")
_PBKDF2 = bytes.fromhex("2a864886f70d01050c")
_DIGESTS: Mapping[bytes, Callable[[], hashes.HashAlgorithm]] = {
    bytes.fromhex("2a864886f70d0207"): hashes.SHA1,
    bytes.fromhex("2a864886f70d0209"): hashes.SHA256,
    bytes.fromhex("2a811ccf5501831102"): hashes.SM3,
}
_DEFAULT_DIGEST = bytes.fromhex("2a864886f70d0207")
# The object identifier of a cipher in CBC mode -> the cipher, and the bytes of its key.
_CIPHERS: Mapping[bytes, tuple[Callable[[bytes], CipherAlgorithm], int]] = {
    bytes.fromhex("60864801650304012a"): (AES, 32),
    bytes.fromhex("608648016503040116"): (AES, 24),
    bytes.fromhex("608648016503040102"): (AES, 16),
    bytes.fromhex("2a811ccf55016802"): (SM4, 16),
}
_BLOCK_BITS = 128
_VERSION_TAG, _POINT_TAG = 0xA0, 0xA1
_UNCOMPRESSED = b"\x04"


def private_key(content: bytes) -> SM2PrivateKey:
    """A private key in PKCS#8 or SEC 1.

    Raises:
        ValueError: it is neither, or the public key in it isn't its own.
    """
    version, *rest = der.read_one(content).expect(der.SEQUENCE).items
    if der.read_integer(version) == 0:
        _check_kind(rest[0])
        return private_key_of_sec1(rest[1].expect(der.OCTET_STRING).content)
    return private_key_of_sec1(content)


def private_key_of_sec1(content: bytes) -> SM2PrivateKey:
    """A private key in SEC 1, as it also stands inside of PKCS#8.

    Raises:
        ValueError: it is something else, or the public key in it isn't its own.
    """
    version, number, *optional = der.read_one(content).expect(der.SEQUENCE).items
    if der.read_integer(version) != 1:
        raise ValueError("the version of a SEC 1 key is 1")
    secret = number.expect(der.OCTET_STRING).content.rjust(curve.SIZE, b"\0")
    check_secret(secret)
    key = sm2.private_key(secret)
    for item in optional:
        if item.tag == _POINT_TAG and _point(der.read_bits(item.items[0])) != key.public.point:
            raise ValueError("the public key in it belongs to another private key")
    return key


def public_key(content: bytes) -> SM2PublicKey:
    """A public key in SubjectPublicKeyInfo.

    Raises:
        ValueError: it is something else, or its point isn't on the curve.
    """
    kind, bits = der.read_one(content).expect(der.SEQUENCE).items
    _check_kind(kind)
    return SM2PublicKey(_point(der.read_bits(bits)))


def certificate_key(content: bytes) -> SM2PublicKey:
    """The public key in a certificate.

    Raises:
        ValueError: this is no certificate of an SM2 key.
    """
    fields = der.read_one(content).expect(der.SEQUENCE).items[0].items
    # Behind the version, where there is one: serial, algorithm, issuer, validity, subject, key.
    key = fields[5 + (fields[0].tag == _VERSION_TAG)]
    return public_key(der.write(key.tag, key.content))


def decrypted(content: bytes, password: bytes) -> bytes:
    """PKCS#8 out of its encrypted form: PBES2 with PBKDF2, and AES or SM4 in CBC mode.

    Raises:
        ValueError: the password is another, or it is encrypted in another way.
    """
    kind, sealed = der.read_one(content).expect(der.SEQUENCE).items
    derivation, encryption = _parameters(kind, _PBES2)
    cipher, size = _CIPHERS[_identifier(encryption.items[0], _CIPHERS)]
    vector = encryption.items[1].expect(der.OCTET_STRING).content
    try:
        key = _derived(_parameters(derivation, _PBKDF2), size, password)
        decryptor = Cipher(cipher(key), CBC(vector)).decryptor()
    except UnsupportedAlgorithm:
        raise ValueError("this machine's `cryptography` lacks its cipher") from None
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    padded = decryptor.update(sealed.expect(der.OCTET_STRING).content) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def bundle(content: bytes, password: bytes) -> tuple[SM2PrivateKey | None, bytes | None]:
    """The private key and the certificate (DER) of a PKCS#12 bundle, which libcrypto opens.

    Raises:
        ValueError: it is none, has another password, or this machine's libcrypto can't open it.
    """
    library = next(filter(knows_the_answers, libcryptos()), None)
    if library is None:
        raise ValueError("this machine's libcrypto can't open it")
    key, certificate = library.open_bundle(content, password)
    return None if key is None else private_key(key), certificate


def _check_kind(kind: Element) -> None:
    if [item.content for item in kind.expect(der.SEQUENCE).items] != [EC_KEY, SM2_CURVE]:
        raise ValueError("it is no key of SM2")


def _point(encoded: bytes) -> bytes:
    if encoded[:1] != _UNCOMPRESSED:
        raise ValueError("the point is compressed")
    return encoded[1:]


def _parameters(kind: Element, expected: bytes) -> list[Element]:
    identifier, parameters = kind.expect(der.SEQUENCE).items
    _identifier(identifier, (expected,))
    return parameters.items


def _identifier(element: Element, known: Collection[bytes]) -> bytes:
    found = element.expect(der.OBJECT_IDENTIFIER).content
    if found not in known:
        raise ValueError("it is encrypted in a way that is not known here")
    return found


def _derived(parameters: list[Element], size: int, password: bytes) -> bytes:
    salt, iterations, *rest = parameters
    digests = [item.items[0] for item in rest if item.tag == der.SEQUENCE]
    digest = _identifier(digests[0], _DIGESTS) if digests else _DEFAULT_DIGEST
    return PBKDF2HMAC(
        _DIGESTS[digest](), size, salt.expect(der.OCTET_STRING).content, der.read_integer(iterations)
    ).derive(password)
