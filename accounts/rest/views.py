"""The calls of this room: sessions and registration."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import queries
from accounts.models import Registration
from accounts.operations import login, registration
from accounts.operations.registration import Confirmation
from accounts.rest import serializers as wire
from accounts.rest.documents import registration_document
from core.errors import StateConflict, Unavailable
from core.idempotency import Answer
from core.rest.endpoint import Access, ContractView, caller, endpoint
from core.rest.fields import on_the_wire
from verification.operations import (
    CheckSuspended,
    ConsentMissing,
    FaceTokenExpired,
    FaceTokenMismatch,
    FaceTokenUsed,
    PhoneCodeWrong,
    UploadUnknown,
)

FACE_PROBLEMS = [FaceTokenExpired, FaceTokenMismatch, FaceTokenUsed]
UNFINISHED = frozenset({"reading", "checking", "opening", "posting", "closing"})


def location(request: Request, resource: str) -> dict[str, str]:
    """Name the resource that an accepted request made."""
    base, _, _ = request.path.partition("/api/v1/")
    return {"Location": f"{base}/api/v1/{resource}"}


def polled(document: dict[str, object]) -> Answer:
    """Answer a resource; one that is on its way says when to ask again."""
    return Answer(200, document, {"Retry-After": "1"} if document["status"] in UNFINISHED else {})


class Sessions(ContractView):
    """Logins."""

    @endpoint(
        summary="登录",
        request=wire.LoginBody,
        answers={201: wire.LoginDocument},
        problems=[login.WechatCodeInvalid, Unavailable],
        access=Access.OPEN,
        tags=["sessions"],
    )
    def post(self, request: Request) -> Response:
        """Log in with the code of wx.login."""
        body = self.read(request, wire.LoginBody)
        found = login.log_in(
            wechat_code=body["wechat_code"], device_id=body["device_id"], entry_token=body.get("entry_token")
        )
        document = {
            "access_token": found.token,
            "expires_at": on_the_wire(found.expires_at),
            "customer": {"id": found.customer_id.hex, "stage": found.stage},
        }
        return self.answer(Answer(201, document, {}))


class CurrentSession(ContractView):
    """The session whose token came along."""

    @endpoint(summary="退出登录", answers={204: None}, tags=["sessions"])
    def delete(self, request: Request) -> Response:
        """Log out."""
        login.log_out(session_id=caller(request).session_id)
        return Response(status=204)


class Registrations(ContractView):
    """Registrations."""

    @endpoint(
        summary="开始注册",
        request=wire.RegistrationBody,
        answers={202: wire.RegistrationDocument},
        problems=[CheckSuspended, ConsentMissing, UploadUnknown, StateConflict],
        idempotent=True,
        tags=["registrations"],
    )
    def post(self, request: Request) -> Response:
        """Have both sides of the ID card read."""
        body = self.read(request, wire.RegistrationBody)
        return self.settle(
            request,
            lambda: registration.start_registration(
                customer_id=caller(request).customer_id,
                front_upload_id=body["id_card_front"],
                back_upload_id=body["id_card_back"],
            ),
            lambda row: accepted(request, row),
        )


def accepted(request: Request, row: Registration, status: int = 202) -> Answer:
    """Answer a registration that was started or moved on."""
    headers = location(request, f"registrations/{row.pk.hex}") if status == 202 else {}  # noqa: PLR2004
    return Answer(status, registration_document(row), headers)


class OneRegistration(ContractView):
    """One registration."""

    @endpoint(summary="查看注册", answers={200: wire.RegistrationDocument}, by_id=True, tags=["registrations"])
    def get(self, request: Request, registration_id: str) -> Response:
        """Show how far it is."""
        row = queries.access_registration(caller(request).customer_id, registration_id)
        return self.answer(polled(registration_document(row)))


class RegistrationConfirm(ContractView):
    """Confirmation of what was read."""

    @endpoint(
        summary="确认证件信息",
        request=wire.ConfirmBody,
        answers={200: wire.RegistrationDocument},
        problems=[StateConflict],
        idempotent=True,
        by_id=True,
        tags=["registrations"],
    )
    def post(self, request: Request, registration_id: str) -> Response:
        """Confirm."""
        row = queries.access_registration(caller(request).customer_id, registration_id)
        body = self.read(request, wire.ConfirmBody)
        return self.settle(
            request,
            lambda: registration.confirm_registration(
                registration_id=row.pk,
                customer_id=caller(request).customer_id,
                confirmation=Confirmation(**body),
            ),
            lambda moved: accepted(request, moved, 200),
        )


class RegistrationPhone(ContractView):
    """The phone of a registration."""

    @endpoint(
        summary="验证手机号",
        request=wire.PhoneBody,
        answers={202: wire.RegistrationDocument},
        problems=[StateConflict, PhoneCodeWrong],
        idempotent=True,
        by_id=True,
        tags=["registrations"],
    )
    def post(self, request: Request, registration_id: str) -> Response:
        """Prove the phone number, by text message or by WeChat."""
        row = queries.access_registration(caller(request).customer_id, registration_id)
        body = self.read(request, wire.PhoneBody)
        ids = {"registration_id": row.pk, "customer_id": caller(request).customer_id}
        if "wechat_phone_code" in body:
            return self.settle(
                request,
                lambda: registration.give_wechat_phone(**ids, wechat_phone_code=body["wechat_phone_code"]),
                lambda moved: accepted(request, moved),
            )
        code = body["phone_code"]
        return self.settle(
            request,
            lambda: registration.give_phone(**ids, phone=body["phone"], code_id=code["id"], code=code["code"]),
            lambda moved: accepted(request, moved),
        )


class RegistrationRelink(ContractView):
    """The move to another WeChat account."""

    @endpoint(
        summary="换绑微信",
        request=wire.RelinkBody,
        answers={202: wire.RegistrationDocument},
        problems=[StateConflict, PhoneCodeWrong, *FACE_PROBLEMS],
        idempotent=True,
        by_id=True,
        tags=["registrations"],
    )
    def post(self, request: Request, registration_id: str) -> Response:
        """Move, by face and by a code to the old phone."""
        row = queries.access_registration(caller(request).customer_id, registration_id)
        body = self.read(request, wire.RelinkBody)
        return self.settle(
            request,
            lambda: registration.relink(
                registration_id=row.pk,
                customer_id=caller(request).customer_id,
                face_token=body["face_token"],
                code_id=body["phone_code"]["id"],
                code=body["phone_code"]["code"],
            ),
            lambda moved: accepted(request, moved),
        )
