"""Bodies that aren't those that were signed: what happened to them is undone, and proven by the signature."""

import base64
import gzip
import html
import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.diagnosis.body import causes

ENVELOPE: dict[str, Any] = {
    "id": "5b4c1f0e-0000-5000-8000-000000000001",
    "create_time": "2026-11-20T10:00:00+08:00",
    "resource_type": "encrypt-resource",
    "event_type": "TRANSACTION.SUCCESS",
    "summary": "支付成功",
    "resource": {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": "q8v+Gd/1" * 12,
        "associated_data": "transaction",
        "nonce": "abcdefghijkl",
    },
}
RAW = orjson.dumps(ENVELOPE)


def compact(value: object, **options: Any) -> bytes:
    """JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), **options).encode()


def picked(value: dict[str, Any], names: str) -> dict[str, Any]:
    """The members in another order."""
    return {name: value[name] for name in names.split()}


FASTJSON = picked(ENVELOPE, "summary event_type create_time resource resource_type id") | {
    "resource": picked(ENVELOPE["resource"], "associated_data ciphertext original_type nonce algorithm")
}
MODEL = picked(ENVELOPE, "id create_time event_type resource_type summary resource") | {
    "resource": picked(ENVELOPE["resource"], "algorithm ciphertext associated_data original_type nonce")
}


def multipart(body: bytes) -> bytes:
    """The body as a part of a form."""
    return b'--x1\r\nContent-Disposition: form-data; name="body"\r\n\r\n' + body + b"\r\n--x1--\r\n"


PROVEN: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "json.dumps": ("body-rewritten", lambda raw: json.dumps(json.loads(raw)).encode()),
    "indented": ("body-rewritten", lambda raw: orjson.dumps(orjson.loads(raw), option=orjson.OPT_INDENT_2)),
    "escaped as ASCII": ("body-rewritten", lambda raw: json.dumps(json.loads(raw), separators=(",", ":")).encode()),
    "PHP's slashes": ("body-rewritten", lambda raw: raw.replace(b"/", b"\\/")),
    "sorted": ("body-reordered", lambda _: compact(ENVELOPE, sort_keys=True)),
    "sorted and indented": ("body-reordered", lambda _: json.dumps(ENVELOPE, sort_keys=True, indent=1).encode()),
    "fastjson's order": ("body-reordered", lambda _: compact(FASTJSON)),
    "a model's order": ("body-reordered", lambda _: compact(MODEL)),
    "byte order mark": ("body-bom", lambda raw: b"\xef\xbb\xbf" + raw),
    "GBK": ("body-utf-8", lambda raw: raw.decode().encode("gbk")),
    "UTF-16 with its mark": ("body-utf-8", lambda raw: raw.decode().encode("utf-16")),
    "UTF-16 without": ("body-utf-8", lambda raw: raw.decode().encode("utf-16-le")),
    "decoded as Latin-1": ("body-utf-8", lambda raw: raw.decode("latin-1").encode()),
    "Base64": ("body-base64", base64.b64encode),
    "Base64 in lines": ("body-base64", base64.encodebytes),
    "Base64 for URLs": ("body-base64", lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=")),
    "Base64 in quotes": ("body-base64", lambda raw: b'"' + base64.b64encode(raw) + b'"'),
    "hexadecimal": ("body-hex", lambda raw: raw.hex().encode()),
    "gzip": ("body-packed", gzip.compress),
    "a form": ("body-form", lambda raw: quote_plus(raw).encode() + b"="),
    "percent-encoded": ("body-form", lambda raw: quote(raw).encode()),
    "a form's field": ("body-form", lambda raw: urlencode({"data": raw}).encode()),
    "multipart": ("body-multipart", multipart),
    "HTML": ("body-html", lambda raw: html.escape(raw.decode()).encode()),
    "repr of bytes": ("body-repr", lambda raw: repr(raw).encode()),
    "repr of text": ("body-repr", lambda raw: repr(raw.decode()).encode()),
    "str of a dict": ("body-repr", lambda raw: str(json.loads(raw)).encode()),
    "str of a sorted dict": ("body-repr", lambda _: str(dict(sorted(ENVELOPE.items()))).encode()),
    "a JSON string": ("body-json-string", lambda raw: json.dumps(raw.decode()).encode()),
    "an escaped JSON string": ("body-json-string", lambda raw: json.dumps(raw.decode())[1:-1].encode()),
    "a gateway's event": ("body-wrapped", lambda raw: compact({"httpMethod": "POST", "body": raw.decode()})),
    "a gateway's event in Base64": (
        "body-wrapped",
        lambda raw: compact({"body": base64.b64encode(raw).decode(), "isBase64Encoded": True}),
    ),
    "an object around it": ("body-wrapped", lambda raw: compact({"data": json.loads(raw)})),
    "chunks": ("body-chunked", lambda raw: b"a\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (raw[:10], len(raw) - 10, raw[10:])),
    "twice": ("body-twice", lambda raw: raw + raw),
    "blanks for plus signs": ("body-blanks", lambda raw: raw.replace(b"+", b" ")),
    "a line end behind": ("body-line-ends", lambda raw: raw + b"\n"),
    "blanks before": ("body-line-ends", lambda raw: b" \r\n" + raw),
}


@pytest.mark.parametrize("case", PROVEN)
def test_undone_and_proven(case: str) -> None:
    """Where undoing it makes the signature fit, the cause has its name and is proven."""
    name, change = PROVEN[case]
    found = causes(change(RAW), RAW.__eq__)
    assert [(cause.name, cause.certainty) for cause in found] == [(name, "proven")]
    assert "signature fits" in str(found[0])


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("body-empty", b""),
        ("body-empty", b" \r\n"),
        ("body-cut-off", RAW[:-40]),
        ("body-resource-alone", compact(ENVELOPE["resource"])),
        ("body-decrypted", b'{"out_trade_no":"1","trade_state":"SUCCESS"}'),
        ("body-utf-8", RAW.replace("支付成功".encode(), "\ufffd\ufffd".encode())),
        ("body-utf-8", RAW.replace("支付成功".encode(), b"????")),
        ("body-rewritten", json.dumps(ENVELOPE).encode()),
        ("body-reordered", compact(FASTJSON)),
        ("body-base64", base64.b64encode(RAW)),
    ],
)
def test_traces_without_proof(name: str, body: bytes) -> None:
    """Where no undoing helps, a trace still names the cause, and says that it isn't sure."""
    found = causes(body, lambda _: False)
    assert found[0].name == name
    assert found[0].certainty != "proven"
    assert found[0].remedy


