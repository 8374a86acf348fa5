"""A worker of `examples/batch_taskiq.py` as one process that can be killed."""

from __future__ import annotations

import asyncio

from taskiq.api import run_receiver_task

from examples.batch_taskiq import broker


async def main() -> None:
    """Work until killed."""
    broker.is_worker_process = True
    await run_receiver_task(broker, run_startup=True, max_async_tasks=8)


if __name__ == "__main__":
    asyncio.run(main())
