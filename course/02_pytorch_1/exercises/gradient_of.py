"""Value and gradient of a scalar function at a point, leaving the point as it was."""

import torch

from dlmodule.checking import Case, Code, Exercise
from dlmodule.checking.inputs import row

exercise = Exercise(
    difficulty=2,
    minutes=10,
    move_on=18,
    core=True,
    hints=(
        "You need a leaf that records and that is not the caller's x. Which method gives a tensor with the same numbers and no past?",
        "x.detach() is a new tensor on the same memory, .requires_grad_() switches recording on for it alone. Then either backward() and .grad, or torch.autograd.grad, which returns the gradient in a tuple.",
    ),
)


@exercise.probe
def probe(candidate, case):
    function, x = case.args
    before = x.clone()
    (value, first), (_, second) = candidate(function, x), candidate(function, x)
    recorded = first.requires_grad
    return {
        "value": value.detach().clone(),
        "value remembers its past": value.requires_grad,
        "gradient": first.detach().clone(),
        "gradient remembers its past": recorded,
        "the same the second time": torch.equal(first, second),
        "x records operations afterwards": x.requires_grad,
        "x has a gradient afterwards": x.requires_grad and x.grad is not None,
        "x has changed": not torch.equal(x.detach(), before),
    }


@exercise.cases
def cases():
    yield Case(Code("lambda x: x.square().sum()"), row(3, -1)).named("the sum of squares at (3, -1)")
    yield Case(Code("lambda x: x.prod()"), row(2, 3, 5)).named("a product of three")
    yield Case(Code("lambda x: (x.sin() * x.exp()).sum()"), row(0.3, -0.2, 1.1, 0.5, -2)).named("sin(x) exp(x)")
    table = torch.arange(6, dtype=torch.float64).reshape(2, 3)
    yield Case(Code("lambda x: (x @ x.T).sum()"), table).named("a function of a 2x3 matrix")


@exercise.mistake(
    "You switched recording on for the caller's own x and left it on: everything computed from x later will be recorded too. Work on x.detach()."
)
def callers_tensor(function, x):
    value = function(x.requires_grad_())
    return value.detach(), torch.autograd.grad(value, x)[0]


@exercise.mistake(
    "Your second answer is not your first: backward() *adds* to x.grad, and you left the old gradient there, on the caller's x."
)
def accumulated(function, x):
    x.requires_grad_()
    value = function(x)
    value.backward()
    return value.detach(), x.grad.clone()


@exercise.mistake(
    "The value you return still carries its graph: whoever keeps it in a list keeps every intermediate result alive. Return value.detach()."
)
def value_with_its_graph(function, x):
    leaf = x.detach().requires_grad_()
    value = function(leaf)
    return value, torch.autograd.grad(value, leaf)[0]


@exercise.mistake("Value and gradient are exchanged: the value comes first.")
def exchanged(function, x):
    return torch.func.grad_and_value(function)(x)


@exercise.mistake(
    "You return a difference quotient. It is close, but it is not the derivative: its error shrinks only with the step, and it costs one evaluation per entry. Let autograd do it."
)
def difference_quotient(function, x):
    eps = 1e-3
    out = torch.zeros_like(x)
    for i in range(x.numel()):
        moved = x.clone()
        moved.view(-1)[i] += eps
        out.view(-1)[i] = (function(moved) - function(x)) / eps
    return function(x), out


@exercise.mistake("The sign is turned: that is the direction in which a descent steps. The gradient points uphill.")
def downhill(function, x):
    leaf = x.detach().requires_grad_()
    value = function(leaf)
    return value.detach(), -torch.autograd.grad(value, leaf)[0]


@exercise.mistake(
    "The gradient you return remembers how it was made. `create_graph=True` is for derivatives of derivatives; leave it out here."
)
def gradient_with_its_graph(function, x):
    leaf = x.detach().requires_grad_()
    value = function(leaf)
    return value.detach(), torch.autograd.grad(value, leaf)[0].requires_grad_()


@exercise.alternative
def by_backward(function, x):
    leaf = x.clone().requires_grad_()
    value = function(leaf)
    value.backward()
    return value.detach(), leaf.grad


@exercise.alternative
def functional(function, x):
    gradient, value = torch.func.grad_and_value(function)(x)
    return value, gradient
