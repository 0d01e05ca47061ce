import pytest
import torch

from mmdrop.models import WAMP, WAP
from mmdrop.models.layers import wamp as wamp_module_function
from mmdrop.models.layers.wamp import wamp


def naive_wamp(features, weights, mode='sum'):
    product = weights[:, :, None] * features[:, None]  # (B, K, C, h, w)
    average = product.sum((3, 4)) / weights.sum((2, 3)).clamp(min=1e-6)[..., None]
    peak = product.amax((3, 4))
    return average + peak if mode == 'sum' else torch.cat([average, peak], -1)


def test_wamp_of_a_hand_made_map():
    # One channel on 1×3 pixels, f = (1, 2, 4), m = (1, 0.5, 0.25):
    # average (1 + 1 + 1) / 1.75 = 12/7, maximum max(1, 1, 1) = 1, sum 19/7.
    features = torch.tensor([1.0, 2.0, 4.0]).view(1, 1, 1, 3)
    weights = torch.tensor([1.0, 0.5, 0.25]).view(1, 1, 1, 3)
    torch.testing.assert_close(wamp(features, weights), torch.full((1, 1, 1), 19 / 7))
    concat = wamp(features, weights, mode='concat')
    torch.testing.assert_close(concat, torch.tensor([[[12 / 7, 1.0]]]))


@pytest.mark.parametrize('mode', ['sum', 'concat'])
def test_wamp_has_the_values_and_gradients_of_the_naive_form(mode):
    torch.manual_seed(0)
    features = torch.randn(2, 5, 4, 3, dtype=torch.double, requires_grad=True)
    weights = torch.rand(2, 3, 4, 3, dtype=torch.double, requires_grad=True)
    results = [f(features, weights, mode) for f in (wamp, naive_wamp)]
    torch.testing.assert_close(*results)
    upstream = torch.randn_like(results[0])
    grads = [torch.autograd.grad(r, (features, weights), upstream) for r in results]
    torch.testing.assert_close(*grads)


def test_wamp_is_independent_of_the_block_size(monkeypatch):
    features, weights = torch.randn(3, 7, 4, 4), torch.rand(3, 2, 4, 4)
    whole = wamp(features, weights)
    module = __import__('mmdrop.models.layers.wamp', fromlist=['_CPU_BLOCK'])
    monkeypatch.setattr(module, '_CPU_BLOCK', 16 * 3)
    torch.testing.assert_close(wamp(features, weights), whole)


def test_a_part_without_weight_is_a_finite_zero():
    features = torch.rand(1, 4, 2, 2, requires_grad=True)
    pooled = wamp(features, torch.zeros(1, 1, 2, 2))
    pooled.sum().backward()
    assert pooled.eq(0).all() and features.grad.isfinite().all()


def test_wamp_never_holds_a_tensor_of_all_parts_and_pixels():
    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        largest = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor):
                self.largest = max(self.largest, out.numel())
            return out

    features = torch.rand(2, 64, 16, 8, requires_grad=True)
    with Watch() as watch:
        wamp(features, torch.rand(2, 8, 16, 8)).sum().backward()
    assert watch.largest <= features.numel()  # the forbidden tensor has 8 times as many


def test_half_precision_does_not_overflow():
    features = torch.full((1, 1, 64, 32), 100.0).bfloat16()
    pooled = wamp(features.half(), torch.ones(1, 1, 64, 32).half())
    torch.testing.assert_close(pooled.float(), torch.full((1, 1, 1), 200.0), rtol=1e-2, atol=0)


def test_the_float16_gradient_of_a_hidden_part_is_finite():
    # Σm = 2048 · 1e-6; the gradient of the average is of the order of 65536 · 1e-3 / Σm = 3e4 times
    # the spread of the features, which float16 cannot hold.
    features = torch.rand(1, 4, 64, 32).half().requires_grad_()
    weights = torch.full((1, 1, 64, 32), 1e-6, requires_grad=True)
    (wamp(features, weights) * 65536 * 1e-3 * torch.tensor([1.0, -1, 30, 9])).sum().backward()
    assert weights.grad.isfinite().all() and features.grad.isfinite().all()


def test_the_layer_is_the_function_and_names_its_channels():
    features, weights = torch.rand(1, 3, 2, 2), torch.rand(1, 2, 2, 2)
    layer = WAMP(mode='concat')
    assert layer(features, weights).shape[-1] == layer.out_channels(3) == 6
    assert wamp_module_function is wamp
    with pytest.raises(ValueError, match='mode'):
        WAMP(mode='mean')


def test_weighted_average_of_a_hand_made_map():
    features = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])  # (1, 1, 2, 2)
    weights = torch.tensor([[[[1.0, 0.0], [0.0, 0.5]], [[0.0, 0.0], [0.0, 0.0]]]])  # (1, 2, 2, 2)
    # (1·1 + 0.5·4) / 1.5 = 2; over the 4 pixels 3 / 4; a part without weight is 0
    torch.testing.assert_close(WAP()(features, weights), torch.tensor([[[2.0], [0.0]]]))
    mean = WAP(normalize=False)(features, weights)
    torch.testing.assert_close(mean, torch.tensor([[[0.75], [0.0]]]))


def test_wamp_is_weighted_average_and_maximum():
    features, weights = torch.randn(2, 5, 4, 3), torch.rand(2, 3, 4, 3)
    average = wamp(features, weights, 'concat')[..., :5]
    torch.testing.assert_close(WAP()(features, weights), average)


def test_weighted_average_in_half_precision_does_not_overflow():
    features, weights = torch.full((1, 1, 64, 32), 60000.0).half(), torch.ones(1, 1, 64, 32).half()
    for normalize in (True, False):
        assert WAP(normalize)(features, weights).isfinite().all()
