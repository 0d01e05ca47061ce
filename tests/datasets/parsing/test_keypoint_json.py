import json

import numpy as np
import pytest

from mmdrop.datasets.parsing.keypoint_files import load_keypoints
from mmdrop.datasets.parsing.limbs import COCO_JOINTS


def flat(x):
    return [x, 2.0, 0.5] * 17


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


# ---- COCO: who is meant


def coco(*people, image=None, **more):
    """A file with one image, and these people in it."""
    image = dict(id=1, file_name='a.jpg') | (image or {})
    annotations = [dict(id=i, image_id=1) | person for i, person in enumerate(people, start=1)]
    return dict(images=[image], annotations=annotations, **more)


def read(tmp_path, content, name='k.json'):
    write_json(tmp_path / name, content)
    return load_keypoints(tmp_path / name)


def x_of(keypoints, stem='a', joint='nose'):
    """The x of a joint, 0 where it is unknown."""
    x, _, score = keypoints.points[keypoints.find(stem), keypoints.names.index(joint)].tolist()
    return x if score else 0


MEANT = dict(keypoints=flat(5.0), bbox=[0, 0, 2, 2])


@pytest.mark.parametrize(
    'other',
    [
        dict(keypoints=flat(9.0), iscrowd=1),
        dict(keypoints=flat(9.0), ignore=1),
        dict(keypoints=flat(9.0), num_keypoints=0),
        dict(keypoints=[0.0] * 51, num_keypoints=0),
        dict(keypoints=[0.0] * 51),
        dict(keypoints=[]),
        dict(keypoints=None),
        dict(segmentation=[[0, 0, 9, 0, 9, 9]]),
    ],
)
def test_who_has_no_points_of_one_person_does_not_count(tmp_path, other):
    other = dict(bbox=[0, 0, 50, 50], area=2500) | other
    assert x_of(read(tmp_path, coco(MEANT, other))) == 5
    assert x_of(read(tmp_path, coco(other, MEANT))) == 5


def test_an_image_whose_people_have_no_points_has_no_entry_and_says_why(tmp_path):
    content = coco(MEANT)
    content['images'] += [dict(id=i, file_name=f'{name}.jpg') for i, name in ((2, 'b'), (3, 'c'))]
    content['annotations'].append(dict(image_id=2, keypoints=flat(9.0), iscrowd=1))
    keypoints = read(tmp_path, content)
    assert keypoints.find('b') is keypoints.find('train/c') is None
    assert 'crowds, ignored or without points' in keypoints.why_absent('b')
    assert 'no annotation has any' in keypoints.why_absent('train/c')
    assert keypoints.why_absent('d').startswith('no entry d')


def test_an_absent_image_is_not_given_the_points_of_its_namesake(tmp_path):
    content = coco(MEANT, image=dict(file_name='0001/a.jpg'))
    content['images'].append(dict(id=2, file_name='0002/a.jpg'))
    assert read(tmp_path, content).find('a') is None


def test_without_boxes_the_area_and_then_the_extent_decides(tmp_path):
    def person(x, spread, **more):
        points = np.array(flat(x)).reshape(17, 3)
        points[1, :2] += spread
        return dict(keypoints=points.ravel().tolist()) | more

    wide, narrow = person(5.0, 30), person(9.0, 3)
    assert x_of(read(tmp_path, coco(wide, narrow))) == 5
    assert x_of(read(tmp_path, coco(wide | dict(area=3), narrow | dict(area=4)))) == 9
    # One box alone compares with nothing.
    assert x_of(read(tmp_path, coco(wide, narrow | dict(bbox=[0, 0, 60, 60])))) == 5


