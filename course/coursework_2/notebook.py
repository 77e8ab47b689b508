# ---
# title: "Coursework 2: read a survey"
# objectives:
#   - find bugs in a training script from what it does, and repair them
#   - build a network from a table of its layers
#   - train it, choose by a validation set, and predict patches without labels
#   - say in words what a number shows and what it does not show
# prerequisites: [03_pytorch_2.morning, 05_cnns_1.afternoon, 06_cnns_2.morning]
# minutes: {cpu: 3, cpu_fp32: 5}
# hand_in: [predictions]
# ---

# %% [markdown]
# You have **three hours**. The brief says how each part is marked. You may use your own notes and all notebooks of the module. You
# need no network: everything is on this computer.
#
# A company has shot a survey and cut it into patches of 32 x 32 samples. An interpreter has labelled 2,400 of them: flat layers,
# dipping layers, folds, a fault, a salt body. You get 800 more patches without labels. Part C asks for their labels.
#
# | part | what you do | marks |
# |---|---|---|
# | A | repair a training script | 30 |
# | B | complete a network | 20 |
# | C | train it and predict 800 patches | 20 |
# | D | answer five questions in words | 30 |
#
# Every cell `check(...)` tries your answer on one or two small inputs and says whether it is right there. Your mark comes from other
# inputs, which you do not see. A part that builds on an earlier one is marked with a right answer to the earlier one, if yours
# is wrong. So go on when you are stuck.
#
# **Save often** (Ctrl-S). The last section shows you how to hand in, and what is still missing.

# %%
import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import coursework, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized

check = checks("coursework_2")
plot.use_style()

CLASSES = ("flat", "dipping", "folded", "faulted", "salt")

# %%
given = coursework.given("coursework_2")
labelled_x = given["labelled_x"].unsqueeze(1).float() / 255  # (2400, 1, 32, 32) in [0, 1]
labelled_y = given["labelled_y"]  # (2400,) int64
unlabelled_x = given["unlabelled_x"].unsqueeze(1).float() / 255  # (800, 1, 32, 32)
print(f"labelled {tuple(labelled_x.shape)}, unlabelled {tuple(unlabelled_x.shape)}")

# %%
first_of_class = [int((labelled_y == k).nonzero()[i]) for i in range(2) for k in range(5)]
plot.images(
    labelled_x[first_of_class],
    titles=[CLASSES[labelled_y[i]] for i in first_of_class],
    columns=5,
    alt="Two patches of each of the five classes: flat, dipping, folded and faulted layers, and a salt body.",
)

# %% [markdown]
# The first 2,000 labelled patches are for training. The other 400 are for your decisions.

# %%
train_x, train_y = labelled_x[:2000], labelled_y[:2000]
validation_x, validation_y = labelled_x[2000:], labelled_y[2000:]

# %% [markdown]
# ## Part A: repair a training script (30 marks)
#
# A colleague left four functions. They run without an error, and the network learns little. Each docstring says what the function
# should do. **The docstrings are right; the code is not.** Repair the code. There are eight bugs.
#
# The letters: N patches, K classes, `x` of shape (N, 1, H, W), `y` of shape (N,) with whole numbers from 0 to K - 1.
#
# ### Exercise A1: one scale for both sets (one bug)


