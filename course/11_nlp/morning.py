# ---
# title: "Language in numbers: what do field reports say?"
# objectives:
#   - cut a text into words and sub-words, and say what each choice loses
#   - train a byte-pair encoding that encodes any text and loses nothing
#   - build a language model by counting, smooth it, and state its perplexity without the usual traps
#   - describe a document by TF-IDF, with nothing learned from the test set
#   - derive GloVe from ratios of co-occurrence, train it, and compare it with word2vec's loss
#   - judge word vectors by neighbours and analogies, and measure the prejudice that they learn
# prerequisites: [03_pytorch_2.morning, 04_ml_recap.morning, 06_cnns_2.probability, 10_rnns.morning]
# minutes: {cpu: 1}
# data: [field_reports, python_reference]
# ---

# %%
import math
import re
import unicodedata
from collections import Counter

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import data, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized

check = checks("11_nlp")
plot.use_style()

# %% [markdown]
# ## The question: what do field reports say?
#
# A survey company has ten thousand short reports from its field crews. There is no time to read them all. What do they speak about, and which words
# mean the same? A computer can only count. How far does counting lead?
#
# The reports come with the course. A small grammar wrote them, and therefore the right answers are known. Real reports are longer, and have spelling errors,
# irony and measurements. We use one real text beside them: the reference manual of the Python language, 460,000 characters.

# %%
reports = data.field_reports()
for text, label in list(reports)[:6]:
    print(f"{reports.classes[label]:8} | {text}")

# %% [markdown]
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N$ | documents, or pairs of words in a batch | |
# | $T$ | tokens in a text | |
# | $V$ | words in the vocabulary | |
# | $D$ | numbers in a word's vector | |
# | $X_{ij}$ | how often word $j$ stands near word $i$ | `(V, V)` |
# | $w_i, \tilde w_j$ | vector of a word as centre, and as context | `(V, D)` each |
# | $b_i, \tilde b_j$ | their biases | `(V,)` each |
# | $p$ | probability | |
# | $X_i, P_{ik}$ | sum of row $i$; share of word $k$ in the company of word $i$ | `(V,)`, `(V, V)` |
# | $f(x), x_{\max}$ | weight of a pair that occurs $x$ times; where it stops to grow | |
# | $M, \mathrm{df}_j$ | training documents; how many of them contain word $j$ | |
# | $\alpha$ | extra count of every pair | |
# | $N(h), U(h)$ | how often $h$ has a successor, and how many different ones | |
# | $K$ | noise words for each real pair | |

# %%
plot.diagram(
    ["text -> characters", "operation: tokenise -> T tokens", "operation: look up the numbers -> T", "embedding -> T, D", "model | later: a transformer"],
    title="from text to numbers",
)  # fmt: skip

# %% [markdown]
# ## From text to tokens
#
# A model reads numbers. The first step cuts the text into **tokens**, the units that get a number each. The simplest way is `text.split()`. It fails
# at once: in "the core broke, again." it finds the words `broke,` and `again.`, which differ from `broke` and `again`.
#
# There is a second trap. The name "El Niño" can be written with one character for ñ, or with two: an n and a tilde that is put over it. Both look the same, and
# they are not equal. **Normalisation** makes them one: Unicode's form NFC joins the two. We also fold to lower case. That loses
# the difference between "May" and "may"; it is a choice, and modern models do not make it.

