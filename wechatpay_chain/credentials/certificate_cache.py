"""Platform certificates in a file, so that a restart doesn't need the platform."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..crypto.concealed import Concealed
from ..errors import TrustError
from ..wire.v3 import certificates
from ..wire.v3.certificates import SealedCertificate
from .certificate_download import Opened, open_certificates

_log = logging.getLogger(__name__)


class CertificateCache:
    """A file that only its owner can read.

    Its content is sealed with the APIv3 key, so what somebody else put there isn't believed. A file that can't be read
    or written is logged, and does no harm: the certificates are downloaded then.

    Args:
        path: the file; None keeps nothing.
        apiv3_key: opens what it holds.
    """

    def __init__(self, path: Path | None, apiv3_key: Concealed[bytes]) -> None:
        self._path = path
        self._apiv3_key = apiv3_key

    def read(self) -> list[Opened]:
        """The certificates in the file; none where there is no such file, or one that can't be believed."""
        if self._path is None:
            return []
        try:
            return open_certificates(certificates.parse(self._path.read_bytes()), self._apiv3_key)
        except FileNotFoundError:
            return []
        except (OSError, TrustError) as error:
            _log.warning("the cached platform certificates in %s are not used: %s", self._path, error)
            return []

    def write(self, sealed: Iterable[SealedCertificate]) -> None:
        """Replace the content of the file in one step."""
        if self._path is None:
            return
        content = certificates.build(list(sealed))
        try:
            # mkstemp makes it readable for its owner alone; the name changes hands in one step.
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                Path(name).replace(self._path)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            _log.warning("the platform certificates can't be kept in %s: %s", self._path, error)
