import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmdrop.structures import ReIDDataSample
from mmdrop.visualization import ParsingHook, RankingHook, ReIDVisualizer, canvas, drawing

NAMES = ('foreground', 'part_1', 'part_2')
BLUE, GREEN, RED = canvas.QUERY_COLOR, canvas.MATCH_COLOR, canvas.MISMATCH_COLOR


def gray(height=128, width=64, value=100):
    return np.full((height, width, 3), value, np.uint8)


def has(picture, color):
    return bool((picture == color).all(-1).any())


def ranking(matches, visibility=(True, True, True)):
    query = dict(image=gray(), pid=3, visibility=visibility)
    gallery = [dict(image=gray(), distance=0.5, match=match) for match in matches]
    return query, gallery


@pytest.mark.parametrize('color', [BLUE, GREEN, RED])
def test_frame_surrounds_the_image(color):
    cell = canvas.draw_cell(gray(), '', color, height=100)
    # 100 high, 50 wide; the frame adds 5 on each side, the caption lies below.
    assert cell.shape[1] == 60
    frame = cell[:110]
    for border in (frame[0], frame[109], frame[:, 0], frame[:, 59], frame[4], frame[:, 4]):
        assert (border == color).all()
    assert (frame[5:105, 5:55] == 100).all()


def test_match_is_green_and_mismatch_red():
    right, wrong = (
        drawing.draw_ranking(*ranking([match, True, False]), NAMES) for match in (True, False)
    )
    changed = (right != wrong).any(-1)
    assert changed.any()
    assert (right[changed] == GREEN).all()
    assert (wrong[changed] == RED).all()


def test_unknown_identities_are_neither_green_nor_red():
    picture = drawing.draw_ranking(*ranking([None, None]), NAMES)
    assert has(picture, BLUE)
    assert not has(picture, GREEN) and not has(picture, RED)


def test_square_of_an_invisible_part_is_not_filled():
    cell = canvas.draw_cell(gray(), '', BLUE, visible=[True, False, True])
    first, second, third = canvas.part_palette(3)
    assert has(cell, first) and has(cell, third)
    assert not has(cell, second)


def test_strip_shows_parts_and_not_the_foreground():
    assert drawing.part_visibility(torch.tensor([True, False, True]), NAMES) == [False, True]


def test_ranking_without_parts_has_no_strip():
    with_parts, without = (
        drawing.draw_ranking(*ranking([True], visibility), names)
        for visibility, names in (((True, True, True), NAMES), ((True,), ('global',)))
    )
    assert has(with_parts, canvas.PART_COLORS[0])
    assert not has(without, canvas.PART_COLORS[0])


def test_overlay_leaves_the_background_unchanged():
    image = np.random.default_rng(0).integers(0, 255, (8, 4, 3)).astype(np.uint8)
    labels = np.zeros((8, 4), np.uint8)
    labels[2:4] = 2
    overlay = drawing.overlay_parsing(image, labels, alpha=1.0)
    assert (overlay[labels == 0] == image[labels == 0]).all()
    assert (overlay[labels == 2] == canvas.PART_COLORS[1]).all()


def test_overlay_scales_the_label_map_to_the_image():
    labels = np.array([[0, 1], [255, 2]], np.uint8)
    overlay = drawing.overlay_parsing(gray(8, 4), labels, alpha=1.0)
    first, second = canvas.part_palette(2)
    expected = np.array([[(100, 100, 100), first], [canvas.IGNORED_COLOR, second]])
    assert (overlay == expected.repeat(4, 0).repeat(2, 1)).all()


@pytest.mark.parametrize('num_parts', [0, 1, 8, 20])
def test_palette_has_distinct_colors_and_a_fixed_beginning(num_parts):
    palette = canvas.part_palette(num_parts)
    assert len(set(palette)) == len(palette) == num_parts
    assert palette[:8] == canvas.part_palette(8)[:num_parts]


def test_parsing_sheet_shows_the_label_where_there_is_one():
    prediction, label = np.full((4, 2), 1, np.uint8), np.full((4, 2), 3, np.uint8)
    sheet = drawing.draw_parsing(gray(), prediction, label, alpha=1.0)
    assert has(sheet, canvas.PART_COLORS[0]) and has(sheet, canvas.PART_COLORS[2])
    assert drawing.draw_parsing(gray(), prediction).shape[1] < sheet.shape[1]


@pytest.mark.parametrize('draw', [drawing.draw_ranking_sheet, drawing.draw_parsing_sheet])
def test_drawing_nothing_is_refused(draw):
    with pytest.raises(ValueError, match='no'):
        draw([])


