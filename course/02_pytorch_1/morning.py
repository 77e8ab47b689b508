# ---
# title: "PyTorch, part I: a seismic volume as a tensor"
# objectives:
#   - say what a tensor is made of, and compute where in memory any of its entries lies
#   - tell a view from a copy, and know which operations give which
#   - combine tensors of different shapes by broadcasting, pick entries by index tensors, and write any sum of products with einsum
#   - draw the graph that autograd records, and do its backward pass by hand
#   - obtain gradients without leaving traces, stop them where they do not belong, and build a Jacobian from them
#   - recover the layers of the ground from a seismic section by descending a gradient you did not derive
# prerequisites: [01_intro_and_ffns]
# minutes: {cpu: 1, cpu_fp32: 1}
# data: [seismic, el_nino]
# ---

# %%
import time
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.data import seismic
from dlmodule.rehearsal import sized

check = checks("02_pytorch_1")
plot.use_style()

# %% [markdown]
# ## The question: which layers made this picture?
#
# A ship tows a source of sound and a carpet of microphones over the sea. Months of processing later you receive one file: a very long row of numbers. They are the strength of the echo under each place
# of a map, sample by sample in time. One column of such samples is a **trace**. Traces along one line of the ship make an **inline** section, traces across the lines a **crossline** section, and the
# samples of all traces at one time a **time slice**.
#
# Two questions, then. How does one row of numbers become all these pictures? And, since the picture is not the ground but the ground *blurred* by the sound that was sent into it: **which layers made this picture?**
# The first question is about tensors, the second about gradients. Both are answered by noon, the second without a network: a model with six thousand unknowns, fitted by the machinery that
# will train every network of this course.

# %%
quiet = seismic.Geology(dip=(0.05, 0.15), fold_height=(6, 12), faults=(2, 2), noise=(0.05, 0.1))
ground = seismic.volume(96, 48, 64, seed=3, geology=quiet)
volume = ground.images  # (T, Y, X) = (96, 48, 64): time samples, inlines, crosslines
print(tuple(volume.shape), volume.dtype, f"{volume.numel():,} numbers")

fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
plot.section(volume[:, 24], title="volume[:, 24], an inline", xlabel="crossline", ax=axes[0])
plot.section(volume[:, :, 32], title="volume[:, :, 32], a crossline", xlabel="inline", ax=axes[1])
plot.section(volume[48], title="volume[48], a time slice", xlabel="crossline", ylabel="inline", ax=axes[2])
plot.alt(
    fig,
    "Three cuts through one synthetic seismic volume. An inline section with black and white bands that are stepped down at two slanting faults; a crossline section whose bands run almost level; and a time slice, in which the faults are two straight lines and a fold is a bright ring.",
)

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $x, y$ | what goes into a function, and what comes out | any |
# | $N, M, D$ | rows of one table; rows of another; columns of both | |
# | $T$ | samples of a trace | |
# | $n_d, s_d$ | size and stride of axis $d$ | |
# | $a, a_0$ | address in memory; of the first entry | |
# | $u, v, e$ | steps on the way from $w, x, b$ to a loss | one number each |
# | $L$ | the loss, one number | |
# | $\bar u$ | gradient of the loss with respect to $u$ | that of $u$ |
# | $J$ | Jacobian, $\partial y_m/\partial x_d$ | `(M, D)` |
# | $r, k, d$ | reflectivity; wavelet; seismic data | `(T,)`, `(2h + 1,)`, `(T,)` |
# | $\lambda$ | weight of a penalty | |
# | $\varepsilon$ | a small step, for a difference quotient | one number |
#
# ## What a tensor is made of
#
# On {day: 01_intro_and_ffns} a tensor was "PyTorch's array". Today we open it. It has two parts:
#
# - a **storage**: one row of numbers in memory, all of one kind;
# - a **description**: how to read that row. It holds the *shape* (how many entries along each axis) and the *strides* (how far to step in memory for
#   one step along each axis). It also holds the *offset* (where to begin), the *dtype* (the kind of number) and the *device* (whose memory it is).
#
# Nearly all that is fast in PyTorch changes the description and leaves the numbers alone; nearly all that is slow moves them.
#
# **Kinds of number.** `float32` is the default for real numbers, with about 7 decimal digits; `int64` for whole numbers, and so for class labels and indices; `bool` for masks. `float64` has 16 digits and is what
# NumPy uses unless told otherwise. `float16` and `bfloat16` need half the memory of `float32`.
#
# **A worked number.** A modest survey of 1,500 samples, 1,000 inlines and 1,000 crosslines has $1.5\times10^9$ numbers. In `float32`, 4 bytes each, that is 6 GB; in `float64` 12 GB, in `float16` 3 GB. The dtype decides whether it fits into your computer.
#
# What does half the memory cost? A floating-point number stores its leading binary digits: 24 in `float32`, 11 in `float16`.
#
# **Predict.** In `float16`, we add 1 to 2048, a thousand times. What comes out? And 1 to 2047, once?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
total = torch.tensor(2048, dtype=torch.float16)
for _ in range(1000):
    total = total + 1
print("2048 + 1000 ones:", total.item())
print("2047 + 1:", (torch.tensor(2047, dtype=torch.float16) + 1).item())

# %% [markdown]
# Above $2^{11}=2048$ neighbours in `float16` are 2 apart, and $2048 + 1$ lies half-way between two of them; it is rounded back, a thousand times. Nothing warns you. Small dtypes are good for *storing* and
# *multiplying*, and bad for long *sums*; on {day: 03_pytorch_2}, mixed precision will use each where it serves.
#
# **Making tensors, and the bridge to NumPy.** `torch.zeros`, `ones`, `full`, `arange`, `linspace`, `eye` make tensors from nothing; `torch.tensor(data)` copies data. `x.numpy()` and `torch.from_numpy(a)` do *not* copy: the array and the
# tensor are two descriptions of one storage. `x.new_zeros(3)` and `torch.zeros_like(x)` take dtype and device from x: use them inside functions, and the functions will work on any device.

# %%
array = np.arange(3.0)
shared, copied = torch.from_numpy(array), torch.tensor(array)
array[0] = 99
print("from_numpy:", shared, "  tensor:", copied)  # float64, NumPy's default, came along
device = "cuda" if torch.cuda.is_available() else "cpu"
moved = shared.to(device, torch.float32)  # .to copies only if there is something to change
print("on", moved.device, "as", moved.dtype)

