"""What the layers in the middle computed: read them with forward hooks, then take the hooks away."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import in_float64, waves

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    hints=(
        "model.get_submodule(name) finds a layer; its register_forward_hook takes a function of (module, inputs, output) and "
        "returns a handle.",
        "Keep output.detach().clone() under the layer's name. Call the model once, then handle.remove() for every handle, even if "
        "the call fails: try / finally.",
    ),
)


class Sketch(nn.Module):
    """A network with named layers, one of which works in place on what the layer before it returned."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 2, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.block = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Tanh())
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        if x.isnan().any():
            raise ValueError("this image is broken")
        return self.head(self.block(self.relu(self.stem(x))).mean((2, 3)))


@exercise.probe
def probe(candidate, case):
    torch.manual_seed(5)
    x, layers, training = case.args
    with in_float64():
        model = Sketch().train(training)
    try:
        maps = dict(candidate(model, x, list(layers)))
    except ValueError:
        if not x.isnan().any():
            raise
        maps = {}
    hooks = sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())
    return {
        "maps": maps,
        "names": sorted(maps),
        "hooks_left": hooks,
        "graphs_kept": sum(bool(value.requires_grad) for value in maps.values()),
        "left in training mode": model.training,
        "running_mean": model.block[1].running_mean.clone(),
    }


@exercise.cases
def cases():
    yield Case(waves(1, 1, 4, 4, step=1.3), ["block"], False).named("one layer")
    yield Case(waves(2, 1, 5, 4, step=1.3), ["head", "block.0"], False).named("two layers, one inside another")
    yield Case(waves(1, 1, 4, 4, step=1.3), ["stem", "relu"], False).named(
        "a layer whose output the next layer changes in place"
    )
    yield Case(waves(3, 1, 4, 5, step=1.3), ["block", "head"], True).named("a model that was in training mode")
    broken = torch.full((1, 1, 4, 4), torch.nan, dtype=torch.float64)
    yield Case(broken, ["block"], True).named("an image of NaN, at which the model raises an exception")


exercise.edit(
    "not_cloned",
    ".detach().clone()",
    ".detach()",
    "You kept a view of the layer's output, and the ReLU after it worked in place: what you kept was rectified afterwards. "
    "Clone what a hook is to remember.",
)
exercise.edit(
    "graph_kept",
    ".detach().clone()",
    ".clone()",
    "Your maps still carry the autograd graph, which keeps every activation of the network in memory. Detach them.",
)
exercise.edit(
    "hooks_left_behind",
    "handle.remove()",
    "handle.id",
    "Your hooks are still on the model: each later call runs them again and keeps its outputs alive. Remove every handle.",
)
exercise.edit(
    "statistics_touched",
    "model.eval()",
    "model.train(was_training)",
    "A model in training mode learned from being looked at: batch normalisation used this batch's statistics and moved its running ones. "
    "Switch to eval mode first.",
)
exercise.edit(
    "left_in_eval_mode",
    "model.train(was_training)",
    "model.eval()",
    "A model that came in training mode went away in eval mode, and its owner's next epoch trains with frozen statistics. Put the mode back.",
)


@exercise.mistake(
    "You kept what went into the layer. A forward hook receives (module, inputs, output); the map is the output."
)
def inputs_not_outputs(model, x, layers):
    kept, handles = {}, []
    for name in layers:

        def hook(module, inputs, output, name=name):
            kept[name] = inputs[0].detach().clone()

        handles.append(model.get_submodule(name).register_forward_hook(hook))
    mode = model.training
    model.eval()(x)
    model.train(mode)
    for handle in handles:
        handle.remove()
    return kept


@exercise.mistake(
    "Every map came out under the last layer's name: a function made in a loop looks its variables up when it runs, and by then the loop "
    "has ended. Bind the name when you make the hook, for example as a default argument."
)
def name_bound_late(model, x, layers):
    kept, handles = {}, []
    for name in layers:
        handles.append(
            model.get_submodule(name).register_forward_hook(
                lambda module, inputs, output: kept.__setitem__(name, output.detach().clone())  # noqa: B023  the mistake
            )
        )
    mode = model.training
    model.eval()(x)
    model.train(mode)
    for handle in handles:
        handle.remove()
    return kept


exercise.edit(
    "one_image_only",
    "output.detach().clone()",
    "output[0].detach().clone()",
    "You kept the first image's map only. The output of a layer is that of the whole batch, (N, ...): keep it as it is.",
)
exercise.edit(
    "channels_averaged",
    "output.detach().clone()",
    "output.detach().clone().mean(1)",
    "You averaged over the channels. Each channel is a feature map of its own: keep the output as it is.",
)
exercise.edit(
    "always_back_to_training",
    "model.train(was_training)",
    "model.train()",
    "You left the model in training mode, though it came in eval mode. Remember `model.training` before you change it, and put back what it was.",
)
exercise.edit(
    "hooks_left_when_the_call_fails",
    (
        "    try:\n        model(x)\n    finally:\n        model.train(was_training)\n        for handle in handles:\n            handle.remove()\n",
    ),
    ("    model(x)\n    model.train(was_training)\n    for handle in handles:\n        handle.remove()\n",),
    "When the model raised an exception, your hooks stayed on it. Remove them in a `finally` block: it runs whether the call succeeds or fails.",
)


@exercise.alternative
def with_partial(model, x, layers):
    from functools import partial

    kept = {}

    def keep(name, module, inputs, output):
        kept[name] = output.clone().detach()

    handles = [model.get_submodule(name).register_forward_hook(partial(keep, name)) for name in layers]
    mode = model.training
    model.eval()
    try:
        with torch.no_grad():
            model(x)
    finally:
        model.train(mode)
        for handle in handles:
            handle.remove()
    return kept


@exercise.alternative
def by_dictionary_of_modules(model, x, layers):
    from contextlib import ExitStack

    modules = dict(model.named_modules())
    kept = {}
    with ExitStack() as stack, torch.inference_mode(False), torch.no_grad():
        for name in layers:

            def hook(module, inputs, output, at=name):
                kept[at] = output.detach().clone()

            stack.callback(modules[name].register_forward_hook(hook).remove)
        stack.callback(model.train, model.training)
        model.eval()(x)
    return kept
