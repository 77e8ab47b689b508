# ---
# title: "State of the art: a network that knows the heat equation"
# objectives:
#   - fit a scaling law with error bars, and say how far you trust its prediction
#   - adapt a trained network with few parameters (LoRA), and shrink one (distillation, int8)
#   - train images and captions into one space, and name what was never seen
#   - build the core of a masked autoencoder, a state-space model, a graph network and a Fourier layer
#   - train a physics-informed network, forwards and inversely, beside the plain method that it must beat
#   - combine an ensemble, check its coverage on other wells, and share one step between two processes
# prerequisites: [03_pytorch_2.morning, 04_ml_recap.morning, 06_cnns_2.probability, 10_rnns.morning]
# minutes: {cpu: 4}
# data: [glyphs, wells, python_reference]
# ---

# %%
import copy
import inspect
import itertools
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized

check = checks("14_state_of_the_art")
plot.use_style()

# %% [markdown]
# ## The question: how fast does heat travel through this rock?
#
# You warm a core plug, hold both ends at a fixed temperature, and watch it cool. Forty readings come in. Each belongs to one place and one time, and each has noise. How large is the **thermal diffusivity** $\kappa$ of the rock? It sets how fast heat leaves a reservoir or a repository.
#
# We measure length in plugs (0.1 m) and time in units of 500 s. Then $\kappa=0.05$ means $0.05\times 0.1^2/500=10^{-6}$ m²/s, a usual value for rock.
# The temperature $u(t,x)$, above that of the ends, obeys the **heat equation** $\partial u/\partial t=\kappa\,\partial^2u/\partial x^2$.

# %%
KAPPA = 0.05


def warm(x: Tensor) -> Tensor:
    """Temperature of the plug at the start, above that of its ends."""
    return torch.sin(math.pi * x) + 0.5 * torch.sin(3 * math.pi * x)


def exact(t: Tensor, x: Tensor, kappa: float = KAPPA) -> Tensor:
    """The solution of the heat equation that begins as `warm`, with both ends held at 0."""
    slow = torch.exp(-kappa * math.pi**2 * t) * torch.sin(math.pi * x)
    return slow + 0.5 * torch.exp(-9 * kappa * math.pi**2 * t) * torch.sin(3 * math.pi * x)


def measure(seed: int, count: int = 40, noise: float = 0.02) -> tuple[Tensor, Tensor, Tensor]:
    """Time, place and noisy temperature of ``count`` readings, each (count,) float64."""
    generator = torch.Generator().manual_seed(seed)
    t, x = torch.rand(2, count, generator=generator, dtype=torch.float64)
    return t, x, exact(t, x) + noise * torch.randn(count, generator=generator, dtype=torch.float64)


t, x, u = measure(0)
fig, ax = plt.subplots(figsize=(6, 2.8), layout="constrained")
dots = ax.scatter(t, x, c=u, cmap="inferno", s=45)
fig.colorbar(dots, label="temperature")
ax.set(xlabel="time", ylabel="place")
plot.alt(fig, f"Forty readings scattered over time and place, between {u.min():.2f} and {u.max():.2f}; warm in the middle at the start.")  # fmt: skip

# %% [markdown]
# This is the last new day. Each section takes one idea of recent years, makes it small, and measures it. Each says which paper it is from, what we left out,
# and what later work changed. The question above comes back in "A network that knows the heat equation".
#
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N, D, K$ | examples in a batch, features, classes | |
# | $P$ | number of parameters of a model | |
# | $L$ | loss; $L_\infty, a, b$ are the numbers of a scaling law | |
# | $W$ | weights of a linear layer | `(out, in)` |
# | $A, B, r, \alpha$ | the two factors of LoRA, their rank, their strength | `(r, in)`, `(out, r)` |
# | $s$ | scale of the logits in CLIP | |
# | $J$ | patches of an image | |
# | $\tau$ | temperature of a softmax | |
# | $q, \Delta, z$ | an int8 number, the step between two of them, its zero point | |
# | $T, S$ | time steps, size of a state | |
# | $h$ | hidden state, of a step or a node | |
# | $\delta, \rho, w, c$ | of a selective scan: step, rate of forgetting, how the input enters, how the state is read | |
# | $\theta$ | parameters of a network that solves an equation | |
# | $t, x, u, \kappa$ | time, place, temperature, diffusivity (elsewhere $x$ is an input) | |
# | $R$ | what is left of the equation if $u_\theta$ is put in | `(N,)` |
# | $\nu$ | viscosity in Burgers' equation | |
# | $M, \mu, \sigma^2$ | members of an ensemble, predicted mean and variance | `(M, N)` |
#
# If you skip an exercise, skip the cell that uses it as well. One training loop serves most sections.


# %%
def fit(model: nn.Module, x: Tensor, y: Tensor, *, epochs: int, lr: float, loss=F.cross_entropy, batch: int = 128, seed: int = 0) -> nn.Module:  # fmt: skip
    """Train with AdamW; the rate rises from small to ``lr`` and falls again. ``loss(output, y)`` is minimised."""
    torch.manual_seed(seed)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=lr, weight_decay=0.01)
    steps = epochs * math.ceil(len(x) / batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=steps)
    for _ in range(epochs):
        for row in torch.randperm(len(x)).split(batch):
            value = loss(model(x[row]), y[row])
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            schedule.step()
    return model


def mlp(features: int, hidden: int, outputs: int, seed: int = 0) -> nn.Sequential:
    """Two hidden layers, (N, features) -> (N, outputs)."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, outputs)
    )


@torch.no_grad()
def score(model: nn.Module, x: Tensor, y: Tensor) -> tuple[float, float]:
    """Mean cross-entropy and accuracy."""
    logits = model(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


# %% [markdown]
# ## Scaling laws: what will a larger model bring?
#
# A large training costs millions. You would like to know its loss beforehand. **The idea in one sentence** (Kaplan and others, 2020): train several small models,
# fit a power law to their losses, and read off the large one.
#
# $$ L(P) = L_\infty + a\,P^{-b} . $$
#
# $L_\infty$ is what no model of this kind removes. The rest falls by the same *factor* each time $P$ doubles. **A worked number.** With $b=0.5$, four times
# the parameters halve the reducible part.
#
# For a given $b$ the law is linear in $L_\infty$ and $a$: an ordinary least-squares problem with the columns $1$ and $P^{-b}$. So try many $b$, and keep the best.
#
# ### Exercise 14.1: fit a scaling law
# For each exponent $b$ in `exponents`, find the $L_\infty$ and $a$ with the smallest sum of squared errors. Return the three numbers of the best $b$.
# Example: sizes 1, 4, 16 and losses 3, 2, 1.5 lie exactly on $1+2P^{-0.5}$, so the answer is (1, 2, 0.5) if 0.5 is among the exponents.


# %%
def fit_scaling_law(size: Tensor, loss: Tensor, exponents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """size, loss: (n,), exponents: (k,), all float64; returns L_infinity, a and b, each a tensor without axes."""
    ### BEGIN SOLUTION
    best, law = math.inf, None
    for b in exponents:
        columns = torch.stack([torch.ones_like(size), size**-b], 1)
        numbers = torch.linalg.lstsq(columns, loss[:, None]).solution[:, 0]
        error = (columns @ numbers - loss).square().sum()
        if error < best:
            best, law = error, (numbers[0], numbers[1], b)
    return law
    ### END SOLUTION


# %%
check(fit_scaling_law)

# %% [markdown]
# Now a real text, the reference manual that comes with Python. Small networks read ten characters and predict the next one. Each trains equally long.

# %%
text = data.python_reference().lower()
letters = sorted(set(text), key=text.count, reverse=True)[:60]
number = {letter: i for i, letter in enumerate(letters)}
windows = torch.tensor([number.get(letter, 59) for letter in text]).unfold(0, 11, 1)  # (windows, 11)
cut = int(0.9 * len(windows))
training, held = windows[:cut], windows[cut + 11 :: 16]


def next_letter_loss(hidden: int, seed: int, steps: int) -> tuple[int, float]:
    """Parameters of a network with ``hidden`` units, and its loss on held-out text, nats a character."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Embedding(60, 8), nn.Flatten(), nn.Linear(80, hidden), nn.ReLU(), nn.Linear(hidden, 60))
    rows = training[torch.randint(len(training), (256 * steps,))]
    fit(model, rows[:, :10], rows[:, 10], epochs=1, lr=1e-2, batch=256, seed=seed)
    return sum(p.numel() for p in model.parameters()), score(model, held[:, :10], held[:, 10])[0]


SEEDS = sized(3, rehearsal=2)
results = [[next_letter_loss(h, seed, sized(1000, rehearsal=20)) for seed in range(SEEDS)] for h in (8, 16, 32, 64, 128, 256)]  # fmt: skip
size = torch.tensor([row[0][0] for row in results], dtype=torch.float64)
losses = torch.tensor([[loss for _, loss in row] for row in results], dtype=torch.float64)  # (sizes, seeds)
for p, row in zip(size, losses, strict=True):
    print(f"{p:6.0f} parameters: {row.mean():.3f} (spread over seeds {row.std():.3f})")

# %% [markdown]
# **Predict.** Fit the law to the five smaller sizes. Will the sixth lie within a hundredth of a nat of what the law says? How well is the floor $L_\infty$ known?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
exponents = torch.linspace(0.02, 1.0, 197, dtype=torch.float64)
law = torch.stack(fit_scaling_law(size[:-1], losses[:-1].mean(1), exponents))
generator = torch.Generator().manual_seed(0)
laws = []
for _ in range(sized(200, rehearsal=10)):  # the bootstrap: draw seeds with replacement, fit again
    drawn = torch.randint(SEEDS, losses[:-1].shape, generator=generator)
    laws.append(torch.stack(fit_scaling_law(size[:-1], losses[:-1].gather(1, drawn).mean(1), exponents)))
laws = torch.stack(laws)
low, high = laws.quantile(0.05, 0), laws.quantile(0.95, 0)
for name, value, a, b in zip(("floor", "a", "b"), law, low, high, strict=True):
    print(f"{name:6} {value:.3f}   90 % interval {a:.3f} to {b:.3f}")
