"""The reference run with a short source for every notebook, and things planted that no release may hold; and the lecture
table once more, written down by hand from the module's syllabus: the oracle of the tests of timetable and release.
"""

import shutil
from pathlib import Path

from coursekit.build import build
from coursekit.project import Project
from coursekit.schedule.release_path import Version

ROOT = Path(__file__).parents[2]

# date, folder, session, part, when its solutions come ("" where it has no notebook of its own)
TABLE = [
    ("2022-11-28", "01_DL_module_intro", "01_intro_and_ffns", "morning", "12:00"),
    ("2022-11-28", "01_DL_module_intro", "01_intro_and_ffns", "afternoon", "17:00"),
    ("2022-11-29", "02_PyTorch_part_I", "02_pytorch_1", "morning", "12:00"),
    ("2022-11-29", "02_PyTorch_part_I", "02_pytorch_1", "afternoon", "17:00"),
    ("2022-11-30", "03_PyTorch_part_II", "03_pytorch_2", "morning", "12:00"),
    ("2022-12-01", "04_Recap_ML_concepts", "04_ml_recap", "morning", "12:00"),
    ("2022-12-01", "04_Recap_ML_concepts", "04_ml_recap", "afternoon", "17:00"),
    ("2022-12-02", "05_CNNs_part_I", "05_cnns_1", "morning", "12:00"),
    ("2022-12-02", "05_CNNs_part_I", "05_cnns_1", "afternoon", "17:00"),
    ("2022-12-05", "06_CNNs_part_II", "06_cnns_2", "morning", "10:30"),
    ("2022-12-05", "06_CNNs_part_II", "06_cnns_2", "afternoon", "17:00"),
    ("2022-12-05", "06_Probability", "06_cnns_2", "probability", "12:00"),
    ("2022-12-06", "07_Autoencoders_and_VAEs", "07_vaes", "morning", "12:00"),
    ("2022-12-06", "07_Autoencoders_and_VAEs", "07_vaes", "afternoon", "17:00"),
    ("2022-12-07", "08_GANs", "08_gans", "morning", "12:00"),
    ("2022-12-07", "08_GANs", "08_gans", "additional", "12:00"),
    ("2022-12-08", "09_Diffusion_models", "09_diffusion", "morning", "12:00"),
    ("2022-12-08", "09_Diffusion_models", "09_diffusion", "afternoon", "17:00"),
    ("2022-12-09", "10_RNNs_LSTMs", "10_rnns", "morning", "12:00"),
    ("2022-12-09", "10_RNNs_LSTMs", "10_rnns", "afternoon", ""),
    ("2022-12-12", "11_NLP", "11_nlp", "morning", "12:00"),
    ("2022-12-12", "11_NLP", "11_nlp", "additional", "12:00"),
    ("2022-12-12", "11_NLP", "11_nlp", "afternoon", ""),
    ("2022-12-13", "12_Transformers", "12_transformers", "morning", "17:00"),
    ("2022-12-13", "12_Transformers", "12_transformers", "afternoon", ""),
    ("2022-12-14", "13_Deep_RL", "13_deep_rl", "morning", "12:00"),
    ("2022-12-15", "14_State_of_the_art_DL", "14_state_of_the_art", "morning", "12:00"),
    ("2022-12-15", "14_State_of_the_art_DL", "14_state_of_the_art", "afternoon", ""),
    ("2022-12-16", "15", "15_revision", "morning", "12:00"),
    ("2022-12-16", "15", "15_revision", "afternoon", ""),
]
# Slides are given on these days, with the part named.
DECKS = {("06_cnns_2", "probability"): "probability", ("07_vaes", "morning"): "vaes", ("10_rnns", "morning"): "rnns"}

