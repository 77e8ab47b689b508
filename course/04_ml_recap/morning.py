# ---
# title: "Machine learning, the parts that matter: how few wells are too few"
# objectives:
#   - say what supervised learning minimises, what it would like to minimise, and why the two differ
#   - split an expected error into bias, variance and noise, on paper and by simulation
#   - estimate an error honestly, with folds made of whole wells, and name four ways in which data leak
#   - judge a detector of something rare by precision and recall, and place its threshold by what errors cost
#   - derive the squared error and the cross-entropy from maximum likelihood, and compute the latter without overflow
#   - derive backpropagation, and build an autograd engine on NumPy arrays that agrees with PyTorch and trains a network
# prerequisites: [01_intro_and_ffns, 02_pytorch_1, 03_pytorch_2]
# minutes: {cpu: 1, cpu_fp32: 1}
# data: [wells]
# ---

# %%
import itertools
import math
import time
from collections.abc import Callable
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.colors import ListedColormap
from matplotlib.patches import Ellipse
from torch import Tensor

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.data.well_logs import ROCKS
from dlmodule.rehearsal import sized

check = checks("04_ml_recap")
plot.use_style()

# %% [markdown]
# ## The question: how few wells are too few?
#
# A core costs money, and a well costs a great deal of it. You have a few wells in which cores were cut, so that porosity and rock type are *known* there, half a metre by half a metre, beside the five logs. In every other well there are
# only logs. From the few you teach a program to read the many. **How many cored wells do you need before you may believe it?**
#
# Each well has 600 samples. One well may look like plenty: six numbers are enough for a straight line in five logs. So let us try. We fit that line by least squares in one well, and then ask for the porosity in each of twelve wells, the first one included.


# %%
def monomials(z: Tensor, degree: int) -> Tensor:
    """All products of at most ``degree`` of the columns of z (N, D), the empty product 1 among them: (N, number of products)."""
    columns = [torch.ones(len(z))]
    for d in range(1, degree + 1):
        columns += [z[:, list(c)].prod(1) for c in itertools.combinations_with_replacement(range(z.shape[1]), d)]
    return torch.stack(columns, dim=1).double()


def fit_porosity(x: Tensor, porosity: Tensor, degree: int) -> Callable[[Tensor], Tensor]:
    """Least squares on the monomials of the logs. x: (N, 5), porosity: (N,). Returns a function (M, 5) -> (M,)."""
    mean, std = x.mean(0), x.std(0)
    target = porosity[:, None].double()
    solution = torch.linalg.lstsq(monomials((x - mean) / std, degree), target).solution
    return lambda new: (monomials((new - mean) / std, degree) @ solution)[:, 0]


def rmse(estimate: Tensor, truth: Tensor) -> float:
    """The root mean squared error; both (N,)."""
    return (estimate - truth).square().mean().sqrt().item()


logs = data.wells(40)  # 40 wells of 600 samples
single = [logs.of(i) for i in range(12)]
table = torch.tensor(
    [[rmse(f(w.x), w.porosity) for w in single] for f in (fit_porosity(s.x, s.porosity, 1) for s in single)]
)
at_home = table.diagonal().mean().item()
elsewhere = table[~torch.eye(12, dtype=torch.bool)]
print(f"RMSE of a line fitted in one well: at home {at_home:.4f}, in the other wells {elsewhere.mean():.4f}")
print(f"the best and the worst pair of two wells: {elsewhere.min():.4f} and {elsewhere.max():.4f}")

fig, ax = plt.subplots(figsize=(6.6, 5.4))
shown = ax.imshow(1000 * table, cmap="viridis_r")
for i in range(12):
    for j in range(12):
        ax.text(j, i, f"{1000 * table[i, j]:.0f}", ha="center", va="center", color="white" if table[i, j] > 0.028 else "black", fontsize=9)  # fmt: skip
ax.set(xlabel="well it is asked about", ylabel="well it was fitted in", xticks=range(12), yticks=range(12))
ax.set_title("RMSE of porosity, in thousandths")
plot.alt(
    fig,
    "A table of 12 by 12 errors, rows the well that the line was fitted in and columns the well it is asked about. The diagonal, about 20 thousandths, is the smallest of every column; beside it "
    "values lie between about 20 and 45.",
)

# %% [markdown]
# The diagonal is what a fit says of itself; no other well's line does as well there, least squares sees to that. The rest of a row is what you would have met in the next wells: a quarter more on average, twice as much with bad luck. And how bad the luck is depends on which well you happened to core: compare row 8 with row 10.
#
# The first half of the morning keeps three pairs apart. First, the error that you *measured* and the error that you will *meet*. Second, the part of the error that comes from a method that is too simple, and the part that comes from too little data. Third, a sample and a well. In the second half you build the machine that minimises the error, whatever the method: an autograd engine of your own. At the end it answers the question for a network.

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $x, y$ | features and target | |
# | $n, K$ | samples; classes | |
# | $f, f^*$ | a model; the truth | |
# | $\mathcal S$ | the samples that a model was fitted to | |
# | $R, \hat R$ | risk, and its estimate from samples; in the first exercise $R$ counts samples | |
# | $\ell, L$ | loss of one example; of all | |
# | $\varepsilon, \sigma$ | noise, and its standard deviation | |
# | $z, p$ | logits, and probabilities | `(N, K)` |
# | $\theta$ | parameters | |
# | $\bar z$ | gradient of $L$ with respect to $z$ | that of $z$ |
# | $a, b$ | arrays that go into an operation | |
# | $J$ | Jacobian | |
# | $A, B, Z$ | matrices, and their product | |
# | $F$ | any function whose gradient is checked | one number |
# | $H$ | the projection of a linear fit, $\hat y=Hy$ | `(n, n)` |
#
# ## What learning minimises, and what it would like to
#
# Let inputs and targets $(x, y)$ come from a distribution $p(x,y)$ that we do not know. A **loss** $\ell(\hat y, y)$ says what the answer $\hat y$ costs where $y$ is true. For a function $f$, the expected loss on the next example is its **risk**,
#
# $$ R(f) = \mathbb{E}_{p(x,y)}\big[\ell(f(x), y)\big]. $$
#
# That is what we want small, and we cannot compute it. What we have is a sample $\mathcal S = \{(x_1,y_1),\dots,(x_n,y_n)\}$, and on it the **empirical risk**
#
# $$ \hat R(f) = \frac1n\sum_{i=1}^n \ell(f(x_i), y_i). $$
#
# To choose, from a family of functions (all lines, all networks of one shape), the one with the smallest $\hat R$ is called **empirical risk minimisation** (Vapnik, 1991). Training is nothing else.
#
# For a function that was fixed *before* the sample was drawn, $\hat R$ is a fair estimate: its mean is $R(f)$. If the examples are independent and
# $\ell$ has the standard deviation $s$, the estimate scatters by $s/\sqrt n$.
#
# For the function $\hat f$ that was *chosen* because $\hat R(\hat f)$ is small, it is not. Let $f^\circ$ be the best of the family, $R(f^\circ)\le R(f)$ for all $f$ in it. Then
#
# $$ \mathbb{E}\,\hat R(\hat f) \;\le\; \mathbb{E}\,\hat R(f^\circ) \;=\; R(f^\circ) \;\le\; \mathbb{E}\,R(\hat f). $$
#
# The first step holds because $\hat f$ minimises $\hat R$ on every sample; the equality because $f^\circ$ does not depend on the sample; the last because nothing in the family is better than $f^\circ$. So **the training error is too low on average, and the true one at least as high as the best possible**, with no assumption about
# the shape of anything. The only assumption is that training and future come from one $p(x, y)$. {Day: 05_cnns_1} will show you what happens when they do not.
#
# **How many samples is a well?** The error bar $s/\sqrt n$ wants independent examples. Half a metre up or down the rock is nearly the same, and everything in one well shares that well's calibration. Take a function that is fixed (fitted in wells 0 to 7) and estimate its mean squared error in 16 other wells. Do it in two ways: once as 9,600 independent samples, and once as 16 independent wells, where only the mean of each well counts.
#
# **Predict.** By which factor will the two error bars differ: not at all, by about 2, by about 5?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
fixed_wells, new = logs.of(*range(8)), logs.of(*range(24, 40))
fixed = fit_porosity(fixed_wells.x, fixed_wells.porosity, 1)
loss = (fixed(new.x) - new.porosity).square()  # (9600,)
by_well = loss.reshape(16, 600).mean(1)  # wells stand one after the other
naive, honest = loss.std() / math.sqrt(len(loss)), by_well.std() / math.sqrt(len(by_well))
print(f"mean squared error {loss.mean() * 1e4:.2f}e-4")
print(f"error bar, samples as independent {naive * 1e4:.2f}e-4; wells as independent {honest * 1e4:.2f}e-4")
print(
    f"the honest one is {honest / naive:.1f} times as large: for this purpose a well is worth {600 * (naive / honest) ** 2:.0f} independent samples"
)

# %% [markdown]
# The 600 samples of a well are worth a few dozen. Statisticians call the ratio the *design effect*; if you ignore it, your error bars are several times too small. It is the first half of the answer to our question: **count wells, not samples.**

# %% [markdown]
# ## Bias and variance
#
# Why is the error in a new well larger? For the squared loss the risk can be taken apart exactly. Fix one $x$ and let
#
# $$ y = f^*(x) + \varepsilon, \qquad \mathbb{E}\,\varepsilon = 0, \qquad \operatorname{Var}\varepsilon = \sigma^2, $$
#
# where $f^*(x)=\mathbb{E}[y\mid x]$ is the best possible answer and $\varepsilon$ is what no answer can know. The function that we learn, $f_{\mathcal S}$, depends on the sample $\mathcal S$, so it is random too. Write $\bar f(x) = \mathbb{E}_{\mathcal S} f_{\mathcal S}(x)$ for
# its mean over all samples that we might have drawn. Then
#
# $$ f_{\mathcal S} - y = \underbrace{(f_{\mathcal S} - \bar f)}_{\text{random, mean 0}} + \underbrace{(\bar f - f^*)}_{\text{a number}} - \underbrace{\varepsilon}_{\text{random, mean 0}} . $$
#
# Square and take the mean. The new $\varepsilon$ is independent of the sample, so all three mixed terms vanish, and
#
# $$ \mathbb{E}\,(f_{\mathcal S}(x) - y)^2 = \underbrace{(\bar f(x) - f^*(x))^2}_{\text{bias}^2} + \underbrace{\mathbb{E}\,(f_{\mathcal S}(x)-\bar f(x))^2}_{\text{variance}} + \underbrace{\sigma^2}_{\text{noise}} . $$
#
# (Geman, Bienenstock and Doursat, 1992.) **Bias** is what remains wrong if you average the answers of all samples: the family is too stiff. **Variance** is how much the answer depends on the sample: the family is too loose for so few examples. **Noise** is not the model's fault.
#
# To see all three one must know the truth and draw many samples, which is what a simulation is for. Porosity falls with depth, but for a zone of
# overpressure that has kept it open. Cores are cut at 20 depths and measured with $\sigma=0.03$. We fit polynomials of degree $d$.

# %%
depth = torch.linspace(0, 4, 20, dtype=torch.float64)  # kilometres
truth = 0.40 * torch.exp(-depth / 2.5) + 0.07 * torch.exp(-(((depth - 2.4) / 0.45) ** 2))
SIGMA = 0.03


