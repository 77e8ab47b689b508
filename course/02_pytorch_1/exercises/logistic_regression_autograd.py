"""Logistic regression by gradient descent, from logits and with a penalty."""

import torch
from torch import Tensor
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    core=True,
    hints=(
        "The program is that of the linear regression; only the loss is another. Write it with z, never with the probability.",
        "torch.logaddexp(z, zeros) is ln(e^z + e^0), whatever z; F.binary_cross_entropy_with_logits(z, y) is the whole mean. The penalty is l2 / 2 times the sum of the squared weights, without the bias.",
    ),
)


@exercise.probe
def probe(candidate, case):
    answer = candidate(*case.args, **case.kwargs)
    if not isinstance(answer, (tuple, list)) or len(answer) != 3:
        return answer
    w, b, losses = answer
    return {
        "w": w,
        "b": b,
        "losses": [float(one) for one in losses],
        "the losses are Python numbers": all(isinstance(one, float) for one in losses),
        "the losses hold on to their graphs": any(isinstance(one, Tensor) and one.requires_grad for one in losses),
        "w and b are without a past": not any(isinstance(one, Tensor) and one.requires_grad for one in (w, b)),
    }


@exercise.cases
def cases():
    yield Case(row(2.0)[:, None], row(1.0), lr=0.5, steps=3).named("x = 2, y = 1, three steps")
    yield Case(noise(6, 2), row(0, 1, 1, 0, 1, 1), lr=0.3, steps=5).named("six examples of two features, five steps")
    yield Case(noise(5, 3, seed=1), row(1, 0, 0, 0, 1), lr=0.2, steps=12, l2=0.7).named(
        "five examples of three features, with a penalty"
    )
    yield Case(1000 * noise(4, 2, seed=2), row(0, 1, 0, 1), lr=0.1, steps=4, l2=0.01).named(
        "features of a thousand, so logits of many thousands"
    )


def descend(x, y, lr, steps, l2, *, loss_of=None, penalty_of=None, accumulate=False):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses, kept = [], [torch.zeros_like(w), torch.zeros_like(b)]
    loss_of = loss_of or (lambda z: F.binary_cross_entropy_with_logits(z, y))
    penalty_of = penalty_of or (lambda w, b: l2 / 2 * w.square().sum())
    for _ in range(steps):
        loss = loss_of(x @ w + b) + penalty_of(w, b)
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, [w, b])
        kept = [old + new for old, new in zip(kept, gradients, strict=True)] if accumulate else gradients
        with torch.no_grad():
            w -= lr * kept[0]
            b -= lr * kept[1]
    return w.detach(), b.detach(), losses


@exercise.mistake(
    "Right for small logits; for large ones `exp` overflows and everything becomes nan. ln(1 + e^z) has to be computed without forming e^z: torch.logaddexp(z, zeros), or a loss that takes logits."
)
def exponentials_overflow(x, y, *, lr, steps, l2=0.0):
    return descend(x, y, lr, steps, l2, loss_of=lambda z: (torch.log(1 + torch.exp(z)) - y * z).mean())


@exercise.mistake(
    "Right for small logits; for large ones the probability is rounded to exactly 0 or 1, its logarithm is -inf, and 0 times -inf is nan. Compute the loss from the logits."
)
def logarithm_of_a_probability(x, y, *, lr, steps, l2=0.0):
    def loss_of(z):
        p = z.sigmoid()
        return -(y * p.log() + (1 - y) * (1 - p).log()).mean()

    return descend(x, y, lr, steps, l2, loss_of=loss_of)


@exercise.mistake(
    "A sigmoid too many: a loss that takes logits was given probabilities, and squashes them again. No example can then be surer than σ(1) = 73 %."
)
def sigmoid_twice(x, y, *, lr, steps, l2=0.0):
    return descend(x, y, lr, steps, l2, loss_of=lambda z: F.binary_cross_entropy_with_logits(z.sigmoid(), y))


@exercise.mistake(
    "This is the squared error of the probability. Its gradient carries a factor p (1 - p), so an example that is surely wrong hardly teaches anything; the logarithm takes that factor out."
)
def squared_error(x, y, *, lr, steps, l2=0.0):
    return descend(x, y, lr, steps, l2, loss_of=lambda z: (z.sigmoid() - y).square().mean())


