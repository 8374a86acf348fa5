"""The headers of an answer, looked up where aiohttp left them."""

from __future__ import annotations

import pickle

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from wechatpay_chain.http.headers import Headers
from wechatpay_chain.transport.headers import AnswerHeaders

CAME = [("Date", "today"), ("Wechatpay-Nonce", "1"), ("wechatpay-nonce", "2")]


def answered() -> AnswerHeaders:
    """Headers of an answer, two of them of one name."""
    return AnswerHeaders(CIMultiDictProxy(CIMultiDict(CAME)))


def test_they_are_looked_up_as_all_headers_are() -> None:
    """In any case, repeated names joined with a comma, before and after all of them were asked for."""
    headers, all_headers = answered(), Headers(CAME)
    for _ in range(2):
        assert headers["DATE"] == headers.get("date") == "today"
        assert headers.get("Wechatpay-Nonce") == "1, 2"
        assert (headers.get("Absent"), headers.get("Absent", "none")) == (None, "none")
        assert [*headers.several(("date", "absent", "wechatpay-nonce"))] == ["today", None, "1, 2"]
        assert "date" in headers
        assert "absent" not in headers
        with pytest.raises(KeyError):
            headers["Absent"]
        assert headers == all_headers
        assert (len(headers), [*headers], hash(headers)) == (2, ["Date", "Wechatpay-Nonce"], hash(all_headers))


def test_what_is_made_of_them_is_as_of_all_headers() -> None:
    """Changed, merged and pickled ones hold what came; other attributes are missing."""
    assert answered().plus("A", "b") == Headers([*CAME, ("A", "b")])
    assert answered().merge({"date": "x"}).get("Date") == "x"
    assert pickle.loads(pickle.dumps(answered())) == Headers(CAME)
    assert not hasattr(answered(), "other")
