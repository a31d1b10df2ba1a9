"""The rules of early warning (RISK-05), each a set of parameters: on or off, from which figure, and what is done.

Where a fact has a source in this system (screening, collections, the purpose watch) the rule reads that; what has none yet
(the bureau after lending, courts, the business register, merchants' flows) it takes from `ObservedFact`, which is imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lending.models.warning import ACTIONS, FREEZE, LIST_HIT, QUEUE, REDUCE, RULES
from tenants.parameters import Parameter, declare, value_of

SOURCE: Final = "RISK-05"
OURS: Final = "RISK-05；数值为工程取值"
CHOICES: Final = tuple(action for action, _ in ACTIONS)
NAMES: Final = dict(RULES)

FACT_DAYS: Final = declare(
    Parameter("warning.fact_days", 31, "外部风险信息超过多少天不再触发预警", "天", OURS, "free", low=1, high=366)
)
REDUCE_PERCENT: Final = declare(
    Parameter(
        "warning.reduce_percent",
        50,
        "压降额度的幅度（已用和占用照常，归还后不能再用）",
        "%",
        OURS,
        "higher",
        low=10,
        high=100,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: its code, whether it has a threshold, and the SQL that finds what meets it.

    `finds` yields (customer_id, evidence, measured) and may use %(today)s, %(since)s (the first day of facts that count) and
    %(threshold)s.
    """

    code: str
    finds: str
    has_threshold: bool = False

    @property
    def is_on(self) -> str:
        """Name the parameter that switches it."""
        return f"warning.{self.code}.on"

    @property
    def threshold(self) -> str:
        """Name the parameter of its figure."""
        return f"warning.{self.code}.threshold"

    @property
    def action(self) -> str:
        """Name the parameter of what is done."""
        return f"warning.{self.code}.action"

    @property
    def parameters(self) -> tuple[str, ...]:
        """Name all its parameters."""
        return (self.is_on, self.action, *((self.threshold,) if self.has_threshold else ()))


def _rule(code: str, finds: str, action: str, figure: Parameter | None = None) -> Rule:
    """Declare a rule's parameters."""
    name = NAMES[code]
    rule = Rule(code=code, finds=finds, has_threshold=figure is not None)
    declare(Parameter(rule.is_on, default=True, meaning=f"早期预警：{name}，启用", source=SOURCE))
    declare(
        Parameter(rule.action, action, f"早期预警：{name}，措施（freeze 冻结，reduce 压降，queue 仅列示）", "", SOURCE,
                  choices=CHOICES)
    )  # fmt: skip
    if figure is not None:
        declare(figure)
    return rule


def _figure(code: str, default: int, meaning: str, unit: str, high: int, source: str = OURS) -> Parameter:
    return Parameter(
        f"warning.{code}.threshold", default, f"早期预警：{meaning}", unit, source, "lower", low=1, high=high
    )


# The latest fact of each customer, and the one before it.
_LATEST: Final = """
SELECT f.customer_id, f.observed_date, f.value,
       lead(f.value) OVER (PARTITION BY f.customer_id ORDER BY f.observed_date DESC) AS former,
       row_number() OVER (PARTITION BY f.customer_id ORDER BY f.observed_date DESC) AS place
FROM lending_observed_fact f WHERE f.kind = '{kind}' AND f.observed_date <= %(today)s
"""


def _fact(kind: str, condition: str) -> str:
    """Find the customers of whom the latest fact of a kind is recent enough and meets a condition."""
    return (
        f"SELECT customer_id, to_char(observed_date, 'YYYY-MM-DD'), value FROM ({_LATEST.format(kind=kind)}) latest "  # noqa: S608 -- constants
        f"WHERE place = 1 AND observed_date >= %(since)s AND {condition}"
    )


