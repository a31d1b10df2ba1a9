"""The web server's entry point; runs as the database's web login."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DATABASE_LOGIN", "web")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
