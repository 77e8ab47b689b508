"""The Jacobian of a vector function, one backward pass per row."""

import torch

from dlmodule.checking import Case, Code, Exercise
from dlmodule.checking.inputs import row

exercise = Exercise(
    difficulty=3,
    minutes=15,
    move_on=25,
    hints=(
        "Row m is the gradient of one number, y[m]: you can compute that already. How many times do you walk back through the same graph?",
        "Record y once, from a leaf of your own. torch.autograd.grad(y[m], leaf, retain_graph=True) keeps the graph for the next row; stack the rows.",
    ),
)


@exercise.probe
def probe(candidate, case):
    function, x = case.args
    jacobian = candidate(function, x)
    return {"jacobian": jacobian.detach().clone(), "x records operations afterwards": x.requires_grad}


@exercise.cases
def cases():
    yield Case(Code("lambda x: torch.stack([x[0] * x[1], x[0] + 3 * x[1]])"), row(2, 5)).named(
        "(x0 x1, x0 + 3 x1) at (2, 5)"
    )
    yield Case(
        Code("lambda x: torch.stack([x.square().sum(), x.prod(), x.sin().sum(), x[0] * x[2]])"), row(1, 2, 3)
    ).named("four functions of three variables")
    yield Case(Code("lambda x: x.cumsum(0)[1:].exp()"), row(0.1, -0.3, 0.2, 0.4)).named(
        "three functions of four variables"
    )
    yield Case(Code("lambda x: (2 * x).sum()[None]"), row(1, 2, 3)).named("a single function")


@exercise.mistake("Your Jacobian is transposed: row m belongs to output m, column d to input d.")
def transposed(function, x):
    return torch.func.jacrev(function)(x).T


@exercise.mistake("You walked back once, from the sum of the outputs: that is the sum of the rows.")
def sum_of_rows(function, x):
    leaf = x.detach().requires_grad_()
    return torch.autograd.grad(function(leaf).sum(), leaf)[0]


@exercise.mistake("Each of your rows contains the rows before it: backward() adds to .grad, and nobody cleared it.")
def accumulated(function, x):
    leaf = x.detach().requires_grad_()
    rows = []
    for one in function(leaf):
        one.backward(retain_graph=True)
        rows.append(leaf.grad.clone())
    return torch.stack(rows)


@exercise.mistake(
    "All your rows are the same: leaf.grad is one tensor, filled again and again. Keep a clone of it for every row."
)
def same_tensor(function, x):
    leaf = x.detach().requires_grad_()
    rows = []
    for one in function(leaf):
        if leaf.grad is not None:
            leaf.grad.zero_()
        one.backward(retain_graph=True)
        rows.append(leaf.grad)
    return torch.stack(rows)


@exercise.mistake("You switched recording on for the caller's own x and left it on. Work on x.detach().")
def callers_tensor(function, x):
    y = function(x.requires_grad_())
    return torch.stack([torch.autograd.grad(one, x, retain_graph=True)[0] for one in y])


@exercise.alternative
def built_in(function, x):
    return torch.autograd.functional.jacobian(function, x)


@exercise.alternative
def reverse_mode(function, x):
    return torch.func.jacrev(function)(x)


@exercise.alternative
def forward_mode(function, x):
    basis = torch.eye(len(x), dtype=x.dtype)
    return torch.stack([torch.func.jvp(function, (x,), (one,))[1] for one in basis], dim=1)
