# ---
# title: "Convolutional neural networks, part I: an image classifier, and whether to trust it"
# objectives:
#   - choose augmentations that an earth scientist can defend, and write them for a whole batch
#   - build a convolutional classifier from blocks and train it with a recipe whose every part has a reason
#   - look inside it with saliency, feature maps and occlusion, and know what such pictures cannot show
#   - derive and run an adversarial attack, and say why it works so well in many dimensions
#   - measure whether a confidence of 80 % means 80 %, and repair it with one number
#   - find three planted bugs from their symptoms
# prerequisites: [05_cnns_1.morning, 04_ml_recap.afternoon]
# minutes: {cpu: 1, cpu_fp32: 2}
# data: [seismic_patches, glyphs, fashion_mnist]
# ---

# %% [markdown]
# A survey has been shot, and its sections are cut into patches of 64 x 64 samples. Your task is to say, for each patch, what is in
# it: flat layers, dipping layers, folds, a fault, a salt body. A person needs a second for each; a survey has a million.
#
# This morning you saw what one 3x3 kernel sees. This afternoon you build a network of a few hundred such kernels that does this
# person's job, and then you ask what a careful person would ask of a new colleague:
#
# 1. **Does it work?** Augmentation, a block, a network, a recipe, an accuracy on patches it has never seen.
# 2. **What does it look at?** Saliency, feature maps, occlusion.
# 3. **How easily is it fooled?** An adversarial example.
# 4. **Does it know when it does not know?** Calibration.
#
# An accuracy answers only the first question. Most networks that disappoint in the field had a good answer to that one.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized
from dlmodule.training import evaluate, fit, predict

check = checks("05_cnns_1")
plot.use_style()

# %% [markdown]
# The next cell names the data set. Everything below works with each of the three; `seismic_patches` and `glyphs` are built in, and
# `fashion_mnist` is downloaded once. Start with the first, and come back to change this one line.

# %%
DATA = "seismic_patches"  # or "glyphs", or "fashion_mnist"

everything, test = data.load(DATA), data.load(DATA, "test")
everything = everything.take(min(len(everything), sized(60_000, rehearsal=600)))
train, validation = everything.split(0.9)
K = len(train.classes)
print(
    f"{len(train)} patches to train on, {len(validation)} to decide on, {len(test)} to report on; x {tuple(train.x.shape[1:])}"
)

# %%
first_of_class = [int((train.y == k).nonzero()[i]) for i in range(2) for k in range(K)]
plot.images(
    train.x[first_of_class],
    titles=[train.classes[train.y[i]] for i in first_of_class],
    columns=K,
    alt=f"Two examples of each of the {K} classes of {DATA}: {', '.join(train.classes)}.",
)

# %% [markdown]
# ## Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $x, y$ | image and class | `(N, C, H, W)`, `(N,)` |
# | $z, p$ | logits, and probabilities | `(N, K)` |
# | $\gamma, \beta, \mu, \sigma$ | of batch normalisation: gain, shift, mean, standard deviation | `(C,)` each |
# | $g$ | a transformation of the image; in FGSM the gradient at the image | |
# | $\eta, \lambda$ | learning rate; weight decay | |
# | $\ell, L$ | loss of one example; of all | |
# | $q, \varepsilon$ | smoothed target; how much it is smoothed | `(N, K)`, a number |
# | $\delta, \epsilon$ | change of an image; the most that a pixel may change | |
# | $D$ | pixels of an image | |
# | $T, \tau$ | temperature of a softmax; one over it | |
#
# ## The simplest thing that could work
#
# Try **one linear layer** first. It gives each class a template of the size of the image and scores a patch by its inner product
# with the template.
#
# **Predict.** There are five classes of patches, so guessing reaches 20 %. A linear classifier sees every pixel of 4,500 patches.
# What accuracy do you expect on new patches: about 25 %, 50 %, or 80 %? Say why.

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
torch.manual_seed(0)
linear = nn.Sequential(nn.Flatten(), nn.Linear(train.x[0].numel(), K))
fit(linear, train, epochs=sized(10, rehearsal=1), lr=1e-3, progress=False)
print(
    f"linear: {evaluate(linear, train):.1%} on the patches it was trained on, {evaluate(linear, validation):.1%} on others"
)

# %% [markdown]
# It starts to learn its training patches by heart, and knows hardly anything about others. The reason is in the data: a layer is at a different
# depth in every patch, so the **mean image**, the average of all patches of a class, is plain grey for *dipping*. A template can only say which **places** are dark. What
# tells the classes apart is not where something is dark but how neighbouring samples relate, wherever they are. This
# morning's lesson: local, shared weights.
#
# ## What may a section be flipped by?
#
# 4,500 labelled patches are few. More would be better, and labels are expensive, but some are free: a mirrored fold is a fold.
# **Data augmentation** trains on transformed copies of the images, with transformations that leave the label alone.
#
# The idea in one sentence: *a transformation that does not change the answer may be applied to the question.* Whether it changes the
# answer is a question of geology and physics:
#
# | transformation | may we? | why |
# |---|---|---|
# | mirror left and right | yes, mostly | nothing in the structure knows east from west. **Not** if a class is "dips to the west", or if the section was migrated or noise-filtered in one direction only |
# | shift by a few samples | yes | a patch is cut anywhere; its corner carries no meaning |
# | mirror top and bottom | no | the vertical axis is travel time: layers get older, frequency falls, diffractions open downwards, salt rises |
# | rotate by 90 degrees | no | the axes have different units: time one way, distance the other |
# | reverse the polarity, $x \to -x$ | depends on the class | see below |
# | change the gain, add noise | yes, within what the survey has | amplitudes depend on gain control, noise on the weather |
# | stretch in time | a little | it is another velocity; too much makes a gentle dip steep, which is another class |
#
# **Polarity.** The reflection coefficient between two layers of impedance $Z_1$ and $Z_2$ (density times velocity) is
#
# $$ R = \frac{Z_2 - Z_1}{Z_2 + Z_1} . $$
#
# Swap the layers and $R$ changes its sign. So $-x$ is the section of an earth where every hard layer is exchanged for a soft one, or
# of the same earth under the opposite display convention (surveys come in both). Structure survives: a fault is a fault in
# either. **Fluids do not**: gas lowers the impedance of a sand, so a bright reflection that is *negative* may be gas, and the same
# reflection *positive* may be cemented rock. For classes of structure, polarity is a fine augmentation; for "gas or no gas" it
# destroys the label.
#
# ### Why it helps: the same expectation, a smaller variance
#
# Let $g$ be drawn at random from the transformations we allow, and let $\ell(x, y)$ be the loss of our network on one example. If
# the augmentation is honest, $(gx, y)$ is distributed like $(x, y)$. Then training on augmented data minimises the average of
#
# $$ \bar\ell(x, y) = \mathbb{E}_g\,[\,\ell(gx, y)\,] . $$
#
# Its expectation is the risk we wanted in the first place,
#
# $$ \mathbb{E}_{x,y}\,[\,\bar\ell(x, y)\,] = \mathbb{E}_g\,\mathbb{E}_{x,y}\,[\,\ell(gx, y)\,] = \mathbb{E}_{x,y}\,[\,\ell(x, y)\,] , $$
#
# because for each $g$ the inner expectation is over the same distribution. And by the law of total variance,
#
# $$ \operatorname{Var}[\ell(gx, y)] = \operatorname{Var}_{x,y}\bigl[\mathbb{E}_g[\ell(gx, y)]\bigr] + \mathbb{E}_{x,y}\bigl[\operatorname{Var}_g[\ell(gx, y)]\bigr]
# \;\ge\; \operatorname{Var}[\bar\ell(x, y)] . $$
#
# The left side is $\operatorname{Var}[\ell(x, y)]$ again. So the augmented average estimates **the same risk with less noise**: what
# it removes is the loss's dependence on the accident of which copy was recorded. (Chen, Dobriban and Lee work this out for groups.)
# Both lines need the premise. If $(gx, y)$ is *not* distributed like $(x, y)$, augmentation minimises the risk of another problem.
#
# **A worked number.** A shift by at most 2 samples in each direction has $5 \cdot 5 = 25$ outcomes, the mirror 2: each patch stands for
# 50, and 4,500 patches for 225,000. They are far from independent, so this is not worth 225,000 labels.

