"""The addresses under ``/course/``, and what JupyterLab's page is told of the course."""

from typing import Any
from urllib.parse import urlencode

from tornado import web

from dlmodule.course import workspace_name
from dlmodule.open.actions import Afresh, Import, Open, StartOver, Update
from dlmodule.open.handlers import Document, Export, Home, Outcome, Shown, State, Static


def lab_facts(base_url: str, shown: Shown) -> dict[str, Any]:
    """What JupyterLab's page is told: where the home is, and the notebooks that are open, in the course's order."""
    parts = [
        {"id": day.part_id(part), "path": str(workspace_name(day, part, "student")), "title": part.title or day.title}
        for day, part in shown.known().parts()
        if "student" in part.due
    ]
    return {"courseHome": f"{base_url}course/", "courseParts": parts}


def routes(base_url: str, shown: Shown) -> list[tuple[Any, ...]]:
    """The addresses under ``base_url`` + course/."""
    given = {"shown": shown}
    root = f"{base_url}course"
    return [
        (root, web.RedirectHandler, {"url": f"{root}/", "permanent": False}),
        (f"{root}/", Home, given),
        (f"{root}/outcome", Outcome, given),
        (f"{root}/open", Open, given),
        (f"{root}/update", Update, given),
        (f"{root}/afresh", Afresh, given),
        (f"{root}/start-over", StartOver, given),
        (f"{root}/progress\\.json", Export, given),
        (f"{root}/import", Import, given),
        (f"{root}/state", State, given),
        (f"{root}/slides/(.+)", Document, given),
        (f"{root}/(calendar\\.ics)", Document, given),
        (f"{root}/static/([a-z.]+)", Static, given),
    ]


def with_token(address: str, token: str) -> str:
    """The address a browser opens."""
    return f"{address}?{urlencode({'token': token})}" if token else address