foretold = laws[:, 0] + laws[:, 1] * size[-1] ** -laws[:, 2]
print(f"largest model: foretold {law[0] + law[1] * size[-1] ** -law[2]:.3f} ({foretold.quantile(0.05):.3f} to {foretold.quantile(0.95):.3f}), measured {losses[-1].mean():.3f}")  # fmt: skip
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
wide = torch.logspace(3, 6, 60, dtype=torch.float64)
ax.fill_between(wide, *(laws[:, :1] + laws[:, 1:2] * wide ** -laws[:, 2:]).quantile(torch.tensor([0.05, 0.95], dtype=torch.float64), dim=0), color=plot.SKY, alpha=0.4, label="90 % of the fits")  # fmt: skip
ax.semilogx(wide, law[0] + law[1] * wide ** -law[2], color=plot.BLUE, label="fit to five sizes")
ax.semilogx(size[:-1].repeat_interleave(SEEDS), losses[:-1].flatten(), "o", color=plot.BLACK, label="trained")
ax.semilogx(size[-1:].repeat_interleave(SEEDS), losses[-1], "s", color=plot.VERMILION, label="held back")
ax.set(xlabel="parameters", ylabel="loss (nats a character)")
ax.legend()
plot.alt(fig, f"Loss against parameters, falling from {losses[0].mean():.2f} to {losses[-1].mean():.2f}; a fitted law with a band that opens to the right, and one size held back.")  # fmt: skip

# %% [markdown]
# One step ahead the law does well. The floor is another matter: its interval is wide, because five points between one and twenty thousand parameters hardly bend.
# The error bars come from seeds alone. They say nothing about whether a power law is the right curve.
#
# Hoffmann and others (2022) varied parameters and data together and found about 20 tokens for each parameter to be best. Besiroglu and others (2024) could not reproduce the published fit of their third method:
# its intervals were far too narrow. Pearce and Song (2024) trace the difference from Kaplan's exponents to how parameters were counted, and to small scale. **Left out:** data and compute as variables, and a learning rate tuned for each size.

# %% [markdown]
# ## Foundation models and LoRA: adapt with one part in sixty
#
# A **foundation model** is trained once on much data and then adapted to many tasks. Full fine-tuning stores a copy of all weights for each task.
# **The idea in one sentence** (Hu and others, 2021): leave the weights as they are, and learn a *low-rank change* beside them: a product of two thin matrices.
#
# $$ y = W x + \frac{\alpha}{r}\,B A x, \qquad A: (r, \text{in}),\quad B: (\text{out}, r) . $$
#
# $A$ begins with random numbers and $B$ with zeros, so at the start nothing changes. The division by $r$ keeps the strength of the change about equal if you try another rank.
# After training, $W+\frac{\alpha}{r}BA$ is one matrix again: using it costs nothing extra. **A worked number.** A layer of $512\times512$ has 262,144 weights; with $r=2$ the factors have $2\times(512+512)=2048$, less than one in a hundred.

# %%
plot.diagram(["x -> N, in", plot.branches("linear W | frozen -> N, out", ["linear A | learned -> N, r", "linear B | learned, starts at 0 -> N, out", "operation: times α / r"], join="+"), "y -> N, out"], title="LoRA beside a frozen layer")  # fmt: skip

# %% [markdown]
# ### Exercise 14.2: a LoRA layer
# Wrap a `Linear`. Freeze it. `A` is normal noise divided by the root of its number of inputs, `B` is zero; both are parameters. `merged` returns a *new* `Linear` with the change built in, and leaves everything else as it is.


# %%
class LoRALinear(nn.Module):
    """A frozen linear layer with a learned change of rank ``rank``: (N, in) -> (N, out)."""

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.randn(rank, base.in_features).to(base.weight) / math.sqrt(base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank).to(base.weight))
        self.scale = alpha / rank
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        change = x @ self.A.T @ self.B.T
        return self.base(x) + self.scale * change
        ### END SOLUTION

    def merged(self) -> nn.Linear:
        """A new linear layer that computes the same."""
        ### BEGIN SOLUTION
        layer = copy.deepcopy(self.base)
        with torch.no_grad():
            layer.weight += self.scale * self.B @ self.A
        return layer
        ### END SOLUTION


# %%
check(LoRALinear)

# %% [markdown]
# **Predict.** At the first step $B$ is zero. Which of the two factors has a zero gradient, and why does the training start all the same?

# %%
prediction = ""  # write your answer here before you run the next cell

# %% [markdown]
# $A$ has none: its gradient contains $B$ as a factor. $B$ moves first, then $A$ follows.
#
# A test. A network learned to name rocks from the logs of eight wells. Another company drills a second basin; its tools read in other units. Two of its wells are labelled, six are to be named.
# The rivals: the network as it is, a network trained from nothing on two wells, full fine-tuning, and LoRA. Each has its best of three rates.

# %%
first, second = data.wells(8), data.wells(8, seed=1)
centre, spread = first.x.mean(0), first.x.std(0)


def other_tools(x: Tensor) -> Tensor:
    """Standardised logs of the second company, whose gamma ray and neutron tools are scaled and all are shifted."""
    read = x * torch.tensor([0.6, 1.0, 1.25, 1.0, 1.0]) + torch.tensor([20.0, 0.05, -0.03, 4.0, 0.3])
    return (read - centre) / spread


rock_net = fit(mlp(5, 512, 5), (first.x - centre) / spread, first.rock, epochs=sized(10, rehearsal=1), lr=1e-3)
few, many = second.of(0, 1), second.of(2, 3, 4, 5, 6, 7)


def with_lora(model: nn.Sequential, rank: int, alpha: float) -> nn.Sequential:
    """A copy whose linear layers are all LoRA layers."""
    model = copy.deepcopy(model)
    return nn.Sequential(
        *(LoRALinear(layer, rank, alpha) if isinstance(layer, nn.Linear) else layer for layer in model)
    )


def adapted(model: nn.Module, lr: float, seed: int) -> tuple[float, float]:
    """Loss and accuracy on the six wells after training on the two."""
    fit(model, other_tools(few.x), few.rock, epochs=sized(15, rehearsal=1), lr=lr, batch=64, seed=seed)
    return score(model, other_tools(many.x), many.rock)


total = sum(p.numel() for p in rock_net.parameters())
print(f"as it is: loss {score(rock_net, other_tools(many.x), many.rock)[0]:.3f}")
for name, make, rates in (
    ("from nothing", lambda seed: mlp(5, 512, 5, seed), (3e-4, 1e-3, 3e-3)),
    ("fully fine-tuned", lambda seed: copy.deepcopy(rock_net), (3e-4, 1e-3, 3e-3)),
    ("LoRA of rank 2", lambda seed: with_lora(rock_net, 2, 4.0), (1e-3, 3e-3, 1e-2)),
):
    learned = sum(p.numel() for p in make(0).parameters() if p.requires_grad)
    trials = [[adapted(make(seed), lr, seed) for seed in range(sized(2, rehearsal=1))] for lr in rates]
    loss, accuracy = min(torch.tensor(trials).mean(1).tolist())
    print(f"{name:17} learns {learned / total:6.1%} of the parameters: loss {loss:.3f}, accuracy {accuracy:.3f}")

# %% [markdown]
# LoRA reaches the loss of full fine-tuning, here even a lower one, and learns 1.5 % of the parameters. Few parameters overfit two wells less. That helps because the task is a *small change*:
# other units are a matrix of rank five or less on the first layer. A new task altogether may need a higher rank.
#
# Note what we did to the test wells: the best rate was chosen on them, for all rivals alike. A fair final figure needs a third set. **Left out:** which layers to adapt, and dropout on the change.
# Kalajdzievski (2023) argues for $\alpha/\sqrt r$ where ranks are large.

# %% [markdown]
# ## Contrastive pairs: images and words in one space
#
# A classifier knows its classes and no others. **The idea in one sentence** (CLIP; Radford and others, 2021): train an image encoder and a text encoder so that an image lies nearest to its *own* caption.
# Then any caption, one never seen included, is a class. This is **zero-shot** classification.

# %%
plot.diagram([plot.branches(["input: images -> N, 1, 28, 28", "image encoder | conv -> N, D", "norm: length 1"], ["input: captions -> N, words", "text encoder | sum of word vectors -> N, D", "norm: length 1"], join="operation: all products times s -> N, N"), "loss: cross-entropy | of rows and of columns"], title="Contrastive training")  # fmt: skip

# %% [markdown]
# Scale each vector to length 1. Image $i$ and caption $j$ have the logit $s\cos(\text{image}_i,\text{text}_j)$. In row $i$ the right class is $i$: a softmax over the captions of the batch. The same holds for column $j$. The loss is the mean of the two cross-entropies.
#
# Why the scale $s$? A cosine lies between $-1$ and $1$, and a softmax of such numbers is nearly flat. So $s$ is learned, as $s=e^{\ell}$ to keep it positive, from $1/0.07\approx14.3$ on, and never above 100.
# **A worked number.** For random vectors the loss is about $\ln N$ as long as $s$ is small: $\ln 128=4.85$. A loss that stays there has learned nothing.
#
# ### Exercise 14.3: the contrastive loss
# Row $i$ of both tensors belongs together. The tensors are not yet of length 1. Clamp $s$ at 100.


# %%
def clip_loss(image: Tensor, text: Tensor, log_scale: Tensor) -> Tensor:
    """image, text: (N, D); log_scale: a tensor without axes; returns the loss."""
    ### BEGIN SOLUTION
    image, text = F.normalize(image, dim=1), F.normalize(text, dim=1)
    logits = log_scale.exp().clamp(max=100) * image @ text.T
    right = torch.arange(len(logits))
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2
    ### END SOLUTION


# %%
check(clip_loss)

# %% [markdown]
# Our images are labels of core boxes: digits from our built-in `glyphs`, framed or not, bright or dark, clean or noisy. A caption names all four: "framed dark noisy seven". That makes $2\times2\times2\times10=80$ captions.
# Sixteen of them, and all their images, are held out of the training. For handwriting change one line: `load("mnist")`.

# %%
WORDS = [("plain", "framed"), ("bright", "dark"), ("clean", "noisy"), tuple(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])]  # fmt: skip
CAPTIONS = torch.tensor(list(itertools.product((0, 1), (0, 1), (0, 1), range(10)))) + torch.tensor([0, 2, 4, 6])


