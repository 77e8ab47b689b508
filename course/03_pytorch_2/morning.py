# ---
# title: "PyTorch, part II: a rock-type classifier one can stop, resume and trust"
# objectives:
#   - say what a module holds (parameters, buffers, submodules), and what a state_dict does and does not carry
#   - feed a network from a Dataset and a DataLoader, with padding and sampling of your own, and measure what that costs
#   - choose a loss and a metric for classes of unequal size, and derive what a weight in the loss changes
#   - write the training loop, its evaluation, its schedule and its stopping rule, and read the course's own loop from top to bottom
#   - interrupt a training, resume it, and prove that the result is the same to the last bit
#   - find what makes a loop slow, and say where mixed precision helps
#   - find three planted bugs from their symptoms
# prerequisites: [01_intro_and_ffns, 02_pytorch_1]
# minutes: {cpu: 1, cpu_fp32: 1}
# data: [wells]
# ---

# %%
import copy
import inspect
import json
import math
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, WeightedRandomSampler

from dlmodule import data, plot, training
from dlmodule.checking import checks
from dlmodule.device import best_device, describe, has_fast_bfloat16
from dlmodule.rehearsal import sized

check = checks("03_pytorch_2")
plot.use_style()
torch.set_num_threads(1)  # today's networks are small: one thread is faster than two that wait for each other

# %% [markdown]
# ## The question: which rock is it, and would you bet a well on the answer?
#
# On {day: 01_intro_and_ffns} you read porosity from well logs. Before porosity, a log analyst answers another question at every half metre: *which rock is this?* Sandstone, siltstone, shale, limestone, dolomite. The answer
# decides where to perforate the casing, where a reservoir is sealed, where CO2 will stay.
#
# A colleague has left the company, and left you a file, `model_final2.pt`, and a sentence: "92 % on held-out samples, trained overnight, stopped when the machine was restarted". Three questions come to mind.
# What is in the file? Is the 92 % true? And can you carry on where it stopped?
#
# This morning you write everything that lies between a network and an answer that you can trust. None of it is mathematics of learning; all of it decides whether the mathematics gets a chance.

# %%
logs = data.wells()  # twelve wells of 600 samples, half a metre apart; five logs each
ROCKS = data.well_logs.ROCKS
K = len(ROCKS)
colours = ("#F0E442", "#E69F00", "#666666", "#56B4E9", "#0072B2")

here = logs.of(6)
part = slice(100, 400)
fig, axes = plt.subplots(1, 5, figsize=(10, 5), sharey=True, width_ratios=(1, 1, 1, 1, 0.7))
names = ("gamma ray\n(API)", "density\n(g/cm³)", "neutron\n(v/v)", "sonic\n(µs/ft)")
for ax, log, name in zip(axes, here.x[part].T, names, strict=False):
    ax.plot(log, here.depth[part], color=plot.BLUE, linestyle="-", linewidth=1)
    ax.set_xlabel(name)
for k, rock in enumerate(ROCKS):
    axes[4].fill_betweenx(here.depth[part], 0, 1, where=(here.rock[part] == k).numpy(), color=colours[k], label=rock)
axes[4].set(xticks=[], xlabel="rock", xlim=(0, 1))
axes[4].legend(loc="upper left", bbox_to_anchor=(1.02, 1))
axes[0].set(ylabel="depth in metres")
axes[0].invert_yaxis()
plot.alt(
    fig,
    "Four logs over 150 metres of one well, gamma ray, density, neutron and sonic, and beside them a coloured column of the rock: beds of sandstone, siltstone, shale, limestone and dolomite, a few metres thick each.",
)

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $x, y$ | features of a sample, and its class | `(N, D)`, `(N,)` |
# | $K, k$ | number of classes; a class | |
# | $p_k, P(k\mid x)$ | the probability that a model gives to class $k$; the true one | |
# | $\pi_k, q_k, r_k$ | of class $k$: its share of the samples, the share of predictions, the recall | |
# | $w_k$ | weight of class $k$ in the loss | |
# | $\eta_s$ | learning rate at step $s$ | |
# | $S, W$ | all steps of a training; those of the warm-up | |
# | $f(s)$ | factor of the learning rate | |
# | $\phi_N, \phi_D$ | porosity by the neutron log and by the density log | |
# | $\rho$ | density | g/cm³ |
#
# ## By hand first
#
# The simplest thing that could work is what analysts did for decades: cut-offs. Gamma ray is high in shale, lower in siltstone, low in the rest. For the rest, two logs both claim to measure porosity as if the rock were limestone: the neutron log
# $\phi_N$ directly, and the density log through $\phi_D = (2.71-\rho)/1.68$. In limestone they agree. In sandstone, whose grains are lighter, $\phi_D$ reads too high; in dolomite, whose grains are heavier, too low. So $s=\phi_N-\phi_D$ is negative
# in sandstone, near zero in limestone and positive in dolomite.


# %%
def by_cutoffs(x: Tensor) -> Tensor:
    """The rock by hand. x: (N, 5), the logs in their units; returns (N,) int64, indices into ``ROCKS``."""
    gamma, density, neutron = x[:, 0], x[:, 1], x[:, 2]
    separation = neutron - (2.71 - density) / 1.68
    clean = torch.where(separation < -0.03, 0, torch.where(separation < 0.06, 3, 4))
    return torch.where(gamma > 75, 2, torch.where(gamma > 45, 1, clean))


def recalls(said: Tensor, y: Tensor, classes: int = K) -> Tensor:
    """The fraction of each class that was called by its name. said, y: (N,) int64; returns (classes,)."""
    return torch.stack([(said[y == k] == k).float().mean() for k in range(classes)])


tried = logs.of(6, 7)  # two wells to try things on; the last four stay shut until the end
said = by_cutoffs(tried.x)
shale = torch.full_like(tried.rock, 2)
for name, answer in {"always shale": shale, "cut-offs": said}.items():
    found = recalls(answer, tried.rock)
    print(f"{name:13s} accuracy {(answer == tried.rock).float().mean():.2f}, balanced {found.mean():.2f};", end=" ")
    print(", ".join(f"{rock} {one:.2f}" for rock, one in zip(ROCKS, found.tolist(), strict=True)))

# %% [markdown]
# Look at the first line. "Always shale" knows nothing, and is right three times in ten, because shale is common; in a shalier well it would seem better still. Let $\pi_k$ be the share of rock $k$ and $r_k$, its **recall**, the share of rock $k$ that is recognised. Then
#
# $$ \text{accuracy} = \sum_k \pi_k\, r_k, \qquad \text{balanced accuracy} = \frac1K\sum_k r_k . $$
#
# The first depends on how much of each rock the drill happened to meet, the second does not. And the second has an honest zero. An answer that takes
# no notice of the truth says "$k$" with some probability $q_k$, whatever the rock is. So $r_k=q_k$, and $\frac1K\sum_k q_k=\frac1K$, however
# cunningly the $q_k$ are chosen. Here that is 0.20.
# Dolomite is not one sample in ten, and may be the best reservoir of the field; a figure that hardly notices whether we find it is the wrong figure. **Balanced accuracy is our metric today.**
#
# The rest of the table says where rules fail. Gas makes the neutron log read low, so gas-filled limestone looks like sandstone. A calibration error
# of 0.02 moves samples across a cut-off. And a rule cannot say "the sample above was clearly sandstone, so this one probably is too".
#
# ## Is the 92 % true?
#
# The colleague's idea was good: give the network not one sample but five, two above and two below. Let us repeat what she did. The cell builds the inputs, and trains a network with `training.fit`, the loop that this course brings along; by noon you will have written one as good. (It would take a GPU where there is one; a network as small as this is faster on the processor, so all of today runs there.)


# %%
def neighbourhoods(logs: data.WellLogs, reach: int = 2) -> Tensor:
    """Each sample with its neighbours in the same well; (N, (2 * reach + 1) * 5), from the shallowest to the deepest."""
    parts = []
    for well in logs.well.unique().tolist():
        x = logs.of(well).x
        rows = torch.arange(len(x))[:, None] + torch.arange(-reach, reach + 1)  # (T, 2 * reach + 1)
        parts.append(x[rows.clamp(0, len(x) - 1)].flatten(1))  # beyond the ends of a well, its last sample again
    return torch.cat(parts)


class Standardise(nn.Module):
    """Subtract the mean and divide by the spread that ``x`` (N, D) has, feature by feature."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", x.mean(0))
        self.register_buffer("std", x.std(0))

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, D) in the units of the logs -> (N, D) without units."""
        return (x - self.mean) / self.std


def rock_network(x: Tensor, *, width: int = 64, dropout: float = 0.1, seed: int = 0) -> nn.Sequential:
    """Logs (N, D) -> logits (N, K); ``x`` is what the inputs are standardised by."""
    torch.manual_seed(seed)
    return nn.Sequential(
        Standardise(x),
        nn.Linear(x.shape[1], width), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout),
        nn.Linear(width, K),
    )  # fmt: skip


x_all, y_all, well = neighbourhoods(logs), logs.rock, logs.well
opened = (well < 8).nonzero().flatten()  # the samples of the eight wells that we may look at
order = opened[torch.randperm(len(opened), generator=torch.Generator().manual_seed(0))]
at_random, held_out = order[:3600], order[3600:]
network = rock_network(x_all[at_random])
training.fit(
    network,
    (x_all[at_random], y_all[at_random]),
    epochs=sized(20, rehearsal=2),
    lr=3e-3,
    schedule="cosine",
    progress=False,
    device="cpu",
)
said = training.predict(network, x_all[held_out]).argmax(1)
print(f"balanced accuracy on held-out samples: {recalls(said, y_all[held_out]).mean():.2f}")

# %% [markdown]
# **Predict.** So far, so good. The same network and the same number of examples, but now the 3,600 samples are *six whole wells*, and the question is asked in the two other wells. What will the balanced accuracy be?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
in_train, in_validation, in_test = well < 6, (well >= 6) & (well < 8), well >= 8
train_set = (x_all[in_train], y_all[in_train])
validation_set = (x_all[in_validation], y_all[in_validation])
test_set = (x_all[in_test], y_all[in_test])

