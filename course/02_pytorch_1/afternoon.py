# ---
# title: "PyTorch, part I: sixteen puzzles, and two models without a network"
# objectives:
#   - turn a loop over indices into one expression, by saying what stands at a general index
#   - count, sort into bins, cut, fill and move with comparisons and matrix products, and know what that costs
#   - derive the gradients of linear and logistic regression, and let autograd confirm them
#   - choose a learning rate from the curvature of the loss
#   - estimate the wavelet of a survey from a well, and take it out of a section
#   - rate every sample of a volume by how likely a fault passes there
# prerequisites: [02_pytorch_1.morning]
# minutes: {cpu: 1, cpu_fp32: 1}
# data: [seismic]
# ---

# %% [markdown]
# This morning a row of numbers became a volume, and a descent of the gradient found the layers behind a picture. Two things in that were too good to be true. We *knew* the wavelet, the sound that had been sent into the ground; in the field you never do. And where the faults were, the
# computer had told us, since it had made them.
#
# **So: what was the wavelet, and where are the faults?** Both questions are answered at the end of this afternoon, each with a model of a few numbers: a linear and a logistic regression. You know both from statistics; here you write them as one writes a network, with a loss and autograd, and what you write will
# train every network of this course with hardly a change.
#
# First, though, sixteen puzzles. A model is a page of tensor expressions, and if you write them as loops you wait a hundred times as long. The puzzles train one habit: *not to ask what happens first and what then, but what stands at a general index.*

# %%
import time
from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import plot
from dlmodule.checking import checks
from dlmodule.data import seismic
from dlmodule.puzzle import picture
from dlmodule.rehearsal import sized

check = checks("02_pytorch_1")
plot.use_style()

quiet = seismic.Geology(dip=(0.05, 0.15), fold_height=(6, 12), faults=(2, 2), noise=(0.05, 0.1))
ground = seismic.volume(96, 48, 64, seed=3, geology=quiet)  # this morning's volume
volume = ground.images  # (T, Y, X) = (96, 48, 64)

# %% [markdown]
# ## Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $x, y$ | what a puzzle is given; in a regression the features and the targets | |
# | $i, j$ | row and column of an entry | |
# | $t, s$ | samples of a trace, counted from 0 | |
# | $Z, r, d$ | acoustic impedance; reflectivity; seismic data | `(T,)` each |
# | $k, h$ | wavelet, and half its length | `(2h + 1,)` |
# | $w, b$ | weights and bias | `(D,)`, one number |
# | $e, L$ | error of each sample; the loss | `(N,)`, one number |
# | $\ell, X$ | loss of one sample; all features as a matrix | one number, `(N, D)` |
# | $z, p$ | logit, and probability $\sigma(z)$ | `(N,)` each |
# | $\lambda$ | weight of a penalty | |
#
# ## The rules
#
# Each puzzle is a function that PyTorch has, or should have. You write it again, as **one expression** (name an intermediate result where that reads better), with these tools:
#
# | tool | for example |
# |---|---|
# | `torch.arange`, `torch.ones`, `torch.zeros` | `torch.arange(n)`: the indices themselves |
# | indexing, with `None`, slices, index tensors and masks | `x[:, None]`, `x[t % 3]` |
# | arithmetic, and its broadcasting | `+ - * / // % ** @ abs` |
# | comparisons and logic | `== != < <= > >= & \| ~` |
# | `torch.where` | `torch.where(t < 3, x, 0)` |
# | shape and kind | `len(x)`, `x.shape`, `x.dtype`, `.to(x.dtype)`, `.long()`, `.T` |
# | the puzzles that you have solved | `triu_(n)` |
#
# Not permitted: loops, writing into a tensor, and all other functions of torch, `sum`, `reshape` and `cat` included. Python's own `max` and `min` of two numbers may be used. That is severe on purpose. The check watches which functions your answer calls, and when one of them is not in the table it says which idea it would have spared you. It does not count lines.
#
# Before each check a picture shows the inputs, the target and your attempt. The idea of the puzzles is due to Sasha Rush (*Tensor Puzzles*, 2022); if these sixteen leave you wanting more, there are his.
#
# Below each puzzle stands the loop that says what is meant, with results that are there already. Your expression gives the same numbers without it.
#
# **Three sentences solve them all.**
#
# 1. *An index is a tensor.* `i = torch.arange(n)` holds every index at once, and `None` says on which axis it counts: `i[:, None]` counts rows, `i` counts columns.
# 2. *A condition is a table.* `i[:, None] == i` is true exactly where row and column are equal. As numbers, conditions are ones and zeros.
# 3. *A sum is a product.* Since $(x A)_k=\sum_n x_n A_{nk}$, a sum over those n that fulfil a condition is `x @ A`, where A holds the condition.
#
# One in full, as an example: a table of the distances $|i-j|$ of n samples from each other. With a loop one would fill $n^2$ entries. With the first sentence one says what stands at (i, j): the absolute value of row number minus column number. Distances between samples weigh their correlation in geostatistics, and tokens of a sentence in {day: 12_transformers}.

# %%
i = torch.arange(5)
print(abs(i[:, None] - i))

# %% [markdown]
# ## An index on each axis
#
# ### Exercise 2.12: outer product
#
# $z_{ij}=x_i\,y_j$. Every gradient of a weight matrix is a sum of such tables: what came in, times what came back.
#
# ```python
# for i in range(len(x)):
#     for j in range(len(y)):
#         z[i, j] = x[i] * y[j]
# ```


# %%
def outer(x: Tensor, y: Tensor) -> Tensor:
    """All products x_i y_j. x: (M,); y: (N,). Returns (M, N)."""
    ### BEGIN SOLUTION
    return x[:, None] * y
    ### END SOLUTION


# %%
picture(outer, torch.outer, torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 10.0, 20.0, 40.0]))
check(outer)

# %% [markdown]
# <details><summary>The idea</summary>
#
# Write the indices under the shapes: x has i, the answer has i and j, so x needs an axis of length 1 where j stands. Broadcasting supplies the axis that y lacks by itself, since missing axes are added in front. Where an index is missing, put `None`: that is all of "vectorising".
#
# </details>
#
# ### Exercise 2.13: identity
#
# 1 where $i=j$, else 0, as whole numbers (int64). A matrix product with it changes nothing; with its rows in another order it permutes.
#
# ```python
# for i in range(n):
#     for j in range(n):
#         z[i, j] = 1 if i == j else 0
# ```


# %%
def identity(n: int) -> Tensor:
    """Ones on the diagonal, zeros elsewhere. Returns (n, n) int64."""
    ### BEGIN SOLUTION
    i = torch.arange(n)
    return torch.where(i[:, None] == i, 1, 0)
    ### END SOLUTION


# %%
picture(identity, lambda n: torch.eye(n, dtype=torch.int64), 5)
check(identity)

