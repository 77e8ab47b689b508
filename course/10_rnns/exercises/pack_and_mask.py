"""Sequences of unequal length through an LSTM, each as if it were alone."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import waves

exercise = Exercise(
    difficulty=2,
    minutes=10,
    hints=(
        "Three things need the lengths: the packing, the mask, and the unpacking, which has kept them for you.",
        "Pad, pack with enforce_sorted=False, run. The layer's own h is then each sequence's true last state. A mask compares an arange over time with the lengths as a column.",
    ),
)


@exercise.probe
def probe(candidate, case):
    sequences = [s.clone() for s in case.args[0]]
    torch.manual_seed(2)
    lstm = nn.LSTM(sequences[0].shape[1], 3, batch_first=True, dtype=torch.float64)
    outputs, last, mask = candidate(lstm, sequences)
    return {"outputs": outputs.detach(), "last": last.detach(), "mask": mask}


@exercise.cases
def cases():
    yield Case([waves(1, 1, start=1), waves(3, 1, start=1)]).named("two sequences, of one and of three steps")
    yield Case([waves(3, 2, start=1), waves(5, 2, start=1), waves(1, 2, start=1), waves(4, 2, start=1)]).named(
        "four sequences in no order"
    )
    yield Case([waves(2, 2, start=1), 2 * waves(2, 2, start=1)]).named("equal lengths")
    yield Case([waves(4, 3, start=1)]).named("one sequence alone")
    silence = torch.zeros(2, 2, dtype=torch.float64)
    yield Case([torch.cat([waves(2, 2, start=1), silence]), torch.cat([silence[:1], waves(1, 2, start=1)])]).named(
        "real steps that are zero"
    )


exercise.edit(
    "batch_axis_lost", "h[0], mask", "h, mask",
    "The last states are (1, N, H): take the layer's axis away.",
)  # fmt: skip
exercise.edit(
    "mask_one_too_long", "torch.arange(int(lengths.max())) < lengths[:, None]", "torch.arange(int(lengths.max())) <= lengths[:, None]",
    "Your mask is one step too long. Steps count from 0, so step `length` is already padding.",
)  # fmt: skip
exercise.edit(
    "mask_of_padding", "torch.arange(int(lengths.max())) < lengths[:, None]", "torch.arange(int(lengths.max())) >= lengths[:, None]",
    "Your mask is true on the padding. It should be true on real steps.",
)  # fmt: skip


@exercise.mistake(
    "You take the output at the last column. For a short sequence that is the state after its padding, or zero."
)
def last_column(lstm, sequences):
    lengths = torch.tensor([len(s) for s in sequences])
    outputs = lstm(pad_sequence(sequences, batch_first=True))[0]
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    return outputs * mask[..., None], outputs[:, -1], mask


@exercise.mistake(
    "The padding goes through the layer: outputs after the end are not zero, and the last state is one after padding. Pack first."
)
def not_packed(lstm, sequences):
    lengths = torch.tensor([len(s) for s in sequences])
    outputs, (h, _) = lstm(pad_sequence(sequences, batch_first=True))
    return outputs, h[0], torch.arange(int(lengths.max())) < lengths[:, None]


@exercise.mistake(
    "You sorted the sequences by length for packing and did not put them back: the rows belong to other sequences now."
)
def sorted_and_left(lstm, sequences):
    ordered = sorted(sequences, key=len, reverse=True)
    lengths = torch.tensor([len(s) for s in ordered])
    outputs, (h, _) = lstm(pack_padded_sequence(pad_sequence(ordered, batch_first=True), lengths, batch_first=True))
    return pad_packed_sequence(outputs, batch_first=True)[0], h[0], torch.arange(int(lengths.max())) < lengths[:, None]


@exercise.mistake(
    "Your mask is false on a real step whose numbers are all zero. Only the lengths say what is padding; a silent step is data."
)
def mask_by_zeros(lstm, sequences):
    lengths = torch.tensor([len(s) for s in sequences])
    padded = pad_sequence(sequences, batch_first=True)
    outputs, (h, _) = lstm(pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False))
    return pad_packed_sequence(outputs, batch_first=True)[0], h[0], (padded != 0).any(2)


exercise.edit(
    "cells_returned", "outputs, (h, _) = lstm(", "outputs, (_, h) = lstm(",
    "Your last states are the cell states. The layer returns (h, c); h is asked.",
)  # fmt: skip
exercise.edit(
    "last_column_of_zeros", "h[0], mask", "pad_packed_sequence(outputs, batch_first=True)[0][:, -1], mask",
    "You take the last column of the unpacked outputs. For a short sequence that is padding, all zeros; h has each sequence's own last state.",
)  # fmt: skip
exercise.edit(
    "lengths_returned", "h[0], mask", "h[0], lengths",
    "You return the lengths. A mask has one entry for each step, (N, T), true on real ones.",
)  # fmt: skip


@exercise.alternative
def each_alone(lstm, sequences):
    alone = [lstm(s[None])[0][0] for s in sequences]
    mask = pad_sequence([torch.ones(len(s), dtype=torch.bool) for s in sequences], batch_first=True)
    return pad_sequence(alone, batch_first=True), torch.stack([states[-1] for states in alone]), mask


@exercise.alternative
def masked_and_gathered(lstm, sequences):
    lengths = torch.tensor([len(s) for s in sequences])
    outputs = lstm(pad_sequence(sequences, batch_first=True))[0]
    mask = lengths.unsqueeze(1) > torch.arange(outputs.shape[1])
    return outputs.masked_fill(~mask[..., None], 0), outputs[torch.arange(len(sequences)), lengths - 1], mask