network = rock_network(train_set[0])
training.fit(
    network, train_set, epochs=sized(20, rehearsal=2), lr=3e-3, schedule="cosine", progress=False, device="cpu"
)
said = training.predict(network, validation_set[0]).argmax(1)
print(f"balanced accuracy in wells it has never seen: {recalls(said, validation_set[1]).mean():.2f}")

# %% [markdown]
# More than ten points are gone. Nothing about the network has changed; the first figure was simply not about new wells. A held-out sample's neighbours, half a metre above and below, were in the training set: same bed, same fluid, same calibration of the tool. And with a window of five samples they were partly *the same numbers*.
# The network was examined on questions that it had seen with the answers. This is called **leakage**. It is a common reason why a figure in a report does not hold in the field ({day: 04_ml_recap} counts the cases).
#
# > **Split as the future will be split.** The future brings new wells; so wells 0 to 5 are for training, 6 and 7 for decisions (the **validation** set), 8 to 11 for one figure at the end (the **test** set). Nobody has looked at the test wells yet, and they stay shut until the end.
#
# So much for the 92 %. From here on the morning builds the rest, piece by piece.

# %% [markdown]
# ## What is in a module?
#
# A network is a function with memory: numbers that training changes, and numbers that it does not. `nn.Module` keeps both. Whatever you assign in `__init__` is sorted into one of four groups, by its type:
#
# | you assign | group | found by | trained | saved, moved by `.to()` |
# |---|---|---|---|---|
# | `nn.Parameter(tensor)` | parameters | `.parameters()` | yes | yes |
# | `self.register_buffer("mean", tensor)` | buffers | `.buffers()` | no | yes |
# | another module | submodules | `.children()`, `.modules()` | what is inside | what is inside |
# | anything else: a tensor, a list, a number | plain attribute | none of these | no | **no** |
#
# In the network above the first two groups hold these tensors (`0` is `Standardise`; the ReLUs and dropouts, 2, 3, 5 and 6, have none):

# %%
for name, tensor in network.state_dict().items():
    print(
        f"{name:10s} {tuple(tensor.shape)!s:10s} {'parameter' if name in dict(network.named_parameters()) else 'buffer'}"
    )
print(f"{sum(p.numel() for p in network.parameters()):,} parameters")

# %% [markdown]
# There is no magic in it: Python calls `__setattr__` at each assignment, and `nn.Module` looks at the type. An `nn.Parameter` is a tensor that says of itself "I am to be trained", nothing more. Calling `model(x)` runs `__call__`, which runs the hooks that may be attached and then your `forward(x)`; so call the model, not its `forward`.
#
# The `state_dict` is the content of the first two groups, of the module and of everything in it, as one flat dictionary from names to tensors. The names are the path: `"4.weight"` is the weight of submodule 4. It holds **no code and no structure**: to load it, you must build the same module first.
#
# ### Exercise 3.1: a linear layer
#
# `nn.Linear` from its parts: a weight of shape (outputs, inputs) and a bias (outputs,), both *uniform between* $-1/\sqrt{D}$ *and* $1/\sqrt D$ with $D$ the number of inputs; that is what `nn.Linear` does. Call them `weight` and `bias`, so that its state_dict fits yours. With `bias=False` there is none: `self.register_parameter("bias", None)` or
# `self.bias = None`.


# %%
class LinearLayer(nn.Module):
    """x: (..., in_features) -> (..., out_features), x @ weight.T + bias."""

    def __init__(self, in_features: int, out_features: int, *, bias: bool = True) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        bound = in_features**-0.5
        self.weight = nn.Parameter((2 * torch.rand(out_features, in_features) - 1) * bound)
        self.bias = nn.Parameter((2 * torch.rand(out_features) - 1) * bound) if bias else None
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., in_features) -> (..., out_features)."""
        ### BEGIN SOLUTION
        y = x @ self.weight.T
        return y if self.bias is None else y + self.bias
        ### END SOLUTION


# %%
check(LinearLayer)

# %% [markdown]
# ### Exercise 3.2: modules in a row
#
# Now a module made of modules. A plain list would be a plain attribute: no method would find what is in it. `self.add_module("0", module)` files a submodule under a name that need not be a Python identifier. Use the names `"0"`, `"1"`, ... as `nn.Sequential` does. With no modules at all it returns its input. The group itself is `self._modules`, a dictionary from names to modules in the order in which they came. (`self.children()` is almost the same: it leaves out a module that occurs a second time, and one ReLU may well be used twice.)


# %%
class Sequential_(nn.Module):
    """Run modules one after the other. ``Sequential_(a, b)(x)`` is ``b(a(x))``; has a length, and ``[i]`` is the i-th module."""

    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        for i, module in enumerate(modules):
            self.add_module(str(i), module)
        ### END SOLUTION

    def __len__(self) -> int:
        ### BEGIN SOLUTION
        return len(self._modules)
        ### END SOLUTION

    def __getitem__(self, i: int) -> nn.Module:
        ### BEGIN SOLUTION
        return self._modules[str(i)]
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """The output of the last module."""
        ### BEGIN SOLUTION
        for module in self._modules.values():
            x = module(x)
        return x
        ### END SOLUTION


# %%
check(Sequential_)

# %% [markdown]
# **Predict.** The class below keeps a mean in three different ways. Which of the three names will be in the `state_dict`? Which will become `float64` when we call `.to(torch.float64)`? And which would the optimiser change?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
class ThreeMeans(nn.Module):
    """The same numbers in three drawers."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.attribute = x.mean(0)
        self.register_buffer("buffer", x.mean(0))
        self.parameter = nn.Parameter(x.mean(0))


three = ThreeMeans(logs.x).to(torch.float64)
trained = [name for name, _ in three.named_parameters()]
for name in ("attribute", "buffer", "parameter"):
    kept = name in three.state_dict()
    dtype = str(getattr(three, name).dtype).removeprefix("torch.")
    print(f"{name:10s} in the state_dict: {kept!s:6} dtype after .to(): {dtype:8s} trained: {name in trained}")

# %% [markdown]
# The mean in the plain attribute was neither saved nor moved. On a GPU this is the error "expected all tensors to be on the same device"; in a file
# it is worse, because there is no error. *This is the trouble with* `model_final2.pt`. If the mean and spread of the training wells are not in it,
# the next user will take some others, such as those of the logs that lie on the table.
#
# **Predict.** Our network was trained with the mean and spread of six wells. We now give it the mean and spread of the samples that it is asked
# about. We do so for a whole new well, and for pieces of 50, 25 and 12 metres. Does it matter, and in which direction?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
x, y = validation_set
print(f"standardised as in training: balanced accuracy {recalls(training.predict(network, x).argmax(1), y).mean():.2f}")
for samples in (600, 100, 50, 25):
    said = []
    for piece in x.split(samples):
        other = copy.deepcopy(network)
        other[0] = Standardise(piece)
        said.append(training.predict(other, piece).argmax(1))
    print(f"standardised by pieces of {samples / 2:5.1f} m: balanced accuracy {recalls(torch.cat(said), y).mean():.2f}")

# %% [markdown]
# With whole wells it even *helps*, and much. A well's own mean takes its own calibration out; petrophysicists do this on purpose and call it log
# normalisation. With short pieces it is a disaster: 12 metres hold one or two beds, and a network that is shown shale as "average" says so. Both ways
# the same file gave another function, and no error was raised. Whether to normalise by well is a decision, and perhaps a good one: try it at the end
# of the day, by the *validation* wells. It must not be left to the next user of the file. That is why `Standardise` registers **buffers**: the
# network takes logs in their units, and its file carries what it needs.
#
# A file has one more danger. `torch.save(model)` writes the object by *pickle*, which stores the path to its class: move or rename the class, and the file is dead. Pickle can also run any code on loading. So save `model.state_dict()`, and load with `torch.load(path, weights_only=True)`, which accepts tensors and plain containers and nothing else (the default since version 2.6).

# %% [markdown]
# ## What does the loss weigh?
#
# For classes, the loss is the cross-entropy. `F.cross_entropy(logits, y)` takes **logits**, applies the logarithm of the softmax, picks the entry of the true class and averages over the batch. PyTorch has a dozen losses; four cover most of what you will meet:
#
# | target | the network returns | loss | its mistake |
# |---|---|---|---|
# | one of $K$ classes, (N,) int64 | logits (N, K) | `F.cross_entropy` | a softmax before it |
# | yes or no, each on its own, (N, K) float | logits (N, K) | `F.binary_cross_entropy_with_logits` | a sigmoid before it |
# | a number, (N,) | (N,) | `F.mse_loss` | (N, 1) against (N,), which broadcasts |
# | a number, with gross errors in the data | (N,) | `F.smooth_l1_loss` (Huber) | the same |
#
# Each is a mean over the batch by default (`reduction="mean"`); `ignore_index=-100` leaves out the targets that hold $-100$; and `weight=` gives each class a weight. Let us see what such a weight does, since our rocks are unequal.
#
# Fix an input $x$, and let $P(k|x)$ be the true probability of rock $k$ there. If the network says $p_k$, its expected weighted loss at $x$ is $-\sum_k w_k P(k|x)\ln p_k$. We minimise it over the $p_k$ with $\sum_k p_k=1$ and a Lagrange multiplier $\lambda$:
#
# $$ \frac{\partial}{\partial p_k}\Bigl[-\sum_j w_j P(j|x)\ln p_j+\lambda\bigl(\textstyle\sum_j p_j-1\bigr)\Bigr] = -\frac{w_kP(k|x)}{p_k}+\lambda=0 \quad\Longrightarrow\quad p_k\propto w_k\,P(k|x). $$
#
# With equal weights the best network tells the true probabilities. With $w_k=1/\pi_k$ it tells $P(k|x)/\pi_k\propto p(x|k)$, by Bayes' rule: what the logs say about the rock *if all rocks were equally common to begin with*. And that is just what balanced accuracy asks for: $\frac1K\sum_k r_k=\frac1K\sum_k\int p(x|k)\,[\text{we say }k\text{ at }x]\,dx$ is largest if at
# each $x$ we say the $k$ with the largest $p(x|k)$.
#
# The derivation offers a second way that costs nothing: train *without* weights, and subtract $\ln\pi_k$ from the logits afterwards, for $\ln\bigl(P(k|x)/\pi_k\bigr)=\ln P(k|x)-\ln\pi_k$. Menon and others (2020) call it *logit adjustment*.
#
# **A worked number.** A bed where the network finds shale twice as likely as dolomite, $P=0.6$ and $0.3$. Shale is a third of the training wells' samples, dolomite a twelfth. $0.6\cdot3=1.8$ and $0.3\cdot12=3.6$: for the balanced score one says dolomite.
#
# **Predict.** We compare the plain loss, the weighted loss, and the plain one with adjusted logits. Which rock's recall rises most with weights, and which one pays? Will the plain accuracy rise or fall?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
share = torch.bincount(train_set[1], minlength=K) / len(train_set[1])
weighted = rock_network(train_set[0])
training.fit(
    weighted,
    train_set,
    epochs=sized(20, rehearsal=2),
    lr=3e-3,
    schedule="cosine",
    progress=False,
    device="cpu",
    loss_fn=lambda logits, y: F.cross_entropy(logits, y, weight=1 / share),
)
plain = training.predict(network, validation_set[0])
answers = {
    "plain": plain,
    "weights 1/share": training.predict(weighted, validation_set[0]),
    "plain, adjusted": plain - share.log(),
}
print("share of each rock  " + "  ".join(f"{rock} {one:.2f}" for rock, one in zip(ROCKS, share.tolist(), strict=True)))
for name, logits in answers.items():
    found, truth = recalls(logits.argmax(1), validation_set[1]), validation_set[1]
    print(
        f"{name:16s} accuracy {(logits.argmax(1) == truth).float().mean():.3f}, balanced {found.mean():.3f};  "
        + "  ".join(f"{rock} {one:.2f}" for rock, one in zip(ROCKS, found.tolist(), strict=True))
    )

