"""A resumed run that is the run: everything back in its place, to the last bit."""

import tempfile
from fractions import Fraction
from pathlib import Path

import torch
from torch import nn

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=8,
    move_on=15,
    core=True,
    hints=(
        "The mirror image of save_checkpoint: for each of the six entries, which method takes it?",
        "load_state_dict for three; set_state for the generator, torch.set_rng_state for the global one; the history is what you return. "
        "torch.load wants map_location and weights_only.",
    ),
)


class Run:
    """A small training with batch normalisation, dropout and a schedule, so that every part of the state matters."""

    def __init__(self, seed):
        torch.manual_seed(seed)
        self.model = nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.Dropout(0.3), nn.Linear(6, 1))
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=0.05)
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimiser, lambda step: 1 / (1 + step))
        self.generator = torch.Generator().manual_seed(seed)
        self.x = torch.randn(12, 3, generator=torch.Generator().manual_seed(5))
        self.order = []

    def parts(self):
        return self.model, self.optimiser, self.scheduler, self.generator

    def epochs(self, count):
        for _ in range(count):
            for index in torch.randperm(12, generator=self.generator).split(4):
                self.order += index.tolist()
                loss = (self.model(self.x[index])[:, 0] - self.x[index].sum(1)).square().mean()
                self.optimiser.zero_grad()
                loss.backward()
                self.optimiser.step()
                self.scheduler.step()

    def save(self, path, history):
        states = {"model": self.model, "optimiser": self.optimiser, "scheduler": self.scheduler}
        state = {name: thing.state_dict() for name, thing in states.items()}
        randomness = {"generator": self.generator.get_state(), "torch_rng": torch.get_rng_state()}
        torch.save(state | randomness | {"history": history}, path)


@exercise.probe
def probe(candidate, case):
    before, after, history = case.args
    with tempfile.TemporaryDirectory(prefix="check-") as name:
        path = Path(name) / "run.pt"
        whole = Run(0)
        whole.epochs(before)
        whole.save(path, history)
        then = len(whole.order)
        whole.epochs(after)
        torch.manual_seed(77)
        resumed, content = Run(9), path.read_bytes()
        returned = candidate(path, *resumed.parts())
        still_there = path.exists()
        path.write_bytes(content)  # so that every part can be looked at
        moments = [state["exp_avg"].abs().sum().item() > 0 for state in resumed.optimiser.state.values()]
        resumed.epochs(after)
        saved = torch.load(path, weights_only=True)
        found = {
            "returned": returned,
            "the optimiser remembers": len(moments) == 6 and all(moments),
            "the schedule goes on": resumed.scheduler.last_epoch == whole.scheduler.last_epoch,
            "the order goes on": resumed.order == whole.order[then:],
            "the resumed run equals the uninterrupted one": all(
                torch.equal(a, b)
                for a, b in zip(whole.model.state_dict().values(), resumed.model.state_dict().values(), strict=True)
            ),
        }
        # The same parts on their own, so that each mistake shows where it is.
        fresh = Run(9)
        candidate(path, *fresh.parts())
        for kind, held in (("parameters", fresh.model.named_parameters()), ("buffers", fresh.model.named_buffers())):
            found[f"the {kind} are back"] = all(torch.equal(saved["model"][key], one.detach()) for key, one in held)
        found["torch's global generator is back"] = torch.equal(torch.get_rng_state(), saved["torch_rng"])
        found["the generator is back"] = torch.equal(fresh.generator.get_state(), saved["generator"])
        found["the file is still there"] = still_there
        foreign = Path(name) / "foreign.pt"
        torch.save(dict(saved, note=Fraction(1, 2)), foreign)
        load, places = torch.load, []

        def watched(f, map_location=None, *args, **kwargs):
            places.append(map_location)
            return load(f, map_location, *args, **{"weights_only": False, **kwargs})  # as before version 2.6

        torch.load = watched
        try:
            candidate(foreign, *Run(9).parts())
            found["refuses a file that holds more than data"] = False
        except Exception:
            found["refuses a file that holds more than data"] = True
        finally:
            torch.load = load
        found["says where to load to"] = None not in places
    return found


@exercise.cases
def cases():
    yield Case(1, 1, [0.5]).named("one epoch, a restart, one epoch")
    yield Case(3, 2, [0.9, 0.7, 0.6]).named("three epochs, a restart, two epochs")


exercise.edit(
    "forgets_the_optimiser",
    'optimiser.load_state_dict(state["optimiser"])',
    "pass",
    "The optimiser was not restored. Adam's running means are empty again, so its next steps differ in size and direction.",
)
exercise.edit(
    "forgets_the_scheduler",
    'scheduler.load_state_dict(state["scheduler"])',
    "pass",
    "The scheduler was not restored: the learning rate follows its course from the beginning.",
)
exercise.edit(
    "forgets_the_model",
    'model.load_state_dict(state["model"])',
    "pass",
    "The model was not restored. Everything else goes on where it was, with random weights.",
)
exercise.edit(
    "forgets_the_order",
    'generator.set_state(state["generator"])',
    "pass",
    "The generator was not restored, so the examples come in another order than in the uninterrupted run.",
)
exercise.edit(
    "forgets_the_global_generator",
    'torch.set_rng_state(state["torch_rng"])',
    "pass",
    "torch's global generator was not restored. The order is right, but dropout draws other masks, and the run drifts away.",
)
exercise.edit(
    "any_code_may_run",
    "weights_only=True",
    "weights_only=False",
    "You load without weights_only=True (the default only since version 2.6): pickle then builds whatever object the file asks for, and may run its code. A checkpoint needs "
    "tensors and plain containers only.",
)
exercise.edit(
    "returns_the_epoch",
    'return state["history"]',
    'return len(state["history"])',
    "You return the number of epochs. The caller wants the history itself: its length is that number, and early stopping needs the rest.",
)
exercise.edit(
    "returns_nothing",
    'return state["history"]',
    'state["history"]',
    "Nothing is returned. Return the history, so that the caller knows which epoch comes next.",
)
exercise.edit(
    "parameters_only",
    'model.load_state_dict(state["model"])',
    'for name, one in model.named_parameters():\n        one.data.copy_(state["model"][name])',
    "Only the parameters were restored. The buffers, here the running statistics of a batch normalisation, were left as they were.",
)


exercise.edit(
    "loads_to_where_it_was",
    'map_location="cpu", ',
    "",
    'torch.load is not told where to: a file that was written on a GPU then cannot be read on a machine without one. Say map_location="cpu".',
)
exercise.edit(
    "left_in_evaluation_mode",
    '    return state["history"]',
    '    model.eval()\n    return state["history"]',
    "You put the model into evaluation mode: the resumed run would train without dropout. Leave the mode as it is.",
)


@exercise.alternative
def one_by_one(path, model, optimiser, scheduler, generator):
    state = torch.load(str(path), weights_only=True, map_location=torch.device("cpu"))
    torch.random.set_rng_state(state["torch_rng"])
    for name, thing in (("model", model), ("optimiser", optimiser), ("scheduler", scheduler)):
        thing.load_state_dict(state.pop(name))
    generator.set_state(state["generator"])
    return state["history"]


@exercise.alternative
def from_an_open_file(path, model, optimiser, scheduler, generator):
    with path.open("rb") as file:
        held = torch.load(file, map_location="cpu", weights_only=True)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            tensor.copy_(held["model"][name])
    optimiser.load_state_dict(held["optimiser"])
    scheduler.load_state_dict(held["scheduler"])
    torch.set_rng_state(held["torch_rng"])
    generator.set_state(held["generator"])
    return list(held["history"])
