"""Keys on their way: nothing that shows values shows them."""

import copy
import pickle
import traceback
from collections.abc import Callable

import pytest

from wechatpay_chain.crypto.concealed import Concealed, conceals_arguments, reveal
from wechatpay_chain.errors import ConfigurationError

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


@conceals_arguments
def refuse(key: str, *, other: str) -> None:
    """Finds its arguments wrong, at some depth."""
    inner = [key, other]
    raise ConfigurationError("key", f"{len(inner)} were found", "Give one")


def test_arguments_are_not_in_the_frames() -> None:
    """A tool that prints the local variables of a traceback finds the mistake in it, and no argument."""
    with pytest.raises(ConfigurationError, match="2 were found") as caught:
        refuse(KEY, other=KEY)
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in told.stack if "test_concealed" not in frame.filename]
    assert frames
    assert KEY not in str([frame.locals for frame in frames])
    assert caught.value.__context__ is None
