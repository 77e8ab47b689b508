"""Translate: learn with the true past, write with your own."""

import time

import torch
from torch import nn

from dlmodule.checking import Case, Exercise
from dlmodule.checking.inputs import in_float64

exercise = Exercise(
    difficulty=3,
    minutes=12,
    hints=(
        "Write the rows of a small example: target 7 8 9. What does the decoder read, and what shall it say at each place?",
        "torch.cat([start, target[:, :-1]], 1) shifts to the right. In translate the logits of the last position alone are new.",
    ),
)


@exercise.probe
def probe(candidate, case):
    source, target, length = case.args
    torch.manual_seed(0)
    with in_float64():
        model = candidate(12, dim=8, heads=2, layers=2, hidden=16).double().eval()
    generator = torch.Generator().manual_seed(
        7
    )  # its translations differ from place to place and from source to source
    encoded = []
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        logits = model(source, target)
        model.encoder.register_forward_hook(lambda *_: encoded.append(1))
        translation = model.translate(source, length)
    return {"logits": logits, "translation": translation, "times the source was encoded": len(encoded)}


@exercise.cases
def cases():
    yield Case(torch.tensor([[2, 3, 4]]), torch.tensor([[7, 8, 9]]), 3).named("one source, target 7 8 9")
    yield Case(torch.tensor([[2, 3, 4, 5], [9, 6, 0, 0]]), torch.tensor([[7, 8, 3, 9, 2], [3, 3, 10, 11, 4]]), 6).named("two sources, one padded")  # fmt: skip
    yield Case(torch.tensor([[5], [6], [7]]), torch.tensor([[4], [4], [2]]), 9).named(
        "targets of one token, nine to write"
    )


exercise.edit(
    "not_shifted", "torch.cat([start, target[:, :-1]], dim=1)", "target",
    "The decoder reads the token that it has to say: training is perfect, and translating fails. Shift the target to the right, with 1 in front.",
)  # fmt: skip
exercise.edit(
    "start_is_padding", "start = torch.ones_like(target[:, :1])", "start = torch.zeros_like(target[:, :1])",
    "The start token is 1; 0 is padding.",
)  # fmt: skip
exercise.edit(
    "start_returned", "return ids[:, 1:]", "return ids[:, :-1]",
    "The start token is part of your translation, and the last token is lost.",
)  # fmt: skip
exercise.edit(
    "first_position_read", "logits[:, -1:]", "logits[:, :1]",
    "You read the logits of the first position at every step, so each token is the same. The new token is said at the last position.",
)  # fmt: skip
exercise.edit(
    "only_the_last_token_fed", "logits = self.decoder(ids, *encoded)", "logits = self.decoder(ids[:, -1:], *encoded)",
    "The decoder is fed the last token alone. It has no memory of its own: give it all tokens so far.",
)  # fmt: skip
exercise.edit(
    "encoded_at_each_step", "logits = self.decoder(ids, *encoded)", "logits = self.decoder(ids, *self.encoder(source))",
    "The source is encoded again at every step. It does not change: encode it once, before the loop.",
)  # fmt: skip
exercise.edit(
    "one_token_missing", "for _ in range(length):", "for _ in range(length - 1):",
    "Your translation is one token too short.",
)  # fmt: skip


class Base(nn.Module):
    """The two halves, for the alternatives."""

    def __init__(self, vocab, dim=64, heads=4, layers=1, hidden=128):
        super().__init__()
        self.encoder = Encoder(vocab, dim, heads, layers, hidden)
        self.decoder = Decoder(vocab, dim, heads, layers, hidden)


exercise.edit(
    "moved_to_the_left", "torch.cat([start, target[:, :-1]], dim=1)", "torch.cat([target[:, 1:], start], dim=1)",
    "The target is moved to the left, so the decoder reads what comes after the token that it has to say. Move it to the right, with 1 in front.",
)  # fmt: skip
exercise.edit(
    "last_token_kept", "torch.cat([start, target[:, :-1]], dim=1)", "torch.cat([start, target], dim=1)",
    "The last token of the target is kept, so there is one logit too many. Nothing comes after it: leave it out.",
)  # fmt: skip
exercise.edit(
    "target_as_source", "*self.encoder(source))", "*self.encoder(target))",
    "The encoder reads the target. It reads the source.",
)  # fmt: skip
exercise.edit(
    "with_the_start", "return ids[:, 1:]", "return ids",
    "The start token is part of your translation. Leave it out.",
)  # fmt: skip


@exercise.alternative
class ByRoll(Base):
    def forward(self, source, target):
        shifted = target.roll(1, 1)
        shifted[:, 0] = 1
        memory, mask = self.encoder(source)
        return self.decoder(shifted, memory, mask)

    @torch.no_grad()
    def translate(self, source, length):
        memory, mask = self.encoder(source)
        ids = torch.full((len(source), length + 1), 1)
        for t in range(length):
            ids[:, t + 1] = self.decoder(ids[:, : t + 1], memory, mask)[:, t].argmax(1)
        return ids[:, 1:]


@exercise.alternative
class WholeTargetEachTime(Base):
    def forward(self, source, target):
        return self.decoder(nn.functional.pad(target, (1, 0), value=1)[:, :-1], *self.encoder(source))

    def translate(self, source, length):
        with torch.no_grad():
            memory, mask = self.encoder(source)
            target = torch.zeros(len(source), length, dtype=torch.long)
            for t in range(length):
                shifted = nn.functional.pad(target, (1, 0), value=1)[:, :-1]
                target[:, t] = self.decoder(shifted, memory, mask)[:, t].argmax(-1)
            return target


@exercise.ledger("dates", seeds=3)
def dates(solution, seed):
    """700 steps of 64 dates; 2,000 days that no style was trained on."""
    torch.manual_seed(seed)
    model, start = solution(len(LETTERS)), time.perf_counter()
    train_dates(model, date_pairs(train_days, seed=1), steps=700)
    took = time.perf_counter() - start
    return {"exact": exact(model, date_pairs(test_days[:2000], seed=2)), "training_seconds": took}
