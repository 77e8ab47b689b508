# ---
# title: "Recap of machine learning: getting to a minimum, and choosing among minima"
# objectives:
#   - derive how fast gradient descent and momentum move down a ravine, and write SGD, Nesterov, RMSprop, Adam and AdamW so that they equal PyTorch's step for step
#   - choose first weights from the variance they pass on, and write batch and layer normalisation with their backward pass
#   - see over-fitting and double descent on one well, say where the peak comes from, and cure it
#   - write dropout, label smoothing, mixup and early stopping, and say what each assumes about the world
#   - tell an L2 penalty from weight decay, and say when they are the same thing
#   - search hyperparameters at random, train a regularised network, and answer how few wells are too few
# prerequisites: [01_intro_and_ffns, 02_pytorch_1, 03_pytorch_2, 04_ml_recap.morning]
# minutes: {cpu: 2, cpu_fp32: 2}
# data: [wells, glyphs, fashion_mnist]
# ---

# %% [markdown]
# A company has drilled one well in a new basin. It has the logs, and from the cores the porosity, sample by sample. It wants a network that reads porosity from the logs of every later well, and it
# asks: **is one well enough? How few wells are too few?** Each further well with cores costs more than everybody in this room.
#
# The simplest thing that could work is what you did on {day: 01_intro_and_ffns}. Take a network and train it on what there is. Train it long, since the loss keeps falling.
# Here is one well to learn from. Twelve others the company does not have yet; we do, because we made them.

# %%
import copy
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized
from dlmodule.training import evaluate, fit, predict

check = checks("04_ml_recap")
plot.use_style()

# %%
logs = data.wells(24)
unseen = logs.of(*range(12, 24))  # twelve wells that are drilled later


def standard(known: data.WellLogs, other: data.WellLogs) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], float]:
    """(x, y) of both, in standard units of the *known* wells, as this morning; and one such unit of porosity."""
    mean, std = known.x.mean(0), known.x.std(0)
    centre, unit = known.porosity.mean(), known.porosity.std()
    pairs = [((w.x - mean) / std, (w.porosity - centre) / unit) for w in (known, other)]
    return pairs[0], pairs[1], unit.item()


