"""The JSON API under /api: what phones ask for beside sync."""

from server.api.routes import routes

__all__ = ["routes"]
