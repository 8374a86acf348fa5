"""Downloads: signed exactly or not at all, unpacked, checked, and there whole or not at all."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tcp import answering, server
from wechatpay_chain import (
    APIError,
    BadRequest,
    ConfigurationError,
    ConnectionFailed,
    DecodeError,
    Request,
    Response,
    SignatureError,
    SyncWeChatPay,
    WeChatPay,
)
from wechatpay_chain.emulator import Emulator
from wechatpay_chain.emulator.products.files import BILL
from wechatpay_chain.emulator.world.downloads import LIFETIME
from wechatpay_chain.files.content import checked, unpacked
from wechatpay_chain.wire.hosts import check_origin

BILL_PARAMS: Any = {"bill_date": "2026-01-01", "tar_type": "GZIP"}
LINK = "https://api.mch.weixin.qq.com/v3/billdownload/file?token=a%2Fb%7E-_.~!*'()&tartype=gzip"


def recording(requests: list[Request], answer: bytes = BILL, status: int = 200) -> Any:
    """A transport that keeps what it is given."""

    async def transport(request: Request) -> Response[Any]:
        requests.append(request)
        return Response(status=status, content=answer, request=request)

    return transport


def content(path: Path) -> bytes:
    """What a file holds."""
    return path.read_bytes()


def names(folder: Path) -> list[str]:
    """The files of a folder."""
    return [path.name for path in folder.iterdir()]


async def pieces_of(*pieces: bytes) -> AsyncIterator[bytes]:
    """Content that comes in pieces."""
    for piece in pieces:
        yield piece


async def test_a_bill_over_a_socket(emulator: Emulator, wxpay: WeChatPay, tmp_path: Path) -> None:
    """The link's file is unpacked, its digest is that of the unpacked content, and only the file is left."""
    answer = await wxpay.v3.bill.tradebill.get(params=BILL_PARAMS)
    path = await wxpay.download(answer, tmp_path / "bill.csv")
    assert content(path) == BILL
    assert names(tmp_path) == [path.name]
    assert emulator.calls[-1].query["tartype"] == "gzip"


async def test_the_pieces_of_a_bill(wxpay: WeChatPay) -> None:
    """`stream` gives the same, piece by piece, and tells how far it is."""
    heard: list[tuple[int, int | None]] = []
    answer = await wxpay.v3.bill.tradebill.get(params={"bill_date": "2026-01-01"})
    stream = wxpay.stream(answer, progress=lambda received, length: heard.append((received, length)))
    assert b"".join([piece async for piece in stream]) == BILL
    assert heard[-1] == (len(BILL), len(BILL))


def test_the_blocking_client(emulator: Emulator, tmp_path: Path) -> None:
    """The same without `await`; a loop that is left early lets go of the connection."""
    with emulator.listen() as base_url, SyncWeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        answer = wxpay.v3.bill.tradebill.get(params=BILL_PARAMS)
        assert wxpay.download(answer, tmp_path / "bill.csv").read_bytes() == BILL
        assert b"".join(wxpay.stream(answer)) == BILL
        for _ in wxpay.stream(answer):
            break
        assert wxpay.page_url("v2/papay/entrustweb", {"appid": "wx1"}).startswith(base_url)


@pytest.mark.parametrize(
    "url",
    [LINK, LINK.replace("api.mch", "apihk.mch"), LINK.replace("api.mch.weixin.qq.com", "api2.wechatpay.cn")],
)
async def test_the_token_is_signed_as_given(emulator: Emulator, url: str, tmp_path: Path) -> None:
    """Path and query reach the wire and the signature without being written anew, at the link's own host."""
    requests: list[Request] = []
    wxpay = WeChatPay(**emulator.credentials(), transport=recording(requests))
    await wxpay.download(url, tmp_path / "x")
    (request,) = requests
    origin, _, target = url.partition("/v3/")
    assert (request.origin or "https://api.mch.weixin.qq.com", request.target) == (origin, f"/v3/{target}")
    assert "Authorization" in request.headers


