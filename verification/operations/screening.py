"""Screen a subject against the watchlists, in the caller's transaction (A4-16, AML-05 to AML-08)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from core.clock import now
from core.db.asks import Ask, answered, together
from core.db.rows import inserting
from core.errors import StateConflict
from core.operations import within_transaction
from verification import parameters
from verification.evidence import leaf_of_check
from verification.models import Check, ScreeningAlert, ScreeningMatch
from verification.models.check import ANSWERED, CLEAR, HIT, REVIEW, WATCHLIST
from verification.models.watchlist import TELECOM_FRAUD
from verification.queries import asking_identity
from verification.screening.match import ID_NUMBER_SCORE, Candidate, Person, asking_candidates, outcome_of
from verification.screening.versions import asking_versions
from verification.standing import UNSCREENED, cleared_pairs, cleared_pairs_of, screening_standing

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection

    from django.db.models import Model

    from verification.identity import Identity
    from verification.models import WatchlistVersion

Outcome = Literal["clear", "review", "hit"]
Pair = tuple[str, int, str]
LOCAL: Final = "local"
COUNTERPARTY: Final = "counterparty"


class Screening:
    """One screening, in three parts that its caller may send together with statements of its own.

    First who the subject is and which lists are current (`identity`, `lists`); then whom of them the subject, or the one
    `counterparty` of whom only the name is known, may be (`search`); last the result and what puts it on record
    (`conclude`). `screen_subject` and `screen_counterparty` are the three in turn.
    """

    def __init__(
        self,
        *,
        subject_id: uuid.UUID | None,
        purpose: str,
        business_id: str,
        counterparty: str | None = None,
        cleared: Collection[Pair] = (),
    ) -> None:
        """Begin; nothing is sent yet. Without a subject the counterparty is nobody's but the bank's.

        `cleared` are entries that staff have found to be somebody else: they are not asked about again (AML-07).
        """
        self._subject_id, self._purpose, self._business_id = subject_id, purpose, business_id
        self._counterparty, self._cleared = counterparty, frozenset(cleared)
        self.identity: Ask[Identity | None] = (
            asking_identity(subject_id) if counterparty is None and subject_id is not None else answered(None)
        )
        self.lists: Ask[list[WatchlistVersion]] = asking_versions()
        self._search: Ask[list[Candidate]] = answered([])

    @property
    def known(self) -> Identity:
        """Who the subject is, once the first part was sent.

        Raises:
            StateConflict: nobody is known behind the subject.
        """
        known = self.identity.answer()
        if known is None:
            raise StateConflict("请先完成注册")
        return known

    @property
    def _screened(self) -> list[WatchlistVersion]:
        """The lists that are screened against: joint discipline is none of them (ACC-09)."""
        return [version for version in self.lists.answer() if version.list_code != TELECOM_FRAUD]

    @property
    def may_be_disciplined(self) -> bool:
        """Whether there is a list of joint discipline at all, so that `is_disciplined` is worth asking (ACC-09)."""
        return any(version.list_code == TELECOM_FRAUD for version in self.lists.answer())

    def search(self) -> Ask[list[Candidate]]:
        """Ask for the listed entries that may be meant, once the first part was sent.

        Raises:
            StateConflict: nobody is known behind the subject.
        """
        if self._counterparty is None:
            known = self.known
            person = Person(name=known.name, id_number=known.id_number, birth_date=known.birth_date)
        else:
            person = Person(name=self._counterparty)
        is_person = self._counterparty is None  # a counterparty may be a firm
        self._search = asking_candidates(person, self._screened, persons_only=is_person)
        return self._search

    def conclude(self) -> tuple[Outcome, list[Ask[None]]]:
        """Return the result, and what puts it on record with its leaf, and an alert where there is one."""
        candidates, cleared = self._without_cleared(self._search.answer())
        # Where nobody like that is listed, the score from which staff must judge is not asked for.
        review_score = parameters.number(parameters.SCREENING_REVIEW_SCORE) if candidates else ID_NUMBER_SCORE
        outcome = outcome_of(candidates, review_score=review_score)
        check = Check(
            subject_id=self._subject_id,
            kind=WATCHLIST,
            purpose=self._purpose,
            business_id=self._business_id,
            status=ANSWERED,
            outcome=outcome,
            provider=LOCAL,
            asked=None if self._counterparty is None else {"party": COUNTERPARTY, "name": self._counterparty},
            detail={
                "lists": {version.list_code: version.number for version in self._screened},
                **({"cleared": cleared} if cleared else {}),
            },
            answered_at=now(),
        )
        leaf = leaf_of_check(check)
        check.evidence_leaf = leaf.id
        return outcome, inserting(leaf, check, *(_alert(check, candidates) if outcome != CLEAR else []))

    def _without_cleared(self, candidates: list[Candidate]) -> tuple[list[Candidate], list[Pair]]:
        """Leave out whom staff have found it not to be (AML-07); return those too. Asked only where somebody is listed."""
        known = self._cleared
        if candidates and self._counterparty is None and self._subject_id is not None:
            known |= cleared_pairs_of(self._subject_id)
        if not known:
            return candidates, []
        left = [found for found in candidates if _pair(found) not in known]
        return left, sorted({_pair(found) for found in candidates} & known)


def _pair(found: Candidate) -> Pair:
    return found.list_code, found.list_version, found.entry


@within_transaction
def screen_subject(*, subject_id: uuid.UUID, purpose: str, business_id: str) -> Outcome:
    """Screen a subject against the current version of every list, and put the result on record.

    `hit`: the ID number itself is listed. `review`: name and birth date, or the name alone, are; staff must
    judge. Both leave an alert that only compliance staff see; the customer must not learn of either (AML-08). An entry that
    they have cleared for the subject, in whatever business, is not asked about again in its version of its list (AML-07).

    Raises:
        StateConflict: nobody is known behind the subject.
    """
    return _screen(Screening(subject_id=subject_id, purpose=purpose, business_id=business_id))


@within_transaction
def screen_counterparty(*, name: str, subject_id: uuid.UUID, purpose: str, business_id: str) -> Outcome:
    """Screen somebody with whom a subject deals and of whom only the name is known (AML-05), and put it on record.

    The check stands under the subject whose business it is, with the name that was asked for; a name alone is never
    more than `review`, which is for staff to judge.
    """
    return _screen(Screening(subject_id=subject_id, purpose=purpose, business_id=business_id, counterparty=name))


@within_transaction
def screen_again(*, name: str, subject_id: uuid.UUID | None, purpose: str, business_id: str) -> None:
    """Screen who is behind a business object, unless that was done by the lists of now, or an alert holds it already.

    A subject is screened as one; without one it is the bank's own counterparty, of whom only the name is known. An entry
    that staff have cleared for this business is not asked about again in its version of its list (AML-07). What stands
    then is `queries.screening_standing`.

    Raises:
        StateConflict: nobody is known behind the subject.
    """
    if screening_standing(purpose=purpose, business_id=business_id) != UNSCREENED:
        return
    screening = Screening(
        subject_id=subject_id, purpose=purpose, business_id=business_id,
        counterparty=name if subject_id is None else None,
        cleared=cleared_pairs(purpose=purpose, business_id=business_id),
    )  # fmt: skip
    _screen(screening)


def _screen(screening: Screening) -> Outcome:
    together(screening.identity, screening.lists)
    together(screening.search())
    outcome, record = screening.conclude()
    together(*record)
    return outcome


def _alert(check: Check, candidates: list[Candidate]) -> list[Model]:
    """Return the rows that tell compliance staff."""
    alert = ScreeningAlert(
        check_row=check, subject_id=check.subject_id, outcome=HIT if check.outcome == HIT else REVIEW
    )
    matches = [
        ScreeningMatch(
            check_row=check,
            list_code=candidate.list_code,
            list_version=candidate.list_version,
            entry=candidate.entry,
            score=candidate.score,
            matched_by=candidate.matched_by,
        )
        for candidate in candidates
    ]
    return [alert, *matches]
