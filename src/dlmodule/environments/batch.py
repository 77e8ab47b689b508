"""What all environments share: N episodes side by side, time limits, and a fresh start in the step that ends an episode."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor


class Step(NamedTuple):
    """What one step of N environments gives. All tensors are new: keeping them is safe."""

    observation: (
        Tensor  # (N, D) what the agent acts on next; where an episode ended, the first observation of the next one
    )
    reward: Tensor  # (N,)
    terminated: Tensor  # (N,) bool: the task itself ended; nothing more can be earned
    truncated: Tensor  # (N,) bool: the clock ran out; more could have been earned
    final: Tensor  # (N, D) the observation that this step reached; it differs from `observation` only where an episode ended


class Environment:
    """``count`` copies of one environment. Subclasses say how an episode begins, moves on and looks.

    An episode that ends is replaced at once ("same step" in Gymnasium's words), so that no step is wasted on a reset.
    """

    features: ClassVar[int]  # D
    actions: ClassVar[int]  # number of discrete actions, or of components of a continuous one
    continuous: ClassVar[bool] = False
    limit: ClassVar[int | None] = None  # steps after which an episode is truncated

    def __init__(self, count: int, *, seed: int = 0) -> None:
        if count < 1:
            raise ValueError(f"an environment needs at least one copy, not {count}")
        self.count = count
        self.generator = torch.Generator().manual_seed(seed)
        self.state = self.begin(count)
        self.clock = torch.zeros(count, dtype=torch.long)

    def begin(self, count: int) -> Tensor:
        """States (count, ...) in which episodes begin."""
        raise NotImplementedError

    def advance(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The next states, the rewards (N,) and whether each episode terminated (N,)."""
        raise NotImplementedError

    def observe(self, state: Tensor) -> Tensor:
        """What the agent sees, (N, D) in float32."""
        raise NotImplementedError

    def reset(self) -> Tensor:
        """Begin every episode anew. Returns the first observations (N, D)."""
        self.state = self.begin(self.count)
        self.clock.zero_()
        return self.observe(self.state)

    def step(self, action: Tensor) -> Step:
        """Take ``action``: (N,) of whole numbers, or (N, actions) where actions are continuous."""
        expected = (self.count, self.actions) if self.continuous else (self.count,)
        if tuple(action.shape) != expected:
            raise ValueError(f"actions of shape {expected} are needed, not {tuple(action.shape)}")
        state, reward, terminated = self.advance(self.state, action)
        self.clock += 1
        timeout = self.clock >= self.limit if self.limit is not None else torch.zeros_like(terminated)
        truncated = timeout & ~terminated
        final = observation = self.observe(state)
        ended = terminated | truncated
        if ended.any():
            state = state.clone()
            state[ended] = self.begin(int(ended.sum()))
            self.clock = self.clock.masked_fill(ended, 0)
            observation = self.observe(state)
        self.state = state
        return Step(observation, reward, terminated, truncated, final)
