"""The home shows what is due at a moment and nothing else, asks nothing of another host, and leaves all markup its own."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import dlmodule.home
from dlmodule.course import Course, course_from
from dlmodule.coursework.receipts import receipt_line
from dlmodule.home.page import Local, digest, render
from dlmodule.home.resume import where_to_continue
from tests.dlmodule.open import reference_run

LONDON = ZoneInfo("Europe/London")
MORNING_05 = datetime(2022, 12, 2, 11, tzinfo=LONDON)


def course(**changes: Any) -> Course:
    """The reference run, with ``changes`` to its facts."""
    return course_from({**reference_run.facts(), **changes})


class Page(HTMLParser):
    """The tags of a page, and what its forms would open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.forms: list[dict[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag; note a form and its hidden fields."""
        held = dict(attrs)
        self.tags.append((tag, held))
        if tag == "form":
            self.forms.append({"action": held.get("action") or ""})
        elif tag == "input" and self.forms:
            self.forms[-1][held.get("name") or ""] = held.get("value") or ""

    def openable(self) -> set[tuple[str, str]]:
        """(part, version) of every form that opens something, and of every slides link."""
        forms = {(f["part"], f["version"]) for f in self.forms if f["action"] == "open"}
        links = {
            (str(held["href"]).split("/")[-1], "slides")
            for tag, held in self.tags
            if tag == "a" and "slides/" in (held.get("href") or "")
        }
        return forms | links


def shown(at: datetime, *, self_paced: bool = False, **options: Any) -> Page:
    """The local home at a moment, by the release rules unless told otherwise."""
    given = {"progress": [], "mode": "local", "local": Local(xsrf="x", workspace="/w"), **options}
    known = course().as_of(None if self_paced else at)
    return Page(render(known, at=at, href=lambda day, part, version: f"slides/{day.part_id(part)}", **given))


def due(at: datetime) -> set[tuple[str, str]]:
    """What the syllabus says is active, worked out from the facts directly."""
    active = set()
    for day in reference_run.facts()["days"]:
        for part in day["parts"]:
            for version, since in (("student", "release_at"), ("solutions", "solutions_at"), ("slides", "release_at")):
                if part[version] and datetime.fromisoformat(part[since]) <= at:
                    active.add((f"{day['session']}.{part['part']}", version))
    return active


def moments() -> list[datetime]:
    """Every release of the run, a second before, at, and in another time zone."""
    stamps = {p[k] for d in reference_run.facts()["days"] for p in d["parts"] for k in ("release_at", "solutions_at")}
    exact = sorted(datetime.fromisoformat(stamp) for stamp in stamps)
    return [*exact, *(when - timedelta(seconds=1) for when in exact), exact[3].astimezone(UTC)]


def test_at_every_moment_of_the_calendar_the_active_links_are_those_the_syllabus_says() -> None:
    """Not one too many, not one too few."""
    for at in moments():
        assert shown(at).openable() == due(at), at


def test_self_paced_opens_everything_at_any_time() -> None:
    """A self-paced learner waits for nothing."""
    everything = due(datetime(2030, 1, 1, tzinfo=UTC))
    assert shown(datetime(2020, 1, 1, tzinfo=UTC), self_paced=True).openable() == everything


def test_colab_links_follow_the_release_rules() -> None:
    """A notebook that is not out is not linked on Colab either."""

    def colab(page: Page) -> int:
        return sum("colab.research" in (held.get("href") or "") for tag, held in page.tags if tag == "a")

    assert colab(shown(datetime(2022, 11, 27, tzinfo=LONDON))) == 0
    assert colab(shown(MORNING_05)) == sum(version == "student" for _, version in due(MORNING_05))


@pytest.mark.parametrize("mode", ["local", "site"])
def test_the_page_loads_nothing_from_another_host_and_has_no_inline_style_or_script(mode: str) -> None:
    """Whatever is loaded is a relative address; links that a person follows may lead anywhere."""
    page = shown(MORNING_05, mode=mode, local=Local(xsrf="x", workspace="/w") if mode == "local" else None)
    for tag, held in page.tags:
        assert tag != "style" and "style" not in held and not [name for name in held if name.startswith("on")]
        assert tag != "script" or held.get("src")
        for name in ("src", "srcset", "poster", "data", "xlink:href", *(["href"] if tag not in ("a",) else [])):
            assert not re.match(r"(?i)\w+:|//", held.get(name) or ""), (tag, held)
    for asset in (Path(dlmodule.home.__file__).parent / "static").iterdir():
        text = asset.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//\w+\.|@import", text), asset


def test_the_site_has_links_only() -> None:
    """No form, no script, no progress, no workspace: the same page for everybody."""
    page = shown(MORNING_05, mode="site", local=None)
    assert page.forms == [] and "script" not in [tag for tag, _ in page.tags]
    text = render(
        course().as_of(MORNING_05),
        at=MORNING_05,
        progress=[],
        mode="site",
        href=lambda d, p, v: "page.html",
    )
    assert text.count('href="page.html"') == len(due(MORNING_05))
    assert "right" not in re.sub(r"<[^>]+>", "", text)


def test_today_is_marked_on_its_day_only() -> None:
    """By the course's clock, wherever the learner is."""

    def today(at: datetime) -> list[str | None]:
        return [
            held.get("id") for tag, held in shown(at).tags if tag == "tbody" and "today" in (held.get("class") or "")
        ]

    assert today(MORNING_05) == ["05_cnns_1-05_cnns_part_i"]
    assert today(datetime(2022, 12, 1, 23, 30, tzinfo=ZoneInfo("America/New_York"))) == ["05_cnns_1-05_cnns_part_i"]
    assert len(today(datetime(2022, 12, 5, 12, tzinfo=LONDON))) == 2
    assert today(datetime(2022, 12, 3, 12, tzinfo=LONDON)) == []


def attempt(name: str, status: str, at: str) -> dict[str, str]:
    """One attempt at an exercise of day 05."""
    return {"exercise": f"05_cnns_1.{name}", "status": status, "at": at}


def test_progress_counts_what_was_right_once() -> None:
    """A later slip takes nothing away; an untouched check is no attempt."""
    progress = [
        attempt("edge_kernels", "right", "2022-12-02T10:00:00+00:00"),
        attempt("edge_kernels", "wrong", "2022-12-02T10:05:00+00:00"),
        attempt("output_size", "wrong", "2022-12-02T10:06:00+00:00"),
        attempt("conv_block", "not started", "2022-12-02T10:07:00+00:00"),
    ]
    text = render(
        course().as_of(None), at=MORNING_05, progress=progress, mode="local", local=Local(xsrf="x", workspace="/w")
    )
    assert "1 of 4 right" in text and "1 of 7 exercises right" in text
    assert text.count('<li class="right">') == 1 and text.count('<li class="tried">') == 1


def test_where_to_continue() -> None:
    """First the beginning; then the part last worked on; the next once all its exercises are right; never what is not out."""

    def resume(progress: list[dict[str, str]], opened: dict[str, str], at: datetime = MORNING_05) -> str | None:
        found = where_to_continue(course().as_of(at), at=at, progress=progress, opened=opened)
        return found.id if found else None

    assert resume([], {}) == "01_intro.morning"
    assert resume([], {}, datetime(2022, 11, 1, tzinfo=LONDON)) is None
    assert resume([attempt("cross_correlate", "wrong", "2022-12-02T10:00:00+00:00")], {}) == "05_cnns_1.morning"
    later = {"04_ml_recap.morning": "2022-12-02T12:00:00+00:00"}
    assert resume([attempt("cross_correlate", "wrong", "2022-12-02T10:00:00+00:00")], later) == "04_ml_recap.morning"
    names = ("edge_kernels", "cross_correlate", "output_size", "conv_block")
    done = [attempt(name, "right", "2022-12-02T10:00:00+00:00") for name in names]
    assert resume(done, {}) == "05_cnns_1.afternoon"
    assert resume([attempt("edge_kernels", "right", "yesterday")], {"x": "?"}) == "01_intro.morning"
    revised = {**attempt("edge_kernels", "wrong", "2022-12-02T10:00:00+00:00"), "part": "04_ml_recap.morning"}
    assert resume([revised], {}) == "04_ml_recap.morning"  # an exercise asked again leads back to where it was asked


def test_assessments_count_down_in_a_timed_run_only() -> None:
    """Opens in, due in, closed; a self-paced learner has no deadline to count."""

    def states(at: datetime, self_paced: bool = False) -> list[str]:
        text = render(course().as_of(None if self_paced else at), at=at, progress=[], mode="site")
        return re.findall(r'<p class="state">([^<]+)', text)

    assert states(MORNING_05) == ["Opens in 7 days", "Opens in 14 days"]
    assert states(datetime(2022, 12, 12, 18, 30, tzinfo=LONDON)) == ["Due in 1 hour", "Opens in 3 days"]
    assert states(datetime(2022, 12, 16, 16, 59, tzinfo=LONDON)) == ["Closed", "Due in 1 minute"]
    assert states(MORNING_05, self_paced=True) == []


def test_a_coursework_opens_when_it_is_out_and_shows_what_was_sealed() -> None:
    """A form for the one that is out and has a notebook; the last receipt in full, with its time on the course's clock."""

    def home(at: datetime, *sealed: dict[str, Any], mode: str = "local") -> str:
        local = Local(xsrf="x", workspace="/w") if mode == "local" else None
        return render(course().as_of(at), at=at, progress=sealed, mode=mode, local=local)  # type: ignore[arg-type]

    before, out = datetime(2022, 12, 9, 13, 59, tzinfo=LONDON), datetime(2022, 12, 9, 14, tzinfo=LONDON)
    assert "open-coursework" not in home(before)
    forms = [form for form in Page(home(out)).forms if form["action"] == "open-coursework"]
    assert [form["assessment"] for form in forms] == ["coursework_1"]
    assert "Nothing is sealed yet" in home(out)
    first, last = (
        receipt_line("coursework_1", "aa" * 32, out),
        receipt_line("coursework_1", "bb" * 32, datetime(2022, 12, 12, 19, 5, tzinfo=UTC)),
    )
    text = home(out, last, first, {"exercise": "coursework_1", "status": "sealed", "at": "soon", "receipt": "cc" * 32})
    assert "bb" * 32 in text and "aa" * 32 not in text and "cc" * 32 not in text
    assert "Mon 12 Dec 2022, 19:05 (the last of 2)" in text and "Nothing is sealed yet" not in text
    assert "bb" * 32 not in home(out, last, mode="site") and "open-coursework" not in home(out, mode="site")
    assert digest([first]) != digest([])  # an open home shows it without being asked


def test_what_the_course_says_is_text_not_markup() -> None:
    """A title with a tag in it shows the tag."""
    facts = reference_run.facts()
    facts["title"] = facts["days"][0]["title"] = "<script>alert(1)</script>"
    text = render(
        course_from(facts).as_of(None),
        at=MORNING_05,
        progress=[],
        mode="local",
        local=Local(xsrf='"><b>', workspace="<i>", notices=["<u>"]),
    )
    assert not re.search(r"<script>|<b>|<i>|<u>", text)


def test_a_course_with_nothing_built_yet_is_a_page() -> None:
    """A missing part has no link; a course without team, primers or assessments has no such section."""
    facts = reference_run.facts()
    facts.update(team=[], primers=[], assessments=[])
    for optional in ("colab", "references"):
        del facts[optional]
    for day in facts["days"]:
        for part in day["parts"]:
            part.update(
                student=None, solutions=None, slides=None, colab=None, objectives=[], minutes=None, exercises=[]
            )
    page = Page(
        render(
            course_from(facts).as_of(None),
            at=MORNING_05,
            progress=[],
            mode="local",
            local=Local(xsrf="x", workspace="/w"),
        )
    )
    assert page.openable() == set()
    assert "assessment" not in [held.get("id") for _, held in page.tags]


def test_ids_are_unique_and_every_address_within_the_page_exists() -> None:
    """Two rows of one day included."""
    page = shown(MORNING_05)
    ids = [held["id"] for _, held in page.tags if "id" in held]
    assert len(ids) == len(set(ids))
    for _, held in page.tags:
        if (held.get("href") or "").startswith("#"):
            assert str(held["href"])[1:] in ids


def test_the_digest_changes_with_every_attempt() -> None:
    """So an open page knows when to show itself anew."""
    one = attempt("a", "right", "t")
    assert len({digest([]), digest([one]), digest([one, one])}) == 3


@pytest.mark.parametrize(
    ("now", "due", "state"),
    [
        ("2027-03-28T00:30", "2027-03-28T03:00+01:00", "due in 1 hour"),  # the clock jumps from 1 to 2 in between
        ("2027-10-30T23:30", "2027-10-31T03:00+00:00", "due in 3 hours"),  # the hour from 1 to 2 is there twice
        ("2027-10-31T01:10", "2027-10-31T01:30+01:00", "closed"),  # 40 minutes ago, though the clock says 01:10
    ],
)
def test_what_remains_is_counted_across_a_clock_change(now: str, due: str, state: str) -> None:
    """The time that really remains, not the difference of two wall clocks."""
    run = reference_run.facts()
    run["self_paced"] = False
    run["assessments"][0] |= {"release_at": "2027-01-01T09:00:00+00:00", "due_at": due}
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    text = render(course_from(run).as_of(at), at=at, progress=[], mode="site")
    assert state.capitalize() in re.findall(r'<p class="state">([^<]*)', text)


def test_a_self_paced_home_has_no_dates_and_a_class_s_names_the_year() -> None:
    """Dates of a run that is over tell a learner at their own pace nothing."""
    for known, years in ((course().as_of(None), 0), (course().as_of(MORNING_05), 1)):
        text = render(known, at=MORNING_05, progress=[], mode="local", local=Local(xsrf="x", workspace="/w"))
        table = re.sub(r"<[^>]+>", " ", text[text.index('<section id="lectures"') : text.index('<section id="about"')])
        assert ("2022" in table) == bool(years)
        assert ("Today" in table) == bool(years)


def test_a_part_that_is_not_written_yet_says_so_once_it_is_due() -> None:
    """And nothing of next week's."""
    run = reference_run.facts()
    parts = [part for day in run["days"] for part in day["parts"]]
    for part in parts:
        part["awaited"] = part["student"] is None and not part["kind"].startswith(("coursework", "slides", "questions"))
    for at in (None, MORNING_05):
        known = course_from(run).as_of(at)
        text = render(known, at=MORNING_05, progress=[], mode="local", local=Local(xsrf="x", workspace="/w"))
        waited = sum(p["awaited"] and (at is None or datetime.fromisoformat(p["release_at"]) <= at) for p in parts)
        assert text.count("Not written yet") == waited > 0
