# ---
# title: "Transformers: attention that aligns"
# objectives:
#   - write attention as a soft look-up, and say why its scores are divided by the root of d
#   - hide the future and the padding with masks, and test that nothing leaks
#   - split attention into heads, and load the weights of `nn.MultiheadAttention` into yours
#   - give a transformer positions, by sinusoids and by rotation
#   - build the block, the encoder, the decoder, GPT, BERT's task and ViT from the same few parts
#   - train a language model, compare it with counting, sample from it, and make it fast with a cache
#   - look at what a model attends to, and say what that shows and what it does not
# prerequisites: [02_pytorch_1.morning, 04_ml_recap.afternoon, 10_rnns.morning, 11_nlp.morning]
# minutes: {cpu: 6}
# data: [field_reports, python_reference, glyphs]
# ---

# %%
import datetime
import math
import random
import time
from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized
from dlmodule.training import evaluate, fit

check = checks("12_transformers")
plot.use_style()

# %% [markdown]
# ## The question: which words belong together?
#
# A geological survey has eighty years of field reports. Each has a date, and each crew wrote it in its own way: "3rd of march 1987", "mar 3, 87",
# "tuesday 03.03.1987". The data base wants `1987-03-03`. A second wish is about the reports of day 11. If a model calls a report a complaint, *which words did it look at?*
#
# Both are questions of **alignment**: which part of the input belongs to which part of the output? A recurrent network of day 10 reads the report into
# one vector of fixed size, and the date must be in it. Bahdanau, Cho and Bengio (2015) let the network look back at all inputs instead, and choose anew at each step. This is **attention**. Vaswani and
# others (2017) then removed the recurrence, and kept the attention alone. Their network is the **transformer**.

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N$ | examples in a batch | |
# | $T$ | tokens that ask (queries) | |
# | $S$ | tokens that are looked at (keys, values); often $S=T$ | |
# | $D$ | features of a token, the width of the model | |
# | `heads`, $d$ | heads, and features of one head: $D=\text{heads}\cdot d$ | |
# | $q, k, v$ | query, key, value of each token | `(N, heads, T, d)`, `(N, heads, S, d)` twice |
# | $A$ | attention weights | `(N, heads, T, S)` |
# | $V$ | tokens in the vocabulary | |
# | $x$ | the residual stream: one vector a token | `(N, T, D)` |
# | $L$ | loss | |
#
# The notebook lasts the whole day. Positions and blocks end the morning; translation, language models and images fill the afternoon. Exercises marked **core** are for everyone. Those marked **further**
# take about as long again.

# %% [markdown]
# ## Attention is a soft look-up
#
# A Python dictionary is a *hard* look-up: one key fits, and you get its value. Nothing in it can be learned by gradients.
#
# **The simplest thing.** Let each token take the *mean* of all tokens. That is the bag of vectors of day 11, and it fails for the same reason: every word
# counts the same.
#
# **The idea in one sentence.** Compare a **query** with every **key**, and return the average of the **values**, weighted by how well their keys fit.
#
# $$ A=\operatorname{softmax}\!\Big(\frac{qk^\top}{\sqrt d}\Big),\qquad \text{output}=A\,v. $$
#
# Each row of $A$ belongs to one query. The softmax runs along the keys; a row is positive and sums to one. This is **scaled dot-product attention**.

# %%
plot.diagram(
    [
        plot.branches(
            [plot.branches("input: query -> T, d", "input: key -> S, d", join="operation: q kᵀ / √d -> T, S"), "operation: mask", "softmax | along the keys -> T, S"],
            "input: value -> S, d",
            join="operation: A v -> T, d",
        ),
        "output",
    ],
    title="scaled dot-product attention",
)  # fmt: skip

# %%
plot.axes_over("query key", {"softmax": "key"}, title="one row of weights belongs to one query")

