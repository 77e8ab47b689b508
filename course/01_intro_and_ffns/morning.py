# ---
# title: "Feed-forward networks: from one neuron to a function that learns"
# objectives:
#   - find your way through a day of this course, on Colab or on your own computer, and read what a check says
#   - say what deep learning is, where it serves the earth sciences, and where it fails
#   - compute a neuron, a layer and a whole network by hand and with matrix products
#   - show why a network without activations is a line, and why one with them can follow any curve
#   - turn outputs into probabilities, and measure how wrong an answer is
#   - derive gradient descent for a line, choose its step, and train your first model
# prerequisites: []
# minutes: {cpu: 1, cpu_fp32: 1}
# data: [wells, co2]
# ---

# %%
import time
from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized

check = checks("01_intro_and_ffns")
plot.use_style()

# %% [markdown]
# ## The question: how much room is there in the rock?
#
# A rock is a sponge. The part of its volume where a fluid can sit and move is called its (effective) **porosity** $\phi$. It is a number between 0
# and about 0.4. It decides how much water, oil, gas or injected CO2 the rock can hold. To measure it properly one drills out a cylinder of rock, a
# **core**, and takes it to a laboratory. That
# is slow and costs a fortune, so it is done for a few metres of a few wells.
#
# What every well has is **logs**. A probe is lowered on a cable. Every half metre it records five numbers. *Gamma ray* is the natural radioactivity of the rock, high in shale. *Density* is its mass per volume. *Neutron* says how the rock slows neutrons; it is high where there is hydrogen, and so where there is water. *Sonic* is the time that sound takes to travel a foot. *Resistivity* says how badly the rock conducts; it is high where there is oil or gas.
#
# Below is a piece of one well. The dots in the last panel are core porosities. **Can you fill in the line between the dots from
# the five logs?** By noon you will do it with one log and two numbers. This afternoon you will use five logs and a network of 1,300 numbers, in wells that it has never seen.

# %%
logs = data.wells()  # twelve wells of 600 samples, half a metre apart
here = logs.of(3)
window = slice(100, 400)
depth, porosity = here.depth[window], here.porosity[window]

fig, axes = plt.subplots(1, 6, figsize=(11, 5.2), sharey=True)
for ax, log, name in zip(
    axes,
    here.x[window].T,
    ("gamma ray\n(API)", "density\n(g/cm³)", "neutron\n(v/v)", "sonic\n(µs/ft)", "log10 of\nresistivity\n(ohm m)"),
    strict=False,
):
    ax.plot(log, depth, color=plot.BLUE, linestyle="-", linewidth=1)
    ax.set_xlabel(name)
axes[5].plot(porosity[::20], depth[::20], "o", color=plot.VERMILION)
axes[5].set(xlabel="porosity\n(from cores)", xlim=(0, 0.4))
axes[0].set(ylabel="depth in metres")
axes[0].invert_yaxis()
plot.alt(
    fig,
    "Six panels that share a depth axis of 150 metres. Five show wiggling logs: gamma ray, density, neutron, sonic and resistivity. The "
    "sixth holds fifteen dots, the porosity of cores, between 0.05 and 0.25.",
)

# %% [markdown]
# (The wells are synthetic. Rocks follow one another as in a real basin, and the logs follow from the rock by the equations of log analysts. Then come
# the blur, the calibration error and the noise of real tools. So here, unlike in life, the truth is known at every sample.)

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $\phi$ | porosity | |
# | $\rho$ | density of a rock, of its grains, of water | g/cm³ |
# | $N, D, H, K$ | samples; features of a sample; neurons of a layer; classes | |
# | $x, y$ | features, and the right output | `(N, D)`, `(N,)` |
# | $w, b$ | weights and bias of one neuron | `(D,)`, one number |
# | $W, b$ | weights and biases of a layer | `(H, D)`, `(H,)` |
# | $g$ | activation | |
# | $\sigma(z)$ | the sigmoid of $z$, an activation | |
# | $z, h$ | the number before an activation (in the last layer: a logit), and the number after it | `(N, H)` each |
# | $\theta, f_\theta$ | all parameters, and the function that they make | |
# | $M$ | layers of a network | |
# | $L, \eta$ | loss, learning rate | |
# | $p_k$ | probability of class $k$ | `(N, K)` |
#
# ## How to work in this course
#
# **A day.** The morning is theory with short exercises; the afternoon builds something that works. A notebook is read from top to bottom, and each cell is run (Shift+Enter) on the way. Where it says
# **Predict**, write your guess down *before* you run the next cell. A wrong guess on paper is worth more than a right answer on the screen.
#
# **An exercise** is a function whose body reads `raise NotImplementedError`. Put your code in its place, run the cell, then run the cell below, `check(...)`. The card says one of four things:
#
# | card | meaning |
# |---|---|
# | Right | it does the right thing on every case, however you wrote it |
# | Not right yet | and why: the mistake it recognises, or the first thing that differs, and on which input |
# | Not started | the placeholder is still there |
# | Could not check | something is missing on our side; your answer may be right |
#
# Two hints unfold below a wrong answer. Beside each exercise stands a time after which to *move on*: no later exercise punishes you for it.
#
# **On your own computer.** The README of the course says how to install it. Then `course open` shows the course's home and JupyterLab. The copy of a notebook in your workspace is yours; updates never overwrite it.
#
# **On Google Colab.** Each notebook has an *Open in Colab* link. Four things to know:
#
# - *Account*: use one made for this course, not your personal one. The notebooks and what they mount can read what the account can.
# - *Runtime*: a machine is lent to you while you work (`Runtime > Change runtime type` chooses CPU or GPU). Today needs no GPU; take one only when a notebook says so, since they are rationed.
# - *Saving*: the runtime's disk disappears with the runtime, after some time without input. `File > Save a copy in Drive` keeps the notebook. To keep files, mount your Drive:
#   `from google.colab import drive; drive.mount("/content/drive")`, and write below `/content/drive/MyDrive`.
# - *Installing*: the first cell of a notebook installs the course's package, once per runtime.
#
# **One trap, everywhere.** A notebook remembers every cell you ever ran, in the order you ran them, also those you have deleted since. When something is odd, restart the kernel and
# run all cells from the top. If it is still odd, it is the code.

# %% [markdown]
# ## What deep learning is
#
# The author of a program usually knows the rule. **Machine learning** is for when we have examples instead: pairs of an input $x$ (five logs) and
# the right output $y$ (a core porosity). You choose a family of functions $f_\theta$, with numbers $\theta$ called **parameters**, and you change the parameters until $f_\theta(x)$ is close to
# $y$ on the examples. **Deep** learning is the case in which $f_\theta$ is a composition of many simple functions, one after the other, and *all* of its parameters are changed together. No stage is designed by hand;
# what is to be computed in between is found by the training.
#
# **Where it works in the earth sciences.** Networks pick the arrivals of earthquakes (Zhu and Beroza, 2019) and forecast the weather ten days ahead
# in a minute (Lam and others, 2023). They find faults and salt in seismic volumes, and map landslides, glaciers and crops from satellites. These
# tasks have three things in common. There are plenty of examples. The inputs have structure (images, series). And a trained eye can answer the
# question, but cannot write the answer down as a rule.
#
# **Where it fails.** Where there are few examples and a good theory: use the theory. Where the future is unlike the past, such as a climate that no record holds. Where you ask for a *cause* and the data hold only coincidence. And where the test examples are neighbours of the training examples, so that the accuracy on paper is an illusion. The last is a common error (Kapoor and Narayanan, 2023, list the fields where it was found), and today's
# wells will show it. Reichstein and others (2019) is a fair account of both lists.

