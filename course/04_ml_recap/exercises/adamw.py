"""One step of AdamW: decay beside the gradient, not in it."""

import torch

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=4,
    move_on=10,
    core=True,
    hints=(
        "Two things happen to theta, one after the other, and only the second knows the gradient.",
        "The decay is one multiplication by a number a little below 1, made of lr and weight_decay. What follows you have written already.",
    ),
)


@exercise.cases
def cases():
    one = torch.tensor([1.0], dtype=torch.float64)
    yield Case(2 * one, 4 * one, 0 * one, 0 * one, t=1, lr=0.1, weight_decay=0.5).named(
        "the first step: theta = 2, grad = 4, decay 0.5"
    )
    yield Case(2 * one, 0 * one, 0 * one, 0 * one, t=1, lr=0.1, weight_decay=0.5).named("no gradient, only decay")
    many = [noise(3, 4, seed=seed) for seed in range(4)]
    yield Case(*many[:3], many[3] ** 2, t=7, lr=0.3).named("a (3, 4) matrix, the defaults, t = 7")
    yield Case(*many[:3], many[3] ** 2, t=40, lr=0.5, betas=(0.8, 0.9), eps=0.1, weight_decay=0.2).named(
        "t = 40, other betas"
    )


@exercise.mistake(
    "This is Adam with a penalty: you added weight_decay * theta to the gradient, so it is divided by the size of the gradient like everything "
    "else. AdamW shrinks theta itself and leaves the gradient alone."
)
def penalty_in_the_gradient(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    return adam(theta, grad + weight_decay * theta, m, s, t=t, lr=lr, betas=betas, eps=eps)


@exercise.mistake("theta is not decayed at all; this is Adam. Multiply theta by 1 - lr * weight_decay before the step.")
def no_decay(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    return adam(theta, grad, m, s, t=t, lr=lr, betas=betas, eps=eps)


exercise.edit(
    "decay_without_the_rate",
    "(1 - lr * weight_decay)",
    "(1 - weight_decay)",
    "Your decay does not know the learning rate: it would go on at full strength when a schedule has brought lr to zero. The factor is "
    "1 - lr * weight_decay.",
)
exercise.edit(
    "grows",
    "(1 - lr * weight_decay)",
    "(1 + lr * weight_decay)",
    "Your weights grow: decay multiplies by a number below 1.",
)


@exercise.mistake(
    "You decayed after Adam's step, and so shrank that step as well. PyTorch decays the old theta first; the difference is of order lr squared, "
    "and it is there."
)
def decayed_afterwards(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    theta, m, s = adam(theta, grad, m, s, t=t, lr=lr, betas=betas, eps=eps)
    return theta * (1 - lr * weight_decay), m, s


exercise.edit(
    "betas_not_handed_on",
    "betas=betas, ",
    "",
    "`betas` is not handed on to adam, which then uses its defaults.",
)
exercise.edit(
    "eps_not_handed_on",
    ", eps=eps",
    "",
    "`eps` is not handed on to adam, which then uses its default.",
)
exercise.edit(
    "t_not_handed_on",
    "t=t",
    "t=1",
    "The number of the step is not handed on: every step is corrected as if it were the first.",
)
exercise.edit(
    "decayed_twice",
    "adam(theta, grad,",
    "adam(theta, grad + weight_decay * theta,",
    "You decay theta and add the penalty to the gradient as well. AdamW does only the first: the moments see the gradient of the loss alone.",
)
exercise.edit(
    "decayed_by_half",
    "lr * weight_decay",
    "lr * weight_decay / 2",
    "You decayed by half: the half in the penalty's formula is gone once it is differentiated. The factor is 1 - lr * weight_decay.",
)
exercise.edit(
    "other_default",
    "weight_decay: float = 0.01",
    "weight_decay: float = 0.0",
    "Your default for weight_decay is 0. In AdamW it is 0.01.",
)
exercise.edit(
    "moments_exchanged",
    "grad, m, s, t=t",
    "grad, s, m, t=t",
    "You handed m and s on in the other order: adam takes m first.",
)


@exercise.alternative
def by_torch(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    p = theta.clone().requires_grad_()
    p.grad = grad.clone()
    optimiser = torch.optim.AdamW([p], lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)
    optimiser.state[p] = {"step": torch.tensor(float(t - 1)), "exp_avg": m.clone(), "exp_avg_sq": s.clone()}
    optimiser.step()
    return p.detach(), optimiser.state[p]["exp_avg"], optimiser.state[p]["exp_avg_sq"]


@exercise.alternative
def both_subtracted(theta, grad, m, s, *, t, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
    moved, m, s = adam(theta, grad, m, s, t=t, lr=lr, betas=betas, eps=eps)
    return moved - lr * weight_decay * theta, m, s
