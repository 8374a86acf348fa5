"""`whole`: a transaction that commits all that was done in it, or raises."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def whole(using: str) -> Generator[None]:
    """A transaction. If it ends without an exception, what was done in it is committed.

    Django's `atomic` rolls back without a word where an error of the database was caught in it. PostgreSQL undoes such
    a transaction by itself and reports its commit as a success, but the end of a savepoint in it fails.

    Args:
        using: the alias of the database.

    Raises:
        TransactionManagementError: it is marked to be rolled back.
        DatabaseError: the database has undone it.
    """
    with transaction.atomic(using=using), transaction.atomic(using=using):
        yield
        if transaction.get_rollback(using=using):
            raise transaction.TransactionManagementError(
                f"all that was written on {using!r} is rolled back: an error of the database was caught. Where it may "
                "be caught, give the statement an atomic() of its own"
            )
