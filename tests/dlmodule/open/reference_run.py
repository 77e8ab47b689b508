"""The reference run of the module as a built course: fifteen days as course.json says them, notebooks for some of the parts."""

import json
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dlmodule.checking import Case, probes
from dlmodule.checking.collect.run import gather
from dlmodule.checking.key import ExerciseKey, save

LONDON = ZoneInfo("Europe/London")
MORNING, AFTERNOON = (time(9), time(12)), (time(14), time(17))
EXERCISES = {
    ("05_cnns_1", "morning"): [
        ("edge_kernels", "Kernels that see edges", 1, 5),
        ("cross_correlate", "Cross-correlation", 2, 15),
        ("output_size", "The size of what comes out", 2, 10),
        ("conv_block", "A convolutional block", 3, 20),
    ],
    ("05_cnns_1", "afternoon"): [("train_lenet", "Train LeNet", 3, 40), ("receptive_field", "Receptive field", 4, 25)],
    ("04_ml_recap", "afternoon"): [("ridge", "Ridge regression", 2, 20)],
}
MEASURED = {"metric": "accuracy", "bar": 0.452, "higher": True, "percent": True, "rehearsal": "84.4 % ± 3.5 (10 seeds)",
            "full": ["glyphs: 99.05 % ± 0.06 (3 seeds)"]}  # fmt: skip
# day, date, title, session, folder, [(part, kind, hours, versions, title)]
DAYS: list[tuple[int, str, str, str, str, list[tuple[str, str, tuple[time, time], str, str]]]] = [
    (1, "2022-11-28", "DL module intro", "01_intro", "01_DL_module_intro",
     [("morning", "lecture", MORNING, "sv", "Introduction, Colab and feed-forward networks"),
      ("afternoon", "exercises", AFTERNOON, "sv", "A network from nothing")]),
    (2, "2022-11-29", "PyTorch part I", "02_pytorch_1", "02_PyTorch_part_I",
     [("morning", "code-along", MORNING, "sv", "Tensors and gradients"), ("afternoon", "exercises", AFTERNOON, "sv", "")]),
    (3, "2022-11-30", "PyTorch part II", "03_pytorch_2", "03_PyTorch_part_II",
     [("morning", "code-along", MORNING, "sv", "Modules, data and training loops")]),
    (4, "2022-12-01", "Recap ML concepts", "04_ml_recap", "04_Recap_ML_concepts",
     [("morning", "code-along", MORNING, "sv", "Generalisation, bias and variance"),
      ("afternoon", "exercises", AFTERNOON, "sv", "Regularisation at work")]),
    (5, "2022-12-02", "CNNs part I", "05_cnns_1", "05_CNNs_part_I",
     [("morning", "code-along", MORNING, "sv", "Convolutional neural networks, part I: what a 3x3 kernel sees"),
      ("afternoon", "exercises", AFTERNOON, "svd", "Convolutional networks that read seismic sections")]),
    (6, "2022-12-05", "CNNs part II", "06_cnns_2", "06_CNNs_part_II",
     [("morning", "lecture", (time(9), time(10, 30)), "sv", "Deeper: residual connections and transfer"),
      ("afternoon", "exercises", AFTERNOON, "sv", "")]),
    (6, "2022-12-05", "Probability for DL", "06_cnns_2", "06_Probability",
     [("probability", "slides", (time(10, 30), time(12)), "d", "Probability for deep learning")]),
    (7, "2022-12-06", "Autoencoders and VAEs", "07_vaes", "07_Autoencoders_and_VAEs",
     [("morning", "lecture", MORNING, "svd", "Autoencoders and the evidence lower bound"),
      ("afternoon", "exercise", AFTERNOON, "sv", "")]),
    (8, "2022-12-07", "GANs", "08_gans", "08_GANs",
     [("morning", "code-along", MORNING, "sv", "Two networks at play"),
      ("additional", "additional material", MORNING, "sv", "WGAN-GP")]),
    (9, "2022-12-08", "Diffusion models", "09_diffusion", "09_Diffusion_models",
     [("morning", "code-along", MORNING, "sv", "From noise to data"), ("afternoon", "exercises", AFTERNOON, "sv", "")]),
    (10, "2022-12-09", "RNNs and LSTMs", "10_rnns", "10_RNNs_LSTMs",
     [("morning", "lecture", MORNING, "svd", "Networks with memory"), ("afternoon", "coursework 1", AFTERNOON, "", "")]),
    (11, "2022-12-12", "NLP", "11_nlp", "11_NLP",
     [("morning", "lecture", MORNING, "s", "Words as vectors"), ("afternoon", "exercise", AFTERNOON, "sv", "Sentiment")]),
    (12, "2022-12-13", "Transformers", "12_transformers", "12_Transformers",
     [("morning", "lecture and exercise", (time(9), time(17)), "sv", "Attention, and everything built on it")]),
    (13, "2022-12-14", "Deep RL", "13_deep_rl", "13_Deep_RL",
     [("morning", "lecture", MORNING, "sv", "Agents that learn from reward")]),
    (14, "2022-12-15", "State of the art DL", "14_state_of_the_art", "14_State_of_the_art_DL",
     [("morning", "lecture", MORNING, "sv", "Where the field stands"), ("afternoon", "review session", AFTERNOON, "", "")]),
    (15, "2022-12-16", "Q&A", "15_qa", "15",
     [("morning", "questions and answers", MORNING, "", ""), ("afternoon", "coursework 2", AFTERNOON, "", "")]),
]  # fmt: skip
COURSEWORK = "notebooks/coursework_1/coursework_1_notebook.ipynb"
BUILT = ("01_intro", "04_ml_recap", "05_cnns_1", "06_cnns_2", "12_transformers")


