"""Bills: fetched, opened, and read without a float."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain import (
    ConfigurationError,
    DecodeError,
    DecryptionError,
    Request,
    Response,
    SignatureError,
    WeChatPay,
    bills,
)
from wechatpay_chain.crypto import rsa
from wechatpay_chain.crypto.hashing import hasher
from wechatpay_chain.emulator import Emulator, KeyPair
from wechatpay_chain.emulator.products.files import BILL
from wechatpay_chain.errors import type_of
from wechatpay_chain.files.bill_rows import Rows

FUND_FLOW = (
    "记账时间,微信支付业务单号,业务名称,收支金额(元),账户结余(元),资金变更提交申请人,备注\r\n"
    "`2026-01-01 08:00:00,`W1,`交易,`0.29,`100.29,`系统,`茶,咖啡\r\n"
    "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n"
    "`1,`1,`0.29,`0,`0.00\r\n"
)


def content(path: Path) -> bytes:
    """What a file holds."""
    return path.read_bytes()


def names(folder: Path) -> list[str]:
    """The files of a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("kind", ["trade", "fund_flow", "profit_sharing"])
async def test_fetch(emulator: Emulator, wxpay: WeChatPay, kind: Any, tmp_path: Path) -> None:
    """One call applies for the bill of a day, downloads and unpacks it."""
    path = await bills.fetch(wxpay, kind, date(2026, 1, 1), to=tmp_path / "bill.csv")
    assert content(path) == BILL
    applied, downloaded = list(emulator.calls)[-2:]
    assert (applied.path, applied.query["bill_date"]) == (bills.KINDS[kind], "2026-01-01")
    assert downloaded.query["tartype"] == "gzip"


async def test_fetch_a_statement(emulator: Emulator, wxpay: WeChatPay, tmp_path: Path) -> None:
    """An overseas statement is the answer itself, whose digest is signed."""
    path = await bills.fetch(wxpay, "statement", date(2026, 1, 1), to=tmp_path / "s.csv", mchid="1")
    assert content(path) == BILL
    assert emulator.calls[-1].query["date"] == "20260101"


@pytest.mark.parametrize("day", ["2026-01-01", datetime(2026, 1, 1, tzinfo=UTC), None, 20260101])
@pytest.mark.parametrize("kind", ["trade", "statement"])
async def test_fetch_takes_a_date(wxpay: WeChatPay, tmp_path: Path, kind: Any, day: Any) -> None:
    """Text and moments, whose day depends on the place, are refused before anything is sent."""
    with pytest.raises(ConfigurationError, match=rf"^day: {type_of(day)} was found\. Give a date"):
        await bills.fetch(wxpay, kind, day, to=tmp_path / "x")


@pytest.mark.parametrize("source", [StringIO("a"), None, ["x"]])
def test_read_takes_a_path_or_bytes(source: Any) -> None:
    """Anything else in the bill's place is told by its type."""
    with (
        pytest.raises(ConfigurationError, match=rf"^source: {type_of(source)} was found\. Give the path"),
        bills.read(source),
    ):
        pass


async def test_fetch_names_the_kinds(wxpay: WeChatPay, tmp_path: Path) -> None:
    """An unknown kind is answered with the known ones."""
    with pytest.raises(ConfigurationError, match="trade, fund_flow"):
        await bills.fetch(wxpay, cast("Any", "all"), date(2026, 1, 1), to=tmp_path / "x")


