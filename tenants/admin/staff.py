"""Logins and roles of this bank's (or the province's) staff."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from core.admin.pages import ReadOnlyPage

FIELDSETS: Final[tuple[Any, ...]] = (
    (None, {"fields": ("username", "password")}),
    ("个人信息", {"fields": (("last_name", "first_name"), "email")}),
    ("角色", {"fields": (("is_active", "is_staff"), "groups")}),
    ("记录", {"fields": (("last_login", "date_joined"),)}),
)
FULL_FIELDSETS: Final[tuple[Any, ...]] = (
    *FIELDSETS[:3],
    ("单独授权（仅超级管理员可见）", {"fields": ("is_superuser", "user_permissions")}),
    FIELDSETS[3],
)


class UserPage(UserAdmin, ModelAdmin):  # type: ignore[type-arg]  # takes none at run time
    """Logins. Only a superuser hands out rights one by one or touches another superuser; nobody is deleted."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    actions = ()
    list_fullwidth = True
    list_display = ("username", "last_name", "first_name", "roles", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("username__startswith", "last_name", "first_name")
    search_help_text = "按登录名或姓名查找"
    readonly_fields = ("last_login", "date_joined")
    fieldsets = FIELDSETS
    add_fieldsets = (
        (None, {"fields": ("username", "usable_password", "password1", "password2")}),
        ("角色", {"fields": ("is_staff", "groups")}),
    )

    @display(description="角色")
    def roles(self, user: User) -> str:
        """Name the login's roles."""
        return "、".join(group.name for group in user.groups.all()) or "—"

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Show the roles as boxes to tick: there are few."""
        if db_field.name == "groups":
            return db_field.formfield(widget=UnfoldAdminCheckboxSelectMultipleWidget, help_text="")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Fetch the roles of all logins in one statement."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show single rights to a superuser only."""
        if obj is None:
            return self.add_fieldsets
        return FULL_FIELDSETS if request.user.is_superuser else FIELDSETS

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep a login's name: histories know people by it, and whoever could change theirs would be a second person."""
        own = super().get_readonly_fields(request, obj)
        return own if obj is None else (*own, "username")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep a superuser's login from everybody else: its password would be a way to all rights."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Delete nobody: a login that left is made inactive, its traces stay."""
        del request, obj
        return False


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
        return "、".join(group.user_set.values_list("username", flat=True)) or "—"

    @display(description="权限")
    def rights(self, group: Any) -> str:
        """List what the role may do."""
        return "、".join(group.permissions.order_by("content_type__app_label").values_list("name", flat=True))
