"""``tiny_course``: a whole course small enough to build in milliseconds, written into a temporary folder."""

import textwrap
from pathlib import Path

import pytest

from coursekit.project import Project

MORNING = '''\
# ---
# title: "Tiny: doubling and tripling"
# objectives:
#   - double a number
#   - say what a placeholder is
# prerequisites: [00_before]
# minutes: {cpu: 1, cpu_fp32: 1.5, gpu: 1}
# data: [glyphs]
# ---

# %% [markdown]
# ## A question
# How much is twice as much? The model reaches {ledger: 01_tiny.double.nothing.accuracy}.

# %%
from dlmodule.checking import checks

check = checks("01_tiny")

# %% [markdown]
# ### Exercise 1.1: double
# Return twice the number.

# %%
def double(x: float) -> float:
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
check(double)

# %% [markdown]
# **Predict.** What is twice 21?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
answer = double(21)
print(answer)

# %% [markdown]
# ### Exercise 1.2: the weights

# %%
### BEGIN SOLUTION
half = 0.5
weights = [half, 2 * half]
### END SOLUTION

# %%
check("weights", weights)

# %%
total = sum(weights)
print(f"{total + answer:.2f}")

# %% [markdown]
# ### Exercise 1.3: a counter

# %%
class Counter:
    """Counts calls."""

    def __init__(self) -> None:
        self.calls = 0

    def count(self) -> int:
        """One more call."""
        ### BEGIN SOLUTION
        self.calls += 1
        return self.calls
        ### END SOLUTION

# %%
check(Counter)

# %% [markdown]
# ### Exercise 1.4: find the bug

# %%
def find_the_bug(numbers: list[float]) -> float:
    """The mean of numbers."""
    ### BEGIN SOLUTION
    return sum(numbers) / len(numbers)
    ### END SOLUTION

# %%
check(find_the_bug)

# %%
print(find_the_bug([1.0, 2.0]), Counter().count())

# %% [markdown]
# ## Summary
# Done.
'''

SYLLABUS = """\
title = "A tiny course"
level = "MSc"
department = "Earth Science and Engineering"
weeks = 1
timezone = "Europe/London"
self_paced = true
objective = "Small enough to test."
outcome = "Tested."
contents = ["Doubling"]
assessment = []
primer = []
reference = []
team = [{ name = "Somebody", role = "coordinator" }]

[repository]
owner = "someone"
name = "course"
branch = "main"
tag = "v1.2"

[colab]
service = "Google Colab"
text = "Use Colab or your own computer."

[hours]
morning = { start = 09:00:00, end = 12:00:00 }
afternoon = { start = 14:00:00, end = 17:00:00 }

[release]
material = 08:00:00

[[day]]
date = 2022-11-28
title = "Tiny"
session = "01_tiny"
folder = "01_Tiny"
parts = [
    { part = "morning", kind = "lecture", title = "Doubling" },
    { part = "afternoon", kind = "exercises" },
    { part = "probability", kind = "slides", start = 12:00:00, end = 13:00:00 },
]
"""

EXERCISE = '''\
"""{description}"""

from dlmodule.checking import Case, Exercise, probes

exercise = Exercise(
    title="{title}",
    difficulty={difficulty},
    minutes=5,
    move_on=10,
    hints=("Read the question again.", "Try it with the number 1."),
    part="morning",
    {extra}
)


@exercise.cases
def cases():
{cases}


{answers}
'''


def exercise_file(description: str, title: str, difficulty: int, cases: str, answers: str, extra: str = "") -> str:
    """The text of an exercise file."""
    body = textwrap.indent(textwrap.dedent(cases).strip(), "    ")
    text = EXERCISE.format(
        description=description,
        title=title,
        difficulty=difficulty,
        cases=body,
        answers=textwrap.dedent(answers).strip(),
        extra=extra,
    )
    return text.replace("    \n)", ")")