@pytest.mark.parametrize(
    ("path", "algorithm"),
    [*((path, "AEAD_AES_256_GCM") for path in bills.ENCRYPTED), *((path, "SM4_GCM") for path in bills.ENCRYPTED[:2])],
)
async def test_encrypted_bills(emulator: Emulator, wxpay: WeChatPay, path: str, algorithm: str, tmp_path: Path) -> None:
    """The part's key is opened with the merchant's key, the part with its key, and then it is unpacked and checked."""
    params: dict[str, Any] = {"bill_date": "2026-01-01", "account_type": "BASIC", "sub_mchid": "1", "service_id": "500"}
    if path == bills.ENCRYPTED[1]:
        params = {"bill_date": "2026-01-01", "account_type": "ALL"}
    if path == bills.ENCRYPTED[2]:
        params = {"bill_date": "2026010100", "service_id": "500"}
    name = "encryption_algorithm" if path == bills.ENCRYPTED[2] else "algorithm"
    if algorithm != "AEAD_AES_256_GCM":
        params[name] = algorithm
    to = await bills.fetch_encrypted(wxpay, path, to=tmp_path / "bill.csv", **params)
    assert content(to) == BILL
    assert names(tmp_path) == ["bill.csv"]
    assert [call.query[name] for call in emulator.calls if name in call.query] == [algorithm]


async def test_an_unknown_algorithm(emulator: Emulator, wxpay: WeChatPay, tmp_path: Path) -> None:
    """It is named before anything is sent."""
    with pytest.raises(ConfigurationError, match="AEAD_AES_256_GCM, SM4_GCM"):
        await bills.fetch_encrypted(wxpay, bills.ENCRYPTED[1], to=tmp_path / "x", algorithm="ROT13")
    assert not emulator.calls


async def test_a_key_that_is_elsewhere(emulator: Emulator, merchant_pair: KeyPair, tmp_path: Path) -> None:
    """A client that signs through a `Signer` has no key to open bills with: it is given with the call, or asked for."""

    class Remote:
        async def sign(self, message: bytes) -> bytes:
            return rsa.sign(merchant_pair.rsa_key, message)

    wxpay = WeChatPay(**emulator.credentials(private_key=Remote()), transport=emulator)
    params: dict[str, Any] = {"bill_date": "2026-01-01", "account_type": "ALL"}
    path = bills.ENCRYPTED[1]
    to = await bills.fetch_encrypted(wxpay, path, to=tmp_path / "x", private_key=merchant_pair.private_key, **params)
    assert content(to) == BILL
    with pytest.raises(ConfigurationError, match="private_key"):
        await bills.fetch_encrypted(wxpay, path, to=tmp_path / "y", **params)
    assert names(tmp_path) == ["x"]


def parts_of(emulator: Emulator, contents: list[bytes]) -> tuple[Any, list[dict[str, Any]]]:
    """A transport that answers with encrypted parts, the last first, and what it says of them."""
    listed: list[dict[str, Any]] = []
    files: dict[str, bytes] = {}
    for number, plain in enumerate(contents, 1):
        secret, nonce = f"{number:032d}", f"{number:016d}"
        files[f"token={number}"] = AESGCM(secret.encode()).encrypt(nonce.encode(), plain, b"")
        digest = hasher("SHA1")
        digest.update(plain)
        listed.insert(
            0,
            {
                "bill_sequence": number,
                "download_url": f"https://api.mch.weixin.qq.com/v3/billdownload/file?token={number}",
                "encrypt_key": secret,
                "nonce": nonce,
                "hash_type": "SHA1",
                "hash_value": digest.hexdigest(),
            },
        )

    @emulator.on("GET", bills.ENCRYPTED[1])
    def apply(call: Any) -> dict[str, Any]:
        return {"download_bill_count": len(listed), "download_bill_list": listed}

    async def transport(request: Request) -> Response[Any]:
        if request.query in files:
            return Response(status=200, content=files[request.query], request=request)
        return await emulator(request)

    return transport, listed


async def fetched(emulator: Emulator, transport: Any, to: Path) -> bytes:
    """The bill that a transport answers with."""
    wxpay = WeChatPay(**emulator.credentials(), transport=transport)
    params: dict[str, Any] = {"bill_date": "2026-01-01", "account_type": "ALL"}
    return content(await bills.fetch_encrypted(wxpay, bills.ENCRYPTED[1], to=to, **params))


