"""Kill a process in the middle of what it writes."""

import builtins
import os
import signal
import traceback


class _Writer:
    """A file whose writes are events."""

    def __init__(self, file, happen):
        self.file, self.happen = file, happen

    def write(self, data):
        self.happen('write', self.file.name, lambda: self._write_half(data))
        return self.file.write(data)

    def _write_half(self, data):
        self.file.write(memoryview(data)[: len(data) // 2] if len(data) > 1 else data)
        self.file.flush()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()


def count_events(on_event):
    """From now on, call ``on_event(number, kind, path, half)`` before each event of this process.

    Events are what changes a ``.pth`` file, a mark, or a folder: opening for writing, each write,
    syncing, renaming, removing. ``half()`` does a half of the event, where it has one.
    """
    number, real_open = 0, builtins.open

    def happen(kind, path, half=lambda: None):
        nonlocal number
        number += 1
        on_event(number, kind, str(path), half)

    def watched_open(file, mode='r', *args, **kwargs):
        path = os.fspath(file) if isinstance(file, str | os.PathLike) else ''
        watched = ('.pth' in path or 'last_checkpoint' in path) and set(mode) & set('wax+')
        if watched:
            happen('open', path)
        opened = real_open(file, mode, *args, **kwargs)
        return _Writer(opened, happen) if watched else opened

    def watch(name):
        real = getattr(os, name)

        def watched(path, *args, **kwargs):
            happen(name, path)
            return real(path, *args, **kwargs)

        setattr(os, name, watched)

    builtins.open = watched_open
    for name in ('fsync', 'replace', 'remove', 'unlink'):
        watch(name)


def in_child(function):
    """Run a function in a forked process and return its exit status, negative for a signal."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            function()
            status = 0
        except BaseException:
            traceback.print_exc()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_at(number):
    """Let this process die by ``SIGKILL`` in the middle of its event of that number."""

    def on_event(now, kind, path, half):
        if now == number:
            half()
            os.kill(os.getpid(), signal.SIGKILL)

    count_events(on_event)
