from .resnet_ibn import IBN, ResNetIBN

__all__ = ['IBN', 'ResNetIBN']
