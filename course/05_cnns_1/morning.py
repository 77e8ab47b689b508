# ---
# title: "Convolutional neural networks, part I: what a 3x3 kernel sees"
# objectives:
#   - say why an image wants locality and shared weights, and what a fully connected network pays for having neither
#   - compute a cross-correlation by hand, with loops, and as one matrix product
#   - predict the size and the receptive field of any stack of convolutions and poolings
#   - derive the three gradients of a convolution index by index, and code them
#   - show what translation equivariance is, and where padding, stride and pooling break it
#   - build LeNet-5, train it with a loop of your own, and look at what it learned and what it confuses
# prerequisites: [01_intro_and_ffns, 02_pytorch_1, 03_pytorch_2, 04_ml_recap]
# minutes: {cpu: 3, cpu_fp32: 3}
# data: [seismic, glyphs, fashion_mnist]
# ---

# %%
import time

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib import cbook
from torch import Tensor, nn

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.data import seismic
from dlmodule.rehearsal import sized
from dlmodule.training import evaluate, fit, predict

check = checks("05_cnns_1")
plot.use_style()

# %% [markdown]
# ## The question: what would you have to see?
#
# Below is a vertical slice through the ground, as reflected sound shows it. Every column is one **trace**: the echo recorded at
# one place, with time running down. Bright and dark bands are **reflectors**, the surfaces at which rock changes. Where the bands
# break and go on at another level, the ground has slipped: a **fault**.
#
# You found the faults in a second. How much of the picture did you need for that? If you looked through a hole of 3x3
# samples, what could you still tell? And what would a machine have to compute, at every place, to tell what you can?
#
# This morning answers the three questions in turn. By noon you will have taken a convolutional network apart down to its
# indices, put it together again, and trained the one with which it began.

# %%
dipping = seismic.Geology(dip=(0.3, 0.5), fold_height=(6, 14), faults=(3, 4), noise=(0.1, 0.2))
ground = seismic.sections(1, height=128, width=192, seed=4, geology=dipping)
section, faults = ground.images[0, 0], ground.masks[0, 0]  # both (H, W) = (128, 192)

fig, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
plot.section(section, title="a section", ax=axes[0])
plot.section(section, faults, title="the same, with its faults marked", ax=axes[1])
plot.alt(
    fig,
    "Two copies of one synthetic seismic section of 128 time samples and 192 traces: black and white bands that dip to the "
    "right, broken along steep lines. In the right copy those lines, the faults, are drawn in vermilion.",
)

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $x, y$ | image and output | `(N, C, H, W)`, `(N, O, H', W')` |
# | $N, C, O$ | images; channels in; channels out | |
# | $H, W$ | height and width of the image; $H', W'$ of the output | |
# | $k_{ab}$ | entry of a kernel; $h, w$ its height and width | `(h, w)` |
# | $k, p, s, d$ | along one axis: size of the kernel, padding, stride, dilation | |
# | $b_o$ | bias of an output channel | `(O,)` |
# | $T, S$ | an operation on images; a shift | |
# | $r, j$ | receptive field and jump of a layer | pixels |
# | $P$ | places of the kernel, $H'W'$ | |
# | $U, K$ | patches as columns; kernels as rows | `(C·h·w, P)`, `(O, C·h·w)` |
# | $L, g, G$ | loss; its gradient with respect to $y$, as an image and as a matrix | |
#
# ## The simplest thing that could work, and how it fails
#
# You know how to build a network: flatten the image, and connect everything to everything. Let us count what that costs for
# the section above, and let us write $H$ and $W$ for the height and width of an image.
#
# An image of $H\times W = 128\times 192$ has $24\,576$ pixels. The network is to say for *every* pixel how likely it lies on a fault. Then a single
# linear layer from pixels to pixels has one weight for each pair of an input and an output:
#
# $$ (HW)^2 = 24\,576^2 \approx 6.0\times 10^{8} \text{ weights, or 2.4 GB in float32.} $$
#
# That is one layer, for one small section. But memory is not the real objection; memory can be bought. The real one is what
# such a layer must *learn*. Here is a task small enough to see it. A patch of $32\times 32$ samples holds one noisy reflection. The network must say
# its polarity: **hard** (a bright peak between two troughs) or **soft** (the reverse). We train on shallow
# reflections and then ask about deep ones. The physics does not know the difference.


