"""Logins and roles of this bank's (or the province's) staff."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from core.admin.acts import Act, ActForm, actor_of, perform
from core.admin.pages import ReadOnlyPage
from core.approvals.operations import propose
from core.clock import SHANGHAI, now
from core.errors import NotFound
from core.tenancy import current_bank
from tenants.approvals import GRANT_ROLE, RESET_FACTOR
from tenants.operations.staff import revoke_role
from tenants.second_factor import has_factor
from tenants.staff import AML_READER, held_roles, longest_aml_days, roles_at

FIELDSETS: Final[tuple[Any, ...]] = (
    (None, {"fields": ("username", "password")}),
    ("个人信息", {"fields": (("last_name", "first_name"), "email")}),
    ("角色", {"fields": (("is_active", "is_staff"), "roles", "is_superuser", "factor")}),
    ("记录", {"fields": (("last_login", "date_joined"),)}),
)
WAITS: Final = "已提交，待有复核权限的另一名员工在“复核事项”中复核；复核通过前不生效"
GRANT: Final = Act(
    title="申请授予角色",
    submit="提交复核",
    explanation="角色由另一名有复核权限的员工复核后生效；申请人和被授予人本人都不能复核。",
    done=WAITS,
)
REVOKE: Final = Act(
    title="收回角色",
    submit="收回",
    explanation="立即生效，写入审计日志。再次授予须重新申请和复核。",
    done="角色已收回",
    danger=True,
)
RESET: Final = Act(
    title="申请重置动态码",
    submit="提交复核",
    explanation="员工遗失手机且恢复码用完时使用。复核通过后该员工下次登录须重新绑定。请当面核实本人身份。",
    done=WAITS,
    danger=True,
)


def _told(role: str, user: User) -> str:
    """Name a role, and of the one that ends its end."""
    if role != AML_READER:
        return role
    until_at = getattr(getattr(user, "access", None), "aml_until_at", None)
    if until_at is None or until_at <= now():
        return f"{role}（已到期）"
    return f"{role}（至 {until_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}）"


class WhyForm(ActForm):
    """Why; kept with the proposal or the trace."""

    reason = forms.CharField(label="理由", max_length=200, help_text="写入复核记录与审计日志")


def _role_form(names: list[str], **more: forms.Field) -> type[ActForm]:
    choice = forms.ChoiceField(label="角色", choices=[(name, name) for name in names])
    return type("RoleForm", (ActForm,), {"role": choice, **more, "reason": WhyForm.base_fields["reason"]})


def _days() -> forms.Field:
    told = f"授予“{AML_READER}”时须填写，1 至 {longest_aml_days()} 天，自复核通过起算，到期自动失效；其他角色请留空"
    return forms.IntegerField(label="有效天数", required=False, min_value=1, help_text=told)


class UserPage(UserAdmin, ModelAdmin):  # type: ignore[type-arg]  # takes none at run time
    """Logins. Roles are given by two people and never by the form; only a superuser touches a superuser; nobody is deleted."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    actions = ()
    actions_detail = ("grant", "revoke", "reset")
    list_fullwidth = True
    list_display = ("username", "last_name", "first_name", "roles", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username__startswith", "last_name", "first_name")
    search_help_text = "按登录名或姓名查找"
    readonly_fields = ("last_login", "date_joined", "roles", "is_superuser", "factor")
    filter_horizontal = ()
    fieldsets = FIELDSETS
    add_fieldsets = (
        (None, {"fields": ("username", "usable_password", "password1", "password2")}),
        ("登录", {"fields": ("is_staff",)}),
    )

    @display(description="角色")
    def roles(self, user: User) -> str:
        """Name the login's roles."""
        return "、".join(_told(group.name, user) for group in user.groups.all()) or "—"

    @display(description="动态码")
    def factor(self, user: User) -> str:
        """Say whether the login has a second factor."""
        return "已启用" if has_factor(user) else "未启用"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Fetch the roles of all logins in one statement, and until when they hold."""
        return super().get_queryset(request).select_related("access").prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep a superuser's login from everybody else: its password would be a way to all rights."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the name of a login for good: who proposes and who approves differ by it, and histories name it."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None else (*fixed, "username")

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Set a password only where it opens nothing by itself: for oneself, before any role, or beside a second factor.

        Otherwise whoever sets the password of somebody with rights could act as that person.
        """
        user = self._user(id)
        if user is not None and user != request.user and user.groups.exists() and not has_factor(user):
            raise PermissionDenied
        answer: HttpResponse = super().user_change_password(request, id, form_url)
        return answer

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Delete nobody: a login that left is made inactive, its traces stay."""
        del request, obj
        return False

    def _user(self, object_id: Any) -> User | None:
        if not str(object_id).isdecimal():
            return None
        return User.objects.filter(pk=object_id).prefetch_related("groups").first()

    def has_assign_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Offer the acts to whoever may change the login."""
        return self.has_change_permission(request, None if object_id is None else self._user(object_id))

    @action(description="申请授予角色", permissions=["assign"], icon="badge")
    def grant(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose a role."""
        user = self._user(object_id)
        if user is None:
            return HttpResponse(status=NotFound.status)
        held = set(held_roles(user).values_list("name", flat=True))
        names = roles_at(current_bank().code)
        free = [name for name in names if name not in held]
        more = {"days": _days()} if AML_READER in names else {}
        return self._propose(request, user, GRANT, GRANT_ROLE, _role_form(free, **more))

    @action(description="收回角色", permissions=["assign"], icon="person_remove")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a role away."""
        user = self._user(object_id)
        if user is None:
            return HttpResponse(status=NotFound.status)
        return perform(
            self, request, REVOKE, object_id=object_id, form_class=_role_form([group.name for group in user.groups.all()]),
            run=lambda given: revoke_role(login=user.username, actor=actor_of(request), **given),
        )  # fmt: skip

    @action(description="申请重置动态码", permissions=["assign"], icon="phonelink_erase")
    def reset(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Propose to take the second factor away."""
        user = self._user(object_id)
        if user is None:
            return HttpResponse(status=NotFound.status)
        return self._propose(request, user, RESET, RESET_FACTOR, WhyForm)

    def _propose(
        self, request: HttpRequest, user: User, act: Act, kind: str, form_class: type[ActForm]
    ) -> HttpResponse:
        def run(given: Any) -> None:
            values = {name: value for name, value in given.items() if name != "reason" and value is not None}
            propose(kind=kind, subject=user.username, values=values, reason=given["reason"], actor=actor_of(request))

        return perform(self, request, act, run=run, form_class=form_class, object_id=user.pk)


class GroupPage(ReadOnlyPage, GroupAdmin):  # type: ignore[misc]  # the theme's class is untyped
    """Roles, as the platform defines them; who has them is said at each login."""

    list_display = ("name", "members")
    search_fields = ("name",)
    ordering = ("id",)
    readonly_fields = ("members", "rights")
    fields = ("name", "members", "rights")

    @display(description="成员")
    def members(self, group: Any) -> str:
        """Name the logins that have the role."""
        return "、".join(user.username for user in group.user_set.all()) or "—"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Fetch the members of all roles in one statement."""
        return super().get_queryset(request).prefetch_related("user_set")

    @display(description="权限")
    def rights(self, group: Any) -> str:
        """List what the role may do."""
        return "、".join(group.permissions.order_by("content_type__app_label").values_list("name", flat=True))