# %% [markdown]
# ### Exercise 5.13: augment by what leaves the label alone
# Write the two transformations for a whole batch. Each image has its own fate. With probability 1/2 it is mirrored left and right (only if `mirror`
# is true). Then it is moved down and right by its own whole numbers of pixels, each uniform on $-t, \dots, t$ with $t$ = `shift`. Where the move
# uncovers something, repeat the border pixel: grey stays grey, and no black edge appears that a
# network would take for a strong reflector. All randomness comes from `generator`.
#
# Moving by a random offset is the same as padding by $t$ on every side and cutting out a window at a random place.


# %%
def augment(x: Tensor, *, generator: torch.Generator, shift: int = 2, mirror: bool = True) -> Tensor:
    """Mirror and shift every image by its own random amount. x: (N, C, H, W); returns the same shape."""
    ### BEGIN SOLUTION
    N, _, H, W = x.shape
    if mirror:
        tossed = torch.rand(N, generator=generator) < 0.5
        x = torch.where(tossed[:, None, None, None], x.flip(-1), x)
    top = torch.randint(0, 2 * shift + 1, (N,), generator=generator)
    left = torch.randint(0, 2 * shift + 1, (N,), generator=generator)
    padded = F.pad(x, (shift, shift, shift, shift), mode="replicate")
    rows = top[:, None] + torch.arange(H)  # (N, H): the rows of each image's window
    columns = left[:, None] + torch.arange(W)  # (N, W)
    image = torch.arange(N)[:, None, None]
    # Indexing with (N, 1, 1), :, (N, H, 1), (N, 1, W) gives (N, H, W, C): advanced axes come first.
    return padded[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    ### END SOLUTION


# %%
check(augment)

# %%
one = validation.x[int((validation.y == K - 2).nonzero()[0])]
copies = augment(one.expand(7, -1, -1, -1), generator=torch.Generator().manual_seed(0), shift=one.shape[-1] // 8)
plot.images(
    torch.cat([one[None], copies]),
    titles=["recorded", *[f"copy {i}" for i in range(1, 8)]],
    alt=f"A patch of class {train.classes[K - 2]} as recorded, and seven randomly mirrored and shifted copies of it.",
)

# %% [markdown]
# What each set may be augmented by is a fact about the set, so it stands in one place:

# %%
INVARIANCES = {
    "seismic_patches": {"shift": 4, "mirror": True},
    "glyphs": {"shift": 1, "mirror": False},  # a mirrored 2 is no digit
    "fashion_mnist": {
        "shift": 0,
        "mirror": True,
    },  # a left shoe is a shoe; every article is centred and fills its frame
}

# %% [markdown]
# **Predict.** Fashion-MNIST's articles are all centred and scaled to fill the frame, in the training set and in the test set. You
# train the same network for the same eight epochs, once with the mirror only, once with the mirror and random shifts by up to 2
# pixels. Surely a shirt two pixels to the left is a shirt. Does the test accuracy rise, stay, or fall?

# %%
prediction = ""  # write your answer here before you run the next cell

# %% [markdown]
# <details><summary>Answer</summary>
#
# It **falls**. Mirror only: {ledger: 05_cnns_1.train_small_cnn.fashion_mnist.accuracy}. Mirror and shifts:
# {ledger: 05_cnns_1.train_small_cnn.fashion_mnist_shifted.accuracy}.
#
# The premise of the derivation fails. Shifted shirts are shirts, but they are **not distributed like the test set**, where every
# shirt is centred. In eight epochs a small network has to buy shift invariance at the price of something else, and the test never
# asks for what was bought; absolute place, which *is* information there, was blurred. On a survey, where patches are cut anywhere, the
# same shifts are free and honest. "Label-preserving" is necessary; "looks like what will come" is what makes it pay.
# </details>
#
# ## A block: convolution, normalisation, rectifier
#
# Stack three plain convolutions and train them: it works, slowly, and only with a careful learning rate, because each layer's
# scale depends on all the layers before it. Ioffe and Szegedy's **batch normalisation** (you wrote its forward and backward pass
# {day: 04_ml_recap}) sets every channel's mean and scale anew:
#
# $$ \mathrm{BN}(z)_{nchw} = \gamma_c\,\frac{z_{nchw} - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c ,\qquad
#    \mu_c = \operatorname{mean}_{n,h,w} z_{nchw} ,\quad \sigma_c^2 = \operatorname{var}_{n,h,w} z_{nchw} . $$
#
# For images the statistics run over batch **and** space: one mean per channel, because the same kernel made all those numbers.
# The triple *convolution, normalisation, ReLU* is the brick of most image networks from 2015 to 2022, so we give it a name.
#
# **Why `bias=False`.** Suppose the convolution adds a constant $b_c$ to channel $c$. The mean moves by exactly $b_c$, the variance
# not at all:
#
# $$ \mathrm{BN}(z + b)_{nchw} = \gamma_c\,\frac{(z_{nchw} + b_c) - (\mu_c + b_c)}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c = \mathrm{BN}(z)_{nchw} . $$
#
# The output does not depend on $b_c$, hence $\partial L / \partial b_c = 0$ for every loss and every batch: a parameter that can
# never learn and never matter. BN's own $\beta_c$ does its job. Leaving the bias in breaks nothing; it costs memory and, worse, it misleads
# the next reader into thinking that it does something. (In eval mode $\mu_c$ is a stored number and a bias *would* shift the output;
# another reason not to have two parameters for one thing.)
#
# **Predict.** The next cell puts a bias before a batch normalisation, sets it to 1000, and looks at the gradient it receives, in
# float32. Exactly zero, or only nearly? And will the output be unharmed?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
torch.manual_seed(0)
conv, norm, x = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), train.x[:32]
with torch.no_grad():
    before = norm(conv(x))
    conv.bias += 1000
after = norm(conv(x))
after.square().mul(torch.randn_like(after)).sum().backward()
print(f"largest gradient of the bias   {conv.bias.grad.abs().max():.1e}")
print(f"largest gradient of a weight   {conv.weight.grad.abs().max():.1e}")
print(f"largest change of the output   {(after - before).abs().max():.1e}")

# %% [markdown]
# Nearly, and not quite unharmed. In exact arithmetic both are zero; in float32 a number near 1000 is stored to about $6 \cdot 10^{-5}$, and
# subtracting the mean brings that rounding to the front. A useless parameter is not harmless when it wanders.

# %% [markdown]
# Batch normalisation of images takes one mean and one variance for each channel, over all examples and all places. Blue is what is taken together.

# %%
plot.axes_over("N C=6 HW", {"batch norm": "N HW"})
plot.diagram(
    ["x -> N, C, H, W", "conv 3x3 | no bias -> N, C', H', W'", "batch norm", "ReLU", "y"],
    title="ConvBlock",
)

# %% [markdown]
# ### Exercise 5.14: ConvBlock
# Convolution (no bias; padded by half the kernel, so that with stride 1 the size stays), batch normalisation, ReLU.


# %%
class ConvBlock(nn.Module):
    """conv -> BN -> ReLU. (N, in_channels, H, W) -> (N, out_channels, ceil(H / stride), ceil(W / stride)) for odd kernels."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride=stride, padding=kernel_size // 2, bias=False
        )
        self.norm = nn.BatchNorm2d(out_channels)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return F.relu(self.norm(self.conv(x)))
        ### END SOLUTION


# %%
check(ConvBlock)

# %% [markdown]
# ## A network out of blocks
#
# Five blocks, and halve the image three times on the way: strides 2, 1, 2, 1, 2. Each time the image shrinks the channels grow. At a larger scale
# there are more *kinds* of things to tell apart (dark, edge, layer, bend, fault) and fewer *places* to tell them apart at.
#
# | block | channels | stride | size of a 64 x 64 patch | receptive field |
# |---|---|---|---|---|
# | 1 | `in_channels` $\to w$ | 2 | 32 x 32 | 3 |
# | 2 | $w \to w$ | 1 | 32 x 32 | 7 |
# | 3 | $w \to 2w$ | 2 | 16 x 16 | 11 |
# | 4 | $2w \to 2w$ | 1 | 16 x 16 | 19 |
# | 5 | $2w \to 4w$ | 2 | 8 x 8 | 27 |
# | average over H and W | $4w$ | | 1 x 1 | the whole patch |
# | linear | $4w \to K$ | | | |
#
# The last column is this morning's recursion: the field grows by $(k - 1)$ times the product of the strides before, that is by
# $2 \cdot 1, 2 \cdot 2, 2 \cdot 2, 2 \cdot 4, 2 \cdot 4$ from a single pixel. A place in the last map sees 27 samples: more than
# the throw of a fault, less than the patch.
#
# **Average, not flatten.** The head could flatten the 8 x 8 x 4w numbers into one long vector, as LeNet does. Average each channel over space instead
# (*global average pooling*, Lin, Chen and Yan). Then the logits are a plain mean of what each place votes for. With $h_{cij}$ the last feature map
# and $(W, b)$ the linear layer,
#
# $$ z_k = b_k + \sum_c W_{kc}\,\frac{1}{H'W'}\sum_{i,j} h_{cij} = \frac{1}{H'W'}\sum_{i,j}\Bigl(b_k + \sum_c W_{kc}\,h_{cij}\Bigr) . $$
#
# The bracket is a logit **at each place**. So the network works on any size of image, does not care where the fault is, and could
# later draw a map. ({Day: 06_cnns_2}'s class activation maps are exactly this bracket.)
#
# **A worked number.** With $w = 32$, one input channel and $K = 10$, the five convolutions have $9\,(1 \cdot 32 + 32 \cdot 32 + 32 \cdot 64 +
# 64 \cdot 64 + 64 \cdot 128) = 138{,}528$ weights, the five normalisations $2\,(32 + 32 + 64 + 64 + 128) = 640$, the head $128
# \cdot 10 + 10 = 1290$: 140,458 in all. A flattened head for 64 x 64 patches would add $64 \cdot 128 \cdot 10 - 1280 \approx
# 80{,}000$.
#
# The whole network, with the shapes on the arrows:

# %%
plot.diagram(
    [
        "patch -> N, 1, 64, 64",
        "ConvBlock | stride 2 -> N, 32, 32, 32",
        "ConvBlock -> N, 32, 32, 32",
        "ConvBlock | stride 2 -> N, 64, 16, 16",
        "ConvBlock -> N, 64, 16, 16",
        "ConvBlock | stride 2 -> N, 128, 8, 8",
        "pool: average | over H and W -> N, 128",
        "linear -> N, K",
        "logits",
    ],
    title="SmallCNN with w = 32",
)

# %% [markdown]
# ### Exercise 5.15: SmallCNN
# Build it from your `ConvBlock`. `forward` returns logits, (N, K): no softmax, since `F.cross_entropy` has it inside.


# %%
class SmallCNN(nn.Module):
    """Five ConvBlocks, global average pooling, one linear layer. (N, in_channels, H, W) -> logits (N, classes)."""

    def __init__(self, in_channels: int = 1, classes: int = 10, width: int = 32) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.features = nn.Sequential(
            ConvBlock(in_channels, width, stride=2),
            ConvBlock(width, width),
            ConvBlock(width, 2 * width, stride=2),
            ConvBlock(2 * width, 2 * width),
            ConvBlock(2 * width, 4 * width, stride=2),
        )
        self.head = nn.Linear(4 * width, classes)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        x = self.features(x)
        return self.head(x.mean((2, 3)))
        ### END SOLUTION


# %%
check(SmallCNN)

# %%
fresh = SmallCNN(train.x.shape[1], K)
loss = F.cross_entropy(fresh(train.x[:256]), train.y[:256]).item()
print(
    f"{sum(p.numel() for p in fresh.parameters()):,} parameters; loss before training {loss:.3f}, ln K = {np.log(K):.3f}"
)

# %% [markdown]
# A network that knows nothing should say $1/K$ to everything, and its loss should be $-\ln(1/K) = \ln K$. Look at this number before every
# training: a loss far above it means the logits start out large, so the first epochs go into shrinking them.
#
# ## A recipe, and why each part of it
#
# The simplest training is a constant learning rate. Its failure is a dilemma. Near a minimum with curvature $\lambda$ a gradient step
# multiplies the error by $1 - \eta\lambda$, so a large $\eta$ gets there fast. But the gradient of a batch is noisy; with noise
# of variance $s^2$ the error $e$ obeys $e \leftarrow (1 - \eta\lambda)\,e - \eta\,\xi$, and setting the variance $v$ of $e$ equal before
# and after a step,
#
# $$ v = (1 - \eta\lambda)^2 v + \eta^2 s^2 \quad\Longrightarrow\quad v = \frac{\eta\,s^2}{\lambda\,(2 - \eta\lambda)} \approx \frac{\eta\,s^2}{2\lambda} . $$
#
# The error that remains is **proportional to the learning rate**: fast and rough, or slow and fine. So be fast first and fine at the
# end. Smith's **one-cycle** schedule also starts low, because the first gradients of a random network point in directions that
# are worth little, and Adam's and BN's running averages have not yet settled:


# %%
def one_cycle(done: float, rise: float = 0.2) -> float:
    """The learning rate as a fraction of its peak when the fraction ``done`` of the training is over."""
    return 0.1 + 0.9 * done / rise if done < rise else (1 - done) / (1 - rise)


done = np.linspace(0, 1, 200)
fig, axis = plt.subplots(figsize=(6, 2.4))
axis.plot(done, [one_cycle(t) for t in done])
axis.set(xlabel="fraction of training done", ylabel="lr / peak lr", title="one-cycle: warm up, run, settle")
plot.alt(
    fig,
    "The one-cycle schedule: the learning rate rises linearly over the first fifth of training, then falls linearly to zero.",
)

# %% [markdown]
# **Predict.** Three trainings of six epochs on 1,000 patches: constant at 0.01, constant at 0.0003, one-cycle with a peak of
# 0.01. Which has the lowest **validation** loss after the last epoch, and which one jumps about?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
few = train.take(min(len(train), sized(1000, rehearsal=200)))
fig, axis = plt.subplots(figsize=(6, 3))
for lr, schedule in [(0.01, "constant"), (0.0003, "constant"), (0.01, "one_cycle")]:
    torch.manual_seed(0)
    model = SmallCNN(train.x.shape[1], K)
    history = fit(
        model, few, validation=validation, epochs=sized(6, rehearsal=2), lr=lr, schedule=schedule, progress=False
    )
    axis.plot(range(1, len(history.val_loss) + 1), history.val_loss, marker="o", label=f"{schedule}, lr {lr}")
axis.set(xlabel="epoch", ylabel="val_loss", yscale="log", title="three learning rates, the same network and data")
axis.set_yticks([0.5, 1, 2, 5, 10], ["0.5", "1", "2", "5", "10"])
axis.minorticks_off()
axis.legend()
plot.alt(fig, "Validation loss over the epochs for a constant high, a constant low and a one-cycle learning rate.")

# %% [markdown]
# The high constant rate lurches, since batch normalisation's stored statistics lag behind weights that move fast. The low one creeps. The cycle
# lurches in the middle, where its rate is high, and lands where neither of the others got.
#
# **Label smoothing** (Szegedy and others, 2016). Cross-entropy with a one-hot target is never satisfied: the loss goes to 0 only as the
# logit gap goes to infinity. Smoothing replaces the target by $q_k = (1 - \varepsilon)\,[k = y] + \varepsilon / K$. The loss
# $-\sum_k q_k \ln p_k$ is least at $p = q$ (its excess over the entropy of $q$ is $\mathrm{KL}(q \| p) \ge 0$), and there the gap between
# the right logit and any other is finite:
#
# $$ z_y - z_k = \ln\frac{q_y}{q_k} = \ln\frac{1 - \varepsilon + \varepsilon/K}{\varepsilon/K} . $$
#
# With $\varepsilon = 0.05$ and $K = 5$ that is $\ln(0.96 / 0.01) = 4.56$. The network may stop shouting; and a few wrong labels, which every
# interpreted data set has, pull less. We shall meet the side effect under calibration.
#
# **Weight decay**, decoupled as in AdamW (Loshchilov and Hutter): each step multiplies the weights by $1 - \eta\lambda$ besides following the
# gradient. Before a batch normalisation the scale of a weight does not change the output at all ($\mathrm{BN}(az) = \mathrm{BN}(z)$ for
# $a > 0$), so there decay is no preference for simple functions. It keeps the weights short, and a gradient step of given length turns a
# short vector further: decay holds up the *effective* learning rate (van Laarhoven). In the head, which is not normalised, it
# does what the textbook says.
#
# ### Exercise 5.16: train a SmallCNN
# Put it together with `dlmodule.training.fit`: AdamW with `lr` as the peak of a one-cycle schedule, weight decay 0.05, label smoothing 0.05,
# batches of 128, your `augment` with the `shift` and `mirror` you are given. `fit` calls its argument `augment` as
# `(x_batch, generator)`. Seed torch with `seed` before you make the model and hand the same seed to `fit`; hand on `validation`;
# return the model in eval mode.
#
# The check trains your recipe at a small size, on patches whose layers all fall to the right, and then shows it some that rise.


# %%
def train_small_cnn(
    train: data.Labelled,
    validation: data.Labelled | None = None,
    *,
    epochs: int,
    lr: float = 0.01,
    shift: int = 0,
    mirror: bool = False,
    seed: int = 0,
) -> nn.Module:
    """Train a SmallCNN on ``train`` by the recipe above; returns it in eval mode."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = SmallCNN(train.x.shape[1], len(train.classes))

    def vary(x: Tensor, generator: torch.Generator) -> Tensor:
        return augment(x, generator=generator, shift=shift, mirror=mirror)

    fit(
        model,
        train,
        validation=validation,
        epochs=epochs,
        batch_size=128,
        lr=lr,
        weight_decay=0.05,
        schedule="one_cycle",
        loss_fn=nn.CrossEntropyLoss(label_smoothing=0.05),
        augment=vary,
        seed=seed,
    )
    return model.eval()
    ### END SOLUTION


# %%
check(train_small_cnn)

# %%
epochs = sized({"seismic_patches": 10, "glyphs": 2, "fashion_mnist": 8}[DATA], rehearsal=2)
model = train_small_cnn(train, validation, epochs=epochs, **INVARIANCES[DATA])
print(f"{DATA}: {evaluate(model, validation):.1%} on validation, {evaluate(model, test):.1%} on the test set")

# %%
logits = predict(model, test.x)
predicted = logits.argmax(1)
matrix = torch.zeros(K, K, dtype=torch.int64)
matrix.index_put_((test.y, predicted), torch.ones_like(test.y), accumulate=True)
plot.confusion(matrix, test.classes)

# %% [markdown]
# With this recipe, on the whole sets and on 2 CPU cores:
#
# | data set | accuracy on the test set | training time |
# |---|---|---|
# | `seismic_patches` | {ledger: 05_cnns_1.train_small_cnn.seismic_patches.accuracy} | {ledger: 05_cnns_1.train_small_cnn.seismic_patches.seconds} |
# | `glyphs` | {ledger: 05_cnns_1.train_small_cnn.glyphs.accuracy} | {ledger: 05_cnns_1.train_small_cnn.glyphs.seconds} |
# | `fashion_mnist` | {ledger: 05_cnns_1.train_small_cnn.fashion_mnist.accuracy} | {ledger: 05_cnns_1.train_small_cnn.fashion_mnist.seconds} |
#
# Read a confusion matrix row by row: a row is a truth. Confusions that a person would make too (a gentle fold for a dip) are a
# property of the data; confusions that no expert would make are a property of the network. The mean over seeds and its spread stand in
# the table, because a single run can be lucky by more than the difference between two recipes.
#
# ## What does it look at? Saliency
#
# The simplest question to ask a function is for its derivative. To first order around a patch $x$,
#
# $$ z_k(x + \delta) \approx z_k(x) + \sum_{i,j} \frac{\partial z_k}{\partial x_{ij}}\,\delta_{ij} , $$
#
# so $|\partial z_k / \partial x_{ij}|$ says how strongly pixel $(i, j)$ moves the logit of class $k$. Simonyan, Vedaldi and Zisserman drew this map and
# called it **saliency**. It is one backward pass, this time not to the weights but on to the image. For a linear model it is $|W_k|$,
# whatever the image.
#
# **Why the logit and not the probability?** Because $\partial p_k / \partial z_k = p_k (1 - p_k)$, which is almost zero where the network is sure. A
# saliency of the probability fades exactly on the patches the network knows best.
#
# ### Exercise 5.17: saliency
# For each image of a batch, the absolute gradient of **its target's logit** with respect to its pixels, the largest over channels.
# The model is in eval mode.


# %%
def saliency(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """|d logit_target / d x|, the largest over channels. x: (N, C, H, W), target: (N,) int64; returns (N, H, W)."""
    ### BEGIN SOLUTION
    pixels = x.detach().requires_grad_()
    chosen = model(pixels)[torch.arange(len(x)), target]
    # In eval mode no image touches another's logit, so the gradient of the sum holds each image's own gradient.
    (gradient,) = torch.autograd.grad(chosen.sum(), pixels)
    return gradient.abs().amax(1)
    ### END SOLUTION


# %%
check(saliency)

# %% [markdown]
# **Predict.** Where will the map of a *faulted* patch be bright: on the strongest reflections, along the fault, or everywhere? And
# what will the map of an **untrained** network look like?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
right = (predicted == test.y).nonzero()[:, 0]
shown = [int(right[test.y[right] == k][0]) for k in range(K) if (test.y[right] == k).any()][-4:]
torch.manual_seed(1)
untrained = SmallCNN(test.x.shape[1], K).eval()
fig, axes = plt.subplots(3, len(shown), figsize=(2.2 * len(shown), 6.4), squeeze=False)
for column, i in enumerate(shown):
    x, y = test.x[i : i + 1], test.y[i : i + 1]
    pictures = [(x[0, 0], "gray"), (saliency(model, x, y)[0], "magma"), (saliency(untrained, x, y)[0], "magma")]
    for row, (picture, colours) in enumerate(pictures):
        axes[row, column].imshow(picture.numpy(), cmap=colours)
        axes[row, column].set(xticks=[], yticks=[])
    axes[0, column].set_title(test.classes[y])
for axis, name in zip(axes[:, 0], ["patch", "trained", "untrained"], strict=True):
    axis.set_ylabel(name)
plot.alt(
    fig,
    "Four patches; their saliency under the trained network, bright along the structure; and under random weights, spread over the patch.",
)

# %% [markdown]
# The trained network's maps gather where the structure is; the untrained network's are spread over the whole patch. That last row is a
# **control**, and Adebayo and others (2018) made it a test: a map that stays the same when the weights are randomised explains the image and not
# the network. The plain gradient passes. Some prettier methods that were in wide use (guided backpropagation, for one) did **not**: they drew the
# edges of the image whatever the network had learned, and people nodded. A picture that pleases the eye is no evidence. Ask of
# every explanation what it would look like if the network knew nothing.
#
# The maps are also ragged: neighbouring pixels differ wildly. The gradient is local in the strictest sense, and a rectifier network is made
# of very many small linear pieces. Read where a map is bright, not its single pixels.
#
# ## What do the layers in the middle compute? Feature maps
#
# A module computes, returns, and forgets. To see what is in between, ask it: a **forward hook** is a function that PyTorch calls with
# `(module, inputs, output)` every time the module has run. Four things go wrong when one looks, and all of them silently:
#
# - the hook stays on the model, runs for ever, and keeps its tensors alive: **remove** it, also when the call fails;
# - the output carries the graph of the whole forward pass: **detach** it;
# - the next layer may work in place (`nn.ReLU(inplace=True)`) on the very memory you kept: **clone** it;
# - in training mode batch normalisation *learns from being looked at*: each forward pass moves its running statistics. Look in **eval mode**,
#   and leave the model in the mode in which you found it.
#
# ### Exercise 5.18: feature maps
# Return a dictionary from layer names to their outputs for the batch `x`. Names are as in `model.named_modules()`, so `"features.0"`
# is the first block. Run the model in eval mode, put its mode back, and leave no hook behind.


# %%
def feature_maps(model: nn.Module, x: Tensor, layers: list[str]) -> dict[str, Tensor]:
    """The outputs of the named submodules when ``model`` runs on ``x``, detached copies by name."""
    ### BEGIN SOLUTION
    kept: dict[str, Tensor] = {}
    handles = []
    for name in layers:

        def keep(module: nn.Module, inputs: tuple, output: Tensor, name: str = name) -> None:
            kept[name] = output.detach().clone()

        handles.append(model.get_submodule(name).register_forward_hook(keep))
    was_training = model.training
    model.eval()
    try:
        model(x)
    finally:
        model.train(was_training)
        for handle in handles:
            handle.remove()
    return kept
    ### END SOLUTION


# %%
check(feature_maps)

# %%
i = shown[-2] if len(shown) > 1 else shown[0]
blocks = [name for name, module in model.named_modules() if isinstance(module, ConvBlock)]
maps = feature_maps(model, test.x[i : i + 1], blocks)
fig, axes = plt.subplots(len(blocks), 9, figsize=(10, 1.25 * len(blocks)))
for row, name in enumerate(blocks):
    strongest = maps[name][0].mean((1, 2)).argsort(descending=True)[:8]
    for axis, picture in zip(axes[row], [test.x[i, 0], *maps[name][0, strongest]], strict=True):
        axis.imshow(picture.numpy(), cmap="gray")
        axis.set(xticks=[], yticks=[])
    axes[row, 0].set_ylabel(f"block {row + 1}", rotation=0, ha="right", va="center")
axes[0, 0].set_title("patch")
axes[0, 1].set_title("eight strongest channels", loc="left")
plot.alt(
    fig,
    f"A {test.classes[test.y[i]]} patch and the eight strongest feature maps of each of five blocks: edges first, then coarser, sparser patterns.",
)

# %% [markdown]
# The first block has copies of what you designed by hand this morning: edges of one slope or another, light after dark, dark after light. Further up the
# maps are coarser and **sparser**: a channel is dark nearly everywhere and answers at a few places, to something with a meaning closer to the
# classes. The training did not ask for a hierarchy. It is what the loss found useful to build.
#
# ## Cover it and ask again: occlusion
#
# A derivative describes an infinitely small change. A blunter question is more honest: **what happens to the probability if this part is not there?**
# Zeiler and Fergus slid a grey square over the image:
#
# $$ o_{rc} = p_k(x) - p_k(x \text{ with the square at } (rs, cs) \text{ covered}) . $$
#
# Positive means the network needed what was covered. This is an *intervention*, not a gradient, so a flat softmax fools it less easily. It still can: where the
# probability stays at 1 because the rest of the image is evidence enough, the map is flat. (Then look at the log-odds $\ln\frac{p_k}{1-p_k}$, the logit minus the log-sum-exp of the
# others. It is never flat, and unlike the logit alone it does not change when the same number is added to all logits.) The price is
# one forward pass for each position: with size $m$ and stride $s$ there are $\lfloor (H - m)/s \rfloor + 1$ rows of them, this
# morning's formula without padding. For 64 samples, a square of 16 and a stride of 8 that is $7 \cdot 7 = 49$ passes.
#
# **What should the square be filled with?** With what *nothing* looks like. In a section scaled to $[0, 1]$ zero amplitude is 0.5; a black
# square would be a reflector stronger than any in the data, and the answer would be about that.
#
# ### Exercise 5.19: occlusion map
# For one image (C, H, W): the drop in the target's probability for each position of a `size` x `size` square filled with `fill`.


# %%
@torch.no_grad()
def occlusion_map(model: nn.Module, image: Tensor, target: int, *, size: int, stride: int, fill: float = 0.0) -> Tensor:
    """Drop of p(target) when a square is covered. image: (C, H, W); returns (rows, columns), one value for each position."""

    ### BEGIN SOLUTION
    def chance(x: Tensor) -> Tensor:
        return model(x[None]).softmax(1)[0, target]

    _, H, W = image.shape
    rows, columns = (H - size) // stride + 1, (W - size) // stride + 1
    drop = image.new_zeros(rows, columns)
    whole = chance(image)
    for r in range(rows):
        for c in range(columns):
            hidden = image.clone()
            hidden[:, r * stride : r * stride + size, c * stride : c * stride + size] = fill
            drop[r, c] = whole - chance(hidden)
    return drop
    ### END SOLUTION


# %%
check(occlusion_map)

# %%
quiet = 0.5 if DATA == "seismic_patches" else 0.0
side = test.x.shape[-1]
size, stride = side // 4, sized(side // 16, rehearsal=side // 4)
fig, axes = plt.subplots(2, len(shown), figsize=(2.4 * len(shown), 5), squeeze=False)
for column, i in enumerate(shown):
    drop = occlusion_map(model, test.x[i], int(test.y[i]), size=size, stride=stride, fill=quiet)
    reach = max(float(drop.abs().max()), 0.05)
    axes[0, column].imshow(test.x[i, 0].numpy(), cmap="gray")
    axes[0, column].set_title(test.classes[test.y[i]])
    axes[1, column].imshow(drop.numpy(), cmap="RdBu_r", vmin=-reach, vmax=reach)
    axes[1, column].set_title(f"largest drop {float(drop.max()):.2f}", fontsize=9)
for axis in axes.flat:
    axis.set(xticks=[], yticks=[])
plot.alt(
    fig,
    "Four patches and, below each, a map of how far its class's probability falls when a grey square covers that place.",
)

# %% [markdown]
# **Predict.** For a *flat* patch, which square of the image does the network need most? Think before you change `shown` to look.
#
# <details><summary>Answer</summary>
#
# None in particular, and often covering makes things *worse everywhere a little*. Flatness is spread over the patch, so no one place carries it. What
# the square's own edges add is a discontinuity that looks like structure. For a class that is the *absence* of something,
# occlusion has no place to point at. That is a limit of the question, not of the network.
# </details>
#
# ## A change no geologist would see: adversarial examples
#
# How far must a patch be changed before the network calls it something else? Noise of a few per cent does nothing: you will see. But noise is
# not the worst that can happen. Suppose each pixel may change by at most $\epsilon$; which change $\delta$ raises the loss most? To first order
#
# $$ L(x + \delta) \approx L(x) + \sum_i g_i \delta_i , \qquad g = \nabla_x L , \qquad |\delta_i| \le \epsilon . $$
#
# The sum separates: each term is largest, $\epsilon |g_i|$, if $\delta_i$ takes its whole budget with the sign of $g_i$. So
#
# $$ \delta^\star = \epsilon \operatorname{sign}(g) , \qquad L(x + \delta^\star) - L(x) \approx \epsilon \sum_i |g_i| = \epsilon \lVert g \rVert_1 . $$
#
# This is Goodfellow, Shlens and Szegedy's **fast gradient sign method** (FGSM): one gradient, one sign, one addition.
#
# **Why so much worse than noise?** Take random signs $\xi_i = \pm 1$ instead. The change is $\epsilon \sum_i g_i \xi_i$, with mean 0 and standard deviation
# $\epsilon \lVert g \rVert_2$. If all $D$ gradients have about the same size $a$, the attack achieves $\epsilon D a$ and noise typically $\epsilon \sqrt{D}\,a$: a
# ratio of $\sqrt{D}$.
#
# **A worked number.** A patch has $D = 64 \cdot 64 = 4096$ pixels, so the attack can be up to $\sqrt{4096} = 64$ times as strong as noise of the same size. It is not
# that the network is strange in some dark corner; it is that in 4096 dimensions many small pushes in agreement add up. That is why the same authors called it a
# consequence of networks being **too linear**.

# %% [markdown]
# ### Exercise 5.20: adversarial example
# One FGSM step for a batch: raise the loss of the labels `y`, then bring the pixels back into $[0, 1]$.


# %%
def adversarial_example(model: nn.Module, x: Tensor, y: Tensor, *, eps: float) -> Tensor:
    """x moved by eps along the sign of the loss's gradient, within [0, 1]. x: (N, C, H, W), y: (N,); returns x's shape."""
    ### BEGIN SOLUTION
    pixels = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(F.cross_entropy(model(pixels), y), pixels)
    return (x + eps * gradient.sign()).clamp(0, 1)
    ### END SOLUTION


# %%
check(adversarial_example)

# %% [markdown]
# **Predict.** Black is 0, white is 1, and an eye hardly sees a step of 0.02. Write down the accuracy you expect on the test set at $\epsilon =
# 0.02$, under the attack and under random signs of the same size.

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
some = test.take(min(len(test), sized(500, rehearsal=100)))
budgets = [0, 0.005, 0.01, 0.02, 0.04, 0.08]
attacked, noisy = [], []
for eps in budgets:
    signs = torch.randint(0, 2, some.x.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    attacked.append(evaluate(model, (adversarial_example(model, some.x, some.y, eps=eps), some.y)))
    noisy.append(evaluate(model, ((some.x + eps * signs).clamp(0, 1), some.y)))
fig, axis = plt.subplots(figsize=(6, 3))
axis.plot(budgets, noisy, marker="s", label="random signs")
axis.plot(budgets, attacked, marker="o", label="FGSM")
axis.axhline(1 / K, linestyle=":", color="0.5", label="guessing")
axis.set(
    xlabel="largest change of a pixel, eps",
    ylabel="accuracy",
    ylim=(0, 1.02),
    title="the same size of change, two directions",
)
axis.legend()
plot.alt(
    fig,
    "Accuracy against the size of the change: random signs barely matter, the gradient's signs bring accuracy down steeply.",
)

# %%
i = shown[-2] if len(shown) > 1 else shown[0]
x, y = test.x[i : i + 1], test.y[i : i + 1]
eps = next((e for e in budgets[1:] if model(adversarial_example(model, x, y, eps=e)).argmax(1) != y), budgets[-1])
changed = adversarial_example(model, x, y, eps=eps)
fig, axes = plt.subplots(1, 3, figsize=(8, 3))
for axis, picture, title in zip(
    axes,
    [x[0, 0], (changed - x)[0, 0] / eps, changed[0, 0]],
    ["as recorded", f"the change, $\\epsilon$ = {eps}, magnified", "changed"],
    strict=True,
):
    axis.imshow(picture.numpy(), cmap="gray")
    axis.set(xticks=[], yticks=[], title=title)
for axis, image in [(axes[0], x), (axes[2], changed)]:
    p = model(image).softmax(1)[0].detach()
    axis.set_xlabel(f"{test.classes[p.argmax()]}: {p.max():.0%}")
plot.alt(
    fig,
    "A patch, the tiny change computed from the gradient, and the changed patch, which looks the same and is classified differently.",
)

# %% [markdown]
# Seismic interpretation is not under attack. Yet this matters to you, for two reasons. It shows that **accuracy on a test set says nothing about
# nearby inputs**. A footprint of the acquisition, a filter or a resampling is also a small coherent change in all pixels. It may point in a bad
# direction by accident. And it shows that the network's reasons are not yours: a change that removes no fault removes the class. Training on attacked
# patches (Madry et
# al.) helps, at some cost in plain accuracy.
#
# ## Does 80 % mean 80 %? Calibration
#
# If you drill only where the network says "salt-free, 95 %", you should be wrong once in twenty times. A model is **calibrated** if among all examples it
# gives confidence $c$, a fraction $c$ is right:
#
# $$ \Pr(\hat y = y \mid \hat p = c) = c \quad\text{for every } c, \qquad \hat p = \max_k p_k . $$
#
# Accuracy does not tell. A network that is right in 90 % and always says 90 % is calibrated. One that is right in 90 % and always says 99.9 % is not;
# the better it looks, the more dangerous it is.
#
# **Measure it.** The condition is about every $c$, and we have $N$ examples, so we group: $B$ bins of equal width, bin $b$ for confidences in $(\tfrac{b}{B},
# \tfrac{b+1}{B}]$. In each, compare the mean confidence $\mathrm{conf}_b$ with the accuracy $\mathrm{acc}_b$; plotted against each other that is a
# **reliability diagram**. One number for all of it: the expected size of the gap between what was said and what happened,
#
# $$ \mathbb{E}_{\hat p}\Bigl[\bigl|\Pr(\hat y = y \mid \hat p) - \hat p\,\bigr|\Bigr] \;\approx\; \sum_{b} \frac{n_b}{N}\,\bigl|\mathrm{acc}_b - \mathrm{conf}_b\bigr| = \mathrm{ECE} . $$
#
# The weight $n_b / N$ is the empirical probability of falling into bin $b$: nothing more than an expectation, written as a sum. By the triangle inequality it is
# at least $|\text{accuracy} - \text{mean confidence}|$, with equality if the network errs on one side throughout.
#
# **A worked number.** Four patches: confidences 0.95, 0.93, 0.91, of which two are right, and 0.65, right. With five bins three fall in the last: $\mathrm{acc} = 2/3$,
# $\mathrm{conf} = 0.93$, gap 0.263; one in the fourth: gap 0.35. So $\mathrm{ECE} = \tfrac34 \cdot 0.263 + \tfrac14 \cdot 0.35 = 0.285$.
#
# ### Exercise 5.21: calibration curve
# From probabilities (N, K) and labels (N,): the mean confidence, accuracy and count of each bin (zeros where a bin is empty), and the ECE.


# %%
def calibration_curve(probabilities: Tensor, y: Tensor, *, bins: int = 10) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns (confidence (bins,), accuracy (bins,), count (bins,) int64, ece ()). Bin b holds confidences in (b/bins, (b+1)/bins]."""
    ### BEGIN SOLUTION
    top, predicted = probabilities.max(1)
    index = (top * bins).ceil().long() - 1
    count = torch.bincount(index, minlength=bins)
    filled = count.clamp(min=1)  # an empty bin divides zero by one
    confidence = torch.bincount(index, weights=top, minlength=bins) / filled
    accuracy = torch.bincount(index, weights=predicted == y, minlength=bins) / filled
    ece = (count / count.sum() * (accuracy - confidence).abs()).sum()
    return confidence, accuracy, count, ece
    ### END SOLUTION


# %%
check(calibration_curve)

# %% [markdown]
# **Predict.** Guo and others (2017) found the networks of their time *over*-confident; Minderer and others (2021) found some later families well calibrated. Ours was trained with label smoothing: told never to be quite sure. Will its curve lie above or below
# the diagonal?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def reliability(axis: plt.Axes, logits: Tensor, y: Tensor, title: str) -> None:
    """Draw accuracy against confidence, with the gap to the diagonal."""
    confidence, accuracy, count, ece = calibration_curve(logits.double().softmax(1), y)
    some = count > 0
    axis.plot([0, 1], [0, 1], linestyle=":", color="0.5")
    axis.bar(confidence[some], (accuracy - confidence)[some], bottom=confidence[some], width=0.03, alpha=0.4)
    axis.scatter(confidence[some], accuracy[some], s=12 + 200 * count[some] / count.sum(), clip_on=False, zorder=3)
    axis.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel="confidence", ylabel="accuracy", title=f"{title}\nECE {ece:.3f}")
    axis.set_aspect("equal")


fig, axes = plt.subplots(1, 2, figsize=(8, 4))
reliability(axes[0], predict(model, validation.x), validation.y, "validation")
reliability(axes[1], logits, test.y, "test")
plot.alt(
    fig,
    "Reliability diagrams on validation and test: accuracy against confidence, point size by number of examples, with the gap to the diagonal.",
)

# %% [markdown]
# Points **above** the diagonal are examples the network gets right more often than it says: under-confident, which is what smoothing asked for. Points below are
# over-confident. Small points are few examples; do not read a story into them. (A bin with $n$ examples has a standard error of $\sqrt{c(1-c)/n}$: 0.13 for
# $n = 9$ at $c = 0.8$.)
#
# ### One number repairs it: temperature
#
# Guo and others divide all logits by one number $T$, chosen **on the validation set** to minimise the negative log-likelihood. Since $T > 0$ keeps the order of the logits,
# *no prediction changes*: the accuracy stays exactly as it is, only the confidence moves. Write $\tau = 1/T$. The loss of one example is
# $-\tau z_y + \ln \sum_k e^{\tau z_k}$, and its derivative
#
# $$ \frac{\partial}{\partial \tau}\Bigl(-\tau z_y + \ln \sum_k e^{\tau z_k}\Bigr) = -z_y + \sum_k p_k z_k . $$
#
# At the best $T$ the average vanishes: **the mean logit of the truth equals the mean logit the network expects**. The second derivative is $\operatorname{Var}_p[z] \ge 0$, so
# the problem is convex in $\tau$, and any optimiser finds the one minimum.


# %%
def temperature(logits: Tensor, y: Tensor) -> float:
    """The T > 0 that minimises the cross-entropy of logits / T, by bisection of its derivative in 1 / T."""
    logits = logits.double()
    truth = logits[torch.arange(len(y)), y].mean()
    low, high = 0.01, 100.0
    for _ in range(60):
        middle = (low * high) ** 0.5
        expected = ((middle * logits).softmax(1) * logits).sum(1).mean()
        low, high = (low, middle) if expected > truth else (middle, high)
    return 1 / low


T = temperature(predict(model, validation.x), validation.y)
noise = 0.15 * torch.randn(test.x.shape, generator=torch.Generator().manual_seed(0))
noisy_logits = predict(model, (test.x + noise).clamp(0, 1))
fig, axes = plt.subplots(1, 3, figsize=(11, 4))
reliability(axes[0], logits, test.y, "test, as trained")
reliability(axes[1], logits / T, test.y, f"test, T = {T:.2f}")
reliability(axes[2], noisy_logits / T, test.y, f"a noisier survey, T = {T:.2f}")
plot.alt(
    fig,
    f"Reliability diagrams: the test set as trained, the same after dividing the logits by T = {T:.2f}, which was fitted on "
    "validation, and the same network and T on the test set with more noise, where points fall below the diagonal.",
)

# %% [markdown]
# $T < 1$ sharpens, $T > 1$ softens; compare the ECE of the first two panels, and remember that not one prediction differs between them.
#
# The third panel is the caution. The same patches with more noise, as from a cheaper survey next door: the same network, the same $T$, and the
# promise is broken. **Calibration holds for data like the validation set** and nothing else. (And a calibrated model can be useless: one that
# says $1/K$ to everything is perfectly calibrated. Ask for accuracy first, calibration second.)
#
# **Predict.** Show the network something it has never seen: `glyphs`, drawn digits, blown up to the same size. It has to choose one of its classes. How sure will it be on average?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
other = data.load("digits" if DATA != "glyphs" else "seismic_patches", "test").take(100)
strange = F.interpolate(other.x, size=test.x.shape[-2:], mode="bilinear")
p = (predict(model, strange) / T).softmax(1)
print(
    f"mean confidence: {(logits / T).softmax(1).amax(1).mean():.0%} on the test set, {p.amax(1).mean():.0%} on pictures of {other.name}"
)
print("called:", {name: int((p.argmax(1) == k).sum()) for k, name in enumerate(test.classes)})

# %% [markdown]
# Look at the two confidences. The network has no way to say "this is no section". The softmax divides one unit of belief among the classes it knows, and calibration on the old data promises nothing here.
# {Day: 07_vaes} comes back to detecting what does not belong.
#
# ## A training that does not train
#
# ### Exercise 5.22: find the bug
# The program below runs without an error and learns next to nothing. **Three** lines are wrong. Do not rewrite it: find them, one symptom at a time, as you would with a
# colleague's program.
#
# 1. Run it on easy data and look at `train_loss` first. Where does it start, and where should a network that knows nothing start? Does it move from there?
# 2. Once it moves: does it approach 0, or stop at a floor? What is the least loss that `F.cross_entropy` can reach when it is fed numbers between 0 and 1?
# 3. Once that is right: is the second epoch like the first? What was different when the first one began?


# %%
def find_the_bug(train_x, train_y, val_x, val_y, *, epochs=6, batch_size=16, lr=0.05, seed=0):
    """Train a small classifier. Returns (train_loss, val_accuracy): two lists with one number per epoch.

    x: (N, 1, H, W) in [0, 1]; y: (N,) int64. Three lines are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    classes = int(train_y.max()) + 1
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, classes),
    ).to(train_x.dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    train_loss, val_accuracy = [], []
    for _ in range(epochs):
        model.train()
        order = torch.randperm(len(train_x))
        x, y = train_x[order], train_y[order]
        total = 0.0
        for start in range(0, len(x), batch_size):
            x_batch, y_batch = x[start : start + batch_size], y[start : start + batch_size]
            loss = F.cross_entropy(model(x_batch), y_batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(x_batch)
        train_loss.append(total / len(x))
        model.eval()
        with torch.no_grad():
            predicted = model(val_x).argmax(1)
        val_accuracy.append((predicted == val_y).double().mean().item())
    return train_loss, val_accuracy
    ### END SOLUTION


# %%
bars_y = torch.arange(200) % 2  # 0: horizontal layers, 1: vertical ones; as easy as it gets
wave = torch.sin(torch.arange(12.0) * 1.5 + 6.3 * torch.rand(200, 1, generator=torch.Generator().manual_seed(0)))
bars_x = (
    torch.where((bars_y == 0)[:, None, None], wave[:, :, None], wave[:, None, :]).unsqueeze(1).expand(-1, 1, 12, 12) / 2
    + 0.5
)
train_loss, val_accuracy = find_the_bug(bars_x[:150], bars_y[:150], bars_x[150:], bars_y[150:])
print("train_loss  ", " ".join(f"{value:.3f}" for value in train_loss), f"   (ln 2 = {np.log(2):.3f})")
print("val_accuracy", " ".join(f"{value:.2f}" for value in val_accuracy))

# %%
check(find_the_bug)

# %% [markdown]
# <details><summary>Answer to question 2: the floor</summary>
#
# The best that probabilities can do is one-hot, $(1, 0, \dots, 0)$. A second softmax makes of this $e / (e + K - 1)$, so the loss cannot fall below $\ln(1 + (K - 1)/e)$:
# 0.313 for $K = 2$, 0.905 for $K = 5$, 1.46 for $K = 10$. If your loss stops at one of these numbers, you know where to look.
# </details>
#
# ## Summary
#
# - Augment by what leaves the label alone **and** looks like what will come: which that is, geology decides. Left and right may be exchanged, up and down may not, polarity depends on the class.
# - Convolution without bias, normalisation, ReLU is the brick; stack it, halve the image, widen the channels, average over space: a classifier for any size of image.
# - One-cycle is fast first and fine at the end; label smoothing gives the logits a finite aim; weight decay keeps the effective learning rate up.
# - Saliency is a derivative, occlusion an intervention, feature maps a look inside. Try each on an untrained network before you believe it.
# - The worst small change is $\epsilon \operatorname{sign}(\nabla_x L)$, up to $\sqrt{D}$ times as bad as noise of the same size.
# - Confidence is a claim that can be tested. ECE measures it, one temperature repairs it, and neither holds on data of another kind.
# - Debug by symptoms: $\ln K$ at the start, a floor, a change after the first epoch.
#
# **Going further.** Change `DATA` to `"glyphs"` and set `mirror=True` against the advice above; which digits suffer? Train with $\varepsilon = 0$ and look at the reliability diagram again.
# Reverse the polarity of the test set (`1 - test.x`) and see whether the network minds; then make it not mind.
#
# ## References
#
# - S. Ioffe, C. Szegedy (2015). *Batch normalization.* arXiv:1502.03167.
# - M. Lin, Q. Chen, S. Yan (2013). *Network in network.* arXiv:1312.4400. Global average pooling.
# - S. Chen, E. Dobriban, J. H. Lee (2020). *A group-theoretic framework for data augmentation.* arXiv:1907.10905.
# - L. N. Smith, N. Topin (2017). *Super-convergence: very fast training of neural networks using large learning rates.* arXiv:1708.07120.
# - C. Szegedy and others (2016). *Rethinking the Inception architecture.* arXiv:1512.00567. Label smoothing.
# - I. Loshchilov, F. Hutter (2019). *Decoupled weight decay regularization.* arXiv:1711.05101.
# - T. van Laarhoven (2017). *L2 regularization versus batch and weight normalization.* arXiv:1706.05350.
# - K. Simonyan, A. Vedaldi, A. Zisserman (2013). *Deep inside convolutional networks.* arXiv:1312.6034. Saliency.
# - M. D. Zeiler, R. Fergus (2014). *Visualizing and understanding convolutional networks.* arXiv:1311.2901. Occlusion.
# - J. Adebayo and others (2018). *Sanity checks for saliency maps.* arXiv:1810.03292.
# - I. J. Goodfellow, J. Shlens, C. Szegedy (2015). *Explaining and harnessing adversarial examples.* arXiv:1412.6572.
# - A. Madry and others (2018). *Towards deep learning models resistant to adversarial attacks.* arXiv:1706.06083.
# - C. Guo and others (2017). *On calibration of modern neural networks.* arXiv:1706.04599.
# - M. Minderer and others (2021). *Revisiting the calibration of modern neural networks.* arXiv:2106.07998.
# - H. Xiao, K. Rasul, R. Vollgraf (2017). *Fashion-MNIST.* arXiv:1708.07747. The images.