# %%
def standardise(train: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets with the training set's mean taken away and divided by its standard deviation.

    One mean and one standard deviation, over all values of `train` (as `Tensor.mean()` and `Tensor.std()` compute them).
    """
    ### BEGIN SOLUTION
    mean, std = train.mean(), train.std()
    return (train - mean) / std, (other - mean) / std
    ### END SOLUTION


check(standardise)

# %% [markdown]
# ### Exercise A2: one epoch (three bugs)


# %%
def train_epoch(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    *,
    batch_size: int,
    generator: torch.Generator,
) -> float:
    """One pass through the set in random order (one `torch.randperm` with `generator`), in training mode.

    Each step follows the gradient of the mean cross-entropy of its own batch. The last batch may be smaller. Returns the mean
    over all N patches of the loss that each patch had when its batch was used.
    """
    ### BEGIN SOLUTION
    model.train()
    order = torch.randperm(len(x), generator=generator)
    total = 0.0
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        loss = F.cross_entropy(model(x[batch]), y[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * len(batch)
    return total / len(x)
    ### END SOLUTION


check(train_epoch)

# %% [markdown]
# ### Exercise A3: the accuracy (two bugs)


# %%
@torch.no_grad()
def evaluate(model: nn.Module, x: Tensor, y: Tensor, *, batch_size: int = 256) -> float:
    """The share of patches whose largest logit is the one of their label, between 0 and 1.

    The model is put into evaluation mode and stays there. No gradient is recorded.
    """
    ### BEGIN SOLUTION
    model.eval()
    right = 0
    for start in range(0, len(x), batch_size):
        batch = slice(start, start + batch_size)
        right += (model(x[batch]).argmax(1) == y[batch]).sum().item()
    return right / len(x)
    ### END SOLUTION


check(evaluate)

# %% [markdown]
# ### Exercise A4: keep the best epoch (two bugs)
#
# This function calls `train_epoch` and `evaluate`.


# %%
def fit(
    model: nn.Module,
    train: tuple[Tensor, Tensor],
    validation: tuple[Tensor, Tensor],
    *,
    epochs: int,
    lr: float,
    batch_size: int = 64,
    seed: int = 0,
) -> list[float]:
    """Train for `epochs` epochs with AdamW; returns the accuracy on `validation` after each epoch.

    In the end the model has the weights of the epoch with the best accuracy on `validation`, the first of equals.
    """
    ### BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)
    best, weights, history = -1.0, {}, []
    for _ in range(epochs):
        train_epoch(model, optimiser, *train, batch_size=batch_size, generator=generator)
        history.append(evaluate(model, *validation))
        if history[-1] > best:
            best, weights = history[-1], copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)
    return history
    ### END SOLUTION


check(fit)

# %% [markdown]
# ## Part B: complete a network (20 marks)
#
# ### Exercise B1: a residual unit
#
# The unit adds its input to what two convolutions make of it, and rectifies the sum:
#
# $$ \text{unit}(x) = \text{ReLU}\big(\text{body}(x) + \text{shortcut}(x)\big) . $$
#
# - **body**: a 3x3 convolution (padding 1, the unit's stride), batch normalisation, ReLU, a 3x3 convolution (padding 1, stride 1),
#   batch normalisation.
# - **shortcut**: `x` itself where the shape stays the same. Otherwise a 1x1 convolution with the unit's stride, and batch
#   normalisation.
#
# No convolution has a bias.


# %%
class ResidualUnit(nn.Module):
    """x: (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut: nn.Module = nn.Identity()
        if in_channels != out_channels or stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
            )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return F.relu(self.body(x) + self.shortcut(x))
        ### END SOLUTION


check(ResidualUnit)

# %% [markdown]
# ### Exercise B2: the network
#
# | layer | output |
# |---|---|
# | 3x3 convolution (padding 1, no bias), batch normalisation, ReLU | N, w, H, W |
# | residual unit | N, w, H, W |
# | residual unit, stride 2 | N, 2w, H/2, W/2 |
# | residual unit, stride 2 | N, 4w, H/4, W/4 |
# | mean over height and width | N, 4w |
# | linear layer: logits | N, K |
#
# Here w is `width` and K is `classes`.


# %%
class SectionNet(nn.Module):
    """x: (N, 1, H, W) -> logits (N, classes)."""

    def __init__(self, width: int = 16, classes: int = 5) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            ResidualUnit(width, width),
            ResidualUnit(width, 2 * width, stride=2),
            ResidualUnit(2 * width, 4 * width, stride=2),
        )
        self.head = nn.Linear(4 * width, classes)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return self.head(self.body(x).mean((2, 3)))
        ### END SOLUTION


