"""DROP trained on Market-1501, tested on other sets too; not in the paper, no figure to expect."""

from mmengine.config import read_base

from mmdrop.engine import MultiSetTestLoop

with read_base():
    from ._base_.datasets.test_sets import *
    from .drop_hrnet32_market1501 import *

# Occluded-REID by its transfer protocol, which most papers use, and a change of city.
transfer = dict(test_dataloader.dataset, **test_sets.occluded_reid_transfer)
dukemtmc = dict(test_dataloader.dataset, **test_sets.dukemtmc)
test_cfg = dict(
    type=MultiSetTestLoop,
    sets=dict(
        occluded_reid_transfer=dict(test_dataloader, dataset=transfer),
        dukemtmc=dict(test_dataloader, dataset=dukemtmc),
    ),
)
