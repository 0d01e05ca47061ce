import cv2
import numpy as np
import pytest

from mmdrop.datasets import LoadKeypointParsing, LoadParsingMap, LoadPifPafFields

# Channels of two tables, written out from the description of the published fields.
PUBLISHED = {
    'five_v': [
        [0, 1, 2, 3, 4, 29, 30, 31, 32, 33, 34, 35],
        [5, 6, 7, 8, 24, 25, 26],
        [9, 10, 11, 12, 23, 27, 28],
        [11, 12, 13, 14, 17, 18, 19, 20],
        [15, 16],
    ],
    'eight': [
        [0, 1, 2, 3, 4, 29, 30, 31, 32, 33, 34, 35],
        [5, 7, 9, 25, 27],
        [6, 8, 10, 26, 28],
        [11, 12, 21, 22, 23, 24],
        [13, 17, 18, 21],
        [14, 19, 20],
        [15],
        [16],
    ],
}


def make_results(height=128, width=64, **keys):
    image = np.zeros((height, width, 3), np.uint8)
    return dict(img_path='d/a.jpg', img=image, ori_shape=(height, width)) | keys


def save_fields(folder, fields):
    np.save(folder / 'a.npy', fields)
    return str(folder)


@pytest.mark.parametrize('groups', PUBLISHED)
def test_pifpaf_groups_agree_with_a_loop_over_pixels(tmp_path, groups):
    fields = np.random.default_rng(0).random((36, 6, 4)).astype(np.float32) ** 8
    root = save_fields(tmp_path, fields)
    source = LoadPifPafFields(root, len(PUBLISHED[groups]), groups)
    label = source(make_results(6, 4))['gt_seg_map']
    for y in range(6):
        for x in range(4):
            scores = [max(fields[c, y, x] for c in channels) for channels in PUBLISHED[groups]]
            expected = 0 if max(scores) < 0.5 else 1 + scores.index(max(scores))
            assert label[y, x] == expected


@pytest.mark.parametrize('interpolation', ['nearest', 'bilinear'])
def test_pifpaf_fields_are_enlarged_to_the_image(tmp_path, interpolation):
    fields = np.zeros((36, 4, 2), np.float32)
    fields[15, :, 1] = 1  # left foot in the right half
    source = LoadPifPafFields(save_fields(tmp_path, fields), 8, interpolation=interpolation)
    results = source(make_results(128, 64))
    # Between the cells' centres at x = 15.5 and 47.5 a smooth confidence rises to 0.5 at 31.5.
    assert (results['gt_seg_map'][:, 32:] == 7).all() and not results['gt_seg_map'][:, :32].any()
    assert results['num_parts'] == 8 and results['left_right_pairs'] == [(2, 3), (5, 6), (7, 8)]


def test_a_weak_part_of_one_cell_keeps_its_cell(tmp_path):
    fields = np.zeros((36, 8, 4), np.float32)
    fields[16, 6, 1] = 0.6  # right foot; a cell has 16 × 16 pixels
    root = save_fields(tmp_path, fields)
    label = LoadPifPafFields(root)(make_results())['gt_seg_map']
    expected = np.zeros((128, 64), np.uint8)
    expected[96:112, 16:32] = 8
    np.testing.assert_array_equal(label, expected)
    # Bilinear, 0.6 (1 - |u|) (1 - |v|) reaches 0.5 on 4 (1 - c + c ln c) of a cell, c = 0.5 / 0.6.
    smooth = LoadPifPafFields(root, interpolation='bilinear')(make_results())['gt_seg_map']
    c = 0.5 / 0.6
    share = 4 * (1 - c + c * np.log(c))
    assert (smooth == 8).sum() / 256 == pytest.approx(share, abs=0.02) and share < 0.07