# %% [markdown]
# **A worked number.** Let $d=4$, $q=(2,0,0,0)$, and two keys $(1.1,0,0,0)$ and $(0,0,0,0)$ with values 10 and 20. The scores are $2.2/\sqrt4=1.1$ and 0. As $e^{1.1}=3$, the
# weights are $\tfrac34$ and $\tfrac14$. The output is $\tfrac34\cdot10+\tfrac14\cdot20=12.5$.
#
# ### Why the root of d?
#
# Let the entries of $q$ and $k$ be independent, with mean 0 and variance 1. Then $q\cdot k$ is a sum of $d$ such products. Its variance is $d$, its standard deviation $\sqrt d$. With $d=64$ scores of 8 and more are usual.
# A softmax of such numbers puts nearly all weight on one key, and its gradient vanishes. Divide by $\sqrt d$, and the standard deviation is 1, whatever $d$ is. Divide by $d$, and it is $1/\sqrt d$:
# all weights become nearly equal.
#
# **Predict.** Ten random keys, one random query. How large is the *largest* weight on average, without the scale, for $d=16$ and $d=256$? And with it?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def largest_weight(width: int, divisor: float, count: int = 2000) -> float:
    """Mean largest of ten attention weights, for random queries and keys of ``width`` features."""
    generator = torch.Generator().manual_seed(0)
    q, k = torch.randn(count, 1, width, generator=generator), torch.randn(count, 10, width, generator=generator)
    return ((q * k).sum(2) / divisor).softmax(1).amax(1).mean().item()


for width in (16, 64, 256):
    print(f"d = {width:3}: by 1 {largest_weight(width, 1):.2f}   by the root of d {largest_weight(width, width**0.5):.2f}   by d {largest_weight(width, width):.2f}")  # fmt: skip


# %%
def weights_of_ten(d: int) -> None:
    """The ten weights of one query, without and with the scale."""
    generator = torch.Generator().manual_seed(3)
    q, k = torch.randn(d, generator=generator), torch.randn(10, d, generator=generator)
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 2.6), sharey=True)
    for ax, divisor, name in zip(axes, (1, d**0.5), ("not scaled", "divided by √d"), strict=True):
        ax.bar(range(10), (k @ q / divisor).softmax(0), color=plot.BLUE)
        ax.set(xlabel="key", title=f"{name}, d = {d}", ylim=(0, 1))
    axes[0].set_ylabel("weight")
    plot.alt(fig, f"Attention weights of ten random keys with d = {d}. Without the scale the largest is {(k @ q).softmax(0).max():.2f}, with it {(k @ q / d**0.5).softmax(0).max():.2f}.")  # fmt: skip


plot.slider(weights_of_ten, d=[1, 4, 16, 64, 256, 1024], start=64, still=[4, 256])

# %% [markdown]
# ### Exercise 12.1: attention (core)
# Return the output *and* the weights. Where `mask` is `False` the query may not look: set the score to minus infinity before the softmax. There may be any axes before the last two;
# a mask of shape `(T, S)` serves them all.


# %%
def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """q: (..., T, d), k and v: (..., S, d), mask: True where a query may look, broadcasts to (..., T, S).

    Returns the output (..., T, d) and the weights (..., T, S).
    """
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.softmax(dim=-1)
    return weights @ v, weights
    ### END SOLUTION


# %%
check(scaled_dot_product_attention)

# %%
q, k, v = torch.randn(3, 2, 5, 8).unbind(0)
difference = scaled_dot_product_attention(q, k, v)[0] - F.scaled_dot_product_attention(q, k, v)
print(f"largest difference from PyTorch's own: {difference.abs().max():.1e}")

# %% [markdown]
# These five lines are the heart of every model today. PyTorch's function gives the same numbers. On a GPU it never stores the matrix $A$, which saves memory traffic; the result is exact
# (Dao and others, 2022).
#
# ## Masks: where a query may look
#
# A language model predicts token $t+1$ from tokens 1 to $t$. In training all positions are predicted at once. Without a mask, position $t$ would look at the token it shall predict: the loss falls to almost zero, and samples are
# nonsense. A **causal mask** hides the future: query $t$ sees keys $1\dots t$, *itself included*.
#
# With a cache, later today, a few new queries meet many old keys. The $T$ queries are then the *last* $T$ of the $S$ tokens. The triangle is aligned at the bottom right corner.
#
# **A worked example.** Two queries, four keys: the first query is token 3 and sees keys 1 to 3, the second sees all four. With one query and any number of keys, everything is visible.
#
# ### Exercise 12.2: the causal mask (core)
# `True` means "may look", as in `F.scaled_dot_product_attention`. (`nn.MultiheadAttention` means the opposite: its `True` hides. Read which one you have in your hand.)


# %%
def causal_mask(queries: int, keys: int | None = None) -> Tensor:
    """(queries, keys) bool, True where a query may look; the queries are the last ones. ``keys`` is ``queries`` by default."""
    ### BEGIN SOLUTION
    keys = queries if keys is None else keys
    return torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)
    ### END SOLUTION


# %%
check(causal_mask)