# %% [markdown]
# ### Exercise 2.14: upper triangle
#
# 1 on the diagonal and above it, else 0. You will meet it on {day: 12_transformers} as the *causal mask*, by which a language model is forbidden to look at the words that it is to predict.
#
# ```python
# for i in range(n):
#     for j in range(n):
#         z[i, j] = 1 if i <= j else 0
# ```


# %%
def triu_(n: int) -> Tensor:
    """Ones on the diagonal and above, zeros below. Returns (n, n) int64."""
    ### BEGIN SOLUTION
    i = torch.arange(n)
    return torch.where(i[:, None] <= i, 1, 0)
    ### END SOLUTION


# %%
picture(triu_, lambda n: torch.ones(n, n, dtype=torch.int64).triu(), 5)
check(triu_)

# %% [markdown]
# <details><summary>The idea of both</summary>
#
# The second sentence: a condition on (i, j) *is* a table. Equality gives the diagonal, "not after" the triangle, $|i-j|\le 1$ a band. Which patterns do $i+j$ constant, $i \bmod 2 = j \bmod 2$ and $\lfloor i/2\rfloor=\lfloor j/2\rfloor$ give? Say it, then try.
#
# </details>
#
# ### Exercise 2.15: running sum
#
# $y_t=\sum_{s\le t}x_s$. Integration, on a grid. (A matrix product does not mix kinds of number, as `+` and `*` do: `.to(x.dtype)` is for that.)
#
# ```python
# for t in range(len(x)):
#     for s in range(t + 1):
#         y[t] += x[s]  # y begins at 0
# ```


# %%
def cumsum_(x: Tensor) -> Tensor:
    """The sum of all samples up to each one, itself included. x: (T,). Returns (T,), of the dtype of x."""
    ### BEGIN SOLUTION
    return x @ triu_(len(x)).to(x.dtype)
    ### END SOLUTION


# %%
picture(cumsum_, lambda x: x.cumsum(0), torch.tensor([1.0, 2.0, 0.0, -1.0, 3.0]))
check(cumsum_)

# %% [markdown]
# <details><summary>The idea</summary>
#
# The third sentence: a sum over those s that fulfil $s\le t$ is a product with the table of that condition. The sum runs over the *rows* of the table
# if x stands on the left, and over its columns if it stands on the right. With the triangle on the wrong side you sum what is to come.
#
# </details>
#
# **What it is good for.** The *impedance* Z of a rock (density times velocity) is what a geologist can read: high in limestone, low in shale or gas sand. A boundary reflects $r=(Z_2-Z_1)/(Z_2+Z_1)$. For small r this is half the step of the logarithm, $r\approx\tfrac12(\ln Z_2-\ln Z_1)$, so
#
# $$ \ln Z_t\approx\ln Z_0+2\sum_{s\le t}r_s. $$
#
# The running sum of the reflectivity is the rock.
#
# **Predict.** Of the reflectivity we usually have only the seismic trace, a blurred copy. If we take the running sum of the *trace* instead, what will be right in the picture, and what lost?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
r, impedance, trace = ground.reflectivity[:, 24, 45], ground.impedance[:, 24, 45], volume[:, 24, 45]
fig, axes = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
axes[0].plot(impedance, label="truth")
axes[0].plot(impedance[0] * (2 * cumsum_(r)).exp(), label="running sum of r")
axes[0].set(title="impedance", xlabel="time sample", ylabel="10⁶ kg m⁻² s⁻¹")
axes[0].legend()
from_trace = cumsum_(trace)
axes[1].plot(impedance.log() - impedance.log().mean(), label="log impedance, less its mean")
scale = impedance.log().std() / from_trace.std()
axes[1].plot(scale * (from_trace - from_trace.mean()), label="running sum of the trace, scaled")
axes[1].set(title="from the trace", xlabel="time sample")
axes[1].legend()
plot.alt(
    fig,
    "Left: the impedance of one trace of the ground, a staircase, and the impedance from the running sum of its reflectivity, which follows it to within a sample. Right: the logarithm of the impedance and the scaled running sum of the seismic trace, which shows bumps at the steps but not the levels between them.",
)
print(f"correlation with log impedance: {torch.corrcoef(torch.stack([from_trace, impedance.log()]))[0, 1]:.2f}")

# %% [markdown]
# The sum of the reflectivity is the staircase itself, to within the sample in which a boundary lies. The sum of the trace answers at the steps and
# then forgets. The wavelet has no frequency zero, so what varies slowly, the *level* of the rock, was never recorded. No sum can bring it back.
# Interpreters add it from wells. It is the same gap as
# this morning's: what the data do not hold must come from elsewhere.
#
# ## Where does it come from?
#
# A loop asks where each entry *goes*. An index tensor asks, for each place of the answer, where its entry *comes from*: `x[source]` has the shape of `source`, and any order, repetition or omission is one expression.
#
# ### Exercise 2.16: differences
#
# $y_0=x_0$ and $y_t=x_t-x_{t-1}$: what `cumsum_` undoes. Derivatives on a grid, and since the layers go on from trace to trace, a detector of faults.
#
# ```python
# y[0] = x[0]
# for t in range(1, len(x)):
#     y[t] = x[t] - x[t - 1]
# ```


# %%
def diff_(x: Tensor) -> Tensor:
    """The step from the sample before; the first sample is kept. x: (T,). Returns (T,)."""
    ### BEGIN SOLUTION
    t = torch.arange(len(x))
    return x - torch.where(t > 0, x[t - 1], 0)
    ### END SOLUTION


# %%
picture(diff_, lambda x: x.diff(prepend=x.new_zeros(1)), torch.tensor([1.0, 3.0, 6.0, 10.0, 10.0]))
check(diff_)

# %% [markdown]
# ### Exercise 2.17: two rows
#
# Lay two traces above each other: row 0 is x, row 1 is y. That is how batches are made.
#
# ```python
# for t in range(len(x)):
#     z[0, t], z[1, t] = x[t], y[t]
# ```


# %%
def vstack_(x: Tensor, y: Tensor) -> Tensor:
    """x as row 0 and y as row 1. x, y: (T,). Returns (2, T)."""
    ### BEGIN SOLUTION
    return torch.where(torch.arange(2)[:, None] == 0, x, y)
    ### END SOLUTION


# %%
picture(vstack_, lambda x, y: torch.vstack([x, y]), torch.tensor([1.0, 2.0, 3.0]), torch.tensor([7.0, 8.0, 9.0]))
check(vstack_)

# %% [markdown]
# ### Exercise 2.18: roll
#
# Move a trace later by `shift` samples; what leaves at the end comes in at the front. Earlier, where the shift is negative. The discrete Fourier transform knows no other kind of shift; and on {day: 05_cnns_1} you will move images so, to ask whether a network minds.
#
# ```python
# for t in range(len(x)):
#     y[(t + shift) % len(x)] = x[t]
# ```


