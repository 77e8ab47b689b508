# ---
# title: "Coursework 1: generate geology"
# objectives:
#   - build a generator of seismic sections from blocks
#   - train it as a VAE or as a GAN, with a loss that you wrote
#   - measure what it makes, beside controls, and look for copies
#   - justify your choices with evidence, and say what the sections are not fit for
# prerequisites: [06_cnns_2.probability, 07_vaes.afternoon]
# minutes: {cpu: 8, cpu_fp32: 12}
# data: [seismic_sections]
# hand_in: [samples]
# ---

# %% [markdown]
# You have **four days**. The brief says how each part is marked.
#
# Interpreters learn on sections whose answer is known, and there are few of them. Your task is to make more: a network that draws
# new seismic sections of 32 x 32 samples, in which a geologist finds flat, dipping, folded and faulted layers.
#
# | part | what you do | marks |
# |---|---|---|
# | A | write the parts: a block, a generator, a loss, two measures | 40 |
# | B | train a VAE or a GAN, and hand in 1,000 sections | 30 |
# | C | justify what you did, in words | 30 |
#
# Every cell `check(...)` tries your answer on two or three small inputs. Your mark comes from other inputs. A part that builds on an
# earlier one is marked with a right answer to the earlier one, if yours is wrong.
#
# The letters: N sections in a batch, D latents, w the width of the generator; sections `x` of shape (N, 1, 32, 32) with grey values
# in [0, 1].

# %%
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlmodule import coursework, data, measure, plot
from dlmodule.checking import checks
from dlmodule.rehearsal import sized

check = checks("coursework_1")
plot.use_style()

# %%
sections, test_sections = data.load("seismic_sections"), data.load("seismic_sections", "test")
plot.images(
    sections.x[:8],
    titles=[sections.classes[k] for k in sections.y[:8]],
    columns=8,
    alt="Eight seismic sections of 32 x 32 samples with flat, dipping, folded or faulted layers.",
)

# %% [markdown]
# ## Part A: the parts (40 marks)
#
# ### Exercise A1: twice the size
#
# A transposed convolution often leaves a checkerboard, because its kernel covers some pixels more often than others (Odena, Dumoulin
# and Olah (2016). *Deconvolution and Checkerboard Artifacts.* doi:10.23915/distill.00003). Your block repeats pixels first and then
# convolves: nearest-neighbour upsampling by 2, a 3x3 convolution (padding 1, no bias), batch normalisation, and a leaky ReLU of
# slope 0.2, in this order.


