"""Write on with a cache of keys and values."""

import torch
from torch import nn
from torch.nn import functional as F

from dlmodule.checking import Case, Exercise

exercise = Exercise(
    difficulty=4,
    minutes=20,
    hints=(
        "Which tokens are new in the first step, and which in the second? Keep them in a variable of their own, and ask for the position of its first token.",
        "The new tokens stand at positions (all - new) to all - 1. Rotate first, append to the cache, then attend: q is short, k and v are long.",
    ),
)


class Block(nn.Module):
    """A block with the methods of the notebook's ModernBlock."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.sizes = heads, []
        self.qkv, self.out, self.network = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim), nn.Linear(dim, dim)

    def project(self, x):
        self.sizes.append(x.shape[1])
        normed = F.rms_norm(x, x.shape[-1:])
        return self.qkv(normed).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)

    def finish(self, x, attended):
        x = x + self.out(attended.transpose(1, 2).flatten(2))
        return x + self.network(F.rms_norm(x, x.shape[-1:])).relu().square()


class Model(nn.Module):
    """A language model with the parts of the notebook's ModernGPT, its weights large and fixed."""

    def __init__(self, vocab, dim, heads, layers):
        super().__init__()
        self.embedding, self.positions = nn.Embedding(vocab, dim), None
        self.blocks = nn.ModuleList(Block(dim, heads) for _ in range(layers))
        self.norm, self.head = nn.RMSNorm(dim), nn.Linear(dim, vocab, bias=False)
        generator = torch.Generator().manual_seed(vocab)
        with torch.no_grad():
            for parameter in self.parameters():
                scale = 3 / parameter.shape[-1] ** 0.5
                parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))


@exercise.probe
def probe(candidate, case):
    """The tokens, and how many went through the first block at each step."""
    ids, count, *sizes = case.args
    model = Model(*sizes).double().eval()
    written = candidate(model, ids, count)
    return {"tokens": written, "tokens through the first block, step by step": model.blocks[0].sizes}


@exercise.cases
def cases():
    yield Case(torch.tensor([[3, 1]]), 3, 11, 8, 1, 1).named("a prompt of two tokens, one block")
    yield Case(torch.tensor([[5, 2, 9, 9, 0], [1, 7, 7, 3, 4]]), 8, 13, 8, 2, 2).named("two texts, two blocks")
    yield Case(torch.tensor([[4], [6], [2]]), 12, 31, 12, 3, 3).named("three prompts of one token")
    yield Case(torch.tensor([[1, 2, 3, 4, 5, 6, 7]]), 1, 17, 8, 2, 2).named("one token to write")


exercise.edit(
    "position_starts_again", "torch.arange(length - new.shape[1], length)", "torch.arange(new.shape[1])",
    "Each new token stands at position 0 for your model. It comes after all those of the cache.",
)  # fmt: skip
exercise.edit(
    "position_off_by_one", "torch.arange(length - new.shape[1], length)", "torch.arange(length - new.shape[1], length) - (new.shape[1] == 1)",
    "The new token's position is one too small: it shares that of the token before it. With T tokens in all the newest stands at T - 1.",
)  # fmt: skip


exercise.edit(
    "norm_forgotten", "model.head(model.norm(x[:, -1:]))", "model.head(x[:, -1:])",
    "The norm before the head is missing: the logits are model.head(model.norm(x)).",
)  # fmt: skip
exercise.edit(
    "first_position_read", "x[:, -1:]", "x[:, :1]",
    "You read the logits of the first new token. The next one is said at the last.",
)  # fmt: skip
exercise.edit(
    "keys_not_rotated", "q, k = rope(q, positions), rope(k, positions)", "q = rope(q, positions)",
    "Only the queries are rotated. A score knows the distance only if the keys are rotated too, each by its own position.",
)  # fmt: skip


exercise.equivalent(
    "last argument of causal_mask dropped", "the prompt is square, and one new query may look at every key"
)


def with_cache(model, ids, count, *, rotate_old=False, mask_of=None, again=False, shared=False):
    """The answer, with the places that mistakes vary."""
    caches, new = [None] * len(model.blocks), ids
    for _ in range(count):
        length = ids.shape[1]
        positions = torch.arange(length - new.shape[1], length)
        x = model.embedding(new)
        for layer, block in enumerate(model.blocks):
            layer = 0 if shared else layer
            q, k, v = block.project(x)
            q = rope(q, positions)
            k = k if rotate_old else rope(k, positions)
            if caches[layer] is not None:
                k, v = torch.cat([caches[layer][0], k], 2), torch.cat([caches[layer][1], v], 2)
            caches[layer] = (k, v)
            if rotate_old:
                k = rope(k, torch.arange(k.shape[2]) * 0 + positions[-1])
            mask = causal_mask(new.shape[1], k.shape[2]) if mask_of is None else mask_of(new.shape[1], k.shape[2])
            x = block.finish(x, scaled_dot_product_attention(q, k, v, mask)[0])
        token = model.head(model.norm(x[:, -1:])).argmax(2)
        ids = torch.cat([ids, token], 1)
        new = ids if again else token
    return ids


