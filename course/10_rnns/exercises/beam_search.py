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


@exercise.cases
def cases():
    yield Case(Code(TWO_STEPS), 1, 2).named("a width of 1 is greedy")
    yield Case(Code(TWO_STEPS), 2, 2).named("the worked number, with a width of 2")
    yield Case(Code(EAGER), 2, 4).named("a model that ends early")
    yield Case(Code(EAGER), 1, 3, 1).named("another token ends")
    for width, length in ((1, 6), (2, 4), (3, 3), (3, 6), (4, 7), (8, 3), (20, 4)):
        yield Case(Code(TANGLED), width, length).named(f"five tokens, a width of {width}, at most {length} tokens")


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
