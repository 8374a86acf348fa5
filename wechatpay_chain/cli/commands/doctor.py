"""`doctor`: checks for the usual mistakes in practice, and shows result, reason and remedy of each."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime

from ...errors import ConfigurationError
from ...wire.hosts import DEFAULT_BASE_URL
from ..checks import Check, exit_of_checks, failed, show
from ..checkup import echo, keys, network, setting_texts
from ..inputs import seconds
from ..progress import waiting
from ..settings import Settings, add_settings


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments of `doctor`."""
    parser.add_argument("--offline", action="store_true", help="leave out the network and the self-test")
    parser.add_argument("--timeout", type=seconds, default=10.0, metavar="SECONDS", help="for each connection (10)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_settings(parser)
    parser.set_defaults(run=_doctor)


def _doctor(options: argparse.Namespace) -> int:
    return exit_of_checks(show(_checks(options), json=options.json))


def _checks(options: argparse.Namespace) -> Iterator[Check]:
    try:
        settings = Settings.read(options)
    except ConfigurationError as error:
        yield failed("settings", error)
        return
    yield from setting_texts.checks(settings)
    yield from setting_texts.misspelt(os.environ, settings)
    told: set[str] = set()
    for check in keys.checks(settings, datetime.now(UTC)):
        told.add(check.found)
        yield check
    whole = keys.together(settings)
    if whole.found not in told:
        yield whole
    if options.offline:
        return
    with waiting("looking at the network"):
        yield from network.checks(settings.get("base_url") or DEFAULT_BASE_URL, timeout=options.timeout)
    if whole.result == "wrong":
        yield Check(name="self-test", result="skipped", found="no client can be made of these settings")
        return
    if settings.is_of_brand_alone:
        yield Check(name="self-test", result="skipped", found="the platform has one for merchants, and none for brands")
        return
    with waiting("calling POST /v3/security/echo"):
        done = asyncio.run(echo.check(settings, seconds=options.timeout))
    yield from done
