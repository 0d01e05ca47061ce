import json

import numpy as np
import pytest
from mmengine.logging import MMLogger

from mmdrop.datasets import LoadKeypointParsing
from mmdrop.datasets.parsing import keypoint_files as module
from mmdrop.datasets.parsing.keypoint_files import load_keypoints
from mmdrop.datasets.parsing.limbs import COCO_JOINTS


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def test_a_damaged_file_in_a_folder_is_an_error(tmp_path):
    (tmp_path / 'a.json').write_text('[')
    with pytest.raises(ValueError, match=r'is not a key-point file .*a\.json'):
        load_keypoints(tmp_path)
    empty = tmp_path / 'empty'
    empty.mkdir()
    with pytest.raises(ValueError, match='it has no entry'):
        load_keypoints(empty)


def test_names_of_an_npz_may_all_have_their_suffix(tmp_path):
    points = np.full((2, 17, 3), 5, np.float32)

    def find(names, stem):
        np.savez(tmp_path / 'k.npz', keypoint_names=COCO_JOINTS, x_names=names, x_keypoints=points)
        return load_keypoints(tmp_path / 'k.npz').find(stem)

    assert find(['1/a.jpg', '1/b.PNG'], 'train/1/b') == 1
    # Market-1501 has a file 0002.jpg.jpg, whose name without suffix ends in .jpg.
    assert find(['0001', '0002.jpg'], 'train/0002.jpg') == 1


def test_an_npz_without_points_is_refused_or_told_of(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda text, *_: lines.append(text))
    np.savez(tmp_path / 'k.npz', keypoint_names=COCO_JOINTS)
    with pytest.raises(ValueError, match='expected pairs of arrays `x_names` and `x_keypoints`'):
        load_keypoints(tmp_path / 'k.npz')
    unknown = np.full((1, 17, 3), np.nan)
    np.savez(tmp_path / 'k.npz', keypoint_names=COCO_JOINTS, x_names=['a'], x_keypoints=unknown)
    load_keypoints(tmp_path / 'k.npz')
    assert 'none of 1 entries has a point' in lines[0]


def test_two_images_of_one_name_are_refused(tmp_path):
    entry = dict(keypoints=[1.0] * 51, image_id=1)
    images = [dict(id=i, file_name=name) for i, name in ((1, 'a.jpg'), (2, 'a.png'))]
    path = tmp_path / 'coco.json'
    path.write_text(json.dumps(dict(images=images, annotations=[entry])))
    with pytest.raises(ValueError, match="two images have the file name 'a'"):
        load_keypoints(path)
    folder = tmp_path / 'people'
    folder.mkdir()
    for name in ('a.jpg', 'a.png'):
        (folder / f'{name}.predictions.json').write_text('[]')
    with pytest.raises(ValueError, match="two images have the file name 'a'"):
        load_keypoints(folder)


def test_an_entry_is_found_where_one_name_is_the_end_of_the_other(tmp_path):
    points = np.zeros((4, 17, 3), np.float32)
    names = ['0001/a', '0002/a', 'images/train/0003/c', 'd']
    np.savez(tmp_path / 'k.npz', keypoint_names=COCO_JOINTS, x_names=names, x_keypoints=points)
    find = load_keypoints(tmp_path / 'k.npz').find
    assert [find(stem) for stem in ('train/0001/a', 'train/0002/a', '0003/c', 'x/d')] == [
        0,
        1,
        2,
        3,
    ]
    assert [find(stem) for stem in ('train/0003/a', 'a', 'query/0003/c')] == [None, None, None]


@pytest.mark.parametrize(
    'content', ['', '[]', '{"images": []}', '{"images": [], "annotations": [{"keypoints": [1]}]}']
)
def test_a_wrong_key_point_file_is_named(tmp_path, content):
    (tmp_path / 'k.json').write_text(content)
    with pytest.raises(ValueError, match=r'k.json is not a key-point file'):
        LoadKeypointParsing(str(tmp_path / 'k.json'))


# ---- .npz


def save_arrays(folder, names=COCO_JOINTS, **arrays):
    np.savez(folder / 'k.npz', keypoint_names=names, **arrays)
    return folder / 'k.npz'


