# ---
# title: "Convolutional neural networks, part II: faults and first arrivals"
# objectives:
#   - score a picture in which 96 % of the pixels are of no interest, and train on such a score
#   - build a U-Net that answers for every sample of its input, at any size, and say what each of its parts is for
#   - map faults in sections that the network has never seen, and compare with a threshold that was given every chance
#   - pick first arrivals in seismograms with the same network, one sample high
#   - know where a median hides the errors that matter, and where a split hides a constant
#   - train a residual network to over 93 % on Fashion-MNIST on two processor cores
#   - load weights that another person trained with `strict=True`, and read the three complaints of `load_state_dict`
# prerequisites: [05_cnns_1.afternoon, 06_cnns_2.morning]
# minutes: {cpu: 3, cpu_fp32: 5}
# data: [seismic, seismograms, phasenet, seismic_patches, fashion_mnist]
# ---

# %% [markdown]
# ## The question: where, to the sample?
#
# On {day: 05_cnns_1} a network looked at a patch and said *faulted*. An interpreter would answer: thank you, I can see that; **where** is the fault? She needs a line that
# she can carry from section to section. A seismologist asks the same of a seismogram. That a wave arrived is no news; **when** it arrived, to a few hundredths of a
# second, is what an epicentre is computed from.
#
# Both ask for an answer at every sample of the input: a label for each pixel of a section, a moment on a trace. Computer vision calls the first **semantic
# segmentation**. This afternoon one network answers both, and it is built from what you have: convolutions, pooling, and the shortcuts of this morning.

# %%
import copy

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.data import Labelled, seismic
from dlmodule.device import Plan
from dlmodule.rehearsal import sized
from dlmodule.training import evaluate, fit, lr_factor, make_optimiser, predict, set_lr, train_step

check = checks("06_cnns_2")
plot.use_style()

# %%
side = sized(128, rehearsal=64)
train = seismic.sections(sized(120, rehearsal=16), height=side, width=side, seed=0)
unseen = seismic.sections(sized(60, rehearsal=8), height=side, width=side, seed=1)
shaken = data.seismograms(8, seed=3)

fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained", width_ratios=[1, 1, 1.3])
plot.section(unseen.images[2], title="a section", ax=axes[0])
plot.section(unseen.images[2], unseen.masks[2], title="where are its faults?", ax=axes[1])
t = torch.arange(shaken.x.shape[2]) / shaken.rate
for component, name in enumerate(("east", "north", "vertical")):
    axes[2].plot(t, shaken.x[0, component] / 8 - component, linestyle="-", linewidth=0.6, color="black")
    axes[2].text(0.2, 0.35 - component, name)
axes[2].axvline(shaken.p[0] / shaken.rate, color=plot.VERMILION)
axes[2].set(title="when does the first wave arrive?", xlabel="time in seconds", yticks=[])
plot.alt(
    fig,
    "Left and middle: one seismic section, plain and with its faults in vermilion, steep lines along which the layers are broken. Right: the three "
    "components of a seismogram; the first arrival is marked by a vertical line, after which the traces shake more strongly.",
)

# %% [markdown]
# The sections are drawn as on {day: 05_cnns_1}, in a moment, and each knows where its faults lie. We learn from `train` and report on `unseen`, whose
# sections no parameter, no threshold and no choice of ours may look at.
#
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $x, y$ | section and mask; in the second half seismogram and time | `(N, C, H, W)`, `(N, 3, T)` |
# | $z_i, p_i$ | logit and probability of pixel $i$ | |
# | $M, Y$ | the pixels that are marked; those that are faults | |
# | $D, A, B$ | Dice; its intersection and its sum of sizes | |
# | $\epsilon, \gamma$ | what keeps Dice from 0/0; exponent of the focal loss | |
# | $w, d$ | channels of the first level of a U-Net; its depth | |
# | $f_H, f_W$ | what pooling divides height and width by | |
# | $t, \tau$ | sample of a seismogram; that of the first arrival | |
# | $q_t$ | target distribution over the samples | `(T,)` |
# | $\sigma$ | width of that distribution | samples |
# | $R_t$ | average over a short window divided by that over a long one | `(T,)` |
#
# ## The simplest thing that could work: a threshold
#
# {Day: 05_cnns_1}'s kernel for the slope to the right answered strongly where the picture changes from trace to trace. It shouted at steep layers too, and
# you found what tells the two apart: a fault goes on *downwards*. So let us give the kernel the best chance we can. Take the absolute
# slope to the right and average it over a window of some samples up and down; where that is large, mark a fault. Interpreters call such a
# picture a **discontinuity attribute**. It has two numbers to choose, the height of the window and the threshold, and we choose both on
# `train`.
#
# But choose by what? By the share of pixels that are right?
#
# **Predict.** Suppose a program marks nothing at all, in any section. What share of all pixels does it label correctly?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
print(f"{train.masks.mean():.1%} of the pixels lie on a fault")
print(f"a program that marks nothing is right at {1 - train.masks.mean():.1%} of them")

# %% [markdown]
# Accuracy is of no use here. It counts every quiet pixel between two faults as a success, and there are twenty-five of those for each pixel on a fault. What
# we want to know is how well two *sets* of pixels agree: those that were marked, $M$, and those that are true, $Y$. The pixels that neither holds
# should not count.
#
# The idea in one sentence: *of all the pixels that either marks, how many do both mark?*
#
# $$ \mathrm{IoU} = \frac{|M \cap Y|}{|M \cup Y|} $$
#
# This is **intersection over union**, introduced by the botanist Paul Jaccard in 1901 to compare the flora of alpine valleys. It is 1 if the sets are equal and 0 if they do not
# meet; marking nothing scores 0, marking everything scores the share of fault pixels.
#
# Write TP for the pixels in both, FP for those marked without being true, FN for those true and not marked. Then the union has
# $\mathrm{TP}+\mathrm{FP}+\mathrm{FN}$ pixels, since each of its pixels is of exactly one of the three kinds, and
# $\mathrm{IoU} = \mathrm{TP}/(\mathrm{TP}+\mathrm{FP}+\mathrm{FN})$. The fourth kind, TN, which makes accuracy so large, does not occur.
#
# **A worked number.** A fault 3 pixels wide is marked 3 pixels wide, but 1 pixel too far to the right. In each row 2 pixels are in both and the union has 4: the IoU is $0.5$, though the
# line is off by a single sample. For thin targets IoU is a strict judge, and 0.7 is a good score.
#
# **Two conventions.** We pool: all sections' pixels are counted together, so a section without a fault does not make us divide 0 by 0, and a long fault
# weighs more than a short one. And if *nothing* is marked and nothing is there, the sets are equal and we call it 1.

# %% [markdown]
# ### Exercise 6.11: intersection over union
#
# Both arguments may be boolean, or numbers that are 0 or 1; they may have any shape, but both the same.


# %%
def iou(marked: Tensor, y: Tensor) -> Tensor:
    """Intersection over union of two sets of pixels, pooled over everything. marked, y: the same shape, 0/1 or bool. Returns a float scalar."""
    ### BEGIN SOLUTION
    marked, y = marked.bool(), y.bool()
    either = (marked | y).sum()
    if either == 0:
        return torch.ones(())
    return (marked & y).sum() / either
    ### END SOLUTION


# %%
check(iou)

# %% [markdown]
# Now the threshold, with both of its numbers chosen by IoU on the training sections.

# %%
slope_right = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8


