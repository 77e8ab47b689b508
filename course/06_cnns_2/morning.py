# ---
# title: "Convolutional neural networks, part II: deep networks, and few labels"
# objectives:
#   - say what each step from AlexNet to ConvNeXt was for, and build the blocks that remained (VGG, Inception, residual, dense, squeeze-excite)
#   - derive why a deep plain network cannot be trained, why batch normalisation alone makes it worse, and why a shortcut cures it
#   - fold a batch normalisation into its convolution, and know when that is allowed
#   - adapt a trained network to a new survey with a handful of labels, and measure whether it paid
#   - ask a network where it saw what it saw (Grad-CAM), and check the answer against the truth
#   - explain why a map needs skip connections, on the way to the U-Net of this afternoon
# prerequisites: [05_cnns_1.morning, 05_cnns_1.afternoon, 04_ml_recap.afternoon]
# minutes: {cpu: 3, cpu_fp32: 5}
# data: [seismic_patches, seismic, glyphs]
# ---

# %%
import copy
import time
from dataclasses import replace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.data import Labelled, seismic
from dlmodule.rehearsal import sized
from dlmodule.training import evaluate, fit, predict

check = checks("06_cnns_2")
plot.use_style()

# %% [markdown]
# ## The question: forty labels by Monday
#
# A new survey has come in: folded, dipping ground, a lower frequency than you are used to. Where are the faults? Your company has thousands of labelled
# patches, but of *other* ground. For the new one an interpreter had the weekend: she looked at forty patches and wrote beside each **intact** or
# **faulted**. Forty labels, and you will not get more.
#
# Here are some of them.


# %%
def survey(count: int, *, seed: int) -> tuple[Labelled, Tensor]:
    """Patches of the new survey: the first half intact, the second cut by one fault.

    Returns the labelled patches, x (count, 1, 64, 64) in [0, 1], and the true fault masks (count, 1, 64, 64).
    """
    ground = seismic.Geology(
        dip=(-0.4, 0.4), folds=(2, 4), fold_height=(3, 9), throw=(4, 9), thickness=(3, 9), frequency=(0.07, 0.11), noise=(0.3, 1.0)
    )  # fmt: skip
    kinds = [replace(ground, faults=(0, 0)), replace(ground, faults=(1, 1))]
    parts = [
        seismic.sections(count // 2, height=64, width=64, seed=2 * seed + k, geology=kind)
        for k, kind in enumerate(kinds)
    ]
    x = torch.cat([part.images for part in parts])
    y = torch.arange(2).repeat_interleave(count // 2)
    grey = 0.5 + 0.5 * (x / 4).clamp(-1, 1)  # as in seismic_patches: zero amplitude is 0.5
    return Labelled(grey, y, ("intact", "faulted"), "new survey"), torch.cat([part.masks for part in parts])


pool, _ = survey(400, seed=1)  # patches that the interpreter might have looked at
labels = pool.take(40)  # those that she did
new, new_masks = survey(sized(1000, rehearsal=100), seed=2)  # to report on; nobody has these labels but we
shown = [int(i) for k in (0, 1) for i in (labels.y == k).nonzero()[:6, 0]]
plot.images(
    labels.x[shown],
    titles=[labels.classes[labels.y[i]] for i in shown],
    columns=6,
    alt="Twelve noisy patches of 64 by 64 samples from the new survey. Top row: intact layers, bent and tilted. Bottom row: similar "
    "layers that a steep fault breaks; some of the breaks are hard to see.",
)

# %% [markdown]
# Try it yourself before you let a machine try: cover the titles with your hand. Some are plain; for some you would ask for a second opinion.
#
# **The simplest thing that could work** is a number an interpreter would compute anyway. Where the ground is whole, neighbouring traces look alike, up to
# a shift by the dip; across a fault they do not. So for each pair of traces a little apart take the best correlation over a few shifts, and score the
# patch by the *worst* pair. This is a classic fault attribute, coherence (Bahorich and Farmer, 1995), in one line of arithmetic.


# %%
def least_coherence(x: Tensor, *, gap: int = 3, lags: int = 3) -> Tensor:
    """The least similarity of two traces ``gap`` apart, the best over shifts up to ``lags`` samples. x: (N, 1, H, W); returns (N,)."""
    a, b = x[:, 0, lags:-lags, :-gap] - 0.5, x[:, 0, :, gap:] - 0.5
    height = a.shape[1]
    shifted = torch.stack([b[:, s : s + height] for s in range(2 * lags + 1)])  # (lags, N, height, W - gap)
    similarity = F.cosine_similarity(a.expand_as(shifted), shifted, dim=2)
    return similarity.amax(0).amin(1)


def best_threshold(score: Tensor, y: Tensor) -> float:
    """The threshold below which calling a patch faulted is right most often. score, y: (N,)."""
    candidates = score.sort().values
    right = [((score <= t).long() == y).float().mean() for t in candidates]
    return float(candidates[int(torch.stack(right).argmax())])


threshold = best_threshold(least_coherence(labels.x), labels.y)
by_coherence = ((least_coherence(new.x) <= threshold).long() == new.y).float().mean().item()
print(
    f"coherence, its threshold set on the forty labels: {by_coherence:.1%} right on {len(new)} other patches; a coin: 50%"
)

# %% [markdown]
# Better than a coin, and not good enough to plan a well on. Noise lowers the coherence of intact ground as well, a steep fold does too, and a throw of about one
# wavelength makes both sides fit again. A number made by hand knows one thing at a time.
#
# So we want a network. The `SmallCNN` of {day: 05_cnns_1} had thousands of labels; here it has forty. This morning follows two roads to the answer, and they meet:
#
# - **Better networks.** From 2012 to 2022 networks became ten times deeper, and *cheaper*. Each step solved a problem one can state in a sentence. We
#   build the block that remained of each, and measure the problem and the cure.
# - **Borrowed knowledge.** What a network learned on other ground is not lost on this one. Five thousand labels there may be worth more than forty here.
#
# At the end we ask the network *where* it saw the fault. The answer is blurred, and why it is blurred leads to this afternoon's network.

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $x, y$ | input and output of a block | `(N, C, H, W)`, `(N, O, H', W')` |
# | $C, O$ | channels in, channels out | |
# | $h_l, f_l$ | features before block $l$; what block $l$ computes | |
# | $M$ | blocks of a network | |
# | $k$ | size of a kernel; in a dense block the channels that each layer adds | |
# | $J_l$ | Jacobian of block $l$ | |
# | $\mu, \sigma, \gamma, \beta$ | of batch normalisation: mean, standard deviation, gain, shift | `(O,)` each |
# | $z_k$ | logit of class $k$ | |
# | $s, a, r$ | of squeeze and excite: averages, gates, reduction | `(N, C)`, `(N, C)`, a number |
# | $P$ | pixels of a feature map | |
# | $\alpha_{kc}$ | weight of channel $c$ in the map of class $k$ | `(K, C)` |
#
# ## 2012 to 2014: deeper, with smaller kernels
#
# **AlexNet** (Krizhevsky, Sutskever and Hinton, 2012) was LeNet-5 grown up. It had five convolutions instead of two, kernels of 11x11 and 5x5 at the
# bottom, and three huge linear layers at the top. It used ReLU, dropout, augmentation, and two graphics cards for six days. On ImageNet, a thousand
# classes and five guesses allowed,
# it brought the error from 26 to 15 %, and ended a discussion. Of its sixty million parameters more than nine in ten are in the linear layers.
#
# Two years later Simonyan and Zisserman asked the question that every kernel of 11x11 begs: *why so large?*
#
# **The idea in one sentence.** Two 3x3 convolutions see as much as one 5x5, and three as much as one 7x7, for fewer weights and with a non-linearity between.
#
# {Day: 05_cnns_1} showed that stride 1 adds $k-1$ to the receptive field: $1+2+2=5$, and $1+2+2+2=7$. Let $C$ be the number of channels, the same before and after. A
# kernel of width $k$ costs $k^2C^2$ weights, and $n$ kernels of width 3 cost $9nC^2$, with $k=2n+1$:
#
# $$ \frac{\text{one }k\times k}{n\text{ of }3\times 3} = \frac{(2n+1)^2}{9n} = \frac{25}{18},\ \frac{49}{27},\ \frac{121}{45} \quad\text{for } n = 2, 3, 5. $$
#
# **A worked number.** With $C=64$, one 7x7 layer has $49\cdot 4096 = 200\,704$ weights and three 3x3 layers $27\cdot 4096=110\,592$. The saving of 45 % is welcome,
# but the two more ReLUs are the point: three layers can ask *is there an edge here, and beside it another of the opposite sign, and do both end?*
#
# A **VGG block** is $n$ such convolutions, each followed by a ReLU, then a 2x2 max pooling. The whole network is five of them. Width doubles when the
# image
# halves, so that the multiplications per layer stay about equal: half the height, half the width, and $2\cdot 2$ times the channel pairs.

# %%
plot.diagram(
    [
        "x -> N, C, H, W",
        plot.group("× n", "conv 3x3 | padding 1", "ReLU"),
        "max pool 2x2 -> N, C', H/2, W/2",
        "y",
    ],
    title="a VGG block",
)

# %% [markdown]
# ### Exercise 6.1: a VGG block
# Return it as one `nn.Sequential`: `convolutions` times (3x3 convolution with bias, padding 1, then ReLU), the first of them from `in_channels` to
# `out_channels`; at the end a 2x2 max pooling. There was no batch normalisation in 2014, and there is none here.


# %%
def vgg_block(in_channels: int, out_channels: int, convolutions: int) -> nn.Sequential:
    """(N, in_channels, H, W) -> (N, out_channels, H // 2, W // 2)."""
    ### BEGIN SOLUTION
    layers: list[nn.Module] = []
    for number in range(convolutions):
        layers.append(nn.Conv2d(in_channels if number == 0 else out_channels, out_channels, 3, padding=1))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers, nn.MaxPool2d(2))
    ### END SOLUTION


# %%
check(vgg_block)

# %% [markdown]
# ## 2014: the 1x1 convolution, and Inception
#
# What is the best size of a kernel? A thin bed asks for a small one, a fold for a large one. The simplest thing is to use several sizes side by side
# and concatenate their channels, so that the next layer may choose. It fails by arithmetic: a 5x5 kernel on many channels is expensive, and
# the concatenated output has more channels still.
#
# **The idea in one sentence.** Before an expensive kernel, mix the channels down to a few with a kernel of one pixel.
#
# A **1x1 convolution** (Lin, Chen and Yan, 2013, *network in network*) looks at no neighbour. It is a linear layer from $C$ to $O$ numbers, applied at
# every pixel alike:
#
# $$ y_{oij} = b_o + \sum_{c} W_{oc}\,x_{cij} . $$
#
# Space is left alone, channels are mixed; a depthwise convolution ({day: 05_cnns_1}) is the exact opposite. With $r<C$ channels in the middle, a 5x5 convolution
# from $C$ to $O$ channels becomes a product of two, of $Cr + 25\,rO$ weights in place of $25\,CO$. That is a *low-rank* version of the large kernel: whatever it
# computes depends on $r$ mixtures of the channels. The bet is that channels are redundant.
#
# **A worked number**, from a layer of GoogLeNet (Szegedy and others, 2015): $C=192$, $O=32$, $r=16$. Directly $25\cdot 192\cdot 32=153\,600$ weights;
# through the bottleneck $192\cdot 16+25\cdot 16\cdot 32=3072+12\,800=15\,872$, less by a factor 9.7.
#
# The same paper took **global average pooling** from Lin, Chen and Yan: average each channel of the last map over all places, and put *one* linear layer on what
# is left. You used it on {day: 05_cnns_1}. It replaced AlexNet's two largest layers, and is why a network with 22 layers had a twelfth of the parameters.
#
# An **Inception block** has four branches over the same input, concatenated along the channels in this order:
#
# | branch | layers | channels |
# |---|---|---|
# | 0 | 1x1 | `one` |
# | 1 | 1x1 to `three[0]`, then 3x3 | `three[1]` |
# | 2 | 1x1 to `five[0]`, then 5x5 | `five[1]` |
# | 3 | 3x3 max pooling (stride 1, padding 1), then 1x1 | `pooled` |
#
# Each convolution is Friday's `ConvBlock`: convolution without bias, batch normalisation, ReLU. Here it is again, given.


# %%
class ConvBlock(nn.Sequential):
    """conv -> BN -> ReLU, as in the first networks of convolutions. (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride), rounded up."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride=stride, padding=kernel_size // 2, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )


# %%
plot.diagram(
    [
        "x -> N, C, H, W",
        plot.branches(
            "conv 1x1 -> one",
            ["conv 1x1 -> three[0]", "conv 3x3 -> three[1]"],
            ["conv 1x1 -> five[0]", "conv 5x5 -> five[1]"],
            ["max pool 3x3 | stride 1", "conv 1x1 -> pooled"],
            join="concat",
        ),
        "y",
    ],
    title="an Inception block; the number on an arrow counts channels",
)

# %% [markdown]
# ### Exercise 6.2: an Inception block
# Write it from `ConvBlock`s. All four branches keep the height and width.


# %%
class InceptionBlock(nn.Module):
    """Four branches side by side. (N, in_channels, H, W) -> (N, one + three[1] + five[1] + pooled, H, W)."""

    def __init__(self, in_channels: int, one: int, three: tuple[int, int], five: tuple[int, int], pooled: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.branches = nn.ModuleList(
            [
                ConvBlock(in_channels, one, 1),
                nn.Sequential(ConvBlock(in_channels, three[0], 1), ConvBlock(three[0], three[1])),
                nn.Sequential(ConvBlock(in_channels, five[0], 1), ConvBlock(five[0], five[1], 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), ConvBlock(in_channels, pooled, 1)),
            ]
        )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, in_channels, H, W)."""
        ### BEGIN SOLUTION
        return torch.cat([branch(x) for branch in self.branches], dim=1)
        ### END SOLUTION


# %%
check(InceptionBlock)

# %% [markdown]
# ## Why not a hundred layers?
#
# If depth helped so much from 8 layers to 16 and 22, then why stop? Because it stopped working. He, Zhang, Ren and Sun (2016) trained a plain network of
# 20 layers and one of 56 on the same images, and the deeper one was worse **on its training set**. That is not over-fitting. The deeper network *contains* the
# shallower one (let 36 layers do nothing); training just does not find it.
#
# Let us have this on the desk. A **tower**: a first layer that cuts the patch into 4x4 tiles, `depth` convolutions of 3x3 at one width, a global average, a
# linear layer. Three versions: plain; with batch normalisation; with batch normalisation and, around every two layers, a shortcut. All start with He's
# weights ({day: 04_ml_recap}), whose variance $2/(9C)$ keeps the size of the signal through ReLUs.


# %%
class Tower(nn.Module):
    """``depth`` (even) convolutions of 3x3 between a tiling layer and a global average. x: (N, 1, H, W) -> logits (N, 5)."""

    def __init__(self, depth: int, *, norm: bool, shortcut: bool, width: int = 16) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 4, stride=4)
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth))
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) if norm else nn.Identity() for _ in range(depth))
        self.shortcut = shortcut
        self.head = nn.Linear(width, 5)
        for conv in [self.stem, *self.convs]:
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.stem(x))
        for i in range(0, len(self.convs), 2):
            r = F.relu(self.norms[i](self.convs[i](h)))
            r = self.norms[i + 1](self.convs[i + 1](r))
            h = F.relu(h + r) if self.shortcut else F.relu(r)
        return self.head(h.mean((2, 3)))


