"""A batch on many machines: `batch run --workers` hands its calls out through Redis, `batch work` makes them.

Needs the extras `redis` and `taskiq`. A worker that dies loses nothing: what it had not acknowledged goes to another
one, with the same number and the same content. The workers share the platform's limits.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self, cast

import orjson

from .._waits import current
from ..batch import Caller, Item, Journal, Progress, Result
from ..batch.batch import JournaledCalls, check_concurrency
from ..batch.caller import Note
from ..batch.journal import Conflict, Noted, digest_of
from ..contrib._extras import extra
from ..errors import ConfigurationError
from ..policies.ratelimit import RateLimits
from .settings import Settings

with extra("taskiq"):
    from taskiq import AsyncBroker
    from taskiq.api import run_receiver_task
    from taskiq_redis import RedisStreamBroker

with extra("redis"):
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

_QUEUE = "wechatpay:calls"
_IDLE_MS = 60_000
_LOOK = 0.1
_NUDGE = 0.5
_PAGE = 500

# A worker begins a call if its run is the one that hands out, or has begun it before a run that was stopped: what an
# earlier run left in the queue is not called. What has ended is not called again.
_BEGIN = """
local run, begun = redis.call('GET', KEYS[1]), redis.call('HGET', KEYS[2], ARGV[1])
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return 0 end
local is_ours = begun and string.sub(begun, 1, #ARGV[2]) == ARGV[2]
if run ~= ARGV[2] and (run or not is_ours) then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. ARGV[3])
return 1
"""
_WITHDRAW = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class _Names:
    """What Redis keeps of a batch.

    Attributes:
        run: the run that hands out.
        handed_out: by key, the run that handed a call out for the first time.
        begun: by key, the run and the digest of the call that a worker began last.
        results: by key, what came of the call.
    """

    def __init__(self, batch: str) -> None:
        start = f"wechatpay:batch:{batch}"
        self.run = f"{start}:run"
        self.handed_out = f"{start}:handed-out"
        self.begun = f"{start}:begun"
        self.results = f"{start}:results"


class FleetBatch(JournaledCalls):
    """A batch whose items are called by workers.

    Args:
        url: of the Redis.
        name: of the batch: the workers' notes of equal ones are the same.
        journal: the file that remembers.
        repeat: whether a call may be repeated after it may have arrived.
        concurrency: how many calls are handed out at once.
        on_progress: called at most once in a second, and in the end.

    Raises:
        ConfigurationError: the journal can't be used, or the concurrency is wrong.
    """

    def __init__(
        self,
        url: str,
        name: str,
        journal: Path,
        *,
        repeat: bool,
        concurrency: int,
        on_progress: Callable[[Progress], None],
    ) -> None:
        check_concurrency(concurrency)
        self._workers = _Workers(url, name, repeat=repeat)
        super().__init__(
            self._workers,
            _FleetJournal(journal, self._workers),
            resolves=repeat,
            concurrency=concurrency,
            on_progress=on_progress,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._workers.begin()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        """Hand out nothing more, and close the journal."""
        try:
            await self._workers.aclose()
        finally:
            await super().aclose()


async def work(url: str, settings: Settings, *, among: int, concurrency: int) -> None:
    """Make the calls that are handed out, until it is cancelled.

    Args:
        url: of the Redis.
        settings: of the client.
        among: how many workers share the limits.
        concurrency: calls at once.
    """
    from ..contrib.limits import RedisLimiter

    broker = _broker(url)
    broker.is_worker_process = True
    async with _redis(url) as redis:
        limits = RateLimits(shared=RedisLimiter(redis, among=among))
        async with settings.client(rate_limits=limits) as wxpay:
            callers = {repeat: Caller(wxpay, repeat=repeat) for repeat in (False, True)}
            broker.register_task(_call_of(callers, redis), task_name=_QUEUE)
            try:
                await run_receiver_task(broker, run_startup=True, max_async_tasks=concurrency)
            finally:
                await broker.shutdown()


def _call_of(callers: dict[bool, Caller], redis: Redis) -> Any:
    # redis names no type for what a script returns.
    begin: Any = redis.register_script(_BEGIN)

    async def call(name: str, run: str, key: str, packed: str, repeat: bool) -> None:
        if not key:  # a nudge
            return
        names, request = _Names(name), packed.encode()
        digest = digest_of(request).hex()
        if not await begin(keys=[names.run, names.begun, names.results], args=[key, run, digest]):
            return
        # It may have been sent by a worker that died: what is re-entrant is repeated as it is, all else is looked up.
        result = await callers[repeat].call(Item.unpack(key, request), was_sent=True)
        await redis.hset(names.results, key, _packed(result, digest))

    return call


class _Open(NamedTuple):
    """A call that is handed out: resolved when a worker has begun it, and when it has ended."""

    begun: asyncio.Future[None]
    result: asyncio.Future[Result]


class _Workers:
    """Hands items out, and waits for what comes of them."""

    def __init__(self, url: str, name: str, *, repeat: bool) -> None:
        self._name = name
        self._names = _Names(name)
        self._repeat = repeat
        self._run = secrets.token_hex(16)
        self._redis = _redis(url)
        self._broker = _broker(url)
        self._task: Any = None
        self._looking: asyncio.Task[None] | None = None
        self._open: dict[str, _Open] = {}

    async def begin(self) -> None:
        """From now on workers begin nothing that an earlier run has handed out.

        Raises:
            ConfigurationError: Redis can't be reached.
        """
        with _reaching():
            await self._redis.set(self._names.run, self._run)
            await self._broker.startup()
        self._task = self._broker.register_task(_nobody, task_name=_QUEUE)
        self._looking = asyncio.create_task(self._look())

    async def call(self, item: Item, *, was_sent: bool, note: Note) -> Result:
        """Hand an item out, and say what came of it.

        When its batch is stopped before a worker has begun it, it is taken back.

        Raises:
            ConfigurationError: Redis can't be reached any more, or another run has taken over.
        """
        key, packed = item.pack()
        if not was_sent:
            await note("sent")
        loop = asyncio.get_running_loop()
        handed = self._open[key] = _Open(loop.create_future(), loop.create_future())
        try:
            with _reaching():
                await self._redis.hdel(self._names.results, key)
                if not was_sent:
                    await self._redis.hset(self._names.handed_out, key, self._run)
                await self._task.kiq(self._name, self._run, key, packed.decode(), self._repeat)
            if not await self._is_begun(key, handed):
                return Result(key=key, state="sent" if was_sent else "waiting")
            return await handed.result
        finally:
            del self._open[key]

    async def noted(self, items: list[tuple[str, bytes | None]]) -> list[Noted]:
        """What workers noted of items, by key and content, as far as they began them.

        Raises:
            ConfigurationError: Redis can't be reached.
        """
        keys = [key for key, _ in items]
        found: list[Noted] = []
        for (key, packed), begun, ended in zip(items, *await self._begun_and_ended(keys), strict=True):
            result = Result(key=key, state="sent")
            if ended is not None:
                noted, digest = _unpacked(key, ended)
                result = noted if noted.state != "waiting" else result
            elif begun is not None:
                digest = bytes.fromhex(begun[len(self._run) :])
            else:
                continue
            same = packed is not None and digest_of(packed) == digest
            found.append(Noted(digest, packed if same else None, result))
        return found

    async def never_begun(self, keys: list[str]) -> list[str]:
        """Those that were handed out, and that no worker has begun.

        Raises:
            ConfigurationError: Redis can't be reached.
        """
        if not keys:
            return []
        with _reaching():
            handed = cast("list[str | None]", await self._redis.hmget(self._names.handed_out, keys))
            begun = cast("list[str | None]", await self._redis.hmget(self._names.begun, keys))
        return [key for key, run, at in zip(keys, handed, begun, strict=True) if run is not None and at is None]

    async def aclose(self) -> None:
        """Take back what no worker has begun, and part from Redis."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
            with suppress(RedisError, OSError):  # what is still handed out then is known as such by the next run
                await self._withdraw()
            await self._broker.shutdown()
        await self._redis.aclose()

    async def _is_begun(self, key: str, handed: _Open) -> bool:
        """Wait until a worker has begun a call; False if the batch is stopped before."""
        waits = current()
        try:
            async with asyncio.timeout(None) as timeout:
                with waits.hold(timeout):
                    await asyncio.shield(handed.begun)
        except TimeoutError:
            with _reaching():
                await self._withdraw()  # from here on no worker begins it
                begun = cast("str | None", await self._redis.hget(self._names.begun, key))
            return begun is not None and begun.startswith(self._run)
        return True

    async def _withdraw(self) -> None:
        await cast("Any", self._redis.eval(_WITHDRAW, 1, self._names.run, self._run))

    async def _look(self) -> None:
        """Look again and again what has begun and ended, and tell those who wait."""
        nudged = 0.0
        try:
            while True:
                await asyncio.sleep(_LOOK)
                await self._look_once()
                nudged += _LOOK
                if nudged >= _NUDGE:  # the broker looks for what dead workers left only when something new comes
                    nudged = 0.0
                    with _reaching():
                        await self._task.kiq(self._name, self._run, "", "", self._repeat)
        except ConfigurationError as error:
            for begun, result in self._open.values():
                for future in (begun, result):
                    if not future.done():
                        future.set_exception(error)
                        future.exception()  # of the two only one is waited for

    async def _look_once(self) -> None:
        """Tell those who wait what has begun and ended.

        Raises:
            ConfigurationError: Redis can't be reached, or another run hands out.
        """
        with _reaching():
            run = await self._redis.get(self._names.run)
        if run not in {self._run, None}:
            raise ConfigurationError(
                "--workers",
                f"another run of {self._name} has begun, and hands its calls out now",
                "Let that one come to its end; give batches that run at a time tables of different names",
            )
        keys = list(self._open)
        for key, begun, ended in zip(keys, *await self._begun_and_ended(keys), strict=True):
            handed = self._open.get(key)
            if handed is None:
                continue
            has_begun = ended is not None or (begun is not None and begun.startswith(self._run))
            if has_begun and not handed.begun.done():
                handed.begun.set_result(None)
            if ended is not None and not handed.result.done():
                handed.result.set_result(_unpacked(key, ended)[0])

    async def _begun_and_ended(self, keys: list[str]) -> tuple[list[str | None], list[str | None]]:
        if not keys:
            return [], []
        with _reaching():
            begun = cast("list[str | None]", await self._redis.hmget(self._names.begun, keys))
            ended = cast("list[str | None]", await self._redis.hmget(self._names.results, keys))
        return begun, ended


