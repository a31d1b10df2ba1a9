"""`python manage.py screen --name …`: look somebody up in the watchlists without recording it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.tenancy import PUBLIC, at
from verification.parameters import SCREENING_REVIEW_SCORE
from verification.screening.match import Person, find_candidates, outcome_of
from verification.screening.versions import current_versions


class Command(BaseCommand):
    help = "按姓名、证件号、出生日期检索名单，输出 clear、review 或 hit"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="姓名")
        parser.add_argument("--id-number", help="证件号")
        parser.add_argument("--birth-date", help="出生日期，如 1980-01-31")
        parser.add_argument("--json", action="store_true", help="输出 JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            born = date.fromisoformat(options["birth_date"]) if options["birth_date"] else None
        except ValueError as error:
            raise CommandError("--birth-date 须为 1980-01-31 的格式") from error
        person = Person(name=options["name"], id_number=options["id_number"], birth_date=born)
        with at(PUBLIC):
            candidates = find_candidates(person, current_versions(), persons_only=False)
        outcome = outcome_of(candidates, review_score=int(SCREENING_REVIEW_SCORE.default))
        found = [
            {"list": candidate.list_code, "name": candidate.name, "score": candidate.score} for candidate in candidates
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"outcome": outcome, "candidates": found}, ensure_ascii=False))
            return
        self.stdout.write(outcome)
        for row in found:
            self.stdout.write(f"{row['score']:>4}  {row['list']}  {row['name']}")
