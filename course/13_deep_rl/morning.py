# ---
# title: "Deep reinforcement learning: where to drill next"
# objectives:
#   - write down a decision problem as states, actions, rewards and a discount, and solve a small one exactly
#   - learn values from experience, with a table and with a network (DQN, double and dueling)
#   - derive the policy gradient, its baseline and generalised advantages, and train PPO
#   - tell an episode that terminated from one that was truncated, and say what each does to a target
#   - find what is wrong with an agent by five probe environments
#   - report a training over its seeds, failures counted, beside the best plan where it is known
# prerequisites: [02_pytorch_1.morning, 03_pytorch_2.morning, 04_ml_recap.morning, 06_cnns_2.probability]
# minutes: {cpu: 2}
# data: []
# ---

# %%
import copy
import math
import time

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical, Independent, Normal

from dlmodule import plot
from dlmodule.checking import checks
from dlmodule.environments import PROBES, CartPole, Environment, Step, Wells
from dlmodule.environments.probes import GAMMA
from dlmodule.rehearsal import sized

check = checks("13_deep_rl")
plot.use_style()

# %% [markdown]
# ## The question: where do we drill next?
#
# You hold a licence with six prospects, two rows of three. Each holds oil with a chance of about one in three. A well costs 1, and oil brings 2.6.
# The average well therefore loses money: $0.35\times 2.6-1=-0.09$. Do you drill at all? If so, where first, and what do you do if it is dry?
#
# A well also brings *information*. Neighbours share their geology, and oil in one makes oil next door more likely. Supervised learning
# has no target for "the right well": there are no labels. Reinforcement learning needs only the money that came in.

