# ---
# title: "VAEs, continued: tighter bounds, collapse, classes and doubt"
# objectives:
#   - tighten the bound with many draws, and estimate log p(x)
#   - trade rate against distortion on purpose, and find the point where a code collapses
#   - give a VAE a condition, and draw the kind of section you ask for
#   - quantise codes and pass gradients straight through
#   - use a model to doubt; rank images by how unusual they are, and measure how well that works
# prerequisites: [07_vaes.morning]
# minutes: {cpu: 3}
# data: [seismic_sections, glyphs]
# ---

# %%
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import data, measure, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized
from dlmodule.training import fit

check = checks("07_vaes")
plot.use_style()

# %% [markdown]
# ## The question: is this section like the others?
#
# In the morning you compressed sections and drew new ones. Now a section comes in, and you ask the model: *have you seen its like?* A model that has learned $p(x)$ should
# give a strange section a small probability. Then you look at it yourself before you trust any network's answer about it.
#
# ### Letters of this notebook
#
# | letter | meaning | shape |
# |---|---|---|
# | $N, D$ | images in a batch, pixels | |
# | $S$ | draws of $z$ for each image | |
# | $H, K, V$ | hidden features, latent dimensions, entries of a codebook | |
# | $x, z$ | image, latent variable | `(N, D)`, `(N, K)` or `(S, N, K)` |
# | $p, q, w$ | model; approximate posterior; weight $p(x\mid z)\,p(z)/q(z\mid x)$ of a draw | `w`: `(S, N)` |
# | $\mu, \log\sigma^2, \varepsilon$ | mean, log-variance, noise | `(N, K)`; noise `(S, N, K)` |
# | $\beta$ | weight of the rate | |
# | $e$ | codebook | `(V, K)` |
# | $y, C$ | class numbers, number of classes | `(N,)` |
# | $s$ | standard deviation of a Gaussian decoder | |
#
# These parts come from the morning. One thing is new: `kl_by_dimension` returns the KL of *each dimension*, so you sum over them yourself.


