#!/bin/sh
# Before removing; not before an upgrade, after which the service is restarted.
set -e
case "$1" in
remove | 0)
  if [ -d /run/systemd/system ]; then
    systemctl disable --now --quiet kith.service
  fi
  ;;
esac
