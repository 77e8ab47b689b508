"""The field as a simulator and the field as a table are the same task."""

import torch

from dlmodule.environments import Wells
from dlmodule.environments.wells import DRY, UNKNOWN


def number(known: torch.Tensor) -> torch.Tensor:
    """States of knowledge (N, S) as numbers."""
    return (known.long() * 3 ** torch.arange(Wells.SITES - 1, -1, -1)).sum(1)


def test_chances_are_bayes_rule_by_enumeration() -> None:
    """For some states: the share of oil among the maps that agree, written as a plain loop over maps."""
    env = Wells(1)
    chance = env.chances()
    for digits in ([0] * 6, [1, 0, 0, 0, 0, 2], [0, 2, 2, 0, 1, 0], [1, 1, 1, 0, 1, 1]):
        total, oil = 0.0, torch.zeros(6)
        for m, weight in zip(env.maps.tolist(), env.prior.tolist(), strict=True):
            if all(d == UNKNOWN or m[i] == d - DRY for i, d in enumerate(digits)):
                total += weight
                oil += weight * torch.tensor(m)
        torch.testing.assert_close(chance[number(torch.tensor([digits]))[0]], oil / total)
    drilled = chance[number(torch.tensor([[1, 0, 0, 0, 0, 2]]))[0]][[0, 5]]
    torch.testing.assert_close(drilled, torch.tensor([0.0, 1.0]))


def test_the_table_is_a_distribution_and_the_end_absorbs() -> None:
    p, r = Wells(1).tables()
    torch.testing.assert_close(p.sum(2), torch.ones(p.shape[:2]))
    assert (p >= 0).all() and (p[-1, :, -1] == 1).all() and not r[-1].any()


def test_simulated_wells_follow_the_table() -> None:
    """Random play: mean reward and frequency of oil in each (first state, action) agree with the table within five standard errors."""
    count = 20_000
    env = Wells(count, seed=4)
    _, r = env.tables()
    chance = env.chances()
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        known = env.state[:, 0].clone()
        action = torch.randint(env.actions, (count,), generator=generator)
        step = env.step(action)
        state = number(known)
        error = step.reward - r[state, action]
        assert abs(error.mean().item()) < 5 * error.std().item() / count**0.5
        drilled = (action < env.SITES) & (known.gather(1, action.clamp(max=env.SITES - 1)[:, None])[:, 0] == UNKNOWN)
        found = step.reward[drilled] > 0
        expected = chance[state[drilled], action[drilled]]
        assert abs((found.float() - expected).mean().item()) < 5 * 0.5 / drilled.sum().item() ** 0.5