@pytest.mark.parametrize(
    "url",
    [
        "https://pay.wechatpay.cn/v3/new-tax-control-fapiao/download?token=t",
        "https://evil.example/v3/billdownload/file?token=t",
        "https://api.mch.weixin.qq.com.evil.example/v3/billdownload/file?token=t",
        "https://api.mch.weixin.qq.com:8443/v3/billdownload/file?token=t",
        "http://api.mch.weixin.qq.com/v3/billdownload/file?token=t",
    ],
)
async def test_a_foreign_host_never_sees_authorization(emulator: Emulator, url: str, tmp_path: Path) -> None:
    """The request goes out without any header of ours but what every browser sends."""
    requests: list[Request] = []
    wxpay = WeChatPay(**emulator.credentials(), transport=recording(requests))
    await wxpay.download({"download_url": url}, tmp_path / "x")
    (request,) = requests
    assert dict(request.headers) == {}
    with pytest.raises(ConfigurationError, match="not an API host"):
        await wxpay.send(Request(method="GET", template="/v3/x", origin=url.partition("/v3")[0]))


async def test_a_foreign_host_on_the_wire(emulator: Emulator, tmp_path: Path) -> None:
    """Byte for byte on the socket: no Authorization, no serial; and a redirect isn't followed."""
    received: list[bytes] = []
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with server(answering(moved, received)) as origin, WeChatPay(**emulator.credentials()) as wxpay:
        with pytest.raises(APIError, match="redirect"):
            await wxpay.download(f"{origin}/file?token=t", tmp_path / "x")
    assert received[0].startswith(b"GET /file?token=t HTTP/1.1\r\n")
    assert b"authorization" not in received[0].lower()
    assert b"wechatpay" not in received[0].lower().replace(b"wechatpay_chain/", b"")


@pytest.mark.parametrize(
    "origin",
    [
        "https://api.mch.weixin.qq.com/",
        "https://api.mch.weixin.qq.com/x",
        "https://api.mch.weixin.qq.com?",
        "https://api.mch.weixin.qq.com#",
        "https://@api.mch.weixin.qq.com",
        "https://api.mch.weixin.qq.com.",
        "https://api.mch.weixin.qq.com:",
        "https://api.mch.weixin.qq.com:443:443",
        " https://api.mch.weixin.qq.com",
        "https://api.mch.weixin.qq.com\n",
        "https://api.mch.wei\txin.qq.com",
        "https://apih\N{KELVIN SIGN}.mch.weixin.qq.com",
        "https://[/x",
        "https://x:99999",
        "api.mch.weixin.qq.com",
    ],
)
def test_an_origin_is_exact(origin: str) -> None:
    """Only `https://host` and `https://host:443` of the platform are signed for; all else is a mistake."""
    with pytest.raises(ConfigurationError, match="not an API host"):
        check_origin(origin)


@pytest.mark.parametrize("origin", ["", "https://api.mch.weixin.qq.com", "https://API2.wechatpay.cn:443"])
def test_an_origin_of_the_platform(origin: str) -> None:
    """The platform's hosts are taken in either spelling, and so is the client's own."""
    check_origin(origin)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://a/b",
        "https://u:p@a/b",
        "https:///b",
        "https://a/../b",
        "https://[/x",
        "https://x:99999/x",
        "https://x:abc/x",
        "https://a\\.b/x",
        "https://bücher.example/x",
        "https://apih\N{KELVIN SIGN}.mch.weixin.qq.com/x",
        "https://" + "a" * 64 + ".example/x",
        "https://@x/x",
        " https://x/x",
        "https://x/x\n",
    ],
)
async def test_no_link(emulator: Emulator, url: str, tmp_path: Path) -> None:
    """What is no link is named before anything is sent."""
    wxpay = WeChatPay(**emulator.credentials(), transport=recording([]))
    with pytest.raises(ConfigurationError):
        await wxpay.download(url, tmp_path / "x")


