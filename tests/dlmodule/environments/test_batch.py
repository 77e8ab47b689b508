"""Ends of episodes: what is returned, what begins anew, and that the two kinds of end never mix."""

import pytest
import torch

from dlmodule.environments import PROBES, CartPole, Environment, Pendulum, Wells

ALL: list[type[Environment]] = [CartPole, Pendulum, Wells, *PROBES.values()]


def random_action(env: Environment, generator: torch.Generator) -> torch.Tensor:
    if env.continuous:
        return torch.randn(env.count, env.actions, generator=generator)
    return torch.randint(env.actions, (env.count,), generator=generator)


@pytest.mark.parametrize("kind", ALL)
def test_an_ended_episode_is_replaced_and_its_last_observation_kept(kind: type[Environment]) -> None:
    """`final` differs from `observation` only where an episode ended, no step ends twice over, and no clock passes the limit."""
    env, generator = kind(7, seed=2), torch.Generator().manual_seed(1)
    before = env.reset()
    assert before.shape == (7, env.features)
    for _ in range(250):
        step = env.step(random_action(env, generator))
        ended = step.terminated | step.truncated
        assert not (step.terminated & step.truncated).any()
        assert torch.equal(step.final[~ended], step.observation[~ended])
        assert torch.equal(env.clock[ended], torch.zeros(int(ended.sum()), dtype=torch.long))
        assert env.limit is None or (env.clock < env.limit).all()
        assert step.reward.shape == (7,) and step.observation.dtype == torch.float32
        before = step.observation


@pytest.mark.parametrize("kind", ALL)
def test_the_seed_decides_everything_and_what_was_returned_never_changes(kind: type[Environment]) -> None:
    """Two environments of one seed agree bit for bit; another seed differs where anything is random; old steps stay as they were."""
    actions = [random_action(kind(4), torch.Generator().manual_seed(i)) for i in range(30)]
    first, again = kind(4, seed=9), kind(4, seed=9)
    kept = [(first.step(a), again.step(a)) for a in actions]
    copies = [tuple(t.clone() for t in a) for a, _ in kept]
    first.step(actions[0])
    for (a, b), copy in zip(kept, copies, strict=True):
        assert all(torch.equal(x, y) and torch.equal(x, z) for x, y, z in zip(a, b, copy, strict=True))


def test_a_pendulum_is_only_truncated_and_a_pole_may_fall() -> None:
    """200 steps of a pendulum end all copies by the clock; a cart pushed one way only falls."""
    pendulum, cart = Pendulum(3), CartPole(3)
    for _ in range(199):
        assert not pendulum.step(torch.zeros(3, 1)).truncated.any()
    assert pendulum.step(torch.zeros(3, 1)).truncated.all()
    fell = torch.zeros(3, dtype=torch.bool)
    for _ in range(15):
        fell |= cart.step(torch.ones(3, dtype=torch.long)).terminated
    assert fell.all()


def test_bad_input_gets_one_sentence() -> None:
    with pytest.raises(ValueError, match="at least one copy"):
        CartPole(0)
    with pytest.raises(ValueError, match=r"shape \(3,\) are needed, not \(3, 1\)"):
        CartPole(3).step(torch.zeros(3, 1, dtype=torch.long))
