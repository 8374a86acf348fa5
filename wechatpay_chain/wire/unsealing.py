"""Decrypting the fields of an answer that are encrypted for the merchant, in both versions of the API."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson

from ..crypto import asymmetric
from ..crypto.asymmetric import PrivateKey
from ..errors import DecodeError, DecryptionError
from ..http.operation import Operation
from ..http.response import Response, about
from .sealing import field_tree, unseal


def unsealed(response: Response[Any], operation: Operation | None, private_key: PrivateKey | None) -> Response[Any]:
    """The answer with its secret fields decrypted; unchanged if it has none, isn't verified, or the key isn't here.

    Raises:
        DecryptionError: a field was encrypted for another key, or with another padding; with its name.
        DecodeError: the answer is nested too deeply.
    """
    if not (operation and operation.answer_secret_fields and response.verified and private_key):
        return response
    marked = field_tree(operation.answer_secret_fields)
    decrypt = partial(asymmetric.decrypt, private_key, padding=operation.answer_padding)
    is_sealed = partial(asymmetric.is_ciphertext, private_key)
    try:
        if response.fields is not None:
            return response.changed(fields=unseal(dict(response.fields), marked, decrypt, is_sealed))
        decrypted = orjson.dumps(unseal(orjson.loads(response.content), marked, decrypt, is_sealed))
    except orjson.JSONDecodeError:
        return response  # not JSON: json() raises the error
    except DecryptionError as error:
        raise about(response, error) from None
    except (RecursionError, orjson.JSONEncodeError):  # orjson reads deeper levels than it can write
        raise about(response, DecodeError("the answer is nested too deeply")) from None
    return response.changed(decrypted=decrypted)
