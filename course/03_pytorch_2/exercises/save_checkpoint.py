"""All that the next epoch depends on, in one file that is whole at every moment."""

import os
import tempfile
from pathlib import Path

import torch
from torch import nn

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=10,
    move_on=18,
    core=True,
    hints=(
        "Go down the table: six entries of a dictionary, three of them state_dicts, two the states of generators. Then think of a power cut in "
        "the middle of torch.save.",
        "Save to another name in the same folder, path.with_suffix(...) say, and let Path.replace put the finished file in place of the old.",
    ),
)


class Run:
    """A small training in the middle of its life: everything a checkpoint is made of."""

    def __init__(self, seed):
        torch.manual_seed(seed)
        self.model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2))
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=0.1)
        self.scheduler = torch.optim.lr_scheduler.StepLR(self.optimiser, 2)
        self.generator = torch.Generator().manual_seed(seed)
        self.history = []

    def epoch(self):
        for index in torch.randperm(8, generator=self.generator).split(4):
            self.optimiser.zero_grad()
            self.model(torch.randn(len(index), 3)).square().mean().backward()
            self.optimiser.step()
        self.scheduler.step()
        self.history.append(float(len(self.history)) + 0.5)

    def parts(self):
        return self.model, self.optimiser, self.scheduler, self.generator, self.history

    def state(self):
        states = [part.state_dict() for part in (self.model, self.optimiser, self.scheduler)]
        return *states, self.generator.get_state(), torch.random.get_rng_state(), self.history


