"""Platform certificates cached in a file, so that a restart needs no download."""

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

    Its content is encrypted with the APIv3 key, so nobody else can put certificates there. If it can't be read or
    written, that is logged, and the certificates are downloaded.

    Args:
        path: the file; None keeps nothing.
        apiv3_key: decrypts its content.
    """

    def __init__(self, path: Path | None, apiv3_key: Concealed[bytes]) -> None:
        self._path = path
        self._apiv3_key = apiv3_key

    def read(self) -> list[Opened]:
        """The certificates in the file; none if it is missing or can't be decrypted."""
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
            # mkstemp makes a file that only its owner can read; renaming it is atomic.
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