# %%
field = Wells(1)
chance = field.chances()
nothing, dry, oil = (
    chance[0],
    chance[3**4],
    chance[2 * 3**4],
)  # the second prospect is digit 4 of six, counted from the right
fig, axes = plt.subplots(1, 3, figsize=(9, 2.7), layout="constrained")
for ax, belief, title in zip(axes, (nothing, dry, oil), ("before any well", "the middle well is dry", "the middle well has oil"), strict=True):  # fmt: skip
    ax.imshow(belief.reshape(2, 3), vmin=0, vmax=1, cmap="viridis")
    for site, p in enumerate(belief.tolist()):
        ax.text(site % 3, site // 3, f"{p:.2f}", ha="center", va="center", color="white" if p < 0.6 else "black")
    ax.set(title=title, xticks=[], yticks=[])
plot.alt(fig, f"Chance of oil at six prospects. Before any well between {nothing.min():.2f} and {nothing.max():.2f}; around a dry well lower, around a find higher.")  # fmt: skip

# %% [markdown]
# The map leaves much out: no costs of abandonment, no size of a find, no time. What it keeps is the heart of the question: a sequence of choices,
# each of which changes what we know. Sequential exploration of dependent prospects was studied by Bickel and Smith (2006).
#
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N, T$ | environments side by side, time steps | |
# | $S, A$ | number of states, of actions | |
# | $D$ | features of an observation $o$ | |
# | $s, a, r$ | state, action, reward | |
# | $\gamma$ | discount, between 0 and 1 | |
# | $G_t$ | return from step $t$ on | `(T,)` |
# | $V, Q$ | value of a state, of an action in a state | `(S,)`, `(S, A)` |
# | $\pi$ | policy: probabilities of actions | `(S, A)` |
# | $\hat A$ | estimated advantage | `(T, N)` |
# | $\lambda$ | how far advantages look ahead | |
# | $\delta_t$ | surprise of one step, $r_t+\gamma V(o_{t+1})-V(o_t)$ | `(T, N)` |
# | $\rho$ | ratio of the new policy's probability to the old one's | `(N,)` |
# | $\epsilon$ | chance of a random action; in PPO how far $\rho$ may move | |
# | $\theta, L, J$ | parameters, loss, expected return of a policy | |
# | $b$ | baseline: what is subtracted from a return | |
# | $p(s' \mid s, a)$ | probability of the next state | `(S, A, S)` |

# %% [markdown]
# ## Decisions in a row
#
# A **Markov decision process** (MDP) has states, actions, rewards and transition probabilities $p(s'\mid s,a)$. "Markov" means that the next state depends on
# the present state and action only. An agent observes the state, chooses an action, receives a reward and finds itself in the next state.

# %%
plot.diagram(["input: state", "agent | policy -> action", "operation: environment -> reward, next state"], links=[("environment", "agent", "reward, next state")], title="The loop of reinforcement learning")  # fmt: skip

# %% [markdown]
# The agent does not maximise the next reward. It maximises the **return**, the sum of all rewards to come, each step discounted by $\gamma$:
#
# $$ G_t = r_t + \gamma r_{t+1} + \gamma^2 r_{t+2} + \dots = r_t + \gamma G_{t+1} . $$
#
# The second form is the useful one: it is a loop from the last step to the first. The discount is partly a convention. It keeps the sum finite and says how far ahead
# the agent looks, about $1/(1-\gamma)$ steps.
#
# **A worked number.** Rewards 0, 0, 8 and $\gamma=0.5$. Backwards: $G_3=8$, $G_2=0+0.5\cdot 8=4$, $G_1=0.5\cdot 4=2$.
#
# ### Exercise 13.1: the discounted return
# The return from every step on, for one episode.


# %%
def discounted_return(reward: Tensor, gamma: float) -> Tensor:
    """reward: (T,); returns (T,), the return from each step on."""
    ### BEGIN SOLUTION
    returns, running = torch.empty_like(reward), torch.zeros_like(reward[0])
    for t in reversed(range(len(reward))):
        running = reward[t] + gamma * running
        returns[t] = running
    return returns
    ### END SOLUTION


# %%
check(discounted_return)

# %% [markdown]
# ## When the rules are known: Bellman's equation
#
# A simpler drilling problem first. A bit moves through a vertical section towards a reservoir. At each step it costs 1 and you steer it down, right or up.
# With probability 0.2 the ground wins, and the bit drops instead. The reservoir pays 30. A fault zone costs the bit, and 30.

# %%
ROWS, COLUMNS, GOAL, FAULT = 6, 9, (4, 8), [(4, 3), (4, 4), (5, 4), (3, 4)]
MOVES = {"down": (1, 0), "right": (0, 1), "up": (-1, 0)}


def section_mdp(drop: float = 0.2) -> tuple[Tensor, Tensor]:
    """Transition p (S, A, S) and expected reward r (S, A) of the section; the last state is the end of the well."""
    end = ROWS * COLUMNS
    p, r = torch.zeros(end + 1, 3, end + 1), torch.zeros(end + 1, 3)
    p[end, :, end] = 1
    for row in range(ROWS):
        for column in range(COLUMNS):
            for a, move in enumerate(MOVES.values()):
                for (down, right), share in ((move, 1 - drop), ((1, 0), drop)):
                    to = min(max(row + down, 0), ROWS - 1), min(column + right, COLUMNS - 1)
                    over = to == GOAL or to in FAULT
                    p[row * COLUMNS + column, a, end if over else to[0] * COLUMNS + to[1]] += share
                    r[row * COLUMNS + column, a] += share * (30 * (to == GOAL) - 30 * (to in FAULT) - 1)
    return p, r


p, r = section_mdp()
print(f"{r.shape[0]} states, {r.shape[1]} actions; each row of p sums to {p.sum(2).unique().tolist()}")

# %% [markdown]
# The **value** $V(s)$ of a state is the expected return from it. The **action value** $Q(s,a)$ is the expected return if you take $a$ first. If you act best ever after, the two are
# linked by **Bellman's equation** (Bellman, 1957):
#
# $$ Q(s,a) = r(s,a) + \gamma \sum_{s'} p(s'\mid s,a)\, V(s'), \qquad V(s) = \max_a Q(s,a) . $$
#
# In words: the value now is the reward now plus the discounted value of where you land. The maximum stands *outside* the sum: you choose first, then chance decides.
#
# **A worked number.** An action earns 1 and leads with probability 0.5 each to states of value 4 and 8. With $\gamma=0.5$ it is worth $1+0.5\,(0.5\cdot 4+0.5\cdot 8)=4$.
#
# ### Exercise 13.2: one Bellman backup
# Compute $Q$ for all states and actions at once from the present values.


# %%
def bellman_backup(value: Tensor, p: Tensor, r: Tensor, gamma: float) -> Tensor:
    """value: (S,), p: (S, A, S) with the next state last, r: (S, A); returns Q (S, A)."""
    ### BEGIN SOLUTION
    following = (p * value).sum(-1)
    return r + gamma * following
    ### END SOLUTION


# %%
check(bellman_backup)

# %% [markdown]
# ### Value iteration
#
# The equation has $V$ on both sides. **The idea in one sentence.** Start from zeros, apply the backup again and again, and stop when nothing moves.
#
# It works because the backup brings any two value tables closer, by the factor $\gamma$: a mean and a maximum cannot enlarge a largest difference.
# After $k$ sweeps the error is at most $\gamma^k$ of what it was. With $\gamma=1$ this argument fails, but a problem that surely ends converges as well.
#
# ### Exercise 13.3: value iteration
# Repeat until no value changes by more than `tolerance`. Return the values and the best action in each state; the first of several equally good ones.


# %%
def value_iteration(p: Tensor, r: Tensor, gamma: float, tolerance: float = 1e-6) -> tuple[Tensor, Tensor]:
    """p: (S, A, S), r: (S, A); returns values (S,) and actions (S,)."""
    ### BEGIN SOLUTION
    value = torch.zeros(len(r), dtype=r.dtype)
    while True:
        q = bellman_backup(value, p, r, gamma)
        new = q.amax(1)
        if (new - value).abs().max() <= tolerance:
            return new, q.argmax(1)
        value = new
    ### END SOLUTION


# %%
check(value_iteration)

# %% [markdown]
# **Predict.** The straight way to the reservoir passes just above the fault zone. Will the best plan take it when the bit drops with probability 0.2? And with 0?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def plan(drop: float, sweeps: int) -> None:
    """Values after some sweeps, and the action that looks best."""
    p, r = section_mdp(drop)
    value = torch.zeros(len(r))
    for _ in range(sweeps):
        value = bellman_backup(value, p, r, 1.0).amax(1)
    best = bellman_backup(value, p, r, 1.0).argmax(1)
    fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
    image = ax.imshow(value[:-1].reshape(ROWS, COLUMNS), cmap="viridis", vmin=-20, vmax=30)
    for s in range(ROWS * COLUMNS):
        place = divmod(s, COLUMNS)
        text = "oil" if place == GOAL else "fault" if place in FAULT else "v>^"[best[s]].replace("v", "↓").replace(">", "→").replace("^", "↑")  # fmt: skip
        ax.text(place[1], place[0], text, ha="center", va="center", color="white" if value[s] < 10 else "black")
    ax.set(xlabel="distance", ylabel="depth", xticks=[], yticks=[])
    fig.colorbar(image, label="value")
    plot.alt(fig, f"Section with the value of each place after {sweeps} sweeps when the bit drops with probability {drop:g}, and an arrow for the best action. The start is worth {value[0]:.1f}.")  # fmt: skip


plot.slider(plan, sweeps=[0, 1, 3, 6, 10, 30], drop=[0.0, 0.2, 0.4], start={"drop": 0.2, "sweeps": 30}, still=[1, 6, 30])  # fmt: skip

# %% [markdown]
# Value spreads from the reservoir, one cell a sweep. The plan keeps a distance from the fault that grows with the risk of dropping. That rule was not programmed.
#
# **Policy iteration** is the other classic. It evaluates the present policy exactly, which is a linear system, and then takes the best action everywhere.
# It needs few rounds, each more costly. Both need $p$. In the field you do not have it.

# %%
policy, state = torch.zeros(len(r), dtype=torch.long), torch.arange(len(r))
rounds = 0
while True:
    rounds += 1
    kept = 0.99 * p[state, policy]  # a discount below 1: a policy that never ends must have a finite value
    value = torch.linalg.solve(torch.eye(len(r)) - kept, r[state, policy])
    better = bellman_backup(value, p, r, 0.99).argmax(1)
    if torch.equal(better, policy):
        break
    policy = better
print(
    f"policy iteration: {rounds} rounds; value of the start {value[0]:.2f}, by value iteration {value_iteration(p, r, 0.99)[0][0]:.2f}"
)

# %% [markdown]
# ## When the rules are not known: Q-learning
#
# Now you may only drill and see. **The idea in one sentence** (Watkins and Dayan, 1992): move $Q(s,a)$ a little towards what one experience says it should be.
#
# $$ Q(s,a) \leftarrow Q(s,a) + \alpha\,\big[\,\underbrace{r + \gamma \max_{a'} Q(s',a')}_{\text{target}} - Q(s,a)\big] . $$
#
# The sum over $p$ has become one sample. If the episode **terminated** in $s'$, nothing more can be earned, and the target is $r$ alone.
#
# **A worked number.** $Q(s,a)=2$, the reward is 1, the best next value is 4, $\gamma=0.5$, $\alpha=0.1$. The target is $1+0.5\cdot 4=3$, and the new value $2+0.1\,(3-2)=2.1$.
#
# ### Exercise 13.4: one step of Q-learning
# Return the new table, and leave the old one as it is.


# %%
def q_learning(q: Tensor, s: int, a: int, reward: float, s_next: int, terminated: bool, *, alpha: float, gamma: float) -> Tensor:  # fmt: skip
    """q: (S, A); returns the table (S, A) after one experience."""
    ### BEGIN SOLUTION
    target = reward if terminated else reward + gamma * q[s_next].max()
    new = q.clone()
    new[s, a] += alpha * (target - q[s, a])
    return new
    ### END SOLUTION


# %%
check(q_learning)

# %% [markdown]
# ### Exploration
#
# An agent that always takes what looks best may never try what is best. **Epsilon-greedy** takes a random action with probability $\epsilon$, and the best one otherwise. The random action is drawn from
# *all* actions, so the best one is taken with probability $1-\epsilon+\epsilon/A$.
#
# ### Exercise 13.5: epsilon-greedy
# One action for each row. Draw everything from `generator`.


# %%
def epsilon_greedy(q: Tensor, epsilon: float, *, generator: torch.Generator | None = None) -> Tensor:
    """q: (N, A); returns actions (N,)."""
    ### BEGIN SOLUTION
    explore = torch.rand(len(q), generator=generator) < epsilon
    random = torch.randint(q.shape[1], (len(q),), generator=generator)
    return torch.where(explore, random, q.argmax(1))
    ### END SOLUTION


# %%
check(epsilon_greedy)

# %%
generator = torch.Generator().manual_seed(0)
end, q = len(r) - 1, torch.zeros(len(r), 3)
earned = []
for episode in range(sized(600, rehearsal=20)):
    s, total, epsilon = 0, 0.0, max(0.05, 1 - episode / 300)
    for _ in range(40):
        a = int(epsilon_greedy(q[s : s + 1], epsilon, generator=generator))
        s_next = int(torch.multinomial(p[s, a], 1, generator=generator))
        reward = r[s, a].item()  # the mean reward of this step: our only liberty
        q = q_learning(q, s, a, reward, s_next, s_next == end, alpha=0.2, gamma=1.0)
        s, total = s_next, total + reward
        if s == end:
            break
    earned.append(total)
print(
    f"last 50 episodes: {sum(earned[-50:]) / len(earned[-50:]):.1f} each; the best plan earns {value_iteration(p, r, 1.0)[0][0]:.1f}"
)

# %% [markdown]
# The table needs hundreds of wells for 54 states. Our field of six prospects has $3^6=729$ states of knowledge, one with twenty prospects 3.5 billion.
# A table learns nothing about a state that it has not visited. A network may.
#
# ## Function approximation: CartPole
#
# The standard test is a pole on a cart (Barto, Sutton and Anderson, 1983): position, velocity, angle and angular velocity, push left or right, one point a step. An episode
# **terminates** when the pole falls, and is **truncated** after 500 steps. A mean of 475 over 100 episodes counts as solved.
#
# Our `CartPole` takes the same steps as Gymnasium's CartPole-v1, which the course's tests prove one by one. It moves $N$ carts at once as rows of one tensor.
# An episode that ends is replaced at once; `final` holds the observation that the step reached. First, the simplest things that could work.


# %%
@torch.no_grad()
def episode_return(env: Environment, act, gamma: float = 1.0) -> Tensor:
    """Total reward (N,) of the first episode in each copy; ``act`` maps observations (N, D) to actions."""
    observation, total, discount = env.reset(), torch.zeros(env.count), 1.0
    alive = torch.ones(env.count, dtype=torch.bool)
    while alive.any():
        step = env.step(act(observation))
        total += discount * step.reward * alive
        alive &= ~(step.terminated | step.truncated)
        observation, discount = step.observation, discount * gamma
    return total


controllers = {
    "always right": lambda o: torch.ones(len(o), dtype=torch.long),
    "random": lambda o: torch.randint(2, (len(o),)),
    "push where it leans": lambda o: (o[:, 2] > 0).long(),
    "push where it leans and turns": lambda o: (o[:, 2] + 0.5 * o[:, 3] > 0).long(),
}
for name, act in controllers.items():
    print(f"{name:30} {episode_return(CartPole(100, seed=1), act).mean():6.1f}")

# %% [markdown]
# Two numbers and a sign already do very well. Keep this in mind when you read that an agent "solved" CartPole: the task tests the *method*, not the agent's wit.
#
# ### Deep Q-networks
#
# Put a network $Q_\theta$ in place of the table. Naively this fails for two reasons. Neighbouring steps look alike, so a mini-batch of them is a poor sample. And the
# target moves with every update, as a dog chases its tail. DQN (Mnih and others, 2015) answers both: a **replay buffer** from which old steps are
# drawn at random, and a **target network**, a copy of $Q_\theta$ that is renewed only now and then.
#
# ### Exercise 13.6: a replay buffer
# Keep the last `capacity` rows. When it is full, the newest overwrites the oldest. `sample` draws rows with replacement from those that have been filled.


# %%
class ReplayBuffer:
    """The last ``capacity`` rows of what was pushed."""

    def __init__(self, capacity: int) -> None:
        ### BEGIN SOLUTION
        self.capacity, self.pushed = capacity, 0
        self.columns: list[Tensor] = []
        ### END SOLUTION

    def __len__(self) -> int:
        """Number of rows that can be drawn."""
        ### BEGIN SOLUTION
        return min(self.pushed, self.capacity)
        ### END SOLUTION

    def push(self, *columns: Tensor) -> None:
        """Add N rows; each column is (N, ...), always the same columns in the same order. N is at most the capacity."""
        ### BEGIN SOLUTION
        if not self.columns:
            self.columns = [column.new_zeros(self.capacity, *column.shape[1:]) for column in columns]
        place = (self.pushed + torch.arange(len(columns[0]))) % self.capacity
        for kept, column in zip(self.columns, columns, strict=True):
            kept[place] = column
        self.pushed += len(place)
        ### END SOLUTION

    def sample(self, count: int, generator: torch.Generator | None = None) -> list[Tensor]:
        """``count`` random rows: one tensor (count, ...) for each column."""
        ### BEGIN SOLUTION
        row = torch.randint(len(self), (count,), generator=generator)
        return [kept[row] for kept in self.columns]
        ### END SOLUTION


# %%
check(ReplayBuffer)

# %% [markdown]
# ### The target, and its optimism
#
# The maximum of noisy estimates is too high on average. Three actions worth 0, each estimated with an error of standard deviation 1, give a maximum of 0.85 on average. **Double DQN** (van Hasselt, Guez
# and Silver, 2016) lets one network *choose* the action and the other *judge* it:
#
# $$ y = r + \gamma\,(1-\text{terminated})\; Q_{\text{target}}\big(s', \arg\max_{a'} Q_\theta(s',a')\big) . $$
#
# The target is a number, not a function of $\theta$: no gradient flows through it. It uses a value that the network itself estimates; this is called **bootstrapping**.
#
# Which flag stands in the formula matters. A pole that fell earns nothing more. A pole that stood when the clock ran out would have gone on, so its next value counts
# (Pardo and others, 2018). With $\gamma=0.99$ a pole that stands for ever is worth $1/(1-0.99)=100$. A target that takes the time-out for a fall says 1.
#
# | | next value counts in the target | a chain of rewards goes on |
# |---|---|---|
# | the episode goes on | yes | yes |
# | truncated | yes, of the `final` observation | no |
# | terminated | no | no |
#
# ### Exercise 13.7: the double-DQN target
# Two tables of action values of the next observations are given, one of each network.


# %%
def dqn_target(reward: Tensor, terminated: Tensor, q_online: Tensor, q_target: Tensor, gamma: float) -> Tensor:
    """reward: (N,), terminated: (N,) bool, q_online and q_target: (N, A), of the next observation; returns (N,), without gradient."""
    ### BEGIN SOLUTION
    best = q_online.argmax(1, keepdim=True)
    following = q_target.gather(1, best).squeeze(1)
    return (reward + gamma * following * ~terminated).detach()
    ### END SOLUTION


# %%
check(dqn_target)

# %% [markdown]
# ### Exercise 13.8: a dueling network
# In many states all actions are nearly the same. Wang and others (2016) split $Q$ into the value of the state and the **advantage** of each action:
# $Q(o,a)=V(o)+A(o,a)-\frac1A\sum_{a'}A(o,a')$. Without the mean the two parts are not determined: you could add a number to one and take it from the other.
# Layers: `body`, a `Linear` and a ReLU twice; then `value` and `advantage`, one `Linear` each.

# %%
plot.diagram(["observation -> N, D", "linear -> N, 64", "ReLU", "linear -> N, 64", "ReLU", plot.branches("linear | value -> N, 1", "linear | advantage minus its mean -> N, A", join="+"), "output: Q -> N, A"], title="A dueling Q-network")  # fmt: skip


# %%
class DuelingQ(nn.Module):
    """Observations (N, D) -> action values (N, A)."""

    def __init__(self, features: int, actions: int, hidden: int = 64) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.value, self.advantage = nn.Linear(hidden, 1), nn.Linear(hidden, actions)

    def forward(self, observation: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        h = self.body(observation)
        advantage = self.advantage(h)
        return self.value(h) + advantage - advantage.mean(1, keepdim=True)
        ### END SOLUTION


# %%
check(DuelingQ)

# %% [markdown]
# ### Exercise 13.9: train a DQN
# Put the parts together. The steps of one round:
#
# 1. Act with `epsilon_greedy`. Epsilon falls linearly from 1 to `last` over the first `share` of the rounds.
# 2. Step the environment, and push observation, action, reward, terminated and `final`.
# 3. From `len(buffer) >= batch` on, sample `batch` rows, and minimise `F.smooth_l1_loss` between $Q_\theta(o,a)$ and the target (the Huber loss: a square up to 1, a straight line beyond). Clip the gradient at 10.
# 4. Every `renew` rounds copy the network into the target network.
#
# Use Adam; let its rate fall linearly from `lr` to zero. Seed with `torch.manual_seed(seed)` first.


# %%
def train_dqn(
    env: Environment, *, rounds: int, batch: int = 128, lr: float = 2e-3, gamma: float = 0.98,
    share: float = 0.2, last: float = 0.04, renew: int = 25, capacity: int = 50_000, seed: int = 0,
) -> nn.Module:  # fmt: skip
    """A dueling Q-network, trained on ``env`` for ``rounds`` steps of all its copies."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = DuelingQ(env.features, env.actions)
    frozen, buffer = copy.deepcopy(model), ReplayBuffer(capacity)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    observation = env.reset()
    for k in range(rounds):
        epsilon = max(last, 1 - (1 - last) * k / (share * rounds))
        with torch.no_grad():
            action = epsilon_greedy(model(observation), epsilon)
        step = env.step(action)
        buffer.push(observation, action, step.reward, step.terminated, step.final)
        observation = step.observation
        if len(buffer) < batch:
            continue
        o, a, reward, terminated, final = buffer.sample(batch)
        with torch.no_grad():
            y = dqn_target(reward, terminated, model(final), frozen(final), gamma)
        loss = F.smooth_l1_loss(model(o).gather(1, a[:, None])[:, 0], y)
        optimiser.param_groups[0]["lr"] = lr * (1 - k / rounds)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimiser.step()
        if k % renew == 0:
            frozen.load_state_dict(model.state_dict())
    return model
    ### END SOLUTION


# %%
check(train_dqn)

# %% [markdown]
# Judge an agent by its return, never by its loss. The target moves, so a small loss may mean that the network agrees with its own error.
#
# On CartPole a good recipe can hide a trap. Of the rows in the buffer fewer than one in ten are falls, and only they say that values end. The Huber loss forgives large errors: a straight line
# follows the majority. So the few falls are taken for outliers, and each renewal of the target lifts the values further. With rewards of 1, in one run of 6,000 rounds (16 copies,
# rate 1e-3, $\gamma=0.98$, seed 0), they rose to 145,000, where no return exceeds 50, and the pole fell after nine steps.
#
# The cure is a matter of units. With rewards of 0.01 and $\gamma=0.99$ no return exceeds 1, and there the Huber loss is a plain square. 8,000 rounds of 16 copies, fixed beforehand, then score {ledger: 13_deep_rl.train_dqn.cart_pole.score}
# over 100 greedy episodes. The share of seeds that reach 475 is {ledger: 13_deep_rl.train_dqn.cart_pole.solved_share}; one takes {ledger: 13_deep_rl.train_dqn.cart_pole.training_seconds} seconds.
#
# ## Policies that learn directly
#
# DQN learns values and reads the policy off them. We can also give the *policy* parameters, $\pi_\theta(a\mid o)$, and climb the expected return $J(\theta)$. But how do you differentiate an
# expectation over actions that were drawn? By the **log-derivative trick**, $\nabla\pi=\pi\,\nabla\log\pi$:
#
# $$ \nabla_\theta \sum_a \pi_\theta(a)\,G(a) = \sum_a \pi_\theta(a)\,\nabla\log\pi_\theta(a)\,G(a) = \mathbb E\big[\nabla\log\pi_\theta(a)\,G(a)\big] . $$
#
# An expectation can be sampled. Make actions that were followed by a high return more likely: this is **REINFORCE** (Williams, 1992). Over an episode each action is weighted by the
# return *from its own step on*, as it cannot change the past.
#
# **The baseline.** Subtract any $b(o)$ that does not depend on the action. The gradient keeps its mean, since $\mathbb E[\nabla\log\pi]=\nabla\sum_a\pi=\nabla 1=0$, and its noise may shrink a great deal.
# The usual choice is an estimate of $V(o)$. The network that gives it is called the **critic**, and the policy beside it the **actor**. What is left, $G-V$, is an estimate of the **advantage**: how much better was this than usual?
#
# ### Exercise 13.10: the loss of REINFORCE
# A loss whose gradient is minus the policy gradient, as a mean over steps. The advantage $G-b$ is a weight: no gradient flows through it.


# %%
def reinforce_loss(log_prob: Tensor, returns: Tensor, baseline: Tensor) -> Tensor:
    """log_prob, returns, baseline: (T,); returns a number to minimise."""
    ### BEGIN SOLUTION
    advantage = (returns - baseline).detach()
    weighted = log_prob * advantage
    return -weighted.sum() / len(weighted)
    ### END SOLUTION


# %%
check(reinforce_loss)

# %% [markdown]
# The value of this loss says nothing. It is made to have the right gradient, at one point, once.
#
# A fact that many texts pass over: with a discount, the state weighting of the exact gradient contains a factor $\gamma^t$ that everybody drops. Nota and Thomas (2020) showed that the usual update is then not the
# gradient of any function. It works all the same.
#
# **Predict.** Take CartPole and a fresh random policy. How much does the noise of the gradient shrink if we go from the whole return to the return from each step on, and then subtract a baseline?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
class ActorCritic(nn.Module):
    """A policy and a value, two networks of their own. Continuous actions: a Gaussian, whose spread is a parameter."""

    def __init__(self, env: Environment, hidden: int = 64) -> None:
        super().__init__()
        self.actor = self.network(env.features, hidden, env.actions, last=0.01)
        self.critic = self.network(env.features, hidden, 1, last=1.0)
        self.log_std = nn.Parameter(torch.zeros(env.actions)) if env.continuous else None

    @staticmethod
    def network(features: int, hidden: int, outputs: int, last: float) -> nn.Sequential:
        """Two hidden layers of tanh, orthogonal weights; ``last`` scales the last layer."""
        linears = [nn.Linear(features, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)]
        for linear, gain in zip(linears, (2**0.5, 2**0.5, last), strict=True):
            nn.init.orthogonal_(linear.weight, gain)
            nn.init.zeros_(linear.bias)
        return nn.Sequential(linears[0], nn.Tanh(), linears[1], nn.Tanh(), linears[2])

    def policy(self, observation: Tensor) -> Categorical | Independent:
        """The distribution of actions; its log_prob is (...,), summed over the components of an action."""
        out = self.actor(observation)
        if self.log_std is None:
            return Categorical(logits=out, validate_args=False)
        return Independent(Normal(out, self.log_std.exp(), validate_args=False), 1, validate_args=False)

    def value(self, observation: Tensor) -> Tensor:
        """(..., D) -> (...,): without the axis of length 1, which would broadcast against returns."""
        return self.critic(observation)[..., 0]

    def greedy(self, observation: Tensor) -> Tensor:
        """The most likely action."""
        return self.actor(observation).argmax(-1) if self.log_std is None else self.actor(observation)


plot.diagram(["observation -> N, D", plot.branches(["linear -> N, 64", "tanh", "linear -> N, 64", "tanh", "linear | actor -> N, A"], ["linear -> N, 64", "tanh", "linear -> N, 64", "tanh", "linear | critic -> N, 1"], join=None)], title="ActorCritic: a policy and a value")  # fmt: skip

# %%
torch.manual_seed(0)
model, env = ActorCritic(CartPole(1)), CartPole(1, seed=0)
gradients: dict[str, list[Tensor]] = {
    "whole return": [],
    "return from each step on": [],
    "minus a constant baseline": [],
}
for _ in range(sized(200, rehearsal=10)):
    observation, observations, actions, done = env.reset(), [], [], False
    while not done:
        with torch.no_grad():
            action = model.policy(observation).sample()
        step = env.step(action)
        observations.append(observation)
        actions.append(action)
        observation, done = step.observation, bool(step.terminated | step.truncated)
    log_prob = model.policy(torch.cat(observations)).log_prob(torch.cat(actions))
    on = discounted_return(torch.ones(len(actions)), 0.98)
    weights = {
        "whole return": on[0].expand(len(on)),
        "return from each step on": on,
        "minus a constant baseline": on - 12.0,
    }
    for name, weight in weights.items():
        loss = reinforce_loss(log_prob, weight, torch.zeros(len(on))) * len(on)
        gradients[name].append(torch.autograd.grad(loss, model.actor[-1].weight, retain_graph=True)[0].flatten())
for name, samples in gradients.items():
    print(f"{name:28} standard deviation of the gradient {torch.stack(samples).std(0).norm():7.1f}")

# %% [markdown]
# The same mean, with less noise each time. Nothing was lost: rewards of the past and a constant only ever added noise.
#
# ### Exercise 13.11: train REINFORCE
# One round: play the first episode of all copies, until each has ended. Take returns from each step on, and as baseline the mean return over the copies that are still alive at that step. One step of
# Adam a round, on `reinforce_loss` over the steps that were alive. Seed first. `play` gives what you need.


# %%
def play(env: Environment, model: ActorCritic) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """First episode of each copy: observations (T, N, D), actions (T, N), rewards (T, N), alive (T, N); dead steps have reward 0."""
    observation, alive, rows = env.reset(), torch.ones(env.count, dtype=torch.bool), []
    while alive.any():
        with torch.no_grad():
            action = model.policy(observation).sample()
        step = env.step(action)
        rows.append((observation, action, step.reward * alive, alive))
        alive = alive & ~(step.terminated | step.truncated)
        observation = step.observation
    observations, actions, rewards, living = (torch.stack(column) for column in zip(*rows, strict=True))
    return observations, actions, rewards, living


def train_reinforce(env: Environment, *, rounds: int, lr: float = 1e-2, gamma: float = 0.98, seed: int = 0) -> ActorCritic:  # fmt: skip
    """An actor trained by REINFORCE with a baseline; its critic is left alone."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = ActorCritic(env)
    optimiser = torch.optim.Adam(model.actor.parameters(), lr=lr)
    for _ in range(rounds):
        observations, actions, rewards, alive = play(env, model)
        returns = discounted_return(rewards, gamma)
        baseline = (returns * alive).sum(1, keepdim=True) / alive.sum(1, keepdim=True)
        log_prob = model.policy(observations).log_prob(actions)
        loss = reinforce_loss(log_prob[alive], returns[alive], baseline.expand_as(returns)[alive])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model
    ### END SOLUTION


# %%
check(train_reinforce)

# %% [markdown]
# ## Advantages: how far to look ahead
#
# REINFORCE waits for the end and adds up every accident on the way: no bias, much noise. The other extreme trusts the critic after one step, $\delta_t = r_t+\gamma V(o_{t+1})-V(o_t)$: little noise, but biased while $V$ is
# wrong. **Generalised advantage estimation** (GAE; Schulman and others, 2016) slides between them:
#
# $$ \hat A_t = \delta_t + \gamma\lambda\,\delta_{t+1} + (\gamma\lambda)^2\delta_{t+2} + \dots = \delta_t + \gamma\lambda\,\hat A_{t+1} . $$
#
# $\lambda=0$ is one step; $\lambda=1$ is the whole return less the baseline. The last table said what an end does: **terminated** removes $\gamma V(o_{t+1})$ from $\delta_t$. *Either* end
# cuts the chain to $\hat A_{t+1}$, because the next row belongs to another episode.
#
# **A worked number.** Two steps, rewards 1 and 1, values 0, $\gamma=1$, $\lambda=0.5$, terminated at the second. $\hat A_2=1$, and $\hat A_1=1+0.5\cdot 1=1.5$.


# %%
def weights(lam: float) -> None:
    """The weight of each later step's error, with an end after step 12."""
    step = torch.arange(30)
    weight = (0.98 * lam) ** step.float() * (step <= 12)
    fig, ax = plt.subplots(figsize=(6, 2.8), layout="constrained")
    ax.bar(step, weight, color=plot.BLUE)
    ax.axvline(12.5, color=plot.VERMILION, linestyle="--", label="the episode ends")
    ax.set(xlabel="steps ahead", ylabel="weight", ylim=(0, 1.05))
    ax.legend()
    plot.alt(fig, f"Weights of the errors of later steps at lambda {lam:g}: they fall from 1, and are zero after the end of the episode at step 12.")  # fmt: skip


plot.slider(weights, lam=[0.0, 0.5, 0.8, 0.9, 0.95, 1.0], start=0.9, still=[0.5, 0.9, 1.0])

# %% [markdown]
# ### Exercise 13.12: generalised advantages
# `following` holds the value of the observation that each step *reached*, `final`, not the first of the next episode. Beyond the last row nothing is known: the chain ends there.


# %%
def gae(reward: Tensor, value: Tensor, following: Tensor, terminated: Tensor, truncated: Tensor, gamma: float, lam: float) -> Tensor:  # fmt: skip
    """All (T, N), the two flags bool; returns advantages (T, N)."""
    ### BEGIN SOLUTION
    delta = reward + gamma * following * ~terminated - value
    goes_on = ~(terminated | truncated)
    advantage, running = torch.empty_like(reward), torch.zeros_like(reward[0])
    for t in reversed(range(len(reward))):
        running = delta[t] + gamma * lam * goes_on[t] * running
        advantage[t] = running
    return advantage
    ### END SOLUTION


# %%
check(gae)

# %% [markdown]
# ## PPO: use each step several times
#
# REINFORCE throws its data away after one update, because the policy that made it is gone. The remedy is **importance sampling**, as in the probability notebook: weight by the **ratio** $\rho=\pi_\theta(a\mid o)/\pi_{\text{old}}(a\mid o)$. If
# $\theta$ moves far, ratios explode. **Proximal policy optimisation** (PPO; Schulman and others, 2017) removes the reward for moving far:
#
# $$ L = -\,\mathbb E\big[\min\big(\rho\,\hat A,\ \text{clip}(\rho, 1-\epsilon, 1+\epsilon)\,\hat A\big)\big] . $$
#
# Read it by the sign of $\hat A$. A good action ($\hat A>0$) is pushed up until $\rho=1+\epsilon$; beyond it the gradient is zero. A bad one is pushed down until $1-\epsilon$. If the policy moved the *wrong* way, the minimum
# keeps the full gradient. The clip is no wall: it takes a gradient away, and other samples can still push the ratio further. Much of PPO's success comes from details around it
# (Engstrom and others, 2020; Andrychowicz and others, 2020).
#
# **A worked number.** $\epsilon=0.2$, $\rho=1.5$. For $\hat A=2$: $\min(3, 2.4)=2.4$, clipped. For $\hat A=-2$: $\min(-3,-2.4)=-3$, not clipped.

# %%
ratio = torch.linspace(0, 2, 201)
fig, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for ax, sign in zip(axes, (1.0, -1.0), strict=True):
    ax.plot(ratio, ratio * sign, color="0.7", linestyle=":", label="not clipped")
    ax.plot(ratio, torch.min(ratio * sign, ratio.clamp(0.8, 1.2) * sign), color=plot.BLUE, label="PPO")
    ax.axvline(1, color="0.8", linewidth=1)
    ax.set(xlabel="ratio", ylabel="objective", title="a good action, A > 0" if sign > 0 else "a bad action, A < 0")
    ax.legend()
plot.alt(fig, "PPO's objective against the ratio: for a good action it rises and is flat beyond 1.2; for a bad action it is flat below 0.8 and falls beyond.")  # fmt: skip

# %% [markdown]
# ### Exercise 13.13: PPO's loss
# Take log probabilities, not probabilities: their difference is safe where a quotient is not. The old ones and the advantages are numbers: detach them.


# %%
def ppo_loss(log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, clip: float = 0.2) -> Tensor:
    """All (N,); returns a number to minimise."""
    ### BEGIN SOLUTION
    ratio = (log_prob - old_log_prob.detach()).exp()
    advantage = advantage.detach()
    return -torch.min(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()
    ### END SOLUTION


# %%
check(ppo_loss)

# %% [markdown]
# ## Probe environments: an agent you can trust
#
# A wrong agent often still learns something, slowly. So test it where you *know* the answer (Jones, 2021). Five environments, each adding one thing that can break:
#
# | probe | what happens | if it fails, look at |
# |---|---|---|
# | `constant` | one step, observation 0, reward 1 | the value's loss, the optimiser, the end of an episode |
# | `observed` | one step, observation $\pm1$, reward = observation | how observations reach the critic, shapes |
# | `delayed` | observation 0, then 1, then reward 1 | the discount, the order of time, bootstrapping |
# | `chosen` | one step; action 1 earns 1, action 0 earns $-1$ | the sign of the loss, the advantage, log probabilities |
# | `matched` | one step; the action that matches the observation ($-1$: 0, $1$: 1) earns 1, the other $-1$ | how actions and observations stay together |
#
# ### Exercise 13.14: know the answer first
# For each probe give the value of every observation it shows, under the *best* policy, at a discount of $\gamma$.


# %%
def probe_values(gamma: float) -> dict[str, dict[int, float]]:
    """For instance {"constant": {0: ...}, "observed": {-1: ..., 1: ...}, ...}, all five probes."""
    ### BEGIN SOLUTION
    return {
        "constant": {0: 1.0},
        "observed": {-1: -1.0, 1: 1.0},
        "delayed": {0: gamma, 1: 1.0},
        "chosen": {0: 1.0},
        "matched": {-1: 1.0, 1: 1.0},
    }
    ### END SOLUTION


# %%
check(probe_values)

# %% [markdown]
# ### Exercise 13.15: train PPO
# `rollout` collects `steps` steps of all copies. Each round:
#
# 1. Collect. Compute the advantages by `gae`, and the targets of the critic, advantages plus values. Both are numbers for the rest of the round.
# 2. For `epochs` passes, over mini-batches of `batch` rows in the order of `torch.randperm`, drawn anew for each pass: normalise the advantages of the mini-batch (mean 0, standard deviation 1, add $10^{-8}$). Minimise
#    `ppo_loss` plus 0.5 times the mean squared error of the value, minus `entropy` times the policy's mean entropy. Clip the gradient's norm at 0.5.
#
# Rate and `entropy` fall linearly to zero over the rounds. Adam with `eps=1e-5`. Seed first. The **entropy** bonus keeps the policy from deciding too early: note its sign.


# %%
@torch.no_grad()
def rollout(env: Environment, model: ActorCritic, observation: Tensor, steps: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Act for ``steps`` steps. Returns the observation to go on from, and a dictionary of tensors (T, N, ...)."""
    rows = []
    for _ in range(steps):
        policy = model.policy(observation)
        action = policy.sample()
        step = env.step(action)
        rows.append(
            (observation, action, policy.log_prob(action), step.reward, step.terminated, step.truncated, step.final)
        )
        observation = step.observation
    names = ("observation", "action", "log_prob", "reward", "terminated", "truncated", "final")
    data = {name: torch.stack(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    data["value"], data["following"] = model.value(data["observation"]), model.value(data["final"])
    return observation, data


def train_ppo(
    env: Environment, *, rounds: int, steps: int = 64, epochs: int = 4, batch: int = 256, lr: float = 2.5e-3,
    gamma: float = 0.98, lam: float = 0.9, entropy: float = 0.0, seed: int = 0,
) -> tuple[ActorCritic, list[float]]:  # fmt: skip
    """A trained actor and critic, and for each round the mean reward of a step."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model, history = ActorCritic(env), []
    optimiser = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-5)
    observation = env.reset()
    for k in range(rounds):
        left = 1 - k / rounds
        optimiser.param_groups[0]["lr"] = lr * left
        observation, data = rollout(env, model, observation, steps)
        ends = data["terminated"], data["truncated"]
        advantage = gae(data["reward"], data["value"], data["following"], *ends, gamma, lam)
        columns = data["observation"], data["action"], data["log_prob"], advantage, advantage + data["value"]
        flat = [column.flatten(0, 1) for column in columns]
        for _ in range(epochs):
            for row in torch.randperm(len(flat[0])).split(batch):
                o, a, old, weight, target = (column[row] for column in flat)
                policy = model.policy(o)
                weight = (weight - weight.mean()) / (weight.std() + 1e-8)
                loss = ppo_loss(policy.log_prob(a), old, weight) + 0.5 * F.mse_loss(model.value(o), target)
                if entropy:
                    loss = loss - left * entropy * policy.entropy().mean()
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                optimiser.step()
        history.append(data["reward"].mean().item())
    return model, history
    ### END SOLUTION


# %%
check(train_ppo)

# %% [markdown]
# First the probes. A few seconds here save an evening later.


# %%
@torch.no_grad()
def probe_error(model: ActorCritic, name: str) -> float:
    """Largest error over the observations of a probe: of the value, and of the probability of the right action."""
    kind = PROBES[name]
    errors = [abs(model.value(torch.tensor([[o]])).item() - value) for o, value in kind.values.items()]
    errors += [1 - model.policy(torch.tensor([[o]])).probs[0, a].item() for o, a in kind.choices.items()]
    return max(errors)


for name, kind in PROBES.items():
    model, _ = train_ppo(kind(32), rounds=sized(40, rehearsal=3), steps=8, lr=1e-2, gamma=GAMMA)
    print(f"{name:10} largest error {probe_error(model, name):.2f}")

# %% [markdown]
# **Predict.** CartPole, 32 copies, 50 rounds of 64 steps, fixed beforehand: about 100,000 steps. How many of three seeds reach 475? How long does one take?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
class Watched(CartPole):
    """CartPole that counts its falls."""

    def __init__(self, count: int, *, seed: int = 0) -> None:
        super().__init__(count, seed=seed)
        self.falls: list[float] = []

    def step(self, action: Tensor) -> Step:
        step = super().step(action)
        self.falls.append(step.terminated.sum().item())
        return step


fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for seed in range(sized(3, rehearsal=1)):
    env, start = Watched(32, seed=seed), time.perf_counter()
    model, history = train_ppo(env, rounds=sized(50, rehearsal=4), seed=seed)
    took = time.perf_counter() - start
    score = episode_return(CartPole(100, seed=1000 + seed), model.greedy)
    print(f"seed {seed}: {score.mean():.0f} over 100 greedy episodes, the worst {score.min():.0f}, {took:.1f} s; history {history[0]:.1f} ... {history[-1]:.1f}")  # fmt: skip
    falls = torch.tensor(env.falls).reshape(-1, 64).sum(1)
    ax.semilogy(32 * 64 * torch.arange(1, len(falls) + 1), 32 * 64 / falls.clamp(min=1), label=f"seed {seed}")
ax.axhline(475, color="0.6", linestyle=":")
ax.set(xlabel="steps of the environment", ylabel="steps for each fall")
ax.legend()
plot.alt(fig, "Steps for each fall against steps of the environment, one curve a seed: about 20 at the start, several hundred and more at the end.")  # fmt: skip

# %% [markdown]
# The history, the mean reward of a step, is always 1 on CartPole and shows nothing. What changes is how long a pole stands, so the figure shows steps for each fall. **Choose the curve that can move.**
#
# Three seeds are an anecdote: a method that fails once in ten passes such a test most of the time. Measured with the same settings over more seeds, PPO scores
# {ledger: 13_deep_rl.train_ppo.cart_pole.score} on CartPole, in four seconds each where nothing else runs. On Pendulum, which has no threshold of its own, a good
# score is $-200$. With rewards of a tenth, 150 rounds, 8 epochs, a rate of 2e-3 and $\gamma=0.95$ it reaches {ledger: 13_deep_rl.train_ppo.pendulum.score}, in {ledger: 13_deep_rl.train_ppo.pendulum.seconds} a seed. One seed of the five stays below $-200$. Henderson and others (2018) showed how much published results
# depend on the seed. Agarwal and others (2021) recommend intervals in place of best runs. Count the seeds that fail, and say how many you ran.
#
# Watch one.

# %%
env = CartPole(1, seed=7)
observation, positions, angles = env.reset(), [], []
for _ in range(200):
    step = env.step(model.greedy(observation))
    positions.append(step.final[0, 0].item())
    angles.append(step.final[0, 2].item())
    observation = step.observation
shown = plot.cart_pole(positions, angles, f"Four seconds of a trained agent: the cart stays within {max(map(abs, positions)):.1f} m, the pole within {math.degrees(max(map(abs, angles))):.0f} degrees.")  # fmt: skip

# %% [markdown]
# ## Find the bug
#
# A colleague's advantages and losses look right, and the agent learns nothing. The probes report:
#
# 1. On a long episode that the clock ends, values near the limit are far too low.
# 2. On `chosen` the agent learns the *wrong* action.
# 3. Copies that run side by side disturb one another: an advantage changes if the *next* episode in the same row changes.
#
# ### Exercise 13.16: find the bug
# Three lines are wrong. Repair them and change nothing else.


# %%
def find_the_bug(log_prob: Tensor, reward: Tensor, value: Tensor, following: Tensor, terminated: Tensor, truncated: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:  # fmt: skip
    """All (T, N). Returns the advantages (T, N) and the actor's loss.

    Three lines are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    delta = reward + gamma * following * ~terminated - value
    goes_on = ~(terminated | truncated)
    running, advantage = torch.zeros_like(reward[0]), torch.zeros_like(reward)
    for t in reversed(range(len(reward))):
        running = delta[t] + gamma * lam * goes_on[t] * running
        advantage[t] = running
    loss = -(log_prob * advantage.detach()).mean()
    return advantage, loss
    ### END SOLUTION


# %%
check(find_the_bug)

# %% [markdown]
# ## Where to drill next, answered
#
# The field has few enough states for a table, so your `value_iteration` gives the best plan that exists. The rival is what a careful person does without looking ahead: drill the best prospect while it
# is *expected* to pay, else stop.
#
# **Predict.** What does this careful rule earn on average? What does the best plan earn?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
p_field, r_field = field.tables()
value, best = value_iteration(p_field, r_field, 1.0)
STOP = field.SITES


def worth(action: Tensor) -> float:
    """Exact mean earnings of a plan: one action (S,) for each state of knowledge."""
    row, earned = torch.arange(len(action)), torch.zeros(len(action))
    for _ in range(field.SITES + 1):
        earned = r_field[row, action] + p_field[row, action] @ earned
    return earned[0].item()


careful = torch.where(r_field.amax(1) > 0, r_field.argmax(1), STOP)
print(
    f"careful {worth(careful):.2f}   best plan {value[0]:.2f} a licence; the best plan begins with prospect {best[0] + 1}"
)

# %% [markdown]
# The careful rule earns **nothing**: no first well is expected to pay, so it never drills. The best plan accepts a first loss for what it teaches.
#
# **Predict.** Look at the three maps at the top of this notebook again. Where does the best plan drill in each of them, or does it stop?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
fig, axes = plt.subplots(1, 3, figsize=(9, 2.9), layout="constrained")
said = []
for ax, state, found in zip(axes, (0, 3**4, 2 * 3**4), ("before any well", "the middle well is dry", "the middle well has oil"), strict=True):  # fmt: skip
    picture = ax.imshow(chance[state].reshape(2, 3), vmin=0, vmax=1, cmap="viridis")
    choice = "stop"
    if value[state] > 0:
        site = int(best[state])
        choice = f"drill prospect {site + 1}"
        ax.plot(site % 3, site // 3, "v", color=plot.ORANGE, markersize=16, markeredgecolor="white")
    ax.set(title=f"{found}:\n{choice}, worth {value[state]:.2f}", xticks=[], yticks=[])
    said.append(f"{found}: {choice}, worth {value[state]:.2f}")
fig.colorbar(picture, ax=axes, label="chance of oil")
plot.alt(fig, "The chances of oil at six prospects, and what the best plan does. " + "; ".join(said) + ".")

# %% [markdown]
# The triangle is the next well of the best plan. It does not follow the largest chance of oil in the first map: it follows what can be learned.
#
# Now PPO, which knows neither the prior nor the table. It sees what each well found, and the money.


# %%
def learned_plan(model: ActorCritic) -> Tensor:
    """The model's most likely action in every state of knowledge, (S,); the last state is the end."""
    digits = field.digits()
    observation = torch.where(digits == 0, 0.0, 2.0 * digits - 3)
    with torch.no_grad():
        return torch.cat([model.greedy(observation), torch.tensor([STOP])])


for seed in range(sized(2, rehearsal=1)):
    model, history = train_ppo(Wells(256, seed=seed), rounds=sized(100, rehearsal=4), steps=8, batch=512, lr=5e-3, gamma=1.0, lam=1.0, entropy=0.2, seed=seed)  # fmt: skip
    print(f"seed {seed}: PPO {worth(learned_plan(model)):.2f} of {value[0]:.2f}")

# %% [markdown]
# **Where to drill next:** drill the middle of a row first, although this well is expected to lose 0.14. It has the most neighbours and therefore teaches most. If it is dry, stop: no
# other well is worth its cost. If it has oil, go on next door; what follows is worth 2.99. The best plan earns 0.86 a licence on average. The careful rule earns nothing. PPO's figure stands above, beside the optimum, for each seed; over more seeds it earns {ledger: 13_deep_rl.train_ppo.wells.earned}.
#
# Three honest remarks. In our trials, shorter trainings on 64 licences at a time stayed near 0.6, one seed each: check the settings before you blame the method. For six prospects the table is better and faster
# than any network; PPO pays when the table no longer fits. And the answer is as good as the prior: an agent trained in a wrong simulator drills wrong wells with confidence. In geosteering, where you steer the bit while you drill, Muhammad and others (2023)
# found DQN about as good as a quasi-optimal planner on two synthetic cases.
#
# ## Summary
#
# - A return adds up discounted rewards. Bellman's equation links the value of a state to that of the next; a backup with known rules, a sample without.
# - Terminated: nothing follows, no bootstrap. Truncated: the final observation's value counts. Both cut the chain of advantages.
# - DQN: replay, target network, one network chooses and the other judges. Policy gradient: log probability times advantage; a baseline takes noise and no meaning.
# - PPO takes the gradient away where a policy has moved far enough; it is no wall.
# - Test on probes, judge by return, count the seeds that fail, and print the simplest rival beside the agent.
#
# ### Questions to take along
#
# 1. The loss of your DQN falls steadily. Has it learned?
#
# <details><summary>Answer</summary>
#
# You cannot tell. The target comes from the same network. Look at the return over greedy episodes.
#
# </details>
#
# 2. Is the ratio 1 on the first mini-batch of a round? What if it is not?
#
# <details><summary>Answer</summary>
#
# It must be: nothing has moved yet. If it is not, the log probabilities were made in another mode (dropout), or with other actions.
#
# </details>
#
# 3. Returns are `(N,)` and your critic gives `(N, 1)`. What does the squared error do?
#
# <details><summary>Answer</summary>
#
# It broadcasts to `(N, N)`, compares each value with every return, and learns their mean. The `observed` probe finds it.
#
# </details>

# %% [markdown]
# ## References
#
# - R. Agarwal and others (2021). *Deep reinforcement learning at the edge of the statistical precipice.* arXiv:2108.13264.
# - M. Andrychowicz and others (2020). *What matters in on-policy reinforcement learning? A large-scale empirical study.* arXiv:2006.05990.
# - A. G. Barto, R. S. Sutton, C. W. Anderson (1983). *Neuronlike adaptive elements that can solve difficult learning control problems.* doi:10.1109/TSMC.1983.6313077.
# - R. Bellman (1957). *A Markovian decision process.* doi:10.1512/iumj.1957.6.56038.
# - J. E. Bickel, J. E. Smith (2006). *Optimal sequential exploration: a binary learning model.* doi:10.1287/deca.1050.0052.
# - L. Engstrom and others (2020). *Implementation matters in deep policy gradients: a case study on PPO and TRPO.* arXiv:2005.12729.
# - P. Henderson and others (2018). *Deep reinforcement learning that matters.* arXiv:1709.06560.
# - A. Jones (2021). *Debugging reinforcement learning systems.* andyljones.com/posts/rl-debugging.html.
# - V. Mnih and others (2015). *Human-level control through deep reinforcement learning.* doi:10.1038/nature14236.
# - R. B. Muhammad and others (2023). *Optimal sequential decision-making in geosteering: a reinforcement learning approach.* arXiv:2310.04772.
# - C. Nota, P. S. Thomas (2020). *Is the policy gradient a gradient?* arXiv:1906.07073.
# - F. Pardo and others (2018). *Time limits in reinforcement learning.* arXiv:1712.00378.
# - J. Schulman and others (2016). *High-dimensional continuous control using generalized advantage estimation.* arXiv:1506.02438.
# - J. Schulman and others (2017). *Proximal policy optimization algorithms.* arXiv:1707.06347.
# - H. van Hasselt, A. Guez, D. Silver (2016). *Deep reinforcement learning with double Q-learning.* arXiv:1509.06461.
# - Z. Wang and others (2016). *Dueling network architectures for deep reinforcement learning.* arXiv:1511.06581.
# - C. J. C. H. Watkins, P. Dayan (1992). *Q-learning.* doi:10.1007/BF00992698.
# - R. J. Williams (1992). *Simple statistical gradient-following algorithms for connectionist reinforcement learning.* doi:10.1007/BF00992696.