async def test_parts_are_joined_in_order(emulator: Emulator, tmp_path: Path) -> None:
    """However they are listed, the parts follow one another by their numbers; an empty one is fine."""
    transport, _ = parts_of(emulator, [b"1" * 700_000, b"", b"3"])
    assert await fetched(emulator, transport, tmp_path / "x") == b"1" * 700_000 + b"3"


@pytest.mark.parametrize(
    ("member", "value", "error"),
    [
        ("hash_value", "0" * 40, SignatureError),
        ("nonce", "1" * 16, DecryptionError),
        ("nonce", "", DecryptionError),
        ("encrypt_key", "AAAA", DecryptionError),
    ],
)
async def test_a_part_that_cannot_be_opened(
    emulator: Emulator, tmp_path: Path, member: str, value: str, error: type[Exception]
) -> None:
    """A wrong digest, nonce or key leaves no file, and the error is the part's own."""
    transport, listed = parts_of(emulator, [b"1", b"2"])
    listed[0][member] = value
    with pytest.raises(error):
        await fetched(emulator, transport, tmp_path / "x")
    assert names(tmp_path) == []


async def test_encrypted_bills_need_parts_and_a_folder(emulator: Emulator, tmp_path: Path) -> None:
    """Another operation, and a folder that isn't there, are named."""
    transport, _ = parts_of(emulator, [b"1"])
    with pytest.raises(ConfigurationError, match="cannot be written"):
        await fetched(emulator, transport, tmp_path / "missing" / "x")
    wxpay = WeChatPay(**emulator.credentials(), transport=emulator)
    with pytest.raises(ConfigurationError, match="holds no parts"):
        await bills.fetch_encrypted(wxpay, "/v3/profitsharing/bills", to=tmp_path / "x", bill_date="2026-01-01")


def test_rows_and_summary(tmp_path: Path) -> None:
    """Rows are dicts without backticks, amounts are Decimals, counts are numbers, the summary stands apart."""
    path = tmp_path / "bill.csv"
    path.write_bytes(BILL)
    with bills.read(path) as rows:
        first, second = rows
        assert rows.summary == {
            "总交易单数": 2,
            "应结订单总金额": Decimal("10.29"),
            "退款总金额": Decimal("0.00"),
            "手续费总金额": Decimal("0.06000"),
            "订单总金额": Decimal("10.29"),
        }
    assert first["订单金额"] == Decimal("0.29")
    assert (first["费率"], first["商户订单号"], first["交易时间"]) == ("0.60%", "A1", "2026-01-01 08:00:00")
    assert second["手续费"] == Decimal("0.06")
    assert not [value for row in (first, second) for value in row.values() if isinstance(value, float)]


def test_fen() -> None:
    """In fen amounts are whole numbers, 0.29 yuan is 29; only a fraction of a fen stays a Decimal."""
    with bills.read(FUND_FLOW.encode(), fen=True) as rows:
        (row,) = rows
    assert (row["收支金额(元)"], row["账户结余(元)"], row["备注"]) == (29, 10029, "茶,咖啡")
    assert type(row["收支金额(元)"]) is int
    assert rows.summary is not None
    assert (rows.summary["收入笔数"], rows.summary["收入金额"]) == (1, 29)
    assert bills.fen(Decimal("0.0006")) == Decimal("0.06")


@pytest.mark.parametrize("yuan", [0.29, 29, "0.29", None, True])
def test_what_is_no_amount(yuan: Any) -> None:
    """Of anything but an exact amount no fen are made: of 0.29 as a float they would be 28.999999999999996."""
    with pytest.raises(ConfigurationError, match=r"^yuan: .* was found\. Give a Decimal"):
        bills.fen(yuan)


def test_a_bill_without_rows() -> None:
    """A day without payments has columns and a summary."""
    with bills.read("交易时间,订单金额\r\n总交易单数,总金额\r\n`0,`0.00\r\n".encode()) as rows:
        assert list(rows) == []
    assert (rows.columns, rows.summary) == (("交易时间", "订单金额"), {"总交易单数": 0, "总金额": Decimal("0.00")})


