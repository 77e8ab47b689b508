"""Every way submissions come, and archives that mean harm."""

from __future__ import annotations

import hashlib
import io
import random
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.marking.assessment import Assessment
from coursekit.marking.intake import submissions
from coursekit.marking.results import Results
from coursekit.marking.scheduling import mark_all
from coursekit.marking.submission import Submission
from dlmodule.coursework.sealing import seal
from tests.coursekit.marking.assessment import cells, notebook
from tests.coursekit.marking.conftest import LIMITS

BOOK = notebook(cells())


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """A zip with these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def laid_out(folder: Path, members: dict[str, bytes]) -> Path:
    """A folder with these files."""
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


LAYOUTS = {
    "flat": {"ada.ipynb": BOOK, "Zoë Müller.ipynb": BOOK},
    "a folder each": {"ada/cw.ipynb": BOOK, "Zoë Müller/anything at all.ipynb": BOOK},
    "nbgrader": {
        "submitted/ada/cw/cw.ipynb": BOOK,
        "submitted/ada/cw/timestamp.txt": b"2022-12-12 19:59:59.5 UTC",
        "submitted/Zoë Müller/cw/cw.ipynb": BOOK,
    },
    "moodle": {
        "ada_1234_assignsubmission_file_/cw.ipynb": BOOK,
        "Zoë Müller_99_assignsubmission_file_/my cw.ipynb": BOOK,
    },
    "canvas": {"ada_LATE_123_456_cw.ipynb": BOOK, "Zoë Müller_12_34_cw-1.ipynb": BOOK},
    "with checkpoints": {
        "ada/cw.ipynb": BOOK,
        "ada/.ipynb_checkpoints/cw-checkpoint.ipynb": b"old",
        "Zoë Müller/cw.ipynb": BOOK,
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("make", [laid_out, zipped])
def test_learners_are_found(tmp_path: Path, layout: str, make: Callable[[Path, dict[str, bytes]], Path]) -> None:
    """As a folder and as a zip: two learners, each with the bytes they handed in."""
    place = make(tmp_path / "download", LAYOUTS[layout])
    found = list(submissions(place))
    assert [(submission.learner, submission.content, submission.problem) for submission in found] == [
        ("Zoë Müller", BOOK, ""),
        ("ada", BOOK, ""),
    ]


def test_nbgraders_timestamp_is_kept(tmp_path: Path) -> None:
    """The moment nbgrader received it, in UTC."""
    found = list(submissions(laid_out(tmp_path, LAYOUTS["nbgrader"])))
    assert found[1].submitted_at == datetime(2022, 12, 12, 19, 59, 59, 500000, UTC)


def test_a_zip_in_a_learners_folder(tmp_path: Path) -> None:
    """Some hand in a zip."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("work/cw.ipynb", BOOK)
    found = list(submissions(laid_out(tmp_path, {"ada/cw.zip": inner.getvalue()})))
    assert [(submission.learner, submission.content) for submission in found] == [("ada", BOOK)]


def test_the_named_notebook_counts(tmp_path: Path) -> None:
    """Of several files the one with the assessment's name."""
    found = list(submissions(laid_out(tmp_path, {"ada/scratch.ipynb": b"{}", "ada/cw.ipynb": BOOK}), "cw.ipynb"))
    assert [submission.content for submission in found] == [BOOK]


def only(place: Path) -> Submission:
    """The one submission there."""
    (found,) = submissions(place)
    return found


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A member of 60 MB in 60 kB is refused before it is read."""
    assert "unpacks" in only(zipped(tmp_path / "b.zip", {"ada.ipynb": b"0" * (60 << 20)})).problem


def test_a_path_that_leads_out_writes_nothing(tmp_path: Path) -> None:
    """``../`` in a member's name is only a name."""
    place = zipped(tmp_path / "b.zip", {"../../evil.ipynb": BOOK, "/etc/ada/cw.ipynb": BOOK})
    assert {submission.content for submission in submissions(place)} == {BOOK}
    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Neither in a folder nor in an archive does a link bring in another's work, or a file of this machine."""
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(BOOK)
    folder = tmp_path / "download"
    folder.mkdir()
    (folder / "eve.ipynb").symlink_to(secret)
    archive = tmp_path / "links.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        member = zipfile.ZipInfo("eve.ipynb")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(member, "/etc/passwd")
    for place in (folder, archive):
        assert (only(place).content, "link" in only(place).problem) == (b"", True)


