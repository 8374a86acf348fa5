"""Serial numbers in the forms that people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.crypto import serials

SERIAL = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567"
NUMBER = int(SERIAL, 16)
PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"


@pytest.mark.parametrize(
    "written",
    [
        SERIAL,
        SERIAL.lower(),
        SERIAL[1:],
        SERIAL[1:].lower(),
        ":".join(SERIAL[at : at + 2] for at in range(0, 40, 2)),
        ":".join(SERIAL[at : at + 2] for at in range(0, 40, 2)).lower(),
        " ".join(SERIAL[at : at + 4] for at in range(0, 40, 4)),
        f"  {SERIAL}\n",
    ],
)
def test_one_serial_in_many_spellings(written: str) -> None:
    """Case, colons, blanks and a lost leading zero make no difference; the platform's own form comes out."""
    assert serials.canonical(written) == SERIAL
    assert serials.key(written) == serials.key(SERIAL)


@pytest.mark.parametrize("written", [PUBLIC_KEY_ID, f" {PUBLIC_KEY_ID}\n", "PUB_KEY_ID_0abc:0"])
def test_public_key_identifiers_stay_whole(written: str) -> None:
    """The prefix, its zeros and its case are kept."""
    assert serials.canonical(written) == written.strip()
    assert serials.key(written) == written.strip()


def test_a_public_key_identifier_is_never_a_serial() -> None:
    """The digits behind the prefix, given without it, are something else."""
    assert serials.key(PUBLIC_KEY_ID) != serials.key(PUBLIC_KEY_ID.removeprefix(serials.PUBLIC_KEY_PREFIX))


@pytest.mark.parametrize(("number", "serial"), [(NUMBER, SERIAL), (5, "5".zfill(40)), (16**40 - 1, "F" * 40)])
def test_from_number(number: int, serial: str) -> None:
    """A certificate's number is 40 capital digits, leading zeros included."""
    assert serials.from_number(number) == serial


@given(st.integers(1, 16**40 - 1), st.booleans(), st.booleans())
def test_any_number_is_found_in_any_spelling(number: int, lower: bool, stripped: bool) -> None:
    """Openssl's spelling, which has an even number of digits, and Python's, which has no leading zero, are one."""
    serial = serials.from_number(number)
    written = f"{number:X}" if stripped else serial
    assert serials.key(written.lower() if lower else written) == serials.key(serial)


@given(st.integers(1, 16**40 - 1), st.integers(1, 16**40 - 1))
def test_two_numbers_are_two_serials(one: int, other: int) -> None:
    """No two certificates share a key."""
    same = serials.key(serials.from_number(one)) == serials.key(serials.from_number(other))
    assert same == (one == other)


@given(st.text())
def test_any_text(serial: str) -> None:
    """Any text has a canonical form, which is its own canonical form."""
    canonical = serials.canonical(serial)
    assert serials.canonical(canonical) == canonical
    assert serials.key(canonical) == serials.key(serial)


@given(st.integers(16**35, 16**40 - 1), st.sampled_from(["{:X}", "{:x}", "{:040X}", " {:X}\n"]), st.booleans())
def test_serials_as_tools_print_them(number: int, spelling: str, colons: bool) -> None:
    """Genuine serials are read in capitals, small letters, with colons, and without their leading zeros."""
    digits = spelling.format(number)
    if colons:
        whole = f"{number:040x}"
        digits = ":".join(whole[at : at + 2] for at in range(0, 40, 2))
    assert serials.is_certificate_serial(digits)
    assert serials.canonical(digits) == f"{number:040X}"


@pytest.mark.parametrize(
    "written",
    [
        str(NUMBER),
        f"0x{SERIAL.lower()}",
        f"serial={SERIAL}",
        f"serialNumber = {SERIAL.lower()}",
        "        Serial Number:\n            " + ":".join(SERIAL[at : at + 2] for at in range(0, 40, 2)).lower(),
        "-".join(SERIAL[at : at + 2] for at in range(0, 40, 2)),
        f'"{SERIAL}"',
        f"'serial={SERIAL}'",
        f"\u200b{SERIAL}",
        f"{SERIAL[:20]}\n{SERIAL[20:]}",
    ],
)
def test_a_serial_that_something_else_wrote(written: str) -> None:
    """What programs, files and chats make of a serial is told in the platform's own digits."""
    assert serials.hexadecimal(written) == SERIAL


@pytest.mark.parametrize("written", ["", "serial=", "1900000109", PUBLIC_KEY_ID, SERIAL + "00", "x" * 40, "0x"])
def test_what_is_no_serial_in_any_form(written: str) -> None:
    """Nothing is made of what can't be a serial."""
    assert serials.hexadecimal(written) is None
