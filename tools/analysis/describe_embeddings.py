"""What the embeddings of a model look like on its test set, to see one that has collapsed.

    python tools/analysis/describe_embeddings.py CONFIG CHECKPOINT [--set pasted]

For each embedding, over the images that show it::

    visible    share of the images
    length     mean Euclidean length
    constant   share of the mean square that is the same for all images, |mean|² / mean |x|²
    zeros      share of the numbers that are 0
    distance   mean distance of two images after normalisation, from 500 of them to all

Of unrelated images an embedding behind batch norm has constant 0 and distance 1.4; parts are not
negative, and have about 0.3 and 1.2. A collapsed embedding has 1 and 0.
"""

import torch
from check_metric import extract
from torch import Tensor
from torch.nn.functional import normalize

from mmdrop.engine import keep_freed_memory, make_parser
from mmdrop.utils import plain_table


def describe(embedding: Tensor, visible: Tensor) -> list[float]:
    """The numbers above of one embedding, ``(N, C)`` and ``(N,)`` bool."""
    shown = embedding[visible].double()
    unit = normalize(shown)
    number = min(500, len(unit))
    distances = torch.cdist(unit, unit[torch.linspace(0, len(unit) - 1, number).long()])
    pairs = number * (len(unit) - 1)  # without those of an image and itself
    return [
        visible.double().mean().item(),
        shown.norm(dim=1).mean().item(),
        (shown.mean(0).square().sum() / shown.square().sum(1).mean()).item(),
        (shown == 0).double().mean().item(),
        distances.sum().item() / max(1, pairs),
    ]


def main() -> None:
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--set', help='a further set of a MultiSetTestLoop')
    args = parser.parse_args()
    keep_freed_memory()
    samples, _ = extract(args)
    embeddings = torch.stack([sample['embeddings'] for sample in samples])
    visible = torch.stack([sample['visibility'] for sample in samples])
    cells = [['embedding', 'visible', 'length', 'constant', 'zeros', 'distance']]
    for i, name in enumerate(samples[0]['embedding_names']):
        numbers = describe(embeddings[:, i], visible[:, i]) if visible[:, i].any() else []
        cells.append([name, *(f'{x:.2f}' for x in numbers)] if numbers else [name, *['–'] * 5])
    print(f'{len(samples)} images')
    print(plain_table(cells))


if __name__ == '__main__':
    main()