def discontinuity(images: Tensor, tall: int) -> Tensor:
    """Absolute slope to the right, averaged over ``tall`` samples up and down. images: (N, 1, H, W); the same shape."""
    slope = F.conv2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), slope_right[None, None]).abs()
    return F.avg_pool2d(slope, (tall, 1), stride=1, padding=(tall // 2, 0), count_include_pad=False)


def best_threshold(attribute: Tensor, y: Tensor) -> tuple[float, float]:
    """The threshold with the largest IoU, and that IoU, among forty quantiles of the attribute."""
    candidates = attribute.flatten()[::29].quantile(torch.linspace(0.7, 0.995, 40)).tolist()
    return max(
        ((threshold, iou(attribute > threshold, y).item()) for threshold in candidates), key=lambda pair: pair[1]
    )


choices = {}
for tall in (1, 5, 9, 15, 21):
    threshold, reached = best_threshold(discontinuity(train.images, tall), train.masks)
    choices[tall] = (reached, threshold)
    print(f"averaged over {tall:2d} samples: IoU {reached:.3f} on train with the threshold {threshold:.2f}")
tall = max(choices, key=choices.get)
threshold = choices[tall][1]
by_threshold = iou(discontinuity(unseen.images, tall) > threshold, unseen.masks).item()
print(f"the best of them, on sections never seen: IoU {by_threshold:.3f}")

# %%
fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
plot.section(unseen.images[2], unseen.masks[2], title="the faults", ax=axes[0])
axes[1].imshow(discontinuity(unseen.images[2:3], tall)[0, 0], cmap="viridis", aspect="auto")
axes[1].set(title=f"the attribute, {tall} samples tall", xlabel="trace", ylabel="time sample")
plot.section(unseen.images[2], discontinuity(unseen.images[2:3], tall)[0] > threshold, title="marked", ax=axes[2])
plot.alt(
    fig,
    "One unseen section. Left: its faults. Middle: the discontinuity attribute, bright where a fault breaks a strong layer and dark along the rest of it. Right: what the best threshold marks: short thick pieces of the faults, with long gaps between.",
)

# %% [markdown]
# The best that a threshold does is to agree on less than a third of the pixels that either marks. It finds a fault where a strong layer is broken,
# and loses it where the rock on both sides looks alike; and what it finds is too thick. It does not know that a fault is *one line* through the whole
# section, which goes on where nothing shows. It does not know that layers match across the fault if you move one side. And it does not know that a
# steep bright layer is no fault, however steep. Window,
# threshold, another attribute: each would gain a little. What is missing is context.
#
# ## A loss that looks at sets
#
# A network will answer with one number for each pixel, a logit $z_i$, and $p_i=1/(1+e^{-z_i})$ is its probability of a fault. The loss you know for yes-or-no questions is the binary cross-entropy, averaged over the
# $n$ pixels. For one pixel it is $-y_i\ln p_i-(1-y_i)\ln(1-p_i)$; with $\mathrm dp_i/\mathrm dz_i=p_i(1-p_i)$ its derivative is $-y_i(1-p_i)+(1-y_i)p_i$, and so
#
# $$ \frac{\partial L_\mathrm{BCE}}{\partial z_i} = \frac{1}{n}\,(p_i - y_i). $$
#
# Sum it over all pixels at the beginning, when every $p_i$ is about one half. Let 4 % of the pixels be true. The true ones pull up with $0.04\cdot 0.5$, the others push down
# with $0.96\cdot0.5$, twenty-four times as hard. So the first thing the network learns is that faults are rare, and to say so everywhere; it leaves that state only slowly. Nothing about this is
# wrong. A mean over pixels is just not what we score by.
#
# We score by IoU, and IoU has no gradient: it counts pixels, and a small change of $z_i$ changes no count. But counting is summing zeros and ones,
# $|M\cap Y| = \sum_i m_i y_i$ with $m_i\in\{0,1\}$, and sums may also be taken of probabilities. It is customary to soften not the IoU but its twin, the coefficient of Dice (1945),
#
# $$ D = \frac{2\,|M\cap Y|}{|M| + |Y|} \qquad\longrightarrow\qquad D = \frac{2\sum_i p_i y_i + \epsilon}{\sum_i p_i + \sum_i y_i + \epsilon}, \qquad L_\mathrm{Dice} = 1 - D. $$
#
# The two are the same judge with another scale. Divide numerator and denominator of $2\,\mathrm{TP}/(2\,\mathrm{TP}+\mathrm{FP}+\mathrm{FN})$ by the union and you get $D = 2\,\mathrm{IoU}/(1+\mathrm{IoU})$: an IoU of 0.5 is a Dice of $0.67$.
# The $\epsilon$ (we take 1 pixel) is a *necessity* where a section has no fault. Without it $D$ is 0 on such a section however quiet the network is,
# and $0/0$ once its probabilities round to zero. With it, a network that says nothing comes close to $D=1$.
#
# **What does it pull at?** Write $A=\sum_i p_iy_i$ and $B = \sum_i p_i + \sum_i y_i$, so that $D=(2A+\epsilon)/(B+\epsilon)$. A single $p_i$ changes $A$ by $y_i$ and $B$ by 1; by the quotient rule
#
# $$ \frac{\partial D}{\partial p_i} = \frac{2y_i\,(B+\epsilon) - (2A+\epsilon)}{(B+\epsilon)^2} = \frac{2y_i - D}{B+\epsilon}. $$
#
# A true pixel is pulled up by $2-D$, any other is pushed down by $D$. How many of each there are does not enter; only how good we are does. At the start $D$ is small: nearly all of the
# pull is on the true pixels, *find them*. As $D$ nears 1, both act alike, *and mark nothing else*.
#
# **A worked number.** Four pixels, $p=(0.9, 0.6, 0.2, 0.1)$ and $y=(1,1,0,0)$, with $\epsilon=1$. $A=1.5$, $B=1.8+2=3.8$, $D=4/4.8=0.833$ and the loss is $0.167$. A true pixel is pulled with
# $(2-0.833)/4.8=0.243$, another pushed with $0.174$.
#
# Soft Dice as a loss is due to Milletari and others (2016). They had the squares of $p_i$ and $y_i$ in the denominator; both forms are in use. Take
# $D$ *for each image*, and the mean over the batch: an image with one small fault then counts as much as one with four.

# %% [markdown]
# ### Exercise 6.12: the soft Dice loss
#
# It takes logits, as all losses of this course do.


# %%
def dice_loss(logits: Tensor, y: Tensor, eps: float = 1.0) -> Tensor:
    """1 - soft Dice of each image, averaged over the batch. logits, y: (N, C, H, W), y in {0, 1}. Returns a scalar."""
    ### BEGIN SOLUTION
    p = logits.sigmoid()
    both = (p * y).sum((1, 2, 3))
    dice = (2 * both + eps) / (p.sum((1, 2, 3)) + y.sum((1, 2, 3)) + eps)
    return 1 - dice.mean()
    ### END SOLUTION


# %%
check(dice_loss)

# %% [markdown]
# **Predict.** A section has 16,384 pixels, 600 of them true. An untrained network says $p_i=0.5$ everywhere. We compute, for each loss, how hard the gradient with respect to the logits pulls at all true pixels together, and how hard it pushes at all others together.
# What is the ratio of the two for the cross-entropy? And for Dice: above 1, about 1, or far below?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
y = torch.zeros(1, 1, 128, 128)
y.view(-1)[:600] = 1
for name, loss_fn in {"cross-entropy": F.binary_cross_entropy_with_logits, "Dice": dice_loss}.items():
    logits = torch.zeros_like(y, requires_grad=True)
    loss_fn(logits, y).backward()
    pull, push = -logits.grad[y == 1].sum(), logits.grad[y == 0].sum()
    print(
        f"{name:14s} pull at the true {pull:.1e}, push at the others {push:.1e}, ratio {pull / push:.2f}; at one pixel {-logits.grad[y == 1][0] / logits.grad[y == 0][0]:.1f}"
    )

# %% [markdown]
# For the cross-entropy the ratio is $600/15784=0.04$: the crowd decides. For Dice the two sides are about level, since each true pixel is pulled nearly thirty times as hard as another is pushed.
#
# Dice has a price. Where the network is surely wrong, $p_i\approx0$ at a true pixel, the factor $p_i(1-p_i)$ of the sigmoid stops the gradient.
# Cross-entropy would not allow this. And the best $p$ under Dice are near 0 and 1, whatever the evidence, so they are no probabilities. Therefore
# many people train on the *sum of both* (Isensee and others, 2021, do so for every medical data set they meet), and so shall we. That is a convention
# that works.
#
# ## A network that answers for every pixel
#
# What should such a network look like? Two plans suggest themselves, and each fails in one respect.
#
# - **Keep the size.** Stack convolutions with padding and never shrink. Every pixel keeps its place; but the receptive field grows by 2 pixels for each 3x3 layer ({day: 05_cnns_1}), and to see a fault of 100 samples takes fifty
#   layers at full size.
# - **Shrink, then blow up.** Pool as a classifier does, then enlarge the last map to the size of the image. Now each value has seen a large neighbourhood; but after three poolings one value stands for
#   8x8 pixels, and where in those 64 the fault runs has been forgotten.
#
# The first knows *where* and not *what*, the second *what* and not *where*.
#
# > **Shrink to find out what, enlarge step by step, and at each step lay the map of the same size from the way down beside it, which still knows where.**
#
# That is the **U-Net** of Ronneberger, Fischer and Brox (2015), made for images of cells. A few months before came fully convolutional networks, with
# a sum in place of the U's concatenation (Long, Shelhamer and Darrell, 2015).

# %%
fig, ax = plt.subplots(figsize=(9.5, 4.2), layout="constrained")
levels = {0: (0, 9.2), 1: (1.1, 8.1), 2: (2.2, 7.0), 3: (4.6, 4.6)}
for level, (left, right) in levels.items():
    height, label = 2.4 / 2**level, rf"${8 * 2**level}$ ch."
    for x_at in {left, right}:
        ax.add_patch(
            plt.Rectangle((x_at, -level * 1.5 - height / 2), 0.35 + 0.12 * level, height, fc=plot.SKY, ec="black")
        )
        ax.text(x_at + 0.2, -level * 1.5 + height / 2 + 0.1, label, ha="center", fontsize=9)
    if level < 3:
        ax.annotate(
            "",
            (right - 0.1, -level * 1.5),
            (left + 0.8, -level * 1.5),
            arrowprops={"arrowstyle": "->", "lw": 2, "color": plot.VERMILION},
        )
        ax.text(
            (left + right) / 2,
            -level * 1.5 + 0.12,
            rf"skip, $H/{2**level}\times W/{2**level}$" if level else r"skip, $H\times W$",
            ha="center",
            color=plot.VERMILION,
        )
        below_left, below_right = levels[level + 1]
        ax.annotate(
            "",
            (below_left - 0.05, -(level + 1) * 1.5),
            (left + 0.2, -level * 1.5 - height / 2 - 0.1),
            arrowprops={"arrowstyle": "->", "lw": 1.5},
        )
        ax.annotate(
            "",
            (right + 0.2, -level * 1.5 - height / 2 - 0.1),
            (below_right + 0.75, -(level + 1) * 1.5),
            arrowprops={"arrowstyle": "->", "lw": 1.5},
        )
ax.text(0.1, -3.9, "down: max pooling", fontsize=10)
ax.text(7.5, -3.9, "up: transposed convolution", fontsize=10)
ax.set(xlim=(-0.3, 10.2), ylim=(-5.2, 1.8))
ax.axis("off")
plot.alt(
    fig,
    "The U-Net as a letter U. On the left, maps of 8, 16 and 32 channels, each half as high and wide as the one above; at the bottom one of 64 channels; on the right the same sizes again on the way up. "
    "Black arrows lead down by max pooling and up by transposed convolutions; at each of the three upper levels a vermilion arrow, the skip, leads straight from left to right.",
)

# %% [markdown]
# **Up.** A pooling takes $2\times2$ values to one. To go back, let each value *paint* a tile of $2\times2$ pixels: the value times a learned tile, for each pair of an input and an output channel. If the maps have shape $(C, H, W)$ and $(O, 2H, 2W)$, and $a,b\in\{0,1\}$ count within a tile,
#
# $$ y_{o,\,2i+a,\,2j+b} = b_o + \sum_{c} k_{coab}\; x_{cij} . $$
#
# This is the **transposed convolution** that you met on {day: 05_cnns_1} as the gradient of a convolution of stride 2 with respect to its input: the same sum, read forwards. In PyTorch it is `nn.ConvTranspose2d(C, O, 2, stride=2)`, whose weight has the shape $(C, O, 2, 2)$, the input channels first. If the kernel were larger than the stride, tiles
# would overlap, some pixels being painted more often than others, and the output shows a checkerboard (Odena and others, 2016). A kernel whose size is the stride, or a multiple of it, avoids that; so does interpolating first and then an ordinary convolution.
#
# **A worked number.** The map $(3, -1)$, one row and one channel, and the tile $(1, 2)$ of one row, without bias: the output is $(3, 6, -1, -2)$.
#
# **Skip.** The enlarged map and the map from the way down have the same size and the same number of channels $w$. Concatenated they have $2w$, and two 3x3 convolutions make $w$ of them. Concatenation is a convention: adding would need half the weights (and is what this morning's residual block does), but lets the next layer see only the sum of *what* and *where*.
#
# **Any size.** Three poolings by 2 need a height and a width that can be divided by 8. A section of 101 traces is not, and after pooling and
# enlarging it comes back with 96. You would write such a bug report once a week. So our U-Net pads its input at the bottom and on the right, up to
# the next multiple of $2^{\text{depth}}$. It cuts the output to the size that came in.
# In Python, `-H % 8` is how much is missing to the next multiple of 8.
#
# **How far does it see?** With $r\leftarrow r+(k-1)j$ from {day: 05_cnns_1}: two convolutions, pooling, three times over, and two at the bottom: 5, 6, 14, 16, 32, 36, 68 samples at a jump of 8. Enlarging adds nothing; the two convolutions of each level on the way up add $4j$ with the jump $j=4,2,1$ of that level, 16, 8 and 4. In all that makes $68+16+8+4=96$ of our 128 samples.
#
# The brick is on the table: convolution, normalisation, ReLU, twice. It has two arguments more than you might expect, and you will be glad of them in an hour.


# %%
class DoubleConv(nn.Sequential):
    """Twice conv -> BN -> ReLU, size kept. kernel: (h, w), both odd. (N, in_channels, H, W) -> (N, out_channels, H, W)."""

    def __init__(self, in_channels: int, out_channels: int, kernel: tuple[int, int] = (3, 3)):
        same = (kernel[0] // 2, kernel[1] // 2)
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel, padding=same, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, kernel, padding=same, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )


# %%
plot.diagram(
    [
        "DoubleConv -> 8, 128, 128",
        plot.skip(
            "max pool",
            "DoubleConv -> 16, 64, 64",
            plot.skip("max pool", "DoubleConv -> 32, 32, 32", "up-conv", dip=True, join="concat -> 32, 64, 64"),
            "DoubleConv",
            "up-conv",
            dip=True,
            join="concat -> 16, 128, 128",
        ),
        "DoubleConv",
        "conv 1x1",
    ],
    title="a U-Net of depth 2 (ours has depth 3), from section to logits; up-conv: transposed convolution; C, H, W on the arrows",
)

# %% [markdown]
# ### Exercise 6.13: U-Net
#
# Write $w_l = \text{width}\cdot 2^l$ for the channels of level $l = 0, \dots, d$ with $d$ = `depth`, and let `factor` $=(f_H, f_W)$ be what pooling divides height and width by; it is $(2,2)$ for sections.
#
# 1. Pad with zeros at the bottom and on the right to multiples of $f_H^d$ and $f_W^d$: `F.pad(x, (0, right, 0, bottom))`.
# 2. Down, for $l=0,\dots,d-1$: a `DoubleConv` to $w_l$ channels; keep the result; max pooling by `factor`.
# 3. At the bottom: a `DoubleConv` to $w_d$ channels.
# 4. Up, for $l=d-1,\dots,0$: a transposed convolution from $w_{l+1}$ to $w_l$ channels with kernel and stride `factor`; concatenate with what was kept at level $l$, **kept first, enlarged second**; a `DoubleConv` to $w_l$.
# 5. A 1x1 convolution with a bias to `out_channels` logits; cut to the height and width that came in.
#
# `kernel` goes to every `DoubleConv`. Layers that are made in a loop belong in an `nn.ModuleList`, or PyTorch will not find their parameters.


# %%
class UNet(nn.Module):
    """U-Net: (N, in_channels, H, W) -> logits (N, out_channels, H, W), for every H and W."""

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        width: int = 8,
        depth: int = 3,
        kernel: tuple[int, int] = (3, 3),
        factor: tuple[int, int] = (2, 2),
    ):
        ### BEGIN SOLUTION
        super().__init__()
        self.depth, self.factor = depth, factor
        w = [width * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(DoubleConv(a, b, kernel) for a, b in zip([in_channels, *w], w, strict=False))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(w[l + 1], w[l], factor, stride=factor) for l in range(depth))
        self.up = nn.ModuleList(DoubleConv(2 * w[l], w[l], kernel) for l in range(depth))
        self.head = nn.Conv2d(width, out_channels, 1)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        H, W = x.shape[2:]
        bottom, right = -H % self.factor[0] ** self.depth, -W % self.factor[1] ** self.depth
        x = F.pad(x, (0, right, 0, bottom))
        kept = []
        for level in range(self.depth):
            x = self.down[level](x)
            kept.append(x)
            x = F.max_pool2d(x, self.factor)
        x = self.down[self.depth](x)
        for level in reversed(range(self.depth)):
            x = self.up[level](torch.cat([kept[level], self.enlarge[level](x)], 1))
        return self.head(x)[:, :, :H, :W]
        ### END SOLUTION


# %%
check(UNet)

# %% [markdown]
# **Predict.** Going down a level, each map has a quarter of the pixels and twice the channels. On which of the four levels of a U-Net for $128\times128$ are most of the weights? And on which are most of the multiplications done?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
for level in range(4):
    w, size = 8 * 2**level, 128 // 2**level
    before = 1 if level == 0 else w // 2
    weights = 9 * (before * w + w * w) + (9 * (2 * w * w + w * w) if level < 3 else 0)  # way down, way up
    print(
        f"level {level}, {size:3d}x{size:<3d} {weights:6,} weights of 3x3 kernels, {weights * size**2 / 1e6:5.1f} million multiplications"
    )

# %% [markdown]
# Doubling both channel numbers makes four times the weights, and a quarter of the pixels takes the factor four back. So the weights pile up at the bottom, where the network decides *what*, and the work is spread evenly over the upper three levels (the bottom has a way down only). The same balance holds in most networks since VGG, and it is why they double the channels when they halve the size.

# %% [markdown]
# ## Faults
#
# ### Exercise 6.14: train it on faults
#
# `train_faults` makes a `UNet` with the given `width` and trains it on the sections of `train`. It returns a pair: the model, and its IoU on `unseen`
# as a Python float. A pixel is marked if its probability is above one half.
# The recipe, in which you will recognise that of {day: 05_cnns_1}:
#
# - Seed torch before the model is made, and give the seed to `fit`.
# - A mirrored section is a section ({day: 05_cnns_1}). Learn from all of them **and** all their mirror images, `torch.cat([images, images.flip(-1)])`. What has to be mirrored with them?
# - The loss is `dice_loss` plus `F.binary_cross_entropy_with_logits`.
# - `fit(..., batch_size=8, lr=5e-3, weight_decay=0.01, schedule="one_cycle", progress=False)`.
# - `predict(model, x, batch_size=32)` gives logits in evaluation mode. For which logits is the probability above one half?


# %%
def train_faults(
    train: seismic.Sections, unseen: seismic.Sections, *, epochs: int, width: int = 8, seed: int = 0
) -> tuple[nn.Module, float]:
    """Train a U-Net to mark faults. Returns the model in eval mode, which gives logits, and its IoU on ``unseen``."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = UNet(width=width)
    x = torch.cat([train.images, train.images.flip(-1)])
    y = torch.cat([train.masks, train.masks.flip(-1)])

    def loss_fn(logits: Tensor, y: Tensor) -> Tensor:
        return dice_loss(logits, y) + F.binary_cross_entropy_with_logits(logits, y)

    fit(
        model,
        (x, y),
        epochs=epochs,
        batch_size=8,
        lr=5e-3,
        weight_decay=0.01,
        schedule="one_cycle",
        loss_fn=loss_fn,
        seed=seed,
        progress=False,
    )
    marked = predict(model, unseen.images, batch_size=32) > 0
    return model.eval(), iou(marked, unseen.masks).item()
    ### END SOLUTION


# %%
check(train_faults)

# %% [markdown]
# **Predict.** The threshold reached less than a third. The network learns from 120 sections and their mirror images for ten epochs. What IoU will it reach on sections it has never seen: 0.4, 0.6 or 0.8?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
model, by_network = train_faults(train, unseen, epochs=sized(10, rehearsal=2))
print(f"parameters: {sum(p.numel() for p in model.parameters()):,}")
print(f"IoU on sections never seen: threshold {by_threshold:.3f}, U-Net {by_network:.3f}")

# %%
shown = unseen.images[:4]
p = predict(model, shown, batch_size=32).sigmoid()
fig, axes = plt.subplots(2, 4, figsize=(12, 6), layout="constrained", sharex=True, sharey=True)
for column in range(4):
    plot.section(shown[column], unseen.masks[column], title="true" if column == 0 else "", ax=axes[0, column])
    plot.section(shown[column], p[column] > 0.5, title="U-Net" if column == 0 else "", ax=axes[1, column])
for ax in axes.flat:
    ax.label_outer()
plot.alt(
    fig,
    "Four unseen sections, above with their true faults, below with what the U-Net marks: the same steep lines, from top to bottom, with only a small stray piece in the narrow wedge between two faults that nearly meet.",
)

# %% [markdown]
# It draws lines. It was not told that a fault is a line; it saw enough of them. It goes on with a line where nothing shows, which no threshold can. Look at where it errs: in narrow wedges where two faults meet, in places where both sides look alike for a long stretch, and at the rim of the section, where there is little context.
#
# A threshold is still in this, at $p=0.5$. Was it a lucky choice? For the attribute we had to search for a good one.
#
# **Predict.** We move the threshold from 0.05 to 0.95, on the network's probability and on the attribute (scaled to lie between 0 and 1). Sketch the two curves of the IoU.

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
thresholds = torch.linspace(0.05, 0.95, 19)
p = predict(model, unseen.images, batch_size=32).sigmoid()
attribute = discontinuity(unseen.images, tall)
scaled = (attribute / attribute.flatten()[::29].quantile(0.995)).clamp(0, 1)
fig, ax = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
for values, name, marker in ((p, "U-Net, probability", "o"), (scaled, "attribute, scaled to 0..1", "s")):
    ax.plot(
        thresholds,
        [iou(values > t, unseen.masks) for t in thresholds.tolist()],
        marker=marker,
        markersize=4,
        label=name,
    )
ax.set(xlabel="threshold", ylabel="IoU on unseen sections", ylim=(0, 1))
ax.legend()
plot.alt(
    fig,
    "IoU against the threshold. The U-Net's curve is high and nearly flat between 0.2 and 0.8; the attribute's is a low hill that falls off on both sides of its best threshold.",
)

# %% [markdown]
# The network's curve is a plateau. It was trained to put probabilities near 0 or near 1, so few pixels change sides when the threshold moves. A figure that does not depend on the threshold is one that you can trust on other data.
#
# ### What each part is for
#
# Two plans were dismissed with an argument: keep the size throughout, or shrink and blow up without skips. And a sum of two losses was called a convention. Let us test all of it: the same sixty sections, the same ten epochs.
#
# **Predict.** Rank the three networks by IoU: *full size* (six 3x3 convolutions of 16 channels, never smaller), *hourglass* (the U-Net without skips), U-Net. And of the three losses, cross-entropy, Dice, and their sum, which will do best with the U-Net?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def full_size() -> nn.Module:
    """Six convolutions that keep the size; each pixel sees 13 x 13."""
    return nn.Sequential(DoubleConv(1, 16), DoubleConv(16, 16), DoubleConv(16, 16), nn.Conv2d(16, 1, 1))


def hourglass() -> nn.Module:
    """The U-Net's way down and up, with nothing in between."""
    pool = nn.MaxPool2d(2)
    down = [DoubleConv(1, 8), pool, DoubleConv(8, 16), pool, DoubleConv(16, 32), pool, DoubleConv(32, 64)]
    up = [layer for w in (32, 16, 8) for layer in (nn.ConvTranspose2d(2 * w, w, 2, stride=2), DoubleConv(w, w))]
    return nn.Sequential(*down, *up, nn.Conv2d(8, 1, 1))


def both_losses(logits: Tensor, y: Tensor) -> Tensor:
    """Dice and cross-entropy."""
    return dice_loss(logits, y) + F.binary_cross_entropy_with_logits(logits, y)


some = slice(0, sized(60, rehearsal=8))
few = (
    torch.cat([train.images[some], train.images[some].flip(-1)]),
    torch.cat([train.masks[some], train.masks[some].flip(-1)]),
)
for name, make, loss_fn in (
    ("full size, both losses", full_size, both_losses),
    ("hourglass, both losses", hourglass, both_losses),
    ("U-Net, both losses", UNet, both_losses),
    ("U-Net, cross-entropy alone", UNet, F.binary_cross_entropy_with_logits),
    ("U-Net, Dice alone", UNet, dice_loss),
):
    torch.manual_seed(0)
    network = make()
    fit(
        network,
        few,
        epochs=sized(10, rehearsal=1),
        batch_size=8,
        lr=5e-3,
        weight_decay=0.01,
        schedule="one_cycle",
        loss_fn=loss_fn,
        progress=False,
    )
    marked = predict(network, unseen.images, batch_size=32) > 0
    print(f"{name:28s} IoU {iou(marked, unseen.masks):.3f}, marks {marked.float().mean():.1%} of the pixels")

# %% [markdown]
# The full-size network knows *where*, and its 13x13 samples of context already do much better than the threshold; but it loses a line where nothing shows for a while. The hourglass has learned nothing in this time: it marks not one pixel. All that it knows has to pass through maps of $16\times16$, and every pixel of a thin line has to be painted back from there. The skips spare the U-Net this detour, and they lead the gradient to its first layers by a short way.
#
# The three losses end within a few hundredths of each other, the sum ahead; with one seed each that is hardly more than luck. By now cross-entropy has left the state in which it says "rarely" everywhere. Set the epochs to 6 and the sum is ahead by a good deal. So what was derived above is about the *beginning* of training: a loss that looks at sets gets going sooner. How long you train decides how much that is worth.
#
#
# ### Another survey
#
# Everything was drawn from one kind of ground. A network learns the ground that it is shown, so before you give it to a colleague, try it on the colleague's data.
#
# **Predict.** Three surveys differ from ours in one respect each: *noisier* (twice to three times our loudest noise), *small throws* (2 to 4 samples, where ours have 5 to 16), *steep layers* (dips three times ours). Where will the network lose most? And will it lose against the threshold anywhere?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
surveys = {
    "our own": seismic.Geology(),
    "noisier": seismic.Geology(noise=(0.7, 1.0)),
    "small throws": seismic.Geology(throw=(2.0, 4.0)),
    "steep layers": seismic.Geology(dip=(0.4, 0.7)),
}
for name, geology in surveys.items():
    there = seismic.sections(sized(30, rehearsal=4), height=side, width=side, seed=2, geology=geology)
    network = iou(predict(model, there.images, batch_size=32) > 0, there.masks)
    attribute = iou(discontinuity(there.images, tall) > threshold, there.masks)
    print(f"{name:14s} U-Net {network:.3f}, threshold {attribute:.3f}")

# %% [markdown]
# It loses everywhere, and most in the noise. Small throws break the layers so little that an interpreter would be in doubt as well. Steep layers it handles best, though it has never seen such dips: what it learned is how a break looks, more than how the layers lie. And the threshold? Its number was chosen for the contrast of *our* sections, so in proportion it falls deeper still.
#
# Neither of them gives a warning of its own accord ({day: 05_cnns_1}: calibration holds for data like the validation set, and for no other). What helps is to train on more kinds of ground than you expect to meet, which with drawn sections costs nothing.
#
# **A whole line at once.** The U-Net has no layer that knows a size. So a network trained on squares of 128 samples takes a section of any size in one piece, here $203\times 501$, neither of which can be divided by 8:

# %%
line = seismic.sections(1, height=203, width=501, seed=7, geology=seismic.Geology(faults=(6, 8)))
marked = predict(model, line.images) > 0
fig, axes = plt.subplots(1, 2, figsize=(12, 3.6), layout="constrained", sharey=True)
plot.section(line.images[0], line.masks[0], title="true", ax=axes[0])
plot.section(line.images[0], marked[0], title=f"U-Net, IoU {iou(marked, line.masks):.2f}", ax=axes[1])
plot.alt(
    fig,
    "A section of 203 samples and 501 traces with several faults: on the left the true ones, on the right those that the U-Net marks.",
)

# %% [markdown]
# ## First arrivals
#
# Now the seismologist's question. A **seismogram** has three components, east, north and vertical, sampled a hundred times a second. First there is only the noise of the ground; then comes the P wave, a little later the stronger S wave. We want the sample at which P
# begins.
#
# The next cell names the data. `seismograms` is built in. `phasenet` is a set of 115 real seismograms from northern California and beyond with an
# analyst's picks (a part of the training set of Zhu and Beroza, 2019). It is for those who have its files in `DLMODULE_DATA`. Everything below runs
# with either.

# %%
SHAKEN = "seismograms"  # or "phasenet"

if SHAKEN == "phasenet":
    whole = data.phasenet()
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(0))
    test_index, train_index = order[::5], torch.tensor([i for n, i in enumerate(order.tolist()) if n % 5])
    known, new = ((whole.x[index], whole.p[index]) for index in (train_index, test_index))
