import json

import numpy as np
import pytest
from PIL import Image

from mmdrop.datasets import LoadKeypointParsing, LoadParsingMap, LoadPifPafFields
from mmdrop.datasets.parsing.joint_orders import JOINTS_14
from mmdrop.datasets.parsing.keypoint_files import load_keypoints
from mmdrop.datasets.parsing.limbs import COCO_JOINTS, LIMBS, draw_limbs

# A person who stands upright in a 64×128 image and faces us: the own left is at larger x.
STANDING = {
    'nose': (32, 16),
    'left_shoulder': (42, 30),
    'right_shoulder': (22, 30),
    'left_elbow': (50, 46),
    'right_elbow': (14, 46),
    'left_wrist': (52, 60),
    'right_wrist': (12, 60),
    'left_hip': (38, 66),
    'right_hip': (26, 66),
    'left_knee': (40, 90),
    'right_knee': (24, 90),
    'left_ankle': (40, 114),
    'right_ankle': (24, 114),
}
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


def test_pifpaf_fields_are_enlarged_to_the_image(tmp_path):
    fields = np.zeros((36, 4, 2), np.float32)
    fields[15, :, 1] = 1  # left foot in the right half
    source = LoadPifPafFields(save_fields(tmp_path, fields), 8)
    results = source(make_results(128, 64))
    # Between the cells' centres at x = 15.5 and 47.5 the confidence rises to 0.5 at 31.5.
    assert (results['gt_seg_map'][:, 32:] == 7).all() and not results['gt_seg_map'][:, :32].any()
    assert results['num_parts'] == 8 and results['left_right_pairs'] == [(2, 3), (5, 6), (7, 8)]


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
        (np.full((36, 3, 2), 1.1, np.float32), r'in \[0, 1\]'),
        (np.full((36, 3, 2), -0.1, np.float32), r'in \[0, 1\]'),
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


@pytest.mark.parametrize('source', [LoadPifPafFields, LoadParsingMap, LoadKeypointParsing])
@pytest.mark.parametrize('arguments', [dict(num_parts=8, groups='five_v'), dict(missing='skip')])
def test_wrong_arguments_are_refused_by_the_constructor(source, arguments):
    with pytest.raises(ValueError, match=r'num_parts|missing'):
        source('somewhere', **arguments)


def save_npz(folder, names=COCO_JOINTS, joints=STANDING, offset=0.0):
    points = [[(*joints[n], 1.0) if n in joints else (0.0, 0.0, 0.0) for n in names]]
    arrays = dict(train_names=['a'], train_keypoints=np.array(points, np.float32) + offset)
    np.savez(folder / 'k.npz', keypoint_names=names, **arrays)
    return str(folder / 'k.npz')


def save_coco(folder, people):
    """People: joints and area of the box."""
    keypoints = [
        [v for n in COCO_JOINTS for v in ((*joints[n], 2) if n in joints else (0, 0, 0))]
        for joints, _ in people
    ]
    annotations = [
        dict(image_id=5, keypoints=k, bbox=[0, 0, area, 1])
        for k, (_, area) in zip(keypoints, people, strict=True)
    ]
    content = dict(images=[dict(id=5, file_name='x/a.jpg')], annotations=annotations)
    (folder / 'k.json').write_text(json.dumps(content))
    return str(folder / 'k.json')


def test_every_part_of_a_standing_person_lies_where_it_should(tmp_path):
    label = LoadKeypointParsing(save_npz(tmp_path), 8)(make_results())['gt_seg_map']
    # head, left and right forearm, belly, left and right shin, feet below the ankles
    places = [(32, 14), (51, 53), (13, 53), (32, 50), (40, 104), (24, 104), (40, 119), (24, 119)]
    assert [label[y, x] for x, y in places] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert label[5, 5] == 0 and label[100, 32] == 0  # beside the head, between the legs


@pytest.mark.parametrize('num_parts', [3, 4, 5, 6, 7, 8])
def test_a_mirrored_person_has_the_mirrored_label(num_parts):
    source = LoadKeypointParsing('unused.npz', num_parts)
    mirrored = {swap_side(name): (62 - x, y) for name, (x, y) in STANDING.items()}
    label = draw_limbs(STANDING, (128, 63), source.groups.limb_labels)
    swapped = np.arange(256, dtype=np.uint8)
    for left, right in source.left_right_pairs:
        swapped[[left, right]] = right, left
    drawn = draw_limbs(mirrored, (128, 63), source.groups.limb_labels)
    assert (swapped[label[:, ::-1]] != drawn).mean() < 0.01  # lines of even width lean by a pixel


