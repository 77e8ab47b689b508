"""Five environments so small that the right values are known: each adds one thing that an agent may get wrong.

After Andy Jones (2021), *Debugging reinforcement learning systems*, andyljones.com/posts/rl-debugging.html. Discount: ``GAMMA``.
"""

from typing import ClassVar

import torch
from torch import Tensor

from dlmodule.environments.batch import Environment

GAMMA = 0.5


class Probe(Environment):
    """An environment with observations (N, 1) in {-1, 0, 1}. The state holds the observation and the step within the episode.

    values: the right value of each observation under the right policy, at a discount of `GAMMA`.
    choices: the right action at each observation; empty where actions change nothing.
    """

    features, actions, limit = 1, 2, None
    values: ClassVar[dict[float, float]]
    choices: ClassVar[dict[float, int]] = {}

    def begin(self, count: int) -> Tensor:
        return torch.zeros(count, 2)

    def observe(self, state: Tensor) -> Tensor:
        return state[:, :1].clone()

    def coin(self, count: int) -> Tensor:
        """States at the first step with the observation -1 or 1 drawn with equal chances."""
        side = 2 * torch.randint(2, (count,), generator=self.generator) - 1
        return torch.stack([side.float(), torch.zeros(count)], dim=1)


class Constant(Probe):
    """One step, one observation, reward 1. Tests: the value is fitted at all, and a terminal state is worth nothing."""

    values: ClassVar = {0.0: 1.0}

    def advance(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return state, torch.ones(len(state)), torch.ones(len(state), dtype=torch.bool)


class Observed(Probe):
    """One step; the reward is the observation, -1 or 1. Tests: the value depends on what is seen."""

    values: ClassVar = {-1.0: -1.0, 1.0: 1.0}

    def begin(self, count: int) -> Tensor:
        return self.coin(count)

    def advance(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return state, state[:, 0].clone(), torch.ones(len(state), dtype=torch.bool)


class Delayed(Probe):
    """Two steps: observation 0, then 1, then reward 1. Tests: reward comes back in time, discounted once."""

    values: ClassVar = {0.0: GAMMA, 1.0: 1.0}

    def advance(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        last = state[:, 1] == 1
        return torch.ones_like(state), last.float(), last


class Chosen(Probe):
    """One step, one observation; action 1 earns 1, action 0 earns -1. Tests: the policy moves, and in the right direction."""

    values: ClassVar = {0.0: 1.0}
    choices: ClassVar = {0.0: 1}

    def advance(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return state, 2.0 * action - 1.0, torch.ones(len(state), dtype=torch.bool)


class Matched(Probe):
    """One step; the observation is -1 or 1, and the action that matches it earns 1, the other -1. Tests: actions follow observations."""

    values: ClassVar = {-1.0: 1.0, 1.0: 1.0}
    choices: ClassVar = {-1.0: 0, 1.0: 1}

    def begin(self, count: int) -> Tensor:
        return self.coin(count)

    def advance(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return state, state[:, 0] * (2.0 * action - 1.0), torch.ones(len(state), dtype=torch.bool)


PROBES: dict[str, type[Probe]] = {
    "constant": Constant,
    "observed": Observed,
    "delayed": Delayed,
    "chosen": Chosen,
    "matched": Matched,
}
