"""The schemes of calls: who identifies himself, how is signed, what is sealed with which key, what is believed.

    v3    by the merchant's certificate, in headers; `wire/v3`
    v2    by the merchant's number and its key, in the parameters; `wire/v2`

The root of a call's template chooses its scheme, once. Each has steps of its own; none of them asks which it is.
"""

from __future__ import annotations

from typing import Literal, get_args

Scheme = Literal["v3", "v2"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)

_BY_ROOT: tuple[tuple[str, Scheme], ...] = (("/v2/", "v2"),)


def scheme_of(template: str) -> Scheme:
    """The scheme of a call, by its path template; `v3` where no root says otherwise."""
    for root, scheme in _BY_ROOT:
        if template.startswith(root):
            return scheme
    return "v3"
