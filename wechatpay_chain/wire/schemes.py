"""The schemes of calls: who identifies himself, how is signed, what is sealed with which key, what is believed.

    v3    by the merchant's certificate, in headers; `wire/v3`
    brand by the brand's certificate, in headers; `wire/brand`
    v2    by the merchant's number and its key, in the parameters; `wire/v2`

The root of a call's template chooses its scheme, once. Each has steps of its own; none of them asks which it is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

from ..errors import ConfigurationError

Scheme = Literal["v3", "brand", "v2"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)

_BY_ROOT: tuple[tuple[str, Scheme], ...] = (("/v2/", "v2"), ("/brand/", "brand"))


@lru_cache(maxsize=1024)
def scheme_of(template: str) -> Scheme:
    """The scheme of a call, by its path template; `v3` where no root says otherwise."""
    for root, scheme in _BY_ROOT:
        if template.startswith(root):
            return scheme
    return "v3"


def check_root(path: str, scheme: Scheme) -> None:
    """Refuse to sign a path as a brand that is not below `/brand/`, or as a merchant one that is.

    A template's placeholder may stand for its root, so the path itself says it.

    Args:
        path: to be sent, without needless escapes.
        scheme: by which it would be signed.

    Raises:
        ConfigurationError: the path belongs to the other.
    """
    if (scheme_of(path) == "brand") != (scheme == "brand"):
        raise ConfigurationError(
            "path",
            f"{path} would be signed by the {'brand' if scheme == 'brand' else 'merchant'}, and be refused",
            "Write the path's first word out, not as a placeholder: wxpay.brand... and wxpay.v3...",
        )
