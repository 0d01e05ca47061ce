import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from torch import Tensor

from mmdrop.apis.images import Image, Images, decode, list_images
from mmdrop.apis.loading import tested_matching
from mmdrop.engine import is_packed, load_trained_model
from mmdrop.functional import rank_gallery
from mmdrop.structures import ReIDDataSample, find_embeddings
from mmdrop.visualization import draw_parsing_sheet, draw_ranking_sheet

ROWS_PER_SHEET = 8


class ReIDInferencer:
    """Embed and rank images of persons with a trained model; no labels, no cameras.

    Images are given as a file, a folder (its image files, sorted by name), an array, a Pillow
    image, or a sequence of any of these. Arrays are uint8 and BGR, ``(H, W, 3)``, as OpenCV reads
    them; turn RGB round with ``image[..., ::-1]``. Grey ones, ``(H, W)``, become three channels,
    and a fourth channel is dropped.

    Args:
        model: Name of a model of :func:`list_models`, such as ``'drop_lite0'``, or a model file.
            With ``weights`` a config: its file, the name of one that ships with mmdrop, or itself.
        weights: Checkpoint file or URL of a config. It is read without running code that it may
            hold.
        device: Device such as ``'cuda:0'``; the best one there is if None.
        batch_size: Images that the model sees at once.
    """

    def __init__(
        self,
        model: str | os.PathLike | Config,
        weights: str | os.PathLike | None = None,
        device: str | None = None,
        batch_size: int = 32,
    ):
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        self.batch_size = batch_size
        trained = load_trained_model(model, weights)
        if weights is None and (isinstance(model, Config) or not is_packed(model)):
            message = 'ReIDInferencer has no weights: its embeddings are random'
            print_log(message, 'current', logging.WARNING)
        self.file_pipeline, self.array_pipeline = trained.file_pipeline, trained.array_pipeline
        self.model = trained.model.to(device or get_device()).eval()
        self.matching = tested_matching(trained.config)

    def __call__(self, inputs: Images) -> dict[str, Any]:
        """Embed images; those that cannot be read are left out, and named.

        Returns:
            - ``names``: N file names; ``'array 0'`` or ``'image 0'`` … for arrays and Pillow
              images, by position.
            - ``embeddings``: float32 tensor ``(N, E, C)``, not normalised.
            - ``visibility``: bool tensor ``(N, E)``.
            - ``visibility_score``: float32 tensor ``(N, E)`` in [0, 1]; absent where the model
              gives none.
            - ``embedding_names``: E names.
            - ``parsing``: uint8 tensor ``(N, h, w)``, 0 background, 1..K parts; absent where the
              model predicts none.
            - ``failed``: from the name of an image that cannot be read to the reason.

            Tensors are on the CPU, in the order of ``names``, which is that of the input without
            what failed.

        Raises:
            FileNotFoundError: A file or folder is missing.
            OSError: No image can be read.
            TypeError: An entry is no path, array or Pillow image.
            ValueError: There is no image, or an array is not one.
        """
        return self._embed(list_images(inputs))[0]

    def rank(
        self, query: Images | Mapping, gallery: Images | Mapping, topk: int = 10
    ) -> tuple[Tensor, Tensor]:
        """Rank a gallery for each query by the distance of the config's test evaluator.

        Args:
            query: Images, or what this object returned for them.
            gallery: The same for the gallery.
            topk: Gallery images to return for each query; all where the gallery is smaller.

        Returns:
            Indices into the gallery as it was given, nearest first, and their distances, both
            ``(Q, topk)``. By default the distance to an image that shows none of the query's parts
            is infinite. Gallery images that cannot be read are never named; the indices of a query
            that cannot be read are −1 and its distances infinite.
        """
        shown, query_rows, num_queries = self._given(query)
        ranked, gallery_rows, _ = self._given(gallery)
        nearest, found = self._rank(shown, ranked, topk)
        indices = nearest.new_full((num_queries, nearest.shape[1]), -1)
        distances = found.new_full(indices.shape, torch.inf)
        indices[query_rows], distances[query_rows] = gallery_rows[nearest], found
        return indices, distances

    def visualize(
        self, query: Images, gallery: Images, out_dir: str | os.PathLike, topk: int = 10
    ) -> list[Path]:
        """Write pictures of the rankings, and of the queries' parsing if there is any.

        Images that cannot be read are in none of them.

        Returns:
            The written files, ``ranking_0.png``, ``parsing_0.png`` … with eight queries each.
        """
        queries, galleries = list_images(query), list_images(gallery)
        shown, readable = self._embed(queries)
        queries = [queries[i] for i in readable]
        ranked, readable = self._embed(galleries)
        galleries = [galleries[i] for i in readable]
        indices, distances = self._rank(shown, ranked, topk)
        out_dir = Path(out_dir)
        out_dir.mkdir(parents=True, exist_ok=True)
        written = []
        for page, start in enumerate(range(0, len(queries), ROWS_PER_SHEET)):
            rows = range(start, min(start + ROWS_PER_SHEET, len(queries)))
            rankings = [
                (
                    self._entry(queries[i], shown['visibility'][i]),
                    [
                        self._entry(galleries[j], ranked['visibility'][j]) | {'distance': distance}
                        for j, distance in zip(indices[i], distances[i], strict=True)
                    ],
                )
                for i in rows
            ]
            pictures = {'ranking': draw_ranking_sheet(rankings, shown['embedding_names'])}
            if 'parsing' in shown:
                samples = [
                    dict(image=entry['image'], prediction=shown['parsing'][i])
                    for i, (entry, _) in zip(rows, rankings, strict=True)
                ]
                pictures['parsing'] = draw_parsing_sheet(samples)
            for kind, picture in pictures.items():
                written.append(out_dir / f'{kind}_{page}.png')
                if not cv2.imwrite(str(written[-1]), picture[..., ::-1]):
                    raise OSError(f'{written[-1]} cannot be written')
        return written

    def _embed(self, images: list[Image]) -> tuple[dict[str, Any], Tensor]:
        """The result of :meth:`__call__`, and the positions of its rows among ``images``."""
        samples: list[ReIDDataSample] = []
        rows: list[int] = []
        failed: dict[str, str] = {}
        for start in range(0, len(images), self.batch_size):
            packed = []
            for row, image in enumerate(images[start : start + self.batch_size], start):
                try:
                    packed.append(self._pack(image))
                    rows.append(row)
                except OSError as error:  # one bad file must not lose all others
                    failed[image.name] = str(error)
            if packed:
                batch = {key: [item[key] for item in packed] for key in ('inputs', 'data_samples')}
                with torch.no_grad():
                    samples += [sample.cpu() for sample in self.model.test_step(batch)]
        _report_failed(failed, len(images) - len(rows), len(images))
        result = dict(
            names=[images[row].name for row in rows],
            embeddings=torch.stack([sample.embeddings for sample in samples]),
            visibility=torch.stack([sample.visibility for sample in samples]),
            embedding_names=tuple(samples[0].embedding_names),
            failed=failed,
        )
        for key, field in (('visibility_score', 'visibility_score'), ('parsing', 'pred_sem_seg')):
            if field in samples[0]:
                result[key] = torch.stack([sample.get(field) for sample in samples])
        return result, torch.tensor(rows)

    def _given(self, images: Images | Mapping) -> tuple[Mapping, Tensor, int]:
        """A result, the positions of its rows in what was given, and how much was given."""
        if isinstance(images, Mapping):
            needed = {'embeddings', 'visibility', 'embedding_names'}
            if self.matching.graded:
                needed.add('visibility_score')
            lacking = needed - images.keys()
            if lacking:
                raise ValueError(f'not a result of this inferencer: it has no {sorted(lacking)}')
            number = len(images['embeddings'])
            return images, torch.arange(number), number
        listed = list_images(images)
        return *self._embed(listed), len(listed)

    def _rank(self, query: Mapping, gallery: Mapping, topk: int) -> tuple[Tensor, Tensor]:
        """Nearest rows of a result, and their distances, for each row of another."""
        query_embeddings, query_visibility = self._selected(query)
        gallery_embeddings, gallery_visibility = self._selected(gallery)
        return rank_gallery(
            query_embeddings,
            gallery_embeddings,
            query_visibility=query_visibility,
            gallery_visibility=gallery_visibility,
            k=topk,
            hidden=self.matching.hidden,
            squared=self.matching.squared,
        )

    def _pack(self, image: Image) -> dict:
        if isinstance(image.source, str):
            packed = self.file_pipeline(dict(img_path=image.source))
            if packed is None:  # as mmcv's own loader does where it is told to ignore such files
                raise OSError(f'{image.source} cannot be decoded')
            return packed
        pixels = decode(image.source, image.name)
        shape = pixels.shape[:2]
        return self.array_pipeline(
            dict(img=pixels, img_path=image.name, img_shape=shape, ori_shape=shape)
        )

    def _entry(self, image: Image, visibility: Tensor) -> dict:
        pixels = self._pack(image)['inputs'].flip(0).permute(1, 2, 0).numpy()  # RGB (H, W, 3)
        return dict(image=pixels, visibility=visibility)

    def _selected(self, result: Mapping) -> tuple[Tensor, Tensor]:
        keep = find_embeddings(self.matching.embeddings, result['embedding_names'])
        visibility = result['visibility_score' if self.matching.graded else 'visibility']
        return result['embeddings'][:, keep], visibility[:, keep]


def _report_failed(failed: Mapping[str, str], number: int, total: int) -> None:
    """Warn of images that cannot be read, or raise OSError if there are no others."""
    if not failed:
        return
    reason = next(iter(failed.values()))
    if number == total:
        raise OSError(f'none of {total} images can be read; the first: ' * (total > 1) + reason)
    message = f"{number} of {total} images cannot be read, see result['failed']; the first: "
    print_log(message + reason, 'current', logging.WARNING)
