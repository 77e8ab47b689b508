"""What a block diagram is made of: boxes in a row, paths side by side, groups; and the words that describe it.

A box is written as text, ``"role: label | detail -> shape"``; all but the label may be left out:

    "image -> N, 1, 28, 28"            a box and the shape on the arrow that leaves it
    "conv 5x5 | 6 kernels"             a second, smaller line
    "attention: heads"                 the role decides the colour where the label's words do not
    "+"                                an operation of one sign is a circle
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

# Words that tell a role. A loss is a loss whatever else its label says; among the others the first in the label decides.
ROLE_WORDS = {
    "loss": r"loss|cross-entropy|\bkl\b|\bmse\b|elbo",
    "norm": r"norm",
    "attention": r"attention",
    "pool": r"pool|upsampl|interpol|resampl",
    "activation": r"relu|gelu|silu|elu\b|tanh|sigmoid|softmax|softplus",
    "random": r"dropout|sampl|noise",
    "layer": r"conv|linear|dense|embed|project|feed-forward|mlp|lstm|gru|rnn|encoder|decoder|generator|discriminator|network",
    "operation": r"concat|flatten|reshape|\bsplit|\bsum\b|\bmean\b|\bargmax",
}
ROLES = ("input", "data", *ROLE_WORDS)
SIGNS = "+−-×·⊕⊙⊗÷"  # a label that is one of these is drawn as a circle
SPOKEN = {"+": "adding", "−": "subtracting", "-": "subtracting", "×": "multiplying", "·": "multiplying"}
SPOKEN |= {"⊕": "adding", "⊙": "multiplying", "⊗": "multiplying", "÷": "dividing"}


@dataclass(frozen=True)
class Box:
    """One box. An ``input`` takes nothing from what stands before it. ``shape`` is written on the arrow that leaves it."""

    label: str
    detail: str = ""
    shape: str = ""
    role: str = "data"

    @property
    def sign(self) -> bool:
        """Whether it is an operation of one sign, drawn as a circle."""
        return self.label in tuple(SIGNS)


@dataclass(frozen=True)
class Branches:
    """Paths side by side. ``straight``: the path that runs on in line; ``dip``: the last path goes by a level below."""

    paths: tuple[Chain, ...]
    join: Box | None
    straight: int | None = None
    dip: bool = False


@dataclass(frozen=True)
class Group:
    """A chain in a frame with a label, such as how often it is repeated."""

    label: str
    items: Chain


Item: TypeAlias = Box | Branches | Group
Chain: TypeAlias = tuple[Item, ...]
Description: TypeAlias = str | Item | Sequence["str | Item"]  # as an author writes it: one thing, or several in a row


def box(text: str) -> Box:
    """The box that ``text`` describes. Raises ValueError where it has no label."""
    head, _, shape = (part.strip() for part in text.partition("->"))
    label, _, detail = (part.strip() for part in head.partition("|"))
    role, colon, rest = (part.strip() for part in label.partition(":"))
    if colon and role in ROLES:
        label = rest
    else:
        role = _role(label)
    if not label:
        raise ValueError(f'a box needs a label, "role: label | detail -> shape", and {text!r} has none')
    label, detail, shape = (re.sub(r"(?<=\d)x(?=\d)", "×", part) for part in (label, detail, shape))
    return Box(label, detail, shape, role)


def chain(description: Description) -> Chain:
    """``description`` as a chain of items. Raises TypeError for what is no description."""
    if isinstance(description, str | Box | Branches | Group):
        description = [description] if description else []
    if not isinstance(description, Sequence):
        raise TypeError(f"a diagram is made of texts, branches, skips and groups, not of {type(description).__name__}")
    return tuple(item if isinstance(item, Box | Branches | Group) else box(_text(item)) for item in description)


def branches(*paths: Description, join: str | None = "concat") -> Branches:
    """Paths side by side from one point, and what joins them; ``join=None`` leaves several ends.

    A path is a text or a list; ``[]`` passes on what comes in; one that begins with ``"input: ..."`` begins there.
    """
    if len(paths) < 2:
        raise ValueError(f"branches need two paths or more, not {len(paths)}")
    return Branches(tuple(chain(path) for path in paths), None if join is None else _operation(join))


def skip(*items: str | Item, join: str = "+", via: Description = (), dip: bool = False) -> Branches:
    """``items`` in a row, and a connection around them that leads to ``join``, through ``via`` if it is given.

    dip: the connection runs straight on and the items a level below, the first and last on the way down and up (U-Net).
    """
    body = chain(list(items))
    if dip and not (len(body) > 2 and isinstance(body[0], Box) and isinstance(body[-1], Box)):
        raise ValueError("a skip that dips needs a box on the way down, something below, and a box on the way up")
    return Branches((chain(via), body), _operation(join), straight=0 if dip else 1, dip=dip)


def group(label: str, *items: str | Item) -> Group:
    """``items`` in a row, in a frame with a label: ``group("× 6", ...)`` says that they are repeated."""
    if not items:
        raise ValueError(f"the group {label!r} is empty")
    return Group(label, chain(list(items)))


def begun(items: Chain) -> Chain:
    """``items`` as the beginning of a diagram: a box at an open end, unless its role is known, is an input."""
    if not items:
        return items
    first, rest = items[0], items[1:]
    if isinstance(first, Box) and first.role == "data":
        first = replace(first, role="input")
    elif isinstance(first, Branches):
        first = replace(first, paths=tuple(begun(path) for path in first.paths))
    elif isinstance(first, Group):
        first = replace(first, items=begun(first.items))
    return (first, *rest)


def takes_input(items: Chain) -> bool:
    """Whether the chain is fed by what stands before it; an empty one passes it on."""
    if not items:
        return True
    first = items[0]
    if isinstance(first, Box):
        return first.role != "input"
    return takes_input(first.items) if isinstance(first, Group) else any(takes_input(path) for path in first.paths)


def gives_output(items: Chain) -> bool:
    """Whether something can follow the chain: not where it ends in branches that nothing joins."""
    last = items[-1] if items else None
    if isinstance(last, Group):
        return gives_output(last.items)
    return not (isinstance(last, Branches) and last.join is None)


def validate(items: Chain) -> None:
    """Raise ValueError where an item cannot stand where it stands."""
    for before, after in pairwise(items):
        if not gives_output((before,)):
            raise ValueError(f"nothing can follow branches without a join, and {spoken(after)!r} does")
        if not takes_input((after,)):
            raise ValueError(f"an input takes nothing from before it, and {spoken(after)!r} follows {spoken(before)!r}")
    for item in items:
        for path in item.paths if isinstance(item, Branches) else (item.items,) if isinstance(item, Group) else ():
            validate(path)
            if isinstance(item, Branches) and item.join is not None and not gives_output(path):
                raise ValueError(f"a path that ends in several ends cannot be joined by {item.join.label!r}")


def boxes(items: Chain) -> Iterator[Box]:
    """Every box of the chain, joins too, from its beginning to its end."""
    for item in items:
        if isinstance(item, Box):
            yield item
        elif isinstance(item, Group):
            yield from boxes(item.items)
        else:
            for path in item.paths:
                yield from boxes(path)
            if item.join is not None:
                yield item.join


def spoken_chain(items: Chain) -> str:
    """The chain in words, for those who cannot see it."""
    return ", then ".join(spoken(item) for item in items) or "unchanged"


def _spoken_path(items: Chain) -> str:
    """A path in words, in brackets where it branches again."""
    nested = any(isinstance(item, Branches) and item.straight is None for item in items)
    return f"[{spoken_chain(items)}]" if nested else spoken_chain(items)


def spoken(item: Item) -> str:
    """One item in words."""
    if isinstance(item, Box):
        return _spoken_box(item)
    if isinstance(item, Group):
        return f"[{plain(item.label)}: {spoken_chain(item.items)}]"
    shape = f" giving {plain(item.join.shape)}" if item.join is not None and item.join.shape else ""
    if item.straight is not None and item.join is not None:
        around, body = item.paths
        through = f" through {spoken_chain(around)}" if around else ""
        return (
            f"({spoken_chain(body)}), with a skip connection around it{through}, joined by {_joining(item.join)}{shape}"
        )
    paths = "; ".join(f"({i}) {_spoken_path(path)}" for i, path in enumerate(item.paths, 1))
    end = f", joined by {_joining(item.join)}{shape}" if item.join is not None else ""
    return f"{len(item.paths)} branches side by side: {paths}{end}"


def plain(text: str) -> str:
    """``text`` without the marks of mathematics and on one line."""
    text = re.sub(r"([_^])\{([^{}]{2,})\}", r"\1(\2)", text)
    return " ".join(re.sub(r"[$\\{}]", "", text).split())


def _spoken_box(box: Box) -> str:
    words = SPOKEN.get(box.label, plain(box.label)) + (f" ({plain(box.detail)})" if box.detail else "")
    return words + (f" giving {plain(box.shape)}" if box.shape else "")


def _joining(join: Box) -> str:
    return _spoken_box(replace(join, shape="")).replace("concat", "concatenating", 1)


def _role(label: str) -> str:
    """The role that the words of ``label`` tell; ``data`` where they tell none."""
    words = label.lower()
    if label in tuple(SIGNS):
        return "operation"
    if re.search(ROLE_WORDS["loss"], words):
        return "loss"
    found = {role: match.start() for role, said in ROLE_WORDS.items() if (match := re.search(said, words))}
    return min(found, key=found.__getitem__) if found else "data"


def _operation(text: str) -> Box:
    made = box(text)
    return replace(made, role="operation") if made.role == "data" else made


def _text(item: object) -> str:
    if not isinstance(item, str):
        raise TypeError(f"a diagram is made of texts, branches, skips and groups, not of {type(item).__name__}")
    return item
