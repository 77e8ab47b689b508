import copy

import pytest
import torch

from dlmodule import device


def test_describe_names_machine_and_versions():
    """A measurement can say what it was made on: hardware, torch, Python."""
    described = device.describe()
    assert described["torch"] == torch.__version__
    assert described["python"].startswith("3.")
    assert f"{device.cores()} cores" in described["hardware"]
    assert f"{torch.get_num_threads()} threads" in described["hardware"]


def test_best_device_takes_a_tensor():
    """A tensor can be made on what best_device returns."""
    assert torch.zeros(1, device=device.best_device()).device.type == device.best_device().type


def test_bfloat16_can_be_done_without(monkeypatch):
    """DLMODULE_BFLOAT16=0 shows what a machine without it would do: no plan uses it, and no description names it."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    assert device.has_fast_bfloat16(torch.device("cpu"))
    monkeypatch.setenv("DLMODULE_BFLOAT16", "0")
    assert not device.Plan.of(torch.nn.Conv2d(1, 1, 3), "cpu").bfloat16
    assert "bf16" not in device.describe()["hardware"]


def test_bfloat16_is_not_assumed(monkeypatch):
    """Where torch cannot be asked about the processor, bfloat16 counts as slow."""
    for question in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, question, raising=False)
    assert not device.has_fast_bfloat16(torch.device("cpu"))


def test_threads_and_layout_are_put_back_after_an_error():
    """Whatever happens inside, the number of threads and the model's layout are as before."""
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3))
    plan = device.Plan(torch.device("cpu"), bfloat16=False, channels_last=True, threads=1)
    threads = torch.get_num_threads()
    with pytest.raises(RuntimeError), plan.prepared(model):
        assert torch.get_num_threads() == 1
        assert model[0].weight.is_contiguous(memory_format=torch.channels_last)
        raise RuntimeError
    assert torch.get_num_threads() == threads
    assert model[0].weight.is_contiguous()


def test_a_model_returns_to_where_it_was():
    """It is moved to the plan's device, and back again at the end: what a notebook calls it with lies on the processor."""

    class Traveller(torch.nn.Linear):
        """Writes down where it is sent, and stays."""

        def to(self, *where, **_):
            self.journey = [*getattr(self, "journey", []), *where]
            return self

    model = Traveller(2, 2)
    with device.Plan(torch.device("meta"), bfloat16=False, channels_last=False, threads=1).prepared(model):
        assert model.journey == [torch.device("meta")]
    assert model.journey == [torch.device("meta"), torch.device("cpu")]


@pytest.mark.parametrize("channels", range(1, 20))
def test_a_planned_step_gives_the_gradients_of_float64(channels):
    """Whatever the width of a strided shortcut: oneDNN gets some of them wrong in the layout that is otherwise the faster."""
    torch.manual_seed(0)
    model = torch.nn.Conv2d(channels, 8, 1, stride=2)
    exact = copy.deepcopy(model).double()
    x = torch.randn(16, channels, 10, 10)
    plan = device.Plan.of(model, "cpu", precision="float32")
    with plan.prepared(model):
        model(plan.place(x)).square().sum().backward()
    exact(x.double()).square().sum().backward()
    for parameter, expected in zip(model.parameters(), exact.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad.double(), expected.grad, rtol=1e-4, atol=1e-4)
