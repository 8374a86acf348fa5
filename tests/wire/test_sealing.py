"""Secret fields: found wherever they are, encrypted, and decrypted when they come back."""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wechatpay_chain.crypto.rsa import is_ciphertext
from wechatpay_chain.errors import ConfigurationError, DecryptionError
from wechatpay_chain.http.secret import Secret
from wechatpay_chain.wire.body import encode_json
from wechatpay_chain.wire.sealing import Mark, field_tree, seal, unseal

PLAIN = "6222000011112222"
CIPHERTEXT = base64.b64encode(bytes(range(256))).decode()


class Kind(str, Enum):  # noqa: UP042 - the kind that mixes str in
    CARD = PLAIN


class Group(Enum):
    ONE = {"name": PLAIN}  # noqa: RUF012 - an enumeration's value
    TEXT = PLAIN


class Pair(NamedTuple):
    name: str
    amount: int


@dataclass
class Receiver:
    name: Any
    tags: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Order:
    number: str
    receivers: tuple[Receiver, ...]


def mark(plaintext: str, pointer: str) -> str:
    """A ciphertext that a test can read."""
    return f"<{len(plaintext)}@{pointer}>"


def sealed(payload: Any, *paths: str) -> Any:
    """A payload with these fields sealed."""
    return seal(payload, field_tree(paths), mark, "json")


def test_field_tree() -> None:
    """Field paths become nested mappings; array marks add no level."""
    secret = Mark.SECRET
    tree = field_tree(["a", "b.c", "b.d[].e", "f[]"])
    assert tree == {"a": secret, "b": {"c": secret, "d": {"e": secret}}, "f": secret}
    assert field_tree([]) == {}


@pytest.mark.parametrize(
    ("payload", "paths", "expected"),
    [
        ({"name": "张三", "x": 1}, ["name"], {"name": "<2@json/name>", "x": 1}),
        ({"a": {"b": {"c": "x"}}}, ["a.b.c"], {"a": {"b": {"c": "<1@json/a/b/c>"}}}),
        ({"l": [{"n": "x", "m": "y"}, {"m": "z"}]}, ["l[].n"], {"l": [{"n": "<1@json/l/0/n>", "m": "y"}, {"m": "z"}]}),
        ({"l": ["x", "yy"]}, ["l[]"], {"l": ["<1@json/l/0>", "<2@json/l/1>"]}),
        ({"l": [["x"], [["y"]]]}, ["l"], {"l": [["<1@json/l/0/0>"], [["<1@json/l/1/0/0>"]]]}),
        ({"l": ({"n": "x"},)}, ["l[].n"], {"l": [{"n": "<1@json/l/0/n>"}]}),
        ([{"n": "x"}, {"n": "y"}], ["n"], [{"n": "<1@json/0/n>"}, {"n": "<1@json/1/n>"}]),
        ({"n": ""}, ["n"], {"n": "<0@json/n>"}),
        ({"n": None, "o": None}, ["n", "o.p"], {"n": None, "o": None}),
        ({"other": {"n": "x"}}, ["n"], {"other": {"n": "x"}}),
        ({"a": {"n": "x"}, "n": "y"}, ["a.n"], {"a": {"n": "<1@json/a/n>"}, "n": "y"}),
        ({}, ["a.b"], {}),
        ({"n": Kind.CARD}, ["n"], {"n": "<16@json/n>"}),
        ({"n": Group.TEXT}, ["n"], {"n": "<16@json/n>"}),
        ({"g": Group.ONE}, ["g.name"], {"g": {"name": "<16@json/g/name>"}}),
    ],
)
def test_marked_fields(payload: Any, paths: list[str], expected: Any) -> None:
    """Marked fields are encrypted at any depth, in arrays, tuples and enumerations; nothing else is."""
    assert sealed(payload, *paths) == expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"a": Secret("x")}, {"a": "<1@json/a>"}),
        ({"a": {"b": [1, Secret("x"), {"c": Secret("yy")}]}},
         {"a": {"b": [1, "<1@json/a/b/1>", {"c": "<2@json/a/b/2/c>"}]}}),
        ([Secret("x")], ["<1@json/0>"]),
        ((Secret("x"), "y"), ["<1@json/0>", "y"]),
        (MappingProxyType({"a": Secret("x")}), {"a": "<1@json/a>"}),
        (Receiver(Secret("x"), [Secret("yy")]), {"name": "<1@json/name>", "tags": ["<2@json/tags/0>"]}),
        ({"o": Order("1", (Receiver(Secret("x")),))},
         {"o": {"number": "1", "receivers": [{"name": "<1@json/o/receivers/0/name>", "tags": []}]}}),
    ],
)  # fmt: skip
def test_secrets_anywhere(payload: Any, expected: Any) -> None:
    """A Secret is encrypted wherever it stands, marked or not, in containers of every kind."""
    assert sealed(payload) == expected


def test_a_secret_in_a_marked_field_is_encrypted_once() -> None:
    """Marking what is marked makes no difference."""
    assert sealed({"n": Secret("x"), "l": [Secret("x"), "y"]}, "n", "l[]") == {
        "n": "<1@json/n>",
        "l": ["<1@json/l/0>", "<1@json/l/1>"],
    }


