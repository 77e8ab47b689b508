"""Keep the best epoch, and stop when it has grown old."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=10,
    move_on=18,
    core=True,
    hints=(
        "A for loop over `epochs` that remembers three things: the best state, its epoch, its loss. After each epoch, compare the age of the best with patience.",
        "Clone every tensor of the state that you keep. The age of the best is the number of this epoch minus that of the best; break before the loop asks for another.",
    ),
)


@exercise.probe
def probe(candidate, case):
    losses, patience = case.args[0], case.kwargs["patience"]
    trained = []

    def train():
        """One live parameter: after epoch e (from 0) it holds e + 1 everywhere."""
        live = {"weight": torch.zeros(2, 2), "bias": torch.zeros(2)}
        for loss in losses:
            for value in live.values():
                value += 1
            trained.append(loss)
            yield live, loss

    state, best_epoch, run = candidate(train(), patience=patience)
    return {
        "best epoch": int(best_epoch),
        "epochs run": int(run),
        "epochs trained": len(trained),
        "state": {name: torch.as_tensor(value).detach().clone() for name, value in state.items()},
    }


@exercise.cases
def cases():
    yield Case([3.0, 2.0, 2.5, 2.6, 2.7, 1.0], patience=2).named("val_loss 3, 2, 2.5, 2.6, 2.7, 1 with patience 2")
    yield Case([3.0, 2.0, 1.0], patience=2).named("val_loss 3, 2, 1: it ends before patience does")
    yield Case([3.0, 3.5, 2.0, 2.5, 1.5, 1.6, 1.7, 1.8], patience=3).named("improvements after setbacks, patience 3")
    yield Case([2.0, 9.0, 5.0, 4.0, 3.0, 1.0], patience=3).named("a setback that heals slowly, patience 3")
    yield Case([1.0, 2.0, 0.5], patience=1).named("patience 1")
    yield Case([2.0, 2.0, 2.0, 2.0, 1.0], patience=3).named("a level loss, patience 3: equal is no better")
    yield Case([-1.0, -3.0, -2.0, -2.5, -3.5], patience=4).named("negative losses, as a log-likelihood may have")


exercise.equivalent("0 -> 1", "the first epoch is always the best so far and sets its own number")
exercise.equivalent(".detach(...) dropped", "the tensors of a state_dict are detached already")

exercise.edit(
    "not_cloned",
    "value.detach().clone()",
    "value",
    "You returned the last state. If you meant to keep the best: its tensors are the live parameters and went on training, so what you return is the last epoch's. Clone them.",
)
exercise.edit(
    "equal_is_better",
    "val_loss < best_loss",
    "val_loss <= best_loss",
    "An equal loss counts as an improvement with you, so on a plateau you never stop. Only a strictly lower one is better.",
)


@exercise.mistake(
    "You count all epochs without improvement, and not those since the best: the count must begin again at each improvement."
)
def never_resets(epochs, *, patience):
    best, best_epoch, best_loss, bad, run = {}, 0, float("inf"), 0, 0
    for state, val_loss in epochs:
        if val_loss < best_loss:
            best, best_epoch, best_loss = {k: v.clone() for k, v in state.items()}, run, val_loss
        else:
            bad += 1
        run += 1
        if bad >= patience:
            break
    return best, best_epoch, run


@exercise.mistake(
    "You stop one epoch late: stop as soon as the best is `patience` epochs old, not when it is older than that."
)
def one_too_many(epochs, *, patience):
    return early_stopping(epochs, patience=patience + 1)


@exercise.mistake(
    "You trained all epochs first (a list of them, perhaps) and looked for the best afterwards. Nothing was saved: asking for an item trains an epoch, so stop asking."
)
def trains_everything(epochs, *, patience):
    everything = [({k: v.clone() for k, v in state.items()}, val_loss) for state, val_loss in epochs]
    return early_stopping(everything, patience=patience)


@exercise.mistake(
    "You compare with the epoch before and not with the best so far. A loss that rises high and falls a little would count as improving."
)
def against_the_last(epochs, *, patience):
    best, best_epoch, last, run = {}, 0, float("inf"), 0
    for state, val_loss in epochs:
        if val_loss < last:
            best, best_epoch = {k: v.clone() for k, v in state.items()}, run
        last = val_loss
        run += 1
        if run - 1 - best_epoch >= patience:
            break
    return best, best_epoch, run


exercise.edit(
    "one_too_few",
    ">= patience",
    ">= patience - 1",
    "You stop one epoch too early. The best loss may become `patience` epochs old: with patience 2 two epochs without an improvement.",
)
exercise.edit(
    "counted_from_one",
    "return best_state, best_epoch, run",
    "return best_state, best_epoch + 1, run",
    "You count the best epoch from 1. It is counted from 0.",
)
exercise.edit(
    "last_index_not_count",
    "return best_state, best_epoch, run",
    "return best_state, best_epoch, run - 1",
    "The last number is one too small: you return the number of the last epoch, counted from 0, where the count of epochs run is asked.",
)
exercise.edit(
    "highest_is_best",
    ("val_loss < best_loss", "math.inf"),
    ("val_loss > best_loss", "-math.inf"),
    "You keep the highest loss. A loss is the better the lower it is.",
)
exercise.edit(
    "never_stops",
    ">= patience",
    ">= 10**9",
    "You never stop: all epochs are run, whatever `patience` says. Leave the loop as soon as the best loss is `patience` epochs old.",
)
exercise.edit(
    "asked_before_stopping",
    ("        run += 1\n        if run - 1 - best_epoch >= patience:\n            break",),
    ("        if run - best_epoch > patience:\n            break\n        run += 1",),
    "You ask for one epoch more and then do not use it: it has been trained. Decide at the end of the loop's body, before the next item is asked for.",
)
exercise.edit(
    "loss_not_epoch",
    "return best_state, best_epoch, run",
    "return best_state, best_loss, run",
    "The second of your values is the best loss. The number of its epoch is asked, counted from 0.",
)


@exercise.alternative
def counts_the_waiting(epochs, *, patience):
    import copy

    best, best_loss, waited, run = None, None, 0, 0
    for epoch, (state, val_loss) in enumerate(epochs):
        run = epoch + 1
        if best_loss is None or val_loss < best_loss:
            best, best_loss, waited = (copy.deepcopy(state), epoch), val_loss, 0
            continue
        waited += 1
        if waited == patience:
            break
    return best[0], best[1], run


@exercise.alternative
def with_an_iterator(epochs, *, patience):
    iterator, losses, kept = iter(epochs), [], {}
    while True:
        try:
            state, val_loss = next(iterator)
        except StopIteration:
            break
        losses.append(float(val_loss))
        best = losses.index(min(losses))
        if best == len(losses) - 1:
            kept = {name: tensor.detach().clone() for name, tensor in state.items()}
        if len(losses) - 1 - best == patience:
            break
    return kept, losses.index(min(losses)), len(losses)
