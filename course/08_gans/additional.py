# ---
# title: "WGAN-GP: a distance that tells how far"
# objectives:
#   - compute the earth mover's distance by sorting, and as a transport problem
#   - derive the critic from the dual of the transport problem
#   - say what clipping does to a critic, and penalise its slope instead, one example at a time
#   - train a WGAN-GP that covers all eight modes, and report it seed by seed
#   - normalise a layer by its largest singular value
# prerequisites: [08_gans.morning]
# minutes: {cpu: 3, cpu_fp32: 3}
# data: [seismic_sections]
# ---

# %%
import math
import time
from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from scipy.optimize import linprog
from torch import Tensor, nn

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized

check = checks("08_gans")
plot.use_style()

# %% [markdown]
# ## The question: how far apart are two sections?
#
# This morning a generator learned to draw sections. It was told *whether* its samples could be told apart, and not *how far* they were from the data. Geophysicists know the same trouble from
# **full waveform inversion**. There you change a model of the ground until computed traces equal measured ones. The usual misfit is the squared difference. If a wave arrives more than half a period too late, a step in the right direction makes this misfit *larger*. The
# inversion stops in a wrong minimum; this is called **cycle skipping**.
#
# Look at it: one wavelet, and the same wavelet later.

# %%
t = torch.linspace(-1, 1, 401, dtype=torch.float64)


def ricker(delay: float, frequency: float = 4.0) -> Tensor:
    """A Ricker wavelet that arrives at ``delay`` seconds."""
    a = (math.pi * frequency * (t - delay)) ** 2
    return (1 - 2 * a) * torch.exp(-a)


delays = torch.linspace(-0.6, 0.6, 121, dtype=torch.float64)
squared = torch.stack([(ricker(d.item()) - ricker(0)).square().mean() for d in delays])
fig, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
axes[0].plot(t, ricker(0), label="measured")
axes[0].plot(t, ricker(0.25), label="computed")
axes[0].set(xlabel="time in s", xlim=(-0.5, 0.7))
axes[0].legend()
axes[1].plot(delays, squared)
axes[1].set(xlabel="delay in s", ylabel="mean squared difference")
plot.alt(fig, "Left: a wavelet and the same one a quarter of a second later. Right: the squared difference against the delay: a narrow valley at 0, a wall on either side, and a plateau beyond.")  # fmt: skip

# %% [markdown]
# Beyond the walls the misfit is flat. The Jensen-Shannon divergence of this morning is flat for the same reason: both compare amplitudes *at the same place*. We want a distance that asks how far things must be **moved**.
#
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N, M$ | examples in a batch, in another batch | |
# | $x, \tilde x$ | a real example, a generated one | `(N, ...)` |
# | $\hat x$ | a point between the two | `(N, ...)` |
# | $z$ | latent | `(N, latent)` |
# | $f(x)$ | critic: a number without bounds | `(N,)` |
# | $\gamma_{ij}$ | transport plan: how much goes from $i$ to $j$ | `(N, M)` |
# | $p, q$ and $P, Q$ | two densities, and their cumulative distributions | |
# | $W(p,q)$ | earth mover's distance of two densities | |
# | $\lambda$ | weight of the gradient penalty | |
# | $\alpha$ | place of $\hat x$ between the two: 0 is generated, 1 is real | `(N, 1, ...)` |
# | $u, v$ | vectors of the power iteration | `(O,)`, `(I,)` |
# | $\sigma$ | largest singular value of a matrix, here a weight | |
# | $A$ | weights of a layer, as a matrix | `(O, I)` |
# | $L, L_G$ | loss of the critic, of the generator | |
#
# ## The earth mover's distance
#
# Think of $p$ as a heap of earth and of $q$ as a hole of the same volume. A **transport plan** $\gamma_{ij}\ge 0$ says how much goes from place $i$ to place $j$. All of the heap is used, $\sum_j\gamma_{ij}=p_i$, and the hole is filled, $\sum_i\gamma_{ij}=q_j$. The cost
# is amount times distance. The **earth mover's distance**, also called Wasserstein-1, is the cost of the cheapest plan:
#
# $$ W(p,q) = \min_{\gamma}\; \sum_{ij} \gamma_{ij}\,|x_i-y_j| . $$
#
# Cost and conditions are linear in $\gamma$, so a linear program solves it.

