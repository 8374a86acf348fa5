"""`python manage.py wechatpay_inbox`: runs the inbox's worker, and lists, retries and erases what is stored."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from .....errors import ConfigurationError
from .....notifications.webhook import Webhook
from ...admin import inbox_of_settings
from ...inbox import Worker


class Command(BaseCommand):
    """Handle stored notifications, list them, have them handled again, erase their content."""

    help = "Handle the notifications of WeChat Pay that are stored in this project's database, and look after them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the arguments."""
        below = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        work = below.add_parser("work", help="handle what comes, until Ctrl-C or SIGTERM")
        work.add_argument("--once", action="store_true", help="handle what is due now, and end")
        work.add_argument("--webhook", help="where it is: shop.notifications.webhook (settings.WECHATPAY_WEBHOOK)")
        listing = below.add_parser("list", help="the newest, without their content")
        listing.add_argument("--state", help="only these: waiting, claimed, done, dead, forgotten")
        listing.add_argument("--most", type=int, default=50, help="how many at most (50)")
        retry = below.add_parser("retry", help="have them handled again")
        retry.add_argument("keys", nargs="*", help="their keys; none for all dead ones")
        forget = below.add_parser("forget", help="erase the content of what is finished of a business number")
        forget.add_argument("number", help="the order's, refund's or transfer's number")
        retain = below.add_parser("retain", help="erase the content of what was finished longer ago")
        retain.add_argument("days", type=float, help="how many days content is kept")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run the subcommand."""
        inbox = inbox_of_settings()
        match options["action"]:
            case "work":
                self._work(options)
            case "list":
                rows = inbox.rows.order_by("-pk")
                if options["state"]:
                    rows = rows.filter(state=options["state"])
                for row in rows[: options["most"]]:
                    told = f"{row.state:9} {row.tries:2}  {row.event_type}  {row.number}"
                    self.stdout.write(f"{told}  {row.error}  {row.key}")
            case "retry":
                self.stdout.write(f"{inbox.retry(options['keys'] or None)} will be handled again")
            case "forget":
                self.stdout.write(f"{inbox.forget(options['number'])} erased")
            case _:
                try:
                    erased = inbox.retain(options["days"] * 86400)
                except ConfigurationError as error:
                    raise CommandError(str(error)) from None
                self.stdout.write(f"{erased} erased")

    def _work(self, options: dict[str, Any]) -> None:
        name = options["webhook"] or getattr(settings, "WECHATPAY_WEBHOOK", "")
        if not name:
            raise CommandError("no webhook is named: give --webhook, or WECHATPAY_WEBHOOK in the settings")
        webhook: Webhook = import_string(name)
        worker = Worker(inbox_of_settings(), webhook)
        if options["once"]:
            self.stdout.write(f"handled {worker.drain()}")
            return

        def stop(*_: object) -> None:
            worker.stop()

        signal.signal(signal.SIGTERM, stop)
        self.stdout.write("handling notifications; Ctrl-C ends it")
        worker.run()
