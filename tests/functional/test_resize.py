import pytest
import torch
import torch.nn.functional as F

from mmdrop.functional import resize_bilinear


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('size', [(8, 6), (5, 7), (2, 1), (4, 3)])
def test_values_and_gradients_are_those_of_interpolate(size, align_corners):
    x = torch.randn(2, 3, 4, 3, dtype=torch.double, requires_grad=True)
    results = [
        resize_bilinear(x, size, align_corners),
        F.interpolate(x, size, mode='bilinear', align_corners=align_corners),
    ]
    torch.testing.assert_close(*results, rtol=1e-6, atol=1e-6)
    upstream = torch.randn(2, 3, *size, dtype=torch.double)
    grads = [torch.autograd.grad(r, x, upstream)[0] for r in results]
    torch.testing.assert_close(*grads, rtol=1e-6, atol=1e-6)


def test_channels_last_maps_are_resized_alike():
    x = torch.randn(2, 3, 4, 4)
    other = x.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(resize_bilinear(other, (8, 8)), resize_bilinear(x, (8, 8)))
