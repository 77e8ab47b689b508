"""The batched environments take the steps of Gymnasium's own, one by one and over whole episodes."""

import gymnasium
import numpy as np
import pytest
import torch

from dlmodule.environments import CartPole, Pendulum

PAIRS = [("CartPole-v1", CartPole), ("Pendulum-v1", Pendulum)]


def action_for(env: CartPole | Pendulum, generator: torch.Generator) -> torch.Tensor:
    """Random actions; torques also beyond the limit."""
    if env.continuous:
        return 3 * (2 * torch.rand(env.count, env.actions, generator=generator) - 1)
    return torch.randint(env.actions, (env.count,), generator=generator)


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_every_step_is_gymnasiums(name: str, kind: type[CartPole | Pendulum]) -> None:
    """600 steps of 5 copies: observation, reward and both kinds of end agree, from the state that ours was in."""
    env, generator = kind(5, seed=3), torch.Generator().manual_seed(0)
    reference = gymnasium.make(name).unwrapped
    reference.reset(seed=0)
    ends = 0
    for _ in range(600):
        before, action = env.state.clone(), action_for(env, generator)
        step = env.step(action)
        ends += int(step.terminated.sum() + step.truncated.sum())
        for i in range(env.count):
            reference.state = before[i].numpy().copy()
            if name == "CartPole-v1":
                reference.steps_beyond_terminated = None
            taken = action[i].numpy() if env.continuous else int(action[i])
            observation, reward, terminated, _, _ = reference.step(taken)
            np.testing.assert_allclose(step.final[i].numpy(), observation, rtol=1e-6, atol=1e-6)
            assert step.reward[i].item() == pytest.approx(float(reward), rel=1e-6, abs=1e-6)
            assert bool(step.terminated[i]) is terminated
    assert ends > 0


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_whole_episodes_are_gymnasiums(name: str, kind: type[CartPole | Pendulum]) -> None:
    """From the same start under the same controller, an episode has the same rewards and ends for the same reason, time limit included."""
    env, reference = kind(1, seed=5), gymnasium.make(name)
    for pushes_well in (True, False):
        reference.reset(seed=0)
        observation = env.reset()
        reference.unwrapped.state = env.state[0].numpy().copy()
        for _ in range(env.limit):
            if env.continuous:
                action = torch.full((1, 1), 0.7 if pushes_well else -2.5)
            else:  # by hand: push towards the side to which the pole leans and turns
                leans = (observation[:, 2] + 0.3 * observation[:, 3] + 0.02 * observation[:, 0]) > 0
                action = (leans if pushes_well else ~leans).long()
            step = env.step(action)
            _, reward, terminated, truncated, _ = reference.step(
                action[0].numpy() if env.continuous else int(action[0])
            )
            assert step.reward.item() == pytest.approx(float(reward), rel=1e-4, abs=1e-4)
            assert (bool(step.terminated), bool(step.truncated)) == (terminated, truncated)
            observation = step.observation
            if terminated or truncated:
                break
        assert terminated or truncated
        assert truncated or not pushes_well


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_episodes_begin_where_gymnasiums_do(name: str, kind: type[CartPole | Pendulum]) -> None:
    """The first observations fill the same range as 500 of Gymnasium's, and their means agree within four standard errors."""
    reference = gymnasium.make(name)
    theirs = np.stack([reference.reset(seed=seed)[0] for seed in range(500)])
    ours = kind(500, seed=1).reset().numpy()
    np.testing.assert_allclose(ours.min(0), theirs.min(0), atol=0.1)
    np.testing.assert_allclose(ours.max(0), theirs.max(0), atol=0.1)
    error = np.sqrt((ours.var(0) + theirs.var(0)) / 500)
    assert (np.abs(ours.mean(0) - theirs.mean(0)) < 4 * error).all()
