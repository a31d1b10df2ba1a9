"""The engine: exact numbers, typed errors without backtraces or customers' values, cache, threads, forks."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import zen

from lending.decision import engine, jdm
from lending.decision.decide import decide_full
from lending.decision.engine import (
    DecisionInputError,
    DecisionModel,
    DecisionModelError,
    DecisionOutputError,
    evaluate,
    kept_models,
    read_trace,
)
from lending.decision.exact_json import exact_json
from lending.decision.facts import full_context
from lending.decision.standard import standard_model
from tests.lending.decision.applicants import FULL, full, policy

SCHEMA = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "number", "minimum": 0}, "note": {"type": "string"}},
}


def _model(name: str = "small", **values: str) -> DecisionModel:
    nodes = [
        jdm.input_node("in", "入口", SCHEMA),
        jdm.expressions("sum", "计算", values or {"out": "string(amount + 0.01)"}, pass_through=False),
        jdm.output_node("out", "出口"),
    ]
    content = jdm.model(nodes, [("in", "sum"), ("sum", "out")])
    return DecisionModel.of(bank="125", name=name, content=content)


def _result(model: DecisionModel, **context: Any) -> Any:
    return evaluate(model, context).result["out"]


@pytest.fixture
def fresh_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_slot", engine._Slot())


class TestExactNumbers:
    def test_seventeen_digits_come_through_whole(self) -> None:
        assert _result(_model(), amount=Decimal("12345678901234567.88")) == "12345678901234567.89"

    def test_decimals_are_decimals(self) -> None:
        assert _result(_model(out="string(amount + 0.2)"), amount=Decimal("0.1")) == "0.3"

    @pytest.mark.parametrize(("amount", "rounded"), [("2.675", "2.68"), ("1.005", "1.01"), ("2.5", "2.50")])
    def test_halves_are_rounded_away_from_zero(self, amount: str, rounded: str) -> None:
        answer = _result(_model(out="string(round(amount, 2))"), amount=Decimal(amount))
        assert Decimal(answer) == Decimal(rounded)

    def test_a_float_never_goes_in(self) -> None:
        with pytest.raises(TypeError, match="float"):
            _result(_model(), amount=0.1)

    def test_a_number_that_the_engine_would_round_never_goes_in(self) -> None:
        with pytest.raises(ValueError, match="28 digits"):
            _result(_model(), amount=Decimal("1234567890123456789012345678.88"))


class TestExactJson:
    def test_is_canonical(self) -> None:
        value = {"b": [Decimal("1.10"), 2, None, True], "a": {"中": "文\n"}, "c": Decimal("1E+3")}
        assert exact_json(value) == '{"a":{"中":"文\\n"},"b":[1.10,2,null,true],"c":1000}'
        assert json.loads(exact_json(value))["a"] == {"中": "文\n"}

    @pytest.mark.parametrize("value", [{1: 2}, {"a": {1, 2}}, b"bytes", object(), [1.5]])
    def test_refuses_what_has_no_exact_form(self, value: object) -> None:
        with pytest.raises(TypeError):
            exact_json(value)

    @pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), 10**28])
    def test_refuses_numbers_that_json_or_the_engine_cannot_hold(self, value: Decimal | int) -> None:
        with pytest.raises(ValueError, match="number"):
            exact_json(value)

    def test_takes_the_longest_number_that_stays_exact(self) -> None:
        assert exact_json(Decimal("0." + "0" * 3 + "1" * 28)).endswith("1" * 28)
        assert exact_json(-(10**28 - 1)) == "-" + "9" * 28


class TestErrors:
    def test_name_the_node_and_cut_the_backtrace(self) -> None:
        with pytest.raises(DecisionModelError) as caught:
            evaluate(_model(out="amount + unknown"), {"amount": 1})

        assert caught.value.node == "sum"
        assert caught.value.reason == 'Failed to evaluate expression: "amount + unknown"'
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__

    @pytest.mark.parametrize(
        ("context", "reason"),
        [
            ({}, "/: amount is missing"),
            ({"amount": "3201811985"}, "/amount: does not fit the schema"),
            ({"amount": -1}, "/amount: does not fit the schema"),
            ({"amount": None}, "/amount: does not fit the schema"),
            ({"amount": 1, "note": 32018119}, "/note: does not fit the schema"),
        ],
    )
    def test_of_the_input_schema_never_repeat_a_value(self, context: dict[str, Any], reason: str) -> None:
        with pytest.raises(DecisionInputError) as caught:
            evaluate(_model(), context)
        assert (caught.value.node, caught.value.reason) == ("in", reason)
        assert "320181" not in str(caught.value)

    @pytest.mark.parametrize(
        ("content", "part"),
        [
            ({"nodes": [], "edges": [1]}, "invalid type"),
            ({"nodes": []}, "edges"),
            ({"nodes": [{"id": "a", "name": "a", "type": "weird"}], "edges": []}, "unknown variant"),
        ],
    )
    def test_of_a_model_that_is_none_say_so(self, content: dict[str, Any], part: str) -> None:
        with pytest.raises(DecisionModelError, match=part):
            evaluate(DecisionModel.of(bank="125", name="broken", content=content), {})

    def test_of_a_cyclic_model_say_so(self) -> None:
        nodes = [
            jdm.input_node("in", "入口", {}),
            *(jdm.expressions(name, name, {"x": "1"}) for name in "ab"),
        ]
        links = [("in", "a"), ("a", "b"), ("b", "a")]
        edges = [{"id": f"{a}{b}", "sourceId": a, "targetId": b} for a, b in links]
        model = DecisionModel.of(bank="125", name="cycle", content={"nodes": nodes, "edges": edges})
        with pytest.raises(DecisionModelError, match="cyclicGraph"):
            evaluate(model, {})

    def test_an_answer_that_is_no_object_is_an_error(self) -> None:
        table = jdm.table(
            "t",
            "表",
            hit_policy="collect",
            inputs=[jdm.Column("amount", "金额")],
            outputs=[jdm.Column("x", "x")],
            rows=[("> 0", "1")],
            path="",
        )
        content = jdm.model([jdm.input_node("in", "入口", SCHEMA), table], [("in", "t")])
        with pytest.raises(DecisionOutputError):
            evaluate(DecisionModel.of(bank="125", name="list", content=content), {"amount": 1})

    def test_facts_that_the_standard_model_was_not_told_are_refused(self) -> None:
        context = full_context(FULL, policy())
        del context["bureau"]["lenders"]
        with pytest.raises(DecisionInputError, match="lenders is missing"):
            evaluate(standard_model("full"), context)
        context = full_context(FULL, policy())
        context["applicant"]["sex"] = "F"
        with pytest.raises(DecisionInputError):
            evaluate(standard_model("full"), context)


class TestModel:
    def test_its_version_follows_its_content_and_nothing_else(self) -> None:
        assert _model().version == _model().version
        assert _model().version != _model(out="string(amount)").version
        shuffled = dict(reversed(json.loads(_model().content).items()))
        assert DecisionModel.of(bank="125", name="small", content=shuffled) == _model()

    def test_its_key_names_bank_model_and_version(self) -> None:
        model = _model()
        assert model.key == f"125:small:{model.version}"


@pytest.mark.usefixtures("fresh_engine")
class TestCache:
    def test_keeps_each_version_compiled_under_its_own_key(self) -> None:
        old, new = _model(out="'old'"), _model(out="'new'")
        assert [_result(model, amount=1) for model in (old, new, old)] == ["old", "new", "old"]
        assert kept_models() == (new.key, old.key)

    def test_two_banks_with_one_model_name_never_meet(self) -> None:
        ours, theirs = _model(out="'ours'"), _model(out="'theirs'")
        theirs = DecisionModel("126", theirs.name, theirs.content, ours.version)
        assert [_result(model, amount=1) for model in (ours, theirs, ours)] == ["ours", "theirs", "ours"]

    def test_is_bounded_and_drops_the_model_used_longest_ago(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engine, "KEPT_MODELS", 3)
        models = [_model(f"m{number}") for number in range(5)]
        for model in models[:3]:
            _result(model, amount=1)
        _result(models[0], amount=1)
        for model in models[3:]:
            _result(model, amount=1)

        assert kept_models() == (models[0].key, models[3].key, models[4].key)
        assert _result(models[1], amount=1) == "1.01"

    def test_compiles_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        compiled: list[str] = []
        original = zen.ZenDecisionContent

        def compile_model(text: str) -> zen.ZenDecisionContent:
            compiled.append(text)
            return original(text)

        monkeypatch.setattr(zen, "ZenDecisionContent", compile_model)
        for _ in range(5):
            _result(_model(), amount=1)
        assert compiled == [_model().content]


@pytest.mark.usefixtures("fresh_engine")
class TestThreads:
    def test_threads_share_the_engine_and_get_their_own_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engine, "KEPT_MODELS", 2)  # far too few: models are dropped while others run them
        models = [_model(f"m{number}", out=f"string(amount + {number})") for number in range(6)]

        def work(number: int) -> bool:
            model = models[number % len(models)]
            return bool(_result(model, amount=number) == str(number + number % len(models)))

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(work, range(600)))

    def test_whole_decisions_in_threads_equal_those_made_alone(self) -> None:
        cases = [full(queries_3m=number % 9, existing_credit_fen=number * 777_77) for number in range(40)]
        alone = [decide_full(case, policy()) for case in cases]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda case: decide_full(case, policy()), cases)) == alone


class TestForks:
    @pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # that is what is tested
    def test_a_forked_child_starts_an_engine_of_its_own(self) -> None:
        assert _result(_model(), amount=1) == "1.01"
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            answer = f"{len(kept_models())} {_result(_model(), amount=2)} {len(kept_models())}"
            os.write(writer, answer.encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            assert pipe.read() == "0 2.01 1"
        assert os.waitpid(child, 0)[1] == 0
        assert _model().key in kept_models()


class TestTrace:
    def test_leaves_out_inputs_and_timings(self) -> None:
        trace = read_trace(evaluate(_model(), {"amount": 1}).trace)
        assert trace == {"order": ["in", "sum", "out"], "data": {"sum": {"out": {"result": "1.01"}}}}