# %%
def reflections(count: int, *, depth: tuple[float, float], seed: int) -> tuple[Tensor, Tensor]:
    """Patches with one dipping reflection, centred between two depths. Returns x (count, 1, 32, 32) and y (count,), 1 = hard."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(count) % 2
    centre = depth[0] + (depth[1] - depth[0]) * torch.rand(count, 1, 1, generator=generator)
    dip = 0.05 * torch.randn(count, 1, 1, generator=generator)
    row, column = torch.arange(32.0)[:, None], torch.arange(32.0)
    t = (row - centre - dip * (column - 15.5)) / 1.8
    ricker = (1 - t**2) * torch.exp(-(t**2) / 2)
    x = (2 * y - 1)[:, None, None] * ricker + 0.3 * torch.randn(count, 32, 32, generator=generator)
    return x.unsqueeze(1), y


shallow, new_shallow = reflections(1000, depth=(5, 10), seed=0), reflections(400, depth=(5, 10), seed=1)
deep = reflections(400, depth=(21, 26), seed=2)

torch.manual_seed(0)
fully_connected = nn.Sequential(nn.Flatten(), nn.Linear(32 * 32, 64), nn.ReLU(), nn.Linear(64, 2))
fit(fully_connected, shallow, epochs=10, progress=False)
print(f"parameters: {sum(p.numel() for p in fully_connected.parameters()):,}")
print(f"accuracy on new reflections at the depths it was trained on: {evaluate(fully_connected, new_shallow):.0%}")

# %% [markdown]
# **Predict.** The same network now sees reflections 16 samples deeper, with the same wavelet and the same noise. Chance is 50 %. What
# accuracy will it reach, and why?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
print(f"accuracy on deeper reflections: {evaluate(fully_connected, deep):.0%}")

fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), layout="constrained")
plot.section(new_shallow[0][1, 0], title="trained on: shallow", ax=axes[0])
plot.section(deep[0][1, 0], title="asked about: deep", ax=axes[1])
strength = fully_connected[1].weight.detach().square().mean(0).sqrt().reshape(32, 32)
axes[2].imshow(strength, cmap="viridis", aspect="auto")
axes[2].set(title="size of the first weights", xlabel="trace", ylabel="time sample")
plot.alt(
    fig,
    "Three panels of 32 by 32. Left: a noisy bright band near the top. Middle: the same band near the bottom. Right: the root mean "
    "square of the weights leaving each pixel, large in a broad band at the shallow depths and small, as at initialisation, below.",
)

# %% [markdown]
# A coin would do as well. The right panel shows why: the weights that read deep pixels never met a reflection, so they still hold hardly
# more than the random numbers they began with. What was learned about row 8 is stored in the weights of row 8, and says nothing about
# row 24. To a fully connected network the pixels are just a list; had we shuffled them by one fixed permutation, it would have
# learned exactly as well. It has to be *shown* a hard reflection at every depth, at every trace, one after the other, to learn a
# single fact.
#
# So there are two faults, and they have one root. The layer looks at everything at once, and it learns each place anew.

# %% [markdown]
# ## The idea, in one sentence
#
# > **Look at a small neighbourhood, and use the same weights everywhere.**
#
# The first half is called **locality**, the second **weight sharing**. The picture: a small grid of weights, the **kernel**, slides over
# the image; at each place it multiplies what lies beneath it by its weights and sums. What it finds, place by place, is a new image, a
# **feature map**.

# %%
image = torch.arange(9.0).reshape(3, 3)
kernel = torch.tensor([[1.0, 2.0], [3.0, 5.0]])

fig, axes = plt.subplots(1, 4, figsize=(11, 3.5), layout="constrained")
for ax, (i, j) in zip(axes, [(0, 0), (0, 1), (1, 0), (1, 1)], strict=True):
    ax.set(xlim=(-0.5, 2.5), ylim=(2.5, -0.5), xticks=[], yticks=[], aspect="equal", title=f"output ({i}, {j})")
    for p in range(3):
        for q in range(3):
            beneath = i <= p < i + 2 and j <= q < j + 2
            ax.add_patch(plt.Rectangle((q - 0.5, p - 0.5), 1, 1, fc="#56B4E9" if beneath else "white", ec="black"))
            weight = rf"$\times\,{kernel[p - i, q - j]:.0f}$" if beneath else ""
            ax.text(q, p, f"{image[p, q]:.0f} {weight}", ha="center", va="center", fontsize=13)
    ax.set_xlabel(f"sum = {(image[i : i + 2, j : j + 2] * kernel).sum():.0f}")
plot.alt(
    fig,
    "A 3 by 3 image holding 0 to 8, drawn four times. A 2 by 2 kernel with the weights 1, 2, 3, 5 lies over its top left, top right, "
    "bottom left and bottom right corner in turn; the sums of the products are 31, 42, 64 and 75.",
)

# %% [markdown]
# ## Why it is this operation and no other
#
# Weight sharing could look like a trick to save memory. It is more than that: if you ask for a linear map that treats all places
# alike, there is nothing else you can get. The derivation takes five lines, and a geophysicist has met it under another name.
#
# Let $x$ be an image with pixels $x_{pq}$, and let us not worry about edges yet: the image goes on for ever. A linear map to another
# image $y$ is
#
# $$ y_{ij} = \sum_{p,q} T_{ij,pq}\, x_{pq}. $$
#
# Write $S$ for a shift of the picture by some number of rows and columns. Treating all places alike means: shift first and map then, or
# map first and shift then, the result is the same, $T S x = S T x$ for every shift $S$. This property is called **translation
# equivariance**. Now take an image $e$ with a single 1 at the origin. Every image is a sum of shifted copies of it,
# $x=\sum_{pq} x_{pq}\, S_{pq}\, e$, where $S_{pq}$ moves the 1 to $(p,q)$. So
#
# $$ T x = \sum_{p,q} x_{pq}\, T S_{pq}\, e = \sum_{p,q} x_{pq}\, S_{pq}\, (T e). $$
#
# One image, $r = T e$, the **impulse response**, says everything about $T$: all of the $(HW)^2$ weights are copies of its
# entries. Pixel by pixel,
#
# $$ y_{ij} = \sum_{p,q} x_{pq}\, r_{i-p,\,j-q}, \tag{convolution} $$
#
# which is the convolution of $x$ with $r$. The same argument makes a seismic trace the convolution of reflectivity with a wavelet. The wavelet is the response of the ground and the instrument to one unit reflector, and that response does not depend on the reflector's time.
#
# Locality is the second request: $r$ may differ from zero only near the origin. If we number its entries the other way round and call them
# $k_{ab}=r_{-a,-b}$, with $a=0,\dots,h-1$ and $b=0,\dots,w-1$, the sum becomes
#
# $$ y_{ij} = \sum_{a=0}^{h-1}\sum_{b=0}^{w-1} k_{ab}\; x_{i+a,\,j+b}, \tag{cross-correlation} $$
#
# and this is what you saw sliding above: a kernel of height $h$ and width $w$ whose top left corner stands at $(i,j)$.
#
# **Convention and necessity.** Convolution turns the kernel by 180 degrees before it slides; cross-correlation slides it as it stands.
# Deep learning says "convolution" and computes cross-correlation. That is a *convention*: the kernel is learned, and a
# network that wants the other one learns the other one. It matters when you copy a kernel from a signal-processing book, and it
# will come back as a *necessity* in the backward pass, where the turned kernel appears whether one likes it or not.
#
# **A worked number.** In the figure, $y_{00} = 1\cdot 0 + 2\cdot 1 + 3\cdot 3 + 5\cdot 4 = 31$. One step to the right, every pixel under the
# kernel is larger by 1, so the sum grows by $1+2+3+5=11$, to 42; one step down each is larger by 3, and it grows by 33.
#
# How many places are there? The kernel's top left corner can stand in rows $0$ to $H-h$, so the output has $H-h+1$ rows and, likewise,
# $W-w+1$ columns.

# %% [markdown]
# ### Exercise 5.1: cross-correlation
#
# Write the formula as code, with a loop over the places. No padding: only places where the whole kernel lies inside the image count.
# Stay with torch's own operations: later the kernel will be learned, and autograd has to see what you did with it.


# %%
def cross_correlate(image: Tensor, kernel: Tensor) -> Tensor:
    """Slide ``kernel`` over ``image`` and sum the products.

    image: (H, W); kernel: (h, w), no larger than the image. Returns (H - h + 1, W - w + 1) of the image's dtype,
    through which gradients flow back to both.
    """
    ### BEGIN SOLUTION
    h, w = kernel.shape
    rows, columns = image.shape[0] - h + 1, image.shape[1] - w + 1
    out = image.new_zeros(rows, columns)
    for i in range(rows):
        for j in range(columns):
            out[i, j] = (image[i : i + h, j : j + w] * kernel).sum()
    return out
    ### END SOLUTION


# %%
check(cross_correlate)

# %% [markdown]
# ## What a 3x3 kernel sees
#
# Before a network learns kernels, let us write some. Around a pixel, with $i$ counting rows downwards and $j$ columns to the right from $-1$
# to $1$, any smooth image is close to its Taylor polynomial
#
# $$ x_{ij} \approx x_{00} + i\,\partial_i x + j\,\partial_j x + \tfrac12\left(i^2\,\partial_i^2 x + 2ij\,\partial_i\partial_j x + j^2\,\partial_j^2 x\right). $$
#
# Nine numbers determine a value, a slope, a curvature, and little more: that is all a linear 3x3 kernel can report of a smooth image. So we
# build one for each. The central difference $(x_{1,0}-x_{-1,0})/2$ measures the slope downwards. To be less at the mercy of noise, average
# three such differences side by side with weights $\frac14, \frac12, \frac14$; the outcome is the kernel of **Sobel** and Feldman (1968), over 8.
# For curvature, the **Laplacian** $\partial_i^2 x+\partial_j^2 x$ compares a pixel with its four nearest neighbours.

# %% [markdown]
# ### Exercise 5.2: four kernels by hand
#
# Make `edge_kernels`, a float32 tensor of shape (4, 3, 3), to be used by cross-correlation:
#
# | index | measures | must give | uses |
# |---|---|---|---|
# | 0 | slope downwards | 1 on the ramp $x_{ij}=i$, 0 on $x_{ij}=j$ | the central difference between rows, averaged across with weights 1 : 2 : 1 |
# | 1 | slope to the right | 0 on $x_{ij}=i$, 1 on $x_{ij}=j$ | the same, with rows and columns exchanged |
# | 2 | slope down and to the right | $1/\sqrt2$ on $i$ and on $j$ | kernels 0 and 1: the derivative along the unit vector $(1,1)/\sqrt2$ |
# | 3 | Laplacian | 0 on every ramp, 4 on the bowl $i^2+j^2$ | the centre and its four nearest neighbours |
#
# That kernel 2 can be made from 0 and 1 is no accident: slopes are components of a vector, so two kernels give the slope in every
# direction. Freeman and Adelson (1991) call such kernels *steerable*.

# %%
### BEGIN SOLUTION
down = torch.tensor([[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]]) / 8
right = down.T
laplacian = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
edge_kernels = torch.stack([down, right, (down + right) / 2**0.5, laplacian])
### END SOLUTION

# %%
check("edge_kernels", edge_kernels)

# %% [markdown]
# **Predict.** We slide kernels 0 and 1 over the section from the beginning. Which of them will light up on the reflectors? On which will the
# *faults* stand out, and will anything else stand out with them?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
responses = torch.stack([cross_correlate(section, one) for one in edge_kernels])  # (4, H - 2, W - 2)

fig, axes = plt.subplots(2, 2, figsize=(11, 7.4), layout="constrained", sharex=True, sharey=True)
names = ("0: slope downwards", "1: slope to the right", "2: slope down and to the right", "3: Laplacian")
for ax, name, response in zip(axes.flat, names, responses, strict=True):
    plot.section(response, title=name, ax=ax)
plot.alt(
    fig,
    "The section as four kernels see it. The downward slope shows every reflector. The slope to the right shows the faults as thin "
    "lines, and the dipping reflectors beside them. The diagonal slope is strongest where something runs across its direction. The "
    "Laplacian shows the edges of reflectors and faults, and a good deal of noise.",
)

# %%
# The response at (i, j) belongs to the pixel under the middle of the kernel, (i + 1, j + 1). A near miss, by up to 2 samples, counts.
near_fault = F.max_pool2d(faults[None], 5, stride=1, padding=2)[0, 1:-1, 1:-1] > 0.5
count = int(faults.sum())
print(f"{near_fault.float().mean():.0%} of all pixels lie at a fault. Of the {count} loudest of each map,")
for name, response in zip(names, responses.abs(), strict=True):
    loudest = response.flatten().topk(count).indices
    print(f"{name:32s} {near_fault.flatten()[loudest].float().mean():.0%} lie at a fault")

# %% [markdown]
# Of the four, kernels 1 and 3 do best: a fault is where the image changes abruptly from trace to trace. And still, about every second pixel they
# shout about lies on no fault, but on a bright layer that dips.
#
# Kernels 0 and 1 give a slope in every direction: $\cos\varphi$ times the first plus $\sin\varphi$ times the second measures it at the angle
# $\varphi$ from straight down, turned to the right. Cross-correlation is linear in the kernel, so the responses add up in the same way,
# and nothing has to slide again. Turn the kernel: at which angle do the layers fall silent, and what is left?


# %%
def turned(angle: int) -> None:
    """Draw the kernel that measures the slope at ``angle`` degrees from straight down, and its response to the section."""
    turn = torch.tensor(angle).deg2rad()
    kernel = turn.cos() * edge_kernels[0] + turn.sin() * edge_kernels[1]
    response = turn.cos() * responses[0] + turn.sin() * responses[1]
    share = near_fault.flatten()[response.abs().flatten().topk(count).indices].float().mean()
    fig, axes = plt.subplots(1, 2, figsize=(6, 2.9), width_ratios=(1, 2.2), layout="constrained")
    axes[0].imshow(kernel, cmap="RdBu_r", vmin=-0.36, vmax=0.36)
    for (i, j), weight in zip(torch.cartesian_prod(torch.arange(3), torch.arange(3)), kernel.flatten(), strict=True):
        colour = "white" if abs(weight) > 0.22 else "black"
        axes[0].text(j, i, f"{weight:.2f}", ha="center", va="center", fontsize=9, color=colour)
    axes[0].set(xticks=[], yticks=[], title=f"kernel at {angle}°")
    plot.section(response, title=f"response: {share:.0%} of the loudest at a fault", ax=axes[1])
    axes[1].title.set_fontsize(10)
    plot.alt(
        fig,
        f"A 3x3 kernel for the slope at {angle} degrees from straight down, and the section as it sees it. Of its {count} loudest "
        f"pixels {share:.0%} lie at a fault. The response's standard deviation is {response.std():.2f}.",
    )


plot.slider(turned, angle=range(0, 181, 15), start=0, still=[0, 45, 75, 105])

# %% [markdown]
# At 75° the kernel measures along the layers. They hardly change in that direction, so they fall silent, and 87 % of the loudest pixels lie at a fault.
# But you had to know how these layers dip. Mirror the section, and what was 75° becomes 105°, where you read off 34 %. One kernel suits one dip.
# Nine samples hold a slope and a curvature, and within nine samples a steep reflector and a broken one look alike. What tells them
# apart is that the band goes on in one case and stops in the other, and that it stops all along a line. To see that one must look further.
#
# ### Let the data choose
#
# You need not draw the nine numbers. Start from random ones. Call a place a fault where the *squared* response is large, and let gradient descent change the kernel until that agrees with the mask.
#
# **Predict.** Will the learned kernel be a slope or a curvature? Will it find the faults of the mirrored section as well?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
torch.manual_seed(0)
nine = (0.1 * torch.randn(3, 3)).requires_grad_()
scale, offset = torch.tensor(1.0, requires_grad=True), torch.tensor(-2.0, requires_grad=True)
optimiser = torch.optim.Adam([nine, scale, offset], lr=0.02)
stages = {}
for step in range(301):
    if step in (0, 30, 300):
        stages[step] = nine.detach().clone()
    logits = scale * F.conv2d(section[None, None], nine[None, None])[0, 0] ** 2 + offset  # PyTorch's cross-correlation
    loss = F.binary_cross_entropy_with_logits(logits, near_fault.float())
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

fig, axes = plt.subplots(2, 3, figsize=(11, 5.2), height_ratios=(1, 1.4), layout="constrained")
for column, (step, learned) in zip(axes.T, stages.items(), strict=True):
    found = []
    for picture, truth in ((section, near_fault), (section.flip(1), near_fault.flip(1))):
        response = F.conv2d(picture[None, None], learned[None, None])[0, 0].abs()
        found.append(truth.flatten()[response.flatten().topk(count).indices].float().mean().item())
        if picture is section:
            column[1].imshow(response, cmap="gray_r", aspect="auto")
    largest = learned.abs().max().item()
    column[0].imshow(learned, cmap="RdBu_r", vmin=-largest, vmax=largest)
    column[0].set(xticks=[], yticks=[], title=f"after {step} steps: {found[0]:.0%} at a fault")
    column[1].set(xlabel="trace", title="size of the response")
    print(f"after {step:3} steps: {found[0]:.0%} of the loudest lie at a fault, {found[1]:.0%} in the mirrored section")
plot.alt(
    fig,
    "Above: the kernel before, during and after its training. Below: how strongly it responds. Before, everything responds; afterwards the faults stand out as dark lines.",
)

# %% [markdown]
# It found by itself what you turned the slider for: a kernel that measures *along* these layers. Of its loudest pixels 92 % lie at a fault, more than at any angle of yours. In the mirrored section, with other dips, 33 % do: hardly better than
# the random kernel.
#
# ### A real fault
#
# Our sections are synthetic. This is real ground: the height of the land around Jacksboro, Tennessee, on a grid of about 90 m. Your kernels measure its slope.

# %%
land = torch.from_numpy(cbook.get_sample_data("jacksboro_fault_dem.npz")["elevation"]).float()  # (344, 403), metres
downwards, rightwards = (cross_correlate(land, kernel) for kernel in edge_kernels[:2])
fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
for ax, picture, title in zip(axes, (land, downwards, rightwards), ("height", *names[:2]), strict=True):
    spread = 2 * picture.std()
    ax.imshow(picture, cmap="gray", vmin=picture.mean() - spread, vmax=picture.mean() + spread)
    ax.set(title=title, xticks=[], yticks=[])
plot.alt(
    fig,
    "The height of the land, and its slope downwards and to the right. In the slopes two long straight lines stand out, one from the upper left to the middle, one from the middle to the upper right. Hills to their left are rough, the plain to the right is smooth.",
)

# %% [markdown]
# Two straight lines stand out. Rivers do not run straight for twenty kilometres: the one from the upper left is the Jacksboro fault. So a slope is a good *first* layer, on real ground too. It also answers at every hillside.
#
# So the answer to the first question is this. **A 3x3 kernel sees a slope and a curvature; it takes a stack of them to see a fault.** The rest of
# the morning is about how to stack, how far a stack can see, and how it learns what to look for.

# %% [markdown]
# ## Padding, stride, dilation
#
# Three hyperparameters change *where* a kernel looks. None of them changes what it does there. We take them one at a time, along one axis: a row of
# 7 pixels, and a kernel of 3 taps. Plain, it has $7-3+1=5$ places.


# %%
def places_of(
    ax, title: str, *, padding: int = 0, stride: int = 1, dilation: int = 1, pixels: int = 7, taps: int = 3
) -> None:
    """Draw a row of pixels, and below it one line per output: the pixels that the kernel reads there."""
    first = range(-padding, pixels + padding - dilation * (taps - 1), stride)
    read = [[start + a * dilation for a in range(taps)] for start in first]
    for p in range(-padding, pixels + padding):
        inside, reached = 0 <= p < pixels, any(p in each for each in read)
        colour = "white" if inside and reached else "#DDDDDD" if reached else "#F5C9B0"
        ax.add_patch(plt.Rectangle((p - 0.5, -0.5), 1, 1, fc=colour, ec="black"))
        ax.text(p, 0, rf"$x_{p}$" if inside else "0", ha="center", va="center")
    for i, each in enumerate(read):
        ax.plot(each, [i + 1.2] * taps, marker="o", linestyle="-", color="#0072B2" if i % 2 == 0 else "#D55E00")
    ax.set(
        xlim=(-2.7, pixels + 1.7),
        ylim=(8.6, -0.8),
        xticks=[],
        yticks=[],
        title=f"{title}: {len(first)} output{'s' if len(first) > 1 else ''}",
    )
    ax.spines[:].set_visible(False)


# %% [markdown]
# ### Padding: over the edge
#
# **Padding** $p$ surrounds the image with $p$ rows and columns of zeros on every side, so that the kernel can stand over the edge. It is used
# mostly to keep the size. **A worked number.** With $p=1$ the row becomes $7+2=9$ long, and $9-3+1=7$ places fit. The first output is
# $y_0=k_0\cdot 0+k_1x_0+k_2x_1$.
#
# **Predict.** The kernel has 5 taps now. What padding keeps 7 pixels at 7 outputs?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
fig, axes = plt.subplots(1, 3, figsize=(11, 2.9), layout="constrained")
places_of(axes[0], "plain")
places_of(axes[1], "padding 1", padding=1)
places_of(axes[2], "5 taps, padding 2", padding=2, taps=5)
plot.alt(
    fig,
    "A row of 7 pixels and below it, one line per output, the pixels that the kernel reads. Plain: 5 outputs. With one zero on each side: 7 outputs. Five taps and two zeros on each side: 7 outputs.",
)

# %% [markdown]
# Two: with an odd kernel, $p=(k-1)/2$ gives an output as large as the input. That the edge is filled with zeros is a convention, and not always
# a good one. It is natural for a seismic amplitude, whose mean is zero; for a velocity model in km/s it puts a cliff around the ground.
#
# ### Stride: fewer places
#
# **Stride** $s$ moves the kernel $s$ pixels at a time. The output is about $s$ times smaller along each axis, and so is all that is computed
# after it. **A worked number.** With $s=2$ the first tap stands at $0, 2, 4$: three outputs. At 6 the kernel would hang over the edge.
#
# **Predict.** You add an eighth pixel. How many outputs does stride 2 give then?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
fig, axes = plt.subplots(1, 3, figsize=(11, 2.9), layout="constrained")
places_of(axes[0], "stride 2", stride=2)
places_of(axes[1], "8 pixels, stride 2", stride=2, pixels=8)
places_of(axes[2], "9 pixels, stride 2", stride=2, pixels=9)
plot.alt(
    fig,
    "Stride 2 on rows of 7, 8 and 9 pixels, one line per output. Seven: 3 outputs. Eight: 3 outputs, and no kernel reads the last pixel. Nine: 4 outputs.",
)

# %% [markdown]
# Still three, and no kernel reads the last pixel, which is shaded: half a step is rounded away.
#
# ### Dilation: further apart
#
# **Dilation** $d$ spreads the kernel: its taps stand $d$ pixels apart, with holes in between, so it sees further for the same number of
# weights. (Yu and Koltun, 2016, made it popular; the idea is the *algorithme à trous* of wavelet analysis.) **A worked number.** With $d=2$ the first
# output reads $x_0, x_2, x_4$. Three taps span 5 pixels: 2 steps of 2, and the first tap.
#
# **Predict.** How many pixels do three taps span with $d=3$, and how many outputs does a row of 7 have?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
fig, axes = plt.subplots(1, 3, figsize=(11, 2.9), layout="constrained")
for ax, dilation in zip(axes, (1, 2, 3), strict=True):
    places_of(ax, f"dilation {dilation}", dilation=dilation)
plot.alt(
    fig,
    "Three taps on a row of 7 pixels, next to each other, two apart and three apart: 5, 3 and 1 outputs. Three apart they reach from the first pixel to the last.",
)

# %% [markdown]
# Seven, so there is one place. Written along one axis, with $\tilde x$ for the padded image, all three together are
#
# $$ y_i = \sum_{a=0}^{k-1} k_a\, \tilde x_{\,s\,i + d\,a}. $$
#
# ### How large is the output?
#
# Take one axis, of size $n$. Padding makes it $n+2p$. A kernel of $k$ taps with dilation $d$ spans $d(k-1)+1$ pixels.
# So its first tap can stand at $0, s, 2s, \dots$ up to $n+2p-d(k-1)-1$, which makes
#
# $$ n' = \left\lfloor \frac{n + 2p - d(k-1) - 1}{s} \right\rfloor + 1 $$
#
# places, where $\lfloor\cdot\rfloor$ rounds down. **A worked number:** the first layer of a ResNet has $n=224$, $k=7$, $p=3$, $s=2$, $d=1$, so
# $n' = \lfloor (224+6-6-1)/2\rfloor+1 = \lfloor 111.5\rfloor + 1 = 112$.
#
# **Predict.** An axis of 28 pixels passes a kernel of 5 with padding 2, a pooling of 2 with stride 2, a kernel of 5 without padding,
# and another pooling of 2 with stride 2. How many pixels are left?

# %%
prediction = ""  # write your answer here before you run the next cell

# %% [markdown]
# ### Exercise 5.3: the size of the output
#
# Put the formula into a function. You will call it in the next two exercises, and for the rest of your life with these networks.


# %%
def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """The number of places of a kernel along one axis: pixels of the output for ``size`` pixels of the input."""
    ### BEGIN SOLUTION
    span = dilation * (kernel - 1) + 1
    return (size + 2 * padding - span) // stride + 1
    ### END SOLUTION


# %%
check(output_size)

# %%
size = 28
for name, settings in {
    "kernel 5, padding 2": dict(kernel=5, padding=2),
    "pooling 2": dict(kernel=2, stride=2),
    "kernel 5": dict(kernel=5),
    "pooling 2 again": dict(kernel=2, stride=2),
}.items():
    print(f"{name:22s} {size:2d} -> {output_size(size, **settings):2d}")
    size = output_size(size, **settings)

# %% [markdown]
# Five. You have just walked through LeNet-5, and met the number that trips most people who rebuild it: $16$ channels of $5\times 5$ make
# the $400$ features of its first linear layer.

# %% [markdown]
# ## Channels: a kernel is a block
#
# One kernel sees one thing; we want many. And the second layer must look at *all* that the first has found, slope downwards and slope to the
# right together. So an image has $C$ **channels**: three for a colour photograph, two for a near and a far stack, one for our section.
#
# ### Several channels in
#
# The kernel becomes a block, as deep as the image. Each slice slides over its own channel, and **the results are added**. There is still one number for each place.
#
# **A worked number.** Two channels and one place:

# %%
two_channels = torch.tensor([[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [5.0, 2.0]]])  # (C, h, w) = (2, 2, 2)
block = torch.tensor([[[1.0, 0.0], [0.0, -1.0]], [[2.0, 1.0], [1.0, 0.0]]])  # one slice for each channel

fig, axes = plt.subplots(1, 2, figsize=(6, 2.7), layout="constrained")
for ax, channel, piece, slice_ in zip(axes, (0, 1), two_channels, block, strict=True):
    for a in range(2):
        for b in range(2):
            ax.add_patch(plt.Rectangle((b - 0.5, a - 0.5), 1, 1, fc="#56B4E9", ec="black"))
            ax.text(b, a, rf"{piece[a, b]:.0f} $\times$ {slice_[a, b]:.0f}", ha="center", va="center", fontsize=13)
    ax.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5), xticks=[], yticks=[], aspect="equal", title=f"channel {channel}")
    ax.set_xlabel(f"sum = {(piece * slice_).sum():.0f}")
fig.suptitle(f"one output: {(two_channels[0] * block[0]).sum():.0f} + {(two_channels[1] * block[1]).sum():.0f}")
plot.alt(
    fig,
    "Two channels of 2 by 2 pixels, each under its own slice of the kernel. The products in channel 0 sum to -3, those in channel 1 to 6. The output is their sum.",
)

# %% [markdown]
# **Predict.** An image of 3 channels and $32\times32$ pixels meets one kernel of shape $(3, 3, 3)$, without padding. What shape does the output have?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
print("the worked number:", F.conv2d(two_channels[None], block[None]).item())
print(
    "three channels, one kernel:",
    tuple(F.conv2d(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 3, 3)).shape),
    "= (N, O, H', W')",
)

# %% [markdown]
# One map of $30\times30$: the three channels are gone, they have been added.
#
# ### Several channels out
#
# One block gives one map. A layer has $O$ blocks, and lays their $O$ maps on top of each other: these are the channels of its output. With a batch of $N$ images, and a bias $b_o$ for each block,
#
# $$ y_{noij} = b_o + \sum_{c=0}^{C-1}\sum_{a=0}^{h-1}\sum_{b=0}^{w-1} k_{ocab}\;\tilde x_{n,\,c,\,si+da,\,sj+db}. $$
#
# The sum runs over the channels *completely*: every output channel sees every input channel, as in a
# fully connected layer. Over space it runs *locally*. This, too, is a convention; later this morning we shall break it and gain by it.
#
# In PyTorch the tensors are `x` $(N, C, H, W)$, `weight` $(O, C, h, w)$, `bias` $(O)$ and the output $(N, O, H', W')$.
#
# **Predict.** A layer takes 3 channels to 8 with 3x3 kernels and a bias. How many parameters does it have for a $32\times 32$ image? And for the
# section of $128\times 192$?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
layer = nn.Conv2d(3, 8, kernel_size=3)
print(
    {name: tuple(p.shape) for name, p in layer.named_parameters()},
    sum(p.numel() for p in layer.parameters()),
    "parameters",
)
print(
    "the same layer on two sizes:",
    tuple(layer(torch.zeros(1, 3, 32, 32)).shape),
    tuple(layer(torch.zeros(1, 3, 128, 192)).shape),
)

# %% [markdown]
# $8\cdot(3\cdot 9+1) = 224$, for every size of image. Compare the six hundred million at the beginning. A network made only of
# convolutions can be trained on small patches and run on a whole survey, and on {day: 06_cnns_2} it will be.

# %% [markdown]
# ### Exercise 5.4: conv2d, as loops
#
# Write the formula, with all of its indices, as loops. It must agree with `F.conv2d`, which you may not call. Pad with
# `F.pad(x, (left, right, top, bottom))`.


# %%
def conv2d_loops(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Tensor:
    """The convolution (cross-correlation) of deep learning, as ``F.conv2d``.

    x: (N, C, H, W); weight: (O, C, h, w); bias: (O,) or None. Returns (N, O, H', W') with H' and W' from ``output_size``.
    """
    ### BEGIN SOLUTION
    (N, _, H, W), (O, _, h, w) = x.shape, weight.shape
    rows, columns = output_size(H, h, stride, padding, dilation), output_size(W, w, stride, padding, dilation)
    x = F.pad(x, (padding, padding, padding, padding))
    out = x.new_zeros(N, O, rows, columns)
    for n in range(N):
        for o in range(O):
            for i in range(rows):
                for j in range(columns):
                    top, left = i * stride, j * stride
                    patch = x[n, :, top : top + dilation * h : dilation, left : left + dilation * w : dilation]
                    out[n, o, i, j] = (patch * weight[o]).sum()
    return out if bias is None else out + bias[:, None, None]
    ### END SOLUTION


# %%
check(conv2d_loops)

# %% [markdown]
# ## The same, as one matrix product
#
# The loops are right and unbearably slow: Python is asked to take one small step, again and again. The cure is to see that every
# output is a dot product of two vectors of length $Chw$, a flattened kernel and a flattened patch. Many dot products at once are a matrix
# product. Lay the flattened patches side by side as the columns of a matrix $U$:
#
# $$ \underbrace{Y}_{O\times P} \;=\; \underbrace{K}_{O\times Chw}\;\underbrace{U}_{Chw\times P}\;+\;b, \qquad P = H'W'. $$
#
# Row $(c,a,b)$ of $U$ holds what tap $(a,b)$ reads from channel $c$ as the kernel moves; column $(i,j)$ holds one patch.
# Making $U$ is called **im2col**, in PyTorch `F.unfold`; the trick was brought to convolutional networks by Chellapilla, Puri and Simard
# (2006). Nothing is computed, pixels are only copied, each up to $hw$ times. We pay memory for speed: processors multiply
# matrices very much better than they do anything else.
#
# **A worked number.** For the 3x3 ramp and 2x2 windows:

# %%
U = F.unfold(image[None, None], (2, 2))[0]  # (C·h·w, P) = (4, 4)
print("U, one column per place:", U, sep="\n")
print("k U =", kernel.flatten() @ U)

# %% [markdown]
# ### Exercise 5.5: conv2d, as one matrix product
#
# The same function once more, without a loop and without `F.conv2d`. `F.unfold(x, (h, w), dilation=..., padding=..., stride=...)` gives $U$ for every image of the
# batch, with shape $(N, Chw, P)$; mind that it takes its arguments in another order than `F.conv2d`.


# %%
def conv2d_unfold(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Tensor:
    """As ``conv2d_loops``, by one matrix product. x: (N, C, H, W); weight: (O, C, h, w); returns (N, O, H', W')."""
    ### BEGIN SOLUTION
    (N, _, H, W), (O, _, h, w) = x.shape, weight.shape
    columns = F.unfold(x, (h, w), dilation=dilation, padding=padding, stride=stride)  # (N, C·h·w, P)
    out = weight.reshape(O, -1) @ columns  # (N, O, P)
    if bias is not None:
        out = out + bias[:, None]
    return out.reshape(N, O, output_size(H, h, stride, padding, dilation), output_size(W, w, stride, padding, dilation))
    ### END SOLUTION


# %%
check(conv2d_unfold)

# %% [markdown]
# **Predict.** We time both on a small layer, 3 channels to 16 on a $32\times 32$ image. How many times faster is the matrix product: about 10 times, 100
# times, or more than 1000 times?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def seconds(function, *args, repeats: int = 1, **kwargs) -> float:
    """Wall-clock seconds of the fastest of ``repeats`` calls: whatever else the machine is doing only makes a call slower."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        function(*args, **kwargs)
        best = min(best, time.perf_counter() - start)
    return best


