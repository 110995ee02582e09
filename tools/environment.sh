#!/bin/sh
# Makes .venv hold what a job needs, and does nothing when it already does.
#
#   sh tools/environment.sh use    what it takes to run CREX (`make demo`)
#   sh tools/environment.sh dev    that, and what tests, checks and generates (`make test`, `make check`)
#
# PYTHON names another interpreter. The Makefile calls this; exit code 1 and a sentence when something is missing.
set -eu

cd "$(dirname "$0")/.."
purpose=${1:-use}
case $purpose in
use) extras=broker,conformance,demo what='what the demo needs (180 MB on disk)' ;;
dev) extras=broker,conformance,demo,bulk,spark,pkcs11,sm2,dev what='what the tests need (1 GB on disk)' ;;
*) echo "environment: unknown purpose '$purpose'; say use or dev" >&2 && exit 2 ;;
esac

venv=.venv
stamp=$venv/.crex-ready
log=build/environment.log
# The environment is current when it was made here, from these files, for this purpose or a wider one.
inputs="$(pwd) $(cat pyproject.toml constraints.txt tools/environment.sh | cksum)"
if [ -f $stamp ] && [ "$(sed -n 2p $stamp)" = "$inputs" ] && $venv/bin/python -c '' 2>/dev/null; then
  case "$(sed -n 1p $stamp)" in dev | "$purpose") exit 0 ;; esac
fi

mkdir -p build
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
if [ -n "${PYTHON:-}" ]; then
  candidates=$PYTHON
else
  candidates='python3 python3.14 python3.13 python3.12 python3.11 python'
fi
python=
for candidate in $candidates; do
  if "$candidate" -c "$new_enough" 2>/dev/null; then
    python=$candidate && break
  fi
done
if [ -z "$python" ]; then
  found=$("${PYTHON:-python3}" --version 2>&1) || found="no program ${PYTHON:-python3}"
  echo "CREX needs Python 3.11 or newer; here is $found." >&2
  echo "Install one (for example: sudo apt-get install python3.11 python3.11-venv) and run again," >&2
  echo "or name one that you have: make PYTHON=/path/to/python3.11" >&2
  exit 1
fi

# An environment that was moved here, or whose Python or pip is gone, cannot be mended; one that is merely old can.
made_in=$(sed -n '2s/ .*//p' $stamp 2>/dev/null || true)
if [ -e $venv ] && { [ "${made_in:-$(pwd)}" != "$(pwd)" ] ||
  ! $venv/bin/python -c "import pip; $new_enough" >/dev/null 2>&1; }; then
  rm -rf $venv
fi
rm -f $stamp
if [ ! -e $venv ]; then
  echo "Creating .venv with $("$python" --version) and installing $what."
  echo "This happens once; allow a minute or two."
  if ! "$python" -m venv $venv >$log 2>&1; then
    cat $log >&2 && rm -rf $venv
    echo "Could not create .venv: the output of '$python -m venv .venv' is above." >&2
    echo "On Debian and Ubuntu the module is a package of its own: sudo apt-get install python3-venv" >&2
    exit 1
  fi
else
  echo "Bringing .venv up to date: installing $what."
fi

pip_install() {
  $venv/bin/python -m pip install --disable-pip-version-check --no-input --quiet --constraint constraints.txt "$@" \
    >$log 2>&1
}
if ! pip_install hatchling editables || ! pip_install --no-build-isolation --editable ".[$extras]"; then
  cat $log >&2
  echo "Could not install the packages that CREX needs: pip's own words are above." >&2
  echo "Behind a proxy or a mirror, tell pip of it (PIP_INDEX_URL, or pip config) and run the same command again." >&2
  exit 1
fi
printf '%s\n%s\n' "$purpose" "$inputs" >$stamp
echo "Environment ready in .venv."
