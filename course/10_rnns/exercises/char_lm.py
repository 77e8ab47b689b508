"""A language model of words, character by character, and what counting reaches."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import model_facts, seed_facts
from dlmodule.training import fit

exercise = Exercise(
    difficulty=2,
    minutes=12,
    hints=(
        "encode gives the two tensors that fit wants as (x, y). The loss is the default one: it takes (N, V, T) and leaves -100 out.",
        "Seed torch before CharModel is made. All else are arguments of fit: batch size, peak rate, weight decay, schedule, clip, seed.",
    ),
    measured=Measured("nats", higher=False),
)


def syllables(count: int, seed: int) -> list[str]:
    """Words of two or three syllables, a consonant and a vowel each; the vowels of a word are all alike."""
    generator = torch.Generator().manual_seed(seed)
    draw = torch.randint(1000, (count, 5), generator=generator).tolist()
    return ["".join("bdfgklmn"[c % 8] + "aeiou"[row[0] % 5] for c in row[1 : 4 if row[4] % 2 else 3]) for row in draw]


def loss_of(model: nn.Module, words: list[str]) -> float:
    """Mean negative log probability of a character, the end included."""
    longest = max(map(len, words)) + 1
    x, y = torch.zeros(len(words), longest, dtype=torch.long), torch.full((len(words), longest), -100)
    for row, word in enumerate(words):
        codes = torch.tensor([ord(letter) - 96 for letter in word] + [0])
        y[row, : len(codes)], x[row, 1 : len(codes)] = codes, codes[:-1]
    with torch.no_grad():
        return F.cross_entropy(model(x), y).item()


@exercise.probe
def probe(candidate, case):
    model = candidate(syllables(800, 0), epochs=12, hidden=24, lr=0.02, seed=case.seed)
    if not isinstance(model, nn.Module):
        return {"nats": 9.0, "returned": type(model).__name__}
    facts = model_facts(model, torch.zeros(1, 30, dtype=torch.long))
    few = syllables(60, 2)
    # A long word fills the batch with padding; where padding counts, the end becomes too likely after any letter.
    padded = candidate([*syllables(400, 3), "z" * 60], epochs=8, hidden=16, lr=0.02, seed=1).eval()
    with torch.no_grad():
        after = padded(torch.zeros(1, 20, dtype=torch.long)).softmax(1)[0, 0, -1].item()
    return {
        "nats": loss_of(model, syllables(400, 1)),
        **facts,
        **seed_facts(
            lambda seed: torch.tensor(loss_of(candidate(few, epochs=1, hidden=4, seed=seed).eval(), few)), apart=1e-6
        ),
        "padding was learned": after > 0.9,
    }


@exercise.cases
def cases():
    yield Case().named("800 words of two or three syllables, twelve epochs")


exercise.edit(
    "left_in_training_mode", "return model.eval()", "return model.train()",
    "The model comes back in training mode. Its dropout then changes every probability, and each evaluation gives another number.",
)  # fmt: skip
exercise.edit(
    "seed_too_late", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two models: the first weights are drawn when CharModel is made, so torch.manual_seed(seed) has to come before.",
)  # fmt: skip
exercise.edit(
    "rate_ignored", "lr=lr", "lr=1e-5",
    "Does lr reach fit? With a far smaller rate these epochs do not get far.",
)  # fmt: skip


def trained(words, epochs, hidden, lr, seed, x=None, y=None, model=None, **recipe):
    """The training, with the parts that the candidates vary."""
    torch.manual_seed(seed)
    model = model or CharModel(hidden)
    a, b = encode(words)
    recipe = {
        "batch_size": 128,
        "weight_decay": 0.01,
        "schedule": "one_cycle",
        "clip": 1.0,
        "precision": "float32",
        **recipe,
    }
    fit(
        model,
        (a if x is None else x(a, b), b if y is None else y(a, b)),
        epochs=epochs,
        lr=lr,
        seed=seed,
        progress=False,
        **recipe,
    )
    return model.eval()


@exercise.mistake(
    "Padding counts in your loss: the model has learned that after an end comes another end, which is easy and of no use. Leave -100 where it is."
)
def padding_counted(words, *, epochs, hidden=192, lr=5e-3, seed=0):
    return trained(words, epochs, hidden, lr, seed, y=lambda a, b: b.clamp(min=0))


@exercise.mistake(
    "Your target is the input itself, not shifted by one: the model copies what it reads. Its training loss is near zero, and it predicts nothing."
)
def not_shifted(words, *, epochs, hidden=192, lr=5e-3, seed=0):
    return trained(words, epochs, hidden, lr, seed, y=lambda a, b: a.masked_fill(b == -100, -100))


@exercise.alternative
def cosine_schedule(words, *, epochs, hidden=192, lr=5e-3, seed=0):
    return trained(words, epochs, hidden, lr, seed, schedule="cosine")


@exercise.alternative
def own_loss(words, *, epochs, hidden=192, lr=5e-3, seed=0):
    def loss_fn(logits, y):
        p = logits.log_softmax(1).gather(1, y.clamp(min=0)[:, None])[:, 0]
        return -p[y >= 0].mean()

    return trained(words, epochs, hidden, lr, seed, loss_fn=loss_fn)


def measure(solution, words, seed):
    """Train on 80 % of the different words; nats a character on 10 %, beside interpolated counts of five characters."""
    words = sorted({w for w in words if w.isascii() and w.isalpha() and w.islower() and len(w) > 1})
    order, tenth = torch.randperm(len(words), generator=torch.Generator().manual_seed(0)).tolist(), len(words) // 10
    train, test = [words[i] for i in order[2 * tenth :]], [words[i] for i in order[:tenth]]
    nats, counting = loss_of(solution(train, epochs=10, seed=seed), test), ngram_nats(train, test)
    return {"nats": nats, "counting": counting, "gain": counting - nats}


@exercise.ledger("names", seeds=3)
def names(solution, seed):
    return measure(solution, data.given_names(), seed)


@exercise.ledger("manual", seeds=3)
def manual(solution, seed):
    return measure(solution, data.python_reference().split(), seed)
