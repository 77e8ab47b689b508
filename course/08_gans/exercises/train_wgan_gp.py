"""Train a WGAN-GP: two modes on a line in the check, the ring of eight in the ledger."""

import math

import torch
from torch import nn

from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import seed_facts

exercise = Exercise(
    difficulty=4,
    minutes=18,
    core=True,
    hints=(
        "Two loops: steps of the generator outside, critic_steps inside. Which of the two networks needs a graph in the inner loop?",
        "Inside: real batch, samples under no_grad, both values, penalty on interpolates, loss, zero_grad, backward, step. Outside: rates first, minus the mean value of new samples last.",
    ),
    measured=Measured("distance", higher=False),
)


def network(inputs, outputs, seed, hidden=24):
    """A small network whose weights depend on the seed alone; one output has no axis of its own."""
    torch.manual_seed(seed)
    last = nn.Flatten(0) if outputs == 1 and inputs == 2 else nn.Identity()
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, outputs), last
    )


def two_modes(count):
    """Points (count, 2): two modes at (-2, 0) and (2, 0), standard deviation 0.1."""
    side = torch.randint(2, (count, 1)) * 4.0 - 2
    return torch.cat([side, torch.zeros(count, 1)], 1) + 0.1 * torch.randn(count, 2)


@exercise.probe
def probe(candidate, case):
    drawn = []

    def real(count):
        drawn.append(count)
        return two_modes(count)

    generator, critic = network(3, 2, 7), network(2, 1, 8)
    before = [p.detach().clone() for p in [*generator.parameters(), *critic.parameters()]]
    estimates = candidate(
        generator, critic, real, steps=250, latent=3, batch=64, critic_steps=2, lr=2e-2, weight=0.1, seed=case.seed
    )
    moved = [
        not torch.equal(a, b) for a, b in zip(before, [*generator.parameters(), *critic.parameters()], strict=True)
    ]
    with torch.no_grad():
        torch.manual_seed(1)
        samples, truth = generator(torch.randn(1000, 3)), two_modes(1000)
    apart = (samples.sort(0).values - truth.sort(0).values).abs().mean(0).sum().item()

    def small(seed, **settings):
        g, c = network(3, 2, 1), network(2, 1, 2)
        candidate(
            g, c, two_modes, **{"steps": 3, "latent": 3, "batch": 16, "lr": 0.01, "weight": 0.1, **settings}, seed=seed
        )
        with torch.no_grad():
            return torch.cat([g(torch.ones(1, 3))[0], c(torch.ones(1, 2)).flatten()])

    return {
        "distance": apart if math.isfinite(apart) else 99.0,
        "batches of real examples": len(drawn),
        "both networks were trained": all(moved),
        "estimates": len(estimates),
        "estimates are plain numbers": all(isinstance(value, float) for value in estimates),
        "estimates fall": sum(estimates[-20:]) < sum(estimates[10:30]),
        "the weight of the penalty counts": not torch.allclose(small(5), small(5, weight=50.0), atol=1e-5),
        "the rate falls to zero": torch.allclose(small(5, steps=1), small(5, steps=1, lr=0.01))
        and not torch.allclose(small(5, steps=3), small(5, steps=30), atol=1e-5),
        **seed_facts(small, what="networks", atol=1e-5),
    }


@exercise.cases
def cases():
    yield Case().named("two modes in the plane, 250 steps")


