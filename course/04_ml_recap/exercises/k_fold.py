"""Cut data into folds that keep every well whole."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    core=True,
    hints=(
        "First number the wells 0, 1, 2, ... in ascending order, whatever they are called: `unique` can also return, for each sample, the "
        "position of its well in the sorted list.",
        "A well's position, modulo k, is its fold. For fold i the validation samples are those with that number, the training samples all "
        "others; `nonzero` turns a mask into indices.",
    ),
)


@exercise.cases
def cases():
    yield Case(torch.tensor([7, 7, 2, 9]), 2).named("wells 7, 7, 2, 9 and two folds")
    yield Case(torch.tensor([0, 0, 0, 1, 2, 2, 3]), 2).named("four wells of different length, two folds")
    yield Case(torch.tensor([4, 8, 15, 4, 16, 8, 23, 42, 15, 4]), 3).named("wells out of order, three folds")
    yield Case(torch.arange(10) // 2, 5).named("five wells, five folds")
    yield Case(torch.tensor([5, 3, 3, 5, 1, 6, 6, 6, 1]), 4).named("four wells, four folds")


exercise.edit(
    "by_number",
    "fold = rank % k",
    "fold = groups % k",
    "You took the wells' numbers as they are. They need not be 0, 1, 2, ...: with wells 4, 8 and 16, say, all land in one fold. Use the "
    "position of each well in the ascending list.",
)
exercise.edit(
    "trains_on_everything",
    "(fold != i)",
    "(fold >= 0)",
    "Your training indices hold the validation samples as well. The whole point of a fold is that it was not trained on.",
)
exercise.edit(
    "swapped",
    "((fold != i).nonzero().flatten(), (fold == i).nonzero().flatten())",
    "((fold == i).nonzero().flatten(), (fold != i).nonzero().flatten())",
    "The pair is in the other order: (train, validation). As it is, you train on one fold and validate on the rest.",
)
exercise.edit(
    "masks",
    "((fold != i).nonzero().flatten(), (fold == i).nonzero().flatten())",
    "(fold != i, fold == i)",
    "You return masks, True and False for every sample. They select the same samples, but the exercise asks for indices (int64), which say how "
    "many there are and in which order.",
)
exercise.edit(
    "column_of_indices",
    "((fold != i).nonzero().flatten(), (fold == i).nonzero().flatten())",
    "((fold != i).nonzero(), (fold == i).nonzero())",
    "nonzero() returns one row for each sample, shape (M, 1). Indexing with it adds an axis to whatever you index: flatten it to (M,).",
)


@exercise.mistake(
    "You cut the list of wells into runs of neighbours: the first wells in fold 0, the next in fold 1. That keeps wells whole, but where "
    "neighbours in number are neighbours in the field it leaves a whole corner out; the exercise deals them out like cards."
)
def runs_of_wells(groups, k):
    wells, rank = groups.unique(return_inverse=True)
    fold = rank * k // len(wells)
    return [((fold != i).nonzero().flatten(), (fold == i).nonzero().flatten()) for i in range(k)]


exercise.edit(
    "a_fold_for_each_well",
    "rank % k",
    "rank",
    "Well number i goes to fold i, and the wells beyond the first k are in no fold. After the k-th the next one goes to fold 0 again: the rank modulo k.",
)
exercise.edit(
    "dealt_from_the_end",
    "rank % k",
    "(rank.max() - rank) % k",
    "You dealt the wells in descending order. The first fold gets the well with the lowest number.",
)
exercise.edit(
    "begins_at_fold_one",
    "rank % k",
    "(rank + 1) % k",
    "The first well goes to fold 1. Python counts from 0: the first goes to fold 0, the k-th to fold k - 1.",
)
exercise.edit(
    "numbers_of_wells_returned",
    "(fold == i).nonzero().flatten())",
    "groups[fold == i])",
    "Your validation part holds the numbers of the wells. Indices are asked: the places of the samples in `groups`.",
)


def folds(fold, k):
    """The pairs of indices when sample n is in fold ``fold[n]``."""
    return [((fold != i).nonzero().flatten(), (fold == i).nonzero().flatten()) for i in range(k)]


@exercise.mistake(
    "You dealt out samples, so every well stands on both sides of every fold. The sample half a metre away is nearly a copy, and your error "
    "would say how well the program remembers, not what it will do in a new well. Deal out whole wells."
)
def samples_dealt(groups, k):
    return folds(torch.arange(len(groups)) % k, k)


@exercise.mistake(
    "You dealt the wells in the order in which they appear. They are dealt in ascending order of their numbers."
)
def dealt_as_they_appear(groups, k):
    names = list(dict.fromkeys(groups.tolist()))
    return folds(torch.tensor([names.index(g) for g in groups.tolist()]) % k, k)


@exercise.alternative
def by_isin(groups, k):
    wells = groups.unique()
    folds = []
    for i in range(k):
        held_out = torch.isin(groups, wells[i::k])
        folds.append((torch.where(~held_out)[0], torch.where(held_out)[0]))
    return folds


@exercise.alternative
def by_loops(groups, k):
    wells = sorted(set(groups.tolist()))
    fold_of = {well: position % k for position, well in enumerate(wells)}
    folds = []
    for i in range(k):
        inside = [n for n, well in enumerate(groups.tolist()) if fold_of[well] == i]
        outside = [n for n, well in enumerate(groups.tolist()) if fold_of[well] != i]
        folds.append((torch.tensor(outside), torch.tensor(inside)))
    return folds
