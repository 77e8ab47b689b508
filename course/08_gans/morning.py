# ---
# title: "Generative adversarial networks: sections an expert cannot tell apart"
# objectives:
#   - write the game of generator and discriminator as two losses, and derive the best discriminator
#   - say why the first generator's loss gives no gradient when it is needed, and what replaces it
#   - write one step of the game in which each loss changes only its own network
#   - find and count mode collapse, seed by seed
#   - build and train a DCGAN on seismic sections
#   - score a generator by numbers, each beside its floor and its ceiling
# prerequisites: [03_pytorch_2.morning, 05_cnns_1.morning, 06_cnns_2.morning, 06_cnns_2.probability]
# minutes: {cpu: 4, cpu_fp32: 7}
# data: [seismic_sections, glyphs]
# ---

# %%
import math
import time
from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import data, measure, plot
from dlmodule.checking import checks
from dlmodule.device import has_fast_bfloat16
from dlmodule.rehearsal import sized

check = checks("08_gans")
plot.use_style()

# %% [markdown]
# ## The question: can a network draw a section that an expert takes for real?
#
# A geophysicist who trains others needs seismic sections that have not been interpreted before. So does a company that tests its fault picker. Real sections are
# few and secret. Could a network draw new ones, so good that an expert cannot tell them from the sections it has seen?
#
# Our sections are synthetic: 8,000 pictures of 32x32 samples, made from layers that lie flat, dip, fold or break at a fault. They leave out much: no multiples, no
# diffractions, no salt, little noise. What they have is *structure*, and that is what the network must learn.

# %%
train = data.load("seismic_sections")
plot.images(train.x[:16], [train.classes[k] for k in train.y[:16]], columns=8)

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N$ | examples in a batch | |
# | $x$ | a real example: a point, or an image | `(N, 2)` or `(N, 1, H, W)` |
# | $z$ | latent: the random numbers that a generator starts from | `(N, latent)` |
# | $G_\theta(z)$ | generator, with parameters $\theta$ | as $x$ |
# | $f_\phi(x)$ | discriminator, with parameters $\phi$: a logit | `(N,)` |
# | $D(x)=\sigma(f_\phi(x))$ | the discriminator's probability that $x$ is real | `(N,)` |
# | $p(x), q(x)$ | density of the data, density of the generator's samples | |
# | $V$ | value of the game | |
# | $m$ | mixture of both densities, $(p+q)/2$ | |
# | $L_D, L_G$ | loss of the discriminator, of the generator | |
# | $c, K$ | label of a mode or class, and how many there are | `(N, K)`, one-hot |
# | $k, s, P$ | kernel size, stride and padding of a convolution | |
# | $w$ | width: channels of the narrowest layer | |
# | $\mu, A, B$ | mean and covariances of features, for the Fréchet distance | `(D,)`, `(D, D)` |
#
# ## The simplest thing that could work
#
# Before a network, try what geostatistics has used for decades: **two-point statistics**. Measure the mean of the sections and the covariance between each two pixels. Then draw from the
# Gaussian with this mean and covariance. Every brightness and every correlation between two pixels comes out right on average.