# %%
def roll_(x: Tensor, shift: int) -> Tensor:
    """x moved to later places by ``shift``, round and round. x: (T,), or (T, ...) moved along axis 0. Returns x's shape."""
    ### BEGIN SOLUTION
    return x[(torch.arange(len(x)) - shift) % len(x)]
    ### END SOLUTION


# %%
picture(roll_, torch.roll, torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]), 2)
check(roll_)

# %% [markdown]
# ### Exercise 2.19: flip
#
# The last sample first. Reverse-time migration plays recorded waves backwards; {day: 05_cnns_1} mirrors images to have more of them.
#
# ```python
# for t in range(len(x)):
#     y[len(x) - 1 - t] = x[t]
# ```


# %%
def flip_(x: Tensor) -> Tensor:
    """x read backwards. x: (T,), or (T, ...) along axis 0. Returns x's shape."""
    ### BEGIN SOLUTION
    return x[len(x) - 1 - torch.arange(len(x))]
    ### END SOLUTION


# %%
picture(flip_, lambda x: x.flip(0), torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]))
check(flip_)

# %% [markdown]
# <details><summary>The idea of the four</summary>
#
# Write down the source of place t: $t-1$, "x in row 0", $t-s$ modulo T, $T-1-t$. Then ask whether that source exists for *every* t. Where it does not, either wrap it (modulo), or choose something else with `torch.where`; and remember that where computes both of its branches.
#
# </details>
#
# Your `roll_` moves a table along its first axis as it stands, since an index tensor leaves the later axes alone. So traces can be moved against their neighbours, and subtracted.
#
# **Predict.** We subtract from each trace of inline 24 its neighbour, found with `roll_`. Besides the two faults there is something at the very edge of the picture. What, and why?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
inline = volume[:, 24].T  # (X, T): a row per trace
change = inline - roll_(inline, 1)
fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
plot.section(inline.T, title="inline 24", xlabel="crossline", ax=axes[0])
plot.section(change.T, title="minus the trace on its left", xlabel="crossline", ax=axes[1])
plot.alt(
    fig,
    "Left: inline 24. Right: the difference of each trace from its left neighbour, grey where the layers go on, with two bright slanting lines at the faults and one bright column at the left edge.",
)
print(
    f"root mean square of the change: at crossline 0 {change[0].square().mean().sqrt():.2f}, at all others {change[1:].square().mean().sqrt():.2f}"
)

# %% [markdown]
# At crossline 0 the neighbour "to the left" is the *last* trace of the line, at the other end of the survey: roll goes round. If you use it as a shift you must treat the edge; a convolution, on {day: 05_cnns_1}, will ask the same question and call it padding.
#
# ## Traces of different lengths
#
# A batch is a table, and a table has rows of one length. Recordings, sentences and wells differ in length. So you cut them, fill up with zeros, and keep a *mask* that says what counts. Three puzzles about that.
#
# ### Exercise 2.20: compress
#
# Move the samples where `keep` is true to the front, in their order, and fill up with zeros to the old length. Dead traces leave a gather so, and padding leaves a batch of sentences ({day: 11_nlp}).
#
# ```python
# place = 0  # y begins at 0
# for t in range(len(x)):
#     if keep[t]:
#         y[place], place = x[t], place + 1
# ```


# %%
def compress(x: Tensor, keep: Tensor) -> Tensor:
    """The kept samples at the front, zeros behind them. x: (T,); keep: (T,) bool. Returns (T,)."""
    ### BEGIN SOLUTION
    place = cumsum_(keep.long()) - 1
    return x @ (keep[:, None] & (place[:, None] == torch.arange(len(x)))).to(x.dtype)
    ### END SOLUTION


# %%
picture(
    compress,
    lambda x, keep: F.pad(x[keep], (0, int((~keep).sum()))),
    torch.tensor([1.0, 2.0, 3.0, 4.0]),
    torch.tensor([True, False, True, True]),
)
check(compress)

# %% [markdown]
# <details><summary>The idea</summary>
#
# Here one does ask where a sample *goes*: to the place that is the number of kept samples before it, which is a running sum of the mask. Then the table "sample s goes to place k" is a condition, and the matrix product carries them all there. Every routing in a network, attention included, is such a
# product; only that its table holds numbers between 0 and 1, and is learned.
#
# </details>
#
# ### Exercise 2.21: cut or fill
#
# Cut a trace to `length` samples, or fill it up with zeros behind.
#
# ```python
# for t in range(length):
#     y[t] = x[t] if t < len(x) else 0
# ```


# %%
def pad_to(x: Tensor, length: int) -> Tensor:
    """x cut, or filled up with zeros, to ``length`` samples. x: (T,) with T > 0. Returns (length,)."""
    ### BEGIN SOLUTION
    t = torch.arange(length)
    return torch.where(t < len(x), x[t % len(x)], 0)
    ### END SOLUTION


# %%
picture(pad_to, lambda x, length: F.pad(x, (0, length - len(x))), torch.tensor([1.0, 2.0, 3.0]), 5)
check(pad_to)

# %% [markdown]
# ### Exercise 2.22: sequence mask
#
# Row n of a table holds a trace of `lengths[n]` samples, and behind that whatever the recorder left there. Put zeros there.
#
# ```python
# for n in range(len(x)):
#     for t in range(x.shape[1]):
#         y[n, t] = x[n, t] if t < lengths[n] else 0
# ```


# %%
def sequence_mask(x: Tensor, lengths: Tensor) -> Tensor:
    """Zeros behind the end of each trace. x: (N, T); lengths: (N,) int64 from 0 to T. Returns (N, T)."""
    ### BEGIN SOLUTION
    return torch.where(torch.arange(x.shape[1]) < lengths[:, None], x, 0)
    ### END SOLUTION


# %%
picture(
    sequence_mask,
    lambda x, lengths: nn.utils.rnn.pad_sequence(
        [one[:n] for one, n in zip(x, lengths, strict=True)], batch_first=True
    ),
    torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 9.0, 9.0, 9.0]]),
    torch.tensor([4, 2, 3]),
)
check(sequence_mask)

# %% [markdown]
# <details><summary>The idea of both</summary>
#
# `torch.where` *chooses*: it computes both branches at every place and then takes one. So an index in a branch that will not be taken must still exist (hence the modulo), and what is not taken may be anything, even nan. Multiplying by a mask is not the same: nan times 0 is nan.
#
# </details>
#
# **Predict.** Three traces of 4, 2 and 3 samples are all ones; the rest of the table is zero. What is `x.mean(1)`, and what should it be?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
lengths = torch.tensor([4, 2, 3])
x = sequence_mask(torch.ones(3, 4), lengths)
print("mean over the table:", x.mean(1).tolist(), "   sum over lengths:", (x.sum(1) / lengths).tolist())