def polynomial_fits(degree: int, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Fits of a polynomial to ``count`` noisy copies of the truth: the fits (count, 20) and the data (count, 20)."""
    generator = torch.Generator().manual_seed(seed)
    y = truth + SIGMA * torch.randn(count, len(depth), generator=generator, dtype=torch.float64)
    basis, _ = torch.linalg.qr(
        (depth[:, None] / 2 - 1) ** torch.arange(degree + 1)
    )  # (20, degree + 1), orthonormal columns
    return y @ basis @ basis.T, y


fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True)
for ax, degree in zip(axes, (1, 6, 16), strict=True):
    fits, y = polynomial_fits(degree, 25)
    ax.plot(depth, fits.T, color=plot.SKY, linestyle="-", linewidth=0.8)
    ax.plot(depth, fits.mean(0), color=plot.VERMILION, linestyle="--", label="their mean")
    ax.plot(depth, truth, color=plot.BLACK, linestyle="-", linewidth=1.5, label="truth")
    ax.set(xlabel="depth in km", title=f"degree {degree}")
axes[0].set_ylabel("porosity")
axes[0].legend()
plot.alt(
    fig,
    "Three panels, each with 25 fits to different noise, their mean and the truth, a falling curve with a hump. Degree 1: the fits lie close together and miss the hump. Degree 6: they scatter moderately and their "
    "mean follows the truth but for the top of the hump. Degree 16: they scatter widely, and their mean lies on the truth.",
)

# %% [markdown]
# ### Exercise 4.1: bias and variance
#
# `predictions` holds what $R$ samples made of $M$ points, one sample a row. Return the squared bias and the variance, each as a mean over the $M$ points. Estimate $\bar f$ by the mean over the $R$ samples, and divide by $R$ in the variance (not by $R-1$): then the two add up to the mean of
# $(f_{\mathcal S}-f^*)^2$ exactly.
#
# **A worked number.** Two samples, one point: predictions 1 and 5, truth 2. $\bar f=3$, bias² $=1$, variance $=\frac12(4+4)=4$; and indeed $\frac12(1+9)=5$.


# %%
def bias_variance(predictions: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Squared bias and variance, averaged over the points. predictions: (R, M), one sample a row; truth: (M,). Two of shape ()."""
    ### BEGIN SOLUTION
    mean = predictions.mean(0)
    bias = mean - truth
    return (bias**2).mean(), ((predictions - mean) ** 2).mean()
    ### END SOLUTION


# %%
check(bias_variance)

# %% [markdown]
# For least squares at fixed depths the variance can be had on paper. A fit is a projection, $\hat y = Hy$, onto the space spanned by $p=d+1$ basis functions. So the fits scatter with the covariance $\sigma^2 HH^\top=\sigma^2H$, and the mean of its diagonal is
#
# $$ \text{variance} = \frac{\sigma^2}{n}\operatorname{tr}H = \sigma^2\,\frac pn . $$
#
# Each parameter costs one $n$-th of the noise, whatever it is good for. The residuals $(I-H)y$ lose just that much, so at these depths
#
# $$ \mathbb{E}[\text{training error}] = \text{bias}^2 + \sigma^2\Big(1-\frac pn\Big), \qquad \mathbb{E}[\text{error on new data}] = \text{bias}^2 + \sigma^2\Big(1+\frac pn\Big). $$
#
# **The training error is too optimistic by $2\sigma^2p/n$** (Mallows, 1973; Akaike's criterion is the same idea for likelihoods). A worked number: $\sigma=0.03$, $p=7$, $n=20$: $2\cdot0.0009\cdot7/20=6.3\cdot10^{-4}$, most of the noise itself.
#
# **Predict.** At which degree will the error on new data be smallest: 1, 6 or 16? And the training error? What does degree 19 do?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
degrees = list(range(20))
parts = []
for degree in degrees:
    fits, y = polynomial_fits(degree, sized(2000, rehearsal=200))
    bias, variance = bias_variance(fits, truth)
    parts.append([bias.item(), variance.item(), (fits - y).square().mean().item()])
bias, variance, training = 1e4 * torch.tensor(parts).T
risk = bias + variance + 1e4 * SIGMA**2
for degree in (1, 6, 16, 19):
    print(f"degree {degree:2d}: bias² {bias[degree]:5.2f}, variance {variance[degree]:5.2f} (on paper {9 * (degree + 1) / 20:5.2f}), risk {risk[degree]:5.2f}, training error {training[degree]:5.2f}  (times 1e-4)")  # fmt: skip
print(f"the risk is smallest at degree {int(risk.argmin())}")

fig, ax = plt.subplots(figsize=(7, 3.8))
for name, curve, marker in (("bias²", bias, "o"), ("variance", variance, "s"), ("risk", risk, "^"), ("training error", training, "v")):  # fmt: skip
    ax.plot(degrees, curve, marker=marker, markersize=4, label=name)
ax.axhline(9, color="grey", linewidth=1, linestyle=":")
ax.text(19, 9.3, "noise", color="grey", ha="right")
ax.set(xlabel="degree", ylabel="squared error, times 1e-4", ylim=(-0.5, 25), xticks=range(0, 20, 2))
ax.legend(loc="upper center")
plot.alt(
    fig,
    "Against the degree of the polynomial: the squared bias falls to zero, the variance rises along a straight line, their sum with the noise is U-shaped with its lowest point in the middle, and the training error falls to zero at degree 19.",
)

# %% [markdown]
# The U-shaped curve is what one meets, the falling one is what one sees. The training error is smallest where the fit goes through every point and has learned the noise by heart; at degree 19 it is zero, and the risk is twice the noise.
#
# **Convention and necessity.** The decomposition is a theorem. That more parameters always mean more variance is *not*: it holds for least squares with fewer parameters than examples. Networks have far more, and past the point where they can fit everything their risk often falls again
# (Belkin and others, 2019). You will see that second descent this afternoon.
#
# **Now the wells.** There the truth $f^*$ is unknown, but one can still draw samples: *which wells were cored*. We have a pool of 24 wells and 16 others for judging. Draw $n$ wells from the pool, fit, judge; 20 times. If we hand `bias_variance` the noisy targets in place of the truth, its first number is bias² plus noise,
# and the second is the variance as before.
#
# **Predict.** Three families: linear (6 parameters), quadratic (21) and cubic (56), with 600 samples in every well. With *one* well, which is best? With twelve?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
counts = (1, 2, 3, 4, 6, 8, 12)
draws = sized(20, rehearsal=3)
risks = {}
for degree, name in ((1, "linear"), (2, "quadratic"), (3, "cubic")):
    for n in counts:
        chosen = [torch.randperm(24, generator=torch.Generator().manual_seed(r))[:n].tolist() for r in range(draws)]
        cored = [logs.of(*numbers) for numbers in chosen]
        fits = torch.stack([fit_porosity(known.x, known.porosity, degree)(new.x) for known in cored])  # (draws, 9600)
        stiff, scatter = bias_variance(fits, new.porosity.double())
        risks[name, n] = [(fits - new.porosity).square().mean(1).sqrt(), stiff.item(), scatter.item()]

print("bias² + noise | variance, times 1e-4")
for name in ("linear", "quadratic", "cubic"):
    print(f"{name:10s}", *(f"{n:2d} wells {1e4 * risks[name, n][1]:.1f} | {1e4 * risks[name, n][2]:5.2f}   " for n in (1, 3, 12)))  # fmt: skip

fig, axes = plt.subplots(1, 2, figsize=(11, 4))
for name, marker in (("linear", "o"), ("quadratic", "s"), ("cubic", "^")):
    each = torch.stack([risks[name, n][0] for n in counts])  # (counts, draws)
    axes[0].errorbar(counts, each.mean(1), each.std(1), marker=marker, capsize=3, label=name)
    axes[1].plot(counts, [1e4 * risks[name, n][2] for n in counts], marker=marker, label=name)
axes[0].set(
    xlabel="cored wells", ylabel="RMSE in 16 other wells", ylim=(0.018, 0.034), title="mean and spread over the draws"
)
axes[1].plot(counts, [1.5 / n for n in counts], color="grey", linestyle=":", linewidth=1, label="1/n")
axes[1].set(
    xlabel="cored wells",
    ylabel="variance, times 1e-4",
    xscale="log",
    yscale="log",
    title="the part that wells can cure",
)
axes[1].set_xticks(counts, counts)
axes[0].legend()
axes[1].legend()
plot.alt(
    fig,
    "Left: error against the number of cored wells. With one well the cubic is worst by far and off the picture, the quadratic best; at two wells the cubic lies between the others, from three on it is the lowest; from six on all three curves are nearly flat. "
    "Right: the variance falls for all three about like one over n, that of the cubic from the highest start.",
)

# %% [markdown]
# This is the answer for least squares, and its shape will come back whatever the method:
#
# - The variance falls about like $1/n$, with $n$ counted in wells; the cubic's even faster at first, where one well does not pin it down at all. (The last points are a little too low: two draws of twelve wells out of 24 have many in common.) The bias hardly changes from three wells on: for the linear fit, twelve are hardly better than three.
# - **How few is too few depends on what you fit.** With one well the quadratic is best and the cubic a disaster; from three wells on the cubic wins. More data does not make a stiff family better; it makes a loose one affordable.
# - With few wells you cannot afford the best family; with many you cannot afford not to use it.
#
# To draw the picture we used 16 wells in which the truth was known. You will not have them. So how does one choose with what one has?

# %% [markdown]
# ## Validation, and what a fold is made of
#
# The simplest thing: keep some data aside. **Training** data fit the parameters. **Validation** data choose between families, learning rates, stopping times. **Test** data are looked at once, at the end, and decide nothing. Why a third set? Because choosing is also training: the best of twenty
# validation errors is too low for the same reason that the training error is, by the inequality above with "twenty candidates" as the family.
#
# With four cored wells you cannot afford to set two aside. **Cross-validation** uses each in turn: cut the data into $k$ **folds**, train on all but one, judge on that one, and average the $k$ errors (Stone, 1974). It costs $k$ trainings, and it judges a training on $(k-1)/k$ of the data, so it is
# slightly pessimistic.

# %%
wells_of_sixty = np.arange(4).repeat(60)
dealt = np.random.default_rng(0).permutation(np.arange(240) % 4)
fig, axes = plt.subplots(2, 1, figsize=(10, 2.4), sharex=True)
for ax, fold, name in ((axes[0], dealt, "folds of samples"), (axes[1], wells_of_sixty, "folds of wells")):
    ax.imshow((fold == 0)[None], cmap=ListedColormap([plot.SKY, plot.VERMILION]), aspect="auto")
    ax.set(yticks=[], ylabel=name.replace(" of ", "\nof "))
    ax.vlines([59.5, 119.5, 179.5], -0.5, 0.5, color="black", linestyle="-", linewidth=2)
axes[1].set_xticks([29.5, 89.5, 149.5, 209.5], [f"well {i}" for i in range(4)])
plot.alt(
    fig,
    "Four wells side by side, 60 samples each, in one of four folds: blue is trained on, vermilion judged on. Folds of samples: thin vermilion stripes all over, each with blue neighbours. Folds of wells: one well is vermilion as a whole, three are blue.",
)

# %% [markdown]
# Vermilion is judged, blue is trained on; above, nearly every judged sample has a training sample half a metre away. Everything depends on what a fold is made of. The next example must be as far from the training data as the *real* next example will be. If the program is to work in new wells, a fold is made of whole wells.
#
# ### Exercise 4.2: folds made of wells
#
# `groups` says for each sample which well it is from; the numbers need not be 0, 1, 2, ... Deal the wells out like cards: in ascending order of their numbers, the first goes to fold 0, the second to fold 1, ..., the $k$-th to fold $k-1$, the next to fold 0 again. Return for each fold a pair of index tensors,
# `(train, validation)`, both ascending.
#
# **A worked number.** `groups = (7, 7, 2, 9)`, two folds: well 2 goes to fold 0, well 7 to fold 1, well 9 to fold 0. Fold 0 has the validation samples (2, 3) and trains on (0, 1); fold 1 the reverse.


# %%
def k_fold(groups: Tensor, k: int) -> list[tuple[Tensor, Tensor]]:
    """Folds that keep each group whole. groups: (N,) int64. Returns k pairs (train, validation) of ascending indices, int64."""
    ### BEGIN SOLUTION
    _, rank = groups.unique(return_inverse=True)  # the groups numbered 0, 1, ... in ascending order
    fold = rank % k
    return [((fold != i).nonzero().flatten(), (fold == i).nonzero().flatten()) for i in range(k)]
    ### END SOLUTION


# %%
check(k_fold)

# %% [markdown]
# **Predict.** Four cored wells, polynomials of degree 1 to 4 (the last has 126 parameters for 2,400 samples). We estimate the RMSE by four folds
# twice: once with samples dealt out at random, once with wells. Beside them stand the training error and the error in the 16 wells that we do not
# have. Which of the two estimates is
# closer? Which degree does each recommend?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
known = logs.of(0, 1, 2, 3)
shuffled = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))  # every sample a group of its own


