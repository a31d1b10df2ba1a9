"""A bank's own models as staff see them: the editor under the lint, cases, publishing, replays, challengers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.approvals.models import Proposal
from core.audit.models import AuditEntry
from lending import queries
from lending.decision.standard import standard_content
from lending.models import (
    Application,
    BackTest,
    BankModel,
    BankModelVersion,
    Decision,
    ModelCase,
    ShadowDecision,
)
from lending.operations.back_testing import back_test_chunk
from tests.lending.applicants import change_product
from tests.lending.decision.applicants import TODAY
from tests.lending.models import making
from tests.lending.models.past import make_past
from tests.lending.test_borrowing_admin import ADMIN, _fields, _staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bank_a")]


def _page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(f"{ADMIN}/{path}")
    assert answer.status_code == status, path
    return answer.content.decode()


def _done(client: Client, path: str, given: dict[str, Any]) -> str:
    answer = client.post(f"{ADMIN}/{path}", given)
    assert answer.status_code == 302, answer.content.decode()[:4000]
    return str(answer.headers["Location"])


def _edited(client: Client, row: BankModelVersion, text: str) -> Any:
    seen_at = BankModelVersion.objects.get(pk=row.pk).edited_at.isoformat()
    given = {"text": text, "change_note": "放宽查询", "seen_at": seen_at}
    return client.post(f"{ADMIN}/bankmodelversion/{row.pk}/edit/", given)


def _case(client: Client, row: BankModelVersion, **changes: Any) -> Any:
    path = f"{ADMIN}/bankmodel/{row.model_id}/add_case/"
    form = client.get(path).context["form"]
    data = {bound.html_name: bound.value() for bound in form if bound.value() not in (None, False)}
    return client.post(path, {**data, "product": "XF01", **changes})


def _many(row: BankModelVersion, seed: int, names: list[str]) -> None:
    """Add models, versions, cases, replays and shadows, as many as there are names."""
    models = BankModel.objects.bulk_create([BankModel(code=f"m{name}", title=name, stage="full") for name in names])
    BankModelVersion.objects.bulk_create(
        [BankModelVersion(model=model, content="{}", created_by="x") for model in models]
    )
    ModelCase.objects.bulk_create(
        [
            ModelCase(model=model, name="n", snapshot="{}", expected_outcome="offered", created_by="x")
            for model in models
        ]
    )
    BackTest.objects.bulk_create(
        [BackTest(stage="full", candidate=row, from_date=TODAY, to_date=TODAY, created_by="x", status="done", content="")
         for _ in names]
    )  # fmt: skip
    decisions = Decision.objects.filter(pk__in=make_past(len(names)))
    ShadowDecision.objects.bulk_create(
        [ShadowDecision(decision=one, application_id=one.application_id, challenger=row, outcome="offered", score=seed)
         for one in decisions]
    )  # fmt: skip


def _queries(client: Client, path: str) -> int:
    """Count what a page asks, but for keys and the directory of banks, which are read anew from time to time."""
    with CaptureQueriesContext(connection) as asked:
        _page(client, path)
    kept = ("core_bank_key", "tenants_bank", "set_config")
    return len([one for one in asked if not any(word in one["sql"] for word in kept)])


class TestEditing:
    def test_goes_from_a_template_to_a_product_by_two_people(self) -> None:
        maker, checker, manager = _staff("风险"), _staff("风险"), _staff("产品经理")
        where = _done(
            maker, "bankmodel/add/", {"code": "own-full", "title": "本行授信模型", "template": "standard-full"}
        )
        row = BankModelVersion.objects.select_related("model").get()
        assert where.endswith(f"/bankmodelversion/{row.pk}/change/")
        editor = _page(maker, f"bankmodelversion/{row.pk}/edit/")
        assert "data-jdm-editor" in editor
        assert "近 3 个月查询次数" in editor
        assert _edited(maker, row, json.dumps(making.base_points(620))).status_code == 302
        assert _case(maker, row, name="好客户", outcome="offered", expected_limit_fen="120000.00").status_code == 302
        refused = _case(maker, row, name="有逾期", overdue_now="1", outcome="rejected", reasons=["current_overdue"])
        assert refused.status_code == 302
        shown = _page(maker, f"bankmodelversion/{row.pk}/change/")
        assert "2 / 2 通过" in shown
        _done(maker, f"bankmodelversion/{row.pk}/publish/", {"reason": "试行"})
        proposal = Proposal.objects.get()
        path = f"/b/125/admin/core/proposal/{proposal.pk}/approve/"
        assert maker.post(path, {"reason": "同意"}).status_code == 403
        what = checker.get(f"/b/125/admin/core/proposal/{proposal.pk}/change/").content.decode()
        assert f"/bankmodelversion/{row.pk.hex}/change/" in what
        assert checker.get(f"{ADMIN}/bankmodelversion/{row.pk.hex}/change/").status_code == 200
        assert checker.post(path, {"reason": "同意"}).status_code == 302
        assert BankModelVersion.objects.get().number == 1
        assert "data-jdm-readonly" in _page(manager, f"bankmodelversion/{row.pk}/look/")
        answer = manager.post(f"{ADMIN}/product/{queries.version_in_force('XF01').product_id}/edit/", {})
        form = manager.get(answer.headers["Location"])
        saved = manager.post(answer.headers["Location"], {**_fields(form), "full_model": str(row.pk), "_save": "1"})
        assert saved.status_code == 302

    def test_shows_an_error_by_node_row_and_reason_and_keeps_what_was_typed(self) -> None:
        risk = _staff("风险")
        row = making.draft("own-full")
        content = standard_content("full")
        making.node(content, "grading")["content"]["rules"][1]["grading-i2"] = ">= policy.nothing"
        answer = _edited(risk, row, json.dumps(content))
        page = answer.content.decode()
        assert answer.status_code == 422
        (row_shown,) = answer.context["findings"]["rows"]
        assert row_shown[1:] == [2, "评分", "此处没有 policy.nothing 这一数据"]
        assert '<span class="cursor-pointer" data-jdm-node="grading">等级</span>' in page
        assert "data-jdm-findings=" in page
        assert "此处没有 policy.nothing 这一数据" in page
        assert "policy.nothing" in answer.context["text"]
        assert BankModelVersion.objects.get(pk=row.pk).content == row.content

    def test_in_a_second_tab_is_refused(self) -> None:
        risk, row = _staff("风险"), making.draft("own-full")
        stale = {"text": row.content, "change_note": "", "seen_at": row.edited_at.isoformat()}
        making.save(row, making.base_points(620))
        answer = risk.post(f"{ADMIN}/bankmodelversion/{row.pk}/edit/", stale)
        assert "草稿在此期间已被修改" in answer.content.decode()

    def test_with_a_failing_case_is_not_proposed(self) -> None:
        risk, row = _staff("风险"), making.draft("own-full")
        assert _case(risk, row, name="好客户", outcome="rejected", reasons=["student"]).status_code == 302
        page = risk.post(f"{ADMIN}/bankmodelversion/{row.pk}/publish/", {"reason": "试行"}).content.decode()
        assert "有 1 个用例未通过" in page
        assert "0 / 1 通过" in _page(risk, f"bankmodelversion/{row.pk}/change/")
        case = ModelCase.objects.get()
        assert "0.35" in _page(risk, f"modelcase/{case.pk}/change/")
        _done(risk, f"modelcase/{case.pk}/withdraw/", {})
        _done(risk, f"bankmodelversion/{row.pk}/publish/", {"reason": "试行"})

    def test_goes_on_with_a_draft_and_drops_it(self) -> None:
        risk, row = _staff("风险"), making.published("own-full")
        draft = _done(risk, f"bankmodel/{row.model_id}/edit/", {}).split("/")[-3]
        _done(risk, f"bankmodelversion/{draft}/discard/", {})
        assert [version.number for version in BankModelVersion.objects.all()] == [1]
        assert "第 1 版" in _page(risk, "bankmodel/")

    def test_of_nothing_is_not_found(self) -> None:
        risk, auditor = _staff("风险"), _staff("审计")
        nobody = uuid.uuid4()
        for path in (
            "bankmodelversion/{}/look/",
            "bankmodel/{}/add_case/",
            "backtest/{}/download/",
            "decision/{}/path/",
        ):
            assert risk.post(f"{ADMIN}/{path.format(nobody)}", {"reason": "x"}).status_code in {403, 404}, path
        assert auditor.get(f"{ADMIN}/bankmodelversion/{nobody}/look/").status_code == 404

    @pytest.mark.parametrize("role", ["客户经理", "客服", "会计", "催收", "审计", "产品经理", "管理员"])
    def test_is_of_those_who_judge_risk(self, role: str) -> None:
        row, client = making.draft("own-full"), _staff(role)
        assert client.get(f"{ADMIN}/bankmodel/add/").status_code == 403
        for path in (f"bankmodelversion/{row.pk}/edit/", f"bankmodelversion/{row.pk}/publish/",
                     f"bankmodelversion/{row.pk}/discard/", f"bankmodel/{row.model_id}/add_case/"):  # fmt: skip
            assert client.post(f"{ADMIN}/{path}", {"text": "{}", "reason": "x"}).status_code == 403, path
        assert client.get(f"{ADMIN}/backtest/add/").status_code == 403
        assert BankModel.objects.count() == 1


class TestBackTests:
    def test_show_progress_then_the_swap_set_as_a_table_a_picture_and_a_file(self) -> None:
        risk = _staff("风险")
        make_past(30)
        given = {"from_date": str(TODAY), "to_date": str(TODAY), "field_1": "min_score", "value_1": "700",
                 "field_2": "grade_d_min_score", "value_2": "540"}  # fmt: skip
        _done(risk, "backtest/add/", given)
        test = BackTest.objects.get()
        assert test.policy_changes == {"min_score": "700", "grade_d_min_score": "540"}
        running = _page(risk, f"backtest/{test.pk}/change/")
        assert 'http-equiv="refresh"' in running
        assert "0 / 30" in running
        while not back_test_chunk(back_test_id=test.pk):
            pass
        page = _page(risk, f"backtest/{test.pk}/change/")
        assert 'http-equiv="refresh"' not in page
        assert "30 / 30" in page
        assert "新增通过 / 不再通过" in page
        assert 'data-type="bar"' in page
        changed = list(Application.objects.filter(pk__in=test.changes.values("application_id")))
        assert changed != []
        assert all(f"/application/{row.pk}/change/" in page for row in changed)
        answer = risk.get(f"{ADMIN}/backtest/{test.pk}/download/")
        lines = answer.content.decode("utf-8-sig").splitlines()
        assert lines[0].startswith("申请编号,原结论,新结论")
        assert {line.split(",")[0] for line in lines[1:]} == {row.pk.hex for row in changed}
        assert AuditEntry.objects.get(action="back_test.downloaded").detail == {"rows": len(changed)}

    def test_lists_ask_as_much_for_many_rows_as_for_few(self) -> None:
        risk = _staff("风险")
        row = making.published("own-full")
        pages = (
            "bankmodel/",
            "bankmodelversion/",
            "modelcase/",
            "backtest/",
            "shadowdecision/",
            "shadowdecision/compare/",
        )
        _many(row, 1, ["c0"])
        _page(risk, "bankmodel/")
        asked = {path: _queries(risk, path) for path in pages}
        _many(row, 2, [f"c{number}" for number in range(1, 30)])
        assert {path: _queries(risk, path) for path in pages} == asked

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({}, "至少改变一项取值"),
            ({"field_1": "max_amount_fen", "value_1": "many"}, "请填写金额"),
            ({"field_1": "min_score", "value_1": "1", "field_2": "min_score", "value_2": "2"}, "只能改变一次"),
            ({"field_1": "reject_students", "value_1": "也许"}, "格式不正确"),
        ],
    )
    def test_say_what_is_wrong_with_what_was_asked(self, given: dict[str, str], told: str) -> None:
        make_past(1)
        dates = {"from_date": str(TODAY), "to_date": str(TODAY)}
        page = _staff("风险").post(f"{ADMIN}/backtest/add/", {**dates, **given}).content.decode()
        assert told in page
        assert not BackTest.objects.exists()

    def test_are_stopped_by_hand(self) -> None:
        risk = _staff("风险")
        make_past(2)
        row = making.draft("own-full")
        form = risk.get(risk.get(f"{ADMIN}/bankmodelversion/{row.pk}/back_test/").headers["Location"]).context["form"]
        assert form["candidate"].value() == str(row.pk)
        dates = {"from_date": str(TODAY), "to_date": str(TODAY)}
        _done(risk, "backtest/add/", {**dates, "candidate": str(row.pk), "field_1": "reject_students", "value_1": "否"})
        test = BackTest.objects.get()
        _done(risk, f"backtest/{test.pk}/stop/", {})
        assert BackTest.objects.get().status == "stopped"
        assert "不向在校学生放贷 → 否" in _page(risk, "backtest/")


class TestShadows:
    def test_are_compared_with_the_champion(self, decided: Callable[..., Application]) -> None:
        change_product("XF01", challenger_model_id=making.published("strict", making.base_points(100)).pk)
        decided()
        risk = _staff("风险")
        assert "strict" in _page(risk, "shadowdecision/")
        page = _page(risk, "shadowdecision/compare/")
        assert "测试模型 strict（strict） 第 1 版" in page
        assert 'data-type="bar"' in page
        assert "0.0%" in page
        _page(risk, f"shadowdecision/{ShadowDecision.objects.get().pk}/change/")
