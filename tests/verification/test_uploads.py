"""Pictures that a customer sends: checked, sealed, one copy per content."""

from __future__ import annotations

import hashlib
import io
from datetime import date

import pytest
from django.db import transaction
from PIL import Image

from core import vault
from core.errors import TooManyRequests
from core.vault.models import VaultObject, VaultReference
from tenants.parameters import set_for_bank
from tests.verification.conftest import enrolled, picture
from tests.verification.sounds import aac, mp3, wav
from verification.models import Upload
from verification.operations import (
    UploadKindUnknown,
    UploadNotReadable,
    UploadTooLarge,
    VoiceLengthRefused,
    receive_upload,
)


@pytest.mark.django_db
@pytest.mark.usefixtures("bank_a")
class TestReceiveUpload:
    @pytest.mark.parametrize(("form", "media"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
    @pytest.mark.parametrize("kind", ["id_card_front", "id_card_back", "face", "licence"])
    def test_a_picture_is_kept_as_it_came(self, form: str, media: str, kind: str) -> None:
        subject_id, content = enrolled(), picture(form)
        view = receive_upload(subject_id=subject_id, kind=kind, content=content)
        assert view.sha256 == hashlib.sha256(content).digest()
        row = Upload.objects.get(pk=view.id)
        assert (row.subject_id, row.kind, row.size) == (subject_id, kind, len(content))
        assert vault.read(row.object_id, purpose="test", actor="test") == content
        assert VaultObject.objects.get().content_type == media

    @pytest.mark.parametrize(
        ("content", "media"),
        [(wav(), "audio/wav"), (mp3(), "audio/mpeg"), (aac(), "audio/aac")],
        ids=["wav", "mp3", "aac"],
    )
    def test_a_recording_is_kept_as_a_voice_for_a_short_time(self, content: bytes, media: str) -> None:
        view = receive_upload(subject_id=enrolled(), kind="voice", content=content)
        row = Upload.objects.get(pk=view.id)
        assert (row.kind, row.size) == ("voice", len(content))
        assert VaultObject.objects.get().content_type == media
        assert VaultReference.objects.get(owner_id=view.id).retention == "failed_voice"

    @pytest.mark.parametrize("seconds", [0.5, 30.5])
    def test_a_recording_that_is_too_short_or_too_long_is_refused_with_the_bounds(self, seconds: float) -> None:
        with pytest.raises(VoiceLengthRefused, match="1 至 30 秒"):
            receive_upload(subject_id=enrolled(), kind="voice", content=wav(seconds, rate=8_000))
        assert not VaultObject.objects.exists()

    def test_how_long_it_may_play_is_the_banks_to_say(self) -> None:
        with transaction.atomic():
            set_for_bank(name="voice.most_seconds", value=10, effective_date=date(2020, 1, 1), actor="test")
        with pytest.raises(VoiceLengthRefused, match="1 至 10 秒"):
            receive_upload(subject_id=enrolled(), kind="voice", content=wav(11, rate=8_000))

    def test_a_recording_of_more_than_two_megabytes_is_refused(self) -> None:
        with pytest.raises(UploadTooLarge):
            receive_upload(subject_id=enrolled(), kind="voice", content=wav(12, rate=48_000, channels=2))

    def test_the_same_bytes_again_are_one_copy_with_two_references(self) -> None:
        content = picture()
        first = receive_upload(subject_id=enrolled(), kind="face", content=content)
        second = receive_upload(subject_id=enrolled(), kind="id_card_front", content=content)
        assert first.id != second.id
        assert VaultObject.objects.count() == 1
        assert VaultReference.objects.count() == 2

    @pytest.mark.parametrize(
        "content",
        [b"", b"hello", b"%PDF-1.7", b"GIF89a\x01\x00\x01\x00", b"\xff\xd8\xff\xe0 no picture", b"\x89PNG\r\n\x1a\n"],
    )
    def test_what_is_no_picture_is_refused(self, content: bytes) -> None:
        with pytest.raises(UploadNotReadable):
            receive_upload(subject_id=enrolled(), kind="face", content=content)
        assert not VaultObject.objects.exists()

    def test_a_picture_that_is_cut_short_is_refused(self) -> None:
        with pytest.raises(UploadNotReadable):
            receive_upload(subject_id=enrolled(), kind="face", content=picture(size=(400, 400))[:-200])

    @pytest.mark.parametrize("content", [b"", b"RIFF", picture(), wav(0), wav()[:-8], mp3(2), b"\xff\xf1" + bytes(50)])
    def test_what_is_no_recording_is_no_voice(self, content: bytes) -> None:
        with pytest.raises(UploadNotReadable):
            receive_upload(subject_id=enrolled(), kind="voice", content=content)

    def test_an_unknown_kind_is_refused(self) -> None:
        with pytest.raises(UploadKindUnknown):
            receive_upload(subject_id=enrolled(), kind="passport", content=picture())

    def test_too_many_bytes_are_refused(self) -> None:
        with pytest.raises(UploadTooLarge):
            receive_upload(subject_id=enrolled(), kind="face", content=b"\xff\xd8\xff" + bytes(10 * 1024 * 1024))

    def test_a_small_file_with_a_monstrous_picture_is_refused_before_it_is_decoded(self) -> None:
        content = io.BytesIO()
        Image.new("1", (40_000, 4_000)).save(content, "PNG")
        assert len(content.getvalue()) < 1024 * 1024
        with pytest.raises(UploadTooLarge):
            receive_upload(subject_id=enrolled(), kind="face", content=content.getvalue())

    def test_too_many_files_within_a_day_are_refused(self) -> None:
        with transaction.atomic():
            set_for_bank(name="upload.per_customer_day", value=2, effective_date=date(2020, 1, 1), actor="test")
        subject_id = enrolled()
        for _ in range(2):
            receive_upload(subject_id=subject_id, kind="face", content=picture())
        with pytest.raises(TooManyRequests):
            receive_upload(subject_id=subject_id, kind="face", content=picture())
        receive_upload(subject_id=enrolled(), kind="face", content=picture())
        assert Upload.objects.count() == 3