def cross_validated(x: Tensor, porosity: Tensor, groups: Tensor, degree: int, k: int = 4) -> float:
    """The RMSE of a polynomial of ``degree``, by cross-validation over ``k`` folds of whole groups."""
    errors = []
    for train, validation in k_fold(groups, k):
        f = fit_porosity(x[train], porosity[train], degree)
        errors.append((f(x[validation]) - porosity[validation]).square().mean())
    return torch.stack(errors).mean().sqrt().item()


print("degree  training  folds of samples  folds of wells  16 new wells")
for degree in (1, 2, 3, 4):
    f = fit_porosity(known.x, known.porosity, degree)
    row = [
        rmse(f(known.x), known.porosity),
        *(cross_validated(known.x, known.porosity, groups, degree) for groups in (shuffled, known.well)),
        rmse(f(new.x), new.porosity),
    ]
    print(f"{degree:6d}  {row[0]:8.4f}  {row[1]:16.4f}  {row[2]:14.4f}  {row[3]:12.4f}")
errors = (f(new.x) - new.porosity).square().reshape(16, 600).mean(1).sqrt()
print("degree 4 in each of the 16:", *(f"{e:.3f}" for e in errors))

# %% [markdown]
# Folds of samples promise nearly what the training error promises, and see next to nothing wrong with degree 4, which in new wells turns out the worst of all. Folds of wells come closer at every degree, and say that degree 4 is not worth it. They cannot say everything: their figure for degree 4 is still far too low, and degrees 2 and 3 are a draw in truth. It
# is a mean over four wells. Of the sixteen two are so unlike the four that a polynomial of degree 4 runs away in them, with errors above 0.05, and four folds met no such well. And no formula gives an unbiased error bar for it, since the four trainings share data (Bengio and Grandvalet, 2004). Four numbers are four numbers.

# %% [markdown]
# ## Leakage: four ways to fool yourself
#
# **Leakage** is whatever lets information about the validation data into the training. It never raises an error; it makes the result look good. Kapoor and Narayanan (2023) compiled what others had found: 17 fields, and 294 papers affected. Four kinds, of which the first you have just met:
#
# 1. **Neighbours on both sides.** Samples of one well, patches of one seismic section, hours of one storm.
# 2. **A feature that knows too much**: an identifier, a date, or anything recorded after the fact.
# 3. **Preprocessing that has seen everything**: a mean, a filter, a choice of features made before the split.
# 4. **Choosing on the test set**, which makes it a validation set.
#
# Here is the second together with the first. A sample is given the rock of its nearest neighbour: the known sample whose logs are most like its own. Then we add a sixth feature, *depth*.
#
# **Predict.** With folds of samples, does depth help the classifier? With folds of wells?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
twelve = logs.of(*range(12))
every = torch.randperm(len(twelve), generator=torch.Generator().manual_seed(0))
five = (twelve.x - twelve.x.mean(0)) / twelve.x.std(0)
with_depth = torch.cat([five, 3 * (twelve.depth[:, None] - twelve.depth.mean()) / twelve.depth.std()], dim=1)


def nearest_neighbour_accuracy(x: Tensor, groups: Tensor) -> float:
    """The accuracy of naming the rock of the nearest training sample, by cross-validation over four folds."""
    right = []
    for train, validation in k_fold(groups, 4):
        nearest = torch.cdist(x[validation], x[train]).argmin(1)
        right.append((twelve.rock[train][nearest] == twelve.rock[validation]).float().mean())
    return torch.stack(right).mean().item()


for name, x in (("five logs", five), ("five logs and depth", with_depth)):
    print(
        f"{name:20s} folds of samples {nearest_neighbour_accuracy(x, every):.1%}, folds of wells {nearest_neighbour_accuracy(x, twelve.well):.1%}"
    )

# %% [markdown]
# With folds of samples depth is worth several points; with folds of wells it costs still more. What depth "knows" is where a sample lies in *its* well, so its nearest neighbour is the sample half a metre away, and that one is of the same bed. In a new well there is no such neighbour, and depth only misleads. **An evaluation
# that leaks does not just flatter; it chooses the wrong model.**
#
# The third kind is the easiest to make, and the usual culprit is the line that you write first of all.
#
# ### Exercise 4.3: standardise without a leak
#
# Subtract the mean and divide by the standard deviation, feature by feature (`correction=0`), **both taken from the training data alone**, and do the same to the validation data with the same two numbers. Where a feature is constant in the training data, divide by 1.


# %%
def standardise(train: Tensor, validation: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets in units of the training set's spread. train: (N, D), validation: (M, D); returns the same shapes."""
    ### BEGIN SOLUTION
    mean, std = train.mean(0), train.std(0, correction=0)
    std = torch.where(std > 0, std, torch.ones_like(std))
    return (train - mean) / std, (validation - mean) / std
    ### END SOLUTION


# %%
check(standardise)

# %% [markdown]
# Honesty asks to say how much this leak costs: for five logs and thousands of samples, next to nothing; the mean hardly moves. (In `five` above all twelve wells were standardised together, and you may try whether the figures change.) With 20 examples and 10,000 features it can make noise look like a discovery, when features are *selected* by their
# correlation with $y$ before the split. The rule costs nothing, so keep it always: **whatever is estimated is estimated inside the fold.**
#
# A different thing is standardising each well by *its own* mean. It removes the tool's calibration, uses no target, and log analysts do it on purpose. It is no leak if in use, too, you will have a whole well's logs before you answer. It is one if the program is to answer while drilling. What counts as a leak is decided by how the
# program will be used.

# %% [markdown]
# ## When the classes are not equally frequent
#
# Suppose that it is dolomite you are after. It makes up about a tenth of our samples. For each sample of four unseen wells let the score be the share of dolomite among its 25 nearest neighbours in eight others, and let us *claim* dolomite where the score reaches a threshold.
#
# **Predict.** What accuracy does the program reach that never claims anything?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
seen, unseen = twelve.of(*range(8)), twelve.of(8, 9, 10, 11)
x_seen, x_unseen = standardise(seen.x, unseen.x)
neighbours = torch.cdist(x_unseen, x_seen).topk(25, largest=False).indices  # (2400, 25)
dolomite = ROCKS.index("dolomite")
score = (seen.rock[neighbours] == dolomite).double().mean(1)
is_dolomite = (unseen.rock == dolomite).long()
claimed = score >= 0.5
print(f"accuracy of never claiming: {(is_dolomite == 0).double().mean():.1%}")
print(f"accuracy of claiming from a score of 0.5: {(claimed.long() == is_dolomite).double().mean():.1%}")
print(
    f"{int(is_dolomite.sum())} samples are dolomite; {int(claimed.sum())} are claimed, {int((claimed & (is_dolomite == 1)).sum())} of them rightly"
)

# %% [markdown]
# Accuracy is almost silent about what we wanted to know, because nine tenths of it are about other rocks. Two questions are better, both about the rare class. Of what was claimed, how much is true? Of what is there, how much was found?
#
# $$ \text{precision} = \frac{\text{true claims}}{\text{claims}}, \qquad \text{recall} = \frac{\text{true claims}}{\text{positives}} . $$
#
# Raising the threshold makes claims rarer and surer: precision tends to rise, recall must fall.
#
# **Why the rarity matters: a worked number.** A detector finds 90 % of all events (recall) and fires falsely on 5 % of the rest. If 1 example in 100 is an event, then of 10,000 examples 100 are events, 90 found; and of the other 9,900 it claims 495. Precision: $90/585 = 15$ %. With 1 in 10 it would be 67 %. The detector is the
# same; the world is not. A ROC curve plots recall against the false-alarm rate, 90 % against 5 %, and does not see the difference; precision does (Saito and Rehmsmeier, 2015).
#
# ### Exercise 4.4: precision and recall
#
# Claims are the examples with `score >= threshold`. An empty ratio, 0/0, counts as 1: who claims nothing has claimed nothing false, and where there is nothing to find nothing was missed. That is a convention.


# %%
def precision_recall(score: Tensor, y: Tensor, threshold: float) -> tuple[float, float]:
    """Precision and recall of claiming class 1 where ``score >= threshold``. score: (N,); y: (N,) of 0 and 1."""
    ### BEGIN SOLUTION
    claims, positives = score >= threshold, y == 1
    true_claims = (claims & positives).sum().item()
    claimed, there = claims.sum().item(), positives.sum().item()
    return true_claims / claimed if claimed else 1.0, true_claims / there if there else 1.0
    ### END SOLUTION


# %%
check(precision_recall)

# %% [markdown]
# **Where should the threshold stand?** Suppose that a false claim costs $c_{\text{false}}$ and a missed one $c_{\text{miss}}$, and that the score is a probability $p$. Claiming costs $(1-p)\,c_{\text{false}}$ on average, silence costs $p\,c_{\text{miss}}$. So claim where
#
# $$ p \;\ge\; \frac{c_{\text{false}}}{c_{\text{false}} + c_{\text{miss}}} . $$
#
# The famous 0.5 is the case in which both errors cost the same. If a missed bed of dolomite costs ten times as much as a needless test of another, the threshold is $1/11$.

# %%
thresholds = torch.arange(1, 26) / 25 - 0.02  # between the possible scores
curve = [precision_recall(score, is_dolomite, t.item()) for t in thresholds]
precision, recall = precision_recall(score, is_dolomite, 0.5)
print(f"threshold 0.5: precision {precision:.0%}, recall {recall:.0%}")
fig, axes = plt.subplots(1, 2, figsize=(10, 3.8))
axes[0].plot([r for _, r in curve], [p for p, _ in curve], marker="o", markersize=4, color=plot.BLUE)
axes[0].axhline(is_dolomite.double().mean(), color="grey", linestyle=":", linewidth=1)
axes[0].text(0.02, is_dolomite.double().mean() + 0.02, "claiming at random", color="grey")
axes[0].set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02), title="each point a threshold")
missed = torch.tensor([((score < t) & (is_dolomite == 1)).sum() for t in thresholds])
false = torch.tensor([((score >= t) & (is_dolomite == 0)).sum() for t in thresholds])
for ratio in (1, 10):
    cost = ratio * missed + false
    axes[1].plot(thresholds, cost / cost.min(), label=f"a miss costs {ratio} false claim{'s' if ratio > 1 else ''}")
    print(
        f"a miss costs {ratio:2d} false claims: cheapest threshold {thresholds[cost.argmin()]:.2f}, on paper {1 / (1 + ratio):.2f}"
    )
