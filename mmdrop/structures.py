"""The one list of what a sample carries: field names, shapes, meanings."""

from mmengine.structures import BaseDataElement


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
    - ``num_parts`` (int): K of the label source; absent where no label was loaded.
    - ``embedding_names`` (tuple of str): ``'global'``, ``'foreground'``, ``'part_1'`` to
      ``'part_K'``.
    """
