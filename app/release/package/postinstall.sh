#!/bin/sh
# After installing or upgrading: a Debian package says "configure" and the version before, an
# RPM a number. What an administrator has turned off stays so.
set -e
first=false
case "$1" in
1) first=true ;;
configure) [ -n "${2:-}" ] || first=true ;;
esac
if [ ! -d /run/systemd/system ]; then
  echo "systemd does not run here: start 'kith serve' by what you have."
  exit 0
fi
systemctl daemon-reload
if $first; then
  systemctl enable --quiet kith.service
  systemctl start kith.service
  echo "Kith runs. API keys and the link that makes the first user: sudo cat /var/lib/kith/first-start.txt"
elif systemctl is-active --quiet kith.service; then
  systemctl restart kith.service
elif systemctl is-enabled --quiet kith.service; then
  systemctl start kith.service
fi
