"""What the processes that drove a study spent ↔ rows, one for each process and purpose."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from nas.errors import StoreError
from nas.store import queries, tables
from nas.store.leases import Lease
from nas.store.records import AccountRecord
from nas.store.store import Store

_TABLE = tables.accounts


def save_account(
    store: Store, study_id: int, account: AccountRecord, *, lease: Lease | None = None
) -> None:
    """Store an account, in the place of the one with its number.

    Args:
        store: Where the study is.
        study_id: The study.
        account: What was spent.
        lease: That of the driver; without one, nobody may be driving the study.

    Raises:
        StoreError: if a number is negative or not finite, there is no such study, or it is not
            this driver's to change.
    """
    store.transactions.change(
        study_id, lease, lambda connection, _again: put(connection, study_id, [account])
    )


def accounts(store: Store, study_id: int) -> list[AccountRecord]:
    """The accounts of a study in the order of their beginning; none before schema 0003.

    Raises:
        StoreError: if there is no such study.
    """
    with store.transactions.read() as connection:
        queries.objective_names(connection, study_id)
        return of_study(connection, study_id)


def put(connection: Connection, study_id: int, some: Sequence[AccountRecord]) -> None:
    """Store accounts in the place of those with their numbers.

    Raises:
        StoreError: if a number is negative or not finite.
    """
    for account in some:
        _check(account)
        key = (_TABLE.c.study_id == study_id) & (_TABLE.c.number == account.number)
        connection.execute(delete(_TABLE).where(key))
        connection.execute(
            insert(_TABLE).values(
                study_id=study_id,
                number=account.number,
                purpose=account.purpose,
                began_at=account.began_at,
                until=account.until,
                spent={name: float(amount) for name, amount in account.spent.items()},
                about=dict(account.about),
            )
        )


def of_study(connection: Connection, study_id: int) -> list[AccountRecord]:
    """The same as `accounts`, on an open transaction."""
    query = select(_TABLE).where(_TABLE.c.study_id == study_id).order_by(_TABLE.c.number)
    return [
        AccountRecord(row.number, row.purpose, row.began_at, row.until, row.spent, row.about)
        for row in connection.execute(query)
    ]


def _check(account: AccountRecord) -> None:
    for name, amount in account.spent.items():
        if not (math.isfinite(amount) and amount >= 0):
            raise StoreError(
                f"`spent` of an account must be finite and not negative; that of number "
                f"{account.number} has {name} {amount}"
            )