def labels_of_boxes(x: Tensor, y: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Images (N, 1, 28, 28) with a frame, inverted, or noisy by chance, and the number (N,) of each one's caption."""
    generator = torch.Generator().manual_seed(seed)
    framed, dark, noisy = torch.randint(2, (3, len(x)), generator=generator)
    edge = F.pad(torch.zeros(24, 24), (2, 2, 2, 2), value=1.0)
    x = torch.where(framed[:, None, None, None] == 1, torch.maximum(x, edge), x)
    x = torch.where(dark[:, None, None, None] == 1, 1 - x, x)
    x = x + 0.2 * noisy[:, None, None, None] * torch.randn(x.shape, generator=generator)
    return x - 0.5, 40 * framed + 20 * dark + 10 * noisy + y


def caption(number: int) -> str:
    """The caption with this number, in words."""
    framed, dark, noisy, digit = CAPTIONS[number].tolist()
    return " ".join((WORDS[0][framed], WORDS[1][dark - 2], WORDS[2][noisy - 4], WORDS[3][digit - 6]))


drawn = data.glyphs("train", sized(12_000, rehearsal=1_000))  # or data.load("mnist")
pool = F.avg_pool2d(drawn.x, 2)  # (N, 1, 14, 14), for later sections
boxes, captions = labels_of_boxes(drawn.x, drawn.y, 0)
tested = data.glyphs("test", sized(2_000, rehearsal=500))  # or data.load("mnist", "test")
test_boxes, test_captions = labels_of_boxes(tested.x, tested.y, 1)
held_out = torch.randperm(80, generator=torch.Generator().manual_seed(0))[:16]
seen = ~torch.isin(captions, held_out)
plot.images(boxes[:8], ["{} {}\n{} {}".format(*caption(int(k)).split()) for k in captions[:8]], columns=8)

# %% [markdown]
# ### Exercise 14.4: train on pairs
# Seed first. Then make an `ImageEncoder()`, a `TextEncoder()` and `log_scale` as an `nn.Parameter` with the value $\ln(1/0.07)$, in this order. One AdamW with a weight decay of 0.01 moves all three.
# A caption is a row of `CAPTIONS`. Each epoch shuffles. Return both encoders.


# %%
class ImageEncoder(nn.Sequential):
    """Images (N, 1, 28, 28) -> (N, 32)."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 32),
        )  # fmt: skip


class TextEncoder(nn.EmbeddingBag):
    """Captions as numbers of words (N, 4) -> (N, 32): the sum of the words' vectors."""

    def __init__(self) -> None:
        super().__init__(16, 32, mode="sum")


def train_clip(images: Tensor, captions: Tensor, *, epochs: int, lr: float = 3e-3, batch: int = 128, seed: int = 0) -> tuple[ImageEncoder, TextEncoder]:  # fmt: skip
    """images: (N, 1, 28, 28), captions: (N,) rows of CAPTIONS; returns the encoders."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    see, read = ImageEncoder(), TextEncoder()
    log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
    optimiser = torch.optim.AdamW([*see.parameters(), *read.parameters(), log_scale], lr=lr, weight_decay=0.01)
    for _ in range(epochs):
        for row in torch.randperm(len(images)).split(batch):
            loss = clip_loss(see(images[row]), read(CAPTIONS[captions[row]]), log_scale)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return see, read
    ### END SOLUTION


# %%
check(train_clip)

# %%
start = time.perf_counter()
see, read = train_clip(boxes[seen], captions[seen], epochs=sized(8, rehearsal=1))
print(f"{time.perf_counter() - start:.0f} s")
with torch.no_grad():
    cosine = F.normalize(see(test_boxes), dim=1) @ F.normalize(read(CAPTIONS), dim=1).T  # (images, 80)
new = torch.isin(test_captions, held_out)


def right(candidates: Tensor, rows: Tensor) -> float:
    """Share of the images ``rows`` whose nearest caption among ``candidates`` is their own."""
    return (candidates[cosine[rows][:, candidates].argmax(1)] == test_captions[rows]).float().mean().item()


print(f"captions seen in training, among all 80: {right(torch.arange(80), ~new):.3f}")
print(f"held-out captions, among the 16 held-out ones: {right(held_out, new):.3f}")
print(f"held-out captions, among all 80: {right(torch.arange(80), new):.3f}")

# %% [markdown]
# Over more seeds: {ledger: 14_state_of_the_art.train_clip.glyphs.zero_shot} among the held-out captions and {ledger: 14_state_of_the_art.train_clip.glyphs.zero_shot_of_all} among all 80. Both are called "zero-shot".
# The second is harder, because an image may fall to a caption that was trained. Always ask among which captions a zero-shot figure chose. The trivial answers are 1 in 16 and 1 in 80.


# %%
def softened(scale: float) -> None:
    """Similarity of ten images and ten captions as a softmax over captions."""
    rows = torch.stack([(test_captions == k).nonzero()[0, 0] if (test_captions == k).any() else torch.tensor(0) for k in range(10)])  # fmt: skip
    p = (scale * cosine[rows][:, :10]).softmax(1)
    fig, ax = plt.subplots(figsize=(4.2, 3.6), layout="constrained")
    fig.colorbar(ax.imshow(p, vmin=0, vmax=1, cmap="Blues"), label="probability")
    ax.set(xlabel="caption: plain bright clean ...", ylabel="image", title=f"s = {scale:g}")
    plot.alt(fig, f"Ten images against ten captions at scale {scale:g}: the diagonal has probability {p.diag().mean():.2f} on average.")  # fmt: skip


plot.slider(softened, scale=[1, 3, 14, 30, 100], start=14, still=[1, 14, 100])

# %% [markdown]
# **Left out:** our text encoder adds up words, so it cannot tell "white on black" from "black on white"; CLIP's is a transformer. CLIP saw 400 million pairs in batches of 32,768.
# A second image of the same caption in a batch counts as wrong here, in ours as in theirs. Zhai and others (2023) replaced the softmax by a sigmoid for each pair, which needs no large batch.

# %% [markdown]
# ## Masked images: learn without labels
#
# **Self-supervised** learning makes the task out of the data. **The idea in one sentence** (masked autoencoder, MAE; He and others, 2022): hide 75 % of the patches of an image, show the encoder the rest only, and predict the hidden ones.
#
# The encoder sees a quarter of the patches, so it costs a quarter or less. The loss is taken on *hidden patches only*: a visible patch could be copied. That is why visible patches often look worse in such pictures.
#
# %%
plot.diagram(
    [
        "patches -> N, J, D",
        "operation: keep a quarter | at random -> N, J/4, D",
        "layer: encoder -> N, J/4, H",
        "operation: fill the gaps | restore the order -> N, J, H",
        "layer: decoder -> N, J, D",
        "loss: squared error | on hidden patches",
    ],
    title="a masked autoencoder",
)

# %% [markdown]
# The trick is in the book-keeping. Draw a random number for each patch and sort: `order` lists the patches by their number. The first ones stay visible. Sorting `order` again gives `restore`, the place of each patch in that list.
# **A worked number.** Noise 0.9, 0.1, 0.5 gives order 1, 2, 0 and restore 2, 0, 1. With one patch kept, patch 1 is visible.
#
# ### Exercise 14.5: mask at random
# Keep the `round(J * (1 - ratio))` patches with the smallest noise, in the order of their noise. `mask` is true where a patch is hidden.


# %%
def mae_mask(patches: Tensor, noise: Tensor, ratio: float) -> tuple[Tensor, Tensor, Tensor]:
    """patches: (N, J, D), noise: (N, J); returns visible (N, kept, D), mask (N, J) bool, restore (N, J) int64."""
    ### BEGIN SOLUTION
    kept = round(patches.shape[1] * (1 - ratio))
    order = noise.argsort(1)
    restore = order.argsort(1)
    visible = patches.gather(1, order[:, :kept, None].expand(-1, -1, patches.shape[2]))
    return visible, restore >= kept, restore
    ### END SOLUTION


# %%
check(mae_mask)

# %%
patches = F.unfold(F.pad(pool, (1, 1, 1, 1)), 4, stride=4).transpose(1, 2)  # (N, 16, 16)
visible, mask, restore = mae_mask(patches, torch.rand(len(patches), 16, generator=torch.Generator().manual_seed(0)), 0.75)  # fmt: skip
print(f"{tuple(patches.shape)} -> the encoder sees {tuple(visible.shape)}")
shown = torch.where(mask[..., None], 0.4, patches)
both = torch.cat([patches[:4], shown[:4]])
plot.images(F.fold(both.transpose(1, 2), 16, 4, stride=4), columns=8)

# %% [markdown]
# A small test without an encoder's finesse: one network gets the visible patches (hidden ones are zero) and the mask, and predicts all patches. The trivial answer is the mean patch of each place.

# %%
given = torch.cat([torch.where(mask[..., None], 0.0, patches).flatten(1), mask.float()], 1)
target = torch.cat([patches.flatten(1), mask.float()], 1)


def hidden_only(output: Tensor, target: Tensor) -> Tensor:
    """Squared error over hidden patches alone."""
    y, hidden = target[:, :256].reshape(-1, 16, 16), target[:, 256:]
    return ((output.reshape(-1, 16, 16) - y).square().mean(2) * hidden).sum() / hidden.sum()


half = len(given) // 2
masked_net = fit(mlp(272, 256, 256), given[:half], target[:half], epochs=sized(10, rehearsal=1), lr=3e-3, loss=hidden_only)  # fmt: skip
with torch.no_grad():
    guess = masked_net(given[half:])
    constant = patches[:half].mean(0).flatten().expand_as(guess)
    print(f"error on hidden patches: network {hidden_only(guess, target[half:]):.4f}, mean patch {hidden_only(constant, target[half:]):.4f}")  # fmt: skip

# %% [markdown]
# **Left out:** the transformer, the targets with each patch standardised, and the use of it all, which is the encoder for a later task. The paper needed long training (up to 1600 epochs); gains on small sets like ours are not to be expected.
#
# ## Distillation: a small network learns from a large one
#
# A teacher's mistakes are informative: a 7 that it finds a little like a 1. **The idea in one sentence** (Hinton, Vinyals and Dean, 2015): train the student on the teacher's *softened* probabilities $\text{softmax}(\text{logits}/\tau)$.
#
# $$ L = w\,\mathrm{CE}(\text{student}, y) + (1-w)\,\tau^2\,\mathrm{KL}\big(p^\tau_\text{teacher}\,\|\,p^\tau_\text{student}\big) . $$
#
# Why $\tau^2$? The gradients of the softened term shrink as $1/\tau^2$. With the factor, the balance $w$ keeps its meaning when you change $\tau$.
#
# ### Exercise 14.6: the distillation loss
# The divergence is a mean over examples and a *sum* over classes. No gradient reaches the teacher.


# %%
def distillation_loss(student: Tensor, teacher: Tensor, y: Tensor, tau: float, w: float) -> Tensor:
    """student, teacher: logits (N, K), y: (N,) int64; returns the loss."""
    ### BEGIN SOLUTION
    ours, theirs = F.log_softmax(student / tau, 1), F.log_softmax(teacher.detach() / tau, 1)
    soft = tau**2 * F.kl_div(ours, theirs, reduction="batchmean", log_target=True)
    hard = F.cross_entropy(student, y)
    return w * hard + (1 - w) * soft
    ### END SOLUTION


# %%
check(distillation_loss)

# %% [markdown]
# The case where distillation pays: few labels, much unlabelled data. The teacher is a large network; only 500 images have labels for the student. The teacher writes soft labels for all images.
#
# **Predict.** A student with 16 hidden units: by how many points do soft labels on all images beat hard labels on 500?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
flat, test_flat = pool.flatten(1), F.avg_pool2d(tested.x, 2).flatten(1)
teacher = fit(mlp(196, 256, 10), flat, drawn.y, epochs=sized(10, rehearsal=2), lr=3e-3)
print(f"teacher: accuracy {score(teacher, test_flat, tested.y)[1]:.3f}")

# %%
with torch.no_grad():
    soft = torch.cat([teacher(flat), drawn.y[:, None].float()], 1)  # logits, then the label
for seed in range(sized(2, rehearsal=1)):
    on_few = fit(mlp(196, 16, 10, seed), flat[:500], drawn.y[:500], epochs=sized(100, rehearsal=2), lr=3e-3, seed=seed)
    by_teacher = fit(mlp(196, 16, 10, seed), flat, soft, epochs=sized(10, rehearsal=1), lr=3e-3, seed=seed, loss=lambda z, s: distillation_loss(z, s[:, :10], s[:, 10].long(), 4.0, 0.0))  # fmt: skip
    on_all = fit(mlp(196, 16, 10, seed), flat, drawn.y, epochs=sized(10, rehearsal=1), lr=3e-3, seed=seed)
    print("seed", seed, *(f"{name} {score(model, test_flat, tested.y)[1]:.3f}" for name, model in (("500 labels", on_few), ("soft labels", by_teacher), ("all labels", on_all))))  # fmt: skip

# %% [markdown]
# Soft labels help where labels are few. Where all labels are at hand, this tiny student does *better* without a teacher at $\tau=4$: it cannot follow such detailed targets. Try $\tau=1$.
# Cho and Hariharan (2019) found the same for large networks: a better teacher is not always a better teacher. **Left out:** matching of inner layers. Today's large language models are distilled the same way, on text.
#
# ## Eight bits: quantisation
#
# A weight in float32 takes four bytes. In int8 it takes one, and integer products are faster on many machines. **The idea in one sentence** (Jacob and others, 2018): replace each row of weights by whole numbers from $-128$ to $127$, with a step $\Delta$ and a **zero point** $z$.
#
# $$ q=\mathrm{clamp}\big(\mathrm{round}(w/\Delta)+z,\,-128,\,127\big), \qquad \hat w=\Delta\,(q-z), \qquad \Delta=\frac{w_{\max}-w_{\min}}{255}, \qquad z=\mathrm{round}(-128-w_{\min}/\Delta) . $$
#
# The range must contain 0, so that a zero (a padded pixel, a pruned weight) stays exactly zero: take $w_{\min}$ as at most 0 and $w_{\max}$ as at least 0. **A worked number.** A row from $-1$ to $1.55$: $\Delta=0.01$, $z=-128+100=-28$, and $w=0.5$ becomes $q=22$.
#
# ### Exercise 14.7: quantise to int8
# One step and one zero point for each row. Let $\Delta$ be at least $10^{-12}$, for a row of zeros. Return `q` as int8; the zero point keeps the float type of the weights. Add the zero point *before* you clamp.


# %%
def quantise_int8(w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """w: (out, in) float; returns q (out, in) int8, step (out,), zero point (out,)."""
    ### BEGIN SOLUTION
    low, high = w.amin(1).clamp(max=0), w.amax(1).clamp(min=0)
    step = ((high - low) / 255).clamp(min=1e-12)
    zero = (-128 - low / step).round()
    q = ((w / step[:, None]).round() + zero[:, None]).clamp(-128, 127)
    return q.to(torch.int8), step, zero
    ### END SOLUTION


# %%
check(quantise_int8)

# %% [markdown]
# **Predict.** The teacher has 118,794 parameters. How many points of accuracy does it lose if all its weights become int8?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
@torch.no_grad()
def in_int8(model: nn.Sequential) -> nn.Sequential:
    """A copy whose weights went through int8 and back, as they would be read from a file."""
    model = copy.deepcopy(model)
    for layer in model:
        if isinstance(layer, nn.Linear):
            q, step, zero = quantise_int8(layer.weight)
            layer.weight.copy_((q.float() - zero[:, None]) * step[:, None])
    return model


kept, lost = score(teacher, test_flat, tested.y)[1], score(in_int8(teacher), test_flat, tested.y)[1]
print(f"float32: {kept:.4f}   int8 weights: {lost:.4f}   change {100 * (lost - kept):+.2f} points; bytes / 4")


# %%
def grid(bits: int, outlier: float) -> None:
    """Weights of a row on a grid of 2^bits numbers whose range an outlier sets."""
    w = torch.cat([torch.randn(400, generator=torch.Generator().manual_seed(0)), torch.tensor([outlier])])
    step = (w.max() - w.min()) / (2**bits - 1)
    back = ((w - w.min()) / step).round() * step + w.min()
    fig, ax = plt.subplots(figsize=(6, 2.8), layout="constrained")
    ax.plot(w, back, ".", color=plot.BLUE)
    ax.plot([-4, 4], [-4, 4], color="0.6", linestyle=":")
    error = (back - w)[:-1].square().mean().sqrt()
    ax.set(xlim=(-4, 4), ylim=(-4, 4), xlabel="weight", ylabel="after quantisation", title=f"{bits} bits, largest weight {outlier:g}")  # fmt: skip
    plot.alt(fig, f"Weights before and after {bits} bits with an outlier of {outlier:g}: steps of {step:.3f}, error {error:.3f}.")  # fmt: skip


plot.slider(grid, bits=[2, 3, 4, 6, 8], outlier=[4, 20, 100], start={"bits": 4, "outlier": 20}, still=[8, 4, 2])

# %% [markdown]
# One large weight makes the steps coarse for all its neighbours. That is why each row has its own step. In large language models outliers among the *activations* are the obstacle (Dettmers and others, 2022).
# **Left out:** int8 activations and integer products; training with rounding in the loop, which matters at four bits and fewer (Krishnamoorthi, 2018).
#
# ## State-space models: a recurrence that chooses
#
# Attention costs $T^2$; a recurrence costs $T$ but is hard to run in parallel. **The idea in one sentence** (Mamba; Gu and Dao, 2023): use a *linear* recurrence, whose decay depends on the input, and compute it by a parallel scan.
#
# $$ h_t = e^{\delta_t\,\rho}\,h_{t-1} + \delta_t\,x_t\,w_t, \qquad y_t = h_t\cdot c_t . $$
#
# Each channel has a state of $S$ numbers. The rates $\rho<0$ say how fast each forgets; $w_t$ says what is written, $c_t$ what is read (the paper's $A$, $B$, $C$). The step $\delta_t>0$ is the choice: near 0 the state passes by untouched, large it forgets and takes the new.
# **A worked number.** $\rho=-1$: with $\delta=0.01$ the state keeps 99 %, with $\delta=3$ only 5 %.
#
# **Why parallel?** Two steps $h\mapsto a_1h+b_1$ and $h\mapsto a_2h+b_2$ make one: $h\mapsto a_2a_1h+(a_2b_1+b_2)$. So combine each step with its neighbour, then with the pair two before it, then four. After $\log_2 T$ rounds each position holds all that came before.
# **A worked number.** Let every $a=0.5$ and $b=(1, 2, 4)$. The loop gives $h=1$, then $0.5\cdot1+2=2.5$, then $0.5\cdot2.5+4=5.25$. The first round combines neighbours: $b$ becomes $(1, 2.5, 5)$, and $a$ of the last two becomes 0.25. The second round
# adds what lies two steps back: $5+0.25\cdot1=5.25$. Two rounds in place of three steps; for 1,024 steps it is ten.
#
# ### Exercise 14.8: a selective scan
# From $h=0$ on. A loop over $T$ is right; for $\log_2T$ rounds combine `a[k:]`, `b[k:]` with `a[:-k]`, `b[:-k]` for $k=1,2,4,\dots$


# %%
def selective_scan(x: Tensor, delta: Tensor, rate: Tensor, write: Tensor, read: Tensor) -> Tensor:
    """x, delta: (T, D), rate: (D, S), write, read: (T, S); returns y (T, D)."""
    ### BEGIN SOLUTION
    a = torch.exp(delta[:, :, None] * rate)
    b = (delta * x)[:, :, None] * write[:, None, :]
    k = 1
    while k < len(x):
        b = torch.cat([b[:k], a[k:] * b[:-k] + b[k:]])
        a = torch.cat([a[:k], a[k:] * a[:-k]])
        k = 2 * k
    return (b * read[:, None, :]).sum(2)
    ### END SOLUTION


# %%
check(selective_scan)

# %%
torch.manual_seed(0)
steps = sized(1024, rehearsal=64)
drive, delta = torch.randn(steps, 4), F.softplus(torch.randn(steps, 4))
rate, write_, read_ = -torch.rand(4, 8), torch.randn(steps, 8), torch.randn(steps, 8)
start = time.perf_counter()
h, rows = torch.zeros(4, 8), []
for t_ in range(steps):
    h = torch.exp(delta[t_, :, None] * rate) * h + (delta[t_] * drive[t_])[:, None] * write_[t_]
    rows.append(h @ read_[t_])
loop, start = time.perf_counter() - start, time.perf_counter()
y_scan = selective_scan(drive, delta, rate, write_, read_)
print(f"{steps} steps: largest difference {(y_scan - torch.stack(rows)).abs().max():.1e}; loop {1000 * loop:.0f} ms, scan {1000 * (time.perf_counter() - start):.0f} ms")  # fmt: skip

# %% [markdown]
# If $\delta$, $w$ and $c$ never change, the same recurrence is a convolution: that was S4 (Gu, Goel and Ré, 2021). **Left out:** the layers around the scan, and the fused GPU kernel to which Mamba owes its speed. Mamba's code writes the input with $\delta w$, a simpler rule than the paper's equation; we do the same.
#
# ## Graph networks: stations on a river
#
# Stations, wells and grains have neighbours but no grid. **The idea in one sentence**: each node adds up its neighbours' features, mixes them with its own, and after $k$ rounds knows what is $k$ edges away.
#
# $$ h_i' = h_i\,W_\text{self} + \Big(\sum_{j\to i} h_j\Big)\,W_\text{neighbour} . $$
#
# **A worked number.** Nodes 0 and 1 flow into 2 and hold 1, 2, 5. With both weights 1, node 2 gets $5+(1+2)=8$; nodes 0 and 1 have no source and keep 1 and 2.
#
# ### Exercise 14.9: one round of messages
# An edge runs from `source[e]` to `target[e]`. A node with no incoming edge gets a sum of zero.


# %%
def message_passing(h: Tensor, source: Tensor, target: Tensor, w_self: Tensor, w_neighbour: Tensor) -> Tensor:
    """h: (N, D), source, target: (edges,) int64, weights: (D, out); returns (N, out)."""
    ### BEGIN SOLUTION
    total = torch.zeros_like(h).index_add(0, target, h[source])
    return h @ w_self + total @ w_neighbour
    ### END SOLUTION


# %%
check(message_passing)

# %% [markdown]
# A river: each station receives rain, and passes on what arrives from upstream, less a share that seeps away. From gauges we learn that share, one number, by gradient descent through the rounds.

# %%
generator = torch.Generator().manual_seed(3)
stations = 30
downstream = torch.tensor([int(torch.randint(i, (1,), generator=generator)) for i in range(1, stations)])
source, target = torch.arange(1, stations), downstream  # station 0 is the mouth
rain = torch.rand(stations, 1, generator=generator)
flow = rain.clone()
for i in range(stations - 1, 0, -1):  # the truth, from the springs to the mouth
    flow[downstream[i - 1]] += 0.8 * flow[i]
gauged = flow + 0.05 * torch.randn(stations, 1, generator=generator)

away = [0]  # edges between a station and the mouth
for into in downstream.tolist():
    away.append(away[into] + 1)
places = torch.tensor([[edges, away[:i].count(edges) - (away.count(edges) - 1) / 2] for i, edges in enumerate(away)])
fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
for edge in zip(source.tolist(), target.tolist(), strict=True):
    ax.annotate(
        "", places[edge[1]].tolist(), places[edge[0]].tolist(), arrowprops={"arrowstyle": "-|>", "color": "0.6"}
    )
dots = ax.scatter(*places.T, c=flow[:, 0], cmap="Blues", edgecolors="0.3", s=70, zorder=2)
fig.colorbar(dots, label="flow")
ax.set(xlabel="edges to the mouth", yticks=[], xlim=(-0.5, max(away) + 0.5))
plot.alt(fig, f"Thirty stations as a graph: arrows lead from each to the next one downstream, and end at the mouth. The farthest spring is {max(away)} edges away, and flow grows towards the mouth.")  # fmt: skip

# %% [markdown]
# How many rounds does rain at the farthest spring need to reach the mouth? Count the edges, then look at the misfits.


# %%


def routed(share: Tensor, rounds: int) -> Tensor:
    """Flow after some rounds of messages: rain, plus what arrived."""
    total = rain
    for _ in range(rounds):
        total = rain + message_passing(total, source, target, torch.zeros(1, 1), share.reshape(1, 1))
    return total


for rounds in (1, 3, 12):
    share = nn.Parameter(torch.tensor(0.3))
    optimiser = torch.optim.Adam([share], lr=0.05)
    for _ in range(sized(150, rehearsal=5)):
        loss = F.mse_loss(routed(share, rounds), gauged)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    print(f"{rounds:2} rounds: share that arrives {share.item():.3f} (truth 0.8), misfit {loss.item():.4f}")

# %% [markdown]
# With one round the far springs cannot reach the mouth, and the share is wrong to make up for it. With as many rounds as the longest path has edges it is right. **Left out:** the mean in place of the sum, weights by degree (Kipf and Welling, 2017), and features on edges. Deep graph networks blur: after many rounds with a mean all nodes look alike.
# Lam and others (2023) forecast the weather with messages on a mesh over the globe.
#
# ## A network that knows the heat equation
#
# Back to the plug. A network $u_\theta(t,x)$ can be differentiated with respect to its *inputs*. **The idea in one sentence** (Lagaris and others, 1998; Raissi and others, 2019): put the equation's residual into the loss.
#
# $$ R=\frac{\partial u_\theta}{\partial t}-\kappa\,\frac{\partial^2u_\theta}{\partial x^2}, \qquad L = w\,\overline{R^2} + \overline{(u_\theta-u_\text{measured})^2} . $$
#
# $R$ needs no measurement: it can be asked to vanish at any point, and we draw a few hundred. This is a **physics-informed network** (PINN).

# %%
plot.diagram(["t, x -> points", "linear, tanh | two hidden layers", "operation: start + t x (1 - x) v -> u", plot.branches(["operation: derivatives of u", "loss: residual of the equation"], ["input: readings, if any", "loss: misfit"], join="+"), "loss"], title="A physics-informed network", direction="right")  # fmt: skip

# %% [markdown]
# **A worked number.** Let $u=t+x^2$. Then $\partial u/\partial t=1$ and $\partial^2u/\partial x^2=2$, so with $\kappa=0.5$ the residual is $0$ everywhere.
#
# The activation must have a second derivative. With ReLU, $\partial^2u/\partial x^2$ is zero almost everywhere, and the network learns $\partial u/\partial t=0$.
#
# ### Exercise 14.10: the residual
# `model(t, x)` returns `u`, one number for each point. Differentiate twice by `torch.autograd.grad`. The result is trained on, so keep the graph. Leave the tensors you were given as they are.


# %%
def pinn_residual(model: nn.Module, t: Tensor, x: Tensor, kappa: Tensor) -> Tensor:
    """t, x: (N,), kappa: a tensor without axes; returns the residual R (N,), which can be differentiated further."""
    ### BEGIN SOLUTION
    t, x = t.clone().requires_grad_(), x.clone().requires_grad_()
    u = model(t, x)
    u_t, u_x = torch.autograd.grad(u.sum(), (t, x), create_graph=True)
    (u_xx,) = torch.autograd.grad(u_x.sum(), x, create_graph=True)
    return u_t - kappa * u_xx
    ### END SOLUTION


# %%
check(pinn_residual)

# %% [markdown]
# ### What makes it train
#
# Plain PINNs often fail (Wang, Teng and Perdikaris, 2021; Krishnapriyan and others, 2021): the terms of the loss pull against one another. Three choices help here.
#
# 1. **Hard constraints.** $u=\text{start}(x)+t\,x(1-x)\,v_\theta(t,x)$ has the right start and the right ends whatever $v_\theta$ is. Two terms of the loss are gone.
# 2. **Adam, then L-BFGS.** Adam finds the valley. L-BFGS, which estimates curvature from past gradients, follows it down. It evaluates the loss several times for a step, so it takes a function, the *closure*.
# 3. **float64.** L-BFGS compares small differences of losses.


# %%
class Rod(nn.Module):
    """Temperature u(t, x) of the plug; start and ends are right by construction. ``kappa`` is learned unless given."""

    def __init__(self, kappa: float | None = None) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 1)).double()
        guess = torch.tensor(math.log(kappa or 0.2), dtype=torch.float64)
        self.log_kappa = nn.Parameter(guess, requires_grad=kappa is None)

    def forward(self, t: Tensor, x: Tensor) -> Tensor:
        """t, x of one shape; returns u of that shape."""
        v = self.net(torch.stack([2 * t - 1, 2 * x - 1], -1)).squeeze(-1)
        return warm(x) + t * x * (1 - x) * v


# %% [markdown]
# The diffusivity is positive, so the model keeps its logarithm.
#
# ### Exercise 14.11: train a PINN
# Seed first, then make the `Rod`, then draw `points` random times and places in $[0,1]$ (one call of `torch.rand(2, points, dtype=torch.float64)`), used throughout. The loss is `weight` times the mean squared residual, plus the mean squared misfit to the readings if there are any.
# Minimise by `adam` steps of Adam at a rate of 0.01, then by one call of `torch.optim.LBFGS(..., max_iter=lbfgs, history_size=50, line_search_fn="strong_wolfe", tolerance_grad=1e-9, tolerance_change=1e-12)`. Hand the optimisers only what `requires_grad`.


# %%
def train_pinn(
    t: Tensor, x: Tensor, u: Tensor, *, kappa: float | None = None, adam: int = 200, lbfgs: int = 300,
    points: int = 400, weight: float = 1.0, seed: int = 0,
) -> Rod:  # fmt: skip
    """t, x, u: (N,) float64, the readings, N may be 0; kappa: the diffusivity, None if it is to be learned."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = Rod(kappa)
    t_inside, x_inside = torch.rand(2, points, dtype=torch.float64)
    learned = [p for p in model.parameters() if p.requires_grad]

    def loss() -> Tensor:
        residual = pinn_residual(model, t_inside, x_inside, model.log_kappa.exp())
        total = weight * residual.square().mean()
        if len(u):
            total = total + (model(t, x) - u).square().mean()
        return total

    optimiser = torch.optim.Adam(learned, lr=0.01)
    for _ in range(adam):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()

    optimiser = torch.optim.LBFGS(
        learned, max_iter=lbfgs, history_size=50, line_search_fn="strong_wolfe",
        tolerance_grad=1e-9, tolerance_change=1e-12,
    )  # fmt: skip

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    optimiser.step(closure)
    return model
    ### END SOLUTION


# %%
check(train_pinn)

# %% [markdown]
# First **forwards**: $\kappa$ is known and there are no readings. The rival is finite differences, a method much older than neural networks.


# %%
def finite_differences(kappa: float, cells: int = 50) -> Tensor:
    """u on a grid of times (rows) and places (columns), by explicit steps that are just stable."""
    dx = 1 / cells
    steps = 2 * math.ceil(kappa / dx**2)  # dt = 1 / steps < dx^2 / (2 kappa)
    x = torch.linspace(0, 1, cells + 1, dtype=torch.float64)
    rows = [warm(x)]
    for _ in range(steps):
        row = rows[-1].clone()
        row[1:-1] += kappa / steps / dx**2 * (rows[-1][2:] - 2 * rows[-1][1:-1] + rows[-1][:-2])
        rows.append(row)
    return torch.stack(rows)


def relative_error(actual: Tensor, kappa: float = KAPPA) -> float:
    """Relative L2 error of u on a grid (times, places) against the exact solution."""
    t, x = torch.meshgrid(*(torch.linspace(0, 1, n, dtype=torch.float64) for n in actual.shape), indexing="ij")
    truth = exact(t, x, kappa)
    return ((actual - truth).norm() / truth.norm()).item()


def on_grid(model: Rod, count: int = 51) -> Tensor:
    """u of the network on a grid of times (rows) and places (columns)."""
    line = torch.linspace(0, 1, count, dtype=torch.float64)
    with torch.no_grad():
        return model(*torch.meshgrid(line, line, indexing="ij"))


none = torch.zeros(0, dtype=torch.float64)
how = {"adam": sized(200, rehearsal=10), "lbfgs": sized(300, rehearsal=10)}
start = time.perf_counter()
adam_only = train_pinn(none, none, none, kappa=KAPPA, adam=how["adam"], lbfgs=1)
rod = train_pinn(none, none, none, kappa=KAPPA, **how)
took, start = time.perf_counter() - start, time.perf_counter()
by_hand = finite_differences(KAPPA)
print(f"relative L2 error: Adam alone {relative_error(on_grid(adam_only)):.2%}, with L-BFGS {relative_error(on_grid(rod)):.3%} ({took:.0f} s together)")  # fmt: skip
print(f"finite differences {relative_error(by_hand):.3%} ({1000 * (time.perf_counter() - start):.0f} ms)")

# %%
line = torch.linspace(0, 1, 51, dtype=torch.float64)
grid_t, grid_x = torch.meshgrid(line, line, indexing="ij")
residual = pinn_residual(rod, grid_t.flatten(), grid_x.flatten(), torch.tensor(KAPPA)).detach().reshape(51, 51)
fig, axes = plt.subplots(1, 3, figsize=(9.5, 2.8), layout="constrained")
for ax, values, title in zip(axes, (on_grid(rod), on_grid(rod) - exact(grid_t, grid_x), residual), ("u", "error of u", "residual R"), strict=True):  # fmt: skip
    fig.colorbar(ax.imshow(values.T, origin="lower", extent=(0, 1, 0, 1), cmap="inferno" if title == "u" else "RdBu_r"), ax=ax)  # fmt: skip
    ax.set(title=title, xlabel="time", ylabel="place")
plot.alt(fig, f"Temperature, its error (at most {(on_grid(rod) - exact(grid_t, grid_x)).abs().max():.1e}) and the residual (at most {residual.abs().max():.1e}) over time and place.")  # fmt: skip

# %% [markdown]
# Over more seeds the error is {ledger: 14_state_of_the_art.train_pinn.rod.forward_error}, far below 2 %. Finite differences reach an error of that order in milliseconds. Counted in time the PINN loses this forward problem, and Grossmann and others (2023) found the same in more dimensions.
# The residual is what you can see without the truth; it need not be large where the error is.
#
# **Predict.** Now $\kappa$ is unknown and you have the forty noisy readings. What happens to the estimate if the residual's weight $w$ is 10 instead of 1? Too high, too low, or equal?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
for weight in (1.0, 10.0):
    plug = train_pinn(t, x, u, weight=weight, **how)
    print(f"weight {weight:4}: kappa {plug.log_kappa.exp():.4f}, truth {KAPPA}")

# %% [markdown]
# Too low. The optimiser can make the residual small by making $\kappa$ small and the rod nearly still; a large weight pays for that before the readings are fitted. With endless training the effect would shrink. **A weight in a loss is an assumption about noise.**

# %% [markdown]
# ## Find the bug
#
# A colleague did without hard constraints: the start and the ends are terms of the loss. It trains to a small loss, and the picture is wrong. The symptoms:
#
# 1. In one half of the plug the residual is large and positive, in the other large and negative.
# 2. The start profile appears at the *end* of the experiment.
# 3. The right end warms up.
#
# ### Exercise 14.12: find the bug
# Three places are wrong. Repair them and change nothing else.


# %%
def find_the_bug(model: nn.Module, t: Tensor, x: Tensor, kappa: float) -> Tensor:
    """Loss of a PINN with soft constraints at the points t, x (N,): equation + start + both ends.

    Three places are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    residual = pinn_residual(model, t, x, kappa)
    equation = residual.square().mean()
    before, left, right = torch.zeros_like(t), torch.zeros_like(x), torch.ones_like(x)
    start = (model(before, x) - warm(x)).square().mean()
    ends = model(t, left).square().mean() + model(t, right).square().mean()
    return equation + start + ends
    ### END SOLUTION


# %%
check(find_the_bug)

# %% [markdown]
# ## Learn the operator, not the solution: a Fourier layer
#
# A PINN solves *one* problem. A **neural operator** learns the map from any start profile to what becomes of it. **The idea in one sentence** (Fourier neural operator, FNO; Li and others, 2021): transform, multiply the lowest `modes` frequencies by learned complex numbers, set the others to zero, and transform back.
#
# The weights belong to frequencies and not to grid points. So the same layer takes a field on 64 or on 256 points.
# **A worked number.** For the heat equation on a ring, frequency $k$ is multiplied by $e^{-\kappa(2\pi k)^2t}$. A single layer with one channel can hold this exactly.

# %%
plot.diagram(["u -> N, C, points", plot.branches(["operation: Fourier transform", "layer: weights | lowest modes only", "operation: back"], "conv 1x1", join="+"), "GELU", "u -> N, C, points"], title="A block of a Fourier neural operator")  # fmt: skip

# %% [markdown]
# ### Exercise 14.13: a Fourier layer
# `weight` is complex, of shape `(C_in, C_out, modes)`. Use `torch.fft.rfft` and `irfft` along the last axis; the output has as many points as the input.


# %%
class FourierLayer(nn.Module):
    """Fields (N, C_in, points) -> (N, C_out, points); points / 2 + 1 must be at least ``modes``."""

    def __init__(self, channels_in: int, channels_out: int, modes: int) -> None:
        super().__init__()
        self.modes = modes
        self.weight = nn.Parameter(torch.randn(channels_in, channels_out, modes, dtype=torch.cfloat) / (channels_in * channels_out))  # fmt: skip

    def forward(self, u: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        points = u.shape[2]
        low = torch.fft.rfft(u)[:, :, : self.modes]
        mixed = torch.einsum("nik,iok->nok", low, self.weight)
        return torch.fft.irfft(mixed, n=points)
        ### END SOLUTION


# %%
check(FourierLayer)


# %%
def profiles(count: int, points: int, seed: int) -> Tensor:
    """Random smooth profiles on a ring, (count, 1, points): sums of eight waves."""
    generator = torch.Generator().manual_seed(seed)
    k = torch.arange(1, 9)
    a, b = torch.randn(2, count, 8, generator=generator) / k
    phase = 2 * math.pi * k[:, None] * torch.arange(points) / points
    return (a @ torch.sin(phase) + b @ torch.cos(phase))[:, None]


def waves_later(u: Tensor, ct: float = 0.3) -> Tensor:
    """The wave equation from rest, exactly: half the profile runs left, half runs right, each by ``ct``."""
    spectrum = torch.fft.rfft(u)
    return torch.fft.irfft(spectrum * torch.cos(2 * math.pi * torch.arange(spectrum.shape[-1]) * ct), n=u.shape[-1])


torch.manual_seed(0)
operator = FourierLayer(1, 1, 12)
starts = profiles(200, 64, 0)
fit(operator, starts, waves_later(starts), epochs=sized(150, rehearsal=2), lr=0.05, loss=F.mse_loss, batch=50)
for points in (64, 256):
    new_starts = profiles(100, points, 1)
    with torch.no_grad():
        error = (operator(new_starts) - waves_later(new_starts)).norm() / waves_later(new_starts).norm()
    print(f"{points} points: relative L2 error on new profiles {error:.2e}")

# %% [markdown]
# One layer learned the wave equation from 200 examples, and works on a grid that it never saw. Do not be impressed: the equation is linear and each frequency goes its own way, so the layer had twelve numbers to find.
#
# The test that counts is non-linear: **Burgers' equation** $\partial u/\partial t+u\,\partial u/\partial x=\nu\,\partial^2u/\partial x^2$, whose waves steepen. Three Fourier blocks with a GELU learn it.


# %%
def burgers(u: Tensor, nu: float = 0.02, duration: float = 0.5, steps: int = 400) -> Tensor:
    """Burgers' equation on a ring by a spectral method, (N, points) -> (N, points)."""
    points = u.shape[1]
    k = 2 * math.pi * torch.arange(points // 2 + 1, dtype=torch.float64)
    keep, dt = torch.arange(len(k)) < points // 3, duration / steps
    decay, half = torch.exp(-nu * k**2 * dt), torch.exp(-nu * k**2 * dt / 2)

    def slope(s: Tensor) -> Tensor:
        return -0.5j * k * torch.fft.rfft(torch.fft.irfft(s, n=points) ** 2) * keep

    spectrum = torch.fft.rfft(u.double())
    for _ in range(steps):
        middle = half * (spectrum + dt / 2 * slope(spectrum))
        spectrum = decay * spectrum + dt * half * slope(middle)
    return torch.fft.irfft(spectrum, n=points).float()


class FNO(nn.Module):
    """Three Fourier blocks, (N, points) -> (N, points); the place enters as a second channel."""

    def __init__(self, width: int = 24, modes: int = 16) -> None:
        super().__init__()
        self.lift, self.out = nn.Conv1d(2, width, 1), nn.Sequential(nn.Conv1d(width, 32, 1), nn.GELU(), nn.Conv1d(32, 1, 1))  # fmt: skip
        self.fourier = nn.ModuleList(FourierLayer(width, width, modes) for _ in range(3))
        self.beside = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(3))

    def forward(self, u: Tensor) -> Tensor:
        place = torch.arange(u.shape[1]) / u.shape[1]
        h = self.lift(torch.stack([u, place.expand_as(u)], 1))
        for fourier, beside in zip(self.fourier, self.beside, strict=True):
            h = F.gelu(fourier(h) + beside(h))
        return self.out(h)[:, 0]


def relative_l2(output: Tensor, target: Tensor) -> Tensor:
    """Mean over the batch of each field's relative L2 error."""
    return ((output - target).norm(dim=1) / target.norm(dim=1)).mean()


starts = 0.4 * profiles(sized(1000, rehearsal=50), 128, 0)[:, 0]
torch.manual_seed(0)
fno = fit(FNO(), starts, burgers(starts, steps=sized(400, rehearsal=100)), epochs=sized(20, rehearsal=1), lr=5e-3, loss=relative_l2, batch=50)  # fmt: skip
with torch.no_grad():
    for points in (128, 256):
        new_starts = 0.4 * profiles(50, points, 1)[:, 0]
        later = burgers(new_starts, steps=sized(800, rehearsal=200))
        print(f"{points} points: FNO {relative_l2(fno(new_starts), later):.2%}; no change at all {relative_l2(new_starts, later):.0%}")  # fmt: skip

# %% [markdown]
# Once trained, one forward pass replaces hundreds of steps. The data came from the solver that it replaces, so it pays only if you ask very often. McGreivy and Hakim (2024) read 76 articles which claim that machine learning beats a solver for fluids: 60 had compared with a weak one.
# **Left out:** fields that do not repeat, and two dimensions. DeepONet (Lu and others, 2021) takes another route to operators.
#
# ## How sure? Deep ensembles
#
# **The idea in one sentence** (Lakshminarayanan and others, 2017): let each network predict a mean *and* a variance, train several from different seeds, and take their mixture.
#
# $$ \mu=\frac1M\sum_m\mu_m, \qquad \sigma^2=\frac1M\sum_m\big(\sigma_m^2+\mu_m^2\big)-\mu^2 . $$
#
# The variance is the mean variance (noise in the data) plus the variance of the means (doubt of the networks). **A worked number.** Means 1 and 3, variances 0.5 each: $\mu=2$ and $\sigma^2=0.5+1=1.5$.
#
# ### Exercise 14.14: combine an ensemble
# Rows are members. Return mean and variance of the mixture.


# %%
def deep_ensemble(mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """mean, variance: (M, N); returns mean (N,) and variance (N,) of the mixture."""
    ### BEGIN SOLUTION
    middle = mean.mean(0)
    doubt = (mean - middle).square().mean(0)
    return middle, variance.mean(0) + doubt
    ### END SOLUTION


# %%
check(deep_ensemble)

# %% [markdown]
# Porosity from five logs. Train on eight wells by the Gaussian negative log-likelihood; the network returns mean and log variance. A 90 % interval is the mean plus and minus 1.645 standard deviations.
#
# **Predict.** How many of a hundred porosities will lie in their 90 % interval: on the wells of the training, and on four others?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def gaussian_nll(output: Tensor, y: Tensor) -> Tensor:
    """output: (N, 2), mean and log variance; y: (N,)."""
    return F.gaussian_nll_loss(output[:, 0], y, output[:, 1].exp())


logs = data.wells()
known, others = logs.of(*range(8)), logs.of(8, 9, 10, 11)
log_centre, log_spread = known.x.mean(0), known.x.std(0)
y_centre, y_spread = known.porosity.mean(), known.porosity.std()
members = [fit(mlp(5, 64, 2, seed), (known.x - log_centre) / log_spread, (known.porosity - y_centre) / y_spread, epochs=sized(15, rehearsal=1), lr=3e-3, batch=64, loss=gaussian_nll, seed=seed) for seed in range(sized(5, rehearsal=2))]  # fmt: skip


@torch.no_grad()
def predicted(x: Tensor) -> tuple[Tensor, Tensor]:
    """Means and variances of all members, (M, N) each, of standardised porosity."""
    out = torch.stack([member((x - log_centre) / log_spread) for member in members])
    return out[..., 0], out[..., 1].exp()


def coverage(mean: Tensor, variance: Tensor, y: Tensor, level: float = 0.9) -> float:
    """Share of y within the central interval of probability ``level``."""
    z = torch.distributions.Normal(0.0, 1.0).icdf(torch.tensor((1 + level) / 2))
    return ((y - mean).abs() < z * variance.sqrt()).float().mean().item()


levels = torch.linspace(0.05, 0.95, 19).tolist()
fig, ax = plt.subplots(figsize=(4.6, 3.8), layout="constrained")
ax.plot([0, 1], [0, 1], color="0.6", linestyle=":")
for place, some in (("training wells", known), ("other wells", others)):
    m, v = predicted(some.x)
    truth = (some.porosity - y_centre) / y_spread
    for name, pair in (("one network", (m[0], v[0])), ("ensemble", deep_ensemble(m, v))):
        nll = F.gaussian_nll_loss(pair[0], truth, pair[1], full=True)
        print(f"{place:14} {name:11}: 90 % interval holds {coverage(*pair, truth):.1%}, NLL {nll:.3f}")
        ax.plot(levels, [coverage(*pair, truth, level) for level in levels], label=f"{place}, {name}")
ax.set(xlabel="probability of the interval", ylabel="share of porosities in it")
ax.legend()
plot.alt(fig, "Coverage against nominal probability: on the training wells along the diagonal, on other wells below it, for one network and the ensemble alike.")  # fmt: skip
strange = others.x + 6 * log_spread * torch.tensor([1.0, 0, 0, 0, 0])
print(f"disagreement of the members: other wells {predicted(others.x)[0].std(0).mean():.3f}, gamma ray broken {predicted(strange)[0].std(0).mean():.3f}")  # fmt: skip

# %% [markdown]
# The intervals are honest on wells they know and too narrow on others. The ensemble helps a little and does not cure it. Its members saw the same eight wells and share the same blind spot: the calibration of a new well's tools.
# **An ensemble measures what its members disagree about, and nothing else.** It does notice a broken tool: in the last line the gamma ray is wrong, and there the members go separate ways.
#
# The cure is data: whole wells held back, and the variance scaled until they are covered (Guo and others, 2017, do so for classifiers). **Left out:** Bayesian networks; dropout kept on at test time (Gal and Ghahramani, 2016), which is cheaper and was less well calibrated in the ensemble paper.
#
# ## Many machines: the same step, shared
#
# Large trainings split the batch. **Data-parallel training**: each process holds a copy of the model, computes the gradient of *its* part of the batch, and an **all-reduce** adds up the gradients of all. Then each takes the same step, and the copies stay equal.

# %%
plot.diagram([plot.branches(["input: part 1 of the batch", "layer: copy 1", "operation: gradient"], ["input: part 2 of the batch", "layer: copy 2", "operation: gradient"], join="operation: all-reduce (sum), divide by N"), "operation: the same step in both"], title="Data-parallel training on two processes")  # fmt: skip

# %% [markdown]
# The parts may be unequal. Then the mean of the two means is *not* the mean of all: two examples with losses 1 and 1, and one with 4, have the mean $6/3=2$, and the mean of means is $2.5$. So sum the losses, sum the counts, and divide at the end.
#
# ### Exercise 14.15: one data-parallel step
# `all_reduce(tensor)` replaces a tensor, in place, by its sum over all processes. Every process must call it equally often. The loss is the cross-entropy, a mean over *all* examples of all processes. Old gradients may still be there.


# %%
def ddp_step(model: nn.Module, x: Tensor, y: Tensor, optimiser: torch.optim.Optimizer, all_reduce) -> None:
    """One step of ``optimiser`` on the whole batch, of which this process holds x (n, D) and y (n,)."""
    ### BEGIN SOLUTION
    optimiser.zero_grad()
    F.cross_entropy(model(x), y, reduction="sum").backward()
    count = torch.tensor(float(len(x)))
    all_reduce(count)
    for parameter in model.parameters():
        all_reduce(parameter.grad)
        parameter.grad /= count
    optimiser.step()
    ### END SOLUTION


# %%
check(ddp_step)

# %% [markdown]
# Now with two real processes. `torchrun` starts them; `gloo` is the exchange that works on any CPU. The script holds your function, and parts of 5 and 11 examples. First a trial with one process, which has nothing to exchange.

# %%
trial = nn.Linear(6, 3)
ddp_step(trial, torch.randn(4, 6), torch.tensor([0, 1, 2, 0]), torch.optim.SGD(trial.parameters(), lr=0.1), lambda tensor: None)  # fmt: skip
try:
    written = inspect.getsource(ddp_step)
except OSError:  # a lent solution has no text
    raise NotImplementedError(
        "this cell sends the text of your own ddp_step to two processes: write it first"
    ) from None
script = f"""
import sys
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

{written}

dist.init_process_group("gloo")
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).double()
x, y = torch.randn(16, 6).double(), torch.randint(3, (16,))
mine = slice(0, 5) if dist.get_rank() == 0 else slice(5, 16)
optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for _ in range(3):
    ddp_step(model, x[mine], y[mine], optimiser, dist.all_reduce)
torch.save(model.state_dict(), sys.argv[1] + str(dist.get_rank()))
dist.destroy_process_group()
"""
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "two_processes.py")
    path.write_text(script)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run([*torchrun, str(path), f"{folder}/rank"], check=True, capture_output=True, timeout=120)
    ranks = [torch.load(f"{folder}/rank{rank}") for rank in (0, 1)]
torch.manual_seed(0)
alone = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).double()
whole_x, whole_y = torch.randn(16, 6).double(), torch.randint(3, (16,))
optimiser = torch.optim.SGD(alone.parameters(), lr=0.1, momentum=0.9)
for _ in range(3):
    optimiser.zero_grad()
    F.cross_entropy(alone(whole_x), whole_y).backward()
    optimiser.step()
