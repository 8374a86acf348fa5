"""The chain: spelling, manners, and what a verb hands on."""

from __future__ import annotations

import copy
import pickle
import re
import rlcompleter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatpay_chain.client.chain import Chain, Node
from wechatpay_chain.errors import ConfigurationError
from wechatpay_chain.http.request import Request


def same(request: Request) -> Request:
    """A `send` that shows what the chain hands on."""
    return request


@pytest.fixture
def root() -> Chain[Request]:
    """A chain without any path yet."""
    return Chain(same, "")


@pytest.mark.parametrize(
    ("spell", "path"),
    [
        (lambda c: c.v3.aggracctBc.wbChannel, "/v3/aggracct-bc/wb-channel"),
        (lambda c: c.v3.merchant.media.video_upload, "/v3/merchant/media/video_upload"),
        (lambda c: c.v3.complaintsV2, "/v3/complaints-v2"),
        (lambda c: c.global_.v3.customs, "/global/v3/customs"),
        (lambda c: c.v3.return_.import_.try_, "/v3/return/import/try"),
        (lambda c: c.v3.transactions.id._transaction_id_, "/v3/transactions/id/{transaction_id}"),
        (lambda c: c.v3.transactions.id["{transaction_id}"], "/v3/transactions/id/{transaction_id}"),
        (lambda c: c["v3/pay/transactions/id/{transaction_id}"], "/v3/pay/transactions/id/{transaction_id}"),
        (lambda c: c["/v3/pay"], "/v3/pay"),
        (lambda c: c["v3"]["ecommerce/applyments/"], "/v3/ecommerce/applyments/"),
        (lambda c: c["v3/Capital/videoUpload"], "/v3/Capital/videoUpload"),
        (lambda c: c.v3.profitsharing.receivers["delete"], "/v3/profitsharing/receivers/delete"),
        (lambda c: c.v2.pay.unifiedorder, "/v2/pay/unifiedorder"),
        (lambda c: c.hk.v3.statements, "/hk/v3/statements"),
    ],
)
def test_every_spelling_gives_its_path(root: Chain[Request], spell: Any, path: str) -> None:
    """Attributes, placeholders and literals are spelled as the documentation's table says."""
    assert str(spell(root)) == path


