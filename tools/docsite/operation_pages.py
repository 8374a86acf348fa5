"""The page of an operation and the lists that lead to it, in Markdown, made from the catalogue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from wechatpay_chain import catalogue
from wechatpay_chain.catalogue.records import Fields, Record, record

ROOTS = {
    "v3": ("APIv3", "APIv3"),
    "v2": ("APIv2", "APIv2"),
    "brand": ("Brands", "品牌"),
    "global": ("Overseas, `/global/`", "境外 `/global/`"),
    "hk": ("Hong Kong, `/hk/`", "香港 `/hk/`"),
}
"""The first segments of paths, each with what its operations are called in English and Chinese."""

_TITLES = {
    "path": "Placeholders 路径参数",
    "query": "Query `params=` 查询参数",
    "json": "Body `json=` 请求体",
    "xml": "Body `xml=` 请求体",
    "form": "Parts of the upload 上传表单",
    "file-meta": "Upload `meta=` 文件信息",
    "header": "Headers `headers=` 请求头",
}
_KEYWORDS = {"json": "json", "xml": "xml", "query": "params", "meta": "meta"}
_UNGROUPED = "其他"
_ALSO_CALLED = {
    "解除.*管控": ("解管",),
    "(?<!转)账单": ("对账", "账单"),
    "关闭订单": ("关单",),
    "(?:查询订单|订单查询|订单号查询)(?:$|[(（])": ("查单",),
    "撤销(?:订单|$)": ("撤单",),
    "付款码支付": ("付款码", "刷卡", "被扫"),
    "Native.*下单|下单.*Native": ("扫码",),
}
"""What people say and search for where the official name has other words, by a pattern of that name."""

_FOR_FEW = ("/v2/", "/hk/", "/global/", "/v3/global/")
_CLIENT_HEADERS = {"Wechatpay-Serial"}


def page_of(operation: catalogue.Operation) -> str:
    """The file of an operation's page below the site's documents: `operations/v3/certificates/get.md`."""
    path = operation.path.strip("/").replace("{", "_").replace("}", "_")
    return f"operations/{path}/{operation.method.lower()}.md"


def english_name(operation: catalogue.Operation) -> str:
    """What its path says, since the platform names operations in Chinese alone: `pay transactions native (POST)`."""
    words = [segment for segment in operation.path.split("/")[2:] if segment and not segment.startswith("{")]
    return f"{' '.join(words).replace('-', ' ').replace('_', ' ')} ({operation.method})"


def pages() -> Iterator[tuple[str, str]]:
    """Every page that the catalogue fills: file and Markdown."""
    operations = list(catalogue.operations())
    yield "operations/index.md", _front_page(operations)
    for root in ROOTS:
        yield f"operations/{root}/index.md", _list(root, [each for each in operations if _root(each) == root])
    for operation in operations:
        yield page_of(operation), operation_page(operation)


def operation_page(operation: catalogue.Operation) -> str:
    """The page of one operation."""
    full = record(operation.method, operation.path)
    params: Mapping[str, Fields] = full.get("params", {})
    answer: Record = full["resp"]
    return "\n".join(
        [
            "---",
            f"title: {_quoted(operation.name)}",
            f"description: {_quoted(f'{operation.method} {operation.path}')}",
            *_weight(operation),
            "---",
            "",
            f"# {operation.name}",
            "",
            f"`{operation.method} {operation.path}`",
            "",
            f"English: {english_name(operation)}",
            "",
            *_about(operation, full),
            *_call(operation),
            "## Parameters 参数",
            "",
            *(line for location, fields in params.items() for line in _section(location, fields)),
            f"## Answer 应答 {{ data-search-exclude }}\n\n{_answer_kind(operation)}\n",
            *_table(answer.get("fields", {})),
            *_refusals(operation),
        ]
    )


def _front_page(operations: list[catalogue.Operation]) -> str:
    lines = [
        "# Operations 全部接口",
        "",
        f"Every operation of the catalogue has a page, {len(operations):,} in all. The search at the top finds them by",
        "Chinese name, by path and by the name of a field.",
        "",
        f"目录中的每个接口都有一页，共 {len(operations):,} 个。用页面上方的搜索框，可按中文名、路径或字段名查找。",
        "",
        "| | | |",
        "|---|---|---:|",
    ]
    for root, (english, chinese) in ROOTS.items():
        count = sum(_root(operation) == root for operation in operations)
        name = english if english == chinese else f"{english} {chinese}"
        lines.append(f"| `/{root}/` | [{name}]({root}/index.md) | {count:,} |")
    return "\n".join([*lines, ""])


def _list(root: str, operations: list[catalogue.Operation]) -> str:
    english, chinese = ROOTS[root]
    lines = [f"# {english}" if english == chinese else f"# {english} {chinese}", ""]
    for group, members in groupby(sorted(operations, key=_by_group), key=_group):
        lines += [f"## {group}", ""]
        for each in members:
            link = page_of(each).removeprefix(f"operations/{root}/")
            gone = " (deprecated 已下线)" if each.deprecated else ""
            lines.append(f"- [{each.name}]({link}){gone} `{each.method} {each.path}`")
        lines.append("")
    return "\n".join(lines)


def _root(operation: catalogue.Operation) -> str:
    return operation.path.split("/")[1]


def _group(operation: catalogue.Operation) -> str:
    return str(record(operation.method, operation.path).get("group", _UNGROUPED))


def _by_group(operation: catalogue.Operation) -> tuple[bool, str, str, str]:
    group = _group(operation)
    return group == _UNGROUPED, group, operation.path, operation.method


def _about(operation: catalogue.Operation, full: Record) -> Iterator[str]:
    if sayings := also_called(operation.name):
        yield f"- Also called 又称: {'、'.join(sayings)}"
    if group := full.get("group"):
        yield f"- Product 产品: {group}"
    for page in catalogue.pages(operation):
        yield f"- [Official page 官方文档 {page.rpartition('/')[2]}]({page})"
    if roles := full.get("roles"):
        yield f"- For 适用于: {'、'.join(roles)}"
    yield f"- Body 请求体: {operation.body}; answer 应答: {operation.answer}"
    for sentence in catalogue.remarks(operation):
        yield f"- {_escaped(sentence)}"
    for suffixes, most in operation.file_limits:
        yield f"- Files 文件: {', '.join(suffixes)}, at most {most:,} bytes"
    yield ""


def also_called(name: str) -> list[str]:
    """What people say in place of an operation's official name; nothing where they use that name."""
    return [saying for pattern, sayings in _ALSO_CALLED.items() if re.search(pattern, name) for saying in sayings]


