# ---
# title: "Recurrent networks and LSTMs: CO2 and El Nino next year"
# objectives:
#   - cut a series into windows, and judge a forecast against the seasonal naive without letting the test period leak
#   - write a recurrent cell and its forward pass, and derive its backward pass through time
#   - measure why gradients vanish and explode, clip the one and gate the other
#   - write an LSTM that takes the weights of `nn.LSTM`, gives the same numbers, and is not slow
#   - forecast carbon dioxide and El Nino a year ahead with an honest error bar
#   - train a character model, compare it with counting, sample from it and search with a beam
# prerequisites: [02_pytorch_1.morning, 03_pytorch_2.morning, 04_ml_recap.morning, 06_cnns_2.probability]
# minutes: {cpu: 3}
# data: [co2, el_nino, names]
# ---

# %%
import math
import os
import time
from collections import Counter

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.patches import FancyBboxPatch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized
from dlmodule.training import fit, predict

check = checks("10_rnns")
plot.use_style()

# %% [markdown]
# ## The question: next year's CO2, and the next El Nino
#
# Every month since 1958 a station on Mauna Loa, Hawaii, has measured the carbon dioxide of the air. Every month since 1950 there is a mean temperature
# of the sea off Peru. Fishermen there gave the warm years their name, El Niño. What will both records show in the next twelve months, and how sure are we?
#
# Both records are real, and both come with the course. We keep the last years apart as a **test period**: the model never sees them before it is judged.

# %%
co2, nino = data.co2(), data.el_nino()
TEST = {"co2": 120, "el_nino": 240}  # months kept apart: ten years, and twenty, as El Ninos are rare
fig, axes = plt.subplots(2, 1, figsize=(8, 5), layout="constrained")
for ax, series in zip(axes, (co2, nino), strict=True):
    ax.plot(series.times, series.values, linewidth=1.2, linestyle="-")
    ax.axvspan(series.times[-TEST[series.name]], series.times[-1], color=plot.ORANGE, alpha=0.2, label="test period")
    ax.set(ylabel=series.unit, title=series.name)
    ax.legend(loc="upper left")
plot.alt(fig, "Two monthly records. Carbon dioxide rises from 315 to 372 ppm with a yearly wave. The sea off Peru swings by six degrees each year; a few years are much warmer.")  # fmt: skip

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N, T$ | sequences in a batch, time steps | |
# | $D, H$ | features per step, hidden features | |
# | $V$ | characters in the vocabulary | |
# | $x_t$ | input at step $t$ | `(N, D)` |
# | $h_t, c_t$ | hidden state, cell state | `(N, H)` |
# | $W_x, W_h, b$ | weights of the input, weights of the state, bias | `(H, D)`, `(H, H)`, `(H,)`; four times as tall in an LSTM |
# | $\delta_t$ | gradient of the loss $L$ with respect to $h_t$ | `(N, H)` |
# | $\rho$ | largest singular value of $W_h$ | one number |
# | $s, v$ | characters before; the next one | |
# | $N_s, U_s$ | how often $s$ occurs; how many different characters follow it | |
# | $\sigma(a)$ | the sigmoid of $a$, which opens a gate | |
# | $i, f, o$ and $r, z$ | gates of an LSTM, and of a GRU | `(N, H)` each |
# | $g, n$ | candidates for the new state, in an LSTM and in a GRU | `(N, H)` each |
#
# Tensors are **batch first**, `(N, T, D)`. PyTorch's own layers expect `(T, N, D)` unless you say `batch_first=True`.
#
# The slot is three hours. The slides take the first fifty minutes, with a break of ten; this notebook has two hours.

# %% [markdown]
# ## From a series to examples
#
# A network learns from pairs. Slide a **window** over the record: `inputs` months are the input, the next `horizon` months are the target. Then move on by one month.
#
# **A worked example.** The record is 1, 2, 3, 4, 5, with `inputs=2` and `horizon=1`. The windows are (1, 2 → 3), (2, 3 → 4) and (3, 4 → 5). Five
# values give $5-2-1+1=3$ windows.
#
# ### Exercise 10.1: windows
# Return all windows, oldest first, as two tensors.


# %%
def window_series(values: Tensor, inputs: int, horizon: int) -> tuple[Tensor, Tensor]:
    """values: (T,); returns x (N, inputs) and y (N, horizon) with N = T - inputs - horizon + 1."""
    ### BEGIN SOLUTION
    windows = values.unfold(0, inputs + horizon, 1)
    return windows[:, :inputs], windows[:, inputs:]
    ### END SOLUTION


# %%
check(window_series)

# %% [markdown]
# ### The simplest forecast
#
# The **trivial baseline** of a seasonal series is the **seasonal naive**: next March will be like last March. It costs nothing, and a model that does
# not beat it has learned nothing.
#
# ### Exercise 10.2: the seasonal naive
# Repeat the last `period` values of each history, as often as `horizon` asks for. A horizon may be longer than a period.


# %%
def seasonal_naive(history: Tensor, horizon: int, period: int) -> Tensor:
    """history: (..., T) with T >= period; returns (..., horizon), the last season repeated."""
    ### BEGIN SOLUTION
    step = torch.arange(horizon) % period
    return history[..., history.shape[-1] - period + step]
    ### END SOLUTION


# %%
check(seasonal_naive)

# %% [markdown]
# We score a forecast by its root mean square error (**RMSE**) over all windows of the test period. CO2 has a trend as well. A second baseline therefore adds
# the change of the last year, "naive with drift".
#
# **Predict.** CO2 rises by about 1.5 ppm each year. How large is the RMSE of the seasonal naive, roughly? Does the drift help?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def rmse(forecast: Tensor, truth: Tensor) -> float:
    """Root mean square error over every window and every lead."""
    return (forecast - truth).square().mean().sqrt().item()


def test_windows(series: data.Series, inputs: int = 24, horizon: int = 12) -> tuple[Tensor, Tensor]:
    """Histories (M, inputs) and truths (M, horizon): every truth lies in the test period."""
    return window_series(series.values[len(series) - TEST[series.name] - inputs :], inputs, horizon)


for series in (co2, nino):
    x, y = test_windows(series)
    naive = seasonal_naive(x, 12, 12)
    drift = naive + x[:, -1:] - x[:, -13:-12]
    print(f"{series.name:8} seasonal naive {rmse(naive, y):.2f}   with drift {rmse(drift, y):.2f} {series.unit}")

# %% [markdown]
# For CO2 the naive misses by about one year's rise, and the drift mends half of it. For the sea the drift does harm: a year warmer than the last is
# usually followed by a cooler one.
#
# A linear regression on 24 months would be the next thing to try. It has one weight for each lag, and another length of history needs another
# model. We want a network that reads a sequence of any length, one step after another.

# %% [markdown]
# ## Recurrence: one set of weights, used at every step
#
# **The idea in one sentence.** Keep a **hidden state** $h$, a summary of all that came before, and update it with the same small network at every step.
#
# $$ h_t = \tanh(x_t W_x^\top + h_{t-1} W_h^\top + b) $$
#
# This is a **recurrent neural network** (RNN; Elman, 1990). Its parameters do not depend on $T$. The tanh keeps the state between $-1$ and $1$. Without it
# the whole network would be linear in its past.


# %%
def box(ax: plt.Axes, x: float, y: float, text: str, colour: str, width: float = 0.9, height: float = 0.6) -> None:
    """A rounded box with its text, centred at (x, y)."""
    corner = (x - width / 2, y - height / 2)
    ax.add_patch(FancyBboxPatch(corner, width, height, boxstyle="round,pad=0.03", fc=colour, ec="0.2", alpha=0.85))
    ax.text(x, y, text, ha="center", va="center", fontsize=11)