# %% [markdown]
# The zeros do no harm in a sum and they do in a mean: they are counted. Divide by what counts. It is a popular bug, since nothing fails and short traces merely come out quieter; in a loss it means that short sentences weigh less.
#
# ## Counting, and adding up by index
#
# ### Exercise 2.23: count
#
# How often does each class occur in y? (Whole numbers, int64.) It is the first thing to ask of any labels: a class with three examples will not be learned.
#
# ```python
# for label in y:
#     count[label] += 1  # count begins at 0
# ```


# %%
def bincount_(y: Tensor, classes: int) -> Tensor:
    """How often each class occurs. y: (N,) int64 in [0, classes). Returns (classes,) int64."""
    ### BEGIN SOLUTION
    return torch.ones(len(y), dtype=torch.int64) @ (y[:, None] == torch.arange(classes)).long()
    ### END SOLUTION


# %%
picture(bincount_, lambda y, classes: torch.bincount(y, minlength=classes), torch.tensor([0, 2, 2, 1, 2, 4]), 5)
check(bincount_)

# %% [markdown]
# ### Exercise 2.24: scatter and add
#
# Entry k of the answer is the sum of those values whose index is k. The gradient of picking, `x[index]`, is this: each picked entry sends its gradient back to where it came from, and those that were picked twice add up.
#
# ```python
# for n in range(len(index)):
#     y[index[n]] += values[n]  # y begins at 0
# ```


# %%
def scatter_add_(values: Tensor, index: Tensor, size: int) -> Tensor:
    """The sum of the values of each index. values: (N,), or (..., N); index: (N,) int64 in [0, size). Returns (size,), or (..., size)."""
    ### BEGIN SOLUTION
    return values @ (index[:, None] == torch.arange(size)).to(values.dtype)
    ### END SOLUTION


# %%
picture(
    scatter_add_,
    lambda values, index, size: torch.zeros(size).index_add(0, index, values),
    torch.tensor([1.0, 2.0, 4.0, 8.0]),
    torch.tensor([0, 2, 0, 3]),
    4,
)
check(scatter_add_)

# %% [markdown]
# <details><summary>The idea of both</summary>
#
# "A row per example, a column per class, 1 where they belong together": the **one-hot** table. Its column sums are counts, a product with it adds up by class, and a product *from the other side*, table @ w, picks from each w the entry of its class. Picking and adding up are each other's transpose, and so each other's gradient.
#
# </details>
#
# **What it is good for.** A ship fires every 50 m and records with 24 hydrophones, 50 m apart, on a cable behind it. From flat ground an echo comes from below the *midpoint* between source and receiver, so many of the recordings show the same piece of ground. Sorted into bins by their midpoint and averaged, they are **stacked**: it is one of the
# oldest noise filters of seismic exploration, and still the most trusted (Mayne, 1962). The number of recordings in a bin is its **fold**: `bincount_`. Their sum is `scatter_add_`. (We leave out that a longer way takes longer; assume that this has been corrected.)
#
# **Predict.** 56 shots, 24 hydrophones, bins of 25 m. What does the fold look like along the line: constant? And how much noise is left in the stack where the fold is 12?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
shots, hydrophones = 56, 24
source = 2 * torch.arange(shots)[:, None] + hydrophones  # in steps of 25 m; the cable trails behind the ship
receiver = source - 2 - 2 * torch.arange(hydrophones)
midpoint = (source + receiver) // 2
index = (midpoint - midpoint.min()).flatten()  # (N,): the bin of each recording
bins = int(index.max()) + 1
fold = bincount_(index, bins)

section = F.interpolate(volume[None, None, :, 24], size=(96, bins), mode="bilinear")[0, 0]  # (T, bins): the ground
recorded = section[:, index] + 1.5 * torch.randn(96, len(index), generator=torch.Generator().manual_seed(0))
stack = scatter_add_(recorded, index, bins) / fold
one_each = recorded[:, [int((index == k).nonzero()[0]) for k in range(bins)]]

fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
axes[0].bar(range(bins), fold, width=1.0, color=plot.BLUE)
axes[0].set(title=f"fold: {len(index)} recordings in {bins} bins", xlabel="bin", ylabel="recordings")
plot.section(one_each, title="one recording of each bin", xlabel="bin", ax=axes[1])
plot.section(stack, title="the stack", xlabel="bin", ax=axes[2])
plot.alt(
    fig,
    "Left: the fold along the line rises in steps from 1 to 12, stays there and falls to 1 again. Middle: one recording of each bin, mostly noise. Right: the stack, in which layers and faults are clear in the middle and noisy at both ends.",
)
left = (stack - section).square().mean(0).sqrt()  # (bins,): the noise that is left in each bin
for k in (1, 4, 12):
    print(f"fold {k:2}: noise left {left[fold == k].mean():.2f}, expected {1.5 / k**0.5:.2f}")

# %% [markdown]
# In the middle the fold is 12, half the number of hydrophones: a shot moves the midpoints by two bins, and they lie one bin apart. It falls to 1 at
# both ends, where few pairs have their midpoint. Noise falls with the square root of the fold, so the edges of every survey are its worst part; one
# plans it larger than the target.
# In `recorded[:, index]` and `scatter_add_` you also see the pair again: picking made the recordings from the ground, adding up brought them back.
#
# ## Numbering
#
# ### Exercise 2.25: flatten
#
# Read a table as a page: row after row. This morning's strides, from the other side.
#
# ```python
# for i in range(x.shape[0]):
#     for j in range(x.shape[1]):
#         y[i * x.shape[1] + j] = x[i, j]
# ```


# %%
def flatten_(x: Tensor) -> Tensor:
    """The entries of a table in the order in which one reads. x: (M, N). Returns (M * N,)."""
    ### BEGIN SOLUTION
    n = torch.arange(x.shape[0] * x.shape[1])
    return x[n // x.shape[1], n % x.shape[1]]
    ### END SOLUTION


# %%
picture(flatten_, torch.flatten, torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
check(flatten_)

# %% [markdown]
# ### Exercise 2.26: evenly spaced
#
# n numbers from start to stop, both included: the axis of every plot. A single one is start.
#
# ```python
# for i in range(n):
#     y[i] = start + i * (stop - start) / (n - 1)  # start, where n is 1
# ```


# %%
def linspace_(start: float, stop: float, n: int) -> Tensor:
    """n evenly spaced numbers from start to stop, both included; for n = 1, start. Returns (n,) float32."""
    ### BEGIN SOLUTION
    return start + (stop - start) * torch.arange(n) / max(n - 1, 1)
    ### END SOLUTION


# %%
picture(linspace_, torch.linspace, 0.0, 1.0, 5)
check(linspace_)

# %% [markdown]
# ### Exercise 2.27: step
#
# 0 below zero, 1 above, and `half` exactly at zero. (Oliver Heaviside, telegraph engineer; his step is the derivative of {day: 01_intro_and_ffns}'s ReLU.)
#
# ```python
# for t in range(len(x)):
#     y[t] = 0 if x[t] < 0 else 1 if x[t] > 0 else half
# ```


# %%
def heaviside_(x: Tensor, half: float) -> Tensor:
    """0 where x < 0, 1 where x > 0, ``half`` where x is 0. Returns the shape and dtype of x."""
    ### BEGIN SOLUTION
    return (x > 0) + half * (x == 0).to(x.dtype)
    ### END SOLUTION


# %%
picture(
    heaviside_, lambda x, half: torch.heaviside(x, torch.tensor(half)), torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]), 0.5
)
check(heaviside_)

