"""Whether the images of a data set fit together, checked when the list is made."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from mmdrop.datasets.listing.copies import file_numbers, group_copies, stat_images
from mmdrop.datasets.listing.images import JUNK_PID, NO_CAMERA, Image
from mmdrop.datasets.listing.names import number_of

_KINDS = {
    'differ': 'files have the content of a file of another identity',
    'itself': 'queries find themselves in the gallery, as the same file or content',
    'leaked': 'test images are training images too, as the same file or content',
    'twice': 'images are listed twice in their subset, as the same file or content',
}


class Listed(NamedTuple):
    """An image of the data set with its final number.

    Attributes:
        image: As it was listed.
        subset: ``'train'``, ``'query'`` or ``'gallery'``.
        pid: The identity's number.
    """

    image: Image
    subset: str
    pid: int

    def __str__(self) -> str:
        return str(self.image)


class Findings(NamedTuple):
    """What is suspicious in a data set, and what is only worth a note; texts with counts."""

    warnings: list[str]
    notes: list[str]


def check_images(
    listed: Sequence[Listed], others: Mapping[str, Sequence[Image]], split: str, published: bool
) -> Findings:
    """Check files, copies, identities and cameras of a data set.

    Args:
        listed: Its images, without junk.
        others: Images of the subsets that are not in it, where they are known.
        split: ``'train'``, ``'val'`` or ``'test'``.
        published: The images are those of a public set, in which identities may have one image.

    Raises:
        FileNotFoundError: Files do not exist.
        ValueError: A file is empty or has two identities, or no query can be matched.
    """
    findings = Findings([], [])
    there = {}
    for subset, images in others.items():
        people = [image for image in images if image.pid != JUNK_PID]
        there[subset] = [image for image in people if image.path.is_file()]
        if len(there[subset]) < len(people):
            missing = next(image for image in people if not image.path.is_file())
            findings.warnings.append(
                f'{len(people) - len(there[subset])} of {len(people)} {subset} images do not '
                f'exist, such as {missing.place}'
            )
    training = there.get('train', []) if split == 'test' else []
    _check_copies(listed, [i for i in training if i.path.stat().st_size], findings)
    if split != 'train':
        _check_matches(listed, split, findings)
    elif not published:
        _check_lone(listed, findings)
    if split != 'val':
        _check_sides(listed, there, findings)
    if not published:
        _check_texts(listed, findings)
    without = sum(item.image.camid == NO_CAMERA for item in listed)
    if 0 < without < len(listed):
        findings.warnings.append(f'{without} of {len(listed)} images have no camera')
    return findings


def _check_copies(listed: Sequence[Listed], training: Sequence[Image], findings: Findings) -> None:
    """Find files that are listed twice, by link, name or content."""
    images = [*(item.image for item in listed), *training]
    facts = stat_images(images)
    files = file_numbers(facts)
    found: dict[str, list[str]] = defaultdict(list)
    for group in group_copies([str(image.path) for image in images], facts):
        _refuse_two_identities([images[place] for place in group], [files[p] for p in group])
        items = [listed[place] for place in group if place < len(listed)]
        if len(items) < len(group):
            found['leaked'] += [str(item) for item in items]
        found['differ'] += [str(item) for item in items if item.pid != items[0].pid]
        galleries = defaultdict(set)
        for item in items:
            if item.subset == 'gallery':
                galleries[item.pid].add(item.image.camid)
        seen: set[Hashable] = set()
        for item in items:
            if (item.subset, item.pid) in seen:
                found['twice'].append(str(item))
            seen.add((item.subset, item.pid))
            if item.subset == 'query' and item.pid in galleries:
                finds_itself = can_match(item.image.camid, galleries[item.pid])
                found['itself' if finds_itself else 'junk'].append(str(item))
    for kind, text in _KINDS.items():
        if found[kind]:
            findings.warnings.append(f'{len(found[kind])} {text}, such as {found[kind][0]}')
    if found['junk']:
        findings.notes.append(
            f'{len(found["junk"])} queries are in the gallery too, but from their own camera, '
            'which does not count'
        )


def _refuse_two_identities(images: Sequence[Image], files: Sequence[Hashable]) -> None:
    first: dict[Hashable, Image] = {}
    for image, file in zip(images, files, strict=True):
        other = first.setdefault(file, image)
        if number_of(other.pid) != number_of(image.pid):
            raise ValueError(f'one file has two identities: it is {other} and {image}')


def _check_matches(listed: Sequence[Listed], split: str, findings: Findings) -> None:
    """Find queries that no gallery image can match: of their identity, from another camera."""
    cameras: dict[int, set[int]] = defaultdict(set)
    for item in listed:
        if item.subset == 'gallery':
            cameras[item.pid].add(item.image.camid)
    queries = [item for item in listed if item.subset == 'query']
    alone = [q for q in queries if not can_match(q.image.camid, cameras.get(q.pid, set()))]
    if not alone:
        return
    absent = sum(q.pid not in cameras for q in alone)
    text = (
        f'{len(alone)} of {len(queries)} queries have no match, such as {alone[0]}: for {absent} '
        f'the gallery lacks the identity, for {len(alone) - absent} it has only images of the '
        "query's own camera, which do not count"
    )
    if len(alone) == len(queries):
        raise ValueError(
            f'no query can be matched: {text}; check identities and cameras, or leave the cameras '
            'out if there is only one'
        )
    # A validation split has such queries by its making: people whom one camera saw.
    (findings.notes if split == 'val' else findings.warnings).append(text)


def can_match(camid: int, gallery_camids: set[int]) -> bool:
    """Whether one of the gallery's images of an identity counts for its query of a camera."""
    return bool(gallery_camids - ({camid} - {NO_CAMERA}))


def _check_lone(listed: Sequence[Listed], findings: Findings) -> None:
    number = Counter(item.pid for item in listed)
    lone = [item for item in listed if number[item.pid] == 1]
    if lone:
        findings.warnings.append(
            f'{len(lone)} of {len(number)} identities have one training image, such as {lone[0]}'
        )


def _check_texts(listed: Sequence[Listed], findings: Findings) -> None:
    """Find texts among identities that are numbers, such as ``nan`` or ``new folder``."""
    people = {number_of(item.image.pid): item for item in reversed(listed)}
    texts = [pid for pid in people if isinstance(pid, str)]
    if 0 < len(texts) < len(people):
        findings.warnings.append(
            f'{len(texts)} of {len(people)} identities are no numbers, such as '
            f'{people[min(texts)]}, so all are taken as texts'
        )


def _check_sides(
    listed: Sequence[Listed], others: Mapping[str, Sequence[Image]], findings: Findings
) -> None:
    """Find identities that are both in training and in test."""
    own = {number_of(item.image.pid): item for item in listed}
    both = own.keys() & {number_of(i.pid) for images in others.values() for i in images}
    if both:
        findings.warnings.append(
            f'{len(both)} of {len(own)} identities are both in training and in test, such as '
            f'{own[min(both, key=str)]}'
        )
