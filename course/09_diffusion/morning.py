# ---
# title: "Diffusion models: from noise to data, one small step at a time"
# objectives:
#   - turn data into noise by a schedule, and jump to any step by a closed form
#   - compute the exact score of a Gaussian mixture at every noise level
#   - derive denoising score matching, and say what its loss can reach and why it is not zero
#   - derive the reverse step of a DDPM, and sample with it
#   - train a network on the score, and measure its error against the exact score
# prerequisites: [03_pytorch_2.morning, 06_cnns_2.probability, 07_vaes.morning]
# minutes: {cpu: 1}
# data: []
# ---

# %%
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized

check = checks("09_diffusion")
plot.use_style()

# %% [markdown]
# ## The question: one velocity, what density?
#
# A well log shows a P-wave velocity of 2.95 km/s. The density log is missing. What was the density, and which rock was it?
#
# Many samples of both quantities are known from other wells. Here are 600 of them. The numbers are drawn from three Gaussians, one for each rock, in
# the range of real logs. Real rocks overlap more, and their clouds are not round. We use drawn ones because then everything can be
# computed exactly, and we can measure how wrong a network is.

# %%
ROCKS = ("sand", "shale", "limestone")
WEIGHTS = torch.tensor([0.4, 0.4, 0.2])  # how frequent each rock is
MEANS = torch.tensor([[0.0, -1.5], [-0.4, 1.0], [1.4, 0.8]])  # in units of (0.5 km/s, 0.1 g/cm3), from (3.0, 2.4)
STD = 0.3


