"""A client for the tasks of a taskiq worker, made when it starts and closed when it ends: the extra `taskiq`.

https://taskiq-python.github.io/guide/state-and-deps.html

client = provide(broker, lambda: WeChatPay.from_env())

@broker.task
async def refund(order: dict, wxpay: WeChatPay = TaskiqDepends(client)) -> None: ...
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol, TypeVar

from .._extras import extra

with extra("taskiq"):
    from taskiq import AsyncBroker, Context, TaskiqDepends, TaskiqEvents, TaskiqState


class Closable(Protocol):
    """What this module needs of a `WeChatPay`."""

    async def aclose(self) -> None:
        """Wait for the calls in flight, then close the connections."""
        ...


C = TypeVar("C", bound=Closable)


def provide(broker: AsyncBroker, make: Callable[[], C]) -> Callable[[Context], AsyncGenerator[C, None]]:
    """Give each worker of a broker a client of its own.

    Args:
        broker: its workers get the clients.
        make: makes the client; called once in each worker.

    Returns:
        The dependency by which tasks get their worker's client.
    """

    async def start(state: TaskiqState) -> None:
        state.wechatpay = make()

    async def end(state: TaskiqState) -> None:
        await state.wechatpay.aclose()

    broker.add_event_handler(TaskiqEvents.WORKER_STARTUP, start)
    broker.add_event_handler(TaskiqEvents.WORKER_SHUTDOWN, end)

    # A generator, because taskiq would look for dependencies in a client that is returned, and close it after the task.
    async def client(context: Context = TaskiqDepends()) -> AsyncGenerator[C, None]:  # noqa: B008 - how taskiq marks it
        yield context.state.wechatpay

    return client
