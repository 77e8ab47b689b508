"""REINFORCE with a baseline, tried on two probe environments whose right answer is known."""

import torch
from torch import nn

from dlmodule.checking.exercise import Case, Exercise
from dlmodule.environments import PROBES, CartPole

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "play gives everything (T, N). Which steps are alive, and over which copies do you take the baseline's mean?",
        "discounted_return works on (T, N). Index log probabilities, returns and the expanded baseline with alive before you call reinforce_loss.",
    ),
)


@exercise.probe
def probe(candidate, case):
    name, rounds = case.args
    kind = PROBES[name]
    model = candidate(kind(16, seed=1), rounds=rounds, lr=0.02, gamma=0.5, seed=0)
    with torch.no_grad():
        right = [model.policy(torch.tensor([[o]])).probs[0, a].item() for o, a in kind.choices.items()]
    # Three short trainings, to tell whether the seed decides, and whether the critic was left alone.
    logits = []
    for seed, gamma in ((3, 0.98), (3, 0.98), (4, 0.98), (3, 0.5)):
        small = candidate(CartPole(4, seed=0), rounds=2, gamma=gamma, seed=seed)
        with torch.no_grad():
            logits.append(small.policy(torch.full((1, 4), 0.1)).logits)
    return {
        "the right action is learned": min(right) > 0.9,
        "same seed, same policy": torch.equal(logits[0], logits[1]),
        "another seed, another policy": not torch.equal(logits[0], logits[2]),
        "another discount, another policy": not torch.equal(logits[0], logits[3]),
        "logits after two rounds": [round(v, 3) for v in logits[0][0].tolist()]
        if torch.equal(logits[0], logits[1])
        else [],
    }


@exercise.cases
def cases():
    yield Case("chosen", 40).named("the probe in which one action is right")
    yield Case("matched", 60).named("the probe in which the action must match the observation")


exercise.edit(
    "seed_not_used", "torch.manual_seed(seed)", "torch.seed()",
    "The same seed gave two policies: torch.manual_seed(seed) has to come before the model is made.",
)  # fmt: skip
exercise.edit(
    "gradients_pile_up", "        optimiser.zero_grad()\n", "",
    "Gradients of all rounds pile up: clear them before backward.",
)  # fmt: skip
exercise.edit(
    "dead_steps_count", "reinforce_loss(log_prob[alive], returns[alive], baseline.expand_as(returns)[alive])", "reinforce_loss(log_prob.flatten(), returns.flatten(), baseline.expand_as(returns).flatten())",
    "Steps after the end of an episode are in your loss. They belong to no episode: leave them out with alive.",
)  # fmt: skip
exercise.edit(
    "baseline_over_the_dead", "alive.sum(1, keepdim=True)", "alive.shape[1]",
    "Your baseline divides by all copies. Only those that are alive at the step have a return.",
)  # fmt: skip
exercise.edit(
    "discount_ignored", "discounted_return(rewards, gamma)", "discounted_return(rewards, 1.0)",
    "The discount has no effect on your training: pass gamma to discounted_return.",
)  # fmt: skip


@exercise.alternative
def by_weights(env, *, rounds, lr=1e-2, gamma=0.98, seed=0):
    torch.manual_seed(seed)
    model = ActorCritic(env)
    optimiser = torch.optim.Adam(list(model.actor.parameters()), lr)
    for _ in range(rounds):
        o, a, r, alive = play(env, model)
        g = torch.zeros_like(r)
        g[-1] = r[-1]
        for t in range(len(r) - 2, -1, -1):
            g[t] = r[t] + gamma * g[t + 1]
        weight = alive * (g - ((g * alive).sum(1) / alive.sum(1))[:, None])
        loss = -(model.policy(o).log_prob(a) * weight).sum() / alive.sum()
        model.zero_grad()
        loss.backward()
        optimiser.step()
    return model


@exercise.alternative
def by_nan_mean(env, *, rounds, lr=1e-2, gamma=0.98, seed=0):
    torch.manual_seed(seed)
    model = ActorCritic(env)
    optimiser = torch.optim.Adam(model.actor.parameters(), lr=lr)
    for _ in range(rounds):
        o, a, r, alive = play(env, model)
        returns = discounted_return(r, gamma)
        usual = returns.masked_fill(~alive, float("nan")).nanmean(1, keepdim=True)
        loss = -(model.policy(o).log_prob(a) * (returns - usual))[alive].mean()
        optimiser.zero_grad()
        nn.Module.zero_grad(model)
        loss.backward()
        optimiser.step()
    return model