def draw_rocks(count: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Standardised velocity and density of ``count`` samples, x (count, 2), and their rocks (count,)."""
    generator = torch.Generator().manual_seed(seed)
    rock = torch.multinomial(WEIGHTS, count, replacement=True, generator=generator)
    return MEANS[rock] + STD * torch.randn(count, 2, generator=generator), rock


def physical(x: Tensor) -> Tensor:
    """Velocity in km/s and density in g/cm3 of standardised x (N, 2)."""
    return x * torch.tensor([0.5, 0.1]) + torch.tensor([3.0, 2.4])


x, rock = draw_rocks(600, seed=0)
LINE = (2.95 - 3.0) / 0.5  # the measured velocity, standardised
fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for k, (name, marker) in enumerate(zip(ROCKS, "os^", strict=True)):
    ax.scatter(*physical(x[rock == k]).T, s=12, marker=marker, label=name)
ax.axvline(2.95, color="black", label="the log")
ax.set(xlabel="velocity (km/s)", ylabel="density (g/cm$^3$)")
ax.legend()
plot.alt(fig, "Density against velocity: three round clouds. A vertical line at 2.95 km/s passes through sand, at density 2.25, and shale, at 2.5, and through an empty space between.")  # fmt: skip

# %% [markdown]
# **The simplest thing that could work** is regression: predict the mean density at this velocity.

# %%
near = (draw_rocks(200_000, seed=1)[0][:, 0] - LINE).abs() < 0.02
density = physical(draw_rocks(200_000, seed=1)[0][near])[:, 1]
empty = ((density - density.mean()).abs() < 0.02).float().mean()
print(f"mean density at 2.95 km/s: {density.mean():.3f} g/cm3; {empty:.1%} of the samples lie within 0.02 of it")

# %% [markdown]
# The mean is 2.35 g/cm³, and there is almost no rock there. Regression answers one number. The truth is a *distribution* with two peaks. A
# **generative model** draws samples from a distribution that it knows from examples only. {Day: 07_vaes} did this with a decoder, {day: 08_gans} with a generator. Both make
# the sample in one step. A **diffusion model** makes it in many small ones.
#
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N, D$ | examples in a batch, features of an example (here 2) | |
# | $T, t$ | number of noise steps, and one of them: $t=0$ is data, $t=T$ is noise | |
# | $x_0, x_t$ | data, and data with the noise of $t$ steps | `(N, D)` |
# | $\varepsilon$ | standard normal noise | `(N, D)` |
# | $\beta_t$ | variance added by step $t$ | one number |
# | $\alpha_t, \bar\alpha_t$ | $1-\beta_t$, and the product $\alpha_1\alpha_2\cdots\alpha_t$ | `alpha_bar` is `(T + 1,)` |
# | $p_t$ | density of $x_t$ | |
# | $q(x_t\mid x_0)$ | density of $x_t$ if the data were $x_0$ | |
# | $\tilde\mu_t, \tilde\beta_t$ | mean and variance of $x_{t-1}$ if $x_t$ and $x_0$ are known | `(N, D)`, one number |
# | $w_k, m_k, \sigma, r_k$ | of a mixture: weight and mean of part $k$, spread of each, probability that a point came from part $k$ | |
# | $v$ | variance of each part of a mixture after noise, $\bar\alpha\sigma^2+1-\bar\alpha$ | one number |
# | $z$ | fresh standard normal noise of a step back | `(N, D)` |
# | $\omega_j$ | frequency of a wave that encodes the time | |
# | $s(x, t)$ | the score, $\nabla_x\log p_t(x)$ | `(N, D)` |
# | $\hat\varepsilon_\theta$ | noise that a network with parameters $\theta$ predicts | `(N, D)` |
#
# **Index convention.** `alpha_bar[t]` belongs to $x_t$, and `alpha_bar[0]` is 1: no noise. Other code bases leave this first entry out, and many bugs come
# from it.

# %% [markdown]
# ## Forward: from data to noise
#
# **The idea in one sentence.** Destroying data is easy, so destroy it in small steps, and learn to undo each.
#
# One step shrinks what is there and adds a little noise:
#
# $$ x_t = \sqrt{1-\beta_t}\;x_{t-1} + \sqrt{\beta_t}\;\varepsilon_t . $$
#
# Why the square roots? Variances add. If $x_{t-1}$ has variance 1, then $x_t$ has variance $(1-\beta_t)\cdot 1+\beta_t=1$. The signal shrinks, the noise
# grows, the sum keeps its size. Sohl-Dickstein and others (2015) proposed this process; Ho, Jain and Abbeel (2020) made it work on images and
# called it a denoising diffusion probabilistic model, **DDPM**.
#
# **The closed form.** Put two steps together:
#
# $$ x_2 = \sqrt{\alpha_1\alpha_2}\,x_0 + \sqrt{\alpha_2(1-\alpha_1)}\,\varepsilon_1 + \sqrt{1-\alpha_2}\,\varepsilon_2 . $$
#
# The two noises are independent Gaussians. Their variances add to $\alpha_2-\alpha_1\alpha_2+1-\alpha_2=1-\alpha_1\alpha_2$. The same happens at every
# further step, hence
#
# $$ q(x_t\mid x_0) = \mathcal N\big(\sqrt{\bar\alpha_t}\,x_0,\ (1-\bar\alpha_t)\,I\big), \qquad \bar\alpha_t=\prod_{i=1}^{t}(1-\beta_i) . $$
#
# You can jump to any $t$ without the steps between. This is what makes training cheap.
#
# **A worked number.** Three steps with $\beta=0.5$ each give $\bar\alpha=1, 0.5, 0.25, 0.125$. A value $x_0=2$ becomes $x_3=\sqrt{0.125}\cdot 2+\sqrt{0.875}\,\varepsilon
# = 0.71+0.94\,\varepsilon$.
#
# ### Exercise 9.1: a linear schedule
# Ho and others let $\beta$ grow linearly from $10^{-4}$ to $0.02$ over $T=1000$ steps. With fewer steps each has to do more. So multiply
# all $\beta$ by $1000/T$, and let none exceed 0.999. Return $\bar\alpha$ for $t=0\ldots T$.


# %%
def linear_schedule(steps: int) -> Tensor:
    """alpha_bar, (steps + 1,) float32, from 1 at t = 0 down to almost 0 at t = steps."""
    ### BEGIN SOLUTION
    beta = torch.linspace(1e-4, 0.02, steps) * 1000 / steps
    alpha = 1 - beta.clamp(max=0.999)
    return torch.cat([torch.ones(1), alpha.cumprod(0)])
    ### END SOLUTION


# %%
check(linear_schedule)

# %% [markdown]
# **Predict.** Sampling will start from pure noise, as if $\bar\alpha_T=0$. Take $T=100$ and forget the factor $1000/T$. Is $\bar\alpha_T$ then about
# 0.0001, 0.01 or 0.4?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
unscaled = (1 - torch.linspace(1e-4, 0.02, 100)).prod()
print(f"unscaled: alpha_bar_T = {unscaled:.2f}, so the last step keeps {unscaled.sqrt():.0%} of the data's size")
print(f"scaled:   alpha_bar_T = {linear_schedule(100)[-1]:.6f}")

# %% [markdown]
# If you forget the factor, training runs and its loss looks good. But you start sampling from a distribution that the network never saw. Always print
# $\bar\alpha_T$.
#
# ### Exercise 9.2: a cosine schedule
# The linear schedule spends many steps on near-pure noise. Nichol and Dhariwal (2021) chose $\bar\alpha$ first:
#
# $$ f(t)=\cos^2\!\Big(\frac{t/T+0.008}{1.008}\cdot\frac{\pi}{2}\Big), \qquad \beta_t = \min\Big(1-\frac{f(t)}{f(t-1)},\ 0.999\Big) . $$
#
# Compute $\beta_t$ for $t=1\ldots T$, and from it $\bar\alpha$. Compute in float64: near $T$ the ratio divides tiny numbers. Return float32.
#
# **A worked number.** For $T=2$: $f(0)=0.99984$, $f(1)=0.49379$ and $f(2)=0$. Then $\beta=(0.5061, 0.999)$ and $\bar\alpha=(1, 0.4939, 0.0005)$.


# %%
def cosine_schedule(steps: int) -> Tensor:
    """alpha_bar, (steps + 1,) float32, of the cosine schedule with offset 0.008 and beta <= 0.999."""
    ### BEGIN SOLUTION
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    f = torch.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
    alpha = 1 - (1 - f[1:] / f[:-1]).clamp(max=0.999)
    return torch.cat([torch.ones(1), alpha.cumprod(0).float()])
    ### END SOLUTION


# %%
check(cosine_schedule)

# %%
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
for name, schedule in (("linear", linear_schedule(1000)), ("cosine", cosine_schedule(1000))):
    ax.plot(schedule, label=name)
    print(f"{name}: alpha_bar is {schedule[500]:.3f} at t = 500, and below 0.01 for {(schedule < 0.01).double().mean():.0%} of the steps")  # fmt: skip
ax.set(xlabel="step t of 1,000", ylabel="share of signal, $\\bar{\\alpha}_t$")
ax.legend()
plot.alt(fig, "The share of the signal's variance against the step. The linear schedule falls early and is nearly zero in its last third; the cosine schedule falls evenly.")  # fmt: skip

# %% [markdown]
# At half time the linear schedule has destroyed nearly everything, and its last third undoes noise with noise. The cosine schedule still has half of the signal there. This morning two numbers are to be drawn, and either schedule
# does; in the afternoon's images the cosine schedule is used.
#
# ### Exercise 9.3: jump to step t
# Write $x_t=\sqrt{\bar\alpha_t}\,x_0+\sqrt{1-\bar\alpha_t}\,\varepsilon$. Each example of the batch has a step of its own, `t` of shape `(N,)`. The data may have any number
# of axes after the first: `(N, 2)` now, `(N, 1, 32, 32)` in the afternoon.


# %%
def q_sample(x0: Tensor, t: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """x_t of data x0 (N, ...), steps t (N,) int64, noise of x0's shape and alpha_bar (T + 1,)."""
    ### BEGIN SOLUTION
    a = alpha_bar[t].reshape(-1, *[1] * (x0.dim() - 1))
    return a.sqrt() * x0 + (1 - a).sqrt() * noise
    ### END SOLUTION


# %%
check(q_sample)

# %%
T = 100
alpha_bar = linear_schedule(T)
x0, _ = draw_rocks(2000, seed=2)
fig, axes = plt.subplots(1, 5, figsize=(11, 2.6), layout="constrained", sharex=True, sharey=True)
for ax, step in zip(axes, (0, 10, 30, 60, T), strict=True):
    noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(step))
    x_t = q_sample(x0, torch.full((len(x0),), step), noise, alpha_bar)
    ax.scatter(*x_t.T, s=2, alpha=0.5)
    ax.set(title=f"t = {step}", xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect="equal", xlabel="velocity")