# %%
pixels = train.x.flatten(1).double()
values, vectors = torch.linalg.eigh(torch.cov(pixels.T))
root = vectors * values.clamp(min=0).sqrt()
noise = torch.randn(2000, len(values), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
gaussian = (pixels.mean(0) + noise @ root.T).clamp(0, 1).float().reshape(-1, 1, 32, 32)
plot.images(gaussian[:8], alt="Eight draws from the Gaussian: blurred horizontal bands with wavy texture. No layer can be followed, and no fault is to be seen.")  # fmt: skip

# %% [markdown]
# You would not take one of these for a section. A layer that breaks and goes on lower down involves *many* pixels at once. Two at a time do not show it.
#
# Could we train a network to do better, as on {day: 05_cnns_1}? A network needs a target. Here nothing says which section should come from which random number. A squared error
# to all sections at once is smallest for their mean, a grey picture. We lack a loss that says "this could be real".
#
# **The idea in one sentence** (Goodfellow and others, 2014): train a second network to tell real from generated, and let it be the loss.

# %%
plot.diagram(
    [plot.branches(["input: noise z -> N, latent", "layer: generator G -> N, 1, 32, 32"], ["data: real x -> N, 1, 32, 32"], join="operation: one or the other"), "layer: discriminator f -> N", "loss: real or generated?"],
    links=[("real or generated?", "generator G", "gradient")],
    title="The game",
)  # fmt: skip

# %% [markdown]
# The **generator** $G_\theta$ turns random numbers $z$ into an example. The **discriminator** $f_\phi$ gives a logit: positive for "real", negative for "generated". It is an ordinary classifier of two
# classes. The two play against each other:
#
# $$ \min_\theta \max_\phi \; V(\theta,\phi) = \mathbb E_{x\sim p}\big[\ln D(x)\big] + \mathbb E_{z}\big[\ln\big(1-D(G_\theta(z))\big)\big] . $$
#
# The discriminator makes $V$ large: $D$ near 1 on real examples, near 0 on generated ones. The generator makes $V$ small.
#
# ## What is the best discriminator?
#
# Hold the generator still. Its samples have some density $q(x)$, and $V$ is an integral over $x$:
#
# $$ V = \int \big[\, p(x)\ln D(x) + q(x)\ln(1-D(x)) \,\big]\,\mathrm dx . $$
#
# You may choose $D(x)$ at each $x$ on its own. Set the derivative of $p\ln D+q\ln(1-D)$ to zero: $p/D = q/(1-D)$, and therefore
#
# $$ D^*(x) = \frac{p(x)}{p(x)+q(x)} . $$
#
# It is Bayes' rule for two classes that are equally frequent. Where the two densities agree, $D^*=\tfrac12$: you cannot tell.
#
# Now put $D^*$ back into $V$. Write $m=(p+q)/2$, so that $D^*=p/2m$:
#
# $$ V^* = \int p\ln\frac{p}{2m} + q\ln\frac{q}{2m} = \underbrace{\mathrm{KL}(p\,\|\,m)+\mathrm{KL}(q\,\|\,m)}_{2\,\mathrm{JS}(p,q)} - 2\ln 2 . $$
#
# JS is the **Jensen-Shannon divergence**. It is 0 if $p=q$, and at most $\ln 2$. Against a perfect discriminator, the generator minimises it.
#
# **A worked number.** Two outcomes, $p=(0.5, 0.5)$, $q=(1, 0)$. $D^*=(1/3, 1)$. $V^*=0.5\ln\tfrac13+0.5\ln 1+1\cdot\ln\tfrac23=-0.549-0.405=-0.955$.
# JS is $(-0.955+1.386)/2=0.216$. Nothing was generated in the second place, so what you find there is surely real.
#
# ### Exercise 8.1: the optimal discriminator
# Both densities are given on a grid whose points are `dx` apart. Return $D^*$ at each point, and JS. Where *both* densities are 0, let $D^*$ be 0.5.
# A density may be 0 in places: $0\ln 0$ counts as 0 (`torch.xlogy(a, b)` computes $a\ln b$ that way). Compute $1-D^*$ as $q/(p+q)$: where $q$ is tiny, `1 - D` rounds to 0, and its logarithm is $-\infty$.


# %%
def optimal_discriminator(p: Tensor, q: Tensor, dx: float) -> tuple[Tensor, Tensor]:
    """p, q: (M,) densities on a grid of spacing dx; returns the best D (M,) and the Jensen-Shannon divergence, a scalar."""
    ### BEGIN SOLUTION
    total = p + q
    best = torch.where(total > 0, p / total, 0.5)
    rest = torch.where(total > 0, q / total, 0.5)
    value = (torch.xlogy(p, best) + torch.xlogy(q, rest)).sum() * dx
    return best, value / 2 + math.log(2)
    ### END SOLUTION


# %%
check(optimal_discriminator)

# %% [markdown]
# Move the generator's density and watch the best discriminator.

# %%
grid = torch.linspace(-8, 8, 801, dtype=torch.float64)


def bell(centre: float) -> Tensor:
    """A normal density of standard deviation 1 on the grid."""
    return torch.exp(-((grid - centre) ** 2) / 2) / math.sqrt(2 * math.pi)


def game(shift: float) -> None:
    """Data at 0, samples at ``shift``, and the best discriminator between them."""
    best, js = optimal_discriminator(bell(0), bell(shift), 0.02)
    fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    ax.fill_between(grid, bell(0), alpha=0.4, color=plot.BLUE, label="data, p")
    ax.fill_between(grid, bell(shift), alpha=0.4, color=plot.ORANGE, label="samples, q")
    ax.plot(grid, best, color="black", label="best D")
    ax.set(xlabel="x", ylim=(0, 1.05), title=f"shift {shift:g}: JS = {js:.3f}")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plot.alt(fig, f"Data around 0 and samples around {shift:g}; the best discriminator falls from the data's side to the samples'. The Jensen-Shannon divergence is {js:.3f}.")  # fmt: skip


plot.slider(game, shift=[-6.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 6.0], start=2.0, still=[0.0, 2.0, 6.0])

# %% [markdown]
# **Predict.** The shift goes from 4 to 8 to 16. The samples get worse and worse. By how much does JS grow?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
wide = torch.linspace(-40, 40, 8001, dtype=torch.float64)
for shift in (0.0, 1.0, 2.0, 4.0, 8.0, 16.0):
    p, q = (torch.exp(-((wide - centre) ** 2) / 2) / math.sqrt(2 * math.pi) for centre in (0.0, shift))
    print(f"shift {shift:4.0f}: JS {optimal_discriminator(p, q, 0.01)[1]:.4f}   (ln 2 = {math.log(2):.4f})")

# %% [markdown]
# It hardly grows: both are $\ln2$. Once the two densities do not overlap, JS is flat. A flat loss has no gradient, and the generator does not learn in which direction the data lie (Arjovsky and
# Bottou, 2017). The additional notebook replaces JS by a distance that does grow. In practice the discriminator is not perfect, and that saves us. Keep it in mind when you read "train the discriminator to the optimum first".
#
# ## Two losses
#
# The discriminator's loss is the binary cross-entropy that you know, for logits. With $\ln\sigma(f)=-\mathrm{softplus}(-f)$ and $\ln(1-\sigma(f))=-\mathrm{softplus}(f)$, where $\mathrm{softplus}(a)=\ln(1+e^a)$,
#
# $$ L_D = \mathrm{mean}\;\mathrm{softplus}(-f(x)) + \mathrm{mean}\;\mathrm{softplus}(f(G(z))) . $$
#
# `F.softplus` stays finite for any logit. `torch.log(torch.sigmoid(f))` does not: at $f=-200$ it is $-\infty$.
#
# **A worked number.** If the discriminator cannot tell, all logits are 0, and $L_D=2\ln2=1.386$. This is the number to compare with when you watch a training.
#
# ### Exercise 8.2: the discriminator's loss
# The sum of two means. The two batches may have different sizes.


# %%
def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """real: (N,) logits of real examples, fake: (M,) logits of generated ones; returns a scalar to minimise."""
    ### BEGIN SOLUTION
    return F.softplus(-real).mean(0) + F.softplus(fake).mean(0)
    ### END SOLUTION


# %%
check(discriminator_loss)

# %% [markdown]
# The generator could minimise its part of the game, $\mathbb E\ln(1-D)$. At the beginning its samples are bad, and the discriminator rejects them with confidence: $f\approx-5$, $D\approx 0.007$.
# The slope of $\ln(1-\sigma(f))$ is $-\sigma(f)=-0.007$. So the generator learns most slowly when it has most to learn. The loss **saturates**.
#
# Goodfellow and others proposed another loss with the same aim: maximise $\ln D$. Its slope is $-(1-\sigma(f))=-0.993$, stronger by a factor of 148. This **non-saturating loss**, $-\mathbb E\ln D(G(z))$, is what people use.

# %%
f = torch.linspace(-8, 8, 161)
fig, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
for ax, lines, title in (
    (axes[0], (-F.softplus(f), F.softplus(-f)), "the generator's loss"),
    (axes[1], (torch.sigmoid(f), torch.sigmoid(-f)), "size of its slope"),
):
    for y, name, colour, dash in zip(lines, ("saturating", "non-saturating"), (plot.VERMILION, plot.BLUE), ("--", "-"), strict=True):  # fmt: skip
        ax.plot(f, y, label=name, color=colour, linestyle=dash)
    ax.axvspan(-8, -2, color="0.9", zorder=0)
    ax.set(xlabel="logit of a generated example", title=title)
axes[0].legend()
plot.alt(fig, "Two losses of the generator and the size of their slopes against the logit. In the shaded region of rejected samples, below -2, the saturating loss is flat, while the non-saturating one has slope 1.")  # fmt: skip

# %% [markdown]
# The shaded part is where a young generator lives. Note a frequent error in texts: saturation does not happen because the generator is good. It happens because the *discriminator* is.
#
# ### Exercise 8.3: the generator's loss
# Both losses, from the logits of generated examples. Both are *minimised*.


# %%
def generator_loss(fake: Tensor, saturating: bool = False) -> Tensor:
    """fake: (N,) logits of generated examples; returns a scalar: the mean of -ln D, or of ln(1 - D) if saturating."""
    ### BEGIN SOLUTION
    if saturating:
        return -F.softplus(fake).mean(0)
    return F.softplus(-fake).mean(0)
    ### END SOLUTION


# %%
check(generator_loss)

# %% [markdown]
# ## One step of the game
#
# One step updates each network once. The order matters, and so does where gradients may flow:
#
# | | real $x$ | generated $G(z)$ | who steps |
# |---|---|---|---|
# | discriminator's turn | $f(x)$ | $f(\,G(z)\text{, detached}\,)$ | $\phi$ |
# | generator's turn | not needed | $f(G(z))$ again, with the *new* $\phi$ | $\theta$ |
#
# **Why detach?** On the discriminator's turn a generated example is data. Without `detach`, `backward` runs on into the generator and leaves gradients there that push it to be *worse*. It also costs time.
# **Why not detach in the generator's turn?** Because then nothing connects the loss with $\theta$. The generator's gradient stays empty, and it never learns.
#
# On the generator's turn the gradient passes *through* the discriminator and leaves gradients in its parameters too. They are not wanted: the discriminator's optimiser must clear them before its next backward.

# %%
plot.diagram(
    ["input: noise z", "layer: generator", plot.branches(["operation: detach", "layer: discriminator", "loss: L_D steps φ only"], ["layer: discriminator | the same, after its step", "loss: L_G steps θ only"], join=None)],
    title="One generated batch, used twice",
)  # fmt: skip

# %% [markdown]
# **A worked number.** Let $G(z)=\theta z$ with $\theta=1$ and $f(x)=\phi x$ with $\phi=0$; one real $x=2$, one $z=1$, SGD with rate 1. The discriminator's turn: both logits are 0, and
# $\partial L_D/\partial\phi=-\tfrac12\cdot2+\tfrac12\cdot1=-\tfrac12$, so $\phi=\tfrac12$. The generator's turn with the new $\phi$: the logit is $\tfrac12$, $L_G=\mathrm{softplus}(-\tfrac12)=0.474$, and
# $\partial L_G/\partial\theta=-\sigma(-\tfrac12)\cdot\tfrac12=-0.189$, so $\theta=1.189$. With the *old* $\phi=0$ the gradient would have been 0.
#
# ### Exercise 8.4: one step of the game
# Use your two losses (the non-saturating one), and one batch of generated examples for both turns. Return both losses as numbers, the discriminator's first.


# %%
def train_gan_step(
    generator: nn.Module, discriminator: nn.Module, opt_g: torch.optim.Optimizer, opt_d: torch.optim.Optimizer, x: Tensor, z: Tensor
) -> tuple[float, float]:  # fmt: skip
    """One update of each network, the discriminator's first. x: a real batch, z: latents; returns L_D and L_G."""
    ### BEGIN SOLUTION
    fake = generator(z)
    loss_d = discriminator_loss(discriminator(x), discriminator(fake.detach()))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    loss_g = generator_loss(discriminator(fake))
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    return loss_d.item(), loss_g.item()
    ### END SOLUTION


# %%
check(train_gan_step)

# %% [markdown]
# ### A game is not a descent
#
# In a descent the loss falls. In a game one player's gain is the other's loss, and the parameters may run in circles. The smallest example has two numbers (Mescheder and others, 2018): all data lie at 0, the
# generator puts its samples at $\theta$, and the discriminator is $f(x)=\phi x$. The equilibrium is $\theta=\phi=0$.

# %%
path = []
theta, phi = torch.tensor(1.0), torch.tensor(0.0)
for _ in range(600):
    path.append((theta.item(), phi.item()))
    slope = torch.sigmoid(phi * theta)  # of softplus(f(fake)); the real example at 0 has no slope
    phi = phi - 0.1 * slope * theta
    theta = theta + 0.1 * torch.sigmoid(-phi * theta) * phi
fig, ax = plt.subplots(figsize=(4.2, 3.8), layout="constrained")
ax.plot(*zip(*path, strict=True), linestyle="-", linewidth=0.8)
ax.plot(0, 0, "*", color=plot.VERMILION, markersize=14)
ax.set(xlabel=r"generator $\theta$", ylabel=r"discriminator $\phi$", title="600 steps of the game")
plot.alt(fig, "The path of the two parameters circles around the equilibrium at the origin several times. It comes nearer, ever more slowly, and is still a third of the way off after 600 steps.")  # fmt: skip

# %% [markdown]
# It circles. Each turn brings it less near than the one before, and after 600 steps it is still a third of its first distance away. Real GANs have noise and many parameters, but this rotation is in them. So do not read a falling loss as success, or a rising one as failure. You need another measure.
#
# ## Mode collapse, counted
#
# The standard test is a ring of eight Gaussians (Metz and others, 2017). You see at once what a generator has learned, and you can count.

# %%
K, SPREAD = 8, 0.1
angle = 2 * math.pi * torch.arange(K) / K
centres = 2 * torch.stack([angle.cos(), angle.sin()], 1)


def ring(count: int) -> Tensor:
    """Points (count, 2) of the ring: eight modes, equally frequent, each with standard deviation 0.1."""
    return centres[torch.randint(K, (count,))] + SPREAD * torch.randn(count, 2)


# %% [markdown]
# A generator that produces only some of the modes has **collapsed**. The discriminator compares examples one at a time and cannot see that all of them are alike. A generator may therefore win with one good answer, until the discriminator learns to reject that one, and then
# move on to the next.
#
# We count two things. A sample is **good** if it lies within 3 standard deviations of a centre; 98.9 % of the real points do. A mode is **covered** if it holds at least a tenth of its fair share $1/K$ of all samples, counting good ones only.
#
# **A worked number.** Ten samples, two modes, threshold $0.1/2=5\,\%$. Six good ones at the first centre, three far from both, one good at the second: the shares are 60 % and 10 %. Both modes are covered, and 70 % are good.
#
# ### Exercise 8.5: count the modes
# Return the number of covered modes, an `int`, and the share of good samples, a `float`. `std` is the standard deviation of a mode, and `least` the part of
# its fair share that a mode must hold: a tenth.


# %%
def mode_coverage(samples: Tensor, centres: Tensor, std: float, least: float = 0.1) -> tuple[int, float]:
    """samples: (N, 2), centres: (K, 2); returns the number of covered modes and the fraction of good samples."""
    ### BEGIN SOLUTION
    distance, nearest = torch.cdist(samples, centres).min(1)
    good = distance <= 3 * std
    share = torch.bincount(nearest[good], minlength=len(centres)) / len(samples)
    covered = (share >= least / len(centres)).sum()
    return int(covered), good.double().mean().item()
    ### END SOLUTION


# %%
check(mode_coverage)

# %% [markdown]
# Two small networks play on the ring. The generator starts from two normal numbers.


# %%
def mlp(inputs: int, outputs: int, hidden: int = 64) -> nn.Sequential:
    """Two hidden layers."""
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, outputs)
    )


