"""APIv3 signatures: what is signed, how it is written, and that nothing forged is believed."""

from __future__ import annotations

import base64
import hashlib
import string
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.credentials.platform_keys import PlatformKeys, load_platform_keys
from wechatpay_chain.crypto import rsa
from wechatpay_chain.errors import SignatureError, SignatureProbe
from wechatpay_chain.http.headers import Headers
from wechatpay_chain.wire import v3

PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
NOW = 1_700_000_000
NONCE = "C1BA4FAD0E4A4B5F9B7A7D0A1F3C2E11"
BODY = '{"code_url":"weixin://wxpay/bizpayurl?pr=张三"}'.encode()

# Made with the openssl command line: printf '1700000000\n<nonce>\n<body>\n' | openssl dgst -sha256 -sign ... | base64
OPENSSL_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAlAnQWkaSseQwvugHRTaP
mErxWlSfYuiLJb8B94bnXXsb/mnYjrw86FmEy/zhgDbXbvTqvSOBSIX13wzIVwXv
cvU3aMEAMnmNfP6hQyoYF7Q/9Fkb/1wGzogFkxIsPxLjKh1JCBIcAYBkDBtTaygp
MCLi2z+ex5+7vW9Q5VrEDYUVsU3B00pqNvL3dr9IsCFsXEJeJj1csSJb+R3qpYvX
akOG78dGSt8lNYcouP6x3PIfb6hZ1DX60XtNnNDO0O77FrnSg/149Wd8fRQWUCsm
HDB9V+wS8LwR1cGX9aExZGCZkUt6xsD0DBjQ9U4SSw2ekojt5KDvO+VHkiLv3/V3
IQIDAQAB
-----END PUBLIC KEY-----"""
OPENSSL_SIGNATURES = {
    BODY: "Rann/P9pSqjlZgpmxxFV0B6LDIMPTmpcr85y26Yt/II5wWU+ssvZonhpnD2K8xawVK75Hdzm/0n5y6YMlPBVhi1hDEptnTimwfsqlFs13"
    "HViVbV/8R+7t3IivRyQLk3S54qQEBJk9JEsHVOwd2dSLODyRIAoeO84qsD97gP8g4WzUIiCvdtTdVQ4eiaww29CYhzur6eFTetnn4hxexco133P"
    "9K4OqVWXQmJNmkihiMgXtV0Fz1W1wmyEuxjPCp+8h9FfJY429fmVr5UeBPEd5YG8NFeTQhC9RRXU8SA2z+K7Xn+7WBPt8z9AXmWYsBpPwYkCBpa"
    "4nBo8eHM5QLkU+w==",
    b"": "J08/Lr85jueWmxZxz9MHRmEKxlVpXiwoLQGC6jHOG6veUv9a3GZpvRy8eXEI0WcOr6FFz1vTCkbLYpPrXKGAVW9hXZSCNKJZtLD3ljWhzv7eO"
    "2+zf8szpZ++IdMEO0VNSvGALteAUJA48+9n0XqW9oXYSX9Hpw5r83Vjg878cvm+Yj6HrbxDH8DzwWzbG8dMSBhg+IcyGmaJqLdCVT9Si14j1irVd"
    "v4BOECNmOHcpCKwqv7SEmHOVA7Dnop6A4HjG6S42lgATP4eGkeo/fsEgdNhhxijwtMXeNdOjKzBHDCdXvwrjXjQSJ8EfKwPTL+OhSNDFodTSfrk3"
    "X9DUHZ0rg==",
}


def signed(key: RSAPrivateKey, body: bytes = BODY, **changes: str) -> dict[str, str]:
    """The headers of an answer that `key` signed now."""
    timestamp, nonce = changes.get("timestamp", str(NOW)), changes.get("nonce", NONCE)
    message = f"{timestamp}\n{nonce}\n".encode("utf-8", "surrogatepass") + body + b"\n"
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": changes.get("serial", PUBLIC_KEY_ID),
        "Wechatpay-Signature": base64.b64encode(rsa.sign(key, message)).decode(),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }


class TestMessages:
    def test_request_without_body(self) -> None:
        """The documentation's own example: five lines, each ended by a line feed, the last of them empty."""
        message = v3.request_message("GET", "/v3/certificates", "1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242", b"")
        assert message == b"GET\n/v3/certificates\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n"

    def test_request_with_query_and_body(self) -> None:
        """Target and body stand there byte for byte, a line feed of the body's own included."""
        message = v3.request_message("POST", "/v3/x?a=%2F&b='", "1", "n", '{"名":1}\n'.encode() + b"\xff")
        assert message == b'POST\n/v3/x?a=%2F&b=\'\n1\nn\n{"\xe5\x90\x8d":1}\n\xff\n'

    def test_answer(self) -> None:
        """Three lines, each ended by a line feed; an empty body has its line too."""
        assert v3.answer_message("1554209980", "c5ac7061", b"{}") == b"1554209980\nc5ac7061\n{}\n"
        assert v3.answer_message("1554209980", "c5ac7061", b"") == b"1554209980\nc5ac7061\n\n"

    def test_nonce(self) -> None:
        """32 letters or digits, as the platform allows at least, and never the same."""
        nonces = {v3.make_nonce() for _ in range(100)}
        assert len(nonces) == 100
        assert all(len(nonce) == 32 and not set(nonce) - set(string.ascii_letters + string.digits) for nonce in nonces)


