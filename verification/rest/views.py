"""The calls of this room: agreements, consents, uploads, one-time codes, face checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter
from rest_framework.parsers import MultiPartParser
from rest_framework.views import APIView

from core.errors import InvalidRequest, NotFound, PayloadTooLarge, StateConflict, TooManyRequests, Unauthenticated
from core.idempotency import Answer
from core.ids import parse_id
from core.rest.endpoint import Access, ContractView, endpoint
from core.rest.fields import on_the_wire
from core.rest.lists import PAGE_PARAMETERS, page
from verification import operations, queries
from verification.models.act_check import CHECKING, STARTING
from verification.models.consent import PURPOSES
from verification.rest import serializers as wire
from verification.rest.documents import agreement_document, consent_document, face_check_document

if TYPE_CHECKING:
    import uuid

    from rest_framework.request import Request
    from rest_framework.response import Response

MULTIPART = "multipart/form-data"
FORM_ALLOWANCE = 64 * 1024  # what a form with one file holds beside the file
SUBJECT = "subject"


def location(request: Request, resource: str) -> dict[str, str]:
    """Name the resource that an accepted request made."""
    base, _, _ = request.path.partition("/api/v1/")
    return {"Location": f"{base}/api/v1/{resource}"}


def customer_of(request: Request) -> uuid.UUID:
    """Return the id of the customer who makes the call."""
    caller: Any = request.user
    customer_id: uuid.UUID = caller.customer_id
    return customer_id


def _hex(value: Any) -> str | None:
    return None if value is None else value.hex


class Agreements(ContractView):
    """The texts in force."""

    def get_authenticators(self) -> list[Any]:
        """Ask for a token only where the text is to name a person and a business."""
        request: Request | None = self.request  # None where the OpenAPI document is made
        asked = request is not None and SUBJECT in request.GET
        return APIView.get_authenticators(self) if asked else []

    @endpoint(
        summary="协议文本",
        answers={200: wire.AgreementPage},
        problems=[Unauthenticated],
        access=Access.OPEN,
        parameters=[
            OpenApiParameter(
                "purpose",
                {"type": "string", "enum": [purpose for purpose, _ in PURPOSES]},
                OpenApiParameter.QUERY,
            ),
            OpenApiParameter(
                SUBJECT,
                {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                OpenApiParameter.QUERY,
                description="业务编号；给出时文本写明本行、本人和该业务，须携带令牌",
            ),
        ],
        tags=["consents"],
    )
    def get(self, request: Request) -> Response:
        """Show them; with a business object, as this customer is to agree to them.

        Raises:
            InvalidRequest: there is no such purpose.
            NotFound: the business object is not the customer's.
        """
        purpose = request.query_params.get("purpose")
        if purpose is not None and purpose not in dict(PURPOSES):
            raise InvalidRequest(errors={"purpose": [f"须为 {'、'.join(name for name, _ in PURPOSES)} 之一"]})
        business_id = request.query_params.get(SUBJECT)
        if business_id is not None and parse_id(business_id) is None:
            raise NotFound
        shown = operations.show_agreements(
            purposes=None if purpose is None else [purpose],
            customer_id=None if business_id is None else customer_of(request),
            business_id=business_id,
        )
        return self.answer(Answer(200, {"items": [agreement_document(one) for one in shown], "next": None}, {}))


class Consents(ContractView):
    """The customer's own consents."""

    @endpoint(summary="我的授权", answers={200: wire.ConsentPage}, parameters=PAGE_PARAMETERS, tags=["consents"])
    def get(self, request: Request) -> Response:
        """List them, newest first, withdrawn ones too."""
        rows = queries.consents_of(customer_of(request))
        return self.answer(Answer(200, page(request, rows, consent_document), {}))

    @endpoint(
        summary="同意协议",
        request=wire.ConsentBody,
        answers={201: wire.ConsentDocument},
        problems=[operations.AgreementChanged],
        idempotent=True,
        tags=["consents"],
    )
    def post(self, request: Request) -> Response:
        """Agree to a text as it was shown."""
        body = self.read(request, wire.ConsentBody)
        return self.settle(
            request,
            lambda: operations.give_consent(
                subject_id=customer_of(request),
                agreement_id=body["agreement_id"],
                business_id=_hex(body.get("subject")),
                sha256=bytes.fromhex(body["sha256"]),
                read_seconds=body["read_seconds"],
            ),
            lambda given: Answer(201, consent_document(given), {}),
        )