# %% [markdown]
# ## Where an entry lies: strides
#
# The simplest idea of a table is a list of lists, a row at a time, each somewhere in memory. It fails on time slices: to get one, Python must visit every list and collect. A tensor has one row of numbers and a *rule*. Entry $(i_0, i_1, \dots)$ lies at place
#
# $$ a = a_0 + \sum_d i_d\, s_d, $$
#
# where $a_0$ is the offset and $s_d$ the **stride** of axis $d$. That is all. Which strides? If the entries are numbered as one reads a page, last index fastest, then one step along axis $d$ must skip everything that the
# later axes hold:
#
# $$ s_d = \prod_{e>d} n_e, \qquad s_{\text{last}} = 1, $$
#
# with $n_e$ the size of axis $e$. A tensor with these strides is called **contiguous**. That the last axis is the fast one is a *convention* (C and NumPy share it; Fortran and MATLAB have the first); that some axis must be slow is a *necessity*.
#
# **A worked number.** Our volume has shape (96, 48, 64), so its strides are $(48\cdot 64,\ 64,\ 1) = (3072, 64, 1)$. Sample (10, 5, 7) lies at $10\cdot3072+5\cdot64+7=31\,047$.

# %%
print(volume.stride(), volume[10, 5, 7] == volume.flatten()[31047])

