"""`course open` as a learner starts it: one line with the address, nothing answered without the token, nothing changed without XSRF."""

import errno
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dlmodule.errors import DLModuleError
from dlmodule.open.server import read_moment
from tests.dlmodule.open import reference_run
from tests.dlmodule.open.running import COMMAND, Running, failing, opened

PART = {"part": "05_cnns_1.morning", "version": "student"}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The reference run, self-paced."""
    folder = tmp_path_factory.mktemp("open")
    reference_run.write(folder / "build")
    with opened(folder / "build", folder / "work") as running:
        yield running


def notebook(course: Running) -> Path:
    """The learner's copy of 05 morning."""
    return course.workspace / "05_CNNs_part_I" / "05_cnns_1_morning.ipynb"


def said(course: Running) -> str:
    """What the home says was done, shown once."""
    text = course.ask("")[2]
    return "".join(re.findall(r'role="status">([^<]*)', text))


def send(course: Running, token: str, content: str) -> int:
    """Upload an export of progress, as the home's form does; the answer's status."""
    boundary = "frontier"
    fields = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="_xsrf"\r\n\r\n{token}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="progress"; filename="p.json"\r\n'
        f"Content-Type: application/json\r\n\r\n{content}\r\n--{boundary}--\r\n"
    )
    return course.ask("import", fields.encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"})[0]


def test_it_says_one_line_with_the_address(course: Running) -> None:
    """No log around it: the address is what a person needs."""
    lines = course.log.read_text().strip().splitlines()
    assert len(lines) == 1 and course.address in lines[0] and "token=" in course.address


def test_it_starts_within_ten_seconds(course: Running) -> None:
    """From the command to the address."""
    assert course.seconds < 10


def test_nothing_answers_without_the_token(course: Running) -> None:
    """Pages lead to the login, actions are refused."""
    stranger = replace(course, cookies=CookieJar())
    for path in (
        "",
        "outcome",
        "glossary",
        "state",
        "progress.json",
        "calendar.ics",
        "static/home.css",
        "slides/slides/05_cnns_1/afternoon.pdf",
    ):
        status, _, text = stranger.ask(path)
        assert status in (302, 403) and "DL_module" not in text, path
    for path in ("open", "update", "afresh", "import"):
        assert stranger.ask(path, PART)[0] in (302, 403)
    assert not notebook(course).exists()


def test_actions_need_the_xsrf_token_and_post(course: Running) -> None:
    """A page elsewhere cannot make the browser act, and a GET never does."""
    course.log_in()
    for path in ("open", "update", "afresh", "import"):
        assert course.ask(path, PART)[0] == 403
        assert course.ask(f"{path}?part=05_cnns_1.morning&version=student")[0] == 405
    assert not notebook(course).exists()


def test_the_policy_allows_this_server_only(course: Running) -> None:
    """On the page and on what it loads."""
    course.log_in()
    for path in ("", "static/home.css", "state"):
        policy = course.ask(path)[1]["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "http" not in policy and "unsafe" not in policy


def test_from_opening_to_update_and_damage(course: Running) -> None:
    """Copy, open again untouched, merge a newer course, bring a damaged file back, or give a fresh one beside it."""
    form = {**PART, "_xsrf": course.log_in()}
    status, headers, _ = course.ask("open", form)
    assert (status, headers["Location"]) == (303, "/lab/tree/05_CNNs_part_I/05_cnns_1_morning.ipynb")
    source = course.build / "notebooks/05_cnns_1/05_cnns_1_morning.ipynb"
    opened = json.loads(notebook(course).read_text())
    assert ["".join(c["source"]) for c in opened["cells"]] == [
        "".join(c["source"]) for c in json.loads(source.read_text())["cells"]
    ]

    notebook(course).write_text(notebook(course).read_text().replace("edge_kernels = ...", "edge_kernels = 14"))
    source.write_text(source.read_text().replace("The end of the morning.", "The very end."))
    assert "Bring in the newer version" in course.ask("")[2]
    assert course.ask("update", form)[0] == 303
    assert "is up to date: 1 cell renewed" in said(course)
    assert said(course) == ""
    assert "edge_kernels = 14" in notebook(course).read_text() and "The very end." in notebook(course).read_text()

    notebook(course).write_text("half")
    text = course.ask("")[2]
    assert "05_CNNs_part_I/05_cnns_1_morning.ipynb is damaged: line 1" in text
    assert course.ask("afresh", form)[0] == 303
    assert "was brought back from the copy before the last update" in said(course)
    assert "edge_kernels = 14" in notebook(course).read_text()
    for backup in (course.workspace / ".course/backups").rglob("*.ipynb"):
        backup.unlink()
    notebook(course).write_text("half")
    assert course.ask("afresh", form)[0] == 303
    assert "the damaged file is beside it" in said(course)
    assert [path.read_text() for path in notebook(course).parent.glob("*.kept-*")] == ["half"]
    assert course.ask("afresh", form)[0] == 303
    assert "is not damaged" in said(course)


def test_outputs_that_were_trusted_stay_trusted_after_an_update(course: Running) -> None:
    """Jupyter signs what it saves; the merged notebook is signed where the copy before was, so its cards keep their style."""
    form = {**PART, "_xsrf": course.log_in()}
    course.ask("open", form)
    address = "/api/contents/05_CNNs_part_I/05_cnns_1_morning.ipynb"
    status, _, text = course.ask(f"{address}?content=1")
    assert status == 200, text
    model = json.loads(text)
    for cell in model["content"]["cells"]:
        if cell["cell_type"] == "code":
            cell["metadata"]["trusted"] = True
            cell["outputs"] = [{"output_type": "display_data", "data": {"text/html": "<b>right</b>"}, "metadata": {}}]
    body = json.dumps({"type": "notebook", "format": "json", "content": model["content"]}).encode()
    headers = {"Content-Type": "application/json", "X-XSRFToken": form["_xsrf"]}
    assert course.ask(address, body, headers, method="PUT")[0] == 200

    def trusted() -> list[bool]:
        cells = json.loads(course.ask(f"{address}?content=1")[2])["content"]["cells"]
        return [bool(c["metadata"].get("trusted")) for c in cells if c["cell_type"] == "code" and c["outputs"]]

    assert trusted() and all(trusted())
    source = course.build / "notebooks/05_cnns_1/05_cnns_1_morning.ipynb"
    newer = json.loads(source.read_text())
    newer["cells"][0]["source"] = "".join(newer["cells"][0]["source"]) + "\nOne more line."
    source.write_text(json.dumps(newer))
    assert course.ask("update", form)[0] == 303
    assert "1 cell renewed" in said(course)
    assert trusted() and all(trusted())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES])
