# Sourced by quickstart and test: makes a virtual environment in .venv and installs this checkout and the tested versions.
# Does nothing if they are installed and pyproject.toml, constraints.txt and this file are unchanged.
# Usage: setup_venv EXTRAS, where EXTRAS is "" or e.g. "[dev]". Environment: PYTHON is the interpreter to use.

fail() {
    echo "$(basename "$0"): $1" >&2
    exit 2
}

find_python() {
    local name
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    fail "needs Python 3.11 to 3.13; found ${PYTHON:-$(python3 --version 2>/dev/null || echo none)}. Install one, or name it: PYTHON=/path/to/python3.11 $0"
}

setup_venv() {
    local extras="$1" python want free compile=--no-compile mark=.venv/.installed prompt=keras-training-recipes
    want="$(cat pyproject.toml constraints.txt scripts/_setup.sh | cksum) $PWD"
    if [ -x .venv/bin/python ] && [ -f "$mark" ] && grep -qxF "$want $extras" "$mark" 2>/dev/null; then
        return
    fi
    python="$(find_python)" || exit 2
    free="$(df -Pk . | awk 'NR == 2 {print int($4 / 1048576)}')"
    [ "${free:-9}" -ge 4 ] || fail "needs 4 GiB of free disk for TensorFlow; there are $free GiB here"
    [ -w . ] || fail "cannot write to $PWD"
    echo "Installing into $PWD/.venv with $("$python" --version) (a minute or two the first time) ..." >&2
    if ! .venv/bin/python -c '' >/dev/null 2>&1 || ! grep -qF "$PWD" "$mark" 2>/dev/null; then
        if [ -e .venv ] && [ ! -f "$mark" ] && ! grep -qs "^prompt = .*$prompt" .venv/pyvenv.cfg; then
            fail "there is a .venv here that this script has not made: move it away, or install into it yourself (.venv/bin/pip install -c constraints.txt -e .)"
        fi
        rm -rf .venv
        "$python" -m venv --prompt "$prompt" .venv >/dev/null 2>.venv.log || fail "cannot make a virtual environment: $(tail -n 1 .venv.log)"
    fi
    rm -f .venv.log
    # Modules are compiled when they are first imported: most of TensorFlow never is. Where that is forbidden, now.
    [ -n "${PYTHONDONTWRITEBYTECODE:-}" ] && compile=--compile
    if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check $compile --retries 2 --timeout 30 \
        -c constraints.txt -e ".$extras" >.venv/install.log 2>&1; then
        fail "cannot install: $(grep -E 'ERROR|No space|Errno|Could not' .venv/install.log | tail -n 1 | cut -c1-300) (network? disk? all of it in .venv/install.log)"
    fi
    # Extras of earlier set-ups stay installed, so their marks stay too.
    { [ -f "$mark" ] && grep -F "$want" "$mark"; echo "$want $extras"; } >.venv/.installed.new || true
    mv .venv/.installed.new "$mark"
}

# .venv/linked/keras_recipes: the package with its two halves inside, as tools that read files expect it.
link_package() {
    local linked=.venv/linked/keras_recipes path
    rm -rf "$linked" && mkdir -p "$linked"
    for path in "$PWD"/keras_recipes/* "$PWD/recipes" "$PWD/callbacks"; do
        ln -sfn "$path" "$linked/$(basename "$path")"
    done
}
