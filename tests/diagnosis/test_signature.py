"""Keys, their names, and clocks: which of them explains a signature that doesn't hold."""

import pytest

from wechatpay_chain.diagnosis import signature

OURS = "PUB_KEY_ID_0119000001092026010100000000000001"
CERTIFICATE = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"


def test_the_key_under_another_name_is_proven() -> None:
    """Where another key of ours made the signature, the error says what its name must be."""
    cause = signature.other_key("B", {"A": 1, "B": 2}, lambda key: key == 1)
    assert cause is not None
    assert (cause.name, cause.certainty) == ("key-misnamed", "proven")
    assert "'A'" in cause.text
    assert "'B'" in cause.remedy


def test_the_key_of_the_name_itself_is_no_other() -> None:
    """The key that was tried already is not tried again, however its name is spelt."""
    assert signature.other_key("ab", {"AB": 1}, lambda _: True) is None


@pytest.mark.parametrize(
    ("serial", "name"),
    [
        (OURS[:-1] + "2", "key-name-mangled"),
        (OURS[:-8], "key-name-mangled"),
        (OURS.removeprefix("PUB_KEY_ID_"), "key-name-mangled"),
        (OURS.lower(), "key-name-mangled"),
        ("PUB_KEY_ID_0119000002222025030500000000000009", "key-of-another-merchant"),
        (CERTIFICATE, "key-certificate-missing"),
        ("forged", "key-unknown"),
    ],
)
def test_unknown_names(serial: str, name: str) -> None:
    """An unknown name is a slip of the pen, another merchant's, the other kind of key, or nothing that is known."""
    assert signature.unknown_name(serial, (OURS,))[0].name == name


def test_a_public_key_where_only_certificates_are() -> None:
    """A merchant who was switched to the public key is told to add it."""
    cause = signature.unknown_name(OURS, (CERTIFICATE,))[0]
    assert (cause.name, " pub_key.pem " in cause.remedy) == ("key-public-key-missing", True)


def test_the_merchant_of_a_key() -> None:
    """A key whose name holds another merchant's number is that merchant's."""
    cause = signature.unknown_name(OURS, (), mchid="1900000222")[0]
    assert (cause.name, cause.certainty) == ("key-of-another-merchant", "likely")
    assert "1900000109" in cause.text


@pytest.mark.parametrize(
    ("ahead", "date_ahead", "name", "certainty"),
    [
        (400, 400, "clock-skewed", "proven"),
        (-4000, -3990, "clock-skewed", "proven"),
        (-4000, 2, "message-old", "likely"),
        (-4000, None, "message-old", "possible"),
        (400, None, "clock-skewed", "likely"),
    ],
)
def test_clocks(ahead: float, date_ahead: float | None, name: str, certainty: str) -> None:
    """The Date of an answer tells a wrong clock from an old message; the seconds are named."""
    cause = signature.clock(ahead, date_ahead)
    assert (cause.name, cause.certainty) == (name, certainty)
    assert name == "message-old" or f"{abs(ahead)} s" in cause.text