def estimator(width: int = 128, dropout: float = 0.0) -> nn.Module:
    """Five logs in, porosity out; two hidden layers. (N, 5) -> (N,)."""
    hidden = [nn.Linear(5, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*hidden, nn.Dropout(dropout), nn.Linear(width, 1), nn.Flatten(0))


# %% [markdown]
# **Predict.** The network has 17,409 parameters and the well 600 samples. We train for 200 epochs and after each of them look at the error in the twelve other wells. Will that error fall all the way, fall and level off, or fall and rise again?
# And if it rises: after about how many epochs?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
one_well, elsewhere, unit = standard(logs.of(0), unseen)
torch.manual_seed(0)
history = fit(
    estimator(), one_well, validation=elsewhere, epochs=sized(200, rehearsal=20), batch_size=64, lr=3e-3,
    loss_fn=F.mse_loss, progress=False,
)  # fmt: skip
here, there = (unit * torch.tensor(loss).sqrt() for loss in (history.train_loss, history.val_loss))

fig, ax = plt.subplots(figsize=(7, 3.4))
ax.plot(torch.arange(1, len(here) + 1), here, label="the well it learns from")
ax.plot(torch.arange(1, len(here) + 1), there, label="twelve other wells")
ax.set(xlabel="epoch", ylabel="RMSE of porosity", xscale="log", ylim=(0, 0.04))
ax.legend()
plot.alt(
    fig,
    "Error of porosity against epoch on a logarithmic axis. In the well it learns from the error falls throughout; in twelve other wells it falls at first, is level for some tens of epochs, and then rises.",
)
best = int(there.argmin())
print(
    f"error elsewhere: {there[best]:.4f} after {best + 1} epochs, {there[-1]:.4f} after {len(there)}; at home {here[-1]:.4f}"
)

# %% [markdown]
# The loss did what it was asked to do. It fell; and after some tens of epochs each further epoch made the network *worse* at the only thing that we want of it, until its error elsewhere was more than half as large again. What it learned late in the training is this
# well's calibration, its brine and its noise.
#
# So training has two problems, and they pull in opposite directions.
#
# 1. **Getting to a minimum.** Gradient descent is slow where the loss is a ravine. The first half of this afternoon: optimisers, first weights, normalisation.
# 2. **Choosing among minima.** With more parameters than samples there are infinitely many networks that fit, and most of them are useless elsewhere. The second half: penalties, dropout, smoothing, mixing, stopping; and how to choose their strengths.
#
# At the end both halves come together, and the company gets its answer.

# %% [markdown]
# ## Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $\theta, \eta$ | parameters; learning rate | |
# | $L, g$ | loss, and its gradient | one number; that of $\theta$ |
# | $H, \lambda_i, \kappa$ | Hessian, its eigenvalues, the largest over the smallest | |
# | $v, \mu$ | velocity, and how much of it is kept | |
# | $\phi$ | where Nesterov takes the gradient | that of $\theta$ |
# | $\alpha, \rho$ | how much RMSprop keeps of its average; how much of a batch's statistics is taken in | |
# | $m, s, \beta_1, \beta_2$ | averages of the gradient and of its square (Adam), and how much of them is kept | that of $\theta$ |
# | $N, D, K$ | examples; features; classes | |
# | $\gamma, \beta, \epsilon$ | in normalisation: gain, shift, and what keeps the root from zero | `(D,)`, `(D,)` |
# | $p$ | in dropout: the probability of a zero | |
# | $\Phi, P$ | what random features give; their number | `(N, P)` |
# | $s_i, u_i, v_i$ | singular values and vectors of $\Phi$ | |
# | $\varepsilon, q_k, p_k$ | in label smoothing: its strength, the target, the prediction | |
# | $\lambda$ | strength of decay, or the share in mixup, where it is said | |
#
# ## First half: getting to a minimum
#
# ## Why gradient descent is slow
#
# Close to a minimum a smooth loss is a bowl. (Along some directions the bowl may be flat, $\lambda_i=0$; a network with more parameters than samples has many of these. There nothing moves, and what follows is about the others.) Call the distance from the minimum $\theta$ (so the minimum is at 0), and let $H$ be the matrix of second derivatives there:
#
# $$ L(\theta) = \tfrac12\,\theta^\top H\,\theta, \qquad \nabla L = H\theta . $$
#
# Turn the axes along the eigenvectors of $H$, with eigenvalues $\lambda_i > 0$, the **curvatures**, and let $a_i$ be the coordinates of $\theta$ there. One step of gradient descent, $\theta \leftarrow \theta - \eta H\theta$, with the learning rate $\eta$, treats each of them alone:
#
# $$ a_i \;\leftarrow\; (1 - \eta\lambda_i)\,a_i . $$
#
# It converges only if $|1-\eta\lambda_i|<1$ for all $i$, that is $\eta<2/\lambda_{\max}$: **the steepest direction limits the step**. With such a step the flattest direction shrinks by $1-\eta\lambda_{\min}$, which may be very nearly 1: **the flattest direction limits the progress**. The best compromise
# makes the two equally bad, $\eta\lambda_{\max}-1 = 1-\eta\lambda_{\min}$, so
#
# $$ \eta^\ast = \frac{2}{\lambda_{\max}+\lambda_{\min}}, \qquad \text{and each step multiplies the error by}\quad \frac{\kappa-1}{\kappa+1}, \qquad \kappa = \frac{\lambda_{\max}}{\lambda_{\min}} . $$
#
# $\kappa$ is the **condition number**. A bowl with large $\kappa$ is a ravine: steep walls, a floor that hardly slopes.
#
# **A worked number.** $\kappa=100$: the factor is $99/101 = 0.980$. To bring the loss down by 1,000, the error has to fall by $\sqrt{1000}=31.6$, which takes $\ln 31.6/(-\ln 0.980) \approx 173$ steps. With $\kappa = 10^4$ it takes 17,300.
#
# Do ravines occur? Fit porosity by a line through the five logs, by least squares. The loss is *exactly* such a bowl, and its $H$ is the matrix of the products of the logs, averaged over the samples.

# %%
x = logs.of(0).x.double()
for name, columns in {"as recorded": x, "centred": x - x.mean(0), "standardised": (x - x.mean(0)) / x.std(0)}.items():
    curvatures = torch.linalg.eigvalsh(columns.T @ columns / len(columns))
    print(f"{name:13s} condition number {curvatures[-1] / curvatures[0]:12,.0f}")

# %% [markdown]
# In their own units the logs make a ravine whose condition number is in the millions, only because sonic is counted in tens and neutron in tenths. Standardising is the cheapest optimiser there is. What it leaves, a condition number of nearly 200, has another cause: the logs *say nearly the same thing*. A ravine made by units lies
# along the axes; a ravine made by correlation lies **across** them. Keep this difference in mind. For a deep network you cannot standardise what is inside beforehand, and both kinds are everywhere.
#
# ## Momentum: a ball that remembers
#
# The idea in one sentence: *let the step be a running sum of gradients, so that what changes its sign cancels and what stays the same adds up.* With the velocity $v$ and a number $0\le\mu<1$, the **momentum** (Polyak 1964),
#
# $$ v \leftarrow \mu v + \nabla L(\theta), \qquad \theta\leftarrow\theta-\eta v . $$
#
# If the gradient stays the same, $v$ grows to $\nabla L\,(1+\mu+\mu^2+\dots) = \nabla L/(1-\mu)$: with $\mu=0.9$, ten times the step. Across the ravine, where it alternates, it settles at $\nabla L/(1+\mu)$, about half.
#
# How much faster is it in a bowl? Subtract two successive steps, $\theta_{t+1}-\theta_t = \mu(\theta_t-\theta_{t-1}) - \eta\nabla L(\theta_t)$, and along one eigenvector
#
# $$ a_{t+1} = (1+\mu-\eta\lambda)\,a_t - \mu\,a_{t-1} . $$
#
# Try $a_t = r^t$: then $r^2-(1+\mu-\eta\lambda)\,r+\mu=0$. The product of the two roots is $\mu$. Where they are complex they are conjugates, so each has the size $|r| = \sqrt\mu$, **whatever the curvature**. They are complex while $(1+\mu-\eta\lambda)^2<4\mu$, which means
#
# $$ (1-\sqrt\mu)^2 < \eta\lambda < (1+\sqrt\mu)^2 . $$
#
# So all curvatures within a ratio of $\kappa = \left(\frac{1+\sqrt\mu}{1-\sqrt\mu}\right)^2$ shrink alike. Solved for $\mu$, the factor per step is
#
# $$ \sqrt\mu = \frac{\sqrt\kappa-1}{\sqrt\kappa+1} : \qquad\textbf{the same formula as before, with } \sqrt\kappa \textbf{ in the place of } \kappa . $$
#
# **A worked number.** $\kappa=100$: $\sqrt\mu=9/11=0.818$, so about $3.45/0.2 = 17$ steps in the place of 173. That takes $\mu=0.67$; the usual $\mu=0.9$ is made for harsher ravines, up to $\kappa \approx 1{,}400$, and needs about $3.45/0.053=66$.
#
# **Convention.** Some books put the learning rate inside, $v\leftarrow\mu v-\eta\nabla L$ and $\theta\leftarrow\theta+v$. With a constant $\eta$ it is the same path; with a schedule it is not. PyTorch keeps $\eta$ outside, and so do we.

# %% [markdown]
# ### Exercise 4.19: momentum
# One step. As in all optimisers here, nothing is changed in place: take the parameters `theta`, their gradient and the state, and return the new parameters and the new state. The state starts as zeros.


# %%
def sgd_momentum(
    theta: Tensor, grad: Tensor, v: Tensor, *, lr: float | Tensor, momentum: float = 0.9
) -> tuple[Tensor, Tensor]:
    """One step of gradient descent with momentum. theta, grad, v: same shape; returns (theta, v), both new."""
    ### BEGIN SOLUTION
    v = momentum * v + grad
    theta = theta - lr * v
    return theta, v
    ### END SOLUTION


# %%
check(sgd_momentum)

# %% [markdown]
# ## Nesterov: look before you step
#
# The ball rolls on whatever happens, so we know roughly where it will be: at $\theta-\eta\mu v$. Nesterov (1983) takes the gradient **there**, and so brakes before the wall and not after it. In Sutskever's form:
#
# $$ v_{t+1} = \mu v_t + \nabla L(\theta_t-\eta\mu v_t), \qquad \theta_{t+1}=\theta_t-\eta v_{t+1} . $$
#
# A library is handed a gradient at the parameters it has, not elsewhere. So let the parameters it has *be* the look-ahead point, $\phi_t = \theta_t-\eta\mu v_t$, and write $g_t=\nabla L(\phi_t)$. Then
#
# $$ \begin{aligned} \phi_{t+1} &= \theta_{t+1}-\eta\mu v_{t+1} = \theta_t-\eta v_{t+1}-\eta\mu v_{t+1} \\ &= \phi_t+\eta\mu v_t-\eta v_{t+1}-\eta\mu v_{t+1} , \end{aligned} $$
#
# and since $\mu v_t = v_{t+1}-g_t$, two terms cancel:
#
# $$ \phi_{t+1} = \phi_t-\eta\,(g_t+\mu v_{t+1}) . $$
#
# This is what PyTorch does, and what you write. Near a minimum $v\approx 0$, and the two points are the same.
#
# ### Exercise 4.20: Nesterov's momentum
# In the last form. Mind *which* $v$ stands in it.


# %%
def nesterov(
    theta: Tensor, grad: Tensor, v: Tensor, *, lr: float | Tensor, momentum: float = 0.9
) -> tuple[Tensor, Tensor]:
    """One step with Nesterov's momentum, grad taken at theta. theta, grad, v: same shape; returns (theta, v), both new."""
    ### BEGIN SOLUTION
    v = momentum * v + grad
    return theta - lr * (grad + momentum * v), v
    ### END SOLUTION


# %%
check(nesterov)

# %% [markdown]
# ## RMSprop: every parameter its own step
#
# Momentum still has one learning rate for all. But if one log is counted in thousands, then its gradient is a thousand times larger and its weight a thousand times smaller, so it needs a *learning rate* a million times smaller than another's. Look at units: if $\theta$ has the unit $u$, then $\partial L/\partial\theta$ has the unit $1/u$, and *subtracting a gradient from a parameter adds apples to their reciprocals*. A step should not
# depend on the size of the gradient; only on its direction. The idea: *divide each parameter's gradient by its recent size.* Hinton's **RMSprop** (a slide of a lecture in 2012; it was never a paper) keeps a running mean $s$ of the squared gradient, element by element:
#
# $$ s\leftarrow\alpha s+(1-\alpha)\,g^2, \qquad \theta\leftarrow\theta-\eta\,\frac{g}{\sqrt s+\epsilon} . $$
#
# The small $\epsilon$ forbids division by zero. That it stands outside the root is a convention (PyTorch's). Now $\eta$ has the unit of $\theta$: a parameter moves by about $\eta$ in every step, whatever its gradient's size. That is its strength, and its weakness: near the minimum it still moves by about $\eta$, and rattles.
#
# ### Exercise 4.21: RMSprop
# Write both formulas, in this order: the step uses the *new* $s$. Return new tensors and leave the given ones as they are.


# %%
def rmsprop(
    theta: Tensor, grad: Tensor, s: Tensor, *, lr: float | Tensor, alpha: float = 0.99, eps: float = 1e-8
) -> tuple[Tensor, Tensor]:
    """One step of RMSprop. s: the running mean of grad squared. All of one shape; returns (theta, s), both new."""
    ### BEGIN SOLUTION
    s = alpha * s + (1 - alpha) * grad**2
    return theta - lr * grad / (s.sqrt() + eps), s
    ### END SOLUTION


# %%
check(rmsprop)

# %% [markdown]
# ## Adam: both, with a fair start
#
# **Adam** (Kingma and Ba 2015) takes the running mean $m$ of the gradient, which is momentum, and divides by the root of the running mean $s$ of its square, which is RMSprop. (Their paper calls $s$ by the letter $v$.)
#
# $$ m_t=\beta_1 m_{t-1}+(1-\beta_1)\,g_t, \qquad s_t=\beta_2 s_{t-1}+(1-\beta_2)\,g_t^2 . $$
#
# Both start at zero, and a running mean that starts at zero is too small at first. By how much? Unroll it:
#
# $$ m_t=(1-\beta_1)\sum_{i=1}^{t}\beta_1^{\,t-i}g_i , $$
#
# and if the gradient's expectation does not change over these steps, then by the geometric series
#
# $$ \mathbb E[m_t]=\mathbb E[g]\,(1-\beta_1)\sum_{i=1}^{t}\beta_1^{\,t-i}=\mathbb E[g]\,(1-\beta_1^{\,t}) . $$
#
# So dividing by $1-\beta_1^t$ makes it right, and $s$ likewise. This is **bias correction**:
#
# $$ \hat m=\frac{m_t}{1-\beta_1^{\,t}}, \qquad \hat s=\frac{s_t}{1-\beta_2^{\,t}}, \qquad \theta\leftarrow\theta-\eta\,\frac{\hat m}{\sqrt{\hat s}+\epsilon} . $$
#
# **A worked number.** The first step, $t=1$: $\hat m=g$ and $\hat s=g^2$, so every parameter moves by exactly $\eta$ against the sign of its gradient. Without correction, and with $\beta_1=0.9$, $\beta_2=0.999$, we would have $m=0.1g$ and $\sqrt s=\sqrt{0.001}\,|g|=0.032|g|$: a first step of $3.2\,\eta$, at the moment when the gradient is worth least.
#
# The corrected moments are used and thrown away; the state keeps the *raw* ones.
#
# ### Exercise 4.22: Adam
# `t` is the number of this step, counted from 1.


# %%
def adam(
    theta: Tensor,
    grad: Tensor,
    m: Tensor,
    s: Tensor,
    *,
    t: int,
    lr: float | Tensor,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> tuple[Tensor, Tensor, Tensor]:
    """Step number t = 1, 2, ... of Adam. theta, grad, m, s: same shape; returns (theta, m, s), all new."""
    ### BEGIN SOLUTION
    m = betas[0] * m + (1 - betas[0]) * grad
    s = betas[1] * s + (1 - betas[1]) * grad**2
    m_hat = m / (1 - betas[0] ** t)
    s_hat = s / (1 - betas[1] ** t)
    return theta - lr * m_hat / (s_hat.sqrt() + eps), m, s
    ### END SOLUTION


# %%
check(adam)

# %% [markdown]
# **Predict.** Two parameters under Adam. The gradient of the first is always 1; that of the second is noise, $+1$ or $-1$ by the toss of a coin. Both have $s=1$. By how much does each move in a typical step, in units of $\eta$?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
generator = torch.Generator().manual_seed(0)
coins = 2 * torch.randint(0, 2, (3000, 500), generator=generator, dtype=torch.float64) - 1  # 500 copies of the second
theta = torch.zeros(2, 500, dtype=torch.float64)
m, s, moves = torch.zeros_like(theta), torch.zeros_like(theta), []
for t in range(1, sized(3000, rehearsal=300) + 1):
    grad = torch.stack([torch.ones(500, dtype=torch.float64), coins[t - 1]])
    new, m, s = adam(theta, grad, m, s, t=t, lr=1.0)
    moves.append((new - theta).square().mean(1))
    theta = new
steady, tossed = torch.stack(moves[100:]).mean(0).sqrt().tolist()
print(f"root mean square step, in units of lr: steady gradient {steady:.2f}, coin {tossed:.2f}")

# %% [markdown]
# The steady one moves by $\eta$, the other by less than a quarter of it: $m$ is a mean of about $\frac{1+\beta_1}{1-\beta_1}=19$ coins, so its size is $1/\sqrt{19}=0.23$. **Adam goes slowly where gradients disagree.** The ratio $|\hat m|/\sqrt{\hat s}$ is a signal-to-noise ratio, and never much above 1.
#
# ## A race down four ravines
#
# Each method now runs down a ravine with $\kappa=100$ and one with $\kappa=10^4$. Each ravine lies once **along** the axes, as units make it, and once **turned by 45 degrees**, as correlation makes it; it is the same ravine, seen from another side. To be fair, each method gets the best of 61 learning rates. To exclude luck, there are eight starts around the minimum. The score is the step at which all eight losses are below a thousandth of their first values, and stay there for fifty steps.
#
# **Predict.** Which methods will not notice that the ravine was turned, and why? Which will suffer most?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def gradient_descent(theta: Tensor, grad: Tensor, *, lr: float | Tensor) -> tuple[Tensor]:
    """One step of plain gradient descent, in the same form as the others: no state."""
    return (theta - lr * grad,)


def descend(
    step, gradient, theta: Tensor, steps: int, *, moments: int = 1, counted: bool = False, **settings
) -> Tensor:
    """Take ``steps`` steps from ``theta``; returns the whole path, (steps + 1, *theta.shape)."""
    state, path = [torch.zeros_like(theta)] * moments, [theta]
    for t in range(1, steps + 1):
        number = {"t": t} if counted else {}
        theta, *state = step(theta, gradient(theta), *state, **number, **settings)
        path.append(theta)
    return torch.stack(path)


METHODS = {
    "gradient descent": (gradient_descent, {"moments": 0}),
    "momentum 0.9": (sgd_momentum, {}),
    "Nesterov 0.9": (nesterov, {}),
    "RMSprop": (rmsprop, {}),
    "Adam": (adam, {"moments": 2, "counted": True}),
}
STARTS = torch.tensor([0.3, 1.3, 2.2, 2.8, 3.5, 4.4, 5.3, 6.0], dtype=torch.float64)  # eight directions, as angles
TURN = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64) / 2**0.5
RATES = torch.logspace(-3, 1, 61, dtype=torch.float64)[:, None, None]  # (61, 1, 1): all learning rates run side by side


def ravine(kappa: float, turned: bool) -> tuple[Tensor, Tensor]:
    """H (2, 2) with curvatures 1 and 1 / kappa, and eight starts (8, 2) around the minimum, all with the loss 1/2."""
    Q = TURN if turned else torch.eye(2, dtype=torch.float64)
    H = Q @ torch.diag(torch.tensor([1.0, 1 / kappa], dtype=torch.float64)) @ Q.T
    around = torch.stack([STARTS.cos(), kappa**0.5 * STARTS.sin()], dim=1)  # across the ravine, along its floor
    return H, around @ Q


def steps_needed(method: str, kappa: float, turned: bool, limit: int) -> tuple[int, float]:
    """The fewest steps over all rates until the loss of *every* start is below a thousandth for 50 steps; and that rate."""
    step, how = METHODS[method]
    H, start = ravine(kappa, turned)
    path = descend(step, lambda theta: theta @ H, start.expand(len(RATES), 8, 2), limit, lr=RATES, **how)
    loss = (((path @ H) * path).sum(3) / 2).nan_to_num(nan=math.inf).amax(2)  # (T + 1, 61): the slowest start
    low = loss <= 1e-3 * loss[0]
    arrived = low.unfold(0, 50, 1).all(2)  # (T - 48, 61): low for 50 steps in a row
    first = torch.where(arrived.any(0), arrived.int().argmax(0), limit + 1)
    return int(first.min()), RATES[first.argmin()].item()


limit = sized(2000, rehearsal=150)
print("steps to a thousandth of the loss     kappa = 100          kappa = 10,000")
print("                                    along   turned        along    turned")
for method in METHODS:
    counts = [steps_needed(method, kappa, turned, limit)[0] for kappa in (1e2, 1e4) for turned in (False, True)]
    shown = [f"{count}" if count <= limit else f"> {limit}" for count in counts]
    print(f"{method:32s} {shown[0]:>8s} {shown[1]:>8s} {shown[2]:>12s} {shown[3]:>9s}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(10.5, 4.8), sharey=True)
side = torch.linspace(-6, 6, 241, dtype=torch.float64)
points = torch.stack([side.expand(241, 241), side[:, None].expand(241, 241)], dim=2)
for ax, turned in zip(axes, (False, True), strict=True):
    H, _ = ravine(25.0, turned)  # a milder one, so that there is something to see
    start = torch.tensor([1.2, 5.0], dtype=torch.float64) @ (TURN if turned else torch.eye(2, dtype=torch.float64))
    ax.contour(
        side, side, ((points @ H) * points).sum(2), levels=[0.05, 0.25, 1, 3, 8, 20], colors="0.8", linewidths=0.8
    )
    for method, colour in (
        ("gradient descent", plot.BLUE),
        ("momentum 0.9", plot.ORANGE),
        ("Adam", plot.VERMILION),
    ):
        step, how = METHODS[method]
        rate = steps_needed(method, 25.0, turned, limit=sized(300, rehearsal=60))[1]
        path = descend(step, lambda theta, H=H: theta @ H, start, 20, lr=rate, **how)
        marker = {"gradient descent": "o", "momentum 0.9": "s", "Adam": "^"}[method]
        label = f"{method}, lr {rate:.2g}"
        ax.plot(path[:, 0], path[:, 1], marker, color=colour, linestyle="-", markersize=4, linewidth=1.2, label=label)
    ax.plot(0, 0, "k+", markersize=14)
    ax.set(xlabel=r"$\theta_1$", xlim=(-6, 6), ylim=(-6, 6), aspect="equal")
    ax.set_title("turned by 45 degrees" if turned else "along the axes")
    ax.legend(loc="upper left" if turned else "lower left")
axes[0].set(ylabel=r"$\theta_2$")
plot.alt(
    fig,
    "The first 20 steps of gradient descent, momentum and Adam down a ravine with condition number 25, each at its best rate. Left the ravine lies along the vertical axis, right it is turned by 45 degrees. Gradient descent zigzags from wall to wall on its way "
    "down, and its path and that of momentum are only turned along. Adam's path has another shape in the second picture than in the first.",
)

# %% [markdown]
# Read the table column by column.
#
# - Theory promised gradient descent 173 steps with the best of all rates; with the best on our grid it takes a few more. Momentum needs the 66 of the formula, nearly. (In the milder ravine of the picture 0.9 is more momentum than is wanted, and it dawdles.) With $\kappa=10^4$ gradient descent does not arrive within the limit.
# - The first three **do not notice the turn**: their updates are sums of gradients, and gradients turn with the ravine. RMSprop and Adam divide *coordinate by coordinate*, and coordinates do not turn along.
# - In the harsh ravine **along** the axes, Adam is more than ten times faster than momentum: it gives each axis its own unit, which is what you do when you standardise. **Turned**, the advantage is gone, and momentum beats it. Adam cures units. It does not cure correlation.
# - RMSprop's 4 steps along the axes look like a misprint. At a very large rate its first step goes $\eta/\sqrt{1-\alpha}=10\,\eta$ too far in every coordinate. There the gradient is $g_i=\lambda_i\cdot10\,\eta$, so $\sqrt{s_i}\approx0.1\,g_i=\lambda_i\eta$; and from now on the step $\eta g_i/\sqrt{s_i}$ is $g_i/\lambda_i$, which leads to the minimum in one go. By overshooting it has *measured the
#   curvature of each axis*. It is a stunt for a bowl without noise. Turned, RMSprop is slower than plain gradient descent: with a constant rate it rattles about by steps of the size of $\eta$. A learning rate that falls is not a luxury for such methods.
#
# In a network, whose layers and whose embeddings have gradients of very different sizes, most of the trouble is of the first kind. That is an observation, and the reason for Adam's success; it is no theorem.
#
# And a check against the library, on a loss that is no bowl:

# %%
OURS = {
    "momentum 0.9": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9),
    "Nesterov 0.9": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.01),
}
for method, make in OURS.items():
    step, how = METHODS[method]
    theirs = torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64, requires_grad=True)
    ours = descend(step, lambda theta: torch.sin(theta) + theta**3 / 10, theirs.detach().clone(), 100, lr=0.01, **how)
    optimiser = make([theirs])
    for _ in range(100):
        theirs.grad = (torch.sin(theirs) + theirs**3 / 10).detach()
        optimiser.step()
    print(f"{method:13s} largest difference from torch.optim after 100 steps {(ours[-1] - theirs).abs().max():.1e}")