axes[0].set_ylabel("density")
fig.supxlabel("both standardised: mean 0, standard deviation near 1", fontsize=9)
plot.alt(fig, "The 2,000 samples at steps 0, 10, 30, 60 and 100. Three clouds widen and melt together into one round Gaussian cloud.")  # fmt: skip

# %% [markdown]
# ## The score: which way to more probable data
#
# To go back, you need a direction. At a noisy point $x$, which small move makes it more probable? The **score**
#
# $$ s(x,t)=\nabla_x \log p_t(x) $$
#
# points there. It needs no normalising constant: with $p=\tilde p/Z$ we have $\nabla\log p=\nabla\log\tilde p-0$. Here is its simplest case. If $p=\mathcal N(\mu, v)$, then
# $\log p=-(x-\mu)^2/2v+\text{const}$ and $s=(\mu-x)/v$: a pull towards the mean, strong where the variance is small.
#
# Our rocks are a **mixture**: $p_0=\sum_k w_k\,\mathcal N(m_k, \sigma^2 I)$. By the closed form, the noisy density is a mixture again, with means $\sqrt{\bar\alpha}\,m_k$ and variance
# $v=\bar\alpha\sigma^2+1-\bar\alpha$. By the chain rule
#
# $$ s(x) = \frac{\nabla p_t(x)}{p_t(x)} = \sum_k r_k(x)\,\frac{\sqrt{\bar\alpha}\,m_k-x}{v}, \qquad
# r_k(x)=\frac{w_k\,\mathcal N(x;\sqrt{\bar\alpha}\,m_k,vI)}{\sum_j w_j\,\mathcal N(x;\sqrt{\bar\alpha}\,m_j,vI)} . $$
#
# Each rock pulls towards its own mean, with the probability $r_k$ that the point came from it. These **responsibilities** are a softmax over
# $\log w_k-\lVert x-\sqrt{\bar\alpha}\,m_k\rVert^2/2v$.
#
# **A worked number.** One dimension, two rocks of equal weight at $\pm1$, no noise ($\bar\alpha=1$), $\sigma=1$. At $x=0$ the pulls $+1$ and $-1$ cancel: $s=0$. At $x=1$ the
# responsibilities are $1/(1+e^{-2})=0.88$ and $0.12$, and $s=0.88\cdot 0+0.12\cdot(-2)=-0.24$.
#
# ### Exercise 9.4: the exact score of a mixture
# Write the formula. Take `a` for $\bar\alpha_t$, one number. Far from all means every density is 0 in floating point, so use the softmax and not the densities.


# %%
def mixture_score(x: Tensor, a: float, weights: Tensor, means: Tensor, std: float) -> Tensor:
    """Score (N, D) at x (N, D) of a mixture after noise. a: alpha_bar; weights: (K,); means: (K, D); std: of each component."""
    ### BEGIN SOLUTION
    variance = a * std**2 + 1 - a
    pull = (a**0.5 * means - x[:, None]) / variance  # (N, K, D)
    logits = weights.log() - variance * pull.square().sum(2) / 2
    return (logits.softmax(1)[:, :, None] * pull).sum(1)
    ### END SOLUTION


# %%
check(mixture_score)

# %% [markdown]
# Move the slider. At $t=1$ the arrows point to the nearest rock, and they are long. At $t=100$ all point to the origin.


