"""``course slides``: from every deck ``course/SESSION/DECK.typ`` a PDF and a page of its notes, under ``build/slides``.

A deck is Typst in the shared theme (``course/slides_theme.typ``). Its figures are drawn by code: every public function of
``DECK_figures.py`` beside it takes nothing and returns a matplotlib figure, kept as SVG until that file changes. A slide
names the heading of the notebook section it belongs to and links to it in Colab, where cell ids are addresses.

Same input, same bytes: fonts come with Typst and matplotlib and not from the machine, and no date is written. The PDF is
tagged for screen readers; the theme refuses a figure without alternative text.
"""

import hashlib
import importlib.util
import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from coursekit import ledger
from coursekit.errors import CourseError
from coursekit.notebooks.cell_ids import cell_ids
from coursekit.notebooks.title import Repository, colab_url
from coursekit.project import Project
from coursekit.schedule.release_path import notes_path
from coursekit.schedule.syllabus import syllabus_of
from coursekit.schedule.timetable import place_of, published_path
from coursekit.sources.references import filled, refuse_numbers
from coursekit.sources.source import sources_of
from dlmodule.files import write_atomically
from dlmodule.home import banner

Links = dict[str, dict[str, str]]
# Points, so that the last row reads a tick label too.
LETTERING: dict[Any, Any] = {
    "font.size": 16,
    "axes.labelsize": 16,
    "xtick.labelsize": 15,
    "ytick.labelsize": 15,
    "legend.fontsize": 15,
}
# The rules of the home's style sheets that draw its cross-section.
_ROCK = re.compile(r"^ *((?:\.(?:bed-\d+|ground|fault|grain|lamina|derrick|hole|bit) \{[^}]*\} *)+)", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Deck:
    """One set of slides: ``course/SESSION/NAME.typ``."""

    session: str
    name: str
    path: Path

    @property
    def id(self) -> str:
        """``SESSION.DECK``."""
        return f"{self.session}.{self.name}"

    @property
    def figures_source(self) -> Path:
        """The code beside the deck that draws its figures; it need not exist."""
        return self.path.with_name(f"{self.name}_figures.py")


@dataclass(frozen=True)
class Slide:
    """What a slide says of itself: its page (from 1), title, notebook section and address, and the speaker's notes."""

    page: int
    title: str
    part: str | None
    heading: str | None
    url: str | None
    notes: str


def find_decks(project: Project) -> list[Deck]:
    """Every deck of the course, by session and name."""
    return sorted(Deck(path.parent.name, path.stem, path) for path in project.course.glob("[0-9]*/*.typ"))


def select_decks(project: Project, targets: Sequence[str] = ()) -> list[Deck]:
    """The decks that ``targets`` (SESSION or SESSION.DECK) name; all where there is none. CourseError for an unknown one."""
    decks = find_decks(project)
    for target in targets:
        if not any(target in (deck.session, deck.id) for deck in decks):
            known = ", ".join(deck.id for deck in decks) or "none"
            raise CourseError(f"no deck is called {target!r}; write SESSION or SESSION.DECK (decks: {known})")
    return [deck for deck in decks if not targets or deck.session in targets or deck.id in targets]


def build_deck(project: Project, deck: Deck, repository: "Repository") -> list[Slide]:
    """Write the deck's figures, PDF and page of notes; returns its slides, in order. Raises CourseError naming file and line."""
    folder = project.build / "slides" / deck.session
    figures = draw_figures(project, deck)
    compiler = _compiler(project, deck, figures, section_links(project, deck, repository))
    pdf = _guarded(deck, lambda: compiler.compile(format="pdf"))
    slides = [Slide(**value) for value in json.loads(compiler.query("<slide>", field="value"))]
    _hold_to_sections(deck, slides)
    write_atomically(folder / f"{deck.name}.pdf", pdf)
    write_atomically(notes_path(folder / f"{deck.name}.pdf"), notes_page(deck, slides))
    return slides


def page_images(project: Project, deck: Deck, repository: "Repository", *, ppi: float = 72.0) -> list[bytes]:
    """Every page as PNG, for those who look at slides without a PDF reader, and for tests."""
    figures = draw_figures(project, deck)
    compiler = _compiler(project, deck, figures, section_links(project, deck, repository))
    pages = _guarded(deck, lambda: compiler.compile(format="png", ppi=ppi))
    return pages if isinstance(pages, list) else [pages]


def notes_page(deck: Deck, slides: Sequence[Slide]) -> str:
    """The notes as Markdown, slide by slide, each with the section of the notebook that it belongs to."""
    title = slides[0].title if slides else deck.name
    parts = [f"# {_plain(title)}: what is said to each slide"]
    for slide in slides:
        parts.append(f"## {slide.page}. {_plain(slide.title)}")
        if slide.heading:
            section = f"{slide.part}, {_plain(slide.heading)}"
            parts.append(f"In the notebook: [{section}]({slide.url})." if slide.url else f"In the notebook: {section}.")
        parts += [_plain(paragraph) for paragraph in re.split(r"\n\s*\n", slide.notes.strip()) if paragraph]
    return "\n\n".join(parts) + "\n"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, in one line."""
    return re.sub(r"([\\`*_{}\[\]<>#$|~])", r"\\\1", " ".join(text.split()))


def section_links(project: Project, deck: Deck, repository: "Repository") -> Links:
    """For each part of the deck's session: the address in Colab of the cell of each heading, by the heading's text."""
    syllabus = syllabus_of(project)
    links: Links = {}
    for source in sources_of(project, deck.session):
        place = published_path(syllabus, deck.session, source.part, "student")
        if place is None:  # a draft: no learner has it
            continue
        address = colab_url(repository, place)
        ids = cell_ids(deck.session, source.part, source.cells)
        links[source.part] = {
            filled(heading.text, partial(place_of, project)): f"{address}#scrollTo={cell}"
            for cell, content in zip(ids, source.cells, strict=True)
            for heading in content.headings
        }
    return links


def draw_figures(project: Project, deck: Deck) -> Path:
    """Draw the deck's figures as SVG, unless they are there from the same code; returns their folder."""
    source = deck.figures_source
    folder = project.build / "slides" / deck.session / "figures" / deck.name
    product, digest = f"figures {deck.id}", _digest(source) if source.is_file() else ""
    if not digest or project.cache.is_made(product, digest):
        return folder
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from dlmodule import plot

    with mpl.rc_context():
        mpl.use("Agg")
        plot.use_style()
        mpl.rcParams.update({"svg.hashsalt": deck.id, "savefig.transparent": True, **LETTERING})
        drawn = []
        for name, draw in _figure_functions(source).items():
            figure = draw()
            if not isinstance(figure, Figure):
                line = inspect.getsourcelines(draw)[1]
                raise CourseError(f"{name}() must return a matplotlib figure", file=source, line=line)
            drawn.append(folder / f"{name}.svg")
            write_atomically(drawn[-1], _as_svg(figure))
    project.cache.made(product, digest, (path.relative_to(project.build).as_posix() for path in drawn))
    return folder


def _as_svg(figure: Any) -> bytes:
    import io

    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(figure)
    return buffer.getvalue()


def _digest(source: Path) -> str:
    """What the figures depend on: their code and the course's way of drawing."""
    from dlmodule import plot

    drawing = sorted(Path(plot.__file__).parent.glob("*.py"))
    pieces = [repr(LETTERING).encode(), *(path.read_bytes() for path in [source, *drawing])]
    return hashlib.sha256(b"".join(pieces)).hexdigest()


def _figure_functions(source: Path) -> dict[str, Callable[[], Any]]:
    """The public functions that ``source`` defines itself."""
    spec = importlib.util.spec_from_file_location(f"figures_of_{source.stem}", source)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise CourseError(f"{type(error).__name__}: {error}", file=source, line=_line_of(error, source)) from error
    return {
        name: _reporting(value, source)
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def _reporting(draw: Callable[[], Any], source: Path) -> Callable[[], Any]:
    """``draw`` with its errors turned into one line that names where in ``source`` they arose."""
    import functools

    @functools.wraps(draw)
    def drawn() -> Any:
        try:
            return draw()
        except Exception as error:
            raise CourseError(f"{type(error).__name__}: {error}", file=source, line=_line_of(error, source)) from error

    return drawn


def _line_of(error: BaseException, source: Path) -> int | None:
    """The last line of ``source`` that ``error`` passed through."""
    if isinstance(error, SyntaxError):
        return error.lineno
    import traceback

    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == source]
    return lines[-1] if lines else None


def _compiler(project: Project, deck: Deck, figures: Path, links: Links) -> Any:
    import matplotlib as mpl
    import typst

    # Typst reads only below its root, and paths from there.
    syllabus = syllabus_of(project)
    days = sorted({day.day for day in syllabus.day})
    reached = next((day.day for day in syllabus.day if day.session == deck.session), 0)
    alt = f"A cross-section through layered rock, one bed for each of the {len(days)} days; the well has reached day {reached}."
    section = figures.parent / "section.svg"
    write_atomically(section, _section(len(days), 1 + days.index(reached) if reached else 0, alt))
    inputs = {
        "course": syllabus.title.partition(":")[0],
        "section": f"/{section.relative_to(project.root).as_posix()}",
        "section-alt": alt,
        "figures": f"/{figures.relative_to(project.root).as_posix()}",
        "links": json.dumps(links),
        "ledger": json.dumps(ledger.means(project)),
    }
    text = deck.path.read_text(encoding="utf-8")
    refuse_numbers(text, file=deck.path, line=1)
    # Given as text, with references to days filled in, under the deck's own name, so that errors still name it.
    source: Any = {
        f"/{deck.path.relative_to(project.root).as_posix()}": filled(text, partial(place_of, project)).encode()
    }
    return typst.Compiler(
        source,
        root=project.root,
        font_paths=[Path(mpl.get_data_path()) / "fonts" / "ttf"],
        ignore_system_fonts=True,
        sys_inputs=inputs,
    )


def _section(days: int, reached: int, alt: str) -> str:
    """The home's picture of the course as an image of its own: with its colours in it."""
    look = files("dlmodule.home") / "static"
    sheets = "\n".join((look / name).read_text(encoding="utf-8") for name in ("palette.css", "home.css"))
    rules = "\n".join(
        found[1] for found in _ROCK.finditer(sheets.partition("@media (prefers-color-scheme: dark) {\n  .section")[0])
    )
    style = (
        f"<style>{rules}\n.sky {{ fill: #ffffff; }} .depth {{ font: 600 20px 'DejaVu Sans'; fill: #1b1a18; }}</style>"
    )
    drawn = str(banner.draw(days, reached, alt)).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return drawn.replace("<defs>", f"{style}<defs>", 1)


def _guarded(deck: Deck, action: Callable[[], Any]) -> Any:
    """``action()``; what Typst has against it becomes one line with file and line."""
    import typst

    try:
        return action()
    except typst.TypstError as error:
        # The diagnostic lists places innermost first, "┌─ some/folders/slides.typ:12:3"; the author's own line is the
        # first that lies in the deck, even where the theme is what complained.
        places = re.findall(r"┌─ (?:.*[/\\])?([^/\\\n]+\.typ):(\d+):\d+", error.diagnostic)
        lines = [int(line) for name, line in places if name == deck.path.name]
        hints = "".join(f" ({hint})" for hint in error.hints[:1])
        place = f" [{places[0][0]}:{places[0][1]}]" if places and not lines else ""
        raise CourseError(f"{error.message}{hints}{place}", file=deck.path, line=lines[0] if lines else None) from None


def _hold_to_sections(deck: Deck, slides: Sequence[Slide]) -> None:
    """Every section that a slide names must exist in the notebook."""
    for slide in slides:
        if slide.heading is not None and slide.url is None:
            lines = deck.path.read_text(encoding="utf-8").splitlines()
            line = next((number for number, text in enumerate(lines, 1) if slide.heading in text), None)
            message = f"the slide {slide.title!r} points to {slide.heading!r}, which is no heading of {slide.part}.py"
            raise CourseError(message, file=deck.path, line=line)


def write_pages(folder: Path, deck: Deck, pages: Mapping[int, bytes]) -> None:
    """Write page images as ``DECK-01.png`` and so on."""
    for number, page in pages.items():
        write_atomically(folder / f"{deck.name}-{number:02d}.png", page)
