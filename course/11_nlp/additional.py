# ---
# title: "Sentiment analysis with GloVe: where the bag of words is fooled"
# objectives:
#   - read GloVe's text format, and build the table of vectors for a vocabulary, padding and unknown words included
#   - classify a text by the mean of its vectors, and say what the mean cannot see
#   - write a bidirectional LSTM and a convolutional network that ignore padding
#   - compare them with the simplest rival on the same split, and by kind of report
#   - show which words moved a decision, and test order with minimal pairs
# prerequisites: [11_nlp.morning, 10_rnns.morning, 05_cnns_1.morning]
# minutes: {cpu: 3}
# data: [field_reports]
# ---

# %%
import re
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized
from dlmodule.training import fit, predict

check = checks("11_nlp")
plot.use_style()

# %% [markdown]
# ## The question: praise or complaint?
#
# This morning you found what the field reports speak about. Now: does a report praise or complain? The labels are there to learn from. The real difficulty is
# a report such as "the core was far from broken". Each of its words complains, and the report praises.
#
# The built-in reports are the default. With a folder of real sets at hand, change one line: `SET = "sst2"` or `"rt_polarity"` gives sentences of film reviews.

# %%
SET = "field_reports"
train, test = data.load_texts(SET), data.load_texts(SET, "test")
for kind in dict.fromkeys(train.kinds):
    k = train.kinds.index(kind)
    print(f"{kind:9} {train.classes[train.y[k]]:8} | {train.texts[k]}")

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N, T$ | reports in a batch, tokens of the longest | |
# | $V, D$ | words in the vocabulary, numbers in a word's vector | |
# | $E$ | the table of vectors, one row a word | `(V, D)` |
# | $H, K$ | hidden features of the LSTM, classes | |
# | $s$ | score: logit of praise minus logit of complaint | `(N,)` |
#
# Number 0 of the vocabulary is padding, number 1 every unknown word, as this morning.

# %% [markdown]
# ## The rival: count words, and pairs of words
#
# A logistic regression on TF-IDF weights takes a second. It sees which words occur, not where. With **bigrams** as further columns it sees a little order: "not fresh" is a column of its own.
# Every network of this notebook is held against it.
#
# **Predict.** Half of the reports praise. How often is the regression on *single words* right on negated reports such as "the core was not fresh": 90 %, 50 % or 10 %?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
TOKEN = r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+(?:\.\d+)?|[^\s]"


def tokenise(text: str) -> list[str]:
    """Words, numbers and signs, in lower case (exercise 11.1)."""
    return re.findall(TOKEN, text.lower())


def by_kind(predicted: Tensor, texts: data.Texts = test) -> dict[str, float]:
    """Accuracy on each kind of report, and on all."""
    right = (predicted == texts.y).float()
    kinds = {kind: torch.tensor([k == kind for k in texts.kinds]) for kind in dict.fromkeys(texts.kinds)}
    return {kind: right[here].mean().item() for kind, here in kinds.items()} | {"all": right.mean().item()}


scores: dict[str, dict[str, float]] = {}
for name, longest in (("words", 1), ("words and bigrams", 2)):
    vectoriser = TfidfVectorizer(tokenizer=tokenise, token_pattern=None, ngram_range=(1, longest), sublinear_tf=True)
    rival = LogisticRegression(C=10, max_iter=1000).fit(vectoriser.fit_transform(train.texts), train.y)
    scores[name] = by_kind(torch.tensor(rival.predict(vectoriser.transform(test.texts))))
    print(f"{name:18}", "  ".join(f"{kind} {value:.1%}" for kind, value in scores[name].items()))

