"""Tencent Cloud as its official SDK meets it: TC3 signatures, ID card OCR, face verification (FaceID).

Both products answer at path "/" (the SDK posts nowhere else) and are told apart by X-TC-Action.
"""

from sandbox.tencent.controls import TencentControls
from sandbox.tencent.door import TencentDoor

__all__ = ["TencentControls", "TencentDoor"]