TOWERS = {
    "plain": {"norm": False, "shortcut": False},
    "with BN": {"norm": True, "shortcut": False},
    "with BN and shortcuts": {"norm": True, "shortcut": True},
}

everything, test = data.load("seismic_patches"), data.load("seismic_patches", "test")
everything = everything.take(sized(5000, rehearsal=400))
some = everything.take(sized(2000, rehearsal=200))
small = (F.avg_pool2d(some.x, 2) - 0.5, some.y)  # (N, 1, 32, 32), centred: enough for this experiment

# %% [markdown]
# **Predict.** Six trainings on the same 2,000 patches of `seismic_patches` (five classes, $\ln 5 = 1.61$): the three towers with 6 and with 30 layers. For
# each of the three, does the *training* loss of the deep one end below or above that of the shallow one?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
ended: dict[str, list[float]] = {name: [] for name in TOWERS}
for name, options in TOWERS.items():
    for depth in (6, 30):
        torch.manual_seed(0)
        tower = Tower(depth, **options)
        history = fit(
            tower, small, epochs=sized(8, rehearsal=1), batch_size=100, lr=3e-3, schedule="one_cycle", progress=False
        )
        ended[name].append(history.train_loss[-1])
    print(f"{name:24}  6 layers: {ended[name][0]:.2f}   30 layers: {ended[name][1]:.2f}")

# %% [markdown]
# Three lines, three stories. Without normalisation the shallow tower learns, slowly; the deep one ends at $\ln 5$, where a network ends that says one fifth
# to everything. *With BN* both learn, and thirty layers learn **worse than six**: He and others' observation, on your own machine, in a minute. Its error
# is on the training set, so no amount of regularisation is of any use. *With shortcuts* the order is reversed, as it should be: the deep tower is far ahead
# of all the others.

# %% [markdown]
# ### The signal forward, the gradient backward
#
# Why? A forward pass is a product of many layers, a gradient is a product of their Jacobians, and a product of thirty factors is a poor place for a factor
# of 1.2. Let us look at the factors, in each version, **before any training**.
#
# **Predict.** Forty layers, random weights, one batch. For each tower: is the gradient of the *first* layer's weights larger than that of the last,
# smaller, or about the same? Which of the three would you least like to train?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def first_look(tower: Tower, x: Tensor, y: Tensor) -> tuple[list[float], float]:
    """The norm of the loss's gradient with respect to each convolution's weights; and how far logits differ between patches."""
    logits = tower.train()(x)
    F.cross_entropy(logits, y).backward()
    return [conv.weight.grad.norm().item() for conv in tower.convs], logits.std(0).mean().item()


fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
print("                         gradient, per layer backward   spread of a logit over patches")
for (name, options), marker in zip(TOWERS.items(), "os^", strict=True):
    torch.manual_seed(0)
    sizes, spread = first_look(Tower(40, **options), small[0][:200], small[1][:200])
    per_layer = (sizes[4] / sizes[36]) ** (1 / 32)  # between layers 36 and 4
    print(f"{name:24} {'times':>8} {per_layer:.3f} {spread:36.1e}")
    ax.semilogy(range(len(sizes)), sizes, marker=marker, markersize=4, label=name)
ax.set(xlabel="layer, counted from the input", ylabel="norm of the weight gradient", title="40 layers, untrained")
ax.legend()
plot.alt(
    fig,
    "The norm of the weight gradient against the layer, logarithmic, for three untrained towers of 40 layers. With batch normalisation it "
    "rises steeply towards the input, by more than two orders of magnitude; with shortcuts as well it is nearly level; the plain tower lies far below both.",
)

# %% [markdown]
# The dashed curve surprises most people: **batch normalisation makes the gradient explode.** It was to be the cure. Let us compute the factor.
#
# Take one layer of the tower *with BN*: $h \to z = w * h \to u = \mathrm{BN}(z) \to h' = \mathrm{relu}(u)$. Let each weight have variance $s^2$, and let
# $n = 9C$ be the number of inputs of one output. After the normalisation $u$ has mean 0 and variance 1; suppose it is Gaussian, as a sum of many terms is,
# and that the inputs of $z$ are uncorrelated over the batch. The moments of a rectified standard Gaussian are
#
# $$ \mathbb{E}[h] = \frac{1}{\sqrt{2\pi}},\qquad \mathbb{E}[h^2] = \frac12,\qquad \operatorname{Var}[h] = \frac12 - \frac{1}{2\pi} = \frac{\pi-1}{2\pi} . $$
#
# *Forward.* For given weights, the mean of $h$ gives the same constant in $z$ for each example, and BN removes it. What remains is
# $\operatorname{Var}[z] = n s^2\,\frac{\pi-1}{2\pi}$, and BN divides by its root. So the signal has variance 1 at each layer, whatever $s$ is: that is the cure.
#
# *Backward.* Let $g$ be the gradient with respect to one entry of a layer's output, and follow its mean square. The ReLU passes half of the entries: factor
# $\frac12$. BN divides by the root of $\operatorname{Var}[z]$: factor $1/(n s^2\,\frac{\pi-1}{2\pi})$. (It also subtracts two projections, which is little
# for a large batch.) The transposed convolution sums $n$ terms with weights of variance $s^2$: factor $ns^2$. Together
#
# $$ \frac{\mathbb{E}[g_{\text{before}}^2]}{\mathbb{E}[g_{\text{after}}^2]} = \frac12\cdot\frac{2\pi}{(\pi-1)\,ns^2}\cdot ns^2 = \frac{\pi}{\pi-1} \approx 1.467 , $$
#
# and the *size* of the gradient grows by $\sqrt{1.467}=1.211$ per layer on the way back. The weights' scale has cancelled: no initialisation mends it. The
# cause is the constant part of $h$: the ReLU lets it through and BN throws it away, so what is left is stretched, and the stretch multiplies the gradient.
# (Yang and others, 2019, prove it with fewer assumptions; ours neglects correlations between inputs and the two
# projections, and the printed number is a little smaller.)
#
# **A worked number.** $1.211^{40}\approx 2100$. With one learning rate for all layers, either the first ones are thrown about or the last ones stand still.
# Adam, which divides by the size of the gradient, hides part of the trouble; you have seen how much of it remains.
#
# And the plain tower? With He's weights its gradient changes little from layer to layer. It is small from the start, and the last column says why: its
# logits hardly differ from patch to patch. The same constant part of $h$ is at work. Nothing removes it here, and every ReLU adds to it, until forty layers
# up all patches look alike and the gradients of different patches cancel. So plain depth loses the *difference* between inputs going up, and normalised
# depth stretches that difference at each layer and pays for it going down.
#
# ### The shortcut
#
# **The idea in one sentence.** Let a block compute what is to be *changed*, and add it to what came in (He and others, 2016):
#
# $$ h_{l+1} = h_l + f_l(h_l) . $$
#
# To do nothing is now easy: $f_l=0$. And the chain rule has gained a 1. With $J_l=\partial f_l/\partial h_l$,
#
# $$ \frac{\partial L}{\partial h_0} = \frac{\partial L}{\partial h_M}\,(I+J_{M-1})\cdots(I+J_1)(I+J_0) , $$
#
# a product which, multiplied out, is a sum over all subsets of blocks: there is one term that skips all of them, and it is the identity.
#
# *But a product of factors larger than one explodes as well.* Why does this one not? Here the normalisation helps (De and Smith, 2020). Let every $f_l$ end in a BN, so it adds
# variance 1, and leave aside the ReLU that follows the sum. Then $\operatorname{Var}[h_l] = \operatorname{Var}[h_0] + l$: the stream grows. The block
# begins with a convolution and a BN, which divides by a standard deviation proportional to $\sqrt{l}$. So the Jacobian of block $l$ has a mean square of
# about $c/l$ with a constant $c$, and (the cross terms vanish on average) the square of the gradient grows by
#
# $$ \prod_{l=1}^{M}\left(1+\frac{c}{l}\right) \approx \exp\Bigl(c\sum_{l=1}^{M}\frac1l\Bigr) \approx \text{const}\cdot M^{c} . $$
#
# A power of the depth, not an exponential. Look at the figure again: the curve with shortcuts rises only near the input, where $l$ is small, as
# $1+c/l$ says.


# %%
@torch.no_grad()
def stream_variance(*, norm: bool, blocks: int = 8, width: int = 16) -> list[float]:
    """Variance of the stream after each untrained block h + f(h); f is ReLU, convolution, twice, with He's weights."""
    torch.manual_seed(0)
    h, found = torch.randn(50, width, 8, 8), []
    for _ in range(blocks):
        f = h
        for _ in range(2):
            conv = nn.Conv2d(width, width, 3, padding=1, padding_mode="circular", bias=False)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            f = conv(F.relu(f))
            f = nn.BatchNorm2d(width)(f) if norm else f
        h = h + f
        found.append(h.var().item())
    return found


for name, norm in (("without BN", False), ("with BN", True)):
    print(f"{name:10} variance after each block:", " ".join(f"{v:6.1f}" for v in stream_variance(norm=norm)))

# %% [markdown]
# Without BN the variance about doubles at each block; with BN it grows by one.
#
# **Convention and necessity.** That something is *added* is the necessity. Where the ReLU stands (after the sum here; before the convolutions in He and
# others' second paper, arXiv:1603.05027), how many layers a block has, and that it has BN at all are conventions: ConvNeXt changes all three.
#
# **When the shape changes** (a stride, or more channels) $h+f(h)$ makes no sense, and the shortcut becomes a 1x1 convolution of the same stride, with BN: a
# *projection*. It is used where it must be and nowhere else.
#
# Left the block with the identity, right the block with the projection:

# %%
body = ("conv 3x3", "batch norm", "ReLU", "conv 3x3", "batch norm")
fig, axes = plt.subplots(1, 2, figsize=(8, 6), layout="constrained")
plot.diagram(
    ["x -> C, H, W", plot.skip(*body, join="+ -> C, H, W"), "ReLU", "y"],
    title="the shape stays",
    direction="down",
    ax=axes[0],
)
strided = ("conv 3x3 | stride 2", *body[1:])
plot.diagram(
    [
        "x -> C, H, W",
        plot.skip(*strided, via=["conv 1x1 | stride 2", "batch norm"], join="+ -> 2C, H/2, W/2"),
        "ReLU",
        "y",
    ],
    title="the shape changes",
    direction="down",
    ax=axes[1],
)
plot.alt(
    fig,
    "Two residual blocks. In both, x passes through convolution, batch norm, ReLU, convolution and batch norm, and what comes out is added to x before a last ReLU. In the right one, x passes through a 1x1 convolution of stride 2 and a batch norm on its way to the sum.",
)

# %% [markdown]
# ### Exercise 6.3: a residual block
# $\mathrm{relu}\bigl(f(x) + \text{shortcut}(x)\bigr)$, where $f$ is convolution 3x3 with `stride`, BN, ReLU, convolution 3x3, BN. Convolutions have no
# bias. The shortcut is the identity if shapes agree, and otherwise the projection.


# %%
class ResidualBlock(nn.Module):
    """relu(f(x) + shortcut(x)). (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride), rounded up."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.branch = nn.Sequential(
            ConvBlock(in_channels, out_channels, stride=stride),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
            )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, in_channels, H, W)."""
        ### BEGIN SOLUTION
        return F.relu(self.branch(x) + self.shortcut(x))
        ### END SOLUTION


# %%
check(ResidualBlock)