class TestVerify:
    @pytest.mark.parametrize("body", OPENSSL_SIGNATURES)
    def test_signatures_made_with_openssl(self, body: bytes) -> None:
        """What another program signed holds, an empty body's too."""
        keys = load_platform_keys({PUBLIC_KEY_ID: OPENSSL_KEY})
        headers = {
            "Wechatpay-Timestamp": str(NOW),
            "Wechatpay-Nonce": NONCE,
            "Wechatpay-Serial": PUBLIC_KEY_ID,
            "Wechatpay-Signature": OPENSSL_SIGNATURES[body],
        }
        v3.verify(headers, body, keys, NOW)
        with pytest.raises(SignatureError):
            v3.verify(headers, body + b" ", keys, NOW)

    def test_returns_nothing(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys) -> None:
        """Verifying raises or is silent: there is no truth value to be mistaken."""
        assert v3.verify(signed(platform_key), BODY, platform_keys, NOW) is None  # type: ignore[func-returns-value] # that it doesn't is the point

    @pytest.mark.parametrize(
        "serial", [PUBLIC_KEY_ID, "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567", "a1b2c3d4e5f60718293a4b5c6d7e8f901234567"]
    )
    def test_both_kinds_of_serial(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, serial: str) -> None:
        """A public key's identifier and a certificate's serial hold, the latter in any spelling."""
        now = NOW + 100_000_000  # when the certificate is valid
        v3.verify(signed(platform_key, serial=serial, timestamp=str(now)), BODY, platform_keys, now)

    def test_header_names_in_any_case(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys) -> None:
        """Headers that are looked up in any case may be written in any."""
        headers = Headers({name.upper(): value for name, value in signed(platform_key).items()})
        v3.verify(headers, BODY, platform_keys, NOW)

    def test_without_a_signature_type(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys) -> None:
        """Its header is optional."""
        headers = signed(platform_key)
        del headers["Wechatpay-Signature-Type"]
        v3.verify(headers, BODY, platform_keys, NOW)

    @pytest.mark.parametrize("name", ["Timestamp", "Nonce", "Serial", "Signature"])
    @pytest.mark.parametrize("value", [None, ""])
    def test_a_missing_header(
        self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, name: str, value: str | None
    ) -> None:
        """Each of the four, absent or empty, is named, with the likely cause."""
        headers = signed(platform_key) | {f"Wechatpay-{name}": value or ""}
        if value is None:
            del headers[f"Wechatpay-{name}"]
        with pytest.raises(SignatureError, match=f"not signed: Wechatpay-{name} missing.*proxy"):
            v3.verify(headers, BODY, platform_keys, NOW)

    def test_no_header_at_all(self, platform_keys: PlatformKeys) -> None:
        """All four are named."""
        with pytest.raises(SignatureError, match="Timestamp, Wechatpay-Nonce, Wechatpay-Serial, Wechatpay-Signature"):
            v3.verify({}, BODY, platform_keys, NOW)
        assert not v3.is_signed({"Wechatpay-Signature-Type": "x"})
        assert v3.is_signed({"Wechatpay-Serial": "x"})

    @pytest.mark.parametrize("skew", [-300, -299.9, -1, 0, 0.5, 299.9, 300])
    def test_within_five_minutes(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, skew: float) -> None:
        """300 s either way hold."""
        v3.verify(signed(platform_key), BODY, platform_keys, NOW + skew)

    @pytest.mark.parametrize(
        ("skew", "said"),
        [(300.1, "300 s behind"), (301, "301 s behind"), (86400, "86400 s behind"), (-301, "301 s ahead of")],
    )
    def test_beyond_five_minutes(
        self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, skew: float, said: str
    ) -> None:
        """More is refused though the signature is right; the message says by how much and which way."""
        with pytest.raises(SignatureError, match=f"{said}.*NTP"):
            v3.verify(signed(platform_key), BODY, platform_keys, NOW + skew)

    @pytest.mark.parametrize(
        "timestamp",
        [f"{NOW}000", f" {NOW}", f"{NOW}\n", f"+{NOW}", f"{NOW}.0", "1.7e9", f"0x{NOW:x}", "\u0661\u0667", "-1", "1_7",
         "nan", "9" * 5000],
    )  # fmt: skip
    def test_odd_timestamps(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, timestamp: str) -> None:
        """Only decimal digits are seconds, even where the signature covers what is written."""
        with pytest.raises(SignatureError, match=r"timestamp|Timestamp"):
            v3.verify(signed(platform_key, timestamp=timestamp), BODY, platform_keys, NOW)

    @pytest.mark.parametrize("nonce", ["a\nb", "a\rb", "a b", "a\tb", "\x00", "é", "n\n{}", "a, b"])
    def test_nonces_that_move_the_lines(
        self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, nonce: str
    ) -> None:
        """A nonce with a line feed would shift what is body; nothing but printable ASCII is taken."""
        with pytest.raises(SignatureError, match="Wechatpay-Nonce"):
            v3.verify(signed(platform_key, nonce=nonce), BODY, platform_keys, NOW)

    def test_a_body_moved_into_the_nonce(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys) -> None:
        """A right signature over `nonce`, line feed, body can't be presented with the boundary elsewhere."""
        headers = signed(platform_key, body=b'first\n{"state":"SUCCESS"}')
        v3.verify(headers, b'first\n{"state":"SUCCESS"}', platform_keys, NOW)
        with pytest.raises(SignatureError):
            v3.verify(headers | {"Wechatpay-Nonce": f"{NONCE}\nfirst"}, b'{"state":"SUCCESS"}', platform_keys, NOW)

    def test_an_unknown_serial(self, other_key: RSAPrivateKey, platform_keys: PlatformKeys) -> None:
        """The serial is named, so that it can be added, but not at any length."""
        with pytest.raises(SignatureError, match=r"unknown key 'PUB_KEY_ID_9'.*add it to certs"):
            v3.verify(signed(other_key, serial="PUB_KEY_ID_9"), BODY, platform_keys, NOW)
        with pytest.raises(SignatureError) as raised:
            v3.verify(signed(other_key, serial="\n\x1b[31m" + "9" * 10_000), BODY, platform_keys, NOW)
        assert len(str(raised.value)) < 400
        assert str(raised.value).isprintable()

    def test_another_keys_signature(
        self, other_key: RSAPrivateKey, merchant_key: RSAPrivateKey, platform_keys: PlatformKeys
    ) -> None:
        """A known serial with another key's signature doesn't hold, the merchant's own key included."""
        for key in (other_key, merchant_key):
            with pytest.raises(SignatureError, match="does not fit the content"):
                v3.verify(signed(key), BODY, platform_keys, NOW)

    @pytest.mark.parametrize(
        "body",
        [b"", BODY + b"\n", BODY[:-1], b"\xef\xbb\xbf" + BODY, BODY.replace(b":", b": "), BODY.replace(b"w", b"W")],
    )
    def test_an_altered_body(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, body: bytes) -> None:
        """Not a byte may differ, a blank that JSON doesn't mind included."""
        with pytest.raises(SignatureError, match="does not fit the content"):
            v3.verify(signed(platform_key), body, platform_keys, NOW)

    @pytest.mark.parametrize(
        "change", [{"Wechatpay-Timestamp": str(NOW + 1)}, {"Wechatpay-Nonce": NONCE.lower()},
                   {"Wechatpay-Timestamp": f"0{NOW}"}]
    )  # fmt: skip
    def test_altered_headers(
        self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, change: dict[str, str]
    ) -> None:
        """Timestamp and nonce are covered by the signature, as written."""
        with pytest.raises(SignatureError, match="does not fit the content"):
            v3.verify(signed(platform_key) | change, BODY, platform_keys, NOW)

    @given(at=st.integers(0, 255), change=st.integers(1, 255))
    def test_any_altered_byte_of_the_signature(
        self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, at: int, change: int
    ) -> None:
        """No bit of the signature may differ."""
        headers = signed(platform_key)
        raw = bytearray(base64.b64decode(headers["Wechatpay-Signature"]))
        raw[at] ^= change
        headers["Wechatpay-Signature"] = base64.b64encode(raw).decode()
        with pytest.raises(SignatureError):
            v3.verify(headers, BODY, platform_keys, NOW)

    @pytest.mark.parametrize("rest", ["", "x", "AAAA", "W3Vh0000+/==", "W3\n", "签"])
    def test_probes(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, rest: str) -> None:
        """A wrong signature sent on purpose is named so, Base64 or not, and is a SignatureError like others."""
        headers = signed(platform_key) | {"Wechatpay-Signature": f"WECHATPAY/SIGNTEST/{rest}"}
        with pytest.raises(SignatureProbe, match="on purpose"):
            v3.verify(headers, BODY, platform_keys, NOW)

    @pytest.mark.parametrize("signature", ["!", "AAA", "张三", "AAAA AAAA", "QUJD\n", "-_-_", "\ud800"])
    def test_no_base64(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, signature: str) -> None:
        """A signature that isn't Base64 is a SignatureError, not an exception of the decoder."""
        with pytest.raises(SignatureError, match="not Base64") as raised:
            v3.verify(signed(platform_key) | {"Wechatpay-Signature": signature}, BODY, platform_keys, NOW)
        assert not isinstance(raised.value, SignatureProbe)

    @pytest.mark.parametrize(
        "kind",
        ["", "WECHATPAY2-SHA1-RSA2048", "WECHATPAY2-SM2-WITH-SM3", "NONE", "wechatpay2-sha256-rsa2048",
         "WECHATPAY-BRAND-SHA256-RSA2048", "WECHATPAY2-SHA256-RSA2048, NONE", "WECHATPAY2-SHA256-RSA2048 "],
    )  # fmt: skip
    def test_another_signature_type(self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys, kind: str) -> None:
        """A right signature under another type's name is refused: nothing can be talked down."""
        with pytest.raises(SignatureError, match="signature type is not"):
            v3.verify(signed(platform_key) | {"Wechatpay-Signature-Type": kind}, BODY, platform_keys, NOW)

    def test_doubled_headers(
        self, platform_key: RSAPrivateKey, other_key: RSAPrivateKey, platform_keys: PlatformKeys
    ) -> None:
        """Two of one header, a right and a forged one, in either order, are refused."""
        right, forged = signed(platform_key), signed(other_key)
        for name in ("Timestamp", "Nonce", "Serial", "Signature"):
            for pair in ((right, forged), (forged, right)):
                items = [(key, value) for key, value in right.items() if key != f"Wechatpay-{name}"]
                items += [(f"Wechatpay-{name}", headers[f"Wechatpay-{name}"]) for headers in pair]
                with pytest.raises(SignatureError):
                    v3.verify(Headers(items), BODY, platform_keys, NOW)

    def test_the_requests_signature_is_no_answers(
        self, platform_key: RSAPrivateKey, platform_keys: PlatformKeys
    ) -> None:
        """A five-line message of the same key can't be passed off as a three-line one."""
        message = v3.request_message("POST", "/v3/x", str(NOW), NONCE, BODY)
        signature = base64.b64encode(rsa.sign(platform_key, message)).decode()
        with pytest.raises(SignatureError):
            v3.verify(signed(platform_key) | {"Wechatpay-Signature": signature}, BODY, platform_keys, NOW)

    @given(
        st.dictionaries(st.sampled_from(sorted([*v3.SIGNED_HEADERS, "Wechatpay-Signature-Type"])), st.text()),
        st.binary(),
    )
    def test_arbitrary_answers(self, platform_keys: PlatformKeys, headers: dict[str, str], body: bytes) -> None:
        """Whatever comes, nothing but a SignatureError is raised, and nothing is believed."""
        complete = {
            "Wechatpay-Timestamp": str(NOW),
            "Wechatpay-Nonce": NONCE,
            "Wechatpay-Serial": PUBLIC_KEY_ID,
            "Wechatpay-Signature": "QUJD",
        }
        for given_headers in (headers, complete | headers):
            with pytest.raises(SignatureError):
                v3.verify(given_headers, body, platform_keys, NOW)


class TestStatements:
    CONTENT = b"date,amount\n2026-01-01,1\n"
    DIGEST = hashlib.sha1(CONTENT).hexdigest()

    @pytest.mark.parametrize("spell", [str.lower, str.upper])
    def test_the_digest_is_what_is_signed(self, spell: Callable[[str], str]) -> None:
        """The header's value, as it is written there, stands in for the content."""
        stated = spell(self.DIGEST)
        headers = {"Wechatpay-Statement-Sha1": stated}
        assert v3.statement_body(headers, self.CONTENT) == f'{{"sha1":"{stated}"}}'.encode()

    @pytest.mark.parametrize("stated", [None, "", DIGEST[:-1], f" {DIGEST}", f'{DIGEST}","x":"'])
    def test_another_content(self, stated: str | None) -> None:
        """A missing header, or one that isn't the digest of the content, is refused."""
        headers = {} if stated is None else {"Wechatpay-Statement-Sha1": stated}
        with pytest.raises(SignatureError, match="Wechatpay-Statement-Sha1"):
            v3.statement_body(headers, self.CONTENT)
        with pytest.raises(SignatureError):
            v3.statement_body({"Wechatpay-Statement-Sha1": self.DIGEST}, self.CONTENT + b"\n")