@pytest.mark.parametrize("answer", [{}, {"download_url": 1}, Response(status=200, content=b"[]"), Response(status=204)])
async def test_an_answer_without_a_link(emulator: Emulator, answer: Any, tmp_path: Path) -> None:
    """An answer that holds no link is named."""
    wxpay = WeChatPay(**emulator.credentials(), transport=recording([]))
    with pytest.raises(ConfigurationError, match="link"):
        await wxpay.download(answer, tmp_path / "x")


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"another", SignatureError),
        (b"", SignatureError),
        (gzip.compress(BILL, mtime=0)[:-5], DecodeError),
        (gzip.compress(BILL, mtime=0)[:-8] + bytes(8), DecodeError),
        (gzip.compress(BILL, mtime=0) + b"more", DecodeError),
        (gzip.compress(BILL, mtime=0) + b"\x1f", DecodeError),
        (gzip.compress(BILL, mtime=0) + gzip.compress(b"more", mtime=0), SignatureError),
        (b"\x1f\x8b\xff", DecodeError),
    ],
)
async def test_what_was_not_announced_is_removed(
    emulator: Emulator, sent: bytes, error: type[Exception], tmp_path: Path
) -> None:
    """A wrong digest and damaged packing leave no file, and an older one as it was."""
    wxpay = WeChatPay(**emulator.credentials(), transport=recording([], sent))
    link = {"download_url": LINK, "hash_type": "SHA1", "hash_value": hashlib.sha1(BILL).hexdigest().upper()}
    (tmp_path / "bill.csv").write_text("older")
    with pytest.raises(error) as caught:
        await wxpay.download(link, tmp_path / "bill.csv")
    assert str(getattr(caught.value, "request", "")) == "GET /v3/billdownload/file"
    assert names(tmp_path) == ["bill.csv"]
    assert content(tmp_path / "bill.csv") == b"older"


@pytest.mark.parametrize("algorithm", ["SHA1", "sha256", "MD5", "SM3"])
async def test_digests(emulator: Emulator, algorithm: str, tmp_path: Path) -> None:
    """Any algorithm of the platform, in any case; a caller may give the digest of a bare link."""
    wxpay = WeChatPay(**emulator.credentials(), transport=recording([]))
    name = algorithm.lower()
    value = hashlib.new(name, BILL).hexdigest() if name != "sm3" else None
    if value is None:
        from wechatpay_chain.crypto.hashing import hasher

        sm3 = hasher("SM3")
        sm3.update(BILL)
        value = sm3.hexdigest()
    path = await wxpay.download(LINK, tmp_path / "x", hash_type=algorithm, hash_value=value.upper())
    assert content(path) == BILL
    with pytest.raises(SignatureError):
        await wxpay.download(LINK, tmp_path / "x", hash_type=algorithm, hash_value=value[::-1])


@pytest.mark.parametrize("by_link", [False, True])
@pytest.mark.parametrize(
    ("hash_type", "hash_value", "said"),
    [
        ("CRC32", "0" * 8, "unknown algorithm 'CRC32'"),
        ("SHA1", "0" * 39, "no SHA1. .* 40 hexadecimal digits"),
        ("SHA1", " " + "0" * 40, "no SHA1"),
        ("SHA1", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "no SHA1"),
        ("sha256", "0" * 40, "no SHA256. .* 64 hexadecimal digits"),
        ("SHA1", "\u0660" * 40, "no SHA1"),
    ],
)
async def test_what_can_be_no_digest(
    emulator: Emulator, tmp_path: Path, hash_type: str, hash_value: str, said: str, by_link: bool
) -> None:
    """A digest of another form or algorithm is a mistake that is told before anything is sent, not a changed file."""
    requests: list[Request] = []
    wxpay = WeChatPay(**emulator.credentials(), transport=recording(requests))
    given: dict[str, Any] = {"hash_type": hash_type, "hash_value": hash_value}
    link: Any = {"download_url": LINK, **given} if by_link else LINK
    with pytest.raises(ConfigurationError, match=said):
        await wxpay.download(link, tmp_path / "x", **({} if by_link else given))
    assert not requests


async def test_a_link_that_was_kept_in_a_database(emulator: Emulator, tmp_path: Path) -> None:
    """A digest that isn't there is None after its way through a database, and its algorithm too: none is compared."""
    wxpay = WeChatPay(**emulator.credentials(), transport=recording([]))
    kept = {"download_url": LINK, "hash_type": None, "hash_value": None}
    assert content(await wxpay.download(kept, tmp_path / "x")) == BILL
    kept["hash_value"] = "0" * 40
    with pytest.raises(SignatureError, match="another SHA1"):
        await wxpay.download(kept, tmp_path / "y")


