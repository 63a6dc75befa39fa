"""The reps' door, joined."""

from litestar import Router
from litestar.di import Provide
from litestar.middleware import DefineMiddleware

from answerable.api import actions, inbox, knowledge, live, people, releases
from answerable.api.desk import Desk, current_rep
from answerable.web import RepAuthentication, at_least


def api_routes(desk: Desk) -> Router:
    """All routes under /api. Who may do what stands at each route; nobody gets in without signing in."""
    return Router(
        "/api",
        route_handlers=[
            *people.ROUTES,
            Router(
                "/",
                guards=[at_least("rep")],
                route_handlers=[*inbox.ROUTES, *actions.ROUTES, *knowledge.ROUTES, *releases.ROUTES, live.listen],
            ),
        ],
        middleware=[DefineMiddleware(RepAuthentication)],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False), "rep": Provide(current_rep)},
        tags=["Desk"],
    )
