"""Functions that are written for `WeChatPay` and serve `SyncWeChatPay` too: there they block."""

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
    """What is needed of a `SyncWeChatPay`."""

    def run(self, work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
        """The result of what is done with the `WeChatPay` inside."""
        ...

    def iterate(self, work: Callable[[Any], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
        """The items of what is done with the `WeChatPay` inside."""
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

    # The overlap is none: what sends by blocking doesn't send by coroutines. Only a checker can't know what A is.

    @overload
    def __call__(self, of: OfBlocking, /, *args: P.args, **options: P.kwargs) -> T_co: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, of: A_contra, /, *args: P.args, **options: P.kwargs) -> Coroutine[Any, Any, T_co]: ...


class IteratorForBoth(Protocol[A_contra, P, T_co]):
    """The same for a function that gives items one by one: to `async for`, or to `for`."""

    @overload
    def __call__(self, of: OfBlocking, /, *args: P.args, **options: P.kwargs) -> Generator[T_co, None, None]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, of: A_contra, /, *args: P.args, **options: P.kwargs) -> AsyncGenerator[T_co, None]: ...


def for_both_clients(function: Callable[Concatenate[A_contra, P], Coroutine[Any, Any, T]]) -> ForBoth[A_contra, P, T]:
    """Have a coroutine function block where its first argument is of a blocking client."""

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
        # Nothing would be called: a coroutine that a blocking program doesn't await.
        raise ConfigurationError(
            "chain",
            f"the method {of.__name__} was found",
            "Give the path without a verb: wxpay.v3.refund.domestic.refunds",
        )
    # A client and its chains send by the client's own method.
    owner = getattr(getattr(of, "_send", None), "__self__", None)
    return owner if isinstance(owner, Blocking) else None