# %% [markdown]
# ## A start that leads somewhere
#
# ### What a layer does to the size of a signal
#
# On {day: 01_intro_and_ffns} you followed a signal forward: a layer with $D_\text{in}$ inputs and weights of variance $v$ multiplies the mean square by $D_\text{in}v$, and a ReLU halves it. Gradients go the other way. If $z=Wx$ then $\partial L/\partial x=W^\top\,\partial L/\partial z$, a sum over the $D_\text{out}$ **outputs**, so their mean square is multiplied by
# $D_\text{out}v$. To keep both, we would need
#
# $$ v=\frac1{D_\text{in}} \quad\text{and}\quad v=\frac1{D_\text{out}} , $$
#
# and unless the layer is square we cannot have both. Glorot and Bengio (2010) take the compromise $v=\dfrac{2}{D_\text{in}+D_\text{out}}$, known as **Xavier** after Glorot's first name. It is made for activations that are nearly the identity around zero, such as tanh. For ReLU the lost half has to be made up, and He and others (2015) use $v=\dfrac{2}{D_\text{in}}$.
#
# Why is He's choice safe although it ignores the way back? Backward, layer $l$ then multiplies by $\frac12 D_\text{out}v=D_\text{out}/D_\text{in}$. The outputs of one layer are the inputs of the next, so over a whole network the product telescopes to (last width) / (first width): no power of the depth in it.
#
# **A worked number.** From 784 to 200: Xavier's standard deviation is $\sqrt{2/984}=0.045$, He's $\sqrt{2/784}=0.051$.
#
# Only the variance is a necessity. A uniform distribution on $[-b,b]$ has the variance $b^2/3$, so $b=\sqrt{3v}$ does as well as a normal one; Glorot used uniform numbers, He normal ones. The checks accept both.
#
# ### Exercise 4.23: Xavier
# First weights in the shape that `nn.Linear` uses, (outputs, inputs), all random numbers from `generator`.


# %%
def xavier(inputs: int, outputs: int, *, generator: torch.Generator) -> Tensor:
    """Random W (outputs, inputs) of mean 0 and variance 2 / (inputs + outputs)."""
    ### BEGIN SOLUTION
    bound = (6 / (inputs + outputs)) ** 0.5
    return bound * (2 * torch.rand(outputs, inputs, generator=generator) - 1)
    ### END SOLUTION


# %%
check(xavier)

# %% [markdown]
# ### Exercise 4.24: He
# The shape is again (outputs, inputs), and all random numbers come from `generator`. Any distribution with mean 0 and variance $2/\text{inputs}$ will do.


# %%
def he(inputs: int, outputs: int, *, generator: torch.Generator) -> Tensor:
    """Random W (outputs, inputs) of mean 0 and variance 2 / inputs."""
    ### BEGIN SOLUTION
    return (2 / inputs) ** 0.5 * torch.randn(outputs, inputs, generator=generator)
    ### END SOLUTION


# %%
check(he)

# %% [markdown]
# **Predict.** Twenty layers of width 512, noise of mean square 1 at the entrance. (a) He with ReLU. (b) Xavier with ReLU. (c) Xavier with no activation at all. (d) Xavier with tanh. Which stay near 1, and what becomes of the others? One of them neither stays nor dies exponentially.

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def through_layers(weights, activation, *, depth: int = 20, width: int = 512, seed: int = 0) -> list[float]:
    """Mean square of the activations after each layer."""
    generator = torch.Generator().manual_seed(seed)
    h = torch.randn(256, width, generator=generator)
    sizes = [h.square().mean().item()]
    for _ in range(depth):
        h = activation(h @ weights(width, width, generator=generator).T)
        sizes.append(h.square().mean().item())
    return sizes


fig, ax = plt.subplots(figsize=(7, 3.6))
ax.axhspan(0.5, 2, color="0.92")
for name, weights, activation in (
    ("(a) He, ReLU", he, torch.relu),
    ("(b) Xavier, ReLU", xavier, torch.relu),
    ("(c) Xavier, linear", xavier, lambda z: z),
    ("(d) Xavier, tanh", xavier, torch.tanh),
):
    sizes = through_layers(weights, activation)
    ax.plot(range(21), sizes, marker="o", markersize=3, label=name)
    print(f"{name:20s} after 20 layers {sizes[-1]:.2g}")
ax.set(xlabel="layer", ylabel="mean square", yscale="log", title="what arrives after each layer")
ax.set_xticks(range(0, 21, 5))
ax.legend(loc="lower left")
plot.alt(
    fig,
    "Mean square of the activations after each of 20 layers, logarithmic: He with ReLU and Xavier without activation stay inside the grey band from 0.5 to 2; Xavier with ReLU falls as a straight line to about one millionth; "
    "Xavier with tanh falls quickly at first and then ever more slowly, to a few hundredths.",
)