# %% [markdown]
# ## Tensors, in five minutes
#
# {Day: 02_pytorch_1} is all about tensors. Today you need little: a **tensor** is PyTorch's array. If you know NumPy, you know it.
#
# | to do this | write |
# |---|---|
# | make one | `torch.tensor([1.0, 2.0])`, `torch.zeros(3, 2)`, `torch.arange(5)` |
# | its shape and kind of number | `x.shape`, `x.dtype` (`float32` by default, `int64` for whole numbers) |
# | entry by entry | `x + y`, `x * y`, `x ** 2`, `x.exp()`, `x > 0` |
# | sum, mean, largest along axis 1 | `x.sum(1)`, `x.mean(1)`, `x.amax(1)`; without the 1, of everything |
# | keep the axis, with length 1 | `x.sum(1, keepdim=True)` |
# | where the largest stands | `x.argmax(1)` |
# | matrix product, transpose | `A @ B`, `A.T` |
# | pick entries; add an axis | `x[2]`, `x[:, 0]`, `x[index]`; `x[:, None]` |
# | a Python number out of it | `x.item()` |
#
# One rule needs care. Tensors of different shapes can be combined when, *aligned from the right*, each pair of sizes is equal or one of them is 1 (or missing): the 1 is repeated. This is **broadcasting**.
#
# **Predict.** `a` has shape (3, 1), a column, and `b` has shape (3,). What shape does `a - b` have?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
a, b = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([1.0, 2.0, 3.0])
print("a - b has shape", tuple((a - b).shape))
print(a - b)

# %% [markdown]
# Not three zeros but nine numbers: every entry of `a` minus every entry of `b`. (3, 1) against (3): the last sizes are 1 and 3, so the column is repeated to the right; then 3 against nothing, so the row is
# repeated downwards. No error, no warning. Remember this table: an error of this kind can cost you an hour, since nothing fails.

# %% [markdown]
# ## The simplest thing that could work
#
# A well log weighs the rock. If a part $\phi$ of the volume is fluid of density $\rho_f$ and the rest mineral, the *matrix*, of density $\rho_m$, the whole weighs
#
# $$ \rho = (1-\phi)\,\rho_m + \phi\,\rho_f \qquad\Longrightarrow\qquad \phi = \frac{\rho_m - \rho}{\rho_m - \rho_f} = \underbrace{\frac{-1}{\rho_m-\rho_f}}_{w}\;\rho \;+\; \underbrace{\frac{\rho_m}{\rho_m-\rho_f}}_{b}. $$
#
# Porosity is a *line* in density: a slope $w$ times the log, plus an intercept $b$. **A worked number:** quartz has $\rho_m=2.65$ and brine $\rho_f=1.03$ g/cm³, so $w=-1/1.62=-0.6173$ and $b=2.65/1.62=1.6358$. A log of 2.30 gives $\phi = -0.6173\cdot 2.30+1.6358 = 0.216$.

# %%
rocks = data.well_logs.ROCKS
density, by_density = logs.x[:, 1], (2.65 - logs.x[:, 1]) / (2.65 - 1.03)

fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
some = torch.randperm(len(logs), generator=torch.Generator().manual_seed(0))[:1500]
for kind, colour, marker in ((0, plot.ORANGE, "o"), (2, plot.BLUE, "s"), (4, plot.PURPLE, "^")):
    pick = some[logs.rock[some] == kind]
    axes[0].plot(
        density[pick], logs.porosity[pick], marker, color=colour, markersize=3, linestyle="none", label=rocks[kind]
    )
line = torch.tensor([2.0, 2.7])
axes[0].plot(line, (2.65 - line) / 1.62, "k-", label="quartz and brine")
axes[0].set(xlabel="density in g/cm³", ylabel="true porosity", ylim=(0, 0.42), xlim=(2.0, 2.8))
axes[0].legend()
axes[1].plot(by_density[some], logs.porosity[some], ".", color=plot.SKY, markersize=3)
axes[1].plot([0, 0.42], [0, 0.42], "k-")
axes[1].set(xlabel="porosity by the formula", xlim=(-0.1, 0.42))
plot.alt(
    fig,
    "Left: porosity against density for sandstone, shale and dolomite, three clouds that slope down side by side; the line for quartz and brine passes through the sandstones, above "
    "most shales and below the dolomites. Right: true porosity against the formula's, a broad cloud about the diagonal.",
)
print(
    f"typical error of the formula: {(by_density - logs.porosity).square().mean().sqrt():.3f}; of saying {logs.porosity.mean():.2f} always: {logs.porosity.std():.3f}"
)

# %% [markdown]
# In clean sandstone with brine the formula is honest. Elsewhere it fails, and each failure has a cause. Dolomite's grains weigh 2.86 and not 2.65, so a pore hides among heavy grains. Shale holds water that cannot move. Gas is light, so a gas sand looks more porous than it is. *The other four logs know all this*: gamma ray sees the shale, neutron sees the missing hydrogen of gas. What we need is a rule that
# takes the five logs together. We do not know the rule. We have examples.

# %% [markdown]
# ## A neuron
#
# Keep the line and give it more inputs. A **neuron** takes $D$ numbers $x_1,\dots,x_D$, called **features**, multiplies each by a **weight**, adds a **bias**, and passes the sum through a function $g$, its **activation**:
#
# $$ z = \sum_{d=1}^{D} w_d\, x_d + b = w\cdot x + b, \qquad h = g(z). $$
#
# With $D=1$ and $g(z)=z$ it is the line above. What does it see? The sum $w\cdot x$ is the same all along any direction at right angles to $w$, so a neuron looks at its inputs **from one side only**: $w$ says from which side, $b$
# says where along it the activation's interesting part lies. McCulloch and Pitts (1943) wrote it down as a caricature of a nerve cell; Rosenblatt (1958) let it learn. The nerve cell is history by now; the sum and the bend have stayed.

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 3.8))
ax = axes[0]
for d, y in enumerate((2, 1, 0)):
    ax.annotate("", (2.0, 1.0), (0.35, y), arrowprops={"arrowstyle": "->", "color": "black"})
    ax.text(0.15, y, f"$x_{d + 1}$", ha="center", va="center", fontsize=14)
    ax.text(
        1.0, y + (0.18 if d < 2 else 0.12) - 0.42 * (y - 1), f"$w_{d + 1}$", ha="center", color=plot.BLUE, fontsize=13
    )