def arrow(ax: plt.Axes, start: tuple[float, float], end: tuple[float, float], label: str = "") -> None:
    """An arrow; its label, a shape, stands beside its middle."""
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "lw": 1.6})
    if label:
        ax.text((start[0] + end[0]) / 2 + 0.05, (start[1] + end[1]) / 2 + 0.1, label, fontsize=9, color="0.3")


fig, ax = plt.subplots(figsize=(9, 3.2))
for t in range(4):
    box(ax, 2 * t, 0, f"$x_{t + 1}$", "#DDEBF7")
    box(ax, 2 * t, 1.3, "cell", "#F9D9B8")
    box(ax, 2 * t, 2.6, f"$h_{t + 1}$", "#CFEBDD")
    arrow(ax, (2 * t, 0.35), (2 * t, 0.95), "N, D")
    arrow(ax, (2 * t, 1.65), (2 * t, 2.25), "N, H")
    arrow(ax, (2 * t - 1.5, 1.3), (2 * t - 0.5, 1.3), "N, H")
ax.set(xlim=(-1.9, 7), ylim=(-0.4, 3))
ax.set_axis_off()
plot.alt(fig, "Four copies of one cell in a row. Each takes an input from below and the state from its left, and gives the new state upwards and to its right.")  # fmt: skip

# %% [markdown]
# The four cells are *one* cell, drawn four times: this is the network **unrolled** in time.
#
# **A worked number.** Let $D=H=1$, $W_x=1$, $W_h=0.5$, $b=0$, and the input be 1, 0, 0. Then $h_1=\tanh 1=0.76$, $h_2=\tanh 0.38=0.36$ and
# $h_3=\tanh 0.18=0.18$. The state remembers the first input, and forgets half of it at each step.
#
# ### Exercise 10.3: a recurrent cell
# One step of the formula, for a batch.


# %%
def rnn_cell(x: Tensor, h: Tensor, w_x: Tensor, w_h: Tensor, b: Tensor) -> Tensor:
    """x: (N, D), h: (N, H), w_x: (H, D), w_h: (H, H), b: (H,); returns the new state (N, H)."""
    ### BEGIN SOLUTION
    from_input = F.linear(x, w_x)
    from_state = F.linear(h, w_h, b)
    return torch.tanh(from_input + from_state)
    ### END SOLUTION


# %%
check(rnn_cell)

# %% [markdown]
# ### Exercise 10.4: the whole sequence
# Run the cell over all steps. Return the state after every step, and the last one on its own.


