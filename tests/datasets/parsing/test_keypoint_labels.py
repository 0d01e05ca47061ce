import json
from pathlib import Path

import numpy as np
import pytest

from mmdrop.datasets import LoadKeypointParsing
from mmdrop.datasets.parsing.joint_orders import JOINTS_14
from mmdrop.datasets.parsing.limbs import COCO_JOINTS, LIMBS, draw_limbs
from mmdrop.structures import IGNORED

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


def make_results(height=128, width=64, **keys):
    image = np.zeros((height, width, 3), np.uint8)
    return dict(img_path='d/a.jpg', img=image, ori_shape=(height, width)) | keys


def save_npz(folder, names=COCO_JOINTS, joints=STANDING):
    points = [[(*joints[n], 1.0) if n in joints else (0.0, 0.0, 0.0) for n in names]]
    arrays = dict(train_names=['a'], train_keypoints=np.array(points, np.float32))
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


def test_a_missing_key_point_file_is_never_ignored(tmp_path):
    source = LoadKeypointParsing(str(tmp_path / 'k.npz'), missing='ignore')
    with pytest.raises(FileNotFoundError, match=r'k.npz.*ann_file'):
        source(make_results())


def test_a_truncated_npz_and_unknown_joints_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"k.npz, `keypoint_names`: unknown joints \['tail'\]"):
        LoadKeypointParsing(save_npz(tmp_path, (*COCO_JOINTS, 'tail')))
    path = tmp_path / 'short.npz'
    path.write_bytes((tmp_path / 'k.npz').read_bytes()[:300])
    with pytest.raises(ValueError, match=r'short.npz is not a key-point file'):
        LoadKeypointParsing(str(path))


@pytest.mark.parametrize('joints', [{}, {'nose': (3, 3)}, {'left_hip': (500, -90)}])
def test_few_or_outlying_points_do_not_fail(joints):
    assert draw_limbs(joints, (128, 64), dict.fromkeys(LIMBS, 1)).shape == (128, 64)


# ---- the image that x and y refer to


def read_json(path):
    return json.loads(Path(path).read_text())


def save_sized(folder, width, height, scale=(1, 1)):
    """STANDING in an image of another size."""
    joints = {
        n: ((x + 0.5) * scale[0] - 0.5, (y + 0.5) * scale[1] - 0.5)
        for n, (x, y) in STANDING.items()
    }
    path = folder / 'k.json'
    content = read_json(save_coco(folder, [(joints, 9)]))
    content['images'][0].update(width=width, height=height)
    path.write_text(json.dumps(content))
    return str(path)


@pytest.mark.parametrize(
    ('width', 'height', 'scale'),
    [
        (64, 128, (1, 1)),
        (32, 64, (0.5, 0.5)),
        (192, 384, (3, 3)),
        (0, 0, (1, 1)),
        (None, None, (1, 1)),
        (43, 85, (43 / 64, 85 / 128)),  # two thirds, in whole pixels
    ],
)
def test_points_of_an_image_that_was_resized_since_follow_it(tmp_path, width, height, scale):
    source = LoadKeypointParsing(save_sized(tmp_path, width, height, scale), 8)
    expected = draw_limbs(STANDING, (128, 64), source.groups.limb_labels)
    label = source(make_results())['gt_seg_map']
    assert (label != expected).mean() < 0.002  # JSON holds float32 of the same places
    # Resized by the pipeline as well, to 256 × 128.
    enlarged = make_results(256, 128, ori_shape=(128, 64))
    plain = LoadKeypointParsing(save_npz(tmp_path), 8)(dict(enlarged))['gt_seg_map']
    assert (source(enlarged)['gt_seg_map'] != plain).mean() < 0.002


@pytest.mark.parametrize(
    ('width', 'height', 'message'),
    [
        (128, 64, '128 × 64, the image is 64 × 128, width and height in turn'),
        (1920, 1080, '1920 × 1080, the image is 64 × 128'),
    ],
)
def test_points_of_an_image_of_another_shape_are_refused(tmp_path, width, height, message):
    source = LoadKeypointParsing(save_sized(tmp_path, width, height), 8)
    with pytest.raises(ValueError, match=f'k.json, a: `width` × `height` are {message}'):
        source(make_results())


def test_sizes_of_an_npz_count_as_well(tmp_path):
    points = [[(*STANDING.get(n, (0, 0)), float(n in STANDING)) for n in COCO_JOINTS]] * 2
    points = np.array(points, np.float32)
    points[1, :, :2] = (points[1, :, :2] + 0.5) * 2 - 0.5
    sizes = dict(x_widths=[64, 128], x_heights=[128, 256])
    arrays = dict(x_names=['a', 'b'], x_keypoints=points) | sizes
    np.savez(tmp_path / 'k.npz', keypoint_names=COCO_JOINTS, **arrays)
    source = LoadKeypointParsing(str(tmp_path / 'k.npz'), 8)
    labels = [source(make_results(label_stem=stem))['gt_seg_map'] for stem in 'ab']
    np.testing.assert_array_equal(*labels)


@pytest.mark.parametrize('offset', [90, -90])
def test_points_of_the_whole_frame_are_refused_with_file_and_image(tmp_path, offset):
    moved = {name: (x + offset, y) for name, (x, y) in STANDING.items()}
    source = LoadKeypointParsing(save_npz(tmp_path, joints=moved), 8)
    with pytest.raises(ValueError, match=r'k.npz, a: .* far outside the image of 64 × 128'):
        source(make_results())