def test_plain_csv() -> None:
    """A bill without backticks and summary, quoted where it must be, is read too."""
    with bills.read(b'Trade time,Amount,Memo\n2026-01-01,1.50,"a, b"\n') as rows:
        assert list(rows) == [{"Trade time": "2026-01-01", "Amount": Decimal("1.50"), "Memo": "a, b"}]
    assert rows.summary is None


SUMS = "总交易单数,订单总金额\r\n`{count},`{total}\r\n"


@pytest.mark.parametrize(
    "bill",
    [
        "a,a\n`1,`2\n",
        "a\n`1\nb,b\n`1,`2\n",
        "交易时间\n`1\n总交易单数\n",
        "交易时间\n`1\n总交易单数\n`1\n`2\n",
        "订单金额\n总交易单数\n`1.5\n",
        "交易时间,订单金额\n`2026-01-01 08:00:00,`1.00\n",
        b"",
        b"\r\n\r\n",
        b"\xff\xfe",
        b"a\n`\xff",
    ],
)
def test_what_is_no_bill(bill: str | bytes) -> None:
    """Names twice, half of the sums or none, sums that are none, an empty file and other bytes are a DecodeError."""
    with pytest.raises(DecodeError), bills.read(bill if isinstance(bill, bytes) else bill.encode()) as rows:
        list(rows)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("<xml><return_code>FAIL</return_code><return_msg>No Bill Exist</return_msg></xml>", "No Bill Exist"),
        ("\ufeff<xml><return_msg>签名错误</return_msg></xml>\r\n", "签名错误"),
        ('{"code":"NO_STATEMENT_EXIST","message":"账单不存在"}', "NO_STATEMENT_EXIST, 账单不存在"),
        ("<!DOCTYPE html><html><body>504</body></html>", "a page"),
        ('{"code": "\\u001b[31mX"}', r"\\x1b"),
        ("[]", "something else"),
        ('{"cut', "something else"),
    ],
)
def test_a_refusal_is_never_an_empty_bill(content: str, told: str) -> None:
    """What stands in a bill's place is an error that shows what the platform says, control characters escaped."""
    with pytest.raises(DecodeError, match=told), bills.read(content.encode()) as rows:
        list(rows)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("`2026-01-01 08:00:00", "1 values for 2"),
        ("`2026-01-01 08:00:00,`1.00,`x", "3 values for 2"),
        ("`2026-01-01 08:00:00,`1e5", "no amount"),
        ("`2026-01-01 08:00:00,`1.00\r\nmore", "no amount"),
    ],
)
def test_an_odd_row_is_told_and_the_others_are_read(row: str, reason: str) -> None:
    """A doubtful row is left out, with its line, its text and the reason; the sums tell that something is missing."""
    good = "`2026-01-01 09:00:00,`2.00"
    bill = f"交易时间,订单金额\r\n{good}\r\n{row}\r\n{good}\r\n"
    if "1 values" in reason:
        # The row that follows could be a part of it.
        bill = f"交易时间,订单金额\r\n{good}\r\n{good}\r\n{row}\r\n"
    with bills.read((bill + SUMS.format(count=3, total="5.00")).encode()) as rows:
        assert [found["订单金额"] for found in rows] == [Decimal("2.00")] * 2
        (doubtful,) = rows.doubtful
        assert reason in doubtful.reason
        assert doubtful.text == row.replace("\r\n", "\n")
        assert doubtful.line == bill.split("\r\n").index(row.split("\r\n", maxsplit=1)[0]) + 1
        assert rows.differences == {"总交易单数": (3, 2), "订单总金额": (Decimal("5.00"), Decimal("4.00"))}
        assert not rows.is_complete


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"<xml>\n  <return_msg><![CDATA[No Bill Exist]]></return_msg>\n  <error_code>20002</error_code>\n</xml>",
            "No Bill Exist, 20002",
        ),
        (b'\r\n{\n  "code": "NO_AUTH",\n  "message": "no"\n}\n', "NO_AUTH, no"),
        (b"<html>\n<head>\n<title>\n  502 Bad Gateway</title></head>\n</html>", "502 Bad Gateway"),
        (gzip.compress(b"<xml><return_msg>No Bill Exist</return_msg></xml>", mtime=0), "No Bill Exist"),
        (b"<html>" + b"<title" * 100_000 + b"\n", "a page"),
        (b"PK\x03\x04xl/worksheets", "zip archive or an Excel file: unpack it"),
        ("交易时间".encode("utf-16"), "UTF-16"),
        (gzip.compress(b"a", mtime=0)[:-9] + bytes(9), "damaged"),
        (gzip.compress(FUND_FLOW.encode(), mtime=0)[:-20], "cut off"),
        (b"a" * 2_000_000, "longer than"),
    ],
)
def test_what_stands_in_a_bills_place_is_named(content: bytes, told: str) -> None:
    """A refusal or a page over several lines or packed, and files of other kinds, are told for what they are."""
    with pytest.raises(DecodeError, match=told), bills.read(content) as rows:
        list(rows)


