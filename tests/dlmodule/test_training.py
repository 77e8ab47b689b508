import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from dlmodule.device import Plan
from dlmodule.errors import DLModuleError
from dlmodule.training import (
    Diverged,
    History,
    accuracy,
    evaluate,
    fit,
    lr_factor,
    make_optimiser,
    patience,
    predict,
    train_step,
)


def blobs(count: int = 96) -> tuple[Tensor, Tensor]:
    """Three clouds in the plane, well apart."""
    y = torch.arange(count) % 3
    centres = torch.tensor([[0.0, 4.0], [4.0, 0.0], [-4.0, -4.0]])
    return centres[y] + torch.randn(count, 2, generator=torch.Generator().manual_seed(0)), y


def mlp(dropout: float = 0.0) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(dropout), nn.Linear(16, 3))


def cnn() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))


def test_fit_learns_and_says_what_happened():
    """fit separates three clouds, and the history has one entry an epoch."""
    data = blobs()
    history = fit(mlp(), data, validation=data, epochs=15, batch_size=16, lr=0.02)
    assert history.val_accuracy[-1] > 0.98
    assert history.train_loss[-1] < history.train_loss[0] / 5
    assert [len(history.train_loss), len(history.val_loss), len(history.lr)] == [15, 15, 15]
    assert 0 < history.seconds < 60
    assert "val_accuracy" in str(history)


def test_same_seed_same_model():
    """The seed decides everything: dropout, order and augmentation; another seed gives another model."""

    def trained(seed: int) -> Tensor:
        model = mlp(dropout=0.3)
        torch.rand(seed)  # whatever was drawn before does not matter
        shaken = lambda x, generator: x + 0.1 * torch.randn(x.shape, generator=generator)  # noqa: E731
        fit(model, blobs(), epochs=2, batch_size=20, seed=seed, augment=shaken)
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    assert torch.equal(trained(3), trained(3))
    assert not torch.equal(trained(3), trained(4))


