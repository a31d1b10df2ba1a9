"""Take in the pictures and recordings that a customer sends."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from PIL import Image, UnidentifiedImageError

from core import vault
from core.clock import now
from core.errors import Problem, TooManyRequests
from core.ids import new_id
from core.operations import opens_transaction
from verification import parameters
from verification.models import Subject, Upload
from verification.models.upload import KINDS, VOICE
from verification.operations.factors import FAILED_VOICE
from verification.recordings import MEDIA_TYPES, NotARecording, listen

if TYPE_CHECKING:
    import uuid

IDENTIFICATION: Final = "identification"  # the vault's retention class: relationship and ten years (AML-04)
OWNER: Final = "verification.upload"
IMAGE_TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png"}
MOST_VOICE_BYTES: Final = 2 * 1024 * 1024  # half a minute as phones record it; two of them fit into one call
MOST_PIXELS: Final = 40_000_000
DAY: Final = timedelta(hours=24)


class UploadNotReadable(Problem):
    """The file is not a JPEG or PNG picture (for a voice: not a WAV, MP3 or AAC recording), or is damaged."""

    code = "upload_not_readable"
    status = 422
    title = "文件无法识别，请上传清晰的 JPG 或 PNG 图片，录音请上传 WAV、MP3 或 AAC 格式"


class UploadTooLarge(Problem):
    """The file has more bytes or pixels than are accepted."""

    code = "upload_too_large"
    status = 422
    title = "文件过大，请压缩后重新上传"


class VoiceLengthRefused(Problem):
    """The recording plays for too short or too long a time; `detail` names the bounds."""

    code = "voice_length_refused"
    status = 422
    title = "录音时长不符合要求，请重新录制"


class UploadKindUnknown(Problem):
    """There is no such kind of upload."""

    code = "upload_kind_unknown"
    status = 422
    title = "不支持的文件种类，请重新选择文件"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadView:
    """A file that was taken in, and the SHA-256 of its content."""

    id: uuid.UUID
    sha256: bytes


def receive_upload(*, subject_id: uuid.UUID, kind: str, content: bytes) -> UploadView:
    """Check a file, seal it into the vault and record whose it is; the same bytes again are one more reference.

    The bytes are written before the transaction opens, so that none waits for a disk. A recording is kept for a short
    time only, unless a voice check that passes stands on it.

    Raises:
        UploadKindUnknown, UploadTooLarge, UploadNotReadable, VoiceLengthRefused: the file cannot be taken.
        TooManyRequests: the customer has sent too many files within a day.
    """
    if kind not in dict(KINDS):
        raise UploadKindUnknown(errors={"kind": [f"须为 {'、'.join(name for name, _ in KINDS)} 之一"]})
    if len(content) > settings.UPLOAD_MAX_BYTES:
        raise UploadTooLarge
    content_type = _sound_type(content) if kind == VOICE else _picture_type(content)
    staged = vault.stage(content, content_type=content_type)
    return _record_upload(subject_id=subject_id, kind=kind, staged=staged)


@opens_transaction
def _record_upload(*, subject_id: uuid.UUID, kind: str, staged: vault.StagedObject) -> UploadView:
    subject = Subject.objects.select_for_update(no_key=True).get(pk=subject_id)
    recent = Upload.objects.filter(subject=subject, created_at__gt=now() - DAY).count()
    if recent >= parameters.number(parameters.UPLOADS_PER_DAY):
        raise TooManyRequests(retry_after=int(DAY.total_seconds()))
    upload_id = new_id()
    retention = FAILED_VOICE if kind == VOICE else IDENTIFICATION
    stored = vault.attach(staged, kind=kind, owner=vault.Owner(OWNER, upload_id), retention=retention)
    Upload.objects.create(id=upload_id, subject=subject, kind=kind, object_id=stored.id, size=staged.size)
    return UploadView(id=upload_id, sha256=stored.sha256)


def _picture_type(content: bytes) -> str:
    """Return the media type of a picture that decodes as a whole.

    Raises:
        UploadNotReadable: it does not.
        UploadTooLarge: it has too many pixels to be decoded safely.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=list(IMAGE_TYPES)) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise UploadTooLarge
                picture.load()
                return IMAGE_TYPES[str(picture.format)]
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise UploadNotReadable from error


def _sound_type(content: bytes) -> str:
    """Return the media type of a recording that is whole and neither too short nor too long.

    Raises:
        UploadTooLarge, UploadNotReadable, VoiceLengthRefused: it is not.
    """
    if len(content) > MOST_VOICE_BYTES:
        raise UploadTooLarge(f"录音不得超过 {MOST_VOICE_BYTES // 1024 // 1024} MB，请重新录制")
    try:
        sound = listen(content)
    except NotARecording as error:
        raise UploadNotReadable("录音无法识别，请上传完整的 WAV、MP3 或 AAC 录音") from error
    least = parameters.number(parameters.VOICE_LEAST_SECONDS)
    most = parameters.number(parameters.VOICE_MOST_SECONDS)
    if not least <= sound.seconds <= most:
        raise VoiceLengthRefused(f"录音时长须为 {least} 至 {most} 秒，请重新录制")
    return MEDIA_TYPES[sound.form]