class Images(BaseDataset):
    """Images of RGB (200, 20 i, 0); the first four are queries; no file exists."""

    def load_data_list(self):
        return [
            dict(img_path=f'rendered_{i}', pid=i % 2, camid=-1, is_query=i < 4) for i in range(8)
        ]

    def prepare_data(self, idx):
        info = self.get_data_info(idx)
        sample = ReIDDataSample(metainfo=dict(img_path=info['img_path']), pid=info['pid'])
        bgr = torch.tensor([0, 20 * idx, 200], dtype=torch.uint8)
        return dict(inputs=bgr[:, None, None].expand(3, 64, 32), data_samples=sample)


class PartModel(BaseModel):
    def __init__(self, parsing=True):
        super().__init__()
        self.parsing = parsing

    def forward(self, inputs, data_samples, mode):
        for sample in data_samples if self.parsing else []:
            sample.pred_sem_seg = torch.tensor([[1, 0], [2, 2]], dtype=torch.uint8)
        return data_samples


class RankLists(BaseMetric):
    default_prefix = 'reid'

    def process(self, data_batch, data_samples):
        paths = [sample['img_path'] for sample in data_samples]
        self.results += [dict(img_path=path, visibility=[True, True, False]) for path in paths]

    def compute_metrics(self, results):
        gallery = [
            item | dict(distance=0.1 * i, match=i % 2 == 0) for i, item in enumerate(results)
        ]
        self.rank_lists = [
            dict(query=query, gallery=gallery[4:], embedding_names=NAMES) for query in results[:4]
        ]
        return {'mAP': 50.0}


def run_test(work_dir, hooks, visualizer=None, parsing=True, metric=None):
    loader = dict(
        dataset=Images(metainfo=dict(part_names=('top', 'legs'))),
        batch_size=3,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=pseudo_collate,
    )
    runner = Runner(
        PartModel(parsing),
        str(work_dir),
        test_dataloader=loader,
        test_evaluator=Evaluator(metric or RankLists()),
        test_cfg=dict(),
        custom_hooks=hooks,
        visualizer=visualizer,
        experiment_name=work_dir.name,
    )
    runner.test()
    return {path.name: cv2.imread(str(path))[..., ::-1] for path in work_dir.rglob('*.png')}


def local(work_dir):
    backends = [dict(type='LocalVisBackend')]
    return dict(type='mmdrop.ReIDVisualizer', vis_backends=backends, name=work_dir.name, height=64)


def test_hooks_write_pictures_of_a_run(tmp_path):
    pictures = run_test(tmp_path, [RankingHook(num_queries=2), ParsingHook(4)], local(tmp_path))
    assert pictures.keys() == {'ranking_test_0.png', 'parsing_test_0.png'}
    # Cells are 32 + 2 * 5 wide: a query and 4 gallery images, 4 gaps of 10, 2 margins of 14.
    assert pictures['ranking_test_0.png'].shape[1] >= 5 * 42 + 4 * 10 + 2 * 14
    assert all(has(pictures['ranking_test_0.png'], color) for color in (BLUE, GREEN, RED))
    # The queries 0 to 3 are drawn, the gallery is not.
    shown = [has(pictures['parsing_test_0.png'], (200, 20 * i, 0)) for i in range(8)]
    assert shown == [True] * 4 + [False] * 4


def test_hooks_work_with_the_plain_visualizer(tmp_path):
    assert len(run_test(tmp_path, [RankingHook(), ParsingHook()])) == 2


def test_model_without_parsing_gets_no_parsing_picture(tmp_path):
    pictures = run_test(tmp_path, [RankingHook(), ParsingHook()], parsing=False)
    assert pictures.keys() == {'ranking_test_0.png'}


def test_metric_without_rank_lists_gets_no_ranking_picture(tmp_path):
    class NoLists(RankLists):
        def compute_metrics(self, results):
            return {'mAP': 50.0}

    assert run_test(tmp_path, [RankingHook()], metric=NoLists()) == {}


def test_log_says_where_the_picture_is(tmp_path):
    run_test(tmp_path, [RankingHook()])
    (log,) = tmp_path.rglob('*.log')
    (picture,) = tmp_path.rglob('*.png')
    assert str(picture) in log.read_text()


@pytest.mark.parametrize('hook', [RankingHook, ParsingHook])
def test_hooks_refuse_an_interval_of_zero(hook):
    with pytest.raises(ValueError, match='interval must be at least 1, got 0'):
        hook(interval=0)


def test_visualizer_stores_the_parsing_of_a_sample(tmp_path):
    visualizer = ReIDVisualizer('v', [dict(type='LocalVisBackend')], str(tmp_path), height=64)
    sample = ReIDDataSample(pred_sem_seg=torch.ones(4, 2, dtype=torch.uint8))
    visualizer.add_datasample('person', gray(), sample, step=3)
    (path,) = tmp_path.rglob('person_3.png')
    assert cv2.imread(str(path)).shape[0] > 64
    with pytest.raises(ValueError, match='pred_sem_seg'):
        visualizer.add_datasample('person', gray(), ReIDDataSample())
