"""What tests of Tencent's doors share: the official SDK, pointed at the running sandbox."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.running_sandbox import Sandbox

SECRET_ID = "AKID125sandbox"


def client(sandbox: Sandbox, kind: type, secret_id: str = SECRET_ID, secret_key: str = "") -> Any:
    credential = Credential(secret_id, secret_key or f"sandbox-{secret_id}")
    http = HttpProfile(protocol="http", endpoint=sandbox.address, reqTimeout=5)
    return kind(credential, "ap-guangzhou", ClientProfile(httpProfile=http))


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def request(kind: type, **values: Any) -> Any:
    built = kind()
    for name, value in values.items():
        setattr(built, name, value)
    return built


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(TencentCloudSDKException) as refusal:
        call()
    return str(refusal.value.get_code())