def test_dataclasses_are_looked_into() -> None:
    """A marked field of a dataclass is encrypted, a dataclass's class is left to the serialiser's refusal."""
    order = Order("1", (Receiver("张三", ["a"]), Receiver("李四")))
    assert sealed(order, "receivers[].name") == {
        "number": "1",
        "receivers": [
            {"name": "<2@json/receivers/0/name>", "tags": ["a"]},
            {"name": "<2@json/receivers/1/name>", "tags": []},
        ],
    }
    assert sealed({"a": Receiver}) == {"a": Receiver}


@pytest.mark.parametrize("value", [1, 1.5, True, b"x", {"a": "b"}, {}, Receiver("x"), {1}, object(), ["x", 5]])
def test_a_marked_field_that_is_no_text(value: Any) -> None:
    """A number or an object can't be encrypted as it is: refused by place and type, before anything is sent."""
    with pytest.raises(ConfigurationError, match="a secret field holds a") as raised:
        sealed({"l": [{"n": value}]}, "l[].n")
    assert raised.value.argument.startswith("json/l/0/n")


@pytest.mark.parametrize(
    "value",
    [json.dumps({"name": PLAIN}), orjson.Fragment(json.dumps({"name": PLAIN})), json.dumps({"name": PLAIN}).encode(), 5,
     [json.dumps({"name": PLAIN})], Group.TEXT, object()],
)  # fmt: skip
def test_what_cannot_be_looked_into(value: Any) -> None:
    """Serialised JSON in place of an object with secret fields would take them past the encryption: refused."""
    with pytest.raises(ConfigurationError, match="where an object with secret fields belongs") as raised:
        sealed({"contact": value}, "contact.name")
    assert PLAIN not in str(raised.value)


@pytest.mark.parametrize("place", ["", "l", "name", "t"])
def test_a_named_tuple(place: str) -> None:
    """A named tuple would go out as a list, without the names by which secrets are found: refused, marked or not."""
    pair: Any = Pair(PLAIN, 1)
    payload = {"": pair, "l": {"l": [pair]}, "name": {"name": pair}, "t": {"t": pair}}[place]
    with pytest.raises(ConfigurationError, match=r"a Pair, a named tuple\. Give its _asdict\(\)") as raised:
        sealed(payload, "name")
    assert raised.value.argument == {"": "json", "l": "json/l/0"}.get(place, f"json/{place}")
    assert PLAIN not in str(raised.value)
    assert sealed({"l": [pair._asdict()]}) == {"l": [{"name": PLAIN, "amount": 1}]}


def test_a_payload_that_contains_itself() -> None:
    """A cycle is refused, not followed for ever."""
    loop: dict[str, Any] = {"n": "x"}
    loop["a"] = [loop]
    with pytest.raises(ConfigurationError, match="contains itself"):
        sealed(loop, "n")


NAMES = st.sampled_from(["name", "card", "list", "x", "y"])
LEAVES = (
    st.just(PLAIN)
    | st.builds(Secret, st.just(PLAIN))
    | st.integers(0, 9)
    | st.text("ab", max_size=3)
    | st.sampled_from([True, Kind.CARD])
)
PAYLOADS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(NAMES, inner, max_size=4)
        | st.dictionaries(NAMES, inner, max_size=4).map(MappingProxyType)
        | st.builds(Receiver, inner, st.lists(inner, max_size=2))
    ),
    max_leaves=15,
)
MARKS = st.lists(st.sampled_from(["name", "card", "list[].name", "list[]", "x.name", "x.y.card", "y[].list[].name"]))


def plain_copy(value: Any) -> Any:
    """A payload as plain JSON values, a star for every Secret."""
    if isinstance(value, Secret):
        return "*"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [plain_copy(item) for item in value]
    if isinstance(value, dict | MappingProxyType):
        return {name: plain_copy(item) for name, item in value.items()}
    if isinstance(value, Receiver):
        return {"name": plain_copy(value.name), "tags": plain_copy(value.tags)}
    return value


def same_shape(left: Any, right: Any) -> bool:
    """Whether two payloads differ in texts at most."""
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same_shape(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_shape, left, right))
    return (isinstance(left, str) and isinstance(right, str)) or left == right


@given(PAYLOADS, MARKS)
def test_structure_is_kept_and_no_secret_stays(payload: Any, paths: list[str]) -> None:
    """Whatever is sealed has its shape, no Secret, and nothing of the caller's was changed."""
    before = copy.deepcopy(plain_copy(payload))
    try:
        result = sealed(payload, *paths)
    except ConfigurationError:
        assert paths
    else:
        assert same_shape(result, before)
        assert "Secret" not in repr(result)
    assert plain_copy(payload) == before