def test_names_of_an_npz_say_which_joint_a_point_is(tmp_path):
    names = ['left_heel', 'Neck', 'right ankle']
    points = np.arange(9, 18, dtype=np.float16).reshape(1, 3, 3)
    keypoints = load_keypoints(save_arrays(tmp_path, names, x_names=['a'], x_keypoints=points))
    assert keypoints.names == ('neck', 'right_ankle')
    np.testing.assert_array_equal(keypoints.points, points[:, 1:])


def test_scores_may_stand_beside_the_points_of_an_npz(tmp_path):
    scores = np.linspace(0.1, 0.9, 34).reshape(2, 17)
    arrays = dict(x_names=['a', 'b'], x_keypoints=np.full((2, 17, 2), 9.0), x_scores=scores)
    keypoints = load_keypoints(save_arrays(tmp_path, **arrays))
    np.testing.assert_allclose(keypoints.points[..., 2], scores, rtol=1e-6)


def test_points_that_are_no_numbers_are_unknown(tmp_path):
    points = np.full((1, 17, 3), 9.0)
    points[0, 0, 0] = np.nan
    points[0, 1, 2] = np.nan
    points[0, 2, 1] = np.inf
    keypoints = load_keypoints(save_arrays(tmp_path, x_names=['a'], x_keypoints=points))
    assert keypoints.points[0, :4, 2].tolist() == [0, 0, 0, 9]


@pytest.mark.parametrize(
    ('arrays', 'message'),
    [
        (dict(x_keypoints=np.ones((1, 17))), r'`x_keypoints` \(1, 17\) for 1 names and 17 joints'),
        (dict(x_keypoints=np.ones((2, 17, 3))), r'`x_keypoints` \(2, 17, 3\) for 1 names'),
        (dict(x_keypoints=np.ones((1, 14, 3))), r'`x_keypoints` \(1, 14, 3\) for 1 names and 17'),
        (dict(x_scores=np.ones((1, 17))), '`x_scores` .* beside `x_keypoints`'),
        (dict(x_widths=[64]), '`x_widths` and `x_heights` must be'),
        (dict(x_widths=[64], x_heights=[0]), '`x_widths` and `x_heights` must be'),
        (dict(width=[64]), r"unknown arrays \['width'\]; known are"),
        (dict(names=(*COCO_JOINTS[:16], 'nose')), "`keypoint_names`: 'nose' is there twice"),
    ],
)
def test_arrays_that_do_not_fit_are_named(tmp_path, arrays, message):
    arrays = dict(x_names=['a'], x_keypoints=np.full((1, 17, 3), 9.0)) | arrays
    with pytest.raises(ValueError, match=f'k.npz.*{message}'):
        load_keypoints(save_arrays(tmp_path, **arrays))


# ---- points that say nothing


@pytest.mark.parametrize('low', [0, -1])
def test_points_in_shares_of_the_image_are_refused(tmp_path, low):
    points = np.random.default_rng(0).uniform(low, 1, (5, 17, 2))
    with pytest.raises(ValueError, match=r'k.npz: all x and y lie within one pixel.*multiply'):
        load_keypoints(save_arrays(tmp_path, x_names=[*'abcde'], x_keypoints=points))


def test_points_at_one_place_are_counted_in_a_warning(tmp_path, caplog):
    points = np.random.default_rng(0).uniform(0, 60, (3, 17, 3))
    points[1] = 7
    points[1, 3] = 0  # an unknown joint may be elsewhere
    with caplog.at_level('WARNING', logger='mmengine'):
        logger = MMLogger.get_current_instance()
        logger.addHandler(caplog.handler)
        load_keypoints(save_arrays(tmp_path, x_names=[*'abc'], x_keypoints=points))
        logger.removeHandler(caplog.handler)
    assert "k.npz: 1 of 3 entries, such as 'b', have all their points at one place" in caplog.text


def test_names_in_an_npz_may_be_bytes_but_nothing_else(tmp_path):
    path, points = tmp_path / 'k.npz', np.full((1, len(COCO_JOINTS), 3), 9.0)
    joints = np.array(COCO_JOINTS).astype(bytes)
    np.savez(path, keypoint_names=joints, x_names=np.array(['é'.encode()]), x_keypoints=points)
    assert load_keypoints(path).find('train/é') == 0
    np.savez(path, keypoint_names=joints, x_names=np.array([7]), x_keypoints=points)
    with pytest.raises(ValueError, match=r'k.npz, `x_names`: names must be text'):
        load_keypoints(path)