# %% [markdown]
# Texts of a batch differ in length and are padded with token 0. **Padding must not be looked at.** So hide the padded *keys*. Their queries may ask; nobody reads their answers.
#
# If you hid the queries instead, a whole row of scores would be minus infinity, and its softmax is $0/0$: NaN. Codes that mask with $-10^9$ hide this error: the row silently becomes uniform. NaN is the better
# symptom.
#
# ### Exercise 12.3: the padding mask (core)
# The result must broadcast against scores `(N, heads, T, S)`. Combine it with the causal mask by `&`.


# %%
def padding_mask(ids: Tensor, pad: int = 0) -> Tensor:
    """ids: (N, S) token numbers; returns (N, 1, 1, S) bool, True at tokens that are not ``pad``."""
    ### BEGIN SOLUTION
    return (ids != pad)[:, None, None, :]
    ### END SOLUTION


# %%
check(padding_mask)

# %%
ids = torch.tensor([[5, 2, 7, 3, 0, 0]])
everything = torch.ones(6, 6, dtype=torch.bool)
masks = {"none": everything, "causal": causal_mask(6), "padding": padding_mask(ids)[0, 0] & everything, "both": (padding_mask(ids) & causal_mask(6))[0, 0]}  # fmt: skip
fig, axes = plt.subplots(1, 4, figsize=(9, 2.7))
for ax, (name, mask) in zip(axes, masks.items(), strict=True):
    ax.imshow(mask, cmap="Blues", vmin=0, vmax=1.4)
    ax.set(title=name, xlabel="key", xticks=range(6), yticks=range(6))
axes[0].set_ylabel("query")
plot.alt(fig, "Four masks of six queries and six keys. None: all filled. Causal: a lower triangle. Padding: the last two columns are empty. Both: a triangle without the last two columns.")  # fmt: skip

# %% [markdown]
# ## Many heads
#
# One softmax gives one average. The word "it" may have to look for its noun *and* for its verb. **Multi-head attention** runs several attentions side by side, each on $d=D/\text{heads}$ features of its own.
#
# $$ q=xW_q^\top+b_q,\quad k=xW_k^\top+b_k,\quad v=xW_v^\top+b_v,\qquad y=[\text{head}_1,\dots,\text{head}_h]\,W_o^\top+b_o. $$
#
# In **self-attention** all three come from the same $x$. In **cross-attention** $q$ comes from $x$, and $k$ and $v$ come from another sequence, the **memory**.

# %%
plot.diagram(
    [
        "x -> N, T, D",
        "linear | to q, k, v -> N, T, 3 D",
        "operation: split into heads | unflatten, transpose -> N, heads, T, d",
        "attention | every head by itself -> N, heads, T, d",
        "operation: merge | transpose, flatten -> N, T, D",
        "linear | output -> N, T, D",
    ],
    title="multi-head self-attention",
)  # fmt: skip

# %% [markdown]
# The split needs two steps. First `unflatten` the last axis, `(N, T, D)` to `(N, T, heads, d)`. Then *transpose*, and the heads stand before the tokens. A `view` to `(N, heads, T, d)` has the
# right shape, and mixes tokens: it cuts the rows of numbers at the wrong places. A model trained with it still learns a little, which makes the bug hard to find.