axes[1].set(xlabel="threshold", ylabel="cost, in units of the lowest", ylim=(0.9, 4))
axes[1].legend()
plot.alt(
    fig,
    "Left: precision against recall; precision is 1 up to a recall of about two thirds and falls to below one half where nearly everything is found, far above claiming at random. Right: cost against the threshold, in units of the lowest; it is lowest near two thirds if both errors cost the same, and at a low threshold "
    "if a miss costs ten times as much.",
)

# %% [markdown]
# At a threshold of 0.5 about six of seven claims are true, and six of seven dolomites are found: a useful detector, of which an accuracy of 97 % beside 89 % told little. The cheapest thresholds lie near those on paper, not on them. The share among 25 neighbours is not exactly a probability ({day: 05_cnns_1} measures such things), the valleys are flat, and
# some 260 events do not say it more precisely. In earnest a threshold is chosen on validation data, like everything else.

# %% [markdown]
# ## Where losses come from
#
# We have used the squared error because everybody does. Here is the reason. Let a model state not a number but a distribution: $p_\theta(y\mid x)$, with parameters $\theta$. **Maximum likelihood** (Fisher, 1922) takes the $\theta$ under which the data that we saw are most probable. For independent examples the probability of all is a product, its
# logarithm a sum, and the largest product is the smallest
#
# $$ L(\theta) = -\frac1n\sum_{i=1}^n \ln p_\theta(y_i\mid x_i), $$
#
# the **negative log-likelihood**. It is an empirical risk, with $-\ln p$ as the loss. Its risk has a meaning too. Take the expectation over the true $p(y\mid x)$:
#
# $$ \mathbb{E}\big[-\ln p_\theta(y|x)\big] = \underbrace{\mathbb{E}\Big[\ln\frac{p(y|x)}{p_\theta(y|x)}\Big]}_{\mathrm{KL}(p\,\|\,p_\theta)\;\ge\;0} + \underbrace{\mathbb{E}\big[-\ln p(y|x)\big]}_{\text{entropy, without }\theta} . $$
#
# So to maximise likelihood is to bring the model as close as possible to the truth, measured by the first term, the **Kullback-Leibler divergence**. (That it is never negative follows from $\ln u \le u - 1$: $-\mathrm{KL}=\mathbb{E}\ln\frac{p_\theta}{p}\le \mathbb{E}\big[\frac{p_\theta}{p}\big]-1\le 0$.) Now choose a distribution, and a loss falls out.
#
# **Gaussian noise gives the squared error.** Let $y = f_\theta(x)+\varepsilon$ with $\varepsilon\sim\mathcal N(0,\sigma^2)$. Then
#
# $$ -\ln p_\theta(y|x) = \frac{(y-f_\theta(x))^2}{2\sigma^2} + \ln\sigma + \tfrac12\ln 2\pi . $$
#
# For a fixed $\sigma$ only the first term depends on $\theta$, and the factor does not move the minimum: *least squares*. If $\sigma$ is learned too, set the derivative to zero: $-\frac{1}{\sigma^3}\mathrm{MSE}+\frac1\sigma=0$, so $\sigma^2=\mathrm{MSE}$. So the RMSE on the data that was fitted is the maximum-likelihood estimate of the noise. (The RMSE in other wells, which you have been printing, contains the model's error as well.)
#
# **Laplace noise**, $p\propto e^{-|y-f|/b}$, gives the absolute error. It has heavier tails, so an outlier is less of a surprise and pulls less.
#
# **A worked number.** Ten core plugs of one bed, porosities near 0.20 with a scatter of 0.02; in one line 2.1 was typed for 0.21. From $f=0.20$ the slip lies 95 scatters away. Under a Gaussian with $\sigma=0.02$ it costs $95^2/2\approx4500$ nats, under a Laplace with $b=0.02$ it costs 95. To buy off 4500 nats a model will bend a long way.
#
# **Predict.** The model is one number $f$ for the bed. Which $f$ does each of the two losses choose?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
plugs = torch.tensor([0.18, 0.21, 0.19, 0.22, 0.20, 0.17, 0.22, 0.19, 0.20, 2.1])
answers = torch.linspace(0, 0.7, 701)
squared = (plugs - answers[:, None]).square().mean(1)
absolute = (plugs - answers[:, None]).abs().mean(1)
for name, curve in (("squared", squared), ("absolute", absolute)):
    print(f"{name:8s} error is smallest at f = {answers[curve.argmin()]:.3f}")
print(f"mean {plugs.mean():.3f}, median (halfway between the middle two) {plugs.quantile(0.5):.3f}")

fig, ax = plt.subplots(figsize=(6.6, 3.2))
ax.plot(answers, squared / squared.min(), label="squared error (Gaussian)")
ax.plot(answers, absolute / absolute.min(), label="absolute error (Laplace)")
ax.plot(
    plugs[:-1],
    torch.full((9,), 0.97),
    marker="|",
    markersize=12,
    linestyle="none",
    color=plot.BLACK,
    label="nine of the ten plugs",
)
ax.set(xlabel="f", ylabel="loss, in units of the lowest", ylim=(0.93, 2))
ax.legend()
plot.alt(
    fig,
    "Two losses against the answer f. The absolute error has its lowest point at 0.2, where nine of the ten plugs lie. The squared error is lowest near 0.39, far from all of them.",
)

# %% [markdown]
# The squared error chooses the mean, far above every porosity but the mistyped one, to appease one slip of the pen. The absolute error chooses the median and hardly notices. The choice of a loss *is* a belief about the noise.
#
# **Classes give the cross-entropy.** Let $y\in\{0,\dots,K-1\}$ and the network return logits $z=f_\theta(x)\in\mathbb R^K$, which softmax turns into probabilities. Then
#
# $$ -\ln p_\theta(y|x) = -\ln\frac{e^{z_y}}{\sum_k e^{z_k}} = \ln\sum_k e^{z_k} - z_y . $$
#
# **And other targets.** The recipe is always the same: say how $y$ is distributed, let the network return the parameters, and minimise $-\ln p$.
#
# | target | distribution | the network returns | $-\ln p$ without constants |
# |---|---|---|---|
# | any number | Gaussian | the mean $f$ | $(y-f)^2/2\sigma^2$ |
# | a number with gross errors | Laplace | the median $f$ | $\lvert y-f\rvert$ |
# | yes or no | Bernoulli | a logit $z$ | $\ln(1+e^z)-yz$ |
# | one of $K$ classes | categorical | logits $z$ | $\ln\sum_k e^{z_k}-z_y$ |
# | a count: earthquakes in a month | Poisson | $z$, the logarithm of the rate | $e^z-yz$ |
# | a positive number: a permeability | log-normal | the mean $f$ of $\ln y$ | $(\ln y-f)^2/2\sigma^2$ |
# | an angle: a strike, a wind | von Mises | a direction $f$ | $-\kappa\cos(y-f)$ |
#
# An angle shows why it matters: $359°$ and $1°$ are neighbours, and a squared error says that they are 358 apart.
#
# **Predict.** What is the cross-entropy of a network of five classes before training, when all its logits are about 0?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
print(f"ln 5 = {math.log(5):.3f};  from logits of zero: {F.cross_entropy(torch.zeros(4, 5), torch.arange(4)):.3f}")
print("exp(1000) in float32:", torch.tensor(1000.0).exp().item())

# %% [markdown]
# **Remember $\ln K$.** A training whose first loss is far from it has a bug or wild first weights, and you know before the second step.
#
# The second line is the trouble with the formula as it stands. $e^{89}$ overflows in float32, and logits of a hundred are nothing unusual. The way out is an identity. For any number $m$,
#
# $$ \ln\sum_k e^{z_k} = \ln\Big(e^m\sum_k e^{z_k-m}\Big) = m + \ln\sum_k e^{z_k-m} . $$
#
# With $m=\max_k z_k$ every exponent is at most 0, so nothing overflows; and one term is $e^0=1$, so the sum is at least 1 and the logarithm is harmless. This is the **log-sum-exp trick**. **A worked number:** $z=(1000, 1001)$: $m=1001$, $1001+\ln(e^{-1}+1)=1001.313$.
#
# ### Exercise 4.5: cross-entropy
#
# The mean over the batch, from logits, right for logits of any size. `torch.logsumexp`, `log_softmax` and `F.cross_entropy` would do it; you know what they do after you have written it without them.


# %%
def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """Mean negative log-probability of the true classes. logits: (N, K); y: (N,) int64. Returns shape ()."""
    ### BEGIN SOLUTION
    largest = logits.amax(1, keepdim=True)
    log_sum = largest[:, 0] + (logits - largest).exp().sum(1).log()
    return (log_sum - logits[torch.arange(len(y)), y]).mean()
    ### END SOLUTION


# %%
check(cross_entropy)

# %% [markdown]
# **Its gradient**, which you will need in an hour. With $p=\operatorname{softmax}(z)$, $\frac{\partial}{\partial z_j}\ln\sum_k e^{z_k} = \frac{e^{z_j}}{\sum_k e^{z_k}}=p_j$, and the other term gives $-1$ for $j=y$. So for one example
#
# $$ \frac{\partial L}{\partial z_j} = p_j - [\,j=y\,] : $$
#
# what the model says minus what is true. The same difference, $f-y$, stands in the gradient of the squared error over 2. That is no coincidence: it holds for every distribution of the exponential family with its natural parameter. It is why two pairs train well, Gaussian with squared error and softmax with cross-entropy. Where the answer is far off, the gradient is large. A squared error *on probabilities* does not have this, and stalls where the network is certain and wrong.

# %% [markdown]
# ## Backpropagation, derived
#
# So we have a loss; for a network it is a function of many thousand numbers, and every step needs all its derivatives. The simplest thing that could work is to change each parameter by a little $h$ and see what happens: one evaluation of the whole network for each parameter. A million parameters, a million evaluations, for one step. How does one get them all for the price of
# a few?
#
# **The idea in one sentence:** write the computation as a chain of small steps, and carry the derivative *of the loss* backwards through it, once.
#
# Let a computation be $x \to h \to z \to L$, all vectors but the last, a number. Write $\bar h$ for the column of the derivatives of $L$ with respect to the entries of $h$, and likewise for the others. The chain rule says
#
# $$ \bar h_j = \frac{\partial L}{\partial h_j} = \sum_i \frac{\partial L}{\partial z_i}\frac{\partial z_i}{\partial h_j} = \sum_i \bar z_i\, J_{ij}, \qquad\text{so}\qquad \bar h = J^\top\bar z, \quad J_{ij} = \frac{\partial z_i}{\partial h_j} . $$
#
# To go one step back, multiply by the transposed Jacobian of that step. Two things are worth a stop.
#
# - **The order of multiplication is the whole trick.** Let $J_1=\partial h/\partial x$ and $J_2=\partial z/\partial h$. Then $\bar x = J_1^\top(J_2^\top\bar z)$ costs two matrix-vector products. $(J_1^\top J_2^\top)\bar z$ is the same vector, by way of a matrix-matrix product. From the loss backwards there is always one vector; from the inputs forwards there is one for each input. With one output and many inputs, backwards
#   wins by the number of inputs; with one input and many outputs, forwards wins.
# - **No Jacobian is ever written down.** For $z=\operatorname{relu}(h)$ of a million entries $J$ would have $10^{12}$; $J^\top\bar z$ is $\bar z$ where $h>0$ and 0 elsewhere. Each operation only needs to know how to map $\bar z$ to $\bar h$. We shall call that map its **pull**: it pulls the gradient back from its result to its inputs. (Papers say vector-Jacobian product.)
#
# **If a value is used twice**, every use contributes. Let $h$ enter both $u(h)$ and $v(h)$; then $\frac{dL}{dh} = \frac{\partial L}{\partial u}\frac{du}{dh}+\frac{\partial L}{\partial v}\frac{dv}{dh}$: gradients that arrive from several users are **added**. Forgetting this is the classical bug, and it raises no error.
#
# **A worked number.** $L = (wx+b)^2 + w$ with $w=2,\ x=3,\ b=-5$.
#
# | forwards | | backwards | |
# |---|---|---|---|
# | $m = wx$ | 6 | $\bar L = 1$ | |
# | $s = m + b$ | 1 | $\bar q = 1$ (a sum hands on what it gets) | |
# | $q = s^2$ | 1 | $\bar s = 2s\,\bar q = 2$ | |
# | $L = q + w$ | 3 | $\bar m=\bar b=\bar s=2$; $\quad\bar x = w\,\bar m=4$; $\quad\bar w = \underbrace{x\,\bar m}_{6} + \underbrace{1}_{\text{second use}} = 7$ | |
#
# Check it: $L(w) = (3w-5)^2+w$, $L'(2) = 2\cdot1\cdot3+1=7$. As a picture, with values in black and the gradients that travel backwards in vermilion:

