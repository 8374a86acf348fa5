"""Import the collected facts of WeChat Pay's operations and notifications into the package.

    python tools/import_catalogue.py SOURCE_DIR

SOURCE_DIR holds `operations.json`, `events.json` and `answers.json`. They become `operations.jsonl` and `events.jsonl`
of `wechatpay_chain/catalogue/data`, one JSON object a line, sorted, so that a diff shows what the platform changed.
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

from wechatpay_chain.wire.v2.parameters import MERCHANT_FIELDS

DATA = Path(__file__).parents[1] / "wechatpay_chain" / "catalogue" / "data"
OVERLAY = Path(__file__).with_name("overlay.json")

Record = dict[str, Any]


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
            _patch(record[name], cast("Record", value))
        else:
            record[name] = value


def _lookup(merged: dict[str, Record], key: str) -> Record:
    if key not in merged:
        raise ValueError(f"{key} is not an operation")
    return merged[key]


def write_lines(path: Path, records: Iterable[Record]) -> None:
    """Write one JSON object a line."""
    lines = (json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main() -> None:
    """Import from the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder with operations.json, events.json and answers.json")
    source: Path = parser.parse_args().source
    operations = merge(_read(source / "operations.json"), _read(source / "answers.json"), _read(OVERLAY))
    write_lines(DATA / "operations.jsonl", operations)
    write_lines(DATA / "events.jsonl", _read(source / "events.json"))


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