# %% [markdown]
# Dolomite, the rarest, gains most; limestone, the next rarest, gains too; shale, the most frequent, pays a point at most. The balanced score rises by a few points, and the adjusted logits of the *plain* network do as well as a training with weights, as the derivation says. The plain
# accuracy did not fall, though one could expect it: the plain loss aims at the right answer under the shares of the training wells. But these are other wells, with other shares and other calibrations, and over several seeds the change in accuracy is as large as its spread. Two points of balanced accuracy are not.
#
# Which to take? Adjusting afterwards has an advantage of its own: the network goes on to tell probabilities for the field as it is, and for a field with more dolomite one changes five numbers and trains nothing. We take it for the rest of the day.
#
# One trap: with `weight=`, `reduction="mean"` divides by the *sum of the weights* in the batch, not by their number. So the average of batch averages is not the average over the set, and a validation loss with weights is not comparable with one without.

# %% [markdown]
# ## Feeding the network
#
# Our windows fit into memory, as one tensor. Often they do not: a seismic survey has terabytes, an archive of core photographs lies in a million files. PyTorch splits the work in two.
#
# - A **Dataset** knows what example number `i` is, and how many there are. It is a class with `__len__` and `__getitem__`.
# - A **DataLoader** decides which examples come together and in which order (its *sampler*), fetches them one by one, and stacks them (its *collate* function). With `num_workers=4` four processes fetch ahead of the training.
#
# ### Exercise 3.3: a dataset of windows
#
# Hold the logs once and cut the window when it is asked for. Example `i` is the pair of the window around sample `i`, flattened from the shallowest to the deepest sample, and its rock `y[i]`. The window stays in the well of sample `i`: where it would reach beyond the well's first or last sample, that sample is repeated. The samples of a well stand together and in order of depth.
#
# Two traps: another well lies before and behind, and Python takes index $-1$ without complaint.


# %%
class TabularDataset(Dataset):
    """Windows of logs. x: (N, D), y: (N,) int64, well: (N,) int64. Item i: (((2 * reach + 1) * D,) window, () label), of the dtypes of x and y."""

    def __init__(self, x: Tensor, y: Tensor, well: Tensor, *, reach: int = 2) -> None:
        ### BEGIN SOLUTION
        self.x, self.y, self.reach = x, y, reach
        _, counts = torch.unique_consecutive(well, return_counts=True)
        ends = counts.cumsum(0)
        self.first = (ends - counts).repeat_interleave(counts).tolist()  # for each sample, where its well begins
        self.last = (ends - 1).repeat_interleave(counts).tolist()
        ### END SOLUTION

    def __len__(self) -> int:
        ### BEGIN SOLUTION
        return len(self.y)
        ### END SOLUTION

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        ### BEGIN SOLUTION
        rows = torch.arange(i - self.reach, i + self.reach + 1).clamp(self.first[i], self.last[i])
        return self.x[rows].flatten(), self.y[i]
        ### END SOLUTION


# %%
check(TabularDataset)