for rank, state in enumerate(ranks):
    apart = max((state[name] - value).abs().max().item() for name, value in alone.state_dict().items())
    print(f"process {rank} differs from a single one by {apart:.1e}")

# %% [markdown]
# `DistributedDataParallel` (Li and others, 2020) does the same and hides the exchange behind the backward pass: gradients travel in buckets while earlier layers still compute. It takes the *mean of means*, so give each process equally many examples. And call `sampler.set_epoch(epoch)`, or each epoch has the same order.
#
# What if the model does not fit? Adam in mixed precision keeps about 16 bytes for each parameter. A model of $7\times10^9$ parameters needs 112 GB. **Sharded** training (FSDP; Zhao and others, 2023) lets each of $G$ processes keep $1/G$ of it, and gathers a layer's weights just when it is used: 8 processes need 14 GB each, and more traffic.
#
# Three cheaper steps come first. **bfloat16** halves memory and often doubles speed ({day: 03_pytorch_2}). **`torch.compile(model)`** fuses operations into larger kernels; the first call is slow and needs a C++ compiler. **Gradient accumulation** adds the gradients of several small batches before a step. Measure each: on our small models none of them pays.
#
# ## Use it responsibly
#
# - **Baselines.** Print the simplest method beside yours, tuned as well as yours. Today the plain method was as good or better both times, and faster.
# - **Splits.** By well, by basin, by year. Neighbours in depth or time are not new data.
# - **Scope.** Say where the training data come from and where the model must not be used. A model card (Mitchell and others, 2019) is one page.
# - **Cost.** A law as in the first section tells you whether a larger training is worth its energy.
# - **Decisions.** Where people may be harmed (a hazard map, a repository), an interval that covers 80 % and says 90 % is a false statement. Check coverage where the model will be used.

