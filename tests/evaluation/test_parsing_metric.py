from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.runner import Runner

from mmdrop.engine import report_parsing, report_table
from mmdrop.registry import METRICS, type_name
from mmdrop.structures import ReIDDataSample

ROOT = Path(__file__).parents[2]
NAMES = ('foreground', 'part_1', 'part_2')


def sample(label, prediction, visibility=(True, True, True), num_parts=2, names=NAMES):
    data_sample = ReIDDataSample(
        gt_sem_seg=torch.tensor(label, dtype=torch.uint8),
        pred_sem_seg=torch.tensor(prediction, dtype=torch.uint8),
        visibility=torch.tensor(visibility),
    )
    data_sample.set_metainfo(dict(img_path='a.jpg', num_parts=num_parts, embedding_names=names))
    return data_sample


def evaluate(*samples, **kwargs):
    evaluator = Evaluator(METRICS.build(dict(type='ParsingMetric', **kwargs)))
    for start in range(0, len(samples), 2):
        evaluator.process(list(samples[start : start + 2]))
    metrics = evaluator.evaluate(len(samples))
    return {name.removeprefix('parsing/'): value for name, value in metrics.items()}


def test_hand_made_maps():
    samples = [
        sample([[0, 0], [1, 2]], [[0, 1], [1, 2]]),
        sample([[0, 0], [1, 255]], [[0, 0], [2, 2]], (True, False, True)),
        sample([[0]], [[0]], (True, False, True)),
    ]
    # Eight pixels have a label. Background: 4 of 5 found, none too many. Part 1: 1 of 2 found, 1
    # too many. Part 2: found, 1 too many. The second image shows no part 2: its pixel is ignored.
    expected = {
        'aAcc': 600 / 8,
        'mIoU': 100 * (4 / 5 + 1 / 3 + 1 / 2) / 3,
        'IoU_0': 80,
        'IoU_1': 100 / 3,
        'IoU_2': 50,
        'visible_recall': 200 / 3,  # of three parts that are shown, part 1 of the second is missed
        'hidden_recall': 100 / 3,  # of part 2 of the second and both parts of the third, one
        'balanced_recall': 50,
    }
    assert evaluate(*samples) == pytest.approx(expected)


def test_labels_are_compared_at_the_size_of_the_prediction():
    # Each pixel of the prediction has its centre between four of the label: the lower right one.
    label = [[1, 1, 2, 2], [1, 0, 2, 0], [0, 0, 0, 0], [0, 1, 0, 2]]
    assert evaluate(sample(label, [[0, 0], [1, 2]]))['aAcc'] == 100


def test_a_class_that_nobody_sees_is_left_out():
    scores = evaluate(sample([[0, 1]], [[0, 1]], (True, True, False)))
    assert scores == dict.fromkeys(
        ('aAcc', 'mIoU', 'IoU_0', 'IoU_1', 'visible_recall', 'hidden_recall', 'balanced_recall'),
        100,
    )


def test_without_a_hidden_part_there_is_no_mean_of_both_recalls():
    scores = evaluate(sample([[1, 2]], [[1, 2]]))
    assert scores['visible_recall'] == 100
    assert not {'hidden_recall', 'balanced_recall'} & scores.keys()


def test_without_part_embeddings_there_is_no_visibility():
    scores = evaluate(sample([[0, 1]], [[0, 1]], (True,), names=('global',)))
    assert scores['mIoU'] == 100 and 'visible_recall' not in scores


def test_images_without_a_label_do_not_count():
    unlabelled = sample([[255, 255]], [[1, 2]], (True, False, False))
    labelled = sample([[0, 1]], [[0, 2]])
    assert evaluate(labelled, unlabelled) == evaluate(labelled)
    assert evaluate(unlabelled) == {}  # with a warning


def test_what_is_missing_or_does_not_fit_is_named():
    no_label, no_prediction = sample([[0]], [[0]]), sample([[0]], [[0]])
    del no_label.gt_sem_seg, no_prediction.pred_sem_seg
    with pytest.raises(ValueError, match='no parsing label'):
        evaluate(no_label)
    with pytest.raises(ValueError, match='the model predicts no parsing'):
        evaluate(no_prediction)
    with pytest.raises(ValueError, match='the label source makes 3 parts'):
        evaluate(sample([[0]], [[0]], num_parts=3))


@pytest.mark.cuda
def test_samples_may_lie_on_a_gpu():
    assert evaluate(sample([[0, 1]], [[0, 2]]).cuda()) == evaluate(sample([[0, 1]], [[0, 2]]))


