"""`manage.py verify_contract FILE --bank …`: what `contracts/verify` answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.tenancy import in_bank
from lending.queries import judge_file
from lending.rest.loan_documents import judgement_document
from tenants import directory

NOT_VALID: Final = 1


class Command(BaseCommand):
    """Judge a contract file; the exit code is 0 where it is valid and 1 where it is not."""

    help = "Judge a contract file: JSON as `contracts/verify` answers it; exit code 1 where it is not valid."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file and the bank."""
        parser.add_argument("file", help="the PDF")
        parser.add_argument("--bank", required=True, help="code of the bank that is said to have signed it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Judge.

        Raises:
            CommandError: the bank or the file does not exist, or (exit code 1) the file is not valid.
        """
        code = options["bank"]
        if directory.card_of(code) is None:
            raise CommandError(f"there is no bank {code}", returncode=2)
        try:
            content = Path(options["file"]).read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}", returncode=2) from error
        with in_bank(code):
            document = judgement_document(judge_file(content))
        self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))
        if not document["valid"]:
            raise CommandError(f"not valid: {', '.join(document['reasons'])}", returncode=NOT_VALID)
