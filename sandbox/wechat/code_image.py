"""The mini-program's code for a scene (getUnlimitedQRCode): what may be asked for, and the picture."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from PIL import Image

from sandbox.wechat.errors import WeChatError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SCENE: Final = 32
MIN_WIDTH: Final = 280
MAX_WIDTH: Final = 1280
DEFAULT_WIDTH: Final = 430
_SCENE: Final = re.compile(r"[0-9a-zA-Z!#$&'()*+,/:;=?@\-._~]+")
_RELEASED_PAGE: Final = re.compile(r"pages(/[A-Za-z0-9_-]+)+")
_QUIET_MODULES: Final = 4


@dataclass(frozen=True, slots=True)
class CodeOrder:
    """A code that may be drawn; `page` is empty for the home page, `width` is in pixels."""

    scene: str
    page: str
    width: int


def read_order(payload: Mapping[str, object]) -> CodeOrder:
    """Read what a code is wanted for.

    Every page under `pages/` counts as released; with `check_path` false any other is taken as well.

    Raises: WeChatError 40169 (scene missing or too long), 40129 (its characters), 41030 (page),
        40097 (env_version, width).
    """
    scene = payload.get("scene")
    if not isinstance(scene, str) or not 1 <= len(scene) <= MAX_SCENE:
        raise WeChatError(40169)
    if not _SCENE.fullmatch(scene):
        raise WeChatError(40129)
    page = payload.get("page", "")
    if not isinstance(page, str) or page.startswith("/") or "?" in page:
        raise WeChatError(41030)
    if page and payload.get("check_path", True) is not False and not _RELEASED_PAGE.fullmatch(page):
        raise WeChatError(41030)
    if payload.get("env_version", "release") not in ("release", "trial", "develop"):
        raise WeChatError(40097)
    width = payload.get("width", DEFAULT_WIDTH)
    if not isinstance(width, int) or isinstance(width, bool) or not MIN_WIDTH <= width <= MAX_WIDTH:
        raise WeChatError(40097)
    return CodeOrder(scene=scene, page=page, width=width)


def draw(order: CodeOrder) -> bytes:
    """Return a PNG with a QR code of what the scan opens: `page?scene=…`, the scene URL-encoded.

    WeChat draws a round code of its own that only WeChat can read; a QR code can be read by anyone. The same
    order gives the same bytes.
    """
    import cv2

    parameters = cv2.QRCodeEncoder.Params()
    parameters.correction_level = cv2.QRCODE_ENCODER_CORRECT_LEVEL_M
    opened = f"{order.page or 'pages/index/index'}?scene={quote(order.scene, safe='')}"
    modules = cv2.QRCodeEncoder.create(parameters).encode(opened)
    code = Image.fromarray(modules)
    # The encoder leaves a narrow margin; the standard asks for four modules, and scanners rely on them.
    edge = code.width - 4 + 2 * _QUIET_MODULES
    sheet = Image.new("L", (edge, edge), 255)
    sheet.paste(code, (_QUIET_MODULES - 2, _QUIET_MODULES - 2))
    scale = order.width // edge
    picture = Image.new("L", (order.width, order.width), 255)
    offset = (order.width - edge * scale) // 2
    picture.paste(sheet.resize((edge * scale, edge * scale), Image.Resampling.NEAREST), (offset, offset))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