else:
    known, new = (
        (part.x, part.p)
        for part in (
            data.seismograms(sized(400, rehearsal=32), seed=0),
            data.seismograms(sized(150, rehearsal=24), seed=1),
        )
    )
RATE, WINDOW = 100, 2048  # samples a second; samples in a window, about 20 seconds
print(
    f"{len(known[0])} seismograms to learn from, {len(new[0])} to report on; x {tuple(known[0].shape)}, picks {tuple(known[1].shape)}"
)

# %% [markdown]
# One thing about the real set you must know before you use it: **in every one of its files P stands at sample 3000.** They were cut that way. A network that answers "3000" is never wrong and has learned nothing, and the split into training and test set does not reveal it, because both halves have the same defect. So we always look through a window of 2048 samples whose place is drawn at random, and
# the pick moves within it.


# %%
def cut(x: Tensor, start: Tensor, window: int) -> Tensor:
    """From each seismogram the ``window`` samples that begin at its ``start``. x: (N, 3, T), start: (N,) int64; returns (N, 3, window)."""
    index = start[:, None] + torch.arange(window)
    return x.gather(2, index[:, None].expand(-1, x.shape[1], -1))


def standardise(x: Tensor) -> Tensor:
    """Each trace with mean 0 and standard deviation 1 within its window. x: (N, 3, T)."""
    return (x - x.mean(2, keepdim=True)) / (x.std(2, keepdim=True) + 1e-6)


