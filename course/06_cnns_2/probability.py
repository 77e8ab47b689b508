# ---
# title: "Probability for deep learning: does a bright spot mean gas?"
# objectives:
#   - turn a question about rocks into joint, marginal and conditional probabilities, and invert them with Bayes' rule
#   - write the log densities that every model of the next days is made of, and say what a change of variables does to them
#   - see learning as making data likely, and regularisation as what was believed before
#   - compute entropy, cross-entropy and the divergence between two Gaussians, and choose its direction knowingly
#   - estimate an expectation with an error bar, by plain and by importance sampling
#   - send a gradient through a random draw, and say what a latent variable is and why its posterior is the difficulty
# prerequisites: [01_intro_and_ffns, 02_pytorch_1, 04_ml_recap]
# minutes: {cpu: 1, cpu_fp32: 1}
# data: [wells]
# ---

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized

check = checks("06_cnns_2")
plot.use_style()
torch.set_default_dtype(torch.float64)  # nothing here is large, and small differences are what we look at

# %% [markdown]
# ## The question: does a bright spot mean gas?
#
# The slides fill the lecture. This notebook says the same at your own pace, with exercises; take it afterwards, at home. {Day: 07_vaes} builds on it.
#
# The section below has a fold, and at its crest one event is much stronger than everything around it: a **bright spot**. In young, soft sands gas makes the sand slower and lighter, so its top
# reflects more (Rutherford and Williams, 1989; in an old, hard sand the same gas can *dim* it). An interpreter says: *"Of the gas sands we have drilled here, 84 % were bright. This one is bright. So it is gas, with 84 %."*
#
# A well costs 20 million. Would you drill?
#
# By the end of this notebook you will have an answer in numbers, with what is uncertain about it. And the tools for it, Bayes' rule, likelihood, divergence, Monte Carlo, a gradient through a random
# draw, are all the mathematics that the generative models of {day: 07_vaes, 08_gans, 09_diffusion} stand on. We use one story and small numbers, so that each tool is understood before a network hides it.
#
# (The prospect and its numbers are made up; their sizes are those of a young gas province. The well logs further down are the course's own `wells`.)


# %%
def folded_section(gas: float) -> Tensor:
    """A fold of soft layers (120 time samples, 160 traces); the crest of one sand is ``gas`` times a typical reflector."""
    generator = torch.Generator().manual_seed(2)
    time, trace = torch.arange(120.0)[:, None], torch.arange(160.0)
    age = time + 22 * torch.exp(-(((trace - 80) / 38) ** 2))  # the same age, the same layer
    section = torch.zeros(120, 160)
    strengths = torch.randn(13, generator=generator).clamp(-1.5, 1.5)
    strengths[7] = -1  # the sand: a typical reflector, where it holds no gas
    for top, strength in zip(range(8, 150, 11), strengths, strict=True):
        t = (age - top) / 2.2
        section += 0.5 * strength * (1 - t**2) * torch.exp(-(t**2) / 2)
    t, crest = (age - 85) / 2.2, (time < 74) * torch.exp(-(((trace - 80) / 24) ** 8))
    section -= (gas - 1) * 0.5 * crest * (1 - t**2) * torch.exp(-(t**2) / 2)
    return section + 0.12 * torch.randn(120, 160, generator=generator)


fig, ax = plt.subplots(figsize=(7.2, 4.2))
plot.section(folded_section(3.1), ax=ax)
ax.annotate(
    "bright spot",
    (80, 63),
    (112, 30),
    fontsize=12,
    color=plot.VERMILION,
    bbox={"fc": "white", "ec": "none", "pad": 3},
    arrowprops={"color": plot.VERMILION, "arrowstyle": "->"},
)
plot.alt(
    fig,
    "A seismic section of folded layers. At the crest of the fold, half way down, one dark event is much stronger than all others; an arrow calls it the bright spot.",
)

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $x, z$ | what is observed; what is hidden | |
# | $p, q$ | densities: of the model; of an approximation or proposal | |
# | $\theta, \phi$ | parameters of $p$; of $q$ | |
# | $\mu, \sigma, \Sigma$ | mean, standard deviation, covariance matrix | `(D,)`, `(D,)`, `(D, D)` |
# | $S, \Lambda$ | covariance of the samples; $\Sigma^{-1}$ | `(D, D)` each |
# | $\epsilon$ | standard normal noise | `(D,)` |
# | $N, D, K$ | samples; features; classes | |
# | $r, a, b$ | success rate; parameters of its Beta distribution | |
# | $f, \hat f$ | a function; its mean over samples | |
# | $w$ | importance weight, $p/q$ | `(N,)` |
# | $H$ | entropy | nats |
#
# ## The simplest thing that could work, and how it fails
#
# The interpreter's number answers another question. "Of gas sands, 84 % are bright" runs from the cause to what is seen. We stand on the other side: we *see* bright, and ask about the cause. To turn
# it round one must know two more things: how many prospects hold gas at all (the **base rate**, here 10 %), and how many prospects **without** gas are bright too. Coal, a hard streak, thin beds that
# interfere, a trace of gas that no one can produce: here 16 %.
#
# **Predict.** A prospect is bright. What is the probability of gas? Write a number before you compute; most people, geologists and physicians alike, are off by a factor of two.

# %%
prediction = ""  # write your answer here before you run the next cell

# %% [markdown]
# ## Joint, marginal, conditional
#
# Imagine 1000 prospects and count. 100 hold gas and 84 of these are bright. 900 do not, and 16 % of them, 144, are bright.
#
# |  | bright, $x=1$ | dim, $x=0$ | together |
# |---|---|---|---|
# | gas, $z=1$ | 84 | 16 | 100 |
# | no gas, $z=0$ | 144 | 756 | 900 |
# | together | **228** | 772 | 1000 |
#
# A **random variable** is a quantity whose value we do not know, with a probability for each value it may take. Here are two: $z$, what is in the ground, and $x$, what is seen. Everything that can be
# said about both stands in the table, once it is divided by 1000:
#
# - the **joint** $p(x, z)$ is one cell: $p(x{=}1, z{=}1) = 0.084$. All cells add up to 1.
# - a **marginal** is a row or column sum, written on the margin: $p(x{=}1) = \sum_z p(x{=}1, z) = 0.228$.
# - a **conditional** looks at one row or column only, and normalises it: $p(x{=}1 \mid z{=}1) = 84/100$.
#
# The three are bound by the **product rule** $p(x, z) = p(x \mid z)\,p(z)$ and the **sum rule** $p(x) = \sum_z p(x, z)$. There are no further rules; the rest of this notebook is those two.
#
# So: of 228 bright prospects 84 hold gas.

# %%
joint = torch.tensor([[0.756, 0.144], [0.016, 0.084]])  # p(z, x): rows z = 0, 1; columns x = 0, 1
p_x = joint.sum(0)
print("p(x)           =", p_x.tolist())
print("p(z=1 | x=1)   =", round(float(joint[1, 1] / p_x[1]), 3))
print("p(z=1 | x=0)   =", round(float(joint[1, 0] / p_x[0]), 3))

# %% [markdown]
# Thirty-seven per cent: more likely no gas than gas. Seeing that it is bright was still worth much, the probability rose from 10 % to 37 %; and a *dim* event brought it down to 2 %. The interpreter had read along the row what
# has to be read down the column.
#
# ## Bayes' rule, and what the base rate does
#
# The product rule can be written from either side, $p(x\mid z)\,p(z) = p(z\mid x)\,p(x)$. Divide:
#
# $$ \underbrace{p(z \mid x)}_{\text{posterior}} \;=\; \frac{\overbrace{p(x \mid z)}^{\text{likelihood}}\;\overbrace{p(z)}^{\text{prior}}}{\underbrace{p(x)}_{\text{evidence}}},
# \qquad p(x) = \sum_z p(x\mid z)\,p(z). $$
#
# It is easiest used as **odds**. Divide the rule for $z=1$ by the rule for $z=0$; the evidence cancels:
#
# $$ \frac{p(z{=}1\mid x)}{p(z{=}0\mid x)} = \frac{p(x\mid z{=}1)}{p(x\mid z{=}0)} \cdot \frac{p(z{=}1)}{p(z{=}0)}. $$
#
# On the right the first factor is the **likelihood ratio**, and the second are the prior odds.
#
# **A worked number.** Prior odds $1:9$. The likelihood ratio of "bright" is $0.84/0.16 = 5.25$. Posterior odds $5.25 : 9 = 0.583$, and odds $o$ are a probability $o/(1+o) = 0.368$. The whole evidence of the
# picture is one factor, 5.25, and it multiplies whatever was believed before.
#
# **Predict.** A second survey brings another sign of gas, amplitude that grows with offset, with a likelihood ratio of 4. A colleague multiplies: odds $0.583\times 4 = 2.33$, so 70 %. What must be true for that to be right?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
base_rate = torch.linspace(0.001, 0.999, 400)
prior_odds = base_rate / (1 - base_rate)
fig, ax = plt.subplots(figsize=(6.4, 3.8))
for ratio, label, place in (
    (0.16 / 0.84, "dim", (0.62, 0.12)),
    (5.25, "bright", (0.27, 0.55)),
    (5.25 * 4, "both signs", (0.5, 1.0)),
):
    odds = ratio * prior_odds
    (line,) = ax.plot(base_rate, odds / (1 + odds))
    ax.text(*place, label, fontsize=12, color=line.get_color())
