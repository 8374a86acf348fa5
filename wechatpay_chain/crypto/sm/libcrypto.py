"""The engine of OpenSSL: the system's libcrypto 3 through `ctypes`. Of all engines the fastest, and constant in time.

Python's `ssl` and `cryptography` don't offer SM2, though the library beneath them mostly has it. Long functions release
the interpreter; short ones keep it, because getting it back from a busy event loop takes longer than such a function.

https://docs.openssl.org/3.0/man7/EVP_SIGNATURE-SM2/ and EVP_ASYM_CIPHER-SM2
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from .. import der
from .failure import EngineError
from .keys import USER_ID, SM2PrivateKey, SM2PublicKey, pkcs8

_OLDEST = 0x30000000  # 3.0.0: before it, SM2 had to be asked for in another way
_LONGEST_SIGNATURE = 72
_KEPT_KEYS = 64

_Signature = tuple[Any, tuple[Any, ...]]
_BYTES_AT = POINTER(c_char_p)

_QUICK: Mapping[str, _Signature] = {
    "ERR_clear_error": (None, ()),
    "EVP_MD_CTX_free": (None, (c_void_p,)),
    "EVP_MD_CTX_new": (c_void_p, ()),
    "EVP_MD_CTX_set_pkey_ctx": (None, (c_void_p, c_void_p)),
    "EVP_DigestSignInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_DigestVerifyInit": (c_int, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
    "EVP_PKEY_CTX_free": (None, (c_void_p,)),
    "EVP_PKEY_CTX_new": (c_void_p, (c_void_p, c_void_p)),
    "EVP_PKEY_CTX_set1_id": (c_int, (c_void_p, c_void_p, c_int)),
    "EVP_PKEY_decrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_encrypt_init": (c_int, (c_void_p,)),
    "EVP_PKEY_free": (None, (c_void_p,)),
    "EVP_sm3": (c_void_p, ()),
    "OpenSSL_version_num": (c_ulong, ()),
    "PKCS12_free": (None, (c_void_p,)),
    "X509_free": (None, (c_void_p,)),
    "d2i_PKCS12": (c_void_p, (c_void_p, _BYTES_AT, c_long)),
    "d2i_PUBKEY": (c_void_p, (c_void_p, _BYTES_AT, c_long)),
    "i2d_PUBKEY": (c_int, (c_void_p, c_void_p)),
    "i2d_PrivateKey": (c_int, (c_void_p, c_void_p)),
    "i2d_X509": (c_int, (c_void_p, c_void_p)),
}
_LONG: Mapping[str, _Signature] = {
    "EVP_DigestSign": (c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_DigestVerify": (c_int, (c_void_p, c_char_p, c_size_t, c_char_p, c_size_t)),
    "EVP_PKEY_decrypt": (c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "EVP_PKEY_encrypt": (c_int, (c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)),
    "PKCS12_parse": (c_int, (c_void_p, c_char_p, POINTER(c_void_p), POINTER(c_void_p), c_void_p)),
    "d2i_AutoPrivateKey": (c_void_p, (c_void_p, _BYTES_AT, c_long)),
}


def candidates() -> list[str]:
    """What the library may be called on this machine, the system's first."""
    beside = Path(sys.base_prefix)
    if sys.platform == "win32":
        return [str(beside / "DLLs" / name) for name in ("libcrypto-3.dll", "libcrypto-3-x64.dll")]
    if sys.platform == "darwin":
        # Never by its bare name: macOS ends a program that loads its own libcrypto.
        folders = (Path("/opt/homebrew/opt/openssl@3/lib"), Path("/usr/local/opt/openssl@3/lib"), beside / "lib")
        return [str(path) for folder in folders if (path := folder / "libcrypto.3.dylib").exists()]
    return ["libcrypto.so.3", "libcrypto.so.4", str(beside / "lib" / "libcrypto.so.3")]