# %% [markdown]
# Half of the signal is lost per ReLU, so Xavier with ReLU arrives at $2^{-20}\approx10^{-6}$. Tanh loses too, but less the smaller the signal is, because small numbers pass unchanged: it decays like a power of the depth, not like an exponential.
#
# ## Normalisation: do not hope for the right scale, set it
#
# An initialisation fixes the scale at the first step. After that the weights move. Ioffe and Szegedy (2015) took the obvious next thought seriously: *compute the mean and the variance of each feature over the batch, and divide them out, in every step.* For a batch $x$ of $N$ examples, for each of the $D$ features on its own (we leave its index out),
#
# $$ \mu=\frac1N\sum_n x_n, \qquad \sigma^2=\frac1N\sum_n(x_n-\mu)^2, \qquad \hat x_n=\frac{x_n-\mu}{\sqrt{\sigma^2+\epsilon}}, \qquad y_n=\gamma\,\hat x_n+\beta . $$
#
# $\gamma$ and $\beta$ are learned: the network may have its scale back if it wants it, but now as *one* number that gradient descent sees. When the
# network is used there may be no batch. So two **running** averages, of $\mu$ and of the variance, are kept during training and used in evaluation:
#
# $$ \text{running}\leftarrow(1-\rho)\,\text{running}+\rho\,\text{batch's}, \qquad \rho=0.1 . $$
#
# Beware of three conventions that are not obvious. PyTorch calls $\rho$ *momentum*, although it is one minus what the optimisers call by that name. The batch is normalised by the **biased** variance (divide by $N$), the running average takes the **unbiased** one (divide by $N-1$). And $\epsilon$ stands inside the root.
#
# ### Exercise 4.25: batch normalisation, forward
# For x of shape (N, D). In training: normalise by the batch and return updated running averages, as new tensors. In evaluation: normalise by the running averages and return them as they came.


# %%
def batch_norm_forward(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    *,
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Tensor, Tensor, Tensor]:
    """x: (N, D); all others (D,). Returns (y (N, D), running_mean (D,), running_var (D,))."""
    ### BEGIN SOLUTION
    if training:
        mean, var = x.mean(0), x.var(0, correction=0)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * x.var(0, correction=1)
    else:
        mean, var = running_mean, running_var
    y = gamma * (x - mean) / (var + eps).sqrt() + beta
    return y, running_mean, running_var
    ### END SOLUTION


# %%
check(batch_norm_forward)

# %% [markdown]
# **Predict.** The running averages start at mean 0 and variance 1. The data have mean 5 and standard deviation 3. After *one* training step we switch to evaluation and normalise the same batch: what mean do we get? And after how many steps is it below 0.05?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
batch = 5 + 3 * torch.randn(1000, 1, generator=torch.Generator().manual_seed(0))
gamma, beta = torch.ones(1), torch.zeros(1)
running_mean, running_var = torch.zeros(1), torch.ones(1)
for step in range(1, 61):
    _, running_mean, running_var = batch_norm_forward(batch, gamma, beta, running_mean, running_var, training=True)
    y, _, _ = batch_norm_forward(batch, gamma, beta, running_mean, running_var, training=False)
    if step in (1, 10, 20, 40, 60):
        print(
            f"after {step:2d} steps: running mean {running_mean.item():.2f}, evaluation gives mean {y.mean():.2f} and std {y.std():.2f}"
        )

# %% [markdown]
# Far off at first: of the start $0.9^t$ is left after $t$ steps, and the mean falls below 0.05 when that is less than 3 %, which takes 34 steps. A network that is evaluated after a handful of steps, or whose weights move faster than its averages follow, computes in evaluation something that it was never trained on. When `val_loss` is wild and the training loss is calm, look here first.
#
# ### The way back
#
# Every output depends on every input of its feature, through $\mu$ and $\sigma$. Write $s=\sqrt{\sigma^2+\epsilon}$. First the two statistics:
#
# $$ \frac{\partial\mu}{\partial x_i}=\frac1N, \qquad \frac{\partial\sigma^2}{\partial x_i}=\frac2N(x_i-\mu), \qquad \frac{\partial s}{\partial x_i}=\frac1{2s}\frac{\partial\sigma^2}{\partial x_i}=\frac{x_i-\mu}{N s}=\frac{\hat x_i}{N} . $$
#
# (In the middle one, $x_i$ also moves $\mu$; but $\sum_n(x_n-\mu)=0$, so that contributes nothing.) With the quotient rule, and $\delta_{ij}=1$ if $i=j$ and else 0,
#
# $$ \frac{\partial\hat x_j}{\partial x_i}=\frac1s\Bigl(\delta_{ij}-\frac1N\Bigr)-\frac{x_j-\mu}{s^2}\cdot\frac{\hat x_i}{N}=\frac1s\Bigl(\delta_{ij}-\frac1N-\frac{\hat x_i\hat x_j}{N}\Bigr) . $$
#
# The loss reaches $\hat x_j$ as $g_j=\gamma\,\partial L/\partial y_j$. Sum over $j$:
#
# $$ \boxed{\;\frac{\partial L}{\partial x_i}=\frac1s\Bigl(g_i-\operatorname{mean}(g)-\hat x_i\operatorname{mean}(g\,\hat x)\Bigr)\;} \qquad \frac{\partial L}{\partial\gamma}=\sum_j\frac{\partial L}{\partial y_j}\hat x_j, \qquad \frac{\partial L}{\partial\beta}=\sum_j\frac{\partial L}{\partial y_j} . $$
#
# Read the box. From the gradient two things are taken out: its mean, and its part along $\hat x$. These are just the two changes that the layer undoes, *adding a constant to the batch* and *stretching it*. What makes no difference to the output gets no gradient.
#
# **A worked number.** $x=(1,3)$, $\gamma=1$, $\epsilon=0$: $\mu=2$, $s=1$, $\hat x=(-1,1)$. For any $g=(g_1,g_2)$ the mean is $\frac12(g_1+g_2)$ and $\operatorname{mean}(g\hat x)=\frac12(g_2-g_1)$, so $\partial L/\partial x_1=g_1-\frac12(g_1+g_2)+\frac12(g_2-g_1)=0$, and $\partial L/\partial x_2 = 0$ too. With two examples nothing is left to learn: whatever they
# were, they become $(-1,1)$.
#
# ### Exercise 4.26: batch normalisation, backward
# In training mode, by the box and without autograd.


