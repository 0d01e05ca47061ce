"""``mim run mmdrop demo …``, the same as ``mmdrop demo …``; ``--help`` says more."""

from mmdrop.apis.command_line import run_verb

if __name__ == '__main__':
    run_verb('demo')