ax.plot([0, 1], [0, 1], color="0.6", linestyle=":", linewidth=1.5)
ax.axvline(0.1, color="0.6", linewidth=1)
ax.set(xlabel="base rate p(z = 1)", ylabel="p(z = 1 | what is seen)", xlim=(0, 1), ylim=(0, 1.08))
plot.alt(
    fig,
    "Probability of gas after the evidence against the base rate. The curve for a dim event lies below the diagonal, that for a bright event above it, and that for both signs higher still. At a base "
    "rate of 0.1 the three are at 0.02, 0.37 and 0.70.",
)

# %% [markdown]
# Two variables are **independent** if $p(x, y) = p(x)\,p(y)$: to know one says nothing about the other. The factors may be multiplied only if the two signs are independent *given $z$*, $p(x,y\mid z)=p(x\mid z)\,p(y\mid z)$: among gas prospects, and among the others, being bright must say nothing about the offset. They rarely are, since a coal is bright *and* changes with
# offset, in the same way each time. Then the second sign is worth less than 4, and counting it in full is how several weak signs become a false certainty. Independence given the cause is an *assumption about rocks*; the
# algebra does not supply it.
#
# And look how far apart the left ends are. With a base rate of 1 % even both signs leave less than one chance in five. A detector is never good or bad by itself.
#
# ## Expectation and variance
#
# The **expectation** of $f(x)$ is its average, each value weighed by its probability, and the **variance** is the expected squared distance from the mean:
#
# $$ \mathbb{E}[f(x)] = \sum_x p(x) f(x), \qquad \operatorname{Var}[x] = \mathbb{E}\big[(x - \mathbb{E}x)^2\big] = \mathbb{E}[x^2] - (\mathbb{E}x)^2 . $$
#
# For a continuous $x$ the sum is an integral. Two properties carry most of what follows. Expectation is **linear**, $\mathbb{E}[ax + by] = a\,\mathbb{E}x + b\,\mathbb{E}y$, whether or not $x$ and $y$ have to do with each other. Variances add only for
# **uncorrelated** variables, and a factor comes out squared: $\operatorname{Var}[ax] = a^2 \operatorname{Var}[x]$.
#
# **A worked number.** A find is worth 100 million, a well costs 20. Then drilling earns $100\,p - 20$ on average: $-10$ for any prospect, $+16.8$ for a bright one, so drill where the probability exceeds $0.2$. The variance says what the average hides: a
# yes-or-no variable (a **Bernoulli** variable) with probability $p$ has $\mathbb{E}x = p$ and $\operatorname{Var}x = p - p^2 = p(1-p)$, so one bright prospect earns $16.8 \pm 48$. Ten such prospects, if independent, earn $168 \pm 152$.
# Independence again: ten prospects on the same misunderstood coal are one prospect.
#
# ## Densities, and what a change of variables does to them
#
# "Bright" threw away most of what was measured. The amplitude $x$ is a real number, and the probability of any exact value is zero; what can be given is probability per unit of $x$, a **density** $p(x)$: the probability of $[a, b]$ is
# $\int_a^b p(x)\,dx$. So a density has units, one over those of $x$, it may exceed 1, and it changes when the units do.
#
# How, follows from one demand: the same event keeps its probability. Let $y = g(x)$ with $g$ increasing. Values of $x$ in a small interval $dx$ end in an interval $dy = g'(x)\,dx$, and nothing is lost on the way, so $p_y(y)\,dy = p_x(x)\,dx$:
#
# $$ p_y(y) = p_x(x)\,\left|\frac{dx}{dy}\right|, \qquad\text{in several dimensions}\qquad p_y(y) = p_x(x)\,\left|\det \frac{\partial x}{\partial y}\right| . $$
#
# Where the map stretches, the density thins out. **A worked number.** Let the logarithm of a permeability be standard normal about its median of 100 mD: $y = 100\,e^{x}$. Then $x = \ln(y/100)$, $dx/dy = 1/y$, and $p_y(y) = p_x(\ln (y/100))/y$, the log-normal.
#
# **Predict.** The density of $x$ is highest at 0, and $x = 0$ is $y = 100$. Is the density of $y$ highest at 100? And is the mean of $y$ 100?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
x = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
y = 100 * x.exp()
grid = torch.linspace(1, 500, 1000)
density = torch.exp(-0.5 * (grid / 100).log() ** 2) / math.sqrt(2 * math.pi) / grid
fig, axes = plt.subplots(1, 2, figsize=(9.6, 3.4), layout="constrained")
axes[0].hist(x, bins=80, density=True, color=plot.SKY)
axes[0].plot(torch.linspace(-4, 4, 200), torch.exp(-0.5 * torch.linspace(-4, 4, 200) ** 2) / math.sqrt(2 * math.pi))
axes[0].set(xlabel="x, logarithm of permeability / 100 mD", ylabel="density")
axes[1].hist(
    y[y < 500],
    bins=100,
    weights=torch.full((int((y < 500).sum()),), 1 / (5.0 * len(y))),
    range=(0, 500),
    color=plot.SKY,
)
axes[1].plot(grid, density)
axes[1].axvline(100, color=plot.BLACK, linestyle=":", linewidth=1.5)
axes[1].text(106, 0.0061, "median", fontsize=11)
axes[1].axvline(float(y.mean()), color=plot.VERMILION, linestyle="--", linewidth=1.5)
axes[1].text(float(y.mean()) + 6, 0.005, "mean", fontsize=11, color=plot.VERMILION)
axes[1].set(xlabel="y, permeability (mD)", ylabel="density (per mD)")
plot.alt(
    fig,
    "Left: histogram of a standard normal variable with its bell curve. Right: the histogram of a hundred times its exponential, a skewed hump highest near 37, with the computed log-normal density on top; its median is at 100 and "
    "its mean at 165.",
)
print(f"median {y.median():.1f}, mean {y.mean():.1f}, highest density at {grid[density.argmax()]:.1f}")

# %% [markdown]
# Only the median moved along. The mode went to $100\,e^{-1} \approx 37$: the stretched upper half is thinner. The mean went to $100\,e^{1/2} \approx 165$, since $\mathbb{E}\,g(x) \ne g(\mathbb{E}x)$ unless $g$ is a straight line
# (for convex $g$ it is larger: Jensen's inequality). Keep both in mind when someone maximises a density or inserts a best guess into a formula.
#
# ## The Gaussian
#
# Take $\epsilon$ from the **standard normal** $\mathcal N(0, 1)$, with density $e^{-\epsilon^2/2}/\sqrt{2\pi}$, and shift and stretch it: $x = \mu + \sigma\epsilon$. The change of variables, $d\epsilon/dx = 1/\sigma$, gives the Gaussian $\mathcal N(\mu, \sigma^2)$:
#
# $$ p(x) = \frac{1}{\sqrt{2\pi}\,\sigma}\,e^{-(x-\mu)^2/2\sigma^2}, \qquad \ln p(x) = -\tfrac12\left[\frac{(x-\mu)^2}{\sigma^2} + \ln\sigma^2 + \ln 2\pi\right]. $$
#
# We stay with logarithms. A section of $10^4$ pixels has a density of perhaps $10^{-20000}$, which no computer holds; its logarithm is an ordinary number. And products become sums: with $D$ independent features, each with its own
# mean and variance, the log densities add. A network that outputs a variance outputs $\ln\sigma^2$, since that may be any real number while $\sigma^2$ must be positive; so we take it as the argument.
#
# ### Exercise 6.19: the log density of a Gaussian
#
# Write it for $D$ independent features. The last axis holds the features; any others are a batch. (The models of {day: 07_vaes, 08_gans, 09_diffusion} are made of this function.)


