"""Build the template of the test database; run as a program by `tests.database`."""

from __future__ import annotations

import os
from datetime import date

import django
import psycopg
from django.conf import settings
from django.db import transaction

from tests.database import BANK_A, BANK_B, take_snapshot


def main() -> None:
    """Prepare the database, open two banks and take the snapshot."""
    django.setup()
    from core.crypto.master import create_master_key
    from core.tenancy import PROVINCE_CODE, in_bank
    from tenants.parameters import set_for_platform
    from tenants.provisioning import BankOpening, open_bank, prepare_database
    from tenants.second_factor import REQUIRED

    if not settings.MASTER_KEY_FILE.exists():
        create_master_key(settings.MASTER_KEY_FILE)
    prepare_database()
    with in_bank(PROVINCE_CODE), transaction.atomic():  # tests log in by the password alone, unless they say otherwise
        set_for_platform(name=REQUIRED.name, value=False, effective_date=date(2020, 1, 1), actor="test")
    for code, name, region in (
        (BANK_A, "连云港东方样例农村商业银行股份有限公司", "320700"),
        (BANK_B, "张家港样例农村商业银行股份有限公司", "320582"),
    ):
        open_bank(
            BankOpening(
                code=code,
                name=name,
                region_code=region,
                display_name=f"{name[:-14]}样例农商银行",
                stage="live",
                evaluation_number="样例评估〔2026〕1号",
                evaluation_expires_date=date(2099, 12, 31),
            )
        )
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        take_snapshot(connection)


if __name__ == "__main__":
    main()