table = torch.arange(12).reshape(3, 4)
fig, axes = plt.subplots(3, 1, figsize=(9, 5.2), layout="constrained", height_ratios=(1, 3, 4))
memory, straight, turned = axes
for ax, cells, title in [
    (memory, table.flatten()[None], "the storage"),
    (straight, table, "table: shape (3, 4), strides (4, 1)"),
    (turned, table.T, "table.T: shape (4, 3), strides (1, 4); the same storage"),
]:
    rows, columns = cells.shape
    for i in range(rows):
        for j in range(columns):
            value = int(cells[i, j])
            ax.add_patch(
                plt.Rectangle((j, i), 1, 1, fc=(plot.BLUE, plot.ORANGE, plot.GREEN)[value // 4], ec="white", alpha=0.6)
            )
            ax.text(j + 0.5, i + 0.5, value, ha="center", va="center")
    ax.set(xlim=(0, 12), ylim=(rows, 0), aspect="equal", xticks=[], yticks=[], title=title)
    ax.title.set_fontsize(10)
    ax.spines[:].set_visible(False)
    ax.grid(False)
plot.alt(
    fig,
    "Twelve numbers, 0 to 11, in one row of memory; below, the same numbers as a table of three rows of four, each row of one colour; below that the transposed table of four rows of three, in which each column has one colour.",
)

# %% [markdown]
# ### Exercise 2.1: strides
#
# Compute the strides of a contiguous tensor from its shape.


# %%
def strides_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides, in entries, of a contiguous tensor of this shape: one number per axis."""
    ### BEGIN SOLUTION
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))
    ### END SOLUTION


# %%
check(strides_of)

# %% [markdown]
# ## Views and copies
#
# A **view** is a new description of an old storage. Slicing, `x.T`, `transpose`, `permute`, `unsqueeze`, `expand`, `unfold` and `view` give views, whatever the size of the tensor: transposing 6 GB takes a microsecond. `clone`, `contiguous` (if there is something to do), arithmetic and
# indexing *with a tensor* make copies.
#
# `view(shape)` asks for another shape of the same storage, and fails if no strides can describe it. `reshape(shape)` is a view where that is possible and otherwise, silently, a copy. Neither ever *moves an axis*: both keep the order in which the entries are read. To move axes, `permute`.
#
# **Predict.** `traces = volume.permute(1, 2, 0)` puts time last. What are its strides? And what do `traces.view(-1)` and `traces.reshape(-1)` do?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
traces = volume.permute(1, 2, 0)  # (Y, X, T)
print("strides", traces.stride(), "contiguous:", traces.is_contiguous())
try:
    traces.view(-1)
except RuntimeError as error:
    print("view:", error)
flat = traces.reshape(-1)
print("reshape: the same storage?", flat.data_ptr() == traces.data_ptr())

# %% [markdown]
# The strides moved with their axes: (64, 1, 3072). Neighbours in time lie 3072 numbers apart, so no *single* stride walks through them and then on to the next trace: a one-dimensional view does not exist, and `reshape` had to copy.
#
# **In-place operations** write into the storage: `x[...] = `, `x += 1`, and every method that ends in an underscore (`x.zero_()`, `x.mul_(2)`). All views of that storage see it.
#
# **Predict.** We take a section out of a copy of the volume, and set the upper 20 samples of the section to zero, as one mutes the water. Does the copy of the volume change? And would it, if we had taken the section as `cube[:, torch.tensor([24])]`?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
cube = volume.clone()
section = cube[:, 24]  # an integer and a slice: a view
section[:20] = 0
print("with a slice: ", cube[:20, 24].abs().sum().item())

cube = volume.clone()
section = cube[:, torch.tensor([24])]  # an index tensor: a copy
section[:20] = 0
print("with an index:", round(cube[:20, 24].abs().sum().item(), 1))

# %% [markdown]
# The slice wrote through to the volume; the index tensor had copied. Neither is wrong, but one must know which one has. A function that writes into its argument surprises its caller; unless it says so in its name, let it `clone` first.
#
# Views can do more than cut. Two entries of a view may be *the same number*. `expand` repeats an axis of length 1 by giving it stride 0. And
# overlapping **windows** of a trace, the basis of every filter, need not repeat a sample either. From a window to the next one you step `step`
# samples, and within a window one sample. Both are strides.

# %% [markdown]
# ### Exercise 2.2: windows without a copy
#
# Lay all windows of `width` samples over the memory of a trace, each `step` samples after the last. For $x = (x_0,\dots,x_5)$, a width of 3 and a step of 2 the windows are $(x_0,x_1,x_2)$ and $(x_2,x_3,x_4)$; a third would leave the trace.
#
# The tool is `x.as_strided(size, stride)`: a view of x with any shape and strides. Beware: a trace cut from a volume is not contiguous. `as_strided` trusts you; with a wrong stride it returns the samples of another trace.


# %%
def as_windows(x: Tensor, width: int, step: int = 1) -> Tensor:
    """All windows of ``width`` samples of a trace, each ``step`` samples after the last, as a view: no sample is copied.

    x: (T,), not necessarily contiguous. Returns ((T - width) // step + 1, width), on the memory of x.
    """
    ### BEGIN SOLUTION
    (apart,) = x.stride()
    count = (len(x) - width) // step + 1
    return x.as_strided((count, width), (step * apart, apart))
    ### END SOLUTION


# %%
check(as_windows)

# %% [markdown]
# PyTorch has this as `x.unfold(dim, width, step)`: along any axis of any tensor, with the samples of each window in a new *last* axis. What one computes from windows is usually a reduction.
#
# **Reductions** take an axis away: `sum`, `mean`, `std`, `amax`, `argmax`, `any`, `all`. The number you give is the axis that *disappears*: (96, 48, 64) reduced along 1 gives (96, 64). With `keepdim=True` it stays, with length 1.

# %% [markdown]
# ### Exercise 2.3: a moving average
#
# Average each run of `width` neighbours along axis `dim` of a tensor of any number of axes. That axis gets shorter by `width - 1`.


# %%
def moving_average(x: Tensor, width: int, dim: int = 0) -> Tensor:
    """Mean of each run of ``width`` neighbours along axis ``dim``, which becomes shorter by width - 1; the other axes stay."""
    ### BEGIN SOLUTION
    return x.unfold(dim, width, 1).mean(-1)
    ### END SOLUTION


# %%
check(moving_average)

# %% [markdown]
# Layers go on from trace to trace, noise does not. So average across neighbouring *inlines*: the signal stays and the noise cancels, by a factor $1/\sqrt{5}$ for five independent traces.
#
# **Predict.** What will this do to a dipping layer, and what to a fault that crosses the five inlines?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
generator = torch.Generator().manual_seed(0)  # randomness with a name: the same seed gives the same noise
noisy = volume + 0.8 * torch.randn(volume.shape, generator=generator)
smooth = moving_average(noisy, 5, dim=1)  # (96, 44, 64); inline y of it is centred on y + 2

fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
plot.section(volume[:, 24], title="inline 24", xlabel="crossline", ax=axes[0])
plot.section(noisy[:, 24], title="with noise", xlabel="crossline", ax=axes[1])
plot.section(smooth[:, 22], title="mean of inlines 22 to 26", xlabel="crossline", ax=axes[2])
plot.alt(
    fig,
    "An inline section; the same with strong noise; and the mean over five neighbouring noisy inlines, in which most of the noise is gone and steep bands are somewhat blurred.",
)
for name, estimate in {"noisy": noisy[:, 24], "averaged": smooth[:, 22]}.items():
    print(f"{name}: root mean square error {(estimate - volume[:, 24]).square().mean().sqrt():.2f}")

# %% [markdown]
# The noise alone would leave $0.8/\sqrt5=0.36$. What comes on top is the price: where the layers dip from inline to inline, or a fault passes, the five traces differ, and their mean is blurred. Here the layers
# hardly change from one inline to the next, so the price is small. Where it is not, one would average *along* the layers; but for that one must know them first.
#
# ### A real record
#
# This volume is synthetic. Your function works on any tensor, so take a record of nature: the temperature of the sea off Peru, each month from 1950 to 2010.
#
# **Predict.** What does an average over twelve months take out of it, and what is left?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
sea = data.el_nino()
fig, ax = plt.subplots(figsize=(9, 3), layout="constrained")
ax.plot(sea.times, sea.values, color="0.7", linewidth=0.8, label="monthly")
ax.plot(sea.times[6:-5], moving_average(sea.values, 12), linestyle="-", label="mean of twelve months")
ax.set(xlabel="year", ylabel="sea surface (°C)")
ax.legend()
plot.alt(
    fig,
    "Monthly sea temperature from 1950 to 2010, which goes up and down by several degrees each year, and its mean over twelve months, a calm curve with high peaks in 1983 and 1998.",
)

# %% [markdown]
# Every window of twelve holds each calendar month once, so the season cancels. What is left are the warm years that fishermen named **El Niño**; 1983 and 1998 stand out. {Day: 10_rnns} tries to forecast them.
#
# A word on the `generator` above. `torch.manual_seed` seeds one generator that everything shares, so a line more anywhere changes all that follows. A generator of your own, passed to the function that draws, cannot be disturbed. This course does the second wherever it can.

# %% [markdown]
# ## Broadcasting: an axis of length 1 fits anything
#
# You met the rule on {day: 01_intro_and_ffns}: shapes are aligned from the right, sizes must be equal or 1, missing axes count as 1, and an axis of length 1 is repeated. Now you can say what *repeated* means: stride 0. Nothing is copied.
#
# It makes a plan for any "each with each" computation: *write down the shape you want, then give each factor an axis of length 1 wherever it has none.*

# %%
level = volume.mean(0, keepdim=True)  # (1, 48, 64): one mean per trace
print(tuple((volume - level).shape), "   strides of the repeated mean:", level.expand_as(volume).stride())

# %% [markdown]
# ### Exercise 2.4: normalise columns
#
# A table has a row per trace and a column per property, each in its own units. Give every column mean 0 and standard deviation 1, so that none counts more because of its units:
# $$ \hat x_{nd} = \frac{x_{nd}-\mu_d}{\sigma_d}, \qquad \mu_d=\frac1N\sum_n x_{nd},\qquad \sigma_d^2=\frac1N\sum_n (x_{nd}-\mu_d)^2. $$
#
# Mind the $N$: PyTorch's `std` divides by $N-1$ unless you say `correction=0`.


# %%
def normalise_columns(x: Tensor) -> Tensor:
    """Each column of x (N, D) with mean 0 and standard deviation 1 (the root of the mean squared deviation, divided by N)."""
    ### BEGIN SOLUTION
    return (x - x.mean(0)) / x.std(0, correction=0)
    ### END SOLUTION


# %%
check(normalise_columns)

# %% [markdown]
# ### Exercise 2.5: all distances
#
# Given $N$ points $x_n$ and $M$ points $y_m$ with $D$ coordinates, compute all $N\cdot M$ distances $\sqrt{\sum_d (x_{nd}-y_{md})^2}$, without a loop. What shape does the table of differences have?


# %%
def pairwise_distance(x: Tensor, y: Tensor) -> Tensor:
    """Euclidean distances between all pairs of points. x: (N, D); y: (M, D). Returns (N, M)."""
    ### BEGIN SOLUTION
    return (x[:, None] - y).square().sum(-1).sqrt()
    ### END SOLUTION


# %%
check(pairwise_distance)

# %% [markdown]
# Now let a "point" be a whole trace: 96 coordinates. How alike are any two traces of inline 24?

# %%
inline = volume[:, 24].T  # (X, T): a row per trace
alike = pairwise_distance(inline, inline)
fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
plot.section(volume[:, 24], ground.masks[:, 24], title="inline 24, faults marked", xlabel="crossline", ax=axes[0])
shown = axes[1].imshow(alike, cmap="viridis")
axes[1].set(title="distance between its traces", xlabel="crossline", ylabel="crossline")
axes[1].grid(False)
fig.colorbar(shown, ax=axes[1])
plot.alt(
    fig,
    "Left: inline 24 with its faults marked. Right: the symmetric table of the distances between its 64 traces, zero on the diagonal. It falls into dark squares along the diagonal, of traces between the same two faults, and bright rectangles where a fault lies between.",
)
print(
    f"memory of the differences: {64 * 64 * 96 * 4 / 1e6:.1f} MB; of all traces of the volume against all: {3072**2 * 96 * 4 / 1e9:.1f} GB"
)

# %% [markdown]
# The table is a map of the faults, and you did not have to draw it. Traces of one block are alike and make a dark square. Where a fault lies between
# two traces the distance jumps. The bright stripes at the borders are the traces that the fault itself runs through.
# Inside a square the distance grows too, slowly, as the layers rise and sink.
#
# And see the memory: the elegant line makes a table of $N\cdot M\cdot D$ numbers on its way. Expanding the square,
# $|x-y|^2=|x|^2+|y|^2-2\,x\cdot y$, needs only $N\cdot M$, and a matrix product; but when x and y are close it subtracts large, nearly equal numbers, and loses digits.

# %% [markdown]
# ## Picking: index tensors
#
# Slices pick boxes. Masks (`x[x > 0]`) pick what fulfils a condition. **Index tensors** pick lists of entries, and there the rule is: *index tensors at several axes are broadcast against each other and then read as pairs.* So `x[[0, 1], [2, 0]]` holds two entries, $x_{02}$ and $x_{10}$, not four.
#
# `x.gather(1, index)` picks along one axis: its result has the shape of `index`, and entry $(n, j)$ is $x_{n,\,\text{index}_{nj}}$.

# %% [markdown]
# ### Exercise 2.6: from each row, its own
#
# A classifier gives $K$ numbers for each of $N$ examples, the **logits**, one per class; $y_n$ is the true class. Pick from each row the logit of its own true class. From {day: 04_ml_recap} on, this stands at the heart of every loss.


# %%
def gather_logits(logits: Tensor, y: Tensor) -> Tensor:
    """From each row of logits (N, K) the entry at that row's index. y: (N,) int64 in [0, K). Returns (N,)."""
    ### BEGIN SOLUTION
    return logits.gather(1, y[:, None]).squeeze(1)
    ### END SOLUTION


# %%
check(gather_logits)

# %% [markdown]
# An interpreter needs the very same operation. A **horizon** is a surface: for each trace, the time at which it lies. The amplitude *along* the horizon is a map. A **bright spot** is a place on it that is much stronger than all around, and it may be gas. Each trace is a row, the horizon's time its index.
#
# **Predict.** The horizon's time is a real number, 47.3 samples, say, and an index is a whole one. We round. What will the rounding do to the map, where the horizon is tilted?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
horizon = ground.horizons[2]  # (Y, X): the time of a layer's top under each place of the map, in samples
rows = volume.permute(1, 2, 0).reshape(-1, 96)  # (Y*X, T): a row per trace


def along(time: Tensor) -> Tensor:
    """The amplitude of each trace at its own time sample. time: (Y, X) int64. Returns (Y, X)."""
    return gather_logits(rows, time.flatten()).reshape(time.shape)


above = horizon.floor()
share = horizon - above  # how far below the sample above it lies, from 0 to 1
nearest, between = (
    along(horizon.round().long()),
    (1 - share) * along(above.long()) + share * along(above.long() + 1),
)

fig, axes = plt.subplots(1, 3, figsize=(12, 3), layout="constrained")
for ax, picture, title in zip(
    axes,
    (horizon, nearest, between),
    ("time of the horizon, in samples", "amplitude at the nearest sample", "amplitude between two samples"),
    strict=True,
):
    limits = {} if ax is axes[0] else {"vmin": float(nearest.min()), "vmax": float(nearest.max())}
    shown = ax.imshow(picture, cmap="viridis" if ax is axes[0] else "gray", **limits)
    ax.set(title=title, xlabel="crossline", ylabel="inline")
    ax.grid(False)
    fig.colorbar(shown, ax=ax)
plot.alt(
    fig,
    "Three maps of 48 inlines by 64 crosslines. Left: the time of one horizon, folded and cut by two faults. Middle: the amplitude at the nearest sample, covered with rings and stripes like the contour lines of the left map. Right: the amplitude interpolated between two samples, in which the rings have mostly gone and the faults remain.",
)
print(f"spread away from the faults: {nearest[:, 44:].std():.2f} rounded, {between[:, 44:].std():.2f} between samples")

# %% [markdown]
# Rings. Where the horizon sinks from one sample to the next, the rounded time jumps, and the amplitude with it. The rings are contour lines of the
# *rounding*. On a real map a company might have drilled one. The cure is to pick twice, the samples above and below, and to weigh them by how near
# they are.
# A picture made by picking shows the grid of what was picked from, until one looks after it. (The networks of {day: 06_cnns_2} meet it again when they enlarge an image.)

# %% [markdown]
# ## Three errors, and how to read them
#
# You will meet three errors more often than all others. Provoke each once, and read the *last* line of what PyTorch says. (The device `meta` holds no numbers and exists on every machine. It stands in for a GPU here.)

# %%
attempts = {
    "shape": lambda: torch.ones(3, 4) @ torch.ones(3, 4),
    "dtype": lambda: torch.arange(3) @ torch.ones(3),
    "device": lambda: torch.ones(3) + torch.ones(3, device="meta"),
}
for kind, attempt in attempts.items():
    try:
        attempt()
    except RuntimeError as error:
        print(f"{kind:7}{error}")

# %% [markdown]
# | error | words to look for | what to print | usual cure |
# |---|---|---|---|
# | shape | "shapes cannot be multiplied", "must match the size" | `x.shape` of both | a transpose, `None` for a missing axis |
# | dtype | "same dtype", "expected ... Long" | `x.dtype` of both | `.float()`; class numbers as `.long()` |
# | device | "expected device", "same device" | `x.device` of both | `.to(device)` for model *and* data |
#
# A fourth kind raises nothing: shapes that broadcast although you did not mean it. That is why you say the shape before you run a line.
#
# ## Einsum: write the indices, get the sum
#
# A matrix product is $c_{ij}=\sum_k a_{ik}b_{kj}$. Einstein's convention omits the sum sign: an index that occurs twice in a product is summed. `torch.einsum("ik,kj->ij", a, b)` is that formula, typed. Its rule is more general: an index that does not appear in the result, right of the arrow, is summed.
#
# | formula | einsum |
# |---|---|
# | transpose $b_{ji}=a_{ij}$ | `"ij->ji"` |
# | row sums $b_i=\sum_j a_{ij}$ | `"ij->i"` |
# | dot product $\sum_i a_i b_i$ | `"i,i->"` |
# | outer product $a_i b_j$ | `"i,j->ij"` |
# | a matrix product for each of a batch | `"bik,bkj->bij"` |
#
# **Predict.** What does `torch.einsum("tyx,tyx->yx", volume, volume)` compute, and what would a geophysicist call it?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
energy = torch.einsum("tyx,tyx->yx", volume, volume)
print(tuple(energy.shape), torch.allclose(energy, volume.square().sum(0)))

# %% [markdown]
# The index t is missing to the right of the arrow, so it is summed: the sum of squares over time, the *energy* of each trace, as a map.

# %% [markdown]
# ### Exercise 2.7: a batch of outer products
#
# For each pair $b$ of a batch compute the outer product $z_{bmn}=x_{bm}\,y_{bn}$. Do it in the way you like better, einsum or broadcasting, and say to yourself how the other one goes.


# %%
def batched_outer(x: Tensor, y: Tensor) -> Tensor:
    """The outer product of each pair of a batch. x: (B, M); y: (B, N). Returns (B, M, N)."""
    ### BEGIN SOLUTION
    return x.unsqueeze(2) * y.unsqueeze(1)
    ### END SOLUTION


# %%
check(batched_outer)

# %% [markdown]
# ## Autograd: who remembers what
#
# On {day: 01_intro_and_ffns} `loss.backward()` filled the gradients of 1,300 numbers, and we asked you to believe it. Now we look.
#
# The simplest way to a derivative is a difference quotient, $(f(x+\varepsilon)-f(x))/\varepsilon$. It fails twice. It costs an evaluation *per unknown*: a million for a million weights. And it cannot be exact: a large $\varepsilon$ is wrong because f bends, a small one because $f(x+\varepsilon)$
# and $f(x)$ agree in all digits that are stored.

# %%
x, eps = torch.tensor(1.0), torch.logspace(-7, 0, 60)
fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for dtype, colour, style in [(torch.float32, plot.VERMILION, "-"), (torch.float64, plot.BLUE, "--")]:
    at, step = x.to(dtype), eps.to(dtype)
    quotient = ((at + step).sin() - at.sin()) / step
    ax.loglog(
        eps,
        (quotient.double() - x.double().cos()).abs(),
        color=colour,
        linestyle=style,
        marker="",
        label=str(dtype).removeprefix("torch."),
    )
ax.set(xlabel="step", ylabel="error", title="the difference quotient of sin at 1")
ax.legend()
plot.alt(
    fig,
    "The error of the difference quotient against its step on logarithmic axes. In float64 it falls in proportion to the step; in float32 it falls down to a step near a thousandth and then rises again, ragged.",
)

# %% [markdown]
# The idea that replaces it, in one sentence: **while you compute, remember how; then go back and multiply the derivatives.** This is the **backward pass**.
#
# Take one neuron's worth of computation, $L = (wx+b-y)^2$, in elementary steps: $u=wx$, $v=u+b$, $e=v-y$, $L=e^2$. Each step knows its own derivative. Write $\bar u$ for $\partial L/\partial u$. Beginning with $\bar L=1$, the chain rule gives, from the last step to the first,
#
# $$ \bar e = 2e\,\bar L,\qquad \bar v=\bar e,\qquad \bar u=\bar v,\quad \bar b=\bar v,\qquad \bar w = x\,\bar u,\quad \bar x=w\,\bar u. $$
#
# One backward pass gave the derivative with respect to *everything*, at about the cost of the forward pass. This is **reverse-mode differentiation**; on a network it is called backpropagation. It needs the intermediate results ($e$ and $x$ and $w$ above), and so its price is memory.
#
# When a variable is used *twice*, each use sends back its share and the shares are **added**: that is the chain rule for several paths.
#
# **A worked number.** $w=2$, $x=3$, $b=1$, $y=5$: $u=6$, $v=7$, $e=2$, $L=4$. Back: $\bar e=4$, $\bar v=\bar u=\bar b=4$, $\bar w=12$.

# %%
w, b = torch.tensor(2.0, requires_grad=True), torch.tensor(1.0, requires_grad=True)
u = w * 3.0
v = u + b
e = v - 5.0
L = e**2
L.backward()
print("w:", w.grad.item(), "  b:", b.grad.item())

fig, ax = plt.subplots(figsize=(9, 2.6), layout="constrained")
places = {
    "w = 2": (0, 1),
    "x = 3": (0, 0),
    "u = wx = 6": (2, 0.5),
    "b = 1": (2, -0.5),
    "v = u + b = 7": (4, 0.5),
    "e = v - y = 2": (6, 0.5),
    "L = e² = 4": (8, 0.5),
}
back = {
    "w = 2": "12",
    "x = 3": "no gradient asked",
    "u = wx = 6": "4",
    "b = 1": "4",
    "v = u + b = 7": "4",
    "e = v - y = 2": "4",
    "L = e² = 4": "1",
}
for name, (column, row) in places.items():
    leaf = name in ("w = 2", "b = 1")
    ax.text(
        column,
        row,
        name,
        ha="center",
        va="center",
        bbox={"boxstyle": "round", "fc": "#FBE3B5" if leaf else "white", "ec": "black"},
    )
    ax.text(column, row - 0.28, back[name], ha="center", va="center", color=plot.VERMILION, fontsize=9)
for start, end in [
    ("w = 2", "u = wx = 6"),
    ("x = 3", "u = wx = 6"),
    ("u = wx = 6", "v = u + b = 7"),
    ("b = 1", "v = u + b = 7"),
    ("v = u + b = 7", "e = v - y = 2"),
    ("e = v - y = 2", "L = e² = 4"),
]:
    (x0, y0), (x1, y1) = places[start], places[end]
    narrow = 0.4 if start in ("w = 2", "x = 3", "b = 1") else 0.62
    ax.annotate("", (x1 - 0.64, y1), (x0 + narrow, y0), arrowprops={"arrowstyle": "->"})
ax.set(xlim=(-1, 9), ylim=(-1.0, 1.4), xticks=[], yticks=[])
ax.spines[:].set_visible(False)
ax.grid(False)
plot.alt(
    fig,
    "The graph of the worked number. Boxes from left to right: w and x lead to u = 6, u and b to v = 7, then e = 2, then L = 4. Under each box its gradient in vermilion: 12 for w, 4 for u, b, v and e, 1 for L. The leaves w and b are shaded.",
)

# %% [markdown]
# The words for it: the recorded computation is the **graph**. A tensor that begins it, with `requires_grad=True` and no past, is a **leaf**; `backward()` stores gradients in the `.grad` of leaves alone. Every other tensor carries a `grad_fn`, the step back to what it was made of. After `backward()` the
# graph is thrown away, unless you say `retain_graph=True`.
#
# **Predict.** We compute $a^2$ at $a=3$ and call `backward()`; then we compute it again from the same `a`, and call `backward()` again. What is `a.grad` after the first call, and after the second?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
a = torch.tensor(3.0, requires_grad=True)
for call in (1, 2):
    (a**2).backward()
    print(f"after call {call}: a.grad = {a.grad.item()}")

# %% [markdown]
# 6, then 12: `backward()` **adds** to `.grad`. Within one graph that is the chain rule for several paths, a necessity. From one call to the next it
# is a convention. It is useful when a batch is too large and you add up its parts. It is also a frequent bug: if you forget to clear `.grad`, you
# descend along the sum of all old gradients. `torch.autograd.grad(L, [w, b])` returns the gradients instead and stores nothing.

# %% [markdown]
# ### Exercise 2.8: value and gradient
#
# Compute the value and the gradient of a scalar function at x, and leave x as you found it: it is the caller's. A leaf of your own comes from `x.detach()`, a tensor on the same storage that has no past, and `requires_grad_()`, which begins to record.


# %%
def gradient_of(function: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """Value and gradient at x of a function that returns a scalar; neither has a past, and x stays as it was.

    Returns (value, gradient): a scalar tensor, and a tensor of x's shape.
    """
    ### BEGIN SOLUTION
    leaf = x.detach().requires_grad_()
    value = function(leaf)
    (gradient,) = torch.autograd.grad(value, leaf)
    return value.detach(), gradient
    ### END SOLUTION


# %%
check(gradient_of)

# %% [markdown]
# ## What shall not be remembered
#
# Three ways to say that something is a plain number:
#
# - `x.detach()`: *this tensor*, without its past;
# - `with torch.no_grad():` nothing computed *in this block* is recorded; for updates of parameters and for evaluation;
# - `x.item()` and `x.tolist()`: Python numbers.
#
# It is more than housekeeping. Stopping a gradient *changes the function that is optimised*, and sometimes that is meant: something is computed from the data, and then taken as given. In the methods of {day: 07_vaes, 08_gans, 13_deep_rl}, a `detach` in the right place decides whether they work.

# %% [markdown]
# ### Exercise 2.9: trace balancing, with the gradient stopped
#
# Some shots are louder than others. **Trace balancing** divides each trace by its root mean square, $\hat x_t = x_t/g$ with $g=\sqrt{\frac1T\sum_t x_t^2}$. Write it so that autograd takes $g$ for a constant: $\partial \hat x_t/\partial x_s$ must be $1/g$ for $s=t$ and 0 otherwise.
#
# What would the full derivative be? Since $\partial g/\partial x_s = x_s/(Tg)$, it is $\frac1g\left(\delta_{ts}-\hat x_t\hat x_s/T\right)$: the full one forbids what the gain undoes, to make the whole trace louder.


# %%
def stop_gradient(x: Tensor) -> Tensor:
    """Each trace divided by its root mean square, which autograd takes for a constant. x: (N, T). Returns (N, T)."""
    ### BEGIN SOLUTION
    gain = x.square().mean(1, keepdim=True).sqrt()
    return x / gain.detach()
    ### END SOLUTION


# %%
check(stop_gradient)

# %% [markdown]
# **In-place writing and autograd** do not mix well. The backward pass needs the values of the forward pass. If you overwrite one, torch notices by a version number that each storage carries.
#
# **A hook** is a function that is called with a gradient as it passes: for looking at it, or, if it returns something, for replacing it.

# %%
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x.exp()  # its derivative is y itself, so y is kept
y += 1
try:
    y.sum().backward()
except RuntimeError as error:
    print("in-place:", str(error).split(":")[0])

x = torch.tensor([1.0, -20.0], requires_grad=True)
seen = []
x.register_hook(lambda g: seen.append(g.tolist()))  # append returns None: only look
x.register_hook(lambda g: g.clamp(-5, 5))  # replace
x.square().sum().backward()
print("hook saw", seen, "and .grad holds", x.grad.tolist())

# %% [markdown]
# ## The Jacobian, and why it is never built
#
# If the output is a vector $y\in\mathbb R^M$ of $x\in\mathbb R^D$, all derivatives make a table, the **Jacobian** $J_{md}=\partial y_m/\partial x_d$. One backward pass from y, begun with a vector $\bar y$ instead of 1, gives $\bar x_d=\sum_m \bar y_m J_{md}$: a product of a vector *with* $J$, never $J$ itself. Begun with
# $\bar y=(0,\dots,1,\dots,0)$ it gives one row.
#
# So a Jacobian costs $M$ walks. That is why losses are scalars: with $M=1$ one walk gives all.

# %% [markdown]
# ### Exercise 2.10: a Jacobian, row by row
#
# Build $J$ from $M$ backward passes through *one* graph. Keep the graph between the passes, and leave x as it was.


# %%
def jacobian_by_rows(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The Jacobian at x of a function from (D,) to (M,), one backward pass per row; x stays as it was. Returns (M, D)."""
    ### BEGIN SOLUTION
    leaf = x.detach().requires_grad_()
    y = function(leaf)
    return torch.stack([torch.autograd.grad(one, leaf, retain_graph=True)[0] for one in y])
    ### END SOLUTION


# %%
check(jacobian_by_rows)

# %% [markdown]
# Here is a function worth a Jacobian. Take a simple model of the seismic trace. The ground has a **reflectivity** $r_t$, the contrast of rock at time t: mostly zero, with a spike at each boundary of layers. Each spike sends back a copy of the **wavelet** $k$, the sound that was sent. The copies add up: $d_t=\sum_{a} k_a\, r_{t-a+h}$, a **convolution**. Here $h$ is half the wavelet's length (its middle is $k_h$), and r is zero outside.
#
# **Predict.** What will the Jacobian $\partial d_t/\partial r_s$ of a trace of 40 samples look like, as a picture? Does it depend on r?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
t = torch.arange(-10.0, 11)
u = (torch.pi * 0.11 * t) ** 2  # Ricker's wavelet with its peak at 0.11 cycles per sample
wavelet = (1 - 2 * u) * torch.exp(-u)
wavelet = wavelet / torch.fft.rfft(wavelet, 256).abs().amax()  # no frequency is amplified: its largest gain is 1


def synthetic(reflectivity: Tensor) -> Tensor:
    """The traces (T, ...) that a reflectivity (T, ...) makes with the wavelet above."""
    edge = reflectivity.new_zeros(10, *reflectivity.shape[1:])
    padded = torch.cat([edge, reflectivity, edge])
    # 21 views of the same samples, shifted against each other
    return sum(k * padded[a : a + len(reflectivity)] for a, k in enumerate(wavelet.flip(0)))


J = jacobian_by_rows(synthetic, torch.zeros(40))
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
axes[0].plot(t, wavelet, color=plot.BLUE)
axes[0].set(title="the wavelet", xlabel="sample")
axes[1].imshow(J, cmap="gray")
axes[1].set(
    title="the Jacobian of a synthetic trace",
    xlabel="s: where the ground is changed",
    ylabel="t: where the trace changes",
)
axes[1].grid(False)
plot.alt(
    fig,
    "Left: Ricker's wavelet, a peak between two troughs. Right: its Jacobian for a trace of 40 samples, a bright diagonal between two dark ones, zero elsewhere.",
)

# %% [markdown]
# A band along the diagonal, with the wavelet in each column, and the same for every r, since the model is linear. For our section of 96 x 64 samples this table would have $6144^2\approx 3.8\times10^7$ entries, nearly all zero. A backward pass multiplies by it without ever writing it down.

# %% [markdown]
# ## The answer: the layers behind the picture
#
# Now the question from the beginning. We know the true reflectivity $r$ of our synthetic ground, so we make a section with our wavelet, add noise, *hide* r, and ask for it back. The simplest answer is to take the section itself for the reflectivity; its spikes are smeared over a wavelength. The next:
# find the $\hat r$ whose synthetic section is closest to the data,
#
# $$ L(\hat r)=\tfrac12\sum_{t,x}\left(d_{tx}-\text{synthetic}(\hat r)_{tx}\right)^2+\lambda\sum_{t,x}|\hat r_{tx}|. $$
#
# The second term, with $\lambda>0$, asks for *few* spikes: layered ground has few boundaries (Taylor, Banks and McCoy, 1979). No formula solves this. Gradient descent lowers the first term, and the gradient is yours: `gradient_of`. Since no frequency is amplified by more than 1, a step of 0.9 cannot overshoot there.
#
# The second term has a corner at 0, where $|r|$ has no slope. A gradient step would hop around the corner and never end on it. So after each step we **shrink**: every value comes closer to 0 by $0.9\,\lambda$, and what is smaller becomes exactly 0. These two lines in turn are **ISTA** (Daubechies, Defrise and De Mol, 2004); the shrinking is called **soft thresholding**.
#
# **Predict.** Without the second term ($\lambda=0$) the data will be fitted nearly perfectly. Will the layers be right?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
truth = ground.reflectivity[:, 24]  # (T, X) = (96, 64)
data = synthetic(truth)
truth, data = truth / data.std(), data / data.std()
data = data + 0.1 * torch.randn(data.shape, generator=torch.Generator().manual_seed(1))


def deconvolve(data: Tensor, sparsity: float, steps: int) -> Tensor:
    """A reflectivity (T, X) that explains the data (T, X), with few spikes, by ISTA from zero."""

    def misfit(r: Tensor) -> Tensor:
        return 0.5 * (synthetic(r) - data).square().sum()

    r = torch.zeros_like(data)
    for _ in range(steps):
        _, gradient = gradient_of(misfit, r)
        r = r - 0.9 * gradient
        r = r.sign() * (r.abs() - 0.9 * sparsity).clamp(min=0)
    return r


def correlation(a: Tensor, b: Tensor) -> float:
    """The correlation coefficient of two tensors of one shape."""
    return torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1].item()


began = time.perf_counter()
answers = {
    "the section itself": data,
    "λ = 0": deconvolve(data, 0.0, sized(400, rehearsal=100)),
    "λ = 0.1": deconvolve(data, 0.1, sized(400, rehearsal=100)),
}
seconds = time.perf_counter() - began
for name, answer in answers.items():
    misfit = (synthetic(answer) - data).square().mean().sqrt()
    zeros = (answer == 0).float().mean()
    print(
        f"{name:20} misfit {misfit:.3f}   zeros {zeros:4.0%}   correlation with the truth {correlation(answer, truth):.2f}"
    )
print(f"{truth.numel():,} unknowns, both descents in {seconds:.1f} s")

# %%
fig, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
for ax, (name, picture) in zip(axes.flat, {"the truth": truth, **answers}.items(), strict=True):
    plot.section(picture, title=name, xlabel="crossline", ax=ax)
plot.alt(
    fig,
    "Four sections. The true reflectivity: thin lines, folded and faulted. The seismic section: the same lines as broad bands. The fit without sparsity: narrower bands with ringing beside them. The fit with sparsity: thin lines again, much like the truth.",
)

# %% [markdown]
# Without the second term the misfit is smaller than the noise that we added: the fit explains the noise. And the layers are still wrong. The wavelet
# contains no very low and no very high frequencies, and no fit can bring them back. The data do not determine the answer. With the second term the
# fit is slightly *worse*, and four values in five are exactly zero. The answer is far better, since the term adds something true about the ground
# that the data do not say.
#
# You will meet this again in every week: a model that fits is not a model that is right, and what one adds to the loss is knowledge. Be fair to the geologist, though: we knew the wavelet exactly, and there were few layers because we made it so.
#
# ## This balances badly
#
# Before traces are compared they are **balanced**: each gets mean 0 and root mean square 1. A colleague has written a program for it, which also lays the traces out as the rows of a table, as a network will want them. She tried it on a cube of 48 x 48 x 48 samples and it ran. Three things are odd:
#
# 1. an inline that she looks at *afterwards* has other numbers than before, although she never assigned to it;
# 2. the rows' root mean squares are not 1, and on any volume that is not a cube the program stops with an error about shapes;
# 3. the rows, drawn side by side, do not look like seismic traces.

# %%
cube = volume[:48, :, :48].clone()


def hers(volume: Tensor) -> tuple[Tensor, Tensor]:
    """Her program, to look at its symptoms; yours to repair stands below."""
    T, Y, X = volume.shape
    volume -= volume.mean(0)
    level = volume.square().mean(1).sqrt()
    return (volume / level).reshape(Y * X, T), level


before = cube[:, 24].clone()
rows, _ = hers(cube)
fig, axes = plt.subplots(1, 2, figsize=(8, 3.8), layout="constrained")
plot.section(before, title="inline 24", xlabel="crossline", ax=axes[0])
plot.section(rows[24 * 48 : 25 * 48].T, title="its rows, side by side", xlabel="crossline", ax=axes[1])
plot.alt(
    fig,
    "Left: an inline section of 48 by 48 samples with its layers and faults. Right: what should be the same section, balanced, is another picture altogether: grey with a few bright patches, and two straight lines from side to side.",
)
print(f"the inline has changed by up to {(cube[:, 24] - before).abs().max():.2f}")
print(
    f"root mean squares of the rows: {rows.square().mean(1).sqrt().min():.2f} to {rows.square().mean(1).sqrt().max():.2f}"
)

# %% [markdown]
# ### Exercise 2.11: this balances badly
#
# Find the three lines, repair them and change nothing else. Which of this morning's sections does each of the three belong to?


# %%
def find_the_bug_1(volume: Tensor) -> tuple[Tensor, Tensor]:
    """Balance every trace of a volume and lay the traces out as rows. volume: (T, Y, X), which stays as it was.

    Returns (traces, level): traces (Y * X, T), each with mean 0 and root mean square 1, trace (y, x) in row y * X + x;
    and level (Y, X), the root mean square that each was divided by. Three lines are wrong: repair them.
    """
    ### BEGIN SOLUTION
    T, Y, X = volume.shape
    volume = volume - volume.mean(0)  # the first: -= wrote into the caller's volume
    level = volume.square().mean(0).sqrt()  # the second: the axis that disappears is time, 0
    traces = (volume / level).permute(1, 2, 0).reshape(Y * X, T)  # the third: reshape moves no axis
    return traces, level
    ### END SOLUTION


# %%
check(find_the_bug_1)

# %% [markdown]
# <details><summary>Answer</summary>
#
# *In place.* `volume -= ...` writes into the storage, and the caller's `volume` is the same storage. `volume = volume - ...` makes a new tensor and gives the old name to it, inside the function alone.
#
# *The axis.* `mean(1)` removes the inlines and leaves (T, X). A (T, Y, X) volume divided by that is broadcast from the right: X against X, and *Y against T*. In a cube the sizes agree, and each sample is divided by something that belongs to another place. Nothing but a wrong number shows it. So try your functions on shapes whose sizes all differ.
#
# *The reshape.* The entries are read in the order time, inline, crossline, so each "trace" was one line of a time slice. What stood on the right was time slice 24, a map, and its two straight lines are the faults. First move the axis, then reshape.
#
# </details>
#
# ## Summary
#
# - A tensor is a **storage and a description**. Entry $(i_0,i_1,\dots)$ lies at $a_0+\sum_d i_d s_d$; contiguous strides are the products of the later sizes.
# - **Views** share their storage, and writing in place is seen by all of them. `view` never copies, `reshape` may, and neither moves an axis: `permute` does.
# - A reduction's number is the axis that disappears. **Broadcasting** repeats axes of length 1 with stride 0.
# - Index tensors pick pairs; slices pick boxes. **Einsum** sums every index that is missing on the right.
# - **Autograd** records a graph and walks it back: one walk gives all derivatives of one number. Gradients *add up* in `.grad`.
# - `detach` and `no_grad` say what is a constant. A Jacobian costs one walk per row; a gradient costs one.
# - Gradient descent fits any model one can compute, not only networks.
#
# ### Questions to take along
#
# 1. `x` has shape (64, 3, 28, 28), a batch of images with channels first. A colleague wants channels last and writes `x.reshape(64, 28, 28, 3)`. No error. What is wrong?
#
# <details><summary>Answer</summary>
#
# `reshape` keeps the order in which the entries are read, so the "pixel" of three numbers is three neighbours from one row of the first channel. `x.permute(0, 2, 3, 1)` moves the axis.
#
# </details>
#
# 2. You want the mean and spread of each of 48 x 64 traces of `volume` (T, Y, X), and to normalise each. Which axis do you reduce, and do you need `keepdim`?
#
# <details><summary>Answer</summary>
#
# Axis 0, time. The means have shape (48, 64), which broadcasts against (96, 48, 64) from the right as it is; `keepdim` is not needed here. With time as the last axis it would be.
#
# </details>
#
# 3. A loop keeps `history.append(loss)` and the memory grows from step to step. Why, and what is the cure?
#
# <details><summary>Answer</summary>
#
# Each loss carries its graph, and with it every intermediate result of its step. Append `loss.item()` or `loss.detach()`.
#
# </details>
#
# 4. Why does the graph of a function of a million inputs and one output want the walk *back*, and a function of one input and a million outputs the walk *forward*?
#
# <details><summary>Answer</summary>
#
# A backward pass yields one row of the Jacobian, the derivatives of one output; a forward pass with derivatives yields one column, the derivatives with respect to one input. A loss has one row and a million columns.
#
# </details>

# %% [markdown]
# ## References
#
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind (2018). *Automatic differentiation in machine learning: a survey.* arXiv:1502.05767. A survey to read on.
# - I. Daubechies, M. Defrise, C. De Mol (2004). *An iterative thresholding algorithm for linear inverse problems with a sparsity constraint.* doi:10.1002/cpa.20042.
# - A. Griewank, A. Walther (2008). *Evaluating derivatives.* doi:10.1137/1.9780898717761. The book on the backward pass.
# - C. R. Harris and others (2020). *Array programming with NumPy.* doi:10.1038/s41586-020-2649-2. What NumPy is.
# - A. Paszke and others (2019). *PyTorch: an imperative style, high-performance deep learning library.* arXiv:1912.01703. What PyTorch is.
# - H. L. Taylor, S. C. Banks, J. F. McCoy (1979). *Deconvolution with the l1 norm.* doi:10.1190/1.1440921.
# - S. van der Walt, S. C. Colbert, G. Varoquaux (2011). *The NumPy array: a structure for efficient numerical computation.* doi:10.1109/MCSE.2011.37. Strides, with pictures.
