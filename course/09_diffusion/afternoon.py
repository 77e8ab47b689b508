# ---
# title: "Diffusion on images: sections that honour a well"
# objectives:
#   - build a U-Net that knows how much noise there is, and which class is asked for
#   - train it, average its weights, and score its samples beside a floor and a ceiling
#   - sample in twenty steps instead of hundreds, with or without fresh noise
#   - ask for a class by guidance, and for a known part by inpainting
#   - replace the diffusion by a straight flow, and say what is gained
# prerequisites: [09_diffusion.morning, 06_cnns_2.afternoon]
# minutes: {cpu: 3, cpu_fp32: 5}
# data: [seismic_sections]
# ---

# %%
import copy
import math
from collections.abc import Iterator

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import data, measure, plot
from dlmodule.checking import checks
from dlmodule.device import Plan
from dlmodule.progress_bar import progress_bar
from dlmodule.rehearsal import sized

check = checks("09_diffusion")
plot.use_style()

# %% [markdown]
# ## The question: what lies between the wells?
#
# A well gives one column of a seismic section, exactly. Left and right of it you know nothing, except what geology looks like in general. What could the whole section be? There is not one
# answer but many, and an honest model gives you many. Each of them must **honour the well**: agree with the column that was measured.
#
# The general knowledge comes from 8,000 sections of 32 by 32 samples: flat, dipping, folded and faulted ground. A program drew them ({day: 06_cnns_2}). Real sections have noise, multiples
# and gaps, which these leave out.

# %%
LIMIT = 4.0  # the largest amplitude, in standard deviations


def amplitudes(images: Tensor) -> Tensor:
    """Images in [0, 1] as amplitudes of standard deviation 1, between -LIMIT and LIMIT."""
    return 2 * LIMIT * (images - 0.5)


def as_images(x: Tensor) -> Tensor:
    """Amplitudes as images in [0, 1]."""
    return (x / (2 * LIMIT) + 0.5).clamp(0, 1)


train, test = data.load("seismic_sections"), data.load("seismic_sections", "test")
train = train.take(sized(8000, rehearsal=200))
x_train, y_train = amplitudes(train.x), train.y
print(f"{tuple(x_train.shape)}: standard deviation {x_train.std():.2f}; classes: {', '.join(train.classes)}")

# %%
WELL = 12  # the trace where the well stands
chosen = [int((test.y == k).nonzero()[0]) for k in range(4)]  # one section of each kind
truth = amplitudes(test.x[chosen])
FOLDED = 2
fig, axes = plt.subplots(1, 5, figsize=(11, 2.5), layout="constrained")
for ax, section, kind in zip(axes, truth, range(4), strict=False):
    ax.imshow(section[0], cmap="gray", vmin=-LIMIT, vmax=LIMIT)
    ax.axvline(WELL, color=plot.ORANGE, linewidth=2, linestyle="-")
    ax.set(title=test.classes[kind], xticks=[], yticks=[])
axes[4].plot(truth[FOLDED, 0, :, WELL], range(32), color=plot.ORANGE, linestyle="-")
axes[4].set(title="the well of the folded one", xlabel="amplitude", ylim=(31, 0))
plot.alt(fig, "Four sections that the model never sees, each with a well at trace 12, and the amplitudes along the well of the folded one.")  # fmt: skip

# %% [markdown]
# **The simplest thing that could work** is to repeat the well to both sides. For flat ground this is right. For the other three kinds it is wrong a few traces away, and it gives one
# answer where there are many.
#
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N$ | sections in a batch | |
# | $T, t, s$ | number of noise steps, a step, and an earlier step; in flow matching $t$ is a number from 0 to 1 | |
# | $x_0, x_t$ | a section, and a section with the noise of $t$ steps | `(N, 1, 32, 32)` |
# | $y$ | class of each section; $K$ stands for "no class" | `(N,)` |
# | $K$ | number of classes | |
# | $\bar\alpha_t$ | share of the signal's variance that is left at step $t$ | `(T + 1,)` |
# | $\varepsilon, v$ | noise, and what the network predicts | `(N, 1, 32, 32)` |
# | $\sigma, z$ | size of the fresh noise in a step, and that noise | |
# | $\theta, \bar\theta, d$ | weights, their moving average, how much of it is kept | |
# | $\eta$ | amount of fresh noise in a sampler, 0 to 1 | one number |
# | $w$ | guidance scale | one number |
#
# Three functions of this morning are used again. Here they are, given.


# %%
def cosine_schedule(steps: int) -> Tensor:
    """alpha_bar, (steps + 1,), as this morning."""
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    f = torch.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2
    alpha = 1 - (1 - f[1:] / f[:-1]).clamp(max=0.999)
    return torch.cat([torch.ones(1), alpha.cumprod(0).float()])