# %%
def batch_norm_backward(
    grad_y: Tensor, x: Tensor, gamma: Tensor, *, eps: float = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the training-mode forward. grad_y, x: (N, D); gamma: (D,). Returns (grad_x (N, D), grad_gamma (D,), grad_beta (D,))."""
    ### BEGIN SOLUTION
    s = (x.var(0, correction=0) + eps).sqrt()
    x_hat = (x - x.mean(0)) / s
    g = gamma * grad_y
    grad_x = (g - g.mean(0) - x_hat * (g * x_hat).mean(0)) / s
    return grad_x, (grad_y * x_hat).sum(0), grad_y.sum(0)
    ### END SOLUTION


# %%
check(batch_norm_backward)

# %% [markdown]
# ### Layer normalisation
#
# Batch normalisation has a price. An example's output depends on its neighbours in the batch, and training and evaluation compute different functions. Ba, Kiros and Hinton (2016) turn the axis: **one example at a time, over its $D$ features**. There are no running averages, and both modes are the same. Transformers use it ({day: 12_transformers}), or its simpler relative RMSNorm (Zhang and Sennrich, 2019). But it also mixes features, and
# where features are of different kinds (a porosity beside a depth) that may not be wanted.
#
# The two normalisations take their mean and their variance over different axes. Blue is what is taken together.

# %%
plot.axes_over("N D", {"batch norm": "N", "layer norm": "D"})

# %% [markdown]
# ### Exercise 4.27: layer normalisation
# Over the last axis, whatever stands before it. Biased variance, $\epsilon$ inside the root.


# %%
def layer_norm(x: Tensor, gamma: Tensor, beta: Tensor, *, eps: float = 1e-5) -> Tensor:
    """Normalise each example over its features. x: (..., D); gamma, beta: (D,); returns (..., D)."""
    ### BEGIN SOLUTION
    mean = x.mean(-1, keepdim=True)
    var = x.var(-1, correction=0, keepdim=True)
    return gamma * (x - mean) / (var + eps).sqrt() + beta
    ### END SOLUTION


# %%
check(layer_norm)

# %% [markdown]
# **Predict.** A network of twenty hidden layers of width 64 learns the five rock types from the logs of four wells, in 300 steps. Four times: with PyTorch's default weights (variance $\frac1{3D}$) and momentum; with He's weights and momentum; with the default weights, a batch normalisation before each ReLU, and momentum; and with the default weights
# and Adam. A network that knows nothing but how common each rock is has a loss of 1.50. Which of the four get below it?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def deep(start: str, *, depth: int = 20, width: int = 64) -> nn.Module:
    """A deep ReLU classifier of rocks. start: "default", "He" or "batch norm"."""
    layers: list[nn.Module] = []
    for inputs in [5] + [width] * (depth - 1):
        layers += [nn.Linear(inputs, width), *([nn.BatchNorm1d(width)] if start == "batch norm" else []), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Linear(width, 5))
    if start == "He":
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for layer in model:
                if isinstance(layer, nn.Linear):
                    layer.weight.copy_(he(layer.in_features, layer.out_features, generator=generator))
                    layer.bias.zero_()
    return model


four = logs.of(0, 1, 2, 3)
x_four, y_four = (four.x - four.x.mean(0)) / four.x.std(0), four.rock
losses = {}
for start, method in (("default", "momentum"), ("He", "momentum"), ("batch norm", "momentum"), ("default", "Adam")):
    torch.manual_seed(0)
    model, values = deep(start), []
    if method == "Adam":
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    else:
        optimiser = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    for _ in range(sized(300, rehearsal=30)):
        index = torch.randint(len(x_four), (128,))
        loss = F.cross_entropy(model(x_four[index]), y_four[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        values.append(loss.item())
    losses[f"{start}, {method}"] = values
    print(f"{start:11s} {method:9s} mean loss of the last 20 steps {sum(values[-20:]) / 20:.2f}")

fig, ax = plt.subplots(figsize=(7, 3.4))
for name, values in losses.items():
    ax.plot(torch.tensor(values).unfold(0, 10, 1).mean(1), label=name)
ax.set(xlabel="step", ylabel="loss (mean of 10 steps)", title="twenty hidden layers", ylim=(0, None))
ax.legend(loc="center right", bbox_to_anchor=(1.0, 0.62))
plot.alt(
    fig,
    "Training loss of four networks of twenty hidden layers over 300 steps. Default weights with momentum: level at 1.5. He's weights, and batch normalisation: below 0.4 within 150 steps. Default weights with Adam: in between, falling slowly to about 0.5.",
)

# %% [markdown]
# With the default weights each layer leaves a sixth of the mean square; after twenty layers what arrives is $6^{-20}\approx 3\cdot10^{-16}$ of the input. The last layer sees nothing but biases, learns from them how common each rock is, and stays there: the gradients of all other layers are as good as zero. The two cures differ in kind: He chooses the right scale once, batch
# normalisation enforces it in every step.
#
# And Adam gets away even from the bad start, because it divides by the size of the gradient and so moves each weight by about $\eta$ **however small its gradient is**. It is slower than a good start, and it hides the mistake. Many badly scaled networks train "well enough" for this reason, and the fault stays hidden.
#
# Why batch normalisation helps is less settled than its formula. Its inventors spoke of *internal covariate shift*, inputs of a layer that keep changing. Santurkar and others (2018) put such shifts back in on purpose and found it to train as well as before; what they measured instead is a smoother loss. That it works was never in doubt.

# %% [markdown]
# ## Second half: choosing among minima
#
# ## Over-fitting, where every step can be computed
#
# A network hides its mathematics. So take a model with the same trouble that can be solved exactly. $P$ **random features** (Rahimi and Recht 2007): neurons $\varphi_p(x)=\operatorname{relu}(w_p\cdot x+b_p)$ whose weights are drawn once and never trained. Only the output weights $\theta$ are fitted, by least squares:
#
# $$ f(x)=\sum_{p=1}^P\theta_p\,\varphi_p(x), \qquad L(\theta)=\tfrac12\|\Phi\theta-y\|^2, \qquad \Phi\in\mathbb R^{N\times P},\quad \Phi_{np}=\varphi_p(x_n) . $$
#
# It is a network of width $P$ whose first layer is frozen. For $P\ge N$ it can fit $N$ samples exactly, in infinitely many ways; among these we take the $\theta$ of smallest norm, which is also where gradient descent from $\theta=0$ ends up. We give it $N=60$ samples from two wells.
#
# **Predict.** We let $P$ grow from 5 to 2,000 and measure the error in the twelve other wells. Classical statistics says: as $P$ grows past what 60 samples support, the error rises. And beyond $P=60$, where the training error is zero? Draw the curve.

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def random_features(x: Tensor, P: int, seed: int) -> Tensor:
    """P random ReLU neurons of x (N, D); returns (N, P), scaled so that a row's length does not grow with P."""
    generator = torch.Generator().manual_seed(seed)
    W = torch.randn(x.shape[1], P, generator=generator, dtype=x.dtype) / x.shape[1] ** 0.5
    b = torch.randn(P, generator=generator, dtype=x.dtype)
    return (x @ W + b).relu() * (2 / P) ** 0.5


def ridge(A: Tensor, y: Tensor, strength: float) -> Tensor:
    """The theta that minimises |A theta - y|^2 / 2 + strength |theta|^2 / 2; of smallest norm for strength 0. A: (N, P), y: (N,)."""
    U, S, Vh = torch.linalg.svd(A, full_matrices=False)
    nothing = 1e-10 * S[0]  # what is smaller is zero up to rounding
    gain = S / (S**2 + strength) if strength else torch.where(S.gt(nothing), 1 / S, 0)
    return Vh.T @ (gain * (U.T @ y))


two = logs.of(0, 1)
N = 60
chosen = torch.randperm(len(two), generator=torch.Generator().manual_seed(0))[:N]
few = data.WellLogs(two.x[chosen], two.porosity[chosen], two.rock[chosen], two.depth[chosen], two.well[chosen])
(x_few, y_few), (x_new, y_new), unit = standard(few, unseen)
x_few, y_few, x_new, y_new = (part.double() for part in (x_few, y_few, x_new, y_new))


def errors(P: int, strength: float, seeds: int = 11) -> tuple[float, float, float]:
    """Medians over random features: RMSE on the 60 samples, RMSE in new wells, smallest singular value that is not zero."""
    rows = []
    for seed in range(seeds):
        A = random_features(torch.cat([x_few, x_new]), P, seed)
        theta = ridge(A[:N], y_few, strength)
        miss = A @ theta - torch.cat([y_few, y_new])
        S = torch.linalg.svdvals(A[:N])
        smallest = S[S.gt(1e-10 * S[0])].min()
        rows.append([unit * miss[:N].square().mean().sqrt(), unit * miss[N:].square().mean().sqrt(), smallest])
    return tuple(torch.tensor(rows).median(0).values.tolist())


widths = sized(
    [5, 8, 12, 20, 30, 40, 50, 56, 60, 64, 70, 80, 100, 150, 250, 500, 1000, 2000], rehearsal=[5, 20, 60, 200]
)
plain = torch.tensor([errors(P, 0.0) for P in widths])
cured = torch.tensor([errors(P, 0.05) for P in widths])

fig, axes = plt.subplots(1, 2, figsize=(11, 3.8))
axes[0].plot(widths, plain[:, 0].clamp_min(1e-4), label="on the 60 samples")
axes[0].plot(widths, plain[:, 1], label="in twelve new wells")
axes[0].plot(widths, cured[:, 1], label="in new wells, with a penalty")
axes[0].set(xscale="log", yscale="log", xlabel="features $P$", ylabel="RMSE of porosity", ylim=(1e-3, 3))
axes[0].legend(loc="lower right")
axes[1].plot(widths, plain[:, 2], color=plot.GREEN)
axes[1].set(xscale="log", yscale="log", xlabel="features $P$", ylabel=r"smallest singular value of $\Phi$")
for ax in axes:
    ax.axvline(N, color="0.6", linewidth=1, linestyle=":")
plot.alt(
    fig,
    "Left: error against the number of random features. On the 60 samples it falls to nothing at 60 features. In new wells it is least near ten to twenty features, has a peak more than ten times as high near 60, and falls again; with a penalty it falls and stays low. "
    "Right: the smallest singular value of the feature matrix, with a sharp minimum near 60 features.",
)
for P in (20, 60, 2000):
    if P in widths:
        print(
            f"P = {P:5d}: RMSE in new wells {plain[widths.index(P), 1]:.3f}, with a penalty {cured[widths.index(P), 1]:.3f}"
        )

# %% [markdown]
# The classical curve is there, on the left; and then, past the peak, the error falls *again*, though the training error has been zero all along. Belkin and others (2019) named it **double descent**. It is not magic, and the right panel says why.
#
# ### Where the peak comes from
#
# Take the singular value decomposition $\Phi=\sum_i s_i\,u_i v_i^\top$, with orthonormal $u_i$ and orthonormal $v_i$. Least squares gives
#
# $$ \theta=\sum_i\frac{u_i^\top y}{s_i}\,v_i . $$
#
# Suppose $y=\text{(what the features can say)}+e$, with independent noise of variance $\sigma_e^2$. The noise enters $\theta$ with the variance
#
# $$ \mathbb E\,\|\theta_\text{noise}\|^2=\sigma_e^2\sum_i\frac1{s_i^2} . $$
#
# **One small singular value is enough to ruin everything.** A matrix with many more rows than columns, or many more columns than rows, has none that is small; a random matrix that is about *square* nearly always has. That is the peak. (A neuron that none of the samples switches on makes a column of zeros and a singular value that is exactly zero. The solution of smallest norm does not use it, and the figure leaves it out.) Far to the right there are so many features that the rows of $\Phi$ point in different directions again, and the solution of smallest norm is a
# smooth one. So "more parameters than samples" is not by itself what over-fits. *Using noise to fill a direction that the data hardly determine* is.
#
# ### The cure, and what it does
#
# The idea in one sentence: *ask for small weights too.* With an **L2 penalty** of strength $\lambda$,
#
# $$ L(\theta)=\tfrac12\|\Phi\theta-y\|^2+\tfrac\lambda2\|\theta\|^2 \quad\Longrightarrow\quad (\Phi^\top\Phi+\lambda)\,\theta=\Phi^\top y \quad\Longrightarrow\quad \theta=\sum_i\underbrace{\frac{s_i^2}{s_i^2+\lambda}}_{\text{filter}}\;\frac{u_i^\top y}{s_i}\,v_i . $$
#
# Directions with $s_i^2\gg\lambda$ pass; those with $s_i^2\ll\lambda$ are shut. Statisticians call it ridge regression (Hoerl and Kennard 1970), geophysicists *damped least squares*. It has a Bayesian reading too: it is the most probable $\theta$ if the noise is Gaussian and the weights, before one has seen any data, are taken to be Gaussian of variance $\sigma_e^2/\lambda$.
#
# **A worked number.** $s=0.01$: noise is multiplied by $1/s=100$. With $\lambda=0.05$ it is $s/(s^2+\lambda)=0.01/0.0501=0.2$. For $s=1$ the two are 1 and 0.95: hardly touched.
#
# The third curve on the left has no peak at all, and with enough features it lies below the best that any number of features reaches without. Nakkiran and others (2021) prove for a class of linear models that with the best strength no peak is left.
#
# ### Exercise 4.28: the penalty
# $\frac\lambda2$ times the sum of the squares of all **weights**. Biases and the gains of normalisation layers, which are vectors, are left alone: to shrink a mean towards zero makes nothing simpler. So: only tensors with two axes or more.


# %%
def l2_penalty(parameters: list[Tensor], strength: float) -> Tensor:
    """strength / 2 times the sum of squares of every tensor with at least two axes; a scalar that gradients flow through."""
    ### BEGIN SOLUTION
    squares = sum(theta.square().sum() for theta in parameters if theta.dim() >= 2)
    return strength / 2 * squares
    ### END SOLUTION


# %%
check(l2_penalty)

# %% [markdown]
# ### Penalty or decay?
#
# The gradient of the penalty is $\lambda\theta$, so gradient descent makes of it
#
# $$ \theta\leftarrow\theta-\eta\,(g+\lambda\theta)=(1-\eta\lambda)\,\theta-\eta g . $$
#
# The right side shrinks the weights a little in each step and then follows the loss alone. This is **weight decay**. For plain gradient descent penalty and decay are the same, to the letter.
#
# For Adam they are not. There the penalty's gradient goes through the machine like any other and is divided by $\sqrt{\hat s}$, the size of that weight's gradient. Weights with *large* gradients are then hardly decayed, those with small gradients strongly. This was not intended, and it was noticed only years later. Loshchilov and Hutter (2019) take the decay out of the gradient:
#
# $$ \textbf{AdamW:}\qquad \theta\leftarrow(1-\eta\lambda)\,\theta, \qquad\text{then Adam's step with the gradient of the loss alone.} $$
#
# **A worked number.** One weight's gradient is noise of size 10, another's of size 0.1; both weights are 1, and $\lambda=0.1$. Under Adam, the
# penalty adds $0.1$ to each gradient. For the first that is 1 % of its size, so it moves by about $0.01\,\eta$ per step. For the second it is as
# large as the noise itself, and it moves by up to $\eta$. This is a hundred times as fast. Under
# AdamW both lose $0.1\,\eta$ per step.
#
# ### Exercise 4.29: weight decay
# Shrink every tensor with at least two axes by $1-\eta\lambda$, and hand on the others as they are. New tensors, in the same order.


# %%
def weight_decay(parameters: list[Tensor], *, lr: float, strength: float) -> list[Tensor]:
    """The parameters after one step of decay: (1 - lr * strength) times those with at least two axes, the others unchanged."""
    ### BEGIN SOLUTION
    return [theta * (1 - lr * strength) if theta.dim() >= 2 else theta for theta in parameters]
    ### END SOLUTION


# %%
check(weight_decay)

# %% [markdown]
# ### Exercise 4.30: AdamW
# Decay first, then Adam's step; the moments see only the gradient of the loss. You may call your `adam`. (Here the decay concerns all of `theta`, as in `torch.optim.AdamW`; which parameters to hand it is the caller's choice.)


# %%
def adamw(
    theta: Tensor,
    grad: Tensor,
    m: Tensor,
    s: Tensor,
    *,
    t: int,
    lr: float | Tensor,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> tuple[Tensor, Tensor, Tensor]:
    """Step number t = 1, 2, ... of AdamW. theta, grad, m, s: same shape; returns (theta, m, s), all new."""
    ### BEGIN SOLUTION
    theta = theta * (1 - lr * weight_decay)
    return adam(theta, grad, m, s, t=t, lr=lr, betas=betas, eps=eps)
    ### END SOLUTION


# %%
check(adamw)

# %% [markdown]
# **Predict.** Take the two weights of the worked number, for 1,000 steps with a learning rate of 0.01. Their gradients are pure noise, of size 10 and
# 0.1. Only penalty or decay ($\lambda=0.1$) has a direction. Where do the two weights end under gradient descent, under Adam with the penalty, and
# under AdamW? (If a weight loses a
# fraction $\eta\lambda=0.001$ in each of 1,000 steps, $1/e=0.37$ of it is left.)

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
noise = torch.randn(1001, 400, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
noise *= torch.tensor([10.0, 0.1], dtype=torch.float64)  # 400 copies of two weights, so that we can look at the mean
lr, strength = 0.01, 0.1
ends = {}
for name in ("gradient descent, penalty", "Adam, penalty", "AdamW"):
    theta, m, s = torch.ones(400, 2, dtype=torch.float64), torch.zeros(400, 2), torch.zeros(400, 2)
    for t in range(1, 1001):
        if name.startswith("gradient"):
            theta = theta - lr * (noise[t] + strength * theta)
        elif name == "Adam, penalty":
            theta, m, s = adam(theta, noise[t] + strength * theta, m, s, t=t, lr=lr)
        else:
            theta, m, s = adamw(theta, noise[t], m, s, t=t, lr=lr, weight_decay=strength)
    ends[name] = theta.mean(0)
    print(f"{name:26s} large gradient: {ends[name][0]:5.2f}   small gradient: {ends[name][1]:5.2f}")

# %% [markdown]
# Gradient descent and AdamW leave about 0.37 of both, up to the noise in the mean. Adam with the penalty hardly touches the weight with large gradients and brings the other to zero. `torch.optim.Adam(..., weight_decay=...)` still means the penalty; it is `AdamW` that decays. One letter, and another algorithm.
#
# ## Dropout
#
# A network can agree on a private code: neuron 17 is right only together with neuron 42. Srivastava and others (2014) forbid conspiracies by **removing each activation at random with probability $p$**, anew in every step. What is left is divided by $1-p$. Let $d=1$ with probability $1-p$ and else 0, and $\tilde h=d\,h/(1-p)$. Then
#
# $$ \mathbb E[\tilde h]=\frac{(1-p)\,h}{1-p}=h, \qquad \operatorname{Var}[\tilde h]=\frac{h^2\operatorname{Var}[d]}{(1-p)^2}=\frac{h^2\,p(1-p)}{(1-p)^2}=\frac{p}{1-p}\,h^2 . $$
#
# The mean is kept, so in evaluation nothing needs to be done, and nothing *must* be done: dropout is then the identity. (Their paper instead dropped in training and multiplied by $1-p$ in evaluation. The version above is called *inverted* dropout, and is what all libraries do.)
#
# **What does it ask for?** For a linear model it can be computed. Drop the inputs of $f=\sum_j\theta_j x_j$ and average the squared error over the coins. For a random $\tilde f$ with mean $f$, $\mathbb E[(\tilde f-y)^2]=(f-y)^2+\operatorname{Var}[\tilde f]$, and the coins are independent, so
#
# $$ \mathbb E\bigl[(\tilde f-y)^2\bigr]=(f-y)^2+\frac{p}{1-p}\sum_j\theta_j^2x_j^2 . $$
#
# It is an L2 penalty after all, in which each weight is counted by the size of its input (Wager, Wang and Liang 2013). For a deep network it is more: an average over $2^D$ networks that share their weights.
#
# ### Exercise 4.31: dropout
# All coins from `generator`, one for each number in x. In evaluation return x itself. $p=0$ keeps all, $p=1$ drops all (and must not divide by zero).


# %%
def dropout(x: Tensor, p: float, *, training: bool = True, generator: torch.Generator | None = None) -> Tensor:
    """Inverted dropout: each number is zeroed with probability p, the rest divided by 1 - p. Same shape and dtype as x."""
    ### BEGIN SOLUTION
    if not training or p == 0:
        return x
    if p == 1:
        return torch.zeros_like(x)
    kept = torch.rand(x.shape, generator=generator) >= p
    return x * kept / (1 - p)
    ### END SOLUTION


# %%
check(dropout)

# %% [markdown]
# **Predict.** Dropout keeps the mean of each activation. Does it keep the mean of what the *next* layer makes of it? A neuron $z=\sum_j w_jh_j$ sums 100 activations, half of which are dropped, and passes through a ReLU. Is the mean of $\operatorname{relu}(z)$ with dropout smaller than without, the same, or larger?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
generator = torch.Generator().manual_seed(0)
h = torch.rand(100, generator=generator)
w = torch.randn(300, 100, generator=generator) / 10  # 300 neurons of the next layer
z = w @ h
dropped = torch.stack([w @ dropout(h, 0.5, generator=generator) for _ in range(2000)])  # (2000, 300)
print(f"mean of z         {z.mean():7.3f} without, {dropped.mean():7.3f} with dropout")
print(f"mean of relu(z)   {z.relu().mean():7.3f} without, {dropped.relu().mean():7.3f} with dropout")

# %% [markdown]
# Larger. The mean of $z$ is kept, but not its variance, and a ReLU turns variance into mean: it is convex, so noise around its kink can only add (Jensen's inequality). So evaluation is *not* the average over all the thinned networks, only close to it. And a batch normalisation that comes after a dropout stores a variance that evaluation never shows it (Li and others 2019). It does no
# great harm while $p$ is small, as in the network at the end of this afternoon, and is a reason not to make it large.
#
# ## Label smoothing
#
# Cross-entropy with a one-hot target is never satisfied: however sure the network is, a larger logit makes the loss smaller still. **Label smoothing** (Szegedy and others, 2016) replaces the target by $q_k=(1-\varepsilon)\,[k=y]+\varepsilon/K$, where $[k=y]$ is 1 for the right class and 0 for the others. With $p=\operatorname{softmax}(z)$,
#
# $$ L=-\sum_k q_k\ln p_k, \qquad \frac{\partial L}{\partial z_k}=p_k-q_k , $$
#
# because $\partial\ln p_j/\partial z_k=\delta_{jk}-p_k$, and so $-\sum_jq_j(\delta_{jk}-p_k)=p_k\sum_jq_j-q_k$, with $\sum_jq_j=1$. The gradient vanishes at $p=q$, that is at a *finite* difference of logits, $\ln\frac{1-\varepsilon+\varepsilon/K}{\varepsilon/K}$.
#
# **A worked number.** $K=10$, $\varepsilon=0.1$: the right class is to get 0.91 and each other 0.01, so the logits should differ by $\ln 91=4.5$. And the least loss is not 0 but the entropy of $q$: $-0.91\ln0.91-9\cdot0.01\ln0.01=0.50$. A loss of 0.50 is perfection here; compare losses only between equal $\varepsilon$.
#
# ### Exercise 4.32: label smoothing
# Return $L$, the mean over the batch, from logits $z$ and class numbers $y$. Take the logarithm by `log_softmax`, so that no large logit overflows.


# %%
def label_smoothing(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    """Cross-entropy with targets smoothed by eps, mean over the batch. logits: (N, K), y: (N,) int64; returns a scalar."""
    ### BEGIN SOLUTION
    log_p = logits.log_softmax(1)
    right = log_p[torch.arange(len(y)), y]
    return -((1 - eps) * right + eps * log_p.mean(1)).mean()
    ### END SOLUTION


# %%
check(label_smoothing)

# %% [markdown]
# **Predict.** Ten classes, $\varepsilon=0.1$. A network puts the right logit by an amount $d$ above the nine others. For $d=0$ its loss is $\ln10=2.30$. What is it for $d=4.5$, for 10, and for 100?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
for d in (0.0, 2.0, 4.5, 10.0, 100.0):
    sure = d * F.one_hot(torch.tensor([3]), 10).float()
    plain_loss, smoothed = label_smoothing(sure, torch.tensor([3]), 0.0), label_smoothing(sure, torch.tensor([3]), 0.1)
    print(f"d = {d:5.1f}: plain cross-entropy {plain_loss:6.3f}, smoothed {smoothed:6.3f}")

# %% [markdown]
# At 4.5 it has its minimum, 0.50. Beyond, being sure is punished, by $0.09$ for each further unit of $d$: at 100 the network is right and pays 9, far more than one that knows nothing.
#
# ## Mixup
#
# What should the network say *between* two examples? The data do not tell, so Zhang and others (2018) make something up: half way between a shale and a limestone it should say "half shale, half limestone". For a batch, draw one $\lambda\in[0,1]$ and a random order $\pi$, and train on
#
# $$ \tilde x_n=\lambda\,x_n+(1-\lambda)\,x_{\pi(n)}, \qquad \tilde y_n=\lambda\,y_n+(1-\lambda)\,y_{\pi(n)}, $$
#
# with targets $y$ as rows of probabilities. They draw $\lambda$ from a Beta distribution, Beta$(\alpha,\alpha)$; with $\alpha=1$, their choice for CIFAR-10, it is uniform, and that is ours. Is the assumption true? For logs of a thin-bedded interval it is nearly physics, since the tool *does* average over its length. For photographs of shirts and bags it is
# plainly false, and helps nevertheless: a function that is straight between its data has little freedom to wiggle.
#
# ### Exercise 4.33: mixup
# One $\lambda$ and one order for the whole batch, both from `generator`. Mix x and y with the **same** ones.


# %%
def mixup(x: Tensor, y: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Mix each example with another of its batch. x: (N, ...), y: (N, K) probabilities; returns the same shapes."""
    ### BEGIN SOLUTION
    lam = torch.rand((), generator=generator, dtype=x.dtype)
    order = torch.randperm(len(x), generator=generator)
    return lam * x + (1 - lam) * x[order], lam * y + (1 - lam) * y[order]
    ### END SOLUTION


# %%
check(mixup)

# %% [markdown]
# ## Early stopping
#
# In the first figure the best network was there, early in the training. *Keep it.* Watch a validation loss, remember the parameters at its minimum, and stop when it has not improved for some epochs.
#
# It is a regulariser in its own right. Gradient descent from $\theta=0$ on $\frac12\|\Phi\theta-y\|^2$ treats each singular direction by itself. The coefficient $c_i$ along $v_i$ obeys $c_i\leftarrow c_i-\eta\,(s_i^2c_i-s_i\,u_i^\top y)$; its distance from the end, $c_i-u_i^\top y/s_i$, shrinks by $1-\eta s_i^2$ per step; so after $t$ steps
#
# $$ c_i=\underbrace{\bigl(1-(1-\eta s_i^2)^t\bigr)}_{\text{filter}}\;\frac{u_i^\top y}{s_i} . $$
#
# Compare it with the filter of the penalty, $s_i^2/(s_i^2+\lambda)$. For small $s_i$ the one is about $\eta t\,s_i^2$, the other $s_i^2/\lambda$: **stopping after $t$ steps acts like a penalty of strength $\lambda=1/(\eta t)$**. What the data determine well is learned first, and what they hardly determine, last. You stop in between.

# %%
s_axis = torch.logspace(-4.5, 0, 300, dtype=torch.float64)
fig, ax = plt.subplots(figsize=(7, 3.2))
for steps in (10, 1000, 100_000):
    ax.plot(s_axis, 1 - (1 - 0.5 * s_axis**2) ** steps, color=plot.BLUE, linestyle="-")
    ax.plot(s_axis, s_axis**2 / (s_axis**2 + 1 / (0.5 * steps)), color=plot.VERMILION, linestyle="--")
    ax.annotate(f"{steps:,} steps", (min(1.1 / (0.5 * steps) ** 0.5, 0.6), 0.5), fontsize=10)
ax.plot([], [], color=plot.BLUE, linestyle="-", label=r"early stopping, $\eta=0.5$")
ax.plot([], [], color=plot.VERMILION, linestyle="--", label=r"penalty of strength $1/(\eta t)$")
ax.set(xscale="log", xlabel="singular value $s$", ylabel="what passes")
ax.legend(loc="upper left")
plot.alt(
    fig,
    "What passes, between 0 and 1, against the singular value, for 10, 1,000 and 100,000 steps: three pairs of nearly equal S-shaped curves that move to smaller singular values as training goes on.",
)

# %% [markdown]
# ### Exercise 4.34: early stopping
# `epochs` yields, epoch by epoch, the model's `state_dict` and its `val_loss`; asking it for the next item *trains the next epoch*. Return the best state, the number of its epoch, and how many epochs were run. Stop as soon as the best loss is `patience` epochs old, or when `epochs` ends. Only a strictly lower loss is better.
#
# Two traps. A `state_dict` is a window on the live parameters and not a copy: what you keep must be cloned, or it goes on training. And do not ask for an epoch that you will not use.


# %%
def early_stopping(epochs, *, patience: int) -> tuple[dict[str, Tensor], int, int]:
    """Keep the best of the epochs. epochs: an iterable of (state_dict, val_loss); returns (best state, its epoch from 0, epochs run)."""
    ### BEGIN SOLUTION
    best_state, best_epoch, best_loss, run = {}, 0, math.inf, 0
    for state, val_loss in epochs:
        if val_loss < best_loss:
            best_state = {name: value.detach().clone() for name, value in state.items()}
            best_epoch, best_loss = run, val_loss
        run += 1
        if run - 1 - best_epoch >= patience:
            break
    return best_state, best_epoch, run
    ### END SOLUTION


# %%
check(early_stopping)

# %% [markdown]
# ## Choosing the strengths: search at random
#
# Learning rate, decay, dropout, smoothing, width: five numbers that no gradient reaches. The usual thing is a grid. Bergstra and Bengio (2012) showed that random points do better, by an argument of one line. *Usually one or two of the numbers matter, and one does not know which.* A grid of $3\times3$ tries three values of each. Nine random points try nine values of each, whichever matters.
#
# How many points? If 5 % of the box is good enough, $n$ independent points all miss it with the probability $0.95^n$. For $n=60$ that is 0.05. The number of dimensions does not occur in this.
#
# Scales such as a learning rate are searched on a **logarithmic** axis: between $10^{-5}$ and $1$ a uniform draw would fall above 0.1 nine times out of ten. Draw $\ln\theta$ uniformly between $\ln(\text{low})$ and $\ln(\text{high})$.
#
# And a warning from this morning: the best of 60 validation errors is an optimistic estimate of its own test error. It was chosen for being low.
#
# ### Exercise 4.35: random search
# Points log-uniform between `low` and `high`, independently in each dimension. Return a table with one row a trial, the point and its value, **the lowest value first**.


# %%
def random_search(objective, low: Tensor, high: Tensor, *, trials: int, generator: torch.Generator) -> Tensor:
    """Try random points. objective: (D,) -> float, to be made small; low, high: (D,), positive. Returns (trials, D + 1), best first."""
    ### BEGIN SOLUTION
    u = torch.rand(trials, len(low), generator=generator, dtype=low.dtype)
    points = torch.exp(low.log() + u * (high.log() - low.log()))
    values = torch.tensor([float(objective(point)) for point in points], dtype=low.dtype)
    table = torch.cat([points, values[:, None]], dim=1)
    return table[values.argsort()]
    ### END SOLUTION


# %%
check(random_search)

# %% [markdown]
# Put it to use: strength of the penalty and number of random features, for the 60 samples from two wells. We may not look at the new wells for that. So fit on one of the two wells and judge on the other, both ways round, as this morning.

# %%
sides = [few.well == 0, few.well == 1]


def across_wells(point: Tensor) -> float:
    """RMSE when each well is estimated from the other. point: (2,), number of features and strength."""
    A, missed = random_features(x_few, max(1, round(point[0].item())), seed=0), []
    for side in sides:
        theta = ridge(A[~side], y_few[~side], point[1].item())
        missed.append(A[side] @ theta - y_few[side])
    return unit * torch.cat(missed).square().mean().sqrt().item()


table = random_search(
    across_wells,
    torch.tensor([5.0, 1e-6], dtype=torch.float64),
    torch.tensor([1000.0, 100.0], dtype=torch.float64),
    trials=sized(60, rehearsal=10),
    generator=torch.Generator().manual_seed(0),
)
P, strength = round(table[0, 0].item()), table[0, 1].item()
print(
    f"best of {len(table)}: P = {P}, strength = {strength:.2g}; RMSE across the two wells {table[0, 2]:.4f}, in new wells {errors(P, strength)[1]:.4f}"
)

fig, ax = plt.subplots(figsize=(7, 3.6))
shown = ax.scatter(table[:, 0], table[:, 1], c=table[:, 2].clamp(max=0.06), cmap="viridis", s=50)
ax.plot(P, strength, "o", markersize=14, markerfacecolor="none", markeredgecolor=plot.VERMILION, markeredgewidth=2)
ax.set(xscale="log", yscale="log", xlabel="features $P$", ylabel="strength of the penalty", title="sixty random trials")
fig.colorbar(shown, label="RMSE across wells (cut at 0.06)")
plot.alt(
    fig,
    "Sixty random trials in the plane of number of features and strength of the penalty, coloured by error. The strength decides: errors are low between about 0.01 and 1 and high below and above, at almost any number of features. The best trial is circled.",
)

# %% [markdown]
# Look along the two axes: the strength matters, the number of features hardly does, once there are a few dozen. That is Bergstra and Bengio's point, on your own data.
#
# ## Both halves together
#
# ## A regularised network
#
# You have all the parts, and the libraries' versions of them are the same to the last digit, only faster. Here they make a classifier of images. Layers of this kind, twice:
#
# $$ \text{linear without bias}\to\text{batch normalisation}\to\text{ReLU}\to\text{dropout} $$
#
# and a linear layer to the $K$ classes. (Why no bias? The normalisation subtracts it again.) AdamW with decay 0.05 and a peak learning rate of 0.003 on a one-cycle schedule. The rate rises during the first fifth of training and then falls to 0: fast first, fine at the end. Label smoothing 0.1, batches of 256.
#
# ### Exercise 4.36: train a regularised MLP
# Seed torch with `seed` before you make the model and hand the same seed to `fit`, together with `validation`; `weight_decay`, `schedule="one_cycle"` and `loss_fn` are arguments of `fit`. Use the arguments given for width, dropout, decay and smoothing. Return the model in evaluation mode.
#
# The check trains it on 1,500 images of which three in ten carry a wrong label, and asks whether it learned the wrong labels by heart.


# %%
def train_regularised_mlp(
    train: data.Labelled,
    validation: data.Labelled | None = None,
    *,
    epochs: int,
    width: int = 512,
    dropout: float = 0.25,
    weight_decay: float = 0.05,
    smoothing: float = 0.1,
    lr: float = 3e-3,
    seed: int = 0,
) -> nn.Module:
    """Train an MLP with two hidden layers by the recipe above; returns it in evaluation mode. (N, C, H, W) -> logits (N, K)."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs in (train.x[0].numel(), width):
        layers += [nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout)]
    model = nn.Sequential(*layers, nn.Linear(width, len(train.classes)))
    fit(
        model,
        train,
        validation=validation,
        epochs=epochs,
        batch_size=256,
        lr=lr,
        weight_decay=weight_decay,
        schedule="one_cycle",
        loss_fn=nn.CrossEntropyLoss(label_smoothing=smoothing),
        seed=seed,
        progress=False,
    )
    return model.eval()
    ### END SOLUTION


# %%
check(train_regularised_mlp)

# %%
DATA = "glyphs"  # or "fashion_mnist"

everything, test = data.load(DATA), data.load(DATA, "test")
everything = everything.take(sized(6_000, rehearsal=600))
train, validation = everything.split(0.9)

# %% [markdown]
# Over-fitting needs a chance on such easy images, so the cell above takes only 6,000 of them. The next cell trains the same network twice with the same schedule: once without dropout, decay and smoothing, and once with all three.
#
# **Predict.** Which network fits its training images better? Which does better on the test set, and by how much: a tenth of a percent, one percent, five?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
epochs = sized(15, rehearsal=2)
bare = train_regularised_mlp(train, validation, epochs=epochs, dropout=0.0, weight_decay=0.0, smoothing=0.0)
model = train_regularised_mlp(train, validation, epochs=epochs)
for name, one in (("bare", bare), ("regularised", model)):
    print(
        f"{name:12s} {evaluate(one, train):.2%} of its training images right, {evaluate(one, test):.2%} of the test images"
    )

# %% [markdown]
# Both know their training images by heart, to the last one. Yet they are not the same network on images they have not seen: the regularised one is
# ahead by about half a percent. With 10,000 test images the standard error of such an accuracy is a quarter of a percent, and another seed would
# shift it as well. So do not build on a single pair: the table below has several seeds. And all of it is little next to what a convolution brings on
# {day: 05_cnns_1}: regularisation cannot put in what the architecture leaves out, the knowledge that neighbouring pixels belong together.
#
# With the whole training sets, 20 epochs each, and means over several seeds:
#
# | data set | accuracy on the test set | training time |
# |---|---|---|
# | `fashion_mnist` | {ledger: 04_ml_recap.train_regularised_mlp.fashion_mnist.accuracy} | {ledger: 04_ml_recap.train_regularised_mlp.fashion_mnist.seconds} |
# | `fashion_mnist`, bare | {ledger: 04_ml_recap.train_regularised_mlp.fashion_mnist_bare.accuracy} | {ledger: 04_ml_recap.train_regularised_mlp.fashion_mnist_bare.seconds} |
# | `glyphs` | {ledger: 04_ml_recap.train_regularised_mlp.glyphs.accuracy} | {ledger: 04_ml_recap.train_regularised_mlp.glyphs.seconds} |
#
# ## The answer: how few wells are too few?
#
# Back to the company. For 1, 2, 3, 5 and 8 cored wells we train two networks, the one from the beginning and a regularised one, and look at the error in the twelve wells that were not used. A single choice of wells can be lucky, so each point is a mean over four different choices.
#
# The regularised network has dropout, strong weight decay, and one thing that geology tells us: a new well's tools will be calibrated a little differently. So we add to the logs, in training, an offset drawn at random. It is augmentation, as on {day: 05_cnns_1}, and it states a belief: *a shift of the log by 0.1 standard deviations does not change the rock.*
#
# **Predict.** Sketch both curves. Where do they meet?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def shifted(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each sample's logs moved by a random offset, 0.1 standard deviations. x: (N, 5)."""
    return x + 0.1 * torch.randn(x.shape, generator=generator)


def error_elsewhere(numbers: list[int], cured: bool, seed: int) -> float:
    """RMSE of porosity in the unseen wells after learning from the wells with these numbers."""
    near, far, unit = standard(logs.of(*numbers), unseen)
    torch.manual_seed(seed)
    model = estimator(dropout=0.1 if cured else 0.0)
    epochs = sized(max(1, 120 // len(numbers)), rehearsal=1)  # the same number of steps for every number of wells
    fit(
        model, near, epochs=epochs, batch_size=64, lr=3e-3, weight_decay=1.0 if cured else 0.0, schedule="one_cycle",
        augment=shifted if cured else None, loss_fn=F.mse_loss, seed=seed, progress=False,
    )  # fmt: skip
    return unit * F.mse_loss(predict(model, far[0]), far[1]).sqrt().item()


def linear_elsewhere(numbers: list[int]) -> float:
    """The same for a least-squares line through the five logs."""
    known = logs.of(*numbers)
    near, far, unit = standard(known, unseen)
    theta = ridge(near[0].double(), near[1].double(), 0.0)
    return unit * (far[0].double() @ theta - far[1]).square().mean().sqrt().item()


counts = sized([1, 2, 3, 5, 8], rehearsal=[1, 8])
choices = {n: [[(3 * c + i) % 12 for i in range(n)] for c in range(sized(4, rehearsal=1))] for n in counts}
curves = {
    "line": [[linear_elsewhere(numbers) for numbers in choices[n]] for n in counts],
    "network, bare": [[error_elsewhere(w, False, c) for c, w in enumerate(choices[n])] for n in counts],
    "network, regularised": [[error_elsewhere(w, True, c) for c, w in enumerate(choices[n])] for n in counts],
}
fig, ax = plt.subplots(figsize=(7, 3.8))
for shift, (name, rows) in zip((-0.08, 0.0, 0.08), curves.items(), strict=True):
    means = torch.tensor([sum(row) / len(row) for row in rows])
    low, high = (torch.tensor([f(row) for row in rows]) for f in (min, max))
    place = torch.tensor(counts) * (1 + shift)
    ax.errorbar(place, means, yerr=torch.stack([means - low, high - means]), marker="o", capsize=3, label=name)
    print(
        f"{name:22s}RMSE by wells   "
        + "  ".join(f"{n}: {mean:.4f}" for n, mean in zip(counts, means.tolist(), strict=True))
    )
ax.set(xlabel="wells with cores", ylabel="RMSE of porosity in new wells", xscale="log", ylim=(0.016, None))
ax.set_xticks(counts, counts)
ax.minorticks_off()
ax.legend()
plot.alt(
    fig,
    "Error in new wells against the number of cored wells, for a line, a bare and a regularised network, each with bars from the best to the worst choice of wells. All fall with more wells. With one well the regularised network is clearly "
    "better than the bare one, with eight they are about equal.",
)

# %% [markdown]
# Read it as the company would.
#
# - **One well is too few for a bare network.** It does worse in other wells than a straight line does: all its freedom went into that one well. The line, which has six numbers to fit, hardly gains from further wells. Its error is nearly all *bias*, to use this morning's word, and the bare network's excess with one well is *variance*.
# - **Regularised, one well gives what two give to the bare network**, and two come close to three. Dropout, decay and an honest augmentation are worth about a well, and cost nothing.
# - The curves draw together. With eight wells regularisation gains next to nothing, since the data by now determine what was left to chance. What remains is noise, calibration and geology that no fit removes.
# - Look at the bars: with one well, *which* well it is matters as much as what you do with it.
#
# So: one well, with a regularised network, is better than a line, and not by much. From the second to the third the error still falls visibly, and after five each further well buys little. **Three wells, regularised, come within a tenth of what eight would give.** That is an answer with a price tag, and it is the answer for *this* basin, where
# every well is drawn from the same geology. No method can tell the company about a rock type that none of its wells has met.
#
# ## This trains badly
#
# A colleague wrote the program below: a small network with dropout, early stopping, the best epoch restored at the end. It runs without an error, and its estimates are worse than they should be. **Three** lines are missing or wrong. Work by symptoms:
#
# 1. Evaluate the same model twice on the same wells: the `val_loss` is not the same. What is still random?
# 2. Restore the best epoch and evaluate it: it does not have the best `val_loss`, but the last one. What does `state_dict()` return?
# 3. With a patience of 5 it stops although the loss fell in the epoch before. What is counted, and when does the count begin again?
#
# ### Exercise 4.37: find the bug
# Repair the three and change nothing else.


# %%
def find_the_bug(train_x, train_y, val_x, val_y, *, epochs=60, patience=5, lr=0.01, seed=0):
    """Early stopping of a small network. Returns (val_losses, estimate): one loss an epoch, and the best epoch's estimate for val_x (N,).

    x: (N, D) standardised; y: (N,). Three things are wrong.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    D = train_x.shape[1]
    model = nn.Sequential(nn.Linear(D, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1), nn.Flatten(0)).to(
        train_x.dtype
    )
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    best, best_loss, waited, val_losses = None, math.inf, 0, []
    for _ in range(epochs):
        model.train()
        for index in torch.randperm(len(train_x)).split(16):
            loss = F.mse_loss(model(train_x[index]), train_y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            val_loss = F.mse_loss(model(val_x), val_y).item()
        val_losses.append(val_loss)
        if val_loss < best_loss:
            best, best_loss = copy.deepcopy(model.state_dict()), val_loss
            waited = 0
        else:
            waited += 1
            if waited == patience:
                break
    model.load_state_dict(best)
    model.eval()
    with torch.no_grad():
        return val_losses, model(val_x)
    ### END SOLUTION


# %%
(near_x, near_y), (far_x, far_y), _ = standard(logs.of(0), logs.of(1))
val_losses, estimate = find_the_bug(near_x, near_y, far_x, far_y)
print(f"{len(val_losses)} epochs, best val_loss {min(val_losses):.4f} in epoch {val_losses.index(min(val_losses)) + 1}")
print(f"the restored network: {F.mse_loss(estimate, far_y):.4f}")

# %%
check(find_the_bug)

# %% [markdown]
# ## Summary
#
# - In a ravine of condition number $\kappa$, gradient descent takes about $\kappa$ steps, momentum about $\sqrt\kappa$. Adam cures ravines that lie along the axes, which units make; it does not cure those that correlation makes.
# - Adam's moments start at zero and are corrected for it; AdamW decays beside the gradient and not in it. A penalty and decay are the same for gradient descent only.
# - First weights keep the variance: $2/(D_\text{in}+D_\text{out})$ for nearly linear activations, $2/D_\text{in}$ for ReLU. Normalisation enforces the scale afterwards, and its gradient lacks just the two directions that it undoes.
# - Over-fitting is noise in directions that the data hardly determine. With as many features as samples some such direction is nearly empty: the peak of double descent. A penalty shuts it, and so do a larger model with the smallest norm, and stopping early, $\lambda\approx 1/(\eta t)$.
# - Dropout keeps the mean and adds noise, label smoothing gives the logits a finite aim, mixup draws straight lines between examples. Each is an assumption about the world, and can be wrong.
# - Search hyperparameters at random, on logarithmic axes, judged the way the future will judge: across wells.
#
# ### Questions to take along
#
# 1. The gradient of batch normalisation for a batch of two was zero whatever came in. What does that say of training with very small batches?
#
# <details><summary>Answer</summary>
#
# A batch of $N$ loses two of its $N$ directions per feature: its mean and its scale. For $N=2$ nothing is left, for $N=4$ one half, for $N=128$ nearly all remains. And the statistics themselves are noisy estimates. With small batches use layer or group normalisation.
# </details>
#
# 2. You train with Adam and a penalty, and then divide one log's unit by 1,000 without standardising. Does the penalty still do the same?
#
# <details><summary>Answer</summary>
#
# No. That log's weight has to be 1,000 times as large (or as small), so the penalty counts it a million times as much (or as little). Adam's *steps* would not mind the unit, but a penalty is a statement about sizes, and sizes have units. Standardise first, then penalise.
# </details>
#
# 3. The company has one well, and so no second one to validate on. Where does it stop early?
#
# <details><summary>Answer</summary>
#
# It can hold out the deepest third of the well, which at least has other beds. But the well's own calibration is the same above and below, and so
# this validation loss will be too friendly. With one well it is better to choose strengths beforehand, from other basins, and not to tune on it at
# all.
# </details>
#
# **Going further.** Give the race an `adam` with $\beta_2=0.99$, and look at the harsh ravine again. Train `train_regularised_mlp` with one regulariser at a time: which of the three pays for itself? Replace `shifted` by one offset for a whole batch: is a batch-wide shift, which is what calibration does, better than one for each sample?
#
# ## References
#
# - B. T. Polyak (1964). *Some methods of speeding up the convergence of iteration methods.* doi:10.1016/0041-5553(64)90137-5.
# - Y. Nesterov (1983). *A method for solving the convex programming problem with convergence rate O(1/k²).* Doklady Akademii Nauk SSSR 269, 543-547.
# - I. Sutskever, J. Martens, G. Dahl, G. Hinton (2013). *On the importance of initialization and momentum in deep learning.* Proceedings of Machine Learning Research 28(3), 1139-1147.
# - D. P. Kingma, J. Ba (2015). *Adam: a method for stochastic optimization.* arXiv:1412.6980.
# - I. Loshchilov, F. Hutter (2019). *Decoupled weight decay regularization.* arXiv:1711.05101.
# - X. Glorot, Y. Bengio (2010). *Understanding the difficulty of training deep feedforward neural networks.* Proceedings of Machine Learning Research 9, 249-256.
# - K. He, X. Zhang, S. Ren, J. Sun (2015). *Delving deep into rectifiers.* arXiv:1502.01852.
# - S. Ioffe, C. Szegedy (2015). *Batch normalization.* arXiv:1502.03167.
# - S. Santurkar, D. Tsipras, A. Ilyas, A. Madry (2018). *How does batch normalization help optimization?* arXiv:1805.11604.
# - J. L. Ba, J. R. Kiros, G. E. Hinton (2016). *Layer normalization.* arXiv:1607.06450.
# - B. Zhang, R. Sennrich (2019). *Root mean square layer normalization.* arXiv:1910.07467.
# - A. Rahimi, B. Recht (2007). *Random features for large-scale kernel machines.* Advances in Neural Information Processing Systems 20.
# - M. Belkin, D. Hsu, S. Ma, S. Mandal (2019). *Reconciling modern machine learning practice and the bias-variance trade-off.* arXiv:1812.11118.
# - P. Nakkiran, P. Venkat, S. Kakade, T. Ma (2021). *Optimal regularization can mitigate double descent.* arXiv:2003.01897.
# - A. E. Hoerl, R. W. Kennard (1970). *Ridge regression: biased estimation for nonorthogonal problems.* doi:10.1080/00401706.1970.10488634.
# - N. Srivastava and others (2014). *Dropout: a simple way to prevent neural networks from overfitting.* Journal of Machine Learning Research 15, 1929-1958.
# - X. Li, S. Chen, X. Hu, J. Yang (2019). *Understanding the disharmony between dropout and batch normalization by variance shift.* arXiv:1801.05134.
# - S. Wager, S. Wang, P. Liang (2013). *Dropout training as adaptive regularization.* arXiv:1307.1493.
# - C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna (2016). *Rethinking the Inception architecture.* arXiv:1512.00567. Label smoothing.
# - H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz (2018). *mixup: beyond empirical risk minimization.* arXiv:1710.09412.
# - J. Bergstra, Y. Bengio (2012). *Random search for hyper-parameter optimization.* Journal of Machine Learning Research 13, 281-305.
# - H. Xiao, K. Rasul, R. Vollgraf (2017). *Fashion-MNIST.* arXiv:1708.07747. The images.