@pytest.mark.parametrize(
    'content',
    [
        coco(dict(bbox=[0, 0, 3, 3])),
        coco(dict(keypoints=[])),
        coco(MEANT | dict(iscrowd=1)),
        coco(MEANT | dict(num_keypoints=0)),
    ],
)
def test_a_file_without_any_key_points_is_refused(tmp_path, content):
    with pytest.raises(ValueError, match=r'k.json: nobody has (`keypoints`|key points)'):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (coco(MEANT | dict(iscrowd='no')), "`iscrowd` must be true or false, found 'no'"),
        (coco(MEANT | dict(bbox=[1, 2])), r'`bbox` must be 4 numbers'),
        (coco(MEANT | dict(image_id='1')), "no `image_id` of `annotations`, such as '1'"),
        (coco(MEANT, image=dict(file_name=None)), '1 has no `file_name`'),
        (coco(MEANT, image=dict(width=64)), '`width` and `height` must be numbers'),
        (coco(MEANT, image=dict(width=-1, height=3)), '`width` and `height` must be numbers'),
        (coco(dict(keypoints=[1.0, 2.0, 2] * 26)), '26 points without names'),
        (coco(dict(keypoints=[1.0] * 34)), r'`keypoints` of shape \(34,\)'),
        ([MEANT | dict(image_id=3)], '`image_id` 3 is a number.*file name'),
        ([MEANT], 'people without `image_id`.*folder'),
        (dict(people=[]), '`people`, as OpenPose writes it.*folder'),
        (dict(instance_info=[]), '`instance_info`, as mmpose writes it.*folder'),
    ],
)
def test_a_field_that_cannot_be_followed_is_named_with_its_file(tmp_path, content, message):
    with pytest.raises(ValueError, match=f'^[^(]*k.json.*{message}'):
        read(tmp_path, content)


def test_two_images_of_one_id_are_refused(tmp_path):
    content = coco(MEANT)
    content['images'].append(dict(id=1, file_name='b.jpg'))
    with pytest.raises(ValueError, match=r'k.json: the image of `id` 1 is there twice'):
        read(tmp_path, content)


# ---- which joint a point is


def numbered(names):
    """Points of a person whose x is 2 for the first COCO joint, 3 for the next one, and so on."""
    known = list(COCO_JOINTS)
    return [v for n in names for v in ((2.0 + known.index(n) if n in known else 99.0), 7.0, 2)]


def assert_each_joint_in_its_place(keypoints, stem='a'):
    assert [x_of(keypoints, stem, name) for name in COCO_JOINTS] == [2.0 + i for i in range(17)]


@pytest.mark.parametrize(
    'spell', [str, str.title, lambda n: n.replace('_', ' '), lambda n: n.upper().replace('_', '-')]
)
def test_points_are_taken_by_the_names_of_their_category(tmp_path, spell):
    order = sorted(COCO_JOINTS)
    categories = [dict(id=1, name='person', keypoints=[spell(n) for n in order], skeleton=[[0, 1]])]
    content = coco(dict(keypoints=numbered(order), category_id=1), categories=categories)
    assert_each_joint_in_its_place(read(tmp_path, content))
    del content['annotations'][0]['category_id']  # there is no other category
    assert_each_joint_in_its_place(read(tmp_path, content))


def test_each_annotation_has_the_joints_of_its_own_category(tmp_path):
    orders = {3: sorted(COCO_JOINTS), 8: COCO_JOINTS[::-1]}
    categories = [dict(id=i, name=f'camera {i}', keypoints=o) for i, o in orders.items()]
    categories.append(dict(id=5, name='bag'))
    content = coco(categories=categories)
    content['images'].append(dict(id=2, file_name='b.jpg'))
    content['annotations'] = [
        dict(image_id=1, category_id=3, keypoints=numbered(orders[3])),
        dict(image_id=2, category_id=8, keypoints=numbered(orders[8])),
        dict(image_id=2, category_id=5, bbox=[0, 0, 99, 99]),
    ]
    keypoints = read(tmp_path, content)
    assert_each_joint_in_its_place(keypoints, 'a')
    assert_each_joint_in_its_place(keypoints, 'b')


def test_animals_beside_people_are_left_out(tmp_path):
    categories = [
        dict(id=1, name='person', keypoints=COCO_JOINTS),
        dict(id=2, name='dog', keypoints=['nose', 'tail', 'left_paw']),
    ]
    dog = dict(keypoints=[50.0, 50.0, 2] * 3, category_id=2, bbox=[0, 0, 60, 60])
    person = MEANT | dict(category_id=1)
    assert x_of(read(tmp_path, coco(dog, person, categories=categories))) == 5


def test_joints_that_a_category_lacks_are_unknown(tmp_path):
    names = ['top_head', 'neck', 'left_ankle']
    person = dict(keypoints=[5.0, 2.0, 2, 6.0, 4.0, 2, 7.0, 9.0, 1], category_id=1)
    content = coco(person, categories=[dict(id=1, name='person', keypoints=names)])
    keypoints = read(tmp_path, content)
    found = {name: x_of(keypoints, 'a', name) for name in keypoints.names}
    assert {k: v for k, v in found.items() if v} == dict(head_top=5, neck=6, left_ankle=7)


