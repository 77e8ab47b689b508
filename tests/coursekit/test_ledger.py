import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from coursekit import ledger
from coursekit.commands.ledger import command
from coursekit.errors import CourseError
from coursekit.project import Project

FULL = {
    "id": "05_cnns_1.train_lenet",
    "set": "fashion_mnist",
    "source_hash": "0123",
    "date": "2026-01-02",
    "hardware": 'a "fast" machine, 2 cores',
    "torch": "2.13.0",
    "python": "3.11.7",
    "seeds": [0, 1, 2],
    "values": {"accuracy": [0.899, 0.901, 0.903], "seconds": [20.0, 21.0, 22.0]},
    "mean": {"accuracy": 0.901, "seconds": 21.0},
    "std": {"accuracy": 0.002, "seconds": 1.0},
}
REHEARSAL = {
    "id": "05_cnns_1.train_lenet",
    "source_hash": "4567",
    "date": "2026-01-02",
    "hardware": "a machine",
    "torch": "2.13.0",
    "python": "3.11.7",
    "seeds": [0, 1],
    "metric": "accuracy",
    "higher": True,
    "seconds": [1.5, 2.5],
    "right": {"solution": [0.8, 0.9]},
    "mistakes": {"timid": [0.5], "never_steps": [float("nan")]},
    "bar": 0.65,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A course without content."""
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "syllabus.toml").write_text("")
    return Project(tmp_path)


@pytest.fixture
def measured(project: Project) -> Project:
    """The same, with one row of each kind."""
    ledger.put(project, "full", FULL)
    ledger.put(project, "rehearsal", REHEARSAL)
    return project


def test_what_is_put_is_read(measured: Project):
    """Rows survive the file, NaN and quotes included."""
    rows = ledger.read(measured)
    assert rows["full"] == [FULL]
    assert repr(rows["rehearsal"]) == repr([REHEARSAL])


def test_put_replaces_its_own_row_only(measured: Project):
    """A row takes the place of the one with the same id and set; rows stand in order of their names."""
    ledger.put(measured, "full", {**FULL, "set": "digits"})
    ledger.put(measured, "full", {**FULL, "date": "2026-02-02"})
    rows = ledger.read(measured)["full"]
    assert [(row["set"], row["date"]) for row in rows] == [("digits", "2026-01-02"), ("fashion_mnist", "2026-02-02")]


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.dictionaries(st.text(min_size=1), st.lists(st.integers() | st.floats(allow_nan=False)), max_size=3),
)
def test_any_text_and_numbers_are_valid_toml(text: str, numbers: dict[str, list[float]]):
    """What is written can be parsed and means the same, to six digits."""
    row = {"id": text, "values": numbers}
    written = tomllib.loads(ledger.to_toml({"full": [row], "rehearsal": []}))["full"][0]
    assert written["id"] == text
    for name, values in numbers.items():
        assert written["values"][name] == pytest.approx(values, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("05_cnns_1.train_lenet.fashion_mnist.accuracy", "90.1 % ± 0.2 (3 seeds)"),
        ("05_cnns_1.train_lenet.fashion_mnist.seconds", "21 s"),
        ("05_cnns_1.train_lenet.rehearsal.accuracy", "85.0 % ± 7.1 (2 seeds)"),
        ("05_cnns_1.train_lenet.digits.accuracy", "(not yet measured)"),
        ("05_cnns_1.other.rehearsal.seconds", "(not yet measured)"),
    ],
)
def test_figures_in_words(measured: Project, name: str, words: str):
    """A figure reads as mean, spread and number of seeds; what is not measured says so."""
    assert ledger.figure(measured, name) == words


@pytest.mark.parametrize(
    ("metric", "values", "words"),
    [
        ("loss", [1.2345], "1.234 (1 seed)"),
        ("accuracy", [0.5], "50.0 % (1 seed)"),
        ("loss", [1.60, 1.64], "1.62 ± 0.03 (2 seeds)"),
        ("return", [195.0, 215.0, 205.0], "205 ± 10 (3 seeds)"),
        ("accuracy", [1.0, 1.0], "100.0 % ± 0.0 (2 seeds)"),
        ("seconds", [3.21], "3.2 s"),
        ("seconds", [300.0], "5.0 min"),
    ],
)
def test_digits_follow_the_spread(metric: str, values: list[float], words: str):
    """As many decimals as the spread makes meaningful."""
    assert ledger.words(metric, values) == words


def test_a_wrong_name_is_an_error(measured: Project):
    """A name of another form, or a metric that the row lacks, is said at once: prose must not quote what is not there."""
    with pytest.raises(CourseError, match=r"SESSION\.EXERCISE\.SET\.METRIC"):
        ledger.figure(measured, "05_cnns_1.train_lenet.accuracy")
    with pytest.raises(CourseError, match="holds accuracy, seconds"):
        ledger.figure(measured, "05_cnns_1.train_lenet.fashion_mnist.acuracy")


def test_bar(measured: Project):
    """The bar is the rehearsal's; None where there is none."""
    assert ledger.bar(measured, "05_cnns_1.train_lenet") == 0.65
    assert ledger.bar(measured, "05_cnns_1.other") is None


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("# a comment\n[[full]]\nid = \n", 3, "not valid TOML"),
        ('[[full]]\nid = "a.b"', 1, "lacks 'set'"),
        ("\n[[fulll]]\nid = 1\n", 2, r"\[\[fulll\]\] is no kind of row"),
        ("[full]\nid = 1\n", 1, r"must be written as \[\[full\]\]"),
        (
            ledger.to_toml({"full": [FULL, {**FULL, "values": {"accuracy": ["high"]}}], "rehearsal": []}),
            19,
            "'accuracy' of this",
        ),
        ('[[full]]\nid = "unfinished', 2, "not valid TOML"),
    ],
)
def test_damage_is_one_line_with_file_and_line(project: Project, text: str, line: int, words: str):
    """A damaged ledger names the file, the line and what is wrong."""
    project.ledger.write_text(text)
    with pytest.raises(CourseError, match=words) as caught:
        ledger.figure(project, "a.b.c.d")
    assert str(caught.value).startswith(f"{project.ledger}:{line}: ")
    assert "\n" not in str(caught.value)