@exercise.mistake(
    "The bias is penalised too. It says how rare a fault is, and pulling it to 0 would say: every second one."
)
def bias_penalised(x, y, *, lr, steps, l2=0.0):
    return descend(x, y, lr, steps, l2, penalty_of=lambda w, b: l2 / 2 * (w.square().sum() + b.square()))


@exercise.mistake("Your penalty lacks its factor 1/2, so it pulls twice as hard.")
def whole_penalty(x, y, *, lr, steps, l2=0.0):
    return descend(x, y, lr, steps, l2, penalty_of=lambda w, b: l2 * w.square().sum())


@exercise.mistake("The penalty is missing: with l2 = 0.7 the weights come out as with l2 = 0.")
def no_penalty(x, y, *, lr, steps, l2=0.0):
    return descend(x, y, lr, steps, 0.0)


@exercise.mistake(
    "The gradients of earlier steps are still in there: `backward()` adds to `.grad`. Clear it in every step, or use torch.autograd.grad, which stores nothing."
)
def gradients_add_up(x, y, *, lr, steps, l2=0.0):
    return descend(x, y, lr, steps, l2, accumulate=True)


@exercise.mistake(
    "w and b still carry the graph, or ask for gradients: whoever uses them goes on recording. Return them detached, as plain numbers."
)
def past_returned(x, y, *, lr, steps, l2=0.0):
    w, b, losses = descend(x, y, lr, steps, l2)
    return w.requires_grad_(), b.requires_grad_(), losses


@exercise.mistake(
    "The losses are tensors, and each holds on to the graph of its step, so the memory grows with every step. Keep the number: loss.item()."
)
def losses_hold_their_graphs(x, y, *, lr, steps, l2=0.0):
    w, b, losses = descend(x, y, lr, steps, l2)
    return w, b, [torch.tensor(one, dtype=x.dtype, requires_grad=True) for one in losses]


@exercise.mistake("The losses are tensors. They have no past, but Python numbers are asked: loss.item().")
def losses_as_tensors(x, y, *, lr, steps, l2=0.0):
    w, b, losses = descend(x, y, lr, steps, l2)
    return w, b, [torch.tensor(one, dtype=x.dtype) for one in losses]


@exercise.mistake(
    "The sign in the exponential is turned: the loss is ln(1 + e^z) - y z. ln(1 + e^-z) belongs to the form that adds (1 - y) z."
)
def exponent_turned(x, y, *, lr, steps, l2=0.0):
    return descend(x, y, lr, steps, l2, loss_of=lambda z: (F.softplus(-z) - y * z).mean())


@exercise.mistake(
    "The weights never feel the penalty: it is computed from a detached w, or added to the loss that you print and not to the one that you descend."
)
def penalty_not_felt(x, y, *, lr, steps, l2=0.0):
    return descend(x, y, lr, steps, l2, penalty_of=lambda w, b: l2 / 2 * w.detach().square().sum())


@exercise.mistake("You took the length of w; the penalty is the sum of the *squares* of w, without a root.")
def length_of_the_weights(x, y, *, lr, steps, l2=0.0):
    return descend(x, y, lr, steps, l2, penalty_of=lambda w, b: l2 / 2 * (w.square().sum() + 1e-24).sqrt())


@exercise.alternative
def by_torch_loss_and_backward(x, y, *, lr, steps, l2=0.0):
    w = torch.zeros(x.shape[1], dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(x @ w + b, y) + 0.5 * l2 * (w @ w)
        w.grad = b.grad = None
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        losses.append(loss.item())
    return w.detach(), b.detach(), losses


@exercise.alternative
def with_softplus(x, y, *, lr, steps, l2=0.0):
    def loss_of(z):
        return torch.where(y == 1, -F.logsigmoid(z), -F.logsigmoid(-z)).mean()

    return descend(x, y, lr, steps, l2, loss_of=loss_of)


@exercise.alternative
def by_hand(x, y, *, lr, steps, l2=0.0):
    w, b, losses = x.new_zeros(x.shape[1]), x.new_zeros(()), []
    for _ in range(steps):
        z = x @ w + b
        losses.append((z.clamp(min=0) + (-z.abs()).exp().log1p() - y * z).mean().item() + l2 / 2 * float(w @ w))
        e = z.sigmoid() - y
        w, b = w - lr * (x.T @ e / len(y) + l2 * w), b - lr * e.mean()
    return w, b, losses