@exercise.mistake(
    "The keys were cached before RoPE and rotated later, all by the newest position: they have lost their own places. Rotate each key once, by its own position, then cache it."
)
@torch.no_grad()
def cached_before_rope(model, ids, count):
    return with_cache(model, ids, count, rotate_old=True)


@exercise.mistake(
    "Your single query sees key 0 alone: the triangle of the mask begins at the top left. The new query is the last one and sees everything."
)
@torch.no_grad()
def mask_at_the_top_left(model, ids, count):
    return with_cache(model, ids, count, mask_of=lambda a, b: torch.ones(a, b, dtype=torch.bool).tril())


@exercise.mistake(
    "The blocks share one cache, so each finds the keys of the others in it. Every block has keys and values of its own."
)
@torch.no_grad()
def one_cache_for_all_blocks(model, ids, count):
    return with_cache(model, ids, count, shared=True)


@exercise.mistake(
    "Old tokens are fed again and appended to the cache once more: it grows by the whole text at each step. After the prompt, feed the newest token alone."
)
@torch.no_grad()
def fed_again_and_cached(model, ids, count):
    return with_cache(model, ids, count, again=True)


@exercise.mistake(
    "Every step sends the whole text through the model: that is right, and slow. After the prompt, only the newest token is new."
)
@torch.no_grad()
def no_cache(model, ids, count):
    for _ in range(count):
        positions, x = torch.arange(ids.shape[1]), model.embedding(ids)
        for block in model.blocks:
            q, k, v = block.project(x)
            x = block.finish(x, scaled_dot_product_attention(rope(q, positions), rope(k, positions), v, causal_mask(len(positions)))[0])  # fmt: skip
        ids = torch.cat([ids, model.head(model.norm(x[:, -1:])).argmax(2)], 1)
    return ids


@exercise.mistake(
    "The prompt went through the model without a causal mask. Its tokens saw each other's future, as they did not in training."
)
@torch.no_grad()
def prompt_without_a_mask(model, ids, count):
    return with_cache(model, ids, count, mask_of=lambda a, b: None)


@exercise.alternative
@torch.no_grad()
def prompt_first(model, ids, count):
    def step(new, start, caches):
        positions, x = torch.arange(start, start + new.shape[1]), model.embedding(new)
        for block, cache in zip(model.blocks, caches, strict=True):
            q, k, v = block.project(x)
            cache["k"] = torch.cat([*cache["k"], rope(k, positions)], 2)[None]
            cache["v"] = torch.cat([*cache["v"], v], 2)[None]
            mask = causal_mask(new.shape[1]) if start == 0 else None
            x = block.finish(x, scaled_dot_product_attention(rope(q, positions), cache["k"][0], cache["v"][0], mask)[0])
        return model.head(model.norm(x))[:, -1].argmax(1, keepdim=True)

    caches = [{"k": [], "v": []} for _ in model.blocks]
    token = step(ids, 0, caches)
    ids = torch.cat([ids, token], 1)
    for _ in range(count - 1):
        token = step(token, ids.shape[1] - 1, caches)
        ids = torch.cat([ids, token], 1)
    return ids


@exercise.alternative
@torch.no_grad()
def room_for_all(model, ids, count):
    total, done = ids.shape[1] + count, 0
    keys, values, out, new = [None] * len(model.blocks), [None] * len(model.blocks), [ids], ids
    for _ in range(count):
        now = done + new.shape[1]
        positions, x = torch.arange(done, now), model.embedding(new)
        for layer, block in enumerate(model.blocks):
            q, k, v = block.project(x)
            if keys[layer] is None:
                keys[layer], values[layer] = (
                    torch.zeros(*k.shape[:2], total, k.shape[3], dtype=k.dtype) for _ in range(2)
                )
            keys[layer][:, :, done:now], values[layer][:, :, done:now] = rope(k, positions), v
            mask = torch.arange(now)[None] <= positions[:, None]
            x = block.finish(x, scaled_dot_product_attention(rope(q, positions), keys[layer][:, :, :now], values[layer][:, :, :now], mask)[0])  # fmt: skip
        new, done = model.head(model.norm(x[:, -1:])).argmax(2), now
        out.append(new)
    return torch.cat(out, 1)