# %% [markdown]
# <details><summary>The idea of the three</summary>
#
# Integer division and remainder take a number apart into row and column, as one takes minutes apart into hours and minutes; `row * N + column` puts it together again. A line from a to b is a plus a *share* of the way. And a comparison, as a number, is a step.
#
# </details>
#
# **Predict.** A neuron with a step instead of a ReLU came first (McCulloch and Pitts, 1943); Rosenblatt (1958) was the first to train it. We ask autograd for the derivative of `heaviside_(x)` at x = 0.3. What does it answer?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
x = torch.tensor(0.3, requires_grad=True)
try:
    heaviside_(x, 0.5).backward()
except RuntimeError as error:
    print("backward:", str(error).split(" and")[0])

# %% [markdown]
# It refuses: a comparison has no derivative, so the result has no past. (Zero would be as true: the step is flat on both sides.) A network of steps gives the descent nothing to go by; that is why {day: 01_intro_and_ffns}'s neurons were given slopes. Indices and conditions *choose* what is computed, they are not learned through.
#
# ## What the puzzles cost
#
# The one-hot table has N x K entries, nearly all of them zero, and the product multiplies by every one. The built-in looks at N numbers.
#
# **Predict.** For 4,000 values and 2,000 bins, how many times longer does your `scatter_add_` take than `index_add`?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
values, index = torch.randn(4000), torch.arange(4000) * 7 % 2000


def milliseconds(function: Callable[[], Tensor], repeats: int = 20) -> float:
    """The shortest of several runs."""
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        best = min(best, 1e3 * (time.perf_counter() - began))
    return best


times = {
    "one-hot table": milliseconds(lambda: scatter_add_(values, index, 2000)),
    "index_add": milliseconds(lambda: torch.zeros(2000).index_add(0, index, values)),
}
for name, needed in times.items():
    print(f"{name:14} {needed:7.3f} ms")
print(f"the table alone: {4000 * 2000 * 4 / 1e6:.0f} MB")

# %% [markdown]
# A thousand times and more: 8 million products for 4,000 additions. The puzzles are for the mind; in practice you use the built-in. Yet the table is not always the loser. For few bins it is as fast, on accelerators matrix products are what is built in silicon, and once its entries may be *between* 0 and 1 it can be learned. Then it is called attention.

# %% [markdown]
# ## What was the wavelet? A linear regression
#
# A well has been drilled at inline 12, crossline 20. From its sonic and density logs we know the reflectivity $r_t$ there, and past the well runs a seismic trace $d_t$. The model of this morning says that the trace is the reflectivity, blurred by a wavelet of $2h+1$ samples that we do *not* know. Read the wavelet backwards and call it k; then the sum runs over a window of r, from left to right:
#
# $$ d_t\approx\sum_{a=0}^{2h}k_a\,r_{t+a-h}+b. $$
#
# The simplest thing: guess. Take Ricker's wavelet and turn at its frequency until the picture looks right. It is done, and it fails when the true
# wavelet is not Ricker's. The idea: in this formula k stands *linearly*, so it is a **linear regression**. Sample t of the trace is the target. The
# window of r about t holds its $2h+1$ features. The wavelet is the weights. Geophysicists do this when they *tie a well* to a survey.
#
# **The loss and its gradient.** With features $x_n\in\mathbb R^D$, targets $y_n$, weights w and bias b, the residual of example n is $e_n=x_n\cdot w+b-y_n$, and
#
# $$ L=\frac1N\sum_n e_n^2,\qquad \frac{\partial L}{\partial w_d}=\frac2N\sum_n e_n\,x_{nd},\qquad \frac{\partial L}{\partial b}=\frac2N\sum_n e_n. $$
#
# Each example pushes w along its own features, by its own error. In matrix form, with the features as the rows of X, the first is $\frac2N X^\top e$: a residual, carried back through the transpose. Autograd will do this line for you, today and in every network.
#
# **A worked number.** One example, $x=2$, $y=5$; start at $w=1$, $b=0$; learning rate 0.1. $e=2-5=-3$, $L=9$, $\partial L/\partial w=2\cdot(-3)\cdot2=-12$, $\partial L/\partial b=-6$. One step: $w=2.2$, $b=0.6$, and the next residual is $4.4+0.6-5=0$.
#
# ### Exercise 2.28: linear regression
#
# Fit w and b by gradient descent on the mean squared error, with gradients from autograd. Begin at zero; in each step compute the loss, keep it as a Python number, take the gradients of *both*, and move both.


# %%
def linear_regression_autograd(x: Tensor, y: Tensor, *, lr: float, steps: int) -> tuple[Tensor, Tensor, list[float]]:
    """Weights, bias and losses of a linear regression by gradient descent from zero. x: (N, D); y: (N,).

    Returns (w, b, losses): w (D,) and b () without a past, and the mean squared error *before* each step.
    """
    ### BEGIN SOLUTION
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = (x @ w + b - y).square().mean()
        losses.append(loss.item())
        grad_w, grad_b = torch.autograd.grad(loss, [w, b])
        with torch.no_grad():
            w -= lr * grad_w
            b -= lr * grad_b
    return w.detach(), b.detach(), losses
    ### END SOLUTION


# %%
check(linear_regression_autograd)

# %% [markdown]
# **How large a step?** Near its minimum L is a paraboloid, and along an eigenvector of the matrix $\frac1N X^\top X$ with eigenvalue $\lambda$ it is the parabola $\lambda u^2$, where u is the distance from the minimum (we leave b aside). Its slope is $2\lambda u$, so a step takes u to $(1-2\,\text{lr}\,\lambda)\,u$. That shrinks if $|1-2\,\text{lr}\,\lambda|<1$, that is
#
# $$ \text{lr}<\frac1{\lambda_{\max}}, $$
#
# and beyond it u changes its sign and *grows*, at every step. The steepest direction dictates the step; the flattest, with $\lambda_{\min}$, then needs about $\lambda_{\max}/\lambda_{\min}$ steps to come down. That ratio, the **condition number**, is why features are standardised, and why {day: 04_ml_recap} has better optimisers.

# %%
h = 10
well = ground.reflectivity[:, 12, 20]
unit = well.std()  # so that the features are of order one


