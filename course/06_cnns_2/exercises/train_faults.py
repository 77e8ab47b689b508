"""Train a U-Net to mark faults in sections that it has never seen."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from dlmodule.checking import Case, Exercise, Measured
from dlmodule.checking.training_facts import seed_facts
from dlmodule.data import seismic
from dlmodule.training import fit, predict

exercise = Exercise(
    difficulty=3,
    minutes=20,
    move_on=30,
    core=True,
    hints=(
        "x and y come in pairs, so whatever is done to x is done to y: images and their mirror images make one tensor, masks and their mirror images another, in the same order.",
        "loss_fn is a function of (logits, y); write one that returns the sum of the two losses and hand it to fit. A probability above one half is a logit above 0. iou returns a tensor: .item() makes a float of it.",
    ),
    measured=Measured("iou"),
)


def columns(x: torch.Tensor) -> set[float]:
    """One number for each image (N, 1, H, W) that tells it from its mirror image."""
    weight = torch.arange(x.shape[3], dtype=torch.float64)
    return set((x.detach().double() * weight).sum((1, 2, 3)).mul(100).round().tolist())


class Shown(TorchFunctionMode):
    """Notes the images that a network was shown while it learned, and whether its cross-entropy was fed logits."""

    def __init__(self):
        super().__init__()
        self.images, self.logits = set(), True

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.conv2d and torch.is_grad_enabled() and args[0].shape[1] == 1:
            self.images |= columns(args[0])
        if func is F.binary_cross_entropy_with_logits:
            fed = (args[0] if args else kwargs["input"]).detach()
            self.logits = self.logits and not bool((fed >= 0).all() and (fed <= 1).all())
        return func(*args, **(kwargs or {}))


def overlap(marked: torch.Tensor, y: torch.Tensor) -> float:
    """Intersection over union."""
    y = y > 0.5
    return ((marked & y).sum() / (marked | y).sum().clamp(min=1)).item()


@exercise.probe
def probe(candidate, case):
    clean = seismic.Geology(faults=(1, 2), throw=(8.0, 16.0), noise=(0.02, 0.1))
    noisy = seismic.Geology(faults=(1, 2), throw=(8.0, 16.0), noise=(0.5, 0.8))
    train = seismic.sections(20, height=64, width=64, seed=0, geology=clean)
    unseen = seismic.sections(12, height=64, width=64, seed=1, geology=noisy)
    easy = seismic.sections(12, height=64, width=64, seed=2, geology=clean)
    with Shown() as shown:
        returned = candidate(train, unseen, epochs=10, seed=case.seed)
    if not (isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[0], nn.Module)):
        return {"iou": 0.0, "returned": type(returned).__name__}
    model, figure = returned
    mode = model.training
    z_train, z_unseen, z_easy = (predict(model, part.images, batch_size=32) for part in (train, unseen, easy))
    figures = {
        "the IoU on unseen": overlap(z_unseen > 0, unseen.masks),
        "the IoU on train": overlap(z_train > 0, train.masks),
        "an accuracy": ((z_unseen > 0) == (unseen.masks > 0.5)).float().mean().item(),
    }
    named = [name for name, value in figures.items() if abs(float(figure) - value) < 0.03]
    few = seismic.sections(4, height=16, width=16, seed=3)
    return {
        "iou": overlap(z_easy > 0, easy.masks),
        "the figure returned is": named[0] if named else "none that the check knows",
        "a Python float": isinstance(figure, float),
        "left in training mode": mode,
        "gives logits": bool((z_easy < 0).any()),
        "the cross-entropy gets logits": shown.logits,
        "learned from the mirror images": len(columns(train.images.flip(-1)) & shown.images) == len(train),
        "learned from the sections themselves": len(columns(train.images) & shown.images) == len(train),
        "learned from unseen sections": not columns(unseen.images).isdisjoint(shown.images),
        **seed_facts(lambda seed: predict(candidate(few, few, epochs=1, width=2, seed=seed)[0], few.images), atol=1e-3),
    }


@exercise.cases
def cases():
    yield Case().named("twenty small sections, ten epochs")


exercise.edit(
    "masks_not_mirrored",
    "y = torch.cat([train.masks, train.masks.flip(-1)])",
    "y = torch.cat([train.masks, train.masks])",
    "Are the masks mirrored along with the sections? If not, half of your examples show a fault in one place and claim it in another.",
)
exercise.edit(
    "reports_on_train",
    "marked = predict(model, unseen.images, batch_size=32) > 0\n    return model.eval(), iou(marked, unseen.masks).item()",
    "marked = predict(model, train.images, batch_size=32) > 0\n    return model.eval(), iou(marked, train.masks).item()",
    "The IoU you return is that of the sections it learned from. It is the larger one, and nobody needs it: report on `unseen`.",
)
exercise.edit(
    "reports_accuracy",
    "iou(marked, unseen.masks).item()",
    "(marked == unseen.masks.bool()).float().mean().item()",
    "The figure you return is an accuracy. It is above 0.9 for a network that marks nothing; return iou(marked, unseen.masks).",
)
exercise.edit(
    "left_in_training_mode",
    "return model.eval(), iou(marked, unseen.masks).item()",
    "return model.train(), iou(marked, unseen.masks).item()",
    "The model comes back in training mode: batch normalisation then takes its statistics from whatever it is shown, and a section's faults depend on the other sections in its batch. Return model.eval().",
)
exercise.edit(
    "seed_not_used",
    "torch.manual_seed(seed)",
    "torch.manual_seed(0)",
    "Seeds 5 and 6 begin with the same network: `seed` does not reach torch.manual_seed, or comes too late for the first weights.",
)
exercise.edit(
    "seed_too_late",
    "torch.manual_seed(seed)",
    "torch.seed()",
    "The same seed gave two different models: the first weights are drawn when UNet() is made, so torch.manual_seed(seed) has to stand before it.",
)


def train_on(x, y, unseen, epochs, width, seed, sign=1, **recipe):
    """The training with the parts that the candidates below vary."""
    torch.manual_seed(seed)
    model = UNet(width=width)

    def loss_fn(logits, y):
        return F.binary_cross_entropy_with_logits(logits, y) + dice_loss(logits, y)

    recipe = {"batch_size": 8, "lr": 5e-3, "weight_decay": 0.01, "schedule": "one_cycle", "loss_fn": loss_fn, **recipe}
    fit(model, (x, y), epochs=epochs, seed=seed, progress=False, **recipe)
    marked = predict(model, unseen.images, batch_size=32).sigmoid() > 0.5
    return model.eval(), float(iou(marked, unseen.masks))


def mirrored(x):
    """The sections, then their mirror images."""
    return torch.cat([x, x.flip(3)])


@exercise.mistake(
    "The mirror images are missing: the network saw each section one way round only. They cost nothing, and double what is learned from."
)
def never_mirrored(train, unseen, *, epochs, width=8, seed=0):
    return train_on(train.images, train.masks, unseen, epochs, width, seed)


@exercise.mistake(
    "It has learned from the unseen sections, so the IoU on them says nothing about sections it has not seen. They are for reporting only."
)
def learned_from_unseen(train, unseen, *, epochs, width=8, seed=0):
    x, y = torch.cat([train.images, unseen.images]), torch.cat([train.masks, unseen.masks])
    return train_on(mirrored(x), mirrored(y), unseen, epochs, width, seed)


@exercise.mistake(
    "The cross-entropy gets probabilities. Both losses take the sigmoid themselves; after a second one every probability lies between 0.5 and 0.73, so the losses cannot come near zero, and what the network returns at the end no longer is what it was trained with."
)
def sigmoid_twice(train, unseen, *, epochs, width=8, seed=0):
    def loss_fn(logits, y):
        p = logits.sigmoid()
        return dice_loss(p, y) + F.binary_cross_entropy_with_logits(p, y)

    return train_on(mirrored(train.images), mirrored(train.masks), unseen, epochs, width, seed, loss_fn=loss_fn)


@exercise.alternative
def losses_the_other_way_round(train, unseen, *, epochs, width=8, seed=0):
    return train_on(mirrored(train.images), mirrored(train.masks), unseen, epochs, width, seed)


@exercise.alternative
def cosine_and_smaller_batches(train, unseen, *, epochs, width=8, seed=0):
    x, y = torch.cat([train.images.flip(3), train.images]), torch.cat([train.masks.flip(3), train.masks])
    return train_on(x, y, unseen, epochs, width, seed, batch_size=4, schedule="cosine")


def threshold_iou(train, unseen):
    """The best a threshold does: height of the window and threshold chosen on ``train``, the IoU on ``unseen``."""
    chosen = []
    for tall in (1, 5, 9, 15, 21):
        threshold, reached = best_threshold(discontinuity(train.images, tall), train.masks)
        chosen.append((reached, tall, threshold))
    _, tall, threshold = max(chosen)
    return iou(discontinuity(unseen.images, tall) > threshold, unseen.masks).item()


@exercise.ledger("seismic", seeds=3)
def seismic_sections(solution, seed):
    """Ten epochs on 120 sections; the IoU on 60 others, beside the best that a threshold does."""
    train, unseen = seismic.sections(120, seed=0), seismic.sections(60, seed=1)
    _, reached = solution(train, unseen, epochs=10, seed=seed)
    return {"iou": reached, "threshold_iou": threshold_iou(train, unseen)}
