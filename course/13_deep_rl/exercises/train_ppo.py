"""PPO, tried on four probe environments, and measured on CartPole, the pendulum and the field of prospects."""

import time

import torch

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.environments import PROBES, CartPole, Pendulum, Wells

exercise = Exercise(
    difficulty=4,
    minutes=20,
    core=True,
    hints=(
        "What is computed once a round, and what once a mini-batch? The advantages and the critic's targets are numbers for the whole round.",
        "Flatten all columns from (T, N, ...) to (T * N, ...), and index them with the pieces of torch.randperm. Normalise the advantages of the piece, not of the round.",
    ),
)


def probe_error(model, name: str) -> float:
    """Largest error on a probe environment: of a value, and of the probability of a right action."""
    kind = PROBES[name]
    with torch.no_grad():
        errors = [abs(model.value(torch.tensor([[o]])).item() - value) for o, value in kind.values.items()]
        errors += [1 - model.policy(torch.tensor([[o]])).probs[0, a].item() for o, a in kind.choices.items()]
    return max(errors)


@exercise.probe
def probe(candidate, case):
    name, settings = case.args
    kind = {**PROBES, "cart": CartPole}[name]

    def train(seed):
        model, history = candidate(kind(8, seed=1), seed=seed, **settings)
        look = torch.linspace(-1, 1, 3 * kind.features).reshape(3, -1)
        with torch.no_grad():
            return torch.cat([model.policy(look).logits.flatten(), model.value(look)]), history

    numbers, history = train(2)
    again, other = train(2)[0], train(3)[0]
    same = torch.equal(numbers, again)
    return {
        "same seed, same networks": same,
        "another seed, other networks": not torch.equal(numbers, other),
        "rounds in the history": len(history),
        "history": [round(h, 3) for h in history] if same else [],
        "logits and values": [round(v, 3) for v in numbers.tolist()] if same else [],
    }


@exercise.cases
def cases():
    small = {"rounds": 2, "steps": 8, "batch": 32, "lr": 0.01, "gamma": 0.5}
    yield Case("delayed", {**small, "rounds": 1, "epochs": 1}).named("one round and one pass on the probe `delayed`")
    yield Case("matched", small).named("two rounds on the probe `matched`")
    yield Case("chosen", {**small, "rounds": 3, "entropy": 0.5, "epochs": 2}).named(
        "three rounds on `chosen` with an entropy bonus"
    )
    yield Case("cart", {**small, "rounds": 3, "steps": 16, "batch": 50, "gamma": 0.98, "lam": 0.6}).named("three rounds on CartPole, a batch that does not divide the rows")  # fmt: skip


exercise.edit(
    "seed_not_used", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two policies: torch.manual_seed(seed) has to come before the model is made.",
)  # fmt: skip
exercise.edit(
    "value_not_trained", "+ 0.5 * F.mse_loss(model.value(o), target)", "",
    "The critic is not trained: add 0.5 times its mean squared error to the loss.",
)  # fmt: skip
exercise.edit(
    "critic_learns_the_advantage", "advantage, advantage + data[\"value\"]", "advantage, advantage",
    "Your critic is trained on the advantages. Its target is the advantage plus the value it had.",
)  # fmt: skip
exercise.edit(
    "entropy_sign", "loss = loss - left * entropy", "loss = loss + left * entropy",
    "The sign of the entropy is wrong: you reward a policy for deciding early. The bonus is subtracted from the loss.",
)  # fmt: skip
exercise.edit(
    "entropy_ignored", "if entropy:", "if False:",
    "The entropy bonus has no effect on your training.",
)  # fmt: skip
exercise.edit(
    "one_pass_only", "for _ in range(epochs):", "for _ in range(1):",
    "Each round makes one pass only. PPO's point is to use the same steps `epochs` times.",
)  # fmt: skip
exercise.edit(
    "lambda_ignored", "gamma, lam)", "gamma, 1.0)",
    "Lambda has no effect on your training: pass it to gae.",
)  # fmt: skip
exercise.edit(
    "rows_torn_apart", "(column[row] for column in flat)", "(column[row] if column.dim() > 1 else column[row.flip(0)] for column in flat)",
    "Observations and actions of a mini-batch do not belong together: index all columns with the same rows.",
)  # fmt: skip
exercise.edit(
    "history_of_sums",
    'data["reward"].mean().item()',
    'data["reward"].sum().item()',
    "The history holds sums. The mean reward of a step is asked.",
)


