"""Tencent Cloud on the wire, by its official SDK: that signs (TC3-HMAC-SHA256), the gateway watches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.faceid.v20180301.faceid_client import FaceidClient
from tencentcloud.ocr.v20181119.ocr_client import OcrClient

from core.gateway import Answer, PerProcess, Repeat, Vendor, outside, silence
from verification.providers.tencent import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tencentcloud.common.abstract_client import AbstractClient

# The SDK writes whole requests, pictures and signatures included, to its log.
silence("tencentcloud_sdk_common")

_SDK_CLIENTS: Final[Mapping[str, type[AbstractClient]]] = {
    mapping.OCR: OcrClient,
    mapping.FACEID: FaceidClient,
}
_ENDPOINTS: Final = {mapping.OCR: "ocr.tencentcloudapi.com", mapping.FACEID: "faceid.tencentcloudapi.com"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TencentConfig:
    """A bank's account at Tencent Cloud and how to reach it.

    `endpoint` (host:port) and `protocol` stand for the real ones in a sandbox; None and https are Tencent
    itself. `rule_id` is the business rule of FaceID that the bank made in the console. `scope` is the bank's
    code.
    """

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    rule_id: str = ""
    region: str = "ap-guangzhou"
    protocol: str = "https"
    endpoint: str | None = None
    scope: str = ""
    connect_seconds: float = 2.0
    read_seconds: float = 10.0
    proxy: str | None = None

    def vendor(self, service: str) -> Vendor:
        """Return one of Tencent's services as a vendor; its breaker is its own."""
        return Vendor(
            name=service,
            base_url=f"{self.protocol}://{self.endpoint or _ENDPOINTS[service]}",
            scope=self.scope,
            connect_seconds=self.connect_seconds,
            read_seconds=self.read_seconds,
            proxy=self.proxy,
        )


def _sdk_client(key: tuple[str, TencentConfig]) -> AbstractClient:
    service, config = key
    http = HttpProfile(
        protocol=config.protocol,
        endpoint=config.endpoint or _ENDPOINTS[service],
        reqTimeout=(config.connect_seconds, config.read_seconds),
        keepAlive=True,
        proxy=config.proxy,
    )
    client = _SDK_CLIENTS[service](
        Credential(config.secret_id, config.secret_key), config.region, ClientProfile(httpProfile=http)
    )
    if config.proxy is None:
        # The SDK and requests would each take a proxy from the environment; ways out are configured, not
        # inherited.
        client.request.conn.proxy = None
        client.request.conn._session.trust_env = False  # noqa: SLF001 -- the SDK offers no other way
    return client


def _close(client: AbstractClient) -> None:
    client.request.conn._session.close()  # noqa: SLF001 -- the SDK offers no other way


_sdk_clients: PerProcess[tuple[str, TencentConfig], AbstractClient] = PerProcess(_sdk_client, close=_close)


class TencentClient:
    """Calls actions of Tencent Cloud. Every action that we use is PURE."""

    def __init__(self, config: TencentConfig) -> None:
        """Call on behalf of one bank."""
        self._config = config

    def call(self, service: str, action: str, parameters: Mapping[str, object], *, request_id: str) -> Answer:
        """Call one action and return the members of its `Response`.

        Raises:
            GatewayError: see core.gateway; `Rejected` carries one of our words, by the mapping.
        """
        operation = f"{service}.{action}"
        given: dict[str, Any] = {name: value for name, value in parameters.items() if value is not None}
        with outside(
            self._config.vendor(service),
            operation,
            repeat=Repeat.PURE,
            translate=mapping.translator(service, operation),
            request_id=request_id,
        ):
            client = _sdk_clients.get((service, self._config))
            members = client.call_json(action, given, headers={"X-TC-TraceId": request_id})
            return mapping.response(service, operation, members)
