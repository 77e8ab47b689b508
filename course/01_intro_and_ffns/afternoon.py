# ---
# title: "Feed-forward networks: porosity from well logs"
# objectives:
#   - show what one neuron cannot do, and build by hand the two-layer network that can
#   - derive how large the first random weights should be
#   - write a feed-forward network as a PyTorch module, and draw what it has decided where
#   - train a classifier with a loop of your own, and read its confusion matrix
#   - estimate porosity in wells that were not used for training, and state the error beside the trivial baseline's
#   - find three planted bugs from their symptoms
# prerequisites: [01_intro_and_ffns.morning]
# minutes: {cpu: 1, cpu_fp32: 1}
# data: [wells, glyphs, fashion_mnist]
# ---

# %% [markdown]
# This morning a line through one log estimated porosity with a typical error of 0.035, and a small network took it lower. This afternoon you build the tool properly, from the
# parts up: first weights, a module, a training loop, a look at what it has decided. You try it on a classical set of images, where figures of other people stand
# beside yours, and then you bring it back to the wells. At the end a program runs without an error and learns nothing, and you will know where to look.

# %%
import copy
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized

check = checks("01_intro_and_ffns")
plot.use_style()

# %% [markdown]
# ## Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $x, y$ | features of a sample, and its class or its porosity | `(N, D)`, `(N,)` |
# | $N, D, K$ | samples; inputs of a neuron; classes | |
# | $w, b$ | weights and bias of one neuron | `(D,)`, one number |
# | $W$ | weights of a layer | `(outputs, inputs)` |
# | $z, h$ | the number before an activation, and after it | |
# | $v$ | variance of the first weights | |
# | $M$ | layers of a network | |
# | $f$ | what a network gives | `(N,)` |
#
# ## What one neuron cannot do
#
# Two yes-or-no readings at a depth: does the density log say "porous", does the neutron log say "porous"? Where they *disagree*, one of them is being fooled, by gas or by shale, and an
# analyst should look. "Exactly one of the two" is called exclusive or, **XOR**:
#
# | $x_1$ | $x_2$ | XOR |
# |---|---|---|
# | 0 | 0 | 0 |
# | 0 | 1 | 1 |
# | 1 | 0 | 1 |
# | 1 | 1 | 0 |
#
# The simplest thing that could work is one neuron that says 1 where $w_1x_1+w_2x_2+b>0$. It would need
#
# $$ b\le 0, \qquad w_2+b>0, \qquad w_1+b>0, \qquad w_1+w_2+b\le 0. $$
#
# Add the two in the middle: $w_1+w_2+2b>0$. Add the outer two: $w_1+w_2+2b\le 0$. Both cannot be. **No weights exist**; no training will find them. Minsky and Papert (1969) proved much more: which patterns
# such a neuron, looking at few inputs at a time, can never tell apart. The way out was known already: a hidden layer.
#
# The idea: count. Let the first hidden neuron be $\operatorname{relu}(x_1+x_2)$, which counts the ones: 0, 1, 1, 2. Right but for the last, which is too large by two. A second hidden neuron must be silent until both inputs are on, and then correct that.
#
# ### Exercise 1.14: XOR by hand
#
# Return the network as this morning: two pairs `(W, b)`, two inputs, two hidden ReLU neurons, one output. The outputs must be exactly 0, 1, 1, 0; more than one choice of weights does it.


# %%
def xor_network() -> list[tuple[Tensor, Tensor]]:
    """The layers of a ReLU network for XOR: [(W (2, 2), b (2,)), (W (1, 2), b (1,))]."""
    ### BEGIN SOLUTION
    hidden = (torch.tensor([[1.0, 1.0], [1.0, 1.0]]), torch.tensor([0.0, -1.0]))
    output = (torch.tensor([[1.0, -2.0]]), torch.tensor([0.0]))
    return [hidden, output]
    ### END SOLUTION


# %%
check(xor_network)

# %%
corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
(W1, b1), (W2, b2) = xor_network()
side = torch.linspace(-0.3, 1.3, 161)
grid = torch.stack([side.expand(161, 161), side[:, None].expand(161, 161)], dim=2)  # (161, 161, 2): a point per pixel
surface = ((grid @ W1.T + b1).relu() @ W2.T + b2)[:, :, 0]