# %%
class VAE(nn.Module):
    """features: D, hidden: H, latent: K. x: (N, D), eps: (N, K) -> logits (N, D), mean (N, K), log-variance (N, K)."""

    def __init__(self, features: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, features))

    def forward(self, x: Tensor, eps: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        eps = torch.randn_like(mean) if eps is None else eps
        return self.decoder(mean + (0.5 * log_variance).exp() * eps), mean, log_variance


def kl_by_dimension(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL to the standard normal of each dimension. mean, log_variance: (N, K); returns (N, K) in nats."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)


def log_likelihood(x: Tensor, logits: Tensor) -> Tensor:
    """Bernoulli log p(x | z), summed over pixels. x: (N, D), logits: (..., N, D); returns (..., N)."""
    return (x * logits - F.softplus(logits)).sum(-1)


grey = data.load("glyphs").x.flatten(1)[: sized(20_000, rehearsal=500)]
digits = torch.bernoulli(grey, generator=torch.Generator().manual_seed(0))
test_digits = torch.bernoulli(
    data.load("glyphs", "test").x.flatten(1)[:2000], generator=torch.Generator().manual_seed(1)
)


def train(model: nn.Module, x: Tensor, loss_of, *, epochs: int, lr: float = 2e-3, seed: int = 0) -> nn.Module:
    """Train ``model`` in place. loss_of: (model, batch) -> scalar; x: (N, ...)."""
    torch.manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=lr)
    batches = math.ceil(len(x) / 128)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, total_iters=epochs * batches)
    for _ in range(epochs):
        for index in torch.randperm(len(x)).split(128):
            loss = loss_of(model, x[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def negative_elbo(model: nn.Module, x: Tensor, beta: float = 1.0) -> Tensor:
    """Distortion plus beta times rate, the mean over a batch x (N, D)."""
    logits, mean, log_variance = model(x)
    return (beta * kl_by_dimension(mean, log_variance).sum(1) - log_likelihood(x, logits)).mean()


torch.manual_seed(0)
vae = train(VAE(784, 256, 16), digits, negative_elbo, epochs=sized(10, rehearsal=1))

# %% [markdown]
# ## A tighter bound
#
# One draw gives $\log w$ with $w=p(x\mid z)\,p(z)/q(z\mid x)$, and the mean of $\log w$ is the ELBO. But the mean of $w$ itself is $p(x)$. So average *before* you take the logarithm:
#
# $$ \mathrm{IWAE}_S(x)=\log\frac1S\sum_{s=1}^{S}w_s \;\le\; \log p(x)\quad\text{in expectation.} $$
#
# This is the **importance-weighted** bound (Burda, Grosse and Salakhutdinov, 2015). It rises with $S$ in expectation, and its limit is $\log p(x)$. Published values of $\log p(x)$ are such bounds, and a figure without its $S$ says little.
#
# The weights are tiny: $e^{-100}$ is normal. So work with logarithms throughout and use `torch.logsumexp`, which subtracts the largest first.
#
# $$ \log w=\log p(x\mid z)-\tfrac12\lVert z\rVert^2+\tfrac12\sum_k\big(\varepsilon_k^2+\log\sigma_k^2\big) $$
#
# Both Gaussians have a term $-\tfrac K2\log 2\pi$; it cancels. In $\log q$ the square is $\big((z-\mu)/\sigma\big)^2=\varepsilon^2$.
#
# **A worked number.** Two draws with $\log w=-100$ and $-102$. Mean of the logarithms: $-101$. Logarithm of the mean: $-100+\log\frac{1+e^{-2}}2=-100.57$.
#
# ### Exercise 7.11: the importance-weighted bound
# The draws are given. Return one bound for each image. `log_likelihood` is defined above.


# %%
def iwae_bound(x: Tensor, logits: Tensor, mean: Tensor, log_variance: Tensor, eps: Tensor) -> Tensor:
    """x: (N, D), logits: (S, N, D) of z = mean + sigma * eps, mean and log_variance: (N, K), eps: (S, N, K); returns (N,)."""
    ### BEGIN SOLUTION
    z = mean + (0.5 * log_variance).exp() * eps
    log_prior = -0.5 * z.square().sum(-1)
    log_posterior = -0.5 * (eps.square() + log_variance).sum(-1)
    log_weights = log_likelihood(x, logits) + log_prior - log_posterior
    return log_weights.logsumexp(0) - math.log(len(eps))
    ### END SOLUTION


# %%
check(iwae_bound)

# %% [markdown]
# **Predict.** How many nats does the bound rise from $S=1$ to 8, and from 8 to 64?

# %%
prediction = ""  # write your answer here before you run the next cell


# %%
@torch.no_grad()
def bound(model: nn.Module, x: Tensor, draws: int) -> Tensor:
    """The bound with ``draws`` draws for each image x (N, D); returns (N,)."""
    torch.manual_seed(0)
    found = []
    for batch in x.split(100):
        mean, log_variance = model.encoder(batch).chunk(2, dim=1)
        eps = torch.randn(draws, *mean.shape)
        logits = model.decoder(mean + (0.5 * log_variance).exp() * eps)
        found.append(iwae_bound(batch, logits, mean, log_variance, eps))
    return torch.cat(found)


counts = [1, 2, 4, 8, 16, 32, 64]
bounds = [bound(vae, test_digits[:500], draws).mean().item() for draws in counts]
fig, ax = plt.subplots(figsize=(6, 3))
ax.semilogx(counts, bounds, "o-", base=2)
ax.set(xlabel="draws S for each image", ylabel="bound (nats)")
plot.alt(fig, "The bound rises with the number of draws, steeply at first and then slower.")
print(", ".join(f"S = {s}: {b:.1f}" for s, b in zip(counts, bounds, strict=True)))

# %% [markdown]
# The first draws gain most. The gap to $\log p(x)$ comes from the difference between $q$ and the true posterior, and more draws make up for it only slowly.
#
# ## Rate and distortion
#
# Call minus the reconstruction term the **distortion** and the KL the **rate**. The loss is distortion plus $\beta$ times rate, and $\beta=1$ is the ELBO (Higgins and others, 2017). With a small $\beta$ you get faithful copies
# and codes far from the prior; with a large one, cheap codes and blurred copies. No single point tells how good a model is: the whole curve does (Alemi and others, 2018).
#
# ### Exercise 7.12: sweep beta
# For each `beta`: seed torch, make a `VAE` of the given sizes, and train it on *all* images at once for `steps` steps of Adam. Then measure, without gradients, with `eps` zero: the mean rate
# and the mean distortion. Return both, one entry for each beta. Cast the model to the images' dtype with `.to(x.dtype)`.


# %%
def beta_sweep(
    x: Tensor, betas: list[float], *, hidden: int, latent: int, steps: int, lr: float = 1e-2, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """x: (N, D) of 0 and 1; returns rates and distortions, (len(betas),) each, in nats an image."""
    ### BEGIN SOLUTION
    rates, distortions = [], []
    for beta in betas:
        torch.manual_seed(seed)
        model = VAE(x.shape[1], hidden, latent).to(x.dtype)
        optimiser = torch.optim.Adam(model.parameters(), lr=lr)
        for _ in range(steps):
            loss = negative_elbo(model, x, beta)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        with torch.no_grad():
            logits, mean, log_variance = model(x, torch.zeros(len(x), latent, dtype=x.dtype))
            rates.append(kl_by_dimension(mean, log_variance).sum(1).mean())
            distortions.append(-log_likelihood(x, logits).mean())
    return torch.stack(rates), torch.stack(distortions)
    ### END SOLUTION


# %%
check(beta_sweep)

# %% [markdown]
# **Predict.** Where on the curve is $\beta=100$? What do its reconstructions look like?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
betas = [0.1, 0.3, 1.0, 3.0, 10.0, 100.0]
rates, distortions = beta_sweep(digits[:1000], betas, hidden=128, latent=8, steps=sized(150, rehearsal=5))
fig, ax = plt.subplots(figsize=(6, 3.4))
ax.plot(rates, distortions, "o-")
for beta, rate, distortion in zip(betas, rates.tolist(), distortions.tolist(), strict=True):
    below = beta == max(betas)  # where two values collapse, their labels would cover each other
    ax.annotate(f"{beta:g}", (rate, distortion), (6, -12 if below else 4), textcoords="offset points")
ax.set(xlabel="rate (nats)", ylabel="distortion (nats)")
plot.alt(
    fig,
    "Distortion against rate for six values of beta: a falling curve. The largest beta is at rate zero and the highest distortion.",
)

# %% [markdown]
# At $\beta=10$ and 100 the rate is zero. The code says nothing, and the decoder answers every image with the mean image. This is **posterior collapse**: $q(z\mid x)=p(z)$ for every $x$. It also happens at $\beta=1$, when the decoder is
# strong enough to do without the code, or early in training, when the code is not yet useful. Lucas and others (2019) showed it already for linear VAEs.
#
# ### Free bits
#
# A cure: let each latent dimension have some nats for nothing (Kingma and others, 2016). Average the KL of each dimension over the batch. Where it is below `free`, charge `free`; there it has no gradient, and nothing pulls the dimension to zero.
#
# **A worked number.** Two dimensions with mean KL 0.1 and 2, and `free` 0.5: the charge is $0.5+2=2.5$ nats.
#
# ### Exercise 7.13: free bits
# From the encoder's outputs for a batch to the charge, a scalar. `kl_by_dimension` gives the KL of each image and dimension.


# %%
def free_bits(mean: Tensor, log_variance: Tensor, free: float) -> Tensor:
    """mean, log_variance: (N, K); free: nats for each dimension; returns the charged rate, a scalar in nats an image."""
    ### BEGIN SOLUTION
    by_dimension = kl_by_dimension(mean, log_variance).mean(0)
    charged = by_dimension.clamp(min=free)
    return charged.sum()
    ### END SOLUTION


# %%
check(free_bits)


# %%
def active(model: nn.Module) -> int:
    """How many latent dimensions carry more than 0.05 nats on the test digits."""
    with torch.no_grad():
        return int((kl_by_dimension(*model(test_digits)[1:]).mean(0) > 0.05).sum())


def freed(model: nn.Module, x: Tensor) -> Tensor:
    """The loss at beta 5, with half a nat free in each dimension."""
    logits, mean, log_variance = model(x)
    return 5 * free_bits(mean, log_variance, 0.5) - log_likelihood(x, logits).mean()


few = digits[:5000]
torch.manual_seed(0)
collapsed = train(VAE(784, 256, 16), few, lambda m, x: negative_elbo(m, x, 5.0), epochs=sized(8, rehearsal=1))
torch.manual_seed(0)
cured = train(VAE(784, 256, 16), few, freed, epochs=sized(8, rehearsal=1))
print(f"active dimensions of 16, at beta 5: {active(collapsed)}; with half a nat free: {active(cured)}")

# %% [markdown]
# At $\beta=5$ only 2 of 16 dimensions stay active; with half a nat free all 16 do (seed 0). They carry these nats because they cost nothing. Whether the nats are useful, only the distortion tells.
#
# ## A condition: the section you ask for
#
# Give the class to the encoder *and* to the decoder: $q(z\mid x,y)$ and $p(x\mid z,y)$. Then $z$ need not say which class it is, only how it looks, and you choose the class when you draw.

# %%
plot.diagram(
    [
        "x, y -> N, D + C",
        "encoder",
        "random: μ + σ ε -> z: N, K",
        "concat | y -> N, K + C",
        "decoder -> N, D",
        "logits",
    ],
    title="a conditional VAE with C classes",
)

# %% [markdown]
# ### Exercise 7.14: a conditional VAE
# As `VAE`, with `classes` as last argument. The classes `y` are numbers. Make them one-hot (`F.one_hot(y, classes)`, cast to the dtype of `x`), and append them to the input of the encoder and to $z$, both times at the end.


# %%
class ConditionalVAE(nn.Module):
    """x: (N, D), y: (N,) class numbers, eps: (N, K) -> logits (N, D), mean (N, K), log-variance (N, K)."""

    def __init__(self, features: int, hidden: int, latent: int, classes: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.classes = classes
        self.encoder = nn.Sequential(nn.Linear(features + classes, hidden), nn.ReLU(), nn.Linear(hidden, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent + classes, hidden), nn.ReLU(), nn.Linear(hidden, features))
        ### END SOLUTION

    def forward(self, x: Tensor, y: Tensor, eps: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        ### BEGIN SOLUTION
        condition = F.one_hot(y, self.classes).to(x.dtype)
        mean, log_variance = self.encoder(torch.cat([x, condition], dim=1)).chunk(2, dim=1)
        eps = torch.randn_like(mean) if eps is None else eps
        z = mean + (0.5 * log_variance).exp() * eps
        return self.decoder(torch.cat([z, condition], dim=1)), mean, log_variance
        ### END SOLUTION


# %%
check(ConditionalVAE)

# %% [markdown]
# Sections are grey, so the likelihood is a Gaussian with a learned standard deviation $s$, as in the morning.

# %%
sections, test_sections = data.load("seismic_sections"), data.load("seismic_sections", "test")
sections = sections.take(sized(8000, rehearsal=400))
mean_section = sections.x.flatten(1).mean(0)
x, x_test = (part.x.flatten(1) - mean_section for part in (sections, test_sections))


class SectionModel(nn.Module):
    """A conditional VAE and its standard deviation. x: (N, D + 1), the class in the last column -> the loss of each section (N,)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.vae = ConditionalVAE(1024, 256, 16, classes)
        self.log_s = nn.Parameter(torch.tensor(-2.0))

    def forward(self, both: Tensor) -> Tensor:
        x, y = both[:, :-1], both[:, -1].long()
        reconstruction, mean, log_variance = (part.float() for part in self.vae(x, y))
        squared = (x - reconstruction).square().sum(1)
        distortion = squared / (2 * (2 * self.log_s).exp()) + x.shape[1] * (self.log_s + 0.5 * math.log(2 * math.pi))
        return distortion + kl_by_dimension(mean, log_variance).sum(1)


def train_sections(x: Tensor, y: Tensor, classes: int, epochs: int) -> SectionModel:
    """A SectionModel of sections x (N, D) with classes y (N,)."""
    torch.manual_seed(0)
    model = SectionModel(classes)
    both = torch.cat([x, y[:, None].float()], dim=1)
    fit(model, (both, y), epochs=epochs, lr=2e-3, loss_fn=lambda loss, _: loss.mean(), schedule="one_cycle", clip=100.0, precision="float32", progress=False)  # fmt: skip
    return model


conditional = train_sections(x, sections.y, 4, sized(25, rehearsal=1))


def draw_sections(codes: Tensor, kinds: Tensor) -> Tensor:
    """Sections (N, 1, 32, 32) decoded from codes (N, 16) under the condition kinds (N,)."""
    condition = F.one_hot(kinds, 4).float()
    with torch.no_grad():
        decoded = conditional.vae.decoder(torch.cat([codes, condition], dim=1)) + mean_section
    return decoded.clamp(0, 1).reshape(-1, 1, 32, 32)


asked = torch.arange(4).repeat_interleave(300)
torch.manual_seed(0)
from_prior = torch.randn(1200, 16)

# %% [markdown]
# In the morning draws from the prior were poor, because codes did not lie there. Here we also fit one Gaussian with its covariance to the codes of each kind, and draw from that.
# The frozen classifier then says what it sees.
#
# **Predict.** Which kind will it recognise least often?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
with torch.no_grad():
    _, mean, log_variance = conditional.vae(x, sections.y)
    codes = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
    _, test_codes, test_log_variance = conditional.vae(x_test, test_sections.y)
fitted = []
for kind in range(4):
    own = codes[sections.y == kind]
    fitted.append(torch.distributions.MultivariateNormal(own.mean(0), torch.cov(own.T)).sample((300,)))
trials = {
    "drawn from the prior": (from_prior, asked),
    "drawn where codes lie": (torch.cat(fitted), asked),
    "codes of test sections": (test_codes, test_sections.y),
}
for name, (z, kinds) in trials.items():
    right = measure.frozen("seismic_sections")(draw_sections(z, kinds)).argmax(1) == kinds
    shares = [f"{kind} {right[kinds == number].float().mean():.0%}" for number, kind in enumerate(sections.classes)]
    print(f"{name:23} recognised: {', '.join(shares)}")

# %%
fig, axes = plt.subplots(4, 8, figsize=(8, 4.2), layout="constrained")
for kind, line in enumerate(axes):
    for ax, image in zip(line, draw_sections(fitted[kind][:8], torch.full((8,), kind)), strict=True):
        ax.imshow(image[0], cmap="gray", vmin=0, vmax=1)
        ax.set_axis_off()
    line[0].set_title(f"asked for: {sections.classes[kind]}", loc="left", fontsize=9)
plot.alt(
    fig,
    "Four rows of sections drawn on request: flat, dipping and folded ones look as asked; the faulted ones are bent instead of broken.",
)

# %% [markdown]
# Drawn where codes lie, flat, dipping and folded sections come out as asked for in 63 to 99 % of cases (seed 0). Faults do not: 5 % are recognised. Nor does the decoder return the
# faults of *real* sections: 7 %. It bends the layers where they should break, and the classifier then sees a fold. This is the blur of the morning, now with a number.

# %% [markdown]
# What does one latent number do? Take the codes of four test sections, one of each kind, and move only the number that the encoder uses most. At 0 you see the reconstructions.

# %%
used_most = int(kl_by_dimension(test_codes, test_log_variance).mean(0).argmax())
first = torch.stack([(test_sections.y == kind).nonzero()[0, 0] for kind in range(4)])


def moved(step: float) -> None:
    """One section of each kind, decoded after ``step`` was added to one number of its code."""
    z = test_codes[first].clone()
    z[:, used_most] += step
    fig, axes = plt.subplots(1, 4, figsize=(8, 2.3), layout="constrained")
    for ax, image, name in zip(axes, draw_sections(z, torch.arange(4)), sections.classes, strict=True):
        ax.imshow(image[0], cmap="gray", vmin=0, vmax=1)
        ax.set_axis_off()
        ax.set_title(name, fontsize=9)
    plot.alt(fig, f"Four sections, one of each kind, decoded after {step:g} was added to one latent number.")


plot.slider(moved, step=(-2.0, -1.0, 0.0, 1.0, 2.0), start=1.0, still=[-2.0, 0.0, 2.0])

# %% [markdown]
# ## Codes from a codebook
#
# A **vector-quantised** VAE has no Gaussian code (van den Oord, Vinyals and Kavukcuoglu, 2017). The encoder's $z$ is replaced by the nearest of $V$ vectors in a **codebook** $e$, so an image becomes a few whole numbers.
#
# %%
plot.diagram(
    ["x -> N, D", "encoder", "data: z -> N, K", "operation: nearest entry | codebook e: V, K -> N, K", "decoder -> N, D", "x̂"],
    title="a vector-quantised autoencoder",
)  # fmt: skip

# %% [markdown]
# Choosing the nearest has no derivative. The **straight-through** trick copies the gradient past it: in the forward pass the decoder sees $e$, in the backward pass the encoder gets the gradient as if nothing had happened. In code: `z + (e - z).detach()`.
#
# Two more losses are needed. The codebook must move towards the codes, and the encoder must **commit** to its codebook vector, with a small weight:
#
# $$ L=\lVert \mathrm{sg}[z]-e\rVert^2+\tfrac14\,\lVert z-\mathrm{sg}[e]\rVert^2, $$
#
# where sg, "stop gradient", is `detach`. Both squares are means over all numbers, as in `F.mse_loss`.
#
# **A worked number.** Codebook $(0, 0)$ and $(1, 1)$; $z=(0.8, 0.6)$. The nearest is the second, number 1. Each mean square is $(0.04+0.16)/2=0.1$, and the loss is $0.125$.
#
# ### Exercise 7.15: quantise
# Return the quantised codes with straight-through gradients, the numbers of the chosen entries, and the loss.


# %%
def vector_quantise(z: Tensor, codebook: Tensor, commitment: float = 0.25) -> tuple[Tensor, Tensor, Tensor]:
    """z: (N, K), codebook: (V, K); returns quantised (N, K), numbers (N,) and the loss, a scalar."""
    ### BEGIN SOLUTION
    numbers = torch.cdist(z, codebook).argmin(1)
    chosen = codebook[numbers]
    loss = F.mse_loss(chosen, z.detach()) + commitment * F.mse_loss(z, chosen.detach())
    return z + (chosen - z).detach(), numbers, loss
    ### END SOLUTION


# %%
check(vector_quantise)

# %% [markdown]
# Now use it. Each digit gets 8 codes of 4 numbers, and each code is one of 64 entries. That is $8\log 64=33.3$ nats an image, whatever the image.


# %%
class Quantised(nn.Module):
    """An autoencoder with ``codes`` quantised codes of 4 numbers. x: (N, D) -> logits (N, D), entry numbers (N, codes), loss."""

    def __init__(self, features: int, hidden: int, codes: int, entries: int) -> None:
        super().__init__()
        self.codes = codes
        self.encoder = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 4 * codes))
        self.decoder = nn.Sequential(nn.Linear(4 * codes, hidden), nn.ReLU(), nn.Linear(hidden, features))
        self.codebook = nn.Parameter(torch.randn(entries, 4))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        z = self.encoder(x).reshape(-1, 4)
        quantised, numbers, loss = vector_quantise(z, self.codebook)
        return self.decoder(quantised.reshape(len(x), -1)), numbers.reshape(len(x), -1), loss


def quantised_loss(model: nn.Module, x: Tensor) -> Tensor:
    """Distortion in nats, plus the codebook's two terms."""
    logits, _, loss = model(x)
    return 10 * loss - log_likelihood(x, logits).mean()


torch.manual_seed(0)
quantised = train(Quantised(784, 256, codes=8, entries=64), digits, quantised_loss, epochs=sized(6, rehearsal=1))
with torch.no_grad():
    logits, numbers, _ = quantised(test_digits)
    vae_logits, mean, log_variance = vae(test_digits)
print(f"codebook: rate {8 * math.log(64):.1f} nats, distortion {-log_likelihood(test_digits, logits).mean():.1f} nats, {len(numbers.unique())} of 64 entries used")  # fmt: skip
print(f"VAE:      rate {kl_by_dimension(mean, log_variance).sum(1).mean():.1f} nats, distortion {-log_likelihood(test_digits, vae_logits).mean():.1f} nats")  # fmt: skip
print("the first digit in whole numbers:", numbers[0].tolist())

# %% [markdown]
# Nat for nat the Gaussian code wins here: 15.5 nats and a distortion of 200, against 33.3 nats and 208 (seed 0). What do whole numbers buy? An image is now a short text of 8 words, and a model
# of text can learn which words follow which ({day: 10_rnns, 11_nlp, 12_transformers}). Drawing then means writing such a text and decoding it; and what can be predicted need not be paid for.


# %% [markdown]
# ## Doubt
#
# Train on flat, dipping and folded sections only. Then show the model sections with **faults**, a structure it has never met, beside new sections of the three kinds. Each gets a **score**: its loss, distortion plus rate, in nats. A high score means "unusual".
#
# How good is a score? Take one normal and one odd section at random: in what share of such pairs does the odd one have the higher score? This number is the **area under the ROC curve** (AUROC). Chance is 0.5, and ties count half.
#
# **A worked number.** Normal scores 1, 2, 3; odd scores 2, 4. Six pairs: the 2 beats 1, ties with 2, loses to 3; the 4 wins three times. $(1+0.5+0+3)/6=0.75$.
#
# ### Exercise 7.16: how well can it doubt?
# Compare all pairs by broadcasting. `Tensor.sign` is 1, 0 or $-1$.


# %%
def detect_anomaly(normal: Tensor, odd: Tensor) -> Tensor:
    """Scores of normal (N,) and odd (M,) images; returns the AUROC, a scalar: the share of pairs in which the odd one is higher."""
    ### BEGIN SOLUTION
    difference = odd[:, None] - normal[None, :]
    wins = (difference.sign() + 1) / 2  # 1 for a win, one half for a tie
    return wins.mean()
    ### END SOLUTION


# %%
check(detect_anomaly)

# %% [markdown]
# **Predict.** What AUROC does the VAE reach on faults? And a trivial score, the mean step from each trace to its neighbour?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
FAULTED = 3
known = sections.y != FAULTED
model = train_sections(x[known], torch.zeros(int(known.sum()), dtype=torch.long), 1, sized(25, rehearsal=1))
directions = torch.linalg.svd(x[known], full_matrices=False).Vh[:16]
with torch.no_grad():
    torch.manual_seed(0)
    both = torch.cat([x_test, torch.zeros(len(x_test), 1)], dim=1)
    scores = {
        "step from trace to trace": x_test.reshape(-1, 32, 32).diff(dim=2).abs().mean((1, 2)),
        "PCA, squared error": (x_test - x_test @ directions.T @ directions).square().sum(1),
        "VAE, distortion + rate": torch.stack([model(both) for _ in range(8)]).mean(0),
    }


def doubted(scores: dict[str, Tensor]) -> None:
    """The AUROC of each score: faulted sections against all others, and against each kind."""
    odd = test_sections.y == FAULTED
    for name, score in scores.items():
        each = [
            f"{kind} {detect_anomaly(score[test_sections.y == number], score[odd]):.2f}"
            for number, kind in enumerate(test_sections.classes[:FAULTED])
        ]
        print(f"{name:26} AUROC {detect_anomaly(score[~odd], score[odd]):.2f}; against {', '.join(each)}")


doubted(scores)

# %%
order = scores["VAE, distortion + rate"].argsort()
fig, axes = plt.subplots(2, 8, figsize=(8, 2.4), layout="constrained")
for line, chosen, title in zip(axes, (order[:8], order[-8:]), ("least unusual", "most unusual"), strict=True):
    for ax, i in zip(line, chosen, strict=True):
        ax.imshow(test_sections.x[i, 0], cmap="gray", vmin=0, vmax=1)
        ax.set_axis_off()
    line[0].set_title(title, loc="left", fontsize=9)
plot.alt(
    fig,
    "Eight sections with the lowest scores, all flat and smooth, and eight with the highest: seven with a fault and one with fine, steeply dipping layers.",
)

# %% [markdown]
# Read the columns. Against flat sections every score is good: anything is harder to copy than flat layers. Against dipping sections the trivial score and PCA fail, far below one half.
# A dipping section with fine layers is *complex*, and a faulted one is *new*. A simple model cannot tell the two apart. The VAE can, once it has learned dips well. After 12 epochs, not 25,
# its AUROC was 0.68, and only 0.31 against dipping sections (seed 0).
#
# ### Compare with a simpler model
#
# How much of a score is complexity? PCA knows nothing of structures, so **subtract** its error. What remains says how much harder a section is for the VAE than for PCA.
# This is the idea of a **likelihood ratio** (Ren and others, 2019): take the difference of two models, of which one knows only what is common to everything.
#
# **Predict.** Against which kind will the difference help most?

# %%
prediction = ""  # write your answer here before you run the next cell

# %%
with torch.no_grad():
    copies, _, _ = model.vae(x_test, torch.zeros(len(x_test), dtype=torch.long), torch.zeros(len(x_test), 16))
vae_error = (x_test - copies).square().sum(1)
scores["VAE error minus PCA error"] = vae_error - scores["PCA, squared error"]
doubted(scores)

# %% [markdown]
# Against dipping sections the difference is nearly perfect, and against flat ones it is worse than before. In total little changes: it answers another question. Use it where odd images may be simpler than normal ones.
#
# ## Find the bug
#
# A colleague's VAE has three silent faults; every loss goes down. The symptoms:
#
# 1. Draws are far too wide where the encoder says "uncertain", and far too narrow where it is sure.
# 2. Reconstructions are good, but decoded draws from the prior are poor, the more so the more latent dimensions there are.
# 3. "IWAE with 64 draws" is no better than the ELBO.
#
# ### Exercise 7.17: find the bug
# Three lines are wrong. Repair them and change nothing else.


# %%
def find_the_bug(
    x: Tensor, *, latent: int, steps: int, draws: int, lr: float = 0.01, seed: int = 0
) -> tuple[list[float], Tensor]:
    """Train a VAE on x (N, D), all at once. Returns the loss at every step, and the bound of each image (N,) with ``draws`` draws.

    Three lines are wrong: repair them and change nothing else.
    """
    ### BEGIN SOLUTION
    torch.manual_seed(seed)
    model = VAE(x.shape[1], 16, latent).to(x.dtype)
    optimiser = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        mean, log_variance = model.encoder(x).chunk(2, dim=1)
        std = (0.5 * log_variance).exp()
        logits = model.decoder(mean + std * torch.randn_like(mean))
        rate = kl_by_dimension(mean, log_variance).sum(1)
        loss = (rate - log_likelihood(x, logits)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    with torch.no_grad():
        mean, log_variance = model.encoder(x).chunk(2, dim=1)
        eps = torch.randn(draws, *mean.shape, dtype=x.dtype)
        z = mean + (0.5 * log_variance).exp() * eps
        log_prior, log_posterior = -0.5 * z.square().sum(-1), -0.5 * (eps.square() + log_variance).sum(-1)
        log_weights = log_likelihood(x, model.decoder(z)) + log_prior - log_posterior
        bound = log_weights.logsumexp(0) - math.log(draws)
    return losses, bound
    ### END SOLUTION


# %%
check(find_the_bug)

# %% [markdown]
# ## Is this section like the others? The answer
#
# **Doubted.** The VAE has never seen a fault. Of a faulted section and another one, it gives the faulted one the higher score in 87 % of pairs (AUROC 0.87, seed 0). The step from trace to trace
# reaches 0.60, and PCA 0.61. With PCA's error subtracted the VAE has 0.88. Nearly all of its eight most unusual test sections have a fault.
#
# So the model can be asked, with two cautions. A score says "unusual", not "wrong". And you know how good it is only on data whose answer you know.
#
# ## Summary
#
# - Average weights, then take the logarithm: the bound rises with the number of draws, towards $\log p(x)$.
# - The weight $\beta$ moves along a curve of rate and distortion. At its end the code collapses; free bits keep dimensions alive.
# - A condition goes to the encoder and to the decoder; then you choose what to draw.
# - Straight-through gradients pass a choice that has no derivative.
# - Doubt is a score, and a score needs a number: the AUROC, beside that of a trivial score.
#
# ### Questions to take along
#
# 1. Can a model give a strange image a *higher* probability than those it was trained on?
#
# <details><summary>Answer</summary>
#
# Yes. Nalisnick and others (2018) trained on photographs, and smooth images of another set scored higher. Simple images are easy to code. Always check a score on data you know.
#
# </details>
#
# 2. Your validation loss is far above the training loss from the first step. The training uses $\beta=0.1$. What would you look at?
#
# <details><summary>Answer</summary>
#
# Whether validation uses $\beta=1$. Then the two curves are different quantities.
#
# </details>

# %% [markdown]
# ## References
#
# - A. A. Alemi and others (2018). *Fixing a broken ELBO.* arXiv:1711.00464.
# - Y. Burda, R. Grosse, R. Salakhutdinov (2015). *Importance weighted autoencoders.* arXiv:1509.00519.
# - I. Higgins and others (2017). *beta-VAE: learning basic visual concepts with a constrained variational framework.* openreview.net/forum?id=Sy2fzU9gl.
# - D. P. Kingma and others (2016). *Improving variational inference with inverse autoregressive flow.* arXiv:1606.04934.
# - J. Lucas and others (2019). *Don't blame the ELBO! A linear VAE perspective on posterior collapse.* arXiv:1911.02469.
# - E. Nalisnick and others (2018). *Do deep generative models know what they don't know?* arXiv:1810.09136.
# - J. Ren and others (2019). *Likelihood ratios for out-of-distribution detection.* arXiv:1906.02845.
# - A. van den Oord, O. Vinyals, K. Kavukcuoglu (2017). *Neural discrete representation learning.* arXiv:1711.00937.
