"""Compare the subspace of a linear decoder with that of principal component analysis, by principal angles."""

import torch

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=9,
    hints=(
        "You need an orthonormal basis of each of the two subspaces. PCA's comes from an SVD: of which matrix, and are directions its rows or its columns?",
        "The directions are the first K rows of Vh of the centred images. Multiply by the basis of the decoder and take torch.linalg.svdvals.",
    ),
)


def images(count: int, features: int, seed: int) -> torch.Tensor:
    """Images whose directions have clearly different variances, and a mean far from zero."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.linalg.qr(torch.randn(features, features, generator=generator, dtype=torch.float64)).Q
    scale = 2.0 ** -torch.arange(features, dtype=torch.float64)
    return torch.randn(count, features, generator=generator, dtype=torch.float64) * scale @ mixing.T + 3


def weights(features: int, latent: int, seed: int) -> torch.Tensor:
    return torch.randn(features, latent, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@exercise.cases
def cases():
    line = torch.tensor([[1.0, 1.0], [3.0, 1.0], [5.0, 1.0]], dtype=torch.float64)
    column = torch.tensor([[3.0], [4.0]], dtype=torch.float64)
    yield Case(line, column).named("three points on a horizontal line, a decoder's column (3, 4)")
    yield Case(images(20, 4, 0), weights(4, 2, 1)).named("twenty images of four pixels, two latent numbers")
    yield Case(images(30, 6, 2), weights(6, 3, 3) * torch.tensor([1.0, 5.0, 0.2])).named("columns of different lengths")


exercise.edit(
    "mean_left_in", "(x - x.mean(0),", "(x,",
    "You did not subtract the mean. The first direction then points from the origin to the mean image, and says nothing about how images vary.",
)  # fmt: skip
exercise.edit(
    "columns_not_orthonormal", "torch.linalg.qr(weight).Q", "weight",
    "The decoder's columns are used as they are. Cosines need orthonormal bases: yours depend on the lengths of the columns, and may exceed 1.",
)  # fmt: skip
exercise.edit(
    "last_directions", "[: weight.shape[1]]", "[-weight.shape[1] :]",
    "These are the last K directions, in which the images vary least. The singular values come largest first: take the first K rows.",
)  # fmt: skip


@exercise.mistake(
    "You divided each column by its length. They are then of length 1, but not perpendicular to each other: an orthonormal basis comes from QR."
)
def only_normalised(x, weight):
    directions = torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh[: weight.shape[1]]
    return torch.linalg.svdvals(directions @ (weight / weight.norm(dim=0)))


@exercise.mistake(
    "You compared vector with vector, first with first. Any mixture of the directions spans the same subspace, so single vectors need not agree: take the singular values of the whole product."
)
def vector_by_vector(x, weight):
    directions = torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh[: weight.shape[1]]
    return (directions @ torch.linalg.qr(weight).Q).diagonal().abs().sort(descending=True).values


@exercise.mistake("These are the sines of the angles, not the cosines: equal subspaces would give 0.")
def sines(x, weight):
    directions = torch.linalg.svd(x - x.mean(0), full_matrices=False).Vh[: weight.shape[1]]
    return (1 - torch.linalg.svdvals(directions @ torch.linalg.qr(weight).Q).square()).clamp(min=0).sqrt()


exercise.edit(
    "columns_of_vh", "Vh[: weight.shape[1]]", "Vh[:, : weight.shape[1]].T",
    "You took the first K columns of Vh. Its rows are the directions: torch gives V already transposed.",
)  # fmt: skip
exercise.edit(
    "angles", "torch.linalg.svdvals(directions @ basis)", "torch.linalg.svdvals(directions @ basis).clamp(max=1).acos()",
    "These are the angles themselves. Asked for are their cosines: leave out the arc cosine.",
)  # fmt: skip
exercise.edit(
    "centred_along_the_pixels", "x.mean(0)", "x.mean(1, keepdim=True)",
    "You subtracted from each image the mean of its own pixels. PCA centres each pixel: the mean over the images, axis 0.",
)  # fmt: skip


@exercise.alternative
def by_the_covariance(x, weight):
    vectors = torch.linalg.eigh(x.T.cov()).eigenvectors.flip(1)[:, : weight.shape[1]]
    return torch.linalg.svd(vectors.T @ torch.linalg.qr(weight)[0]).S


@exercise.alternative
def by_an_svd_of_the_weight(x, weight):
    latent = weight.shape[1]
    basis = torch.linalg.svd(weight, full_matrices=False).U
    directions = torch.linalg.svd(x - x.mean(dim=0, keepdim=True), full_matrices=False).Vh[:latent]
    return torch.linalg.eigvalsh(basis.T @ directions.T @ directions @ basis).clamp(min=0).sqrt().flip(0)


exercise.equivalent("full_matrices= dropped from svd", "the first K rows of Vh are the same; the others are not used")
exercise.equivalent("False -> True", "the first K rows of Vh are the same; the others are not used")
exercise.equivalent("operands of - swapped", "a direction and its opposite span the same line")
exercise.edit(
    "paired_in_order", "torch.linalg.svdvals(directions @ basis)", "(directions @ basis).diagonal().abs()",
    "You compared the first column with the first direction, the second with the second. The same plane may have many bases: the cosines are the singular values of all products.",
)  # fmt: skip