def windows(r: Tensor) -> Tensor:
    """For every sample the 2h + 1 neighbours about it, zeros beyond the ends. r: (..., T). Returns (..., T, 2h + 1)."""
    return F.pad(r, (h, h)).unfold(-1, 2 * h + 1, 1)


features, target = windows(well / unit), volume[:, 12, 20]  # (96, 21) and (96,)
curvature = torch.linalg.eigvalsh(features.T @ features / len(features))
print(
    f"curvatures from {curvature[0]:.2f} to {curvature[-1]:.2f}: the learning rate must stay below {1 / curvature[-1]:.2f}"
)

# %% [markdown]
# **Predict.** We run 60 steps with learning rates of 0.1, 0.5 and 0.65. What will each of the three curves do?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
fig, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for lr, style in {0.1: ":", 0.5: "-", 0.65: "--"}.items():
    _, _, losses = linear_regression_autograd(features, target, lr=lr, steps=60)
    ax.semilogy(losses, linestyle=style, label=f"lr = {lr}")
ax.set(xlabel="step", ylabel="mean squared error", title="fitting a wavelet")
ax.legend()
plot.alt(
    fig,
    "The loss against the step on a logarithmic axis. With a learning rate of 0.1 it falls slowly, with 0.5 it falls quickly to a floor, and with 0.65 it falls too, turns after a few steps, and rises in a straight line without end.",
)

# %% [markdown]
# The largest rate begins like the others, since it serves all directions but the steepest, and there are 21 of them. The error along the steepest grows from the first step on, hidden at first behind the fall of all the others, and in the end it is all there is. A loss that falls and later blows up is a rate a little too large, not a mysterious accident.
#
# Now the wavelet itself, and the test that matters: does a wavelet from *one* well explain the traces of the other 3,071 places?

# %%
w, b, losses = linear_regression_autograd(features, target, lr=0.5, steps=200)
explained = (
    windows(ground.reflectivity.permute(1, 2, 0) / unit) @ w + b
)  # (Y, X, T): what the wavelet predicts everywhere
measured = volume.permute(1, 2, 0)
agreement = torch.corrcoef(torch.stack([explained.flatten(), measured.flatten()]))[0, 1]
print(
    f"misfit at the well {losses[-1] ** 0.5:.2f} of {target.std():.2f}; correlation with all traces of the volume {agreement:.3f}"
)

fig, axes = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
axes[0].plot(range(-h, h + 1), w.flip(0), color=plot.BLUE, marker="o", markersize=3)
axes[0].set(title="the wavelet from the well", xlabel="sample")
axes[1].plot(measured[40, 50], label="measured, inline 40, crossline 50")
axes[1].plot(explained[40, 50], label="predicted")
axes[1].set(title="a trace far from the well", xlabel="time sample")
axes[1].legend()
plot.alt(
    fig,
    "Left: the estimated wavelet, a peak between two troughs, not quite symmetric. Right: a measured trace far from the well and the predicted one, which follows it closely.",
)

# %% [markdown]
# A Ricker wavelet, found and not assumed. (It is drawn as k, so backwards: a reflector sends the weights in reverse order.) Its peak lies a fraction of a sample off the middle, since the synthetic ground was made four times finer than the samples. A wavelet that you estimate from data contains such details. A wavelet from a book does not. With 96 samples for 22 numbers it could have learned a good part of the noise by heart. That it explains the other traces says it has not; the misfit at the well would never have told.
#
# **And the layers.** This morning's deconvolution, with the wavelet from the well and on the *recorded* inline 24.

# %%
gain = torch.fft.rfft(w, 256).abs().amax()  # the largest amplification of any frequency
data, truth = volume[:, 24] / gain, ground.reflectivity[:, 24] / unit  # (T, X) each
r = torch.zeros_like(data)
for _ in range(sized(400, rehearsal=50)):
    r.requires_grad_()
    synthetic = (windows(r.T) @ (w / gain)).T
    misfit = 0.5 * (synthetic - data).square().sum()
    (gradient,) = torch.autograd.grad(misfit, r)
    r = (r - 0.9 * gradient).detach()
    r = r.sign() * (r.abs() - 0.9 * 0.05).clamp(min=0)  # soft thresholding: few spikes


def correlation(a: Tensor, b: Tensor) -> float:
    """The correlation coefficient of two tensors of one shape."""
    return torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1].item()


fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
for ax, (name, image) in zip(axes, {"recorded": data, "deconvolved": r, "the truth": truth}.items(), strict=True):
    plot.section(image, title=name, xlabel="crossline", ax=ax)
plot.alt(
    fig,
    "Inline 24 three times: as recorded, with broad bands; deconvolved with the wavelet from the well, with thin lines at most of the true boundaries; and the true reflectivity.",
)
print(f"correlation with the truth: recorded {correlation(data, truth):.2f}, deconvolved {correlation(r, truth):.2f}")

# %% [markdown]
# Not the nearly perfect answer of this morning, when wavelet and noise were of our own making; but the boundaries are lines again. This is the honest figure, and the gap between the two is what "we knew the wavelet" was worth.
#
# ## Where are the faults? A logistic regression
#
# An interpreter marks faults by hand, section after section. Let us give every sample of the volume a *probability* that a fault passes there. The simplest thing is a threshold: faults break the layers, so a sample whose left and right neighbours differ a lot is suspicious. It has two troubles. Steep layers differ
# from their neighbours too, and there are *several* such clues; which threshold for which, and what if they disagree?
#
# The idea: **weigh the clues, add them up, and squash the sum into a probability.** With clues $x\in\mathbb R^D$ and $z=x\cdot w+b$,
#
# $$ p=\sigma(z)=\frac1{1+e^{-z}},\qquad \ln\frac{p}{1-p}=z, $$
#
# so each clue adds to the *log odds*. The loss is the negative logarithm of the probability that was given to what is true, $y=1$ fault, $y=0$ none:
#
# $$ \ell=-y\ln p-(1-y)\ln(1-p). $$
#
# **Its gradient, step by step.** $-\ln p=\ln(1+e^{-z})=\ln(1+e^{z})-z$, and $-\ln(1-p)=\ln(1+e^{z})$. Put in, what is multiplied by $1-y$ and by $y$ have a term in common:
#
# $$ \ell=\ln(1+e^{z})-y\,z,\qquad \frac{\partial\ell}{\partial z}=\frac{e^z}{1+e^z}-y=p-y. $$
#
# The gradient of the log odds is *what you said minus what was true*, as in the linear case. It is no accident, and {day: 04_ml_recap} says why.
#
# **A worked number.** Knowing nothing, $z=0$: $p=\tfrac12$, $\ell=\ln 2\approx0.693$; and for a true fault, $\partial\ell/\partial z=-\tfrac12$: raise z.
#
# **Predict.** $\ell$ contains $\ln(1+e^z)$. What does `torch.log(1 + torch.exp(z))` give for $z=100$ in float32, and what should it be?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
z = torch.tensor([0.0, 100.0, -100.0], requires_grad=True)
naive = torch.log(1 + torch.exp(z))
stable = torch.logaddexp(z, torch.zeros(()))  # log(exp(z) + exp(0)), without ever forming exp(z)
print("naive: ", naive.tolist(), " its gradient:", torch.autograd.grad(naive.sum(), z)[0].tolist())
print("stable:", stable.tolist(), " its gradient:", torch.autograd.grad(stable.sum(), z)[0].tolist())