@pytest.mark.parametrize(
    ('names', 'person', 'message'),
    [
        ((*COCO_JOINTS[:16], 'tail'), {}, r"`id` 1, `keypoints`: unknown joints \['tail'\]"),
        ((*COCO_JOINTS[:16], 'nose'), {}, "'nose' is there twice"),
        (COCO_JOINTS[:16], {}, 'annotation 1: `keypoints` has 17 points, and 16 are named'),
        (
            COCO_JOINTS,
            dict(category_id=4),
            'annotation 1: `category_id` 4 is none of the `categories` that name',
        ),
    ],
)
def test_categories_that_do_not_fit_are_named(tmp_path, names, person, message):
    categories = [dict(id=1, name='person', keypoints=names)]
    person = MEANT | dict(category_id=1) | person
    with pytest.raises(ValueError, match=f'k.json.*{message}|{message}.*k.json'):
        read(tmp_path, coco(person, categories=categories))


def test_of_a_whole_body_the_first_17_points_are_the_body(tmp_path):
    body = numbered(COCO_JOINTS)
    keypoints = read(tmp_path, coco(dict(keypoints=body + [90.0, 90.0, 2] * 116)))
    assert_each_joint_in_its_place(keypoints)
    named = [*COCO_JOINTS, 'left_big_toe', 'face-0', 'right_hand_root', 'left_forefinger2']
    person = dict(keypoints=body + [90.0, 90.0, 2] * 4, category_id=1)
    content = coco(person, categories=[dict(id=1, name='person', keypoints=named)])
    assert_each_joint_in_its_place(read(tmp_path, content))


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


# ---- one file an image


def test_a_category_twice_and_a_count_that_is_text_are_refused(tmp_path):
    category = dict(id=1, keypoints=COCO_JOINTS)
    with pytest.raises(ValueError, match=r'categories of `id` 1, `keypoints`: .* there twice'):
        read(tmp_path, coco(MEANT, categories=[category, category | dict(name='again')]))
    with pytest.raises(ValueError, match=r"annotation 1: `num_keypoints` must be a number.*'0'"):
        read(tmp_path, coco(MEANT | dict(num_keypoints='0')))


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_what_other_systems_write_is_decoded(tmp_path, encoding):
    text = json.dumps(coco(MEANT, image=dict(file_name='é.jpg')), ensure_ascii=False)
    (tmp_path / 'k.json').write_bytes(text.encode(encoding))
    assert x_of(load_keypoints(tmp_path / 'k.json'), 'é') == 5


def test_the_message_of_another_encoding_is_short(tmp_path):
    (tmp_path / 'k.json').write_bytes(b'["' + 'é'.encode('latin-1') * 1000 + b'"]')
    with pytest.raises(ValueError, match='is not a key-point file') as caught:
        load_keypoints(tmp_path / 'k.json')
    assert len(str(caught.value)) < 300


def test_the_target_of_a_kpr_file_is_meant_and_nobody_else(tmp_path):
    large, small = (
        dict(keypoints=[[x, 2.0, 1.0], [x + s, 2.0 + s, 1.0], *[[0.0] * 3] * 15])
        for x, s in ((5.0, 50), (9.0, 5))
    )
    unseen = dict(keypoints=[[0.0] * 3] * 17, is_target=True)
    files = dict(
        a=[large | dict(is_target=False), small | dict(is_target=True)],
        b=[large | dict(is_target=False), small],
        c=[large | dict(is_target=False), small | dict(is_target=False)],
        d=[large | dict(is_target=False), unseen],
        e=[large, small],
    )
    for name, people in files.items():
        write_json(tmp_path / 'k' / f'{name}.jpg_keypoints.json', people)
    keypoints = load_keypoints(tmp_path / 'k')
    assert [x_of(keypoints, name) for name in 'abe'] == [9, 9, 5]
    for name in 'cd':  # people were seen, the one who is meant not: no label of background
        assert keypoints.find(name) is None and '`is_target`' in keypoints.why_absent(name)
    write_json(tmp_path / 'k/f.json', [large | dict(is_target=True), small | dict(is_target=True)])
    with pytest.raises(ValueError, match=r'f.json: 2 people have `is_target`'):
        load_keypoints(tmp_path / 'k')


