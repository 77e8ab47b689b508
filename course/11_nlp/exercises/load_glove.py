"""Read vectors from GloVe's text format."""

from pathlib import Path

import torch

from dlmodule.checking import Case, Exercise, TempFile, probes

exercise = Exercise(
    difficulty=2,
    minutes=7,
    core=True,
    hints=(
        "A line has dim numbers at its end. Where do you cut, if the word itself may hold spaces?",
        'rsplit(" ", dim) cuts at most dim times, from the right: the first part is the word, the others are its numbers.',
    ),
    probe=probes.file(),
)

PLAIN = "sand 0.5 -1.25\nclay 2 1e-1\n"
SPACES = ". . . 1 2 3\nrock 0.25 0 -4\nat name 7 8 9\n"
LETTERS = "el\u00a0ni\u00f1o 1.5 2\nco2 -1 0.125\nAsh 5 6\nash 3 4\n"


@exercise.cases
def cases():
    yield Case(TempFile("v.txt"), 2).with_file("v.txt", PLAIN).named("two words of two numbers")
    yield Case(TempFile("v.txt"), 3).with_file("v.txt", SPACES).named("words that hold spaces")
    yield (
        Case(TempFile("v.txt"), 2, {"ash", "clay", "co2", "el\u00a0ni\u00f1o"})
        .with_file("v.txt", LETTERS)
        .named("only some words are wanted")
    )


exercise.edit(
    "split_from_the_left", "line.rsplit(\" \", dim)", "line.split(\" \")",
    "You split at every space: a word that holds spaces is cut, and its second part is no number. Split from the right, dim times.",
)  # fmt: skip
exercise.edit(
    "wanted_ignored", "if wanted is None or word in wanted:", "if True:",
    "You keep every word. With a file of two million words that is a gigabyte: keep those of wanted only, if it is given.",
)  # fmt: skip
exercise.edit(
    "unwanted_kept", "word in wanted:", "word not in wanted:",
    "You keep the words that are not wanted.",
)  # fmt: skip
exercise.edit(
    "one_number_short", "line.rsplit(\" \", dim)", "line.rsplit(\" \", dim - 1)",
    "Your vectors are one number short, and the word has swallowed it: there are dim numbers, so cut dim times.",
)  # fmt: skip


exercise.edit(
    "folded", "line.rsplit", "line.lower().rsplit",
    "You fold the words to lower case. A file may have both forms, with vectors of their own: keep a word as it stands.",
)  # fmt: skip
exercise.edit(
    "first_field_only", "word, *numbers = line.rsplit(\" \", dim)", "word, numbers = line.split(\" \")[0], line.split(\" \")[-dim:]",
    "Of a word that holds spaces you keep the first part. Everything before the last dim fields is the word.",
)  # fmt: skip
exercise.edit(
    "spaces_lost", "word, *numbers = line.rsplit(\" \", dim)", "word, numbers = \"\".join(line.split(\" \")[:-dim]), line.split(\" \")[-dim:]",
    "The spaces inside a word are lost. They belong to it.",
)  # fmt: skip
exercise.edit(
    "alphabetical", "return words, torch.tensor(rows)", "return sorted(words), torch.tensor(rows)",
    "You sorted the words, and the vectors stay in the order of the file. Both follow the file.",
)  # fmt: skip


@exercise.alternative
def by_fields(path, dim, wanted=None):
    words, rows = [], []
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            fields = line.rstrip("\n").split(" ")
            word = " ".join(fields[:-dim])
            if wanted is not None and word not in wanted:
                continue
            words.append(word)
            rows.append(torch.tensor([float(field) for field in fields[-dim:]]))
    return words, torch.stack(rows)


@exercise.alternative
def in_one_go(path, dim, wanted=None):
    lines = [line.rsplit(" ", dim) for line in Path(path).read_text("utf-8").strip("\n").split("\n")]
    lines = [line for line in lines if wanted is None or line[0] in wanted]
    return [line[0] for line in lines], torch.tensor([list(map(float, line[1:])) for line in lines])
