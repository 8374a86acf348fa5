"""Links to files: the request for a file, and the digest that it must have.

https://pay.weixin.qq.com/doc/v3/merchant/4013071238
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ..errors import ConfigurationError, type_of
from ..http.headers import NO_HEADERS
from ..http.path import check_path, check_query
from ..http.request import Request
from ..http.response import Response
from ..wire.hosts import is_api_origin, split_url
from ..wire.schemes import scheme_of
from ..wire.v3.signature import STATEMENT_HEADER

Link = str | Mapping[str, Any] | Response[Any] | Request
"""A link, an answer or a member of one that holds a `download_url`, or a request whose answer is the file itself."""

_FOREIGN = "/{file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be downloaded.

    Attributes:
        request: asks for it.
        signed: whether the request is signed; one to a foreign host isn't.
        hash_type: algorithm of `hash_value`.
        hash_value: digest of the unpacked content; empty where none is known.
        renewal: the request for a fresh link; None if there is none.
    """

    request: Request
    signed: bool
    hash_type: str = "SHA1"
    hash_value: str = ""
    renewal: Request | None = field(default=None, repr=False)

    @property
    def is_apiv2(self) -> bool:
        """Whether it is a call of APIv2, for which XML in place of the file is a refusal."""
        return self.signed and scheme_of(self.request.template) == "v2"


def wanted(link: Link, base_url: str, default_base_url: str, backups: Sequence[str] = ()) -> Wanted:
    """The request and the digest of a link.

    Only the client's own host and the platform's API hosts get a signed request. With another base URL than the
    default, a reverse proxy or a test server, links to the platform's API hosts go there too.

    Args:
        link: as `Link` says.
        base_url: where the client's calls go.
        default_base_url: where they go by default.
        backups: where they go while `base_url` is down; links to these hosts are signed too.

    Raises:
        ConfigurationError: there is no link, or it isn't one.
    """
    if isinstance(link, Request):
        return Wanted(request=link.changed(streamed=True), signed=True)
    if isinstance(link, str):
        return _by_url(link, base_url, default_base_url, backups)
    members: object = link
    renewal: Request | None = None
    if isinstance(link, Response):
        members = link.json()
        renewal = _renewal(link.request)
    if not isinstance(members, Mapping):
        raise ConfigurationError("link", f"{type_of(members)} was found", "Give an answer with a download_url")
    found = cast("Mapping[str, Any]", members)
    url = found.get("download_url")
    if not isinstance(url, str):
        raise ConfigurationError(
            "link", "there is no download_url in it", "Give the answer of the call that applied for the file"
        )
    by_url = _by_url(url, base_url, default_base_url, backups)
    return Wanted(
        request=by_url.request,
        signed=by_url.signed,
        # None, if the link was kept in a database that had nothing for it.
        hash_type=str(found.get("hash_type") or "SHA1"),
        hash_value=str(found.get("hash_value") or ""),
        renewal=renewal,
    )


def announced(target: Wanted, response: Response[Any]) -> tuple[str, str]:
    """Algorithm and digest that the content must have; an empty digest if none is known."""
    if target.hash_value:
        return target.hash_type, target.hash_value
    return "SHA1", response.headers.get(STATEMENT_HEADER, "")


def _by_url(url: str, base_url: str, default_base_url: str, backups: Sequence[str]) -> Wanted:
    parts = split_url(url)
    if parts is None:
        raise ConfigurationError("link", "it is no http(s) URL", "Give download_url as the platform sent it")
    check_path(parts.path)
    check_query(parts.query)
    origin = f"{parts.scheme}://{parts.netloc}"
    # Exactly as given: the token in the query must not be encoded again before it is signed and sent.
    request = Request(method="GET", template=parts.path, query=parts.query, streamed=True)
    home = any(own == origin or own.startswith(f"{origin}/") for own in (base_url, *backups))
    signed = home or is_api_origin(origin)
    if signed and scheme_of(request.template) == "v2":
        raise ConfigurationError("link", "its path is one of APIv2, which gives no links", "Give a Request instead")
    if home or (signed and base_url != default_base_url):
        return Wanted(request=request, signed=True)
    if not signed:
        # Its path may hold a token, and a template is logged.
        request = request.changed(template=_FOREIGN, path=parts.path)
    return Wanted(request=request.changed(origin=origin), signed=signed)


def _renewal(request: Request | None) -> Request | None:
    """The request of an answer, to be sent again: without what the pipeline added."""
    if request is None or request.method != "GET":
        return None
    return Request(
        method=request.method,
        template=request.template,
        path=request.path,
        query=request.query,
        headers=NO_HEADERS,
        timeout=request.timeout,
    )
