"""The schemes of calls: who calls, how a request is signed, which key encrypts what, how an answer is verified.

    v3     signed in a header, with the key of the merchant's certificate; `wire/v3`
    brand  the same, with the key of the brand's certificate; `wire/brand`
    v2     signed in a parameter, with the merchant's APIv2 key; `wire/v2`

The first word of a call's path template chooses its scheme, once. No step of a pipeline asks which scheme a call has.
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
    """Refuse to sign a path below `/brand/` as a merchant, or another one as a brand.

    The path is checked, not the template, whose first word may be a placeholder.

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
