"""A double, dueling DQN, tried on probe environments and measured on CartPole."""

import time

import torch
from torch.nn import functional as F

from dlmodule.checking.exercise import Case, Exercise, Measured
from dlmodule.environments import PROBES, CartPole

exercise = Exercise(
    difficulty=4,
    minutes=20,
    hints=(
        "Which observation is stored as the next one: the one the agent goes on from, or the one that the step reached?",
        "Within a round: act, step, push; if there are enough rows, sample, target under no_grad, loss, rate, zero_grad, backward, clip, step; and now and then the copy.",
    ),
    measured=Measured("error", higher=False),
)


@exercise.probe
def probe(candidate, case):
    errors, right = [], True
    for name, rounds in (("delayed", 250), ("matched", 150)):
        kind = PROBES[name]
        settings = {"rounds": rounds, "batch": 64, "lr": 0.01, "gamma": 0.5, "renew": 10}
        model = candidate(kind(16, seed=1), seed=case.seed, **settings)
        with torch.no_grad():
            q = {o: model(torch.tensor([[o]]))[0] for o in kind.values}
        errors += [abs(q[o].max().item() - value) for o, value in kind.values.items()]
        right = right and all(q[o].argmax().item() == a for o, a in kind.choices.items())
    outputs = {}
    for change in ({}, {"again": 1}, {"seed": 5}, {"renew": 3}, {"share": 0.9}, {"last": 0.9}):
        settings = {"rounds": 40, "batch": 16, "renew": 20, **{k: v for k, v in change.items() if k != "again"}}
        small = candidate(CartPole(4, seed=0), **settings)
        with torch.no_grad():
            outputs[next(iter(change), "first")] = small(torch.full((1, 4), 0.3))
    return {
        "error": max(errors),
        "the right actions are learned": right,
        "same seed, same network": torch.equal(outputs["first"], outputs["again"]),
        "another seed, another network": not torch.equal(outputs["first"], outputs["seed"]),
        "renew has an effect": not torch.equal(outputs["first"], outputs["renew"]),
        "share has an effect": not torch.equal(outputs["first"], outputs["share"]),
        "last has an effect": not torch.equal(outputs["first"], outputs["last"]),
    }


@exercise.cases
def cases():
    yield Case().named("the probes `delayed` and `matched`")


exercise.edit(
    "seed_not_used", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two networks: torch.manual_seed(seed) has to come before the model is made.",
)  # fmt: skip
exercise.edit(
    "next_episode_stored", "step.terminated, step.final)", "step.terminated, torch.zeros_like(step.final))",
    "What follows a step is wrong in your buffer. Store `final`, the observation that the step reached.",
)  # fmt: skip
exercise.edit(
    "target_never_renewed", "if k % renew == 0:", "if False:",
    "The target network is never renewed: values stay one step deep.",
)  # fmt: skip
exercise.edit(
    "same_object_as_target", "frozen, buffer = copy.deepcopy(model), ReplayBuffer", "frozen, buffer = model, ReplayBuffer",
    "Your target network is the network itself, by another name: it moves with every update. Make a deep copy.",
)  # fmt: skip
exercise.edit(
    "terminations_ignored", "reward, terminated, model(final)", "reward, torch.zeros_like(terminated), model(final)",
    "Your target goes on after a termination, and values are too high.",
)  # fmt: skip
exercise.edit(
    "epsilon_never_falls", "epsilon = max(last, 1 - (1 - last) * k / (share * rounds))", "epsilon = 1.0",
    "Epsilon never falls: share and last have no effect.",
)  # fmt: skip
exercise.edit(
    "worst_action_judged", "model(o).gather(1, a[:, None])[:, 0]", "model(o).amax(1)",
    "You train the best action's value, not that of the action which was taken.",
)  # fmt: skip


def trained(env, rounds, batch, lr, gamma, share, last, renew, seed, loss_fn):
    torch.manual_seed(seed)
    model = DuelingQ(env.features, env.actions)
    frozen = DuelingQ(env.features, env.actions)
    frozen.load_state_dict(model.state_dict())
    buffer, optimiser = ReplayBuffer(50_000), torch.optim.Adam(model.parameters(), lr=lr)
    observation = env.reset()
    for k in range(rounds):
        epsilon = max(last, 1 + (last - 1) * k / (share * rounds))
        with torch.no_grad():
            step = env.step(action := epsilon_greedy(model(observation), epsilon))
        buffer.push(observation, action, step.reward, step.terminated, step.final)
        observation = step.observation
        if len(buffer) >= batch:
            o, a, reward, terminated, final = buffer.sample(batch)
            y = dqn_target(reward, terminated, model(final), frozen(final), gamma)
            optimiser.param_groups[0]["lr"] = lr * (1 - k / rounds)
            optimiser.zero_grad()
            loss_fn(model(o)[torch.arange(batch), a], y).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimiser.step()
            if k % renew == 0:
                frozen.load_state_dict(model.state_dict())
    return model


@exercise.alternative
def with_a_second_network(env, *, rounds, batch=128, lr=2e-3, gamma=0.98, share=0.2, last=0.04, renew=25, seed=0):
    return trained(env, rounds, batch, lr, gamma, share, last, renew, seed, F.smooth_l1_loss)


@exercise.alternative
def with_huber(env, *, rounds, batch=128, lr=2e-3, gamma=0.98, share=0.2, last=0.04, renew=25, seed=0):
    return trained(env, rounds, batch, lr, gamma, share, last, renew, seed, torch.nn.HuberLoss(delta=1.0))


@exercise.ledger("cart_pole", seeds=10)
def cart_pole(solution, seed):
    """5,000 rounds of 16 copies, fixed beforehand; 100 greedy episodes."""
    start = time.perf_counter()
    model = solution(CartPole(16, seed=seed), rounds=5000, seed=seed)
    took = time.perf_counter() - start
    env = CartPole(100, seed=100_000 + seed)
    observation, total, alive = env.reset(), torch.zeros(100), torch.ones(100, dtype=torch.bool)
    with torch.no_grad():
        while alive.any():
            step = env.step(model(observation).argmax(1))
            total += step.reward * alive
            alive &= ~(step.terminated | step.truncated)
            observation = step.observation
    score = total.mean().item()
    return {"score": score, "solved_share": float(score >= 475), "training_seconds": took}