# %% [markdown]
# **Predict.** One pass over the 3,600 training examples in batches of 128: how much longer does the DataLoader take than indexing a tensor that holds all windows already? Twice, ten times, a hundred times? The third line hands the DataLoader whole lists of indices at once.

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
class Windows(Dataset):
    """The same examples, cut beforehand; takes one index or a list of them."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, i: int | list[int]) -> tuple[Tensor, Tensor]:
        return self.x[i], self.y[i]


def one_pass(batches) -> float:
    """Seconds for one pass; the best of three, since a computer also does other things."""
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        for _x, _y in batches():
            pass
        taken.append(time.perf_counter() - begin)
    return min(taken)


by_depth = logs.of(*range(6))
lazily, beforehand = TabularDataset(by_depth.x, by_depth.rock, by_depth.well), Windows(*train_set)
in_lists = DataLoader(beforehand, sampler=BatchSampler(RandomSampler(beforehand), 128, False), batch_size=None)
ways = {
    "DataLoader, windows cut one by one": lambda: DataLoader(lazily, batch_size=128, shuffle=True),
    "DataLoader, windows fetched one by one": lambda: DataLoader(beforehand, batch_size=128, shuffle=True),
    "DataLoader, a list of indices at once": lambda: in_lists,
    "tensors in memory, indexed": lambda: (
        (train_set[0][index], train_set[1][index]) for index in torch.randperm(len(train_set[1])).split(128)
    ),
}
seconds = {name: one_pass(batches) for name, batches in ways.items()}
for name, taken in seconds.items():
    print(f"{name:40s} {1000 * taken:7.2f} ms, {taken / min(seconds.values()):5.0f} times the fastest")

# %% [markdown]
# A hundred times and more, for windows that are cut one by one; and still tens of times where each example is only a look-up. Nearly all of it is Python: 3,600 calls of `__getitem__`, 3,600 small tensors, 29 stacks of 128 of them, a few to a few tens of microseconds for each example. The third line has the same DataLoader and asks the Dataset 29 times instead of 3,600: what costs
# is not the loader, it is the *one by one*. (`batch_size=None` says that the sampler's lists are batches already.)
#
# What the DataLoader sells is not speed but *not having to fit into memory*, and overlap: while the network computes, worker processes read files and decode images. Where one example takes a millisecond to make, workers pay at once. For everything that fits, hold tensors and index them; that is what the course does from here on. (A worker process receives a copy of the Dataset, so the class must be importable:
# on Windows and macOS a class that was defined in a notebook cannot be used with `num_workers` above 0. And each worker has random generators of its own.)
#
# ### Samplers: which examples come together
#
# The sampler yields indices. `RandomSampler` is a permutation, the usual choice; `WeightedRandomSampler` draws example $n$ with probability proportional to a weight $v_n$, with replacement. With $v_n=1/\pi_{y_n}$ every rock is as frequent as every other in the batches, and in expectation the gradient of a batch is, up to a factor, that of the weighted sum of losses above. Which to take? The weighted loss wastes no example; the sampler gives
# steadier batches where a class is so rare that most batches would not hold it. *Never* weigh the validation set.

# %%
generator = torch.Generator().manual_seed(0)
even = WeightedRandomSampler((1 / share)[train_set[1]], num_samples=3600, generator=generator)
drawn = torch.tensor(list(even))
print("samples per rock, permutation:", torch.bincount(train_set[1], minlength=K).tolist())
print("samples per rock, weighted:   ", torch.bincount(train_set[1][drawn], minlength=K).tolist())
print(f"different samples among the 3,600 drawn: {len(drawn.unique())}")

# %% [markdown]
# ### Collate: examples of unequal length
#
# The default collate function stacks, so all examples need one shape. Whole beds do not have one: a bed is a few metres or twenty. The way out is **padding**: fill up to the longest of the batch, and mark what is filling. For the targets there is a mark that the loss knows, $-100$.
#
# ### Exercise 3.4: pad and collate
#
# The DataLoader hands over a list of examples. Pad the logs with 0 and the rocks with $-100$, behind, to the longest of the batch, and return the lengths too.


# %%
def pad_collate(batch: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    """Stack sequences of unequal length. batch: N pairs x (T_n, D), y (T_n,) int64.

    Returns x (N, T, D) padded with 0, y (N, T) padded with -100, lengths (N,) int64; T is the longest of the batch.
    """
    ### BEGIN SOLUTION
    lengths = torch.tensor([len(y) for _, y in batch])
    N, T, D = len(batch), int(lengths.max()), batch[0][0].shape[1]
    x_NTD = batch[0][0].new_zeros(N, T, D)
    y_NT = batch[0][1].new_full((N, T), -100)
    for n, (x, y) in enumerate(batch):
        x_NTD[n, : len(y)] = x
        y_NT[n, : len(y)] = y
    return x_NTD, y_NT, lengths
    ### END SOLUTION


# %%
check(pad_collate)

# %%
changes = (by_depth.rock.diff() != 0) | (by_depth.well.diff() != 0)
cuts = (changes.nonzero().flatten() + 1).tolist()
beds = list(zip(by_depth.x.tensor_split(cuts), by_depth.rock.tensor_split(cuts), strict=True))
x_NTD, y_NT, lengths = next(iter(DataLoader(beds, batch_size=16, collate_fn=pad_collate)))
print(f"{len(beds)} beds; the first batch x {tuple(x_NTD.shape)}, y {tuple(y_NT.shape)}, lengths {lengths.tolist()}")

logits = network(x_NTD.repeat(1, 1, 5).flatten(0, 1)).unflatten(
    0, y_NT.shape
)  # (N, T, K): windows of five equal samples
real = y_NT >= 0
loss = F.cross_entropy(logits.transpose(1, 2), y_NT)  # wants the classes on axis 1: (N, K, T)
by_bed = torch.stack([F.cross_entropy(one[keep], y[keep]) for one, y, keep in zip(logits, y_NT, real, strict=True)])
print(f"{real.float().mean():.0%} of the batch is real")
print(f"loss with -100 left out {loss:.4f}; over the real samples only {F.cross_entropy(logits[real], y_NT[real]):.4f}")
print(
    f"mean of the beds' means {by_bed.mean():.4f}; padding taken for sandstone {F.cross_entropy(logits.transpose(1, 2), y_NT.clamp(min=0)):.4f}"
)

# %% [markdown]
# The first two agree: `ignore_index` leaves the padding out of the sum *and* of the count. The third is another loss, in which a sample of a thin bed
# weighs more; that may be what you want, but choose it. The last one is a bug that you cannot see in the code. Had we padded the rocks with 0, the
# network would have been taught, in good faith, that filling is sandstone. Its loss looks *better*, since filling is easy.
#
# ## The loop
#
# The optimiser is an object that holds *references to the parameters* and, for each, what it remembers: for Adam two running means. It is told of the parameters once, when it is made. A layer that you exchange later is unknown to it. Parameters come in *groups*, each with its own `lr` and other settings: `optimiser.param_groups[0]["lr"]` is the number that schedules change.
#
# Two more switches belong to the loop.
#
# **Mode.** `model.train()` and `model.eval()` set a flag, `training`, on the module and all its submodules. Most layers take no notice. *Dropout* does: in training it sets a random part of its inputs to zero and scales the rest up, in evaluation it lets everything through. *Batch normalisation* does: in training it uses the statistics of the batch, in evaluation stored ones. (Both on {day: 04_ml_recap}.) The mode has **nothing** to do with gradients.
#
# **Gradients.** `with torch.no_grad():` records no graph. Evaluation without it gives the same numbers, and keeps every intermediate tensor of the pass in memory until the result is forgotten.
#
# **Predict.** The network of above holds two dropouts. We ask it twice about the same samples: in training mode, then in evaluation mode. Which of the four answers are equal?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
few = validation_set[0][:500]
with torch.no_grad():
    network.train()
    a, b = network(few).softmax(1), network(few).softmax(1)
    network.eval()
    c, d = network(few).softmax(1), network(few).softmax(1)
print(
    f"training mode:   the two differ by up to {(a - b).abs().max():.3f}, and name another rock {(a.argmax(1) != b.argmax(1)).float().mean():.1%} of the time"
)
print(f"evaluation mode: the two differ by up to {(c - d).abs().max():.3f}")
print(f"between the modes: up to {(a - c).abs().max():.3f}")

# %% [markdown]
# A figure that was measured in training mode is noisy and, as a rule, too low; a network that is *trained* in evaluation mode has lost its regularisation. Neither raises an error. So the two functions that you write next set the mode themselves.
#
# ### Exercise 3.5: one step
#
# In training mode: forward, loss, forget the old gradients, backward, step. Return the loss *without its graph*: if you collect losses that still carry theirs, you keep every batch's intermediate results alive, and the memory grows until the kernel dies.


# %%
def train_step(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    optimiser: torch.optim.Optimizer,
) -> Tensor:
    """One step on a batch, in training mode. ``loss_fn(model(x), y)`` is a scalar. Returns the loss, detached from its graph."""
    ### BEGIN SOLUTION
    model.train()
    loss = loss_fn(model(x), y)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()
    ### END SOLUTION


# %%
check(train_step)

# %% [markdown]
# ### Exercise 3.6: evaluate
#
# Two figures over a whole set: the mean loss *per example*, and the balanced accuracy. Go through the set in batches (a large set does not fit through the network at once), in evaluation mode, without recording gradients, and leave the model in the mode in which you found it.
#
# The last batch is smaller than the others. A mean of the batches' means gives its examples more weight; and recalls cannot be averaged over batches at all, since a batch may hold no dolomite. Collect first, judge afterwards. Classes that do not occur in `y` do not count.


# %%
def evaluate(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    *,
    batch_size: int = 1024,
) -> tuple[float, float]:
    """The mean loss per example and the balanced accuracy. x: (N, ...), y: (N,) int64; ``loss_fn`` is a mean over its batch."""
    ### BEGIN SOLUTION
    was_training = model.training
    model.eval()
    total, said = 0.0, []
    with torch.no_grad():
        for x_batch, y_batch in zip(x.split(batch_size), y.split(batch_size), strict=True):
            logits = model(x_batch)
            total += loss_fn(logits, y_batch).item() * len(y_batch)
            said.append(logits.argmax(1))
    model.train(was_training)
    said = torch.cat(said)
    recall = [(said[y == k] == k).double().mean().item() for k in y.unique().tolist()]
    return total / len(y), sum(recall) / len(recall)
    ### END SOLUTION


# %%
check(evaluate)

# %% [markdown]
# ## First of all, one batch
#
# Before you train on everything, train on **one mini-batch**, again and again. A network with thousands of parameters can learn sixteen answers by heart. If its loss does not go to nearly 0, then model, loss or loop has a bug, and you know it within a second.
#
# **Predict.** Where does the loss begin, and where is it after 200 steps? And where, if the labels are shuffled?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
sixteen = torch.linspace(0, len(train_set[0]) - 1, 16).long()
x_few, y_few = train_set[0][sixteen], train_set[1][sixteen]
trials = {"true labels": (x_few, y_few), "shuffled labels": (x_few, y_few.roll(5)), "inputs lost, all 0": (0 * x_few, y_few)}  # fmt: skip
for name, (inputs, labels) in trials.items():
    learner = rock_network(train_set[0], dropout=0.0)
    optimiser = torch.optim.Adam(learner.parameters(), lr=0.01)
    losses = [train_step(learner, inputs, labels, F.cross_entropy, optimiser).item() for _ in range(200)]
    print(f"{name:20} loss {losses[0]:.2f} at first, {losses[-1]:.4f} after 200 steps")

# %% [markdown]
# It begins near $\ln K$ and ends near 0, also with shuffled labels: this tests the program, not the data. In the last line the inputs were lost on the way, as a bug may do it. There the best loss is the entropy of the sixteen labels, and no step gets below it.
# Do this first with every new network of this course.
#
# ## The same again: seeds
#
# Random numbers enter a training in four places: the first weights, the order of the examples, dropout, and augmentation. On a computer they come
# from **generators**, which are deterministic: the same state gives the same numbers. Python's `random`, NumPy and PyTorch each have a global one;
# libraries draw from any of the three. For the order of the examples take a generator *of its own*. Then a dropout more or less in the network does
# not change which examples come together. You can compare two runs batch by batch.
#
# ### Exercise 3.7: seed everything
#
# Seed the three global generators, and return a new `torch.Generator`, seeded too, for the order of the examples. (`np.random.seed` is NumPy's old interface, which others' code still draws from. For your own code NumPy recommends `np.random.default_rng(seed)`.)


# %%
def seed_everything(seed: int) -> torch.Generator:
    """Seed random, NumPy and torch; returns a generator of its own, seeded likewise."""
    ### BEGIN SOLUTION
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the global generator is what is to be seeded
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)
    ### END SOLUTION


# %%
check(seed_everything)

# %% [markdown]
# **Predict.** With every generator seeded, is the sum of a million float32 numbers the same whichever way round we add them?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
numbers = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0))
print(f"(0.1 + 0.2) + 0.3 == 0.1 + (0.2 + 0.3): {(0.1 + 0.2) + 0.3 == 0.1 + (0.2 + 0.3)}")
for name, way in {"as they come": numbers, "backwards": numbers.flip(0), "sorted": numbers.sort().values}.items():
    print(f"the sum, {name:13s} {way.sum().item():.5f}")
print(f"in float64             {numbers.double().sum().item():.5f}")

# %% [markdown]
# Addition of floating-point numbers is not associative: each sum is rounded, and another order is another rounding. So another number of threads,
# another processor, a GPU's atomic additions or a new version of a library may each change the last digits. Training is a few hundred steps that feed
# on one another. It makes differences of $10^{-7}$ visible. What you can promise is this: *the same code, versions, machine,
# number of threads and seeds give the same bits*, if no operation with a random order of sums is used. On a CPU, with the layers of this course, none
# is. On a GPU, ask for it. `torch.use_deterministic_algorithms(True)` raises an error where an operation has no deterministic form. The environment
# variable `CUBLAS_WORKSPACE_CONFIG=:4096:8` must be set before the first matrix product. It costs speed.
#
# Across machines one does not promise bits but *statistics*: the mean and the spread over several seeds. A seed is no setting to be tuned; the best of ten seeds is a lottery winner's advice.
#
# ## How large a step, and when?
#
# Of all settings, the learning rate matters most. {Day: 04_ml_recap} says why; today we *measure* it. Smith (2017) proposed the cheapest experiment of deep learning: start with a tiny rate, raise it after each batch, and write down the loss. (He added a constant; today the rate is usually multiplied by one, and so do we.) At first nothing happens; then the loss falls; then the steps become too large, and it explodes. One wants a rate in the falling part, well before the bottom.
#
# With $S$ batches the rates run from $a$ to $b$ in equal *ratios*:
#
# $$ \eta_s = a\,(b/a)^{s/(S-1)},\qquad s=0,\dots,S-1. $$
#
# ### Exercise 3.8: the learning-rate range test
#
# One Adam for the whole test, one step for each batch; note the rate and the loss *before* the step. Stop after noting a loss that is not finite or more than four times the smallest so far. Work on a copy (`copy.deepcopy(model)`), since a test should leave no trace.


# %%
def lr_range_test(
    model: nn.Module,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    batches: list[tuple[Tensor, Tensor]],
    *,
    low: float = 1e-5,
    high: float = 1.0,
) -> tuple[list[float], list[float]]:
    """The loss of each batch while the rate of Adam grows from ``low`` to ``high``. Returns (rates, losses), equally long."""
    ### BEGIN SOLUTION
    model = copy.deepcopy(model)
    model.train()
    optimiser = torch.optim.Adam(model.parameters())
    rates, losses = [], []
    for step, (x, y) in enumerate(batches):
        rate = low * (high / low) ** (step / (len(batches) - 1))
        optimiser.param_groups[0]["lr"] = rate
        loss = loss_fn(model(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rates.append(rate)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
    return rates, losses
    ### END SOLUTION


# %%
check(lr_range_test)

# %% [markdown]
# **Predict.** {Day: 01_intro_and_ffns} said that $10^{-3}$ is a good first rate for Adam. Where will the loss of this network begin to fall, and where explode?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
generator = seed_everything(0)
batches = [
    (train_set[0][index], train_set[1][index])
    for _ in range(15)
    for index in torch.randperm(3584, generator=generator).split(512)  # large batches: the curve should not be noise
]
rates, losses = lr_range_test(rock_network(train_set[0]), F.cross_entropy, batches, low=1e-5, high=10.0)
smooth = [sum(losses[max(0, i - 4) : i + 5]) / len(losses[max(0, i - 4) : i + 5]) for i in range(len(losses))]
fig, ax = plt.subplots(figsize=(6.5, 3.6))
ax.plot(rates, losses, color="0.6", linestyle="-", linewidth=1, label="each batch")
ax.plot(rates, smooth, color=plot.BLUE, linestyle="-", label="mean of nine")
ax.axhline(math.log(K), color="0.4", linewidth=1, linestyle=":")
ax.text(rates[0], math.log(K) + 0.05, "ln 5: knows nothing", color="0.3", va="bottom")
ax.set(xscale="log", xlabel="learning rate", ylabel="loss", ylim=(0, 2.4))
ax.legend(loc="lower left")
plot.alt(
    fig,
    "The loss of a batch against the learning rate, on a logarithmic axis from 1e-5 to about 0.3, where the test ends: level at ln 5, about 1.6, up to a few times 1e-4, then falling, fastest near 5e-3, lowest at about 0.5 between 1e-2 and 1e-1, and rising steeply above.",
)

# %% [markdown]
# Up to a few times $10^{-4}$ nothing happens: the network still says that all rocks are equally likely, a loss of $\ln 5$. The loss falls fastest around $5\cdot10^{-3}$, rests between $10^{-2}$ and $10^{-1}$, and explodes soon after. (Part of the fall is simply that the network has been trained for longer by then.) So $10^{-3}$ would do and be slow; we take $3\cdot10^{-3}$, well inside the fall. *Not* the rate at the lowest
# point: there the steps are already as large as they can be, and the whole training has to live with them.
#
# ### A schedule
#
# At the start the weights are random, and Adam's running means know nothing: large steps would be taken in haste. At the end, large steps shake the network around the minimum instead of letting it settle. So one *warms up*, and *cools down*. We ask for a factor $f(s)$ of the peak rate at step $s=0,1,\dots$ of $S$ that
#
# 1. rises in equal steps during $W$ steps of warm-up and is above 0 at once (a step with rate 0 is a step wasted): $f(s)=\dfrac{s+1}{W+1}$ for $s<W$, so that $f(W)=1$ continues the line;
# 2. from there falls to a floor $f_{\min}$, with slope 0 at both ends, so that nothing happens abruptly. Half a period of a cosine does it: with $u=\dfrac{s-W}{S-W}$, $\;f=f_{\min}+(1-f_{\min})\,\tfrac12(1+\cos\pi u)$;
# 3. and stays at $f_{\min}$ for $s\ge S$, if training goes on.
#
# That it is a cosine is convention (Loshchilov and Hutter, 2017); that it ends near zero matters much more than its shape.
#
# **A worked number.** $S=10$, $W=2$, $f_{\min}=0$: $\frac13,\frac23,1$, and at $s=6$, half way down, $\frac12$.
#
# ### Exercise 3.9: cosine with warm-up
# Return $f(s)$ for one step, a Python number. `total` is $S$, `warmup` is $W$, and `floor` is $f_{\min}$.


# %%
def cosine_with_warmup(step: int, *, total: int, warmup: int, floor: float = 0.0) -> float:
    """The learning rate at ``step`` (from 0) as a fraction of its peak; ``warmup`` < ``total``."""
    ### BEGIN SOLUTION
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = min((step - warmup) / (total - warmup), 1.0)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done))
    ### END SOLUTION


# %%
check(cosine_with_warmup)

# %% [markdown]
# **Predict.** Sketch the curve for 100 steps with a warm-up of 10, and a second one with a warm-up of 40 and a floor of 0.1. Where is each steepest?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
fig, ax = plt.subplots(figsize=(6.5, 3))
for settings in ({"warmup": 10}, {"warmup": 40, "floor": 0.1}):
    label = ", ".join(f"{name} {value}" for name, value in settings.items())
    ax.plot([cosine_with_warmup(step, total=100, **settings) for step in range(120)], label=label)
ax.axvline(100, color="0.5", linewidth=1, linestyle=":")
ax.set(xlabel="step", ylabel="fraction of the peak rate", ylim=(0, 1.1))
ax.legend(loc="upper right")
plot.alt(
    fig,
    "Two schedules over 120 steps: a straight rise to 1 in 10 and in 40 steps, then half a cosine down to 0 and to 0.1 at step 100, where both stay.",
)

# %% [markdown]
# The warm-up of 10 is the steepest part of the first; the way down is steepest in its middle, and level at both ends.
#
# PyTorch takes it as `torch.optim.lr_scheduler.LambdaLR(optimiser, factor)`: after each `optimiser.step()` call `scheduler.step()`, and it multiplies each group's initial rate by `factor(step)`. Two things go wrong with schedulers: they are stepped once an epoch though they count batches (or the reverse), and they are forgotten when a run is resumed.
#
# ## When to stop
#
# The training loss falls as long as one trains. The validation loss falls, and then often rises again: the network begins to learn its wells by heart. **Early stopping** keeps the weights of the best epoch, and stops when the best is `patience` epochs old. Because a loss is noisy, an epoch counts as better only if it is better by more than `min_delta`. A `nan` is never better: every comparison with it is false.
#
# ### Exercise 3.10: early stopping
#
# From the validation losses of all epochs so far: which epoch is the best (the one that last set a record), and is it time to stop? The first epoch is a record if it is finite. If no epoch was ever finite, the best is epoch 0.


# %%
def early_stopping(val_loss: list[float], patience: int, min_delta: float = 0.0) -> tuple[int, bool]:
    """(best, stop): the epoch, from 0, that last lowered the record by more than ``min_delta``; whether ``patience`` epochs followed."""
    ### BEGIN SOLUTION
    best, record = 0, math.inf
    for epoch, loss in enumerate(val_loss):
        if loss < record - min_delta:
            best, record = epoch, loss
    return best, len(val_loss) - 1 - best >= patience
    ### END SOLUTION


# %%
check(early_stopping)

# %% [markdown]
# ## Stop, and resume
#
# Colab disconnects; a cluster's queue ends jobs after some hours; a laptop's lid closes. A training that cannot be resumed is a training that you will do twice. What must a **checkpoint** hold so that the resumed run is *the same run*? Everything that the next step depends on and that the code does not make anew:
#
# | state | if it is missing |
# |---|---|
# | the model: parameters *and* buffers | you start again |
# | the optimiser: Adam's two means per parameter, and its step count | the first steps after the restart are of the wrong size; the loss jumps |
# | the scheduler: which step it is | the warm-up comes again, and training ends before the rate has fallen |
# | the generator of the order | the next epoch repeats the order of the first |
# | torch's global generator, which dropout draws from on the CPU (a GPU has its own: `torch.cuda.get_rng_state_all()`) | another noise: a good training, but not the same one |
# | the history | early stopping forgets its best |
#
# The file must survive as well. If the program dies *while writing*, a half-written checkpoint lies where the good one was. So write to a second file, and when it is complete, put it in the first one's place: `new.replace(path)`, a method of `Path`, is **atomic**: another program sees either the old file or the new one, whole. (A power cut is another matter: the data may not be on the disk yet. `os.fsync` before the replacement helps.)
#
# ### Exercise 3.11: save a checkpoint
#
# Save a dictionary with the keys `model`, `optimiser`, `scheduler` (their state_dicts), `generator` (`generator.get_state()`), `torch_rng` (`torch.get_rng_state()`) and `history`. Write it atomically, and leave nothing else in the folder.


# %%
def save_checkpoint(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    generator: torch.Generator,
    history: list[float],
) -> None:
    """Write all that the next epoch depends on to ``path``, atomically. history: one number an epoch."""
    ### BEGIN SOLUTION
    state = {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "scheduler": scheduler.state_dict(),
        "generator": generator.get_state(),
        "torch_rng": torch.get_rng_state(),
        "history": history,
    }
    unfinished = path.with_suffix(".unfinished")
    torch.save(state, unfinished)
    unfinished.replace(path)
    ### END SOLUTION


# %%
check(save_checkpoint)

# %% [markdown]
# ### Exercise 3.12: resume
#
# Put everything back into objects that were made as at the start of the run, and return the history; its length is the number of the next epoch. Load with `map_location="cpu"` (a file from a GPU can then be read everywhere; `load_state_dict` copies to where the parameters are) and with `weights_only=True`, so that a file from another person cannot run code on your machine.


# %%
def resume(
    path: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    scheduler: torch.optim.lr_scheduler.LRScheduler,
    generator: torch.Generator,
) -> list[float]:
    """Restore what ``save_checkpoint`` wrote, in place; returns the history."""
    ### BEGIN SOLUTION
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    scheduler.load_state_dict(state["scheduler"])
    generator.set_state(state["generator"])
    torch.set_rng_state(state["torch_rng"])
    return state["history"]
    ### END SOLUTION


# %%
check(resume)

# %% [markdown]
# Now the loop, from your own pieces. Read it once from top to bottom: there is no line in it that you have not written or could not have written. `dies_after` plays the part of the machine that is switched off.


# %%
def train(
    model: nn.Module,
    train_set: tuple[Tensor, Tensor],
    validation_set: tuple[Tensor, Tensor] | None = None,
    *,
    epochs: int,
    batch_size: int = 128,
    lr: float = 3e-3,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    patience: int | None = None,
    checkpoint: Path | None = None,
    log: Callable[[dict[str, float]], None] | None = None,
    dies_after: int | None = None,
    seed: int = 0,
) -> list[float]:
    """Train ``model`` in place; returns the validation loss of every epoch (the training loss, without a validation set)."""
    x, y = train_set
    generator = seed_everything(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, fused=True)
    batches = math.ceil(len(x) / batch_size)
    warmup = min(batches, epochs * batches // 2)  # one epoch, or half of a very short training

    def factor(step: int) -> float:
        return cosine_with_warmup(step, total=epochs * batches, warmup=warmup)

    scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
    history: list[float] = []
    if checkpoint is not None and checkpoint.exists():
        history = resume(checkpoint, model, optimiser, scheduler, generator)
    for epoch in range(len(history), epochs):
        total = torch.zeros(())
        for index in torch.randperm(len(x), generator=generator).split(batch_size):
            total += train_step(model, x[index], y[index], loss_fn, optimiser) * len(index)
            scheduler.step()
        figures = {"epoch": epoch, "lr": scheduler.get_last_lr()[0], "loss": total.item() / len(x)}
        if validation_set is not None:
            figures["val_loss"], figures["val_balanced"] = evaluate(model, *validation_set, loss_fn)
        history.append(figures.get("val_loss", figures["loss"]))
        if log is not None:
            log(figures)
        if checkpoint is not None:
            save_checkpoint(checkpoint, model, optimiser, scheduler, generator, history)
        if patience is not None and early_stopping(history, patience)[1]:
            break
        if dies_after == epoch + 1:
            break
    model.eval()
    return history


# %% [markdown]
# **Predict.** Three runs of the same training. One goes through. One dies after a third of the epochs, and is resumed in a *fresh* model from its
# checkpoint. One dies at the same place, and is resumed from the weights alone. Which of the three final networks are equal, and how equal: to the
# printed digits, to rounding, or bit for bit?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
runs = Path(tempfile.mkdtemp(prefix="day03-"))  # on Colab: a folder of your Drive, which outlives the machine
epochs = sized(15, rehearsal=3)
third = epochs // 3

straight = rock_network(train_set[0])
losses_straight = train(straight, train_set, validation_set, epochs=epochs)

train(rock_network(train_set[0]), train_set, validation_set, epochs=epochs, checkpoint=runs / "a.pt", dies_after=third)
resumed = rock_network(train_set[0], seed=99)  # its first weights do not matter: the checkpoint overwrites them
losses_resumed = train(resumed, train_set, validation_set, epochs=epochs, checkpoint=runs / "a.pt")


def forgetful(weights: dict[str, Tensor]) -> tuple[nn.Module, list[float]]:
    """The rest of the epochs from the weights alone: a new optimiser, a new schedule, new random numbers."""
    model = rock_network(train_set[0])
    model.load_state_dict(weights)
    return model, train(model, train_set, validation_set, epochs=epochs - third)


first = rock_network(train_set[0])
losses_first = train(first, train_set, validation_set, epochs=epochs, dies_after=third)
careless, losses_careless = forgetful(first.state_dict())


def equal(a: nn.Module, b: nn.Module) -> bool:
    """Whether all parameters and buffers are equal bit for bit."""
    return all(torch.equal(one, two) for one, two in zip(a.state_dict().values(), b.state_dict().values(), strict=True))


print("resumed from the checkpoint, bit for bit the same:", equal(straight, resumed))
print("and the same history:", losses_straight == losses_resumed)
gap = max((a - b).abs().max().item() for a, b in zip(straight.parameters(), careless.parameters(), strict=True))
print(f"resumed from the weights alone: {equal(straight, careless)}; a weight differs by {gap:.2f}")

# %%
fig, ax = plt.subplots(figsize=(7, 3.6))
number = range(1, epochs + 1)
ax.plot(number, losses_straight, color=plot.BLUE, linestyle="-", linewidth=5, alpha=0.4, label="never interrupted")
ax.plot(number, losses_resumed, color=plot.BLACK, linestyle="--", linewidth=1.2, label="resumed from the checkpoint")
ax.plot(
    number,
    losses_first + losses_careless,
    color=plot.VERMILION,
    marker="o",
    markersize=4,
    linewidth=1.2,
    label="resumed from the weights alone",
)
ax.axvline(third + 0.5, color="0.5", linewidth=1, linestyle=":")
ax.set(xlabel="epoch", ylabel="val_loss")
ax.legend()
plot.alt(
    fig,
    "Validation loss over the epochs of three runs. The uninterrupted and the resumed run lie on top of each other. The run resumed from its weights alone agrees up to the interruption and leaves them afterwards.",
)

# %% [markdown]
# The resumed run *is* the run: not close, equal, in every bit of every weight, and so is its history. The careless one goes astray in the very next epoch. It is warmed up a second time, with an Adam that remembers nothing, in an order of examples that it has seen before. It arrives at a similar place, and on another day at a slightly better or worse one. But you cannot *compare* it. If you change a setting half way and the loss moves, you do not know whether the setting did it or the restart. `torch.equal` on the state_dicts is a test worth keeping beside every training that you care about.
#
# ## Write it down while it happens
#
# A loop that prints is a loop whose numbers are lost with the notebook. The least that works: one line of JSON for each epoch, appended to a file. It survives a crash, grows when the run is resumed, and is read back in one line.
#
# **TensorBoard** draws such numbers live, in a browser. `torch.utils.tensorboard.SummaryWriter` writes its files; the package `tensorboard`, which is not part of PyTorch, shows them. The function below writes JSON always, and TensorBoard's files where the package is installed.


# %%
def logger(folder: Path) -> Callable[[dict[str, float]], None]:
    """A function that appends the figures of an epoch to ``folder/log.jsonl``, and to TensorBoard where it is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        from torch.utils.tensorboard import SummaryWriter

        board = SummaryWriter(str(folder))
    except ImportError:
        board = None

    def write(figures: dict[str, float]) -> None:
        with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")
        if board is not None:
            for name, value in figures.items():
                board.add_scalar(name, value, int(figures["epoch"]))
            board.flush()

    return write


