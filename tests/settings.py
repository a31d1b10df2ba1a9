"""The product's own settings, at a throw-away database, as the web login, with silent bells and a key of its own."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

if "DATABASE_URL" not in os.environ:
    sys.exit("DATABASE_URL is not set: run the tests with `make test`, or prefix `python scripts/stack.py exec --`")

TEST_HOME = Path(tempfile.gettempdir()) / f"lending-tests-{os.getuid()}"
TEST_HOME.mkdir(mode=0o700, exist_ok=True)
os.environ.setdefault("DATABASE_LOGIN", "web")
os.environ.setdefault("DATABASE_POOL", "0")
os.environ.setdefault("LOCAL_DIR", str(TEST_HOME))
os.environ.setdefault("LOG_LEVEL", "50")
os.environ.setdefault("SIMULATION", "1")

from config.settings import *  # noqa: E402, F403

MIDDLEWARE = ["tests.answered.Recorder", *MIDDLEWARE]  # noqa: F405
WHITENOISE_USE_FINDERS = (
    False  # a test's client makes the chain of middleware anew, and would list every file each time
)
RING_BELLS = False
if os.environ["DATABASE_POOL"] == "0":  # without a pool a new connection for each request would cost more than most
    DATABASES["default"]["CONN_MAX_AGE"] = 600  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MASTER_KEY_FILE = TEST_HOME / "master.key"
VAULT_ROOT = TEST_HOME / f"vault-{os.getpid()}"
