"""Fine-tuning, no GPU: 50 people of CUHK03-P1, from a model that saw none of them; the base."""

from mmengine.config import read_base

with read_base():
    from ...lite0.finetune_lite0_cuhk03p1 import *

# Set by the study: what it starts from has never seen this set (docs/fine_tuning.md).
load_from = None
