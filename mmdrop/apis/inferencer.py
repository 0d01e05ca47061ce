import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from torch import Tensor

from mmdrop.apis.images import Image, Images, list_images
from mmdrop.apis.loading import image_pipelines, load_weights, tested_matching
from mmdrop.engine import read_config
from mmdrop.functional import rank_gallery
from mmdrop.registry import MODELS
from mmdrop.structures import find_embeddings
from mmdrop.visualization import draw_parsing_sheet, draw_ranking_sheet

ROWS_PER_SHEET = 8


class ReIDInferencer:
    """Embed and rank images of persons with a trained model; no labels, no cameras.

    Images are given as a file, a folder (its image files, sorted by name), an array, or a sequence
    of files and arrays. Arrays are BGR uint8, ``(H, W, 3)``, as OpenCV reads them; turn RGB
    round with ``image[..., ::-1]``.

    Args:
        model: Config file, name of a config that ships with mmdrop such as ``drop_demo``, or a
            loaded config.
        weights: Checkpoint file or URL. It is read without running code that it may hold.
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
        cfg = model if isinstance(model, Config) else read_config(model)
        self.batch_size = batch_size
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmdrop')):
            self.file_pipeline, self.array_pipeline = image_pipelines(cfg)
            self.model: BaseModel = MODELS.build(cfg.model)
        if weights is None:
            message = 'ReIDInferencer has no weights: its embeddings are random'
            print_log(message, 'current', logging.WARNING)
        else:
            load_weights(self.model, weights)
        self.model.to(device or get_device()).eval()
        self.embeddings, self.hidden = tested_matching(cfg)

    def __call__(self, inputs: Images) -> dict[str, Any]:
        """Embed images.

        Returns:
            - ``names``: N file names; ``'array 0'`` … for arrays, by position.
            - ``embeddings``: float32 tensor ``(N, E, C)``, not normalised.
            - ``visibility``: bool tensor ``(N, E)``.
            - ``embedding_names``: E names.
            - ``parsing``: uint8 tensor ``(N, h, w)``, 0 background, 1..K parts; absent where the
              model predicts none.

            Tensors are on the CPU, in the order of the input.
        """
        images = list_images(inputs)
        samples = []
        for start in range(0, len(images), self.batch_size):
            packed = [self._pack(image) for image in images[start : start + self.batch_size]]
            batch = {key: [item[key] for item in packed] for key in ('inputs', 'data_samples')}
            with torch.no_grad():
                samples += [sample.cpu() for sample in self.model.test_step(batch)]
        result = dict(
            names=[image.name for image in images],
            embeddings=torch.stack([sample.embeddings for sample in samples]),
            visibility=torch.stack([sample.visibility for sample in samples]),
            embedding_names=tuple(samples[0].embedding_names),
        )
        if 'pred_sem_seg' in samples[0]:
            result['parsing'] = torch.stack([sample.pred_sem_seg for sample in samples])
        return result

    def rank(
        self, query: Images | Mapping, gallery: Images | Mapping, topk: int = 10
    ) -> tuple[Tensor, Tensor]:
        """Rank a gallery for each query by the distance of the config's test evaluator.

        Args:
            query: Images, or what this object returned for them.
            gallery: The same for the gallery.
            topk: Gallery images to return for each query; all where the gallery is smaller.

        Returns:
            Indices into the gallery, nearest first, and their distances, both ``(Q, topk)``. By
            default the distance to an image that shows none of the query's parts is infinite.
        """
        query, gallery = (x if isinstance(x, Mapping) else self(x) for x in (query, gallery))
        query, query_visibility = self._selected(query)
        gallery, gallery_visibility = self._selected(gallery)
        return rank_gallery(
            query,
            gallery,
            query_visibility=query_visibility,
            gallery_visibility=gallery_visibility,
            k=topk,
            hidden=self.hidden,
        )

    def visualize(
        self, query: Images, gallery: Images, out_dir: str | os.PathLike, topk: int = 10
    ) -> list[Path]:
        """Write pictures of the rankings, and of the queries' parsing if there is any.

        Returns:
            The written files, ``ranking_0.png``, ``parsing_0.png`` … with eight queries each.
        """
        queries, galleries = list_images(query), list_images(gallery)
        shown, ranked = self(query), self(gallery)
        indices, distances = self.rank(shown, ranked, topk)
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

    def _pack(self, image: Image) -> dict:
        if isinstance(image.source, str):
            return self.file_pipeline(dict(img_path=image.source))
        # OpenCV takes no negative strides, which a turned RGB image has.
        pixels, shape = np.ascontiguousarray(image.source), image.source.shape[:2]
        return self.array_pipeline(
            dict(img=pixels, img_path=image.name, img_shape=shape, ori_shape=shape)
        )

    def _entry(self, image: Image, visibility: Tensor) -> dict:
        pixels = self._pack(image)['inputs'].flip(0).permute(1, 2, 0).numpy()  # RGB (H, W, 3)
        return dict(image=pixels, visibility=visibility)

    def _selected(self, result: Mapping) -> tuple[Tensor, Tensor]:
        keep = find_embeddings(self.embeddings, result['embedding_names'])
        return result['embeddings'][:, keep], result['visibility'][:, keep]