plot.diagram(
    [plot.branches(["input: noise z -> N, 2", "linear -> N, 64", "ReLU", "linear -> N, 64", "ReLU", "linear | G(z) -> N, 2"], ["input: point x -> N, 2", "linear -> N, 64", "ReLU", "linear -> N, 64", "ReLU", "linear | logit -> N, 1"], join=None)],
    title="Generator (above) and discriminator (below) of the ring",
)  # fmt: skip


# %%
def play_on_the_ring(seed: int, rounds: int, lr_d: float = 1e-3, looks: tuple[int, ...] = ()) -> list[Tensor]:
    """Play ``rounds`` steps; returns 2,000 samples after each number of steps in ``looks``, and at the end."""
    torch.manual_seed(seed)
    generator, discriminator = mlp(2, 2), mlp(2, 1)
    opt_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    opt_d = torch.optim.Adam(discriminator.parameters(), lr=lr_d, betas=(0.5, 0.999))
    seen = []
    for step in range(1, rounds + 1):
        train_gan_step(generator, discriminator, opt_g, opt_d, ring(256), torch.randn(256, 2))
        if step in looks or step == rounds:
            with torch.no_grad():
                seen.append(generator(torch.randn(2000, 2)))
    return seen


# %% [markdown]
# **Predict.** 3,000 steps. How many of the eight modes does the generator cover? Is it the same with each seed? What if the discriminator learns ten times more slowly?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
looks = sized((200, 500, 1000, 3000), rehearsal=(5, 10, 20, 40))
fig, axes = plt.subplots(2, 4, figsize=(10, 5.2), layout="constrained", sharex=True, sharey=True)
said = []
for row, (lr_d, name) in zip(axes, ((1e-3, "equal rates"), (1e-4, "slow discriminator")), strict=True):
    for ax, step, samples in zip(row, looks, play_on_the_ring(0, looks[-1], lr_d, looks), strict=True):
        modes, good = mode_coverage(samples, centres, SPREAD)
        ax.plot(*centres.T, "+", color=plot.VERMILION, markersize=12)
        ax.plot(*samples[:500].T, ".", color=plot.BLUE, markersize=2)
        ax.set(title=f"step {step}:\n{modes} modes, {good:.0%} good", xlim=(-3.5, 3.5), ylim=(-3.5, 3.5))
        said.append(f"{name}, step {step}: {modes} modes, {good:.0%} good")
    row[0].set_ylabel(name)