fig, axes = plt.subplots(1, 2, figsize=(9, 3.8))
hidden = (corners @ W1.T + b1).relu()
shown = axes[0].contourf(side, side, surface, levels=11, cmap="RdBu_r")
axes[0].set(xlabel="$x_1$", ylabel="$x_2$", title="the output", aspect="equal")
fig.colorbar(shown, ax=axes[0])
for (x1, x2), (h1, h2) in zip(corners.tolist(), hidden.tolist(), strict=True):
    marker = "o" if x1 != x2 else "s"
    axes[0].plot(x1, x2, marker, color="black", markersize=9)
    axes[1].plot(h1, h2, marker, color="black", markersize=9)
    axes[1].annotate(f"({x1:.0f}, {x2:.0f})", (h1, h2), xytext=(8, 8 if x1 <= x2 else -16), textcoords="offset points")
axes[1].set(
    xlabel="first hidden neuron", ylabel="second hidden neuron", title="the four points as the output layer sees them"
)
axes[1].margins(0.25)
plot.alt(
    fig,
    "Left: the network's output over the two inputs, a ridge of 1 along the diagonal from (0, 1) to (1, 0) between low ground at (0, 0) and (1, 1). Right: the four points in the "
    "plane of the two hidden neurons, where (0, 1) and (1, 0) fall together and a straight line separates them from the others.",
)

# %% [markdown]
# The right panel shows what a hidden layer is for. The output neuron still only draws a line. But it draws it in a **new space**, which the hidden layer made, and in that space a line is enough. Training is the search for such spaces.
#
# ## How large should the first weights be?
#
# All zeros will not do: equal neurons stay equal. Random, then; but how large? Follow the size of the signal through one neuron. Let $z=\sum_{d=1}^D w_d x_d$ with independent weights of mean 0 and variance $v$. The weights are independent of the inputs, so the cross terms vanish in the mean and
#
# $$ \mathbb{E}[z^2] = \sum_{d=1}^{D} \mathbb{E}[w_d^2]\,\mathbb{E}[x_d^2] = D\,v\,\mathbb{E}[x^2]. $$
#
# The ReLU then throws one half away: $z$ is as often negative as positive, so $\mathbb{E}[\operatorname{relu}(z)^2]=\frac12\mathbb{E}[z^2]$. One layer multiplies the mean square of the signal by $\frac12Dv$, and $L$ layers by $\left(\frac12Dv\right)^L$. Anything but 1 in
# the bracket grows or dies exponentially with depth. So
#
# $$ v = \frac{2}{D}, \qquad\text{a standard deviation of } \sqrt{2/D}, \qquad D \text{ the number of inputs of the layer.} $$
#
# This is the initialisation of He and others (2015); for tanh, which halves nothing near zero, the 2 becomes 1 (LeCun). Biases may start at zero: the weights have broken the tie.
#
# **A worked number.** $D=200$: $\sqrt{2/200}=0.1$.
#
# ### Exercise 1.15: the first weights
#
# Layers as pairs `(W, b)` for widths such as `[5, 32, 32, 1]`. Draw normal numbers with `torch.randn(..., generator=generator)`, so that the same seed gives the same network.