generator = torch.Generator().manual_seed(5)
first = torch.randint(WINDOW // 5, 4 * WINDOW // 5, (len(new[0]),), generator=generator)  # where P is to stand
start = (new[1] - first).clamp(0, new[0].shape[2] - WINDOW)
new_x, new_p = standardise(cut(new[0], start, WINDOW)), new[1] - start

# %% [markdown]
# These windows of the new seismograms, `new_x` (N, 3, 2048) with picks `new_p`, stay the same for every method. Two rivals first.
#
# **The constant guess.** Say the same sample for each window, the best one there is. If you report an error, report this one beside it; in a set where P always stands at the same place its error is zero.
#
# **STA/LTA.** Since the 1970s observatories watch the ratio of two running means of the signal's energy $e_t=\sum_c x_{ct}^2$: one over a short time, the last $s$ samples, and one over a longer time before that, $l$ samples:
#
# $$ R_t = \frac{\frac1s\sum_{k=0}^{s-1} e_{t-k}}{\frac1l\sum_{k=s}^{s+l-1} e_{t-k}} . $$
#
# In steady noise $R_t$ is about 1; where a wave comes in, the short mean jumps and the long one lags behind. The pick is the first $t$ at which $R_t$ exceeds a threshold (Allen, 1978, is the classic account). We choose $s$ and the threshold on the known seismograms, so that as many picks as possible lie within half a second.
#
# **Predict.** P stands somewhere between 4 and 16 seconds into each window. What is the median error of the constant guess? And what will the *median* error of STA/LTA be: 2 seconds, half a second, a few hundredths?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def sta_lta(x: Tensor, short: int, long: int = 300) -> Tensor:
    """The ratio of short-term to long-term mean energy at every sample, 0 where it has no past. x: (N, 3, T); returns (N, T)."""
    total = F.pad(x.square().sum(1).cumsum(1), (1, 0))  # (N, T + 1): energy of all samples before
    t = torch.arange(short + long, x.shape[2] + 1)
    near = (total[:, t] - total[:, t - short]) / short
    far = (total[:, t - short] - total[:, t - short - long]) / long
    return F.pad(near / (far + 1e-6), (short + long - 1, 0))


def first_above(ratio: Tensor, threshold: float) -> Tensor:
    """The first sample at which each ratio (N, T) exceeds the threshold; where none does, the sample of its maximum."""
    above = ratio > threshold
    return torch.where(above.any(1), above.int().argmax(1), ratio.argmax(1))


def tell(name: str, picks: Tensor) -> Tensor:
    """Print how far picks are from the truth; returns the absolute errors in seconds."""
    error = (picks - new_p).abs() / RATE
    print(
        f"{name:22s} median {error.median():5.2f} s, mean {error.mean():5.2f} s, within 0.1 s {(error <= 0.1).float().mean():4.0%}, within 0.5 s {(error <= 0.5).float().mean():4.0%}"
    )
    return error


generator = torch.Generator().manual_seed(6)
first = torch.randint(WINDOW // 5, 4 * WINDOW // 5, (len(known[0]),), generator=generator)
start = (known[1] - first).clamp(0, known[0].shape[2] - WINDOW)
known_x, known_p = standardise(cut(known[0], start, WINDOW)), known[1] - start

_, short, trigger = max(
    (((first_above(sta_lta(known_x, short), trigger) - known_p).abs() <= 50).float().mean().item(), short, trigger)
    for short in (10, 20, 40)
    for trigger in (2.0, 3.0, 4.0, 6.0, 8.0, 10.0)
)
print(f"chosen on the known seismograms: a short mean over {short} samples, a threshold of {trigger}")
constant_error = tell("constant guess", known_p.median().expand(len(new_p)))
sta_lta_error = tell("STA/LTA", first_above(sta_lta(new_x, short), trigger))

# %% [markdown]
# Look at these two rows with respect. STA/LTA needs no training set worth the name, runs on a microcontroller, and its median error is a few hundredths of a second. If you were shown the median alone you might stop here. Now look at the other columns: about a fifth of its picks are wrong by more than half a second, and the mean is many times the median. Where the ground is noisy it triggers on noise; where P is weak, it waits for S. Those picks are the
# ones that move an epicentre.
#
# (And the constant guess? If P stood anywhere within 12 seconds with equal chance, half of all windows would have it within a quarter of that, 3 seconds, of the middle, and 3 seconds would be the median error. Here it is less, because a window that would leave its trace is moved back, and P with it.)
#
#
# ### A trace is an image one sample high
#
# PyTorch has `Conv1d`, and one could write the U-Net anew for traces. There is no need: give a seismogram $(N, 3, T)$ a height of 1, $(N, 3, 1, T)$, and your `UNet` with kernels of $1\times 7$ that pools by $1\times 4$ *is* a one-dimensional U-Net. (It is the faster choice too: on a processor, two-dimensional convolutions with the channels last in memory are the better trodden path.)
# With depth 4 one value at the bottom stands for $4^4=256$ samples, 2.56 seconds.
#
# **What should it answer?** For faults each pixel was asked yes or no on its own. Here we know more: every window has exactly one first arrival. So the $T$ logits $z_t$ are those of *one* choice among $T$ samples, a softmax over time, $\hat q_t = e^{z_t}/\sum_{u} e^{z_u}$. It is a classification with 2048 classes.
#
# But with a difference: a pick that is one sample off is nearly right, and the analyst's own is not exact either. So the target is no single class; it is spread around the pick $\tau$ like a Gaussian of $\sigma=10$ samples, a tenth of a second:
#
# $$ q_t = \frac{e^{-(t-\tau)^2/2\sigma^2}}{\sum_{u} e^{-(u-\tau)^2/2\sigma^2}}, \qquad L = -\sum_t q_t\ln \hat q_t = \underbrace{-\sum_t q_t \ln q_t}_{H(q)} + \mathrm{KL}(q\,\|\,\hat q). $$
#
# The second form follows by adding and subtracting $\sum_t q_t\ln q_t$. The first part does not depend on the network, so the loss cannot fall below the entropy of the target, $H(q) = \ln(\sigma\sqrt{2\pi e})$ for a Gaussian. **A worked number:** $\ln 10 + \frac12\ln(2\pi e) = 2.303 + 1.419 = 3.72$. An untrained network says about $1/2048$ everywhere and has
# $\ln 2048=7.62$. When you see a loss near 3.8, it is not stuck; it is done.


# %%
def pick_loss(logits: Tensor, p: Tensor, sigma: float = 10.0) -> Tensor:
    """Cross-entropy between a Gaussian around each pick and the softmax over time. logits: (N, 1, 1, T); p: (N,) sample numbers."""
    z = logits.flatten(1)
    q = torch.exp(-((torch.arange(z.shape[1]) - p[:, None]) ** 2) / (2 * sigma**2))
    return F.cross_entropy(z, q / q.sum(1, keepdim=True))


def read_picks(model: nn.Module, x: Tensor) -> Tensor:
    """The most probable sample of each window. x: (N, 3, T), standardised; returns (N,) int64."""
    return predict(model, x[:, :, None], batch_size=64).flatten(1).argmax(1)


# %% [markdown]
# **Predict.** Before you write the training, let us fall into the trap on purpose. We cut all windows so that P stands at sample 400, train on these, and test twice: on new seismograms cut in the same way, and on `new_x`, where P may stand anywhere. A convolution is equivariant; it cannot know where it is. Or can it? What are the two median errors?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
start = (known[1] - 400).clamp(0, known[0].shape[2] - WINDOW)
fixed_x, fixed_p = standardise(cut(known[0], start, WINDOW)), known[1] - start
torch.manual_seed(0)
trapped = UNet(3, 1, width=8, depth=4, kernel=(1, 7), factor=(1, 4))
fit(
    trapped,
    (fixed_x[:, :, None], fixed_p),
    epochs=sized(6, rehearsal=1),
    batch_size=16,
    lr=1e-2,
    weight_decay=0.01,
    schedule="one_cycle",
    loss_fn=pick_loss,
    progress=False,
)

start = (new[1] - 400).clamp(0, new[0].shape[2] - WINDOW)
picks = read_picks(trapped, standardise(cut(new[0], start, WINDOW)))
print(
    f"P always at 400: median error {(picks - (new[1] - start)).abs().float().median() / RATE:.2f} s, picks between {picks.min()} and {picks.max()}"
)
trapped_picks = read_picks(trapped, new_x)
tell("P anywhere", trapped_picks)
print(
    f"median pick {trapped_picks.median()}; {((trapped_picks - 400).abs() <= 20).float().mean():.0%} of the picks lie within 20 samples of 400"
)

# %% [markdown]
# On a test set with the same defect its score is splendid. Asked about windows that move, it says 400 in about two of three, whatever they show; only where P is loud enough to shout it down does it follow the arrival. How does a network of convolutions know where sample 400 is? By the zeros of the padding: {day: 05_cnns_1} told you that they mark the edge, and four poolings by 4 carry the news from the edge to every sample. Whatever is constant in your data is the easiest thing to learn.
#
# ### Exercise 6.15: pick first arrivals
#
# Write the training with windows that move. It is a loop of your own, since the window decides about `x` and the pick *together*. After the set-up, which is given in words:
#
# 1. Seed torch; make `UNet(3, 1, width=width, depth=4, kernel=(1, 7), factor=(1, 4))`; `plan = Plan.of(model)` and `optimizer = make_optimiser("adamw", model, lr=lr, weight_decay=0.01)`. Everything after this stands in `with plan.prepared(model):`, which lays the model out for speed ({day: 03_pytorch_2}), and begins with `model.train()`.
# 2. For each of `steps` steps: `set_lr(optimizer, lr * lr_factor("one_cycle", step / steps))`. Draw `batch_size` seismograms at random.
# 3. Draw for each where P shall stand in the window, uniformly from `window // 5` to `4 * window // 5`. The window must not leave the trace: clamp its start. Where does P stand then?
# 4. Cut, standardise, and multiply each window by $+1$ or $-1$ at random: polarity does not matter to a time ({day: 05_cnns_1}).
# 5. `train_step(model, plan.place(x[:, :, None]), p, pick_loss, optimizer, plan=plan)`.


# %%
def pick_first_breaks(
    x: Tensor,
    p: Tensor,
    *,
    steps: int,
    window: int = 2048,
    batch_size: int = 16,
    width: int = 8,
    lr: float = 1e-2,
    seed: int = 0,
) -> nn.Module:
    """Train a U-Net to find P in windows cut at random. x: (N, 3, T); p: (N,) int64. Returns the model in eval mode: (N, 3, 1, W) -> (N, 1, 1, W)."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = UNet(3, 1, width=width, depth=4, kernel=(1, 7), factor=(1, 4))
    plan, optimizer = Plan.of(model), make_optimiser("adamw", model, lr=lr, weight_decay=0.01)
    with plan.prepared(model):
        model.train()
        for step in range(steps):
            set_lr(optimizer, lr * lr_factor("one_cycle", step / steps))
            index = torch.randint(len(x), (batch_size,))
            first = torch.randint(window // 5, 4 * window // 5, (batch_size,))
            start = (p[index] - first).clamp(0, x.shape[2] - window)
            sign = 1.0 - 2.0 * torch.randint(2, (batch_size, 1, 1))
            windows = sign * standardise(cut(x[index], start, window))
            train_step(model, plan.place(windows[:, :, None]), p[index] - start, pick_loss, optimizer, plan=plan)
    return model.eval()
    ### END SOLUTION


# %%
check(pick_first_breaks)

# %% [markdown]
# **Predict.** You know the four columns of STA/LTA's row. In which of them will the network be better, and in which will it hardly be?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
picker = pick_first_breaks(*known, steps=sized(400, rehearsal=10))
constant_error = tell("constant guess", known_p.median().expand(len(new_p)))
sta_lta_error = tell("STA/LTA", first_above(sta_lta(new_x, short), trigger))
network_error = tell("U-Net", read_picks(picker, new_x))

# %%
fig, axes = plt.subplots(1, 2, figsize=(12, 3.8), layout="constrained")
for error, name, dash in (
    (constant_error, "constant guess", ":"),
    (sta_lta_error, "STA/LTA", "--"),
    (network_error, "U-Net", "-"),
):
    axes[0].plot(
        error.sort().values.clamp(min=0.005), torch.arange(1, len(error) + 1) / len(error), linestyle=dash, label=name
    )
axes[0].set(xscale="log", xlabel="error in seconds", ylabel="fraction of picks at most so far off", ylim=(0, 1.02))
axes[0].legend()
worst = int(network_error.argmax())
q = predict(picker, new_x[worst : worst + 1, :, None]).flatten().softmax(0)
t = torch.arange(WINDOW) / RATE
axes[1].plot(
    t, new_x[worst, 2] / new_x[worst, 2].abs().max(), linestyle="-", linewidth=0.6, color="black", label="vertical"
)
axes[1].plot(t, 1.2 + q / q.max(), linestyle="-", color=plot.BLUE, label="U-Net, scaled")
axes[1].axvline(new_p[worst] / RATE, color=plot.VERMILION, linestyle="--", label="true P")
axes[1].set(
    title=f"its worst pick, {network_error[worst]:.2f} s off", xlabel="time in the window in seconds", yticks=[]
)
axes[1].set_ylim(-1.2, 3.2)
axes[1].legend(loc="upper left")
plot.alt(
    fig,
    "Left: for each of three methods, the fraction of picks within a given error, on a logarithmic axis. The U-Net's curve reaches its top first; STA/LTA rises as early and flattens below it; the constant guess rises far later. "
    "Right: the vertical component of the worst case with the U-Net's probability over time and the true arrival.",
)

# %% [markdown]
# In the median the two are alike; there is not much to gain on a few hundredths of a second, which is about what the target's own width allows. The
# gain is in the tail: the share of picks within half a second, and the mean error. The network has learned what P and S look like, and not only that
# something got louder. It can also look at what comes *after* a sample. A rule that triggers in real time cannot. That is a part of its advantage,
# and fair to mention:
# STA/LTA answers at once, the network only when the window is complete.
#
# Look at the worst case, too. P is buried in noise, and most of the belief went to a burst some seconds before it; a little of it lies where P is. A softmax over time has to put its unit of belief somewhere. (Whether the network *knows* that it is in doubt is a question of calibration, and you have the tools from {day: 05_cnns_1} to find out.)
#
# On the 115 real seismograms, in five folds, so that each is picked by a network that has not seen it (a fold counts as a seed here):
#
# | in seconds | median error | mean error | within half a second |
# |---|---|---|---|
# | constant guess | {ledger: 06_cnns_2.pick_first_breaks.phasenet.constant_median_error} | {ledger: 06_cnns_2.pick_first_breaks.phasenet.constant_mean_error} | {ledger: 06_cnns_2.pick_first_breaks.phasenet.constant_share_within_half_second} |
# | STA/LTA | {ledger: 06_cnns_2.pick_first_breaks.phasenet.sta_lta_median_error} | {ledger: 06_cnns_2.pick_first_breaks.phasenet.sta_lta_mean_error} | {ledger: 06_cnns_2.pick_first_breaks.phasenet.sta_lta_share_within_half_second} |
# | U-Net | {ledger: 06_cnns_2.pick_first_breaks.phasenet.median_error} | {ledger: 06_cnns_2.pick_first_breaks.phasenet.mean_error} | {ledger: 06_cnns_2.pick_first_breaks.phasenet.share_within_half_second} |
#
# Fewer than a hundred seismograms to learn from suffice, because each can be cut in more than a thousand ways. PhaseNet itself was trained on hundreds of thousands, and picks S as well.
#
# ## The same shortcut, elsewhere: a residual network
#
# U-Net's skips carry *where* across the network. This morning's residual block has a shortcut of another kind, around two convolutions at a time, $x + f(x)$, and for another reason: so that a gradient reaches the first layers whatever the blocks in between do. The afternoon's last network is a classifier with it, on the data with which the course compares its classifiers.


# %%
class Residual(nn.Module):
    """relu(shortcut(x) + f(x)), f: conv BN ReLU conv BN. (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__()
        self.f = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        nn.init.zeros_(self.f[-1].weight)  # f starts at zero, the block as its shortcut (Goyal and others, 2017)
        same = stride == 1 and in_channels == out_channels
        self.shortcut = (
            nn.Identity()
            if same
            else nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.shortcut(x) + self.f(x))


# %% [markdown]
# The line that sets the last normalisation's $\gamma$ to zero is worth a thought. With it $f(x)=0$ at the start, so each block passes on its shortcut, and a deep network begins as a shallow one. Does such a block ever learn?
#
# **Predict.** We send a batch through a `Residual(4, 4)` and look at two gradients of a loss: that of the last $\gamma$, and that of the first convolution's weights. Which of the two is zero at the very first step?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
torch.manual_seed(0)
block = Residual(4, 4)
block(torch.randn(8, 4, 9, 9)).square().mean().backward()
print(
    f"gradient of the last gamma: {block.f[4].weight.grad.abs().max():.1e}; of the first convolution: {block.f[0].weight.grad.abs().max():.1e}"
)

# %% [markdown]
# What lies before a factor of zero gets no gradient, but the factor itself does. After one step $\gamma\neq0$, and from the second step on everything learns.
#
# ### Exercise 6.16: a ResNet, and the recipe
#
# Build with $w$ = `width`, from top to bottom: a 3x3 convolution with stride 2, padding 1 and no bias to $w$ channels, batch normalisation, ReLU; `Residual(w, w)`; `Residual(w, 2 * w, stride=2)`; `Residual(2 * w, 4 * w, stride=2)`; the average over space; a linear layer to the classes. Then train it:
# seeds as always, `lr=0.01`, `weight_decay=0.05`, `"one_cycle"`, label smoothing 0.05, and mirroring each image left and right with probability one half. `augment` of `fit` is a function of a batch and a generator. Return the model in eval mode.


# %%
def resnet_fashion(train: Labelled, *, epochs: int, width: int = 32, seed: int = 0) -> nn.Module:
    """Train a small residual network. train: x (N, C, H, W), y (N,). Returns the model in eval mode, which gives logits."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    w = width
    model = nn.Sequential(
        nn.Conv2d(train.x.shape[1], w, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(w),
        nn.ReLU(),
        Residual(w, w),
        Residual(w, 2 * w, stride=2),
        Residual(2 * w, 4 * w, stride=2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4 * w, len(train.classes)),
    )

    def mirror(x: Tensor, generator: torch.Generator) -> Tensor:
        tossed = torch.rand(len(x), generator=generator) < 0.5
        return torch.where(tossed[:, None, None, None], x.flip(-1), x)

    fit(
        model,
        train,
        epochs=epochs,
        lr=0.01,
        weight_decay=0.05,
        schedule="one_cycle",
        loss_fn=nn.CrossEntropyLoss(label_smoothing=0.05),
        augment=mirror,
        seed=seed,
        progress=False,
    )
    return model.eval()
    ### END SOLUTION


# %%
check(resnet_fashion)

# %%
DATA = "seismic_patches"  # or "fashion_mnist", for which take eight epochs, and some patience

patches, patches_test = data.load(DATA), data.load(DATA, "test")
patches = patches.take(min(len(patches), sized(60_000, rehearsal=300)))
classifier = resnet_fashion(
    patches, epochs=sized(8 if DATA == "fashion_mnist" else 5, rehearsal=1), width=sized(32, rehearsal=8)
)
print(f"{DATA}: {evaluate(classifier, patches_test):.1%} of the test set right")

# %% [markdown]
# On Fashion-MNIST, eight epochs reach {ledger: 06_cnns_2.resnet_fashion.fashion_mnist.accuracy} in {ledger: 06_cnns_2.resnet_fashion.fashion_mnist.seconds}, on two cores; {day: 05_cnns_1}'s `SmallCNN`, five convolutions deep, had {ledger: 05_cnns_1.train_small_cnn.fashion_mnist.accuracy}. Mind the size of the gain, and what it cost: more than twice the time for a fraction of a per cent. At this depth nothing vanishes yet that a shortcut would have to rescue; He and others
# (2016) needed theirs at fifty and a hundred layers. What the last tenths of a per cent are made of is mostly the recipe, and people who compare architectures with different recipes compare recipes.
#
# ## Weights that another person trained
#
# This morning you borrowed a network from yourself. More often another person has trained it. What you get is a **state dict**: a dictionary from names to tensors, and no code. You write the network, and `load_state_dict` puts the numbers in.
#
# A colleague has trained the network that you have just trained. Only the names differ: hers are those of torchvision's ResNets, which many programs use.

# %%
layers = ["conv1", "bn1"]
for number in (1, 2, 3):
    inside = ["conv1", "bn1", "conv2", "bn2"] + (["downsample.0", "downsample.1"] if number > 1 else [])
    layers += [f"layer{number}.0.{layer}" for layer in inside]
layers.append("fc")

yours = classifier.state_dict()
hers = dict(zip(dict.fromkeys(name.rpartition(".")[0] for name in yours), layers, strict=True))  # your layer -> hers
theirs = {}
for name, tensor in yours.items():
    layer, _, parameter = name.rpartition(".")
    theirs[f"{hers[layer]}.{parameter}"] = tensor
for name in theirs:
    if name.startswith("layer2.0") and name.endswith("weight"):
        print(f"{name:30s} {tuple(theirs[name].shape)}")

# %% [markdown]
# A name is a path. `layer2.0.downsample.1.weight` is the attribute `layer2` of the network, item 0 of that, its attribute `downsample`, item 1 of that, and its parameter `weight`.
#
# **Predict.** You load her dictionary into your network. What does the error complain of? And what happens with `strict=False`?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def complaint(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Print how ``network`` refuses ``state``, each line cut short."""
    try:
        print(network.load_state_dict(state, strict=True))
    except RuntimeError as error:
        for line in str(error).splitlines():
            print(line.strip()[:160])


fresh = copy.deepcopy(classifier)
for module in fresh.modules():
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()
complaint(fresh, theirs)
kept = fresh.load_state_dict(theirs, strict=False)
print(f"strict=False: no error, and {len(kept.unexpected_keys)} of her {len(theirs)} tensors have no place in yours")
print(f"{evaluate(fresh, patches_test):.1%} of the test set right")

# %% [markdown]
# The error lists two kinds of names. *Missing* ones are in your network and not in the file; *unexpected* ones are in the file only. With `strict=False` nothing was loaded at all: you have a random network and no error. Leave `strict=True`, and make the names agree.
#
# ### Exercise 6.17: a block that takes her weights
#
# Write the residual block with her names: `conv1`, `bn1`, `conv2`, `bn2`, and `downsample`, which holds the convolution of 1x1 and its batch normalisation. A block whose shape stays has no parameters under `downsample`. Convolutions have no bias, and the stride is in `conv1` and in the shortcut. What it computes is what `Residual` computes.


# %%
class BasicBlock(nn.Module):
    """relu(shortcut(x) + f(x)) with torchvision's names. (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride))."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__()
        ### BEGIN SOLUTION
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            self.downsample.append(nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False))
            self.downsample.append(nn.BatchNorm2d(out_channels))
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, in_channels, H, W)."""
        ### BEGIN SOLUTION
        h = F.relu(self.bn1(self.conv1(x)))
        h = self.bn2(self.conv2(h))
        return F.relu(self.downsample(x) + h)
        ### END SOLUTION


# %%
check(BasicBlock)


# %% [markdown]
# Around the blocks stands the rest of her network. Now the names agree, and the shapes with them.


# %%
class HerResNet(nn.Module):
    """The network of the exercise before, with torchvision's names. x: (N, 1, H, W) -> logits (N, classes)."""

    def __init__(self, width: int, classes: int):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = nn.Sequential(BasicBlock(width, width))
        self.layer2 = nn.Sequential(BasicBlock(width, 2 * width, stride=2))
        self.layer3 = nn.Sequential(BasicBlock(2 * width, 4 * width, stride=2))
        self.fc = nn.Linear(4 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(h))).mean((2, 3)))


width, classes = len(theirs["conv1.weight"]), len(theirs["fc.bias"])
borrowed = HerResNet(width, classes).eval()
complaint(borrowed, theirs)
with torch.no_grad():
    gap = (borrowed(patches_test.x[:100]) - classifier(patches_test.x[:100])).abs().max()
print(f"{evaluate(borrowed, patches_test):.1%} of the test set right; largest difference of the logits {gap:.0e}")
print()
complaint(HerResNet(width, 12), theirs)

# %% [markdown]
# The last lines are the third complaint, a *size mismatch*: twelve classes do not fit her head. Take `fc.weight` and `fc.bias` out of the dictionary, load the rest with `strict=False`, and read the names that it returns: those two alone may be missing.
#
# `strict=True` compares names and shapes, and nothing else. Put the stride into `conv2`, forget a ReLU, or feed pixels on another scale: everything loads, and the answers are wrong. So ask for one example with its logits, and compare.
#
# ## A training that does not train
#
# ### Exercise 6.18: find the bug
#
# A colleague marks bright lines in noisy patches, as easy a segmentation as there can be. **Three** lines of the program are wrong; each has a symptom of its own, and each hides the next.
#
# 1. `train_loss` falls to 0.693 and stays there, to the third decimal. You know that number. What is the least that `F.binary_cross_entropy_with_logits` can be at a pixel without a line when it is fed numbers between 0 and 1?
# 2. Then it falls further, and stops at a value that would be right if one did not know where the line is. The patches carry their lines in plain sight: does the mask that the loss sees lie where the line does?
# 3. Then the loss nears zero and the masks look perfect, and still `val_iou` does not exceed one half. What does the score of a perfect answer come to?


# %%
def find_the_bug(train_x, train_y, val_x, val_y, *, epochs=8, batch_size=8, lr=0.02, seed=0):
    """Train a small network to mark lines. Returns (train_loss, val_iou): two lists with one number per epoch.

    x, y: (N, 1, H, W), y 0 or 1. Three lines are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 1, 1),
    ).to(train_x.dtype)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    train_loss, val_iou = [], []
    for _ in range(epochs):
        total = 0.0
        for index in torch.randperm(len(train_x)).split(batch_size):
            x, y = train_x[index], train_y[index]
            if torch.rand(()) < 0.5:
                x, y = x.flip(-1), y.flip(-1)
            loss = F.binary_cross_entropy_with_logits(model(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index)
        train_loss.append(total / len(train_x))
        with torch.no_grad():
            marked, truth = model(val_x) > 0, val_y > 0.5
        both = (marked & truth).sum().item()
        either = marked.sum().item() + truth.sum().item() - both
        val_iou.append(both / max(either, 1))
    return train_loss, val_iou
    ### END SOLUTION


# %%
generator = torch.Generator().manual_seed(0)
place, lean = torch.randint(3, 6, (96, 1, 1), generator=generator), torch.rand(96, 1, 1, generator=generator)
row, column = torch.arange(16)[:, None], torch.arange(16)
lines_y = ((place + lean * row / 2).round() == column).float()[
    :, None
]  # (96, 1, 16, 16): one line each, in the left half or the middle
lines_x = lines_y + 0.2 * torch.randn(lines_y.shape, generator=generator)
train_loss, val_iou = find_the_bug(lines_x[:64], lines_y[:64], lines_x[64:], lines_y[64:])
print(f"{lines_y.mean():.1%} of the pixels are true")
print("train_loss", " ".join(f"{value:.3f}" for value in train_loss))
print("val_iou   ", " ".join(f"{value:.2f}" for value in val_iou))

# %%
check(find_the_bug)

# %% [markdown]
# <details><summary>Answer to question 1: the floor</summary>
#
# Fed with $s\in(0,1)$ in place of a logit, the loss takes another sigmoid. At a pixel without a line the best is $s=0$, where the loss is
# $-\ln(1-\operatorname{sigmoid}(0))=\ln 2=0.693$; at a pixel with one the best would be $s=1$ and $-\ln\operatorname{sigmoid}(1)=0.313$. One pixel in sixteen is true, so the least
# possible is $0.313/16+0.693\cdot15/16=0.67$. The program does not even get there. The many pixels without a line push every $s$ towards 0. Once all
# of them are there the sigmoid is flat. The gradient of the few true ones, with its factor $s(1-s)$, no longer comes through. At $s=0$ the loss is
# $\ln2$ at *every* pixel, true or not.
# </details>
#
# <details><summary>Answer to question 3: the ceiling</summary>
#
# $|M|+|Y|$ counts the intersection twice. For a perfect answer it is $2|Y|$, and the "IoU" is one half. The union is $|M|+|Y|-|M\cap Y|$. (Twice the intersection over $|M|+|Y|$ would be right, too: that is Dice.)
# </details>
#
# ## The question again
#
# *Where is the fault, and when did the wave arrive?* The same network answers both. A threshold on an attribute, given every chance, stayed below an IoU of one third; the U-Net's IoU on unseen sections is {ledger: 06_cnns_2.train_faults.seismic.iou}, and it draws lines that go through. For the arrival, an old and clever rule does well in the median, and the network
# in the cases where the rule fails. Both were trained in well under a minute, on a few hundred examples; both know their own survey and no other until they have been shown it.
#
# ## Summary
#
# - Accuracy is blind where the interesting pixels are few. IoU and Dice compare sets; $D=2\,\mathrm{IoU}/(1+\mathrm{IoU})$.
# - Soft Dice has the gradient $(2y_i-D)/(B+\epsilon)$: what is true pulls with $2-D$, what is not pushes with $D$, however many there are. With cross-entropy beside it, it does not stall where the network is surely wrong.
# - A U-Net shrinks to learn *what* and is told *where* by its skips. It has no layer that knows a size.
# - A trace is an image one sample high; an arrival is one choice among $T$ samples, with a target as wide as the analyst's doubt.
# - What is constant in your data will be learned. Move it, and put the constant guess beside every error.
# - A median hides the tail. Show the whole curve, and look at the worst case.
# - In a residual block whose last $\gamma$ is zero the gradient still finds its way, one factor at a time.
# - A state dict fits where names and shapes agree: missing, unexpected, size mismatch. What has no parameters is not compared, so compare the outputs.
#
# ### Questions to take along
#
# 1. Two U-Nets have the same IoU on a test set. One misses one fault in five entirely; the other finds every fault, one pixel too wide on either side. Which would you give to an interpreter, and which score would tell them apart?
#
# <details><summary>Answer</summary>
#
# Surely the second: a line that is too wide is thinned with one click. Precision and recall tell them apart (recall 0.8 with high precision, against recall 1 with low precision), or an IoU with a tolerance of a pixel or two, or a count of faults found. IoU is one number for two kinds of error.
#
# </details>
#
# 2. Your training sections were cut from one survey at random, with overlap, and then split at random into training and test set. What does the test IoU tell you?
#
# <details><summary>Answer</summary>
#
# Less than you think. Overlapping sections show the same fault in both sets, so remembering helps. Split by line, by area, or by survey; then it tells you about the next line, the next area, the next survey.
#
# </details>
#
# 3. Some windows contain no arrival at all. What becomes of a softmax over time, and what would you change?
#
# <details><summary>Answer</summary>
#
# It must put its unit of belief somewhere, as on {day: 05_cnns_1} the classifier that was shown a digit had to choose a kind of rock. Two cures are usual. Add a class "none" (one more logit for each window). Or ask for P, S and noise at every sample, as PhaseNet does, and call an arrival only where P exceeds a threshold.
#
# </details>
#
# 4. Why would you not mirror a seismogram in time, as you mirror a section in space?
#
# <details><summary>Answer</summary>
#
# Time has a direction. An arrival is quiet before and loud after; mirrored, the coda would build up and stop at once, which no earthquake does, and the "first" arrival would be the last.
#
# </details>
#
# **Going further.** Set `SHAKEN = "phasenet"` if you have its files; train on `seismograms` and test on the real ones. Give `train_faults` the noisier survey as well and measure what it costs on the first. Let `pick_first_breaks` return two channels, P and S.
#
# ## References
#
# - R. V. Allen (1978). *Automatic earthquake recognition and timing from single traces.* doi:10.1785/BSSA0680051521.
# - L. R. Dice (1945). *Measures of the amount of ecologic association between species.* doi:10.2307/1932409.
# - P. Goyal and others (2017). *Accurate, large minibatch SGD.* arXiv:1706.02677. Zero $\gamma$.
# - K. He, X. Zhang, S. Ren, J. Sun (2016). *Deep residual learning for image recognition.* arXiv:1512.03385.
# - F. Isensee and others (2021). *nnU-Net.* doi:10.1038/s41592-020-01008-z.
# - P. Jaccard (1901). *Étude comparative de la distribution florale dans une portion des Alpes et des Jura.* Bulletin de la Société Vaudoise des Sciences Naturelles 37, 547-579.
# - J. Long, E. Shelhamer, T. Darrell (2015). *Fully convolutional networks for semantic segmentation.* arXiv:1411.4038.
# - F. Milletari, N. Navab, S.-A. Ahmadi (2016). *V-Net.* arXiv:1606.04797. Soft Dice.
# - A. Odena, V. Dumoulin, C. Olah (2016). *Deconvolution and checkerboard artifacts.* doi:10.23915/distill.00003.
# - O. Ronneberger, P. Fischer, T. Brox (2015). *U-Net.* arXiv:1505.04597.
# - X. Wu, L. Liang, Y. Shi, S. Fomel (2019). *FaultSeg3D: using synthetic data sets to train an end-to-end convolutional neural network for 3D seismic fault segmentation.* doi:10.1190/geo2018-0646.1. How the sections are made; they train a 3-D U-Net on them and use it on real volumes.
# - H. Xiao, K. Rasul, R. Vollgraf (2017). *Fashion-MNIST.* arXiv:1708.07747. The images.
# - W. Zhu, G. C. Beroza (2019). *PhaseNet.* doi:10.1093/gji/ggy423.
