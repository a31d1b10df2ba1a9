"""Ask about invitations: who may be named as their customer manager."""

from __future__ import annotations

from django.contrib.auth.models import User


def manager_logins() -> frozenset[str]:
    """Return the logins of the bank's active staff, which are their codes."""
    return frozenset(User.objects.filter(is_active=True, is_staff=True).values_list("username", flat=True))