# %%
places = {"w": (0, 2), "x": (0, 1), "b": (1.3, 0), "m": (1.3, 1.3), "s": (2.6, 0.8), "q": (3.9, 0.8), "L": (5.2, 1.4)}
values = {"w": (2, 7), "x": (3, 4), "b": (-5, 2), "m": (6, 2), "s": (1, 2), "q": (1, 1), "L": (3, 1)}
fig, ax = plt.subplots(figsize=(9, 3.6))
for start, end in (("w", "m"), ("x", "m"), ("m", "s"), ("b", "s"), ("s", "q"), ("q", "L"), ("w", "L")):
    ax.annotate(
        "", places[end], places[start], arrowprops={"arrowstyle": "-|>", "shrinkA": 24, "shrinkB": 24, "color": "grey"}
    )
for name, (x, y) in places.items():
    ax.add_patch(Ellipse((x, y), 0.62, 0.56, fc="white", ec="black"))
    ax.text(x, y + 0.03, rf"${name} = {values[name][0]}$", ha="center", va="center")
    ax.text(x, y - 0.47, rf"$\bar{{{name}}} = {values[name][1]}$", ha="center", va="center", color=plot.VERMILION)
ax.text(2.6, 1.87, "+1", color=plot.VERMILION)
ax.text(0.42, 1.4, "+6", color=plot.VERMILION)
for x, y, sign in ((1.3, 1.72, "times"), (2.6, 1.22, "plus"), (3.9, 1.22, "square"), (5.2, 1.82, "plus")):
    ax.text(x, y, sign, ha="center", color="grey")
ax.set(xlim=(-0.5, 5.7), ylim=(-0.7, 2.5))
ax.axis("off")
plot.alt(
    fig,
    "The graph of the computation. w and x lead to m by a product, m and b to s by a sum, s to q by a square, q and w to L by a sum. Values: w 2, x 3, b -5, m 6, s 1, q 1, L 3. Gradients: L 1, q 1, s 2, m 2, b 2, x 4, and w 7, "
    "which is 6 by way of m and 1 straight from L.",
)

# %% [markdown]
# The idea was found several times: by Linnainmaa (1970) for rounding errors, by Werbos (1974), and by Rumelhart, Hinton and Williams (1986), who showed that hidden layers trained with it learn useful features. Today it is called reverse-mode automatic differentiation (Baydin and others, 2018).
#
# ### An operation is a pair
#
# We build it now, with NumPy and nothing else. An operation takes arrays and returns two things: its result, and its pull. The pull takes the gradient with respect to the result, of the result's shape, and returns a tuple: one gradient for each input, of that input's shape. One is given:

# %%
Array = np.ndarray
Pull = Callable[[Array], tuple[Array, ...]]


def square(a: Array) -> tuple[Array, Pull]:
    """a², entry by entry. a: any shape."""

    def pull(grad: Array) -> tuple[Array]:
        return (2 * a * grad,)

    return a**2, pull


out, pull = square(np.array([1.0, 3.0, -2.0]))
print(out, pull(np.array([1.0, 1.0, 10.0])))

# %% [markdown]
# **How do you know that a pull is right?** From something that does not share its derivation. For a smooth function Taylor gives
#
# $$ \frac{F(x+h) - F(x-h)}{2h} = F'(x) + \frac{h^2}{6}F'''(x) + \dots $$
#
# The one-sided difference $(F(x+h)-F(x))/h$ is off by $\frac h2F''$; the symmetric one is better by a whole power of $h$, at the price of one more evaluation. And $h$ must not be too small: both values carry a rounding error of about $10^{-16}|F|$, which is divided by $2h$. With $h=10^{-5}$ both errors are some $10^{-11}$ for functions and derivatives of about 1: the best that one can do in float64.
#
# **Predict.** We differentiate $e^x$ at $x=1$ by both formulas, for $h$ from 1 down to $10^{-15}$. How do the errors run?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
h = 10.0 ** -np.arange(0, 15.5, 0.5)
one_sided = np.abs((np.exp(1 + h) - np.exp(1)) / h - np.e)
symmetric = np.abs((np.exp(1 + h) - np.exp(1 - h)) / (2 * h) - np.e)
fig, ax = plt.subplots(figsize=(6.6, 3.6))
ax.loglog(h, one_sided, marker="o", markersize=4, label="one-sided")
ax.loglog(h, symmetric, marker="s", markersize=4, label="symmetric")
ax.set(xlabel="h", ylabel="error of the derivative")
ax.invert_xaxis()
ax.legend()
plot.alt(
    fig,
    "Error of the numerical derivative against h, which shrinks to the right. The one-sided error falls in proportion to h down to about 1e-8 at h = 1e-8, the symmetric one with the square of h down to about 1e-10 near h = 1e-5; after that both rise again.",
)
print(
    f"smallest error: one-sided {one_sided.min():.0e} at h = {h[one_sided.argmin()]:.0e}, symmetric {symmetric.min():.0e} at h = {h[symmetric.argmin()]:.0e}"
)

# %% [markdown]
# ### Exercise 4.6: a gradient check
#
# An operation's result is an array, and differences need a number. So take the number $F = \sum_i g_i\,\mathrm{out}_i$ with a fixed array $g$ of the result's shape: its gradient with respect to the inputs is just what `pull(g)` claims. Compare entry by entry with the symmetric difference, moving one entry of one input at a time, and return the largest
#
# $$ \frac{|\text{stated} - \text{numerical}|}{\max(1, |\text{stated}|, |\text{numerical}|)} $$
#
# over all entries of all inputs: an absolute error for small gradients, a relative one for large. The inputs must be left as they were.


# %%
def gradient_check(op: Callable, inputs: tuple[Array, ...], grad: Array, h: float = 1e-5) -> float:
    """The largest disagreement between ``op``'s pull and central differences.

    op: takes ``inputs`` and returns (out, pull); inputs: float64 arrays of any shapes; grad: of out's shape.
    """
    ### BEGIN SOLUTION
    _, pull = op(*inputs)
    worst = 0.0
    for which, stated in enumerate(pull(grad)):
        for index in np.ndindex(inputs[which].shape):
            up, down = [x.copy() for x in inputs], [x.copy() for x in inputs]
            up[which][index] += h
            down[which][index] -= h
            numerical = np.sum(grad * (op(*up)[0] - op(*down)[0])) / (2 * h)
            error = abs(stated[index] - numerical) / max(1.0, abs(stated[index]), abs(numerical))
            worst = max(worst, error)
    return worst
    ### END SOLUTION


# %%
check(gradient_check)


# %%
def wrong_square(a: Array) -> tuple[Array, Pull]:
    """The square, with a pull that forgets the 2."""
    return a**2, lambda grad: (a * grad,)


example = np.array([[0.5, -2.0], [3.0, 1.5]])
for op in (square, wrong_square):
    print(f"{op.__name__:14s} {gradient_check(op, (example,), np.ones((2, 2))):.1e}")

# %% [markdown]
# Below $10^{-7}$: right. Above $10^{-2}$: wrong. In between: look for a kink (a ReLU at 0) or for float32. From now on you can judge each of your operations before any check does.

# %% [markdown]
# ## The operations of the engine
#
# Six operations suffice for a classifier: add, multiply, matrix product, ReLU, log-softmax, sum.
#
# The first difficulty is not calculus. NumPy **broadcasts**: a bias of shape (32,) is added to a batch of shape (600, 32), as if it stood there 600 times. Each of the 600 uses contributes to the bias's gradient, and contributions add. So: *what broadcasting repeats, the pull must sum.* Two things may have happened to an input on its way:
#
# - axes were put in front: (32,) became (1, 32);
# - axes of length 1 were stretched: (1, 32) became (600, 32).
#
# ### Exercise 4.7: undo a broadcast
#
# Sum `grad` over the axes that were put in front, so that they vanish, and over the axes that were stretched, so that they have length 1 again.
#
# **A worked number.** `grad` is $\begin{pmatrix}1&2&3\\4&5&6\end{pmatrix}$. To shape (3,): $(5,7,9)$. To shape (2, 1): $\begin{pmatrix}6\\15\end{pmatrix}$. To shape (): 21.


# %%
def unbroadcast(grad: Array, shape: tuple[int, ...]) -> Array:
    """Sum ``grad`` to ``shape``, which broadcasting had made as large as ``grad``."""
    ### BEGIN SOLUTION
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return grad.sum(axis=stretched, keepdims=True)
    ### END SOLUTION


# %%
check(unbroadcast)

# %% [markdown]
# ### Exercise 4.8: add
#
# $z=a+b$. A change of $a$ changes $z$ by as much, so $\bar a=\bar z$ and $\bar b = \bar z$, but for broadcasting. Return the result and the pull.


# %%
def add(a: Array, b: Array) -> tuple[Array, Pull]:
    """a + b with broadcasting. Returns (out, pull); pull(grad) -> (gradient of a, gradient of b)."""

    ### BEGIN SOLUTION
    def pull(grad: Array) -> tuple[Array, Array]:
        return unbroadcast(grad, a.shape), unbroadcast(grad, b.shape)

    return a + b, pull
    ### END SOLUTION


# %%
check(add)

# %% [markdown]
# ### Exercise 4.9: multiply
#
# $z=ab$, entry by entry, so $\frac{\partial z}{\partial a}=b$: each factor's gradient is $\bar z$ times *the other* factor. Multiply first, then undo the broadcast: the other factor differs from place to place.


# %%
def mul(a: Array, b: Array) -> tuple[Array, Pull]:
    """a * b, entry by entry, with broadcasting. Returns (out, pull); pull(grad) -> (gradient of a, gradient of b)."""

    ### BEGIN SOLUTION
    def pull(grad: Array) -> tuple[Array, Array]:
        return unbroadcast(grad * b, a.shape), unbroadcast(grad * a, b.shape)

    return a * b, pull
    ### END SOLUTION


# %%
check(mul)

# %% [markdown]
# ### Exercise 4.10: matrix product
#
# Let $Z = AB$ with $A$ of shape $(n,m)$ and $B$ of shape $(m,k)$: $Z_{ij}=\sum_l A_{il}B_{lj}$. The entry $A_{il}$ occurs in all entries of row $i$, with the factor $B_{lj}$ in $Z_{ij}$. Therefore
#
# $$ \bar A_{il} = \sum_j \bar Z_{ij}\,B_{lj}, \qquad \bar B_{lj} = \sum_i A_{il}\,\bar Z_{ij} . $$
#
# Write both as matrix products. The shapes leave you no choice, which makes a good check of a derivation and a bad substitute for one.