# %% [markdown]
# ### Batch normalisation costs nothing in the end
#
# In evaluation mode BN uses stored statistics, so it is an affine map, and an affine map after a linear one is linear. Let a convolution have weights $w_o$
# (the block of output channel $o$) and bias $b_o$, and the BN after it mean $\mu_o$, variance $\sigma_o^2$, scale $\gamma_o$, shift $\beta_o$. Then
#
# $$ \gamma_o\frac{(w_o * x + b_o) - \mu_o}{\sqrt{\sigma_o^2+\epsilon}} + \beta_o
#  = \underbrace{\frac{\gamma_o}{\sqrt{\sigma_o^2+\epsilon}}\,w_o}_{w'_o} * x + \underbrace{\beta_o + \frac{\gamma_o\,(b_o-\mu_o)}{\sqrt{\sigma_o^2+\epsilon}}}_{b'_o} . $$
#
# One convolution with other numbers. Every engine that runs trained networks does this. It is true *after* training only: during training $\mu$ and
# $\sigma$ belong to the batch.
#
# **A worked number.** $\gamma=2$, $\beta=1$, $\mu=3$, $\sigma^2=4$ (and $\epsilon\approx 0$), $b=0$: $w'=w$, since $2/2=1$, and $b'=1+1\cdot(0-3)=-2$.
#
# ### Exercise 6.4: fold it in
# Return a new `nn.Conv2d` that does what `norm(conv(x))` does in evaluation mode. Leave `conv` and `norm` as they are. Stride, padding, dilation and groups
# stay what they were.


# %%
def fuse_conv_bn(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution, with bias, equal to ``norm(conv(x))`` in evaluation mode; the two given modules are not changed."""
    ### BEGIN SOLUTION
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()  # (O,)
    fused = copy.deepcopy(conv)
    fused.weight = nn.Parameter(conv.weight * scale[:, None, None, None])
    bias = conv.bias if conv.bias is not None else torch.zeros_like(norm.running_mean)
    fused.bias = nn.Parameter(norm.bias + scale * (bias - norm.running_mean))
    return fused
    ### END SOLUTION


# %%
check(fuse_conv_bn)

# %% [markdown]
# ## 2016 to 2018: everything with everything, and gates
#
# **DenseNet** (Huang and others, 2017) drew the other conclusion from the shortcut. A sum mixes what is added, and no later layer can tell the terms apart.
# Why not *keep* them? Each layer gets **the concatenation of all that came before** and adds $k$ new channels, the *growth rate*:
#
# $$ x_{l} = \bigl[\,x_{l-1},\ g_l(x_{l-1})\,\bigr],\qquad C_l = C_0 + l\,k . $$
#
# Every layer has a direct line to the loss and to the input, and since nothing has to be computed twice the layers can be thin, $k=12$ or $32$. The price:
# layer $l$ reads $C_0+(l-1)k$ channels, so the weights of a block, $9k\sum_{l=1}^{M}(C_0+(l-1)k)$, grow with the square of its depth $M$. **A worked
# number.** $C_0=16$, $k=8$, $M=4$: $72\,(16+24+32+40)=8064$ weights, against $4\cdot 9\cdot 48^2 = 82\,944$ for four plain layers at the final width of 48.
# Its layer has the order BN, ReLU, convolution ("pre-activation"): the concatenation is of raw outputs, and each reader normalises them for itself.

# %%
layer = ("batch norm", "ReLU", "conv 3x3 -> k")
plot.diagram(
    [
        "x -> C",
        plot.skip(*layer, join="concat -> C + k"),
        plot.skip(*layer, join="concat -> C + 2k"),
        plot.skip(*layer, join="concat -> C + 3k"),
        "y",
    ],
    title="a dense block of three layers; the arrows count channels",
)

# %% [markdown]
# ### Exercise 6.5: a dense block
# `layers` times BN, ReLU, 3x3 convolution (no bias) to `growth` channels, each on the concatenation of the input and all outputs before; the block's result
# is the last concatenation, the input first.


# %%
class DenseBlock(nn.Module):
    """(N, in_channels, H, W) -> (N, in_channels + layers · growth, H, W)."""

    def __init__(self, in_channels: int, growth: int, layers: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.layers = nn.ModuleList()
        for number in range(layers):
            reads = in_channels + number * growth
            self.layers.append(
                nn.Sequential(nn.BatchNorm2d(reads), nn.ReLU(), nn.Conv2d(reads, growth, 3, padding=1, bias=False))
            )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, in_channels, H, W)."""
        ### BEGIN SOLUTION
        for layer in self.layers:
            x = torch.cat([x, layer(x)], dim=1)
        return x
        ### END SOLUTION


# %%
check(DenseBlock)

# %% [markdown]
# **Squeeze and excitation** (Hu, Shen and Sun, 2018). A convolution decides at each place from its neighbourhood. But whether a wiggle is noise may depend
# on how noisy the *whole patch* is, and no 3x3 kernel knows. So *squeeze* each channel to its average over space, $s_c = \operatorname{mean}_{ij}x_{cij}$;
# *excite*: compute from these $C$ numbers one gate for each channel, through a bottleneck of $C/r$; and multiply:
#
# $$ a = \operatorname{sigmoid}\bigl(W_2\operatorname{relu}(W_1 s + b_1) + b_2\bigr)\in(0,1)^C,\qquad y_{cij} = a_c\,x_{cij} . $$
#
# The cost is $2C^2/r$ weights. It is hardly any arithmetic, since the linear layers see one vector per image and not one per pixel. It is the first
# time in
# this module that one part of a network *weighs* another by what the input is; the thought grows into attention on {day: 12_transformers}.

# %%
plot.diagram(
    [
        "x -> N, C, H, W",
        plot.skip(
            "pool: average | over H and W -> N, C",
            "linear -> N, C/r",
            "ReLU",
            "linear -> N, C",
            "sigmoid | the gates",
            join="× -> N, C, H, W",
        ),
        "y",
    ],
    title="squeeze and excitation",
)

# %% [markdown]
# ### Exercise 6.6: squeeze and excite
# Two linear layers with bias; the hidden width is `channels // reduction`.


# %%
class SEBlock(nn.Module):
    """Each channel times a gate in (0, 1) that depends on all channels' averages. x: (N, channels, H, W); the same shape."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.squeeze = nn.Linear(channels, channels // reduction)
        self.excite = nn.Linear(channels // reduction, channels)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, channels, H, W)."""
        ### BEGIN SOLUTION
        gate = self.excite(F.relu(self.squeeze(x.mean((2, 3))))).sigmoid()
        return x * gate[:, :, None, None]
        ### END SOLUTION


# %%
check(SEBlock)

# %% [markdown]
# ## 2022: ConvNeXt, or what was the recipe and what was the idea
#
# By 2021 transformers ({day: 12_transformers}) had overtaken convolutions on ImageNet. Liu and others (2022) asked how much of that was the transformer. They took a
# ResNet-50 and gave it, one change at a time, what transformers had. Three lessons:
#
# - **The recipe came first.** A longer training with AdamW and stronger augmentation alone lifted the *unchanged* ResNet-50 from 76.1 to 78.8 %, nearly
#   half of the way to the final 82.0 %. Many a published "better architecture" had been compared with an old recipe.
# - **Each part has its job.** A stem cuts the image into tiles. *Depthwise* 7x7 kernels work in space and 1x1 convolutions on channels, as in
#   MobileNet. There are four times as many channels inside the block as outside. Where there used to be three normalisations and three activations a
#   block, there is one of each.
# - **The shortcut stayed.** Of all that you have met this morning it is the one thing that almost no successful deep architecture has given up since.
#
# The block, given. Its LayerNorm ({day: 04_ml_recap}) normalises over the channels of one pixel, so no example depends on its batch. The last factor $\gamma$ begins small
# (here $10^{-2}$; the paper's longer training starts from $10^{-6}$), so each block begins close to the identity.


# %%
class ConvNeXtBlock(nn.Module):
    """x + γ · (7x7 depthwise -> LayerNorm over C -> 1x1 to 4C -> GELU -> 1x1 to C). x: (N, C, H, W); the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.widen, self.narrow = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(1e-2 * torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        h = self.depthwise(x).movedim(1, -1)  # (N, H, W, C): a linear layer on the last axis is a 1x1 convolution
        h = self.gamma * self.narrow(F.gelu(self.widen(self.norm(h))))
        return x + h.movedim(-1, 1)


# %% [markdown]
# **A small race.** The same frame for all: tiles of 4x4, a block, halve, a block, global average, linear. Only the block changes. Each is trained with the
# same recipe on the same 2,000 patches, with two seeds.
#
# **Predict.** Ten years of progress lie between the first row and the last. In this race, at this size, will the order of accuracy be the order of the
# years? Which contender will be slowest for its number of multiplications?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
CONTENDERS = {
    "2014 VGG": lambda i, o: vgg_block(i, o, 2)[:-1],  # without its pooling: the frame pools for all
    "2014 Inception": lambda i, o: InceptionBlock(i, o // 4, (o // 4, o // 2), (o // 8, o // 8), o // 8),
    "2015 VGG with BN": lambda i, o: nn.Sequential(ConvBlock(i, o), ConvBlock(o, o)),
    "2016 residual": ResidualBlock,
    "2017 dense": lambda i, o: nn.Sequential(DenseBlock(i, o // 4, 4), ConvBlock(i + o, o, 1)),
    "2018 squeeze-excite": lambda i, o: nn.Sequential(ResidualBlock(i, o), SEBlock(o)),
    "2022 ConvNeXt": lambda i, o: nn.Sequential(nn.Conv2d(i, o, 1), ConvNeXtBlock(o), ConvNeXtBlock(o)),
}


def racer(block) -> nn.Sequential:
    """The common frame: x (N, 1, 64, 64) -> logits (N, 5)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, stride=4), block(16, 32), nn.MaxPool2d(2), block(32, 64),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 5),
    )  # fmt: skip


