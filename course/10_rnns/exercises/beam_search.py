"""Search for a likely sequence with several beginnings at a time."""

import torch

from dlmodule.checking import Case, Code, Exercise

exercise = Exercise(
    difficulty=4,
    minutes=20,
    move_on=35,
    hints=(
        "A beam is a pair: the sum of its log probabilities, and its tokens. Write first what happens at one step: extend, sort, keep, set the finished aside.",
        "Finished beams count among the `width` kept at their step, and then leave. At the end compare means: the sum over the number of tokens, `end` included.",
    ),
)

# The notebook's example: token 1 is A, 2 is B; greedy takes A and misses B. After two tokens everything ends.
TWO_STEPS = (
    "lambda prefix: torch.tensor({(): [1e-6, 0.6, 0.4, 1e-6], (1,): [0.3, 0.3, 0.4, 1e-6], (2,): [0.05, 0.03, 0.02, 0.9]}"
    ".get(tuple(prefix), [0.97, 0.01, 0.01, 0.01]), dtype=torch.float64).log()"
)
# A model that would rather end at once, although every longer sequence is likelier a token.
EAGER = "lambda prefix: torch.tensor([0.45, 0.35, 0.2] if len(prefix) < 1 else [0.15, 0.8, 0.05], dtype=torch.float64).log()"
# Log probabilities that look random and depend on the whole beginning.
TANGLED = (
    "lambda prefix: torch.tensor([math.sin(7.3 * k + 1.3 * sum((i + 1) * (t + 1) for i, t in enumerate(prefix))) for k in range(5)],"
    " dtype=torch.float64).mul(2).log_softmax(0)"
)


def often_ending(frequency: float, sharpness: float) -> Code:
    """Four tokens that look as random, of which the first, the end, is likelier than the others."""
    angle = f"{frequency} * k + 1.5 * sum((i + 1) * (t + 1) for i, t in enumerate(prefix))"
    logits = f"[{sharpness} * math.sin({angle}) + (k == 0) for k in range(4)]"
    return Code(f"lambda prefix: torch.tensor({logits}, dtype=torch.float64).log_softmax(0)")


@exercise.cases
def cases():
    yield Case(Code(TWO_STEPS), 1, 2).named("a width of 1 is greedy")
    yield Case(Code(TWO_STEPS), 2, 2).named("the worked number, with a width of 2")
    yield Case(Code(EAGER), 2, 4).named("a model that ends early")
    yield Case(Code(EAGER), 1, 3, 1).named("another token ends")
    for width, length in ((1, 6), (2, 4), (3, 3), (3, 6), (4, 7), (8, 3), (20, 4)):
        yield Case(Code(TANGLED), width, length).named(f"five tokens, a width of {width}, at most {length} tokens")
    yield Case(often_ending(8.2, 2.0), 2, 5).named("an early end that is beaten, a width of 2")
    yield Case(often_ending(6.4, 3.0), 3, 5).named("an early end that is beaten, a width of 3")


exercise.edit(
    "largest_sum_wins", "key=lambda beam: beam[0] / len(beam[1])", "key=lambda beam: beam[0]",
    "You compare sums. Every token makes a sum smaller, so short sequences win; compare the mean a token.",
)  # fmt: skip
exercise.edit(
    "first_finished_wins", "max(finished + beams, key", "max(finished or beams, key",
    "A finished sequence wins over every open one. At the end both kinds are compared.",
)  # fmt: skip
exercise.edit(
    "finished_ones_lost", "        finished += [beam for beam in best if beam[1][-1] == end]\n", "",
    "Sequences that end are thrown away, so only those that were cut off at max_length are left.",
)  # fmt: skip
exercise.edit(
    "smallest_first", "reverse=True", "reverse=False",
    "You keep the least likely beams: sort from the largest sum down.",
)  # fmt: skip
exercise.edit(
    "the_end_goes_on", "        beams = [beam for beam in best if beam[1][-1] != end]\n", "        beams = best\n",
    "Finished sequences are extended beyond their end. Set them aside.",
)  # fmt: skip


@exercise.mistake("This is greedy: whatever the width, only the best beginning goes on.")
def greedy(log_probs, width, max_length, end=0):
    prefix = ()
    while len(prefix) < max_length and (not prefix or prefix[-1] != end):
        prefix = (*prefix, int(log_probs(prefix).argmax()))
    return prefix


