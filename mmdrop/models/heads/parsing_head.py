"""Human position-aware parsing head (DROP, Section 3.2)."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmdrop.functional import resize_labels
from mmdrop.registry import MODELS
from mmdrop.structures import IGNORED, ReIDDataSample


@MODELS.register_module()
class ParsingHead(BaseModule):
    """Pixel classifier of K parts and background, with an optional position encoder (Eq. 4).

    Batch norm and a 1×1 convolution to K+1 classes; class 0 is the background.

    Args:
        in_channels: Channels of the parsing feature.
        num_parts: Number of parts K.
        position_encoder: Config of a module ``(h, w) → (1, C, h, w)`` that is added to the feature.
            None gives the rows without PPE of Table 4.
        loss: Config of the parsing loss.
        loss_weight: λ of Eq. 5.
        init_cfg: Initialisation, as in MMEngine; the classifier from N(0, 0.001) if not given.
    """

    def __init__(
        self,
        in_channels: int,
        num_parts: int,
        position_encoder: dict | None = None,
        loss: dict | None = None,
        loss_weight: float = 0.4,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            init_cfg
            or dict(type='Normal', override=dict(name='classifier', type='Normal', std=0.001))
        )
        self.num_parts = num_parts
        self.position_encoder = MODELS.build(position_encoder) if position_encoder else None
        self.norm = nn.BatchNorm2d(in_channels)
        self.classifier = nn.Conv2d(in_channels, num_parts + 1, 1)
        self.loss_module = MODELS.build(loss or dict(type='SpatialSmoothedCELoss'))
        self.loss_weight = loss_weight

    def forward(self, features: Tensor) -> Tensor:
        """Logits ``(B, K+1, h, w)`` of features ``(B, C, h, w)``."""
        if self.position_encoder is not None:
            features = features + self.position_encoder(*features.shape[-2:])
        return self.classifier(self.norm(features))

    def loss(self, logits: Tensor, data_samples: Sequence[ReIDDataSample]) -> dict[str, Tensor]:
        """``loss_parsing`` and ``acc_parsing`` (percent of labelled pixels), both scalars.

        A sample without a label takes no part in either; of a batch of such samples alone the
        loss is zero and there is no accuracy.
        """
        labels = self._labels(data_samples, logits)
        losses = dict(loss_parsing=self.loss_weight * self.loss_module(logits, labels))
        if any('gt_sem_seg' in sample for sample in data_samples):
            valid = labels != IGNORED
            hits = (logits.detach().argmax(1) == labels) & valid
            losses['acc_parsing'] = hits.sum() / valid.sum().clamp(min=1) * 100
        return losses

    def _labels(self, data_samples: Sequence[ReIDDataSample], logits: Tensor) -> Tensor:
        """Label maps at the size of the logits, ``(B, h, w)`` long, 255 where there is no label."""
        for sample in data_samples:
            if 'num_parts' not in sample:
                raise ValueError(
                    f'{sample.get("img_path")}: no parsing label. Put a label source, such as '
                    'LoadPifPafFields or LoadKeypointParsing, behind LoadImage in train_pipeline'
                )
            if sample.num_parts != self.num_parts:
                raise ValueError(
                    f'{sample.get("img_path")}: the label source makes {sample.num_parts} parts, '
                    f'the model has {self.num_parts}. Set num_parts of the source in '
                    'train_pipeline, of model.parsing_head and of model.reid_head to one value'
                )
        found = [sample.gt_sem_seg for sample in data_samples if 'gt_sem_seg' in sample]
        size = logits.shape[-2:]
        if not found:
            return logits.new_full((len(data_samples), *size), IGNORED, dtype=torch.long)
        ignored = torch.full_like(found[0], IGNORED)
        labels = torch.stack([sample.get('gt_sem_seg', ignored) for sample in data_samples])
        return resize_labels(labels.to(logits.device), size)