train(
    rock_network(train_set[0]),
    train_set,
    validation_set,
    epochs=sized(6, rehearsal=2),
    log=logger(runs / "first"),
    seed=1,
)
records = [json.loads(line) for line in (runs / "first" / "log.jsonl").read_text("utf-8").splitlines()]
print("the last line:", {name: round(value, 4) for name, value in records[-1].items()})

try:
    import tensorboard  # noqa: F401

    print(
        f"TensorBoard is installed: run  tensorboard --logdir {runs}  in a terminal; on Colab: %load_ext tensorboard, then %tensorboard --logdir ..."
    )
except ImportError:
    print("TensorBoard is not installed here; the log above has the same numbers. To have it: pip install tensorboard")

# %% [markdown]
# ## The same, professionally: `dlmodule.training`
#
# You have written a training loop. The course has one too, and every later day uses it, so you should know what it does. It is a file of some 270 lines, and its heart is this function.

# %%
source = inspect.getsource(training.fit)
print(source[source.index("    plan = Plan.of") :])
print(inspect.getsource(training.train_step))

# %% [markdown]
# Read it from the top, beside your own.
#
# - **`Plan`** decides four things: the device; whether to multiply in bfloat16; the memory layout of images; the number of threads. None of them changes the mathematics. `plan.prepared(model)` moves the model there, and puts everything back at the end, the model too, *also if an error is raised*: that is what a context manager is for.
# - **`torch.random.fork_rng()`** and `torch.manual_seed(seed)`: dropout is seeded inside, and your own random numbers outside go on as if nothing had happened. Then **one generator** for the permutations and the augmentation, as yours.
# - **`make_optimiser(...)`**: AdamW or SGD, *fused*: all parameters are updated by one call into compiled code. You did the same, with `fused=True`.
# - **`order.tensor_split(batches)`**, where you had `split(batch_size)`: batches of nearly equal size. With 3,600 and 128 your last batch has 16 examples, whose gradient is noisier and counts as much; a last batch of *one* breaks batch normalisation. Equal parts are the better habit.
# - **`set_lr(...)`** writes the rate into the groups before each step, as a function of the part done. No scheduler object, hence no state to save. (And no checkpoint either: `fit` is for trainings of minutes. For longer ones you have today's.)
# - **`total += loss * len(index)`** stays a tensor on the device, and is read once an epoch: on a GPU, `.item()` makes the processor wait until all work that was sent is done.
# - **`math.isfinite`** ends a training that is lost, and says what to try. **`stop_when`** is asked once an epoch; `training.patience(3)` is your early stopping.
# - In **`train_step`**: the forward pass under `autocast`, the loss in float32.
#
# **Predict.** The same model, the same epochs, both in float32. How much slower is your loop than `fit`?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
rounds, epochs = sized(5, rehearsal=2), sized(10, rehearsal=2)
yours, theirs = [], []
for _ in range(rounds):  # in turn, so that both see the same machine
    model = rock_network(train_set[0])
    begin = time.perf_counter()
    train(model, train_set, epochs=epochs)
    yours.append(time.perf_counter() - begin)
    model = rock_network(train_set[0])
    begin = time.perf_counter()
    training.fit(
        model, train_set, epochs=epochs, lr=3e-3, schedule="cosine", precision="float32", progress=False, device="cpu"
    )
    theirs.append(time.perf_counter() - begin)