# %%
def rnn_forward(x: Tensor, h: Tensor, w_x: Tensor, w_h: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """x: (N, T, D), h: (N, H) the state before the first step; returns all states (N, T, H) and the last state (N, H)."""
    ### BEGIN SOLUTION
    states = []
    for x_t in x.unbind(1):
        h = rnn_cell(x_t, h, w_x, w_h, b)
        states.append(h)
    return torch.stack(states, dim=1), h
    ### END SOLUTION


# %%
check(rnn_forward)

# %% [markdown]
# A test that you can use on any model of sequences: **change the future, and look at the past**. If an earlier output moves, the model sees what it should not.

# %%
torch.manual_seed(0)
weights = (torch.randn(4, 3) / 2, torch.randn(4, 4) / 2, torch.zeros(4))
x = torch.randn(2, 8, 3)
changed = x.clone()
changed[:, 5:] += 1
difference = rnn_forward(x, torch.zeros(2, 4), *weights)[0] - rnn_forward(changed, torch.zeros(2, 4), *weights)[0]
print("largest change at each step:", [f"{v:.2f}" for v in difference.abs().amax((0, 2)).tolist()])

# %% [markdown]
# ## Backward through time, and why it fails
#
# Let the loss look at the last state only. By the chain rule its gradient goes back through every step. With $a_t$ the number inside the tanh and
# $h_t=\tanh a_t$, the derivative of the tanh is $1-h_t^2$. A state $h_{t-1}$ acts on the loss only through $a_t$. Hence
#
# $$ \delta_{t-1} = \big(\delta_t\odot(1-h_t^2)\big)\,W_h . $$
#
# This is **backpropagation through time** (Werbos, 1990). It is the backward pass of {day: 02_pytorch_1}, along a chain in which every link has the same weights.
#
# Over $T$ steps the gradient is multiplied $T$ times by $W_h$ and by factors of at most 1. Let $\rho$ be the largest singular value of $W_h$. Then
#
# $$ \lVert\delta_{0}\rVert \le \rho^{T}\,\lVert\delta_T\rVert . $$
#
# If $\rho<1$ the gradient **vanishes** exponentially: the network cannot learn from what happened long ago. If $\rho>1$ it *may* **explode**.
# Bengio, Simard and Frasconi (1994) showed that a network which stores information robustly must have the first problem.
#
# **A worked number.** Fifty steps at a factor of 0.9 leave $0.9^{50}=0.005$. Fifty steps at 1.1 make $1.1^{50}=117$.
#
# ### Exercise 10.5: the gradient at each step
# Given the states of one sequence and the gradient at the last, go back by the formula. Return the norm of the gradient at every step,
# oldest first. Use no autograd: this is the backward pass, by hand.


# %%
def bptt_gradient_norms(h: Tensor, w_h: Tensor, last: Tensor) -> Tensor:
    """h: (T, H) states h_1 ... h_T of a tanh RNN, w_h: (H, H), last: (H,) = dL/dh_T.

    Returns (T,): the norm of dL/dh_t for t = 1 ... T.
    """
    ### BEGIN SOLUTION
    delta, norms = last, [last.norm()]
    for state in h[1:].flip(0):
        delta = (delta * (1 - state**2)) @ w_h
        norms.append(delta.norm())
    return torch.stack(norms[::-1])
    ### END SOLUTION


# %%
check(bptt_gradient_norms)

# %% [markdown]
# **Predict.** Fifty steps, 64 hidden features, random inputs. The weights are random rotations times 0.8, 1.0 or 1.5. Which of the three gradients
# explodes, if any does? Remember the factor $1-h^2$.

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
torch.manual_seed(0)
rotation = torch.linalg.qr(torch.randn(64, 64)).Q
fig, ax = plt.subplots(figsize=(7, 3.6))
for scale in (0.8, 1.0, 1.5):
    states, _ = rnn_forward(0.3 * torch.randn(1, 50, 1), torch.zeros(1, 64), torch.randn(64, 1), scale * rotation, torch.zeros(64))  # fmt: skip
    norms = bptt_gradient_norms(states[0], scale * rotation, torch.ones(64) / 8)
    ax.semilogy(range(49, -1, -1), norms, label=f"rotation times {scale}")
    print(f"rotation times {scale}: over 49 steps the gradient is multiplied by {norms[0]:.1e}")
ax.set(xlabel="steps back from the loss", ylabel="norm of the gradient")
ax.legend()
plot.alt(fig, "Norm of the gradient against the steps back, on a logarithmic axis, for recurrent weights of three sizes: straight lines, whose slopes differ.")  # fmt: skip

# %% [markdown]
# A straight line on a logarithmic axis is an exponential. A factor of 1 is not enough: the tanh takes its share, and the gradient vanishes. At 1.5 it grows, but far less than
# $1.5^{49}$, which is 400 million. A larger state makes $1-h^2$ smaller: the tanh is **saturated**. Where states pass near zero the full factor acts.
# Therefore one batch in many can have a gradient a thousand times its usual size.
#
# ### The cure for explosion: clip
#
# An exploding gradient still has a useful direction. So keep the direction and bound the length (Pascanu, Mikolov and Bengio, 2013). Let $g$ be *all* gradients
# of the model, as one long vector. Replace $g$ by $g\cdot\min(1, m/\lVert g\rVert)$ for a largest norm $m$.
#
# **A worked number.** Two parameters have gradients $(3, 0)$ and $(0, 4)$. The norm of all is 5. With $m=1$ they become $(0.6, 0)$ and $(0, 0.8)$.
#
# ### Exercise 10.6: clip the norm
# Change the gradients in place and return the norm *before* clipping. Skip parameters without a gradient. Leave short gradients exactly as they are.


# %%
def clip_grad_norm_(parameters: list[Tensor], max_norm: float) -> Tensor:
    """Bound the norm of all gradients together, in place. Returns the norm before, a scalar."""
    ### BEGIN SOLUTION
    gradients = [p.grad for p in parameters if p.grad is not None]
    total = torch.stack([g.norm() for g in gradients]).norm()
    if total > max_norm:
        for g in gradients:
            g.mul_(max_norm / total)
    return total
    ### END SOLUTION


# %%
check(clip_grad_norm_)

# %% [markdown]
# Clip *after* `backward` and *before* the optimiser's step. Clipping before `backward` changes nothing: there is no gradient yet.
#
# ## The LSTM: a state that is added to
#
# A vanishing gradient has no direction left to rescue. The cure is another path. On {day: 06_cnns_2} a shortcut turned a product into a sum; here the same thought came
# eighteen years earlier.
#
# **The idea in one sentence.** Keep a second state $c$, change it by *adding*, and let small networks, the **gates**, decide what to keep, what to
# add and what to show.
#
# $$ \begin{aligned} (i, f, g, o) &= x_t W_x^\top + h_{t-1}W_h^\top + b \\ c_t &= \sigma(f)\odot c_{t-1} + \sigma(i)\odot\tanh(g) \\ h_t &= \sigma(o)\odot\tanh(c_t) \end{aligned} $$
#
# $W_x$ and $W_h$ have $4H$ rows: four blocks, in PyTorch's order **input, forget, candidate, output**. This is the **long short-term memory** (LSTM;
# Hochreiter and Schmidhuber, 1997). The forget gate came three years later (Gers, Schmidhuber and Cummins, 2000).

# %%
fig, ax = plt.subplots(figsize=(9, 3.8))
arrow(ax, (-1, 2.6), (1.65, 2.6), "$c_{t-1}$: N, H")
box(ax, 2, 2.6, "×", "#F4B8A0", 0.6)
arrow(ax, (2.35, 2.6), (3.65, 2.6))
box(ax, 4, 2.6, "+", "#CFEBDD", 0.6)
arrow(ax, (4.35, 2.6), (8.2, 2.6), "$c_t$: N, H")
arrow(ax, (6, 2.6), (6, 1.95))
box(ax, 6, 1.6, "tanh, ×", "#F4B8A0", 1.1)
arrow(ax, (6.6, 1.6), (8.2, 1.6), "$h_t$: N, H")
arrow(ax, (-1, 0), (0.5, 0), "$x_t, h_{t-1}$")
box(ax, 3.4, 0, "one matrix product: N, 4H", "#DDEBF7", 5.6)
for x_gate, name, target in ((2, "σ(f)", (2, 2.25)), (3.6, "σ(i)·tanh(g)", (4, 2.25)), (5.5, "σ(o)", (5.8, 1.25))):
    arrow(ax, (x_gate, 0.35), target)
    ax.text(x_gate - 0.08, 0.7, name, ha="right", fontsize=11)
ax.set(xlim=(-1.2, 8.6), ylim=(-0.5, 3.1))
ax.set_axis_off()
plot.alt(fig, "An LSTM cell. The cell state runs along the top: it is multiplied by the forget gate, then input gate times candidate is added. The hidden state is tanh of the cell state times the output gate.")  # fmt: skip

# %% [markdown]
# Along the top line the gradient meets one factor a step, $\sigma(f)$, and no matrix. If the gate is open, it is near 1.
#
# **A worked number.** With zero weights the bias decides. A forget bias of 0 gives $\sigma(0)=0.5$: half of the memory is gone after one step. Biases 1, 2
# and 3 halve it in 2.2, 5.5 and 14 steps. To remember a year of months *before any training* you need about 3.
# PyTorch starts near 0; Jozefowicz, Zaremba and Sutskever (2015) found that a bias of 1 helps.
#
# ### Exercise 10.7: an LSTM cell
# One step for a batch, with the gates in PyTorch's order: i, f, g, o.


# %%
def lstm_cell(x: Tensor, h: Tensor, c: Tensor, w_x: Tensor, w_h: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """x: (N, D), h and c: (N, H), w_x: (4H, D), w_h: (4H, H), b: (4H,); returns the new h and c, (N, H) each."""
    ### BEGIN SOLUTION
    i, f, g, o = (x @ w_x.T + h @ w_h.T + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c
    ### END SOLUTION


# %%
check(lstm_cell)

# %% [markdown]
# **Predict.** Below, the gradient of the last state with respect to the state $k$ steps earlier, for an RNN and for LSTMs with forget biases 0, 1 and 3. All weights
# are random and untrained. Which bias lets the gradient live for a year of months?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
torch.manual_seed(0)
steps, hidden = 48, 32
w_x, w_h = torch.randn(4 * hidden, 1) / hidden**0.5, torch.randn(4 * hidden, hidden) / (3 * hidden) ** 0.5
series_x = torch.randn(steps, 1, 1)


def gradient_by_lag(forget_bias: float, scale: float = 1.0) -> list[float]:
    """Norm of the gradient of sum(h_T) with respect to c_t, by lag 0 ... steps - 1; ``scale`` multiplies the recurrent weights."""
    b = torch.zeros(4 * hidden)
    b[hidden : 2 * hidden] = forget_bias
    h, c, cells = torch.zeros(1, hidden), torch.zeros(1, hidden, requires_grad=True), []
    for x_t in series_x:
        h, c = lstm_cell(x_t, h, c, w_x, scale * w_h, b)
        cells.append(c)
    return [g.norm().item() for g in reversed(torch.autograd.grad(h.sum(), cells))]


fig, ax = plt.subplots(figsize=(7, 3.6))
states, _ = rnn_forward(series_x.movedim(1, 0).reshape(1, steps, 1), torch.zeros(1, hidden), w_x[:hidden], w_h[:hidden], torch.zeros(hidden))  # fmt: skip
ax.semilogy(bptt_gradient_norms(states[0], w_h[:hidden], torch.ones(hidden)).flip(0), label="RNN")
for forget_bias in (0.0, 1.0, 3.0):
    by_lag = gradient_by_lag(forget_bias)
    ax.semilogy(by_lag, label=f"LSTM, forget bias {forget_bias:g}")
    print(f"forget bias {forget_bias:g}: after 12 steps {by_lag[12] / by_lag[0]:.1e} of the gradient is left")
ax.axvline(12, color="0.7", linewidth=1, linestyle=":")
ax.set(xlabel="lag (months)", ylabel="norm of the gradient")
ax.legend()
plot.alt(fig, "Norm of the gradient against the lag on a logarithmic axis. It falls fastest for the RNN, more slowly for LSTMs, and slowest with the largest forget bias.")  # fmt: skip

# %% [markdown]
# Move the forget bias, and the size of the recurrent weights. Which of the two sets the memory? What do large recurrent weights do to the gradient?


# %%
def memory(forget_bias: float, recurrent: float) -> None:
    """The gradient that is left at each lag."""
    by_lag = torch.tensor(gradient_by_lag(forget_bias, recurrent))
    fig, ax = plt.subplots(figsize=(5.6, 3.2))
    ax.semilogy(by_lag / by_lag[0])
    ax.axvline(12, color="0.7", linewidth=1, linestyle=":")
    ax.set(xlabel="lag (months)", ylabel="share of the gradient", ylim=(1e-8, 10))
    plot.alt(fig, f"Forget bias {forget_bias:g}, recurrent weights times {recurrent:g}: after 12 months {by_lag[12] / by_lag[0]:.1e} of the gradient is left.")  # fmt: skip


plot.slider(memory, forget_bias=[-1.0, 0.0, 1.0, 2.0, 3.0, 5.0], recurrent=[0.0, 0.5, 1.0, 2.0, 4.0], start={"forget_bias": 1.0, "recurrent": 1.0}, still=[0.0, 1.0, 3.0])  # fmt: skip

# %% [markdown]
# ### Exercise 10.8: the layer
# Now the whole layer, with the parameter names of `nn.LSTM`, so that its `state_dict` loads into yours. Two tricks make it fast:
#
# - The inputs of *all* steps are known. Multiply them by $W_x$ in **one** product before the loop.
# - Inside the loop, one product with $W_h$ serves all four gates.
#
# `state` is `(h, c)`, each of shape `(1, N, H)` as in PyTorch: the first axis counts layers, and `batch_first` leaves it alone. Start from zeros if it is `None`.


# %%
class LSTM(nn.Module):
    """One layer, batch first, equal to ``nn.LSTM(input_size, hidden_size, batch_first=True)``."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        bound = hidden_size**-0.5
        self.hidden_size = hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(4 * hidden_size, input_size).uniform_(-bound, bound))
        self.weight_hh_l0 = nn.Parameter(torch.empty(4 * hidden_size, hidden_size).uniform_(-bound, bound))
        self.bias_ih_l0 = nn.Parameter(torch.empty(4 * hidden_size).uniform_(-bound, bound))
        self.bias_hh_l0 = nn.Parameter(torch.empty(4 * hidden_size).uniform_(-bound, bound))

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x: (N, T, D); returns all hidden states (N, T, H) and the last (h, c), each (1, N, H)."""
        ### BEGIN SOLUTION
        zeros = x.new_zeros(len(x), self.hidden_size)
        h, c = (zeros, zeros) if state is None else (state[0][0], state[1][0])
        from_input = F.linear(x, self.weight_ih_l0, self.bias_ih_l0 + self.bias_hh_l0)
        states = []
        for z in from_input.unbind(1):
            i, f, g, o = torch.addmm(z, h, self.weight_hh_l0.T).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            states.append(h)
        return torch.stack(states, dim=1), (h[None], c[None])
        ### END SOLUTION


# %%
check(LSTM)

# %% [markdown]
# Load PyTorch's weights, compare the numbers, and take the time. The slow rival computes each gate by itself at each step, as the formula reads.
#
# **Predict.** The number of multiplications is the same in all three. How many times as fast as the slow rival is your layer? And `nn.LSTM`?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
class PerGateLSTM(LSTM):
    """The same layer, written as the formula reads: eight products a step."""

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        h = c = x.new_zeros(len(x), self.hidden_size)
        gates = [p.chunk(4) for p in (self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0)]
        states = []
        for t in range(x.shape[1]):
            i, f, g, o = (x[:, t] @ w.T + p + h @ v.T + q for w, v, p, q in zip(*gates, strict=True))
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            states.append(h)
        return torch.stack(states, dim=1), (h[None], c[None])


def seconds(model: nn.Module, x: Tensor, repeats: int) -> float:
    """The shortest time of a forward and a backward pass."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        model(x)[0].sum().backward()
        times.append(time.perf_counter() - start)
    return min(times)


x, reference = torch.randn(32, 100, 64), nn.LSTM(64, 64, batch_first=True)
mine, per_gate = LSTM(64, 64), PerGateLSTM(64, 64)
for model in (mine, per_gate):
    model.load_state_dict(reference.state_dict())
print(f"largest difference from nn.LSTM: {(mine(x)[0] - reference(x)[0]).abs().max():.1e}")
took = {name: seconds(model, x, sized(10, rehearsal=2)) for name, model in (("per gate", per_gate), ("yours", mine), ("nn.LSTM", reference))}  # fmt: skip
for name, took_s in took.items():
    print(f"{name:9} {1000 * took_s:6.1f} ms, {took['per gate'] / took_s:.1f} times as fast as the per-gate loop")

# %% [markdown]
# The numbers agree to rounding. On two cores, in three runs, the fused layer was 2.1 to 2.5 times as fast as the per-gate loop, and `nn.LSTM` 6 to 8 times: it runs
# the loop itself in C++. From here on we use `nn.LSTM`.
#
# ## GRU: two gates are nearly enough
#
# The **gated recurrent unit** (GRU; Cho and others, 2014) has one state and two gates, reset $r$ and update $z$:
#
# $$ \begin{aligned} r &= \sigma(x W_{xr}^\top + b_{xr} + hW_{hr}^\top + b_{hr}), \qquad z = \sigma(x W_{xz}^\top + b_{xz} + hW_{hz}^\top + b_{hz}) \\ n &= \tanh\big(x W_{xn}^\top + b_{xn} + r\odot(hW_{hn}^\top + b_{hn})\big), \qquad h' = (1-z)\odot n + z\odot h \end{aligned} $$
#
# Read it in words: $r$ decides how much of the old state the candidate $n$ may see, and $z$ how much of the old state stays.

# %%
plot.diagram(
    [
        "[$h, x$]",
        plot.branches(
            plot.branches("input: $h$ -> N, H", "layer: sigmoid | update z -> N, H", join="×"),
            plot.branches(
                [plot.branches("input: $hW_{hn}^T + b_{hn}$ -> N, H", "layer: sigmoid | reset r -> N, H", join="×"), "layer: tanh | with $x$: candidate n -> N, H"],
                ["layer: sigmoid | the same z", "operation: 1 - z -> N, H"],
                join="×",
            ),
            join="+",
        ),
        "$h'$ -> N, H",
    ],
    title="a GRU cell",
)  # fmt: skip

# %% [markdown]
# **A worked number.** Let $h=0.8$, and let the gates and the candidate be $z=0.75$ and $n=-0.4$. Then $h'=0.25\cdot(-0.4)+0.75\cdot0.8=0.5$: three quarters of the old state stay.
#
# PyTorch stacks the blocks as $r, z, n$ and resets *after* the matrix product, as written here. Greff and others (2017) compared such variants of the LSTM, and none was
# much better than the original.
#
# ### Exercise 10.9: a GRU
# As before: the parameter names of `nn.GRU`, one product for the inputs, batch first. `state` is `(1, N, H)` or `None`.


# %%
class GRU(nn.Module):
    """One layer, batch first, equal to ``nn.GRU(input_size, hidden_size, batch_first=True)``."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        bound = hidden_size**-0.5
        self.hidden_size = hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(3 * hidden_size, input_size).uniform_(-bound, bound))
        self.weight_hh_l0 = nn.Parameter(torch.empty(3 * hidden_size, hidden_size).uniform_(-bound, bound))
        self.bias_ih_l0 = nn.Parameter(torch.empty(3 * hidden_size).uniform_(-bound, bound))
        self.bias_hh_l0 = nn.Parameter(torch.empty(3 * hidden_size).uniform_(-bound, bound))

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x: (N, T, D); returns all states (N, T, H) and the last one (1, N, H)."""
        ### BEGIN SOLUTION
        h = x.new_zeros(len(x), self.hidden_size) if state is None else state[0]
        states = []
        for from_input in F.linear(x, self.weight_ih_l0, self.bias_ih_l0).unbind(1):
            x_r, x_z, x_n = from_input.chunk(3, dim=1)
            h_r, h_z, h_n = F.linear(h, self.weight_hh_l0, self.bias_hh_l0).chunk(3, dim=1)
            z = (x_z + h_z).sigmoid()
            n = (x_n + (x_r + h_r).sigmoid() * h_n).tanh()
            h = (1 - z) * n + z * h
            states.append(h)
        return torch.stack(states, dim=1), h[None]
        ### END SOLUTION


# %%
check(GRU)

# %% [markdown]
# ## Sequences of unequal length
#
# Names, sentences and earthquakes differ in length; a tensor does not. **Pad** the short ones with zeros, and then the last output of a short
# sequence is the state after many zeros. **Packing** tells the layer where each one ends. A **mask** tells everything after it.
#

# %%
names = ["anna", "bo", "eve"]
letters = sorted((len(name), name) for name in names)[::-1]
fig, ax = plt.subplots(figsize=(5.2, 2.4), layout="constrained")
for row, (length, name) in enumerate(letters):
    for step in range(4):
        real = step < length
        ax.add_patch(plt.Rectangle((step, row), 1, 1, fc=plot.SKY if real else "white", ec="0.3"))
        ax.text(
            step + 0.5,
            row + 0.5,
            name[step] if real else "0",
            ha="center",
            va="center",
            color="black" if real else "0.6",
        )
ax.set(xlim=(0, 4), ylim=(3, 0), xticks=[k + 0.5 for k in range(4)], yticks=[])
ax.set_xticklabels([f"step {k + 1}\n{sum(length > k for length, _ in letters)} run" for k in range(4)])
ax.tick_params(length=0)
plot.alt(fig, "Three names of 4, 3 and 2 letters as rows, the longest first, padded with zeros to four steps. The real letters form a staircase: 3, 3, 2 and 1 sequences run at the four steps.")  # fmt: skip

# %% [markdown]
# The coloured staircase is what a packed sequence holds: at each step only the sequences that still run. PyTorch calls these counts `batch_sizes`, here 3, 3, 2, 1. The mask is true where the picture is coloured.
#
# ### Exercise 10.10: pack and mask
# Run `lstm` over sequences of unequal length. Return the padded outputs, the state after each sequence's own last step, and a mask that is true on real
# steps. `pad_sequence`, `pack_padded_sequence(..., enforce_sorted=False)` and `pad_packed_sequence` do the work.


# %%
def pack_and_mask(lstm: nn.LSTM, sequences: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """lstm: one layer, batch first; sequences: N tensors (T_i, D).

    Returns outputs (N, T, H) with zeros after each end, last states (N, H), mask (N, T) of bool; T is the longest T_i.
    """
    ### BEGIN SOLUTION
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    padded = pad_sequence(sequences, batch_first=True)
    packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
    outputs, (h, _) = lstm(packed)
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    return pad_packed_sequence(outputs, batch_first=True)[0], h[0], mask
    ### END SOLUTION


# %%
check(pack_and_mask)

# %% [markdown]
# ## Forecasting carbon dioxide
#
# Three decisions matter more than the size of the network.
#
# **What the network sees.** CO2 in ppm rises beyond every value of the training years, and a network is poor beyond its data. The change over twelve months
# does not rise like this. So the network sees, for each of the last 12 months, the change since a year earlier. It predicts what must be added to the seasonal naive.
#
# **What it must not see.** To scale inputs you need a mean and a standard deviation. Take them from the months that the network is fitted to. Statistics
# of the whole record carry the test period into the training: a **leak**. So do windows whose targets reach into it.
#
# **How sure it is.** The error on the months that it was fitted to is too small. Keep `held` months before the test period out of the fit, forecast them, and take the
# RMSE at each lead: next month has a smaller error bar than next December.

# %% [markdown]
# | months | oldest ... | `held` | `test` |
# |---|---|---|---|
# | used for | fit and scaling | error bar | judging, once |


# %%
class Forecaster(nn.Module):
    """An LSTM that reads (N, T, D), and a linear layer on its last state: (N, horizon). It starts at zero."""

    def __init__(self, features: int, hidden: int, horizon: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, horizon)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


plot.diagram(
    ["input: yearly change -> N, 12, 1", "LSTM | 32 hidden -> N, 12, 32", "operation: last step -> N, 32", "linear -> N, 12", "data: added to the naive"],
    title="Forecaster",
)  # fmt: skip

# %% [markdown]
# ### Exercise 10.11: forecast CO2
# An **origin** is the moment at which a forecast is made. There are `test + 1` of them: just before the test period, after each of its months, and the last at the end of the
# record. From each, forecast the next `horizon` months.
#
# 1. Split: `past` is all but the last `test` months; fit on `past` without its last `held` months.
# 2. Windows of `inputs` and `horizon` months. The input is `yearly_change(x)`, the target `y` minus the seasonal naive of `x`. Scale *both* by the mean and
#    the standard deviation of the inputs `yearly_change(x)` of the fit windows.
# 3. `torch.manual_seed(seed)`, then `Forecaster(1, hidden, horizon)`, then `fit` with `epochs`, batches of 64, `lr=5e-3`, `weight_decay=0.01`, mean squared
#    error, one-cycle schedule, `clip=1.0`, and the seed.
# 4. Error bar: the RMSE at each lead over all windows whose targets lie in the `held` months.


# %%
def yearly_change(x: Tensor) -> Tensor:
    """x: (N, inputs) monthly values; returns (N, inputs - 12), each month less the same month a year before."""
    return x[:, 12:] - x[:, :-12]


def forecast_co2(
    values: Tensor, test: int, *, inputs: int = 24, horizon: int = 12, held: int = 60, hidden: int = 32, epochs: int = 40, seed: int = 0,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """values: (T,) monthly. Returns forecasts (test + 1, horizon), one row an origin, and the error bar (horizon,)."""
    ### BEGIN SOLUTION
    past = values[: len(values) - test]
    x, y = window_series(past[: len(past) - held], inputs, horizon)
    mean, std = yearly_change(x).mean(), yearly_change(x).std()

    def scaled(change: Tensor) -> Tensor:
        return (change - mean) / std

    torch.manual_seed(seed)
    model = Forecaster(1, hidden, horizon)
    pairs = scaled(yearly_change(x))[..., None], scaled(y - seasonal_naive(x, horizon, 12))
    fit(
        model, pairs, epochs=epochs, batch_size=64, lr=5e-3, weight_decay=0.01, loss_fn=F.mse_loss,
        schedule="one_cycle", clip=1.0, seed=seed, progress=False, precision="float32",
    )  # fmt: skip

    def forecast(x: Tensor) -> Tensor:
        added = predict(model, scaled(yearly_change(x))[..., None], precision="float32")
        return seasonal_naive(x, horizon, 12) + added * std + mean

    x, y = window_series(past[len(past) - held - inputs :], inputs, horizon)
    spread = (forecast(x) - y).square().mean(0).sqrt()
    return forecast(values[len(past) - inputs :].unfold(0, inputs, 1)), spread
    ### END SOLUTION


# %%
check(forecast_co2)

# %% [markdown]
# **Predict.** The seasonal naive missed by 1.7 ppm, with drift by 0.8. How far will the LSTM get: 0.1, 0.7 or 0.8?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def judged(series: data.Series, forecast: Tensor, spread: Tensor) -> Tensor:
    """Print the error of a forecast beside the seasonal naive's; draw the last judged year. Returns forecasts with a truth."""
    x, y = test_windows(series)
    forecast = forecast[: len(y)]
    naive = seasonal_naive(x, 12, 12)
    inside = ((forecast - y).abs() <= 2 * spread).float().mean()
    print(f"{series.name}: LSTM {rmse(forecast, y):.2f}, seasonal naive {rmse(naive, y):.2f} {series.unit}; {inside:.0%} of the truth within two error bars")  # fmt: skip
    lead, when = torch.arange(1, 13), series.times[-12:]
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    axes[0].plot(series.times[-36:], series.values[-36:], color="0.3", linestyle="-", label="measured")
    axes[0].plot(when, naive[-1], color=plot.ORANGE, linestyle=":", label="seasonal naive")
    axes[0].errorbar(when, forecast[-1], 2 * spread, color=plot.BLUE, linestyle="--", label="LSTM, 2 error bars")
    axes[0].set(xlabel="year", ylabel=series.unit)
    axes[1].plot(lead, (naive - y).square().mean(0).sqrt(), color=plot.ORANGE, linestyle=":", label="seasonal naive")
    axes[1].plot(lead, (forecast - y).square().mean(0).sqrt(), color=plot.BLUE, linestyle="--", label="LSTM")
    axes[1].set(xlabel="months ahead", ylabel=f"RMSE ({series.unit})", ylim=(0, None))
    for ax in axes:
        ax.legend(fontsize=9)
    plot.alt(fig, f"{series.name}: left, three years of the record and two forecasts of the last one; right, the error of both forecasts by months ahead.")  # fmt: skip
    return forecast


co2_forecast, co2_spread = forecast_co2(co2.values, TEST["co2"], epochs=sized(40, rehearsal=4))
_ = judged(co2, co2_forecast, co2_spread)

# %% [markdown]
# Over several seeds the RMSE is {ledger: 10_rnns.forecast_co2.co2.rmse} ppm; the naive with drift has {ledger: 10_rnns.forecast_co2.co2.drift_rmse}. The gain over the drift
# is small, and it should be: the yearly rise is nearly the whole of the story. Trust a forecast only beside its baseline.
#
# ## Forecasting El Niño
#
# The sea off Peru has a strong season and no trend. Its **climatology** is the mean of each calendar month, and the **anomaly** is what remains. El Niño is a large
# positive anomaly, for many months.
#
# ### Exercise 10.12: forecast El Niño
# Work with anomalies as above with changes: take the climatology and the standard deviation of the anomalies from the fit months only. The input has three features: the
# scaled anomaly, and the sine and cosine of $2\pi m/12$ for month number $m=0 \dots 11$. The record starts in January. Everything else is as before. Return
# degrees, not anomalies.


# %%
def forecast_enso(
    values: Tensor, test: int, *, inputs: int = 12, horizon: int = 12, held: int = 60, hidden: int = 16, epochs: int = 20, seed: int = 0,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """values: (T,) monthly from a January on. Returns forecasts (test + 1, horizon) and the error bar (horizon,)."""
    ### BEGIN SOLUTION
    first_origin = len(values) - test
    fitted = values[: first_origin - held]
    climatology = torch.stack([fitted[month::12].mean() for month in range(12)])
    month = torch.arange(len(values) + horizon) % 12
    anomaly = values - climatology[month[: len(values)]]
    std = anomaly[: len(fitted)].std()
    angle = 2 * math.pi * month[: len(values)] / 12
    features = torch.stack([anomaly / std, angle.sin(), angle.cos()], dim=1).to(values.dtype)

    def inputs_at(origins: Tensor) -> Tensor:
        return features[origins[:, None] + torch.arange(-inputs, 0)]

    def targets_at(origins: Tensor) -> Tensor:
        return values[origins[:, None] + torch.arange(horizon)]

    def season_at(origins: Tensor) -> Tensor:
        return climatology[month[origins[:, None] + torch.arange(horizon)]]

    torch.manual_seed(seed)
    model = Forecaster(3, hidden, horizon)
    origins = torch.arange(inputs, len(fitted) - horizon + 1)
    pairs = inputs_at(origins), (targets_at(origins) - season_at(origins)) / std
    fit(
        model, pairs, epochs=epochs, batch_size=64, lr=5e-3, weight_decay=0.01, loss_fn=F.mse_loss,
        schedule="one_cycle", clip=1.0, seed=seed, progress=False, precision="float32",
    )  # fmt: skip

    def forecast(origins: Tensor) -> Tensor:
        return season_at(origins) + predict(model, inputs_at(origins), precision="float32") * std

    origins = torch.arange(len(fitted), first_origin - horizon + 1)
    spread = (forecast(origins) - targets_at(origins)).square().mean(0).sqrt()
    return forecast(torch.arange(first_origin, len(values) + 1)), spread
    ### END SOLUTION


# %%
check(forecast_enso)

# %% [markdown]
# **Predict.** Climatology never errs by more than an anomaly. Over which years does the LSTM beat it: those with El Niños in them, or the quiet ones?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
nino_forecast, nino_spread = forecast_enso(nino.values, TEST["el_nino"], epochs=sized(20, rehearsal=2))
nino_judged = judged(nino, nino_forecast, nino_spread)
learned = nino.values[: len(nino) - TEST["el_nino"] - 60]
climatology = torch.stack([learned[m::12].mean() for m in range(12)])
_, truth = test_windows(nino)
start = len(nino) - TEST["el_nino"]
season = climatology[(torch.arange(len(truth))[:, None] + torch.arange(12) + start) % 12]
quiet = slice(120, None)  # origins in the last ten years
print(f"climatology: {rmse(season, truth):.2f} over twenty years")
print(
    f"last ten years only: LSTM {rmse(nino_judged[quiet], truth[quiet]):.2f}, climatology {rmse(season[quiet], truth[quiet]):.2f}"
)

# %% [markdown]
# The network beats the seasonal naive, and over twenty years, with the great El Niño of 1997 in them, also the climatology. In the last ten years, which were quiet,
# **the climatology wins**. A network that has learned that anomalies last is wrong when they do not come. Report both: a mean over a test period hides which years made it.
#
# Ham, Kim and Luo (2019) forecast El Niño well beyond a year. They gave their network the whole ocean, and climate models to learn from; ours
# has one number a month. For rivers, an LSTM on rain and temperature was compared with a calibrated hydrological model by Kratzert and others (2018).
#
# ## A language model of names
#
# A forecast may also be a *distribution*. Let the series be the characters of a name: at each step, what comes next? The loss is the mean negative log
# probability of the true next character, in nats. Position by position the target is the input **shifted by one**: from `.anna` predict `anna.`.
#
# First the rival that needs no network: **counting**. An n-gram model looks up how often each character followed the last $n-1$. Long contexts are rare,
# so each order is mixed with the next shorter one (Witten and Bell, 1991). Let a context $s$ occur $N_s$ times and be followed by $U_s$ different characters, and let $s'$ be $s$ without its first character:
#
# $$ p(v\mid s) = \frac{N_{sv} + U_s\,p(v\mid s')}{N_s + U_s} . $$
#
# The list of names (Karpathy's makemore) holds 32,033 entries, 2,539 of them repeats. Split at random, a repeated name lies on both sides. We remove repeats first.
# Without the download we use the different words of Python's own manual.


# %%
def words() -> list[str]:
    """Different lower-case words: given names where DLMODULE_DATA is set, else the words of Python's manual."""
    text = data.given_names() if "DLMODULE_DATA" in os.environ else data.python_reference().split()
    return sorted({word for word in text if word.isascii() and word.isalpha() and word.islower() and len(word) > 1})


def split_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Train and test: 80 % and 10 % of different words, in a random order (the middle 10 % are for choosing)."""
    order = torch.randperm(len(words), generator=torch.Generator().manual_seed(0)).tolist()
    tenth = len(words) // 10
    return [words[i] for i in order[2 * tenth :]], [words[i] for i in order[:tenth]]


def ngram_nats(train: list[str], test: list[str], order: int = 5) -> float:
    """Mean negative log probability of a character of ``test``, by interpolated counts of ``train``."""
    counts: Counter[str] = Counter()
    for word in train:
        padded = "." * (order - 1) + word + "."
        for end in range(order, len(padded) + 1):
            counts.update(padded[end - n : end] for n in range(1, order + 1))
    total, kinds = Counter[str](), Counter[str]()
    for gram, count in counts.items():
        total[gram[:-1]] += count
        kinds[gram[:-1]] += 1
    nats, characters = 0.0, 0
    for word in test:
        padded = "." * (order - 1) + word + "."
        for end in range(order, len(padded) + 1):
            p = 1 / 27
            for n in range(1, order + 1):
                gram = padded[end - n : end]
                context = gram[:-1]
                if total[context]:
                    p = (counts[gram] + kinds[context] * p) / (total[context] + kinds[context])
            nats, characters = nats - math.log(p), characters + 1
    return nats / characters


train_words, test_words = split_words(words())
print(f"{len(train_words)} words to learn from, for instance {', '.join(train_words[:5])}")
for order in range(1, 7):
    print(f"{order}-gram: {ngram_nats(train_words, test_words, order):.3f} nats a character")

# %% [markdown]
# ### Exercise 10.13: a character model
# Characters are numbers: 0 is `.`, the start and the end; 1 to 26 are a to z. `encode` gives inputs and targets; targets after the end are $-100$,
# which `F.cross_entropy` ignores by default. **Padding must not count in the loss.**
#
# Train `CharModel`: `torch.manual_seed(seed)`, then the model, then AdamW with `weight_decay=0.01`, batches of 128 drawn by `torch.randperm`, `clip` 1, and a one-cycle learning
# rate with peak `lr`; `fit` does all that. Its logits are `(N, V, T)`, the order that `F.cross_entropy` wants. Return the model in evaluation mode.


# %%
def encode(words: list[str]) -> tuple[Tensor, Tensor]:
    """x: (N, T) starts with 0; y: (N, T) ends with 0, then -100. T is one more than the longest word."""
    x = torch.zeros(len(words), max(map(len, words)) + 1, dtype=torch.long)
    y = torch.full_like(x, -100)
    for row, word in enumerate(words):
        codes = torch.tensor([ord(letter) - 96 for letter in word])
        x[row, 1 : len(word) + 1] = codes
        y[row, : len(word)] = codes
        y[row, len(word)] = 0
    return x, y


# %%
plot.diagram(
    ["characters -> N, T", "embedding -> N, T, 32", "LSTM -> N, T, H", "dropout", "linear -> N, T, 27", "operation: move axis -> N, 27, T", "logits"],
    title="CharModel",
)  # fmt: skip


# %%
class CharModel(nn.Module):
    """Embedding, LSTM, dropout, linear. x: (N, T) characters -> logits (N, 27, T)."""

    def __init__(self, hidden: int = 192) -> None:
        super().__init__()
        self.embedding = nn.Embedding(27, 32)
        self.lstm = nn.LSTM(32, hidden, batch_first=True)
        self.dropout = nn.Dropout(0.4)
        self.head = nn.Linear(hidden, 27)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.dropout(self.lstm(self.embedding(x))[0])).movedim(2, 1)


def char_lm(words: list[str], *, epochs: int, hidden: int = 192, lr: float = 5e-3, seed: int = 0) -> nn.Module:
    """A character model trained on ``words``, in evaluation mode."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = CharModel(hidden)
    fit(
        model, encode(words), epochs=epochs, batch_size=128, lr=lr, weight_decay=0.01,
        schedule="one_cycle", clip=1.0, seed=seed, progress=False, precision="float32",
    )  # fmt: skip
    return model.eval()
    ### END SOLUTION


# %%
check(char_lm)


# %%
@torch.no_grad()
def nats(model: nn.Module, words: list[str]) -> float:
    """Mean negative log probability of a character, padding left out."""
    x, y = encode(words)
    return F.cross_entropy(model(x), y).item()


model = char_lm(train_words[: sized(None, rehearsal=500)], epochs=sized(10, rehearsal=1))
print(f"LSTM {nats(model, test_words):.3f} nats, 5-gram {ngram_nats(train_words, test_words):.3f}")

# %% [markdown]
# On the names, over several seeds, the LSTM reaches {ledger: 10_rnns.char_lm.names.nats} nats and the 5-gram {ledger: 10_rnns.char_lm.names.counting}. The network is better than counting,
# by about a tenth of a nat. On the words of the manual, which are fewer, the order is reversed: {ledger: 10_rnns.char_lm.manual.nats} nats against
# {ledger: 10_rnns.char_lm.manual.counting} by counting. A network needs data before it beats a table. Always print the count beside it.
#
# ## Writing: temperature and beams
#
# To write a name, feed the model its own output. Sampling from $p$ gives variety. **Temperature** divides the logits before the softmax: below 1 the
# distribution is sharper, above 1 flatter, and at 0 it is the largest logit.
#
# ### Exercise 10.14: sample with a temperature
# One character for each row. Temperature 0 means the largest logit; draw with `torch.multinomial` and the generator otherwise.


# %%
def sample_with_temperature(logits: Tensor, temperature: float, *, generator: torch.Generator | None = None) -> Tensor:
    """logits: (N, V); returns (N,) of class numbers."""
    ### BEGIN SOLUTION
    if temperature == 0:
        return logits.argmax(1)
    return torch.multinomial((logits / temperature).softmax(1), 1, generator=generator)[:, 0]
    ### END SOLUTION


# %%
check(sample_with_temperature)


# %%
@torch.no_grad()
def write(model: nn.Module, temperature: float, count: int = 8, seed: int = 0) -> list[str]:
    """``count`` words, of at most 12 letters each."""
    generator, x = torch.Generator().manual_seed(seed), torch.zeros(count, 1, dtype=torch.long)
    for _ in range(12):
        x = torch.cat([x, sample_with_temperature(model(x)[..., -1], temperature, generator=generator)[:, None]], dim=1)
    return ["".join(chr(96 + c) if c else "." for c in row).partition(".")[0] for row in x[:, 1:].tolist()]


for temperature in (0, 0.5, 1, 2):
    print(f"temperature {temperature:3}: {', '.join(write(model, temperature))}")

# %% [markdown]
# At 0 every name is the same. At 2 hardly one can be pronounced. Move the temperature, and look at the distribution of the *first* letter.


# %%
with torch.no_grad():
    first_logits = model(torch.zeros(1, 1, dtype=torch.long))[0, 1:, 0]


def first_letter(temperature: float) -> None:
    """The distribution of the first letter at one temperature."""
    p = (first_logits / temperature).softmax(0)
    fig, ax = plt.subplots(figsize=(7, 2.4), layout="constrained")
    ax.bar([chr(97 + k) for k in range(26)], p, color=plot.BLUE)
    ax.set(
        xlabel="first letter", ylabel="probability", title=f"temperature {temperature:g}: the largest is {p.max():.2f}"
    )
    plot.alt(
        fig, f"Probabilities of the 26 first letters at temperature {temperature:g}; the largest is {p.max():.2f}."
    )


plot.slider(first_letter, temperature=[0.1, 0.25, 0.5, 1.0, 2.0, 4.0], start=1.0, still=[0.25, 1.0, 4.0])

# %% [markdown]
# **A worked number.** Two logits, 2 and 0. At temperature 1 the first has $1/(1+e^{-2})=0.88$; at 0.5 it has $1/(1+e^{-4})=0.98$, at 2 only $1/(1+e^{-1})=0.73$.
#
# Taking the best character at each step is **greedy**, and greedy is not best. Let the first step offer A with 0.6 and B with 0.4. After A the best continuation
# has 0.4, after B 0.9. Greedy finds $0.6\cdot 0.4=0.24$ and misses $0.4\cdot 0.9=0.36$. A **beam search** keeps the `width` best beginnings at each step.
#
# ### Exercise 10.15: beam search
# `log_probs(prefix)` gives the log probabilities `(V,)` after a tuple of tokens. Start with `()`. At each step extend every open beginning by every token and keep the `width`
# with the largest *sum* of log probabilities. Those that end with `end` are finished: set them aside. Stop after `max_length` tokens or when none is open. Among the
# finished and those still open return the one with the largest *mean* log probability a token. (By the sum, the shortest would win.)


# %%
def beam_search(log_probs, width: int, max_length: int, end: int = 0) -> tuple[int, ...]:
    """The best sequence found, a tuple of tokens that includes ``end`` if it was reached."""
    ### BEGIN SOLUTION
    beams: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    finished = []
    for _ in range(max_length):
        grown = [(total + p, (*prefix, token)) for total, prefix in beams for token, p in enumerate(log_probs(prefix).tolist())]  # fmt: skip
        best = sorted(grown, key=lambda beam: beam[0], reverse=True)[:width]
        finished += [beam for beam in best if beam[1][-1] == end]
        beams = [beam for beam in best if beam[1][-1] != end]
    return max(finished + beams, key=lambda beam: beam[0] / len(beam[1]))[1]
    ### END SOLUTION


# %%
check(beam_search)

# %%
with torch.no_grad():
    for width in (1, 4):
        found = beam_search(lambda prefix: model(torch.tensor([[0, *prefix]]))[0, :, -1].log_softmax(0), width, 12)
        print(f"beam of {width}: {''.join(chr(96 + token) if token else '.' for token in found)}")

# %% [markdown]
# ## Find the bug
#
# A colleague forecasts a series with an RNN that carries its state from one window to the next. Two symptoms, and a suspicion:
#
# 1. The training loss is almost zero after a few epochs, yet the forecast follows the truth one step late.
# 2. Now and then the loss jumps, although "gradients are clipped at 1".
# 3. The score on the test period changes if you change the *last* values of the record only, which no forecast may have seen.
#
# ### Exercise 10.16: find the bug
# Three lines are wrong. Repair them and change nothing else.


# %%
def find_the_bug(
    values: Tensor, test: int, *, window: int = 8, epochs: int = 6, lr: float = 0.05, seed: int = 0
) -> tuple[list[float], Tensor]:
    """Train an RNN to predict the next value. values: (T,). Returns the loss of each epoch, and one-step forecasts (test,).

    Three lines are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    train = values[: len(values) - test]
    mean, std = train.mean(), train.std()
    z = ((values - mean) / std)[None, :, None]
    torch.manual_seed(seed)
    rnn, head = nn.RNN(1, 8, batch_first=True).to(values.dtype), nn.Linear(8, 1).to(values.dtype)
    parameters = [*rnn.parameters(), *head.parameters()]
    optimiser = torch.optim.SGD(parameters, lr=lr)
    losses = []
    for _ in range(epochs):
        state, total, count = None, 0.0, 0
        for start in range(0, len(train) - window, window):
            x, y = z[:, start : start + window], z[:, start + 1 : start + window + 1]
            h, state = rnn(x, state)
            loss = F.mse_loss(head(h), y)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            state = state.detach()
            total, count = total + loss.item(), count + 1
        losses.append(total / count)
    with torch.no_grad():
        forecast = head(rnn(z[:, :-1])[0])[0, :, 0]
    return losses, forecast[-test:] * std + mean
    ### END SOLUTION


# %%
check(find_the_bug)

# %% [markdown]
# The line that you did not have to touch is `state.detach()`. Without it the second window fails with "backward through the graph a second time". The cure
# offered by the message, `retain_graph=True`, makes every step longer than the last. Detach: the *number* goes on, the *graph* ends. This is **truncated**
# backpropagation through time.
#
# ## CO2 and El Niño next year, answered
#
# The last row of each forecast was made at the end of the record.

# %%
for series, forecast, spread in ((co2, co2_forecast, co2_spread), (nino, nino_forecast, nino_spread)):
    naive = seasonal_naive(series.values, 12, 12)
    year = math.floor(series.times[-1]) + 1
    print(f"{series.name} in {year} ({series.unit}), month by month: LSTM with error bar | seasonal naive")
    for month in range(0, 12, 3):
        print(f"   month {month + 1:2}: {forecast[-1, month]:6.1f} +- {spread[month]:.1f} | {naive[month]:6.1f}")

# %% [markdown]
# **Carbon dioxide** next year: 371.5 ppm in January 2002, 373.9 in April, 372.4 in July and 369.3 in October (seed 0). The error bar grows from 0.4 ppm to 0.8.
# The seasonal naive says "as last year" and is 1.1 to 1.3 ppm lower. The measured 2002 is public; look it up and count how many error bars we are off.
#
# **El Niño** next year: no. The LSTM expects a sea of 23.5 degrees in January 2011, 24.5 in April, 21.0 in July and 20.2 in October, 0.4 to 0.7 degrees a standard
# error. Be careful with this error bar. It comes from five held years, and in the test period only 80 % of the truth lay within two of them, not 95 %.
# The great El Niño of 1997 was several degrees warm, and none of the held months had seen its like. One number a month cannot announce it; others look at the whole ocean.
#
# ## Summary
#
# - A recurrent network applies one cell at every step. Its gradient is a product of $T$ factors: it vanishes or explodes. Clip what explodes.
# - An LSTM adds to its state. The gradient along $c$ meets one gate a step; the forget bias sets how long the memory lasts at the start.
# - One product for all inputs and one for all gates: the same numbers, in less than half of the time.
# - Forecasts: split by time, scale by the fitted months only, put the seasonal naive and an error bar from months that were held out beside the result.
# - Language models: shift by one, leave padding out, remove repeats before the split, and print the count model's nats.
#
# ### Questions to take along
#
# 1. Why is a random split of overlapping windows wrong, even if scaling is clean?
#
# <details><summary>Answer</summary>
#
# Neighbouring windows share all but one month. A test window then has near copies in the training set, and the error says how well the network remembers.
#
# </details>
#
# 2. Your forecast looks perfect, shifted by one month. What has the network learned?
#
# <details><summary>Answer</summary>
#
# Persistence: tomorrow is like today. Compare its RMSE with that of persistence itself.
#
# </details>
#
# 3. Why does dropout in `nn.LSTM(..., dropout=0.5)` with one layer do nothing?
#
# <details><summary>Answer</summary>
#
# It acts *between* layers, and there is nothing between. PyTorch warns.
#
# </details>

# %% [markdown]
# ## References
#
# - Y. Bengio, P. Simard, P. Frasconi (1994). *Learning long-term dependencies with gradient descent is difficult.* doi:10.1109/72.279181.
# - K. Cho and others (2014). *Learning phrase representations using RNN encoder-decoder for statistical machine translation.* arXiv:1406.1078.
# - J. L. Elman (1990). *Finding structure in time.* doi:10.1207/s15516709cog1402_1.
# - F. A. Gers, J. Schmidhuber, F. Cummins (2000). *Learning to forget: continual prediction with LSTM.* doi:10.1162/089976600300015015.
# - K. Greff and others (2017). *LSTM: a search space odyssey.* arXiv:1503.04069.
# - Y.-G. Ham, J.-H. Kim, J.-J. Luo (2019). *Deep learning for multi-year ENSO forecasts.* doi:10.1038/s41586-019-1559-7.
# - S. Hochreiter, J. Schmidhuber (1997). *Long short-term memory.* doi:10.1162/neco.1997.9.8.1735.
# - R. Jozefowicz, W. Zaremba, I. Sutskever (2015). *An empirical exploration of recurrent network architectures.* Proceedings of Machine Learning Research 37, 2342-2350.
# - F. Kratzert and others (2018). *Rainfall-runoff modelling using long short-term memory (LSTM) networks.* doi:10.5194/hess-22-6005-2018.
# - R. Pascanu, T. Mikolov, Y. Bengio (2013). *On the difficulty of training recurrent neural networks.* arXiv:1211.5063.
# - P. J. Werbos (1990). *Backpropagation through time: what it does and how to do it.* doi:10.1109/5.58337.
# - I. H. Witten, T. C. Bell (1991). *The zero-frequency problem.* doi:10.1109/18.87000.