generator = torch.Generator().manual_seed(0)
x, weight = torch.randn(1, 3, 32, 32, generator=generator), torch.randn(16, 3, 3, 3, generator=generator)
by_loops = seconds(conv2d_loops, x, weight, padding=1)
by_unfold = seconds(conv2d_unfold, x, weight, padding=1, repeats=50)
by_torch = seconds(F.conv2d, x, weight, padding=1, repeats=50)
gap = (conv2d_unfold(x, weight, padding=1) - F.conv2d(x, weight, padding=1)).abs().max()
print(
    f"loops {1e3 * by_loops:.1f} ms, one product {1e3 * by_unfold:.3f} ms ({by_loops / by_unfold:.0f}x), F.conv2d {1e3 * by_torch:.3f} ms"
)
print(f"largest difference between conv2d_unfold and F.conv2d: {gap:.1e}")

# %% [markdown]
# Thousands of times, on an ordinary processor. The loops do the same multiplications, but each of their 16,384 steps passes
# through the Python interpreter and makes several small tensors on its way. `F.conv2d` is about as fast as your one line or a few times faster, since
# it need not write $U$ to memory. Depending on the sizes a library may also take an FFT or the algorithm of Winograd. What it computes is what you
# wrote.

# %% [markdown]
# ## Pooling
#
# The reflection of our first example could lie at any depth, and we did not want to know at which. A network that is to answer *what*
# must at some point forget *where*. **Pooling** forgets a little at a time: it replaces each window by one number, its mean or its
# maximum, in each channel on its own. With windows of 2x2 and stride 2, a feature may move by a pixel within its window and the output does
# not change.
#
# Average pooling is a convolution with a fixed kernel; it is linear. **Max pooling** is not: it asks whether a feature is present anywhere in the window,
# and the average dilutes a feature that fills one place only. Pooling at all is a convention. Springenberg and others (2014) showed that a convolution
# with stride 2 does as well, and most of today's networks use that, with one average over all places at the end.
#
# One detail decides whether your pooling is right: what the padding is filled with. A zero is *larger* than every negative
# number.