exercise.edit(
    "generator_never_moves", "        opt_g.step()\n", "",
    "The generator's weights did not move. Step its optimiser once for each step, after the critic's updates.",
)  # fmt: skip
exercise.edit(
    "sign_of_the_generator", "loss = -critic(generator", "loss = critic(generator",
    "Your generator lowers the critic's values of its samples: it runs away from the data. It minimises minus their mean.",
)  # fmt: skip
exercise.edit(
    "one_critic_step", "range(critic_steps)", "range(1)",
    "critic_steps has no effect: the critic is updated once for each step of the generator.",
)  # fmt: skip
exercise.edit(
    "penalty_forgotten", "interpolates(x, fake)), weight)", "interpolates(x, fake)), 0.0)",
    "The penalty has no effect on your critic: pass weight on to critic_loss.",
)  # fmt: skip
exercise.edit(
    "seed_not_used", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two results: call torch.manual_seed(seed) before anything is drawn.",
)  # fmt: skip
exercise.edit(
    "rate_ignored", '["lr"] = lr * (1 - step / steps)', '["lr"] = 1e-6',
    "It hardly learns. Does the rate reach both optimisers?",
)  # fmt: skip
exercise.edit(
    "graphs_kept", "(on_real.mean() - on_fake.mean()).item()", "on_real.mean() - on_fake.mean()",
    "Your estimates still hang on their graphs. Keep plain numbers, by item().",
)  # fmt: skip
exercise.edit(
    "gradients_pile_up", "            opt_c.zero_grad()\n", "",
    "Gradients pile up in the critic, those of the generator's turn as well. Clear them before its backward.",
)  # fmt: skip


@exercise.alternative
def with_iterators(generator, critic, real, *, steps, latent, batch=256, critic_steps=2, lr=5e-3, weight=0.1, seed=0):
    torch.manual_seed(seed)
    optimisers = [torch.optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.9)) for net in (generator, critic)]
    schedules = [torch.optim.lr_scheduler.LambdaLR(o, lambda k: 1 - k / steps) for o in optimisers]
    history = []
    for _ in range(steps):
        for _ in range(critic_steps):
            x, fake = real(batch), generator(torch.randn(batch, latent)).detach()
            penalty = gradient_penalty(critic, interpolates(x, fake))
            gap = critic(x).mean() - critic(fake).mean()
            optimisers[1].zero_grad()
            (weight * penalty - gap).backward()
            optimisers[1].step()
        critic.zero_grad()
        generator.zero_grad()
        critic(generator(torch.randn(batch, latent))).mean().neg().backward()
        optimisers[0].step()
        for schedule in schedules:
            schedule.step()
        history.append(gap.item())
    return history


@exercise.alternative
def frozen_critic(generator, critic, real, *, steps, latent, batch=256, critic_steps=2, lr=5e-3, weight=0.1, seed=0):
    torch.manual_seed(seed)
    opt_c = torch.optim.Adam(critic.parameters(), lr=lr, betas=(0.5, 0.9))
    opt_g = torch.optim.Adam(generator.parameters(), lr=lr, betas=(0.5, 0.9))
    estimates = []
    for k in range(steps):
        opt_c.param_groups[0]["lr"] = opt_g.param_groups[0]["lr"] = lr - lr * k / steps
        for _ in range(critic_steps):
            x = real(batch)
            with torch.no_grad():
                fake = generator(torch.randn(batch, latent))
            values = critic(torch.cat([x, fake])).split(batch)
            loss = critic_loss(*values, gradient_penalty(critic, interpolates(x, fake)), weight)
            opt_c.zero_grad()
            loss.backward()
            opt_c.step()
        critic.requires_grad_(False)
        opt_g.zero_grad()
        (-critic(generator(torch.randn(batch, latent)))).mean().backward()
        opt_g.step()
        critic.requires_grad_(True)
        estimates.append(float(values[0].mean() - values[1].mean()))
    return estimates


@exercise.ledger("ring", seeds=5)
def ring_of_eight(solution, seed):
    """The ring of eight Gaussians, as in the notebook: covered modes and the share of good samples among 4,000."""
    torch.manual_seed(seed)
    generator, critic = mlp(2, 2), mlp(2, 1)
    estimates = solution(generator, critic, ring, steps=1500, latent=2, seed=seed)
    with torch.no_grad():
        distance, nearest = torch.cdist(generator(torch.randn(4000, 2)), centres).min(1)
    good = distance <= 3 * SPREAD
    share = torch.bincount(nearest[good], minlength=K) / 4000
    return {
        "modes": float((share >= 0.1 / K).sum()),
        "good": good.float().mean().item(),
        "smallest_share": share.min().item() * K,
        "estimate_early": sum(estimates[:20]) / 20,
        "estimate_late": sum(estimates[-20:]) / 20,
    }
