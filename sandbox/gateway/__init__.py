"""The bank gateway: what stands behind a bank's service bus, by the contract in docs/gateway-openapi.yaml."""

from sandbox.gateway.doors import routes
from sandbox.gateway.state import GatewayState

__all__ = ["GatewayState", "routes"]