# %%
def matmul(a: Array, b: Array) -> tuple[Array, Pull]:
    """a @ b. a: (n, m), b: (m, k). Returns (out, pull); pull(grad (n, k)) -> (gradient of a, gradient of b)."""

    ### BEGIN SOLUTION
    def pull(grad: Array) -> tuple[Array, Array]:
        return grad @ b.T, a.T @ grad

    return a @ b, pull
    ### END SOLUTION


# %%
check(matmul)

# %% [markdown]
# ### Exercise 4.11: ReLU
#
# $\max(0,a)$ has the slope 1 above 0 and 0 below. At 0 itself it has none; take 0 there, as PyTorch does. That is a convention, and a harmless one, because an entry is almost never exactly 0. A tuple of one element is written `(thing,)`.


# %%
def relu(a: Array) -> tuple[Array, Pull]:
    """max(0, a), entry by entry. Returns (out, pull); pull(grad) -> (gradient of a,); the slope at 0 counts as 0."""

    ### BEGIN SOLUTION
    positive = a > 0

    def pull(grad: Array) -> tuple[Array]:
        return (np.where(positive, grad, 0.0),)

    return np.where(positive, a, 0.0), pull
    ### END SOLUTION


# %%
check(relu)

# %% [markdown]
# ### Exercise 4.12: log-softmax
#
# Along the last axis, $o_i = a_i - \ln\sum_k e^{a_k}$. You know $\frac{\partial}{\partial a_j}\ln\sum_k e^{a_k}=p_j$, the softmax. So $\frac{\partial o_i}{\partial a_j} = [i=j]-p_j$, and
#
# $$ \bar a_j = \sum_i \bar o_i\big([i=j]-p_j\big) = \bar o_j - p_j\sum_i\bar o_i . $$
#
# For the cross-entropy $\bar o$ is $-1$ at the true class and 0 elsewhere, and you have $p_j-[j=y]$ back. Mind the size of the logits in the forward pass.


# %%
def log_softmax(a: Array) -> tuple[Array, Pull]:
    """ln of softmax along the last axis, for logits of any size. Returns (out, pull); pull(grad) -> (gradient of a,)."""
    ### BEGIN SOLUTION
    shifted = a - a.max(axis=-1, keepdims=True)
    out = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))

    def pull(grad: Array) -> tuple[Array]:
        return (grad - np.exp(out) * grad.sum(axis=-1, keepdims=True),)

    return out, pull
    ### END SOLUTION


# %%
check(log_softmax)

# %% [markdown]
# ### Exercise 4.13: sum
#
# Over all entries (`axis=None`) or over one axis. Every entry enters its sum with the factor 1, so each receives the gradient of that sum: the pull of a sum is a *broadcast*, as the pull of a broadcast was a sum. With an axis, `grad` lacks that axis; put it back with length 1 before you spread it out.
#
# The name belongs to Python already. A function of ours only *hides* Python's `sum` for as long as ours bears the name. In the cell after the check
# we keep ours as `total` and delete the name. Then Python's own is back.


# %%
def sum(a: Array, axis: int | None = None) -> tuple[Array, Pull]:
    """The sum over all entries, or over one axis. Returns (out, pull); pull(grad) -> (gradient of a,)."""

    ### BEGIN SOLUTION
    def pull(grad: Array) -> tuple[Array]:
        if axis is not None:
            grad = np.expand_dims(grad, axis)
        return (np.broadcast_to(grad, a.shape),)

    return a.sum(axis=axis), pull
    ### END SOLUTION


# %%
check(sum)

# %%
total = sum  # the engine's name for it
del sum  # and Python has its own back

# %% [markdown]
# Read as traffic of gradients, the operations have a pattern that you can keep in mind:
#
# | forwards | backwards, the gradient is |
# |---|---|
# | add | copied to both |
# | multiply | multiplied by the *other* input |
# | matrix product | multiplied by the other matrix, transposed |
# | ReLU, maximum | sent to the larger input alone |
# | broadcast | summed |
# | sum | broadcast |
# | used twice | added up |
#
# Six operations, and a tool that trusts no derivation. Let it judge them all, with broadcasting, negative numbers and different shapes.

# %%
draw = np.random.default_rng(0).normal
trials = {
    "add (3, 4) + (4,)": (add, (draw(size=(3, 4)), draw(size=4))),
    "mul (3, 1) * (3, 4)": (mul, (draw(size=(3, 1)), draw(size=(3, 4)))),
    "matmul (3, 4) @ (4, 2)": (matmul, (draw(size=(3, 4)), draw(size=(4, 2)))),
    "relu (5, 3)": (relu, (draw(size=(5, 3)),)),
    "log_softmax (4, 5)": (log_softmax, (3 * draw(size=(4, 5)),)),
    "total over axis 1": (partial(total, axis=1), (draw(size=(4, 5)),)),
}
for name, (op, inputs) in trials.items():
    print(f"{name:24s} {gradient_check(op, inputs, draw(size=np.shape(op(*inputs)[0]))):.1e}")

# %% [markdown]
# ### Exercise 4.14: a backward pass on paper
#
# Before a program does it, do it once yourself, with a pencil. Two examples pass through a network of two layers. The loss is the mean of half the squared errors:
#
# $$ a = xW_1+b_1, \qquad h=\max(0,a), \qquad z=hW_2+b_2, \qquad L=\tfrac12\Big(\tfrac12(z_1-y_1)^2+\tfrac12(z_2-y_2)^2\Big). $$
#
# The forward pass is done for you; its numbers stand in the figure.

# %%
x_22, y_21 = (
    np.array([[1.0, 2.0], [3.0, -1.0]]),
    np.array([[4.0], [5.0]]),
)  # two examples: two features each, one target each
W1, b1 = np.array([[1.0, -1.0], [0.0, 1.0]]), np.array([1.0, 0.0])
W2, b2 = np.array([[2.0], [-3.0]]), np.array([1.0])
a = x_22 @ W1 + b1
h = np.maximum(a, 0)
z = h @ W2 + b2
L = ((z - y_21) ** 2 / 2).mean()

fig, ax = plt.subplots(figsize=(9, 3.1))
chain = {"x": (0, x_22), "a": (2.4, a), "h": (4.2, h), "z": (6.6, z), "L": (8.4, L)}
beside = {"W_1": (0.85, W1), "b_1": (1.65, b1), "W_2": (5.05, W2), "b_2": (5.75, b2), "y": (7.5, y_21)}
for up, ask_up, numbers in ((0, -0.95, chain), (1.15, 1.8, beside)):
    for name, (across, array) in numbers.items():
        rows = "\n".join(" ".join(f"{number:2.0f}" for number in line) for line in np.atleast_2d(array))
        box = {"fc": "white", "ec": "grey", "boxstyle": "round,pad=0.35"}
        ax.text(across, up, rows, ha="center", va="center", family="monospace", bbox=box)
        ax.text(across, up - 0.6 if up == 0 else up + 0.4, f"${name}$", ha="center", va="bottom" if up else "center")
        if name not in ("x", "y", "L"):
            bar = rf"$\bar {name[0]}{name[1:]}=\,?$"
            ax.text(across, ask_up, bar, ha="center", va="bottom" if up else "center", color=plot.VERMILION)
for (start, end), step in zip(
    itertools.pairwise(across for across, _ in chain.values()),
    ("$xW_1+b_1$", r"$\max(0,a)$", "$hW_2+b_2$", "loss"),
    strict=True,
):
    ax.annotate("", (end - 0.5, 0), (start + 0.5, 0), arrowprops={"arrowstyle": "-|>", "color": "grey"})
    ax.text((start + end) / 2, 0.12, step, ha="center", va="bottom", fontsize=9, color="grey")
ax.set(xlim=(-0.6, 8.9), ylim=(-1.1, 2.1))
ax.axis("off")
plot.alt(
    fig,
    "The forward pass from left to right, with its numbers: x, a, h, z and L, and above the arrows the parameters W1, b1, W2, b2 and the targets y. Beside each of a, h, z and the parameters stands a question mark for its gradient.",
)

# %% [markdown]
# Write down the seven gradients, from the end to the beginning. Each needs one row of the table above, and has the shape of what it belongs to. Run the check after every one: it names the first that is wrong.

# %%
### BEGIN SOLUTION
backward_on_paper = {
    "z": [[-1], [2]],
    "W2": [[6], [-1]],
    "b2": [1],
    "h": [[-2, 3], [4, -6]],
    "a": [[-2, 3], [4, 0]],
    "W1": [[10, 3], [-8, 6]],
    "b1": [2, 3],
}
### END SOLUTION

# %%
check("backward_on_paper", backward_on_paper)

# %% [markdown]
# Every step used only the gradient before it and numbers of the forward pass. So a program can do it, if it remembers those numbers.

# %% [markdown]
# ## The engine
#
# What is missing is memory: who was made from whom. A `Value` holds an array, its gradient, the values it was made from (its **parents**) and the pull of the operation that made it. Computing forwards builds a graph as a by-product. For the backward pass one question is left: *in which order* do we visit it?
#
# A value may hand its gradient on only when it is complete, that is, when **everybody who used it** has been visited. So we need an order in which every value stands after its parents, and then walk through it from the end. Such an order is called **topological**. It exists because a computation has no circles.
#
# To find one, go down to the parents first and write yourself down afterwards; and skip whom you have met before. (This is depth-first search; the list is its *post-order*.)
#
# **Predict.** $s = a\cdot a$, then $t = s\cdot s$, and so on, 30 times. How many values does the graph hold, and how many paths lead from the last back to $a$? What happens to a search that does not remember whom it has met?

# %%
prediction = ""  # write your answer here before you run the next cell

# %% [markdown]
# Thirty-one values, and $2^{30}$, a billion paths. The memory is no refinement.
#
# ### Exercise 4.15: topological order
#
# Return a list of all values from which `root` was made, directly or indirectly, and `root` itself, each *once* and after all its parents. Each has an attribute `parents`, a tuple. More than one order is right.


# %%
def topological_order(root: "Value") -> list["Value"]:
    """All ancestors of ``root`` and ``root`` itself, each once, each after its ``parents``."""
    ### BEGIN SOLUTION
    order, met = [], set()

    def visit(value: "Value") -> None:
        if value in met:
            return
        met.add(value)
        for parent in value.parents:
            visit(parent)
        order.append(value)

    visit(root)
    return order
    ### END SOLUTION


# %%
check(topological_order)

# %% [markdown]
# ### Exercise 4.16: the backward pass
#
# `Value.backward` is backpropagation, and you write it. It takes four steps:
#
# 1. Put the values in order with your `topological_order`.
# 2. Values that were made from others may hold gradients of an earlier call. Set these to zero. A **leaf**, a value without parents, keeps what it has: its gradients add up over calls, as in PyTorch.
# 3. The derivative of the root with respect to itself is 1. This **seed** starts everything.
# 4. Go from the root to the leaves. The pull of a value turns its gradient into one gradient for each parent. **Add** it to what that parent has.
#
# The rest of the class is given. `record` runs an operation and remembers it. The operators at the bottom only let us write `x @ W + b`.