async def test_a_fresh_link_after_5_minutes(emulator: Emulator, tmp_path: Path) -> None:
    """An expired link of an answer is asked for once more; a bare one says what the platform says."""
    now = [1_790_000_000.0]
    late = Emulator(clock=lambda: now[0], merchant_key=emulator.merchant_key, platform_keys=emulator.platform_keys)
    wxpay = WeChatPay(**late.credentials(), transport=late, clock=lambda: now[0])
    answer = await wxpay.v3.bill.tradebill.get(params=BILL_PARAMS)
    now[0] += LIFETIME + 1
    assert content(await wxpay.download(answer, tmp_path / "bill.csv")) == BILL
    with pytest.raises(APIError, match="过期"):
        await wxpay.download(answer.json(), tmp_path / "bill.csv")


async def test_a_fresh_link_keeps_what_the_caller_gave(emulator: Emulator, tmp_path: Path) -> None:
    """The caller's own digest is compared with what the fresh link leads to as well."""
    now = [1_790_000_000.0]
    late = Emulator(clock=lambda: now[0], merchant_key=emulator.merchant_key, platform_keys=emulator.platform_keys)
    wxpay = WeChatPay(**late.credentials(), transport=late, clock=lambda: now[0])
    answer = await wxpay.v3.bill.tradebill.get(params=BILL_PARAMS)
    now[0] += LIFETIME + 1
    with pytest.raises(SignatureError):
        await wxpay.download(answer, tmp_path / "x", hash_type="SHA256", hash_value="0" * 64)
    digest = hashlib.sha256(BILL).hexdigest()
    assert content(await wxpay.download(answer, tmp_path / "x", hash_type="SHA256", hash_value=digest)) == BILL


async def test_a_path_like_those_of_apiv2(emulator: Emulator, tmp_path: Path) -> None:
    """No link of the platform is one of APIv2; on a foreign host it is a path like any other, and XML is a file."""
    requests: list[Request] = []
    wxpay = WeChatPay(**emulator.credentials(), transport=recording(requests, b"<xml>an invoice</xml>"))
    with pytest.raises(ConfigurationError, match="APIv2"):
        await wxpay.download("https://api.mch.weixin.qq.com/v2/file?token=t", tmp_path / "x")
    assert not requests
    path = await wxpay.download("https://pay.wechatpay.cn/v2/file?token=t", tmp_path / "x")
    assert content(path) == b"<xml>an invoice</xml>"
    assert requests[0].target == "/v2/file?token=t"


async def test_well_packed_content_gives_others_their_turn() -> None:
    """What comes out of one chunk doesn't keep the loop to itself."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    pieces = [len(piece) async for piece in unpacked(pieces_of(gzip.compress(bytes(10**7))))]
    counting.cancel()
    assert sum(pieces) == 10**7
    assert turns >= len(pieces) - 1 > 10


@pytest.mark.parametrize("to", [".", "missing/bill.csv"])
async def test_a_path_that_cannot_be_written(emulator: Emulator, to: str, tmp_path: Path) -> None:
    """A folder, and a folder that isn't there, are named before anything is sent."""
    requests: list[Request] = []
    wxpay = WeChatPay(**emulator.credentials(), transport=recording(requests))
    with pytest.raises(ConfigurationError, match="to: "):
        await wxpay.download(LINK, tmp_path / to)
    assert not requests


async def test_an_overseas_statement(wxpay: WeChatPay, tmp_path: Path) -> None:
    """The signature covers the digest that a header states, and the content has that digest."""
    request = Request(method="GET", template="/v3/global/statements", params={"date": "20260101", "mchid": "1"})
    assert content(await wxpay.download(request, tmp_path / "s.csv")) == BILL


