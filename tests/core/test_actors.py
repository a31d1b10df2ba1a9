from __future__ import annotations

import uuid

import pytest

from core.actors import customer_actor, is_customer

WHO = uuid.UUID("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b")


class TestACustomerWhoActs:
    def test_is_named_as_the_histories_of_years_have_it(self) -> None:
        assert customer_actor(WHO) == "customer:0190a1b2c3d47e5f8a6b7c8d9e0f1a2b"
        assert is_customer(customer_actor(WHO))

    @pytest.mark.parametrize(
        "actor", ["system", "zhang.san", "customer", "zhang+li", "drawdown:1", "staff:customer:1", ""]
    )
    def test_is_nobody_else(self, actor: str) -> None:
        assert not is_customer(actor)
