"""The control interface: finds the action for a request below `/_emulator/`, and answers it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from ...errors import ConfigurationError
from ...http.headers import Headers
from ...http.request import Request
from ...http.response import Response
from ..controls import Controls
from ..platform.refusal import Refusal
from ..platform.routes import placeholder_values
from ..products.orders import links
from . import openapi, pages
from .action import BASE, Action
from .actions import Missing, actions_of
from .fields import BadRequest, read_body, read_query
from .guard import objection

EVENTS = f"{BASE}/events"
"""The path of the stream of events."""

_JSON = Headers(
    {
        "Content-Type": "application/json; charset=utf-8",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }
)


class ControlApi:
    """Answers the requests below `/_emulator/`.

    Args:
        controls: of the world to act on.
        allowed_hosts: names that the emulator may be called by, beside those of this machine.
    """

    def __init__(self, controls: Controls, allowed_hosts: Collection[str] = ()) -> None:
        self._controls = controls
        self._allowed_hosts = frozenset(allowed_hosts)
        self._pages = pages.Pages(controls)
        self.actions = (
            *actions_of(controls),
            Action(
                method="GET",
                path="/openapi.json",
                summary="This description",
                do=lambda _: openapi.document(self.actions),
            ),
        )

    async def handle(self, request: Request) -> Response[Any]:
        """The answer to a request."""
        is_form = request.path.startswith(f"{links.PAGE}/")
        against = self.objection(request, form=is_form)
        if against:
            return _told(403, {"message": against})
        page = self._pages.answer(request)
        if page is not None:
            return page
        return self._perform(request)

    def objection(self, request: Request, *, form: bool = False) -> str:
        """Why a request must be refused; empty if it may be served."""
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


def _told(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response[Any]:
    content = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str)
    return Response(status=status, headers=_JSON.merge(headers or {}), content=content)