# %%
class UpBlock(nn.Module):
    """x: (N, in_channels, H, W) -> (N, out_channels, 2H, 2W)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.layers = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.LeakyReLU(0.2),
        )
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        return self.layers(x)
        ### END SOLUTION


check(UpBlock)

# %% [markdown]
# ### Exercise A2: the generator
#
# | layer | output |
# |---|---|
# | linear | N, 64w, seen as N, 4w, 4, 4 |
# | `UpBlock` | N, 2w, 8, 8 |
# | `UpBlock` | N, w, 16, 16 |
# | `UpBlock` | N, w, 32, 32 |
# | 3x3 convolution (padding 1, with bias), sigmoid | N, 1, 32, 32 |
#
# For a VAE this is the decoder.


# %%
class Generator(nn.Module):
    """z: (N, latents) -> sections (N, 1, 32, 32) with values between 0 and 1."""

    def __init__(self, latents: int = 32, width: int = 16) -> None:
        super().__init__()
        ### BEGIN SOLUTION
        self.width = width
        self.start = nn.Linear(latents, 64 * width)
        self.ups = nn.Sequential(UpBlock(4 * width, 2 * width), UpBlock(2 * width, width), UpBlock(width, width))
        self.last = nn.Conv2d(width, 1, 3, padding=1)
        ### END SOLUTION

    def forward(self, z: Tensor) -> Tensor:
        ### BEGIN SOLUTION
        start = self.start(z)
        return self.last(self.ups(start.view(-1, 4 * self.width, 4, 4))).sigmoid()
        ### END SOLUTION


check(Generator)

# %% [markdown]
# ### The loss of your choice
#
# Write **one** of the next two functions: `negative_elbo` for a VAE, or `critic_step` for a GAN. If you write both, the better one
# counts.
#
# ### Exercise A3: for a VAE, the negative evidence lower bound
#
# The decoder's grey value $\hat x$ is the mean of a normal density of spread $\sigma$ for each pixel. The posterior
# $q(z|x)$ is normal with independent latents, of mean $\mu$ and log-variance $\log s^2$; the prior is $\mathcal N(0, I)$. With
# $\beta = 1$ this is the negative evidence lower bound in nats, averaged over the batch:
#
# $$ L = \frac 1 N \sum_{n} \Big[ \beta\, D_\text{KL}\big(q(z|x_n) \,\|\, \mathcal N(0, I)\big)
#     - \sum_{\text{pixels}} \log \mathcal N(x_n ;\, \hat x_n, \sigma^2) \Big] . $$


# %%
def negative_elbo(
    x: Tensor, decoded: Tensor, mean: Tensor, log_variance: Tensor, *, sigma: float = 0.1, beta: float = 1.0
) -> Tensor:
    """The loss L above, a scalar. x and decoded: (N, 1, H, W); mean and log_variance of q(z|x): (N, D)."""
    ### BEGIN SOLUTION
    log_density = -((x - decoded) ** 2) / (2 * sigma**2) - math.log(sigma) - 0.5 * math.log(2 * math.pi)
    divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
    return (beta * divergence - log_density.sum((1, 2, 3))).mean()
    ### END SOLUTION


check(negative_elbo)

# %% [markdown]
# ### Exercise A4: for a GAN, one step of the critic
#
# The critic $C$ gives real sections a score above 1 and generated ones a score below -1. The hinge loss (Lim and Ye (2017).
# *Geometric GAN.* arXiv:1705.02894) charges only what lies inside these margins:
#
# $$ L = \frac 1 N \sum_n \max\big(0, 1 - C(x_n)\big) + \frac 1 M \sum_m \max\big(0, 1 + C(G(z_m))\big) . $$


# %%
def critic_step(
    generator: nn.Module, critic: nn.Module, optimiser: torch.optim.Optimizer, sections: Tensor, z: Tensor
) -> float:
    """One step of `optimiser`, which holds the critic's parameters, down the loss L above; returns L before the step.

    sections: (N, 1, H, W), z: (M, D). Old gradients of the critic do not count, and the generator gets none.
    """
    ### BEGIN SOLUTION
    fake = generator(z).detach()
    loss = F.relu(1 - critic(sections)).mean() + F.relu(1 + critic(fake)).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()
    ### END SOLUTION


check(critic_step)

# %% [markdown]
# ### Exercise A5: are neighbouring traces alike?
#
# Layers make neighbouring traces alike, the more the flatter they lie. A picture of noise has no such order. For each section, pair
# every sample with the sample `lag` traces to its right, at the same depth. Asked for is Pearson's correlation of all
# these pairs.


# %%
def lateral_correlation(x: Tensor, lag: int) -> Tensor:
    """The correlation of samples `lag` traces apart, for each section: (N, 1, H, W) -> (N,)."""
    ### BEGIN SOLUTION
    a, b = x[..., :-lag].flatten(1), x[..., lag:].flatten(1)
    a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    return (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))
    ### END SOLUTION


check(lateral_correlation)

# %% [markdown]
# ### Exercise A6: has it learned by heart?
#
# A generator that repeats its training set scores well and is worth nothing. For each sample, how far is the nearest real section?
# A mirrored section is the same section seen from the other side, so it counts as well.


# %%
def nearest_real(samples: Tensor, real: Tensor) -> Tensor:
    """For each sample the root mean square difference to the nearest real section or mirrored real section.

    samples: (N, 1, H, W), real: (M, 1, H, W) -> (N,). "Mirrored" is left and right, along the last axis.
    """

    ### BEGIN SOLUTION
    def to_real(x: Tensor) -> Tensor:
        return torch.cdist(x.flatten(1), real.flatten(1))

    straight, mirrored = to_real(samples).min(1).values, to_real(samples.flip(-1)).min(1).values
    return torch.minimum(straight, mirrored) / samples.shape[1:].numel() ** 0.5
    ### END SOLUTION


check(nearest_real)

# %% [markdown]
# ## Part B: train, and hand in 1,000 sections (30 marks)
#
# Train a VAE or a GAN. You may change everything: the generator, the width, the latents, the loss, how long you train. What you hand
# in has to come out of **your trained network**, from latents that you draw. The sections of the data set and of the simulator behind
# it are no answer, and copies are found.
#
# The measure has three factors. The first is the distance between your samples and real sections in the features of the frozen
# classifier (classifier-FID, as on {day: 07_vaes, 08_gans}). The second is the share of the four structures that you have. The third is the share of
# samples that are no copies. The
# brief has the scale. Always look at the controls beside your own figure.


# %%
def generate_sections() -> Tensor:
    """Train a network; returns 1,000 sections drawn from it, (1000, 1, 32, 32) float32 in [0, 1]."""
    ### BEGIN SOLUTION
    torch.manual_seed(0)
    latents, width = 32, 16
    generator = Generator(latents, width)
    encoder = nn.Sequential(
        nn.Conv2d(1, width, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Conv2d(2 * width, 4 * width, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(64 * width, 2 * latents),
    )  # fmt: skip
    x = sections.x[: sized(8000, rehearsal=256)]
    steps = sized(20, rehearsal=1) * (len(x) // 64)
    optimiser = torch.optim.AdamW([*encoder.parameters(), *generator.parameters()], lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in range(steps):
        batch = x[torch.randint(len(x), (64,))]
        mean, log_variance = encoder(batch).chunk(2, dim=1)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        loss = negative_elbo(batch, generator(z), mean, log_variance)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    generator.eval()
    encoder.eval()
    with torch.no_grad():
        # The posteriors of all sections together are not the prior: z is drawn near the posterior means.
        means = torch.cat([encoder(part).chunk(2, dim=1)[0] for part in x.split(500)])
        chosen = means[torch.randint(len(means), (2, 1000))]
        z = chosen.mean(0) + 0.5 * (chosen[0] - chosen[1]) * torch.randn(1000, 1)
        return torch.cat([generator(part) for part in z.split(250)])
    ### END SOLUTION


# %%
samples = generate_sections()
print(measure.report(samples, "seismic_sections"))

# %%
plot.images(samples[:16], columns=8, alt="Sixteen of the sections that you hand in.")
print(f"lateral correlation, 1 trace apart: {lateral_correlation(samples, 1).mean():.2f}")
print(f"                     real sections: {lateral_correlation(test_sections.x, 1).mean():.2f}")
print(f"nearest training section, the least: {nearest_real(samples, sections.x).min():.3f}")
print(f"      of real test sections the least: {nearest_real(test_sections.x[:500], sections.x).min():.3f}")

# %%
coursework.hand_in("coursework_1", samples=samples)

# %% [markdown]
# ## Part C: justification (30 marks)
#
# Write below each question, in the same cell, in place of *Write here.* About 150 words for each answer are enough. Marks are for
# reasons that are right and for evidence from your own experiments; the brief has the rubric.

# %% [markdown]
# **Question C1.** Why a VAE, or why a GAN, for this task? Name the choice that mattered most in your training, and show the two figures
# (with and without it) that say so.
#
# **Answer C1.**
#
# *Write here.*

# %% [markdown]
# **Question C2.** Describe one thing that went wrong. What did you see, what did you think it was, which test told you, and what did
# you change?
#
# **Answer C2.**
#
# *Write here.*

# %% [markdown]
# **Question C3.** Read your own report: what do the distance, the coverage, precision and recall, and "told apart" say about your
# samples, beside real sections and the mean image? Which of them disagree, and why can that be?
#
# **Answer C3.**
#
# *Write here.*

# %% [markdown]
# **Question C4.** A colleague wants to train a fault detector on a million of your sections. What would you tell them? Say what your
# sections do not have, how it could do harm, and which experiment would show whether they help.
#
# **Answer C4.**
#
# *Write here.*

# %% [markdown]
# ## Hand in
#
# Save the notebook (Ctrl-S), then run the cell below. It looks for what is forgotten: a cell that was not run, an exercise or an
# answer that is still empty, samples that are missing. (The loss that you did not choose counts as empty; that is all right.) Then it
# puts the notebook and your samples into **one sealed file** and prints its digest, which is your receipt. Upload this file. You may do
# so as often as you like: the last one counts.
#
# (In a terminal, `course submit coursework_1` does the same.)

# %%
coursework.submit("coursework_1")
