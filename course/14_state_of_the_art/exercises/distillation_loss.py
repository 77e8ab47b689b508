"""Hard labels and a teacher's softened ones."""

import torch

from dlmodule.checking import Case, Exercise, probes
from dlmodule.checking.inputs import noise, row

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "Both sets of logits are divided by tau before their softmax. Which distribution comes first in KL(teacher || student)?",
        "F.kl_div takes the log probabilities of the student first. reduction='batchmean' divides by the examples, 'mean' also by the classes.",
    ),
    probe=probes.call(grad=True),
)


@exercise.cases
def cases():
    yield Case(row(0, 1)[None], row(2, 0)[None], torch.tensor([0]), 1.0, 0.5).named("one example, two classes, tau 1")
    yield Case(noise(4, 3), 2 * noise(4, 3, seed=1), torch.tensor([0, 2, 1, 1]), 4.0, 0.3).named("four examples, tau 4")
    yield Case(noise(3, 3), noise(3, 3, seed=2), torch.tensor([1, 1, 2]), 2.0, 0.0).named("the teacher alone")
    yield Case(30 * noise(2, 5), 30 * noise(2, 5, seed=3), torch.tensor([4, 0]), 0.5, 0.9).named(
        "large logits, tau below 1"
    )


exercise.edit(
    "tau_squared_missing", "tau**2 * F.kl_div", "F.kl_div",
    "The factor tau squared is missing: at a high temperature the teacher would hardly count.",
)  # fmt: skip
exercise.edit(
    "mean_over_classes", 'reduction="batchmean"', 'reduction="mean"',
    "Your divergence is divided by the number of classes too. It is a sum over classes and a mean over examples.",
)  # fmt: skip
exercise.edit(
    "teacher_not_softened", "teacher.detach() / tau", "teacher.detach()",
    "The teacher's logits are not divided by tau: both distributions are softened.",
)  # fmt: skip
exercise.edit(
    "student_not_softened", "F.log_softmax(student / tau, 1)", "F.log_softmax(student, 1)",
    "The student's logits are not divided by tau in the soft term: both distributions are softened.",
)  # fmt: skip
exercise.edit(
    "divergence_the_other_way", "F.kl_div(ours, theirs,", "F.kl_div(theirs, ours,",
    "Your divergence runs from the student to the teacher. F.kl_div takes the student's log probabilities first.",
)  # fmt: skip
exercise.edit(
    "weights_exchanged", "w * hard + (1 - w) * soft", "(1 - w) * hard + w * soft",
    "The weights are exchanged: w belongs to the hard labels.",
)  # fmt: skip
exercise.edit(
    "teacher_learns_too", "teacher.detach()", "teacher",
    "A gradient flows into the teacher: it would move towards its student. Detach it.",
)  # fmt: skip
exercise.edit(
    "hard_labels_softened", "F.cross_entropy(student, y)", "F.cross_entropy(student / tau, y)",
    "The term of the hard labels takes the plain logits: tau belongs to the teacher's term.",
)  # fmt: skip


exercise.edit(
    "tau_once", "tau**2 *", "tau *",
    "The factor is tau. It is tau squared: the gradients of the softened term shrink as 1 / tau squared.",
)  # fmt: skip
exercise.edit(
    "cross_entropy_for_kl", "F.kl_div(ours, theirs, reduction=\"batchmean\", log_target=True)", "-(theirs.exp() * ours).sum(1).mean()",
    "The soft term is a cross-entropy. Its gradient is right, its value is not: the divergence subtracts the teacher's entropy, and is 0 where both agree.",
)  # fmt: skip
exercise.edit(
    "multiplied_by_tau", ("student / tau, 1", "teacher.detach() / tau"), ("student * tau, 1", "teacher.detach() * tau"),
    "You multiplied the logits by tau. Dividing softens.",
)  # fmt: skip
exercise.edit(
    "logits_compared", "F.kl_div(ours, theirs, reduction=\"batchmean\", log_target=True)", "F.mse_loss(student / tau, teacher.detach() / tau)",
    "You compared the logits by their squared error. Asked for is the divergence of the two softened distributions.",
)  # fmt: skip
exercise.edit(
    "along_the_batch", "F.log_softmax(student / tau, 1), F.log_softmax(teacher.detach() / tau, 1)", "F.log_softmax(student / tau, 0), F.log_softmax(teacher.detach() / tau, 0)",
    "The softmax runs over the examples. Classes compete within an example: axis 1.",
)  # fmt: skip


@exercise.alternative
def by_hand(student, teacher, y, tau, w):
    p = (teacher.detach() / tau).softmax(1)
    gap = (teacher.detach() / tau).log_softmax(1) - (student / tau).log_softmax(1)
    hard = -student.log_softmax(1).gather(1, y[:, None]).mean()
    return w * hard + (1 - w) * tau * tau * (p * gap).sum(1).mean()


@exercise.alternative
def by_cross_entropies(student, teacher, y, tau, w):
    z = teacher.detach() / tau
    p = z.softmax(1)
    soft = F.cross_entropy(student / tau, p) - F.cross_entropy(z, p)
    return w * F.cross_entropy(student, y) + (1 - w) * tau**2 * soft


exercise.equivalent("last argument of log_softmax dropped", "torch takes axis 1 of a matrix, with a warning")
