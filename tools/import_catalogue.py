"""Import the collected facts of WeChat Pay's operations and notifications into the package.

    python tools/import_catalogue.py SOURCE_DIR

SOURCE_DIR holds `operations.json`, `events.json` and `answers.json`. They become `operations.jsonl` and `events.jsonl`
of `wechatpay_chain/catalogue/data`, one JSON object a line, sorted, so that a diff shows what the platform changed.
Paths are spelled as the chain spells them: APIv2's under `/v2`. `tools/overlay.json` adds what no page says in a form
that could be collected.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "wechatpay_chain" / "catalogue" / "data"
OVERLAY = Path(__file__).with_name("overlay.json")

Record = dict[str, Any]


def merge(operations: list[Record], answers: dict[str, list[str]], overlay: dict[str, Record]) -> list[Record]:
    """The operations, under their chain paths, with what is known of their answers' signatures and the overlay.

    Raises:
        ValueError: `answers` or `overlay` names an operation that `operations` does not have.
    """
    merged = {f"{record['method']} {record['path']}": record for record in map(_chain_spelling, operations)}
    for key in overlay:
        _lookup(merged, key).update(overlay[key])
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
    prefix = "/v2" if operation["gen"] == "v2" else ""
    return {**operation, "path": prefix + operation["path"], "resp": dict(operation["resp"])}


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
    operations, events, answers = (
        json.loads((source / f"{name}.json").read_text(encoding="utf-8")) for name in ("operations", "events", "answers")
    )
    overlay = json.loads(OVERLAY.read_text(encoding="utf-8"))
    write_lines(DATA / "operations.jsonl", merge(operations, answers, overlay))
    write_lines(DATA / "events.jsonl", events)


if __name__ == "__main__":
    main()