class Libcrypto:
    """SM2 by one libcrypto.

    Args:
        path: of the library, or its name where the system finds it by that.

    Raises:
        OSError: there is no such library.
        AttributeError: it lacks a function.
        EngineError: it is older than 3.0, or has no SM3.
    """

    name = "libcrypto"

    def __init__(self, path: str) -> None:
        self.path = path
        self._quick = _declared(ctypes.PyDLL(path), _QUICK)
        self._long = _declared(ctypes.CDLL(path), _LONG)
        if self._quick.OpenSSL_version_num() < _OLDEST:
            raise EngineError("it is older than 3.0")
        self._sm3 = self._pointer(self._quick.EVP_sm3())
        # Each key is loaded, and so checked, once. A private key is dropped together with its owner's object.
        self._privates: WeakKeyDictionary[SM2PrivateKey, _Handle] = WeakKeyDictionary()
        self._public = lru_cache(_KEPT_KEYS)(self._read_public)

    def public_point(self, secret: bytes) -> bytes:
        """The public key of a private number."""
        handle = self._loaded(self._long.d2i_AutoPrivateKey, pkcs8(secret))
        written = self._written(self._quick.i2d_PUBKEY, handle.pointer)
        return der.read_bits(der.read_one(written).items[1])[1:]

    def sign(self, key: SM2PrivateKey, message: bytes) -> bytes:
        """The signature, DER."""
        size = c_size_t(_LONGEST_SIGNATURE)
        buffer = ctypes.create_string_buffer(size.value)
        handle = self._private(key)
        with self._digesting(self._quick.EVP_DigestSignInit, handle) as context:
            self._check(self._long.EVP_DigestSign(context, buffer, byref(size), message, len(message)))
        return buffer.raw[: size.value]

    def verify(self, key: SM2PublicKey, message: bytes, signature: bytes) -> bool:
        """Whether the signature is that of the message by this key."""
        handle = self._public(key)
        with self._digesting(self._quick.EVP_DigestVerifyInit, handle) as context:
            fits: bool = self._long.EVP_DigestVerify(context, signature, len(signature), message, len(message)) == 1
        if not fits:  # 0 for a wrong signature, less than that for one that is no DER
            self._quick.ERR_clear_error()
        return fits

    def encrypt(self, key: SM2PublicKey, plaintext: bytes) -> bytes:
        """The ciphertext, C1C3C2 in ASN.1."""
        with self._keyed(self._public(key)) as context:
            self._check(self._quick.EVP_PKEY_encrypt_init(context))
            return self._transformed(self._long.EVP_PKEY_encrypt, context, plaintext)

    def decrypt(self, key: SM2PrivateKey, ciphertext: bytes) -> bytes:
        """The plaintext.

        Raises:
            ValueError: it was encrypted for another key, or changed.
        """
        with self._keyed(self._private(key)) as context:
            self._check(self._quick.EVP_PKEY_decrypt_init(context))
            try:
                return self._transformed(self._long.EVP_PKEY_decrypt, context, ciphertext)
            except EngineError:
                raise ValueError("the ciphertext was made for another key, or changed") from None

    def open_bundle(self, bundle: bytes, password: bytes) -> tuple[bytes | None, bytes | None]:
        """The private key and the certificate of a PKCS#12 bundle as DER; None for what it doesn't hold.

        Raises:
            ValueError: it is none, or has another password.
        """
        source, key, certificate = c_char_p(bundle), c_void_p(), c_void_p()
        parsed = self._quick.d2i_PKCS12(None, byref(source), len(bundle))
        try:
            opened = parsed and self._long.PKCS12_parse(parsed, password, byref(key), byref(certificate), None)
            if opened != 1:
                self._quick.ERR_clear_error()
                raise ValueError("this is no PKCS#12 bundle, or has another password")
            return (
                self._written(self._quick.i2d_PrivateKey, key) if key.value else None,
                self._written(self._quick.i2d_X509, certificate) if certificate.value else None,
            )
        finally:
            self._quick.X509_free(certificate)
            self._quick.EVP_PKEY_free(key)
            self._quick.PKCS12_free(parsed)

    def _private(self, key: SM2PrivateKey) -> _Handle:
        handle = self._privates.get(key)
        if handle is None:
            handle = self._privates[key] = self._loaded(self._long.d2i_AutoPrivateKey, key.to_der())
        return handle

    def _read_public(self, key: SM2PublicKey) -> _Handle:
        return self._loaded(self._quick.d2i_PUBKEY, key.to_der())

    def _loaded(self, load: Callable[..., Any], content: bytes) -> _Handle:
        source = c_char_p(content)
        return _Handle(self._pointer(load(None, byref(source), len(content))), self._quick.EVP_PKEY_free)

    def _written(self, write: Callable[..., int], pointer: object) -> bytes:
        size = self._check(write(pointer, None))
        buffer = ctypes.create_string_buffer(size)
        self._check(write(pointer, byref(ctypes.cast(buffer, c_void_p))))
        return buffer.raw

    @contextmanager
    def _keyed(self, handle: _Handle) -> Generator[int]:
        """A context for one operation with a key."""
        context = self._pointer(self._quick.EVP_PKEY_CTX_new(handle.pointer, None))
        try:
            yield context
        finally:
            self._quick.EVP_PKEY_CTX_free(context)

    @contextmanager
    def _digesting(self, begin: Callable[..., int], handle: _Handle) -> Generator[int]:
        """A context that signs or verifies with a key, SM3, and the platform's user id."""
        quick = self._quick
        with self._keyed(handle) as of_key:
            context = self._pointer(quick.EVP_MD_CTX_new())
            try:
                # The id belongs to the key's context, and must be there before the digest begins.
                self._check(quick.EVP_PKEY_CTX_set1_id(of_key, USER_ID, len(USER_ID)))
                quick.EVP_MD_CTX_set_pkey_ctx(context, of_key)
                self._check(begin(context, None, self._sm3, None, handle.pointer))
                yield context
            finally:
                quick.EVP_MD_CTX_free(context)

    def _transformed(self, transform: Callable[..., int], context: int, content: bytes) -> bytes:
        size = c_size_t()
        self._check(transform(context, None, byref(size), content, len(content)))
        buffer = ctypes.create_string_buffer(size.value)
        self._check(transform(context, buffer, byref(size), content, len(content)))
        return buffer.raw[: size.value]

    def _check(self, returned: int) -> int:
        if returned <= 0:
            # Python's `ssl` may use the same library, and would find our errors in its queue.
            self._quick.ERR_clear_error()
            raise EngineError("a function of libcrypto failed")
        return returned

    def _pointer(self, returned: int | None) -> int:
        return self._check(returned or 0)


class _Handle:
    """A key of libcrypto, which is freed with this object."""

    __slots__ = ("__weakref__", "pointer")

    def __init__(self, pointer: int, free: Callable[[int], object]) -> None:
        self.pointer = pointer
        # Not at the end of the program, which unloads the library anyway.
        weakref.finalize(self, free, pointer).atexit = False


def _declared(library: Any, functions: Mapping[str, _Signature]) -> Any:
    for name, (returns, takes) in functions.items():
        function = getattr(library, name)
        function.restype, function.argtypes = returns, takes
    return library
