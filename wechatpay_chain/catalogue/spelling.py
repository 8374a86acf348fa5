"""How a known path is written in Python: the attribute of a segment, and the chain of a path."""

from __future__ import annotations

import re
from keyword import iskeyword

VERBS = frozenset({"get", "post", "put", "patch", "delete"})

_WORDS = re.compile(r"[a-z][a-z0-9_]*(-[a-z][a-z0-9_]*)*")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


def attribute(segment: str) -> str | None:
    """The attribute that stands for a path segment, or None where only brackets can.

    `wb-channel` is `wbChannel`, `{out_trade_no}` is `_out_trade_no_`, `global` is `global_`; segments with capitals
    and those that are named like a verb need brackets.
    """
    if placeholder := _PLACEHOLDER.fullmatch(segment):
        return f"_{placeholder[1]}_"
    if not _WORDS.fullmatch(segment) or segment.endswith("_") or segment in VERBS:
        return None
    name = re.sub(r"-(.)", lambda hyphen: hyphen[1].upper(), segment)
    return f"{name}_" if iskeyword(name) else name


def steps(path: str) -> list[str]:
    """The segments of a path, as the chain takes them: a trailing slash belongs to the last one."""
    slash = "/" if path.endswith("/") else ""
    segments = path.strip("/").split("/")
    return [*segments[:-1], segments[-1] + slash]


def spell(path: str) -> str:
    """The chain of a path: `v3.merchant.media.video_upload`, `v2.secapi.mch["addInstitutionsub"]`."""
    chain = ""
    for step in steps(path):
        name = attribute(step)
        chain += f'["{step}"]' if name is None else f".{name}"
    return chain.removeprefix(".")
