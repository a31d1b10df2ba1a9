"""Set up a second factor, and let somebody in by it; wrong tries are counted before they are looked at."""

from __future__ import annotations

from django.contrib.auth.models import User

from core.audit.log import record
from core.clock import now
from core.crypto import create_bank_keys
from core.errors import Problem
from core.operations import opens_transaction
from core.tenancy import PROVINCE_CODE, current_bank
from tenants import second_factor as factor
from tenants.models import StaffAccess


class CodeWrong(Problem):
    """A code of the second factor is wrong, has been used, or too many tries have failed: which of these is not said."""

    code = "second_factor_wrong"
    status = 422
    title = "动态码不正确或已使用，请等待下一个动态码后重试；连续失败会锁定登录"


@opens_transaction
def count_try(*, login: str) -> bool:
    """Count one more try of a login, before anything is compared, and tell whether it may be looked at.

    Whoever may not is locked; the try that reaches the limit locks, and is still looked at. `login_done` forgets the count.
    A name that nobody has is not counted.
    """
    user_id = User.objects.filter(username=login).values_list("pk", flat=True).first()
    if user_id is None:
        return True
    StaffAccess.objects.get_or_create(user_id=user_id)
    access = StaffAccess.objects.select_for_update().only("user_id", "failed_tries", "locked_until").get(pk=user_id)
    moment = now()
    if access.locked_until is not None:
        if access.locked_until > moment:
            return False
        access.failed_tries, access.locked_until = 0, None
    access.failed_tries += 1
    if access.failed_tries >= factor.most_tries():
        access.locked_until = moment + factor.lock_time()
        record("staff.login_locked", actor=login, subject=login, detail={"tries": access.failed_tries})
    access.save(update_fields=["failed_tries", "locked_until"])
    return True


@opens_transaction
def login_done(*, login: str) -> None:
    """Forget the failed tries of somebody who is in."""
    StaffAccess.objects.filter(user__username=login).update(failed_tries=0, locked_until=None)


@opens_transaction
def begin_enrolment(*, login: str) -> str:
    """Make a new secret for a login that has no second factor, and return it; it counts for nothing until it is confirmed.

    Raises:
        CodeWrong: the login has a second factor; another takes two people.
    """
    if current_bank().code == PROVINCE_CODE:  # a bank has its keys from its opening on
        create_bank_keys()
    user = User.objects.select_for_update().get(username=login)
    access, _ = StaffAccess.objects.get_or_create(user=user)
    if access.confirmed_at is not None:
        raise CodeWrong("已启用动态码；更换须由管理员申请重置，并由另一名员工复核")
    access.secret, access.last_step = factor.new_secret(), 0
    access.save(update_fields=["secret", "last_step"])
    return access.secret


@opens_transaction
def confirm_enrolment(*, login: str, code: str) -> list[str]:
    """Take the first code of a new second factor, which is in force from then on; return the recovery codes, shown once.

    Raises:
        CodeWrong: the code is wrong, or there is nothing to confirm.
    """
    access = StaffAccess.objects.select_for_update().filter(user__username=login, confirmed_at=None).first()
    if access is None or access.secret is None:
        raise CodeWrong
    step = factor.matching_step(access.secret, factor.plain(code), at=now(), after=access.last_step)
    if step is None:
        raise CodeWrong
    codes = factor.new_recovery_codes()
    access.recovery_hashes = [factor.recovery_hash(one) for one in codes]
    access.confirmed_at, access.last_step = now(), step
    access.failed_tries, access.locked_until = 0, None
    access.save(update_fields=["recovery_hashes", "confirmed_at", "last_step", "failed_tries", "locked_until"])
    record("staff.factor_confirmed", actor=login, subject=login)
    return codes


@opens_transaction
def prove_factor(*, login: str, code: str) -> None:
    """Let a login in by a code of its app or a recovery code; either works once, whoever asks at the same time.

    The caller has counted the try (`count_try`).

    Raises:
        CodeWrong: it is neither, or was used.
    """
    access = StaffAccess.objects.filter(user__username=login, confirmed_at__isnull=False).first()
    if access is None or access.secret is None:
        raise CodeWrong
    mine = StaffAccess.objects.filter(pk=access.pk)
    step = factor.matching_step(access.secret, factor.plain(code), at=now(), after=access.last_step)
    if step is not None:
        if not mine.filter(last_step__lt=step).update(last_step=step):
            raise CodeWrong
    else:
        _use_recovery(access.pk, code)
    mine.update(failed_tries=0, locked_until=None)


def _use_recovery(pk: int, code: str) -> None:
    access = StaffAccess.objects.select_for_update().get(pk=pk)
    wanted = factor.recovery_hash(code)
    if wanted not in access.recovery_hashes:
        raise CodeWrong
    access.recovery_hashes = [left for left in access.recovery_hashes if left != wanted]
    access.save(update_fields=["recovery_hashes"])
    login = access.user.username
    record("staff.recovery_used", actor=login, subject=login, detail={"left": len(access.recovery_hashes)})
