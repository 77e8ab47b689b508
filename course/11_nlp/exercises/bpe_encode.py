"""Encode a text by the rank of merges."""

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=3,
    minutes=10,
    hints=(
        "Work on one piece at a time, and begin with its bytes. Of all neighbours that are a merge, which one comes first?",
        "A dictionary from pair to number holds both the new token and the rank: an earlier merge has a smaller number. Join the pair with the smallest, then look at all neighbours again.",
    ),
)

WORKED = [(98, 99), (97, 98), (257, 99)]
SHALE = [(97, 108), (256, 101), (104, 257), (115, 258), (32, 259), (110, 100)]


@exercise.cases
def cases():
    yield Case("abc", WORKED).named("the worked example")
    yield Case("abc", [(98, 99), (97, 256), (97, 98)]).named("the right pair first, then the whole")
    yield Case("shale, shales and ales", SHALE).named("several pieces")
    yield Case("aaaaa aaa", [(97, 97), (256, 256), (256, 97)]).named("a letter that repeats")
    yield Case("ab ab\n\nab", [(97, 98), (98, 32), (10, 10), (32, 256)]).named(
        "a merge that would cross the border of a piece"
    )
    yield Case("\u00e9t\u00e9 \u5c71 \U0001f30b", [(195, 169), (256, 116), (257, 256), (229, 177)]).named(
        "letters of several bytes"
    )
    yield Case("The Ash  IS ash.", [(97, 115), (256, 104), (65, 115), (32, 257)]).named("capitals, and two blanks")
    yield Case("", WORKED).named("no text")
    yield Case("plain", []).named("no merge")


exercise.edit(
    "last_learned_first", "first = min(known", "first = max(known",
    "You join the pair that was learned last. A merge is built on earlier ones: the earliest comes first.",
)  # fmt: skip
exercise.edit(
    "leftmost_first", "first = min(known, key=lambda pair: numbers[pair])", "first = known[0]",
    "You join the leftmost pair that is a merge. The order of learning decides, not the place.",
)  # fmt: skip
exercise.edit(
    "joined_once", "while known := [pair for pair in zip(tokens, tokens[1:], strict=False) if pair in numbers]:", "if known := [pair for pair in zip(tokens, tokens[1:], strict=False) if pair in numbers]:",
    "You join one pair of each piece and stop. Go on until no pair of neighbours is a merge.",
)  # fmt: skip
exercise.edit(
    "borders_crossed", "pieces(text)", "[text]",
    "Your merges cross the border of a word. Training never saw such pairs, so encode each piece by itself.",
)  # fmt: skip


@exercise.mistake(
    "You take the longest token that fits at each place. That is another algorithm: BPE applies merges in the order in which they were learned."
)
def longest_match(text, merges):
    spelled = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        spelled.append(spelled[left] + spelled[right])
    number = {token: k for k, token in enumerate(spelled)}
    result = []
    for piece in pieces(text):
        rest = piece.encode()
        while rest:
            size = max(size for size in range(1, len(rest) + 1) if rest[:size] in number)
            result.append(number[rest[:size]])
            rest = rest[size:]
    return result


exercise.edit(
    "white_space_lost", "pieces(text)", "text.split()",
    "White space is lost, and the tokens can no longer be joined to the text. Use the `pieces` as they are: a word takes the blank before it along.",
)  # fmt: skip
exercise.edit(
    "blanks_lost", "pieces(text)", "text.split(\" \")",
    "The blanks are lost, and with them the tokens that begin with one. Use `pieces`: a word takes the blank before it along.",
)  # fmt: skip
exercise.edit(
    "a_list_for_each_piece", "result += tokens", "result.append(list(tokens))",
    "You return a list for each piece. All numbers stand in one list.",
)  # fmt: skip
exercise.edit(
    "code_points", "tuple(piece.encode())", "tuple(map(ord, piece))",
    "You begin with characters, `ord`. The merges are of bytes: use `.encode()`.",
)  # fmt: skip


exercise.edit(
    "numbers_from_257", "256 + k for k", "257 + k for k",
    "You give the first merge the number 257. The bytes are 0 to 255, so it is 256.",
)  # fmt: skip
exercise.edit(
    "capitals_folded", "pieces(text)", "pieces(text.lower())",
    "You fold the text to lower case. A byte-pair encoding loses nothing: capitals are bytes of their own.",
)  # fmt: skip


@exercise.mistake(
    "You go through the merges once, from the last to the first. A merge is built on earlier ones: begin with the one that was learned first."
)
def from_the_last_merge(text, merges):
    result = []
    for piece in pieces(text):
        tokens = tuple(piece.encode())
        for k in reversed(range(len(merges))):
            tokens = merged(tokens, merges[k], 256 + k)
        result += tokens
    return result


@exercise.alternative
def merge_by_merge(text, merges):
    result = []
    for piece in pieces(text):
        tokens = tuple(piece.encode())
        for k, pair in enumerate(merges):
            tokens = merged(tokens, pair, 256 + k)
        result += tokens
    return result


@exercise.alternative
def one_place_at_a_time(text, merges):
    ranks, result = {pair: k for k, pair in enumerate(merges)}, []
    for piece in pieces(text):
        tokens = list(piece.encode())
        while True:
            places = [(ranks[pair], k) for k, pair in enumerate(zip(tokens, tokens[1:], strict=False)) if pair in ranks]
            if not places:
                break
            rank, k = min(places)
            tokens[k : k + 2] = [256 + rank]
        result.extend(tokens)
    return result


exercise.equivalent(
    "tuple(...) dropped", "merged returns a tuple, so bytes become one in a first round that joins nothing"
)
