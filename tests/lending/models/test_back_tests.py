"""Replays of candidates over past decisions, and of decisions bit for bit."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.clock import now
from core.errors import InvalidRequest, NotFound, StateConflict
from core.steps import engine
from core.steps.models import Step
from core.tenancy import in_bank
from lending.decision.engine import DecisionModel
from lending.decision.policy import PolicyFields
from lending.decision.standard import standard_model
from lending.models import BackTest, BackTestChange, Decision
from lending.operations import back_testing
from lending.operations.back_testing import back_test_chunk, start_back_test, stop_back_test
from tests.depth import is_deep
from tests.lending.decision.applicants import TODAY
from tests.lending.models import making
from tests.lending.models.past import make_past

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]
RunSteps = Callable[..., int]


def _start(candidate: Any = None, **changed: Any) -> BackTest:
    asked = {"policy_changes": {}, "product_id": None, "from_date": TODAY, "to_date": TODAY, "actor": "risk", **changed}
    return BackTest.objects.get(pk=start_back_test(candidate_id=candidate and candidate.pk, **asked))


def _finished(test: BackTest) -> BackTest:
    while not back_test_chunk(back_test_id=test.pk):
        pass
    return BackTest.objects.get(pk=test.pk)


class TestBackTest:
    def test_of_a_changed_cut_off_finds_who_would_be_out(self, run_steps: RunSteps, monkeypatch: Any) -> None:
        monkeypatch.setattr(back_testing, "AT_ONCE", 50)
        monkeypatch.setattr(back_testing._decide_chunk, "__kwdefaults__", {"at_once": 50})
        make_past(120)
        old = Counter(Decision.objects.values_list("outcome", flat=True))
        test = _start(policy_changes={"min_score": "680"})
        assert (test.total, test.done, test.status) == (120, 0, "running")
        step = Step.objects.get(kind="lending.back_test")
        for done in (50, 100):
            run_steps(limit=1)
            Step.objects.filter(pk=step.pk).update(run_at=step.run_at)
            assert BackTest.objects.get(pk=test.pk).done == done
        run_steps(limit=1)
        test = BackTest.objects.get(pk=test.pk)
        assert (test.done, test.total, test.status) == (120, 120, "done")
        assert Step.objects.get(pk=step.pk).state == "done"
        scores = dict(Decision.objects.values_list("pk", "score"))
        out = set(
            Decision.objects.exclude(outcome="rejected").filter(score__lt=680).values_list("application_id", flat=True)
        )
        swapped = BackTestChange.objects.filter(back_test=test)
        assert {row.application_id for row in swapped} == out != set()
        assert {row.new_outcome for row in swapped} == {"rejected"}
        assert all("score_too_low" in row.new_reasons and (scores[row.decision_id] or 0) < 680 for row in swapped)
        before, after = Counter[str](), Counter[str]()
        for pair, number in test.counts.items():
            before[pair.split(">")[0]] += number
            after[pair.split(">")[1]] += number
        assert before == old
        assert (after["rejected"], test.changed) == (old["rejected"] + len(out), len(out))
        assert 0 < test.new_limits_fen < test.old_limits_fen
        rated = Decision.objects.filter(outcome="offered").values_list("annual_rate", flat=True)
        assert test.old_rates_sum == sum(int(rate * 10_000) for rate in rated if rate is not None)

    def test_of_another_model_finds_who_would_be_in_and_out(self) -> None:
        make_past(60)
        test = _finished(_start(making.draft("own-full", making.base_points(430))))
        assert test.counts.get("offered>rejected", 0) > 0
        assert sum(test.counts.values()) == 60
        better = making.draft("better", making.base_points(620))
        test = _finished(_start(better))
        assert test.counts.get("offered>offered", 0) > 0
        changed_terms = BackTestChange.objects.filter(back_test=test, old_outcome="offered", new_outcome="offered")
        assert changed_terms.exists()
        assert all((row.old_limit_fen, row.old_rate) != (row.new_limit_fen, row.new_rate) for row in changed_terms)

    def test_of_what_decided_changes_nothing(self) -> None:
        make_past(40)
        test = _finished(_start(making.draft("own-full")))
        assert (test.changed, test.old_limits_fen) == (0, test.new_limits_fen)
        assert not BackTestChange.objects.exists()

    def test_is_of_the_model_as_it_was_when_it_began(self) -> None:
        make_past(30)
        row = making.draft("own-full", making.base_points(520))
        test = _start(row)
        making.save(row, making.base_points(100))
        assert _finished(test).changed == 0

    def test_counts_nothing_twice_where_two_workers_had_the_same_part(self) -> None:
        make_past(30)
        test = _start(policy_changes={"min_score": "680"})
        chunk = back_testing._decide_chunk(test, at_once=20)
        assert back_testing._store_chunk(back_test_id=test.pk, chunk=chunk) is False
        again = back_testing._decide_chunk(test, at_once=20)
        assert back_testing._store_chunk(back_test_id=test.pk, chunk=again) is False
        stored = BackTest.objects.get(pk=test.pk)
        assert (stored.done, sum(stored.counts.values())) == (20, 20)
        assert _finished(test).done == 30

    def test_goes_on_where_a_worker_was_killed_after_it_had_stored_a_part(
        self, run_steps: RunSteps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(back_testing._decide_chunk, "__kwdefaults__", {"at_once": 10})
        make_past(25)
        test = _start(policy_changes={"min_score": "680"})
        leased = engine.lease(["default"])
        assert leased is not None
        assert (
            back_test_chunk(back_test_id=test.pk) is False
        )  # and then the worker dies: no outcome of the step is stored
        step = Step.objects.get(kind="lending.back_test")
        assert (step.state, step.attempt) == ("live", 1)
        Step.objects.filter(pk=step.pk).update(lease_until=now() - timedelta(seconds=1))
        for _ in range(2):
            run_steps(limit=1)
            Step.objects.filter(pk=step.pk).update(run_at=now() - timedelta(seconds=1))
        stored = BackTest.objects.get(pk=test.pk)
        assert (stored.status, stored.done, sum(stored.counts.values())) == ("done", 25, 25)
        assert stored.changes.count() == stored.changes.values("decision").distinct().count()

    def test_keeps_to_its_window_its_product_and_its_bank(self) -> None:
        make_past(4)
        make_past(3, on=TODAY - timedelta(days=1))
        product_id = Decision.objects.values_list("product_version__product_id", flat=True)[0]
        changes = {"policy_changes": {"min_score": "700"}}
        assert _start(**changes).total == 4
        assert _start(from_date=TODAY - timedelta(days=1), product_id=product_id, **changes).total == 7
        with pytest.raises(InvalidRequest, match="没有可回放"):
            _start(product_id=uuid.uuid4(), **changes)
        with in_bank("116"), pytest.raises(InvalidRequest, match="没有可回放"):
            _start(**changes)

    def test_takes_ten_thousand_at_most(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(back_testing, "MOST", 5)
        make_past(8)
        test = _finished(_start(policy_changes={"min_score": "680"}))
        assert (test.total, test.done) == (5, 5)

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({}, "候选模型"),
            ({"min_score": "many"}, "准入最低分：格式不正确"),
            ({"min_score": "5000"}, "准入最低分：应在 0 至 1000 之间"),
            ({"sex": "1"}, "没有这一项"),
            ({"min_score": "300"}, "不得低于 D 级最低分"),
        ],
    )
    def test_that_changes_nothing_or_what_cannot_stand_is_not_begun(self, changes: dict[str, str], told: str) -> None:
        make_past(1)
        with pytest.raises(InvalidRequest, match=told):
            _start(policy_changes=changes)
        assert not BackTest.objects.exists()

    def test_stops(self) -> None:
        make_past(3)
        test = _start(policy_changes={"min_score": "680"})
        stop_back_test(back_test_id=test.pk, actor="risk")
        assert back_test_chunk(back_test_id=test.pk)
        assert BackTest.objects.get(pk=test.pk).done == 0
        with pytest.raises(StateConflict):
            stop_back_test(back_test_id=test.pk, actor="risk")
        with pytest.raises(NotFound):
            stop_back_test(back_test_id=uuid.uuid4(), actor="risk")


def _replay(capsys: Any, *arguments: str) -> str:
    call_command("replay_decisions", "--bank", "125", *arguments)
    return str(capsys.readouterr().out)


class TestReplayDecisions:
    def test_says_how_many_were_the_same_by_whatever_model(self, capsys: Any) -> None:
        own = DecisionModel.of(bank="125", name="own-full", content=making.base_points(430))
        make_past(40, models=[standard_model("full"), own])
        assert "checked 40, different 0" in _replay(capsys)
        assert "checked 7, different 0" in _replay(capsys, "--limit", "7")

    def test_ends_with_one_where_a_decision_is_not_what_it_was(self, capsys: Any) -> None:
        make_past(2)
        (damaged,) = make_past(1, result_of=lambda text: text.replace('"score":', '"score":1'))
        with pytest.raises(CommandError) as failure:
            _replay(capsys)
        assert failure.value.returncode == 1
        assert str(failure.value) == f"not what they were: {damaged.hex}"

    def test_knows_no_other_bank(self) -> None:
        with pytest.raises(CommandError) as failure:
            call_command("replay_decisions", "--bank", "999")
        assert failure.value.returncode == 2


@pytest.mark.deep
@pytest.mark.slow
class TestManyDecisions:
    def test_replay_to_the_same_bytes_and_show_the_swap_set_of_a_cut_off(self, capsys: Any) -> None:
        many = back_testing.MOST if is_deep() else 200  # that there are parts of many is proved above
        own = DecisionModel.of(bank="125", name="own-full", content=making.base_points(430))
        make_past(many, models=[standard_model("full"), own], policy=PolicyFields())
        assert f"checked {many}, different 0" in _replay(capsys)
        test = _finished(_start(policy_changes={"min_score": "640"}))
        assert (test.done, test.status) == (many, "done")
        assert sum(test.counts.values()) == many
        assert test.changed == BackTestChange.objects.filter(back_test=test, new_outcome="rejected").count() > 0