check(SectionNet)

# %% [markdown]
# ## Part C: train and predict (20 marks)
#
# Train a network and predict the class of each of the 800 unlabelled patches. You may use any network and any training that runs on
# this computer. The brief states the scale: which accuracy on the 800 patches gives how many marks. Two minutes of training are
# enough for a good mark, so decide by your validation set and leave time for part D.
#
# Write `predict_survey`, or use as many cells as you like: in the end `predictions` is a tensor of shape (800,) and type int64. The
# last cell of this part writes it to a file beside the notebook. **What counts is that file.**


# %%
def predict_survey() -> Tensor:
    """Train a network; returns the class of each of the 800 unlabelled patches, (800,) int64."""
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    scaled_train_x, scaled_validation_x = standardise(train_x, validation_x)
    _, scaled_unlabelled_x = standardise(train_x, unlabelled_x)
    # A mirrored fold is a fold: every patch comes twice.
    mirrored_x, mirrored_y = torch.cat([scaled_train_x, scaled_train_x.flip(-1)]), torch.cat([train_y, train_y])
    count = sized(4000, rehearsal=200)
    network = SectionNet(sized(12, rehearsal=2))
    history = fit(
        network,
        (mirrored_x[:count], mirrored_y[:count]),
        (scaled_validation_x, validation_y),
        epochs=sized(12, rehearsal=1),
        lr=3e-3,
    )
    print(f"best accuracy on the validation set: {max(history):.1%}")
    network.eval()
    with torch.no_grad():
        return torch.cat([network(batch).argmax(1) for batch in scaled_unlabelled_x.split(200)])
    ### END SOLUTION


# %%
predictions = predict_survey()
coursework.hand_in("coursework_2", predictions=predictions)

# %% [markdown]
# ## Part D: short answers (30 marks)
#
# Write below each question, in the same cell, in place of *Write here.* About 100 words for each answer are enough. Marks are for
# reasons that are right and that refer to what you did; the brief has the rubric.

# %% [markdown]
# **Question D1.** Choose two bugs of part A: one that the training loss shows, and one that no curve of the training loss shows. For
# each, say what you would see, and which test of two or three lines would find it.
#
# **Answer D1.**
#
# *Write here.*

# %% [markdown]
# **Question D2.** `fit` chooses the best of many epochs by the accuracy on 400 patches. Is the accuracy that you report for this epoch
# too high, too low, or neither, as an estimate for new patches? Estimate by how much, from the number of patches, and say how you
# would get an honest number.
#
# **Answer D2.**
#
# *Write here.*

# %% [markdown]
# **Question D3.** Which two classes does your network confuse most? Give the numbers. Explain the confusion by what such patches look
# like, and say what a person, or more data, could do about it.
#
# **Answer D3.**
#
# *Write here.*

# %% [markdown]
# **Question D4.** Another company displays its sections with the opposite polarity: every sample x becomes 1 - x. What do you expect
# of your network on such sections, and why? Name two ways to make it indifferent to polarity, one in the data and one in
# the network, and what each costs.
#
# **Answer D4.**
#
# *Write here.*

# %% [markdown]
# **Question D5.** Your network will be used in another basin, where nobody has labels. What can you look at, without labels, to notice
# that it does not work there? What can you not know?
#
# **Answer D5.**
#
# *Write here.*

# %% [markdown]
# ## Hand in
#
# Save the notebook (Ctrl-S), then run the cell below. It looks for what is forgotten: a cell that was not run, an exercise or an
# answer that is still empty, predictions that are missing. Then it puts the notebook and your predictions into **one sealed file** and
# prints its digest, which is your receipt. Upload this file. You may do so as often as you like: the last one counts.
#
# (In a terminal, `course submit coursework_2` does the same.)

# %%
coursework.submit("coursework_2")
