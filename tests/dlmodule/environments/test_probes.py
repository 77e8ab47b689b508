"""The values that the probe environments declare are the discounted returns that they pay under the right actions."""

import pytest
import torch

from dlmodule.environments import PROBES
from dlmodule.environments.probes import GAMMA


@pytest.mark.parametrize("name", PROBES)
def test_declared_values_are_the_returns_of_the_right_policy(name: str) -> None:
    """Play 64 copies by `choices` (by chance where they are empty): from each observation on, the return is the declared value."""
    kind = PROBES[name]
    env = kind(64, seed=0)
    observation, seen, rewards = env.reset(), [], []
    alive = torch.ones(64, dtype=torch.bool)
    while alive.any():
        action = torch.randint(2, (64,))
        for value, choice in kind.choices.items():
            action[observation[:, 0] == value] = choice
        step = env.step(action)
        seen.append((observation[:, 0], alive.clone()))
        rewards.append(step.reward * alive)
        alive &= ~step.terminated
        observation = step.observation
    returns = torch.zeros(64)
    met: set[float] = set()
    for (observation_t, alive_t), reward in zip(reversed(seen), reversed(rewards), strict=True):
        returns = reward + GAMMA * returns
        for value in observation_t[alive_t].unique().tolist():
            there = alive_t & (observation_t == value)
            assert torch.allclose(returns[there], torch.tensor(kind.values[value]))
            met.add(value)
    assert met == set(kind.values)
