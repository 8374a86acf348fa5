"""The notes of a batch in Redis: the run that hands out calls, the calls, and their results.

A run and its workers communicate only through them. Payloads are kept until they are answered. The rest doesn't expire
while calls are handed out, nor after a run that didn't end properly, as its journal must still read it.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import orjson

from ..._extras import extra
from ...batch import Result
from ...batch.intake import digest_of

with extra("redis"):
    from redis.asyncio import Redis

KEPT = 30 * 24 * 3600
"""Seconds for which the notes are kept after the last run, when its journal has read all of them."""

_DIGITS = 64

# A worker begins a call if its run is the current one, or if a worker had begun it before that run was stopped. Calls
# that an earlier run left in the queue are skipped, and so are ended ones. Returns the call, and 1 if it had begun.
_BEGIN = """
local run = redis.call('GET', KEYS[1])
local begun, call = redis.call('HGET', KEYS[2], ARGV[1]), redis.call('HGET', KEYS[3], ARGV[1])
local is_ours = begun and string.sub(begun, 1, #ARGV[2]) == ARGV[2]
if not call or (run ~= ARGV[2] and (run or not is_ours)) then return false end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. string.sub(call, 1, 64))
return {call, begun and 1 or 0}
"""
_WITHDRAW = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"
# Only the current run changes the calls, not one that it has taken over from.
_UNLESS_TAKEN_OVER = """
local run = redis.call('GET', KEYS[1])
if run and run ~= ARGV[1] then return 0 end
"""
_HAND_OUT = f"""{_UNLESS_TAKEN_OVER}
redis.call('HDEL', KEYS[5], ARGV[2])
if ARGV[3] == '0' then
    redis.call('HDEL', KEYS[4], ARGV[2])
    redis.call('HSET', KEYS[3], ARGV[2], ARGV[1])
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
for at = 3, 5 do redis.call('PERSIST', KEYS[at]) end
return 1
"""
_TAKE_BACK = f"{_UNLESS_TAKEN_OVER} redis.call('HDEL', KEYS[2], ARGV[2])"
_END_RUN = f"""{_UNLESS_TAKEN_OVER}
redis.call('DEL', KEYS[1], KEYS[2])
if ARGV[2] ~= '' then for at = 3, 5 do redis.call('EXPIRE', KEYS[at], ARGV[2]) end end
"""


class Call(NamedTuple):
    """A call as it is stored in Redis.

    Attributes:
        digest: of its content, in hexadecimal digits.
        was_sent: whether it may have been sent before it was handed out.
        packed: its content.
    """

    digest: str
    was_sent: bool
    packed: str

    @classmethod
    def of(cls, packed: bytes, *, was_sent: bool) -> Call:
        """A call of this content."""
        return cls(digest_of(packed).hex(), was_sent, packed.decode())

    @classmethod
    def read(cls, text: str) -> Call:
        """The call of a stored text."""
        return cls(text[:_DIGITS], text[_DIGITS] == "1", text[_DIGITS + 1 :])

    def __str__(self) -> str:
        return f"{self.digest}{self.was_sent:d}{self.packed}"


class Begun(NamedTuple):
    """The note that a worker has begun a call.

    Attributes:
        run: that had handed it out.
        digest: of its content.
    """

    run: str
    digest: bytes


class Ended(NamedTuple):
    """The note of a call's result.

    Attributes:
        result: that of the worker's `Caller`.
        digest: of its content.
    """

    result: Result
    digest: bytes


class Notes:
    """The notes of a batch.

    Args:
        redis: holds the notes.
        batch: its name; batches of the same name share their notes.

    Raises:
        RedisError: of each method: Redis can't be reached.
        OSError: the same.
    """

    def __init__(self, redis: Redis, batch: str) -> None:
        self._redis = redis
        start = f"wechatpay:batch:{batch}"
        self._run = f"{start}:run"
        # By key: the calls that are handed out and have not ended (their content is nowhere else), the run that
        # handed each out for the first time, the run and the digest with which a worker began it last, and its result.
        self._calls = f"{start}:calls"
        self._handed_out = f"{start}:handed-out"
        self._begun = f"{start}:begun"
        self._results = f"{start}:results"
        self._kept = (self._handed_out, self._begun, self._results)

    async def run(self) -> str | None:
        """The current run, which hands out calls; None if there is none."""
        return cast("str | None", await self._redis.get(self._run))

    async def begin_run(self, run: str) -> None:
        """Make this the current run: from now on, workers begin no call of an earlier one."""
        await self._redis.set(self._run, run)
        await self._redis.delete(self._calls)

    async def withdraw(self, run: str) -> None:
        """Make workers begin no more calls of a run, and give back those that are waiting."""
        await cast("Any", self._redis.eval(_WITHDRAW, 1, self._run, run))

    async def end_run(self, run: str, *, are_taken: bool) -> None:
        """Take back what no worker has begun, unless another run hands out.

        Args:
            run: the run that ends.
            are_taken: whether its journal has the result of every call; if so, the notes will expire (`KEPT`).
        """
        keys = [self._run, self._calls, *self._kept]
        await cast("Any", self._redis.eval(_END_RUN, len(keys), *keys, run, str(KEPT) if are_taken else ""))

    async def hand_out(self, key: str, call: Call, run: str) -> bool:
        """Allow workers to begin a call when it is in the queue. From now on, the notes don't expire.

        Returns:
            False if another run is the current one; nothing was noted then.
        """
        keys = [self._run, self._calls, *self._kept]
        arguments = [run, key, str(int(call.was_sent)), str(call)]
        return bool(await cast("Any", self._redis.eval(_HAND_OUT, len(keys), *keys, *arguments)))

    async def take_back(self, key: str, run: str) -> None:
        """Withdraw a call of a run, so that no worker begins it."""
        await cast("Any", self._redis.eval(_TAKE_BACK, 2, self._run, self._calls, run, key))

    async def begin(self, key: str, run: str) -> tuple[Call, bool] | None:
        """Begin a call that a run has handed out; None if it must no longer be made.

        Returns:
            The call, and whether another worker, or this one, had begun it before.
        """
        begun = await cast("Any", self._redis.eval(_BEGIN, 3, self._run, self._begun, self._calls, key, run))
        return None if begun is None else (Call.read(begun[0]), bool(begun[1]))

    async def end(self, key: str, call: Call, result: Result) -> None:
        """Note the result of a call, and delete its content."""
        await self._redis.hset(self._results, key, _packed(result, call.digest))
        await self._redis.hdel(self._calls, key)

    async def handed_out_by(self, keys: list[str]) -> list[str | None]:
        """The runs that handed calls out for the first time."""
        return cast("list[str | None]", await self._redis.hmget(self._handed_out, keys)) if keys else []

    async def progress(self, keys: list[str]) -> list[tuple[Begun | None, Ended | None]]:
        """For each call, whether it has begun, and its result."""
        if not keys:
            return []
        begun = cast("list[str | None]", await self._redis.hmget(self._begun, keys))
        ended = cast("list[str | None]", await self._redis.hmget(self._results, keys))
        return [
            (None if by is None else _begun(by), None if packed is None else _unpacked(key, packed))
            for key, by, packed in zip(keys, begun, ended, strict=True)
        ]


def _begun(text: str) -> Begun:
    return Begun(text[:-_DIGITS], bytes.fromhex(text[-_DIGITS:]))


def _packed(result: Result, digest: str) -> str:
    answer = (result.answer or b"").decode("utf-8", "replace")
    members = [digest, result.state, result.status, result.code, result.message, result.request_id, answer]
    return orjson.dumps(members).decode()


def _unpacked(key: str, packed: str) -> Ended:
    digest, state, status, code, message, request_id, answer = orjson.loads(packed)
    result = Result(
        key=key, state=state, status=status, code=code, message=message, request_id=request_id, answer=answer.encode()
    )
    return Ended(result, bytes.fromhex(digest))
