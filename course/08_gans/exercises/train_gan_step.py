"""One step of the game: which parameters move, by how much, and what was left in the gradients."""

import itertools

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import row, waves

exercise = Exercise(
    difficulty=3,
    minutes=12,
    core=True,
    hints=(
        "Follow the table: which generated examples does the discriminator get in its own turn, and which in the generator's?",
        "Generate once. Discriminator: both losses on detached samples, zero_grad, backward, step. Then ask the discriminator again, and do the same for the generator.",
    ),
)


class Net(nn.Module):
    """Linear, or with a hidden layer of tanh; its weights are given by a wave."""

    def __init__(self, inputs, outputs, hidden, start):
        super().__init__()
        sizes = [inputs, hidden, outputs] if hidden else [inputs, outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=bool(hidden)).double() for a, b in itertools.pairwise(sizes))
        with torch.no_grad():
            for k, parameter in enumerate(self.parameters()):
                parameter.copy_(
                    torch.sin(0.7 * torch.arange(parameter.numel()).double() + start + k).reshape(parameter.shape)
                )

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = layer(x).tanh()
        return self.layers[-1](x)


def numbers(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


@exercise.probe
def probe(candidate, case):
    x, z, hidden, lr, steps = case.args
    generator, discriminator = Net(z.shape[1], x.shape[1], hidden, 1.0), Net(x.shape[1], 1, hidden, 2.0)
    if not hidden:  # the worked number: G(z) = z, f(x) = 0
        with torch.no_grad():
            generator.layers[0].weight.fill_(1.0)
            discriminator.layers[0].weight.fill_(0.0)
    opt_g, opt_d = (torch.optim.SGD(net.parameters(), lr) for net in (generator, discriminator))
    losses = [candidate(generator, discriminator, opt_g, opt_d, x, z * (1 + k)) for k in range(steps)]
    return {
        "losses of the discriminator": [float(pair[0]) for pair in losses],
        "losses of the generator": [float(pair[1]) for pair in losses],
        "the discriminator's parameters": numbers(discriminator),
        "the generator's parameters": numbers(generator),
        "losses are plain numbers": all(isinstance(value, float) for pair in losses for value in pair),
    }


@exercise.cases
def cases():
    yield Case(row(2)[:, None], row(1)[:, None], 0, 1.0, 1).named("the worked number")
    yield Case(waves(5, 2) + 1, waves(5, 3, start=1), 4, 0.3, 1).named("five examples, one step")
    yield Case(waves(7, 2) + 1, waves(4, 3, start=1), 4, 0.3, 3).named("seven real examples, four latents, three steps")


exercise.edit(
    "detached_in_the_generators_turn", "generator_loss(discriminator(fake))", "generator_loss(discriminator(fake.detach()).requires_grad_())",
    "The generator does not move. In its own turn the samples must not be detached, so that the gradient reaches its parameters, and opt_g must step.",
)  # fmt: skip
exercise.edit(
    "old_discriminator", ("    loss_d.backward()\n    opt_d.step()\n    loss_g = generator_loss(discriminator(fake))\n", "    loss_g.backward()\n    opt_g.step()\n"), ("    loss_d.backward()\n    loss_g = generator_loss(discriminator(fake))\n", "    loss_g.backward(inputs=list(generator.parameters()))\n    opt_g.step()\n    opt_d.step()\n"),
    "The generator was judged by the discriminator from before its step. Step the discriminator first, then ask it again.",
)  # fmt: skip
exercise.edit(
    "discriminators_gradient_piles_up", "    opt_d.zero_grad()\n", "",
    "Gradients pile up in the discriminator: those of the generator's turn as well. Clear them before its backward.",
)  # fmt: skip
exercise.edit(
    "generators_gradient_piles_up", "    opt_g.zero_grad()\n", "",
    "The gradients of earlier steps pile up in the generator. Clear them before its backward.",
)  # fmt: skip
exercise.edit(
    "saturating", "generator_loss(discriminator(fake))", "generator_loss(discriminator(fake), saturating=True)",
    "You used the saturating loss, which gives almost no gradient when the samples are rejected.",
)  # fmt: skip
exercise.edit(
    "discriminators_loss_for_both", "generator_loss(discriminator(fake))", "discriminator_loss(discriminator(x), discriminator(fake))",
    "In its turn your generator minimises the discriminator's loss: it learns to be recognised.",
)  # fmt: skip
exercise.edit(
    "discriminator_steps_twice", "    opt_g.step()\n", "    opt_g.step()\n    opt_d.step()\n",
    "The discriminator steps a second time, with the generator's gradient: it is pushed to call samples real.",
)  # fmt: skip


@exercise.mistake(
    "The samples were not detached in the discriminator's turn, and its backward left a gradient in the generator that pushes it the wrong way."
)
def not_detached_and_not_cleared(generator, discriminator, opt_g, opt_d, x, z):
    opt_d.zero_grad()
    opt_g.zero_grad()
    fake = generator(z)
    loss_d = discriminator_loss(discriminator(x), discriminator(fake))
    loss_d.backward(retain_graph=True)
    opt_d.step()
    loss_g = generator_loss(discriminator(fake))
    loss_g.backward()
    opt_g.step()
    return loss_d.item(), loss_g.item()


@exercise.mistake(
    "The losses still hang on their graphs. Return numbers, by item(): a list of thousands of graphs fills the memory."
)
def graphs_returned(generator, discriminator, opt_g, opt_d, x, z):
    fake = generator(z)
    loss_d = discriminator_loss(discriminator(x), discriminator(fake.detach()))
    opt_d.zero_grad()
    loss_d.backward()
    opt_d.step()
    loss_g = generator_loss(discriminator(fake))
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    return loss_d, loss_g


exercise.edit(
    "other_order", "return loss_d.item(), loss_g.item()", "return loss_g.item(), loss_d.item()",
    "The two losses come back in the other order: the discriminator's first.",
)  # fmt: skip
exercise.edit(
    "sides_exchanged", "discriminator_loss(discriminator(x), discriminator(fake.detach()))", "discriminator_loss(discriminator(fake.detach()), discriminator(x))",
    "Real and generated examples changed places in the discriminator's loss: the logits of the real ones come first.",
)  # fmt: skip
exercise.edit(
    "discriminator_moved_twice", "opt_g.step()", "opt_d.step()",
    "In the generator's turn the discriminator's optimiser takes the step, so the generator never moves.",
)  # fmt: skip
exercise.edit(
    "two_steps", "    opt_d.step()\n", "    opt_d.step()\n    opt_d.step()\n",
    "The discriminator takes two steps. Each network is updated once.",
)  # fmt: skip
exercise.edit(
    "other_latents", "generator_loss(discriminator(fake))", "generator_loss(discriminator(generator(torch.randn_like(z))))",
    "The generator draws new examples for its own turn, from other latents. One batch serves both turns.",
)  # fmt: skip


@exercise.mistake(
    "Both losses and both gradients come before the first step: the generator is judged by the old discriminator, and its gradient is added to the discriminator's. Finish the discriminator's turn, then ask it again."
)
def both_losses_first(generator, discriminator, opt_g, opt_d, x, z):
    fake = generator(z)
    loss_d = discriminator_loss(discriminator(x), discriminator(fake.detach()))
    loss_g = generator_loss(discriminator(fake))
    opt_d.zero_grad()
    loss_d.backward()
    opt_g.zero_grad()
    loss_g.backward()
    opt_d.step()
    opt_g.step()
    return loss_d.item(), loss_g.item()


@exercise.alternative
def with_two_backwards(generator, discriminator, opt_g, opt_d, x, z):
    fake = generator(z)
    discriminator.zero_grad()
    on_real, on_fake = F.softplus(-discriminator(x)).mean(), F.softplus(discriminator(fake.detach())).mean()
    on_real.backward()
    on_fake.backward()
    opt_d.step()
    generator.zero_grad()
    loss = F.softplus(-discriminator(fake)).mean()
    loss.backward()
    opt_g.step()
    return float(on_real + on_fake), float(loss)


@exercise.alternative
def with_autograd_grad(generator, discriminator, opt_g, opt_d, x, z):
    fake, losses = generator(z), []
    for net, optimiser in ((discriminator, opt_d), (generator, opt_g)):
        if net is discriminator:
            loss = discriminator_loss(net(x), net(fake.detach()))
        else:
            loss = generator_loss(discriminator(fake))
        for parameter, grad in zip(net.parameters(), torch.autograd.grad(loss, list(net.parameters())), strict=True):
            parameter.grad = grad
        optimiser.step()
        losses.append(loss.item())
    return losses[0], losses[1]
