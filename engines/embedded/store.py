"""The store: all tables of one file on one connection, and the transactions over them."""

import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self

import msgspec

from dalsegno.engines.embedded.checkpoints import Checkpoints
from dalsegno.engines.embedded.children import Children
from dalsegno.engines.embedded.companions import Companions
from dalsegno.engines.embedded.damage import Damage
from dalsegno.engines.embedded.documents import Documents
from dalsegno.engines.embedded.executions import Execution, Executions
from dalsegno.engines.embedded.file import open_for_reading, open_for_writing, troubles
from dalsegno.engines.embedded.groups import Groups
from dalsegno.engines.embedded.inbox import Inbox
from dalsegno.engines.embedded.log import Log
from dalsegno.engines.embedded.messages import Messages
from dalsegno.engines.embedded.outbox import Outbox
from dalsegno.engines.embedded.pending import Pending
from dalsegno.engines.embedded.presence import Presence
from dalsegno.engines.embedded.registry import Registry
from dalsegno.engines.embedded.subscriptions import Subscriptions
from dalsegno.engines.embedded.values import Values
from dalsegno.engines.errors import StoreError, Trouble


class Store:
    """One connection to a store, used by one thread at a time."""

    def __init__(self, database: sqlite3.Connection, path: str, *, writing: bool = False) -> None:
        self.path = path
        self._database = database
        self._presence = Presence(path, writing=writing)
        self.damage = Damage(database, path)
        self.values = Values(database)
        self.log = Log(database, self.values, self.damage)
        self.checkpoints = Checkpoints(database, self.values)
        self.documents = Documents(database, self.damage)
        self.executions = Executions(database, self.documents)
        self.registry = Registry(database, self.documents)
        self.children = Children(database)
        self.companions = Companions(database, self.documents)
        self.pending = Pending(database)
        self.groups = Groups(database)
        self.inbox = Inbox(database)
        self.messages = Messages(database)
        self.subscriptions = Subscriptions(database)
        self.outbox = Outbox(database)
        self.commits = 0

    @classmethod
    def writable(cls, path: str) -> Self:
        """Opens a store, or makes one. Raises StoreError."""
        return cls(open_for_writing(path), path, writing=True)

    @classmethod
    def readable(cls, path: str) -> Self:
        """Opens a store that is there, without the power to change it. Raises StoreError."""
        return cls(open_for_reading(path), path)

    @contextmanager
    def transaction(self, epoch: int | None = None) -> Generator[None, None, None]:
        """All or nothing, durable when it ends. With `epoch`: on condition that this is still the owner's epoch.

        Raises StoreError for what the file or the disk refuses, when another engine owns the store by now, and when its
        files are no longer where others would look for them.
        """
        with troubles(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                if epoch is not None and epoch != self.epoch:
                    raise StoreError(self.path, Trouble.LOST)
                yield
                self._database.execute("COMMIT")
            except BaseException:
                self.documents.forget()
                # A full disk rolls back by itself.
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        self.commits += 1
        self.check_presence()

    @contextmanager
    def reading(self) -> Generator[None, None, None]:
        """Everything read inside comes from one moment."""
        with troubles(self.path):
            self._database.execute("BEGIN")
            try:
                yield
            except msgspec.DecodeError as error:
                raise StoreError(self.path, Trouble.CORRUPT, str(error)) from error
            finally:
                self._database.execute("ROLLBACK")
                # Whatever was found, or was not, was found in the wrong place.
                self.check_presence()

    def check_presence(self) -> None:
        """Raises StoreError when a file of the store was deleted, moved or replaced since it was opened."""
        gone = self._presence.gone
        if gone is None:
            return
        if gone != self.path:
            # Nobody but us can read the log of writes any more: what it has goes into the store.
            with troubles(self.path):
                self._database.execute("PRAGMA wal_checkpoint(FULL)")
        raise self._presence.error(gone)

    @property
    def epoch(self) -> int:
        """The number of the present owner."""
        return int(self._database.execute("SELECT epoch FROM owner").fetchone()[0])

    def take_over(self) -> int:
        """Makes the caller, who holds the lock, the owner; returns the new epoch.

        Where the last owner died, every activity that it may have been running has one more crash on its count.
        """
        with self.transaction():
            epoch, clean = self._database.execute("SELECT epoch, clean FROM owner").fetchone()
            self._database.execute("UPDATE owner SET epoch = ?, clean = 0", (epoch + 1,))
            if not clean:
                self.pending.interrupt()
        return int(epoch) + 1

    def hand_over(self) -> None:
        """Says, in a transaction of the caller's, that the owner leaves in order."""
        self._database.execute("UPDATE owner SET clean = 1")

    def compact(
        self, execution: int, seq: int, body: str, values: Mapping[str, bytes], *, kept: Sequence[int], archive: bool
    ) -> None:
        """Lets a log begin anew with a base, in its stored form, at its head `seq`; events at `kept` stay in it.

        The rest is kept aside with `archive`, else gone, with the large values that nobody needs any more.
        """
        self.values.use(execution, values)
        self.log.append(execution, seq, [body])
        self.log.cut(execution, seq, kept, archive=archive)
        self.executions.rebase(execution, seq)
        self.checkpoints.delete(execution)
        if not archive:
            self.values.release(execution, checkpoint=False, but=self.log.references(execution))

    @property
    def data_version(self) -> int:
        """Changes when another connection has committed something."""
        with troubles(self.path):
            return int(self._database.execute("PRAGMA data_version").fetchone()[0])

    def renew(self, row: Execution, cut: int, at: int) -> int:
        """A new execution in place of an ended one, with its log up to a position; returns its number."""
        number = self.executions.renew(row, cut, at)
        self.log.copy(row.number, number, cut)
        self.values.share(row.number, number)
        self.children.move(row.number, number, cut)
        self.companions.share(self.children.root(row.number), number)
        return number

    def purge(self, execution: int) -> None:
        """Deletes an execution with all that belongs to it."""
        root = self.children.root(execution)
        self.pending.clear(execution, detached=True)
        self.log.delete(execution)
        self.checkpoints.delete(execution)
        self.values.release(execution, checkpoint=False)
        self.inbox.clear(execution)
        # A schedule may be purged while it listens.
        self.messages.release(self.subscriptions.clear(execution))
        self.messages.clear(execution)
        self.executions.delete(execution)
        self.children.delete(execution)
        self.companions.release(root)

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self._database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def close(self) -> None:
        self._database.close()
