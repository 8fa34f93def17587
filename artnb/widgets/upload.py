"""A file that comes in pieces: it may be larger than a message, unlike with FileUpload of ipywidgets."""

from collections.abc import Callable, Mapping
from pathlib import Path

import anywidget
import traitlets
from anywidget.experimental import command

LARGEST = 100_000_000  # bytes of a file


class Upload(anywidget.AnyWidget):
    """Lets a file be chosen and hands over its bytes.

    JupyterLab and Voilà close the connection on a message larger than their `websocket_max_message_size`,
    10 MB by default; FileUpload then shows nothing and takes no further file (ipywidgets 8.1). Here no
    message has more than 4 MB.

    Args:
        description: stands at it.
        take: is given the name and the bytes of a file that has come whole.
        say: is told why a file is not taken.
    """

    _esm = Path(__file__).with_name("upload.js")
    description = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self, description: str, take: Callable[[str, bytes], None], say: Callable[[str], None]
    ) -> None:
        self._take_whole, self._say, self._come = take, say, bytearray()
        super().__init__(description=description)

    @command
    def _take(self, about: Mapping, buffers: list[bytes]) -> tuple[bool, list[bytes]]:
        """Keeps a piece; answers whether the next is wanted."""
        name, start, size = str(about["name"]), int(about["start"]), int(about["size"])
        if start == 0:
            self._come = bytearray()
        if size > LARGEST:
            self._say(f"{name} is not taken: {size / 1e6:,.0f} MB; at most {LARGEST / 1e6:,.0f} are")
            return False, []
        if start != len(self._come):
            self._say(f"{name} is not taken: a piece of it was lost; choose it again")
            return False, []
        self._come += bytes(buffers[0])
        if len(self._come) < size:
            return True, []
        whole, self._come = bytes(self._come), bytearray()
        self._take_whole(name, whole)
        return False, []
