import json

import numpy as np
import pytest

from mmdrop.datasets import LoadKeypointParsing
from mmdrop.datasets.parsing.keypoint_files import load_keypoints
from mmdrop.datasets.parsing.limbs import COCO_JOINTS


def flat(x):
    return [x, 2.0, 0.5] * 17


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def test_coco_results_with_file_names_are_read(tmp_path):
    people = [
        dict(image_id='train/a.jpg', keypoints=flat(1.0), bbox=[0, 0, 4, 4], score=0.9),
        dict(image_id='train/a.jpg', keypoints=flat(9.0), bbox=[0, 0, 9, 9], score=0.1),
        dict(image_id='train/v1.2', keypoints=flat(3.0), score=0.5),
    ]
    write_json(tmp_path / 'results.json', people)
    keypoints = load_keypoints(tmp_path / 'results.json')
    assert keypoints.points[keypoints.find('train/a')][0].tolist() == [9.0, 2.0, 0.5]
    assert keypoints.find('train/v1.2') is not None  # a number is no extension


def test_a_folder_of_openpifpaf_predictions_is_read(tmp_path):
    large = dict(keypoints=flat(5.0), bbox=[9, 9, 8, 8], score=0.2, category_id=1)
    # its corner is farther out, but it is smaller
    small = dict(keypoints=flat(7.0), bbox=[40, 40, 2, 2], score=0.9, category_id=1)
    write_json(tmp_path / 'train' / 'a.jpg.predictions.json', [small, large])
    write_json(tmp_path / 'train' / 'b.jpg.predictions.json', [])
    keypoints = load_keypoints(tmp_path)
    assert keypoints.points[keypoints.find('train/a')][0].tolist() == [5.0, 2.0, 0.5]
    assert keypoints.points[keypoints.find('train/b')].max() == 0  # nobody: all background


def test_a_folder_of_mmpose_predictions_is_read(tmp_path):
    def person(x, box):
        return dict(keypoints=[[x, 2.0]] * 17, keypoint_scores=[0.5] * 17, bbox=[box])

    people = [person(5.0, [0, 0, 8, 8]), person(7.0, [40, 40, 44, 44])]
    write_json(tmp_path / 'a.json', people)
    write_json(tmp_path / 'results_b.json', dict(meta_info={}, instance_info=people))
    keypoints = load_keypoints(tmp_path)
    for stem in ('a', 'results_b'):
        assert keypoints.points[keypoints.find(stem)][3].tolist() == [5.0, 2.0, 0.5]


def test_a_damaged_file_in_a_folder_is_an_error(tmp_path):
    (tmp_path / 'a.json').write_text('[')
    with pytest.raises(ValueError, match=r'is not a key-point file .*a\.json'):
        load_keypoints(tmp_path)
    empty = tmp_path / 'empty'
    empty.mkdir()
    with pytest.raises(ValueError, match='it has no entry'):
        load_keypoints(empty)


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
