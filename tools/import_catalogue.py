"""Import the collected facts of WeChat Pay's operations and notifications into the package.

    python tools/import_catalogue.py SOURCE_DIR

SOURCE_DIR holds `operations.json`, `brand_operations.json`, `events.json` and `answers.json`. They become
`operations.jsonl` and `events.jsonl` of `wechatpay_chain/catalogue/data`, one JSON object a line, sorted. What that
changes is printed: operations and notifications that are new, gone or changed. With `--dry-run` nothing is written.
Paths are spelled as the chain spells them: APIv2's under `/v2`. `tools/overlay.json`, a JSON merge patch by operation,
adds what no page says in a form that could be collected, and mends what was collected wrongly.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

from tools.catalogue_changes import changes
from wechatpay_chain.wire.v2.parameters import MERCHANT_FIELDS

DATA = Path(__file__).parents[1] / "wechatpay_chain" / "catalogue" / "data"
OVERLAY = Path(__file__).with_name("overlay.json")

Record = dict[str, Any]

# Pages of these names lead to those of the notifications that took their place.
_REDIRECTED = {
    "DELIVERY_PLAN.CHANGE": ["DELIVERY_PLAN_STATE.DELIVER"],
    "BRAND_MEMBER_CARD_SP.USER_CARD.CREATE": ["MEMBERCARDSP.USER_CARD.CREATE"],
    "BRAND_MEMBER_CARD_SP.USER_CARD.DELETE": ["MEMBERCARDSP.USER_CARD.DELETE"],
}
# Of a brand's notifications, those that have an official page; all others follow from the service provider's.
_BRAND_PAGES = {"BRAND_MEMBER_CARD.SYNC_USER_POINT": ["/doc/brand/4016096803"]}


def merge(operations: list[Record], answers: dict[str, list[str]], overlay: dict[str, Record]) -> list[Record]:
    """The operations, under their chain paths, with what is known of their answers' signatures and the overlay.

    Raises:
        ValueError: `answers` or `overlay` names an operation that `operations` does not have.
    """
    merged = {f"{record['method']} {record['path']}": record for record in map(_chain_spelling, operations)}
    for key, additions in overlay.items():
        _patch(_lookup(merged, key), additions)
    for path in answers["v2_unsigned"]:
        matches = [record for record in merged.values() if record["path"] == f"/v2{path}"]
        if not matches:
            raise ValueError(f"answers.json names /v2{path}, which is not an operation")
        for record in matches:
            record["resp"]["unsigned"] = True
    for key in answers["v3_unsigned"]:
        _lookup(merged, key)["resp"]["unsigned"] = True
    for key in answers["v3_signed_over_sha1_header"]:
        _lookup(merged, key)["resp"]["signed_over"] = "sha1-header"
    return sorted(merged.values(), key=lambda record: (record["path"], record["method"]))


def _chain_spelling(operation: Record) -> Record:
    spelled = deepcopy(operation)
    if serial := spelled.get("params", {}).get("header", {}).get("Wechatpay-Serial"):
        # The client names the key that it encrypts with, or asks answers from.
        serial["auto"] = True
    if operation["gen"] == "v2":
        spelled["path"] = "/v2" + operation["path"]
        _mark_filled(spelled)
    return spelled


def _mark_filled(operation: Record) -> None:
    """Mark what the client fills in: pages have the merchant's number and the kind of signature among the rest."""
    for location in ("xml", "query", "form"):
        fields: Record = operation.get("params", {}).get(location, {})
        merchants = [name for name in MERCHANT_FIELDS if name in fields][:1]
        for name in {*merchants, "nonce_str", "sign", "sign_type", "workwx_sign"} & fields.keys():
            fields[name]["auto"] = True


def _patch(record: Record, additions: Record) -> None:
    """Merge as RFC 7396 says: objects member by member, null removes."""
    for name, value in additions.items():
        if value is None:
            record.pop(name, None)
        elif isinstance(value, dict):
            _patch(record.setdefault(name, {}), cast("Record", value))
        else:
            record[name] = value


def _lookup(merged: dict[str, Record], key: str) -> Record:
    if key not in merged:
        raise ValueError(f"{key} is not an operation")
    return merged[key]


def with_other_names(events: list[Record]) -> list[Record]:
    """The notifications, with the names that pages redirect from, and with those of brands.

    A service provider's notification about a brand has `_SP` in its name; the brand's own hasn't, nor a `brand_id`.
    """
    named = [
        {**event, "event_type": [*event.get("event_type", ()), *_REDIRECTED[event["id"]]]}
        if event["id"] in _REDIRECTED
        else event
        for event in events
    ]
    own = [_of_brand(event) for event in events if "_SP." in event["id"]]
    return sorted([*named, *own], key=lambda event: (event["gen"], event["id"]))


def _of_brand(event: Record) -> Record:
    name = event["id"].replace("_SP.", ".")
    seen = _BRAND_PAGES.get(name, [])
    resource = {field: facts for field, facts in event["resource"].items() if field != "brand_id"}
    return {
        **event,
        "id": name,
        "event_type": [name],
        "resource": resource,
        "docs": seen,
        "scheme": "brand",
        "src": "page" if seen else "derived",
    }


def read_lines(path: Path) -> list[Record]:
    """Read one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_lines(path: Path, records: Iterable[Record]) -> None:
    """Write one JSON object a line."""
    lines = (json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main() -> None:
    """Import from the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder with the four JSON files")
    parser.add_argument("--dry-run", action="store_true", help="print what would change, and write nothing")
    arguments = parser.parse_args()
    source: Path = arguments.source
    collected = _read(source / "operations.json") + _read(source / "brand_operations.json")
    operations = merge(collected, _read(source / "answers.json"), _read(OVERLAY))
    events = with_other_names(_read(source / "events.json"))
    for name, records in (("operations.jsonl", operations), ("events.jsonl", events)):
        for line in changes(read_lines(DATA / name), records):
            print(line)
        if not arguments.dry_run:
            write_lines(DATA / name, records)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
