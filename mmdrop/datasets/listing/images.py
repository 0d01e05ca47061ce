"""An image as its data set describes it."""

from pathlib import Path
from typing import NamedTuple

SUBSETS = ('train', 'query', 'gallery')
NO_CAMERA = -1
JUNK_PID = '-1'  # as file names write it


class Image(NamedTuple):
    """One image as its data set describes it.

    Attributes:
        path: The file.
        label_stem: Its parsing label below the labels' folder, without suffix; with ``/``.
        pid: Identity, as text.
        camid: Camera from 0, or −1.
        line: Where a list names it, such as ``'people.csv, line 2'``; empty where a folder does.
    """

    path: Path
    label_stem: str
    pid: str
    camid: int
    line: str = ''

    @property
    def place(self) -> str:
        """What a message calls it."""
        return f'{self.line} ({self.path})' if self.line else str(self.path)

    def __str__(self) -> str:
        return f'{self.place} of identity {self.pid}'