@pytest.mark.parametrize('shape', [(128, 64), (33, 17), (5, 4), (100, 37)])
def test_each_pixel_has_the_label_of_the_cell_that_it_lies_in(tmp_path, shape):
    fields = np.random.default_rng(1).random((36, 17, 9)).astype(np.float32) ** 6
    source = LoadPifPafFields(save_fields(tmp_path, fields), 5)
    cells = source(make_results(17, 9))['gt_seg_map']
    label = source(make_results(*shape))['gt_seg_map']
    for y in range(shape[0]):
        for x in range(shape[1]):
            assert label[y, x] == cells[y * 17 // shape[0], x * 9 // shape[1]]


def test_the_overshoot_of_cubic_resizing_is_clipped(tmp_path):
    rng = np.random.default_rng(0)
    cells = (rng.random((36, 9, 5)) > 0.7).astype(np.float32)
    fields = np.stack([cv2.resize(f, (15, 30), interpolation=cv2.INTER_CUBIC) for f in cells])
    assert fields.min() < -0.1 and fields.max() > 1.1
    label = LoadPifPafFields(save_fields(tmp_path, fields))(make_results())['gt_seg_map']
    save_fields(tmp_path, fields.clip(0, 1))
    clipped = LoadPifPafFields(str(tmp_path))(make_results())['gt_seg_map']
    np.testing.assert_array_equal(label, clipped)


def test_overshoot_does_not_decide_between_two_parts(tmp_path):
    fields = np.zeros((36, 1, 1), np.float32)
    fields[[0, 15], 0, 0] = 1.02, 1.11  # head and left foot are both certain: the first one counts
    label = LoadPifPafFields(save_fields(tmp_path, fields))(make_results(2, 2))['gt_seg_map']
    assert (label == 1).all()


def test_confidence_at_the_threshold_counts(tmp_path):
    root = save_fields(tmp_path, np.full((36, 3, 2), 0.5, np.float32))
    assert (LoadPifPafFields(root)(make_results(3, 2))['gt_seg_map'] == 1).all()
    assert not LoadPifPafFields(root, threshold=0.51)(make_results(3, 2))['gt_seg_map'].any()


def test_the_label_file_follows_the_folders_of_the_data_set(tmp_path):
    folder = tmp_path / 'query'
    folder.mkdir()
    np.save(folder / 'b.jpg.confidence_fields.npy', np.zeros((36, 3, 2), np.float32))
    source = LoadPifPafFields(str(tmp_path), suffix='.jpg.confidence_fields.npy')
    assert 'gt_seg_map' in source(make_results(label_stem='query/b'))


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        (np.zeros((4, 3, 36), np.float32), 'channels are last'),
        (np.zeros((17, 3, 4), np.float32), r'found \(17, 3, 4\)'),
        (np.zeros((36, 3), np.float32), r'found \(36, 3\)'),
        (np.full((36, 3, 2), 2.0, np.float32), r'in \[0, 1\], found 2 to 2'),
        (np.full((36, 3, 2), -1.1, np.float32), r'in \[0, 1\]'),
        (np.full((36, 3, 2), 255, np.uint8), r'in \[0, 1\]'),
        (np.full((36, 3, 2), np.inf, np.float32), r'in \[0, 1\]'),
        (np.zeros((36, 0, 2), np.float32), 'no cell'),
        (np.full((36, 3, 2), np.nan, np.float32), r'in \[0, 1\]'),
        (np.full((36, 3, 2), 'a'), 'expected numbers'),
    ],
)
def test_wrong_fields_are_refused_with_the_file(tmp_path, fields, message):
    source = LoadPifPafFields(save_fields(tmp_path, fields), missing='ignore')
    with pytest.raises(ValueError, match=rf'a.npy.*{message}'):
        source(make_results())


@pytest.mark.parametrize('length', [0, 40, 500])
def test_a_truncated_field_file_is_refused(tmp_path, length):
    save_fields(tmp_path, np.zeros((36, 3, 2), np.float32))
    path = tmp_path / 'a.npy'
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r'a.npy is not a readable'):
        LoadPifPafFields(str(tmp_path))(make_results())


def test_pickled_arrays_are_never_loaded(tmp_path):
    np.save(tmp_path / 'a.npy', np.array([{}], object))
    with pytest.raises(ValueError, match=r'a.npy is not a readable'):
        LoadPifPafFields(str(tmp_path))(make_results())


def test_a_missing_label_is_an_error_or_is_ignored(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"d/a.jpg .*a.npy.*missing='ignore'"):
        LoadPifPafFields(str(tmp_path))(make_results())
    results = LoadPifPafFields(str(tmp_path), missing='ignore')(make_results())
    assert (results['gt_seg_map'] == 255).all() and results['gt_seg_map'].shape == (128, 64)
    assert results['num_parts'] == 8


def test_a_missing_folder_of_labels_is_never_ignored(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere'):
        LoadPifPafFields(str(tmp_path / 'nowhere'), missing='ignore')(make_results())


def test_an_unknown_interpolation_is_refused():
    with pytest.raises(ValueError, match=r"interpolation must be .*, got 'cubic'"):
        LoadPifPafFields('x', interpolation='cubic')


@pytest.mark.parametrize('source', [LoadPifPafFields, LoadParsingMap, LoadKeypointParsing])
@pytest.mark.parametrize('arguments', [dict(num_parts=8, groups='five_v'), dict(missing='skip')])
def test_wrong_arguments_are_refused_by_the_constructor(source, arguments):
    with pytest.raises(ValueError, match=r'num_parts|missing'):
        source('somewhere', **arguments)
