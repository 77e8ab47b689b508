"""Day 12's parts against PyTorch's own, and against the properties that define them."""

from __future__ import annotations

import datetime
import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from coursekit.exercises.loading import run
from coursekit.project import Project
from coursekit.sources.slicing import slice_of
from coursekit.sources.source import source_of

PROJECT = Project(Path(__file__).parents[2])
NAMES = [
    "scaled_dot_product_attention", "causal_mask", "padding_mask", "MultiHeadAttention", "sinusoidal_positions", "rope",
    "LayerNorm_", "TransformerBlock", "Encoder", "Seq2Seq", "GPT", "ModernGPT", "generate", "kv_cache", "ViT",
    "attention_rollout", "written_date",
]  # fmt: skip
sizes = st.integers(1, 5)


@functools.cache
def scope() -> dict[str, Any]:
    """What the notebook's solutions define, without running a training."""
    return run(slice_of(source_of(PROJECT, "12_transformers", "morning"), NAMES), "transformers")


def notebook(name: str) -> Any:
    """What the notebook's solution calls ``name``."""
    return scope()[name]


def random(*shape: int, seed: int) -> torch.Tensor:
    """Normal numbers, float64."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(st.integers(0, 2**31), sizes, sizes, sizes, st.booleans())
@settings(deadline=None, max_examples=40)
def test_attention_is_that_of_torch(seed: int, queries: int, more: int, width: int, causal: bool) -> None:
    """With and without a mask, and with fewer queries than keys; rows of weights sum to one."""
    keys = queries + more
    q, k, v = (random(2, 3, n, width, seed=seed + i) for i, n in enumerate((queries, keys, keys)))
    mask = notebook("causal_mask")(queries, keys) if causal else None
    actual, weights = notebook("scaled_dot_product_attention")(q, k, v, mask)
    torch.testing.assert_close(actual, F.scaled_dot_product_attention(q, k, v, attn_mask=mask))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, queries, dtype=torch.float64))


@given(st.integers(0, 2**31), st.integers(1, 4), sizes, sizes, st.booleans())
@settings(deadline=None, max_examples=25)
def test_multi_head_attention_is_that_of_torch(seed: int, heads: int, tokens: int, keys: int, cross: bool) -> None:
    """With PyTorch's weights: self- and cross-attention, padding hidden, output and weights of every head."""
    torch.manual_seed(seed)
    dim = 4 * heads
    reference = nn.MultiheadAttention(dim, heads, batch_first=True).double()
    mine = notebook("MultiHeadAttention")(dim, heads).double()
    mine.load_state_dict(reference.state_dict())
    x, memory = random(3, tokens, dim, seed=seed), random(3, keys, dim, seed=seed + 1)
    memory = memory if cross else x
    lengths = torch.tensor([1, memory.shape[1], (memory.shape[1] + 1) // 2])
    padded = torch.arange(memory.shape[1]) >= lengths[:, None]
    expected, expected_weights = reference(x, memory, memory, key_padding_mask=padded, average_attn_weights=False)
    actual, weights = mine(x, memory if cross else None, mask=~padded[:, None, None])
    torch.testing.assert_close(actual, expected)
    torch.testing.assert_close(weights, expected_weights)


@pytest.mark.parametrize("pre_norm", [True, False])
def test_a_block_takes_the_weights_of_torchs_layer(pre_norm: bool) -> None:
    """And gives its numbers, in both places of the norm, with a causal mask."""
    torch.manual_seed(0)
    reference = nn.TransformerEncoderLayer(
        12, 3, 20, dropout=0.0, activation="gelu", batch_first=True, norm_first=pre_norm
    )
    mine = notebook("TransformerBlock")(12, 3, 20, pre_norm=pre_norm)
    mine.load_state_dict(reference.state_dict())
    x, mask = torch.randn(2, 6, 12), notebook("causal_mask")(6)
    torch.testing.assert_close(mine(x, mask), reference(x, src_mask=~mask), atol=1e-5, rtol=1e-5)


def test_layer_norm_takes_the_weights_of_torchs() -> None:
    """With weights that are not ones and zeros."""
    reference, mine = nn.LayerNorm(7), notebook("LayerNorm_")(7)
    nn.init.normal_(reference.weight)
    nn.init.normal_(reference.bias)
    mine.load_state_dict(reference.state_dict())
    x = 3 * torch.randn(4, 5, 7) + 2
    torch.testing.assert_close(mine(x), reference(x), atol=1e-5, rtol=1e-5)


@given(st.integers(0, 2**31), st.integers(0, 500), st.integers(0, 500), st.integers(-200, 200), st.integers(1, 8))
@settings(deadline=None)
def test_a_rotated_score_knows_the_distance_alone(seed: int, t: int, s: int, shift: int, half: int) -> None:
    """Moving query and key on by the same number of tokens leaves their scalar product; lengths stay too."""
    rope = notebook("rope")
    q, k = random(1, 2 * half, seed=seed), random(1, 2 * half, seed=seed + 1)

    def score(a: int, b: int) -> torch.Tensor:
        return rope(q, torch.tensor([a])) @ rope(k, torch.tensor([b])).T

    torch.testing.assert_close(score(t, s), score(t + shift, s + shift), atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(rope(q, torch.tensor([t])).norm(), q.norm())


@given(st.integers(1, 20), st.integers(1, 12), st.integers(1, 30))
@settings(deadline=None)
def test_moving_on_is_one_rotation_of_the_sinusoids(position: int, pairs: int, shift: int) -> None:
    """The same linear map takes every position to the one ``shift`` later."""
    table = notebook("sinusoidal_positions")(position + shift + 1, 2 * pairs).double()
    omega = torch.tensor([10000.0 ** (-2 * i / (2 * pairs)) for i in range(pairs)], dtype=torch.float64) * shift
    sine, cosine = table[position, 0::2], table[position, 1::2]
    expected = torch.stack([sine * omega.cos() + cosine * omega.sin(), cosine * omega.cos() - sine * omega.sin()], 1)
    torch.testing.assert_close(table[position + shift], expected.flatten(), atol=1e-4, rtol=0)


def test_padding_changes_nothing() -> None:
    """An encoder gives a text the same vectors whatever is padded behind it."""
    torch.manual_seed(0)
    encoder = notebook("Encoder")(9, 8, 2, 2, 16).eval()
    ids = torch.tensor([[4, 1, 8, 2]])
    padded = F.pad(ids, (0, 5))
    torch.testing.assert_close(encoder(padded)[0][:, :4], encoder(ids)[0], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["GPT", "ModernGPT"])
def test_no_model_sees_the_future(name: str) -> None:
    """Changing late tokens moves no early logit; the first loss is that of knowing nothing."""
    torch.manual_seed(0)
    model = notebook(name)(31, 16, dim=32, heads=4, layers=2)
    ids = torch.randint(31, (8, 16))
    changed = ids.clone()
    changed[:, 9:] = (changed[:, 9:] + 7) % 31
    torch.testing.assert_close(model(ids)[:, :9], model(changed)[:, :9], atol=1e-6, rtol=0)
    loss = F.cross_entropy(model(ids)[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    assert loss.item() == pytest.approx(np.log(31), abs=0.1)


def shaken(model: nn.Module) -> nn.Module:
    """``model`` with large weights everywhere, so that every part of it counts."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape) / parameter.shape[-1] ** 0.5 * 2)
    return model.double().eval()


def test_the_cache_writes_the_same_tokens_with_a_fifth_of_the_flops() -> None:
    """Against sampling with top-k 1, which recomputes everything."""
    torch.manual_seed(0)
    model = shaken(notebook("ModernGPT")(23, 8, dim=32, heads=4, layers=2))
    prompt = torch.randint(23, (2, 5))
    with FlopCounterMode(display=False) as slow:
        expected = notebook("generate")(model, prompt, 40, context=64, top_k=1)
    with FlopCounterMode(display=False) as fast:
        actual = notebook("kv_cache")(model, prompt, 40)
    assert torch.equal(actual, expected)
    assert len(set(actual[0].tolist())) > 3
    assert slow.get_total_flops() > 5 * fast.get_total_flops()


@given(st.integers(0, 2**31), st.integers(2, 12), st.floats(0.01, 0.999))
@settings(deadline=None, max_examples=30)
def test_a_nucleus_is_the_smallest_set_that_reaches_p(seed: int, vocab: int, p: float) -> None:
    """No token outside the set is drawn, however often one draws."""
    logits = 2 * random(vocab, seed=seed)
    share, order = logits.softmax(0).sort(descending=True)
    size = next(n for n in range(1, vocab + 1) if share[:n].sum() >= p or n == vocab)
    generator = torch.Generator().manual_seed(seed)
    ids = notebook("generate")(lambda ids: logits.expand(*ids.shape, -1), torch.zeros(500, 1, dtype=torch.long), 1, context=4, top_p=p, generator=generator)  # fmt: skip
    assert set(ids[:, 1].tolist()) <= set(order[:size].tolist())


def test_a_translation_is_what_teacher_forcing_would_say() -> None:
    """Feeding the translation back as the target, each position's largest logit is the translation."""
    torch.manual_seed(1)
    model = shaken(notebook("Seq2Seq")(11, dim=8, heads=2, layers=1, hidden=16))
    source = torch.randint(1, 11, (4, 6))
    written = model.translate(source, 7)
    assert torch.equal(model(source, written).argmax(2), written)


def test_a_patch_embedding_is_a_convolution() -> None:
    """Without blocks a ViT sees its patches as a strided convolution does."""
    torch.manual_seed(0)
    vit = notebook("ViT")(8, 4, channels=3, dim=6, heads=1, layers=0)
    images = torch.randn(2, 3, 8, 8)
    vit.norm, vit.head = nn.Identity(), nn.Identity()
    vit.cls.data.zero_()
    tokens = F.conv2d(images, vit.embed.weight.view(6, 3, 4, 4), vit.embed.bias, stride=4).flatten(2).transpose(1, 2)
    seen: list[torch.Tensor] = []
    vit.embed.register_forward_hook(lambda _, __, out: seen.append(out))
    vit(images)
    torch.testing.assert_close(seen[0], tokens, atol=1e-5, rtol=1e-5)


@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(1, 6))
@settings(deadline=None)
def test_rollout_rows_sum_to_one_and_causal_ones_stay_causal(seed: int, layers: int, tokens: int) -> None:
    """Whatever the weights."""
    maps = [(random(2, tokens, tokens, seed=seed + k).masked_fill(~torch.ones(tokens, tokens).tril().bool(), -torch.inf)).softmax(-1) for k in range(layers)]  # fmt: skip
    rollout = notebook("attention_rollout")(maps)
    torch.testing.assert_close(rollout.sum(1), torch.ones(tokens, dtype=torch.float64))
    assert not rollout.triu(1).any()


@given(st.dates(datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)))
def test_every_style_of_a_date_can_be_read(day: datetime.date) -> None:
    """The figures of day and year stand in each style, and an ordinal has the right ending."""
    for style in range(6):
        text = notebook("written_date")(day, style)
        assert str(day.day) in text
        assert f"{day.year % 100:02}" in text
        assert len(text) <= 22
    ending = notebook("written_date")(day, 2).split()[0].removeprefix(str(day.day))
    assert ending == ("th" if 11 <= day.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th"))