# %%
tokens, heads, width = 4, 2, 3
feature, token = torch.arange(heads * width).expand(tokens, -1), torch.arange(tokens)[:, None]
fig, axes = plt.subplots(1, 2, figsize=(7, 2.4))
for ax, name, head in zip(axes, ("unflatten, then transpose", "view: wrong"), (feature // width, (token * heads * width + feature) // (tokens * width)), strict=True):  # fmt: skip
    ax.imshow(head, cmap="coolwarm", vmin=-0.4, vmax=1.4, aspect="auto")
    ax.set(title=name, xlabel="feature", ylabel="token", yticks=range(tokens))
plot.alt(fig, "Which head each number goes to. Right: the first three features of every token to head 0, the others to head 1. Wrong: all features of the first two tokens to head 0, of the last two to head 1.")  # fmt: skip

# %% [markdown]
# **Predict.** How many parameters does multi-head attention have for $D=128$ and 4 heads? And for 8 heads?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
for heads in (4, 8):
    print(f"{heads} heads: {sum(p.numel() for p in nn.MultiheadAttention(128, heads).parameters())} parameters")

# %% [markdown]
# Four matrices of $D\times D$ and four biases, whatever the number of heads.
#
# ### Exercise 12.4: multi-head attention (core)
# Parameters have the names of `nn.MultiheadAttention`: `in_proj_weight` holds $W_q$, $W_k$ and $W_v$ one below the other, and `in_proj_bias` their biases. `chunk(3)` takes them apart. Keys and values come from
# `memory`, or from `x` if it is `None`. Return the output and the weights of all heads.


# %%
class MultiHeadAttention(nn.Module):
    """Batch first, with the parameters of ``nn.MultiheadAttention(dim, heads, batch_first=True)``."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, x: Tensor, memory: Tensor | None = None, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x: (N, T, D), memory: (N, S, D), mask: as above. Returns (N, T, D) and the weights (N, heads, T, S)."""
        ### BEGIN SOLUTION
        memory = x if memory is None else memory
        w_q, w_k, w_v = self.in_proj_weight.chunk(3)
        b_q, b_k, b_v = self.in_proj_bias.chunk(3)
        q = F.linear(x, w_q, b_q).unflatten(2, (self.heads, -1)).transpose(1, 2)
        k = F.linear(memory, w_k, b_k).unflatten(2, (self.heads, -1)).transpose(1, 2)
        v = F.linear(memory, w_v, b_v).unflatten(2, (self.heads, -1)).transpose(1, 2)
        output, weights = scaled_dot_product_attention(q, k, v, mask)
        return self.out_proj(output.transpose(1, 2).flatten(2)), weights
        ### END SOLUTION


# %%
check(MultiHeadAttention)

# %%
torch.manual_seed(0)
reference, mine = nn.MultiheadAttention(32, 4, batch_first=True), MultiHeadAttention(32, 4)
mine.load_state_dict(reference.state_dict())
x = torch.randn(2, 7, 32)
expected, _ = reference(x, x, x, attn_mask=~causal_mask(7), need_weights=False)
actual, weights = mine(x, mask=causal_mask(7))
print(f"largest difference from nn.MultiheadAttention: {(actual - expected).abs().max():.1e}")
changed = x.clone()
changed[:, 4:] += 1
print("change of each output:", [f"{c:.2f}" for c in (mine(changed, mask=causal_mask(7))[0] - actual).abs().amax((0, 2)).tolist()])  # fmt: skip

# %% [markdown]
# The weights of PyTorch's layer load into yours, and the numbers agree. The last line is the test of day 10: change the future and look at the past. Nothing moves before token 4. Write such a test
# for each model that you build. A loss curve does not show a leak.
#
# ## Positions
#
# **Predict.** Shuffle the tokens of a sequence and apply self-attention without a mask. What happens to the outputs? What does this mean for "the dog bites the man"?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
print(f"shuffle before or after: {(mine(x[:, order])[0] - mine(x)[0][:, order]).abs().max():.1e} apart")

# %% [markdown]
# The outputs are shuffled in the same way, and otherwise unchanged: attention is **permutation equivariant**. It sees a *set* of tokens. So the order must be put into the tokens themselves. Three ways are usual:
#
# 1. **Learned positions**: one more embedding, for the numbers 0, 1, 2, ... Simple, and it knows nothing past the longest training text.
# 2. **Sinusoids** (Vaswani and others, 2017): fixed waves of many lengths, added to the embedding.
# 3. **Rotation** (RoPE; Su and others, 2021): turn queries and keys by an angle that grows with the position.
#
# ### Sinusoids: the hands of many clocks
#
# $$ P_{t,2i}=\sin(t\,\omega_i),\qquad P_{t,2i+1}=\cos(t\,\omega_i),\qquad \omega_i=10000^{-2i/D}. $$
#
# Each pair of columns is the hand of a clock. The first turns by one radian a token, the last hardly moves. Together they tell the time without ambiguity. To move on by $s$ tokens is to turn each hand by the same angle
# $s\,\omega_i$, wherever you are: a *linear* map, which the network can learn.
#
# **A worked number.** For $D=4$: $\omega_0=1$ and $\omega_1=10000^{-2/4}=0.01$. Row 0 is $(0,1,0,1)$; row 1 is $(0.84,0.54,0.01,1.00)$.
#
# ### Exercise 12.5: sinusoidal positions (further)
# Sines in the even columns, cosines in the odd ones. `dim` may be odd; then the last column is a sine.


# %%
def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """(length, dim) float32: the positions 0 ... length - 1 (Vaswani and others, 2017)."""
    ### BEGIN SOLUTION
    angle = torch.arange(length)[:, None] * 10000 ** (-torch.arange(0, dim, 2) / dim)
    table = torch.zeros(length, dim)
    table[:, 0::2] = angle.sin()
    table[:, 1::2] = angle.cos()[:, : dim // 2]
    return table
    ### END SOLUTION


# %%
check(sinusoidal_positions)

# %%
table = sinusoidal_positions(64, 64)
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.2))
axes[0].imshow(table, cmap="RdBu_r", aspect="auto")
axes[0].set(xlabel="feature", ylabel="position", title="sinusoidal positions")
axes[1].plot(table @ table[32])
axes[1].set(xlabel="position", ylabel="scalar product", title="with position 32")
plot.alt(fig, "Left: a table of 64 positions and 64 features; the left columns are fast waves, the right ones are nearly constant. Right: the scalar product with position 32 has its peak at 32 and falls to both sides alike.")  # fmt: skip

# %% [markdown]
# ### Rotation: only the difference counts
#
# What matters in a text is mostly *how far apart* two words are. **RoPE** (rotary position embedding) puts it into the scores. Take two features of the query at position $t$ as a point of the plane and turn it by the angle $t\,\omega$; turn the key at position $s$ by
# $s\,\omega$. A scalar product depends on the angle *between* two vectors only. After the rotation it has changed by $(t-s)\,\omega$: the score knows the distance, and not the place.
#
# We pair feature $i$ with feature $i+d/2$, as most released models do, with $\omega_i=10000^{-2i/d}$ for $i=0\dots d/2-1$:
#
# $$ a'=a\cos t\omega_i-b\sin t\omega_i,\qquad b'=a\sin t\omega_i+b\cos t\omega_i . $$
#
# The paper pairs *neighbours*. Either trains well; to mix both, with weights that were trained for the other, fails.
#
# **A worked number.** $d=2$, so $\omega_0=1$. The vector $(1,0)$ at position 1 becomes $(\cos1,\sin1)=(0.54,0.84)$. At position 0 it stays.
#
# ### Exercise 12.6: RoPE (further)
# `x` is a query or a key, of even width.


# %%
def rope(x: Tensor, positions: Tensor, base: float = 10000.0) -> Tensor:
    """x: (..., T, d) with d even, positions: (T,); returns x rotated, (..., T, d) (Su and others, 2021)."""
    ### BEGIN SOLUTION
    half = x.shape[-1] // 2
    angle = positions[:, None] * base ** (-torch.arange(half, dtype=x.dtype) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=-1)
    ### END SOLUTION


# %%
check(rope)


# %%
def clock(offset: int) -> None:
    """A query and a key, two positions apart, both moved on by ``offset``."""
    fig, ax = plt.subplots(figsize=(3.4, 3.4))
    q, k = rope(torch.tensor([[1.0, 0.0], [0.8, 0.3]]), torch.tensor([offset + 2, offset]) * 0.4)
    for point, name, colour in ((q, "query", plot.BLUE), (k, "key", plot.VERMILION)):
        ax.annotate("", point.tolist(), (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2})
        ax.text(*(1.15 * point).tolist(), name, color=colour, ha="center", va="center")
    ax.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), aspect="equal", title=f"positions {offset + 2} and {offset}: score {q @ k:.2f}")  # fmt: skip
    plot.alt(fig, f"A query at position {offset + 2} and a key at position {offset} as arrows in the plane; their score is {q @ k:.2f}.")  # fmt: skip