def swap_side(name):
    side, _, joint = name.partition('_')
    return {'left': 'right_', 'right': 'left_'}.get(side, side) + joint


def test_the_14_point_layout_draws_the_head_from_its_own_points(tmp_path):
    joints = STANDING | dict(head_top=(32, 6), neck=(32, 28))
    label = LoadKeypointParsing(save_npz(tmp_path, JOINTS_14, joints), 8)(make_results())
    assert (label['gt_seg_map'][9:25, 32] == 1).all() and not label['gt_seg_map'][:5].any()


def test_one_based_points_give_the_same_label(tmp_path):
    one = LoadKeypointParsing(save_npz(tmp_path), 8)(make_results())['gt_seg_map']
    (tmp_path / 'one').mkdir()
    shifted = {name: (x + 1, y + 1) for name, (x, y) in STANDING.items()}
    source = LoadKeypointParsing(save_npz(tmp_path / 'one', joints=shifted), 8, origin=1)
    np.testing.assert_array_equal(source(make_results())['gt_seg_map'], one)


def test_points_follow_an_image_that_was_resized(tmp_path):
    source = LoadKeypointParsing(save_npz(tmp_path), 8)
    label = source(make_results(256, 128, ori_shape=(128, 64)))['gt_seg_map']
    assert label.shape == (256, 128) and label[101, 65] == 4 and label[239, 81] == 7


def test_a_limb_with_an_unknown_joint_is_not_drawn(tmp_path):
    joints = {name: point for name, point in STANDING.items() if name != 'left_wrist'}
    source = LoadKeypointParsing(save_coco(tmp_path, [(joints, 9)]), 8)
    label = source(make_results())['gt_seg_map']
    assert label[53, 51] == 0 and label[53, 13] == 3
    assert label[40, 47] == 2  # the upper arm is still there


def test_points_below_the_score_are_unknown(tmp_path):
    source = LoadKeypointParsing(save_npz(tmp_path), 8, min_score=1.0)
    assert not source(make_results())['gt_seg_map'].any()


def test_of_several_people_the_largest_is_drawn(tmp_path):
    left = {name: (x - 25, y) for name, (x, y) in STANDING.items()}
    path = save_coco(tmp_path, [(left, 9), (STANDING, 10), (left, 8)])
    assert LoadKeypointParsing(path, 8)(make_results())['gt_seg_map'][14, 32] == 1


def test_an_image_without_key_points_is_an_error_or_is_ignored(tmp_path):
    path = save_npz(tmp_path)
    with pytest.raises(FileNotFoundError, match='no entry train/b in'):
        LoadKeypointParsing(path)(make_results(label_stem='train/b'))
    source = LoadKeypointParsing(path, missing='ignore')
    assert (source(make_results(label_stem='train/b'))['gt_seg_map'] == 255).all()


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


def test_a_missing_key_point_file_is_never_ignored(tmp_path):
    source = LoadKeypointParsing(str(tmp_path / 'k.npz'), missing='ignore')
    with pytest.raises(FileNotFoundError, match=r'k.npz.*ann_file'):
        source(make_results())


@pytest.mark.parametrize(
    'content', ['', '[]', '{"images": []}', '{"images": [], "annotations": [{"keypoints": [1]}]}']
)
def test_a_wrong_key_point_file_is_named(tmp_path, content):
    (tmp_path / 'k.json').write_text(content)
    with pytest.raises(ValueError, match=r'k.json is not a key-point file'):
        LoadKeypointParsing(str(tmp_path / 'k.json'))


def test_a_truncated_npz_and_unknown_joints_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"k.npz: unknown joints \['tail'\]"):
        LoadKeypointParsing(save_npz(tmp_path, (*COCO_JOINTS, 'tail')))
    path = tmp_path / 'short.npz'
    path.write_bytes((tmp_path / 'k.npz').read_bytes()[:300])
    with pytest.raises(ValueError, match=r'short.npz is not a key-point file'):
        LoadKeypointParsing(str(path))


@pytest.mark.parametrize('joints', [{}, {'nose': (3, 3)}, {'left_hip': (500, -90)}])
def test_few_or_outlying_points_do_not_fail(joints):
    assert draw_limbs(joints, (128, 64), dict.fromkeys(LIMBS, 1)).shape == (128, 64)


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


def test_a_colour_map_and_a_damaged_one_are_refused(tmp_path):
    source = LoadParsingMap(save_map(tmp_path, [[1, 2]], 'RGB'))
    with pytest.raises(ValueError, match=r'a.png has mode RGB'):
        source(make_results())
    (tmp_path / 'a.png').write_bytes(b'\x89PNG')
    with pytest.raises(ValueError, match=r'a.png cannot be decoded'):
        source(make_results())


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
