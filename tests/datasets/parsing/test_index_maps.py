import numpy as np
import pytest
from PIL import Image

from mmdrop.datasets import LoadParsingMap


def make_results(height=128, width=64, **keys):
    image = np.zeros((height, width, 3), np.uint8)
    return dict(img_path='d/a.jpg', img=image, ori_shape=(height, width)) | keys


def save_map(folder, indices, mode='L'):
    image = Image.fromarray(np.asarray(indices, np.uint8))
    if mode == 'P':
        image.putpalette([200, 0, 0, 0, 200, 0, 0, 0, 200, 9, 9, 9])
    image.convert(mode).save(folder / 'a.png')
    return str(folder)


@pytest.mark.parametrize('mode', ['L', 'P'])
def test_an_index_map_is_read_and_enlarged(tmp_path, mode):
    root = save_map(tmp_path, [[0, 1], [2, 3]], mode)
    label = LoadParsingMap(root, 5)(make_results(4, 4))['gt_seg_map']
    assert label.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]


def test_lip_classes_become_five_parts(tmp_path):
    # hair, upper clothes, right arm, trousers, left shoe, ignored
    root = save_map(tmp_path, [[2, 5, 15, 9, 18, 255]])
    source = LoadParsingMap(root, 5, 'five', mapping='lip')
    assert source(make_results(1, 6))['gt_seg_map'].tolist() == [[1, 3, 2, 4, 5, 255]]


def test_a_class_that_spans_two_parts_is_ignored(tmp_path):
    root = save_map(tmp_path, [[9, 16]])  # trousers and left leg
    assert LoadParsingMap(root, 8, mapping='lip')(make_results(1, 2))['gt_seg_map'].tolist() == [
        [255, 5]
    ]


def test_atr_and_pascal_have_tables(tmp_path):
    root = save_map(tmp_path, [[1, 4, 6]])  # ATR: hat, clothes, trousers; Pascal: head, arm, leg
    atr = LoadParsingMap(root, 4, mapping='atr')
    pascal = LoadParsingMap(root, 3, mapping='pascal')
    assert atr(make_results(1, 3))['gt_seg_map'].tolist() == [[1, 2, 3]]
    assert pascal(make_results(1, 3))['gt_seg_map'].tolist() == [[1, 2, 3]]


def test_a_table_without_a_class_for_some_part_is_refused():
    with pytest.raises(ValueError, match="no class of 'lip' shows the part 'upper arms and torso'"):
        LoadParsingMap('x', 5, 'five_v', mapping='lip')


def test_a_mapping_of_ones_own_is_used_and_unknown_values_are_named(tmp_path):
    source = LoadParsingMap(save_map(tmp_path, [[4, 7]]), 3, mapping={4: 2, 7: 0})
    assert source(make_results(1, 2))['gt_seg_map'].tolist() == [[2, 0]]
    save_map(tmp_path, [[4, 8, 9]])
    with pytest.raises(ValueError, match=r'a.png: class indices \[8, 9\]'):
        source(make_results())


@pytest.mark.parametrize('mapping', ['lips', {0: 6}, {300: 1}])
def test_a_wrong_mapping_is_refused(mapping):
    with pytest.raises(ValueError, match='mapping must'):
        LoadParsingMap('x', 5, mapping=mapping)


def test_a_damaged_map_is_refused(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'\x89PNG')
    with pytest.raises(ValueError, match=r'a.png cannot be decoded'):
        LoadParsingMap(str(tmp_path))(make_results())


STRIPES = np.array([[0, 1], [1, 0], [5, 5]], np.uint8)


@pytest.mark.parametrize('mode', ['L', 'P', 'LA', 'RGB', 'RGBA', 'I;16'])
def test_indices_are_read_from_every_mode_that_holds_them(tmp_path, mode):
    image = Image.fromarray(STRIPES.astype(np.uint16) if mode == 'I;16' else STRIPES)
    if mode == 'P':
        image.putpalette(list(range(18)))
    image = image if mode in ('P', 'I;16') else image.convert(mode)
    assert image.mode == mode
    image.save(tmp_path / 'a.png')
    label = LoadParsingMap(str(tmp_path))(make_results(3, 2))['gt_seg_map']
    np.testing.assert_array_equal(label, STRIPES)


def test_one_bit_is_background_and_the_first_part(tmp_path):
    Image.fromarray(np.array([[True, False]])).save(tmp_path / 'a.png')
    label = LoadParsingMap(str(tmp_path))(make_results(1, 2))['gt_seg_map']
    assert label.tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ('pixels', 'mode', 'message'),
    [
        ([[[200, 0, 0], [1, 1, 1]]], 'RGB', 'mode RGB and shows colours.*save the indices'),
        ([[[3, 3, 3, 255], [3, 3, 3, 0]]], 'RGBA', 'transparent pixels.*255'),
        ([[[3, 255], [3, 128]]], 'LA', 'transparent pixels'),
        ([[0, 257], [2, 9]], 'I;16', r'class indices \[9, 257\] are not in the mapping'),
        ([[0, 8], [9, 5]], 'L', r'class indices \[8, 9\] are not in the mapping'),
    ],
)
def test_what_is_no_class_index_is_refused_with_the_remedy(tmp_path, pixels, mode, message):
    pixels = np.array(pixels, np.uint16 if mode == 'I;16' else np.uint8)
    image = Image.fromarray(pixels)
    assert image.mode == mode
    image.save(tmp_path / 'a.png')
    with pytest.raises(ValueError, match=f'a.png.*{message}'):
        LoadParsingMap(str(tmp_path))(make_results(*pixels.shape[:2]))


@pytest.mark.parametrize(
    ('form', 'options'),
    [
        ('JPEG', dict(quality=100)),
        ('WEBP', dict(quality=90)),
        ('JPEG2000', {}),
        ('GIF', {}),
        ('TIFF', dict(compression='jpeg')),
    ],
)
@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
def test_a_lossy_picture_is_refused_whatever_its_name(tmp_path, form, options, suffix):
    pixels = np.repeat(STRIPES, 8, axis=0).repeat(8, axis=1)
    Image.fromarray(pixels).save(tmp_path / f'a{suffix}', format=form, **options)
    with pytest.raises(ValueError, match=rf'a\{suffix} is a .*PNG'):
        LoadParsingMap(str(tmp_path), suffix=suffix)(make_results(24, 16))


@pytest.mark.parametrize(
    ('form', 'options'),
    [
        ('WEBP', dict(lossless=True)),
        ('PNG', {}),
        ('TIFF', dict(compression='tiff_lzw')),
        ('BMP', {}),
    ],
)
def test_a_format_that_loses_nothing_is_read_whatever_its_name(tmp_path, form, options):
    pixels = np.repeat(STRIPES, 8, axis=0).repeat(8, axis=1)
    Image.fromarray(pixels).save(tmp_path / 'a.jpg', format=form, **options)
    label = LoadParsingMap(str(tmp_path), suffix='.jpg')(make_results(24, 16))['gt_seg_map']
    np.testing.assert_array_equal(label, pixels)
