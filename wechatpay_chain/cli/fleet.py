"""A batch on many machines: `batch run --workers` hands its calls out through Redis, `batch work` makes them.

Needs the extras `redis` and `taskiq`. A worker that dies loses nothing: what it had not acknowledged goes to another
one, with the same number and the same content. The workers share the platform's limits.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Generator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self, cast

import orjson

from .._waits import Waits, current
from ..batch import Caller, Item, Journal, Progress, Result
from ..batch.batch import JournaledCalls, check_concurrency
from ..batch.caller import Note
from ..batch.journal import Conflict, Noted, digest_of
from ..contrib._extras import extra
from ..errors import ConfigurationError
from ..policies.ratelimit import DistributedLimiter, RateLimits
from ..policies.retry import is_idempotent
from .settings import Settings

with extra("taskiq"):
    from taskiq import AsyncBroker
    from taskiq.api import run_receiver_task
    from taskiq_redis import RedisStreamBroker

with extra("redis"):
    from redis.asyncio import BlockingConnectionPool, Redis
    from redis.exceptions import RedisError

_QUEUE = "wechatpay:calls"
_IDLE_MS = 60_000
_LOOK = 0.1
_NUDGE = 0.5
_PAGE = 500
_CONNECTIONS = 32

# A worker begins a call if its run is the one that hands out, or has begun it before that run was stopped: what an
# earlier run left in the queue is not called, nor what has ended. Told are the call, and whether none had begun it.
_BEGIN = """
local run = redis.call('GET', KEYS[1])
local begun, call = redis.call('HGET', KEYS[2], ARGV[1]), redis.call('HGET', KEYS[3], ARGV[1])
local is_ours = begun and string.sub(begun, 1, #ARGV[2]) == ARGV[2]
if not call or (run ~= ARGV[2] and (run or not is_ours)) then return false end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. string.sub(call, 1, 64))
return {call, begun and 1 or 0}
"""
_WITHDRAW = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"
_FORGET = (
    "local run = redis.call('GET', KEYS[1]) if not run or run == ARGV[1] then redis.call('DEL', KEYS[1], KEYS[2]) end"
)


class _Names:
    """What Redis keeps of a batch.

    Attributes:
        run: the run that hands out.
        calls: by key, the calls that are handed out and have not ended; their content is nowhere else.
        handed_out: by key, the run that handed a call out for the first time.
        begun: by key, the run and the digest of the call that a worker began last.
        results: by key, what came of the call.
    """

    def __init__(self, batch: str) -> None:
        start = f"wechatpay:batch:{batch}"
        self.run = f"{start}:run"
        self.calls = f"{start}:calls"
        self.handed_out = f"{start}:handed-out"
        self.begun = f"{start}:begun"
        self.results = f"{start}:results"


class _Call(NamedTuple):
    """A call as Redis keeps it.

    Attributes:
        digest: of its content, in hexadecimal digits.
        was_sent: whether it may have been sent before it was handed out.
        packed: its content.
    """

    digest: str
    was_sent: bool
    packed: str

    @classmethod
    def of(cls, packed: bytes, *, was_sent: bool) -> _Call:
        """A call of this content."""
        return cls(digest_of(packed).hex(), was_sent, packed.decode())

    @classmethod
    def read(cls, text: str) -> _Call:
        """The call that was written."""
        return cls(text[:64], text[64] == "1", text[65:])

    def __str__(self) -> str:
        return f"{self.digest}{self.was_sent:d}{self.packed}"


class FleetBatch(JournaledCalls):
    """A batch whose items are called by workers.

    Args:
        url: of the Redis.
        name: of the batch: the workers' notes of equal ones are the same.
        journal: the file that remembers.
        operation: method and path of the calls.
        rate: to be kept in place of the documented ones; empty for these.
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
        operation: str,
        rate: str,
        repeat: bool,
        concurrency: int,
        on_progress: Callable[[Progress], None],
    ) -> None:
        check_concurrency(concurrency)
        self._workers = _Workers(url, name, operation=operation, rate=rate, repeat=repeat)
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
    async with _redis(url) as redis, AsyncExitStack() as clients:
        worker = _Worker(redis, settings, RedisLimiter(redis, among=among), clients)

        async def call(name: str, run: str, key: str, operation: str, rate: str, repeat: bool) -> None:
            await worker.call(name, run, key, operation, rate, repeat)

        broker.register_task(call, task_name=_QUEUE)  # taskiq renames it, which no method allows
        watching = asyncio.create_task(worker.watch())
        try:
            await run_receiver_task(broker, run_startup=True, max_async_tasks=concurrency)
        finally:
            watching.cancel()
            await asyncio.wait([watching])
            await broker.shutdown()


