"""Put the sandbox together: one world, one clock, all doors, and what stands before them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware

from sandbox import gateway, tsa
from sandbox.calls import CallLog
from sandbox.clock import Clock
from sandbox.control import Controls
from sandbox.doors import VendorDoors
from sandbox.faults import FaultTable
from sandbox.payloads import ControlError, refuse
from sandbox.people import World
from sandbox.people import control as people_control
from sandbox.sms import SmsDoor
from sandbox.tencent import TencentControls, TencentDoor
from sandbox.wechat import WeChatControls, WeChatDoor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def _close_after(app: Starlette) -> AsyncIterator[None]:
    yield
    app.state.gateway.close()


def build(data_dir: Path | None = None) -> Starlette:
    """Return the sandbox as an ASGI application; with a data directory its people outlive the process."""
    world, clock, log, faults = World(data_dir), Clock(), CallLog(), FaultTable()
    wechat, tencent = WeChatDoor(clock), TencentDoor(world, clock)
    app = Starlette(
        middleware=[Middleware(VendorDoors, log=log, faults=faults, world=world)],
        exception_handlers={ControlError: refuse},
        lifespan=_close_after,
    )
    app.state.world = world
    app.state.gateway = gateway.GatewayState(data_dir)
    app.router.routes.extend(
        [
            *wechat.routes(),
            *tencent.routes(),
            *SmsDoor().routes(),
            *gateway.routes(),
            *tsa.routes(),
            *WeChatControls(wechat, world, clock).routes(),
            *TencentControls(tencent, world, clock).routes(),
            *people_control.routes(),
            *Controls(world, faults, log, clock).routes(),
        ]
    )
    return app
