"""The author's page: what it shows is an exercise that verifies, and a program with bugs that is planted as it says."""

import re
from pathlib import Path

from coursekit.exercises.loading import load_whole
from coursekit.exercises.verify import prove
from coursekit.project import find_project
from tests.coursekit.conftest import write_course

PAGE = (find_project(Path(__file__)).root / "docs" / "author_an_exercise.md").read_text("utf-8")
HEADER = """\
# ---
# title: "Tiny"
# objectives: [average]
# prerequisites: []
# minutes: {cpu: 1, gpu: 1}
# data: []
# ---

# %%
import torch
from torch import Tensor
from torch.nn import functional as F

from dlmodule.checking import checks

check = checks("01_tiny")

# %% [markdown]
# ## Traces

"""
BUGGY = '''\
# %% [markdown]
# ### Exercise 1.2: find the bug

# %%
def find_the_bug(z, y, optimiser):
    """One step."""
    ### BEGIN SOLUTION
    for _ in range(1):
        optimiser.zero_grad()
        F.cross_entropy(z, y).backward()
    ### END SOLUTION

# %%
check(find_the_bug)
'''


def code_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_example_verifies(tmp_path: Path) -> None:
    """Source and exercise file, copied from the page into a course, pass `course verify`."""
    source, exercise, _ = code_blocks()
    project = write_course(tmp_path, {"morning": HEADER + source}, {"moving_mean": exercise})
    proof = prove(project, "01_tiny", "moving_mean")
    assert proof.problems == []
    assert (proof.solution, proof.stub) == ("right", "not started")


def test_the_bugs_of_the_page_are_planted(tmp_path: Path) -> None:
    """The two bugs of the page fit into a program, and make the sentence that the page quotes when a third is added."""
    source, exercise, bugs = code_blocks()
    third = 'exercise.bug("later", "range(1)", "range(2)", "Twice.")\n'
    head = exercise[: exercise.index("@exercise.cases")]
    project = write_course(
        tmp_path, {"morning": HEADER + source + BUGGY}, {"moving_mean": exercise, "find_the_bug": head + bugs + third}
    )
    sentences = [mistake.sentence for mistake in load_whole(project, "01_tiny", "find_the_bug").mistakes]
    quoted = re.search(r'"(Two bugs are left: [^"]*)"', PAGE.replace("\n", " "))
    assert quoted is not None
    assert quoted[1] in sentences
