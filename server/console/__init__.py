"""The console: pages for county staff (MISSION S1.7-S1.12, S2.2), mounted at /console."""

from server.console.routes import routes

__all__ = ["routes"]
