"""`python manage.py import_watchlist FILE --list CODE`: import a version of a watchlist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from verification.models.watchlist import TELECOM_FRAUD
from verification.screening.readers import ListFileUnreadable, check_discipline, read_list
from verification.screening.versions import import_version

LIST_CODE = re.compile(r"[a-z0-9_-]{1,40}\Z")


class Command(BaseCommand):
    help = "导入一份名单的新版本：联合国 XML、OFAC sdn.csv（别名文件用 --aliases），或带表头的 CSV"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="名单文件")
        parser.add_argument(
            "--list",
            required=True,
            dest="list_code",
            help="名单代码，如 un、ofac、domestic；telecom_fraud 为涉诈联合惩戒名单",
        )
        parser.add_argument("--aliases", type=Path, help="OFAC 的别名文件 alt.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        list_code: str = options["list_code"]
        if not LIST_CODE.match(list_code):
            raise CommandError("--list 须为 1 至 40 位小写字母、数字、下划线或连字符")
        file: Path = options["file"]
        aliases: Path | None = options["aliases"]
        try:
            source = file.read_bytes()
            other = aliases.read_bytes() if aliases else None
            entries = read_list(source, aliases=other)
            if list_code == TELECOM_FRAUD:
                check_discipline(entries)
        except (OSError, ListFileUnreadable) as error:
            raise CommandError(f"无法读取名单：{error}") from error
        if not entries:
            raise CommandError("名单中没有条目；未导入")
        done = import_version(list_code=list_code, entries=entries, source=source + (other or b""))
        said = "已导入" if done.is_new else "内容与现行版本相同，未重复导入："
        self.stdout.write(f"{said} {done.list_code} 第 {done.number} 版：{done.entries} 个条目，{done.names} 个名称")