class _Worker:
    """Makes the calls that are handed out.

    Args:
        redis: where the calls are.
        settings: of the clients.
        limiter: the workers' own.
        clients: closes the clients that are made.
    """

    def __init__(self, redis: Redis, settings: Settings, limiter: DistributedLimiter, clients: AsyncExitStack) -> None:
        self._redis = redis
        self._settings = settings
        self._limiter = limiter
        self._clients = clients
        self._callers: dict[tuple[str, str, bool], Caller] = {}
        self._waits: dict[tuple[str, str], Waits] = {}
        # redis names no type for what a script returns.
        self._begin: Any = redis.register_script(_BEGIN)

    async def call(self, name: str, run: str, key: str, operation: str, rate: str, repeat: bool) -> None:
        """The task: make a call, if it is still to be made.

        Args:
            name: of the batch.
            run: that hands it out.
            key: of the call; empty for a nudge.
            operation: method and path of the run's calls.
            rate: to be kept in place of the documented ones; empty for these.
            repeat: whether calls may be repeated after they may have arrived.
        """
        names = _Names(name)
        begun = await self._begin(keys=[names.run, names.begun, names.calls], args=[key, run]) if key else None
        if begun is None:
            return
        call, request = _Call.read(begun[0]), _Call.read(begun[0]).packed.encode()
        item = Item.unpack(key, request)
        # A worker that died may have sent it. Of what isn't re-entrant even the first to begin it doesn't rely on what
        # Redis knows.
        was_sent = call.was_sent or bool(begun[1]) or not is_idempotent(item.request(retry=repeat or None))
        self._waits.setdefault((name, run), Waits()).join()
        result = await self._caller(operation, rate, repeat=repeat).call(item, was_sent=was_sent)
        await self._redis.hset(names.results, key, _packed(result, call.digest).decode())
        await self._redis.hdel(names.calls, key)

    async def watch(self) -> None:
        """When a run is stopped, give back its calls that wait for their turn or for their next try."""
        while True:
            await asyncio.sleep(_NUDGE)
            for (name, run), waits in list(self._waits.items()):
                with suppress(RedisError, OSError):
                    if await self._redis.get(_Names(name).run) != run:
                        del self._waits[name, run]
                        waits.end()

    def _caller(self, operation: str, rate: str, *, repeat: bool) -> Caller:
        caller = self._callers.get((operation, rate, repeat))
        if caller is None:
            limits = RateLimits(overrides={operation: rate} if rate else {}, shared=self._limiter)
            client = self._settings.client(rate_limits=limits)
            self._clients.push_async_callback(client.aclose)
            caller = self._callers[operation, rate, repeat] = Caller(client, repeat=repeat)
        return caller


class _Open(NamedTuple):
    """A call that is handed out: resolved when a worker has begun it, and when it has ended."""

    begun: asyncio.Future[None]
    result: asyncio.Future[Result]