# %% [markdown]
# $e^{100}$ is beyond float32's largest number, so the naive form gives inf where 100 is right, and its gradient is nan. One such example in a million, and every weight is nan after the next step. `torch.logaddexp` takes the larger exponent out first, $\ln(1+e^z)=\max(z,0)+\ln(1+e^{-|z|})$, and so do `F.softplus` and `F.binary_cross_entropy_with_logits`.
# This is the reason why PyTorch's losses take **logits** and not probabilities.
#
# ### Exercise 2.29: logistic regression
#
# Fit w and b by gradient descent from zero on
#
# $$ L=\frac1N\sum_n\Big[\ln(1+e^{z_n})-y_n z_n\Big]+\frac{\text{l2}}2\sum_d w_d^2 . $$
#
# The last term is a **penalty**: it prefers small weights, and keeps two clues that say the same from growing against each other. The bias is not penalised: it says how rare faults are, and that should not be argued with.


# %%
def logistic_regression_autograd(
    x: Tensor, y: Tensor, *, lr: float, steps: int, l2: float = 0.0
) -> tuple[Tensor, Tensor, list[float]]:
    """Weights, bias and losses of a logistic regression by gradient descent from zero. x: (N, D); y: (N,), 0 or 1, of x's dtype.

    Returns (w, b, losses): w (D,) and b () without a past, and the loss, penalty included, *before* each step.
    """
    ### BEGIN SOLUTION
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        z = x @ w + b
        loss = (torch.logaddexp(z, torch.zeros_like(z)) - y * z).mean() + l2 / 2 * w.square().sum()
        losses.append(loss.item())
        grad_w, grad_b = torch.autograd.grad(loss, [w, b])
        with torch.no_grad():
            w -= lr * grad_w
            b -= lr * grad_b
    return w.detach(), b.detach(), losses
    ### END SOLUTION


# %%
check(logistic_regression_autograd)

# %% [markdown]
# **The clues**, each over five samples of time and relative to the local energy, as logarithms. First, how much the left and the right neighbour differ. Second, how far a sample lies from the mean of the two: a dipping layer lies on it, a broken one does not. Third, the same difference between inlines. Fourth, the energy itself. All of it is shifting, subtracting and averaging: the morning's
# and the puzzles' tools, on a whole volume at once.

# %%
CLUES = ["change across", "break across", "change along", "energy"]


def clues(image: Tensor) -> Tensor:
    """Four clues to a fault at each inner sample of a volume. image: (T, Y, X). Returns (T - 4, Y - 2, X - 2, 4)."""

    def smooth(x: Tensor) -> Tensor:
        return x.unfold(0, 5, 1).mean(-1)

    inner, left, right = image[:, 1:-1, 1:-1], image[:, 1:-1, :-2], image[:, 1:-1, 2:]
    before, after = image[:, :-2, 1:-1], image[:, 2:, 1:-1]
    energy = smooth(inner.square()) + 0.05  # the constant keeps silence from being divided by
    shares = [smooth(one.square()) / energy for one in (right - left, left + right - 2 * inner, after - before)]
    return torch.stack([*shares, energy], dim=-1).log()


def labelled(seed: int) -> tuple[Tensor, Tensor]:
    """The clues (N, 4) and the truth (N,) of a volume of its own: other layers, other folds, other faults."""
    made = seismic.volume(96, 48, 64, seed=seed, geology=quiet)
    return clues(made.images).reshape(-1, 4), made.masks[2:-2, 1:-1, 1:-1].flatten()


x, y = labelled(3)
mean, std = x.mean(0), x.std(0)
x = (x - mean) / std
new_x, new_y = labelled(4)
new_x = (new_x - mean) / std  # with the numbers of the volume that was learned from
print(f"{len(x):,} samples, {y.mean():.1%} of them on a fault; in the new volume {new_y.mean():.1%}")

# %% [markdown]
# **Predict.** A model that always says "no fault" is right for more than 94 samples in 100. So accuracy says nothing here. We ask instead: mark as many samples as there are fault samples, the likeliest first; what share of the marked ones is right? By chance it is the share of fault samples, between 5 and 6 %. What do you expect from the best single clue, and from all four together, in a volume never seen?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def share_right(score: Tensor, y: Tensor) -> float:
    """Of the samples with the highest scores, as many as there are faults, the share that are faults."""
    return y[score.topk(int(y.sum())).indices].mean().item()


every = sized(4, rehearsal=16)  # neighbours say the same; every fourth sample is enough to learn from
began = time.perf_counter()
w, b, losses = logistic_regression_autograd(x[::every], y[::every], lr=2.0, steps=sized(150, rehearsal=30), l2=1e-3)
print(f"loss from {losses[0]:.3f} to {losses[-1]:.3f}, in {time.perf_counter() - began:.1f} s")
for name, column in zip(CLUES, range(4), strict=True):
    print(f"{name:14} weight {w[column]:5.2f}   alone, in the new volume: {share_right(new_x[:, column], new_y):.0%}")
print(
    f"all four together: {share_right(x @ w + b, y):.0%} where it learned, {share_right(new_x @ w + b, new_y):.0%} in the new volume"
)

# %%
probability = (new_x @ w + b).sigmoid().reshape(92, 46, 62)
other = seismic.volume(96, 48, 64, seed=4, geology=quiet)
fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
plot.section(other.images[2:-2, 24, 1:-1], title="a new volume, inline 24", xlabel="crossline", ax=axes[0])
plot.section(
    other.images[2:-2, 24, 1:-1],
    other.masks[2:-2, 24, 1:-1],
    title="the faults that are there",
    xlabel="crossline",
    ax=axes[1],
)
shown = axes[2].imshow(probability[:, 23], cmap="viridis", vmin=0, vmax=1, aspect="auto")
axes[2].set(title="probability of a fault", xlabel="crossline", ylabel="time sample")
axes[2].grid(False)
fig.colorbar(shown, ax=axes[2])
plot.alt(
    fig,
    "Left: an inline of a volume that was not learned from. Middle: the same with its true faults marked. Right: the probability of a fault, high along both fault lines, in patches between a third and one, and low nearly everywhere else.",
)

