"""The command `mmdrop`, one module for each of its verbs."""

from .main import main, run_verb

__all__ = ['main', 'run_verb']