class ConsentWithdraw(ContractView):
    """The end of a consent."""

    @endpoint(
        summary="撤回授权",
        answers={200: wire.ConsentDocument},
        idempotent=True,
        by_id=True,
        tags=["consents"],
    )
    def post(self, request: Request, consent_id: str) -> Response:
        """Withdraw it from now on."""
        consent = queries.access_consent(customer_of(request), consent_id)
        return self.settle(
            request,
            lambda: operations.withdraw_consent(subject_id=customer_of(request), consent_id=consent.pk),
            lambda withdrawn: Answer(200, consent_document(withdrawn), {}),
        )


class Uploads(ContractView):
    """Pictures and recordings from the customer's phone."""

    parser_classes = [MultiPartParser]

    @endpoint(
        summary="上传图片或录音",
        request=wire.UploadBody,
        answers={201: wire.UploadDocument},
        problems=[
            operations.UploadKindUnknown, operations.UploadNotReadable, operations.UploadTooLarge,
            operations.VoiceLengthRefused, TooManyRequests, PayloadTooLarge,
        ],
        media_type=MULTIPART,
        tags=["uploads"],
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Take in a file.

        Raises:
            UploadTooLarge: the body is larger than any accepted file; it is not read.
        """
        length = request.headers.get("Content-Length", "")
        if length.isdigit() and int(length[:15]) > settings.UPLOAD_MAX_BYTES + FORM_ALLOWANCE:
            raise operations.UploadTooLarge
        body = self.read(request, wire.UploadBody)
        taken = operations.receive_upload(
            subject_id=customer_of(request), kind=body["kind"], content=body["file"].read()
        )
        return self.answer(Answer(201, {"id": taken.id.hex, "sha256": taken.sha256.hex()}, {}))


class PhoneCodes(ContractView):
    """One-time codes by text message."""

    @endpoint(
        summary="获取短信验证码",
        request=wire.PhoneCodeBody,
        answers={202: wire.PhoneCodeDocument},
        problems=[StateConflict, TooManyRequests],
        idempotent=True,
        tags=["phone-codes"],
    )
    def post(self, request: Request) -> Response:
        """Have a code sent to a phone."""
        body = self.read(request, wire.PhoneCodeBody)
        return self.settle(
            request,
            lambda: operations.request_phone_code(
                subject_id=customer_of(request),
                phone=body["phone"],
                action=body["action"],
                business_id=_hex(body.get("subject")),
                amount_fen=body.get("amount"),
            ),
            lambda code: Answer(202, {"id": code.id.hex, "expires_at": on_the_wire(code.expires_at)}, {}),
        )


class FaceChecks(ContractView):
    """Face checks."""

    @endpoint(
        summary="发起人脸核验",
        request=wire.FaceCheckBody,
        answers={202: wire.FaceCheckDocument},
        problems=[
            StateConflict,
            operations.CheckSuspended,
            operations.ConsentMissing,
            operations.FaceLocked,
            TooManyRequests,
        ],
        idempotent=True,
        tags=["face-checks"],
    )
    def post(self, request: Request) -> Response:
        """Start a face check for an act on a business object."""
        body = self.read(request, wire.FaceCheckBody)
        return self.settle(
            request,
            lambda: operations.start_face_check(
                subject_id=customer_of(request), action=body["action"], business_id=body["subject"].hex
            ),
            lambda row: Answer(202, face_check_document(row), location(request, f"face-checks/{row.pk.hex}")),
        )


class OneFaceCheck(ContractView):
    """One face check."""

    @endpoint(summary="查看人脸核验", answers={200: wire.FaceCheckDocument}, by_id=True, tags=["face-checks"])
    def get(self, request: Request, face_check_id: str) -> Response:
        """Show how far it is."""
        row = queries.access_face_check(customer_of(request), face_check_id)
        waiting = row.status in {STARTING, CHECKING}
        return self.answer(Answer(200, face_check_document(row), {"Retry-After": "1"} if waiting else {}))


class FaceCheckComplete(ContractView):
    """The customer's way back from the vendor's page."""

    @endpoint(
        summary="完成人脸核验",
        request=wire.FaceCompleteBody,
        answers={202: wire.FaceCheckDocument},
        problems=[StateConflict, operations.FaceUploadNotAccepted, operations.FaceResultUnknown],
        idempotent=True,
        by_id=True,
        tags=["face-checks"],
    )
    def post(self, request: Request, face_check_id: str) -> Response:
        """Have the vendor's result fetched."""
        row = queries.access_face_check(customer_of(request), face_check_id)
        body = self.read(request, wire.FaceCompleteBody)
        return self.settle(
            request,
            lambda: operations.complete_face_check(
                face_check_id=row.pk,
                subject_id=customer_of(request),
                result_token=body.get("result_token"),
                upload_id=body.get("upload"),
            ),
            lambda done: Answer(202, face_check_document(done), location(request, f"face-checks/{done.pk.hex}")),
        )