# %% [markdown]
# ## How fast does heat travel through this rock? Answered
#
# The rival of the PINN is **least squares**: for each $\kappa$ on a fine grid solve the equation by finite differences, and take the $\kappa$ with the smallest misfit to the readings. Several sets of forty readings show the spread.

# %%
candidates = torch.linspace(0.03, 0.08, sized(101, rehearsal=11)).tolist()
solutions = [finite_differences(kappa) for kappa in candidates]


def least_squares(t: Tensor, x: Tensor, u: Tensor) -> float:
    """The diffusivity whose solution, read off at the nearest grid point, fits best."""
    misfits = []
    for solution in solutions:
        row, column = ((axis * (n - 1)).round().long() for axis, n in zip((t, x), solution.shape, strict=True))
        misfits.append((solution[row, column] - u).square().mean().item())
    return candidates[misfits.index(min(misfits))]


for seed in range(sized(3, rehearsal=1)):
    readings = measure(seed)
    plug = train_pinn(*readings, seed=seed, **how)
    kappa = plug.log_kappa.exp().item()
    plain = least_squares(*readings)
    print(f"readings {seed}: PINN {kappa:.4f} ({kappa / KAPPA - 1:+.1%}), least squares {plain:.4f} ({plain / KAPPA - 1:+.1%})")  # fmt: skip

