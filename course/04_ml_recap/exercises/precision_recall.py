"""Of what was claimed, how much is true? Of what is there, how much was found?"""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    hints=(
        "Two masks of N entries, what is claimed and what is there, and the examples in which both hold: three counts are all you need.",
        "Both ratios have the true claims on top. Below stands the number of claims for precision, of positives for recall; ask first whether it is 0.",
    ),
)


def scored(score: list[float], y: list[int], threshold: float) -> Case:
    return Case(torch.tensor(score, dtype=torch.float64), torch.tensor(y), threshold)


@exercise.cases
def cases():
    yield scored([0.9, 0.8, 0.3, 0.1], [1, 0, 1, 1], 0.5).named("four examples, two claims, one of them true")
    yield scored([0.5, 0.25, 0.75, 0.5, 0.0], [1, 1, 1, 0, 0], 0.5).named("scores that equal the threshold")
    yield scored([0.2, 0.4, 0.1], [0, 1, 0], 0.5).named("nothing is claimed")
    yield scored([0.9, 0.4, 0.6, 0.7], [0, 0, 0, 0], 0.5).named("there is nothing to find")
    yield scored([-2.0, 0.3, 1.7, -0.4, 0.0, 2.5, -1.0], [0, 1, 1, 1, 0, 0, 1], -0.4).named("scores that are logits")
    yield scored([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], [0, 0, 0, 0, 0, 0, 1, 0], 0.65).named(
        "one event among eight"
    )
    yield scored([0.2, 0.3], [0, 0], 0.9).named("nothing there, nothing claimed")


exercise.edit(
    "exchanged",
    "return true_claims / claimed if claimed else 1.0, true_claims / there if there else 1.0",
    "return true_claims / there if there else 1.0, true_claims / claimed if claimed else 1.0",
    "Precision and recall are exchanged. Precision asks of the claims how many are true; recall asks of the positives how many were found.",
)
exercise.edit(
    "strictly_above",
    "claims, positives = score >= threshold,",
    "claims, positives = score > threshold,",
    "A score that equals the threshold must count as a claim: `>=`. It matters more than it seems, since many scores are shares such as 13 of 25.",
)
exercise.edit(
    "zero_for_nothing",
    "return true_claims / claimed if claimed else 1.0, true_claims / there if there else 1.0",
    "return true_claims / claimed if claimed else 0.0, true_claims / there if there else 0.0",
    "Where nothing is claimed, or nothing is there, you return 0. Some libraries do. Here 0/0 counts as 1: no claim was false, nothing was missed.",
)


@exercise.mistake(
    "You return an accuracy in place of one of the two: the share of all examples that were judged rightly. It counts the many examples of the "
    "other class, which is just what precision and recall leave out."
)
def accuracy_and_recall(score, y, threshold):
    claims, positives = score >= threshold, y == 1
    there = positives.sum().item()
    right = (claims == positives).double().mean().item()
    return right, (claims & positives).sum().item() / there if there else 1.0


@exercise.mistake(
    "Your second number is the share of the *negatives* that were claimed, the false-alarm rate of a ROC curve. Recall looks at the positives: "
    "how many of them were found."
)
def false_alarms(score, y, threshold):
    claims, positives = score >= threshold, y == 1
    claimed, negatives = claims.sum().item(), (~positives).sum().item()
    precision = (claims & positives).sum().item() / claimed if claimed else 1.0
    return precision, (claims & ~positives).sum().item() / negatives if negatives else 1.0


@exercise.mistake(
    "Where nothing is claimed or nothing is there, you divide by 0. As tensors 0/0 is nan, which then sits silently in every mean and every plot: "
    "ask first."
)
def not_a_number(score, y, threshold):
    claims, positives = score >= threshold, y == 1
    both = (claims & positives).sum()
    return (both / claims.sum()).item(), (both / positives.sum()).item()


@exercise.mistake(
    "You divide the true claims by all examples. That is how common true claims are; precision divides by the claims, recall by the positives."
)
def of_all_examples(score, y, threshold):
    both = ((score >= threshold) & (y == 1)).double().mean().item()
    return both, both


exercise.edit(
    "zero_for_no_claims",
    "if claimed else 1.0",
    "if claimed else 0.0",
    "Where nothing is claimed you return the precision 0. Some libraries do. Here 0/0 counts as 1: no claim was false.",
)
exercise.edit(
    "zero_for_no_positives",
    "if there else 1.0",
    "if there else 0.0",
    "Where there is nothing to find you return the recall 0. Here 0/0 counts as 1: nothing was missed.",
)
exercise.edit(
    "below_the_threshold",
    "score >= threshold, y",
    "score <= threshold, y",
    "You claim where the score is *below* the threshold. A claim is a score at or above it.",
)
exercise.edit(
    "threshold_fixed",
    "score >= threshold, y",
    "score >= 0.5, y",
    "You compare with 0.5, whatever `threshold` is. Scores may be logits, and the threshold is what one turns.",
)
exercise.edit(
    "in_percent",
    "return true_claims / claimed if claimed else 1.0, true_claims / there if there else 1.0",
    "return 100 * true_claims / claimed if claimed else 100.0, 100 * true_claims / there if there else 100.0",
    "Your numbers are in per cent. Precision and recall are shares, between 0 and 1.",
)
exercise.edit(
    "specificity",
    "true_claims / there if there else 1.0",
    "(~claims & ~positives).sum().item() / (~positives).sum().item() if (~positives).any() else 1.0",
    "Your second number is the share of the *negatives* that were not claimed, the specificity. Recall looks at the positives: how many of them were claimed?",
)


@exercise.alternative
def by_selecting(score, y, threshold):
    truth_of_claims, found_of_positives = y[score >= threshold], (score >= threshold)[y == 1]
    precision = truth_of_claims.double().mean().item() if len(truth_of_claims) else 1.0
    recall = found_of_positives.double().mean().item() if len(found_of_positives) else 1.0
    return precision, recall


@exercise.alternative
def by_counting(score, y, threshold):
    true, false, missed = 0, 0, 0
    for s, truth in zip(score.tolist(), y.tolist(), strict=True):
        if s >= threshold:
            true, false = true + truth, false + 1 - truth
        else:
            missed += truth
    return (true / (true + false) if true + false else 1.0), (true / (true + missed) if true + missed else 1.0)


exercise.equivalent(".item(...) dropped", "a tensor of shape () is accepted as a number")
