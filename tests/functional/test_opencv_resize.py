import cv2
import numpy as np
import pytest
import torch

from mmdrop.functional import resize_like_opencv

SIZES = [(128, 64), (256, 128), (64, 32), (1, 1), (2, 3), (127, 63), (300, 41), (17, 190)]


@pytest.mark.parametrize('source', SIZES)
@pytest.mark.parametrize('target', [(128, 64), (256, 128), (5, 7)])
def test_every_bit_is_that_of_opencv(source, target):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, *source, 3), dtype=np.uint8)
    images[1] = 255 * (images[1] > 127)  # the largest differences
    expected = np.stack([cv2.resize(image, target[::-1]) for image in images])
    resized = resize_like_opencv(torch.from_numpy(images), target)
    assert resized.dtype == torch.uint8
    np.testing.assert_array_equal(resized.numpy(), expected)


def test_random_sizes_too():
    rng = np.random.default_rng(1)
    for _ in range(40):
        height, width = rng.integers(1, 400, 2)
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        resized = resize_like_opencv(torch.from_numpy(image)[None], (128, 64))[0]
        np.testing.assert_array_equal(resized.numpy(), cv2.resize(image, (64, 128)))


def test_bytes_alone_are_resized():
    with pytest.raises(TypeError, match=r'uint8, got torch\.float32'):
        resize_like_opencv(torch.zeros(1, 4, 4, 3), (2, 2))
