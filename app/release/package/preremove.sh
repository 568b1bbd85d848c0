#!/bin/sh
# Before removing; not before an upgrade, after which the service is restarted. A Debian
# package that is removed and not purged may come back, and starts with the machine then.
set -e
[ -d /run/systemd/system ] || exit 0
case "$1" in
remove) systemctl stop kith.service ;;
0) systemctl disable --now --quiet kith.service ;;
esac
