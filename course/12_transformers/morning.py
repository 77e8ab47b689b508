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
# minutes: {cpu: 3}
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
# "tuesday 03.03.1987". The data base wants `1987-03-03`. A second wish is about the reports of {day: 11_nlp}. If a model calls a report a complaint, *which words did it look at?*
#
# Both are questions of **alignment**: which part of the input belongs to which part of the output? A recurrent network of {day: 10_rnns} reads the report into
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
# | $A, \bar A$ | attention weights; their mean over the heads | `(N, heads, T, S)`; `(T, S)` |
# | $W_q, W_k, W_v$ | weights that make queries, keys and values of $x$ | `(D, D)` each |
# | $p_t, \omega_i$ | vector of position $t$; frequency of its $i$-th wave | `(D,)` |
# | $a, b$ | the two features that RoPE turns together | one number each |
# | $\mu, \sigma^2, \gamma, \beta, \varepsilon$ | of a layer norm: mean and variance of a token, learned scale and shift, a small constant | $\gamma, \beta$: `(D,)` |
# | $M$ | momentum of a matrix of weights, in Muon | as the matrix |
# | $P$ | patches of an image | |
# | $R_l$ | rollout: how much each token of layer $l$ holds of each input token | `(T, T)` |
# | $V$ | tokens in the vocabulary | |
# | $x$ | the residual stream: one vector a token | `(N, T, D)` |
# | $p$ | probability; in a nucleus, the mass that is kept | |
#
# The notebook lasts the whole day. Positions and blocks end the morning; translation, language models and images fill the afternoon.

# %% [markdown]
# ## Attention is a soft look-up
#
# A Python dictionary is a *hard* look-up: one key fits, and you get its value. Nothing in it can be learned by gradients.
#
# **The simplest thing.** Let each token take the *mean* of all tokens. That is the bag of vectors of {day: 11_nlp}, and it fails for the same reason: every word
# counts the same.
#
# You can write this mean in three parts: give every pair of tokens the same **score**, 0; take the softmax over the tokens that are looked at; average with these weights. Of $S$ equal scores the softmax makes $1/S$ each, which
# is the mean. So only one thing is missing: scores that *differ*.
#
# **The idea in one sentence.** Compare a **query** with every **key**, and average the **values**, weighted by how well their keys fit.
#
# All three are vectors, made from the tokens by matrices that the network learns. A query says what a token is looking for, a key what a token offers, and a value what it hands over.
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
plot.axes_over("query key", {"softmax": "key"})

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
# ### Exercise 12.1: attention
# Return the output *and* the weights, without `F.scaled_dot_product_attention`. Where `mask` is `False` the query may not look: set the score to minus infinity before the softmax. There may be any axes before the last two;
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
# ### Exercise 12.2: the causal mask
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
# ### Exercise 12.3: the padding mask
# The result must broadcast against scores `(N, heads, T, S)`. With `causal=True` it hides the future as well: two masks are combined by `&`.


# %%
def padding_mask(ids: Tensor, pad: int = 0, causal: bool = False) -> Tensor:
    """ids: (N, S) token numbers; returns a bool mask, True where a query may look: (N, 1, 1, S), if causal (N, 1, S, S)."""
    ### BEGIN SOLUTION
    mask = (ids != pad)[:, None, None, :]
    if causal:
        mask = mask & causal_mask(ids.shape[1])
    return mask
    ### END SOLUTION


# %%
check(padding_mask)

# %%
ids = torch.tensor([[5, 2, 7, 3, 0, 0]])
everything = torch.ones(6, 6, dtype=torch.bool)
masks = {"none": everything, "causal": causal_mask(6), "padding": padding_mask(ids)[0, 0] & everything, "both": padding_mask(ids, causal=True)[0, 0]}  # fmt: skip
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
    for number in range(heads):
        ax.text(*(head == number).T.nonzero().double().mean(0).tolist(), f"head {number}", ha="center", va="center")
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
# ### Exercise 12.4: multi-head attention
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
# The weights of PyTorch's layer load into yours, and the numbers agree. The last line is the test of {day: 10_rnns}: change the future and look at the past. Nothing moves before token 4. Write such a test
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
# $$ p_{t,2i}=\sin(t\,\omega_i),\qquad p_{t,2i+1}=\cos(t\,\omega_i),\qquad \omega_i=10000^{-2i/D}. $$
#
# Each pair of columns is the hand of a clock. The first turns by one radian a token, the last hardly moves. Together they tell the time without ambiguity. To move on by $s$ tokens is to turn each hand by the same angle
# $s\,\omega_i$, wherever you are: a *linear* map, which the network can learn.
#
# **A worked number.** For $D=4$: $\omega_0=1$ and $\omega_1=10000^{-2/4}=0.01$. Row 0 is $(0,1,0,1)$; row 1 is $(0.84,0.54,0.01,1.00)$.
#
# ### Exercise 12.5: sinusoidal positions
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
# ### Exercise 12.6: RoPE
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
    ax.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), aspect="equal", xlabel="feature a", ylabel="feature b", title=f"positions {offset + 2} and {offset}: score {q @ k:.2f}")  # fmt: skip
    plot.alt(fig, f"A query at position {offset + 2} and a key at position {offset} as arrows in the plane; their score is {q @ k:.2f}.")  # fmt: skip


plot.slider(clock, offset=range(16), start=0, still=[0, 4, 9])

# %% [markdown]
# Both arrows turn together, and the score stays the same.
#
# ## The block
#
# Attention moves information *between* tokens. A small feed-forward network then works on each token *by itself*. Each of the two adds its result to the **residual stream** $x$, as in the residual networks of {day: 06_cnns_2}.
#
# ### Layer normalisation
#
# Sums grow from block to block, and a normalisation sets their scale. **Layer normalisation** (Ba, Kiros and Hinton, 2016) takes mean and variance over the $D$ features of *each token*. Batch normalisation of {day: 04_ml_recap} would mix
# texts of a batch; a mean over time would let the future leak.

# %%
plot.axes_over("N T D", {"batch norm": "N T", "layer norm": "D", "over time: it leaks": "T"})

# %% [markdown]
# $$ y=\frac{x-\mu}{\sqrt{\sigma^2+\varepsilon}}\odot\gamma+\beta,\qquad \mu=\frac1D\sum_i x_i,\quad\sigma^2=\frac1D\sum_i(x_i-\mu)^2 . $$
#
# The variance divides by $D$, not $D-1$, and $\varepsilon$ stands inside the root. **A worked number.** $x=(1,3)$ has $\mu=2$ and $\sigma^2=1$, and becomes $(-1,1)$.
#
# ### Exercise 12.7: layer normalisation
# Name the parameters `weight` ($\gamma$, ones) and `bias` ($\beta$, zeros), as `nn.LayerNorm` does. Write it from means and a root, without `F.layer_norm`.


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
# ### Exercise 12.8: the block
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
    stack = nn.Sequential(*(TransformerBlock(64, 4, 256, pre_norm=pre_norm) for _ in range(24)), nn.LayerNorm(64) if pre_norm else nn.Identity())  # fmt: skip
    for parameter in stack.parameters():
        if parameter.ndim == 2:
            nn.init.xavier_uniform_(parameter)
    (stack(torch.randn(8, 16, 64)) * torch.randn(8, 16, 64)).sum().backward()
    norms = [layer.linear1.weight.grad.norm().item() for layer in list(stack)[:24]]
    name = "pre-norm" if pre_norm else "post-norm"
    ax.plot(range(1, 25), norms, marker="o", label=name)
    print(f"{name}: gradient of block 1 {norms[0]:.0f}, of block 24 {norms[-1]:.0f}")
ax.set(xlabel="block", ylabel="gradient of linear1 (norm)", ylim=(0, None))
ax.legend()
plot.alt(fig, "Norm of the gradient in each of 24 untrained blocks. In pre-norm it falls towards the output; in post-norm it stays high.")  # fmt: skip