# %%
def draw_score(step: int) -> None:
    """The score as arrows on a grid, over noisy samples of this step."""
    grid = torch.cartesian_prod(torch.linspace(-3, 3, 15), torch.linspace(-3, 3, 15))
    score = mixture_score(grid, alpha_bar[step].item(), WEIGHTS, MEANS, STD)
    x_t = q_sample(x0[:600], torch.full((600,), step), torch.randn(600, 2), alpha_bar)
    fig, ax = plt.subplots(figsize=(5.2, 4.2), layout="constrained")
    ax.scatter(*x_t.T, s=5, color=plot.SKY, alpha=0.6)
    arrows = ax.quiver(*grid.T, *F.normalize(score).T, score.norm(dim=1), cmap="viridis", scale=22)
    fig.colorbar(arrows, ax=ax, label="size of the score", shrink=0.8)
    ax.set(
        xlabel="velocity, standardised",
        ylabel="density, standardised",
        xlim=(-3.3, 3.3),
        ylim=(-3.3, 3.3),
        aspect="equal",
        title=f"t = {step}: longest score {score.norm(dim=1).max():.1f}",
    )
    plot.alt(fig, f"Noisy samples of step {step}, and arrows of equal length that show the direction of the score on a grid; colour gives its size.")  # fmt: skip


plot.slider(draw_score, step=[1, 5, 10, 20, 30, 40, 60, 80, 100], start=20, still=[1, 20, 60])

# %% [markdown]
# ## Learning the score from examples
#
# For real data nobody knows $p_t$. What could a network be trained on? The obvious loss, $\mathbb E\,\lVert s_\theta(x_t)-s(x_t)\rVert^2$, needs the score that we do not have.
#
# **The idea in one sentence.** We know the score of $x_t$ *given* $x_0$, and its average over all $x_0$ that could have led to $x_t$ is the score (Vincent, 2011).
#
# *Proof.* Write $p_t(x)=\int q(x\mid x_0)\,p_0(x_0)\,dx_0$. Take the gradient, and use $\nabla q=q\,\nabla\log q$ inside:
#
# $$ s(x)=\frac{\nabla p_t(x)}{p_t(x)}=\int \frac{q(x\mid x_0)\,p_0(x_0)}{p_t(x)}\,\nabla\log q(x\mid x_0)\,dx_0
# =\mathbb E\big[\nabla\log q(x\mid x_0)\,\big|\,x_t=x\big] . $$
#
# The conditional score is simple. With $x_t=\sqrt{\bar\alpha}\,x_0+\sqrt{1-\bar\alpha}\,\varepsilon$,
#
# $$ \nabla_{x_t}\log q(x_t\mid x_0)=-\frac{x_t-\sqrt{\bar\alpha}\,x_0}{1-\bar\alpha}=-\frac{\varepsilon}{\sqrt{1-\bar\alpha}} . $$
#
# A network trained by squared error learns the conditional mean of its target ({day: 04_ml_recap}). So the target $-\varepsilon/\sqrt{1-\bar\alpha}$ gives the score. The target is huge at small
# noise; multiply the error by $\sqrt{1-\bar\alpha}$ and every step counts alike. This is **denoising score matching**:
#
# $$ L(\theta)=\mathbb E\,\big\lVert \sqrt{1-\bar\alpha_t}\;s_\theta(x_t,t)+\varepsilon\big\rVert^2 . $$
#
# ### Exercise 9.5: the score matching loss
# Return the loss as the mean over all entries. `score` is any function of $x_t$ `(N, D)` and $t$ `(N,)`.