def test_parsing_labels_of_the_training_pipeline_are_loaded_for_the_test():
    cfg = Config.fromfile(ROOT / 'configs/study/drop.py')
    report_table(cfg)
    report_parsing(cfg)
    report_parsing(cfg)  # once is enough
    steps = {
        name: [type_name(step) for step in loader.dataset.pipeline]
        for name, loader in dict(clean=cfg.test_dataloader, **cfg.test_cfg.sets).items()
    }
    # An occluder covers the label too, so it has to come behind it.
    assert steps['clean'] == ['LoadImage', 'LoadKeypointParsing', 'Resize', 'PackReIDInputs']
    assert steps['pasted'] == [*steps['clean'][:2], 'OccludePerson', *steps['clean'][2:]]
    assert cfg.test_dataloader.dataset.pipeline[1].missing == 'ignore'
    assert 'missing' not in cfg.train_dataloader.dataset.pipeline[1]
    assert [type_name(metric) for metric in cfg.test_evaluator] == ['ReIDMetric', 'ParsingMetric']
    assert cfg.test_evaluator[0].table


def test_pipelines_in_wrappers_are_found_and_a_missing_source_is_named():
    loader = dict(dataset=dict(pipeline=[dict(type='LoadImage'), dict(type='PackReIDInputs')]))
    source = dict(type='LoadParsingMap', root='labels')
    trained = dict(pipeline=[dict(type='LoadImage'), source])
    cfg = Config(
        dict(
            train_dataloader=dict(dataset=dict(type='RepeatDataset', dataset=trained)),
            test_dataloader=dict(dataset=dict(type='ConcatDataset', datasets=[loader['dataset']])),
            test_cfg=dict(sets=dict(other=loader, rendered=dict(dataset=dict(pipeline=())))),
            test_evaluator=dict(metrics=[dict(type='DumpResults'), dict(type='ReIDMetric')]),
        )
    )
    bare = Config(dict(test_dataloader=loader, test_cfg=None, train_dataloader=None))
    report_table(cfg)
    report_parsing(cfg)
    wanted = dict(source, missing='ignore')
    assert cfg.test_dataloader.dataset.datasets[0].pipeline[1] == wanted
    assert cfg.test_cfg.sets.other.dataset.pipeline[1] == wanted
    assert cfg.test_cfg.sets.rendered.dataset.pipeline == ()
    names = [type_name(metric) for metric in cfg.test_evaluator]
    assert names == ['DumpResults', 'ReIDMetric', 'ParsingMetric']
    assert [metric.get('table') for metric in cfg.test_evaluator] == [None, True, None]
    with pytest.raises(ValueError, match='the training pipeline loads no parsing labels'):
        report_parsing(bare)


def test_of_several_training_sets_the_first_label_source_is_taken():
    source = dict(type='LoadParsingMap', root='labels')
    bare = dict(pipeline=[dict(type='LoadImage')])
    labelled = dict(pipeline=[dict(type='LoadImage'), source])
    cfg = Config(
        dict(
            train_dataloader=dict(
                dataset=dict(type='JointReID', datasets=dict(bare=bare, labelled=labelled))
            ),
            test_dataloader=dict(dataset=bare),
            test_cfg=None,
            test_evaluator=dict(type='ReIDMetric'),
        )
    )
    report_parsing(cfg)
    assert cfg.test_dataloader.dataset.pipeline[1] == dict(source, missing='ignore')


def test_of_several_training_sets_that_of_the_test_sets_folder_is_taken():
    cfg = Config.fromfile(ROOT / 'configs/lite0/drop_lite0.py')
    report_parsing(cfg)
    loaders = dict(market1501=cfg.test_dataloader, **cfg.test_cfg.sets)
    sources = {name: loader.dataset.pipeline[1].ann_file for name, loader in loaders.items()}
    market = 'data/market1501_keypoints14.npz'
    cuhk03 = 'data/cuhk03p1/cuhk03p1_keypoints17.npz'
    assert sources == dict(market1501=market, pasted=market, cuhk03p1_occluded=cuhk03)


def test_a_rendered_data_set_brings_its_labels_along(tmp_path):
    cfg = Config.fromfile(ROOT / 'tests/data/tiny_drop.py')
    cfg.work_dir = str(tmp_path)
    report_parsing(cfg)
    report_table(cfg)
    metrics = Runner.from_cfg(cfg).test()
    assert 0 <= metrics['parsing/mIoU'] <= 100 and 'reid/G+F/mAP' in metrics