ax.add_patch(plt.Circle((2.35, 1.0), 0.36, fc=plot.SKY, ec="black"))
ax.text(2.35, 1.0, "$\\sum + b$", ha="center", va="center", fontsize=12)
ax.annotate("", (3.55, 1.0), (2.72, 1.0), arrowprops={"arrowstyle": "->"})
ax.text(3.1, 1.12, "$g$", ha="center", color=plot.VERMILION, fontsize=13)
ax.text(3.75, 1.0, "$h$", va="center", fontsize=14)
ax.set(xlim=(-0.1, 4), ylim=(-0.4, 2.4), aspect="equal", title="one neuron with three inputs")
ax.axis("off")
u = torch.linspace(-2, 2, 200)
surface = (1.0 * u[None, :] + 2.0 * u[:, None] - 0.5).tanh()
shown = axes[1].contourf(u, u, surface, levels=11, cmap="RdBu_r")
axes[1].annotate("", (0.55, 1.1), (0.0, 0.0), arrowprops={"arrowstyle": "->", "linewidth": 2})
axes[1].text(0.62, 1.1, "$w$", fontsize=14)
axes[1].set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", title="tanh$(1\\,x_1 + 2\\,x_2 - 0.5)$")
fig.colorbar(shown, ax=axes[1])
plot.alt(
    fig,
    "Left: a diagram in which three inputs, each with its weight, flow into a circle marked sum plus b, and out through g as h. Right: a neuron's output over two inputs: parallel "
    "straight bands from blue to red, at right angles to the arrow w.",
)

# %% [markdown]
# **A worked number.** $x=(1,2)$, $w=(3,-1)$, $b=0.5$: $z = 3-2+0.5 = 1.5$. With $g=\tanh$, $h=0.905$.
#
# ### Exercise 1.1: a neuron
#
# Write it for one example, `x` of shape (D,), and at the same time for a batch of them, one per row, (N, D): the features lie along the *last* axis. The activation comes
# as an argument: a function that you call.


# %%
def neuron(x: Tensor, w: Tensor, b: float, activation: Callable[[Tensor], Tensor]) -> Tensor:
    """activation(w · x + b). x: (..., D), features along the last axis; w: (D,); b: a number. Returns shape (...)."""
    ### BEGIN SOLUTION
    return activation((w * x).sum(dim=-1) + b)
    ### END SOLUTION


# %%
check(neuron)

# %% [markdown]
# ## Activations
#
# Which $g$? Almost any bend will do; three are used everywhere. From their definitions:
#
# $$ \operatorname{relu}(z) = \max(0, z), \qquad \sigma(z) = \frac{1}{1+e^{-z}}, \qquad \tanh(z) = \frac{e^{z}-e^{-z}}{e^{z}+e^{-z}}. $$
#
# - The **sigmoid** $\sigma$ squeezes all numbers into $(0,1)$: a soft yes or no. Its slope is $\sigma' = \sigma(1-\sigma)$, at most $\frac14$, and almost nothing where $|z|>5$: there the neuron is **saturated**, and learns next to nothing.
# - **tanh** does the same into $(-1,1)$. It *is* a sigmoid: multiply numerator and denominator by $e^{-z}$ to get $\tanh z = \frac{1-e^{-2z}}{1+e^{-2z}} = 2\,\sigma(2z)-1$.
# - **ReLU**, the rectified linear unit, is zero or the identity. Its slope is exactly 1 wherever it is on, however large $z$. Nothing is simpler, and that it trains deep networks better (Nair and Hinton, 2010; Glorot and others, 2011) came as a surprise.
#   The price: a neuron that is off for every example has slope zero for every example, and stays off. It is called dead.

# %%
z = torch.linspace(-5, 5, 201)
fig, axes = plt.subplots(1, 2, figsize=(10, 3.2))
for name, value, slope in (
    ("relu", z.clamp(min=0), (z > 0).float()),
    ("sigmoid", 1 / (1 + (-z).exp()), (1 / (1 + (-z).exp())) * (1 - 1 / (1 + (-z).exp()))),
    ("tanh", z.tanh(), 1 - z.tanh() ** 2),
):
    axes[0].plot(z, value, label=name)
    axes[1].plot(z, slope, label=name)
axes[0].set(title="activation", xlabel="z", ylim=(-1.2, 2.5))
axes[1].set(title="its slope", xlabel="z")
axes[0].legend()
plot.alt(
    fig,
    "Left: ReLU is zero and then rises as a line; the sigmoid rises from 0 to 1 and tanh from -1 to 1. Right: their slopes: a step from 0 to 1, "
    "a low hump of height 0.25, and a hump of height 1; both humps vanish beyond 5.",
)

# %% [markdown]
# ### Exercise 1.2: relu
#
# For a tensor of any shape, entry by entry, and from the definition: without `torch.relu`.


# %%
def relu(z: Tensor) -> Tensor:
    """max(0, z), entry by entry. Any shape in, the same shape out."""
    ### BEGIN SOLUTION
    return torch.where(z > 0, 1.0, 0.0) * z
    ### END SOLUTION


# %%
check(relu)

# %% [markdown]
# ### Exercise 1.3: sigmoid
#
# From the definition, without `torch.sigmoid`. Its *value* must also survive $z=-1000$, where $e^{1000}$ is more than a float can hold; think what `1 / inf` is. (The *slope* is another matter. {Day: 02_pytorch_1} computes slopes by program, and meets $\infty\cdot0$ at this place.)


# %%
def sigmoid(z: Tensor) -> Tensor:
    """1 / (1 + e^-z), entry by entry. Any shape in, the same shape out."""
    ### BEGIN SOLUTION
    return 1 / (1 + (-z).exp())
    ### END SOLUTION


# %%
check(sigmoid)

# %% [markdown]
# **Predict.** Write tanh as its definition stands, $(e^z-e^{-z})/(e^z+e^{-z})$, and ask for $z=1000$. What is $\tanh 1000$, and what will the computer say?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
z = torch.tensor(1000.0)
print("as it stands:", (z.exp() - (-z).exp()) / (z.exp() + (-z).exp()), "  e^1000 is", z.exp())

# %% [markdown]
# $\tanh 1000$ is 1 to all the digits of a float, and the computer says `nan`, *not a number*: infinity divided by infinity. The formula is right and the program is wrong. In numerical work the two are different
# things, and you will meet several bugs of this kind in the coming three weeks. Everything that is computed from a `nan` is `nan`; one of them, in one batch, ends a training.
#
# ### Exercise 1.4: tanh
#
# Right for every $z$ from $-1000$ to $1000$; without `torch.tanh`.


# %%
def tanh_(z: Tensor) -> Tensor:
    """The hyperbolic tangent, entry by entry. Any shape in, the same shape out."""
    ### BEGIN SOLUTION
    return 2 * sigmoid(2 * z) - 1
    ### END SOLUTION


# %%
check(tanh_)

