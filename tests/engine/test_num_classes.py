from pathlib import Path

import pytest
from mmengine.config import Config

from mmdrop.engine import close_classes, count_classes, load_trained_model, read_config


def config(**dataset):
    people = dict(type='SyntheticReID', split='train', num_identities=7, images_per_identity=2)
    return Config(
        dict(
            model=dict(type='DROP', reid_head=dict(type='PartReIDHead', num_classes=None)),
            train_dataloader=dict(dataset=people | dataset),
        )
    )


def test_open_classes_are_as_many_as_the_training_identities():
    cfg = config()
    count_classes(cfg)
    assert cfg.model.reid_head.num_classes == 7


def test_a_number_that_is_set_is_left_alone():
    cfg = config(type='NoSuchSet')  # which is not even built
    cfg.model.reid_head.num_classes = 3
    count_classes(cfg)
    assert cfg.model.reid_head.num_classes == 3 and close_classes(cfg.model) == cfg.model


def test_a_prediction_needs_no_number():
    cfg = config()
    assert close_classes(cfg.model)['reid_head']['num_classes'] == 1
    assert cfg.model.reid_head.num_classes is None
    demo = read_config('finetune_demo')
    model = load_trained_model(demo, 'zoo://drop_demo').model
    assert model.reid_head.num_classes == 1 and demo.model.reid_head.num_classes is None


def test_a_config_with_imports_can_still_be_written_down():
    cfg = Config.fromfile(Path(__file__).parents[1] / 'data/tiny_drop.py')
    text = cfg.pretty_text
    cfg.model = close_classes(cfg.model)
    assert cfg.pretty_text == text


def test_a_set_that_does_not_count_its_identities_is_named(monkeypatch):
    monkeypatch.setattr('mmdrop.datasets.SyntheticReID.metainfo', {}, raising=False)
    with pytest.raises(ValueError, match='num_classes is None, and the training set has no'):
        count_classes(config())