plot.alt(fig, "Samples on the ring of eight Gaussians. " + "; ".join(said) + ".")

# %%
for seed in range(sized(3, rehearsal=1)):
    modes, good = mode_coverage(play_on_the_ring(seed, looks[-1])[-1], centres, SPREAD)
    print(f"seed {seed}: {modes} of 8 modes, {good:.0%} good")
print(f"real points: {mode_coverage(ring(2000), centres, SPREAD)[0]} of 8, {mode_coverage(ring(2000), centres, SPREAD)[1]:.0%} good")  # fmt: skip

# %% [markdown]
# Read the lower row first. A slow discriminator cannot follow: all samples sit at one mode or near it, and the place changes from one look to the next. This is **mode collapse**, and nothing in the losses says so.
# With equal rates the generator finds all eight or nearly all. It leaves samples on the bridges between the modes, because a smooth map from one Gaussian cloud must cross from mode to mode.
#
# Seeds differ. A figure of one run shows one seed, and papers tend to show a good one. Report several, and the failures too.
#
# ### Conditional GANs
#
# You can also *tell* the generator which mode you want. In a **conditional GAN** (Mirza and Osindero, 2014) both networks get a label $c$: the generator beside $z$, the discriminator beside $x$. The discriminator then judges *pairs*. A good
# picture with the wrong label is a fake. No new training step is needed: the "example" is now the pair.

# %%
plot.diagram(
    [plot.branches(["input: z and label c -> N, 2 + 8", "layer: generator -> N, 2"], ["input: the same label c -> N, 8"], join="concat -> N, 10"), "layer: discriminator -> N", "loss: real pair or not?"],
    title="A conditional GAN judges pairs",
)  # fmt: skip


# %%
class Pairs(nn.Module):
    """A generator of pairs: (z, c) -> (G(z, c), c)."""

    def __init__(self) -> None:
        super().__init__()
        self.net = mlp(2 + K, 2)

    def forward(self, zc: Tensor) -> Tensor:
        return torch.cat([self.net(zc), zc[:, 2:]], 1)


