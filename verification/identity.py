"""Who somebody is, as the ID card states it and the checks have confirmed it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The fields of an ID card; `sex` is male or female, `valid_until` None for a card without an end (长期).

    PII: every field; values stay out of `repr`.
    """

    name: str = field(repr=False)
    id_number: str = field(repr=False)
    sex: str = field(repr=False)
    ethnicity: str = field(repr=False)
    birth_date: date = field(repr=False)
    address: str = field(repr=False)
    authority: str = field(repr=False)
    valid_from: date = field(repr=False)
    valid_until: date | None = field(repr=False)

    def to_json(self) -> dict[str, str | None]:
        """Return the fields as JSON keeps them: dates in ISO 8601."""
        return {
            "name": self.name,
            "id_number": self.id_number,
            "sex": self.sex,
            "ethnicity": self.ethnicity,
            "birth_date": self.birth_date.isoformat(),
            "address": self.address,
            "authority": self.authority,
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
        }

    @classmethod
    def from_json(cls, values: dict[str, str | None]) -> Identity:
        """Read what `to_json` wrote."""
        texts = {name: value or "" for name, value in values.items()}
        until = values["valid_until"]
        return cls(
            name=texts["name"],
            id_number=texts["id_number"],
            sex=texts["sex"],
            ethnicity=texts["ethnicity"],
            birth_date=date.fromisoformat(texts["birth_date"]),
            address=texts["address"],
            authority=texts["authority"],
            valid_from=date.fromisoformat(texts["valid_from"]),
            valid_until=date.fromisoformat(until) if until else None,
        )
