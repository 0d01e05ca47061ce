from collections.abc import Mapping, Sequence

import numpy as np
from mmengine.visualization import Visualizer

from mmdrop.registry import VISUALIZERS
from mmdrop.structures import ReIDDataSample
from mmdrop.visualization import drawing


@VISUALIZERS.register_module()
class ReIDVisualizer(Visualizer):
    """MMEngine's visualizer with pictures of rankings and human parsing.

    Images are RGB uint8, ``(H, W, 3)``. The ``draw_…`` methods return a picture;
    ``add_image(name, picture, step)`` hands it to every backend.

    Args:
        name: Name of the instance.
        vis_backends: Configs of the storage backends.
        save_dir: Folder of the backends; the Runner sets it.
        part_names: Names of the parts 1..K for the legends.
        height: Height of each image in a picture, in pixels.
        alpha: Share of the part's colour in a parsing overlay, in [0, 1].
    """

    def __init__(
        self,
        name: str = 'visualizer',
        vis_backends: list[dict] | None = None,
        save_dir: str | None = None,
        part_names: Sequence[str] = (),
        height: int = 192,
        alpha: float = 0.6,
    ):
        super().__init__(name, vis_backends=vis_backends, save_dir=save_dir)
        if height < 16:
            raise ValueError(f'height must be at least 16 pixels, got {height}')
        if not 0 <= alpha <= 1:
            raise ValueError(f'alpha must be in [0, 1], got {alpha}')
        self.part_names = tuple(part_names)
        self.height = height
        self.alpha = alpha

    def draw_ranking(
        self, query: Mapping, gallery: Sequence[Mapping], embedding_names: Sequence[str] = ()
    ) -> np.ndarray:
        """Draw the ranking of one query; see :func:`~.drawing.draw_ranking_sheet`."""
        return self.draw_ranking_sheet([(query, gallery)], embedding_names)

    def draw_ranking_sheet(
        self,
        rankings: Sequence[tuple[Mapping, Sequence[Mapping]]],
        embedding_names: Sequence[str] = (),
        part_names: Sequence[str] = (),
    ) -> np.ndarray:
        """Draw one row a query; see :func:`~.drawing.draw_ranking_sheet`."""
        names = self.part_names or part_names
        return drawing.draw_ranking_sheet(rankings, embedding_names, names, self.height)

    def draw_parsing(
        self, image: np.ndarray, prediction: np.ndarray, label: np.ndarray | None = None
    ) -> np.ndarray:
        """Draw image, predicted parsing and label; see :func:`~.drawing.draw_parsing_sheet`."""
        return self.draw_parsing_sheet([dict(image=image, prediction=prediction, label=label)])

    def draw_parsing_sheet(
        self, samples: Sequence[Mapping], part_names: Sequence[str] = ()
    ) -> np.ndarray:
        """Draw parsing beside its image; see :func:`~.drawing.draw_parsing_sheet`."""
        names = self.part_names or part_names
        return drawing.draw_parsing_sheet(samples, names, self.height, self.alpha)

    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: ReIDDataSample,
        step: int = 0,
    ) -> None:
        """Store the parsing of one sample, which must hold ``pred_sem_seg``."""
        if 'pred_sem_seg' not in data_sample:
            raise ValueError(f'{name}: the sample has no pred_sem_seg to draw')
        label = data_sample.get('gt_sem_seg')
        picture = self.draw_parsing(
            image,
            data_sample.pred_sem_seg.cpu().numpy(),
            None if label is None else label.cpu().numpy(),
        )
        self.add_image(name, picture, step)
