"""The text engine: PP-OCRv6 on onnxruntime, from models that ship in the wheel. It needs no network.

One engine per process, made when the first picture comes and used by one thread at a time: one picture keeps
one core busy for about a second. A process that has made its engine must not fork: onnxruntime's threads stay
behind, and the child is aborted when it ends.
"""

from __future__ import annotations

import importlib.util
import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from core.gateway import PerProcess
from verification.providers.local.layout import Corners, TextBox, dominant_angle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from verification.providers.local.picture import Pixels

_MODELS: Final = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
_LEAST_SCORE: Final = 0.5  # what the engine reads less surely than this is no text
_VOTERS: Final = 5  # the longest lines say whether the picture stands on its head
QUICK: Final = 736  # longer side, in pixels, of the picture in which lines are looked for
FINE: Final = 1120
_MOST_LINES: Final = 80  # a card has at most 14; a page of text is no card and not worth minutes


class TextEngine:
    """Finds and reads the lines of text in a picture, at any angle."""

    def __init__(self) -> None:
        """Load the three models (about a second, 0.6 GB of memory)."""
        import cv2
        from rapidocr import RapidOCR

        cv2.setNumThreads(1)
        spec = importlib.util.find_spec("rapidocr")
        if spec is None or spec.origin is None:
            raise FileNotFoundError("rapidocr")
        models = Path(spec.origin).parent / "models"
        self._engine: Any = RapidOCR(
            params={
                # Named files are loaded as they are; without names the package may look for them on the
                # network.
                **{f"{part}.model_path": str(models / name) for part, name in _MODELS.items()},
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.limit_type": "max",
                "Det.limit_side_len": FINE,  # pictures come reduced; never enlarged here
                "Global.log_level": "critical",
            }
        )
        self._lock = threading.Lock()

    def read(self, picture: Pixels, *, detail: int, satisfied: Callable[[Sequence[TextBox]], bool]) -> list[TextBox]:
        """Return the lines of text in a picture (height × width × 3, blue green red).

        Lines are looked for in the picture reduced to `detail` (QUICK or FINE), and read from the picture
        itself: finding needs few pixels and costs the most, reading needs them all.

        All lines of a card run the same way: the lines' common direction is found first, the longest lines
        say which end is up, and each line is read once, that way. Only if the reader is not `satisfied` with
        what came out are the lines read the other way up.
        """
        with self._lock:
            quads = self._find(picture, detail)[:_MOST_LINES]
            if not quads:
                return []
            angle = dominant_angle(quads)
            quads = [_in_reading_order(quad, angle) for quad in quads]
            if self._on_its_head([_cut(picture, quad) for quad in quads]):
                quads = [_other_way_up(quad) for quad in quads]
            boxes = self._recognise(picture, quads)
            if not satisfied(boxes):
                other = self._recognise(picture, [_other_way_up(quad) for quad in quads])
                boxes = other if satisfied(other) else boxes
            return boxes

    def read_lines(self, picture: Pixels, quads: Sequence[Corners]) -> list[TextBox]:
        """Return what is read at the given places, each taken as one line from its first corner on."""
        with self._lock:
            return self._recognise(picture, quads) if quads else []

    def _find(self, picture: Pixels, detail: int) -> list[Corners]:
        """Return where lines are, in pixels of the picture."""
        import cv2

        height, width = picture.shape[:2]
        shrink = min(1.0, detail / max(height, width))
        small = cv2.resize(picture, (round(width * shrink), round(height * shrink)), interpolation=cv2.INTER_AREA)
        found = self._engine(small, use_det=True, use_cls=False, use_rec=False)
        if getattr(found, "boxes", None) is None:
            return []
        return [_corners(box, 1 / shrink) for box in found.boxes]

    def _on_its_head(self, lines: Sequence[Pixels]) -> bool:
        longest = sorted(lines, key=lambda line: line.shape[1] / line.shape[0], reverse=True)[:_VOTERS]
        _, votes = self._engine.cls_and_rotate([line.copy() for line in longest])
        return sum(float(score) if label == "180" else -float(score) for label, score in votes.cls_res) > 0

    def _recognise(self, picture: Pixels, quads: Sequence[Corners]) -> list[TextBox]:
        read = self._engine.recognize_txt([_cut(picture, quad) for quad in quads])
        return [
            TextBox(quad, text, float(score))
            for quad, text, score in zip(quads, read.txts, read.scores, strict=True)
            if text.strip() and score >= _LEAST_SCORE
        ]


def _corners(box: Sequence[Sequence[float]], scale: float) -> Corners:
    a, b, c, d = ((float(x) * scale, float(y) * scale) for x, y in box)
    return a, b, c, d


def _in_reading_order(quad: Corners, angle: float) -> Corners:
    """Return the corners clockwise from the top left one of the picture turned back by `angle`."""
    cos, sin = math.cos(angle), math.sin(angle)
    turned = [(x * cos + y * sin, y * cos - x * sin) for x, y in quad]
    start = min(range(4), key=lambda i: turned[i][0] + turned[i][1])
    a, b, c, d = (quad[(start + i) % 4] for i in range(4))
    return a, b, c, d


def _other_way_up(quad: Corners) -> Corners:
    a, b, c, d = quad
    return c, d, a, b


def _cut(picture: Pixels, quad: Corners) -> Pixels:
    """Return one line as an upright strip."""
    import cv2

    a, b, c, d = quad
    width = max(1, round(max(math.dist(a, b), math.dist(d, c))))
    height = max(1, round(max(math.dist(a, d), math.dist(b, c))))
    source = np.asarray(quad, dtype=np.float32)
    target = np.asarray([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    strip = cv2.warpPerspective(
        picture,
        cv2.getPerspectiveTransform(source, target),
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_CUBIC,
    )
    return np.asarray(strip, dtype=np.uint8)


_engines: PerProcess[str, TextEngine] = PerProcess(lambda _: TextEngine())


def engine() -> TextEngine:
    """Return this process's engine."""
    return _engines.get("text")