def test_where_nothing_can_be_written_what_is_there_opens_and_the_rest_is_one_line(
    course: Running, number: int
) -> None:
    """A full, read-only, used-up or forbidden disk: no page fails, nothing is lost, and all goes on when there is room again."""
    form = {**PART, "_xsrf": course.log_in()}
    course.ask("open", form)
    notebook(course).write_text(notebook(course).read_text().replace("edge_kernels = ...", "edge_kernels = 14"))
    source = course.build / "notebooks/05_cnns_1/05_cnns_1_morning.ipynb"
    source.write_text(re.sub(r"The (very )?end[^.]*", f"The end, {number}", source.read_text()))
    before = notebook(course).read_bytes()
    other = {**form, "part": "05_cnns_1.afternoon"}
    (notebook(course).parent / "05_cnns_1_afternoon.ipynb").unlink(missing_ok=True)
    attempt = {"exercise": "a.b", "status": "right", "at": "2022-12-02"}
    exported = json.dumps({"format": "dlmodule-progress-1", "attempts": [attempt]})
    with failing(course.workspace, number):
        assert course.ask("")[0] == 200
        assert course.ask("open", form)[1]["Location"].startswith("/lab/tree/")
        for action, data in (("open", other), ("update", form)):
            assert course.ask(action, data)[0] == 303
            assert re.fullmatch(r"This could not be done: .*\. Nothing was changed\.", said(course))
        assert send(course, form["_xsrf"], exported) == 303
        assert os.strerror(number) in said(course)
        assert notebook(course).read_bytes() == before
    assert course.ask("update", form)[0] == 303
    assert "1 cell renewed" in said(course)
    assert "edge_kernels = 14" in notebook(course).read_text()
    assert len(course.log.read_text().strip().splitlines()) == 1


