"""Forms of ``.json`` key-point files: COCO, OpenPifPaf, mmpose, OpenPose, KPR."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmdrop.datasets.parsing.joint_orders import (
    OPENPOSE,
    JointOrder,
    UnclearKeypoints,
    joint_order,
)
from mmdrop.utils import IMAGE_EXTENSIONS


class ImagePeople(NamedTuple):
    """What a file says of an image.

    Attributes:
        stem: File name of the image without suffix, with its folders if the file gives them.
        people: Fields of each person, and the order of the joints; None without names.
        where: File and image, for messages.
        size: Width and height of the image, None if the file does not say.
    """

    stem: str
    people: list[tuple[Mapping, JointOrder | None]]
    where: str
    size: tuple[float, float] | None = None


def image_stem(name: str) -> str:
    r"""``'train\a.jpg'`` to ``'train/a'``."""
    name = name.replace('\\', '/').removeprefix('./')
    suffix = Path(name).suffix
    return name.removesuffix(suffix) if suffix.lower() in IMAGE_EXTENSIONS else name


def read_coco(content: Mapping, where: str) -> list[ImagePeople]:
    """Images of COCO annotations, those without people too.

    Raises:
        UnclearKeypoints: A field cannot be followed.
    """
    for key, writer in (('people', 'OpenPose'), ('instance_info', 'mmpose')):
        if key in content:
            raise UnclearKeypoints(
                f'{where} has `{key}`, as {writer} writes it for one image; set `ann_file` to the '
                'folder of these files'
            )
    images: dict[Any, ImagePeople] = {}
    for image in content['images']:
        name = image.get('file_name')
        if not isinstance(name, str) or image['id'] in images:
            fault = 'is there twice' if image['id'] in images else 'has no `file_name`'
            raise UnclearKeypoints(f'{where}: the image of `id` {image["id"]!r} {fault}')
        size = _size(image, f'{where}, {name}')
        images[image['id']] = ImagePeople(image_stem(name), [], f'{where}, {name}', size)
    categories = _read_categories(content.get('categories') or [], where)
    annotations = content['annotations']
    known = [person for person in annotations if person['image_id'] in images]
    if annotations and not known:
        raise UnclearKeypoints(
            f'{where}: no `image_id` of `annotations`, such as {annotations[0]["image_id"]!r}, is '
            'an `id` of `images`'
        )
    for person in known:
        image = images[person['image_id']]
        order, is_person = None, True
        if any(person.get('keypoints') or ()):  # not a box, an outline or zeros
            shown = f'{image.where}, annotation {person.get("id", "without `id`")}'
            order, is_person = _joints_of(person, categories, shown)
        if is_person:
            image.people.append((person, order))
    return list(images.values())


def _read_categories(categories: list[Mapping], where: str) -> dict[Any, JointOrder | None]:
    """Joint order of each category that names joints, None for one of animals beside people."""
    orders: dict[Any, JointOrder | None] = {}
    fault = None
    for category in categories:
        if category.get('keypoints'):
            field = f'{where}, categories of `id` {category["id"]!r}, `keypoints`'
            if category['id'] in orders:
                raise UnclearKeypoints(f'{field}: this `id` is there twice')
            try:
                orders[category['id']] = joint_order(category['keypoints'], field)
            except UnclearKeypoints as error:
                orders[category['id']], fault = None, error
    if fault is not None and not any(orders.values()):
        raise fault
    return orders


def _joints_of(
    annotation: Mapping, orders: Mapping[Any, JointOrder | None], where: str
) -> tuple[JointOrder | None, bool]:
    """Order of the joints, None without names; and whether the annotation is of a person."""
    if not orders:
        return None, True
    key = annotation.get('category_id')
    if key is None and len(orders) == 1:
        (key,) = orders
    if key not in orders:
        raise UnclearKeypoints(
            f'{where}: `category_id` {key!r} is none of the `categories` that name `keypoints`, '
            f'{list(orders)}'
        )
    return orders[key], orders[key] is not None


def read_results(content: list[Mapping], where: str) -> list[ImagePeople]:
    """Images of a list of COCO results, whose ``image_id`` is a file name.

    Raises:
        UnclearKeypoints: It is something else.
    """
    images: dict[str, ImagePeople] = {}
    for person in content:
        if 'image_id' not in person and ('keypoints' in person or 'people' in person):
            raise UnclearKeypoints(
                f'{where}: people without `image_id`, as predicted for one image; set `ann_file` '
                'to the folder of these files'
            )
        name = person['image_id']
        if not isinstance(name, str):
            raise UnclearKeypoints(
                f'{where}: `image_id` {name!r} is a number, and a list of results has no `images` '
                'that name it; give the file name of the image instead'
            )
        if name not in images:
            images[name] = ImagePeople(image_stem(name), [], f'{where}, {name}')
        images[name].people.append((person, None))
    return list(images.values())


def read_image(content: Any, name: str, where: str) -> ImagePeople:
    """The people of one image, of a file of its own.

    Args:
        content: A list of people, as OpenPifPaf, mmpose and KPR write it, or a mapping with the
            ``instance_info`` of mmpose or the ``people`` of OpenPose.
        name: Path of the file without ``.json``.
        where: The file, for messages.

    Raises:
        UnclearKeypoints: It is something else, or a field cannot be followed.
    """
    name = name.removesuffix('.predictions')
    plain = name.removesuffix('_keypoints')
    is_openpose = isinstance(content, dict) and 'people' in content
    if is_openpose or Path(plain).suffix.lower() in IMAGE_EXTENSIONS:
        name = plain  # OpenPose's a_keypoints.json, KPR's a.jpg_keypoints.json
    if isinstance(content, list):
        if len({person['image_id'] for person in content if 'image_id' in person}) > 1:
            raise UnclearKeypoints(
                f'{where}: `image_id` names several images; set `ann_file` to this file'
            )
        return ImagePeople(image_stem(name), [(person, None) for person in content], where)
    size = _size(content, where) or _size(content, where, 'canvas_')
    if is_openpose:
        people = [_openpose_person(person, where) for person in content['people']]
    elif 'instance_info' in content:
        order = _mmpose_order(content.get('meta_info') or {}, f'{where}, `meta_info`')
        people = [(person, order) for person in content['instance_info']]
    else:
        hint = '; set `ann_file` to this file' if 'annotations' in content else ''
        raise UnclearKeypoints(
            f'{where}: neither a list of people nor a mapping with `instance_info` (mmpose) or '
            f'`people` (OpenPose), but one with {", ".join(map(repr, content))}{hint}'
        )
    return ImagePeople(image_stem(name), people, where, size)


def _openpose_person(person: Mapping, where: str) -> tuple[Mapping, JointOrder | None]:
    field = 'pose_keypoints' if 'pose_keypoints' in person else 'pose_keypoints_2d'
    if field not in person:
        raise UnclearKeypoints(
            f'{where}: `people` of OpenPose without `pose_keypoints_2d`, but with '
            f'{", ".join(map(repr, person))}'
        )
    number = len(person[field])
    if number and (number % 3 or number // 3 not in OPENPOSE):
        raise UnclearKeypoints(
            f'{where}: `{field}` of OpenPose has {number} numbers; those of its models BODY_25 '
            '(75) and COCO (54) are known'
        )
    return {**person, 'keypoints': person[field]}, OPENPOSE.get(number // 3)


def _mmpose_order(meta: Mapping, where: str) -> JointOrder | None:
    names = meta.get('keypoint_id2name')
    if names:
        names = {int(index): name for index, name in names.items()}
        if sorted(names) != list(range(len(names))):
            raise UnclearKeypoints(f'{where}: `keypoint_id2name` leaves numbers out: {names}')
        return joint_order([names[index] for index in range(len(names))], where)
    data_set = str(meta.get('dataset_name') or 'coco')
    if not data_set.lower().startswith('coco'):
        raise UnclearKeypoints(
            f'{where}: the joints of `dataset_name` {data_set!r} are unknown; add their names as '
            '`keypoint_id2name`'
        )
    return None


def _size(fields: Mapping, where: str, prefix: str = '') -> tuple[float, float] | None:
    width, height = fields.get(f'{prefix}width'), fields.get(f'{prefix}height')
    if not width and not height:
        return None
    for value in (width, height):
        if not isinstance(value, (int, float)) or not 0 < value < float('inf'):
            raise UnclearKeypoints(
                f'{where}: `{prefix}width` and `{prefix}height` must be numbers of pixels, found '
                f'{width!r} and {height!r}'
            )
    return float(width), float(height)  # type: ignore[arg-type]
