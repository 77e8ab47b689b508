"""A double, dueling DQN, tried where the answer is known, and measured on CartPole."""

import time

import torch
from torch.nn import functional as F

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.environments import PROBES, CartPole, Environment

exercise = Exercise(
    difficulty=4,
    minutes=20,
    hints=(
        "Which observation is stored as the next one: the one the agent goes on from, or the one that the step reached?",
        "Within a round: act, step, push; if there are enough rows, sample, target under no_grad, loss, rate, zero_grad, backward, clip, step; and now and then the copy.",
    ),
)


class Steady(Environment):
    """Every step looks the same, so no draw of rows or actions can change what is learned."""

    features, actions = 2, 1

    def begin(self, count):
        return torch.zeros(count, 1)

    def advance(self, state, action):
        return state, torch.full((len(state),), self.reward), torch.full((len(state),), self.ends)

    def observe(self, state):
        return torch.tensor([self.seen]).repeat(len(state), 1)

    ends, reward, seen = False, 30.0, (20.0, -5.0)


class Chosen(Steady):
    """The same, with four actions, which it writes down."""

    actions = 4

    def step(self, action):
        self.taken = [*getattr(self, "taken", []), action]
        return super().step(action)


@exercise.probe
def probe(candidate, case):
    what, settings = case.args
    if what == "matched":
        model = candidate(PROBES[what](16, seed=1), seed=0, **settings)
        with torch.no_grad():
            q = model(torch.tensor([[-1.0], [1.0]]))
        return {
            "the right actions are learned": q.argmax(1).tolist() == [0, 1],
            "values are near 1": bool((q.amax(1) - 1).abs().max() < 0.3),
        }
    if what == "epsilon":
        env = Chosen(4000)
        candidate(env, seed=0, **settings)
        rounds, share, last = settings["rounds"], settings["share"], settings["last"]
        found, expected = [], []
        for k, action in enumerate(env.taken):
            found.append(1 - torch.bincount(action, minlength=4).max().item() / 4000)
            expected.append(0.75 * max(last, 1 - (1 - last) * k / (share * rounds)))
        return {
            "steps taken": len(found),
            "random actions as often as epsilon says": all(
                abs(f - e) < 0.04 for f, e in zip(found, expected, strict=True)
            ),
        }
    look = torch.tensor([[20.0, -5.0], [1.0, 1.0]])
    changes = {"ends": {"ends": True}, "mild": {"reward": 0.5, "seen": (1.0, 1.0)}, "goes on": {}}
    kind = type("Kind", (Steady,), changes[what])
    models = [candidate(kind(4), seed=seed, **settings) for seed in (2, 2, 3)]
    with torch.no_grad():
        numbers, again, other = (model(look).flatten() for model in models)
    same = torch.equal(numbers, again)
    return {
        "same seed, same network": same,
        "another seed, another network": not torch.equal(numbers, other),
        "values": [round(v, 2) for v in numbers.tolist()] if same else [],
    }


@exercise.cases
def cases():
    small = {"batch": 8, "lr": 0.01, "gamma": 0.5, "renew": 4}
    yield Case("ends", {**small, "rounds": 12}).named(
        "twelve rounds of an environment where every step is the same, and the last"
    )
    yield Case("mild", {**small, "rounds": 40, "gamma": 0.9, "renew": 7}).named(
        "forty rounds with small rewards, where the target network decides"
    )
    yield Case("goes on", {**small, "rounds": 14}).named("fourteen rounds where every step is the same, and goes on")
    yield Case("goes on", {**small, "rounds": 9, "lr": 1e-4, "batch": 4, "renew": 3}).named(
        "nine rounds with a small rate"
    )
    yield Case("epsilon", {"batch": 50_000, "rounds": 10, "share": 0.5, "last": 0.2}).named(
        "ten rounds, epsilon from 1 to 0.2 in the first half"
    )
    yield Case("matched", {**small, "batch": 64, "rounds": 150, "renew": 10}).named(
        "the probe in which the action must match the observation"
    )


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


def trained(env, rounds, batch, lr, gamma, share, last, renew, capacity, seed, loss_fn):
    torch.manual_seed(seed)
    model = DuelingQ(env.features, env.actions)
    frozen = DuelingQ(env.features, env.actions)
    frozen.load_state_dict(model.state_dict())
    buffer, optimiser = ReplayBuffer(capacity), torch.optim.Adam(model.parameters(), lr=lr)
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
def with_a_second_network(
    env, *, rounds, batch=128, lr=2e-3, gamma=0.98, share=0.2, last=0.04, renew=25, capacity=50_000, seed=0
):
    return trained(env, rounds, batch, lr, gamma, share, last, renew, capacity, seed, F.smooth_l1_loss)


@exercise.alternative
def with_huber(env, *, rounds, batch=128, lr=2e-3, gamma=0.98, share=0.2, last=0.04, renew=25, capacity=50_000, seed=0):
    return trained(env, rounds, batch, lr, gamma, share, last, renew, capacity, seed, torch.nn.HuberLoss(delta=1.0))


exercise.equivalent("first two arguments of smooth_l1_loss swapped", "it looks at the size of the difference only")


class SmallRewards(CartPole):
    """CartPole whose rewards are 0.01 in place of 1: with gamma 0.99 no return exceeds 1, where the Huber loss is a square."""

    def advance(self, state, action):
        state, reward, terminated = super().advance(state, action)
        return state, 0.01 * reward, terminated


@exercise.ledger("cart_pole", seeds=30)
def cart_pole(solution, seed):
    """8,000 rounds of 16 copies, fixed beforehand; 100 greedy episodes."""
    start = time.perf_counter()
    model = solution(SmallRewards(16, seed=seed), rounds=8000, gamma=0.99, seed=seed)
    took = time.perf_counter() - start
    score = episode_return(CartPole(100, seed=100_000 + seed), lambda observation: model(observation).argmax(1)).mean().item()  # fmt: skip
    return {"score": score, "solved_share": float(score >= 475), "training_seconds": took}
