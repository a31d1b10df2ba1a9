"""What a member of staff may do at this moment: the rights of their roles, of those that end only until their end."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import QuerySet

from tenants.staff import held_roles


class StaffBackend(ModelBackend):
    """Django's own backend, for which a role that has ended is none: on pages and in operations from the same moment on."""

    def _get_group_permissions(self, user_obj: Any) -> QuerySet[Permission]:
        """Return the rights of the roles that a login holds now; one statement, as Django's own."""
        return Permission.objects.filter(group__in=held_roles(user_obj))