@given(st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-._~!$&'()*+,;=:@", min_size=1))
def test_a_legal_segment_in_brackets_goes_out_as_it_stands(segment: str) -> None:
    """Brackets touch no character, unless the segment would leave its folder or is another framework's placeholder."""
    root = Chain(same, "")
    if re.fullmatch(r"\.{1,2}(;.*)?|[:$][A-Za-z_][A-Za-z0-9_]*\$?", segment):
        with pytest.raises(ConfigurationError):
            root.v3[segment]
    else:
        assert root.v3[segment].get().target == f"/v3/{segment}"


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete"])
def test_a_verb_hands_on_a_request(root: Chain[Request], verb: str) -> None:
    """Each verb hands method, template, filled path and all options to `send`, and returns what that returns."""
    options = {"json": {"a": 1}, "params": {"b": "2"}, "timeout": 3.5, "retry": True, "security": False}
    request = getattr(root.v3.transactions._id_, verb)(id="1/2", headers={"X-Trace": "t"}, **options)
    assert (request.method, request.template) == (verb.upper(), "/v3/transactions/{id}")
    assert request.path == "/v3/transactions/1%2F2"
    assert {name: getattr(request, name) for name in options} == options
    assert request.headers["x-trace"] == "t"


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete"])
def test_a_payload_is_given_by_name(root: Chain[Request], verb: str) -> None:
    """A payload in the first place, as other SDKs take it, is a TypeError that shows how it is given here."""
    with pytest.raises(TypeError, match=rf"give the payload by name, {verb}\(json=\{{...\}}\)"):
        getattr(root.v3.pay, verb)({"out_trade_no": "1"})


@pytest.mark.parametrize(
    ("keyword", "meant"),
    [
        ("query", r"params=\{...\}"),
        ("body", r"json=\{...\}, or xml=\{...\} of APIv2"),
        ("data", r"json=\{...\}"),
        ("files", r"file=Path\(...\)"),
        ("sink", r"wxpay.download\(answer, path\)"),
    ],
)
def test_keywords_of_others(root: Chain[Request], keyword: str, meant: str) -> None:
    """A keyword that other libraries have is a TypeError that shows what is given here, unless a placeholder has it."""
    with pytest.raises(TypeError, match=rf"unknown keyword '{keyword}': give .*{meant}"):
        root.v3.pay.post(**{keyword: {}})
    assert root.v3[f"{{{keyword}}}"].get(**{keyword: "1"}).path == "/v3/1"


def test_placeholders_must_fit(root: Chain[Request]) -> None:
    """A missing and an unknown placeholder are named in one TypeError."""
    with pytest.raises(
        TypeError,
        match=r"missing placeholder 'id', unknown keyword 'idd': did you mean 'id'\? \(placeholders of this path: id\)",
    ):
        root.v3._id_.get(idd=1)
    with pytest.raises(TypeError, match=r"unknown keyword 'jsn': did you mean 'json'\?"):
        root.v3.pay.post(jsn={})
    with pytest.raises(TypeError, match="takes a str or an int, not a float"):
        root.v3._id_.get(id=1.0)


@pytest.mark.parametrize(
    "name",
    ["_x", "__wrapped__", "_repr_html_", "_ipython_display_", "_ipython_canary_method_should_not_exist_", "Foo", "été"],
)
def test_names_that_are_no_segment(root: Chain[Request], name: str) -> None:
    """Private names, dunders, what notebooks probe for, and names that no path holds are AttributeErrors."""
    assert not hasattr(root.v3, name)


async def test_a_chain_is_no_container(root: Chain[Request]) -> None:
    """Iterating, searching, ordering and counting are TypeErrors instead of surprising paths; it counts as true."""
    chain: Any = root.v3.pay
    for misuse in (lambda: iter(chain), lambda: "x" in chain, lambda: chain < chain, lambda: len(chain)):
        with pytest.raises(TypeError, match="Chain"):
            misuse()
    with pytest.raises(TypeError, match="Chain"):
        [item async for item in chain]
    assert chain


@pytest.mark.parametrize(
    ("path", "verb"),
    [("v3/pay/transactions/native", "post"), ("v3/certificates", "get"), ("v2/pay/unifiedorder", "post")],
)
async def test_a_path_that_is_awaited(root: Chain[Request], path: str, verb: str) -> None:
    """A path that is awaited is a TypeError that names it and shows a verb that it has; of an unknown one, get."""
    for spelt, written in ((path, verb), ("v3/new/thing", "get")):
        chain: Any = root[spelt]
        with pytest.raises(TypeError, match=rf"^/{spelt} is a path, and only a verb makes a call: write \.{written}\("):
            await chain


def test_a_chain_is_no_function(root: Chain[Request]) -> None:
    """It can't be called, and doesn't look as if it could: completion would add a parenthesis to each segment."""
    chain: Any = root.v3.pay.transactions.native
    assert not callable(chain)
    with pytest.raises(TypeError, match="'Chain' object is not callable"):
        chain(json={})
    completer = rlcompleter.Completer({"root": root})
    assert completer.complete("root.v3.pay.transactions.nat", 0) == "root.v3.pay.transactions.native"


def test_texts_of_a_chain(root: Chain[Request]) -> None:
    """In a text it is its path, padded as a text is."""
    assert f"{root.v3.pay}" == str(root.v3.pay) == "/v3/pay"
    assert f"{root.v3.pay:>10}|" == "   /v3/pay|"


def test_a_value_in_brackets_is_refused_with_the_remedy(root: Chain[Request]) -> None:
    """A number in brackets is a TypeError that names the placeholder form."""
    brackets: Any = root.v3
    with pytest.raises(TypeError, match="placeholder"):
        brackets[1]


def test_a_chain_is_immutable(root: Chain[Request]) -> None:
    """Nothing can be set or deleted, neither new names nor those that are kept."""
    chain: Any = root.v3.pay
    with pytest.raises(AttributeError, match="immutable"):
        chain.native = 1
    with pytest.raises(AttributeError, match="immutable"):
        del chain.native
    with pytest.raises(TypeError):
        chain["native"] = 1


def test_children_by_attribute_are_kept_and_by_brackets_are_not(root: Chain[Request]) -> None:
    """A spelling is worked out once; what stands in brackets may come from anywhere and would fill the memory."""
    assert root.v3.pay is root.v3.pay
    assert root.v3["pay"] is not root.v3["pay"]
    assert "x" not in vars(root.v3["y"])


def test_equality_and_hash(root: Chain[Request]) -> None:
    """Chains are equal when path and client are."""
    assert root.v3.pay == root["v3/pay"]
    assert hash(root.v3.pay) == hash(root["v3/pay"])
    assert root.v3.pay != root.v3.refund
    assert root.v3.pay != Chain(lambda request: request, "").v3.pay
    assert root.v3.pay != "/v3/pay"


def test_copy_is_the_chain_itself_and_pickle_says_what_to_do(root: Chain[Request]) -> None:
    """An immutable value needs no copy; pickling names the way by the path."""
    chain = root.v3.pay
    assert copy.copy(chain) is chain
    assert copy.deepcopy(chain) is chain
    with pytest.raises(TypeError, match=r"wxpay\.chain\(path\)"):
        pickle.dumps(chain)


class Client(Node[Request]):
    """A client with one method of its own."""

    def __init__(self) -> None:
        self._path = ""
        self._send = same

    def download(self) -> None:
        """A method."""


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("v2", "/v2"),
        ("v3", "/v3"),
        ("v4", "/v4"),
        ("v10", "/v10"),
        ("hk", "/hk"),
        ("global_", "/global"),
        ("brand", "/brand"),
    ],
)
def test_roots_lead_to_paths(name: str, path: str) -> None:
    """The roots that there are, and the next versions, are attributes of a client."""
    client = Client()
    assert str(getattr(client, name)) == path
    assert getattr(client, name) is getattr(client, name)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("downlod", "download"), ("Download", "download"), ("v_3", "v3"), ("globals_", "global_"), ("branding", "")],
)
def test_a_misspelt_name_at_the_root_is_no_path(name: str, nearest: str) -> None:
    """It is an AttributeError that names the nearest attribute, and says how any path is spelled."""
    client = Client()
    assert not hasattr(client, name)
    with pytest.raises(AttributeError, match=r"wxpay\['/path'\]") as caught:
        getattr(client, name)
    assert f"'Client' has no attribute {name!r}" in str(caught.value)
    assert (f"did you mean {nearest!r}?" in str(caught.value)) == bool(nearest)


@pytest.mark.parametrize("name", ["v1", "v0", "v", "v3x", "v02", "global", "trust", "payments_", "_v3_", "_x", "v2_"])
def test_only_roots_lead_to_paths(name: str) -> None:
    """Nothing else does, a placeholder neither."""
    assert not hasattr(Client(), name)


def test_brackets_of_a_client_stay_open() -> None:
    """A path of any root goes in brackets."""
    assert str(Client()["/papay/x"]) == "/papay/x"
    assert str(Client()["v1/x"]) == "/v1/x"


def test_repr_shows_the_path(root: Chain[Request]) -> None:
    """A chain in a log is recognised by its path."""
    assert repr(root.v3.pay._id_) == "<Chain /v3/pay/{id}>"


def test_nothing_follows_a_trailing_slash(root: Chain[Request]) -> None:
    """A path that ends in a slash can't be prolonged into an empty segment."""
    with pytest.raises(ConfigurationError, match="ends with a slash"):
        root["v3/applyments/"].cancel  # noqa: B018 - reading the attribute is the test
