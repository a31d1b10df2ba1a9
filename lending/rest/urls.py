"""The URLs of this room."""

from __future__ import annotations

from lending.rest.application_urls import application_urls
from lending.rest.loan_urls import loan_urls

bank_urls = [*application_urls, *loan_urls]