class _Workers:
    """Hands items out, and waits for what comes of them.

    Attributes:
        run: names this run.
    """

    def __init__(self, url: str, name: str, *, operation: str, rate: str, repeat: bool) -> None:
        self._name = name
        self._names = _Names(name)
        self._how = (operation, rate, repeat)
        self.run = secrets.token_hex(16)
        self._redis = _redis(url)
        self._broker = _broker(url)
        self._task: Any = None
        self._looking: asyncio.Task[None] | None = None
        self._open: dict[str, _Open] = {}
        self._waits = Waits()

    async def begin(self) -> None:
        """From now on workers begin nothing that an earlier run has handed out.

        Raises:
            ConfigurationError: Redis can't be reached.
        """
        with _reaching():
            await self._redis.set(self._names.run, self.run)
            await self._redis.delete(self._names.calls)
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
        loop, self._waits = asyncio.get_running_loop(), current()
        handed = self._open[key] = _Open(loop.create_future(), loop.create_future())
        try:
            with _reaching():
                await self._redis.hdel(self._names.results, key)
                if not was_sent:
                    await self._redis.hdel(self._names.begun, key)
                    await self._redis.hset(self._names.handed_out, key, self.run)
                await self._redis.hset(self._names.calls, key, str(_Call.of(packed, was_sent=was_sent)))
                await self._task.kiq(self._name, self.run, key, *self._how)
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
            if ended is not None:
                result, digest = _unpacked(key, ended)
            elif begun is not None:
                result, digest = Result(key=key, state="sent"), bytes.fromhex(begun[len(self.run) :])
            else:
                continue
            if result.state != "waiting":
                same = packed is not None and digest_of(packed) == digest
                found.append(Noted(digest, packed if same else None, result))
        return found

    async def never_sent(self, keys: list[str], run: str) -> list[str]:
        """Those that a run has handed out, and that no worker has begun, or one has given back.

        Raises:
            ConfigurationError: Redis can't be reached.
        """
        if not keys or not run:
            return []
        with _reaching():
            handed = cast("list[str | None]", await self._redis.hmget(self._names.handed_out, keys))
        unsent: list[str] = []
        for key, by, begun, ended in zip(keys, handed, *await self._begun_and_ended(keys), strict=True):
            is_unsent = begun is None if ended is None else _unpacked(key, ended)[0].state == "waiting"
            if by == run and is_unsent:
                unsent.append(key)
        return unsent

    async def aclose(self) -> None:
        """Take back what no worker has begun, and part from Redis."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
            with suppress(RedisError, OSError):  # what is still handed out then is known as such by the next run
                await cast("Any", self._redis.eval(_FORGET, 2, self._names.run, self._names.calls, self.run))
            await self._broker.shutdown()
        await self._redis.aclose()

    async def _is_begun(self, key: str, handed: _Open) -> bool:
        """Wait until a worker has begun a call; False if the batch is stopped before."""
        try:
            async with asyncio.timeout(None) as timeout:
                with self._waits.hold(timeout):
                    await asyncio.shield(handed.begun)
        except TimeoutError:
            with _reaching():
                await self._withdraw()
                begun = cast("str | None", await self._redis.hget(self._names.begun, key))
                if begun is None or not begun.startswith(self.run):  # and from here on no worker begins it
                    await self._redis.hdel(self._names.calls, key)
                    return False
        return True

    async def _withdraw(self) -> None:
        """Let workers begin nothing more, and give back what waits for its turn."""
        await cast("Any", self._redis.eval(_WITHDRAW, 1, self._names.run, self.run))

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
                        await self._task.kiq(self._name, self.run, "", *self._how)
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
            if self._waits.is_ended:
                await self._withdraw()
            run = await self._redis.get(self._names.run)
        if run not in {self.run, None}:
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
            has_begun = ended is not None or (begun is not None and begun.startswith(self.run))
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

    async def begin(self, *, everything: bool, run: str = "") -> None:
        """Catch up with the workers, then begin a run."""
        if not self._has_caught_up:
            self._has_caught_up = True
            # What another run has called since was sent, whatever became of what this one had handed out.
            last = await self.last_run()
            keys = await self.cut_off()
            for at in range(0, len(keys), _PAGE):
                page = keys[at : at + _PAGE]
                await self.take_over(await self._workers.noted([(key, None) for key in page]))
                await self.take_back(await self._workers.never_sent(page, last))
        await super().begin(everything=everything, run=run or self._workers.run)

    async def conflicts(self, items: list[tuple[str, bytes]]) -> list[Conflict]:
        """Those of the items that are known with other content, here or to the workers."""
        await self.take_over(await self._workers.noted([*items]))
        return await super().conflicts(items)


def _redis(url: str) -> Redis:
    # However many calls are handed out at once: who finds no connection free waits for one.
    options: dict[str, Any] = {"decode_responses": True, "max_connections": _CONNECTIONS, "timeout": 60}
    pool = BlockingConnectionPool.from_url(url, **options)  # pyright: ignore[reportUnknownMemberType]: redis leaves its keywords untyped
    redis: Redis = Redis.from_pool(pool)
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


async def _nobody(name: str, run: str, key: str, operation: str, rate: str, repeat: bool) -> None:
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