# %%
places = torch.arange(10.0)
heap = torch.tensor([0, 1, 3, 4, 2, 0, 0, 0, 0, 0.0]) / 10
hole = torch.tensor([0, 0, 0, 0, 1, 1, 2, 2, 3, 1.0]) / 10
cost = (places[:, None] - places).abs()
rows, columns = torch.kron(torch.eye(10), torch.ones(1, 10)), torch.kron(torch.ones(1, 10), torch.eye(10))
solved = linprog((cost + 0.001 * cost**2).flatten(), A_eq=torch.cat([rows, columns]), b_eq=torch.cat([heap, hole]))
plan = torch.tensor(solved.x).reshape(10, 10)
price = (plan * cost).sum()
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
axes[0].bar(places, heap, alpha=0.6, color=plot.BLUE, label="p")
axes[0].bar(places, hole, alpha=0.6, color=plot.ORANGE, label="q")
axes[0].set(xlabel="place", ylabel="share")
axes[0].legend()
axes[1].imshow(plan, cmap="Blues", origin="lower")
axes[1].set(xlabel="to", ylabel="from", title=f"the cheapest plan, cost {price:.2f}")
plot.alt(fig, f"Left: a heap at places 1 to 4 and a hole at places 4 to 9. Right: the cheapest transport plan as a table; its entries rise from lower left to upper right, so that no two paths cross. It costs {price:.2f}.")  # fmt: skip

# %% [markdown]
# Several plans cost the same here. The tiny square in the cost picks the one whose paths do not cross: the leftmost earth goes to the leftmost part of the hole. On a line such a plan is always among the cheapest. If two paths cross, you can exchange their ends and not pay more. So there is a shorter way. Let $P$ and $Q$ be the cumulative distributions. Between two neighbouring places,
# exactly $|P-Q|$ must cross, and
#
# $$ W(p,q) = \int |P(x)-Q(x)|\,\mathrm dx . $$
#
# For two samples of equal size this is the mean distance of the *sorted* values.
#
# **A worked number.** $a=(0, 1, 3)$ and $b=(5, 6, 8)$, in any order: sorted, each must move 5, and $W=5$. Another: $a=(0, 4)$, $b=(1)$. Between 0 and 1 the cumulative distributions are $\tfrac12$ and 0; between 1 and 4, $\tfrac12$ and 1. $W=\tfrac12\cdot1+\tfrac12\cdot3=2$.
#
# ### Exercise 8.10: the earth mover's distance of two samples
# On a line, for samples that may differ in size. `torch.searchsorted(sorted_values, points, right=True)` counts how many values are at most as large as each point.


# %%
def emd_1d(a: Tensor, b: Tensor) -> Tensor:
    """a: (N,), b: (M,); returns the earth mover's distance of the two samples, a scalar."""
    ### BEGIN SOLUTION
    points = torch.cat([a, b]).sort().values
    below_a = torch.searchsorted(a.sort().values, points[:-1], right=True) / len(a)
    below_b = torch.searchsorted(b.sort().values, points[:-1], right=True) / len(b)
    return ((below_a - below_b).abs() * points.diff()).sum()
    ### END SOLUTION


# %%
check(emd_1d)

# %% [markdown]
# **Predict.** 1,000 normal numbers around 0, and 1,000 around a shift. JS stopped at $\ln 2$ this morning. How large is $W$ at shifts of 0, 2, 8 and 16?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
torch.manual_seed(0)
for shift in (0.0, 2.0, 8.0, 16.0):
    print(f"shift {shift:4.0f}: W {emd_1d(torch.randn(1000), torch.randn(1000) + shift):.3f}")

# %% [markdown]
# $W$ equals the shift, up to what 1,000 points can tell. Its slope is 1 everywhere: a generator that is far off knows where to go.
#
# Back to the wavelet. A trace is no density, since it has negative parts. Square it and divide by its sum, and you have one. Move the delay and compare.


# %%
def as_density(trace: Tensor) -> Tensor:
    """The energy of a trace, as shares that sum to 1."""
    return trace.square() / trace.square().sum()


def misfits(delay: float) -> None:
    """Both misfits at one delay, on the curves of all delays."""
    moved = torch.stack([(as_density(ricker(d.item())).cumsum(0) - as_density(ricker(0)).cumsum(0)).abs().sum() * 0.005 for d in delays])  # fmt: skip
    fig, axes = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
    axes[0].plot(t, ricker(0))
    axes[0].plot(t, ricker(delay))
    axes[0].set(xlabel="time in s", xlim=(-0.8, 0.8))
    near = (delays - delay).abs().argmin()
    for y, name, colour in ((squared / squared.max(), "squared difference", plot.VERMILION), (moved / moved.max(), "earth mover's", plot.BLUE)):  # fmt: skip
        axes[1].plot(delays, y, label=name, color=colour)
        axes[1].plot(delays[near], y[near], "o", color=colour)
    axes[1].set(xlabel="delay in s", ylabel="misfit / largest")
    axes[1].legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    plot.alt(fig, f"Left: a wavelet and the same one {delay:g} s later. Right: the squared difference against the delay has a narrow valley with walls; the earth mover's distance of the energies is a straight V.")  # fmt: skip