def test_mmpose_names_its_joints_and_gives_scores_beside_them(tmp_path):
    order = sorted(COCO_JOINTS)
    points = np.array(numbered(order)).reshape(17, 3)[:, :2]
    points = np.column_stack([points, np.full(17, 70.0)]).tolist()  # the third number is a depth
    scores = [0.25] * 17
    scores[order.index('nose')] = 0.75
    meta = dict(dataset_name='mine', keypoint_id2name={str(i): n for i, n in enumerate(order)})
    people = [dict(keypoints=points, keypoint_scores=scores, bbox=[[0, 0, 8, 8]])]
    write_json(tmp_path / 'a.json', dict(meta_info=meta, instance_info=people))
    keypoints = load_keypoints(tmp_path)
    assert_each_joint_in_its_place(keypoints)
    assert keypoints.points[0, :2, 2].tolist() == [0.75, 0.25]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (dict(meta_info=dict(dataset_name='mpii'), instance_info=[MEANT]), "`dataset_name` 'mpii'"),
        (
            dict(meta_info=dict(keypoint_id2name={'0': 'nose', '2': 'neck'}), instance_info=[]),
            '`keypoint_id2name` leaves numbers out',
        ),
        (
            dict(meta_info=dict(keypoint_id2name={'0': 'nose', '1': 'tail'}), instance_info=[]),
            r"`meta_info`: unknown joints \['tail'\]",
        ),
        (dict(images=[], annotations=[]), "but one with 'images', 'annotations'; set `ann_file`"),
        (dict(objects=[]), "`people` .OpenPose., but one with 'objects'"),
        ([MEANT | dict(image_id='a.jpg'), MEANT | dict(image_id='b.jpg')], 'several images'),
        ([MEANT | dict(keypoint_scores=[1.0] * 5)], r'`keypoint_scores` of shape \(5,\)'),
    ],
)
def test_a_file_in_a_folder_that_cannot_be_followed_is_named(tmp_path, content, message):
    write_json(tmp_path / 'a.json', content)
    with pytest.raises(ValueError, match=f'a.json.*{message}'):
        load_keypoints(tmp_path)


def test_detections_without_key_points_do_not_count(tmp_path):
    car = dict(bbox=[0, 0, 90, 90], score=0.9, category_id=3)
    write_json(tmp_path / 'a.jpg.predictions.json', [car, MEANT])
    write_json(tmp_path / 'b.jpg.predictions.json', [car])
    keypoints = load_keypoints(tmp_path)
    assert (x_of(keypoints, 'a'), x_of(keypoints, 'b')) == (5, 0)  # nobody in b: background
    (tmp_path / 'a.jpg.predictions.json').unlink()
    with pytest.raises(ValueError, match='nobody has `keypoints`'):
        load_keypoints(tmp_path)


ARMS = ['Nose', 'Neck', 'RShoulder', 'RElbow', 'RWrist', 'LShoulder', 'LElbow', 'LWrist']
LEGS = ['RHip', 'RKnee', 'RAnkle', 'LHip', 'LKnee', 'LAnkle', 'REye', 'LEye', 'REar', 'LEar']
FEET = ['LBigToe', 'LSmallToe', 'LHeel', 'RBigToe', 'RSmallToe', 'RHeel']


def openpose_points(names):
    sides = dict(L='left_', R='right_')
    plain = [sides.get(n[0], '') + n[1:].lower() if n[0] in 'LR' else n.lower() for n in names]
    return numbered(plain)


@pytest.mark.parametrize('names', [[*ARMS, 'MidHip', *LEGS, *FEET], ARMS + LEGS])
@pytest.mark.parametrize('field', ['pose_keypoints_2d', 'pose_keypoints'])
def test_the_joints_of_openpose_are_taken_by_its_order(tmp_path, names, field):
    person = {field: openpose_points(names), 'person_id': [-1], 'face_keypoints_2d': []}
    content = dict(version=1.3, people=[person], part_candidates=[])
    write_json(tmp_path / 'train/a_keypoints.json', content)
    write_json(tmp_path / 'train/b_keypoints.json', dict(version=1.3, people=[]))
    keypoints = load_keypoints(tmp_path)
    assert_each_joint_in_its_place(keypoints, 'train/a')
    assert x_of(keypoints, 'train/a', 'neck') == 99 and x_of(keypoints, 'train/b') == 0


@pytest.mark.parametrize(
    ('person', 'message'),
    [
        (dict(pose_keypoints_2d=[1.0] * 45), '`pose_keypoints_2d` of OpenPose has 45 numbers'),
        (dict(hand_left_keypoints_2d=[]), "OpenPose without `pose_keypoints_2d`, but with 'hand"),
    ],
)
def test_other_models_of_openpose_are_named(tmp_path, person, message):
    write_json(tmp_path / 'a_keypoints.json', dict(people=[person]))
    with pytest.raises(ValueError, match=f'a_keypoints.json.*{message}'):
        load_keypoints(tmp_path)


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