def test_a_broken_archive_of_one_learner_stops_nobody(tmp_path: Path) -> None:
    """Its learner has a problem, the other a submission."""
    found = list(submissions(laid_out(tmp_path, {"ada/cw.zip": b"PK\x03\x04 nonsense", "bob/cw.ipynb": BOOK})))
    assert [(submission.learner, bool(submission.problem)) for submission in found] == [("ada", True), ("bob", False)]


def test_an_empty_place_is_an_error(tmp_path: Path) -> None:
    """One line, not an empty list of marks."""
    with pytest.raises(CourseError, match="holds no notebook"):
        submissions(tmp_path)


def sealed(assessment: str = "coursework_2", text: bytes = b"{}") -> bytes:
    """A sealed file."""
    return seal(assessment, text, {"predictions.safetensors": b"bytes"}, datetime(2022, 12, 16, tzinfo=UTC))


def test_sealed_files_in_every_layout(tmp_path: Path) -> None:
    """Loose, in a folder, in Moodle's download and in Canvas's: the learner is found, and the digest is that of the receipt."""
    content = sealed()
    members = {
        "ada.zip": "ada", "bob_coursework_2.zip": "bob", "eve/coursework_2.zip": "eve",
        "Zoe Ng_123_assignsubmission_file_/coursework_2.zip": "Zoe Ng", "leekim_4711_8_coursework_2.zip": "leekim",
    }  # fmt: skip
    archive = tmp_path / "download.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for name in members:
            out.writestr(name, content)
    folder = tmp_path / "folder"
    for name in members:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for place in (archive, folder):
        found = list(submissions(place, assessment="coursework_2"))
        assert sorted(submission.learner for submission in found) == sorted(members.values())
        assert {(submission.digest, submission.content, submission.problem) for submission in found} == {
            (hashlib.sha256(content).hexdigest(), b"{}", "")
        }
        assert all(submission.files == {"predictions.safetensors": b"bytes"} for submission in found)


def test_a_sealed_file_of_another_coursework_or_damaged(tmp_path: Path) -> None:
    """It has a problem, in words for the marker; nobody else's is touched."""
    (tmp_path / "ada.zip").write_bytes(sealed("coursework_1"))
    (tmp_path / "bob.zip").write_bytes(sealed().replace(b"{}", b"[]"))
    (tmp_path / "eve.zip").write_bytes(sealed())
    found = {submission.learner: submission.problem for submission in submissions(tmp_path, assessment="coursework_2")}
    assert found["ada"] == "it was sealed as coursework_1"
    assert found["eve"] == ""


def test_the_last_of_several_counts(tmp_path: Path) -> None:
    """A sealed file and a loose notebook of the same moment: the sealed one, whose receipt the learner has."""
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "zz.ipynb").write_bytes(b"{}")
    (tmp_path / "ada" / "coursework_2.zip").write_bytes(sealed())
    (found,) = submissions(tmp_path)
    assert found.sealed


def megabyte(number: int) -> bytes:
    """A notebook with all the answers and a picture, unlike any other ``number``'s."""
    picture = {"cell_type": "markdown", "source": random.Random(number).randbytes(1 << 19).hex()}
    answers = {"cell_type": "code", "source": "\n".join(cells())}
    return notebook([], cells=[picture, answers])


@pytest.mark.parametrize("make", [laid_out, zipped])
def test_memory_does_not_grow_with_the_class(
    tmp_path: Path, assessment: Assessment, make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    """From listing to the last mark, five times as many learners take the memory of one or two megabytes more at most, not of 32."""
    peaks = []
    for learners in (8, 40):
        place = make(tmp_path / f"{learners}", {f"learner {n:03}.ipynb": megabyte(n) for n in range(learners)})
        results = Results.at(tmp_path / f"{learners}.sqlite")
        tracemalloc.start()
        assert mark_all(assessment, submissions(place), results, jobs=1, limits=LIMITS) == learners
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert len(results.latest(assessment.id)) == learners
        results.close()
    assert peaks[1] - peaks[0] < 2 << 20, peaks


def test_a_file_that_is_gone_when_it_is_read(tmp_path: Path) -> None:
    """Its learner has a problem; nobody is lost."""
    found = submissions(laid_out(tmp_path, {"ada.ipynb": BOOK, "bob.ipynb": BOOK}))
    (tmp_path / "bob.ipynb").unlink()
    assert [(submission.learner, submission.problem) for submission in found] == [
        ("ada", ""),
        ("bob", "it cannot be read (FileNotFoundError)"),
    ]
