#!/bin/sh
# Installs Kith, built from this checkout or as a binary that is given, as a service of this
# machine. Needs no network when the Go modules are there already, or with --binary. Run
# again, it changes what differs and nothing else: that is also how one upgrades.
#
#   sudo ./install.sh                     build, install to /usr/local/bin, start the service
#   sudo ./install.sh --binary ./kith     install a binary built elsewhere
#   sudo ./install.sh --no-start          install, and leave the service as it is
#   PREFIX=$HOME/.local ./install.sh --no-service    the binary alone
#   DESTDIR=./image ./install.sh --manager systemd   only files, below a folder
#   sudo ./install.sh --uninstall         take all out but the configuration and the data
#
# --manager says what starts services: systemd, openrc or sysv; without it, what runs here.
set -eu

prefix=${PREFIX:-/usr/local}
destdir=${DESTDIR:-}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
config=/etc/kith/kith.toml
data=/var/lib/kith
account=kith
binary=
manager=
service=true
start=true
uninstall=false
work=

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

say() { echo "$*"; }

have() { command -v "$1" >/dev/null 2>&1; }

cleanup() {
  [ -z "$work" ] || rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
    --binary)
      [ $# -gt 1 ] || fail "--binary needs a file: --binary ./kith"
      binary=$2
      shift
      ;;
    --manager)
      [ $# -gt 1 ] || fail "--manager needs one of systemd, openrc, sysv"
      manager=$2
      shift
      ;;
    --no-service) service=false ;;
    --no-start) start=false ;;
    --uninstall) uninstall=true ;;
    -h | --help)
      sed -n '2,/^set -eu/p' "$0" | sed -e '/^set -eu/d' -e 's/^# \{0,1\}//'
      exit 0
      ;;
    *) fail "there is no $1; ./install.sh --help shows what there is" ;;
    esac
    shift
  done
  case $prefix in
  /*) ;;
  *) fail "PREFIX must be a whole path, such as /usr/local, not $prefix" ;;
  esac
  if [ -n "$destdir" ]; then
    mkdir -p "$destdir" || fail "$destdir cannot be made; choose another DESTDIR"
    destdir=$(CDPATH='' cd -- "$destdir" && pwd)
    start=false
  fi
  target=$destdir$prefix/bin/kith
}

# find_manager says what starts services here, "" when that is nothing that can be used.
find_manager() {
  if [ -n "$manager" ]; then
    case $manager in
    systemd | openrc | sysv) echo "$manager" ;;
    *) fail "--manager is one of systemd, openrc, sysv, not $manager" ;;
    esac
  elif [ -d /run/systemd/system ]; then
    echo systemd
  elif have openrc-run || [ -x /sbin/openrc-run ]; then
    echo openrc
  elif [ -d /etc/init.d ]; then
    echo sysv
  fi
}

# needs collects everything that is missing before anything is changed.
needs() {
  missing=
  lack() { missing="$missing
  - $*"; }
  if [ -z "$binary" ] && [ -f "$here/kith" ] && [ ! -f "$here/go.mod" ]; then
    binary=$here/kith # an unpacked release
  fi
  if [ -n "$binary" ]; then
    [ -f "$binary" ] || lack "there is no file $binary; --binary takes Kith's executable"
  elif [ ! -f "$here/go.mod" ]; then
    lack "$here is no checkout to build from; give a binary with --binary"
  elif ! have go; then
    lack "Go is not installed: install Go 1.26 or newer, or give a binary with --binary"
  fi
  if $service; then
    if [ -z "$destdir" ] && [ "$(id -u)" != 0 ]; then
      lack "a service is installed by root: use sudo, or --no-service for the binary alone"
    fi
    manager=$(find_manager)
    case $manager in
    '')
      if [ "$(uname -s)" = Darwin ]; then
        lack "a service of macOS is installed by Kith itself: use --no-service, then \`sudo kith service install --user ACCOUNT\`"
      else
        lack "neither systemd, OpenRC nor /etc/init.d is here: use --no-service, and start \`kith serve\` by what you have"
      fi
      ;;
    systemd)
      if [ -z "$destdir" ]; then
        version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
        [ "${version:-0}" -ge 247 ] || lack "systemd ${version:-} is older than 247, which the service's account and configuration need: use --no-service"
      fi
      ;;
    sysv)
      [ -n "$destdir" ] || have setpriv || lack "setpriv is not here, by which the script takes the service's account: install util-linux"
      ;;
    esac
    if [ "$manager" = openrc ] || [ "$manager" = sysv ]; then
      [ -n "$destdir" ] || account_there || have useradd || have adduser || lack "neither useradd nor adduser is here: make the account $account"
    fi
  fi
  d=$target
  while [ ! -e "$d" ]; do d=$(dirname "$d"); done
  [ -w "$d" ] || lack "$d cannot be written: use sudo, or set PREFIX to a folder of yours"
  [ -z "$missing" ] || fail "nothing was changed, for this is missing:$missing"
}

account_there() { id "$account" >/dev/null 2>&1; }

build() {
  [ -z "$binary" ] || return 0
  work=$(mktemp -d)
  binary=$work/kith
  say "Building from $here …"
  (cd "$here" && CGO_ENABLED=0 GOTOOLCHAIN=local go build -trimpath -ldflags '-s -w' -o "$binary" .) ||
    fail "the build failed. Without a network the modules must be there: \`go mod vendor\` where there is one, or --binary."
}

install_binary() {
  build
  "$binary" version >/dev/null 2>&1 || fail "$binary does not run on this machine; take the one for $(uname -s) $(uname -m)"
  if cmp -s "$binary" "$target"; then
    say "$target is this Kith already."
    return 0
  fi
  mkdir -p "$(dirname "$target")"
  cp "$binary" "$target.new"
  chmod 0755 "$target.new"
  mv -f "$target.new" "$target" # whole or not at all, also under a Kith that runs
  changed=true
  say "Installed $("$target" version) as $target."
}

# make_account is for managers that make none themselves, as systemd does.
make_account() {
  if account_there; then
    return 0
  fi
  if have useradd; then
    useradd --system --user-group --home-dir "$data" --no-create-home --shell /usr/sbin/nologin "$account"
  else
    addgroup -S "$account"
    adduser -S -D -H -h "$data" -s /sbin/nologin -G "$account" "$account"
  fi
  say "Made the account $account."
}

install_service() {
  set -- --manager "$manager" --program "$prefix/bin/kith"
  if [ "$manager" != systemd ]; then
    set -- "$@" --user "$account"
    if [ -z "$destdir" ]; then
      make_account
      [ -d "$data" ] || install -d -m 0700 -o "$account" -g "$account" "$data"
    else
      say "Make the account $account in the image: useradd --system --user-group --home-dir $data $account"
    fi
  fi
  if [ -n "$destdir" ]; then
    set -- "$@" --root "$destdir"
  fi
  out=$("$target" service install "$@")
  say "$out"
  case $out in
  *"nothing was changed"*) ;;
  *) changed=true ;;
  esac
}

start_service() {
  if ! $start; then
    return 0
  fi
  if ! "$target" service status --manager "$manager" >/dev/null 2>&1; then
    "$target" service start --manager "$manager"
  elif $changed; then
    "$target" service restart --manager "$manager"
  fi
  say "The dashboard is at the address that the log names (http://127.0.0.1:5484/app/ by default)."
  if [ -f "$data/first-start.txt" ]; then
    say "API keys and the link that makes the first user: sudo cat $data/first-start.txt"
  fi
}

take_out() {
  if [ -x "$target" ] && $service; then
    manager=$(find_manager)
    set -- --manager "${manager:-sysv}"
    [ -z "$destdir" ] || set -- "$@" --root "$destdir"
    if out=$("$target" service uninstall "$@" 2>&1); then
      say "Took the service out."
    else
      case $out in
      *"not installed"*) say "There is no service." ;;
      *) fail "the service could not be taken out, so nothing else was: $out" ;;
      esac
    fi
  fi
  if [ -e "$target" ]; then
    rm "$target" || fail "$target cannot be removed; use sudo"
    say "Removed $target."
  else
    say "There is no $target; nothing was removed."
  fi
  say "The data stays in $destdir$data, and the configuration in $destdir$config."
}

arguments "$@"
if $uninstall; then
  take_out
  exit 0
fi
needs
changed=false
install_binary
if $service; then
  install_service
  start_service
else
  say "Start it with: kith serve --data FOLDER"
fi
