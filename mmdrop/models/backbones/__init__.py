from .package_weights import load_from_package, rename_efficientnet_lite0
from .resnet_ibn import IBN, ResNetIBN

__all__ = ['IBN', 'ResNetIBN', 'load_from_package', 'rename_efficientnet_lite0']