# %% [markdown]
# Near the output, post-norm has nearly three times the gradient of pre-norm. In pre-norm the stream grows from block to block, and the last norm divides by its size; so more blocks mean smaller gradients. In post-norm
# they stay large at any depth, and a full learning rate in the first steps does harm.
#
# ## Encoder and decoder: dates to ISO form
#
# Three arrangements of the block are usual. An **encoder** reads: every token sees every token (BERT, ViT). A **decoder** writes: every token sees the past (GPT). An **encoder-decoder** translates: the
# decoder also looks at what the encoder has read.

# %%
plot.diagram(
    [
        plot.branches(
            ["input: source -> N, S", "embedding | + positions", plot.group("× layers", "layer: block | padding mask"), "layer norm | memory -> N, S, D"],
            ["input: target so far -> N, T", "embedding | + positions", "attention | self, causal -> N, T, D"],
            join="cross-attention | target asks, memory answers -> N, T, D",
        ),
        "layer: feed-forward",
        "layer norm",
        "linear -> N, T, V",
    ],
    title="encoder and decoder (one block of the decoder)",
)  # fmt: skip

# %% [markdown]
# The task of this morning's question: a date as crews write it, character by character, to the ten characters of the ISO form. Days, months and years come in different orders, with and without names. A year of two digits
# means 1950 to 2049.

# %%
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")  # fmt: skip
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LETTERS = "_^abcdefghijklmnopqrstuvwxyz0123456789 .,-"  # 0 pads, 1 starts the target
FIRST, LAST = datetime.date(1950, 1, 1).toordinal(), datetime.date(2049, 12, 31).toordinal()


