"""Cut a text into words, numbers and signs."""

import re
import unicodedata

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "One regular expression does it, with three choices joined by |. Which of them has to stand first?",
        "A word is some letters, then any number of times an apostrophe with letters after it. A number is digits, and perhaps a point with digits after it. re.findall returns whole matches if all groups are of the kind (?:...).",
    ),
)


@exercise.cases
def cases():
    yield Case("Wet sand.").named("two words and a full stop")
    yield Case("Don't drill at 3.5 km, stop.").named("the worked example")
    yield Case("El Nin\u0303o 2024").named("an n and a tilde that are two characters")
    yield Case("the crew's 'best' core: 12. A p-wave, at 1.5.2 km/s_x").named(
        "apostrophes, points and signs at borders"
    )
    yield Case("  \u0410\u043b\u0442\u0430\u0439 \u5c71\n\tA1B22 !?").named(
        "other scripts, letters beside digits, two signs"
    )
    yield Case("rock'n'roll \uff26ine \u0663\u0664.\u0665").named("two apostrophes, a wide letter, other digits")
    yield Case("").named("no text at all")


exercise.edit(
    "upper_case_kept", ".lower()", "",
    "Upper case is still there: The and the would be two words. Fold to lower case before you cut.",
)  # fmt: skip
exercise.edit(
    "not_normalised", 'unicodedata.normalize("NFC", text).lower()', "text.lower()",
    "You did not normalise: an n and a combining tilde are two characters, and the word is cut between them. Form NFC joins them first.",
)  # fmt: skip
exercise.edit(
    "apostrophe_cuts", "(?:'[^\\W\\d_]+)*", "",
    "An apostrophe between letters belongs to the word: don't is one token, not three.",
)  # fmt: skip
exercise.edit(
    "decimal_point_cuts", "(?:\\.\\d+)?", "",
    "A point between digits belongs to the number: 3.5 is one token, not three.",
)  # fmt: skip


@exercise.mistake("You cut at white space only: a full stop stays at its word, so that broke. and broke are two words.")
def at_white_space(text):
    return unicodedata.normalize("NFC", text).lower().split()


@exercise.mistake(
    "The signs are gone. A comma, a question mark or a full stop is a token of its own; it tells where a clause ends."
)
def without_signs(text):
    text = unicodedata.normalize("NFC", text).lower()
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+(?:\.\d+)?", text)


@exercise.mistake(
    'You split at blanks only: signs stay glued to the words, so that "end." and "end" are two words. And a letter that was written as two characters stays two: normalise first.'
)
def split_at_blanks(text):
    return text.lower().split()


@exercise.mistake(
    "Single signs are lost, and so is every letter beyond a to z. A full stop is a token too, and a letter is whatever \\w matches but digits and the underscore."
)
def signs_lost(text):
    return re.findall(r"[a-z']+|\d+(?:\.\d+)?", text.lower())


@exercise.mistake(
    "Your letters are those from a to z, so a word with another letter falls into pieces. A letter is whatever \\w matches but digits and the underscore: [^\\W\\d_]."
)
def letters_of_ascii(text):
    text = unicodedata.normalize("NFC", text).lower()
    return re.findall(r"[a-z]+(?:'[a-z]+)*|\d+(?:\.\d+)?|[^\s]", text)


@exercise.mistake(
    "\\w matches digits and the underscore too, so a number is taken for a word and cut at its point. Letters alone are [^\\W\\d_]."
)
def digits_as_letters(text):
    text = unicodedata.normalize("NFC", text).lower()
    return re.findall(r"\w+(?:'\w+)*|\d+(?:\.\d+)?|[^\s]", text)


exercise.edit(
    "letters_taken_apart", "\"NFC\"", "\"NFD\"",
    "You normalise to NFD, which takes letters and their accents apart: the word is cut between them. NFC joins them.",
)  # fmt: skip
exercise.edit(
    "compatibility_form", "\"NFC\"", "\"NFKC\"",
    "You normalise to NFKC. It also replaces signs that only look alike, such as a wide letter; NFC leaves them.",
)  # fmt: skip
exercise.edit(
    "one_apostrophe", "(?:'[^\\W\\d_]+)*", "(?:'[^\\W\\d_]+)?",
    "A word may have several apostrophes between its letters; yours ends after the first.",
)  # fmt: skip
exercise.edit(
    "apostrophes_as_letters", "[^\\W\\d_]+(?:'[^\\W\\d_]+)*", "(?:[^\\W\\d_]|')+",
    "Your words take every apostrophe along. Only one *between* letters belongs to the word; at its border it is a sign.",
)  # fmt: skip
exercise.edit(
    "many_points", "(?:\\.\\d+)?", "(?:\\.\\d+)*",
    "Your numbers take several points: 1.5.2 is one token. A number has at most one decimal point.",
)  # fmt: skip
exercise.edit(
    "point_at_the_end", "\\d+(?:\\.\\d+)?", "\\d+\\.?\\d*",
    "A point after a number belongs to it in your tokens. Only one *between* digits does; at the end it is a full stop.",
)  # fmt: skip
exercise.edit(
    "digits_of_ascii", "\\d+(?:\\.\\d+)?", "[0-9]+(?:\\.[0-9]+)?",
    "Your digits are those from 0 to 9. A digit of another script is one as well: \\d matches them all.",
)  # fmt: skip
exercise.edit(
    "signs_joined", "|[^\\s]", "|[^\\s\\w]+|_",
    "Signs that follow one another are one token in your list. Each is a token of its own.",
)  # fmt: skip
exercise.edit(
    "white_space_kept", "|[^\\s]", "|.",
    "White space is among your tokens. It only separates them.",
)  # fmt: skip
exercise.edit(
    "groups_returned", "(?:'", "('",
    "`re.findall` returns what stands in the group, if the pattern has one, and not the whole match. Write (?:...), which groups without keeping.",
)  # fmt: skip


@exercise.alternative
def with_finditer(text):
    text = unicodedata.normalize("NFC", text.lower())
    word, number = r"[^\W\d_]+(?:'[^\W\d_]+)*", r"\d+\.\d+|\d+"
    return [match.group() for match in re.finditer(f"{word}|{number}|\\S", text)]


@exercise.alternative
def letter_by_letter(text):
    text = unicodedata.normalize("NFC", text).lower()
    tokens, k = [], 0
    while k < len(text):
        start = k
        if text[k].isalpha():
            while k < len(text) and (text[k].isalpha() or (text[k] == "'" and text[k + 1 : k + 2].isalpha())):
                k += 1
        elif text[k].isdigit():
            while k < len(text) and text[k].isdigit():
                k += 1
            if text[k : k + 1] == "." and text[k + 1 : k + 2].isdigit():
                k += 1
                while k < len(text) and text[k].isdigit():
                    k += 1
        else:
            k += 1
        if not text[start].isspace():
            tokens.append(text[start:k])
    return tokens
