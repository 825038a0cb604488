"""A console of rich behind the border to the terminal: see `harness.cli.printing`."""

from typing import IO

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment

from harness.cli.printing import shown


class _Shown:
    """A renderable whose texts hide nothing; rich's own control codes pass."""

    def __init__(self, renderable: ConsoleRenderable) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(shown(segment.text), segment.style)


class _Border(RenderHook):
    """A hook of rich: every renderable that is printed is wrapped."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Shown(renderable) for renderable in renderables]


def terminal(  # noqa: PLR0913 - what rich's console is told
    *,
    stderr: bool = False,
    markup: bool = False,
    soft_wrap: bool = False,
    highlight: bool = True,
    file: IO[str] | None = None,
    width: int | None = None,
) -> Console:
    """Return a console behind the border."""
    console = Console(
        stderr=stderr,
        markup=markup,
        soft_wrap=soft_wrap,
        highlight=highlight,
        file=file,
        width=width,
    )
    console.push_render_hook(_Border())
    return console
