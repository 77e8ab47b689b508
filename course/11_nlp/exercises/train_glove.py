"""Train word vectors, and look at their neighbours."""

import torch
from torch.nn import functional as F

from dlmodule import data
from dlmodule.checking import Case, Exercise, Measured

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Four parameters: two tables of shape (V, D), two biases of shape (V,). Each pair (i, k) picks a row of each.",
        "torch.randperm(number of pairs).split(batch_size) gives the batches of one epoch. Pick i, k and the counts with it, call glove_loss, and make an ordinary step. The counts are float64, the parameters float32.",
    ),
    measured=Measured("separation"),
)


def groups(vocab_size: int, seed: int) -> torch.Tensor:
    """Counts (V, V) of words of four groups, which stand beside words of their own group six times as often; a few pairs never occur."""
    generator = torch.Generator().manual_seed(seed)
    group = torch.arange(vocab_size) % 4
    rate = torch.rand(vocab_size, generator=generator, dtype=torch.float64) * 4 + 0.5
    mean = rate[:, None] * rate * torch.where(group[:, None] == group, 6.0, 1.0)
    upper = torch.poisson(mean, generator=generator).triu()
    return upper + upper.triu(1).T


@exercise.probe
def probe(candidate, case):
    vocab_size = 60
    vectors = candidate(groups(vocab_size, 0), dim=8, epochs=60, lr=0.02, batch_size=512, seed=case.seed)
    if not isinstance(vectors, torch.Tensor) or vectors.shape != (vocab_size, 8):
        return {
            "separation": -1.0,
            "shape": list(getattr(vectors, "shape", [])),
            "detached": True,
            "same seed, same vectors": True,
            "another seed, another start": True,
        }
    unit = F.normalize(vectors.detach().double(), dim=1)
    cosine, group = unit @ unit.T, torch.arange(vocab_size) % 4
    same = (group[:, None] == group) & ~torch.eye(vocab_size, dtype=torch.bool)
    few = groups(12, 1)
    a, b, c = (candidate(few, dim=3, epochs=1, lr=0.001, batch_size=64, seed=seed).detach() for seed in (5, 5, 6))
    return {
        "separation": (cosine[same].mean() - cosine[group[:, None] != group].mean()).item(),
        "shape": list(vectors.shape),
        "detached": not vectors.requires_grad,
        "same seed, same vectors": bool((a == b).all()),
        "another seed, another start": bool((a != c).any()),
    }


@exercise.cases
def cases():
    yield Case().named("60 words of four groups, sixty epochs")


exercise.edit(
    "seed_too_late", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two results. Call torch.manual_seed(seed) before you draw the tables.",
)  # fmt: skip
exercise.edit(
    "graph_returned", ".detach()", "",
    "Your vectors still hang on the graph of the training. Detach them: they are data from now on.",
)  # fmt: skip
exercise.edit(
    "rate_ignored", "lr=lr", "lr=1e-5",
    "Does lr reach the optimiser? With a far smaller rate the vectors stay near where they were drawn.",
)  # fmt: skip
exercise.edit(
    "context_row_of_the_centre", "vectors[1][b]", "vectors[1][a]",
    "The context vector is picked by the centre word. A pair (i, k) takes row i of the first table and row k of the second.",
)  # fmt: skip
exercise.edit(
    "counts_of_other_pairs", "counts[batch])", "counts[: len(batch)])",
    "The counts do not belong to the pairs of the batch: pick them with the same indices as i and k.",
)  # fmt: skip


def parts(x, dim, seed):
    """Two tables, two biases, and the pairs that occur."""
    torch.manual_seed(seed)
    tables = [((torch.rand(len(x), dim) - 0.5) / dim).requires_grad_() for _ in range(2)]
    biases = [torch.zeros(len(x), requires_grad=True) for _ in range(2)]
    return tables, biases, x.nonzero()


@exercise.alternative
def with_adagrad(x, *, dim=25, epochs=60, lr=0.02, batch_size=4096, seed=0):
    (w, c), (b, d), pairs = parts(x, dim, seed)
    optimiser = torch.optim.Adagrad([w, c, b, d], lr=5 * lr)
    for _ in range(epochs):
        for rows in pairs[torch.randperm(len(pairs))].split(batch_size):
            i, k = rows.T
            optimiser.zero_grad()
            glove_loss(w[i], c[k], b[i], d[k], x[i, k].float()).backward()
            optimiser.step()
    return w.detach() + c.detach()


@exercise.alternative
def whole_matrix(x, *, dim=25, epochs=60, lr=0.02, batch_size=4096, seed=0):
    (w, c), (b, d), pairs = parts(x, dim, seed)
    optimiser = torch.optim.Adam([w, c, b, d], lr=lr)
    weight, target = (x / 100).clamp(max=1).pow(0.75).float(), x.clamp(min=1e-9).log().float()
    for _ in range(epochs * -(-len(pairs) // batch_size)):
        loss = (weight * (w @ c.T + b[:, None] + d - target).square()).sum() / len(pairs)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        return w + c


GOOD_BAD = {
    "rock": ("fresh instructive intact striking unweathered beautiful", "weathered broken overgrown featureless crumbling inaccessible dull"),
    "data": ("clean coherent convincing consistent", "noisy patchy misleading aliased inconsistent"),
    "gear": ("accurate sturdy dependable stable", "fragile inaccurate clumsy faulty temperamental"),
    "trip": ("helpful punctual inspiring efficient worthwhile enjoyable clear", "chaotic unhelpful late tedious wasteful pointless confusing exhausting"),
}  # fmt: skip


@exercise.ledger("field_reports", seeds=5)
def field_reports(solution, seed):
    """Vectors of the field reports: how often the nearest adjective has the same topic, and the same sign; rows of counts beside them."""
    sentences = [tokenise(text) for text in data.field_reports().texts]
    vocab = build_vocab(sentences)
    x = cooccurrence([torch.tensor([vocab[word] for word in sentence]) for sentence in sentences], len(vocab), 5)
    words = [
        (word, topic, sign)
        for topic, pair in GOOD_BAD.items()
        for sign, group in zip("+-", pair, strict=True)
        for word in group.split()
    ]
    rows = torch.tensor([vocab[word] for word, _, _ in words])

    def agreement(vectors):
        unit = F.normalize(vectors[rows], dim=1)
        near = (unit @ unit.T).fill_diagonal_(-2).argmax(1).tolist()
        pairs = [(words[k], words[other]) for k, other in enumerate(near)]
        return sum(a[1] == b[1] for a, b in pairs) / len(pairs), sum(a[2] == b[2] for a, b in pairs) / len(pairs)

    topic, sign = agreement(solution(x, seed=seed))
    count_topic, count_sign = agreement(x)
    return {"topic": topic, "sign": sign, "count_topic": count_topic, "count_sign": count_sign}
