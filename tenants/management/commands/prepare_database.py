"""`manage.py prepare_database`: roles, public tables, template schema, and every bank that is behind."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tenants.provisioning import prepare_database


class Command(BaseCommand):
    """Bring the database to the present schema."""

    help = "Create roles, migrate the public schema, the template and every bank that is behind; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, saying what is being done."""
        del args, options
        prepare_database(report=self.stdout.write)
        self.stdout.write("数据库已是最新")