torch.manual_seed(0)
pairs, judge = Pairs(), mlp(2 + K, 1)
opt_g = torch.optim.Adam(pairs.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(judge.parameters(), lr=1e-3, betas=(0.5, 0.999))
for _ in range(sized(2000, rehearsal=20)):
    label = torch.randint(K, (256,))
    c = F.one_hot(label, K).float()
    x = centres[label] + SPREAD * torch.randn(256, 2)
    train_gan_step(pairs, judge, opt_g, opt_d, torch.cat([x, c], 1), torch.cat([torch.randn(256, 2), c], 1))
with torch.no_grad():
    asked = torch.arange(2000) % K
    samples = pairs(torch.cat([torch.randn(2000, 2), F.one_hot(asked, K).float()], 1))[:, :2]
obeyed = (torch.cdist(samples, centres).argmin(1) == asked).float().mean()
modes, good = mode_coverage(samples, centres, SPREAD)
print(f"{modes} of 8 modes, {good:.0%} good; {obeyed:.0%} of the samples lie at the mode that was asked for")

# %% [markdown]
# Each mode has its own label, so none can be forgotten. Collapse *within* a label is still possible.
#
# ## DCGAN: convolutions
#
# For images, Radford and others (2016) found a recipe that trained reliably where earlier ones did not. The **DCGAN** has five rules:
#
# 1. Strided convolutions in place of pooling; in the generator, transposed ones.
# 2. Batch normalisation in both networks, but not at the generator's output and not at the discriminator's input.
# 3. No hidden fully connected layers.
# 4. ReLU in the generator and tanh at its output. Therefore real images must be scaled to $[-1,1]$.
# 5. Leaky ReLU of slope 0.2 in the discriminator. A plain ReLU would block gradients on their way to the generator.
#
# These are conventions that worked, not necessities. With them come Adam with rate 0.0002 and $\beta_1=0.5$, and weights drawn with standard deviation 0.02.
#
# **Up.** A transposed convolution of kernel $k$, stride $s$ and padding $P$ makes $(H-1)s-2P+k$ rows out of $H$. With $k=4$, $s=2$, $P=1$ this is $2(H-1)-2+4=2H$. The kernel is a multiple of the stride, so each output
# pixel is painted equally often. Otherwise you see a checkerboard (Odena and others, 2016).

# %%
plot.diagram(
    ["input: noise z -> N, 64", "linear | no bias -> N, 4w·8·8", "operation: reshape -> N, 4w, 8, 8", "batch norm", "ReLU", "transposed conv 4x4 | stride 2 -> N, 2w, 16, 16", "batch norm", "ReLU", "transposed conv 4x4 | stride 2", "tanh -> N, 1, 32, 32", "data: image in [-1, 1]"],
    title="DCGAN's generator for images of 32x32",
)  # fmt: skip

# %% [markdown]
# ### Exercise 8.6: the generator
# For images of any `size` that is a multiple of 4. The first layer is linear and gives maps of `size // 4`; it does what DCGAN's first transposed convolution does to a 1x1 map.
# Layers that are followed by batch normalisation need no bias: the normalisation would take it away. The last convolution has a bias.


# %%
class DCGANGenerator(nn.Module):
    """Latents (N, latent) -> images (N, 1, size, size) in [-1, 1]; 4 * width, 2 * width and 1 channels."""

    def __init__(self, latent: int, width: int, size: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.net = nn.Sequential(
            nn.Linear(latent, 4 * width * (size // 4) ** 2, bias=False),
            nn.Unflatten(1, (4 * width, size // 4, size // 4)),
            nn.BatchNorm2d(4 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(4 * width, 2 * width, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )
        ### END SOLUTION

    def forward(self, z: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return self.net(z)
        ### END SOLUTION


# %%
check(DCGANGenerator)

# %% [markdown]
# The discriminator is a small classifier of the kind you built on {day: 05_cnns_1}.

# %%
plot.diagram(
    ["input: image -> N, 1, 32, 32", "conv 4x4 | stride 2 -> N, w, 16, 16", "leaky ReLU", "conv 4x4 | stride 2 -> N, 2w, 8, 8", "batch norm", "leaky ReLU", "conv 4x4 | stride 2 -> N, 4w, 4, 4", "batch norm", "leaky ReLU", "flatten", "linear -> N, 1", "data: logit -> N"],
    title="DCGAN's discriminator for images of 32x32",
)  # fmt: skip

# %% [markdown]
# ### Exercise 8.7: the discriminator
# Three convolutions of kernel 4, stride 2, padding 1, then a linear layer on all values of the last map. The map's side is `size // 8`, rounded down: 28 goes to 14, 7 and 3. No normalisation after the first convolution. Return logits of shape `(N,)`, not `(N, 1)`.


# %%
class DCGANDiscriminator(nn.Module):
    """Images (N, 1, size, size) -> logits (N,); width, 2 * width and 4 * width channels."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.net = nn.Sequential(
            nn.Conv2d(1, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(4 * width),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(4 * width * (size // 8) ** 2, 1),
        )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return self.net(x)[:, 0]
        ### END SOLUTION


# %%
check(DCGANDiscriminator)

# %% [markdown]
# **Predict.** You draw one latent $z_0$ and generate its image twice: once among 7 other latents, once among 7 others again. The network is in training mode. Are the two images equal? And in evaluation mode?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
torch.manual_seed(0)
generator, first = DCGANGenerator(64, 8, 32), torch.randn(1, 64)
for mode in ("train", "eval"):
    getattr(generator, mode)()
    with torch.no_grad():
        once, again = (generator(torch.cat([first, torch.randn(7, 64)]))[0] for _ in range(2))
    print(f"{mode:5} mode: largest difference between the two images {(once - again).abs().max():.3f}")

# %% [markdown]
# In training mode batch normalisation mixes the examples of a batch, so an image depends on its neighbours. Call `eval()` before you draw samples to keep.
#
# ## A number for a generator
#
# Looking is not enough. You remember the good samples, and you do not see what is missing. But which number? The loss says nothing. The likelihood is not available: a GAN cannot compute the density of an image.
#
# **The idea in one sentence** (Heusel and others, 2017): describe each image by the features of a *frozen* classifier, and take the distance between
# a Gaussian of real features and a Gaussian of sampled ones.
#
# The squared **Fréchet distance** of $\mathcal N(\mu_a,A)$ and $\mathcal N(\mu_b,B)$ has a closed form (Dowson and Landau, 1982):
#
# $$ d^2 = |\mu_a-\mu_b|^2 + \mathrm{tr}\big(A + B - 2\,(AB)^{1/2}\big) . $$
#
# The root is that of a matrix, not of its entries. You only need its trace: the sum of the square roots of the eigenvalues of $AB$. They are real and not negative in theory. In numbers they carry rounding errors,
# so take the real part and clamp at 0.
#
# **A worked number.** One feature. $a$ has mean 1 and variance 4, $b$ has mean 3 and variance 9: $d^2=(1-3)^2+4+9-2\sqrt{36}=5$. Check: $(2-3)^2$ of the standard deviations plus $4$.
#
# The well-known FID uses the features of Inception, a network for photographs. We use a small classifier of our own for each data set, `measure.frozen(name)`, with 64 features. **Classifier-FID** values compare among themselves. *Never* compare
# them with a published FID.
#
# ### Exercise 8.8: the classifier-FID
# From features, two or more. Use the covariance with $N-1$ (`torch.cov` takes features as rows).


# %%
def classifier_fid(a: Tensor, b: Tensor) -> float:
    """Squared Fréchet distance between Gaussians fitted to features a (N, D) and b (M, D)."""
    ### BEGIN SOLUTION
    cov_a, cov_b = torch.cov(a.T), torch.cov(b.T)
    root = torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()
    gap = (a.mean(0) - b.mean(0)).square().sum()
    return (gap + cov_a.trace() + cov_b.trace() - 2 * root).item()
    ### END SOLUTION


# %%
check(classifier_fid)

# %% [markdown]
# **Predict.** Compare *real* sections with other real sections, 100 of each, then 2,000 of each. What is the FID?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
test = data.load("seismic_sections", "test")
frozen = measure.frozen("seismic_sections")
with torch.no_grad():
    train_features, test_features = (frozen.features(part.x[:2000]).double() for part in (train, test))
for count in (100, 200, 500, 1000, 2000):
    print(f"{count:5} real against {count:5} other real sections: {classifier_fid(train_features[:count], test_features[:count]):7.3f}")  # fmt: skip

# %% [markdown]
# Not 0. The fitted Gaussians differ by chance, and FID is biased upwards by about $1/N$ (Bińkowski and others, 2018). This is the **floor**: a perfect generator would score it. A number without its floor and its $N$ means little.
#
# It needs a **ceiling** too: noise, and the mean image, which any learner must beat. `measure.report` prints all of them, with what else is worth knowing:
#
# - **coverage**: the share of classes that the samples contain;
# - **precision**: how many samples lie among real ones; **recall**: how much of the real set lies among the samples (Kynkäänniemi and others, 2019);
# - **told apart**: how often a logistic regression tells held-out samples from held-out real images, by the same features (Lopez-Paz and Oquab, 2017). 0.5 is chance, 1 is always.

# %%
print(measure.report(gaussian, "seismic_sections"))

# %% [markdown]
# The two-point Gaussian halves the mean image's FID. It lacks one of the four structures, few of its samples lie among the real ones, and it is told apart nearly always. This is the rival to beat.
#
# ## Train
#
# All parts are there. One more thing for speed: a wrapper that runs a network's forward pass in bfloat16 where the processor multiplies it in hardware, with channels last. It changes the rounding, not the method.


# %%
class Fast(nn.Module):
    """``net`` with its forward pass in bfloat16 where that is fast; answers are float32."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net.to(memory_format=torch.channels_last)
        self.enabled = has_fast_bfloat16(torch.device("cpu"))

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.enabled):
            return self.net(x).float()


def dcgan_init(module: nn.Module) -> None:
    """DCGAN's first weights: normal, standard deviation 0.02. Use it as network.apply(dcgan_init)."""
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0, 0.02)


# %% [markdown]
# ### The training loop, line by line
# This loop is given. Read it beside the list, and find each point in the code.
#
# 1. It seeds with `torch.manual_seed(seed)`, builds both networks for the size of `x`, and applies `dcgan_init`.
# 2. Two Adam optimisers with `betas=(0.5, 0.999)`. Before each step both rates are set to `lr * (1 - done)`, where `done` is the share of all steps that lies behind. A game does not come to rest by itself; a falling rate brings it to rest.
# 3. It scales `x` from $[0,1]$ to $[-1,1]$. Each epoch visits all images in a new random order, in batches of `batch`; a last batch that is smaller is left out.
# 4. It draws new latents for every step, and calls your `train_gan_step`. `Fast` wraps both networks.
# 5. After each epoch it calls `watch(epoch, generator)`, if that is given, with the generator in evaluation mode.
#
# It returns the generator in evaluation mode, and the list of the losses of all steps.


# %%
def train_dcgan(
    x: Tensor, *, epochs: int, latent: int = 64, width: int = 16, batch: int = 32, lr: float = 5e-4, seed: int = 0,
    watch: Callable[[int, DCGANGenerator], None] | None = None,
) -> tuple[DCGANGenerator, list[tuple[float, float]]]:  # fmt: skip
    """x: (N, 1, S, S) in [0, 1]; returns the generator, in evaluation mode, and (L_D, L_G) of every step."""
    torch.manual_seed(seed)
    generator = DCGANGenerator(latent, width, x.shape[-1]).apply(dcgan_init)
    discriminator = DCGANDiscriminator(width, x.shape[-1]).apply(dcgan_init)
    opt_g, opt_d = (torch.optim.Adam(net.parameters(), lr, betas=(0.5, 0.999)) for net in (generator, discriminator))
    networks = Fast(generator), Fast(discriminator)
    x, losses, steps = 2 * x - 1, [], epochs * (len(x) // batch)
    for epoch in range(1, epochs + 1):
        generator.train()
        for index in torch.randperm(len(x)).split(batch):
            if len(index) < batch:
                continue
            for optimiser in (opt_g, opt_d):
                optimiser.param_groups[0]["lr"] = lr * (1 - len(losses) / steps)
            losses.append(train_gan_step(*networks, opt_g, opt_d, x[index], torch.randn(batch, latent)))
        generator.eval()
        if watch is not None:
            watch(epoch, generator)
    return generator.eval(), losses


# %% [markdown]
# **Predict.** Look at the losses first. At the start they are near 1.386 and 0.693, where real and generated cannot be told apart. Will the generator's loss fall over the training?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def draw(generator: nn.Module, count: int = 2000, seed: int = 0) -> Tensor:
    """``count`` samples in [0, 1], (count, 1, S, S)."""
    z = torch.randn(count, 64, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return (generator(z).float().contiguous() + 1) / 2


history: list[tuple[int, float]] = []
pictures: dict[int, Tensor] = {}


def look(epoch: int, generator: nn.Module) -> None:
    """Note the classifier-FID and keep eight pictures."""
    samples = draw(generator)
    pictures[epoch] = samples[:8]
    with torch.no_grad():
        history.append((epoch, classifier_fid(frozen.features(samples).double(), test_features)))


start = time.perf_counter()
few = sized(len(train.x), rehearsal=640)
generator, losses = train_dcgan(train.x[:few], epochs=sized(8, rehearsal=2), width=sized(16, rehearsal=8), watch=look)  # fmt: skip
print(f"{time.perf_counter() - start:.0f} s")

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
smooth = torch.tensor(losses).T.unfold(1, min(100, len(losses)), min(100, len(losses))).mean(2)
for y, name, level, colour in zip(smooth, ("discriminator", "generator"), (2 * math.log(2), math.log(2)), (plot.BLUE, plot.ORANGE), strict=True):  # fmt: skip
    axes[0].plot(100 * torch.arange(1, len(y) + 1), y, label=name, color=colour)
    axes[0].axhline(level, color=colour, linestyle=":", linewidth=1)
axes[0].set(xlabel="step", ylabel="loss, mean of 100 steps")
axes[0].legend()
axes[1].semilogy(*zip(*history, strict=True), marker="o", color=plot.BLUE, label="DCGAN")
report = measure.report(draw(generator), "seismic_sections")
two_point = measure.report(gaussian, "seismic_sections")
for level, name, dash in ((report.noise.fid, "noise", ":"), (report.mean_image.fid, "mean image", "-."), (two_point.samples.fid, "two-point Gaussian", "--"), (report.real.fid, "floor", "-")):  # fmt: skip
    axes[1].axhline(level, color="0.5", linestyle=dash, linewidth=1)
    axes[1].text(0.99, level * 1.08, name, color="0.3", fontsize=9, ha="right", transform=axes[1].get_yaxis_transform())
axes[1].set(xlabel="epoch", ylabel="classifier-FID")
plot.alt(fig, f"Left: both losses over the training; they do not fall together. Right: the classifier-FID falls from {history[0][1]:.0f} after the first epoch to {history[-1][1]:.1f} after the last.")  # fmt: skip

# %% [markdown]
# The losses tell you little: the generator's rises while its samples improve, because its opponent improves faster. A discriminator's loss near 0 would mean that it has won and teaches nothing. The score falls.

# %%
epochs = sorted({1, len(pictures) // 4 or 1, len(pictures)})
plot.images(torch.cat([pictures[k] for k in epochs]), [f"epoch {k}" for k in epochs for _ in range(8)])

# %%
print(report)
print(f"\nbelow the mean image by a factor of {report.mean_image.fid / report.samples.fid:.0f}, below noise by {report.noise.fid / report.samples.fid:.0f}")  # fmt: skip

# %% [markdown]
# Read the table from left to right. The **FID** stands below the controls and above the floor. **Coverage** says how many of the four structures are there. **Precision** says how many samples lie among real sections, **recall** how much of the variety is reached.
# Compare each column with the two-point Gaussian's.
#
# One training is one seed. Change `seed`, and look at what moves. Another set is one changed line: `data.load("glyphs")`, or `"mnist"` for handwritten digits, and the same name in the calls of `measure`.
#
# ## Walk in the latent space
#
# What lies between two sections? Move $z$ along a line from one latent to another, and look.

# %%
ends = torch.randn(2, 64, generator=torch.Generator().manual_seed(3))


def between(share: float) -> None:
    """The section at ``share`` of the way from one latent to the other."""
    angle = share * math.pi / 2
    z = math.cos(angle) * ends[:1] + math.sin(angle) * ends[1:]  # keeps the length that latents have
    with torch.no_grad():
        image = generator(z).float()[0, 0]
    fig, ax = plt.subplots(figsize=(3.4, 3.4), layout="constrained")
    ax.imshow(image, cmap="gray", vmin=-1, vmax=1)
    ax.set(title=f"{share:.0%} of the way", xlabel="trace", ylabel="time sample")
    plot.alt(fig, f"A generated section, {share:.0%} of the way between two latents.")


plot.slider(between, share=[0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0], start=0.5, still=[0.0, 0.25, 0.5, 0.75, 1.0])  # fmt: skip

# %% [markdown]
# Layers bend and shift without a jump. A generator that had only stored sections would jump from one to the next. Does it copy all the same? Look for the nearest training section of each sample.

# %%
samples = draw(generator, 6, seed=5)
nearest = torch.cdist(samples.flatten(1), train.x.flatten(1)).argmin(1)
plot.images(torch.cat([samples, train.x[nearest]]), ["generated"] * 6 + ["nearest real"] * 6, columns=6)

# %% [markdown]
# ## Find the bug
#
# A colleague's DCGAN uses **one-sided label smoothing** (Salimans and others, 2016): a real image gets the label 0.9 in place of 1, so that the discriminator does not become too sure. A generated image keeps the label 0. Three things are strange:
#
# 1. After ten steps the discriminator is nearly always right, though it is hardly trained. The data are dark images on average.
# 2. Where samples are nothing like the data, the best discriminator says 0.1 and not 0.
# 3. The picture of the same $z$ changes when other latents are drawn beside it.
#
# ### Exercise 8.9: find the bug
# Two lines are wrong and one is missing. Repair them and change nothing else. The generator must be back in training mode at the end.


# %%
def find_the_bug(generator: nn.Module, discriminator: nn.Module, pixels: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """pixels: (N, 1, H, W) uint8, z: (M, latent). Returns L_D, L_G and pictures (M, 1, H, W) in [0, 1] to look at.

    Three lines are wrong or missing: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    x = pixels / 127.5 - 1
    fake = generator(z)
    on_real, on_fake = discriminator(x), discriminator(fake.detach())
    loss_d = F.binary_cross_entropy_with_logits(on_real, torch.full_like(on_real, 0.9))
    loss_d = loss_d + F.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
    again = discriminator(fake)
    loss_g = F.binary_cross_entropy_with_logits(again, torch.ones_like(again))
    generator.eval()
    with torch.no_grad():
        pictures = (generator(z) + 1) / 2
    generator.train()
    return loss_d, loss_g, pictures
    ### END SOLUTION


# %%
check(find_the_bug)

# %% [markdown]
# ## Sections an expert cannot tell apart, answered
#
# First be the expert yourself.
#
# **Predict.** Twelve sections, six of them real. Which? Write down the six numbers before you go on.

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
order = torch.randperm(12, generator=torch.Generator().manual_seed(11))
mixed = torch.cat([test.x[100:106], draw(generator, 6, seed=7)])[order]
plot.images(mixed, [str(k) for k in range(1, 13)], columns=6)

# %%
print("real:", [k + 1 for k, source in enumerate(order.tolist()) if source < 6])

# %% [markdown]
# Now the judge that does not tire. A logistic regression on the frozen classifier's features tells held-out samples from held-out real sections.

# %%
print(f"told apart: DCGAN {report.samples.told_apart:.0%}, two-point Gaussian {two_point.samples.told_apart:.0%}, other real sections {report.real.told_apart:.0%} (chance is 50%)")  # fmt: skip

# %% [markdown]
# **Can a network draw sections that an expert cannot tell apart? Not this network, in this time.** Chance would be 50 %, and the line above says what yours reached. In one trial of ours, 13 epochs at a constant rate, the judge was right for 95 % of the held-out images, as good as always.
# That trial covered all four structures. Its classifier-FID of 16.6 was half of the two-point Gaussian's 33.1 and less than a quarter of the mean image's 74.9. The floor is 0.05. Nearly half of its samples lay among real sections, against a sixth for the Gaussian. It was one seed: take the figures as an example, not as a result.
#
# What gives the samples away? Look closely: layers and faults are there, and so is a fine grain that real sections do not have. A person forgives the grain. A judge that compares features does not.
#
# The questions that remain are yours as a geophysicist. Our judge looks at 64 features; it does not ask if the layers are possible geology. A GAN gives no density: you cannot ask how likely a section is. And it knows only what the 8,000 sections hold. {Day: 09_diffusion}
# returns to the same sections with diffusion, and asks for sections that honour a well. GANs are used for earth models in practice: Laloy and others (2018) invert for geology in the latent space of a small one.
#
# ## Summary
#
# - A GAN trains its own loss: a discriminator. The best one is $p/(p+q)$, and against it the generator minimises the Jensen-Shannon divergence.
# - That divergence is flat where the densities do not overlap. The non-saturating loss helps; the additional notebook changes the distance.
# - One step: the discriminator on detached samples, then the generator through the new discriminator. Each optimiser clears its own gradients.
# - Losses of a game do not measure progress. Count modes, and score samples beside a floor, a ceiling and a simple rival.
# - DCGAN: strided convolutions, batch norm, tanh and data in $[-1,1]$. Draw samples in evaluation mode.
# - Report seeds. One good picture is no result.
#
# ### Questions to take along
#
# 1. The discriminator's loss is 1.386. Is that good news?
#
# <details><summary>Answer</summary>
#
# It cannot tell real from generated. Either the generator is perfect, or the discriminator has not learned. Only a look at the samples, or a score, says which.
#
# </details>
#
# 2. A paper reports an FID of 3.2 on photographs, you have a classifier-FID of 1.5. Is yours better?
#
# <details><summary>Answer</summary>
#
# The two do not compare: other features, other images, another $N$. Compare with your own floor and ceiling.
#
# </details>
#
# 3. Precision is 0.95 and recall 0.05. What happened?
#
# <details><summary>Answer</summary>
#
# Nearly every sample looks real, and hardly any of the variety is there: mode collapse.
#
# </details>

# %% [markdown]
# ## References
#
# - M. Arjovsky, L. Bottou (2017). *Towards principled methods for training generative adversarial networks.* arXiv:1701.04862.
# - M. Bińkowski and others (2018). *Demystifying MMD GANs.* arXiv:1801.01401.
# - D. C. Dowson, B. V. Landau (1982). *The Fréchet distance between multivariate normal distributions.* doi:10.1016/0047-259X(82)90077-X.
# - I. Goodfellow and others (2014). *Generative adversarial networks.* arXiv:1406.2661.
# - M. Heusel and others (2017). *GANs trained by a two time-scale update rule converge to a local Nash equilibrium.* arXiv:1706.08500.
# - T. Kynkäänniemi and others (2019). *Improved precision and recall metric for assessing generative models.* arXiv:1904.06991.
# - E. Laloy and others (2018). *Training-image based geostatistical inversion using a spatial generative adversarial neural network.* doi:10.1002/2017WR022148.
# - D. Lopez-Paz, M. Oquab (2017). *Revisiting classifier two-sample tests.* arXiv:1610.06545.
# - L. Mescheder and others (2018). *Which training methods for GANs do actually converge?* arXiv:1801.04406.
# - L. Metz and others (2017). *Unrolled generative adversarial networks.* arXiv:1611.02163.
# - M. Mirza, S. Osindero (2014). *Conditional generative adversarial nets.* arXiv:1411.1784.
# - A. Odena and others (2016). *Deconvolution and checkerboard artifacts.* doi:10.23915/distill.00003.
# - A. Radford and others (2016). *Unsupervised representation learning with deep convolutional generative adversarial networks.* arXiv:1511.06434.
# - T. Salimans and others (2016). *Improved techniques for training GANs.* arXiv:1606.03498.
