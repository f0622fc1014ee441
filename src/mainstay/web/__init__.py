"""The dashboard: reads the books, shows; a process of its own, so that a page never delays a prediction."""

from mainstay.web.app import make_app

__all__ = ["make_app"]
