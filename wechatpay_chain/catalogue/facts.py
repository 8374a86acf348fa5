"""What a call needs to know of its operation, by method and path.

Loaded on the first look-up from `facts.json`, which `tools/derive_facts.py` makes from the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, cast

import orjson

Body = Literal["json", "xml", "multipart", "none"]
Answer = Literal["json", "xml", "text", "file", "empty", "redirect"]
AnswerSignature = Literal["body", "sha1-header", "none"]

DATA = Path(__file__).with_name("data")

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A documented rate limit: at most `n` calls in `per`.

    Attributes:
        n: number of calls.
        per: the period: second, minute, hour or day.
        by: whose calls are counted together (`api`, `mchid`, `sp_mchid`, `target_mchid`); None where no page says.
    """

    n: int
    per: Literal["s", "min", "h", "d"]
    by: str | None = None

    @property
    def seconds(self) -> int:
        """The period in seconds."""
        return _SECONDS[self.per]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the platform, as far as a call needs it.

    Attributes:
        method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        path: template as the chain spells it; APIv2's begin with `/v2`, which does not go out.
        name: official Chinese name.
        body: what the request carries.
        answer: what a successful answer carries.
        host: only where it isn't `api.mch.weixin.qq.com`.
        alt_hosts: hosts that may be used instead.
        secret_fields: request fields to be encrypted, `location.member.list[].member`;
            the location is `json`, `query`, `xml` or `meta`.
        secret_key: which key encrypts them: the one of WeChat Pay that `Wechatpay-Serial` names,
            or the bank payment key of `/v2/risk/getpublickey`; None where there is nothing to encrypt.
        serial: whether the request must carry `Wechatpay-Serial`.
        answer_secret_fields: answer fields that come encrypted for the merchant, `list[].member`.
        answer_signature: what the answer's signature covers.
        rates: documented rate limits.
        idempotent: documented as re-entrant: a repeat with the same number and content has the same effect as one call.
        same_number: documented: a repeat must keep the merchant's own number.
        certificate: the merchant certificate must be presented (mTLS).
        deprecated: switched off, abandoned or superseded.
        successors: what replaces it, `METHOD /path` each, where the platform says so.
        accepted_on_429: a refund: status 429 doesn't mean that it wasn't accepted.
        file_part: an upload's multipart part that holds the file.
        file_name_field: the `meta` member that holds the file's name.
        digest_field: the member that holds the file's digest, of `meta` or (APIv2) of the form.
        digest: the digest's algorithm.
        digest_label: the `meta` member that names the algorithm, and the value that it takes.
        fragment: the fragment to append to a page that is opened in a browser (APIv2).
        encoded_values: placeholders whose values the platform hands out percent-encoded already.
        file_limits: an upload's allowed suffixes, each group with the most bytes that a file of it may have.
        merchant_field: the parameter that names the calling merchant (APIv2).
        nonceless: the request has no `nonce_str` (APIv2).
        signless: the request is not signed (APIv2).
        sign_types: signature types that the request may name, its default first (APIv2).
        urlencoded_fields: parameters that are `name=value` pairs, percent-encoded as a whole (APIv2).
        workwx_fields: the parameters that `workwx_sign` covers, where the request has one (APIv2).
        signed_field: the parameter that holds a signature by the merchant's private key (APIv2).
    """

    method: str
    path: str
    name: str
    body: Body
    answer: Answer
    host: str | None = None
    alt_hosts: tuple[str, ...] = ()
    secret_fields: tuple[str, ...] = ()
    secret_key: Literal["wechatpay", "bankpay"] | None = None
    serial: bool = False
    answer_secret_fields: tuple[str, ...] = ()
    answer_signature: AnswerSignature = "body"
    rates: tuple[Rate, ...] = ()
    idempotent: bool = False
    same_number: bool = False
    certificate: bool = False
    deprecated: bool = False
    successors: tuple[str, ...] = ()
    accepted_on_429: bool = False
    file_part: str | None = None
    file_name_field: str | None = None
    digest_field: str | None = None
    digest: Literal["sha256", "sm3", "md5"] | None = None
    digest_label: tuple[str, str] | None = None
    fragment: str | None = None
    encoded_values: tuple[str, ...] = ()
    file_limits: tuple[tuple[tuple[str, ...], int], ...] = ()
    merchant_field: str | None = None
    nonceless: bool = False
    signless: bool = False
    sign_types: tuple[str, ...] = ()
    urlencoded_fields: tuple[str, ...] = ()
    workwx_fields: tuple[str, ...] = ()
    signed_field: str | None = None


class Node:
    """A segment of the tree of paths.

    Attributes:
        path: the template up to here.
        children: by segment, placeholders in braces.
        placeholders: those of the children that stand for any value.
    """

    __slots__ = ("children", "path", "placeholders")

    def __init__(self, path: str) -> None:
        self.path = path
        self.children: dict[str, Node] = {}
        self.placeholders: tuple[Node, ...] = ()

    def add(self, segment: str) -> Node:
        """Add a child, which isn't there yet."""
        child = self.children[segment] = Node(f"{self.path}/{segment}")
        if segment.startswith("{"):
            self.placeholders += (child,)
        return child

    def matches(self, segments: list[str], depth: int = 0) -> Iterator[Node]:
        """The nodes that the segments may lead to, literal ones before placeholders."""
        if depth == len(segments):
            yield self
            return
        segment = segments[depth]
        literal = self.children.get(segment)
        if literal is not None:
            yield from literal.matches(segments, depth + 1)
        if segment:
            for placeholder in self.placeholders:
                if placeholder is not literal:
                    yield from placeholder.matches(segments, depth + 1)


@lru_cache(maxsize=4096)
def find(method: str, path: str) -> Operation | None:
    """The operation of a method and a path; None for one that the catalogue doesn't know.

    A literal segment wins over a placeholder, a trailing slash counts.

    Args:
        method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        path: from the leading slash, without query: a template, whatever its placeholders are called,
            or a path with values in it, percent-encoded as it is sent.
    """
    if method in paths().get(path, ()):
        return _operation(method, path)
    for template in templates(path):
        if method in paths()[template]:
            return _operation(method, template)
    return None


def templates(path: str) -> Iterator[str]:
    """The known templates that a path may be of, the most literal first."""
    root, *segments = path.split("/")
    if not root:
        yield from (node.path for node in tree().matches(segments) if node.path in paths())


@cache
def paths() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """The facts of all operations, by path template and method."""
    return cast("dict[str, dict[str, dict[str, Any]]]", orjson.loads((DATA / "facts.json").read_bytes()))


@cache
def secret_names() -> frozenset[str]:
    """The names of all fields that are secret in some operation."""
    return frozenset(
        field.rpartition(".")[2]
        for methods in paths().values()
        for facts in methods.values()
        for field in facts.get("secret_fields", ())
    )


@cache
def tree() -> Node:
    """The tree of all path templates."""
    root = Node("")
    for path in paths():
        node = root
        for segment in path.split("/")[1:]:
            node = node.children.get(segment) or node.add(segment)
    return root


@lru_cache(maxsize=2048)
def _operation(method: str, template: str) -> Operation:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType]: JSON
        for name, value in paths()[template][method].items()
    }
    if "file_limits" in values:
        values["file_limits"] = tuple((tuple(suffixes), most) for suffixes, most in values["file_limits"])
    if "rates" in values:
        values["rates"] = tuple(Rate(n=n, per=per, by=by) for n, per, by in values["rates"])
    return Operation(method=method, path=template, **values)
