from __future__ import annotations
import pytest
from core.tenancy import in_bank

@pytest.mark.parametrize("product", ["XF01","XF03"])
def test_apply(phone, product) -> None:
    p = phone()
    p.log_in(); p.consent("privacy","face"); p.register()
    print(p.get("products"))
    print(p.post(f"products/{product}/quote", {"amount":"10000.00","term":12,"method":{"XF01":"equal_instalment","XF03":"bullet"}[product]}, expect=200))
    a = p.apply(product)
    print(a)
    print(p.accept(a["id"]))
    print(p.get("applications"), p.get("credit-lines"))