ratio = sorted(a / b for a, b in zip(yours, theirs, strict=True))[rounds // 2]
print(f"your loop {min(yours):.2f} s, fit {min(theirs):.2f} s; the middle of {rounds} ratios is {ratio:.2f}")

# %% [markdown]
# Hardly at all: within a tenth or so, where the machine is not busy with other things. There is no secret in `fit`; it does what you do. The one
# decision that matters for a network this small was made in the first cell: a single thread. Several threads would divide a product of 128 by 64
# numbers among themselves and then wait for one another.
#
# ## What makes a loop slow
#
# Do not guess: **profile**. `torch.profiler` counts what each operation costs. Self time is what an operation takes without what it calls.

# %%
os.environ["KINETO_LOG_LEVEL"] = "6"  # the profiler should not talk of itself
model = rock_network(train_set[0])
optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, fused=True)
with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
    for _ in range(sized(100, rehearsal=20)):
        train_step(model, train_set[0][:128], train_set[1][:128], F.cross_entropy, optimiser)
events = sorted(profile.key_averages(), key=lambda event: -event.self_cpu_time_total)
whole = sum(event.self_cpu_time_total for event in events)
for event in events[:7]:
    print(f"{event.key:42s} {event.self_cpu_time_total / whole:5.0%} of the time, {event.count:5d} calls")

