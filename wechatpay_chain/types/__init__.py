"""The payloads and answers of all operations as TypedDicts, for annotations: `types.v3`, `types.v2`, `types.brand`.

    from wechatpay_chain.types.v3 import PayTransactionsNativePostJson

Type checkers see the TypedDicts. At run time, where 4,000 classes would cost time and memory, every name is
`dict[str, Any]`: what a TypedDict is then anyhow.
"""

from __future__ import annotations