def q_sample(x0: Tensor, t: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """x_t of data x0 (N, ...), steps t (N,), noise of x0's shape, as this morning."""
    a = alpha_bar[t].reshape(-1, *[1] * (x0.dim() - 1))
    return a.sqrt() * x0 + (1 - a).sqrt() * noise


def sinusoidal_time_embedding(t: Tensor, dim: int) -> Tensor:
    """t: (N,) fractions in [0, 1]; returns (N, dim), as this morning."""
    frequency = 10000 ** (-torch.arange(dim // 2) / (dim // 2))
    angle = 1000 * t[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=1)


# %% [markdown]
# ## A U-Net that knows the time
#
# The network gets a noisy section and returns a prediction of the same shape. That is what a U-Net is for ({day: 06_cnns_2}). Two things are new:
#
# - **Condition.** Time and class become one vector of 64 numbers, and every block adds it to its channels.
# - **Space to depth.** The first layer turns each square of 2 by 2 pixels into four channels (`F.pixel_unshuffle`), and the last turns them back
#   (`F.pixel_shuffle`). Convolutions then run on 16 by 16 places, which costs a quarter.
#
# The block is given. It is a residual block whose second convolution starts at zero: at first it does nothing, which makes the start of training smooth. Its
# normalisation runs over the channels of each place. So it does not depend on other images, nor on how much noise there is elsewhere in this one.

# %%
plot.axes_over("N C=6 HW", {"batch norm": "N HW", "channel norm": "C"})


# %%
class ChannelNorm(nn.LayerNorm):
    """Mean 0 and variance 1 over the channels of each place, then a learned scale and shift. (N, C, H, W) -> the same."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class TimeBlock(nn.Module):
    """A residual block that a condition steers. x: (N, in_channels, H, W), condition: (N, 64) -> (N, out_channels, H, W)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = ChannelNorm(in_channels), nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.steer = nn.Linear(64, out_channels)
        self.norm2, self.conv2 = ChannelNorm(out_channels), nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x))) + self.steer(condition)[:, :, None, None]
        return self.shortcut(x) + self.conv2(F.silu(self.norm2(h)))


# %%
plot.diagram(
    [
        "x -> N, 1, H, W",
        "operation: space to depth -> N, 4, H/2, W/2",
        "layer: stem: conv 3x3 -> N, top, H/2, W/2",
        "layer: first: TimeBlock",
        plot.skip(
            "down: conv 3x3 | stride 2 -> N, low, H/4, W/4",
            "layer: middle: TimeBlock -> N, low, H/4, W/4",
            "pool: up: nearest ×2 -> N, low, H/2, W/2",
            dip=True,
            join="concat -> N, low + top, H/2, W/2",
        ),
        "layer: last: TimeBlock -> N, top, H/2, W/2",
        "norm, SiLU, conv 3x3 -> N, 4, H/2, W/2",
        "operation: depth to space -> N, 1, H, W",
        "v",
    ],
    title="TimeUNet: each TimeBlock also gets the condition (N, 64)",
)

# %%
plot.diagram(
    [
        plot.branches(
            ["input: t -> N", "operation: waves -> N, 64", "linear", "SiLU", "linear -> N, 64"],
            ["input: y -> N", "layer: embedding | K + 1 rows -> N, 64"],
            join="+",
        ),
        "SiLU",
        "condition -> N, 64",
    ],
    title="the condition",
)

# %% [markdown]
# ### Exercise 9.11: the time U-Net
# Build the network of the two diagrams. The label embedding has $K+1$ rows; the last belongs to "no class". All 3x3 convolutions have padding 1 and a bias. The norm before
# the last of them is a `ChannelNorm`. In the concatenation the upsampled channels come first. `F.interpolate(h, scale_factor=2)` repeats each place twice.


# %%
class TimeUNet(nn.Module):
    """x: (N, 1, H, W) with H and W multiples of 4, t: (N,) in [0, 1], y: (N,) in 0 ... classes -> v (N, 1, H, W)."""

    def __init__(self, top: int, low: int, classes: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.time = nn.Sequential(nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 64))
        self.label = nn.Embedding(classes + 1, 64)
        self.stem = nn.Conv2d(4, top, 3, padding=1)
        self.first = TimeBlock(top, top)
        self.down = nn.Conv2d(top, low, 3, stride=2, padding=1)
        self.middle = TimeBlock(low, low)
        self.last = TimeBlock(low + top, top)
        self.out = nn.Sequential(ChannelNorm(top), nn.SiLU(), nn.Conv2d(top, 4, 3, padding=1))
        ### END SOLUTION

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        """The prediction for noisy x at the time t, for the class y."""
        ### BEGIN SOLUTION
        condition = F.silu(self.time(sinusoidal_time_embedding(t, 64)) + self.label(y))
        h = self.first(self.stem(F.pixel_unshuffle(x, 2)), condition)
        below = self.middle(self.down(h), condition)
        above = torch.cat([F.interpolate(below, scale_factor=2), h], dim=1)
        return F.pixel_shuffle(self.out(self.last(above, condition)), 2)
        ### END SOLUTION


# %%
check(TimeUNet)

# %% [markdown]
# ## What should the network predict?
#
# This morning it was the noise. On images with few training steps that is fragile. Suppose the predicted noise is wrong by $\delta$. The data that it implies are wrong by
# $\delta\sqrt{1-\bar\alpha}/\sqrt{\bar\alpha}$. Near $t=T$ this factor is huge.
#
# Salimans and Ho (2022) therefore let the network predict a mixture of noise and data:
#
# $$ v=\sqrt{\bar\alpha_t}\;\varepsilon-\sqrt{1-\bar\alpha_t}\;x_0 . $$
#
# Together with $x_t=\sqrt{\bar\alpha_t}\,x_0+\sqrt{1-\bar\alpha_t}\,\varepsilon$ this is a rotation by an angle. So it is undone by rotating back:
#
# $$ x_0=\sqrt{\bar\alpha_t}\;x_t-\sqrt{1-\bar\alpha_t}\;v, \qquad \varepsilon=\sqrt{1-\bar\alpha_t}\;x_t+\sqrt{\bar\alpha_t}\;v . $$
#
# An error in $v$ now reaches $x_0$ and $\varepsilon$ with a factor of at most 1, at every step.
#
# **Predict.** $T=200$, cosine schedule. At $t=190$, by what factor is an error of the noise multiplied on its way to $x_0$? About 1, about 10, or about 100?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
T = 200
alpha_bar = cosine_schedule(T)
for step in (1, 100, 190, 200):
    a = alpha_bar[step]
    print(f"t = {step:3}: alpha_bar {a:.1e}; an error in the noise times {((1 - a) / a).sqrt():.2f}, in v times {(1 - a).sqrt():.2f}")  # fmt: skip