# %%
def init_mlp(sizes: list[int], *, generator: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Random layers for a ReLU network: W (outputs, inputs) of variance 2 / inputs, b (outputs,) zero."""
    ### BEGIN SOLUTION
    layers = []
    for inputs, outputs in pairwise(sizes):
        W = (2 / inputs) ** 0.5 * torch.randn(outputs, inputs, generator=generator)
        layers.append((W, torch.zeros(outputs)))
    return layers
    ### END SOLUTION


# %%
check(init_mlp)

# %% [markdown]
# **Predict.** We send noise of mean square 1 through 20 ReLU layers of width 200. With your weights its mean square should stay near 1. What is left if all weights are half as large? And if they are twice as large? Write an order of magnitude; one layer multiplies by $\frac14$, or by 4.

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
generator = torch.Generator().manual_seed(0)
layers = init_mlp([200] * 21, generator=generator)
noise = torch.randn(500, 200, generator=generator)

fig, ax = plt.subplots(figsize=(7, 3.4))
for factor in (0.5, 1.0, 2.0):
    x, sizes = noise, [1.0]
    for W, b in layers:
        x = (x @ (factor * W).T + b).relu()
        sizes.append(x.square().mean().item())
    ax.plot(range(21), sizes, marker="o", markersize=4, label=f"weights times {factor}")
    print(f"weights times {factor}: mean square after 20 layers {sizes[-1]:.1e}")
ax.set(xlabel="layer", ylabel="mean square of the signal", yscale="log")
ax.set_xticks(range(0, 21, 5))
ax.legend()
plot.alt(
    fig,
    "Mean square of the signal after each of 20 layers, on a logarithmic axis: with He's weights level about 1; with half of them falling as a straight line to about 1e-12, with twice rising to about 1e12.",
)

# %% [markdown]
# $4^{-20}\approx 10^{-12}$ and $4^{20}\approx 10^{12}$. Gradients travel back through the same matrices and shrink or blow up the same way. PyTorch's `nn.Linear` starts with smaller weights than He's (variance $\frac{1}{3D}$), which does no harm in the three layers of today.
#
# ## A network as a module
#
# Carrying lists of pairs around gets tiresome. PyTorch's `nn.Module` is a class that owns its parameters: whatever layer you assign in `__init__` is found by `.parameters()`, and calling `model(x)` calls your `forward(x)`. `nn.Linear(D, H)` is your `layer_forward` with a $W$ and a $b$ of its own. Two things to know:
#
# - A *plain Python list* of layers is not looked into, and its parameters would never be trained. `nn.ModuleList([...])` is a list that is.
# - `x.flatten(1)` keeps the first axis and lays all others out in one: a batch of images (N, 1, 28, 28) becomes (N, 784). A table (N, D) stays as it is.
#
# ### Exercise 1.16: FeedForward
#
# `sizes` as before; ReLU after every layer but the last; accept images too.


# %%
class FeedForward(nn.Module):
    """A ReLU network of the given widths. x: (N, ...) with sizes[0] numbers per example -> (N, sizes[-1])."""

    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.layers = nn.ModuleList([nn.Linear(inputs, outputs) for inputs, outputs in pairwise(sizes)])
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, ...) -> (N, sizes[-1])."""
        ### BEGIN SOLUTION
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x)
        ### END SOLUTION


# %%
check(FeedForward)

# %% [markdown]
# ## A first classifier: rocks on a cross-plot
#
# Log analysts plot neutron against density and see rocks as clouds. Let a network draw the borders. Here is the **training loop**, as you will write it yourself in a moment. Five lines do the work, and their order matters:
#
# 1. `logits = model(x)`: forward.
# 2. `loss = F.cross_entropy(logits, y)`: this morning's cross-entropy. It takes *logits* and applies the softmax itself, safely.
# 3. `optimiser.zero_grad()`: forget the old gradients, since `backward` adds to what is there.
# 4. `loss.backward()`: the gradient of the loss with respect to every parameter.
# 5. `optimiser.step()`: move every parameter.
#
# Two things are new. Each step uses a random **batch** of the examples, not all of them. The gradient of a batch is a noisy estimate of the full
# gradient, at a fraction of the price. You pass over the data many times. One pass is an **epoch**. And the optimiser is *Adam* (Kingma and Ba,
# 2015),
# gradient descent that gives each parameter a step of its own size; you will write it on {day: 04_ml_recap}. Until then: $10^{-3}$ is a good first learning rate for it.

# %%
logs = data.wells()
rocks = data.well_logs.ROCKS
known, unseen = logs.of(*range(8)), logs.of(8, 9, 10, 11)  # eight wells to learn from, four to be judged on
pair = known.x[:, [1, 2]]  # density and neutron
mean, std = pair.mean(0), pair.std(0)
x, y = (pair - mean) / std, known.rock

torch.manual_seed(0)
crossplot = FeedForward([2, 32, 32, 5])
optimiser = torch.optim.Adam(crossplot.parameters(), lr=3e-3)
stages = {"before training": copy.deepcopy(crossplot)}
for epoch in range(sized(20, rehearsal=5)):
    if epoch == 1:
        stages["after one epoch"] = copy.deepcopy(crossplot)
    for index in torch.randperm(len(x)).split(128):
        loss = F.cross_entropy(crossplot(x[index]), y[index])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

