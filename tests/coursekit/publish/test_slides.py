"""Decks: what is written, that it is the same each time, and that an error names its line."""

import contextlib
import re
import shutil
import subprocess
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from coursekit.errors import CourseError
from coursekit.project import Project
from coursekit.publish import slides

ROOT = Path(__file__).parents[3]
REPOSITORY = SimpleNamespace(owner="ese", name="DL_module", branch="main", tag="v1")

DECK = """\
#import "/course/slides_theme.typ": *
#show: deck.with(title: "Doubling", subtitle: "{Day: 01_tiny}", notes: "Say hello.")
#slide("Twice as much", at: ("morning", "A question"), notes: "Wait for an answer.")[
  #drawn("line", alt: "A rising line.", width: 50%)
]
#slide("The end")[$ 2 x = x + x $]
"""
FIGURES = """\
import matplotlib.pyplot as plt


def line():
    fig, axis = plt.subplots()
    axis.plot([0, 1], [0, 2])
    return fig


def _not_a_figure():
    raise AssertionError
"""


@pytest.fixture
def lecture(tiny_course: Project) -> slides.Deck:
    """The tiny course with a deck of three pages and one figure."""
    shutil.copy(ROOT / "course" / "slides_theme.typ", tiny_course.course)
    session = tiny_course.course / "01_tiny"
    (session / "talk.typ").write_text(DECK)
    (session / "talk_figures.py").write_text(FIGURES)
    return slides.select_decks(tiny_course, ["01_tiny.talk"])[0]


def test_a_deck_becomes_a_pdf_and_notes(tiny_course: Project, lecture: slides.Deck) -> None:
    """Each page is known by its number and title; notes stand beside the PDF in the order of the slides."""
    made = slides.build_deck(tiny_course, lecture, REPOSITORY)
    assert [(one.page, one.title) for one in made] == [(1, "Doubling"), (2, "Twice as much"), (3, "The end")]
    folder = tiny_course.build / "slides" / "01_tiny"
    assert (folder / "talk.pdf").read_bytes().startswith(b"%PDF-")
    notes = (folder / "talk_notes.md").read_text()
    assert notes.index("Say hello.") < notes.index("Wait for an answer.")
    assert "## 2. Twice as much\n\nIn the notebook: [morning, A question](https://colab." in notes


def test_figures_and_formulas_are_said_in_words(tiny_course: Project, lecture: slides.Deck) -> None:
    """Every picture and every formula of the PDF has its alternative text: the home's picture of the course on the title slide among them."""
    formula = "$ x_t^2 / sqrt(y') = vec(1, 2) $"
    lecture.path.write_text(DECK.replace("$ 2 x = x + x $", formula), encoding="utf-8")
    slides.build_deck(tiny_course, lecture, REPOSITORY)
    said = alternatives((tiny_course.build / "slides/01_tiny/talk.pdf").read_bytes())
    assert "A rising line." in said
    assert any(text.startswith("A cross-section through layered rock, one bed for each of the 1 days") for text in said)
    (spoken,) = [" ".join(text.split()) for text in said if "over" in text and "rock" not in text]
    assert spoken == "(x sub t to the 2 ) over (root of (y prime )) = 1, 2"


def alternatives(pdf: bytes) -> list[str]:
    """The alternative texts of a PDF."""
    text = pdf
    for stream in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with contextlib.suppress(zlib.error):
            text += zlib.decompress(stream[1])
    wide = [
        bytes.fromhex(found.decode()).decode("utf-16-be") for found in re.findall(rb"/Alt ?<FEFF([0-9A-F]+)>", text)
    ]
    # Parentheses in a string may stand as they are where they are balanced.
    inner = rb"(?:\\.|[^\\()])*"
    deep = rb"(?:" + inner + rb"\((?:" + inner + rb"\(" + inner + rb"\))*" + inner + rb"\))*" + inner
    narrow = re.findall(rb"/Alt ?\((" + deep + rb")\)", text)
    return [*wide, *(re.sub(rb"\\(.)", rb"\1", found).decode("latin-1") for found in narrow)]


def test_a_formula_is_never_wider_than_its_column(tiny_course: Project, lecture: slides.Deck) -> None:
    """It is set smaller where it would run over its neighbour."""
    from io import BytesIO

    from matplotlib.image import imread

    long = "$ " + " + ".join(["x"] * 21) + " $"
    lecture.path.write_text(DECK.replace("$ 2 x = x + x $", long), encoding="utf-8")
    page = imread(BytesIO(slides.page_images(tiny_course, lecture, REPOSITORY, ppi=36)[2]))
    inked = (page[60:220, :, :3] < 0.9).any(axis=(0, 2)).nonzero()[0]
    assert 24 <= inked.min() < inked.max() <= 480 - 24


def test_every_page_can_be_drawn(tiny_course: Project, lecture: slides.Deck) -> None:
    """One PNG for each slide, 16 by 9, and no page is blank."""
    from io import BytesIO

    from matplotlib.image import imread

    pages = [imread(BytesIO(page)) for page in slides.page_images(tiny_course, lecture, REPOSITORY, ppi=36)]
    assert len(pages) == 3
    for page in pages:
        assert page.shape[:2] == (270, 480)
        assert page[..., :3].min() < 0.5