# %% [markdown]
# ### Exercise 5.6: max pooling
#
# As `F.max_pool2d`, which you may not call. Without a `stride`, windows tile the image: the stride is the size of the window.


# %%
def max_pool2d(x: Tensor, kernel: int, stride: int | None = None, padding: int = 0) -> Tensor:
    """The largest value of every ``kernel`` x ``kernel`` window. x: (N, C, H, W); returns (N, C, H', W')."""
    ### BEGIN SOLUTION
    stride = kernel if stride is None else stride
    x = F.pad(x, (padding, padding, padding, padding), value=float("-inf"))
    windows = x.unfold(2, kernel, stride).unfold(3, kernel, stride)  # (N, C, H', W', kernel, kernel)
    return windows.amax((-2, -1))
    ### END SOLUTION


# %%
check(max_pool2d)

# %% [markdown]
# ## How far a stack sees: the receptive field
#
# A 3x3 kernel sees 3 pixels along each axis. A second one on top sees 3 pixels of the first map, and so 5 of the image.
# The **receptive field** of an output pixel is the part of the input on which it depends. We want its size for any stack.
#
# Two numbers travel through the layers. Let $r_l$ be the size, along one axis, of what one pixel of layer $l$ sees. Let $j_l$ be the **jump**: by how
# many *input* pixels the view moves when we go to the neighbouring pixel of layer $l$. For the image itself, $r_0=j_0=1$.
#
# Layer $l$ has $k_l$ taps, stride $s_l$ and dilation $d_l$. Its first and last tap stand on two pixels of layer $l-1$ that are
# $d_l(k_l-1)$ apart there, and so $d_l(k_l-1)\,j_{l-1}$ apart in the image. Together they see what one pixel sees, and that much more:
#
# $$ r_l = r_{l-1} + d_l\,(k_l-1)\,j_{l-1}, \qquad j_l = j_{l-1}\,s_l. $$
#
# Watch the order: a layer's taps stand on its *input*, so it is the jump before the layer that counts; its own stride is felt only by the layers after it.
# Without strides $r$ grows by addition, 2 pixels for each 3x3 layer: a fault of 60 samples would take thirty of them. With a stride of
# 2 in between, every later layer reaches twice as far, and $r$ doubles with each. This, more than the saved
# arithmetic, is what strides and pooling are for.
#
# **A worked number.** LeNet-5, up to its second pooling: $r = 1 + 4 = 5$; pooling, $5+1\cdot 1=6$ and $j=2$; second convolution,
# $6 + 4\cdot 2 = 14$; pooling, $14+1\cdot2=16$ and $j=4$. Each of the last 5x5 pixels sees $16\times 16$ of the $28\times 28$, in steps of 4.

