"""Let checkpoints from a URL run no code either."""

from functools import partial

import mmengine.runner.checkpoint
from mmengine.utils.dl_utils import load_url

# torch.load is safe by default since PyTorch 2.6, the download that MMEngine calls is not.
mmengine.runner.checkpoint.load_url = partial(load_url, weights_only=True)
