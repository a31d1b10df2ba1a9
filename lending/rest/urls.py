"""The URLs of this room."""

from __future__ import annotations

from lending.rest.application_urls import application_urls

bank_urls = [*application_urls]