# %%
class Value:
    """An array that remembers how it was made.

    data, grad: float64 arrays of one shape; parents: the values it was made from; pull: from its gradient to theirs.
    """

    def __init__(self, data: Array, parents: tuple["Value", ...] = (), pull: Pull | None = None) -> None:
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)
        self.parents, self.pull = parents, pull

    def backward(self) -> None:
        """The derivative of this value, a single number, with respect to every ancestor: added in leaves, anew in the others."""
        ### BEGIN SOLUTION
        order = topological_order(self)
        for value in order:
            if value.parents:
                value.grad = np.zeros_like(value.data)
        self.grad = np.ones_like(self.data)
        for value in reversed(order):
            if value.parents:
                for parent, grad in zip(value.parents, value.pull(value.grad), strict=True):
                    parent.grad = parent.grad + grad
        ### END SOLUTION

    def __add__(self, other: "Value | Array | float") -> "Value":
        return record(add, self, other)

    def __mul__(self, other: "Value | Array | float") -> "Value":
        return record(mul, self, other)

    def __matmul__(self, other: "Value | Array") -> "Value":
        return record(matmul, self, other)

    def __sub__(self, other: "Value | Array | float") -> "Value":
        return self + record(mul, other, -1.0)

    def relu(self) -> "Value":
        """max(0, self)."""
        return record(relu, self)

    def log_softmax(self) -> "Value":
        """ln of softmax along the last axis."""
        return record(log_softmax, self)

    def sum(self, axis: int | None = None) -> "Value":
        """The sum over all entries or over one axis."""
        return record(partial(total, axis=axis), self)


def record(op: Callable, *inputs: "Value | Array | float") -> Value:
    """Run ``op`` on the inputs' data and keep who they were; what is not a Value becomes one."""
    values = tuple(one if isinstance(one, Value) else Value(one) for one in inputs)
    data, pull = op(*(one.data for one in values))
    return Value(data, values, pull)


# %%
check(Value)

# %% [markdown]
# Does it give the numbers that you found on paper? First the example of the derivation, then the network of two layers.

# %%
w, x, b = Value(2.0), Value(3.0), Value(-5.0)
s = w * x + b
L = s * s + w
L.backward()
print(f"L = {L.data}, gradients of w, x, b: {w.grad}, {x.grad}, {b.grad}   (on paper: 3; 7, 4, 2)")

# %%
paper = {name: Value(array) for name, array in {"W1": W1, "b1": b1, "W2": W2, "b2": b2}.items()}
hidden = (Value(x_22) @ paper["W1"] + paper["b1"]).relu()
error = hidden @ paper["W2"] + paper["b2"] - y_21
((error * error).sum() * (1 / 4)).backward()
for name, parameter in paper.items():
    print(f"gradient of {name}: {parameter.grad.tolist()}")

# %% [markdown]
# And what happens if you call `L.backward()` once more, and nothing else?

# %%
L.backward()
print(f"after a second call: gradient of w {w.grad}, of s {s.grad}")

# %% [markdown]
# The gradient of the leaf has doubled, that of `s` has not. PyTorch does the same. It is useful (a batch too large for the memory can be done in two halves), and it is the reason why every training loop has a line that sets the gradients back.
#
# **The same numbers as PyTorch?** A network of two layers on random data, its loss and all its gradients, by both.

# %%
rng = np.random.default_rng(1)
x_ND, y_N = rng.normal(size=(50, 5)), rng.integers(0, 4, size=50)
arrays = [rng.normal(size=shape) for shape in ((5, 16), (16,), (16, 4), (4,))]


def network_loss(parameters: list[Value], x: Array, y: Array) -> Value:
    """The mean cross-entropy of a network of two layers. parameters: W1 (D, H), b1 (H,), W2 (H, K), b2 (K,); x: (N, D); y: (N,)."""
    W1, b1, W2, b2 = parameters
    log_p = ((Value(x) @ W1 + b1).relu() @ W2 + b2).log_softmax()
    one_hot = np.eye(log_p.data.shape[1])[y]
    return (log_p * one_hot).sum() * (-1 / len(y))


ours = [Value(p) for p in arrays]
our_loss = network_loss(ours, x_ND, y_N)
our_loss.backward()

theirs = [torch.tensor(p, requires_grad=True) for p in arrays]
hidden = (torch.tensor(x_ND) @ theirs[0] + theirs[1]).relu()
their_loss = F.cross_entropy(hidden @ theirs[2] + theirs[3], torch.tensor(y_N))
their_loss.backward()

print(f"loss: ours {our_loss.data:.12f}, PyTorch's {their_loss.item():.12f}")
for name, mine, other in zip(("W1", "b1", "W2", "b2"), ours, theirs, strict=True):
    print(f"{name}: largest difference of the gradients {np.abs(mine.grad - other.grad.numpy()).max():.1e}")

# %% [markdown]
# The last digits of float64. You have written, in a hundred lines, what PyTorch's autograd is at heart. PyTorch has four things beyond it. It has
# hundreds of operations, in C++ and on GPUs. It tracks views and in-place changes by version counters. It computes no gradient for what needs none
# (ours computes one for the data `x`, too). And it frees memory as the backward pass goes. The principle is the one above. (Karpathy's *micrograd*
# builds the same on single numbers. With arrays broadcasting has to be undone, and in return NumPy does the counting.)

# %% [markdown]
# **What does it cost?** We began with the remark that changing every parameter takes one evaluation of the network for each parameter, and two for central differences.
#
# **Predict.** The network above on 2,000 examples has 164 parameters. How many times as long as the forward pass alone do forward and backward pass take together?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
x_large, y_large = rng.normal(size=(2000, 5)), rng.integers(0, 4, size=2000)


def seconds(f: Callable[[], object]) -> float:
    """The shortest of 100 calls of f, in seconds."""
    best = math.inf
    for _ in range(100):
        start = time.perf_counter()
        f()
        best = min(best, time.perf_counter() - start)
    return best


forward = seconds(lambda: network_loss(ours, x_large, y_large))
both = seconds(lambda: network_loss(ours, x_large, y_large).backward())
count = np.sum([p.data.size for p in ours])
print(f"forward {1e3 * forward:.2f} ms, with backward {1e3 * both:.2f} ms: {both / forward:.1f} times as long")
print(f"all {count} derivatives by central differences would take {2 * count} times as long")

# %% [markdown]
# A few times as long, whatever the number of parameters: for each multiplication of the forward pass there are two in the backward pass, one for each factor's gradient, and some copying. With a million parameters the ratio stays where it is, and that of the differences becomes two million. Without this, there is no deep learning.

# %% [markdown]
# ## Training with your engine
#
# A classifier of rocks, from five standardised logs: 5 inputs, 32 hidden neurons with ReLU, $K$ logits. As on {day: 01_intro_and_ffns}, all data at every step, and plain gradient descent, $\theta\leftarrow\theta-\eta\,\partial L/\partial\theta$.
#
# ### Exercise 4.17: train with your engine
#
# First weights from `np.random.default_rng(seed)`, normally distributed with variance $2/\text{inputs}$ as on {day: 01_intro_and_ffns}, biases zero. At each of `steps` steps: the loss by `network_loss`, its gradients by `backward()`, the step, and forget the gradients. Return the four arrays. The check follows your first two steps with a gradient of its own.


