"""CartPole-v1 and Pendulum-v1 of Gymnasium, batched: the same equations, limits and rewards, in float64 inside.

Sources: Barto, Sutton, Anderson (1983), doi:10.1109/TSMC.1983.6313077, for the cart and pole; Gymnasium 1.x for both.
"""

import math

import torch
from torch import Tensor

from dlmodule.environments.batch import Environment


class CartPole(Environment):
    """Balance a pole on a cart. Observation: position (m), velocity, angle (rad), angular velocity. Actions: 0 left, 1 right.

    One point a step, 500 steps at most; terminated beyond 2.4 m or 12 degrees.
    """

    features, actions, limit = 4, 2, 500
    GRAVITY, POLE, HALF_LENGTH, TOTAL, FORCE, TAU = 9.8, 0.1, 0.5, 1.1, 10.0, 0.02  # SI units; TAU in s
    EDGE, TILT = 2.4, 12 * math.pi / 180

    def begin(self, count: int) -> Tensor:
        return 0.1 * torch.rand(count, 4, generator=self.generator, dtype=torch.float64) - 0.05

    def advance(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        _, v, angle, spin = state.unbind(1)
        sin, cos = angle.sin(), angle.cos()
        force = self.FORCE * (2 * action - 1)
        push = (force + self.POLE * self.HALF_LENGTH * spin * spin * sin) / self.TOTAL
        turn = (self.GRAVITY * sin - cos * push) / (self.HALF_LENGTH * (4 / 3 - self.POLE * cos * cos / self.TOTAL))
        acceleration = push - self.POLE * self.HALF_LENGTH * turn * cos / self.TOTAL
        state = state + self.TAU * torch.stack([v, acceleration, spin, turn], dim=1)
        terminated = (state[:, 0].abs() > self.EDGE) | (state[:, 2].abs() > self.TILT)
        return state, torch.ones(len(state)), terminated

    def observe(self, state: Tensor) -> Tensor:
        return state.float()


class Pendulum(Environment):
    """Swing a pendulum up and hold it. Observation: cos and sin of the angle (0 is up), angular velocity. Action: torque in [-2, 2].

    The reward of a step is minus (angle^2 + 0.1 speed^2 + 0.001 torque^2), at best 0. 200 steps; an episode is only ever truncated.
    """

    features, actions, continuous, limit = 3, 1, True, 200
    TORQUE, SPEED, GRAVITY, STEP = 2.0, 8.0, 10.0, 0.05

    def begin(self, count: int) -> Tensor:
        unit = 2 * torch.rand(count, 2, generator=self.generator, dtype=torch.float64) - 1
        return unit * torch.tensor([math.pi, 1.0], dtype=torch.float64)

    def advance(self, state: Tensor, action: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        angle, speed = state.unbind(1)
        torque = action[:, 0].double().clamp(-self.TORQUE, self.TORQUE)
        upright = (angle + math.pi) % (2 * math.pi) - math.pi
        cost = upright**2 + 0.1 * speed**2 + 0.001 * torque**2
        speed = (speed + (1.5 * self.GRAVITY * angle.sin() + 3 * torque) * self.STEP).clamp(-self.SPEED, self.SPEED)
        state = torch.stack([angle + speed * self.STEP, speed], dim=1)
        return state, -cost.float(), torch.zeros(len(state), dtype=torch.bool)

    def observe(self, state: Tensor) -> Tensor:
        angle, speed = state.unbind(1)
        return torch.stack([angle.cos(), angle.sin(), speed], dim=1).float()
