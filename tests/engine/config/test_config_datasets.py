from pathlib import Path

import pytest
from mmengine.config import Config

from mmdrop.engine import inner_datasets, input_size, is_trained_on, replace_test_sets

CONFIGS = Path(__file__).parents[3] / 'configs'


def config(test, *trained):
    joint = dict(type='JointReID', datasets={str(i): dataset for i, dataset in enumerate(trained)})
    repeated = dict(type='RepeatDataset', dataset=joint, times=2)
    return Config(
        dict(
            train_dataloader=dict(dataset=repeated) if trained else None,
            test_dataloader=dict(dataset=test),
        )
    )


def files(layout, data_root='data/x', **kwargs):
    return dict(type='ReIDDataset', layout=layout, data_root=data_root, **kwargs)


def test_data_sets_are_found_in_lists_in_mappings_and_under_one_another():
    a, b, c = (dict(type='ReIDDataset', layout=name) for name in 'abc')
    joint = dict(type='JointReID', datasets=dict(a=a, more=dict(dataset=b)))
    both = Config(dict(dataset=dict(type='ConcatDataset', datasets=[joint, c]))).dataset
    assert [dataset.layout for dataset in inner_datasets(both)] == ['a', 'b', 'c']
    assert not list(inner_datasets(None))


@pytest.mark.parametrize(
    ('test', 'trained', 'expected'),
    [
        (files('market1501', 'a', identities=(0, 5)), [files('market1501', 'b')], True),
        (files('market1501'), [files('dukemtmc', 'y'), files('market1501')], True),
        (files('occluded_duke'), [files('dukemtmc', 'y')], True),
        (files('p_dukemtmc'), [files('occluded_duke', 'y')], True),
        (files('occluded_market'), [files('market1501', 'y')], True),
        (files('market1501'), [files('dukemtmc', 'y')], False),
        (files('csv', 'a'), [files('csv', 'b')], False),
        (files('csv', 'a'), [files('folder', 'b/../a')], True),
        (dict(type='SyntheticReID'), [dict(type='SyntheticReID', seed=0)], True),
        (dict(type='SyntheticReID', seed=1), [dict(type='SyntheticReID')], False),
        (files('market1501'), [], False),
    ],
)
def test_a_set_was_trained_on_where_its_source_was(test, trained, expected):
    assert is_trained_on(config(test, *trained)) is expected


def test_recipes_know_what_they_were_trained_on():
    cfg = Config.fromfile(CONFIGS / 'drop_efficientnetlite0_market1501_cuhk03p1.py')
    seen = {}
    for name in ('market1501', 'dukemtmc'):
        replace_test_sets(cfg, [name])
        seen[name] = is_trained_on(cfg)
    assert seen == dict(market1501=True, dukemtmc=False)


def test_the_size_of_the_input_is_that_of_the_resizing_or_of_the_rendered_images():
    resize = dict(type='Resize', scale=(64, 128))
    assert input_size(config(files('market1501', pipeline=[resize]))) == (128, 64)
    assert input_size(config(dict(type='SyntheticReID', image_size=(96, 32)))) == (96, 32)
    with pytest.raises(ValueError, match='has no Resize'):
        input_size(config(files('market1501')))
