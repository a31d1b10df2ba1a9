"""`manage.py open_sample_banks`: the sample banks of the province, with a progress bar."""

from __future__ import annotations

import csv
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from tqdm import tqdm

from core.tenancy import PROVINCE_CODE, PUBLIC, at, in_bank
from tenants import provisioning
from tenants.models import Bank
from tenants.parameters import set_for_platform
from tenants.provisioning import BankOpening, open_bank, prepare_database, template
from tenants.provisioning.prepare import analyse_catalogs
from tenants.second_factor import REQUIRED

SAMPLE_REPORT: Any = {"evaluation_number": "样例评估〔2026〕1号", "evaluation_expires_date": date(2099, 12, 31)}
AT_ONCE = 2  # PostgreSQL makes one bank's tables while the keys and rows of another are made here
SAMPLE = Path(provisioning.__file__).parent / "sample_banks.csv"


def _open(row: dict[str, str]) -> None:
    """Open one of them, over a connection of its own that is closed afterwards."""
    try:
        open_bank(
            BankOpening(
                code=row["code"],
                name=f"{row['place']}样例农村商业银行股份有限公司",
                display_name=row["display_name"],
                city=row["city"],
                region_code=row["region_code"],
                stage=row["stage"],
                **SAMPLE_REPORT,
            )
        )
    finally:
        connection.close()


class Command(BaseCommand):
    """Open the sample banks that are not open yet."""

    help = "Open the sample banks (58 of 60 are marked to be opened); those that exist are left as they are."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which."""
        parser.add_argument("--only", default="", help="codes, separated by commas; default: all that are marked")

    def handle(self, *args: Any, **options: Any) -> None:
        """Open them."""
        del args
        only = {code for code in options["only"].split(",") if code}
        with SAMPLE.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["opened"] == "1"]
        prepare_database()
        with in_bank(PROVINCE_CODE), transaction.atomic():  # the logins of the samples are printed for anybody to try
            set_for_platform(
                name=REQUIRED.name, value=False, effective_date=date(2020, 1, 1), actor="open_sample_banks"
            )
        with at(PUBLIC):
            known = set(Bank.objects.values_list("code", flat=True))
            samples = [row["code"] for row in rows]
            Bank.objects.filter(code__in=samples, evaluation_expires_date=None).update(**SAMPLE_REPORT)
        wanted = [row for row in rows if row["code"] not in known and (not only or row["code"] in only)]
        template.ensure_template()
        with ThreadPoolExecutor(AT_ONCE) as pool, tqdm(
            total=len(wanted), desc="banks", unit="bank", file=sys.stderr, disable=not wanted
        ) as bar:  # fmt: skip
            try:
                for opened in as_completed([pool.submit(_open, row) for row in wanted]):
                    opened.result()
                    bar.update()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        if wanted:
            analyse_catalogs()
        self.stdout.write(f"{len(wanted)} banks opened, {len(known)} were open")