def test_one_point_far_outside_is_refused_and_one_beside_the_image_is_not(tmp_path):
    beside = STANDING | dict(left_wrist=(75, 60), left_ankle=(40, 140))
    source = LoadKeypointParsing(save_npz(tmp_path, joints=beside), 8)
    assert source(make_results())['gt_seg_map'][53, 63] == 2  # the forearm leads to the border
    (tmp_path / 'far').mkdir()
    far = STANDING | dict(left_wrist=(9000, 60))
    source = LoadKeypointParsing(save_npz(tmp_path / 'far', joints=far), 8)
    with pytest.raises(ValueError, match=r'left_wrist lies at x 9000, y 60, far outside'):
        source(make_results())


def test_a_far_point_below_the_score_does_not_matter(tmp_path):
    points = np.array(
        [[(*STANDING.get(n, (9e3, 0)), 0.9 if n in STANDING else 0.1) for n in COCO_JOINTS]]
    )
    path = tmp_path / 'far.npz'
    np.savez(path, keypoint_names=COCO_JOINTS, x_names=['a'], x_keypoints=points.astype(np.float16))
    label = LoadKeypointParsing(str(path), 8, min_score=0.3)(make_results())['gt_seg_map']
    exact = LoadKeypointParsing(save_npz(tmp_path), 8)(make_results())['gt_seg_map']
    np.testing.assert_array_equal(label, exact)


def test_hidden_joints_of_coco_are_left_out_by_the_score(tmp_path):
    content = read_json(save_coco(tmp_path, [(STANDING, 9)]))
    points = content['annotations'][0]['keypoints']
    points[3 * COCO_JOINTS.index('left_wrist') + 2] = 1  # labelled, but hidden
    (tmp_path / 'k.json').write_text(json.dumps(content))
    drawn = LoadKeypointParsing(str(tmp_path / 'k.json'), 8)(make_results())['gt_seg_map']
    seen = LoadKeypointParsing(str(tmp_path / 'k.json'), 8, min_score=1)(make_results())
    assert drawn[53, 51] == 2 and seen['gt_seg_map'][53, 51] == 0
    assert seen['gt_seg_map'][53, 13] == 3


def save_scores(folder, scores):
    """STANDING with a score of 0.9, or of what ``scores`` say of a joint."""
    points = [
        [(*STANDING[n], scores.get(n, 0.9)) if n in STANDING else 3 * (0,) for n in COCO_JOINTS]
    ]
    np.savez(folder / 's.npz', keypoint_names=COCO_JOINTS, x_names=['a'], x_keypoints=points)
    return str(folder / 's.npz')


def test_limbs_of_unsure_joints_are_ignored(tmp_path):
    path = save_scores(tmp_path, dict(left_ankle=0.4, right_ankle=0.1))
    label = LoadKeypointParsing(path, 8, min_score=0.3, sure_score=0.5)(make_results())
    label = label['gt_seg_map']
    places = [(40, 104), (40, 119), (24, 104), (24, 119), (40, 80), (32, 50)]
    # left shin and foot: perhaps; right shin and foot: no; thigh and belly: surely
    assert [label[y, x] for x, y in places] == [IGNORED, IGNORED, 0, 0, 5, 4]
    without = LoadKeypointParsing(path, 8, min_score=0.3)(make_results())['gt_seg_map']
    np.testing.assert_array_equal(label[label != IGNORED], without[label != IGNORED])
    assert set(without[label == IGNORED]) <= {5, 7}  # nothing but that leg
    sure = LoadKeypointParsing(path, 8, min_score=0.5)(make_results())['gt_seg_map']
    assert ((label == IGNORED) == (sure != without)).all()


def test_nothing_is_ignored_where_all_joints_are_sure(tmp_path):
    path = save_scores(tmp_path, {})
    label = LoadKeypointParsing(path, 8, min_score=0.3, sure_score=0.5)(make_results())
    plain = LoadKeypointParsing(path, 8)(make_results())
    np.testing.assert_array_equal(label['gt_seg_map'], plain['gt_seg_map'])


@pytest.mark.parametrize(
    'arguments', [dict(min_score=-0.1), dict(min_score=np.nan), dict(origin=2)]
)
def test_arguments_that_no_file_can_be_read_with_are_refused(arguments):
    with pytest.raises(ValueError, match=r'(min_score|origin) must'):
        LoadKeypointParsing('x', **arguments)
    with pytest.raises(ValueError, match=r'sure_score 0.2 must not be below min_score 0.3'):
        LoadKeypointParsing('x', min_score=0.3, sure_score=0.2)


def test_the_reason_of_an_image_without_points_is_told(tmp_path):
    content = read_json(save_coco(tmp_path, [(STANDING, 9)]))
    content['images'].append(dict(id=6, file_name='b.jpg'))
    content['annotations'].append(dict(image_id=6, keypoints=[0] * 51, num_keypoints=0))
    (tmp_path / 'k.json').write_text(json.dumps(content))
    source = LoadKeypointParsing(str(tmp_path / 'k.json'))
    with pytest.raises(
        FileNotFoundError, match=r'k.json has no key points of it: .*without points'
    ):
        source(make_results(label_stem='b'))