# The 45 links of the reference run, spelling included, each with the part it belongs to.
LINKS: list[tuple[str, str, Version, str]] = [
    (
        "01_intro_and_ffns",
        "afternoon",
        "student",
        "01_DL_module_intro/01_DL_module_intro_afternoon/01_Intro_Colab_and_FFNs_afternoon_exercises.ipynb",
    ),
    (
        "01_intro_and_ffns",
        "afternoon",
        "solutions",
        "01_DL_module_intro/01_DL_module_intro_afternoon/01_Intro_Colab_and_FFNs_afternoon_solutions.ipynb",
    ),
    (
        "01_intro_and_ffns",
        "morning",
        "student",
        "01_DL_module_intro/01_DL_module_intro_morning/01_Intro_Colab_and_FFNs_morning.ipynb",
    ),
    (
        "02_pytorch_1",
        "afternoon",
        "student",
        "02_PyTorch_part_I/02_PyTorch_part_I_afternoon/02_Pytorch_for_Deep_Learning_aftenoon_exercise.ipynb",
    ),
    (
        "02_pytorch_1",
        "afternoon",
        "solutions",
        "02_PyTorch_part_I/02_PyTorch_part_I_afternoon/02_Pytorch_for_Deep_Learning_aftenoon_exercise_solutions.ipynb",
    ),
    (
        "02_pytorch_1",
        "morning",
        "solutions",
        "02_PyTorch_part_I/02_PyTorch_part_I_morning/02_Pytorch_for_Deep_Learning_pt1.ipynb",
    ),
    (
        "02_pytorch_1",
        "morning",
        "student",
        "02_PyTorch_part_I/02_PyTorch_part_I_morning/02_Pytorch_for_Deep_Learning_pt1_code_along.ipynb",
    ),
    (
        "03_pytorch_2",
        "morning",
        "solutions",
        "03_PyTorch_part_II/03_PyTorch_part_II_morning/03_Pytorch_for_Deep_Learning_pt2.ipynb",
    ),
    (
        "03_pytorch_2",
        "morning",
        "student",
        "03_PyTorch_part_II/03_PyTorch_part_II_morning/03_Pytorch_for_Deep_Learning_pt2_code_along.ipynb",
    ),
    (
        "04_ml_recap",
        "afternoon",
        "student",
        "04_Recap_ML_concepts/04_Recap_ML_concepts_afternoon/04_Recap_ML_concepts_afternoon_exercises.ipynb",
    ),
    (
        "04_ml_recap",
        "afternoon",
        "solutions",
        "04_Recap_ML_concepts/04_Recap_ML_concepts_afternoon/04_Recap_ML_concepts_afternoon_solutions.ipynb",
    ),
    (
        "04_ml_recap",
        "morning",
        "student",
        "04_Recap_ML_concepts/04_Recap_ML_concepts_morning/04_Recap_ML_concepts_morning_codealong.ipynb",
    ),
    (
        "04_ml_recap",
        "morning",
        "solutions",
        "04_Recap_ML_concepts/04_Recap_ML_concepts_morning/04_Recap_ML_concepts_morning_solutions.ipynb",
    ),
    (
        "05_cnns_1",
        "afternoon",
        "student",
        "05_CNNs_part_I/05_CNNs_part_I_afternoon/05_CNNs_part_I_afternoon_exercises.ipynb",
    ),
    (
        "05_cnns_1",
        "afternoon",
        "solutions",
        "05_CNNs_part_I/05_CNNs_part_I_afternoon/05_CNNs_part_I_afternoon_solutions.ipynb",
    ),
    ("05_cnns_1", "morning", "student", "05_CNNs_part_I/05_CNNs_part_I_morning/05_CNNs_part_I_morning_codealong.ipynb"),
    (
        "05_cnns_1",
        "morning",
        "solutions",
        "05_CNNs_part_I/05_CNNs_part_I_morning/05_CNNs_part_I_morning_solutions.ipynb",
    ),
    (
        "06_cnns_2",
        "afternoon",
        "student",
        "06_CNNs_part_II/06_CNNs_part_II_afternoon/06_CNNs_part2_afternoon_exercises.ipynb",
    ),
    (
        "06_cnns_2",
        "afternoon",
        "solutions",
        "06_CNNs_part_II/06_CNNs_part_II_afternoon/06_CNNs_part2_afternoon_solutions.ipynb",
    ),
    ("06_cnns_2", "morning", "student", "06_CNNs_part_II/06_CNNs_part_II_morning/06_CNNs_part2_morning.ipynb"),
    ("06_cnns_2", "probability", "slides", "06_Probability/06_Probability_morning/06_Probability.pdf"),
    (
        "07_vaes",
        "afternoon",
        "student",
        "07_Autoencoders_and_VAEs/07_Autoencoders_and_VAEs_afternoon/07_VAEs_afternoon_Exercise.ipynb",
    ),
    (
        "07_vaes",
        "afternoon",
        "solutions",
        "07_Autoencoders_and_VAEs/07_Autoencoders_and_VAEs_afternoon/07_VAEs_afternoon_Solution.ipynb",
    ),
    (
        "07_vaes",
        "morning",
        "student",
        "07_Autoencoders_and_VAEs/07_Autoencoders_and_VAEs_morning/07_VAEs_morning_Exercise.ipynb",
    ),
    (
        "07_vaes",
        "morning",
        "solutions",
        "07_Autoencoders_and_VAEs/07_Autoencoders_and_VAEs_morning/07_VAEs_morning_Solution.ipynb",
    ),
    (
        "07_vaes",
        "morning",
        "slides",
        "07_Autoencoders_and_VAEs/07_Autoencoders_and_VAEs_morning/07_VAEs_theory_lecture.pdf",
    ),
    ("08_gans", "additional", "student", "08_GANs/08_GANs_additional_material/08_GANs_WGAN_GP_exercise.ipynb"),
    ("08_gans", "additional", "solutions", "08_GANs/08_GANs_additional_material/08_GANs_WGAN_GP_solution.ipynb"),
    ("08_gans", "morning", "student", "08_GANs/08_GANs_morning/08_GANs_morning_codealong.ipynb"),
    ("08_gans", "morning", "solutions", "08_GANs/08_GANs_morning/08_GANs_morning_solutions.ipynb"),
    (
        "09_diffusion",
        "afternoon",
        "student",
        "09_Diffusion_models/09_Diffusion_models_afternoon/09_Diffusion_models_afternoon_exercises.ipynb",
    ),
    (
        "09_diffusion",
        "afternoon",
        "solutions",
        "09_Diffusion_models/09_Diffusion_models_afternoon/09_Diffusion_models_afternoon_solutions.ipynb",
    ),
    (
        "09_diffusion",
        "morning",
        "student",
        "09_Diffusion_models/09_Diffusion_models_morning/09_Diffusion_models_morning_codealong.ipynb",
    ),
    (
        "09_diffusion",
        "morning",
        "solutions",
        "09_Diffusion_models/09_Diffusion_models_morning/09_Diffusion_models_morning_solutions.ipynb",
    ),
    ("10_rnns", "morning", "slides", "10_RNNs_LSTMs/10_RNNs_LSTMs_morning/10_RNNs_LSTMs.pdf"),
    ("10_rnns", "morning", "student", "10_RNNs_LSTMs/10_RNNs_LSTMs_morning/10_RNNs_LSTMs_morning.ipynb"),
    ("10_rnns", "morning", "solutions", "10_RNNs_LSTMs/10_RNNs_LSTMs_morning/10_RNNs_LSTMs_morning_solutions.ipynb"),
    ("11_nlp", "morning", "student", "11_NLP/11_NLP_morning/11_NLP_morning_theory.ipynb"),
    ("11_nlp", "additional", "student", "11_NLP/11_NLP_morning/11_NLP_sentiment-analysis-with-glove_exercise.ipynb"),
    ("11_nlp", "additional", "solutions", "11_NLP/11_NLP_morning/11_NLP_sentiment-analysis-with-glove_solution.ipynb"),
    (
        "12_transformers",
        "morning",
        "student",
        "12_Transformers/12_Transformers_morning/12_Transformers_morning_codealong.ipynb",
    ),
    (
        "12_transformers",
        "morning",
        "solutions",
        "12_Transformers/12_Transformers_morning/12_Transformers_morning_solutions.ipynb",
    ),
    ("13_deep_rl", "morning", "student", "13_Deep_RL/13_Deep_RL_morning/13_Deep_RL_morning.ipynb"),
    ("13_deep_rl", "morning", "solutions", "13_Deep_RL/13_Deep_RL_morning/13_Deep_RL_morning_solutions.ipynb"),
    (
        "14_state_of_the_art",
        "morning",
        "student",
        "14_State_of_the_art_DL/14_State_of_the_art_DL_morning/14_State_of_the_art_in_DL.ipynb",
    ),
]

