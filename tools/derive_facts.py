"""Derive `facts.json`, what a call needs to know of its operation, from the catalogue.

    python tools/derive_facts.py           write it
    python tools/derive_facts.py --check   exit with 1 when it is not what would be written

One line a path: its operations by method, each with the facts that differ from the defaults of
`wechatpay_chain.catalogue.Operation`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tools.generated import write_or_check
from wechatpay_chain.wire.v2.parameters import MERCHANT_FIELDS

DATA = Path(__file__).parents[1] / "wechatpay_chain" / "catalogue" / "data"

Record = dict[str, Any]

_LOCATIONS = {"file-meta": "meta"}
_DIGEST_FIELDS = ("sha256", "file_digest", "digest", "media_hash")
# The second is misspelt by the platform itself. Both take one value only, the one for SM3.
_DIGEST_LABELS = ("digest_algorithm", "digest_alogrithm")
_FILE_NAME_FIELDS = ("filename", "file_name")
_SECRET_KEYS = {"rsa:wechatpay": "wechatpay", "rsa:bankpay": "bankpay"}


def facts(operation: Record) -> Record:
    """The facts of one operation; those that are absent have the default."""
    answer: Record = operation["resp"]
    secrets = [(path, enc) for path, enc in _encrypted_request_fields(operation) if enc in _SECRET_KEYS]
    found: Record = {
        "name": operation["name"],
        "body": operation["body"],
        "host": operation.get("host"),
        "secret_fields": [path for path, _ in secrets],
        "secret_key": _SECRET_KEYS[secrets[0][1]] if secrets else None,
        "serial": operation.get("serial") is True or any(enc == "rsa:wechatpay" for _, enc in secrets),
        "answer": answer["kind"],
        "answer_signature": _answer_signature(operation),
        "answer_secret_fields": [
            path for path, enc in _encrypted(answer.get("fields", {}), "") if enc == "rsa:merchant"
        ],
        "answer_padding": operation.get("answer_padding"),
        "rates": [[rate["n"], rate["per"], rate.get("by")] for rate in operation.get("rate", ())],
        "idempotent": operation.get("reentrant", {}).get("documented"),
        "same_number": operation.get("retry") == "same-number",
        "certificate": operation.get("cert"),
        "deprecated": operation.get("deprecated"),
        "successors": [new for mark in operation.get("marks", ()) for new in mark.get("new", ())],
        "accepted_on_429": operation.get("accepted_on_429"),
        "pays_out": operation.get("pays_out"),
        "fragment": operation.get("fragment"),
        "encoded_values": operation.get("encoded_values"),
        "derived": operation.get("src") == "derived",
        "file_limits": operation.get("file_limits"),
        **_upload(operation),
        **_apiv2(operation),
    }
    return {name: value for name, value in found.items() if value}


def _answer_signature(operation: Record) -> str | None:
    answer: Record = operation["resp"]
    # APIv2's signature is a member of the XML: what isn't XML has none.
    memberless = operation["gen"] == "v2" and answer["kind"] != "xml"
    return "none" if memberless or answer.get("unsigned") else answer.get("signed_over")


def _encrypted_request_fields(operation: Record) -> Iterator[tuple[str, str]]:
    for location, fields in operation.get("params", {}).items():
        yield from _encrypted(fields, f"{_LOCATIONS.get(location, location)}.")


def _encrypted(fields: Record, prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in fields.items():
        path = prefix + name + ("[]" if field["type"].endswith("[]") else "")
        if "enc" in field:
            yield path, field["enc"]
        yield from _encrypted(field.get("fields", {}), path + ".")


def _upload(operation: Record) -> Record:
    if operation["body"] != "multipart":
        return {}
    params = operation["params"]
    members: Record = params.get("file-meta") or params["form"]
    digests = [name for name in _DIGEST_FIELDS if name in members]
    digest = next((name for name in digests if members[name].get("req")), digests[0])
    found: Record = {
        "file_part": next(name for name, field in params["form"].items() if field["type"] == "file"),
        "file_name_field": next((name for name in _FILE_NAME_FIELDS if name in members), None),
        "digest_field": digest,
        "digest": "md5" if digest == "media_hash" else "sha256",
    }
    for name in _DIGEST_LABELS:
        if name in members:
            found |= {"digest": "sm3", "digest_label": [name, *members[name]["enum"]]}
    return found


def _apiv2(operation: Record) -> Record:
    if operation["gen"] != "v2":
        return {}
    members = {name: field for fields in operation.get("params", {}).values() for name, field in fields.items()}
    sign: Record = members.get("sign_type", {})
    return {
        "merchant_field": next((name for name in MERCHANT_FIELDS if name in members), MERCHANT_FIELDS[0]),
        # Where no member is known at all, the rule holds: everything is signed and has a nonce.
        "nonceless": bool(operation.get("nonceless") or (members and "nonce_str" not in members)),
        "signless": bool(members) and "sign" not in members,
        "sign_types": sorted(sign.get("enum", ()), key=lambda name: name != sign.get("default")),
        "urlencoded_fields": [name for name, field in members.items() if field.get("urlencoded")],
        "workwx_fields": operation.get("workwx_fields"),
        "signed_field": next((name for name, field in members.items() if field.get("signed")), None),
    }


def render(operations: Iterable[Record]) -> str:
    """The text of `facts.json`."""
    paths: dict[str, Record] = {}
    for operation in operations:
        paths.setdefault(operation["path"], {})[operation["method"]] = facts(operation)
    lines = (
        f"{json.dumps(path)}:{json.dumps(methods, ensure_ascii=False, separators=(',', ':'))}"
        for path, methods in sorted(paths.items())
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def generate() -> dict[Path, str]:
    """The file, by its path."""
    with (DATA / "operations.jsonl").open(encoding="utf-8") as lines:
        return {DATA / "facts.json": render(json.loads(line) for line in lines)}


if __name__ == "__main__":
    sys.exit(write_or_check(__doc__, generate))
