"""A causal language model."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "It is your Encoder with three changes: learned positions, the causal mask, and a head that is tied to the embedding.",
        "self.apply(start_small) comes before the tying: self.head.weight = self.embedding.weight makes one parameter of two.",
    ),
)


@exercise.probe
def probe(candidate, case):
    """Parameters are filled by their names, so that any order of declaration is right."""
    ids, *sizes = case.args
    torch.manual_seed(0)
    model = candidate(*sizes).double().eval()
    some = torch.arange(4 * sizes[1]).reshape(4, -1) * 7 % sizes[0]
    with torch.no_grad():
        loss = F.cross_entropy(model(some).flatten(0, 1), some.roll(-1, 1).flatten()).item()
        shapes = {}
        for name, parameter in sorted(model.named_parameters()):
            # With tied weights either name may stand for both.
            name = "embedding.weight" if name == "head.weight" and model.head.weight is model.embedding.weight else name
            shapes[name] = list(parameter.shape)
            seed = sum((1 + place) * ord(letter) for place, letter in enumerate(name))
            drawn = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
            parameter.copy_(drawn / (1 if parameter.ndim < 2 else parameter.shape[1] ** 0.5))
        logits = model(ids)
        dropping = candidate(*sizes, dropout=0.5)
        dropped = not torch.equal(dropping(ids), dropping(ids))
    return {
        "parameters": shapes,
        "logits": logits,
        "dropout acts in training": dropped,
        "the first loss is near ln V": abs(loss - math.log(sizes[0])) < 0.1,
    }


@exercise.cases
def cases():
    yield Case(torch.tensor([[1, 2, 0]]), 3, 4, 4, 1, 1).named("three tokens, one block")
    yield Case(torch.tensor([[5, 2, 2, 0, 6], [1, 1, 1, 1, 1]]), 7, 5, 6, 2, 2).named(
        "two texts as long as the context"
    )
    yield Case(torch.tensor([[3], [0]]), 40, 9, 32, 4, 3).named("one token, a vocabulary of forty")


exercise.edit(
    "sees_the_future", "x = block(x, mask)", "x = block(x)",
    "Every token sees the future, the one that it shall predict included. The training loss goes to zero, and samples are nonsense. Pass the causal mask on.",
)  # fmt: skip
exercise.edit(
    "tied_to_large_weights", "        self.apply(start_small)\n", "",
    "The first loss is far above ln V: the embedding has standard deviation 1, and the head shares it. Draw all weights small first.",
)  # fmt: skip
exercise.edit(
    "not_tied", "        self.head.weight = self.embedding.weight\n", "        nn.init.zeros_(self.head.weight)\n",
    "The head has a matrix of its own. Tie it to the embedding: one parameter, two names.",
)  # fmt: skip
exercise.edit(
    "no_positions", " + self.positions(torch.arange(length))", " + 0 * self.positions(torch.arange(length))",
    "The positions are not added to the embedding.",
)  # fmt: skip
exercise.edit(
    "positions_along_the_batch", "self.positions(torch.arange(length))", "self.positions(torch.arange(len(ids)))[:, None]",
    "The positions run along the batch: each text has one, each token of it the same. They belong to axis 1.",
)  # fmt: skip
exercise.edit(
    "positions_by_token", "self.positions(torch.arange(length))", "self.positions(ids.clamp(max=self.positions.num_embeddings - 1))",
    "You looked up the positions of the token numbers. The position is the place in the text: 0, 1, 2, ...",
)  # fmt: skip
exercise.edit(
    "no_last_norm", "self.head(self.norm(x))", "self.head(x)",
    "The norm before the head is missing.",
)  # fmt: skip
exercise.edit(
    "narrow_network", "4 * dim", "dim",
    "The feed-forward networks are D wide inside. The text asks for four times D.",
)  # fmt: skip


exercise.edit(
    "dropout_lost", "4 * dim, dropout)", "4 * dim)",
    "The argument `dropout` does not reach the blocks.",
)  # fmt: skip


exercise.equivalent("arguments of Linear swapped", "the head's own weight is thrown away when it is tied")


class Base(nn.Module):
    """The parts in another order, for the alternatives."""

    def __init__(self, vocab, context, dim=128, heads=4, layers=4, dropout=0.0):
        super().__init__()
        self.head = nn.Linear(dim, vocab, bias=False)
        self.norm = nn.LayerNorm(dim)
        self.blocks = nn.ModuleList([TransformerBlock(dim, heads, 4 * dim, dropout) for _ in range(layers)])
        self.embedding = nn.Embedding(vocab, dim)
        self.positions = nn.Embedding(context, dim)
        self.embedding.weight = self.head.weight
        for part in self.modules():
            start_small(part)


@exercise.alternative
class OtherOrder(Base):
    def forward(self, ids):
        x = self.positions.weight[: ids.shape[1]] + self.embedding(ids)
        for block in self.blocks:
            x = block(x, mask=torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril())
        return self.norm(x) @ self.embedding.weight.T


@exercise.alternative
class TokenByToken(Base):
    def forward(self, ids):
        place = torch.arange(ids.shape[1]).expand_as(ids)
        x = self.embedding(ids) + self.positions(place)
        for block in self.blocks:
            x = block(x, causal_mask(ids.shape[1])[None, None])
        return F.linear(self.norm(x), self.head.weight)