def _weight(operation: catalogue.Operation) -> Iterator[str]:
    """What the search weighs: sayings as much as titles do, and operations for few people less than the others."""
    if sayings := also_called(operation.name):
        yield f"tags: [{', '.join(sayings)}]"
    if operation.deprecated or operation.path.startswith(_FOR_FEW):
        yield "search: {boost: 0.5}"


def _call(operation: catalogue.Operation) -> Iterator[str]:
    yield "## Six spellings 六种写法 { data-search-exclude }"
    yield ""
    given = arguments(operation)
    verb = operation.method.lower()
    path = operation.path.removeprefix("/")
    yield "```python"
    for name, value in given.items():
        if not isinstance(value, str):
            yield f"{name} = {_literal(value)}"
    if operation.body == "multipart":
        yield 'file = Path("shop.jpg")'
    words = [
        f"{name}={_literal(value)}" if isinstance(value, str) else f"{name}={name}" for name, value in given.items()
    ]
    words += ["file=file"] if operation.body == "multipart" else []
    call = f".{verb}({', '.join(words)})"
    for lead, client in (("await ", "wxpay"), ("", "sync")):
        yield ""
        yield f"answer = {lead}{client}.{catalogue.spell(operation.path)}{call}"
        yield f'answer = {lead}{client}.chain("{path}"){call}'
        yield f'answer = {lead}{client}["{path}"]{call}'
    yield "```"
    yield ""