def test_an_untouched_body_is_not_blamed() -> None:
    """A body as the platform writes it gives no cause: the key is to be looked at."""
    assert causes(RAW, lambda _: False) == ()


@pytest.mark.parametrize("body", [b"a=b", b"hello", b"OK", b"#", b"callback"])
def test_short_texts_are_not_taken_for_packed_ones(body: bytes) -> None:
    """Deflate without a head can begin in any text; what holds nothing isn't packed."""
    assert "body-packed" not in [cause.name for cause in causes(body, lambda _: False)]


def test_an_answer_in_its_own_order_is_not_blamed() -> None:
    """Only envelopes have a known order; an answer's members may come in any."""
    assert causes(b'{"b":1,"a":2}', lambda _: False) == ()


@given(
    st.one_of(
        st.binary(max_size=200), st.text(max_size=100).map(str.encode), st.sampled_from([RAW[i:] for i in range(40)])
    )
)
def test_nothing_is_proven_of_a_forgery(body: bytes) -> None:
    """Of a body that no signature fits, nothing is proven, and nothing breaks."""
    assert all(cause.certainty != "proven" for cause in causes(body, lambda _: False))


@given(
    st.recursive(
        st.none() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner)
    )
)
def test_trials_are_few(value: object) -> None:
    """The signature is tried 40 times at most, whatever the body is."""
    tried: list[bytes] = []

    def fits(body: bytes) -> bool:
        tried.append(body)
        return False

    causes(orjson.dumps({"body": value, "x": [str(number) * 200 for number in range(200)]}), fits)
    assert len(tried) <= 40


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b'{"a":{"id":1,"resource":' + b"[" * 500 + b"]" * 500 + b"}}",
        b"{'a':" * 900 + b"1" + b"}" * 900,
        b"{'a':" + b"-" * 90_000 + b"1}",
        b"{'a':" + b"(" * 90_000,
        b"{'a': {1, 2j}, b'c': " + b"9" * 5000 + b"}",
        b'"\\ud800"',
        b'{"body":"\\ud800{"}',
        b'{"resource":' * 1000 + b"1" + b"}" * 1000,
        b"&quot;&#" + b"1" * 5000 + b";",
    ],
)
def test_a_forgery_breaks_nothing(body: bytes) -> None:
    """What is nested too deeply, too big or no text gives causes that aren't proven, and no error of Python's own."""
    assert all(cause.certainty != "proven" for cause in causes(body, lambda _: False))


@pytest.mark.parametrize("repeated", ["-", "not ", "lambda:", "[0]", "1j+", "1 if 1 else "])
def test_a_forgery_ends_no_process(repeated: str) -> None:
    """Python's own reader of `repr` uses up the stack of a thread for an expression: it is shown none."""
    code = f"""
import threading
from wechatpay_chain.diagnosis.body import causes
body = b"{{'a':1" + b"{repeated}" * (90_000 // len("{repeated}")) + b"1}}"
threading.stack_size(256 * 1024)
thread = threading.Thread(target=causes, args=(body, lambda _: False))
thread.start()
thread.join()
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("start", "repeated"),
    [
        (b"", b"1\r\nX\r\n"),
        (b"", b"0\r\n"),
        (b"", b"1;a\r\nX\r\n"),
        (b"HTTP/", b"1"),
    ],
)
def test_the_time_grows_with_the_body(start: bytes, repeated: bytes) -> None:
    """A body takes as much longer as it is longer, and not the square of that."""

    def seconds(times: int) -> float:
        def once() -> float:
            started = time.process_time()
            causes(start + repeated * times, lambda _: False)
            return time.process_time() - started

        return min(once() for _ in range(5))

    assert seconds(96_000 // len(repeated)) < 24 * seconds(12_000 // len(repeated))


def test_many_small_values_are_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python isn't asked to read the text of a list of thousands, which takes it long."""
    read: list[str] = []
    monkeypatch.setattr("ast.literal_eval", read.append)
    causes(b"{'a':[" + b"0," * 40_000 + b"0]}", lambda _: False)
    assert read == []


def test_long_bodies_are_left_alone() -> None:
    """A body that is longer than any that is worth the time is not looked into."""
    assert causes(b"{" * 200_000, RAW.__eq__) == ()