def multiplications(model: nn.Module, x: Tensor) -> int:
    """Multiplications of the convolutions and linear layers for one example x (1, C, H, W)."""
    total = 0

    def count(layer: nn.Module, _: object, out: Tensor) -> None:
        nonlocal total
        total += layer.weight[0].numel() * out.numel()

    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    model.eval()(x)
    for hook in hooks:
        hook.remove()
    return total


print("                       parameters   million mult.   seconds   accuracy of two seeds")
for name, block in CONTENDERS.items():
    start, reached = time.perf_counter(), []
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = racer(block)
        fit(model, some, epochs=sized(6, rehearsal=1), batch_size=64, lr=4e-3, weight_decay=0.05, schedule="one_cycle", seed=seed, progress=False)  # fmt: skip
        reached.append(evaluate(model, test))
    seconds = (time.perf_counter() - start) / 2
    size = sum(p.numel() for p in model.parameters())
    million = multiplications(model, test.x[:1]) / 1e6
    print(f"{name:22} {size:10,} {million:13.1f} {seconds:11.1f}   " + "  ".join(f"{a:.1%}" for a in reached))

# %% [markdown]
# Read it honestly. The largest step in the table is **batch normalisation**: the same layers, the same number of weights, another world. **Inception** does
# well for a fraction of the weights and multiplications of its neighbours. From there on to squeeze-excite the differences are about as large as those
# between two seeds; two layers deep, a residual block has nothing to rescue. And **ConvNeXt** is last or nearly so. It is made for hundreds of epochs on a
# million images: its blocks begin as the identity, and a 7x7 kernel for each channel alone learns slowly. It is also slow for its number of
# multiplications, as {day: 05_cnns_1} found for depthwise convolutions.
#
# So a table of ImageNet accuracies is no shopping list. For small data and few minutes take normalised convolutions with shortcuts, and measure on *your*
# data, with more than one seed, before you believe in a better block.

# %% [markdown]
# ## Borrowed knowledge: transfer learning
#
# Back to Monday morning. Which network is best matters less than this: forty labels cannot determine a hundred thousand weights. **Transfer learning** lets
# other labels determine most of them. The first layers of a network see edges, slopes, curvature, bends; there is nothing about them that belongs to one
# survey. So: train on the survey that has labels (*pretraining*), throw away the last layer, which knows that survey's classes, and put a fresh one in its
# place.
#
# Here is a small residual network of your blocks, trained on the five classes of `seismic_patches`. On ImageNet one would download it. Ours takes less than
# a minute.


# %%
class ResNet(nn.Module):
    """A stem, three residual blocks, global average pooling, a linear head. x: (N, 1, H, W) -> logits (N, classes)."""

    def __init__(self, classes: int, width: int = 16) -> None:
        super().__init__()
        self.stem = ConvBlock(1, width, stride=2)
        self.block1 = ResidualBlock(width, width)
        self.block2 = ResidualBlock(width, 2 * width, stride=2)
        self.block3 = ResidualBlock(2 * width, 4 * width, stride=2)
        self.head = nn.Linear(4 * width, classes)

    def features(self, x: Tensor) -> Tensor:
        """(N, 1, H, W) -> (N, 4 · width): what the head reads."""
        return self.block3(self.block2(self.block1(self.stem(x)))).mean((2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))


