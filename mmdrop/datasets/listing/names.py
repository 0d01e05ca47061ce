"""Identities and cameras as file names and lists write them: text that must be whole numbers."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mmdrop.datasets.listing.images import JUNK_PID, NO_CAMERA, Image

JUNK = -1
_LARGEST = np.iinfo(np.int64).max
_WHOLE = re.compile('-?[0-9]+')
# One number and nothing else, in any script and notation: 1.0, +3, 1e3, １２
_NUMBER = re.compile(r'\s*[-+−]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?\s*')


def parse_name(path: Path, pattern: str, first_camera: int) -> tuple[str, int]:
    """Identity and camera (from 0, or −1 if the pattern has none) of a file name.

    Args:
        path: The file.
        pattern: Matched at the start of its name, with the groups ``pid`` and maybe ``camid``.
        first_camera: The number that names give the first camera.

    Raises:
        ValueError: The name does not match, or a group has no whole number or a part of one.
    """
    match = re.match(pattern, path.name)
    if match is None:
        raise ValueError(
            f'{path}: the file name does not match the pattern {pattern!r}; '
            'rename or remove the file, or check the layout'
        )
    _refuse_parts(match, path)
    groups, where = match.groupdict(), str(path)
    camid = parse_camera(groups.get('camid'), first_camera, where)
    return parse_pid(groups['pid'], where), camid


def _refuse_parts(match: re.Match, path: Path) -> None:
    """Refuse groups that cut a number in two, unless the pattern counts its digits."""
    name, pattern = match.string, match.re.pattern
    spans = {group: match.span(group) for group in ('pid', 'camid') if group in match.re.groupindex}
    cuts = {
        edge
        for span in spans.values()
        for edge in span
        if 0 < edge < len(name) and name[edge - 1 : edge + 1].isdecimal()
    }
    if cuts:  # as in (?P<pid>\d{4})\d{3}; digits behind the match were not counted but overlooked
        cuts -= {
            edge
            for group, span in spans.items()
            if re.search(rf'\(\?P<{group}>[^()]*\{{\d+\}}[^()]*\)', pattern)
            for edge in span
            if edge < match.end()
        }
    for group, span in spans.items():
        signed = span[0] == 1 and name[0] == '-' and name[1].isdecimal()  # of -1, which is junk
        if signed or not cuts.isdisjoint(span):
            raise ValueError(
                f'{path}: the pattern {pattern!r} takes {match[group]!r} as {group} out of a '
                'longer number; let the group match whole numbers'
            )


def parse_pid(text: str | None, where: str) -> str:
    """Check an identity: text, a whole number from 0, or −1 for junk.

    Raises:
        ValueError: It is empty, a number written in another way, or out of the range of int64.
    """
    if text is None or not text.strip():
        raise ValueError(f'{where}: the identity is empty')
    if _WHOLE.fullmatch(text):
        if text[0] == '-' and text != JUNK_PID:
            raise ValueError(f'{where}: identity {text!r} is below 0, and not -1 (junk)')
        if not _fits(text):
            raise ValueError(
                f'{where}: identity {text!r} is larger than {_LARGEST}; write a smaller number, '
                'or add a letter to make it a text'
            )
    elif _NUMBER.fullmatch(text):
        raise ValueError(
            f'{where}: identity {text!r} is a number, but not written as a whole one such as 12; '
            'write it so, or add a letter to make it a text'
        )
    return unicodedata.normalize('NFC', text)  # file systems differ in how they write an é


def parse_camera(text: str | None, first: int, where: str) -> int:
    """Camera from 0 of a number from ``first`` on; −1 of nothing.

    Raises:
        ValueError: It is no such number.
    """
    if text is None or text == '':
        return NO_CAMERA
    if not re.fullmatch('[0-9]+', text) or not _fits(text) or int(text) < first:
        raise ValueError(f'{where}: camera {text!r} is not a whole number from {first} on')
    return int(text) - first


def number_of(pid: str) -> int | str:
    """What is equal for two ways to write an identity: its number if it is one, else the text."""
    return int(pid) if _WHOLE.fullmatch(pid) else pid


def _fits(digits: str) -> bool:
    # The length goes first: Python refuses to convert thousands of digits.
    return len(digits.lstrip('-0')) <= len(str(_LARGEST)) and abs(int(digits)) <= _LARGEST


def number_pids(images: Iterable[Image], merge: bool) -> dict[str, int]:
    """Identities as integers: their own number if all have one, else their place when sorted.

    Junk is −1 among texts too.

    Args:
        images: Images of all subsets that are compared with one another.
        merge: Take ``'7'`` and ``'007'`` for one person; public sets are numbered.

    Raises:
        ValueError: Two identities are the same number, written differently.
    """
    first = {image.pid: image for image in reversed(list(images)) if image.pid != JUNK_PID}
    numbers: dict[int, str] = {}
    for pid in sorted(first):
        if _WHOLE.fullmatch(pid):
            other = numbers.setdefault(int(pid), pid)
            if other != pid and not merge:
                raise ValueError(
                    f'{first[pid].place} has the identity {pid!r} and {first[other].place} has '
                    f'{other!r}: write them alike if this is one person, else number them anew'
                )
    if all(_WHOLE.fullmatch(pid) for pid in first):
        return {pid: int(pid) for pid in first} | {JUNK_PID: JUNK}
    return {pid: place for place, pid in enumerate(sorted(first))} | {JUNK_PID: JUNK}