class _FleetJournal(Journal):
    """A journal that takes over what workers have noted of its items since, and of those that it is asked about.

    So a run goes on after one that was killed, and on another machine.
    """

    def __init__(self, path: Path, workers: _Workers) -> None:
        super().__init__(path)
        self._workers = workers
        self._has_caught_up = False

    async def begin(self, *, everything: bool) -> None:
        """Catch up with the workers, then begin a run."""
        if not self._has_caught_up:
            self._has_caught_up = True
            keys = await self.cut_off()
            for at in range(0, len(keys), _PAGE):
                page = keys[at : at + _PAGE]
                await self.take_over(await self._workers.noted([(key, None) for key in page]))
                await self.take_back(await self._workers.never_begun(page))
        await super().begin(everything=everything)

    async def conflicts(self, items: list[tuple[str, bytes]]) -> list[Conflict]:
        """Those of the items that are known with other content, here or to the workers."""
        await self.take_over(await self._workers.noted([*items]))
        return await super().conflicts(items)


def _redis(url: str) -> Redis:
    redis: Redis = Redis.from_url(url, decode_responses=True)  # pyright: ignore[reportUnknownMemberType]: redis leaves its keywords untyped
    return redis


def _broker(url: str) -> AsyncBroker:
    return RedisStreamBroker(
        url,
        queue_name=_QUEUE,
        consumer_id="0",
        idle_timeout=_IDLE_MS,
        unacknowledged_lock_timeout=10,
        xread_block=500,
        xread_count=20,
    )


async def _nobody(name: str, run: str, key: str, packed: str, repeat: bool) -> None:
    """The task as it is handed out; workers have the one that calls."""


@contextmanager
def _reaching() -> Generator[None]:
    """Say what to do where Redis can't be reached."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise ConfigurationError(
            "--workers",
            f"Redis can't be reached ({error})",
            "See that it runs there, then start again: the run goes on",
        ) from error


def _packed(result: Result, digest: str) -> bytes:
    answer = (result.answer or b"").decode("utf-8", "replace")
    return orjson.dumps([digest, result.state, result.status, result.code, result.message, result.request_id, answer])


def _unpacked(key: str, packed: str) -> tuple[Result, bytes]:
    digest, state, status, code, message, request_id, answer = orjson.loads(packed)
    result = Result(
        key=key, state=state, status=status, code=code, message=message, request_id=request_id, answer=answer.encode()
    )
    return result, bytes.fromhex(digest)