# %% [markdown]
# ### Exercise 5.7: the receptive field
#
# `layers` is a list of triples (kernel, stride, dilation), the one nearest to the image first; a pooling counts as a layer. Return the pair of
# integers $(r, j)$.


# %%
def receptive_field(layers: list[tuple[int, int, int]]) -> tuple[int, int]:
    """Size and jump of the receptive field of a stack, along one axis and in input pixels.

    layers: (kernel, stride, dilation) of each layer, the first nearest to the image.
    """
    ### BEGIN SOLUTION
    size, jump = 1, 1
    for kernel, stride, dilation in layers:
        size += dilation * (kernel - 1) * jump
        jump *= stride
    return size, jump
    ### END SOLUTION


# %%
check(receptive_field)

# %% [markdown]
# The formula says which pixels *can* matter. Which ones do? Autograd can tell: the gradient of one output pixel with respect to the
# image is not zero exactly on the receptive field, and its size says how much each pixel counts there.
#
# **Predict.** Ten 3x3 layers have a receptive field of 21 pixels. Suppose all kernels are plain averages. Will the 21 pixels count about equally, or
# will most of the weight lie in the middle? How many pixels in the middle hold 95 % of it?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
average = nn.Conv2d(1, 1, 3, bias=False)
nn.init.constant_(average.weight, 1 / 9)
ones = torch.ones(1, 1, 21, 21, requires_grad=True)
hidden = ones
for _ in range(10):
    hidden = average(hidden)
hidden.sum().backward()  # hidden is (1, 1, 1, 1): one output pixel
influence = ones.grad[0, 0]

profile = influence.sum(0)
middle = next(half for half in range(11) if profile[10 - half : 11 + half].sum() >= 0.95)
print(
    f"receptive field {receptive_field([(3, 1, 1)] * 10)[0]} pixels; 95 % of the weight lies in the middle {2 * middle + 1}"
)

fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
axes[0].imshow(influence, cmap="viridis")
axes[0].set(title="influence of each pixel on one output", xlabel="column", ylabel="row")
offset = torch.arange(-10, 11)
axes[1].bar(offset, profile, color="#56B4E9", label="ten layers of averages")
variance = 10 * 2 / 3
axes[1].plot(
    offset,
    torch.exp(-(offset**2) / (2 * variance)) / (2 * torch.pi * variance) ** 0.5,
    "k-",
    label="Gaussian, variance 20/3",
)
axes[1].set(title="summed over rows", xlabel="distance from the centre in pixels", ylim=(0, 0.21))
axes[1].legend()
plot.alt(
    fig,
    "Left: a round bright spot in the middle of a dark 21 by 21 square. Right: its profile, a bell that a Gaussian of variance 20/3 "
    "follows closely; beyond six pixels from the centre almost nothing is left.",
)

# %% [markdown]
# Most of it lies in the middle. The reason is the central limit theorem of {day: 06_cnns_2}. A path from an input pixel to the output takes ten steps of $-1$, $0$ or
# $+1$. Each has variance $\frac23$. So the end points are spread like a Gaussian with variance $10\cdot\frac23$, a standard deviation of 2.6 pixels.
# What a stack sees *effectively* grows only with the **square root** of its depth. Luo and others (2016) found the same bell in
# networks with random weights, and found that training widens it. Keep it in mind when a network seems unable to use a context that is
# formally within its reach.

# %% [markdown]
# ## Equivariance, and where it breaks
#
# We asked for $TSx = STx$ on an image without edges and got the convolution. Real images have edges, and real layers have strides. What is left?
#
# Let us measure it. For each layer we compare "shift, then layer" with "layer, then shift", and look at the largest difference
# in the interior, away from the edge, and on the whole image. The shift is by one pixel, downwards.
#
# **Predict.** For which of the four layers will the difference be zero in the interior? For which on the whole image? (a) a convolution with circular
# padding, where the image wraps around; (b) one with zero padding; (c) one with stride 2; (d) max pooling 2x2 with stride 2.

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def equivariance_gap(layer: nn.Module, x: Tensor, shift: int, stride: int = 1) -> tuple[float, float]:
    """How far layer(shift(x)) is from shift(layer(x)): the largest difference inside, and anywhere. x: (N, C, H, W)."""
    one, two = layer(x.roll(shift, dims=2)), layer(x).roll(shift // stride, dims=2)
    gap = (one - two).abs()
    return gap[:, :, 4:-4, 4:-4].max().item(), gap.max().item()


torch.manual_seed(0)
x = section[None, None, :, :128]
circular = nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular")
zeros, strided = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(1, 4, 3, stride=2, padding=1, padding_mode="circular")
zeros.load_state_dict(circular.state_dict())
strided.load_state_dict(circular.state_dict())
with torch.no_grad():
    for name, layer, stride in [
        ("(a) circular padding", circular, 1),
        ("(b) zero padding", zeros, 1),
        ("(c) stride 2", strided, 2),
        ("(d) max pooling", nn.MaxPool2d(2), 2),
    ]:
        for shift in (1, 2):
            inside, anywhere = equivariance_gap(layer, x, shift, stride)
            print(f"{name:22s} shifted by {shift}:  {inside:.1e} inside, {anywhere:.1e} anywhere")

# %% [markdown]
# - **Circular padding** leaves no edge: equivariant everywhere, up to rounding.
# - **Zero padding** keeps the interior and breaks the edge. A network can use that: from the zeros it learns where the edge is, and so *where in
#   the image it stands* (Islam and others, 2020). Sometimes this is welcome; a well log's first metre is not like its hundredth.
# - **Stride 2 and pooling** break it everywhere for a shift by 1. The grid on which they sample stays where it is while the picture moves beneath it. For a shift by
#   2, the output moves by 1 and all is well: what survives is equivariance to shifts by multiples of the stride. This is aliasing, and the remedy
#   is the one you know from resampling a trace: smooth before you decimate (Zhang, 2019).
#
# A note on words. *Equivariant*: the output moves along with the input. *Invariant*: the output does not change. A segmentation wants the
# first, a classification the second, and one gets the second from the first by pooling over all places.
#
# Which brings us back to the reflection that came too late. One layer of kernels, their maximum over all places, and a linear layer:

# %%
torch.manual_seed(0)
convolutional = nn.Sequential(nn.Conv2d(1, 4, 7), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4, 2))
fit(convolutional, shallow, epochs=sized(20, rehearsal=5), lr=1e-2, progress=False)
print(
    f"parameters: {sum(p.numel() for p in convolutional.parameters())} instead of {sum(p.numel() for p in fully_connected.parameters()):,}"
)
print(
    f"trained on shallow reflections: {evaluate(convolutional, new_shallow):.0%} on new shallow ones, {evaluate(convolutional, deep):.0%} on deep ones"
)

# %% [markdown]
# It has never seen a deep reflection and does as well on them. It was not told that physics does not depend on depth; that is built
# in, and therefore need not be learned. Such knowledge, put into a network by its form, is called an **inductive bias**. It is a bet. Attenuation,
# for example, makes deep wavelets longer, so the world does depend on position. There the bet is a little wrong, and the network has to be told the
# depth some other way.

