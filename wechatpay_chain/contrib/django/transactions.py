"""`whole`: a transaction that commits everything that was done in it, or raises."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def whole(using: str) -> Generator[None]:
    """A transaction. If it ends without an exception, what was done in it is committed.

    When an error of the database was caught inside of it, Django's `atomic` rolls back and reports nothing. PostgreSQL
    also rolls such a transaction back, and reports its commit as a success; but releasing a savepoint in it fails.

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