# %% [markdown]
# **How fast does heat travel?** A network that knows the heat equation finds $\kappa$ from forty noisy readings with a relative error of {ledger: 14_state_of_the_art.train_pinn.rod.kappa_error}. So the rock has $10^{-6}$ m²/s within a few per cent. Least squares makes an error of {ledger: 14_state_of_the_art.train_pinn.rod.least_squares_error} on the same readings, in a fraction of the time.
#
# So the honest answer is: yes, it can, and it does not beat the plain method here. Both are limited by the noise of the readings, not by the solver. The details decided: with soft constraints and Adam alone, our first trials missed $\kappa$ by 15 to 25 %.
# A PINN may pay where the plain method is hard to write: strange geometry, unknown terms in the equation, data of several kinds. Show the plain method beside it whenever you can.
#
# ## Summary
#
# - A scaling law predicts one step ahead; its floor is uncertain. Print intervals.
# - LoRA: a low-rank change beside frozen weights, divided by $r$, merged at the end. Distillation and int8 make models small; measure what is lost.
# - Contrastive training makes any caption a class. Ask among which captions a figure chose.
# - MAE: two sorts, a loss on hidden patches. Scan: pairs of steps make one step. Messages: a sum over incoming edges.
# - PINN: hard constraints, L-BFGS, float64; compare with the plain solver. A Fourier layer learns the operator, on any grid.
# - Ensembles show disagreement, not shared blindness. Data-parallel: sum the losses, sum the counts, divide.
#
# ### Questions to take along
#
# 1. Your LoRA works with $\alpha=r$ and fails after you doubled both. What do you suspect?
#
# <details><summary>Answer</summary>
#
# Nothing should have changed in strength: $\alpha/r$ is the same. If it did, the code probably leaves out the division by $r$; with $\alpha=r=1$ you cannot see it.
#
# </details>
#
# 2. The loss of your PINN falls to $10^{-6}$ and the solution is zero everywhere. How can that be?
#
# <details><summary>Answer</summary>
#
# Zero satisfies the heat equation. Only the start tells it apart, and its term was too light, or is missing. Hard constraints exclude the trivial solution.
#
# </details>
#
# 3. Two processes, and the accuracy on the test set differs by 0.02 % from a single process. Why?
#
# <details><summary>Answer</summary>
#
# A distributed sampler pads the set so that the parts are equal, and counts a few examples twice. Sum correct answers and counts over the unpadded set.
#
# </details>