def test_one_step_is_plain_gradient_descent():
    """One epoch of one batch with SGD is the textbook's update (Nesterov's first step: lr * (1 + momentum) * gradient)."""
    x, y = blobs(32)
    model, by_hand = mlp(), mlp()
    fit(model, (x, y), epochs=1, batch_size=32, lr=0.1, optimiser="sgd", precision="float32")
    F.cross_entropy(by_hand(x), y).backward()
    for moved, parameter in zip(model.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(moved, parameter - 0.1 * 1.9 * parameter.grad)


def test_train_loss_is_the_mean_over_examples():
    """With lr 0 the training loss equals the loss of the whole set, ragged batches included."""
    x, y = blobs(50)
    model = mlp()
    history = fit(model, (x, y), epochs=1, batch_size=16, lr=0.0)
    assert history.train_loss[0] == pytest.approx(F.cross_entropy(model(x), y).item(), rel=1e-5)


def test_no_batch_of_one():
    """A rest of one example is shared out: batch normalisation trains on 33 examples in batches of 32."""
    x, y = torch.rand(33, 1, 8, 8), torch.arange(33) % 2
    sizes = []
    model = cnn()
    model[0].register_forward_hook(lambda module, args, output: sizes.append(len(args[0])))
    fit(model, (x, y), epochs=1, batch_size=32)
    assert sizes == [17, 16]


def test_surroundings_are_put_back():
    """Threads, the global generator and a plain memory layout are as before; the model is left in evaluation mode."""
    model, small, threads = cnn(), mlp(), torch.get_num_threads()
    images, clouds = (torch.rand(16, 1, 8, 8), torch.arange(16) % 2), blobs()
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    fit(model, images, epochs=1)
    fit(small, clouds, epochs=1)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads
    assert all(p.is_contiguous() for p in model.parameters())
    assert not model.training


def test_validation_does_not_disturb_training():
    """A run with validation ends at the same weights as one without."""
    data = torch.rand(40, 1, 8, 8), torch.arange(40) % 2
    one, other = cnn(), cnn()
    fit(one, data, epochs=3, batch_size=8)
    fit(other, data, epochs=3, batch_size=8, validation=data)
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_divergence_is_one_clear_line():
    """A loss that became NaN says in which epoch, at which lr, and what to try."""
    with pytest.raises(Diverged, match=r"epoch \d+ at lr=1e\+06: try lr=1e\+05, or clip the gradient"):
        fit(mlp(), blobs(), epochs=30, lr=1e6, optimiser="sgd")


def test_clipping_bounds_the_step():
    """With plain SGD the first step is at most lr * 1.9 * clip long."""
    model, before = mlp(), mlp()
    fit(model, (blobs()[0] * 100, blobs()[1]), epochs=1, batch_size=96, lr=1.0, optimiser="sgd", clip=0.01)
    pairs = zip(model.parameters(), before.parameters(), strict=True)
    assert math.sqrt(sum(((a - b) ** 2).sum().item() for a, b in pairs)) == pytest.approx(0.019, rel=1e-3)


def test_early_stopping():
    """patience(2) stops once the best validation loss is two epochs old, and asks for validation data."""
    stop = patience(2)
    assert not stop(History(val_loss=[3.0, 1.0, 2.0]))
    assert stop(History(val_loss=[3.0, 1.0, 2.0, 2.0]))
    with pytest.raises(DLModuleError, match="validation"):
        stop(History())
    data = blobs()
    history = fit(mlp(), data, validation=data, epochs=50, stop_when=lambda history: len(history.val_loss) == 3)
    assert len(history.train_loss) == 3


@given(st.floats(0, 1), st.sampled_from(["constant", "cosine", "one_cycle"]))
def test_schedules_stay_within_the_peak(done: float, schedule: str):
    """Every schedule lies between 0 and 1."""
    assert -1e-12 <= lr_factor(schedule, done) <= 1 + 1e-12


def test_schedules_at_known_points():
    """cosine is 1, 1/2, 0 at start, middle, end; one_cycle peaks after a fifth; a function is taken as it is."""
    assert [lr_factor("cosine", t) for t in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert [lr_factor("one_cycle", t) for t in (0, 0.2, 0.6, 1)] == pytest.approx([0.1, 1, 0.5, 0])
    assert lr_factor(lambda done: done**2, 0.5) == 0.25


def test_wrong_arguments_are_named():
    """Lengths that differ, an empty set and unknown names are each said in one line."""
    x, y = blobs()
    for call, words in [
        (lambda: fit(mlp(), (x, y[:-1]), epochs=1), "96 inputs but 95 targets"),
        (lambda: fit(mlp(), (x[:0], y[:0]), epochs=1), "empty"),
        (lambda: fit(mlp(), (x, y), epochs=1, optimiser="adam"), "adamw"),
        (lambda: fit(mlp(), (x, y), epochs=1, schedule="cyclic"), "one_cycle"),
    ]:
        with pytest.raises(DLModuleError, match=words):
            call()


def test_evaluate_and_predict():
    """predict equals the model in evaluation mode whatever the batch size; the mode is put back; evaluate applies the metric."""
    x, y = blobs()
    model = mlp(dropout=0.5)
    right = model.eval()(x)
    model.train()
    torch.testing.assert_close(predict(model, x, batch_size=7), right)
    assert model.training
    assert evaluate(model, (x, y)) == pytest.approx((right.argmax(1) == y).float().mean().item())
    assert evaluate(model, (x, y), F.cross_entropy) == pytest.approx(F.cross_entropy(right, y).item())


def test_accuracy_of_dense_predictions():
    """Accuracy counts every position: (N, K, H, W) logits against (N, H, W) classes."""
    logits = torch.zeros(1, 2, 2, 2)
    logits[0, 1, 0] = 1
    assert accuracy(logits, torch.tensor([[[1, 1], [1, 0]]])) == 0.75


def test_models_with_several_outputs():
    """A model that returns a tuple trains with a loss that takes the tuple, and predict gives a tuple of tensors."""

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 3)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self.layer(x), x.sum(1)

    x, y = blobs()
    model = Two()
    history = fit(model, (x, y), epochs=1, validation=(x, y), loss_fn=lambda out, y: F.cross_entropy(out[0], y))
    assert history.val_accuracy == [] and len(history.val_loss) == 1
    first, second = predict(model, x, batch_size=10)
    assert first.shape == (96, 3) and torch.equal(second, x.sum(1))


def test_bfloat16_reaches_the_same_loss():
    """Mixed precision changes the loss in the third digit, not the training; parameters and outputs stay float32."""
    data = blobs()
    losses = []
    for precision in ("float32", "bfloat16"):
        model = mlp()
        losses.append(fit(model, data, epochs=5, batch_size=16, lr=0.02, precision=precision).train_loss[-1])
        assert {p.dtype for p in model.parameters()} == {torch.float32}
        assert predict(model, data[0], precision=precision).dtype == torch.float32
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_complex_parameters_are_not_fused():
    """A model with complex weights (a Fourier layer) trains too: the fused kernel is for real numbers only."""
    model = nn.ParameterList([nn.Parameter(torch.ones(2, dtype=torch.complex64))])
    optimizer = make_optimiser("adamw", model, lr=0.1)
    assert not optimizer.defaults["fused"]


def test_train_step_alone():
    """train_step returns the loss before the step, without a graph, and lowers it."""
    x, y = blobs()
    model = mlp()
    optimizer = make_optimiser("sgd", model, lr=0.1)
    losses = [train_step(model, x, y, F.cross_entropy, optimizer) for _ in range(5)]
    assert losses[0].requires_grad is False
    assert losses[-1] < losses[0]


def test_progress_bar_is_silent_without_a_watcher(capsys):
    """Neither a terminal nor a notebook: nothing is printed."""
    fit(mlp(), blobs(), epochs=1, progress=True)
    assert capsys.readouterr() == ("", "")


def test_plan_of_a_small_and_a_convolutional_model():
    """A small perceptron runs on one thread in float32; convolutions get channels last and every thread."""
    small, large = Plan.of(mlp(), "cpu"), Plan.of(cnn(), "cpu")
    assert (small.threads, small.bfloat16, small.channels_last) == (1, False, False)
    assert (large.threads, large.channels_last) == (torch.get_num_threads(), True)
    assert Plan.of(cnn(), "cpu", precision="float32", memory_format="contiguous").bfloat16 is False
