"""One step of a GAN's critic with the hinge loss."""

import torch
from torch import nn

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=20,
    core=True,
    hints=(
        "Who may learn in this step? Whoever may not must not be reached by backward().",
        "The hinge loss is a mean over real sections plus a mean over generated ones; each is a ReLU of 1 minus or plus the score.",
    ),
)


def networks():
    """A generator and a critic in float64 with weights that depend on nothing."""
    torch.manual_seed(5)
    generator = nn.Sequential(nn.Linear(2, 4), nn.Unflatten(1, (1, 2, 2)), nn.Sigmoid()).double()
    critic = nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    return generator, critic


@exercise.probe
def probe(candidate, case):
    sections, z, steps = case.args
    generator, critic = networks()
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(3)  # some scores lie beyond the hinge, some do not
    for parameter in critic.parameters():
        parameter.grad = torch.full_like(parameter, 2.0)
    optimiser = torch.optim.SGD(critic.parameters(), lr=0.2)
    losses = [candidate(generator, critic, optimiser, sections, z) for _ in range(steps)]
    return {
        "losses": [float(loss) for loss in losses],
        "the loss still holds its graph": any(getattr(loss, "requires_grad", False) for loss in losses),
        "the critic's weights": [one.detach().clone() for one in critic.parameters()],
        "the generator has gradients": any(one.grad is not None for one in generator.parameters()),
    }


def inputs(count, fakes, step=1.3):
    """Sections (N, 1, 2, 2) and latents (M, 2), float64."""
    waves = torch.sin(torch.arange(4 * count + 2 * fakes, dtype=torch.float64) * step)
    return 2 * waves[: 4 * count].reshape(count, 1, 2, 2), 3 * waves[4 * count :].reshape(fakes, 2)


@exercise.cases
def cases():
    yield Case(*inputs(4, 4), 1).named("four sections, one step")
    yield Case(*inputs(6, 3, 0.8), 3).named("six real and three generated sections, three steps")


exercise.edit(
    "generator_learns_too",
    ".detach()",
    "",
    "Your generated sections are not detached: the critic's loss reaches the generator and teaches it to look generated.",
)
exercise.edit(
    "gradients_kept",
    "    optimiser.zero_grad()\n",
    "",
    "Old gradients are never cleared: the step follows their sum, and whatever the generator's step left in the critic.",
)
exercise.edit(
    "signs_exchanged",
    "F.relu(1 - critic(sections)).mean() + F.relu(1 + critic(fake)).mean()",
    "F.relu(1 + critic(sections)).mean() + F.relu(1 - critic(fake)).mean()",
    "You exchanged the signs: this critic learns to give generated sections the high scores.",
)
exercise.edit(
    "no_hinge",
    "F.relu(1 - critic(sections)).mean() + F.relu(1 + critic(fake)).mean()",
    "(1 - critic(sections)).mean() + (1 + critic(fake)).mean()",
    "The hinge is missing: without the ReLU the scores grow without end.",
)
exercise.edit(
    "graph_returned",
    "loss.item()",
    "loss",
    "You return the loss with its graph, which keeps every intermediate result of every step in memory. Return a float.",
)


@exercise.alternative
def without_gradient(generator, critic, optimiser, sections, z):
    with torch.no_grad():
        fake = generator(z)
    loss = (1 - critic(sections)).clamp(min=0).mean() + (1 + critic(fake)).clamp(min=0).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return float(loss)


@exercise.alternative
def two_backward_passes(generator, critic, optimiser, sections, z):
    critic.zero_grad()
    real = nn.functional.relu(1 - critic(sections)).mean()
    real.backward()
    generated = nn.functional.relu(1 + critic(generator(z).detach())).mean()
    generated.backward()
    optimiser.step()
    return (real + generated).item()
