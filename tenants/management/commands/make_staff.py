"""`manage.py make_staff --bank CODE|province --login NAME --role ROLE`: a staff login; prints its password last."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.tenancy import PROVINCE_CODE, in_bank
from tenants import directory
from tenants.staff import StaffRefused, make_login, new_password


class Command(BaseCommand):
    """Make a staff login at one bank or at the province."""

    help = (
        "Make a staff login, or give an existing one a role and a new password. A generated password is the last line."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare whose login it is."""
        parser.add_argument("--bank", required=True, help="a bank's code, or province")
        parser.add_argument("--login", required=True)
        parser.add_argument("--role", required=True, help="for example 产品经理, 运营, 管理员")
        parser.add_argument("--superuser", action="store_true", help="may do everything at this bank")
        parser.add_argument("--password", default="", help="default: one is made and printed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it."""
        del args
        bank: str = options["bank"]
        if bank != PROVINCE_CODE and directory.card_of(bank) is None:
            raise CommandError(f"bank {bank!r} is not open; `manage.py open_bank` opens it")
        password = options["password"] or new_password()
        with in_bank(bank):
            try:
                is_new = make_login(
                    login=options["login"],
                    role=options["role"],
                    password=password,
                    is_superuser=options["superuser"],
                )
            except StaffRefused as problem:
                raise CommandError(problem.detail) from problem
        self.stdout.write(f"{'made' if is_new else 'renewed'} {options['login']} at {bank} as {options['role']}")
        if not options["password"]:
            self.stdout.write(password)
