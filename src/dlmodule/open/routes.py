"""The addresses under ``/course/``, and what JupyterLab's page is told of the course."""

from typing import Any
from urllib.parse import urlencode

from tornado import web

from dlmodule.course import workspace_name
from dlmodule.open.actions import Import, Open, OpenCoursework, Restore, StartOver, Update
from dlmodule.open.handlers import Document, Export, Glossary, Home, Outcome, ServedCourse, State, Static


def lab_facts(base_url: str, served: ServedCourse) -> dict[str, Any]:
    """What JupyterLab's page is told: where the home is, and the notebooks that are open, in the course's order."""
    parts = [
        {"id": day.part_id(part), "path": str(workspace_name(day, part, "student")), "title": part.title or day.title}
        for day, part in served.known().parts()
        if "student" in part.due
    ]
    return {"courseHome": f"{base_url}course/", "courseParts": parts}


def routes(base_url: str, served: ServedCourse) -> list[tuple[Any, ...]]:
    """The addresses under ``base_url`` + course/."""
    arguments = {"served": served}
    root = f"{base_url}course"
    return [
        (root, web.RedirectHandler, {"url": f"{root}/", "permanent": False}),
        (f"{root}/", Home, arguments),
        (f"{root}/outcome", Outcome, arguments),
        (f"{root}/glossary", Glossary, arguments),
        (f"{root}/open", Open, arguments),
        (f"{root}/open-coursework", OpenCoursework, arguments),
        (f"{root}/update", Update, arguments),
        (f"{root}/afresh", Restore, arguments),
        (f"{root}/start-over", StartOver, arguments),
        (f"{root}/progress\\.json", Export, arguments),
        (f"{root}/import", Import, arguments),
        (f"{root}/state", State, arguments),
        (f"{root}/slides/(.+)", Document, arguments),
        (f"{root}/(calendar\\.ics)", Document, arguments),
        (f"{root}/static/([a-z.]+)", Static, arguments),
    ]


def with_token(address: str, token: str) -> str:
    """The address a browser opens."""
    return f"{address}?{urlencode({'token': token})}" if token else address
