"""A network that must compare two stacks, and a program in which it never learns to: find the planted bug."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from dlmodule.checking.exercise import Case, Exercise, Measured

exercise = Exercise(
    title="this trains badly",
    difficulty=3,
    minutes=15,
    move_on=25,
    hints=(
        "The loop is sound: the loss gets logits, the gradients are set back, the weights move. So look at what the network "
        "is given. Draw both channels of one example right before the first convolution.",
        "Compare the order of the axes in `stacks` with the order that nn.Conv2d expects. Which of view, reshape, permute "
        "moves numbers, and which only says how the numbers, in the order they lie in memory, are to be cut?",
    ),
    part="morning",
    measured=Measured("accuracy"),
    starter='''def find_the_bug_1(stacks, labels, *, epochs=12, seed=0):
    """Learn whether a reflector is brighter in the far stack than in the near one.

    stacks: (N, H, W, 2) float32, near and far stack as the last axis; labels: (N,) int64, 1 = brighter in the far stack.
    Returns (model, losses): the trained model, which takes (N, 2, H, W), and the mean loss of every epoch.
    """
    torch.manual_seed(seed)
    N, H, W, C = stacks.shape
    x = stacks.reshape(N, C, H, W)
    model = nn.Sequential(
        nn.Conv2d(C, 8, 3), nn.ReLU(),
        nn.Conv2d(8, 8, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2),
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for epoch in range(epochs):
        total = 0.0
        for index in torch.randperm(N).split(32):
            loss = F.cross_entropy(model(x[index]), labels[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index)
        losses.append(total / N)
    return model, losses
''',
)


def reflectors(count, seed):
    """Patches with one flat reflector in a near and a far stack; stacks (count, 16, 16, 2) float32, labels (count,) int64."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    t = 0.7 * (torch.arange(16.0)[:, None] - 4 - 8 * torch.rand(count, 1, 1, generator=generator))
    polarity = 1 - 2 * torch.randint(0, 2, (count, 1, 1), generator=generator)
    wavelet = (polarity * (1 - t**2) * torch.exp(-(t**2) / 2)).expand(count, 16, 16)
    change = torch.where(labels == 1, 1.3, 1 / 1.3)[:, None, None]
    stacks = torch.stack([wavelet / change, wavelet * change], dim=-1)
    return stacks + 0.1 * torch.randn(stacks.shape, generator=generator), labels


class FirstInput(TorchFunctionMode):
    """Keeps the batches that reach a convolution with two input channels."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.conv2d and args[0].dim() == 4 and args[0].shape[1] == 2:
            self.batches.append(args[0].detach())
        return func(*args, **(kwargs or {}))


@exercise.probe
def probe(candidate, case):
    stacks, labels = reflectors(400, seed=1)
    with FirstInput() as seen:
        model, losses = candidate(stacks, labels, epochs=8, seed=case.seed)
    near, far = stacks[0, :, :, 0], stacks[0, :, :, 1]

    def met(one):
        """Whether the first convolution was ever given the first patch as ``one``, (2, 16, 16)."""
        return any(
            bool((batch == one).flatten(1).all(1).any()) for batch in seen.batches if batch.shape[1:] == one.shape
        )

    new, truth = reflectors(200, seed=2)
    model.eval()
    with torch.no_grad():
        accuracy = (model(new.permute(0, 3, 1, 2)).argmax(1) == truth).float().mean().item()
    return {
        "accuracy": accuracy,
        "losses": len(losses),
        "the stacks reach the network whole": met(torch.stack([near, far])),
        "on their side": met(torch.stack([near.T, far.T])),
        "near and far exchanged": met(torch.stack([far, near])),
    }


@exercise.cases
def cases():
    yield Case().named("400 patches, eight epochs")


def program(stacks, labels, epochs, seed, arrange, lr=1e-2):
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(2, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2),
    )  # fmt: skip
    optimiser, x, losses = torch.optim.Adam(model.parameters(), lr=lr), arrange(stacks), []
    for _ in range(epochs):
        total = 0.0
        for index in torch.randperm(len(x)).split(32):
            loss = F.cross_entropy(model(x[index]), labels[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index)
        losses.append(total / len(x))
    return model, losses


@exercise.mistake(
    "You turned to the optimiser, but what reaches the network is still scrambled: reshape cut the numbers of (H, W, 2), as they lie "
    "in memory, into two new pictures, each with near and far in turn. No learning rate mends that; move the axes."
)
def still_reshaped(stacks, labels, *, epochs=12, seed=0):
    return program(stacks, labels, epochs, seed, lambda s: s.reshape(len(s), 2, 16, 16), lr=3e-3)


@exercise.mistake(
    "The channels are in their place now, but the sections lie on their side: transpose(1, 3) exchanges the channel axis with H and "
    "leaves (N, 2, W, H). It trains, since these patches are square, and any later map would be rotated. Keep H before W."
)
def on_their_side(stacks, labels, *, epochs=12, seed=0):
    return program(stacks, labels, epochs, seed, lambda s: s.transpose(1, 3))


@exercise.mistake(
    "Near and far are exchanged: channel 0 must be the near stack. The loss falls just as well, and the model answers the opposite of "
    "what its user expects."
)
def channels_exchanged(stacks, labels, *, epochs=12, seed=0):
    return program(stacks, labels, epochs, seed, lambda s: s.permute(0, 3, 1, 2).flip(1))


@exercise.mistake(
    "The stacks reach the network whole now, but you changed the learning rate too, and with a hundredth of it the network stays "
    "where it started. Repair one thing at a time, and look at the loss in between."
)
def and_a_timid_rate(stacks, labels, *, epochs=12, seed=0):
    return program(stacks, labels, epochs, seed, lambda s: s.permute(0, 3, 1, 2), lr=1e-4)


@exercise.alternative
def moved_axis(stacks, labels, *, epochs=12, seed=0):
    return program(stacks, labels, epochs, seed, lambda s: s.movedim(-1, 1).contiguous())


@exercise.alternative
def stacked_anew(stacks, labels, *, epochs=12, seed=0):
    return program(stacks, labels, epochs, seed, lambda s: torch.stack([s[..., 0], s[..., 1]], dim=1))