@pytest.mark.parametrize(
    "form",
    [
        gzip.compress,
        lambda bill: gzip.compress(bill[:50]) + gzip.compress(bill[50:]),
        lambda bill: bill.decode().encode("gb18030"),
        lambda bill: gzip.compress(bill.decode().encode("gbk")),
        lambda bill: b"\xef\xbb\xbf" + bill,
        lambda bill: bill.replace(b"\r\n", b"\n"),
        lambda bill: bill.replace("`茶,咖啡".encode(), '"`茶,咖啡"'.encode()),
    ],
    ids=["gzip", "gzip-members", "gbk", "gbk-gzip", "bom", "lf", "quoted"],
)
def test_forms_in_which_people_have_bills(tmp_path: Path, form: Callable[[bytes], bytes]) -> None:
    """Packed, in GBK as Excel saves it, with quotes around a comma: all are read alike, from a file or bytes."""
    content = form(FUND_FLOW.encode())
    (tmp_path / "bill").write_bytes(content)
    for source in (content, tmp_path / "bill"):
        with bills.read(source) as rows:
            (row,) = rows
        assert (row["收支金额(元)"], row["备注"], rows.is_complete) == (Decimal("0.29"), "茶,咖啡", True)


def test_english_columns() -> None:
    """The sums of a bill with English names are typed too."""
    bill = (
        "Trade time,Order number,Amount\r\n`2026-01-01 08:00:00,`A1,`1.50\r\n"
        "Total transactions,Total amount\r\n`1.0,`1.50\r\n"
    )
    with bills.read(bill.encode()) as rows:
        assert [row["Amount"] for row in rows] == [Decimal("1.50")]
    assert rows.summary is not None
    assert rows.summary == {"Total transactions": 1, "Total amount": Decimal("1.50")}
    assert isinstance(rows.summary["Total transactions"], int)


def test_what_the_callers_block_raises_is_left_alone() -> None:
    """An error of the caller's own, while a bill is open, isn't called one of the bill."""
    with pytest.raises(FileExistsError), bills.read(BILL):
        raise FileExistsError


def test_sums_that_fit() -> None:
    """Where the rows add up to the bill's sums, nothing differs; a fund flow bill adds up by direction."""
    with bills.read(BILL) as rows:
        list(rows)
        assert rows.differences == {}
    flow = FUND_FLOW.replace("业务名称", "业务名称,收支类型").replace("`交易", "`交易,`收入")
    with bills.read(flow.encode()) as rows:
        list(rows)
        assert rows.differences == {}
    with bills.read(flow.replace("`1,`1,`0.29", "`2,`1,`0.30").encode()) as rows:
        list(rows)
        assert rows.differences == {"资金流水总笔数": (2, 1), "收入金额": (Decimal("0.30"), Decimal("0.29"))}