# %%
def velocity(x0: Tensor, noise: Tensor, t: Tensor, alpha_bar: Tensor) -> Tensor:
    """v of data x0 (N, ...), noise and steps t (N,)."""
    a = alpha_bar[t].reshape(-1, *[1] * (x0.dim() - 1))
    return a.sqrt() * noise - (1 - a).sqrt() * x0


def noise_of(x: Tensor, v: Tensor, t: int, alpha_bar: Tensor) -> Tensor:
    """The noise in x_t = x that a predicted v implies."""
    return (1 - alpha_bar[t]).sqrt() * x + alpha_bar[t].sqrt() * v


# %% [markdown]
# ## Train it, and average the weights
#
# Each step of the optimiser follows a noisy gradient, so the weights jitter around a good place. A sampler adds up the errors of many calls. Ho and others therefore sample with
# an **exponential moving average** (EMA) of the weights:
#
# $$ \bar\theta \leftarrow d\,\bar\theta + (1-d)\,\theta, \qquad d=0.99 . $$
#
# It costs no training at all. **A worked number.** After 100 steps the start still has the weight $0.99^{100}=0.37$. In a short run that spoils the samples. Let $d$ grow: use $\min(d, (k+1)/(k+10))$ at step
# $k=0,1,\ldots$.
#
# ### Exercise 9.12: update the average
# Move every parameter of `average` in place, without a graph. Copy the buffers (such as the statistics of a batch normalisation) as they are. Leave `model` alone. Note that `p.detach()` shares the memory of `p` and has no graph.


# %%
def ema_update(average: nn.Module, model: nn.Module, decay: float) -> None:
    """average's parameters become decay * average + (1 - decay) * model; its buffers become the model's."""
    ### BEGIN SOLUTION
    for mean, new in zip(average.parameters(), model.parameters(), strict=True):
        mean.detach().lerp_(new.detach(), 1 - decay)
    for mean, new in zip(average.buffers(), model.buffers(), strict=True):
        mean.copy_(new)
    ### END SOLUTION


# %%
check(ema_update)

# %% [markdown]
# Two given functions. `run` calls the network in the fastest way this machine has ({day: 03_pytorch_2}: bfloat16, channels last). `progress` counts with a bar.


