import pytest
import torch
from torch import nn

from mmdrop.models import IBN, MixStyle


def test_half_the_channels_are_normalised_by_image_and_half_by_batch():
    # Two images of two channels and two pixels; both channels are alike.
    x = torch.tensor([[1.0, 3.0], [5.0, 9.0]]).view(2, 1, 1, 2).expand(2, 2, 1, 2)
    norm = IBN(2, eps=1e-9)
    out = norm(x)
    # Each image alone has mean 2 or 7 and deviation 1 or 2.
    torch.testing.assert_close(out[:, 0].flatten(), torch.tensor([-1.0, 1, -1, 1]))
    # Together: mean 4.5, variance (3.5² + 1.5² + 0.5² + 4.5²) / 4 = 8.75.
    expected = torch.tensor([-3.5, -1.5, 0.5, 4.5]) / 8.75**0.5
    torch.testing.assert_close(out[:, 1].flatten(), expected)


def test_weights_of_a_batch_norm_are_loaded_in_halves():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.BatchNorm2d(6, eps=1e-3))
    plain(torch.randn(4, 6, 5, 3) * 2 + 1)
    with torch.no_grad():
        plain[0].weight.uniform_(0.5, 2)
        plain[0].bias.normal_()
    mixed = nn.Sequential(IBN(6, eps=1e-3, activation=nn.ReLU()))
    state = plain.state_dict()
    mixed.load_state_dict(state)  # strictly: nothing missing, nothing left over
    assert list(state) == list(plain.state_dict())  # the caller's is as it was
    x = torch.randn(2, 6, 5, 3)
    expected = plain.eval()(x)
    by_image = nn.functional.instance_norm(
        x[:, :3], weight=state['0.weight'][:3], bias=state['0.bias'][:3], eps=1e-3
    )
    out = mixed.eval()(x)
    torch.testing.assert_close(out, torch.cat([by_image, expected[:, 3:]], dim=1).relu())
    again = nn.Sequential(IBN(6, eps=1e-3, activation=nn.ReLU()))
    again.load_state_dict(mixed.state_dict())
    torch.testing.assert_close(again.eval()(x), out)


def test_styles_are_mixed_and_contents_are_kept():
    torch.manual_seed(0)
    x = torch.randn(8, 3, 7, 5) * torch.rand(8, 3, 1, 1).add(0.5) + torch.randn(8, 3, 1, 1)
    out = MixStyle(prob=1, alpha=0.5)(x)
    std, mean = torch.std_mean(x, dim=(2, 3), correction=0, keepdim=True)
    new_std, new_mean = torch.std_mean(out, dim=(2, 3), correction=0, keepdim=True)
    torch.testing.assert_close((out - new_mean) / new_std, (x - mean) / std, rtol=1e-4, atol=1e-4)
    # Each image's three new means and deviations lie the same share of the way to one other's.
    for image in range(8):
        fits = []
        for other in range(8):
            way = torch.cat([mean[other] - mean[image], std[other] - std[image]]).flatten()
            gone = torch.cat([new_mean[image] - mean[image], new_std[image] - std[image]]).flatten()
            share = (way @ gone) / (way @ way) if other != image else torch.tensor(0.0)
            if torch.allclose(gone, share * way, atol=1e-4) and -1e-4 <= share <= 1 + 1e-4:
                fits.append(other)
        assert fits
    assert not torch.allclose(new_mean, mean, atol=1e-2)


def test_no_style_is_mixed_in_evaluation_and_only_some_batches_are_in_training():
    torch.manual_seed(0)
    x = torch.randn(4, 2, 3, 3)
    layer = MixStyle(prob=0.25)
    assert layer.eval()(x) is x
    layer.train()
    changed = sum(layer(x) is not x for _ in range(400))
    assert abs(changed - 100) < 4 * (400 * 0.25 * 0.75) ** 0.5  # four standard deviations
    alike = x[:1].expand(4, 2, 3, 3)
    torch.testing.assert_close(MixStyle(prob=1)(alike), alike)


def test_no_gradient_flows_through_the_style():
    torch.manual_seed(0)
    x = torch.randn(4, 2, 3, 3, requires_grad=True)
    layer = MixStyle(prob=1, alpha=0.5)
    out = layer(x)
    (grad,) = torch.autograd.grad(out.sum(), x)
    std = x.detach().std(dim=(2, 3), correction=0)
    new_std = out.detach().std(dim=(2, 3), correction=0)
    # With the style held fixed the derivative is the ratio of the deviations, alike at each pixel.
    torch.testing.assert_close(grad, (new_std / std)[..., None, None].expand_as(x))


@pytest.mark.parametrize('arguments', [dict(prob=1.1), dict(alpha=0)])
def test_arguments_out_of_range_are_named(arguments):
    with pytest.raises(ValueError, match=f'{next(iter(arguments))} must be'):
        MixStyle(**arguments)
