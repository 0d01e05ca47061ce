"""What a check of files found, as text."""

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class CheckReport:
    """Result of a check; ``print`` it.

    Attributes:
        title: What was checked.
        lines: What was found.
        problems: What is wrong, with what to do about it.
        advice: What can be done next.
    """

    title: str
    lines: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def __str__(self) -> str:
        lines = [self.title, *(f'  {line}' for line in self.lines)]
        for problem in self.problems:
            first, *more = problem.splitlines()
            lines += [f'PROBLEM: {first}', *(f'    {line}' for line in more)]
        lines.append('complete' if self.ok else f'{len(self.problems)} problem(s)')
        lines += [f'next: {line}' for line in self.advice]
        return '\n'.join(lines)


def name_some(names: list[str], limit: int = 5) -> str:
    """The first names, one a line, and how many more there are."""
    more = [f'… and {len(names) - limit} more'] if len(names) > limit else []
    return '\n'.join([*names[:limit], *more])