def test_a_slide_links_to_its_cell_in_colab(tiny_course: Project, lecture: slides.Deck) -> None:
    """The address is that of the notebook and of the cell with the heading, and it is in the PDF."""
    import json

    from coursekit.notebooks.notebook import make, to_json
    from coursekit.sources.source import parse

    made = slides.build_deck(tiny_course, lecture, REPOSITORY)
    url = made[1].url
    assert url is not None
    notebook, _, cell = url.partition("#scrollTo=")
    assert notebook.endswith("/ese/DL_module/blob/main/01_Tiny/01_Tiny_morning/01_Tiny_morning_exercises.ipynb")
    assert url.encode() in (tiny_course.build / "slides/01_tiny/talk.pdf").read_bytes()
    source = parse(tiny_course.course / "01_tiny" / "morning.py")
    cells = json.loads(to_json(make(source, solutions=False, repository=REPOSITORY, figure=str, days=int)))["cells"]
    assert "## A question" in next("".join(one["source"]) for one in cells if one["id"] == cell)


def test_the_same_deck_gives_the_same_bytes(tiny_course: Project, lecture: slides.Deck) -> None:
    """No date, no machine font, no random identifier: also not in a figure that is drawn again."""
    folder = tiny_course.build / "slides" / "01_tiny"
    slides.build_deck(tiny_course, lecture, REPOSITORY)
    first = (folder / "talk.pdf").read_bytes()
    shutil.rmtree(folder)
    slides.build_deck(tiny_course, lecture, REPOSITORY)
    assert first == (folder / "talk.pdf").read_bytes()


def test_figures_are_drawn_again_only_when_their_code_changes(tiny_course: Project, lecture: slides.Deck) -> None:
    """A second build touches no figure; an edit draws it anew."""
    slides.build_deck(tiny_course, lecture, REPOSITORY)
    figure = tiny_course.build / "slides/01_tiny/figures/talk/line.svg"
    before = figure.stat().st_mtime_ns, figure.read_bytes()
    slides.build_deck(tiny_course, lecture, REPOSITORY)
    assert figure.stat().st_mtime_ns == before[0]
    lecture.figures_source.write_text(FIGURES.replace("[0, 2]", "[2, 0]"))
    slides.build_deck(tiny_course, lecture, REPOSITORY)
    assert figure.read_bytes() != before[1]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('"A question"', '"No such heading"', 3, "no heading of morning.py"),
        ("$ 2 x = x + x $", "$ twice(x) $", 6, "unknown variable"),
        ('alt: "A rising line.", ', "", 4, "alt text"),
        ('drawn("line"', 'drawn("curve"', 4, "file not found"),
    ],
    ids=["heading", "typst", "alt", "figure"],
)
def test_an_error_names_file_and_line(
    tiny_course: Project, lecture: slides.Deck, old: str, new: str, line: int, words: str
) -> None:
    """What is wrong with a deck is one line that says where in the deck."""
    lecture.path.write_text(DECK.replace(old, new))
    with pytest.raises(CourseError) as error:
        slides.build_deck(tiny_course, lecture, REPOSITORY)
    assert str(error.value).startswith(f"{lecture.path}:{line}: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("code", "line", "words"),
    [
        ("def line():\n    return 1 / 0\n", 2, "ZeroDivisionError"),
        ("def line():\n    return None\n", 1, "must return a matplotlib figure"),
        ("def line(:\n    pass\n", 1, "SyntaxError"),
        ("import nothing_of_that_name\n", 1, "ModuleNotFoundError"),
    ],
)
def test_a_broken_figure_names_its_line(
    tiny_course: Project, lecture: slides.Deck, code: str, line: int, words: str
) -> None:
    """An error in the drawing code is reported at the line of that code."""
    lecture.figures_source.write_text(code)
    with pytest.raises(CourseError) as error:
        slides.build_deck(tiny_course, lecture, REPOSITORY)
    assert str(error.value).startswith(f"{lecture.figures_source}:{line}: ")
    assert words in str(error.value)


def test_an_unknown_deck_is_refused(tiny_course: Project, lecture: slides.Deck) -> None:
    """The message lists the decks there are."""
    with pytest.raises(CourseError, match=r"no deck is called '02_none'.*01_tiny\.talk"):
        slides.select_decks(tiny_course, ["02_none"])
    assert slides.select_decks(tiny_course) == [lecture]


def test_drawing_code_is_no_source(tiny_course: Project, lecture: slides.Deck) -> None:
    """``talk_figures.py`` beside a deck is not taken for a notebook."""
    from coursekit.project import find_parts

    assert "talk_figures" not in [part.name for part in find_parts(tiny_course)]


def test_a_slide_quotes_the_ledger(tiny_course: Project, lecture: slides.Deck) -> None:
    """`measured` prints a mean with all its decimals; a figure that the ledger does not have is one line that names it."""
    row = '[[full]]\nid = "01_tiny.train"\nset = "glyphs"\nsource_hash = "x"\nhardware = "h"\nseeds = [0, 1]\n'
    tiny_course.ledger.write_text(row + "values.rmse = [0.7, 0.9]\n", encoding="utf-8")
    quoting = DECK + '#slide("Reached")[RMSE #measured("01_tiny.train.glyphs.rmse", digits: 3)]\n'
    lecture.path.write_text(quoting, encoding="utf-8")
    slides.build_deck(tiny_course, lecture, REPOSITORY)
    pdf = tiny_course.build / "slides" / "01_tiny" / "talk.pdf"
    printed = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    assert "RMSE 0.800" in printed
    lecture.path.write_text(quoting.replace("glyphs.rmse", "glyphs.mae"), encoding="utf-8")
    with pytest.raises(CourseError, match=r"the ledger has no figure 01_tiny\.train\.glyphs\.mae"):
        slides.build_deck(tiny_course, lecture, REPOSITORY)