def test_reading_does_not_import_torch(measured: Project):
    """A figure and a bar are read in milliseconds: neither torch nor numpy is imported."""
    program = (
        "import sys; from pathlib import Path; from coursekit import ledger; from coursekit.project import Project\n"
        f"project = Project(Path({str(measured.root)!r}))\n"
        "ledger.bar(project, 'a.b'); ledger.figure(project, 'a.b.c.d')\n"
        "print('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_command_prints_a_table_and_json(measured: Project, monkeypatch):
    """Without an argument the command shows the ledger, for people or as JSON without NaN."""
    monkeypatch.setenv("DLMODULE_COURSE", str(measured.root))
    table = CliRunner().invoke(command, []).stdout.splitlines()
    assert table[0].split("  ")[0] == "05_cnns_1.train_lenet.fashion_mnist"
    assert "accuracy 90.1 % ± 0.2 (3 seeds)" in table[0]
    assert "bar 0.65" in table[1]
    shown = json.loads(CliRunner().invoke(command, ["--json"]).stdout)
    assert shown["rehearsal"][0]["mistakes"] == {"timid": [0.5], "never_steps": [None]}


def test_an_unknown_target_is_named(measured: Project, monkeypatch):
    """A target that measures nothing is an error that lists what is measured."""
    monkeypatch.setenv("DLMODULE_COURSE", str(measured.root))
    result = CliRunner().invoke(command, ["05_cnns_1.nothing"])
    assert isinstance(result.exception, CourseError)
    assert "nothing called '05_cnns_1.nothing' is measured" in str(result.exception)
