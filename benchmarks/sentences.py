"""How many answers that nobody listed are met by a sentence that says more than what differs.

    python benchmarks/sentences.py [SESSION...]

Each named mistake is judged as if its author had not thought of it: by its key without its own entry. Counted are the sentences that
name the error, those that say where it shows, those that only say what differs ("the shape is ..., expected is ..."; "3 of 9 numbers
differ; the first is at ..."), and those of another named mistake, which their author should confirm. Trainings are left out: their mistakes differ in facts of their own.
`course build` comes first. Nothing is run but the decision, so that it takes seconds.
"""

import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from coursekit.exercises import sentences
from dlmodule.checking import key
from dlmodule.checking.decide.decide import decide

KEYS = Path(os.environ.get("DLMODULE_KEYS", Path(__file__).parents[1] / "build" / "keys"))
KINDS = (*sentences.KINDS, "another mistake's", "accepted")


def kind_of(held: key.ExerciseKey, mistake: key.MistakeKey) -> str:
    """What kind of sentence meets ``mistake`` where its own is not known."""
    others = [other for other in held.mistakes if other.name != mistake.name]
    diagnosis = decide(replace(held, mistakes=others), mistake.evidence)
    if diagnosis.right:
        return "accepted"
    if diagnosis.mistake is not None:
        return "another mistake's"
    return sentences.kind_of(diagnosis)


def main() -> None:
    """Count and print a table, a row a session."""
    total: Counter[str] = Counter()
    print(f"| session | mistakes | {' | '.join(KINDS)} |\n|---|---|{'---|' * len(KINDS)}")
    for path in sorted(KEYS.glob("*.safetensors")):
        if path.stem.endswith("_given") or (sys.argv[1:] and path.stem not in sys.argv[1:]):
            continue  # what a coursework gives is data, no key
        exercises = [held for held in key.load(path).values() if held.bar is None]
        found = Counter(kind_of(held, mistake) for held in exercises for mistake in held.mistakes)
        total += found
        print(f"| {path.stem} | {found.total()} | {' | '.join(str(found[kind]) for kind in KINDS)} |")
    shares = " | ".join(f"{total[kind] / max(1, total.total()):.1%}" for kind in KINDS)
    print(f"| all | {total.total()} | {shares} |")


if __name__ == "__main__":
    main()
