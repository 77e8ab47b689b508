"""Which epoch was the best, and is it old enough to stop?"""

import math

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Walk through the losses once, and remember two things: the record, and the epoch that set it.",
        "Begin with infinity as the record: then the first epoch needs no special case, and nan fails the comparison by itself. How many "
        "epochs have come after the best?",
    ),
)


@exercise.cases
def cases():
    yield Case([3.0, 2.0, 2.5], 2).named("one epoch after the best, patience 2")
    yield Case([3.0, 2.0, 2.5, 2.2], 2).named("two epochs after the best, patience 2")
    yield Case([3.0, 2.0, 2.5, 1.9], 2).named("a new record in the last epoch")
    yield Case([2.0, 2.5, 2.4, 2.3], 3).named(
        "the first epoch was the best, and each of the others is better than the one before it"
    )
    yield Case([3.0, 4.0, 2.0, 2.5], 2).named("an epoch without a record before the best and one after it, patience 2")
    yield Case([5.0, 4.0, 4.0, 4.0], 2).named("equal losses")
    yield Case([1.0, 0.95, 0.93, 0.89], 3, 0.1).named(
        "slow progress: only the last is better by more than 0.1 than the record"
    )
    yield Case([1.0, 0.95, 0.93, 0.92], 3, 0.1).named("progress too slow to count")
    yield Case([1.0, 0.75, 0.5], 2, 0.25).named("better by exactly min_delta")
    yield Case([10.0, 9.5, 9.55], 1, 0.1).named("a loss of ten: better by 0.5, then worse by less than min_delta")
    yield Case([2.0, math.nan, 1.5, math.nan], 1).named("nan in between")
    yield Case([math.nan, math.nan], 1).named("never finite")
    yield Case([math.nan, 3.0, 4.0], 5).named("nan first")
    yield Case([-1.0, -2.0, -1.5], 1).named("negative losses")
    yield Case([0.7], 0).named("patience 0")


exercise.edit(
    "ties_count",
    "loss < record - min_delta",
    "loss <= record - min_delta",
    "An epoch that is better by exactly min_delta, or equal to the record where min_delta is 0, counts as better in your answer. It must "
    "be better by *more*.",
)
exercise.edit(
    "forgets_min_delta",
    "loss < record - min_delta",
    "loss < record",
    "min_delta has no effect: every tiny improvement restarts the patience, so a plateau with a little noise is never left.",
)
exercise.edit(
    "one_too_late",
    ">= patience",
    "> patience",
    "You stop one epoch late: with patience 2, two epochs after the best are enough.",
)
exercise.edit(
    "counts_the_best",
    "len(val_loss) - 1 - best",
    "len(val_loss) - best",
    "You count the best epoch itself among those that followed it, and stop one epoch early. After epoch b of n come n - 1 - b others.",
)


@exercise.mistake(
    "You compare each epoch with the one before it, not with the record. A loss that creeps down after a jump upwards looks like progress, "
    "though it is still worse than the best."
)
def against_the_previous(val_loss, patience, min_delta=0.0):
    best, before = 0, math.inf
    for epoch, loss in enumerate(val_loss):
        if loss < before - min_delta:
            best = epoch
        before = loss
    return best, len(val_loss) - 1 - best >= patience


@exercise.mistake(
    "A nan has become the record, or spoilt the minimum: once it is in, every comparison with it is false. Let it fail the comparison "
    "instead."
)
def nan_is_a_record(val_loss, patience, min_delta=0.0):
    best, record = 0, val_loss[0]
    for epoch, loss in enumerate(val_loss):
        if not loss >= record - min_delta:
            best, record = epoch, loss
    return best, len(val_loss) - 1 - best >= patience


@exercise.mistake("You look for the largest loss. That would be right for an accuracy; a loss is to be small.")
def largest(val_loss, patience, min_delta=0.0):
    best, record = 0, -math.inf
    for epoch, loss in enumerate(val_loss):
        if loss > record + min_delta:
            best, record = epoch, loss
    return best, len(val_loss) - 1 - best >= patience


exercise.edit(
    "min_delta_added",
    "record - min_delta",
    "record + min_delta",
    "min_delta has the wrong sign: an epoch counts as better even if it is a little worse. It must lower the record by more than min_delta: loss < record - min_delta.",
)
exercise.edit(
    "min_delta_as_a_share",
    "record - min_delta",
    "record - min_delta * abs(record)",
    "You take min_delta as a share of the record. It is a difference, in the units of the loss: loss < record - min_delta.",
)
exercise.edit(
    "counted_from_one",
    "return best, len",
    "return best + 1, len",
    "You count the best epoch from 1. It is counted from 0.",
)
exercise.edit(
    "counts_all_epochs",
    "len(val_loss) - 1 - best >= patience",
    "len(val_loss) > patience",
    "You compare the number of all epochs with patience. It is the epochs *after the best* that count.",
)


@exercise.mistake(
    "You count all epochs without a record. Only those *after the best* count: a new record sets the count back to 0."
)
def never_set_back(val_loss, patience, min_delta=0.0):
    best, record, waited = 0, math.inf, 0
    for epoch, loss in enumerate(val_loss):
        if loss < record - min_delta:
            best, record = epoch, loss
        else:
            waited += 1
    return best, waited >= patience and (waited > 0 or patience == 0)


@exercise.mistake("You return the last epoch. The best is the one that last set a record.")
def the_last_epoch(val_loss, patience, min_delta=0.0):
    best, record = 0, math.inf
    for epoch, loss in enumerate(val_loss):
        if loss < record - min_delta:
            best, record = epoch, loss
    return len(val_loss) - 1, len(val_loss) - 1 - best >= patience


@exercise.alternative
def by_counting(val_loss, patience, min_delta=0.0):
    best, record, waited = 0, float("inf"), -1
    for epoch in range(len(val_loss)):
        waited += 1
        if record - val_loss[epoch] > min_delta:
            best, record, waited = epoch, val_loss[epoch], 0
    return best, waited >= patience


@exercise.alternative
def by_records(val_loss, patience, min_delta=0.0):
    records = []
    for epoch, loss in enumerate(val_loss):
        if math.isfinite(loss) and (not records or loss < val_loss[records[-1]] - min_delta):
            records.append(epoch)
    best = records[-1] if records else 0
    return best, len(val_loss[best + 1 :]) >= patience