def written_date(day: datetime.date, style: int) -> str:
    """``day`` in one of six styles of field crews."""
    month = MONTHS[day.month - 1]
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10 * (day.day // 10 != 1), "th")
    return (
        f"{day.day} {month} {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{day.day}{ending} of {month} {day.year}",
        f"{DAYS[day.weekday()]} {day.day} {month[:3]} {day.year % 100:02}",
        f"{month[:3]} {day.day}, {day.year % 100:02}",
        f"{day.day:02}.{day.month:02}.{day.year}",
    )[style]


def encode_text(text: str, length: int) -> list[int]:
    """Numbers of the characters, padded with 0."""
    return [LETTERS.index(letter) for letter in text.ljust(length, "_")]


def date_pairs(days: list[int], seed: int) -> tuple[Tensor, Tensor]:
    """Sources (N, 22) and targets (N, 10), one pair for each day number, in a random style."""
    dice = random.Random(seed)
    dates = [datetime.date.fromordinal(day) for day in days]
    sources = [encode_text(written_date(date, dice.randrange(6)), 22) for date in dates]
    return torch.tensor(sources), torch.tensor([encode_text(date.isoformat(), 10) for date in dates])


def split_days() -> tuple[list[int], list[int]]:
    """All days of a century in a random order: 90 % to learn from, 10 % to test on. No day is in both."""
    days = list(range(FIRST, LAST + 1))
    random.Random(0).shuffle(days)
    return days[: len(days) * 9 // 10], days[len(days) * 9 // 10 :]


train_days, test_days = split_days()
for day in test_days[:3]:
    date = datetime.date.fromordinal(day)
    print(date.isoformat(), "|", " | ".join(written_date(date, style) for style in range(6)))

# %% [markdown]
# ### Exercise 12.9: the encoder
# Embed the tokens, add sinusoidal positions, run the blocks with the padding mask, normalise at the end. Return the memory and the mask: the decoder needs both.


# %%
class Encoder(nn.Module):
    """Reads padded tokens."""

    def __init__(self, vocab: int, dim: int, heads: int, layers: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab, dim)
        self.blocks = nn.ModuleList(TransformerBlock(dim, heads, hidden, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(dim)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """ids: (N, S), 0 pads; returns the memory (N, S, D) and its mask (N, 1, 1, S)."""
        ### BEGIN SOLUTION
        mask = padding_mask(ids)
        x = self.embedding(ids)
        x = x + sinusoidal_positions(*x.shape[1:])
        for block in self.blocks:
            x = block(x, mask)
        return self.norm(x), mask
        ### END SOLUTION


# %%
check(Encoder)

# %% [markdown]
# ### Exercise 12.10: the decoder
# A block of the decoder has three parts: causal self-attention, cross-attention to the memory, and the feed-forward network. Each is pre-norm with its own norm, in this order: `norm1`, `norm2`, `norm3`. Write the
# `forward` of both classes. Targets here have no padding, so a causal mask is enough.


# %%
class DecoderBlock(nn.Module):
    """Looks at its own past, then at the memory, then thinks."""

    def __init__(self, dim: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.self_attn, self.cross_attn = MultiHeadAttention(dim, heads), MultiHeadAttention(dim, heads)
        self.linear1, self.linear2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor, memory_mask: Tensor) -> Tensor:
        """x: (N, T, D), memory: (N, S, D); returns (N, T, D)."""
        ### BEGIN SOLUTION
        x = x + self.self_attn(self.norm1(x), mask=mask)[0]
        x = x + self.cross_attn(self.norm2(x), memory, memory_mask)[0]
        return x + self.linear2(F.gelu(self.linear1(self.norm3(x))))
        ### END SOLUTION


class Decoder(nn.Module):
    """Writes, with a memory to look at."""

    def __init__(self, vocab: int, dim: int, heads: int, layers: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab, dim)
        self.blocks = nn.ModuleList(DecoderBlock(dim, heads, hidden) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, vocab)

    def forward(self, ids: Tensor, memory: Tensor, memory_mask: Tensor) -> Tensor:
        """ids: (N, T), memory: (N, S, D), memory_mask: (N, 1, 1, S); returns logits (N, T, V)."""
        ### BEGIN SOLUTION
        x = self.embedding(ids)
        x = x + sinusoidal_positions(*x.shape[1:])
        mask = causal_mask(ids.shape[1])
        for block in self.blocks:
            x = block(x, memory, mask, memory_mask)
        return self.head(self.norm(x))
        ### END SOLUTION


# %%
check(Decoder)

# %% [markdown]
# ### Exercise 12.11: sequence to sequence
# `forward` is for training, with **teacher forcing** ({day: 10_rnns}): position $t$ is fed the *true* tokens before $t$. So the target is shifted to the right, with the start token 1 in front and without its last token. `translate` feeds
# the model its own output: the token with the largest logit, one at a time, `length` times. The source is encoded once.


# %%
class Seq2Seq(nn.Module):
    """An encoder and a decoder, for targets of a fixed length."""

    def __init__(self, vocab: int, dim: int = 64, heads: int = 4, layers: int = 1, hidden: int = 128) -> None:
        super().__init__()
        self.encoder = Encoder(vocab, dim, heads, layers, hidden)
        self.decoder = Decoder(vocab, dim, heads, layers, hidden)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """source: (N, S), target: (N, T); returns the logits of every target token, (N, T, V)."""
        ### BEGIN SOLUTION
        start = torch.ones_like(target[:, :1])
        return self.decoder(torch.cat([start, target[:, :-1]], dim=1), *self.encoder(source))
        ### END SOLUTION

    @torch.no_grad()
    def translate(self, source: Tensor, length: int) -> Tensor:
        """source: (N, S); returns tokens (N, length), the start token left out."""
        ### BEGIN SOLUTION
        encoded = self.encoder(source)
        ids = torch.ones_like(source[:, :1])
        for _ in range(length):
            logits = self.decoder(ids, *encoded)
            ids = torch.cat([ids, logits[:, -1:].argmax(dim=2)], dim=1)
        return ids[:, 1:]
        ### END SOLUTION


# %%
check(Seq2Seq)


# %%
def train_dates(model: nn.Module, pairs: tuple[Tensor, Tensor], steps: int, batch_size: int = 64, lr: float = 5e-3) -> float:  # fmt: skip
    """Train ``model`` in place; returns the last loss. The rate rises over a tenth of the steps, then falls to zero."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, lr, total_steps=steps, pct_start=0.1, anneal_strategy="linear")  # fmt: skip
    for _ in range(steps):
        index = torch.randint(len(pairs[0]), (batch_size,))
        source, target = pairs[0][index], pairs[1][index]
        loss = F.cross_entropy(model(source, target).flatten(0, 1), target.flatten())
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return loss.item()


def exact(model: nn.Module, pairs: tuple[Tensor, Tensor]) -> float:
    """Share of sources whose translation is right in all ten characters."""
    return (model.eval().translate(pairs[0], 10) == pairs[1]).all(1).double().mean().item()


torch.manual_seed(0)
translator = Seq2Seq(len(LETTERS))
start = time.perf_counter()
loss = train_dates(translator, date_pairs(train_days, seed=1), steps=sized(700, rehearsal=15))
test_pairs = date_pairs(test_days[: sized(2000, rehearsal=50)], seed=2)
print(
    f"loss {loss:.4f}, {exact(translator, test_pairs):.1%} of new dates exact, in {time.perf_counter() - start:.0f} s"
)
for text in ("3rd of march 1987", "tuesday 3 mar 87", "mar 3, 05"):
    answer = translator.translate(torch.tensor([encode_text(text, 22)]), 10)[0]
    print(f"{text:20} -> {''.join(LETTERS[token] for token in answer)}")

# %% [markdown]
# No day of the test set was trained in any style: what the model writes, it has worked out.
#
# ### The alignment
#
# Which characters did the decoder look at? A **hook** ({day: 02_pytorch_1}) collects the weights of every attention layer.
#
# **Predict.** While it writes the month, `03`, where does it look in "3rd of march 1987"? And while it writes a hyphen?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def attention_maps(model: nn.Module, *inputs: Tensor) -> dict[str, Tensor]:
    """Weights (N, heads, T, S) of every ``MultiHeadAttention`` of ``model``, by its name, in the order of calls."""
    maps: dict[str, Tensor] = {}
    hooks = [
        part.register_forward_hook(lambda _, __, result, name=name: maps.update({name: result[1].detach()}))
        for name, part in model.named_modules()
        if isinstance(part, MultiHeadAttention)
    ]
    with torch.no_grad():
        model.eval()(*inputs)
    for hook in hooks:
        hook.remove()
    return maps


def alignment(text: str) -> tuple[Tensor, str]:
    """Cross-attention (10, letters), mean over layers and heads, and the translation."""
    source = torch.tensor([encode_text(text, 22)])
    target = translator.translate(source, 10)
    maps = [weights for name, weights in attention_maps(translator, source, target).items() if "cross" in name]
    return torch.stack(maps).mean((0, 1, 2))[:, : len(text)], "".join(LETTERS[token] for token in target[0])


fig, axes = plt.subplots(1, 3, figsize=(10, 3.4))
for ax, text in zip(axes, ("3rd of march 1987", "tuesday 3 mar 87", "mar 3, 1987"), strict=True):
    weights, answer = alignment(text)
    ax.imshow(weights, cmap="Blues", vmin=0, aspect="auto")
    ax.set_xticks(range(len(text)), text, family="monospace")
    ax.set_yticks(range(10), answer, family="monospace")
    ax.set_xlabel("read (keys)")
axes[0].set_ylabel("written (queries)")
plot.alt(fig, "Three alignments: rows are the written characters, columns those of the source. Dark cells lie where the digits of the year meet the year, and the month meets the name of the month.")  # fmt: skip

# %% [markdown]
# The map is close to what you would draw by hand: each digit of the answer looks at the word that it comes from, whatever its place. The model was never told which words belong together. It had pairs of whole
# strings, and looking at the right place was a way to be right. The century of "87" stands nowhere in the source; there the weights are spread.
#
# Here ends the morning.
#
# ## GPT: a decoder without a memory
#
# Take the encoder, exchange the padding mask for the causal one, and add a head: this is a **generative pre-trained transformer** (GPT; Radford and others, 2018). At each position it says a distribution of the next token. One pass over $T$ tokens
# gives $T$ losses at once.

# %%
plot.diagram(
    [
        "tokens -> N, T",
        plot.branches("embedding -> N, T, D", "input: learned positions -> T, D", join="+ -> N, T, D"),
        plot.group("× layers", plot.skip("layer norm", "attention | causal"), plot.skip("layer norm", "linear", "GELU", "linear")),
        "layer norm",
        "linear | the embedding's weights -> N, T, V",
        "logits",
    ],
    direction="down",
    title="GPT",
)  # fmt: skip

# %% [markdown]
# Two details decide whether training begins well.
#
# - **Weight tying** (Press and Wolf, 2017): the head uses the same matrix as the embedding. A token's logit is then the scalar product of the stream with the token's own vector.
# - **Small first weights**: matrices and embeddings are drawn with a standard deviation of 0.02. With tied weights of `nn.Embedding`'s usual standard deviation 1, the logits of a fresh model are of size $\sqrt D$, and the first loss is 50, not 4.
#
# **The first loss should be** $\ln V$: a model that knows nothing gives each token $1/V$. For 65 characters that is 4.17. Print it before you train.
#
# ### Exercise 12.12: GPT
# Give the parts these names: `embedding`, `positions` (an `nn.Embedding` of `context` rows), `blocks` (an `nn.ModuleList`), `norm` and `head` (without bias, tied). The feed-forward networks are $4D$ wide. `start_small` sets the first weights.


# %%
def start_small(module: nn.Module) -> None:
    """Draw the weights of a linear layer or an embedding with standard deviation 0.02; for ``model.apply(start_small)``."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)


class GPT(nn.Module):
    """A causal language model with learned positions."""

    def __init__(self, vocab: int, context: int, dim: int = 128, heads: int = 4, layers: int = 4, dropout: float = 0.0) -> None:  # fmt: skip
        super().__init__()
        ### BEGIN SOLUTION
        self.embedding, self.positions = nn.Embedding(vocab, dim), nn.Embedding(context, dim)
        self.blocks = nn.ModuleList(TransformerBlock(dim, heads, 4 * dim, dropout) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, vocab, bias=False)
        self.apply(start_small)
        self.head.weight = self.embedding.weight
        ### END SOLUTION

    def forward(self, ids: Tensor) -> Tensor:
        """ids: (N, T) with T at most ``context``; returns logits (N, T, V)."""
        ### BEGIN SOLUTION
        length = ids.shape[1]
        x = self.embedding(ids) + self.positions(torch.arange(length))
        mask = causal_mask(length)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))
        ### END SOLUTION


# %%
check(GPT)

# %% [markdown]
# ### Train it
#
# The text is the manual of {day: 11_nlp}, character by character. The last tenth is kept apart. Two functions are given: `rate` is the shape of the learning rate, and `adamw` makes the optimiser. It is a *list*, because a modern recipe has two.

# %%
manual = data.python_reference()
manual = manual[: sized(len(manual), rehearsal=20_000)]
characters = sorted(set(manual))
manual_ids = torch.tensor([characters.index(c) for c in manual])
train_ids, held_ids = manual_ids[: len(manual_ids) * 9 // 10], manual_ids[len(manual_ids) * 9 // 10 :]
print(f"{len(train_ids)} characters to learn from, {len(held_ids)} held out, {len(characters)} different; ln V = {math.log(len(characters)):.2f}")  # fmt: skip


# %%
def rate(step: int, steps: int) -> float:
    """Factor of the learning rate: a straight rise over the first twentieth, then a straight fall towards zero."""
    return min((step + 1) / max(1, steps // 20), 1 - step / steps)


def adamw(model: nn.Module) -> list[torch.optim.Optimizer]:
    """The plain recipe: one AdamW for all parameters."""
    return [torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.99), weight_decay=0.1)]


# %% [markdown]
# ### Exercise 12.13: train GPT
# Seed torch, then build the model, then the optimisers. At each step:
#
# 1. Set the rate of every parameter group to its first rate times `rate(step, steps)`.
# 2. Draw `batch_size` windows of `context + 1` tokens that begin anywhere. The first `context` of them are the input; the last `context` are the target.
# 3. Cross-entropy, backward, clip the norm of all gradients to 1, one step of every optimiser.
#
# Return the model in evaluation mode.


# %%
def train_gpt(
    build: Callable[[], nn.Module],
    ids: Tensor,
    *,
    steps: int,
    batch_size: int = 24,
    context: int = 128,
    optimisers: Callable[[nn.Module], list[torch.optim.Optimizer]] = adamw,
    seed: int = 0,
) -> nn.Module:
    """Train ``build()``, which maps ids (N, T) to logits (N, T, V), on the tokens ``ids`` (M,); in evaluation mode."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = build()
    chosen = optimisers(model)
    first = [[group["lr"] for group in optimiser.param_groups] for optimiser in chosen]
    for step in range(steps):
        for optimiser, rates in zip(chosen, first, strict=True):
            for group, lr in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = lr * rate(step, steps)
        start = torch.randint(len(ids) - context, (batch_size,))
        windows = ids[start[:, None] + torch.arange(context + 1)]
        loss = F.cross_entropy(model(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())
        model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in chosen:
            optimiser.step()
    return model.eval()
    ### END SOLUTION


# %%
check(train_gpt)


# %%
@torch.no_grad()
def nats_a_character(model: nn.Module, ids: Tensor, context: int = 128) -> float:
    """Mean cross-entropy over all of ``ids`` (M,), cut into windows of ``context``."""
    count = (len(ids) - 1) // context
    x, y = ids[: count * context].view(count, context), ids[1 : count * context + 1].view(count, context)
    losses = [F.cross_entropy(model(a).flatten(0, 1), b.flatten(), reduction="sum") for a, b in zip(x.split(64), y.split(64), strict=True)]  # fmt: skip
    return torch.stack(losses).sum().item() / y.numel()


def small_gpt() -> nn.Module:
    """A GPT for the manual, small enough for a quarter of a minute."""
    return GPT(len(characters), context=64, dim=96, heads=4, layers=3)


torch.manual_seed(0)
print(f"before training: {nats_a_character(small_gpt(), held_ids[:4000], 64):.2f} nats a character")
start = time.perf_counter()
plain = train_gpt(small_gpt, train_ids, steps=sized(500, rehearsal=4), batch_size=16, context=64)
print(f"after training: {nats_a_character(plain, held_ids, 64):.2f} nats, in {time.perf_counter() - start:.0f} s")

# %% [markdown]
# The loss falls in stages, which counts explain. First it reaches the entropy of single characters, 3.25 nats in this text. Then it reaches that of a character given the one before, 2.48. Only below that does the model use a longer context.
#
# A network must be held against counting. On the manual the interpolated character 5-gram of {day: 11_nlp}, which learns in three seconds, reaches {ledger: 11_nlp.interpolated_ngram.manual.nats} nats. Our short training, 2.07 nats (seed 0), does not beat
# that: the manual repeats whole phrases, and a table of five characters knows them by heart. The network needs more text and more steps. So measure on a text that is used everywhere, Tiny Shakespeare, a million characters (`data.tiny_shakespeare()`
# in the place of `data.python_reference()`). There the 5-gram has {ledger: 11_nlp.interpolated_ngram.tiny_shakespeare.nats}, and the recipe for processors that comes with nanoGPT 1.88 after about three minutes (its README; 4 layers, 128 wide, context 64, 2,000 steps of 12 windows).
#
# ## What later work changed
#
# The transformer of 2017 still stands, but nearly every part has been exchanged once. Each change is a few lines:
#
# | part | 2017 to 2019 | later |
# |---|---|---|
# | norm | layer norm | **RMSNorm**: divide by the root mean square; no mean, no bias (Zhang and Sennrich, 2019) |
# | positions | learned, added once | **RoPE** in every layer |
# | scores | $q\cdot k/\sqrt d$ | **QK norm**: $q$ and $k$ normalised first, so that scores stay bounded (Henry and others, 2020) |
# | activation | GELU | **squared ReLU**, $\max(0,x)^2$ (So and others, 2021) |
# | first weights | small | the last matrix of each branch, and the head, **start at zero**: a block begins as the identity |
# | optimiser | AdamW | **Muon** for matrices: a step in which all singular values are equal (Jordan and others, 2024) |
#
# Muon takes the singular value decomposition of the momentum, $M=U\Sigma Q^\top$, and steps along $UQ^\top$. **A worked number.** For $M=\operatorname{diag}(3, 0.1)$ the step is along $\operatorname{diag}(1, 1)$: the second direction, thirty times weaker, counts as much as the first. Five iterations of matrix products approximate $UQ^\top$ without the decomposition. PyTorch has it as `torch.optim.Muon`; embeddings and
# vectors stay with AdamW.


# %%
class ModernBlock(nn.Module):
    """A pre-norm block with what later work changed; each change can be turned off."""

    def __init__(self, dim: int, heads: int, *, rms: bool, rotary: bool, qk_norm: bool, relu2: bool) -> None:
        super().__init__()
        self.heads, self.rotary, self.qk_norm, self.relu2 = heads, rotary, qk_norm, relu2
        norm = nn.RMSNorm if rms else nn.LayerNorm
        self.norm1, self.norm2 = norm(dim), norm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim, bias=False)
        self.up, self.down = nn.Linear(dim, 4 * dim, bias=False), nn.Linear(4 * dim, dim, bias=False)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of the stream x (N, T, D), not rotated yet; (N, heads, T, d) each."""
        q, k, v = self.qkv(self.norm1(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if self.qk_norm:
            q, k = F.rms_norm(q, q.shape[-1:]), F.rms_norm(k, k.shape[-1:])
        return q, k, v

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """Add the attention's result (N, heads, T, d) and the feed-forward network to the stream x (N, T, D)."""
        x = x + self.out(attended.transpose(1, 2).flatten(2))
        h = self.up(self.norm2(x))
        return x + self.down(h.relu().square() if self.relu2 else F.gelu(h))

    def forward(self, x: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        """x: (N, T, D), positions: (T,); returns (N, T, D)."""
        q, k, v = self.project(x)
        if self.rotary:
            q, k = rope(q, positions), rope(k, positions)
        return self.finish(x, scaled_dot_product_attention(q, k, v, mask)[0])


class ModernGPT(nn.Module):
    """GPT with what later work changed."""

    def __init__(
        self, vocab: int, context: int, dim: int = 128, heads: int = 4, layers: int = 4,
        *, rms: bool = True, rotary: bool = True, qk_norm: bool = True, relu2: bool = True, zeros: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.embedding = nn.Embedding(vocab, dim)
        self.positions = None if rotary else nn.Embedding(context, dim)
        self.blocks = nn.ModuleList(ModernBlock(dim, heads, rms=rms, rotary=rotary, qk_norm=qk_norm, relu2=relu2) for _ in range(layers))  # fmt: skip
        self.norm, self.head = (nn.RMSNorm if rms else nn.LayerNorm)(dim), nn.Linear(dim, vocab, bias=False)
        self.apply(start_small)
        for block in self.blocks if zeros else ():
            nn.init.zeros_(block.out.weight)
            nn.init.zeros_(block.down.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """ids: (N, T); returns logits (N, T, V)."""
        positions = torch.arange(ids.shape[1])
        x = self.embedding(ids)
        if self.positions is not None:
            x = x + self.positions(positions)
        mask = causal_mask(len(positions))
        for block in self.blocks:
            x = block(x, mask, positions)
        return self.head(self.norm(x))


def muon(model: nn.Module) -> list[torch.optim.Optimizer]:
    """The modern recipe: Muon for the matrices of the blocks, AdamW for all else."""
    matrices = [p for name, p in model.named_parameters() if name.startswith("blocks") and p.ndim == 2]
    known = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in known]
    return [torch.optim.Muon(matrices, lr=0.02, weight_decay=0.0), torch.optim.AdamW(others, lr=6e-3, betas=(0.9, 0.99), weight_decay=0.0)]  # fmt: skip


# %% [markdown]
# **Predict.** Same width, same steps, same text. Which of the two is better after a few hundred steps, and by how much: 0.01 nats, 0.1, or 1?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def small_modern_gpt() -> nn.Module:
    """The modern GPT, as wide and as deep as ``small_gpt``."""
    return ModernGPT(len(characters), context=64, dim=96, heads=4, layers=3)


start = time.perf_counter()
modern = train_gpt(
    small_modern_gpt, train_ids, steps=sized(500, rehearsal=4), batch_size=16, context=64, optimisers=muon
)
print(f"plain {nats_a_character(plain, held_ids, 64):.2f} nats, modern {nats_a_character(modern, held_ids, 64):.2f}, in {time.perf_counter() - start:.0f} s")  # fmt: skip

# %% [markdown]
# To hold both against the 5-gram, train them on Tiny Shakespeare. We measured this in bfloat16 ({day: 03_pytorch_2}) on two cores: 0.8 million parameters, context 128, batches of 16. Other programs ran beside it, so the seconds are upper bounds.
#
# | recipe | steps | seconds | nats a character |
# |---|---|---|---|
# | 5-gram, by counting | none | 3 | {ledger: 11_nlp.interpolated_ngram.tiny_shakespeare.nats} |
# | plain | 2,900 | {ledger: 12_transformers.train_gpt.plain.training_seconds} | {ledger: 12_transformers.train_gpt.plain.nats} |
# | plain, larger first weights | 2,100 | {ledger: 12_transformers.train_gpt.plain_larger_start.training_seconds} | {ledger: 12_transformers.train_gpt.plain_larger_start.nats} |
# | modern | 2,000 | {ledger: 12_transformers.train_gpt.modern.training_seconds} | {ledger: 12_transformers.train_gpt.modern.nats} |
#
# Both recipes beat counting. The modern one has fewer steps, and still goes further. GPT-2's standard deviation of 0.02 belongs to 768 features. With 128 features, the third row takes $0.02\sqrt6=0.05$: with fewer steps it goes further than the second. The plain one is slow to begin: after 250 steps it knows little more than pairs of characters, as the next table shows.
# To find out which change helps, turn one off at a time. After 250 steps (one seed) the nats are:
#
# | everything | layer norm | learned positions | no QK norm | GELU | small first weights | AdamW | plain |
# |---|---|---|---|---|---|---|---|
# | {ledger: 12_transformers.train_gpt.ablations.modern} | {ledger: 12_transformers.train_gpt.ablations.no_rms} | {ledger: 12_transformers.train_gpt.ablations.no_rotary} | {ledger: 12_transformers.train_gpt.ablations.no_qk_norm} | {ledger: 12_transformers.train_gpt.ablations.no_relu2} | {ledger: 12_transformers.train_gpt.ablations.no_zeros} | {ledger: 12_transformers.train_gpt.ablations.no_muon} | {ledger: 12_transformers.train_gpt.ablations.plain} |
#
# Positions by rotation, Muon and QK norm matter most; each is worth more than 0.1 nats at this stage. RMSNorm changes nothing: it is a little cheaper, and no worse.
#
# ## Sampling
#
# The model says a distribution for the next token. Taking the largest each time (**greedy**) soon repeats itself. Sampling from the whole distribution now and then takes a token from its long tail, where the model knows little. Two cures cut the tail:
#
# - **top-k**: keep the $k$ most probable tokens.
# - **nucleus** or top-p (Holtzman and others, 2020): keep the *smallest set* of most probable tokens whose probabilities sum to at least $p$. The set is large where the model is unsure, and small where it is sure.
#
# **A worked example.** Probabilities 0.5, 0.3, 0.15, 0.05 and $p=0.7$. The first alone has 0.5, too little. With the second the sum is 0.8, enough: two tokens stay. The token that *crosses* $p$ belongs to the set.


# %%
def nucleus(p: float) -> None:
    """Sorted probabilities after one beginning, and those that a nucleus of mass p keeps."""
    beginning = "The value of the "[: sized(17, rehearsal=3)]
    with torch.no_grad():
        logits = modern(torch.tensor([[characters.index(c) for c in beginning]]))[0, -1]
    sorted_p, order = logits.softmax(0).sort(descending=True)
    kept = sorted_p.cumsum(0) - sorted_p < p
    fig, ax = plt.subplots(figsize=(7, 2.6))
    ax.bar(range(20), sorted_p[:20], color=[plot.BLUE if keep else "0.8" for keep in kept[:20]])
    ax.set_xticks(
        range(20),
        ["␣" if characters[token] == " " else repr(characters[token])[1:-1] for token in order[:20].tolist()],
        family="monospace",
    )
    ax.set(
        xlabel="next character (␣ is a space)",
        ylabel="probability",
        title=f"after {beginning!r}: p = {p:g} keeps {int(kept.sum())} characters",
    )
    plot.alt(fig, f"The twenty most probable next characters as bars; a nucleus of {p:g} keeps {int(kept.sum())} of them.")  # fmt: skip


plot.slider(nucleus, p=[0.3, 0.5, 0.7, 0.9, 0.99, 1.0], start=0.9, still=[0.5, 0.9, 1.0])

# %% [markdown]
# ### Exercise 12.14: generate
# Append `count` tokens to each row of `ids`. The model sees the last `context` tokens at most: past that it has no positions. For each new token, in this order:
#
# 1. Divide the logits of the last position by `temperature`.
# 2. If `top_k` is given, keep the `top_k` largest.
# 3. Keep the nucleus of mass `top_p` of what is left. With `top_p=1` that is everything.
# 4. Draw with `torch.multinomial` and the generator. It takes weights that need not sum to one.


# %%
@torch.no_grad()
def generate(
    model: nn.Module,
    ids: Tensor,
    count: int,
    *,
    context: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """ids: (N, T); returns (N, T + count)."""
    ### BEGIN SOLUTION
    for _ in range(count):
        logits = model(ids[:, -context:])[:, -1] / temperature
        if top_k is not None:
            smallest = logits.topk(top_k).values[:, -1:]
            logits = logits.masked_fill(logits < smallest, -math.inf)
        p, order = logits.softmax(dim=1).sort(dim=1, descending=True)
        p = p.masked_fill(p.cumsum(1) - p >= top_p, 0)
        drawn = torch.multinomial(p, 1, generator=generator)
        ids = torch.cat([ids, order.gather(1, drawn)], dim=1)
    return ids
    ### END SOLUTION


# %%
check(generate)

# %%
prompt = torch.tensor([[characters.index(c) for c in "The "]])
for name, settings in {"whole distribution": {}, "top-k 3": {"top_k": 3}, "nucleus 0.8": {"top_p": 0.8}}.items():
    ids = generate(modern, prompt, sized(160, rehearsal=10), context=64, generator=torch.Generator().manual_seed(1), **settings)  # fmt: skip
    print(f"--- {name}\n{''.join(characters[token] for token in ids[0].tolist())}\n")

# %% [markdown]
# Read the three. Which one repeats itself, and which one invents words? At two nats a character the spelling comes first; meaning would take far more text and time.
#
# ## The cache: never compute a key twice
#
# `generate` runs the whole model over *all* tokens for each new one. But keys and values of old tokens never change: the causal mask keeps the future out of them. Keep them in a **key-value cache**, and feed the *new* token alone. Its query meets all
# keys of the cache. In the pictures below, dark scores are computed for token 8, and pale ones are known already.
#
# | | without cache | with cache |
# |---|---|---|
# | tokens through the model, for $T$ new ones | $1+2+\dots+T\approx T^2/2$ | $T$ |
# | scores | $T^3/3$ | $T^2/2$ |
# | memory that is kept | nothing | $2\cdot\text{layers}\cdot T\cdot D$ numbers a text |
#
# Two errors are usual here. The new token stands at position $T$, not 0: give `rope` its true position. And cache keys *after* their rotation; a key that is cached before must be rotated again each time, by its own position.

# %%
fig, axes = plt.subplots(1, 2, figsize=(6.6, 2.9))
known = causal_mask(8).float() * 0.35
known[7] = 1
for ax, name, scores in zip(axes, ("recomputed", "cached"), (causal_mask(8).float(), known), strict=True):
    ax.imshow(scores, cmap="Blues", vmin=0, vmax=1.3)
    ax.set(title=f"{name}: token 8", xlabel="key", ylabel="query")
plot.alt(fig, "Scores that are computed for the eighth token. Recomputed: a whole triangle of eight rows. Cached: the last row alone; the rows above are known from before.")  # fmt: skip

# %% [markdown]
# ### Exercise 12.15: the cache
# Continue `ids` greedily by `count` tokens, as a `ModernGPT` would, with a cache. First the whole prompt goes through the model, then one new token at a time. For every block of `model.blocks`:
#
# - Take `q, k, v = block.project(x)`. Rotate `q` and `k` by the true positions. Append `k` and `v` to the block's cache.
# - Attend with the mask `causal_mask(new, all)`. Then `x = block.finish(x, attended)`.
#
# The logits are `model.head(model.norm(x))`.


# %%
@torch.no_grad()
def kv_cache(model: ModernGPT, ids: Tensor, count: int) -> Tensor:
    """ids: (N, T); returns (N, T + count): at each step the token with the largest logit."""
    ### BEGIN SOLUTION
    caches: list[tuple[Tensor, Tensor] | None] = [None] * len(model.blocks)
    new = ids
    for _ in range(count):
        length = ids.shape[1]
        positions = torch.arange(length - new.shape[1], length)
        x = model.embedding(new)
        for layer, block in enumerate(model.blocks):
            q, k, v = block.project(x)
            q, k = rope(q, positions), rope(k, positions)
            if caches[layer] is not None:
                k, v = torch.cat([caches[layer][0], k], dim=2), torch.cat([caches[layer][1], v], dim=2)
            caches[layer] = (k, v)
            x = block.finish(x, scaled_dot_product_attention(q, k, v, causal_mask(new.shape[1], length))[0])
        new = model.head(model.norm(x[:, -1:])).argmax(dim=2)
        ids = torch.cat([ids, new], dim=1)
    return ids
    ### END SOLUTION


# %%
check(kv_cache)

# %%
costs = {}
prompt = held_ids[None, :16]
for name, write in (("recomputed", lambda n: generate(modern, prompt, n, context=512, top_k=1)), ("cached", lambda n: kv_cache(modern, prompt, n))):  # fmt: skip
    with FlopCounterMode(display=False) as flops:
        start = time.perf_counter()
        written = write(sized(256, rehearsal=24))
        costs[name] = (flops.get_total_flops(), time.perf_counter() - start, written)
(slow_flops, slow_s, slow_ids), (fast_flops, fast_s, fast_ids) = costs["recomputed"], costs["cached"]
print(f"same tokens: {torch.equal(slow_ids, fast_ids)}; {slow_flops / fast_flops:.0f} times fewer FLOPs, {slow_s / fast_s:.1f} times as fast")  # fmt: skip

# %% [markdown]
# The FLOPs fall far more than the time: one token at a time leaves the processor idle, waiting for weights from memory. This is why large models serve many texts at once, and why later work shrank the cache: **multi-query attention** (Shazeer, 2019) shares keys and values among heads.
#
# ## BERT's task: fill the gaps
#
# An encoder cannot be trained to predict the next token, as it sees it. BERT (Devlin and others, 2019) hides tokens and asks for them: **masked language modelling**. Choose 15 % of the tokens. The loss counts *only these*. Of the chosen, 80 % become the token `[MASK]`, 10 % a random token, and 10 % stay
# as they are. The last two keep the model honest: in later use there is no `[MASK]`, so it must have a good vector for each token, real ones included. Special tokens, such as padding, are never chosen.
#
# ### Exercise 12.16: mask for BERT
# Return inputs and targets, stacked. Targets are the true token where one was chosen, and $-100$ elsewhere, which `F.cross_entropy` ignores. `special` tokens have the smallest numbers: those below `special` are never chosen, and never drawn as a random token. `[MASK]` is one of them.


# %%
def mlm_mask(ids: Tensor, vocab: int, mask_id: int, special: int, *, generator: torch.Generator) -> Tensor:
    """ids: (N, T); returns (2, N, T): inputs and targets (Devlin and others, 2019)."""
    ### BEGIN SOLUTION
    chosen = (torch.rand(ids.shape, generator=generator) < 0.15) & (ids >= special)
    how = torch.rand(ids.shape, generator=generator)
    other = torch.randint(special, vocab, ids.shape, generator=generator)
    inputs = ids.masked_fill(chosen & (how < 0.8), mask_id)
    inputs = torch.where(chosen & (how >= 0.9), other, inputs)
    return torch.stack([inputs, ids.masked_fill(~chosen, -100)])
    ### END SOLUTION


# %%
check(mlm_mask)

# %% [markdown]
# On field reports this takes seconds. Words are tokens; 0 is padding, 1 is `[MASK]`, 2 is `[CLS]`, a token that stands before each text and belongs to no word.

# %%
reports = data.field_reports()
words = ["[PAD]", "[MASK]", "[CLS]", *sorted({word for text in reports.texts for word in text.split()})]
number_of = {word: number for number, word in enumerate(words)}
SPECIAL, WIDEST = 3, max(len(text.split()) for text in reports.texts) + 1


def report_ids(texts: tuple[str, ...]) -> Tensor:
    """(N, WIDEST) token numbers: [CLS], the words, padding. Words that training never saw are left out."""
    rows = [[2] + [number_of[word] for word in text.split() if word in number_of] for text in texts]
    return torch.tensor([row[:WIDEST] + [0] * (WIDEST - len(row)) for row in rows])


class GapFiller(nn.Module):
    """An encoder with a head: tokens (N, S) to logits (N, S, V)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.head = Encoder(len(words), 64, 4, 2, 128), nn.Linear(64, len(words))

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.encoder(ids)[0])


torch.manual_seed(0)
filler, generator = GapFiller(), torch.Generator().manual_seed(0)
optimiser, all_ids = torch.optim.AdamW(filler.parameters(), lr=3e-3), report_ids(reports.texts)
for _ in range(sized(300, rehearsal=3)):
    inputs, targets = mlm_mask(all_ids[torch.randint(len(all_ids), (64,))], len(words), 1, SPECIAL, generator=generator)  # fmt: skip
    loss = F.cross_entropy(filler(inputs).flatten(0, 1), targets.flatten())
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
for text in (
    "the seismic line at the coast was [MASK] .",
    "the [MASK] was unhelpful .",
    "overall , the core was not [MASK] .",
):
    with torch.no_grad():
        ids = report_ids((text,))
        p = filler.eval()(ids)[0, ids[0].tolist().index(1)].softmax(0).topk(4)
    print(f"{text:45} {', '.join(f'{words[k]} {share:.2f}' for share, k in zip(p.values, p.indices.tolist(), strict=True))}")  # fmt: skip

# %% [markdown]
# The model begins to know what may stand in a gap: a guide, transport or a schedule can be unhelpful. It reads both sides of the gap, and needs no label. More steps make it surer.
#
# ## ViT: an image is a sequence of patches
#
# Cut an image into patches, turn each into a vector by *one* linear layer, and hand them to an encoder. This is the **vision transformer** (ViT; Dosovitskiy and others, 2021). Only the positions know that the image has two dimensions, and they are learned.

# %%
plot.diagram(
    [
        "image -> N, 1, 28, 28",
        "operation: cut into patches | F.unfold, 7x7 -> N, 16, 49",
        "linear -> N, 16, D",
        "concat | [CLS] in front -> N, 17, D",
        "operation: + learned positions",
        plot.group("× layers", "layer: block"),
        "layer norm",
        "operation: take [CLS] -> N, D",
        "linear -> N, K",
    ],
    title="a vision transformer",
)  # fmt: skip

# %% [markdown]
# `F.unfold(images, patch, stride=patch)` gives `(N, C·patch·patch, patches)`, row by row of the image: the features come *before* the patches and must be transposed. ({Day: 05_cnns_1} wrote convolution with it. A patch embedding *is* a convolution whose stride is its size.) `[CLS]` is a learned
# vector that stands in front. It has a position too. Its output is read by the head.
#
# ### Exercise 12.17: ViT
# Write `forward`. `positions` has $1+P$ rows for $P$ patches; row 0 belongs to `[CLS]`.


# %%
class ViT(nn.Module):
    """Classifies square images (Dosovitskiy and others, 2021)."""

    def __init__(
        self, size: int, patch: int, *, channels: int = 1, dim: int = 64, heads: int = 4, layers: int = 4, hidden: int = 128, classes: int = 10
    ) -> None:  # fmt: skip
        super().__init__()
        self.patch = patch
        self.embed = nn.Linear(channels * patch**2, dim)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 1 + (size // patch) ** 2, dim))
        self.blocks = nn.ModuleList(TransformerBlock(dim, heads, hidden) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, classes)

    def forward(self, images: Tensor) -> Tensor:
        """images: (N, C, size, size); returns logits (N, K)."""
        ### BEGIN SOLUTION
        patches = F.unfold(images, self.patch, stride=self.patch).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(images), -1, -1), self.embed(patches)], dim=1)
        x = x + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])
        ### END SOLUTION


# %%
check(ViT)

# %%
train_images, test_images = data.load("glyphs", "train"), data.load("glyphs", "test")
torch.manual_seed(0)
vit = ViT(28, 7, layers=3)
some = slice(sized(20_000, rehearsal=1000))
history = fit(vit, (train_images.x[some], train_images.y[some]), epochs=sized(3, rehearsal=1), lr=2e-3, schedule="one_cycle", weight_decay=0.05, clip=1.0)  # fmt: skip
print(f"glyphs: accuracy {evaluate(vit, test_images):.3f} after {history.seconds:.0f} s, {sum(p.numel() for p in vit.parameters())} parameters")  # fmt: skip

# %% [markdown]
# ## What did it look at?
#
# The weights of one layer say which tokens of *that layer* were read. These tokens have mixed with others before. **Attention rollout** (Abnar and Zuidema, 2020) follows the mixing through all layers. Half of each token goes past the attention, on the residual path; the other half is
# spread by the weights, averaged over the heads:
#
# $$ R_0=I,\qquad R_l=\Big(\tfrac12 I+\tfrac12\bar A_l\Big)R_{l-1}. $$
#
# Every row sums to one. Row `[CLS]` of the last $R$ says how much of each input token has reached the prediction.
#
# **A worked number.** Two tokens, one layer, $\bar A=\begin{pmatrix}0&1\\1&0\end{pmatrix}$. Then $R=\begin{pmatrix}\frac12&\frac12\\\frac12&\frac12\end{pmatrix}$: without the identity you would say that token 0 comes from token 1 alone.
#
# ### Exercise 12.18: rollout
# `maps` holds the weights of each layer, the first layer first.


# %%
def attention_rollout(maps: list[Tensor]) -> Tensor:
    """maps: weights (heads, T, T) of each layer; returns (T, T), rows sum to one (Abnar and Zuidema, 2020)."""
    ### BEGIN SOLUTION
    identity = torch.eye(len(maps[0][0]), dtype=maps[0].dtype)
    rollout = identity
    for weights in maps:
        mixing = 0.5 * identity + 0.5 * weights.mean(0)
        rollout = mixing @ rollout
    return rollout
    ### END SOLUTION


# %%
check(attention_rollout)

# %%
fig, axes = plt.subplots(2, 6, figsize=(9, 3.2))
for column, (upper, lower) in enumerate(axes.T):
    image = test_images.x[column : column + 1]
    maps = [weights[0] for weights in attention_maps(vit, image).values()]
    share = attention_rollout(maps)[0, 1:].view(4, 4)
    upper.imshow(image[0, 0])
    lower.imshow(image[0, 0])
    lower.imshow(share.repeat_interleave(7, 0).repeat_interleave(7, 1), cmap="viridis", alpha=0.6)
    upper.set_axis_off()
    lower.set_axis_off()
fig.colorbar(
    plt.cm.ScalarMappable(cmap="viridis"), ax=axes, ticks=[0, 1], label="share in its image"
).ax.set_yticklabels(["least", "most"])
plot.alt(fig, "Six images, and below each the share of its sixteen patches in the prediction by attention rollout, as colour.")  # fmt: skip

# %% [markdown]
# ### Which words of a report?
#
# The second wish of this morning: a model reads reports and says *praise* or *complaint*. Which words does its prediction look at? The reader is an encoder; the head reads `[CLS]`.


# %%
class ReportReader(nn.Module):
    """Praise or complaint. Tokens (N, S), [CLS] first, to logits (N, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.head = Encoder(len(words), 64, 4, 2, 128, dropout=0.1), nn.Linear(64, 2)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.encoder(ids)[0][:, 0])


torch.manual_seed(0)
reader, held_reports = ReportReader(), data.field_reports("test")
fit(reader, (all_ids, reports.y), epochs=sized(4, rehearsal=1), lr=2e-3, schedule="one_cycle", clip=1.0, progress=False)
held = report_ids(held_reports.texts)
print(f"test reports: accuracy {evaluate(reader, (held, held_reports.y)):.3f}")


def looked_at(ids: Tensor) -> tuple[Tensor, Tensor]:
    """One report (S,) without padding: share of each word by rollout, and how far the logits move without it, (S - 1,) each."""
    maps = [weights[0] for weights in attention_maps(reader, ids[None]).values()]
    without = ids.repeat(len(ids) - 1, 1)
    without[torch.arange(len(ids) - 1), torch.arange(1, len(ids))] = 1  # [MASK] in the place of each word in turn
    with torch.no_grad():
        moved = (reader(without) - reader(ids[None])).diff(dim=1)[:, 0].abs()
    return attention_rollout(maps)[0, 1:], moved


reader.eval()
agreements = []
for row in held[: sized(200, rehearsal=10)]:
    shares, moved = looked_at(row[row != 0])
    agreements.append(float(shares.argmax() == moved.argmax()))
print(
    f"the word with the largest share is the one that matters most: {sum(agreements) / len(agreements):.0%} of reports"
)

text = next(text for text, kind in zip(held_reports.texts, held_reports.kinds, strict=True) if kind == "mixed")
shares, moved = looked_at(report_ids((text,))[0, : len(text.split()) + 1])
fig, axes = plt.subplots(1, 2, figsize=(9, 6), sharey=True)
for ax, values, name in zip(axes, (shares, moved), ("share by rollout", "change without the word"), strict=True):
    ax.barh(range(len(values)), values, color=plot.BLUE)
    ax.set(xlabel=name)
axes[0].set_yticks(range(len(shares)), text.split())
axes[0].invert_yaxis()
plot.alt(fig, f"The words of the report '{text}' with two bars each: the share of the prediction by attention rollout, and how far the prediction moves if the word is masked.")  # fmt: skip

# %% [markdown]
# In this report both pictures point at *though*, the word that tells which of the two clauses decides. Mask it, and the scores move far more than without any other word. Yet the second largest share belongs to a plain *was*, which hardly matters, and *inspiring* matters more than its share says.
# In our run (seed 0) the word with the largest share mattered most in 71 % of 200 reports, and in the others it did not.
#
# Attention says what was *read*. It does not say what *decided*: Jain and Wallace (2019) found very different attention weights that give the same predictions. If you want to know whether a word matters, change it and look at the
# prediction. Use attention to ask a question, and such an experiment to answer it.
#
# ## Find the bug
#
# A colleague classifies padded texts by attention and reports three symptoms:
#
# 1. A text gets another score if you append more padding to it.
# 2. The same text gets another score at another place in the batch, and the order of its words does not matter.
# 3. Two evaluations with the same model differ.
#
# ### Exercise 12.19: find the bug
# Three lines are wrong. Repair them and change nothing else. Remember what `True` means in `nn.MultiheadAttention`.


# %%
def find_the_bug(ids: Tensor, y: Tensor, held: Tensor, *, epochs: int = 4, lr: float = 0.3, seed: int = 0) -> tuple[list[float], Tensor]:  # fmt: skip
    """Train on padded texts ids (N, S), y (N,); returns the loss of each epoch and the logits (M, 2) of held (M, S).

    Three lines are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    parts = {
        "words": nn.Embedding(12, 8),
        "positions": nn.Embedding(16, 8),
        "attention": nn.MultiheadAttention(8, 2, batch_first=True),
        "dropout": nn.Dropout(0.2),
        "head": nn.Linear(8, 2),
    }
    model = nn.ModuleDict(parts).double()

    def logits(ids: Tensor) -> Tensor:
        padding = ids == 0
        x = model["words"](ids) + model["positions"](torch.arange(ids.shape[1]))
        x = x + model["dropout"](model["attention"](x, x, x, key_padding_mask=padding)[0])
        real = (~padding)[:, :, None].double()
        return model["head"]((x * real).sum(1) / real.sum(1))

    optimiser = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        model.train()
        loss = F.cross_entropy(logits(ids), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        return losses, logits(held)
    ### END SOLUTION


# %%
check(find_the_bug)

# %% [markdown]
# Each of the three trains without an error message, and each loss falls. You find such bugs by **invariants**: append padding, shuffle the batch, evaluate twice. What should not change must not change.
#
# ## Which words belong together, answered

# %%
right_place, total = 0, 0
for day in test_days[: sized(200, rehearsal=5)]:
    date = datetime.date.fromordinal(day)
    text = written_date(date, 2)  # "3rd of march 1987"
    weights, answer = alignment(text)
    begin = {"year": text.rindex(" ") + 1, "month": text.index("of ") + 3, "day": 0}
    end = {"year": len(text), "month": text.rindex(" "), "day": text.index("of") - 1}
    for part, rows in {"year": range(4), "month": range(5, 7), "day": range(8, 10)}.items():
        for row in rows:
            found = int(weights[row].argmax())
            right_place, total = right_place + (begin[part] <= found < end[part]), total + 1
print(f"{right_place / total:.0%} of the digits look most at the word that they come from")
print(
    f"{exact(translator, test_pairs):.1%} of new dates exact; report reader: {evaluate(reader, (held, held_reports.y)):.1%} right"
)

# %% [markdown]
# **Dates.** Of 2,000 held-out days the share that comes out exact in all ten characters is {ledger: 12_transformers.Seq2Seq.dates.exact}. 92 % of the digits looked most at the word that they come from: 100 % for the day,
# 94 % for the month and 87 % for the year. No rule about months or ordinals was written. The crews' eighty years can go into the data base, and each date can show where it comes from.
#
# **Reports.** The reader is right on 97 % of the test reports (seed 0). In the report above it looked at *though*, which says that the first clause counts. In 71 % of 200 reports the word with the largest share was the one whose
# absence moves the verdict most. As a pointer this is useful. As a proof it is not: mask the word, and look.
#
# ## Summary
#
# - Attention is an average of values, weighted by a softmax of $q\cdot k/\sqrt d$ along the keys. Divide by the root of $d$, not by $d$.
# - Masks are `True` where a query may look. Hide the future (diagonal included in what is visible) and the padded *keys*.
# - Heads are split by `unflatten` and `transpose`. A bare `view` mixes tokens, and still trains.
# - Without positions a transformer reads a set. RoPE turns queries and keys, and the score knows the distance.
# - A block adds attention and a feed-forward network to the residual stream. Pre-norm leaves that path free.
# - GPT, BERT and ViT are one stack of blocks with three masks, three inputs and three losses. The first loss is $\ln V$; the rival is counting.
# - A cache saves old keys and values. Give the new token its true position, and cache keys after rotation.
# - Invariants find bugs, scores do not.
#
# ### Questions to take along
#
# 1. Count the multiplications of one layer that grow with $T^2$: scores and averages. The feed-forward network needs $8\,T D^2$. At which length $T$ do scores and averages cost more?
#
# <details><summary>Answer</summary>
#
# A head needs $T^2d$ for its scores and as much for its averages: over all heads $2T^2D$. This exceeds $8TD^2$ when $T>4D$. For $D=128$ that is beyond 512 tokens.
#
# </details>
#
# 2. Your language model has a training loss of 0.02 after a few hundred steps. What do you check first?
#
# <details><summary>Answer</summary>
#
# The causal mask, and the shift of the targets. Change a late token and see whether an early output moves.
#
# </details>
#
# 3. Why may you pad the *queries* without a mask?
#
# <details><summary>Answer</summary>
#
# Nobody reads their outputs, and no other token does: as keys they are hidden. In the loss their targets are left out.
#
# </details>

# %% [markdown]
# ## References
#
# - S. Abnar, W. Zuidema (2020). *Quantifying attention flow in transformers.* arXiv:2005.00928.
# - J. L. Ba, J. R. Kiros, G. E. Hinton (2016). *Layer normalization.* arXiv:1607.06450.
# - D. Bahdanau, K. Cho, Y. Bengio (2015). *Neural machine translation by jointly learning to align and translate.* arXiv:1409.0473.
# - T. Dao and others (2022). *FlashAttention: fast and memory-efficient exact attention with IO-awareness.* arXiv:2205.14135.
# - J. Devlin and others (2019). *BERT: pre-training of deep bidirectional transformers for language understanding.* arXiv:1810.04805.
# - A. Dosovitskiy and others (2021). *An image is worth 16x16 words: transformers for image recognition at scale.* arXiv:2010.11929.
# - A. Henry and others (2020). *Query-key normalization for transformers.* arXiv:2010.04245.
# - A. Holtzman and others (2020). *The curious case of neural text degeneration.* arXiv:1904.09751.
# - S. Jain, B. C. Wallace (2019). *Attention is not explanation.* arXiv:1902.10186.
# - K. Jordan and others (2024). *Muon: an optimizer for hidden layers in neural networks.* kellerjordan.github.io/posts/muon.
# - O. Press, L. Wolf (2017). *Using the output embedding to improve language models.* arXiv:1608.05859.
# - A. Radford and others (2018). *Improving language understanding by generative pre-training.* OpenAI.
# - N. Shazeer (2019). *Fast transformer decoding: one write-head is all you need.* arXiv:1911.02150.
# - D. R. So and others (2021). *Primer: searching for efficient transformers for language modeling.* arXiv:2109.08668.
# - J. Su and others (2021). *RoFormer: enhanced transformer with rotary position embedding.* arXiv:2104.09864.
# - A. Vaswani and others (2017). *Attention is all you need.* arXiv:1706.03762.
# - R. Xiong and others (2020). *On layer normalization in the transformer architecture.* arXiv:2002.04745.
# - B. Zhang, R. Sennrich (2019). *Root mean square layer normalization.* arXiv:1910.07467.
