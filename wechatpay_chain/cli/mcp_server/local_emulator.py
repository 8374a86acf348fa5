"""The only thing that the server connects to: an emulator on this machine, with keys that the emulator gives out."""

from __future__ import annotations

import asyncio
import ipaddress
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ... import WeChatPay
from ...emulator import folder as folders
from ...errors import APIError, ConfigurationError
from ..running_emulator import ask

_LOCAL = "localhost"


class LocalEmulator:
    """A running emulator.

    Args:
        folder: its folder, which says where it listens.
        url: where it listens, in place of the folder.

    Raises:
        ConfigurationError: the URL leads to another machine.
    """

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self._folder = folder
        self._url = None if url is None else loopback(url)

    @property
    def base_url(self) -> str:
        """The URL where it listens.

        Raises:
            ConfigurationError: none is running, or not on this machine.
        """
        return self._url or loopback(folders.find_running(self._folder))

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask its control interface, and return the answer.

        Raises:
            ConfigurationError: nothing answers, or it refuses.
        """
        where = Namespace(url=self.base_url, folder=self._folder)
        status, answer = await asyncio.to_thread(ask, where, method, path, body)
        if status >= 400:
            raise ConfigurationError("emulator", str(answer["message"]), "Give what it has")
        return answer

    async def call(self, method: str, path: str, arguments: Mapping[str, Any], mchid: str | None) -> dict[str, Any]:
        """Make a call in the name of one of its merchants.

        Returns:
            The status and the answer, or the refusal with its outcome.

        Raises:
            WeChatPayError: the call was refused before it was sent, or nothing answered.
        """
        async with WeChatPay(**await self._credentials(mchid), base_url=self.base_url) as wxpay:
            try:
                answer = await getattr(wxpay[path.removeprefix("/")], method.lower())(**arguments, retry=False)
            except APIError as refusal:
                return {
                    "status": refusal.status,
                    "code": refusal.code,
                    "message": refusal.reason,
                    "outcome": refusal.outcome,
                    "causes": [str(cause) for cause in refusal.causes],
                }
            return {"status": answer.status, "answer": answer.json() if answer.content else None}

    async def _credentials(self, mchid: str | None) -> dict[str, Any]:
        """The keys of a merchant, which the emulator's page shows, too."""
        given = await self.ask("GET", f"/first-steps?mchid={mchid}" if mchid else "/first-steps")
        settings = dict(line.split("=", 1) for line in given["settings"].splitlines())
        files = given["files"]
        return {
            "mchid": settings["WECHATPAY_MCHID"],
            "serial": settings["WECHATPAY_SERIAL"],
            "private_key": files["apiclient_key.pem"],
            "certs": {settings["WECHATPAY_PUBLIC_KEY_ID"]: files["wechatpay_public_key.pem"]},
            "apiv3_key": settings["WECHATPAY_APIV3_KEY"],
            "apiv2_key": settings["WECHATPAY_APIV2_KEY"],
        }


def loopback(url: str) -> str:
    """A URL of this machine.

    Raises:
        ConfigurationError: it leads elsewhere, or isn't plain http.
    """
    parts = urlsplit(url)
    host = "127.0.0.1" if parts.hostname == _LOCAL else parts.hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback and parts.scheme == "http" and "@" not in parts.netloc
        port = parts.port
    except ValueError:
        local, port = False, None
    if not local or port is None:
        raise ConfigurationError(
            "emulator", f"{url!r} is not on this machine", "Give the URL of an emulator here: http://127.0.0.1:8080"
        )
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
