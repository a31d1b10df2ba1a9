"""Import contracts of the project's own, for import-linter: what its stock contracts cannot say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from importlinter.application import output
from importlinter.domain import fields
from importlinter.domain.contract import Contract, ContractCheck

if TYPE_CHECKING:
    from grimp import ImportGraph


class DoorsContract(Contract):
    """Allow imports from one room to another only through modules that the room offers.

    Options: `rooms`, the packages that are held to it; `doors`, the names of the modules (or packages)
    directly inside a room that others may import, whole or any part; `more_doors`, further modules with their
    full names; `free`, packages that may import anything.
    """

    type_name = "doors"

    rooms = fields.SetField(subfield=fields.StringField())
    doors = fields.SetField(subfield=fields.StringField())
    more_doors = fields.SetField(subfield=fields.StringField(), required=False)
    free = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - fixed signature
        """Find every direct import that goes round the doors."""
        rooms, free = set(_words(self.rooms)), set(_words(self.free))
        doors = {f"{room}.{door}" for room in rooms for door in _words(self.doors)} | set(_words(self.more_doors))
        broken = [
            {
                "importer": importer,
                "imported": imported,
                "details": graph.get_import_details(importer=importer, imported=imported),
            }
            for importer in sorted(graph.modules)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if _room(imported) in rooms - {_room(importer)}
            and _room(importer) not in free
            and not any(imported == door or imported.startswith(f"{door}.") for door in doors)
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each forbidden import with its line."""
        for found in check.metadata["broken"]:
            lines = ", ".join(str(detail["line_number"]) for detail in found["details"])
            output.print_error(f"{found['importer']} -> {found['imported']} (line {lines})")
        output.print(f"Another room is reached through: {', '.join(sorted(_words(self.doors)))}.")


class RoomsContract(Contract):
    """Demand that every top-level package is under the contracts, or is named as outside of the product.

    Option: `outside`, the packages that are no part of the product.
    """

    type_name = "rooms"

    outside = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - fixed signature
        """Compare the packages in the current folder with those that the linter was given."""
        known = {_room(module) for module in graph.modules} | set(_words(self.outside))
        strangers = sorted(init.parent.name for init in Path().glob("*/__init__.py") if init.parent.name not in known)
        return ContractCheck(kept=not strangers, metadata={"strangers": strangers})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print the packages that nobody has placed."""
        for name in check.metadata["strangers"]:
            output.print_error(f"{name}/ has no place: add it to root_packages and the layers (pyproject.toml).")


def _room(module: str) -> str:
    return module.partition(".")[0]


def _words(value: Any) -> list[str]:
    return sorted(value or ())
