"""The control interface: what each path of `/_emulator/` does, and how the OpenAPI document describes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson

from ..._version import __version__
from ...errors import ConfigurationError
from ...http.headers import Headers
from ...http.request import Request
from ...http.response import Response
from .. import faults, folder
from ..controls import Controls
from ..platform.call import DEFAULT_BASE_URL
from ..platform.keys import KeyPair
from ..platform.refusal import Refusal
from ..platform.routes import placeholder_values
from ..world.announcements import ANNOUNCEMENTS
from ..world.merchants import Merchant
from ..world.records import Table
from . import openapi, pages, views
from .action import Action, Arguments
from .fields import BadRequest, Field, Fields, read_body, read_query
from .guard import objection
from .starting import first_steps

BASE = "/_emulator"
EVENTS = f"{BASE}/events"
"""Where the stream of events is, which a server sends."""

_JSON = Headers(
    {
        "Content-Type": "application/json; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }
)


class Missing(Exception):
    """There is no such thing; which one is its text."""


class Control:
    """Answers the requests below `/_emulator/`.

    Args:
        controls: what it works on.
        allowed_hosts: names that the emulator may be called by, beside those of this machine.
    """

    def __init__(self, controls: Controls, allowed_hosts: Collection[str] = ()) -> None:
        self._controls = controls
        self._allowed_hosts = frozenset(allowed_hosts)
        self._pages = pages.Pages(controls)
        self.actions = self._table()

    async def handle(self, request: Request) -> Response[Any]:
        """The answer to a request."""
        is_form = request.path.startswith(f"{pages.PAY}/")
        against = self.objection(request, form=is_form)
        if against:
            return _told(403, {"message": against})
        page = self._pages.answer(request)
        if page is not None:
            return page
        return self._perform(request)

    def objection(self, request: Request, *, form: bool = False) -> str:
        """Why a request may not be served; empty where it may."""
        return objection(request.method, request.headers, self._allowed_hosts, form=form)

    def _perform(self, request: Request) -> Response[Any]:
        known = [
            (action, values)
            for action in self.actions
            if (values := placeholder_values(BASE + action.path, request.path)) is not None
        ]
        if not known:
            return _told(404, {"message": f"there is no {request.path}"})
        # A fixed path wins over one with placeholders.
        fitting = [pair for pair in known if pair[0].method == request.method]
        if not fitting:
            allowed = sorted({action.method for action, _ in known})
            return _told(405, {"message": f"allowed: {', '.join(allowed)}"}, {"Allow": ", ".join(allowed)})
        action, values = min(fitting, key=lambda pair: len(pair[1]))
        try:
            query = read_query(parse_qsl(request.query, keep_blank_values=True), action.query)
            body = read_body(request.body or b"", action.body) if action.body is not None else {}
            return _told(action.status, action.do({**query, **body, **values}))
        except BadRequest as error:
            return _told(400, {"message": str(error)})
        except ConfigurationError as error:
            return _told(400, {"message": str(error), "argument": error.argument})
        except Missing as error:
            return _told(404, {"message": str(error)})
        except Refusal as error:
            return _told(404 if error.status == 404 else 409, {"message": error.message, "code": error.code})

    # ── what they do ──

    def _state(self, _given: Arguments) -> dict[str, Any]:
        world = self._controls.world
        return {
            "version": __version__,
            "clock": self._clock_told(),
            "merchants": [
                {"mchid": merchant.mchid, "role": merchant.role, "serial": merchant.key.serial}
                for merchant in world.merchants.values()
            ],
            "default_key": self._controls.notifier.default_key.serial,
            "platform_keys": [key.serial for key in world.platform_keys],
            "records": {table.kind.name: len(table) for table in world.tables},
            "calls": len(self._controls.exchanges),
            "faults": len(self._controls.faults),
        }

    def _calls(self, given: Arguments) -> list[dict[str, Any]]:
        found = [
            exchange
            for exchange in list(self._controls.exchanges)
            if given.get("since", 0) < exchange.number < given.get("before", inf)
            and given.get("mchid", exchange.mchid) == exchange.mchid
        ]
        return [views.exchange_line(exchange) for exchange in found[-given.get("limit", 100) :]]

    def _call(self, given: Arguments) -> dict[str, Any]:
        for exchange in list(self._controls.exchanges):
            if str(exchange.number) == given["number"]:
                return views.exchange_whole(exchange, self._controls.world)
        raise Missing(f"there is no call {given['number']}, or it was long ago")

    def _records(self, given: Arguments) -> list[dict[str, Any]]:
        table = self._find_table(given["kind"])
        return [views.keyed(found, table.kind) for found in list(table)[-given.get("limit", 100) :]]

    def _record(self, given: Arguments) -> dict[str, Any]:
        table = self._find_table(given["kind"])
        found = table.get(given["key"])
        if found is None:
            raise Missing(f"there is no {given['key']} among the {given['kind']}")
        about = f"{given['kind']}/{given['key']}"
        announced = self._controls.world.of(ANNOUNCEMENTS).by("about", about)
        return {
            **views.keyed(found, table.kind),
            "notifications": [views.notification(announcement) for announcement in announced],
        }

    def _find_table(self, kind: str) -> Table[Any]:
        table = next((table for table in self._controls.world.tables if table.kind.name == kind), None)
        # Settings are keys.
        if table is None or table.kind.name == "settings":
            raise Missing(f"there are no records named {kind}")
        return table

    def _add_order(self, given: Arguments) -> dict[str, Any]:
        return views.record(self._controls.add_order(**given))

    def _phone(self, given: Arguments, what: str) -> dict[str, Any]:
        act = getattr(self._controls, what)
        return views.record(act(given["what"], mchid=given.get("mchid")))

    def _start(self, given: Arguments) -> dict[str, Any]:
        world = self._controls.world
        mchid = given.get("mchid", next(iter(world.merchants)))
        if mchid not in world.merchants:
            raise Missing(f"there is no merchant {mchid}")
        return first_steps(world.merchants[mchid], world.platform_keys[0], given.get("base_url", DEFAULT_BASE_URL))

    def _notifications(self, given: Arguments) -> list[dict[str, Any]]:
        return [views.notification(found) for found in self._controls.notifications[-given.get("limit", 100) :]]

    def _notification(self, given: Arguments) -> dict[str, Any]:
        found = self._controls.world.of(ANNOUNCEMENTS).get(given["number"])
        if found is None:
            raise Missing(f"there is no notification {given['number']}")
        return views.notification(found)

    def _trigger(self, given: Arguments) -> dict[str, Any]:
        arguments = dict(given)
        kind = arguments.pop("kind")
        return views.notification(self._controls.trigger(kind, arguments.pop("resource", None), **arguments))

    def _send_again(self, given: Arguments) -> dict[str, Any]:
        found = self._notification(given)
        arguments = {name: value for name, value in given.items() if name != "number"}
        self._controls.notifier.send_again(found["number"], **arguments)
        return found

    def _hold(self, given: Arguments) -> dict[str, Any]:
        (self._controls.notifier.hold if given["held"] else self._controls.notifier.release)()
        return {"held": given["held"]}

    def _faults(self, _given: Arguments) -> list[dict[str, Any]]:
        return [fault.to_dict() for fault in self._controls.faults]

    def _add_fault(self, given: Arguments) -> dict[str, Any]:
        effect, where = faults.from_dict(given)
        return self._controls.faults.add(effect, **where).to_dict()

    def _remove_fault(self, given: Arguments) -> dict[str, Any]:
        number = given["number"]
        if not (number.isascii() and number.isdecimal() and self._controls.faults.remove(int(number))):
            raise Missing(f"there is no fault {number}")
        return {}

    def _remove_faults(self, _given: Arguments) -> dict[str, Any]:
        self._controls.faults.clear()
        return {}

    def _move_clock(self, given: Arguments) -> dict[str, Any]:
        if "speed" in given:
            self._controls.run_at(given["speed"])
        if "time" in given:
            self._controls.set_time(given["time"])
        if "advance" in given:
            self._controls.advance(given["advance"])
        return self._clock_told()

    def _clock_told(self) -> dict[str, Any]:
        clock = self._controls.world.clock
        return {"time": clock(), "offset": clock.offset, "speed": clock.speed}

    def _add_merchant(self, given: Arguments) -> dict[str, Any]:
        world = self._controls.world
        if given["mchid"] in world.merchants:
            raise Refusal(409, "ALREADY_EXISTS", f"there is a merchant {given['mchid']}")
        made = world.add_merchant(Merchant(mchid=given["mchid"], role=given.get("role", "direct")))
        settings = folder.settings_of(Path(), made, world.platform_keys[0], "")
        keys = ("WECHATPAY_MCHID", "WECHATPAY_SERIAL", "WECHATPAY_APIV3_KEY", "WECHATPAY_APIV2_KEY")
        return {
            "settings": {name: settings[name] for name in keys},
            "private_key": made.key.private_pem,
            "certificate": made.key.public_pem,
        }

    def _rotate(self, given: Arguments) -> list[str]:
        world = self._controls.world
        made = KeyPair.certified() if given["kind"] == "certificate" else KeyPair.wechatpay()
        world.platform_keys = (made, *world.platform_keys)
        return [key.serial for key in world.platform_keys]

    def _reset(self, _given: Arguments) -> dict[str, Any]:
        self._controls.reset()
        return {}

    def _table(self) -> tuple[Action, ...]:
        many: Fields = {"limit": Field(type="integer", text="how many of the newest", least=1, most=10_000)}
        merchant = Field(text="number of the merchant")
        flaw = Field(text="what is wrong with it", choices=faults.FLAWS)
        serial = Field(text="which of the platform's keys signs it")
        after = Field(type="number", text="seconds of the world's time from now", least=0, most=31_536_000)
        who: Fields = {"what": Field(text="the number or link that a shop has of it", required=True), "mchid": merchant}
        sum_of = Field(type="integer", text="in fen", required=True, least=1, most=10**10)
        posts = (
            ("pay", "a payer pays an order"),
            ("fail", "a payer's payment fails"),
            ("expire", "an order's time is over"),
        )
        phones = (*posts, ("confirm", "who gets a transfer confirms it"), ("open_red_packet", "a red packet is opened"))
        return (
            Action(method="GET", path="/state", summary="Merchants, keys, clock and counts", do=self._state),
            Action(
                method="GET",
                path="/openapi.json",
                summary="This description",
                do=lambda _: openapi.document(self.actions),
            ),
            Action(
                method="GET",
                path="/calls",
                summary="The last calls",
                do=self._calls,
                query={
                    **many,
                    "mchid": merchant,
                    "since": Field(type="integer", text="only those after this number", least=0),
                    "before": Field(type="integer", text="only those before this number", least=0),
                },
            ),
            Action(method="GET", path="/calls/{number}", summary="A call and its answer as sent", do=self._call),
            Action(
                method="GET",
                path="/records/{kind}",
                summary="Records of a kind: orders, refunds, ...",
                do=self._records,
                query=many,
            ),
            Action(
                method="GET",
                path="/records/{kind}/{key}",
                summary="A record, and the notifications about it",
                do=self._record,
            ),
            Action(
                method="GET",
                path="/first-steps",
                summary="Settings, key files and the first call of a merchant",
                do=self._start,
                query={"mchid": merchant, "base_url": Field(text="where the emulator is reached")},
            ),
            Action(
                method="POST",
                path="/orders",
                summary="Make an order without a client",
                do=self._add_order,
                body={
                    "out_trade_no": Field(text="the merchant's number", required=True),
                    "total": sum_of,
                    "mchid": merchant,
                    "notify_url": Field(text="where its notifications go"),
                },
                status=201,
            ),
            *(
                Action(
                    method="POST",
                    path=f"/phone/{name}",
                    summary=f"The phone: {text}",
                    do=partial(self._phone, what=name),
                    body=who,
                )
                for name, text in phones
            ),
            Action(
                method="GET",
                path="/notifications",
                summary="The last notifications",
                do=self._notifications,
                query=many,
            ),
            Action(
                method="POST",
                path="/notifications",
                summary="Send a notification by hand",
                do=self._trigger,
                body={
                    "kind": Field(text="event type, of APIv2 after v2/", required=True),
                    "resource": Field(type="object", text="members in place of the sample's"),
                    "notify_url": Field(text="where to"),
                    "mchid": merchant,
                    "original_type": Field(text="the resource's"),
                    "times": Field(type="integer", text="how often", least=1, most=100),
                    "after": after,
                    "flaw": flaw,
                    "serial": serial,
                },
                status=201,
            ),
            Action(method="GET", path="/notifications/{number}", summary="A notification", do=self._notification),
            Action(
                method="POST",
                path="/notifications/{number}/send",
                summary="Send a notification once more",
                do=self._send_again,
                body={"flaw": flaw, "serial": serial, "after": after},
            ),
            Action(
                method="POST",
                path="/hold",
                summary="Hold notifications back, or let them go",
                do=self._hold,
                body={"held": Field(type="boolean", required=True)},
            ),
            Action(method="GET", path="/faults", summary="The faults in force", do=self._faults),
            Action(method="POST", path="/faults", summary="Add a fault", do=self._add_fault, body=_FAULT, status=201),
            Action(method="DELETE", path="/faults", summary="Remove all faults", do=self._remove_faults),
            Action(method="DELETE", path="/faults/{number}", summary="Remove a fault", do=self._remove_fault),
            Action(
                method="POST",
                path="/clock",
                summary="Move the world's clock, or change its speed",
                do=self._move_clock,
                body={
                    "advance": Field(type="number", text="seconds", least=-(10**8), most=10**8),
                    "time": Field(type="number", text="Unix time in seconds", least=0, most=10**10),
                    "speed": Field(type="number", text="seconds in a real second; 0 stops it", least=0, most=10**6),
                },
            ),
            Action(
                method="POST",
                path="/keys",
                summary="Give the platform a new key, as in a rotation",
                do=self._rotate,
                body={"kind": Field(choices=("certificate", "public-key"), required=True)},
                status=201,
            ),
            Action(
                method="POST",
                path="/merchants",
                summary="Let another merchant call, with fresh keys",
                do=self._add_merchant,
                body={
                    "mchid": Field(text="number of the merchant", required=True),
                    "role": Field(choices=("direct", "partner", "brand")),
                },
                status=201,
            ),
            Action(method="POST", path="/reset", summary="Forget all records, calls and faults", do=self._reset),
        )


_FAULT: Fields = {
    "effect": Field(text="what happens", choices=tuple(faults.EFFECTS), required=True),
    "operation": Field(text="pattern over method and path template, or NOTIFY and a kind"),
    "merchant": Field(text="number of the merchant"),
    "share": Field(type="number", text="of the calls", least=0, most=1),
    "times": Field(type="integer", text="after so many strikes it is over", least=1),
    "after": Field(type="integer", text="so many calls pass first", least=0),
    "status": Field(type="integer", text="of refuse and page: HTTP status", least=200, most=599),
    "code": Field(text="of refuse: the platform's code"),
    "message": Field(text="of refuse: text for people"),
    "seconds": Field(type="number", text="of delay and skew-clock", least=-(10**6), most=10**6),
    "kept": Field(type="integer", text="of cut-body: bytes that still come", least=0),
    "flaw": Field(text="of forge", choices=faults.FLAWS),
    "serial": Field(text="of other-key: which key"),
}


def _told(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response[Any]:
    content = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str)
    return Response(status=status, headers=_JSON.merge(headers or {}), content=content)
