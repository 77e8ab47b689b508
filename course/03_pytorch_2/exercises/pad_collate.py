"""Sequences of unequal length in one batch: fill up, and mark what is filling."""

import torch
from torch.nn.utils.rnn import pad_sequence

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=8,
    move_on=15,
    hints=(
        "Make the two full tensors first, of the size of the longest sequence, filled with what padding is; then copy each sequence in.",
        "new_zeros and new_full keep dtype and device of the example they are called on; the first T_n places of row n then take sequence n.",
    ),
)


def sequences(*lengths: int, features: int = 2, seed: int = 0) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """One pair (x (T, features) float64, y (T,) int64) for each length."""
    generator = torch.Generator().manual_seed(seed)
    return [
        (
            torch.randn(T, features, generator=generator, dtype=torch.float64),
            torch.randint(0, 5, (T,), generator=generator),
        )
        for T in lengths
    ]


@exercise.cases
def cases():
    one = (torch.tensor([[1.0], [2.0]]), torch.tensor([3, 4]))
    two = (torch.tensor([[5.0]]), torch.tensor([1]))
    yield Case([one, two]).named("two samples and one sample")
    yield Case([two, one]).named("the shorter first")
    yield Case(sequences(3, 5, 1, features=3)).named("three beds, three logs, float64")
    yield Case(sequences(4, features=2, seed=1)).named("a batch of one")
    yield Case(sequences(2, 2, 2, 2, seed=2)).named("equal lengths: nothing to pad")


exercise.equivalent("int(...) dropped", "a size may be a tensor of one integer")
exercise.edit(
    "labels_padded_with_zero",
    "(N, T), -100",
    "(N, T), 0",
    "The rocks are padded with 0, and 0 is sandstone: the loss would teach the network that filling is sandstone. Use -100, which "
    "F.cross_entropy leaves out.",
)
exercise.edit(
    "logs_padded_too",
    "batch[0][0].new_zeros(N, T, D)",
    "batch[0][0].new_full((N, T, D), -100)",
    "The logs are padded with -100. That mark belongs to the targets; among the inputs it is a huge number that a network would notice.",
)


@exercise.mistake(
    "The filling stands in front. It is asked for behind, so that sample t of a sequence is entry t of its row, whatever the batch."
)
def padded_in_front(batch):
    T = max(len(y) for _, y in batch)
    x = torch.stack([torch.cat([one.new_zeros(T - len(one), one.shape[1]), one]) for one, _ in batch])
    y = torch.stack([torch.cat([one.new_full((T - len(one),), -100), one]) for _, one in batch])
    return x, y, torch.tensor([len(one) for _, one in batch])


@exercise.mistake(
    "Everything is cut to the shortest of the batch. Nothing needs padding then, but the deeper part of every longer bed is thrown away."
)
def cut_to_the_shortest(batch):
    T = min(len(y) for _, y in batch)
    return (
        torch.stack([x[:T] for x, _ in batch]),
        torch.stack([y[:T] for _, y in batch]),
        torch.tensor([len(y) for _, y in batch]),
    )


@exercise.mistake(
    "Time comes first: your tensors are (T, N, D) and (T, N). That is the default of pad_sequence; ask it for batch_first=True."
)
def time_first(batch):
    x = pad_sequence([x for x, _ in batch])
    y = pad_sequence([y for _, y in batch], padding_value=-100)
    return x, y, torch.tensor([len(y) for _, y in batch])


@exercise.mistake(
    "The batch comes back sorted by length, so its order is no longer that of the sampler: whoever keeps other things about the examples "
    "would now pair them wrongly."
)
def sorted_by_length(batch):
    batch = sorted(batch, key=lambda pair: -len(pair[1]))
    x = pad_sequence([x for x, _ in batch], batch_first=True)
    y = pad_sequence([y for _, y in batch], batch_first=True, padding_value=-100)
    return x, y, torch.tensor([len(y) for _, y in batch])


@exercise.mistake("The lengths are all that of the padded batch. They should say how much of each row is real.")
def lengths_of_the_batch(batch):
    x = pad_sequence([x for x, _ in batch], batch_first=True)
    y = pad_sequence([y for _, y in batch], batch_first=True, padding_value=-100)
    return x, y, torch.full((len(batch),), x.shape[1])


@exercise.mistake(
    "Your logs come back as float32 whatever they were. Let the padded tensor take the dtype of the examples (new_zeros)."
)
def always_float32(batch):
    x = pad_sequence([x for x, _ in batch], batch_first=True).float()
    y = pad_sequence([y for _, y in batch], batch_first=True, padding_value=-100)
    return x, y, torch.tensor([len(y) for _, y in batch])


exercise.edit(
    "another_mark",
    "(N, T), -100)",
    "(N, T), -1)",
    "The rocks are padded with -1. F.cross_entropy leaves out the targets that are -100; with -1 it raises an error.",
)
exercise.edit(
    "no_lengths",
    "return x_NTD, y_NT, lengths",
    "return x_NTD, y_NT",
    "The lengths are missing: three things are to come back.",
)
exercise.edit(
    "rocks_first",
    "return x_NTD, y_NT, lengths",
    "return y_NT, x_NTD, lengths",
    "Logs and rocks are exchanged: x comes first.",
)


@exercise.alternative
def by_pad_sequence(batch):
    logs, rocks = zip(*batch, strict=True)
    x = pad_sequence(logs, batch_first=True)
    y = pad_sequence(rocks, batch_first=True, padding_value=-100)
    return x, y, torch.as_tensor([len(one) for one in rocks])


@exercise.alternative
def by_pad(batch):
    pad = torch.nn.functional.pad
    T = max(x.shape[0] for x, _ in batch)
    x = torch.stack([pad(one, (0, 0, 0, T - len(one))) for one, _ in batch])
    y = torch.stack([pad(one, (0, T - len(one)), value=-100) for _, one in batch])
    return x, y, torch.tensor([one.shape[0] for one, _ in batch], dtype=torch.int64)
