"""This room's line in a bank's identification dossier (A1-3, A1-17): the card of another bank."""

from __future__ import annotations

from tenants.mechanism import Means, register_means


def _bound_card() -> Means:
    return Means(
        title="绑定银行卡要素核验（Ⅱ类户五要素、Ⅲ类户四要素）", switch="", vendor="发卡行（经银行服务网关）",
        algorithm="银行网关接口 v1（docs/gateway-openapi.yaml）", threshold="要素全部一致",
    )  # fmt: skip


register_means(_bound_card)