def arguments(operation: catalogue.Operation) -> dict[str, Any]:
    """What a call of an operation is given by name: placeholders, and payloads with what the catalogue requires."""
    params: Mapping[str, Fields] = record(operation.method, operation.path).get("params", {})
    given: dict[str, Any] = {name: name.upper() for name in params.get("path", {})}
    for location, payload in catalogue.sample(operation).items():
        if payload or (location in {"json", "xml"} and operation.body == location):
            given[_KEYWORDS[location]] = payload
    headers = {name: "..." for name in params.get("header", {}) if name not in _CLIENT_HEADERS}
    return given | ({"headers": headers} if headers else {})


def _literal(value: Any, indent: str = "") -> str:
    """A JSON value as Python, a member a line."""
    deeper = indent + "    "
    match value:
        case {**members} if members:
            lines = [f"{deeper}{json.dumps(name)}: {_literal(member, deeper)},\n" for name, member in members.items()]
            return "{\n" + "".join(lines) + indent + "}"
        case [*items] if items:
            return "[" + ", ".join(_literal(item, indent) for item in items) + "]"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return repr(value)


def _section(location: str, fields: Fields) -> Iterator[str]:
    yield f"### {_TITLES[location]}"
    yield ""
    yield from _table(fields)


def _table(fields: Fields) -> Iterator[str]:
    if fields:
        yield "| Field 字段 | Type 类型 | |"
        yield "|---|---|---|"
        yield from _rows(fields)
        yield ""


def _rows(fields: Fields, prefix: str = "") -> Iterator[str]:
    for name, field in fields.items():
        kind = f"JSON text of {field['json']}" if "json" in field else str(field["type"])
        yield f"| `{prefix}{name}` | {kind} | {_escaped('; '.join(_marks(field)))} |"
        repeated = str(field.get("json", field["type"])).endswith("[]")
        yield from _rows(field.get("fields", {}), f"{prefix}{name}{'[]' if repeated else ''}.")


def _marks(field: Record) -> Iterator[str]:
    if "unless" in field:
        yield f"required unless {' or '.join(field['unless'])} is given"
    elif "when" in field:
        yield f"required when {field['when'][0]} is {' or '.join(map(str, field['when'][1]))}"
    elif field.get("req"):
        yield "filled in by the client" if field.get("auto") else "required 必填"
    if "enc" in field:
        yield "secret, encrypted by the client 敏感字段"
    if "format" in field:
        yield str(field["format"])
    if "min" in field or "max" in field:
        yield f"{field.get('min', 0)} to {field.get('max', 'any number of')} characters"
    if "minimum" in field or "maximum" in field:
        yield f"from {field.get('minimum', 'any')} to {field.get('maximum', 'any')}"
    if "minItems" in field or "maxItems" in field:
        yield f"{field.get('minItems', 0)} to {field.get('maxItems', 'any number of')} items"
    if "default" in field:
        yield f"default {field['default']}"
    if "enum" in field:
        yield "one of " + ", ".join(map(str, field["enum"]))


def _answer_kind(operation: catalogue.Operation) -> str:
    return {
        "empty": "Status 204, without content. 无应答体。",
        "file": "A file. 文件。",
        "redirect": "A page to open in a browser. 浏览器跳转。",
    }.get(operation.answer, f"`{operation.answer}`")


def _refusals(operation: catalogue.Operation) -> Iterator[str]:
    yield "## Codes 错误码 { data-search-exclude }"
    yield ""
    yield "What operations of this kind refuse with; the official page may name more."
    yield ""
    yield "| | | |"
    yield "|---|---|---|"
    for known in catalogue.known_refusals(operation):
        yield f"| {known.status} | `{known.code}` | {_escaped(known.remedy)} |"
    yield ""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;").replace("_", "\\_")
