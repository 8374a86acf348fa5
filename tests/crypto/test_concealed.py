"""Keys on their way: nothing that shows values shows them."""

import copy
import pickle
from collections.abc import Callable

import pytest

from wechatpay_chain.crypto.concealed import Concealed, reveal

KEY = "0123456789abcdefghijABCDEFGHIJ01"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>60}".format, lambda key: f"{[key]} {key!s}"])
def test_a_key_is_not_shown(show: Callable[[object], str]) -> None:
    """Printed, formatted or in a list, a key is three stars; only `reveal` gives it."""
    assert KEY not in show(Concealed(KEY))
    assert reveal(Concealed(KEY)) == reveal(KEY) == KEY


def test_a_key_is_not_pickled() -> None:
    """A pickle would hold it, a copy is itself."""
    key = Concealed(KEY.encode())
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    assert copy.copy(key) is copy.deepcopy(key) is key