async def test_a_changed_statement(emulator: Emulator, tmp_path: Path) -> None:
    """Content and digest header that don't fit each other, or a digest that wasn't signed, leave no file."""
    request = Request(method="GET", template="/v3/global/statements", params={"date": "20260101", "mchid": "1"})

    def forging(header: str | None) -> Any:
        async def transport(asked: Request) -> Response[Any]:
            answer = await emulator(asked)
            headers = answer.headers.merge({"Wechatpay-Statement-Sha1": header} if header is not None else {})
            stream = Pieces(b"forged")
            return Response(status=200, headers=headers, request=asked, stream=stream)

        return transport

    for header in (None, hashlib.sha1(b"forged").hexdigest(), ""):
        wxpay = WeChatPay(**emulator.credentials(), transport=forging(header))
        with pytest.raises(SignatureError):
            await wxpay.download(request, tmp_path / "s.csv")
    assert not names(tmp_path)


class Pieces:
    """A stream, as transports make them."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self.closed = False

    def __aiter__(self) -> Pieces:
        return self

    async def __anext__(self) -> bytes:
        if not self._pieces:
            raise StopAsyncIteration
        return self._pieces.pop(0)

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize("status", [202, 204, 206])
async def test_a_part_of_a_file_is_no_file(emulator: Emulator, tmp_path: Path, status: int) -> None:
    """A success other than 200, such as a part of the content, is not written as if it were the file."""
    raw = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()

    async with server(answering(raw)) as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        with pytest.raises(DecodeError, match=f"status {status}: that is no whole file"):
            await wxpay.download(f"{base_url}/v3/billdownload/file?token=x", tmp_path / "bill.csv")
    assert not names(tmp_path)


async def test_leaving_early_closes_the_connection(emulator: Emulator) -> None:
    """Whoever leaves the loop lets go of the connection."""
    pieces = Pieces(b"12", b"3")

    async def transport(request: Request) -> Response[Any]:
        return Response(status=200, request=request, stream=pieces)

    wxpay = WeChatPay(**emulator.credentials(), transport=transport)
    async with aclosing(wxpay.stream(LINK)) as stream:
        assert await anext(stream) == b"12"
    assert pieces.closed


async def test_a_connection_that_breaks_off(emulator: Emulator, tmp_path: Path) -> None:
    """A content that ends too early is a ConnectionFailed, and no file."""
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    async with server(answering(cut)) as base_url, WeChatPay(**emulator.credentials(), base_url=base_url) as wxpay:
        with pytest.raises(ConnectionFailed) as caught:
            await wxpay.download(f"{base_url}/v3/billdownload/file?token=t", tmp_path / "x")
    assert str(caught.value.request) == "GET /v3/billdownload/file"
    assert not names(tmp_path)


async def test_apiv2_bills(emulator: Emulator, wxpay: WeChatPay, tmp_path: Path) -> None:
    """A bill of APIv2 is streamed too; XML in its place is a refusal."""
    request = Request(method="POST", template="/v2/pay/downloadbill", xml={"appid": "wx1", "bill_date": "20260101"})
    assert content(await wxpay.download(request, tmp_path / "x")) == BILL
    with pytest.raises(BadRequest, match="bill_date"):
        await wxpay.download(
            Request(method="POST", template="/v2/pay/downloadbill", xml={"appid": "wx1", "bill_date": "2026-01-01"}),
            tmp_path / "y",
        )
    assert names(tmp_path) == ["x"]


async def test_a_refusal_of_apiv2_that_begins_late(emulator: Emulator, tmp_path: Path) -> None:
    """A refusal is no bill, however few of its bytes come first."""

    async def transport(request: Request) -> Response[Any]:
        refusal = b"<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg></xml>"
        return Response(status=200, request=request, stream=Pieces(b"\xef", b"\xbb\xbf", b"\n", b"<", refusal[1:]))

    wxpay = WeChatPay(**emulator.credentials(), transport=transport)
    request = Request(method="POST", template="/v2/pay/downloadbill", xml={"appid": "wx1", "bill_date": "20260101"})
    with pytest.raises(APIError, match="No Bill Exist"):
        await wxpay.download(request, tmp_path / "x")
    assert not names(tmp_path)


async def test_the_longest_file_name(wxpay: WeChatPay, tmp_path: Path) -> None:
    """A name that a file may have is one that a download may have."""
    answer = await wxpay.v3.bill.tradebill.get(params=BILL_PARAMS)
    assert content(await wxpay.download(answer, tmp_path / ("账" * 83 + ".csv"))) == BILL


async def test_complaint_images(emulator: Emulator, tmp_path: Path) -> None:
    """A media_id comes percent-encoded and isn't encoded twice, in a link and in a placeholder."""
    requests: list[Request] = []
    wxpay = WeChatPay(**emulator.credentials(), transport=recording(requests, b"GIF"))
    answer = await wxpay.v3.merchantService.images._media_id_.get(media_id="ChsyMDA%2BA%3D%3D")
    assert answer.content == b"GIF"
    await wxpay.download(
        "https://api.mch.weixin.qq.com/v3/merchant-service/images/ChsyMDA%2BA%3D%3D", tmp_path / "a.gif"
    )
    assert {request.path for request in requests} == {"/v3/merchant-service/images/ChsyMDA%2BA%3D%3D"}


