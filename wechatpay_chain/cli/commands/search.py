"""`search`: finds operations and notifications by name, path or field."""

from __future__ import annotations

import argparse

from ... import catalogue
from ..inputs import count
from ..output import show_json
from ..terminal import print_table, show_error


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `search`."""
    parser.add_argument("text", nargs="+", help="解管, 'control order', bal_account_no, TRANSACTION.SUCCESS, ...")
    parser.add_argument("--limit", type=count, default=20, help="how many at most (20)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_search)


def _search(options: argparse.Namespace) -> int:
    text = " ".join(options.text)
    operations = catalogue.search(text, limit=options.limit)
    events = catalogue.search_events(text, limit=max(options.limit - len(operations), min(options.limit, 5)))
    if options.json:
        show_json(
            {
                "operations": [
                    {"method": found.method, "path": found.path, "name": found.name, "deprecated": found.deprecated}
                    for found in operations
                ],
                "notifications": [
                    {
                        "id": event.id,
                        "generation": event.generation,
                        "name": event.name,
                        "constant": event.constant,
                        "type": event.type_name,
                    }
                    for event in events
                ],
            }
        )
    else:
        rows = [(found.method, found.path, found.name) for found in operations]
        rows += [("NOTIFY", event.title, event.name) for event in events]
        print_table(rows)
    if not operations and not events:
        show_error(f"nothing in the catalogue matches {text!r}: try a part of an official name, of a path, or a field")
        return 1
    return 0