# %%
def train_with_your_engine(x: Array, y: Array, *, steps: int, lr: float = 0.5, seed: int = 0) -> list[Array]:
    """Train a classifier D -> 32 -> K by gradient descent on all of x. x: (N, D), standardised; y: (N,) with classes 0 to K-1.

    Returns the arrays W1 (D, 32), b1 (32,), W2 (32, K), b2 (K,) after ``steps`` steps; the first weights if that is 0.
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    sizes = [x.shape[1], 32, int(y.max()) + 1]
    parameters = []
    for inputs, outputs in itertools.pairwise(sizes):
        parameters += [Value(rng.normal(size=(inputs, outputs)) * np.sqrt(2 / inputs)), Value(np.zeros(outputs))]
    for _ in range(steps):
        loss = network_loss(parameters, x, y)
        loss.backward()
        for p in parameters:
            p.data = p.data - lr * p.grad
            p.grad = np.zeros_like(p.data)
    return [p.data for p in parameters]
    ### END SOLUTION


# %%
check(train_with_your_engine)

# %% [markdown]
# In the rehearsal of the check the network learns from four small wells. At full size, with eight wells of 600 samples and 300 steps, it names the rock in sixteen unseen wells with an accuracy of {ledger: 04_ml_recap.train_with_your_engine.wells.accuracy}, in
# {ledger: 04_ml_recap.train_with_your_engine.wells.seconds}.
#
# ## The answer
#
# Back to the question, with the method of the day: draw $n$ wells from the pool of 24, standardise with *their* numbers, train, and judge in the 16 others. Several draws, because one draw is an anecdote. Beside the network stands the trivial baseline, "always shale".
#
# **Predict.** From one well to sixteen: how much will the accuracy rise, and where will it stop being worth another well? And the accuracy on the training wells, does it rise or fall with $n$?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def log_probabilities(parameters: list[Array], x: Array) -> Array:
    """What the trained network says of x (N, D): (N, K) log-probabilities, without recording anything."""
    W1, b1, W2, b2 = parameters
    return log_softmax(np.maximum(x @ W1 + b1, 0) @ W2 + b2)[0]


counts = (1, 2, 4, 8, 16)
repeats = sized(5, rehearsal=2)
home, away, losses, crowd = {}, {}, {}, {}
for n in counts:
    said = []
    home[n], away[n], losses[n] = [], [], []
    for r in range(repeats):
        cored = logs.of(*torch.randperm(24, generator=torch.Generator().manual_seed(r))[:n].tolist())
        x_cored, x_new = (one.double().numpy() for one in standardise(cored.x, new.x))
        trained = train_with_your_engine(x_cored, cored.rock.numpy(), steps=sized(200, rehearsal=20), seed=r)
        said.append(log_probabilities(trained, x_new))
        home[n].append((log_probabilities(trained, x_cored).argmax(1) == cored.rock.numpy()).mean())
        away[n].append((said[-1].argmax(1) == new.rock.numpy()).mean())
        losses[n].append(-said[-1][np.arange(len(new)), new.rock.numpy()].mean())
    mean_p = np.exp(said).mean(0)  # the draws vote: (9600, 5)
    crowd[n] = -np.log(mean_p[np.arange(len(new)), new.rock.numpy()]).mean()

for n in counts:
    print(
        f"{n:2d} wells: accuracy at home {np.mean(home[n]):.3f}, in new wells {np.mean(away[n]):.3f} ± {np.std(away[n]):.3f}; loss in new wells {np.mean(losses[n]):.3f}, of the draws' mean {crowd[n]:.3f}"
    )
each_well = (said[-1].argmax(1) == new.rock.numpy()).reshape(16, 600).mean(1)
print(f"the last network from one new well to the next: {each_well.mean():.3f} ± {each_well.std():.3f}")
shale = (new.rock == ROCKS.index("shale")).double().mean().item()
print(f"always shale: {shale:.3f}")

fig, axes = plt.subplots(1, 2, figsize=(11, 4))
axes[0].errorbar(
    counts,
    [np.mean(home[n]) for n in counts],
    [np.std(home[n]) for n in counts],
    marker="s",
    capsize=3,
    label="in the cored wells",
)
axes[0].errorbar(
    counts,
    [np.mean(away[n]) for n in counts],
    [np.std(away[n]) for n in counts],
    marker="o",
    capsize=3,
    label="in new wells",
)
axes[0].set(xlabel="cored wells", ylabel="accuracy", xscale="log", title="what you see and what you will meet")
axes[1].plot(counts, [np.mean(losses[n]) for n in counts], marker="o", label="one draw of wells")
axes[1].plot(counts, [crowd[n] for n in counts], marker="^", label="the mean of all draws")
axes[1].set(
    xlabel="cored wells", ylabel="cross-entropy in new wells", xscale="log", title="the price of having seen too little"
)
for ax in axes:
    ax.set_xticks(counts, counts)
    ax.legend()
plot.alt(
    fig,
    "Left: accuracy against the number of cored wells. In the cored wells it falls from a high value, in new wells it rises steeply from one to four wells and then slowly, and the two approach each other. Right: the cross-entropy in new wells "
    "of a network trained on one draw of wells falls with the number of wells; that of the mean of all draws lies below it, most of all at one well.",
)

# %% [markdown]
# One well: the network is right nine times in ten at home, and little more than three times in four elsewhere. From one to four wells the accuracy in new wells rises by more than seven points, and its scatter between the draws, which is luck, shrinks to a fifth. From four to sixteen it rises by two more. At home the accuracy *falls* with the number
# of wells: more wells are harder to fit by heart, and that is what they are for. The two curves close in on each other from both sides, as the inequality at the beginning said they must.
#
# The right panel measures what is lost by variance, for a loss that has no simple decomposition. Average the probabilities that the draws state, and their scatter is averaged away: by Jensen's inequality the mean's cross-entropy is never above the mean of the cross-entropies. The gap is wide at one well and nearly closed at sixteen. One should not read it
# as a gift, though: the mean of five one-well networks has seen five wells, and is about as good as one network that was taught with four. (An average of several networks trained on *the same* wells removes the part of the scatter that comes from their first weights. That is an ensemble.)
#
# So, **how few wells are too few?** For this field, these logs and this network: one is, two are, four will do, and beyond eight another well buys a tenth of a point, while single new wells scatter by more than two. Three sentences of that answer hold for your field, too. Count wells, not samples. Draw the curve, by folds made of whole wells,
# before you pay for the next one: if it has become flat, buy a better family instead. And state beside it how far single wells scatter, since your client will drill one well, not an average.

# %% [markdown]
# ## This trains badly
#
# A colleague does not trust engines, and writes her backward passes by hand. Her network has a **skip connection**: the second layer adds something to the output of the first, $h_2 = h_1 + \operatorname{relu}(h_1W_2+b_2)$, with small first weights $W_2$. The forward pass is right, and so is the loop. The loss falls, but it stays well above what she
# had hoped for, and she is about to try a larger network.
#
# ### Exercise 4.18: this trains badly
#
# Find the bug in the function, repair it, and change nothing else. Do not read it first: you own a tool that finds out *which* of the six gradients are wrong. What do the wrong ones have in common?


# %%
### BEGIN SOLUTION
def find_the_bug_1(parameters: list[Array], x: Array, y: Array) -> tuple[float, list[Array]]:
    """Loss and gradients of a network with a skip connection.

    parameters: W1 (D, H), b1 (H,), W2 (H, H), b2 (H,), W3 (H, K), b3 (K,); x: (N, D); y: (N,) classes.
    Returns the mean cross-entropy and its gradients, in the order of the parameters.
    """
    W1, b1, W2, b2, W3, b3 = parameters
    a1 = x @ W1 + b1
    h1 = np.maximum(a1, 0)
    a2 = h1 @ W2 + b2
    h2 = h1 + np.maximum(a2, 0)
    z = h2 @ W3 + b3
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    loss = -log_p[np.arange(len(y)), y].mean()

    grad_z = (np.exp(log_p) - np.eye(len(b3))[y]) / len(y)
    grad_h2 = grad_z @ W3.T
    grad_a2 = grad_h2 * (a2 > 0)
    grad_h1 = grad_a2 @ W2.T + grad_h2  # the bug: h1 is used twice, and the second use was forgotten
    grad_a1 = grad_h1 * (a1 > 0)
    gradients = [
        x.T @ grad_a1,
        grad_a1.sum(axis=0),
        h1.T @ grad_a2,
        grad_a2.sum(axis=0),
        h2.T @ grad_z,
        grad_z.sum(axis=0),
    ]
    return float(loss), gradients


### END SOLUTION

# %%
check(find_the_bug_1)


# %%
def her_training(steps: int) -> list[float]:
    """The losses of ``steps`` steps of gradient descent with her gradients, on the four cored wells."""
    x, _ = standardise(known.x, known.x)
    rng = np.random.default_rng(1)
    shapes = ((5, 6), (6,), (6, 6), (6,), (6, 5), (5,))
    scales = (np.sqrt(2 / 5), 0, 0.01, 0, np.sqrt(1 / 6), 0)
    parameters = [scale * rng.normal(size=shape) for scale, shape in zip(scales, shapes, strict=True)]
    losses = []
    for _ in range(steps):
        loss, gradients = find_the_bug_1(parameters, x.double().numpy(), known.rock.numpy())
        parameters = [p - 0.3 * g for p, g in zip(parameters, gradients, strict=True)]
        losses.append(loss)
    return losses


losses = her_training(100)
print(f"loss: {losses[0]:.3f} at the start, {losses[50]:.3f} after 50 steps, {losses[-1]:.3f} at the end")

# %%
rng = np.random.default_rng(0)
small = [rng.normal(size=shape) for shape in ((3, 4), (4,), (4, 4), (4,), (4, 2), (2,))]
x_small, y_small = rng.normal(size=(6, 3)), np.array([0, 1, 1, 0, 1, 0])


def as_operation(*parameters: Array) -> tuple[Array, Pull]:
    """Her function as an operation of the engine: its result is the loss."""
    loss, gradients = find_the_bug_1(list(parameters), x_small, y_small)
    return np.asarray(loss), lambda grad: tuple(grad * g for g in gradients)


for which, name in enumerate(("W1", "b1", "W2", "b2", "W3", "b3")):

    def one_of_them(p: Array, which: int = which) -> tuple[Array, Pull]:
        """The loss as a function of one parameter only."""
        out, pull = as_operation(*small[:which], p, *small[which + 1 :])
        return out, lambda grad: pull(grad)[which : which + 1]

    print(
        f"{name}: disagreement with the numerical gradient {gradient_check(one_of_them, (small[which],), np.array(1.0)):.0e}"
    )

# %% [markdown]
# <details><summary>Answer</summary>
#
# The gradients of W1 and b1 are wrong, the other four right. What W1 and b1 have in common is that they lie *before* $h_1$; so the gradient of $h_1$ is wrong. It is used twice: in the second layer, and by the skip connection. The program pulls back through the layer and forgets the skip: it needs `grad_a2 @ W2.T + grad_h2`.
#
# Why did it train at all? The upper layers were trained correctly, on a first layer that hardly moved: with a small $W_2$ nearly all of its gradient comes through the skip. A network whose first layer stays as it was drawn still does something, and that is what makes such a bug hard to see: **the loss falls, only not far enough.** No larger network and no
# other learning rate mend it. Your engine cannot make this mistake, since it adds whatever arrives; if you ever write a backward pass by hand, check it.
#
# </details>

# %% [markdown]
# ## Summary
#
# - Learning minimises the **empirical risk** in place of the **risk**. For whatever was chosen to be small on a sample, that sample's verdict is too good.
# - Risk is **bias² + variance + noise**. More data cures variance, a looser family cures bias, nothing cures noise. For least squares a parameter costs $\sigma^2/n$, and the training error flatters by $2\sigma^2p/n$.
# - **The unit that counts is the independent one**, the well. Folds are made of whole wells; whatever is estimated is estimated inside the fold. An evaluation that leaks chooses the wrong model.
# - For a rare class look at **precision and recall**, and place the threshold by what the two kinds of error cost: $p\ge c_{\text{false}}/(c_{\text{false}}+c_{\text{miss}})$.
# - **Maximum likelihood** turns a belief about the noise into a loss: Gaussian into squared error, Laplace into absolute error, categorical into cross-entropy. Its first value should be near $\ln K$; compute it by log-sum-exp.
# - **Backpropagation**: visit the graph in reverse topological order; at each step pull the gradient back, and *add* where several arrive. It yields all derivatives for the price of a few evaluations. A broadcast pulls back to a sum, a sum to a broadcast.
# - A **gradient check** by central differences shares nothing with your derivation. Below $10^{-7}$ is right.
#
# ### Questions to take along
#
# 1. You have 12 cored wells from three fields, and the program will be used in a fourth. What is a fold?
#
# <details><summary>Answer</summary>
#
# A field. The next example is a well of another field, so validation must be another field as well: three folds. It will look worse than folds of wells, and be nearer to the truth; and from three numbers no error bar worth its name can be had. That, too, has to be said.
#
# </details>
#
# 2. A colleague removes the 5 % of samples with the largest training error as "bad data", and reports the validation error on the rest. Which of the morning's points apply?
#
# <details><summary>Answer</summary>
#
# If validation samples were removed by *their* error, the report is on the samples that were easy: a choice made on the validation data (the fourth
# leak). You may remove training samples by a rule that looks only at the training data. Whether it helps is then for the complete validation set to
# say.
#
# </details>
#
# 3. Our `Value` computes a gradient for the input data `x`, too. What does that cost, and when would you want it?
#
# <details><summary>Answer</summary>
#
# One matrix product more in the first layer, as large as the one for $W_1$; about a third of that layer's cost. PyTorch skips what does not require a gradient. One wants it to ask which *inputs* an answer depends on: saliency and adversarial examples, on {day: 05_cnns_1}.
#
# </details>
#
# 4. `topological_order` calls itself once for every generation. What happens for a recurrent network of {day: 10_rnns} that runs over 5,000 time steps, and how would you mend it?
#
# <details><summary>Answer</summary>
#
# Python allows about a thousand nested calls: `RecursionError`. Keep a list of your own in place of Python's stack: push a value, then its unvisited parents; when all its parents are done, pop it and write it down. PyTorch counts for each node how many users have not yet reported, and visits it when that number is 0, which needs no recursion either.
#
# </details>
#
# 5. Why does the negative log-likelihood of a Gaussian with a *learned* $\sigma(x)$ sometimes run away to minus infinity?
#
# <details><summary>Answer</summary>
#
# A density is no probability and may exceed 1. Where the network fits a training target exactly, $\sigma\to0$ makes $\ln\sigma$ arbitrarily negative while the first term stays 0: infinite certainty about memorised points. Bound $\sigma$ from below, at the measurement's error for instance.
#
# </details>

# %% [markdown]
# ## References
#
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind (2018). *Automatic differentiation in machine learning: a survey.* arXiv:1502.05767.
# - M. Belkin, D. Hsu, S. Ma, S. Mandal (2019). *Reconciling modern machine-learning practice and the classical bias-variance trade-off.* arXiv:1812.11118.
# - R. A. Fisher (1922). *On the mathematical foundations of theoretical statistics.* doi:10.1098/rsta.1922.0009.
# - S. Geman, E. Bienenstock, R. Doursat (1992). *Neural networks and the bias/variance dilemma.* doi:10.1162/neco.1992.4.1.1.
# - S. Kapoor, A. Narayanan (2023). *Leakage and the reproducibility crisis in machine-learning-based science.* doi:10.1016/j.patter.2023.100804.
# - S. Linnainmaa (1976). *Taylor expansion of the accumulated rounding error.* doi:10.1007/BF01931367. The thesis of 1970, in English.
# - C. L. Mallows (1973). *Some comments on C_p.* doi:10.1080/00401706.1973.10489103.
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams (1986). *Learning representations by back-propagating errors.* doi:10.1038/323533a0.
# - T. Saito, M. Rehmsmeier (2015). *The precision-recall plot is more informative than the ROC plot when evaluating binary classifiers on imbalanced datasets.* doi:10.1371/journal.pone.0118432.
# - M. Stone (1974). *Cross-validatory choice and assessment of statistical predictions.* doi:10.1111/j.2517-6161.1974.tb00994.x.
#
# Without a DOI: Y. Bengio, Y. Grandvalet (2004), No unbiased estimator of the variance of K-fold cross-validation, Journal of Machine Learning Research 5; A. Karpathy (2020), micrograd; V. Vapnik (1991), Principles of risk minimization for learning theory, NeurIPS; P. Werbos (1974), Beyond regression, thesis, Harvard.