# %% [markdown]
# ## The backward pass, index by index
#
# To train a kernel we need the gradient of the loss $L$ with respect to it, and, to train the layers below, with respect to the input. Suppose the layers
# above have handed us $g_{noij} = \partial L/\partial y_{noij}$. We take dilation 1; the forward pass was
#
# $$ y_{noij} = b_o + \sum_{c,a,b} k_{ocab}\;\tilde x_{n,c,\,si+a,\,sj+b}. $$
#
# For each quantity there is one question: *in which outputs does it occur, and with which factor?* The gradient is the sum over these, by the chain rule.
#
# **The bias** $b_o$ occurs in every output of channel $o$, with the factor 1:
#
# $$ \frac{\partial L}{\partial b_o} = \sum_{n,i,j} g_{noij}. $$
#
# **The kernel's entry** $k_{ocab}$ occurs in every output of channel $o$ as well, in $y_{noij}$ with the factor $\tilde x_{n,c,si+a,sj+b}$:
#
# $$ \frac{\partial L}{\partial k_{ocab}} = \sum_{n,i,j} g_{noij}\;\tilde x_{n,c,\,si+a,\,sj+b}. $$
#
# Look at it as a formula in $(a,b)$: it is again a cross-correlation, of the input with $g$ in the role of the kernel (spread by the stride, as a dilated kernel is). Weight sharing has
# become a *sum*: every place votes on how the kernel should change.
#
# **The pixel** $\tilde x_{ncpq}$ occurs in $y_{noij}$ when $si+a=p$ and $sj+b=q$ for some tap, that is with $a=p-si$ and $b=q-sj$, if those lie inside the kernel:
#
# $$ \frac{\partial L}{\partial \tilde x_{ncpq}} = \sum_{o}\;\sum_{i,j} g_{noij}\; k_{o,c,\,p-si,\,q-sj}. $$
#
# For stride 1, take $a=p-i$ as the index instead and this reads $\sum_{o,a,b} k_{ocab}\,g_{n,o,p-a,q-b}$: the *minus* is that of a true convolution. So
# the gradient of a cross-correlation is a convolution, and here the turned kernel is a necessity. For $s>1$ the outputs stand $s$ pixels apart, with
# zeros in between. As an operation of its own this is called a **transposed convolution**. It returns on {day: 06_cnns_2} as the way up in a U-Net.
# The gradient of the padding is thrown away: those zeros must stay zero.
#
# **A worked number.** One row: $x=(1,2,3)$, $k=(5,7)$, so $y=(19, 31)$. Let $g=(1,10)$. Then
# $\partial L/\partial b=11$; $\partial L/\partial k = (1\cdot1+10\cdot 2,\; 1\cdot 2+10\cdot 3)=(21, 32)$; and
# $\partial L/\partial x = (1\cdot5,\; 1\cdot 7+10\cdot 5,\; 10\cdot 7)=(5, 57, 70)$.
#
# **The same in matrices.** For each image $Y=KU+b$, a linear layer, and from {day: 04_ml_recap} you know its gradients: $\partial L/\partial K = G\,U^\top$ and $\partial L/\partial U=K^\top G$.
# What is left is to go from $U$ back to $x$: a pixel was copied into several columns, so it gets the *sum* of their gradients. That is the adjoint of
# unfolding, and PyTorch has it as `F.fold(columns, output_size=(H, W), kernel_size=(h, w), padding=..., stride=...)`.

# %% [markdown]
# ### Exercise 5.8: the backward pass of conv2d
#
# Return the three gradients, in the order input, weight, bias. Derive them; do not call autograd.


