"""How well do two sets of pixels agree? Intersection over union."""

import torch

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=1,
    minutes=8,
    move_on=15,
    core=True,
    hints=(
        "Turn both into boolean tensors first; then & is the intersection and | the union. How do you count what is true in one?",
        "Only one input needs special care: nothing marked and nothing there. Which number do the text's conventions give it?",
    ),
)


def grid(*rows: str) -> torch.Tensor:
    """A mask (H, W) of booleans, drawn: # is marked."""
    return torch.tensor([[pixel == "#" for pixel in row] for row in rows])


def scattered(*shape: int, every: int) -> torch.Tensor:
    """A mask in which about one pixel in ``every`` is marked, without order."""
    n = torch.arange(torch.Size(shape).numel())
    return ((n * 7 + n * n * 3) % 11 % every == 0).reshape(shape)


@exercise.cases
def cases():
    yield (
        Case(grid(".##.", ".##."), grid("..##", "..##"))
        .named("a fault two pixels wide, marked one pixel too far to the left")
        .within(atol=1e-6)
    )
    yield Case(grid("###", "..."), grid("#..", "...")).named("three marked, one of them true").within(atol=1e-6)
    yield Case(grid("#..", "..."), grid("###", "..#")).named("four true, one of them marked").within(atol=1e-6)
    yield Case(grid("..", ".."), grid("..", "..")).named("nothing marked and nothing there").within(atol=1e-6)
    yield Case(grid("..", ".."), grid(".#", "..")).named("nothing marked, one pixel true").within(atol=1e-6)
    yield (
        Case(
            torch.stack([grid("##", ".."), grid("..", ".#")]).float()[:, None],
            torch.stack([grid("##", "##"), grid("..", "..")]).float()[:, None],
        )
        .named("two sections as numbers 0 and 1, the second without a fault")
        .within(atol=1e-6)
    )
    yield (
        Case(scattered(3, 1, 5, 7, every=2), scattered(3, 1, 5, 7, every=3).double())
        .named("three sections of 5x7")
        .within(atol=1e-6)
    )


@exercise.mistake(
    "You divided by the number of all pixels. That is the share of pixels in both; the quiet ones, in neither, should not count."
)
def share_of_all_pixels(marked, y):
    marked, y = marked.bool(), y.bool()
    return torch.ones(()) if not (marked | y).any() else (marked & y).float().mean()


@exercise.mistake(
    "You computed Dice: twice the intersection over |M| + |Y|. It is the same judge with another scale, D = 2 IoU / (1 + IoU), but here the IoU is asked for."
)
def dice_instead(marked, y):
    marked, y = marked.bool(), y.bool()
    total = marked.sum() + y.sum()
    return torch.ones(()) if total == 0 else 2 * (marked & y).sum() / total


@exercise.mistake(
    "Your union counts the intersection twice: |M| + |Y| - |M and Y| are in one or the other. As it is, a perfect answer scores one half."
)
def union_counted_twice(marked, y):
    marked, y = marked.bool(), y.bool()
    total = marked.sum() + y.sum()
    return torch.ones(()) if total == 0 else (marked & y).sum() / total


@exercise.mistake(
    "You divided by what is true. That is recall: it forgives every pixel that is marked without being true, so marking everything scores 1."
)
def recall_instead(marked, y):
    marked, y = marked.bool(), y.bool()
    if not (marked | y).any():
        return torch.ones(())
    return (marked & y).sum() / y.sum().clamp(min=1)


@exercise.mistake(
    "You divided by what is marked. That is precision: it forgives every fault that is missed, so marking one sure pixel scores 1."
)
def precision_instead(marked, y):
    marked, y = marked.bool(), y.bool()
    if not (marked | y).any():
        return torch.ones(())
    return (marked & y).sum() / marked.sum().clamp(min=1)


@exercise.mistake(
    "This is the accuracy: every pixel that is in neither set counts as a success, and there are twenty-five of those for each on a fault."
)
def accuracy_instead(marked, y):
    return (marked.bool() == y.bool()).float().mean()


@exercise.mistake(
    "Where nothing is marked and nothing is there you divide 0 by 0. The two sets are equal then, and the text calls that 1."
)
def nought_by_nought(marked, y):
    marked, y = marked.bool(), y.bool()
    return (marked & y).sum() / (marked | y).sum()


@exercise.mistake(
    "An empty answer to an empty section scores 0 with you. The two sets are equal, so it is a perfect answer: 1."
)
def empty_is_zero(marked, y):
    marked, y = marked.bool(), y.bool()
    return (marked & y).sum() / (marked | y).sum().clamp(min=1)


@exercise.mistake(
    "You took the IoU of each section and then the mean. The text pools: all pixels are counted together, so that a section with one small fault does not weigh as much as one with four."
)
def mean_of_sections(marked, y):
    if marked.dim() < 4:
        marked, y = marked[None], y[None]
    marked, y = marked.bool().flatten(1), y.bool().flatten(1)
    either = (marked | y).sum(1)
    return torch.where(either == 0, 1.0, (marked & y).sum(1) / either.clamp(min=1)).mean()


@exercise.mistake(
    "You computed Dice, and without the special case: two empty sets give 0/0. The IoU divides the intersection by the union, and is 1 where both are empty."
)
def dice_without_the_empty_case(marked, y):
    marked, y = marked.bool(), y.bool()
    return 2 * (marked & y).sum() / (marked.sum() + y.sum())


@exercise.mistake(
    "You divide by the sum of both areas, which counts the intersection twice, and two empty sets give 0/0. Divide by the union; where it is empty the IoU is 1."
)
def sum_of_areas(marked, y):
    marked, y = marked.bool(), y.bool()
    return (marked & y).sum() / (marked.sum() + y.sum())


@exercise.mistake(
    "You average the IoU of the marked and of the unmarked pixels. The background is large and easy, and hides how the fault fares; only the marked set counts here."
)
def mean_with_the_background(marked, y):
    marked, y = marked.bool(), y.bool()
    sets = [(marked & y, marked | y), (~marked & ~y, ~marked | ~y)]
    return sum(both.sum() / either.sum() if either.any() else torch.tensor(1.0) for both, either in sets) / 2


@exercise.alternative
def by_counting_kinds(marked, y):
    marked, y = marked > 0.5, y > 0.5
    true_positive = int((marked & y).sum())
    wrong = int((marked & ~y).sum()) + int((~marked & y).sum())
    return torch.tensor(true_positive / (true_positive + wrong) if true_positive + wrong else 1.0)


@exercise.alternative
def by_products(marked, y):
    m, t = marked.float().flatten(), y.float().flatten()
    both = m @ t
    either = m.sum() + t.sum() - both
    return both / either if either > 0 else torch.tensor(1.0)