@settings(max_examples=30)
@given(st.recursive(
    st.builds(Secret, st.just(PLAIN)) | st.integers(0, 9),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner) | st.builds(Receiver, inner) | st.tuples(inner),
))  # fmt: skip
def test_no_plaintext_in_the_encoded_body(payload: Any) -> None:
    """Where every text is a Secret, the bytes that go out don't hold it, wherever it was."""
    body = encode_json({"p": sealed(payload)})
    assert PLAIN.encode() not in body
    assert body.count(b"<16@") == repr(payload).count("Secret(")


def test_the_callers_objects_stay_as_they_are() -> None:
    """Neither payload nor anything in it is changed, so a second try starts from the plaintext again."""
    payload = {"a": [{"name": "x", "deep": {"name": Secret("y")}}], "b": (Receiver("z", ["t"]),)}
    before = copy.deepcopy(payload)
    first, second = (sealed(payload, "a[].name", "b[].name") for _ in range(2))
    assert payload == before
    assert first == second
    assert first["a"][0] is not payload["a"][0]


@pytest.mark.parametrize(("bits", "size"), [(2048, 256), (3072, 384), (4096, 512)])
def test_ciphertext_is_recognised(bits: int, size: int) -> None:
    """Base64 of exactly the key's size is ciphertext, for keys of all sizes; no plaintext that fits is."""
    value = base64.b64encode(b"\xfa" * size).decode()
    assert is_ciphertext(value, bits)
    assert len(value) > size - 42
    assert not is_ciphertext("a" * (size - 42), bits)


@pytest.mark.parametrize(
    "value",
    ["", "x", CIPHERTEXT[:-1], CIPHERTEXT + "=", CIPHERTEXT[4:], CIPHERTEXT + "AAAA", " " + CIPHERTEXT[1:],
     CIPHERTEXT[:-1] + "A", CIPHERTEXT[:-2] + "AA", "-" + CIPHERTEXT[1:], "张" * 344, "=" * 344, "\ud800" * 344,
     CIPHERTEXT[:100] + "\n" + CIPHERTEXT[101:]],
)  # fmt: skip
def test_what_is_no_ciphertext(value: str) -> None:
    """Another length, another alphabet or another padding is plaintext, and so will be encrypted."""
    assert not is_ciphertext(value, 2048)


def is_sealed(value: str) -> bool:
    """Whether a text is ciphertext of a key of 2048 bits."""
    return is_ciphertext(value, 2048)


def reveal(ciphertext: str) -> str:
    """A decryption that a test can read."""
    if ciphertext != CIPHERTEXT:
        raise DecryptionError("foreign")
    return "plain"


@pytest.mark.parametrize(
    ("payload", "paths", "expected"),
    [
        ({"n": CIPHERTEXT, "o": CIPHERTEXT}, ["n"], {"n": "plain", "o": CIPHERTEXT}),
        ({"l": [{"n": CIPHERTEXT}, {}, {"n": "masked*"}]}, ["l[].n"], {"l": [{"n": "plain"}, {}, {"n": "masked*"}]}),
        ({"l": [CIPHERTEXT, "x"]}, ["l[]"], {"l": ["plain", "x"]}),
        ([{"a": {"b": CIPHERTEXT}}], ["a.b"], [{"a": {"b": "plain"}}]),
        ({"n": None, "m": 5, "o": ""}, ["n", "m", "o"], {"n": None, "m": 5, "o": ""}),
        ({"a": CIPHERTEXT}, ["a.b"], {"a": CIPHERTEXT}),
        ("text", ["n"], "text"),
        (None, ["n"], None),
    ],
)
def test_unseal(payload: Any, paths: list[str], expected: Any) -> None:
    """Marked ciphertext is decrypted; what is no ciphertext, or isn't marked, stays; the answer isn't changed."""
    before = copy.deepcopy(payload)
    assert unseal(payload, field_tree(paths), reveal, is_sealed) == expected
    assert payload == before


def test_foreign_ciphertext_is_named() -> None:
    """The error says which field it was."""
    foreign = base64.b64encode(b"\x01" * 256).decode()
    with pytest.raises(DecryptionError, match=r"^data: payer: phone: foreign$"):
        unseal({"data": [{"payer": {"phone": foreign}}]}, field_tree(["data[].payer.phone"]), reveal, is_sealed)


@given(PAYLOADS.map(plain_copy), MARKS)
def test_what_was_sealed_is_unsealed(payload: Any, paths: list[str]) -> None:
    """Encrypting and decrypting the same fields gives the payload back."""
    vault: dict[str, str] = {}

    def encrypt(plaintext: str, pointer: str) -> str:
        ciphertext = base64.b64encode(len(vault).to_bytes(256, "big")).decode()
        vault[ciphertext] = plaintext
        return ciphertext

    tree = field_tree(paths)
    try:
        result = seal(payload, tree, encrypt, "json")
    except ConfigurationError:
        return
    restored = unseal(result, tree, vault.__getitem__, is_sealed) if tree else result
    if "*" not in repr(payload):
        assert restored == payload


def test_of_a_field_and_one_inside_of_it_the_inner_is_meant() -> None:
    """Paths in any order give one tree."""
    inner = {"list": {"name": Mark.SECRET}}
    assert field_tree(["list[]", "list[].name"]) == field_tree(["list[].name", "list[]"]) == inner