plot.slider(clock, offset=range(0, 16), start=0, still=[0, 4, 9])

# %% [markdown]
# Both arrows turn together, and the score stays the same.
#
# ## The block
#
# Attention moves information *between* tokens. A small feed-forward network then works on each token *by itself*. Each of the two adds its result to the **residual stream** $x$, as in the residual networks of day 06.
#
# ### Layer normalisation
#
# Sums grow from block to block, and a normalisation sets their scale. **Layer normalisation** (Ba, Kiros and Hinton, 2016) takes mean and variance over the $D$ features of *each token*. Batch normalisation of day 04 would mix
# texts of a batch; a mean over time would let the future leak.

# %%
plot.axes_over("N T D", {"batch norm": "N T", "layer norm": "D", "over time: it leaks": "T"})

# %% [markdown]
# $$ y=\frac{x-\mu}{\sqrt{\sigma^2+\varepsilon}}\odot\gamma+\beta,\qquad \mu=\frac1D\sum_i x_i,\quad\sigma^2=\frac1D\sum_i(x_i-\mu)^2 . $$
#
# The variance divides by $D$, not $D-1$, and $\varepsilon$ stands inside the root. **A worked number.** $x=(1,3)$ has $\mu=2$ and $\sigma^2=1$, and becomes $(-1,1)$.
#
# ### Exercise 12.7: layer normalisation (further)
# Name the parameters `weight` ($\gamma$, ones) and `bias` ($\beta$, zeros), as `nn.LayerNorm` does.