with torch.no_grad():
    said = crossplot((unseen.x[:, [1, 2]] - mean) / std).argmax(1)
dumbest = (unseen.rock == y.bincount().argmax()).float().mean()
print(
    f"accuracy in four new wells from two logs: {(said == unseen.rock).float().mean():.2f}; always the commonest rock: {dumbest:.2f}"
)

# %% [markdown]
# To see what it has decided, ask it everywhere: lay a grid over the plane, classify each point of it, and colour it by the answer.
#
# ### Exercise 1.17: the decision boundary
#
# The grid runs from `low` to `high` (both points $(x_1, x_2)$, ends included) with `steps` points along each axis. In the result, as in a picture with its first row at the bottom, **rows follow $x_2$ and columns follow $x_1$**. Helpful: `torch.linspace(a, b, steps)` and
# `torch.meshgrid(u, v, indexing="xy")`, which returns the first and the second coordinate of every place, both of shape (len(v), len(u)).


# %%
def decision_boundary(model: nn.Module, low: tuple[float, float], high: tuple[float, float], steps: int) -> Tensor:
    """The class ``model`` gives to each point of a grid. Returns (steps, steps) int64: row i, column j belongs to (x1[j], x2[i])."""
    ### BEGIN SOLUTION
    across, up = torch.linspace(low[0], high[0], steps), torch.linspace(low[1], high[1], steps)
    x1, x2 = torch.meshgrid(across, up, indexing="xy")
    points = torch.stack([x1.flatten(), x2.flatten()], dim=1)  # (steps², 2)
    with torch.no_grad():
        return model(points).argmax(1).reshape(steps, steps)
    ### END SOLUTION


# %%
check(decision_boundary)

# %%
regions = decision_boundary(crossplot, (-3.0, -3.0), (3.0, 3.0), 200)
colours = [plot.ORANGE, plot.YELLOW, plot.BLUE, plot.GREEN, plot.PURPLE]
fig, ax = plt.subplots(figsize=(7.2, 4.6))
reach = [-3 * std[0] + mean[0], 3 * std[0] + mean[0], -3 * std[1] + mean[1], 3 * std[1] + mean[1]]
ax.contourf(
    regions, levels=[-0.5, 0.5, 1.5, 2.5, 3.5, 4.5], colors=colours, alpha=0.35, extent=[float(r) for r in reach]
)
some = torch.randperm(len(unseen), generator=torch.Generator().manual_seed(0))[:500]
for kind, (rock, colour, marker) in enumerate(zip(rocks, colours, "osD^v", strict=True)):
    pick = some[unseen.rock[some] == kind]
    ax.plot(
        unseen.x[pick, 1],
        unseen.x[pick, 2],
        marker,
        color=colour,
        markersize=4,
        markeredgecolor="black",
        markeredgewidth=0.4,
        linestyle="none",
        label=rock,
    )
ax.set(
    xlabel="density in g/cm³",
    ylabel="neutron porosity (v/v)",
    title="what the network says (areas), and new wells (points)",
)
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plot.alt(
    fig,
    "The density-neutron plane divided into five coloured areas with bent borders, one per rock, and 500 samples of new wells on top; most lie in the area of their own colour, and "
    "siltstone, between sandstone and shale, is mixed with both.",
)

# %%
fig, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained", sharey=True)
for ax, (name, model) in zip(axes, {**stages, "in the end": crossplot}.items(), strict=True):
    areas = decision_boundary(model, (-3.0, -3.0), (3.0, 3.0), 100)
    ax.contourf(areas, levels=[-0.5, 0.5, 1.5, 2.5, 3.5, 4.5], colors=colours, alpha=0.35, extent=[float(r) for r in reach])  # fmt: skip
    ax.set(title=name, xlabel="density in g/cm³")
axes[0].set_ylabel("neutron porosity (v/v)")
plot.alt(
    fig,
    "What the network says before training, after one epoch and in the end: first one or two areas that mean nothing, then straight borders, then bent ones between five rocks.",
)

