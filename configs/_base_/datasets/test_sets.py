"""The known test sets, to test a model on others than its own.

In a config, ``test_dataloader.dataset.update(test_sets.dukemtmc)``; on the command line of
``tools/test.py``, ``--on dukemtmc``.
"""

test_sets = dict(
    market1501=dict(layout='market1501', data_root='data/Market-1501-v15.09.15'),
    dukemtmc=dict(layout='dukemtmc', data_root='data/DukeMTMC-reID'),
    occluded_duke=dict(layout='occluded_duke', data_root='data/Occluded_Duke'),
    occluded_market=dict(layout='occluded_market', data_root='data/Occluded_Market'),
    p_dukemtmc=dict(layout='p_dukemtmc', data_root='data/P-DukeMTMC-reID'),
    occluded_reid_transfer=dict(
        layout='occluded_reid', data_root='data/Occluded_REID', protocol='transfer'
    ),
    occluded_reid_half=dict(
        layout='occluded_reid', data_root='data/Occluded_REID', protocol='half', draw=0
    ),
    cuhk01=dict(layout='cuhk01', data_root='data/cuhk01'),
    cuhk03p1_occluded=dict(
        layout='csv', data_root='data/cuhk03p1', ann_file='cuhk03p1_occluded.csv'
    ),
)
