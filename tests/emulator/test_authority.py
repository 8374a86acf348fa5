"""The emulator's own authority: a client that trusts it gets https, and it vouches for nobody else."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from wechatpay_chain import ConfigurationError, WeChatPay
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.authority import CERTIFICATE, Authority
from wechatpay_chain.emulator.private_files import write_private


async def test_https(emulator: Emulator, tmp_path: Path) -> None:
    """A client that trusts the authority calls by https; one that doesn't, doesn't."""
    import aiohttp

    context = Authority.of(tmp_path).context(tmp_path)
    trusting = ssl.create_default_context(cafile=tmp_path / CERTIFICATE)
    trusting.verify_flags |= getattr(ssl, "VERIFY_X509_STRICT", 0)
    async with emulator.listen(tls=context) as base_url:
        assert base_url.startswith("https://127.0.0.1:")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session:
            client = WeChatPay(**emulator.credentials(), base_url=base_url, session=session)
            echo = await client.v3.security.echo.post(json={"echo_message": "a", "encrypted_echo_message": "b"})
            assert echo.status == 200
            await client.aclose()
        async with aiohttp.ClientSession() as stranger:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await stranger.get(base_url)


def test_kept(tmp_path: Path) -> None:
    """It is made once, is readable by its owner only, and vouches for this machine alone."""
    made = Authority.of(tmp_path)
    assert Authority.of(tmp_path).certificate == made.certificate
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}
    limits = made.certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert limits.value.permitted_subtrees is not None
    assert "private" not in repr(made).lower()


def test_files_that_two_emulators_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that writes a file while another does leaves its own, whole, and nothing beside it."""
    replace, file = Path.replace, tmp_path / "emulator.json"

    def after_another(part: Path, to: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        write_private(file, "another's")
        return part.replace(to)

    monkeypatch.setattr(Path, "replace", after_another)
    write_private(file, "mine")
    assert [(left.name, left.read_text()) for left in tmp_path.iterdir()] == [("emulator.json", "mine")]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_damaged(tmp_path: Path) -> None:
    """A damaged one is named, with the remedy."""
    Authority.of(tmp_path)
    (tmp_path / CERTIFICATE).write_text("nothing")
    with pytest.raises(ConfigurationError, match="is damaged"):
        Authority.of(tmp_path)
