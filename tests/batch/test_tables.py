"""Tables as spreadsheets and people write them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.punishing import PUNISH
from wechatpay_chain import ConfigurationError, WeChatPayWarning
from wechatpay_chain.batch import read_csv
from wechatpay_chain.batch.tables import check_csv, read_checked_csv

REFUNDS = "v3/refund/domestic/refunds"


def test_csv(tmp_path: Path) -> None:
    """Columns become members of the right types, placeholders values; what is no number is told with its column."""
    file = tmp_path / "orders.csv"
    file.write_text("out_refund_no,amount.refund,amount.currency,reason\n1,25,CNY,\n", encoding="utf-8")
    (item,) = read_csv(file, "v3/refund/domestic/refunds")
    assert item.json == {"out_refund_no": "1", "amount": {"refund": 25, "currency": "CNY"}}
    file.write_text("out_trade_no,mchid\nA1,1900000109\n")
    (query,) = read_csv(file, "v3/pay/transactions/out-trade-no/{out_trade_no}", method="GET")
    assert (query.values, query.params) == ({"out_trade_no": "A1"}, {"mchid": "1900000109"})
    assert query.pack()[0] == "A1"
    file.write_text("out_request_no,punish_scene\n1,007\n")
    with pytest.raises(ConfigurationError, match="no integer"):
        list(read_csv(file, PUNISH))


@pytest.mark.filterwarnings("ignore:the catalogue knows no column")  # these are told besides
@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("out_refund_no,amount.refund\n1,1.5\n", r"what stands in the column 'amount\.refund' is no integer"),
        ("out_refund_no,amount.refund\n1,1_0\n", "no integer"),
        ("out_refund_no,amount.refund\n1,true\n", "no integer"),
        ("out_refund_no,goods_detail\n1,no list\n", "no object"),
        ("out_refund_no\n1,2\n", "more cells"),
        ("out_refund_no,new,new.member\n1,x,2\n", "inside of it"),
        ("reason\nx\n", "no number of the merchant's own"),
        ('out_refund_no\n"1\n', "a quote is opened in it, and closed nowhere below"),
        ("out_refund_no\n" + "1" * 200_000, "a cell in it has more than 131072 characters"),
        (b"out_refund_no\n\xff\xff\n", "no text in UTF-8, UTF-16 or GBK"),
    ],
)
def test_a_wrong_table(tmp_path: Path, table: str | bytes, told: str) -> None:
    """What is wrong with a row is told with its line."""
    file = tmp_path / "orders.csv"
    file.write_bytes(table if isinstance(table, bytes) else table.encode())
    with pytest.raises(ConfigurationError, match=rf"line \d of orders\.csv is no item: .*{told}"):
        list(read_csv(file, "v3/refund/domestic/refunds"))


def test_a_wrong_table_shows_no_cell(tmp_path: Path) -> None:
    """Where columns were mixed up, a secret stands in another: what the cell holds isn't told."""
    file = tmp_path / "orders.csv"
    file.write_text("out_request_no,punish_scene,bal_account_no\n1,6222 0000,1\n")
    with pytest.raises(ConfigurationError, match="no integer") as caught:
        list(read_csv(file, PUNISH))
    assert "6222" not in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("6222000011112222", "6222000011112222"),
        ('"=""6222000011112222"""', "6222000011112222"),
        ("'6222000011112222", "6222000011112222"),
        ("\t6222000011112222", "6222000011112222"),
        ("6222000011112222\t", "6222000011112222"),
        ("007", "007"),
        ("1E5", "1E5"),
        ("'tis", "'tis"),
    ],
)
def test_what_keeps_a_spreadsheet_off_is_taken_off(tmp_path: Path, cell: str, number: str) -> None:
    """A number comes as it is, whatever was done to save it from a spreadsheet; other texts stay as they are."""
    file = tmp_path / "orders.csv"
    file.write_text(f"out_refund_no,reason\n{cell},x\n", encoding="utf-8")
    (item,) = read_csv(file, REFUNDS)
    assert item.json["out_refund_no"] == number


