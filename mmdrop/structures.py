"""The one list of what a sample carries: field names, shapes, meanings."""

from collections.abc import Sequence

from mmengine.structures import BaseDataElement

IGNORED = 255  # label of a pixel that no parsing loss reads


class ReIDDataSample(BaseDataElement):
    """One image of one person, between the data pipeline, the model and the metric.

    H W are the network's input size, h w the size of the parsing map, K the number of parts,
    E the number of embeddings of a sample and C their channels.

    Data fields set by the pipeline:

    - ``pid`` (int): identity as the data set writes it; 0 is a distractor of Market-1501.
    - ``camid`` (int): camera, from 0; −1 for every image of a set without cameras.
    - ``gt_label`` (int): training class in [0, number of identities); −1 in a test set.
    - ``is_query`` (bool): query or gallery image of a test set; False in training.
    - ``gt_sem_seg`` (uint8 tensor ``(H, W)``): parsing label, 0 background, 1..K parts, 255
      ignored. Absent where no label was loaded.

    Data fields set by ``DROP.predict``:

    - ``embeddings`` (float32 tensor ``(E, C)``): not normalised, in the order of
      ``embedding_names``.
    - ``visibility`` (bool tensor ``(E,)``): whether the embedding takes part in matching.
    - ``visibility_score`` (float32 tensor ``(E,)``): in [0, 1].
    - ``pred_sem_seg`` (uint8 tensor ``(h, w)``): predicted parsing label; absent without a parsing
      head.

    Metainfo:

    - ``img_path`` (str): file, or a name that identifies a rendered image.
    - ``ori_shape``, ``img_shape`` (tuple): height and width of the file and of the input.
    - ``num_parts`` (int): K of the label source, or where :class:`JointReID` joins sets with and
      without labels, of those with; absent where no label is loaded. A training sample that has it
      and no ``gt_sem_seg`` takes no part in the parsing loss.
    - ``embedding_names`` (tuple of str): ``'global'``, ``'foreground'``, ``'part_1'`` to
      ``'part_K'``.
    """


def find_embeddings(wanted: Sequence[str], names: Sequence[str]) -> list[int]:
    """Positions, ascending, of the wanted embeddings among ``embedding_names``.

    Args:
        wanted: Names; ``'parts'`` stands for every part or stripe.
        names: ``embedding_names`` of a sample.

    Raises:
        ValueError: A wanted embedding is not there.
    """
    found = set()
    for name in wanted:
        prefixes = ('part_', 'stripe_') if name == 'parts' else ()
        positions = [i for i, x in enumerate(names) if x == name or x.startswith(prefixes)]
        if not positions:
            raise ValueError(
                f'the model has no embedding {name!r}, only {list(names)}: set `embeddings` of '
                'ReIDMetric (val_evaluator and test_evaluator of the config)'
            )
        found.update(positions)
    return sorted(found)
