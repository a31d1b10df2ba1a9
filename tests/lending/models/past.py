"""Past decisions of a bank, made in bulk: synthetic applicants, decided and stored as the product stores them."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from core.ids import new_id
from lending.decision.decide import decide_full
from lending.decision.engine import DecisionModel
from lending.decision.facts import FullFacts
from lending.decision.policy import PolicyFields
from lending.decision.snapshots import decision_bytes, snapshot
from lending.decision.standard import standard_model
from lending.models import Application, Decision, DecisionModelText, Product, ProductVersion
from tests.lending.applicants import make_customer
from tests.lending.decision.applicants import TODAY, full, paid

AT_ONCE = 1000


def anybody() -> Iterator[FullFacts]:
    """Give applicants of every score, again and again, each income and report a little different."""
    for number in itertools.count():
        yield full(
            overdue_12m=(number // 2) % 4,
            queries_3m=number % 9,
            lenders=number % 7,
            card_utilisation=None if number % 5 == 0 else Decimal(number % 100) / 100,
            history_months=number % 90,
            monthly_debt_payment_fen=(number % 40) * 100_00,
            declared_monthly_income_fen=6_000_00 + (number % 50) * 100_00,
            government=None if number % 17 == 0 else full().government and _records(number),
        )


def _records(number: int) -> object:
    from tests.lending.decision.applicants import government

    return government(social_security=paid(number % 25, 5_000_00 + (number % 30) * 100_00))


def make_past(
    count: int,
    *,
    models: Sequence[DecisionModel] = (),
    on: date = TODAY,
    policy: PolicyFields | None = None,
    result_of: Callable[[str], str] = str,
) -> list[uuid.UUID]:
    """Store so many full decisions at the current bank, by the models in turn; return their ids, oldest first."""
    chosen, fields, people = models or [standard_model("full")], policy or PolicyFields(), anybody()
    version = ProductVersion.objects.get(product=Product.objects.get(code="XF01"), number=1)
    customer_id, made = make_customer(), []
    DecisionModelText.objects.bulk_create(
        [DecisionModelText(version=m.version, bank=m.bank, name=m.name, content=m.content) for m in chosen],
        ignore_conflicts=True,
    )
    for begin in range(0, count, AT_ONCE):
        applications, decisions = [], []
        for number in range(begin, min(begin + AT_ONCE, count)):
            application = Application(
                customer_id=customer_id, product_version=version, purpose="consumption", facts={}, status="rejected"
            )
            applications.append(application)
            decision = _decided(application, next(people), fields, chosen[number % len(chosen)], on)
            decision.result = result_of(decision.result)
            decisions.append(decision)
        Application.objects.bulk_create(applications)
        Decision.objects.bulk_create(decisions)
        made += [decision.pk for decision in decisions]
    return made


def _decided(
    application: Application, facts: FullFacts, policy: PolicyFields, model: DecisionModel, on: date
) -> Decision:
    told = decide_full(facts, policy, model=model)
    return Decision(
        application=application, stage="full", product_version_id=application.product_version_id,
        model_id=model.version, business_date=on, outcome=told.outcome, reason_codes=list(told.reasons),
        score=told.score, grade=told.grade or "", limit_fen=told.limit_fen, annual_rate=told.annual_rate,
        term_months=told.term_months, snapshot=snapshot(facts, policy, model=model).decode(),
        result=decision_bytes(told).decode(), content_sha256=bytes(32), evidence_leaf=new_id(),
    )  # fmt: skip
