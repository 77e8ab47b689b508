"""A network that must compare two stacks, and a program in which it never learns to: find the planted bug."""

import torch
from torch.overrides import TorchFunctionMode

from dlmodule.checking import Case, Exercise, Measured

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    hints=(
        "The loop is sound: the loss gets logits, the gradients are set back, the weights move. So look at what the network "
        "is given. Draw both channels of one example right before the first convolution.",
        "Compare the order of the axes in `stacks` with the order that nn.Conv2d expects. Which of view, reshape, permute "
        "moves numbers, and which only says how the numbers, in the order they lie in memory, are to be cut?",
    ),
    measured=Measured("accuracy"),
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


exercise.bug(
    "cut_anew",
    "N, _, _, C = stacks.shape\n    x = stacks.permute(0, 3, 1, 2)  # the bug: reshape(N, C, H, W) cuts the numbers anew where permute moves the axes",
    "N, H, W, C = stacks.shape\n    x = stacks.reshape(N, C, H, W)",
)
exercise.edit(
    "still_reshaped",
    ("stacks.permute(0, 3, 1, 2)", "lr=1e-2"),
    ("stacks.reshape(N, C, *stacks.shape[1:3])", "lr=3e-3"),
    "You turned to the optimiser, but what reaches the network is still scrambled: reshape cut the numbers of (H, W, 2), as they lie "
    "in memory, into two new pictures, each with near and far in turn. No learning rate mends that; move the axes.",
)
exercise.edit(
    "on_their_side",
    "stacks.permute(0, 3, 1, 2)",
    "stacks.transpose(1, 3)",
    "The channels are in their place now, but the sections lie on their side: transpose(1, 3) exchanges the channel axis with H and "
    "leaves (N, 2, W, H). It trains, since these patches are square, and any later map would be rotated. Keep H before W.",
)
exercise.edit(
    "channels_exchanged",
    "stacks.permute(0, 3, 1, 2)",
    "stacks.permute(0, 3, 1, 2).flip(1)",
    "Near and far are exchanged: channel 0 must be the near stack. The loss falls just as well, and the model answers the opposite of "
    "what its user expects.",
)
exercise.edit(
    "and_a_timid_rate",
    "lr=1e-2",
    "lr=1e-4",
    "The stacks reach the network whole now, but you changed the learning rate too, and with a hundredth of it the network stays "
    "where it started. Repair one thing at a time, and look at the loss in between.",
)
exercise.variant("moved_axis", "stacks.permute(0, 3, 1, 2)", "stacks.movedim(-1, 1).contiguous()")
exercise.variant("stacked_anew", "stacks.permute(0, 3, 1, 2)", "torch.stack([stacks[..., 0], stacks[..., 1]], dim=1)")