SOURCE = '''\
# ---
# title: "TITLE_{session}_{part}"
# objectives: ["OBJECTIVE_{session}_{part}"]
# minutes: {{cpu: 1}}
# ---

# %%
from dlmodule.checking import checks

check = checks("{session}")

# %% [markdown]
# ## Exercises
# ### Exercise: {part}_double

# %%
def {part}_double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return x + x  # SOLUTION_{session}_{part}
    ### END SOLUTION

# %%
check({part}_double)
'''

EXERCISE = '''\
"""Twice a number."""

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    title="Double {session}_{part}", difficulty=1, minutes=5, move_on=10, hints=("CANARY_hint", "again"), part="{part}"
)


@exercise.cases
def cases():
    yield Case(2.0)


@exercise.mistake("CANARY_sentence")
def canary_mistake(x):
    return x * x * x
'''


def write(root: Path) -> Project:
    """The course below ``root``, built; keys, decks and package are short stand-ins that name themselves."""
    project = Project(root)
    project.course.mkdir(parents=True)
    shutil.copy(ROOT / "course" / "syllabus.toml", project.syllabus)
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, root / name)
    for _, _, session, part, solutions in TABLE:
        if solutions:
            _put(project.course / session / f"{part}.py", SOURCE.format(session=session, part=part))
            text = EXERCISE.format(session=session, part=part)
            _put(project.course / session / "exercises" / f"{part}_double.py", text)
            _put(project.build / "keys" / f"{session}.safetensors", f"KEY_{session}")
    for (session, _), deck in DECKS.items():
        _put(project.course / session / f"{deck}.typ", "CANARY_deck_source")
        _put(project.build / "slides" / session / f"{deck}.pdf", f"DECK_{session}")
        _put(project.build / "slides" / session / f"{deck}_notes.md", f"# NOTES_{session}\n")
    _put(root / "src/dlmodule/__init__.py", '"""What learners import."""\n')
    _put(root / "src/dlmodule/open/home.css", "body {}\n")
    canaries = (
        "course/coursework_1/private_demo/hidden_cases.py", "course/coursework_1/rubric.toml", "course/ledger.toml.part",
        "private/scheme.toml", "src/coursekit/mark.py", "src/dlmodule/.notes/idea.py", "src/dlmodule/__pycache__/x.py",
        "src/dlmodule/dump.pt", "build/executed/05_cnns_1/05_cnns_1_morning_solutions.ipynb", "build/cache/keys/x.py",
        "tests/answers.py", ".env", "workspace/mine.ipynb",
    )  # fmt: skip
    for name in canaries:
        _put(root / name, "CANARY_planted")
    problems = build(project, keys=False).problems
    assert not problems, problems[0]
    return project


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
