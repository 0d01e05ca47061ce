"""``mim run mmdrop export …``, the same as ``mmdrop export …``; ``--help`` says more."""

from mmdrop.apis.command_line import run_verb

if __name__ == '__main__':
    run_verb('export')
