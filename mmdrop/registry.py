"""Registry nodes of the scope ``mmdrop``, children of MMEngine's root nodes.

MMEngine logs a warning for every node that a run looks up and does not find in the default
scope, so every node that a run touches is declared, also those that hold nothing of ours.
"""

from collections.abc import Callable, Mapping

from mmengine import registry as root
from mmengine.registry import Registry

SCOPE = 'mmdrop'

DATASETS = Registry('dataset', parent=root.DATASETS, scope=SCOPE, locations=['mmdrop.datasets'])
DATA_SAMPLERS = Registry(
    'data sampler', parent=root.DATA_SAMPLERS, scope=SCOPE, locations=['mmdrop.datasets']
)
TRANSFORMS = Registry(
    'transform', parent=root.TRANSFORMS, scope=SCOPE, locations=['mmdrop.datasets']
)
MODELS = Registry('model', parent=root.MODELS, scope=SCOPE, locations=['mmdrop.models'])
METRICS = Registry('metric', parent=root.METRICS, scope=SCOPE, locations=['mmdrop.evaluation'])
HOOKS = Registry(
    'hook', parent=root.HOOKS, scope=SCOPE, locations=['mmdrop.engine', 'mmdrop.visualization']
)
VISUALIZERS = Registry(
    'visualizer', parent=root.VISUALIZERS, scope=SCOPE, locations=['mmdrop.visualization']
)
# Makers of parsing labels, for `tools/data/make_parsing_labels.py`; MMEngine has no such node.
LABEL_MAKERS = Registry('label maker', scope=SCOPE, locations=['mmdrop.preparation'])
LOOPS = Registry('loop', parent=root.LOOPS, scope=SCOPE, locations=['mmdrop.engine'])
WEIGHT_INITIALIZERS = Registry(
    'weight initializer', parent=root.WEIGHT_INITIALIZERS, scope=SCOPE, locations=['mmdrop.engine']
)

# Looked up by the Runner; mmdrop adds nothing to them.
EVALUATOR = Registry('evaluator', parent=root.EVALUATOR, scope=SCOPE, locations=['mmdrop'])
FUNCTIONS = Registry('function', parent=root.FUNCTIONS, scope=SCOPE, locations=['mmdrop'])
LOG_PROCESSORS = Registry(
    'log processor', parent=root.LOG_PROCESSORS, scope=SCOPE, locations=['mmdrop']
)
MODEL_WRAPPERS = Registry(
    'model wrapper', parent=root.MODEL_WRAPPERS, scope=SCOPE, locations=['mmdrop']
)
OPTIMIZERS = Registry('optimizer', parent=root.OPTIMIZERS, scope=SCOPE, locations=['mmdrop'])
OPTIM_WRAPPERS = Registry(
    'optimizer wrapper', parent=root.OPTIM_WRAPPERS, scope=SCOPE, locations=['mmdrop']
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=root.OPTIM_WRAPPER_CONSTRUCTORS,
    scope=SCOPE,
    locations=['mmdrop'],
)
PARAM_SCHEDULERS = Registry(
    'parameter scheduler', parent=root.PARAM_SCHEDULERS, scope=SCOPE, locations=['mmdrop']
)
RUNNERS = Registry('runner', parent=root.RUNNERS, scope=SCOPE, locations=['mmdrop'])
VISBACKENDS = Registry(
    'visualizer backend', parent=root.VISBACKENDS, scope=SCOPE, locations=['mmdrop']
)


def type_name(config: Mapping | Callable) -> str:
    """Name of the class that a config builds, or of a transform's own class, without its scope."""
    kind = config['type'] if isinstance(config, Mapping) else type(config)
    return (kind if isinstance(kind, str) else kind.__name__).rpartition('.')[2]
