"""Composition: one world, the ERP's endpoint, the simulated tills, the test controls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from sandbox.config import SandboxConfig
from sandbox.controls import control_routes
from sandbox.erp.api import build_router
from sandbox.erp.endpoint import ErpEndpoint
from sandbox.tills.floor import TradingFloor
from sandbox.tills.routes import TillRoutes
from sandbox.world import World


def build_app(config: SandboxConfig) -> Starlette:
    """The ASGI application; its world is at ``app.state.world``, its tills at ``app.state.floor``."""
    world = World(config)
    floor = TradingFloor(world)
    routes: list[BaseRoute] = [*control_routes(world), *_till_routes(world, floor)]
    routes.append(Mount("/", app=ErpEndpoint(world, build_router())))
    app = Starlette(routes=routes, lifespan=_lifespan)
    app.state.world, app.state.floor = world, floor
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Deliver webhooks as long as the application is up."""
    task = asyncio.create_task(app.state.world.webhooks.run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _till_routes(world: World, floor: TradingFloor) -> list[Route]:
    """The simulated tills, which start their books anew whenever the ERP does."""
    tills = TillRoutes(floor)

    def reset() -> None:
        tills.reset({})

    world.on_reset(reset)
    return tills.routes()
