"""One round of messages along the edges of a graph."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, ramp, row

exercise = Exercise(
    difficulty=2,
    minutes=8,
    hints=(
        "h[source] has one row for each edge. Where does each row have to be added?",
        "index_add along axis 0 adds rows at given places, repeated places included. Begin with zeros of the shape of h.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    one = torch.ones(1, 1, dtype=torch.float64)
    yield Case(row(1, 2, 5)[:, None], torch.tensor([0, 1]), torch.tensor([2, 2]), one, one).named("the worked number")
    yield Case(ramp(4, 2), torch.tensor([0, 1, 1, 3]), torch.tensor([1, 0, 3, 3]), noise(2, 3), noise(2, 3, seed=1)).named("four nodes, one of them alone, one with a loop")  # fmt: skip
    yield Case(noise(3, 3), torch.tensor([0, 0, 2]), torch.tensor([1, 1, 0]), noise(3, 3, seed=1), noise(3, 3, seed=2)).named("an edge that stands twice counts twice")  # fmt: skip
    none = torch.zeros(0, dtype=torch.int64)
    yield Case(noise(2, 3), none, none, noise(3, 2, seed=1), noise(3, 2, seed=2)).named("no edge at all")


exercise.edit(
    "against_the_stream", "index_add(0, target, h[source])", "index_add(0, source, h[target])",
    "Your messages run against the edges: a message goes from source to target.",
)  # fmt: skip
exercise.edit(
    "weights_exchanged", "h @ w_self + total @ w_neighbour", "h @ w_neighbour + total @ w_self",
    "The two weights are exchanged.",
)  # fmt: skip
exercise.edit(
    "self_forgotten", "h @ w_self + total @ w_neighbour", "total @ w_neighbour",
    "A node forgets itself: its own features, times w_self, are missing.",
)  # fmt: skip


@exercise.mistake(
    "Assigning by index keeps one message for each node only. Several edges may end in one node: add them."
)
def last_message_wins(h, source, target, w_self, w_neighbour):
    total = torch.zeros_like(h)
    total[target] = h[source]
    return h @ w_self + total @ w_neighbour


@exercise.mistake("You took the mean of the messages. The sum is asked: flows add up.")
def mean_of_the_messages(h, source, target, w_self, w_neighbour):
    total = torch.zeros_like(h).index_add(0, target, h[source])
    count = torch.bincount(target, minlength=len(h)).clamp(min=1)
    return h @ w_self + total / count[:, None] @ w_neighbour


@exercise.mistake("You added the reversed edges too. These edges have a direction.")
def both_directions(h, source, target, w_self, w_neighbour):
    total = torch.zeros_like(h).index_add(0, target, h[source]).index_add(0, source, h[target])
    return h @ w_self + total @ w_neighbour


exercise.edit(
    "itself_in_the_sum", "torch.zeros_like(h).index_add", "h.index_add",
    "The sum begins with the node's own features. It begins with zero: a node without an incoming edge gets nothing.",
)  # fmt: skip


@exercise.mistake("You took the largest message. The sum is asked: each node adds up its neighbours.")
def largest_message(h, source, target, w_self, w_neighbour):
    total = torch.zeros_like(h).index_reduce(0, target, h[source], "amax", include_self=False)
    return h @ w_self + total @ w_neighbour


@exercise.mistake(
    "An edge that stands twice counts once: a table of zeros and ones does not count. Add a message for each edge."
)
def table_of_neighbours(h, source, target, w_self, w_neighbour):
    table = torch.zeros(len(h), len(h), dtype=h.dtype)
    table[target, source] = 1
    return h @ w_self + table @ h @ w_neighbour


@exercise.alternative
def by_a_matrix(h, source, target, w_self, w_neighbour):
    adjacency = torch.zeros(len(h), len(h), dtype=h.dtype)
    for s, t in zip(source.tolist(), target.tolist(), strict=True):
        adjacency[t, s] += 1
    return h @ w_self + adjacency @ h @ w_neighbour


@exercise.alternative
def edge_by_edge(h, source, target, w_self, w_neighbour):
    total = list(torch.zeros_like(h))
    for s, t in zip(source.tolist(), target.tolist(), strict=True):
        total[t] = total[t] + h[s]
    return h @ w_self + torch.stack(total) @ w_neighbour
