"""A classifier whose score depends on the batch, whose first word is padding, and which evaluates with dropout: three planted bugs."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=15,
    hints=(
        "Take the symptoms in order. What changes if a batch holds one long text? Which number does the alphabetically first word have? What differs between two evaluations?",
        "Look at three lines: the one that numbers the words, the one that averages, and the one after the training.",
    ),
)

TRAIN = (
    "bad core",
    "a good core",
    "bad bad map , sadly",
    "good map",
    "a good good core indeed",
    "bad core , a bad map",
)
LABELS = torch.tensor([0, 1, 0, 1, 1, 0])


@exercise.cases
def cases():
    # The answer draws its weights in float32: they differ by a last digit from processor to processor.
    yield (
        Case(TRAIN, LABELS, ("good core", "bad map")).within(atol=1e-5).named("six reports to learn from, two to judge")
    )
    yield (
        Case(TRAIN, LABELS, ("a map", "good", "bad core , a very bad and long map"), epochs=25, seed=1)
        .within(atol=1e-5)
        .named("texts of one to eight words")
    )
    yield (
        Case(TRAIN[::-1], LABELS.flip(0), (", indeed", "a a a"), epochs=12, lr=0.5, seed=2)
        .within(atol=1e-5)
        .named("signs and the first word")
    )


exercise.bug(
    "divided_by_the_longest", "/ real.sum(1)", "/ x.shape[1]",
    "One bug is left, the first symptom: the sum is divided by the length of the longest text, so a text's score depends on its batch.",
    left="the score depends on the batch",
)  # fmt: skip
exercise.bug(
    "first_word_is_padding", "word: k + 2 for", "word: k for",
    "One bug is left, the second symptom: numbers begin at 0, which is padding. The first word has no vector, and the second is every unknown word.",
    left="the first word has no effect",
)  # fmt: skip
exercise.bug(
    "dropout_left_on", "dropout.eval()", "dropout.train()",
    "One bug is left, the third symptom: dropout is still on while the test texts are judged.",
    left="two evaluations differ",
)  # fmt: skip


def program(train, y, test, epochs, lr, seed, scaled):
    words = sorted({word for text in train for word in text.split()})
    number = dict(zip(words, range(2, len(words) + 2), strict=True))
    longest = max(len(text.split()) for text in (*train, *test))

    def encoded(texts):
        rows = [[number.get(word, 1) for word in text.split()] for text in texts]
        return torch.tensor([row + [0] * (longest - len(row)) for row in rows])

    torch.manual_seed(seed)
    embedding = nn.Embedding(len(number) + 2, 8, padding_idx=0).double()
    dropout, head = nn.Dropout(0.3), nn.Linear(8, 2).double()
    optimiser = torch.optim.SGD([*embedding.parameters(), *head.parameters()], lr=lr)
    x = encoded(train)
    for _ in range(epochs):
        optimiser.zero_grad()
        F.cross_entropy(head(dropout(scaled(embedding, x))), y).backward()
        optimiser.step()
    with torch.no_grad():
        return head(scaled(embedding, encoded(test)))


@exercise.alternative
def mask_as_weight(train, y, test, *, epochs=20, lr=1.0, seed=0):
    def mean(embedding, x):
        weight = (x > 0).double()
        return torch.einsum("nt,ntd->nd", weight / weight.sum(1, keepdim=True), embedding(x))

    return program(train, y, test, epochs, lr, seed, mean)


@exercise.alternative
def text_by_text(train, y, test, *, epochs=20, lr=1.0, seed=0):
    def mean(embedding, x):
        return torch.stack([embedding(row[row != 0]).mean(0) for row in x])

    return program(train, y, test, epochs, lr, seed, mean)