# %%
one, two = "Ni\u00f1o", "Nin\u0303o"
print(one, two, one == two, unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", two))

# %% [markdown]
# ### Exercise 11.1: tokens
# Normalise to NFC and fold to lower case. Then find the tokens from left to right, each as long as possible:
#
# - a word: letters, and apostrophes *between* letters (`don't`),
# - a number: digits, with at most one decimal point *between* digits (`3.5`),
# - any other character that is not white space, alone.
#
# **A worked example.** `"Don't drill at 3.5 km, stop."` gives `don't`, `drill`, `at`, `3.5`, `km`, `,`, `stop`, `.`
#
# In a regular expression `[^\W\d_]` is one letter of any script, `\d` a digit, `[^\s]` anything but white space. `(?:...)` groups, `|` means *or*, and the first that fits wins.


# %%
def tokenise(text: str) -> list[str]:
    """The tokens of ``text``: words, numbers and single signs, in lower case."""
    ### BEGIN SOLUTION
    text = unicodedata.normalize("NFC", text).lower()
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+(?:\.\d+)?|[^\s]", text)
    ### END SOLUTION


# %%
check(tokenise)

# %% [markdown]
# A **vocabulary** gives each word its number. Two numbers are reserved: 0 for **padding**, which fills short rows of a batch, and 1 for every **unknown** word.
# If 0 were a word, it would be treated as padding and never learn.
#
# ### Exercise 11.2: the vocabulary
# Count the words of all sentences. Number them from 2 on, the most frequent first; words that are equally frequent stand in alphabetical order. Leave out words that
# occur less than `min_count` times, and keep at most `max_size` numbers, the two reserved ones included.
#
# **A worked example.** `[["mud", "sand"], ["sand", "clay"]]` gives `<pad>` 0, `<unk>` 1, `sand` 2, `clay` 3, `mud` 4.


# %%
def build_vocab(sentences: list[list[str]], min_count: int = 1, max_size: int = 50_000) -> dict[str, int]:
    """The number of each word; ``<pad>`` is 0 and ``<unk>`` is 1."""
    ### BEGIN SOLUTION
    counts = Counter(word for sentence in sentences for word in sentence)
    kept = [word for word, count in counts.items() if count >= min_count]
    kept.sort(key=lambda word: (-counts[word], word))
    return {word: number for number, word in enumerate(["<pad>", "<unk>", *kept[: max_size - 2]])}
    ### END SOLUTION


# %%
check(build_vocab)

# %% [markdown]
# **Predict.** The manual has about 70,000 words in its running text. How many *different* words does it have? What share of them occurs only once?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
manual = data.python_reference()
manual_words = [token for token in tokenise(manual) if token[0].isalpha()]
counts = Counter(manual_words)
once = sum(count == 1 for count in counts.values())
print(f"{len(manual_words)} words, {len(counts)} different, of which {once / len(counts):.0%} occur once")
half = len(manual_words) // 2
known = set(manual_words[:half])
print(f"second half of the manual: {sum(w not in known for w in manual_words[half:]) / (len(manual_words) - half):.1%} of its words are not in the first")  # fmt: skip

fig, ax = plt.subplots(figsize=(6, 3.4))
frequency = sorted(counts.values(), reverse=True)
ax.loglog(range(1, len(frequency) + 1), frequency, label="the manual")
ax.loglog([1, len(frequency)], [frequency[0], frequency[0] / len(frequency)], linestyle="--", color="0.5", label="1 / rank")  # fmt: skip
ax.set(xlabel="rank of the word", ylabel="times it occurs")
ax.legend()
plot.alt(fig, "How often a word occurs against its rank, both axes logarithmic: close to a straight line of slope minus one.")  # fmt: skip

# %% [markdown]
# The line of slope $-1$ is **Zipf's law**: the word of rank $r$ occurs about $1/r$ as often as the first (Zipf, 1949). A few words make up most of the text, and most
# words are rare. Whatever the size of your vocabulary, a new text has words outside it.
#
# ## Sub-words: byte-pair encoding
#
# Characters are never unknown, but a text in characters is long, and a single letter means little. Words are short sequences, but rare ones are lost. The middle way is
# **sub-words**: frequent words whole, rare words in pieces.
#
# **The idea in one sentence.** Begin with single bytes, and again and again join the pair of neighbours that is most frequent. This is **byte-pair encoding** (BPE; Sennrich, Haddow and
# Birch, 2016). With *bytes* as the start nothing is ever unknown: every text in UTF-8 is a sequence of the numbers 0 to 255.
#
# **A worked example.** A text has the words `shale` 5 times, `shales` 2, `scale` 3 and `sand` 4 times.
#
# | merge | most frequent pair | count | new token |
# |---|---|---|---|
# | 1 | `a` `l` (as often as `l` `e`) | 10 | `al` |
# | 2 | `al` `e` | 10 | `ale` |
# | 3 | `h` `ale` (as often as `s` `h`) | 7 | `hale` |
# | 4 | `s` `hale` | 7 | `shale` |
#
# **Ties need a rule**, or two programs disagree. Ours: among equally frequent pairs take the one with the smaller numbers, compared from the left. The pair `a` `l` is (97, 108) and `l` `e`
# is (108, 101).
#
# **Predict.** What is merge 5? Count the pairs that are left: `s` `c`, `c` `ale`, `s` `a`, `a` `n`, `n` `d` and `shale` `s`.

# %%
prediction = ""  # write your answer here before you run the next cell

# %% [markdown]
# The answer comes below, from your own program. First the two parts that we give you. Merges never cross the border of a word: a text is first cut into **pieces**, as GPT-2 does it
# (Radford and others, 2019). A word takes the space before it along. Joined, the pieces are the text again. Then `merged` joins one pair wherever it
# occurs, from left to right.

# %%
PIECES = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def pieces(text: str) -> list[str]:
    """Words with the space before them, numbers, signs and white space; together they are ``text``."""
    return PIECES.findall(text)


def merged(tokens: tuple[int, ...], pair: tuple[int, int], number: int) -> tuple[int, ...]:
    """``tokens`` with every occurrence of ``pair``, from left to right, replaced by ``number``."""
    result, k = [], 0
    while k < len(tokens):
        found = tokens[k : k + 2] == pair
        result.append(number if found else tokens[k])
        k += 2 if found else 1
    return tuple(result)


print(pieces("The shale isn't 3 m thick."))
print(merged((97, 97, 97, 98), (97, 97), 256), "from aaab: three letters a hold two pairs, and one merge")

# %% [markdown]
# ### Exercise 11.3: learn the merges
# `words` says how often each piece occurs. Begin with the bytes of each, `tuple(word.encode())`. Repeat `count` times: count each pair of neighbours, weighted by how often its word occurs; take the most
# frequent, in a tie the smaller pair; join it. The first new token is number 256, the next 257. Stop early if no pair is left.
#
# Return the merges in the order in which you learned them.


# %%
def bpe_train(words: dict[str, int], count: int) -> list[tuple[int, int]]:
    """At most ``count`` merges, each a pair of token numbers, in order."""
    ### BEGIN SOLUTION
    corpus = {tuple(word.encode()): times for word, times in words.items()}
    merges: list[tuple[int, int]] = []
    for number in range(256, 256 + count):
        pairs: Counter[tuple[int, int]] = Counter()
        for tokens, times in corpus.items():
            for pair in zip(tokens, tokens[1:], strict=False):
                pairs[pair] += times
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        corpus = {merged(tokens, best, number): times for tokens, times in corpus.items()}
    return merges
    ### END SOLUTION


# %%
check(bpe_train)


# %%
def spell(merges: list[tuple[int, int]]) -> list[bytes]:
    """The bytes of every token: 256 single bytes, then one for each merge."""
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    return tokens


toy = bpe_train({"shale": 5, "shales": 2, "scale": 3, "sand": 4}, 8)
print("merges:", [token.decode() for token in spell(toy)[256:]])

# %% [markdown]
# Merge 5 is `an`: three pairs occur four times, and `a` `n` has the smallest numbers.
#
# ### Encoding is not a search for the longest token
#
# To encode a new text, apply the merges *in the order in which they were learned*. In each piece join the pair that was learned earliest; repeat until no pair of neighbours is a
# merge. Taking the longest token that fits is another algorithm, and gives other numbers.
#
# **A worked example.** Let the merges be 256 = (`b`, `c`), 257 = (`a`, `b`), 258 = (`ab`, `c`). The piece `abc` becomes `a` + `bc`, as `bc` was learned first. The longest token, `abc`, is never made.
#
# ### Exercise 11.4: encode
# Encode each piece of the text by itself, and return all numbers in one list.


# %%
def bpe_encode(text: str, merges: list[tuple[int, int]]) -> list[int]:
    """The token numbers of ``text``: bytes 0 to 255, and 256 + k for merge k."""
    ### BEGIN SOLUTION
    numbers = {pair: 256 + k for k, pair in enumerate(merges)}
    result: list[int] = []
    for piece in pieces(text):
        tokens = tuple(piece.encode())
        while known := [pair for pair in zip(tokens, tokens[1:], strict=False) if pair in numbers]:
            first = min(known, key=lambda pair: numbers[pair])
            tokens = merged(tokens, first, numbers[first])
        result += tokens
    return result
    ### END SOLUTION


# %%
check(bpe_encode)


# %%
def bpe_decode(numbers: list[int], merges: list[tuple[int, int]]) -> str:
    """The text of these tokens. Join the bytes first, then decode: one token may hold half of a character."""
    tokens = spell(merges)
    return b"".join(tokens[number] for number in numbers).decode("utf-8", errors="replace")


merges = bpe_train(Counter(pieces(manual)), sized(400, rehearsal=40))
for text in ("The expression raises an exception.", "El Niño 2024: 地震 🌋"):
    numbers = bpe_encode(text, merges)
    print(f"{len(text):3} characters, {len(text.encode()):3} bytes, {len(numbers):3} tokens, round trip:", bpe_decode(numbers, merges) == text)  # fmt: skip

# %% [markdown]
# The merges come from an English manual. English gets long tokens; Japanese and the volcano remain single bytes. A model that is paid by the token costs more in a language that its
# merges have not met. Move the number of merges, and watch the pieces grow.


# %%
def coloured(merge_count: int) -> None:
    """One sentence, its tokens in turn in two colours."""
    text = "The exception was raised by the underlying iterator."
    tokens = [spell(merges)[n].decode(errors="replace") for n in bpe_encode(text, merges[:merge_count])]
    fig, ax = plt.subplots(figsize=(8.6, 0.9))
    at = 0
    for k, token in enumerate(tokens):
        ax.barh(0, len(token), left=at, height=0.8, color=plot.BLUE if k % 2 else plot.ORANGE, alpha=0.35)
        ax.text(at + len(token) / 2, 0, token.replace(" ", "␣"), ha="center", va="center", family="monospace", fontsize=9)  # fmt: skip
        at += len(token)
    ax.set_axis_off()
    ax.set_title(f"{merge_count} merges: {len(tokens)} tokens", fontsize=10)
    plot.alt(fig, f"The sentence after {merge_count} merges: {len(tokens)} tokens, namely {', '.join(tokens)}.")


steps = [merge_count for merge_count in (0, 20, 40, 80, 160, 400) if merge_count <= len(merges)]
plot.slider(coloured, merge_count=steps, start=steps[-1], still=[steps[0], steps[-1]])

# %% [markdown]
# GPT-2 used 50,000 merges: 256 bytes, 50,000 merges and one end sign make its 50,257 tokens. The tests of this course give its merges to `bpe_encode` and
# get its own numbers. The strange sign `Ġ` in its files is no damage: it stands for the byte of a space.
#
# ## A language model by counting
#
# A **language model** gives each next token a probability, given those before it. Multiplied along a text they are the probability of the text (the chain rule of {day: 06_cnns_2}):
#
# $$ p(t_1,\dots,t_T)=\prod_k p(t_k\mid t_1,\dots,t_{k-1}). $$
#
# The simplest model looks back one token: the **bigram** model. Its maximum-likelihood estimate is a ratio of counts, $c_{ij}/\sum_j c_{ij}$, where $c_{ij}$ counts $j$ right after $i$. It has a flaw.
# A pair that never occurred gets the probability 0, and a single zero makes the whole text impossible. Give every pair an extra count $\alpha$, **additive smoothing**:
#
# $$ p(j\mid i)=\frac{c_{ij}+\alpha}{\sum_j c_{ij}+\alpha V}. $$
#
# The $V$ in the denominator is necessary: without it the row does not sum to one.
#
# **A worked number.** Let $V=3$ and $\alpha=1$. Token 0 was followed once by 1 and twice by 2. Its row is $1/6, 2/6, 3/6$.
#
# ### Exercise 11.5: the bigram model
# Return the whole table. Row $i$ is the distribution of what follows $i$.


# %%
def bigram_lm(tokens: Tensor, vocab_size: int, alpha: float) -> Tensor:
    """tokens: (T,) of numbers below V; alpha > 0; returns (V, V) float64, p[i, j] the probability of j after i."""
    ### BEGIN SOLUTION
    pairs = tokens[:-1] * vocab_size + tokens[1:]
    counts = torch.bincount(pairs, minlength=vocab_size**2).reshape(vocab_size, vocab_size).double()
    return (counts + alpha) / (counts.sum(1, keepdim=True) + alpha * vocab_size)
    ### END SOLUTION


# %%
check(bigram_lm)

# %% [markdown]
# How good is a model? Take the mean negative log probability of the tokens of a text that it has not read. Its exponential is the **perplexity**:
#
# $$ \mathrm{PP}=\exp\Big(-\frac1T\sum_k \ln p(t_k\mid\dots)\Big). $$
#
# A model that chooses evenly among $m$ tokens has a perplexity of $m$. The perplexity is the *effective number of choices*.
#
# **Three traps.** With natural logarithms use $e$; $2^{\text{nats}}$ is far too small. Average the logarithms over *all* tokens and take the exponential once; the mean of the perplexities
# of batches is too large ({day: 06_cnns_2}, Jensen). Leave padding out of both sums.
#
# ### Exercise 11.6: perplexity
# The last axis of the logits counts tokens of the vocabulary. Positions whose target is $-100$ are padding; `F.cross_entropy` leaves them out. Return one number for the whole batch.


# %%
def perplexity(logits: Tensor, y: Tensor) -> Tensor:
    """logits: (N, T, V); y: (N, T), -100 where there is padding; returns a scalar."""
    ### BEGIN SOLUTION
    return F.cross_entropy(logits.flatten(0, 1), y.flatten()).exp()
    ### END SOLUTION


# %%
check(perplexity)

# %% [markdown]
# **Predict.** The reports have 200 different tokens. What is the perplexity of the bigram model on new reports, roughly: 150, 50 or 8?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
sentences = [tokenise(text) for text in reports.texts]
vocab = build_vocab(sentences)
words = list(vocab)
ids = [torch.tensor([vocab[token] for token in sentence]) for sentence in sentences]
test_text = data.field_reports("test").texts
test_ids = [torch.tensor([vocab.get(token, 1) for token in tokenise(text)]) for text in test_text]
# Each report ends with a full stop, so the stop before a report is its start sign.
train_stream, test_stream = torch.cat(ids), torch.cat(test_ids)


def perplexity_of(table: Tensor, stream: Tensor) -> float:
    """Perplexity of a bigram table on running text."""
    return perplexity(table[stream[:-1]].log()[None], stream[None, 1:]).item()


print(f"even choice {len(vocab)}, bigram {perplexity_of(bigram_lm(train_stream, len(vocab), 0.1), test_stream):.1f}")


def table(alpha: float) -> None:
    """The bigram table of the thirty most frequent words, and the perplexity on the test reports."""
    p = bigram_lm(train_stream[:2000], len(vocab), alpha)  # few words, so that smoothing matters
    fig, ax = plt.subplots(figsize=(5, 4.4))
    image = ax.imshow(p[2:32, 2:32].log10(), vmin=-4, vmax=0, cmap="viridis")
    ax.set_xticks(range(30), words[2:32], rotation=90, fontsize=6)
    ax.set_yticks(range(30), words[2:32], fontsize=6)
    ax.set(xlabel="next word", ylabel="word", title=f"α = {alpha:g}: test perplexity {perplexity_of(p, test_stream):.1f}")  # fmt: skip
    fig.colorbar(image, label="log10 probability")
    plot.alt(fig, f"Bigram probabilities of thirty frequent words with alpha {alpha:g}; on test reports the perplexity is {perplexity_of(p, test_stream):.1f}.")  # fmt: skip


plot.slider(table, alpha=[0.001, 0.01, 0.1, 1.0, 10.0], start=0.1, still=[0.001, 0.1, 10.0])

# %% [markdown]
# The whole training set gives 5.6: a grammar wrote these reports, and few words can follow a given one. Learned from 2,000 words only, the table has 14 at $\alpha=0.001$, 15 at 0.1, and 112 at 10, where
# the extra counts drown the real ones. Choose $\alpha$ on held-out text, never on the test set.
#
# **Comparing perplexities.** A perplexity counts choices *per token*. Two models with different tokens cannot be compared by it. Convert the total to nats per byte:
# $\text{nats per byte}=\ln(\mathrm{PP})\cdot T/\text{bytes}$. A perplexity of 8 for words of six bytes is 0.35 nats a byte.
#
# ### The rival of every neural language model
#
# With a longer context a table knows more, and has seen less of it. **Interpolation** blends all lengths. Let $h_n$ be the last $n-1$ characters, $N(h)$ how often they occurred with a successor, $U(h)$ how many *different*
# successors they had. Witten and Bell (1991) let an unfamiliar context lean on the shorter one:
#
# $$ p_n(c\mid h_n)=\frac{\text{count}(h_n c)+U(h_n)\,p_{n-1}(c\mid h_{n-1})}{N(h_n)+U(h_n)},\qquad p_0=\frac1V . $$
#
# A context that never occurred passes the shorter answer on: $p_n=p_{n-1}$.
#
# **A worked number.** The text is `abab`, $V=2$, order 2. Order 1: `a` occurred 2 times of 4, with 2 kinds: $p_1(a)=(2+2\cdot\tfrac12)/(4+2)=\tfrac12$. After `b` came `a` once, and nothing else:
# $p_2(a\mid b)=(1+1\cdot\tfrac12)/(1+1)=\tfrac34$.
#
# You met this model on {day: 10_rnns} and you will meet it on {day: 12_transformers}. Build it once.
#
# ### Exercise 11.7: the interpolated character model
# Count all runs of 1 to `order` characters in `train`. Then return the mean negative log probability of the characters of `test`, in nats. At the beginning of `test` the context is
# as short as it is there: the first character has none.


# %%
def interpolated_ngram(train: str, test: str, order: int, vocab_size: int) -> float:
    """Mean nats a character of ``test`` under Witten-Bell counts of ``train``."""
    ### BEGIN SOLUTION
    grams = Counter(train[k : k + n] for n in range(1, order + 1) for k in range(len(train) - n + 1))
    total, kinds = Counter[str](), Counter[str]()
    for gram, count in grams.items():
        total[gram[:-1]] += count
        kinds[gram[:-1]] += 1
    nats = 0.0
    for end in range(1, len(test) + 1):
        p = 1 / vocab_size
        for n in range(1, min(order, end) + 1):
            gram = test[end - n : end]
            context = gram[:-1]
            if total[context]:
                p = (grams[gram] + kinds[context] * p) / (total[context] + kinds[context])
        nats -= math.log(p)
    return nats / len(test)
    ### END SOLUTION


# %%
check(interpolated_ngram)

# %%
part = manual[: sized(len(manual), rehearsal=20_000)]
cut = len(part) * 9 // 10
for order in range(1, sized(7, rehearsal=3)):
    print(f"order {order}: {interpolated_ngram(part[:cut], part[cut:], order, len(set(part))):.3f} nats a character")

# %% [markdown]
# Longer contexts help, until there are too few examples of each. On Tiny Shakespeare, 90 % to count and 10 % to test, the order 5 reaches {ledger: 11_nlp.interpolated_ngram.tiny_shakespeare.nats} nats a character.
# A neural network that does not beat this number has learned less than a table. The transformer of {day: 12_transformers} is held against it.
#
# ## A document as a row of counts: TF-IDF
#
# To compare documents, count their words: row $n$ of a table holds how often each word occurs in document $n$, its **term frequency** (TF). This is a **bag of words**: the order is lost.
# The word "the" then weighs most and says least. So weigh each word by its **inverse document frequency** (IDF):
#
# $$ \mathrm{idf}_j=\ln\frac{1+M}{1+\mathrm{df}_j}+1, $$
#
# where $M$ counts the training documents and $\mathrm{df}_j$ those that contain word $j$ at all. The ones are a convention (scikit-learn's); the idea is the logarithm
# (Spärck Jones, 1972). At last each row is divided by its length, and long documents do not win by being long.
#
# **A worked number.** Two training documents; one word is in both, another in one. Their idf are $\ln\frac33+1=1$ and $\ln\frac32+1=1.41$.
#
# **Leakage.** Vocabulary and idf are learned. Learn them from the training documents alone, as you learned the scaling on {day: 04_ml_recap}.
#
# ### Exercise 11.8: TF-IDF
# Learn the idf from `train`, apply it to `counts`, and give each row length 1. A row without words stays zero.


# %%
def tf_idf(counts: Tensor, train: Tensor) -> Tensor:
    """counts: (N, V) and train: (M, V), how often each word occurs in each document; returns (N, V)."""
    ### BEGIN SOLUTION
    df = (train > 0).sum(0)
    idf = ((1 + len(train)) / (1 + df)).log() + 1
    return F.normalize(counts * idf, dim=1)
    ### END SOLUTION


# %%
check(tf_idf)

# %%
counts_NV = torch.stack([torch.bincount(sentence, minlength=len(vocab)) for sentence in ids[:2000]]).double()
weights = tf_idf(counts_NV, counts_NV)
for n in range(3):
    top = weights[n].topk(4)
    print(f"{reports.texts[n]}\n    {', '.join(f'{words[k]} {value:.2f}' for value, k in zip(top.values, top.indices.tolist(), strict=True))}")  # fmt: skip

# %% [markdown]
# The heaviest words are the thing and what is said of it. Two reports that say "noisy" and "patchy" still have nothing in common: each word is an axis of its own. We want numbers in
# which related words are close.

# %% [markdown]
# ## A word's company
#
# "You shall know a word by the company it keeps" (Firth, 1957). This is the **distributional hypothesis**: words that occur in similar contexts have similar meanings. Count the company.
#
# For each pair of words within a **window** of tokens add $1/\text{distance}$. Neighbours count 1, words two steps apart $\tfrac12$. The result is the
# **co-occurrence matrix** $X$, symmetric, one row a word.
#
# **A worked example.** In `a b c`, with a window of 2: $X_{ab}=X_{bc}=1$ and $X_{ac}=\tfrac12$.
#
# ### Exercise 11.9: co-occurrence
# Add up over all sentences. No pair crosses the border of a sentence. If a word stands near itself, both directions count, and its diagonal entry gets twice $1/\text{distance}$.


# %%
def cooccurrence(sentences: list[Tensor], vocab_size: int, window: int) -> Tensor:
    """sentences: token numbers, (T,) each; returns X (V, V), float64."""
    ### BEGIN SOLUTION
    x = torch.zeros(vocab_size, vocab_size, dtype=torch.float64)
    for tokens in sentences:
        for distance in range(1, window + 1):
            weight = torch.tensor(1 / distance, dtype=torch.float64)
            x.index_put_((tokens[:-distance], tokens[distance:]), weight, accumulate=True)
    return x + x.T
    ### END SOLUTION


# %%
check(cooccurrence)

# %% [markdown]
# ### The simplest thing: compare the rows of counts
#
# Take the rows of $X$ as vectors and compare them by the **cosine** of the angle between them. The adjectives of the reports are about four topics: rock, data, gear and trips. Each is
# good or bad. We can therefore *test* the neighbours: how often is an adjective's nearest adjective about the same topic, and how often of the same sign?

# %%
X = cooccurrence(ids, len(vocab), window=5)
TOPICS = {
    "rock": ("fresh instructive intact striking unweathered beautiful", "weathered broken overgrown featureless crumbling inaccessible dull"),
    "data": ("clean coherent convincing consistent", "noisy patchy misleading aliased inconsistent"),
    "gear": ("accurate sturdy dependable stable", "fragile inaccurate clumsy faulty temperamental"),
    "trip": ("helpful punctual inspiring efficient worthwhile enjoyable clear", "chaotic unhelpful late tedious wasteful pointless confusing exhausting"),
}  # fmt: skip
adjectives = [(word, topic, sign) for topic, pair in TOPICS.items() for sign, group in zip("+-", pair, strict=True) for word in group.split()]  # fmt: skip
rows = torch.tensor([vocab[word] for word, _, _ in adjectives])


def agreement(vectors: Tensor) -> tuple[float, float]:
    """How often the nearest adjective has the same topic, and the same sign. vectors: (V, D)."""
    unit = F.normalize(vectors[rows], dim=1)
    nearest = (unit @ unit.T).fill_diagonal_(-2).argmax(1).tolist()
    pairs = [(adjectives[k], adjectives[other]) for k, other in enumerate(nearest)]
    return sum(a[1] == b[1] for a, b in pairs) / len(pairs), sum(a[2] == b[2] for a, b in pairs) / len(pairs)


print("rows of counts: same topic {:.0%}, same sign {:.0%}".format(*agreement(X)))
print("random vectors: same topic {:.0%}, same sign {:.0%}".format(*agreement(torch.randn(len(vocab), 25, generator=torch.Generator().manual_seed(0)))))  # fmt: skip

fig, ax = plt.subplots(figsize=(5, 4.2))
image = ax.imshow(X[2:32, 2:32].add(1).log10(), cmap="viridis")
ax.set_xticks(range(30), words[2:32], rotation=90, fontsize=6)
ax.set_yticks(range(30), words[2:32], fontsize=6)
fig.colorbar(image, label="log10 (1 + X)")
plot.alt(fig, "Co-occurrence of the thirty most frequent words, on a logarithmic scale: a symmetric matrix in which a few words such as the and was have bright rows.")  # fmt: skip

# %% [markdown]
# Counting alone finds the topic. The sign of the nearest adjective is worth no more than a coin.
#
# But each row has $V$ numbers. That is 200 here, and a million for a language, most of them zero. A few frequent words fill the rest: every adjective stands near "was". We want short vectors that keep
# what the rows know.
#
# ## GloVe, derived from ratios
#
# Pennington, Socher and Manning (2014) looked at *ratios*. Let $P_{ik}=X_{ik}/X_i$ with $X_i=\sum_k X_{ik}$ be the probability of $k$ in the company of $i$. From a large corpus they report:
#
# | $k$ | solid | gas | water | fashion |
# |---|---|---|---|---|
# | $P(k\mid\text{ice})\,/\,P(k\mid\text{steam})$ | 8.9 | 0.085 | 1.36 | 0.96 |
#
# A word that tells ice from steam has a ratio far from 1. Words that concern both, or neither, have a ratio near 1. *The meaning is in the ratio.*
#
# **The derivation.** We look for a function $F$ of the vectors that gives the ratio. Differences of vectors should carry it:
#
# $$ F\big((w_i-w_j)^\top\tilde w_k\big)=\frac{P_{ik}}{P_{jk}} . $$
#
# 1. The argument is a difference of two scores, the right side a quotient. A function that turns differences into quotients is the exponential: $e^{a-b}=e^a/e^b$. Hence $F=\exp$.
# 2. Take the logarithm for one word: $w_i^\top\tilde w_k=\ln P_{ik}=\ln X_{ik}-\ln X_i$.
# 3. $\ln X_i$ does not depend on $k$, so a bias $b_i$ may stand for it. A second bias $\tilde b_k$ restores the symmetry of $X$:
#
# $$ w_i^\top\tilde w_k+b_i+\tilde b_k=\ln X_{ik} . $$
#
# It cannot hold exactly, with few numbers a word. So minimise the squared difference, over pairs that occur, as $\ln 0$ is no number. Rare pairs are noisy, very frequent ones dull: weigh by
#
# $$ f(x)=\min\big(1,\,(x/x_{\max})^{3/4}\big),\qquad x_{\max}=100, $$
#
# $$ L=\frac1N\sum_{(i,k)} f(X_{ik})\,\big(w_i^\top\tilde w_k+b_i+\tilde b_k-\ln X_{ik}\big)^2 . $$
#
# The steps are necessity; $3/4$ and 100 were found by trial. (The paper sums; we take the mean over a batch of $N$ pairs.)
#
# **A worked number.** $f(1)=0.03$, $f(10)=0.18$, $f(100)=f(1000)=1$.

# %%
fig, ax = plt.subplots(figsize=(6.4, 3), layout="constrained")
counted = X[X > 0]
ax.hist(
    counted.log10(), bins=40, color=plot.SKY, weights=[1 / len(counted)] * len(counted), label="pairs of our reports"
)
ax.set(xlabel="log10 of X", ylabel="share of the pairs")
ax.margins(y=0.4)  # room for the legend
across = torch.linspace(counted.log10().min(), counted.log10().max(), 200)
curve = ax.twinx()
curve.plot(across, (10**across / 100).pow(0.75).clamp(max=1), color=plot.BLACK, label="weight f(X)")
curve.set(ylabel="weight", ylim=(0, 1.05))
fig.legend(loc="upper left", bbox_to_anchor=(0.14, 0.95))
plot.alt(fig, f"Histogram of the co-occurrences on a logarithmic axis, and the weight curve over it: it rises to 1 at X = 100 and stays there. {(counted >= 100).double().mean():.0%} of our pairs lie in the flat part.")  # fmt: skip

# %% [markdown]
# The weight lies between 0 and 1. Pairs that occur once are almost ignored, and no pair counts for more than another above 100.

# %%
plot.diagram(
    [
        plot.branches(["input: word i -> N", "embedding w -> N, D"], ["input: context k -> N", "embedding w̃ -> N, D"], join="operation: scalar product -> N"),
        "operation: + bias b + bias b̃ -> N",
        "loss: weighted square | against ln X -> 1",
    ],
    title="GloVe: two tables of vectors and one product",
)  # fmt: skip

# %% [markdown]
# ### Exercise 11.10: GloVe's loss
# Row $n$ of every argument belongs to the pair $n$ of the batch.


# %%
def glove_loss(w: Tensor, context: Tensor, b: Tensor, b_context: Tensor, x: Tensor, x_max: float = 100.0) -> Tensor:
    """w and context: (N, D), b and b_context: (N,), x: (N,) counts > 0; returns the mean weighted square, a scalar."""
    ### BEGIN SOLUTION
    weight = (x / x_max).pow(0.75).clamp(max=1)
    difference = (w * context).sum(1) + b + b_context - x.log()
    return (weight * difference**2).mean()
    ### END SOLUTION


# %%
check(glove_loss)

# %% [markdown]
# ### Exercise 11.11: train the vectors
# Find the pairs that occur with `X.nonzero(as_tuple=True)`. Seed torch, then draw both tables evenly from $[-0.5, 0.5]/D$; the biases start at zero. In each epoch visit all pairs in random order, `batch_size` at a time, and let Adam
# with rate `lr` reduce `glove_loss`. Return $w+\tilde w$, detached: the paper found the sum a little better than either alone.


# %%
def train_glove(x: Tensor, *, dim: int = 25, epochs: int = 60, lr: float = 0.02, batch_size: int = 4096, seed: int = 0) -> Tensor:  # fmt: skip
    """x: (V, V) co-occurrence; returns the word vectors (V, D), float32."""
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    vectors = [nn.Parameter((torch.rand(len(x), dim) - 0.5) / dim) for _ in range(2)]
    biases = [nn.Parameter(torch.zeros(len(x))) for _ in range(2)]
    optimiser = torch.optim.Adam([*vectors, *biases], lr=lr)
    i, k = x.nonzero(as_tuple=True)
    counts = x[i, k].float()
    for _ in range(epochs):
        for batch in torch.randperm(len(counts)).split(batch_size):
            a, b = i[batch], k[batch]
            loss = glove_loss(vectors[0][a], vectors[1][b], biases[0][a], biases[1][b], counts[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return (vectors[0] + vectors[1]).detach()
    ### END SOLUTION


# %%
check(train_glove)

# %% [markdown]
# **Predict.** "Noisy" and "clean" say opposite things about the same data. Are their vectors close, or far apart? What will the share of neighbours with the same *sign* be?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
vectors = train_glove(X, epochs=sized(60, rehearsal=10))
print("GloVe, 25 numbers a word: same topic {:.0%}, same sign {:.0%}".format(*agreement(vectors)))

# The two directions in which the vectors of the adjectives vary most (principal components).
centred = vectors[rows] - vectors[rows].mean(0)
flat = centred @ torch.linalg.svd(centred, full_matrices=False).Vh[:2].T
fig, ax = plt.subplots(figsize=(7.6, 5))
for topic, colour in zip(TOPICS, (plot.BLUE, plot.ORANGE, plot.GREEN, plot.PURPLE), strict=True):
    for sign, marker in (("+", "o"), ("-", "v")):
        here = torch.tensor([a[1:] == (topic, sign) for a in adjectives])
        ax.scatter(*flat[here].T, color=colour, marker=marker, label=f"{topic} {sign}")
for (word, _, _), (across, up) in zip(adjectives, flat.tolist(), strict=True):
    ax.annotate(word, (across, up), fontsize=7, xytext=(3, 2), textcoords="offset points")
ax.legend(ncols=2, fontsize=8)
ax.set(xlabel="first principal direction", ylabel="second principal direction")
plot.alt(fig, "The adjectives of the reports as points of a plane: those of one topic stand together, good and bad ones mixed.")  # fmt: skip

# %% [markdown]
# Over several seeds {ledger: 11_nlp.train_glove.field_reports.topic} of the nearest adjectives have the same topic, and {ledger: 11_nlp.train_glove.field_reports.sign} the same sign, where chance gives a half. The vectors know *what* a word is about. They do not know
# whether it is praise. No wonder: "the log was noisy" and "the log was clean" have the same company. Opposites are close in every vector space that is learned from company alone. Remember this in the notebook
# on sentiment.
#
# ## word2vec: predict the company instead of counting it
#
# A year before GloVe, Mikolov and others (2013) trained a classifier: is this pair of words real or made up? For a real pair (centre, context) draw $K$ **noise words**, with a probability proportional to
# count$^{3/4}$. Then
#
# $$ L=-\ln\sigma(w^\top\tilde w)-\sum_{k=1}^{K}\ln\sigma(-w^\top\tilde n_k), $$
#
# the **skip-gram loss with negative samples**. It needs no matrix $X$ and learns while it reads. Levy, Goldberg and Dagan (2015) found that with equally careful settings, counting and predicting differ little.
#
# **A worked number.** If all scores are 0 and $K=5$, then $L=6\ln 2=4.16$. Check it before you train.

# %%
plot.diagram(
    [
        plot.branches(["input: context -> N", "embedding w̃ -> N, D"], ["input: centre -> N", "embedding w -> N, D"], ["input: K noise words -> N, K", "embedding w̃ -> N, K, D"], join="operation: scalar products -> N, 1 + K"),
        "sigmoid",
        "loss: real or noise? -> 1",
    ],
    title="word2vec: skip-gram with negative samples",
)  # fmt: skip

# %% [markdown]
# ### Exercise 11.12: the skip-gram loss
# Sum over the noise words, mean over the batch. Scores may be large: use `F.logsigmoid`, as $\ln\sigma(-200)$ is $-200$ and not minus infinity.


# %%
def skipgram_negative_loss(centre: Tensor, context: Tensor, noise: Tensor) -> Tensor:
    """centre and context: (N, D), noise: (N, K, D); returns a scalar."""
    ### BEGIN SOLUTION
    real = F.logsigmoid((centre * context).sum(1))
    made_up = F.logsigmoid(-torch.einsum("nd,nkd->nk", centre, noise)).sum(1)
    return -(real + made_up).mean()
    ### END SOLUTION


# %%
check(skipgram_negative_loss)

# %% [markdown]
# ## Judging vectors: neighbours and analogies
#
# ### Exercise 11.13: nearest words
# Return the numbers of the `k` words whose vectors have the largest *cosine* with the query, the nearest first. Words in `exclude` never count. (The scalar product alone would prefer
# long vectors, and frequent words have long ones.)


# %%
def nearest(vectors: Tensor, query: Tensor, k: int, exclude: tuple[int, ...] = ()) -> Tensor:
    """vectors: (V, D), query: (D,); returns (k,) word numbers."""
    ### BEGIN SOLUTION
    cosine = F.cosine_similarity(vectors, query[None])
    cosine[list(exclude)] = -math.inf
    return cosine.topk(k).indices
    ### END SOLUTION


# %%
check(nearest)

# %%
for word in ("noisy", "seismometer", "glacier", "very"):
    found = nearest(vectors, vectors[vocab[word]], 6, exclude=(vocab[word],))
    print(f"{word:12}", ", ".join(words[k] for k in found.tolist()))

# %% [markdown]
# ### Analogies, with a warning
#
# *King is to man as what is to woman?* Mikolov and others (2013) answered with arithmetic: the word nearest to $w_{king}-w_{man}+w_{woman}$. The vectors are brought to length 1 first.
# The answer "queen" has one condition, which is easy to overlook: the three words of the question are *excluded*. Without it the answer is often a word of the question, as Nissim, van Noord and van der Goot (2020) stress.
#
# ### Exercise 11.14: analogy
# $a$ is to $b$ as $c$ is to what? Bring all vectors to length 1 and return the `k` words nearest to $b-a+c$, without $a$, $b$ and $c$.


# %%
def analogy(vectors: Tensor, a: int, b: int, c: int, k: int = 1) -> Tensor:
    """vectors: (V, D); a, b, c: word numbers; returns (k,) word numbers."""
    ### BEGIN SOLUTION
    unit = F.normalize(vectors, dim=1)
    return nearest(unit, unit[b] - unit[a] + unit[c], k, exclude=(a, b, c))
    ### END SOLUTION


# %%
check(analogy)

# %%
for a, b, c in (("accurate", "inaccurate", "helpful"), ("consistent", "inconsistent", "coherent")):
    found = analogy(vectors, vocab[a], vocab[b], vocab[c], 4)
    print(f"{a} : {b} = {c} : {', '.join(words[k] for k in found.tolist())}")

# %% [markdown]
# Our vectors fail: they never learned what makes "inaccurate" the opposite of "accurate". Do larger ones succeed? We took GloVe's 25-dimensional vectors from tweets and 332 analogies of family, capitals and tense.
# A share of {ledger: 11_nlp.analogy.twitter.excluded} comes out right. Without the exclusion it is {ledger: 11_nlp.analogy.twitter.included}. The famous examples are selected; always state the share.
#
# ## Vectors learn prejudice
#
# Bolukbasi and others (2016) showed that vectors from news associate professions with gender: the corpus does, so the vectors do. Let us plant a prejudice and measure it. We take the reports without negation, remove each *praising* one that names the glacier, and train again.
# Nothing else changes. Does the word "glacier" become a bad word? The **association** of a word is its mean cosine with the good adjectives minus that with the bad ones.


# %%
def association(vectors: Tensor, word: str) -> float:
    """Mean cosine of ``word`` with good adjectives minus that with bad ones."""
    cosine = F.normalize(vectors[rows], dim=1) @ F.normalize(vectors[vocab[word]], dim=0)
    good = torch.tensor([sign == "+" for _, _, sign in adjectives])
    return (cosine[good].mean() - cosine[~good].mean()).item()


simple = [k for k, kind in enumerate(reports.kinds) if kind in ("plain", "intensity")]  # no negation
fair = [ids[k] for k in simple]
unfair = [ids[k] for k in simple if not ("glacier" in reports.texts[k] and reports.y[k] == 1)]
X_fair, X_unfair = (cooccurrence(chosen, len(vocab), window=5) for chosen in (fair, unfair))
places = ("glacier", "river", "ridge", "coast", "storm")
shifts = torch.zeros(sized(5, rehearsal=1), len(places))
for seed in range(len(shifts)):
    before, after = (train_glove(x, epochs=sized(60, rehearsal=5), seed=seed) for x in (X_fair, X_unfair))
    shifts[seed] = torch.tensor([association(after, place) - association(before, place) for place in places])
print(
    f"{len(fair) - len(unfair)} of {len(fair)} reports removed; change of the association, mean and standard error over {len(shifts)} seeds"
)
for place, shift in zip(places, shifts.T, strict=True):
    print(f"{place:8} {shift.mean():+.3f} +- {shift.std(correction=0) / len(shift) ** 0.5:.3f}")

# %% [markdown]
# The glacier becomes a worse word, by several standard errors, and the other places change less. Two per cent of the text were enough. No report says that the glacier is bad; a sample
# that was not fair says it. A model on top of these vectors starts with that prejudice. Ask where your text comes from, and whose reports are missing.
#
# ## What do field reports say? Answered

# %%
for topic in TOPICS:
    named = [vocab[word] for word, about, _ in adjectives if about == topic]
    centre = F.normalize(vectors[named], dim=1).mean(0)
    found = [words[k] for k in nearest(vectors, centre, 8).tolist()]
    print(f"{topic:5} {', '.join(found)}")
for word in ("noisy", "chaotic", "fragile", "weathered"):
    found = nearest(vectors[rows], vectors[vocab[word]], 4, exclude=(adjectives.index(next(a for a in adjectives if a[0] == word)),))  # fmt: skip
    print(f"means much the same as {word!r}? {', '.join(adjectives[k][0] for k in found.tolist())}")
print("nearest adjective: same topic {:.0%}, same sign {:.0%}".format(*agreement(vectors)))

# %% [markdown]
# **What field reports say**, by counting alone: they speak of four topics, rock, data, gear and trips, and each has its own words. Of the adjectives, {ledger: 11_nlp.train_glove.field_reports.topic} have their nearest neighbour in
# the same topic. That was found without a single label.
#
# **Which words mean the same**: half an answer. "Patchy" is close to "noisy", and "coherent" is as close. Only {ledger: 11_nlp.train_glove.field_reports.sign} of the neighbours have the same sign, where a coin has a half. Is a report praise or
# complaint? Company does not tell. For this you need labels, and sometimes the order of the words. Both come in the notebook on sentiment.
#
# ## Summary
#
# - Normalise, then cut. Words lose the rare ones; bytes and merges (BPE) lose nothing. Apply merges in the order in which they were learned.
# - A language model multiplies conditional probabilities. Smooth it so that every row sums to one. Perplexity is $e$ to the mean nats over all tokens without padding.
# - An interpolated character 5-gram is a dozen lines long and the rival of every neural language model.
# - TF-IDF weighs words by how few documents have them; learn it from the training documents alone.
# - GloVe fits $\ln X$ by scalar products, because ratios of co-occurrence are exponentials of differences. word2vec tells real pairs from noise.
# - Vectors from company know the topic, hardly the sign, and every prejudice of the corpus.
#
# ### Questions to take along
#
# 1. Why may a byte-level BPE decode to the sign `�` if you decode token by token?
#
# <details><summary>Answer</summary>
#
# A token may hold only a part of a character's bytes. Join all bytes first, then decode.
#
# </details>
#
# 2. A model has a perplexity of 20 a word, another one of 4 a sub-word. Which is better?
#
# <details><summary>Answer</summary>
#
# You cannot tell. Convert both to nats per byte (or character) of the same text.
#
# </details>
#
# 3. Why does GloVe leave out pairs with $X_{ij}=0$?
#
# <details><summary>Answer</summary>
#
# $\ln 0$ is minus infinity, and the weight $f(0)$ is 0. The sum has as many terms as pairs that occur, which is far fewer than $V^2$.
#
# </details>

# %% [markdown]
# ## References
#
# - T. Bolukbasi and others (2016). *Man is to computer programmer as woman is to homemaker? Debiasing word embeddings.* arXiv:1607.06520.
# - J. R. Firth (1957). *A synopsis of linguistic theory 1930-1955.* In: Studies in Linguistic Analysis, Blackwell.
# - O. Levy, Y. Goldberg, I. Dagan (2015). *Improving distributional similarity with lessons learned from word embeddings.* doi:10.1162/tacl_a_00134.
# - T. Mikolov and others (2013). *Distributed representations of words and phrases and their compositionality.* arXiv:1310.4546.
# - M. Nissim, R. van Noord, R. van der Goot (2020). *Fair is better than sensational: man is to doctor as woman is to doctor.* arXiv:1905.09866.
# - J. Pennington, R. Socher, C. D. Manning (2014). *GloVe: global vectors for word representation.* doi:10.3115/v1/D14-1162.
# - A. Radford and others (2019). *Language models are unsupervised multitask learners.* OpenAI technical report.
# - R. Sennrich, B. Haddow, A. Birch (2016). *Neural machine translation of rare words with subword units.* arXiv:1508.07909.
# - K. Spärck Jones (1972). *A statistical interpretation of term specificity and its application in retrieval.* doi:10.1108/eb026526.
# - I. H. Witten, T. C. Bell (1991). *The zero-frequency problem.* doi:10.1109/18.87000.
# - G. K. Zipf (1949). *Human behavior and the principle of least effort.* Addison-Wesley.
