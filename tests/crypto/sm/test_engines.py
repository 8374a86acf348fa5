"""Every engine of SM2 against the openssl program, both ways, and which of them is taken."""

from __future__ import annotations

import subprocess
import sys
import weakref
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import openssl_sm
from wechatpay_chain.crypto.sm import engines, files
from wechatpay_chain.crypto.sm.engines import Engine
from wechatpay_chain.crypto.sm.failure import EngineError
from wechatpay_chain.crypto.sm.gmssl import Gmssl
from wechatpay_chain.crypto.sm.keys import SM2PrivateKey, SM2PublicKey
from wechatpay_chain.crypto.sm.libcrypto import Libcrypto, candidates
from wechatpay_chain.crypto.sm.plain import Plain
from wechatpay_chain.errors import ConfigurationError, WeChatPayWarning

ENGINES: list[Engine] = [*engines.libcryptos(), Gmssl(), Plain()]
MESSAGES = [b"", b"message", b"\0" * 70, "金额".encode() * 4000]

each_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key that the openssl program made, with its public half beside it."""
    path = openssl_sm.make_key(tmp_path_factory.mktemp("sm"))
    path.with_name("public.pem").write_bytes(openssl_sm.public_of(path))
    return path


@pytest.fixture(scope="module")
def key(key_file: Path) -> SM2PrivateKey:
    """The same, loaded."""
    return files.private_key(openssl_sm.openssl("pkey", "-in", key_file, "-outform", "DER"))


def test_this_machine_has_all_engines() -> None:
    """The tests below compare libcrypto, GmSSL and plain Python; none of them is left out in silence."""
    assert {engine.name for engine in ENGINES} == {"libcrypto", "gmssl_pyx", "plain Python"}


@each_engine
def test_known_answers(engine: Engine) -> None:
    """Each engine computes what the openssl program did."""
    assert engines.knows_the_answers(engine)


@each_engine
@pytest.mark.parametrize("message", MESSAGES, ids=len)
def test_openssl_verifies(engine: Engine, message: bytes, key: SM2PrivateKey, key_file: Path, tmp_path: Path) -> None:
    """The openssl program finds that our signature fits the message, and no other one."""
    signature = tmp_path / "signature"
    signature.write_bytes(engine.sign(key, message))
    public = key_file.with_name("public.pem")
    assert openssl_sm.verifies(public, message, signature)
    assert not openssl_sm.verifies(public, message + b".", signature)


@each_engine
@pytest.mark.parametrize("message", MESSAGES, ids=len)
def test_signatures_of_openssl(engine: Engine, message: bytes, key: SM2PrivateKey, key_file: Path) -> None:
    """A signature by the openssl program fits its message, and no other one."""
    signature = openssl_sm.sign(key_file, message)
    assert engine.verify(key.public, message, signature)
    assert not engine.verify(key.public, message + b".", signature)


@each_engine
@pytest.mark.parametrize("size", [1, 31, 32, 33, 214, 255, 256, 1000])
def test_openssl_decrypts(engine: Engine, size: int, key: SM2PrivateKey, key_file: Path) -> None:
    """The openssl program reads what we encrypted, and we what it did, short and long."""
    plaintext = b"6222" + b"\xff" * (size - 4) if size > 3 else b"6" * size
    assert openssl_sm.decrypt(key_file, engine.encrypt(key.public, plaintext)) == plaintext
    theirs = openssl_sm.encrypt(key_file.with_name("public.pem"), plaintext)
    assert engine.decrypt(key, theirs) == plaintext


@each_engine
@pytest.mark.parametrize(
    "signature",
    [b"", b"x", b"\x30\x00", bytes.fromhex("3006020100020100"), bytes.fromhex("3006020101020101"), b"\xff" * 72,
     bytes.fromhex("300602010102017f") + b"\0", b"\x30\x80" + b"\0" * 70],
)  # fmt: skip
def test_what_is_no_signature(engine: Engine, signature: bytes, key: SM2PrivateKey) -> None:
    """Anything that is no signature of SM2 doesn't fit, without another error."""
    assert not engine.verify(key.public, b"message", signature)


