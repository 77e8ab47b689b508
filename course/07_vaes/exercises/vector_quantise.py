"""The nearest codebook vector, with a gradient that passes straight through."""

import torch
import torch.nn.functional as F

from dlmodule.checking import probes
from dlmodule.checking.exercise import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "Find the numbers first (torch.cdist gives all distances), then look the entries up. Which of the three tensors needs which gradient?",
        "Compute both losses from the entries as they were looked up, before the straight-through line: after it they carry no gradient to the codebook.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    codebook = torch.tensor([[0.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    yield Case(torch.tensor([[0.8, 0.6]], dtype=torch.float64), codebook).named("the worked number")
    yield Case(noise(5, 3), noise(4, 3, seed=1)).named("five codes, four entries")
    yield Case(noise(4, 4, seed=2), noise(4, 4, seed=3), 1.0).named("all sizes four, a commitment of 1")
    far = torch.tensor([[3.0, 0.0], [2.0, 2.0]], dtype=torch.float64)
    yield Case(0.1 * noise(2, 2, seed=6), far).named("an entry on the axis and one on the diagonal")
    yield Case(noise(6, 1, seed=4), noise(3, 1, seed=5), 0.1).named("codes of one number")


exercise.edit(
    "commitment_on_the_codebook",
    "F.mse_loss(chosen, z.detach()) + commitment * F.mse_loss(z, chosen.detach())",
    "commitment * F.mse_loss(chosen, z.detach()) + F.mse_loss(z, chosen.detach())",
    "The small weight is on the codebook's term. It belongs to the commitment, the term that moves the encoder.",
)  # fmt: skip
exercise.edit(
    "no_straight_through", "z + (chosen - z).detach()", "chosen",
    "The gradient ends at the choice: the encoder gets none from the decoder. Return z + (chosen - z).detach().",
)  # fmt: skip
exercise.edit(
    "not_quantised", "z + (chosen - z).detach()", "z",
    "The code comes back as it was. In the forward pass the decoder must see the codebook's vector.",
)  # fmt: skip
exercise.edit(
    "farthest", "argmin(1)", "argmax(1)",
    "You chose the farthest entry: argmin.",
)  # fmt: skip
exercise.edit(
    "no_stop", "F.mse_loss(chosen, z.detach()) + commitment * F.mse_loss(z, chosen.detach())", "(1 + commitment) * F.mse_loss(chosen, z)",
    "Nothing is detached in the losses, so both terms pull on both sides, and the small weight of the commitment is lost.",
)  # fmt: skip
exercise.edit(
    "no_commitment", " + commitment * F.mse_loss(z, chosen.detach())", "",
    "The commitment is missing: nothing keeps the encoder near its codebook vectors.",
)  # fmt: skip


@exercise.mistake(
    "The losses come after the straight-through line. There the entries carry no gradient to the codebook, so it stays frozen: compute the losses from the entries as looked up."
)
def losses_too_late(z, codebook, commitment=0.25):
    numbers = torch.cdist(z, codebook).argmin(1)
    quantised = z + (codebook[numbers] - z).detach()
    return quantised, numbers, F.mse_loss(quantised, z.detach()) + commitment * F.mse_loss(z, quantised.detach())


@exercise.mistake("The squares are summed. Asked for are means over all numbers, as F.mse_loss takes them.")
def summed(z, codebook, commitment=0.25):
    numbers = torch.cdist(z, codebook).argmin(1)
    chosen = codebook[numbers]
    loss = (chosen - z.detach()).square().sum() + commitment * (z - chosen.detach()).square().sum()
    return z + (chosen - z).detach(), numbers, loss


exercise.edit(
    "largest_product", "torch.cdist(z, codebook).argmin(1)", "(z @ codebook.T).argmax(1)",
    "You chose the entry with the largest scalar product, which favours long entries. The nearest has the smallest distance: torch.cdist.",
)  # fmt: skip
exercise.edit(
    "sum_of_absolute_differences", "torch.cdist(z, codebook)", "torch.cdist(z, codebook, p=1)",
    "You measure the distance by absolute differences. The nearest is meant as usual, by the square root of the sum of squares.",
)  # fmt: skip
exercise.edit(
    "cut_off", "z + (chosen - z).detach()", "chosen.detach()",
    "The quantised codes carry no gradient, so the encoder learns nothing from the decoder. Return z + (chosen - z).detach().",
)  # fmt: skip


@exercise.alternative
def by_the_expanded_square(z, codebook, commitment=0.25):
    with torch.no_grad():
        distance = z.square().sum(1, keepdim=True) - 2 * z @ codebook.T + codebook.square().sum(1)
        numbers = distance.min(dim=1).indices
    chosen = F.embedding(numbers, codebook)
    to_codebook, to_encoder = (chosen - z.detach()).square().mean(), (chosen.detach() - z).square().mean()
    return chosen.detach() + z - z.detach(), numbers, to_codebook + commitment * to_encoder


@exercise.alternative
def by_one_hot(z, codebook, commitment=0.25):
    numbers = (z[:, None] - codebook[None]).norm(dim=2).argmin(dim=1)
    chosen = F.one_hot(numbers, len(codebook)).to(z.dtype) @ codebook
    loss = F.mse_loss(z.detach(), chosen) + commitment * F.mse_loss(chosen.detach(), z)
    return z - (z - chosen).detach(), numbers, loss


exercise.equivalent("first two arguments of mse_loss swapped", "a squared difference has no direction")
