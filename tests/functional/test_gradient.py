import pytest
import torch

from mmdrop.functional import scale_gradient


@pytest.mark.parametrize('factor', [0.1, 1, 3])
def test_the_value_stays_and_the_gradient_is_multiplied(factor):
    x = torch.tensor([2.0, -3e20, 1e-30], requires_grad=True)
    y = scale_gradient(x, factor)
    assert torch.equal(y, x)
    (y * torch.tensor([1.0, 2.0, 4.0])).sum().backward()
    torch.testing.assert_close(x.grad, factor * torch.tensor([1.0, 2.0, 4.0]))


def test_factor_0_stops_the_gradient():
    x = torch.ones(2, requires_grad=True)
    assert not scale_gradient(x, 0).requires_grad