# %%
class LayerNorm_(nn.Module):
    """Normalises the last axis, as ``nn.LayerNorm(dim)``."""

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.weight, self.bias = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))
        self.eps = eps
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., D); returns (..., D)."""
        ### BEGIN SOLUTION
        centred = x - x.mean(-1, keepdim=True)
        variance = centred.square().mean(-1, keepdim=True)
        return centred / (variance + self.eps).sqrt() * self.weight + self.bias
        ### END SOLUTION


# %%
check(LayerNorm_)

# %% [markdown]
# ### Before or after?
#
# The paper of 2017 normalises *after* each sum (**post-norm**). Its released code soon normalised *before* each branch (**pre-norm**), and most models since do. In pre-norm nothing stands on the residual path, and the gradient
# reaches the first block as it left the last. Xiong and others (2020) showed why post-norm needs a **warm-up** of the learning rate, and pre-norm hardly does.

# %%
plot.diagram(
    [
        "x -> N, T, D",
        plot.skip("layer norm | norm1", "multi-head attention | self_attn"),
        plot.skip("layer norm | norm2", "linear | linear1: D to hidden", "GELU", "linear | linear2: hidden to D"),
        "x -> N, T, D",
    ],
    direction="down",
    title="a transformer block, pre-norm",
)  # fmt: skip

# %% [markdown]
# ### Exercise 12.8: the block (core)
# `pre_norm=True`: $x \leftarrow x+f(\operatorname{norm}(x))$ for attention, then for the feed-forward network. `pre_norm=False`: $x \leftarrow \operatorname{norm}(x+f(x))$. The residual is $x$ itself, never the normalised $x$. Dropout
# acts on the result of each branch, before it is added.


# %%
class TransformerBlock(nn.Module):
    """Attention and a feed-forward network, with the parameters of ``nn.TransformerEncoderLayer``."""

    def __init__(self, dim: int, heads: int, hidden: int, dropout: float = 0.0, pre_norm: bool = True) -> None:
        super().__init__()
        self.self_attn = MultiHeadAttention(dim, heads)
        self.linear1, self.linear2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)
        self.pre_norm = pre_norm

    def feed_forward(self, x: Tensor) -> Tensor:
        """Each token by itself. x: (N, T, D); returns (N, T, D)."""
        return self.linear2(F.gelu(self.linear1(x)))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """x: (N, T, D); returns (N, T, D)."""
        ### BEGIN SOLUTION
        if self.pre_norm:
            x = x + self.dropout(self.self_attn(self.norm1(x), mask=mask)[0])
            return x + self.dropout(self.feed_forward(self.norm2(x)))
        x = self.norm1(x + self.dropout(self.self_attn(x, mask=mask)[0]))
        return self.norm2(x + self.dropout(self.feed_forward(x)))
        ### END SOLUTION


# %%
check(TransformerBlock)

# %%
torch.manual_seed(0)
reference = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
block = TransformerBlock(32, 4, 64)
block.load_state_dict(reference.state_dict())
print(f"largest difference from nn.TransformerEncoderLayer: {(block(x) - reference(x)).abs().max():.1e}")

fig, ax = plt.subplots(figsize=(6, 3.2))
for pre_norm in (True, False):
    torch.manual_seed(0)
    stack = nn.Sequential(*(TransformerBlock(64, 4, 256, pre_norm=pre_norm) for _ in range(12)), *([nn.LayerNorm(64)] if pre_norm else []))  # fmt: skip
    (stack(torch.randn(8, 16, 64)) * torch.randn(8, 16, 64)).sum().backward()
    norms = [layer.linear1.weight.grad.norm().item() for layer in list(stack)[:12]]
    ax.semilogy(range(1, 13), norms, marker="o", label="pre-norm" if pre_norm else "post-norm")
    print(f"{'pre' if pre_norm else 'post'}-norm: gradient of block 1 is {norms[0] / norms[-1]:.2f} times that of block 12")  # fmt: skip
ax.set(xlabel="block", ylabel="gradient of linear1")
ax.legend()
plot.alt(fig, "Norm of the gradient in each of twelve untrained blocks, for pre-norm and for post-norm, on a logarithmic axis.")  # fmt: skip