# %% [markdown]
# That is learning: the borders of a random network move, step by step, to where they make the fewest mistakes.
#
# **Predict.** What does the network say far outside the plot, at densities that no rock has? And how *sure* will it be there: will its largest probability be near $\frac15$, or near 1?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
for where in ([0.0, 0.0], [10.0, 0.0], [0.0, 30.0]):
    p = crossplot(torch.tensor([where])).softmax(1)[0].detach()
    print(f"at {where} standard deviations from the mean: {rocks[p.argmax()]}, probability {p.max():.3f}")

# %% [markdown]
# Surer than ever. Beyond the data the logits go straight on, so their differences grow, and softmax makes certainty of them. A large probability says "far from the border", not "like what I have seen". Keep it in mind whenever a network is shown something new.
#
# ## Digits and clothes
#
# Now on images, with the loop in your hands. The next cell names the data set, and this is the one line to change: `glyphs` are drawn digits and are built in; `fashion_mnist` are photographs of clothes in ten classes (Xiao and others, 2017), downloaded once, for which other people's figures exist.

# %%
DATA = "glyphs"  # or "fashion_mnist"

everything, test = data.load(DATA), data.load(DATA, "test")
everything, test = everything.take(sized(len(everything), rehearsal=3000)), test.take(sized(len(test), rehearsal=1000))
train, validation = everything.split(0.9)
K = len(train.classes)
print(
    f"{len(train):,} images to train on, {len(validation):,} to decide on, {len(test):,} to report on; x {tuple(train.x.shape[1:])}"
)
first = [int((train.y == k).nonzero()[i]) for i in range(2) for k in range(K)]
plot.images(
    train.x[first],
    titles=[train.classes[int(train.y[i])] for i in first],
    columns=10,
    alt=f"Two examples of each of the ten classes of {DATA}, 28 by 28 pixels each.",
)

# %% [markdown]
# Why three parts? We look at **validation** while deciding (how many epochs, which rate), and each look makes us a little fond of what happens to suit it. The **test** set is for one look, at the end.
#
# ### Exercise 1.18: train a classifier
#
# Make a `FeedForward` with one hidden layer of 256 (`train.x[0].numel()` inputs, one output per class), train it with Adam in batches of 256, each epoch in a new random order, and return it. `seed` decides everything that is random: call `torch.manual_seed(seed)` *before* the model is made, since
# its first weights are drawn then. Print the accuracy on `validation` after every epoch.
#
# Let the learning rate begin at $3\cdot 10^{-3}$ and fall along a line to zero: at the top of each epoch, `optimiser.param_groups[0]["lr"] = 3e-3 * (1 - epoch / epochs)`. Large steps get there fast, small ones settle; {day: 05_cnns_1} derives it. Other recipes pass the check if they learn.