# %%
def score_matching_loss(score, x0: Tensor, t: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """Mean of (sqrt(1 - alpha_bar) * score + noise)^2, a scalar. x0, noise: (N, D); t: (N,) int64; alpha_bar: (T + 1,)."""
    ### BEGIN SOLUTION
    x_t = q_sample(x0, t, noise, alpha_bar)
    scale = (1 - alpha_bar[t]).sqrt()[:, None]
    return (scale * score(x_t, t) + noise).square().mean()
    ### END SOLUTION


# %%
check(score_matching_loss)

# %% [markdown]
# **Predict.** We put the *exact* score into this loss. If all data are one point, can the loss reach zero? And for our rocks, at which end is it
# close to zero: little noise ($t=1$) or much ($t=100$)?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def exact_score(x: Tensor, t: Tensor) -> Tensor:
    """Score of the rocks for x (N, 2), where all of t (N,) is one step."""
    return mixture_score(x, alpha_bar[t[0]].item(), WEIGHTS, MEANS, STD)


many, _ = draw_rocks(20_000, seed=3)
noise = torch.randn(many.shape, generator=torch.Generator().manual_seed(3))
for step in (1, 10, 30, 100):
    t = torch.full((len(many),), step)
    a = alpha_bar[step].item()
    point = score_matching_loss(
        lambda x, t, a=a: mixture_score(x, a, torch.ones(1), torch.zeros(1, 2), 0.0), 0 * many, t, noise, alpha_bar
    )
    rocks = score_matching_loss(exact_score, many, t, noise, alpha_bar)
    print(f"t = {step:3}: exact score's loss is {point:.4f} for one point, {rocks:.4f} for the rocks")

# %% [markdown]
# For a single point the noise can be read off exactly, and the loss is 0. For the rocks it is near 1 at little noise. If the
# noise is much smaller than the clouds, you cannot tell it from the data's own spread. At much noise almost all of $x_t$ *is* noise,
# and the loss falls to 0. So a loss that stops falling is no sign of a bad model: the floor is not zero, and it depends on $t$.
#
# ## The other names of the same thing
#
# Ho and others let the network predict the noise: $\hat\varepsilon_\theta(x_t,t)$ with loss $\mathbb E\,\lVert\hat\varepsilon_\theta-\varepsilon\rVert^2$. Compare with the loss above: it is the same, with
#
# $$ \hat\varepsilon_\theta=-\sqrt{1-\bar\alpha_t}\;s_\theta . $$
#
# And from the noise follows the data. Solve the closed form for $x_0$:
#
# $$ \hat x_0=\frac{x_t-\sqrt{1-\bar\alpha_t}\;\hat\varepsilon}{\sqrt{\bar\alpha_t}} . $$
#
# Score, noise and data are three ways to write one prediction. The network sees $x_t$ only, so $\hat x_0$ is the **mean** of all data that fit. At much noise it is
# the mean of everything: a blur. That is why you cannot generate in one step.
#
# ### Exercise 9.6: the data that a noise implies
# Return $\hat x_0$ for a batch. All of it is at one step `t`, an int.


# %%
def predict_x0(x: Tensor, t: int, eps: Tensor, alpha_bar: Tensor) -> Tensor:
    """The x_0 that x_t = x and the noise eps imply. x, eps: (N, ...); alpha_bar: (T + 1,)."""
    ### BEGIN SOLUTION
    a = alpha_bar[t]
    return (x - (1 - a).sqrt() * eps) / a.sqrt()
    ### END SOLUTION


# %%
check(predict_x0)

# %% [markdown]
# ## Back: one small step
#
# Suppose we know $x_0$ and $x_t$. Where was $x_{t-1}$? Two facts tell us, and both are Gaussian: it came from $x_0$, and it led to $x_t$. By Bayes' rule
#
# $$ q(x_{t-1}\mid x_t,x_0)\ \propto\ \mathcal N(x_t;\sqrt{\alpha_t}\,x_{t-1},\beta_t)\;\mathcal N(x_{t-1};\sqrt{\bar\alpha_{t-1}}\,x_0,1-\bar\alpha_{t-1}) . $$
#
# A product of Gaussians is a Gaussian. **Precisions** (one over the variance) add, and the mean weighs both by precision:
#
# $$ \frac1{\tilde\beta_t}=\frac{\alpha_t}{\beta_t}+\frac1{1-\bar\alpha_{t-1}}, \qquad
# \tilde\mu_t=\tilde\beta_t\Big(\frac{\sqrt{\alpha_t}}{\beta_t}\,x_t+\frac{\sqrt{\bar\alpha_{t-1}}}{1-\bar\alpha_{t-1}}\,x_0\Big) . $$
#
# Put the first over one denominator, with $\alpha_t(1-\bar\alpha_{t-1})+\beta_t=1-\bar\alpha_t$:
#
# $$ \tilde\beta_t=\frac{1-\bar\alpha_{t-1}}{1-\bar\alpha_t}\,\beta_t, \qquad
# \tilde\mu_t=\frac{\sqrt{\bar\alpha_{t-1}}\,\beta_t}{1-\bar\alpha_t}\,x_0+\frac{\sqrt{\alpha_t}\,(1-\bar\alpha_{t-1})}{1-\bar\alpha_t}\,x_t . $$
#
# **A worked number.** $\bar\alpha=(1, 0.5, 0.25)$ and $t=2$: $\alpha_2=\beta_2=0.5$. Then $\tilde\beta=\frac{0.5}{0.75}\cdot 0.5=0.333$. The mean is $0.471\,x_0+0.471\,x_2$. At $t=1$ we get
# $\tilde\beta=0$ and $\tilde\mu=x_0$: the last step adds no noise.
#
# ### Exercise 9.7: mean and variance of the posterior
# Write both formulas. Note that $\alpha_t=\bar\alpha_t/\bar\alpha_{t-1}$.


# %%
def posterior_mean_variance(x0: Tensor, x: Tensor, t: int, alpha_bar: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (N, ...) and variance (a scalar tensor) of x_{t-1} given x_t = x and x_0. alpha_bar: (T + 1,); t >= 1."""
    ### BEGIN SOLUTION
    a, before = alpha_bar[t], alpha_bar[t - 1]
    alpha = a / before
    mean = (before.sqrt() * (1 - alpha) * x0 + alpha.sqrt() * (1 - before) * x) / (1 - a)
    return mean, (1 - before) / (1 - a) * (1 - alpha)
    ### END SOLUTION


# %%
check(posterior_mean_variance)

# %% [markdown]
# When we sample, $x_0$ is not known. Ho and others put $\hat x_0$ in its place. This is not a trick of programming: it follows from the **variational bound** of {day: 07_vaes}. A
# diffusion model is a VAE with $T$ latent layers and a fixed encoder. Its bound is a sum of divergences
# $\mathrm{KL}\big(q(x_{t-1}\mid x_t,x_0)\,\Vert\,p_\theta(x_{t-1}\mid x_t)\big)$. Give $p_\theta$ the variance $\tilde\beta_t$ and a mean $\mu_\theta$. Then each term is
#
# $$ \frac{\lVert\tilde\mu_t-\mu_\theta\rVert^2}{2\tilde\beta_t}, \quad\text{smallest where } \mu_\theta \text{ is } \tilde\mu_t \text{ with } \hat x_0 \text{ for } x_0 . $$
#
# Written with the noise, the term is $\lVert\varepsilon-\hat\varepsilon_\theta\rVert^2$ times a weight that depends on $t$. Ho and others left the weight out, because the images looked better; that is a choice and no longer a bound. Now
# insert $\hat x_0$ into $\tilde\mu_t$ and simplify. What remains is the step that you find in most code:
#
# $$ x_{t-1}=\frac{1}{\sqrt{\alpha_t}}\Big(x_t-\frac{\beta_t}{\sqrt{1-\bar\alpha_t}}\,\hat\varepsilon\Big)+\sqrt{\tilde\beta_t}\;z, \qquad z\sim\mathcal N(0,I) . $$
#
# Read it: take away a bit of the predicted noise, stretch, and add a bit of *new* noise. Repeating it from $t=T$ to 1 is called **ancestral sampling**.
#
# ### Exercise 9.8: one step back
# Write this formula, with $\tilde\beta_t$ from above.


# %%
def ddpm_step(x: Tensor, t: int, eps: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """x_{t-1} from x_t = x, the predicted noise eps and fresh noise, all (N, ...). alpha_bar: (T + 1,); t >= 1."""
    ### BEGIN SOLUTION
    a, before = alpha_bar[t], alpha_bar[t - 1]
    alpha = a / before
    mean = (x - (1 - alpha) / (1 - a).sqrt() * eps) / alpha.sqrt()
    variance = (1 - before) / (1 - a) * (1 - alpha)
    return mean + variance.sqrt() * noise
    ### END SOLUTION


# %%
check(ddpm_step)

# %% [markdown]
# ### First without a network
#
# We know the exact score, so we can test the sampler alone. **If a sampler fails with the exact score, no training will save it.**
#
# **Predict.** We sample 4,000 points with $T=100$ steps and the exact score, and count the rocks. The true shares are 40, 40 and 20 %. Will the counts agree within
# two percent? And if you leave the new noise out of every step, do the clouds become wider or narrower?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
@torch.no_grad()
def sample_ddpm(predict_noise, count: int, alpha_bar: Tensor, *, fresh: float = 1.0, seed: int = 0) -> Tensor:
    """All x_t of ``count`` samples, from noise to data: (T + 1, count, 2). predict_noise(x, t) gives the noise in x at step t."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 2, generator=generator)
    path = [x]
    for t in range(len(alpha_bar) - 1, 0, -1):
        noise = fresh * torch.randn(x.shape, generator=generator)
        x = ddpm_step(x, t, predict_noise(x, t), noise, alpha_bar)
        path.append(x)
    return torch.stack(path)


def exact_noise(x: Tensor, t: int) -> Tensor:
    """The noise that the exact score implies."""
    a = alpha_bar[t].item()
    return -((1 - a) ** 0.5) * mixture_score(x, a, WEIGHTS, MEANS, STD)


def describe(x: Tensor) -> str:
    """Shares of the rocks (by the nearest mean), and the spread around them."""
    distance = torch.cdist(x, MEANS)
    nearest = distance.argmin(1)
    share = ", ".join(f"{name} {(nearest == k).float().mean():.1%}" for k, name in enumerate(ROCKS))
    return f"{share}; spread {(x - MEANS[nearest]).std():.2f}"


path = sample_ddpm(exact_noise, 4000, alpha_bar)
print("truth:           ", describe(draw_rocks(4000, seed=5)[0]))
print("exact score:     ", describe(path[-1]))
print("no fresh noise:  ", describe(sample_ddpm(exact_noise, 4000, alpha_bar, fresh=0.0)[-1]))

# %% [markdown]
# The shares agree. The spread is a little small with 100 steps: the reverse step is Gaussian only in the limit of many small steps. Without
# fresh noise the particles do not even spread over the rocks. Early steps pull all of them to the common mean, nothing pushes them apart again, and they end in one rock.
# The formula expects the noise. In the afternoon you will meet a sampler that needs none.
#
# Watch the particles on their way back.


# %%
def draw_particles(step: int) -> None:
    """Where the particles are when ``step`` noise steps remain, and the last part of their paths."""
    now = T - step
    fig, ax = plt.subplots(figsize=(4.2, 4.2), layout="constrained")
    ax.plot(*path[max(0, now - 12) : now + 1, :40].movedim(2, 0), color=plot.ORANGE, linewidth=0.7, linestyle="-")
    ax.scatter(*path[now, :800].T, s=4, color=plot.BLUE)
    ax.set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect="equal", title=f"t = {step}", xlabel="velocity, standardised", ylabel="density, standardised")  # fmt: skip
    plot.alt(fig, f"Eight hundred particles when {step} noise steps remain, and jagged lines where forty of them came from.")  # fmt: skip


plot.slider(draw_particles, step=list(range(100, -1, -10)), start=50, still=[100, 50, 20, 0])

# %% [markdown]
# ## Time for the network
#
# One network serves all steps, so it must know $t$. A single number beside two others is easily overlooked. Feed it many waves of $t$, of different frequencies,
# as Vaswani and others (2017) do with positions:
#
# $$ e(t)=\big(\sin\omega_1 t',\ldots,\sin\omega_{d/2}t',\ \cos\omega_1 t',\ldots,\cos\omega_{d/2} t'\big), \qquad
# \omega_j=10000^{-(j-1)/(d/2)},\quad t'=1000\,t . $$
#
# Here $t$ is a fraction in $[0, 1]$, that is step over $T$, and it is scaled by 1000 first. Without the factor, all slow waves are constant: with 64 entries, $t=0.4$ and $t=0.6$
# lie 0.30 apart, with the factor 6.4.
#
# ### Exercise 9.9: embed the time
# Return the sines first, then the cosines.


# %%
def sinusoidal_time_embedding(t: Tensor, dim: int) -> Tensor:
    """t: (N,) fractions in [0, 1]; dim: even; returns (N, dim)."""
    ### BEGIN SOLUTION
    frequency = 10000 ** (-torch.arange(dim // 2) / (dim // 2))
    angle = 1000 * t[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=1)
    ### END SOLUTION


# %%
check(sinusoidal_time_embedding)

# %%
plot.diagram(
    [
        plot.branches(
            "input: $x_t$ -> N, 2", ["input: t / T -> N", "operation: waves -> N, 32"], join="concat -> N, 34"
        ),
        "linear -> N, 64",
        "SiLU",
        "linear -> N, 64",
        "SiLU",
        "linear -> N, 2",
        "predicted noise",
    ],
    title="the noise predictor of this morning",
)


# %%
class NoiseMLP(nn.Module):
    """Predicts the noise in x (N, 2) at the time t (N,), a fraction in [0, 1]. Returns (N, 2)."""

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 + 32, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 2)
        )

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.layers(torch.cat([x, sinusoidal_time_embedding(t, 32)], dim=1))


# %% [markdown]
# **SiLU** is $x\cdot\mathrm{sigmoid}(x)$, a smooth relative of the ReLU.
#
# ### Exercise 9.10: train the noise predictor
# Seed with `torch.manual_seed(seed)`, then make a `NoiseMLP(hidden)`. Use Adam; its rate falls linearly from `lr` to zero over the `steps`. Each step:
#
# 1. draw `batch_size` examples of `x0` (with replacement), a step $t$ from 1 to $T$ for each, and noise;
# 2. compute $x_t$, predict the noise from $x_t$ and $t/T$, and take the mean squared error;
# 3. clear the gradients, go backward, step.
#
# Return the model in evaluation mode.


# %%
def train_2d(
    x0: Tensor,
    alpha_bar: Tensor,
    *,
    steps: int,
    batch_size: int = 512,
    hidden: int = 64,
    lr: float = 5e-3,
    seed: int = 0,
) -> nn.Module:
    """A NoiseMLP trained on x0 (N, 2) for the schedule alpha_bar (T + 1,), in evaluation mode."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = NoiseMLP(hidden)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    last = len(alpha_bar) - 1
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = lr * (1 - step / steps)
        batch = x0[torch.randint(len(x0), (batch_size,))]
        t = torch.randint(1, last + 1, (batch_size,))
        noise = torch.randn_like(batch)
        loss = F.mse_loss(model(q_sample(batch, t, noise, alpha_bar), t / last), noise)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()
    ### END SOLUTION


# %%
check(train_2d)

# %%
model = train_2d(draw_rocks(20_000, seed=7)[0], alpha_bar, steps=sized(6000, rehearsal=200))


@torch.no_grad()
def learned_noise(x: Tensor, t: int) -> Tensor:
    """The network's prediction at one step t for all of x (N, 2)."""
    return model(x, torch.full((len(x),), t / T))


def score_error(t: int, points: Tensor) -> float:
    """Mean squared error of the learned score over that of the zero function, on noisy ``points`` of step t."""
    noise = torch.randn(points.shape, generator=torch.Generator().manual_seed(t))
    x_t = q_sample(points, torch.full((len(points),), t), noise, alpha_bar)
    exact = exact_noise(x_t, t)
    return ((learned_noise(x_t, t) - exact).square().mean() / exact.square().mean()).item()


steps = list(range(1, T + 1, 3))
errors = [score_error(t, many[:4000]) for t in steps]
print(f"relative squared error of the score: mean {sum(errors) / len(errors):.4f}, worst {max(errors):.3f}")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
left.semilogy(steps, errors)
left.set(xlabel="step t", ylabel="relative squared error", title="learned against exact score")
grid = torch.cartesian_prod(torch.linspace(-3, 3, 13), torch.linspace(-3, 3, 13))
right.quiver(*grid.T, *-exact_noise(grid, 20).T, color=plot.BLUE, scale=30, width=0.008, label="exact")
right.quiver(*grid.T, *-learned_noise(grid, 20).T, color=plot.ORANGE, scale=30, width=0.004, label="learned")
right.scatter(*q_sample(x0[:500], torch.full((500,), 20), torch.randn(500, 2), alpha_bar).T, s=4, color="0.7", zorder=0)
right.set(title="t = 20", aspect="equal", xlabel="velocity, standardised", ylabel="density, standardised")
right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncol=2)
plot.alt(fig, "Left: relative error of the learned score against the step, logarithmic; largest at the smallest noise. Right: learned and exact arrows at step 20 agree where samples lie, and part in empty corners.")  # fmt: skip