@pytest.mark.parametrize(
    "name", ["a,b", "``a", '"a', "a\rb", "a\x0bb\x85c\u2028d", "=1+1", "总", "a`,b", "a\nb", "a\n总,1\nb", 'a\n"b']
)
def test_values_that_look_like_more(tmp_path: Path, name: str) -> None:
    """Commas, backticks, quotes and line ends are a part of their value, from a file or bytes."""
    row = "`2026-01-01 08:00:00,`{name},`1.00\r\n"
    bill = f"交易时间,商品名称,订单金额\r\n{row.format(name=name)}{SUMS.format(count=1, total='1.00')}".encode()
    (tmp_path / "bill.csv").write_bytes(bill)
    for source in (bill, tmp_path / "bill.csv"):
        with bills.read(source) as rows:
            expected = {"交易时间": "2026-01-01 08:00:00", "商品名称": name, "订单金额": Decimal("1.00")}
            assert list(rows) == [expected]
            assert not rows.doubtful
            assert not rows.differences


@pytest.mark.parametrize(
    "name",
    [
        "a\r\n`2026-01-01 08:00:01,`evil,`9999.00",
        "a\r\n`2026-01-01 08:00:01,`evil",
        "a\r\n`2026-01-01 08:00:01,`evil,`9999.00\r\nb",
        "a\r\n`2026-01-01 08:00:01,`evil,`9999.00\r\n`2026-01-01 08:00:02,`b",
        "a,`b",
        "a\r\n总交易单数\r\n`1\r\n`2026-01-01 08:00:01,`x",
    ],
)
def test_a_value_adds_no_row(name: str) -> None:
    """A name that looks like a row of its own makes a doubt, and never a row."""
    good = "`2026-01-01 09:00:00,`tea,`2.00\r\n"
    bill = f"交易时间,商品名称,订单金额\r\n{good}`2026-01-01 08:00:00,`{name},`1.00\r\n"
    with bills.read((bill + SUMS.format(count=2, total="3.00")).encode()) as rows:
        assert [row["商品名称"] for row in rows] == ["tea"]
        assert len(rows.doubtful) == 1
        assert rows.differences


@pytest.mark.parametrize("text", [b"\0" * 4096, b"ok", b"502 Bad Gateway\n", b"hello\nworld\n", b"\xef\xbb\xbfok"])
def test_a_text_without_columns(text: bytes) -> None:
    """A file of zeros, as a crash of the machine leaves it, and a word in the bill's place are no bill without rows."""
    with bills.read(text) as rows, pytest.raises(DecodeError, match="names no columns"):
        list(rows)


def test_a_file_that_is_not_there() -> None:
    """It is named."""
    with pytest.raises(ConfigurationError, match="cannot be read"), bills.read("/nonexistent/bill.csv"):
        pass


VALUES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="`\x85")).map(str.strip)


@given(
    names=st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=5, unique=True),
    data=st.data(),
)
def test_rows_come_back(names: list[str], data: st.DataObject) -> None:
    """Any texts without backticks, written as the platform writes them, are read back."""
    row = st.lists(VALUES, min_size=len(names), max_size=len(names))
    # One name without rows is no bill: a word may stand in its place.
    written = data.draw(st.lists(row, min_size=1 if len(names) == 1 else 0, max_size=5))
    lines = [",".join(names), *("`" + ",`".join(row) for row in written)]
    assert list(Rows(lines)) == [dict(zip(names, row, strict=True)) for row in written]


@given(
    bill=st.binary()
    | st.text().map(str.encode)
    | st.lists(st.sampled_from(["`", ",", "总", "金额", "\n", '"', "1", "."])).map(
        lambda parts: "".join(parts).encode()
    )
)
def test_fuzzing_finds_only_decode_errors(bill: bytes) -> None:
    """Whatever the bytes, nothing but DecodeError is raised."""
    with suppress(DecodeError), bills.read(bill, fen=True) as rows:
        list(rows)