# %% [markdown]
# ## References
#
# - T. Besiroglu and others (2024). *Chinchilla scaling: a replication attempt.* arXiv:2404.10102.
# - J. H. Cho, B. Hariharan (2019). *On the efficacy of knowledge distillation.* arXiv:1910.01348.
# - T. Dettmers and others (2022). *LLM.int8(): 8-bit matrix multiplication for transformers at scale.* arXiv:2208.07339.
# - Y. Gal, Z. Ghahramani (2016). *Dropout as a Bayesian approximation: representing model uncertainty in deep learning.* arXiv:1506.02142.
# - T. G. Grossmann and others (2023). *Can physics-informed neural networks beat the finite element method?* arXiv:2302.04107.
# - A. Gu, T. Dao (2023). *Mamba: linear-time sequence modeling with selective state spaces.* arXiv:2312.00752.
# - A. Gu, K. Goel, C. Ré (2021). *Efficiently modeling long sequences with structured state spaces.* arXiv:2111.00396.
# - C. Guo and others (2017). *On calibration of modern neural networks.* arXiv:1706.04599.
# - K. He and others (2022). *Masked autoencoders are scalable vision learners.* arXiv:2111.06377.
# - G. Hinton, O. Vinyals, J. Dean (2015). *Distilling the knowledge in a neural network.* arXiv:1503.02531.
# - J. Hoffmann and others (2022). *Training compute-optimal large language models.* arXiv:2203.15556.
# - E. J. Hu and others (2021). *LoRA: low-rank adaptation of large language models.* arXiv:2106.09685.
# - B. Jacob and others (2018). *Quantization and training of neural networks for efficient integer-arithmetic-only inference.* arXiv:1712.05877.
# - D. Kalajdzievski (2023). *A rank stabilization scaling factor for fine-tuning with LoRA.* arXiv:2312.03732.
# - J. Kaplan and others (2020). *Scaling laws for neural language models.* arXiv:2001.08361.
# - T. N. Kipf, M. Welling (2017). *Semi-supervised classification with graph convolutional networks.* arXiv:1609.02907.
# - R. Krishnamoorthi (2018). *Quantizing deep convolutional networks for efficient inference: a whitepaper.* arXiv:1806.08342.
# - A. Krishnapriyan and others (2021). *Characterizing possible failure modes in physics-informed neural networks.* arXiv:2109.01050.
# - I. E. Lagaris, A. Likas, D. I. Fotiadis (1998). *Artificial neural networks for solving ordinary and partial differential equations.* doi:10.1109/72.712178.
# - B. Lakshminarayanan, A. Pritzel, C. Blundell (2017). *Simple and scalable predictive uncertainty estimation using deep ensembles.* arXiv:1612.01474.
# - R. Lam and others (2023). *GraphCast: learning skillful medium-range global weather forecasting.* arXiv:2212.12794.
# - S. Li and others (2020). *PyTorch distributed: experiences on accelerating data parallel training.* arXiv:2006.15704.
# - Z. Li and others (2021). *Fourier neural operator for parametric partial differential equations.* arXiv:2010.08895.
# - L. Lu and others (2021). *Learning nonlinear operators via DeepONet based on the universal approximation theorem of operators.* arXiv:1910.03193.
# - N. McGreivy, A. Hakim (2024). *Weak baselines and reporting biases lead to overoptimism in machine learning for fluid-related partial differential equations.* doi:10.1038/s42256-024-00897-5.
# - M. Mitchell and others (2019). *Model cards for model reporting.* arXiv:1810.03993.
# - T. Pearce, J. Song (2024). *Reconciling Kaplan and Chinchilla scaling laws.* arXiv:2406.12907.
# - A. Radford and others (2021). *Learning transferable visual models from natural language supervision.* arXiv:2103.00020.
# - M. Raissi, P. Perdikaris, G. E. Karniadakis (2019). *Physics-informed neural networks: a deep learning framework for solving forward and inverse problems involving nonlinear partial differential equations.* doi:10.1016/j.jcp.2018.10.045.
# - S. Wang, Y. Teng, P. Perdikaris (2021). *Understanding and mitigating gradient flow pathologies in physics-informed neural networks.* arXiv:2001.04536.
# - X. Zhai and others (2023). *Sigmoid loss for language image pre-training.* arXiv:2303.15343.
# - Y. Zhao and others (2023). *PyTorch FSDP: experiences on scaling fully sharded data parallel.* arXiv:2304.11277.
