"""`FleetJournal`: a journal that also reads the workers' notes of its items."""

from __future__ import annotations

from pathlib import Path

from ...batch import Journal, Result
from ...batch.intake import Conflict, digest_of
from ...batch.journal import Noted
from .connection import reaching
from .notes import Notes

_PAGE = 500


class FleetJournal(Journal):
    """A journal that takes over the workers' notes: of items that were sent, and of items that it is asked about.

    So a run goes on after one that was killed, and on another machine.

    Args:
        path: the file.
        notes: of the batch.
        run: identifies the run that begins.
    """

    def __init__(self, path: Path, notes: Notes, run: str) -> None:
        super().__init__(path)
        self._notes = notes
        self._this_run = run
        self._has_caught_up = False

    async def begin(self, *, everything: bool, run: str = "") -> None:
        """Catch up with the workers, then begin a run.

        Raises:
            ConfigurationError: Redis can't be reached.
        """
        await self._catch_up()
        await super().begin(everything=everything, run=run or self._this_run)

    async def begin_check(self) -> None:
        """Catch up with the workers, then begin to ask for conflicts.

        Raises:
            ConfigurationError: Redis can't be reached.
        """
        await self._catch_up()
        await super().begin_check()

    async def conflicts(self, items: list[tuple[str, bytes]]) -> list[Conflict]:
        """Those of the items that are known with other content, here or to the workers.

        The workers' notes of these items are written to the file, even if the input is refused.

        Raises:
            ConfigurationError: Redis can't be reached.
        """
        await self.take_over(await self._noted([*items]))
        return await super().conflicts(items)

    async def _catch_up(self) -> None:
        """Take over the results of items that are `sent`; only once."""
        if self._has_caught_up:
            return
        # If the last run had no workers, calls that the run before it had handed out may have been sent meanwhile.
        last = await self.last_run()
        keys = await self.cut_off()
        for at in range(0, len(keys), _PAGE):
            page = keys[at : at + _PAGE]
            await self.take_over(await self._noted([(key, None) for key in page]))
            await self.take_back(await self._never_sent(page, last))
        self._has_caught_up = True

    async def _noted(self, items: list[tuple[str, bytes | None]]) -> list[Noted]:
        """The workers' notes of those of the items, given by key and content, that they have begun."""
        with reaching():
            progress = await self._notes.progress([key for key, _ in items])
        found: list[Noted] = []
        for (key, packed), (begun, ended) in zip(items, progress, strict=True):
            if ended is not None:
                result, digest = ended
            elif begun is not None:
                result, digest = Result(key=key, state="sent"), begun.digest
            else:
                continue
            if result.state != "waiting":
                same = packed is not None and digest_of(packed) == digest
                found.append(Noted(digest, packed if same else None, result))
        return found

    async def _never_sent(self, keys: list[str], run: str) -> list[str]:
        """The keys that a run has handed out, and that no worker has begun, or a worker has given back."""
        if not run:
            return []
        with reaching():
            handed_out_by = await self._notes.handed_out_by(keys)
            progress = await self._notes.progress(keys)
        return [
            key
            for key, by, (begun, ended) in zip(keys, handed_out_by, progress, strict=True)
            if by == run and (begun is None if ended is None else ended.result.state == "waiting")
        ]
