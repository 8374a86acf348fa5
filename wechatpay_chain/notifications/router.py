"""Which function handles which notification."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, Literal, Self, TypeVar

from ..errors import ConfigurationError
from ..http.value import frozen
from .notification import Notification, Reply
from .sharing import ORIGINAL_TYPE, sharing_type

R = TypeVar("R")

Answer = Reply | Mapping[str, Any] | None
"""What a handler returns: None for plain success, business data for the reply, or a whole reply."""

Function = Callable[[Notification[R]], Answer | Awaitable[Answer]]
"""A handler: a coroutine function, or a function, which then runs in a thread."""

Late = Literal["finish", "cancel"]
"""What happens to a handler that isn't done in time: it goes on in the background, or is cancelled."""

_ANY = (None, None)
# Notifications that ask for data: a repetition must be answered with data again.
_QUESTIONS = frozenset(
    {
        "CROSS_BORDER_PAY.GET_MCH_INFO",
        "CROSS_BORDER_PAY.PUSH_ORDER_INFO",
        "ENTRUST.TERMINATE_RETENTION",
        "PARKING_FEE.QUERY_TRANS_INFO",
    }
)
# https://pay.weixin.qq.com/doc/v3/institution/4019762399: within three seconds, not five.
_SHORT_DEADLINE = 2.5
# https://pay.weixin.qq.com/doc/v3/institution/4019762388: the reply carries an Authorization header.
_SIGNED_REPLIES = frozenset({"CROSS_BORDER_PAY.GET_MCH_INFO", "CROSS_BORDER_PAY.PUSH_ORDER_INFO"})


@frozen()
class Kind(Generic[R]):
    """A kind of notification, with the type of its resource for editors and type checkers; see `kinds`.

    Attributes:
        pairs: the event types and original types that it comes under; None stands for any original type, "" for none.
    """

    pairs: tuple[tuple[str, str | None], ...]


@frozen()
class Route:
    """A handler, and how it is called.

    Attributes:
        function: the handler.
        once: whether it is called only once for all repetitions of a notification.
        signs: whether its replies must be signed.
        in_loop: whether it is a coroutine function; others run in threads.
    """

    function: Function[Any]
    once: bool
    signs: bool
    in_loop: bool

    @classmethod
    def of(cls, function: Function[Any], *, once: bool, signs: bool) -> Self:
        """The route of a handler: in the loop for a coroutine function, else in a thread."""
        return cls(function, once, signs, inspect.iscoroutinefunction(function))


class Router:
    """Handlers by event type and original type; the most specific one is called."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str | None, str | None], Route] = {}

    def add(self, kind: str | Kind[Any] | None, original_type: str | None, function: Function[Any]) -> None:
        """Add a handler.

        Raises:
            ConfigurationError: there is one already.
        """
        pairs = kind.pairs if isinstance(kind, Kind) else ((kind, original_type),)
        for pair in pairs:
            if pair in self._routes:
                event_type, original = pair
                named = f"{event_type or 'all notifications'}{f' ({original})' if original else ''}"
                raise ConfigurationError("on", f"there is a handler for {named} already", "Register one for each kind")
        for event_type, original in pairs:
            self._routes[event_type, original] = Route.of(
                function, once=event_type not in _QUESTIONS, signs=event_type in _SIGNED_REPLIES
            )

    def find(self, notification: Notification[Any]) -> Route | None:
        """The handler of a notification, or None. A profit sharing never goes to a handler of payments."""
        event_type, original_type = notification.event_type, notification.original_type
        pairs: tuple[tuple[str | None, str | None], ...]
        sharing = sharing_type(event_type, original_type, notification.resource, notification.summary)
        if sharing is None:
            pairs = (event_type, original_type or ""), (event_type, None), _ANY
        else:
            pairs = (sharing, ORIGINAL_TYPE), (sharing, None), (event_type, ORIGINAL_TYPE), _ANY
        for pair in pairs:
            if pair in self._routes:
                return self._routes[pair]
        return None


def deadline_of(notification: Notification[Any], usual: float) -> float:
    """Seconds until the platform must have its reply: the usual number, or fewer for kinds with a shorter deadline."""
    return min(usual, _SHORT_DEADLINE) if notification.event_type in _SIGNED_REPLIES else usual


def is_question(notification: Notification[Any]) -> bool:
    """Whether the platform asks for data in the reply."""
    return notification.event_type in _QUESTIONS


def must_sign(kind: str | Kind[Any] | None) -> bool:
    """Whether the replies to a kind of notification must be signed."""
    pairs = kind.pairs if isinstance(kind, Kind) else ((kind, None),)
    return any(event_type in _SIGNED_REPLIES for event_type, _ in pairs)
