"""Whether several training sets go together: their labels, their parts and their images."""

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from mmengine.dataset import BaseDataset

from mmdrop.datasets.listing.copies import file_numbers, group_copies
from mmdrop.datasets.parsing import find_parsing_source
from mmdrop.datasets.rendering import SyntheticReID


def part_names_of(dataset: BaseDataset) -> tuple[str, ...]:
    """Names of the parts 1..K in the labels of a data set; empty where it has no labels."""
    source = find_parsing_source(dataset)
    if source is not None:
        return source.groups.part_names
    return tuple(dataset.metainfo.get('part_names') or ())


def agree_on_parts(sets: Mapping[str, BaseDataset]) -> tuple[str, ...]:
    """Names of the parts that the labels of all sets have; empty where none has labels.

    Raises:
        ValueError: Labels of two sets have other parts.
    """
    found = {name: part_names_of(dataset) for name, dataset in sets.items()}
    labelled = {name: parts for name, parts in found.items() if parts}
    if len({*labelled.values()}) > 1:
        listed = '; '.join(f'{n}: {len(p)} ({", ".join(p)})' for n, p in labelled.items())
        raise ValueError(
            f'the labels of the sets have different parts, {listed}. Give the label sources of all '
            'sets the same num_parts and groups'
        )
    return next(iter(labelled.values()), ())


def find_copies(paths: Mapping[str, Sequence[str]]) -> list[str]:
    """Say which images of a set are copies of images of another.

    Args:
        paths: The images of each set; those that are no files are not looked at.

    Returns:
        A text for each pair of sets that share content.

    Raises:
        ValueError: One file is in two sets.
    """
    listed = [(name, path) for name, own in paths.items() for path in own if os.path.isfile(path)]
    facts = [os.stat(path) for _, path in listed]
    sets_of_size: dict[int, set[str]] = defaultdict(set)
    for (name, _), fact in zip(listed, facts, strict=True):
        sets_of_size[fact.st_size].add(name)
    shared = [i for i, fact in enumerate(facts) if len(sets_of_size[fact.st_size]) > 1]
    listed, facts = [listed[i] for i in shared], [facts[i] for i in shared]
    files = file_numbers(facts)
    copies: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for group in group_copies([path for _, path in listed], facts):
        own: dict[str, list[int]] = defaultdict(list)
        for i in group:
            own[listed[i][0]].append(i)
        for first, second in combinations(own, 2):
            path = listed[own[first][0]][1]
            if {files[i] for i in own[first]} & {files[i] for i in own[second]}:
                raise ValueError(
                    f'the sets {first!r} and {second!r} have the same images, such as {path}, so '
                    'that a person would be two identities: leave one set out'
                )
            copies[first, second] += [(listed[i][1], path) for i in own[second]]
    return [
        f'{len(pairs)} images of {second!r} have the content of an image of {first!r}, such as '
        f'{pairs[0][0]} that of {pairs[0][1]}, and are other identities'
        for (first, second), pairs in copies.items()
    ]


def refuse_same_people(sets: Mapping[str, BaseDataset]) -> None:
    """Refuse one data set under two names, and rendered sets of one seed.

    Raises:
        ValueError: There are such sets.
    """
    for (first, one), (second, other) in combinations(sets.items(), 2):
        if one is other or (
            isinstance(one, SyntheticReID)
            and isinstance(other, SyntheticReID)
            and (one.seed, one.split) == (other.seed, other.split)
        ):
            raise ValueError(
                f'the sets {first!r} and {second!r} show the same people, who would be two '
                'identities each: leave one out, or give rendered sets a seed each'
            )


def refuse_shared_labels(dataset: Any) -> None:
    """Refuse a wrapper, such as ``ConcatDataset``, in which two sets have a training label.

    Raises:
        ValueError: The data set is, or wraps, such a wrapper.
    """
    inner = getattr(dataset, 'datasets', ())
    children = [*(inner.values() if isinstance(inner, Mapping) else inner)]
    seen: dict[int, tuple[int, dict]] = {}
    for place, child in enumerate(children):
        if not hasattr(child, 'get_data_info') or any(child is c for c in children[:place]):
            continue
        own: dict[int, tuple[int, dict]] = {}
        for index in range(len(child)):
            info = child.get_data_info(index)
            own.setdefault(info['gt_label'], (place, info))
        for label in sorted(own.keys() & seen.keys()):
            (first, one), (second, other) = seen[label], own[label]
            raise ValueError(
                f'{type(dataset).__name__}: its sets {first} and {second} share training labels, '
                f'so that different people are one identity: gt_label {label} is '
                f'{one.get("img_path")} and {other.get("img_path")}. Join training sets by '
                'JointReID, which gives each its own labels'
            )
        seen |= own
    for child in (*children, getattr(dataset, 'dataset', None)):
        if child is not None:
            refuse_shared_labels(child)
