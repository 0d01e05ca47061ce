from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmdrop.engine import MultiSetTestLoop, replace_test_sets, report_reranked
from mmdrop.registry import DATASETS, type_name

CONFIGS = Path(__file__).parents[2] / 'configs'
TINY = CONFIGS.parent / 'tests/data/tiny_drop.py'


def recipe(name):
    return Config.fromfile(CONFIGS / f'{name}.py')


def build(loader):
    return DATASETS.build(dict(loader.dataset, lazy_init=True))


def test_a_model_is_tested_on_other_sets_through_its_own_pipeline():
    cfg = recipe('drop_hrnet32_occduke_384x128')
    replace_test_sets(cfg, ['dukemtmc', 'occluded_reid_transfer=/data/occ', 'market1501'])
    assert cfg.test_dataloader.dataset.layout == 'dukemtmc'
    assert list(cfg.test_cfg.sets) == ['occluded_reid_transfer', 'market1501']
    other = cfg.test_cfg.sets.occluded_reid_transfer
    assert other.dataset.data_root == '/data/occ' and other.batch_size == 128
    dataset = build(other)
    assert (dataset.layout, dataset.split) == ('occluded_reid_transfer', 'test')
    assert dataset.metainfo['dataset_name'] == 'occluded_reid_transfer'
    assert dataset.pipeline.transforms[1].scale == (128, 384)


def test_settings_of_the_former_set_do_not_stay():
    cfg = recipe('drop_hrnet32_occreid')
    replace_test_sets(cfg, ['market1501'])
    assert 'protocol' not in cfg.test_dataloader.dataset
    cfg = recipe('study/drop')  # a part of the identities, and a second, occluded set
    replace_test_sets(cfg, ['dukemtmc'])
    assert build(cfg.test_dataloader).identities is None and not cfg.test_cfg.sets


def test_a_model_of_rendered_images_reads_files_by_its_file_pipeline():
    cfg = recipe('drop_demo')
    replace_test_sets(cfg, ['market1501'])
    assert build(cfg.test_dataloader).pipeline.transforms[1].scale == (64, 128)
    cfg = recipe('drop_demo')
    cfg.pop('test_pipeline')
    with pytest.raises(ValueError, match='--on needs LoadImage'):
        replace_test_sets(cfg, ['market1501'])


@pytest.mark.parametrize('sets', [['market'], ['market1501', 'market1501']])
def test_unknown_and_repeated_sets_are_refused(sets):
    with pytest.raises(ValueError, match=r'--on takes each of market1501, dukemtmc.* once'):
        replace_test_sets(recipe('drop_hrnet32_occduke'), sets)


def names_of(loader):
    return [type_name(step) for step in loader.dataset.pipeline]


def test_the_test_set_of_a_config_is_loaded_its_own_way_and_resized_as_the_models():
    cfg = recipe('drop_hrnet32_occduke_384x128')
    path = CONFIGS / 'study/drop.py'
    replace_test_sets(cfg, [f'mine={path}', f'proxy={path}:pasted', f'demo={TINY}'])
    main, proxy, demo = cfg.test_dataloader, cfg.test_cfg.sets.proxy, cfg.test_cfg.sets.demo
    assert main.dataset.layout == 'market1501' and main.dataset.identities == (0, 188)
    assert names_of(main) == ['LoadImage', 'Resize', 'PackReIDInputs']
    assert names_of(proxy) == ['LoadImage', 'OccludePerson', 'Resize', 'PackReIDInputs']
    assert names_of(demo) == ['Resize', 'PackReIDInputs']
    assert {loader.dataset.pipeline[-2].scale for loader in (main, proxy, demo)} == {(128, 384)}
    assert main.batch_size == 128


def test_a_model_of_rendered_images_brings_files_to_their_size():
    cfg = Config.fromfile(TINY)
    replace_test_sets(cfg, [f'market={CONFIGS / "drop_hrnet32_market1501.py"}', f'demo={TINY}'])
    assert names_of(cfg.test_dataloader) == ['LoadImage', 'Resize', 'PackReIDInputs']
    assert cfg.test_dataloader.dataset.pipeline[1].scale == (32, 64)
    own, other = (
        build(x)[3] for x in (Config.fromfile(TINY).test_dataloader, cfg.test_cfg.sets.demo)
    )
    assert (own['inputs'] == other['inputs']).all()
    assert (own['data_samples'].gt_sem_seg == other['data_samples'].gt_sem_seg).all()


def test_a_config_without_the_set_is_named():
    cfg, path = recipe('drop_hrnet32_occduke'), CONFIGS / 'study/drop.py'
    with pytest.raises(
        ValueError, match=r"drop\.py has no further test set 'night', only \['pasted"
    ):
        replace_test_sets(cfg, [f'a={path}:night'])
    with pytest.raises(FileNotFoundError, match=r'nowhere\.py: neither'):
        replace_test_sets(cfg, ['a=nowhere.py'])
    with pytest.raises(ValueError, match=r'NAME=CONFIG\.py'):
        replace_test_sets(cfg, [f'={path}'])


def test_reranking_is_switched_on_in_the_metric():
    cfg = recipe('drop_hrnet32_occduke')
    report_reranked(cfg)
    assert cfg.test_evaluator.rerank is True
    cfg.test_evaluator.rerank = dict(k1=30)
    report_reranked(cfg)
    assert cfg.test_evaluator.rerank == dict(k1=30)


def test_one_line_of_a_config_changes_the_test_set(tmp_path):
    (tmp_path / 'mine.py').write_text(
        'from mmengine.config import read_base\n'
        'with read_base():\n'
        '    from mmdrop.configs._base_.datasets.test_sets import *\n'
        '    from mmdrop.configs.drop_hrnet32_market1501 import *\n'
        'test_dataloader.dataset.update(test_sets.occluded_reid_half)\n'
    )
    dataset = build(Config.fromfile(tmp_path / 'mine.py').test_dataloader)
    assert dataset.metainfo['dataset_name'] == 'occluded_reid_half_draw0'


@pytest.mark.parametrize('protocol', ['transfer', 'half'])
def test_both_protocols_of_occluded_reid_list_files_and_name_themselves(tmp_path, protocol, caplog):
    for folder in ('occluded_body_images', 'whole_body_images'):
        for pid in range(1, 5):
            path = tmp_path / folder / f'{pid:03}' / f'{pid:03}_01.tif'
            path.parent.mkdir(parents=True)
            cv2.imwrite(str(path), np.zeros((8, 4, 3), np.uint8))
    cfg = recipe('drop_hrnet32_market1501')
    replace_test_sets(cfg, [f'occluded_reid_{protocol}={tmp_path}'])
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    expected = dict(transfer=('occluded_reid_transfer', 8), half=('occluded_reid_half_draw0', 4))
    assert (dataset.metainfo['dataset_name'], len(dataset)) == expected[protocol]


def test_the_recipe_across_data_sets_names_what_it_tests():
    cfg = recipe('drop_hrnet32_market1501_to_others')
    assert cfg.test_cfg.type is MultiSetTestLoop
    names = [build(loader).metainfo['dataset_name'] for loader in cfg.test_cfg.sets.values()]
    assert names == ['occluded_reid_transfer', 'dukemtmc']
    assert build(cfg.test_dataloader).metainfo['dataset_name'] == 'market1501'