def same(a, b):
    """Whether two nested states are equal bit for bit."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return isinstance(b, (list, tuple)) and len(a) == len(b) and all(map(same, a, b))
    return a == b


class Interrupted(Exception):
    """The power cut."""


@exercise.probe
def probe(candidate, case):
    seed, epochs = case.args
    with tempfile.TemporaryDirectory(prefix="check-") as name:
        path = Path(name) / "run.pt"
        run = Run(seed)
        own_file, whole_way, quiet = [], [], []
        for _ in range(epochs):
            run.epoch()
            before, place = torch.get_rng_state(), path.stat().st_ino if path.exists() else None
            whole_way.append(saved_with_the_old_file_there(candidate, path, run))
            quiet.append(torch.equal(before, torch.get_rng_state()))
            own_file.append(not path.exists() or path.stat().st_ino != place)
        found = {
            "files": sorted(one.name for one in Path(name).iterdir()),
            "torch's global generator stays where it was": all(quiet),
            "the finished file is moved to its place, not written there": all(own_file),
            "the old file is there until the new one takes its place": all(whole_way),
        }
        try:
            state = torch.load(path, weights_only=True)
        except Exception:
            state = None
        found["holds only data"] = state is not None
        wanted = dict(
            zip(("model", "optimiser", "scheduler", "generator", "torch_rng", "history"), run.state(), strict=True)
        )
        held = state if isinstance(state, dict) else {}
        for key, right in wanted.items():
            found[key] = said_of(right, held[key]) if key in held else "missing"
        found["other keys"] = sorted(set(map(str, held)) - set(wanted))
        save = torch.save

        def interrupted(thing, file, *args, **kwargs):
            target = file if hasattr(file, "write") else Path(file).open("wb")  # noqa: SIM115 - like a power cut
            target.write(b"half a file")
            target.flush()
            if target is not file:
                target.close()
            raise Interrupted

        torch.save = interrupted
        try:
            candidate(path, *run.parts())
        except Interrupted:
            pass
        finally:
            torch.save = save
        try:
            torch.load(path, weights_only=True)
            found["a power cut while saving leaves the old file whole"] = True
        except Exception:
            found["a power cut while saving leaves the old file whole"] = False
    return found


def said_of(right, held):
    """Whether what is held under a key is what belongs there, in a word."""
    if same(right, held):
        return "right"
    return "a number" if isinstance(held, int) else "not this one"


def saved_with_the_old_file_there(candidate, path, run):
    """Save a checkpoint; whether the file at ``path`` is never deleted on the way."""
    deleted, unlink, remove = [], os.unlink, os.remove

    def watched(delete):
        def noted(target, *args, **kwargs):
            deleted.append(Path(target) == path)
            return delete(target, *args, **kwargs)

        return noted

    os.unlink, os.remove = watched(unlink), watched(remove)
    try:
        candidate(path, *run.parts())
    finally:
        os.unlink, os.remove = unlink, remove
    return not any(deleted)


@exercise.cases
def cases():
    yield Case(0, 1).named("after one epoch")
    yield Case(1, 3).named("after three epochs, over an older checkpoint")


exercise.edit(
    "weights_only_saved",
    '        "optimiser": optimiser.state_dict(),\n',
    "",
    "The optimiser's state is missing. Adam would start again with empty running means, and its first steps after the restart would be of the wrong size.",
)
exercise.edit(
    "no_scheduler",
    '        "scheduler": scheduler.state_dict(),\n',
    "",
    "The scheduler's state is missing: after a restart the learning rate would begin its course anew, with a warm-up in the middle of "
    "training.",
)
exercise.edit(
    "no_order",
    '        "generator": generator.get_state(),\n',
    "",
    "The state of the generator is missing, so the examples after the restart come in another order than they would have.",
)
exercise.edit(
    "no_global_generator",
    '        "torch_rng": torch.get_rng_state(),\n',
    "",
    "torch's global generator is missing. Dropout draws from it, so the resumed run would be another run.",
)
exercise.edit(
    "seeds_instead_of_state",
    "generator.get_state()",
    "generator.initial_seed()",
    "You saved the seed that the generator began with. Starting again from it would repeat the order of the first epoch; what is needed is "
    "where it stands now: get_state().",
)
exercise.edit(
    "no_history",
    '        "history": history,\n',
    "",
    "The history is missing: the resumed run would not know which epoch it is, nor which was the best.",
)
exercise.edit(
    "not_atomic",
    "    torch.save(state, unfinished)\n    unfinished.replace(path)",
    "    torch.save(state, path)",
    "You write over the old checkpoint. If the machine dies in the middle, the old one is gone and the new one is half a file: write beside "
    "it, and put it in place with Path.replace.",
)
exercise.edit(
    "copied_not_moved",
    "unfinished.replace(path)",
    "path.write_bytes(unfinished.read_bytes())",
    "Copying the finished file over the old one is itself a write that can be interrupted, and leaves a second file behind. Path.replace puts "
    "it in place in one indivisible act.",
)
exercise.edit(
    "whole_objects",
    '"model": model.state_dict()',
    '"model": model',
    "You saved an object, the model say, where its state belongs. That pickles the path of its class and needs weights_only=False to be read, "
    "which can run any code; save what state_dict() or get_state() returns.",
)
exercise.edit(
    "only_parameters",
    "model.state_dict()",
    "dict(model.named_parameters())",
    "You saved the parameters only. Buffers are missing: the statistics of a batch normalisation, or the mean and spread of our "
    "Standardise. state_dict() has both.",
)


exercise.edit(
    "copied_then_tidied",
    "unfinished.replace(path)",
    "path.write_bytes(unfinished.read_bytes())\n    unfinished.unlink()",
    "Copying the finished file over the old one is itself a write that can be interrupted: then both are lost. Path.replace "
    "puts it in place in one indivisible act.",
)
exercise.edit(
    "old_one_deleted",
    "unfinished.replace(path)",
    "path.unlink(missing_ok=True)\n    unfinished.rename(path)",
    "You delete the old checkpoint before the new one is in its place. If the machine dies in between, there is none. Path.replace needs no "
    "deletion.",
)
exercise.edit(
    "deleted_first",
    "    torch.save(state, unfinished)\n    unfinished.replace(path)",
    "    path.unlink(missing_ok=True)\n    torch.save(state, path)",
    "You delete the old checkpoint and then write the new one. If the machine dies in the middle there is none: write beside it, and put "
    "it in place with Path.replace.",
)
exercise.edit(
    "another_generator",
    "generator.get_state()",
    "torch.Generator().manual_seed(generator.initial_seed()).get_state()",
    "Under `generator` stands the state of another generator, or that of an earlier moment. What is needed is where the given one stands "
    "now: generator.get_state().",
)
exercise.edit(
    "draws_first",
    '"torch_rng": torch.get_rng_state()',
    '"torch_rng": (torch.rand(()), torch.get_rng_state())[1]',
    "Saving changes torch's global generator: something is drawn or seeded on the way. A training that saves would then go on otherwise "
    "than one that does not.",
)
exercise.edit(
    "american_spelling",
    '"optimiser": optimiser',
    '"optimizer": optimiser',
    "A key has another name: the optimiser's state belongs under `optimiser`, with an s, as the text says.",
)
exercise.edit(
    "last_loss_only",
    '"history": history',
    '"history": history[-1:]',
    "Only the end of the history is saved. Its length is the number of the next epoch, and early stopping needs all of it.",
)


def collected(model, optimiser, scheduler, generator, history):
    states = {"model": model, "optimiser": optimiser, "scheduler": scheduler}
    state = {name: thing.state_dict() for name, thing in states.items()}
    return state | {
        "generator": generator.get_state(),
        "torch_rng": torch.random.get_rng_state(),
        "history": list(history),
    }


@exercise.alternative
def by_rename(path, model, optimiser, scheduler, generator, history):
    beside = path.parent / (path.name + ".tmp")
    torch.save(collected(model, optimiser, scheduler, generator, history), beside)
    beside.replace(path)


@exercise.alternative
def by_an_open_file(path, model, optimiser, scheduler, generator, history):
    state = collected(model, optimiser, scheduler, generator, history)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