EXERCISES = {
    "double": exercise_file(
        "Twice a number.",
        "Double",
        1,
        "yield Case(1.0)\nyield Case(3.0)",
        """
        @exercise.mistake("You squared the number.")
        def squared(x):
            return x * x

        @exercise.mistake("You added two.")
        def added(x):
            return x + 2

        @exercise.mistake("You returned the number as it came.")
        def same(x):
            return x

        @exercise.alternative
        def by_sum(x):
            return x + x

        @exercise.alternative
        def by_shift(x):
            return x * 4 / 2
        """,
    ),
    "weights": exercise_file(
        "Two weights, the second twice the first.",
        "The weights",
        2,
        "yield Case()",
        """
        @exercise.mistake("You exchanged the two.", value=True)
        def swapped():
            return [1.0, 0.5]

        @exercise.mistake("The second is twice the first.", value=True)
        def equal():
            return [0.5, 0.5]

        @exercise.mistake("The first is one half.", value=True)
        def scaled():
            return [1.0, 2.0]

        @exercise.alternative(value=True)
        def by_division():
            return [1 / 2, 2 / 2]

        @exercise.alternative(value=True)
        def by_range():
            return [(i + 1) / 2 for i in range(2)]
        """,
        extra="probe=probes.value(),",
    ),
    "Counter": exercise_file(
        "Counts its calls.",
        "A counter",
        3,
        'yield Case().then("count").then("count")',
        """
        @exercise.mistake("The first call counts as one.")
        class FromZero:
            def __init__(self):
                self.calls = -1

            def count(self):
                self.calls += 1
                return self.calls

        @exercise.mistake("It does not go on counting.")
        class Stuck:
            def count(self):
                return 1

        @exercise.mistake("It counts in twos.")
        class Twos:
            def __init__(self):
                self.calls = 0

            def count(self):
                self.calls += 2
                return self.calls

        @exercise.alternative
        class Listing:
            def __init__(self):
                self.all = []

            def count(self):
                self.all.append(1)
                return len(self.all)

        @exercise.alternative
        class Backwards:
            def __init__(self):
                self.left = 0

            def count(self):
                self.left -= 1
                return -self.left
        """,
        extra="probe=probes.script(),",
    ),
    "find_the_bug": exercise_file(
        "The mean, with a bug to find.",
        "Find the bug",
        2,
        "yield Case([1.0, 3.0])\nyield Case([1.0, 2.0, 6.0])",
        """
        @exercise.mistake("You divide by one too few.")
        def one_less(numbers):
            return sum(numbers) / (len(numbers) - 1)

        @exercise.mistake("You take the sum.")
        def summed(numbers):
            return sum(numbers)

        @exercise.mistake("You take the largest.")
        def largest(numbers):
            return max(numbers)

        @exercise.alternative
        def by_statistics(numbers):
            import statistics

            return statistics.fmean(numbers)

        @exercise.alternative
        def by_loop(numbers):
            total = 0.0
            for number in numbers:
                total += number / len(numbers)
            return total
        """,
        extra='starter="""\ndef find_the_bug(numbers: list[float]) -> float:\n    return sum(numbers) / numbers\n""",',
    ),
}


def write_course(root: Path, sources: dict[str, str] | None = None, exercises: dict[str, str] | None = None) -> Project:
    """A course with session 01_tiny below ``root``; ``sources`` maps a part to its text."""
    session = root / "course" / "01_tiny"
    (session / "exercises").mkdir(parents=True)
    (root / "course" / "syllabus.toml").write_text(SYLLABUS, encoding="utf-8")
    for part, text in (sources if sources is not None else {"morning": MORNING}).items():
        (session / f"{part}.py").write_text(text, encoding="utf-8")
    for name, text in (exercises if exercises is not None else EXERCISES).items():
        (session / "exercises" / f"{name}.py").write_text(text, encoding="utf-8")
    return Project(root)


@pytest.fixture
def tiny_course(tmp_path: Path) -> Project:
    """A course of one session, 01_tiny, with one source and four exercises: function, value, class, starter."""
    return write_course(tmp_path / "tiny")