@pytest.mark.parametrize("cell", ["6.222E+15", "6.222e+15", "1E+12", '"6,222E+15"'])
@pytest.mark.parametrize("column", ["out_refund_no", "amount.refund"])
def test_a_shortened_number_is_refused(tmp_path: Path, cell: str, column: str) -> None:
    """What a spreadsheet made of a long number has lost its digits: refused with line, column and remedy."""
    file = tmp_path / "orders.csv"
    file.write_text(f"key,{column}\na,1\nb,{cell}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"line 3 .*column '{column}'.*format the column as text"):
        next(read_csv(file, REFUNDS))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_forms_that_spreadsheets_save(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """Chinese text comes right from each encoding, with each mark between the columns, with each end of lines."""
    file = tmp_path / "orders.csv"
    rows = [["out_refund_no", "reason"], ["1", "商品已售完"]]
    file.write_bytes("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    (item,) = read_csv(file, REFUNDS)
    assert item.json == {"out_refund_no": "1", "reason": "商品已售完"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\r\n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"out_refund_no,reason\n", "nothing below it"),
        (b"out_refund_no,out_refund_no\n1,2\n", "two columns of one name"),
        (b"a," * 2000, "2001 columns"),
        ("out_refund_no,reason\n1,x\n".encode("utf-16-le"), "characters of value 0. .*UTF-16 without its mark"),
        (b"out_refund_no,reasn\n1,x\n", "the column 'reasn' is misspelt: write 'reason'"),
        (b"out_refund_no,amount.refnd,Reason\n1,1,x\n", r"'amount.refund'.*\nthe column 'Reason' is misspelt: .*'$"),
    ],
)
def test_a_table_is_checked_before_its_first_row(tmp_path: Path, content: bytes, told: str) -> None:
    """An empty table, and all columns that are misspelt, are told before an item is handed out."""
    file = tmp_path / "orders.csv"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=told):
        next(read_csv(file, REFUNDS))


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Each row with a mistake is told with its line, and no row before it is handed out."""
    file = tmp_path / "orders.csv"
    file.write_text("out_refund_no,amount.refund\n1,1\n2,x\n3,1\n4,1.5\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"2 mistakes were found, the first: line 3 of .*\nline 5 of [^\n]*$"):
        next(read_csv(file, REFUNDS))


def test_what_the_catalogue_requires(tmp_path: Path) -> None:
    """A missing column is named once, and each row with an empty cell by its line, together with all other mistakes."""
    file = tmp_path / "orders.csv"
    rows = "".join(f"{number},1900000109,1\n" for number in range(50))
    file.write_text(f"out_request_no,mchid,punish_scene\n{rows}x,,1\ny,1900000109,z\n")
    with pytest.raises(ConfigurationError, match=r"\nline 52 .*'mchid'.*\nline 53 .*no integer$") as caught:
        next(read_csv(file, PUNISH, complete=True))
    assert str(caught.value).count("the column 'bal_account_no' is missing") == 1
    assert len(list(read_csv_without_last(file))) == 51


def read_csv_without_last(file: Path) -> list[Any]:
    """The items of a table without its last row, whether they are complete or not."""
    file.write_text("\n".join(file.read_text().splitlines()[:-1]))
    return list(read_csv(file, PUNISH))


def test_many_mistakes_are_counted(tmp_path: Path) -> None:
    """Of many mistakes the first are named, and the others counted."""
    file = tmp_path / "orders.csv"
    file.write_text("out_refund_no,amount.refund\n" + "".join(f"{number},x\n" for number in range(500)))
    told = r"500 mistakes were found, the first: line 2 of [\s\S]*\nline 21 .*\nand 480 more$"
    with pytest.raises(ConfigurationError, match=told) as caught:
        next(read_csv(file, REFUNDS))
    assert not any("line 22 " in note for note in caught.value.__notes__)


@pytest.mark.parametrize(
    ("table", "line"),
    [('out_refund_no\nA\n"B\n1\n2\n', 3), ('out_refund_no\nA\n"B\nC"x\n', 3), ('"A\n', 1)],
)
def test_the_line_of_a_row_that_cannot_be_read(tmp_path: Path, table: str, line: int) -> None:
    """A row with a wrong quote is told with the line that it begins in."""
    file = tmp_path / "t.csv"
    file.write_text(table)
    with pytest.raises(ConfigurationError, match=rf"line {line} of t\.csv is no item"):
        next(read_csv(file, REFUNDS))


def test_a_column_that_nobody_knows_is_sent(tmp_path: Path) -> None:
    """A field may be newer than the catalogue: it is sent, with a warning; one of an unknown operation without."""
    file = tmp_path / "orders.csv"
    file.write_text("out_refund_no,brand_new_field\n1,x\n", encoding="utf-8")
    with pytest.warns(WeChatPayWarning, match="brand_new_field"):
        (item,) = read_csv(file, REFUNDS)
    assert item.json["brand_new_field"] == "x"
    (item,) = read_csv(file, "v3/new/operation")
    assert item.json["brand_new_field"] == "x"


@pytest.mark.parametrize(
    "table",
    [
        "out_refund_no,reason,,\n1,x,,\n",
        "out_refund_no,reason\n1,x,,\n",
        "out_refund_no,,reason\n1,,x\n",
        "out_refund_no,reason\n,\n1,x\n,\n,,,\n\n \t,\n",
    ],
    ids=["names", "cells", "between", "rows"],
)
def test_what_spreadsheets_leave_empty_is_left_out(tmp_path: Path, table: str) -> None:
    """Nameless columns and rows with nothing in them are no part of a table."""
    file = tmp_path / "orders.csv"
    file.write_text(table)
    assert [item.json for item in read_csv(file, REFUNDS)] == [{"out_refund_no": "1", "reason": "x"}]


def test_a_value_in_a_nameless_column(tmp_path: Path) -> None:
    """It is refused with its place, rather than left out; and rows that are all empty are an empty table."""
    file = tmp_path / "orders.csv"
    file.write_text("out_refund_no,,reason\n1,5,x\n")
    with pytest.raises(ConfigurationError, match=r"line 2 .*column 2 has no name"):
        next(read_csv(file, REFUNDS))
    file.write_text("out_refund_no,reason\n,\n,,\n")
    with pytest.raises(ConfigurationError, match="nothing below it"):
        next(read_csv(file, REFUNDS))


@pytest.mark.parametrize("cell", ["6222000011112222.0", "13800138000.00", '"1900000109,0"'])
@pytest.mark.parametrize("column", ["out_refund_no", "key"])
def test_a_number_written_as_a_decimal_one_is_refused(tmp_path: Path, cell: str, column: str) -> None:
    """What a program made of a column with gaps in it (`.0`) is refused; a short decimal text is a text."""
    file = tmp_path / "orders.csv"
    file.write_text(f"{column},reason\n1,1.0\n{cell},x\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"line 3 .*column '{column}'.*column as text"):
        next(read_csv(file, REFUNDS))
    file.write_text(f"{column},reason\n1,1.0\n", encoding="utf-8")
    assert next(read_csv(file, REFUNDS)).json["reason"] == "1.0"


def test_a_number_in_two_rows(tmp_path: Path) -> None:
    """With other content it is refused before anything is handed out; the same row twice is one item twice."""
    file = tmp_path / "orders.csv"
    file.write_text("out_refund_no,reason\n1,x\n2,x\n1,y\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"line 4 .*the number '1' stands in an earlier row"):
        next(read_csv(file, REFUNDS))
    file.write_text("out_refund_no,reason\n1,x\n1,x\n", encoding="utf-8")
    first, second = read_csv(file, REFUNDS)
    assert first == second


@pytest.mark.parametrize("name", ["fee", "kev2", "no", "ref"])
def test_a_short_name_is_no_misspelling(tmp_path: Path, name: str) -> None:
    """Two wrong letters of three leave another word: the column is sent, with the warning of unknown ones."""
    file = tmp_path / "orders.csv"
    file.write_text(f"out_refund_no,{name}\n1,2\n", encoding="utf-8")
    with pytest.warns(WeChatPayWarning, match="knows no column"):
        (item,) = read_csv(file, REFUNDS)
    assert item.json[name] == "2"


CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(
    lambda text: not text.startswith(("'", '="', "\ufeff")) and "E+" not in text.upper()
)


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_texts_come_back(rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any texts written by a CSV library come back as they were."""
    written = io.StringIO()
    csv.writer(written).writerows([("key", "a", "b"), *((f"k{n}", *row) for n, row in enumerate(rows))])
    file: Path = tmp_path_factory.mktemp("table") / "x.csv"
    file.write_bytes(written.getvalue().encode())
    found: list[Any] = [item.json for item in read_csv(file, "v3/new/operation")]
    assert found == [{"a": a, "b": b} for a, b in rows]


