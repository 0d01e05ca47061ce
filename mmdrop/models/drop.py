"""DROP: wiring of backbone, necks and heads."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmdrop.functional import resize_bilinear, scale_gradient
from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample

from .backbones.image_sizes import check_image_size


@MODELS.register_module()
class DROP(BaseModel):
    """Part-based ReID with a parsing branch of its own (DROP, Fig. 2).

    .. code-block:: none

        inputs ─ backbone ─ shared_neck ─┬─ parsing_neck ─ parsing_head ─ probabilities ─┐
                                         └─ reid_neck ──── P_reid ─────────────── reid_head

    Args:
        backbone: Config of a backbone that returns levels ``(B, C_i, H_i, W_i)``, finest first.
        reid_neck: Config of the neck from levels to P_reid ``(B, C, h, w)``.
        reid_head: Config of the head that reads P_reid and the parsing probabilities.
        shared_neck: Config of a neck from levels to levels, in front of both branches.
        parsing_neck: Config of the neck from levels to the parsing feature. None gives the coupled
            baseline: parsing reads P_reid.
        parsing_head: Config of the parsing head. None gives a model without parsing.
        detach_parsing: Keep the gradients of the ReID losses out of the parsing branch.
        parsing_gradient: Factor of the gradients of the ReID losses that enter the parsing branch;
            0 is ``detach_parsing``.
        channels_last: Store convolution weights and inputs channels last, faster with AMP on GPUs.
        data_preprocessor: Config of the preprocessor, ``ImgDataPreprocessor`` as a rule.
        init_cfg: Initialisation, as in MMEngine.

    Raises:
        ValueError: Parsing head and ReID head disagree on the number of parts, or
            ``parsing_gradient`` is negative.
    """

    def __init__(
        self,
        backbone: dict,
        reid_neck: dict,
        reid_head: dict,
        shared_neck: dict | None = None,
        parsing_neck: dict | None = None,
        parsing_head: dict | None = None,
        detach_parsing: bool = False,
        parsing_gradient: float = 1.0,
        channels_last: bool = False,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        self.shared_neck = MODELS.build(shared_neck) if shared_neck else None
        self.reid_neck = MODELS.build(reid_neck)
        self.parsing_neck = MODELS.build(parsing_neck) if parsing_neck else None
        self.parsing_head = MODELS.build(parsing_head) if parsing_head else None
        self.reid_head = MODELS.build(reid_head)
        self._check_num_parts()
        if parsing_gradient < 0:
            raise ValueError(f'parsing_gradient must not be negative, got {parsing_gradient}')
        self.parsing_gradient = 0.0 if detach_parsing else parsing_gradient
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.to(memory_format=self.memory_format)

    def _check_num_parts(self) -> None:
        wanted = getattr(self.reid_head, 'num_parts', None)  # None: reads no parsing
        found = self.parsing_head.num_parts if self.parsing_head is not None else 0
        if wanted is not None and wanted != found:
            raise ValueError(
                f'reid_head.num_parts is {wanted}, but '
                + (f'parsing_head.num_parts is {found}' if found else 'there is no parsing_head')
            )

    def forward(
        self,
        inputs: Tensor,
        data_samples: Sequence[ReIDDataSample] | None = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | list[ReIDDataSample] | tuple[Tensor, ...]:
        """Run the model on normalised images ``(B, 3, H, W)``.

        Args:
            inputs: Output of the data preprocessor.
            data_samples: Labels for ``'loss'``; filled with predictions by ``'predict'``.
            mode: ``'loss'`` returns a dict of losses, ``'predict'`` the samples, ``'tensor'``
                embeddings ``(B, E, C)``, visibility ``(B, E)`` and its score ``(B, E)``.
        """
        features, logits, probabilities = self.extract(inputs)
        if mode == 'loss':
            return self.loss(features, logits, probabilities, data_samples)
        embeddings, visibility, score = self.reid_head.predict(features, probabilities)
        if mode == 'tensor':
            return embeddings, visibility, score
        if mode != 'predict':
            raise ValueError(f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}")
        if torch.compiler.is_exporting() or torch.jit.is_tracing():
            raise ValueError("a graph holds no data samples: export the model with mode='tensor'")
        if data_samples is None:
            data_samples = [ReIDDataSample() for _ in inputs]
        parsing = None if logits is None else logits.argmax(1).byte()  # (B, h, w)
        for i, sample in enumerate(data_samples):
            sample.embeddings = embeddings[i].float()
            sample.visibility = visibility[i]
            sample.visibility_score = score[i].float()
            sample.set_metainfo(dict(embedding_names=self.reid_head.embedding_names))
            if parsing is not None:
                sample.pred_sem_seg = parsing[i]
        return data_samples

    def extract(self, inputs: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """P_reid ``(B, C, h, w)``, parsing logits and probabilities ``(B, K+1, h', w')``."""
        check_image_size(self.backbone, *inputs.shape[-2:])
        levels = self.backbone(inputs.contiguous(memory_format=self.memory_format))
        if self.shared_neck is not None:
            levels = self.shared_neck(levels)
        features = self.reid_neck(levels)
        if self.parsing_head is None:
            return features, None, None
        parsing_features = features if self.parsing_neck is None else self.parsing_neck(levels)
        logits = self.parsing_head(parsing_features)
        probabilities = scale_gradient(logits, self.parsing_gradient).float().softmax(1)
        return features, logits, resize_bilinear(probabilities, features.shape[-2:])

    def loss(
        self,
        features: Tensor,
        logits: Tensor | None,
        probabilities: Tensor | None,
        data_samples: Sequence[ReIDDataSample],
    ) -> dict[str, Tensor]:
        """All losses of Eq. 5; they are summed by MMEngine."""
        losses = self.reid_head.loss(features, probabilities, data_samples)
        if self.parsing_head is not None:
            losses.update(self.parsing_head.loss(logits, data_samples))
        return losses