def trained(env, rounds, steps, epochs, batch, lr, gamma, lam, entropy, seed, pieces):
    """The whole exercise; ``pieces`` cuts a round into mini-batches."""
    torch.manual_seed(seed)
    model, history = ActorCritic(env), []
    optimiser = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-5)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda k: 1 - k / rounds)
    o = env.reset()
    for k in range(rounds):
        o, d = rollout(env, model, o, steps)
        a_hat = gae(d["reward"], d["value"], d["following"], d["terminated"], d["truncated"], gamma, lam)
        target = (a_hat + d["value"]).reshape(-1)
        x, act, old = d["observation"].flatten(0, 1), d["action"].flatten(0, 1), d["log_prob"].reshape(-1)
        a_hat = a_hat.reshape(-1)
        for _ in range(epochs):
            for row in pieces(len(x), batch):
                policy, weight = model.policy(x[row]), a_hat[row]
                weight = (weight - weight.mean()) / (weight.std() + 1e-8)
                loss = ppo_loss(policy.log_prob(act[row]), old[row], weight)
                loss = loss + 0.5 * (model.value(x[row]) - target[row]).square().mean()
                loss = loss - (1 - k / rounds) * entropy * policy.entropy().mean()
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                optimiser.step()
        schedule.step()
        history.append(float(d["reward"].mean()))
    return model, history


@exercise.alternative
def with_a_scheduler(
    env, *, rounds, steps=64, epochs=4, batch=256, lr=2.5e-3, gamma=0.98, lam=0.9, entropy=0.0, seed=0
):
    return trained(
        env, rounds, steps, epochs, batch, lr, gamma, lam, entropy, seed, lambda n, size: torch.randperm(n).split(size)
    )


@exercise.alternative
def by_slices(env, *, rounds, steps=64, epochs=4, batch=256, lr=2.5e-3, gamma=0.98, lam=0.9, entropy=0.0, seed=0):
    def pieces(n, size):
        order = torch.randperm(n)
        return [order[start : start + size] for start in range(0, n, size)]

    return trained(env, rounds, steps, epochs, batch, lr, gamma, lam, entropy, seed, pieces)


def played(env, model) -> torch.Tensor:
    """Return of the first episode of each copy, most likely actions."""
    observation, total, alive = env.reset(), torch.zeros(env.count), torch.ones(env.count, dtype=torch.bool)
    with torch.no_grad():
        while alive.any():
            step = env.step(model.greedy(observation))
            total += step.reward * alive
            alive &= ~(step.terminated | step.truncated)
            observation = step.observation
    return total


@exercise.ledger("cart_pole", seeds=100)
def cart_pole(solution, seed):
    """50 rounds of 64 steps of 32 copies, fixed beforehand; 100 greedy episodes."""
    start = time.perf_counter()
    model, _ = solution(CartPole(32, seed=seed), rounds=50, seed=seed)
    took = time.perf_counter() - start
    score = played(CartPole(100, seed=100_000 + seed), model).mean().item()
    return {"score": score, "solved_share": float(score >= 475), "training_seconds": took}


@exercise.ledger("pendulum", seeds=5)
def pendulum(solution, seed):
    """150 rounds of 64 steps of 32 copies, rewards of a tenth; 100 episodes of the policy's mean, rewards whole."""

    class Tenth(Pendulum):
        def advance(self, state, action):
            state, reward, terminated = super().advance(state, action)
            return state, 0.1 * reward, terminated

    model, _ = solution(Tenth(32, seed=seed), rounds=150, epochs=8, lr=2e-3, gamma=0.95, lam=0.95, seed=seed)
    score = played(Pendulum(100, seed=100_000 + seed), model).mean().item()
    return {"score": score, "solved_share": float(score >= -200)}


@exercise.ledger("wells", seeds=5)
def wells(solution, seed):
    """100 rounds of 8 steps of 256 licences; exact mean earnings of the learned plan, beside the best plan's and the careful rule's."""
    settings = {"rounds": 100, "steps": 8, "batch": 512, "lr": 5e-3, "gamma": 1.0, "lam": 1.0, "entropy": 0.2}
    model, _ = solution(Wells(256, seed=seed), seed=seed, **settings)
    field = Wells(1)
    p, r = field.tables()
    digits, row = field.digits(), torch.arange(len(r))
    with torch.no_grad():
        learned = torch.cat(
            [model.greedy(torch.where(digits == 0, 0.0, 2.0 * digits - 3)), torch.tensor([field.SITES])]
        )
    careful = torch.where(r.amax(1) > 0, r.argmax(1), field.SITES)
    best, worth = torch.zeros(len(r)), {"learned": torch.zeros(len(r)), "careful": torch.zeros(len(r))}
    for _ in range(field.SITES + 1):
        best = (r + p @ best).amax(1)
        for name, plan in (("learned", learned), ("careful", careful)):
            worth[name] = r[row, plan] + p[row, plan] @ worth[name]
    return {"earned": worth["learned"][0].item(), "best": best[0].item(), "careful": worth["careful"][0].item()}


exercise.equivalent("0 -> 1", "all columns have as many rows")
exercise.equivalent("+ -> -", "a hundred-millionth matters only where all advantages are equal, and then all are zero")