def mirror(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each image of the batch mirrored left and right with probability one half."""
    tossed = torch.rand(len(x), 1, 1, 1, generator=generator, device=generator.device) < 0.5
    return torch.where(tossed.to(x.device), x.flip(-1), x)


def pretrain(train: Labelled, *, epochs: int, seed: int = 0) -> ResNet:
    """A ResNet trained on ``train`` from random weights, with Friday's recipe; in evaluation mode."""
    torch.manual_seed(seed)
    model = ResNet(len(train.classes))
    fit(model, train, epochs=epochs, lr=0.01, weight_decay=0.05, schedule="one_cycle", augment=mirror, seed=seed, progress=False)  # fmt: skip
    return model


pretrained = pretrain(everything, epochs=sized(6, rehearsal=1))
print(f"{sum(p.numel() for p in pretrained.parameters()):,} parameters")
print(f"on the ground it was trained on: {evaluate(pretrained, test):.1%}")

# %% [markdown]
# **Frozen** means two things, and the second is forgotten by everybody once. The *parameters* must not move: `requires_grad = False`. And the *buffers*
# must not move: a batch normalisation in training mode updates its running mean and variance with every forward pass, gradient or no gradient, and
# normalises by the batch. A frozen BN must be in evaluation mode, and `model.train()` puts it back into training mode with everything else. So freezing is
# not done once: it stands at the start of each epoch, in the place of `model.train()`.
#
# ### Exercise 6.7: freeze
# Freeze all of the model but the submodules named in `keep` (direct children of the model). Frozen parts: no parameter requires a gradient, and the modules
# are in evaluation mode. Kept parts: all parameters require one (whatever they did before), and they are in training mode. Return the names of the
# parameters that will be trained, in order. One calls it *instead of* `model.train()`, at the start of an epoch.


# %%
def freeze(model: nn.Module, keep: tuple[str, ...] = ("head",)) -> list[str]:
    """Freeze every child of ``model`` but those in ``keep``; the names of the parameters that still learn."""
    ### BEGIN SOLUTION
    for name, child in model.named_children():
        child.requires_grad_(name in keep)
        child.train(name in keep)
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    ### END SOLUTION


# %%
check(freeze)

# %% [markdown]
# Now the recipe. With a fresh, random head the first gradients that reach the body are noise, and at full rate they would spoil what was learned before the
# head says anything sensible. Hence two phases:
#
# 1. **Head only.** The body is frozen; the head learns until it is about right. This is a logistic regression on borrowed features, a *linear probe*.
# 2. **Everything, gently.** Unfreeze, and let the body learn at a tenth of the head's rate.
#
# Kumar and others (2022) show for linear networks why the order matters. From a random head, fine-tuning moves the features in the directions of the
# few labelled examples only. What the others need is distorted.
#
# ### Exercise 6.8: fine-tune
# Copy the pretrained model (the original stays as it is) and give the copy a fresh `head` for the classes of `train`. Seed torch with `seed` first. Then
# `warm` epochs with all but the head frozen and `epochs` with everything, in batches of `batch_size` in a new random order every epoch. Use AdamW with
# weight decay 0.05: `lr` for the head, `lr / 10` for the body in the second phase. Return the model in evaluation mode.


# %%
def finetune(
    pretrained: nn.Module,
    train: Labelled,
    *,
    warm: int = 30,
    epochs: int = 20,
    lr: float = 3e-3,
    batch_size: int = 16,
    seed: int = 0,
) -> nn.Module:
    """Adapt a copy of ``pretrained``, whose last layer is the nn.Linear called ``head``, to ``train``; in evaluation mode."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = copy.deepcopy(pretrained)
    model.head = nn.Linear(model.head.in_features, len(train.classes))
    body = [parameter for name, parameter in model.named_parameters() if not name.startswith("head.")]
    groups = [{"params": list(model.head.parameters()), "lr": lr}, {"params": body, "lr": lr / 10}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.05)
    for epoch in range(warm + epochs):
        if epoch < warm:
            freeze(model, keep=("head",))
        else:
            model.requires_grad_(True)
            model.train()
        for index in torch.randperm(len(train)).split(batch_size):
            loss = F.cross_entropy(model(train.x[index]), train.y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model.eval()
    ### END SOLUTION


# %%
check(finetune)

# %% [markdown]
# **Predict.** Five answers to Monday's question, each from the same forty labels: (a) the coherence threshold; (b) the same `ResNet` from scratch;
# (c) a linear probe (`epochs=0`) on a network that was pretrained on *printed digits*; (d) a linear probe on ours. The last one is (e): fine-tuning
# ours. And once more with twelve labels. Put them in
# order, and write down how far apart you expect them.

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def from_scratch(train: Labelled, *, epochs: int = 50, seed: int = 0) -> nn.Module:
    """The same network from random weights, with as many epochs as fine-tuning has in all."""
    torch.manual_seed(seed)
    model = ResNet(len(train.classes))
    fit(model, train, epochs=epochs, batch_size=16, lr=3e-3, weight_decay=0.05, schedule="one_cycle", seed=seed, progress=False)  # fmt: skip
    return model


on_digits = pretrain(data.glyphs("train", count=sized(5000, rehearsal=1000)), epochs=sized(4, rehearsal=1))
counts, seeds = (12, 40), range(sized(3, rehearsal=1))
results: dict[str, list[list[float]]] = {}
for count in counts:
    for seed in seeds:
        few = pool.take(count, seed=seed)  # other labels for each seed: which patches she happened to look at matters
        cut = best_threshold(least_coherence(few.x), few.y)
        reached = {
            "coherence": ((least_coherence(new.x) <= cut).long() == new.y).float().mean().item(),
            "from scratch": evaluate(from_scratch(few, epochs=sized(50, rehearsal=2), seed=seed), new),
            "probe, digits": evaluate(finetune(on_digits, few, epochs=0, seed=seed), new),
            "probe": evaluate(finetune(pretrained, few, epochs=0, seed=seed), new),
            "fine-tuned": evaluate(finetune(pretrained, few, seed=seed), new),
        }
        for name, value in reached.items():
            results.setdefault(name, [[] for _ in counts])[counts.index(count)].append(value)

for name, per_count in results.items():
    print(f"{name:13}", "   ".join(f"{n} labels: " + " ".join(f"{v:.1%}" for v in values) for n, values in zip(counts, per_count, strict=True)))  # fmt: skip

# %% [markdown]
# **From scratch** is a coin with twelve labels, and still one with forty: so few patches can be told apart in a thousand ways that mean nothing. Even the
# coherence, which knows one thing and knows it from geology, is better. **Digits** do not help either. So it is not pretraining as such that helps; what
# was learned has to be of use here. Both probes have the same number of weights to learn, 130, from the same labels. The difference between them is the
# features.
#
# **Our pretrained network** is far ahead. It was never told of folded *and* faulted ground, nor of this wavelet; but it had to tell a bend from a break before.
#
# And **fine-tuning**, the more powerful method, is *not* better than the plain probe. With forty labels it is level with the probe for some draws and well
# behind for others; with twelve it is behind for all. Seventy-seven thousand weights, once they may move, find a way to explain twelve patches that has
# little to do with faults, even at a tenth of the rate. Power is paid for in labels. (Kumar and others found the probe ahead where the pretrained
# features are good and the data to be judged differ from the few that one trains on.)
#
# Over several pretrainings and several draws of the labels, measured at full size:
#
# | labels | from scratch | probe | fine-tuned |
# |---|---|---|---|
# | 12 | {ledger: 06_cnns_2.finetune.twelve_labels.scratch_accuracy} | {ledger: 06_cnns_2.finetune.twelve_labels.probe_accuracy} | {ledger: 06_cnns_2.finetune.twelve_labels.accuracy} |
# | 40 | {ledger: 06_cnns_2.finetune.forty_labels.scratch_accuracy} | {ledger: 06_cnns_2.finetune.forty_labels.probe_accuracy} | {ledger: 06_cnns_2.finetune.forty_labels.accuracy} |
#
# The rule to take along: probe first, it takes seconds. Unfreeze when you have the labels for it, from the top down, and keep what wins on labels that you
# held back. One suspect you can question yourself: in the second phase the body's normalisations take on the statistics of forty patches. Keep them in
# evaluation mode there too, and measure. And where does fine-tuning overtake here? Put 200 into `counts` and see.

# %% [markdown]
# ## This trains badly
#
# A colleague has written the same thing in one evening. His program runs; but its loss stays where it began, and on new patches his network is no better
# than a coin. He suspects the forty labels. You suspect the program, because yours worked with the same forty.
#
# ### Exercise 6.9: find the bug
# **Two** lines are wrong. Take the symptoms one at a time.
#
# 1. The head is new and random, so in the first epochs it should learn fast. Print `model.head.weight` before and after. What moved, and what did the
#    optimiser hold when it was made?
# 2. When the head learns: the body is frozen, so the features of a patch should be the same numbers in the first epoch and in the last. Are they? What does
#    a frozen network still do to itself in training mode?


# %%
### BEGIN SOLUTION
def find_the_bug_1(pretrained, train_x, train_y, *, epochs=10, batch_size=8, lr=0.05, seed=0):
    """Train a new head on a frozen body. Returns (model, losses): the model in evaluation mode, and each epoch's mean loss.

    pretrained: a network whose last layer is the nn.Linear `head`; train_x: (N, C, H, W); train_y: (N,) int64.
    Two lines are wrong: repair them and change nothing else.
    """
    torch.manual_seed(seed)
    model = copy.deepcopy(pretrained).requires_grad_(False)
    model.head = nn.Linear(model.head.in_features, int(train_y.max()) + 1).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.head.parameters(), lr=lr, momentum=0.9)
    losses = []
    for _ in range(epochs):
        model.eval()
        total = 0.0
        for index in torch.randperm(len(train_x)).split(batch_size):
            loss = F.cross_entropy(model(train_x[index]), train_y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index)
        losses.append(total / len(train_x))
    return model.eval(), losses


### END SOLUTION

# %%
check(find_the_bug_1)

# %%
repaired, losses = find_the_bug_1(pretrained, labels.x, labels.y, epochs=sized(30, rehearsal=2))
print("loss of every fifth epoch:", [round(one, 3) for one in losses[::5]])
print(f"on new patches: {evaluate(repaired, new):.1%}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The optimiser was made **before** the head was replaced. It held the parameters of the old head, which the network no longer uses; their gradient stayed
# `None`, and AdamW and SGD step over such parameters without a word. The new head never moved. Make the optimiser last, when the model is what it will be.
#
# And `model.train()` left the frozen body's batch normalisations in training mode. They normalised each batch by its own eight patches and, forward pass by
# forward pass, replaced the statistics of five thousand patches by those of the last few batches. Training then sees other features than evaluation. With
# only the head to train there is nothing in this network that needs training mode: `model.eval()`, or your `freeze`.
#
# Neither raises an error. The habits to keep: after building an optimiser, count what it holds
# (`sum(p.numel() for g in optimiser.param_groups for p in g["params"])`) against the parameters that you want to train; and compare a frozen model's
# `state_dict` before and after.
#
# </details>

# %% [markdown]
# ## Where did it see the fault? Grad-CAM
#
# The network says *faulted*. Before you believe it you ask: where? Friday's saliency pointed at single pixels; we want a region.
#
# Friday's formula is the key. With global average pooling, the logit of class $k$ is an average over places,
# $z_k = b_k + \frac{1}{P}\sum_{ij}\sum_c W_{kc}\,h_{cij}$, where $h$ is the last map and $P$ its number of places. The inner sum says how much place
# $(i,j)$ speaks for class $k$: the **class activation map** (Zhou and others, 2016). It asks for exactly this head, though. **Grad-CAM** (Selvaraju and
# others, 2017) needs no particular head. Take any layer with output $h$; let
#
# $$ \alpha_{kc} = \frac1P\sum_{ij}\frac{\partial z_k}{\partial h_{cij}},\qquad M_{kij} = \operatorname{relu}\Bigl(\sum_c\alpha_{kc}\,h_{cij}\Bigr) . $$
#
# $\alpha_{kc}$ is the effect on the logit of raising channel $c$ everywhere, and $M$ is where the channels that speak for $k$ are active. For our head,
# $\partial z_k/\partial h_{cij}=W_{kc}/P$ at every place, so $\alpha_{kc}=W_{kc}/P$ and $M$ is the class activation map, over $P$ and rectified: the new
# method contains the old.
#
# **A worked number.** Two channels of 1x2 places, $h_1=(4, 0)$, $h_2=(1, 3)$, and $W_k=(1,-1)$. Then $P=2$, $\alpha=(\frac12,-\frac12)$, the sum is
# $(\frac32,-\frac32)$ and $M=(\frac32, 0)$: the left place speaks for $k$.
#
# ### Exercise 6.10: Grad-CAM
# For each image the map of its own target, at the size of the layer's output. `layer` is one of the model's submodules. Leave no hook on the model, and `x`
# as it is. The model is in evaluation mode; its parameters may be frozen.


# %%
def grad_cam(model: nn.Module, layer: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """Grad-CAM of the output (N, C, h, w) of ``layer``. x: (N, ...) images, target: (N,) int64; returns (N, h, w), without a graph."""
    ### BEGIN SOLUTION
    kept = []
    handle = layer.register_forward_hook(lambda module, inputs, output: kept.append(output))
    try:
        logits = model(x.clone().requires_grad_())  # so that there is a gradient even through a frozen model
    finally:
        handle.remove()
    chosen = logits.gather(1, target[:, None]).sum()  # no image touches another's logit
    (gradient,) = torch.autograd.grad(chosen, kept[0])
    alpha = gradient.mean((2, 3), keepdim=True)
    return (alpha * kept[0]).sum(1).relu().detach()
    ### END SOLUTION


# %%
check(grad_cam)

# %% [markdown]
# Our data were made, so we hold what no interpreter holds: the true position of each fault. That lets us *test* the picture. On faulted patches that the
# network calls faulted, we ask whether the fault passes through the brightest cell of the map, and how often it would through a cell chosen at random.
#
# The map has 8x8 cells. Which samples does a cell stand for? A 3x3 convolution with stride 2 and padding 1 centres its output $j$ on input $2j$ ({day: 05_cnns_1}),
# so after three of them cell $(i,j)$ is centred on sample $(8i, 8j)$. If you draw such a map as if the cell's *corner* were there, you are off by half a cell,
# and most functions that enlarge an image put the corner there.
#
# **Predict.** A fault is a steep line from top to bottom, so it passes within 4 samples of about one centre in five. How often will it pass within 4
# samples of the *brightest* cell's centre: 20 %, 50 %, 90 %?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def touched(masks: Tensor, reach: int = 4) -> Tensor:
    """Whether a fault passes within ``reach`` samples of the centre (8i, 8j) of a cell. masks: (n, 1, 64, 64); returns (n, 8, 8)."""
    return F.max_pool2d(F.pad(masks, (reach, reach, reach, reach)), 2 * reach + 1, stride=8)[:, 0]


model = finetune(pretrained, labels, epochs=0)  # the probe, which did best
said = predict(model, new.x).argmax(1)
found = ((new.y == 1) & (said == 1)).nonzero()[:, 0]
heat = grad_cam(model, model.block3, new.x[found], new.y[found])  # (n, 8, 8)
brightest = heat.flatten(1).argmax(1)[:, None]
print(f"{len(found)} faulted patches called faulted; the fault passes")
for reach in (4, 8):
    cells = touched(new_masks[found], reach)
    hit, chance = cells.flatten(1).gather(1, brightest).mean(), cells.mean()
    print(f"within {reach} samples of the centre of the brightest cell in {hit:.0%}, of a random cell in {chance:.0%}")

tiles = F.max_pool2d(new_masks[found], 8)  # as if cell (i, j) were the tile from (8i, 8j) to (8i + 7, 8j + 7)
print(f"through the tile at the brightest cell's place in {tiles.flatten(1).gather(1, brightest).mean():.0%}, of a random cell's in {tiles.mean():.0%}")  # fmt: skip

fig, axes = plt.subplots(2, 6, figsize=(11, 3.9), layout="constrained")
for column, i in enumerate(range(min(6, len(found)))):
    for ax in axes[:, column]:
        ax.imshow(new.x[found[i], 0], cmap="gray", vmin=0, vmax=1)
    axes[0, column].contour(new_masks[found[i], 0], levels=[0.5], colors=[plot.VERMILION], linewidths=1)
    # Cell (i, j) is centred on sample (8i, 8j): the 8 x 8 cells cover -4 to 60.
    axes[1, column].imshow(heat[i], cmap="viridis", alpha=0.55, extent=(-4, 60, 60, -4), interpolation="bilinear")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[], xlim=(-0.5, 63.5), ylim=(63.5, -0.5))
axes[0, 0].set_ylabel("truth")
axes[1, 0].set_ylabel("Grad-CAM")
plot.alt(
    fig,
    "Six faulted patches, twice. Top: the true fault outlined, a steep line through the patch. Bottom: the Grad-CAM map laid over, one or two broad "
    "blobs that lie on the line where it breaks a strong reflector.",
)

# %% [markdown]
# The map was never taught where a fault is: it had forty words, and before that five classes. Yet its brightest cell lies on the fault in about nine
# patches of ten, and in nearly all others right beside it. A label for the whole was enough to find the part, because nothing else in the patch told the labels
# apart. (If something else had, a footprint of the acquisition, say, the map would have shown *that*. This is what such maps are good for: catching a
# network that is right for the wrong reason.)
#
# The last printed line is the warning. The same map, read as if its cells were tiles, seems to miss the fault in two patches of three. The network has not
# changed, only the picture was shifted by half a cell.
#
# Look at *where along* the fault the blobs lie: where it breaks a strong reflector. Between reflectors there is nothing to see, for the network or for you.
# Grad-CAM shows the evidence, not the fault.

# %% [markdown]
# ## What and where: the way to the U-Net
#
# For Monday's question, *which patches are faulted*, we have an answer. The interpreter's next question is *draw me the fault*. A label per patch becomes a
# label per sample.
#
# The simplest thing is to blow up the last map, as the figure did. It must be blurred: that map has one number for every 8x8 samples. Could we not avoid
# the strides? Then the receptive field grows by 2 samples per layer and the cost by 64. The network needs the small map to know **what**, and has lost
# **where**.
#
# But *where* is not lost everywhere. The first map has 32x32 places and saw edges. Let us measure who knows what: a **linear** classifier for each sample,
# on features of the pretrained network, frozen, blown up to 64x64. Once the early maps, once the last, once all four side by side.
#
# We judge by the **intersection over union** (IoU) of the predicted and the true fault samples: how many are in both sets, divided by how many are in at least
# one. 1 is perfect, and the first line below is what marking everything would give.

# %%
on_faults, on_masks = survey(sized(160, rehearsal=20), seed=3)
half = len(on_faults) // 2
x_pixels, m_pixels = on_faults.x[half:], on_masks[half:, 0]  # faulted patches only
learn, judge = slice(0, half // 2), slice(half // 2, half)


def enlarge(h: Tensor, side: int) -> Tensor:
    """Maps h (N, C, n, n) blown up to (N, C, side, side), cell j at sample j · side / n, the last cell repeated to the edge."""
    last = (h.shape[-1] - 1) * (side // h.shape[-1]) + 1
    large = F.interpolate(h, size=(last, last), mode="bilinear", align_corners=True)
    return F.pad(large, (0, side - last, 0, side - last), mode="replicate")


@torch.no_grad()
def pixel_features(model: ResNet, x: Tensor, which: tuple[str, ...]) -> Tensor:
    """The outputs of the named children, each blown up to the size of x, side by side. x: (N, 1, H, W) -> (N, H, W, C)."""
    model.eval()
    large, h = [], x
    for name in ("stem", "block1", "block2", "block3"):
        h = getattr(model, name)(h)
        if name in which:
            large.append(enlarge(h, x.shape[-1]))
    return torch.cat(large, dim=1).movedim(1, -1)


def iou(marked: Tensor, truth: Tensor) -> float:
    """Intersection over union of two sets of samples, boolean tensors of one shape."""
    return ((marked & truth).sum() / (marked | truth).sum().clamp(min=1)).item()


everywhere = torch.ones_like(m_pixels[judge], dtype=torch.bool)
print(f"marking everything                     IoU on other patches {iou(everywhere, m_pixels[judge] > 0.5):.2f}")

fig, axes = plt.subplots(1, 5, figsize=(11, 2.6), layout="constrained")
axes[0].imshow(x_pixels[judge][0, 0], cmap="gray", vmin=0, vmax=1)
axes[0].set_title("a patch")
axes[1].imshow(m_pixels[judge][0], cmap="viridis")
axes[1].set_title("its fault")
for ax, (name, which) in zip(
    axes[2:],
    {
        "early": ("stem", "block1"),
        "late": ("block3",),
        "all four": ("stem", "block1", "block2", "block3"),
    }.items(),
    strict=True,
):
    features = pixel_features(model, x_pixels, which)
    flat, truth = features[learn].flatten(0, 2), m_pixels[learn].flatten()
    mean, std = flat.mean(0), flat.std(0) + 1e-6
    torch.manual_seed(0)
    classifier = nn.Linear(flat.shape[1], 1)
    optimiser = torch.optim.Adam(classifier.parameters(), lr=0.05)
    flat = (flat - mean) / std
    for _ in range(sized(150, rehearsal=5)):
        loss = F.binary_cross_entropy_with_logits(classifier(flat)[:, 0], truth)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        known = classifier(flat)[:, 0]
        # The best of twenty thresholds, chosen on the patches that it learned on.
        cuts = known[::7].quantile(torch.linspace(0.9, 0.995, 20))
        cut = max(cuts.tolist(), key=lambda t: iou(known > t, truth > 0.5))
        score = classifier((features[judge] - mean) / std)[..., 0]
    print(f"{name:15} {features.shape[-1]:4} features per sample, IoU on other patches {iou(score > cut, m_pixels[judge] > 0.5):.2f}")  # fmt: skip
    ax.imshow(score[0].sigmoid(), cmap="viridis")
    ax.set_title(name)
for ax in axes:
    ax.set(xticks=[], yticks=[])
plot.alt(
    fig,
    "A faulted patch, its true fault, and three maps of how likely each sample is to lie on it: from early features a fine-grained scatter, from late "
    "features a broad smear along the fault, from all together a narrower band.",
)

# %% [markdown]
# Neither the early features nor the late ones come far, and they fail in opposite ways. The early map is sharp and sees faults everywhere (each noisy
# kink is one). The late one knows the fault and smears it. **Side by side they are clearly better than either**, with a classifier that can do no
# more than add
# them up. (All three numbers are small. A fault is hardly two samples wide, so a line drawn two samples beside it scores nothing, and between reflectors
# there is nothing to draw by. This afternoon's network *learns* its features for the task; compare.)
#
# The **U-Net** (Ronneberger, Fischer and Brox, 2015) makes this an architecture and learns all of it together. Down: blocks and pooling, as this morning.
# Up: from the smallest map back, step by step, to full size. And across: at each size, the map from the way down is *concatenated* to the one on the way
# up. That is a **skip connection**. It has the same name as the shortcut of a residual block and another purpose: the residual shortcut keeps the
# *gradient* alive, the U-Net's keeps the *place*.
#
# ### Going up: the transposed convolution
#
# One way up is to interpolate and convolve. The other is a layer you already know. {Day: 05_cnns_1} wrote a convolution as a matrix, $y=Ax$; with stride 2 it makes
# four pixels into one. Its backward pass multiplies by $A^\top$, which makes one pixel into four. A **transposed convolution** uses $A^\top$ as a forward
# pass: each input pixel puts down a copy of the kernel, times its value, at stride 2, and where copies overlap they add up.
#
# **A worked number**, in one dimension: input $(2, 1)$, kernel $(1, 1, 1)$, stride 2. The copies are $(2,2,2,\cdot,\cdot)$ and $(\cdot,\cdot,1,1,1)$, their
# sum $(2,2,3,1,1)$. The size is $(n-1)s+k=1\cdot 2+3=5$: the formula of {day: 05_cnns_1}, solved for the other side.
#
# **Predict.** The input is *constant*: 1 everywhere, and so are the weights. The kernel has width 3, the stride is 2. Is the output constant, away from the edges?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
ones = torch.ones(1, 1, 5)
for width in (2, 3, 4):
    out = F.conv_transpose1d(ones, torch.ones(1, 1, width), stride=2)[0, 0]
    print(f"kernel of {width}: {[int(v) for v in out]}")

# %% [markdown]
# With width 3 it alternates: every second output lies under two copies, the others under one. In two dimensions that is a **checkerboard**, and images from
# generators used to be full of it (Odena, Dumoulin and Olah, 2016). A width that is a multiple of the stride has none of it to begin with: U-Nets use width
# 2 and stride 2, or interpolate first. Neither is a necessity; an uneven layer can learn weights that even it out, and does not always do so.
#
# ## Monday, answered
#
# Which patches of the new survey are faulted? A number made by hand is right on about seven in ten. A network on its own cannot begin with forty labels.
# The same network with a body that learned on other ground, and a head of 130 weights that learned on this one, is right on
# {ledger: 06_cnns_2.finetune.forty_labels.probe_accuracy} of patches that it has never seen. That is enough to sort a survey, and to send the doubtful patches
# back to the interpreter; her next forty labels are then worth more than the first.
#
# And we know where it looks, to within a cell. We do not know yet where the fault *runs*. This afternoon you draw it, sample by sample, with a U-Net, and
# then you meet the same problem in one dimension: the first arrival of an earthquake. To know *that* a wave has come takes seconds of context; to say
# *when* asks for a hundredth of a second. What, and where.
#
# ## Summary
#
# - Small kernels stacked see as much as a large one, for less, with more non-linearities between (VGG). A **1x1 convolution** mixes channels at one pixel;
#   before an expensive kernel it saves a factor of ten (Inception). Global average pooling replaced the large linear layers.
# - Deep plain networks fail on the **training** set. Batch normalisation fixes the scale of the signal forward, and multiplies the gradient by about
#   $\sqrt{\pi/(\pi-1)}=1.21$ per layer backward. A **shortcut** turns the exponential into a power of the depth.
# - In evaluation mode BN is an affine map and folds into the convolution before it.
# - Dense blocks concatenate where residual blocks add; squeeze-excite weighs channels by the whole image. ConvNeXt shows how much of "architecture" was
#   training recipe.
# - **Fine-tuning**: copy, new head, head first, then everything gently. Frozen means parameters *and* batch statistics. Build the optimiser last.
# - **Grad-CAM** says in which cells the evidence lies, at the resolution of the layer. Test such pictures against a truth where you have one.
# - Late features know *what*, early ones *where*; a map needs both, and that is the U-Net.
#
# ### Questions to take along
#
# 1. A residual network is cut apart: you delete one block in the middle of a trained network of 50 blocks. What do you expect, compared with deleting one
#    layer of a trained VGG?
#
# <details><summary>Answer</summary>
#
# The residual network loses little: the block's input goes on along the shortcut, and the next block meets a stream that lacks one small change. Veit,
# Wilber and Belongie (2016) measured exactly this. A VGG without a layer gets inputs it has never seen and is no better than chance. So the two are
# different kinds of object: a residual network behaves like a sum of many paths of different lengths.
#
# </details>
#
# 2. Why does a BN just before the sum usually get $\gamma=0$ at the start in modern recipes? Check with the derivation.
#
# <details><summary>Answer</summary>
#
# Then every $f_l=0$, the network begins as the identity with a stem and a head, the stream does not grow, and every $I+J_l$ is $I$: the gradient reaches
# the input unchanged. $\gamma$ has a gradient of its own and wakes up. ConvNeXt's small $\gamma$ is the same thought.
#
# </details>
#
# 3. You have 40,000 labels on the new ground instead of forty. Is pretraining still worth it?
#
# <details><summary>Answer</summary>
#
# For the final accuracy perhaps not: He, Girshick and Dollár (2019) trained from scratch, long enough, to the same accuracy as from ImageNet weights. It
# still saves time. Transfer replaces labels; where labels are plenty it replaces only iterations. Measure it: you have the two functions.
#
# </details>
#
# 4. Your new survey has three input channels (near, mid and far stack), and the pretrained stem reads one. What do you do with the first convolution?
#
# <details><summary>Answer</summary>
#
# Copy its kernel to all three channels and divide by 3. If the stacks were equal the output would be what the network knows, and from there it learns the
# differences. A random first layer would feed noise to all the layers above, which is what transfer was to avoid.
#
# </details>
#
# 5. Why may you not fold a BN into its convolution before fine-tuning?
#
# <details><summary>Answer</summary>
#
# You may, but it is another network to train: the batch's statistics are gone from the forward pass, and so is what they did for the gradient; the
# effective learning rate changes too. With a frozen body (evaluation mode) folding changes nothing.
#
# </details>

# %% [markdown]
# ## References
#
# - M. Bahorich, S. Farmer (1995). *3-D seismic discontinuity for faults and stratigraphic features: the coherence cube.* doi:10.1190/1.1437077.
# - K. He, X. Zhang, S. Ren, J. Sun (2016). *Deep residual learning for image recognition.* arXiv:1512.03385.
# - K. He, X. Zhang, S. Ren, J. Sun (2016). *Identity mappings in deep residual networks.* arXiv:1603.05027.
# - K. He, R. Girshick, P. Dollár (2019). *Rethinking ImageNet pre-training.* arXiv:1811.08883.
# - J. Hu, L. Shen, G. Sun (2018). *Squeeze-and-excitation networks.* arXiv:1709.01507.
# - G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger (2017). *Densely connected convolutional networks.* arXiv:1608.06993.
# - S. Ioffe, C. Szegedy (2015). *Batch normalization.* arXiv:1502.03167. Batch normalisation.
# - A. Krizhevsky, I. Sutskever, G. E. Hinton (2012; reprinted 2017). *ImageNet classification with deep convolutional neural networks.* doi:10.1145/3065386.
# - A. Kumar and others (2022). *Fine-tuning can distort pretrained features and underperform out-of-distribution.* arXiv:2202.10054.
# - M. Lin, Q. Chen, S. Yan (2013). *Network in network.* arXiv:1312.4400.
# - Z. Liu and others (2022). *A ConvNet for the 2020s.* arXiv:2201.03545. ConvNeXt, step by step; read its figure 2.
# - A. Odena, V. Dumoulin, C. Olah (2016). *Deconvolution and checkerboard artifacts.* doi:10.23915/distill.00003.
# - O. Ronneberger, P. Fischer, T. Brox (2015). *U-Net.* arXiv:1505.04597.
# - R. R. Selvaraju and others (2017). *Grad-CAM.* arXiv:1610.02391.
# - K. Simonyan, A. Zisserman (2014). *Very deep convolutional networks for large-scale image recognition.* arXiv:1409.1556.
# - C. Szegedy and others (2015). *Going deeper with convolutions.* arXiv:1409.4842.
# - A. Veit, M. Wilber, S. Belongie (2016). *Residual networks behave like ensembles of relatively shallow networks.* arXiv:1605.06431.
# - G. Yang and others (2019). *A mean field theory of batch normalization.* arXiv:1902.08129.
# - S. De, S. L. Smith (2020). *Batch normalization biases residual blocks towards the identity function in deep networks.* arXiv:2002.10444.
# - J. Yosinski, J. Clune, Y. Bengio, H. Lipson (2014). *How transferable are features in deep neural networks?* arXiv:1411.1792. Which layers transfer, measured.
# - B. Zhou and others (2016). *Learning deep features for discriminative localization.* arXiv:1512.04150. The class activation map.
