import numpy as np
import pytest
import torch
from mmcv.transforms import Resize
from PIL import Image

from mmdrop.datasets import (
    EraseWithParts,
    FlipWithParts,
    LoadImage,
    PackReIDInputs,
    PadCropWithParts,
)


def make_results(with_label=True):
    rng = np.random.default_rng(0)
    results = dict(img=rng.integers(1, 90, (16, 8, 3), dtype=np.uint8), img_path='a.jpg')
    if with_label:
        label = rng.integers(1, 5, (16, 8), dtype=np.uint8)
        results |= dict(gt_seg_map=label, num_parts=4, left_right_pairs=[(2, 3)])
    return results


@pytest.mark.parametrize(
    ('mode', 'value', 'expected'),
    [
        ('L', 70, [70, 70, 70]),
        ('RGB', (10, 20, 30), [30, 20, 10]),
        ('RGBA', (10, 20, 30, 255), [30, 20, 10]),
        ('P', 0, [0, 0, 0]),
        ('LA', (70, 255), [70, 70, 70]),
        ('I;16', 40000, [156, 156, 156]),  # 40000 / 256 = 156.25
    ],
)
def test_every_colour_mode_becomes_three_channels_of_bgr(tmp_path, mode, value, expected):
    path = tmp_path / ('a.tif' if mode == 'I;16' else 'a.png')
    Image.new(mode, (4, 6), value).save(path)
    results = LoadImage().transform(dict(img_path=str(path)))
    assert results['img'].shape == (6, 4, 3) and results['img'].dtype == np.uint8
    assert results['img'][0, 0].tolist() == expected
    assert results['img_shape'] == results['ori_shape'] == (6, 4)


def test_a_truncated_jpeg_is_an_error_that_names_it(tmp_path):
    path = tmp_path / 'broken.jpg'
    Image.fromarray(make_results()['img']).resize((64, 128)).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(OSError, match=r'broken.jpg cannot be decoded'):
        LoadImage().transform(dict(img_path=str(path)))


@pytest.mark.parametrize('content', [b'', b'not an image'])
def test_a_file_that_is_no_image_is_an_error_that_names_it(tmp_path, content):
    path = tmp_path / 'broken.jpg'
    path.write_bytes(content)
    with pytest.raises(OSError, match=r'broken.jpg'):
        LoadImage().transform(dict(img_path=str(path)))


def test_a_missing_image_is_named():
    with pytest.raises(FileNotFoundError, match=r'nowhere.jpg.*data_root'):
        LoadImage().transform(dict(img_path='nowhere.jpg'))


def test_flip_mirrors_the_label_and_swaps_left_and_right():
    results = make_results() | dict(gt_seg_map=np.array([[0, 1, 2, 3, 255]], np.uint8))
    results = FlipWithParts(prob=1)(results)
    assert results['gt_seg_map'].tolist() == [[255, 2, 3, 1, 0]]


def test_flipping_twice_is_the_identity():
    flip = FlipWithParts(prob=1.0)
    results = flip(flip(make_results()))
    np.testing.assert_array_equal(results['img'], make_results()['img'])
    np.testing.assert_array_equal(results['gt_seg_map'], make_results()['gt_seg_map'])


def test_a_label_without_pairs_is_not_flipped_silently():
    results = make_results()
    del results['left_right_pairs']
    with pytest.raises(KeyError, match='left_right_pairs'):
        FlipWithParts(prob=1.0)(results)


@pytest.mark.parametrize('seed', range(5))
def test_pad_crop_moves_image_and_label_alike_and_fills_with_zeros(seed):
    np.random.seed(seed)  # noqa: NPY002
    results = make_results()
    results['img'][5, 3] = 255
    results['gt_seg_map'][5, 3] = 9
    results = PadCropWithParts(padding=3)(results)
    white = results['img'].min(axis=2) == 255
    assert white.sum() == 1 and results['gt_seg_map'][white] == 9
    # Pixels of the image are at least 1, those of the label too.
    np.testing.assert_array_equal(results['img'].min(axis=2) == 0, results['gt_seg_map'] == 0)


def test_pad_crop_reaches_every_corner_of_the_padded_image():
    transform = PadCropWithParts(padding=1)
    corners = {transform._choose_corner() for _ in range(300)}
    assert corners == {(y, x) for y in range(3) for x in range(3)}


