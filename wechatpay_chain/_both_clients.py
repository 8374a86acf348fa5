"""Functions written for `WeChatPay` that accept a `SyncWeChatPay` too, with which they block."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload, runtime_checkable

from .errors import ConfigurationError
from .http.request import Request
from .http.response import Response

P = ParamSpec("P")
A_contra = TypeVar("A_contra", contravariant=True)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@runtime_checkable
class Blocking(Protocol):
    """The methods of `SyncWeChatPay` that are used here."""

    def run(self, work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        """Call `work` with the `WeChatPay` inside, and return the result of its coroutine."""
        ...

    def iterate(self, work: Callable[[Any], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
        """Call `work` with the `WeChatPay` inside, and yield the items of its generator."""
        ...


class _Sends(Protocol):
    def send(self, request: Request) -> Response[Any]: ...


class _Gets(Protocol):
    @property
    def get(self) -> Callable[..., Response[Any]]: ...


class _Posts(Protocol):
    @property
    def post(self) -> Callable[..., Response[Any]]: ...


OfBlocking = _Sends | _Gets | _Posts
"""A blocking client, or a chain of one."""


class ForBoth(Protocol[A_contra, P, T_co]):
    """A function whose first argument is a client, or a chain of one. With a blocking one it blocks."""

    # No object matches both overloads: its methods block, or they return coroutines. mypy can't know that of A.

    @overload
    def __call__(self, of: OfBlocking, /, *args: P.args, **options: P.kwargs) -> T_co: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, of: A_contra, /, *args: P.args, **options: P.kwargs) -> Coroutine[Any, Any, T_co]: ...


class IteratorForBoth(Protocol[A_contra, P, T_co]):
    """The same for a function that yields items, to `async for` or to `for`."""

    # As above: no object matches both overloads.

    @overload
    def __call__(self, of: OfBlocking, /, *args: P.args, **options: P.kwargs) -> Generator[T_co, None, None]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, of: A_contra, /, *args: P.args, **options: P.kwargs) -> AsyncGenerator[T_co, None]: ...


def for_both_clients(function: Callable[Concatenate[A_contra, P], Coroutine[Any, Any, T]]) -> ForBoth[A_contra, P, T]:
    """Make a coroutine function accept blocking clients too: with one as first argument it blocks."""

    @wraps(function)
    def serving(of: Any, /, *args: P.args, **options: P.kwargs) -> Any:
        client = _blocking_client(of)
        if client is None:
            return function(of, *args, **options)
        return client.run(lambda wxpay: function(wxpay if of is client else wxpay.chain(str(of)), *args, **options))

    return serving


def iterator_for_both_clients(
    function: Callable[Concatenate[A_contra, P], AsyncGenerator[T, None]],
) -> IteratorForBoth[A_contra, P, T]:
    """The same for a function that is an asynchronous generator."""

    @wraps(function)
    def serving(of: Any, /, *args: P.args, **options: P.kwargs) -> Any:
        client = _blocking_client(of)
        if client is None:
            return function(of, *args, **options)
        return client.iterate(lambda wxpay: function(wxpay if of is client else wxpay.chain(str(of)), *args, **options))

    return serving


def _blocking_client(of: object) -> Blocking | None:
    if isinstance(of, MethodType):
        # Else a blocking program would get a coroutine that it doesn't await, and nothing would be called.
        raise ConfigurationError(
            "chain",
            f"the method {of.__name__} was found",
            "Give the path without a verb: wxpay.v3.refund.domestic.refunds",
        )
    # A client and its chains all hold the client's own `send` method.
    owner = getattr(getattr(of, "_send", None), "__self__", None)
    return owner if isinstance(owner, Blocking) else None