# %%
def train_digits(train: data.Labelled, validation: data.Labelled, *, epochs: int, seed: int = 0) -> nn.Module:
    """Train a FeedForward on ``train`` (x: (N, 1, H, W), y: (N,)); print its accuracy on ``validation`` every epoch."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = FeedForward([train.x[0].numel(), 256, len(train.classes)])
    optimiser = torch.optim.Adam(model.parameters())
    for epoch in range(epochs):
        optimiser.param_groups[0]["lr"] = 3e-3 * (1 - epoch / epochs)
        for index in torch.randperm(len(train)).split(256):
            loss = F.cross_entropy(model(train.x[index]), train.y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            accuracy = (model(validation.x).argmax(1) == validation.y).float().mean()
        print(f"epoch {epoch + 1:2d}: loss of the last batch {loss:.3f}, val_accuracy {accuracy:.2%}")
    return model
    ### END SOLUTION


# %%
check(train_digits)

# %% [markdown]
# **Predict.** Before any step the network knows nothing of ten classes. What is its cross-entropy then, roughly? And its accuracy?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
torch.manual_seed(0)
with torch.no_grad():
    ignorant = FeedForward([784, 256, K])(test.x)
print(
    f"untrained: loss {F.cross_entropy(ignorant, test.y):.3f} (ln {K} = {torch.tensor(float(K)).log():.3f}), accuracy {(ignorant.argmax(1) == test.y).float().mean():.1%}"
)
model = train_digits(train, validation, epochs=sized(6, rehearsal=2))
with torch.no_grad():
    answers = model(test.x).argmax(1)
print(f"accuracy on the test set, which has decided nothing: {(answers == test.y).float().mean():.2%}")

# %% [markdown]
# With twelve epochs this function reaches {ledger: 01_intro_and_ffns.train_digits.fashion_mnist.accuracy} on the test set of Fashion-MNIST, in {ledger: 01_intro_and_ffns.train_digits.fashion_mnist.seconds} on two processor cores, and
# {ledger: 01_intro_and_ffns.train_digits.glyphs.accuracy} on the glyphs. It treats an image as a list of 784 numbers and does not know which pixels are neighbours; {day: 05_cnns_1} tells it, and does better.
#
# An accuracy is one number for a hundred kinds of answer. The **confusion matrix** has them all: entry $(i,j)$ counts the examples of class $i$ that were called $j$. The diagonal is right; a row is a truth.
#
# ### Exercise 1.19: the confusion matrix
#
# From true and predicted classes. A loop will do; for no loop, note that $i K+j$ numbers the $K^2$ kinds of answer from 0, and see `torch.bincount`.


# %%
def confusion_matrix(y: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """Counts of (truth, answer). y, predicted: (N,) int64; returns (classes, classes) int64, rows are the true classes."""
    ### BEGIN SOLUTION
    counts = torch.bincount(y * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)
    ### END SOLUTION


# %%
check(confusion_matrix)

# %%
confusion = confusion_matrix(test.y, answers, K)
plot.confusion(
    confusion,
    test.classes,
    alt=f"The confusion matrix on the test set of {DATA}: nearly everything on the diagonal, and some counts beside it.",
)

# %%
wrong = confusion.clone().fill_diagonal_(0)
truth, answer = divmod(int(wrong.argmax()), K)
print(
    f"the most frequent error: {test.classes[truth]} taken for {test.classes[answer]}, {wrong[truth, answer]} times of {confusion[truth].sum()}"
)
mistaken = ((test.y == truth) & (answers == answer)).nonzero().flatten()[:8]
plot.images(
    test.x[mistaken],
    columns=8,
    alt=f"Up to eight test images of class {test.classes[truth]} that the network called {test.classes[answer]}.",
)

# %% [markdown]
# Look at them before you blame the network: some you would get wrong too.
#
# ## The answer: porosity in wells it has never seen
#
# Back to the question. Five logs in, one number out: the same network with one output and the mean squared error. Three traps, and in most classes each of them is met by someone:
#
# - **Scale.** The logarithm of resistivity is about 1, density 2.4, sonic 90. Standardise with the training wells' numbers, and let the model carry them, so that you cannot forget them: the little module below does. (`register_buffer` stores a tensor that belongs to a module and is not trained.)
# - **Shape.** The network returns (N, 1) and the targets are (N,). You know what (N, 1) minus (N,) is. `nn.Flatten(0)` as a last layer makes it (N,).
# - **Wells.** Judge it on wells, not on samples, that it has not seen.


# %%
class Standardise(nn.Module):
    """Subtract the mean and divide by the spread that ``x`` (N, D) has, feature by feature."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", x.mean(0))
        self.register_buffer("std", x.std(0))

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, D) in the units of the logs -> (N, D) without units."""
        return (x - self.mean) / self.std


# %% [markdown]
# ### Exercise 1.20: porosity
#
# Return a model that takes *raw* logs (N, 5) and returns porosities (N,): `nn.Sequential` runs modules one after the other, here `Standardise(logs)`, a `FeedForward` with two hidden layers of 32, and `nn.Flatten(0)`. Train it with Adam on batches of 64, from a learning rate of $5\cdot10^{-3}$ falling to
# zero as above. The check trains on four small wells and looks at two others.


# %%
def regress_porosity(logs: Tensor, porosity: Tensor, *, epochs: int, seed: int = 0) -> nn.Module:
    """A network that estimates porosity. logs: (N, 5), raw; porosity: (N,). Returns a model (N, 5) -> (N,)."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = nn.Sequential(Standardise(logs), FeedForward([logs.shape[1], 32, 32, 1]), nn.Flatten(0))
    optimiser = torch.optim.Adam(model.parameters())
    for epoch in range(epochs):
        optimiser.param_groups[0]["lr"] = 5e-3 * (1 - epoch / epochs)
        for index in torch.randperm(len(logs)).split(64):
            loss = F.mse_loss(model(logs[index]), porosity[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model
    ### END SOLUTION


# %%
check(regress_porosity)


# %%
def rmse(estimate: Tensor, truth: Tensor) -> float:
    """The root mean squared error; both (N,)."""
    return (estimate - truth).square().mean().sqrt().item()


def least_squares(columns: list[int]) -> Tensor:
    """The best linear estimate of porosity from some logs, fitted on the known wells, for the unseen ones."""
    A, B = (torch.cat([w.x[:, columns], torch.ones(len(w), 1)], dim=1).double() for w in (known, unseen))
    # In float32 the answer would be visibly worse: logs in their own units differ a thousandfold, and digits are lost.
    return (B @ torch.linalg.lstsq(A, known.porosity[:, None].double()).solution[:, 0]).float()


# %% [markdown]
# **Predict.** The best line in density has an RMSE of 0.035 in the new wells, the best *linear* combination of all five logs 0.026. How much does the network gain: next to nothing, a fifth, or a factor of ten? Noise and calibration set a floor below which no model can see.

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
estimator = regress_porosity(known.x, known.porosity, epochs=sized(30, rehearsal=6))
with torch.no_grad():
    estimate = estimator(unseen.x)
for name, guess in {
    "always the mean": known.porosity.mean().expand(len(unseen)),
    "quartz and brine": (2.65 - unseen.x[:, 1]) / 1.62,
    "line, density": least_squares([1]),
    "linear, five logs": least_squares([0, 1, 2, 3, 4]),
    "network, five logs": estimate,
}.items():
    print(f"{name:20s} RMSE {rmse(guess, unseen.porosity):.4f}")

# %%
here = unseen.well == 9
part = slice(150, 400)
fig, axes = plt.subplots(1, 2, figsize=(10, 4.2), width_ratios=(1.6, 1))
axes[0].plot(
    unseen.depth[here][part],
    unseen.porosity[here][part],
    color="grey",
    linestyle="-",
    linewidth=4,
    alpha=0.5,
    label="truth",
)
axes[0].plot(
    unseen.depth[here][part], estimate[here][part], color=plot.VERMILION, linestyle="-", linewidth=1.3, label="network"
)
axes[0].set(xlabel="depth in metres", ylabel="porosity", title="a well it has never seen")
axes[0].legend()
errors = {rock: rmse(estimate[unseen.rock == k], unseen.porosity[unseen.rock == k]) for k, rock in enumerate(rocks)}
linear = least_squares([0, 1, 2, 3, 4])
rough = [rmse(linear[unseen.rock == k], unseen.porosity[unseen.rock == k]) for k in range(len(rocks))]
place = torch.arange(len(rocks))
axes[1].barh(place - 0.2, rough, height=0.36, color=plot.SKY, label="linear")
axes[1].barh(place + 0.2, list(errors.values()), height=0.36, color=plot.VERMILION, label="network")
axes[1].set_yticks(place, rocks)
axes[1].set(xlabel="RMSE", title="by rock")
axes[1].legend()
plot.alt(
    fig,
    "Left: true porosity along 125 metres of an unseen well and the network's estimate, which follows its steps closely. Right: the error by rock for the linear estimate and for the network.",
)

# %% [markdown]
# About a fifth less than the best linear estimate, and half of the formula's error. A fifth is not much, and it is honest: most of what the five logs know about porosity they say in a straight line. Where the network gains, each rock has a density of its own, and the network may draw a different line for each, because it can tell from the other logs which one it is in. The figure over several seeds:
# {ledger: 01_intro_and_ffns.regress_porosity.wells.rmse} in {ledger: 01_intro_and_ffns.regress_porosity.wells.seconds}.
#
# **Predict.** Suppose we had not split by well: 90 % of *all* samples at random to train on, the other 10 % to judge. Will the RMSE be higher, equal or lower? Would it be the more honest figure?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
order = torch.randperm(len(logs), generator=torch.Generator().manual_seed(0))
seen, rest = order[: len(logs) * 9 // 10], order[len(logs) * 9 // 10 :]
mixed = regress_porosity(logs.x[seen], logs.porosity[seen], epochs=sized(30, rehearsal=6))
with torch.no_grad():
    print(
        f"split at random: RMSE {rmse(mixed(logs.x[rest]), logs.porosity[rest]):.4f};  split by well: {rmse(estimate, unseen.porosity):.4f}"
    )

# %% [markdown]
# Lower, and not to be believed: a test sample's neighbours half a metre above and below were in the training set, with the same rock, the same calibration, the same brine. The next well will have none of that. *Split as the future will be split.*
#
# ## This trains badly
#
# A colleague wrote the program below. It runs without an error, and its answers are useless. **Three** lines are wrong. Work by symptoms:
#
# 1. The loss falls and then stops at the *variance* of the targets, as if the network said the same number everywhere. Which shapes meet in the loss?
# 2. It does not fall smoothly: it swings up and down, at learning rates that should be harmless. What does `backward` do with the gradients that are already there?
# 3. Once both are repaired, training is fine, and in a well that is mostly shale the estimates are off by a constant. Which numbers was that well standardised with?
#
# ### Exercise 1.21: find the bug
#
# Repair the three lines and change nothing else. (One of the repairs adds a line.)


# %%
def find_the_bug(train_x, train_y, val_x, val_y, *, steps=60, lr=0.1, seed=0):
    """Estimate porosity from logs by gradient descent. Returns (losses, val_rmse): the loss of every step, and a number.

    x: (N, D) raw logs; y: (N,). Three lines are wrong.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    mean, std = train_x.mean(0), train_x.std(0)
    train_x = (train_x - mean) / std
    val_x = (val_x - mean) / std
    model = nn.Sequential(nn.Linear(train_x.shape[1], 8), nn.Tanh(), nn.Linear(8, 1)).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        estimate = model(train_x)[:, 0]
        loss = ((estimate - train_y) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        error = model(val_x)[:, 0] - val_y
    return losses, (error**2).mean().sqrt().item()
    ### END SOLUTION


# %%
shaly = unseen.rock == rocks.index("shale")
losses, val_rmse = find_the_bug(known.x, known.porosity, unseen.x[shaly], unseen.porosity[shaly])
print(
    "loss", " ".join(f"{value:.4f}" for value in losses[::10]), f"   variance of the targets {known.porosity.var():.4f}"
)
print(f"RMSE in the shales of new wells {val_rmse:.4f}")

# %%
check(find_the_bug)

# %% [markdown]
# <details><summary>Answer: why the variance?</summary>
#
# (N, 1) minus (N,) is a table of every estimate minus every target, and its mean square is $\frac{1}{N^2}\sum_{i,j}(f_i-y_j)^2 = \frac1N\sum_i (f_i-\bar y)^2 + \operatorname{Var}(y)$. The best one can do is $f_i=\bar y$ for every $i$: the network is *asked* for the mean, and what is left is the variance.
# A loss that stops exactly at the variance of the targets is this bug's signature.
#
# </details>
#
# ## Summary
#
# - One neuron draws one line, and XOR needs two; a hidden layer makes a space in which one line is enough.
# - First weights: random, with variance $2/D$ for ReLU, so that the signal neither dies nor explodes.
# - The loop is five lines: forward, loss, forget, backward, step; batches in a new order every epoch; `cross_entropy` takes logits.
# - Draw what the network decides, and do not trust its certainty beyond the data.
# - Figures come with a baseline, a test set that has decided nothing, and a split like the future's: by well.
# - Symptoms name bugs: a loss at $\ln K$ (knows nothing), at the variance (says the mean), swinging (old gradients), off by a constant elsewhere (standardised with the wrong numbers).
#
# **Going further.** Leave out one log at a time: which one does porosity miss most? Train on one well, two, four, eight, and draw the error: how many wells are enough? ({Day: 04_ml_recap} takes this up.) Set `DATA = "fashion_mnist"` and find the pair of clothes that it confuses most.
#
# ## References
#
# - M. Minsky, S. Papert (1969). *Perceptrons.* MIT Press.
# - K. He, X. Zhang, S. Ren, J. Sun (2015). *Delving deep into rectifiers.* arXiv:1502.01852.
# - D. P. Kingma, J. Ba (2015). *Adam: a method for stochastic optimization.* arXiv:1412.6980.
# - H. Xiao, K. Rasul, R. Vollgraf (2017). *Fashion-MNIST.* arXiv:1708.07747.
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams (1986). *Learning representations by back-propagating errors.* doi:10.1038/323533a0. The paper that made training by gradients known.