plot.slider(misfits, delay=[-0.5, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.5], start=0.3, still=[0.1, 0.3, 0.5])

# %% [markdown]
# A straight V, with one minimum. For this reason Engquist and Froese (2014) proposed transport distances for seismic signals, and Métivier and others (2016) used one in full waveform inversion.
#
# ## From plans to critics
#
# Images have a thousand dimensions. You cannot sort there, and a plan between all images is out of reach. Linear programs have a **dual**, and here it saves us (Kantorovich and Rubinstein).
#
# A contractor offers to do the transport for you. The price is set by place: you pay $f(x)-f(y)$ to have a piece of earth taken from $x$ to $y$. You accept if no route costs more than its length: $f(x)-f(y)\le|x-y|$ for all $x,y$. The contractor earns
# $\sum_i p_if(x_i)-\sum_j q_jf(y_j)$. This is at most the cost of any plan:
#
# $$ \sum_i p_if(x_i)-\sum_jq_jf(y_j) = \sum_{ij}\gamma_{ij}\,\big(f(x_i)-f(y_j)\big) \le \sum_{ij}\gamma_{ij}\,|x_i-y_j| . $$
#
# Duality says that with the best prices both sides are equal:
#
# $$ W(p,q) = \max_{|f|_\mathrm{L}\le 1}\; \mathbb E_{x\sim p}\,f(x) - \mathbb E_{\tilde x\sim q}\,f(\tilde x) . $$
#
# $|f|_\mathrm{L}\le1$ means that $f$ is **1-Lipschitz**: its slope is nowhere larger than 1.
#
# **A worked number.** All data at 3, all samples at 0. $f(x)=x$ has slope 1 and gives $3-0=3=W$. $f(x)=2x$ would give 6, but it is not allowed. Without the condition there is no maximum.
#
# **The idea in one sentence** (Arjovsky and others, 2017): let a network $f$, the **critic**, climb this difference while its slope is kept at 1, and let the generator descend it.

# %%
plot.diagram(
    [plot.branches(["input: noise z", "layer: generator"], ["data: real x"], join="operation: x̃ or x -> N, ..."), "layer: critic f | no sigmoid, slope at most 1 -> N", "loss: mean f(x̃) − mean f(x)"],
    links=[("mean f(x̃) − mean f(x)", "generator", "gradient")],
    title="WGAN: the critic's difference is the distance",
)  # fmt: skip

# %% [markdown]
# Compare with this morning. The discriminator answered "real or not?" by a probability. A critic gives a number without bounds: no sigmoid, no logarithm. Its loss is what it *minimises*:
#
# $$ L = \mathrm{mean}\,f(\tilde x) - \mathrm{mean}\,f(x) + \lambda\cdot\text{penalty}, \qquad L_G = -\,\mathrm{mean}\,f(\tilde x) . $$
#
# The penalty keeps the slope near 1 and comes next. Minus the first two terms is an estimate of $W$, up to a factor, which unlike a GAN's losses falls as samples improve. Call it an estimate: Stanczuk and others (2021) found that it may be far from $W$, and that the method works all the same.
#
# ### Exercise 8.11: the critic's loss
# Return $L$ from the critic's values; `weight` is $\lambda$. The penalty is given, and the two batches may have different sizes.


# %%
def critic_loss(real: Tensor, fake: Tensor, penalty: Tensor, weight: float) -> Tensor:
    """real: (N,) and fake: (M,) critic's values, penalty: a scalar; returns a scalar to minimise."""
    ### BEGIN SOLUTION
    distance = real.mean(0) - fake.mean(0)
    return weight * penalty - distance
    ### END SOLUTION


# %%
check(critic_loss)

# %% [markdown]
# ## How to keep the slope at 1
#
# **Clipping** came first: after each step, clip every weight to $[-c,c]$. This bounds the slope, but by an unknown number that depends on depth and width. It also wastes the network. To get the steepest slope it may have, the critic pushes its weights to the walls, and a network whose weights are all
# $\pm c$ draws only simple functions.
#
# **The penalty** (Gulrajani and others, 2017) asks for what we want. The best critic has slope exactly 1 almost everywhere between the two densities. So take points $\hat x$ between real and generated examples and penalise the squared deviation of the slope from 1:
#
# $$ \text{penalty} = \mathbb E_{\hat x}\big(\,|\nabla_{\hat x}f(\hat x)| - 1\,\big)^2, \qquad \hat x = \alpha\,x + (1-\alpha)\,\tilde x, \quad \alpha\sim U(0,1) . $$
#
# Each pair has an $\alpha$ of its own, *one number for the whole example*. One $\alpha$ for each pixel would give a double exposure that lies on no line between the two. One $\alpha$ for the batch would test a single distance along the lines.
#
# ### Exercise 8.12: points in between
# For examples of any shape `(N, ...)`. Draw from `generator`.


