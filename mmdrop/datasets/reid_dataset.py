"""Data sets of person images: public layouts, folders and CSV files."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmdrop.datasets.arguments import SPLITS, check_arguments
from mmdrop.datasets.layouts import LAYOUTS, Counts, Layout
from mmdrop.datasets.listing import (
    SUBSETS,
    Image,
    Listed,
    check_images,
    count_images,
    describe_counts,
    list_folder,
    list_layout,
    number_pids,
    read_csv,
)
from mmdrop.datasets.occlusion.proxy import check_occlusion, find_occlude_person, mark_occluded
from mmdrop.datasets.splits import draw_half, select_pids, split_queries
from mmdrop.registry import DATASETS

JUNK = -1
_DISTRACTOR = 0
_WITH_DISTRACTORS = ('market1501', 'occluded_market')  # one gallery


@DATASETS.register_module()
class ReIDDataset(BaseDataset):
    """Training images, or queries followed by the gallery, of one data set.

    Files are listed sorted.  Training identities become ``gt_label`` 0, 1, … in the order of
    their pids; a test image has −1.  Junk (pid −1) is left out, distractors (pid 0 of
    Market-1501) stay in the gallery.  Counts are logged, and a warning says where they differ
    from the published ones.  Files, copies, identities and matches are checked; another warning
    counts what is suspicious.

    Metainfo: ``dataset_name`` (with protocol and draw where there are several), and, once
    loaded, ``num_identities`` and ``num_cameras`` of the split.

    Args:
        layout: ``'market1501'``, ``'dukemtmc'``, ``'occluded_duke'``, ``'occluded_market'``,
            ``'p_dukemtmc'``, ``'occluded_reid'``, ``'cuhk01'``, or ``'folder'``
            (``{train,query,gallery}/<pid>/…``), or ``'csv'`` (columns path, pid, subset and
            optionally camid).  In the last two pids may be text: unless all pids of the split are
            whole numbers, a pid becomes its place in sorted order, and ``-1`` is junk; cameras
            count from 0 and none means no camera filter.
        data_root: The folder that holds the layout's folders, or the CSV file's paths; of
            ``'folder'`` without test images also the folder of the identities themselves.
        split: ``'train'``, ``'test'``, or ``'val'``: training images as queries (the first of each
            identity and camera) and gallery, to choose settings without the test images.
        pipeline: Transforms.
        protocol: Occluded-REID only: ``'transfer'`` tests on all images and has no training
            split, ``'half'`` trains on half of the identities.
        draw: Which of the 10 seeded half splits.
        pattern: ``'folder'`` only: regular expression for the start of file names, with the
            named group ``pid`` and optionally ``camid``, a number; groups take whole numbers.
        ann_file: ``'csv'`` only: the CSV file, relative to ``data_root``.
        occlusion: Make a proxy of an occluded benchmark from the images of ``split='test'``, or of
            ``'val'`` to choose settings for one: ``seed`` (0) and the shares of ``query`` (1.0)
            and ``gallery`` (0.1) images to occlude.  The pipeline then needs
            :class:`OccludePerson`; each image gets its ``occlusion_seed``, or −1 to be left alone.
        metainfo: Further entries of the metainfo.
        identities: Keep only the identities from the first to before the second of these places
            in a fixed random order of the split's identities, and the distractors; numbers with a
            point, ``(0.0, 0.8)``, are shares of them.
        indices: Use the first images only, or those of the list.
        serialize_data: Share the list of images between workers.
        lazy_init: List the images at first use.

    Raises:
        FileNotFoundError: A folder, the CSV file or an image is missing.
        ValueError: An argument, a file name or a row is wrong, a subset is empty, one file has two
            identities, or no query can be matched.
    """

    def __init__(
        self,
        layout: str,
        data_root: str,
        split: str,
        pipeline: Sequence[dict | Callable] = (),
        protocol: str | None = None,
        draw: int = 0,
        pattern: str | None = None,
        ann_file: str = '',
        identities: tuple[float, float] | None = None,
        occlusion: Mapping | None = None,
        metainfo: Mapping | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        lazy_init: bool = False,
    ):
        check_arguments(layout, split, protocol, draw, pattern, ann_file, identities)
        self.layout = layout if protocol is None else f'{layout}_{protocol}'
        self.split = split
        self.draw = draw
        self.pattern = pattern
        self.identities = identities
        if split != 'test' and self.layout in LAYOUTS and 'train' not in self._row.folders:
            raise ValueError(
                f'layout={layout!r} with protocol={protocol!r} has no training split: train on '
                "another data set, such as 'market1501', or use protocol='half'"
            )
        if occlusion is not None and split == 'train':
            raise ValueError("occlusion is for split='test' and 'val', split is 'train'")
        self.occlusion = None if occlusion is None else check_occlusion(occlusion)
        self._dataset_name = self._name(data_root, ann_file)
        if occlusion is not None:
            self._dataset_name = f'pasted_{self._dataset_name}'
        if split == 'val':
            self._dataset_name += '_val'
        if identities is not None:
            self._dataset_name += f'_identities{identities[0]}to{identities[1]}'
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=str(data_root),
            indices=indices,
            serialize_data=serialize_data,
            pipeline=list(pipeline),
            test_mode=split != 'train',
            lazy_init=True,
        )
        if occlusion is not None and find_occlude_person(self) is None:
            raise ValueError(
                'occlusion needs the transform OccludePerson in the pipeline, behind LoadImage'
            )
        self._metainfo['dataset_name'] = self._dataset_name
        if not lazy_init:
            self.full_init()

    @property
    def _row(self) -> Layout:
        return LAYOUTS[self.layout]

    def _name(self, data_root: str, ann_file: str) -> str:
        if self.layout == 'folder':
            return Path(data_root).resolve().name
        if self.layout == 'csv':
            return Path(ann_file).stem
        return f'{self.layout}_draw{self.draw}' if self._row.half else self.layout

    def load_data_list(self) -> list[dict]:
        """List the images of the split."""
        subsets = self._list_subsets(('train',) if self.split == 'val' else SPLITS[self.split])
        if self.split == 'val':
            subsets = dict(zip(SPLITS['val'], split_queries(subsets['train']), strict=True))
        number = number_pids(
            [image for images in subsets.values() for image in images], merge=self._is_public
        )
        listed = self._drop_junk(
            [
                Listed(image, s, number[image.pid])
                for s, images in subsets.items()
                for image in images
            ]
        )
        if self._is_public and self._row.half:
            train_pids = draw_half({item.pid for item in listed}, self.draw)
            keep_train = self.split != 'test'
            listed = [item for item in listed if (item.pid in train_pids) == keep_train]
        if self.identities is not None:
            distractors = {_DISTRACTOR} if self.layout in _WITH_DISTRACTORS else set()
            people = {item.pid for item in listed} - distractors
            kept = select_pids(people, self.identities) | distractors
            listed = [item for item in listed if item.pid in kept]
        for subset in subsets:
            self._report(subset, [item for item in listed if item.subset == subset])
        pids = sorted({item.pid for item in listed})
        if self.split == 'train' and len(pids) < 2:
            raise ValueError(f'{self.data_root}: training needs 2 identities, found {len(pids)}')
        self._check(listed)

        labels = {pid: label for label, pid in enumerate(pids)}
        data_list = [
            dict(
                img_path=str(image.path),
                label_stem=image.label_stem,
                pid=pid,
                camid=image.camid,
                gt_label=labels[pid] if self.split == 'train' else -1,
                is_query=subset == 'query',
            )
            for image, subset, pid in listed
        ]
        if self.occlusion is not None:
            mark_occluded(data_list, self.occlusion)
            self._report_donors()
        self._metainfo['num_identities'] = len(pids)
        self._metainfo['num_cameras'] = count_images(listed).cameras
        return data_list

    @property
    def _is_public(self) -> bool:
        return self.layout in LAYOUTS

    def _list_subsets(self, names: Sequence[str]) -> dict[str, list[Image]]:
        root = Path(self.data_root)
        if self.layout == 'folder':
            return {subset: list_folder(root, subset, self.pattern) for subset in names}
        if self.layout == 'csv':
            rows = read_csv(root, Path(self.ann_file))
            return {subset: rows[subset] for subset in names}
        return {subset: list_layout(self._row, root, subset) for subset in names}

    def _list_others(self) -> dict[str, list[Image]]:
        """The subsets on the other side of training and test, where they can be listed."""
        own = ('train',) if self.split == 'val' else SPLITS[self.split]
        others: dict[str, list[Image]] = {}
        for subset in () if self._is_public else set(SUBSETS) - set(own):
            # What is wrong with them is an error of the data set that reads them.
            with suppress(OSError, ValueError):
                others |= self._list_subsets((subset,))
        return others

    def _drop_junk(self, listed: list[Listed]) -> list[Listed]:
        kept = [item for item in listed if item.pid != JUNK]
        if len(kept) < len(listed):
            dropped = len(listed) - len(kept)
            print_log(f'{self._dataset_name}: {dropped} junk images (pid -1) left out', 'current')
        return kept

    def _report(self, subset: str, listed: list[Listed]) -> None:
        """Log the counts of a subset and compare them with the published ones."""
        if not listed:
            raise ValueError(f'{self.data_root}: layout {self.layout!r} has no {subset} image')
        found = count_images(listed)
        text = describe_counts(found)
        print_log(f'{self._dataset_name} {subset}: {text}', 'current')
        whole = self._is_public and self.split != 'val' and self.identities is None
        known = self._row.known.get(subset, Counts()) if whole else Counts()
        if any(k is not None and k != f for k, f in zip(known, found, strict=True)):
            print_log(
                f'{self._dataset_name} {subset}: found {text}, the published set has '
                f'{describe_counts(known)}. Check data_root ({self.data_root}) unless this is a '
                'subset.',
                'current',
                level=logging.WARNING,
            )

    def _check(self, listed: list[Listed]) -> None:
        """Refuse a set that cannot work, and log once what is suspicious in it."""
        findings = check_images(listed, self._list_others(), self.split, self._is_public)
        if self._is_public and self._row.shared and self.identities is None:
            findings.notes.append(
                f'{self._row.shared} identities are both in its training and in its test set'
            )
        for note in findings.notes:
            print_log(f'{self._dataset_name}: {note}', 'current')
        if findings.warnings:
            text = '; '.join(findings.warnings)
            print_log(
                f'{self._dataset_name}: look at this before you trust it: {text}',
                'current',
                level=logging.WARNING,
            )

    def _report_donors(self) -> None:
        """Log how many images people are cut out of, and compare with the published number."""
        found = self.pipeline.transforms[find_occlude_person(self)].num_donors
        print_log(f'{self._dataset_name}: people are cut out of {found} images', 'current')
        known = self._row.known.get('train', Counts()).images if self._is_public else None
        if found and known not in (None, found):
            print_log(
                f'{self._dataset_name}: the published training set has {known} images. With '
                'others in people_root the occluders differ, and scores do not compare.',
                'current',
                level=logging.WARNING,
            )

    def prepare_data(self, idx: int) -> dict:
        """Run the pipeline; a transform that gives None must not swap the image silently."""
        data = super().prepare_data(idx)
        if data is None:
            path = self.get_data_info(idx)['img_path']
            raise ValueError(f'{path}: a transform of the pipeline returned None')
        return data