# %% [markdown]
# The matrix products (`mm`, `addmm`), for which all this is done, take a modest part. The largest entry is as a rule `bernoulli_`, the random numbers
# of *dropout*. The rest is the price of many small operations. Each costs some microseconds to be called, whether it works on 128 examples or on one.
# This is the state of every small network, and it has one cure: **fewer, larger operations**.
# Larger batches, a fused optimiser, no Python per example.
#
# **Predict.** Here are five versions of one epoch. Sort them from fast to slow before you look: *clean* (your loop); *DataLoader* (windows cut one by one); *optimiser in Python* (`fused=False, foreach=False`); *a look at every step* (the accuracy on all validation samples after each batch); *one example at a time* (a batch size of 1).

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def one_epoch(batches, *, fused: bool = True, look: bool = False, limit: int | None = None) -> float:
    """Seconds for an epoch of 3,600 examples; with ``limit``, estimated from that many batches."""
    model = rock_network(train_set[0])
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3, fused=fused, foreach=False)
    batches = list(batches) if limit else batches
    part = batches[:limit] if limit else batches
    begin = time.perf_counter()
    for x, y in part:
        train_step(model, x, y, F.cross_entropy, optimiser)
        if look:
            evaluate(model, *validation_set)
    taken = time.perf_counter() - begin
    return taken * len(batches) / limit if limit else taken


def in_memory(batch_size: int = 128):
    """Batches of the training set in a random order."""
    return ((train_set[0][i], train_set[1][i]) for i in torch.randperm(len(train_set[1])).split(batch_size))


one_epoch(in_memory())  # the first run also loads code
seconds = {
    "clean": one_epoch(in_memory()),
    "DataLoader": one_epoch(DataLoader(lazily, batch_size=128, shuffle=True)),
    "optimiser in Python": one_epoch(in_memory(), fused=False),
    "a look at every step": one_epoch(in_memory(), look=True),
    "one example at a time": one_epoch(in_memory(1), limit=sized(400, rehearsal=50)),
}
fig, ax = plt.subplots(figsize=(7, 2.8))
ax.barh(list(seconds), [1000 * value for value in seconds.values()], color=plot.BLUE)
for row, value in enumerate(seconds.values()):
    ax.text(1000 * value, row, f" {1000 * value:.0f} ms", va="center")
ax.invert_yaxis()
ax.set(xscale="log", xlabel="milliseconds for an epoch (logarithmic)", xlim=(5, 60_000))
plot.alt(
    fig,
    "Bars of the time of one epoch: "
    + ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in seconds.items())
    + ".",
)

# %% [markdown]
# The optimiser in Python adds a quarter or a third; a look at every step about doubles the time, since one looks at 1,200 samples after each step on 128; the DataLoader triples it. And one example at a time is the disaster: each step costs nearly as much as one on 128 examples, and there are 128 times as many. Three habits, then. Do what you do per *epoch*, not per step, whatever the step does not need. Do nothing per *example* in Python. And measure before
# you change anything: the worst of the five costs many tens of times the best, and it is seldom the one that people change first.
#
# ## Devices and mixed precision
#
# **Device.** A tensor lies somewhere, in the machine's memory or in a GPU's, and an operation wants all its tensors in one place. Three lines are enough: `device = best_device()`, `model.to(device)` *before* the optimiser is made, and `x.to(device)` for the data, once for the whole set if it fits. The results of a GPU come later than the line that asks for them: to measure time, call `torch.cuda.synchronize()` before you read the clock. A network as small as
# today's is *slower* on a GPU: each of its operations is over before the next one has been sent.
#
# **Precision.** A float32 has 8 bits of exponent and 23 of fraction (and a sign). *float16* has 5 and 10. Its smallest number above zero is
# $6\cdot10^{-8}$, and gradients that are smaller become zero. So one multiplies the loss by a large number before `backward` and divides afterwards
# (`torch.amp.GradScaler`; Micikevicius and others, 2018). *bfloat16* has 8 and 7: the range of float32 with two to three digits. No scaling is
# needed, and it is what this course uses. In **mixed** precision
# only the matrix products and convolutions run in 16 bits; weights, sums and losses stay in 32, because of this:

# %%
print(
    f"1e-8 in float16: {torch.tensor(1e-8, dtype=torch.float16).item()}, in bfloat16: {torch.tensor(1e-8, dtype=torch.bfloat16).item():.2e}"
)
weight = torch.tensor(1.0, dtype=torch.bfloat16)
print(
    f"a weight of 1 after 1,000 steps of 0.001 in bfloat16: {sum([torch.tensor(1e-3, dtype=torch.bfloat16)] * 1000, weight).item()}"
)