# %%
def gaussian_log_prob(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """ln N(x; mean, diag(exp(log_variance))). x: (..., D); mean, log_variance: of the same shape or (D,); returns (...)."""
    ### BEGIN SOLUTION
    squared = (x - mean) ** 2 / log_variance.exp()
    return -0.5 * (squared + log_variance + math.log(2 * math.pi)).sum(-1)
    ### END SOLUTION


# %%
check(gaussian_log_prob)

# %% [markdown]
# Back to the prospect. From wells we know how strong the event is, in units of a typical reflector: about $\mathcal N(1, 1)$ without gas and $\mathcal N(3, 1)$ with. ("Bright" meant $x > 2$: check that it gives the 84 % and 16 %.) Now insert the two
# densities into Bayes' rule, in logarithms. The quadratic terms cancel, as both have the same variance:
#
# $$ \ln\frac{p(z{=}1\mid x)}{p(z{=}0\mid x)} = -\tfrac12(x-3)^2 + \tfrac12(x-1)^2 + \ln\tfrac19 = \underbrace{2}_{w}\,x \underbrace{{}-4 - \ln 9}_{b} . $$
#
# The probability is the sigmoid of that. **{Day: 01_intro_and_ffns}'s neuron, $\sigma(wx + b)$, is Bayes' rule for two Gaussians of equal variance**: its weight is the distance between the classes over the variance, and its bias holds the base rate.
# A network trained where half of the examples were gas carries $\ln 1$ in its bias, and is wrong by $\ln 9$ where one in ten is.
#
# **Predict.** The amplitude is $2.2$: bright, but only just. Is the probability of gas more or less than the 37 % that "bright" gave?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
MEANS, LOG_VARIANCES, PRIOR = (
    torch.tensor([[1.0], [3.0]]),
    torch.zeros(2, 1),
    torch.tensor([0.9, 0.1]),
)  # without, with gas


def posterior_of_gas(x: Tensor, prior: Tensor = PRIOR) -> Tensor:
    """p(z = 1 | x) for amplitudes x of any shape."""
    log_joint = gaussian_log_prob(x[..., None, None], MEANS, LOG_VARIANCES) + prior.log()  # (..., 2)
    return log_joint.softmax(-1)[..., 1]


strength = torch.linspace(-2, 6.5, 300)
fig, axes = plt.subplots(1, 2, figsize=(9.6, 3.4), layout="constrained")
for k, (name, colour, dash) in enumerate((("no gas, 90 %", plot.BLUE, "-"), ("gas, 10 %", plot.VERMILION, "--"))):
    axes[0].plot(
        strength,
        PRIOR[k] * gaussian_log_prob(strength[:, None], MEANS[k], LOG_VARIANCES[k]).exp(),
        color=colour,
        linestyle=dash,
        label=name,
    )
axes[0].set(xlabel="amplitude x", ylabel="p(x, z)")
axes[0].legend()
axes[1].plot(strength, posterior_of_gas(strength), color=plot.BLACK, linestyle="-")
axes[1].axhline(0.2, color="0.6", linestyle=":", linewidth=1.5)
axes[1].text(-1.9, 0.23, "worth drilling", fontsize=11)
axes[1].set(xlabel="amplitude x", ylabel="p(z = 1 | x)", ylim=(0, 1))
plot.alt(
    fig,
    "Left: the two joint densities, a tall bell around 1 without gas and a low one around 3 with gas; they cross at 3.1. Right: the probability of gas given the amplitude, a sigmoid that passes 0.2 at an amplitude of 2.4 and one half at 3.1.",
)
for value in (2.2, 3.1, 4.0):
    print(f"amplitude {value}: p(gas) = {posterior_of_gas(torch.tensor(value)):.2f}")

# %% [markdown]
# Less than half of the 37 %. "Bright" averages over everything above 2, and a value near 2 is the least convincing of these. Do not round your data before you ask it.
#
# ## Classes: the categorical distribution and its surprise
#
# A variable with $K$ outcomes, a facies or a digit, has a probability $p_k$ for each: a **categorical** distribution. A network gives logits $a_k$ and the softmax makes probabilities of them, $\ln p_k = a_k - \ln\sum_j e^{a_j}$.
# If $y$ is what happened, $-\ln p_y$ is the **surprise**, in nats: 0 for what was certain, $\ln K$ under complete ignorance, without limit for what was called impossible. Averaged over examples it is the cross-entropy loss, which you wrote on {day: 04_ml_recap}.
#
# This time the classes of an image: axis 1 holds the classes, further axes the pixels, and interpreters label only part of a section. In the afternoon, a U-Net is trained with losses of this shape.
#
# ### Exercise 6.20: surprise about a class
#
# The mean over all labelled places; `-1` marks those without a label. Work from the logits, so that large ones do no harm. Do not call `F.cross_entropy`; you may compare with it.


# %%
def categorical_nll(logits: Tensor, y: Tensor) -> Tensor:
    """Mean negative log-likelihood (nats) of the labelled places. logits: (N, K) or (N, K, H, W); y: (N,) or (N, H, W), -1 = no label."""
    ### BEGIN SOLUTION
    log_p = logits - logits.logsumexp(1, keepdim=True)
    chosen = log_p.gather(1, y.clamp(min=0).unsqueeze(1)).squeeze(1)
    return -chosen[y >= 0].mean()
    ### END SOLUTION


# %%
check(categorical_nll)

# %% [markdown]
# ## Learning is making the data likely
#
# We took the bells' means and widths as known. They come from data, and so does every parameter of every network, mostly by one principle (Fisher, 1922): choose the parameters $\theta$ under which the observed data are most probable, the **maximum likelihood** estimate
# (MLE). For independent examples the likelihood is a product, so in logarithms
#
# $$ \hat\theta = \arg\max_\theta \prod_{n=1}^N p_\theta(x_n) = \arg\min_\theta\; -\frac1N \sum_{n=1}^N \ln p_\theta(x_n). $$
#
# That is a training loss. With a categorical $p_\theta(y \mid x)$ it is the cross-entropy, with a Gaussian of fixed width the squared error ({day: 04_ml_recap}).
#
# For a Gaussian we can solve it by hand, and at once for $D$ features that vary together. The **multivariate Gaussian** comes from the same change of variables as before, now with a matrix: $x = \mu + A\epsilon$, with $\epsilon$ a vector of $D$ independent standard normals. Its covariance
# is $\Sigma = \mathbb{E}[(x-\mu)(x-\mu)^\top] = AA^\top$, and with $|\det A| = \sqrt{\det\Sigma}$
#
# $$ \ln p(x) = -\tfrac12\left[(x-\mu)^\top\Sigma^{-1}(x-\mu) + \ln\det\Sigma + D\ln 2\pi\right]. $$
#
# *The mean.* Only the first term contains $\mu$; the gradient of the sum over $n$ is $\Sigma^{-1}\sum_n (x_n - \mu) = 0$, so $\hat\mu = \frac1N\sum_n x_n$. *The covariance.* Write $S = \frac1N\sum_n (x_n-\hat\mu)(x_n-\hat\mu)^\top$. The mean of the
# first term is $\operatorname{tr}(\Sigma^{-1}S)$. Let $\Lambda = \Sigma^{-1}$, so that $\ln\det\Sigma = -\ln\det\Lambda$; the derivative of $\operatorname{tr}(\Lambda S)$ by $\Lambda$ is $S$ (both are symmetric) and that of $\ln\det\Lambda$ is $\Lambda^{-1} = \Sigma$. So $\hat\Sigma = S$: divided by $N$.
#
# (Dividing by $N-1$ makes the estimate right on average. The MLE is too small by a factor $(N-1)/N$, because the mean was fitted to the same data. Necessity: none. Know which one you have.)
#
# ### Exercise 6.21: the most likely Gaussian
# Return $\hat\mu$ and $\hat\Sigma$ of the rows of `x`. Divide by $N$, as derived.


# %%
def mle_gaussian(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D) that make the rows of x (N, D) most likely."""
    ### BEGIN SOLUTION
    mean = x.mean(0)
    centred = x - mean
    return mean, centred.T @ centred / len(x)
    ### END SOLUTION


# %%
check(mle_gaussian)

# %% [markdown]
# Let us fit the density and the sonic log of all sandstones in `wells`, the two logs from which an interpreter predicts an amplitude. What a joint Gaussian is good for is its conditional. If density $d$ and sonic time $s$ are jointly Gaussian, then given $d$
#
# $$ s \mid d \;\sim\; \mathcal N\!\left(\mu_s + \frac{\Sigma_{sd}}{\Sigma_{dd}}(d - \mu_d),\;\; \Sigma_{ss} - \frac{\Sigma_{sd}^2}{\Sigma_{dd}}\right). $$
#
# The conditional mean is a straight line. **Predict.** Least squares also draws a straight line through these points, and knows nothing of Gaussians. How do the two lines compare?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
logs = data.wells()
sand = logs.x[logs.rock == 0][:, [1, 3]].double()  # (N, 2): density in g/cm3, sonic in us/ft
mean, covariance = mle_gaussian(sand)
slope = covariance[1, 0] / covariance[0, 0]
design = torch.stack([torch.ones(len(sand)), sand[:, 0]], 1)
least_squares = torch.linalg.lstsq(design, sand[:, 1:]).solution[1, 0]
print(
    f"{len(sand)} samples; mean {[round(v, 2) for v in mean.tolist()]}, covariance {[[round(v, 3) for v in row] for row in covariance.tolist()]}"
)
print(f"slope of the conditional mean {slope:.6f}, of least squares {least_squares:.6f} us/ft per g/cm3")
left_over = covariance[1, 1] - covariance[0, 1] ** 2 / covariance[0, 0]
print(
    f"standard deviation of sonic: {covariance[1, 1].sqrt():.2f} before, {left_over.sqrt():.2f} after the density is known"
)

angle = torch.linspace(0, 2 * math.pi, 200)
circle = torch.stack([angle.cos(), angle.sin()])
fig, ax = plt.subplots(figsize=(6.4, 4.2))
ax.scatter(*sand[::3].T, s=8, color=plot.SKY, edgecolors="none")
for radius, dash in ((1, "-"), (2, "--")):
    ax.plot(
        *(mean[:, None] + radius * torch.linalg.cholesky(covariance) @ circle),
        color=plot.BLUE,
        linestyle=dash,
        label=f"{radius} std of the Gaussian",
    )
ends = torch.tensor([1.85, 2.55])
ax.plot(
    ends, mean[1] + slope * (ends - mean[0]), color=plot.VERMILION, linestyle="-.", label="mean of sonic, given density"
)
ax.set(xlabel="density (g/cm3)", ylabel="sonic (us/ft)")
ax.legend()
plot.alt(
    fig,
    "Sonic time against density of the sandstone samples, falling from upper left to lower right, with the ellipses of one and two standard deviations of the fitted Gaussian and the line of the conditional mean, which is "
    "flatter than the long axis of the ellipses.",
)

# %% [markdown]
# The same line, to the last digit. Regression is conditioning in a Gaussian world; a network with a squared error does it with a curved mean. And note that the line is flatter than the ellipse's long axis: it says what sonic to *expect*, not how the cloud lies.
#
# One caution. The samples are half a metre apart in a few wells, so neighbours say nearly the same. The likelihood took them for independent. The estimates are still sensible; an error bar that divides by the root of $N$ would be far too small.

# %% [markdown]
# ## What was believed before: Bayes for a parameter
#
# The base rate of 10 % is an estimate as well. Suppose five prospects of this kind are drilled, and two hold gas: $x = (0, 1, 0, 0, 1)$. The MLE is $2/5$. After the first well alone it was $0/1$: *never any gas*. With little data, likelihood alone jumps to conclusions.
#
# So treat the rate $r$ itself as unknown, with a prior, and use Bayes' rule as before. The likelihood of $h$ finds and $m$ misses is $r^h(1-r)^m$. A prior of the same form is convenient, the **Beta** density $p(r) \propto r^{a-1}(1-r)^{b-1}$ with mean $a/(a+b)$:
#
# $$ p(r\mid x) \;\propto\; r^{h}(1-r)^{m}\; r^{a-1}(1-r)^{b-1} = r^{(a+h)-1}(1-r)^{(b+m)-1}, $$
#
# again a Beta density: $a_N = a+h$, $b_N = b+m$. The prior acts like $a+b$ wells that were drilled before. (Same form in, same form out is called *conjugate*; it is a convenience, not a necessity, and networks never have it.) From the posterior one may report
#
# - its **mode**, the *maximum a posteriori* (MAP) estimate: set the derivative of $(a_N-1)\ln r + (b_N-1)\ln(1-r)$ to zero, $\;r_{\text{MAP}} = \dfrac{a_N - 1}{a_N + b_N - 2}$ if $a_N, b_N > 1$ (otherwise the density is largest at an end),
# - its **mean**, which is also the probability that the *next* well finds gas: $p(\text{find}) = \int r\,p(r\mid x)\,dr = \dfrac{a_N}{a_N+b_N}$.
#
# ### Exercise 6.22: after several wells
# `found` holds 1 for each well with gas and 0 for each without. Return $a_N$, $b_N$, $r_{\text{MAP}}$ and $p(\text{find})$, as Python numbers.
# You may take it that $a_N$ and $b_N$ are larger than 1.


# %%
def posterior_beta(found: Tensor, a: float, b: float) -> tuple[float, float, float, float]:
    """From a prior Beta(a, b) and wells found (N,) of 0 and 1: a_N, b_N, the MAP estimate, and the chance of the next well."""
    ### BEGIN SOLUTION
    hits = float(found.sum())
    a, b = a + hits, b + len(found) - hits
    return a, b, (a - 1) / (a + b - 2), a / (a + b)
    ### END SOLUTION


# %%
check(posterior_beta)

# %% [markdown]
# **Predict.** Two geologists start with the same mean of 10 %, one with Beta(2, 18), as if twenty wells were known, one with Beta(0.5, 4.5), as if five were. After the five wells with two finds, which of them moved further, and do they end on the same side of 20 %?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
found = torch.tensor([0, 1, 0, 0, 1])
rate = torch.linspace(0.002, 0.75, 500)
fig, axes = plt.subplots(1, 2, figsize=(9.6, 3.4), layout="constrained", sharey=True)
for ax, (a, b) in zip(axes, ((2.0, 18.0), (0.5, 4.5)), strict=True):
    for count, colour, dash in ((0, "0.55", ":"), (1, plot.SKY, "--"), (5, plot.BLUE, "-")):
        a_N, b_N, _, _ = posterior_beta(found[:count], a, b)
        ax.plot(
            rate,
            torch.distributions.Beta(a_N, b_N).log_prob(rate).exp(),
            color=colour,
            linestyle=dash,
            label=f"after {count} wells",
        )
    a_N, b_N, best, following = posterior_beta(found, a, b)
    print(
        f"Beta({a:g}, {b:g}): now Beta({a_N:g}, {b_N:g}), MAP {best:.3f}, chance of the next well {following:.3f}; MLE {found.double().mean():.3f}"
    )
    ax.set(xlabel="rate r of gas", title=f"prior Beta({a:g}, {b:g})", ylim=(0, 9))
axes[0].set_ylabel("density")
axes[1].legend()
plot.alt(
    fig,
    "Densities of the rate of gas, before any well, after one dry well and after five wells with two finds. With the prior Beta(2, 18) the bump moves a little to the right, to a mean of 0.16. With Beta(0.5, 4.5) the density piles up "
    "at zero at first, and after five wells is a wide bump around a mean of 0.25.",
)

# %% [markdown]
# The weaker prior moved further, past 20 %; the firmer one stayed below. Two reasonable people may disagree after the same data, they know by how much, and more wells will bring them together. We go on with the firmer, 16 %.
#
# **The same in a network.** The logarithm of the posterior of the parameters is $\ln p(x\mid\theta) + \ln p(\theta)$ and a constant. With a Gaussian prior of variance $\tau^2$ on every weight, $-\ln p(\theta)$ is $\sum_i\theta_i^2/2\tau^2$: MAP training is the loss plus an L2 penalty. The
# weight decay of {day: 04_ml_recap} is a belief that weights are small.
#
# **And a warning.** MAP depends on how a parameter is written. Describe the rate by its log-odds $u = \ln\frac{r}{1-r}$. By the change of variables $p(u) = p(r)\,|dr/du| = p(r)\,r(1-r)$, which raises both exponents by 1, so the mode in $u$ lies at $r = a_N/(a_N+b_N)$ instead: 0.160 and not 0.130, for the same
# belief. Probabilities do not depend on the coordinates, the highest point of a density does.

# %% [markdown]
# ## Entropy, cross-entropy and the divergence
#
# The mean surprise about a variable whose probabilities one knows is its **entropy** (Shannon, 1948), in nats with the natural logarithm:
#
# $$ H(p) = \mathbb{E}_p[-\ln p(x)] = -\sum_x p(x)\ln p(x). $$
#
# If the world follows $p$ and one believes in $q$, the mean surprise is the **cross-entropy** $H(p, q) = \mathbb{E}_p[-\ln q(x)]$. What a wrong belief costs over the unavoidable is the **Kullback-Leibler divergence** (1951):
#
# $$ \mathrm{KL}(p\,\|\,q) = H(p, q) - H(p) = \mathbb{E}_p\left[\ln\frac{p(x)}{q(x)}\right] \;\ge\; 0. $$
#
# *Why never negative.* $\ln t \le t - 1$ for every $t > 0$, with equality at $t=1$ only. So $-\mathrm{KL}(p\|q) = \mathbb{E}_p[\ln (q/p)] \le \mathbb{E}_p[q/p] - 1 = \sum_x q(x) - 1 \le 0$. It is zero only if $q = p$.
#
# **A worked number.** Gas occurs with 10 %. Its entropy is $-0.1\ln 0.1 - 0.9\ln 0.9 = 0.325$ nats. Who believes in 50 % is surprised by $\ln 2 = 0.693$ on average, 0.368 more than necessary: that is $\mathrm{KL}$.
#
# Now let $p$ be the data and $q = p_\theta$ the model. Of $H(p, p_\theta) = H(p) + \mathrm{KL}(p\|p_\theta)$ only the last term contains $\theta$. So **maximum likelihood, minimal cross-entropy and minimal $\mathrm{KL}(\text{data}\,\|\,\text{model})$ are one and the same**, and a training loss has a floor that no
# model gets below: the entropy of the data.
#
# For two Gaussians the integral can be done. Insert the two log densities, feature by feature; under $q$ we have $\mathbb{E}_q(z-\mu_q)^2 = \sigma_q^2$, and $\mathbb{E}_q(z-\mu_p)^2 = \sigma_q^2 + (\mu_q-\mu_p)^2$, as the mixed term has mean zero:
#
# $$ \mathrm{KL}(q\,\|\,p) = \mathbb{E}_q\left[-\frac{(z-\mu_q)^2}{2\sigma_q^2} - \frac{\ln\sigma_q^2}2 + \frac{(z-\mu_p)^2}{2\sigma_p^2} + \frac{\ln\sigma_p^2}2\right]
# = \frac12\left[\frac{\sigma_q^2}{\sigma_p^2} + \frac{(\mu_q-\mu_p)^2}{\sigma_p^2} - 1 - \ln\frac{\sigma_q^2}{\sigma_p^2}\right]. $$
#
# ### Exercise 6.23: the distance that is none
#
# With $q$ the posterior that a network proposes and $p$ the prior, this is one of the two terms of the loss of {day: 07_vaes}.


# %%
def kl_gaussians(mean_q: Tensor, log_variance_q: Tensor, mean_p: Tensor, log_variance_p: Tensor) -> Tensor:
    """KL(q || p) in nats between diagonal Gaussians, summed over the features. Each argument (..., D) or (D,); returns (...)."""
    ### BEGIN SOLUTION
    change = log_variance_q - log_variance_p
    distance = (mean_q - mean_p) ** 2 / log_variance_p.exp()
    return 0.5 * (change.exp() + distance - 1 - change).sum(-1)
    ### END SOLUTION


# %%
check(kl_gaussians)

# %% [markdown]
# ## Two directions, two answers
#
# KL is not symmetric, so it is no distance. $\mathrm{KL}(p\|q)$ averages over what *happens*: it is large when $q$ calls improbable what $p$ does. $\mathrm{KL}(q\|p)$ averages over what one *proposes*: it is large when $q$ proposes what $p$ calls improbable, and
# costs nothing to leave out what $p$ does.
#
# Suppose amplitudes come in two humps and only a single Gaussian $q$ may be used. **Predict.** Sketch the $q$ that minimises $\mathrm{KL}(p\|q)$, and the one that minimises $\mathrm{KL}(q\|p)$.

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
z = torch.linspace(-12, 12, 2401)
step = z[1] - z[0]
log_p = torch.logsumexp(
    torch.stack(
        [
            math.log(w) + gaussian_log_prob(z[:, None], torch.tensor([m]), torch.tensor([2 * math.log(s)]))
            for w, m, s in ((0.6, -3.0, 0.8), (0.4, 3.0, 1.0))
        ]
    ),
    0,
)
# KL(p || q) of a Gaussian q is least where mean and variance agree with those of p: it is a maximum likelihood.
forward_mean = (log_p.exp() * z).sum() * step
forward_variance = (log_p.exp() * (z - forward_mean) ** 2).sum() * step


def reverse_fit(start: float) -> tuple[Tensor, Tensor, float]:
    """The Gaussian q with the least KL(q || p), by gradient descent from a mean of ``start``; its mean, log-variance and KL."""
    mean, log_variance = torch.tensor([start], requires_grad=True), torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.Adam([mean, log_variance], lr=0.05)
    for _ in range(sized(400, rehearsal=40)):
        log_q = gaussian_log_prob(z[:, None], mean, log_variance)
        kl = (log_q.exp() * (log_q - log_p)).sum() * step
        optimiser.zero_grad()
        kl.backward()
        optimiser.step()
    return mean.detach(), log_variance.detach(), kl.item()


fig, ax = plt.subplots(figsize=(7.2, 3.8))
ax.fill_between(z, log_p.exp(), color="0.85", label="p, two humps")
fits = [("min KL(p || q)", forward_mean[None], forward_variance.log()[None], plot.BLUE, "-")]
for start, colour, dash in ((-1.0, plot.VERMILION, "--"), (1.0, plot.GREEN, "-.")):
    mean, log_variance, kl = reverse_fit(start)
    fits.append((f"min KL(q || p), started at {start:+}", mean, log_variance, colour, dash))
    print(
        f"started at {start:+}: mean {mean.item():.2f}, std {(0.5 * log_variance).exp().item():.2f}, KL(q || p) = {kl:.3f} nats"
    )
for name, mean, log_variance, colour, dash in fits:
    ax.plot(z, gaussian_log_prob(z[:, None], mean, log_variance).exp(), color=colour, linestyle=dash, label=name)
ax.set(xlim=(-7, 7), ylim=(0, 0.75), xlabel="z", ylabel="density")
ax.legend(fontsize=9, loc="upper right")
plot.alt(
    fig,
    "A density with two humps, a higher one at -3 and a lower one at 3, in grey. The Gaussian with the least KL(p || q) is wide and covers both, highest in the valley between. The Gaussians with the least KL(q || p) are narrow and sit on "
    "one hump each, which one depends on where the descent started.",
)
print(f"min KL(p || q): mean {forward_mean:.2f}, std {forward_variance.sqrt():.2f}")

# %% [markdown]
# $\mathrm{KL}(p\|q)$ **covers** all modes and puts much weight where nothing happens. $\mathrm{KL}(q\|p)$ **seeks** a mode and forgets the other, at a price of $-\ln(\text{its share})$: 0.51 nats for the hump with 60 %, 0.92 for the one with 40 %. Compare with the KL that was printed.
#
# Remember this picture. Maximum likelihood models ({day: 07_vaes, 09_diffusion}) cover, and tend to produce things that do not occur. The approximate posterior of a VAE seeks, and is too narrow. The GAN of {day: 08_gans} has a divergence of its own and a similar forgetfulness.

# %% [markdown]
# ## Monte Carlo, and its error
#
# Is the gas worth it? The volume of gas in the trap is a product, area times thickness times porosity times saturation, and each is uncertain. No integral of a table will tell the distribution of the product. But we can *draw*: take $N$ samples of the four, and average.
#
# $$ \mathbb{E}[f(z)] \approx \hat f = \frac1N\sum_{n=1}^N f(z_n), \qquad z_n \sim p. $$
#
# That $\hat f$ comes to $\mathbb{E}f$ as $N$ grows is the **law of large numbers**. By linearity $\mathbb{E}\hat f = \mathbb{E}f$: right on average for every $N$. The samples are independent, so the variances add, $\operatorname{Var}\hat f = \operatorname{Var}[f]/N$, and the **standard error** is
#
# $$ \operatorname{se} = \frac{s}{\sqrt N}, \qquad s^2 = \frac1{N-1}\sum_n (f(z_n) - \hat f)^2 . $$
#
# And for large $N$ the error $\hat f-\mathbb{E}f$ is nearly Gaussian, whatever $f$ is: this is the **central limit theorem**. So $\pm\operatorname{se}$ holds the truth in 68 % of all cases, and $\pm 2\operatorname{se}$ in 95 %. It needs a finite variance.
#
# Two remarks. The root is slow: a digit more costs a hundred times the samples. But the dimension of $z$ does not occur explicitly (it may hide in $s$, and in a moment it will): that is why integrals over a million pixels are estimated in this way. (Metropolis and Ulam, 1949.)
#
# ### Exercise 6.24: an estimate and its error bar
#
# `draw(count, generator=generator)` gives samples, `f` turns them into `count` values. Every random function in this course takes a `generator`: the same seed gives the same answer, and nothing else in the program is disturbed.


# %%
def monte_carlo_with_error(f, draw, count: int, *, generator: torch.Generator) -> Tensor:
    """Estimate of E[f(z)] and its standard error, as a tensor (2,), from ``count`` samples z = draw(count, generator=generator)."""
    ### BEGIN SOLUTION
    values = f(draw(count, generator=generator))
    return torch.stack([values.mean(), values.std() / count**0.5])
    ### END SOLUTION


# %%
check(monte_carlo_with_error)


# %%
def draw_trap(count: int, *, generator: torch.Generator) -> Tensor:
    """Area (km2), thickness (m), porosity and gas saturation of ``count`` possible traps, (count, 4)."""
    eps = torch.randn(count, 4, generator=generator)
    area, thickness = 8 * (0.35 * eps[:, 0]).exp(), 20 * (0.3 * eps[:, 1]).exp()
    porosity, saturation = 0.22 + 0.03 * eps[:, 2], 0.7 + 0.05 * eps[:, 3]
    return torch.stack([area, thickness, porosity, saturation], 1)


def volume(trap: Tensor) -> Tensor:
    """Gas in place, in million cubic metres of pore space."""
    return trap.prod(1)


generator = torch.Generator().manual_seed(0)
best_guess = volume(torch.tensor([[8.0, 20.0, 0.22, 0.7]])).item()
print(f"the volume of the best guesses: {best_guess:.1f} million m3")
for count in (100, 10_000, 1_000_000):
    mean, se = monte_carlo_with_error(volume, draw_trap, count, generator=generator)
    chance, se_chance = monte_carlo_with_error(
        lambda trap: (volume(trap) > 15).double(), draw_trap, count, generator=generator
    )
    print(f"{count:>9,} samples: mean volume {mean:.2f} +- {se:.2f}, P(volume > 15) = {chance:.4f} +- {se_chance:.4f}")

# %% [markdown]
# The mean lies above the volume of the best guesses: the product of skewed factors is skewed to the right, Jensen's inequality at work. And the error bars shrink tenfold with a hundredfold of samples.
#
# But is an error bar true? It claims that the estimate lies within one standard error of the truth in 68 % of all cases: by the **central limit theorem** a mean of many independent draws is nearly Gaussian. That can be tested, as calibration was on {day: 05_cnns_1}. Here the truth is known: the four factors are independent, so the mean of the product is the product of the means.
#
# **Predict.** We repeat the estimate 10,000 times with $N=5$ and with $N=500$. In what share of the repetitions does the bar, $\hat f \pm \operatorname{se}$, hold the truth? The same for both?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
truth = (
    8 * math.exp(0.35**2 / 2) * 20 * math.exp(0.3**2 / 2) * 0.22 * 0.7
)  # a log-normal's mean is exp(variance / 2) medians
generator = torch.Generator().manual_seed(1)
for count in (5, 500):
    estimate = torch.stack(
        [
            monte_carlo_with_error(volume, draw_trap, count, generator=generator)
            for _ in range(sized(10_000, rehearsal=200))
        ]
    )
    inside = (estimate[:, 0] - truth).abs() < estimate[:, 1]
    print(f"N = {count:3d}: the bar holds the truth in {inside.double().mean():.1%} of the repetitions")

# %% [markdown]
# With 500 samples the claim is kept, as closely as 10,000 repetitions can tell (their own standard error is half a per cent). With 5 the bars are too short, for a reason that has nothing to do with gas: $s$ comes from the same five values, and when they happen to lie close together, the bar is short. For five Gaussian values
# Student (1908) found 63 %; the skew of the volumes costs a little more. The same holds for the five random seeds of a network.

# %% [markdown]
# ## Importance sampling
#
# Some questions are about what hardly ever happens. The well must be drilled with a mud that holds back the pore pressure and does not break the rock. Say that the pore pressure, as an equivalent mud density, is $1.20 + 0.08\,z_1$ and the strength of the rock is
# $1.55 + 0.05\,z_2$, with standard normal $z_1, z_2$. If the first exceeds the second, no mud will do. **Predict.** Of 10,000 samples, in how many does that happen? (The difference has mean 0.35 and standard deviation $\sqrt{0.08^2+0.05^2} = 0.094$.)

# %%
prediction = ""  # write your answer here before you run the next cell

# %% [markdown]
# The idea: **look where it matters, and correct for having looked there.** Draw from another density, the *proposal* $q$, and multiply by one:
#
# $$ \mathbb{E}_p[f] = \int p(z) f(z)\,dz = \int q(z)\,\frac{p(z)}{q(z)} f(z)\,dz = \mathbb{E}_q\big[w(z) f(z)\big], \qquad w(z) = \frac{p(z)}{q(z)}. $$
#
# It holds for every $q$ that is positive wherever $p f$ is not zero. Which is best? The variance of $w f$ vanishes if $w f$ is constant, that is, for $q \propto p f$: then one sample suffices. (It is of no use, for $\int p f$ is what we wanted to know. But it says where to
# look: where $p\,|f|$ is large.) If $p$ is not normalised, $f = 1$ gives its integral; on {day: 07_vaes} that integral will be the likelihood of an image.
#
# ### Exercise 6.25: look where it matters
#
# The proposal is a Gaussian with independent features. Use your `gaussian_log_prob`, subtract logarithms and exponentiate last.


# %%
def importance_sample(
    f, log_p, mean: Tensor, log_variance: Tensor, count: int, *, generator: torch.Generator
) -> Tensor:
    """Estimate of the integral of p f and its standard error, (2,), from ``count`` samples of q = N(mean, exp(log_variance)).

    f and log_p take z (count, D) and return (count,); mean, log_variance: (D,).
    """
    ### BEGIN SOLUTION
    eps = torch.randn(count, len(mean), generator=generator)
    z = mean + (0.5 * log_variance).exp() * eps
    log_weight = log_p(z) - gaussian_log_prob(z, mean, log_variance)
    values = log_weight.exp() * f(z)
    return torch.stack([values.mean(), values.std() / count**0.5])
    ### END SOLUTION


# %%
check(importance_sample)


# %%
def no_mud_will_do(z: Tensor) -> Tensor:
    """1 where the pore pressure exceeds the strength of the rock. z: (N, 2)."""
    return (1.20 + 0.08 * z[:, 0] > 1.55 + 0.05 * z[:, 1]).double()


def log_standard(z: Tensor) -> Tensor:
    """ln p of a standard normal of any number of features. z: (N, D)."""
    return gaussian_log_prob(z, torch.zeros(z.shape[1]), torch.zeros(z.shape[1]))


direction = torch.tensor([0.08, -0.05])
likeliest = 0.35 * direction / (direction**2).sum()  # the point of the failing half-plane that is nearest to the origin
exact = 0.5 * math.erfc(0.35 / direction.norm().item() / math.sqrt(2))
print(f"exact                  {exact:.3e}")
for name, centre in (("plain Monte Carlo", torch.zeros(2)), ("importance sampling", likeliest)):
    generator = torch.Generator().manual_seed(0)
    value, se = importance_sample(no_mud_will_do, log_standard, centre, torch.zeros(2), 10_000, generator=generator)
    print(f"{name:22s} {value:.3e} +- {se:.1e}")

# %%
generator = torch.Generator().manual_seed(0)
clouds = torch.randn(2, 1500, 2, generator=generator)
fig, ax = plt.subplots(figsize=(5.6, 4.6))
ax.scatter(*clouds[0].T, s=7, color=plot.SKY, label="samples of p")
ax.scatter(*(likeliest + clouds[1]).T, s=7, color=plot.ORANGE, marker="^", label="samples of q")
line = torch.tensor([-5.0, 3.0])
ax.plot((0.35 + 0.05 * line) / 0.08, line, color=plot.BLACK, linestyle="-", label="beyond: no mud will do")
ax.scatter(*likeliest[:, None], s=90, color=plot.VERMILION, marker="X", zorder=3, label="likeliest failure")
ax.set(xlabel="pore pressure, $z_1$", ylabel="strength, $z_2$", xlim=(-4, 7), ylim=(-6, 6.5))
ax.legend(fontsize=9, loc="upper left")
plot.alt(
    fig,
    "Standard normal samples around the origin, none of them beyond a line at lower right; samples of the proposal around the point of that line nearest to the origin, about half of them beyond it.",
)

# %% [markdown]
# One in ten thousand: of 10,000 samples we expect a single one beyond the line, and this run had none. So plain Monte Carlo reports 0, *plus or minus 0*: what it never met, it cannot be uncertain about. The proposal puts half of its samples beyond the line, each worth little, and with the same
# 10,000 samples knows the answer to about 2 %.
#
# **How it fails.** The weights must not be wilder than the values. If $q$ has thinner tails than $p$, a few samples far out carry most of the weight and most runs do not contain one: the estimate is too small *and so is its error bar*. And it gets worse with every dimension, because weights multiply: let
# $p$ be a standard normal in $D$ dimensions and $q$ only a fifth wider. With $w_n$ the weights, $(\sum_n w_n)^2/\sum_n w_n^2$ is the **effective sample size**, the number of equal weights that would be worth as much (Kong, 1992).
#
# **Predict.** For $D = 1$, $10$ and $100$, how many of 10,000 samples are effective?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
generator = torch.Generator().manual_seed(0)
for D in (1, 10, 100):
    wide = torch.full((D,), 2 * math.log(1.2))
    z = 1.2 * torch.randn(10_000, D, generator=generator)
    weight = (log_standard(z) - gaussian_log_prob(z, torch.zeros(D), wide)).softmax(0)
    print(f"D = {D:3d}: effective samples {1 / (weight**2).sum():7.0f} of 10,000")

# %% [markdown]
# Per dimension the loss is 5 %, which seems nothing; but $1.05^{-100}$ is less than 0.01. (By that count about 75 samples should be effective in 100 dimensions. More were printed, because the few samples with the largest weights were never drawn. This measure, too, does not know what it has not seen.) In many dimensions a proposal must fit very well, and the only way to have a good one is to *learn* it, for each image anew. A network that outputs the proposal's mean and log-variance for a given image is the encoder of a VAE.

# %% [markdown]
# ## A gradient through a random draw
#
# To learn a proposal, or anything that acts by chance, we need the gradient of an expectation with respect to the distribution it is taken under: $\nabla_\phi\,\mathbb{E}_{q_\phi}[f(z)]$. An earth-science case: we may aim a well at any position $\mu$ along a line, and the bit arrives at $z = \mu + 0.3\,\epsilon$, in units of a
# kilometre. The payoff $f(z)$ has a narrow, rich spot and a wide, poorer one. Where should we aim?
#
# Drawing $z$ and calling `backward` does not work: a number that came out of a random generator has no derivative by the $\mu$ that went in. There are two ways round.
#
# **The score function.** Differentiate the density: $\nabla_\phi\int q_\phi f\,dz = \int q_\phi\,(\nabla_\phi\ln q_\phi)\,f\,dz = \mathbb{E}_{q_\phi}[f(z)\,\nabla_\phi\ln q_\phi(z)]$. It needs only values of $f$, so it works for wells, games and other black boxes (it is {day: 13_deep_rl}'s policy gradient; Williams, 1992). It learns by trial: what paid off is made
# likelier.
#
# **Reparameterisation.** Move the chance out of the way: draw $\epsilon$ from a density *without* parameters, and let $z = \mu + \sigma\epsilon$ be an ordinary differentiable function. Then the derivative goes inside,
#
# $$ \nabla_{\mu}\,\mathbb{E}_{\epsilon}\big[f(\mu+\sigma\epsilon)\big] = \mathbb{E}_\epsilon\big[f'(z)\big], \qquad \frac{\partial}{\partial\ln\sigma^2}\,\mathbb{E}_\epsilon\big[f(\mu+\sigma\epsilon)\big] = \mathbb{E}_\epsilon\big[f'(z)\,\tfrac12\sigma\epsilon\big], $$
#
# since $\sigma = e^{\frac12\ln\sigma^2}$ has the derivative $\frac12\sigma$ by $\ln\sigma^2$. It needs $f'$, which autograd supplies, and it uses much more of what is known: not only how good a sample was, but in which direction it would be better. (Kingma and Welling, 2013; Rezende, Mohamed and Wierstra, 2014.)
#
# ### Exercise 6.26: a gradient through a random draw
# Draw $\epsilon$ of shape `(count, D)` from `generator`, compute $z$, and let autograd differentiate the mean of $f(z)$.
# Row 0 of the result is the gradient by the mean, row 1 that by the log-variance.


# %%
def reparameterised_gradient(
    f, mean: Tensor, log_variance: Tensor, count: int, *, generator: torch.Generator
) -> Tensor:
    """Gradients of E[f(z)], z ~ N(mean, exp(log_variance)), by mean and by log_variance, (2, D), from ``count`` samples.

    f takes z (count, D) and returns (count,); mean, log_variance: (D,), left as they are.
    """
    ### BEGIN SOLUTION
    mean, log_variance = mean.clone().requires_grad_(), log_variance.clone().requires_grad_()
    eps = torch.randn(count, len(mean), generator=generator)
    z = mean + (0.5 * log_variance).exp() * eps
    return torch.stack(torch.autograd.grad(f(z).mean(), (mean, log_variance)))
    ### END SOLUTION


# %%
check(reparameterised_gradient)

# %% [markdown]
# **Predict.** Two drillers start to aim at 0.45 km and climb the gradient. One believes that the bit goes where it is sent and climbs $f$ itself; the other climbs the expected payoff, with a bit that strays by 0.3 km. The rich spot is at 0.3, the wide one at 1.2. Where does each end?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def payoff(z: Tensor) -> Tensor:
    """Million, at positions z (N, 1) in kilometres: a narrow spot at 0.3, a wide one at 1.2."""
    return (100 * torch.exp(-0.5 * ((z - 0.3) / 0.06) ** 2) + 60 * torch.exp(-0.5 * ((z - 1.2) / 0.4) ** 2)).squeeze(1)


def climb(log_variance: Tensor, rate: float = 0.001) -> float:
    """Where one ends who starts at 0.45 and follows the gradient of the expected payoff."""
    aim, generator = torch.tensor([0.45]), torch.Generator().manual_seed(0)
    for _ in range(sized(300, rehearsal=30)):
        aim = aim + rate * reparameterised_gradient(payoff, aim, log_variance, 200, generator=generator)[0]
    return aim.item()


strays = torch.tensor([2 * math.log(0.3)])
ends = {"believes in the bit": climb(torch.tensor([-60.0]), 1e-5), "knows that it strays": climb(strays)}
where = torch.linspace(-0.4, 2.2, 300)
expected = torch.stack(
    [
        payoff(m + 0.3 * torch.linspace(-4, 4, 401)[:, None]) @ torch.exp(-0.5 * torch.linspace(-4, 4, 401) ** 2)
        for m in where
    ]
)
expected = expected / torch.exp(-0.5 * torch.linspace(-4, 4, 401) ** 2).sum()
fig, ax = plt.subplots(figsize=(6.8, 3.8))
ax.plot(where, payoff(where[:, None]), color="0.6", linestyle="-", label="payoff f(z)")
ax.plot(where, expected, color=plot.BLUE, linestyle="--", label="expected payoff of an aim")
for (name, end), colour, marker in zip(ends.items(), (plot.VERMILION, plot.GREEN), "v^", strict=True):
    value = float(np.interp(end, where, expected))
    ax.scatter([end], [value], s=110, color=colour, marker=marker, zorder=3, label=name)
    print(f"{name:22s} aims at {end:.2f} km and earns {value:.0f} million on average")
ax.set(xlabel="position (km)", ylabel="million")
ax.legend()
plot.alt(
    fig,
    "The payoff along the line, a narrow spike of 100 at 0.3 km and a wide hump of 60 at 1.2 km, and the expected payoff of each aim, where the spike is smeared out to a shoulder. One marker stands at the spike, the other at the top of the wide hump.",
)

# %% [markdown]
# The expectation has smeared the spike out; it is hardly a hill any more. That is also what noise does to the loss of a network: narrow minima disappear from its sight.
#
# Now the price of the two estimators. **Predict.** For $f(z) = \sum_d z_d^2$ with $\mu = 1$, $\sigma = 1$, the gradient by $\mu_1$ is 2. From a single sample, how widely does each estimator scatter in $D = 1$, and in $D = 100$ dimensions?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
generator = torch.Generator().manual_seed(0)
for D in (1, 10, 100):
    eps = torch.randn(20_000, D, generator=generator)
    z = 1 + eps
    by_score = (z**2).sum(1) * eps[
        :, 0
    ]  # f times the derivative of ln q by the first mean, (z - mean) / variance = eps
    by_reparameterisation = 2 * z[:, 0]
    print(
        f"D = {D:3d}: score function {by_score.mean():5.2f} +- {by_score.std():6.1f}, "
        f"reparameterised {by_reparameterisation.mean():5.2f} +- {by_reparameterisation.std():.1f} (a single sample)"
    )

# %% [markdown]
# Both are right on average. But the score function multiplies with *all* of $f$, and the 99 features that have nothing to do with $\mu_1$ come in as noise; the derivative of $f$ sorts them out. To have as small an error in 100 dimensions it needs about ten thousand times as many samples. Where $f$ has a derivative, use it.

# %% [markdown]
# ## What was not observed: latent variables
#
# So far wells told us which amplitudes belonged to gas. Usually there is no well: there are amplitudes $x_1, \dots, x_N$ and nothing else. The cause $z_n$ exists, we just never see it: a **latent variable**. The model is unchanged, and so is the sum rule:
#
# $$ p_\theta(x) = \sum_z p_\theta(x\mid z)\,p_\theta(z), \qquad p_\theta(z\mid x) = \frac{p_\theta(x\mid z)\,p_\theta(z)}{p_\theta(x)} . $$
#
# With two causes that is a **mixture** of two Gaussians, and its likelihood can be maximised by gradient descent, without a single label. Three facts help to see whether such a program is sound.
#
# 1. $p_\theta(x)$ must integrate to 1 whatever the parameters are. If it does not, the "likelihood" can be raised without limit.
# 2. The loss has a floor, the entropy of the data. A loss that keeps falling in a straight line is no success.
# 3. At the maximum, the posterior averaged over the data equals the weight: $\frac1N\sum_n p_\theta(z{=}k\mid x_n) = p_\theta(z{=}k)$. (Set the derivative of the mean log-likelihood by the logit of weight $k$ to zero: it is the difference of the two.)
#
# ### Exercise 6.27: a loss that is too good
#
# This program fits the mixture and its loss is wonderful. Three lines are wrong. Run it, hold what comes out against the three facts, and repair one symptom at a time.


# %%
def find_the_bug_2(x, *, steps=400, lr=0.05):
    """Fit a mixture of two Gaussians of one width to amplitudes of which nobody knows the class, by maximum likelihood.

    x: (N,). Returns (weight (2,), mean (2,), std (1,), posterior (N, 2), losses: the mean negative log-likelihood of each step).
    Three lines are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    weight_logits = torch.zeros(2, dtype=x.dtype, requires_grad=True)
    mean = x.quantile(torch.tensor([0.3, 0.95], dtype=x.dtype)).requires_grad_()
    log_std = torch.zeros(1, dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.Adam([weight_logits, mean, log_std], lr=lr)

    def log_terms():
        log_prior = weight_logits.log_softmax(0)
        eps = (x[:, None] - mean) / log_std.exp()
        log_likelihood = -0.5 * eps**2 - log_std - 0.5 * math.log(2 * math.pi)
        return log_prior, log_likelihood

    losses = []
    for _ in range(steps):
        log_prior, log_likelihood = log_terms()
        loss = -(log_prior + log_likelihood).logsumexp(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        log_prior, log_likelihood = log_terms()
        posterior = (log_prior + log_likelihood).softmax(1)
        return weight_logits.softmax(0), mean.detach(), log_std.exp(), posterior, losses
    ### END SOLUTION


# %%
generator = torch.Generator().manual_seed(0)
causes = (torch.rand(20_000, generator=generator) < 0.1).long()  # nobody is going to look at these
amplitudes = MEANS[causes, 0] + torch.randn(20_000, generator=generator)
weight, mean, std, posterior, losses = find_the_bug_2(amplitudes, steps=sized(600, rehearsal=50))
print("loss   ", " ".join(f"{loss:.3f}" for loss in losses[:: max(1, len(losses) // 8)]))
print(
    "weight ",
    [round(value, 3) for value in weight.tolist()],
    "  mean of the posterior",
    [round(value, 3) for value in posterior.mean(0).tolist()],
)
print("mean   ", [round(value, 2) for value in mean.tolist()], "  std", [round(value, 2) for value in std.tolist()])

# %%
check(find_the_bug_2)

# %% [markdown]
# <details><summary>Answer</summary>
#
# 1. *The loss falls for ever.* `log_prior = weight_logits` is not normalised: adding 1 to both logits lowers the loss by 1 and changes nothing else, so Adam adds, and adds. `log_softmax` takes the freedom away.
# 2. *The width grows for ever.* The log-likelihood lacks `- log_std`, the height of the bell that keeps its integral at 1. Without it a wider bell is higher everywhere.
# 3. *The posterior does not average to the weights.* It was `log_likelihood.softmax(1)`, without the prior: the interpreter's mistake, in one line of code. No loss shows it, since it is not part of the loss; a test of a known identity does.
#
# Repaired, the program takes 20,000 unlabelled amplitudes apart into a large group around 1 and a small one, about one in ten, around 3. These are
# the values they were made with, to within a tenth or so. With a quarter of the amplitudes it is off by a few per cent of the whole; groups
# that overlap so much need many examples, or a few labels.
#
# </details>
#
# ## The bound on which {day: 07_vaes} stands
#
# Here the sum over $z$ had two terms. On {day: 07_vaes} $z$ has twenty real components, $p_\theta(x\mid z)$ is a network, and $p_\theta(x) = \int p_\theta(x\mid z)\,p(z)\,dz$ can neither be computed nor drawn plainly: of a million $z$ from the prior hardly one explains a given section. You know what to do: a
# proposal $q_\phi(z\mid x)$, and importance sampling. Take the logarithm and move it inside the expectation (Jensen: the logarithm of a mean is at least the mean of the logarithms):
#
# $$ \ln p_\theta(x) = \ln \mathbb{E}_{q_\phi}\!\left[\frac{p_\theta(x, z)}{q_\phi(z\mid x)}\right] \;\ge\; \mathbb{E}_{q_\phi}\!\left[\ln\frac{p_\theta(x, z)}{q_\phi(z\mid x)}\right] =: \mathrm{ELBO}. $$
#
# How much is lost? Write $p_\theta(x, z) = p_\theta(z\mid x)\,p_\theta(x)$ in the bracket: $\;\mathrm{ELBO} = \ln p_\theta(x) - \mathrm{KL}\big(q_\phi(z\mid x)\,\|\,p_\theta(z\mid x)\big)$. So the best proposal is the posterior, and raising the bound by $\phi$ is an approximate Bayes' rule. For our prospect everything is
# small enough to be drawn. **Predict.** For an amplitude of 3.1 and a proposal that says "gas with probability $q$": at which $q$ does the bound touch?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
amplitude = torch.tensor([3.1])
log_joint = torch.stack([gaussian_log_prob(amplitude, MEANS[k], LOG_VARIANCES[k]) + PRIOR[k].log() for k in (0, 1)])
log_evidence = log_joint.logsumexp(0)
q = torch.linspace(0.001, 0.999, 500)
elbo = q * (log_joint[1] - q.log()) + (1 - q) * (log_joint[0] - (1 - q).log())
fig, ax = plt.subplots(figsize=(6.4, 3.6))
ax.plot(q, elbo, color=plot.BLUE, linestyle="-", label="ELBO of q")
ax.axhline(log_evidence, color=plot.VERMILION, linestyle="--", label="ln p(x)")
ax.annotate("", (0.12, float(log_evidence)), (0.12, float(np.interp(0.12, q, elbo))), arrowprops={"arrowstyle": "<->"})
ax.text(0.15, float(log_evidence) - 0.42, "KL(q || posterior)", fontsize=11)
ax.set(xlabel="q, the proposed probability of gas", ylabel="nats")
ax.legend(loc="lower center")
plot.alt(
    fig,
    "The evidence lower bound as a function of the proposed probability of gas, a concave curve below the horizontal line ln p(x), which it touches at one point, q = 0.5. The gap elsewhere is labelled as the divergence from the posterior.",
)
print(
    f"ln p(x) = {log_evidence:.4f}, largest ELBO = {elbo.max():.4f} at q = {q[elbo.argmax()]:.3f}; posterior {log_joint.softmax(0)[1]:.3f}"
)

# %% [markdown]
# At the posterior, and only there. An encoder network will have to find this point for every image, by gradient, through random draws, with the reparameterisation you wrote.
#
# ## The answer: what does this bright spot mean?
#
# The crest of our section has 3.1 times the amplitude of a typical reflector. The wells say that the base rate here is 16 % rather than 10 %. (With an uncertain rate, the prior of one prospect is the rate's posterior *mean*, since $p(z{=}1) = \int r\,p(r)\,dr$: that is what the fourth number of `posterior_beta` was.) Then the volume, then the money.

# %%
_, _, _, rate_of_gas = posterior_beta(found, 2.0, 18.0)
p_gas = posterior_of_gas(amplitude, torch.tensor([1 - rate_of_gas, rate_of_gas])).item()
generator = torch.Generator().manual_seed(5)
enough, se = monte_carlo_with_error(lambda trap: (volume(trap) > 15).double(), draw_trap, 100_000, generator=generator)
p_success = p_gas * enough.item()
print(f"the interpreter said                 {0.84:.2f}")
print(f"gas, given the amplitude and wells   {p_gas:.2f}")
print(f"and enough of it to pay              {p_success:.2f}  (Monte Carlo error {p_gas * se.item():.3f})")
print(
    f"expected value of drilling           {100 * p_success - 20:+.0f} million, standard deviation {100 * math.sqrt(p_success * (1 - p_success)):.0f}"
)
for a, b in ((2.0, 18.0), (0.5, 4.5)):
    r = posterior_beta(found, a, b)[3]
    print(
        f"  with the prior Beta({a:g}, {b:g}): p(gas) = {posterior_of_gas(amplitude, torch.tensor([1 - r, r])).item():.2f}"
    )

# %% [markdown]
# So: **a bright spot does not mean gas; it multiplies the odds.** This one makes gas likelier than not, a little over sixty per cent. That there is enough of it has hardly more than an even chance. With these payoffs the well is still worth drilling. It will fail nearly every second time, and that will not make the decision wrong. Another decimal of the Monte Carlo, whose error is a tenth of a per cent, would not change the decision. The assumptions could: the base rate (compare the last two lines), the two bells and their equal widths, and the independence of one prospect from the next. Probability keeps the books; the assumptions are geology.
#
# ## Summary
#
# - Two rules: $p(x,z) = p(x\mid z)p(z)$ and $p(x) = \sum_z p(x,z)$. Bayes' rule follows; evidence multiplies odds, and the base rate never goes away.
# - A density is probability per unit. Under $y = g(x)$ it is divided by the stretch; modes move, probabilities do not.
# - A training loss is a negative log-likelihood: cross-entropy for classes, squared error for Gaussians. A prior adds a penalty (MAP).
# - Cross-entropy = entropy + KL. $\mathrm{KL}(p\|q)$ covers, $\mathrm{KL}(q\|p)$ seeks.
# - Monte Carlo: error $s/\sqrt N$, in any dimension. Importance sampling looks where $p|f|$ is large and weighs by $p/q$; in many dimensions $q$ must be learned.
# - Reparameterise and the gradient goes through the draw, with far less noise than the score function.
# - A latent variable is a cause that was not observed. The posterior is what one wants and, outside of examples like ours, cannot compute; ELBO = $\ln p(x) - \mathrm{KL}(q\,\|\,\text{posterior})$.
#
# ### Questions to take along
#
# 1. A detector of small earthquakes catches 99 % of them and gives a false alarm in 1 of 1000 windows. One window in 100,000 holds an earthquake. Of 100 alarms, how many are earthquakes?
#
# <details><summary>Answer</summary>
#
# Prior odds $10^{-5}$, likelihood ratio $0.99/0.001 = 990$: posterior odds 0.0099, so about one in a hundred. The detector must become a thousand times more specific before it can be believed; that is why networks of stations demand a coincidence.
#
# </details>
#
# 2. Your network predicts porosity with a squared error, and its errors are twice as large in shale as in sand. Which assumption of the likelihood is broken, and how would you repair the loss?
#
# <details><summary>Answer</summary>
#
# The squared error is a Gaussian of one fixed width. Let the network output a log-variance as well and use `-gaussian_log_prob(...)`: the squared error is then divided by the predicted variance, and the term $\ln\sigma^2$ keeps it from calling everything uncertain.
#
# </details>
#
# 3. Someone reports a continuous model with a test loss of $-3.2$ nats, a negative surprise. Is that a bug?
#
# <details><summary>Answer</summary>
#
# Not by itself: a density may exceed 1, so its negative logarithm may be below zero. It depends on the units; amplitudes in another unit, a thousand times smaller in number, lower the loss by $\ln 1000$. Compare only losses in the same units. What would be a bug is a loss that falls for ever.
#
# </details>
#
# 4. Why can one not use $\mathrm{KL}(p\|q)$, the covering direction, to fit $q$ to a posterior $p(z\mid x)$ that one cannot sample?
#
# <details><summary>Answer</summary>
#
# It is an expectation under $p(z\mid x)$, which is what one does not have. $\mathrm{KL}(q\|p)$ is an expectation under $q$, from which we can draw, and the unknown $p(x)$ is only a constant in it. The mode-seeking behaviour of variational methods is the price of what can be computed.
#
# </details>
#
# ## References
#
# - R. A. Fisher (1922). *On the mathematical foundations of theoretical statistics.* doi:10.1098/rsta.1922.0009. Maximum likelihood.
# - C. E. Shannon (1948). *A mathematical theory of communication.* doi:10.1002/j.1538-7305.1948.tb01338.x.
# - N. Metropolis, S. Ulam (1949). *The Monte Carlo method.* doi:10.1080/01621459.1949.10483310.
# - Student (1908). *The probable error of a mean.* doi:10.1093/biomet/6.1.1.
# - S. Kullback, R. A. Leibler (1951). *On information and sufficiency.* doi:10.1214/aoms/1177729694.
# - A. Tversky, D. Kahneman (1974). *Judgment under uncertainty: heuristics and biases.* doi:10.1126/science.185.4157.1124. Neglect of the base rate.
# - R. J. Williams (1992). *Simple statistical gradient-following algorithms for connectionist reinforcement learning.* doi:10.1007/BF00992696.
# - S. R. Rutherford, R. H. Williams (1989). *Amplitude-versus-offset variations in gas sands.* doi:10.1190/1.1442696.
# - D. P. Kingma, M. Welling (2013). *Auto-encoding variational Bayes.* arXiv:1312.6114.
# - D. J. Rezende, S. Mohamed, D. Wierstra (2014). *Stochastic backpropagation and approximate inference in deep generative models.* arXiv:1401.4082.
# - S. Mohamed, M. Rosca, M. Figurnov, A. Mnih (2020). *Monte Carlo gradient estimation in machine learning.* arXiv:1906.10652.
#
# Without a DOI: A. Kong (1992), A note on importance sampling using standardized weights (effective sample size), technical report, University of Chicago. To read on: D. J. C. MacKay (2003), *Information Theory, Inference, and Learning Algorithms*; C. M. Bishop (2006), *Pattern Recognition and
# Machine Learning*, chapters 1, 2, 10 and 11.