# %% [markdown]
# Single words do well on plain reports. On negated and mixed ones they are wrong *nearly always*, worse than a coin: the complaining word is there, and the sign is turned. Bigrams
# repair "not fresh", but not "was far from fresh", where three tokens matter.
#
# ## Vectors from a file
#
# The authors of GloVe (Pennington, Socher and Manning, 2014) publish vectors as text: a word and its numbers on each line, separated by spaces. Two traps. Some words of the large files *contain* spaces (`. . .`), so split from the
# right. And the files are large: keep only what you need.
#
# The next cell trains the vectors of this morning once more, in a few seconds, and writes them in that format. A file of the authors can stand in its place.


# %%
def trained_vectors(sentences: list[list[str]], dim: int = 25, epochs: int = 60) -> tuple[list[str], Tensor]:
    """Words and their GloVe vectors, as in exercises 11.9 to 11.11: all pairs within five tokens, Adam, w + context."""
    words = [word for word, count in Counter(word for sentence in sentences for word in sentence).items() if count > 1]
    number = {word: k for k, word in enumerate(words)}
    x = torch.zeros(len(words), len(words))
    for sentence in sentences:
        ids = torch.tensor([number[word] for word in sentence if word in number])
        for distance in range(1, 6):
            x.index_put_((ids[:-distance], ids[distance:]), torch.tensor(1 / distance), accumulate=True)
    x = x + x.T
    torch.manual_seed(0)
    i, k = x.nonzero(as_tuple=True)
    target, weight = x[i, k].log(), (x[i, k] / 100).clamp(max=1) ** 0.75
    w, c = (nn.Parameter((torch.rand(len(words), dim) - 0.5) / dim) for _ in range(2))
    b, d = (nn.Parameter(torch.zeros(len(words))) for _ in range(2))
    optimiser = torch.optim.Adam([w, c, b, d], lr=0.02)
    for _ in range(epochs):
        for batch in torch.randperm(len(i)).split(4096):
            p, q = i[batch], k[batch]
            loss = (weight[batch] * ((w[p] * c[q]).sum(1) + b[p] + d[q] - target[batch]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return words, (w + c).detach()


sentences = [tokenise(text) for text in train.texts]
file = Path(tempfile.mkdtemp()) / "vectors.25d.txt"
words, trained = trained_vectors(sentences, epochs=sized(60, rehearsal=10))
lines = [
    f"{word} {' '.join(f'{value:.5f}' for value in row)}" for word, row in zip(words, trained.tolist(), strict=True)
]
file.write_text("\n".join(lines) + "\n", encoding="utf-8")
print(lines[0][:60], "...")

# %% [markdown]
# ### Exercise 11.15: read the file
# The last `dim` fields of a line are numbers; whatever stands before them is the word, spaces included. Keep only words of `wanted`, if it is given. Return the words in the
# order of the file, and their vectors.


# %%
def load_glove(path: Path, dim: int, wanted: set[str] | None = None) -> tuple[list[str], Tensor]:
    """The words, and their vectors (V, dim) float32."""
    ### BEGIN SOLUTION
    words, rows = [], []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        word, *numbers = line.rsplit(" ", dim)
        if wanted is None or word in wanted:
            words.append(word)
            rows.append([float(number) for number in numbers])
    return words, torch.tensor(rows)
    ### END SOLUTION


# %%
check(load_glove)

# %% [markdown]
# ### Exercise 11.16: the table for a vocabulary
# Row `n` is the vector of word number `n`. Padding, number 0, is a row of zeros. A word without a vector, and the unknown word itself, get the *mean* of all vectors: it says "some word". A zero would say
# "no word", which is what padding says.


# %%
def embedding_matrix(vocab: dict[str, int], words: list[str], vectors: Tensor) -> Tensor:
    """words and vectors (M, D) from a file; returns (V, D)."""
    ### BEGIN SOLUTION
    table = vectors.mean(0).repeat(len(vocab), 1)
    for k, word in enumerate(words):
        if word in vocab:
            table[vocab[word]] = vectors[k]
    table[vocab["<pad>"]] = 0
    return table
    ### END SOLUTION


# %%
check(embedding_matrix)


# %%
def encode(texts: tuple[str, ...]) -> Tensor:
    """Word numbers (N, T), padded with 0 at the end."""
    return pad_sequence([torch.tensor([vocab.get(w, 1) for w in tokenise(text)]) for text in texts], batch_first=True)


counts = Counter(word for sentence in sentences for word in sentence)
vocab = {word: k for k, word in enumerate(["<pad>", "<unk>", *sorted(counts, key=lambda word: (-counts[word], word))])}
table = embedding_matrix(vocab, *load_glove(file, 25))
x_train, x_test = encode(train.texts), encode(test.texts)
print("table", tuple(table.shape), "   batch of all training reports", tuple(x_train.shape))

# %% [markdown]
# ## The mean of the vectors
#
# **The idea in one sentence.** Represent a text by the mean of its words' vectors, and put one linear layer on top. This is the **bag of vectors**. Padding must not count, neither in the sum nor in the number of
# words: otherwise the score of a report depends on the longest report of its batch.
#
# ### Exercise 11.17: the bag of vectors
# Average over the tokens that are not padding. Each report has at least one.


# %%
def bag_of_vectors(ids: Tensor, table: Tensor) -> Tensor:
    """ids: (N, T), 0 is padding; table: (V, D); returns (N, D)."""
    ### BEGIN SOLUTION
    real = (ids != 0).unsqueeze(2)
    return (table[ids] * real).sum(1) / real.sum(1)
    ### END SOLUTION


# %%
check(bag_of_vectors)


# %%
class Bag(nn.Module):
    """Mean of the vectors, then a linear layer."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=0)
        self.head = nn.Linear(table.shape[1], 2)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(bag_of_vectors(ids, self.embedding.weight))


# %% [markdown]
# A mean has no order: "not terrible, it is great" and "not great, it is terrible" have the same words and get *the same* score, whatever the weights. No training repairs it.
#
# ## Two networks that read the order

# %%
plot.diagram(
    ["word numbers -> N, T", "embedding -> N, T, D", plot.branches(["layer: LSTM, forwards -> N, H"], ["layer: LSTM, backwards -> N, H"], join="concat -> N, 2 H"), "dropout", "linear -> N, 2"],
    title="a bidirectional LSTM for texts",
)  # fmt: skip

# %% [markdown]
# The forward LSTM has read the whole text at its *last real* token. The backward LSTM has read it at the first. So you may not take `out[:, -1]`: for short texts it is padding, and the backward half has seen one token
# there. Packing (exercise 10.10) gives the right last states as `h_n`, of shape `(2, N, H)`.
#
# ### Exercise 11.18: the bidirectional LSTM
# Look up, pack with the true lengths, run the LSTM, join both last states, apply dropout and the head.


# %%
class BiLSTMClassifier(nn.Module):
    """Embedding from a table, one bidirectional LSTM, dropout, linear."""

    def __init__(self, table: Tensor, hidden: int = 64, classes: int = 2) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=0)
        self.lstm = nn.LSTM(table.shape[1], hidden, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, ids: Tensor) -> Tensor:
        """ids: (N, T), 0 is padding; returns logits (N, classes)."""
        ### BEGIN SOLUTION
        lengths = (ids != 0).sum(1).cpu()
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return self.head(self.dropout(torch.cat([h[0], h[1]], dim=1)))
        ### END SOLUTION


# %%
check(BiLSTMClassifier)

# %%
plot.diagram(
    [
        "word numbers -> N, T",
        "embedding -> N, D, T",
        plot.branches(["conv width 2 -> N, C, T - 1", "pool: max over time -> N, C"], ["conv width 3 -> N, C, T - 2", "pool: max over time -> N, C"], ["conv width 4 -> N, C, T - 3", "pool: max over time -> N, C"], join="concat -> N, 3 C"),
        "linear -> N, 2",
    ],
    title="a convolutional network for texts",
)  # fmt: skip

# %% [markdown]
# A convolution over time looks at 2, 3 or 4 neighbouring tokens: learned n-grams, which share what similar words have in common (Kim, 2014). The **maximum over time** keeps the strongest match, wherever it stood.
#
# ### Exercise 11.19: the convolutional network
# For each width: convolve, ReLU, maximum over time. Then join. The texts are first padded to the largest width, so that a short text has a place for the widest kernel.


# %%
class TextCNN(nn.Module):
    """Convolutions of several widths over the words, maximum over time, dropout, linear."""

    def __init__(
        self, table: Tensor, channels: int = 32, widths: tuple[int, ...] = (2, 3, 4), classes: int = 2
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(table, freeze=False, padding_idx=0)
        self.convs = nn.ModuleList(nn.Conv1d(table.shape[1], channels, width) for width in widths)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(channels * len(widths), classes)

    def forward(self, ids: Tensor) -> Tensor:
        """ids: (N, T), 0 is padding; returns logits (N, classes)."""
        ### BEGIN SOLUTION
        widest = max(conv.kernel_size[0] for conv in self.convs)
        x = self.embedding(F.pad(ids, (0, max(0, widest - ids.shape[1])))).movedim(2, 1)
        strongest = [F.relu(conv(x)).amax(2) for conv in self.convs]
        return self.head(self.dropout(torch.cat(strongest, dim=1)))
        ### END SOLUTION


# %%
check(TextCNN)


# %% [markdown]
# ### Exercise 11.20: train
# Seed torch, build the model with `build()`, train it with `fit`: AdamW, `weight_decay` 0.01, batches of 64, a one-cycle rate with peak `lr`, clip 1, in float32. Return the model in evaluation mode.


# %%
def train_sentiment(build, x: Tensor, y: Tensor, *, epochs: int, lr: float = 3e-3, seed: int = 0) -> nn.Module:
    """build(): a new model; x: (N, T) word numbers, y: (N,) classes; returns the trained model, in evaluation mode."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = build()
    fit(
        model, (x, y), epochs=epochs, batch_size=64, lr=lr, weight_decay=0.01,
        schedule="one_cycle", clip=1.0, seed=seed, progress=False, precision="float32",
    )  # fmt: skip
    return model.eval()
    ### END SOLUTION


# %%
check(train_sentiment)

# %% [markdown]
# **Predict.** Three networks get the same vectors and the same reports. On which kinds of report does the bag of vectors lose to the other two? Will it do better than single words on negated reports?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
few = sized(len(x_train), rehearsal=500)
models = {}
for name, build in (("bag of vectors", lambda: Bag(table)), ("TextCNN", lambda: TextCNN(table)), ("BiLSTM", lambda: BiLSTMClassifier(table))):  # fmt: skip
    models[name] = train_sentiment(build, x_train[:few], train.y[:few], epochs=sized(6, rehearsal=1))
    scores[name] = by_kind(predict(models[name], x_test, precision="float32").argmax(1))
    print(f"{name:18}", "  ".join(f"{kind} {value:.1%}" for kind, value in scores[name].items()))


# %% [markdown]
# ## Which words decided?
#
# A score says *what* the model answers. To ask *why*, take a word away and look how far the score falls.
#
# **A worked number.** "The core was fresh" has the score 3, and "the core was" has 0.5. So "fresh" contributes $3-0.5=2.5$. If "was fresh" has 3.1, then "core" contributes $-0.1$: nearly nothing.
#
# ### Exercise 11.21: attribution by leaving out
# The contribution of a token is the score of the whole text minus the score without that token. `score` takes `(N, T)` and returns `(N,)`. A text has at least two tokens.


# %%
def attribution(score, ids: Tensor) -> Tensor:
    """score: (N, T) -> (N,); ids: (T,); returns (T,), positive where the token spoke for praise."""
    ### BEGIN SOLUTION
    without = torch.stack([torch.cat([ids[:k], ids[k + 1 :]]) for k in range(len(ids))])
    return score(ids[None]) - score(without)
    ### END SOLUTION


# %%
check(attribution)

# %% [markdown]
# **Predict.** Take the report "the core was far from broken". What word has the largest contribution for the bag of vectors, and with what sign? And for the LSTM?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
def praise_score(model: nn.Module, ids: Tensor) -> Tensor:
    """Logit of praise minus logit of complaint. ids: (N, T); returns (N,)."""
    return predict(model, ids, precision="float32").diff(dim=1)[:, 0]


REPORTS = ("the core was fresh .", "the core was not fresh .", "the core was far from broken .", "the guide was chaotic , but the core was fresh .")  # fmt: skip


def contributions(number: int) -> None:
    """What each word of one report contributes to the score of praise, for two models."""
    ids, tokens = encode(REPORTS[number : number + 1])[0], tokenise(REPORTS[number])
    fig, axes = plt.subplots(1, 2, figsize=(8, 0.9 + 0.24 * len(ids)), sharey=True, layout="constrained")
    said = []
    for ax, name in zip(axes, ("bag of vectors", "BiLSTM"), strict=True):
        values = attribution(partial(praise_score, models[name]), ids)
        whole = praise_score(models[name], ids[None]).item()
        ax.barh(range(len(ids)), values, color=[plot.BLUE if value > 0 else plot.VERMILION for value in values])
        ax.axvline(0, color="0.5", linewidth=1)
        ax.set(xlabel="contribution to praise", title=f"{name}: score {whole:+.1f}")
        said.append(
            f"{name}, score {whole:+.1f}: the largest contribution is that of '{tokens[int(values.abs().argmax())]}'"
        )
    axes[0].set_yticks(range(len(ids)), tokens)
    axes[0].invert_yaxis()
    plot.alt(fig, f"Contribution of each word of '{REPORTS[number]}' as bars. " + "; ".join(said) + ".")


plot.slider(contributions, number=range(len(REPORTS)), start=2, still=range(len(REPORTS)))

# %% [markdown]
# Compare the first two reports. For the bag "fresh" speaks for praise, with and without "not" before it. For the LSTM it changes sides: what a word contributes depends on the words around it.
# A contribution is not a cause, though. Look at the full stop: much of the LSTM's score seems to hang on it. But every training report ends with a stop, so the text without it is one that the model never met.
#
# ### Exercise 11.22: the negation probe
# A **minimal pair** differs in one place that turns the sense: "the core was fresh" and "the core was not fresh". A pair is right only if *both* are: the score of the praising text is above zero and that of the complaining one below.
# One of them alone can be right by luck.


# %%
def negation_probe(score, praise: Tensor, complaint: Tensor) -> float:
    """score: (N, T) -> (N,); praise and complaint: (N, T), row n of both is a pair; returns the share of pairs that are right."""
    ### BEGIN SOLUTION
    return ((score(praise) > 0) & (score(complaint) < 0)).double().mean().item()
    ### END SOLUTION


# %%
check(negation_probe)

# %% [markdown]
# **Predict.** Thirty minimal pairs, each with a negation in both halves. Can the bag of vectors have a single pair right?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
PAIRS = [(f"the {thing} was {n} {bad} .", f"the {thing} was {n} {good} .") for n in ("not", "never", "far from", "by no means", "anything but") for thing, good, bad in (("core", "fresh", "weathered"), ("outcrop", "intact", "broken"), ("survey", "reliable", "noisy"), ("drone", "stable", "fragile"), ("guide", "helpful", "chaotic"), ("seismic line", "coherent", "patchy"))]  # fmt: skip
praise, complaint = (encode(tuple(pair[k] for pair in PAIRS)) for k in (0, 1))
for name, model in models.items():
    print(f"{name:18} {negation_probe(partial(praise_score, model), praise, complaint):.0%} of {len(PAIRS)} pairs")

# %% [markdown]
# The bag has no pair right: it cannot, as "not" moves all its scores by the same amount. Both networks read the order.
#
# ## Find the bug
#
# A colleague trains a bag of vectors of her own. Three symptoms:
#
# 1. The score of a text changes when a longer text joins its batch.
# 2. The alphabetically first word of the vocabulary never has an effect.
# 3. Two evaluations of the same text differ.
#
# ### Exercise 11.23: find the bug
# Three lines are wrong. Repair them and change nothing else.


# %%
def find_the_bug(train: tuple[str, ...], y: Tensor, test: tuple[str, ...], *, epochs: int = 20, lr: float = 1.0, seed: int = 0) -> Tensor:  # fmt: skip
    """Train a bag of vectors on ``train``; returns the logits of ``test``, (M, 2) float64.

    Three lines are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    words = sorted({word for text in train for word in text.split()})
    number = {word: k + 2 for k, word in enumerate(words)}
    torch.manual_seed(seed)
    embedding = nn.Embedding(len(words) + 2, 8, padding_idx=0).double()
    dropout, head = nn.Dropout(0.3), nn.Linear(8, 2).double()

    def logits(texts: tuple[str, ...]) -> Tensor:
        x = pad_sequence([torch.tensor([number.get(w, 1) for w in text.split()]) for text in texts], batch_first=True)
        real = (x != 0).unsqueeze(2)
        mean = (embedding(x) * real).sum(1) / real.sum(1)
        return head(dropout(mean))

    optimiser = torch.optim.SGD([*embedding.parameters(), *head.parameters()], lr=lr)
    for _ in range(epochs):
        optimiser.zero_grad()
        F.cross_entropy(logits(train), y).backward()
        optimiser.step()
    dropout.eval()
    with torch.no_grad():
        return logits(test)
    ### END SOLUTION


# %%
check(find_the_bug)

# %% [markdown]
# ## Praise or complaint? Answered

# %%
fig, ax = plt.subplots(figsize=(7.6, 3.6))
kinds = list(scores["BiLSTM"])
for k, (name, colour) in enumerate(zip(scores, plot.COLOURS, strict=False)):
    ax.bar([n + 0.16 * (k - 2) for n in range(len(kinds))], [scores[name][kind] for kind in kinds], 0.15, color=colour, label=name)  # fmt: skip
ax.axhline(0.5, color="0.6", linewidth=1, linestyle=":")
ax.set_xticks(range(len(kinds)), kinds)
ax.set(ylabel="accuracy on the test reports", ylim=(0, 1.3))
ax.legend(ncols=3, fontsize=8)
plot.alt(fig, "Accuracy by kind of report. Bags of words and of vectors fail on negated and mixed reports; networks that read the order do not.")  # fmt: skip

# %% [markdown]
# **Where the bag of words is fooled**: on negated and mixed reports. Single words are right on 7 % and 2 % of them, the bag of vectors on 17 % and 6 % (seed 0). Worse than a coin: the word is bad, and the sense is good. Bigrams
# reach 82 % and 87 %. Both networks, with vectors from this morning that know nothing of praise, are right on every test report. They needed 10,000 labels and the order of the words.
#
# Be careful with the 100 %. A grammar wrote these reports, and its negations are eleven. On real film reviews nothing is so clean.
#
# ## Summary
#
# - Split GloVe's lines from the right. Padding is zero, an unknown word is the mean.
# - Averages divide by the true length; last states come from packing. Then a score does not depend on the batch.
# - A bag cannot see order. Minimal pairs show it; a test set of plain sentences hides it.
# - Print the simple rival, on the same split, beside every network.
#
# ## References
#
# - Y. Kim (2014). *Convolutional neural networks for sentence classification.* arXiv:1408.5882.
# - J. Pennington, R. Socher, C. D. Manning (2014). *GloVe: global vectors for word representation.* doi:10.3115/v1/D14-1162.
