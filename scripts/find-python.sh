#!/bin/sh
# Print the Python to make the virtual environment with: $PYTHON if set, otherwise the first usable one.
# A name on PATH proves nothing (it may be a stub that fails, or too old), so each is asked for its version.

usable() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    if usable "$PYTHON"; then
        command -v "$PYTHON"
        exit 0
    fi
    echo "PYTHON=$PYTHON is no Python of 3.11 to 3.13." >&2
    echo "What to do: name another one, or leave PYTHON empty to have one looked for." >&2
    exit 1
fi

for candidate in python3 python3.11 python3.12 python3.13 python; do
    if usable "$candidate"; then
        command -v "$candidate"
        exit 0
    fi
done

echo "No Python of 3.11 to 3.13 on PATH (python3 is: $(python3 --version 2>&1 || true))." >&2
echo "What to do: install one (Debian, Ubuntu: apt install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3.12" >&2
exit 1