# %%
def interpolates(x: Tensor, fake: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """x, fake: (N, ...); returns (N, ...), a random point on the line between each pair."""
    ### BEGIN SOLUTION
    shape = (len(x),) + (1,) * (x.dim() - 1)
    alpha = torch.rand(shape, generator=generator, dtype=x.dtype)
    return alpha * x + (1 - alpha) * fake
    ### END SOLUTION


# %%
check(interpolates)

# %% [markdown]
# ### The slope of one example
#
# The gradient $\nabla_{\hat x}f$ has the shape of $\hat x$. Its length runs over **all axes but the batch**. A frequent bug is `norm(dim=1)`, copied from code for points $(N, 2)$. On images $(N, 1, 28, 28)$ it runs over the channels alone.

# %%
plot.axes_over("N C=3 HW", {"right: one length for an example": "C HW", "wrong: one length for a pixel": "C", "wrong: one length for the batch": "N C HW"})  # fmt: skip

# %% [markdown]
# **A worked number.** Let $f(x)=\tfrac1{28}\sum_i x_i$ on images of 28x28. Each of the 784 derivatives is $\tfrac1{28}$, and the length is $\sqrt{784}/28=1$: the penalty is 0.
#
# **Predict.** What is the penalty of this critic if you take the norm over the channel axis only?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
slope = torch.full((4, 1, 28, 28), 1 / 28)
print(f"over all axes but the first: {(slope.flatten(1).norm(dim=1) - 1).square().mean():.4f}")
print(f"over the channels only:      {(slope.norm(dim=1) - 1).square().mean():.4f}")

# %% [markdown]
# The wrong one punishes a critic that is just right. It is content where each *pixel* has slope 1; the whole example then has slope 28.
#
# Two more points decide whether the penalty works:
#
# - **`create_graph=True`.** The penalty contains a derivative, and you will differentiate it again, with respect to $\phi$. `torch.autograd.grad(outputs, inputs, create_graph=True)` keeps the graph of the derivative. Without it the penalty is printed and has no effect.
# - **Sum the outputs.** `grad` needs a scalar. The sum is right: example $n$ enters only its own output, so its row of the gradient is its own slope. A mean would divide each slope by $N$. And a critic with *batch normalisation* mixes the examples, and its rows are no slopes any more. Critics do without it.
#
# ### Exercise 8.13: the gradient penalty
# A critic of slope 1 has penalty 0, at any batch size. A slope of exactly 0 must not give NaN gradients: `norm` is safe there, `sqrt` is not.


# %%
def gradient_penalty(critic: nn.Module, x_hat: Tensor) -> Tensor:
    """x_hat: (N, ...) points between real and generated examples; returns a scalar through which the critic can learn."""
    ### BEGIN SOLUTION
    x_hat = x_hat.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(x_hat).sum(), x_hat, create_graph=True)
    length = slope.flatten(1).norm(dim=1)
    return ((length - 1) ** 2).mean()
    ### END SOLUTION


# %%
check(gradient_penalty)

# %% [markdown]
# ## What critics look like
#
# Keep the generator out of the game for a moment: the "samples" are real points of the ring plus noise. Train one critic with clipping and one with the penalty, and draw both (after Gulrajani and others, 2017).

# %%
K, SPREAD = 8, 0.1
angle = 2 * math.pi * torch.arange(K) / K
centres = 2 * torch.stack([angle.cos(), angle.sin()], 1)


def ring(count: int) -> Tensor:
    """Points (count, 2): eight modes, equally frequent, each with standard deviation 0.1."""
    return centres[torch.randint(K, (count,))] + SPREAD * torch.randn(count, 2)


def mlp(inputs: int, outputs: int, hidden: int = 64) -> nn.Sequential:
    """Three hidden layers, and no axis of length 1 at the end."""
    layers: list[nn.Module] = [nn.Linear(inputs, hidden), nn.ReLU()]
    for _ in range(2):
        layers += [nn.Linear(hidden, hidden), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(hidden, outputs), nn.Flatten(0) if outputs == 1 else nn.Identity())