# %% [markdown]
# The weight has not moved: next to 1, the nearest bfloat16 numbers are $1/128$ apart, and each small step is rounded away. So the *weights* are kept in float32, and `torch.autocast` converts what goes into a product.
#
# **Predict.** Two networks, ours with 64 neurons to a layer and one with 1,024. For which of them does bfloat16 pay on this machine, and how much?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
print(
    describe()["hardware"],
    "| bfloat16 in hardware:",
    has_fast_bfloat16(torch.device("cpu")),
    "| device:",
    best_device().type,
)
x, y = train_set[0][:512], train_set[1][:512]
for width in (64, 1024):
    taken = {}
    for dtype in (torch.float32, torch.bfloat16):
        model = rock_network(train_set[0], width=width)
        optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
        times = []
        for _ in range(sized(20, rehearsal=4)):
            begin = time.perf_counter()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
                logits = model(x)
            loss = F.cross_entropy(logits.float(), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            times.append(time.perf_counter() - begin)
        taken[dtype] = sorted(times)[len(times) // 2]
    print(
        f"width {width:4d}: float32 {1000 * taken[torch.float32]:6.2f} ms a step, bfloat16 {1000 * taken[torch.bfloat16]:6.2f} ms"
    )

# %% [markdown]
# Where the processor multiplies bfloat16 in hardware (the line above says so), the wide network's step is one and a half to two times as fast. The narrow one's is *slower*: its products take almost no time, and each conversion is one more small operation. Where the hardware has no bfloat16, it is emulated, and both lose. So `Plan` asks two questions before it switches it on: can the machine do it, and is the network large enough?
#
# ## Colab Pro, in class
#
# Today your course account gets Colab Pro; you buy nothing yourself. Do it now, with the team in the room:
#
# 1. Sign in to colab.research.google.com *with the account of {day: 01_intro_and_ffns}*, not a personal one, and redeem Pro as the team shows.
# 2. `Runtime > Change runtime type`: look at the list of accelerators, and leave it on **CPU**. A GPU uses up compute units from the moment it is connected, whether or not it computes. {Day: 05_cnns_1, 06_cnns_2, 07_vaes, 08_gans, 09_diffusion, 10_rnns, 11_nlp, 12_transformers} can be done without one.
# 3. `Runtime > Manage sessions` shows what is running. End what you do not need; units of a forgotten session are gone.
# 4. Mount your Drive, and let `runs` of above point into it: `Path("/content/drive/MyDrive/DL_module/runs")`. Then a session that ends costs you one epoch at most: run the cell with `train(..., checkpoint=...)` again.
# 5. Run `print(describe())`. Put hardware and versions beside every time you report.
#
# ## The answer
#
# Everything is in place: an honest split, a suitable metric, a network that carries its own standardisation, a loop that can be stopped. We train with the patience of early stopping, on five seeds, choose nothing by the test wells, adjust the logits for the balanced score, and ask once.

# %%
new = logs.of(8, 9, 10, 11)  # opened now, for the first time
scores, networks = [], []
for seed in range(sized(5, rehearsal=2)):
    model = rock_network(train_set[0], seed=seed)
    train(model, train_set, validation_set, epochs=sized(20, rehearsal=2), patience=8, seed=seed)
    said = (training.predict(model, test_set[0]) - share.log()).argmax(1)
    scores.append(recalls(said, test_set[1]).mean().item())
    networks.append(model)
rule = recalls(by_cutoffs(new.x), new.rock)
print(
    f"balanced accuracy in four new wells: {np.mean(scores):.3f} (spread over {len(scores)} seeds {np.std(scores, ddof=1):.3f}); cut-offs {rule.mean():.3f}; chance {1 / K:.3f}"
)
print("by well, with the last seed:")
for number in (8, 9, 10, 11):
    inside = new.well == number
    gamma = new.x[inside & (new.rock == 0), 0].mean()
    print(
        f"  well {number}: {recalls(said[inside], test_set[1][inside]).mean():.2f}; gamma ray of its sandstone {gamma:.0f}"
    )
gammas = [logs.of(number).x[logs.of(number).rock == 0, 0].mean().item() for number in range(6)]
print(f"gamma ray of the sandstone in the training wells: {min(gammas):.0f} to {max(gammas):.0f}")
separation = new.x[:, 2] - (2.71 - new.x[:, 1]) / 1.68
for k in (3, 0):
    chosen = (new.rock == 3) & (said == k)
    print(f"limestone that is called {ROCKS[k]}: neutron minus density porosity {separation[chosen].mean():+.3f}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(11, 4.8), width_ratios=(1, 1.25))
counts = torch.bincount(test_set[1] * K + said, minlength=K * K).reshape(K, K)
plot.confusion(counts, ROCKS, ax=axes[0])
inside = (new.well == 8).nonzero().flatten()[100:400]
for column, answer in enumerate((new.rock[inside], said[inside], by_cutoffs(new.x[inside]))):
    for k, rock in enumerate(ROCKS):
        axes[1].fill_betweenx(
            new.depth[inside],
            column,
            column + 0.8,
            where=(answer == k).numpy(),
            color=colours[k],
            label=rock if column == 0 else None,
        )
axes[1].set_xticks([0.4, 1.4, 2.4], ["truth", "network", "cut-offs"])
axes[1].set(ylabel="depth in metres", title="150 m of a well nobody trained on")
axes[1].invert_yaxis()
axes[1].legend(loc="upper left", bbox_to_anchor=(1.0, 1))
plot.alt(
    fig,
    "Left: the confusion matrix of the network in four new wells; most of shale and dolomite is recognised, a third of the sandstone is taken for siltstone, a fifth of the limestone for sandstone. Right: 150 metres of a new well in three columns, the true rocks, the network's and the cut-offs'; the network's beds mostly follow the true ones, the cut-offs show hardly any of the limestone.",
)

# %% [markdown]
# **Which rock is it?** In four wells that decided nothing, the network recognises, averaged over the rocks, about eight samples in ten, where cut-offs find seven and guessing two. It recognises shale almost always, dolomite in nine cases of ten. It is *not* the 0.92 of the report, and training for longer will not make it so; but it is true. (What may: to normalise by well. See *Going further*.)
#
# **Would you bet a well on it?** In three of the four, yes, with some care for gas. The limestone that is taken for sandstone has its neutron log well below its density log. Gas does that, and so does sandstone. In well 10, no. Most of its sandstone is called siltstone, and the table says why: it has a higher gamma ray than the sandstone of any well that the network learned from. Six wells were too few to show it
# such a sandstone; how few wells are too few is the question of {day: 04_ml_recap}. The average hides this, so print the table by wells. And note that the spread over seeds, less than a point, says *nothing* about it: it is the spread of the training, not of the geology. If you report one error bar, let it be over wells.
#
# **Can you carry on where it stopped?** To the last bit.
#
# ## This trains badly
#
# Last, a program by someone else. A network was trained on another field, where three rocks were told apart. It is given a new last layer for five rocks, and trained on. The program keeps the weights of the best epoch by validation loss, and uses a cosine schedule that should fall from the first epoch to the last. It runs without an error, and **three** things are wrong:
#
# 1. It learns, and less well than it should. Compare the last layer before and after training: what do you see, and who should have changed it?
# 2. The learning rate of the epochs does not fall; it swings. What is a step of the scheduler, and how many of them does `T_max` expect?
# 3. The returned model is not the best one: evaluated again, it has the loss of the *last* epoch. What does `state_dict()` give you, a copy or the tensors themselves?
#
# ### Exercise 3.13: find the bug
#
# Repair the three, and change nothing else.


# %%
def find_the_bug(model, train_x, train_y, val_x, val_y, *, classes, epochs=8, batch_size=16, lr=0.05, seed=0):
    """Give ``model``, an nn.Sequential that ends in an nn.Linear, a new last layer, and train it.

    Returns (model, val_losses, rates): the model of the best epoch, and the loss and the learning rate of every epoch.
    Three things are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model[-1] = nn.Linear(model[-1].in_features, classes).to(train_x.dtype)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=epochs)
    best, val_losses, rates = math.inf, [], []
    for _ in range(epochs):
        rates.append(optimiser.param_groups[0]["lr"])
        model.train()
        for index in torch.randperm(len(train_x)).split(batch_size):
            loss = F.cross_entropy(model(train_x[index]), train_y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        scheduler.step()
        model.eval()
        with torch.no_grad():
            val_losses.append(F.cross_entropy(model(val_x), val_y).item())
        if val_losses[-1] < best:
            best, best_state = val_losses[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    return model, val_losses, rates
    ### END SOLUTION


# %%
torch.manual_seed(0)
elsewhere = nn.Sequential(Standardise(train_set[0]), nn.Linear(25, 32), nn.ReLU(), nn.Linear(32, 3))
tuned, val_losses, rates = find_the_bug(
    elsewhere, *train_set, *validation_set, classes=K, epochs=sized(8, rehearsal=3), batch_size=64, lr=0.01
)
print("rates ", [f"{rate:.4f}" for rate in rates])
print("losses", [f"{loss:.3f}" for loss in val_losses])
print(f"loss of the returned model {evaluate(tuned, *validation_set)[0]:.3f}, best epoch {min(val_losses):.3f}")

# %%
check(find_the_bug)

# %% [markdown]
# <details><summary>Answer</summary>
#
# The optimiser was made *before* the last layer was exchanged. It holds references to the parameters that it was given: the old layer's, which no longer take part. The new layer stays as it was drawn, and the layers below have to adapt to a random one; that works somehow, and so the error stayed unnoticed.
#
# `CosineAnnealingLR` has period $2\,T_{\max}$ in its own steps. Stepped once per batch, it runs up and down every few batches. Count in one unit: either step it per epoch, or give it the number of batches.
#
# `state_dict()` returns a new dictionary with *the same tensors*, which the optimiser goes on changing in place. `best_state` always was the present state. Copy (`copy.deepcopy`, or `{name: t.clone() ...}`), or write a file.
#
# </details>
#
# ## A page to keep: symptom, cause, test
#
# You have met these in three days. Add a line whenever a bug costs you an hour.
#
# | symptom | likely cause | test |
# |---|---|---|
# | the loss stays at $\ln K$, or at the variance of the targets | inputs lost, no gradient, parameters not in the optimiser | one batch; print each parameter's `.grad` |
# | the loss is `nan` | a logarithm of 0, a rate too large | `torch.isfinite` after each step of the forward pass |
# | the loss swings and grows | gradients not cleared, a rate too large | divide the rate by ten; look for `zero_grad` |
# | loss falls, accuracy does not | wrong axis of a softmax or an `argmax` | three examples by hand |
# | good in training, bad in validation | over-fitting, or a scale of its own for each set | the validation set scaled by the training set's numbers |
# | better than it can be | a leak | shuffle the labels: it must fall to chance |
# | other numbers at each call | dropout or batch norm in training mode | `model.eval()` |
# | the regression predicts the mean | `(N, 1)` against `(N,)` | print both shapes |
# | the resumed run differs | optimiser, schedule or generator not saved | compare the first loss after resuming |
# | memory grows | losses kept with their graphs | `.item()` or `.detach()` |
#
# ## Summary
#
# - A module sorts what it is given: **parameters** are trained, saved and moved; **buffers** saved and moved; plain attributes nothing of the kind. What the input was standardised with belongs into a buffer.
# - A **state_dict** is names and tensors: no code, no structure, and *no copy*.
# - **Split by well**, choose by the validation wells, report on the test wells, once. Leakage is worth more than ten points and no knowledge.
# - Unequal classes: report **balanced accuracy**; a weight $w_k$ in the cross-entropy makes the network say $p_k\propto w_kP(k|x)$, and subtracting $\ln\pi_k$ from the logits afterwards does the same.
# - A **Dataset** knows example $i$, a **DataLoader** orders, fetches and collates. What fits into memory is faster as tensors.
# - The loop: train mode, forward, loss, forget, backward, step, schedule; evaluate in eval mode, without gradients, per example; stop when the best is old.
# - A **checkpoint** holds model, optimiser, scheduler, generators and history, and is written atomically. Then resumed means *the same run*, bit for bit.
# - Measure before you tune: range test for the rate, profiler for the time, several seeds for the result.
#
# **Going further.** Normalise every well by its own mean and spread, in training too, and see on the validation wells whether it pays; it should do most for the ones that are odd. What would you do while a well is being drilled, when only its upper half is known? Then leave out two other wells for validation, and see how far your conclusions depend on which.
#
# ### Questions to take along
#
# 1. You load a state_dict into a model in which one layer was renamed. What happens, and what does `strict=False` do about it?
#
# <details><summary>Answer</summary>
#
# `load_state_dict` raises an error that lists missing and unexpected names. With `strict=False` it loads what fits and leaves the renamed layer at its random values, without an error (it returns the lists; read them). Rename the keys in the dictionary instead.
#
# </details>
#
# 2. Two runs with the same seed differ in the third digit of the loss after an hour on a GPU, and are equal on the CPU. Is one of them wrong?
#
# <details><summary>Answer</summary>
#
# No. Some GPU kernels add with atomic operations, in an order that depends on timing, and rounding then differs. Ask for deterministic algorithms if you have to compare bit by bit; otherwise compare means over seeds.
#
# </details>
#
# 3. Your validation loss is lower than your training loss in every epoch. Name two harmless reasons and one that is not.
#
# <details><summary>Answer</summary>
#
# Harmless: dropout is on for the one and off for the other; and the training loss is an average over the epoch, during which the network was still worse. Not harmless: the validation set is easier, or it leaks.
#
# </details>
#
# 4. A run is resumed on a machine with another number of threads. What still holds?
#
# <details><summary>Answer</summary>
#
# Everything but the bits: order of examples, dropout masks, schedule and Adam's memory are the same, and sums may be rounded otherwise. The run is an equally good one; its figures lie within the spread over seeds.
#
# </details>

# %% [markdown]
# ## References
#
# - I. Loshchilov, F. Hutter (2017). *SGDR: stochastic gradient descent with warm restarts.* arXiv:1608.03983. The cosine.
# - I. Loshchilov, F. Hutter (2019). *Decoupled weight decay regularization.* arXiv:1711.05101. AdamW.
# - A. K. Menon and others (2020). *Long-tail learning via logit adjustment.* arXiv:2007.07314.
# - P. Micikevicius and others (2018). *Mixed precision training.* arXiv:1710.03740.
# - A. Paszke and others (2019). *PyTorch: an imperative style, high-performance deep learning library.* arXiv:1912.01703. The design of PyTorch, data loading included.
# - L. Prechelt (1998). *Early stopping, but when?* doi:10.1007/3-540-49430-8_3. Early stopping, and how long to wait.
# - L. N. Smith (2017). *Cyclical learning rates for training neural networks.* arXiv:1506.01186. The range test.
# - N. Srivastava and others (2014). *Dropout: a simple way to prevent neural networks from overfitting.* Journal of Machine Learning Research 15, 1929-1958. Dropout.