# %% [markdown]
# ## A layer
#
# One neuron looks from one side. Take $H$ of them, side by side, all reading the same $D$ features: a **layer**. Neuron $h$ has its weights in row $h$ of a matrix $W$ with $H$ rows and $D$ columns, and its bias in $b_h$. For a **batch** of $N$
# examples, one per row of $x$,
#
# $$ z_{nh} = \sum_{d=1}^{D} x_{nd}\, W_{hd} + b_h, \qquad\text{or}\qquad \underbrace{z}_{N\times H} = \underbrace{x}_{N\times D}\,\underbrace{W^\top}_{D\times H} + \underbrace{b}_{H}. $$
#
# That $W$ is stored as (outputs, inputs), and therefore transposed here, is a convention, PyTorch's; others store the transpose. That a layer is *one matrix product* is why any of this is fast: for every example and every neuron at once, with no loop in Python.
#
# **A worked number.** $W=\begin{pmatrix}1&2\\0&-1\\3&1\end{pmatrix}$, $b=(0,10,-5)$, one example $x=(1,2)$: $z = (1+4,\; -2+10,\; 3+2-5) = (5, 8, 0)$.
#
# ### Exercise 1.5: a layer
#
# Only the sum and the bias; the activation comes in the next exercise.


# %%
def layer_forward(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """A batch through one linear layer. x: (N, D); W: (H, D); b: (H,). Returns (N, H)."""
    ### BEGIN SOLUTION
    return x @ W.transpose(0, 1) + b
    ### END SOLUTION


# %%
check(layer_forward)


# %%
def by_loops(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """The same as ``layer_forward``, one neuron of one example at a time."""
    return torch.stack(
        [torch.stack([neuron(one, w, bias, lambda z: z) for w, bias in zip(W, b, strict=True)]) for one in x]
    )


generator = torch.Generator().manual_seed(0)
x, W, b = (
    torch.randn(200, 5, generator=generator),
    torch.randn(32, 5, generator=generator),
    torch.randn(32, generator=generator),
)

# %% [markdown]
# **Predict.** 200 examples, 32 neurons, 5 inputs. How many times faster is the matrix product than your `neuron` in a loop: 5, 50, or 500?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
start = time.perf_counter()
slow = by_loops(x, W, b)
middle = time.perf_counter()
for _ in range(100):
    fast = layer_forward(x, W, b)
end = time.perf_counter()
print(
    f"loop {1e3 * (middle - start):.1f} ms, matrix product {10 * (end - middle):.4f} ms, largest difference {(slow - fast).abs().max():.1e}"
)

# %% [markdown]
# Several hundred times, or a thousand. Both do 32,000 multiplications; the loop asks Python 6,400 times to do five of them. Whenever you find yourself looping over examples, stop and look for the matrix.
#
# ## A network, and why it needs its activations
#
# One layer's outputs can be the next layer's features. That is a **feed-forward network**, also called a multilayer perceptron, **MLP**:
#
# $$ h^{(0)} = x, \qquad h^{(l)} = g\!\left(h^{(l-1)} W^{(l)\top} + b^{(l)}\right)\ \text{ for } l<M, \qquad f_\theta(x) = h^{(M-1)} W^{(M)\top} + b^{(M)}. $$
#
# The layers in between are **hidden**: no example says what they should be. The number of layers $M$ is the **depth**, the number of neurons in a layer its **width**. Note the last layer: it has *no activation*. A ReLU there could never say a negative number, a sigmoid nothing above 1; what the
# outputs are to mean is decided afterwards.
#
# **What if we leave out $g$?** Two layers without it are
#
# $$ \left(x W^{(1)\top} + b^{(1)}\right) W^{(2)\top} + b^{(2)} = x\,\underbrace{\left(W^{(2)}W^{(1)}\right)^\top}_{\text{one matrix}} + \underbrace{b^{(1)}W^{(2)\top} + b^{(2)}}_{\text{one bias}}, $$
#
# a single layer. A hundred of them are a single layer. Depth without bends is an expensive way to draw a line; the activation is a *necessity*, and which one is a *convention*.
#
# The network of this afternoon, as a **block diagram**. The arrows carry the shape of what flows; N is the number of samples.

# %%
plot.diagram(
    [
        "five logs -> N, 5",
        "linear -> N, 32",
        "ReLU",
        "linear -> N, 32",
        "ReLU",
        "linear | no activation -> N, 1",
        "porosity",
    ],
    title="a feed-forward network with two hidden layers",
)

# %% [markdown]
# ### Exercise 1.6: a whole network
#
# `layers` is a list of pairs `(W, b)`, the first nearest to the input. Use your `layer_forward`.


# %%
def mlp_forward(x: Tensor, layers: list[tuple[Tensor, Tensor]], activation: Callable[[Tensor], Tensor]) -> Tensor:
    """A batch through a feed-forward network; the activation follows every layer but the last.

    x: (N, D); layers: pairs of W (outputs, inputs) and b (outputs,). Returns (N, outputs of the last layer).
    """
    ### BEGIN SOLUTION
    for W, b in layers[:-1]:
        x = activation(layer_forward(x, W, b))
    return layer_forward(x, *layers[-1])
    ### END SOLUTION


# %%
check(mlp_forward)

# %% [markdown]
# How many parameters does it have? A layer from $D$ to $H$ has $H\cdot D$ weights and $H$ biases. **A worked number:** five logs, two hidden layers of 32, one porosity. $5\cdot32+32=192$, then $32\cdot32+32=1056$, then $32+1=33$: 1,281 in all.
#
# ### Exercise 1.7: count the parameters
#
# `sizes` lists the widths from input to output, such as `[5, 32, 32, 1]`.


# %%
def count_parameters(sizes: list[int]) -> int:
    """Weights and biases of a feed-forward network with these widths, from the inputs to the outputs."""
    ### BEGIN SOLUTION
    weights = sum(sizes[i] * sizes[i + 1] for i in range(len(sizes) - 1))
    return weights + sum(sizes[1:])
    ### END SOLUTION


# %%
check(count_parameters)

# %% [markdown]
# **Predict.** An image of 28x28 pixels goes through `[784, 128, 10]`. How many parameters? In which layer are they?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
print(f"{count_parameters([784, 128, 10]):,} in all, {count_parameters([784, 128]):,} of them in the first layer")

# %% [markdown]
# Nearly all of them read pixels. On {day: 05_cnns_1} that will be the reason to invent another kind of layer.
#
# ## What can a network compute? Any curve, by hand
#
# A network without training is only a formula; let us see what it is able to say. Take one input $x$, one hidden layer of ReLUs, and look at a single hidden neuron, $\operatorname{relu}(x-t)$: flat to the left of the knot $t$, rising with slope 1 to the right. Adding $c$ times such a
# neuron changes the slope of a curve by $c$ at $t$, and leaves everything to the left alone. **So a sum of ReLUs is a chain of straight pieces, and every chain of straight pieces is a sum of ReLUs.**
#
# To follow a signal $s$: choose knots $t_0<t_1<\dots<t_n$, let $m_k$ be the slope from $(t_k, s(t_k))$ to $(t_{k+1}, s(t_{k+1}))$, and take
#
# $$ f(x) = s(t_0) + \sum_{k=0}^{n-1} (m_k - m_{k-1})\,\operatorname{relu}(x - t_k), \qquad m_{-1}=0. $$
#
# At every knot it is right. In between, on a piece of length $h$, a straight line misses a smooth curve by at most $\frac{h^2}{8}\max|s''|$. (Take the difference $e=s-f$; it is zero at both ends. The parabola $p(x)=\frac S2 (x-t_k)(t_{k+1}-x)$, with
# $S=\max|s''|$, is zero there too and has $p''=-S$, so $p-e$ and $p+e$ are both concave, hence not negative in between, and $|e|\le p\le \frac S2\cdot\frac{h^2}{4}$.)
#
# As the pieces get shorter the error goes to zero: **one hidden layer follows any smooth curve as closely as we like**, given enough neurons. The same holds for continuous functions of many inputs, on a bounded region. This is the **universal approximation theorem**. Cybenko (1989) proved it for sigmoids, Hornik (1991) for any bounded activation that is not constant, and Leshno and others (1993) for any activation that is not a polynomial, ReLU included. Here is a Ricker wavelet, the pulse of seismic modelling, built from *your* `mlp_forward` with weights that come from the formula, without training:


# %%
def ricker(x: Tensor) -> Tensor:
    """The Ricker wavelet, the second derivative of a Gaussian turned upside down. Any shape."""
    return (1 - 2 * (3 * x) ** 2) * torch.exp(-((3 * x) ** 2))


def chain(signal: Callable[[Tensor], Tensor], neurons: int) -> list[tuple[Tensor, Tensor]]:
    """The layers of a ReLU network with that many hidden neurons that joins points of ``signal`` on [-1, 1] by straight lines."""
    knots = torch.linspace(-1, 1, neurons + 1, dtype=torch.float64)
    slopes = signal(knots).diff() / knots.diff()
    bends = slopes.diff(prepend=slopes.new_zeros(1))
    hidden = (torch.ones(neurons, 1, dtype=torch.float64), -knots[:-1])
    return [hidden, (bends[None, :], signal(knots[:1]))]


x = torch.linspace(-1, 1, 1001, dtype=torch.float64)[:, None]  # (1001, 1): a batch of examples with one feature
fig, axes = plt.subplots(1, 3, figsize=(11, 3.2), sharey=True)
for ax, neurons in zip(axes, (6, 12, 24), strict=True):
    follow = mlp_forward(x, chain(ricker, neurons), relu)
    ax.plot(x, ricker(x), color="grey", linestyle="-", linewidth=4, alpha=0.5, label="signal")
    ax.plot(x, follow, color=plot.VERMILION, linestyle="-", linewidth=1.5, label="network")
    ax.set(title=f"{neurons} hidden neurons", xlabel="x")
axes[0].legend()
plot.alt(
    fig,
    "A Ricker wavelet and three chains of straight pieces that follow it: crudely with 6 hidden neurons, well with 12, hardly to be told from it with 24.",
)

# %% [markdown]
# **Predict.** With 50 neurons the largest error is about 0.011. What will it be with 100, and with 200? Use the bound: each piece is half as long.

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
for neurons in (25, 50, 100, 200):
    error = (mlp_forward(x, chain(ricker, neurons), relu) - ricker(x)).abs().max()
    print(f"{neurons:4d} neurons: largest error {error:.5f}, the bound {(2 / neurons) ** 2 / 8 * 54:.5f}")

# %% [markdown]
# Twice the neurons, a quarter of the error, just under the bound (the wavelet's largest $|s''|$ is 54, at its peak).
#
# **Predict.** The knots lie between $-1$ and $1$. What does this network say at $x=2$, where the wavelet is zero? And at $x=20$?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
far = torch.tensor([[2.0], [20.0]], dtype=torch.float64)
print("network with 24 neurons:", mlp_forward(far, chain(ricker, 24), relu).flatten().tolist())
print("signal:                 ", ricker(far).flatten().tolist())

# %% [markdown]
# Beyond its last knot a ReLU network goes straight on for ever, with whatever slope it happened to have. The theorem speaks about the region where
# there were points, and only there. Three more things it does *not* say. How many neurons does it take? For a function of many inputs there may be
# astronomically many, since the number of pieces of a grid grows like $n^D$. Will training find the weights? And is what fits the examples right
# between them? That networks are able to say it is the least of our worries. The rest of the
# course is about the others.
#
# ## From outputs to rocks: softmax
#
# Porosity is a number; a **rock type** is a choice among $K$ classes. For a choice, let the last layer have $K$ outputs, one *score* per class. The scores are called **logits** $z_1,\dots,z_K$; they may be any numbers. To read them as probabilities they must be positive and sum to one.
# Make them positive with the exponential, then divide by the sum:
#
# $$ p_k = \operatorname{softmax}(z)_k = \frac{e^{z_k}}{\sum_{j} e^{z_j}}. $$
#
# **A worked number.** $z=(1,2,3)$: $e^z = (2.72, 7.39, 20.09)$ with sum $30.19$, so $p=(0.090, 0.245, 0.665)$. One more in a logit is a factor $e$ in the odds: $p_3/p_2 = e^{3-2}$.
#
# **The trap.** A logit of 1000 overflows. But adding the same number $c$ to all logits changes nothing,
#
# $$ \frac{e^{z_k+c}}{\sum_j e^{z_j+c}} = \frac{e^{c}\,e^{z_k}}{e^{c}\sum_j e^{z_j}} = p_k, $$
#
# so take $c=-\max_j z_j$. Then the largest exponent is 0, every term is at most 1, and the sum at least 1. (For two classes, $p_1 = 1/(1+e^{-(z_1-z_2)}) = \sigma(z_1-z_2)$: the sigmoid is a softmax of two.)
#
# The sum runs over the classes of *one* sample. In the picture, blue is what is summed together.

# %%
plot.axes_over("samples classes", {"softmax": "classes"})

# %% [markdown]
# ### Exercise 1.8: softmax
#
# Along the last axis, for a tensor with any number of axes before it, and safe for logits of any size; without `torch.softmax`.


# %%
def softmax(z: Tensor) -> Tensor:
    """Probabilities from logits, along the last axis. z: (..., K); returns (..., K)."""
    ### BEGIN SOLUTION
    e = (z - z.amax(-1, keepdim=True)).exp()
    return e / e.sum(-1, keepdim=True)
    ### END SOLUTION


# %%
check(softmax)

# %% [markdown]
# The truth can be written in the same form: class 2 of 4 is the probability vector $(0,0,1,0)$. This is called **one-hot**. Never feed a network the class's number itself as if it were an amount: limestone is not "three times sandstone".
#
# ### Exercise 1.9: one-hot
#
# Rows of float32: a 1 in the column of the class, 0 elsewhere. A class that does not occur in `y` still has its column.


# %%
def one_hot(y: Tensor, classes: int) -> Tensor:
    """Class indices as probability vectors. y: (N,) int64 in 0..classes-1. Returns (N, classes) float32."""
    ### BEGIN SOLUTION
    return torch.where(y.unsqueeze(1) == torch.arange(classes), 1.0, 0.0)
    ### END SOLUTION


# %%
check(one_hot)

# %% [markdown]
# If a single answer is wanted, take the class with the largest logit. Softmax keeps the order, so you do not need the probabilities for that. The share of right answers is the **accuracy**.
#
# ### Exercise 1.10: accuracy
#
# From logits (N, K) and true classes (N,), a number between 0 and 1.


# %%
def accuracy(logits: Tensor, y: Tensor) -> float:
    """The share of examples whose largest logit is that of the true class. logits: (N, K); y: (N,) int64."""
    ### BEGIN SOLUTION
    return ((logits.argmax(1) == y).sum() / len(y)).item()
    ### END SOLUTION


# %%
check(accuracy)

# %% [markdown]
# **Predict.** A third of our samples are shale. A colleague's classifier of five rocks reaches an accuracy of 0.32. Is that good?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
always_shale = one_hot(torch.full((len(logs),), rocks.index("shale")), len(rocks))
print(f"accuracy of saying 'shale' to everything: {accuracy(always_shale, logs.rock):.2f}")

# %% [markdown]
# It is worth nothing: an answer that never looks gets as much. Such an answer is called a **trivial baseline**. **State it beside every accuracy.**
#
# ## How wrong? The loss
#
# Accuracy is what we care about, but you cannot train on it. Change a parameter a little, and it does not change at all, until suddenly one example
# flips. Training needs a number that says *how* wrong, and that changes smoothly with the parameters: a **loss** $L(\theta)$, small when the answers
# are good.
#
# For numbers such as porosity, the **mean squared error**:
#
# $$ L = \frac1N\sum_{n=1}^N \left(f_\theta(x_n) - y_n\right)^2 . $$
#
# Its square root, the RMSE, is in the units of $y$. Why squares? Suppose $f$ may only say one number $c$. Then $\frac{dL}{dc} = \frac2N\sum_n (c-y_n) = 0$ gives $c=\frac1N\sum_n y_n$: squares ask for the **mean**. Absolute values would ask for the
# median, which minds outliers less. The choice of a loss is a choice of what "typical" means. ({Day: 04_ml_recap} derives it from a probability.)
#
# For classes, the **cross-entropy**: $L=-\frac1N\sum_n \ln p_{n,y_n}$, minus the logarithm of the probability that was given to the truth. Certain and right costs 0; certain and wrong costs without limit; knowing nothing, $p=1/K$, costs $\ln K$. You will use
# it this afternoon.
#
# ### Exercise 1.11: mean squared error
#
# The mean over all entries, for two tensors of the same shape. **A worked number:** predictions $(1, 2, 5)$ and targets $(1, 4, 4)$: $(0+4+1)/3 = 1.667$.


# %%
def mse(prediction: Tensor, target: Tensor) -> Tensor:
    """The mean of the squared differences over all entries, shape (). Both tensors have the same shape."""
    ### BEGIN SOLUTION
    error = prediction - target
    return (error**2).sum() / error.numel()
    ### END SOLUTION


# %%
check(mse)

# %% [markdown]
# ## Finding the parameters: gradient descent
#
# Back to one log and one line, $f(x) = w x + b$; two parameters. Over the plane of all $(w,b)$ the loss is a landscape, and we want its lowest point. For a line there is a formula for it. For networks there is none, so we practise on the line what works for both: **stand somewhere, feel the slope underfoot, take a step downhill, repeat.**
#
# The slope is the gradient. With the error $e_n = w x_n + b - y_n$ and the chain rule,
#
# $$ L = \frac1N\sum_n e_n^2, \qquad \frac{\partial L}{\partial w} = \frac2N\sum_n e_n\,x_n, \qquad \frac{\partial L}{\partial b} = \frac2N\sum_n e_n . $$
#
# A small step $\delta$ changes the loss by about $\nabla L\cdot\delta$. Among all steps of one length this is most negative when $\delta$ points against the gradient. So
#
# $$ w \leftarrow w - \eta\,\frac{\partial L}{\partial w}, \qquad b \leftarrow b - \eta\,\frac{\partial L}{\partial b}, $$
#
# with a number $\eta$, the **learning rate** (`lr` in code). Both gradients are taken at the *old* $(w,b)$, before either moves.
#
# **A worked number.** Two points, $(x,y)=(1,2)$ and $(3,4)$; start at $w=b=0$, so $e=(-2,-4)$ and $L=10$. $\partial L/\partial w=\frac22(-2\cdot1-4\cdot3)=-14$, $\partial L/\partial b=-6$. With $\eta=0.05$: $w=0.7$, $b=0.3$. Now $e=(-1,-1.6)$, $L=1.78$. One
# step took off four fifths.
#
# ### Exercise 1.12: fit a line by gradient descent
#
# Start from $w=b=0$ and take `steps` steps, each with all the data. Return $w$ and $b$ as two Python floats.


# %%
def fit_line_by_gradient_descent(x: Tensor, y: Tensor, *, lr: float, steps: int) -> tuple[float, float]:
    """Slope and intercept of a line after ``steps`` gradient steps on the mean squared error, from zero. x, y: (N,)."""
    ### BEGIN SOLUTION
    w, b = x.new_zeros(2)
    for _ in range(steps):
        error = w * x + b - y
        w, b = w - lr * 2 * (error * x).mean(), b - lr * 2 * error.mean()
    return w.item(), b.item()
    ### END SOLUTION


# %%
check(fit_line_by_gradient_descent)

# %% [markdown]
# ### Which step?
#
# Let the data be **standardised**: subtract the mean of $x$, divide by its standard deviation, so that $\frac1N\sum x_n=0$ and $\frac1N\sum x_n^2=1$. Let $(w^*, b^*)$ be the bottom of the valley. There the gradients vanish, so $\frac1N\sum x_n y_n=w^*$ and $\frac1N\sum y_n=b^*$, and everywhere else
#
# $$ \frac{\partial L}{\partial w} = 2\,(w - w^*), \qquad \frac{\partial L}{\partial b} = 2\,(b - b^*). $$
#
# Put it into the step: $w-w^* \leftarrow (1-2\eta)\,(w-w^*)$. **Each step multiplies the distance to the goal by $1-2\eta$.** With $\eta=0.1$ a fifth of the way is done each time. With $\eta=\frac12$, all of it, in one step. Between $\frac12$ and 1 we overshoot and come back; above 1 each
# overshoot is longer than the one before.
#
# *Without* standardising the two parameters are entangled. For density the mean of $x^2$ is 5.569 and the mean of $x$ is 2.356. The curvature of the
# loss is the matrix of second derivatives $2\begin{pmatrix}5.569&2.356\\2.356&1\end{pmatrix}$. Its eigenvalues are 13.13 and 0.0055. The valley is
# 2,400 times as steep across as along. The steep side forbids any $\eta$ above $2/13.13 = 0.152$; along the floor each step then does less than a
# thousandth of the way.
#
# **Predict.** We fit porosity against density, 100 steps each: raw with $\eta=0.1$; standardised with $\eta=0.1$, $0.5$ and $1.02$. Which of the four is at the bottom after one step? Which after 100? Does one get worse?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
train = logs.of(*range(8))  # eight wells to learn from; the other four stay unseen
raw, y = train.x[:, 1].double(), train.porosity.double()
standard = (raw - raw.mean()) / raw.std(correction=0)

fig, ax = plt.subplots(figsize=(7, 3.6))
checkpoints = [0, 1, 2, 3, 5, 10, 20, 50, 100]
for name, x, lr in (
    ("raw, lr 0.1", raw, 0.1),
    ("standardised, lr 0.1", standard, 0.1),
    ("standardised, lr 0.5", standard, 0.5),
    ("standardised, lr 1.02", standard, 1.02),
):
    losses = []
    for steps in checkpoints:
        w, b = fit_line_by_gradient_descent(x, y, lr=lr, steps=steps)
        losses.append(mse(w * x + b, y).item())
    ax.plot(checkpoints, losses, marker="o", markersize=4, label=name)
    print(f"{name:22s} loss after 1 step {losses[1]:.5f}, after 100 steps {losses[-1]:.5f}")
ax.set(xlabel="steps", ylabel="loss", yscale="log", xscale="symlog", xlim=(-0.1, 110))
ax.legend()
plot.alt(
    fig,
    "Loss against steps. Standardised with rate 0.5: at the bottom after one step. With 0.1: there after about twenty. Raw with 0.1: falls at first and then "
    "stays at about five times the lowest loss. Standardised with 1.02: grows without end.",
)

# %% [markdown]
# Standardising costs one line and buys a factor of a thousand. Do it always, with the mean and the spread **of the training data**; the test data get the same two numbers, never their own. And if a loss grows, before anything else divide the learning rate by ten.
#
# ### A real record
#
# Our wells are synthetic; your function does not mind. Here is a real record: the carbon dioxide of the air on Mauna Loa, Hawaii, month by month (Keeling and Whorf, 2004).
#
# **Predict.** Does carbon dioxide rise along a line? Where will the record leave it?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
record = data.co2()
years = record.times - record.times.mean()
spread = years.std(correction=0)
w, b = fit_line_by_gradient_descent(years / spread, record.values.double(), lr=0.1, steps=100)
print(f"{record.times[0]:.0f} to {record.times[-1]:.0f}: carbon dioxide rose by {w / spread:.2f} ppm a year on average")
fig, ax = plt.subplots(figsize=(7, 3))
ax.plot(record.times, record.values, linewidth=0.8, label="measured")
ax.plot(record.times, w * years / spread + b, label="your line")
ax.set(xlabel="year", ylabel="carbon dioxide (ppm)")
ax.legend()
plot.alt(
    fig,
    "Carbon dioxide from 1958 to 2001 with a wave each year, and a straight line through it. The record lies above the line at both ends and below it in the middle.",
)

# %% [markdown]
# It does not: the record lies above the line at both ends and below it in the middle, so the rise itself grows. And there is a wave each year, as plants of the north take up carbon in summer. A line can say neither.
# {Day: 10_rnns} forecasts this record.
#
# ## The first answer
#
# The loop found a slope and an intercept in standardised units; turned back into g/cm³ they can be compared with the physics.

# %%
w, b = fit_line_by_gradient_descent(standard, y, lr=0.1, steps=100)
slope = w / raw.std(correction=0).item()
intercept = b - slope * raw.mean().item()
new = logs.of(8, 9, 10, 11)
learned, physics = slope * new.x[:, 1] + intercept, (2.65 - new.x[:, 1]) / 1.62
print(
    f"learned: porosity = {slope:.3f} density + {intercept:.3f};   quartz and brine: {-1 / 1.62:.3f} density + {2.65 / 1.62:.3f}"
)
for name, guess in (
    ("always the mean", train.porosity.mean().expand(len(new))),
    ("quartz and brine", physics),
    ("the learned line", learned),
):
    print(f"{name:18s} RMSE in four new wells: {mse(guess, new.porosity).sqrt():.4f}")

# %% [markdown]
# The learned line beats the formula, though it knows no physics. It is flatter, for two honest reasons. It has seen shale, dolomite and gas, and on
# those a cautious answer is best. And the log is noisy: from a noisy input the best guess leans towards the mean. But it is *a* line. No line can
# raise its estimate where gamma ray says "shale" and lower it where neutron says "gas".
#
# ## The first training of a network
#
# So take five logs, a hidden layer with tanh, and the same gradient descent. One thing is missing, the gradients with respect to every weight. You could derive them by the chain rule, and on {day: 04_ml_recap} you will; today PyTorch does it. A tensor with `requires_grad=True`
# remembers what is computed from it; `loss.backward()`, the **backward pass**, then goes through the computation in reverse and leaves each parameter's gradient in its `.grad`. Everything else below is yours: `mlp_forward`, `tanh_`, `mse`, and the step.


# %%
def standardise(x: Tensor) -> Tensor:
    """x (N, D) with the mean and spread that the training wells have, feature by feature."""
    return (x - train.x.mean(0)) / train.x.std(0)


x, y = standardise(train.x), train.porosity[:, None]  # (N, 5), and (N, 1) as the network's output is
generator = torch.Generator().manual_seed(0)
W1, W2 = torch.randn(16, 5, generator=generator) / 5**0.5, torch.randn(1, 16, generator=generator) / 4
layers = [(W1, torch.zeros(16)), (W2, torch.zeros(1))]
parameters = [p.requires_grad_() for layer in layers for p in layer]

history = []
for _ in range(sized(1000, rehearsal=200)):
    loss = mse(mlp_forward(x, layers, tanh_), y)
    loss.backward()  # fills p.grad for each parameter p
    with torch.no_grad():  # the step itself is not to be remembered
        for p in parameters:
            p -= 0.3 * p.grad
            p.grad = None  # backward() adds to what is there: forget the old gradient
    history.append(loss.item())

with torch.no_grad():
    network = mlp_forward(standardise(new.x), layers, tanh_)[:, 0]
print(f"{count_parameters([5, 16, 1])} parameters; loss {history[0]:.4f} -> {history[-1]:.5f}")
print(
    f"RMSE in four new wells: {mse(network, new.porosity).sqrt():.4f}, the line had {mse(learned, new.porosity).sqrt():.4f}"
)

# %%
well = new.well == 9
fig, axes = plt.subplots(1, 2, figsize=(10, 4.4), width_ratios=(1.3, 1))
part = slice(200, 400)
axes[0].plot(
    new.depth[well][part], new.porosity[well][part], color="grey", linestyle="-", linewidth=4, alpha=0.5, label="truth"
)
axes[0].plot(
    new.depth[well][part], learned[well][part], color=plot.BLUE, linestyle="--", linewidth=1.2, label="line, one log"
)
axes[0].plot(
    new.depth[well][part],
    network[well][part],
    color=plot.VERMILION,
    linestyle="-",
    linewidth=1.2,
    label="network, five logs",
)
axes[0].set(xlabel="depth in metres", ylabel="porosity", title="100 m of a well that was not trained on")
axes[0].legend()
axes[1].plot(range(1, len(history) + 1), history, color=plot.BLACK, linestyle="-")
axes[1].set(xlabel="step", ylabel="loss", yscale="log", xscale="log", title="the training")
plot.alt(
    fig,
    "Left: true porosity over 100 metres of a new well, with the estimates of the line and of the network; both follow it, the network more closely. Right: the loss falls over the training, steeply in the first steps, then ever more slowly.",
)

# %% [markdown]
# These are the four parts of every training: a function made of layers, a loss, gradients, steps. What three weeks will add is better layers, better steps, better questions, and the art of noticing when it goes wrong. And note how we judged it: on *other wells*. Half a metre away
# the rock is nearly the same; had we tested on every second sample of the training wells, we would have tested the memory, not the knowledge.

# %% [markdown]
# ## This trains badly
#
# A colleague wants a network to follow a trace. She begins with something easy, 101 samples of the Ricker wavelet from above, one hidden layer of tanh, and gradient descent. Her program runs without an error. Its loss
# ends at 0.155. She doubles the width: 0.155. She doubles it again: 0.155. She is about to ask for a larger computer.
#
# Work by symptoms. What *is* 0.155? Which functions can do no better than that? And what would a network have to lack to be one of them?
#
# ### Exercise 1.13: this trains badly
#
# One line is wrong. Repair it, and change nothing else. Before you read the program, run the cell below it and think about the numbers.


# %%
### BEGIN SOLUTION
def find_the_bug_1(
    x: Tensor, y: Tensor, *, steps: int, width: int = 64, lr: float = 0.003, seed: int = 0
) -> list[float]:
    """Train a network with one hidden layer of tanh by gradient descent. Returns the loss of every step.

    x: (N, D), the inputs; y: (N, 1), the values to follow; width: neurons of the hidden layer. One line is wrong.
    """
    generator = torch.Generator().manual_seed(seed)
    W1 = 4 * torch.randn(width, x.shape[1], generator=generator, dtype=x.dtype)
    b1 = 2 * torch.randn(width, generator=generator, dtype=x.dtype)
    W2 = torch.randn(1, width, generator=generator, dtype=x.dtype) / width**0.5
    b2 = x.new_zeros(1)
    parameters = [p.requires_grad_() for p in (W1, b1, W2, b2)]
    losses = []
    for _ in range(steps):
        hidden = layer_forward(x, W1, b1)
        hidden = tanh_(hidden)  # the bug: tanh_(hidden) alone returns a new tensor, and nobody keeps it
        loss = mse(layer_forward(hidden, W2, b2), y)
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p -= lr * p.grad
                p.grad = None
        losses.append(loss.item())
    return losses


### END SOLUTION

# %%
trace_x = torch.linspace(-1, 1, 101)[:, None]  # (101, 1)
trace_y = ricker(trace_x)
best_constant = mse(trace_y.mean().expand(101, 1), trace_y)
for width in (16, 32, 64):
    print(f"width {width}: loss after 1000 steps {find_the_bug_1(trace_x, trace_y, steps=1000, width=width)[-1]:.4f}")
print(f"loss of saying the mean everywhere: {best_constant:.4f}")

# %%
check(find_the_bug_1)

# %% [markdown]
# <details><summary>Answer</summary>
#
# `tanh_(hidden)` computes a new tensor, and since it gets no name it is thrown away; `hidden` is what it was. So the network has two layers and no bend between them, which is one layer: a line. The wavelet is the same to the left and to the right, so its best line is flat, at the
# mean, and the loss of that is the variance, 0.155. **A loss that does not depend on the width is the signature of a network that is not one.** With the result kept, width pays: the widest follows the wavelet, and the narrow ones are on their way.
#
# The habit to keep: when a loss stops, compute what the trivial baseline would get (the mean, the best line, $\ln K$ for classes) and see whether that is where it stopped.
#
# </details>
#
# ## Summary
#
# - A **neuron** is $g(w\cdot x+b)$; a **layer** is one matrix product, $xW^\top+b$; a **network** is layers with an activation after each but the last. Without activations it collapses into one layer.
# - One hidden layer can follow any smooth curve: $n$ ReLUs are a chain of $n$ straight pieces, with an error like $1/n^2$. Beyond the examples it goes straight on; the theorem promises nothing there.
# - **Logits** become probabilities by softmax, computed after subtracting the maximum. A formula that is right on paper can be `nan` on a computer.
# - A **loss** changes smoothly with the parameters, accuracy does not. State beside each figure what the trivial baseline reaches.
# - **Gradient descent**: step against the gradient. On standardised data each step multiplies the distance by $1-2\eta$; too large a rate diverges, unscaled inputs crawl.
# - Test on wells, not on samples, that the training has not seen.
#
# ### Questions to take along
#
# 1. A network for porosity ends in a ReLU, "since porosity is never negative". Its training sometimes stays at the loss of saying 0 to everything. Why?
#
# <details><summary>Answer</summary>
#
# If the last sum is negative for every example at the start, the ReLU is off everywhere, its slope is 0, and no gradient reaches any weight: a dead output. Leave the last layer linear, or use a function with a slope everywhere, such as a sigmoid scaled to $[0, 0.5]$.
#
# </details>
#
# 2. All weights of a hidden layer start at zero. What do its neurons learn?
#
# <details><summary>Answer</summary>
#
# The same. Equal neurons compute equal outputs and get equal gradients, for ever. Random starting values break the tie; this afternoon says how large they should be.
#
# </details>
#
# 3. Depth is given to your network as a feature, in metres (1,200 to 2,300), beside the five logs, without standardising. What happens?
#
# <details><summary>Answer</summary>
#
# Its weights' gradients are a thousand times those of the others, so the learning rate must be tiny, and then the others do not move. With tanh the hidden neurons saturate as well. Also ask whether depth is an *honest* feature: it may only tell the wells apart.
#
# </details>
#
# ## References
#
# - C. D. Keeling, T. P. Whorf (2004). *Atmospheric CO2 concentrations derived from flask air samples at sites in the SIO network.* Carbon Dioxide Information Analysis Center, Oak Ridge.
# - W. S. McCulloch, W. Pitts (1943). *A logical calculus of the ideas immanent in nervous activity.* doi:10.1007/BF02478259.
# - F. Rosenblatt (1958). *The perceptron.* doi:10.1037/h0042519.
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams (1986). *Learning representations by back-propagating errors.* doi:10.1038/323533a0. The paper that made training by gradients known.
# - G. Cybenko (1989). *Approximation by superpositions of a sigmoidal function.* doi:10.1007/BF02551274.
# - K. Hornik (1991). *Approximation capabilities of multilayer feedforward networks.* doi:10.1016/0893-6080(91)90009-T.
# - M. Leshno, V. Y. Lin, A. Pinkus, S. Schocken (1993). *Multilayer feedforward networks with a nonpolynomial activation function can approximate any function.* doi:10.1016/S0893-6080(05)80131-5.
# - S. Kapoor, A. Narayanan (2023). *Leakage and the reproducibility crisis in machine-learning-based science.* doi:10.1016/j.patter.2023.100804.
# - Y. LeCun, Y. Bengio, G. Hinton (2015). *Deep learning.* doi:10.1038/nature14539. Nine pages by three of those who made it.
# - M. Reichstein and others (2019). *Deep learning and process understanding for data-driven Earth system science.* doi:10.1038/s41586-019-0912-1.
# - W. Zhu, G. C. Beroza (2019). *PhaseNet.* doi:10.1093/gji/ggy423.
# - R. Lam and others (2023). *Learning skillful medium-range global weather forecasting.* doi:10.1126/science.adi2336.
#
# Without a DOI: V. Nair, G. E. Hinton (2010), Rectified linear units improve restricted Boltzmann machines; X. Glorot, A. Bordes, Y. Bengio (2011), Deep sparse rectifier neural networks.