def iso(day: str, hour: time) -> str:
    """A wall-clock time in London with its offset."""
    return datetime.combine(date.fromisoformat(day), hour, LONDON).isoformat()


def facts() -> dict[str, Any]:
    """What course.json says of the reference run."""
    return {
        "title": "DL_module: Deep Learning (PyTorch)",
        "objective": "A solid foundation in the basic principles of deep learning: the fundamental concepts, building blocks "
        "and mathematical methods used in most modern applications, as a preparation for a professional career in the field.",
        "outcome": "From “pour the data into this big pile of linear algebra and stir” to understanding complex network "
        "architectures such as the Transformer: how and why they work, and when to use them.",
        "contents": ["introduction to PyTorch and recap of ML", "feed-forward networks", "CNNs", "probability for DL",
                     "generative models: VAEs, GANs, diffusion models", "RNNs and LSTMs", "NLP", "transformers",
                     "deep reinforcement learning", "state of the art"],
        "timezone": "Europe/London",
        "self_paced": True,
        "repository": {"owner": "ese-msc-2022", "name": "DL_module", "branch": "main", "tag": "v0.1.0"},
        "colab": "All coding can be done in Google Colab, or on your own computer in Jupyter.",
        "references": [
            {"day": 5, "authors": "LeCun et al.", "title": "Gradient-based learning applied to document recognition",
             "year": 1998, "doi": "10.1109/5.726791", "arxiv": None},
            {"day": 12, "authors": "Vaswani et al.", "title": "Attention is all you need", "year": 2017, "doi": None, "arxiv": "1706.03762"},
            {"day": 9, "authors": "Bishop", "title": "Pattern recognition and machine learning", "year": 2006, "doi": None, "arxiv": None},
        ],
        "onward": [{"title": "Dive into Deep Learning", "url": "https://d2l.ai", "why": "Every model, as code that runs."}],
        "team": [{"name": "Lluis Guasch", "role": "module coordinator"}]
        + [{"name": name, "role": ""} for name in ("Debbie Pelacani Cruz", "Carlos Cueto", "George Strong", "Oscar Bates",
                                                   "Vinicius Santos Silva", "Amin Nadimy", "Siyi Li", "Thomas Davison")],
        "primers": [
            {"kind": "video", "title": "3Blue1Brown: but what is a neural network?", "url": "https://www.youtube.com/watch?v=aircAruvnKk"},
            {"kind": "video", "title": "3Blue1Brown: gradient descent", "url": "https://www.youtube.com/watch?v=IHZwWFHWa-w"},
            {"kind": "video", "title": "Bayes theorem", "url": "https://www.youtube.com/watch?v=HZGCoVF3YvM"},
            {"kind": "book", "title": "Bishop, Pattern Recognition and Machine Learning (2006)", "url": None},
            {"kind": "book", "title": "Goodfellow, Bengio, Courville, Deep Learning", "url": "https://www.deeplearningbook.org"},
        ],
        "assessments": [
            {"id": "coursework_1", "title": "Coursework 1", "format": "four days", "release_at": iso("2022-12-09", time(14)),
             "due_at": iso("2022-12-12", time(20)), "weight": 0.5, "notebook": COURSEWORK},
            {"id": "coursework_2", "title": "Coursework 2", "format": "three hours, in class", "release_at": iso("2022-12-16", time(14)),
             "due_at": iso("2022-12-16", time(17)), "weight": 0.5},
        ],
        "days": [_day(*day) for day in DAYS],
    }  # fmt: skip