def test_a_table_is_checked_and_read_at_once(tmp_path: Path) -> None:
    """`check_csv` hands out good rows with their lines, and raises behind the last what is wrong with the others."""
    file = tmp_path / "t.csv"
    file.write_text("out_request_no,punish_scene\nA,1\n\nB,x\nC,1\nA,2\n")
    read: list[tuple[str, int | None]] = []
    with pytest.raises(ConfigurationError, match=r"line 4 of .*\nline 6 of .*'A' stands in an earlier row"):
        read.extend((item.key, item.line) for item in check_csv(file, PUNISH))
    assert read == [("A", 2), ("C", 5)]


def test_a_table_that_changed_after_it_was_checked(tmp_path: Path) -> None:
    """A row that is no item any more is named with its line when it is read."""
    file = tmp_path / "t.csv"
    file.write_text("out_request_no,punish_scene\nA,1\nB,1\n")
    assert [item.key for item in check_csv(file, PUNISH)] == ["A", "B"]
    items = read_checked_csv(file, PUNISH)
    file.write_text("out_request_no,punish_scene\nA,1\nB,x\n")
    assert next(items).key == "A"
    with pytest.raises(
        ConfigurationError, match=r"line 3 of t\.csv is no item: what stands in the column 'punish_scene'"
    ):
        next(items)