# %%
edges = linspace_(0.0, 1.0, 6)
p = probability.flatten()
for low, high in zip(edges[:-1], edges[1:], strict=True):
    inside = (p >= low) & (p < high)
    print(
        f"said {low:.0%} to {high:.0%}: {int(inside.sum()):7,} samples, said {p[inside].mean():.1%} on average, true {new_y[inside].mean():.1%}"
    )

# %% [markdown]
# Four numbers and a bias, and on ground never seen it marks faults far better than chance, and somewhat better than its best single clue. Be honest about "somewhat": most of the work was done by the idea of the clue "break across". That was the state of the art for decades: people invent *attributes*, a simple model weighs them. What
# changed with deep learning is that the attributes are learned as well; on {day: 05_cnns_1} a network will find its own, and on {day: 06_cnns_2} one
# will draw these faults. It does *better* in the new volume than where it learned, which is no merit of its own. In the old volume much of the faults
# runs through places where both sides look alike. There they cannot be seen.
#
# The last table asks whether a probability means what it says: of the samples that were given about 50 %, is half on a fault? Nearly, from 40 %
# upwards. At the low end it says too much. It has learned on ground where a fault often leaves no trace, so it does not dare to say "surely none". In
# the new volume it could. A probability holds for ground *like that
# which was learned from*; {day: 05_cnns_1} makes a method of this question.
#
# ## This trains badly
#
# A colleague wrote a logistic regression too. It runs, and three things are odd:
#
# 1. whatever she sets the penalty to, the weights come out the same, although the loss she prints does change;
# 2. the bias swings, while the weights behave;
# 3. over long runs the memory grows, until the machine stops.
#
# Each has a line of its own. Nothing else is wrong. You have a program to compare with.
#
# ### Exercise 2.30: find the bug
#
# Repair the three lines. All three are about what autograd remembers.


# %%
def find_the_bug(x: Tensor, y: Tensor, *, lr: float, steps: int, l2: float = 0.1) -> tuple[Tensor, Tensor, list[float]]:
    """Logistic regression by gradient descent from zero. x: (N, D); y: (N,). Three lines are wrong.

    Returns (w, b, losses): w (D,), b (), and the loss before each step, as Python numbers.
    """
    ### BEGIN SOLUTION
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        z = x @ w + b
        penalty = l2 / 2 * w.square().sum()
        loss = F.binary_cross_entropy_with_logits(z, y) + penalty
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        w.grad.zero_()
        b.grad.zero_()
        losses.append(loss.item())
    return w.detach(), b.detach(), losses
    ### END SOLUTION


# %%
check(find_the_bug)

# %% [markdown]
# <details><summary>Answer</summary>
#
# *The penalty* was computed from a detached w. Its value is right and enters the loss, which is why the printed loss changes; but a detached tensor is a constant, a constant has gradient zero, and so the descent never hears of it. Test a term of a loss by its *effect*: set its strength to something absurd and see whether anything moves.
#
# *The bias's gradient* was never cleared. `backward()` adds, so b descended along the sum of all its old gradients, like a heavy ball that nothing brakes: it swings. (Divide the memory by a little in each step and the ball is an optimiser, momentum, on {day: 04_ml_recap}.)
#
# *The losses* were appended as tensors. Each carries its graph, and so every intermediate result of its step. `.item()` keeps the number and lets the rest go.
#
# </details>
#
# ## Summary
#
# - *An index is a tensor, a condition is a table, a sum is a product.* With `arange`, `None`, comparisons and `@` one can say what stands at a general index, for all indices at once.
# - `torch.where` chooses and computes both branches; multiplying by a mask lets nan through.
# - Picking by index and adding up by index are transposes of each other, and each other's gradients.
# - One-hot tables cost N x K; built-ins cost N. Learn with the first, compute with the second.
# - Linear and logistic regression have one program: loss, gradient, step. The gradients are $\frac2N X^\top e$ with $e=z-y$, and $\frac1N X^\top(p-y)$.
# - A step below $1/\lambda_{\max}$ comes down; the condition number says how long it takes.
# - Losses take logits, since $\ln(1+e^z)$ must be computed without $e^z$.
# - A fit is tested where it was not made: on other traces, in another volume.
#
# ### Questions to take along
#
# 1. `(x[:, None] < x).long() @ torch.ones(len(x), dtype=torch.int64)` computes something well known for each entry of x. What?
#
# <details><summary>Answer</summary>
#
# Row i counts for how many j $x_i<x_j$: the number of larger entries, which is the *rank* of x_i from the top (0 for the largest, if there are no ties). Sorting by counting, in one expression and $N^2$ comparisons.
#
# </details>
#
# 2. In the well tie, why is it no surprise that the misfit *at the well* is smaller than elsewhere, and what would you plot against the number of wells used?
#
# <details><summary>Answer</summary>
#
# The 22 numbers were chosen to make it small there, noise included. Plot the misfit at wells left out of the fit: it falls with every well that is used, while the misfit at the wells used *rises*, towards the same level. {Day: 04_ml_recap} takes this up.
#
# </details>
#
# 3. Suppose all targets of a logistic regression can be separated perfectly by a plane. What do the weights do, without a penalty, as the steps go on?
#
# <details><summary>Answer</summary>
#
# They grow without end: doubling w makes every right answer surer and the loss smaller, and no finite w is the best. The penalty stops it. So does stopping.
#
# </details>
#
# 4. You multiply all features by 10 and leave the learning rate alone. What happens, and which rate restores the old run of the predictions?
#
# <details><summary>Answer</summary>
#
# All curvatures of w grow by 100, so the same rate is likely to diverge. With a hundredth of the rate for w (but the old one for b) w is a tenth of what it was at every step, and the predictions are the same. A rate is not a pure number: its unit is that of $w^2/L$.
#
# </details>

# %% [markdown]
# ## References
#
# - J. Berkson (1944). *Application of the logistic function to bio-assay.* doi:10.1080/01621459.1944.10500699. The word "logit".
# - W. H. Mayne (1962). *Common reflection point horizontal data stacking techniques.* doi:10.1190/1.1439118.
# - W. S. McCulloch, W. Pitts (1943). *A logical calculus of the ideas immanent in nervous activity.* doi:10.1007/BF02478259.
# - F. Rosenblatt (1958). *The perceptron: a probabilistic model for information storage and organization in the brain.* doi:10.1037/h0042519.
# - A. M. Rush (2022). *Tensor Puzzles.* github.com/srush/Tensor-Puzzles.
# - X. Wu, L. Liang, Y. Shi, S. Fomel (2019). *FaultSeg3D: using synthetic data sets to train an end-to-end convolutional neural network for 3D seismic fault segmentation.* doi:10.1190/geo2018-0646.1. What replaced clues like ours.
# - Ö. Yilmaz (2001). *Seismic data analysis.* doi:10.1190/1.9781560801580. Stacking, deconvolution and well ties at length.