# %%
def conv2d_backward(
    grad_y: Tensor, x: Tensor, weight: Tensor, stride: int = 1, padding: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of a loss through ``y = F.conv2d(x, weight, bias, stride, padding)``.

    grad_y: (N, O, H', W'), the loss's gradient with respect to y; x: (N, C, H, W); weight: (O, C, h, w).
    Returns the gradients with respect to x (N, C, H, W), weight (O, C, h, w) and bias (O,).
    """
    ### BEGIN SOLUTION
    O, _, h, w = weight.shape
    g = grad_y.flatten(2)  # (N, O, P)
    columns = F.unfold(x, (h, w), padding=padding, stride=stride)  # (N, C·h·w, P)
    grad_weight = torch.einsum("nol,nkl->ok", g, columns).reshape(weight.shape)
    grad_columns = weight.reshape(O, -1).T @ g  # (N, C·h·w, P)
    grad_x = F.fold(grad_columns, x.shape[2:], (h, w), padding=padding, stride=stride)
    return grad_x, grad_weight, g.sum((0, 2))
    ### END SOLUTION


# %%
check(conv2d_backward)

# %% [markdown]
# You could now train a convolutional network without autograd, as LeCun had to in 1989. What is left of the morning is to make the
# operation cheaper, and then to build his network.

# %% [markdown]
# ## Fewer weights: depthwise separable convolutions
#
# A convolution does two things at once. It looks around in space, and it mixes channels. Take them one after the other. First each
# channel is filtered with a kernel of its own, $d_{cab}$ (**depthwise**). Then at each pixel the channels are mixed by a matrix $m_{oc}$
# (**pointwise**, with kernels of 1x1):
#
# $$ z_{ncij} = \sum_{a,b} d_{cab}\,\tilde x_{n,c,si+a,sj+b}, \qquad y_{noij} = \sum_c m_{oc}\, z_{ncij}. $$
#
# Put the first into the second and you find an ordinary convolution whose kernels are $k_{ocab}=m_{oc}\,d_{cab}$. So nothing new can be
# computed; on the contrary, kernels are restricted: for a given input channel $c$, all $O$ of them are multiples of one pattern. What one gains is the price. For each output pixel
#
# $$ \text{a full convolution takes } O\,C\,h\,w \text{ multiplications, the two steps } C\,h\,w + O\,C, \quad\text{a ratio of}\quad \frac1O+\frac1{hw}. $$
#
# **A worked number.** $C=O=64$ and 3x3: $36\,864$ against $576+4096=4672$, a factor of 7.9. The large network Xception (Chollet, 2017) and the small MobileNet (Howard and others,
# 2017) are built from this step; ConvNeXt, on {day: 06_cnns_2}, has it with 7x7 kernels.

# %% [markdown]
# ### Exercise 5.9: depthwise separable convolution
#
# Compute both steps; here you may call `F.conv2d`. There is nothing between them, and no bias.


# %%
def depthwise_separable(x: Tensor, depthwise: Tensor, pointwise: Tensor, stride: int = 1, padding: int = 0) -> Tensor:
    """Filter each channel with its own kernel, then mix the channels at each pixel.

    x: (N, C, H, W); depthwise: (C, h, w); pointwise: (O, C). Returns (N, O, H', W'). Stride and padding belong to the first step.
    """
    ### BEGIN SOLUTION
    filtered = F.conv2d(x, depthwise[:, None], stride=stride, padding=padding, groups=len(depthwise))  # (N, C, H', W')
    return torch.einsum("nchw,oc->nohw", filtered, pointwise)
    ### END SOLUTION


# %%
check(depthwise_separable)

# %% [markdown]
# **Predict.** It takes 7.9 times fewer multiplications for 64 channels. Will it also be 7.9 times faster on your machine?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
generator = torch.Generator().manual_seed(0)
x = torch.randn(16, 64, 56, 56, generator=generator)
full, depth = torch.randn(64, 64, 3, 3, generator=generator), torch.randn(64, 1, 3, 3, generator=generator)
point = torch.randn(64, 64, 1, 1, generator=generator)


def two_steps(x: Tensor) -> Tensor:
    """The depthwise and the pointwise step on x (N, 64, H, W)."""
    return F.conv2d(F.conv2d(x, depth, padding=1, groups=64), point)


F.conv2d(x, full, padding=1), two_steps(x)  # once for warming up
in_full, in_two = (
    seconds(f, x, repeats=sized(20, rehearsal=3)) for f in (lambda x: F.conv2d(x, full, padding=1), two_steps)
)
print(f"full {1e3 * in_full:.1f} ms, two steps {1e3 * in_two:.1f} ms: a factor of {in_full / in_two:.1f} in time")

# %% [markdown]
# By much less than on paper, and on some processors not at all. In the depthwise step every number that is fetched from memory is used for only nine
# multiplications, instead of for $9\cdot 64$; so the processor waits for memory. Multiplications are easy to count, but time is what
# you pay: measure it on the machine you will use.

# %% [markdown]
# ## LeNet-5, 1998
#
# The parts came together over two decades. Hubel and Wiesel (1962) found cells in the cat's visual cortex that answer to an edge in one small part of the field of view, and others
# that answer to it anywhere in a neighbourhood. Fukushima's neocognitron (1980) stacked the two kinds: local feature, pooling, local feature,
# pooling. LeCun and his colleagues (1989) trained convolutions of stride 2 by backpropagation, on handwritten postal codes; pooling joined them in 1990, and the network of **1998**, LeNet-5, read cheques.
#
# We build it as one would today. The arrows carry the shape of what flows, `N, C, H, W`:

# %%
plot.diagram(
    [
        "images -> N, 1, 28, 28",
        "conv 5x5 | padding 2 -> N, 6, 28, 28",
        "ReLU",
        "max pool 2x2 -> N, 6, 14, 14",
        "conv 5x5 -> N, 16, 10, 10",
        "ReLU",
        "max pool 2x2 -> N, 16, 5, 5",
        "flatten -> N, 400",
        "linear -> N, 120",
        "ReLU",
        "linear -> N, 84",
        "ReLU",
        "linear -> N, K",
        "logits",
    ],
    title="LeNet-5",
)

# %% [markdown]
# This is the whole specification:
#
# | layer | output | parameters |
# |---|---|---|
# | image | 1 x 28 x 28 | |
# | convolution 5x5, 1 to 6 channels, padding 2; ReLU | 6 x 28 x 28 | 156 |
# | max pooling 2x2, stride 2 | 6 x 14 x 14 | |
# | convolution 5x5, 6 to 16 channels, no padding; ReLU | 16 x 10 x 10 | 2,416 |
# | max pooling 2x2, stride 2 | 16 x 5 x 5 | |
# | flatten; linear 400 to 120; ReLU | 120 | 48,120 |
# | linear 120 to 84; ReLU | 84 | 10,164 |
# | linear 84 to $K$ (logits, no activation) | $K = 10$ | 850 |
#
# All convolutions and linear layers have a bias. **What was different in 1998**, and what came of it:
#
# - The activation was a scaled tanh. ReLU does not saturate; it became the standard with AlexNet (Krizhevsky and others, 2012), where {day: 06_cnns_2} begins.
# - Pooling was an average, times a learned weight, plus a bias, through the tanh. The maximum won, and later strides did.
# - The second convolution was not connected to all six maps, but to chosen subsets, to save arithmetic and to make the maps differ. The nearest thing today is a grouped convolution.
# - The output was ten distances to fixed 7x12 pictures of the digits. Today: logits and cross-entropy.
# - It was trained by gradient descent with an approximate second derivative for each weight. Today: Adam, which you wrote on {day: 04_ml_recap}.
#
# **Predict.** Where are most of its 61,706 parameters, in the convolutions or in the linear layers? And most of its *multiplications*?

# %%
prediction = ""  # write your answer here before you run the next cell

# %% [markdown]
# ### Exercise 5.10: LeNet-5
#
# Write the module, exactly as in the table. `classes` is $K$.


# %%
class LeNet5(nn.Module):
    """LeNet-5 (LeCun and others, 1998) in modern form. x: (N, 1, 28, 28) -> logits (N, classes)."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(16 * 5 * 5, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes)
        )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, 1, 28, 28) -> (N, classes)."""
        ### BEGIN SOLUTION
        return self.classifier(self.features(x))
        ### END SOLUTION


# %%
check(LeNet5)


# %%
def multiplications(model: nn.Module, x: Tensor) -> dict[str, int]:
    """Multiplications of each convolution and linear layer for one example x (1, C, H, W)."""
    counts: dict[str, int] = {}

    def note(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        per_output = layer.weight[0].numel()
        counts[f"{type(layer).__name__} {tuple(layer.weight.shape)}"] = output[0].numel() * per_output

    hooks = [m.register_forward_hook(note) for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    model(x)
    for hook in hooks:
        hook.remove()
    return counts


lenet = LeNet5()
parameters = {
    f"{type(m).__name__} {tuple(m.weight.shape)}": sum(p.numel() for p in m.parameters())
    for m in lenet.modules()
    if hasattr(m, "weight")
}
for name, count in multiplications(lenet, torch.zeros(1, 1, 28, 28)).items():
    print(f"{name:24s} {parameters[name]:7,d} parameters {count:9,d} multiplications")

# %% [markdown]
# Ninety-six per cent of the parameters are in the linear layers, and eighty-six per cent of the multiplications in the convolutions. A convolution's few weights are used at
# many places; a linear layer's many weights are used once. Both facts have steered what came later: the linear layers were
# thrown out (to save parameters), and the convolutions were made cheaper (to save time).

# %% [markdown]
# ## Training it
#
# The next cell names the data set, and this is the one line to change. `glyphs` are printed digits in many fonts, distorted; they are built in. `fashion_mnist` are
# photographs of clothes, downloaded once, for which other people's figures exist.

# %%
DATA = "glyphs"  # or "fashion_mnist"

everything, test = data.load(DATA), data.load(DATA, "test")
everything, test = everything.take(sized(len(everything), rehearsal=2000)), test.take(sized(len(test), rehearsal=1000))
train, validation = everything.split(0.9)
print(f"{len(train):,} images to train on, {len(validation):,} to decide on, {len(test):,} to report on")

first = [int((train.y == k).nonzero()[i]) for i in range(2) for k in range(len(train.classes))]
plot.images(
    train.x[first],
    titles=[train.classes[int(train.y[i])] for i in first],
    columns=10,
    alt=f"Two examples of each of the ten classes of {DATA}, grey on a dark ground, 28 by 28 pixels each.",
)

# %% [markdown]
# ### Exercise 5.11: train LeNet-5
#
# Write the loop yourself, from memory if you can; `dlmodule.training.fit`, which you read on {day: 03_pytorch_2}, is this loop with more options around it. Per epoch: a new
# random order of the training set, batches of at most 128, and for each batch one step. Print the accuracy on `validation` after every epoch,
# and return the model. `seed` decides everything that is random, the first weights included. Make the model with `LeNet5(len(train.classes))`.
#
# Adam with a learning rate of $4\times 10^{-3}$, lowered to zero along half a cosine (`torch.optim.lr_scheduler.CosineAnnealingLR`, stepped once per epoch), is a good
# recipe here. Other recipes pass the check too, if they learn. The check runs three epochs on 4,000 glyphs, and watches.


# %%
def train_lenet(train: data.Labelled, validation: data.Labelled, *, epochs: int, seed: int = 0) -> nn.Module:
    """Train a new LeNet-5 on ``train`` (x: (N, 1, 28, 28), y: (N,)) and print its accuracy on ``validation`` every epoch."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = LeNet5(len(train.classes))
    optimiser = torch.optim.Adam(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    for epoch in range(epochs):
        model.train()
        for index in torch.randperm(len(train)).split(128):
            loss = F.cross_entropy(model(train.x[index]), train.y[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
        model.eval()
        with torch.no_grad():
            accuracy = (model(validation.x).argmax(1) == validation.y).float().mean()
        print(f"epoch {epoch + 1:2d}: loss of the last batch {loss:.3f}, val_accuracy {accuracy:.2%}")
    return model
    ### END SOLUTION


# %%
check(train_lenet)

# %%
model = train_lenet(train, validation, epochs=sized(4, rehearsal=2))
print(f"accuracy on the test set, which has decided nothing: {evaluate(model, test):.2%}")

# %% [markdown]
# With ten epochs this function reaches, on the test set of Fashion-MNIST, {ledger: 05_cnns_1.train_lenet.fashion_mnist.accuracy} in
# {ledger: 05_cnns_1.train_lenet.fashion_mnist.seconds} on two processor cores, and on the glyphs {ledger: 05_cnns_1.train_lenet.glyphs.accuracy}. This
# afternoon you will beat the first figure.

# %% [markdown]
# ## What the result tells
#
# **What did the first layer learn?** Six kernels of 5x5, one above each of the six maps that they draw of one test image.

# %%
first_layer = next(m for m in model.modules() if isinstance(m, nn.Conv2d))
with torch.no_grad():
    maps = first_layer(test.x[:1]).relu()[0]  # (6, 28, 28)
weights = first_layer.weight.detach()[:, 0]  # (6, 5, 5)

fig, axes = plt.subplots(2, 7, figsize=(11, 3.5), layout="constrained")
axes[0, 0].axis("off")
axes[1, 0].imshow(test.x[0, 0], cmap="gray")
axes[1, 0].set_title("image")
for ax, one in zip(axes[0, 1:], weights, strict=True):
    ax.imshow(one, cmap="RdBu_r", vmin=-weights.abs().max(), vmax=weights.abs().max())
for ax, one in zip(axes[1, 1:], maps, strict=True):
    ax.imshow(one, cmap="gray", vmin=0)
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
plot.alt(
    fig,
    "Top row: the six learned 5 by 5 kernels, red positive and blue negative; in most of them one side is red and the other blue. Bottom "
    "row: a test image and the six maps they make of it, each bright along strokes or their edges of one direction.",
)

# %%
# How much of each kernel's pattern is a plane (its mean and slopes, a first-order Taylor polynomial), and how much a quadratic?
row, column = torch.meshgrid(torch.arange(-2.0, 3), torch.arange(-2.0, 3), indexing="ij")
plane = torch.stack([torch.ones(5, 5), row, column]).flatten(1)
quadratic = torch.cat([plane, torch.stack([row**2, row * column, column**2]).flatten(1)])


def explained(kernels: Tensor, basis: Tensor) -> float:
    """The share of the kernels' (O, h, w) sum of squares that lies in the span of ``basis`` (B, h·w)."""
    q, _ = torch.linalg.qr(basis.T)
    return ((kernels.flatten(1) @ q).square().sum() / kernels.square().sum()).item()


torch.manual_seed(0)
untrained = nn.Conv2d(1, 6, 5).weight.detach()[:, 0]
print(
    f"a plane explains {explained(weights, plane):.0%} of the learned kernels and {explained(untrained, plane):.0%} of untrained ones"
)
print(
    f"a quadratic      {explained(weights, quadratic):.0%} of the learned kernels and {explained(untrained, quadratic):.0%} of untrained ones"
)

# %% [markdown]
# A random 5x5 kernel has 25 equal directions to point in; 3 of them make up the planes and 6 the quadratics, so chance explains $3/25=12$ % and $6/25=24$ %. The
# learned kernels hold far more. You wrote slopes and curvatures by hand this morning. Gradient descent was told nothing of them, only which image
# belongs to which class. Much of what it found is a mean, a slope or a curvature. In a small window there is little else to be seen.
#
# **What does it confuse?** An accuracy is one number for a hundred kinds of answer. Rows are the truth, columns what the network says.

# %%
said = predict(model, test.x).argmax(1)
K = len(test.classes)
confusion = torch.bincount(test.y * K + said, minlength=K * K).reshape(K, K)
plot.confusion(
    confusion,
    test.classes,
    alt="The confusion matrix of LeNet-5 on the test set: nearly everything on the diagonal, and a few counts beside it.",
)

# %%
wrong = confusion.clone().fill_diagonal_(0)
truth, answer = divmod(int(wrong.argmax()), K)
print(
    f"its most frequent error: {test.classes[truth]} taken for {test.classes[answer]}, {wrong[truth, answer]} times of {confusion[truth].sum()}"
)
cases = ((test.y == truth) & (said == answer)).nonzero().flatten()[:8]
plot.images(
    test.x[cases],
    columns=8,
    alt=f"Up to eight test images of the class {test.classes[truth]} that the network took for {test.classes[answer]}.",
)

# %% [markdown]
# Look at the pictures before you blame the network. Some of them you would get wrong too; that part of the error no training removes. Others
# are plain to you, and worth a thought: what do they have in common that the training set has little of? (Among the glyphs, look out for fonts
# that write a zero with a dot in it. Seen small, that is an eight.)
#
# **Is it invariant to shifts, then?** We began with a network that did not know a reflection 16 samples further down.
#
# **Predict.** We shift the test images to the right, pixel by pixel, and ask LeNet-5 again, beside a fully connected network with about as many parameters.
# How do the two curves run? Remember the two linear layers at the top of LeNet-5.

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
torch.manual_seed(0)
flat = nn.Sequential(nn.Flatten(), nn.Linear(784, 77), nn.ReLU(), nn.Linear(77, K))
fit(flat, train, epochs=sized(8, rehearsal=2), lr=4e-3, schedule="cosine", progress=False)

shifts = list(range(9))
few = test.take(min(len(test), 2000))
curves = {
    name: [evaluate(network, (F.pad(few.x, (s, 0))[..., :28], few.y)) for s in shifts]
    for name, network in {"LeNet-5": model, "fully connected": flat}.items()
}
fig, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for (name, curve), marker in zip(curves.items(), "os", strict=True):
    ax.plot(shifts, curve, marker=marker, label=name)
ax.axhline(1 / K, color="grey", linewidth=1)
ax.text(0, 1 / K + 0.015, "chance", color="grey")
ax.set(xlabel="shift to the right in pixels", ylabel="accuracy", ylim=(0, 1.02))
ax.legend()
plot.alt(
    fig,
    "Accuracy against the shift of the test images, 0 to 8 pixels. Both curves fall; that of LeNet-5 begins higher and falls about two "
    "pixels later, and at 8 pixels both are near chance.",
)
print({name: [f"{a:.0%}" for a in curve] for name, curve in curves.items()})

# %% [markdown]
# LeNet-5 holds out some two pixels longer, and then it falls too. Its convolutions move with the image; but the features arrive at a fully connected layer, and that
# one learns each place anew, just like the network we began with. Pooling buys a few pixels, no more. There are two ways to be better: show the
# network shifted images (*augmentation*, this afternoon), or end with an average over all places (*global average pooling*, as the
# networks of {day: 06_cnns_2} do).

# %% [markdown]
# ## This trains badly
#
# A colleague has two stacks of each patch, one of the near offsets and one of the far offsets, both flattened on the reflector in question. Where it is
# *brighter* in the far stack, there may be gas. Whether it is brighter cannot be seen in one stack, only by comparing two: a task for two channels.
#
# Her program runs without an error, and its loss stays at $\ln 2 \approx 0.69$, the loss of a coin. The patches are clean; you can see the answer
# with your own eyes. She has tried three learning rates and is about to try a larger network.


# %%
def gas_sand(count: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Patches flattened on one reflector, in a near and a far stack: stacks (count, 16, 16, 2) and labels (count,), 1 = brighter far."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    t = 0.7 * (torch.arange(16.0)[:, None] - 4 - 8 * torch.rand(count, 1, 1, generator=generator))
    polarity = 1 - 2 * torch.randint(0, 2, (count, 1, 1), generator=generator)
    wavelet = (polarity * (1 - t**2) * torch.exp(-(t**2) / 2)).expand(count, 16, 16)
    change = torch.where(labels == 1, 1.3, 1 / 1.3)[:, None, None]
    stacks = torch.stack([wavelet / change, wavelet * change], dim=-1)
    return stacks + 0.1 * torch.randn(stacks.shape, generator=generator), labels


stacks, labels = gas_sand(400, seed=0)
fig, axes = plt.subplots(1, 4, figsize=(11, 3.5), layout="constrained")
for ax, (example, stack) in zip(axes, [(0, 0), (0, 1), (1, 0), (1, 1)], strict=True):
    ax.imshow(stacks[example, :, :, stack], cmap="gray", vmin=-1.7, vmax=1.7)
    ax.set(title=f"{('near', 'far')[stack]}, label {labels[example]}", xticks=[], yticks=[])
plot.alt(
    fig,
    "Two patches of 16 by 16, each as a near and a far stack. In the first, label 0, the reflector is fainter in the far stack; in the "
    "second, label 1, it is brighter.",
)

# %% [markdown]
# ### Exercise 5.12: this trains badly
#
# Find the bug in the program, repair it, and change nothing else. Do not read the code first: draw what the network is given, then read.


# %%
### BEGIN SOLUTION
def find_the_bug_1(stacks: Tensor, labels: Tensor, *, epochs: int = 12, seed: int = 0) -> tuple[nn.Module, list[float]]:
    """Learn whether a reflector is brighter in the far stack than in the near one.

    stacks: (N, H, W, 2) float32, near and far stack as the last axis; labels: (N,) int64, 1 = brighter in the far stack.
    Returns (model, losses): the trained model, which takes (N, 2, H, W), and the mean loss of every epoch.
    """
    torch.manual_seed(seed)
    N, _, _, C = stacks.shape
    x = stacks.permute(0, 3, 1, 2)  # the bug: reshape(N, C, H, W) cuts the numbers anew where permute moves the axes
    model = nn.Sequential(
        nn.Conv2d(C, 8, 3), nn.ReLU(),
        nn.Conv2d(8, 8, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2),
    )  # fmt: skip
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for index in torch.randperm(N).split(32):
            loss = F.cross_entropy(model(x[index]), labels[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(index)
        losses.append(total / N)
    return model, losses


### END SOLUTION

# %%
check(find_the_bug_1)

# %%
_, losses = find_the_bug_1(stacks, labels, epochs=sized(12, rehearsal=4))
print("loss of each epoch:", [round(one, 3) for one in losses])

# %% [markdown]
# <details><summary>Answer</summary>
#
# The data lie in memory as near, far, near, far, ... from pixel to pixel. `reshape(N, 2, 16, 16)` does not move the axis of the stacks; it cuts the same sequence of numbers into two
# halves and calls them channels. So channel 0 is the upper half of the patch, with near and far samples *taking turns* from column to column, and channel 1 is the lower half. It raises no
# error, since the number of entries is right.
#
# Why does the network then learn *nothing*, and not just less? It would have to tell even columns from odd ones. A convolution with stride 1 treats all columns
# alike, and the average over all places forgets the rest: a shift by one column, which exchanges near and far, changes nothing in what the network computes. By
# its very form it cannot see the answer. The equivariance that helped us all morning has become the obstacle, because the bug turned a
# question about channels into one about position.
#
# `permute(0, 3, 1, 2)` or `movedim(-1, 1)` moves the axis. The habit to keep: before you tune anything, draw one batch as the network gets it.
#
# </details>

# %% [markdown]
# ## Summary
#
# - A fully connected layer learns each place anew. **Locality and weight sharing** cure it, and they are the only linear cure: a linear map that commutes with shifts *is* a
#   convolution.
# - Deep learning's convolution is a **cross-correlation**. In the forward pass this is a convention; in the backward pass the turned kernel is a necessity.
# - $n' = \lfloor (n+2p-d(k-1)-1)/s\rfloor+1$. A kernel is a block $(C, h, w)$, a layer holds $O$ of them, and its parameters do not depend on the size of the image.
# - A convolution is **one matrix product** of flattened kernels with unfolded patches; its gradients are $GU^\top$ and the fold of $K^\top G$.
# - The **receptive field** grows by $d(k-1)$ times the jump; what is effectively seen grows only with the square root of the depth.
# - **Equivariance** is exact without edges and strides, breaks at padded edges, and with stride $s$ survives only for shifts by multiples of $s$. A fully connected layer at
#   the top ends it.
# - A 3x3 kernel sees a slope and a curvature. A trained network puts slopes and curvatures into its first layer by itself; a fault takes a stack, and on {day: 06_cnns_2} we build that stack.
#
# ### Questions to take along
#
# 1. Two 3x3 convolutions with nothing in between: what single convolution are they, and why does one put a ReLU between?
#
# <details><summary>Answer</summary>
#
# One 5x5 convolution, whose kernel is the convolution of the two. It has $25$ numbers made from $18$, so not every 5x5 kernel can be reached. Without a non-linearity, stacking only widens the
# kernel; with one, the second layer can ask about *conditions* ("a slope to the right here and none there"), which no single kernel can.
#
# </details>
#
# 2. Your input is a velocity model in km/s, between 1.5 and 5. Why may zero padding hurt, and what can you do without changing the layer?
#
# <details><summary>Answer</summary>
#
# Zero is a velocity no rock has, so every edge looks like the strongest contrast in the model. Subtract the mean first, as you would anyway: then zero *is* the background.
# Or pad with copies of the edge (`padding_mode="replicate"`).
#
# </details>
#
# 3. A network has four blocks, each a 3x3 convolution and a 2x2 pooling. A fault you want to recognise is 40 samples long. Can one output pixel see all of it?
#
# <details><summary>Answer</summary>
#
# $r$: 1, then 3, 4; 8, 10; 18, 22; 38, **46**. Formally yes, just; effectively, most of the weight lies well inside. A fifth block, or a dilated convolution, would be prudent.
#
# </details>
#
# 4. Why is the gradient of a shared weight a sum over places? Let the loss be a mean over pixels. What would happen to the size of your steps if you
#    doubled the height of all images?
#
# <details><summary>Answer</summary>
#
# The weight occurs in the output of every place, and the chain rule adds what comes from each. With a loss that is a mean over pixels each term is
# weighed by one over the number of pixels. So the sum of twice as many terms of half the weight stays about the same. With a loss that *sums* over
# pixels it would double.
#
# </details>

# %% [markdown]
# ## References
#
# - F. Chollet (2017). *Xception: deep learning with depthwise separable convolutions.* arXiv:1610.02357.
# - V. Dumoulin, F. Visin (2016). *A guide to convolution arithmetic for deep learning.* arXiv:1603.07285. The pictures everybody draws of padding and stride.
# - W. T. Freeman, E. H. Adelson (1991). *The design and use of steerable filters.* doi:10.1109/34.93808.
# - K. Fukushima (1980). *Neocognitron.* doi:10.1007/BF00344251.
# - A. G. Howard and others (2017). *MobileNets.* arXiv:1704.04861.
# - D. H. Hubel, T. N. Wiesel (1962). *Receptive fields, binocular interaction and functional architecture in the cat's visual cortex.* doi:10.1113/jphysiol.1962.sp006837.
# - M. A. Islam, S. Jia, N. D. B. Bruce (2020). *How much position information do convolutional neural networks encode?* arXiv:2001.08248.
# - A. Krizhevsky, I. Sutskever, G. E. Hinton (2012; reprinted 2017). *ImageNet classification with deep convolutional neural networks.* doi:10.1145/3065386.
# - Y. LeCun and others (1989). *Backpropagation applied to handwritten zip code recognition.* doi:10.1162/neco.1989.1.4.541.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). *Gradient-based learning applied to document recognition.* doi:10.1109/5.726791. LeNet-5; section II is still worth reading.
# - W. Luo, Y. Li, R. Urtasun, R. Zemel (2016). *Understanding the effective receptive field in deep convolutional neural networks.* arXiv:1701.04128.
# - J. T. Springenberg and others (2014). *Striving for simplicity: the all convolutional net.* arXiv:1412.6806.
# - H. Xiao, K. Rasul, R. Vollgraf (2017). *Fashion-MNIST.* arXiv:1708.07747. The images.
# - F. Yu, V. Koltun (2016). *Multi-scale context aggregation by dilated convolutions.* arXiv:1511.07122.
# - R. Zhang (2019). *Making convolutional networks shift-invariant again.* arXiv:1904.11486.
#
# Without a DOI: K. Chellapilla, S. Puri, P. Simard (2006), High performance convolutional neural networks for document processing (im2col); I. Sobel, G. Feldman (1968), A 3x3 isotropic
# gradient operator for image processing, a talk.
