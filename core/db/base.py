"""The database backend: django-tenants' PostgreSQL wrapper with the walls and the leaks closed.

Four differences to the stock wrapper:

1. Role and search path are set by one statement, so that there is never a moment with the path of one bank and the
   rights of another. The web login has no rights of its own (NOINHERIT): with no role set PostgreSQL refuses all.
2. A switch that fails (a statement time-out, a cancelled backend) closes the connection and raises. The stock wrapper
   swallows the error, and the next statement runs under the pooled connection's former bank.
3. A forked child forgets the parent's pool and connections; shared sockets would mix two processes' answers.
4. Statements that a transaction owes (`core.db.asks`) are sent before anything else is: before another statement, a
   savepoint, a switch to another place, the commit. What is rolled back is no longer owed. BEGIN is the first of them:
   a transaction begins in the message of its first statement.
"""

from __future__ import annotations

import os
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections
from django.db.transaction import TransactionManagementError
from django.db.utils import DatabaseError
from django_tenants.postgresql_backend import base

from core.db.asks import BEGIN, Ask, bare, send_owed
from core.tenancy import PUBLIC, PUBLIC_SCHEMA

IN_ERROR = psycopg.pq.TransactionStatus.INERROR
SWITCH = "SELECT set_config('role', %s, false), set_config('search_path', %s, false)"


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that knows its place (`core.tenancy.Place`) and cannot be used at another one."""

    _owed: list[Ask[Any]]
    _setting_search_path: bool
    search_path_set_schemas: list[str] | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with nothing owed."""
        self._owed = []
        super().__init__(*args, **kwargs)

    def owe(self, *asks: Ask[Any]) -> None:
        """Keep statements for the next message.

        Raises:
            TransactionManagementError: no transaction is open.
        """
        if not self.in_atomic_block:
            raise TransactionManagementError("only a transaction can owe statements")
        self._owed += [ask for ask in asks if ask.statement]

    def take_owed(self) -> list[Ask[Any]]:
        """Hand out what is owed to whoever sends it now."""
        owed, self._owed = self._owed, []
        return owed

    def cursor(self) -> Any:
        """Give a cursor, after what is owed."""
        self._pay()
        return super().cursor()

    def chunked_cursor(self) -> Any:
        """Give a cursor on the server's side, after what is owed."""
        self._pay()
        return super().chunked_cursor()

    def set_tenant(self, tenant: Any, include_public: bool = True) -> Any:  # noqa: FBT001, FBT002 -- the wrapper's signature
        """Go to a place; what is owed belongs to the one that is left."""
        self._pay()
        return super().set_tenant(tenant, include_public)

    def close(self) -> None:
        """Close; the transaction is gone, and what it owed with it."""
        self._owed = []
        super().close()

    def _pay(self) -> None:
        if self._owed:
            send_owed()

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction with its first statement; Django's hook for a backend that sends BEGIN by itself."""
        self._owed = [bare(BEGIN)]

    def _commit(self) -> Any:
        if [ask.statement for ask in self._owed] == [BEGIN]:
            self._owed = []  # nothing was asked in it
        self._pay()
        return super()._commit()

    def _rollback(self) -> Any:
        self._owed = []
        return super()._rollback()

    def _savepoint_rollback(self, sid: str) -> None:
        self._owed = []  # all of it came after the savepoint, which was a statement
        super()._savepoint_rollback(sid)

    def set_schema_to_public(self) -> None:
        """Go to the public schema, where only what all banks read can be seen."""
        self.set_tenant(PUBLIC)

    def _handle_search_path(self, cursor: Any = None) -> None:
        if self._setting_search_path or self.search_path_set_schemas:
            return
        if not self.schema_name:
            msg = "no schema is chosen: enter a place with core.tenancy first"
            raise ImproperlyConfigured(msg)
        self._setting_search_path = True
        own = self.connection.cursor() if cursor is None else cursor
        try:
            own.execute(SWITCH, [self._role(), self._search_path()])
        except (DatabaseError, psycopg.Error) as error:
            self._setting_search_path = False
            self._refuse_to_stay(error)
        else:
            self.search_path_set_schemas = [self.schema_name]
        finally:
            self._setting_search_path = False
            if cursor is None:
                own.close()

    def _role(self) -> str:
        role = getattr(self.tenant, "role", None)
        return role if role and settings.DATABASE_ROLES else "none"

    def _search_path(self) -> str:
        if self.schema_name == PUBLIC_SCHEMA:
            return f'"{PUBLIC_SCHEMA}"'
        return f'"{self.schema_name}", "{PUBLIC_SCHEMA}"'

    def _refuse_to_stay(self, error: Exception) -> None:
        """Drop the connection after a failed switch, unless its transaction is broken and can only be rolled back."""
        self.search_path_set_schemas = None
        if self.connection is not None and self.connection.info.transaction_status == IN_ERROR:
            return
        self.close()
        msg = f"could not switch to schema {self.schema_name}; the connection was dropped"
        raise OperationalError(msg) from error


def _forget_connections() -> None:
    """Forget, in a forked child, what belongs to the parent; nothing is closed, the sockets are the parent's."""
    DatabaseWrapper._connection_pools = {}  # noqa: SLF001 -- Django keeps its pools in this class attribute
    for connection in connections.all(initialized_only=True):
        connection.connection = None
        connection.in_atomic_block = False
        connection.savepoint_ids = []
        connection.needs_rollback = False
        connection.take_owed()  # type: ignore[attr-defined]


os.register_at_fork(after_in_child=_forget_connections)