def train_critic(clip: float | None, rounds: int) -> nn.Module:
    """A critic between the ring and the ring plus noise: clipped, or with the penalty."""
    torch.manual_seed(0)
    critic = mlp(2, 1)
    optimiser = torch.optim.Adam(critic.parameters(), lr=3e-3, betas=(0.5, 0.9))
    for _ in range(rounds):
        x, fake = ring(256), ring(256) + 0.6 * torch.randn(256, 2)
        penalty = gradient_penalty(critic, interpolates(x, fake)) if clip is None else torch.zeros(())
        loss = critic_loss(critic(x), critic(fake), penalty, 1.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if clip is not None:
            with torch.no_grad():
                for parameter in critic.parameters():
                    parameter.clamp_(-clip, clip)
    return critic


critics = {"clipped to 0.1": train_critic(0.1, sized(600, rehearsal=20)), "penalised": train_critic(None, sized(600, rehearsal=20))}  # fmt: skip
axis = torch.linspace(-3.2, 3.2, 81)
places = torch.cartesian_prod(axis, axis)
fig, axes = plt.subplots(2, 2, figsize=(8, 6.4), layout="constrained", height_ratios=[2.2, 1])
for column, (name, critic) in enumerate(critics.items()):
    with torch.no_grad():
        height = critic(places).reshape(81, 81)
    axes[0, column].contourf(axis, axis, height.T, levels=16, cmap="viridis")
    axes[0, column].plot(*centres.T, "+", color="white", markersize=10)
    axes[0, column].set(title=name, aspect="equal")
    weights = torch.cat([p.detach().flatten() for p in critic.parameters()])
    axes[1, column].hist(weights, bins=60, color=plot.BLUE)
    axes[1, column].set(xlabel="weight", ylabel="count")
plot.alt(fig, "Above: contours of two critics over the plane. The clipped one is a simple bowl; the penalised one follows the ring. Below: the weights of the clipped critic pile up at the two walls, those of the penalised one are spread.")  # fmt: skip

# %% [markdown]
# The clipped critic is nearly flat inside the ring: it has not noticed that there are eight modes. Its weights stand at the two walls. The penalised critic has a hill at each mode, and wherever a sample lies, its slope shows the way to one.
#
# ## Train
#
# ### Exercise 8.14: train a WGAN-GP
# Both networks are given and are trained in place. `real(n)` draws $n$ real examples.
#
# 1. Seed with `torch.manual_seed(seed)`.
# 2. Two Adam optimisers with `betas=(0.5, 0.9)`. At each step $k$ of the generator, $k=0,1,\dots$, both rates are `lr * (1 - k / steps)`.
# 3. First `critic_steps` updates of the critic, each with a new real batch and new latents. No gradient is needed in the generator here.
# 4. Then one update of the generator, with new latents.
#
# Return the critic's estimate $\mathrm{mean}f(x)-\mathrm{mean}f(\tilde x)$ at the last critic update of each step, as a list of numbers.


# %%
def train_wgan_gp(
    generator: nn.Module, critic: nn.Module, real: Callable[[int], Tensor], *, steps: int, latent: int, batch: int = 256,
    critic_steps: int = 2, lr: float = 5e-3, weight: float = 0.1, seed: int = 0,
) -> list[float]:  # fmt: skip
    """Train both networks in place; returns the estimated distance at each of the generator's steps."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    opt_g, opt_c = (torch.optim.Adam(net.parameters(), lr, betas=(0.5, 0.9)) for net in (generator, critic))
    estimates = []
    for step in range(steps):
        for optimiser in (opt_g, opt_c):
            optimiser.param_groups[0]["lr"] = lr * (1 - step / steps)
        for _ in range(critic_steps):
            x = real(batch)
            with torch.no_grad():
                fake = generator(torch.randn(batch, latent))
            on_real, on_fake = critic(x), critic(fake)
            loss = critic_loss(on_real, on_fake, gradient_penalty(critic, interpolates(x, fake)), weight)
            opt_c.zero_grad()
            loss.backward()
            opt_c.step()
        loss = -critic(generator(torch.randn(batch, latent))).mean()
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
        estimates.append((on_real.mean() - on_fake.mean()).item())
    return estimates
    ### END SOLUTION


# %%
check(train_wgan_gp)

# %% [markdown]
# **Predict.** This morning's GAN left many samples on the bridges between the modes. How many modes does the WGAN-GP cover, and what share of its samples is good? What does its estimate do over the training?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def mode_coverage(samples: Tensor) -> tuple[int, float]:
    """This morning's count on the ring: covered modes, share of good samples."""
    distance, nearest = torch.cdist(samples, centres).min(1)
    good = distance <= 3 * SPREAD
    share = torch.bincount(nearest[good], minlength=K) / len(samples)
    return int((share >= 0.1 / K).sum()), good.float().mean().item()


runs = []
for seed in range(sized(2, rehearsal=1)):
    torch.manual_seed(seed)
    generator, critic = mlp(2, 2), mlp(2, 1)
    start = time.perf_counter()
    estimates = train_wgan_gp(generator, critic, ring, steps=sized(1500, rehearsal=20), latent=2, seed=seed)
    with torch.no_grad():
        samples = generator(torch.randn(2000, 2))
    modes, good = mode_coverage(samples)
    runs.append((samples, estimates, modes, good))
    print(f"seed {seed}: {modes} of 8 modes, {good:.0%} good, {time.perf_counter() - start:.0f} s")

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
samples, estimates, modes, good = runs[0]
axes[0].plot(*centres.T, "+", color=plot.VERMILION, markersize=12)
axes[0].plot(*samples[:1000].T, ".", color=plot.BLUE, markersize=2)
axes[0].set(title=f"seed 0: {modes} modes, {good:.0%} good", aspect="equal")
every = max(1, len(estimates) // 100)
axes[1].plot(
    every * torch.arange(1, len(estimates) // every + 1), torch.tensor(estimates).unfold(0, every, every).mean(1)
)
axes[1].set(xlabel="step of the generator", ylabel="critic's estimate", yscale="log")
plot.alt(fig, f"Left: samples of the WGAN-GP on the ring, {modes} modes and {good:.0%} good. Right: the critic's estimate of the distance falls over the training from {estimates[0]:.2g} to about {sum(estimates[-20:]) / len(estimates[-20:]):.2g}.")  # fmt: skip

# %% [markdown]
# The estimate falls with the quality of the samples. You may watch it, which you could not do with a GAN's losses. Of the 8 modes the WGAN-GP covers {ledger: 08_gans.train_wgan_gp.ring.modes}. The share of good samples is {ledger: 08_gans.train_wgan_gp.ring.good}; for real points it is 0.989.
#
# Is it the better loss? Lucic and others (2018) compared many with equal care and found that most losses reach similar scores, given enough tuning and seeds. What the penalty buys is *reliability* and a curve that means something. It costs several times the computation: each critic step
# differentiates twice.
#
# Nor is convergence guaranteed. With a few critic steps for each generator step, WGAN-GP may circle as the morning's two numbers did. A penalty that pulls the slope to 0 *at the data* (called $R_1$) does converge near the equilibrium (Mescheder and others, 2018). Large image GANs use it.
#
# ## Spectral normalisation: a bound in the layers
#
# The penalty acts only where you sample $\hat x$. Miyato and others (2018) bound the slope everywhere, by construction. A network is a chain. Leaky ReLUs have slopes of at most 1, and the slope of a linear layer with weights $A$ is at most the largest singular value $\sigma(A)=\max_{v}|Av|/|v|$. Divide
# each $A$ by its $\sigma$, and the whole network has slope at most 1.
#
# A singular value decomposition at each step would cost too much. **Power iteration** needs two products. Start from any vector $u$ and repeat
#
# $$ v \leftarrow \frac{A^\top u}{|A^\top u|}, \qquad u \leftarrow \frac{Av}{|Av|}, \qquad\text{then}\quad \sigma\approx u^\top A v . $$
#
# Each round multiplies the part of $u$ along the $i$-th singular direction by $\sigma_i^2$; the largest soon wins. Weights change little from step to step. So keep $u$, and *one* round a step is enough.
#
# **A worked number.** $A=\mathrm{diag}(3, 1)$, $u=(1,1)/\sqrt2$. $A^\top u\propto(3,1)$, so $v=(3,1)/\sqrt{10}$; $Av\propto(9,1)$, so $u=(9,1)/\sqrt{82}$. $\sigma\approx u^\top Av=(81+1)/\sqrt{820}=2.864$ after one round. The true value is 3.
#
# ### Exercise 8.15: spectral normalisation
# Return the divided weight and the new `u`. A convolution's weight $(C_\text{out}, C_\text{in}, h, w)$ is taken as a matrix with $C_\text{out}$ rows. $u$ and $v$ are constants: no gradient flows through the rounds. It does flow through $A$ in $u^\top Av$.


# %%
def spectral_norm_(weight: Tensor, u: Tensor, rounds: int = 1) -> tuple[Tensor, Tensor]:
    """weight: (O, ...), u: (O,) of length 1; returns weight / sigma, of the same shape, and the new u."""
    ### BEGIN SOLUTION
    matrix = weight.flatten(1)
    with torch.no_grad():
        for _ in range(rounds):
            v = F.normalize(matrix.T @ u, dim=0)
            u = F.normalize(matrix @ v, dim=0)
    sigma = u @ matrix @ v
    return weight / sigma, u
    ### END SOLUTION


# %%
check(spectral_norm_)

# %%
torch.manual_seed(0)
weight = torch.randn(64, 32, 4, 4)
u, true = F.normalize(torch.randn(64), dim=0), torch.linalg.svdvals(weight.flatten(1))[0]
ratios = []
for _ in range(15):
    divided, u = spectral_norm_(weight, u)
    ratios.append((torch.linalg.svdvals(divided.flatten(1))[0]).item())
fig, ax = plt.subplots(figsize=(5.4, 3), layout="constrained")
ax.plot(range(1, 16), ratios, marker="o")
ax.axhline(1, color="0.5", linestyle=":")
ax.set(xlabel="rounds", ylabel="largest singular value\nafter division")
plot.alt(fig, f"The largest singular value of the divided weight falls from {ratios[0]:.2f} after one round to {ratios[-1]:.3f} after fifteen; 1 is exact.")  # fmt: skip

# %% [markdown]
# In PyTorch this is `torch.nn.utils.parametrizations.spectral_norm(layer)`. It keeps $u$ as a buffer and does one round at each forward pass in training mode.
#
# A caution. The bound holds for a convolution's *matrix of weights*, not for the convolution itself, whose largest gain also depends on stride and overlap. And slopes multiply: a chain of layers whose largest directions do not line up stays far below 1.
#
# ## Find the bug
#
# A colleague's critic loss prints sensible numbers, and the samples do not get better. Three symptoms:
#
# 1. The critic's values for real examples stop growing at about 1, however far away the samples are.
# 2. With a very large $\lambda$ the slope of $f$ goes to 0, and the critic becomes flat.
# 3. The penalty of an example changes when *another* example of the batch is replaced.
#
# ### Exercise 8.16: find the bug in the critic
# Three lines are wrong. Repair them and change nothing else.


# %%
def find_the_bug_2(critic: nn.Module, x: Tensor, fake: Tensor, x_hat: Tensor, weight: float) -> Tensor:
    """x, fake, x_hat: (N, ...); returns the critic's loss. Three lines are wrong: repair them and change nothing else."""
    ### BEGIN SOLUTION
    on_real, on_fake = critic(x), critic(fake)
    inside = x_hat.detach().requires_grad_()
    value = critic(inside)
    (slope,) = torch.autograd.grad(value.sum(), inside, create_graph=True)
    length = slope.flatten(1).norm(dim=1)
    penalty = (length - 1).square().mean()
    return on_fake.mean() - on_real.mean() + weight * penalty
    ### END SOLUTION


# %%
check(find_the_bug_2)

# %% [markdown]
# ## How far apart are two sections? Answered
#
# Take the energy of each trace as a density along the time axis, and compute the earth mover's distance trace by trace. On a line of equal steps the integral of $|P-Q|$ is a sum of cumulative sums.


# %%
def moved(a: Tensor, b: Tensor) -> Tensor:
    """Mean earth mover's distance of the traces of two sections, in samples. a, b: (..., H, W), amplitudes around 0; returns (...)."""
    shares = [part.square() / part.square().sum(-2, keepdim=True).clamp(min=1e-9) for part in (a, b)]
    return (shares[0].cumsum(-2) - shares[1].cumsum(-2)).abs().sum(-2).mean(-1)


real = data.load("seismic_sections", "test")
amplitude = real.x[:500, 0] - 0.5
upper = amplitude[:, :24]
print("later by   earth mover's distance   squared difference / energy")
for delay in (1, 2, 4, 8):
    lower = amplitude[:, delay : delay + 24]
    ratio = (upper - lower).square().mean() / upper.square().mean()
    print(f"{delay:4} samples {moved(upper, lower).mean():14.2f} {ratio:26.2f}")
print(f"another section {moved(upper[1:], upper[:-1]).mean():10.2f} {(upper[1:] - upper[:-1]).square().mean() / upper.square().mean():26.2f}")  # fmt: skip

# %% [markdown]
# Read the right column first. A section that arrives 8 samples later has a *smaller* squared difference than one that arrives 4 samples later. A layer has met the next layer: this is cycle skipping, on a whole section. The earth mover's distance grows with every sample of delay.
# It stays below the delay, since energy leaves the window at one end and other energy enters at the other. Two sections that have nothing to do with each other lie 4.8 samples apart. That is the scale to compare with.
#
# The same ruler works for *populations*. Take one number of each section, how far energy moves from one trace to the next, and compare the two lists of numbers by your `emd_1d`.

# %%
pixels = data.load("seismic_sections").x.flatten(1).double()
values, vectors = torch.linalg.eigh(torch.cov(pixels.T))
noise = torch.randn(500, len(values), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
gaussian = (noise @ (vectors * values.clamp(min=0).sqrt()).T).float().reshape(-1, 32, 32)
others = real.x[500:1000, 0] - 0.5


def step(sections: Tensor) -> Tensor:
    """How far energy moves from one trace to the next, one number for each section (N,)."""
    return moved(sections[..., 1:], sections[..., :-1])


fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
for part, name, colour in ((amplitude, "real sections", plot.BLUE), (gaussian, "two-point Gaussian", plot.ORANGE)):
    ax.hist(step(part), bins=40, alpha=0.6, label=name, color=colour)
ax.set(xlabel="samples that energy moves from trace to trace", ylabel="sections")
ax.legend()
plot.alt(fig, f"Histograms of how far energy moves between neighbouring traces: {step(amplitude).mean():.2f} samples on average in real sections, {step(gaussian).mean():.2f} in draws of the two-point Gaussian.")  # fmt: skip
print(f"distance of the two histograms: {emd_1d(step(gaussian), step(amplitude)):.3f} samples")
print(f"real against other real sections: {emd_1d(step(others), step(amplitude)):.3f} samples")

# %% [markdown]
# **How far apart are two sections?** Two unrelated real sections are 4.8 samples apart, and one sample of delay counts as 0.98. As a population, draws of the two-point Gaussian lie 0.64 samples from the real sections in this one property. Two halves of the real set lie 0.016 apart. So
# the Gaussian is forty times farther than the floor, and you know in which respect: its layers do not run on from trace to trace.
#
# What this does not say: whether a section is *possible* geology. The energy of a trace forgets the sign of the reflections. And this is one property. A critic looks for the property in which two populations differ most.
#
# ## Summary
#
# - The earth mover's distance says how far things must move. It grows where JS and the squared difference are flat.
# - On a line: sort, or integrate $|P-Q|$. In many dimensions: a critic whose slope is at most 1.
# - Clipping wastes the critic. The gradient penalty acts on points between real and generated examples: one $\alpha$ and one length for each example, with the graph kept.
# - No batch normalisation in a critic, no sigmoid, no logarithm.
# - Spectral normalisation bounds each layer by power iteration.
# - The critic's estimate may be watched. It is not the distance itself.
#
# ### Questions to take along
#
# 1. You take $\lambda=0$ and no clipping. What does the critic's loss do?
#
# <details><summary>Answer</summary>
#
# It falls without bound: any critic times 2 is better. There is no maximum without the bound on the slope.
#
# </details>
#
# 2. All slopes of your critic are 0.5. Is its estimate too large or too small?
#
# <details><summary>Answer</summary>
#
# Too small by a factor of at least 2: the same critic times 2 would still be allowed.
#
# </details>
#
# 3. Why may this morning's discriminator have batch normalisation, and a critic not?
#
# <details><summary>Answer</summary>
#
# The penalty asks for the slope of one example's output in its own input. Batch normalisation makes each output depend on all inputs of the batch.
#
# </details>

# %% [markdown]
# ## References
#
# - M. Arjovsky and others (2017). *Wasserstein GAN.* arXiv:1701.07875.
# - B. Engquist, B. D. Froese (2014). *Application of the Wasserstein metric to seismic signals.* arXiv:1311.4581.
# - I. Gulrajani and others (2017). *Improved training of Wasserstein GANs.* arXiv:1704.00028.
# - M. Lucic and others (2018). *Are GANs created equal? A large-scale study.* arXiv:1711.10337.
# - L. Mescheder and others (2018). *Which training methods for GANs do actually converge?* arXiv:1801.04406.
# - L. Métivier and others (2016). *Measuring the misfit between seismograms using an optimal transport distance: application to full waveform inversion.* doi:10.1093/gji/ggw014.
# - T. Miyato and others (2018). *Spectral normalization for generative adversarial networks.* arXiv:1802.05957.
# - H. Petzka and others (2018). *On the regularization of Wasserstein GANs.* arXiv:1709.08894. Argues for a penalty on slopes above 1 only.
# - J. Stanczuk and others (2021). *Wasserstein GANs work because they fail (to approximate the Wasserstein distance).* arXiv:2103.01678.