# A month's flow against the mean of the three months before it; a first month has nothing to fall from. More than the
# threshold is a drop: 50 % exactly is none.
FLOW_DROP: Final = """
SELECT customer_id, to_char(observed_date, 'YYYY-MM'), dropped FROM (
    SELECT customer_id, observed_date, place,
           CASE WHEN before > 0 THEN floor((before - value) * 100 / before)::bigint END AS dropped,
           (before - value) * 100 > before * %(threshold)s AS is_more
    FROM (SELECT f.customer_id, f.observed_date, f.value,
                 avg(f.value) OVER (PARTITION BY f.customer_id ORDER BY f.observed_date
                                    ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING) AS before,
                 row_number() OVER (PARTITION BY f.customer_id ORDER BY f.observed_date DESC) AS place
          FROM lending_observed_fact f WHERE f.kind = 'merchant_flow' AND f.observed_date <= %(today)s) month
) flow WHERE place = 1 AND observed_date >= %(since)s AND is_more
"""
# The contacts since somebody was last reached, where there are so many and the last is recent.
CONTACT_LOST: Final = """
SELECT customer_id, max(contact_date)::text, count(*) FROM (
    SELECT c.customer_id, c.contact_date, o.result,
           max(c.id::text) FILTER (WHERE o.result NOT IN ('no_answer', 'invalid')) OVER (PARTITION BY c.customer_id)
               AS reached, c.id::text AS contact
    FROM lending_collection_contact c JOIN lending_collection_outcome o ON o.contact_id = c.id
    WHERE c.contact_date <= %(today)s
) told WHERE result IN ('no_answer', 'invalid') AND (reached IS NULL OR contact > reached)
GROUP BY customer_id HAVING count(*) >= %(threshold)s AND max(contact_date) >= %(since)s
"""
PURPOSE_BREACH: Final = """
SELECT l.customer_id, max(p.id::text), count(*) FROM lending_purpose_finding p JOIN lending_loan l ON l.id = p.loan_id
WHERE p.status IN ('found', 'misused') AND p.booking_date >= %(since)s GROUP BY l.customer_id
"""
# Screening keeps its hits confidential (AML-08), and so does the warning. A likeness that staff must judge is none, nor is
# what they have cleared.
LIST_HITS: Final = """
SELECT a.subject_id, max(a.id::text), count(*) FROM verification_screening_alert a
WHERE a.status <> 'cleared' AND a.outcome = 'hit' GROUP BY a.subject_id
"""

ALL: Final[tuple[Rule, ...]] = (
    _rule(
        "overdue_elsewhere", _fact("bureau_overdue", "value >= %(threshold)s AND value > coalesce(former, 0)"), FREEZE,
        _figure("overdue_elsewhere", 1, "他行逾期账户达到多少笔且比上次增加", "笔", 20),
    ),
    _rule(
        "many_lenders", _fact("bureau_queries", "value >= %(threshold)s"), REDUCE,
        _figure("many_lenders", 6, "近一月征信查询达到多少次", "次", 30),
    ),
    _rule(LIST_HIT, LIST_HITS, FREEZE),
    _rule("court_list", _fact("court_list", "value > 0"), FREEZE),
    _rule("licence_revoked", _fact("licence_revoked", "value > 0"), FREEZE),
    _rule("flow_drop", FLOW_DROP, FREEZE, _figure("flow_drop", 50, "商户月流水比前三月平均下降超过多少", "%", 90, SOURCE)),
    _rule("contact_lost", CONTACT_LOST, QUEUE, _figure("contact_lost", 3, "连续多少次联系不上借款人", "次", 30)),
    _rule("purpose_breach", PURPOSE_BREACH, QUEUE),
)  # fmt: skip
"""In the order in which they are run."""


def fact_days() -> int:
    """Return for how many days a fact may raise a warning."""
    return value_of(FACT_DAYS.name, kind=int)


def reduce_percent() -> int:
    """Return by how many per cent a line is reduced."""
    return value_of(REDUCE_PERCENT.name, kind=int)