# %%
def run(model: nn.Module, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    """model(x, t, y), computed in bfloat16 where that is faster; returns float32."""
    with Plan.of(model).autocast():
        return model(x.contiguous(memory_format=torch.channels_last), t, y).float()


def progress(count: int) -> Iterator[int]:
    """0 ... count - 1, with a bar where a person watches."""
    with progress_bar(count, unit="step") as bar:
        for step in range(count):
            yield step
            bar.update()


# %% [markdown]
# ### Exercise 9.13: train the diffusion model
# Seed, then make `TimeUNet(*widths, classes)` and a copy of it for the average. The optimiser is AdamW with weight decay 0.01. The learning rate rises to `lr` over the first 20 steps while it
# falls linearly to zero: `lr * min((step + 1) / 20, 1 - step / steps)`. In each step:
#
# 1. draw `batch_size` examples with replacement, a $t$ from 1 to $T$ for each, and noise;
# 2. replace each label by `classes` ("no class") with probability `drop`. One network thus learns both, with and without a class;
# 3. predict $v$ with `run` from $x_t$, $t/T$ and the labels; the loss is the mean squared error;
# 4. clip the norm of the gradient at 1, step, and update the average.
#
# Loop with `progress(steps)`, and return the *average* in evaluation mode.


# %%
def train_ddpm(
    x: Tensor,
    y: Tensor,
    alpha_bar: Tensor,
    *,
    steps: int,
    classes: int,
    widths: tuple[int, int] = (32, 48),
    batch_size: int = 32,
    lr: float = 3e-3,
    decay: float = 0.99,
    drop: float = 0.15,
    seed: int = 0,
) -> nn.Module:
    """The averaged TimeUNet, trained on x (N, 1, H, W) of classes y (N,), in evaluation mode."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = TimeUNet(*widths, classes)
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
    last = len(alpha_bar) - 1
    for step in progress(steps):
        optimiser.param_groups[0]["lr"] = lr * min((step + 1) / 20, 1 - step / steps)
        batch = torch.randint(len(x), (batch_size,))
        t = torch.randint(1, last + 1, (batch_size,))
        noise = torch.randn_like(x[batch])
        labels = torch.where(torch.rand(batch_size) < drop, classes, y[batch])
        v = run(model, q_sample(x[batch], t, noise, alpha_bar), t / last, labels)
        loss = F.mse_loss(v, velocity(x[batch], noise, t, alpha_bar))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        ema_update(average, model, min(decay, (step + 1) / (step + 10)))
    return average.eval()
    ### END SOLUTION


# %%
check(train_ddpm)

# %%
K = len(train.classes)
model = train_ddpm(x_train, y_train, alpha_bar, steps=sized(500, rehearsal=20), classes=K)
print(f"{sum(p.numel() for p in model.parameters()):,} parameters")

# %% [markdown]
# ## Twenty steps instead of two hundred: DDIM
#
# Ancestral sampling needs all $T$ steps, because each is small. Song, Meng and Ermon (2020) saw that training never uses the chain: only $q(x_t\mid x_0)$. So *any* process with the same $q(x_t\mid x_0)$ may use
# the same network. Theirs goes from step $t$ to any earlier step $s$. First compute the data that the noise implies. Then put noise of the right size back:
#
# $$ x_s=\sqrt{\bar\alpha_s}\;\hat x_0+\sqrt{1-\bar\alpha_s-\sigma^2}\;\hat\varepsilon+\sigma z, \qquad
# \sigma=\eta\,\sqrt{\frac{1-\bar\alpha_s}{1-\bar\alpha_t}}\,\sqrt{1-\frac{\bar\alpha_t}{\bar\alpha_s}} . $$
#
# The variances add to $1-\bar\alpha_s$ whatever $\eta$ is. With $\eta=0$ nothing is random: the same start gives the same section (**DDIM**). With $\eta=1$ and $s=t-1$,
# $\sigma^2$ is this morning's $\tilde\beta_t$: ancestral sampling.
#
# We know that amplitudes lie between $-4$ and 4, so clamp $\hat x_0$. Then $\hat\varepsilon$ no longer fits: compute it again from $x_t$ and the clamped $\hat x_0$.
#
# **A worked number.** $\bar\alpha_t=0.25$, $\bar\alpha_s=0.64$, $x_t=1$, $\hat\varepsilon=0.5$, $\eta=0$. Then $\hat x_0=(1-0.866\cdot 0.5)/0.5=1.134$ and $x_s=0.8\cdot 1.134+0.6\cdot 0.5=1.207$.
#
# ### Exercise 9.14: one DDIM step
# Return $x_s$. In this order: $\hat x_0$ from `eps`, clamped to $\pm$`LIMIT`; $\hat\varepsilon$ again; $\sigma$; the sum.


# %%
def ddim_step(x: Tensor, t: int, s: int, eps: Tensor, noise: Tensor, alpha_bar: Tensor, eta: float = 0.0) -> Tensor:
    """x_s from x_t = x, the predicted noise eps and fresh noise, all (N, ...); 0 <= s < t."""
    ### BEGIN SOLUTION
    a, b = alpha_bar[t], alpha_bar[s]
    x0 = ((x - (1 - a).sqrt() * eps) / a.sqrt()).clamp(-LIMIT, LIMIT)
    eps = (x - a.sqrt() * x0) / (1 - a).sqrt()
    sigma = eta * ((1 - b) / (1 - a)).sqrt() * (1 - a / b).sqrt()
    return b.sqrt() * x0 + (1 - b - sigma**2).sqrt() * eps + sigma * noise
    ### END SOLUTION


# %%
check(ddim_step)

# %% [markdown]
# ## Asking for a class: guidance
#
# The network takes a class, but it may pay little attention to it. **Classifier-free guidance** (Ho and Salimans, 2022) exaggerates what the class changes. Ask the network twice, with the class and with
# "no class", and go further in the direction of the difference:
#
# $$ v_w=v(x,t,\varnothing)+w\,\big(v(x,t,y)-v(x,t,\varnothing)\big) . $$
#
# $w=0$ ignores the class, $w=1$ is the conditional answer, $w>1$ exaggerates. **Two conventions exist.** The paper's scale is one less than this one: its 2 is our 3. Look before you copy a number.
#
# ### Exercise 9.15: classifier-free guidance
# Write the formula: two calls of `model`, one of them with every label replaced by `null`, "no class". Return $v_w$.


# %%
def classifier_free_guidance(model, x: Tensor, t: Tensor, y: Tensor, scale: float, null: int) -> Tensor:
    """The guided prediction. model(x, t, y) -> (N, ...); t, y: (N,)."""
    ### BEGIN SOLUTION
    conditional = model(x, t, y)
    unconditional = model(x, t, torch.full_like(y, null))
    return unconditional + scale * (conditional - unconditional)
    ### END SOLUTION


# %%
check(classifier_free_guidance)

# %% [markdown]
# Here is the sampler, put together from your parts. It runs through `steps + 1` times, evenly spaced from $T$ to 0.


# %%
def predicted_noise(model: nn.Module, x: Tensor, t: int, y: Tensor, scale: float) -> Tensor:
    """The noise in x at step t; one call of the network for scale 1, two otherwise."""
    time = torch.full((len(x),), t / T)

    def predict(x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        return run(model, x, t, y)

    v = predict(x, time, y) if scale == 1 else classifier_free_guidance(predict, x, time, y, scale, K)
    return noise_of(x, v, t, alpha_bar)


def times_of(steps: int) -> list[int]:
    """``steps + 1`` whole steps from T to 0."""
    return torch.linspace(T, 0, steps + 1).round().long().tolist()


@torch.no_grad()
def sample(
    model: nn.Module, y: Tensor, steps: int = 20, *, eta: float = 0.0, scale: float = 1.0, seed: int = 0
) -> Tensor:
    """One section for each class of y (N,): amplitudes (N, 1, 32, 32)."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(len(y), 1, 32, 32, generator=generator)
    times = times_of(steps)
    for k in progress(steps):
        noise = torch.randn(x.shape, generator=generator)
        eps = predicted_noise(model, x, times[k], y, scale)
        x = ddim_step(x, times[k], times[k + 1], eps, noise, alpha_bar, eta)
    return x


# %%
kinds = torch.arange(K).repeat_interleave(6)
plot.images(
    as_images(sample(model, kinds, scale=2.0)),
    titles=[train.classes[k] if i % 6 == 0 else "" for i, k in enumerate(kinds.tolist())],
    columns=6,
    alt="Four rows of six drawn sections, one row for each class asked: flat, dipping, folded, faulted.",
)

# %% [markdown]
# Look first, then count. The frozen classifier of {day: 07_vaes, 08_gans} compares 200 samples with real sections. Beside the score stand its controls: real sections (the **floor**), the
# mean image, and noise (the **ceiling**).
#
# **Predict.** The share of samples that the frozen classifier sees as the class you asked for: does it grow with $w$? And what happens to the distance from real sections?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
asked = torch.arange(sized(200, rehearsal=100)) % K
for scale in (0.0, 1.0, 2.0, 4.0):
    drawn = as_images(sample(model, asked, sized(20, rehearsal=3), scale=scale))
    seen = measure.frozen("seismic_sections")(drawn).argmax(1)
    scores = measure.report(drawn, "seismic_sections")
    print(f"w = {scale:3}: {(seen == asked).float().mean():.0%} as asked, FID {scores.samples.fid:7.1f} (floor {scores.real.fid:.2f}, mean image {scores.mean_image.fid:.0f})")  # fmt: skip
print()
print(scores)

# %% [markdown]
# With seed 0 we found 23, 38, 61 and 75 % as asked for $w=0,1,2,4$. Chance is 25 %. The distance from real sections was 21.8, 11.8, 8.9 and 20.0. So a little guidance helps both: the
# samples look more like a kind, and more like real ones. Much guidance makes caricatures: more samples are as asked, and together they lie farther from real sections.
#
# **Measured over several seeds** (500 training steps, 500 samples of 20 steps, $w=1$): FID {ledger: 09_diffusion.train_ddpm.sections.fid}. The floor is {ledger: 09_diffusion.train_ddpm.sections.floor}, the
# mean image {ledger: 09_diffusion.train_ddpm.sections.mean_image} and noise {ledger: 09_diffusion.train_ddpm.sections.noise}. As a share of the noise ceiling this is tiny,
# {ledger: 09_diffusion.train_ddpm.sections.percent_of_noise} %. Do not be impressed. The same figure is more than fifty times the floor, and a logistic regression tells
# samples from real sections with an accuracy of {ledger: 09_diffusion.train_ddpm.sections.told_apart}. A minute of training is short. Which control you divide by decides how good you look.
#
# **On MNIST**, with `widths=(48, 96)` and 2,400 steps of 96 digits, training and all sampling took {ledger: 09_diffusion.train_ddpm.mnist.seconds}. 2,000 digits of 20 steps have a FID of {ledger: 09_diffusion.train_ddpm.mnist.fid}. Its floor is {ledger: 09_diffusion.train_ddpm.mnist.floor}, and
# the noise ceiling {ledger: 09_diffusion.train_ddpm.mnist.noise}: in per cent of that ceiling, {ledger: 09_diffusion.train_ddpm.mnist.percent_of_noise}. The FID of 20 steps is {ledger: 09_diffusion.train_ddpm.mnist.ratio} times that of all 200 with fresh noise (500 digits each).
#
# ### Watch a section appear
#
# At each step the network says what it believes the finished section to be, $\hat x_0$. Move the slider through the steps: first the mean of all sections, a grey, then large structure, then
# thin layers.


# %%
@torch.no_grad()
def beliefs(model: nn.Module, y: Tensor, steps: int = 20) -> list[tuple[int, Tensor, Tensor]]:
    """At each call of the network: the step t, the noisy sections, and the sections that the network believes in."""
    x, seen = torch.randn(len(y), 1, 32, 32, generator=torch.Generator().manual_seed(4)), []
    for t, s in zip(times_of(steps)[:-1], times_of(steps)[1:], strict=True):
        eps = predicted_noise(model, x, t, y, 1.0)
        seen.append((t, x, ddim_step(x, t, 0, eps, torch.zeros_like(x), alpha_bar)))
        x = ddim_step(x, t, s, eps, torch.zeros_like(x), alpha_bar)
    return seen


belief = beliefs(model, torch.arange(6) % K)


def draw_belief(call: int) -> None:
    """The noisy sections at one call of the network, and below them what it believes."""
    t, noisy, clean = belief[call]
    plot.images(
        as_images(torch.cat([noisy, clean])), columns=6, titles=[f"t = {t}", *[""] * 5, "believed", *[""] * 5],
        alt=f"Six noisy sections at t = {t}, and below them the sections that the network believes in.",
    )  # fmt: skip


plot.slider(draw_belief, call=list(range(20)), start=10, still=[0, 8, 13, 18])

# %% [markdown]
# ### How many steps?
#
# Song and others report that few deterministic steps beat few random ones. You can measure it. The cell below is the comparison of 20 steps with 200.

# %%
few = torch.arange(sized(150, rehearsal=100)) % K
for steps, eta in ((5, 0.0), (20, 0.0), (20, 1.0), (sized(100, rehearsal=5), 1.0)):
    scores = measure.report(as_images(sample(model, few, steps, eta=eta)), "seismic_sections")
    print(f"{steps:3} steps, eta = {eta:.0f}: FID {scores.samples.fid:7.1f} (floor {scores.real.fid:.2f})")

# %% [markdown]
# With seed 0: 22.8 for 5 steps, 11.8 for 20 without fresh noise, 14.0 for 20 with it, and 10.8 for 100. Fresh noise needs many steps to be averaged out; without it, 20 are
# nearly as good. Over several seeds the FID of 20 steps is {ledger: 09_diffusion.train_ddpm.sections.ratio} times that of all 200 with fresh noise (150 samples each; the seeds lie between 1.14 and 1.34). For a tenth of the
# time that is a good bargain.
#
# ## Honour the well: inpainting
#
# **The idea in one sentence.** At every step we know what the noisy version of the well looks like, so put it there (Song and others, 2021; Lugmayr and others, 2022).
#
# After a step from $t$ to $s$ the section has the noise of step $s$. Replace the known pixels by $\sqrt{\bar\alpha_s}\,x_0+\sqrt{1-\bar\alpha_s}\,\varepsilon$ with fresh $\varepsilon$. The network then completes the rest to fit. At $s=0$ no noise is left,
# and the well is honoured exactly. No new training is needed.
#
# ### Exercise 9.16: inpaint
# Loop over the pairs $(t, s)$ of `times`. `denoise(x, t, s)` makes a sampler's step. `noise[k]` belongs to the $k$-th step. Where `mask` is true the pixels are known.


# %%
def inpaint(
    denoise, x: Tensor, known: Tensor, mask: Tensor, noise: Tensor, alpha_bar: Tensor, times: list[int]
) -> Tensor:
    """x: start (N, ...); known: data, right where mask is true; noise: (len(times) - 1, N, ...); times: falling, to 0."""
    ### BEGIN SOLUTION
    for k, (t, s) in enumerate(zip(times[:-1], times[1:], strict=True)):
        x = denoise(x, t, s)
        a = alpha_bar[s]
        there = a.sqrt() * known + (1 - a).sqrt() * noise[k]
        x = torch.where(mask, there, x)
    return x
    ### END SOLUTION


# %%
check(inpaint)

# %% [markdown]
# If you paste the well into a finished section, it is honoured too, and it fits nowhere. So a misfit at the well proves nothing, as it is zero by construction. Look *beside* the well: do neighbouring traces go on as they do in real
# sections? We measure the mean squared difference between the well and the traces 1, 2, 4 and 8 to its right, for four ways to make a section.
#
# **Predict.** Real sections differ little from the well at one trace and much at eight. Which of the four follows them at *all* distances: repeating the well, a random section, a random section with the well
# pasted in, or inpainting?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
@torch.no_grad()
def honour(model: nn.Module, truth: Tensor, *, steps: int, repeats: int = 1, seed: int = 0) -> Tensor:
    """Sections (N, 1, 32, 32) of unknown class that agree with ``truth`` at the well.

    repeats: how often each step is made; before it is made again, its noise is put back (Lugmayr and others, 2022).
    """
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    mask = torch.zeros(32, dtype=torch.bool)
    mask[WELL] = True
    nobody = torch.full((len(truth),), K)

    def denoise(x: Tensor, t: int, s: int) -> Tensor:
        for again in range(repeats):
            eps = predicted_noise(model, x, t, nobody, 1.0)
            x = ddim_step(x, t, s, eps, draw(*x.shape), alpha_bar, 1.0)
            if again + 1 < repeats:
                a, b = alpha_bar[s], alpha_bar[t] / alpha_bar[s]
                x = torch.where(mask, a.sqrt() * truth + (1 - a).sqrt() * draw(*x.shape), x)
                x = b.sqrt() * x + (1 - b).sqrt() * draw(*x.shape)
        return x

    times = times_of(steps)
    return inpaint(denoise, draw(*truth.shape), truth, mask, draw(steps, *truth.shape), alpha_bar, times)


def beside(x: Tensor, truth: Tensor) -> list[float]:
    """Mean squared difference of the traces 0, 1, 2, 4 and 8 to the right of the well from the true well."""
    return [(x[..., WELL + d] - truth[..., WELL]).square().mean().item() for d in (0, 1, 2, 4, 8)]


wells = amplitudes(test.x[: sized(100, rehearsal=8)])
steps = sized(40, rehearsal=3)
random_sections = sample(model, torch.full((len(wells),), K), steps, eta=1.0, seed=1)
pasted = random_sections.clone()
pasted[..., WELL] = wells[..., WELL]
completed = honour(model, wells, steps=steps, repeats=3)
print("mean squared difference from the well, traces away:   0     1     2     4     8")
for name, x in {
    "real sections": wells,
    "the well repeated": wells[..., WELL, None].expand_as(wells),
    "a random section": random_sections,
    "the well pasted into it": pasted,
    "inpainting": honour(model, wells, steps=steps),
    "inpainting, each step three times": completed,
}.items():
    print(f"{name:50}", *(f"{value:5.2f}" for value in beside(x, wells)))

# %%
several = honour(model, truth[FOLDED : FOLDED + 1].expand(6, -1, -1, -1), steps=steps, repeats=3, seed=2)
fig, axes = plt.subplots(1, 8, figsize=(12, 2.1), layout="constrained")
pictures = [truth[FOLDED, 0], *several[:, 0], several.std(0)[0]]
for ax, picture, title in zip(axes, pictures, ["truth", *"123456", "spread"], strict=True):
    if title == "spread":
        spread = ax.imshow(picture, cmap="viridis")
    else:
        ax.imshow(picture, cmap="gray", vmin=-LIMIT, vmax=LIMIT)
    ax.axvline(WELL, color=plot.ORANGE, linewidth=1, linestyle="-")
    ax.set(title=title, xticks=[], yticks=[])
fig.colorbar(spread, ax=axes[-1], label="standard deviation")
plot.alt(fig, "A true section, six completions of its well, and the spread of the six at every pixel: zero at the well, growing to both sides.")  # fmt: skip

# %% [markdown]
# In our run the real sections differ from the well by 0.09, 0.23, 0.64 and 1.27 at 1, 2, 4 and 8 traces. The pasted well jumps to 1.52 at once: its neighbours know nothing of it. Repeating the well gives 0 everywhere,
# which is wrong the other way. Inpainting starts at 0.52, better but not continuous. The reason is that the noisy well is put in *after* the step, so the rest has had no time to adapt.
#
# Lugmayr and others (2022) therefore make each step several times: step back, put the noise on again, step back once more. With three times the difference is 0.18, 0.38, 0.68 and 1.13, close to the
# real curve at every distance. It costs three times as much.
#
# ## A straighter way: flow matching
#
# A diffusion's path from noise to data is curved, so that a sampler needs several steps. **Flow matching** (Lipman and others, 2022; also Liu and others, 2022) starts from the simplest path, a straight line between a section and a noise:
#
# $$ x_t=(1-t)\,x_0+t\,\varepsilon, \qquad \frac{dx_t}{dt}=\varepsilon-x_0, \qquad t\in[0,1] . $$
#
# The network learns this velocity by squared error. Many lines cross at a point, and what it learns is their mean, as the noise predictor did this morning. To sample, start from noise at $t=1$ and follow the learned velocity down to $t=0$. Lipman
# and others count time the other way round, from noise to data. We keep $t=0$ for data.
#
# There is no schedule, no $\bar\alpha$, no posterior. The learned paths are not straight, because the *mean* of straight lines is not, but less curved. For a Gaussian prior both are
# the same family: flow matching is a diffusion with another schedule and another weight of the loss.
#
# ### Exercise 9.17: the flow matching loss
# Make $x_t$, with a $t$ of its own for each example. Return the mean squared error between `model(x_t, t)` and the velocity $\varepsilon-x_0$.


# %%
def flow_matching_loss(model, x0: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """A scalar. model(x, t) -> velocity; x0, noise: (N, ...); t: (N,) in [0, 1], 0 is data."""
    ### BEGIN SOLUTION
    s = t.reshape(-1, *[1] * (x0.dim() - 1))
    x_t = (1 - s) * x0 + s * noise
    return F.mse_loss(model(x_t, t), noise - x0)
    ### END SOLUTION


# %%
check(flow_matching_loss)

# %% [markdown]
# ### Exercise 9.18: follow the flow
# Euler's method: in each of `steps` equal steps, ask the velocity at the *start* of the step, and go against it.
#
# **A worked number.** $x=5$ at $t=1$, velocity 2 everywhere, four steps of 1/4: 4.5, 4, 3.5, 3.


# %%
def euler_sample(velocity, x: Tensor, steps: int) -> Tensor:
    """From x (N, ...) at t = 1 to t = 0. velocity(x, t) -> (N, ...), with t (N,)."""
    ### BEGIN SOLUTION
    for k in range(steps, 0, -1):
        t = torch.full((len(x),), k / steps)
        x = x - velocity(x, t) / steps
    return x
    ### END SOLUTION


# %%
check(euler_sample)

# %% [markdown]
# The same network, the same number of training steps and the same seed, so that you can compare.


# %%
def train_flow(x: Tensor, y: Tensor, *, steps: int, classes: int, batch_size: int = 32, lr: float = 3e-3) -> nn.Module:
    """A TimeUNet trained by flow matching, its weights averaged, in evaluation mode."""
    torch.manual_seed(0)
    model = TimeUNet(32, 48, classes)
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.01)
    for step in progress(steps):
        optimiser.param_groups[0]["lr"] = lr * min((step + 1) / 20, 1 - step / steps)
        batch = torch.randint(len(x), (batch_size,))
        labels = torch.where(torch.rand(batch_size) < 0.15, classes, y[batch])
        loss = flow_matching_loss(
            lambda x, t, y=labels: run(model, x, t, y), x[batch], torch.randn_like(x[batch]), torch.rand(batch_size)
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        ema_update(average, model, min(0.99, (step + 1) / (step + 10)))
    return average.eval()


flow = train_flow(x_train, y_train, steps=sized(500, rehearsal=20), classes=K)
start = torch.randn(len(few), 1, 32, 32, generator=torch.Generator().manual_seed(0))
for steps in (5, 20):
    drawn = torch.no_grad()(euler_sample)(lambda x, t: run(flow, x, t, few), start, steps)
    scores = measure.report(as_images(drawn), "seismic_sections")
    print(f"flow, {steps:2} steps: FID {scores.samples.fid:7.1f} (floor {scores.real.fid:.2f})")

# %% [markdown]
# With seed 0: 13.9 for 5 steps and 8.8 for 20. The diffusion needed 20 steps for 11.8, and with 5 it had 22.8. So here the flow is better at both, for the same training. This is one seed of a short
# training on one data set. It does not show that flows are better in general.
#
# ## Find the bug
#
# A colleague wrote a sampler for images in $[0, 1]$. The network works on images in $[-1, 1]$ and was trained with times between 0 and 1. Three symptoms:
#
# 1. With all $T$ steps the images are good, with 20 they are grainy.
# 2. Whatever the step, the network seems to believe that there is a great deal of noise.
# 3. Half of the histogram of the images is missing: what should be grey is black.
#
# ### Exercise 9.19: find the bug
# Three lines are wrong. Repair them and change nothing else.


# %%
def find_the_bug(network, x: Tensor, alpha_bar: Tensor, steps: int) -> Tensor:
    """Images (N, ...) in [0, 1] from noise x, in ``steps`` deterministic steps. network(x, t) -> noise, t (N,) in [0, 1].

    Three lines are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    last = len(alpha_bar) - 1
    times = [round(last * (steps - k) / steps) for k in range(steps + 1)]
    for t, s in zip(times[:-1], times[1:], strict=True):
        a, b = alpha_bar[t], alpha_bar[s]
        eps = network(x, torch.full((len(x),), t / last))
        x0 = ((x - (1 - a).sqrt() * eps) / a.sqrt()).clamp(-1, 1)
        eps = (x - a.sqrt() * x0) / (1 - a).sqrt()
        x = b.sqrt() * x0 + (1 - b).sqrt() * eps
    return (x + 1) / 2
    ### END SOLUTION


# %%
check(find_the_bug)

# %% [markdown]
# ## What lies between the wells, answered
#
# In front of you are six sections that agree with the well of the folded one **exactly** and differ from each other away from it. Count on the well itself and you learn nothing: the misfit there is 0 by construction.
# A random section misses the well by 1.53 (mean square, in units of a section's variance; two unrelated traces would differ by 2). Beside the well our completions go on as real sections do: 0.18 at one trace, where
# real ones have 0.09 and a pasted well 1.52. At eight traces it is 1.13 against 1.27.
#
# What lies between the wells, then? Within two or three traces, what the well shows. Beyond eight, almost anything that this kind of ground allows; the map of the spread shows where you know and where you guess.
# A single "best" section hides this. And remember what the model has seen: sections drawn by a program, without noise, with one fault at most. Ground that is not like this, it cannot imagine.
#
# ## Summary
#
# - The network needs the image, the time and, if you like, a class. It predicts $v$, which is well conditioned at every step.
# - Sample with averaged weights. In a short training let the decay grow.
# - DDIM goes from any step to any earlier one. $\eta=0$: the start decides everything. $\eta=1$: ancestral sampling.
# - Guidance exaggerates the class, at a price in variety. State which convention your scale follows.
# - Inpainting honours what is known without new training. Judge it beside the known part, not in it.
# - Flow matching replaces schedule and posterior by a straight line.
#
# ### Questions to take along
#
# 1. After the clamp of $\hat x_0$, why do you compute $\hat\varepsilon$ again?
#
# <details><summary>Answer</summary>
#
# Data and noise must add up to $x_t$. If only one of them is changed, the next point has the wrong amount of noise, and the error grows from step to step.
#
# </details>
#
# 2. Your samples are pure noise, although the loss is low. Where do you look first?
#
# <details><summary>Answer</summary>
#
# At the average. With a decay of 0.9999 and a thousand steps, nine tenths of it are still the random start.
#
# </details>
#
# 3. How would you use MNIST instead of sections?
#
# <details><summary>Answer</summary>
#
# `data.load("mnist")`, `LIMIT = 1.6` (its standard deviation is 0.31, so that amplitudes have variance 1), ten classes, and 28 by 28 instead of 32 by 32 in `sample`. 28 is a multiple of 4, as the network asks.
#
# </details>

# %% [markdown]
# ## References
#
# - J. Ho, A. Jain, P. Abbeel (2020). *Denoising diffusion probabilistic models.* arXiv:2006.11239.
# - J. Ho, T. Salimans (2022). *Classifier-free diffusion guidance.* arXiv:2207.12598.
# - Y. Lipman and others (2022). *Flow matching for generative modeling.* arXiv:2210.02747.
# - X. Liu, C. Gong, Q. Liu (2022). *Flow straight and fast: learning to generate and transfer data with rectified flow.* arXiv:2209.03003.
# - A. Lugmayr and others (2022). *RePaint: inpainting using denoising diffusion probabilistic models.* arXiv:2201.09865.
# - T. Salimans, J. Ho (2022). *Progressive distillation for fast sampling of diffusion models.* arXiv:2202.00512.
# - J. Song, C. Meng, S. Ermon (2020). *Denoising diffusion implicit models.* arXiv:2010.02502.
# - Y. Song and others (2021). *Score-based generative modeling through stochastic differential equations.* arXiv:2011.13456.
