"""The negative log-likelihood of a categorical distribution, for pixels of which only some are labelled."""

import torch
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise

exercise = Exercise(
    difficulty=2,
    minutes=7,
    hints=(
        "Two steps. First ln p of every class: a logit minus the logarithm of the sum of exponentials, over the class axis. Then pick, at "
        "every place, the entry of the class that is there.",
        "log_p.gather(1, index) picks along axis 1, and its index needs that axis too: y.unsqueeze(1). A label of -1 is no index, so put "
        "any class there while you pick, and leave those places out of the mean.",
    ),
    probe=probes.call(grad=True),
    forbidden={"cross_entropy": "it does the whole work; here you write it from the logits, and may compare with it."},
)


@exercise.cases
def cases():
    yield Case(torch.tensor([[1.0, 3.0, 2.0]], dtype=torch.float64), torch.tensor([1])).named(
        "one example, three classes"
    )
    yield Case(noise(4, 3), torch.tensor([0, 2, 1, 2])).named("four labelled examples of three classes")
    yield Case(noise(4, 4, seed=3), torch.tensor([3, -1, 0, -1])).named("four examples, two of them not labelled")
    yield Case(500 * noise(3, 4, seed=1), torch.tensor([3, 0, 1])).named("logits of several hundred")
    far = torch.tensor([[1000.0, 0.0, -1000.0], [-1000.0, -1003.0, -2000.0], [0.0, 900.0, 1.0]], dtype=torch.float64)
    yield Case(far, torch.tensor([1, 0, 2])).named("logits of a thousand, and classes that were called impossible")
    places = torch.tensor([[[0, -1, 2], [1, 1, -1]], [[-1, 4, 3], [0, 2, 2]]])
    yield Case(noise(2, 5, 2, 3, seed=2), places).named(
        "two images of 2x3 pixels, five classes, some pixels not labelled"
    )


@exercise.mistake(
    "You normalised along the last axis. In an image that is the width: classes stand on axis 1, and it is over the classes that "
    "probabilities add up to 1."
)
def over_the_last_axis(logits, y):
    log_p = logits.log_softmax(-1)
    chosen = log_p.gather(1, y.clamp(min=0).unsqueeze(1)).squeeze(1)
    return -chosen[y >= 0].mean()


@exercise.mistake(
    "You exponentiated the logits as they are. exp(750) is infinite in float64, exp(90) in float32, and infinity over infinity is no "
    "number. ln p = logit - logsumexp(logits) never leaves the logarithms."
)
def softmax_then_logarithm(logits, y):
    p = logits.exp() / logits.exp().sum(1, keepdim=True)
    chosen = p.log().gather(1, y.clamp(min=0).unsqueeze(1)).squeeze(1)
    return -chosen[y >= 0].mean()


@exercise.mistake(
    "You divided by the number of all places, labelled or not. The sum is right; its mean is over the places that have a label, or a half "
    "labelled section would look half as surprising."
)
def divided_by_all_places(logits, y):
    chosen = logits.log_softmax(1).gather(1, y.clamp(min=0).unsqueeze(1)).squeeze(1)
    return -(chosen * (y >= 0)).sum() / y.numel()


@exercise.mistake(
    "Places without a label were counted as the last class: in Python index -1 means the last entry, without a warning. Leave them out."
)
def minus_one_is_the_last(logits, y):
    classes = logits.shape[1]
    return -logits.log_softmax(1).gather(1, (y % classes).unsqueeze(1)).mean()


@exercise.mistake(
    "Places without a label were counted as class 0. Clamping makes -1 a legal index; it does not make it a label, so those places must "
    "still be left out of the mean."
)
def minus_one_is_class_zero(logits, y):
    return -logits.log_softmax(1).gather(1, y.clamp(min=0).unsqueeze(1)).mean()


@exercise.mistake(
    "You returned the mean log-likelihood. Its negative is the loss: 0 for a certain and right answer, larger the greater the surprise."
)
def sign_forgotten(logits, y):
    return -F.cross_entropy(logits, y, ignore_index=-1)


@exercise.mistake(
    "You summed over the labelled places; asked for is their mean, so that the size of an image does not change the loss."
)
def summed(logits, y):
    return F.cross_entropy(logits, y, ignore_index=-1, reduction="sum")


@exercise.mistake(
    "You took the logarithm of the softmax. A probability below 1e-323 is rounded to 0, and its logarithm is minus infinity. ln p = logit - "
    "logsumexp(logits) never leaves the logarithms."
)
def logarithm_of_the_softmax(logits, y):
    chosen = logits.softmax(1).log().gather(1, y.clamp(min=0).unsqueeze(1)).squeeze(1)
    return -chosen[y >= 0].mean()


@exercise.mistake(
    "You took the mean of each image, and then their mean. All labelled places count alike: one mean over all of them."
)
def mean_of_the_images(logits, y):
    chosen = logits.log_softmax(1).gather(1, y.clamp(min=0).unsqueeze(1)).squeeze(1)
    if chosen.dim() == 1:
        return -chosen[y >= 0].mean()
    known = (y >= 0).flatten(1)
    return -((chosen.flatten(1) * known).sum(1) / known.sum(1)).mean()


@exercise.mistake("You return the probability of the class that happened. The surprise is minus its logarithm.")
def probability(logits, y):
    chosen = logits.softmax(1).gather(1, y.clamp(min=0).unsqueeze(1)).squeeze(1)
    return -chosen[y >= 0].mean()


@exercise.mistake("The softmax is taken twice: once by hand, and once more in the log_softmax, which takes logits.")
def softmax_twice(logits, y):
    chosen = logits.softmax(1).log_softmax(1).gather(1, y.clamp(min=0).unsqueeze(1)).squeeze(1)
    return -chosen[y >= 0].mean()


@exercise.alternative
def from_log_probabilities(logits, y):
    return F.nll_loss(logits.log_softmax(1), y, ignore_index=-1)


@exercise.alternative
def as_a_list_of_places(logits, y):
    K = logits.shape[1]
    rows, labels = logits.movedim(1, -1).reshape(-1, K), y.reshape(-1)
    rows, labels = rows[labels != -1], labels[labels != -1]
    one_hot = torch.eye(K, dtype=logits.dtype)[labels]
    return (rows.logsumexp(1) - (rows * one_hot).sum(1)).mean()
