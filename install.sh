#!/usr/bin/env bash
# Builds Kith from this checkout, or takes a binary that is given, and puts it where
# commands are. Needs no network when the modules are there already.
#
#   ./install.sh                     build, install to /usr/local/bin
#   ./install.sh --binary ./kith     install a binary built elsewhere
#   PREFIX=$HOME/.local ./install.sh install to $HOME/.local/bin
#   ./install.sh --uninstall         remove the binary; data folders are left alone
set -euo pipefail

prefix=${PREFIX:-/usr/local}
target=$prefix/bin/kith
binary=
uninstall=false

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --binary)
      [ $# -gt 1 ] || fail "--binary needs a file"
      binary=$2
      shift
      ;;
    --uninstall) uninstall=true ;;
    -h | --help)
      sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//'
      exit 0
      ;;
    *) fail "unknown argument $1; see --help" ;;
  esac
  shift
done

if $uninstall; then
  if [ -e "$target" ]; then
    rm "$target"
    echo "Removed $target. Data folders were left as they are."
  else
    echo "There is no $target; nothing was removed."
  fi
  exit 0
fi

if [ -z "$binary" ]; then
  command -v go >/dev/null || fail "Go is not installed. Install Go 1.26 or newer, or give a binary with --binary."
  cd "$(dirname "$0")"
  binary=$(mktemp -d)/kith
  CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$binary" .
fi
[ -f "$binary" ] || fail "$binary is not a file"
"$binary" version >/dev/null || fail "$binary does not run on this machine"

mkdir -p "$prefix/bin" || fail "$prefix/bin cannot be made; run as root, or set PREFIX"
install -m 0755 "$binary" "$target" || fail "$target cannot be written; run as root, or set PREFIX"
echo "Installed $("$target" version) as $target."
echo "Start it with: kith serve --data FOLDER"