# %% [markdown]
# Measured over several seeds, with all steps in one sum, the relative squared error is {ledger: 09_diffusion.train_2d.rocks.error}. Answering zero everywhere would give 1. At $t=1$ alone
# it is {ledger: 09_diffusion.train_2d.rocks.first_step}, hardly better than zero. There the mean of the noise given $x_1$ is small, and it hides in a target that is almost pure chance.
#
# The arrows differ in the corners, where training saw no points. A sampler passes through regions where noisy data lie. There the network is good, and elsewhere it need not be.
#
# ## One velocity, two answers
#
# Back to the log. Draw many pairs from the model, and keep those whose velocity is within 0.02 km/s of 2.95. For the mixture the answer is also known exactly: the
# responsibilities of the three rocks given the velocity alone.

# %%
drawn = sample_ddpm(learned_noise, sized(20_000, rehearsal=2000), alpha_bar, seed=1)[-1]
kept = drawn[(drawn[:, 0] - LINE).abs() < 0.04]
exact = (WEIGHTS.log() - (LINE - MEANS[:, 0]).square() / (2 * STD**2)).softmax(0)
nearest = torch.cdist(kept, MEANS).argmin(1)
print(f"{len(kept)} samples at 2.95 km/s")
for k, name in enumerate(ROCKS):
    ours = (nearest == k).float().mean()
    where = (
        f"density {physical(kept[nearest == k])[:, 1].mean():.2f} (exact {physical(MEANS)[k, 1]:.2f}) g/cm3"
        if ours
        else ""
    )
    print(f"{name:10} probability {ours:.2f} (exact {exact[k]:.2f}) {where}")

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.scatter(*physical(drawn[:1500]).T, s=4)
left.axvline(2.95, color="black")
left.set(xlabel="velocity (km/s)", ylabel="density (g/cm$^3$)", title="samples of the model")
bins = torch.linspace(2.1, 2.65, 40).tolist()
right.hist(physical(kept)[:, 1].tolist(), bins=bins, density=True, color=plot.SKY, label="model")
axis = torch.linspace(2.1, 2.65, 200)
peaks = exact / (0.1 * STD * math.sqrt(2 * math.pi)) * (-(axis[:, None] - physical(MEANS)[:, 1]).square() / (2 * (0.1 * STD) ** 2)).exp()  # fmt: skip
right.plot(axis, peaks.sum(1), color="black", linestyle="-", label="exact")
right.set(xlabel="density (g/cm$^3$)", title="at 2.95 km/s")
right.legend()
plot.alt(fig, "Left: the model's samples form the three clouds. Right: histogram of density at 2.95 km/s has two peaks, near 2.25 and 2.5, and follows the exact curve.")  # fmt: skip