@each_engine
def test_every_changed_byte_is_seen(engine: Engine, key: SM2PrivateKey) -> None:
    """A ciphertext in which one byte was changed isn't opened, wherever that byte is."""
    ciphertext = engine.encrypt(key.public, b"6222000011112222")
    for position in range(0, len(ciphertext), 7):
        changed = bytearray(ciphertext)
        changed[position] ^= 1
        with pytest.raises(ValueError):
            engine.decrypt(key, bytes(changed))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=st.binary(max_size=300), plaintext=st.binary(min_size=1, max_size=300))
def test_engines_understand_each_other(message: bytes, plaintext: bytes, key: SM2PrivateKey) -> None:
    """What one engine signs or encrypts, every other verifies or decrypts."""
    for one in ENGINES:
        signature, ciphertext = one.sign(key, message), one.encrypt(key.public, plaintext)
        for other in ENGINES:
            assert other.verify(key.public, message, signature)
            assert other.decrypt(key, ciphertext) == plaintext


@each_engine
def test_public_points(engine: Engine, key: SM2PrivateKey) -> None:
    """The public key is computed from the private number."""
    assert engine.public_point(key.secret) == key.public.point


def test_the_best_engine_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """libcrypto, where it knows the answers; then GmSSL; then plain Python, with a warning that names both ways out."""
    chosen = engines.engine.__wrapped__
    assert chosen().name == "libcrypto"
    monkeypatch.setattr(engines, "candidates", lambda: ["libcrypto.so.nowhere"])
    assert chosen().name == "gmssl_pyx"
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    with pytest.warns(WeChatPayWarning, match=r"plain Python.*OpenSSL 3 with SM2.*wechatpay-chain\[sm\]"):
        assert chosen().name == "plain Python"


def test_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even SM3 is there, the error names both ways out."""
    from cryptography.exceptions import UnsupportedAlgorithm

    def missing(*_: bytes) -> bytes:
        raise UnsupportedAlgorithm("sm3")

    monkeypatch.setattr(engines, "candidates", list)
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    monkeypatch.setattr(engines, "sm3", missing)
    with pytest.raises(ConfigurationError, match=r"OpenSSL 3 with SM2.*wechatpay-chain\[sm\]"):
        engines.engine.__wrapped__()


class Liar(Plain):
    """An engine that finds that every signature fits."""

    name = "liar"

    def verify(self, key: object, message: bytes, signature: bytes) -> bool:
        """Always."""
        return True


def test_self_test() -> None:
    """An engine that doesn't refuse a wrong signature isn't taken."""
    assert not engines.knows_the_answers(Liar())


def test_libraries_that_are_none() -> None:
    """A library that isn't there, or isn't libcrypto, is passed over."""
    with pytest.raises(OSError, match="nowhere"):
        Libcrypto("libcrypto.so.nowhere")
    with pytest.raises(AttributeError):
        Libcrypto("libm.so.6")


def test_failures_leave_no_errors_behind(key: SM2PrivateKey) -> None:
    """What libcrypto notes of a failure is cleared: Python's ssl may read the same list."""
    library = next(engines.libcryptos())
    library._quick.ERR_peek_error.restype = __import__("ctypes").c_ulong
    assert not library.verify(key.public, b"message", b"\x30\x00")
    with pytest.raises(ValueError, match="another key"):
        library.decrypt(key, b"\x30\x00")
    with pytest.raises(EngineError):
        library._loaded(library._quick.d2i_PUBKEY, b"nonsense")
    assert library._quick.ERR_peek_error() == 0


def test_keys_are_given_back() -> None:
    """A private key is kept no longer than its owner keeps it; of public ones the last few are."""
    library = Libcrypto(candidates()[0])
    for number in range(1, 200):
        secret = number.to_bytes(32, "big")
        key = SM2PrivateKey(secret, _public(library, secret))
        assert library.verify(key.public, b"message", library.sign(key, b"message"))
        owner = weakref.ref(key)
        del key
        assert owner() is None
    assert not library._privates
    assert library._public.cache_info().currsize == library._public.cache_info().maxsize


def _public(engine: Engine, secret: bytes) -> SM2PublicKey:
    return SM2PublicKey(engine.public_point(secret))


def test_nobody_else_loads_sm() -> None:
    """Who imports the client, or receives notifications, imports nothing of SM."""
    program = (
        "import sys; from wechatpay_chain import WeChatPay, SyncWeChatPay, Webhook, Merchants, Brand; "
        "from wechatpay_chain.emulator import Emulator; "
        "print([name for name in sys.modules if '.sm.' in f'{name}.' or 'gmssl' in name])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout
    assert found.strip() == "[]"