async def test_a_big_bill_costs_little_memory() -> None:
    """Unpacking, however well it was packed, holds a piece at a time."""
    packer = zlib.compressobj(wbits=31)
    packed = b"".join([packer.compress(bytes(10**6)) for _ in range(100)]) + packer.flush()
    digest = hashlib.sha1()
    for _ in range(100):
        digest.update(bytes(10**6))
    tracemalloc.start()
    try:
        async for _ in checked(unpacked(pieces_of(packed)), "SHA1", digest.hexdigest()):
            pass
        assert tracemalloc.get_traced_memory()[1] < 3 * 10**6
    finally:
        tracemalloc.stop()


@given(content=st.binary(max_size=3000), members=st.integers(1, 3), size=st.integers(1, 500))
def test_packed_content_comes_out_as_it_was(content: bytes, members: int, size: int) -> None:
    """In pieces of any size, and packed as several members."""
    packed = b"".join(gzip.compress(content) for _ in range(members))
    pieces = [packed[start : start + size] for start in range(0, len(packed), size)]

    async def collect() -> bytes:
        return b"".join([piece async for piece in unpacked(pieces_of(*pieces))])

    assert asyncio.run(collect()) == content * members


@given(
    pieces=st.lists(st.binary(max_size=40)).map(lambda pieces: [b"\x1f\x8b", *pieces])
    | st.lists(st.binary(max_size=40))
)
def test_any_content_is_handed_on_or_a_decode_error(pieces: list[bytes]) -> None:
    """Whatever comes, nothing but DecodeError is raised, and what isn't packed stays as it is."""

    async def collect() -> bytes:
        return b"".join([piece async for piece in unpacked(pieces_of(*pieces))])

    whole = b"".join(pieces)
    try:
        found = asyncio.run(collect())
    except DecodeError:
        assert whole.startswith(b"\x1f\x8b")
    else:
        assert found == whole or whole.startswith(b"\x1f\x8b")


async def test_a_signed_answer_is_not_streamed_past_its_signature(emulator: Emulator, wxpay: WeChatPay) -> None:
    """An operation whose answers are signed is verified before a piece is handed on."""
    query = Request(
        method="GET",
        template="/v3/marketing/favor/stocks/{stock_id}",
        path="/v3/marketing/favor/stocks/1",
        params={"stock_creator_mchid": "1900000109"},
    )
    assert b"".join([piece async for piece in wxpay.stream(query)]).startswith(b"{")

    async def forging(request: Request) -> Response[Any]:
        answer = await emulator(request)
        return Response(status=200, headers=answer.headers, request=request, stream=Pieces(b"{}"))

    with pytest.raises(SignatureError):
        async for _ in WeChatPay(**emulator.credentials(), transport=forging).stream(query):
            pass


async def test_a_link_to_a_path_that_nobody_knows(emulator: Emulator, tmp_path: Path) -> None:
    """The platform's links may change: an unknown path of its hosts is signed and followed all the same."""
    requests: list[Request] = []
    wxpay = WeChatPay(**emulator.credentials(), transport=recording(requests))
    await wxpay.download("https://api.mch.weixin.qq.com/v3/new/file?token=t", tmp_path / "x")
    assert "Authorization" in requests[0].headers
