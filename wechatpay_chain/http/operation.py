"""What a call needs to know of its operation. The catalogue has all operations."""

from __future__ import annotations

from typing import Literal

from .value import Value, value

Body = Literal["json", "xml", "multipart", "none"]
Answer = Literal["json", "xml", "text", "file", "empty", "redirect"]
AnswerSignature = Literal["body", "sha1-header", "none"]
Padding = Literal["oaep", "pkcs1v15"]

_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@value
class Rate(Value):
    """A documented rate limit: at most `n` calls in `per`.

    Attributes:
        n: number of calls.
        per: the period: second, minute, hour or day.
        by: whose calls are counted together (`api`, `mchid`, `sp_mchid`, `target_mchid`, `brand_id`); None where no
            page says.
    """

    n: int
    per: Literal["s", "min", "h", "d"]
    by: str | None = None

    @property
    def seconds(self) -> int:
        """The period in seconds."""
        return _SECONDS[self.per]


@value
class Operation(Value):
    """One operation of the platform, as far as a call needs it.

    Attributes:
        method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        path: template as the chain spells it; APIv2's begin with `/v2`, which does not go out.
        name: official Chinese name.
        body: what the request carries.
        answer: what a successful answer carries.
        host: where it isn't `api.mch.weixin.qq.com`.
        secret_fields: request fields to be encrypted, `location.member.list[].member`;
            the location is `json`, `query`, `xml` or `meta`.
        secret_key: which key encrypts them: the one of WeChat Pay that `Wechatpay-Serial` names,
            or the bank payment key of `/v2/risk/getpublickey`; None where there is nothing to encrypt.
        serial: whether the request must carry `Wechatpay-Serial`.
        answer_secret_fields: answer fields that come encrypted for the merchant, `list[].member`.
        answer_padding: how these are padded: OAEP, or PKCS#1 v1.5 where the product says so.
        answer_signature: what the answer's signature covers.
        rates: documented rate limits.
        idempotent: documented as re-entrant: a repeat with the same number and content has the same effect as one call.
        same_number: documented: a repeat must keep the merchant's own number.
        certificate: the merchant certificate must be presented (mTLS).
        deprecated: switched off, abandoned or superseded.
        successors: what replaces it, `METHOD /path` each, where the platform says so.
        accepted_on_429: it may have been accepted although it was answered with status 429 (refunds).
        pays_out: money leaves a merchant by it (refunds, transfers, red packets, profit sharing, withdrawals): it may
            have been paid although it was refused, unless the code is known to be certain.
        file_part: an upload's multipart part that holds the file.
        file_name_field: the `meta` member that holds the file's name.
        digest_field: the member that holds the file's digest, of `meta` or (APIv2) of the form.
        digest: the digest's algorithm.
        digest_label: the `meta` member that names the algorithm, and the value that it takes.
        fragment: the fragment to append to a page that is opened in a browser (APIv2).
        derived: inferred from the service provider's operation by the platform's rule; no official page was found.
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
    secret_fields: tuple[str, ...] = ()
    secret_key: Literal["wechatpay", "bankpay"] | None = None
    serial: bool = False
    answer_secret_fields: tuple[str, ...] = ()
    answer_padding: Padding = "oaep"
    answer_signature: AnswerSignature = "body"
    rates: tuple[Rate, ...] = ()
    idempotent: bool = False
    same_number: bool = False
    certificate: bool = False
    deprecated: bool = False
    successors: tuple[str, ...] = ()
    accepted_on_429: bool = False
    pays_out: bool = False
    file_part: str | None = None
    file_name_field: str | None = None
    digest_field: str | None = None
    digest: Literal["sha256", "sm3", "md5"] | None = None
    digest_label: tuple[str, str] | None = None
    fragment: str | None = None
    derived: bool = False
    encoded_values: tuple[str, ...] = ()
    file_limits: tuple[tuple[tuple[str, ...], int], ...] = ()
    merchant_field: str | None = None
    nonceless: bool = False
    signless: bool = False
    sign_types: tuple[str, ...] = ()
    urlencoded_fields: tuple[str, ...] = ()
    workwx_fields: tuple[str, ...] = ()
    signed_field: str | None = None