exercise.edit(
    "end_ignored", ("        finished += [beam for beam in best if beam[1][-1] == end]\n        beams = [beam for beam in best if beam[1][-1] != end]\n",), ("        beams = best\n",),
    "`end` means nothing to you: a sequence that has ended is grown like any other. Set it aside.",
)  # fmt: skip
exercise.edit(
    "open_ones_win", "max(finished + beams, key", "max(beams or finished, key",
    "An open sequence wins over every finished one. At the end both kinds are compared.",
)  # fmt: skip
exercise.edit(
    "stops_at_the_first_end", "        beams = [beam for beam in best if beam[1][-1] != end]\n", "        beams = [beam for beam in best if beam[1][-1] != end]\n        if finished:\n            break\n",
    "You stop as soon as one sequence has ended. The open ones may still win: go on until none is open.",
)  # fmt: skip
exercise.edit(
    "only_the_last_finished", "        finished += [", "        finished = [",
    "Sequences that ended at an earlier step are lost: each step starts a new list of finished ones.",
)  # fmt: skip
exercise.edit(
    "probabilities_added", "total + p,", "total + 2.718281828459045**p,",
    "You add probabilities. The probability of a sequence is a product, so the logarithms are added.",
)  # fmt: skip
exercise.edit(
    "one_token_not_counted", "beam[0] / len(beam[1]))", "beam[0] / max(1, len(beam[1]) - 1))",
    "The mean is over all tokens of the sequence, its last one included; you divide by one less.",
)  # fmt: skip
exercise.edit(
    "one_token_too_many", "beam[0] / len(beam[1]))", "beam[0] / (len(beam[1]) + 1))",
    "The mean is over the tokens of the sequence; you divide by one more. The beginning `()` has none.",
)  # fmt: skip
exercise.edit(
    "end_dropped", "beam[0] / len(beam[1]))[1]", "beam[0] / len(beam[1]))[1][:-1]",
    "Your sequence lacks its last token. `end` belongs to it.",
)  # fmt: skip
exercise.edit(
    "ended_ones_take_no_place", "        best = sorted(grown, key=lambda beam: beam[0], reverse=True)[:width]\n        finished += [beam for beam in best if beam[1][-1] == end]\n        beams = [beam for beam in best if beam[1][-1] != end]\n",
    "        best = sorted(grown, key=lambda beam: beam[0], reverse=True)\n        finished += [beam for beam in best if beam[1][-1] == end]\n        beams = [beam for beam in best if beam[1][-1] != end][:width]\n",
    "You keep every sequence that ends and `width` others beside it. Those that end count among the `width`, and the unlikely ones are dropped.",
)  # fmt: skip
exercise.edit(
    "width_of_each_beginning", "sorted(grown, key=lambda beam: beam[0], reverse=True)[:width]", "[beam for k in range(len(beams)) for beam in sorted(grown[k * len(grown) // len(beams) : (k + 1) * len(grown) // len(beams)], key=lambda beam: beam[0], reverse=True)[:width]] if beams else []",
    "You keep `width` continuations of each beginning, and their number grows. `width` of all together stay.",
)  # fmt: skip
exercise.edit(
    "ended_ones_compete_on", "        best = sorted(grown, ", "        grown, finished = grown + finished, []\n        best = sorted(grown, ",
    "Sequences that have ended compete for the places again at each step, and push open ones out or are lost. Set them aside once and for all.",
)  # fmt: skip


@exercise.alternative
def with_topk(log_probs, width, max_length, end=0):
    beams, finished = [((), 0.0)], []
    while beams and len(beams[0][0]) < max_length:
        scores = torch.stack([total + log_probs(prefix) for prefix, total in beams])
        top = scores.flatten().topk(min(width, scores.numel()))
        kept = [
            ((*beams[i // scores.shape[1]][0], i % scores.shape[1]), s)
            for s, i in zip(top.values.tolist(), top.indices.tolist(), strict=True)
        ]
        finished.extend(k for k in kept if k[0][-1] == end)
        beams = [k for k in kept if k[0][-1] != end]
    return max([*finished, *beams], key=lambda k: k[1] / len(k[0]))[0]


@exercise.alternative
def with_a_heap(log_probs, width, max_length, end=0):
    import heapq

    open_beams, closed = {(): 0.0}, {}
    for _ in range(max_length):
        grown = {(*p, v): total + lp for p, total in open_beams.items() for v, lp in enumerate(log_probs(p).tolist())}
        open_beams = {}
        for p in heapq.nlargest(width, grown, key=grown.get):
            (closed if p[-1] == end else open_beams)[p] = grown[p]
    closed.update(open_beams)
    return max(closed, key=lambda p: closed[p] / len(p))


exercise.equivalent(".tolist(...) dropped", "a tensor that holds one number adds and compares as the number does")
exercise.equivalent("key= dropped from sorted", "pairs are compared by their first element, the sum; no two sums tie")
