"""Hide the future."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=4,
    core=True,
    hints=(
        "Draw the square for three tokens first: which entries are True? Then cut its last row off: that is one query and three keys.",
        "torch.ones(..., dtype=torch.bool).tril(k) keeps what lies on and below the k-th diagonal; k > 0 lies above the main one.",
    ),
)


@exercise.cases
def cases():
    yield Case(3).named("three tokens")
    yield Case(2, 4).named("two queries, four keys: the worked example")
    yield Case(1, 5).named("one query, five keys")
    yield Case(1).named("a single token")
    yield Case(3, 7).named("three queries, seven keys")


exercise.edit(
    "look_ahead", "tril(keys - queries)", "tril(keys - queries + 1)",
    "Each query sees one token too many: the very token it has to predict. The loss will be wonderful, and the model useless.",
)  # fmt: skip
exercise.edit(
    "blind_to_itself", "tril(keys - queries)", "tril(keys - queries - 1)",
    "A query does not see its own token, and the first one sees nothing at all: its softmax is NaN. The diagonal is True.",
)  # fmt: skip
exercise.edit(
    "aligned_at_the_top_left", "tril(keys - queries)", "tril()",
    "The triangle begins at the top left. The queries are the last tokens, so with a cache a single query sees every key, not the first alone.",
)  # fmt: skip
exercise.edit(
    "future_only", "tril(keys - queries)", "triu(keys - queries)",
    "Your queries see the future and not the past: the triangle is upside down.",
)  # fmt: skip


@exercise.mistake(
    "The mask is turned round: True means 'may look' here, as in F.scaled_dot_product_attention. nn.MultiheadAttention's True hides."
)
def true_hides(queries, keys=None):
    keys = queries if keys is None else keys
    return torch.ones(queries, keys, dtype=torch.bool).triu(keys - queries + 1)


@exercise.mistake("The mask is made of floats. `~mask` needs a bool, and a float mask would be added to the scores.")
def of_floats(queries, keys=None):
    keys = queries if keys is None else keys
    return torch.ones(queries, keys).tril(keys - queries)


exercise.edit(
    "tokens_counted_from_the_left", "keys - queries)", "queries - keys)",
    "The triangle is moved to the wrong side: there are more keys than queries, so the first query sees keys - queries more.",
)  # fmt: skip
exercise.edit(
    "square", "torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)", "torch.ones(queries, queries, dtype=torch.bool).tril()",
    "Your mask has as many columns as queries. It needs one for each key: (queries, keys).",
)  # fmt: skip
exercise.edit(
    "transposed", "torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)", "torch.ones(keys, queries, dtype=torch.bool).tril(keys - queries).T",
    "Rows and columns changed places: a row belongs to a query, a column to a key.",
)  # fmt: skip


@exercise.mistake(
    "Your mask holds zeros and minus infinity, to be added to the scores. Asked for is a bool: True where a query may look."
)
def to_be_added(queries, keys=None):
    keys = queries if keys is None else keys
    hidden = torch.ones(queries, keys, dtype=torch.bool).triu(keys - queries + 1)
    return torch.zeros(queries, keys).masked_fill(hidden, -torch.inf)


@exercise.alternative
def by_comparing_positions(queries, keys=None):
    keys = keys or queries
    return torch.arange(keys)[None] <= torch.arange(keys - queries, keys)[:, None]


@exercise.alternative
def last_rows_of_the_square(queries, keys=None):
    keys = keys or queries
    return torch.tril(torch.ones(keys, keys)).bool()[keys - queries :]