def test_an_update_says_that_the_notebook_is_open_in_jupyterlab(course: Running) -> None:
    """The tab shows the old version until it is reloaded; the home says how."""
    form = {**PART, "_xsrf": course.log_in()}
    course.ask("open", form)
    headers = {"Content-Type": "application/json", "X-XSRFToken": form["_xsrf"]}
    name = "05_CNNs_part_I/05_cnns_1_morning.ipynb"
    body = {"path": name, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
    status, _, text = course.ask("/api/sessions", json.dumps(body).encode(), headers)
    assert status == 201, text
    assert course.ask("update", form)[0] == 303
    assert "Reload Notebook from Disk" in said(course)
    assert course.ask(f"/api/sessions/{json.loads(text)['id']}", None, headers, method="DELETE")[0] == 204
    assert course.ask("update", form)[0] == 303
    assert "Reload" not in said(course)


def test_a_person_s_own_jupyter_settings_open_nothing_of_the_course(course: Running, tmp_path: Path) -> None:
    """Neither a check that is switched off nor a wildcard origin reaches the course's addresses; cookies stay on this site."""
    folder = tmp_path / "own.config"
    folder.mkdir()
    (folder / "jupyter_server_config.py").write_text(
        "c.ServerApp.disable_check_xsrf = True\nc.ServerApp.allow_origin = '*'\nc.ServerApp.allow_credentials = True\n"
    )
    with opened(course.build, tmp_path / "own") as running:
        first = running.ask("?" + running.address.split("?")[1])
        assert first[0] == 200 and "Access-Control-Allow-Origin" not in first[1]
        cookies = first[1].get_all("Set-Cookie")  # type: ignore[attr-defined]
        login = next(cookie for cookie in cookies if cookie.startswith("username-"))
        assert "SameSite=Strict" in login and "HttpOnly" in login
        assert running.ask("open", PART)[0] == 403
        assert not (running.workspace / "05_CNNs_part_I").exists()


def test_a_link_that_leads_nowhere_is_one_line(course: Running) -> None:
    """Two links that point at each other, in the place of a notebook."""
    course.log_in()
    folder = course.workspace / "06_CNNs_part_II"
    folder.mkdir(parents=True, exist_ok=True)
    first, second = folder / "06_cnns_2_morning.ipynb", folder / "other"
    first.symlink_to(second)
    second.symlink_to(first)
    status, _, text = course.ask("")
    assert status == 200 and "06_cnns_2_morning.ipynb is a link that leads nowhere" in text
    first.unlink()


def test_what_does_not_exist_is_one_line_on_the_home(course: Running) -> None:
    """An old bookmark or a tampered form breaks nothing."""
    token = course.log_in()
    for part, version in (("99.x", "student"), ("05_cnns_1.morning", "private"), ("06_cnns_2.probability", "student")):
        assert course.ask("open", {"_xsrf": token, "part": part, "version": version})[0] == 303
        assert part in said(course)


def test_a_courseworks_notebook_opens_once_and_is_kept(course: Running) -> None:
    """It lies in a folder of its own; what the learner wrote stays; one without a notebook, or that is none, is one line."""
    token = course.log_in()
    for _ in range(2):
        status, headers, _ = course.ask("open-coursework", {"_xsrf": token, "assessment": "coursework_1"})
        assert (status, headers["Location"]) == (303, "/lab/tree/coursework_1/coursework_1_notebook.ipynb")
        path = course.workspace / "coursework_1" / "coursework_1_notebook.ipynb"
        text = path.read_text("utf-8")
        path.write_text(text.replace("edge_kernels = ...", "edge_kernels = 7"), "utf-8")
    assert "edge_kernels = 7" in path.read_text("utf-8")
    for wanted in ("coursework_2", "../05_cnns_1"):
        assert course.ask("open-coursework", {"_xsrf": token, "assessment": wanted})[0] == 303
        assert "has no notebook of" in said(course)


def test_files_outside_the_course_are_never_served(course: Running) -> None:
    """Neither keys nor anything above the folder; static is flat."""
    course.log_in()
    for path in (
        "slides/keys/05_cnns_1.safetensors",
        "slides/../../x",
        "slides/%2e%2e/%2e%2e/etc/passwd",
        "static/..%2fhome.py",
    ):
        assert course.ask(path)[0] == 404
    assert course.ask("slides/slides/05_cnns_1/afternoon.pdf")[2].startswith("%PDF")
    assert course.ask("calendar.ics")[2].startswith("BEGIN:VCALENDAR")


def test_progress_travels(course: Running) -> None:
    """Imported attempts are exported again, and counted on the home; a wrong file says so."""
    token = course.log_in()
    attempts = [
        {
            "exercise": "05_cnns_1.conv_block",
            "status": "right",
            "mistake": None,
            "rung": "",
            "at": "2022-12-02T10:00:00+00:00",
        }
    ]
    document = json.dumps({"format": "dlmodule-progress-1", "attempts": attempts})

    before = course.ask("state")[2]
    for content, words in (
        (document, "1 attempt imported."),
        (document, "0 attempts imported."),
        ("[]", "not an export"),
    ):
        assert send(course, token, content) == 303
        assert words in said(course)
    assert json.loads(course.ask("progress.json")[2])["attempts"] == attempts
    assert course.ask("state")[2] != before


def test_jupyterlab_asks_nothing_of_the_network(course: Running) -> None:
    """No news, no update check, no extension listing."""
    course.log_in()
    page = course.ask("/lab")[2]
    settings = json.loads(re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert settings["news"] == {"disabled": True}
    assert course.ask("/lab/api/update")[2] == '{"notification": null}'
    assert course.ask("/lab/api/news")[0] == 200
    assert course.ask("/lab/api/extensions?refresh=1")[0] == 200
    assert course.asked_for == ""


def test_the_release_rules_hold_on_the_server_too(tmp_path: Path) -> None:
    """A form sent by hand opens nothing that is not out. The reference run is over, so a later one is used."""
    path = reference_run.write(tmp_path / "build")
    path.write_text(path.read_text().replace("2022-", "2999-"))
    with opened(tmp_path / "build", tmp_path / "work", "--released") as course:
        token = course.log_in()
        for version in ("student", "solutions"):
            assert course.ask("open", {"_xsrf": token, "part": PART["part"], "version": version})[0] == 303
            assert "is not open yet" in said(course)
        course.ask("open-coursework", {"_xsrf": token, "assessment": "coursework_1"})
        assert "Coursework 1 is not out yet" in said(course)
        assert course.ask("slides/slides/05_cnns_1/afternoon.pdf")[0] == 404
        assert not list(course.workspace.rglob("*.ipynb"))


def test_control_c_ends_it_quietly(course: Running, tmp_path: Path) -> None:
    """The line with the address stays the only one, and the command has succeeded."""
    with opened(course.build, tmp_path / "ended") as running:
        running.log_in()
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(60) == 0
        assert len(running.log.read_text().strip().splitlines()) == 1


def test_without_a_built_course_one_line_says_what_to_run(tmp_path: Path) -> None:
    """Exit code 2 and `course build`; the same for a damaged course.json, with its line."""
    ended = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2 and "run `course build`" in ended.stderr and ended.stderr.count("\n") == 1
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "course.json").write_text("{\n")
    ended = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2 and "course.json:2:" in ended.stderr and ended.stderr.count("\n") == 1


def test_two_courses_open_at_once_on_two_ports_and_a_taken_port_is_named(course: Running, tmp_path: Path) -> None:
    """A free port is found; a port that was asked for and is taken is one line."""
    with opened(course.build, tmp_path / "second") as second:
        assert second.home != course.home
    port = re.search(r":(\d+)/", course.home)[1]  # type: ignore[index]
    command = [*COMMAND, "--port", port, "--workspace", str(tmp_path / "third")]
    ended = subprocess.run(command, cwd=course.build.parent, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2 and f"port {port} is taken" in ended.stderr and ended.stderr.count("\n") == 1


def test_a_moment_to_preview_is_read_in_the_zone_of_the_course() -> None:
    """Without an offset it is the course's clock; what is no time is one line."""
    assert read_moment("2027-07-01T12:00", ZoneInfo("Europe/London")) == datetime(2027, 7, 1, 11, tzinfo=UTC)
    assert read_moment("2027-07-01T12:00+02:00", ZoneInfo("Europe/London")) == datetime(2027, 7, 1, 10, tzinfo=UTC)
    with pytest.raises(DLModuleError, match="'soon' is not a time"):
        read_moment("soon", ZoneInfo("Europe/London"))


@pytest.mark.parametrize(("clock", "solved"), [("11:59", False), ("12:00", True)])
def test_a_preview_shows_the_home_as_a_class_sees_it_at_that_moment(tmp_path: Path, clock: str, solved: bool) -> None:
    """A course in which everything is open to its team: at T the table has what is due at T, and a form opens nothing else."""
    reference_run.write(tmp_path / "build")
    with opened(tmp_path / "build", tmp_path / "work", "--at", f"2022-12-02T{clock}") as course:
        token = course.log_in()
        text = course.ask("")[2]
        (today,) = re.findall(r'<tbody[^>]*class="today">.*?</tbody>', text, re.S)
        assert '<time datetime="2022-12-02">' in today and "Today" in today
        offered = set(
            re.findall(r'name="part" value="([^"]+)">\s*<input type="hidden" name="version" value="(\w+)"', text)
        )
        expected = {
            (f"{day['session']}.{part['part']}", version)
            for day in reference_run.facts()["days"]
            for part in day["parts"]
            for version, opens in (("student", "release_at"), ("solutions", "solutions_at"))
            if part[version] and part[opens] <= f"2022-12-02T{clock}:00+00:00"
        }
        assert offered == expected and (("05_cnns_1.morning", "solutions") in offered) == solved
        form = {"_xsrf": token, "part": "05_cnns_1.morning", "version": "solutions"}
        answer = course.ask("open", form)
        assert answer[1]["Location"].startswith("/lab/tree/") == solved
        assert solved or "is not open yet" in said(course)
        assert course.ask("open", {**form, "part": "06_cnns_2.morning", "version": "student"})[0] == 303
        assert "06_cnns_2.morning is not open yet" in said(course)
