"""Values added up where their index says."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=3,
    minutes=5,
    hints=(
        "Entry k of the answer is the sum of the values whose index is k: a sum over n of values_n times something that is 1 or 0.",
        "It is the count of the last puzzle with the values in place of the ones. Mind the dtype of the table.",
    ),
    probe=probes.puzzle(),
)


@exercise.cases
def cases():
    yield Case(row(1, 2, 4), torch.tensor([0, 2, 0]), 3).named("(1, 2, 4) into bins 0, 2 and 0 of three")
    yield Case(noise(6), torch.tensor([4, 1, 1, 0, 4, 1]), 7).named("six values into seven bins")
    yield Case(torch.tensor([5, -6, 7]), torch.tensor([1, 1, 1]), 2).named("three whole numbers into one bin")
    yield Case(noise(9, seed=1), torch.arange(9) * 5 % 4, 4).named("nine values into four bins")
    yield Case(noise(2, 4, seed=2), torch.tensor([2, 0, 2, 1]), 3).named("two rows of four values into three bins")


@exercise.mistake(
    "`index_add` is the whole puzzle. Compare every index with every bin, and let a matrix product add up."
)
def built_in(values, index, size):
    return torch.zeros(*values.shape[:-1], size, dtype=values.dtype).index_add(-1, index, values)


@exercise.mistake(
    "`out[index] += values` writes into a tensor, which a puzzle does not permit, and it is a trap outside of puzzles too: where an index occurs twice, only one of its values is added."
)
def written_by_index(values, index, size):
    out = torch.zeros(*values.shape[:-1], size, dtype=values.dtype)
    out[..., index] += values
    return out


@exercise.mistake(
    "You fetched values[index]; here the values are *sent* to the places that the index names. Gather reads by index, scatter writes by index."
)
def gathered(values, index, size):
    return values[..., index % values.shape[-1]]


@exercise.mistake("You averaged the values of each bin (and made nan of 0/0 in the empty ones); their sum is asked.")
def averaged(values, index, size):
    table = (index[:, None] == torch.arange(size)).to(values.dtype)
    return values @ table / (torch.ones(len(index), dtype=values.dtype) @ table)


@exercise.mistake("You counted what falls into each bin; add up the values instead of ones.")
def counted(values, index, size):
    return torch.ones_like(values) @ (index[:, None] == torch.arange(size)).to(values.dtype)


@exercise.mistake(
    "The table holds True and False, and a matrix product does not mix kinds of number. Give it the dtype of the values."
)
def kinds_of_number_mixed(values, index, size):
    return values @ (index[:, None] == torch.arange(size))


@exercise.mistake(
    "Right for one row of values. With (..., N) the sum runs along the *last* axis, so the values stand on the left: values @ table."
)
def table_on_the_left(values, index, size):
    return (torch.arange(size)[:, None] == index).to(values.dtype) @ values


@exercise.alternative
def a_row_per_bin(values, index, size):
    return values @ (torch.arange(size)[:, None] == index).to(values.dtype).T


@exercise.alternative
def chosen_and_added(values, index, size):
    chosen = torch.where(index[:, None] == torch.arange(size), values[..., None], 0)
    return (torch.ones(1, len(index), dtype=values.dtype) @ chosen)[..., 0, :]
