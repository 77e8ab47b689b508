"""Scores of a set of samples against a set of real images, from features (N, D) or class numbers (N,)."""

import torch
from torch import Tensor

from dlmodule.errors import DLModuleError


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Squared Fréchet distance between Gaussians fitted to two sets of features, (N, D) and (M, D).

    |mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)); Dowson and Landau (1982), doi:10.1016/0047-259X(82)90077-X; as a score of
    samples: Heusel et al. (2017), arXiv:1706.08500. It is biased upwards by about 1/N (arXiv:1801.01401): compare at equal N.
    """
    if a.shape[1:] != b.shape[1:] or min(len(a), len(b)) < 2:
        raise DLModuleError(
            f"two sets of at least two features each are compared, not {tuple(a.shape)} and {tuple(b.shape)}"
        )
    a, b = a.double(), b.double()
    root = _square_root(_covariance(a))
    # The eigenvalues of AB are those of the symmetric A^(1/2) B A^(1/2), which has no imaginary part to lose.
    cross = torch.linalg.eigvalsh(root @ _covariance(b) @ root).clamp(min=0).sqrt().sum()
    distance = (a.mean(0) - b.mean(0)).square().sum() + a.var(0).sum() + b.var(0).sum() - 2 * cross
    return max(float(distance), 0.0)


def _covariance(a: Tensor) -> Tensor:
    """The covariance of features (N, D), always a matrix (D, D)."""
    return torch.cov(a.T).reshape(a.shape[1], a.shape[1])


def _square_root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root


def class_coverage(predicted: Tensor, real: Tensor, *, least: float = 0.1) -> float:
    """Fraction of the classes in ``real`` that the samples hold, each at ``least`` of its real share or more.

    predicted: (N,) classes that a classifier sees in the samples; real: (M,) of real images.
    """
    classes = torch.unique(real)
    share = torch.stack([(predicted == k).double().mean() for k in classes])
    due = torch.stack([(real == k).double().mean() for k in classes])
    return (share >= least * due).double().mean().item()


def precision_recall(samples: Tensor, real: Tensor, *, neighbours: int = 3) -> tuple[float, float]:
    """Precision: the part of the samples that lie among real features; recall: the part of real features among the samples.

    "Among": nearer to some point of the other set than that point's ``neighbours``-th neighbour in its own set
    (Kynkäänniemi et al. (2019), arXiv:1904.06991). samples: (N, D), real: (M, D).
    """
    return _among(samples, real, neighbours), _among(real, samples, neighbours)


def _among(points: Tensor, others: Tensor, neighbours: int) -> float:
    if len(others) <= neighbours:
        raise DLModuleError(f"{neighbours} neighbours need a set of more than {neighbours}, not {len(others)}")
    radius = torch.cdist(others, others).kthvalue(neighbours + 1, dim=1).values  # the first is the point itself
    return (torch.cdist(points, others) <= radius).any(1).double().mean().item()


def two_sample_accuracy(samples: Tensor, real: Tensor, *, steps: int = 300) -> float:
    """How often a logistic regression on features tells held-out samples from held-out real images; 0.5 is chance.

    Lopez-Paz and Oquab (2017), arXiv:1610.06545. The first half of each set is for fitting, the second for the score.
    samples: (N, D), real: (M, D); both classes count equally.
    """
    halves = [(part[: len(part) // 2].double(), part[len(part) // 2 :].double()) for part in (samples, real)]
    fitted = torch.cat([first for first, _ in halves])
    mean, scale = fitted.mean(0), fitted.std(0) + 1e-6
    weight = torch.zeros(fitted.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight], max_iter=steps, line_search_fn="strong_wolfe")

    def scores(part: Tensor) -> Tensor:
        return ((part - mean) / scale) @ weight[1:] + weight[0]

    def loss() -> Tensor:
        optimiser.zero_grad()
        signs = zip((1.0, -1.0), halves, strict=True)
        value = sum(
            (torch.nn.functional.softplus(-sign * scores(first)).mean() for sign, (first, _) in signs), torch.zeros(())
        )
        value = value + 1e-3 * weight[1:].square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        right = [(sign * scores(second) > 0).double().mean() for sign, (_, second) in zip((1, -1), halves, strict=True)]
    return (sum(right) / 2).item()  # type: ignore[union-attr]