def test_pad_crop_equals_numpy_padding():
    transform = PadCropWithParts(padding=4)
    image = make_results()['img']
    padded = np.pad(image, ((4, 4), (4, 4), (0, 0)))
    for y, x in ((0, 0), (8, 8), (4, 4), (7, 1)):
        np.testing.assert_array_equal(
            transform._shift(image, (y, x), 0), padded[y : y + 16, x : x + 8]
        )


def test_padding_beyond_the_image_leaves_nothing_of_it():
    shifted = PadCropWithParts(padding=20)._shift(make_results()['img'], (0, 40), 0)
    assert shifted.shape == (16, 8, 3) and not shifted.any()


@pytest.mark.parametrize('seed', range(5))
def test_erased_pixels_and_no_others_become_background(seed):
    np.random.seed(seed)  # noqa: NPY002
    before, after = make_results(), EraseWithParts(prob=1.0)(make_results())
    changed = (before['img'] != after['img']).any(axis=2)  # the fill is above all pixels
    assert changed.any() and not changed.all()
    np.testing.assert_array_equal(after['gt_seg_map'] == 0, changed)
    assert (after['img'][changed] == [104, 116, 124]).all()


def test_erased_area_and_aspect_are_in_their_ranges():
    transform = EraseWithParts(prob=1.0, area=(0.1, 0.2), aspect=(0.5, 2))
    for _ in range(50):
        rows, columns = transform._choose_box(200, 100)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        # rounding to whole pixels moves each side by 0.5 of at least 31
        assert 0.095 < height * width / 20000 < 0.206 and 0.48 < height / width < 2.1


def test_erased_sides_are_in_their_range():
    np.random.seed(0)  # noqa: NPY002
    erase = EraseWithParts(prob=1.0, sides=(0.15, 0.65))
    shares = []
    for _ in range(200):
        rows, columns = erase._choose_box(256, 128)
        shares.append(((rows.stop - rows.start) / 256, (columns.stop - columns.start) / 128))
        assert 38 <= rows.stop - rows.start <= 166 and 19 <= columns.stop - columns.start <= 83
        assert rows.start >= 0 and rows.stop <= 256 and columns.start >= 0 and columns.stop <= 128
    assert abs(np.corrcoef(np.transpose(shares))[0, 1]) < 0.3  # drawn one by one
    with pytest.raises(ValueError, match='sides'):
        EraseWithParts(sides=(0.0, 1.2))


def test_erasing_does_not_change_its_input():
    results = make_results()
    EraseWithParts(prob=1.0)(dict(results))
    np.testing.assert_array_equal(results['img'], make_results()['img'])


@pytest.mark.parametrize('transform', [PadCropWithParts(3), EraseWithParts(prob=1.0)])
def test_a_wholly_ignored_label_stays_so(transform):
    results = make_results()
    results['gt_seg_map'][:] = 255
    assert (transform(results)['gt_seg_map'] == 255).all()


def test_all_transforms_work_without_a_label():
    results = make_results(with_label=False)
    for transform in (Resize((16, 32)), FlipWithParts(1), PadCropWithParts(), EraseWithParts(1)):
        results = transform(results)
    packed = PackReIDInputs()(results)
    assert packed['inputs'].shape == (3, 32, 16) and 'gt_sem_seg' not in packed['data_samples']


def test_packing_moves_channels_first_and_keeps_fields():
    results = make_results() | dict(pid=7, camid=1, gt_label=0, is_query=False, ori_shape=(9, 9))
    packed = PackReIDInputs()(results)
    sample = packed['data_samples']
    assert packed['inputs'].dtype == torch.uint8 and packed['inputs'].is_contiguous()
    np.testing.assert_array_equal(packed['inputs'][2], results['img'][..., 2])
    np.testing.assert_array_equal(sample.gt_sem_seg, results['gt_seg_map'])
    assert (sample.pid, sample.num_parts, sample.img_shape) == (7, 4, (16, 8))


def test_a_label_of_another_size_is_refused_with_the_file():
    results = make_results() | dict(gt_seg_map=np.zeros((8, 16), np.uint8))
    with pytest.raises(ValueError, match=r'a.jpg: label of shape \(8, 16\)'):
        PackReIDInputs()(results)


@pytest.mark.parametrize('arguments', [dict(prob=2), dict(area=(0, 1)), dict(aspect=(2, 1))])
def test_wrong_arguments_of_erasing_are_refused(arguments):
    with pytest.raises(ValueError, match=r'must be'):
        EraseWithParts(**arguments)