# %% [markdown]
# **The answer.** At 2.95 km/s it was sand with a probability of 0.61 and a density of 2.25 g/cm³, or shale with 0.39 and 2.50. The regression's 2.35 is a density that
# neither rock has. The model finds both densities within 0.01. For sand's probability it says {ledger: 09_diffusion.train_2d.rocks.sand}. Part of this error is the sampler's: with the *exact* score
# and 100 steps it gives 0.63. The rest was learned wrong, and the picture of the samples does not show it. You see it because here the truth is known.
#
# We kept about one sample in thirty and threw the others away. With an image instead of two numbers, hardly any sample would fit. In the afternoon we *steer* the sampler instead: sections
# that honour a well.
#
# ## Summary
#
# - Forward: shrink and add noise. $x_t=\sqrt{\bar\alpha_t}\,x_0+\sqrt{1-\bar\alpha_t}\,\varepsilon$ jumps to any step. Print $\bar\alpha_T$.
# - The score points to more probable data. A network learns it from noise that you added yourself; its loss has a floor above zero.
# - Score, noise and $\hat x_0$ are one prediction in three notations.
# - Back: a Gaussian step towards $\hat x_0$, with fresh noise, $T$ times.
# - Test a sampler with an exact score first, and a network against an exact score where you can.
#
# ### Questions to take along
#
# 1. Your colleague's loss stops at 0.3. Is the model bad?
#
# <details><summary>Answer</summary>
#
# You cannot tell. The loss of the exact score is not zero: for Gaussian data of variance 1 it is $\bar\alpha_t$. Compare with another model, or look at samples.
#
# </details>
#
# 2. Why do we not predict $x_0$ from pure noise and stop?
#
# <details><summary>Answer</summary>
#
# The prediction is the mean of all data that fit. For pure noise it is the mean of all data: the blur between the peaks, as in regression.
#
# </details>
#
# 3. Where does `t - 1` of the last step look in an array that has no entry for $t=0$?
#
# <details><summary>Answer</summary>
#
# In Python at index $-1$: the last entry, $\bar\alpha_T\approx 0$. No error is raised, and the last step adds noise in full.
#
# </details>

# %% [markdown]
# ## References
#
# - J. Ho, A. Jain, P. Abbeel (2020). *Denoising diffusion probabilistic models.* arXiv:2006.11239.
# - A. Nichol, P. Dhariwal (2021). *Improved denoising diffusion probabilistic models.* arXiv:2102.09672.
# - J. Sohl-Dickstein and others (2015). *Deep unsupervised learning using nonequilibrium thermodynamics.* arXiv:1503.03585.
# - Y. Song, S. Ermon (2019). *Generative modeling by estimating gradients of the data distribution.* arXiv:1907.05600. Learning the score at many noise levels.
# - A. Vaswani and others (2017). *Attention is all you need.* arXiv:1706.03762.
# - P. Vincent (2011). *A connection between score matching and denoising autoencoders.* doi:10.1162/NECO_a_00142.