def _day(number: int, when: str, title: str, session: str, folder: str, parts: list[Any]) -> dict[str, Any]:
    return {
        "day": number, "date": when, "weekday": f"{date.fromisoformat(when):%a}", "title": title, "session": session,
        "folder": folder, "meeting": "https://meetings.example.org/5" if number == 5 else None,
        "parts": [_part(session, when, *part) for part in parts],
    }  # fmt: skip


def _part(
    session: str, when: str, part: str, kind: str, hours: tuple[time, time], versions: str, title: str
) -> dict[str, Any]:
    built = session in BUILT
    stem = f"notebooks/{session}/{session}_{part}"
    student = f"{stem}.ipynb" if built and "s" in versions else None
    return {
        "part": part, "kind": kind, "start": iso(when, hours[0]), "end": iso(when, hours[1]), "title": title, "note": "Colab set-up in class" if session == "03_pytorch_2" else None,
        "release_at": iso(when, time(8)), "solutions_at": iso(when, hours[1]), "student": student,
        "solutions": f"{stem}_solutions.ipynb" if built and "v" in versions else None,
        "slides": f"slides/{session}/{part}.pdf" if built and "d" in versions else None,
        "colab": f"https://colab.research.google.com/github/ese-msc-2022/DL_module/blob/main/{student}" if student else None,
        "objectives": ["compute a cross-correlation by hand, with loops and with one matrix product"] if built else [],
        "minutes": {"study": 180},
        "terms": [{"name": "feature map", "says": "What it finds, place by place, is a feature map $y_{ij}$."}] if part == "morning" and built else [],
        "letters": [{"letter": "$x, y$", "meaning": "image and output", "shape": "`(N, C, H, W)`"}] if part == "morning" and built else [],
        "exercises": [
            {"name": name, "title": text, "difficulty": level, "minutes": minutes, "core": level < 4,
             **({"measured": MEASURED} if name == "train_lenet" else {})}
            for name, text, level, minutes in EXERCISES.get((session, part), [])
        ],
    }  # fmt: skip


def notebook(*cells: tuple[str, str, str]) -> dict[str, Any]:
    """A notebook of (id, kind, source) cells, as Jupyter writes it."""
    made = []
    for identity, kind, source in cells:
        cell: dict[str, Any] = {"cell_type": kind, "id": identity, "metadata": {}, "source": source}
        made.append({**cell, "execution_count": None, "outputs": []} if kind == "code" else cell)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def cells_of(session: str, part: str, title: str) -> dict[str, Any]:
    """A short notebook with one real exercise: give the number of days as a value."""
    return notebook(
        ("title", "markdown", f"# {title}\n\n## To practise"),
        ("check", "code", f'from dlmodule.checking import checks\n\ncheck = checks("{session}")'),
        ("exercise", "markdown", "### Exercise 5.1: Kernels that see edges"),
        ("answer", "code", "edge_kernels = ..."),
        ("judge", "code", 'check("edge_kernels", edge_kernels)'),
        ("last", "markdown", f"The end of the {part}."),
    )


def key() -> ExerciseKey:
    """The key of that exercise, recorded from its right answer."""
    cases, probe = [Case()], probes.value()
    return ExerciseKey("05_cnns_1", "edge_kernels", "Kernels that see edges", "morning", "value", 5, 9, ("a", "b"),
                       probe, cases, gather(15, cases, probe, limit=5.0))  # fmt: skip


def write(build: Path) -> Path:
    """Write the built course to ``build``; returns its course.json."""
    course = facts()
    for day in course["days"]:
        for part in day["parts"]:
            for version in ("student", "solutions"):
                if part[version]:
                    target = build / part[version]
                    target.parent.mkdir(parents=True, exist_ok=True)
                    content = cells_of(day["session"], part["part"], part["title"] or day["title"])
                    target.write_text(json.dumps(content, indent=1), encoding="utf-8")
            if part["slides"]:
                target = build / part["slides"]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(b"%PDF-1.4\n%%EOF\n")
                notes = f"# NOTES_{day['session']}_{part['part']}\n\nWhat is said to the slides.\n"
                target.with_name(f"{target.stem}_notes.md").write_text(notes, encoding="utf-8")
    (build / COURSEWORK).parent.mkdir(parents=True)
    (build / COURSEWORK).write_text(json.dumps(cells_of("coursework_1", "notebook", "Coursework 1"), indent=1), "utf-8")
    (build / "calendar.ics").write_text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", encoding="utf-8")
    save(build / "keys" / "05_cnns_1.safetensors", [key()])
    path = build / "course.json"
    path.write_text(json.dumps(course, indent=1), encoding="utf-8")
    return path
